//! Sizes that a check tried because none were named: a line under the bounds, and a list for programs.
//!
//! The row shows the sizes that decided: the first of the worst verdict. Decision: the others are told in one line, so
//! that the table keeps one row for each target. Not shown: what each of them cost.

use super::Row;
use super::json::Tried;
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::verdict::Verdict;

/// What was found at the other sizes, by verdict; nothing where there are none.
pub(super) fn line(row: &Row) -> Option<String> {
    let decided = |sizes: &Sizes| *sizes == row.options.sizes;
    let mut parts = Vec::new();
    for verdict in [Verdict::Verified, Verdict::Inconclusive, Verdict::Violated] {
        let others = row.tried.iter().filter(|(sizes, other)| *other == verdict && !decided(sizes));
        let sizes: Vec<&Sizes> = others.map(|(sizes, _)| sizes).collect();
        if !sizes.is_empty() {
            let also = if verdict == row.outcome.verdict { "also " } else { "" };
            parts.push(format!("{also}{} at {}", verdict.name(), described(row, &sizes)));
        }
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Sizes of one grid together: `2 blocks × 4 threads × 71, 32 or 0 elements`.
fn described(row: &Row, all: &[&Sizes]) -> String {
    let mut grids: Vec<((u32, u32), Vec<String>)> = Vec::new();
    for sizes in all {
        let grid = (sizes.blocks, sizes.threads);
        match grids.iter_mut().find(|(known, _)| *known == grid) {
            Some((_, messages)) => messages.push(sizes.elements.to_string()),
            None => grids.push((grid, vec![sizes.elements.to_string()])),
        }
    }
    let grid = |((blocks, threads), messages): &((u32, u32), Vec<String>)| {
        let messages = format!("{} elements", listed(messages));
        match row.bounds.streams {
            Some(_) => messages,
            None => format!("{blocks} blocks × {threads} threads × {messages}"),
        }
    };
    grids.iter().map(grid).collect::<Vec<_>>().join(", ")
}

fn listed(words: &[String]) -> String {
    match words {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        words => words.join(", "),
    }
}

/// Lengths of launches that were tried, where they may differ.
pub(super) fn lengths_line(row: &Row) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    for lengths in &row.outcome.tried {
        let turns: Vec<String> = lengths.turns().iter().map(u64::to_string).collect();
        match turns.as_slice() {
            [only] => parts.push(format!("{only} each")),
            _ => parts.push(listed(&turns)),
        }
    }
    (!parts.is_empty()).then(|| format!("lengths of launches: {}", parts.join("; ")))
}

/// For programs: the same, a list for each sequence.
pub(super) fn lengths_json(row: &Row) -> Option<Vec<&[u64]>> {
    let tried = &row.outcome.tried;
    (!tried.is_empty()).then(|| tried.iter().map(|lengths| lengths.turns()).collect())
}

/// For programs: every size with its verdict, in the order tried; none where there was one.
pub(super) fn json(row: &Row) -> Option<Vec<Tried>> {
    let entry = |(sizes, verdict): &(Sizes, Verdict)| {
        let Sizes { ranks, blocks, threads, elements, .. } = *sizes;
        Tried { ranks, blocks, threads, elements, verdict: verdict.name() }
    };
    (row.tried.len() > 1).then(|| row.tried.iter().map(entry).collect())
}
