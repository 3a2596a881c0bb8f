//! `arverify check`

use super::arguments::{CheckArguments, Format};
use super::target::{Target, refusal, target};
use super::{InputError, print};
use crate::check::{Options, Outcome, redundancies, try_check};
use crate::report::{self, Row};
use arverify_protocol::catalogue;
use arverify_protocol::verdict::Verdict;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Runs the command.
pub(super) fn run(arguments: &CheckArguments) -> Result<u8, InputError> {
    let targets = targets(arguments)?;
    let outcomes = check_all(&targets, arguments.jobs as usize, arguments.lints)?;
    let rows: Vec<Row> = targets.iter().zip(outcomes).map(|(target, outcome)| row(target, outcome)).collect();
    let text = match arguments.format {
        Format::Human => report::human::render(&rows, std::io::stdout().is_terminal()),
        Format::Json => report::json::render(&rows),
    };
    print(&text)?;
    Ok(status(&rows))
}

/// Violated wins over inconclusive, inconclusive over verified.
fn status(rows: &[Row]) -> u8 {
    let any = |verdict: Verdict| rows.iter().any(|row| row.outcome.verdict == verdict);
    match () {
        () if any(Verdict::Violated) => 1,
        () if any(Verdict::Inconclusive) => 3,
        () => 0,
    }
}

fn targets(arguments: &CheckArguments) -> Result<Vec<Target>, InputError> {
    let bounds = &arguments.bounds;
    if arguments.targets.len() != 1 && (bounds.variant.is_some() || !bounds.knob.is_empty()) {
        return Err(InputError::message("--variant and --knob need one target, the protocol that has them"));
    }
    let catalogue: Vec<String> = catalogue::TEXTS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let names = if arguments.targets.is_empty() { &catalogue } else { &arguments.targets };
    names
        .iter()
        .map(|name| {
            let mut target = target(name, bounds)?;
            target.options = Options {
                max_states: arguments.max_states,
                timeout: Some(Duration::from_secs(arguments.timeout)),
                max_bytes: arguments.max_memory << 30,
                ..target.options
            };
            Ok(target)
        })
        .collect()
}

fn check_all(targets: &[Target], jobs: usize, lints: bool) -> Result<Vec<Outcome>, InputError> {
    let bar = progress_bar(targets.len());
    let next = AtomicUsize::new(0);
    let slots: Vec<Mutex<Option<Result<Outcome, InputError>>>> = targets.iter().map(|_| Mutex::new(None)).collect();
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(target) = targets.get(index) else { break };
            bar.set_message(target.name.clone());
            let outcome = check_one(target, lints);
            *slots[index].lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
            bar.inc(1);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..jobs.min(targets.len()) {
            scope.spawn(work);
        }
        work();
    });
    bar.finish_and_clear();
    slots
        .into_iter()
        .map(|slot| {
            let outcome = slot.into_inner().unwrap_or_else(PoisonError::into_inner);
            outcome.unwrap_or_else(|| Err(InputError::message("a target was not checked")))
        })
        .collect()
}

/// One target; where it is verified and lints are asked for, with what could be weaker.
fn check_one(target: &Target, lints: bool) -> Result<Outcome, InputError> {
    let mut outcome = try_check(&target.protocol, &target.options).map_err(|error| refusal(target, &error))?;
    if lints && outcome.verdict == Verdict::Verified {
        let (findings, undecided) = redundancies(&target.protocol, &target.options);
        outcome.findings.extend(findings);
        if undecided > 0 {
            outcome.warnings.push(format!("{undecided} weaker forms were not decided: a limit was reached"));
        }
    }
    Ok(outcome)
}

/// Progress, on standard error and only to a terminal.
fn progress_bar(length: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(length as u64);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len} {msg} {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

fn row(target: &Target, mut outcome: Outcome) -> Row {
    let replay = outcome.schedule.as_ref().map(|schedule| super::replay::command(target, schedule));
    for finding in &mut outcome.findings {
        finding.replay.clone_from(&replay);
    }
    Row {
        target: target.name.clone(),
        variant: target.variant.clone(),
        expected: target.expected.clone(),
        source: target.protocol.source.clone(),
        options: target.options,
        outcome,
    }
}
