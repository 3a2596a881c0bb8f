//! What is checked: a protocol, or a kernel with its launch.

use super::InputError;
use super::arguments::BoundArguments;
use super::kernel::{KernelTarget, is_kernel, kernel};
use super::target::{Target, refusal, target};
use crate::check::{Engine, Options, Outcome, check_program_with, redundancies, try_check_with};
use crate::report::{Bounds, Row};
use arverify_protocol::verdict::Verdict;
use std::sync::Arc;

/// A target of either kind.
pub(super) enum Subject {
    /// A protocol of the catalogue or of a file.
    Protocol(Box<Target>),
    /// A kernel in PTX or CUDA.
    Kernel(Box<KernelTarget>),
}

/// Finds and reads a target.
pub(super) fn subject(name: &str, bounds: &BoundArguments) -> Result<Subject, InputError> {
    if is_kernel(name) {
        if bounds.topology.is_some() {
            return Err(InputError::message(format!("--topology is for protocols: `{name}` is a kernel")));
        }
        let options = super::target::assumptions(bounds);
        return Ok(Subject::Kernel(Box::new(kernel(name, bounds, options)?)));
    }
    for (option, given) in [("--kernel", bounds.entry.kernel.is_some()), ("--arch", bounds.entry.arch.is_some())] {
        if given {
            return Err(InputError::message(format!("{option} is for kernels: `{name}` is a protocol")));
        }
    }
    if let (Some(topology), Some(ranks)) = (&bounds.topology, bounds.ranks)
        && topology.ranks() != ranks
    {
        let all = topology.ranks();
        return Err(InputError::message(format!("`--ranks {ranks}` contradicts `--topology {topology}`: {all} ranks")));
    }
    if bounds.ranks == Some(1) {
        return Err(InputError::message(format!("`{name}`: a protocol has 2 to 64 ranks, not 1")));
    }
    Ok(Subject::Protocol(Box::new(target(name, bounds)?)))
}

impl Subject {
    /// As it was named.
    pub(super) fn name(&self) -> &str {
        match self {
            Subject::Protocol(target) => &target.name,
            Subject::Kernel(target) => &target.name,
        }
    }

    /// Sizes, assumptions and limits.
    pub(super) fn options_mut(&mut self) -> &mut Options {
        match self {
            Subject::Protocol(target) => &mut target.options,
            Subject::Kernel(target) => &mut target.options,
        }
    }

    /// Checks it; `lints` asks for what could be weaker, too, where it is verified.
    pub(super) fn check(&self, engine: Engine, lints: bool) -> Result<Outcome, InputError> {
        match self {
            Subject::Protocol(target) => check_protocol(target, engine, lints),
            Subject::Kernel(target) if lints => {
                Err(InputError::message(format!("--lints is for protocols: `{}` is a kernel", target.name)))
            }
            Subject::Kernel(target) => Ok(check_program_with(&Arc::new(target.program()?), &target.options, engine)),
        }
    }

    /// Its result, for the report.
    pub(super) fn row(&self, outcome: Outcome) -> Row {
        match self {
            Subject::Protocol(target) => protocol_row(target, outcome),
            Subject::Kernel(target) => target.row(outcome),
        }
    }
}

fn check_protocol(target: &Target, engine: Engine, lints: bool) -> Result<Outcome, InputError> {
    let mut outcome =
        try_check_with(&target.protocol, &target.options, engine).map_err(|error| refusal(target, &error))?;
    if lints && outcome.verdict == Verdict::Verified {
        let (findings, undecided) = redundancies(&target.protocol, &target.options, engine);
        outcome.findings.extend(findings);
        if undecided > 0 {
            outcome.warnings.push(format!("{undecided} weaker forms were not decided"));
        }
    }
    Ok(outcome)
}

fn protocol_row(target: &Target, mut outcome: Outcome) -> Row {
    let replay = outcome.schedule.as_ref().map(|schedule| super::replay::command(target, schedule));
    for finding in &mut outcome.findings {
        finding.replay.clone_from(&replay);
    }
    Row {
        target: target.name.clone(),
        variant: target.variant.clone(),
        expected: target.expected.clone(),
        source: target.protocol.source.clone(),
        kernel: None,
        topology: target.topology.clone(),
        bounds: Bounds { streams: streams(&target), ..Bounds::from(&target.options.sizes) },
        options: target.options,
        outcome,
    }
}

/// Streams of each rank, where the target is a host program.
fn streams(target: &Target) -> Option<u32> {
    let streams = target.protocol.streams_of(&target.options.sizes).ok()?;
    target.protocol.is_host_program().then_some(streams)
}
