//! Rounds of loops that come back to where they began without having done anything.
//!
//! Every execution is one of the execution without such a round, which is explored, too, for some read of the round may be
//! put off; but for two things. What the round itself reads may race with a write that comes later: such a round is kept,
//! once in an execution, since a race has one read, and all other rounds that come back can be left out. And a round of
//! weak reads, fences and barriers leaves no choice: nothing that its threads read can change, so they go round for ever.

use super::event::{Actor, Event, Node};
use super::search::{Search, Step};
use super::state::{Arrival, Round, State, Status};
use super::words;
use crate::memory::scope::mutually_inclusive;
use crate::program::{Program, SiteIndex};
use arverify_protocol::verdict::Code;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Barrier completions of one block without any effect.
const MOST_ROUNDS: usize = 64;

/// What may return something else another time.
fn is_strong_read(node: &Arc<Node>) -> bool {
    node.is_read() && node.is_strong()
}

impl<P: Program> Search<'_, P> {
    /// Events of some threads since there were so many.
    fn events_since<'s>(
        state: &'s State<P::Thread>,
        threads: &'s [usize],
        since: Event,
    ) -> impl Iterator<Item = &'s Arc<Node>> {
        let own = |node: &&Arc<Node>| match node.actor {
            Actor::Thread { thread, .. } => threads.contains(&(thread as usize)),
            _ => false,
        };
        state.graph.nodes[since..].iter().filter(own)
    }

    /// Whether a round that comes back is kept, because it reads what somebody may yet write, and would race.
    pub(super) fn keeps_round(&self, state: &mut State<P::Thread>, threads: &[usize], since: Event) -> bool {
        if state.kept {
            return false;
        }
        let mut reads = Self::events_since(state, threads, since).filter(|node| node.is_read());
        let keeps = reads.any(|read| self.may_be_raced(state, read));
        drop(reads);
        state.kept = keeps;
        keeps
    }

    fn may_be_raced(&self, state: &State<P::Thread>, read: &Node) -> bool {
        let Actor::Thread { thread, launch } = read.actor else { return false };
        let rank_of = |thread: u32| self.field.block_of(thread as usize) / self.field.blocks;
        let rank = rank_of(thread);
        self.future.scopes.iter().any(|(actor, range, scope)| {
            if !range.overlaps(&read.range) || *actor == read.actor && read.during.is_none() {
                return false;
            }
            // What comes behind the end of the reader's launch follows it.
            let (follows, placement) = match actor {
                Actor::Thread { thread: other, launch: its } => {
                    (rank_of(*other) == rank && *its > launch, Some(self.field.placement(*other as usize)))
                }
                Actor::Stream(other) => (*other == rank && !self.field.program.has_calls(), None),
                Actor::Copy { .. } | Actor::Joint => (false, None),
            };
            let strong = match (read.scope, *scope, placement) {
                (Some(scope), Some(also), Some(placement)) => {
                    *range == read.range && mutually_inclusive(scope, read.placement, also, placement)
                }
                _ => false,
            };
            !follows && !strong && (self.settings.deferred || self.is_to_write(state, *actor, range))
        })
    }

    /// Whether a thread comes to a weak read where it has been before, in the same state, with nothing but weak reads
    /// and fences since.
    pub(super) fn goes_round(&self, state: &mut State<P::Thread>, thread: usize, site: SiteIndex) -> bool {
        let runner = &state.threads[thread];
        if !runner.unknown.registers.is_empty() || !runner.copies.is_empty() {
            return false;
        }
        let digest = self.field.program.standing(&runner.program, Some(site));
        let Some(since) = runner.visited.iter().find(|(known, _)| *known == digest).map(|(_, since)| *since) else {
            let visit = (digest, state.graph.nodes.len());
            Arc::make_mut(&mut state.threads[thread]).visited.push(visit);
            return false;
        };
        if Self::events_since(state, &[thread], since).any(is_strong_read) {
            return false;
        }
        self.go_round_for_ever(state, &[(thread, site)]);
        true
    }

    /// Whether the threads of a barrier stand as they stood behind an earlier one, with no effect of theirs since, and
    /// nobody else having met them: then what lies between might as well not have been.
    pub(super) fn is_round(&mut self, state: &mut State<P::Thread>, arrived: &[Arrival]) -> Step<P::Thread> {
        let members: Vec<usize> = arrived.iter().map(|arrival| arrival.thread).collect();
        let mut hasher = DefaultHasher::new();
        for thread in &members {
            self.field.program.standing(&state.threads[*thread].program, None).hash(&mut hasher);
        }
        let digest = hasher.finish();
        let known = state.rounds.iter().find(|known| known.members == members && known.digest == digest);
        if let Some(since) = known.map(|known| known.since) {
            self.covered.waits += 1;
            if !Self::events_since(state, &members, since).any(is_strong_read) {
                let who: Vec<_> = arrived.iter().map(|arrival| (arrival.thread, arrival.site)).collect();
                self.go_round_for_ever(state, &who);
                return Ok(None);
            }
            return if self.keeps_round(state, &members, since) { Ok(None) } else { self.dead(state) };
        }
        let since = state.graph.nodes.len();
        let rounds = Arc::make_mut(&mut state.rounds);
        rounds.retain(|known| {
            let meets = known.members.iter().any(|thread| members.contains(thread));
            !meets || members.iter().all(|thread| known.members.contains(thread))
        });
        let alike = rounds.iter().filter(|known| known.members == members).count();
        rounds.push(Round { members, digest, since });
        if alike > MOST_ROUNDS {
            self.bounded = true;
            return self.dead(state);
        }
        Ok(None)
    }

    /// Nothing ends the loop that some threads are in. Others go on, for they may race with what it reads.
    fn go_round_for_ever(&self, state: &mut State<P::Thread>, who: &[(usize, SiteIndex)]) {
        let point = |(thread, site): &(usize, SiteIndex)| {
            self.point(Some(self.thread_name(state, *thread)), *site, "goes round here for ever")
        };
        let points = who.iter().map(point).collect();
        let message = format!("deadlock: {} threads go round for ever, whatever others do", who.len());
        let found = words::finding(Code::Deadlock, message, points);
        self.suspect(state, found);
        for (thread, site) in who {
            Arc::make_mut(&mut state.threads[*thread]).status = Status::Loops(*site);
        }
    }
}

/// Whether the last rounds of a loop differ by registers that move on evenly, and nothing else: it counts, and no round
/// has left anything else behind. That the count is never such as to end it is assumed, and said.
pub(super) fn counts(held: &[Vec<(u32, u64)>]) -> bool {
    let [.., first, second, third] = held else { return false };
    let steps = |from: &[(u32, u64)], to: &[(u32, u64)]| -> Vec<u32> {
        from.iter().zip(to).map(|((_, from), (_, to))| to.wrapping_sub(*from) as u32).collect()
    };
    let moved = steps(second, third);
    first.len() == third.len() && steps(first, second) == moved && moved.iter().any(|step| *step != 0)
}
