//! Load buffering: a read that returns a write which comes later in the thread that the read lets go on.
//!
//! PTX allows it between relaxed operations. The machine performs the operations of a thread in order and so never
//! shows it. It would need a cycle: each of several threads reads one slot and then writes the next, and somewhere
//! on the way neither a dependency nor a release and acquire forbids it. The machine notes every step that such a
//! cycle could be made of, and a check whose steps close one is inconclusive, never verified.

use rustc_hash::FxHashSet;
use smallvec::SmallVec;

/// A thread read one contended slot and then wrote another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReadThenWrite {
    /// The slot read.
    pub read: u64,
    /// The slot written.
    pub written: u64,
    /// The thread.
    pub thread: u32,
    /// A dependency, a fence between them, or acquire and release, keep them in order.
    pub ordered: bool,
}

/// A contended read that a thread has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct EarlierRead {
    pub(super) slot: u64,
    pub(super) acquires: bool,
    /// A wait, which everything behind depends on, or followed by a fence.
    pub(super) settled: bool,
}

/// The steps from a thread's earlier reads to a write it makes now.
pub(super) fn steps(
    reads: &SmallVec<[EarlierRead; 2]>,
    thread: u32,
    written: u64,
    releases: bool,
) -> impl Iterator<Item = ReadThenWrite> {
    reads.iter().filter(move |read| read.slot != written).map(move |read| ReadThenWrite {
        read: read.slot,
        written,
        thread,
        ordered: read.settled || (read.acquires && releases),
    })
}

/// Whether the steps close a cycle over at least two threads with a step that nothing keeps in order.
pub fn closes_a_cycle(steps: &FxHashSet<ReadThenWrite>) -> bool {
    let loose = steps.iter().filter(|step| !step.ordered);
    loose.into_iter().any(|first| {
        // Is there a way back from the slot written to the slot read, by other threads?
        let mut reached = vec![first.written];
        let mut next = 0;
        while let Some(slot) = reached.get(next).copied() {
            next += 1;
            if slot == first.read {
                return true;
            }
            for step in steps.iter().filter(|step| step.read == slot && step.thread != first.thread) {
                if !reached.contains(&step.written) {
                    reached.push(step.written);
                }
            }
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(thread: u32, read: u64, written: u64, ordered: bool) -> ReadThenWrite {
        ReadThenWrite { read, written, thread, ordered }
    }

    #[test]
    fn two_threads_that_cross_are_a_cycle() {
        assert!(closes_a_cycle(&[step(0, 1, 2, false), step(1, 2, 1, true)].into_iter().collect()));
    }

    #[test]
    fn one_thread_alone_is_none() {
        assert!(!closes_a_cycle(&[step(0, 1, 2, false), step(0, 2, 1, false)].into_iter().collect()));
    }

    #[test]
    fn a_cycle_kept_in_order_everywhere_is_none() {
        assert!(!closes_a_cycle(&[step(0, 1, 2, true), step(1, 2, 1, true)].into_iter().collect()));
    }
}
