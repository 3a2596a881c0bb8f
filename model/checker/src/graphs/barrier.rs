//! Barriers of blocks and of lanes.
//!
//! PTX ISA, `barrier`: warps arrive. A thread waits until all threads of its warp that have not exited have come; then the
//! warp has arrived, and counts with all its lanes. `.aligned` is one instruction for all threads of the warp. A thread
//! that has exited comes to no barrier, but nobody waits for it in its warp, `.aligned` or not; only where no count is given
//! must every thread of the block come. Lanes that have exited, or do not exist, are not waited for where lanes meet.
//!
//! Where a barrier counts fewer warps than the block has, or some arrive without waiting, it matters who comes first:
//! each arrival is made now, or not before another has been. Everywhere else arrivals commute.

use super::event::{Act, Actor, Event};
use super::search::{Flow, Refusal, Search, Step, Stop};
use super::state::{Arrival, Input, Last, Meeting, Place, State, Status};
use super::words;
use crate::program::{Arrivals, Barrier, Group, Program, SiteIndex};
use arverify_protocol::verdict::{Code, Finding};
use std::sync::Arc;

/// Lanes of a warp.
const WARP: u32 = 32;
/// Said of barriers without a count.
const EXITED: &str = "a barrier for all threads of the block, of which one has exited";

impl<P: Program> Search<'_, P> {
    /// A thread comes to a barrier.
    pub(super) fn reach_barrier(
        &mut self,
        state: &mut State<P::Thread>,
        thread: usize,
        barrier: Barrier,
        site: SiteIndex,
    ) -> Step<P::Thread> {
        let block = self.field.block_of(thread);
        let threads = self.field.of_block(block).len() as u32;
        let lane = thread as u32 % self.field.room;
        let arrivals = barrier.arrivals;
        let (place, needed, threads, partial) = match barrier.group {
            Group::Warp { mask } => {
                let place = Place::Lanes { warp: lane / WARP, mask, exchanges: !barrier.orders };
                (place, 0, None, false)
            }
            Group::Block { id, count } => {
                if let Some(message) = wrong_count(id, count, threads) {
                    return Err(self.diverges(state, message, &[(thread, site)]));
                }
                let (whole, needed) = needed(arrivals, count, threads);
                (Place::Named(id), needed, count, needed < whole || barrier.arrive)
            }
        };
        if let (true, Place::Named(id)) = (partial, place)
            && self.contested.insert((block, id))
        {
            return Err(Stop::Again);
        }
        if matches!(place, Place::Named(_)) {
            self.is_together(state, thread, site, arrivals)?;
            self.is_whole(state, thread, site, barrier)?;
        }
        let waits = !barrier.arrive;
        let last = state.threads[thread].last.clone();
        let arrival = Arrival { thread, site, last, waits, arrivals, gives: barrier.gather };
        let meetings = Arc::make_mut(&mut state.meetings);
        let known = meetings.iter().position(|meeting| meeting.block == block && meeting.place == place);
        let index = known.unwrap_or_else(|| {
            let (partial, offered, arrived) = (Vec::new(), Vec::new(), Vec::new());
            meetings.push(Meeting { block, place, needed, threads, partial, offered, arrived, count: 0 });
            meetings.len() - 1
        });
        let meeting = &mut meetings[index];
        let nobody = meeting.partial.is_empty() && meeting.offered.is_empty() && meeting.arrived.is_empty();
        if nobody {
            (meeting.needed, meeting.threads) = (needed, threads);
        } else if meeting.threads != threads {
            let message = "threads reach one barrier with different counts".to_owned();
            return Err(self.diverges(state, message, &[(thread, site)]));
        }
        meeting.partial.push(arrival);
        Arc::make_mut(&mut state.threads[thread]).status = Status::AtBarrier;
        self.gather(state, index, !matches!(arrivals, Arrivals::Warps { .. }))
    }

    /// `.aligned`: the whole warp executes this instruction, so nobody of it is at another one. `block_sync` is one
    /// statement for the whole block.
    fn is_together(
        &self,
        state: &State<P::Thread>,
        thread: usize,
        site: SiteIndex,
        arrivals: Arrivals,
    ) -> Result<(), Stop> {
        const ALIGNED: Arrivals = Arrivals::Warps { aligned: true };
        let (warp, block) = (self.warp_of(thread), self.field.of_block(self.field.block_of(thread)));
        let program = self.field.program;
        let apart = |other: &&Arrival| {
            let bound = match arrivals {
                Arrivals::Threads => false,
                Arrivals::WholeBlock => other.arrivals == Arrivals::WholeBlock && block.contains(&other.thread),
                Arrivals::Warps { .. } => {
                    warp.contains(&other.thread) && (arrivals == ALIGNED || other.arrivals == ALIGNED)
                }
            };
            bound && other.site != site && !program.are_one_barrier(other.site, site)
        };
        let named = state.meetings.iter().filter(|meeting| matches!(meeting.place, Place::Named(_)));
        let waiting = named.flat_map(|meeting| {
            let arrived = meeting.arrived.iter().flatten();
            meeting.partial.iter().chain(arrived.filter(|other| other.waits))
        });
        match waiting.into_iter().find(apart) {
            None => Ok(()),
            Some(other) => {
                let who = if arrivals == Arrivals::WholeBlock { "a block" } else { "one warp" };
                let message = format!("threads of {who} reach different barriers");
                Err(self.diverges(state, message, &[(thread, site), (other.thread, other.site)]))
            }
        }
    }

    /// Without a count, every thread of the block must come: one that has exited does not.
    fn is_whole(&self, state: &State<P::Thread>, thread: usize, site: SiteIndex, barrier: Barrier) -> Result<(), Stop> {
        let by_warps = matches!(barrier.arrivals, Arrivals::Warps { .. });
        let whole = matches!(barrier.group, Group::Block { count: None, .. });
        let mut block = self.field.of_block(self.field.block_of(thread));
        if by_warps && whole && block.any(|other| !self.is_live(state, other)) {
            return Err(self.diverges(state, EXITED.to_owned(), &[(thread, site)]));
        }
        Ok(())
    }

    /// Threads of the warp of a thread.
    pub(super) fn warp_of(&self, thread: usize) -> std::ops::Range<usize> {
        let block = self.field.of_block(self.field.block_of(thread));
        let first = block.start + (thread - block.start) / WARP as usize * WARP as usize;
        first..(first + WARP as usize).min(block.end)
    }

    pub(super) fn diverges(&self, state: &State<P::Thread>, message: String, who: &[(usize, SiteIndex)]) -> Stop {
        Stop::Found(Box::new(self.divergence(state, message, who)))
    }

    pub(super) fn divergence(&self, state: &State<P::Thread>, message: String, who: &[(usize, SiteIndex)]) -> Finding {
        let point = |(thread, site): &(usize, SiteIndex)| {
            self.point(Some(self.thread_name(state, *thread)), *site, "at this barrier")
        };
        words::finding(Code::BarrierDivergence, message, who.iter().map(point).collect())
    }

    /// Whether a thread may still come to a barrier.
    fn is_live(&self, state: &State<P::Thread>, thread: usize) -> bool {
        !matches!(state.threads[thread].status, Status::Ended)
    }

    /// Somebody has come, or will not come any more: warps that are complete arrive.
    fn gather(&mut self, state: &mut State<P::Thread>, index: usize, alone: bool) -> Step<P::Thread> {
        let meeting = &state.meetings[index];
        let Place::Named(id) = meeting.place else {
            return self.lanes(state, index);
        };
        let contested = self.contested.contains(&(meeting.block, id));
        let Some(first) = meeting.partial.last() else { return Ok(None) };
        let warp = if alone { first.thread..first.thread + 1 } else { self.warp_of(first.thread) };
        let here = |thread: &usize| meeting.partial.iter().any(|arrival| arrival.thread == *thread);
        if !warp.clone().filter(|thread| self.is_live(state, *thread)).all(|thread| here(&thread)) {
            return Ok(None);
        }
        let meeting = &mut Arc::make_mut(&mut state.meetings)[index];
        let (arrived, rest) =
            std::mem::take(&mut meeting.partial).into_iter().partition(|arrival| warp.contains(&arrival.thread));
        meeting.partial = rest;
        if contested {
            meeting.offered.push((arrived, None));
            return Ok(None);
        }
        self.arrive(state, index, arrived)
    }

    /// A warp arrives.
    pub(super) fn arrive(
        &mut self,
        state: &mut State<P::Thread>,
        index: usize,
        arrivals: Vec<Arrival>,
    ) -> Step<P::Thread> {
        for arrival in arrivals.iter().filter(|arrival| !arrival.waits) {
            state.effect(arrival.thread);
            Arc::make_mut(&mut state.threads[arrival.thread]).status = Status::Ready;
        }
        let meeting = &mut Arc::make_mut(&mut state.meetings)[index];
        meeting.arrived.push(arrivals);
        meeting.count += 1;
        if (meeting.arrived.len() as u32) < meeting.needed {
            return Ok(None);
        }
        let arrived = std::mem::take(&mut meeting.arrived).into_iter().flatten().collect();
        let block = meeting.block;
        self.complete(state, block, arrived, (true, true))
    }

    /// Lanes go on when all that are named, exist and have not exited are there.
    fn lanes(&mut self, state: &mut State<P::Thread>, index: usize) -> Step<P::Thread> {
        let meeting = &state.meetings[index];
        let Place::Lanes { warp, mask, exchanges } = meeting.place else { return Ok(None) };
        let block = self.field.of_block(meeting.block);
        let first = block.start + (warp * WARP) as usize;
        let named = (0..WARP as usize).filter(|lane| mask >> lane & 1 == 1).map(|lane| first + lane);
        let waited = named.filter(|thread| block.contains(thread) && self.is_live(state, *thread)).count();
        if meeting.partial.len() < waited || meeting.partial.is_empty() {
            return Ok(None);
        }
        let block = meeting.block;
        let meeting = Arc::make_mut(&mut state.meetings).remove(index);
        self.complete(state, block, meeting.partial, (!exchanges, false))
    }

    /// All have come: those that wait get what all gave, follow what all did, and go on.
    fn complete(
        &mut self,
        state: &mut State<P::Thread>,
        block: u32,
        mut arrived: Vec<Arrival>,
        (orders, of_block): (bool, bool),
    ) -> Step<P::Thread> {
        arrived.sort_by_key(|arrival| arrival.thread);
        if orders && state.graph.has(super::Rule::BarriersSynchronize) {
            let mut last = Last::new();
            arrived.iter().flat_map(|arrival| &arrival.last).for_each(|event| {
                if !last.contains(event) {
                    last.push(*event);
                }
            });
            let node = self.joint(state, Act::Joint, block / self.field.blocks, arrived[0].site);
            let joint = state.graph.add(node, &last);
            if of_block {
                self.note_barrier(state, joint, &arrived);
            }
            for arrival in arrived.iter().filter(|arrival| arrival.waits) {
                let runner = Arc::make_mut(&mut state.threads[arrival.thread]);
                runner.last = Last::from_slice(&[joint]);
                runner.vector = None;
            }
        }
        let given: Vec<(u32, u64)> = arrived
            .iter()
            .filter_map(|arrival| arrival.gives.map(|value| (arrival.thread as u32 % self.field.room, value)))
            .collect();
        for arrival in arrived.iter().filter(|arrival| arrival.waits) {
            let runner = Arc::make_mut(&mut state.threads[arrival.thread]);
            if !given.is_empty() {
                self.field.program.gathered(runner.at, &mut runner.program, &given);
                super::step::note(runner, || Input::Gathered(given.clone()));
            }
            runner.status = Status::Ready;
            if !runner.met.contains(&arrival.site) {
                runner.met.push(arrival.site);
            }
            runner.visited.clear();
            runner.rounds.values_mut().for_each(|rounds| rounds.held.clear());
        }
        self.is_round(state, &arrived)
    }

    /// Under `--assume loads=done-at-barrier`: who has arrived at a barrier of a block, behind what.
    fn note_barrier(&self, state: &mut State<P::Thread>, joint: Event, arrived: &[Arrival]) {
        let State { graph, threads, .. } = state;
        let Some(barriers) = &mut graph.barriers else { return };
        let who = |arrival: &Arrival| {
            let launch = self.launch_of(threads[arrival.thread].at.launch);
            (Actor::Thread { thread: arrival.thread as u32, launch }, arrival.last.clone())
        };
        Arc::make_mut(barriers).push((joint, arrived.iter().map(who).collect()));
    }

    /// A thread ends. Nobody waits for it in its warp any more.
    pub(super) fn exit(&mut self, state: &mut State<P::Thread>, thread: usize, site: SiteIndex) -> Step<P::Thread> {
        let mut copies = state.threads[thread].copies.iter();
        if let Some((pipe, started, _, _)) = copies.find(|(_, _, _, events)| !events.is_empty()) {
            let name = self.field.program.pipe_name(*pipe);
            let message = format!("a thread ends its kernel while copies are outstanding on pipe `{name}`");
            let found = words::of_thread(self, state, (Code::Hazard, message), thread, *started);
            return Err(Stop::Found(Box::new(found)));
        }
        Arc::make_mut(&mut state.threads[thread]).status = Status::Ended;
        let block = self.field.block_of(thread);
        self.end_shared_memory(state, thread, site)?;
        let warp = self.warp_of(thread);
        let mut index = 0;
        while index < state.meetings.len() {
            let meeting = &state.meetings[index];
            let whole = meeting.block == block && meeting.threads.is_none();
            let waits = meeting.partial.iter().chain(meeting.arrived.iter().flatten()).find(|other| {
                whole && matches!((meeting.place, other.arrivals), (Place::Named(_), Arrivals::Warps { .. }))
            });
            if let Some(other) = waits {
                return Err(self.diverges(state, EXITED.to_owned(), &[(other.thread, other.site), (thread, site)]));
            }
            let mate = meeting.partial.iter().find(|arrival| warp.contains(&arrival.thread));
            let Some(mate) = mate.filter(|_| meeting.block == block).cloned() else {
                index += 1;
                continue;
            };
            let named = matches!(meeting.place, Place::Named(_));
            let arrivals = mate.arrivals;
            let before = state.meetings.len();
            let alone = !matches!(arrivals, Arrivals::Warps { .. });
            let flow = if named && alone { None } else { self.again(state, index, mate)? };
            if flow.is_some() {
                return Ok(flow);
            }
            index += usize::from(state.meetings.len() == before);
        }
        Ok(None)
    }

    /// Asks again whether the warp of somebody who waits is complete.
    fn again(&mut self, state: &mut State<P::Thread>, index: usize, mate: Arrival) -> Step<P::Thread> {
        let meeting = &mut Arc::make_mut(&mut state.meetings)[index];
        if let Some(place) = meeting.partial.iter().position(|arrival| arrival.thread == mate.thread) {
            let arrival = meeting.partial.remove(place);
            meeting.partial.push(arrival);
        }
        self.gather(state, index, false)
    }

    /// Arrivals of which it matters when they are made: one of them now, or not before another.
    pub(super) fn choose_arrival(&mut self, state: &State<P::Thread>) -> Result<Option<Flow<P::Thread>>, Stop> {
        for (index, meeting) in state.meetings.iter().enumerate() {
            let fresh = |(_, put_off): &(Vec<Arrival>, Option<u32>)| put_off.is_none_or(|count| meeting.count > count);
            let Some(offer) = meeting.offered.iter().position(fresh) else { continue };
            let mut now = state.clone();
            let (arrivals, _) = Arc::make_mut(&mut now.meetings)[index].offered.remove(offer);
            let mut branches = Vec::new();
            match self.arrive(&mut now, index, arrivals)? {
                None => branches.push(now),
                Some(Flow::Branches(more)) => branches.extend(more),
                Some(_) => {}
            }
            let mut later = state.clone();
            Arc::make_mut(&mut later.meetings)[index].offered[offer].1 = Some(meeting.count);
            branches.push(later);
            if branches.len() > 1_000 {
                return Err(self.refuse(Refusal::TooLarge("arrivals at a barrier", 1_000)));
            }
            return Ok(Some(Flow::Branches(branches)));
        }
        Ok(None)
    }
}

/// How many arrivals there can be at a barrier, and how many complete it.
pub(super) fn needed(arrivals: Arrivals, count: Option<u32>, threads: u32) -> (u32, u32) {
    match arrivals {
        Arrivals::Threads | Arrivals::WholeBlock => (threads, count.unwrap_or(threads)),
        Arrivals::Warps { .. } => {
            (threads.div_ceil(WARP), count.map_or(threads.div_ceil(WARP), |count| count.div_ceil(WARP)))
        }
    }
}

/// What no barrier can be.
fn wrong_count(id: u32, count: Option<u32>, threads: u32) -> Option<String> {
    match count {
        _ if id > 15 => Some(format!("barrier {id}: a block has barriers 0 to 15")),
        Some(0) => Some("a barrier for 0 threads".to_owned()),
        Some(count) if count > threads.next_multiple_of(WARP) => {
            Some(format!("a barrier for {count} threads in a block of {threads}"))
        }
        _ => None,
    }
}
