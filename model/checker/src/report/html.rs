//! For people and for good: one page that holds everything, and a picture as a file of its own.
//!
//! The page has the verdicts with their bounds, what was proven and assumed, and each finding with its cause, its picture
//! (`picture`) and the lines of the source. It is made of what a check has found and nothing else: nothing is
//! explored for it. Everything that comes from input is escaped by the templates, and no address leads out of the page: neither
//! scripts nor fonts nor images.
//!
//! Decision: the diagram's text is HTML beside the drawing, row by row where there is room and below it where there is not; the
//! road not taken is text within the drawing, which a small screen would shrink or scroll.

use super::picture::{self, HEAD, Picture};
use super::{Refused, Row, beyond, human};
use arverify_protocol::ir::Source;
use arverify_protocol::verdict::{Finding, Verdict};
use askama::Template;
use std::collections::BTreeMap;

/// Lines of the source around those that a finding names.
const AROUND: u32 = 2;

#[derive(Template)]
#[template(path = "report/page.html")]
struct Page {
    version: &'static str,
    title: String,
    summary: String,
    sections: Vec<Section>,
    refused: Vec<Refused>,
    head: i32,
}

/// A target.
struct Section {
    id: String,
    name: String,
    verdict: &'static str,
    sign: &'static str,
    codes: String,
    ranks: u32,
    states: u64,
    operations: u64,
    seconds: String,
    facts: Vec<Fact>,
    findings: Vec<Found>,
}

/// Something to know about a verdict.
struct Fact {
    name: &'static str,
    lines: Vec<String>,
}

struct Found {
    id: String,
    code: &'static str,
    message: String,
    why: Vec<String>,
    picture: Option<Picture>,
    drawing: String,
    file: String,
    source: Vec<Line>,
    notes: Vec<String>,
    help: Option<String>,
    replay: Option<String>,
}

/// A line of the source; or a gap between lines.
struct Line {
    number: u32,
    text: String,
    labels: Vec<String>,
    is_gap: bool,
}

/// A page about all targets, with those that were not checked.
pub fn page(rows: &[Row], refused: &[Refused]) -> Result<String, askama::Error> {
    let sections = rows.iter().enumerate().map(|(index, row)| section(index, row)).collect::<Result<Vec<_>, _>>()?;
    let title = match (rows, refused) {
        ([row], []) => format!("{}: {}", human::name_of(row), row.outcome.verdict),
        (rows, []) => format!("{} targets checked", rows.len()),
        (rows, refused) => format!("{} of {} targets checked", rows.len(), rows.len() + refused.len()),
    };
    let (version, refused) = (env!("CARGO_PKG_VERSION"), refused.to_vec());
    let page = Page { version, title, summary: summary(rows), sections, refused, head: HEAD };
    Ok(printable(&page.render()?))
}

/// The picture of the first finding that has one; where none has, it says so.
pub fn picture(rows: &[Row]) -> Result<String, askama::Error> {
    let found = rows.iter().flat_map(|row| row.outcome.findings.iter().map(move |finding| (row, finding)));
    for (row, finding) in found {
        if let Some(picture) = Picture::new("p".to_owned(), &row.source, &row.bounds, finding) {
            let title = format!("{}: {}", finding.code, finding.message);
            return Ok(printable(&picture.alone(&title)?));
        }
    }
    let nothing = format!("{}: there is no execution to show", summary(rows));
    Ok(printable(&picture::sentence(&nothing)?))
}

/// Neither HTML nor XML has control characters.
fn printable(text: &str) -> String {
    let shown = |character: char| match character {
        '\n' => character,
        '\t' => ' ',
        '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        _ if character.is_control() => '\u{fffd}',
        _ => character,
    };
    text.chars().map(shown).collect()
}

fn summary(rows: &[Row]) -> String {
    let count = |verdict: Verdict| rows.iter().filter(|row| row.outcome.verdict == verdict).count();
    let all = [Verdict::Violated, Verdict::Inconclusive, Verdict::Verified];
    let parts = all.map(|verdict| (count(verdict), verdict)).into_iter().filter(|(count, _)| *count > 0);
    parts.map(|(count, verdict)| format!("{count} {verdict}")).collect::<Vec<_>>().join(", ")
}

fn section(index: usize, row: &Row) -> Result<Section, askama::Error> {
    let id = format!("t{}", index + 1);
    let findings = row.outcome.findings.iter().enumerate();
    let findings = findings.map(|(number, finding)| found(format!("{id}f{}", number + 1), row, finding));
    let findings = findings.collect::<Result<Vec<_>, _>>()?;
    let verdict = row.outcome.verdict;
    let sign = match verdict {
        Verdict::Verified => "✓",
        Verdict::Violated => "✗",
        Verdict::Inconclusive => "?",
    };
    let codes: Vec<&str> = row.outcome.findings.iter().map(|finding| finding.code.number()).collect();
    let stats = &row.outcome.stats;
    Ok(Section {
        id,
        name: human::name_of(row),
        verdict: verdict.name(),
        sign,
        codes: if codes.is_empty() { "none".to_owned() } else { codes.join(" ") },
        ranks: row.bounds.ranks,
        states: stats.states,
        operations: stats.operations,
        seconds: format!("{:.3}", stats.seconds),
        facts: facts(row),
        findings,
    })
}

fn facts(row: &Row) -> Vec<Fact> {
    let outcome = &row.outcome;
    let assumptions = match outcome.assumptions.is_empty() {
        true => vec!["none beyond the PTX memory model".to_owned()],
        false => outcome.assumptions.clone(),
    };
    let mut facts = vec![
        Fact { name: "kernel", lines: row.kernel.iter().cloned().collect() },
        Fact { name: "bounds", lines: human::bounds_of(row).lines().map(str::to_owned).collect() },
        Fact { name: "beyond the bounds", lines: beyond::lines(&[row]) },
        Fact { name: "assumptions", lines: assumptions },
        Fact { name: "engines", lines: outcome.engines.iter().map(|engines| engines.describe()).collect() },
        Fact { name: "warnings", lines: outcome.warnings.clone() },
        Fact { name: "chance of a hidden state", lines: human::collision(&[row]).into_iter().collect() },
    ];
    facts.retain(|fact| !fact.lines.is_empty());
    facts
}

fn found(id: String, row: &Row, finding: &Finding) -> Result<Found, askama::Error> {
    let picture = Picture::new(id.clone(), &row.source, &row.bounds, finding);
    let drawing = picture.as_ref().map(|picture| picture.drawing(false)).transpose()?.unwrap_or_default();
    let location = finding
        .location
        .as_ref()
        .map(|at| format!("the memory is `{}` of rank {}, byte {}", at.buffer, at.rank, at.byte));
    Ok(Found {
        id,
        code: finding.code.number(),
        message: finding.message.clone(),
        why: finding.why.iter().map(|why| why.message(&row.source)).collect(),
        picture,
        drawing,
        file: row.source.name.clone(),
        source: excerpt(&row.source, finding),
        notes: location.into_iter().chain(finding.notes.iter().cloned()).collect(),
        help: finding.help.clone(),
        replay: finding.replay.clone(),
    })
}

/// The lines that a finding names, with those around them.
fn excerpt(source: &Source, finding: &Finding) -> Vec<Line> {
    let mut labels: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    let line = |start: u32| source.line_column(start).0;
    for point in &finding.points {
        if !point.span.is_empty() {
            let label = human::label_of(point);
            let known = labels.entry(line(point.span.start)).or_default();
            if !known.contains(&label) {
                known.push(label);
            }
        }
        for call in point.calls.iter().filter(|call| !call.is_empty()) {
            labels.entry(line(call.start)).or_default();
        }
    }
    let mut shown: Vec<Line> = Vec::new();
    for (index, text) in source.text.lines().enumerate() {
        let number = index as u32 + 1;
        let near = labels.range(number.saturating_sub(AROUND)..=number + AROUND).next().is_some();
        if !near {
            continue;
        }
        if shown.last().is_some_and(|last| last.number + 1 < number) {
            shown.push(Line { number: 0, text: String::new(), labels: Vec::new(), is_gap: true });
        }
        let labels = labels.get(&number).cloned().unwrap_or_default();
        shown.push(Line { number, text: text.to_owned(), labels, is_gap: false });
    }
    shown
}
