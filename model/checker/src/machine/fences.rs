//! The order of `fence.sc`, found instead of chosen.
//!
//! Fence-SC order relates every two `fence.sc` that are morally strong, and one that comes before another precedes it in
//! causality order (PTX ISA, "Fence-SC", "Causality order"). Nobody chooses that order here: two fences are in no order
//! until something forces one upon them. If a fence *f* precedes an access *b*, *b* comes before an access *a* in
//! communication order (coherence, reads-from, from-reads), and *a* precedes a fence *g*, then *f* comes before *g*, for
//! else *a* would precede *b*. So *f* precedes whatever *g* precedes, from now on and in all that has been noted. Nothing
//! forces the other order then: who follows *f* knows what *g* has seen, *a* among it. Whatever is not forced may be either
//! way (lemma L7).
//!
//! At a word that is not contended the order of writes, and of a read and later writes, forces nothing: there other
//! orders come to the same, of which one is explored. Where that would have made a difference is noted, and counts if
//! something is found.

use super::causality::{join, join_boundary};
use super::run::Run;
use super::{Machine, Rule, SequentialFence, State};
use crate::memory::clock::{Epoch, Fences, ThreadIndex, View};
use crate::memory::shadow::Access;
use crate::memory::slot::{Release, Slot, SlotRead, Strength, morally_strong};
use crate::program::{Program, SiteIndex};
use smallvec::SmallVec;

impl<P: Program> Machine<P> {
    /// The `fence.sc` that precede what a thread does now.
    pub(super) fn fences_before(&self, state: &State<P::Thread>, thread: ThreadIndex) -> Fences {
        let mut fences = Fences::default();
        let view = &state.threads[thread as usize].view;
        for fence in state.fences.iter().filter(|fence| self.covered(thread, view, &fence.access)) {
            fences.add(fence.access.epoch);
        }
        fences
    }

    /// The `fence.sc` that a view holds.
    fn fences_in(&self, fences: &[SequentialFence], view: &View) -> Fences {
        let mut found = Fences::default();
        for fence in fences.iter().map(|fence| fence.access.epoch) {
            if view.covers(self.block_of(fence.thread), fence) {
                found.add(fence);
            }
        }
        found
    }

    /// Up to which message of a word one that has seen `view` comes after all that accesses it: that which it has observed,
    /// if any, and the last one that it follows.
    fn passed(&self, key: u64, slot: &Slot, view: &View) -> (Option<usize>, Option<usize>) {
        let covers = |access: &Access| {
            !access.epoch.is_initial() && view.covers(self.block_of(access.epoch.thread), access.epoch)
        };
        let covered = slot.messages.iter().rposition(|message| covers(&message.access));
        // One that is forgotten is past for everybody, and so is what came before it.
        let observed = view.observed(key).and_then(|id| slot.messages.iter().position(|message| message.id == id));
        (observed, covered.max(observed))
    }
}

/// Whether a fence comes before a message up to some place in coherence order, or before the read of an earlier one.
fn comes_before(fence: Epoch, slot: &Slot, last: usize) -> bool {
    let overtaken = |read: &&SlotRead| {
        let place = read.message.and_then(|id| slot.messages.iter().position(|message| message.id == id));
        place.is_some_and(|place| place < last)
    };
    slot.messages[..=last].iter().any(|message| message.fences.contains(fence))
        || slot.reads.iter().filter(|read| read.fences.contains(fence)).any(|read| overtaken(&read))
}

impl<P: Program> Run<'_, P> {
    /// A thread performs a `fence.sc`.
    pub(super) fn sequential_fence(&mut self, thread: ThreadIndex, strength: Strength, site: SiteIndex) {
        let access = Access { epoch: self.epoch(thread), site };
        let release = Release { view: self.view_now(thread), strength };
        let boundary = self.boundary_of(thread);
        let at = self.state.fences.partition_point(|known| known.access.epoch <= access.epoch);
        self.state.fences.insert(at, SequentialFence { release, access, boundary });
        let keys: Vec<u64> = self.state.slots.keys().copied().collect();
        if self.state.fences.len() > 1 && keys.into_iter().any(|key| self.order_before(access.epoch, key)) {
            self.order_fences();
        }
    }

    /// A word was accessed: that may force an order upon fences.
    pub(super) fn order_fences_at(&mut self, key: u64) {
        if self.state.fences.len() < 2 {
            return;
        }
        let fences: SmallVec<[Epoch; 8]> = self.state.fences.iter().map(|fence| fence.access.epoch).collect();
        if fences.into_iter().any(|fence| self.order_before(fence, key)) {
            self.order_fences();
        }
    }

    /// One order may force others.
    fn order_fences(&mut self) {
        loop {
            let fences: SmallVec<[Epoch; 8]> = self.state.fences.iter().map(|fence| fence.access.epoch).collect();
            let keys: Vec<u64> = self.state.slots.keys().copied().collect();
            let pairs = fences.iter().flat_map(|fence| keys.iter().map(move |key| (*fence, *key)));
            if !pairs.into_iter().any(|(fence, key)| self.order_before(fence, key)) {
                return;
            }
        }
    }

    /// Puts fences before one, as a word's accesses force it. True if that was new.
    fn order_before(&mut self, fence: Epoch, key: u64) -> bool {
        let machine = self.machine;
        if !machine.has(Rule::FenceScSynchronises) {
            return false;
        }
        let state = &*self.state;
        let Some(later) = state.fences.iter().find(|known| known.access.epoch == fence) else { return false };
        let slot = &state.slots[&key];
        let (observed, last) = machine.passed(key, slot, &later.release.view);
        let Some(last) = last else { return false };
        let is_new = |earlier: &&SequentialFence| {
            let epoch = earlier.access.epoch;
            epoch != fence && !later.release.view.covers(machine.block_of(epoch.thread), epoch)
        };
        let explored = machine.is_explored(key);
        let mut comes_first = None;
        for earlier in state.fences.iter().filter(is_new) {
            let epoch = earlier.access.epoch;
            let by_reading = observed.is_some_and(|observed| slot.messages[observed].fences.contains(epoch));
            let by_order = !(by_reading && explored) && comes_before(epoch, slot, last);
            if by_order && !explored {
                self.notes.fenced.insert(key);
            }
            let strong = morally_strong(Some(earlier.release.strength), Some(later.release.strength));
            if strong && comes_first.is_none() && (by_reading || by_order && explored) {
                comes_first = Some(earlier.clone());
            }
        }
        let Some(earlier) = comes_first else { return false };
        if earlier.release.view.covers(machine.block_of(fence.thread), fence) {
            let message = "two fence.sc would each come before the other: an error of the checker".to_owned();
            let site = earlier.access.site;
            self.notes.not_understood.get_or_insert((message, site));
            self.state.interrupted = true;
            return false;
        }
        self.put_before(&earlier, fence);
        true
    }

    /// From now on, and in all that has been noted, a fence precedes whatever follows a later one.
    fn put_before(&mut self, earlier: &SequentialFence, fence: Epoch) {
        let machine = self.machine;
        let known = machine.fences_in(&self.state.fences, &earlier.release.view);
        let slots = self.state.slots.clone();
        let follows = |view: &View| view.covers(machine.block_of(fence.thread), fence);
        let learn = |view: &mut View| join(machine, &slots, view, &earlier.release.view);
        let learn_if = |view: &mut View| {
            if follows(view) {
                learn(view);
            }
        };
        let State { threads, blocks, ranks, fences, slots: own, .. } = &mut *self.state;
        for (index, thread) in threads.iter_mut().enumerate() {
            if index == fence.thread as usize || follows(&thread.view) {
                learn(&mut thread.view);
                join_boundary(machine, &slots, &mut thread.boundary, earlier.boundary.as_ref());
            }
            let orders = thread.order.iter_mut().flat_map(|order| {
                let pending = order.pending.iter_mut().chain(&mut order.released).map(|(_, release)| release);
                order.fences.iter_mut().chain(pending)
            });
            orders.for_each(|release| learn_if(&mut release.view));
            thread.outstanding.iter_mut().for_each(|copy| learn_if(copy.started_with()));
        }
        let meetings = blocks.iter_mut().flat_map(|block| &mut block.meetings);
        let arrivals = meetings.flat_map(|meeting| meeting.arrived.iter_mut().chain(&mut meeting.gathering));
        arrivals.filter_map(|arrival| arrival.arrived_with.as_mut()).for_each(|with| learn_if(&mut with.view));
        ranks.iter_mut().for_each(|rank| learn_if(&mut rank.stream));
        fences.iter_mut().for_each(|known| learn_if(&mut known.release.view));
        for message in own.values_mut().flat_map(|slot| &mut slot.messages) {
            message.releases.iter_mut().for_each(|release| learn_if(&mut release.view));
            if message.fences.contains(fence) {
                message.fences.join(&known);
            }
        }
        for read in own.values_mut().flat_map(|slot| &mut slot.reads) {
            if read.fences.contains(fence) {
                read.fences.join(&known);
            }
        }
    }
}
