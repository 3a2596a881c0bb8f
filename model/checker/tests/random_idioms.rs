//! Random kernels, random protocols and mutants of compiled kernels: the machine says what exploring everything says, and
//! what the axioms say.
//!
//! `ARVERIFY_SEED` says which, `ARVERIFY_CASES` how many if not 300, `ARVERIFY_SECONDS` for how long each kind goes on if not
//! for 25 s. The example `idioms` runs many more, and shrinks
//! and keeps what differs. A case that neither answers in time is counted, and not a difference.

mod idioms;

use idioms::compare::{Against, Relation};
use idioms::report::Report;
use idioms::session::{Kind, Plan, run};
use std::time::Duration;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|number| number.parse().ok()).unwrap_or(otherwise)
}

/// Compares, and fails where anything differs or where fewer than `least` of a hundred cases were compared.
fn agrees(kind: Kind, against: Against, least: u64) -> Report {
    let plan = Plan {
        seed: number("ARVERIFY_SEED", 1),
        first: 0,
        count: number("ARVERIFY_CASES", 300),
        kind,
        against,
        jobs: 1,
        timeout: Duration::from_millis(200),
        at_most: Some(Duration::from_secs(number("ARVERIFY_SECONDS", 25))),
        out: None,
        finals: true,
        only: Vec::new(),
        show: false,
    };
    let report = run(&plan);
    println!("{}", report.table());
    println!("seed {}: {} of {} cases in time", plan.seed, report.cases, plan.count);
    assert!(report.differences.is_empty(), "{} differ:\n{}", report.differences.len(), report.differences.join("\n"));
    let compared = report.count(Relation::BothVerified) + report.count(Relation::BothViolated);
    assert!(compared * 100 >= least * report.cases, "only {compared} of {} cases were compared", report.cases);
    report
}

#[test]
fn kernels_of_idioms_against_everything() {
    agrees(Kind::Ptx, Against::Everything, 25);
}

#[test]
fn protocols_of_idioms_against_everything() {
    agrees(Kind::Arp, Against::Everything, 50);
}

#[test]
fn mutants_of_compiled_kernels_against_everything() {
    agrees(Kind::Mutants, Against::Everything, 5);
}

// How many the axioms answer depends on what they express: the least is raised with it.

#[test]
fn kernels_of_idioms_against_the_axioms() {
    agrees(Kind::Ptx, Against::Axioms, 0);
}

#[test]
fn protocols_of_idioms_against_the_axioms() {
    agrees(Kind::Arp, Against::Axioms, 0);
}

#[test]
fn mutants_of_compiled_kernels_against_the_axioms() {
    agrees(Kind::Mutants, Against::Axioms, 0);
}
