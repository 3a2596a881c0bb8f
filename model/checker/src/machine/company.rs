//! Threads that go round one loop together: who they are, and how their rounds run.
//!
//! Most often it is one thread alone. Those that meet in votes, shuffles or barriers inside one loop are one wait.

use super::{Machine, Place, State, Status};
use crate::memory::clock::{ThreadIndex, View};
use crate::memory::slot::Release;
use crate::program::{Arrivals, Barrier, Coordinates, Group, Operation, Poll, Program, RoundStep, Word};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Exchanges of one round.
const EXCHANGES: usize = 256;

/// A thread of a wait.
#[derive(Clone, Debug)]
pub(super) struct Member<R> {
    pub(super) thread: ThreadIndex,
    pub(super) at: Coordinates,
    /// `None` for a thread that goes on elsewhere behind the barrier at which it is.
    pub(super) round: Option<R>,
    /// What it has seen and done: when the wait has ended, it will have done more.
    pub(super) view: View,
    /// What it has read and not acquired, by word: a fence in the round does.
    pub(super) pending: Vec<(u64, Release)>,
    /// At this barrier already, with what it gives.
    pub(super) arrived: Option<Barrier>,
}

/// Threads that go round one loop together; most often one.
#[derive(Clone, Debug)]
pub(super) struct Company<R> {
    pub(super) members: Vec<Member<R>>,
    /// They are all that meet at the barrier of their loop.
    pub(super) whole: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    /// To which point of the first member's round.
    Returns(usize),
    Leaves(u64),
    Undecided,
    LeavesUndecided,
    Meets(Barrier),
}

impl<P: Program> Machine<P> {
    /// A thread of a wait, as it stands.
    pub(super) fn member(&self, state: &State<P::Thread>, thread: ThreadIndex) -> Member<P::Round> {
        let at = state.coordinates(self, thread);
        let standing = &state.threads[thread as usize];
        let round = self.program().round(at, &standing.program, false);
        let pending = self.pending_of(state, thread).to_vec();
        Member { thread, at, round, view: self.view_of(state, thread), pending, arrived: None }
    }

    /// What a thread has read and not acquired.
    pub(super) fn pending_of<'s>(&self, state: &'s State<P::Thread>, thread: ThreadIndex) -> &'s [(u64, Release)] {
        state.threads[thread as usize].order.as_deref().map_or(&[], |order| &order.pending)
    }

    /// The wait of a thread alone.
    pub(super) fn alone(&self, state: &State<P::Thread>, thread: ThreadIndex) -> Company<P::Round> {
        Company { members: vec![self.member(state, thread)], whole: false }
    }

    /// All whom a thread meets at a barrier of its loop, the thread first; `None` while some are neither there nor in the
    /// loop themselves.
    pub(super) fn company(
        &self,
        state: &State<P::Thread>,
        thread: ThreadIndex,
        barrier: Barrier,
    ) -> Option<Company<P::Round>> {
        let block = self.block_of(thread);
        let first = block * self.threads_of_block();
        let place = Place::of(self, thread, barrier);
        let all: Vec<ThreadIndex> = match barrier.group {
            Group::Block { count, .. } => {
                let threads = self.threads_in(block);
                if !self.is_known_company(thread, barrier) {
                    return None;
                }
                let lives = |thread: &u32| state.threads[*thread as usize].status != Status::Ended;
                let warps = matches!(barrier.arrivals, Arrivals::Warps { .. });
                // Of a warp those that have exited are not waited for; a warp of none does not arrive.
                let warp = |thread: u32| {
                    first + (thread - first) / 32 * 32..threads.min((thread - first) / 32 * 32 + 32) + first
                };
                let counts = |thread: &u32| lives(thread) || !(warps && warp(*thread).any(|lane| lives(&lane)));
                // A barrier of one warp is met by the thread's own.
                let all =
                    if count == Some(32) && count != Some(threads) { warp(thread) } else { first..first + threads };
                all.filter(counts).collect()
            }
            Group::Warp { mask } => {
                let warp = first + (thread - first) / 32 * 32;
                let lanes = (0..32).filter(|lane| mask >> lane & 1 == 1).map(|lane| warp + lane);
                let exists = |lane: &u32| *lane < first + self.threads_in(block);
                let live = |lane: &u32| state.threads[*lane as usize].status != Status::Ended;
                lanes.filter(exists).filter(live).collect()
            }
        };
        let mut members = vec![self.member(state, thread)];
        for other in all.into_iter().filter(|other| *other != thread) {
            members.push(self.companion(state, other, block, place)?);
        }
        Some(Company { members, whole: true })
    }

    /// Whether it is known beforehand who meets at a barrier: the lanes of a warp, the whole block, or one warp. Where others
    /// may complete it, arriving there is a step like any other.
    fn is_known_company(&self, thread: ThreadIndex, barrier: Barrier) -> bool {
        match barrier.group {
            Group::Warp { .. } => true,
            Group::Block { count, .. } => {
                let whole = count.is_none_or(|count| count == self.threads_in(self.block_of(thread)));
                whole || count == Some(32) && matches!(barrier.arrivals, Arrivals::Warps { .. })
            }
        }
    }

    fn companion(
        &self,
        state: &State<P::Thread>,
        thread: ThreadIndex,
        block: u32,
        place: Place,
    ) -> Option<Member<P::Round>> {
        let standing = &state.threads[thread as usize];
        match standing.status {
            Status::Awaiting(_) | Status::Choosing => {
                let spins = matches!(standing.pending.as_deref(), Some((Operation::Spin { .. }, _)));
                spins.then(|| self.member(state, thread))
            }
            Status::AtBarrier(group) => {
                let meetings = state.blocks[block as usize].meetings.iter();
                let meeting = meetings.into_iter().find(|meeting| meeting.place == place)?;
                let mut arrived = meeting.arrived.iter().chain(&meeting.gathering);
                let arrival = arrived.find(|arrival| arrival.thread == thread)?;
                let at = state.coordinates(self, thread);
                let orders = !matches!(place, Place::Lanes { exchanges: true, .. });
                let mut barrier = Barrier::BLOCK;
                (barrier.group, barrier.gather, barrier.orders) = (group, arrival.gives, orders);
                Some(Member {
                    thread,
                    at,
                    round: self.program().round(at, &standing.program, true),
                    view: self.view_of(state, thread),
                    pending: self.pending_of(state, thread).to_vec(),
                    arrived: Some(barrier),
                })
            }
            _ => None,
        }
    }

    /// Runs the rounds of a company: the first member up to where it meets the others, then they, and all of them from
    /// exchange to exchange.
    pub(super) fn run_company(
        &self,
        company: &Company<P::Round>,
        answer: &mut dyn FnMut(usize, &Poll) -> Option<Word>,
    ) -> End {
        self.run_rounds(company, &mut rounds_of(company), answer)
    }

    pub(super) fn run_rounds(
        &self,
        company: &Company<P::Round>,
        rounds: &mut [Option<P::Round>],
        answer: &mut dyn FnMut(usize, &Poll) -> Option<Word>,
    ) -> End {
        let (mut met, undecided) = match self.run_to_meeting(company, rounds, answer) {
            Ok(meeting) => meeting,
            Err(end) => return end,
        };
        if !company.whole {
            let known = self.is_known_company(company.members[0].thread, met[0]);
            return if known { End::Meets(met[0]) } else { End::Leaves(digest(&met[0])) };
        }
        for _ in 0..EXCHANGES {
            if met.iter().any(|barrier| barrier.group != met[0].group) {
                return End::Returns(0);
            }
            if undecided {
                return End::Undecided;
            }
            let given: Vec<(u32, Option<u64>)> =
                company.members.iter().zip(&met).map(|(member, barrier)| (member.at.thread, barrier.gather)).collect();
            let ends: Vec<RoundStep> = company
                .members
                .iter()
                .zip(rounds.iter_mut())
                .enumerate()
                .map(|(index, (member, round))| {
                    let Some(round) = round else {
                        return RoundStep::Leaves { outcome: u64::from(member.thread) };
                    };
                    self.program().exchange(member.at, round, &given);
                    self.program().go_on(member.at, round, &mut |poll| answer(index, poll))
                })
                .collect();
            if ends.iter().all(|end| *end == RoundStep::Returns { to: 0 }) {
                return End::Returns(0);
            }
            if ends.contains(&RoundStep::Undecided) {
                return End::Undecided;
            }
            if ends.contains(&RoundStep::LeavesUndecided) {
                return End::LeavesUndecided;
            }
            let next: Option<Vec<Barrier>> = ends
                .iter()
                .map(|end| match end {
                    RoundStep::Meets { barrier, .. } => Some(*barrier),
                    _ => None,
                })
                .collect();
            let Some(next) = next else { return End::Leaves(digest(&ends)) };
            met = next;
        }
        End::Leaves(digest(
            &rounds.iter().flatten().map(|round| self.program().round_digest(round)).collect::<Vec<_>>(),
        ))
    }

    /// Runs the members of a company to where they meet: the barriers, and whether a member but the first waits for a word.
    ///
    /// # Errors
    /// How the round ends, if they do not meet.
    fn run_to_meeting(
        &self,
        company: &Company<P::Round>,
        rounds: &mut [Option<P::Round>],
        answer: &mut dyn FnMut(usize, &Poll) -> Option<Word>,
    ) -> Result<(Vec<Barrier>, bool), End> {
        let mut met: Vec<Barrier> = Vec::with_capacity(rounds.len());
        let mut undecided = false;
        for (index, member) in company.members.iter().enumerate() {
            if let Some(barrier) = member.arrived {
                met.push(barrier);
                continue;
            }
            let Some(round) = &mut rounds[index] else { return Err(End::Returns(0)) };
            match self.program().go_on(member.at, round, &mut |poll| answer(index, poll)) {
                RoundStep::Meets { barrier, .. } => met.push(barrier),
                RoundStep::Undecided if index == 0 => return Err(End::Undecided),
                RoundStep::LeavesUndecided if index == 0 => return Err(End::LeavesUndecided),
                RoundStep::Undecided => {
                    undecided = true;
                    met.push(Barrier { gather: None, ..met[0] });
                }
                RoundStep::Leaves { outcome } if index == 0 => return Err(End::Leaves(outcome)),
                // Whoever leaves alone does so by itself, and whoever comes back does not meet the others.
                RoundStep::Returns { to } if index == 0 => return Err(End::Returns(to)),
                RoundStep::Leaves { .. } | RoundStep::LeavesUndecided | RoundStep::Returns { .. } => {
                    return Err(End::Returns(0));
                }
            }
        }
        Ok((met, undecided))
    }
}

impl<R> Company<R> {
    /// Equal companies wait for the same.
    pub(super) fn digest<P: Program<Round = R>>(&self, machine: &Machine<P>) -> u64 {
        let mut hasher = DefaultHasher::new();
        for member in &self.members {
            let round = member.round.as_ref().map(|round| machine.program().round_digest(round));
            (member.thread, round, &member.view, &member.pending).hash(&mut hasher);
        }
        hasher.finish()
    }
}

pub(super) fn rounds_of<R: Clone>(company: &Company<R>) -> Vec<Option<R>> {
    company.members.iter().map(|member| member.round.clone()).collect()
}

pub(super) fn digest(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
