//! Two engines on protocols: the axioms must say what the machine says, wherever a protocol is small enough for them.

use arverify_model::axioms::{Patience, second_opinion};
use arverify_model::check::{Engine, Options, Outcome, try_check_with};
use arverify_model::program::protocol::ProtocolProgram;
use arverify_protocol::catalogue;
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::Protocol;
use arverify_protocol::language;
use arverify_protocol::verdict::Verdict;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

fn options(ranks: u32, launches: u32) -> Options {
    let (data, accumulate) = (DataType::F32, Accumulate::Own);
    let sizes = Sizes { ranks, blocks: 1, threads: ranks, elements: 8, capacity: 8, data, accumulate };
    Options { launches, ..Options::new(sizes) }
}

fn protocol(name: &str, variant: Option<&str>) -> Protocol {
    let (_, text) = catalogue::TEXTS.iter().find(|(known, _)| *known == name).expect("in the catalogue");
    let document = language::parse(name, text).unwrap_or_else(|errors| panic!("{errors}"));
    let assignments = variant.map_or(Vec::new(), |variant| {
        document.variant(variant).expect("a variant of the protocol").assignments.clone()
    });
    let chosen: Vec<(&str, &str)> = assignments.iter().map(|(knob, value)| (knob.as_str(), value.as_str())).collect();
    document.resolve(&chosen).unwrap_or_else(|errors| panic!("{errors}"))
}

fn both(name: &str, variant: Option<&str>, options: &Options) -> Outcome {
    try_check_with(&protocol(name, variant), options, Engine::Both).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What each engine says, which must be the same.
fn agreed(name: &str, variant: Option<&str>, options: &Options) -> Verdict {
    let outcome = both(name, variant, options);
    let engines = outcome.engines.expect("two engines were asked");
    assert_eq!(engines.agree(), Some(true), "{name} {variant:?}: {}", engines.describe());
    outcome.verdict
}

#[test]
fn one_shot_and_its_variants_are_judged_alike() {
    let options = options(2, 1);
    assert_eq!(agreed("one-shot", None, &options), Verdict::Verified);
    for variant in ["volatile-flags", "gpu-scope", "start-without-syncthreads", "single-parity"] {
        assert_eq!(agreed("one-shot", Some(variant), &options), Verdict::Violated, "{variant}");
    }
    assert_eq!(agreed("one-shot", Some("no-end-barrier"), &options), Verdict::Verified, "one launch");
}

/// The solver is asked only where graphs do not decide; what it says must be the same.
#[test]
fn the_solver_judges_alike() {
    let cases = [
        ("one-shot", None, 1, Verdict::Verified),
        ("one-shot", Some("volatile-flags"), 1, Verdict::Violated),
        ("one-shot", Some("start-without-syncthreads"), 1, Verdict::Violated),
        ("one-shot", Some("no-end-barrier"), 2, Verdict::Violated),
        ("two-shot", None, 1, Verdict::Verified),
        ("two-shot", Some("no-trailing-syncthreads"), 1, Verdict::Violated),
    ];
    for (name, variant, launches, wanted) in cases {
        let Options { sizes, launches, seed, .. } = options(2, launches);
        let program = ProtocolProgram::new(&protocol(name, variant), &sizes, launches, seed).expect("good sizes");
        let found = second_opinion(&program, &Patience::default());
        assert_eq!(found.verdict, wanted, "{name} {variant:?}: {:?}", found.reason);
    }
}

#[test]
fn what_only_a_second_launch_shows_is_found_by_both() {
    let options = options(2, 2);
    assert_eq!(agreed("one-shot", None, &options), Verdict::Verified);
    assert_eq!(agreed("one-shot", Some("no-end-barrier"), &options), Verdict::Violated);
    assert_eq!(agreed("one-shot", Some("frozen-epoch"), &options), Verdict::Violated);
}

#[test]
fn orders_of_sums_and_divergent_barriers_are_found_by_both() {
    // Enough elements for some to round otherwise.
    let three = Options { sizes: Sizes { elements: 12, capacity: 12, ..options(3, 1).sizes }, ..options(3, 1) };
    assert_eq!(agreed("one-shot", Some("rotated-order"), &three), Verdict::Violated);
    assert_eq!(agreed("one-shot", None, &three), Verdict::Verified);
    let short = Options { sizes: Sizes { elements: 4, capacity: 4, ..options(2, 1).sizes }, ..options(2, 1) };
    assert_eq!(agreed("one-shot", Some("early-exit"), &short), Verdict::Violated);
}

/// Protocols that send and receive words of elements, which the axioms do not express: they say so.
const NOT_EXPRESSED: [&str; 2] = ["ll", "lamport"];

/// Every variant of the catalogue: the axioms agree, or say what they cannot express.
#[test]
fn no_variant_of_the_catalogue_is_judged_differently() {
    let mut cases: Vec<(&str, Option<String>)> = Vec::new();
    for (name, text) in catalogue::TEXTS.into_iter().filter(|(name, _)| !NOT_EXPRESSED.contains(name)) {
        let document = language::parse(name, text).unwrap_or_else(|errors| panic!("{errors}"));
        cases.push((name, None));
        cases.extend(document.variants().iter().map(|variant| (name, Some(variant.name.clone()))));
    }
    let next = AtomicUsize::new(0);
    let agreed = AtomicUsize::new(0);
    let differ = Mutex::new(Vec::new());
    let work = || {
        while let Some((name, variant)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let engines = both(name, variant.as_deref(), &options(2, 1)).engines.expect("two engines were asked");
            match engines.agree() {
                Some(true) => _ = agreed.fetch_add(1, Ordering::Relaxed),
                Some(false) => {
                    let line = format!("{name} {variant:?}: {}", engines.describe());
                    differ.lock().expect("no thread panics with it").push(line);
                }
                None => println!("{name} {variant:?}: {}", engines.describe()),
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        work();
    });
    assert_eq!(*differ.lock().expect("no thread panics with it"), Vec::<String>::new());
    let agreed = agreed.into_inner();
    println!("{agreed} of {} agree", cases.len());
    assert!(agreed * 10 >= cases.len() * 9, "only {agreed} of {} are compared", cases.len());
}

#[test]
fn what_the_solver_does_not_express_is_explored_as_graphs() {
    for name in NOT_EXPRESSED {
        let outcome = both(name, None, &options(2, 1));
        assert_eq!(outcome.verdict, Verdict::Verified, "{name}");
        let engines = outcome.engines.expect("both were asked");
        assert_eq!(engines.agree(), Some(true), "{name}: {}", engines.describe());
    }
    let assumed = both("one-shot", None, &Options { boundary_publishes: true, ..options(2, 1) });
    assert_eq!(assumed.engines.and_then(|engines| engines.agree()), Some(true));
}

#[test]
fn what_the_axioms_do_not_express_is_said() {
    let large = Options {
        sizes: Sizes { threads: 64, elements: 4096, capacity: 4096, ..options(4, 3).sizes },
        ..options(4, 3)
    };
    let cases = [(large, "too large"), (Options { resident_blocks: Some(1), ..options(2, 1) }, "resident")];
    for (options, reason) in cases {
        let outcome = both("one-shot", None, &options);
        assert!(outcome.warnings.iter().any(|warning| warning.contains(reason)), "{:?}", outcome.warnings);
        let alone = try_check_with(&protocol("one-shot", None), &options, Engine::Axiomatic).expect("good sizes");
        assert_eq!(alone.verdict, Verdict::Inconclusive);
    }
}
