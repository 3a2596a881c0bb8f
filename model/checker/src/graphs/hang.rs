//! Whether threads that wait do so for ever.
//!
//! Every write is seen at last. So a thread waits in vain if, reading of each word what is last in coherence order, it
//! comes back to where it was without having done anything that others could tell. All threads that wait are followed
//! together, barriers included, until each has ended, comes round, or waits at a barrier for somebody who does. If
//! anybody can do something else, the execution is not over: it goes on where that read is not put off.

use super::event::{Event, Range};
use super::search::{Search, Stop};
use super::state::{Pending, Place, State, Status};
use super::step::word;
use super::words;
use crate::program::{Arrivals, Barrier, Group, Operation, Program, SiteIndex, Width};
use arverify_protocol::ir::AtomicOperation;
use arverify_protocol::verdict::{Code, Finding};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Steps of a thread that is followed.
const MOST_STEPS: usize = 400;

/// A thread being followed.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Rest {
    /// It is to read a word.
    Reads(Operation, SiteIndex, Range, Width),
    /// It comes round without end.
    Spins(SiteIndex),
    /// It waits at a barrier.
    Waits(Barrier, SiteIndex),
    Ended,
}

impl<P: Program> Search<'_, P> {
    /// A hang, if nobody can go on.
    pub(super) fn hang(&mut self, state: &State<P::Thread>) -> Result<Option<Finding>, Stop> {
        if state.meetings.iter().any(|meeting| !meeting.offered.is_empty()) {
            return Ok(None);
        }
        let mut threads: BTreeMap<usize, (P::Thread, Rest)> = BTreeMap::new();
        for (thread, runner) in state.threads.iter().enumerate() {
            let rest = match &runner.status {
                Status::Reads(pending) => {
                    Rest::Reads(pending.operation.clone(), pending.site, pending.range, pending.width)
                }
                Status::AtBarrier => match self.barrier_of(state, thread) {
                    Some((barrier, site)) => Rest::Waits(barrier, site),
                    None => continue,
                },
                Status::Ended | Status::Unstarted => Rest::Ended,
                Status::Needs(_) => {
                    // It stands before the first of its open reads.
                    let first = runner.open.iter().map(|open| open.number).min().unwrap_or(0) as usize;
                    let Some((mut program, _)) = self.run_again(state, thread, &runner.log[..first]) else {
                        return Ok(None);
                    };
                    let Some(rest) = self.next_rest(state, thread, &mut program) else { return Ok(None) };
                    threads.insert(thread, (program, rest));
                    continue;
                }
                Status::Ready | Status::Writes(_) | Status::Holds(..) => return Ok(None),
            };
            threads.insert(thread, (runner.program.clone(), rest));
        }
        let mut seen: Vec<u64> = Vec::new();
        loop {
            let indices: Vec<usize> = threads.keys().copied().collect();
            for thread in &indices {
                if !self.follow(state, *thread, &mut threads) {
                    return Ok(None);
                }
            }
            if !self.meet(state, &mut threads) {
                break;
            }
            let digest = self.digest(&threads);
            if seen.contains(&digest) || seen.len() > MOST_STEPS {
                break;
            }
            seen.push(digest);
        }
        Ok(Some(self.in_vain(state, &threads)))
    }

    /// The barrier that a thread of the exploration waits at.
    fn barrier_of(&self, state: &State<P::Thread>, thread: usize) -> Option<(Barrier, SiteIndex)> {
        state.meetings.iter().find_map(|meeting| {
            let all = meeting.partial.iter().chain(meeting.arrived.iter().flatten());
            let arrival = all.into_iter().find(|arrival| arrival.thread == thread && arrival.waits)?;
            let group = match meeting.place {
                Place::Named(id) => Group::Block { id, count: None },
                Place::Lanes { mask, .. } => Group::Warp { mask },
            };
            let orders = !matches!(meeting.place, Place::Lanes { exchanges: true, .. });
            Some((
                Barrier { group, arrivals: arrival.arrivals, arrive: false, gather: arrival.gives, orders },
                arrival.site,
            ))
        })
    }

    fn digest(&self, threads: &BTreeMap<usize, (P::Thread, Rest)>) -> u64 {
        let mut hasher = DefaultHasher::new();
        for (thread, (program, rest)) in threads {
            (thread, matches!(rest, Rest::Ended)).hash(&mut hasher);
            self.field.program.standing(program, None).hash(&mut hasher);
        }
        hasher.finish()
    }

    /// Follows a thread until it waits at a barrier, ends, or comes round. False if it does something.
    fn follow(
        &self,
        state: &State<P::Thread>,
        thread: usize,
        threads: &mut BTreeMap<usize, (P::Thread, Rest)>,
    ) -> bool {
        let Some((program, rest)) = threads.get_mut(&thread) else { return true };
        let at = state.threads[thread].at;
        let mut visited: Vec<u64> = Vec::new();
        for _ in 0..MOST_STEPS {
            let Rest::Reads(operation, site, range, width) = rest.clone() else { return true };
            if operation == Operation::Exit {
                return false;
            }
            let standing = self.field.program.standing(program, Some(site));
            if visited.contains(&standing) {
                *rest = Rest::Spins(site);
                return true;
            }
            visited.push(standing);
            let old = word(&self.newest(state, &range));
            match &operation {
                Operation::Await { condition, .. } => {
                    if condition.holds(old) {
                        return false;
                    }
                    *rest = Rest::Spins(site);
                    return true;
                }
                Operation::Atomic { function, expected, returns, .. } => {
                    let fails = function.operation == AtomicOperation::CompareSwap && old != width.truncate(*expected);
                    if !fails || !returns {
                        return false;
                    }
                }
                _ => {}
            }
            self.field.program.supply(at, program, old);
            match self.next_rest(state, thread, program) {
                Some(next) => *rest = next,
                None => return false,
            }
        }
        // Not known to come round: the bound on rounds says so.
        true
    }

    /// Runs a thread past weak reads and fences to the next thing that it waits for. None if it does something.
    fn next_rest(&self, state: &State<P::Thread>, thread: usize, program: &mut P::Thread) -> Option<Rest> {
        let at = state.threads[thread].at;
        for _ in 0..MOST_STEPS {
            let (operation, site) = self.field.program.next(at, program).ok()?;
            let place = |at: crate::program::Location, bytes: u64| {
                let size = self.field.program.shape().instances[at.instance as usize].bytes;
                let space = self.field.space(at.instance, state.threads[thread].at.launch);
                (at.byte + bytes <= size).then_some(Range { space, from: at.byte, to: at.byte + bytes })
            };
            match operation {
                Operation::Fence { .. } => {}
                Operation::Load { at: location, bytes } => {
                    let range = place(location, u64::from(bytes))?;
                    self.field.program.supply_bytes(at, program, &self.newest(state, &range));
                }
                Operation::Read { at, width, .. }
                | Operation::Await { at, width, .. }
                | Operation::Atomic { at, width, .. } => {
                    let range = place(at, width.bytes())?;
                    return Some(Rest::Reads(operation, site, range, width));
                }
                // Who completes it is a choice, which is made where the read is not put off.
                Operation::Barrier(barrier) if self.is_contested(thread, &barrier) => return None,
                Operation::Barrier(barrier) if !barrier.arrive => return Some(Rest::Waits(barrier, site)),
                // To end is something that others can tell, as is anything else.
                _ => return None,
            }
        }
        None
    }

    /// Whether a thread that reads what is newest comes to a state in which it has not been since its last effect.
    pub(super) fn leads_elsewhere(&self, state: &State<P::Thread>, thread: usize, pending: &Pending) -> bool {
        let runner = &state.threads[thread];
        let old = word(&self.newest(state, &pending.range));
        let program = &mut runner.program.clone();
        match &pending.operation {
            Operation::Await { condition, .. } => return condition.holds(old),
            Operation::Atomic { function, expected, returns, .. } => {
                let swaps = function.operation == AtomicOperation::CompareSwap;
                if !swaps || old == pending.width.truncate(*expected) || !returns {
                    return true;
                }
            }
            _ => {}
        }
        self.field.program.supply(runner.at, program, old);
        self.is_elsewhere(state, thread, program)
    }

    /// Whether a thread goes on to anything but what it has come to since its last effect: a read of a word that it has
    /// read there, or barriers that it has met others at.
    pub(super) fn is_elsewhere(&self, state: &State<P::Thread>, thread: usize, program: &mut P::Thread) -> bool {
        match self.next_rest(state, thread, program) {
            Some(Rest::Reads(_, site, range, _)) => {
                let rounds = state.threads[thread].rounds.get(&(site, super::step::word_key(&range)));
                rounds.is_none_or(|rounds| rounds.held.is_empty())
            }
            Some(Rest::Waits(..)) => !state.rounds.iter().any(|round| round.members.contains(&thread)),
            _ => true,
        }
    }

    fn is_contested(&self, thread: usize, barrier: &Barrier) -> bool {
        let Group::Block { id, count } = barrier.group else { return false };
        count.is_some() || barrier.arrive || self.contested.contains(&(self.field.block_of(thread), id))
    }

    /// What is last in coherence order.
    pub(super) fn newest(&self, state: &State<P::Thread>, range: &Range) -> Vec<u8> {
        let writes: Vec<Event> = state.graph.writes_to(range).collect();
        self.bytes(state, range, &state.graph.latest(range, &writes)).0
    }

    /// Completes the barriers for which everybody is there. False if there is none.
    fn meet(&self, state: &State<P::Thread>, threads: &mut BTreeMap<usize, (P::Thread, Rest)>) -> bool {
        let mut any = false;
        let waiting: Vec<(usize, Barrier)> = threads
            .iter()
            .filter_map(|(thread, (_, rest))| match rest {
                Rest::Waits(barrier, _) => Some((*thread, *barrier)),
                _ => None,
            })
            .collect();
        for (thread, barrier) in &waiting {
            let Some(members) = self.members(threads, *thread, barrier) else { continue };
            let together = |member: &usize| match &threads[member].1 {
                Rest::Waits(other, _) => same_place(other, barrier),
                _ => false,
            };
            if !members.iter().all(together) {
                continue;
            }
            let gives = |member: &usize| match &threads[member].1 {
                Rest::Waits(other, _) => Some((*member as u32 % self.field.room, other.gather?)),
                _ => None,
            };
            let given: Vec<(u32, u64)> = members.iter().filter_map(gives).collect();
            for member in &members {
                let Some((program, rest)) = threads.get_mut(member) else { continue };
                if !given.is_empty() {
                    self.field.program.gathered(state.threads[*member].at, program, &given);
                }
                // What comes next that is an effect shows when it is followed: a read of nothing stands for it.
                *rest = match self.next_rest(state, *member, program) {
                    Some(next) => next,
                    None => Rest::Reads(Operation::Exit, SiteIndex(0), Range::NONE, Width::Four),
                };
            }
            any = true;
        }
        any
    }

    /// The threads that a barrier waits for; none where it is of some threads, or arrivals count.
    fn members(
        &self,
        threads: &BTreeMap<usize, (P::Thread, Rest)>,
        thread: usize,
        barrier: &Barrier,
    ) -> Option<Vec<usize>> {
        let block = self.field.of_block(self.field.block_of(thread));
        let live = |thread: &usize| block.contains(thread) && threads[thread].1 != Rest::Ended;
        match barrier.group {
            Group::Block { id, .. } if self.contested.contains(&(self.field.block_of(thread), id)) => None,
            Group::Block { .. } if !matches!(barrier.arrivals, Arrivals::Warps { .. }) => Some(block.collect()),
            Group::Block { .. } => {
                // Nobody waits for who has exited in a warp, but a warp of which nobody is left never arrives.
                let mut warps = (block.start..block.end).step_by(32);
                let arrives = |first: usize| (first..first + 32).any(|thread| live(&thread));
                warps.all(arrives).then(|| block.clone().filter(live).collect())
            }
            Group::Warp { mask } => {
                let first = block.start + (thread - block.start) / 32 * 32;
                let named = (0..32).filter(|lane| mask >> lane & 1 == 1).map(|lane| first + lane);
                Some(named.filter(live).collect())
            }
        }
    }

    fn in_vain(&self, state: &State<P::Thread>, threads: &BTreeMap<usize, (P::Thread, Rest)>) -> Finding {
        let named = |thread: usize, site: SiteIndex, label: &str| {
            self.point(Some(self.thread_name(state, thread)), site, label)
        };
        let spins: Vec<(usize, SiteIndex)> = threads
            .iter()
            .filter_map(|(thread, (_, rest))| match rest {
                Rest::Spins(site) | Rest::Reads(_, site, _, _) => Some((*thread, *site)),
                _ => None,
            })
            .collect();
        let stuck: Vec<(usize, SiteIndex)> = threads
            .iter()
            .filter_map(|(thread, (_, rest))| match rest {
                Rest::Waits(_, site) => Some((*thread, *site)),
                _ => None,
            })
            .collect();
        // A barrier is the cause where nobody of its block spins.
        let blocks: Vec<u32> = spins.iter().map(|(thread, _)| self.field.block_of(*thread)).collect();
        let apart: Vec<(usize, SiteIndex)> =
            stuck.iter().copied().filter(|(thread, _)| !blocks.contains(&self.field.block_of(*thread))).collect();
        if !apart.is_empty() || spins.is_empty() {
            let points = apart.iter().take(2).map(|(thread, site)| named(*thread, *site, "waits at this barrier"));
            let message = "a barrier that not every thread of the block reaches".to_owned();
            return words::finding(Code::BarrierDivergence, message, points.collect());
        }
        let points = spins.iter().map(|(thread, site)| named(*thread, *site, "waits here in vain")).collect();
        let message = format!("deadlock: {} threads can wait in vain together", spins.len());
        words::finding(Code::Deadlock, message, points)
    }
}

fn same_place(left: &Barrier, right: &Barrier) -> bool {
    let same = match (left.group, right.group) {
        (Group::Block { id, .. }, Group::Block { id: other, .. }) => id == other,
        (left, right) => left == right,
    };
    same && left.orders == right.orders
}
