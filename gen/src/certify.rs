//! Checking a protocol before anything is written.
//!
//! The checker runs at sizes that are small but hold everything that matters: the target's ranks and data type, one
//! and two blocks, a message smaller than a vector, one that divides evenly, one whose threads each take several
//! vectors and whose last vector is cut off, and none at all. Not shown by this: all sizes. The manifest records the
//! bounds of each check.

use crate::error::Error;
use crate::notation::notation;
use crate::target::Target;
use arverify_model::check::{Options, try_check};
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
    let sizes = small_sizes(protocol, target);
    if sizes.is_empty() {
        let message = format!("{}: no size that is small enough to check meets its requirements", protocol.name);
        return Err(Error::Usage(message));
    }
    let launches = protocol.launches_to_come_round();
    sizes.iter().map(|sizes| check_once(protocol, sizes, launches)).collect()
}

/// Repeats a recorded check.
pub(crate) fn check_again(protocol: &Protocol, recorded: &CheckEntry) -> Result<CheckEntry, Error> {
    let sizes = Sizes {
        ranks: recorded.ranks,
        blocks: recorded.blocks,
        threads: recorded.threads,
        elements: recorded.elements,
        data: recorded.dtype,
        accumulate: recorded.accumulate,
    };
    check_once(protocol, &sizes, recorded.launches)
}

fn check_once(protocol: &Protocol, sizes: &Sizes, launches: u32) -> Result<CheckEntry, Error> {
    let options = Options { launches, ..Options::new(*sizes) };
    let outcome = try_check(protocol, &options).map_err(|error| Error::Usage(format!("{}: {error}", protocol.name)))?;
    let described = || {
        let Sizes { ranks, blocks, threads, elements, data, .. } = sizes;
        format!("P = {ranks}, B = {blocks}, T = {threads}, N = {elements}, {data}, {launches} launches")
    };
    match outcome.verdict {
        Verdict::Verified => Ok(CheckEntry {
            ranks: sizes.ranks,
            blocks: sizes.blocks,
            threads: sizes.threads,
            elements: sizes.elements,
            launches,
            dtype: sizes.data,
            accumulate: sizes.accumulate,
            verdict: Verdict::Verified.to_string(),
            states: outcome.stats.states,
            operations: outcome.stats.operations,
        }),
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

/// The sizes at which a target is checked.
fn small_sizes(protocol: &Protocol, target: &Target) -> Vec<Sizes> {
    let meets = |sizes: &Sizes| matches!(protocol.unmet_requirement(sizes), Ok(None));
    let vector = u64::from(target.dtype.vector());
    let mut found: Vec<Sizes> = Vec::new();
    for blocks in [2, 1].into_iter().filter(|blocks| *blocks <= target.max_blocks) {
        // The fewest threads that the protocol takes; whole warps where it uses numbered barriers.
        let candidates = [target.ranks.max(4), target.ranks.next_power_of_two().max(4), 32, 64, 128, 256, 512, 1024];
        let with = |threads: u32, elements: u64| Target { threads, ..*target }.sizes(blocks, elements);
        let Some(threads) = candidates.into_iter().find(|threads| meets(&with(*threads, vector))) else { continue };
        let pass = u64::from(blocks) * u64::from(threads) * vector;
        let messages: &[u64] = if blocks == 2 { &[2 * pass + vector + 3, pass, 0] } else { &[1, pass + 1] };
        found.extend(messages.iter().map(|elements| with(threads, *elements)).filter(|sizes| meets(sizes)));
    }
    found
}
