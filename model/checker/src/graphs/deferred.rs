//! Load buffering: reads whose values stay open while their thread goes on.
//!
//! A relaxed read need not be performed before what follows it, as long as that does not depend on it ("No thin air").
//! So in this pass such a read leaves its value open until its thread needs it, and may then return a write that was
//! only made meanwhile. An atomic that always writes leaves its write open with it: nobody reads that write before. All
//! axioms are asked anew when a value is chosen, and races are looked for when an execution is whole.
//!
//! Data that are stored stay open with the reads that they come from, until somebody reads them. A value that is needed
//! by something on which not all that follows depends (an address, a guard, an operand, data that are read) is chosen
//! early: then it cannot return what is written only because of what follows. Where such a write turns up, nothing is
//! claimed. Nor is it where an open read decides what a weak read returns, through a fence or by overlapping, and so is
//! closed before that.

use super::bits::Bits;
use super::event::{Act, Event, INITIAL, Range, Sources};
use super::graph::Past;
use super::search::{Flow, Refusal, Search, Step, Stop, Who};
use super::state::{Input, Last, Open, Pending, State, Status, Untold};
use super::step::word;
use super::words;
use crate::program::{Next, Operation, Program, Unknown, Word};
use arverify_protocol::ir::{AtomicOperation, Order};
use smallvec::SmallVec;
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
        // What an exchange writes does not come from what it reads.
        let depends = match operation {
            Operation::Atomic { function, .. } => function.operation != AtomicOperation::Exchange,
            _ => false,
        };
        let write = matches!(operation, Operation::Atomic { .. }).then(|| {
            let mut node = self.node(state, Who::Thread(thread), (Act::Write, *range), semantics, *site);
            (node.open, node.partner, node.position) = (true, Some(read), node.position + 1);
            node.depends.extend(depends.then_some(read));
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

    /// A thread needs the values of some of its open reads, but not for all that follows.
    pub(super) fn needs_early(
        &self,
        state: &mut State<P::Thread>,
        thread: usize,
        numbers: &[u32],
        site: crate::program::SiteIndex,
    ) {
        let runner = Arc::make_mut(&mut state.threads[thread]);
        let needed = runner.open.iter().filter(|open| numbers.contains(&open.number)).map(|open| open.read);
        let reads: SmallVec<[Event; 2]> = needed.collect();
        match &mut runner.needed {
            Some((known, before)) if *known == site => before.extend(reads.iter().copied()),
            needed => *needed = Some((site, reads.clone())),
        }
        close_early(state, &reads);
    }

    /// Whether bytes are to be read that are not known yet. The reads from which they come are then closed early.
    pub(super) fn needs_untold(&self, state: &mut State<P::Thread>, range: &Range) -> bool {
        let reads = untold_in(state, range);
        close_early(state, &reads);
        !reads.is_empty()
    }

    /// A thread has performed an operation: what it wrote, if it did, depends on what it had to know before, and on what
    /// it stores that is not known yet.
    pub(super) fn note_dependencies(
        &self,
        state: &mut State<P::Thread>,
        (thread, site): (usize, crate::program::SiteIndex),
        write: Event,
        step: Step<P::Thread>,
    ) -> Step<P::Thread> {
        let runner = &state.threads[thread];
        let open = runner.open.iter().filter(|open| runner.unknown.data.contains(&open.number));
        let reads: SmallVec<[Event; 2]> = open.map(|open| open.read).collect();
        let number = runner.log.len().saturating_sub(1);
        let note = |state: &mut State<P::Thread>| {
            let needed = Arc::make_mut(&mut state.threads[thread]).needed.take().filter(|(before, _)| *before == site);
            let Some(node) = state.graph.nodes.get_mut(write).filter(|node| node.is_write()) else { return };
            let node = Arc::make_mut(node);
            node.depends.extend(needed.into_iter().flat_map(|(_, reads)| reads));
            if !reads.is_empty() {
                node.depends.extend(reads.iter().copied());
                node.untold = true;
                let untold = Untold { write, thread, number, reads: reads.clone() };
                Arc::make_mut(&mut state.untold).push(untold);
            }
        };
        match step? {
            Some(Flow::Branches(mut branches)) => {
                branches.iter_mut().for_each(note);
                Ok(Some(Flow::Branches(branches)))
            }
            flow => {
                note(state);
                Ok(flow)
            }
        }
    }

    /// A write that a read closed early could return, had it been left open: it comes of what follows the read, and nothing
    /// forbids it.
    pub(super) fn look_for_losses(&mut self, state: &State<P::Thread>, write: Event) {
        if state.early.is_empty() {
            return;
        }
        let node = &state.graph.nodes[write];
        let loses = |read: &Event| {
            let reader = &state.graph.nodes[*read];
            !reader.open
                && reader.range.overlaps(&node.range)
                && !node.before.contains(*read)
                && comes_of(state, *read, write)
        };
        self.forced |= state.early.iter().any(loses);
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
        let mut reads = self.in_the_way(state, &last, &range);
        self.forced |= !reads.is_empty();
        self.needs_untold(state, &range);
        reads.extend(untold_in(state, &range));
        if reads.is_empty() {
            return false;
        }
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
        for (rank, thread, index) in &mut ranked {
            if state.early.contains(&state.threads[*thread].open[*index].read) {
                *rank = 0;
            }
        }
        ranked.sort_unstable();
        for (_, thread, index) in ranked {
            let open = state.threads[thread].open[index].clone();
            if self.needs_untold(state, &open.pending.range) {
                continue;
            }
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
            self.look_for_losses(&placed, write);
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
        if !untold_in(state, &open.pending.range).is_empty() {
            return false;
        }
        let mut log = runner.log.clone();
        log[open.number as usize] = Input::Word(word(&self.newest(state, &open.pending.range)));
        match self.run_again(state, thread, &log, &mut |_, _, _| {}) {
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
        stored: &mut dyn FnMut(usize, &Operation, &Unknown),
    ) -> Option<(P::Thread, Unknown)> {
        let (program, at) = (self.field.program, state.threads[thread].at);
        let (mut runner, mut unknown) = (program.start(at), Unknown::default());
        for (number, input) in log.iter().enumerate() {
            match program.next_of(at, &mut runner, &mut unknown) {
                Ok(Next::Operation(operation, _)) => stored(number, &operation, &unknown),
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
    fn replay(&mut self, state: &mut State<P::Thread>, thread: usize, number: u32, value: Word) -> Result<(), Stop> {
        let runner = Arc::make_mut(&mut state.threads[thread]);
        let returned = matches!(runner.log.get(number as usize), Some(Input::Open(_)));
        if returned {
            runner.log[number as usize] = Input::Word(value);
        }
        if matches!(runner.status, Status::Needs(_)) {
            runner.status = Status::Ready;
        }
        let untold = state.untold.iter().any(|untold| untold.thread == thread);
        if !returned || matches!(runner.status, Status::Ended) && !untold {
            return Ok(());
        }
        let log = runner.log.clone();
        let mut told: Vec<(usize, Vec<u8>)> = Vec::new();
        let mut stored = |number: usize, operation: &Operation, unknown: &Unknown| {
            let is_untold = |known: &Untold| (known.thread, known.number) == (thread, number);
            if unknown.data.is_empty() && state.untold.iter().any(is_untold) {
                told.extend(data_of(operation).map(|data| (number, data)));
            }
        };
        let Some((again, unknown)) = self.run_again(state, thread, &log, &mut stored) else {
            return Err(self.refuse(Refusal::NotUnderstood("a thread cannot be run again".to_owned())));
        };
        for (number, data) in told {
            tell(state, thread, number, data);
        }
        let runner = Arc::make_mut(&mut state.threads[thread]);
        if !matches!(runner.status, Status::Ended) {
            (runner.program, runner.unknown) = (again, unknown);
        }
        Ok(())
    }
}

/// Reads whose values are needed before all that does not depend on them.
fn close_early<T>(state: &mut State<T>, reads: &[Event]) {
    for read in reads {
        if !state.early.contains(read) {
            Arc::make_mut(&mut state.early).push(*read);
        }
    }
}

/// The open reads from which bytes of a range come that are not known yet.
pub(super) fn untold_in<T>(state: &State<T>, range: &Range) -> Vec<Event> {
    let within = state.untold.iter().filter(|untold| state.graph.nodes[untold.write].range.overlaps(range));
    within.flat_map(|untold| untold.reads.iter().copied()).filter(|read| state.graph.nodes[*read].open).collect()
}

/// The bytes of a write have become known.
fn tell<T>(state: &mut State<T>, thread: usize, number: usize, data: Vec<u8>) {
    let told = |untold: &Untold| (untold.thread, untold.number) == (thread, number);
    if let Some(untold) = state.untold.iter().find(|untold| told(untold)) {
        let node = Arc::make_mut(&mut state.graph.nodes[untold.write]);
        (node.data, node.untold) = (data.into(), false);
    }
    Arc::make_mut(&mut state.untold).retain(|untold| !told(untold));
}

/// What an operation stores.
fn data_of(operation: &Operation) -> Option<Vec<u8>> {
    match operation {
        Operation::Store { data, .. } => Some(data.to_vec()),
        Operation::Write { value, width, .. } => Some(value.to_le_bytes()[..width.bytes() as usize].to_vec()),
        _ => None,
    }
}

/// Whether a write comes of what follows a read in program order and does not depend on it: through reads of what was
/// written there, not all of the same word, for then coherence forbids that the first read returns it.
fn comes_of<T>(state: &State<T>, read: Event, write: Event) -> bool {
    let nodes = &state.graph.nodes;
    let word = nodes[read].range;
    // What is reached through reads of that word alone, and what through another.
    let (mut near, mut far) = (Bits::default(), Bits::default());
    loop {
        let mut grew = false;
        for (event, node) in nodes.iter().enumerate().filter(|(event, _)| *event != read) {
            let from = |reached: &Bits| {
                node.sources.iter().any(|source| *source != INITIAL && reached.contains(*source))
                    || node.before.iter().any(|before| reached.contains(before))
            };
            let elsewhere =
                node.range != word && node.sources.iter().any(|source| *source != INITIAL && near.contains(*source));
            let follows = node.before.contains(read) && !node.depends.contains(&read);
            let (is_far, is_near) = (elsewhere || from(&far), follows || from(&near));
            for (reached, is_reached) in [(&mut far, is_far), (&mut near, is_near)] {
                if is_reached && !reached.contains(event) {
                    reached.insert(event);
                    grew = true;
                }
            }
        }
        if !grew {
            return far.contains(write);
        }
    }
}
