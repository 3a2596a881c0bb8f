//! Messages that retire: those of contended words that nobody can read any more (lemma L14).
//!
//! Who may still come to which contended word, and whether to look at more than its newest message, is learned as
//! [`super::postponed`] has it.

use super::run::Run;
use super::{Machine, RankState, Rule, State, Watch};
use crate::memory::clock::{MessageId, Observed, ThreadIndex, View};
use crate::memory::shadow::Access;
use crate::memory::shared::Shared;
use crate::memory::slot::{Message, ReadKind, Release, Slot, location};
use crate::program::Program;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// A contended word.
struct Word {
    key: u64,
    /// So many of its messages nobody can read.
    count: usize,
    /// With what a wait could read of it, later writes to other words are compared.
    is_compared: bool,
    /// Somebody comes who can read none but the newest.
    newest_only: bool,
    /// Who comes.
    comers: SmallVec<[ThreadIndex; 8]>,
    /// Something is known of who comes.
    known: bool,
}

impl<P: Program> Machine<P> {
    /// Whether messages retire: who comes to contended words is learned, and no `fence.sc` remembers their order.
    fn retires(&self, state: &State<P::Thread>) -> bool {
        let learned = !self.settings.everything && !self.settings.step_by_step && !self.program().has_calls();
        learned && !self.contended.slots.is_empty() && state.fences.is_empty()
    }

    /// The contended words with more messages than are retired.
    fn retirable(&self, state: &State<P::Thread>) -> Vec<Word> {
        let slots = self.contended.slots.iter().filter_map(|key| Some((*key, state.slots.get(key)?)));
        let slots = slots.filter(|(_, slot)| slot.messages.len() > 1);
        let word = |(key, slot): (u64, &Shared<Slot>)| {
            let compared = self.first_compared(key, slot);
            let count = (slot.messages.len() - 1).min(compared.unwrap_or(usize::MAX));
            let (comers, is_compared) = (SmallVec::new(), compared.is_some());
            Word { key, count, is_compared, newest_only: false, comers, known: false }
        };
        let mut words: Vec<Word> = slots.map(word).collect();
        words.sort_unstable_by_key(|word| word.key);
        if words.is_empty() {
            return words;
        }
        self.touched(state, &mut |thread, touched, comes| {
            let Ok(at) = words.binary_search_by_key(&touched.key, |word| word.key) else { return };
            let word = &mut words[at];
            word.known = true;
            if !comes {
                return;
            }
            if touched.looks {
                word.count = word.count.min(self.floor(state, thread, word.key, &state.slots[&word.key]));
            } else {
                word.newest_only = true;
            }
            if !word.comers.contains(&thread) {
                word.comers.push(thread);
            }
        });
        words.retain(|word| word.known);
        words
    }

    /// The first message of a word that a wait could read, of those that have ended and that later writes to other words
    /// are compared with.
    fn first_compared(&self, key: u64, slot: &Slot) -> Option<usize> {
        let compared = slot.reads.iter().filter(|read| read.kind.is_told_apart());
        compared.map(|read| self.first_of_wait(&read.kind, key, slot).unwrap_or(0)).min()
    }
}

impl<P: Program> Run<'_, P> {
    /// Retires the messages that nobody can read any more, and forgets of the others what all who come know.
    pub(super) fn retire(&mut self) {
        if !self.machine.retires(self.state) {
            return;
        }
        let words = self.machine.retirable(self.state);
        for word in &words {
            let slot = &self.state.slots[&word.key];
            // An update comes behind any message that no update has followed.
            let open = (slot.retired..word.count).find(|place| word.newest_only && !slot.is_parted(*place));
            let count = open.unwrap_or(word.count);
            if count > slot.retired
                && let Some(slot) = self.state.slots.get_mut(&word.key)
            {
                slot.retire(count);
            }
            if self.machine.settings.watch < Watch::FreeSteps && !word.is_compared {
                self.forget_releases(word);
            }
        }
        self.forget_pending();
        self.forget_observed_retired();
        for word in &words {
            self.pass_retired(word.key);
        }
    }

    /// Whoever has observed a message that is retired reads none before it in any case. So that need not be remembered, but
    /// where somebody accesses the word weakly, who may be in order with the writer by nothing else.
    fn forget_observed_retired(&mut self) {
        let machine = self.machine;
        let State { threads, ranks, slots, .. } = &mut *self.state;
        let contended = machine.contended.slots.iter().filter(|key| !machine.contended.weakly.contains(key));
        let words = contended.filter_map(|key| Some((*key, slots.get(key).filter(|slot| slot.retired > 0)?)));
        let current = |slot: &Slot| slot.messages[slot.retired..].iter().map(|message| message.id).collect();
        let words: FxHashMap<u64, SmallVec<[MessageId; 4]>> = words.map(|(key, slot)| (key, current(slot))).collect();
        if words.is_empty() {
            return;
        }
        let is_gone = |seen: &Observed| words.get(&seen.slot).is_some_and(|current| !current.contains(&seen.message));
        let has = |view: &View| view.has_observed(is_gone);
        let carries = |message: &Message| {
            let releases = message.releases.iter().map(|release| &release.view);
            let assumed = message.assumed.iter().flat_map(|assumed| assumed.views());
            releases.chain(assumed).any(has)
        };
        for thread in threads.iter_mut() {
            let order = thread.order.as_deref();
            if !has(&thread.view)
                && !thread.assumed.views().any(has)
                && !order.is_some_and(|order| order.given().any(|release| has(&release.view)))
            {
                continue;
            }
            let thread = &mut **thread;
            let given = thread.order.iter_mut().flat_map(|order| order.given_mut()).map(|release| &mut release.view);
            let own = std::iter::once(&mut thread.view).chain(thread.assumed.views_mut());
            own.chain(given).for_each(|view| view.forget_known_observed(is_gone));
        }
        for rank in ranks.iter_mut().filter(|rank| has(&rank.stream) || rank.boundary.as_ref().is_some_and(has)) {
            let rank = &mut **rank;
            let views = std::iter::once(&mut rank.stream).chain(&mut rank.boundary);
            views.for_each(|view| view.forget_known_observed(is_gone));
        }
        let carrying = |slot: &Slot| slot.messages[slot.retired..].iter().any(carries);
        slots.change(carrying, |_, slot| {
            for message in &mut slot.messages[slot.retired..] {
                let given = message.releases.iter_mut().map(|release| &mut release.view);
                let views = given.chain(message.assumed.iter_mut().flat_map(|assumed| assumed.views_mut()));
                views.for_each(|view| view.forget_known_observed(is_gone));
            }
        });
    }

    /// A retired message that all ranks that come have seen whole races with nobody (lemma L9).
    fn pass_retired(&mut self, key: u64) {
        let machine = self.machine;
        let State { ranks, slots, .. } = &mut *self.state;
        let comes = |rank: usize| machine.comes_to(rank as u32, location(key).instance);
        let past = |access: &Access| {
            let sees =
                |rank: &Shared<RankState>| rank.stream.covers(machine.block_of(access.epoch.thread), access.epoch);
            let coming = ranks.iter().enumerate().filter(|(number, rank)| !rank.done && comes(*number));
            access.epoch.is_initial() || coming.map(|(_, rank)| rank).all(sees)
        };
        let passes = |message: &Message| !message.past && past(&message.access);
        if let Some(slot) = slots.get_mut(&key).filter(|slot| slot.messages[..slot.retired].iter().any(passes)) {
            slot.pass_retired(past);
        }
    }

    /// What all who come have seen need not be carried.
    fn forget_releases(&mut self, word: &Word) {
        let machine = self.machine;
        let state = &*self.state;
        let views: SmallVec<[View; 8]> = word.comers.iter().map(|thread| machine.view_of(state, *thread)).collect();
        let is_known =
            |release: &Release| views.iter().all(|view| machine.is_within(&state.slots, &release.view, view));
        let slot = &state.slots[&word.key];
        let carried = slot.messages[slot.retired..].iter().map(|message| {
            let releases = message.releases.iter();
            releases.enumerate().filter(|(_, release)| is_known(release)).map(|(index, _)| index).collect()
        });
        let known: Vec<SmallVec<[usize; 4]>> = carried.collect();
        if known.iter().all(|known| known.is_empty()) {
            return;
        }
        let Some(slot) = self.state.slots.get_mut(&word.key) else { return };
        let retired = slot.retired;
        for (message, known) in slot.messages[retired..].iter_mut().zip(known) {
            let mut index = 0..;
            message.releases.retain(|_| index.next().is_none_or(|index| !known.contains(&index)));
        }
    }

    /// Nor what a thread has seen that could still synchronise with it.
    fn forget_pending(&mut self) {
        let machine = self.machine;
        for thread in 0..self.state.threads.len() {
            let Some(order) = self.state.threads[thread].order.as_deref() else { continue };
            let view = machine.view_of(self.state, thread as ThreadIndex);
            let is_known = |(_, release): &(u64, Release)| machine.is_within(&self.state.slots, &release.view, &view);
            let pending: Vec<(u64, Release)> =
                order.pending.iter().filter(|pending| !is_known(pending)).cloned().collect();
            if pending.len() < order.pending.len()
                && let Some(order) = self.thread_mut(thread as ThreadIndex).order.as_mut()
            {
                order.pending = pending;
            }
        }
    }

    /// What is remembered of a read: with one of a word whose order of accesses is explored no later write is compared.
    pub(super) fn kind_of_read(&self, key: u64, kind: ReadKind) -> ReadKind {
        let explored = !self.machine.settings.everything && self.machine.contended.slots.contains(&key);
        match explored && !kind.is_told_apart() && self.machine.has(Rule::OthersMayRead) {
            true => ReadKind::Settled { free: kind.is_free() },
            false => kind,
        }
    }
}
