//! Strong reads and waits.
//!
//! They synchronise as the release and acquire patterns of the PTX ISA say: an acquire joins what the message's
//! releases carry; a relaxed read keeps them for a later fence, or for a later acquire of the same slot.

use super::action::place_of;
use super::causality::{join, meets};
use super::event::What;
use super::run::{Progress, Run};
use super::{Choice, Rule, StaleWait, State, Status};
use crate::memory::clock::{Observed, ThreadIndex, View};
use crate::memory::scope::acquires;
use crate::memory::shadow::{Access, Kind};
use crate::memory::slot::{Clash, ReadKind, Release, Slot, SlotRead, Strength, key, location, morally_strong};
use crate::program::{Condition, Location, Operation, Program, SiteIndex, VectorElement, Width, Word};
use arverify_protocol::ir::{Order, Semantics};
use smallvec::SmallVec;

impl<P: Program> Run<'_, P> {
    /// The slot at a location, made from memory's contents at its first strong access. Slots of another size that
    /// overlap it are dissolved.
    pub(super) fn ensure_slot(&mut self, at: Location, width: Width) {
        if self.state.slots.get(&key(at)).is_some_and(|slot| slot.width == width) {
            return;
        }
        self.dissolve_slots(at, width);
        let shadow = &self.state.memory[at.instance as usize].shadow;
        let (access, written) = (shadow.last_write(at.byte), shadow.is_written(at.byte..at.byte + width.bytes()));
        let value = self.machine.word_at(self.state, at, width);
        self.state.slots.insert(key(at), Slot::new(width, value, access, !written).into());
        self.memory_mut(at.instance).has_slots = true;
    }

    pub(super) fn strength(&self, thread: ThreadIndex, semantics: Semantics) -> Strength {
        self.machine.strength_of(thread, semantics)
    }

    /// Checks that precede every strong access. Returns false after a violation.
    pub(super) fn strong_access(
        &mut self,
        thread: ThreadIndex,
        at: Location,
        width: Width,
        kind: Kind,
        site: SiteIndex,
    ) -> bool {
        let bytes = width.bytes();
        if !self.in_bounds(thread, at, bytes, bytes, site) || !self.clears_other_sizes(thread, at, width, kind, site) {
            return false;
        }
        self.ensure_slot(at, width);
        self.note_polled(at, width, site);
        if kind == Kind::StrongRead {
            let slot = &self.state.slots[&key(at)];
            let floor = self.machine.floor(self.state, thread, key(at), slot);
            // Whatever is read now: what nobody has written may be.
            let readable = if self.machine.has(Rule::UnwrittenMessages) { floor } else { slot.messages.len() - 1 };
            if slot.messages[readable..].iter().any(|message| message.unwritten) {
                self.uninitialised(thread, site, at, bytes);
            }
        }
        self.weak_access(thread, at, bytes, kind, site)
    }

    /// A strong access must be ordered with those of other sizes that it overlaps: they are not morally strong (PTX
    /// ISA, "Morally strong operations": complete overlap). Returns false after a violation.
    fn clears_other_sizes(
        &mut self,
        thread: ThreadIndex,
        at: Location,
        width: Width,
        kind: Kind,
        site: SiteIndex,
    ) -> bool {
        let writes = kind == Kind::StrongWrite;
        let own = &self.state.threads[thread as usize];
        let (view, loads) = (&own.view, own.assumed.loads.as_ref());
        let unordered = |access: &Access| !self.machine.covered(thread, view, access);
        let range = at.byte..at.byte + width.bytes();
        let found = self
            .state
            .slots
            .overlapping(at.instance, range)
            .filter(|(other, slot)| *other != key(at) || slot.width != width)
            .find_map(|(other, slot)| {
                let write = slot.messages.iter().map(|message| message.access).find(unordered);
                let made = slot.reads.iter().filter(|read| read.made).map(|read| read.access);
                let read = made.into_iter().find(|read| unordered(read) && !self.machine.is_done(loads, read));
                let read = read.filter(|_| writes);
                write.map(|access| (access, true)).or(read.map(|access| (access, false))).map(|found| (other, found))
            });
        match found {
            Some((other, (access, wrote))) => self.race(thread, site, location(other), writes, access, wrote),
            None => true,
        }
    }

    /// Makes way for a slot of another size: what was done to the old ones counts as weak from now on.
    fn dissolve_slots(&mut self, at: Location, width: Width) {
        let range = at.byte..at.byte + width.bytes();
        let keys: SmallVec<[u64; 4]> = self.state.slots.overlapping(at.instance, range).map(|(key, _)| key).collect();
        for key in keys {
            let Some(slot) = self.state.slots.remove(&key) else { continue };
            let start = location(key).byte;
            let range = start..start + slot.width.bytes();
            let shadow = &mut self.memory_mut(at.instance).shadow;
            let latest = slot.latest().access;
            if !latest.epoch.is_initial() {
                shadow.remember(range.clone(), true, latest);
            }
            for read in slot.reads.iter().filter(|read| read.made) {
                shadow.remember(range.clone(), false, read.access);
            }
            self.wake(slot.waiters.clone());
        }
    }

    /// Position of the message that a read returns, or of the one that a write comes after.
    pub(super) fn chosen(&self, slot: &Slot, choice: Choice) -> usize {
        match choice {
            Choice::Read(place) | Choice::After(place) => place_of(slot, place),
            Choice::Plain | Choice::Miss | Choice::Round(_) | Choice::PutOff => slot.messages.len() - 1,
        }
    }

    pub(super) fn strong_read(
        &mut self,
        thread: ThreadIndex,
        (at, width): (Location, Width),
        semantics: Semantics,
        operation: &Operation,
        site: SiteIndex,
        choice: Choice,
    ) -> Progress {
        if !self.strong_access(thread, at, width, Kind::StrongRead, site) {
            return Progress::Stops;
        }
        let Some((position, kind)) = self.message_to_read(thread, at, choice) else { return Progress::Stops };
        let (value, from) = {
            let message = &self.state.slots[&key(at)].messages[position];
            (message.value, message.access)
        };
        self.record(thread, site, operation, Some(value), Some(from));
        if matches!(kind, ReadKind::Round { .. }) {
            self.note_stale(thread, site, at, position, value);
            self.count_received(thread, at, from, self.machine.program().hands_on(site));
        } else {
            self.count_strong_read(thread, at, from);
        }
        let element = self.element(operation);
        if !self.read_message(thread, (at, element), position, kind, semantics, site) {
            return Progress::Stops;
        }
        self.supply(thread, value);
        Progress::Done
    }

    /// Which element of a vector a strong access is.
    pub(super) fn element(&self, operation: &Operation) -> VectorElement {
        match operation {
            Operation::Read { element, .. } | Operation::Write { element, .. } | Operation::Atomic { element, .. }
                if self.machine.has(Rule::VectorsAreUnordered) =>
            {
                *element
            }
            _ => VectorElement::SCALAR,
        }
    }

    /// Position of the message that a read returns, planned or chosen, and what the read is made for; `None` where the
    /// planned one cannot be read after all.
    pub(super) fn message_to_read(
        &mut self,
        thread: ThreadIndex,
        at: Location,
        choice: Choice,
    ) -> Option<(usize, ReadKind)> {
        let Some((message, kind)) = self.planned(thread, at) else {
            return Some((self.chosen(&self.state.slots[&key(at)], choice), ReadKind::Load));
        };
        let slot = &self.state.slots[&key(at)];
        let position = message.map_or(slot.messages.len() - 1, |number| slot.position(number));
        if position < self.machine.floor(self.state, thread, key(at), slot) {
            self.state.impossible = true;
            return None;
        }
        Some((position, kind))
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one operation")]
    pub(super) fn wait(
        &mut self,
        thread: ThreadIndex,
        (at, width): (Location, Width),
        condition: Condition,
        semantics: Semantics,
        operation: &Operation,
        site: SiteIndex,
        choice: Choice,
    ) -> Progress {
        if semantics.order == Order::Weak {
            return self.weak_wait(thread, (at, width), condition, operation, site);
        }
        if !self.strong_access(thread, at, width, Kind::StrongRead, site) {
            return Progress::Stops;
        }
        let slot = &self.state.slots[&key(at)];
        let holds = slot.latest().value;
        if choice == Choice::Miss {
            return self.miss(thread, at, condition, site);
        }
        let position = if let Choice::Read(place) = choice {
            place_of(slot, place)
        } else {
            let floor = self.machine.floor(self.state, thread, key(at), slot);
            let found = slot.messages[floor..].iter().position(|message| condition.holds(message.value));
            let Some(found) = found else {
                return self.block(thread, (at, width), condition, holds, site);
            };
            floor + found
        };
        let message = &self.state.slots[&key(at)].messages[position];
        let (value, from) = (message.value, message.access);
        self.record(thread, site, operation, Some(value), Some(from));
        self.note_stale(thread, site, at, position, Word::from(value as u32));
        self.counters().waits += 1;
        let returns = matches!(operation, Operation::Await { returns: true, .. });
        let kind = ReadKind::Await { condition, returns };
        if !self.read_message(thread, (at, VectorElement::SCALAR), position, kind, semantics, site) {
            return Progress::Stops;
        }
        self.count_received(thread, at, from, returns && self.machine.program().hands_on(site));
        if returns {
            self.supply(thread, value);
        }
        Progress::Done
    }

    /// A wait by weak reads: each is checked for races as any weak read is.
    fn weak_wait(
        &mut self,
        thread: ThreadIndex,
        (at, width): (Location, Width),
        condition: Condition,
        operation: &Operation,
        site: SiteIndex,
    ) -> Progress {
        let bytes = width.bytes();
        if !self.in_bounds(thread, at, bytes, bytes, site) || !self.weak_access(thread, at, bytes, Kind::Read, site) {
            return Progress::Stops;
        }
        let value = self.machine.word_at(self.state, at, width);
        if !condition.holds(value) {
            self.ensure_slot(at, width);
            return self.block(thread, (at, width), condition, value, site);
        }
        self.record(thread, site, operation, Some(value), None);
        if matches!(operation, Operation::Await { returns: true, .. }) {
            self.supply(thread, value);
        }
        Progress::Done
    }

    /// A wait sees the newest message, which does not satisfy it, and from then on no older one.
    fn miss(&mut self, thread: ThreadIndex, at: Location, condition: Condition, site: SiteIndex) -> Progress {
        let newest = self.state.slots[&key(at)].latest();
        let (observed, holds) = (Observed { slot: key(at), message: newest.id }, newest.value);
        self.thread_mut(thread).view.observe(observed);
        self.record_what(thread, Some(site), || What::Missed { at, until: condition.to_string(), holds });
        Progress::Waits
    }

    /// The thread waits until something is written to the word.
    fn block(
        &mut self,
        thread: ThreadIndex,
        (at, width): (Location, Width),
        condition: Condition,
        holds: Word,
        site: SiteIndex,
    ) -> Progress {
        self.record_what(thread, Some(site), || What::Blocked { at, until: condition.to_string(), holds });
        self.thread_mut(thread).status = Status::Awaiting(key(at));
        self.ensure_slot(at, width);
        if self.machine.sees_order(self.state, thread, &self.state.slots[&key(at)]) {
            self.conflict(key(at));
        }
        if let Some(slot) = self.state.slots.get_mut(&key(at)) {
            slot.add_waiter(thread);
        }
        Progress::Waits
    }

    /// Remembers that a wait was satisfied by a message of an earlier launch: the cause, if something breaks later.
    pub(super) fn note_stale(
        &mut self,
        thread: ThreadIndex,
        site: SiteIndex,
        at: Location,
        position: usize,
        value: Word,
    ) {
        let launch = self.state.coordinates(self.machine, thread).launch;
        let message = &self.state.slots[&key(at)].messages[position];
        let writer = message.access.epoch;
        if !self.machine.has(Rule::StaleWaits)
            || message.launch >= launch
            || writer.is_initial()
            || writer.thread == thread
            || self.machine.program.describe(at).is_some()
        {
            return;
        }
        let stale = StaleWait {
            thread,
            site,
            slot: key(at),
            value,
            written_in: message.launch,
            launch,
            writer: message.access.site,
        };
        let block = self.machine.block_of(thread) as usize;
        let known = &mut self.state.blocks[block].stale.0;
        if known.iter().all(|known| known.launch != launch) {
            known.push(stale);
            self.explain_suspected_race(thread);
        }
    }

    /// What reading a message does to the reader. Returns false after a violation.
    pub(super) fn read_message(
        &mut self,
        thread: ThreadIndex,
        (at, element): (Location, VectorElement),
        position: usize,
        kind: ReadKind,
        semantics: Semantics,
        site: SiteIndex,
    ) -> bool {
        let (strength, key) = (self.strength(thread, semantics), key(at));
        self.note_reach(thread, key, strength);
        let (machine, state) = (self.machine, &*self.state);
        let slot = &state.slots[&key];
        let view = &state.threads[thread as usize].view;
        let id = slot.messages[position].id;
        let floor = machine.floor(state, thread, key, slot);
        let observed = view.observed(key).filter(|_| machine.has(Rule::ObservedPrecedes));
        let observed = observed.map(|id| slot.position(id));
        let clash = slot.clash_of_read(
            strength,
            id,
            &kind,
            (floor, observed),
            |access| machine.covered(thread, view, access),
            |old, new| {
                machine.gives_no_less(state, thread, old, new)
                    && !(machine.has(Rule::UpdatesAreUnordered) && slot.may_come_before(old, new))
            },
        );
        let hidden = machine.hidden_by_equals(slot, floor, |access| machine.covered(thread, view, access));
        let looks_at_order = match &kind {
            ReadKind::Load => !hidden.is_empty(),
            ReadKind::Await { condition, .. } => hidden.iter().any(|message| condition.holds(message.value)),
            ReadKind::Round { .. } | ReadKind::Settled { .. } => false,
        };
        let sees_order = machine.sees_order(state, thread, slot);
        let waits = !kind.is_free();
        let orders = if kind != ReadKind::Load { Rule::WaitOrders } else { Rule::LoadOrders };
        match clash {
            Some(Clash::Race { other, wrote }) if machine.has(Rule::StrongReadRaces) => {
                if !self.race(thread, site, at, false, other, wrote) {
                    return false;
                }
            }
            Some(Clash::Order) if machine.has(orders) => self.conflict(key),
            Some(_) | None => {}
        }
        if looks_at_order || sees_order {
            self.conflict(key);
        }
        let order = if acquires(semantics.order) && !element.is_last() { Order::Relaxed } else { semantics.order };
        self.synchronise(thread, key, position, strength, order);
        if acquires(semantics.order) {
            self.acquire_elements(thread, key, element, strength);
        }
        self.learn_assumed(thread, key, position, strength);
        self.observe(thread, key, position, strength);
        let access = Access { epoch: self.epoch(thread), site };
        let fences = self.machine.fences_before(self.state, thread);
        let kind = self.kind_of_read(key, kind);
        let settled = matches!(kind, ReadKind::Settled { .. }) && fences.is_empty();
        let message = Some(id).filter(|_| !settled);
        if let Some(slot) = self.state.slots.get_mut(&key) {
            slot.add_read(SlotRead { access, strength, message, kind, fences, made: true });
            let is_last = slot.messages.last().is_some_and(|last| last.id == id);
            self.order_fences_at(key, is_last);
        }
        self.remember_read(thread, (key, site), acquires(semantics.order).then_some(strength), waits);
        true
    }

    /// An acquiring vector acquires behind all its elements: with the last one, what the others have read.
    fn acquire_elements(&mut self, thread: ThreadIndex, key: u64, element: VectorElement, strength: Strength) {
        if element.count == 1 || !self.machine.has(Rule::AcquireByOperation) {
            return;
        }
        let State { threads, slots, .. } = &mut *self.state;
        let reader = &mut *threads[thread as usize];
        let order = reader.order.get_or_insert_default();
        if element.made == 0 {
            order.elements.clear();
        }
        if !element.is_last() {
            order.elements.push(key);
            return;
        }
        let elements = std::mem::take(&mut order.elements);
        let ended = |(slot, release): &mut (u64, Release)| elements.contains(slot) && meets(release, strength);
        for (_, release) in order.pending.extract_if(.., ended) {
            join(self.machine, slots, &mut reader.view, &release.view);
        }
    }

    /// Observation counts in causality order even where nothing synchronises. Not that of a read-modify-write whose result
    /// nobody looks at: what it read is in no settled order with an equal update.
    pub(super) fn observe(&mut self, thread: ThreadIndex, key: u64, position: usize, strength: Strength) {
        let machine = self.machine;
        let State { threads, slots, .. } = &mut *self.state;
        let message = &slots[&key].messages[position];
        let view = &mut threads[thread as usize].view;
        // Through atomics alone, what one of them follows that the reader synchronises with need not be followed.
        let is_news = slots[&key].observed_with(position).any(|seen| !machine.covered(thread, view, &seen.access));
        if morally_strong(message.strength, Some(strength)) && is_news && machine.has(Rule::Observation) {
            view.observe(Observed { slot: key, message: message.id });
        }
    }

    /// The release and acquire patterns that end here.
    pub(super) fn synchronise(
        &mut self,
        thread: ThreadIndex,
        key: u64,
        position: usize,
        strength: Strength,
        order: Order,
    ) {
        let machine = self.machine;
        let message = &self.state.slots[&key].messages[position];
        let from = (message.access.epoch, message.launch);
        self.state.hear(machine, thread, from);
        let State { threads, slots, .. } = &mut *self.state;
        let message = &slots[&key].messages[position];
        let reader = &mut *threads[thread as usize];
        let own = message.access.epoch.thread == thread;
        if !own && !morally_strong(message.strength, Some(strength)) {
            return;
        }
        let mut joined = SmallVec::<[&View; 4]>::new();
        let mut learns = false;
        let mut kept = SmallVec::<[Release; 2]>::new();
        for release in &message.releases {
            if acquires(order) && meets(release, strength) && machine.has(Rule::AcquireByOperation) {
                joined.push(&release.view);
            } else {
                kept.push(release.clone());
            }
        }
        for view in joined {
            learns |= !own;
            join(machine, slots, &mut reader.view, view);
        }
        if let Some(thread_order) = reader.order.as_mut().filter(|_| acquires(order) && machine.has(Rule::EarlierRead))
        {
            for (_, release) in
                thread_order.pending.extract_if(.., |(slot, release)| *slot == key && meets(release, strength))
            {
                learns |= !own;
                join(machine, slots, &mut reader.view, &release.view);
            }
        }
        if !kept.is_empty() {
            let pending = &mut reader.order.get_or_insert_default().pending;
            for release in kept {
                if !pending.iter().any(|(slot, known)| *slot == key && *known == release) {
                    let rank = (key, release.rank());
                    let place = pending.partition_point(|(slot, known)| (*slot, known.rank()) <= rank);
                    pending.insert(place, (key, release));
                }
            }
        }
        self.counters().waits += u64::from(learns);
    }
}
