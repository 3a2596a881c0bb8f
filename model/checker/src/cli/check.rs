//! `arverify check`

use super::arguments::{CheckArguments, ReportFormat};
use super::kernel::is_kernel;
use super::subject::{Asked, Checked, Subject, subject};
use super::{InputError, print, threads};
use crate::axioms::solver_is_new_enough;
use crate::prove::Limits;
use crate::report::{self, Row};
use arverify_protocol::catalogue;
use arverify_protocol::verdict::Verdict;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Ranks that `--prove` proves for, from 2 to this, and the wall-clock limit for each target: as `arverify prove` has them.
const MOST_RANKS: u32 = 64;
const PROOF_TIME: Duration = Duration::from_secs(60);

/// Runs the command.
pub(super) fn run(arguments: &CheckArguments) -> Result<u8, InputError> {
    let report = arguments.report.as_deref().map(Report::to).transpose()?;
    let mut targets = targets(arguments)?;
    let outcomes = check_all(&mut targets, arguments)?;
    let limits = Limits { most_ranks: MOST_RANKS, time: PROOF_TIME };
    let proofs = arguments.prove.then_some(&limits);
    if let (Some(_), Err(reason)) = (proofs, solver_is_new_enough()) {
        return Err(InputError::message(format!("--prove: {reason}")));
    }
    let rows: Vec<Row> = targets.iter().zip(outcomes).map(|(target, outcome)| target.row(outcome, proofs)).collect();
    let text = match arguments.format {
        ReportFormat::Human => report::human::render(&rows, std::io::stdout().is_terminal()),
        ReportFormat::Json => report::json::render(&rows),
        ReportFormat::Sarif => report::sarif::render(&rows, status(&rows)),
    };
    print(&text)?;
    if let Some(report) = report {
        report.write(&rows)?;
    }
    Ok(status(&rows))
}

/// A file for a report.
struct Report<'a> {
    path: &'a Path,
    is_picture: bool,
}

impl Report<'_> {
    /// Its name says what it holds.
    fn to(path: &Path) -> Result<Report<'_>, InputError> {
        let is_picture = match path.extension().and_then(|extension| extension.to_str()) {
            Some("html" | "htm") => false,
            Some("svg") => true,
            _ => {
                let path = path.display();
                return Err(InputError::message(format!("`--report {path}`: expected FILE.html or FILE.svg")));
            }
        };
        Ok(Report { path, is_picture })
    }

    /// What has been found is written down; nothing is explored for it.
    fn write(&self, rows: &[Row]) -> Result<(), InputError> {
        let path = self.path.display();
        let failed = |error: &dyn std::fmt::Display| InputError::message(format!("cannot write `{path}`: {error}"));
        let text = match self.is_picture {
            false => report::html::page(rows).map_err(|error| failed(&error))?,
            true => report::html::picture(rows).map_err(|error| failed(&error))?,
        };
        std::fs::write(self.path, text).map_err(|error| failed(&error))
    }
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

fn targets(arguments: &CheckArguments) -> Result<Vec<Subject>, InputError> {
    let bounds = &arguments.bounds;
    if arguments.targets.len() != 1 && (bounds.variant.is_some() || !bounds.knob.is_empty()) {
        return Err(InputError::message("--variant and --knob need one target, the protocol that has them"));
    }
    if bounds.launch.is_some() && !arguments.targets.iter().any(|name| is_kernel(name)) {
        return Err(InputError::message("--launch needs a target that is a kernel: FILE.ptx or FILE.cu"));
    }
    let catalogue: Vec<String> = catalogue::TEXTS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let names = if arguments.targets.is_empty() { &catalogue } else { &arguments.targets };
    names
        .iter()
        .map(|name| {
            let mut subject = subject(name, bounds)?;
            let options = subject.options_mut();
            options.max_states = arguments.max_states;
            options.timeout = Some(Duration::from_secs(arguments.timeout));
            options.max_bytes = arguments.max_memory << 30;
            options.all = arguments.all;
            options.jobs = (threads(arguments.jobs) / names.len().max(1)).max(1);
            options.beside_others = threads(arguments.jobs).min(names.len()) > 1;
            // The whole catalogue is a matter of a second; `argen emit` and the tests check it at more sizes.
            if arguments.targets.is_empty() {
                subject.at_one_size();
            }
            Ok(subject)
        })
        .collect()
}

const fn asked(arguments: &CheckArguments) -> Asked {
    Asked { lints: arguments.lints, suggest: arguments.suggest }
}

/// Several at a time. What there was no memory for beside others is checked once more, alone.
fn check_all(targets: &mut [Subject], arguments: &CheckArguments) -> Result<Vec<Checked>, InputError> {
    let bar = progress_bar(targets.len());
    let mut outcomes = check_together(targets, arguments, &bar);
    for (target, outcome) in targets.iter_mut().zip(&mut outcomes) {
        let options = target.options_mut();
        if options.beside_others && outcome.as_ref().is_ok_and(Checked::is_out_of_memory) {
            options.beside_others = false;
            options.jobs = threads(arguments.jobs);
            bar.set_message(target.name().to_owned());
            *outcome = target.check(arguments.engine.into(), asked(arguments));
        }
    }
    bar.finish_and_clear();
    outcomes.into_iter().collect()
}

fn check_together(
    targets: &[Subject],
    arguments: &CheckArguments,
    bar: &ProgressBar,
) -> Vec<Result<Checked, InputError>> {
    let next = AtomicUsize::new(0);
    let slots: Vec<Mutex<Option<Result<Checked, InputError>>>> = targets.iter().map(|_| Mutex::new(None)).collect();
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(target) = targets.get(index) else { break };
            bar.set_message(target.name().to_owned());
            let outcome = target.check(arguments.engine.into(), asked(arguments));
            *slots[index].lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
            bar.inc(1);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads(arguments.jobs).min(targets.len()) {
            scope.spawn(work);
        }
        work();
    });
    slots
        .into_iter()
        .map(|slot| {
            let outcome = slot.into_inner().unwrap_or_else(PoisonError::into_inner);
            outcome.unwrap_or_else(|| Err(InputError::message("a target was not checked")))
        })
        .collect()
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
