//! For people: findings as diagnostics with their traces, then one table, then the bounds of the verdict.

use super::{Refused, Row, beyond};
use arverify_protocol::language::{Label, Message, Severity, render as render_message};
use arverify_protocol::verdict::{Code, Finding, Point, Stats, Verdict};
use std::fmt::Write;

/// Bits of a state's fingerprint in Stateright.
const FINGERPRINT_BITS: i32 = 64;

/// Everything a check prints; nothing where nothing was checked. What is wrong with the other targets stands on standard error.
pub fn render(rows: &[Row], refused: &[Refused], colour: bool) -> String {
    let mut text = String::new();
    if rows.is_empty() {
        return text;
    }
    for row in rows {
        for (index, finding) in row.outcome.findings.iter().enumerate() {
            text.push_str(&render_finding(row, finding, colour));
            if let Some(suggestion) = row.suggestion.as_ref().filter(|_| index == 0) {
                text.push_str(&super::suggestion::lines(suggestion, row.kernel.is_some()));
            }
            text.push('\n');
        }
    }
    table(&mut text, rows);
    for row in rows {
        if let Some(engines) = &row.outcome.engines {
            let _ = writeln!(text, "engines: {}: {}", row.target, engines.describe());
        }
    }
    for row in rows {
        for warning in &row.outcome.warnings {
            let _ = writeln!(text, "warning: {}: {warning}", row.target);
        }
    }
    bounds(&mut text, rows);
    text.extend(not_checked(refused));
    text
}

/// Targets that were not checked, by name.
pub(super) fn not_checked(refused: &[Refused]) -> Option<String> {
    let names: Vec<&str> = refused.iter().map(|refused| refused.target.as_str()).collect();
    (!names.is_empty()).then(|| format!("not checked, for they are in error: {}\n", names.join(", ")))
}

/// What is written beside a place, and who was there.
pub(super) fn label_of(point: &Point) -> String {
    match point.thread {
        Some(name) => format!("{} ({name})", point.label),
        None => point.label.clone(),
    }
}

/// A finding with its places, notes, trace and replay line.
pub fn render_finding(row: &Row, finding: &Finding, colour: bool) -> String {
    let mut labels: Vec<Label> = Vec::new();
    for (index, point) in finding.points.iter().enumerate() {
        if !point.span.is_empty() {
            // Of a race both accesses are at fault.
            let primary = index == 0 || (index == 1 && finding.code == Code::DataRace);
            labels.push(Label { span: point.span.clone(), text: label_of(point), primary });
        }
        for call in &point.calls {
            if !labels.iter().any(|label| label.span == *call) {
                labels.push(Label { span: call.clone(), text: "in this call".to_owned(), primary: false });
            }
        }
    }
    // Where the title says it all, it is not said again.
    let causes =
        finding.why.iter().map(|why| why.message(&row.source)).filter(|why| !why.starts_with(&finding.message));
    let mut notes: Vec<String> = causes.map(|why| format!("why: {why}")).collect();
    notes.extend(finding.notes.iter().cloned());
    if let Some(at) = &finding.location {
        notes.insert(0, format!("the memory is `{}` of rank {}, byte {}", at.buffer, at.rank, at.byte));
    }
    let message = Message {
        severity: if finding.code.is_lint() { Severity::Warning } else { Severity::Error },
        code: Some(finding.code.number().to_owned()),
        title: finding.message.clone(),
        labels,
        notes,
        help: finding.help.iter().cloned().collect(),
    };
    let mut text = render_message(&row.source, &message, colour);
    text.push('\n');
    if !finding.trace.is_empty() {
        text.push_str("  trace:\n");
        for step in &finding.trace {
            let line = if step.line == 0 { String::new() } else { format!("line {}", step.line) };
            let thread = step.thread.to_string();
            let call = if step.call == 0 { String::new() } else { format!(" (in the call at line {})", step.call) };
            let _ = writeln!(text, "  {:>4}  {thread:<38}  {line:<9}  {}{call}", step.step, step.operation);
        }
    }
    if let Some(replay) = &finding.replay {
        let _ = writeln!(text, "  replay: {replay}");
    }
    let _ = writeln!(text, "  explain: arverify explain {}", finding.code);
    text
}

/// The target with its variant.
pub(super) fn name_of(row: &Row) -> String {
    match &row.variant {
        Some(variant) => format!("{} ({variant})", row.target),
        None => row.target.clone(),
    }
}

fn table(text: &mut String, rows: &[Row]) {
    let width = rows.iter().map(|row| name_of(row).len()).max().unwrap_or(0).max("protocol".len());
    let _ = writeln!(
        text,
        "{:width$}  {:>5}  {:12}  {:>7}  {:>10}  {:>7}",
        "protocol", "ranks", "verdict", "states", "operations", "seconds"
    );
    for row in rows {
        let Stats { states, operations, seconds, .. } = row.outcome.stats;
        let codes: Vec<&str> = row.outcome.findings.iter().map(|finding| finding.code.number()).collect();
        let verdict = row.outcome.verdict.name();
        let _ = writeln!(
            text,
            "{:width$}  {:>5}  {verdict:12}  {states:>7}  {operations:>10}  {seconds:>7.3}  {}",
            name_of(row),
            row.bounds.ranks,
            codes.join(" ")
        );
    }
    while text.ends_with(' ') {
        text.pop();
    }
}

/// `2`, or `1 to 2` where ranks differ.
fn extent((least, greatest): (u64, u64)) -> String {
    if least == greatest { least.to_string() } else { format!("{least} to {greatest}") }
}

/// The bounds of one target, what was accepted, and which other sizes were tried.
pub(super) fn bounds_of(row: &Row) -> String {
    let topology = row.topology.as_ref().map_or(String::new(), |topology| format!(" ({topology})"));
    let mut line = match row.bounds.streams {
        Some(streams) => format!("{} ranks{topology} × {streams} streams, ", row.bounds.ranks),
        None => format!(
            "{} ranks{topology} × {} blocks × {} threads, ",
            row.bounds.ranks,
            extent(row.bounds.blocks),
            extent(row.bounds.threads)
        ),
    };
    if let Some((elements, data)) = row.bounds.message {
        let most = if row.outcome.tried.is_empty() { "" } else { "up to " };
        let _ = write!(line, "{most}{elements} {data} elements, ");
    }
    // A protocol without a capacity; a kernel's launch file says what its launches are.
    let alike = row.kernel.is_none() && row.outcome.tried.is_empty() && row.options.launches > 1;
    let alike = if alike { " of one length" } else { "" };
    let _ = write!(line, "{} launches{alike}, progress {}", row.options.launches, row.options.progress.name());
    if row.kernel.is_some() {
        let _ = write!(line, ", seed {}", row.options.seed);
    }
    if let Some(resident) = row.options.resident_blocks {
        let _ = write!(line, ", {resident} resident blocks");
    }
    for assumption in &row.outcome.assumptions {
        let _ = write!(line, ", assuming {assumption}");
    }
    match row.outcome.accepted.len() {
        0 => {}
        1 => line.push_str(", with 1 accepted finding"),
        count => {
            let _ = write!(line, ", with {count} accepted findings");
        }
    }
    for accept in &row.outcome.accepted {
        let [at, and] = accept.places.each_ref().map(|(file, line)| format!("{file}:{line}"));
        let _ = write!(line, "\naccepted: {} at {at} and {and}: {}", accept.code.number(), accept.why);
    }
    if let Some(lengths) = super::tried::lengths_line(row) {
        let _ = write!(line, "\n{lengths}");
    }
    if let Some(tried) = super::tried::line(row) {
        let _ = write!(line, "\n{tried}");
    }
    line
}

/// The bounds, once for each different set, with what is proven beyond them, and the chance that a fingerprint hid a state.
fn bounds(text: &mut String, rows: &[Row]) {
    let mut lines: Vec<(String, Vec<&Row>)> = Vec::new();
    for row in rows {
        let line = bounds_of(row);
        match lines.iter_mut().find(|(known, _)| *known == line) {
            Some((_, same)) => same.push(row),
            None => lines.push((line, vec![row])),
        }
    }
    for (line, same) in lines {
        let _ = writeln!(text, "bounds: {line}");
        for proven in beyond::lines(&same) {
            let _ = writeln!(text, "{proven}");
        }
    }
    let all: Vec<&Row> = rows.iter().collect();
    if let Some(chance) = collision(&all) {
        let _ = writeln!(text, "{chance}");
    }
}

/// The chance that a fingerprint hid a state, where something is verified.
pub(super) fn collision(rows: &[&Row]) -> Option<String> {
    let states = rows.iter().map(|row| row.outcome.stats.states).max().unwrap_or(0) as f64;
    let any = states > 1.0 && rows.iter().any(|row| row.outcome.verdict == Verdict::Verified);
    let chance = states * states / 2.0 / 2f64.powi(FINGERPRINT_BITS);
    any.then(|| format!("a fingerprint collision hid a state with probability below {chance:.0e}"))
}
