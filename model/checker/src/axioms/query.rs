//! Questions about a litmus test: does its condition hold, and can it go on without end?
//!
//! Decision: combinations of paths are asked about one after the other, those without a second pass of a loop first,
//! and the first witness ends the search. Every question has a deadline; what is not decided by then is inconclusive.

use super::definitions::Definitions;
use super::execution::{Execution, Unsupported, compare};
use super::laws::laws;
use super::path::{Ending, Path, Value};
use super::race::races;
use super::relation::Truth;
use super::solve::{solve, solver_is_new_enough};
use super::theory::{Model, Theory};
use super::unfold::{Limits, paths};
use crate::litmus::{Formula, Instruction, Location, LocationId, Proxy, Quantifier, Term, Test, ThreadId};
use crate::process;
use rustc_hash::FxHashMap;
use std::time::{Duration, Instant};
use z3::ast::BV;

/// Paths of one thread.
const PATHS: usize = 4096;

/// Combinations of paths beyond which loops go round once only.
const COMBINATIONS: usize = 48;

/// How long to look, and how far to unroll.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Wall-clock limit of one question.
    pub time: Duration,
    /// How often a path may go back to one place of a loop that changes anything.
    pub passes: u32,
}

/// What the engine says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The answer; none when inconclusive.
    pub holds: Option<bool>,
    /// Some path was longer than the bound, and the answer rests on the others.
    pub bound_hit: bool,
    /// The bound: how often a path went back to one place. Fewer than asked for where there are too many paths.
    pub passes: u32,
    /// Why it is inconclusive.
    pub reason: Option<String>,
}

impl Answer {
    fn decided(holds: bool, found: Found) -> Answer {
        Answer { holds: Some(holds), bound_hit: found.bound_hit && !found.witness, passes: found.passes, reason: None }
    }

    fn inconclusive(reason: impl Into<String>) -> Answer {
        Answer { holds: None, bound_hit: false, passes: 0, reason: Some(reason.into()) }
    }
}

/// Whether the test's condition holds, of executions in which every thread ends.
pub fn holds(test: &Test, theory: impl Into<Theory>, budget: &Budget) -> Answer {
    let theory = theory.into();
    if let Some(refusal) = refusal(test, theory.model) {
        return refusal;
    }
    let bad = matches!(test.quantifier, Quantifier::ForAll);
    let search = Search { test, theory, budget, deadline: Instant::now() + budget.time };
    let ended = |path: &Path| path.ending == Ending::Ended;
    let asked = |combination: &[&Path], execution: &Execution| {
        let mut condition = Condition { test, combination, execution, finals: FxHashMap::default() };
        let wanted = condition.truth(&test.condition)?;
        let mut parts = vec![if bad { wanted.not() } else { wanted }];
        if let Some(filter) = &test.filter {
            parts.push(condition.truth(filter)?);
        }
        parts.extend(condition.finals.into_values().map(|(_, known)| known));
        Ok(Truth::all(parts))
    };
    match search.find(ended, |_| true, asked) {
        Ok(found) => {
            let holds = if test.quantifier == Quantifier::Exists { found.witness } else { !found.witness };
            Answer::decided(holds, found)
        }
        Err(reason) => Answer::inconclusive(reason),
    }
}

/// Whether some execution, in which every thread ends, has a data race. Two accesses of one thread are in order.
pub fn may_race(test: &Test, theory: impl Into<Theory>, budget: &Budget) -> Answer {
    let theory = theory.into();
    if let Some(refusal) = refusal(test, theory.model) {
        return refusal;
    }
    let search = Search { test, theory, budget, deadline: Instant::now() + budget.time };
    let ended = |path: &Path| path.ending == Ending::Ended;
    let asked = |_: &[&Path], execution: &Execution| {
        let definitions = Definitions::new(execution, theory);
        Ok(Truth::any(races(execution, &definitions).into_iter().map(|(.., race)| race)))
    };
    match search.find(ended, |_| true, asked) {
        Ok(found) => Answer::decided(found.witness, found),
        Err(reason) => Answer::inconclusive(reason),
    }
}

/// Whether some execution never ends: a thread goes round a loop that changes nothing, on values that nothing follows
/// in coherence, or waits at a barrier that never completes. Loops that change anything are not looked at.
pub fn can_hang(test: &Test, theory: impl Into<Theory>, budget: &Budget) -> Answer {
    let theory = theory.into();
    if let Some(refusal) = refusal(test, theory.model) {
        return refusal;
    }
    let search = Search { test, theory, budget, deadline: Instant::now() + budget.time };
    let some_hang = |combination: &[&Path]| combination.iter().any(|path| path.ending != Ending::Ended);
    let asked = |combination: &[&Path], execution: &Execution| {
        let spinning = combination.iter().enumerate().filter_map(|(thread, path)| match path.ending {
            Ending::Spinning(from) => Some(execution.reads_last_values(thread, from)),
            _ => None,
        });
        Ok(Truth::all(spinning))
    };
    match search.find(|path| path.ending != Ending::CutOff, some_hang, asked) {
        Ok(found) => Answer::decided(found.witness, found),
        Err(reason) => Answer::inconclusive(reason),
    }
}

/// What is not asked: of a solver that is too old, or of 6.0, which knows neither proxies nor virtual addresses.
fn refusal(test: &Test, model: Model) -> Option<Answer> {
    if let Err(reason) = solver_is_new_enough() {
        return Some(Answer::inconclusive(reason));
    }
    let mut addresses = FxHashMap::default();
    let mut foreign = |instruction: &Instruction| match instruction {
        Instruction::Load(access, _) | Instruction::Store(access, _) | Instruction::Atomic(access, ..) => {
            let Location { physical, address } = access.location;
            access.proxy != Proxy::Generic || *addresses.entry(physical).or_insert(address) != address
        }
        Instruction::ProxyFence(_) => true,
        _ => false,
    };
    let proxies = test.threads.iter().flat_map(|thread| &thread.instructions).any(|(it, _)| foreign(it));
    (model == Model::Ptx60 && proxies).then(|| Answer::inconclusive("PTX 6.0 has no proxies"))
}

/// What a search comes to.
#[derive(Clone, Copy)]
struct Found {
    /// Some combination of paths has such an execution.
    witness: bool,
    /// Some path was cut off.
    bound_hit: bool,
    passes: u32,
}

struct Search<'t> {
    test: &'t Test,
    theory: Theory,
    budget: &'t Budget,
    deadline: Instant,
}

impl Search<'_> {
    /// Whether some combination of these paths has an execution of which `asked` holds; and whether a path was cut off.
    fn find(
        &self,
        usable: impl Fn(&Path) -> bool,
        wanted: impl Fn(&[&Path]) -> bool,
        asked: impl Fn(&[&Path], &Execution) -> Result<Truth, Unsupported>,
    ) -> Result<Found, String> {
        let mut passes = self.budget.passes;
        let mut all = self.all_paths(passes)?;
        let count = |all: &[Vec<Path>]| {
            all.iter().map(|paths| paths.iter().filter(|path| usable(path)).count()).product::<usize>()
        };
        if count(&all) > COMBINATIONS {
            passes = 1;
            all = self.all_paths(passes)?;
        }
        let bound_hit: bool = all.iter().flatten().any(|path| path.ending == Ending::CutOff);
        let mut choices: Vec<Vec<&Path>> =
            all.iter().map(|paths| paths.iter().filter(|path| usable(path)).collect()).collect();
        for paths in &mut choices {
            paths.sort_by_key(|path| path.events.len());
        }
        if choices.iter().any(Vec::is_empty) {
            return Ok(Found { witness: false, bound_hit, passes });
        }
        let mut odometer = vec![0; choices.len()];
        loop {
            let combination: Vec<&Path> = odometer.iter().zip(&choices).map(|(at, paths)| paths[*at]).collect();
            if wanted(&combination) && self.barriers_agree(&combination) && self.satisfiable(&combination, &asked)? {
                return Ok(Found { witness: true, bound_hit, passes });
            }
            let Some(turn) = (0..odometer.len()).find(|digit| odometer[*digit] + 1 < choices[*digit].len()) else {
                return Ok(Found { witness: false, bound_hit, passes });
            };
            odometer[turn] += 1;
            odometer[..turn].fill(0);
        }
    }

    fn all_paths(&self, passes: u32) -> Result<Vec<Vec<Path>>, String> {
        let limits = Limits { passes, paths: PATHS };
        let own = |thread| paths(self.test, ThreadId(thread as u32), limits);
        let all: Option<Vec<Vec<Path>>> = (0..self.test.threads.len()).map(own).collect();
        all.ok_or_else(|| "a thread has too many paths".to_owned())
    }

    fn satisfiable(
        &self,
        combination: &[&Path],
        asked: &impl Fn(&[&Path], &Execution) -> Result<Truth, Unsupported>,
    ) -> Result<bool, String> {
        let left = self.deadline.saturating_duration_since(process::now());
        if left.is_zero() {
            return Err("out of time".to_owned());
        }
        let execution = Execution::new(self.test, combination, self.theory).map_err(|error| error.to_string())?;
        let definitions = Definitions::new(&execution, self.theory);
        let laws = laws(self.theory).into_iter().map(|law| law(&execution, &definitions));
        let asked = asked(combination, &execution).map_err(|error| error.to_string())?;
        let formula = Truth::all(execution.well_formed.iter().cloned().chain(laws).chain([asked]));
        Ok(solve(&formula, left)?.is_some())
    }

    /// Barriers without a quorum complete exactly if every thread of the block whose text holds them comes by; a path
    /// that waits must wait in vain, one that goes on must not.
    fn barriers_agree(&self, combination: &[&Path]) -> bool {
        let placement = |thread: usize| self.test.threads[thread].placement;
        let holds = |thread: usize, wanted: u32| {
            let text = &self.test.threads[thread].instructions;
            text.iter().any(|(it, _)| matches!(it, Instruction::Barrier { instance, .. } if *instance == wanted))
        };
        (0..combination.len()).all(|thread| {
            let path = combination[thread];
            let count = path.barriers().count();
            path.barriers().enumerate().filter(|(_, barrier)| !barrier.arrive).all(|(index, barrier)| {
                let comes_by = |other: usize| {
                    let mut own = combination[other].barriers();
                    own.any(|it| (it.instance, it.occurrence) == (barrier.instance, barrier.occurrence))
                };
                let block = (0..combination.len()).filter(|other| placement(*other) == placement(thread));
                let completes = match &barrier.quorum {
                    None => block.into_iter().all(|other| !holds(other, barrier.instance) || comes_by(other)),
                    Some(Value::Constant(quorum)) => block.filter(|other| comes_by(*other)).count() as i64 >= *quorum,
                    Some(_) => true,
                };
                let waits = path.ending == Ending::Blocked && index + 1 == count;
                completes != waits
            })
        })
    }
}

/// The condition at the end of an execution, as a term.
struct Condition<'e> {
    test: &'e Test,
    combination: &'e [&'e Path],
    execution: &'e Execution,
    /// The final value of each location asked about, and what is known of it.
    finals: FxHashMap<LocationId, (BV, Truth)>,
}

impl Condition<'_> {
    fn truth(&mut self, formula: &Formula) -> Result<Truth, Unsupported> {
        Ok(match formula {
            Formula::Compare(comparison, left, right) => {
                let (left, right) = (self.term(*left)?, self.term(*right)?);
                compare(*comparison, &left, &right)
            }
            Formula::Not(inner) => self.truth(inner)?.not(),
            Formula::And(parts) => {
                Truth::all(parts.iter().map(|part| self.truth(part)).collect::<Result<Vec<_>, _>>()?)
            }
            Formula::Or(parts) => Truth::any(parts.iter().map(|part| self.truth(part)).collect::<Result<Vec<_>, _>>()?),
        })
    }

    fn term(&mut self, term: Term) -> Result<BV, Unsupported> {
        match term {
            Term::Constant(value) => self.execution.term(0, &Value::Constant(value)),
            Term::Register(thread, register) if thread.index() < self.test.threads.len() => {
                self.execution.term(thread.index(), &self.combination[thread.index()].register(register))
            }
            Term::Register(..) => self.execution.term(0, &Value::Constant(0)),
            Term::Location(location) => {
                let execution = self.execution;
                Ok(self.finals.entry(location).or_insert_with(|| execution.final_value(location)).0.clone())
            }
        }
    }
}
