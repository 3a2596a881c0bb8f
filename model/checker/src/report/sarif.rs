//! For code scanners: SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format"), one run.
//!
//! Rules are the codes of `arverify explain`; those that were found carry its page. A finding is a result: its first place is the
//! location; related locations are all its places with what happens there and who does it, the calls that lead there, and the
//! causes (`why: …`); the trace is a code flow with one thread flow for each thread, whose steps are numbered across them
//! (`executionOrder`), racing ones essential. A finding that the launch file accepts is a result with an external suppression, whose
//! justification is the reason given. What a check says besides, why it is inconclusive for instance, is a notification; so is each
//! error in a target that was not checked, with its place, and the invocation was no success then.
//!
//! Decision: written by hand, for what is used is small; a test holds it against the schema and the types of the crate serde-sarif.
//! Not said: verdicts of targets without findings, for which SARIF has no word but an empty list of results.

use super::pages::page_of;
use super::{Fault, Refused, Row, human};
use crate::check::Accepted;
use arverify_protocol::ir::{Source, Span};
use arverify_protocol::verdict::{Code, Finding, Point, ThreadName, TraceStep, Verdict};
use serde_json::{Value, json};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Everything a check prints, on one line. `status` is its exit status.
pub fn render(rows: &[Row], refused: &[Refused], status: u8) -> String {
    let results: Vec<Value> = rows.iter().flat_map(results).collect();
    let notifications: Vec<Value> =
        rows.iter().flat_map(notifications).chain(refused.iter().flat_map(errors)).collect();
    let is_found = |code: Code| results.iter().any(|result| result["ruleId"] == code.number());
    let rules: Vec<Value> = Code::ALL.iter().map(|code| rule(*code, is_found(*code))).collect();
    let run = json!({
        "tool": { "driver": {
            "name": "arverify",
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "rules": rules,
        } },
        "columnKind": "unicodeCodePoints",
        "invocations": [{
            "executionSuccessful": refused.is_empty(),
            "exitCode": status,
            "exitCodeDescription": described(status),
            "toolExecutionNotifications": notifications,
        }],
        "results": results,
    });
    format!("{}\n", json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run] }))
}

fn described(status: u8) -> &'static str {
    match status {
        0 => "everything is verified",
        1 => "something is violated",
        2 => "something cannot be checked",
        _ => "something is inconclusive",
    }
}

fn level(code: Code) -> &'static str {
    if code.is_lint() { "warning" } else { "error" }
}

/// The page of the book stands with what was found only: all of them would be most of the report.
fn rule(code: Code, is_found: bool) -> Value {
    let mut help = json!({ "text": format!("arverify explain {code}") });
    if let Some(page) = page_of(code).filter(|_| is_found) {
        help["markdown"] = json!(page);
    }
    json!({
        "id": code.number(),
        "name": code.kind(),
        "shortDescription": { "text": code.title() },
        "help": help,
        "defaultConfiguration": { "level": level(code) },
    })
}

fn rule_index(code: Code) -> Option<usize> {
    Code::ALL.iter().position(|known| *known == code)
}

fn results(row: &Row) -> Vec<Value> {
    let mut found: Vec<Value> = row.outcome.findings.iter().map(|found| finding(row, found)).collect();
    let fixes = row.suggestion.as_ref().and_then(|suggestion| super::suggestion::fixes(suggestion, uri));
    if let (Some(first), Some(fixes)) = (found.first_mut(), fixes) {
        first["fixes"] = fixes;
    }
    found.extend(row.outcome.accepted.iter().map(|accept| accepted(row, accept)));
    found
}

/// Why a verdict is inconclusive is a warning, anything else a note.
fn notifications(row: &Row) -> Vec<Value> {
    let level = if row.outcome.verdict == Verdict::Inconclusive { "warning" } else { "note" };
    let text =
        |warning: &String| json!({ "level": level, "message": { "text": format!("{}: {warning}", row.target) } });
    row.outcome.warnings.iter().map(text).collect()
}

/// What is wrong with a target, in its file.
fn errors(refused: &Refused) -> Vec<Value> {
    let error = |fault: &Fault| {
        let file = fault.file.as_deref().unwrap_or(&refused.target);
        let mut place = json!({ "artifactLocation": { "uri": uri(file) } });
        if let Some(line) = fault.line {
            place["region"] = json!({ "startLine": line });
        }
        if let (Some(_), Some(column)) = (fault.line, fault.column) {
            place["region"]["startColumn"] = json!(column);
        }
        let text = format!("{}: {}", refused.target, fault.message);
        json!({ "level": "error", "message": { "text": text }, "locations": [{ "physicalLocation": place }] })
    };
    refused.faults.iter().map(error).collect()
}

fn finding(row: &Row, finding: &Finding) -> Value {
    let places: Vec<&Point> = finding.points.iter().filter(|point| !point.span.is_empty()).collect();
    let locations: Vec<Value> = match places.first() {
        Some(point) => vec![location(row, physical(&row.source, &point.span), None)],
        None => vec![location(row, json!({ "artifactLocation": { "uri": uri(&row.source.name) } }), None)],
    };
    let related: Vec<Value> = related(&row.source, finding)
        .into_iter()
        .enumerate()
        .map(|(id, (span, text))| json!({ "id": id, "physicalLocation": physical(&row.source, span), "message": { "text": text } }))
        .collect();
    let why = finding.why.iter().map(|why| format!("\nwhy: {}", why.message(&row.source)));
    let notes = finding.notes.iter().map(|note| format!("\nnote: {note}"));
    let help = finding.help.iter().map(|help| format!("\nhelp: {help}"));
    let text: String = std::iter::once(finding.message.clone()).chain(why).chain(notes).chain(help).collect();
    let mut result = json!({
        "ruleId": finding.code.number(),
        "ruleIndex": rule_index(finding.code),
        "kind": "fail",
        "level": level(finding.code),
        "message": { "text": text },
        "locations": locations,
        "relatedLocations": related,
        "properties": properties(row, finding),
    });
    if !finding.trace.is_empty() {
        result["codeFlows"] = json!([code_flow(&row.source, finding)]);
    }
    result
}

fn location(row: &Row, physical: Value, message: Option<&str>) -> Value {
    let mut value = json!({ "physicalLocation": physical });
    if let Some(kernel) = &row.kernel {
        value["logicalLocations"] = json!([{ "fullyQualifiedName": kernel, "kind": "function" }]);
    }
    if let Some(text) = message {
        value["message"] = json!({ "text": text });
    }
    value
}

/// What SARIF has no word for, in the words of `--format json`.
fn properties(row: &Row, finding: &Finding) -> Value {
    let json = super::json::value_of(row, finding);
    let known = |key: &str| json[key].clone();
    json!({
        "target": human::name_of(row),
        "assumptions": row.outcome.assumptions,
        "assumption": known("assumption"),
        "kind": known("kind"),
        "location": known("location"),
        "threads": known("threads"),
        "why": known("why"),
        "replay": known("replay"),
    })
}

/// All places: statements with who executes them, the calls that lead there, and causes.
fn related<'f>(source: &Source, finding: &'f Finding) -> Vec<(&'f Span, String)> {
    let mut places: Vec<(&Span, String)> = Vec::new();
    for point in finding.points.iter().filter(|point| !point.span.is_empty()) {
        places.push((&point.span, human::label_of(point)));
    }
    for call in finding.points.iter().flat_map(|point| &point.calls).filter(|call| !call.is_empty()) {
        if !places.iter().any(|(known, _)| *known == call) {
            places.push((call, "in this call".to_owned()));
        }
    }
    let causes = finding.why.iter().filter(|why| !why.span.is_empty());
    places.extend(causes.map(|why| (&why.span, format!("why: {}", why.message(source)))));
    places
}

/// One thread flow for each thread, in the order in which they come up.
fn code_flow(source: &Source, finding: &Finding) -> Value {
    let mut threads: Vec<ThreadName> = Vec::new();
    for step in &finding.trace {
        if !threads.contains(&step.thread) {
            threads.push(step.thread);
        }
    }
    let step = |step: &TraceStep| {
        let mut location = json!({ "message": { "text": step.operation } });
        if step.line > 0 {
            location["physicalLocation"] = at_line(&source.name, step.line);
        }
        let importance = if step.racing { "essential" } else { "important" };
        json!({ "location": location, "executionOrder": step.step, "importance": importance })
    };
    let flow = |thread: &ThreadName| {
        let steps: Vec<Value> = finding.trace.iter().filter(|known| known.thread == *thread).map(step).collect();
        json!({ "id": thread.to_string(), "locations": steps })
    };
    json!({ "threadFlows": threads.iter().map(flow).collect::<Vec<_>>() })
}

fn accepted(row: &Row, accept: &Accepted) -> Value {
    let [at, and] = &accept.places;
    json!({
        "ruleId": accept.code.number(),
        "ruleIndex": rule_index(accept.code),
        "kind": "fail",
        "level": level(accept.code),
        "message": { "text": format!("{}, accepted", accept.code.title()) },
        "locations": [location(row, at_line(&at.0, at.1), None)],
        "relatedLocations": [{ "id": 0, "physicalLocation": at_line(&and.0, and.1), "message": { "text": "and here" } }],
        "suppressions": [{ "kind": "external", "status": "accepted", "justification": accept.why }],
        "properties": { "target": human::name_of(row) },
    })
}

fn at_line(file: &str, line: u32) -> Value {
    json!({ "artifactLocation": { "uri": uri(file) }, "region": { "startLine": line } })
}

fn physical(source: &Source, span: &Span) -> Value {
    let ((line, column), (end_line, end_column)) = (source.line_column(span.start), source.line_column(span.end));
    json!({
        "artifactLocation": { "uri": uri(&source.name) },
        "region": { "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column },
    })
}

/// A path as a reference (RFC 3986): what stands for itself there stays.
fn uri(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte);
    let mut text: String = path
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    if text.starts_with('/') {
        text.insert_str(0, "file://");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_references() {
        assert_eq!(uri("k.cu"), "k.cu");
        assert_eq!(uri("a b/ä:1.cu"), "a%20b/%C3%A4%3A1.cu");
        assert_eq!(uri("/x/k.cu"), "file:///x/k.cu");
    }
}
