//! `arverify check`

use super::arguments::{CheckArguments, ReportFormat};
use super::kernel::is_kernel;
use super::subject::{Asked, Checked, Subject, subject};
use super::{InputError, print, threads};
use crate::axioms::solver_is_new_enough;
use crate::prove::Limits;
use crate::report::{self, Refused, Row};
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
    let limits = Limits { most_ranks: MOST_RANKS, time: PROOF_TIME };
    let proofs = arguments.prove.then_some(&limits);
    if let (Some(_), Err(reason)) = (proofs, solver_is_new_enough()) {
        return Err(InputError::message(format!("--prove: {reason}")));
    }
    let (rows, refused) = results(arguments, proofs)?;
    let status = status(&rows, &refused);
    let text = match arguments.format {
        ReportFormat::Human => report::human::render(&rows, &refused, std::io::stdout().is_terminal()),
        ReportFormat::Json => report::json::render(&rows, &refused),
        ReportFormat::Sarif => report::sarif::render(&rows, &refused, status),
    };
    print(&text)?;
    // A page about nothing would pass for one about everything.
    if let Some(report) = report.filter(|_| !rows.is_empty()) {
        report.write(&rows, &refused)?;
    }
    Ok(status)
}

/// All targets: those that were checked, and those that cannot be. What is wrong with the latter is said on standard error.
fn results(arguments: &CheckArguments, proofs: Option<&Limits>) -> Result<(Vec<Row>, Vec<Refused>), InputError> {
    let names = names(arguments)?;
    let (mut positions, mut subjects, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for (position, name) in names.iter().enumerate() {
        match read(name, arguments, names.len()) {
            Ok(subject) => {
                positions.push(position);
                subjects.push(subject);
            }
            Err(error) => errors.push((position, error)),
        }
    }
    let outcomes = check_all(&mut subjects, arguments);
    let mut rows = Vec::new();
    for ((position, subject), outcome) in positions.into_iter().zip(&subjects).zip(outcomes) {
        match outcome {
            Ok(checked) => rows.push(subject.row(checked, proofs)),
            Err(error) => errors.push((position, error)),
        }
    }
    errors.sort_by_key(|(position, _)| *position);
    complain(errors.iter().map(|(_, error)| error));
    let refused = errors.iter().map(|(position, error)| error.refused(*position, &names[*position])).collect();
    Ok((rows, refused))
}

/// One message for each error, on standard error; an error that several targets share, such as one in their launch file, once.
fn complain<'e>(errors: impl Iterator<Item = &'e InputError>) {
    let colour = std::io::stderr().is_terminal();
    let mut said: Vec<String> = Vec::new();
    for text in errors.map(|error| error.render(colour)) {
        if !said.contains(&text) {
            eprintln!("{text}");
            said.push(text);
        }
    }
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
    fn write(&self, rows: &[Row], refused: &[Refused]) -> Result<(), InputError> {
        let path = self.path.display();
        let failed = |error: &dyn std::fmt::Display| InputError::message(format!("cannot write `{path}`: {error}"));
        let text = match self.is_picture {
            false => report::html::page(rows, refused).map_err(|error| failed(&error))?,
            true => report::html::picture(rows).map_err(|error| failed(&error))?,
        };
        std::fs::write(self.path, text).map_err(|error| failed(&error))
    }
}

/// What cannot be checked wins over all: the command as it was given has no answer. Then violated wins over inconclusive, and
/// inconclusive over verified.
fn status(rows: &[Row], refused: &[Refused]) -> u8 {
    let any = |verdict: Verdict| rows.iter().any(|row| row.outcome.verdict == verdict);
    match () {
        () if !refused.is_empty() => 2,
        () if any(Verdict::Violated) => 1,
        () if any(Verdict::Inconclusive) => 3,
        () => 0,
    }
}

/// The targets: those that were named, or the catalogue.
fn names(arguments: &CheckArguments) -> Result<Vec<String>, InputError> {
    let bounds = &arguments.bounds;
    if arguments.targets.len() != 1 && (bounds.variant.is_some() || !bounds.knob.is_empty()) {
        return Err(InputError::message("--variant and --knob need one target, the protocol that has them"));
    }
    if bounds.launch.is_some() && !arguments.targets.iter().any(|name| is_kernel(name)) {
        return Err(InputError::message("--launch needs a target that is a kernel: FILE.ptx or FILE.cu"));
    }
    if arguments.targets.is_empty() {
        return Ok(catalogue::TEXTS.iter().map(|(name, _)| (*name).to_owned()).collect());
    }
    Ok(arguments.targets.clone())
}

/// Finds and reads one of so many targets.
fn read(name: &str, arguments: &CheckArguments, targets: usize) -> Result<Subject, InputError> {
    let mut subject = subject(name, &arguments.bounds)?;
    let options = subject.options_mut();
    options.max_states = arguments.max_states;
    options.timeout = Some(Duration::from_secs(arguments.timeout));
    options.max_bytes = arguments.max_memory << 30;
    options.all = arguments.all;
    options.jobs = (threads(arguments.jobs) / targets.max(1)).max(1);
    options.beside_others = threads(arguments.jobs).min(targets) > 1;
    // The whole catalogue is a matter of a second; `argen emit` and the tests check it at more sizes.
    if arguments.targets.is_empty() {
        subject.at_one_size();
    }
    Ok(subject)
}

const fn asked(arguments: &CheckArguments) -> Asked {
    Asked { lints: arguments.lints, suggest: arguments.suggest }
}

/// Several at a time. What there was no memory for beside others is checked once more, alone.
fn check_all(targets: &mut [Subject], arguments: &CheckArguments) -> Vec<Result<Checked, InputError>> {
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
    outcomes
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
