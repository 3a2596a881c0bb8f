//! The emitted body runs: compiled for the host with threads for threads, it computes the collective, bit for bit, over
//! several launches whose ranks drift, within its buffers; and when a rank is dead, the others give up, say what they
//! waited for, and leave everything after the wait undone.
//!
//! What is compiled is the emitted text from its helper functions on, without the device functions, which are PTX; see
//! `support/host.hpp` for what stands in for them. Not shown: the PTX (`ptx.rs` counts it) and its arithmetic.

mod support;

use arverify_gen::{Kernel, Target};
use arverify_protocol::catalogue;
use arverify_protocol::certificate::Parameter;
use arverify_protocol::data::{Accumulate, DataType, input_element};
use arverify_protocol::ir::{Element, Initially, Protocol, Reduction};
use std::fmt::Write;
use std::process::Command;
use support::kernel;

const LAUNCHES: u32 = 4;
const BLOCKS: u32 = 2;

/// One kernel at one message size.
struct Case {
    kernel: Kernel,
    protocol: Protocol,
    /// N of each launch.
    lengths: [u64; LAUNCHES as usize],
}

impl Case {
    /// C, at which buffers are laid out.
    fn capacity(&self) -> u64 {
        self.lengths.iter().copied().max().unwrap_or_default()
    }
}

/// The part of the source that needs no GPU: helper functions and the kernel.
fn host_text(source: &str) -> String {
    let at = |text: &str| source.find(text).unwrap_or_else(|| panic!("{text:?} is not in the source"));
    let constants = &source[at("namespace {")..at("__device__ __forceinline__")];
    let functions = &source[at("__device__ __forceinline__")..at("} // namespace")];
    let helpers: String = functions
        .lines()
        .filter(|line| line.ends_with('}') && ["ceil_div", "smaller", "larger"].iter().any(|name| line.contains(name)))
        .map(|line| format!("{line}\n"))
        .collect();
    // Several kernels of one name stand in namespaces of their own.
    let body = source[at("} // namespace")..].replacen("extern \"C\"", "", 1);
    let sums = "Element sum(Element left, Element right) { return sum_of(left, right); }\n\
                Vector sum(const Vector& left, const Vector& right) { return vector_sum<Element>(left, right); }\n";
    format!("{constants}{helpers}{sums}{body}")
}

/// The kernel's arguments in C++, for the rank and launch in scope.
fn call(kernel: &Kernel, protocol: &Protocol) -> String {
    let word = |name: &str| match protocol.buffers.iter().find(|buffer| buffer.name == name) {
        Some(buffer) if buffer.element == Element::Data => "Element",
        _ => "u32",
    };
    let argument = |parameter: &Parameter| match parameter {
        Parameter::Own { buffer } => format!("b_{buffer}.of<{}>(rank)", word(buffer)),
        Parameter::Instances { buffer } => {
            let instances: Vec<String> =
                (0..kernel.entry.ranks).map(|rank| format!("b_{buffer}.of<{}>({rank})", word(buffer))).collect();
            format!("Instances<{}>{{{{ {} }}}}", word(buffer), instances.join(", "))
        }
        Parameter::Rank => "rank".to_owned(),
        Parameter::Blocks => BLOCKS.to_string(),
        Parameter::Capacity => "capacity".to_owned(),
        Parameter::Elements => "lengths[launch]".to_owned(),
        Parameter::Argument { name } => {
            let index = protocol.arguments.iter().position(|argument| argument.name == *name).expect("is declared");
            format!("arguments[launch][rank][{index}]")
        }
        Parameter::Deadline => "deadline".to_owned(),
        Parameter::Status => "status[rank]".to_owned(),
    };
    let arguments: Vec<String> = kernel.entry.parameters.iter().map(argument).collect();
    format!("{}({})", kernel.entry.entry, arguments.join(", "))
}

/// Brace-enclosed numbers.
fn list(values: impl IntoIterator<Item = String>) -> String {
    format!("{{ {} }}", values.into_iter().collect::<Vec<_>>().join(", "))
}

/// The tables of a case: inputs, outputs wanted, arguments.
fn tables(case: &Case) -> String {
    let entry = &case.kernel.entry;
    let capacity = case.capacity();
    let sizes = entry.sizes(BLOCKS, capacity);
    let input = |rank, launch, index| input_element(entry.dtype, 7, rank, launch, index);
    let inputs = list((0..LAUNCHES).map(|launch| {
        list((0..entry.ranks).map(|rank| list((0..capacity).map(|index| input(rank, launch, index).to_string()))))
    }));
    let wanted = list((0..LAUNCHES).map(|launch| {
        list((0..capacity).map(|index| {
            let sources = (0..entry.ranks).map(|rank| input(rank, launch, index));
            entry.dtype.fold(Reduction::Sum, entry.accumulate, sources).to_string()
        }))
    }));
    let arguments = list((0..LAUNCHES).map(|launch| {
        list((0..entry.ranks).map(|rank| {
            let values = case.protocol.argument_values(&sizes, rank, launch).unwrap_or_else(|error| panic!("{error}"));
            list(values.iter().map(u32::to_string).chain(["0".to_owned()]))
        }))
    }));
    let (ranks, count) = (entry.ranks, case.protocol.arguments.len() + 1);
    let lengths = list(case.lengths.iter().map(u64::to_string));
    format!(
        "const u64 capacity = {capacity};\n\
         const u64 lengths[{LAUNCHES}] = {lengths};\n\
         const Element inputs[{LAUNCHES}][{ranks}][{capacity}] = {inputs};\n\
         const Element wanted[{LAUNCHES}][{capacity}] = {wanted};\n\
         const u32 arguments[{LAUNCHES}][{ranks}][{count}] = {arguments};\n"
    )
}

/// A namespace with the kernel and a function that runs it: `run(deadline, dead)`, where `dead` is a rank that does not
/// launch, or -1.
fn namespace(number: usize, case: &Case) -> String {
    let (entry, protocol) = (&case.kernel.entry, &case.protocol);
    let expectation = protocol.expectation.as_ref().expect("an all-reduce");
    let (input, output) = (&protocol.buffer(expectation.input).name, &protocol.buffer(expectation.output).name);
    let shapes = protocol.shapes(&entry.sizes(BLOCKS, case.capacity())).unwrap_or_else(|error| panic!("{error}"));
    let mut buffers = String::new();
    let mut guards = String::from("true");
    for buffer in &entry.buffers {
        let size = if buffer.element == Element::Data { entry.dtype.bytes() } else { 4 };
        let bytes = shapes[buffer.id as usize].iter().product::<u64>() * u64::from(size);
        let fill = if let Initially::Word(value) = buffer.initially { value } else { 0 };
        let pointer = if matches!(buffer.initially, Initially::Word(_)) { "&fill" } else { "nullptr" };
        let name = &buffer.name;
        let scope = "        ";
        writeln!(buffers, "{scope}static const u32 fill_{name} = {fill};").expect("a string");
        let pointer = pointer.replace("fill", &format!("fill_{name}"));
        writeln!(buffers, "{scope}Buffer b_{name}({}, {bytes}, {pointer});", entry.ranks).expect("a string");
        write!(guards, " && b_{name}.guards_hold()").expect("a string");
    }
    format!(
        "namespace case{number} {{
    {text}
    {tables}
    // 0: right; 1: an element is wrong; 2: a guard was overwritten. With a dead rank: the status words of rank 0.
    int run(u64 deadline, int dead, u32* dead_status) {{
{buffers}
        std::vector<u32> words({ranks} * 16, 0);
        u32* status[{ranks}];
        for (u32 rank = 0; rank < {ranks}; ++rank) status[rank] = words.data() + 16 * rank;
        std::atomic<int> wrong = 0;
        std::vector<std::thread> hosts;
        for (u32 rank = 0; rank < {ranks}; ++rank) {{
            if (int(rank) == dead) continue;
            hosts.emplace_back([&, rank] {{
                for (u32 launch = 0; launch < (dead < 0 ? {LAUNCHES} : 1); ++launch) {{
                    const size_t bytes = lengths[launch] * sizeof(Element);
                    std::memcpy(b_{input}.of<Element>(rank), inputs[launch][rank], bytes);
                    run_rank({BLOCKS}, {threads}, [&] {{ {call}; }});
                    if (dead < 0 && std::memcmp(b_{output}.of<Element>(rank), wanted[launch], bytes) != 0)
                        wrong = 1;
                }}
            }});
        }}
        for (std::thread& host : hosts) host.join();
        if (!({guards})) wrong = 2;
        if (dead_status != nullptr) {{
            std::memcpy(dead_status, status[0], 64);
            for (u32 block = 0; block < {BLOCKS}; ++block) dead_status[9 + block] = b_counter.of<u32>(0)[block];
        }}
        return wrong;
    }}
}}
",
        text = host_text(&case.kernel.source),
        tables = tables(case),
        ranks = entry.ranks,
        threads = entry.threads,
        call = call(&case.kernel, protocol),
    )
}

/// Compiles a program with all cases and returns what it prints; `None` without a C++20 compiler.
fn run_program(cases: &[Case], main: &str) -> Option<String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (source, program) = (folder.path().join("host.cpp"), folder.path().join("host"));
    let mut text = include_str!("support/host.hpp").to_owned();
    for (number, case) in cases.iter().enumerate() {
        text.push_str(&namespace(number, case));
    }
    text.push_str(&format!("int main() {{\n{main}}}\n"));
    std::fs::write(&source, text).expect("the folder is writable");
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let compiled = Command::new(&compiler)
        .args(["-std=c++20", "-O1", "-w", "-pthread"])
        .arg(&source)
        .arg("-o")
        .arg(&program)
        .output();
    let Ok(compiled) = compiled else {
        eprintln!("SKIPPED host: no C++ compiler ({compiler})");
        return None;
    };
    let errors = String::from_utf8_lossy(&compiled.stderr);
    if errors.contains("fatal error: barrier") || errors.contains("unrecognized command-line option") {
        eprintln!("SKIPPED host: {compiler} does not know C++20");
        return None;
    }
    assert!(compiled.status.success(), "{errors}");
    let result = Command::new(&program).output().expect("the program starts");
    assert!(result.status.success(), "{:?}: {}", result.status, String::from_utf8_lossy(&result.stderr));
    Some(String::from_utf8_lossy(&result.stdout).into_owned())
}

fn cases(names: &[&str], ranks: u32, dtype: DataType, messages: &[u64]) -> Vec<Case> {
    let messages: Vec<_> = messages.iter().map(|elements| [*elements; LAUNCHES as usize]).collect();
    cases_of_lengths(names, ranks, dtype, &messages)
}

/// By name, type, and N of each launch.
fn cases_of_lengths(names: &[&str], ranks: u32, dtype: DataType, messages: &[[u64; LAUNCHES as usize]]) -> Vec<Case> {
    let documents = catalogue::all().unwrap_or_else(|error| panic!("{error}"));
    let chosen = documents.iter().filter(|document| names.is_empty() || names.contains(&document.name()));
    let mut cases = Vec::new();
    for document in chosen {
        let protocol = document.resolve(&[]).unwrap_or_else(|error| panic!("{error}"));
        // The stand-in for a GPU checks all-reduces, and knows stores and waits only.
        let known = document.name().starts_with("one-shot") || document.name().starts_with("two-shot");
        if protocol.expectation.is_none() || !known {
            continue;
        }
        let target = Target {
            ranks,
            dtype,
            accumulate: Accumulate::Own,
            threads: ranks.max(3),
            max_blocks: BLOCKS,
            deadline: true,
        };
        for lengths in messages {
            let kernel = kernel(document, &[], &target);
            assert!(kernel.entry.takes_any_length(), "{}", kernel.entry.entry);
            cases.push(Case { kernel, protocol: protocol.clone(), lengths: *lengths });
        }
    }
    cases
}

#[test]
fn every_all_reduce_form_computes_the_collective() {
    let mut all = cases(&[], 2, DataType::F32, &[1, 3, 61]);
    all.extend(cases(&[], 3, DataType::BF16, &[7, 131]));
    all.extend(cases_of_lengths(&[], 2, DataType::F32, &[[16, 32, 16, 32], [61, 1, 33, 60], [3, 0, 61, 7]]));
    let main: String =
        (0..all.len()).map(|number| format!("std::printf(\"%d\\n\", case{number}::run(0, -1, nullptr));\n")).collect();
    let Some(output) = run_program(&all, &main) else { return };
    let results: Vec<&str> = output.lines().collect();
    assert_eq!(results.len(), all.len());
    for (case, result) in all.iter().zip(results) {
        assert_eq!(result, "0", "{} at N = {:?}", case.kernel.entry.entry, case.lengths);
    }
}

#[test]
fn a_dead_rank_is_reported_and_nothing_follows() {
    let all = cases(&["one-shot", "two-shot", "one-shot-push"], 2, DataType::F32, &[61]);
    let main: String = (0..all.len())
        .map(|number| {
            format!(
                "{{ u32 s[16] = {{}}; const int wrong = case{number}::run(1000, 1, s); std::printf(\"%d\", wrong);\n\
                 for (int word = 0; word < 11; ++word) std::printf(\" %u\", s[word]); std::printf(\"\\n\"); }}\n"
            )
        })
        .collect();
    let Some(output) = run_program(&all, &main) else { return };
    for (case, line) in all.iter().zip(output.lines()) {
        let words: Vec<u32> = line.split(' ').map(|word| word.parse().expect("a number")).collect();
        let [wrong, state, rank, buffer, slot, seen, wanted, block, thread, _, counters @ ..] = words.as_slice() else {
            panic!("{line}");
        };
        let entry = &case.kernel.entry;
        let context = format!("{}: {line}", entry.entry);
        assert_eq!((*wrong, *state, *rank, *seen, *wanted, *thread), (0, 1, 0, 0, 1, 1), "{context}");
        let pad = entry.buffers.iter().find(|found| found.id == *buffer).expect("a buffer of the kernel");
        assert!(pad.pad && *block < BLOCKS, "{context}");
        // [parity 1][block][from 1]
        assert_eq!(*slot, (BLOCKS + block) * 2 + 1, "{context}");
        assert!(counters.iter().all(|counter| *counter == 0), "a block went on: {context}");
    }
}
