//! Load buffering: a read that returns a write which comes later in the thread that the read lets go on.
//!
//! PTX allows it between relaxed operations. The machine performs the operations of a thread in order and so never
//! shows it. It would need a circle: somebody reads one slot and then writes the next, and so on round. The machine notes
//! every step that a circle could be made of, and a check whose steps close one that the model may allow (lemma L6) is
//! inconclusive, never verified. The read half of every atomic is a read.
//!
//! A write that depends on a read, by its address, its data, its guard or a branch on the way, makes a step that is not
//! free. Barriers and exchanges hand a thread's reads on to those whom it meets there: what these write then comes after
//! them. It depends on those that the thread's way there depended on, if the barrier orders memory, and on what a value
//! that it was given came from. The end of a launch depends on all its reads.

use super::launch::end_of_launch;
use super::run::Run;
use super::{Arrival, Meeting, Place, Rule, Watch};
use crate::memory::clock::{Epoch, ThreadIndex};
use crate::memory::scope::acquires;
use crate::memory::slot::{Release, Strength, morally_strong};
use crate::program::{Location, Poll, Program, Read, ReadName, Reads, SiteIndex, VectorElement};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A thread read one slot, and then it, or one that it had met, wrote another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReadThenWrite {
    /// The read.
    pub read: ReadName,
    /// The slot written.
    pub written: u64,
    /// By whom.
    pub writer: ThreadIndex,
    /// The statement that writes.
    pub site: SiteIndex,
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

    /// Whether the other step may begin with what this one wrote: what a thread reads of its own is in program order.
    fn leads_to(&self, onwards: &ReadThenWrite) -> bool {
        self.written == onwards.read.slot && self.writer != onwards.read.thread
    }
}

/// The reads that a statement has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct EarlierRead {
    name: ReadName,
    /// How often.
    count: u32,
    /// How many of them others follow, who met its thread.
    handed: u32,
    /// The last one acquires, or a fence of its thread came after it.
    acquires: Option<Strength>,
    /// When the last one was made.
    epoch: Epoch,
}

/// What the way of a thread depends on: of each statement, the last of its reads. Those before it are, too.
pub(super) type Way = BTreeMap<ReadName, u32>;

impl EarlierRead {
    /// The step from this read to a write, which releases nothing yet.
    fn step(
        &self,
        (writer, written, site): (ThreadIndex, u64, SiteIndex),
        (way, depends): (Option<&Way>, &Reads),
        counted: bool,
    ) -> Option<ReadThenWrite> {
        let upto = if self.name.thread == writer { self.count } else { self.handed };
        if upto == 0 {
            return None;
        }
        let known = way.and_then(|way| way.get(&self.name)).copied().unwrap_or(0);
        let last = Read { name: self.name, count: upto };
        let before = if counted { known } else { upto - 1 };
        let free = known < upto && !(before + 1 == upto && depends.binary_search(&last).is_ok());
        let (acquires, releases) = (self.acquires, None);
        Some(ReadThenWrite { read: self.name, written, writer, site, free, acquires, releases })
    }
}

impl<P: Program> Run<'_, P> {
    /// Notes a read: what load buffering begins with.
    pub(super) fn remember_read(
        &mut self,
        thread: ThreadIndex,
        (slot, site): (u64, SiteIndex),
        acquires: Option<Strength>,
        waits: bool,
    ) {
        if self.machine.settings.watch < Watch::FreeSteps {
            return;
        }
        let read = self.count_read(thread, (slot, site), acquires, waits);
        let reader = &mut *self.state.threads[thread as usize];
        self.machine.program().came_from(&mut reader.program, &[read]);
    }

    /// A wait has ended that could have read a word with which it would have ended as well (lemma L2): for the steps of
    /// load buffering it has.
    pub(super) fn might_have_read(&mut self, thread: ThreadIndex, slot: u64, poll: &Poll) {
        if self.machine.settings.watch >= Watch::FreeSteps && self.machine.has(Rule::WaitsMightHaveRead) {
            let strength = self.machine.strength_of(thread, poll.semantics);
            self.count_read(thread, (slot, poll.site), acquires(poll.semantics.order).then_some(strength), true);
        }
    }

    fn count_read(
        &mut self,
        thread: ThreadIndex,
        (slot, site): (u64, SiteIndex),
        acquires: Option<Strength>,
        waits: bool,
    ) -> Read {
        let (name, epoch) = (ReadName { slot, thread, site }, self.epoch(thread));
        let block = self.machine.block_of(thread) as usize;
        let reads = &mut self.state.blocks[block].reads;
        let count = match reads.binary_search_by_key(&name, |read| read.name) {
            Ok(at) => {
                let read = &mut reads[at];
                (read.count, read.acquires, read.epoch) = (read.count + 1, acquires, epoch);
                read.count
            }
            Err(at) => {
                reads.insert(at, EarlierRead { name, count: 1, handed: 0, acquires, epoch });
                1
            }
        };
        if waits {
            self.settle(thread, Read { name, count });
        }
        Read { name, count }
    }

    /// A thread has yielded an operation: what that depends on.
    pub(super) fn note_dependencies(&mut self, thread: ThreadIndex) {
        let standing = &mut *self.state.threads[thread as usize];
        let found = self.machine.program().dependencies(&mut standing.program);
        for read in found.way {
            self.settle(thread, read);
        }
        self.thread_mut(thread).depends = found.operation;
    }

    /// A branch asked for a read. Those before it of the same statement, if no branch asked for them, stay free.
    fn settle(&mut self, thread: ThreadIndex, read: Read) {
        let way = Arc::make_mut(self.thread_mut(thread).way.get_or_insert_default());
        let known = way.entry(read.name).or_insert(0);
        if *known + 1 == read.count {
            *known = read.count;
        }
    }

    /// A fence came behind what a thread has read.
    pub(super) fn reads_are_fenced(&mut self, thread: ThreadIndex, strength: Strength) {
        let block = self.machine.block_of(thread) as usize;
        for read in self.state.blocks[block].reads.iter_mut().filter(|read| read.name.thread == thread) {
            if read.acquires.is_none_or(|known| known.scope < strength.scope) {
                read.acquires = Some(strength);
            }
        }
    }

    /// The steps from earlier reads to a write.
    pub(super) fn note_steps(
        &mut self,
        thread: ThreadIndex,
        (written, site): (u64, SiteIndex),
        releases: &[Release],
        element: VectorElement,
    ) {
        let machine = self.machine;
        let (block, rank) = (machine.block_of(thread), machine.rank_of_block(machine.block_of(thread)));
        let writer = &self.state.threads[thread as usize];
        let to = (thread, written, site);
        let gives = |read: &EarlierRead| {
            let epoch = read.epoch;
            let covers = |release: &&Release| release.view.covers(machine.block_of(epoch.thread), epoch);
            releases.iter().filter(covers).map(|release| release.strength).max_by_key(|strength| strength.scope)
        };
        let (counted, all) = (machine.has(Rule::ReadsAreCounted), machine.settings.watch == Watch::AllSteps);
        let noted =
            |step: &ReadThenWrite| (all || step.free) && (step.read.slot != written || machine.has(Rule::OneWordTwice));
        // In which order the updates of one instruction are made is explored.
        let now = self.epoch(thread);
        let beside = |epoch: Epoch| {
            let is_beside = epoch.step + u32::from(element.index) >= now.step;
            element.count > 1 && is_beside && (epoch.thread, epoch.phase) == (thread, now.phase)
        };
        let own = self.state.blocks[block as usize].reads.iter().filter_map(|read| {
            let read = EarlierRead { count: read.count - u32::from(beside(read.epoch)), ..*read };
            let step = read.step(to, (writer.way.as_deref(), &writer.depends), counted).filter(noted)?;
            Some(ReadThenWrite { releases: gives(&read), ..step })
        });
        // What follows a launch waits for its reads.
        let over = self.state.ranks[rank as usize].reads.iter().filter(|_| all).filter_map(|read| {
            let step = read.step(to, (None, &writer.depends), counted).filter(noted)?;
            Some(ReadThenWrite { free: false, releases: gives(read), ..step })
        });
        self.notes.steps.extend(own.chain(over));
    }

    /// All who meet at a barrier follow what each has read.
    pub(super) fn hand_reads_on(&mut self, block: u32, meeting: &Meeting) {
        if self.machine.settings.watch < Watch::FreeSteps {
            return;
        }
        let reads = &mut self.state.blocks[block as usize].reads;
        let handed = self.machine.has(Rule::MeetingsHandReadsOn);
        for read in reads.iter_mut().filter(|_| handed) {
            if meeting.arrived.iter().any(|arrival| arrival.thread == read.name.thread) {
                read.handed = read.count;
            }
        }
        if matches!(meeting.place, Place::Lanes { exchanges: true, .. }) {
            return;
        }
        let mut all: Option<Arc<Way>> = None;
        for arrival in &meeting.arrived {
            let way = self.way_of(arrival);
            all = match (all, way) {
                (Some(all), Some(way)) if !Arc::ptr_eq(&all, &way) => Some(join(all, &way)),
                (all, way) => all.or(way),
            };
        }
        for arrival in meeting.arrived.iter().filter(|arrival| arrival.arrived_with.is_none()) {
            self.thread_mut(arrival.thread).way.clone_from(&all);
        }
    }

    fn way_of(&self, arrival: &Arrival) -> Option<Arc<Way>> {
        match &arrival.arrived_with {
            Some(with) => with.way.clone(),
            None => self.state.threads[arrival.thread as usize].way.clone(),
        }
    }

    /// What threads gave at a barrier came from reads.
    pub(super) fn hand_out_origins(&mut self, meeting: &Meeting) {
        if self.machine.settings.watch < Watch::FreeSteps {
            return;
        }
        let room = self.machine.threads_of_block();
        let given = meeting.arrived.iter().filter(|arrival| arrival.gives.is_some());
        let brought: Vec<(u32, Reads)> =
            given.map(|arrival| (arrival.thread % room, arrival.depends.clone())).collect();
        for arrival in meeting.arrived.iter().filter(|arrival| arrival.arrived_with.is_none()) {
            let coordinates = self.state.coordinates(self.machine, arrival.thread);
            let thread = &mut self.state.threads[arrival.thread as usize].program;
            self.machine.program().gathered_from(coordinates, thread, &brought);
        }
    }

    /// A launch has ended: whatever its rank does from now on follows, and waits for, all that it has read.
    pub(super) fn reads_are_over(&mut self, rank: u32) {
        if self.machine.settings.watch < Watch::FreeSteps {
            return;
        }
        let machine = self.machine;
        let mut over: BTreeMap<ReadName, EarlierRead> =
            self.state.ranks[rank as usize].reads.iter().map(|read| (read.name, *read)).collect();
        for block in 0..machine.program().grid(rank) {
            let block = &mut self.state.blocks[machine.block_index(rank, block) as usize];
            let phase = end_of_launch(block.phase) - 1;
            let reads = std::mem::take(&mut block.reads);
            for read in reads.into_iter().filter(|_| machine.has(Rule::LaunchesHandReadsOn)) {
                let (count, handed) = (1, 1);
                let known = over.entry(read.name).or_insert(EarlierRead { count, handed, ..read });
                // How far its launch had come is forgotten with that.
                known.epoch = Epoch { phase, step: 0, ..read.epoch };
                known.acquires = known.acquires.min(read.acquires);
            }
        }
        self.state.ranks[rank as usize].reads = Arc::new(over.into_values().collect());
    }

    /// What a thread stores weakly depends on reads.
    pub(super) fn store_origins(&mut self, thread: ThreadIndex, at: Location, bytes: u64) {
        let depends = std::mem::take(&mut self.thread_mut(thread).depends);
        if !depends.is_empty() {
            self.state.origins.insert((at.instance, at.byte), (bytes, depends));
        }
    }

    /// What memory holds comes from elsewhere now.
    pub(super) fn forget_origins(&mut self, instance: u32, range: &std::ops::Range<u64>) {
        if !self.state.origins.is_empty() && self.machine.has(Rule::OriginsAreOverwritten) {
            self.state.origins.retain(|(known, byte), (bytes, _)| {
                *known != instance || *byte >= range.end || *byte + *bytes <= range.start
            });
        }
    }

    /// What a thread has loaded weakly comes from where it was stored from, if it was stored as it was loaded.
    pub(super) fn load_origins(&mut self, thread: ThreadIndex, at: Location, bytes: u64) {
        if let Some((stored, reads)) = self.state.origins.get(&(at.instance, at.byte))
            && *stored == bytes
        {
            let reader = &mut self.state.threads[thread as usize].program;
            self.machine.program().came_from(reader, reads);
        }
    }
}

/// Ways of several threads.
fn join(mut into: Arc<Way>, other: &Way) -> Arc<Way> {
    let way = Arc::make_mut(&mut into);
    for (name, count) in other {
        let known = way.entry(*name).or_insert(0);
        *known = (*known).max(*count);
    }
    into
}

/// Edges of a circle that do not synchronise: with one alone the read would follow, in causality order, the write that it
/// returns (PTX ISA, "Causality" axiom).
const OPEN_EDGES: u8 = 2;

/// Steps that a search for a circle may take; beyond, a circle counts that comes to one thread twice.
const SEARCHED: usize = 200_000;

/// A circle that the model may allow: with a free step (no thin air), through more than one word (coherence), and with at
/// least two edges, from one step's write to the next one's read, that do not synchronise.
/// One of its reads returns a write that the machine performs only later: so that write must not follow the read in
/// causality order, and the pair was met, `overtaken`.
///
/// No thread is in it twice: of two of its reads, one comes before the other, and so before what follows that.
pub fn circle(
    steps: &FxHashSet<ReadThenWrite>,
    overtaken: &FxHashSet<(u64, ThreadIndex)>,
) -> Option<Vec<ReadThenWrite>> {
    if !begins_circle(steps, overtaken) {
        return None;
    }
    // The same step from other statements says nothing new.
    let mut distinct: BTreeMap<ReadThenWrite, ReadThenWrite> = BTreeMap::new();
    for step in steps {
        let read = ReadName { site: SiteIndex(0), ..step.read };
        let known = distinct.entry(ReadThenWrite { read, site: SiteIndex(0), ..*step }).or_insert(*step);
        *known = *step.min(known);
    }
    let mut steps: Vec<ReadThenWrite> = distinct.into_values().collect();
    // What leads nowhere, and what nothing leads to, is in no circle.
    loop {
        let read: FxHashSet<u64> = steps.iter().map(|step| step.read.slot).collect();
        let written: FxHashSet<u64> = steps.iter().map(|step| step.written).collect();
        let before = steps.len();
        steps.retain(|step| read.contains(&step.written) && written.contains(&step.read.slot));
        if steps.len() == before {
            break;
        }
    }
    let mut by_slot: FxHashMap<u64, Vec<usize>> = FxHashMap::default();
    for (index, step) in steps.iter().enumerate() {
        by_slot.entry(step.read.slot).or_default().push(index);
    }
    let mut search = Circles { steps: &steps, by_slot, budget: SEARCHED };
    (0..steps.len()).filter(|index| begins(&steps[*index], overtaken)).find_map(|first| search.from(first))
}

/// Whether a circle could begin with some step.
pub fn begins_circle(steps: &FxHashSet<ReadThenWrite>, overtaken: &FxHashSet<(u64, ThreadIndex)>) -> bool {
    steps.iter().any(|step| begins(step, overtaken))
}

/// Whether a circle may begin with a step: it is free, and its read may return a write that was made only later.
fn begins(step: &ReadThenWrite, overtaken: &FxHashSet<(u64, ThreadIndex)>) -> bool {
    step.free && overtaken.contains(&(step.read.slot, step.read.thread))
}

/// The steps that circles can be made of.
struct Circles<'s> {
    steps: &'s [ReadThenWrite],
    by_slot: FxHashMap<u64, Vec<usize>>,
    budget: usize,
}

impl Circles<'_> {
    /// The steps that may follow one.
    fn onwards(&self, index: usize) -> impl Iterator<Item = usize> {
        let step = &self.steps[index];
        let next = self.by_slot.get(&step.written).into_iter().flatten().copied();
        next.filter(|other| step.leads_to(&self.steps[*other]))
    }

    /// Whether an edge does not synchronise.
    fn is_open(&self, step: usize, onwards: usize) -> bool {
        !self.steps[step].synchronises_with(&self.steps[onwards])
    }

    /// A circle that begins with a step.
    fn from(&mut self, first: usize) -> Option<Vec<ReadThenWrite>> {
        let found = self.walk(first)?;
        let mut way = vec![first];
        match self.circle_without_repetition(&mut way, 0) {
            Some(true) => Some(way.iter().map(|index| self.steps[*index]).collect()),
            Some(false) => None,
            None => Some(found),
        }
    }

    /// One that may come to a thread twice: where there is none, there is none of the others.
    fn walk(&self, first: usize) -> Option<Vec<ReadThenWrite>> {
        // Steps reached, how many edges on the way there were open, and from where they were.
        let mut reached: Vec<(usize, u8, usize)> = vec![(first, 0, 0)];
        let mut known: FxHashSet<(usize, u8)> = FxHashSet::default();
        let mut next = 0;
        while let Some((index, open, _)) = reached.get(next).copied() {
            for other in self.onwards(index) {
                let open = (open + u8::from(self.is_open(index, other))).min(OPEN_EDGES);
                if other == first && open == OPEN_EDGES {
                    let mut way = vec![self.steps[index]];
                    let mut at = next;
                    while at > 0 {
                        at = reached[at].2;
                        way.push(self.steps[reached[at].0]);
                    }
                    way.reverse();
                    return Some(way);
                }
                if other != first && known.insert((other, open)) {
                    reached.push((other, open, next));
                }
            }
            next += 1;
        }
        None
    }

    /// Whether a way can be closed to a circle; `None` if that takes too long to say.
    fn circle_without_repetition(&mut self, way: &mut Vec<usize>, open: u8) -> Option<bool> {
        self.budget = self.budget.checked_sub(1)?;
        let (first, last) = (way[0], way[way.len() - 1]);
        let next: SmallVec<[usize; 8]> = self.onwards(last).collect();
        for other in next {
            let open = open + u8::from(self.is_open(last, other));
            if other == first {
                let slot = self.steps[first].read.slot;
                if open >= OPEN_EDGES && way.iter().any(|index| self.steps[*index].read.slot != slot) {
                    return Some(true);
                }
                continue;
            }
            let reader = self.steps[other].read.thread;
            if way.iter().any(|index| self.steps[*index].read.thread == reader) {
                continue;
            }
            way.push(other);
            if self.circle_without_repetition(way, open)? {
                return Some(true);
            }
            way.pop();
        }
        Some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::scope::Placement;
    use crate::program::origins::add_reads;
    use arverify_protocol::ir::Scope;

    const SYS: Strength = Strength { scope: Scope::Sys, placement: Placement { block: 0, cluster: 0, device: 0 } };

    fn step(thread: u32, slot: u64, written: u64, free: bool, synchronises: bool) -> ReadThenWrite {
        let strength = synchronises.then_some(SYS);
        let read = ReadName { slot, thread, site: SiteIndex(0) };
        let (acquires, releases) = (strength, strength);
        ReadThenWrite { read, written, writer: thread, site: SiteIndex(1), free, acquires, releases }
    }

    fn closes(steps: &[ReadThenWrite]) -> bool {
        let overtaken = steps.iter().map(|step| (step.read.slot, step.read.thread)).collect();
        circle(&steps.iter().copied().collect(), &overtaken).is_some()
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
        // Circles of one word are forbidden by coherence.
        assert!(!closes(&[step(0, 1, 1, true, false), step(1, 1, 1, true, false)]));
        assert!(closes(&[step(0, 1, 1, true, false), step(1, 1, 2, false, false), step(2, 2, 1, false, false)]));
        // What a thread reads of its own write is no edge.
        assert!(!closes(&[step(0, 1, 2, true, false), step(0, 2, 1, true, false)]));
    }

    #[test]
    fn no_thread_is_in_a_circle_twice() {
        // Of two rounds through two threads each has an edge that synchronises: so has what is left of the longer way.
        let sends = |read: u64| ReadThenWrite { acquires: (read == 3).then_some(SYS), ..step(0, read, 2, true, false) };
        let back = |written: u64| ReadThenWrite { releases: Some(SYS), ..step(1, 2, written, false, false) };
        assert!(!closes(&[sends(3), back(3)]));
        assert!(closes(&[sends(3), back(3), sends(1), back(1)]) == closes(&[sends(1), back(1)]));
        assert!(!closes(&[sends(3), back(3), step(0, 3, 4, true, false), step(1, 4, 5, true, false)]));
    }

    #[test]
    fn waits_alone_and_synchronising_steps_alone_are_forbidden() {
        assert!(!closes(&[step(0, 1, 2, false, false), step(1, 2, 1, false, false)]));
        assert!(!closes(&[step(0, 1, 2, true, true), step(1, 2, 1, true, true)]));
    }

    #[test]
    fn a_read_is_free_until_it_is_asked_for() {
        let name = ReadName { slot: 1, thread: 0, site: SiteIndex(0) };
        let epoch = Epoch { thread: 0, phase: 0, step: 1 };
        let read = EarlierRead { name, count: 2, handed: 1, acquires: None, epoch };
        let free = |writer: u32, way: &[u32], depends: &[u32]| {
            let way: Way = way.iter().map(|count| (name, *count)).collect();
            let mut reads = Reads::new();
            depends.iter().for_each(|count| add_reads(&mut reads, &[Read { name, count: *count }]));
            read.step((writer, 2, SiteIndex(1)), (Some(&way), &reads), true).is_some_and(|step| step.free)
        };
        assert!(free(0, &[], &[]) && free(0, &[1], &[]) && !free(0, &[2], &[]));
        // Data comes from one of the reads, and says nothing of the other.
        assert!(free(0, &[], &[2]) && !free(0, &[1], &[2]) && free(0, &[1], &[1]));
        // Another thread follows only what was handed on.
        assert!(free(1, &[], &[]) && !free(1, &[1], &[]) && !free(1, &[], &[1]));
    }
}
