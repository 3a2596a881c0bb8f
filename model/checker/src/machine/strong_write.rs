//! Strong writes, read-modify-writes and fences.
//!
//! A strong write ends the release patterns that begin with itself, with an earlier release of the same slot, or with
//! an earlier fence (PTX ISA, "Release and Acquire Patterns"); a read-modify-write also passes on those of the message
//! it continues.

use super::causality::{join, join_assumed, meets};
use super::run::{Progress, Run};
use super::{Choice, Rule, State, ThreadOrder, Watch};
use crate::memory::clock::{Epoch, ThreadIndex, View};
use crate::memory::scope;
use crate::memory::shadow::{Access, Kind};
use crate::memory::slot::{Clash, Matter, Message, ReadKind, Release, SlotRead, Strength, Update, key, morally_strong};
use crate::program::{
    AtomicFunction, AtomicKind, Location, Operation, PollUpdate, Program, SiteIndex, VectorElement, Width, Word,
    mbarrier,
};
use arverify_protocol::ir::{Order, Semantics};
use smallvec::SmallVec;

impl<P: Program> Run<'_, P> {
    /// A new message by a strong write of a thread, that comes behind another.
    fn message(
        &self,
        thread: ThreadIndex,
        key: u64,
        (value, update): (Word, Option<Update>),
        (strength, order): (Strength, (Order, VectorElement)),
        after: usize,
        site: SiteIndex,
    ) -> Message {
        let mut releases = self.releases_of_write(thread, key, strength, order);
        let slot = &self.state.slots[&key];
        let before = &slot.messages[after];
        let own = before.access.epoch.thread == thread;
        let observes = own || morally_strong(before.strength, Some(strength));
        let mut assumed = self.assumed_of(thread);
        // What an update hands on, of launches, too: whoever reads it observes those before it.
        if update.is_some() && observes && self.machine.has(Rule::ReleaseThroughUpdates) {
            for release in &before.releases {
                if !releases.iter().any(|known| self.machine.gives_all(&self.state.slots, known, release)) {
                    releases.push(release.clone());
                }
            }
            let theirs = before.assumed.iter();
            theirs.for_each(|theirs| join_assumed(self.machine, &self.state.slots, &mut assumed, theirs));
        }
        // Which came first does not matter.
        releases.sort_by_cached_key(Release::rank);
        let follows = self.machine.floor(self.state, thread, key, slot);
        let view = &self.state.threads[thread as usize].view;
        let is_beside = |message: &&Message| {
            message.update.zip(update).is_some_and(|(theirs, mine)| theirs.commutes(mine))
                && !self.machine.covered(thread, view, &message.access)
        };
        // Of what is retired no order is known.
        let beside = slot.messages[slot.retired.min(follows)..follows].iter();
        let beside = beside.filter(is_beside).map(|message| message.id).collect();
        let mut fences = self.machine.fences_before(self.state, thread);
        if update.is_some() && observes {
            fences.join(&before.fences);
        }
        Message {
            launch: self.state.coordinates(self.machine, thread).launch,
            strength: Some(strength),
            releases,
            assumed: (!assumed.is_empty()).then(|| Box::new(assumed)),
            update,
            follows: if follows < slot.retired { Epoch::INITIAL } else { slot.messages[follows].id },
            beside,
            fences,
            ..Message::weak(value, Access { epoch: self.epoch(thread), site })
        }
    }

    /// Release patterns that end in a strong write of this slot by this thread.
    pub(super) fn releases_of_write(
        &self,
        thread: ThreadIndex,
        key: u64,
        strength: Strength,
        (order, element): (Order, VectorElement),
    ) -> SmallVec<[Release; 1]> {
        let mut list = SmallVec::new();
        let mut widest = None;
        if scope::releases(order) && self.machine.has(Rule::ReleaseByOperation) {
            list.push(Release { view: self.view_of_release(thread, element), strength });
            widest = Some(strength.scope);
        }
        if let Some(order) = &self.state.threads[thread as usize].order {
            let has = |rule: Rule| self.machine.has(rule);
            let earlier = order.released.iter().filter(|(slot, _)| *slot == key && has(Rule::EarlierRelease));
            let fences = order.fences.iter().filter(|_| has(Rule::ReleaseByFence));
            for release in fences.chain(earlier.map(|(_, release)| release)) {
                // What the write itself releases includes everything an earlier, no wider one does.
                if widest.is_none_or(|widest| release.strength.scope > widest) {
                    list.push(release.clone());
                }
            }
        }
        list
    }

    /// What a release gives: what precedes it, itself included; of an element of a vector what precedes all elements, for
    /// there is no order among them.
    fn view_of_release(&self, thread: ThreadIndex, element: VectorElement) -> View {
        if element.index == 0 {
            return self.view_now(thread);
        }
        let mut epoch = self.epoch(thread);
        epoch.step = epoch.step.saturating_sub(u32::from(element.index) + 1);
        self.state.threads[thread as usize].view.with(self.machine.block_of(thread), epoch)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one operation")]
    pub(super) fn strong_write(
        &mut self,
        thread: ThreadIndex,
        (at, width): (Location, Width),
        value: Word,
        semantics: Semantics,
        operation: &Operation,
        site: SiteIndex,
        choice: Choice,
    ) -> Progress {
        self.record(thread, site, operation, None, None);
        if !self.strong_access(thread, at, width, Kind::StrongWrite, site) {
            return Progress::Stops;
        }
        let strength = self.strength(thread, semantics);
        let element = self.element(operation);
        let after = self.chosen(&self.state.slots[&key(at)], choice);
        let order = (semantics.order, element);
        if !self.write_may_happen(thread, at, (value, None), (strength, order), after, site) {
            return Progress::Stops;
        }
        self.commit_write(thread, at, (value, None), strength, order, after, site);
        Progress::Done
    }

    /// Checks a strong write against what it is unordered with. For a read-modify-write this comes before its read
    /// half synchronises: what it acquires from its predecessor does not fix their order.
    pub(super) fn write_may_happen(
        &mut self,
        thread: ThreadIndex,
        at: Location,
        (value, update): (Word, Option<Update>),
        (strength, order): (Strength, (Order, VectorElement)),
        after: usize,
        site: SiteIndex,
    ) -> bool {
        let (machine, key) = (self.machine, key(at));
        self.note_reach(thread, key, strength);
        // What the write will give; an update that acquires gives more, which does not count here.
        let message = self.message(thread, key, (value, update), (strength, order), after, site);
        let state = &*self.state;
        let slot = &state.slots[&key];
        let view = &state.threads[thread as usize].view;
        let covered = |access: &Access| machine.covered(thread, view, access);
        let releases = machine.settings.hands_on_more() || !message.releases.is_empty();
        let matters = |matter| {
            machine.has(match matter {
                Matter::Writes => Rule::WriteOrders,
                Matter::Reads => Rule::ReadBeforeWriteOrders,
                Matter::Updates => Rule::UpdatesMatter,
                Matter::Observations => Rule::ObservedPrecedes,
            })
        };
        let observed = view.observed(key).map(|number| slot.position(number));
        let rank = machine.rank_of_block(machine.block_of(thread));
        let over = |access: &Access| state.was_over(machine, access, rank);
        let loads = state.threads[thread as usize].assumed.loads.as_ref();
        let done = |load: &Access| machine.is_done(loads, load);
        // Where the order is explored already, nobody need ask whether it matters.
        let explored = machine.is_explored(key);
        let alike = |read: &SlotRead| explored || machine.reads_alike(state, slot, read, (key, &message));
        if machine.settings.watch >= Watch::Overtaken && machine.has(Rule::LoadBuffering) {
            let readers = slot.read_before(update, covered).into_iter();
            self.notes.overtaken.extend(readers.map(|access| (key, access.epoch.thread)));
        }
        let clash =
            slot.clash_of_write(strength, (value, update), releases, observed, covered, (over, done), alike, matters);
        let shows_order = update.is_some_and(|update| slot.would_show_order(update, covered));
        if shows_order && machine.has(Rule::UpdatesShowOrder) {
            self.conflict(key);
        }
        match clash {
            Some(Clash::Race { other, wrote }) if machine.has(Rule::StrongWriteRaces) => {
                return self.race(thread, site, at, true, other, wrote);
            }
            Some(Clash::Order) => self.conflict(key),
            Some(Clash::Race { .. }) | None => {}
        }
        true
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one operation")]
    pub(super) fn commit_write(
        &mut self,
        thread: ThreadIndex,
        at: Location,
        (value, update): (Word, Option<Update>),
        strength: Strength,
        order: (Order, VectorElement),
        after: usize,
        site: SiteIndex,
    ) {
        let key = key(at);
        let message = self.message(thread, key, (value, update), (strength, order), after, site);
        self.remember_release(thread, key, strength, order);
        if self.machine.has(Rule::LoadBuffering) && self.machine.settings.watch >= Watch::FreeSteps {
            self.note_steps(thread, (key, site), &message.releases, order.1);
            let bytes = self.state.slots[&key].width.bytes();
            self.forget_origins(at.instance, &(at.byte..at.byte + bytes));
        }
        let is_last = after + 1 == self.state.slots[&key].messages.len();
        self.put_message(thread, at, after, message);
        self.order_fences_at(key, is_last);
    }

    pub(super) fn remember_release(
        &mut self,
        thread: ThreadIndex,
        key: u64,
        strength: Strength,
        (order, element): (Order, VectorElement),
    ) {
        if !scope::releases(order) {
            return;
        }
        let release = Release { view: self.view_of_release(thread, element), strength };
        let released = &mut self.thread_mut(thread).order.get_or_insert_default().released;
        released.retain(|(slot, known)| *slot != key || known.strength.scope > strength.scope);
        let place = released.partition_point(|(slot, _)| *slot <= key);
        released.insert(place, (key, release));
    }

    pub(super) fn put_message(&mut self, thread: ThreadIndex, at: Location, after: usize, message: Message) {
        let machine = self.machine;
        // A later write that is unordered with those reads is unordered with this one, too: it need not be compared with
        // them, unless it commutes with this one.
        let (value, plain) = (message.value, message.update.is_none() && !message.carries_nothing());
        let State { threads, slots, fences, .. } = &mut *self.state;
        let view = &threads[thread as usize].view;
        let Some(slot) = slots.get_mut(&key(at)) else { return };
        let newest = after + 1 == slot.messages.len();
        if plain && fences.is_empty() {
            // Load buffering asks for loads that are no waits, whoever has written since.
            let matters = |read: &SlotRead| match machine.settings.watch {
                Watch::Nothing => false,
                Watch::Overtaken => read.kind.is_free(),
                Watch::FreeSteps | Watch::AllSteps => true,
            };
            slot.forget_reads(|read| !matters(read) && machine.covered(thread, view, &read.access));
        }
        slot.insert(after, message);
        let waiters = std::mem::take(&mut slot.waiters);
        let width = slot.width;
        if newest {
            self.set_word(at, width, value);
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
        let Operation::Atomic { width, function, operand, expected, returns, .. } = operation else {
            return Progress::Done;
        };
        if !self.strong_access(thread, at, *width, Kind::StrongRead, site) {
            return Progress::Stops;
        }
        let Some((position, kind)) = self.message_to_read(thread, at, choice) else { return Progress::Stops };
        let message = &self.state.slots[&key(at)].messages[position];
        let (old, from) = (message.value, message.access);
        let (waits, in_round) = (!kind.is_free(), kind != ReadKind::Load);
        self.record(thread, site, operation, Some(old), Some(from));
        if in_round {
            self.note_stale(thread, site, at, position, old);
            self.count_received(thread, at, from, true);
        } else if *returns {
            self.count_strong_read(thread, at, from);
        }
        let update = PollUpdate { function: *function, operand: *operand, expected: *expected };
        // One that changes nothing and comes between an update and what that has read is in nobody's way.
        let between = in_round && !update.changes(*width, old) && self.state.slots[&key(at)].is_parted(position);
        if between && !self.weak_access(thread, at, width.bytes(), Kind::StrongWrite, site) {
            return Progress::Stops;
        }
        if between || self.machine.only_reads(update, old) {
            if !self.read_message(thread, (at, VectorElement::SCALAR), position, kind, semantics, site) {
                return Progress::Stops;
            }
            if *returns {
                self.supply(thread, old);
            }
            return Progress::Done;
        }
        // Whatever the round was to read behind it, this is an effect.
        self.thread_mut(thread).plan = None;
        let (strength, order) = (self.strength(thread, semantics), (semantics.order, self.element(operation)));
        let value = function.apply(*width, old, *operand, *expected);
        let update = self.update(*function, *operand, *returns, old);
        if !self.weak_access(thread, at, width.bytes(), Kind::StrongWrite, site)
            || !self.write_may_happen(thread, at, (value, Some(update)), (strength, order), position, site)
        {
            return Progress::Stops;
        }
        // The read half synchronises before the write half releases: with what it found or, where that may as well come
        // after it, with what both follow.
        if let Some(found) = self.settled_before(thread, key(at), position, update) {
            self.synchronise(thread, key(at), found, strength, semantics.order);
        }
        // Where nobody looks at the old value, equal updates may have come in another order: nothing is learnt from it.
        if *returns {
            self.learn_assumed(thread, key(at), position, strength);
        }
        self.commit_write(thread, at, (value, Some(update)), strength, order, position, site);
        if *returns || self.machine.has(Rule::UpdatesRead) {
            self.remember_read(thread, (key(at), site), scope::acquires(semantics.order).then_some(strength), waits);
        }
        if *returns {
            self.observe(thread, key(at), position, strength);
            self.supply(thread, old);
        }
        Progress::Done
    }

    /// The read half of a read-modify-write that has found a word.
    fn update(&self, function: AtomicFunction, operand: u64, returns: bool, old: Word) -> Update {
        let shows_phase = function.kind == AtomicKind::Mbarrier;
        Update {
            function,
            operand,
            returns: returns && !shows_phase,
            phase: (
                returns && shows_phase && self.machine.has(Rule::PhasesMatter),
                if function.kind.is_mbarrier() { (old as u64 >> mbarrier::PHASE) as u8 } else { 0 },
            ),
            mixes: shows_phase && mbarrier::mixes(old as u64, operand),
        }
    }

    /// The message that an update follows whatever the order of updates that commute with it: the last before those that
    /// may as well come after it. `None` if that is one that is retired: then it is held to follow nothing.
    fn settled_before(&self, thread: ThreadIndex, key: u64, position: usize, update: Update) -> Option<usize> {
        if !self.machine.has(Rule::UpdatesAreUnordered) {
            return Some(position);
        }
        let slot = &self.state.slots[&key];
        let view = &self.state.threads[thread as usize].view;
        let commutes = |message: &Message| message.update.is_some_and(|theirs| theirs.commutes(update));
        let is_open = |message: &Message| !self.machine.covered(thread, view, &message.access);
        let (retired, rest) = slot.messages[..=position].split_at(slot.retired.min(position + 1));
        if retired.iter().any(|message| commutes(message) && is_open(message)) && rest.iter().all(commutes) {
            return None;
        }
        let first = slot.loose(position, commutes, |_, message| !is_open(message)).last().copied();
        first.map_or(Some(position), |first| first.checked_sub(1).filter(|found| *found >= slot.retired))
    }

    pub(super) fn fence(&mut self, thread: ThreadIndex, semantics: Semantics, site: SiteIndex) -> Progress {
        let strength = self.machine.strength_of_fence(thread, semantics);
        let machine = self.machine;
        let State { threads, slots, .. } = &mut *self.state;
        let fencing = &mut *threads[thread as usize];
        let mut learns = false;
        if let Some(order) = fencing.order.as_mut().filter(|_| machine.has(Rule::AcquireByFence)) {
            let mut joined: SmallVec<[View; 8]> = SmallVec::new();
            for (_, release) in order.pending.extract_if(.., |(_, release)| meets(release, strength)) {
                // All words sent behind one fence carry one view.
                if !joined.iter().any(|known| known.is_same(&release.view)) {
                    let before = fencing.view.clone();
                    join(machine, slots, &mut fencing.view, &release.view);
                    learns |= fencing.view != before;
                    joined.push(release.view);
                }
            }
        }
        self.counters().waits += u64::from(learns);
        if semantics.order == Order::Sc {
            self.sequential_fence(thread, strength, site);
        }
        let release = Release { view: self.view_now(thread), strength };
        let order: &mut ThreadOrder = self.thread_mut(thread).order.get_or_insert_default();
        order.fences.retain(|fence| fence.strength.scope > strength.scope);
        order.fences.push(release);
        self.reads_are_fenced(thread, strength);
        Progress::Done
    }
}
