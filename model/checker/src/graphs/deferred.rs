//! Load buffering: reads whose values stay open while their thread goes on.
//!
//! A relaxed read need not be performed before what follows it, as long as that does not depend on it ("No thin air").
//! So in this pass such a read leaves its value open until its thread needs it, and may then return a write that was
//! only made meanwhile. An atomic that always writes leaves its write open with it: nobody reads that write before. All
//! axioms are asked anew when a value is chosen, and races are looked for when an execution is whole.
//!
//! Not modelled: an open read whose value decides what a weak read returns, through a fence or by overlapping, is
//! closed before that weak read. Where that happens, nothing is claimed.

use super::event::{Act, Event, INITIAL, Range, Sources};
use super::graph::Past;
use super::search::{Flow, Refusal, Search, Step, Stop, Who};
use super::state::{Input, Last, Open, Pending, State, Status};
use super::step::word;
use super::words;
use crate::program::{Next, Operation, Program, Unknown};
use arverify_protocol::ir::{AtomicOperation, Order};
use std::sync::Arc;

impl<P: Program> Search<'_, P> {
    /// Whether a read may stay open.
    pub(super) fn may_stay_open(&self, operation: &Operation) -> bool {
        if !self.settings.deferred {
            return false;
        }
        let relaxed = |order: Order| matches!(order, Order::Relaxed | Order::Volatile);
        match operation {
            Operation::Read { semantics, .. } => relaxed(semantics.order),
            Operation::Atomic { semantics, function, .. } => {
                // Whether a compare-and-swap writes depends on what it reads.
                let writes = function.operation != AtomicOperation::CompareSwap;
                writes && (relaxed(semantics.order) || semantics.order == Order::Release)
            }
            _ => false,
        }
    }

    /// Goes past a read whose value stays open. False if the program cannot.
    pub(super) fn leave_open(&mut self, state: &mut State<P::Thread>, thread: usize, pending: &Pending) -> bool {
        let Pending { operation, site, range, .. } = pending;
        let number = state.threads[thread].log.len().saturating_sub(1) as u32;
        let returns = !matches!(operation, Operation::Atomic { returns: false, .. });
        if returns {
            let runner = Arc::make_mut(&mut state.threads[thread]);
            if !self.field.program.supply_unknown(&runner.program, &mut runner.unknown, number) {
                return false;
            }
            if let Some(input) = runner.log.last_mut() {
                *input = Input::Open(number);
            }
        }
        let semantics = super::explore::semantics_of(operation);
        let last = self.preceding(state, thread, *site);
        let mut node = self.node(state, Who::Thread(thread), (Act::Read, *range), semantics, *site);
        node.open = true;
        let read = state.graph.add(node, &last);
        self.follows(state, thread, read, *site);
        let write = matches!(operation, Operation::Atomic { .. }).then(|| {
            let mut node = self.node(state, Who::Thread(thread), (Act::Write, *range), semantics, *site);
            (node.open, node.partner, node.position) = (true, Some(read), node.position + 1);
            let write = state.graph.add(node, &[read]);
            Arc::make_mut(&mut state.graph.nodes[read]).partner = Some(write);
            self.follows(state, thread, write, *site);
            state.effect(thread);
            write
        });
        let runner = Arc::make_mut(&mut state.threads[thread]);
        runner.open.push(Open { number, read, write, pending: pending.clone() });
        true
    }

    /// Open reads that a weak read must not go past.
    pub(super) fn in_the_way(&self, state: &State<P::Thread>, last: &[Event], range: &Range) -> Vec<Event> {
        if !self.settings.deferred || state.threads.iter().all(|runner| runner.open.is_empty()) {
            return Vec::new();
        }
        let past = state.graph.past(last);
        let before: Vec<Event> = past.before.iter().collect();
        let nodes = &state.graph.nodes;
        let fenced =
            |read: Event| before.iter().any(|event| nodes[*event].is_fence() && nodes[read].precedes(&nodes[*event]));
        let open = before.iter().copied().filter(|event| nodes[*event].open && nodes[*event].is_read());
        open.filter(|read| nodes[*read].range.overlaps(range) || fenced(*read)).collect()
    }

    /// Holds an operation back until some reads are no longer open. False if it need not wait.
    pub(super) fn hold(
        &mut self,
        state: &mut State<P::Thread>,
        thread: usize,
        (operation, site): (Operation, crate::program::SiteIndex),
        range: Range,
    ) -> bool {
        let last: Last = state.threads[thread].last.clone();
        let reads = self.in_the_way(state, &last, &range);
        if reads.is_empty() {
            return false;
        }
        self.forced = true;
        Arc::make_mut(&mut state.threads[thread]).status = Status::Holds(Box::new((operation, site)), reads);
        true
    }

    /// Threads that wait for values which are known by now.
    pub(super) fn release_held(&mut self, state: &mut State<P::Thread>) -> Result<Option<Step<P::Thread>>, Stop> {
        for thread in 0..state.threads.len() {
            let Status::Holds(held, reads) = &state.threads[thread].status else { continue };
            if reads.iter().any(|read| state.graph.nodes[*read].open) {
                continue;
            }
            let (operation, site) = (**held).clone();
            Arc::make_mut(&mut state.threads[thread]).status = Status::Ready;
            let step = self.perform(state, thread, operation, site);
            return Ok(Some(self.in_the_end(state, thread, step)));
        }
        Ok(None)
    }

    /// A choice of what an open read returns: those first that somebody waits for, then atomics, then the rest.
    pub(super) fn choose_open(&mut self, state: &mut State<P::Thread>) -> Result<Option<Flow<P::Thread>>, Stop> {
        let mut ranked: Vec<(u32, usize, usize)> = Vec::new();
        let held: Vec<Event> = state
            .threads
            .iter()
            .filter_map(|runner| match &runner.status {
                Status::Holds(_, reads) => Some(reads.clone()),
                _ => None,
            })
            .flatten()
            .collect();
        for (thread, runner) in state.threads.iter().enumerate() {
            for (index, open) in runner.open.iter().enumerate() {
                let needed = matches!(&runner.status, Status::Needs(numbers) if numbers.contains(&open.number));
                let rank = match open.write {
                    _ if needed || held.contains(&open.read) => 0,
                    Some(_) => 1,
                    None => 2,
                };
                ranked.push((rank, thread, index));
            }
        }
        ranked.sort_unstable();
        for (_, thread, index) in ranked {
            let open = state.threads[thread].open[index].clone();
            let node = &state.graph.nodes[open.read];
            let past = Past { before: node.before.clone(), observed: node.observed.clone() };
            let mut options = state.graph.readable(&open.pending.range, &past);
            options.retain(|sources| match open.pending.put_off {
                None => true,
                Some(known) => sources.iter().any(|source| *source != INITIAL && self.stamp(state, *source) >= known),
            });
            if options.is_empty() {
                continue;
            }
            let mut branches = Vec::new();
            for sources in options {
                branches.extend(self.close(state, thread, index, sources)?);
            }
            let put_off = Some(state.graph.placed);
            let runner = Arc::make_mut(&mut state.threads[thread]);
            runner.open[index].pending.put_off = put_off;
            branches.push(state.clone());
            return Ok(Some(Flow::Branches(branches)));
        }
        Ok(None)
    }

    /// When a write was placed in coherence order.
    pub(super) fn stamp(&self, state: &State<P::Thread>, write: Event) -> usize {
        state.graph.nodes[write].stamp
    }

    /// An open read returns something: the states in which that is consistent.
    fn close(
        &mut self,
        state: &State<P::Thread>,
        thread: usize,
        index: usize,
        sources: Sources,
    ) -> Result<Vec<State<P::Thread>>, Stop> {
        let mut state = state.clone();
        let open = Arc::make_mut(&mut state.threads[thread]).open.remove(index);
        let Pending { operation, site, range, width, .. } = &open.pending;
        let (bytes, unwritten) = self.bytes(&state, range, &sources);
        Arc::make_mut(&mut state.graph.nodes[open.read]).open = false;
        state.graph.resolve(open.read, sources, self.settings.publishes);
        state.graph.synchronize_later(open.read);
        if let Some(from) = unwritten {
            let found = words::unwritten(self, &state, Some((thread, *site)), Range { from, ..*range });
            self.suspect(&mut state, found);
        }
        let old = word(&bytes);
        self.replay(&mut state, thread, open.number, old)?;
        let (Some(write), Operation::Atomic { function, operand, expected, .. }) = (open.write, operation) else {
            return Ok(if state.graph.is_consistent() { vec![state] } else { Vec::new() });
        };
        let value = function.apply(*width, old, *operand, *expected);
        let node = Arc::make_mut(&mut state.graph.nodes[write]);
        node.data = value.to_le_bytes()[..width.bytes() as usize].into();
        let past = Past { before: node.before.clone(), observed: node.observed.clone() };
        let mut states = Vec::new();
        for place in state.graph.places(range, &past, Some(open.read)) {
            let mut placed = state.clone();
            Arc::make_mut(&mut placed.graph.nodes[write]).open = false;
            placed.graph.place(write, place);
            self.remember(&placed, write);
            if placed.graph.is_consistent() {
                states.push(placed);
            }
        }
        Ok(states)
    }

    /// Whether an open read that returns what is newest leads its thread to a state in which it has not been.
    pub(super) fn closes_elsewhere(&self, state: &State<P::Thread>, thread: usize, open: &Open) -> bool {
        let runner = &state.threads[thread];
        let needed = matches!(&runner.status, Status::Needs(numbers) if numbers[..] == [open.number]);
        if !needed {
            return true;
        }
        let mut log = runner.log.clone();
        log[open.number as usize] = Input::Word(word(&self.newest(state, &open.pending.range)));
        match self.run_again(state, thread, &log) {
            Some((mut program, unknown)) if unknown.registers.is_empty() => {
                self.is_elsewhere(state, thread, &mut program)
            }
            _ => true,
        }
    }

    /// A thread that has been given so much.
    pub(super) fn run_again(
        &self,
        state: &State<P::Thread>,
        thread: usize,
        log: &[Input],
    ) -> Option<(P::Thread, Unknown)> {
        let (program, at) = (self.field.program, state.threads[thread].at);
        let (mut runner, mut unknown) = (program.start(at), Unknown::default());
        for input in log {
            match program.next_of(at, &mut runner, &mut unknown) {
                Ok(Next::Operation(..)) => {}
                _ => return None,
            }
            match input {
                Input::Nothing => {}
                Input::Word(word) => program.supply(at, &mut runner, *word),
                Input::Bytes(bytes) => program.supply_bytes(at, &mut runner, bytes),
                Input::Gathered(given) => program.gathered(at, &mut runner, given),
                Input::Open(number) => {
                    program.supply_unknown(&runner, &mut unknown, *number);
                }
            }
        }
        Some((runner, unknown))
    }

    /// Runs a thread again with one more value known.
    fn replay(&mut self, state: &mut State<P::Thread>, thread: usize, number: u32, value: u64) -> Result<(), Stop> {
        let runner = Arc::make_mut(&mut state.threads[thread]);
        let returned = matches!(runner.log.get(number as usize), Some(Input::Open(_)));
        if returned {
            runner.log[number as usize] = Input::Word(value);
        }
        if matches!(runner.status, Status::Needs(_)) {
            runner.status = Status::Ready;
        }
        if !returned || matches!(runner.status, Status::Ended) {
            return Ok(());
        }
        let log = runner.log.clone();
        let Some((again, unknown)) = self.run_again(state, thread, &log) else {
            return Err(self.refuse(Refusal::NotUnderstood("a thread cannot be run again".to_owned())));
        };
        let runner = Arc::make_mut(&mut state.threads[thread]);
        (runner.program, runner.unknown) = (again, unknown);
        Ok(())
    }
}
