//! What is proven beyond the bounds of a check: a line under each set of bounds, which it mirrors.
//!
//! A check is about the sizes it was given; a proof about all of them ([`crate::prove`]). Decision: nothing is said of a
//! target that is violated, where a proof comforts nobody, and of kernels in PTX, which nothing is proven of.

use super::json::Proven;
use super::{Bounds, Row};
use crate::prove::described_ranks;
use crate::prove::known::Known;
use arverify_protocol::verdict::Verdict;

/// What is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beyond {
    /// This is proven, and this is not.
    Proven {
        /// What.
        known: Known,
        /// For these numbers of ranks, which the requirements leave.
        ranks: Vec<u32>,
        /// The requirements, as they are written.
        requirements: Vec<String>,
        /// The launches, in words.
        launches: &'static str,
    },
    /// Nobody asked: the command that does.
    Unasked(String),
}

impl Beyond {
    /// For programs; none where nobody asked.
    pub(super) fn json(&self, bounds: &Bounds) -> Option<Proven<'_>> {
        let Beyond::Proven { known, ranks, .. } = self else { return None };
        let ranks = [ranks.first().copied(), ranks.last().copied()];
        Some(Proven { proven: &known.proven, open: &known.open, ranks, for_all: self.sizes(bounds) })
    }

    /// The sizes of a proof, in the order in which the bounds of a check are printed. A host program has no blocks of
    /// threads.
    fn sizes(&self, bounds: &Bounds) -> String {
        let Beyond::Proven { ranks, requirements, launches, .. } = self else { return String::new() };
        let grid = if bounds.streams.is_some() { "" } else { " × 1 to 2^31 - 1 blocks × 1 to 1024 threads" };
        let required =
            if requirements.is_empty() { String::new() } else { format!(", where {}", requirements.join(" and ")) };
        format!("{}{grid}, 0 to 2^40 elements, {launches}{required}", described_ranks(ranks))
    }

    fn line(&self, bounds: &Bounds) -> String {
        let sizes = self.sizes(bounds);
        match self {
            Beyond::Unasked(command) => format!("nothing proven beyond these bounds: {command}"),
            Beyond::Proven { known, .. } if known.proven.is_empty() => format!("nothing proven for {sizes}"),
            Beyond::Proven { known, .. } => {
                let open = &known.open;
                let but = if open.is_empty() { String::new() } else { format!("; not proven: {}", open.join(", ")) };
                format!("proven: {sizes}: {}{but}", known.proven.join(", "))
            }
        }
    }
}

/// The lines that belong under the bounds of these rows: one for each set of obligations.
pub(super) fn lines(rows: &[&Row]) -> Vec<String> {
    let told: Vec<&&Row> = rows.iter().filter(|row| row.outcome.verdict != Verdict::Violated).collect();
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for row in &told {
        let Some(beyond) = &row.beyond else { continue };
        let text = beyond.line(&row.bounds);
        match groups.iter_mut().find(|(known, _)| *known == text) {
            Some((_, names)) => names.push(super::human::name_of(row)),
            None => groups.push((text, vec![super::human::name_of(row)])),
        }
    }
    let several = groups.len() > 1;
    let line = |(text, names): (String, Vec<String>)| {
        if several { format!("{text} ({})", names.join(", ")) } else { text }
    };
    groups.into_iter().map(line).collect()
}
