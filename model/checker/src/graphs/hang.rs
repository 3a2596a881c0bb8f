//! Whether threads that wait do so for ever.
//!
//! Every write is seen at last. So a thread waits in vain if, reading of each word what is last in coherence order, it
//! comes back to where it was without having done anything that others could tell. All threads that wait are followed
//! together, barriers included, until each has ended, comes round, or waits at a barrier for somebody who does. If
//! anybody can do something else, the execution is not over: it goes on where that read is not put off.

use super::event::{Event, Range};
use super::round::counts;
use super::search::{Refusal, Search, Stop};
use super::state::{Pending, Place, Rounds, State, Status};
use super::step::{word, word_key};
use super::words;
use crate::program::{Barrier, Group, Operation, Program, SiteIndex, Width, Word};
use arverify_protocol::ir::AtomicOperation;
use arverify_protocol::verdict::{Code, Finding};
use rustc_hash::FxHashMap;
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
    /// It waits at a barrier, or for its warp to arrive there.
    Waits(Barrier, SiteIndex),
    /// It does something that others can tell.
    Acts,
    Ended,
}

impl Rest {
    /// Where it stands.
    fn site(&self) -> Option<SiteIndex> {
        match self {
            Rest::Reads(_, site, _, _) | Rest::Spins(site) | Rest::Waits(_, site) => Some(*site),
            Rest::Acts | Rest::Ended => None,
        }
    }
}

/// What comes of following a thread.
enum Follows {
    /// It waits at a barrier, has ended, or comes round.
    Rests,
    Acts,
    Unknown,
}

/// A thread goes round without end.
fn comes_round<T>(threads: &mut BTreeMap<usize, (T, Rest)>, thread: usize) {
    if let Some((_, rest)) = threads.get_mut(&thread)
        && let Some(site) = rest.site()
    {
        *rest = Rest::Spins(site);
    }
}

/// Whether nothing is written by an operation that finds a word: a compare-and-swap that fails only reads.
fn only_reads(operation: &Operation, width: Width, old: Word) -> bool {
    match operation {
        Operation::Atomic { function, expected, .. } => {
            function.operation == AtomicOperation::CompareSwap && old != Word::from(width.truncate(*expected))
        }
        _ => true,
    }
}

/// Whether an operation gives its thread what it found.
fn returns(operation: &Operation) -> bool {
    !matches!(operation, Operation::Atomic { returns: false, .. })
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
                    None => return Err(self.refuse(Refusal::NotUnderstood("a thread at no barrier".to_owned()))),
                },
                Status::Loops(site) => Rest::Spins(*site),
                Status::Ended | Status::Unstarted => Rest::Ended,
                Status::Needs(_) => {
                    // It stands before the first of its open reads.
                    let first = runner.open.iter().map(|open| open.number).min().unwrap_or(0) as usize;
                    let Some((mut program, _)) = self.run_again(state, thread, &runner.log[..first], &mut |_, _, _| {})
                    else {
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
        // How all stood after barriers, and who had met there.
        let mut seen: Vec<(u64, Vec<usize>)> = Vec::new();
        let mut unknown = None;
        loop {
            let indices: Vec<usize> = threads.keys().copied().collect();
            for thread in &indices {
                match self.follow(state, *thread, &mut threads) {
                    Follows::Acts => return Ok(None),
                    Follows::Rests => {}
                    Follows::Unknown => unknown = Some("a loop that does not come round"),
                }
            }
            if unknown.is_some() {
                break;
            }
            let mut some = false;
            let met = self.meet(state, &mut threads, &mut some);
            unknown = some.then_some("a loop over a barrier which some of those that come complete");
            if met.is_empty() {
                break;
            }
            let digest = self.digest(&threads);
            if let Some(since) = seen.iter().position(|(known, _)| *known == digest) {
                let round = seen.drain(since + 1..).flat_map(|(_, met)| met).chain(met);
                round.for_each(|thread| comes_round(&mut threads, thread));
                break;
            }
            if seen.len() > MOST_STEPS {
                unknown = Some("a loop over barriers that does not come round");
                break;
            }
            seen.push((digest, met));
        }
        if unknown.is_some() {
            self.unknown = unknown;
            return Ok(None);
        }
        Ok(Some(self.in_vain(state, &threads)))
    }

    /// The barrier that a thread of the exploration waits at.
    fn barrier_of(&self, state: &State<P::Thread>, thread: usize) -> Option<(Barrier, SiteIndex)> {
        state.meetings.iter().find_map(|meeting| {
            let waiting = meeting.arrived.iter().flatten().filter(|arrival| arrival.waits);
            let arrival = meeting.partial.iter().chain(waiting).find(|arrival| arrival.thread == thread)?;
            let group = match meeting.place {
                Place::Named(id) => Group::Block { id, count: meeting.threads },
                Place::Lanes { mask, .. } => Group::Warp { mask },
            };
            let orders = !matches!(meeting.place, Place::Lanes { exchanges: true, .. });
            let (arrivals, arrive, gather) = (arrival.arrivals, !arrival.waits, arrival.gives);
            Some((Barrier { group, arrivals, arrive, gather, orders }, arrival.site))
        })
    }

    fn digest(&self, threads: &BTreeMap<usize, (P::Thread, Rest)>) -> u64 {
        let mut hasher = DefaultHasher::new();
        for (thread, (program, rest)) in threads {
            // Two steps may well have the same program counter behind them.
            (thread, std::mem::discriminant(rest), rest.site()).hash(&mut hasher);
            self.field.program.standing(program, rest.site()).hash(&mut hasher);
        }
        hasher.finish()
    }

    /// Follows a thread until it waits at a barrier, ends, comes round, or does something.
    fn follow(
        &mut self,
        state: &State<P::Thread>,
        thread: usize,
        threads: &mut BTreeMap<usize, (P::Thread, Rest)>,
    ) -> Follows {
        let Some((program, rest)) = threads.get_mut(&thread) else { return Follows::Rests };
        let at = state.threads[thread].at;
        let mut visited: Vec<u64> = Vec::new();
        // Of its last read: the word, and what the registers held there each time.
        let mut rounds: FxHashMap<(SiteIndex, u64), Rounds> = FxHashMap::default();
        let mut last = None;
        for _ in 0..MOST_STEPS {
            let (operation, site, range, width) = match rest.clone() {
                Rest::Reads(operation, site, range, width) => (operation, site, range, width),
                Rest::Acts => return Follows::Acts,
                Rest::Spins(_) | Rest::Waits(..) | Rest::Ended => return Follows::Rests,
            };
            let standing = self.field.program.standing(program, Some(site));
            if visited.contains(&standing) {
                *rest = Rest::Spins(site);
                return Follows::Rests;
            }
            visited.push(standing);
            last = Some((site, word_key(&range)));
            let held = self.field.program.live(program, site);
            rounds.entry((site, word_key(&range))).or_default().held.push(held);
            let old = word(&self.newest(state, &range));
            match &operation {
                Operation::Await { condition, .. } if condition.holds(old) => return Follows::Acts,
                Operation::Await { .. } => {
                    *rest = Rest::Spins(site);
                    return Follows::Rests;
                }
                _ if !only_reads(&operation, width, old) => return Follows::Acts,
                _ => {}
            }
            if returns(&operation) {
                self.field.program.supply(at, program, old);
            }
            match self.next_rest(state, thread, program) {
                Some(next) => *rest = next,
                None => return Follows::Acts,
            }
        }
        // It counts its rounds: that no count ends them is assumed, and said.
        match last.and_then(|last| rounds.get(&last)).filter(|rounds| counts(&rounds.held)) {
            Some(_) => {
                self.counted = true;
                comes_round(threads, thread);
                Follows::Rests
            }
            None => Follows::Unknown,
        }
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
                Operation::Fence { .. } | Operation::ProxyFence { .. } => {}
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
        if !super::deferred::untold_in(state, &pending.range).is_empty() {
            return false;
        }
        let runner = &state.threads[thread];
        let old = word(&self.newest(state, &pending.range));
        let program = &mut runner.program.clone();
        match &pending.operation {
            Operation::Await { condition, .. } => return condition.holds(old),
            operation if !only_reads(operation, pending.width, old) => return true,
            operation if returns(operation) => self.field.program.supply(runner.at, program, old),
            _ => {}
        }
        self.is_elsewhere(state, thread, program)
    }

    /// Whether a thread goes on to anything but what it has come to since its last effect: a read of a word that it has
    /// read there, or a barrier where it has met others.
    pub(super) fn is_elsewhere(&self, state: &State<P::Thread>, thread: usize, program: &mut P::Thread) -> bool {
        match self.next_rest(state, thread, program) {
            Some(Rest::Reads(_, site, range, _)) => {
                let rounds = state.threads[thread].rounds.get(&(site, word_key(&range)));
                rounds.is_none_or(|rounds| rounds.held.is_empty())
            }
            Some(Rest::Waits(_, site)) => !state.threads[thread].met.contains(&site),
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
