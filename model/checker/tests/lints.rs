//! The lint AR102 against the negative controls: what proved redundant there is what the lint lists, and where both
//! engines can run both say so.

use arverify_model::check::{Engine, Options, redundancies};
use arverify_protocol::catalogue;
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::{Protocol, Span};
use arverify_protocol::language;
use arverify_protocol::verdict::Finding;

/// Protocol, mutant, reason: as in the table of negative controls.
const REDUNDANT: &[(&str, &str, &str)] = &include!("redundant.in");

fn options(ranks: u32, blocks: u32, threads: u32, elements: u64, launches: u32) -> Options {
    let (data, accumulate) = (DataType::F32, Accumulate::Own);
    let sizes = Sizes { ranks, blocks, threads, elements, capacity: elements, data, accumulate };
    Options { launches, max_states: 50_000, ..Options::new(sizes) }
}

/// The operation of a finding, as the table of negative controls names it.
fn words(protocol: &Protocol, finding: &Finding) -> String {
    let text = |span: &Span| {
        let text = &protocol.source.text[span.start as usize..span.end as usize];
        text.lines().next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let line = |span: &Span| protocol.source.line_column(span.start).0;
    let point = &finding.points[0];
    let own = format!("line {}: `{}`", line(&point.span), text(&point.span));
    let calls = point.calls.iter().rev().map(|call| format!(" in `{}` of line {}", text(call), line(call)));
    let change = match point.label.strip_prefix("can be weakened: ") {
        Some(change) => change.to_owned(),
        None => "removed".to_owned(),
    };
    format!("{own}{}: {change}", calls.collect::<String>())
}

#[test]
fn the_lint_lists_what_proved_redundant() {
    let mut compared = 0;
    for document in catalogue::all().unwrap_or_else(|errors| panic!("{errors}")) {
        let protocol = document.resolve(&[]).unwrap_or_else(|errors| panic!("{errors}"));
        let known: Vec<&str> = REDUNDANT.iter().filter(|row| row.0 == protocol.name).map(|row| row.1).collect();
        for ranks in [2, 3] {
            let (findings, undecided) = redundancies(&protocol, &options(ranks, 2, 4, 77, 3), Engine::Operational);
            assert_eq!(undecided, 0, "{} at {ranks} ranks", protocol.name);
            let listed: Vec<String> = findings.iter().map(|finding| words(&protocol, finding)).collect();
            let weakening = known.iter().filter(|mutant| !mutant.contains(": moved "));
            for mutant in weakening {
                let (operation, _) = mutant.rsplit_once(": ").expect("a mutant is an operation and a change");
                // What can go is not also said to be too strong.
                let found = listed.iter().any(|listed| listed == *mutant || *listed == format!("{operation}: removed"));
                assert!(found, "{} at {ranks} ranks: the lint does not list {mutant}", protocol.name);
                compared += 1;
            }
        }
    }
    assert!(compared > 40, "only {compared} controls were compared");
}

const DOUBLED: &str = "protocol doubled \"two block barriers in a row\"
param ranks P, blocks B, threads T, elements N, element E
local word : u32[1] initially 0
kernel {
  if thread == 0 {
    store word[0] = 7  weak
  }
  block_sync
  block_sync
  let seen = load word[0]  weak
  block_sync
}
";

#[test]
fn both_engines_are_asked_where_both_can_answer() {
    let document = language::parse("doubled.arp", DOUBLED).unwrap_or_else(|errors| panic!("{errors}"));
    let protocol = document.resolve(&[]).unwrap_or_else(|errors| panic!("{errors}"));
    let options = options(2, 1, 2, 1, 1);
    let (alone, _) = redundancies(&protocol, &options, Engine::Operational);
    let (both, undecided) = redundancies(&protocol, &options, Engine::Both);
    assert_eq!((alone.len(), both.len(), undecided), (3, 3, 0), "{both:?}");
    for finding in &both {
        assert!(finding.notes.iter().any(|note| note.ends_with("(agree)")), "{:?}", finding.notes);
    }
    assert!(alone.iter().all(|finding| finding.notes.len() == 1));
}

#[test]
fn a_wait_for_a_copy_is_never_redundant() {
    let document = catalogue::find("ring").expect("it is there").expect("it has no errors");
    for name in ["pipe-load", "paired-load-deep-pipe"] {
        let variant = document.variant(name).expect("ring has it");
        let protocol = document.resolve_variant(variant).unwrap_or_else(|errors| panic!("{errors}"));
        let (findings, _) = redundancies(&protocol, &options(2, 1, 2, 16, 2), Engine::Operational);
        let text = |finding: &Finding| {
            let span = &finding.points[0].span;
            protocol.source.text[span.start as usize..span.end as usize].to_owned()
        };
        let idle: Vec<String> = findings.iter().map(text).filter(|text| text.starts_with("finish")).collect();
        assert_eq!(idle, Vec::<String>::new(), "{name}");
    }
}
