//! For programs: one object, as DESIGN's contract has it.

use super::Row;
use crate::check::{Accepted, Answer, Engines};
use arverify_protocol::verdict::{Finding, Meeting, Role, ThreadName, TraceStep, Why};
use serde_json::{Value, json};

/// Everything a check prints, on one line.
pub fn render(rows: &[Row]) -> String {
    let results: Vec<Value> = rows.iter().map(result).collect();
    format!("{}\n", json!({ "schema": 1, "results": results }))
}

/// What each engine says.
fn engines(engines: &Engines) -> Value {
    let answer = |answer: &Answer| {
        let codes: Vec<&str> = answer.findings.iter().map(|finding| finding.code.number()).collect();
        json!({
            "verdict": answer.verdict.name(), "codes": codes, "reason": answer.reason, "seconds": answer.seconds,
        })
    };
    json!({
        "operational": engines.operational.as_ref().map(answer),
        "axiomatic": engines.axiomatic.as_ref().map(answer),
        "agree": engines.agree(),
    })
}

fn result(row: &Row) -> Value {
    let mut value = plain_result(row);
    if let Some(topology) = &row.topology {
        value["topology"] = json!(topology.to_string());
    }
    if let Some(known) = &row.outcome.engines {
        value["engines"] = engines(known);
    }
    if let Some(streams) = row.bounds.streams {
        value["streams"] = json!(streams);
    }
    if let Some(lengths) = super::tried::lengths_json(row) {
        value["lengths"] = lengths;
    }
    if let Some(tried) = super::tried::json(row) {
        value["tried"] = tried;
    }
    if let Some(proven) = row.beyond.as_ref().and_then(|beyond| beyond.json(&row.bounds)) {
        value["proven"] = proven;
    }
    value
}

fn plain_result(row: &Row) -> Value {
    let bounds = &row.bounds;
    let stats = &row.outcome.stats;
    json!({
        "target": row.target,
        "variant": row.variant,
        "kernel": row.kernel,
        "ranks": bounds.ranks,
        "blocks": bounds.blocks.1,
        "threads": bounds.threads.1,
        "elements": bounds.message.map(|(elements, _)| elements),
        "dtype": bounds.message.map(|(_, data)| data.name()),
        "launches": row.options.launches,
        "progress": row.options.progress.name(),
        "resident_blocks": row.options.resident_blocks,
        "seed": row.options.seed,
        "verdict": row.outcome.verdict.name(),
        "assumptions": row.outcome.assumptions,
        "accepted": row.outcome.accepted.iter().map(accepted).collect::<Vec<_>>(),
        "warnings": row.outcome.warnings,
        "findings": findings(row),
        "stats": {
            "states": stats.states,
            "executions": stats.executions,
            "operations": stats.operations,
            "seconds": stats.seconds,
        },
    })
}

/// All findings; what would mend them stands with the first.
fn findings(row: &Row) -> Vec<Value> {
    let mut all: Vec<Value> = row.outcome.findings.iter().map(|found| finding(row, found)).collect();
    if let (Some(first), Some(suggestion)) = (all.first_mut(), &row.suggestion) {
        first["suggestion"] = super::suggestion::json(suggestion);
    }
    all
}

fn accepted(accept: &Accepted) -> Value {
    let [at, and] = accept.places.each_ref().map(|(file, line)| json!({ "file": file, "line": line }));
    json!({ "code": accept.code.number(), "at": at, "and": and, "why": accept.why })
}

fn thread(name: ThreadName) -> Value {
    let mut value = json!({ "rank": name.rank, "block": name.block, "thread": name.thread, "launch": name.launch });
    role(&mut value, name);
    value
}

/// Which step's kernel a thread belongs to, or which stream it is, where a launch consists of several.
fn role(value: &mut Value, name: ThreadName) {
    match name.role {
        Role::Kernel { step, name } => {
            value["kernel"] = json!(name);
            value["kernel_step"] = json!(step);
        }
        Role::Stream(stream) => value["stream"] = json!(stream),
        Role::Host => value["host"] = json!(true),
        Role::Thread | Role::Helper(_) | Role::Copy => {}
    }
}

/// What relates a step to others, where something does.
fn relations(value: &mut Value, step: &TraceStep) {
    if step.call > 0 {
        value["call"] = json!(step.call);
    }
    if let Some(write) = step.reads_from {
        value["reads_from"] = json!(write);
    }
    if let Some(Meeting { number, threads, shown }) = &step.meeting {
        let shown: Vec<Value> = shown.iter().copied().map(thread).collect();
        value["barrier"] = json!({ "number": number, "threads": threads, "shown": shown });
    }
    if step.racing {
        value["racing"] = json!(true);
    }
}

/// A reason; without a place where the text has none.
fn why(row: &Row, why: &Why) -> Value {
    let place = (!why.span.is_empty()).then(|| row.source.line_column(why.span.start));
    json!({
        "kind": why.kind.name(),
        "file": place.map(|_| &row.source.name),
        "line": place.map(|(line, _)| line),
        "message": why.message(&row.source),
    })
}

fn finding(row: &Row, finding: &Finding) -> Value {
    let threads: Vec<Value> = finding.points.iter().filter_map(|point| point.thread).map(thread).collect();
    let line = |start: u32| row.source.line_column(start);
    let source = finding.points.iter().find(|point| !point.span.is_empty()).map(|point| {
        let (line, column) = line(point.span.start);
        json!({ "file": row.source.name, "line": line, "column": column })
    });
    let labels: Vec<Value> = finding
        .points
        .iter()
        .filter(|point| !point.span.is_empty())
        .map(|point| {
            let (line, column) = line(point.span.start);
            json!({
                "file": row.source.name, "line": line, "column": column, "label": point.label,
                "thread": point.thread.map(thread),
            })
        })
        .collect();
    let trace: Vec<Value> = finding
        .trace
        .iter()
        .map(|step| {
            let name = step.thread;
            let mut value = json!({
                "step": step.step, "rank": name.rank, "block": name.block, "thread": name.thread,
                "launch": name.launch, "line": step.line, "op": step.operation, "kind": step.kind.name(),
                "file": (step.line > 0).then_some(&row.source.name),
            });
            relations(&mut value, step);
            role(&mut value, name);
            value
        })
        .collect();
    json!({
        "code": finding.code.number(),
        "kind": finding.code.kind(),
        "message": finding.message,
        "severity": if finding.code.is_lint() { "warning" } else { "error" },
        "threads": threads,
        "location": finding.location.as_ref().map(|at| json!({ "buffer": at.buffer, "rank": at.rank, "byte": at.byte })),
        "source": source,
        "labels": labels,
        "why": finding.why.iter().map(|why| self::why(row, why)).collect::<Vec<_>>(),
        "notes": finding.notes,
        "help": finding.help,
        "assumption": finding.assumption,
        "trace": trace,
        "replay": finding.replay,
    })
}
