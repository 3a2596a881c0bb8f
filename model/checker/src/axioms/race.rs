//! Data races (PTX ISA, Memory Consistency Model, "Data races").
//!
//! Two operations conflict when they access one location and at least one writes it. Two that conflict race when
//! neither precedes the other in causality order and they are not morally strong. Initial writes race with nothing.

use super::definitions::Definitions;
use super::execution::Execution;
use super::relation::Truth;

/// The pairs of events that may race, each with what must hold for it.
pub(super) fn races(execution: &Execution, definitions: &Definitions) -> Vec<(usize, usize, Truth)> {
    let nodes = &execution.nodes;
    let mut found = Vec::new();
    for first in 0..nodes.len() {
        for second in first + 1..nodes.len() {
            let conflict = execution.same_location(first, second)
                && (nodes[first].is_write() || nodes[second].is_write())
                && nodes[first].thread.is_some()
                && nodes[second].thread.is_some();
            if !conflict {
                continue;
            }
            // An atomic is one operation, a read and a write (PTX ISA, "Operation types"): where its write precedes
            // something, by observation, so does all of it.
            let write_of = |read: usize| nodes.iter().position(|node| node.atomic_read == Some(read));
            let precedes = |from: usize, to: usize| {
                let whole = write_of(from).map_or(Truth::False, |write| definitions.causality.at(write, to).clone());
                definitions.causality.at(from, to).or(&whole)
            };
            let ordered = precedes(first, second).or(&precedes(second, first));
            let race = definitions.morally_strong.at(first, second).or(&ordered).not();
            if !matches!(race, Truth::False) {
                found.push((first, second, race));
            }
        }
    }
    found
}
