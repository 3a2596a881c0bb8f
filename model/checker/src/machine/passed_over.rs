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
        let passes = |(older, newer): (&Pick, &Pick)| {
            let place = |pick: &Pick| {
                let slot = state.slots.get(&key(pick.poll.at))?;
                let place = slot.messages.iter().position(|message| Some(message.id) == pick.message)?;
                (self.is_explored(key(pick.poll.at)) && pick.poll.update.is_none()).then_some((slot, place))
            };
            let reader = company.members[older.member].thread;
            let pair = place(older).zip(place(newer));
            pair.is_some_and(|((slot, older), (_, newer))| self.passes_over(state, reader, slot, (older, newer)))
        };
        let pairs = || other.picks.iter().zip(&way.picks);
        // Of several reads one may bring what hides another: then the way with the older message is none.
        other.outcome == way.outcome
            && other.picks.len() == 1
            && way.picks.len() == 1
            && pairs().any(|(older, newer)| older.message != newer.message)
            && pairs().all(|pair| read_alike(pair.0, pair.1) && (pair.0.message == pair.1.message || passes(pair)))
    }
}
