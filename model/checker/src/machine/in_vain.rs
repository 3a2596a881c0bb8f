//! Reads of rounds that come back: nobody can tell that they were made, but that they race, or may not be made at all.
//!
//! What a round acquires, by a read or by a fence behind it, its later reads follow; the round is undone afterwards, and
//! what it has acquired with it.

use super::acquired::Acquired;
use super::company::Company;
use super::rounds::Decided;
use super::run::Run;
use super::{Machine, Rule, State};
use crate::memory::clock::{ThreadIndex, View};
use crate::memory::shadow::Kind;
use crate::memory::slot::key;
use crate::program::{Location, Poll, Program};
use arverify_protocol::ir::{AtomicOperation, Order};
use std::borrow::Cow;

/// A read of a round that comes back.
#[derive(Clone, Debug)]
pub(super) struct InVain {
    /// Index of the member that reads.
    pub(super) member: usize,
    pub(super) poll: Poll,
    /// What the round knows by then, if it is more than its thread did.
    pub(super) knows: Option<View>,
}

impl InVain {
    /// Whether another read says no more: it is the same, of a round that knew no less.
    fn covers(&self, other: &InVain) -> bool {
        let same =
            (self.member, self.poll.at, self.poll.semantics) == (other.member, other.poll.at, other.poll.semantics);
        same && (self.knows.is_none() || self.knows == other.knows)
    }
}

/// Adds reads of a round that came back, unless they are known.
pub(super) fn add_in_vain(known: &mut Vec<InVain>, reads: Vec<InVain>) {
    for read in reads {
        if !known.iter().any(|known| known.covers(&read)) {
            known.push(read);
        }
    }
}

impl<P: Program> Machine<P> {
    /// The reads of a round that came back with what was decided, in order, each with what the round knew.
    pub(super) fn reads_in_vain(
        &self,
        state: &State<P::Thread>,
        company: &Company<P::Round>,
        decided: &[Decided],
        reads: &[(usize, Poll)],
    ) -> Vec<InVain> {
        let mut found: Vec<InVain> = Vec::with_capacity(reads.len());
        let mut acquired: Vec<Acquired<'_, P>> =
            company.members.iter().map(|member| Acquired::before(self, &state.slots, member)).collect();
        for (index, (member, poll)) in reads.iter().enumerate() {
            let acquired = &mut acquired[*member];
            acquired.pass_fence(poll);
            let knows = matches!(acquired.view, Cow::Owned(_)).then(|| acquired.view.clone().into_owned());
            found.push(InVain { member: *member, poll: *poll, knows });
            let message = decided.get(index).and_then(|decided| decided.pick().message);
            let slot = state.slots.get(&key(poll.at)).filter(|_| poll.semantics.order != Order::Weak);
            let message = slot.zip(message).and_then(|(slot, id)| slot.messages.iter().find(|known| known.id == id));
            acquired.read(poll, message);
        }
        found
    }
}

impl<P: Program> Run<'_, P> {
    /// A read of a round that comes back. Returns false after a violation.
    pub(super) fn read_in_vain(&mut self, thread: ThreadIndex, read: &InVain) -> bool {
        if !self.machine.has(Rule::ReadsInVain) {
            return true;
        }
        let knows = read.knows.clone().filter(|_| self.machine.has(Rule::RoundsAcquire));
        let Some(knows) = knows else { return self.look_in_vain(thread, &read.poll) };
        let before = std::mem::replace(&mut self.thread_mut(thread).view, knows);
        let goes_on = self.look_in_vain(thread, &read.poll);
        self.thread_mut(thread).view = before;
        goes_on
    }

    fn look_in_vain(&mut self, thread: ThreadIndex, poll: &Poll) -> bool {
        let (width, element) = (poll.width.bytes(), poll.element);
        let whole = Location { byte: poll.at.byte - u64::from(element.within()) * width, ..poll.at };
        let bytes = u64::from(element.adjacent) * width;
        if !self.in_bounds(thread, whole, bytes, bytes, poll.site) {
            return false;
        }
        if poll.semantics.order == Order::Weak {
            return self.weak_access(thread, poll.at, poll.width.bytes(), Kind::Read, poll.site);
        }
        // An update that changes nothing writes all the same, but for a compare-and-swap, which may have failed.
        let writes = poll.update.is_some_and(|update| update.function.operation != AtomicOperation::CompareSwap);
        let kind = if writes { Kind::StrongWrite } else { Kind::StrongRead };
        if !self.strong_access(thread, poll.at, poll.width, kind, poll.site) {
            return false;
        }
        let machine = self.machine;
        let strength = machine.strength_of(thread, poll.semantics);
        let view = &self.state.threads[thread as usize].view;
        let slot = &self.state.slots[&key(poll.at)];
        match slot.race_of_read(strength, |access| machine.covered(thread, view, access)) {
            Some(other) if machine.has(Rule::StrongReadRaces) => {
                self.race(thread, poll.site, poll.at, false, other, true)
            }
            _ => true,
        }
    }
}
