//! Is there a race, a read of what nobody wrote, a hang, a wrong result?
//!
//! Races first: where there is none, every weak read returns the write that causality puts last before it.

use super::super::execution::Execution;
use super::super::laws::laws;
use super::super::race::races;
use super::super::relation::Truth;
use super::super::solve::{Witness, solve};
use super::super::theory::{Model, Theory};
use super::choices::{Combination, Combinations, expectation};
use super::events::{Admits, Events};
use super::known::{Settled, ordered, settle};
use super::progress::{At, Rest, run};
use super::stuck::{self, doubtful, plausible};
use super::unfold::Refusal;
use super::values::{self, Reading};
use super::words;
use super::{Opinion, Patience};
use crate::process;
use crate::program::{Location, Operation, Program};
use arverify_protocol::ir::Order;
use arverify_protocol::verdict::Finding;
use rustc_hash::FxHashSet;
use std::time::Instant;

/// One program's questions.
struct Questions<'q, P> {
    program: &'q P,
    patience: &'q Patience,
    deadline: Instant,
    opinion: &'q mut Opinion,
}

/// What is wrong with a program, if anything is.
pub(super) fn ask<P: Program>(
    program: &P,
    patience: &Patience,
    deadline: Instant,
    opinion: &mut Opinion,
) -> Result<Option<Finding>, Refusal> {
    if program.shape().instances.iter().any(|instance| instance.parts.len() > 1) {
        return Err(Refusal::Unsupported("a buffer in parts"));
    }
    let mut combinations = Combinations::new(program, patience.events, deadline)?;
    let mut questions = Questions { program, patience, deadline, opinion };
    let mut first = true;
    while let Some(combination) = combinations.next()? {
        if std::mem::take(&mut first) {
            (questions.opinion.waits, questions.opinion.peer_accesses) = rests_on(program, &combination);
        }
        if let Some(finding) = questions.ask(&combination)? {
            return Ok(Some(finding));
        }
    }
    Ok(None)
}

/// Waits, and accesses to data of another rank: without them a verdict rests on nothing.
fn rests_on(program: &impl Program, combination: &Combination) -> (u64, u64) {
    let shape = program.shape();
    let (mut waits, mut peers) = (0, 0);
    for unit in &combination.units {
        for step in &unit.steps {
            let foreign = |at: &Location| shape.instances[at.instance as usize].rank != unit.at.rank;
            match &step.operation {
                Operation::Await { .. } => waits += 1,
                Operation::Bulk(bulk) => {
                    peers += bulk.sources.iter().chain([&bulk.destination]).filter(|at| foreign(at)).count() as u64;
                }
                Operation::Read { at, semantics, .. } | Operation::Write { at, semantics, .. } => {
                    peers += u64::from(semantics.order == Order::Weak && foreign(at));
                }
                _ => {}
            }
        }
    }
    (waits, peers)
}

impl<P: Program> Questions<'_, P> {
    fn events(&mut self, combination: &Combination, in_vain: &FxHashSet<At>) -> Result<Events, Refusal> {
        let Combination { units, cells, reached } = combination;
        let shorter;
        let reached = match in_vain.is_empty() {
            true => reached,
            false => {
                shorter = run(units, in_vain);
                &shorter
            }
        };
        let events = Events::new(self.program, cells, units, reached, in_vain, expectation(self.program))?;
        if events.nodes.len() > self.patience.events {
            return Err(Refusal::TooLarge("events", self.patience.events));
        }
        self.opinion.events = self.opinion.events.max(events.nodes.len());
        Ok(events)
    }

    /// Choices under which an execution is consistent and this holds of it.
    fn consistent(&mut self, settled: &Settled, asked: Truth) -> Result<Option<Witness>, Refusal> {
        if settled.impossible || matches!(asked, Truth::False) {
            return Ok(None);
        }
        let left = self.deadline.saturating_duration_since(process::now());
        if left.is_zero() {
            return Err(Refusal::Undecided("out of time".to_owned()));
        }
        self.opinion.executions += 1;
        let Settled { execution, definitions, .. } = settled;
        let laws = laws(Theory::from(Model::Ptx75)).into_iter().map(|law| law(execution, definitions));
        let formula = Truth::all(execution.well_formed.iter().cloned().chain(laws).chain([asked]));
        solve(&formula, left).map_err(Refusal::Undecided)
    }

    /// Everything about one combination of values.
    fn ask(&mut self, combination: &Combination) -> Result<Option<Finding>, Refusal> {
        let events = self.events(combination, &FxHashSet::default())?;
        let settled = settle(&events);
        if let Some(found) = self.race(combination, &events, &settled)? {
            return Ok(Some(found));
        }
        if let Some(found) = self.unwritten(combination, &events, &settled)? {
            return Ok(Some(found));
        }
        if let Some(found) = self.hang(combination, &events, &settled)? {
            return Ok(Some(found));
        }
        if let Some(found) = self.false_assertion(combination, &settled)? {
            return Ok(Some(found));
        }
        self.wrong_result(combination)
    }

    fn race(
        &mut self,
        combination: &Combination,
        events: &Events,
        settled: &Settled,
    ) -> Result<Option<Finding>, Refusal> {
        let races = races(&settled.execution, &settled.definitions);
        let asked = Truth::any(races.iter().map(|(.., race)| race.clone()));
        let Some(witness) = self.consistent(settled, asked)? else { return Ok(None) };
        let found = races.iter().find(|(.., race)| witness.holds(race));
        Ok(found.map(|(first, second, _)| words::race(self.program, combination, events, *first, *second)))
    }

    fn unwritten(
        &mut self,
        combination: &Combination,
        events: &Events,
        settled: &Settled,
    ) -> Result<Option<Finding>, Refusal> {
        let reads = values::unwritten(events, &settled.execution);
        let asked = Truth::any(reads.iter().map(|(_, truth)| truth.clone()));
        let Some(witness) = self.consistent(settled, asked)? else { return Ok(None) };
        let found = reads.iter().find(|(_, truth)| witness.holds(truth));
        Ok(found.map(|(read, _)| words::unwritten(self.program, combination, events, *read)))
    }

    fn hang(
        &mut self,
        combination: &Combination,
        events: &Events,
        settled: &Settled,
    ) -> Result<Option<Finding>, Refusal> {
        if combination.reached.rest.iter().any(|rest| *rest != Rest::Ended) {
            // A barrier that somebody never reaches.
            let found = self.consistent(settled, Truth::True)?;
            if found.is_some() {
                return Ok(Some(words::divergence(self.program, combination)));
            }
        }
        let doubtful = doubtful(events, &settled.before);
        for in_vain in stuck::combinations(&combination.units, &doubtful)? {
            if self.hangs(combination, &in_vain)? {
                return Ok(Some(words::hang(self.program, combination, &in_vain)));
            }
        }
        Ok(None)
    }

    /// Whether these waits can be in vain together, and everybody else comes to rest.
    fn hangs(&mut self, combination: &Combination, in_vain: &FxHashSet<At>) -> Result<bool, Refusal> {
        let reached = run(&combination.units, in_vain);
        if reached.rest.iter().filter(|rest| **rest == Rest::Stuck).count() != in_vain.len() {
            return Ok(false);
        }
        let events = self.events(combination, in_vain)?;
        if !plausible(&events, &ordered(&events)) {
            return Ok(false);
        }
        let settled = settle(&events);
        let last = |execution: &Execution, read: usize| {
            Truth::all(
                (0..events.nodes.len())
                    .map(|write| execution.reads_from.at(write, read).implies(&execution.is_last(write))),
            )
        };
        let stuck = (0..events.nodes.len()).filter(|read| matches!(events.admits[*read], Admits::InVain(_)));
        let asked = Truth::all(stuck.map(|read| last(&settled.execution, read)));
        Ok(self.consistent(&settled, asked)?.is_some())
    }

    fn false_assertion(&mut self, combination: &Combination, settled: &Settled) -> Result<Option<Finding>, Refusal> {
        let Combination { units, reached, .. } = combination;
        let fails = |at: &At| units[at.0].steps[at.1].operation == Operation::Assert { holds: false };
        let steps = (0..units.len()).flat_map(|unit| (0..reached.steps[unit]).map(move |step| (unit, step)));
        let Some(at) = steps.into_iter().find(fails) else { return Ok(None) };
        let found = self.consistent(settled, Truth::True)?;
        Ok(found.map(|_| words::false_assertion(self.program, combination, at)))
    }

    fn wrong_result(&mut self, combination: &Combination) -> Result<Option<Finding>, Refusal> {
        let Some(expected) = self.program.expected() else { return Ok(None) };
        let shape = self.program.shape();
        if !shape.part_of(expected.input, 0).is_some_and(|(_, part)| part.refreshed) {
            return Err(Refusal::Unsupported("a result of inputs that are not new for each launch"));
        }
        let readings = [Reading::Sums, Reading::Orders];
        for reading in readings.into_iter().filter(|it| *it == Reading::Sums || values::orders_matter(&expected)) {
            let mut events = self.events(combination, &FxHashSet::default())?;
            values::give(self.program, &combination.cells, &combination.units, &mut events, reading);
            let settled = settle(&events);
            let wrong = values::wrong(shape, &combination.cells, &events, &expected, reading);
            let asked = Truth::any(wrong.iter().map(|(_, truth)| truth.clone()));
            let Some(witness) = self.consistent(&settled, asked)? else { continue };
            let found = wrong.iter().find(|(_, truth)| witness.holds(truth));
            let finding = |(read, _): &(usize, Truth)| words::wrong(self.program, combination, &events, *read, reading);
            if let Some(found) = found {
                return Ok(Some(finding(found)));
            }
        }
        Ok(None)
    }
}
