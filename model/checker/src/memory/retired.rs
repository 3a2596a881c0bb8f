//! Messages that nobody can read any more, nor write before what follows them.
//!
//! They still race, with whoever is in no order with them. In which order they came, and what they held, nobody can tell: a
//! counter that all increment, in whatever order, is in one state once all are past that.

use super::clock::{Epoch, MessageId};
use super::shadow::Access;
use super::slot::{Message, Slot, Strength};
use rustc_hash::FxHasher;
use std::hash::{Hash, Hasher};

/// What is left of a retired message: the write, how strong it was, whether it held what was there before anybody wrote,
/// and whether reading the first message that is not retired is an observation of it.
type Left = (MessageId, Access, Option<Strength>, bool, bool);

impl Slot {
    /// The first messages are retired, up to so many. What later ones say of their order is forgotten.
    pub fn retire(&mut self, count: usize) {
        self.retired = count;
        let (retired, rest) = self.messages.split_at_mut(count);
        let is_retired = |id: MessageId| retired.iter().any(|message| message.id == id);
        for message in rest {
            if is_retired(message.follows) {
                message.follows = Epoch::INITIAL;
            }
            message.beside.retain(|id| !is_retired(*id));
        }
    }

    /// Those that everybody is past, by `past`, race with nobody: they are no part of what the word is any more. A hang may
    /// still be blamed on them.
    pub fn pass_retired(&mut self, past: impl Fn(&Access) -> bool) {
        for message in &mut self.messages[..self.retired] {
            message.past |= past(&message.access);
        }
    }

    fn left(&self) -> impl Iterator<Item = Left> {
        let first = self.messages[self.retired].id;
        self.messages[..self.retired].iter().filter(|message| !message.past).map(move |message| {
            let Message { id, access, strength, unwritten, .. } = message;
            (*id, *access, *strength, *unwritten, self.is_observed(*id, first))
        })
    }

    fn rest(&self) -> impl PartialEq + Hash + '_ {
        (self.width, &self.messages[self.retired..], &self.reads, &self.waiters)
    }
}

impl PartialEq for Slot {
    fn eq(&self, other: &Slot) -> bool {
        let is_among = |left: Left| other.left().any(|theirs| theirs == left);
        self.rest() == other.rest() && self.left().count() == other.left().count() && self.left().all(is_among)
    }
}

impl Hash for Slot {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.rest().hash(hasher);
        // Whatever their order.
        let digests = self.left().map(|left| {
            let mut hasher = FxHasher::default();
            left.hash(&mut hasher);
            hasher.finish()
        });
        hasher.write_u64(digests.fold(0, u64::wrapping_add));
    }
}
