//! Threads that may be postponed: of all that have a choice to make, some go first.
//!
//! Accesses to different words commute, and so do reads of one. So where some threads have choices to make, it is enough
//! to try those of a *persistent set*: nobody outside it, whatever he does before any of them has moved, comes to do what
//! is in conflict with what they do next, or lets one of them go (Godefroid, *Partial-Order Methods for the Verification of Concurrent Systems*,
//! 1996). Every hang and every end is still found, and so is every race, for causality tells it whatever the order.
//!
//! Who may still come to which contended word is learned as contention is: a visit by a thread from a statement that was
//! not known ends the exploration, which begins again with it (lemma L11). A thread may come to those statements that
//! control flow leads to, and in launches before the last to all of them. A store waits for nobody (lemma L12).

use super::action::Ways;
use super::run::Run;
use super::{Machine, Rule, State, Status};
use crate::memory::clock::ThreadIndex;
use crate::memory::slot::key;
use crate::program::{Location, Operation, Poll, Program, SiteIndex};
use arverify_protocol::ir::{AtomicOperation, Order};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// Who comes to contended words: by thread, from which statements, and whether to write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visits(FxHashMap<ThreadIndex, Vec<(SiteIndex, Touched)>>);

impl Visits {
    fn contain(&self, thread: ThreadIndex, visit: (SiteIndex, Touched)) -> bool {
        self.0.get(&thread).is_some_and(|known| known.binary_search(&visit).is_ok())
    }

    fn insert(&mut self, thread: ThreadIndex, visit: (SiteIndex, Touched)) {
        let known = self.0.entry(thread).or_default();
        if let Err(at) = known.binary_search(&visit) {
            known.insert(at, visit);
        }
    }

    /// Adds others.
    pub fn add(&mut self, others: &Visits) {
        for (thread, visits) in &others.0 {
            visits.iter().for_each(|visit| self.insert(*thread, *visit));
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What is done to a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Touched {
    pub(super) key: u64,
    /// Which message it is may be another than the newest: what it reads, or comes behind.
    pub(super) looks: bool,
    pub(super) writes: bool,
    /// It is done, and not only what a wait might do that stands there.
    made: bool,
}

impl Touched {
    fn reads(at: Location) -> Touched {
        Touched { key: key(at), looks: true, writes: false, made: true }
    }

    fn is_in_conflict(self, other: Touched) -> bool {
        self.key == other.key && self.made && other.made && (self.writes || other.writes)
    }
}

type Words = SmallVec<[Touched; 4]>;

fn touched_by(poll: &Poll) -> Touched {
    Touched { writes: poll.update.is_some(), ..Touched::reads(poll.at) }
}

/// Threads with choices for which all of this is worth the while.
const MOST: usize = 64;

impl<P: Program> Machine<P> {
    /// Of threads with a choice to make, those that must be tried now: some of the busy ones, and those among the idle, who
    /// may as well wait for ever, that these are in conflict with.
    pub(super) fn first_of(&self, state: &State<P::Thread>, ways: &[Ways<P::Round>]) -> Vec<ThreadIndex> {
        let moving = || ways.iter().filter(|ways| !ways.actions.is_empty());
        let all = || moving().map(|ways| ways.thread).collect();
        let orders = self.settings.everything || self.settings.resident_blocks.is_some() || self.program().has_calls();
        if !(2..=MOST).contains(&moving().count()) || orders {
            return all();
        }
        let next = ways.iter().map(|ways| Some((ways.thread, self.words_of_next(state, ways)?)));
        let Some(next) = next.collect::<Option<Vec<(ThreadIndex, Words)>>>() else { return all() };
        let future = self.future(state);
        let busy = moving().filter(|ways| !ways.idle);
        let sets = busy.filter_map(|first| self.persistent(state, first.thread, &next, &future));
        let tried = |set: Vec<ThreadIndex>| {
            moving().map(|ways| ways.thread).filter(|thread| set.contains(thread)).collect::<Vec<ThreadIndex>>()
        };
        sets.map(tried).min_by_key(Vec::len).unwrap_or_else(all)
    }

    /// The contended words that a thread's next operation accesses; `None` if it is none, or if the thread cannot move and
    /// others may let it by writing words of which it is not known who comes to them.
    fn words_of_next(&self, state: &State<P::Thread>, ways: &Ways<P::Round>) -> Option<Words> {
        let contended = |key: u64| self.contended.slots.contains(&key);
        let (operation, _) = state.threads[ways.thread as usize].pending.as_deref()?;
        match operation {
            Operation::Read { at, .. } | Operation::Await { at, .. } => {
                Some(SmallVec::from_elem(Touched::reads(*at), 1))
            }
            Operation::Write { at, .. } | Operation::Atomic { at, .. } => {
                Some(SmallVec::from_elem(Touched { writes: true, ..Touched::reads(*at) }, 1))
            }
            Operation::Spin { .. } => {
                let [(_, rounds)] = &ways.waits[..] else { return None };
                let is_known = |poll: &&Poll| poll.semantics.order != Order::Weak && contended(key(poll.at));
                let polls = || rounds.asked.iter().map(|(_, poll)| poll);
                let told = rounds.meets.is_none() && (!ways.actions.is_empty() || polls().all(|poll| is_known(&poll)));
                told.then(|| polls().filter(is_known).map(touched_by).collect())
            }
            _ => None,
        }
    }

    /// For each thread, the contended words that it may still come to.
    fn future(&self, state: &State<P::Thread>) -> Vec<(ThreadIndex, Words)> {
        let of_thread = |(thread, visits): (&ThreadIndex, &Vec<(SiteIndex, Touched)>)| {
            let comes = |(site, _): &&(SiteIndex, Touched)| self.may_come(state, *thread, *site);
            (*thread, visits.iter().filter(comes).map(|(_, touched)| *touched).collect())
        };
        self.contended.visits.0.iter().map(of_thread).collect()
    }

    /// Whether a thread may still come to a statement, from behind where it stands or in a later launch.
    fn may_come(&self, state: &State<P::Thread>, thread: ThreadIndex, site: SiteIndex) -> bool {
        let last = self.program().shape().launches.saturating_sub(1);
        let standing = &state.threads[thread as usize];
        let rank = &state.ranks[self.rank_of_block(self.block_of(thread)) as usize];
        match standing.status {
            _ if rank.launch < last => true,
            Status::Ended => false,
            Status::Unstarted => true,
            _ => self.program().may_reach(&standing.program, site),
        }
    }

    /// What is done to contended words, for all that is known: by whom, and whether that may still come.
    pub(super) fn touched(&self, state: &State<P::Thread>, each: &mut impl FnMut(ThreadIndex, Touched, bool)) {
        for (thread, visits) in &self.contended.visits.0 {
            // A wait in a loop stands at no single statement.
            let stands = state.threads[*thread as usize].pending.is_some();
            for (site, touched) in visits {
                let comes = || self.has(Rule::OthersMayRead) && self.may_come(state, *thread, *site);
                each(*thread, *touched, stands || comes());
            }
        }
    }

    /// The least persistent set with a thread, if it can be told.
    fn persistent(
        &self,
        state: &State<P::Thread>,
        first: ThreadIndex,
        next: &[(ThreadIndex, Words)],
        future: &[(ThreadIndex, Words)],
    ) -> Option<Vec<ThreadIndex>> {
        let mut set = vec![first];
        let mut done = 0;
        while let Some(thread) = set.get(done).copied() {
            done += 1;
            let mut more: Vec<ThreadIndex> = Vec::new();
            match next.iter().find(|(known, _)| *known == thread) {
                Some(_) if self.stands_at_store(state, thread) => {}
                Some((_, words)) if self.has(Rule::WhoMayCome) => {
                    let in_conflict = |theirs: &Words| {
                        theirs.iter().any(|touched| words.iter().any(|word| word.is_in_conflict(*touched)))
                    };
                    let come = next.iter().chain(future).filter(|(_, theirs)| in_conflict(theirs));
                    more.extend(come.map(|(other, _)| *other));
                }
                Some(_) => {}
                None => more.extend(self.who_lets_go(state, thread)?),
            }
            for other in more {
                if !set.contains(&other) {
                    set.push(other);
                }
            }
        }
        Some(set)
    }

    /// Whether a thread stands at a store. That takes its place among all writes of the word, of those to come as well, and
    /// whoever reads later may still return what was there before: nobody need be tried before it (lemma L12).
    fn stands_at_store(&self, state: &State<P::Thread>, thread: ThreadIndex) -> bool {
        match state.threads[thread as usize].pending.as_deref() {
            Some((Operation::Write { .. }, _)) => true,
            Some((Operation::Atomic { .. }, _)) => !self.has(Rule::UpdatesAreNoStores),
            _ => false,
        }
    }

    /// Threads of which some must move before one that has no choice goes on; `None` if they cannot be told.
    fn who_lets_go(&self, state: &State<P::Thread>, thread: ThreadIndex) -> Option<Vec<ThreadIndex>> {
        let block = self.block_of(thread);
        let threads = |blocks: std::ops::Range<u32>| {
            let room = self.threads_of_block();
            (blocks.start * room..blocks.end * room)
                .filter(|other| *other != thread && state.threads[*other as usize].status != Status::Ended)
        };
        match state.threads[thread as usize].status {
            Status::AtBarrier(_) => Some(threads(block..block + 1).collect()),
            Status::Ended => {
                let rank = self.rank_of_block(block);
                let blocks = self.program().shape().blocks;
                Some(threads(rank * blocks..(rank + 1) * blocks).collect())
            }
            _ => None,
        }
    }
}

impl<P: Program> Run<'_, P> {
    /// A thread comes to memory: which ranks come to that of others is learned (lemma L9).
    pub(super) fn note_comer(&mut self, thread: ThreadIndex, at: Location) {
        let machine = self.machine;
        if !machine.forgets() || !machine.has(Rule::OthersMayCome) {
            return;
        }
        let rank = machine.rank_of_block(machine.block_of(thread));
        if !machine.comes_to(rank, at.instance) {
            self.notes.conflicts.others.get_or_insert_default().insert(rank, at.instance);
        }
    }

    /// A thread accesses a word: who may come to contended ones is learned.
    pub(super) fn note_visit(&mut self, thread: ThreadIndex, operation: &Operation, site: SiteIndex) {
        let touched = match operation {
            Operation::Read { at, semantics, .. } | Operation::Await { at, semantics, .. }
                if semantics.order != Order::Weak =>
            {
                Touched::reads(*at)
            }
            Operation::Write { at, semantics, .. } if semantics.order != Order::Weak => {
                Touched { writes: true, ..Touched::reads(*at) }
            }
            Operation::Atomic { at, function, .. } => {
                // Others read the newest message, and come behind it.
                let only_reads = function.operation == AtomicOperation::CompareSwap;
                let in_round = self.state.threads[thread as usize].plan.is_some();
                Touched { looks: only_reads || in_round, writes: true, ..Touched::reads(*at) }
            }
            _ => return,
        };
        self.note_touched(thread, (site, touched));
    }

    /// The same of a word that a thread may read in a wait.
    pub(super) fn note_poll(&mut self, thread: ThreadIndex, (at, order): (Location, Order), site: SiteIndex) {
        if order != Order::Weak {
            self.note_touched(thread, (site, Touched { made: false, ..Touched::reads(at) }));
        }
    }

    fn note_touched(&mut self, thread: ThreadIndex, visit: (SiteIndex, Touched)) {
        let contended = &self.machine.contended;
        if !self.machine.settings.everything
            && contended.slots.contains(&visit.1.key)
            && !contended.visits.contain(thread, visit)
        {
            self.notes.conflicts.visits.insert(thread, visit);
        }
    }
}
