//! Weak accesses, copies and data phases: never a choice.
//!
//! Where nothing races, everything that a weak read could return is ordered with it, and each byte is that of the last
//! write before it. A copy on a pipe follows what preceded its start and precedes what follows its finish; so its events
//! are given those neighbours, and no place in the program order of its thread.

use super::event::{Act, Actor, Event, INITIAL, Node, Range};
use super::search::{Search, Step, Stop, Who};
use super::state::{Last, State, Status};
use super::step::WEAK;
use super::words;
use crate::program::{Bulk, Location, Program, SiteIndex};
use arverify_protocol::verdict::Code;
use std::sync::Arc;

impl<P: Program> Search<'_, P> {
    /// The bytes that reads from some events bring, and the first that nobody wrote.
    pub(super) fn bytes(&self, state: &State<P::Thread>, range: &Range, sources: &[Event]) -> (Vec<u8>, Option<u64>) {
        let instance = range.space.instance as usize;
        let poison = |byte: u64| self.field.program.shape().instances[instance].part(byte).is_poison();
        let mut unwritten = None;
        let bytes = sources.iter().enumerate().map(|(offset, source)| {
            let byte = range.from + offset as u64;
            if *source == INITIAL {
                unwritten = unwritten.or(poison(byte).then_some(byte));
                return self.initial[instance][byte as usize];
            }
            let node = &state.graph.nodes[*source];
            if node.untold {
                self.blind.set(true);
            }
            node.data[(byte - node.range.from) as usize]
        });
        (bytes.collect(), unwritten)
    }

    /// The bytes that a weak read returns.
    pub(super) fn seen(&self, state: &State<P::Thread>, event: Event) -> (Vec<u8>, Option<u64>) {
        let range = state.graph.nodes[event].range;
        let before: Vec<Event> =
            state.graph.writes_to(&range).filter(|write| state.graph.causes(*write, event)).collect();
        let sources = state.graph.latest(&range, &before);
        self.bytes(state, &range, &sources)
    }

    /// Adds a weak read, whose value is wanted.
    fn read_event(
        &self,
        state: &mut State<P::Thread>,
        thread: usize,
        (node, last): (Node, &[Event]),
    ) -> Result<(Event, Vec<u8>), Stop> {
        let (range, site) = (node.range, node.site);
        let event = state.graph.add(node, last);
        self.check_race(state, event)?;
        let (bytes, unwritten) = self.seen(state, event);
        if let Some(from) = unwritten {
            let found = words::unwritten(self, state, Some((thread, site)), Range { from, ..range });
            self.suspect(state, found);
        }
        Ok((event, bytes))
    }

    pub(super) fn weak_read(
        &self,
        state: &mut State<P::Thread>,
        thread: usize,
        range: Range,
        site: SiteIndex,
    ) -> Result<Vec<u8>, Stop> {
        let last = self.preceding(state, thread, site);
        let mut node = self.node(state, Who::Thread(thread), (Act::Read, range), WEAK, site);
        if self.field.program.is_non_coherent(site) {
            let rank = state.threads[thread].at.rank;
            node.during = Some(state.streams[rank as usize].begun);
        }
        let (event, bytes) = self.read_event(state, thread, (node, &last))?;
        self.follows(state, thread, event, site);
        Ok(bytes)
    }

    pub(super) fn weak_write(
        &mut self,
        state: &mut State<P::Thread>,
        thread: usize,
        range: Range,
        data: Arc<[u8]>,
        site: SiteIndex,
    ) -> Step<P::Thread> {
        let last = self.preceding(state, thread, site);
        let node = self.node(state, Who::Thread(thread), (Act::Write, range), WEAK, site);
        let event = self.write_event(state, Node { data, ..node }, &last)?;
        self.follows(state, thread, event, site);
        state.effect(thread);
        Ok(None)
    }

    /// Adds a weak write: behind all that precedes it, for anything else races with it.
    pub(super) fn write_event(
        &mut self,
        state: &mut State<P::Thread>,
        node: Node,
        last: &[Event],
    ) -> Result<Event, Stop> {
        let range = node.range;
        let event = state.graph.add(node, last);
        self.check_race(state, event)?;
        let past = super::graph::Past {
            before: state.graph.nodes[event].before.clone(),
            observed: state.graph.nodes[event].observed.clone(),
        };
        let place = state.graph.places(&range, &past, None).last().copied().unwrap_or(0);
        state.graph.place(event, place);
        self.remember(state, event);
        Ok(event)
    }

    /// The shared memory of a block of a cluster ends with its last thread: a write of all of it, after all that its threads
    /// did, which whoever still comes to it races with.
    pub(super) fn end_shared_memory(
        &mut self,
        state: &mut State<P::Thread>,
        thread: usize,
        site: SiteIndex,
    ) -> Result<(), Stop> {
        let program = self.field.program;
        let at = state.threads[thread].at;
        let threads = self.field.of_block(self.field.block_of(thread));
        let lives = |thread: usize| !matches!(state.threads[thread].status, Status::Ended);
        if threads.clone().any(lives) || program.cluster_size(at.rank) == 1 && !program.grows() {
            return Ok(());
        }
        let mut last = self.preceding(state, thread, site);
        for other in threads {
            for event in &state.threads[other].last {
                if !last.contains(event) {
                    last.push(*event);
                }
            }
        }
        let shared = program.shape().instances.iter().position(|instance| {
            instance.is_shared_memory() && (instance.rank, instance.block) == (at.rank, Some(at.block))
        });
        let Some(index) = shared else { return Ok(()) };
        let bytes = program.shape().instances[index].bytes;
        let range = Range { space: self.field.space(index as u32, at.launch), from: 0, to: bytes };
        let node = self.node(state, Who::Thread(thread), (Act::Write, range), WEAK, site);
        let data = vec![0; bytes as usize].into();
        let event = self.write_event(state, Node { data, ..node }, &last)?;
        self.follows(state, thread, event, site);
        Ok(())
    }

    /// Reads of several ranges, and a write of what comes of them.
    pub(super) fn bulk(
        &mut self,
        state: &mut State<P::Thread>,
        thread: usize,
        bulk: &Bulk,
        site: SiteIndex,
    ) -> Step<P::Thread> {
        let copy = bulk.pipe.and_then(|_| state.threads[thread].copies.len().checked_sub(1));
        let (site, mut last) = match copy {
            Some(copy) => {
                let (_, site, last, _) = &state.threads[thread].copies[copy];
                (*site, last.clone())
            }
            None => (site, self.preceding(state, thread, site)),
        };
        let own = |node: Node| match node.actor {
            Actor::Thread { thread, launch } if copy.is_some() => {
                Node { actor: Actor::Copy { thread, launch }, ..node }
            }
            _ => node,
        };
        let mut sources: Vec<Vec<u8>> = Vec::new();
        let mut reads = Last::new();
        for source in &bulk.sources {
            let range = self.bulk_range(state, thread, bulk, *source, site)?;
            let node = own(self.node(state, Who::Thread(thread), (Act::Read, range), WEAK, site));
            let (event, bytes) = self.read_event(state, thread, (node, &last))?;
            sources.push(bytes);
            reads.push(event);
            self.count_peer(state, thread, source.instance);
        }
        if !reads.is_empty() {
            last = reads.clone();
        }
        let range = self.bulk_range(state, thread, bulk, bulk.destination, site)?;
        let node = own(self.node(state, Who::Thread(thread), (Act::Write, range), WEAK, site));
        let node = Node { data: combined(bulk, &sources).into(), position: node.position + 1, ..node };
        let write = self.write_event(state, node, &last)?;
        self.count_peer(state, thread, bulk.destination.instance);
        state.effect(thread);
        let runner = Arc::make_mut(&mut state.threads[thread]);
        match copy {
            Some(copy) => runner.copies[copy].3.push(write),
            None => runner.last = Last::from_slice(&[write]),
        }
        Ok(None)
    }

    fn count_peer(&self, state: &mut State<P::Thread>, thread: usize, instance: u32) {
        let rank = self.field.program.shape().instances[instance as usize].rank;
        state.peer_accesses += u64::from(rank != state.threads[thread].at.rank);
    }

    fn bulk_range(
        &self,
        state: &State<P::Thread>,
        thread: usize,
        bulk: &Bulk,
        at: Location,
        site: SiteIndex,
    ) -> Result<Range, Stop> {
        let bytes = u64::from(bulk.bytes);
        let align = if bulk.vector { bytes.next_power_of_two() } else { u64::from(bulk.data.bytes()) };
        self.in_bounds(state, thread, at, (bytes, align), site)
    }

    pub(super) fn start_copy(
        &mut self,
        state: &mut State<P::Thread>,
        thread: usize,
        pipe: u32,
        capacity: u32,
        site: SiteIndex,
    ) -> Step<P::Thread> {
        let runner = Arc::make_mut(&mut state.threads[thread]);
        let outstanding = runner.copies.iter().filter(|copy| copy.0 == pipe).count();
        if outstanding >= capacity as usize {
            let name = self.field.program.pipe_name(pipe);
            let message = format!(
                "a copy is started on pipe `{name}`, which holds {capacity}, while {outstanding} are outstanding"
            );
            let found = words::of_thread(self, state, (Code::Hazard, message), thread, site);
            return Err(Stop::Found(Box::new(found)));
        }
        let last = runner.last.clone();
        runner.copies.push((pipe, site, last, Vec::new()));
        Ok(None)
    }

    /// The oldest copies of a pipe are waited for.
    pub(super) fn finish_copies(&mut self, state: &mut State<P::Thread>, thread: usize, pipe: u32, remaining: u32) {
        let runner = Arc::make_mut(&mut state.threads[thread]);
        while runner.copies.iter().filter(|copy| copy.0 == pipe).count() > remaining as usize {
            let Some(oldest) = runner.copies.iter().position(|copy| copy.0 == pipe) else { break };
            let (_, _, _, events) = runner.copies.remove(oldest);
            self.covered.waits += u64::from(!events.is_empty());
            runner.last.extend(events);
        }
    }
}

/// The values of a data phase.
fn combined(bulk: &Bulk, sources: &[Vec<u8>]) -> Vec<u8> {
    let Some(operation) = bulk.fold else {
        return sources.first().cloned().unwrap_or_else(|| vec![0; bulk.bytes as usize]);
    };
    let mut result = vec![0; bulk.bytes as usize];
    for offset in (0..bulk.bytes as usize).step_by(bulk.data.bytes() as usize) {
        let elements = sources.iter().map(|source| bulk.data.read(&source[offset..]));
        let total = bulk.data.fold(operation, bulk.accumulate, elements);
        bulk.data.write(total, &mut result[offset..]);
    }
    result
}
