//! Weak accesses: bounds, races, values. They are never a choice point.
//!
//! Decision: one path for all of them, whoever makes them: threads, copies on a pipe, and the owner's stream, which
//! writes new inputs and reads what a launch has left. Each is compared with weak accesses (the shadow) and with strong
//! ones (the slots), and a write is what later strong reads find.

use super::launch::{DURING, OnStream};
use super::pipe::Since;
use super::run::{Progress, Run};
use super::{Block, InstanceMemory, Machine, Rule, State, Status};
use crate::memory::clock::{ThreadIndex, View};
use crate::memory::shadow::{Access, Conflict, Kind, WithLoads};
use crate::memory::shared::Shared;
use crate::memory::slot::{Message, Slot, Strength, location};
use crate::memory::slots::Slots;
use crate::program::{Bulk, Coordinates, Location, Operation, Program, SiteIndex, Width, Word};
use smallvec::SmallVec;
use std::cell::Cell;
use std::ops::Range;

/// Who makes a weak access, and what precedes it.
pub(super) struct Accessor<'a> {
    pub(super) access: Access,
    pub(super) view: &'a View,
    /// Loads that are done, under `--assume loads=done-at-barrier`: a write follows them.
    pub(super) loads: Option<&'a View>,
    /// For a copy that was started at an earlier point.
    pub(super) since: Option<&'a Since>,
    /// Of all ranks, for what tells races apart.
    pub(super) blocks: &'a [Shared<Block>],
}

/// A weak access that is ordered with all before it.
pub(super) struct Ordered {
    /// Every byte had been written.
    pub(super) written: bool,
    /// Words that it follows only because a strong write of them was observed: which, is explored.
    pub(super) observed: SmallVec<[u64; 1]>,
    /// It is not ordered with all before it: a race is set aside.
    pub(super) raced: bool,
}

impl Accessor<'_> {
    /// Compares an access with all earlier ones that it must be ordered with, weak and strong, and remembers it.
    pub(super) fn accesses<P: Program>(
        &self,
        machine: &Machine<P>,
        memory: &mut InstanceMemory,
        slots: &Slots,
        (at, bytes): (Location, u64),
        kind: Kind,
    ) -> Result<Ordered, Conflict> {
        let range = at.byte..at.byte + bytes;
        let raced = Cell::new(false);
        let covered = |earlier: &Access| {
            let covers = machine.covered_since(self.access.epoch, self.view, self.since, earlier);
            let aside = !covers && machine.sets_aside(self.blocks, self.access, *earlier);
            raced.set(raced.get() || aside);
            covers || aside
        };
        let done = |load: &Access| machine.is_done(self.loads, load);
        let before = WithLoads { covered, done };
        let weak = matches!(kind, Kind::Read | Kind::Write);
        let unchanged = if weak { None } else { memory.shadow.unchanged(range.clone(), kind, &before) };
        let checked = unchanged.unwrap_or_else(|| memory.shadow.access(range.clone(), kind, self.access, &before));
        let written = match checked {
            Err(conflict) if machine.has(Rule::WeakRaces) => return Err(conflict),
            result => result.unwrap_or(true),
        };
        if !memory.has_slots || !weak || !machine.has(Rule::SlotsAgainstWeak) {
            return Ok(Ordered { written, observed: SmallVec::new(), raced: raced.get() });
        }
        let mut observed = SmallVec::new();
        for (key, slot) in slots.overlapping(at.instance, range) {
            let byte = location(key).byte;
            let known = self.view.observed(key).filter(|_| self.since.is_none() && machine.has(Rule::ObservedPrecedes));
            for message in slot.messages.iter().filter(|message| !covered(&message.access)) {
                if !known.is_some_and(|known| slot.is_observed(message.id, known)) {
                    return Err(Conflict { access: message.access, wrote: true, byte });
                }
                observed.push(key);
            }
            let made = slot.reads.iter().filter(|read| read.made).map(|read| read.access);
            let read = made.into_iter().find(|earlier| !covered(earlier) && !done(earlier));
            if let Some(access) = read.filter(|_| kind == Kind::Write) {
                return Err(Conflict { access, wrote: false, byte });
            }
        }
        let range = at.byte..at.byte + bytes;
        // A sum that was rounded tells whoever reads it in which order it was made.
        let tells = |slot: &Slot| slot.shows_order(covered) && machine.has(Rule::UpdatesShowOrder);
        if kind == Kind::Read {
            observed.extend(slots.overlapping(at.instance, range).filter(|(_, slot)| tells(slot)).map(|(key, _)| key));
        }
        observed.dedup();
        Ok(Ordered { written, observed, raced: raced.get() })
    }
}

impl<P: Program> Run<'_, P> {
    pub(super) fn memory_mut(&mut self, instance: u32) -> &mut InstanceMemory {
        &mut self.state.memory[instance as usize]
    }

    /// Which of several strong writes was observed matters where that alone orders an access. Returns whether every byte had
    /// been written.
    pub(super) fn note_ordered(&mut self, ordered: Ordered) -> bool {
        ordered.observed.into_iter().for_each(|key| self.conflict(key));
        if ordered.raced {
            self.note_set_aside();
        }
        ordered.written
    }

    /// Which contended words are accessed weakly, too, is learned.
    pub(super) fn note_weakly(&mut self, at: Location, bytes: u64, kind: Kind) {
        let contended = &self.machine.contended;
        let weak = matches!(kind, Kind::Read | Kind::Write);
        if !weak || contended.slots.is_empty() || !self.state.memory[at.instance as usize].has_slots {
            return;
        }
        let keys = self.state.slots.overlapping(at.instance, at.byte..at.byte + bytes).map(|(key, _)| key);
        let new = keys.filter(|key| contended.slots.contains(key) && !contended.weakly.contains(key));
        self.notes.conflicts.weakly.extend(new);
    }

    /// The same of accesses that do not reach what they are in no order with.
    pub(super) fn note_reach(&mut self, thread: ThreadIndex, key: u64, strength: Strength) {
        let (machine, state) = (self.machine, &*self.state);
        let contended = &machine.contended;
        if contended.weakly.contains(&key) || !contended.slots.contains(&key) {
            return;
        }
        let view = &state.threads[thread as usize].view;
        if state.slots[&key].is_out_of_reach(strength, |access| machine.covered(thread, view, access)) {
            self.notes.conflicts.weakly.insert(key);
        }
    }

    /// Bounds, alignment and reachability of an access.
    pub(super) fn in_bounds(
        &mut self,
        thread: ThreadIndex,
        at: Location,
        bytes: u64,
        align: u64,
        site: SiteIndex,
    ) -> bool {
        let shape = self.machine.program().shape();
        let instance = shape.instance(at);
        // Bounds and alignment are those of the buffer, not of its parts.
        let name = &instance.name;
        let Coordinates { rank, launch, .. } = self.state.coordinates(self.machine, thread);
        let extent = self.machine.program().extent(at.instance, launch);
        let problem = if at.byte + bytes > extent {
            format!("{bytes} bytes at byte {} of `{name}`, which has {extent} bytes", at.byte)
        } else if !at.byte.is_multiple_of(align) {
            format!("{bytes} bytes at byte {} of `{name}`: not aligned to {align} bytes", at.byte)
        } else if instance.local && instance.rank != rank {
            let name = shape.named(at).0;
            format!("`{name}` of rank {} cannot be reached from rank {rank}: it is local", instance.rank)
        } else if instance.is_shared_memory() && self.has_ended(instance) {
            format!("`{}` of rank {} is no more: the block has ended", instance.name, instance.rank)
        } else {
            return true;
        };
        let violation = self.access_violation(arverify_protocol::verdict::Code::OutOfBounds, problem, thread, site, at);
        self.fail(violation);
        false
    }

    /// A weak access to a range, with all its checks. Returns false after a violation.
    pub(super) fn weak_access(
        &mut self,
        thread: ThreadIndex,
        at: Location,
        bytes: u64,
        kind: Kind,
        site: SiteIndex,
    ) -> bool {
        if matches!(kind, Kind::Read | Kind::Write) {
            self.note_weak_access_to_polled(at, bytes, site);
        }
        self.weak_access_since(thread, (at, bytes), kind, site, None)
    }

    /// Under `--assume polled-words=strong`: a word is accessed strongly of which that is not known.
    pub(super) fn note_polled(&mut self, at: Location, width: Width, site: SiteIndex) {
        let program = self.machine.program();
        let Some(polled) = program.polled().filter(|polled| !polled.has_word(at, width)) else { return };
        // What orders launches or copies is no word of the kernel.
        if program.describe(at).is_some() {
            return;
        }
        if polled.has_statement(program.site(site).0.start) {
            let why = "under polled-words=strong: a loop reads words that somebody accesses strongly, and others";
            self.notes.not_understood.get_or_insert((why.to_owned(), site));
        } else {
            self.notes.polled.add_word(at, width);
        }
    }

    /// The same: a statement accesses such a word weakly, and is not known to.
    fn note_weak_access_to_polled(&mut self, at: Location, bytes: u64, site: SiteIndex) {
        let program = self.machine.program();
        let Some(polled) = program.polled().filter(|polled| polled.overlaps(at, bytes)) else { return };
        // Copies stay weak.
        if self.crosses {
            return;
        }
        let start = program.site(site).0.start;
        if !polled.has_statement(start) {
            self.notes.polled.add_statement(start);
        }
    }

    /// The same, of a copy that was started at an earlier point.
    fn weak_access_since(
        &mut self,
        thread: ThreadIndex,
        (at, bytes): (Location, u64),
        kind: Kind,
        site: SiteIndex,
        since: Option<&Since>,
    ) -> bool {
        let access = Access { epoch: self.epoch(thread), site };
        let machine = self.machine;
        self.notes.uses.note(machine, thread, at, kind, site);
        self.note_comer(thread, at);
        // Before the access takes the place of what it is compared with.
        let not_fenced = self.not_fenced(thread, access, (at, bytes));
        self.note_weakly(at, bytes, kind);
        let State { threads, memory, slots, blocks, .. } = &mut *self.state;
        let own = &threads[thread as usize];
        // What was started earlier may be made before they were done.
        let loads = own.assumed.loads.as_ref().filter(|_| since.is_none());
        let by = Accessor { access, view: &own.view, loads, since, blocks };
        let memory = &mut memory[at.instance as usize];
        match by.accesses(machine, memory, slots, (at, bytes), kind) {
            Err(conflict) => {
                let at = Location { byte: conflict.byte, ..at };
                let writes = matches!(kind, Kind::Write | Kind::StrongWrite);
                self.race(thread, site, at, writes, conflict.access, conflict.wrote)
            }
            Ok(ordered) => {
                let written = self.note_ordered(ordered);
                if let Some(conflict) = not_fenced {
                    let at = Location { byte: conflict.byte, ..at };
                    let writes = matches!(kind, Kind::Write | Kind::StrongWrite);
                    self.unfenced = true;
                    let goes_on = self.race(thread, site, at, writes, conflict.access, conflict.wrote);
                    self.unfenced = false;
                    return goes_on;
                }
                if !written && kind == Kind::Read {
                    self.uninitialised(thread, site, at, bytes);
                }
                true
            }
        }
    }

    /// Tells slots in a range that a thread has just written weakly of their new contents.
    pub(super) fn slots_overwritten(&mut self, thread: ThreadIndex, instance: u32, range: Range<u64>, site: SiteIndex) {
        self.forget_origins(instance, &range);
        if self.state.memory[instance as usize].has_slots {
            let launch = self.state.coordinates(self.machine, thread).launch;
            let writer = self.on_stream(thread, site);
            self.overwrite_slots(instance, range, &writer, launch);
        }
    }

    /// Slots in a range hold what was just written weakly, by a thread or by the host, and nothing older can be read.
    pub(super) fn overwrite_slots(&mut self, instance: u32, range: Range<u64>, writer: &OnStream, launch: u32) {
        self.forget_origins(instance, &range);
        if !self.state.memory[instance as usize].has_slots {
            return;
        }
        let keys: SmallVec<[(u64, Width); 8]> =
            self.state.slots.overlapping(instance, range).map(|(key, slot)| (key, slot.width)).collect();
        for (key, width) in keys {
            let value = self.machine.word_at(self.state, location(key), width);
            let Some(slot) = self.state.slots.get_mut(&key) else { continue };
            slot.overwrite(Message { launch, ..Message::weak(value, writer.access) });
            let waiters = std::mem::take(&mut slot.waiters);
            self.wake(waiters);
        }
    }

    pub(super) fn wake(&mut self, waiters: impl IntoIterator<Item = ThreadIndex>) {
        for waiter in waiters {
            // Whoever waits for several words is registered with each, and is woken once.
            if matches!(self.state.threads[waiter as usize].status, Status::Awaiting(_)) {
                self.make_ready(waiter);
            }
        }
    }

    pub(super) fn bulk(&mut self, thread: ThreadIndex, bulk: &Bulk, site: SiteIndex) -> Progress {
        match bulk.pipe {
            Some(_) => self.issue(thread, bulk, site),
            None => self.transfer(thread, bulk, site, None),
        }
    }

    pub(super) fn bulk_in_bounds(&mut self, thread: ThreadIndex, bulk: &Bulk, at: Location, site: SiteIndex) -> bool {
        let bytes = u64::from(bulk.bytes);
        let align = if bulk.vector { bytes.next_power_of_two() } else { u64::from(bulk.data.bytes()) };
        self.in_bounds(thread, at, bytes, align, site)
    }

    /// The accesses and values of a bulk operation: of this point or, where it was started on a pipe, since then.
    pub(super) fn transfer(
        &mut self,
        thread: ThreadIndex,
        bulk: &Bulk,
        site: SiteIndex,
        since: Option<&Since>,
    ) -> Progress {
        let bytes = u64::from(bulk.bytes);
        for source in &bulk.sources {
            if !self.bulk_in_bounds(thread, bulk, *source, site)
                || !self.weak_access_since(thread, (*source, bytes), Kind::Read, site, since)
            {
                return Progress::Stops;
            }
            self.count_peer_access(thread, *source);
        }
        self.counters().operations += bulk.sources.len() as u64;
        if !self.bulk_in_bounds(thread, bulk, bulk.destination, site)
            || !self.weak_access_since(thread, (bulk.destination, bytes), Kind::Write, site, since)
        {
            return Progress::Stops;
        }
        self.count_peer_access(thread, bulk.destination);
        self.combine(bulk);
        let range = bulk.destination.byte..bulk.destination.byte + bytes;
        self.slots_overwritten(thread, bulk.destination.instance, range, site);
        Progress::Done
    }

    /// The values of a bulk operation.
    pub(super) fn combine(&mut self, bulk: &Bulk) {
        let mut result: SmallVec<[u8; 32]> = SmallVec::from_elem(0, bulk.bytes as usize);
        let element = bulk.data.bytes() as usize;
        let range = |at: &Location| at.byte as usize..at.byte as usize + bulk.bytes as usize;
        match bulk.fold {
            None => {
                // From nowhere come zeros.
                if let Some(source) = bulk.sources.first() {
                    result.copy_from_slice(&self.state.memory[source.instance as usize].bytes[range(source)]);
                }
            }
            Some(operation) => {
                let sources: SmallVec<[&[u8]; 8]> = bulk
                    .sources
                    .iter()
                    .map(|source| &self.state.memory[source.instance as usize].bytes[range(source)])
                    .collect();
                for offset in (0..bulk.bytes as usize).step_by(element) {
                    let elements = sources.iter().map(|source| bulk.data.read(&source[offset..]));
                    let total = bulk.data.fold(operation, bulk.accumulate, elements);
                    bulk.data.write(total, &mut result[offset..]);
                }
            }
        }
        let destination = range(&bulk.destination);
        self.memory_mut(bulk.destination.instance).bytes[destination].copy_from_slice(&result);
    }

    pub(super) fn weak_read(
        &mut self,
        thread: ThreadIndex,
        at: Location,
        width: Width,
        operation: &Operation,
        site: SiteIndex,
    ) -> Progress {
        let bytes = width.bytes();
        if !self.in_bounds(thread, at, bytes, bytes, site) {
            return Progress::Stops;
        }
        let value = self.machine.word_at(self.state, at, width);
        self.record(thread, site, operation, Some(value), None);
        if !self.weak_access(thread, at, bytes, Kind::Read, site) {
            return Progress::Stops;
        }
        self.count_peer_access(thread, at);
        self.supply(thread, value);
        self.load_origins(thread, at, bytes);
        Progress::Done
    }

    pub(super) fn weak_write(
        &mut self,
        thread: ThreadIndex,
        at: Location,
        width: Width,
        value: Word,
        site: SiteIndex,
    ) -> Progress {
        self.store(thread, at, &value.to_le_bytes()[..width.bytes() as usize], site)
    }

    /// A weak load of a scalar or a vector.
    pub(super) fn load(&mut self, thread: ThreadIndex, at: Location, bytes: u32, site: SiteIndex) -> Progress {
        let size = u64::from(bytes);
        self.plan_past(thread, at, size);
        let whole_launch = self.machine.program().is_non_coherent(site) && self.machine.has(Rule::ReadOnlyLoads);
        let reads = |run: &mut Self| match whole_launch {
            true => run.read_during_launch(thread, at, size, site),
            false => run.weak_access(thread, at, size, Kind::Read, site),
        };
        if !self.in_bounds(thread, at, size, size, site) || !reads(self) {
            return Progress::Stops;
        }
        self.count_peer_access(thread, at);
        let coordinates = self.state.coordinates(self.machine, thread);
        let State { threads, memory, .. } = &mut *self.state;
        let read = &memory[at.instance as usize].bytes[at.byte as usize..(at.byte + size) as usize];
        self.machine.program().supply_bytes(coordinates, &mut threads[thread as usize].program, read);
        self.load_origins(thread, at, size);
        Progress::Done
    }

    /// A load through a path that is not coherent reads at any time of its launch: what it reads must have been written
    /// before the launch, and not be written before its end. So it is compared with what precedes the launch, and remembered
    /// as an access of the owner's stream, which only what follows the launch is ordered after.
    fn read_during_launch(&mut self, thread: ThreadIndex, at: Location, bytes: u64, site: SiteIndex) -> bool {
        let machine = self.machine;
        self.notes.uses.note(machine, thread, at, Kind::Read, site);
        self.note_comer(thread, at);
        self.note_weakly(at, bytes, Kind::Read);
        let rank = machine.rank_of_block(machine.block_of(thread));
        let OnStream { access, view, .. } = self.stream_of(rank, DURING, site);
        let State { memory, slots, blocks, .. } = &mut *self.state;
        let by = Accessor { access, view: &view, loads: None, since: None, blocks };
        let memory = &mut memory[at.instance as usize];
        match by.accesses(machine, memory, slots, (at, bytes), Kind::Read) {
            Err(conflict) => {
                let at = Location { byte: conflict.byte, ..at };
                self.race(thread, site, at, false, conflict.access, conflict.wrote)
            }
            Ok(ordered) => {
                let written = self.note_ordered(ordered);
                if !written {
                    self.uninitialised(thread, site, at, bytes);
                }
                true
            }
        }
    }

    /// A weak store of a scalar or a vector.
    pub(super) fn store(&mut self, thread: ThreadIndex, at: Location, data: &[u8], site: SiteIndex) -> Progress {
        let size = data.len() as u64;
        if !self.in_bounds(thread, at, size, size, site) || !self.weak_access(thread, at, size, Kind::Write, site) {
            return Progress::Stops;
        }
        self.memory_mut(at.instance).bytes[at.byte as usize..(at.byte + size) as usize].copy_from_slice(data);
        self.count_peer_access(thread, at);
        self.slots_overwritten(thread, at.instance, at.byte..at.byte + size, site);
        self.store_origins(thread, at, size);
        Progress::Done
    }

    /// Gives a thread the word that it read.
    pub(super) fn supply(&mut self, thread: ThreadIndex, value: Word) {
        let coordinates = self.state.coordinates(self.machine, thread);
        self.machine.program().supply(coordinates, &mut self.state.threads[thread as usize].program, value);
    }

    fn count_peer_access(&mut self, thread: ThreadIndex, at: Location) {
        let rank = self.machine.rank_of_block(self.machine.block_of(thread));
        if self.machine.program().shape().instances[at.instance as usize].rank != rank {
            self.counters().peer_accesses += 1;
        }
    }

    /// A wait has ended with a word of another rank: where it is handed on as data, it counts like data of its own.
    pub(super) fn count_received(&mut self, thread: ThreadIndex, at: Location, from: Access, is_data: bool) {
        self.notes.uses.note_wait(self.machine, at);
        if is_data && self.is_of_another_rank(thread, from) {
            self.counters().peer_accesses += 1;
        }
    }

    /// A strong read that is no wait counts like a weak one, of another rank's memory or of what another rank wrote.
    pub(super) fn count_strong_read(&mut self, thread: ThreadIndex, at: Location, from: Access) {
        if self.is_of_another_rank(thread, from) {
            self.counters().peer_accesses += 1;
        } else {
            self.count_peer_access(thread, at);
        }
    }

    fn is_of_another_rank(&self, thread: ThreadIndex, from: Access) -> bool {
        let rank = |thread: ThreadIndex| self.machine.rank_of_block(self.machine.block_of(thread));
        !from.epoch.is_initial() && rank(thread) != rank(from.epoch.thread)
    }

    pub(super) fn set_word(&mut self, at: Location, width: Width, value: Word) {
        let (start, size) = (at.byte as usize, width.bytes() as usize);
        self.memory_mut(at.instance).bytes[start..start + size].copy_from_slice(&value.to_le_bytes()[..size]);
    }
}
