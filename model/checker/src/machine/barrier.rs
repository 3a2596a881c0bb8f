//! Barriers: of a block (`bar.sync`, `bar.arrive`, `bar.red`, whole or with counts) and of lanes of a warp.
//!
//! A barrier of the whole block ends a phase: every thread then sees every other's phase whole, by sharing one base.
//! A barrier of some threads, or with arrivals, joins the views of those threads only. A thread that has exited does
//! not count as arrived at a barrier of the block (PTX ISA, `barrier`: all threads in the block participate unless a
//! count is given); lanes of a warp that have exited, or do not exist, are not waited for (CUDA programming guide,
//! warp functions: "all non-exited threads named in mask").
//!
//! In PTX warps arrive (ISA, `barrier`): a thread waits for the threads of its warp that have not exited, and then the
//! warp counts for all its lanes; where the barrier is `.aligned` they must be at one instruction. So threads gather
//! first, in any order, and it is the last of a warp that arrives. Other front ends let threads arrive.
//!
//! Which arrivals complete a barrier with a count is a choice where more could: then its order of arrivals is explored
//! like that of accesses to a slot, and the barrier is *contended*, under a key of its own among those of slots.

use super::causality::{join, join_assumed};
use super::event::What;
use super::run::{Progress, Run};
use super::{Arrival, ArrivedWith, Machine, Meeting, Place, Rule, State, Status, Violation, ViolationPoint};
use crate::memory::assumed::Assumed;
use crate::memory::clock::{Epoch, ThreadIndex, View};
use crate::program::{Arrivals, Barrier, Group, Operation, Program, SiteIndex};
use arverify_protocol::verdict::{Code, WhyKind};

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

/// Tells a barrier's key from a slot's.
const BARRIER: u64 = 1 << 63;

/// Barriers of a block.
const BARRIERS: u64 = 16;

/// The key of a barrier of a block, among those of slots.
fn key(block: u32, id: u32) -> u64 {
    BARRIER | (u64::from(block) * BARRIERS + u64::from(id))
}

impl<P: Program> Machine<P> {
    /// Whether it is a choice when a thread does this: what arrives by it may complete a contended barrier.
    pub(super) fn arrives_at_choice(
        &self,
        state: &State<P::Thread>,
        thread: ThreadIndex,
        operation: &Operation,
    ) -> bool {
        let block = self.block_of(thread);
        let contended = |place: Place| match place {
            Place::Named(id) => self.contended.slots.contains(&key(block, id)),
            Place::Lanes { .. } => false,
        };
        let meetings = &state.blocks[block as usize].meetings;
        let at = |id: u32| meetings.iter().find(|meeting| meeting.place == Place::Named(id));
        match operation {
            Operation::Barrier(Barrier { group: Group::Block { id, .. }, arrivals, .. }) => {
                let last = |meeting: &Meeting| self.is_last_of_warp(state, meeting, thread);
                contended(Place::Named(*id))
                    && (!matches!(arrivals, Arrivals::Warps { .. })
                        || at(*id).map_or_else(|| self.is_alone(state, thread), last))
            }
            // Who exits is waited for no more.
            Operation::Exit => meetings.iter().any(|meeting| {
                let own = |arrival: &Arrival| self.warp_of(arrival.thread) == self.warp_of(thread);
                contended(meeting.place)
                    && meeting.gathering.iter().any(own)
                    && self.is_last_of_warp(state, meeting, thread)
            }),
            _ => false,
        }
    }

    /// The warp of a thread, numbered over all blocks; its lanes.
    fn warp_of(&self, thread: ThreadIndex) -> (u32, u32) {
        (self.block_of(thread), thread % self.threads_of_block() / WARP)
    }

    fn lanes_of_warp(&self, thread: ThreadIndex) -> std::ops::Range<ThreadIndex> {
        let (block, warp) = self.warp_of(thread);
        let first = block * self.threads_of_block();
        let end = (warp * WARP + WARP).min(self.threads_in(block));
        first + warp * WARP..first + end
    }

    /// Whether all others of a thread's warp that have not exited have gathered.
    fn is_last_of_warp(&self, state: &State<P::Thread>, meeting: &Meeting, thread: ThreadIndex) -> bool {
        let gathered = |lane: ThreadIndex| meeting.gathering.iter().any(|arrival| arrival.thread == lane);
        // Threads mostly come in order: it is the last that is missing.
        self.lanes_of_warp(thread).rev().all(|lane| match state.threads[lane as usize].status {
            _ if lane == thread => true,
            Status::Ended => true,
            Status::AtBarrier(_) => gathered(lane),
            _ => false,
        })
    }

    /// Whether a thread is all that is left of its warp.
    fn is_alone(&self, state: &State<P::Thread>, thread: ThreadIndex) -> bool {
        let ended = |lane: ThreadIndex| state.threads[lane as usize].status == Status::Ended;
        self.lanes_of_warp(thread).all(|lane| lane == thread || ended(lane))
    }
}

impl<P: Program> Machine<P> {
    /// Under `--assume loads=done-at-barrier`: the loads of those who have arrived at a barrier of the block are done, too.
    fn loads_done(&self, known: Option<View>, block: u32, whole: Option<u32>, arrived: &[Epoch]) -> Option<View> {
        if !self.settings.loads_done || !self.has(Rule::LoadsAreDone) {
            return known;
        }
        let blocks = self.kernel_blocks() + self.program().shape().ranks;
        let mut loads = known.unwrap_or_else(|| View::initial(blocks as usize));
        match whole {
            Some(phases) => loads.complete(block, phases, |thread| self.block_of(thread)),
            None => arrived.iter().for_each(|epoch| loads.add(block, *epoch)),
        }
        Some(loads)
    }
}

impl<P: Program> Run<'_, P> {
    pub(super) fn barrier(&mut self, thread: ThreadIndex, barrier: Barrier, site: SiteIndex) -> Progress {
        let index = self.machine.block_of(thread);
        if let Some(problem) = barrier_problem(barrier, self.machine.threads_in(index)) {
            let point = self.point(thread, site, "this barrier");
            return self.fail_here(Violation::new(Code::BarrierDivergence, problem, vec![point]));
        }
        if let Some(other) = self.at_another(thread, barrier.arrivals, site) {
            return self.apart(thread, barrier.arrivals, site, other);
        }
        let count = match barrier.group {
            Group::Block { count, .. } => count,
            Group::Warp { .. } => None,
        };
        let place = Place::of(self.machine, thread, barrier);
        let arrived_with = barrier.arrive.then(|| {
            let (view, epoch) = self.view_with_self(thread);
            let way = self.state.threads[thread as usize].way.clone();
            ArrivedWith { view, assumed: self.assumed_of(thread), epoch, way }
        });
        let block = &mut self.state.blocks[index as usize];
        let at = match block.meetings.iter().position(|meeting| meeting.place == place) {
            Some(at) => at,
            None => {
                let (gathering, arrived) = (Vec::new(), Vec::new());
                block.meetings.push(Meeting { place, count, gathering, arrived, counted: 0 });
                block.meetings.len() - 1
            }
        };
        let meeting = &mut block.meetings[at];
        if meeting.count != count && self.machine.has(Rule::CountsAgree) {
            let other = meeting.arrived.iter().chain(&meeting.gathering).next();
            let other = other.map(|arrival| (arrival.thread, arrival.site));
            return self.counts_differ(thread, site, other);
        }
        let (gives, arrivals) = (barrier.gather, barrier.arrivals);
        let depends = std::mem::take(&mut self.thread_mut(thread).depends);
        let arrival = Arrival { thread, arrived_with, gives, depends, arrivals, site };
        self.thread_mut(thread).status = Status::AtBarrier(barrier.group);
        match barrier.arrivals {
            Arrivals::Warps { .. } if matches!(place, Place::Named(_)) => {
                self.state.blocks[index as usize].meetings[at].gathering.push(arrival);
                if !self.warp_arrives(index, at, thread) {
                    self.wake_company(index, place);
                    return Progress::Waits;
                }
            }
            _ => self.arrive(index, at, vec![arrival], 1),
        }
        if barrier.arrive {
            self.thread_mut(thread).status = Status::Ready;
        }
        if !self.complete_if_full(index, at) {
            self.wake_company(index, place);
        }
        if barrier.arrive { Progress::Done } else { Progress::Waits }
    }

    /// A thread at another barrier than this one, although both must reach one together.
    fn at_another(&self, thread: ThreadIndex, arrivals: Arrivals, site: SiteIndex) -> Option<(ThreadIndex, SiteIndex)> {
        if !self.machine.has(Rule::AlignedTogether) {
            return None;
        }
        let machine = self.machine;
        let block = machine.block_of(thread);
        let apart = |other: &&Arrival| other.site != site && !machine.program().are_one_barrier(other.site, site);
        let mut meetings = self.state.blocks[block as usize].meetings.iter();
        let found = match arrivals {
            Arrivals::Threads => None,
            // One stands for all that have come.
            Arrivals::WholeBlock => meetings
                .filter_map(|meeting| meeting.arrived.first())
                .find(|other| other.arrivals == Arrivals::WholeBlock && apart(other)),
            Arrivals::Warps { aligned } => {
                let either = |other: &Arrival| aligned || other.arrivals == Arrivals::Warps { aligned: true };
                let own = |other: &Arrival| machine.warp_of(other.thread) == machine.warp_of(thread);
                meetings.find_map(|meeting| {
                    meeting.gathering.iter().find(|other| apart(other) && either(other) && own(other))
                })
            }
        };
        found.map(|arrival| (arrival.thread, arrival.site))
    }

    /// AR003: threads that must reach one barrier together are at two.
    fn apart(
        &mut self,
        thread: ThreadIndex,
        arrivals: Arrivals,
        site: SiteIndex,
        (other, its_site): (ThreadIndex, SiteIndex),
    ) -> Progress {
        let (who, why, help) = match arrivals {
            Arrivals::WholeBlock => (
                "a block",
                "`block_sync` is one statement for all threads of a block",
                "put one `block_sync` behind the branch",
            ),
            _ => (
                "a warp",
                "an `.aligned` barrier is one instruction for all threads of a warp (PTX ISA, `barrier`)",
                "put one barrier behind the branch, or use `barrier.sync` in its arms",
            ),
        };
        let points = vec![self.point(thread, site, "at this barrier"), self.point(other, its_site, "at this one")];
        let message = format!("barrier divergence: threads of {who} are at different barriers");
        let mut violation = Violation::new(Code::BarrierDivergence, message, points);
        let form = "one thread is at the barrier{}, another at the barrier{}";
        violation.because(WhyKind::DifferentBarriers, site, form, &[site, its_site]);
        violation.notes.push(why.to_owned());
        violation.help = Some(help.to_owned());
        self.fail_here(violation)
    }

    /// Once all of a thread's warp that have not exited have gathered, the warp has arrived, and those that only arrive go
    /// on. Returns whether it has.
    fn warp_arrives(&mut self, block: u32, at: usize, thread: ThreadIndex) -> bool {
        let machine = self.machine;
        if !machine.is_last_of_warp(self.state, &self.state.blocks[block as usize].meetings[at], thread) {
            return false;
        }
        let warp = machine.warp_of(thread);
        let gathering = &mut self.state.blocks[block as usize].meetings[at].gathering;
        let lanes: Vec<Arrival> = gathering.extract_if(.., |arrival| machine.warp_of(arrival.thread) == warp).collect();
        let going_on = lanes.iter().filter(|lane| lane.arrived_with.is_some() && lane.thread != thread);
        let going_on: Vec<ThreadIndex> = going_on.map(|lane| lane.thread).collect();
        self.arrive(block, at, lanes, WARP);
        going_on.into_iter().for_each(|lane| self.make_ready(lane));
        true
    }

    /// A thread or a whole warp arrives.
    fn arrive(&mut self, block: u32, at: usize, lanes: Vec<Arrival>, counted: u32) {
        if let Place::Named(id) = self.state.blocks[block as usize].meetings[at].place
            && self.machine.has(Rule::BarrierPartners)
            && self.may_have_come_earlier(block, &lanes, id)
        {
            self.conflict(key(block, id));
        }
        let meeting = &mut self.state.blocks[block as usize].meetings[at];
        meeting.arrived.extend(lanes);
        meeting.counted += counted;
    }

    /// A thread has exited: those of its warp that wait for nobody else go on.
    pub(super) fn complete_without(&mut self, thread: ThreadIndex) {
        let block = self.machine.block_of(thread);
        let warp = self.machine.warp_of(thread);
        let mut at = 0;
        while at < self.state.blocks[block as usize].meetings.len() {
            let meeting = &self.state.blocks[block as usize].meetings[at];
            let lanes = matches!(meeting.place, Place::Lanes { .. }) || !self.machine.has(Rule::ExitedDoNotArrive);
            let lane = meeting.gathering.iter().find(|arrival| self.machine.warp_of(arrival.thread) == warp);
            let arrives = lane.map(|lane| (lane.thread, lane.arrived_with.is_some()));
            let arrived = arrives.is_some_and(|(lane, goes_on)| {
                let arrived = self.warp_arrives(block, at, lane);
                if arrived && goes_on {
                    self.make_ready(lane);
                }
                arrived
            });
            if !((lanes || arrived) && self.complete_if_full(block, at)) {
                at += 1;
            }
        }
    }

    /// Lets the threads of a barrier go on, if all that it waits for have arrived.
    fn complete_if_full(&mut self, block: u32, at: usize) -> bool {
        let threads = self.machine.threads_in(block);
        let meeting = &self.state.blocks[block as usize].meetings[at];
        let arrived = meeting.arrived.len() as u32;
        let full = match (meeting.place, meeting.count) {
            (Place::Named(_), None) if self.machine.has(Rule::ExitedDoNotArrive) => arrived >= threads,
            (Place::Named(_), None) => arrived >= self.state.blocks[block as usize].live,
            // Threads that count one by one are those that there are; warps count whole.
            (Place::Named(_), Some(count)) => meeting.counted >= count.min(threads),
            (Place::Lanes { warp, mask, .. }, _) => {
                let first = block * self.machine.threads_of_block();
                let waited = (0..WARP).filter(|lane| mask >> lane & 1 == 1).map(|lane| warp * WARP + lane);
                let waited = waited.filter(|thread| *thread < threads);
                let live = |thread: &u32| self.state.threads[(first + thread) as usize].status != Status::Ended;
                arrived >= waited.filter(live).count() as u32
            }
        };
        if !full {
            return false;
        }
        let gathering = std::mem::take(&mut self.state.blocks[block as usize].meetings[at].gathering);
        let meeting = self.state.blocks[block as usize].meetings.remove(at);
        if !gathering.is_empty() {
            // They are early for the next time round.
            let (place, count, arrived) = (meeting.place, meeting.count, Vec::new());
            let next = Meeting { place, count, gathering, arrived, counted: 0 };
            self.state.blocks[block as usize].meetings.push(next);
        }
        self.complete(block, meeting);
        true
    }

    /// Whether what arrives now could have taken part in the barrier's last completion instead of another: it does not
    /// follow all of those. A warp follows what any of its threads follows.
    fn may_have_come_earlier(&self, block: u32, lanes: &[Arrival], id: u32) -> bool {
        let covers = |lane: &Arrival, epoch: &Epoch| {
            let view = &self.state.threads[lane.thread as usize].view;
            epoch.thread == lane.thread || view.covers(self.machine.block_of(epoch.thread), *epoch)
        };
        let completed = self.state.blocks[block as usize].completed.iter();
        completed
            .filter(|(known, _)| *known == id)
            .any(|(_, arrivals)| !arrivals.iter().all(|epoch| lanes.iter().any(|lane| covers(lane, epoch))))
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
        match meeting.place {
            Place::Lanes { exchanges: true, .. } => {}
            _ => {
                let arrivals =
                    meeting.arrived.iter().map(|arrival| (self.epoch_of(arrival), arrival.arrived_with.is_none()));
                let met: Vec<_> = if self.recorder.is_some() { arrivals.collect() } else { Vec::new() };
                self.record_what(meeting.arrived[0].thread, None, || What::Met(met));
                self.join_all(block, &meeting, whole);
            }
        }
        self.hand_reads_on(block, &meeting);
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
        arrival.arrived_with.as_ref().map_or_else(|| self.epoch(arrival.thread), |with| with.epoch)
    }

    /// Everybody who waits sees what all had seen.
    fn join_all(&mut self, block: u32, meeting: &Meeting, whole: bool) {
        let epochs: Vec<Epoch> = meeting.arrived.iter().map(|arrival| self.epoch_of(arrival)).collect();
        let machine = self.machine;
        let phase = self.state.blocks[block as usize].phase;
        let State { threads, slots, .. } = &mut *self.state;
        let mut merged = threads[meeting.arrived[0].thread as usize].view.clone();
        if let Some(with) = &meeting.arrived[0].arrived_with {
            merged = with.view.clone();
        }
        let mut assumed = Assumed::default();
        for arrival in meeting.arrived.iter().filter(|_| machine.has(Rule::BarrierJoins)) {
            let with = arrival.arrived_with.as_ref();
            let view = with.map_or(&threads[arrival.thread as usize].view, |with| &with.view);
            merged.join_blocks(view, machine.blocks_of_threads());
        }
        for arrival in &meeting.arrived {
            let thread = &threads[arrival.thread as usize];
            let with = arrival.arrived_with.as_ref();
            let view = with.map_or(&thread.view, |with| &with.view);
            if !view.is_same(&merged) && machine.has(Rule::BarrierJoins) {
                join(machine, slots, &mut merged, view);
            }
            let known = with.map_or(&thread.assumed, |with| &with.assumed);
            join_assumed(machine, slots, &mut assumed, known);
        }
        if matches!(meeting.place, Place::Named(_)) {
            assumed.loads = machine.loads_done(assumed.loads, block, whole.then_some(phase + 1), &epochs);
        }
        if whole && machine.has(Rule::BarrierEndsPhase) {
            merged.complete(block, phase + 1, |thread| machine.block_of(thread));
        } else if !whole && machine.has(Rule::BarrierOfSome) {
            for epoch in epochs {
                merged.add(block, epoch);
            }
        }
        for arrival in meeting.arrived.iter().filter(|arrival| arrival.arrived_with.is_none()) {
            let thread = &mut threads[arrival.thread as usize];
            thread.view = merged.clone();
            thread.assumed.clone_from(&assumed);
        }
    }

    /// Everybody who waits gets what everybody gave.
    fn hand_out(&mut self, meeting: &Meeting) {
        if meeting.arrived.iter().all(|arrival| arrival.gives.is_none()) {
            return;
        }
        self.hand_out_origins(meeting);
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

/// What the PTX ISA does not allow: a resource beyond 15, or a count beyond the block. Counts of threads may be any (small
/// blocks are checked), those of warps multiples of the warp size, or the whole block.
fn barrier_problem(barrier: Barrier, threads: u32) -> Option<String> {
    let warps = matches!(barrier.arrivals, Arrivals::Warps { .. });
    match barrier.group {
        Group::Block { id, .. } if id > 15 => Some(format!("barrier {id}: a block has barriers 0 to 15")),
        Group::Block { count: Some(0), .. } => Some("a barrier for 0 threads".to_owned()),
        // A whole warp takes part although it has fewer threads.
        Group::Block { count: Some(count), .. } if count > threads.next_multiple_of(WARP) => {
            Some(format!("a barrier for {count} threads in a block of {threads}"))
        }
        Group::Block { count: Some(count), .. } if warps && count != threads && !count.is_multiple_of(WARP) => {
            Some(format!("a barrier for {count} threads: the number must be a multiple of {WARP}"))
        }
        _ => None,
    }
}
