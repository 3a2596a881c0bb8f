//! Barriers of threads that are followed to see whether they wait for ever: who completes them.
//!
//! Where all of a block or of some lanes must come, nobody else can. Where some of its warps are enough, those do that are
//! there, if they are just as many; otherwise it is a choice, and whether the loop ends is not known.

use super::barrier::needed;
use super::event::Range;
use super::hang::Rest;
use super::search::Search;
use super::state::{Arrival, Meeting, Place, State};
use crate::program::{Arrivals, Barrier, Group, Operation, Program, SiteIndex, Width};
use std::collections::BTreeMap;

impl<P: Program> Search<'_, P> {
    /// Whether it matters who comes first to a barrier.
    fn is_contested(&self, thread: usize, barrier: &Barrier) -> bool {
        let Group::Block { id, count } = barrier.group else { return false };
        let block = self.field.block_of(thread);
        let (whole, needed) = needed(barrier.arrivals, count, self.field.of_block(block).len() as u32);
        needed < whole || self.contested.contains(&(block, id))
    }

    /// Completes the barriers for which everybody is there. False if there is none. Where others could complete one as
    /// well, it is unknown who does.
    pub(super) fn meet(
        &self,
        state: &State<P::Thread>,
        threads: &mut BTreeMap<usize, (P::Thread, Rest)>,
        unknown: &mut bool,
    ) -> bool {
        let mut any = false;
        let waiting: Vec<(usize, Barrier)> = threads
            .iter()
            .filter_map(|(thread, (_, rest))| match rest {
                Rest::Waits(barrier, _) => Some((*thread, *barrier)),
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
                // What comes next that is an effect shows when it is followed: a read of nothing stands for it.
                *rest = match self.next_rest(state, *member, program) {
                    Some(next) => next,
                    None => Rest::Reads(Operation::Exit, SiteIndex(0), Range::NONE, Width::Four),
                };
            }
            any = true;
        }
        any
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
        let waits = |thread: &usize| matches!(&threads[thread].1, Rest::Waits(other, _) if same_place(other, barrier));
        let mut come: Vec<usize> = Vec::new();
        let mut arrived = 0;
        for first in block.clone().step_by(lanes) {
            let live = |thread: &usize| block.contains(thread) && threads[thread].1 != Rest::Ended;
            let warp: Vec<usize> = (first..first + lanes).filter(live).collect();
            if !warp.is_empty() && warp.iter().all(waits) {
                arrived += 1;
                come.extend(warp);
            }
        }
        let here = |meeting: &&Meeting| meeting.block == number && meeting.place == Place::Named(id);
        let of_others = |meeting: &Meeting| {
            let only_arrive = |arrivals: &&Vec<Arrival>| arrivals.iter().all(|arrival| !arrival.waits);
            meeting.arrived.iter().filter(only_arrive).count() as u32
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
