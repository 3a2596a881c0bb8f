//! Whether threads that wait do so for ever.
//!
//! Every write is seen at last. So a thread waits in vain if, reading of each word what is last in coherence order, it
//! comes back to where it was without having done anything that others could tell. All threads that wait are followed
//! together, barriers included, until each has ended, comes round, or waits at a barrier for somebody who does. If
//! anybody can do something else, the execution is not over: it goes on where that read is not put off.

use super::event::{Event, Range};
use super::search::{Refusal, Search, Stop};
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
pub(super) enum Rest {
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
        let (mut seen, mut unknown): (Vec<u64>, bool) = (Vec::new(), false);
        loop {
            let indices: Vec<usize> = threads.keys().copied().collect();
            for thread in &indices {
                if !self.follow(state, *thread, &mut threads) {
                    return Ok(None);
                }
            }
            if !self.meet(state, &mut threads, &mut unknown) {
                break;
            }
            let digest = self.digest(&threads);
            if seen.contains(&digest) || seen.len() > MOST_STEPS {
                break;
            }
            seen.push(digest);
        }
        if unknown {
            let what = "a loop over a barrier which some of those that come complete".to_owned();
            return Err(self.refuse(Refusal::NotUnderstood(what)));
        }
        Ok(Some(self.in_vain(state, &threads)))
    }

    /// The barrier that a thread of the exploration waits at.
    fn barrier_of(&self, state: &State<P::Thread>, thread: usize) -> Option<(Barrier, SiteIndex)> {
        state.meetings.iter().find_map(|meeting| {
            let all = meeting.partial.iter().chain(meeting.arrived.iter().flatten());
            let arrival = all.into_iter().find(|arrival| arrival.thread == thread && arrival.waits)?;
            let group = match meeting.place {
                Place::Named(id) if matches!(arrival.arrivals, Arrivals::Warps { .. }) => {
                    Group::Block { id, count: Some(meeting.needed * 32) }
                }
                Place::Named(id) => Group::Block { id, count: Some(meeting.needed) },
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
    pub(super) fn next_rest(&self, state: &State<P::Thread>, thread: usize, program: &mut P::Thread) -> Option<Rest> {
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

    /// What is last in coherence order.
    pub(super) fn newest(&self, state: &State<P::Thread>, range: &Range) -> Vec<u8> {
        let writes: Vec<Event> = state.graph.writes_to(range).collect();
        self.bytes(state, range, &state.graph.latest(range, &writes)).0
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
