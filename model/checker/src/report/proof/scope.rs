//! What a proof is about: for which sizes, on which checks it rests, and what was not looked at.

use super::Row;
use crate::prove::{Kind, Verdict, described_launches, described_ranks, written_requirements};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::{HostStatement, Statement, StatementKind};
use arverify_protocol::verdict::Verdict as CheckVerdict;
use serde_json::{Value, json};
use std::fmt::Write;

/// The lines below the kinds of obligations.
pub(super) fn lines(text: &mut String, row: &Row) {
    let (proven, open) = kinds(row);
    if !proven.is_empty() {
        let only = if open.is_empty() { String::new() } else { format!(": {} only", proven.join(", ")) };
        let _ = writeln!(text, "  for all: {}{only}", sizes(row));
    }
    let _ = writeln!(text, "  {}", checked(row));
    let _ = writeln!(text, "  not looked at: {}", unseen(row).join("; "));
}

/// Kinds of which all obligations are proven, and the others.
fn kinds(row: &Row) -> (Vec<&'static str>, Vec<&'static str>) {
    let mut kinds: Vec<Kind> = row.obligations.iter().map(|(obligation, _)| obligation.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let holds = |kind: &Kind| {
        let mut of_kind = row.obligations.iter().filter(|(obligation, _)| obligation.kind == *kind);
        of_kind.all(|(obligation, _)| obligation.verdict == Verdict::Proven)
    };
    let (proven, open): (Vec<Kind>, Vec<Kind>) = kinds.into_iter().partition(holds);
    let names = |kinds: Vec<Kind>| kinds.into_iter().map(Kind::name).collect();
    (names(proven), names(open))
}

/// All sizes, as far as the requirements leave them.
fn sizes(row: &Row) -> String {
    let grid = if row.protocol.is_host_program() { "" } else { ", 1 to 2^31 - 1 blocks, 1 to 1024 threads" };
    let required = written_requirements(&row.protocol);
    let required = if required.is_empty() { String::new() } else { format!(", where {}", required.join(" and ")) };
    format!(
        "{}{grid}, 0 to 2^40 elements of f32, f16 and bf16, {}{required}",
        described_ranks(&row.ranks),
        described_launches(&row.protocol)
    )
}

fn described(sizes: &Sizes) -> String {
    let Sizes { ranks, blocks, threads, elements, data, .. } = sizes;
    format!("--ranks {ranks} --blocks {blocks} --threads {threads} --elements {elements} --dtype {data}")
}

/// What the check says of small sizes.
fn checked(row: &Row) -> String {
    let premise = &row.premise;
    let Some((last, verdict)) = premise.checked.last() else {
        return "check: no small sizes meet the requirements".to_owned();
    };
    let codes: Vec<&str> = premise.codes.iter().map(|code| code.number()).collect();
    let launches = premise.launches;
    match verdict {
        CheckVerdict::Verified => {
            let mut ranks: Vec<u32> = premise.checked.iter().map(|(sizes, _)| sizes.ranks).collect();
            ranks.sort_unstable();
            ranks.dedup();
            let number = premise.checked.len();
            format!("check: verified at {number} small sizes, {}, {launches} launches", described_ranks(&ranks))
        }
        verdict => {
            let command = format!("{} {} --launches {launches}", row.command, described(last));
            format!("check: {command}: {} {}", verdict.name(), codes.join(" ")).trim_end().to_owned()
        }
    }
}

/// What no obligation is about.
fn unseen(row: &Row) -> Vec<String> {
    let mut unseen = vec!["order, progress and results at other sizes than those of the check".to_owned()];
    let mut found = Found::default();
    found.visit(&row.protocol.body);
    let lines = |spans: &[u32]| {
        let mut lines: Vec<u32> = spans.iter().map(|start| row.protocol.source.line_column(*start).0).collect();
        lines.sort_unstable();
        lines.dedup();
        let lines: Vec<String> = lines.iter().map(u32::to_string).collect();
        format!("line{} {}", if lines.len() == 1 { "" } else { "s" }, lines.join(", "))
    };
    for (what, spans) in [("ghost code", &found.ghosts), ("events and the order of streams", &found.streams)] {
        if !spans.is_empty() {
            unseen.push(format!("{what} ({})", lines(spans)));
        }
    }
    unseen
}

/// Statements that the proofs pass over, by where they start.
#[derive(Default)]
struct Found {
    ghosts: Vec<u32>,
    streams: Vec<u32>,
}

impl Found {
    fn visit(&mut self, statements: &[Statement]) {
        for Statement { kind, span, .. } in statements {
            match kind {
                StatementKind::Ghost { .. } | StatementKind::Assert { .. } => self.ghosts.push(span.start),
                StatementKind::If { then, otherwise, .. } => {
                    self.visit(then);
                    self.visit(otherwise);
                }
                StatementKind::For { body, .. } => self.visit(body),
                StatementKind::Host(host) => {
                    if !matches!(host, HostStatement::Group { .. }) {
                        self.streams.push(span.start);
                    }
                    if let HostStatement::Stream { body, .. } | HostStatement::Group { body } = host {
                        self.visit(body);
                    }
                }
                _ => {}
            }
        }
    }
}

/// For programs.
pub(super) fn json(row: &Row) -> Value {
    let (proven, open) = kinds(row);
    let checked: Vec<Value> = row
        .premise
        .checked
        .iter()
        .map(|(sizes, verdict)| {
            json!({
                "ranks": sizes.ranks, "blocks": sizes.blocks, "threads": sizes.threads, "elements": sizes.elements,
                "dtype": sizes.data.name(), "launches": row.premise.launches, "verdict": verdict.name(),
            })
        })
        .collect();
    json!({
        "proven": proven,
        "open": open,
        "for_all": sizes(row),
        "ranks": row.ranks,
        "checked": checked,
        "codes": row.premise.codes.iter().map(|code| code.number()).collect::<Vec<_>>(),
        "not_looked_at": unseen(row),
    })
}
