//! Launches: what the stream writes before one, how blocks start and end, and the results checked after it.
//!
//! The stream of a rank is a thread of its own. A launch follows everything the stream did, and the stream follows
//! everything the launch did; so the end of a kernel orders its memory before the rank's next launch. It publishes
//! nothing to peers unless `boundary_publishes` says so.

use super::causality::{join, join_assumed, meets};
use super::event::What;
use super::run::Run;
use super::weak::Accessor;
use super::{Block, Counters, InstanceMemory, Machine, RankState, Rule, State, Status, Thread, Watch};
use crate::memory::assumed::Assumed;
use crate::memory::clock::{Epoch, ThreadIndex, View};
use crate::memory::shadow::{Access, Conflict, Kind, Shadow};
use crate::memory::shared::Shared;
use crate::memory::slot::{Strength, location};
use crate::memory::slots::Slots;
use crate::program::{Coordinates, Instance, Location, Part, Program, Reads, SiteIndex};
use arverify_protocol::ir::Scope;
use smallvec::SmallVec;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// A stream's step at which it writes new inputs; reading the output is the next.
pub(super) const REFRESH: u32 = 1;

/// Phases that a block's launches are apart, at least: how many a launch had is forgotten with it.
const PHASES: u32 = 1 << 12;

/// The phase with which the launch after the one of this phase begins.
pub(super) fn end_of_launch(phase: u32) -> u32 {
    (phase / PHASES + 1) * PHASES
}

/// Under this step of the stream what must not change during its launch is remembered as read.
pub(super) const DURING: u32 = 0;

/// The statement of new inputs: none.
pub(super) const REFRESHED: SiteIndex = SiteIndex(u32::MAX - 1);

/// The statement of reading what nothing is stated of: none.
pub(super) const READ: SiteIndex = SiteIndex(u32::MAX - 2);

/// Something that a stream does around a launch, and what it has seen by then.
pub(super) struct OnStream {
    pub(super) access: Access,
    pub(super) view: View,
    /// Loads that are done, under `--assume loads=done-at-barrier`.
    pub(super) loads: Option<View>,
}

impl<P: Program> Machine<P> {
    /// Before the first launch: memory as it was initialised, nothing started.
    pub(super) fn empty_state(&self) -> State<P::Thread> {
        let shape = self.program().shape();
        let blocks = self.kernel_blocks();
        let beginning = View::initial((blocks + shape.ranks) as usize);
        let threads = (0..blocks * shape.threads)
            .map(|index| {
                let block = index / shape.threads;
                let at = Coordinates {
                    rank: block / shape.blocks,
                    block: block % shape.blocks,
                    thread: index % shape.threads,
                    launch: 0,
                };
                Thread {
                    program: self.program().start(at),
                    view: beginning.clone(),
                    assumed: Assumed::default(),
                    step: 0,
                    before_updates: 0,
                    status: Status::Unstarted,
                    pending: None,
                    order: None,
                    outstanding: Vec::new(),
                    plan: None,
                    way: None,
                    depends: Reads::new(),
                }
                .into()
            })
            .collect();
        let rank = RankState {
            launch: 0,
            stream: beginning,
            stream_phase: 0,
            boundary: None,
            loads: None,
            heard: SmallVec::from_elem(0, shape.ranks as usize),
            hears: SmallVec::from_elem(0, shape.ranks as usize),
            ended_blocks: 0,
            running_blocks: 0,
            done: false,
            outputs: Vec::new(),
            reads: Arc::default(),
        };
        State {
            threads,
            blocks: vec![Block::default().into(); blocks as usize],
            ranks: vec![rank.into(); shape.ranks as usize],
            memory: shape.instances.iter().map(|instance| self.fresh_memory(instance)).collect(),
            slots: Slots::default(),
            fences: Vec::new(),
            proxy_fences: Vec::new(),
            origins: BTreeMap::new(),
            choosing: BTreeSet::new(),
            runnable: VecDeque::new(),
            suspect: None,
            raced: false,
            violation: None,
            unreported: false,
            interrupted: false,
            impossible: false,
            choices: None,
            memo: Vec::new(),
            counters: Counters::default(),
        }
    }

    fn fresh_memory(&self, instance: &Instance) -> InstanceMemory {
        let mut bytes = vec![0; instance.bytes as usize];
        let poison = instance.parts.iter().all(Part::is_poison);
        let mut shadow = Shadow::new(instance.bytes, instance.granule, !poison, self.program().has_sweeps());
        for part in &instance.parts {
            self.fill(part, instance.rank, u32::MAX, &mut bytes);
            if part.is_poison() && !poison {
                shadow.leave_unwritten(part.bytes.clone());
            }
        }
        InstanceMemory { shadow: shadow.into(), bytes: bytes.into(), has_slots: false }
    }

    /// Contents for a launch, in the memory of the instance; `u32::MAX` before the first.
    fn fill(&self, part: &Part, rank: u32, launch: u32, memory: &mut [u8]) {
        let bytes = &mut memory[part.bytes.start as usize..part.bytes.end as usize];
        part.fill(bytes, |element, index| self.program().input(element, part.id, rank, launch, index));
    }
}

impl<P: Program> Run<'_, P> {
    /// The stream refreshes inputs and launches the kernel.
    pub(super) fn begin_launch(&mut self, rank: u32, launch: u32) {
        let machine = self.machine;
        let shape = machine.program().shape();
        self.state.ranks[rank as usize].launch = launch;
        self.forget_the_past(rank);
        self.record_what(machine.block_index(rank, 0) * shape.threads, None, || What::Launch);
        let writer = self.stream_of(rank, REFRESH, REFRESHED);
        if !machine.program().has_calls() && !self.refresh_all(rank, launch, &writer) {
            return;
        }
        let stream_block = machine.kernel_blocks() + rank;
        let state = &mut *self.state.ranks[rank as usize];
        state.stream_phase += 1;
        let phase = state.stream_phase;
        state.stream.complete(stream_block, phase, |thread| machine.block_of(thread));
        let before = state.stream.clone();
        state.boundary = Some(before.clone());
        state.ended_blocks = 0;
        state.running_blocks = 0;
        self.fence_of_launch(writer.access, before);
        let grid = machine.program().grid(rank);
        for block in 0..grid {
            let index = machine.block_index(rank, block);
            let block = &mut *self.state.blocks[index as usize];
            block.started = false;
            block.launches.push(block.phase);
        }
        if grid == 0 {
            return self.end_launch(rank);
        }
        if machine.resident_blocks().is_none_or(|limit| limit >= grid) {
            for block in 0..grid {
                self.start_block(machine.block_index(rank, block));
            }
        }
    }

    /// A launch of a rank has ended: forgets the part of the past that can change nothing any more. Only needed where states
    /// are compared, so that executions which differed in earlier launches meet again.
    fn forget_the_past(&mut self, ended: u32) {
        let machine = self.machine;
        if !machine.forgets() {
            return;
        }
        let State { ranks, slots, memory, fences, proxy_fences, origins, .. } = &mut *self.state;
        // Of those that may still come to an instance; any instance.
        let come = |instance: Option<u32>| {
            let numbered = ranks.iter().enumerate().filter(|(_, rank)| !rank.done);
            numbered.filter(move |(rank, _)| instance.is_none_or(|instance| machine.comes_to(*rank as u32, instance)))
        };
        // What a hang is blamed on is kept where somebody may still hang.
        let done = ranks[ended as usize].done;
        let concerned =
            |instance: u32| machine.comes_to(ended, instance) && (!done || come(Some(instance)).next().is_none());
        let past = |instance: Option<u32>, access: &Access| {
            let block = |access: &Access| machine.block_of(access.epoch.thread);
            let covers = |(_, rank): (usize, &Shared<RankState>)| rank.stream.covers(block(access), access.epoch);
            access.epoch.is_initial() || come(instance).all(covers)
        };
        let seen = |instance: u32, view: &View| {
            let within = |(_, rank): (usize, &Shared<RankState>)| {
                view.is_within(&rank.stream, machine.blocks_of_threads(), |_, _, _| false)
            };
            come(Some(instance)).all(within)
        };
        // What follows a launch on its rank depends on all that the launch has read.
        origins.retain(|(instance, _), _| {
            let is_own = machine.program().shape().instances[*instance as usize].rank == ended;
            !is_own || come(Some(*instance)).any(|(rank, _)| rank as u32 != ended)
        });
        fences.retain(|fence| !past(None, &fence.access));
        // What it has seen precedes every launch that is to come, and that is enough.
        proxy_fences.retain(|fence| !past(None, &fence.access));
        // A fence is ordered by what it held when it was made.
        let told = |access: &Access| {
            let block = machine.block_of(access.epoch.thread);
            fences.iter().all(|fence| fence.release.view.covers(block, access.epoch))
        };
        let kept = |fence: Epoch| fences.iter().any(|known| known.access.epoch == fence);
        for (key, slot) in slots.of_instances_mut(concerned) {
            let instance = location(key).instance;
            slot.forget(|access| past(Some(instance), access), |view| seen(instance, view), told);
        }
        slots.change(|slot| slot.has_fences_but(kept), |_, slot| slot.forget_fences(kept));
        for (instance, memory) in memory.iter_mut().enumerate().filter(|(instance, _)| concerned(*instance as u32)) {
            let past = |access: &Access| past(Some(instance as u32), access);
            if memory.shadow.knows(past) {
                memory.shadow.forget(past);
            }
        }
    }

    /// The machine's own stream of a rank.
    pub(super) fn stream_of(&self, rank: u32, step: u32, site: SiteIndex) -> OnStream {
        let state = &self.state.ranks[rank as usize];
        let epoch = Epoch { thread: self.machine.stream_thread(rank), phase: state.stream_phase, step };
        OnStream { access: Access { epoch, site }, view: state.stream.clone(), loads: state.loads.clone() }
    }

    /// New contents of all inputs of a rank. Returns false after a violation.
    pub(super) fn refresh_all(&mut self, rank: u32, launch: u32, writer: &OnStream) -> bool {
        let instances = self.machine.program().shape().instances.iter().enumerate();
        let mut parts = instances.filter(|(_, instance)| instance.rank == rank).flat_map(|(index, instance)| {
            instance.parts.iter().filter(|part| part.refreshed).map(move |part| (index, part))
        });
        parts.all(|(index, part)| self.refresh(rank, (index as u32, part), launch, writer))
    }

    /// New contents of one part. Returns false after a violation.
    fn refresh(&mut self, rank: u32, (instance, part): (u32, &Part), launch: u32, writer: &OnStream) -> bool {
        let machine = self.machine;
        if part.length() == 0 {
            return true;
        }
        let at = Location { instance, byte: part.bytes.start };
        let written = self.access_of_stream(writer, at, part.length(), Kind::Write);
        machine.fill(part, rank, launch, &mut self.memory_mut(instance).bytes);
        self.overwrite_slots(instance, part.bytes.clone(), writer, launch);
        let Err(conflict) = written else { return true };
        if !machine.has(Rule::RefreshRaces) {
            return true;
        }
        let at = Location { byte: conflict.byte, ..at };
        let mut violation = self.refresh_race(rank, launch, at, conflict.access, conflict.wrote);
        violation.accesses = Some([conflict.access, writer.access]);
        self.fail(violation);
        false
    }

    /// A part is read or written by its owner's stream.
    fn access_of_stream(&mut self, by: &OnStream, at: Location, bytes: u64, kind: Kind) -> Result<bool, Conflict> {
        let machine = self.machine;
        self.note_weakly(at, bytes, kind);
        let State { memory, slots, blocks, .. } = &mut *self.state;
        let by = Accessor { access: by.access, view: &by.view, loads: by.loads.as_ref(), since: None, blocks };
        let memory = &mut memory[at.instance as usize];
        let ordered = by.accesses(machine, memory, slots, (at, bytes), kind)?;
        Ok(self.note_ordered(ordered))
    }

    pub(super) fn start_block(&mut self, block: u32) {
        let machine = self.machine;
        let rank = machine.rank_of_block(block) as usize;
        let (first, threads) = (block * machine.threads_of_block(), machine.threads_in(block));
        self.state.blocks[block as usize].started = true;
        self.state.blocks[block as usize].live = threads;
        self.state.blocks[block as usize].standing.clear();
        self.state.ranks[rank].running_blocks += 1;
        let mut view = self.state.ranks[rank].stream.clone();
        if !machine.has(Rule::LaunchFollowsStream) {
            view = View::initial((machine.kernel_blocks() + machine.program().shape().ranks) as usize);
        }
        let publishes = machine.settings.boundary_publishes && machine.has(Rule::Boundary);
        let boundary = self.state.ranks[rank].boundary.clone().filter(|_| publishes);
        let assumed = Assumed { boundary, loads: self.state.ranks[rank].loads.clone() };
        for index in first..first + threads {
            let coordinates = self.state.coordinates(machine, index);
            let thread = self.thread_mut(index);
            thread.program = machine.program().start(coordinates);
            thread.view = view.clone();
            thread.assumed.clone_from(&assumed);
            thread.order = None;
            thread.plan = None;
            thread.way = None;
            if machine.settings.watch >= Watch::FreeSteps {
                machine.program().follow(&mut thread.program);
            }
            // Operations are numbered anew: the phase tells launches apart.
            thread.step = 0;
            self.make_ready(index);
        }
    }

    /// Shared memory ends with its block, and that of the next launch's is new (PTX ISA, "Shared State Space": its lifetime
    /// is the block's).
    fn renew_shared_memory(&mut self, rank: u32) {
        let shape = self.machine.program().shape();
        let instances = shape.instances.iter().enumerate();
        // Instances of blocks come last.
        let shared = instances.rev().take_while(|(_, instance)| instance.block.is_some());
        for (index, instance) in shared.filter(|(_, instance)| instance.rank == rank) {
            self.state.memory[index] = self.machine.fresh_memory(instance);
            let keys: Vec<u64> =
                self.state.slots.overlapping(index as u32, 0..instance.bytes).map(|(key, _)| key).collect();
            for key in keys {
                self.state.slots.remove(&key);
            }
        }
    }

    /// Shared memory that others may come to, blocks of a cluster or copies, ends with its block, after all that its threads
    /// know of. Returns false after a violation: somebody else may still come to it.
    fn end_shared_memory(&mut self, block: u32, thread: ThreadIndex, site: SiteIndex) -> bool {
        let machine = self.machine;
        let program = machine.program();
        let (rank, first) = (machine.rank_of_block(block), block * machine.threads_of_block());
        let own = block - machine.block_index(rank, 0);
        if !machine.has(Rule::SharedMemoryEnds) || program.cluster_size(rank) == 1 && !program.grows() {
            return true;
        }
        let mut view = self.state.threads[first as usize].view.clone();
        for thread in &self.state.threads[first as usize..(first + machine.threads_in(block)) as usize] {
            join(machine, &self.state.slots, &mut view, &thread.view);
        }
        let own_threads = |thread: ThreadIndex| machine.block_of(thread) == block;
        let epoch = self.epoch(thread);
        let instances = program.shape().instances.iter().enumerate();
        let shared = instances.rev().take_while(|(_, instance)| instance.block.is_some());
        let mut shared = shared.filter(|(_, instance)| instance.rank == rank && instance.block == Some(own));
        let Some((index, instance)) = shared.find(|(_, instance)| instance.is_shared_memory()) else { return true };
        // What its own threads did comes before it.
        let covered = |earlier: &Access| {
            earlier.epoch.is_initial()
                || own_threads(earlier.epoch.thread)
                || view.covers(machine.block_of(earlier.epoch.thread), earlier.epoch)
        };
        let State { memory, slots, .. } = &mut *self.state;
        let found = memory[index].shadow.access(0..instance.bytes, Kind::Write, Access { epoch, site }, &covered);
        let strong = slots.overlapping(index as u32, 0..instance.bytes).find_map(|(key, slot)| {
            let written = slot.messages.iter().map(|message| (message.access, true));
            let read = slot.reads.iter().filter(|read| read.made).map(|read| (read.access, false));
            let (access, wrote) = written.chain(read).find(|(access, _)| !covered(access))?;
            Some(Conflict { access, wrote, byte: location(key).byte })
        });
        let Some(conflict) = found.err().or(strong) else { return true };
        let at = Location { instance: index as u32, byte: conflict.byte };
        let violation = self.outlived(thread, site, at, (conflict.access, conflict.wrote));
        self.fail(violation);
        false
    }

    pub(super) fn exit(&mut self, thread: ThreadIndex, site: SiteIndex) {
        let machine = self.machine;
        self.thread_mut(thread).status = Status::Ended;
        let block = machine.block_of(thread) as usize;
        self.state.blocks[block].live -= 1;
        if self.state.blocks[block].live > 0 {
            return self.complete_without(thread);
        }
        if !self.end_shared_memory(block as u32, thread, site) {
            return;
        }
        // The blocks of the next launch are others, with barriers of their own.
        self.state.blocks[block].meetings.clear();
        self.state.blocks[block].completed.clear();
        let rank = machine.rank_of_block(block as u32);
        let state = &mut self.state.ranks[rank as usize];
        state.ended_blocks += 1;
        state.running_blocks -= 1;
        if state.ended_blocks == machine.program().grid(rank) {
            self.end_launch(rank);
        }
    }

    /// Under the assumption the end of a launch acquires what its strong reads have observed, as a `fence.acq_rel.sys` by
    /// each of its threads would.
    fn acquire_at_end(&mut self, rank: u32) {
        let machine = self.machine;
        if !machine.settings.boundary_publishes || !machine.has(Rule::Boundary) {
            return;
        }
        let first = machine.block_index(rank, 0) * machine.threads_of_block();
        let count = machine.program().grid(rank) * machine.threads_of_block();
        let State { threads, ranks, slots, .. } = &mut *self.state;
        let stream = &mut ranks[rank as usize].stream;
        for thread in first..first + count {
            let strength = Strength { scope: Scope::Sys, placement: machine.placement(thread) };
            let pending = threads[thread as usize].order.iter().flat_map(|order| &order.pending);
            for (_, release) in pending.filter(|(_, release)| meets(release, strength)) {
                join(machine, slots, stream, &release.view);
            }
        }
    }

    fn end_launch(&mut self, rank: u32) {
        self.acquire_at_end(rank);
        self.reads_are_over(rank);
        let machine = self.machine;
        self.record_what(machine.block_index(rank, 0) * machine.threads_of_block(), None, || What::Ended);
        let shape = machine.program().shape();
        let grid = machine.program().grid(rank);
        let State { threads, blocks, ranks, slots, .. } = &mut *self.state;
        let stream = &mut ranks[rank as usize].stream;
        let followed = if machine.has(Rule::StreamFollowsLaunch) { grid } else { 0 };
        for block in 0..followed {
            let block = machine.block_index(rank, block);
            let first = (block * shape.threads) as usize;
            let mut last: Option<&View> = None;
            for thread in &threads[first..first + shape.threads as usize] {
                if last.is_none_or(|last| !last.is_same(&thread.view)) {
                    join(machine, slots, stream, &thread.view);
                }
                last = Some(&thread.view);
            }
            let block_state = &mut blocks[block as usize];
            block_state.phase = end_of_launch(block_state.phase);
            stream.complete(block, block_state.phase, |thread| machine.block_of(thread));
        }
        self.loads_are_done(rank);
        self.forget_observed(rank);
        self.equal_views(rank);
        let state = &mut self.state.ranks[rank as usize];
        state.heard = state.hears.clone();
        let launch = self.state.ranks[rank as usize].launch;
        if !machine.program().has_calls() {
            let reader = self.stream_of(rank, REFRESH + 1, REFRESHED);
            if !self.read_outputs(rank, &reader) {
                return;
            }
            self.check_result(rank, launch);
        }
        if launch + 1 < shape.launches {
            self.begin_launch(rank, launch + 1);
        } else {
            self.state.ranks[rank as usize].done = true;
            self.forget_the_past(rank);
        }
    }

    /// Loads that are done for the threads of a launch are done for what follows on its stream. Of what the stream follows
    /// nothing need be said.
    fn loads_are_done(&mut self, rank: u32) {
        let machine = self.machine;
        if !machine.settings.loads_done {
            return;
        }
        let first = machine.block_index(rank, 0) * machine.threads_of_block();
        let count = machine.program().grid(rank) * machine.threads_of_block();
        let State { threads, ranks, slots, .. } = &mut *self.state;
        let rank = &mut *ranks[rank as usize];
        let mut known = Assumed { boundary: None, loads: rank.loads.take() };
        for thread in &threads[first as usize..(first + count) as usize] {
            let loads = Assumed { boundary: None, loads: thread.assumed.loads.clone() };
            join_assumed(machine, slots, &mut known, &loads);
        }
        known.forget(|view| machine.is_within(slots, view, &rank.stream));
        rank.loads = known.loads;
    }

    /// What the stream has seen whole need not be remembered as observed.
    fn forget_observed(&mut self, rank: u32) {
        let machine = self.machine;
        let State { ranks, slots, .. } = &mut *self.state;
        let stream = &mut ranks[rank as usize].stream;
        let seen = stream.clone();
        stream.forget_observed(|observed| {
            let Some(slot) = slots.get(&observed.slot) else { return false };
            let message = slot.messages.iter().find(|message| message.id == observed.message);
            let covers = |access: &Access| {
                access.epoch.is_initial() || seen.covers(machine.block_of(access.epoch.thread), access.epoch)
            };
            message.is_some_and(|message| covers(&message.access))
        });
    }

    /// Threads that have ended see what their stream sees: it does not matter any more in which order they ended, nor how.
    fn equal_views(&mut self, rank: u32) {
        let machine = self.machine;
        let view = self.state.ranks[rank as usize].stream.clone();
        let first = machine.block_index(rank, 0) * machine.threads_of_block();
        let count = machine.program().grid(rank) * machine.threads_of_block();
        for thread in &mut self.state.threads[first as usize..(first + count) as usize] {
            thread.view = view.clone();
            thread.assumed = Assumed::default();
            thread.order = None;
            thread.depends = Reads::new();
            thread.way = None;
            thread.step = 0;
        }
        if machine.forgets() && !machine.program().ends_are_asked_for() {
            for index in first..first + count {
                let coordinates = self.state.coordinates(machine, index);
                self.thread_mut(index).program = machine.program().start(coordinates);
            }
        }
        self.renew_shared_memory(rank);
    }

    /// Whoever launched the kernel reads its output afterwards, and whatever else it is said to read, in stream order: no
    /// peer may still write it. Returns false after a violation.
    pub(super) fn read_outputs(&mut self, rank: u32, reader: &OnStream) -> bool {
        let machine = self.machine;
        if !machine.has(Rule::OutputIsRead) {
            return true;
        }
        let expected = machine.program().expected();
        let instances = machine.program().shape().instances.iter().enumerate();
        let parts = instances.filter(|(_, instance)| instance.rank == rank).flat_map(|(index, instance)| {
            instance.parts.iter().filter(|part| part.read).map(move |part| (index, part))
        });
        let launch = self.state.ranks[rank as usize].launch;
        for (index, part) in parts {
            let whose = machine.program().part_in(index as u32, part, launch);
            if whose.is_empty() {
                continue;
            }
            let stated = expected.as_ref().filter(|expected| expected.output == part.id);
            let site = stated.map_or(READ, |expected| expected.site);
            let access = Access { site, ..reader.access };
            let reader = OnStream { access, view: reader.view.clone(), loads: None };
            let at = Location { instance: index as u32, byte: whose.start };
            if let Err(conflict) = self.access_of_stream(&reader, at, whose.end - whose.start, Kind::Read) {
                let at = Location { byte: conflict.byte, ..at };
                let mut violation = self.output_race(rank, at, (site, conflict.access));
                violation.accesses = Some([conflict.access, reader.access]);
                self.fail(violation);
                return false;
            }
        }
        true
    }
}
