//! What the reads of one round acquire, one after the other: by operation, by the fences between them, and through what was
//! read of a word before.
//!
//! The same for rounds that end a wait (which of its messages hide each other?) and for those that come back (what do its
//! later reads follow?). The run's own reads are `strong_read`'s.

use super::causality::{join, meets};
use super::company::Member;
use super::{Machine, Rule};
use crate::memory::clock::View;
use crate::memory::scope::acquires;
use crate::memory::slot::{Message, Release, key, morally_strong};
use crate::memory::slots::Slots;
use crate::program::{Poll, Program};
use std::borrow::Cow;

/// What a member of a wait knows within a round.
pub(super) struct Acquired<'m, P: Program> {
    machine: &'m Machine<P>,
    slots: &'m Slots,
    thread: u32,
    /// Owned as soon as it is more than the member's.
    pub(super) view: Cow<'m, View>,
    /// What has been read and not acquired, by word; from before the round on.
    pending: Vec<(u64, Release)>,
    /// What a vector acquires behind all its elements.
    later: Vec<View>,
}

impl<'m, P: Program> Acquired<'m, P> {
    pub(super) fn before<R>(machine: &'m Machine<P>, slots: &'m Slots, member: &'m Member<R>) -> Self {
        let (view, pending) = (Cow::Borrowed(&member.view), member.pending.clone());
        Acquired { machine, slots, thread: member.thread, view, pending, later: Vec::new() }
    }

    /// The fence between the read before and this one.
    pub(super) fn pass_fence(&mut self, poll: &Poll) {
        let Some(fence) = poll.fence.filter(|_| self.machine.has(Rule::AcquireByFence)) else { return };
        let strength = self.machine.strength_of_fence(self.thread, fence);
        for (_, release) in self.pending.extract_if(.., |(_, release)| meets(release, strength)) {
            join(self.machine, self.slots, self.view.to_mut(), &release.view);
        }
    }

    /// What a read gets; no message, if it is weak or nobody has accessed the word strongly.
    pub(super) fn read(&mut self, poll: &Poll, message: Option<&Message>) {
        let (machine, key) = (self.machine, key(poll.at));
        let strength = machine.strength_of(self.thread, poll.semantics);
        let morally_strong = |message: &&Message| {
            message.access.epoch.thread == self.thread || morally_strong(message.strength, Some(strength))
        };
        if let Some(message) = message.filter(morally_strong) {
            let acquires = acquires(poll.semantics.order) && machine.has(Rule::AcquireByOperation);
            let (now, kept): (Vec<&Release>, Vec<&Release>) =
                message.releases.iter().partition(|release| acquires && meets(release, strength));
            self.later.extend(now.into_iter().map(|release| release.view.clone()));
            if acquires && machine.has(Rule::EarlierRead) {
                let earlier = self.pending.extract_if(.., |(slot, release)| *slot == key && meets(release, strength));
                self.later.extend(earlier.map(|(_, release)| release.view));
            }
            self.pending.extend(kept.into_iter().map(|release| (key, release.clone())));
        }
        if poll.element.is_last() || !machine.has(Rule::VectorsAreUnordered) {
            for release in self.later.drain(..) {
                join(machine, self.slots, self.view.to_mut(), &release);
            }
        }
    }
}
