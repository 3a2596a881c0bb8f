//! Weak accesses, slots and fences.
//!
//! Weak accesses are checked for races and never a choice point. Strong reads synchronise as the release and acquire
//! patterns of the PTX ISA say: an acquire joins what the message's releases carry; a relaxed read keeps them for a
//! later fence, or for a later acquire of the same slot.

use super::event::What;
use super::run::{Progress, Run};
use super::{Choice, InstanceMemory, Machine, SequentialFence, StaleWait, State, Status, ThreadOrder};
use crate::memory::clock::{Epoch, Observed, ThreadIndex, View};
use crate::memory::scope::{acquires, mutually_inclusive, releases, strong_scope};
use crate::memory::shadow::{Access, Kind};
use crate::memory::slot::{Clash, Message, Release, Slot, SlotRead, Strength, Update, key, morally_strong};
use crate::program::{Bulk, Condition, Location, Operation, Program, SiteIndex};
use arverify_protocol::ir::{Order, Semantics};
use smallvec::SmallVec;
use std::ops::Range;
use std::sync::Arc;

impl<P: Program> Machine<P> {
    /// Whether an earlier access precedes what `thread` does next, in causality order.
    pub(super) fn covered(&self, thread: ThreadIndex, view: &View, access: &Access) -> bool {
        let epoch = access.epoch;
        epoch.is_initial() || epoch.thread == thread || view.covers(self.block_of(epoch.thread), epoch)
    }

    /// The earliest message of a slot that a thread may still read.
    pub(super) fn floor(&self, state: &State<P::Thread>, thread: ThreadIndex, key: u64, slot: &Slot) -> usize {
        let view = &state.threads[thread as usize].view;
        slot.floor(|access| self.covered(thread, view, access), view.observed(key))
    }

    /// The newest word at a location.
    pub(super) fn word_at(&self, state: &State<P::Thread>, at: Location) -> u32 {
        let bytes = &state.memory[at.instance as usize].bytes;
        let at = at.byte as usize;
        bytes.get(at..at + 4).map_or(0, |word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
    }
}

impl<P: Program> Run<'_, P> {
    fn memory_mut(&mut self, instance: u32) -> &mut InstanceMemory {
        Arc::make_mut(&mut self.state.memory[instance as usize])
    }

    /// Bounds, alignment and reachability of an access.
    fn in_bounds(&mut self, thread: ThreadIndex, at: Location, bytes: u64, align: u64, site: SiteIndex) -> bool {
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
    fn weak_access(&mut self, thread: ThreadIndex, at: Location, bytes: u64, kind: Kind, site: SiteIndex) -> bool {
        let access = Access { epoch: self.epoch(thread), site };
        let machine = self.machine;
        let range = at.byte..at.byte + bytes;
        let State { threads, memory, .. } = &mut *self.state;
        let view = &threads[thread as usize].view;
        let memory = Arc::make_mut(&mut memory[at.instance as usize]);
        let result = memory.shadow.access(range.clone(), kind, access, |earlier| machine.covered(thread, view, earlier));
        let has_slots = memory.has_slots;
        match result {
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
                    || self.weak_access_to_slots(thread, at.instance, range, kind, site)
            }
        }
    }

    /// A weak access that overlaps slots must be ordered with every strong access to them.
    fn weak_access_to_slots(
        &mut self,
        thread: ThreadIndex,
        instance: u32,
        range: Range<u64>,
        kind: Kind,
        site: SiteIndex,
    ) -> bool {
        for word in range.start / 4..range.end.div_ceil(4) {
            let at = Location { instance, byte: word * 4 };
            let Some(slot) = self.state.slots.get(&key(at)) else { continue };
            let view = &self.state.threads[thread as usize].view;
            let unordered = |access: &Access| !self.machine.covered(thread, view, access);
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
    fn slots_overwritten(&mut self, thread: ThreadIndex, instance: u32, range: Range<u64>, site: SiteIndex) {
        if !self.state.memory[instance as usize].has_slots {
            return;
        }
        for word in range.start / 4..range.end.div_ceil(4) {
            let at = Location { instance, byte: word * 4 };
            if !self.state.slots.contains_key(&key(at)) {
                continue;
            }
            let value = self.machine.word_at(self.state, at);
            let message = self.message(thread, value, None, SmallVec::new(), site);
            let waiters = match self.state.slots.get_mut(&key(at)) {
                Some(slot) => {
                    slot.overwrite(message);
                    std::mem::take(&mut slot.waiters)
                }
                None => Vec::new(),
            };
            self.wake(waiters);
        }
    }

    fn wake(&mut self, waiters: Vec<ThreadIndex>) {
        for waiter in waiters {
            self.make_ready(waiter);
        }
    }

    pub(super) fn bulk(&mut self, thread: ThreadIndex, bulk: &Bulk, site: SiteIndex) -> Progress {
        let bytes = u64::from(bulk.bytes);
        let element = u64::from(bulk.data.bytes());
        let align = if bulk.vector { bytes.next_power_of_two() } else { element };
        let rank = self.state.coordinates(self.machine, thread).rank;
        for source in &bulk.sources {
            if !self.in_bounds(thread, *source, bytes, align, site)
                || !self.weak_access(thread, *source, bytes, Kind::Read, site)
            {
                return Progress::Stops;
            }
            if self.machine.program().shape().instances[source.instance as usize].rank != rank {
                self.counters().peer_accesses += 1;
            }
        }
        self.counters().operations += bulk.sources.len() as u64;
        if !self.in_bounds(thread, bulk.destination, bytes, align, site)
            || !self.weak_access(thread, bulk.destination, bytes, Kind::Write, site)
        {
            return Progress::Stops;
        }
        if self.machine.program().shape().instances[bulk.destination.instance as usize].rank != rank {
            self.counters().peer_accesses += 1;
        }
        self.combine(bulk);
        let range = bulk.destination.byte..bulk.destination.byte + bytes;
        self.slots_overwritten(thread, bulk.destination.instance, range, site);
        Progress::Done
    }

    /// The values of a bulk operation.
    fn combine(&mut self, bulk: &Bulk) {
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
        operation: &Operation,
        site: SiteIndex,
    ) -> Progress {
        if !self.in_bounds(thread, at, 4, 4, site) {
            return Progress::Stops;
        }
        let value = self.machine.word_at(self.state, at);
        self.record(thread, site, operation, Some(value), None);
        if !self.weak_access(thread, at, 4, Kind::Read, site) {
            return Progress::Stops;
        }
        let coordinates = self.state.coordinates(self.machine, thread);
        if self.machine.program().shape().instances[at.instance as usize].rank != coordinates.rank {
            self.counters().peer_accesses += 1;
        }
        self.machine.program().supply(coordinates, &mut self.state.threads[thread as usize].program, value);
        Progress::Done
    }

    pub(super) fn weak_write(&mut self, thread: ThreadIndex, at: Location, value: u32, site: SiteIndex) -> Progress {
        if !self.in_bounds(thread, at, 4, 4, site) || !self.weak_access(thread, at, 4, Kind::Write, site) {
            return Progress::Stops;
        }
        self.set_word(at, value);
        let rank = self.state.coordinates(self.machine, thread).rank;
        if self.machine.program().shape().instances[at.instance as usize].rank != rank {
            self.counters().peer_accesses += 1;
        }
        self.slots_overwritten(thread, at.instance, at.byte..at.byte + 4, site);
        Progress::Done
    }

    fn set_word(&mut self, at: Location, value: u32) {
        let start = at.byte as usize;
        self.memory_mut(at.instance).bytes[start..start + 4].copy_from_slice(&value.to_le_bytes());
    }

    /// The slot at a location, made from memory's contents at its first strong access.
    fn ensure_slot(&mut self, at: Location) {
        if self.state.slots.contains_key(&key(at)) {
            return;
        }
        let (access, _) = self.state.memory[at.instance as usize].shadow.last_write(at.byte);
        let value = self.machine.word_at(self.state, at);
        let view = View::initial((self.machine.kernel_blocks() + self.machine.program().shape().ranks) as usize);
        self.state.slots.insert(key(at), Slot::new(value, access, view));
        self.memory_mut(at.instance).has_slots = true;
    }

    fn strength(&self, thread: ThreadIndex, semantics: Semantics) -> Strength {
        let scope = strong_scope(semantics).unwrap_or(semantics.scope);
        Strength { scope, placement: self.machine.placement(thread) }
    }

    /// Checks that precede every strong access. Returns false after a violation.
    fn strong_access(&mut self, thread: ThreadIndex, at: Location, kind: Kind, site: SiteIndex) -> bool {
        if !self.in_bounds(thread, at, 4, 4, site) {
            return false;
        }
        self.ensure_slot(at);
        if kind == Kind::StrongRead && !self.state.memory[at.instance as usize].shadow.last_write(at.byte).1 {
            self.uninitialised(thread, site, at);
        }
        self.weak_access(thread, at, 4, kind, site)
    }

    /// Position of the message that a read returns, or of the one that a write comes after.
    fn chosen(&self, slot: &Slot, choice: Choice) -> usize {
        match choice {
            Choice::Read(number) | Choice::After(number) => slot.position(number),
            Choice::Plain | Choice::Miss => slot.messages.len() - 1,
        }
    }

    pub(super) fn strong_read(
        &mut self,
        thread: ThreadIndex,
        at: Location,
        semantics: Semantics,
        operation: &Operation,
        site: SiteIndex,
        choice: Choice,
    ) -> Progress {
        if !self.strong_access(thread, at, Kind::StrongRead, site) {
            return Progress::Stops;
        }
        let position = self.chosen(&self.state.slots[&key(at)], choice);
        let (value, from) = {
            let message = &self.state.slots[&key(at)].messages[position];
            (message.value, message.access)
        };
        self.record(thread, site, operation, Some(value), Some(from));
        if !self.read_message(thread, at, position, None, semantics, site) {
            return Progress::Stops;
        }
        let coordinates = self.state.coordinates(self.machine, thread);
        self.machine.program().supply(coordinates, &mut self.state.threads[thread as usize].program, value);
        Progress::Done
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one operation")]
    pub(super) fn wait(
        &mut self,
        thread: ThreadIndex,
        at: Location,
        condition: Condition,
        semantics: Semantics,
        operation: &Operation,
        site: SiteIndex,
        choice: Choice,
    ) -> Progress {
        if !self.strong_access(thread, at, Kind::StrongRead, site) {
            return Progress::Stops;
        }
        let slot = &self.state.slots[&key(at)];
        let holds = slot.latest().value;
        if choice == Choice::Miss {
            let observed = Observed { slot: key(at), message: slot.latest().number };
            self.thread_mut(thread).view.observe(observed);
            self.record_what(thread, Some(site), What::Missed { at, condition, holds });
            return Progress::Waits;
        }
        let position = if let Choice::Read(number) = choice {
            slot.position(number)
        } else {
            let floor = self.machine.floor(self.state, thread, key(at), slot);
            let found = slot.messages[floor..].iter().position(|message| condition.holds(message.value));
            let Some(found) = found else {
                self.record_what(thread, Some(site), What::Blocked { at, condition, holds });
                self.thread_mut(thread).status = Status::Awaiting(key(at));
                if let Some(slot) = self.state.slots.get_mut(&key(at)) {
                    slot.waiters.push(thread);
                }
                return Progress::Waits;
            };
            floor + found
        };
        let message = &self.state.slots[&key(at)].messages[position];
        let (value, from) = (message.value, message.access);
        self.record(thread, site, operation, Some(value), Some(from));
        self.note_stale(thread, site, at, position);
        self.counters().waits += 1;
        if self.read_message(thread, at, position, Some(condition), semantics, site) {
            Progress::Done
        } else {
            Progress::Stops
        }
    }

    /// Remembers that a wait was satisfied by a message of an earlier launch: the cause, if something breaks later.
    fn note_stale(&mut self, thread: ThreadIndex, site: SiteIndex, at: Location, position: usize) {
        let launch = self.state.coordinates(self.machine, thread).launch;
        let message = &self.state.slots[&key(at)].messages[position];
        let writer = message.access.epoch;
        if message.launch >= launch || writer.is_initial() || writer.thread == thread {
            return;
        }
        let stale = StaleWait {
            thread,
            site,
            slot: key(at),
            value: message.value,
            written_in: message.launch,
            launch,
            writer: message.access.site,
        };
        let block = self.machine.block_of(thread) as usize;
        let known = &mut self.state.blocks[block].stale;
        if known.iter().all(|known| known.launch != launch) {
            known.push(stale);
            self.explain_suspected_race(thread);
        }
    }

    /// What reading a message does to the reader. Returns false after a violation.
    fn read_message(
        &mut self,
        thread: ThreadIndex,
        at: Location,
        position: usize,
        condition: Option<Condition>,
        semantics: Semantics,
        site: SiteIndex,
    ) -> bool {
        let strength = self.strength(thread, semantics);
        let machine = self.machine;
        let key = key(at);
        let slot = &self.state.slots[&key];
        let view = &self.state.threads[thread as usize].view;
        let number = slot.messages[position].number;
        let clash = slot.clash_of_read(
            strength,
            number,
            condition,
            |thread| machine.block_of(thread),
            |access| machine.covered(thread, view, access),
        );
        match clash {
            Some(Clash::Race { other, wrote }) => {
                if !self.race(thread, site, at, false, other, wrote) {
                    return false;
                }
            }
            Some(Clash::Order) => self.conflict(key),
            None => {}
        }
        self.synchronise(thread, key, position, strength, semantics.order);
        let read = SlotRead { access: Access { epoch: self.epoch(thread), site }, strength, message: number, condition };
        if let Some(slot) = self.state.slots.get_mut(&key) {
            slot.reads.push(read);
        }
        true
    }

    /// Observation, and the release and acquire patterns that end here.
    fn synchronise(&mut self, thread: ThreadIndex, key: u64, position: usize, strength: Strength, order: Order) {
        let machine = self.machine;
        let State { threads, slots, .. } = &mut *self.state;
        let message = &slots[&key].messages[position];
        let reader = &mut threads[thread as usize];
        let own = message.access.epoch.thread == thread;
        if !machine.covered(thread, &reader.view, &message.access) {
            reader.view.observe(Observed { slot: key, message: message.number });
        }
        if !own && !morally_strong(message.strength, Some(strength)) {
            return;
        }
        let mut joined: SmallVec<[&View; 4]> = message.boundary.iter().collect();
        let mut kept = SmallVec::<[Release; 2]>::new();
        for release in &message.releases {
            if acquires(order) && meets(release, strength) {
                joined.push(&release.view);
            } else {
                kept.push(release.clone());
            }
        }
        for view in joined {
            join(machine, slots, &mut reader.view, view);
        }
        if let Some(thread_order) = &mut reader.order {
            if acquires(order) {
                for (_, release) in thread_order.pending.extract_if(.., |(slot, release)| *slot == key && meets(release, strength)) {
                    join(machine, slots, &mut reader.view, &release.view);
                }
            }
        }
        if !kept.is_empty() {
            let pending = &mut reader.order.get_or_insert_default().pending;
            for release in kept {
                if !pending.iter().any(|(slot, known)| *slot == key && *known == release) {
                    pending.push((key, release));
                }
            }
        }
    }

    /// A new message by a thread, not yet numbered.
    fn message(
        &self,
        thread: ThreadIndex,
        value: u32,
        strength: Option<Strength>,
        releases: SmallVec<[Release; 1]>,
        site: SiteIndex,
    ) -> Message {
        let coordinates = self.state.coordinates(self.machine, thread);
        let boundary = (strength.is_some() && self.machine.settings.boundary_publishes)
            .then(|| self.state.ranks[coordinates.rank as usize].boundary.clone())
            .flatten();
        Message {
            number: 0,
            value,
            access: Access { epoch: self.epoch(thread), site },
            launch: coordinates.launch,
            strength,
            view: self.state.threads[thread as usize].view.clone(),
            releases,
            boundary,
            update: None,
        }
    }

    /// What precedes a thread's current operation, itself included.
    fn view_now(&self, thread: ThreadIndex) -> View {
        let epoch = self.epoch(thread);
        let mut view = self.state.threads[thread as usize].view.clone();
        view.add(self.machine.block_of(thread), epoch);
        view
    }

    /// Release patterns that end in a strong write of this slot by this thread.
    fn releases_of_write(&self, thread: ThreadIndex, key: u64, strength: Strength, order: Order) -> SmallVec<[Release; 1]> {
        let mut list = SmallVec::new();
        let mut widest = None;
        if releases(order) {
            list.push(Release { view: self.view_now(thread), strength });
            widest = Some(strength.scope);
        }
        if let Some(order) = &self.state.threads[thread as usize].order {
            let earlier = order.released.iter().filter(|(slot, _)| *slot == key).map(|(_, release)| release);
            for release in order.fences.iter().chain(earlier) {
                // What the write itself releases includes everything an earlier, no wider one does.
                if widest.is_none_or(|widest| release.strength.scope > widest) {
                    list.push(release.clone());
                }
            }
        }
        list
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one operation")]
    pub(super) fn strong_write(
        &mut self,
        thread: ThreadIndex,
        at: Location,
        value: u32,
        semantics: Semantics,
        operation: &Operation,
        site: SiteIndex,
        choice: Choice,
    ) -> Progress {
        self.record(thread, site, operation, None, None);
        if !self.strong_access(thread, at, Kind::StrongWrite, site) {
            return Progress::Stops;
        }
        let strength = self.strength(thread, semantics);
        let after = self.chosen(&self.state.slots[&key(at)], choice);
        if !self.write_may_happen(thread, at, (value, None), strength, site) {
            return Progress::Stops;
        }
        self.commit_write(thread, at, (value, None), strength, semantics.order, after, site);
        Progress::Done
    }

    /// Checks a strong write against what it is unordered with. For a read-modify-write this comes before its read
    /// half synchronises: what it acquires from its predecessor does not fix their order.
    fn write_may_happen(
        &mut self,
        thread: ThreadIndex,
        at: Location,
        (value, update): (u32, Option<Update>),
        strength: Strength,
        site: SiteIndex,
    ) -> bool {
        let machine = self.machine;
        let key = key(at);
        let slot = &self.state.slots[&key];
        let view = &self.state.threads[thread as usize].view;
        let covered = |access: &Access| machine.covered(thread, view, access);
        let clash = slot.clash_of_write(strength, value, update, view, |thread| machine.block_of(thread), covered);
        match clash {
            Some(Clash::Race { other, wrote }) => {
                if !self.race(thread, site, at, true, other, wrote) {
                    return false;
                }
            }
            Some(Clash::Order) => self.conflict(key),
            None => {}
        }
        true
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one operation")]
    fn commit_write(
        &mut self,
        thread: ThreadIndex,
        at: Location,
        (value, update): (u32, Option<Update>),
        strength: Strength,
        order: Order,
        after: usize,
        site: SiteIndex,
    ) {
        let key = key(at);
        let mut releases = self.releases_of_write(thread, key, strength, order);
        let before = &self.state.slots[&key].messages[after];
        let own = before.access.epoch.thread == thread;
        if update.is_some() && (own || morally_strong(before.strength, Some(strength))) {
            releases.extend(before.releases.iter().cloned());
        }
        self.remember_release(thread, key, strength, order);
        let mut message = self.message(thread, value, Some(strength), releases, site);
        message.update = update;
        self.put_message(thread, at, after, message);
    }

    fn remember_release(&mut self, thread: ThreadIndex, key: u64, strength: Strength, order: Order) {
        if !releases(order) {
            return;
        }
        let release = Release { view: self.view_now(thread), strength };
        let released = &mut self.thread_mut(thread).order.get_or_insert_default().released;
        released.retain(|(slot, known)| *slot != key || known.strength.scope > strength.scope);
        released.push((key, release));
    }

    fn put_message(&mut self, thread: ThreadIndex, at: Location, after: usize, message: Message) {
        let machine = self.machine;
        let (value, plain) = (message.value, message.update.is_none());
        let State { threads, slots, .. } = &mut *self.state;
        let view = &threads[thread as usize].view;
        let Some(slot) = slots.get_mut(&key(at)) else { return };
        let newest = after + 1 == slot.messages.len();
        if plain {
            slot.forget_reads(|access| machine.covered(thread, view, access));
        }
        slot.insert(after, message);
        let waiters = std::mem::take(&mut slot.waiters);
        if newest {
            self.set_word(at, value);
        }
        self.wake(waiters);
    }

    pub(super) fn atomic(
        &mut self,
        thread: ThreadIndex,
        at: Location,
        semantics: Semantics,
        operation: &Operation,
        site: SiteIndex,
        choice: Choice,
    ) -> Progress {
        let Operation::Atomic { operation: function, operand, expected, returns, .. } = operation else {
            return Progress::Done;
        };
        if !self.strong_access(thread, at, Kind::StrongRead, site) {
            return Progress::Stops;
        }
        let position = self.chosen(&self.state.slots[&key(at)], choice);
        let message = &self.state.slots[&key(at)].messages[position];
        let (old, from) = (message.value, message.access);
        let strength = self.strength(thread, semantics);
        self.record(thread, site, operation, Some(old), Some(from));
        let value = function.apply(old, *operand, *expected);
        let update = Update { operation: *function, operand: *operand, returns: *returns };
        if !self.weak_access(thread, at, 4, Kind::StrongWrite, site)
            || !self.write_may_happen(thread, at, (value, Some(update)), strength, site)
        {
            return Progress::Stops;
        }
        // The read half synchronises before the write half releases.
        self.synchronise(thread, key(at), position, strength, semantics.order);
        self.commit_write(thread, at, (value, Some(update)), strength, semantics.order, position, site);
        if *returns {
            let coordinates = self.state.coordinates(self.machine, thread);
            self.machine.program().supply(coordinates, &mut self.state.threads[thread as usize].program, old);
        }
        Progress::Done
    }

    pub(super) fn fence(&mut self, thread: ThreadIndex, semantics: Semantics, site: SiteIndex) -> Progress {
        let strength = self.strength(thread, semantics);
        let machine = self.machine;
        let State { threads, slots, .. } = &mut *self.state;
        let fencing = &mut threads[thread as usize];
        if let Some(order) = &mut fencing.order {
            for (_, release) in order.pending.extract_if(.., |(_, release)| meets(release, strength)) {
                join(machine, slots, &mut fencing.view, &release.view);
            }
        }
        if semantics.order == Order::Sc {
            self.sequential_fence(thread, strength, site);
        }
        let release = Release { view: self.view_now(thread), strength };
        let order: &mut ThreadOrder = self.thread_mut(thread).order.get_or_insert_default();
        order.fences.retain(|fence| fence.strength.scope > strength.scope);
        order.fences.push(release);
        Progress::Done
    }

    /// Fence-SC order is the order of execution among fences that are morally strong.
    fn sequential_fence(&mut self, thread: ThreadIndex, strength: Strength, site: SiteIndex) {
        let machine = self.machine;
        let State { threads, slots, fences, .. } = &mut *self.state;
        let fencing = &mut threads[thread as usize];
        let mut unordered = false;
        for earlier in fences.iter().filter(|earlier| meets(&earlier.release, strength)) {
            unordered |= !machine.covered(thread, &fencing.view, &earlier.access);
        }
        for earlier in fences.iter().filter(|earlier| meets(&earlier.release, strength)) {
            join(machine, slots, &mut fencing.view, &earlier.release.view);
        }
        if unordered {
            self.conflict_of_fences();
        }
        let access = Access { epoch: self.epoch(thread), site };
        let release = Release { view: self.view_now(thread), strength };
        self.state.fences.push(SequentialFence { release, access });
    }

    /// The current point, for callers outside this module.
    pub(super) fn view_with_self(&self, thread: ThreadIndex) -> (View, Epoch) {
        (self.state.threads[thread as usize].view.clone(), self.epoch(thread))
    }
}

/// Whether a release pattern's first operation and an acquire pattern's last are morally strong.
fn meets(release: &Release, acquire: Strength) -> bool {
    mutually_inclusive(release.strength.scope, release.strength.placement, acquire.scope, acquire.placement)
}

/// Joins a view into a thread's, with coherence order deciding which observed message is later.
pub(super) fn join<P: Program>(
    machine: &Machine<P>,
    slots: &std::collections::BTreeMap<u64, Slot>,
    into: &mut View,
    other: &View,
) {
    into.join(
        other,
        |thread| machine.block_of(thread),
        |slot, mine, theirs| match slots.get(&slot) {
            Some(slot) if slot.position(theirs) > slot.position(mine) => theirs,
            _ => mine,
        },
    );
}
