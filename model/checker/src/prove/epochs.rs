//! Waits: none is satisfied by a signal of another launch or round, and no signal is lost, for any number of launches.
//!
//! By induction over the run. A wait W of thread X in launch L has one partner Y whose signal m it means ([`super::partner`]);
//! slots have one writer ([`super::pads`]), so everything else that the slot may hold was written by Y before m or after it.
//! *Epochs*: a signal of Y before m, back to the one that X's last wait on this slot took (coherence hides what is older), does
//! not satisfy W; where X has not waited on the slot before, nor do the initial contents. *Lost*: a signal of Y after m into the
//! same slot satisfies W as well, or cannot be there yet. It cannot if Y has to pass a wait U before it whose signal cannot
//! have been sent while X is at W: because X sends it after W; because a thread of X's block sends it after a barrier of the
//! block that follows W; or because a thread of X's rank sends it in a later launch (a rank's launches are in stream order).
//!
//! Launch numbers are words: the claims hold for L mod 2^32, hence through the wrap, and the first launches are asked for by
//! themselves. A slot that is added to holds the number of launches times the operand, once it is shown that its writer
//! adds once in each launch. A waiter that resets its slot must be the only one, and be done before the next signal.
//!
//! Not modelled: waits for a signal of an earlier launch, words added to by several ranks, atomics other than add; those
//! are inconclusive. Orders (that X's next signal really comes after W in causality) are `check`'s.

use super::claim::{Claim, Generated, Kind, Obligation, Setting, Subject, sizes};
use super::counters::Counters;
use super::pads::{is_reset, satisfies, signalled};
use super::partner::{Meeting, meetings};
use super::problem::{Bounds, Problem, Unsupported};
use super::solve::{self, Answer};
use super::term::{Formula, Polynomial, Variable};
use super::translate::{SizeTerms, equal, less};
use super::walk::{
    self, Actor, Context, Event, LOADED, Loops, PlaceTerm, Round, Rounds, actor, actor_at, before, events, same_place,
};
use crate::process;
use arverify_protocol::ids::BufferId;
use arverify_protocol::ir::{AtomicOperation, Compare, Initially, Protocol};
use std::cmp::Ordering;
use std::time::Instant;

/// Launches that are looked back for the last wait on a slot.
const BACK: i128 = 3;

/// Launches that a peer may be ahead.
const AHEAD: i128 = 2;

/// The obligations of waits in one setting.
pub(super) fn generate(protocol: &Protocol, setting: Setting, counters: &Counters) -> Result<Generated, Unsupported> {
    let mut problem = Problem::default();
    let (terms, variables) = sizes(&mut problem, protocol, setting)?;
    let mut launches = Vec::new();
    for distance in -BACK..=AHEAD {
        let moved = variables.launch.plus(&Polynomial::constant(distance)).ok_or(Unsupported::TooLarge)?;
        launches.push(problem.wrap(&moved)?);
    }
    let now = context(protocol, &terms, &launches, counters, 0);
    let thread = actor(&mut problem, now, "")?;
    let own = events(&mut problem, now, &thread, &Rounds::default())?;
    let deadline = setting.deadline;
    let mut waits = Waits { problem, protocol, terms: &terms, launches: &launches, counters, thread, own, deadline };
    let mut obligations = Vec::new();
    for index in 0..waits.own.len() {
        let event = waits.own[index].clone();
        let walk::Kind::Await { place, compare, value } = &event.kind else { continue };
        let wait = Wait {
            index,
            guard: event.guard.clone(),
            place: place.clone(),
            rounds: event.rounds.clone(),
            compare: *compare,
            value: value.clone(),
        };
        let found = waits.of(&wait);
        let (epochs, lost) = match found {
            Ok((epochs, lost)) => (Ok(epochs), Ok(lost)),
            Err(error) => (Err(error.clone()), Err(error)),
        };
        for (kind, claims) in [(Kind::Epochs, epochs), (Kind::Lost, lost)] {
            let subject = Subject { kind, span: event.span.clone(), calls: event.calls.to_vec(), what: String::new() };
            obligations.push(Obligation { subject, claims });
        }
    }
    let Waits { mut problem, .. } = waits;
    problem.conditions.clear();
    Ok(Generated { problem, variables, obligations })
}

fn context<'c>(
    protocol: &'c Protocol,
    sizes: &'c SizeTerms,
    launches: &'c [Polynomial],
    counters: &'c Counters,
    distance: i128,
) -> Context<'c> {
    let launch = &launches[usize::try_from(distance + BACK).unwrap_or(0)];
    Context { protocol, sizes, launch, counters, loops: Loops::Symbolic }
}

/// A wait of the thread in the launch in question.
struct Wait {
    index: usize,
    guard: Formula,
    place: PlaceTerm,
    rounds: Vec<Round>,
    compare: Compare,
    value: Polynomial,
}

/// A signal of the partner, in a launch at some distance.
struct Signal {
    distance: i128,
    index: usize,
    rounds: Vec<Round>,
    guard: Formula,
    place: PlaceTerm,
    value: Polynomial,
}

/// The signal that a wait means, in a launch at some distance.
struct Partner {
    distance: i128,
    meeting: Meeting,
}

impl Partner {
    fn place(&self) -> (usize, &[Round]) {
        (self.meeting.index, self.meeting.events[self.meeting.index].rounds.as_slice())
    }
}

/// A wait that the partner cannot pass yet.
struct Blocker {
    distance: i128,
    index: usize,
    rounds: Vec<Round>,
    blocks: Formula,
}

struct Waits<'p> {
    problem: Problem,
    protocol: &'p Protocol,
    terms: &'p SizeTerms,
    launches: &'p [Polynomial],
    counters: &'p Counters,
    thread: Actor,
    own: Vec<Event>,
    deadline: Instant,
}

type Claims = Vec<Claim>;

impl<'p> Waits<'p> {
    fn at(&self, distance: i128) -> Context<'p> {
        context(self.protocol, self.terms, self.launches, self.counters, distance)
    }

    fn of(&mut self, wait: &Wait) -> Result<(Claims, Claims), Unsupported> {
        if !self.protocol.buffer(wait.place.buffer).pad {
            return Err(Unsupported::Statement("a wait on a buffer that is no pad is"));
        }
        let thread = self.thread.clone();
        let place = (&wait.place, wait.rounds.as_slice());
        let partner = self.partner(0, &thread, place, (&wait.guard, wait.compare, &wait.value))?;
        let signals = self.signals(wait, &partner.meeting.coordinates)?;
        let mut epochs = self.added_once(wait.place.buffer, &partner.meeting.coordinates)?;
        let (last, taken) = self.last_wait(wait)?;
        epochs.extend(self.stale(wait, &partner, (last, &taken), &signals)?);
        let mut lost = self.overtaken(wait, &partner, &signals, wait.index, &wait.guard)?;
        lost.extend(self.satisfied_at_first(wait, &partner)?);
        lost.extend(self.resets(wait, &partner, &signals)?);
        Ok((epochs, lost))
    }

    /// The signal that a wait in the launch at this distance means: the oldest one that is proven to be sent to its word
    /// with a value that satisfies it.
    fn partner(
        &mut self,
        distance: i128,
        thread: &Actor,
        place: (&PlaceTerm, &[Round]),
        (guard, compare, value): (&Formula, Compare, &Polynomial),
    ) -> Result<Partner, Unsupported> {
        let mut found = None;
        for sent in (-BACK..=distance).rev() {
            if process::now() > self.deadline {
                return Err(Unsupported::Time);
            }
            let now = self.at(sent);
            let candidates = meetings(&mut self.problem, now, thread, place, signalled)?;
            let mut suiting = None;
            for meeting in candidates {
                let stored = self.signal_value(&meeting.events[meeting.index], sent)?;
                let suits = satisfies(&mut self.problem, compare, &stored, value)?;
                let goal = Formula::all([meeting.meets.clone(), suits]);
                if self.follows(guard, &goal) {
                    suiting = Some(Partner { distance: sent, meeting });
                    break;
                }
            }
            match suiting {
                Some(partner) => found = Some(partner),
                None if found.is_some() => break,
                None => {}
            }
            if compare == Compare::Equal && found.is_some() {
                break;
            }
        }
        found.ok_or(Unsupported::Statement("a wait with no single partner is"))
    }

    fn follows(&self, guard: &Formula, goal: &Formula) -> bool {
        *goal != Formula::Truth(false)
            && solve::prove(&self.problem, std::slice::from_ref(guard), goal, self.deadline) == Answer::Proven
    }

    /// Everything the partner signals on this pad, in all launches in question.
    fn signals(&mut self, wait: &Wait, partner: &[Polynomial; 3]) -> Result<Vec<Signal>, Unsupported> {
        let mut signals = Vec::new();
        for distance in -BACK..=AHEAD {
            let now = self.at(distance);
            let actor = actor_at(&mut self.problem, now, partner.clone())?;
            let theirs = events(&mut self.problem, now, &actor, &Rounds::default())?;
            for (index, event) in theirs.iter().enumerate() {
                let Some(place) = signalled(&theirs, index, &actor.coordinates[0]) else { continue };
                if place.buffer != wait.place.buffer {
                    continue;
                }
                let value = self.signal_value(event, distance)?;
                let (rounds, guard) = (event.rounds.clone(), event.guard.clone());
                signals.push(Signal { distance, index, rounds, guard, place, value });
            }
        }
        Ok(signals)
    }

    /// What the slot holds after a signal.
    fn signal_value(&mut self, event: &Event, distance: i128) -> Result<Polynomial, Unsupported> {
        match &event.kind {
            walk::Kind::Store { value, .. } => Ok(value.clone()),
            walk::Kind::Atomic { place, operation: AtomicOperation::Add, operand, .. } => {
                let Initially::Word(initial) = self.protocol.buffer(place.buffer).initially else {
                    return Err(Unsupported::Statement("adding to unknown contents is"));
                };
                let times = self.at(distance).launch.plus(&Polynomial::constant(1));
                let sum = times.and_then(|times| times.times(operand));
                let sum = sum.and_then(|sum| sum.plus(&Polynomial::constant(i128::from(initial))));
                self.problem.wrap(&sum.ok_or(Unsupported::TooLarge)?)
            }
            _ => Err(Unsupported::Statement("a signal by an atomic other than add is")),
        }
    }

    /// Where a partner adds: that it adds the same constant to each of its slots once in every launch.
    fn added_once(&mut self, pad: BufferId, partner: &[Polynomial; 3]) -> Result<Claims, Unsupported> {
        let now = self.at(0);
        let actor = actor_at(&mut self.problem, now, partner.clone())?;
        let one = events(&mut self.problem, now, &actor, &Rounds::default())?;
        let other = events(&mut self.problem, now, &actor, &Rounds::default())?;
        let added = |event: &Event| match &event.kind {
            walk::Kind::Atomic { place, operand, .. } if place.buffer == pad => Some((place.clone(), operand.clone())),
            _ => None,
        };
        let stored = |event: &Event| matches!(&event.kind, walk::Kind::Store { place, .. } if place.buffer == pad);
        if !one.iter().any(|event| added(event).is_some()) {
            return Ok(Vec::new());
        }
        if one.iter().any(stored) {
            return Err(Unsupported::Statement("a pad that is both stored and added to is"));
        }
        let launch = self.at(0).launch.single();
        let mut claims = Vec::new();
        for (left, event) in one.iter().enumerate() {
            let Some((place, operand)) = added(event) else { continue };
            if operand.as_constant().is_none() || self.may_differ(&event.guard, launch) {
                return Err(Unsupported::Statement("adding what is not constant, or not in every launch, is"));
            }
            for (right, twin) in other.iter().enumerate().skip(left) {
                let Some((their_place, _)) = added(twin) else { continue };
                let hypotheses = vec![event.guard.clone(), twin.guard.clone(), same_place(&place, &their_place)?];
                let mut same = vec![Formula::Truth(left == right)];
                for (round, their_round) in event.rounds.iter().zip(&twin.rounds) {
                    same.push(equal(&round.term, &their_round.term)?);
                }
                claims.push(Claim::new(hypotheses, Formula::all(same)));
            }
        }
        Ok(claims)
    }

    /// Whether a condition may hold in one launch and not in another: it depends on the launch, or on what was read.
    fn may_differ(&self, guard: &Formula, launch: Option<Variable>) -> bool {
        let read = |bounds: &Bounds| bounds.name == LOADED;
        let all = self.problem.variables.iter().enumerate();
        let mut changing =
            all.filter(|(_, bounds)| read(bounds)).map(|(index, _)| Variable(index as u32)).chain(launch);
        launch.is_none() || changing.any(|variable| self.problem.mentions(guard, variable))
    }

    /// X's last wait on the slot before this one: how many launches ago, and the signal that it took.
    fn last_wait(&mut self, wait: &Wait) -> Result<(i128, Partner), Unsupported> {
        let rounds: Rounds = wait.rounds.iter().map(|round| (round.number, round.term.clone())).collect();
        for distance in (-BACK..=0).rev() {
            let now = self.at(distance);
            let thread = actor_at(&mut self.problem, now, self.thread.coordinates.clone())?;
            let earlier = events(&mut self.problem, now, &thread, &rounds)?;
            let until = if distance == 0 { wait.index } else { earlier.len() };
            for event in earlier[..until].iter().rev() {
                let walk::Kind::Await { place, compare, value } = &event.kind else { continue };
                let goal = Formula::all([event.guard.clone(), same_place(place, &wait.place)?]);
                if self.follows(&wait.guard, &goal) {
                    let wanted = (&wait.guard, *compare, value);
                    return Ok((distance, self.partner(distance, &thread, (place, &event.rounds), wanted)?));
                }
            }
        }
        Err(Unsupported::Statement("a wait on a word that was not awaited in the launches before is"))
    }

    /// No older signal satisfies the wait.
    fn stale(
        &mut self,
        wait: &Wait,
        partner: &Partner,
        (last, taken): (i128, &Partner),
        signals: &[Signal],
    ) -> Result<Claims, Unsupported> {
        let mut claims = Vec::new();
        let until = partner.distance;
        for signal in signals.iter().filter(|signal| (taken.distance..=until).contains(&signal.distance)) {
            let (hypotheses, satisfied) = self.older(wait, signal, partner)?;
            let own = (signal.index, signal.rounds.as_slice());
            let recent = if signal.distance == taken.distance {
                before(own, taken.place())?.not()
            } else {
                Formula::Truth(true)
            };
            let hypotheses: Vec<Formula> = hypotheses.into_iter().chain([recent]).collect();
            claims.extend(self.in_launches(taken.distance, &hypotheses, &satisfied.not())?);
        }
        claims.extend(self.after_resets(wait, last)?);
        // The first launches: what the slot held at first, and all signals since. Before the one meant can be there,
        // what the slot held at first is what it waits for.
        for launch in -until..-taken.distance {
            let here = equal(self.at(0).launch, &Polynomial::constant(launch))?;
            let satisfied = self.satisfied_by_initial(wait)?;
            claims.push(Claim::new(vec![wait.guard.clone(), here.clone()], satisfied.not()));
            for signal in signals.iter().filter(|signal| (-launch..=until).contains(&signal.distance)) {
                let (hypotheses, satisfied) = self.older(wait, signal, partner)?;
                claims.push(Claim::new(hypotheses.into_iter().chain([here.clone()]).collect(), satisfied.not()));
            }
        }
        Ok(claims)
    }

    /// In launches so early that the signal meant does not exist, the initial contents satisfy the wait.
    fn satisfied_at_first(&mut self, wait: &Wait, partner: &Partner) -> Result<Claims, Unsupported> {
        let mut claims = Vec::new();
        for launch in 0..-partner.distance {
            let here = equal(self.at(0).launch, &Polynomial::constant(launch))?;
            let satisfied = self.satisfied_by_initial(wait)?;
            claims.push(Claim::new(vec![wait.guard.clone(), here], satisfied));
        }
        Ok(claims)
    }

    fn satisfied_by_initial(&mut self, wait: &Wait) -> Result<Formula, Unsupported> {
        let Initially::Word(initial) = self.protocol.buffer(wait.place.buffer).initially else {
            return Err(Unsupported::Statement("a wait on a word that is not initialised is"));
        };
        let initial = Polynomial::constant(i128::from(initial));
        satisfies(&mut self.problem, wait.compare, &initial, &wait.value)
    }

    /// That a signal is older than the one meant and in the same slot; and whether it satisfies the wait.
    fn older(
        &mut self,
        wait: &Wait,
        signal: &Signal,
        partner: &Partner,
    ) -> Result<(Vec<Formula>, Formula), Unsupported> {
        let own = (signal.index, signal.rounds.as_slice());
        let older =
            if signal.distance == partner.distance { before(own, partner.place())? } else { Formula::Truth(true) };
        let same = same_place(&signal.place, &wait.place)?;
        let satisfied = satisfies(&mut self.problem, wait.compare, &signal.value, &wait.value)?;
        Ok((vec![wait.guard.clone(), signal.guard.clone(), same, older], satisfied))
    }

    /// A claim in launches that have as many before them, and in those of the same number after a wrap.
    fn in_launches(&self, last: i128, hypotheses: &[Formula], goal: &Formula) -> Result<Claims, Unsupported> {
        let late = less(self.at(0).launch, &Polynomial::constant(-last))?.not();
        let with = |more: Formula| hypotheses.iter().cloned().chain([more]).collect::<Vec<_>>();
        let mut claims = vec![Claim::new(with(late.clone()), goal.clone())];
        if last < 0 {
            claims.push(Claim { launches_after: 1 << 32, ..Claim::new(with(late.not()), goal.clone()) });
        }
        Ok(claims)
    }

    /// What the thread itself has reset its slot to does not satisfy the wait.
    fn after_resets(&mut self, wait: &Wait, last: i128) -> Result<Claims, Unsupported> {
        let mut claims = Vec::new();
        for distance in last..=0 {
            let now = self.at(distance);
            let thread = actor_at(&mut self.problem, now, self.thread.coordinates.clone())?;
            let earlier = events(&mut self.problem, now, &thread, &Rounds::default())?;
            for (index, event) in earlier.iter().enumerate() {
                let walk::Kind::Store { place, value } = &event.kind else { continue };
                if place.buffer != wait.place.buffer || !is_reset(&earlier, index, &thread.coordinates[0]) {
                    continue;
                }
                let own = (index, event.rounds.as_slice());
                let earlier =
                    if distance == 0 { before(own, (wait.index, &wait.rounds))? } else { Formula::Truth(true) };
                let same = same_place(place, &wait.place)?;
                let satisfied = satisfies(&mut self.problem, wait.compare, value, &wait.value)?;
                let hypotheses = [wait.guard.clone(), event.guard.clone(), same, earlier];
                claims.extend(self.in_launches(last, &hypotheses, &satisfied.not())?);
            }
        }
        Ok(claims)
    }

    /// While the thread is at `position`, a later signal into the slot satisfies the wait or cannot have been sent.
    fn overtaken(
        &mut self,
        wait: &Wait,
        partner: &Partner,
        signals: &[Signal],
        position: usize,
        guard: &Formula,
    ) -> Result<Claims, Unsupported> {
        let blockers = self.blockers(wait, partner, position)?;
        let at_wait = position == wait.index;
        let mut claims = Vec::new();
        for signal in signals.iter().filter(|signal| signal.distance >= partner.distance) {
            let own = (signal.index, signal.rounds.as_slice());
            let later =
                if signal.distance == partner.distance { before(partner.place(), own)? } else { Formula::Truth(true) };
            let mut harmless = Vec::new();
            if at_wait {
                harmless.push(satisfies(&mut self.problem, wait.compare, &signal.value, &wait.value)?);
            }
            for blocker in &blockers {
                let first = match blocker.distance.cmp(&signal.distance) {
                    Ordering::Less => Formula::Truth(true),
                    Ordering::Equal => before((blocker.index, &blocker.rounds), own)?,
                    Ordering::Greater => Formula::Truth(false),
                };
                harmless.push(Formula::all([first, blocker.blocks.clone()]));
            }
            let hypotheses = vec![guard.clone(), signal.guard.clone(), same_place(&signal.place, &wait.place)?, later];
            let launches_after = u64::try_from(signal.distance.max(0)).unwrap_or(0);
            claims.push(Claim { launches_after, ..Claim::new(hypotheses, Formula::any(harmless)) });
        }
        // Beyond the launches in question nothing is there either.
        let bounded = Formula::any(blockers.into_iter().map(|blocker| blocker.blocks));
        claims.push(Claim { launches_after: 3, ..Claim::new(vec![guard.clone()], bounded) });
        Ok(claims)
    }

    /// Waits that the partner cannot pass while the thread is at `position`.
    fn blockers(&mut self, wait: &Wait, partner: &Partner, position: usize) -> Result<Vec<Blocker>, Unsupported> {
        let mut blockers = Vec::new();
        let mut tried: Vec<(i128, usize, Vec<Polynomial>)> = Vec::new();
        for distance in 0..=AHEAD {
            let now = self.at(distance);
            let peer = actor_at(&mut self.problem, now, partner.meeting.coordinates.clone())?;
            let template = events(&mut self.problem, now, &peer, &Rounds::default())?;
            for rounds in rounds_to_try(&template, &wait.rounds) {
                let theirs = events(&mut self.problem, now, &peer, &rounds)?;
                for (index, event) in theirs.iter().enumerate() {
                    let walk::Kind::Await { place, compare, value } = &event.kind else { continue };
                    let one = (distance, index, event.rounds.iter().map(|round| round.term.clone()).collect());
                    if tried.contains(&one) {
                        continue;
                    }
                    tried.push(one);
                    let wanted = (&event.guard, *compare, value);
                    let awaited = match self.partner(distance, &peer, (place, &event.rounds), wanted) {
                        Ok(awaited) => awaited,
                        Err(Unsupported::Time) => return Err(Unsupported::Time),
                        Err(_) => continue,
                    };
                    let unsent = self.unsent(&awaited, position, &wait.rounds)?;
                    let blocks = Formula::all([event.guard.clone(), unsent]);
                    if blocks != Formula::Truth(false) {
                        blockers.push(Blocker { distance, index, rounds: event.rounds.clone(), blocks });
                    }
                }
            }
        }
        Ok(blockers)
    }

    /// A signal cannot have been sent while the thread is at `position` in `rounds`.
    fn unsent(
        &self,
        Partner { distance, meeting: signal }: &Partner,
        position: usize,
        rounds: &[Round],
    ) -> Result<Formula, Unsupported> {
        let [rank, block, thread] = &self.thread.coordinates;
        let same_rank = equal(&signal.coordinates[0], rank)?;
        match distance.cmp(&0) {
            Ordering::Greater => return Ok(same_rank),
            Ordering::Less => return Ok(Formula::Truth(false)),
            Ordering::Equal => {}
        }
        let same_block = Formula::all([same_rank, equal(&signal.coordinates[1], block)?]);
        let same_thread = Formula::all([same_block.clone(), equal(&signal.coordinates[2], thread)?]);
        let sent = (signal.index, signal.events[signal.index].rounds.as_slice());
        let here = (position, rounds);
        let mut ways = vec![Formula::all([same_thread, before(here, sent)?])];
        for (index, event) in signal.events.iter().enumerate() {
            if matches!(event.kind, walk::Kind::BlockSync) {
                let sync = (index, event.rounds.as_slice());
                let between = [before(here, sync)?, before(sync, sent)?, event.guard.clone(), same_block.clone()];
                ways.push(Formula::all(between));
            }
        }
        Ok(Formula::any(ways))
    }

    /// A waiter that resets its slot is the only one, and no later signal can be there yet.
    fn resets(&mut self, wait: &Wait, partner: &Partner, signals: &[Signal]) -> Result<Claims, Unsupported> {
        let own_rank = self.thread.coordinates[0].clone();
        let all = 0..self.own.len();
        let resets: Vec<usize> = all
            .filter(|index| {
                let walk::Kind::Store { place, .. } = &self.own[*index].kind else { return false };
                place.buffer == wait.place.buffer
                    && place.indices == wait.place.indices
                    && is_reset(&self.own, *index, &own_rank)
            })
            .collect();
        let mut claims = Vec::new();
        if resets.is_empty() {
            return Ok(claims);
        }
        let now = self.at(0);
        let other = actor(&mut self.problem, now, "'")?;
        let others = events(&mut self.problem, now, &other, &Rounds::default())?;
        let same_thread = self.thread.coordinates.iter().zip(&other.coordinates);
        let same_thread = same_thread.map(|(left, right)| equal(left, right)).collect::<Result<Vec<_>, _>>()?;
        for event in &others {
            let walk::Kind::Await { place, .. } = &event.kind else { continue };
            let hypotheses = vec![wait.guard.clone(), event.guard.clone(), same_place(place, &wait.place)?];
            claims.push(Claim::new(hypotheses, Formula::all(same_thread.iter().cloned())));
        }
        for reset in resets {
            let guard = self.own[reset].guard.clone();
            claims.extend(self.overtaken(wait, partner, signals, reset, &guard)?);
        }
        Ok(claims)
    }
}

/// Which round of a loop to try.
type Way<'w> = &'w dyn Fn(&Round) -> Option<Polynomial>;

/// Rounds in which a partner's wait may be the one that holds it back: this one, the next, the first, the last.
fn rounds_to_try(template: &[Event], own: &[Round]) -> Vec<Rounds> {
    let mut loops: Vec<&Round> = Vec::new();
    for event in template.iter().filter(|event| matches!(event.kind, walk::Kind::Await { .. })) {
        for round in &event.rounds {
            if !loops.iter().any(|known| known.number == round.number) {
                loops.push(round);
            }
        }
    }
    if loops.is_empty() {
        return vec![Rounds::default()];
    }
    let one = Polynomial::constant(1);
    let same = |round: &Round| own.iter().find(|own| own.number == round.number).map(|own| own.term.clone());
    let ways: [Way<'_>; 4] = [
        &|round| same(round).or_else(|| Some(round.from.clone())),
        &|round| same(round).and_then(|term| term.plus(&one)).or_else(|| Some(round.from.clone())),
        &|round| Some(round.from.clone()),
        &|round| round.to.minus(&one),
    ];
    ways.iter().map(|way| loops.iter().filter_map(|round| Some((round.number, way(round)?))).collect()).collect()
}
