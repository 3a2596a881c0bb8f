//! Barriers: of a block (`bar.sync`, `bar.arrive`, `bar.red`, whole or with counts) and of lanes of a warp.
//!
//! A barrier of the whole block ends a phase: every thread then sees every other's phase whole, by sharing one base.
//! A barrier of some threads, or with arrivals, joins the views of those threads only. A thread that has exited does
//! not count as arrived at a barrier of the block (PTX ISA, `barrier`: all threads in the block participate unless a
//! count is given); lanes of a warp that have exited, or do not exist, are not waited for (CUDA programming guide,
//! warp functions: "all non-exited threads named in mask").

use super::causality::join;
use super::run::{Progress, Run};
use super::{Arrival, Machine, Meeting, Place, Rule, State, Status, Violation, ViolationPoint};
use crate::memory::clock::{Epoch, ThreadIndex};
use crate::program::{Barrier, Group, Program, SiteIndex};
use arverify_protocol::verdict::Code;

/// Threads of a warp.
const WARP: u32 = 32;

impl Place {
    /// Which barrier of its block a thread means.
    pub(super) fn of<P: Program>(machine: &Machine<P>, thread: ThreadIndex, barrier: Barrier) -> Place {
        match barrier.group {
            Group::Block { id, .. } => Place::Named(id),
            Group::Warp { mask } => {
                let warp = thread % machine.threads_of_block() / WARP;
                Place::Lanes { warp, mask, exchanges: !barrier.orders }
            }
        }
    }
}

impl<P: Program> Run<'_, P> {
    pub(super) fn barrier(&mut self, thread: ThreadIndex, barrier: Barrier, site: SiteIndex) -> Progress {
        let index = self.machine.block_of(thread);
        if let Some(problem) = barrier_problem(barrier.group, self.machine.threads_in(index)) {
            let point = self.point(thread, site, "this barrier");
            return self.fail_here(Violation::new(Code::BarrierDivergence, problem, vec![point]));
        }
        let count = match barrier.group {
            Group::Block { count, .. } => count,
            Group::Warp { .. } => None,
        };
        let place = Place::of(self.machine, thread, barrier);
        if let Place::Named(id) = place {
            let known = self.machine.has(Rule::BarrierAmbiguity);
            self.notes.ambiguous_barrier |= known && self.may_have_come_earlier(thread, id);
        }
        let arrived_with = barrier.arrive.then(|| self.view_with_self(thread));
        let block = &mut self.state.blocks[index as usize];
        let at = match block.meetings.iter().position(|meeting| meeting.place == place) {
            Some(at) => at,
            None => {
                block.meetings.push(Meeting { place, count, arrived: Vec::new() });
                block.meetings.len() - 1
            }
        };
        let meeting = &mut block.meetings[at];
        if meeting.count != count && self.machine.has(Rule::CountsAgree) {
            let other = meeting.arrived.first().map(|arrival| (arrival.thread, arrival.site));
            return self.counts_differ(thread, site, other);
        }
        meeting.arrived.push(Arrival { thread, arrived_with, gives: barrier.gather, site });
        if !barrier.arrive {
            self.thread_mut(thread).status = Status::AtBarrier(barrier.group);
        }
        if !self.complete_if_full(index, at) {
            self.wake_company(index, place);
        }
        if barrier.arrive { Progress::Done } else { Progress::Waits }
    }

    /// A lane has exited: those of its warp that wait for nobody else go on.
    pub(super) fn complete_without(&mut self, block: u32) {
        let mut at = 0;
        while at < self.state.blocks[block as usize].meetings.len() {
            let lanes = matches!(self.state.blocks[block as usize].meetings[at].place, Place::Lanes { .. });
            let lanes = lanes || !self.machine.has(Rule::ExitedDoNotArrive);
            if !(lanes && self.complete_if_full(block, at)) {
                at += 1;
            }
        }
    }

    /// Lets the threads of a barrier go on, if all that it waits for have arrived.
    fn complete_if_full(&mut self, block: u32, at: usize) -> bool {
        let threads = self.machine.threads_in(block);
        let meeting = &self.state.blocks[block as usize].meetings[at];
        let wanted = match meeting.place {
            Place::Named(_) if self.machine.has(Rule::ExitedDoNotArrive) => {
                meeting.count.map_or(threads, |count| count.min(threads))
            }
            Place::Named(_) => meeting.count.unwrap_or(self.state.blocks[block as usize].live),
            Place::Lanes { warp, mask, .. } => {
                let first = block * self.machine.threads_of_block();
                let waited = (0..WARP).filter(|lane| mask >> lane & 1 == 1).map(|lane| warp * WARP + lane);
                let waited = waited.filter(|thread| *thread < threads);
                let live = |thread: &u32| self.state.threads[(first + thread) as usize].status != Status::Ended;
                waited.filter(live).count() as u32
            }
        };
        if (meeting.arrived.len() as u32) < wanted {
            return false;
        }
        let meeting = self.state.blocks[block as usize].meetings.remove(at);
        self.complete(block, meeting);
        true
    }

    /// Whether a thread that arrives now could have taken part in the barrier's last completion instead of another:
    /// its arrival does not follow all of those.
    fn may_have_come_earlier(&self, thread: ThreadIndex, id: u32) -> bool {
        let block = &self.state.blocks[self.machine.block_of(thread) as usize];
        let view = &self.state.threads[thread as usize].view;
        let covered =
            |epoch: &Epoch| epoch.thread == thread || view.covers(self.machine.block_of(epoch.thread), *epoch);
        block.completed.iter().any(|(known, arrivals)| *known == id && !arrivals.iter().all(covered))
    }

    fn counts_differ(
        &mut self,
        thread: ThreadIndex,
        site: SiteIndex,
        other: Option<(ThreadIndex, SiteIndex)>,
    ) -> Progress {
        let mut points: Vec<ViolationPoint> = vec![self.point(thread, site, "this count")];
        if let Some((other, site)) = other {
            points.push(self.point(other, site, "differs from this one"));
        }
        let message = "threads reach one barrier with different counts".to_owned();
        self.fail_here(Violation::new(Code::BarrierDivergence, message, points))
    }

    /// All have arrived: those that wait get what all gave, see what all had seen, and go on.
    fn complete(&mut self, block: u32, meeting: Meeting) {
        let whole = matches!(meeting.place, Place::Named(_))
            && meeting.arrived.len() as u32 == self.machine.threads_in(block)
            && meeting.arrived.iter().all(|arrival| arrival.arrived_with.is_none());
        if !matches!(meeting.place, Place::Lanes { exchanges: true, .. }) {
            self.join_all(block, &meeting, whole);
        }
        self.hand_out(&meeting);
        if let (false, Place::Named(id)) = (whole, meeting.place) {
            let arrivals = meeting.arrived.iter().map(|arrival| self.epoch_of(arrival)).collect();
            let completed = &mut self.state.blocks[block as usize].completed;
            completed.retain(|(known, _)| *known != id);
            completed.push((id, arrivals));
        }
        if whole {
            self.state.blocks[block as usize].phase += 1;
        }
        for arrival in meeting.arrived {
            if arrival.arrived_with.is_none() {
                self.make_ready(arrival.thread);
            }
        }
    }

    /// When a thread arrived.
    fn epoch_of(&self, arrival: &Arrival) -> Epoch {
        arrival.arrived_with.as_ref().map_or_else(|| self.epoch(arrival.thread), |(_, epoch)| *epoch)
    }

    /// Everybody who waits sees what all had seen.
    fn join_all(&mut self, block: u32, meeting: &Meeting, whole: bool) {
        let epochs: Vec<Epoch> = meeting.arrived.iter().map(|arrival| self.epoch_of(arrival)).collect();
        let machine = self.machine;
        let phase = self.state.blocks[block as usize].phase;
        let State { threads, slots, .. } = &mut *self.state;
        let mut merged = threads[meeting.arrived[0].thread as usize].view.clone();
        if let Some((view, _)) = &meeting.arrived[0].arrived_with {
            merged = view.clone();
        }
        for arrival in &meeting.arrived {
            let thread = &threads[arrival.thread as usize];
            let view = arrival.arrived_with.as_ref().map_or(&thread.view, |(view, _)| view);
            if !view.is_same(&merged) && machine.has(Rule::BarrierJoins) {
                join(machine, slots, &mut merged, view);
            }
        }
        if whole && machine.has(Rule::BarrierEndsPhase) {
            merged.complete(block, phase + 1);
        } else if !whole && machine.has(Rule::BarrierOfSome) {
            for epoch in epochs {
                merged.add(block, epoch);
            }
        }
        for arrival in meeting.arrived.iter().filter(|arrival| arrival.arrived_with.is_none()) {
            threads[arrival.thread as usize].view = merged.clone();
        }
    }

    /// Everybody who waits gets what everybody gave.
    fn hand_out(&mut self, meeting: &Meeting) {
        if meeting.arrived.iter().all(|arrival| arrival.gives.is_none()) {
            return;
        }
        let room = self.machine.threads_of_block();
        let mut given: Vec<(u32, u64)> = meeting
            .arrived
            .iter()
            .filter_map(|arrival| arrival.gives.map(|value| (arrival.thread % room, value)))
            .collect();
        given.sort_unstable();
        for arrival in meeting.arrived.iter().filter(|arrival| arrival.arrived_with.is_none()) {
            let coordinates = self.state.coordinates(self.machine, arrival.thread);
            let thread = &mut self.state.threads[arrival.thread as usize].program;
            self.machine.program().gathered(coordinates, thread, &given);
        }
    }
}

/// What the PTX ISA does not allow: a resource beyond 15, or a count that is no multiple of the warp size is allowed
/// here (small blocks are checked), but one beyond the block is not.
fn barrier_problem(group: Group, threads: u32) -> Option<String> {
    match group {
        Group::Block { id, .. } if id > 15 => Some(format!("barrier {id}: a block has barriers 0 to 15")),
        Group::Block { count: Some(0), .. } => Some("a barrier for 0 threads".to_owned()),
        // A whole warp takes part although it has fewer threads.
        Group::Block { count: Some(count), .. } if count > threads.next_multiple_of(WARP) => {
            Some(format!("a barrier for {count} threads in a block of {threads}"))
        }
        _ => None,
    }
}
