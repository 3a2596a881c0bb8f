//! Waits whose loops read several words: vectors whose every element must have come, flags of all peers in one loop.
//!
//! Such a wait stands before one read of its loop. The value read leads out of the loop if, with the values of the
//! other words, the loop does not come back to this read with the same live registers. A read that leads back is as
//! good as one that was never made, so the machine makes only those that lead out; the others of the way out are then
//! waits of their own. Where the order of accesses to one of the words matters, any message that may be read of any of
//! them counts.

use super::{Machine, State};
use crate::memory::clock::ThreadIndex;
use crate::memory::slot::{Slot, key};
use crate::program::{Condition, Location, Program, Width};

/// Combinations of messages that are tried.
const COMBINATIONS: usize = 256;

impl<P: Program> Machine<P> {
    /// Whether a value leads out of a wait while the other words of its loop hold what they hold now; and those.
    pub(super) fn leads_out(
        &self,
        state: &State<P::Thread>,
        condition: &Condition,
        value: u64,
    ) -> (bool, Vec<(Location, Width)>) {
        let mut words = Vec::new();
        let leaves = condition.holds_with(value, |at, width| {
            words.push((at, width));
            Some(self.word_at(state, at, width))
        });
        // What cannot be told now is told when the read is reached.
        (leaves.unwrap_or(true), words)
    }

    /// The condition with the other words' values, as they are when the wait ends.
    pub(super) fn with_other_words(&self, state: &State<P::Thread>, condition: &Condition, value: u64) -> Condition {
        let Condition::Spin { spin, .. } = condition else { return condition.clone() };
        let words = self.leads_out(state, condition, value).1;
        let others = words.into_iter().map(|(at, width)| (at, width, self.word_at(state, at, width))).collect();
        Condition::Spin { spin: spin.clone(), others }
    }

    /// Whether a value leads out of a wait, with some messages of the other words that the thread may read.
    pub(super) fn may_lead_out(
        &self,
        state: &State<P::Thread>,
        thread: ThreadIndex,
        condition: &Condition,
        value: u64,
    ) -> bool {
        // The message chosen of each word asked for, counted from the newest; and how many there are.
        let mut chosen: Vec<(usize, usize)> = Vec::new();
        for _ in 0..COMBINATIONS {
            let mut asked = 0;
            let leaves = condition.holds_with(value, |at, width| {
                let values = self.readable(state, thread, at, width);
                if asked == chosen.len() {
                    chosen.push((0, values.len()));
                }
                asked += 1;
                values.get(chosen[asked - 1].0).copied()
            });
            if leaves != Some(false) {
                return true;
            }
            chosen.truncate(asked);
            while chosen.last().is_some_and(|(at, count)| at + 1 >= *count) {
                chosen.pop();
            }
            match chosen.last_mut() {
                Some((at, _)) => *at += 1,
                None => return false,
            }
        }
        true
    }

    /// The values that a thread may read at a location, the newest first.
    fn readable(&self, state: &State<P::Thread>, thread: ThreadIndex, at: Location, width: Width) -> Vec<u64> {
        let of = |slot: &Slot| -> Vec<u64> {
            let floor = self.floor(state, thread, key(at), slot);
            slot.messages[floor..].iter().rev().map(|message| message.value).collect()
        };
        match state.slots.get(&key(at)).filter(|slot| slot.width == width) {
            Some(slot) => of(slot),
            None => vec![self.word_at(state, at, width)],
        }
    }
}
