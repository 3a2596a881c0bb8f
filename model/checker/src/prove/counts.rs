//! Waits on counts: words that one thread stores and that only grow, such as the heads and tails of channels.
//!
//! At one number of ranks ([`super::role`]) every stored word has a count, an integer that does not wrap, and so has what a wait
//! wants. A wait should pass when the count has reached what is wanted. By induction over the steps of a run, it does:
//!
//! * *Epochs*: the slot holds no count below what this thread's wait in the launch before wanted (coherence hides what is
//!   older), nor, in the first launch, below the initial one. No count between that and what is wanted satisfies the wait.
//! * *Lost*: a count that has been reached satisfies the wait, or cannot be there yet: its writer has to pass a wait U before
//!   it for a count that this rank has not stored before the wait in question ends. Counts that grow are never lost.
//! * *Peers*: some thread of another rank stores a count that satisfies the wait in the same launch, and what is stored is
//!   awaited in the same launch.
//!
//! As "reached" compares within 2^31, the second point bounds how far a peer runs ahead, and the first how far it is behind.
//!
//! Not modelled: words that are added to, words that several ranks store to, resets.

use super::claim::{Claim, Kind, SizeVariables, Subject};
use super::pads::satisfies;
use super::problem::{Problem, Unsupported};
use super::role::{At, Joint, Role, Table, awaited, may_be_same, same_word, written};
use super::solve::Cache;
use super::term::{Formula, Polynomial};
use super::translate::{equal, less};
use super::walk::{self, Event};
use crate::process;
use arverify_protocol::ids::BufferId;
use arverify_protocol::ir::{Compare, Initially, Protocol};
use std::time::Instant;

/// What became of an obligation at one number of ranks.
#[derive(Clone, Debug)]
pub(super) enum Judged {
    Holds,
    /// This claim does not.
    Fails(Box<Failure>),
    Unknown(Unsupported),
}

/// A claim that does not hold, with what it is about.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) problem: Problem,
    pub(super) variables: SizeVariables,
    pub(super) claim: Claim,
}

impl Failure {
    pub(super) fn of(joint: &Joint, here: &At<'_>, hypotheses: Vec<Formula>, goal: Formula) -> Judged {
        let variables = SizeVariables { launch: here.instance.launch(), ..here.instance.role.sizes.clone() };
        let claim = Claim::new(hypotheses, goal);
        Judged::Fails(Box::new(Failure { problem: joint.problem.clone(), variables, claim }))
    }
}

/// Proofs at one number of ranks.
pub(super) struct Counting<'p> {
    pub(super) protocol: &'p Protocol,
    pub(super) table: &'p Table,
    pub(super) cache: &'p mut Cache,
    pub(super) deadline: Instant,
    /// Only whether everything holds matters.
    pub(super) all_or_nothing: bool,
}

/// A wait that a thread passes before an event, by the equations that say which.
pub(super) struct Dominator<'r> {
    pub(super) joint: Joint,
    pub(super) at: At<'r>,
    pub(super) equations: Vec<Formula>,
}

pub(super) fn subject(kind: Kind, event: &Event) -> Subject {
    Subject { kind, span: event.span.clone(), calls: event.calls.to_vec(), what: String::new() }
}

fn constant(value: i128) -> Polynomial {
    Polynomial::constant(value)
}

/// left <= right
pub(super) fn at_most(left: &Polynomial, right: &Polynomial) -> Result<Formula, Unsupported> {
    Ok(less(right, left)?.not())
}

/// The ways in which the rounds of one event follow from those of another: the same, the one before, the last, the first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Same,
    Before,
    First,
}

pub(super) const WAYS: [Way; 3] = [Way::Same, Way::Before, Way::First];

/// A copy placed in the launch and block of an event, in rounds and a thread that follow from it.
pub(super) struct Placed {
    /// What its variables are.
    pub(super) equations: Vec<Formula>,
    /// That there are such rounds: to be shown without the equations, which would be contradictory otherwise.
    pub(super) possible: Formula,
}

/// Places a copy; none where that depends on more than the event.
pub(super) fn placed(one: &At<'_>, by: &At<'_>, way: Way, same_thread: bool) -> Result<Option<Placed>, Unsupported> {
    let (here, there) = (&one.instance, &by.instance);
    let thread = if same_thread { there.thread() } else { constant(0) };
    let mut equations = vec![
        equal(&here.launch(), &there.launch())?,
        equal(&here.block(), &there.block())?,
        equal(&here.thread(), &thread)?,
    ];
    let mut possible = Vec::new();
    let theirs = by.rounds();
    for (round, own) in one.rounds().into_iter().zip(&one.event().rounds) {
        let Some(variable) = own.term.single() else { return Ok(None) };
        if !here.role.is_of_sizes(&own.from) || !here.role.is_of_sizes(&own.to) {
            return Ok(None);
        }
        let bounds = &here.role.problem.variables[variable.0 as usize];
        let same = theirs.iter().find(|other| other.number == round.number).map(|other| other.term.clone());
        let one_less = |term: &Polynomial| term.plus(&constant(-1)).ok_or(Unsupported::TooLarge);
        let chosen = match (way, same) {
            (Way::Same, Some(same)) => same,
            (Way::Before, Some(same)) => one_less(&same)?,
            (Way::Same | Way::Before, None) => one_less(&round.to)?,
            (Way::First, _) => round.from.clone(),
        };
        possible.push(at_most(&constant(bounds.low), &chosen)?);
        possible.push(at_most(&chosen, &constant(bounds.high))?);
        equations.push(equal(&round.term, &chosen)?);
    }
    Ok(Some(Placed { equations, possible: Formula::all(possible) }))
}

impl<'p> Counting<'p> {
    pub(super) fn holds(&mut self, joint: &Joint, hypotheses: &[Formula], goal: &Formula) -> Result<bool, Unsupported> {
        if process::now() > self.deadline {
            return Err(Unsupported::Time);
        }
        Ok(self.cache.holds(&joint.problem, hypotheses, goal, self.deadline))
    }

    pub(super) fn initial(&self, pad: BufferId) -> Result<i128, Unsupported> {
        match self.protocol.buffer(pad).initially {
            Initially::Word(initial) => Ok(i128::from(initial)),
            _ => Err(Unsupported::Statement("a wait on a word that is not initialised is")),
        }
    }

    /// Waits before an event of the same thread or block, on words that only `writer` stores to, that the event implies.
    pub(super) fn dominators(
        &mut self,
        joint: &Joint,
        event: &At<'p>,
        writer: u32,
        hypotheses: &[Formula],
    ) -> Result<Vec<Dominator<'p>>, Unsupported> {
        let role: &'p Role = event.instance.role;
        let mut found = Vec::new();
        for (index, wait) in role.events.iter().enumerate() {
            let Some((place, _)) = awaited(wait) else { continue };
            let writers = self.table.writers(place);
            if writers.is_empty() || writers.iter().any(|(from, _)| *from != writer) {
                continue;
            }
            // What precedes a word is most often a wait of its own thread; else one of the block's first, as for phases.
            let is_word = !matches!(event.event().kind, walk::Kind::Phase(_));
            let threads: &[bool] = if is_word { &[true, false] } else { &[false] };
            let ways = if wait.rounds.is_empty() { &WAYS[..1] } else { &WAYS[..] };
            for same_thread in threads {
                let before = found.len();
                for way in ways {
                    let mut joint = joint.clone();
                    let at = joint.add(role).at(index);
                    let Some(Placed { equations, possible }) = placed(&at, event, *way, *same_thread)? else {
                        continue;
                    };
                    if !self.holds(&joint, hypotheses, &possible)? {
                        continue;
                    }
                    let implied = Formula::all([at.guard(), at.certainly_before(event)?]);
                    let assumed: Vec<Formula> = hypotheses.iter().chain(&equations).cloned().collect();
                    if self.holds(&joint, &assumed, &implied)? {
                        found.push(Dominator { joint, at, equations });
                    }
                }
                if found.len() > before {
                    break;
                }
            }
        }
        Ok(found)
    }

    /// Epochs and lost signals of a wait.
    pub(super) fn wait(&mut self, rank: u32, index: usize) -> Result<(Judged, Judged), Unsupported> {
        let role = self.table.role(rank);
        let walk::Kind::Await { place, compare, .. } = &role.events[index].kind else {
            return Err(Unsupported::Statement("this wait is"));
        };
        if !self.protocol.buffer(place.buffer).pad {
            return Err(Unsupported::Statement("a wait on a buffer that is no pad is"));
        }
        let writers = self.table.writers(place);
        let mut from: Vec<u32> = writers.iter().map(|(from, _)| *from).collect();
        from.dedup();
        let [writer] = from[..] else { return Err(Unsupported::Statement("a word that several ranks store to is")) };
        if place.rank.as_constant() != Some(i128::from(rank)) || writer == rank {
            return Err(Unsupported::Statement("a wait for this rank's own store is"));
        }
        let mut joint = Joint::new(role);
        let here = joint.add(role).at(index);
        let (joint, past) = self.wait_before(&joint, &here)?;
        let stores: Vec<usize> = writers.into_iter().map(|(_, index)| index).collect();
        let wait = Wait { joint, here, past, writer, compare: *compare, initial: self.initial(place.buffer)? };
        let grows = self.grows(&wait, &stores)?;
        let epochs = if matches!(grows, Judged::Holds) { self.epochs(&wait, &stores)? } else { grows };
        Ok((epochs, self.lost(&wait, &stores)?))
    }

    /// A wait of the same thread on the same word in the launch before: its place, and that it is there.
    fn wait_before(&mut self, joint: &Joint, here: &At<'p>) -> Result<(Joint, (At<'p>, Formula)), Unsupported> {
        let role = here.instance.role;
        let Some((place, _)) = awaited(here.event()) else { return Err(Unsupported::Statement("this wait is")) };
        for (index, event) in role.events.iter().enumerate() {
            let Some((other, _)) = awaited(event).filter(|(other, _)| may_be_same(place, other)) else { continue };
            let mut joint = joint.clone();
            let at = joint.add(role).at(index);
            let before = here.instance.launch().plus(&constant(-1)).ok_or(Unsupported::TooLarge)?;
            let Some(Placed { mut equations, possible }) = placed(&at, here, Way::First, true)? else { continue };
            equations[0] = equal(&at.instance.launch(), &before)?;
            let later = [here.guard(), at_most(&constant(1), &here.instance.launch())?];
            let assumed: Vec<Formula> = equations.iter().chain(&later).cloned().collect();
            let there = Formula::all([at.guard(), same_word((here, place), (&at, other))?]);
            if self.holds(&joint, &later, &possible)? && self.holds(&joint, &assumed, &there)? {
                return Ok((joint, (at, Formula::all(equations.into_iter().chain([there])))));
            }
        }
        Err(Unsupported::Statement("a wait on a word that was not awaited in the launch before is"))
    }

    /// Counts of a word grow: what is stored later is no less, nor is anything less than the initial one.
    fn grows(&mut self, wait: &Wait<'p>, stores: &[usize]) -> Result<Judged, Unsupported> {
        let role = self.table.role(wait.writer);
        for one in stores {
            let mut joint = wait.joint.clone();
            let one = joint.add(role).at(*one);
            let Some(place) = written(one.event()) else { continue };
            let (hypotheses, goal) = (wait.meets(&one)?, at_most(&constant(wait.initial), &one.count()?)?);
            if !self.holds(&joint, &hypotheses, &goal)? {
                return Ok(Failure::of(&joint, &wait.here, hypotheses, goal));
            }
            for other in stores {
                let mut joint = joint.clone();
                let other = joint.add(role).at(*other);
                let Some(their_place) = written(other.event()) else { continue };
                let mut hypotheses = hypotheses.clone();
                hypotheses.extend([
                    other.guard(),
                    same_word((&one, place), (&other, their_place))?,
                    one.in_program_order(&other)?,
                ]);
                let goal = at_most(&one.count()?, &other.count()?)?;
                if !self.holds(&joint, &hypotheses, &goal)? {
                    return Ok(Failure::of(&joint, &wait.here, hypotheses, goal));
                }
            }
        }
        Ok(Judged::Holds)
    }

    /// No count below what is wanted satisfies the wait.
    fn epochs(&mut self, wait: &Wait<'p>, stores: &[usize]) -> Result<Judged, Unsupported> {
        let wanted = wait.here.count()?;
        let first = equal(&wait.here.instance.launch(), &constant(0))?;
        let recent = |count: &Polynomial| -> Result<Formula, Unsupported> {
            let seen = Formula::all([wait.past.1.clone(), at_most(&wait.past.0.count()?, count)?]);
            Ok(Formula::any([first.clone(), seen]))
        };
        for store in stores {
            let mut joint = wait.joint.clone();
            let store = joint.add(self.table.role(wait.writer)).at(*store);
            let mut hypotheses = wait.meets(&store)?;
            hypotheses.extend([less(&store.count()?, &wanted)?, recent(&store.count()?)?]);
            let goal = passed(&mut joint, wait.compare, &store, &wait.here)?.not();
            if !self.holds(&joint, &hypotheses, &goal)? {
                return Ok(Failure::of(&joint, &wait.here, hypotheses, goal));
            }
        }
        let mut joint = wait.joint.clone();
        let initial = constant(wait.initial);
        let hypotheses = vec![wait.here.guard(), less(&initial, &wanted)?, recent(&initial)?];
        let goal = satisfies(&mut joint.problem, wait.compare, &initial, &wait.wanted()?)?.not();
        let holds = self.holds(&joint, &hypotheses, &goal)?;
        Ok(if holds { Judged::Holds } else { Failure::of(&joint, &wait.here, hypotheses, goal) })
    }

    /// A count that has been reached satisfies the wait, or cannot be there yet.
    fn lost(&mut self, wait: &Wait<'p>, stores: &[usize]) -> Result<Judged, Unsupported> {
        let wanted = wait.here.count()?;
        for store in stores {
            let mut joint = wait.joint.clone();
            let store = joint.add(self.table.role(wait.writer)).at(*store);
            let mut hypotheses = wait.meets(&store)?;
            hypotheses.push(at_most(&wanted, &store.count()?)?);
            let goal = passed(&mut joint, wait.compare, &store, &wait.here)?;
            let mut missed = hypotheses.clone();
            missed.push(goal.clone().not());
            if !self.holds(&joint, &hypotheses, &goal)? && !self.cannot_be(&joint, wait, &store, &missed)? {
                return Ok(Failure::of(&joint, &wait.here, hypotheses, goal));
            }
        }
        let mut joint = wait.joint.clone();
        let initial = constant(wait.initial);
        let hypotheses = vec![wait.here.guard(), at_most(&wanted, &initial)?];
        let goal = satisfies(&mut joint.problem, wait.compare, &initial, &wait.wanted()?)?;
        let holds = self.holds(&joint, &hypotheses, &goal)?;
        Ok(if holds { Judged::Holds } else { Failure::of(&joint, &wait.here, hypotheses, goal) })
    }

    /// While the wait lasts, the store cannot have happened: its thread has to pass a wait for what this rank has not stored.
    fn cannot_be(
        &mut self,
        joint: &Joint,
        wait: &Wait<'p>,
        store: &At<'p>,
        hypotheses: &[Formula],
    ) -> Result<bool, Unsupported> {
        let rank = wait.here.instance.role.rank;
        for hold in self.dominators(joint, store, rank, hypotheses)? {
            let Some((place, pad)) = awaited(hold.at.event()) else { continue };
            let assumed: Vec<Formula> = hypotheses.iter().chain(&hold.equations).cloned().collect();
            let wanted = hold.at.count()?;
            let mut blocks = self.holds(&hold.joint, &assumed, &less(&constant(self.initial(pad)?), &wanted)?)?;
            for (from, index) in self.table.writers(place) {
                if !blocks {
                    break;
                }
                let mut joint = hold.joint.clone();
                let sent = joint.add(self.table.role(from)).at(index);
                let mut assumed = assumed.clone();
                assumed.extend(possible(&sent, &wait.here, (&hold.at, place))?);
                blocks = self.holds(&joint, &assumed, &less(&sent.count()?, &wanted)?)?;
            }
            if blocks {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Some thread stores, in the same launch, what satisfies the wait.
    pub(super) fn is_signalled(&mut self, rank: u32, index: usize) -> Result<Judged, Unsupported> {
        let role = self.table.role(rank);
        let walk::Kind::Await { place, compare, .. } = &role.events[index].kind else {
            return Err(Unsupported::Statement("this wait is"));
        };
        let mut joint = Joint::new(role);
        let here = joint.add(role).at(index);
        let stores = self.table.writers(place);
        self.met(joint, &here, place, &stores, |problem, store| match &store.event().kind {
            walk::Kind::Store { .. } => satisfies(problem, *compare, &store.word()?, &here.word()?),
            _ => Ok(Formula::Truth(true)),
        })
    }

    /// Some thread awaits, in the same launch, what is stored.
    pub(super) fn is_awaited(&mut self, rank: u32, index: usize) -> Result<Judged, Unsupported> {
        let role = self.table.role(rank);
        let Some(place) = written(&role.events[index]) else { return Err(Unsupported::Statement("this signal is")) };
        let target = place.rank.as_constant().and_then(|rank| u32::try_from(rank).ok());
        let target = target.filter(|target| (*target as usize) < self.table.roles.len());
        let target = target.ok_or(Unsupported::Statement("a signal to no rank is"))?;
        let waits: Vec<(u32, usize)> = self
            .table
            .role(target)
            .events
            .iter()
            .enumerate()
            .filter(|(_, event)| awaited(event).is_some_and(|(other, _)| may_be_same(place, other)))
            .map(|(index, _)| (target, index))
            .collect();
        let mut joint = Joint::new(role);
        let here = joint.add(role).at(index);
        self.met(joint, &here, place, &waits, |_, _| Ok(Formula::Truth(true)))
    }

    fn met(
        &mut self,
        joint: Joint,
        here: &At<'p>,
        place: &walk::PlaceTerm,
        others: &[(u32, usize)],
        suits: impl Fn(&mut Problem, &At<'p>) -> Result<Formula, Unsupported>,
    ) -> Result<Judged, Unsupported> {
        let mut all = (joint.clone(), vec![here.guard()], Vec::new());
        for (rank, index) in others {
            let event = &self.table.role(*rank).events[*index];
            let Some(met) = written(event).or_else(|| awaited(event).map(|(place, _)| place)) else { continue };
            for (way, same_thread) in [Way::Same, Way::First].into_iter().flat_map(|way| [(way, true), (way, false)]) {
                let mut joint = joint.clone();
                let at = joint.add(self.table.role(*rank)).at(*index);
                let Some(Placed { equations, possible }) = placed(&at, here, way, same_thread)? else { continue };
                if !self.holds(&joint, &[here.guard()], &possible)? {
                    continue;
                }
                let goal = |joint: &mut Joint, at: &At<'p>| -> Result<Formula, Unsupported> {
                    let suits = suits(&mut joint.problem, at)?;
                    Ok(Formula::all([at.guard(), same_word((here, place), (at, met))?, suits]))
                };
                let assumed: Vec<Formula> = equations.into_iter().chain([here.guard()]).collect();
                let wanted = goal(&mut joint, &at)?;
                if self.holds(&joint, &assumed, &wanted)? {
                    return Ok(Judged::Holds);
                }
                let at = all.0.add(self.table.role(*rank)).at(*index);
                let again = placed(&at, here, way, same_thread)?;
                all.1.extend(again.into_iter().flat_map(|placed| placed.equations));
                let wanted = goal(&mut all.0, &at)?;
                all.2.push(wanted);
            }
        }
        // Different threads and rounds may meet different ones.
        let (joint, assumed, goals) = all;
        let holds = self.holds(&joint, &assumed, &Formula::any(goals))?;
        Ok(if holds {
            Judged::Holds
        } else {
            Judged::Unknown(Unsupported::Statement("a wait or signal without a witness is"))
        })
    }
}

/// Whether what is stored satisfies a wait. `Reached` looks at the difference of the two words, which is that of the counts.
fn passed(joint: &mut Joint, compare: Compare, store: &At<'_>, wait: &At<'_>) -> Result<Formula, Unsupported> {
    let (stored, wanted) = match compare {
        Compare::Reached => (store.count()?, wait.count()?),
        _ => (store.word()?, wait.word()?),
    };
    satisfies(&mut joint.problem, compare, &stored, &wanted)
}

/// That a store to this word may have happened although `event`, of the same rank, has not.
pub(super) fn possible(
    store: &At<'_>,
    event: &At<'_>,
    (wait, place): (&At<'_>, &walk::PlaceTerm),
) -> Result<[Formula; 3], Unsupported> {
    let Some(word) = written(store.event()) else { return Err(Unsupported::Statement("this signal is")) };
    Ok([store.guard(), same_word((store, word), (wait, place))?, event.certainly_before(store)?.not()])
}

/// A wait, the one before it on its word, and who stores there.
struct Wait<'r> {
    joint: Joint,
    here: At<'r>,
    past: (At<'r>, Formula),
    writer: u32,
    compare: Compare,
    initial: i128,
}

impl Wait<'_> {
    /// What is wanted, to be compared with a word: the count does where only the difference of the two matters.
    fn wanted(&self) -> Result<Polynomial, Unsupported> {
        if self.compare == Compare::Reached { self.here.count() } else { self.here.word() }
    }

    /// A store to the word.
    fn meets(&self, store: &At<'_>) -> Result<Vec<Formula>, Unsupported> {
        let (Some((place, _)), Some(word)) = (awaited(self.here.event()), written(store.event())) else {
            return Err(Unsupported::Statement("this wait is"));
        };
        Ok(vec![self.here.guard(), store.guard(), same_word((&self.here, place), (store, word))?])
    }
}
