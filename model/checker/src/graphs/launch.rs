//! Launches and streams: new inputs before a launch, reading of the output behind it, and what that must be.
//!
//! The stream of a rank does one thing after another: it writes new inputs, weakly; begins a launch, which all its threads
//! follow; ends it, behind all of them; reads the output, weakly. Assumed on request: whoever observes a launch knows
//! what precedes it on its rank ([`super::graph::Graph::resolve`]), and its end acquires what its threads observed.

use super::event::{Act, Event, Node, Range, Space};
use super::search::{Search, Stop, Who};
use super::state::{Last, State, Status};
use super::step::WEAK;
use super::words;
use crate::program::wanted::Output;
use crate::program::{CALLER, Call, Element, Expected, Location, Part, Program, SiteIndex, Unknown};
use arverify_protocol::ir::{Order, Scope, Semantics};
use arverify_protocol::verdict::Code;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// The statement of what a stream does: none.
const STREAM: SiteIndex = SiteIndex(u32::MAX - 1);

impl<'p, P: Program> Search<'p, P> {
    /// An access by a stream, or by the thread that is the caller's stream.
    fn access(
        &mut self,
        state: &mut State<P::Thread>,
        who: Who,
        act: Act,
        (range, data): (Range, Arc<[u8]>),
    ) -> Result<Event, Stop> {
        let last = self.on_stream(state, who);
        let node = Node { data, ..self.node(state, who, (act, range), WEAK, STREAM) };
        let event = match act {
            Act::Write => self.write_event(state, node, &last)?,
            _ => {
                let event = state.graph.add(node, &last);
                self.check_race(state, event)?;
                event
            }
        };
        self.stream_follows(state, who, event);
        Ok(event)
    }

    fn on_stream(&self, state: &mut State<P::Thread>, who: Who) -> Last {
        match who {
            Who::Thread(thread) => self.preceding(state, thread, STREAM),
            Who::Stream(rank) => {
                let stream = &mut state.streams[rank as usize];
                stream.position += 1;
                stream.last.clone()
            }
        }
    }

    fn stream_follows(&self, state: &mut State<P::Thread>, who: Who, event: Event) {
        match who {
            Who::Thread(thread) => self.follows(state, thread, event, STREAM),
            Who::Stream(rank) => state.streams[rank as usize].last = Last::from_slice(&[event]),
        }
    }

    fn refresh(&mut self, state: &mut State<P::Thread>, who: Who, rank: u32, launch: u32) -> Result<(), Stop> {
        let program = self.field.program;
        for (range, part) in self.parts(rank).filter(|(_, part)| part.refreshed) {
            self.access(state, who, Act::Write, (range, program.contents(part, rank, launch).into()))?;
        }
        Ok(())
    }

    /// The parts of a rank's instances that are not empty.
    fn parts(&self, rank: u32) -> impl Iterator<Item = (Range, &'p Part)> + use<'p, P> {
        let instances = self.field.program.shape().instances.iter().enumerate();
        instances.filter(move |(_, instance)| instance.rank == rank).flat_map(move |(index, instance)| {
            let space = Space { instance: index as u32, launch: 0 };
            let parts = instance.parts.iter().filter(|part| part.length() > 0);
            parts.map(move |part| (Range { space, from: part.bytes.start, to: part.bytes.end }, part))
        })
    }

    pub(super) fn begin_launch(&mut self, state: &mut State<P::Thread>, rank: u32, launch: u32) -> Result<(), Stop> {
        state.streams[rank as usize].launch = launch;
        let who = Who::Stream(rank);
        if !self.field.program.has_calls() {
            self.refresh(state, who, rank, launch)?;
        }
        let last = self.on_stream(state, who);
        let boundary = state.graph.add(self.joint(state, Act::Boundary, rank, STREAM), &last);
        self.stream_follows(state, who, boundary);
        state.streams[rank as usize].begun = boundary;
        let meetings = Arc::make_mut(&mut state.meetings);
        meetings.retain(|meeting| meeting.block / self.field.blocks != rank);
        let own: Vec<usize> = self.field.of_rank(rank).collect();
        Arc::make_mut(&mut state.rounds).retain(|round| !round.members.iter().any(|thread| own.contains(thread)));
        for thread in self.field.of_rank(rank) {
            let at = self.field.coordinates(thread as u32, launch);
            let runner = Arc::make_mut(&mut state.threads[thread]);
            runner.program = self.field.program.start(at);
            (runner.at, runner.status, runner.position) = (at, Status::Ready, 0);
            runner.last = Last::from_slice(&[boundary]);
            runner.vector = None;
            runner.visited.clear();
            runner.met.clear();
            runner.rounds = FxHashMap::default();
            runner.log.clear();
            runner.unknown = Unknown::default();
        }
        Ok(())
    }

    /// Ends the launches whose threads have all ended, and begins the next ones. False if there are none.
    pub(super) fn end_launches(&mut self, state: &mut State<P::Thread>) -> Result<bool, Stop> {
        let mut any = false;
        for rank in 0..state.streams.len() as u32 {
            let ended = |thread: usize| matches!(state.threads[thread].status, Status::Ended);
            if state.streams[rank as usize].done || !self.field.of_rank(rank).all(ended) {
                continue;
            }
            // Numbers of open reads are those of a launch; and what they observe, its end may acquire.
            if self.field.of_rank(rank).any(|thread| !state.threads[thread].open.is_empty()) {
                continue;
            }
            any = true;
            self.end_launch(state, rank)?;
            let launch = state.streams[rank as usize].launch;
            if launch + 1 < self.field.program.shape().launches {
                self.begin_launch(state, rank, launch + 1)?;
            } else {
                state.streams[rank as usize].done = true;
            }
        }
        Ok(any)
    }

    /// Assumed on request: the end of a launch acquires what a thread of it has observed.
    fn acquire_at_end(&self, state: &mut State<P::Thread>, thread: usize) {
        if !self.settings.publishes {
            return;
        }
        let semantics = Semantics { order: Order::AcqRel, scope: Scope::Sys };
        let before = self.preceding(state, thread, STREAM);
        let node = self.node(state, Who::Thread(thread), (Act::Fence, Range::NONE), semantics, STREAM);
        let fence = state.graph.add(node, &before);
        state.graph.acquire_by_fence(fence);
        self.follows(state, thread, fence, STREAM);
    }

    /// A thread enters a kernel that is launched behind what the thread follows.
    fn enter_kernel(&self, state: &mut State<P::Thread>, thread: usize) {
        if !self.settings.publishes && !self.field.program.grows() {
            return;
        }
        let before = self.preceding(state, thread, STREAM);
        let rank = state.threads[thread].at.rank;
        let boundary = state.graph.add(self.joint(state, Act::Boundary, rank, STREAM), &before);
        Arc::make_mut(&mut state.threads[thread]).last = Last::from_slice(&[boundary]);
    }

    fn end_launch(&mut self, state: &mut State<P::Thread>, rank: u32) -> Result<(), Stop> {
        let who = Who::Stream(rank);
        let mut last = self.on_stream(state, who);
        for thread in self.field.of_rank(rank) {
            self.acquire_at_end(state, thread);
            for event in &state.threads[thread].last {
                if !last.contains(event) {
                    last.push(*event);
                }
            }
        }
        let joint = state.graph.add(self.joint(state, Act::Joint, rank, STREAM), &last);
        self.stream_follows(state, who, joint);
        let begun = state.streams[rank as usize].begun;
        Arc::make_mut(&mut state.graph.launches).push((begun, joint));
        if !self.field.program.has_calls() {
            let launch = state.streams[rank as usize].launch;
            self.read_output(state, who, rank, launch)?;
            self.read_others(state, who, rank)?;
        }
        Ok(())
    }

    /// The owner reads what else the launch file says it does: what is there is for it to judge.
    fn read_others(&mut self, state: &mut State<P::Thread>, who: Who, rank: u32) -> Result<(), Stop> {
        let judged = self.field.program.expected().filter(|expected| expected.definition.concerns(rank));
        let judged = judged.map(|expected| expected.output);
        for (range, part) in self.parts(rank).filter(|(_, part)| part.read) {
            if Some(part.id) != judged {
                self.access(state, who, Act::Read, (range, Arc::from([])))?;
            }
        }
        Ok(())
    }

    /// Where a launch of a host program begins and returns.
    pub(super) fn call(&mut self, state: &mut State<P::Thread>, thread: usize, call: Call) -> Result<(), Stop> {
        let at = state.threads[thread].at;
        match call {
            Call::Begins { launch } => {
                Arc::make_mut(&mut state.threads[thread]).at.launch = launch;
                if at.block == CALLER {
                    self.refresh(state, Who::Thread(thread), at.rank, launch)?;
                }
                Ok(())
            }
            Call::Enters => {
                self.enter_kernel(state, thread);
                Ok(())
            }
            Call::Leaves => {
                self.acquire_at_end(state, thread);
                Ok(())
            }
            Call::Returns { launch } => {
                self.read_output(state, Who::Thread(thread), at.rank, launch)?;
                self.read_others(state, Who::Thread(thread), at.rank)
            }
        }
    }

    /// Whoever launched the kernel reads its output, and compares.
    fn read_output(&mut self, state: &mut State<P::Thread>, who: Who, rank: u32, launch: u32) -> Result<(), Stop> {
        let program = self.field.program;
        let Some(expected) = program.expected().filter(|expected| expected.definition.concerns(rank)) else {
            return Ok(());
        };
        let Some((range, part)) = self.parts(rank).find(|(_, part)| part.id == expected.output) else {
            return Ok(());
        };
        let whose = program.part_in(range.space.instance, part, launch);
        let range = Range { from: whose.start, to: whose.end, ..range };
        if whose.is_empty() {
            return Ok(());
        }
        let event = self.access(state, who, Act::Read, (range, Arc::from([])))?;
        let (bytes, unwritten) = self.seen(state, event);
        if let Some(from) = unwritten {
            let found = words::unwritten(self, state, None, Range { from, ..range });
            self.suspect(state, found);
        }
        self.check_result(state, &expected, range, (rank, launch), &bytes);
        Ok(())
    }

    fn check_result(
        &self,
        state: &mut State<P::Thread>,
        expected: &Expected,
        range: Range,
        (rank, launch): (u32, u32),
        bytes: &[u8],
    ) {
        let program = self.field.program;
        let at = Location { instance: range.space.instance, byte: range.from };
        let Some(kind) = program.shape().part(at).element else { return };
        let size = kind.bytes() as usize;
        let mut in_order = true;
        let output = Output { program, expected, kind, rank, launch };
        for (element, got) in bytes.chunks_exact(size).enumerate() {
            let (got, bits) = (kind.read(got), output.bits(element as u64));
            if got == bits || are_zeros(kind, got, bits) {
                continue;
            }
            in_order = false;
            let wanted = output.wanted(element as u64);
            if wanted.exact || !wanted.allows(got, program.shape().ranks, kind) {
                let message = format!(
                    "wrong result after launch {launch}: `{}` of rank {rank}, element {element}, is {}, not {}",
                    program.shape().named(at).0,
                    kind.show(got),
                    kind.show(wanted.bits)
                );
                let from = range.from + (element * size) as u64;
                return self.wrong(state, expected, (Code::WrongResult, message), Range { from, ..range });
            }
        }
        if expected.same_on_all_ranks {
            let output = (!in_order).then(|| bytes.to_vec());
            self.compare_ranks(state, expected, range, (rank, launch), output);
        }
    }

    /// Ranks in ascending order is one order for all; another must be the same on every rank.
    fn compare_ranks(
        &self,
        state: &mut State<P::Thread>,
        expected: &Expected,
        range: Range,
        (rank, launch): (u32, u32),
        output: Option<Vec<u8>>,
    ) {
        let differs = state.outputs.iter().find(|((_, known), other)| *known == launch && *other != output);
        if let Some(((other, _), _)) = differs {
            let message = format!("ranks {rank} and {other} disagree after launch {launch}: sums in different orders");
            self.wrong(state, expected, (Code::RankDisagreement, message), range);
        }
        Arc::make_mut(&mut state.outputs).push(((rank, launch), output));
    }

    fn wrong(&self, state: &mut State<P::Thread>, expected: &Expected, what: (Code, String), range: Range) {
        let point = self.point(None, expected.site, "this does not hold");
        let found = words::located(self, range, words::finding(what.0, what.1, vec![point]));
        self.suspect(state, found);
    }
}

/// Whether two floating-point numbers are both zero, of whichever sign.
fn are_zeros(kind: Element, left: u64, right: u64) -> bool {
    let Element::Data(data) = kind else { return false };
    data.to_f32(left as u32) == 0.0 && data.to_f32(right as u32) == 0.0
}
