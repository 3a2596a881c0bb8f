//! Barriers of a block: `bar.sync` and `bar.arrive`, whole or with counts.
//!
//! A barrier of the whole block ends a phase: every thread then sees every other's phase whole, by sharing one base.
//! A barrier of some threads, or with arrivals, joins the views of those threads only. A thread that has exited does
//! not count as arrived (PTX ISA, `barrier`: all threads in the block participate unless a count is given).

use super::causality::join;
use super::run::{Progress, Run};
use super::{Arrival, Barrier, State, Status, Violation, ViolationPoint};
use crate::memory::clock::{Epoch, ThreadIndex};
use crate::program::{Program, SiteIndex};
use arverify_protocol::verdict::Code;

impl<P: Program> Run<'_, P> {
    pub(super) fn barrier(
        &mut self,
        thread: ThreadIndex,
        id: u32,
        count: Option<u32>,
        arrive: bool,
        site: SiteIndex,
    ) -> Progress {
        let threads = self.machine.threads_of_block();
        if let Some(problem) = barrier_problem(id, count, threads) {
            let point = self.point(thread, site, "this barrier");
            return self.fail_here(Violation::new(Code::BarrierDivergence, problem, vec![point]));
        }
        self.notes.ambiguous_barrier |= self.may_have_come_earlier(thread, id);
        let arrived_with = arrive.then(|| self.view_with_self(thread));
        let index = self.machine.block_of(thread) as usize;
        let block = &mut self.state.blocks[index];
        let at = match block.barriers.iter().position(|barrier| barrier.id == id) {
            Some(at) => at,
            None => {
                block.barriers.push(Barrier { id, count, arrived: Vec::new() });
                block.barriers.len() - 1
            }
        };
        let barrier = &mut block.barriers[at];
        if barrier.count != count {
            let other = barrier.arrived.first().map(|arrival| (arrival.thread, arrival.site));
            return self.counts_differ(thread, site, id, other);
        }
        barrier.arrived.push(Arrival { thread, arrived_with, site });
        let full = barrier.arrived.len() as u32 == count.unwrap_or(threads);
        if !arrive {
            self.thread_mut(thread).status = Status::AtBarrier(id);
        }
        if full {
            let barrier = self.state.blocks[index].barriers.remove(at);
            self.complete(index as u32, barrier);
        }
        if arrive { Progress::Done } else { Progress::Waits }
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
        id: u32,
        other: Option<(ThreadIndex, SiteIndex)>,
    ) -> Progress {
        let mut points: Vec<ViolationPoint> = vec![self.point(thread, site, "this count")];
        if let Some((other, site)) = other {
            points.push(self.point(other, site, "differs from this one"));
        }
        let message = format!("threads reach barrier {id} with different counts");
        self.fail_here(Violation::new(Code::BarrierDivergence, message, points))
    }

    /// All have arrived: those that wait see what all had seen, and go on.
    fn complete(&mut self, block: u32, barrier: Barrier) {
        let machine = self.machine;
        let whole = barrier.arrived.len() as u32 == machine.threads_of_block()
            && barrier.arrived.iter().all(|arrival| arrival.arrived_with.is_none());
        let phase = self.state.blocks[block as usize].phase;
        let State { threads, slots, .. } = &mut *self.state;
        let mut merged = threads[barrier.arrived[0].thread as usize].view.clone();
        if let Some((view, _)) = &barrier.arrived[0].arrived_with {
            merged = view.clone();
        }
        for arrival in &barrier.arrived {
            let thread = &threads[arrival.thread as usize];
            let view = arrival.arrived_with.as_ref().map_or(&thread.view, |(view, _)| view);
            if !view.is_same(&merged) {
                join(machine, slots, &mut merged, view);
            }
        }
        if whole {
            merged.complete(block, phase + 1);
        } else {
            for arrival in &barrier.arrived {
                let step = threads[arrival.thread as usize].step;
                let now = Epoch { thread: arrival.thread, phase, step };
                merged.add(block, arrival.arrived_with.as_ref().map_or(now, |(_, epoch)| *epoch));
            }
        }
        for arrival in barrier.arrived.iter().filter(|arrival| arrival.arrived_with.is_none()) {
            threads[arrival.thread as usize].view = merged.clone();
        }
        if !whole {
            let arrivals = barrier.arrived.iter().map(|arrival| {
                let step = threads[arrival.thread as usize].step;
                let now = Epoch { thread: arrival.thread, phase, step };
                arrival.arrived_with.as_ref().map_or(now, |(_, epoch)| *epoch)
            });
            let arrivals = arrivals.collect();
            let completed = &mut self.state.blocks[block as usize].completed;
            completed.retain(|(known, _)| *known != barrier.id);
            completed.push((barrier.id, arrivals));
        }
        if whole {
            self.state.blocks[block as usize].phase += 1;
        }
        for arrival in barrier.arrived {
            if arrival.arrived_with.is_none() {
                self.make_ready(arrival.thread);
            }
        }
    }
}

/// What the PTX ISA does not allow: a resource beyond 15, or a count that is no multiple of the warp size is allowed
/// here (small blocks are checked), but one beyond the block is not.
fn barrier_problem(id: u32, count: Option<u32>, threads: u32) -> Option<String> {
    if id > 15 {
        return Some(format!("barrier {id}: a block has barriers 0 to 15"));
    }
    match count {
        Some(0) => Some("a barrier for 0 threads".to_owned()),
        Some(count) if count > threads => Some(format!("a barrier for {count} threads in a block of {threads}")),
        _ => None,
    }
}
