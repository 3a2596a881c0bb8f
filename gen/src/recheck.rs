//! Checking what was written: the PTX of every emitted kernel goes through the front end for anybody's PTX.
//!
//! The protocol was verified before its kernel was rendered. What the templates and the CUDA compiler made of it is
//! another text, and this shows that it does the same: two blocks (one where that is the most), a message whose threads
//! each take several vectors and whose last vector is cut off, launches until buffers come round. T and P are fixed in the code.

use crate::error::Error;
use crate::launch::render_launch;
use arverify_model::check::{Options, Outcome, check_program};
use arverify_model::ptx::launch::Overrides;
use arverify_model::ptx::load::load;
use arverify_protocol::certificate::{KernelEntry, PtxCheckEntry};
use arverify_protocol::ir::{Protocol, Source};
use arverify_protocol::verdict::Verdict;
use std::sync::Arc;

/// Checks the PTX of a kernel. Of the sizes only blocks and elements count: the others are fixed in the code.
pub fn check_ptx(entry: &KernelEntry, protocol: &Protocol, ptx: &str, options: &Options) -> Result<Outcome, Error> {
    let (blocks, elements, launches) = (options.sizes.blocks, options.sizes.elements, options.launches);
    let name = format!("{}.ptx", entry.entry);
    let refused = |reason: String| Error::Unchecked { entry: entry.entry.clone(), reason };
    let toml =
        render_launch(entry, protocol, blocks, elements, launches).map_err(|error| refused(error.to_string()))?;
    let source = Arc::new(Source { name, text: ptx.to_owned() });
    let program = load(&source, ("LAUNCH.toml", &toml), &Overrides::default(), 1);
    let program = program.map_err(|error| refused(error.to_string()))?;
    Ok(check_program(Arc::new(program), options))
}

/// Checks the PTX of a kernel at the sizes that its certificate names. Must be verified.
pub(crate) fn recheck(
    entry: &KernelEntry,
    protocol: &Protocol,
    architecture: &str,
    ptx: &str,
) -> Result<PtxCheckEntry, Error> {
    let blocks = entry.max_blocks.min(2);
    let vector = u64::from(entry.dtype.vector());
    let elements = u64::from(blocks) * u64::from(entry.threads) * vector + vector + 3;
    let launches = protocol.launches_to_come_round();
    recheck_at(entry, protocol, architecture, ptx, (blocks, elements, launches))
}

/// Repeats a recorded check.
pub(crate) fn recheck_at(
    entry: &KernelEntry,
    protocol: &Protocol,
    architecture: &str,
    ptx: &str,
    (blocks, elements, launches): (u32, u64, u32),
) -> Result<PtxCheckEntry, Error> {
    let options = Options { launches, ..Options::new(entry.sizes(blocks, elements)) };
    let outcome = check_ptx(entry, protocol, ptx, &options)?;
    let sizes = format!("B = {blocks}, N = {elements}, {launches} launches, as PTX for {architecture}");
    match outcome.verdict {
        Verdict::Verified => Ok(PtxCheckEntry {
            architecture: architecture.to_owned(),
            blocks,
            elements,
            launches,
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
