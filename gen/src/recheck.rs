//! Checking what was written: the PTX of every emitted kernel goes through the front end for anybody's PTX.
//!
//! The protocol was verified before its kernel was rendered. What the templates and the CUDA compiler made of it is
//! another text, and this shows that it does the same: two blocks (one where that is the most), a message whose threads
//! each take several vectors and whose last vector is cut off, launches until buffers come round, four at least where they may differ in length, and then of all the sequences of
//! lengths that the protocol was checked with. T and P are fixed in the code.

use crate::certify::{recorded_lengths, written_lengths};
use crate::error::Error;
use crate::launch::render_launch;
use arverify_model::check::{Options, Outcome, check_program, sequences};
use arverify_model::program::lengths::Lengths;
use arverify_model::ptx::launch::Overrides;
use arverify_model::ptx::load::load;
use arverify_protocol::certificate::{KernelEntry, PtxCheckEntry};
use arverify_protocol::ir::{Protocol, Source};
use arverify_protocol::verdict::Verdict;
use std::sync::Arc;

/// Launches that are checked at least where they may differ in length.
const LAUNCHES: u32 = 4;

/// Checks the PTX of a kernel with launches of every sequence of lengths that a check of its protocol tries; the outcome is
/// the first that is not verified. Of the sizes only blocks and elements count: the others are fixed in the code.
pub fn check_ptx(entry: &KernelEntry, protocol: &Protocol, ptx: &str, options: &Options) -> Result<Outcome, Error> {
    check_lengths(entry, protocol, ptx, options, &sequences(protocol, options))
}

fn check_lengths(
    entry: &KernelEntry,
    protocol: &Protocol,
    ptx: &str,
    options: &Options,
    all: &[Lengths],
) -> Result<Outcome, Error> {
    let mut before = (0, 0);
    let mut last = None;
    for lengths in all {
        let mut outcome = check_once(entry, protocol, ptx, options, lengths)?;
        outcome.stats.states += before.0;
        outcome.stats.operations += before.1;
        outcome.lengths = Some(*lengths);
        before = (outcome.stats.states, outcome.stats.operations);
        let verdict = outcome.verdict;
        last = Some(outcome);
        if verdict != Verdict::Verified {
            break;
        }
    }
    last.ok_or_else(|| Error::Unchecked { entry: entry.entry.clone(), reason: "no lengths".to_owned() })
}

fn check_once(
    entry: &KernelEntry,
    protocol: &Protocol,
    ptx: &str,
    options: &Options,
    lengths: &Lengths,
) -> Result<Outcome, Error> {
    let (blocks, elements, launches) = (options.sizes.blocks, options.sizes.elements, options.launches);
    let name = format!("{}.ptx", entry.entry);
    let refused = |reason: String| Error::Unchecked { entry: entry.entry.clone(), reason };
    let toml = render_launch(entry, protocol, blocks, (elements, lengths), launches)
        .map_err(|error| refused(error.to_string()))?;
    let source = Arc::new(Source { name, text: ptx.to_owned() });
    let program = load(&source, ("LAUNCH.toml", &toml), &Overrides::default(), 1);
    let program = program.map_err(|error| refused(error.to_string()))?;
    Ok(check_program(Arc::new(program), options))
}

/// A message whose threads each take a vector at least, one of them two, and whose last vector is cut off.
pub(crate) fn cut_off(entry: &KernelEntry, blocks: u32) -> u64 {
    let vector = u64::from(entry.dtype.vector());
    u64::from(blocks) * u64::from(entry.threads) * vector + vector + 3
}

/// Checks the PTX of a kernel at the sizes that its certificate names. Must be verified.
pub(crate) fn recheck(
    entry: &KernelEntry,
    protocol: &Protocol,
    architecture: &str,
    ptx: &str,
) -> Result<PtxCheckEntry, Error> {
    let blocks = entry.max_blocks.min(2);
    let elements = cut_off(entry, blocks);
    let launches = protocol.launches_to_come_round().max(if protocol.varies { LAUNCHES } else { 0 });
    let options = Options { launches, ..Options::new(entry.sizes(blocks, elements)) };
    recheck_at(entry, protocol, (architecture, ptx), &options, &sequences(protocol, &options))
}

/// Repeats a recorded check.
pub(crate) fn recheck_recorded(
    entry: &KernelEntry,
    protocol: &Protocol,
    ptx: &str,
    recorded: &PtxCheckEntry,
) -> Result<PtxCheckEntry, Error> {
    let PtxCheckEntry { architecture, blocks, elements, launches, lengths, .. } = recorded;
    let options = Options { launches: *launches, ..Options::new(entry.sizes(*blocks, *elements)) };
    recheck_at(entry, protocol, (architecture, ptx), &options, &recorded_lengths(lengths, *elements)?)
}

fn recheck_at(
    entry: &KernelEntry,
    protocol: &Protocol,
    (architecture, ptx): (&str, &str),
    options: &Options,
    all: &[Lengths],
) -> Result<PtxCheckEntry, Error> {
    let (blocks, elements, launches) = (options.sizes.blocks, options.sizes.elements, options.launches);
    let outcome = check_lengths(entry, protocol, ptx, options, all)?;
    let lengths = outcome.lengths.unwrap_or(Lengths::one(elements));
    let sizes = format!("B = {blocks}, N = {lengths}, {launches} launches, as PTX for {architecture}");
    match outcome.verdict {
        Verdict::Verified => Ok(PtxCheckEntry {
            architecture: architecture.to_owned(),
            blocks,
            elements,
            launches,
            lengths: written_lengths(protocol, all),
            verdict: Verdict::Verified.to_string(),
            states: outcome.stats.states,
            operations: outcome.stats.operations,
        }),
        Verdict::Violated => {
            let numbers: Vec<&str> = outcome.findings.iter().map(|finding| finding.code.number()).collect();
            let line = |finding: &arverify_protocol::verdict::Finding| format!("{}\n", finding.message);
            Err(Error::Violated {
                protocol: entry.entry.clone(),
                sizes,
                codes: numbers.join(", "),
                report: outcome.findings.iter().map(line).collect(),
            })
        }
        Verdict::Inconclusive => Err(Error::Unchecked {
            entry: entry.entry.clone(),
            reason: format!("inconclusive at {sizes}: {}", outcome.warnings.join("; ")),
        }),
    }
}
