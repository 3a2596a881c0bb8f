//! `arverify prove`: obligations for all sizes, and the check: at small sizes, which a proof rests on, and at those that a
//! counterexample names.

use super::arguments::{BoundArguments, Format, ProveArguments};
use super::target::{Target, target};
use super::{InputError, print};
use crate::axioms::solver_is_new_enough;
use crate::check::{Options, try_check};
use crate::program::lengths::Lengths;
use crate::prove::{Counterexample, Kind, Limits, Proven, Verdict, premise, prove, ranks_left};
use crate::report::proof::{Answer, Reproduction, Row, human, json};
use arverify_protocol::catalogue;
use arverify_protocol::data::Accumulate;
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::verdict::Verdict as CheckVerdict;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

/// Sizes that are checked to see whether a counterexample is one.
const MOST_THREADS_CHECKED: u64 = 4096;
const MOST_ELEMENTS_CHECKED: u64 = 1 << 16;
const MOST_LAUNCHES_CHECKED: u64 = 16;

/// Wall-clock limit of such a check.
const CHECK_TIME: Duration = Duration::from_secs(20);

/// Wall-clock limit of the checks that a proof rests on.
const PREMISE_TIME: Duration = Duration::from_secs(60);

/// Runs the command.
pub(super) fn run(arguments: &ProveArguments) -> Result<u8, InputError> {
    if let Err(reason) = solver_is_new_enough() {
        eprintln!("inconclusive: {reason}");
        return Ok(3);
    }
    if arguments.targets.len() != 1 && (arguments.variant.is_some() || !arguments.knob.is_empty()) {
        return Err(InputError::message("--variant and --knob need one target, the protocol that has them"));
    }
    let catalogue: Vec<String> = catalogue::TEXTS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let names = if arguments.targets.is_empty() { &catalogue } else { &arguments.targets };
    let bounds = bounds(arguments);
    let targets = names.iter().map(|name| target(name, &bounds)).collect::<Result<Vec<Target>, _>>()?;
    let limits = Limits { most_ranks: arguments.max_ranks, time: Duration::from_secs(arguments.timeout) };
    let rows: Vec<Row> = targets.iter().map(|target| row(target, &limits)).collect();
    print(&match arguments.format {
        Format::Human => human(&rows),
        Format::Json => json(&rows),
    })?;
    Ok(status(&rows))
}

/// A target is found as for a check; its sizes are not used.
fn bounds(arguments: &ProveArguments) -> BoundArguments {
    let (variant, knob) = (arguments.variant.clone(), arguments.knob.clone());
    BoundArguments { seed: 1, variant, knob, ..BoundArguments::default() }
}

/// Refuted wins over inconclusive, inconclusive over proven.
fn status(rows: &[Row]) -> u8 {
    let any = |answer: Answer| rows.iter().any(|row| row.verdict() == answer);
    match () {
        () if any(Answer::Refuted) => 1,
        () if any(Answer::Inconclusive) => 3,
        () => 0,
    }
}

fn row(target: &Target, limits: &Limits) -> Row {
    let proof = prove(&target.protocol, limits);
    let mut checked: Vec<(Counterexample, Reproduction)> = Vec::new();
    let obligations = proof.obligations.into_iter().map(|obligation| confirmed(target, obligation, &mut checked));
    let ranks = ranks_left(&target.protocol, limits.most_ranks);
    Row {
        target: target.name.clone(),
        variant: target.variant.clone(),
        command: super::target::command("check", target),
        protocol: Arc::new(target.protocol.clone()),
        premise: premise(&target.protocol, &ranks, PREMISE_TIME),
        ranks,
        obligations: obligations.collect(),
        seconds: proof.time.as_secs_f64(),
    }
}

/// An obligation is sufficient, not necessary: one that fails where the check finds nothing wrong is inconclusive.
fn confirmed(
    target: &Target,
    mut obligation: Proven,
    checked: &mut Vec<(Counterexample, Reproduction)>,
) -> (Proven, Option<Reproduction>) {
    let Verdict::Refuted(counterexample) = &obligation.verdict else { return (obligation, None) };
    let known = checked.iter().find(|(known, _)| known == counterexample).map(|(_, reproduction)| reproduction.clone());
    let reproduction = known.unwrap_or_else(|| {
        let reproduction = reproduce(target, counterexample);
        checked.push((counterexample.clone(), reproduction.clone()));
        reproduction
    });
    // That a peer can run ahead is shown by a few waits that would hold it back; there may be others.
    let confirmed = match reproduction.verdict {
        Some(CheckVerdict::Violated) => true,
        Some(CheckVerdict::Verified) => false,
        Some(CheckVerdict::Inconclusive) | None => obligation.kind != Kind::Lost,
    };
    if !confirmed {
        let why = format!("it fails at {}, where the check finds nothing wrong", Sentence(counterexample));
        obligation.verdict = Verdict::Inconclusive(why);
    }
    (obligation, Some(reproduction))
}

struct Sentence<'c>(&'c Counterexample);

impl std::fmt::Display for Sentence<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Counterexample { ranks, blocks, threads, elements, launches, data, .. } = self.0;
        write!(
            formatter,
            "{ranks} ranks, {blocks} blocks, {threads} threads, {elements} {data} elements, {launches} launches"
        )
    }
}

fn reproduce(target: &Target, counterexample: &Counterexample) -> Reproduction {
    let Counterexample { ranks, blocks, threads, elements, capacity, launches, data } = *counterexample;
    // A launch of so many elements, where there is room for more.
    let lengths = Lengths::of(&[elements, capacity]).filter(|_| capacity > elements);
    let elements = elements.max(capacity);
    let written = lengths.unwrap_or(Lengths::one(elements));
    let mut command = super::target::command("check", target);
    let _ = write!(
        command,
        " --ranks {ranks} --blocks {blocks} --threads {threads} --elements {written} --launches {launches} --dtype {data}"
    );
    let small = ranks.saturating_mul(blocks).saturating_mul(threads) <= MOST_THREADS_CHECKED
        && elements <= MOST_ELEMENTS_CHECKED
        && launches <= MOST_LAUNCHES_CHECKED;
    if !small {
        return Reproduction { command, verdict: None, codes: Vec::new() };
    }
    let sizes = Sizes {
        ranks: ranks as u32,
        blocks: blocks as u32,
        threads: threads as u32,
        elements,
        capacity: elements,
        data,
        accumulate: Accumulate::Own,
    };
    let options = Options { launches: launches as u32, lengths, timeout: Some(CHECK_TIME), ..Options::new(sizes) };
    match try_check(&target.protocol, &options) {
        Ok(outcome) => Reproduction {
            command,
            verdict: Some(outcome.verdict),
            codes: outcome.findings.iter().map(|finding| finding.code).collect(),
        },
        Err(_) => Reproduction { command, verdict: None, codes: Vec::new() },
    }
}
