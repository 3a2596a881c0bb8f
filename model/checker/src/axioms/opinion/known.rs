//! What base causality orders for certain, and which writes a read can still return.
//!
//! Program order, barriers and launches are known. A read that can return one write only observes it, and if the two
//! synchronise, more is ordered, and other reads can return less: that is repeated until nothing changes. Every step
//! follows from the axioms, so nothing is decided here that the solver would decide otherwise; it has less to do.

use super::super::definitions::Definitions;
use super::super::execution::{Execution, Hints};
use super::super::relation::Truth;
use super::super::theory::{Model, Theory};
use super::events::{Admits, Events};

/// Pairs of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pairs {
    rows: Vec<Vec<bool>>,
}

impl Pairs {
    pub(super) fn has(&self, from: usize, to: usize) -> bool {
        self.rows[from][to]
    }

    /// With everything that follows by going on.
    fn closure(mut self) -> Pairs {
        for middle in 0..self.rows.len() {
            let onwards = self.rows[middle].clone();
            for row in &mut self.rows {
                if row[middle] {
                    row.iter_mut().zip(&onwards).for_each(|(cell, on)| *cell |= on);
                }
            }
        }
        self
    }
}

/// An execution of which everything certain is known.
pub(super) struct Settled {
    pub(super) execution: Execution,
    pub(super) definitions: Definitions,
    pub(super) before: Pairs,
    /// Some read has nothing to return: there is no such execution.
    pub(super) impossible: bool,
}

/// What program order, barriers and launches order.
pub(super) fn ordered(events: &Events) -> Pairs {
    let size = events.nodes.len();
    let mut rows = vec![vec![false; size]; size];
    for (from, row) in rows.iter_mut().enumerate() {
        for (to, cell) in row.iter_mut().enumerate().skip(from + 1) {
            *cell = events.nodes[from].thread.is_some() && events.nodes[from].thread == events.nodes[to].thread;
        }
    }
    for (from, to) in &events.barriers {
        rows[*from][*to] = true;
    }
    Pairs { rows }.closure()
}

/// Whether a read may return what a write wrote, as far as is known.
pub(super) fn may_read(events: &Events, before: &Pairs, write: usize, read: usize) -> bool {
    let location = |event: usize| events.nodes[event].location.map(|location| location.physical);
    let same = |write: usize| events.nodes[write].is_write() && location(write) == location(read);
    let word = |condition: &dyn Fn(u64) -> bool| events.words[write].is_none_or(condition);
    // What a condition cannot judge is both: it may end the wait, and it may not.
    let admitted = match &events.admits[read] {
        Admits::Anything => true,
        Admits::Word(wanted) => word(&|word| word == *wanted),
        Admits::Satisfying(condition) => word(&|word| condition.holds(word.into())),
        Admits::InVain(condition) => word(&|word| !condition.holds(word.into())),
    };
    let first = events.nodes[write].thread.is_none();
    let hidden = || {
        (0..events.nodes.len())
            .filter(|other| *other != write && same(*other) && events.nodes[*other].thread.is_some())
            .any(|other| (first || before.has(write, other)) && before.has(other, read))
    };
    // An atomic does not read itself.
    same(write) && admitted && events.nodes[write].atomic_read != Some(read) && !before.has(read, write) && !hidden()
}

/// Finds out what is certain.
pub(super) fn settle(events: &Events) -> Settled {
    let theory = Theory::from(Model::Ptx75);
    let size = events.nodes.len();
    let mut before = ordered(events);
    loop {
        let reads = |write: usize, read: usize| may_read(events, &before, write, read);
        let orders = |from: usize, to: usize| before.has(from, to);
        let hints = Hints { may_read: Some(&reads), before: Some(&orders) };
        let execution = Execution::choose(events.frame(), &hints);
        let definitions = Definitions::new(&execution, theory);
        let certain = |from: usize, to: usize| matches!(definitions.base_causality.at(from, to), Truth::True);
        let rows = (0..size).map(|from| (0..size).map(|to| before.has(from, to) || certain(from, to)).collect());
        let after = Pairs { rows: rows.collect() };
        if after == before {
            let impossible = execution.well_formed.iter().any(|part| matches!(part, Truth::False));
            return Settled { execution, definitions, before, impossible };
        }
        before = after;
    }
}
