//! Pads: every slot has one writer, and whoever signals is awaited.
//!
//! *Slots*: two stores or atomics, of any statements, rounds and launches, that reach the same word of the same instance come
//! from the same thread of the same rank. Two procedures that share a pad are therefore compared with each other. A store
//! to the own instance at the word that the thread has just awaited is a reset, no signal; see [`super::epochs`].
//! *Peers*: for every wait there is a thread that signals that word in the same launch with a value that satisfies the wait;
//! for every signal there is a thread that awaits that word in the same launch. Which thread is solved for ([`super::partner`]); at
//! small sizes all threads are tried. A send and its receive meet in the same way, in the same round of their loops.
//!
//! Not modelled: words that several ranks add to, signals for another launch; they are reported, never passed over.

use super::claim::{Claim, Generated, Kind, Obligation, Setting, Subject, sizes};
use super::counters::Counters;
use super::partner::meetings;
use super::problem::{Problem, Unsupported, WORDS};
use super::term::{Formula, Polynomial};
use super::translate::{equal, less};
use super::walk::{self, Actor, Context, Event, Loops, PlaceTerm, Rounds, actor, actor_at, events, same_place};
use arverify_protocol::ids::BufferId;
use arverify_protocol::ir::{Compare, Protocol};

/// The obligations of pads in one setting.
pub(super) fn generate(protocol: &Protocol, setting: Setting, counters: &Counters) -> Result<Generated, Unsupported> {
    let mut problem = Problem::default();
    let (terms, variables) = sizes(&mut problem, protocol, setting)?;
    let launch = &variables.launch;
    let context = Context { protocol, sizes: &terms, launch, counters, loops: Loops::Symbolic };
    let thread = actor(&mut problem, context, "")?;
    let own = events(&mut problem, context, &thread, &Rounds::default())?;
    let another_launch = problem.fresh("launch'", 0, WORDS - 1);
    let elsewhere = Context { launch: &another_launch, ..context };
    let other = actor(&mut problem, elsewhere, "'")?;
    let others = events(&mut problem, elsewhere, &other, &Rounds::default())?;
    problem.conditions.clear();
    let mut pads = Pads {
        problem,
        context,
        setting,
        another_launch: another_launch.clone(),
        thread,
        own,
        other,
        others,
        obligations: Vec::new(),
    };
    for index in 0..protocol.buffers.len() {
        if protocol.buffers[index].pad {
            pads.slots(BufferId(index as u32));
        }
    }
    for index in 0..pads.own.len() {
        pads.peers(index);
    }
    pads.words();
    let Pads { problem, obligations, .. } = pads;
    Ok(Generated { problem, variables, obligations })
}

pub(super) struct Pads<'p> {
    problem: Problem,
    pub(super) context: Context<'p>,
    setting: Setting,
    pub(super) another_launch: Polynomial,
    pub(super) thread: Actor,
    pub(super) own: Vec<Event>,
    /// Another thread, in another launch.
    pub(super) other: Actor,
    pub(super) others: Vec<Event>,
    pub(super) obligations: Vec<Obligation>,
}

/// The word that an event signals: stores and atomics, but no resets.
pub(super) fn signalled(events: &[Event], index: usize, own_rank: &Polynomial) -> Option<PlaceTerm> {
    match &events[index].kind {
        walk::Kind::Store { place, .. } if is_reset(events, index, own_rank) => {
            let _ = place;
            None
        }
        walk::Kind::Store { place, .. } | walk::Kind::Atomic { place, .. } => Some(place.clone()),
        walk::Kind::Load { .. }
        | walk::Kind::Await { .. }
        | walk::Kind::Phase(_)
        | walk::Kind::BlockSync
        | walk::Kind::Named { .. }
        | walk::Kind::Stream { .. }
        | walk::Kind::Transfer { .. } => None,
    }
}

/// A store to the own instance of the word that the same thread has awaited before it, in the same rounds.
pub(super) fn is_reset(events: &[Event], index: usize, own_rank: &Polynomial) -> bool {
    let walk::Kind::Store { place, .. } = &events[index].kind else { return false };
    let awaited = |event: &Event| match &event.kind {
        walk::Kind::Await { place: waited, .. } => {
            waited.buffer == place.buffer && waited.rank == place.rank && waited.indices == place.indices
        }
        _ => false,
    };
    place.rank == *own_rank && events[..index].iter().any(awaited)
}

/// Whether a slot that holds `slot` satisfies a wait.
pub(super) fn satisfies(
    problem: &mut Problem,
    compare: Compare,
    slot: &Polynomial,
    value: &Polynomial,
) -> Result<Formula, Unsupported> {
    match compare {
        Compare::Equal => equal(slot, value),
        Compare::NotEqual => Ok(equal(slot, value)?.not()),
        Compare::Less => less(slot, value),
        Compare::LessEqual => Ok(less(value, slot)?.not()),
        Compare::Greater => less(value, slot),
        Compare::GreaterEqual => Ok(less(slot, value)?.not()),
        Compare::Reached => {
            let ahead = slot.minus(value).ok_or(Unsupported::TooLarge)?;
            let ahead = problem.wrap(&ahead)?;
            less(&ahead, &Polynomial::constant(WORDS / 2))
        }
    }
}

impl Pads<'_> {
    fn slots(&mut self, pad: BufferId) {
        let buffer = self.context.protocol.buffer(pad);
        let subject = Subject {
            kind: Kind::Slots,
            span: buffer.span.clone(),
            calls: Vec::new(),
            what: format!("pad `{}`", buffer.name),
        };
        let claims = match self.context.protocol.is_host_program() {
            true => Err(Unsupported::Statement("a pad that streams signal through is")),
            false => self.one_writer(pad),
        };
        self.obligations.push(Obligation { subject, claims });
    }

    fn one_writer(&mut self, pad: BufferId) -> Result<Vec<Claim>, Unsupported> {
        let mut claims = Vec::new();
        let mut same_thread = Vec::new();
        for (left, right) in self.thread.coordinates.iter().zip(&self.other.coordinates) {
            same_thread.push(equal(left, right)?);
        }
        let same_thread = Formula::all(same_thread);
        for left in 0..self.own.len() {
            let Some(place) = signalled(&self.own, left, &self.thread.coordinates[0]) else { continue };
            if place.buffer != pad {
                continue;
            }
            for right in left..self.others.len() {
                let Some(other) = signalled(&self.others, right, &self.other.coordinates[0]) else { continue };
                if other.buffer != pad {
                    continue;
                }
                let guards = vec![self.own[left].guard.clone(), self.others[right].guard.clone()];
                let same = same_place(&place, &other)?;
                let hypotheses = guards.into_iter().chain([same]).collect();
                claims.push(Claim { launches_after: 1, ..Claim::new(hypotheses, same_thread.clone()) });
            }
        }
        Ok(claims)
    }

    fn peers(&mut self, index: usize) {
        let event = self.own[index].clone();
        let claim = match &event.kind {
            walk::Kind::Await { place, compare, value } => self.is_signalled(&event, place, *compare, value),
            walk::Kind::Store { place, .. } | walk::Kind::Atomic { place, .. } => {
                let is_pad = self.context.protocol.buffer(place.buffer).pad;
                if !is_pad || is_reset(&self.own, index, &self.thread.coordinates[0]) {
                    return;
                }
                self.is_awaited(&event, place)
            }
            walk::Kind::Transfer { sends, place } => self.is_matched(&event, place, *sends),
            walk::Kind::Load { .. }
            | walk::Kind::Phase(_)
            | walk::Kind::BlockSync
            | walk::Kind::Named { .. }
            | walk::Kind::Stream { .. } => return,
        };
        let subject =
            Subject { kind: Kind::Peers, span: event.span.clone(), calls: event.calls.to_vec(), what: String::new() };
        self.obligations.push(Obligation { subject, claims: claim.map(|claim| vec![claim]) });
    }

    /// Some thread signals what this one awaits, in the same launch.
    fn is_signalled(
        &mut self,
        event: &Event,
        place: &PlaceTerm,
        compare: Compare,
        value: &Polynomial,
    ) -> Result<Claim, Unsupported> {
        let suits = |problem: &mut Problem, other: &Event| match &other.kind {
            walk::Kind::Store { value: stored, .. } => satisfies(problem, compare, stored, value),
            // What an atomic leaves is a question of epochs.
            _ => Ok(Formula::Truth(true)),
        };
        self.met(event, place, suits, signalled)
    }

    /// Whoever this rank sends to receives from it, in the same round of the same launch; and the other way round.
    fn is_matched(&mut self, event: &Event, place: &PlaceTerm, sends: bool) -> Result<Claim, Unsupported> {
        self.met(
            event,
            place,
            |_, _| Ok(Formula::Truth(true)),
            |events, index, _| match &events[index].kind {
                walk::Kind::Transfer { sends: other, place } if *other != sends => Some(place.clone()),
                _ => None,
            },
        )
    }

    /// Some thread awaits what this one signals, in the same launch.
    fn is_awaited(&mut self, event: &Event, place: &PlaceTerm) -> Result<Claim, Unsupported> {
        self.met(
            event,
            place,
            |_, _| Ok(Formula::Truth(true)),
            |events, index, _| match &events[index].kind {
                walk::Kind::Await { place, .. } => Some(place.clone()),
                _ => None,
            },
        )
    }

    fn met(
        &mut self,
        event: &Event,
        place: &PlaceTerm,
        suits: impl Fn(&mut Problem, &Event) -> Result<Formula, Unsupported>,
        wanted: impl Fn(&[Event], usize, &Polynomial) -> Option<PlaceTerm>,
    ) -> Result<Claim, Unsupported> {
        let hypotheses = vec![event.guard.clone()];
        let everybody = self.setting.everybody();
        let exact = !everybody.is_empty();
        let mut witnesses = Vec::new();
        if exact {
            let unrolled = Context { loops: Loops::Unrolled, ..self.context };
            for coordinates in everybody {
                let worker = actor_at(&mut self.problem, unrolled, coordinates)?;
                let theirs = events(&mut self.problem, unrolled, &worker, &Rounds::default())?;
                for (index, other) in theirs.iter().enumerate() {
                    let Some(met) = wanted(&theirs, index, &worker.coordinates[0]) else { continue };
                    let parts = [other.guard.clone(), same_place(place, &met)?, suits(&mut self.problem, other)?];
                    witnesses.push(Formula::all(parts));
                }
            }
            return Ok(Claim::new(hypotheses, Formula::any(witnesses)));
        }
        for met in meetings(&mut self.problem, self.context, &self.thread, (place, &event.rounds), &wanted)? {
            let suits = suits(&mut self.problem, &met.events[met.index])?;
            witnesses.push(Formula::all([met.meets, suits]));
        }
        // Different threads may meet different ones.
        witnesses.push(Formula::any(witnesses.clone()));
        Ok(Claim { exact: false, witnesses, ..Claim::new(hypotheses, Formula::Truth(false)) })
    }
}
