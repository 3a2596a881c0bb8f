//! Words that order host threads and streams. Each is written once, by whoever is waited for.
//!
//! A word that is written once is never contended: an await reads either what was there before, which does not satisfy
//! it, or the one message there is.

use super::super::{Condition, Location, Operation, VectorElement, Width};
use arverify_protocol::ir::{Compare, Order, Scope, Semantics};
use rustc_hash::FxHashMap;

/// What a word says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// The rank's host thread has come so far, past so many waits of its own.
    Enqueued { rank: u32, part: u32 },
    /// A stream has come to where the host thread waits for it.
    Synchronised { rank: u32, number: u32 },
    /// A record of an event, by its number among all of the rank.
    Recorded { rank: u32, number: u32 },
    /// A rank has entered an exchange of this row, for the so manieth time.
    Entered { rank: u32, buffer: u32, row: u64, number: u32 },
    /// A transfer's receiver is ready.
    Ready { from: u32, to: u32, number: u32 },
    /// A transfer is done.
    Done { from: u32, to: u32, number: u32 },
    /// A group's further send may begin.
    Begun { rank: u32, number: u32 },
    /// A group's further send is done.
    Ended { rank: u32, number: u32 },
}

/// A word in words.
#[derive(Clone, Debug)]
pub(super) struct Signal {
    /// "receive 0 of rank 1 from rank 0 is posted"
    pub(super) text: String,
    /// Why nobody ever writes it: the peers disagree.
    pub(super) missing: Option<String>,
}

/// The words of all ranks.
#[derive(Clone, Debug)]
pub(super) struct Signals {
    /// The first instance that holds them; one for each rank.
    first: u32,
    known: FxHashMap<Key, Location>,
    by_rank: Vec<Vec<Signal>>,
}

impl Signals {
    pub(super) fn new(first: u32, ranks: u32) -> Signals {
        Signals { first, known: FxHashMap::default(), by_rank: vec![Vec::new(); ranks as usize] }
    }

    /// Bytes that a rank's words take.
    pub(super) fn bytes(&self, rank: u32) -> u64 {
        self.by_rank[rank as usize].len() as u64 * Width::Four.bytes()
    }

    /// The word's place, in the memory of its writer's rank or of its reader's: it does not matter.
    pub(super) fn place(&mut self, key: Key, rank: u32, text: impl FnOnce() -> String) -> Location {
        let (first, words) = (self.first, &mut self.by_rank[rank as usize]);
        *self.known.entry(key).or_insert_with(|| {
            let byte = words.len() as u64 * Width::Four.bytes();
            words.push(Signal { text: text(), missing: None });
            Location { instance: first + rank, byte }
        })
    }

    /// Nobody writes this word, and here is why.
    pub(super) fn missing(&mut self, at: Location, why: String) {
        let words = &mut self.by_rank[(at.instance - self.first) as usize];
        words[(at.byte / Width::Four.bytes()) as usize].missing = Some(why);
    }

    /// The word at a location.
    pub(super) fn at(&self, at: Location) -> Option<&Signal> {
        let rank = at.instance.checked_sub(self.first)?;
        self.by_rank.get(rank as usize)?.get((at.byte / Width::Four.bytes()) as usize)
    }
}

/// Says it.
pub fn write(at: Location) -> Operation {
    let semantics = Semantics { order: Order::Release, scope: Scope::Sys };
    Operation::Write { at, width: Width::Four, value: 1, semantics, element: VectorElement::SCALAR }
}

/// Waits for it.
pub fn wait(at: Location) -> Operation {
    let semantics = Semantics { order: Order::Acquire, scope: Scope::Sys };
    let condition = Condition { compare: Compare::Equal, value: 1 };
    Operation::Await { at, width: Width::Four, condition, semantics, returns: false }
}
