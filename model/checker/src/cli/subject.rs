//! What is checked: a protocol, or a kernel with its launch.

use super::InputError;
use super::arguments::{Assumption, BoundArguments};
use super::kernel::{KernelTarget, is_kernel, kernel};
use super::suggest::{lints_of_kernel, lints_of_protocol, of_kernel, of_protocol};
use super::target::{Target, refusal, target};
use crate::check::{Engine, Options, Outcome, POLLED_WORDS, WHOLE_VECTORS, redundancies, try_check_with};
use crate::prove::known::{Known, known};
use crate::prove::{Limits, described_launches, prove, ranks_left, written_requirements};
use crate::report::beyond::Beyond;
use crate::report::{Bounds, Row};
use crate::suggest::Suggestion;
use crate::suggest::weaker::Found;
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::verdict::Verdict;
use std::time::Instant;

/// A target of either kind.
pub(super) enum Subject {
    /// A protocol of the catalogue or of a file.
    Protocol(Box<Target>),
    /// A kernel in PTX or CUDA.
    Kernel(Box<KernelTarget>),
}

/// What is asked for beside the verdict.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// What could be weaker, where it is verified.
    pub(super) lints: bool,
    /// What would mend it, where it is violated.
    pub(super) suggest: bool,
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
    let of_kernels = [
        (Assumption::PolledWordsStrong, POLLED_WORDS, "the accesses of a protocol say what they are"),
        (Assumption::VectorsWhole, WHOLE_VECTORS, "a protocol has no strong vectors"),
    ];
    if let Some((_, assumed, why)) = of_kernels.iter().find(|(assumption, ..)| bounds.assume.contains(assumption)) {
        return Err(InputError::message(format!("--assume {assumed} is for kernels, not for `{name}`: {why}")));
    }
    let compiled = bounds.entry.given().into_iter().map(|(option, _)| option);
    if let Some(option) = bounds.entry.kernel.as_ref().map(|_| "--kernel").into_iter().chain(compiled).next() {
        return Err(InputError::message(format!("{option} is for kernels: `{name}` is a protocol")));
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

    /// Only the sizes of its options are checked.
    pub(super) fn at_one_size(&mut self) {
        if let Subject::Protocol(target) = self {
            target.others.clear();
        }
    }

    /// Checks it, and what is asked for beside.
    pub(super) fn check(&self, engine: Engine, asked: Asked) -> Result<Checked, InputError> {
        match self {
            Subject::Protocol(target) => check_protocol(target, engine, asked),
            Subject::Kernel(target) => {
                let started = Instant::now();
                let mut outcome = target.check(engine)?;
                if asked.lints && outcome.verdict == Verdict::Verified {
                    let found = lints_of_kernel(target, &outcome, engine, started.elapsed());
                    add_lints(&mut outcome, found);
                }
                let wanted = asked.suggest && outcome.verdict == Verdict::Violated;
                let suggestion = wanted.then(|| of_kernel(target, &outcome, engine, started.elapsed()));
                Ok(Checked { outcome, options: target.options, tried: Vec::new(), suggestion })
            }
        }
    }

    /// Its result, for the report; with limits, what is not known to be proven is proven now.
    pub(super) fn row(&self, checked: Checked, proofs: Option<&Limits>) -> Row {
        match self {
            Subject::Protocol(target) => protocol_row(target, checked, proofs),
            Subject::Kernel(target) => Row { suggestion: checked.suggestion, ..target.row(checked.outcome) },
        }
    }
}

/// The outcome of a check, with the sizes that decided it.
pub(super) struct Checked {
    outcome: Outcome,
    options: Options,
    /// All sizes that were tried, each with its verdict; nothing where there was one.
    tried: Vec<(Sizes, Verdict)>,
    /// What would mend it, where that was asked for.
    suggestion: Option<Suggestion>,
}

impl Checked {
    /// Whether it was not decided for want of memory.
    pub(super) fn is_out_of_memory(&self) -> bool {
        self.outcome.out_of_memory
    }
}

/// The worst verdict of all sizes counts; of equal ones the first. A violation ends it.
fn check_protocol(target: &Target, engine: Engine, asked: Asked) -> Result<Checked, InputError> {
    let started = Instant::now();
    let mut worst: Option<(Outcome, Options)> = None;
    let mut tried = Vec::new();
    let all = all_options(target);
    for (number, options) in all.iter().copied().enumerate() {
        let left = options.timeout.map(|limit| limit.saturating_sub(started.elapsed()));
        // A second opinion is asked for once, at the sizes that come first.
        let engine = if number == 0 { engine } else { Engine::Operational };
        let outcome = try_check_with(&target.protocol, &Options { timeout: left, ..options }, engine)
            .map_err(|error| refusal(target, &error))?;
        tried.push((options.sizes, outcome.verdict));
        let verdict = outcome.verdict;
        if worst.as_ref().is_none_or(|(worst, _)| severity(verdict) > severity(worst.verdict)) {
            let lengths = outcome.lengths.filter(|lengths| lengths.differ());
            worst = Some((outcome, Options { lengths, ..options }));
        }
        if verdict == Verdict::Violated || engine == Engine::Axiomatic {
            break;
        }
    }
    let Some((mut outcome, options)) = worst else {
        return Err(InputError::message(format!("`{}`: there is nothing to check", target.name)));
    };
    if asked.lints && outcome.verdict == Verdict::Verified {
        let (mut findings, mut undecided) = redundancies(&target.protocol, &options, engine);
        let (further, others) = lints_of_protocol(target, &options, &outcome, started.elapsed());
        findings.extend(further);
        undecided += others;
        add_lints(&mut outcome, (findings, undecided));
    }
    let wanted = asked.suggest && outcome.verdict == Verdict::Violated;
    let suggestion = wanted.then(|| of_protocol(target, &all, (&outcome, &options), engine, started.elapsed()));
    Ok(Checked { outcome, options, tried, suggestion })
}

fn add_lints(outcome: &mut Outcome, (findings, undecided): Found) {
    outcome.findings.extend(findings);
    if undecided > 0 {
        outcome.warnings.push(format!("{undecided} weaker forms were not decided"));
    }
}

/// The sizes of the options first, unless a requirement excludes them and there are others that it does not.
fn all_options(target: &Target) -> Vec<Options> {
    let meets = matches!(target.protocol.unmet_requirement(&target.options.sizes), Ok(None));
    let first = (meets || target.others.is_empty()).then_some(target.options.sizes);
    let all = first.into_iter().chain(target.others.iter().copied());
    all.map(|sizes| Options { sizes, ..target.options }).collect()
}

fn severity(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Verified => 0,
        Verdict::Inconclusive => 1,
        Verdict::Violated => 2,
    }
}

/// What is proven of a protocol beyond the bounds of its check.
fn beyond(target: &Target, proofs: Option<&Limits>) -> Beyond {
    let proven = known(&target.protocol).or_else(|| {
        let limits = proofs?;
        let proof = prove(&target.protocol, limits);
        Some(Known::of(&target.protocol, target.variant.as_deref(), limits.most_ranks, &proof))
    });
    let Some(known) = proven else { return Beyond::Unasked(super::target::command("prove", target)) };
    let ranks = ranks_left(&target.protocol, known.most_ranks);
    let launches = described_launches(&target.protocol);
    Beyond::Proven { known, ranks, requirements: written_requirements(&target.protocol), launches }
}

fn protocol_row(target: &Target, checked: Checked, proofs: Option<&Limits>) -> Row {
    let Checked { mut outcome, options, tried, suggestion } = checked;
    outcome.tell_replays(|schedule| super::replay::command(target, &options, schedule));
    Row {
        target: target.name.clone(),
        variant: target.variant.clone(),
        expected: target.expected.clone(),
        source: target.protocol.source.clone(),
        kernel: None,
        topology: target.topology.clone(),
        bounds: Bounds { streams: streams(target), ..Bounds::from(&options.sizes) },
        options,
        tried,
        outcome,
        suggestion,
        beyond: Some(beyond(target, proofs)),
    }
}

/// Streams of each rank, where the target is a host program.
fn streams(target: &Target) -> Option<u32> {
    let streams = target.protocol.streams_of(&target.options.sizes).ok()?;
    target.protocol.is_host_program().then_some(streams)
}
