//! Rounds of spin loops: what a thread does between two looks at the same words.
//!
//! A loop that comes back to where it stood with the same live registers, and has had no effect, has done nothing that
//! anybody could tell: the round was never made (docs/model.md, lemma L1). So a thread in such a loop is waiting, for all
//! the words that a round reads at once: of memory, and of what the lanes of its warp or the threads of its block give
//! in votes, shuffles and reductions. The wait ends with one message for each word with which the round really leaves.
//!
//! The front end runs a round of one thread and asks for each word that it reads; the machine chooses the messages, and
//! runs the rounds of threads that meet in one loop together. A word may be left undecided, and the round may still be
//! known to come back: so not every combination of messages has to be tried.

use super::{AtomicFunction, Barrier, Location, SiteIndex, VectorElement, Width, Word};
use arverify_protocol::ir::{AtomicOperation, Semantics};

/// A read of one word in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Poll {
    /// Where.
    pub at: Location,
    /// Its size.
    pub width: Width,
    /// Order and scope; weak for an ordinary load.
    pub semantics: Semantics,
    /// Its place in a vector access.
    pub element: VectorElement,
    /// Set for the read half of an atomic.
    pub update: Option<PollUpdate>,
    /// The fence of the widest scope between the round's read before and this one.
    pub fence: Option<Semantics>,
    /// The statement.
    pub site: SiteIndex,
}

/// What an atomic in a round would do with the word that it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PollUpdate {
    /// Which function.
    pub function: AtomicFunction,
    /// Its operand.
    pub operand: u64,
    /// For compare-and-swap: the value compared with.
    pub expected: u64,
}

impl PollUpdate {
    /// Whether the atomic only reads: a compare-and-swap that fails.
    pub fn only_reads(&self, word: Word) -> bool {
        self.function.operation == AtomicOperation::CompareSwap && word != Word::from(self.expected)
    }

    /// Whether the atomic changes memory that holds this word.
    pub fn changes(&self, width: Width, word: Word) -> bool {
        self.function.apply(width, word, self.operand, self.expected) != word
    }
}

/// How far a round has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RoundStep {
    /// Back to a point where the round stood before, with the same live registers.
    Returns {
        /// Which of the points that it came to, counted from 0: there the round began.
        to: usize,
    },
    /// Out of the loop, or to an effect. Equal outcomes are the same next step with the same live registers.
    Leaves {
        /// A digest of where it has come.
        outcome: u64,
    },
    /// It depends on words that were left undecided.
    Undecided,
    /// Out of the loop, whatever the undecided words hold; but what follows depends on them.
    LeavesUndecided,
    /// At a barrier or an exchange inside the loop.
    Meets {
        /// Which; what it gathers is `None` where that was left undecided.
        barrier: Barrier,
        /// The statement.
        site: SiteIndex,
    },
}

/// Answers for the words of a round, in the order in which it reads them; `None` leaves a word undecided.
pub type Answers<'a> = dyn FnMut(&Poll) -> Option<Word> + 'a;
