//! Programs on which two engines once differed, shrunk, and decided from the text of the PTX ISA.
//!
//! `decided/NAME.ptx` with `NAME.toml`, or `NAME.arp`: the first line is a comment with the right verdict and why, the second
//! of a protocol its sizes. The machine must say so, or `or inconclusive` stands there; the axioms must not say otherwise.
//! And both must say so where the buffers of a kernel are parts of one heap.

use arverify_model::check::{Engine, Options, Outcome, check_program_with, replay, try_check_with};
use arverify_model::program::Program;
use arverify_model::program::protocol::ProtocolProgram;
use arverify_model::ptx::launch::Overrides;
use arverify_model::ptx::load::load;
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::Source;
use arverify_protocol::language;
use arverify_protocol::verdict::Verdict;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

fn options(sizes: [u32; 3], launches: u32) -> Options {
    let [ranks, blocks, threads] = sizes;
    let sizes =
        Sizes { ranks, blocks, threads, elements: 4, capacity: 4, data: DataType::F32, accumulate: Accumulate::Own };
    Options { launches, timeout: Some(Duration::from_secs(20)), ..Options::new(sizes) }
}

/// The numbers of `// at ranks 1 blocks 2 threads 2 launches 1`.
fn sizes(text: &str) -> [u32; 4] {
    let numbers: Vec<u32> = text
        .lines()
        .find_map(|line| line.strip_prefix("// at "))
        .into_iter()
        .flat_map(str::split_whitespace)
        .filter_map(|word| word.parse().ok())
        .collect();
    numbers.try_into().expect("ranks, blocks, threads, launches")
}

/// The launch file of a kernel.
fn launch_file(path: &Path) -> String {
    std::fs::read_to_string(path.with_extension("toml")).expect("its launch file")
}

/// The same launch with all buffers as parts of one heap, which is a flat window: each at a multiple of 256 bytes, with bytes
/// between them that nobody writes. None where the file has such keys itself.
fn in_one_heap(launch: &str) -> Option<String> {
    let mut blocks = launch.split("[[buffer]]\n");
    let mut rest = blocks.next()?.to_owned();
    let (mut parts, mut end) = (Vec::new(), "0".to_owned());
    for block in blocks {
        let (keys, behind) = block.split_at(block.find("\n[").map_or(block.len(), |at| at + 1));
        let keys: Vec<&str> = keys.lines().filter(|line| !line.is_empty()).collect();
        let own = ["part", "stride", "symmetric", "multicast"];
        if keys.iter().any(|line| own.iter().any(|key| line.starts_with(key))) {
            return None;
        }
        let bytes = keys.iter().find_map(|line| line.strip_prefix("bytes = "))?.trim_matches('"');
        parts.push(format!("{{ offset = \"{end}\", {} }}", keys.join(", ")));
        end = format!("{end} + (({bytes}) + 511) / 256 * 256");
        rest += behind;
    }
    let heap = format!(
        "[[buffer]]\nname = \"heap\"\nbytes = \"{end}\"\ndtype = \"u8\"\nstride = \"1 << 32\"\npart = [ {} ]\n",
        parts.join(", ")
    );
    // Tables come after the keys of the file itself.
    let tables = rest.find("[[").or(rest.find("[expect]")).unwrap_or(rest.len());
    (!parts.is_empty()).then(|| format!("{}{heap}{}", &rest[..tables], &rest[tables..]))
}

/// One engine's outcome; what the machine calls violated it must be able to show again.
fn ask(path: &Path, text: &str, launch: Option<&str>, engine: Engine) -> Outcome {
    if let Some(launch) = launch {
        let module = Arc::new(Source { name: path.display().to_string(), text: text.to_owned() });
        let program = load(&module, ("launch.toml", launch), &Overrides::default(), 1);
        let program = Arc::new(program.unwrap_or_else(|error| panic!("{}: {error}", path.display())));
        let options = options([1, 1, 1], program.shape().launches);
        let outcome = check_program_with(&program, &options, engine);
        follow(program, &options, &outcome);
        return outcome;
    }
    let document = language::parse("decided.arp", text).unwrap_or_else(|errors| panic!("{errors}"));
    let protocol = document.resolve(&[]).unwrap_or_else(|errors| panic!("{errors}"));
    let [ranks, blocks, threads, launches] = sizes(text);
    let options = options([ranks, blocks, threads], launches);
    let outcome = try_check_with(&protocol, &options, engine).expect("sizes");
    let program = ProtocolProgram::new(&protocol, &options.sizes, launches, options.seed).expect("sizes");
    follow(Arc::new(program), &options, &outcome);
    outcome
}

/// The schedule of a finding leads to it.
fn follow<P: Program>(program: Arc<P>, options: &Options, outcome: &Outcome) {
    let Some(schedule) = &outcome.schedule else { return };
    let replayed = replay(program, options, schedule).expect("the schedule can be followed");
    assert!(replayed.end.starts_with("AR"), "the schedule shows nothing: {}", replayed.end);
}

fn programs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/decided");
    let files = std::fs::read_dir(folder).expect("the folder").flatten().map(|entry| entry.path());
    let mut programs: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|end| end != "toml")).collect();
    programs.sort();
    programs
}

/// What engines say otherwise than the first line.
fn differ(path: &Path, launch: Option<&str>) -> Vec<String> {
    let text = std::fs::read_to_string(path).expect("a program");
    let right = if text.starts_with("// violated") { Verdict::Violated } else { Verdict::Verified };
    let may_be_open = text.starts_with("// violated, or inconclusive");
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut wrong = Vec::new();
    let said = std::panic::catch_unwind(|| ask(path, &text, launch, Engine::Operational).verdict);
    let open = may_be_open && said.as_ref().ok() == Some(&Verdict::Inconclusive);
    if said.as_ref().ok() != Some(&right) && !open {
        wrong.push(format!("{name}: the machine says {said:?}"));
    }
    let said = ask(path, &text, launch, Engine::Axiomatic).verdict;
    if said != right && said != Verdict::Inconclusive {
        wrong.push(format!("{name}: the axioms say {said:?}"));
    }
    wrong
}

#[test]
fn what_was_decided_stays_decided() {
    let mut wrong = Vec::new();
    for path in programs() {
        let launch = path.extension().is_some_and(|extension| extension == "ptx").then(|| launch_file(&path));
        wrong.extend(differ(&path, launch.as_deref()));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn buffers_may_as_well_be_parts_of_one_heap() {
    let kernels = programs().into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "ptx"));
    let (mut wrong, mut asked) = (Vec::new(), 0);
    for path in kernels {
        let Some(launch) = in_one_heap(&launch_file(&path)) else { continue };
        wrong.extend(differ(&path, Some(&launch)));
        asked += 1;
    }
    assert!(wrong.is_empty() && asked > 50, "{asked} kernels\n{}", wrong.join("\n"));
}
