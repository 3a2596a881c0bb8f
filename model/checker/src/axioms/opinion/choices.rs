//! Which values loads and atomics may return.
//!
//! Each gets some write's value to begin with, and every other value that it could return begins another combination.
//! Where only weak loads are given values, one of them returns what causality leaves it; strong loads
//! and atomics return whatever anybody writes there, and the solver says which is consistent. So no execution is
//! missed whose values come from somewhere: take the first load, in the order of who depends on whom, that returns
//! something else than in the combination looked at; what it returns is written there too.

use super::cells::{Cells, Expectation};
use super::events::{Events, Origin};
use super::known::{Pairs, may_read, settle};
use super::progress::{At, Reached, Rest, check_barriers, run};
use super::unfold::{Refusal, Unit, chooses, coordinates, unfold};
use crate::process;
use crate::program::{Operation, Program};
use arverify_protocol::ir::Order;
use rustc_hash::FxHashSet;
use std::time::Instant;

/// Combinations of values.
const COMBINATIONS: usize = 64;

/// Values by thread, in order.
type Choices = Vec<Vec<u64>>;

/// One combination: everybody's operations, and how far they get when no wait is in vain.
pub(super) struct Combination {
    pub(super) units: Vec<Unit>,
    pub(super) cells: Cells,
    pub(super) reached: Reached,
}

/// The definition of the result, if there is one.
pub(super) fn expectation(program: &impl Program) -> Option<Expectation> {
    let expected = program.expected()?;
    Some(Expectation::from(&expected))
}

/// The combinations, one after the other.
pub(super) struct Combinations<'p, P> {
    program: &'p P,
    events: usize,
    deadline: Instant,
    known: FxHashSet<Choices>,
    open: Vec<Choices>,
}

impl<'p, P: Program> Combinations<'p, P> {
    pub(super) fn new(program: &'p P, events: usize, deadline: Instant) -> Result<Self, Refusal> {
        let count = coordinates(program).len();
        if count > events {
            return Err(Refusal::TooLarge("events", events));
        }
        let open = vec![vec![Vec::new(); count]];
        Ok(Combinations { program, events, deadline, known: FxHashSet::default(), open })
    }

    /// The next one that is new, if there is one.
    pub(super) fn next(&mut self) -> Result<Option<Combination>, Refusal> {
        while let Some(begun) = self.open.pop() {
            if process::now() >= self.deadline {
                return Err(Refusal::Undecided("out of time".to_owned()));
            }
            let (combination, choices) = complete(self.program, begun, self.events)?;
            if !self.known.insert(choices.clone()) {
                continue;
            }
            if self.known.len() > COMBINATIONS {
                return Err(Refusal::TooLarge("combinations of values", COMBINATIONS));
            }
            self.open.extend(others(self.program, &combination, &choices)?);
            return Ok(Some(combination));
        }
        Ok(None)
    }
}

/// Goes on from some choices until everybody has come to rest.
fn complete<P: Program>(program: &P, mut choices: Choices, limit: usize) -> Result<(Combination, Choices), Refusal> {
    let all = coordinates(program);
    loop {
        let unfolded = all.iter().zip(&choices).map(|(at, choices)| unfold(program, *at, choices));
        let units = unfolded.collect::<Result<Vec<Unit>, Refusal>>()?;
        if units.iter().map(|unit| unit.steps.len()).sum::<usize>() > limit {
            return Err(Refusal::TooLarge("events", limit));
        }
        check_barriers(&units)?;
        let cells = Cells::new(program.shape(), &units, expectation(program))?;
        let reached = run(&units, &FxHashSet::default());
        let Some(unit) = (0..units.len()).find(|unit| reached.rest[*unit] == Rest::Suspended) else {
            return Ok((Combination { units, cells, reached }, choices));
        };
        let events = events(program, &cells, &units, &reached)?;
        if events.nodes.len() > limit {
            return Err(Refusal::TooLarge("events", limit));
        }
        let read = events.of_step[&(unit, reached.steps[unit])][0];
        let before = settle(&events).before;
        let candidates: Vec<usize> =
            (0..events.nodes.len()).filter(|write| may_read(&events, &before, *write, read)).collect();
        let newest = candidates.iter().rev().find(|write| !candidates.iter().any(|other| before.has(**write, *other)));
        choices[unit].push(newest.and_then(|write| events.words[*write]).unwrap_or(0));
    }
}

fn events<P: Program>(program: &P, cells: &Cells, units: &[Unit], reached: &Reached) -> Result<Events, Refusal> {
    Events::new(program, cells, units, reached, &FxHashSet::default(), expectation(program))
}

/// The choices that differ in one value from those of a combination.
fn others<P: Program>(program: &P, combination: &Combination, choices: &Choices) -> Result<Vec<Choices>, Refusal> {
    let Combination { units, cells, reached } = combination;
    let events = events(program, cells, units, reached)?;
    let before = settle(&events).before;
    let given: Vec<(At, bool)> = (0..units.len())
        .flat_map(|unit| (0..reached.steps[unit]).map(move |step| (unit, step)))
        .filter(|at| chooses(&units[at.0].steps[at.1].operation))
        .map(|at| (at, is_weak(&units[at.0].steps[at.1].operation)))
        .collect();
    let only_weak = given.iter().all(|(_, weak)| *weak);
    let mut found = Vec::new();
    for (at, _) in given {
        let read = events.of_step[&at][0];
        let number = units[at.0].steps[..at.1].iter().filter(|step| chooses(&step.operation)).count();
        let location = |event: usize| events.nodes[event].location.map(|location| location.physical);
        let possible = |write: usize| {
            events.nodes[write].is_write()
                && location(write) == location(read)
                && !comes_later(units, at, events.origins[write])
                && (!only_weak || may_return(&events, &before, write, read))
        };
        let words: FxHashSet<u64> =
            (0..events.nodes.len()).filter(|write| possible(*write)).filter_map(|write| events.words[write]).collect();
        for word in words.into_iter().filter(|word| *word != choices[at.0][number]) {
            let mut other = choices.clone();
            other[at.0].truncate(number);
            other[at.0].push(word);
            found.push(other);
        }
    }
    Ok(found)
}

/// Whether a read could return a write if it returned anything.
fn may_return(events: &Events, before: &Pairs, write: usize, read: usize) -> bool {
    let hides = |other: usize| {
        let location = |event: usize| events.nodes[event].location.map(|location| location.physical);
        let later = events.nodes[write].thread.is_none() || before.has(write, other);
        other != write
            && events.nodes[other].is_write()
            && events.nodes[other].thread.is_some()
            && location(other) == location(write)
            && later
            && before.has(other, read)
    };
    !before.has(read, write) && !(0..events.nodes.len()).any(hides)
}

/// Whether a write comes after a read whatever the values: in its own thread, or in a later launch of its rank.
fn comes_later(units: &[Unit], read: At, write: Origin) -> bool {
    match write {
        Origin::Thread(write) if write.0 == read.0 => write.1 >= read.1,
        Origin::Thread(write) => {
            let (read, write) = (units[read.0].at, units[write.0].at);
            read.rank == write.rank && write.launch > read.launch
        }
        _ => false,
    }
}

fn is_weak(operation: &Operation) -> bool {
    matches!(operation, Operation::Read { semantics, .. } if semantics.order == Order::Weak)
}
