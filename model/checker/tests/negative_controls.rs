//! Negative controls: in every verified protocol of the catalogue, each synchronising operation is removed, weakened
//! by one step, or moved past its neighbour. Every mutant is reported, or is listed below as redundant with a reason.
//!
//! The table goes to docs/negative-controls.md (BLESS=1 writes it anew). A mutant that passes silently is a bug in
//! the checker; a reason that is no longer needed is an error too.

use arverify_model::check::{Options, check, mutants};
use arverify_protocol::catalogue;
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::{Protocol, Span, Statement};
use arverify_protocol::verdict::Verdict;
use std::fmt::Write;

/// Mutants that are verified, and why that is right. Protocol, mutant (as in the table), reason.
const REDUNDANT: &[(&str, &str, &str)] = &include!("redundant.in");

fn words(protocol: &Protocol, statement: &Statement) -> String {
    let text = |span: &Span| {
        let text = &protocol.source.text[span.start as usize..span.end as usize];
        text.lines().next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let line = |span: &Span| protocol.source.line_column(span.start).0;
    let own = format!("line {}: `{}`", line(&statement.span), text(&statement.span));
    let calls = statement.calls.iter().rev().map(|call| format!(" in `{}` of line {}", text(call), line(call)));
    own + &calls.collect::<String>()
}

/// Protocols of which every word is a choice point in some mutants: fewer elements.
const OTHER_SIZES: [(&str, u64); 1] = [("lamport", 2)];

fn elements(protocol: &Protocol) -> u64 {
    OTHER_SIZES.iter().find(|(name, _)| *name == protocol.name).map_or(77, |(_, elements)| *elements)
}

fn options(protocol: &Protocol, ranks: u32, data: DataType) -> Options {
    let elements = elements(protocol);
    let launches = protocol.launches_to_come_round();
    let sizes = Sizes { ranks, blocks: 2, threads: 4, elements, capacity: elements, data, accumulate: Accumulate::Own };
    Options { max_states: 50_000, launches, ..Options::new(sizes) }
}

/// The code reported at 2 or 3 ranks, or `verified`, or `inconclusive`.
fn verdict(protocol: &Protocol) -> String {
    let mut verdict = Verdict::Verified;
    for ranks in [2, 3] {
        let outcome = check(protocol, &options(protocol, ranks, DataType::F32));
        if let Some(finding) = outcome.findings.iter().find(|finding| !finding.code.is_lint()) {
            return finding.code.number().to_owned();
        }
        if outcome.verdict == Verdict::Inconclusive {
            verdict = Verdict::Inconclusive;
        }
    }
    verdict.name().to_owned()
}

#[test]
fn every_mutant_is_reported_or_redundant_for_a_reason() {
    let documents = match catalogue::all() {
        Ok(documents) => documents,
        Err(errors) => panic!("{errors}"),
    };
    let mut page = String::from(
        "# Negative controls\n\nEvery synchronising operation of every catalogue protocol, removed, weakened by one step, or moved past its\n\
         neighbour, at 2 and 3 ranks, 2 blocks, 4 threads, 77 elements, 3 launches. Written by\n\
         `BLESS=1 cargo test --release -p arverify-model --test negative_controls`.\n",
    );
    let mut silent = Vec::new();
    let mut used = Vec::new();
    for document in &documents {
        let protocol = match document.resolve(&[]) {
            Ok(protocol) => protocol,
            Err(errors) => panic!("{errors}"),
        };
        assert_eq!(verdict(&protocol), "verified", "{} itself", protocol.name);
        let (elements, launches) = (elements(&protocol), protocol.launches_to_come_round());
        let sizes = match (elements, launches) {
            (77, 3) => String::new(),
            _ => format!("At {elements} elements and {launches} launches.\n\n"),
        };
        let _ = writeln!(page, "\n## {}\n\n{sizes}| mutant | verdict |\n|---|---|", protocol.name);
        for mutant in mutants(&protocol) {
            let name = format!("{}: {}", words(&protocol, &mutant.statement), mutant.change);
            let verdict = verdict(&mutant.protocol);
            let reason = REDUNDANT.iter().position(|(of, what, _)| *of == protocol.name && *what == name);
            let shown = match (verdict.as_str(), reason) {
                ("verified", Some(reason)) => {
                    used.push(reason);
                    format!("redundant: {}", REDUNDANT[reason].2)
                }
                ("verified" | "inconclusive", None) => {
                    silent.push(format!("(\"{}\", {name:?}, \"\"), // {verdict}", protocol.name));
                    verdict
                }
                _ => verdict,
            };
            let _ = writeln!(page, "| {} | {shown} |", name.replace('|', "\\|"));
        }
    }
    let unneeded: Vec<_> = REDUNDANT.iter().enumerate().filter(|(index, _)| !used.contains(index)).collect();
    assert!(silent.is_empty(), "mutants that pass silently:\n{}", silent.join("\n"));
    assert!(unneeded.is_empty(), "reasons that are not needed: {unneeded:?}");
    compare("../../docs/negative-controls.md", &page);
}

/// Compares with the file kept, or writes it when BLESS is set.
fn compare(path: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "{} is out of date: run with BLESS=1 and read the difference", path.display());
}
