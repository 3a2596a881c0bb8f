//! Weak accesses: bounds, races, values. They are never a choice point.

use super::pipe::Since;
use super::run::{Progress, Run};
use super::{InstanceMemory, Rule, State, Status};
use crate::memory::clock::ThreadIndex;
use crate::memory::shadow::{Access, Kind};
use crate::memory::slot::{location, overlapping};
use crate::program::{Bulk, Location, Operation, Program, SiteIndex, Width};
use smallvec::SmallVec;
use std::ops::Range;
use std::sync::Arc;

impl<P: Program> Run<'_, P> {
    pub(super) fn memory_mut(&mut self, instance: u32) -> &mut InstanceMemory {
        Arc::make_mut(&mut self.state.memory[instance as usize])
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
        let instance = &shape.instances[at.instance as usize];
        let rank = self.state.coordinates(self.machine, thread).rank;
        let problem = if at.byte + bytes > instance.bytes {
            format!("{bytes} bytes at byte {} of `{}`, which has {} bytes", at.byte, instance.name, instance.bytes)
        } else if !at.byte.is_multiple_of(align) {
            format!("{bytes} bytes at byte {} of `{}`: not aligned to {align} bytes", at.byte, instance.name)
        } else if instance.local && instance.rank != rank {
            format!("`{}` of rank {} cannot be reached from rank {rank}: it is local", instance.name, instance.rank)
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
        self.weak_access_since(thread, (at, bytes), kind, site, None)
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
        let range = at.byte..at.byte + bytes;
        let State { threads, memory, .. } = &mut *self.state;
        let view = &threads[thread as usize].view;
        let memory = Arc::make_mut(&mut memory[at.instance as usize]);
        let covered = |earlier: &Access| machine.covered_since(access.epoch, view, since, earlier);
        let result = memory.shadow.access(range.clone(), kind, access, covered);
        let has_slots = memory.has_slots;
        match result {
            Err(_) if !machine.has(Rule::WeakRaces) => true,
            Err(conflict) => {
                let at = Location { byte: conflict.byte, ..at };
                let writes = matches!(kind, Kind::Write | Kind::StrongWrite);
                self.race(thread, site, at, writes, conflict.access, conflict.wrote)
            }
            Ok(written) => {
                if !written && kind == Kind::Read {
                    self.uninitialised(thread, site, at);
                }
                !has_slots
                    || !matches!(kind, Kind::Read | Kind::Write)
                    || !machine.has(Rule::SlotsAgainstWeak)
                    || self.weak_access_to_slots(thread, at.instance, range, kind, site, since)
            }
        }
    }

    /// A weak access that overlaps slots must be ordered with every strong access to them.
    pub(super) fn weak_access_to_slots(
        &mut self,
        thread: ThreadIndex,
        instance: u32,
        range: Range<u64>,
        kind: Kind,
        site: SiteIndex,
        since: Option<&Since>,
    ) -> bool {
        let now = self.epoch(thread);
        let keys: SmallVec<[u64; 8]> = overlapping(&self.state.slots, instance, range).map(|(key, _)| key).collect();
        for key in keys {
            let (at, slot) = (location(key), &self.state.slots[&key]);
            let view = &self.state.threads[thread as usize].view;
            let unordered = |access: &Access| !self.machine.covered_since(now, view, since, access);
            let write = slot.messages.iter().map(|message| message.access).find(&unordered);
            let read = slot.reads.iter().map(|read| read.access).find(&unordered);
            let (other, wrote) = match (write, read) {
                (Some(write), _) => (write, true),
                (None, Some(read)) if kind == Kind::Write => (read, false),
                _ => continue,
            };
            if !self.race(thread, site, at, kind == Kind::Write, other, wrote) {
                return false;
            }
        }
        true
    }

    /// Tells slots in a range that was just written weakly of their new contents.
    pub(super) fn slots_overwritten(&mut self, thread: ThreadIndex, instance: u32, range: Range<u64>, site: SiteIndex) {
        if !self.state.memory[instance as usize].has_slots {
            return;
        }
        let keys: SmallVec<[(u64, Width); 8]> =
            overlapping(&self.state.slots, instance, range).map(|(key, slot)| (key, slot.width)).collect();
        for (key, width) in keys {
            let value = self.machine.word_at(self.state, location(key), width);
            let message = self.message(thread, value, None, SmallVec::new(), site);
            let waiters = match self.state.slots.get_mut(&key) {
                Some(slot) => {
                    slot.overwrite(message);
                    std::mem::take(&mut slot.waiters)
                }
                None => Vec::new(),
            };
            self.wake(waiters);
        }
    }

    pub(super) fn wake(&mut self, waiters: Vec<ThreadIndex>) {
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
                let source = &bulk.sources[0];
                result.copy_from_slice(&self.state.memory[source.instance as usize].bytes[range(source)]);
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
        Progress::Done
    }

    pub(super) fn weak_write(
        &mut self,
        thread: ThreadIndex,
        at: Location,
        width: Width,
        value: u64,
        site: SiteIndex,
    ) -> Progress {
        self.store(thread, at, &value.to_le_bytes()[..width.bytes() as usize], site)
    }

    /// A weak load of a scalar or a vector.
    pub(super) fn load(&mut self, thread: ThreadIndex, at: Location, bytes: u32, site: SiteIndex) -> Progress {
        let size = u64::from(bytes);
        self.plan_past(thread, at, size);
        if !self.in_bounds(thread, at, size, size, site) || !self.weak_access(thread, at, size, Kind::Read, site) {
            return Progress::Stops;
        }
        self.count_peer_access(thread, at);
        let coordinates = self.state.coordinates(self.machine, thread);
        let State { threads, memory, .. } = &mut *self.state;
        let read = &memory[at.instance as usize].bytes[at.byte as usize..(at.byte + size) as usize];
        self.machine.program().supply_bytes(coordinates, &mut threads[thread as usize].program, read);
        Progress::Done
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
        Progress::Done
    }

    /// Gives a thread the word that it read.
    pub(super) fn supply(&mut self, thread: ThreadIndex, value: u64) {
        let coordinates = self.state.coordinates(self.machine, thread);
        self.machine.program().supply(coordinates, &mut self.state.threads[thread as usize].program, value);
    }

    fn count_peer_access(&mut self, thread: ThreadIndex, at: Location) {
        let rank = self.machine.rank_of_block(self.machine.block_of(thread));
        if self.machine.program().shape().instances[at.instance as usize].rank != rank {
            self.counters().peer_accesses += 1;
        }
    }

    /// A word that a wait hands on, with its data, counts like data of its own.
    pub(super) fn count_received(&mut self, thread: ThreadIndex, from: Access) {
        let [reader, writer] = [thread, from.epoch.thread].map(|thread| self.machine.block_of(thread));
        let foreign =
            !from.epoch.is_initial() && self.machine.rank_of_block(reader) != self.machine.rank_of_block(writer);
        if foreign {
            self.counters().peer_accesses += 1;
        }
    }

    pub(super) fn set_word(&mut self, at: Location, width: Width, value: u64) {
        let (start, size) = (at.byte as usize, width.bytes() as usize);
        self.memory_mut(at.instance).bytes[start..start + size].copy_from_slice(&value.to_le_bytes()[..size]);
    }
}
