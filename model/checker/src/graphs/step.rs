//! The next operation of a thread: performed at once where it leaves no choice.
//!
//! Weak accesses, fences and ends leave none. A strong write has its places in coherence order, a fence.sc those in the
//! order of fences; both belong to every execution that goes on from here, so only its own places are tried. A read
//! waits until every thread waits: see [`super::explore`].

use super::bits::Bits;
use super::event::{Act, Event, Node, Range};
use super::round::counts;
use super::search::{Flow, Refusal, Search, Step, Stop, Who};
use super::state::{Half, Input, Last, Pending, Runner, State, Status};
use super::words;
use crate::program::proxy::crosses;
use crate::program::{Coordinates, FaultOutcome, Location, Next, Operation, Program, SiteIndex, Width, Window, Word};
use arverify_protocol::ir::{Order, Scope, Semantics};
use arverify_protocol::verdict::Code;
use smallvec::SmallVec;
use std::sync::Arc;

/// Rounds of a loop without an effect, that do not come back to where they began.
pub(super) const ROUNDS: u32 = 6;
/// The same operation on the same word by one thread in one launch.
const REPEATS: u32 = 40;
/// Fences that are tried in every order.
const MOST_RIVALS: usize = 16;

/// Of weak accesses.
pub(super) const WEAK: Semantics = Semantics { order: Order::Weak, scope: Scope::Sys };

impl<P: Program> Search<'_, P> {
    /// Lets threads run as long as nothing is to be chosen.
    pub(super) fn advance(&mut self, state: &mut State<P::Thread>) -> Result<Flow<P::Thread>, Stop> {
        loop {
            let moves = |status: &Status| matches!(status, Status::Ready | Status::Writes(_));
            let next = state.threads.iter().position(|thread| moves(&thread.status));
            if let Some(thread) = next {
                let step = self.step(state, thread);
                if let Some(flow) = self.in_the_end(state, thread, step)? {
                    return Ok(flow);
                }
                if state.graph.nodes.len() > self.most_events {
                    return Err(self.refuse(Refusal::TooLarge("events", self.most_events)));
                }
            } else if let Some(step) = self.release_held(state)? {
                if let Some(flow) = step? {
                    return Ok(flow);
                }
            } else if !self.end_launches(state)? {
                return Ok(Flow::Quiet);
            }
        }
    }

    fn step(&mut self, state: &mut State<P::Thread>, thread: usize) -> Step<P::Thread> {
        if let Status::Writes(half) = &state.threads[thread].status {
            let half = half.clone();
            return self.second_half(state, thread, &half);
        }
        let program = self.field.program;
        let runner = Arc::make_mut(&mut state.threads[thread]);
        let next = match self.settings.deferred {
            false => {
                program.next(runner.at, &mut runner.program).map(|(operation, site)| Next::Operation(operation, site))
            }
            true => program.next_of(runner.at, &mut runner.program, &mut runner.unknown),
        };
        let (operation, site) = match next {
            Ok(Next::Operation(operation, site)) => (operation, site),
            Ok(Next::Needs { reads, for_all, site }) => {
                runner.status = Status::Needs(reads.clone());
                if !for_all {
                    self.needs_early(state, thread, &reads, site);
                }
                return Ok(None);
            }
            Err(fault) => match fault.outcome {
                FaultOutcome::Violation(code) => {
                    let found = words::of_thread(self, state, (code, fault.message), thread, fault.site);
                    return Err(Stop::Found(Box::new(found)));
                }
                FaultOutcome::NotUnderstood => return Err(self.refuse(Refusal::NotUnderstood(fault.message))),
            },
        };
        if self.settings.deferred {
            runner.log.push(Input::Nothing);
        }
        if !self.settings.deferred {
            return self.perform(state, thread, operation, site);
        }
        let write = state.graph.nodes.len();
        let step = self.perform(state, thread, operation, site);
        self.note_dependencies(state, (thread, site), write, step)
    }

    /// What a thread did wrong, if this is an execution: reads that are open may yet turn out to allow none. It is found
    /// when all of them have values.
    pub(super) fn in_the_end(
        &mut self,
        state: &mut State<P::Thread>,
        thread: usize,
        step: Step<P::Thread>,
    ) -> Step<P::Thread> {
        match step {
            Err(Stop::Found(found)) if state.has_open() => {
                state.suspect.get_or_insert(found);
                Arc::make_mut(&mut state.threads[thread]).status = Status::Needs(SmallVec::new());
                Ok(None)
            }
            step => step,
        }
    }

    pub(super) fn perform(
        &mut self,
        state: &mut State<P::Thread>,
        thread: usize,
        operation: Operation,
        site: SiteIndex,
    ) -> Step<P::Thread> {
        self.note_operation(state, thread, &operation, site)?;
        match operation {
            Operation::Read { at, width, semantics, .. } if semantics.order == Order::Weak => {
                let range = self.in_bounds(state, thread, at, (width.bytes(), width.bytes()), site)?;
                if self.hold(state, thread, (operation, site), range) || self.goes_round(state, thread, site) {
                    return Ok(None);
                }
                let bytes = self.weak_read(state, thread, range, site)?;
                self.supply(state, thread, word(&bytes));
                Ok(None)
            }
            Operation::Load { at, bytes } => {
                let size = u64::from(bytes);
                let range = self.in_bounds(state, thread, at, (size, size), site)?;
                if self.hold(state, thread, (operation, site), range) || self.goes_round(state, thread, site) {
                    return Ok(None);
                }
                let bytes = self.weak_read(state, thread, range, site)?;
                let runner = Arc::make_mut(&mut state.threads[thread]);
                self.field.program.supply_bytes(runner.at, &mut runner.program, &bytes);
                note(runner, || Input::Bytes(bytes));
                Ok(None)
            }
            Operation::Store { at, data } => {
                let size = data.len() as u64;
                let range = self.in_bounds(state, thread, at, (size, size), site)?;
                self.weak_write(state, thread, range, data.to_vec().into(), site)
            }
            Operation::Write { at, width, value, semantics, .. } => {
                let range = self.in_bounds(state, thread, at, (width.bytes(), width.bytes()), site)?;
                let data: Arc<[u8]> = value.to_le_bytes()[..width.bytes() as usize].into();
                match semantics.order {
                    Order::Weak => self.weak_write(state, thread, range, data, site),
                    _ => self.strong_write(state, thread, (range, data), semantics, site, None),
                }
            }
            Operation::Read { at, width, .. }
            | Operation::Await { at, width, .. }
            | Operation::Atomic { at, width, .. } => self.reach_read(state, thread, operation, (at, width), site),
            Operation::Spin { .. } => {
                Err(self.refuse(Refusal::NotUnderstood("a loop that was taken for a wait".to_owned())))
            }
            Operation::Fence { semantics } => self.fence(state, thread, semantics, site),
            Operation::ProxyFence { window } => self.proxy_fence(state, thread, window, site),
            Operation::Barrier(barrier) => self.reach_barrier(state, thread, barrier, site),
            Operation::Bulk(bulk) => self.bulk(state, thread, &bulk, site),
            Operation::Start { pipe, capacity } => self.start_copy(state, thread, pipe, capacity, site),
            Operation::Finish { pipe, remaining } => {
                self.finish_copies(state, thread, pipe, remaining);
                Ok(None)
            }
            Operation::Assert { holds } => {
                if !holds {
                    let message = "an assertion fails".to_owned();
                    let found = words::of_thread(self, state, (Code::WrongResult, message), thread, site);
                    self.suspect(state, found);
                }
                Ok(None)
            }
            Operation::Call(call) => self.call(state, thread, call).map(|()| None),
            Operation::Exit => self.exit(state, thread, site),
        }
    }

    /// Whether what a thread does now needs a proxy fence behind ordinary writes; and what it must not be.
    fn note_operation(
        &self,
        state: &mut State<P::Thread>,
        thread: usize,
        operation: &Operation,
        site: SiteIndex,
    ) -> Result<(), Stop> {
        let by = state.threads[thread].at;
        if self.field.program.is_asynchronous(by) {
            Arc::make_mut(&mut state.threads[thread]).crosses = crosses(operation);
        }
        self.check_polled(by, operation, site)
    }

    /// Under `--assume polled-words=strong` the program says which words are accessed strongly; here it must have said so of all.
    fn check_polled(&self, by: Coordinates, operation: &Operation, site: SiteIndex) -> Result<(), Stop> {
        let program = self.field.program;
        let Some(polled) = program.polled() else { return Ok(()) };
        let weak = |at: Location, bytes: u64| {
            let statement = program.site(site).0.start;
            // Copies stay weak.
            let known = polled.has_statement(statement) || program.is_non_coherent(site) || program.is_asynchronous(by);
            !known && polled.overlaps(at, bytes)
        };
        let missing = match operation {
            Operation::Read { at, width, semantics, .. } | Operation::Write { at, width, semantics, .. }
                if semantics.order == Order::Weak =>
            {
                weak(*at, width.bytes())
            }
            Operation::Read { at, width, .. }
            | Operation::Write { at, width, .. }
            | Operation::Atomic { at, width, .. } => !polled.has_word(*at, *width) && program.describe(*at).is_none(),
            Operation::Load { at, bytes } => weak(*at, u64::from(*bytes)),
            Operation::Store { at, data } => weak(*at, data.len() as u64),
            _ => false,
        };
        let why = "under polled-words=strong: which words are accessed strongly was not learned in full";
        if missing { Err(self.refuse(Refusal::NotUnderstood(why.to_owned()))) } else { Ok(()) }
    }

    /// Bounds, alignment and reachability of an access.
    pub(super) fn in_bounds(
        &self,
        state: &State<P::Thread>,
        thread: usize,
        at: Location,
        (bytes, align): (u64, u64),
        site: SiteIndex,
    ) -> Result<Range, Stop> {
        let runner = &state.threads[thread];
        let instance = self.field.program.shape().instance(at);
        let (whole, part) = (&instance.name, instance.named(at.byte).0);
        let extent = self.field.program.extent(at.instance, runner.at.launch);
        let problem = if at.byte.saturating_add(bytes) > extent {
            format!("{bytes} bytes at byte {} of `{whole}`, which has {extent} bytes", at.byte)
        } else if !at.byte.is_multiple_of(align) {
            format!("{bytes} bytes at byte {} of `{whole}`: not aligned to {align} bytes", at.byte)
        } else if instance.local && instance.rank != runner.at.rank {
            format!("`{part}` of rank {} cannot be reached from rank {}: it is local", instance.rank, runner.at.rank)
        } else {
            let space = self.field.space(at.instance, runner.at.launch);
            return Ok(Range { space, from: at.byte, to: at.byte + bytes });
        };
        let found = words::of_thread(self, state, (Code::OutOfBounds, problem), thread, site);
        Err(Stop::Found(Box::new(found)))
    }

    /// What precedes a thread's next operation. Elements of a vector have it in common.
    pub(super) fn preceding(&self, state: &mut State<P::Thread>, thread: usize, site: SiteIndex) -> Last {
        let runner = Arc::make_mut(&mut state.threads[thread]);
        let first = self.field.program.vector(site).filter(|_| state.graph.has(super::Rule::VectorsUnordered));
        match (&runner.vector, first) {
            (Some((known, last)), Some(first)) if *known == first && site != first => return last.clone(),
            (_, Some(first)) => runner.vector = Some((first, runner.last.clone())),
            (_, None) => runner.vector = None,
        }
        runner.position += 2;
        runner.last.clone()
    }

    /// A thread has done something.
    pub(super) fn follows(&self, state: &mut State<P::Thread>, thread: usize, event: Event, site: SiteIndex) {
        let runner = Arc::make_mut(&mut state.threads[thread]);
        let goes_on = runner.vector.as_ref().is_some_and(|(first, _)| *first != site);
        if !goes_on {
            runner.last.clear();
        }
        runner.last.push(event);
        let instance = state.graph.nodes[event].range.space.instance;
        let foreign = self.field.program.shape().instances.get(instance as usize);
        if foreign.is_some_and(|instance| instance.rank != state.threads[thread].at.rank) {
            state.peer_accesses += 1;
        }
    }

    pub(super) fn supply(&self, state: &mut State<P::Thread>, thread: usize, value: Word) {
        let runner = Arc::make_mut(&mut state.threads[thread]);
        self.field.program.supply(runner.at, &mut runner.program, value);
        note(runner, || Input::Word(value));
    }

    /// A thread comes to a read. Where it has been in the same state since its last effect, the rounds since then were for
    /// nothing, and the execution without them is explored, too.
    fn reach_read(
        &mut self,
        state: &mut State<P::Thread>,
        thread: usize,
        operation: Operation,
        (at, width): (Location, Width),
        site: SiteIndex,
    ) -> Step<P::Thread> {
        let range = self.in_bounds(state, thread, at, (width.bytes(), width.bytes()), site)?;
        let runner = Arc::make_mut(&mut state.threads[thread]);
        let held = self.field.program.live(&runner.program, site);
        let unknown = &runner.unknown.registers;
        let known = unknown.is_empty() || !held.is_empty() && held.iter().all(|(of, _)| !unknown.contains_key(of));
        if known {
            let digest = self.field.program.standing(&runner.program, Some(site));
            let known = runner.visited.iter().find(|(known, _)| *known == digest).map(|(_, since)| *since);
            runner.visited.push((digest, state.graph.nodes.len()));
            if let Some(since) = known {
                self.covered.waits += 1;
                if !self.keeps_round(state, &[thread], since) {
                    return self.dead(state);
                }
            }
        }
        let runner = Arc::make_mut(&mut state.threads[thread]);
        let rounds = runner.rounds.entry((site, word_key(&range))).or_default();
        rounds.ever += 1;
        rounds.held.push(held);
        if rounds.held.len() > ROUNDS as usize && counts(&rounds.held) {
            self.counted = true;
            return self.dead(state);
        }
        if rounds.held.len() > ROUNDS as usize || rounds.ever > REPEATS {
            self.bounded = true;
            return self.dead(state);
        }
        if matches!(operation, Operation::Await { .. }) {
            self.covered.waits += 1;
        }
        let pending = Pending { operation, site, range, width, put_off: None };
        if self.may_stay_open(&pending.operation) && self.leave_open(state, thread, &pending) {
            return Ok(None);
        }
        Arc::make_mut(&mut state.threads[thread]).status = Status::Reads(Box::new(pending));
        Ok(None)
    }

    /// Nothing more is looked for here. What was suspected is found by then, unless it rests on values that are not known yet:
    /// where they are, it is found on another way.
    pub(super) fn dead(&self, state: &mut State<P::Thread>) -> Step<P::Thread> {
        match state.suspect.take().filter(|_| !state.has_open()) {
            Some(suspect) => Err(Stop::Found(suspect)),
            None => Ok(Some(Flow::Dead)),
        }
    }

    /// Performs a strong write, at each place that it may take.
    pub(super) fn strong_write(
        &mut self,
        state: &mut State<P::Thread>,
        thread: usize,
        (range, data): (Range, Arc<[u8]>),
        semantics: Semantics,
        site: SiteIndex,
        half: Option<Event>,
    ) -> Step<P::Thread> {
        let last = match half {
            Some(read) => Last::from_slice(&[read]),
            None => self.preceding(state, thread, site),
        };
        let past = state.graph.past(&last);
        let places = state.graph.places(&range, &past, half);
        let mut node = self.node(state, Who::Thread(thread), (Act::Write, range), semantics, site);
        (node.data, node.partner) = (data, half);
        node.position += u32::from(half.is_some());
        let write = state.graph.add(node, &last);
        if let Some(read) = half {
            Arc::make_mut(&mut state.graph.nodes[read]).partner = Some(write);
        }
        self.check_race(state, write)?;
        self.remember(state, write);
        self.look_for_losses(state, write);
        self.follows(state, thread, write, site);
        state.effect(thread);
        Arc::make_mut(&mut state.threads[thread]).status = Status::Ready;
        match places[..] {
            [] => self.dead(state),
            [place] => {
                state.graph.place(write, place);
                Ok(None)
            }
            _ => {
                let placed = |place: &usize| {
                    let mut state = state.clone();
                    state.graph.place(write, *place);
                    state
                };
                Ok(Some(Flow::Branches(places.iter().map(placed).collect())))
            }
        }
    }

    fn second_half(&mut self, state: &mut State<P::Thread>, thread: usize, half: &Half) -> Step<P::Thread> {
        let read = &state.graph.nodes[half.read];
        let (range, scope) = (read.range, read.scope.unwrap_or(Scope::Sys));
        let semantics = Semantics { order: read.order, scope };
        let data: Arc<[u8]> = half.value.to_le_bytes()[..half.width.bytes() as usize].into();
        self.strong_write(state, thread, (range, data), semantics, half.site, Some(half.read))
    }

    /// A fence between the proxies.
    fn proxy_fence(
        &self,
        state: &mut State<P::Thread>,
        thread: usize,
        window: Window,
        site: SiteIndex,
    ) -> Step<P::Thread> {
        let last = self.preceding(state, thread, site);
        let relaxed = Semantics { order: Order::Relaxed, scope: Scope::Cta };
        let node = self.node(state, Who::Thread(thread), (Act::Fence, Range::NONE), relaxed, site);
        let at = state.threads[thread].at;
        let fence = state.graph.add(Node { window: Some((window, (at.rank, at.block))), ..node }, &last);
        self.follows(state, thread, fence, site);
        Ok(None)
    }

    /// A fence; fence.sc at each place in their order.
    fn fence(
        &mut self,
        state: &mut State<P::Thread>,
        thread: usize,
        semantics: Semantics,
        site: SiteIndex,
    ) -> Step<P::Thread> {
        let last = self.preceding(state, thread, site);
        let node = self.node(state, Who::Thread(thread), (Act::Fence, Range::NONE), semantics, site);
        let fence = state.graph.add(node, &last);
        state.graph.acquire_by_fence(fence);
        self.follows(state, thread, fence, site);
        if semantics.order != Order::Sc {
            return Ok(None);
        }
        self.fences_seen = true;
        if !self.settings.fences || !state.graph.has(super::Rule::FenceSc) {
            return Ok(None);
        }
        let rivals = state.graph.rivals(fence);
        if rivals.is_empty() {
            return Ok(None);
        }
        let free: Vec<Event> =
            rivals.iter().copied().filter(|rival| !state.graph.nodes[fence].before.contains(*rival)).collect();
        if free.len() > MOST_RIVALS {
            return Err(self.refuse(Refusal::TooLarge("unordered sc fences", MOST_RIVALS)));
        }
        let mut branches = Vec::new();
        for chosen in 0..1_u32 << free.len() {
            let mut earlier = state.graph.nodes[fence].before.clone();
            let chosen = free.iter().enumerate().filter(|(index, _)| chosen >> index & 1 == 1);
            chosen.for_each(|(_, rival)| earlier.insert(*rival));
            if !downward_closed(&state.graph.fences, &rivals, &earlier) {
                continue;
            }
            let mut branch = state.clone();
            if branch.graph.order_fence(fence, &rivals, &earlier) && branch.graph.is_consistent() {
                branches.push(branch);
            }
        }
        Ok(Some(Flow::Branches(branches)))
    }
}

/// Whether with each fence those before it are among the earlier ones.
fn downward_closed(order: &[(Event, Event)], rivals: &[Event], earlier: &Bits) -> bool {
    order.iter().all(|(from, to)| !rivals.contains(from) || !earlier.contains(*to) || earlier.contains(*from))
}

/// Notes what an operation brought, where that is wanted.
pub(super) fn note<T>(runner: &mut Runner<T>, input: impl FnOnce() -> Input) {
    if let Some(last) = runner.log.last_mut() {
        *last = input();
    }
}

/// The word that a loop reads.
pub(super) fn word_key(range: &Range) -> u64 {
    (u64::from(range.space.instance) << 40) | range.from
}

/// A word from memory.
pub(super) fn word(bytes: &[u8]) -> Word {
    let mut word = [0; 16];
    word[..bytes.len().min(16)].copy_from_slice(&bytes[..bytes.len().min(16)]);
    Word::from_le_bytes(word)
}
