//! Every consistent execution graph of a program, each once.
//!
//! When all threads wait, one that is to read is taken. The executions that go on from here are those in which it reads
//! from an event that is there, one for each that the axioms allow, and those in which it reads from one that is not there
//! yet: these are explored with the read put off until there is a new write. So no execution is left out, and none comes
//! twice. (A visited set of graphs would do as well, at the price of keeping them; DPOR with revisits would save the
//! executions in which a read waits for a write that never comes, at the price of its proof.)
//!
//! What a thread does that it will do in any case is never put off: see [`super::step`].

use super::event::{INITIAL, Range, Sources};
use super::future::Future;
use super::graph::Graph;
use super::search::{Covered, Flow, Refusal, Search, Stop, Who};
use super::state::{Field, Half, Last, Pending, Runner, State, Status, Stream};
use super::step::{ROUNDS, word};
use super::{Limits, words};
use crate::process;
use crate::program::{Instance, Operation, Program, Unknown, Word};
use arverify_protocol::ir::{AtomicOperation, Semantics};
use arverify_protocol::verdict::Finding;
use rustc_hash::FxHashMap;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

impl<'p, P: Program> Search<'p, P> {
    pub(super) fn new(program: &'p P, settings: super::search::Settings, limits: &Limits, begun: Instant) -> Self {
        let contents = |instance: &Instance| -> Arc<[u8]> {
            instance.parts.iter().flat_map(|part| program.contents(part, instance.rank, u32::MAX)).collect()
        };
        let initial = program.shape().instances.iter().map(contents).collect();
        Search {
            field: Field::new(program),
            settings,
            initial,
            future: Future::default(),
            contested: BTreeSet::new(),
            fences_seen: false,
            bounded: false,
            unknown: None,
            forced: false,
            blind: Cell::new(false),
            counted: false,
            covered: Covered::default(),
            most_events: limits.events,
            begun,
            deadline: begun + limits.time,
        }
    }

    /// Something wrong in some execution, if there is any.
    pub(super) fn run(&mut self) -> Result<Option<Finding>, Refusal> {
        loop {
            self.future.grew = false;
            match self.explore() {
                Ok(()) if self.future.grew => {}
                Ok(()) if self.forced || self.blind.get() => return Err(Refusal::Forced),
                Ok(()) if self.bounded => return Err(Refusal::Bounded(ROUNDS)),
                Ok(()) if let Some(what) = self.unknown => return Err(Refusal::NotUnderstood(what.to_owned())),
                Ok(()) => return Ok(None),
                Err(Stop::Found(_)) if self.blind.get() => return Err(Refusal::Forced),
                Err(Stop::Found(finding)) => return Ok(Some(*finding)),
                Err(Stop::Refused(refusal)) => return Err(refusal),
                Err(Stop::Again) => {}
            }
        }
    }

    fn explore(&mut self) -> Result<(), Stop> {
        (self.forced, self.unknown) = (false, None);
        (self.bounded, self.covered) = (false, Covered { states: self.covered.states, ..Covered::default() });
        let mut start = self.start();
        for rank in 0..start.streams.len() as u32 {
            self.begin_launch(&mut start, rank, 0)?;
        }
        let mut stack = vec![start];
        while let Some(mut state) = stack.pop() {
            self.covered.states += 1;
            if self.covered.states.is_multiple_of(8) && process::now() > self.deadline {
                let seconds = self.begun.elapsed().as_secs();
                return Err(self.refuse(Refusal::Time(seconds, self.covered.executions)));
            }
            let flow = match self.advance(&mut state)? {
                Flow::Quiet => self.choose(&mut state)?,
                other => other,
            };
            self.covered.events = self.covered.events.max(state.graph.nodes.len());
            match flow {
                Flow::Branches(branches) => stack.extend(branches.into_iter().rev()),
                Flow::Dead => {}
                Flow::Quiet => self.at_rest(state)?,
            }
        }
        Ok(())
    }

    fn start(&self) -> State<P::Thread> {
        let program = self.field.program;
        let ranks = program.shape().ranks;
        let runner = |thread: u32| {
            let at = self.field.coordinates(thread, 0);
            Arc::new(Runner {
                program: program.start(at),
                at,
                status: Status::Unstarted,
                position: 0,
                last: Last::new(),
                vector: None,
                visited: Vec::new(),
                met: Vec::new(),
                rounds: FxHashMap::default(),
                crosses: false,
                copies: Vec::new(),
                log: Vec::new(),
                unknown: Unknown::default(),
                open: Vec::new(),
                needed: None,
            })
        };
        State {
            graph: Graph {
                without: self.settings.without,
                barriers: self.settings.loads_done.then(Arc::default),
                ..Graph::default()
            },
            threads: (0..self.field.threads()).map(runner).collect(),
            meetings: Arc::default(),
            rounds: Arc::default(),
            streams: vec![Stream { launch: 0, begun: 0, last: Last::new(), position: 0, done: false }; ranks as usize],
            outputs: Arc::default(),
            early: Arc::default(),
            untold: Arc::default(),
            suspect: None,
            peer_accesses: 0,
            kept: false,
        }
    }

    /// The choices where every thread waits; none where there is none left.
    fn choose(&mut self, state: &mut State<P::Thread>) -> Result<Flow<P::Thread>, Stop> {
        if let Some(flow) = self.choose_arrival(state)? {
            return Ok(flow);
        }
        if !self.settings.everything && self.is_hopeless(state) {
            return Ok(self.dead(state)?.unwrap_or(Flow::Dead));
        }
        let mut order = self.depended_on(state);
        order.extend((0..state.threads.len()).filter(|thread| !order.contains(thread)).collect::<Vec<_>>());
        for thread in order {
            let Status::Reads(pending) = &state.threads[thread].status else { continue };
            let pending = (**pending).clone();
            if self.needs_untold(state, &pending.range) {
                continue;
            }
            self.look_early(state, thread, &pending);
            let options = self.options(state, thread, &pending);
            if options.is_empty() {
                continue;
            }
            let mut branches = Vec::new();
            for sources in options {
                let mut branch = state.clone();
                self.read(&mut branch, thread, &pending, sources)?;
                branches.push(branch);
            }
            let runner = Arc::make_mut(&mut state.threads[thread]);
            let put_off = Some(state.graph.placed);
            runner.status = Status::Reads(Box::new(Pending { put_off, ..pending }));
            branches.push(state.clone());
            return Ok(Flow::Branches(branches));
        }
        Ok(self.choose_open(state)?.unwrap_or(Flow::Quiet))
    }

    /// A wait may look at what nobody has written, whatever ends it later.
    fn look_early(&self, state: &mut State<P::Thread>, thread: usize, pending: &Pending) {
        let Operation::Await { .. } = pending.operation else { return };
        let past = state.graph.past(&self.before_read(state, thread, pending));
        let readable = state.graph.readable(&pending.range, &past);
        let unwritten = readable.iter().find_map(|sources| self.bytes(state, &pending.range, sources).1);
        if let Some(from) = unwritten {
            let range = Range { from, ..pending.range };
            let found = words::unwritten(self, state, Some((thread, pending.site)), range);
            self.suspect(state, found);
        }
    }

    /// What a read may return: of what has been written since it was put off.
    fn options(&self, state: &mut State<P::Thread>, thread: usize, pending: &Pending) -> Vec<Sources> {
        let last = self.before_read(state, thread, pending);
        let past = state.graph.past(&last);
        let fresh = |sources: &Sources| match pending.put_off {
            None => true,
            Some(known) => sources.iter().any(|source| *source != INITIAL && self.stamp(state, *source) >= known),
        };
        let mut options = state.graph.readable(&pending.range, &past);
        options.retain(fresh);
        if let Operation::Await { condition, .. } = &pending.operation {
            options.retain(|sources| {
                let (bytes, _) = self.bytes(state, &pending.range, sources);
                condition.holds(word(&bytes))
            });
        }
        options
    }

    /// What precedes a read, without performing it.
    fn before_read(&self, state: &State<P::Thread>, thread: usize, pending: &Pending) -> Last {
        let runner = &state.threads[thread];
        let first = self.field.program.vector(pending.site).filter(|_| state.graph.has(super::Rule::VectorsUnordered));
        match (&runner.vector, first) {
            (Some((known, last)), Some(first)) if *known == first && pending.site != first => last.clone(),
            _ => runner.last.clone(),
        }
    }

    /// Performs a read, or the first half of an atomic.
    fn read(
        &mut self,
        state: &mut State<P::Thread>,
        thread: usize,
        pending: &Pending,
        sources: Sources,
    ) -> Result<(), Stop> {
        let Pending { operation, site, range, width, .. } = pending;
        let semantics = semantics_of(operation);
        let last = self.preceding(state, thread, *site);
        let node = self.node(state, Who::Thread(thread), (super::event::Act::Read, *range), semantics, *site);
        let read = state.graph.add(node, &last);
        self.check_race(state, read)?;
        let (bytes, unwritten) = self.bytes(state, range, &sources);
        state.graph.resolve(read, sources, self.settings.publishes);
        self.follows(state, thread, read, *site);
        if let Some(from) = unwritten {
            let found = words::unwritten(self, state, Some((thread, *site)), Range { from, ..*range });
            self.suspect(state, found);
        }
        let old = word(&bytes);
        let (returns, writes) = match operation {
            Operation::Atomic { function, operand, expected, returns, .. } => {
                let fails =
                    function.operation == AtomicOperation::CompareSwap && old != Word::from(width.truncate(*expected));
                let value = function.apply(*width, old, *operand, *expected);
                (*returns, (!fails).then_some(value))
            }
            Operation::Await { returns, .. } => (*returns, None),
            _ => (true, None),
        };
        if returns {
            self.supply(state, thread, old);
        }
        Arc::make_mut(&mut state.threads[thread]).status = match writes {
            Some(value) => Status::Writes(Box::new(Half { read, value, width: *width, site: *site })),
            None => Status::Ready,
        };
        Ok(())
    }

    /// Nobody goes on. An execution is over; or a read waits for a write that does not come.
    fn at_rest(&mut self, mut state: State<P::Thread>) -> Result<(), Stop> {
        // An open read that nobody needs has been put off for a write that does not come.
        let in_vain = |status: &Status, open: &super::state::Open| {
            open.write.is_none() && matches!(status, Status::Needs(numbers) if numbers.contains(&open.number))
        };
        if state.threads.iter().any(|runner| !runner.open.iter().all(|open| in_vain(&runner.status, open))) {
            return Ok(());
        }
        if let Some((first, second)) = state.graph.any_race().filter(|_| self.settings.deferred) {
            return Err(Stop::Found(Box::new(words::race(self, &state, first, second))));
        }
        if state.streams.iter().all(|stream| stream.done) {
            self.covered.executions += 1;
            self.covered.waits += u64::from(state.graph.acquired);
            if self.covered.executions == 1 {
                self.covered.peer_accesses = state.peer_accesses;
            }
            return state.suspect.take().map_or(Ok(()), |suspect| Err(Stop::Found(suspect)));
        }
        let found = self.hang(&state)?.map(Box::new);
        state.suspect.take().or(found).map_or(Ok(()), |found| Err(Stop::Found(found)))
    }
}

/// Order and scope of a read.
pub(super) fn semantics_of(operation: &Operation) -> Semantics {
    match operation {
        Operation::Read { semantics, .. }
        | Operation::Await { semantics, .. }
        | Operation::Atomic { semantics, .. } => *semantics,
        _ => super::step::WEAK,
    }
}
