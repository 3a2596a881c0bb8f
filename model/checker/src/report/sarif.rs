//! For code scanners: SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format"), one run.
//!
//! Rules are the codes of `arverify explain`. A finding is a result: its first place the location, all others related
//! locations with what happens there, the trace a code flow with one thread flow for each thread, whose steps are numbered across
//! them (`executionOrder`). A finding that the launch file accepts is a result with an external suppression, whose
//! justification is the reason given. What a check says besides, why it is inconclusive for instance, is a notification.
//!
//! Decision: written by hand, for what is used is small and a crate of the whole schema is not. Not said: verdicts of
//! targets without findings, for which SARIF has no word but an empty list of results.

use super::{Row, human};
use crate::check::Accepted;
use arverify_protocol::ir::{Source, Span};
use arverify_protocol::verdict::{Code, Finding, Point, ThreadName, Verdict};
use serde_json::{Value, json};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Everything a check prints, on one line. `status` is its exit status.
pub fn render(rows: &[Row], status: u8) -> String {
    let results: Vec<Value> = rows.iter().flat_map(results).collect();
    let notifications: Vec<Value> = rows.iter().flat_map(notifications).collect();
    let run = json!({
        "tool": { "driver": {
            "name": "arverify",
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "rules": Code::ALL.iter().map(|code| rule(*code)).collect::<Vec<_>>(),
        } },
        "columnKind": "unicodeCodePoints",
        "invocations": [{
            "executionSuccessful": true,
            "exitCode": status,
            "toolExecutionNotifications": notifications,
        }],
        "results": results,
    });
    format!("{}\n", json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run] }))
}

fn level(code: Code) -> &'static str {
    if code.is_lint() { "warning" } else { "error" }
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.number(),
        "name": code.kind(),
        "shortDescription": { "text": code.title() },
        "help": { "text": format!("arverify explain {code}") },
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

fn finding(row: &Row, finding: &Finding) -> Value {
    let places: Vec<&Point> = finding.points.iter().filter(|point| !point.span.is_empty()).collect();
    let locations: Vec<Value> = match places.first() {
        Some(point) => vec![location(row, physical(&row.source, &point.span), None)],
        None => vec![location(row, json!({ "artifactLocation": { "uri": uri(&row.source.name) } }), None)],
    };
    let related: Vec<Value> =
        places.iter().enumerate().map(|(index, point)| related(&row.source, index, point)).collect();
    let notes = finding.notes.iter().map(|note| format!("\nnote: {note}"));
    let help = finding.help.iter().map(|help| format!("\nhelp: {help}"));
    let text: String = std::iter::once(finding.message.clone()).chain(notes).chain(help).collect();
    let mut result = json!({
        "ruleId": finding.code.number(),
        "ruleIndex": rule_index(finding.code),
        "kind": "fail",
        "level": level(finding.code),
        "message": { "text": text },
        "locations": locations,
        "relatedLocations": related,
        "properties": {
            "target": human::name_of(row),
            "assumptions": row.outcome.assumptions,
            "replay": finding.replay,
        },
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

fn related(source: &Source, index: usize, point: &Point) -> Value {
    let who = point.thread.map_or(String::new(), |thread| format!(" ({thread})"));
    json!({
        "id": index,
        "physicalLocation": physical(source, &point.span),
        "message": { "text": format!("{}{who}", point.label) },
    })
}

/// One thread flow for each thread, in the order in which they come up.
fn code_flow(source: &Source, finding: &Finding) -> Value {
    let mut threads: Vec<ThreadName> = Vec::new();
    for step in &finding.trace {
        if !threads.contains(&step.thread) {
            threads.push(step.thread);
        }
    }
    let step = |step: &arverify_protocol::verdict::TraceStep| {
        let mut location = json!({ "message": { "text": step.operation } });
        if step.line > 0 {
            location["physicalLocation"] = at_line(&source.name, step.line);
        }
        json!({ "location": location, "executionOrder": step.step })
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
