//! Checking a protocol before anything is written.
//!
//! The checker runs at the target's ranks and data type and at the sizes that [`small_sizes`] names: one and two blocks,
//! and messages that are cut off in every way. Where the protocol has a capacity, launches of different lengths follow each
//! other on one workspace: every sequence that [`sequences`] names. Not shown by this: all sizes, and all sequences. The
//! manifest records the bounds of each check.

use crate::error::Error;
use crate::notation::notation;
use crate::target::Target;
use arverify_model::check::{Fixed, Options, sequences, small_sizes, try_check};
use arverify_model::program::lengths::Lengths;
use arverify_protocol::certificate::CheckEntry;
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::Protocol;
use arverify_protocol::verdict::{Finding, Verdict};

/// Refuses sizes that the protocol does not allow: at its largest grid, for any message.
pub(crate) fn check_requirements(protocol: &Protocol, target: &Target) -> Result<(), Error> {
    let sizes = target.sizes(target.max_blocks, u64::from(target.dtype.vector()));
    let unmet =
        protocol.unmet_requirement(&sizes).map_err(|error| Error::Usage(format!("{}: {error}", protocol.name)))?;
    match unmet {
        None => Ok(()),
        Some(requirement) => Err(Error::Requirement {
            protocol: protocol.name.clone(),
            requirement: notation(&requirement.condition),
            ranks: target.ranks,
            blocks: target.max_blocks,
            threads: target.threads,
        }),
    }
}

/// Checks the protocol at the small sizes of this target. All must be verified.
pub(crate) fn certify(protocol: &Protocol, target: &Target) -> Result<Vec<CheckEntry>, Error> {
    let Target { ranks, dtype: data, accumulate, max_blocks, .. } = *target;
    let sizes = small_sizes(protocol, &Fixed { ranks, data, accumulate, blocks: None, max_blocks });
    if sizes.is_empty() {
        let message = format!("{}: no size that is small enough to check meets its requirements", protocol.name);
        return Err(Error::Usage(message));
    }
    let launches = protocol.launches_to_come_round();
    let check = |sizes: &Sizes| {
        let options = Options { launches, ..Options::new(*sizes) };
        check_lengths(protocol, &options, &sequences(protocol, &options))
    };
    sizes.iter().map(check).collect()
}

/// Repeats a recorded check.
pub(crate) fn check_again(protocol: &Protocol, recorded: &CheckEntry) -> Result<CheckEntry, Error> {
    let sizes = Sizes {
        ranks: recorded.ranks,
        blocks: recorded.blocks,
        threads: recorded.threads,
        elements: recorded.elements,
        capacity: recorded.elements,
        data: recorded.dtype,
        accumulate: recorded.accumulate,
    };
    let options = Options { launches: recorded.launches, ..Options::new(sizes) };
    check_lengths(protocol, &options, &recorded_lengths(&recorded.lengths, recorded.elements)?)
}

/// The sequences of a recorded check: of a kernel without a capacity, one length.
pub(crate) fn recorded_lengths(written: &[String], elements: u64) -> Result<Vec<Lengths>, Error> {
    if written.is_empty() {
        return Ok(vec![Lengths::one(elements)]);
    }
    let parse = |text: &String| text.parse().map_err(|error| Error::Usage(format!("manifest.json: {error}")));
    written.iter().map(parse).collect()
}

/// How a check with launches of these lengths is recorded: not at all where they cannot differ.
pub(crate) fn written_lengths(protocol: &Protocol, all: &[Lengths]) -> Vec<String> {
    if protocol.varies { all.iter().map(Lengths::to_string).collect() } else { Vec::new() }
}

/// The check with launches of each of these sequences of lengths. All must be verified.
fn check_lengths(protocol: &Protocol, options: &Options, all: &[Lengths]) -> Result<CheckEntry, Error> {
    let Options { sizes, launches, .. } = *options;
    let mut entry = CheckEntry {
        ranks: sizes.ranks,
        blocks: sizes.blocks,
        threads: sizes.threads,
        elements: sizes.elements,
        launches,
        lengths: written_lengths(protocol, all),
        dtype: sizes.data,
        accumulate: sizes.accumulate,
        verdict: Verdict::Verified.to_string(),
        states: 0,
        operations: 0,
    };
    for lengths in all {
        let options = Options { lengths: protocol.varies.then_some(*lengths), ..*options };
        let (states, operations) = check_once(protocol, &options, lengths)?;
        entry.states += states;
        entry.operations += operations;
    }
    Ok(entry)
}

/// States and operations of a check that is verified.
fn check_once(protocol: &Protocol, options: &Options, lengths: &Lengths) -> Result<(u64, u64), Error> {
    let outcome = try_check(protocol, options).map_err(|error| Error::Usage(format!("{}: {error}", protocol.name)))?;
    let described = || {
        let Sizes { ranks, blocks, threads, data, .. } = options.sizes;
        let launches = options.launches;
        format!("P = {ranks}, B = {blocks}, T = {threads}, N = {lengths}, {data}, {launches} launches")
    };
    match outcome.verdict {
        Verdict::Verified => Ok((outcome.stats.states, outcome.stats.operations)),
        Verdict::Violated => Err(Error::Violated {
            protocol: protocol.name.clone(),
            sizes: described(),
            codes: codes(&outcome.findings),
            report: outcome.findings.iter().map(|finding| line(protocol, finding)).collect(),
        }),
        Verdict::Inconclusive => Err(Error::Inconclusive { protocol: protocol.name.clone(), sizes: described() }),
    }
}

fn codes(findings: &[Finding]) -> String {
    let mut codes: Vec<&str> = findings.iter().map(|finding| finding.code.number()).collect();
    codes.dedup();
    codes.join(", ")
}

/// One line for a finding: place, code, message.
fn line(protocol: &Protocol, finding: &Finding) -> String {
    let place = match finding.points.first() {
        Some(point) => {
            let (line, column) = protocol.source.line_column(point.span.start);
            format!("{}:{line}:{column}: ", protocol.source.name)
        }
        None => String::new(),
    };
    format!("{place}{}: {}\n", finding.code.number(), finding.message)
}
