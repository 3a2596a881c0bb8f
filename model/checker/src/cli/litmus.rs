//! `arverify litmus`

use super::arguments::{EngineArgument, Format, LitmusArguments, ModelArgument};
use super::{InputError, print, threads};
use crate::axioms::{self, Answer, Budget, Model};
use crate::litmus::{Test, parse};
use crate::liveness::{ProgressModel, always_ends};
use crate::outcomes;
use rustc_hash::FxHashMap;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// States of the machine, for one test.
const STATE_LIMIT: usize = 200_000;

/// One test's result.
struct Row {
    file: PathBuf,
    expected: Option<bool>,
    /// None when the file does not parse; then `message` says why.
    answer: Option<Answer>,
    message: String,
    seconds: f64,
}

/// Counts for the last line.
#[derive(Default)]
struct Summary {
    agree: usize,
    differ: usize,
    inconclusive: usize,
    unparsed: usize,
}

/// Runs the command.
pub(super) fn run(arguments: &LitmusArguments) -> Result<u8, InputError> {
    let column = if arguments.liveness { progress(arguments).name() } else { "holds" };
    let expected = arguments.expected.as_deref().map(|path| expectations(path, column)).transpose()?;
    let mut files = Vec::new();
    for path in &arguments.paths {
        collect(path, &mut files)?;
    }
    let mut tests: Vec<(PathBuf, Option<bool>)> = Vec::new();
    for file in files {
        let known = expected.as_ref().map(|expected| expected.get(&canonical(&file)).copied());
        match known {
            None => tests.push((file, None)),
            Some(Some(expected)) => tests.push((file, Some(expected))),
            Some(None) => {}
        }
    }
    if tests.is_empty() {
        let what = if expected.is_some() { "no litmus test that the expected results name" } else { "no litmus test" };
        return Err(InputError::message(format!("there is {what} below the paths given")));
    }
    let rows = judge_all(&tests, arguments);
    let summary = Summary::of(&rows, arguments.expected.is_some());
    for row in rows.iter().filter(|row| row.answer.is_none()) {
        eprintln!("{}", row.message);
    }
    match arguments.format {
        Format::Human => print(&human(&rows, &summary))?,
        Format::Json => print(&json_text(&rows, arguments))?,
    }
    Ok(summary.status())
}

fn progress(arguments: &LitmusArguments) -> ProgressModel {
    let fair = || ProgressModel::all().next().expect("fair is the first model");
    arguments.progress.unwrap_or_else(fair)
}

/// Litmus tests at or below a path, sorted.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), InputError> {
    let failed = |error: std::io::Error| InputError::message(format!("{}: {error}", path.display()));
    if !path.metadata().map_err(failed)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let entries = std::fs::read_dir(path).and_then(|entries| entries.collect::<Result<Vec<_>, _>>()).map_err(failed)?;
    let mut entries: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            collect(&entry, files)?;
        } else if entry.extension().is_some_and(|extension| extension == "litmus") {
            files.push(entry);
        }
    }
    Ok(())
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// The expected results of one column, by file.
fn expectations(csv: &Path, column: &str) -> Result<FxHashMap<PathBuf, bool>, InputError> {
    let name = csv.display();
    let bad = |line: usize, column: usize, text: &str| InputError::message(format!("{name}:{line}:{column}: {text}"));
    let text = std::fs::read_to_string(csv).map_err(|error| InputError::message(format!("{name}: {error}")))?;
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let header = lines.next().map_or("", |(_, line)| line);
    let wanted = header.split(',').position(|name| name.trim() == column).filter(|index| *index > 0);
    let Some(wanted) = wanted else { return Err(bad(1, 1, &format!("there is no column `{column}`"))) };
    let folder = csv.parent().unwrap_or(Path::new(""));
    let mut found = FxHashMap::default();
    for (number, line) in lines {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        let at = line.len() - line.splitn(wanted + 1, ',').last().map_or(0, str::len) + 1;
        let value = match cells.get(wanted) {
            Some(&"1") => true,
            Some(&"0") => false,
            _ => return Err(bad(number + 1, at, "expected 0 or 1")),
        };
        let file = folder.join(cells[0]);
        if !file.is_file() {
            return Err(bad(number + 1, 1, &format!("there is no file `{}`", file.display())));
        }
        found.insert(canonical(&file), value);
    }
    Ok(found)
}

fn judge_all(tests: &[(PathBuf, Option<bool>)], arguments: &LitmusArguments) -> Vec<Row> {
    let jobs = threads(arguments.jobs).min(tests.len());
    let next = AtomicUsize::new(0);
    let rows: Mutex<Vec<(usize, Row)>> = Mutex::new(Vec::new());
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some((file, expected)) = tests.get(index) else { break };
            let row = judge(file, *expected, arguments);
            rows.lock().unwrap_or_else(PoisonError::into_inner).push((index, row));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..jobs {
            scope.spawn(work);
        }
        work();
    });
    let mut rows = rows.into_inner().unwrap_or_else(PoisonError::into_inner);
    rows.sort_by_key(|(index, _)| *index);
    rows.into_iter().map(|(_, row)| row).collect()
}

fn judge(file: &Path, expected: Option<bool>, arguments: &LitmusArguments) -> Row {
    let begun = Instant::now();
    let row = |answer: Option<Answer>, message: String| Row {
        file: file.to_owned(),
        expected,
        answer,
        message,
        seconds: begun.elapsed().as_secs_f64(),
    };
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => return row(None, format!("error: {}: {error}", file.display())),
    };
    match parse(&file.display().to_string(), &text) {
        Err(errors) => row(None, errors.render(false)),
        Ok(test) => {
            let answer = if arguments.liveness { ends(&test, arguments) } else { holds(&test, arguments) };
            let message = answer.reason.clone().unwrap_or_default();
            row(Some(answer), message)
        }
    }
}

fn model(arguments: &LitmusArguments) -> Model {
    match arguments.model {
        ModelArgument::Ptx60 => Model::Ptx60,
        ModelArgument::Ptx75 => Model::Ptx75,
    }
}

fn budget(arguments: &LitmusArguments) -> Budget {
    Budget { time: Duration::from_secs(arguments.timeout), passes: arguments.passes }
}

fn inconclusive(reason: String) -> Answer {
    Answer { holds: None, bound_hit: false, passes: 0, reason: Some(reason) }
}

fn holds(test: &Test, arguments: &LitmusArguments) -> Answer {
    let axiomatic = || axioms::holds(test, model(arguments), &budget(arguments));
    let operational = || {
        let limits = outcomes::Budget {
            time: Duration::from_secs(arguments.timeout),
            states: STATE_LIMIT,
            passes: arguments.passes,
            without: None,
        };
        let outcomes::Answer { holds, bound_hit, reason } = outcomes::holds(test, &limits);
        Answer { holds, bound_hit, passes: arguments.passes, reason }
    };
    match arguments.engine {
        EngineArgument::Axiomatic => axiomatic(),
        EngineArgument::Operational => operational(),
        EngineArgument::Both => both(axiomatic(), operational()),
    }
}

/// The answer of two engines: where one is inconclusive the other's, and none where they differ.
fn both(axiomatic: Answer, operational: Answer) -> Answer {
    match (axiomatic.holds, operational.holds) {
        (Some(left), Some(right)) if left != right => {
            inconclusive(format!("the engines differ: axiomatic {left}, operational {right}"))
        }
        (None, Some(_)) => operational,
        (_, None) => {
            Answer { reason: operational.reason.map(|reason| format!("axiomatic only: {reason}")), ..axiomatic }
        }
        _ => axiomatic,
    }
}

/// Whether every execution ends: no cycle of the interleavings may be gone round without end, nor does weak memory let
/// a thread miss for ever what another wrote.
fn ends(test: &Test, arguments: &LitmusArguments) -> Answer {
    let interleaved = match always_ends(test, progress(arguments)) {
        Ok(ends) => Answer { holds: Some(ends), bound_hit: false, passes: 0, reason: None },
        Err(error) => inconclusive(error.to_string()),
    };
    if interleaved.holds == Some(false) {
        return interleaved;
    }
    let hangs = axioms::can_hang(test, model(arguments), &budget(arguments));
    match hangs.holds {
        Some(true) => Answer { holds: Some(false), ..hangs },
        Some(false) => interleaved,
        None => hangs,
    }
}

impl Summary {
    fn of(rows: &[Row], compared: bool) -> Summary {
        let mut summary = Summary::default();
        for row in rows {
            match (&row.answer, row.expected) {
                (None, _) => summary.unparsed += 1,
                (Some(Answer { holds: None, .. }), _) => summary.inconclusive += 1,
                (Some(answer), expected) if compared && answer.holds != expected => summary.differ += 1,
                _ => summary.agree += 1,
            }
        }
        summary
    }

    fn status(&self) -> u8 {
        match self {
            Summary { unparsed: 1.., .. } => 2,
            Summary { differ: 1.., .. } => 1,
            Summary { inconclusive: 1.., .. } => 3,
            _ => 0,
        }
    }
}

fn human(rows: &[Row], summary: &Summary) -> String {
    let mut text = String::new();
    for row in rows {
        let Some(answer) = &row.answer else { continue };
        let word = match answer.holds {
            Some(true) => "holds",
            Some(false) => "does not hold",
            None => "inconclusive",
        };
        let verdict = match (row.expected, answer.holds) {
            (Some(expected), Some(found)) if expected == found => "agree".to_owned(),
            (Some(expected), Some(_)) => format!("DIFFER, expected {}", u8::from(expected)),
            _ => String::new(),
        };
        let bound = if answer.bound_hit { "within the loop bound" } else { "" };
        let remarks = [verdict.as_str(), bound, &row.message];
        let remarks: Vec<&str> = remarks.into_iter().filter(|remark| !remark.is_empty()).collect();
        text += &format!("{}: {word}", row.file.display());
        if !remarks.is_empty() {
            text += &format!(" ({})", remarks.join("; "));
        }
        text += "\n";
    }
    let Summary { agree, differ, inconclusive, unparsed } = summary;
    text + &format!("{agree} agree, {differ} differ, {inconclusive} inconclusive, {unparsed} unparsed\n")
}

fn json_text(rows: &[Row], arguments: &LitmusArguments) -> String {
    let engine = match arguments.engine {
        _ if arguments.liveness => "operational",
        EngineArgument::Axiomatic => "axiomatic",
        EngineArgument::Operational => "operational",
        EngineArgument::Both => "both",
    };
    let result = |row: &Row| {
        let mut value = json!({
            "file": row.file.display().to_string(),
            "holds": row.answer.as_ref().and_then(|answer| answer.holds),
            "expected": row.expected,
            "engine": engine,
            "seconds": row.seconds,
        });
        if row.answer.is_none() {
            value["error"] = json!(row.message);
        }
        if let Some(answer) = row.answer.as_ref().filter(|answer| answer.bound_hit) {
            value["bound"] = json!(answer.passes);
        }
        value
    };
    let results: Vec<Value> = rows.iter().map(result).collect();
    format!("{}\n", json!({ "schema": 1, "results": results }))
}
