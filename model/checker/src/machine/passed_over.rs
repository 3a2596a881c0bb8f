//! Messages that are passed over: to read an older one instead, and go on alike, lets no less happen (lemma L15).

use super::company::Company;
use super::rounds::{Leaving, Pick, read_alike};
use super::{Machine, Rule, State};
use crate::memory::clock::ThreadIndex;
use crate::memory::slot::{Slot, key};
use crate::program::Program;

impl<P: Program> Machine<P> {
    /// Whether a thread that goes on alike with either of two messages of a word may leave out the newer one: who reads the
    /// older one has seen no more. Not where a `fence.sc` comes before the read, for then that precedes what the newer one
    /// brings.
    pub(super) fn passes_over(
        &self,
        state: &State<P::Thread>,
        thread: ThreadIndex,
        slot: &Slot,
        (older, newer): (usize, usize),
    ) -> bool {
        let messages = &slot.messages;
        !self.settings.everything
            && older < newer
            && self.fences_before(state, thread).is_empty()
            && (!self.has(Rule::OlderGivesNoMore)
                || self.gives_no_less(state, thread, &messages[older], &messages[newer]))
    }

    /// Of ways to end a wait, those that are tried.
    pub(super) fn not_passed_over<'r>(
        &self,
        state: &State<P::Thread>,
        company: &Company<P::Round>,
        ways: Vec<&'r Leaving>,
    ) -> Vec<&'r Leaving> {
        let is_passed = |way: &Leaving| ways.iter().any(|other| self.is_passed_over(state, company, other, way));
        ways.iter().filter(|way| !is_passed(way)).copied().collect()
    }

    /// Whether a way to end a wait does the same as another and gives no less, but reads newer messages.
    fn is_passed_over(
        &self,
        state: &State<P::Thread>,
        company: &Company<P::Round>,
        other: &Leaving,
        way: &Leaving,
    ) -> bool {
        // Of several reads one may bring what hides another: then the way with the older message is none.
        let ([older], [newer]) = (&other.picks[..], &way.picks[..]) else { return false };
        let key = key(older.poll.at);
        let Some(slot) = state.slots.get(&key).filter(|_| self.is_explored(key)) else { return false };
        let place = |pick: &Pick| slot.messages.iter().position(|message| Some(message.id) == pick.message);
        let reader = company.members[older.member].thread;
        other.outcome == way.outcome
            && read_alike(older, newer)
            && older.poll.update.is_none()
            && place(older).zip(place(newer)).is_some_and(|places| self.passes_over(state, reader, slot, places))
    }
}
