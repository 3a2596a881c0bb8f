//! Copies in flight, as their thread sees them: it starts them, puts them into groups, and waits for groups.
//!
//! What a copy does is not done here: [`crate::ptx::copies`].

use super::access::Place;
use super::run::{Done, Interpreter, not_understood, value};
use super::thread::PtxThread;
use crate::program::{Coordinates, Fault, Location, SiteIndex};
use crate::ptx::code::step::{Address, BulkCopy, BulkSource, Proxy, Space};
use crate::ptx::copies::{Copies, Record, Slot, Word, say, wait};
use arverify_protocol::verdict::Code as Finding;

/// Bulk copies are of so many bytes, and begin where these are aligned (PTX ISA, `cp.async.bulk`).
const UNIT: u64 = 16;

/// Copies of one group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Group {
    copies: Vec<Slot>,
    /// What they read was waited for.
    has_read: bool,
}

/// Copies of one proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Grouped {
    /// Of no group yet.
    open: Vec<Slot>,
    /// Groups that were not waited for, the oldest first.
    groups: Vec<Group>,
}

impl Grouped {
    /// The groups that must be complete where so many need not be.
    fn old(&mut self, remaining: u32) -> &mut [Group] {
        let count = self.groups.len().saturating_sub(remaining as usize);
        &mut self.groups[..count]
    }
}

/// What a thread knows of the copies that it has started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Started {
    /// How many, by rank in the cluster of the block that they count among; behind them those of the generic proxy.
    counts: Vec<u32>,
    /// By the async proxy.
    bulk: Grouped,
    /// By the generic proxy.
    generic: Grouped,
    /// So many of the generic proxy, the first, trigger an arrival.
    arrives: u32,
    /// Operations of the current instruction that are done.
    done: usize,
}

impl Started {
    fn count(&self, peer: u32) -> u32 {
        self.counts.get(peer as usize).copied().unwrap_or(0)
    }

    fn of(&mut self, proxy: Proxy) -> &mut Grouped {
        match proxy {
            Proxy::Async => &mut self.bulk,
            Proxy::Generic => &mut self.generic,
        }
    }

    fn add(&mut self, slot: Slot, grouped: Option<Proxy>) {
        let most = self.counts.len().max(slot.peer as usize + 1);
        self.counts.resize(most, 0);
        self.counts[slot.peer as usize] += 1;
        if let Some(proxy) = grouped {
            self.of(proxy).open.push(slot);
        }
    }
}

impl PtxThread {
    fn started(&mut self) -> &mut Started {
        self.started.get_or_insert_default()
    }

    /// How many copies it has started that count among the block of that rank in the cluster.
    pub(in crate::ptx) fn copies_started(&self, peer: u32) -> u32 {
        self.started.as_ref().map_or(0, |started| started.count(peer))
    }
}

impl Interpreter {
    /// One of the copies of an instruction is written down, and then started.
    pub(super) fn start_copy(&self, at: Coordinates, thread: &mut PtxThread, copy: &BulkCopy) -> Result<Done, Fault> {
        let targets = self.targets(thread, copy)?;
        let done = thread.started().done;
        let Some(target) = targets.get(done / 2) else {
            thread.started().done = 0;
            return Ok(Done::Next);
        };
        let (record, peer) = match copy.proxy {
            Proxy::Async => self.record(at, thread, copy, *target)?,
            Proxy::Generic => (self.generic_record(at, thread, copy)?, self.rank(at).geometry.cluster_size()),
        };
        self.taint_of_copy(thread, record.from, (record.to, record.bytes));
        let slot = Slot { peer, index: thread.started().count(peer) };
        let entry = self.setting.copies.as_ref().and_then(|copies| copies.entry(at, slot));
        let Some(entry) = entry else {
            self.missing_room.set((peer, at.thread));
            let message = "a thread starts more copies than it has room for: the check begins again with more";
            return Err(not_understood(message.to_owned(), thread.pc));
        };
        let started = thread.started();
        started.done += 1;
        if done.is_multiple_of(2) {
            return Ok(Done::Again(record.store(entry)));
        }
        started.add(slot, record.object.is_none().then_some(copy.proxy));
        if copy.from == BulkSource::Arrival {
            started.arrives = slot.index + 1;
        }
        Ok(Done::Again(say(entry, Word::Asked)))
    }

    /// What a copy of `cp.async`, or an arrival that it triggers, is told.
    fn generic_record(&self, at: Coordinates, thread: &PtxThread, copy: &BulkCopy) -> Result<Record, Fault> {
        let bytes = value(&thread.registers, copy.bytes) & u64::from(u32::MAX);
        let (pc, mut values) = (thread.pc, [0; 16]);
        let source = match &copy.from {
            BulkSource::Memory(_, from) => Some(*from),
            BulkSource::Padded(from, read) => {
                let read = value(&thread.registers, *read) as u32;
                values[..4].copy_from_slice(&read.to_le_bytes());
                // Nothing is read there, so that it may lie anywhere.
                (read > 0).then_some(*from)
            }
            BulkSource::Arrival | BulkSource::Values(..) => None,
        };
        if copy.from == BulkSource::Arrival {
            let Some((space, address, _)) = copy.signals else {
                return Err(not_understood("an arrival without an object".to_owned(), pc));
            };
            let object = self.location(at, thread, (space, address), 8)?;
            let peer = self.rank(at).geometry.cluster_size();
            let count = thread.started.as_ref().map_or(0, |started| started.count(peer));
            let number = |index: u32| {
                let slot = Slot { peer, index };
                self.setting
                    .copies
                    .as_ref()
                    .filter(|copies| copies.entry(at, slot).is_some())
                    .map_or(0, |copies| copies.number(at, slot))
            };
            // The arrival before it waits for what is before that, and says so.
            let first = thread.started.as_ref().map_or(0, |started| started.arrives.saturating_sub(1));
            values[..4].copy_from_slice(&number(first).to_le_bytes());
            values[4..8].copy_from_slice(&number(count).to_le_bytes());
            return Ok(Record { pc, to: object, from: None, bytes: 0, object: Some(object), values });
        }
        let to = self.location(at, thread, copy.to, bytes)?;
        let from = source.map(|from| self.location(at, thread, (Space::Global, from), bytes)).transpose()?;
        Ok(Record { pc, to, from, bytes, object: None, values })
    }

    /// `cp.async.bulk.commit_group`, `cp.async.commit_group`; also one of no copies counts.
    pub(super) fn commit_copies(&self, thread: &mut PtxThread, proxy: Proxy) -> Done {
        let own = thread.started().of(proxy);
        let group = Group { copies: std::mem::take(&mut own.open), has_read: false };
        own.groups.push(group);
        Done::Next
    }

    /// `cp.async.bulk.wait_group`, `cp.async.wait_group`: one copy after the other is waited for.
    pub(super) fn await_copies(
        &self,
        at: Coordinates,
        thread: &mut PtxThread,
        proxy: Proxy,
        (remaining, reads): (u32, bool),
    ) -> Result<Done, Fault> {
        let pc = thread.pc;
        let done = thread.started().done;
        let own = thread.started().of(proxy);
        let old = own.old(remaining);
        let copies = old.iter().filter(|group| !(reads && group.has_read)).flat_map(|group| &group.copies);
        if let Some(slot) = copies.copied().nth(done) {
            thread.started().done += 1;
            let entry = self.setting.copies.as_ref().and_then(|copies| copies.entry(at, slot));
            let entry = entry.ok_or_else(|| not_understood("there is no such copy".to_owned(), pc))?;
            return Ok(Done::Again(wait(entry, if reads { Word::HasRead } else { Word::Done })));
        }
        if reads {
            old.iter_mut().for_each(|group| group.has_read = true);
        } else {
            let count = old.len();
            own.groups.drain(..count);
        }
        thread.started().done = 0;
        Ok(Done::Next)
    }

    /// Whether a thread that leaves its kernel has waited for all that its copies read: shared memory ends with its block.
    pub(super) fn leave_kernel(&self, thread: &PtxThread) -> Result<Done, Fault> {
        let Some(started) = &thread.started else { return Ok(Done::Yield(crate::program::Operation::Exit)) };
        let unread = |own: &Grouped| -> Vec<Slot> {
            let groups = own.groups.iter().filter(|group| !group.has_read);
            groups.flat_map(|group| &group.copies).chain(&own.open).copied().collect()
        };
        let bulk = unread(&started.bulk).len();
        let generic = unread(&started.generic).iter().filter(|slot| slot.index >= started.arrives).count();
        let (count, kind, does, wait) = match (bulk, generic) {
            (0, 0) => return Ok(Done::Yield(crate::program::Operation::Exit)),
            (0, generic) => (generic, "`cp.async`", "write", "cp.async.wait_group 0"),
            (bulk, _) => (bulk, "bulk", "read", "cp.async.bulk.wait_group.read 0"),
        };
        let copies = if count == 1 { "copy" } else { "copies" };
        let message = format!(
            "a thread ends its kernel while {count} {kind} {copies} may still {does} shared memory, which ends with the block: it \
             has not waited for them (`{wait}`)"
        );
        Err(Fault::violation(Finding::Hazard, message, SiteIndex(thread.pc)))
    }

    /// For which blocks of the cluster an instruction starts copies; `None`: for the one that its addresses say.
    fn targets(&self, thread: &PtxThread, copy: &BulkCopy) -> Result<Vec<Option<u32>>, Fault> {
        let Some(mask) = copy.blocks else { return Ok(vec![None]) };
        let mask = value(&thread.registers, mask) & 0xFFFF;
        let blocks: Vec<Option<u32>> = (0..16).filter(|block| mask >> block & 1 == 1).map(Some).collect();
        if blocks.is_empty() {
            return Err(not_understood("a multicast copy to no block".to_owned(), thread.pc));
        }
        Ok(blocks)
    }

    /// What a copy is told, and the rank in the cluster of the block that it counts among.
    fn record(
        &self,
        at: Coordinates,
        thread: &PtxThread,
        copy: &BulkCopy,
        target: Option<u32>,
    ) -> Result<(Record, u32), Fault> {
        let bytes = value(&thread.registers, copy.bytes) & u64::from(u32::MAX);
        let geometry = &self.rank(at).geometry;
        let moved = |location: Location| match target {
            None => Ok(location),
            Some(peer) => self.shared_of(at, peer, thread.pc).map(|instance| Location { instance, ..location }),
        };
        let (mut from, mut values) = (None, [0; 16]);
        let to = match &copy.from {
            BulkSource::Memory(space, address) => {
                from = Some(self.stretch(at, thread, (*space, *address), bytes)?);
                self.stretch(at, thread, copy.to, bytes)?
            }
            BulkSource::Values(sources, width) => {
                let size = width.bytes() as usize;
                for (place, source) in values.chunks_exact_mut(size).zip(sources) {
                    place.copy_from_slice(&value(&thread.registers, *source).to_le_bytes()[..size]);
                }
                self.location(at, thread, copy.to, bytes)?
            }
            BulkSource::Padded(..) | BulkSource::Arrival => {
                return Err(not_understood("no copy by the async proxy".to_owned(), thread.pc));
            }
        };
        let to = moved(to)?;
        let object = match copy.signals {
            Some((space, address, _)) => Some(moved(self.location(at, thread, (space, address), 8)?)?),
            None => None,
        };
        let peer = match object {
            None => geometry.rank_in_cluster(at.block),
            Some(object) => {
                let block = self.rank(at).shared.iter().position(|instance| *instance == object.instance);
                let block = block.ok_or_else(|| {
                    not_understood("the mbarrier object of a copy is not in shared memory".to_owned(), thread.pc)
                })?;
                // That of every launch, where they may run side by side.
                geometry.rank_in_cluster(block as u32 % geometry.blocks())
            }
        };
        Ok((Record { pc: thread.pc, to, from, bytes, object, values }, peer))
    }

    /// The shared memory of a block of the cluster.
    fn shared_of(&self, at: Coordinates, peer: u32, pc: u32) -> Result<u32, Fault> {
        let rank = self.rank(at);
        let block = rank.geometry.peer(at.block, peer);
        let index = block.map(|block| rank.of_launch(at.launch, block, rank.geometry.blocks()));
        index.and_then(|index| rank.shared.get(index as usize).copied()).ok_or_else(|| {
            let message = format!("a multicast copy to block {peer} of the cluster, which there is not");
            Fault::violation(Finding::OutOfBounds, message, SiteIndex(pc))
        })
    }

    /// Memory that the machine holds.
    fn location(
        &self,
        at: Coordinates,
        thread: &PtxThread,
        (space, address): (Space, Address),
        bytes: u64,
    ) -> Result<Location, Fault> {
        match self.place(at, thread, space, address, bytes)? {
            Place::Instance(location) => Ok(location),
            _ => Err(not_understood("a copy of memory that is taken as constant".to_owned(), thread.pc)),
        }
    }

    /// The first byte of a stretch of memory, which must lie in one buffer.
    fn stretch(
        &self,
        at: Coordinates,
        thread: &PtxThread,
        (space, address): (Space, Address),
        bytes: u64,
    ) -> Result<Location, Fault> {
        if bytes == 0 || !bytes.is_multiple_of(UNIT) {
            let message = format!("a bulk copy of {bytes} bytes: the size must be a multiple of {UNIT}, and not 0");
            return Err(Fault::violation(Finding::OutOfBounds, message, SiteIndex(thread.pc)));
        }
        let first = self.location(at, thread, (space, address), UNIT)?;
        let end = Address { offset: address.offset + (bytes - UNIT) as i64, ..address };
        let last = self.location(at, thread, (space, end), UNIT)?;
        if (last.instance, last.byte) != (first.instance, first.byte + bytes - UNIT) {
            let message = "a bulk copy begins in one buffer and ends in another".to_owned();
            return Err(Fault::violation(Finding::OutOfBounds, message, SiteIndex(thread.pc)));
        }
        Ok(first)
    }

    /// The threads of copies, if there are any.
    pub(in crate::ptx) fn copies(&self) -> Option<&Copies> {
        self.setting.copies.as_ref()
    }
}
