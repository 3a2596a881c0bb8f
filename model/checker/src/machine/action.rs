//! The choices of a quiescent state.

use super::company::Company;
use super::event::Event;
use super::memo::Waits;
use super::rounds::Rounds;
use super::run::Run;
use super::{Machine, Rule, StartOrder, State, Status, Thread};
use crate::memory::clock::ThreadIndex;
use crate::memory::shadow::Access;
use crate::memory::slot::{Slot, key};
use crate::program::{Location, Operation, PollUpdate, Program, SiteIndex, Width, Word};
use std::fmt;

/// One step that the scheduler or the memory may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// A thread performs the operation it stands at.
    Perform {
        /// The thread.
        thread: ThreadIndex,
        /// How.
        choice: Choice,
    },
    /// A device starts a block.
    Start {
        /// The block, numbered over all ranks.
        block: u32,
    },
}

/// How an operation on a slot takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Choice {
    /// The only way there is.
    Plain,
    /// A read returns the message at this place in coherence order, counted from the newest.
    Read(u32),
    /// A write comes after the message at this place in coherence order, counted from the newest.
    After(u32),
    /// A wait in a loop ends with this of its rounds.
    Round(u32),
    /// A wait sees the newest message, which does not satisfy it, before the older one that does.
    Miss,
    /// An update comes behind others of its instruction, with which it is in no order.
    PutOff,
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Start { block } => write!(formatter, "s{block}"),
            Action::Perform { thread, choice } => match choice {
                Choice::Plain => write!(formatter, "{thread}"),
                Choice::Read(message) => write!(formatter, "{thread}r{message}"),
                Choice::After(message) => write!(formatter, "{thread}w{message}"),
                Choice::Round(number) => write!(formatter, "{thread}l{number}"),
                Choice::Miss => write!(formatter, "{thread}m"),
                Choice::PutOff => write!(formatter, "{thread}p"),
            },
        }
    }
}

impl std::str::FromStr for Action {
    type Err = String;

    fn from_str(text: &str) -> Result<Action, String> {
        let wrong =
            || format!("`{text}` is not a step of a schedule: expected like 12, 12r3, 12w3, 12l3, 12m, 12p or s4");
        let number = |digits: &str| digits.parse::<u32>().map_err(|_| wrong());
        if let Some(block) = text.strip_prefix('s') {
            return Ok(Action::Start { block: number(block)? });
        }
        let split = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
        let (thread, rest) = text.split_at(split);
        let choice = match rest.chars().next() {
            None => Choice::Plain,
            Some('r') => Choice::Read(number(&rest[1..])?),
            Some('w') => Choice::After(number(&rest[1..])?),
            Some('l') => Choice::Round(number(&rest[1..])?),
            Some('m') if rest.len() == 1 => Choice::Miss,
            Some('p') if rest.len() == 1 => Choice::PutOff,
            Some(_) => return Err(wrong()),
        };
        Ok(Action::Perform { thread: number(thread)?, choice })
    }
}

/// What a thread with a choice to make may do.
pub(super) struct Ways<R> {
    pub(super) thread: ThreadIndex,
    pub(super) actions: Vec<Action>,
    /// It may as well go on waiting for ever.
    pub(super) idle: bool,
    /// The wait that it stands in.
    pub(super) waits: Waits<R>,
}

/// Steps without an alternative that are taken at once; a program that goes round for ever comes back to a state so.
const ALONE: usize = 64;

impl<P: Program> Run<'_, P> {
    /// Everything that needs no choice, steps that have no alternative among it.
    fn go_on(&mut self) {
        self.state.choices = None;
        self.run_to_quiescence();
        let most = if self.machine.settings.step_by_step { 0 } else { ALONE };
        for _ in 0..most {
            let only = match self.state.choices.as_deref() {
                Some([only]) => *only,
                _ => return,
            };
            self.state.choices = None;
            self.notes.taken.push(only);
            match only {
                Action::Perform { thread, choice } => self.perform_chosen(thread, choice),
                Action::Start { block } => self.start_block(block),
            }
            self.run_to_quiescence();
        }
    }
}

impl<P: Program> Machine<P> {
    /// The state after everything that needs no choice.
    pub fn initial(&self, recorder: Option<&mut Vec<Event>>) -> (State<P::Thread>, super::Notes) {
        let mut state = self.empty_state();
        let mut run = Run::new(self, &mut state, recorder);
        for rank in 0..self.program.shape().ranks {
            run.begin_launch(rank, 0);
        }
        run.go_on();
        let notes = run.into_notes();
        (state, notes)
    }

    /// Takes a step, and then everything that needs no choice. Returns what that found out.
    /// A step that is not among [`Machine::actions`] leaves the state unspecified.
    pub fn apply(
        &self,
        state: &mut State<P::Thread>,
        action: Action,
        recorder: Option<&mut Vec<Event>>,
    ) -> super::Notes {
        let mut run = Run::new(self, state, recorder);
        match action {
            Action::Start { block } => run.start_block(block),
            Action::Perform { thread, choice } => run.perform_chosen(thread, choice),
        }
        run.go_on();
        run.into_notes()
    }

    /// The word at which a step makes a choice, and the statement.
    pub fn place_of_choice(&self, state: &State<P::Thread>, action: Action) -> Option<(u64, SiteIndex)> {
        let Action::Perform { thread, .. } = action else { return None };
        let (operation, site) = state.threads[thread as usize].pending.as_deref()?;
        match operation {
            Operation::Read { at, .. }
            | Operation::Write { at, .. }
            | Operation::Atomic { at, .. }
            | Operation::Await { at, .. }
            | Operation::Spin { at, .. } => Some((key(*at), *site)),
            _ => None,
        }
    }

    /// Whether a step may be taken in a quiescent state, be it one of those that are tried or not.
    pub fn is_possible(&self, state: &State<P::Thread>, action: Action) -> bool {
        match action {
            Action::Start { block } => !state.blocks[block as usize].started,
            Action::Perform { thread, choice } => {
                let may = || choice == Choice::Miss || self.ways(state, thread).actions.contains(&action);
                state.choosing.contains(&thread) && may()
            }
        }
    }

    /// Every step possible in a quiescent state.
    pub fn actions(&self, state: &State<P::Thread>) -> Vec<Action> {
        state.choices.as_ref().map_or_else(|| self.actions_of(state), |known| known.to_vec())
    }

    pub(super) fn actions_of(&self, state: &State<P::Thread>) -> Vec<Action> {
        if state.violation.is_some() || state.interrupted || state.impossible {
            return Vec::new();
        }
        let starts = self.starts(state);
        if !starts.is_empty() {
            return starts;
        }
        let ways: Vec<Ways<P::Round>> = state.choosing.iter().map(|thread| self.ways(state, *thread)).collect();
        let mut moving = ways.iter().filter(|ways| !ways.actions.is_empty());
        // Fairness makes nobody read an old message: where all may as well wait for ever, they do.
        if self.has(Rule::Misses) && moving.all(|ways| ways.idle) {
            let moving = ways.iter().filter(|ways| !ways.actions.is_empty());
            let misses = moving.map(|ways| Action::Perform { thread: ways.thread, choice: Choice::Miss });
            return ways.iter().flat_map(|ways| &ways.actions).copied().chain(misses).collect();
        }
        if self.settings.step_by_step {
            return ways.into_iter().flat_map(|ways| ways.actions).collect();
        }
        let first = self.first_of(state, &ways);
        let stands_for =
            |thread: ThreadIndex| first.iter().any(|other| *other < thread && self.are_alike(state, *other, thread));
        let tried = ways.into_iter().filter(|ways| first.contains(&ways.thread) && !stands_for(ways.thread));
        tried.flat_map(|ways| ways.actions).collect()
    }

    /// What a thread with a choice to make may do.
    fn ways(&self, state: &State<P::Thread>, thread: ThreadIndex) -> Ways<P::Round> {
        let pending = state.threads[thread as usize].pending.as_deref();
        let waits = match pending {
            Some((Operation::Spin { .. }, _)) => self.waits(state, thread),
            _ => Waits::from([]),
        };
        let mut ways = Ways { thread, actions: Vec::new(), idle: false, waits };
        ways.idle = self.choices(state, thread, &ways.waits, &mut ways.actions);
        ways
    }

    /// Whether two threads that have a choice to make are the same but for their blocks' numbers: neither has yet done
    /// anything that others could tell, and what they will do depends on no number (lemma L10).
    fn are_alike(&self, state: &State<P::Thread>, one: ThreadIndex, other: ThreadIndex) -> bool {
        let blocks = [one, other].map(|thread| self.block_of(thread));
        let rank = self.rank_of_block(blocks[0]);
        if self.settings.everything
            || self.settings.resident_blocks.is_some()
            || self.threads_of_block() != 1
            || rank != self.rank_of_block(blocks[1])
            || state.ranks[rank as usize].launch > 0
        {
            return false;
        }
        let [left, right] = [one, other].map(|thread| &state.threads[thread as usize]);
        let is_new = |thread: &Thread<P::Thread>| thread.step == 0 && thread.order.is_none() && thread.plan.is_none();
        let is_known = |access: &Access| access.epoch.thread == one || access.epoch.thread == other;
        is_new(left)
            && is_new(right)
            && (!self.has(Rule::AlikeBlocks) || self.program().are_alike(&left.program, &right.program))
            && left.pending == right.pending
            && left.view == right.view
            && state.blocks[blocks[0] as usize] == state.blocks[blocks[1] as usize]
            && !state.slots.values().any(|slot| slot.reads.iter().any(|read| is_known(&read.access)))
    }

    /// Blocks that a device may start now. Starts on different devices commute, as do starts with what other
    /// threads do, so one device's are enough.
    fn starts(&self, state: &State<P::Thread>) -> Vec<Action> {
        let Some(limit) = self.resident_blocks() else { return Vec::new() };
        for (rank, device) in state.ranks.iter().enumerate() {
            if device.done || device.running_blocks >= limit {
                continue;
            }
            let rank = rank as u32;
            let waiting = (0..self.program.grid(rank))
                .map(|block| self.block_index(rank, block))
                .filter(|block| !state.blocks[*block as usize].started);
            let take = if self.settings.start_order == StartOrder::Ascending || !self.has(Rule::StartOrder) {
                1
            } else {
                usize::MAX
            };
            let starts: Vec<Action> = waiting.take(take).map(|block| Action::Start { block }).collect();
            if !starts.is_empty() {
                return starts;
            }
        }
        Vec::new()
    }

    /// What a thread may do next. Returns whether it may as well go on waiting for ever: it waits, and the newest messages
    /// do not end that.
    fn choices(
        &self,
        state: &State<P::Thread>,
        thread: ThreadIndex,
        waits: &[(Company<P::Round>, Rounds)],
        actions: &mut Vec<Action>,
    ) -> bool {
        let at = &state.threads[thread as usize];
        debug_assert_eq!(at.status, Status::Choosing);
        let Some((operation, site)) = at.pending.as_deref() else { return false };
        let may_put_off = self.has(Rule::UpdatesInAnyOrder) && self.program.may_put_off(&at.program, *site);
        let mut push = |choice| actions.push(Action::Perform { thread, choice });
        let ((at, width), condition, returns) = match operation {
            Operation::Spin { .. } => return self.round_choices(state, thread, waits, push),
            Operation::Await { at, width, condition, returns, .. } => ((*at, *width), Some(*condition), *returns),
            Operation::Read { at, width, semantics, .. } if semantics.order != arverify_protocol::ir::Order::Weak => {
                ((*at, *width), None, true)
            }
            Operation::Write { at, width, semantics, .. } if semantics.order != arverify_protocol::ir::Order::Weak => {
                self.write_choices(state, thread, (*at, *width), push);
                return false;
            }
            Operation::Atomic { .. } => {
                self.atomic_choices(state, thread, operation, &mut push);
                if may_put_off {
                    push(Choice::PutOff);
                }
                return false;
            }
            _ => {
                push(Choice::Plain);
                return false;
            }
        };
        let ends = |value: Word| condition.is_none_or(|condition| condition.holds(value));
        let Some(slot) = slot_of(state, at, width) else {
            // Nobody has touched the slot, or only as a word of another size: a read returns what is there.
            if ends(self.word_at(state, at, width)) {
                push(Choice::Plain);
            }
            return false;
        };
        let floor = self.floor(state, thread, key(at), slot);
        let floor = if self.has(Rule::StaleReads) { floor } else { slot.messages.len() - 1 };
        let ending = |place: &usize| ends(slot.messages[*place].value);
        let passed = |place: usize| {
            let alike = |older: &usize| !returns || slot.messages[*older].value == slot.messages[place].value;
            let mut older = (floor..place).filter(ending).filter(alike);
            older.any(|older| self.passes_over(state, thread, slot, (older, place)))
        };
        for place in (floor..slot.messages.len()).filter(ending).filter(|place| !passed(*place)) {
            push(Choice::Read(from_newest(slot, place)));
        }
        !ends(slot.latest().value)
    }

    /// Every combination of messages of contended words with which a wait in a loop ends. Of threads that go round together
    /// the lowest speaks for all.
    fn round_choices(
        &self,
        state: &State<P::Thread>,
        thread: ThreadIndex,
        waits: &[(Company<P::Round>, Rounds)],
        mut push: impl FnMut(Choice),
    ) -> bool {
        let mut number = 0;
        for (company, rounds) in waits {
            let standing = company.members.iter().filter(|member| member.arrived.is_none());
            let chooses = |thread: &ThreadIndex| state.threads[*thread as usize].status == Status::Choosing;
            let first = standing.map(|member| member.thread).filter(chooses).min();
            for _ in self.representatives(state, company, rounds) {
                if first == Some(thread) {
                    push(Choice::Round(number));
                }
                number += 1;
            }
        }
        self.may_go_on_waiting(state, waits)
    }

    /// A read-modify-write takes the place behind the message it reads; a compare-and-swap that fails reads any message.
    fn atomic_choices(
        &self,
        state: &State<P::Thread>,
        thread: ThreadIndex,
        operation: &Operation,
        mut push: impl FnMut(Choice),
    ) {
        let Operation::Atomic { at, width, function, operand, expected, .. } = operation else { return };
        let update = PollUpdate { function: *function, operand: *operand, expected: *expected };
        let Some(slot) = slot_of(state, *at, *width) else { return push(Choice::Plain) };
        let only_reads = |place: usize| self.only_reads(update, slot.messages[place].value);
        let floor = self.floor(state, thread, key(*at), slot);
        let floor = if self.has(Rule::StaleReads) { floor } else { slot.messages.len() - 1 };
        for place in (floor..slot.messages.len()).filter(|place| only_reads(*place)) {
            push(Choice::Read(from_newest(slot, place)));
        }
        self.write_choices(state, thread, (*at, *width), |choice| match choice {
            Choice::After(place) if only_reads(place_of(slot, place)) => {}
            choice => push(choice),
        });
    }

    /// A write may take any place in coherence order that its causal past allows and that parts no
    /// read-modify-write from its predecessor.
    fn write_choices(
        &self,
        state: &State<P::Thread>,
        thread: ThreadIndex,
        (at, width): (Location, Width),
        mut push: impl FnMut(Choice),
    ) {
        let Some(slot) = slot_of(state, at, width) else { return push(Choice::Plain) };
        let floor = self.floor(state, thread, key(at), slot);
        let floor = if self.has(Rule::WritePositions) { floor } else { slot.messages.len() - 1 };
        for place in floor..slot.messages.len() {
            let parted = slot.is_parted(place);
            if !parted || !self.has(Rule::UpdatesAreWhole) {
                push(Choice::After(from_newest(slot, place)));
            }
        }
    }
}

/// The place of a message, counted from the newest: what is forgotten of the past changes it not.
fn from_newest(slot: &Slot, place: usize) -> u32 {
    (slot.messages.len() - 1 - place) as u32
}

/// The place of a message that is counted from the newest.
pub(super) fn place_of(slot: &Slot, from_newest: u32) -> usize {
    slot.messages.len() - 1 - from_newest as usize
}

/// The slot at a location, if it is of this size: one of another is dissolved by who comes.
fn slot_of<T>(state: &State<T>, at: Location, width: Width) -> Option<&Slot> {
    state.slots.get(&key(at)).map(|slot| &**slot).filter(|slot| slot.width == width)
}
