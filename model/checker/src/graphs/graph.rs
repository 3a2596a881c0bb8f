//! An execution graph: events, program order, reads-from, coherence and the order of sc fences, with the relations of
//! the PTX memory consistency model (7.5 and later) that follow from them.
//!
//! Base causality order and the observed writes are kept closed while the graph grows ([`Graph::edge`]), so each question
//! of the axioms is a look at a bit. The names are the ISA's.

use super::bits::Bits;
use super::event::{Act, Actor, Event, INITIAL, Node, Range, Sources};
use super::rule::Rule;
use super::state::Last;
use crate::memory::scope::mutually_inclusive;
use arverify_protocol::ir::Order;
use std::sync::Arc;

/// Writes of one range, in coherence order.
pub(super) type Line = (Range, Arc<Vec<Event>>);

/// A barrier of a block: its joint, and who had arrived behind which events.
pub(super) type Meeting = (Event, Vec<(Actor, Last)>);

/// An execution graph, or a prefix of one.
#[derive(Clone, Debug, Default)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Arc<Node>>,
    pub(super) lines: Vec<Line>,
    /// The order of sc fences: each pair that is morally strong.
    pub(super) fences: Arc<Vec<(Event, Event)>>,
    /// Launches that are over: beginning and end.
    pub(super) launches: Arc<Vec<(Event, Event)>>,
    /// Barriers of blocks, where loads before one are done (`--assume loads=done-at-barrier`).
    pub(super) barriers: Option<Arc<Vec<Meeting>>>,
    /// Writes that have been placed in coherence order, at any time.
    pub(super) placed: usize,
    /// Some thread has acquired what another has released.
    pub(super) acquired: bool,
    /// The rule that a test leaves out.
    pub(super) without: Option<Rule>,
}

/// What precedes an event that is not there yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Past {
    pub(super) before: Bits,
    pub(super) observed: Bits,
}

impl Past {
    /// Whether an event precedes it in causality order.
    pub(super) fn contains(&self, event: Event) -> bool {
        self.before.contains(event) || self.observed.contains(event)
    }
}

impl Graph {
    pub(super) fn has(&self, rule: Rule) -> bool {
        self.without != Some(rule)
    }

    /// What precedes whatever follows these events.
    pub(super) fn past(&self, last: &[Event]) -> Past {
        let mut past = Past::default();
        for event in last {
            let node = &self.nodes[*event];
            past.before.extend(&node.before);
            past.before.insert(*event);
            if self.has(Rule::ObservationInCausality) {
                past.observed.extend(&node.observed);
                past.observed.extend(&node.observes);
            }
        }
        past
    }

    /// Adds an event behind others.
    pub(super) fn add(&mut self, mut node: Node, last: &[Event]) -> Event {
        let past = self.past(last);
        (node.before, node.observed) = (past.before, past.observed);
        self.nodes.push(Arc::new(node));
        self.nodes.len() - 1
    }

    /// One event comes before another in base causality order, and so do all before the one and after the other.
    pub(super) fn edge(&mut self, from: Event, to: Event) {
        if self.nodes[to].before.contains(from) {
            return;
        }
        let past = self.past(&[from]);
        let last = to + 1 == self.nodes.len();
        for index in 0..self.nodes.len() {
            if index == to || !last && self.nodes[index].before.contains(to) {
                let node = Arc::make_mut(&mut self.nodes[index]);
                node.before.extend(&past.before);
                node.observed.extend(&past.observed);
            }
        }
    }

    /// "Causality order": base causality, also after an observation.
    pub(super) fn causes(&self, from: Event, to: Event) -> bool {
        let node = &self.nodes[to];
        node.before.contains(from) || self.has(Rule::ObservationInCausality) && node.observed.contains(from)
    }

    /// "Morally strong operations": in program order, or both strong with scopes that include each other's thread; and
    /// overlapping completely if both access memory.
    pub(super) fn morally_strong(&self, left: Event, right: Event) -> bool {
        let (one, other) = (&*self.nodes[left], &*self.nodes[right]);
        if one.is_memory() && other.is_memory() && one.range != other.range {
            return false;
        }
        if one.precedes(other) || other.precedes(one) {
            return true;
        }
        match (one.scope, other.scope) {
            (Some(scope), Some(also)) => {
                !self.has(Rule::Scopes) || mutually_inclusive(scope, one.placement, also, other.placement)
            }
            _ => !self.has(Rule::Strength) && one.is_memory() && other.is_memory(),
        }
    }

    /// "Release pattern": the events with which those patterns begin that end in a write.
    fn release_starts(&self, write: Event) -> Vec<Event> {
        let ends = &self.nodes[write];
        if !ends.is_strong() {
            return Vec::new();
        }
        let begins = |event: &Event| {
            let node = &self.nodes[*event];
            if *event == write {
                return node.releases();
            }
            if !node.releases() || !node.precedes(ends) {
                return false;
            }
            match node.act {
                Act::Fence => self.has(Rule::ReleaseByFence),
                _ => node.range == ends.range && self.has(Rule::ReleaseBeforeWrite),
            }
        };
        (0..self.nodes.len()).filter(begins).collect()
    }

    /// "Synchronizes", into an event with which an acquire pattern ends that begins with a read.
    fn synchronize(&mut self, read: Event, end: Event) {
        let observed: Vec<Event> = self.nodes[read].observes.iter().collect();
        for write in observed {
            for start in self.release_starts(write) {
                if self.morally_strong(start, end) {
                    self.acquired |= !self.nodes[start].precedes(&self.nodes[end]);
                    self.edge(start, end);
                }
            }
        }
    }

    /// A read has its value: observation order, and what that synchronizes. `publishes`: launches are known to whoever
    /// observes them.
    pub(super) fn resolve(&mut self, read: Event, sources: Sources, publishes: bool) {
        let mut observes = Bits::default();
        let first = sources.first().copied().unwrap_or(INITIAL);
        if first != INITIAL && sources.iter().all(|source| *source == first) && self.morally_strong(first, read) {
            observes.insert(first);
            if let Some(partner) = self.nodes[first].partner.filter(|_| self.has(Rule::ObservationThroughAtomics)) {
                observes.extend(&self.nodes[partner].observes);
            }
        }
        let behind: Vec<Event> =
            (0..self.nodes.len()).filter(|event| self.nodes[*event].before.contains(read)).collect();
        for event in behind {
            Arc::make_mut(&mut self.nodes[event]).observed.extend(&observes);
        }
        let node = Arc::make_mut(&mut self.nodes[read]);
        (node.observes, node.sources) = (observes, sources.clone());
        if publishes {
            self.publish(read, &sources);
        }
        if self.nodes[read].acquires() {
            let node = self.nodes[read].clone();
            let earlier = |event: &Event| {
                let other = &self.nodes[*event];
                let strong = other.is_read() && other.is_strong() && other.range == node.range;
                strong && other.precedes(&node) && self.has(Rule::AcquireAfterRead)
            };
            let reads: Vec<Event> = (0..self.nodes.len()).filter(earlier).chain([read]).collect();
            reads.into_iter().for_each(|begin| self.synchronize(begin, read));
        }
    }

    /// The launches known to the writers of what is read become known to the reader.
    fn publish(&mut self, read: Event, sources: &Sources) {
        for source in sources.clone() {
            if source == INITIAL || !self.nodes[source].is_strong() {
                continue;
            }
            let known: Vec<Event> = self.nodes[source].before.iter().collect();
            for event in known {
                if self.nodes[event].act == Act::Boundary {
                    self.edge(event, read);
                }
            }
        }
    }

    /// A fence synchronizes with what strong reads before it observed.
    pub(super) fn acquire_by_fence(&mut self, fence: Event) {
        if !self.nodes[fence].acquires() || !self.has(Rule::AcquireByFence) {
            return;
        }
        let node = self.nodes[fence].clone();
        let reads: Vec<Event> = (0..self.nodes.len())
            .filter(|event| {
                let other = &self.nodes[*event];
                other.is_read() && other.is_strong() && other.precedes(&node)
            })
            .collect();
        reads.into_iter().for_each(|read| self.synchronize(read, fence));
    }

    /// A read has its value late: what follows it in its thread acquires now.
    pub(super) fn synchronize_later(&mut self, read: Event) {
        let node = self.nodes[read].clone();
        let acquires = |event: &Event| {
            let later = &self.nodes[*event];
            if !node.precedes(later) || !later.acquires() || later.open {
                return false;
            }
            match later.act {
                Act::Fence => self.has(Rule::AcquireByFence),
                Act::Read => later.range == node.range && self.has(Rule::AcquireAfterRead),
                _ => false,
            }
        };
        let ends: Vec<Event> = (0..self.nodes.len()).filter(acquires).collect();
        ends.into_iter().for_each(|end| self.synchronize(read, end));
    }

    /// Any two events that race.
    pub(super) fn any_race(&self) -> Option<(Event, Event)> {
        (0..self.nodes.len()).find_map(|event| self.race(event).map(|other| (other, event)))
    }

    /// The sc fences that are morally strong with one.
    pub(super) fn rivals(&self, fence: Event) -> Vec<Event> {
        let rival = |other: &Event| {
            let node = &self.nodes[*other];
            *other != fence && node.is_fence() && node.order == Order::Sc && self.morally_strong(*other, fence)
        };
        (0..self.nodes.len()).filter(rival).collect()
    }

    /// "Fence-SC": puts a fence behind some of its rivals and before the rest. False if causality goes against it.
    pub(super) fn order_fence(&mut self, fence: Event, rivals: &[Event], earlier: &Bits) -> bool {
        for rival in rivals {
            let (from, to) = if earlier.contains(*rival) { (*rival, fence) } else { (fence, *rival) };
            Arc::make_mut(&mut self.fences).push((from, to));
            self.edge(from, to);
        }
        (0..self.nodes.len()).all(|event| !self.nodes[event].before.contains(event))
    }

    /// The writes of a range in coherence order.
    pub(super) fn line(&self, range: &Range) -> &[Event] {
        self.lines.iter().find(|(known, _)| known == range).map_or(&[], |(_, line)| line)
    }

    /// Puts a write at a place of its line.
    pub(super) fn place(&mut self, write: Event, place: usize) {
        let range = self.nodes[write].range;
        Arc::make_mut(&mut self.nodes[write]).stamp = self.placed;
        self.placed += 1;
        match self.lines.iter_mut().find(|(known, _)| *known == range) {
            Some((_, line)) => Arc::make_mut(line).insert(place, write),
            None => self.lines.push((range, Arc::new(vec![write]))),
        }
    }

    /// Coherence order of two writes that overlap. Those of different ranges are in the order that causality gives them.
    pub(super) fn coherent(&self, from: Event, to: Event) -> bool {
        if from == INITIAL {
            return to != INITIAL;
        }
        if to == INITIAL || from == to {
            return false;
        }
        let range = self.nodes[from].range;
        if range != self.nodes[to].range {
            return self.causes(from, to);
        }
        let line = self.line(&range);
        let place = |event: Event| line.iter().position(|known| *known == event);
        place(from) < place(to)
    }

    /// Writes that overlap a range.
    pub(super) fn writes_to<'g>(&'g self, range: &'g Range) -> impl Iterator<Item = Event> + 'g {
        let nodes = self.nodes.iter().enumerate();
        nodes
            .filter(move |(_, node)| node.is_write() && !node.open && node.range.overlaps(range))
            .map(|(event, _)| event)
    }

    /// An earlier event that a new one races with: a conflict, unordered by causality, not morally strong.
    pub(super) fn race(&self, event: Event) -> Option<Event> {
        let node = &self.nodes[event];
        (0..self.nodes.len()).find(|other| self.races(*other, event, node))
    }

    /// `ld.global.nc`: what it reads is read-only as long as its kernel runs. A write that is neither before the beginning
    /// of that launch nor after its end is none that it may meet, the reader's own ones included.
    fn is_written_during(&self, read: &Node, write: Event) -> bool {
        let Some(begun) = read.during.filter(|_| self.has(Rule::ReadOnlyLoads)) else { return false };
        let ended = |(other, end): &(Event, Event)| *other == begun && self.causes(*end, write);
        !self.causes(write, begun) && !self.launches.iter().any(ended)
    }

    /// "Proxy-preserved base causality order": whether an ordinary write precedes an access of the async proxy, but for a
    /// proxy fence between the two, or the beginning of a launch.
    pub(super) fn is_unfenced(&self, write: Event, access: Event) -> bool {
        let Some(crossing) = self.nodes[access].crossing.filter(|_| self.has(Rule::ProxyFences)) else { return false };
        let earlier = &self.nodes[write];
        if !earlier.is_write() || earlier.by_copy || !self.causes(write, access) {
            return false;
        }
        let fences = |event: &Event| {
            let node = &self.nodes[*event];
            let window = node.window.is_some_and(|(window, home)| window.holds(crossing.memory, home));
            (window || node.act == Act::Boundary) && self.causes(write, *event) && self.causes(*event, access)
        };
        !(0..self.nodes.len()).any(|event| fences(&event))
    }

    fn races(&self, other: Event, event: Event, node: &Node) -> bool {
        let earlier = &self.nodes[other];
        if other == event || !earlier.range.overlaps(&node.range) || !earlier.is_memory() || !node.is_memory() {
            return false;
        }
        if !earlier.is_write() && !node.is_write() {
            return false;
        }
        if !self.has(Rule::StreamRaces)
            && (matches!(earlier.actor, Actor::Stream(_)) || matches!(node.actor, Actor::Stream(_)))
        {
            return false;
        }
        if self.is_written_during(earlier, event) || self.is_written_during(node, other) {
            return true;
        }
        if self.is_unfenced(other, event) || self.is_unfenced(event, other) {
            return true;
        }
        !self.precedes(other, event)
            && !self.precedes(event, other)
            && !self.morally_strong(other, event)
            && !self.is_done_for(other, event)
            && !self.is_done_for(event, other)
    }

    /// Whether an access precedes another in causality order. An atomic is one operation, a read and a write (PTX ISA,
    /// "Operation types"): where its write precedes something, by observation, so does all of it.
    fn precedes(&self, access: Event, other: Event) -> bool {
        let node = &self.nodes[access];
        let write = node.partner.filter(|_| !node.is_write());
        self.causes(access, other) || write.is_some_and(|write| self.causes(write, other))
    }

    /// `--assume loads=done-at-barrier`: a load stands before a barrier of its block, and something behind that has been
    /// observed by whoever writes, directly or through others.
    fn is_done_for(&self, load: Event, write: Event) -> bool {
        let Some(barriers) = self.barriers.as_ref().filter(|_| self.has(Rule::LoadsAreDone)) else { return false };
        let read = &self.nodes[load];
        let by = match read.actor {
            Actor::Thread { thread, launch } | Actor::Copy { thread, launch } => Actor::Thread { thread, launch },
            Actor::Stream(_) | Actor::Joint => return false,
        };
        if !read.is_read() || read.during.is_some() || !self.nodes[write].is_write() {
            return false;
        }
        let before = |last: &Event| *last == load || self.nodes[*last].before.contains(load);
        let stands_before =
            |(_, arrived): &&Meeting| arrived.iter().any(|(who, last)| *who == by && last.iter().any(before));
        let behind: Vec<Event> = barriers.iter().filter(stands_before).map(|(joint, _)| *joint).collect();
        if behind.is_empty() {
            return false;
        }
        let follows = self.followed_by_observation(write);
        behind.into_iter().any(|joint| follows.contains(joint))
    }

    /// What an event follows if every strong write that a strong read returns, and all before it, comes before what follows
    /// the read.
    fn followed_by_observation(&self, event: Event) -> Bits {
        let mut follows = self.nodes[event].before.clone();
        let mut looked = Bits::default();
        loop {
            let strong = |read: &Event| self.nodes[*read].is_read() && self.nodes[*read].is_strong();
            let new: Vec<Event> = follows.iter().filter(|read| strong(read) && !looked.contains(*read)).collect();
            if new.is_empty() {
                return follows;
            }
            for read in new {
                looked.insert(read);
                for source in &self.nodes[read].sources {
                    if *source != INITIAL && self.nodes[*source].is_strong() && self.morally_strong(*source, read) {
                        follows.extend(&self.nodes[*source].before);
                        follows.insert(*source);
                    }
                }
            }
        }
    }
}
