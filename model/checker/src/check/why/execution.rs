//! One execution as it was recorded, with what relates its events: program order, reads-from, coherence as far as it was
//! recorded, barriers, launches.

use crate::machine::event::{Around, Event, What};
use crate::machine::{Machine, State};
use crate::memory::clock::{Epoch, ThreadIndex};
use crate::memory::scope::{acquires, mutually_inclusive, releases, strong_scope};
use crate::memory::shadow::Access;
use crate::program::{Location, Operation, Program, Width};
use arverify_protocol::ir::{Order, Scope, Semantics};
use arverify_protocol::verdict::Role;
use rustc_hash::{FxHashMap, FxHashSet};

/// Writes of a release sequence that are followed back from a read.
const LONGEST_CHAIN: usize = 64;

/// A recorded execution.
pub(super) struct Execution<'e, P: Program> {
    pub(super) machine: &'e Machine<P>,
    pub(super) events: &'e [Event],
    /// Events of each thread, in program order.
    by_thread: FxHashMap<ThreadIndex, Vec<usize>>,
    /// Where each event stands among those of its thread.
    places: Vec<usize>,
    at_epoch: FxHashMap<Epoch, usize>,
    /// Writes to each word, in the order in which they were recorded.
    writes: FxHashMap<Location, Vec<usize>>,
    /// Threads that are asynchronous copies: they come to no barrier.
    copies: FxHashSet<ThreadIndex>,
    /// Ends of launches, by rank.
    ends: FxHashMap<u32, Vec<usize>>,
}

impl<'e, P: Program> Execution<'e, P> {
    pub(super) fn new(machine: &'e Machine<P>, state: &State<P::Thread>, events: &'e [Event]) -> Execution<'e, P> {
        let mut by_thread: FxHashMap<ThreadIndex, Vec<usize>> = FxHashMap::default();
        let mut at_epoch = FxHashMap::default();
        let mut writes: FxHashMap<Location, Vec<usize>> = FxHashMap::default();
        let mut places = vec![0; events.len()];
        for (index, event) in events.iter().enumerate().filter(|(_, event)| event.is_of_thread()) {
            let own = by_thread.entry(event.thread).or_default();
            places[index] = own.len();
            own.push(index);
            if let What::Operation { operation, .. } = &event.what {
                at_epoch.entry(event.epoch).or_insert(index);
                if let Operation::Write { at, .. } | Operation::Atomic { at, .. } = operation {
                    writes.entry(*at).or_default().push(index);
                }
            }
        }
        let is_copy = |own: &Vec<usize>| {
            let event = &events[own[0]];
            state.name_in(machine, event.thread, event.launch).role == Role::Copy
        };
        let copies = by_thread.iter().filter(|(_, own)| is_copy(own)).map(|(thread, _)| *thread).collect();
        let mut ends: FxHashMap<u32, Vec<usize>> = FxHashMap::default();
        for (index, event) in events.iter().enumerate().filter(|(_, event)| event.what == What::Ended) {
            ends.entry(machine.rank_of(event.thread)).or_default().push(index);
        }
        Execution { machine, events, by_thread, places, at_epoch, writes, copies, ends }
    }

    /// Whether an event is of an asynchronous copy.
    pub(super) fn is_copy(&self, event: usize) -> bool {
        self.copies.contains(&self.events[event].thread)
    }

    /// Whether an event is of a thread that comes to barriers.
    pub(super) fn meets_others(&self, event: usize) -> bool {
        let event = &self.events[event];
        event.is_of_thread() && !self.copies.contains(&event.thread)
    }

    /// Whether it is what a host says of a launch.
    pub(super) fn is_call(&self, event: usize) -> bool {
        matches!(self.operation(event), Some(Operation::Call(_)))
    }

    /// Threads that did something.
    pub(super) fn threads(&self) -> impl Iterator<Item = (ThreadIndex, &[usize])> {
        self.by_thread.iter().map(|(thread, own)| (*thread, &own[..]))
    }

    /// Events of one thread.
    pub(super) fn threads_events(&self, thread: ThreadIndex) -> &[usize] {
        self.by_thread.get(&thread).map_or(&[], |own| own)
    }

    /// The end of the launch that an event belongs to, on its rank.
    pub(super) fn end_of_launch(&self, event: usize) -> Option<usize> {
        let ends = self.ends.get(&self.machine.rank_of(self.events[event].thread))?;
        ends.get(ends.partition_point(|end| *end < event)).copied()
    }

    /// The next event of the same thread.
    pub(super) fn next(&self, event: usize) -> Option<usize> {
        self.own(event).get(self.places[event] + 1).copied()
    }

    /// Events of the same thread before it, the last first.
    pub(super) fn before(&self, event: usize) -> impl Iterator<Item = usize> + '_ {
        self.own(event)[..self.places[event]].iter().rev().copied()
    }

    /// Events of the same thread behind it.
    pub(super) fn behind(&self, event: usize) -> impl Iterator<Item = usize> + '_ {
        self.own(event)[self.places[event] + 1..].iter().copied()
    }

    fn own(&self, event: usize) -> &[usize] {
        &self.by_thread[&self.events[event].thread]
    }

    /// The event of an access: an operation of a thread, or what a rank's stream did.
    pub(super) fn event_of(&self, access: &Access) -> Option<usize> {
        if access.epoch.is_initial() {
            return None;
        }
        if let Some((rank, around)) = self.machine.around(access) {
            let (what, launch) = match around {
                Around::Beginning(launch) => (What::Launch, launch),
                Around::End(launch) => (What::Ended, launch),
            };
            let is_it = |event: &Event| {
                event.what == what && event.launch == launch && self.machine.rank_of(event.thread) == rank
            };
            return self.events.iter().position(is_it);
        }
        self.at_epoch.get(&access.epoch).copied()
    }

    /// The write that a read of a word found: as it was recorded, or for a weak read the last one before it.
    pub(super) fn source_of(&self, read: usize) -> Option<usize> {
        let What::Operation { operation, from, .. } = &self.events[read].what else { return None };
        let at = word_read(operation)?;
        match from {
            Some(from) if from.epoch.is_initial() => None,
            // Of what everybody has passed the step is forgotten.
            Some(from) => self.event_of(from).or_else(|| {
                let writes = self.writes_before(at, read);
                let is_it = |write: &usize| {
                    let event = &self.events[*write];
                    event.thread == from.epoch.thread && event.site == Some(from.site)
                };
                writes.iter().rev().copied().find(is_it)
            }),
            None => self.writes_before(at, read).last().copied(),
        }
    }

    fn writes_before(&self, at: Location, read: usize) -> &[usize] {
        let writes = self.writes.get(&at).map_or(&[][..], |writes| writes);
        &writes[..writes.partition_point(|write| *write < read)]
    }

    /// Writes to a word, in the order in which they were recorded.
    pub(super) fn writes_to(&self, at: Location) -> &[usize] {
        self.writes.get(&at).map_or(&[], |writes| writes)
    }

    /// The writes that a read observes: the one that it found and, through read-modify-writes, those before it (PTX ISA,
    /// "Observation order").
    pub(super) fn observed(&self, read: usize) -> Vec<usize> {
        let mut found = Vec::new();
        let mut at = self.source_of(read);
        while let Some(write) = at.filter(|_| found.len() < LONGEST_CHAIN) {
            found.push(write);
            let is_update = matches!(self.operation(write), Some(Operation::Atomic { .. }));
            at = if is_update { self.source_of(write).filter(|earlier| !found.contains(earlier)) } else { None };
        }
        found
    }

    pub(super) fn operation(&self, event: usize) -> Option<&'e Operation> {
        match &self.events[event].what {
            What::Operation { operation, .. } => Some(operation),
            _ => None,
        }
    }

    /// Order and scope of a strong or weak access to one word, or of a fence.
    pub(super) fn semantics(&self, event: usize) -> Option<Semantics> {
        match self.operation(event)? {
            Operation::Read { semantics, .. }
            | Operation::Write { semantics, .. }
            | Operation::Await { semantics, .. }
            | Operation::Atomic { semantics, .. }
            | Operation::Spin { semantics, .. }
            | Operation::Fence { semantics } => Some(*semantics),
            _ => None,
        }
    }

    pub(super) fn is_weak(&self, event: usize) -> bool {
        self.semantics(event).is_none_or(|semantics| semantics.order == Order::Weak)
    }

    pub(super) fn is_fence(&self, event: usize) -> bool {
        matches!(self.operation(event), Some(Operation::Fence { .. }))
    }

    pub(super) fn releases(&self, event: usize) -> bool {
        self.semantics(event).is_some_and(|semantics| releases(semantics.order))
    }

    pub(super) fn acquires(&self, event: usize) -> bool {
        self.semantics(event).is_some_and(|semantics| acquires(semantics.order))
    }

    /// Its scope; of a weak access the one that it would need.
    pub(super) fn scope(&self, event: usize) -> Scope {
        self.semantics(event).and_then(strong_scope).unwrap_or(Scope::Sys)
    }

    /// Of two operations those whose scope does not include the other's thread.
    pub(super) fn too_narrow(&self, left: usize, right: usize) -> impl Iterator<Item = usize> {
        let place = |event: usize| self.machine.place_of(self.events[event].thread);
        let reaches = |from: usize, to: usize| mutually_inclusive(self.scope(from), place(from), Scope::Sys, place(to));
        let narrow = [(left, right), (right, left)].map(|(from, to)| (from, reaches(from, to)));
        narrow.into_iter().filter(|(_, reaches)| !reaches).map(|(from, _)| from)
    }

    /// The block of an event's thread, numbered over all ranks.
    pub(super) fn block(&self, event: usize) -> u32 {
        self.machine.block_over_all(self.events[event].thread)
    }
}

/// The word that an operation reads.
pub(super) fn word_read(operation: &Operation) -> Option<Location> {
    match operation {
        Operation::Read { at, .. } | Operation::Await { at, .. } | Operation::Atomic { at, .. } => Some(*at),
        _ => None,
    }
}

/// The word that an operation accesses strongly or weakly, with its size.
pub(super) fn word_of(operation: &Operation) -> Option<(Location, Width)> {
    match operation {
        Operation::Read { at, width, .. }
        | Operation::Await { at, width, .. }
        | Operation::Spin { at, width, .. }
        | Operation::Write { at, width, .. }
        | Operation::Atomic { at, width, .. } => Some((*at, *width)),
        _ => None,
    }
}
