//! Barriers of threads that are followed to see whether they wait for ever: who completes them.
//!
//! Where all of a block or of some lanes must come, nobody else can. Where some of its warps are enough, those do that are
//! there, if they are just as many; otherwise it is a choice, and whether the loop ends is not known.

use super::barrier::needed;
use super::hang::Rest;
use super::search::Search;
use super::state::{Arrival, Meeting, Place, State};
use crate::program::{Arrivals, Barrier, Group, Program};
use std::collections::BTreeMap;

impl<P: Program> Search<'_, P> {
    /// Whether it matters who comes first to a barrier.
    fn is_contested(&self, thread: usize, barrier: &Barrier) -> bool {
        let Group::Block { id, count } = barrier.group else { return false };
        let block = self.field.block_of(thread);
        let (whole, needed) = needed(barrier.arrivals, count, self.field.of_block(block).len() as u32);
        needed < whole || self.contested.contains(&(block, id))
    }

    /// Completes the barriers for which everybody is there, and says who went on. Where others could complete one as
    /// well, it is unknown who does.
    pub(super) fn meet(
        &self,
        state: &State<P::Thread>,
        threads: &mut BTreeMap<usize, (P::Thread, Rest)>,
        unknown: &mut bool,
    ) -> Vec<usize> {
        let mut met = self.only_arrive(threads);
        let waiting: Vec<(usize, Barrier)> = threads
            .iter()
            .filter_map(|(thread, (_, rest))| match rest {
                Rest::Waits(barrier, _) if !barrier.arrive => Some((*thread, *barrier)),
                _ => None,
            })
            .collect();
        for (thread, barrier) in &waiting {
            let some = self.is_contested(*thread, barrier);
            let members = match some {
                true => self.some_members(state, threads, *thread, barrier, unknown),
                false => self.members(threads, *thread, barrier),
            };
            let Some(members) = members else { continue };
            let together = |member: &usize| match &threads[member].1 {
                Rest::Waits(other, _) => same_place(other, barrier),
                _ => false,
            };
            if !members.iter().all(together) {
                continue;
            }
            let gives = |member: &usize| match &threads[member].1 {
                Rest::Waits(other, _) => Some((*member as u32 % self.field.room, other.gather?)),
                _ => None,
            };
            let given: Vec<(u32, u64)> = members.iter().filter_map(gives).collect();
            for member in &members {
                let Some((program, rest)) = threads.get_mut(member) else { continue };
                if !given.is_empty() {
                    self.field.program.gathered(state.threads[*member].at, program, &given);
                }
                *rest = self.next_rest(state, *member, program).unwrap_or(Rest::Acts);
            }
            met.extend(members);
        }
        met
    }

    /// Those that arrive without waiting go on when their warp has come, which others can tell.
    fn only_arrive(&self, threads: &mut BTreeMap<usize, (P::Thread, Rest)>) -> Vec<usize> {
        let mut going_on = Vec::new();
        for (thread, (_, rest)) in threads.iter() {
            let Rest::Waits(barrier, _) = rest else { continue };
            if barrier.arrive && self.warp_is_there(threads, *thread, barrier) {
                going_on.push(*thread);
            }
        }
        for thread in &going_on {
            if let Some((_, rest)) = threads.get_mut(thread) {
                *rest = Rest::Acts;
            }
        }
        going_on
    }

    /// Whether the threads of a warp that have not exited stand at one barrier.
    fn warp_is_there(&self, threads: &BTreeMap<usize, (P::Thread, Rest)>, thread: usize, barrier: &Barrier) -> bool {
        let warp = match barrier.arrivals {
            Arrivals::Warps { .. } => self.warp_of(thread),
            Arrivals::Threads | Arrivals::WholeBlock => thread..thread + 1,
        };
        warp.into_iter().all(|thread| match threads.get(&thread).map(|(_, rest)| rest) {
            Some(Rest::Waits(other, _)) => same_place(other, barrier),
            Some(Rest::Ended) | None => true,
            _ => false,
        })
    }

    /// The threads that complete a barrier of some warps, if they are just so many; otherwise none, or it is unknown.
    fn some_members(
        &self,
        state: &State<P::Thread>,
        threads: &BTreeMap<usize, (P::Thread, Rest)>,
        thread: usize,
        barrier: &Barrier,
        unknown: &mut bool,
    ) -> Option<Vec<usize>> {
        let Group::Block { id, count } = barrier.group else { return None };
        let number = self.field.block_of(thread);
        let block = self.field.of_block(number);
        let lanes = if matches!(barrier.arrivals, Arrivals::Warps { .. }) { 32 } else { 1 };
        let mut come: Vec<usize> = Vec::new();
        let mut arrived = 0;
        for first in block.clone().step_by(lanes) {
            let live = |thread: &usize| block.contains(thread) && threads[thread].1 != Rest::Ended;
            let warp: Vec<usize> = (first..first + lanes).filter(live).collect();
            if !warp.is_empty() && self.warp_is_there(threads, warp[0], barrier) {
                arrived += 1;
                come.extend(warp);
            }
        }
        let here = |meeting: &&Meeting| meeting.block == number && meeting.place == Place::Named(id);
        let of_others = |meeting: &Meeting| {
            // Some of them have gone on.
            let others = |arrivals: &&Vec<Arrival>| arrivals.iter().any(|arrival| !come.contains(&arrival.thread));
            meeting.arrived.iter().filter(others).count() as u32
        };
        let earlier = state.meetings.iter().find(here).map_or(0, of_others);
        let (_, needed) = needed(barrier.arrivals, count, block.len() as u32);
        if earlier + arrived < needed {
            return None;
        }
        *unknown |= earlier > 0 || arrived > needed;
        (!*unknown).then_some(come)
    }

    /// The threads that a barrier waits for.
    fn members(
        &self,
        threads: &BTreeMap<usize, (P::Thread, Rest)>,
        thread: usize,
        barrier: &Barrier,
    ) -> Option<Vec<usize>> {
        let block = self.field.of_block(self.field.block_of(thread));
        let live = |thread: &usize| block.contains(thread) && threads[thread].1 != Rest::Ended;
        match barrier.group {
            // Who has exited does not come.
            Group::Block { count: None, .. } => Some(block.collect()),
            Group::Block { .. } if !matches!(barrier.arrivals, Arrivals::Warps { .. }) => Some(block.collect()),
            Group::Block { .. } => {
                // Nobody waits for who has exited in a warp, but a warp of which nobody is left never arrives.
                let mut warps = (block.start..block.end).step_by(32);
                let arrives = |first: usize| (first..first + 32).any(|thread| live(&thread));
                warps.all(arrives).then(|| block.clone().filter(live).collect())
            }
            Group::Warp { mask } => {
                let first = block.start + (thread - block.start) / 32 * 32;
                let named = (0..32).filter(|lane| mask >> lane & 1 == 1).map(|lane| first + lane);
                Some(named.filter(live).collect())
            }
        }
    }
}

fn same_place(left: &Barrier, right: &Barrier) -> bool {
    let same = match (left.group, right.group) {
        (Group::Block { id, .. }, Group::Block { id: other, .. }) => id == other,
        (left, right) => left == right,
    };
    same && left.orders == right.orders
}
