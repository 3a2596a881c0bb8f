//! Causality clocks, hierarchical.
//!
//! Every operation has an [`Epoch`]: its thread, the *phase* of its block (how many barriers of the whole block came
//! before it) and its number within the thread. A [`View`] says which operations precede a point in causality order:
//! for each block the number of phases that are seen whole, and, apart, single threads that are seen further. After a
//! barrier all threads of a block share one base, so a clock costs one word for each block, not for each thread:
//! 147,456 threads on 288 blocks share 288 bases of 288 words.
//!
//! The road not taken: one vector clock entry for each thread (147,456² words), or FastTrack's per-variable epochs
//! with full clocks at synchronisation, which are as large.

use std::sync::Arc;

/// A thread, numbered over all ranks and blocks; each rank's stream counts as one more thread, in a block of its own.
pub type ThreadIndex = u32;

/// A point in one thread's execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Epoch {
    /// The thread.
    pub thread: ThreadIndex,
    /// Phases its block had completed.
    pub phase: u32,
    /// Operations the thread had performed, this one included.
    pub step: u32,
}

impl Epoch {
    /// Before everything: initial contents.
    pub const INITIAL: Epoch = Epoch { thread: ThreadIndex::MAX, phase: 0, step: 0 };

    /// Whether this is the initial contents' epoch.
    pub fn is_initial(self) -> bool {
        self.thread == ThreadIndex::MAX
    }
}

/// A message of a slot that a thread has observed without being synchronised with its writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Observed {
    /// The slot.
    pub slot: u64,
    /// The message's number.
    pub message: u32,
}

/// What precedes a point in causality order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct View {
    /// For each block: phases of it that are seen whole.
    base: Arc<[u32]>,
    more: Option<Box<More>>,
}

/// The parts of a view that are not whole phases.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct More {
    /// Threads seen beyond their block's entry, by thread; each is in a phase not yet seen whole.
    threads: Vec<Epoch>,
    /// Messages that must not be un-seen, by slot.
    observed: Vec<Observed>,
}

impl View {
    /// The view of the very beginning.
    pub fn initial(blocks: usize) -> View {
        View { base: vec![0; blocks].into(), more: None }
    }

    /// Whether an operation of `block` at `epoch` precedes this point. The caller adds program order.
    pub fn covers(&self, block: u32, epoch: Epoch) -> bool {
        epoch.is_initial()
            || self.base[block as usize] > epoch.phase
            || self.more.as_ref().is_some_and(|more| {
                let found = more.threads.binary_search_by_key(&epoch.thread, |seen| seen.thread);
                found.is_ok_and(|at| (more.threads[at].phase, more.threads[at].step) >= (epoch.phase, epoch.step))
            })
    }

    /// Whether two views are certainly the same: the quick test for threads that share a barrier's result.
    pub fn is_same(&self, other: &View) -> bool {
        Arc::ptr_eq(&self.base, &other.base) && self.more.is_none() && other.more.is_none()
    }

    /// Adds one thread up to `epoch`.
    pub fn add(&mut self, block: u32, epoch: Epoch) {
        if self.covers(block, epoch) {
            return;
        }
        let threads = &mut self.more.get_or_insert_default().threads;
        match threads.binary_search_by_key(&epoch.thread, |seen| seen.thread) {
            Ok(at) => threads[at] = epoch,
            Err(at) => threads.insert(at, epoch),
        }
    }

    /// All of `block` up to the end of phase `phases - 1` is seen.
    pub fn complete(&mut self, block: u32, phases: u32) {
        if self.base[block as usize] < phases {
            let mut base: Vec<u32> = self.base.to_vec();
            base[block as usize] = phases;
            self.base = base.into();
        }
    }

    /// Remembers that a message was observed.
    pub fn observe(&mut self, observed: Observed) {
        let list = &mut self.more.get_or_insert_default().observed;
        match list.binary_search_by_key(&observed.slot, |seen| seen.slot) {
            Ok(at) => list[at] = observed,
            Err(at) => list.insert(at, observed),
        }
    }

    /// The message of a slot that was observed last, if any.
    pub fn observed(&self, slot: u64) -> Option<u32> {
        let list = &self.more.as_ref()?.observed;
        list.binary_search_by_key(&slot, |seen| seen.slot).ok().map(|at| list[at].message)
    }

    /// Adds everything that `other` sees. `block_of` maps threads to blocks; `later` says which of two messages of a
    /// slot comes later in coherence order.
    pub fn join(
        &mut self,
        other: &View,
        block_of: impl Fn(ThreadIndex) -> u32,
        later: impl Fn(u64, u32, u32) -> u32,
    ) {
        if !Arc::ptr_eq(&self.base, &other.base) {
            self.join_base(&other.base);
        }
        let Some(theirs) = &other.more else {
            self.prune(block_of);
            return;
        };
        let mine = self.more.get_or_insert_default();
        for seen in &theirs.threads {
            match mine.threads.binary_search_by_key(&seen.thread, |mine| mine.thread) {
                Ok(at) => {
                    if (mine.threads[at].phase, mine.threads[at].step) < (seen.phase, seen.step) {
                        mine.threads[at] = *seen;
                    }
                }
                Err(at) => mine.threads.insert(at, *seen),
            }
        }
        for seen in &theirs.observed {
            match mine.observed.binary_search_by_key(&seen.slot, |mine| mine.slot) {
                Ok(at) => mine.observed[at].message = later(seen.slot, mine.observed[at].message, seen.message),
                Err(at) => mine.observed.insert(at, *seen),
            }
        }
        self.prune(block_of);
    }

    fn join_base(&mut self, other: &Arc<[u32]>) {
        let ahead = self.base.iter().zip(other.iter()).any(|(mine, theirs)| theirs > mine);
        if !ahead {
            return;
        }
        let behind = self.base.iter().zip(other.iter()).any(|(mine, theirs)| mine > theirs);
        if behind {
            self.base = self.base.iter().zip(other.iter()).map(|(mine, theirs)| *mine.max(theirs)).collect();
        } else {
            self.base = other.clone();
        }
    }

    /// Drops threads that the base covers.
    fn prune(&mut self, block_of: impl Fn(ThreadIndex) -> u32) {
        let Some(more) = &mut self.more else { return };
        let base = &self.base;
        more.threads.retain(|seen| base[block_of(seen.thread) as usize] <= seen.phase);
        if more.threads.is_empty() && more.observed.is_empty() {
            self.more = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(thread: u32, phase: u32, step: u32) -> Epoch {
        Epoch { thread, phase, step }
    }

    fn join(view: &mut View, other: &View) {
        view.join(other, |thread| thread / 4, |_, mine, theirs| mine.max(theirs));
    }

    #[test]
    fn a_thread_is_seen_up_to_its_step_only() {
        let mut view = View::initial(2);
        view.add(1, epoch(5, 0, 3));
        assert!(view.covers(1, epoch(5, 0, 3)));
        assert!(!view.covers(1, epoch(5, 0, 4)));
        assert!(!view.covers(1, epoch(6, 0, 1)));
    }

    #[test]
    fn a_completed_phase_covers_every_thread_of_the_block() {
        let mut view = View::initial(2);
        view.complete(1, 1);
        assert!(view.covers(1, epoch(7, 0, 900)));
        assert!(!view.covers(1, epoch(7, 1, 1)));
        assert!(!view.covers(0, epoch(1, 0, 1)));
    }

    #[test]
    fn joining_takes_the_later_of_both_and_drops_what_is_covered() {
        let (mut left, mut right) = (View::initial(2), View::initial(2));
        left.add(1, epoch(5, 0, 3));
        left.add(0, epoch(1, 0, 9));
        right.complete(1, 1);
        join(&mut left, &right);
        assert!(left.covers(1, epoch(6, 0, 1)) && left.covers(0, epoch(1, 0, 9)));
        assert_eq!(left.more.as_ref().map(|more| more.threads.len()), Some(1));
    }

    #[test]
    fn equal_knowledge_is_equal() {
        let (mut left, mut right) = (View::initial(2), View::initial(2));
        left.complete(0, 2);
        right.complete(0, 2);
        right.add(0, epoch(1, 1, 1));
        assert_eq!(left, right, "a covered thread adds nothing");
    }
}
