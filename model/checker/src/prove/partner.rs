//! Which thread an access meets: the coordinates at which another statement touches the same word.
//!
//! A wait on `pad[row][block][t]` of this rank meets the store `pad[row][block'][self'] on rank t'` where block' = block,
//! self' = t and t' = this rank. The equations between the two places are solved for the other thread's coordinates one by
//! one, each for an unknown that occurs once and alone, also through a remainder such as `(self + k) % P`. What the equations
//! leave open is tried as this thread's own coordinate and as 0. A solution is a candidate and no more: it counts only
//! once the solver has shown that the thread exists, takes that branch and touches that word.

use super::problem::{Problem, Unsupported};
use super::term::{Formula, Polynomial, Variable};
use super::walk::{Actor, Context, Event, PlaceTerm, Round, Rounds, actor, actor_at, events, same_place};
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

/// Candidates for the access that meets `place` of `own`, an access in `rounds`, among those that `wanted` picks.
pub(super) fn meetings(
    problem: &mut Problem,
    context: Context<'_>,
    own: &Actor,
    (place, rounds): (&PlaceTerm, &[Round]),
    wanted: impl Fn(&[Event], usize, &Polynomial) -> Option<PlaceTerm>,
) -> Result<Vec<Meeting>, Unsupported> {
    let template = actor(problem, context, "?")?;
    let theirs = events(problem, context, &template, &Rounds::default())?;
    let mut found = Vec::new();
    for (index, event) in theirs.iter().enumerate() {
        let met = wanted(&theirs, index, &template.coordinates[0]);
        let Some(their_place) = met.filter(|other| other.buffer == place.buffer) else { continue };
        let Some(equations) = equations(place, &their_place) else { continue };
        let mut unknown = Vec::new();
        // What the equations leave open is tried in this order: rounds and blocks are most often the same.
        for round in &event.rounds {
            let same = rounds.iter().find(|own| own.number == round.number).map(|own| own.term.clone());
            let tried = same.into_iter().chain([round.from.clone()]).collect();
            unknown.extend(round.term.single().map(|variable| (variable, tried)));
        }
        for coordinate in [1, 0, 2] {
            let tried = vec![own.coordinates[coordinate].clone(), Polynomial::constant(0)];
            unknown.extend(template.coordinates[coordinate].single().map(|variable| (variable, tried)));
        }
        let mut solutions = Vec::new();
        solve_all(problem, equations, &unknown, Solution::default(), &mut solutions);
        for solution in solutions {
            let value = |term: &Polynomial| {
                term.single().and_then(|variable| solution.get(&variable).cloned()).unwrap_or_else(|| term.clone())
            };
            let coordinates = [0, 1, 2].map(|index| value(&template.coordinates[index]));
            let rounds: Rounds = event.rounds.iter().map(|round| (round.number, value(&round.term))).collect();
            let worker = actor_at(problem, context, coordinates.clone())?;
            let events = events(problem, context, &worker, &rounds)?;
            let Some(met) = events.get(index) else { continue };
            let Some(met_place) = wanted(&events, index, &worker.coordinates[0]) else { continue };
            let meets = Formula::all([met.guard.clone(), same_place(place, &met_place)?]);
            found.push(Meeting { coordinates, index, meets, events });
        }
    }
    Ok(found)
}

fn equations(ours: &PlaceTerm, theirs: &PlaceTerm) -> Option<Vec<Polynomial>> {
    if ours.buffer != theirs.buffer || ours.indices.len() != theirs.indices.len() {
        return None;
    }
    let pairs = std::iter::once((&ours.rank, &theirs.rank)).chain(ours.indices.iter().zip(&theirs.indices));
    pairs.map(|(ours, theirs)| ours.minus(theirs)).collect()
}

/// Solutions at most: what is left open is tried in a few ways.
const SOLUTIONS: usize = 12;

/// All solutions: unknowns are solved for as long as an equation gives one, then the first is tried in its ways.
fn solve_all(
    problem: &mut Problem,
    mut equations: Vec<Polynomial>,
    unknown: &[(Variable, Vec<Polynomial>)],
    mut solved: Solution,
    found: &mut Vec<Solution>,
) {
    if found.len() >= SOLUTIONS {
        return;
    }
    let is_open = |variable: &Variable, solved: &Solution| !solved.contains_key(variable);
    loop {
        let open: FxHashSet<Variable> =
            unknown.iter().map(|(variable, _)| *variable).filter(|variable| is_open(variable, &solved)).collect();
        let next = equations.iter().find_map(|equation| solve(problem, equation, &open, &solved));
        let Some((variable, value)) = next else { break };
        equations = assign(&equations, &mut solved, variable, &value);
    }
    let Some((variable, tried)) = unknown.iter().find(|(variable, _)| is_open(variable, &solved)) else {
        if !found.contains(&solved) {
            found.push(solved);
        }
        return;
    };
    for value in tried {
        let mut branch = solved.clone();
        let equations = assign(&equations, &mut branch, *variable, value);
        solve_all(problem, equations, unknown, branch, found);
    }
}

/// The equations and the solution with a variable replaced.
fn assign(equations: &[Polynomial], solved: &mut Solution, variable: Variable, value: &Polynomial) -> Vec<Polynomial> {
    for known in solved.values_mut() {
        if let Some(better) = substituted(known, variable, value) {
            *known = better;
        }
    }
    solved.insert(variable, value.clone());
    equations.iter().filter_map(|equation| substituted(equation, variable, value)).collect()
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
fn solve(
    problem: &mut Problem,
    equation: &Polynomial,
    open: &FxHashSet<Variable>,
    solved: &Solution,
) -> Option<(Variable, Polynomial)> {
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
    // The definition of a remainder still names what is solved by now.
    let dividend = solved.iter().try_fold(dividend, |term, (known, value)| substituted(&term, *known, value))?;
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
