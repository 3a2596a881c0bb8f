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

use super::causality::{join, join_assumed};
use super::run::Run;
use super::{Machine, Rule, SequentialFence, State};
use crate::memory::clock::{Epoch, Fences, ThreadIndex, View};
use crate::memory::shadow::Access;
use crate::memory::slot::{Release, Slot, SlotRead, Strength, morally_strong};
use crate::program::{Program, SiteIndex};
use smallvec::SmallVec;
use std::collections::BTreeSet;

impl<P: Program> Machine<P> {
    /// The `fence.sc` that precede what a thread does now.
    pub(super) fn fences_before(&self, state: &State<P::Thread>, thread: ThreadIndex) -> Fences {
        let view = &state.threads[thread as usize].view;
        last_of_each(&state.fences, |fence| self.covered(thread, view, &fence.access))
    }

    /// The `fence.sc` that a view holds.
    fn fences_in(&self, fences: &[SequentialFence], view: &View) -> Fences {
        last_of_each(fences, |fence| view.covers(self.block_of(fence.access.epoch.thread), fence.access.epoch))
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

/// What an order of two fences told something new: fences that follow the later one, and words that it comes before.
#[derive(Default)]
struct Changed {
    fences: Vec<Epoch>,
    slots: Vec<u64>,
}

/// Of each thread the last fence that is held: who holds one holds those before it.
fn last_of_each(fences: &[SequentialFence], holds: impl Fn(&SequentialFence) -> bool) -> Fences {
    let mut found = Fences::default();
    for own in by_thread(fences) {
        if let Some(last) = own.partition_point(&holds).checked_sub(1) {
            found.add(own[last].access.epoch);
        }
    }
    found
}

/// The fences of each thread, in its order.
fn by_thread(fences: &[SequentialFence]) -> impl Iterator<Item = &[SequentialFence]> {
    fences.chunk_by(|one, other| one.access.epoch.thread == other.access.epoch.thread)
}

/// The fences that come before a message up to some place in coherence order, or before the read of an earlier one.
fn before_place(slot: &Slot, last: usize) -> Fences {
    let mut found = Fences::default();
    slot.messages[..=last].iter().for_each(|message| found.join(&message.fences));
    let overtaken = |read: &&SlotRead| {
        let place = read.message.and_then(|id| slot.messages.iter().position(|message| message.id == id));
        place.is_some_and(|place| place < last)
    };
    let reads = slot.reads.iter().filter(|read| !read.fences.is_empty());
    reads.filter(overtaken).for_each(|read| found.join(&read.fences));
    found
}

impl<P: Program> Run<'_, P> {
    /// A thread performs a `fence.sc`.
    pub(super) fn sequential_fence(&mut self, thread: ThreadIndex, strength: Strength, site: SiteIndex) {
        let access = Access { epoch: self.epoch(thread), site };
        let release = Release { view: self.view_now(thread), strength };
        let assumed = self.assumed_of(thread);
        let at = self.state.fences.partition_point(|known| known.access.epoch <= access.epoch);
        self.state.fences.insert(at, SequentialFence { release, access, assumed });
        let keys = self.state.slots.keys().map(|key| (key, access.epoch)).collect();
        self.order_fences(keys);
    }

    /// A word was accessed: that may force an order upon fences. At the end of coherence order it does not: no fence there is
    /// has seen the last write of a word pass, which is new, or has been read before.
    pub(super) fn order_fences_at(&mut self, key: u64, is_last: bool) {
        if !is_last {
            let pairs = self.state.fences.iter().map(|fence| (key, fence.access.epoch)).collect();
            self.order_fences(pairs);
        }
    }

    /// Puts before fences what words' accesses force before them, and what that forces in turn.
    fn order_fences(&mut self, mut pairs: BTreeSet<(u64, Epoch)>) {
        if self.state.fences.len() < 2 || !self.machine.has(Rule::FenceScSynchronises) {
            return;
        }
        while let Some((key, fence)) = pairs.pop_first() {
            let Some((forced, noted)) = self.forced_before(fence, key) else { continue };
            if noted {
                self.notes.fenced.insert(key);
            }
            for earlier in forced {
                if earlier.release.view.covers(self.machine.block_of(fence.thread), fence) {
                    let message = "two fence.sc would each come before the other: an error of the checker".to_owned();
                    self.notes.not_understood.get_or_insert((message, earlier.access.site));
                    self.state.interrupted = true;
                    return;
                }
                let changed = self.put_before(&earlier, fence);
                let all = || self.state.fences.iter().map(|fence| fence.access.epoch);
                let at = changed.slots.into_iter().flat_map(|key| all().map(move |fence| (key, fence)));
                let keys = || self.state.slots.keys();
                let of = changed.fences.into_iter().flat_map(|fence| keys().map(move |key| (key, fence)));
                pairs.extend(at.chain(of));
            }
        }
    }

    /// The fences that a word's accesses force before one that does not follow them yet, of each thread the last: who
    /// follows that follows the others. And whether another order of what is not contended might force some.
    fn forced_before(&self, fence: Epoch, key: u64) -> Option<(SmallVec<[SequentialFence; 2]>, bool)> {
        let machine = self.machine;
        let fences = &self.state.fences;
        let later = &fences[fences.binary_search_by_key(&fence, |known| known.access.epoch).ok()?].release;
        let slot = &self.state.slots[&key];
        let (observed, last) = machine.passed(key, slot, &later.view);
        let before = before_place(slot, last?);
        let explored = machine.is_explored(key);
        let nothing = Fences::default();
        let forcing = match explored {
            true => &before,
            false => observed.map_or(&nothing, |observed| &slot.messages[observed].fences),
        };
        let (mut forced, mut noted) = (SmallVec::new(), false);
        // Who follows a fence follows those before it of the same thread, and the messages that hold it hold those.
        let follows = |known: Epoch| later.view.covers(machine.block_of(known.thread), known);
        noted |= !explored && before.iter().any(|held| !follows(held));
        for held in forcing.iter().filter(|held| !follows(*held)) {
            let end = fences.partition_point(|known| known.access.epoch <= held);
            let own = fences[..end].iter().rev().take_while(|known| known.access.epoch.thread == held.thread);
            let strong = |known: &&SequentialFence| morally_strong(Some(known.release.strength), Some(later.strength));
            forced.extend(own.take_while(|known| !follows(known.access.epoch)).find(strong).cloned());
        }
        Some((forced, noted))
    }

    /// From now on, and in all that has been noted, a fence precedes whatever follows a later one. Says what that changed.
    fn put_before(&mut self, earlier: &SequentialFence, fence: Epoch) -> Changed {
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
                join_assumed(machine, &slots, &mut thread.assumed, &earlier.assumed);
            }
            let given = thread.order.iter_mut().flat_map(|order| order.given_mut());
            given.for_each(|release| learn_if(&mut release.view));
            thread.outstanding.iter_mut().for_each(|copy| learn_if(copy.started_with()));
        }
        let meetings = blocks.iter_mut().flat_map(|block| &mut block.meetings);
        let arrivals = meetings.flat_map(|meeting| meeting.arrived.iter_mut().chain(&mut meeting.gathering));
        arrivals.filter_map(|arrival| arrival.arrived_with.as_mut()).for_each(|with| learn_if(&mut with.view));
        ranks.iter_mut().for_each(|rank| learn_if(&mut rank.stream));
        let mut changed = Changed::default();
        for known in fences.iter_mut().filter(|known| follows(&known.release.view)) {
            learn(&mut known.release.view);
            changed.fences.push(known.access.epoch);
        }
        let holds = |slot: &Slot| {
            let messages = slot.messages.iter().map(|message| &message.fences);
            messages.chain(slot.reads.iter().map(|read| &read.fences)).any(|fences| fences.contains(fence))
        };
        let released = |slot: &Slot| {
            slot.messages.iter().flat_map(|message| &message.releases).any(|release| follows(&release.view))
        };
        own.change(
            |slot| holds(slot) || released(slot),
            |key, slot| {
                if holds(slot) {
                    changed.slots.push(key);
                }
                let messages = slot.messages.iter_mut().map(|message| &mut message.fences);
                let held = messages.chain(slot.reads.iter_mut().map(|read| &mut read.fences));
                held.filter(|fences| fences.contains(fence)).for_each(|fences| fences.join(&known));
                for release in slot.messages.iter_mut().flat_map(|message| &mut message.releases) {
                    learn_if(&mut release.view);
                }
            },
        );
        changed
    }
}
