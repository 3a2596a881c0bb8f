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

use super::shared::Shared;
use smallvec::SmallVec;
use std::cmp::Ordering;

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

/// A message of a slot: the operation that wrote it, in whatever order the others were performed.
pub type MessageId = Epoch;

/// A message of a slot that a thread has observed without being synchronised with its writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Observed {
    /// The slot.
    pub slot: u64,
    /// The message.
    pub message: MessageId,
}

/// The `fence.sc` that come before an event in causality order: of each thread the last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fences(SmallVec<[Epoch; 1]>);

impl Fences {
    /// Adds a fence.
    pub fn add(&mut self, fence: Epoch) {
        match self.0.binary_search_by_key(&fence.thread, |known| known.thread) {
            Ok(at) if order(&self.0[at]) < order(&fence) => self.0[at] = fence,
            Ok(_) => {}
            Err(at) => self.0.insert(at, fence),
        }
    }

    /// Adds others.
    pub fn join(&mut self, others: &Fences) {
        others.0.iter().for_each(|fence| self.add(*fence));
    }

    /// Whether a fence is among them.
    pub fn contains(&self, fence: Epoch) -> bool {
        let found = self.0.binary_search_by_key(&fence.thread, |known| known.thread);
        found.is_ok_and(|at| order(&self.0[at]) >= order(&fence))
    }

    /// Keeps some.
    pub fn retain(&mut self, kept: impl Fn(Epoch) -> bool) {
        self.0.retain(|fence| kept(*fence));
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The last of each thread.
    pub fn iter(&self) -> impl Iterator<Item = Epoch> {
        self.0.iter().copied()
    }
}

/// Observed messages that a view holds without a look at which of them still matter.
const MANY_OBSERVED: usize = 64;

/// Threads that a view learns of at once, without room of their own for them.
const MANY_NEW: usize = 64;

/// What precedes a point in causality order. Cheap to clone: both parts are shared until they change.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct View {
    /// For each block: phases of it that are seen whole.
    base: Shared<Vec<u32>>,
    /// Threads seen beyond their block's entry, by thread; each is in a phase not yet seen whole.
    threads: Option<Shared<Vec<Epoch>>>,
    /// One more, whatever the list says of it: whose view this is, if its own operations belong to it.
    own: Option<Epoch>,
    /// Messages that must not be un-seen, by slot.
    observed: Option<Shared<Vec<Observed>>>,
}

impl View {
    /// The view of the very beginning.
    pub fn initial(blocks: usize) -> View {
        View { base: Shared::from(vec![0; blocks]), threads: None, own: None, observed: None }
    }

    /// Whether an operation of `block` at `epoch` precedes this point. The caller adds program order.
    pub fn covers(&self, block: u32, epoch: Epoch) -> bool {
        epoch.is_initial()
            || self.base[block as usize] > epoch.phase
            || self.own.is_some_and(|own| own.thread == epoch.thread && order(&own) >= order(&epoch))
            || self.threads.as_ref().is_some_and(|threads| {
                let found = threads.binary_search_by_key(&epoch.thread, |seen| seen.thread);
                found.is_ok_and(|at| order(&threads[at]) >= order(&epoch))
            })
    }

    /// Whether two views are certainly the same: the quick test for threads that share a barrier's result.
    pub fn is_same(&self, other: &View) -> bool {
        self.own == other.own
            && self.base.is_same(&other.base)
            && same(&self.threads, &other.threads)
            && same(&self.observed, &other.observed)
    }

    /// Whether `other` sees all that this sees. `later` says of a message of a slot whether
    /// the other view hides it: by a later one that it has observed, or otherwise.
    pub fn is_within(
        &self,
        other: &View,
        block_of: impl Fn(ThreadIndex) -> u32,
        later: impl Fn(u64, MessageId, Option<MessageId>) -> bool,
    ) -> bool {
        let threads = self.threads.as_ref().map_or(&[][..], |threads| threads);
        let observed = self.observed.as_ref().map_or(&[][..], |observed| observed);
        self.base.iter().zip(other.base.iter()).all(|(mine, theirs)| mine <= theirs)
            && threads.iter().chain(&self.own).all(|seen| other.covers(block_of(seen.thread), *seen))
            && observed.iter().all(|seen| {
                let theirs = other.observed(seen.slot);
                theirs == Some(seen.message) || later(seen.slot, seen.message, theirs)
            })
    }

    /// The same, with the operations of its thread up to `epoch`. It costs nothing, however many threads are seen.
    #[must_use]
    pub fn with(&self, block: u32, epoch: Epoch) -> View {
        let mut view = self.clone();
        if !view.covers(block, epoch) {
            view.list_own();
            // Equal views are the same, whatever was known of the thread before.
            view.unlist(epoch.thread);
            view.own = Some(epoch);
        }
        view
    }

    /// Adds one thread up to `epoch`.
    pub fn add(&mut self, block: u32, epoch: Epoch) {
        if self.covers(block, epoch) {
            return;
        }
        self.list_own();
        self.list(epoch);
    }

    fn list(&mut self, epoch: Epoch) {
        let threads = self.threads.get_or_insert_default();
        match threads.binary_search_by_key(&epoch.thread, |seen| seen.thread) {
            Ok(at) => threads[at] = epoch,
            Err(at) => threads.insert(at, epoch),
        }
    }

    fn unlist(&mut self, thread: ThreadIndex) {
        let Some(threads) = self.threads.as_mut() else { return };
        let Ok(at) = threads.binary_search_by_key(&thread, |seen| seen.thread) else { return };
        threads.remove(at);
        if threads.is_empty() {
            self.threads = None;
        }
    }

    /// The one more is one of the list.
    fn list_own(&mut self) {
        if let Some(own) = self.own.take() {
            self.list(own);
        }
    }

    /// All of `block` up to the end of phase `phases - 1` is seen. `block_of` maps threads to blocks.
    pub fn complete(&mut self, block: u32, phases: u32, block_of: impl Fn(ThreadIndex) -> u32) {
        if self.base[block as usize] < phases {
            self.base[block as usize] = phases;
            self.prune(&block_of);
        }
    }

    /// Remembers that a message was observed.
    pub fn observe(&mut self, observed: Observed) {
        let list = self.observed.get_or_insert_default();
        match list.binary_search_by_key(&observed.slot, |seen| seen.slot) {
            Ok(at) => list[at] = observed,
            Err(at) => list.insert(at, observed),
        }
    }

    /// The message of a slot that was observed last, if any.
    pub fn observed(&self, slot: u64) -> Option<MessageId> {
        let list = &self.observed.as_ref()?;
        list.binary_search_by_key(&slot, |seen| seen.slot).ok().map(|at| list[at].message)
    }

    /// Whether it holds an observed message of some kind.
    pub fn has_observed(&self, kind: impl Fn(&Observed) -> bool) -> bool {
        self.observed.as_ref().is_some_and(|observed| observed.iter().any(kind))
    }

    /// Whether it holds observed messages, and so few that each is looked at.
    pub fn has_few_observed(&self) -> bool {
        self.observed.as_ref().is_some_and(|observed| observed.len() <= MANY_OBSERVED)
    }

    /// Forgets observed messages that `hidden` says the view covers anyway.
    pub fn forget_known_observed(&mut self, hidden: impl Fn(&Observed) -> bool) {
        let Some(observed) = self.observed.as_mut() else { return };
        if observed.iter().any(&hidden) {
            observed.retain(|seen| !hidden(seen));
            if observed.is_empty() {
                self.observed = None;
            }
        }
    }

    /// Forgets observed messages that `hidden` says the view covers anyway, once there are many: a protocol that polls
    /// its data observes every word of it.
    pub fn forget_observed(&mut self, hidden: impl Fn(&Observed) -> bool) {
        let Some(observed) = self.observed.as_mut().filter(|observed| observed.len() > MANY_OBSERVED) else {
            return;
        };
        observed.retain(|seen| !hidden(seen));
        if observed.is_empty() {
            self.observed = None;
        }
    }

    /// Adds everything that `other` sees. `block_of` maps threads to blocks; `later` says which of two messages of a
    /// slot comes later in coherence order.
    pub fn join(
        &mut self,
        other: &View,
        block_of: impl Fn(ThreadIndex) -> u32,
        later: impl Fn(u64, MessageId, MessageId) -> MessageId,
    ) {
        if self.is_same(other) {
            return;
        }
        if self.join_base(&other.base) {
            self.own = self.own.filter(|own| self.base[block_of(own.thread) as usize] <= own.phase);
            self.join_threads(other, true, &block_of);
        } else {
            self.join_threads(other, false, &block_of);
        }
        if !same(&self.observed, &other.observed) {
            let theirs = other.observed.as_ref().map_or(&[][..], |observed| observed);
            let mine = self.observed.as_ref().map_or(&[][..], |observed| observed);
            let merged = merge(
                mine,
                theirs,
                |seen| seen.slot,
                |mine, theirs| Observed { slot: mine.slot, message: later(mine.slot, mine.message, theirs.message) },
                |_| true,
            );
            self.observed = (!merged.is_empty()).then(|| Shared::from(merged));
        }
    }

    /// Adds the single threads that another sees, and drops those that are covered, if the blocks that are seen have just
    /// changed. Most views that are joined are large, and short-lived: it is one pass over both lists and one new list.
    fn join_threads(&mut self, other: &View, has_stale: bool, block_of: impl Fn(ThreadIndex) -> u32) {
        let base: &[u32] = &self.base;
        let is_open = |seen: &Epoch| base[block_of(seen.thread) as usize] <= seen.phase;
        let mine = self.threads.as_ref().map_or(&[][..], |threads| threads);
        let theirs = other.threads.as_ref().filter(|_| !same(&self.threads, &other.threads));
        let mut new = self.beyond(mine, theirs.map_or(&[][..], |threads| threads), is_open);
        if let Some(own) = other.own.filter(|own| !self.covers(block_of(own.thread), *own)) {
            match new.binary_search_by_key(&own.thread, |seen| seen.thread) {
                Ok(at) => new[at] = own,
                Err(at) => new.insert(at, own),
            }
        }
        // Whose view this is stays apart: a view that is joined with what it has is the same.
        let mut own = self.own;
        if let Some(own) = &mut own
            && let Ok(at) = new.binary_search_by_key(&own.thread, |seen| seen.thread)
        {
            *own = new.remove(at);
        }
        let is_stale = has_stale && !mine.iter().all(is_open);
        if is_stale || !new.is_empty() {
            let kept = |seen: &Epoch| !is_stale || is_open(seen);
            let all = merge(mine, &new, |seen| seen.thread, |_, theirs| *theirs, kept);
            self.threads = (!all.is_empty()).then(|| Shared::from(all));
        }
        self.own = own;
    }

    /// Those of `theirs` that are not seen, neither with their blocks nor in `mine`.
    fn beyond(
        &self,
        mut mine: &[Epoch],
        theirs: &[Epoch],
        is_open: impl Fn(&Epoch) -> bool,
    ) -> SmallVec<[Epoch; MANY_NEW]> {
        let is_beyond = |seen: &&Epoch| {
            if !is_open(seen) {
                return false;
            }
            while let [first, rest @ ..] = mine
                && first.thread < seen.thread
            {
                mine = rest;
            }
            let listed = mine.first().is_some_and(|known| known.thread == seen.thread && order(known) >= order(seen));
            let own = self.own.is_some_and(|own| own.thread == seen.thread && order(&own) >= order(seen));
            !listed && !own
        };
        theirs.iter().filter(is_beyond).copied().collect()
    }

    /// Adds the blocks that another sees, as far as it sees them whole. Of many views that are joined the lists of single
    /// threads are short once that is known.
    pub fn join_blocks(&mut self, other: &View, block_of: impl Fn(ThreadIndex) -> u32) {
        if self.join_base(&other.base) {
            self.prune(block_of);
        }
    }

    /// Adds what another sees of blocks as a whole. Returns whether that is more.
    fn join_base(&mut self, other: &Shared<Vec<u32>>) -> bool {
        if self.base.is_same(other) {
            return false;
        }
        // Without an early end it is a few vector instructions.
        let compare =
            |(less, more): (bool, bool), (mine, theirs): (&u32, &u32)| (less | (mine < theirs), more | (mine > theirs));
        let (less, more) = self.base.iter().zip(other.iter()).fold((false, false), compare);
        if !less {
            return false;
        }
        if !more {
            self.base = other.clone();
        } else if let Some(mine) = self.base.unshared() {
            mine.iter_mut().zip(other.iter()).for_each(|(mine, theirs)| *mine = (*mine).max(*theirs));
        } else {
            let both = self.base.iter().zip(other.iter()).map(|(mine, theirs)| *mine.max(theirs));
            self.base = Shared::from(both.collect::<Vec<u32>>());
        }
        true
    }

    /// Drops threads that the base covers.
    fn prune(&mut self, block_of: impl Fn(ThreadIndex) -> u32) {
        let base = &self.base;
        let needed = |seen: &Epoch| base[block_of(seen.thread) as usize] <= seen.phase;
        self.own = self.own.filter(needed);
        let Some(threads) = &mut self.threads else { return };
        if !threads.iter().all(needed) {
            threads.retain(needed);
        }
        if threads.is_empty() {
            self.threads = None;
        }
    }
}

/// Order of two points of one thread.
fn order(epoch: &Epoch) -> (u32, u32) {
    (epoch.phase, epoch.step)
}

fn same<T>(left: &Option<Shared<T>>, right: &Option<Shared<T>>) -> bool {
    match (left, right) {
        (None, None) => true,
        (Some(left), Some(right)) => left.is_same(right),
        _ => false,
    }
}

/// Merges two lists sorted by key; `both` decides where a key is in both. Of the left one, only some are kept.
fn merge<T: Copy, K: Ord>(
    mut left: &[T],
    mut right: &[T],
    key: impl Fn(&T) -> K,
    both: impl Fn(&T, &T) -> T,
    kept: impl Fn(&T) -> bool,
) -> Vec<T> {
    let mut merged = Vec::with_capacity(left.len() + right.len());
    while let ([mine, left_rest @ ..], [theirs, right_rest @ ..]) = (left, right) {
        match key(mine).cmp(&key(theirs)) {
            Ordering::Less => {
                merged.extend(kept(mine).then_some(*mine));
                left = left_rest;
            }
            Ordering::Greater => {
                merged.push(*theirs);
                right = right_rest;
            }
            Ordering::Equal => {
                merged.push(both(mine, theirs));
                (left, right) = (left_rest, right_rest);
            }
        }
    }
    merged.extend(left.iter().filter(|mine| kept(mine)));
    merged.extend_from_slice(right);
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
        view.complete(1, 1, |thread| thread / 4);
        assert!(view.covers(1, epoch(7, 0, 900)));
        assert!(!view.covers(1, epoch(7, 1, 1)));
        assert!(!view.covers(0, epoch(1, 0, 1)));
    }

    #[test]
    fn joining_takes_the_later_of_both_and_drops_what_is_covered() {
        let (mut left, mut right) = (View::initial(2), View::initial(2));
        left.add(1, epoch(5, 0, 3));
        left.add(0, epoch(1, 0, 9));
        right.complete(1, 1, |thread| thread / 4);
        join(&mut left, &right);
        assert!(left.covers(1, epoch(6, 0, 1)) && left.covers(0, epoch(1, 0, 9)));
        assert_eq!(left.threads.as_ref().map(|threads| threads.len()), Some(1));
    }

    /// A view of some operations of three blocks of four threads: of whole blocks, of threads, and of whose view it is.
    fn view(whole: &[(u32, u32)], threads: &[(u32, u32, u32)], own: Option<(u32, u32, u32)>) -> View {
        let mut view = View::initial(3);
        threads.iter().for_each(|(thread, phase, step)| view.add(thread / 4, epoch(*thread, *phase, *step)));
        whole.iter().for_each(|(block, phases)| view.complete(*block, *phases, |thread| thread / 4));
        own.map_or(view.clone(), |(thread, phase, step)| view.with(thread / 4, epoch(thread, phase, step)))
    }

    fn epochs() -> impl Strategy<Value = (u32, u32, u32)> {
        (0_u32..12, 0_u32..3, 0_u32..3)
    }

    fn views() -> impl Strategy<Value = View> {
        let whole = proptest::collection::vec((0_u32..3, 0_u32..3), 0..3);
        let threads = proptest::collection::vec(epochs(), 0..8);
        (whole, threads, proptest::option::of(epochs())).prop_map(|(whole, threads, own)| view(&whole, &threads, own))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn a_join_sees_what_one_of_both_sees(left in views(), right in views()) {
            let mut joined = left.clone();
            join(&mut joined, &right);
            for (thread, phase, step) in (0..12).flat_map(|thread| (0..9).map(move |at| (thread, at / 3, at % 3))) {
                let sees = |view: &View| view.covers(thread / 4, epoch(thread, phase, step));
                prop_assert_eq!(sees(&joined), sees(&left) || sees(&right), "thread {} at {}.{}", thread, phase, step);
            }
            // Nothing is listed that is seen with its block, and equal knowledge is equal, whatever came first.
            let listed = joined.threads.iter().flat_map(|threads| threads.iter()).chain(&joined.own);
            prop_assert!(listed.clone().all(|seen| joined.base[seen.thread as usize / 4] <= seen.phase));
            let mut again = joined.clone();
            join(&mut again, &left);
            prop_assert_eq!(&again, &joined);
            let (mut one, mut other) = (left, right);
            one.list_own();
            other.list_own();
            let (first, second) = (one.clone(), other.clone());
            join(&mut one, &second);
            join(&mut other, &first);
            prop_assert_eq!(one, other);
        }
    }

    #[test]
    fn ones_own_operations_are_seen_like_any_other() {
        let mut view = View::initial(2);
        view.add(0, epoch(1, 0, 9));
        view.add(1, epoch(5, 0, 3));
        let with = view.with(1, epoch(5, 0, 7));
        assert!(with.covers(1, epoch(5, 0, 7)) && with.covers(0, epoch(1, 0, 9)) && !view.covers(1, epoch(5, 0, 7)));
        assert_eq!(with, view.with(1, epoch(5, 0, 5)).with(1, epoch(5, 0, 7)));
        assert!(view.is_within(&with, |thread| thread / 4, |_, _, _| false));
        assert!(!with.is_within(&view, |thread| thread / 4, |_, _, _| false) && !with.is_same(&view));
        let mut joined = View::initial(2);
        join(&mut joined, &with);
        let mut again = with.clone();
        join(&mut again, &joined);
        assert_eq!(again, with, "what it has adds nothing");
        view.add(1, epoch(5, 0, 7));
        assert_eq!(joined, view);
        // Another's is listed, and what is covered is dropped.
        let mut both = with.with(0, epoch(2, 0, 4));
        assert!(both.covers(1, epoch(5, 0, 7)) && both.covers(0, epoch(2, 0, 4)));
        both.complete(0, 1, |thread| thread / 4);
        assert_eq!((both.own, both.threads.as_ref().map(|threads| threads.len())), (None, Some(1)));
    }

    #[test]
    fn few_observed_messages_are_kept_and_many_looked_through() {
        let mut view = View::initial(1);
        let observe = |view: &mut View, slots: std::ops::Range<u64>| {
            slots.for_each(|slot| view.observe(Observed { slot, message: epoch(1, 0, 1) }));
        };
        observe(&mut view, 0..MANY_OBSERVED as u64);
        view.forget_observed(|_| true);
        assert_eq!(view.observed(3), Some(epoch(1, 0, 1)));
        observe(&mut view, 0..1 + MANY_OBSERVED as u64);
        view.forget_observed(|seen| seen.slot != 3);
        assert_eq!((view.observed(3), view.observed(4)), (Some(epoch(1, 0, 1)), None));
    }

    #[test]
    fn equal_knowledge_is_equal() {
        let (mut left, mut right) = (View::initial(2), View::initial(2));
        left.complete(0, 2, |thread| thread / 4);
        right.complete(0, 2, |thread| thread / 4);
        right.add(0, epoch(1, 1, 1));
        assert_eq!(left, right, "a covered thread adds nothing");
    }
}
