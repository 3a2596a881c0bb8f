//! Waits in spin loops: which round is performed, and when a thread goes on waiting.
//!
//! Where no word of a round is contended, the round with the fewest reads and the earliest messages is performed; every
//! other must come to the same next step with the same live registers and give the reader nothing less (lemma L2), else
//! the words in which they differ become contended. Where a word is contended, every combination of messages of the
//! contended words is an action of its own. Words that were asked for remember the wait, so that a later write to one of
//! them is compared with it in the same way, whether or not the round that was performed read it.
//!
//! A round is performed by its threads themselves, read by read, each with the message planned for it.

use super::company::Company;
use super::event::What;
use super::in_vain::InVain;
use super::rounds::{EXTRA, Extra, Leaving, Newest, Pick, Rounds, distinct_words};
use super::run::{Progress, Run};
use super::{Choice, Machine, Rule, State, Status};
use crate::memory::clock::{Fences, MessageId, Observed, ThreadIndex};
use crate::memory::shadow::Access;
use crate::memory::slot::{Message, ReadKind, SharedWait, Slot, SlotRead, Wait, key};
use crate::program::{Barrier, Location, Operation, Poll, Program, SiteIndex};
use arverify_protocol::ir::{Order, Semantics};
use smallvec::SmallVec;
use std::any::Any;
use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// The messages that a thread has yet to read in a round that it performs.
#[derive(Clone, Debug, PartialEq, Hash)]
pub(super) struct Plan {
    /// The next one first.
    reads: Vec<Planned>,
    /// The wait that it ends.
    wait: SharedWait,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Planned {
    at: Location,
    message: Option<MessageId>,
    /// The wait does not depend on it.
    free: bool,
}

/// A wait that has ended, for writes that come later.
#[derive(Debug)]
struct Ended<R> {
    company: Company<R>,
    performed: Leaving,
    /// Of each word that was asked for, the message that was the newest then.
    newest: Newest,
    digest: u64,
}

impl<R: Debug + Send + Sync + 'static> Wait for Ended<R> {
    fn digest(&self) -> u64 {
        self.digest
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A member of the company, a contended word that it reads and how, and the number of the message.
type ContendedPick = (usize, Location, Semantics, Option<MessageId>);

impl<P: Program> Machine<P> {
    /// The waits that a thread may end, with the rounds of each: alone, and with those whom it meets.
    pub(super) fn work_out_waits(
        &self,
        state: &State<P::Thread>,
        thread: ThreadIndex,
    ) -> Vec<(Company<P::Round>, Rounds)> {
        let alone = self.alone(state, thread);
        let rounds = self.rounds(state, &alone, None);
        let together = rounds.meets.and_then(|barrier| self.company(state, thread, barrier));
        let together = together.map(|company| {
            let rounds = self.rounds(state, &company, None);
            (company, rounds)
        });
        [(alone, rounds)].into_iter().chain(together).collect()
    }

    /// The first message of a word that a wait which has ended could read.
    pub(super) fn first_of_wait(&self, kind: &ReadKind, key: u64, slot: &Slot) -> Option<usize> {
        let ReadKind::Round { wait, .. } = kind else { return None };
        let ended = wait.0.as_any().downcast_ref::<Ended<P::Round>>()?;
        ended.company.members.iter().map(|member| self.floor_of(&member.view, key, slot)).min()
    }

    /// Whether the order of accesses to a word of a wait is explored.
    fn is_contended(&self, waits: &[(Company<P::Round>, Rounds)]) -> bool {
        let contended =
            |poll: &Poll| poll.semantics.order != Order::Weak && self.contended.slots.contains(&key(poll.at));
        self.settings.everything || waits.iter().any(|(_, rounds)| rounds.asked.iter().any(|(_, poll)| contended(poll)))
    }

    /// The rounds that are tried each by itself: one for each combination of messages of contended words, but for those that
    /// are passed over.
    pub(super) fn representatives<'r>(
        &self,
        state: &State<P::Thread>,
        company: &Company<P::Round>,
        rounds: &'r Rounds,
    ) -> Vec<&'r Leaving> {
        let mut found: Vec<(Vec<ContendedPick>, &Leaving)> = Vec::new();
        for leaving in &rounds.leaving {
            let key = self.contended_part(leaving);
            if !found.iter().any(|(known, _)| *known == key) {
                found.push((key, leaving));
            }
        }
        self.not_passed_over(state, company, found.into_iter().map(|(_, leaving)| leaving).collect())
    }

    fn contended_part(&self, leaving: &Leaving) -> Vec<ContendedPick> {
        let counts = |pick: &&Pick| self.is_explored(key(pick.poll.at));
        leaving.picks.iter().filter(counts).map(contended_pick).collect()
    }

    /// Words in which a round differs from the one performed, unless it comes to the same and gives no less.
    fn differs(
        &self,
        state: &State<P::Thread>,
        company: &Company<P::Round>,
        performed: &Leaving,
        other: &Leaving,
        extra: Option<&Extra<'_>>,
    ) -> Vec<u64> {
        let message = |pick: &Pick| -> Option<&Message> {
            let slot = state.slots.get(&key(pick.poll.at))?;
            slot.messages.iter().find(|message| Some(message.id) == pick.message)
        };
        let no_less = |mine: &Pick| {
            let Some(old) = message(mine) else { return true };
            let Some(theirs) = other.reads(mine.member, &mine.poll) else { return old.carries_nothing() };
            if !old.carries_nothing() && self.has(Rule::NoWeakerReads) && !is_no_weaker(&mine.poll, &theirs.poll) {
                return false;
            }
            if theirs.message == mine.message {
                return true;
            }
            if self.may_come_before(state, mine, theirs, extra) {
                return false;
            }
            let reader = company.members[mine.member].thread;
            match (theirs.message, extra) {
                (Some(EXTRA), Some(extra)) => self.gives_no_less(state, reader, old, extra.message),
                _ => message(theirs).is_some_and(|new| self.gives_no_less(state, reader, old, new)),
            }
        };
        let same_step = other.outcome == performed.outcome || !self.has(Rule::SameNextStep);
        if same_step && performed.picks.iter().all(no_less) {
            return Vec::new();
        }
        parted_words(performed, other)
    }

    /// Whether what a round reads of a word may as well have come before what another reads, for they are equal updates.
    fn may_come_before(
        &self,
        state: &State<P::Thread>,
        earlier: &Pick,
        later: &Pick,
        extra: Option<&Extra<'_>>,
    ) -> bool {
        let Some(slot) = state.slots.get(&key(earlier.poll.at)) else { return false };
        let find = |pick: &Pick| slot.messages.iter().find(|message| Some(message.id) == pick.message);
        let later = match extra.filter(|_| later.message == Some(EXTRA)) {
            Some(extra) => Some(extra.message),
            None => find(later),
        };
        let pair = find(earlier).zip(later);
        self.has(Rule::UpdatesAreUnordered) && pair.is_some_and(|(earlier, later)| slot.may_come_before(earlier, later))
    }

    /// Whether a write commutes with a wait that has ended: with its message, too, the wait would have ended, in the same
    /// way, and no worse.
    pub(super) fn would_end_alike(
        &self,
        state: &State<P::Thread>,
        wait: &SharedWait,
        (key, message): (u64, &Message),
    ) -> bool {
        let Some(ended) = wait.0.as_any().downcast_ref::<Ended<P::Round>>() else { return false };
        let extra = &Extra { key, value: message.value, message, newest: &ended.newest };
        if !self.ends_with(state, &ended.company, Some(extra)) {
            return false;
        }
        let rounds = self.rounds(state, &ended.company, Some(extra));
        let reads = |leaving: &&Leaving| leaving.picks.iter().any(|pick| pick.message == Some(EXTRA));
        // What comes of meeting others is not known here.
        !rounds.cut
            && !rounds.entered
            && rounds.meets.is_none()
            && rounds
                .leaving
                .iter()
                .filter(reads)
                .all(|other| self.differs(state, &ended.company, &ended.performed, other, Some(extra)).is_empty())
    }

    /// Whether a read of a slot would have been no different with a message that is being written: its next step is the
    /// same, and it gets nothing less (lemma L2).
    pub(super) fn reads_alike(
        &self,
        state: &State<P::Thread>,
        slot: &Slot,
        read: &SlotRead,
        (key, message): (u64, &Message),
    ) -> bool {
        match &read.kind {
            ReadKind::Load => false,
            ReadKind::Await { condition, returns } => {
                let Some(number) = read.message else { return false };
                let was = &slot.messages[slot.position(number)];
                condition.holds(message.value)
                    && (!returns || message.value == was.value || !self.has(Rule::SameNextStep))
                    && !(self.has(Rule::UpdatesAreUnordered) && slot.may_come_before(was, message))
                    && self.gives_no_less(state, read.access.epoch.thread, was, message)
            }
            ReadKind::Round { wait, .. } => self.would_end_alike(state, wait, (key, message)),
            ReadKind::Settled { .. } => true,
        }
    }

    /// What ends the loop that a thread stands in, in words.
    pub(super) fn describe_loop(&self, state: &State<P::Thread>, thread: ThreadIndex) -> String {
        let at = state.coordinates(self, thread);
        self.program().describe_loop(at, &state.threads[thread as usize].program)
    }

    /// Whether the wait of a thread ends with no message that is the newest: it may go on for ever.
    pub(super) fn may_go_on_waiting(&self, state: &State<P::Thread>, waits: &[(Company<P::Round>, Rounds)]) -> bool {
        waits
            .iter()
            .all(|(company, rounds)| rounds.meets.is_some() && !company.whole || !self.ends_with_newest(state, company))
    }
}

impl<P: Program> Run<'_, P> {
    /// A thread stands in a spin loop.
    pub(super) fn spin(
        &mut self,
        thread: ThreadIndex,
        operation: &Operation,
        site: SiteIndex,
        choice: Choice,
    ) -> Progress {
        let waits = self.machine.waits(self.state, thread);
        self.notes.too_many_rounds |= waits.iter().any(|(_, rounds)| rounds.cut);
        waits.iter().flat_map(|(_, rounds)| &rounds.hidden).for_each(|word| self.conflict(*word));
        self.note_asked(&waits);
        match choice {
            Choice::Miss => return self.miss_rounds(thread, &waits, site),
            Choice::Round(number) => {
                let all = waits.iter().flat_map(|(company, rounds)| {
                    let ways = self.machine.representatives(self.state, company, rounds);
                    ways.into_iter().map(move |leaving| (company, rounds, leaving))
                });
                let chosen = all.into_iter().nth(number as usize);
                let Some((company, rounds, leaving)) = chosen else { return Progress::Stops };
                return self.perform_round(thread, &waits, (company, rounds, leaving));
            }
            _ => {}
        }
        if self.machine.is_contended(&waits) {
            return Progress::Chooses;
        }
        let first = waits.iter().find_map(|(company, rounds)| Some((company, rounds, rounds.leaving.first()?)));
        match first {
            Some(first) => self.perform_round(thread, &waits, first),
            None => self.block_in_loop(thread, operation, &waits, site),
        }
    }

    /// Who comes to the words of waits, and which of these tell in which order updates came.
    fn note_asked(&mut self, waits: &[(Company<P::Round>, Rounds)]) {
        for (company, rounds) in waits {
            for (member, poll) in &rounds.asked {
                let reader = company.members[*member].thread;
                self.note_comer(reader, poll.at);
                self.note_poll(reader, (poll.at, poll.semantics.order), poll.site);
                let slot = self.state.slots.get(&key(poll.at));
                if slot.is_some_and(|slot| self.machine.sees_order(self.state, reader, slot)) {
                    self.conflict(key(poll.at));
                }
            }
        }
    }

    /// Performs a round: every thread that takes part is given what to read.
    fn perform_round(
        &mut self,
        thread: ThreadIndex,
        waits: &[(Company<P::Round>, Rounds)],
        (company, rounds, leaving): (&Company<P::Round>, &Rounds, &Leaving),
    ) -> Progress {
        let machine = self.machine;
        let part = machine.contended_part(leaving);
        if machine.has(Rule::WaitOrders) && !machine.ends_with_newest(self.state, company) {
            // It may as well see the newest messages first, with which it does not end.
            for pick in leaving.picks.iter().filter(|pick| pick.poll.semantics.order != Order::Weak) {
                self.conflict_of_old(pick);
            }
        }
        // Whoever leaves alone might have met others instead, once they are there.
        let meeting = waits.iter().filter(|_| !company.whole).flat_map(|(_, rounds)| &rounds.meeting);
        if machine.has(Rule::WaitOrders) {
            meeting.flat_map(|way| parted_words(leaving, way)).for_each(|word| self.conflict(word));
        }
        // The thread, who may end the wait alone or together with those whom it meets, is the first of either company.
        let others = waits.iter().flat_map(|(_, rounds)| &rounds.leaving);
        for other in others.filter(|other| machine.contended_part(other) == part) {
            if machine.has(Rule::WaitOrders) {
                machine
                    .differs(self.state, company, leaving, other, None)
                    .into_iter()
                    .for_each(|word| self.conflict(word));
            }
        }
        self.counters().waits += 1;
        for member in company.members.iter().filter(|member| member.arrived.is_none()) {
            self.thread_mut(member.thread).step += 1;
        }
        let wait = self.ended(company, rounds, leaving);
        if !self.remember_wait(company, rounds, leaving, &wait) {
            return Progress::Stops;
        }
        // Threads of a company read when they come to it: what they read then is what was chosen now.
        let strong = |pick: &&Pick| pick.poll.semantics.order != Order::Weak;
        for pick in leaving.picks.iter().filter(strong).filter(|pick| pick.message.is_none()) {
            self.ensure_slot(pick.poll.at, pick.poll.width);
        }
        let readers: SmallVec<[usize; 4]> =
            (0..company.members.len()).filter(|member| company.members[*member].arrived.is_none()).collect();
        for member in readers {
            let picks = leaving.picks.iter().enumerate().filter(|(_, pick)| pick.member == member);
            let several = leaving.picks.len() > 1;
            let slots = &self.state.slots;
            let newest = |pick: &Pick| slots.get(&key(pick.poll.at)).map(|slot| slot.latest().id);
            let planned = |(index, pick): (usize, &Pick)| Planned {
                at: pick.poll.at,
                message: pick.message.or_else(|| newest(pick).filter(|_| strong(&pick))),
                free: several && machine.has(Rule::FreeWords) && machine.ends_without(company, leaving, index),
            };
            let reads: Vec<Planned> = picks.map(planned).collect();
            let index = company.members[member].thread;
            self.state.choosing.remove(&index);
            let standing = self.thread_mut(index);
            standing.pending = None;
            standing.plan = (!reads.is_empty()).then(|| Box::new(Plan { reads, wait: wait.clone() }));
            if index != thread {
                self.make_ready(index);
            }
        }
        Progress::Done
    }

    /// A wait as it ends.
    fn ended(&mut self, company: &Company<P::Round>, rounds: &Rounds, performed: &Leaving) -> SharedWait {
        let newest = self.newest_asked(rounds);
        // Where the order of accesses to all of its words is explored, no later write is compared with it.
        let is_open = |(key, _): &(u64, MessageId)| !self.machine.is_explored(*key);
        let digest = newest.iter().any(is_open).then(|| {
            let mut hasher = DefaultHasher::new();
            (company.digest(self.machine), performed.outcome, &newest).hash(&mut hasher);
            hasher.finish().max(1)
        });
        let digest = digest.unwrap_or(0);
        let (company, performed) = (company.clone(), performed.clone());
        SharedWait(Arc::new(Ended { company, performed, newest, digest }))
    }

    /// The newest messages of the words that a wait has asked for.
    fn newest_asked(&mut self, rounds: &Rounds) -> Newest {
        let strong = rounds.asked.iter().filter(|(_, poll)| poll.semantics.order != Order::Weak);
        let mut newest = Newest::new();
        for poll in strong.map(|(_, poll)| poll) {
            self.ensure_slot(poll.at, poll.width);
            let key = key(poll.at);
            if let Err(at) = newest.binary_search_by_key(&key, |(known, _)| *known) {
                newest.insert(at, (key, self.state.slots[&key].latest().id));
            }
        }
        newest
    }

    /// The order of accesses to a word matters if what is read of it is not the newest message.
    fn conflict_of_old(&mut self, pick: &Pick) {
        let newest = self.state.slots.get(&key(pick.poll.at)).map(|slot| slot.latest().id);
        if pick.message != newest && newest.is_some() {
            self.conflict(key(pick.poll.at));
        }
    }

    /// The words that were asked for and are not read remember the wait; reads of rounds that come back are made, for all
    /// that others can tell of them: they race. Returns false after a violation.
    fn remember_wait(
        &mut self,
        company: &Company<P::Round>,
        rounds: &Rounds,
        leaving: &Leaving,
        wait: &SharedWait,
    ) -> bool {
        let is_performed = |member: usize, poll: &Poll| {
            let same =
                |pick: &Pick| (pick.member, pick.poll.at, pick.poll.semantics) == (member, poll.at, poll.semantics);
            leaving.picks.iter().any(same)
        };
        // Before the round that leaves: what that acquires, those that came back did not know.
        for read in &rounds.failing {
            if !self.read_in_vain(company.members[read.member].thread, read) {
                return false;
            }
        }
        for (member, poll) in rounds.asked.iter().filter(|(member, poll)| !is_performed(*member, poll)) {
            let reader = company.members[*member].thread;
            let made = rounds
                .failing
                .iter()
                .any(|known| (known.member, known.poll.at, known.poll.semantics) == (*member, poll.at, poll.semantics));
            if poll.semantics.order == Order::Weak {
                continue;
            }
            self.ensure_slot(poll.at, poll.width);
            self.might_have_read(reader, key(poll.at), poll);
            let strength = self.machine.strength_of(reader, poll.semantics);
            let access = Access { epoch: self.epoch(reader), site: poll.site };
            if !self.machine.has(Rule::WordsAskedFor) {
                continue;
            }
            let kind = self.kind_of_read(key(poll.at), ReadKind::Round { wait: wait.clone(), free: false });
            if !made && matches!(kind, ReadKind::Settled { .. }) {
                continue;
            }
            let read = SlotRead { access, strength, message: None, kind, fences: Fences::default(), made };
            if let Some(slot) = self.state.slots.get_mut(&key(poll.at)) {
                slot.add_read(read);
            }
        }
        true
    }

    /// The message planned for a read, if it belongs to a round that is performed.
    pub(super) fn planned(&mut self, thread: ThreadIndex, at: Location) -> Option<(Option<MessageId>, ReadKind)> {
        let plan = self.thread_mut(thread).plan.as_mut()?;
        let (next, wait) = (plan.reads.first().copied(), plan.wait.clone());
        match next {
            Some(next) if next.at == at => {
                plan.reads.remove(0);
                if plan.reads.is_empty() {
                    self.thread_mut(thread).plan = None;
                }
                Some((next.message, ReadKind::Round { wait, free: next.free }))
            }
            _ => {
                self.thread_mut(thread).plan = None;
                None
            }
        }
    }

    /// An ordinary load of a round: it reads what there is.
    pub(super) fn plan_past(&mut self, thread: ThreadIndex, at: Location, bytes: u64) {
        // To borrow a thread is to change it.
        if self.state.threads[thread as usize].plan.is_none() {
            return;
        }
        let Some(plan) = self.thread_mut(thread).plan.as_mut() else { return };
        let inside =
            |read: &Planned| read.at.instance == at.instance && (at.byte..at.byte + bytes).contains(&read.at.byte);
        while plan.reads.first().is_some_and(inside) {
            plan.reads.remove(0);
        }
        if plan.reads.is_empty() {
            self.thread_mut(thread).plan = None;
        }
    }

    /// The thread waits until something is written to a word that a round may read, or somebody comes whom it meets.
    fn block_in_loop(
        &mut self,
        thread: ThreadIndex,
        operation: &Operation,
        waits: &[(Company<P::Round>, Rounds)],
        site: SiteIndex,
    ) -> Progress {
        let Operation::Spin { at, width, .. } = operation else { return Progress::Stops };
        let is_weak = |read: &InVain| read.poll.semantics.order == Order::Weak;
        if waits.iter().any(|(_, rounds)| rounds.failing.iter().any(is_weak)) {
            self.thread_mut(thread).step += 1;
        }
        for (company, rounds) in waits {
            let own = rounds.failing.iter().filter(|read| company.members[read.member].thread == thread);
            for read in own {
                if !self.read_in_vain(thread, read) {
                    return Progress::Stops;
                }
            }
            for poll in distinct_words(&rounds.asked) {
                self.ensure_slot(poll.at, poll.width);
                if let Some(slot) = self.state.slots.get_mut(&key(poll.at)) {
                    slot.add_waiter(thread);
                }
            }
        }
        if self.recorder.is_some() {
            let holds = self.machine.word_at(self.state, *at, *width);
            let until = self.machine.describe_loop(self.state, thread);
            self.record_what(thread, Some(site), || What::Blocked { at: *at, until, holds });
        }
        self.thread_mut(thread).status = Status::Awaiting(key(*at));
        if let Some(barrier) = waits.iter().find_map(|(_, rounds)| rounds.meets) {
            self.wait_for_company(thread, barrier);
        }
        Progress::Waits
    }

    /// A thread in a loop meets others, who are not there yet.
    fn wait_for_company(&mut self, thread: ThreadIndex, barrier: Barrier) {
        let place = super::Place::of(self.machine, thread, barrier);
        let block = self.machine.block_of(thread) as usize;
        let standing = &mut self.state.blocks[block].standing;
        if !standing.contains(&(place, thread)) {
            standing.push((place, thread));
        }
    }

    /// Somebody has come to a barrier: of those that would meet there in a loop, one looks again.
    pub(super) fn wake_company(&mut self, block: u32, place: super::Place) {
        let standing = &mut self.state.blocks[block as usize].standing;
        let Some(at) = standing.iter().position(|(known, _)| *known == place) else { return };
        let (_, thread) = standing.remove(at);
        self.wake(vec![thread]);
    }

    /// A wait sees the newest message of every word, with which it does not end, and from then on no older one.
    fn miss_rounds(&mut self, thread: ThreadIndex, waits: &[(Company<P::Round>, Rounds)], site: SiteIndex) -> Progress {
        let Some((company, _)) = waits.last() else { return Progress::Stops };
        let reads = self.machine.newest_reads(self.state, company);
        for (member, poll) in reads.into_iter().filter(|(_, poll)| poll.semantics.order != Order::Weak) {
            let reader = company.members[member].thread;
            let Some(slot) = self.state.slots.get(&key(poll.at)) else { continue };
            let (message, holds) = (slot.latest().id, slot.latest().value);
            self.thread_mut(reader).view.observe(Observed { slot: key(poll.at), message });
            if reader == thread && self.recorder.is_some() {
                let until = self.machine.describe_loop(self.state, thread);
                self.record_what(thread, Some(site), || What::Missed { at: poll.at, until, holds });
            }
        }
        Progress::Waits
    }
}

/// The words of which two rounds do not read the same.
fn parted_words(one: &Leaving, other: &Leaving) -> Vec<u64> {
    let picks = || one.picks.iter().chain(&other.picks).filter(|pick| pick.poll.semantics.order != Order::Weak);
    let reads =
        |round: &Leaving, pick: &Pick| round.picks.iter().any(|known| contended_pick(known) == contended_pick(pick));
    let parted = |pick: &&Pick| !(reads(one, pick) && reads(other, pick));
    let mut words: Vec<u64> = picks().filter(parted).map(|pick| key(pick.poll.at)).collect();
    if words.is_empty() {
        // They read the same, but one of them more often.
        words.extend(picks().map(|pick| key(pick.poll.at)));
    }
    words.sort_unstable();
    words.dedup();
    words
}

fn contended_pick(pick: &Pick) -> ContendedPick {
    (pick.member, pick.poll.at, pick.poll.semantics, pick.message)
}

/// Whether a read acquires all that another would.
fn is_no_weaker(mine: &Poll, theirs: &Poll) -> bool {
    let acquires = |poll: &Poll| crate::memory::scope::acquires(poll.semantics.order);
    let scope = |poll: &Poll| crate::memory::scope::strong_scope(poll.semantics);
    (!acquires(mine) || acquires(theirs)) && scope(theirs) >= scope(mine)
}
