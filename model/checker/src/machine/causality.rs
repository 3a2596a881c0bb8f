//! What precedes what: coverage of earlier accesses, the messages still to be read, how views are joined, and what is
//! handed on beyond causality under assumptions ([`Assumed`]).

use super::run::Run;
use super::{Machine, Rule, State};
use crate::memory::assumed::Assumed;
use crate::memory::clock::{Epoch, MessageId, ThreadIndex, View};
use crate::memory::scope::{mutually_inclusive, strong_scope};
use crate::memory::shadow::Access;
use crate::memory::shared::Shared;
use crate::memory::slot::{Message, Release, Slot, Strength, morally_strong};
use crate::memory::slots::Slots;
use crate::program::{Location, PollUpdate, Program, Width, Word};
use arverify_protocol::ir::{Scope, Semantics};

impl<P: Program> Machine<P> {
    /// Whether an earlier access precedes what `thread` does next, in causality order.
    pub(super) fn covered(&self, thread: ThreadIndex, view: &View, access: &Access) -> bool {
        let epoch = access.epoch;
        epoch.is_initial() || epoch.thread == thread || view.covers(self.block_of(epoch.thread), epoch)
    }

    /// Whether an earlier load has its value, by what is known of that (`--assume loads=done-at-barrier`).
    pub(super) fn is_done(&self, loads: Option<&View>, load: &Access) -> bool {
        loads.is_some_and(|loads| loads.covers(self.block_of(load.epoch.thread), load.epoch))
    }

    /// The earliest message of a slot that a thread may still read.
    pub(super) fn floor(&self, state: &State<P::Thread>, thread: ThreadIndex, key: u64, slot: &Slot) -> usize {
        let view = &state.threads[thread as usize].view;
        let hides = |access: &Access| self.has(Rule::CausalityHides) && self.covered(thread, view, access);
        slot.floor(hides, view.observed(key))
    }

    /// The same, for what a member of a wait had seen when it stood there.
    pub(super) fn floor_of(&self, view: &View, key: u64, slot: &Slot) -> usize {
        slot.floor(|access| self.has(Rule::CausalityHides) && self.is_in(view, access), view.observed(key))
    }

    /// Whether a view holds an access.
    pub(super) fn is_in(&self, view: &View, access: &Access) -> bool {
        access.epoch.is_initial() || view.covers(self.block_of(access.epoch.thread), access.epoch)
    }

    /// What a thread has seen and done.
    pub(super) fn view_of(&self, state: &State<P::Thread>, thread: ThreadIndex) -> View {
        let block = self.block_of(thread);
        let (phase, standing) = (state.blocks[block as usize].phase, &state.threads[thread as usize]);
        standing.view.with(block, Epoch { thread, phase, step: standing.step })
    }

    /// Messages that are hidden from a thread only because an update of a run of equal ones, which it follows, happens to
    /// come behind some that it need not follow: in another order of the run, that update has their words.
    pub(super) fn hidden_by_equals<'s>(
        &self,
        slot: &'s Slot,
        floor: usize,
        covered: impl Fn(&Access) -> bool,
    ) -> &'s [Message] {
        let Some(update) = slot.messages[floor].update.filter(|_| self.has(Rule::UpdatesAreUnordered)) else {
            return &[];
        };
        let is_equal =
            |message: &Message| message.update.is_some_and(|theirs| theirs == update && theirs.commutes(update));
        let follows = |place: usize, message: &Message| place == floor || covered(&message.access);
        &slot.messages[floor - slot.loose(floor, is_equal, follows).len()..floor]
    }

    /// Whether a thread may see in which order updates of a word came that commute: then the order is explored.
    pub(super) fn sees_order(&self, state: &State<P::Thread>, thread: ThreadIndex, slot: &Slot) -> bool {
        let view = &state.threads[thread as usize].view;
        self.has(Rule::UpdatesShowOrder) && slot.shows_order(|access| self.covered(thread, view, access))
    }

    /// Whether one view holds all that another does.
    pub(super) fn is_within(&self, slots: &Slots, left: &View, right: &View) -> bool {
        // What the other view covers, or hides by what it has observed, it need not have observed itself.
        let later = |slot: u64, mine: MessageId, theirs: Option<MessageId>| {
            slots.get(&slot).is_none_or(|slot| {
                let covers = |access: &Access| right.covers(self.block_of(access.epoch.thread), access.epoch);
                slot.floor(covers, theirs) >= slot.position(mine)
            })
        };
        left.is_within(right, self.blocks_of_threads(), later)
    }

    /// Whether whoever synchronises with one release pattern does so with another that gives it as much.
    pub(super) fn gives_all(&self, slots: &Slots, gives: &Release, release: &Release) -> bool {
        // An acquire of narrow scope may reach the writer of the one and not that of the other.
        let (widely, here) = (gives.strength, release.strength);
        let reaches = widely.placement == here.placement && widely.scope >= here.scope;
        reaches && self.is_within(slots, &release.view, &gives.view)
    }

    /// Whether an atomic that finds a word only reads it.
    pub(super) fn only_reads(&self, update: PollUpdate, word: Word) -> bool {
        update.only_reads(word) && self.has(Rule::FailedSwapsRead)
    }

    /// Scope and place of a thread's strong operation.
    pub(super) fn strength_of(&self, thread: ThreadIndex, semantics: Semantics) -> Strength {
        let semantics = if self.set_aside.scopes { Semantics { scope: Scope::Sys, ..semantics } } else { semantics };
        self.strength_of_fence(thread, semantics)
    }

    /// The same of a fence.
    pub(super) fn strength_of_fence(&self, thread: ThreadIndex, semantics: Semantics) -> Strength {
        let scope = strong_scope(semantics).unwrap_or(semantics.scope);
        let scope = if self.has(Rule::Scopes) { scope } else { Scope::Sys };
        Strength { scope, placement: self.placement(thread) }
    }

    /// The newest word at a location.
    pub(super) fn word_at(&self, state: &State<P::Thread>, at: Location, width: Width) -> Word {
        let bytes = &state.memory[at.instance as usize].bytes;
        let mut word = [0; 16];
        let (at, size) = (at.byte as usize, width.bytes() as usize);
        if let Some(bytes) = bytes.get(at..at + size) {
            word[..size].copy_from_slice(bytes);
        }
        Word::from_le_bytes(word)
    }
}

impl<P: Program> Run<'_, P> {
    /// What precedes a thread's current operation, itself included.
    pub(super) fn view_now(&self, thread: ThreadIndex) -> View {
        self.machine.view_of(self.state, thread)
    }

    /// What a thread knows beyond causality, which its strong writes hand on.
    pub(super) fn assumed_of(&self, thread: ThreadIndex) -> Assumed {
        self.state.threads[thread as usize].assumed.clone()
    }

    /// A thread observes a strong write and learns what its writer knew beyond causality: it knows that itself from now on,
    /// and hands it on. What came before a launch that it learns of is in causality order before what it does next.
    pub(super) fn learn_assumed(&mut self, thread: ThreadIndex, key: u64, position: usize, strength: Strength) {
        let machine = self.machine;
        let State { threads, slots, .. } = &mut *self.state;
        let Some(message) = slots.get(&key).and_then(|slot| slot.messages.get(position)) else { return };
        let (Some(learnt), reader) = (&message.assumed, &mut threads[thread as usize]) else { return };
        if morally_strong(message.strength, Some(strength)) {
            learnt.boundary.iter().for_each(|boundary| join(machine, slots, &mut reader.view, boundary));
            join_assumed(machine, slots, &mut reader.assumed, learnt);
        }
    }

    /// The current point, for callers outside this module.
    pub(super) fn view_with_self(&self, thread: ThreadIndex) -> (View, Epoch) {
        (self.state.threads[thread as usize].view.clone(), self.epoch(thread))
    }
}

/// Whether a release pattern's first operation and an acquire pattern's last are morally strong.
pub(super) fn meets(release: &Release, acquire: Strength) -> bool {
    mutually_inclusive(release.strength.scope, release.strength.placement, acquire.scope, acquire.placement)
}

/// Joins a view into a thread's, with coherence order deciding which observed message is later.
pub(super) fn join<P: Program>(machine: &Machine<P>, slots: &Slots, into: &mut View, other: &View) {
    into.join(other, machine.blocks_of_threads(), |slot, mine, theirs| {
        let comes_later = |slot: &Shared<Slot>| slot.position(theirs) > slot.position(mine);
        if mine != theirs && slots.get(&slot).is_some_and(comes_later) { theirs } else { mine }
    });
    if !into.has_few_observed() {
        return;
    }
    // What was observed before it was known in causality order is history.
    let known = into.clone();
    let covers = |message: &Message| {
        let epoch = message.access.epoch;
        epoch.is_initial() || known.covers(machine.block_of(epoch.thread), epoch)
    };
    into.forget_known_observed(|seen| {
        let slot = slots.get(&seen.slot);
        slot.is_some_and(|slot| slot.messages[..=slot.position(seen.message)].iter().all(covers))
    });
}

/// Joins what one knows beyond causality into what another does.
pub(super) fn join_assumed<P: Program>(machine: &Machine<P>, slots: &Slots, into: &mut Assumed, other: &Assumed) {
    into.join(other, |mine, theirs| join(machine, slots, mine, theirs));
}
