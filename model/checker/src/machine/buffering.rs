//! Load buffering: a read that returns a write which comes later in the thread that the read lets go on.
//!
//! PTX allows it between relaxed operations. The machine performs the operations of a thread in order and so never
//! shows it. It would need a circle: somebody reads one slot and then writes the next, and so on round. No circle can
//! come about whose reads are all waits (no thin air: the write depends on the wait), nor one in which all edges from a
//! write to the next read but one synchronise (causality). The machine notes every step that a circle could be made of,
//! and a check whose steps close another one is inconclusive, never verified. The read half of every atomic is a read.
//!
//! Reads count for the whole block, because a barrier may hand them on; that finds circles too many, never too few.

use crate::memory::slot::{Strength, morally_strong};
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
    /// The write need not wait for the read: no dependency leads from one to the other.
    pub free: bool,
    /// The read acquires, by the operation or by a fence behind it.
    pub acquires: Option<Strength>,
    /// The write releases what comes after the read, by the operation or by a fence between the two.
    pub releases: Option<Strength>,
}

impl ReadThenWrite {
    /// Whether a read of what this step writes, in another step, synchronises with it.
    fn synchronises_with(&self, onwards: &ReadThenWrite) -> bool {
        self.releases.is_some() && onwards.acquires.is_some() && morally_strong(self.releases, onwards.acquires)
    }
}

/// A strong read that a thread of a block has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct EarlierRead {
    pub(super) slot: u64,
    pub(super) thread: u32,
    /// What comes after it depends on it.
    pub(super) waits: bool,
    /// It acquires, or a fence of its thread came after it.
    pub(super) acquires: Option<Strength>,
    /// A fence of its thread came after it: a release pattern that begins there comes after the read.
    pub(super) fenced: Option<Strength>,
}

/// The steps from a block's earlier reads to a write that one of its threads makes now.
pub(super) fn steps(
    reads: &[EarlierRead],
    block: u32,
    (thread, written): (u32, u64),
    releases: Option<Strength>,
) -> impl Iterator<Item = ReadThenWrite> {
    reads.iter().filter(move |read| read.slot != written).map(move |read| ReadThenWrite {
        read: read.slot,
        written,
        block,
        // What a thread waits for comes before all that follows. That another thread of the block has read something, and
        // handed on at a barrier that it has, is no dependency.
        free: !read.waits,
        acquires: read.acquires,
        // What a release gives comes before it: a fence before the read does not give the read.
        releases: releases
            .into_iter()
            .chain(read.fenced.filter(|_| read.thread == thread))
            .max_by_key(|strength| strength.scope),
    })
}

/// Edges of a circle that do not synchronise: with one alone the read would follow, in causality order, the write that it
/// returns (PTX ISA, "Causality" axiom).
const OPEN_EDGES: u8 = 2;

/// Whether the steps close a circle that the model may allow: with a free step (no thin air), and with at least two edges,
/// from one step's write to the next one's read, that do not synchronise.
/// One of its reads returns a write that the machine performs only later: so that write must not follow the read in
/// causality order, and the pair was met, `overtaken`.
pub fn closes_a_cycle(steps: &FxHashSet<ReadThenWrite>, overtaken: &FxHashSet<(u64, u32)>) -> bool {
    let begins = |step: &&ReadThenWrite| step.free && overtaken.contains(&(step.read, step.block));
    steps.iter().filter(begins).any(|first| {
        // Steps reached, and how many edges on the way there were open.
        let mut reached: Vec<(&ReadThenWrite, u8)> = vec![(first, 0)];
        let mut next = 0;
        while let Some((step, open)) = reached.get(next).copied() {
            next += 1;
            for onwards in steps.iter().filter(|onwards| onwards.read == step.written) {
                let open = (open + u8::from(!step.synchronises_with(onwards))).min(OPEN_EDGES);
                if onwards == first && open == OPEN_EDGES {
                    return true;
                }
                if onwards != first && !reached.contains(&(onwards, open)) {
                    reached.push((onwards, open));
                }
            }
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::scope::Placement;
    use arverify_protocol::ir::Scope;

    const SYS: Strength = Strength { scope: Scope::Sys, placement: Placement { block: 0, device: 0 } };

    fn step(block: u32, read: u64, written: u64, free: bool, synchronises: bool) -> ReadThenWrite {
        let strength = synchronises.then_some(SYS);
        ReadThenWrite { read, written, block, free, acquires: strength, releases: strength }
    }

    fn closes(steps: &[ReadThenWrite]) -> bool {
        let overtaken = steps.iter().map(|step| (step.read, step.block)).collect();
        closes_a_cycle(&steps.iter().copied().collect(), &overtaken)
    }

    #[test]
    fn one_free_step_that_crosses_a_wait_is_enough() {
        assert!(closes(&[step(0, 1, 2, true, false), step(1, 2, 1, false, false)]));
        assert!(closes(&[step(0, 1, 2, true, true), step(1, 2, 1, false, false)]));
        // One edge alone synchronises: what follows it knows too much.
        let sends = ReadThenWrite { releases: Some(SYS), ..step(0, 1, 2, true, false) };
        let receives = ReadThenWrite { acquires: Some(SYS), ..step(1, 2, 1, false, false) };
        assert!(!closes(&[sends, receives]));
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
