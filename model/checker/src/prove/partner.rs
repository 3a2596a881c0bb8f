//! Which thread an access meets: the coordinates at which another statement touches the same word.
//!
//! A wait on `pad[row][block][t]` of this rank meets the store `pad[row][block'][self'] on rank t'` where block' = block,
//! self' = t and t' = this rank. The equations between the two places are solved for the other thread's coordinates one by
//! one, each for an unknown that occurs once and alone, also through a remainder such as `(self + k) % P`. What the equations
//! leave open is tried as this thread's own coordinate and as 0. A solution is a candidate and no more: it counts only
//! once the solver has shown that the thread exists, takes that branch and touches that word.

use super::problem::{Problem, Unsupported};
use super::term::{Formula, Polynomial, Variable};
use super::walk::{Actor, Context, Event, PlaceTerm, Rounds, actor, actor_at, events, same_place};
use rustc_hash::{FxHashMap, FxHashSet};

/// Values for unknowns.
type Solution = FxHashMap<Variable, Polynomial>;

/// A thread and its access that may meet another thread's.
#[derive(Clone, Debug)]
pub(super) struct Meeting {
    /// Rank, block, thread.
    pub(super) coordinates: [Polynomial; 3],
    /// All of that thread's events.
    pub(super) events: Vec<Event>,
    /// Which of them it is.
    pub(super) index: usize,
    /// That the thread exists, comes by, and touches the same word.
    pub(super) meets: Formula,
}

/// Candidates for the access that meets `place` of `own`, among those that `wanted` picks.
pub(super) fn meetings(
    problem: &mut Problem,
    context: Context<'_>,
    own: &Actor,
    place: &PlaceTerm,
    wanted: impl Fn(&Event) -> Option<PlaceTerm>,
) -> Result<Vec<Meeting>, Unsupported> {
    let template = actor(problem, context, "?")?;
    let theirs = events(problem, context, &template, &Rounds::default())?;
    let mut found = Vec::new();
    for (index, event) in theirs.iter().enumerate() {
        let Some(their_place) = wanted(event).filter(|other| other.buffer == place.buffer) else { continue };
        for (coordinates, rounds) in candidates(problem, place, &their_place, &template, event, own) {
            let worker = actor_at(problem, context, coordinates.clone())?;
            let events = events(problem, context, &worker, &rounds)?;
            let Some(met) = events.get(index) else { continue };
            let Some(met_place) = wanted(met) else { continue };
            let meets = Formula::all([met.guard.clone(), same_place(place, &met_place)?]);
            found.push(Meeting { coordinates, index, meets, events });
        }
    }
    Ok(found)
}

/// Candidates for the coordinates of `template`, and for the rounds of its loops, so that `theirs` is `ours`.
fn candidates(
    problem: &mut Problem,
    ours: &PlaceTerm,
    theirs: &PlaceTerm,
    template: &Actor,
    event: &Event,
    own: &Actor,
) -> Vec<([Polynomial; 3], Rounds)> {
    let rounds = event.rounds.iter().map(|(_, round)| round);
    let mut open: FxHashSet<Variable> =
        template.coordinates.iter().chain(rounds).filter_map(Polynomial::single).collect();
    let mut solved = Solution::default();
    let mut equations = Vec::new();
    let pairs = std::iter::once((&ours.rank, &theirs.rank)).chain(ours.indices.iter().zip(&theirs.indices));
    for (ours, theirs) in pairs {
        equations.extend(ours.minus(theirs));
    }
    while let Some((variable, value)) = equations.iter().find_map(|equation| solve(problem, equation, &open)) {
        open.remove(&variable);
        equations = equations.iter().filter_map(|equation| substituted(equation, variable, &value)).collect();
        for known in solved.values_mut() {
            if let Some(better) = substituted(known, variable, &value) {
                *known = better;
            }
        }
        solved.insert(variable, value);
    }
    let value = |term: &Polynomial| term.single().and_then(|variable| solved.get(&variable)).cloned();
    let choices = |index: usize| match value(&template.coordinates[index]) {
        Some(value) => vec![value],
        None => vec![own.coordinates[index].clone(), Polynomial::constant(0)],
    };
    let rounds: Rounds = event.rounds.iter().filter_map(|(number, round)| Some((*number, value(round)?))).collect();
    let mut found = Vec::new();
    for rank in choices(0) {
        for block in choices(1) {
            for thread in choices(2) {
                found.push(([rank.clone(), block.clone(), thread], rounds.clone()));
            }
        }
    }
    found
}

/// `polynomial` with a variable that occurs alone replaced; `None` where it is too large.
fn substituted(polynomial: &Polynomial, variable: Variable, value: &Polynomial) -> Option<Polynomial> {
    let mut result = Polynomial::default();
    for (monomial, coefficient) in &polynomial.0 {
        let mut term = Polynomial::constant(*coefficient);
        for factor in monomial {
            let by = if *factor == variable { value.clone() } else { Polynomial::variable(*factor) };
            term = term.times(&by)?;
        }
        result = result.plus(&term)?;
    }
    Some(result)
}

/// An open variable with its value, from `equation == 0`.
fn solve(problem: &mut Problem, equation: &Polynomial, open: &FxHashSet<Variable>) -> Option<(Variable, Polynomial)> {
    let hidden = |variable: &Variable| depends(problem, *variable, open);
    let unknown: Vec<(Variable, i128)> = equation
        .0
        .iter()
        .filter(|(monomial, _)| monomial.iter().any(hidden))
        .map(|(monomial, by)| (monomial.len() == 1).then(|| (monomial[0], *by)))
        .collect::<Option<_>>()?;
    let [(variable, by @ (1 | -1))] = unknown[..] else { return None };
    // by · variable + rest == 0
    let rest = equation.minus(&Polynomial::variable(variable).times(&Polynomial::constant(by))?)?;
    let value = if by == 1 { rest.negated() } else { rest };
    if open.contains(&variable) {
        return Some((variable, value));
    }
    let (dividend, divisor) = problem.remainders.get(&variable).cloned()?;
    if divisor.0.keys().flatten().any(|part| depends(problem, *part, open)) {
        return None;
    }
    let inner: Vec<(Variable, i128)> = dividend
        .0
        .iter()
        .filter(|(monomial, _)| monomial.iter().any(|part| depends(problem, *part, open)))
        .map(|(monomial, by)| (monomial.len() == 1).then(|| (monomial[0], *by)))
        .collect::<Option<_>>()?;
    let [(target, by @ (1 | -1))] = inner[..] else { return None };
    if !open.contains(&target) {
        return None;
    }
    let rest = dividend.minus(&Polynomial::variable(target).times(&Polynomial::constant(by))?)?;
    let raw = if by == 1 { value.minus(&rest)? } else { rest.minus(&value)? };
    Some((target, problem.divide(&raw, &divisor).ok()?.1))
}

/// Whether a variable is open, or defined by one that is.
fn depends(problem: &Problem, variable: Variable, open: &FxHashSet<Variable>) -> bool {
    if open.contains(&variable) {
        return true;
    }
    problem.facts.iter().filter(|(defines, _)| defines.contains(&variable)).any(|(defines, fact)| {
        let mut found = false;
        fact.monomials(&mut |monomial| {
            found |= monomial.iter().any(|part| {
                // Definitions refer to earlier variables only.
                !defines.contains(part) && part.0 < variable.0.max(1) + 1 && depends(problem, *part, open)
            });
        });
        found
    })
}
