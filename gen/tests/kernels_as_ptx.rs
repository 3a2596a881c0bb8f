//! What a kernel gets as PTX is what its protocol got: verified, or the same code for each broken variant.
//!
//! Variants are rendered although they are broken, which argen itself refuses to do. Where PTX gets another code than
//! its protocol, [`OTHER_CODES`] says so and why.

mod support;

use arverify_gen::recheck::check_ptx;
use arverify_gen::{Target, compiler::Compiler, render_kernel};
use arverify_model::check::{Options, Outcome, Progress, check};
use arverify_protocol::catalogue;
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::ir::Protocol;
use arverify_protocol::language::Configuration;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::compiler;

/// Protocols whose every variant is compiled; compiling all of the catalogue would take minutes.
const PROTOCOLS: [&str; 4] = ["one-shot", "two-shot", "ll", "lamport"];

/// Protocol, variant, code as a protocol, code as PTX.
const OTHER_CODES: [(&str, &str, &str, &str); 0] = [];

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
    for name in PROTOCOLS {
        let document = catalogue::find(name).expect("it is in the catalogue").unwrap_or_else(|error| panic!("{error}"));
        for ranks in [2, 4, 8] {
            for data in support::DTYPES {
                let protocol = document.resolve(&[]).unwrap_or_else(|error| panic!("{error}"));
                let at = Configuration { ranks: Some(ranks), ..Configuration::default() };
                cases.push(case(format!("{name}, {ranks} ranks, {data}"), protocol, &at, data));
            }
        }
        for variant in document.variants() {
            let protocol = document.resolve_variant(variant).unwrap_or_else(|error| panic!("{error}"));
            cases.push(case(format!("{name} {}", variant.name), protocol, &variant.configuration, DataType::F32));
        }
    }
    cases
}

/// Nothing where both agree.
fn difference(compiler: &Compiler, case: &Case) -> Option<String> {
    let sizes = &case.options.sizes;
    let target = Target {
        ranks: sizes.ranks,
        dtype: sizes.data,
        accumulate: sizes.accumulate,
        threads: sizes.threads,
        max_blocks: sizes.blocks,
        deadline: false,
    };
    let first = |outcome: &Outcome| {
        let code = outcome.findings.iter().find(|finding| !finding.code.is_lint());
        code.map_or_else(|| outcome.verdict.to_string(), |finding| finding.code.number().to_owned())
    };
    let wanted = first(&check(&case.protocol, &case.options));
    let kernel = match render_kernel(&case.protocol, &[], &target) {
        Ok(kernel) => kernel,
        Err(error) => return Some(format!("{}: {error}", case.name)),
    };
    let ptx = match compiler.ptx(&kernel.entry.source, &kernel.source, "sm_90") {
        Ok(ptx) => ptx,
        Err(error) => return Some(format!("{}: {error}", case.name)),
    };
    let got = match check_ptx(&kernel.entry, &case.protocol, &ptx, &case.options) {
        Ok(outcome) if outcome.findings.is_empty() && warnings(&outcome).next().is_some() => {
            format!("{} ({})", first(&outcome), warnings(&outcome).collect::<Vec<_>>().join("; "))
        }
        Ok(outcome) => first(&outcome),
        Err(error) => error.to_string(),
    };
    let known = OTHER_CODES.iter().any(|(protocol, variant, as_protocol, as_ptx)| {
        case.name == format!("{protocol} {variant}") && wanted == *as_protocol && got == *as_ptx
    });
    (got != wanted && !known).then(|| format!("{}: {wanted} as a protocol, {got} as PTX", case.name))
}

/// In PTX nobody sees that a word which is polled is data, so a kernel that polls its data looks vacuous.
fn warnings(outcome: &Outcome) -> impl Iterator<Item = &str> {
    outcome.warnings.iter().map(String::as_str).filter(|warning| !warning.contains("vacuous"))
}

#[test]
fn kernels_get_the_verdicts_of_their_protocols() {
    let Some(compiler) = compiler("kernels_get_the_verdicts_of_their_protocols") else { return };
    let (cases, next, differences) = (cases(), AtomicUsize::new(0), Mutex::new(Vec::new()));
    assert!(cases.len() > 30, "{} cases", cases.len());
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
    let differences = differences.into_inner().expect("nobody panicked");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
