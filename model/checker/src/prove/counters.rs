//! Counters of launches: local words that every launch raises by the same amount, so that their value is known.
//!
//! A kernel cannot know its launch; it counts in a local buffer. That the buffer holds `initial + by * launch` at the start of
//! every launch is proven by induction: before the first launch it holds `initial`; in every launch each word of it that
//! is loaded is stored by exactly one thread, after the loads, as what was loaded plus `by`. That the store comes after the
//! other threads' loads is a question of order, which `check` answers (a race otherwise).
//!
//! Not modelled: counters that are pads, or raised by atomics.

use super::claim::{Ranks, Setting, sizes};
use super::partner::meetings;
use super::problem::{Problem, Unsupported, WORDS};
use super::solve::{self, Answer};
use super::term::{Formula, Polynomial};
use super::translate::{Scope, SizeTerms, equal, value};
use super::walk::{Context, Event, Kind, Loops, Rounds, actor, events};
use arverify_protocol::ids::BufferId;
use arverify_protocol::ir::{Binary, Expression, Initially, Protocol, Space, Statement, StatementKind, Symbol};
use rustc_hash::FxHashMap;
use std::time::Instant;

/// One counter: `initial + step · launch`, modulo 2^32.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Counter {
    pub(super) initial: i128,
    pub(super) step: Step,
}

/// By how much a counter is raised.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// `by + by_ranks · P`
    Linear { by: i128, by_ranks: i128 },
    /// An expression over the sizes, as it is written.
    Sizes(Expression),
}

/// The counters of a protocol.
#[derive(Clone, Debug, Default)]
pub(super) struct Counters(FxHashMap<BufferId, Counter>);

impl Counters {
    /// What a word of the buffer holds at the start of a launch, before wrapping; `None` where it is no counter.
    pub(super) fn value(
        &self,
        problem: &mut Problem,
        buffer: BufferId,
        sizes: &SizeTerms,
        launch: &Polynomial,
    ) -> Option<Result<Polynomial, Unsupported>> {
        let Counter { initial, step } = self.0.get(&buffer)?;
        let step = match step {
            Step::Linear { by, by_ranks } => sizes
                .ranks
                .times(&Polynomial::constant(*by_ranks))
                .and_then(|raised| raised.plus(&Polynomial::constant(*by)))
                .ok_or(Unsupported::TooLarge),
            Step::Sizes(step) => value(problem, &Scope::of_sizes(sizes), step),
        };
        Some(step.and_then(|step| {
            let raised = step.times(launch).and_then(|raised| raised.plus(&Polynomial::constant(*initial)));
            raised.ok_or(Unsupported::TooLarge)
        }))
    }

    /// The counters that are proven to be.
    pub(super) fn of(protocol: &Protocol, most_ranks: u32, deadline: Instant) -> Counters {
        Counters::default().with_more(protocol, Ranks::UpTo(most_ranks), deadline)
    }

    /// These, and those that are counters at one number of ranks.
    pub(super) fn at_ranks(&self, protocol: &Protocol, ranks: u32, deadline: Instant) -> Counters {
        self.clone().with_more(protocol, Ranks::Exactly(ranks), deadline)
    }

    /// These, and those that are raised by an expression over the sizes.
    pub(super) fn by_sizes(&self, protocol: &Protocol, most_ranks: u32, deadline: Instant) -> Counters {
        let mut found = self.clone();
        found.add(protocol, Ranks::UpTo(most_ranks), true, deadline);
        found
    }

    fn with_more(mut self, protocol: &Protocol, ranks: Ranks, deadline: Instant) -> Counters {
        self.add(protocol, ranks, false, deadline);
        self
    }

    fn add(&mut self, protocol: &Protocol, ranks: Ranks, by_sizes: bool, deadline: Instant) {
        for (index, buffer) in protocol.buffers.iter().enumerate() {
            let Initially::Word(initial) = buffer.initially else { continue };
            if buffer.space != Space::Local || buffer.ghost || buffer.pad {
                continue;
            }
            let id = BufferId(index as u32);
            if self.0.contains_key(&id) {
                continue;
            }
            // What N raises is no multiple of the launches where they differ in length.
            let alike = |counter: &Counter| {
                !protocol.varies || !matches!(&counter.step, Step::Sizes(step) if step.mentions(Symbol::Elements))
            };
            let inferred = infer(protocol, (id, i128::from(initial)), ranks, by_sizes, deadline);
            if let Ok(Some(counter)) = inferred.map(|found| found.filter(alike)) {
                self.0.insert(id, counter);
            }
        }
    }
}

/// The loads of a buffer and its only store, if that is all there is and the loads come first.
fn accesses(events: &[Event], buffer: BufferId) -> Option<(Vec<usize>, usize)> {
    let mut loads = Vec::new();
    let mut stores = Vec::new();
    for (index, event) in events.iter().enumerate() {
        match &event.kind {
            Kind::Load { place, .. } if place.buffer == buffer => loads.push(index),
            Kind::Store { place, .. } if place.buffer == buffer => stores.push(index),
            Kind::Await { place, .. } | Kind::Atomic { place, .. } if place.buffer == buffer => return None,
            _ => {}
        }
    }
    let [store] = stores[..] else { return None };
    let plain = loads.iter().chain([&store]).all(|index| events[*index].rounds.is_empty());
    (plain && loads.iter().all(|load| *load < store)).then_some((loads, store))
}

fn infer(
    protocol: &Protocol,
    (buffer, initial): (BufferId, i128),
    ranks: Ranks,
    by_sizes: bool,
    deadline: Instant,
) -> Result<Option<Counter>, Unsupported> {
    let mut problem = Problem::default();
    let setting = Setting { ranks, data: None, small: None, deadline };
    let (terms, variables) = sizes(&mut problem, protocol, setting)?;
    let none = Counters::default();
    let launch = &variables.launch;
    let context = Context { protocol, sizes: &terms, launch, counters: &none, loops: Loops::Symbolic };
    let thread = actor(&mut problem, context, "")?;
    let own = events(&mut problem, context, &thread, &Rounds::default())?;
    let Some((loads, store)) = accesses(&own, buffer) else { return Ok(None) };
    let rank_variable = variables.ranks.single();
    let linear = steps(&problem, &own, &loads, store, rank_variable);
    let linear = linear.into_iter().map(|(by, by_ranks)| Step::Linear { by, by_ranks });
    let written = if by_sizes { written_step(&mut problem, &terms, &protocol.body, buffer) } else { None };
    for step in linear.chain(written) {
        let counter = Counter { initial, step };
        let counters = Counters(FxHashMap::from_iter([(buffer, counter.clone())]));
        if holds(protocol, buffer, &counters, ranks, deadline)? {
            return Ok(Some(counter));
        }
    }
    Ok(None)
}

/// By how much the stored value differs from the loaded one: what it looks like, else 1.
fn steps(
    problem: &Problem,
    events: &[Event],
    loads: &[usize],
    store: usize,
    ranks: Option<super::term::Variable>,
) -> Vec<(i128, i128)> {
    let Kind::Store { value: stored, .. } = &events[store].kind else { return Vec::new() };
    let raw = stored.single().and_then(|variable| problem.remainders.get(&variable));
    let raw = raw.filter(|(_, divisor)| divisor.as_constant() == Some(WORDS)).map_or(stored, |(dividend, _)| dividend);
    let mut found = Vec::new();
    for load in loads {
        let Kind::Load { value: loaded, .. } = &events[*load].kind else { continue };
        let Some(step) = raw.minus(loaded) else { continue };
        let constant = step.0.get([].as_slice()).copied().unwrap_or(0);
        let by_ranks = ranks.and_then(|ranks| step.0.get([ranks].as_slice()).copied()).unwrap_or(0);
        let explained = usize::from(constant != 0) + usize::from(by_ranks != 0);
        if step.0.len() == explained {
            found.push((constant, by_ranks));
        }
    }
    found.push((1, 0));
    found
}

/// What is added to a register in what the buffer's only store stores, if it is of the sizes alone.
fn written_step(problem: &mut Problem, terms: &SizeTerms, body: &[Statement], buffer: BufferId) -> Option<Step> {
    body.iter().find_map(|statement| match &statement.kind {
        StatementKind::If { then, otherwise, .. } => {
            written_step(problem, terms, then, buffer).or_else(|| written_step(problem, terms, otherwise, buffer))
        }
        StatementKind::For { body, .. } => written_step(problem, terms, body, buffer),
        StatementKind::Store { place, value: stored, .. } if place.buffer == buffer => {
            let Expression::Binary { operator: Binary::Add, left, right, .. } = stored else { return None };
            let Expression::Local(_) = **left else { return None };
            let known = value(problem, &Scope::of_sizes(terms), right).is_ok();
            known.then(|| Step::Sizes((**right).clone()))
        }
        _ => None,
    })
}

/// The induction: what every launch stores is the counter's next value, and every word that is loaded is stored.
fn holds(
    protocol: &Protocol,
    buffer: BufferId,
    counters: &Counters,
    ranks: Ranks,
    deadline: Instant,
) -> Result<bool, Unsupported> {
    let mut problem = Problem::default();
    let setting = Setting { ranks, data: None, small: None, deadline };
    let (terms, variables) = sizes(&mut problem, protocol, setting)?;
    let launch = &variables.launch;
    let context = Context { protocol, sizes: &terms, launch, counters, loops: Loops::Symbolic };
    let thread = actor(&mut problem, context, "")?;
    let own = events(&mut problem, context, &thread, &Rounds::default())?;
    let Some((loads, store)) = accesses(&own, buffer) else { return Ok(false) };
    let Kind::Store { value: stored, place } = &own[store].kind else { return Ok(false) };
    let next = launch.plus(&Polynomial::constant(1)).ok_or(Unsupported::TooLarge)?;
    let Some(next) = counters.value(&mut problem, buffer, &terms, &next) else { return Ok(false) };
    let next = problem.wrap(&next?)?;
    let goal = equal(stored, &next)?;
    let at_home = equal(&place.rank, &thread.coordinates[0])?;
    let guard = own[store].guard.clone();
    if solve::prove(&problem, &[guard], &Formula::all([goal, at_home]), deadline) != Answer::Proven {
        return Ok(false);
    }
    for load in loads {
        let Kind::Load { place, .. } = &own[load].kind else { return Ok(false) };
        let stores = |events: &[Event], index: usize, _: &Polynomial| match &events[index].kind {
            Kind::Store { place, .. } => Some(place.clone()),
            _ => None,
        };
        let met = meetings(&mut problem, context, &thread, (place, &[]), stores)?;
        let guard = [own[load].guard.clone()];
        if !met.iter().any(|met| solve::prove(&problem, &guard, &met.meets, deadline) == Answer::Proven) {
            return Ok(false);
        }
    }
    Ok(true)
}
