//! The operational engine on litmus tests: the machine runs the test, and its outcomes answer the question.
//!
//! | file | what |
//! |---|---|
//! | `program` | a litmus test as a thread program |
//! | `reorder` | texts in which relaxed writes come earlier, for load buffering |
//! | `support` | which tests the machine can run, and which it can run completely |
//! | `explore` | every execution, by the same refinement as a check |
//!
//! Decision: the machine is the one that checks protocols, unchanged, so that agreement with the axioms says something
//! about checks. Not modelled, hence inconclusive: races (the machine stops at them), proxies, barriers with a quorum
//! below the number of participants, values beyond 31 bits, and load buffering that does not come of moving relaxed
//! writes: where it is possible, only a witness decides.

mod explore;
mod program;
mod reorder;
mod support;

use crate::litmus::{Comparison, Formula, Quantifier, Term, Test};
use crate::machine::Rule;
use explore::{Explored, Outcome, outcomes};
use std::time::Duration;
use support::LoadBuffering;

/// How much to look at.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Wall-clock limit.
    pub time: Duration,
    /// States of the machine.
    pub states: usize,
    /// How often a thread may go back to one place of a loop that changes anything.
    pub passes: u32,
    /// The rule of the machine that a mutation test leaves out.
    pub without: Option<Rule>,
}

/// What the engine says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The answer; none when inconclusive.
    pub holds: Option<bool>,
    /// Some loop went round more often than the bound, and the answer rests on other executions.
    pub bound_hit: bool,
    /// Why it is inconclusive.
    pub reason: Option<String>,
}

/// Whether the test's condition holds, of executions in which every thread ends.
pub fn holds(test: &Test, budget: &Budget) -> Answer {
    let inconclusive = |reason: String| Answer { holds: None, bound_hit: false, reason: Some(reason) };
    if let Some(reason) = support::refusal(test) {
        return inconclusive(reason.to_owned());
    }
    let Explored { outcomes, bound_hit, complete } = match all_outcomes(test, budget) {
        Ok(explored) => explored,
        Err(reason) => return inconclusive(reason),
    };
    let counts = |outcome: &&Outcome| test.filter.as_ref().is_none_or(|filter| satisfies(outcome, filter));
    let wanted = test.quantifier != Quantifier::ForAll;
    let found = outcomes.iter().filter(counts).any(|outcome| satisfies(outcome, &test.condition) == wanted);
    if !found && !complete {
        return inconclusive("load buffering is possible, which the machine does not explore".to_owned());
    }
    let holds = if test.quantifier == Quantifier::Exists { found } else { !found };
    Answer { holds: Some(holds), bound_hit: bound_hit && !found, reason: None }
}

/// Every outcome the machine reaches, in terms of the registers and locations that the condition names: the comparison
/// that tests make. Whether that is all there is: not where load buffering is possible, or a bound was hit.
pub fn reachable(test: &Test, budget: &Budget) -> Result<(Vec<Formula>, bool), String> {
    if let Some(reason) = support::refusal(test) {
        return Err(reason.to_owned());
    }
    let Explored { outcomes, bound_hit, complete } = all_outcomes(test, budget)?;
    let terms = test.condition.terms();
    let exact = |outcome: &Outcome| {
        let equal = |term: &Term| Formula::Compare(Comparison::Equal, *term, Term::Constant(value(outcome, term)));
        Formula::And(terms.iter().map(equal).collect())
    };
    Ok((outcomes.iter().map(exact).collect(), !bound_hit && complete))
}

/// The outcomes of the test, and of the texts in which relaxed writes come earlier, where load buffering needs them.
fn all_outcomes(test: &Test, budget: &Budget) -> Result<Explored, String> {
    let buffering = match budget.without {
        Some(Rule::LoadBuffering) => LoadBuffering::Impossible,
        _ => support::load_buffering(test),
    };
    let others = if buffering == LoadBuffering::Impossible { Some(Vec::new()) } else { reorder::texts(test) };
    let mut explored = outcomes(test, budget)?;
    explored.complete = others.is_some() && buffering != LoadBuffering::Beyond;
    for other in others.iter().flatten().skip(1) {
        let more = outcomes(other, budget)?;
        explored.outcomes.extend(more.outcomes);
        explored.bound_hit |= more.bound_hit;
    }
    Ok(explored)
}

fn value(outcome: &Outcome, term: &Term) -> i64 {
    match term {
        Term::Constant(value) => *value,
        Term::Register(thread, register) => outcome.registers[thread.index()].get(register).copied().unwrap_or(0),
        Term::Location(location) => outcome.memory[location.index()],
    }
}

fn satisfies(outcome: &Outcome, formula: &Formula) -> bool {
    match formula {
        Formula::Compare(comparison, left, right) => comparison.holds(value(outcome, left), value(outcome, right)),
        Formula::Not(inner) => !satisfies(outcome, inner),
        Formula::And(parts) => parts.iter().all(|part| satisfies(outcome, part)),
        Formula::Or(parts) => parts.iter().any(|part| satisfies(outcome, part)),
    }
}
