//! A check run twice says the same: verdict, states, operations, schedule, trace. A replayed schedule ends in the finding.

use arverify_model::check::{Options, Replay, Schedule, check, replay};
use arverify_model::program::host::HostProgram;
use arverify_model::program::lengths::Lengths;
use arverify_model::program::protocol::ProtocolProgram;
use arverify_protocol::catalogue;
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::Protocol;
use std::sync::Arc;

fn replayed_schedule(protocol: &Protocol, options: &Options, schedule: &Schedule) -> Result<Replay, String> {
    let Options { sizes, launches, seed, .. } = options;
    if protocol.is_host_program() {
        let program = HostProgram::new(protocol, sizes, *launches, *seed).map_err(|error| error.to_string())?;
        return replay(Arc::new(program), options, schedule);
    }
    let lengths = options.lengths.unwrap_or(Lengths::one(sizes.elements));
    let program = ProtocolProgram::of_lengths(protocol, sizes, &lengths, *launches, *seed);
    let program = program.map_err(|error| error.to_string())?;
    replay(Arc::new(program), options, schedule)
}

#[test]
fn a_check_run_twice_says_the_same_and_its_schedule_replays() {
    let mut replayed = 0;
    for document in catalogue::all().unwrap_or_else(|errors| panic!("{errors}")) {
        for variant in document.variants() {
            let at = &variant.configuration;
            if at.resident_blocks.is_some() {
                continue; // thousands of states, twice
            }
            let protocol = document.resolve_variant(variant).unwrap_or_else(|errors| panic!("{errors}"));
            let sizes = Sizes {
                ranks: at.ranks.unwrap_or(3),
                blocks: at.blocks.unwrap_or(2),
                threads: at.threads.unwrap_or(4),
                elements: at.elements.map_or(45, u64::from),
                capacity: at.elements.map_or(45, u64::from),
                data: DataType::F32,
                accumulate: Accumulate::Own,
            };
            let options = Options { launches: at.launches.unwrap_or(2), ..Options::new(sizes) };
            let (first, second) = (check(&protocol, &options), check(&protocol, &options));
            let name = format!("{} {}", document.name(), variant.name);
            assert_eq!(first.verdict, second.verdict, "{name}");
            assert_eq!(first.findings, second.findings, "{name}");
            assert_eq!(first.schedule, second.schedule, "{name}");
            assert_eq!(
                (first.stats.states, first.stats.operations),
                (second.stats.states, second.stats.operations),
                "{name}"
            );
            let (Some(schedule), Some(finding)) = (&first.schedule, first.findings.first()) else { continue };
            let options = Options { lengths: first.lengths, ..options };
            let replay =
                replayed_schedule(&protocol, &options, schedule).unwrap_or_else(|error| panic!("{name}: {error}"));
            // Some codes are decided after the execution, by what the whole of it shows, or by a second check.
            let later =
                ["AR001", "AR002", "AR007", "AR008", "AR012", "AR013", "AR014"].contains(&finding.code.number());
            let end = &replay.end;
            assert!(end.starts_with(if later { "AR" } else { finding.code.number() }), "{name}: {end}");
            replayed += 1;
        }
    }
    assert!(replayed > 50, "{replayed} findings were replayed");
}
