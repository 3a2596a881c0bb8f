//! The choices of a quiescent state.

use super::event::Event;
use super::run::Run;
use super::{Machine, Rule, StartOrder, State, Status};
use crate::memory::clock::ThreadIndex;
use crate::memory::slot::key;
use crate::program::{Operation, Program};
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
    /// A read returns this message.
    Read(u32),
    /// A write comes after this message in coherence order.
    After(u32),
    /// A wait sees the newest message, which does not satisfy it, before the older one that does.
    Miss,
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Start { block } => write!(formatter, "s{block}"),
            Action::Perform { thread, choice } => match choice {
                Choice::Plain => write!(formatter, "{thread}"),
                Choice::Read(message) => write!(formatter, "{thread}r{message}"),
                Choice::After(message) => write!(formatter, "{thread}w{message}"),
                Choice::Miss => write!(formatter, "{thread}m"),
            },
        }
    }
}

impl std::str::FromStr for Action {
    type Err = String;

    fn from_str(text: &str) -> Result<Action, String> {
        let wrong = || format!("`{text}` is not a step of a schedule: expected like 12, 12r3, 12w3, 12m or s4");
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
            Some('m') if rest.len() == 1 => Choice::Miss,
            Some(_) => return Err(wrong()),
        };
        Ok(Action::Perform { thread: number(thread)?, choice })
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
        run.run_to_quiescence();
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
        run.run_to_quiescence();
        run.into_notes()
    }

    /// Every step possible in a quiescent state.
    pub fn actions(&self, state: &State<P::Thread>) -> Vec<Action> {
        if state.violation.is_some() || state.interrupted {
            return Vec::new();
        }
        let starts = self.starts(state);
        if !starts.is_empty() {
            return starts;
        }
        let mut actions = Vec::new();
        for thread in &state.choosing {
            self.choices(state, *thread, &mut actions);
        }
        actions
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

    fn choices(&self, state: &State<P::Thread>, thread: ThreadIndex, actions: &mut Vec<Action>) {
        let at = &state.threads[thread as usize];
        debug_assert_eq!(at.status, Status::Choosing);
        let Some((operation, _)) = at.pending.as_deref() else { return };
        let mut push = |choice| actions.push(Action::Perform { thread, choice });
        let ((at, width), condition) = match operation {
            Operation::Await { at, width, condition, .. } => ((*at, *width), Some(condition)),
            Operation::Read { at, width, semantics } if semantics.order != arverify_protocol::ir::Order::Weak => {
                ((*at, *width), None)
            }
            Operation::Write { at, semantics, .. } if semantics.order != arverify_protocol::ir::Order::Weak => {
                return self.write_choices(state, thread, key(*at), push);
            }
            Operation::Atomic { .. } => return self.atomic_choices(state, thread, operation, push),
            _ => return push(Choice::Plain),
        };
        let Some(slot) = state.slots.get(&key(at)) else {
            // Nobody has touched the slot: a read returns its initial contents.
            let word = self.word_at(state, at, width);
            if condition.is_none_or(|condition| self.may_lead_out(state, thread, condition, word)) {
                push(Choice::Plain);
            }
            return;
        };
        let floor = self.floor(state, thread, key(at), slot);
        let mut satisfied = false;
        let floor = if self.has(Rule::StaleReads) { floor } else { slot.messages.len() - 1 };
        for message in &slot.messages[floor..] {
            if condition.is_none_or(|condition| self.may_lead_out(state, thread, condition, message.value)) {
                satisfied = true;
                push(Choice::Read(message.number));
            }
        }
        let newest = slot.latest().value;
        if satisfied
            && self.has(Rule::Misses)
            && condition.is_some_and(|condition| !self.leads_out(state, condition, newest).0)
        {
            push(Choice::Miss);
        }
    }

    /// A read-modify-write takes the place behind the message it reads; one that is tried until it succeeds, only
    /// behind those with which it does.
    fn atomic_choices(
        &self,
        state: &State<P::Thread>,
        thread: ThreadIndex,
        operation: &Operation,
        mut push: impl FnMut(Choice),
    ) {
        let Operation::Atomic { at, width, function, operand, expected, until, .. } = operation else { return };
        let succeeds = |old: u64| {
            function.apply(*width, old, *operand, *expected) != old
                || until.as_ref().is_none_or(|until| self.leads_out(state, until, old).0)
        };
        let Some(slot) = state.slots.get(&key(*at)) else {
            if succeeds(self.word_at(state, *at, *width)) {
                push(Choice::Plain);
            }
            return;
        };
        let mut satisfied = false;
        self.write_choices(state, thread, key(*at), |choice| {
            let Choice::After(number) = choice else { return push(choice) };
            if succeeds(slot.messages[slot.position(number)].value) {
                satisfied = true;
                push(choice);
            }
        });
        if satisfied && self.has(Rule::Misses) && !succeeds(slot.latest().value) {
            push(Choice::Miss);
        }
    }

    /// A write may take any place in coherence order that its causal past allows and that parts no
    /// read-modify-write from its predecessor.
    fn write_choices(&self, state: &State<P::Thread>, thread: ThreadIndex, key: u64, mut push: impl FnMut(Choice)) {
        let Some(slot) = state.slots.get(&key) else { return push(Choice::Plain) };
        let floor = self.floor(state, thread, key, slot);
        let floor = if self.has(Rule::WritePositions) { floor } else { slot.messages.len() - 1 };
        for (index, message) in slot.messages.iter().enumerate().skip(floor) {
            let parted = slot.messages.get(index + 1).is_some_and(|next| next.update.is_some());
            if !parted || !self.has(Rule::UpdatesAreWhole) {
                push(Choice::After(message.number));
            }
        }
    }
}
