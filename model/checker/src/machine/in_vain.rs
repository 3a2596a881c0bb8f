//! Reads of rounds that come back: nobody can tell that they were made, but that they race, or may not be made at all.
//!
//! What a round acquires, by a read or by a fence behind it, its later reads follow; the round is undone afterwards, and
//! what it has acquired with it.

use super::causality::{join, meets};
use super::company::Company;
use super::rounds::Decided;
use super::run::Run;
use super::{Machine, Rule, State};
use crate::memory::clock::{ThreadIndex, View};
use crate::memory::scope::acquires;
use crate::memory::shadow::Kind;
use crate::memory::slot::{Release, key};
use crate::program::{Location, Poll, Program};
use arverify_protocol::ir::{AtomicOperation, Order};

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
        let mut gains: Vec<Gains> = company.members.iter().map(|_| Gains::default()).collect();
        for (index, (member, poll)) in reads.iter().enumerate() {
            let reader = &company.members[*member];
            let gained = &mut gains[*member];
            if let Some(fence) = poll.fence.filter(|_| self.has(Rule::AcquireByFence)) {
                let strength = self.strength_of_fence(reader.thread, fence);
                let met: Vec<Release> = gained.pending.extract_if(.., |release| meets(release, strength)).collect();
                met.iter().for_each(|release| gained.learn(self, state, &reader.view, &release.view));
            }
            found.push(InVain { member: *member, poll: *poll, knows: gained.knows.clone() });
            let message = decided.get(index).and_then(|decided| decided.pick().message);
            let slot = state.slots.get(&key(poll.at)).filter(|_| poll.semantics.order != Order::Weak);
            let message = slot.zip(message).and_then(|(slot, id)| slot.messages.iter().find(|known| known.id == id));
            let strength = self.strength_of(reader.thread, poll.semantics);
            for release in message.iter().flat_map(|message| &message.releases) {
                if acquires(poll.semantics.order) && meets(release, strength) && self.has(Rule::AcquireByOperation) {
                    gained.later.push(release.view.clone());
                } else {
                    gained.pending.push(release.clone());
                }
            }
            if poll.element.is_last() || !self.has(Rule::VectorsAreUnordered) {
                let later = std::mem::take(&mut gained.later);
                later.iter().for_each(|view| gained.learn(self, state, &reader.view, view));
            }
        }
        found
    }
}

/// What a round has gained so far.
#[derive(Default)]
struct Gains {
    knows: Option<View>,
    /// What a fence would acquire.
    pending: Vec<Release>,
    /// What a vector acquires behind all its elements.
    later: Vec<View>,
}

impl Gains {
    fn learn<P: Program>(&mut self, machine: &Machine<P>, state: &State<P::Thread>, before: &View, other: &View) {
        join(machine, &state.slots, self.knows.get_or_insert_with(|| before.clone()), other);
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
