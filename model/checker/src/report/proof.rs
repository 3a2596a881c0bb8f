//! What `arverify prove` prints: how many obligations of each kind hold for all sizes, then each that does not; for which
//! sizes, what the check says that this rests on, and what was not looked at.
//!
//! Decision: a target is called proven where all obligations are and the check finds nothing wrong at small sizes; "for all"
//! names the kinds that are proven, and the ranks that the requirements leave. Not told: which questions z3 was asked.

mod scope;

use crate::prove::{Counterexample, Kind, Premise, Proven, Verdict};
use arverify_protocol::ir::Protocol;
use arverify_protocol::verdict::{Code, Verdict as CheckVerdict};
use serde_json::{Value, json};
use std::fmt::Write;
use std::sync::Arc;

/// The check at the sizes of a counterexample.
#[derive(Clone, Debug)]
pub struct Reproduction {
    /// How to run it.
    pub command: String,
    /// What it said; none where the sizes are too large to check.
    pub verdict: Option<CheckVerdict>,
    /// What it found.
    pub codes: Vec<Code>,
}

/// One target.
#[derive(Clone, Debug)]
pub struct Row {
    /// As it was named.
    pub target: String,
    /// The variant chosen.
    pub variant: Option<String>,
    /// The protocol.
    pub protocol: Arc<Protocol>,
    /// The numbers of ranks that were looked at and that the requirements leave, ascending.
    pub ranks: Vec<u32>,
    /// How to check it, without sizes.
    pub command: String,
    /// The check at small sizes.
    pub premise: Premise,
    /// Each obligation, and the check at the sizes that refute it.
    pub obligations: Vec<(Proven, Option<Reproduction>)>,
    /// Wall-clock time of the proofs.
    pub seconds: f64,
}

impl Row {
    /// Refuted wins over inconclusive, inconclusive over proven; a check that finds something wrong refutes.
    pub fn verdict(&self) -> Answer {
        let any = |wanted: fn(&Verdict) -> bool| self.obligations.iter().any(|(proven, _)| wanted(&proven.verdict));
        let checked = self.premise.verdict();
        match () {
            () if checked == CheckVerdict::Violated => Answer::Refuted,
            () if any(|verdict| matches!(verdict, Verdict::Refuted(_))) => Answer::Refuted,
            () if checked == CheckVerdict::Inconclusive => Answer::Inconclusive,
            () if any(|verdict| matches!(verdict, Verdict::Inconclusive(_))) => Answer::Inconclusive,
            () => Answer::Proven,
        }
    }
}

/// What is said of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// All obligations hold for all sizes, and the check finds nothing wrong.
    Proven,
    /// One fails, or the check finds something wrong.
    Refuted,
    /// Neither.
    Inconclusive,
}

impl Answer {
    fn name(self) -> &'static str {
        match self {
            Answer::Proven => "proven",
            Answer::Refuted => "refuted",
            Answer::Inconclusive => "inconclusive",
        }
    }
}

/// For people.
pub fn human(rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows {
        let variant = row.variant.as_ref().map_or(String::new(), |variant| format!(" ({variant})"));
        let _ = writeln!(text, "{}{variant}: {}", row.target, row.verdict().name());
        kinds(&mut text, row);
        scope::lines(&mut text, row);
        for (obligation, reproduction) in &row.obligations {
            details(&mut text, row, obligation, reproduction.as_ref());
        }
    }
    text
}

/// One line for each kind of obligation.
fn kinds(text: &mut String, row: &Row) {
    let mut kinds: Vec<Kind> = row.obligations.iter().map(|(obligation, _)| obligation.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    for kind in kinds {
        let all: Vec<&Proven> =
            row.obligations.iter().map(|(obligation, _)| obligation).filter(|one| one.kind == kind).collect();
        let proven = all.iter().filter(|one| one.verdict == Verdict::Proven).count();
        let _ = writeln!(text, "  {:<13} {proven} of {} proven", kind.name(), all.len());
    }
}

fn place(row: &Row, obligation: &Proven) -> String {
    let mut place = obligation.what.clone();
    if !obligation.span.is_empty() {
        let (line, column) = row.protocol.source.line_column(obligation.span.start);
        let separator = if place.is_empty() { "" } else { ", " };
        let _ = write!(place, "{separator}{}:{line}:{column}", row.protocol.source.name);
        for call in &obligation.calls {
            let _ = write!(place, ", called in line {}", row.protocol.source.line_column(call.start).0);
        }
    }
    place
}

fn details(text: &mut String, row: &Row, obligation: &Proven, reproduction: Option<&Reproduction>) {
    let place = place(row, obligation);
    let kind = obligation.kind.name();
    match &obligation.verdict {
        Verdict::Proven => {}
        Verdict::Inconclusive(why) => {
            let _ = writeln!(text, "  inconclusive: {kind}: {place}: {why}");
        }
        Verdict::Refuted(at) => {
            let Counterexample { ranks, blocks, threads, elements, capacity, launches, data } = at;
            let room = if capacity > elements { format!(" of {capacity} there is room for") } else { String::new() };
            let _ = writeln!(text, "  refuted: {kind}: {place}");
            let _ = writeln!(
                text,
                "    at {ranks} ranks, {blocks} blocks, {threads} threads, {elements} {data} elements{room}, {launches} launches"
            );
        }
    }
    if let Some(Reproduction { command, verdict, codes }) = reproduction {
        let codes: Vec<&str> = codes.iter().map(|code| code.number()).collect();
        let said = match verdict {
            Some(verdict) => format!("{} {}", verdict.name(), codes.join(" ")),
            None => "too large to check here".to_owned(),
        };
        let _ = writeln!(text, "    {command}: {}", said.trim_end());
    }
}

/// For programs: one object.
pub fn json(rows: &[Row]) -> String {
    let results: Vec<Value> = rows.iter().map(result).collect();
    format!("{}\n", json!({ "schema": 1, "results": results }))
}

fn result(row: &Row) -> Value {
    let obligations: Vec<Value> =
        row.obligations.iter().map(|(proven, reproduction)| obligation(row, proven, reproduction.as_ref())).collect();
    json!({
        "target": row.target,
        "variant": row.variant,
        "ranks": [row.ranks.first(), row.ranks.last()],
        "verdict": row.verdict().name(),
        "obligations": obligations,
        "scope": scope::json(row),
        "seconds": row.seconds,
    })
}

fn obligation(row: &Row, proven: &Proven, reproduction: Option<&Reproduction>) -> Value {
    let (line, column) = row.protocol.source.line_column(proven.span.start);
    let (verdict, sizes, reason) = match &proven.verdict {
        Verdict::Proven => ("proven", Value::Null, Value::Null),
        Verdict::Inconclusive(why) => ("inconclusive", Value::Null, json!(why)),
        Verdict::Refuted(at) => ("refuted", sizes(at), Value::Null),
    };
    json!({
        "kind": proven.kind.name(),
        "what": proven.what,
        "source": { "file": row.protocol.source.name, "line": line, "column": column },
        "verdict": verdict,
        "sizes": sizes,
        "reason": reason,
        "check": reproduction.map(|reproduction| json!({
            "command": reproduction.command,
            "verdict": reproduction.verdict.map(CheckVerdict::name),
            "codes": reproduction.codes.iter().map(|code| code.number()).collect::<Vec<_>>(),
        })),
    })
}

fn sizes(at: &Counterexample) -> Value {
    json!({
        "ranks": at.ranks,
        "blocks": at.blocks,
        "threads": at.threads,
        "elements": at.elements,
        "capacity": at.capacity,
        "launches": at.launches,
        "dtype": at.data.name(),
    })
}
