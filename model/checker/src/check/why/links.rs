//! The causality order of an execution as a graph, with the links that it lacks.
//!
//! A node says that something precedes an event, in program order or in causality order. Edges are those of the PTX ISA:
//! program order, release and acquire patterns on words that are observed, barriers, launches. An edge that is not there has
//! the *links* that are missing for it: were each of them present, it would be there. So the smallest set of links on a
//! way from one access to another is the nearest miss.

use super::execution::{Execution, word_read};
use crate::machine::event::What;
use crate::memory::clock::ThreadIndex;
use crate::program::{Location, Operation, Program, SiteIndex, mbarrier};
use arverify_protocol::verdict::WhyKind;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// Pairs of statements of a block that are looked at for a meeting that is missing.
const MOST_MEETINGS: usize = 1 << 20;
/// Pairs of a write and a read that are looked at: of an execution with more no cause is told.
const MOST_OBSERVATIONS: usize = 1 << 15;

/// Something that is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) kind: WhyKind,
    /// Where.
    pub(super) event: usize,
    /// What it is seen with: the write that a read finds or does not find, or the read of a write.
    pub(super) other: Option<usize>,
}

/// Indices of links, in ascending order.
pub(super) type Missing = SmallVec<[u16; 3]>;

pub(super) struct Edge {
    pub(super) to: usize,
    pub(super) missing: Missing,
    /// The write and the read by which it is one.
    pub(super) by: Option<(usize, usize)>,
}

/// Accesses that are to be ordered, and what is to be left out.
#[derive(Clone, Copy)]
pub(super) struct Question {
    pub(super) from: usize,
    pub(super) to: usize,
    /// Updates synchronise with what they find. The machine does not hold that of updates which may as well come in another order.
    pub(super) updates_read: bool,
    /// The finding is none under launch-boundary=system.
    pub(super) boundary_helps: bool,
}

pub(super) struct Graph<'x, 'e, P: Program> {
    execution: &'x Execution<'e, P>,
    question: Question,
    pub(super) edges: Vec<Vec<Edge>>,
    pub(super) links: Vec<Link>,
    known: FxHashMap<(WhyKind, Option<SiteIndex>, Option<usize>), u16>,
    observations: usize,
}

impl<'x, 'e, P: Program> Graph<'x, 'e, P> {
    pub(super) fn new(execution: &'x Execution<'e, P>, question: Question) -> Graph<'x, 'e, P> {
        let edges = (0..2 * execution.events.len()).map(|_| Vec::new()).collect();
        let (links, known) = (Vec::new(), FxHashMap::default());
        let mut graph = Graph { execution, question, edges, links, known, observations: 0 };
        graph.program_order();
        graph.barriers_and_launches();
        let reads: Vec<usize> = (0..execution.events.len()).filter(|event| graph.may_observe(*event)).collect();
        for read in &reads {
            for write in execution.observed(*read) {
                graph.observation(write, *read, Missing::new());
            }
            graph.unobserved(*read);
        }
        graph.meetings(&reads);
        graph.too_late(&reads);
        graph
    }

    /// The event of a node; none for one that stands for no event.
    pub(super) fn event(&self, node: usize) -> Option<usize> {
        let count = self.execution.events.len();
        (node < 2 * count).then(|| node % count)
    }

    /// In the second layer: what came before a launch precedes this, under launch-boundary=system.
    fn published(&self, event: usize) -> usize {
        event + self.execution.events.len()
    }

    fn add(&mut self, from: usize, to: usize, missing: Missing) {
        self.add_by(from, to, missing, None);
    }

    fn add_by(&mut self, from: usize, to: usize, mut missing: Missing, by: Option<(usize, usize)>) {
        missing.sort_unstable();
        missing.dedup();
        self.edges[from].push(Edge { to, missing, by });
    }

    /// The same in both layers: nothing is missing.
    fn order(&mut self, from: usize, to: usize) {
        self.add(from, to, Missing::new());
        self.add(self.published(from), self.published(to), Missing::new());
    }

    /// A link, by its kind and statement.
    fn link(&mut self, kind: WhyKind, event: usize, other: Option<usize>) -> u16 {
        let site = self.execution.events[event].site;
        let own = matches!(kind, WhyKind::EarlierSignal | WhyKind::WrongPhase).then_some(other).flatten();
        let next = self.links.len() as u16;
        let index = *self.known.entry((kind, site, own)).or_insert(next);
        if index == next {
            self.links.push(Link { kind, event, other });
        }
        index
    }

    fn program_order(&mut self) {
        for (_, own) in self.execution.threads() {
            for pair in own.windows(2) {
                self.order(pair[0], pair[1]);
            }
        }
    }

    fn barriers_and_launches(&mut self) {
        let execution = self.execution;
        for (index, event) in execution.events.iter().enumerate() {
            match &event.what {
                What::Met(arrivals) => {
                    for (epoch, waits) in arrivals {
                        let own = execution.threads_events(epoch.thread);
                        let arrived = own.partition_point(|event| *event < index);
                        let is_it = |event: &&usize| execution.events[**event].epoch == *epoch;
                        let Some(arrival) = own[..arrived].iter().rev().find(is_it) else { continue };
                        self.order(*arrival, index);
                        if let Some(next) = execution.next(*arrival).filter(|_| *waits) {
                            self.order(index, next);
                        }
                    }
                }
                What::Launch | What::Ended => self.launch(index),
                _ => {}
            }
        }
    }

    /// A launch follows what its stream did, and the stream what the launch did.
    fn launch(&mut self, index: usize) {
        let execution = self.execution;
        let event = &execution.events[index];
        let rank = execution.machine.rank_of(event.thread);
        let begins = event.what == What::Launch;
        let own = execution.threads().filter(|(thread, _)| execution.machine.rank_of(*thread) == rank);
        let own: Vec<&[usize]> = own.map(|(_, own)| own).collect();
        let boundary = begins.then(|| self.link(WhyKind::LaunchBoundary, index, None));
        for own in own {
            let place = own.partition_point(|event| *event < index);
            if let (Some(boundary), Some(first)) = (boundary, own.get(place)) {
                self.add(index, *first, Missing::new());
                let published = self.published(*first);
                self.add(index, published, [boundary].into_iter().collect());
            }
            if let (false, Some(last)) = (begins, place.checked_sub(1).and_then(|last| own.get(last))) {
                self.add(*last, index, Missing::new());
            }
        }
        let is_next = |event: &crate::machine::event::Event| {
            event.what == What::Launch && execution.machine.rank_of(event.thread) == rank
        };
        if let Some(next) = execution.events[index + 1..].iter().position(is_next).filter(|_| !begins) {
            self.add(index, index + 1 + next, Missing::new());
        }
    }

    fn may_observe(&self, event: usize) -> bool {
        match self.execution.operation(event) {
            Some(Operation::Read { .. } | Operation::Await { .. }) => true,
            Some(Operation::Atomic { returns, .. }) => *returns || self.question.updates_read,
            _ => false,
        }
    }

    /// Whether it is not the whole of what is known of the execution.
    pub(super) fn is_cut_off(&self) -> bool {
        self.observations > MOST_OBSERVATIONS
    }

    /// What a read that observes a write gives, and what it would give if both were more.
    fn observation(&mut self, write: usize, read: usize, missing: Missing) {
        let execution = self.execution;
        self.observations += 1;
        let is_one_thread = execution.events[write].thread == execution.events[read].thread;
        if self.is_cut_off() || is_one_thread || execution.operation(write).is_none() {
            return;
        }
        let is_wait = matches!(execution.operation(read), Some(Operation::Await { .. }));
        if execution.is_weak(write) && execution.is_weak(read) && !is_wait {
            return;
        }
        let mut both = missing;
        for access in [write, read].into_iter().filter(|access| execution.is_weak(*access)) {
            both.push(self.link(WhyKind::WeakAccess, access, Some(if access == write { read } else { write })));
        }
        let narrow: SmallVec<[usize; 2]> = execution.too_narrow(write, read).collect();
        for access in narrow {
            both.push(self.link(WhyKind::ScopeTooNarrow, access, Some(if access == write { read } else { write })));
        }
        if both.is_empty() {
            let (from, to) = (self.published(write), self.published(read));
            self.add(from, to, Missing::new());
            self.add(from, read, Missing::new());
        }
        let sources = self.sources(write, read);
        let sinks = self.sinks(write, read);
        for (source, lacks) in &sources {
            for (sink, also) in &sinks {
                let mut missing: Missing = both.iter().chain(lacks).chain(also).copied().collect();
                let narrow: SmallVec<[usize; 2]> = execution.too_narrow(*source, *sink).collect();
                for access in narrow {
                    let other = if access == *source { *sink } else { *source };
                    missing.push(self.link(WhyKind::ScopeTooNarrow, access, Some(other)));
                }
                self.add_by(*source, *sink, missing, Some((write, read)));
            }
        }
    }

    /// First operations of release patterns that end with a write (PTX ISA, "Release and Acquire Patterns"), and the write
    /// itself as one that it lacks.
    fn sources(&mut self, write: usize, read: usize) -> Vec<(usize, Missing)> {
        let execution = self.execution;
        let lacks: Missing = if execution.releases(write) {
            Missing::new()
        } else {
            [self.link(WhyKind::NotReleased, write, Some(read))].into_iter().collect()
        };
        let mut found = vec![(write, lacks)];
        let mut widest = None;
        for event in execution.before(write) {
            let earlier = execution.releases(event) && same_word(execution, event, write);
            if !(execution.is_fence(event) || earlier) {
                continue;
            }
            let scope = execution.scope(event);
            if widest.is_none_or(|widest| scope > widest) {
                widest = Some(scope);
                found.push((event, Missing::new()));
            }
        }
        found
    }

    /// Last operations of acquire patterns that begin with a read, and the read itself as one that it lacks.
    fn sinks(&mut self, write: usize, read: usize) -> Vec<(usize, Missing)> {
        let execution = self.execution;
        let lacks: Missing = if execution.acquires(read) {
            Missing::new()
        } else {
            [self.link(WhyKind::NotAcquired, read, Some(write))].into_iter().collect()
        };
        let mut found = vec![(read, lacks)];
        let mut widest = None;
        for event in execution.behind(read) {
            let later = execution.acquires(event) && same_word(execution, event, read);
            if !(execution.is_fence(event) || later) {
                continue;
            }
            let scope = execution.scope(event);
            if widest.is_none_or(|widest| scope > widest) {
                widest = Some(scope);
                found.push((event, Missing::new()));
            }
        }
        // Under the assumption the end of a launch acquires what its strong reads observed.
        if let Some(end) = execution.end_of_launch(read) {
            found.push((end, [self.link(WhyKind::LaunchBoundary, end, None)].into_iter().collect()));
        }
        found
    }

    /// Later writes that a wait did not need: it took an earlier one.
    fn unobserved(&mut self, read: usize) {
        let execution = self.execution;
        let Some(Operation::Await { at, .. } | Operation::Read { at, .. }) = execution.operation(read) else { return };
        let found = execution.source_of(read);
        let launch = |event: usize| execution.events[event].launch;
        let is_later = |write: &usize| found < Some(*write) && launch(*write) == launch(read);
        let later: Vec<usize> = execution.writes_to(*at).iter().copied().filter(is_later).collect();
        let kind = if self.repeats_phase(read, *at) { WhyKind::WrongPhase } else { WhyKind::EarlierSignal };
        for write in later {
            let link = self.link(kind, read, Some(write));
            self.observation(write, read, [link].into_iter().collect());
        }
    }

    /// Whether a wait finds an mbarrier object in the phase that its thread has found it in before.
    fn repeats_phase(&self, read: usize, at: Location) -> bool {
        let execution = self.execution;
        let phase = |event: usize| match (execution.operation(event)?, &execution.events[event].what) {
            (Operation::Read { at: word, .. } | Operation::Await { at: word, .. }, What::Operation { value, .. }) => {
                value.filter(|_| *word == at).map(|value| mbarrier::phase(value as u64))
            }
            _ => None,
        };
        let is_object = |write: &usize| matches!(execution.operation(*write), Some(Operation::Atomic { function, .. }) if function.kind.is_mbarrier());
        let before = execution.before(read).find_map(phase);
        execution.writes_to(at).iter().any(is_object) && before.is_some() && phase(read) == before
    }

    /// Meetings of a block that are missing: from an access or a read that observes to whatever another thread of the block
    /// does between the same two barriers.
    fn meetings(&mut self, reads: &[usize]) {
        let Question { from, to, .. } = self.question;
        let execution = self.execution;
        let events = execution.events;
        let mut leaves: FxHashMap<(u32, u32), Vec<usize>> = FxHashMap::default();
        for event in (0..events.len()).filter(|event| execution.meets_others(*event)) {
            let signals =
                matches!(execution.operation(event), Some(Operation::Write { .. } | Operation::Atomic { .. }));
            if signals && !execution.is_weak(event) || execution.is_fence(event) {
                leaves.entry((execution.block(event), events[event].epoch.phase)).or_default().push(event);
            }
        }
        let of =
            |event: usize| leaves.get(&(execution.block(event), events[event].epoch.phase)).map_or(&[][..], |own| own);
        let mut hubs: FxHashMap<(ThreadIndex, u32), usize> = FxHashMap::default();
        let mut left = MOST_MEETINGS;
        for event in reads.iter().copied().filter(|event| execution.meets_others(*event)) {
            let thread = events[event].thread;
            let next = self.edges.len();
            let hub = *hubs.entry((thread, events[event].epoch.phase)).or_insert(next);
            if hub == next {
                self.edges.push(Vec::new());
                for leaves in of(event).iter().filter(|leaves| events[**leaves].thread != thread).take(left) {
                    self.add(hub, *leaves, Missing::new());
                    left -= 1;
                }
            }
            let link = self.link(WhyKind::NoBarrier, event, None);
            self.add(event, hub, [link].into_iter().collect());
            self.meeting(event, to);
        }
        for leaves in of(from) {
            self.meeting(from, *leaves);
        }
        self.meeting(from, to);
        self.too_early(from);
    }

    /// A meeting that is missing between two events of a block. If the thread of the one does the other's part itself, in the wrong
    /// order, another meeting is not what is missing.
    fn meeting(&mut self, first: usize, second: usize) {
        let execution = self.execution;
        let [left, right] = [first, second].map(|event| &execution.events[event]);
        let same_phase = execution.block(first) == execution.block(second) && left.epoch.phase == right.epoch.phase;
        let apart = left.thread != right.thread && execution.meets_others(first) && execution.meets_others(second);
        if !(same_phase && apart) {
            return;
        }
        let same = |event: usize, other: &crate::machine::event::Event| {
            execution.events[event].site == other.site && execution.events[event].epoch.phase == other.epoch.phase
        };
        let itself = match second == self.question.to {
            true => execution.behind(second).any(|event| same(event, left)),
            false => execution.before(first).any(|event| same(event, right)),
        };
        if !itself {
            let link = self.link(WhyKind::NoBarrier, first, None);
            self.add(first, second, [link].into_iter().collect());
        }
    }

    /// The last signal of its block before the access, in its launch: had it come behind it, it would announce it.
    fn too_early(&mut self, from: usize) {
        let execution = self.execution;
        let access = &execution.events[from];
        let (same, one_reads) = (execution.events[self.question.to].launch == access.launch, self.one_reads());
        if !(same && one_reads && access.is_of_thread()) || execution.is_call(from) {
            return;
        }
        let signals = |event: &usize| {
            let is_signal =
                matches!(execution.operation(*event), Some(Operation::Write { .. } | Operation::Atomic { .. }));
            is_signal && !execution.is_weak(*event) && self.is_before(*event, from)
        };
        let last = (0..execution.events.len()).rev().find(signals);
        if let Some(signal) = last {
            let link = self.link(WhyKind::SignalledTooEarly, signal, Some(from));
            self.add(from, signal, [link].into_iter().collect());
        }
    }

    /// Waits of its thread behind the access, in its launch: had they come before it, they would guard it.
    fn too_late(&mut self, reads: &[usize]) {
        let execution = self.execution;
        let Question { from, to, .. } = self.question;
        let (first, access) = (&execution.events[from], &execution.events[to]);
        if first.launch != access.launch || !access.is_of_thread() || !self.one_reads() || execution.is_call(to) {
            return;
        }
        let guards = |read: &&usize| self.is_before(to, **read);
        if let Some(read) = reads.iter().find(guards) {
            let link = self.link(WhyKind::WaitedTooLate, *read, Some(to));
            self.add(*read, to, [link].into_iter().collect());
        }
    }
}

impl<P: Program> Graph<'_, '_, P> {
    /// Whether one of the accesses reads: who writes over another's data announces nothing.
    fn one_reads(&self) -> bool {
        let reads = |event: usize| {
            let operation = self.execution.operation(event);
            matches!(
                operation,
                Some(Operation::Load { .. } | Operation::Read { .. } | Operation::Await { .. } | Operation::Bulk(_))
            )
        };
        let accesses = [self.question.from, self.question.to];
        accesses.into_iter().any(reads)
    }

    /// Whether an event comes before another of its block and launch, in program order or with a barrier of the block
    /// between them.
    fn is_before(&self, earlier: usize, later: usize) -> bool {
        let execution = self.execution;
        let [first, second] = [earlier, later].map(|event| &execution.events[event]);
        let (of_one_block, phases) =
            (execution.block(earlier) == execution.block(later), (first.epoch.phase, second.epoch.phase));
        let in_order = phases.0 < phases.1 || first.thread == second.thread && first.epoch < second.epoch;
        of_one_block && first.launch == second.launch && in_order && first.is_of_thread() && second.is_of_thread()
    }
}

fn same_word<P: Program>(execution: &Execution<'_, P>, left: usize, right: usize) -> bool {
    let word = |event: usize| -> Option<Location> {
        match execution.operation(event)? {
            Operation::Write { at, .. } => Some(*at),
            operation => word_read(operation),
        }
    };
    word(left).is_some() && word(left) == word(right)
}
