//! Reads that wait for a write which cannot come any more.
//!
//! Who has written what, in some execution or other, is remembered, and the exploration is made again until nothing is
//! added. A read that has been put off is given up when everybody who ever writes to its word has done so, or can get
//! there only after the reader itself has gone on. Nothing is lost. Take an execution that is not explored, and of its
//! writes the first that is not remembered: all that it depends on is remembered, so its writer gets there in an
//! exploration that gives up no read for which a remembered write is still to come; and where the reader is no part of
//! that, it reads what is newest instead. So the write is remembered in the end.
//!
//! A thread that waits in vain must not be given up: it is only if reading what is newest would lead it to a state in
//! which it has not been, for then the same hang is found there.

use super::event::{Actor, Event, Range};
use super::search::Search;
use super::state::{Pending, Place, State, Status};
use crate::program::Program;
use arverify_protocol::ir::Scope;
use rustc_hash::{FxHashMap, FxHashSet};

/// How often threads write to ranges, at most.
#[derive(Debug, Default)]
pub(super) struct Future {
    most: FxHashMap<Actor, Vec<(Range, u32)>>,
    /// Which strengths those writes have.
    pub(super) scopes: FxHashSet<(Actor, Range, Option<Scope>)>,
    /// Something was added.
    pub(super) grew: bool,
}

impl<P: Program> Search<'_, P> {
    /// Remembers a write.
    pub(super) fn remember(&mut self, state: &State<P::Thread>, write: Event) {
        let node = &state.graph.nodes[write];
        self.future.grew |= self.future.scopes.insert((node.actor, node.range, node.scope));
        let same = |other: &&std::sync::Arc<super::event::Node>| {
            other.is_write() && other.actor == node.actor && other.range == node.range
        };
        let count = state.graph.nodes.iter().filter(same).count() as u32;
        let known = self.future.most.entry(node.actor).or_default();
        match known.iter_mut().find(|(range, _)| *range == node.range) {
            Some((_, most)) if *most >= count => return,
            Some((_, most)) => *most = count,
            None => known.push((node.range, count)),
        }
        self.future.grew = true;
    }

    /// Whether somebody is still to write to a range, as far as is known.
    pub(super) fn is_to_write(&self, state: &State<P::Thread>, actor: Actor, range: &Range) -> bool {
        let same = |node: &&std::sync::Arc<super::event::Node>| {
            node.is_write() && !node.open && node.actor == actor && node.range == *range
        };
        let done = state.graph.nodes.iter().filter(same).count() as u32;
        let known = self.future.most.get(&actor).into_iter().flatten();
        known.into_iter().any(|(other, most)| other == range && done < *most)
    }

    /// Whether some read that has been put off can be given up.
    pub(super) fn is_hopeless(&self, state: &State<P::Thread>) -> bool {
        let put_off = |pending: &Pending| pending.put_off.is_some();
        let waits = |status: &Status| matches!(status, Status::Reads(pending) if put_off(pending));
        let open = |runner: &super::state::Runner<P::Thread>| runner.open.iter().any(|open| put_off(&open.pending));
        if !state.threads.iter().any(|runner| waits(&runner.status) || open(runner)) {
            return false;
        }
        let goes_on = self.who_goes_on(state);
        for (thread, runner) in state.threads.iter().enumerate() {
            for open in runner.open.iter().filter(|open| put_off(&open.pending)) {
                if !self.may_read(state, &open.pending, &goes_on) && self.closes_elsewhere(state, thread, open) {
                    return true;
                }
            }
        }
        state.threads.iter().enumerate().any(|(thread, runner)| match &runner.status {
            Status::Reads(pending) if put_off(pending) && !goes_on[thread] => {
                self.leads_elsewhere(state, thread, pending)
            }
            _ => false,
        })
    }

    /// For each thread, whether it may yet go on: the least solution, for nobody can wait for what waits for it.
    pub(super) fn who_goes_on(&self, state: &State<P::Thread>) -> Vec<bool> {
        let mut goes_on = vec![false; state.threads.len()];
        loop {
            let mut changed = false;
            for thread in 0..goes_on.len() {
                if !goes_on[thread] && self.may_go_on(state, thread, &goes_on) {
                    goes_on[thread] = true;
                    changed = true;
                }
            }
            if !changed {
                return goes_on;
            }
        }
    }

    fn may_go_on(&self, state: &State<P::Thread>, thread: usize, goes_on: &[bool]) -> bool {
        match &state.threads[thread].status {
            Status::Ready | Status::Writes(_) | Status::Holds(..) => true,
            Status::Needs(numbers) => {
                let needed = state.threads[thread].open.iter().filter(|open| numbers.contains(&open.number));
                needed.into_iter().all(|open| self.may_read(state, &open.pending, goes_on))
            }
            Status::Unstarted | Status::Ended | Status::Loops(_) => false,
            Status::AtBarrier => self.may_meet(state, thread, goes_on),
            Status::Reads(pending) => self.may_read(state, pending, goes_on),
        }
    }

    /// Whether there is, or may be, a write that a read can return.
    fn may_read(&self, state: &State<P::Thread>, pending: &Pending, goes_on: &[bool]) -> bool {
        let Some(known) = pending.put_off else { return true };
        let range = &pending.range;
        let open = |open: &super::state::Open| open.write.is_some() && open.pending.range.overlaps(range);
        state.graph.writes_to(range).any(|write| self.stamp(state, write) >= known)
            || state.threads.iter().any(|runner| runner.open.iter().any(open))
            || self.writers(state, range, goes_on)
    }

    /// Whether somebody who goes on may write to a range.
    fn writers(&self, state: &State<P::Thread>, range: &Range, goes_on: &[bool]) -> bool {
        let finishes = |rank: u32| {
            let of_rank = self.field.of_rank(rank);
            of_rank.into_iter().all(|thread| goes_on[thread] || matches!(state.threads[thread].status, Status::Ended))
        };
        self.future.most.iter().any(|(actor, ranges)| {
            let most: u32 = ranges.iter().filter(|(other, _)| other.overlaps(range)).map(|(_, most)| most).sum();
            if most == 0 {
                return false;
            }
            let (thread, launch) = match actor {
                Actor::Thread { thread, launch } => (*thread as usize, *launch),
                Actor::Stream(rank) => return !state.streams[*rank as usize].done && finishes(*rank),
                Actor::Copy { .. } | Actor::Joint => return true,
            };
            let rank = self.field.block_of(thread) / self.field.blocks;
            let stream = &state.streams[rank as usize];
            if self.field.program.has_calls() || stream.launch == launch {
                let done = state.graph.writes_to(range).filter(|write| state.graph.nodes[*write].actor == *actor);
                return goes_on[thread] && (done.count() as u32) < most;
            }
            launch > stream.launch && finishes(rank)
        })
    }

    /// Whether the others of a barrier may come.
    fn may_meet(&self, state: &State<P::Thread>, thread: usize, goes_on: &[bool]) -> bool {
        let here = |meeting: &&super::state::Meeting| {
            let all = meeting.partial.iter().chain(meeting.arrived.iter().flatten());
            let offered = meeting.offered.iter().flat_map(|(arrivals, _)| arrivals);
            all.chain(offered).any(|arrival| arrival.thread == thread)
        };
        let Some(meeting) = state.meetings.iter().find(here) else { return true };
        let block = self.field.of_block(meeting.block);
        let named = |other: &usize| match meeting.place {
            Place::Named(id) if self.contested.contains(&(meeting.block, id)) => false,
            Place::Named(_) => true,
            Place::Lanes { warp, mask, .. } => {
                let lane = *other - block.start;
                lane / 32 == warp as usize && mask >> (lane % 32) & 1 == 1
            }
        };
        let present =
            |other: &usize| meeting.partial.iter().chain(meeting.arrived.iter().flatten()).any(|a| a.thread == *other);
        let missing = block.clone().filter(named).filter(|other| !present(other));
        missing.into_iter().all(|other| goes_on[other] || matches!(state.threads[other].status, Status::Ended))
    }

    /// Threads that others depend on whose reads have been put off, the nearest first.
    pub(super) fn depended_on(&self, state: &State<P::Thread>) -> Vec<usize> {
        let mut needed: Vec<usize> = Vec::new();
        for (thread, runner) in state.threads.iter().enumerate() {
            if matches!(&runner.status, Status::Reads(pending) if pending.put_off.is_some()) {
                needed.push(thread);
            }
        }
        for (thread, runner) in state.threads.iter().enumerate() {
            if runner.open.iter().any(|open| open.pending.put_off.is_some()) && !needed.contains(&thread) {
                needed.push(thread);
            }
        }
        let mut next = 0;
        while next < needed.len() {
            let more = self.depends_on(state, needed[next]);
            next += 1;
            for thread in more {
                if !needed.contains(&thread) {
                    needed.push(thread);
                }
            }
        }
        needed
    }

    fn depends_on(&self, state: &State<P::Thread>, thread: usize) -> Vec<usize> {
        match &state.threads[thread].status {
            Status::AtBarrier => self.field.of_block(self.field.block_of(thread)).collect(),
            Status::Ended => {
                let rank = self.field.block_of(thread) / self.field.blocks;
                self.field.of_rank(rank).collect()
            }
            Status::Reads(_) | Status::Needs(_) => {
                let runner = &state.threads[thread];
                let own = match &runner.status {
                    Status::Reads(pending) => Some(&**pending),
                    _ => None,
                };
                let pending = own.into_iter().chain(runner.open.iter().map(|open| &open.pending));
                let awaited: Vec<Range> =
                    pending.filter(|pending| pending.put_off.is_some()).map(|pending| pending.range).collect();
                let writes = |ranges: &[(Range, u32)]| {
                    ranges.iter().any(|(range, _)| awaited.iter().any(|awaited| range.overlaps(awaited)))
                };
                let writer = |(actor, ranges): (&Actor, &Vec<(Range, u32)>)| match actor {
                    Actor::Thread { thread, .. } if writes(ranges) => Some(*thread as usize),
                    _ => None,
                };
                let mut writers: Vec<usize> = self.future.most.iter().filter_map(writer).collect();
                writers.sort_unstable();
                writers.dedup();
                writers
            }
            _ => Vec::new(),
        }
    }
}
