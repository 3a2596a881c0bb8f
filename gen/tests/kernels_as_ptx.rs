//! What a kernel gets as PTX is what its protocol got: verified, or the same code for each broken variant.
//!
//! PTX knows less than a protocol: neither ghost code, nor which words are pads, nor which buffers are channels. So it is
//! compared with the protocol without these ([`as_ptx_knows_it`]): what only ghost code sees is then found by neither,
//! and a slot that is overwritten in use is a race like any other. Variants are rendered although they are broken,
//! which argen itself refuses to do. Where PTX still gets another code, [`OTHER_CODES`] says so and why.

mod support;

use arverify_gen::recheck::check_ptx;
use arverify_gen::{Target, compiler::Compiler, render_kernel};
use arverify_model::check::{Options, Outcome, Progress, check};
use arverify_model::program::lengths::Lengths;
use arverify_protocol::catalogue;
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::ir::{Protocol, Statement, StatementKind};
use arverify_protocol::language::Configuration;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::compiler;

/// Protocols that are compiled for every type and more numbers of ranks; the others for 2 and 4 ranks of f32.
const IN_EVERY_FORM: [&str; 4] = ["one-shot", "two-shot", "ll", "lamport"];

/// Protocol, variant, code as a protocol, code as PTX. All are violated either way; what differs is who gets the blame.
const OTHER_CODES: [(&str, &str, &str, &str); 8] = [
    // PTX does not say which words are slots of which signal, so what follows of a collision is reported.
    ("one-shot-in-place", "shared-pad", "AR007", "AR002"),
    ("ring", "stride-too-small", "AR007", "AR001"),
    // A loop that waits for a difference not to be negative is not known as `reached`: that it took a count of an earlier
    // launch, which is the one it asks for, is taken for the cause of the race.
    ("broadcast", "no-done-syncthreads", "AR001", "AR012"),
    ("broadcast", "no-write-syncthreads", "AR001", "AR012"),
    ("send-recv", "credit-on-receive", "AR001", "AR012"),
    ("send-recv", "no-credit-syncthreads", "AR001", "AR012"),
    ("send-recv", "no-room-syncthreads", "AR001", "AR012"),
    // And that a count from before the wrap was taken for a later one is not seen in it.
    ("channel-mesh", "wrap-signed", "AR012", "AR001"),
];

struct Case {
    name: String,
    protocol: Protocol,
    options: Options,
}

fn case(name: String, protocol: Protocol, at: &Configuration, data: DataType) -> Case {
    let (ranks, blocks) = (at.ranks.unwrap_or(2), at.blocks.unwrap_or(2));
    let threads = at.threads.unwrap_or(8);
    let vector = u64::from(data.vector());
    let elements = at.elements.map_or(u64::from(blocks * threads) * vector + vector + 3, u64::from);
    let target =
        Target { ranks, dtype: data, accumulate: Accumulate::Own, threads, max_blocks: blocks, deadline: false };
    let progress = at.progress.as_ref().and_then(|name| name.parse().ok()).unwrap_or(Progress::Fair);
    let options = Options {
        launches: at.launches.unwrap_or_else(|| protocol.launches_to_come_round()),
        progress,
        resident_blocks: at.resident_blocks,
        ..Options::new(target.sizes(blocks, elements))
    };
    Case { name, protocol, options }
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for document in catalogue::kernels().unwrap_or_else(|error| panic!("{error}")) {
        let name = document.name();
        let every = IN_EVERY_FORM.contains(&name);
        for ranks in if every { vec![2, 4, 8] } else { vec![2, 4] } {
            for data in if every { support::DTYPES.to_vec() } else { vec![DataType::F32] } {
                let protocol = document.resolve(&[]).unwrap_or_else(|error| panic!("{error}"));
                let at = Configuration { ranks: Some(ranks), ..Configuration::default() };
                cases.push(case(format!("{name}, {ranks} ranks, {data}"), protocol, &at, data));
            }
        }
        for variant in document.variants() {
            let protocol = document.resolve_variant(variant).unwrap_or_else(|error| panic!("{error}"));
            // No kernel has a pipe: the generator refuses it (`gen/tests/command_line.rs`).
            if !protocol.pipes.is_empty() {
                continue;
            }
            cases.push(case(format!("{name} {}", variant.name), protocol, &variant.configuration, DataType::F32));
        }
    }
    cases
}

/// The protocol without what no kernel holds: ghost code, pads and channels as such.
fn as_ptx_knows_it(protocol: &Protocol) -> Protocol {
    let mut protocol = protocol.clone();
    for buffer in &mut protocol.buffers {
        (buffer.pad, buffer.channel) = (false, false);
    }
    remove_ghosts(&mut protocol.body);
    protocol
}

fn remove_ghosts(statements: &mut Vec<Statement>) {
    statements.retain(|statement| !matches!(statement.kind, StatementKind::Ghost { .. }));
    for statement in statements {
        match &mut statement.kind {
            StatementKind::If { then, otherwise, .. } => {
                remove_ghosts(then);
                remove_ghosts(otherwise);
            }
            StatementKind::For { body, .. } => remove_ghosts(body),
            _ => {}
        }
    }
}

/// The first code, or the verdict with what it warns of.
fn shown(outcome: &Outcome) -> String {
    let code = outcome.findings.iter().find(|finding| !finding.code.is_lint());
    match code {
        Some(finding) => finding.code.number().to_owned(),
        None if warnings(outcome).is_empty() => outcome.verdict.to_string(),
        None => format!("{} ({})", outcome.verdict, warnings(outcome).join("; ")),
    }
}

/// Nothing where both agree; an index into [`OTHER_CODES`], or what differs.
fn difference(compiler: &Compiler, case: &Case) -> Option<Result<usize, String>> {
    let sizes = &case.options.sizes;
    let target = Target {
        ranks: sizes.ranks,
        dtype: sizes.data,
        accumulate: sizes.accumulate,
        threads: sizes.threads,
        max_blocks: sizes.blocks,
        deadline: false,
    };
    let wanted = shown(&check(&as_ptx_knows_it(&case.protocol), &case.options));
    let kernel = match render_kernel(&case.protocol, &[], &target) {
        Ok(kernel) => kernel,
        Err(error) => return Some(Err(format!("{}: {error}", case.name))),
    };
    let ptx = match compiler.ptx(&kernel.entry.source, &kernel.source, "sm_90") {
        Ok(ptx) => ptx,
        Err(error) => return Some(Err(format!("{}: {error}", case.name))),
    };
    let got = match check_ptx(&kernel.entry, &case.protocol, &ptx, &case.options) {
        Ok(outcome) => shown(&outcome),
        Err(error) => error.to_string(),
    };
    let known = OTHER_CODES.iter().position(|(protocol, variant, as_protocol, as_ptx)| {
        case.name == format!("{protocol} {variant}") && wanted == *as_protocol && got == *as_ptx
    });
    (got != wanted).then(|| known.ok_or_else(|| format!("{}: {wanted} as a protocol, {got} as PTX", case.name)))
}

/// In PTX nobody sees that a word which is polled is data, so a kernel that polls its data looks vacuous; a launch file
/// has no word for every expectation, and what is written for ghost code alone, nobody reads.
fn warnings(outcome: &Outcome) -> Vec<&str> {
    const OF_PTX: [&str; 4] = ["vacuous", "no result is checked", "`number` is written", "`read` is written"];
    let is_of_ptx = |warning: &&str| OF_PTX.iter().any(|words| warning.contains(words));
    outcome.warnings.iter().map(String::as_str).filter(|warning| !is_of_ptx(warning)).collect()
}

/// Lengths of four launches: those of which the issue of rows that are laid out by length is made, falling and rising ones, an
/// odd one, one element and none.
const LENGTHS: [[u64; 4]; 5] = [[16, 32, 16, 32], [32, 16, 32, 16], [32, 1, 17, 31], [5, 32, 0, 32], [1, 0, 32, 3]];

#[test]
fn every_kernel_takes_launches_of_any_length() {
    let Some(compiler) = compiler("every_kernel_takes_launches_of_any_length") else { return };
    let mut known = 0;
    for document in catalogue::kernels().unwrap_or_else(|error| panic!("{error}")) {
        let name = document.name();
        let protocol = document.resolve(&[]).unwrap_or_else(|error| panic!("{error}"));
        if !protocol.varies {
            continue;
        }
        known += 1;
        let target = Target {
            ranks: 2,
            dtype: DataType::F32,
            accumulate: Accumulate::Own,
            threads: 4,
            max_blocks: 2,
            deadline: false,
        };
        let kernel = render_kernel(&protocol, &[], &target).unwrap_or_else(|error| panic!("{name}: {error}"));
        let ptx = compiler.ptx(&kernel.entry.source, &kernel.source, "sm_90").unwrap_or_else(|error| panic!("{error}"));
        for lengths in LENGTHS {
            let lengths = Lengths::of(&lengths);
            let options = Options { launches: 4, lengths, ..Options::new(target.sizes(2, 32)) };
            let outcome = check_ptx(&kernel.entry, &protocol, &ptx, &options).unwrap_or_else(|error| panic!("{error}"));
            let lengths = lengths.map(|lengths| lengths.to_string()).unwrap_or_default();
            assert_eq!(shown(&outcome), "verified", "{name}, launches of {lengths} elements");
        }
    }
    assert!(known >= 17, "{known} protocols have a capacity");
}

/// A kernel whose rows are laid out by the length of its launch, as emitted kernels once were: a rank that is ahead writes where
/// a slow peer still reads.
#[test]
fn rows_that_move_with_the_length_are_found() {
    let Some(compiler) = compiler("rows_that_move_with_the_length_are_found") else { return };
    let protocol =
        catalogue::find("two-shot").expect("the catalogue has it").and_then(|document| document.resolve(&[]));
    let protocol = protocol.unwrap_or_else(|error| panic!("{error}"));
    let (dtype, accumulate) = (DataType::F32, Accumulate::Own);
    let target = Target { ranks: 2, dtype, accumulate, threads: 4, max_blocks: 2, deadline: false };
    let kernel = render_kernel(&protocol, &[], &target).unwrap_or_else(|error| panic!("{error}"));
    let moving = kernel.source.replace("const i64 C = i64(capacity);", "const i64 C = i64(elements);");
    assert_ne!(moving, kernel.source);
    let ptx = compiler.ptx(&kernel.entry.source, &moving, "sm_90").unwrap_or_else(|error| panic!("{error}"));
    let shown_at = |lengths: &[u64]| {
        let options = Options { launches: 4, lengths: Lengths::of(lengths), ..Options::new(target.sizes(2, 32)) };
        let outcome = check_ptx(&kernel.entry, &protocol, &ptx, &options).unwrap_or_else(|error| panic!("{error}"));
        shown(&outcome)
    };
    assert_eq!(shown_at(&[32]), "verified", "at one length nothing moves");
    assert_eq!(shown_at(&[16, 32, 16, 32]), "AR001");
    assert_eq!(shown_at(&[32, 16, 16, 32]), "AR001");
    assert_eq!(shown_at(&[32, 16]), "verified", "rows at 32 to 64 and at 0 to 16 lie apart");
}

#[test]
fn kernels_get_the_verdicts_of_their_protocols() {
    let Some(compiler) = compiler("kernels_get_the_verdicts_of_their_protocols") else { return };
    let (cases, next, differences) = (cases(), AtomicUsize::new(0), Mutex::new(Vec::new()));
    assert!(cases.len() > 300, "{} cases", cases.len());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = difference(&compiler, case);
                    differences.lock().expect("nobody panicked").extend(found);
                }
            });
        }
    });
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for difference in differences.into_inner().expect("nobody panicked") {
        match difference {
            Ok(index) => known.push(OTHER_CODES[index]),
            Err(text) => unknown.push(text),
        }
    }
    let unneeded: Vec<_> = OTHER_CODES.iter().filter(|other| !known.contains(other)).collect();
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
    assert!(unneeded.is_empty(), "these agree by now: {unneeded:?}");
}
