//! Load buffering: a read that returns a write which comes later in the thread that the read lets go on.
//!
//! PTX allows it between relaxed operations. The machine performs the operations of a thread in order and so never
//! shows it. It would need a circle: somebody reads one slot and then writes the next, and so on round. No circle can
//! come about whose reads are all waits (no thin air: the write depends on the wait), nor one in which every read
//! acquires and every write releases (causality). The machine notes every step that a circle could be made of, and a
//! check whose steps close another one is inconclusive, never verified.
//!
//! Reads count for the whole block, because a barrier may hand them on; that finds circles too many, never too few.

use rustc_hash::FxHashSet;

/// A block read one slot and then wrote another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReadThenWrite {
    /// The slot read.
    pub read: u64,
    /// The slot written.
    pub written: u64,
    /// The block.
    pub block: u32,
    /// The writing thread's own load, which its write need not wait for.
    pub free: bool,
    /// The read acquires and the write releases.
    pub synchronises: bool,
}

/// A strong read that a thread of a block has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct EarlierRead {
    pub(super) slot: u64,
    pub(super) thread: u32,
    /// What comes after it depends on it.
    pub(super) waits: bool,
    /// It acquires, or a fence of its thread with scope sys came after it.
    pub(super) acquires: bool,
}

/// The steps from a block's earlier reads to a write that one of its threads makes now.
pub(super) fn steps(
    reads: &[EarlierRead],
    block: u32,
    thread: u32,
    written: u64,
    releases: bool,
) -> impl Iterator<Item = ReadThenWrite> {
    reads.iter().filter(move |read| read.slot != written).map(move |read| ReadThenWrite {
        read: read.slot,
        written,
        block,
        free: read.thread == thread && !read.waits,
        synchronises: read.acquires && releases,
    })
}

/// Whether the steps close a circle that the model may allow: with a free step, and one that does not synchronise.
pub fn closes_a_cycle(steps: &FxHashSet<ReadThenWrite>) -> bool {
    steps.iter().filter(|step| step.free).any(|first| {
        // Slots reached from the one written, and whether every step so far synchronises.
        let mut reached = vec![(first.written, first.synchronises)];
        let mut next = 0;
        while let Some((slot, synchronises)) = reached.get(next).copied() {
            next += 1;
            for step in steps.iter().filter(|step| step.read == slot && *step != first) {
                let after = (step.written, synchronises && step.synchronises);
                if after == (first.read, false) {
                    return true;
                }
                if !reached.contains(&after) {
                    reached.push(after);
                }
            }
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(block: u32, read: u64, written: u64, free: bool, synchronises: bool) -> ReadThenWrite {
        ReadThenWrite { read, written, block, free, synchronises }
    }

    fn closes(steps: &[ReadThenWrite]) -> bool {
        closes_a_cycle(&steps.iter().copied().collect())
    }

    #[test]
    fn one_free_step_that_crosses_a_wait_is_enough() {
        assert!(closes(&[step(0, 1, 2, true, false), step(1, 2, 1, false, false)]));
        assert!(closes(&[step(0, 1, 2, true, true), step(1, 2, 1, false, false)]));
    }

    #[test]
    fn no_circle_no_finding() {
        assert!(!closes(&[step(0, 1, 2, true, false), step(1, 2, 3, true, false)]));
    }

    #[test]
    fn waits_alone_and_synchronising_steps_alone_are_forbidden() {
        assert!(!closes(&[step(0, 1, 2, false, false), step(1, 2, 1, false, false)]));
        assert!(!closes(&[step(0, 1, 2, true, true), step(1, 2, 1, true, true)]));
    }
}
