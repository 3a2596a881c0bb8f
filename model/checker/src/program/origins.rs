//! Which reads a value comes from: the dependencies of the axiom "No thin air" (PTX ISA; lemma L6).
//!
//! Dependencies are syntactic, as in the axioms: an operation depends on the reads that its address, its data and its guard
//! were computed from, and everything behind a branch on those that the branch asked for.

use super::SiteIndex;
use smallvec::SmallVec;

/// A statement of a thread that reads a word strongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReadName {
    /// The word, by [`crate::memory::slot::key`].
    pub slot: u64,
    /// Who reads it.
    pub thread: u32,
    /// The statement.
    pub site: SiteIndex,
}

/// One of its readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Read {
    /// Which statement.
    pub name: ReadName,
    /// Which time, counted from 1.
    pub count: u32,
}

/// Reads in ascending order, each once.
pub type Reads = SmallVec<[Read; 1]>;

/// Adds reads to others.
pub fn add_reads(into: &mut Reads, reads: &[Read]) {
    for read in reads {
        if let Err(at) = into.binary_search(read) {
            into.insert(at, *read);
        }
    }
}

/// What an operation depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Dependencies {
    /// Its address, its data and its guard.
    pub operation: Reads,
    /// The branches since the operation before.
    pub way: Reads,
}
