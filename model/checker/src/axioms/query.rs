//! Questions about a litmus test: does its condition hold, and can it go on without end?
//!
//! Decision: combinations of paths are asked about one after the other, those without a second pass of a loop first,
//! and the first witness ends the search. Every question has a deadline; what is not decided by then is inconclusive.

use super::definitions::Definitions;
use super::execution::{Execution, Unsupported, compare};
use super::laws::laws;
use super::path::{Ending, Path, Value};
use super::relation::Truth;
use super::theory::{Model, Theory};
use super::unfold::{Limits, paths};
use crate::litmus::{Formula, Instruction, Location, LocationId, Proxy, Quantifier, Term, Test, ThreadId};
use rustc_hash::FxHashMap;
use std::time::{Duration, Instant};
use z3::ast::BV;
use z3::{Params, SatResult, Solver};

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
    /// Why it is inconclusive.
    pub reason: Option<String>,
}

impl Answer {
    fn decided(holds: bool, bound_hit: bool) -> Answer {
        Answer { holds: Some(holds), bound_hit, reason: None }
    }

    fn inconclusive(reason: impl Into<String>) -> Answer {
        Answer { holds: None, bound_hit: false, reason: Some(reason.into()) }
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
        Ok((found, bound_hit)) => {
            let holds = if test.quantifier == Quantifier::Exists { found } else { !found };
            Answer::decided(holds, bound_hit && !found)
        }
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
        Ok((found, bound_hit)) => Answer::decided(found, bound_hit && !found),
        Err(reason) => Answer::inconclusive(reason),
    }
}

/// The first version whose answers are trusted: Debian's 4.8 links, and misnumbers enums without a word.
const OLDEST_SOLVER: (u32, u32) = (5, 3);

/// Major and minor version, from words like `Z3 5.3.3.0`.
fn solver_version(words: &str) -> Option<(u32, u32)> {
    let number = words.split_whitespace().find(|word| word.starts_with(|letter: char| letter.is_ascii_digit()))?;
    let mut parts = number.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

/// Why the solver that is linked is not to be trusted; none if it is.
pub(crate) fn old_solver() -> Option<String> {
    let solver = z3::full_version();
    let old = solver_version(solver).is_none_or(|version| version < OLDEST_SOLVER);
    old.then(|| format!("linked with Z3 `{solver}`, and 5.3 or later is needed: `make z3`, then build again"))
}

/// What is not asked: of a solver that is too old, or of 6.0, which knows neither proxies nor virtual addresses.
fn refusal(test: &Test, model: Model) -> Option<Answer> {
    if let Some(reason) = old_solver() {
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
    ) -> Result<(bool, bool), String> {
        let mut all = self.all_paths(self.budget.passes)?;
        let count = |all: &[Vec<Path>]| {
            all.iter().map(|paths| paths.iter().filter(|path| usable(path)).count()).product::<usize>()
        };
        if count(&all) > COMBINATIONS {
            all = self.all_paths(1)?;
        }
        let bound_hit = all.iter().flatten().any(|path| path.ending == Ending::CutOff);
        let mut choices: Vec<Vec<&Path>> =
            all.iter().map(|paths| paths.iter().filter(|path| usable(path)).collect()).collect();
        for paths in &mut choices {
            paths.sort_by_key(|path| path.events.len());
        }
        if choices.iter().any(Vec::is_empty) {
            return Ok((false, bound_hit));
        }
        let mut odometer = vec![0; choices.len()];
        loop {
            let combination: Vec<&Path> = odometer.iter().zip(&choices).map(|(at, paths)| paths[*at]).collect();
            if wanted(&combination) && self.barriers_agree(&combination) && self.satisfiable(&combination, &asked)? {
                return Ok((true, bound_hit));
            }
            let Some(turn) = (0..odometer.len()).find(|digit| odometer[*digit] + 1 < choices[*digit].len()) else {
                return Ok((false, bound_hit));
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
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err("out of time".to_owned());
        }
        let execution = Execution::new(self.test, combination, self.theory).map_err(|error| error.to_string())?;
        let definitions = Definitions::new(&execution, self.theory);
        let laws = laws(self.theory).into_iter().map(|law| law(&execution, &definitions));
        let asked = asked(combination, &execution).map_err(|error| error.to_string())?;
        let formula = Truth::all(execution.well_formed.iter().cloned().chain(laws).chain([asked]));
        let formula = match formula {
            Truth::False => return Ok(false),
            Truth::True => return Ok(true),
            Truth::Open(formula) => formula,
        };
        let solver = Solver::new_for_logic("QF_FD").unwrap_or_default();
        let mut parameters = Params::new();
        parameters.set_u32("timeout", left.as_millis().clamp(1, u128::from(u32::MAX)) as u32);
        solver.set_params(&parameters);
        solver.assert(&formula);
        match solver.check() {
            SatResult::Sat => Ok(true),
            SatResult::Unsat => Ok(false),
            SatResult::Unknown => Err("the solver does not know".to_owned()),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_solver_is_new_enough() {
        assert_eq!(solver_version("Z3 4.8.12.0"), Some((4, 8)));
        assert_eq!(solver_version("5.3.3.0"), Some((5, 3)));
        assert_eq!(solver_version("nothing"), None);
        assert!(solver_version(z3::full_version()) >= Some(OLDEST_SOLVER), "{}", z3::full_version());
    }
}
