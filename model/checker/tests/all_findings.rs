//! `--all`: every independent finding once, in an order that does not change, each with an execution of its own.

use arverify_model::check::{Options, Outcome, replay, try_check};
use arverify_model::program::protocol::ProtocolProgram;
use arverify_protocol::catalogue;
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::Protocol;
use arverify_protocol::language;
use arverify_protocol::verdict::{Code, Verdict};
use std::sync::Arc;

fn options(all: bool) -> Options {
    let (data, accumulate) = (DataType::F32, Accumulate::Own);
    let sizes = Sizes { ranks: 2, blocks: 1, threads: 2, elements: 16, capacity: 16, data, accumulate };
    Options { launches: 2, max_states: 20_000, all, ..Options::new(sizes) }
}

fn variant(name: &str, variant: &str) -> Protocol {
    let (_, text) = catalogue::TEXTS.iter().find(|(known, _)| *known == name).expect("in the catalogue");
    let document = language::parse(name, text).unwrap_or_else(|errors| panic!("{errors}"));
    let variant = document.variant(variant).expect("a variant of the protocol");
    let chosen: Vec<(&str, &str)> =
        variant.assignments.iter().map(|(knob, value)| (knob.as_str(), value.as_str())).collect();
    document.resolve(&chosen).unwrap_or_else(|errors| panic!("{errors}"))
}

fn checked(protocol: &Protocol, all: bool) -> Outcome {
    try_check(protocol, &options(all)).unwrap_or_else(|error| panic!("{error}"))
}

const VARIANTS: [(&str, &str); 7] = [
    ("one-shot", "start-without-syncthreads"),
    ("one-shot", "volatile-flags"),
    ("one-shot", "no-end-barrier"),
    ("one-shot", "gpu-scope"),
    ("one-shot-push", "volatile-flags"),
    ("two-shot", "single-buffer"),
    ("two-shot-in-place", "no-end-barrier"),
];

#[test]
fn the_first_finding_is_that_of_a_check_without() {
    for (name, chosen) in VARIANTS {
        let protocol = variant(name, chosen);
        let (first, all) = (checked(&protocol, false), checked(&protocol, true));
        assert_eq!(all.verdict, Verdict::Violated, "{name} {chosen}");
        let told = |outcome: &Outcome| (outcome.findings[0].code, outcome.findings[0].message.clone());
        assert_eq!(told(&first), told(&all), "{name} {chosen}");
        assert_eq!(all.findings.len(), all.further.len() + 1, "each further finding has its schedule");
        let again = checked(&protocol, true);
        assert_eq!(all.findings, again.findings, "{name} {chosen}: the order does not change");
    }
}

#[test]
fn what_comes_of_a_race_is_no_finding() {
    // Values are stale in all of these: of a wrong result, a hang or unwritten memory nothing is said.
    for (name, chosen) in VARIANTS {
        let outcome = checked(&variant(name, chosen), true);
        let races = outcome.findings.iter().all(|finding| finding.code == Code::DataRace);
        assert!(races, "{name} {chosen}: {:?}", outcome.findings);
    }
}

#[test]
fn a_scope_that_is_too_narrow_is_one_finding() {
    // The flags race, and what they were to publish as well; with a wider scope nothing is wrong.
    let outcome = checked(&variant("one-shot", "gpu-scope"), true);
    assert_eq!(outcome.findings.len(), 1, "{:?}", outcome.findings);
}

#[test]
fn every_finding_is_shown_by_its_schedule() {
    for (name, chosen) in VARIANTS {
        let protocol = variant(name, chosen);
        let outcome = checked(&protocol, true);
        let schedules = outcome.schedule.iter().chain(&outcome.further);
        for (finding, schedule) in outcome.findings.iter().zip(schedules) {
            let Options { sizes, launches, seed, .. } = options(true);
            let program = ProtocolProgram::new(&protocol, &sizes, launches, seed);
            let program = Arc::new(program.unwrap_or_else(|error| panic!("{error}")));
            let shown = replay(program, &options(true), schedule).unwrap_or_else(|error| panic!("{error}"));
            let expected = format!("{}: {}", finding.code, finding.message);
            assert_eq!(shown.end, expected, "{name} {chosen}");
        }
    }
}
