//! The peer-to-peer pipeline, a host program, at every size and channel, and with each of its operations left out.

use arverify_model::check::{Options, check, mutants};
use arverify_protocol::catalogue;
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::Protocol;
use arverify_protocol::language::Document;
use arverify_protocol::verdict::{Code, Role, Verdict};

fn pipeline() -> Document {
    let found = catalogue::find("p2p-pipeline").expect("in the catalogue");
    found.unwrap_or_else(|errors| panic!("{errors}"))
}

fn with(knobs: &[(&str, &str)]) -> Protocol {
    pipeline().resolve(knobs).unwrap_or_else(|errors| panic!("{errors}"))
}

fn options(ranks: u32, elements: u64, launches: u32) -> Options {
    let sizes = Sizes {
        ranks,
        blocks: 1,
        threads: 1,
        elements,
        capacity: elements,
        data: DataType::F32,
        accumulate: Accumulate::Own,
    };
    Options { launches, ..Options::new(sizes) }
}

#[test]
fn both_channels_verify_at_every_number_of_ranks_and_streams() {
    for channel in ["rendezvous", "mapped"] {
        for depth in ["one", "two", "three"] {
            let protocol = with(&[("channel", channel), ("depth", depth)]);
            for (ranks, elements) in [(2, 11), (3, 5), (4, 8), (8, 3), (5, 0)] {
                let outcome = check(&protocol, &options(ranks, elements, 3));
                let named = format!("{channel} {depth} {ranks}: {:?}", outcome.findings);
                assert_eq!(outcome.verdict, Verdict::Verified, "{named}");
                assert_eq!((outcome.stats.states, outcome.contended), (1, 0), "{named}");
                assert!(elements == 0 || outcome.warnings.is_empty(), "{:?}", outcome.warnings);
            }
        }
    }
}

#[test]
fn data_of_sixteen_bits_verifies_too() {
    for data in [DataType::F16, DataType::BF16] {
        for accumulate in [Accumulate::Own, Accumulate::F32] {
            let mut options = options(3, 13, 2);
            options.sizes = Sizes { data, accumulate, ..options.sizes };
            assert_eq!(check(&with(&[]), &options).verdict, Verdict::Verified, "{data:?} {accumulate:?}");
        }
    }
}

/// What may go from the mapped form: an exchange orders nothing that its flags do not.
const REDUNDANT_WHEN_MAPPED: [&str; 1] = ["exchange handles"];

#[test]
fn every_operation_of_the_mapped_form_is_needed() {
    let protocol = with(&[("channel", "mapped")]);
    let mut silent = Vec::new();
    let mut reported = 0;
    for mutant in mutants(&protocol) {
        let span = &mutant.statement.span;
        let text = &protocol.source.text[span.start as usize..span.end as usize];
        let verdicts = [2, 3].map(|ranks| check(&mutant.protocol, &options(ranks, 7, 3)).verdict);
        if verdicts.contains(&Verdict::Violated) {
            reported += 1;
        } else if !REDUNDANT_WHEN_MAPPED.iter().any(|known| text.starts_with(known)) {
            silent.push(format!("{text}: {}", mutant.change));
        }
    }
    assert_eq!(silent, Vec::<String>::new());
    assert!(reported > 15, "{reported} mutants are reported");
}

#[test]
fn findings_name_streams_and_launches() {
    let outcome = check(&with(&[("join", "off")]), &options(2, 3, 1));
    let finding = &outcome.findings[0];
    assert_eq!(finding.code, Code::DataRace);
    let mut roles: Vec<Role> = finding.points.iter().filter_map(|point| Some(point.thread?.role)).collect();
    roles.sort_unstable();
    assert_eq!(roles, [Role::Stream(0), Role::Stream(1)]);
    assert!(finding.trace.iter().any(|step| step.thread.to_string() == "rank 0 stream 1 launch 0"), "{finding:#?}");

    let outcome = check(&with(&[("handles", "cached")]), &options(2, 3, 2));
    let thread = outcome.findings[0].points[0].thread.expect("a host thread");
    assert_eq!((thread.role, thread.launch), (Role::Host, 1), "{:?}", outcome.findings);
}

/// A peer's copy of the next launch lands in a tile that is still read: with one launch nothing is wrong.
#[test]
fn a_tile_buffer_is_reused_across_launches() {
    let protocol = with(&[("channel", "mapped"), ("reuse", "unwaited")]);
    assert_eq!(check(&protocol, &options(2, 3, 1)).verdict, Verdict::Verified);
    assert_eq!(check(&protocol, &options(2, 3, 2)).findings[0].code, Code::DataRace);
    // With more steps than buffers, one launch shows it.
    assert_eq!(check(&protocol, &options(4, 3, 1)).findings[0].code, Code::DataRace);
}
