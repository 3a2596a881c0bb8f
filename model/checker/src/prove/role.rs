//! A rank's program at one number of ranks: everything that depends on ranks is a number, block, thread, rounds and launch
//! are variables.
//!
//! Neighbours on a mesh or a tree are found by quotients and remainders that have no inverse to solve for. At a fixed number
//! of ranks they are plain: each rank's program is walked once, and who writes to whom is read off. Launches are counted
//! without end here, not as words, and a word that is stored has a *count*: the integer that it is the low 32 bits of.
//!
//! Copies of a program ([`Instance`]) are the same rank at another launch, round or thread; their variables are shifted
//! beyond each other's, but for those of the sizes, which all share.

use super::claim::{Ranks, Setting, SizeVariables, sizes};
use super::counters::Counters;
use super::problem::{Bounds, Problem, Unsupported, WORDS};
use super::term::{Formula, Polynomial, Variable};
use super::translate::{equal, less};
use super::walk::{
    self, Context, Event, Loops, MOST_BLOCKS, MOST_THREADS, PlaceTerm, Round, Rounds, actor_at, before, events,
};
use arverify_protocol::ids::BufferId;
use arverify_protocol::ir::Protocol;
use std::time::Instant;

/// Launches that are told apart: beyond any run.
const MOST_LAUNCHES: i128 = 1 << 62;

/// The program of one rank.
#[derive(Clone, Debug)]
pub(super) struct Role {
    pub(super) rank: u32,
    pub(super) problem: Problem,
    /// The sizes are the variables before this one.
    shared: u32,
    pub(super) sizes: SizeVariables,
    launch: Polynomial,
    block: Polynomial,
    thread: Polynomial,
    pub(super) events: Vec<Event>,
}

/// The programs of all ranks, and who stores to whom.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) roles: Vec<Role>,
    /// For each rank the stores to its words and the writing of its channels: by whom, and which event.
    pub(super) incoming: Vec<Vec<(u32, usize)>>,
}

impl Table {
    /// All ranks of this many.
    pub(super) fn of(
        protocol: &Protocol,
        ranks: u32,
        counters: &Counters,
        deadline: Instant,
    ) -> Result<Table, Unsupported> {
        let plain = Table::with_loops(protocol, ranks, counters, Loops::Symbolic, deadline);
        match plain {
            Err(Unsupported::Unknown(_)) => Table::with_loops(protocol, ranks, counters, Loops::Unrolled, deadline),
            other => other,
        }
    }

    fn with_loops(
        protocol: &Protocol,
        ranks: u32,
        counters: &Counters,
        loops: Loops,
        deadline: Instant,
    ) -> Result<Table, Unsupported> {
        let setting = Setting { ranks: Ranks::Exactly(ranks), data: None, small: None, deadline };
        let mut roles = Vec::new();
        for rank in 0..ranks {
            if Instant::now() > deadline {
                return Err(Unsupported::Time);
            }
            roles.push(role(protocol, setting, rank, counters, loops)?);
        }
        let mut incoming = vec![Vec::new(); ranks as usize];
        for role in &roles {
            for (index, event) in role.events.iter().enumerate() {
                let filled = || match &event.kind {
                    walk::Kind::Phase(phase) => {
                        Some(&phase.destination).filter(|place| protocol.buffer(place.buffer).channel)
                    }
                    _ => None,
                };
                let Some(place) = written(event).or_else(filled) else { continue };
                let rank = place.rank.as_constant().and_then(|rank| usize::try_from(rank).ok());
                let rank = rank.ok_or_else(|| Unsupported::Unknown("the rank stored to".to_owned()))?;
                if let Some(stores) = incoming.get_mut(rank) {
                    stores.push((role.rank, index));
                }
            }
        }
        Ok(Table { roles, incoming })
    }

    pub(super) fn role(&self, rank: u32) -> &Role {
        &self.roles[rank as usize]
    }

    /// Who may store to this word: ranks in ascending order, with the events.
    pub(super) fn writers(&self, place: &PlaceTerm) -> Vec<(u32, usize)> {
        let rank = place.rank.as_constant().and_then(|rank| usize::try_from(rank).ok());
        let stores = rank.and_then(|rank| self.incoming.get(rank)).map_or(&[][..], Vec::as_slice);
        let may_be = |(from, index): &&(u32, usize)| {
            written(&self.role(*from).events[*index]).is_some_and(|other| may_be_same(place, other))
        };
        stores.iter().filter(may_be).copied().collect()
    }
}

/// The word of a store or an atomic.
pub(super) fn written(event: &Event) -> Option<&PlaceTerm> {
    match &event.kind {
        walk::Kind::Store { place, .. } | walk::Kind::Atomic { place, .. } => Some(place),
        walk::Kind::Load { .. }
        | walk::Kind::Await { .. }
        | walk::Kind::Phase(_)
        | walk::Kind::BlockSync
        | walk::Kind::Transfer { .. } => None,
    }
}

/// Two words of the same instance that no constant index tells apart.
pub(super) fn may_be_same(one: &PlaceTerm, other: &PlaceTerm) -> bool {
    let apart = |(one, other): (&Polynomial, &Polynomial)| match (one.as_constant(), other.as_constant()) {
        (Some(one), Some(other)) => one != other,
        _ => false,
    };
    one.buffer == other.buffer
        && one.rank == other.rank
        && one.indices.len() == other.indices.len()
        && !one.indices.iter().zip(&other.indices).any(apart)
}

fn role(
    protocol: &Protocol,
    setting: Setting,
    rank: u32,
    counters: &Counters,
    loops: Loops,
) -> Result<Role, Unsupported> {
    let mut problem = Problem::default();
    let (terms, variables) = sizes(&mut problem, protocol, setting)?;
    let shared = problem.variables.len() as u32;
    let launch = problem.fresh("launch", 0, MOST_LAUNCHES);
    let block = problem.fresh("block", 0, MOST_BLOCKS - 1);
    let thread = problem.fresh("thread", 0, MOST_THREADS - 1);
    let context = Context { protocol, sizes: &terms, launch: &launch, counters, loops };
    let coordinates = [Polynomial::constant(i128::from(rank)), block.clone(), thread.clone()];
    let actor = actor_at(&mut problem, context, coordinates)?;
    let mut events = events(&mut problem, context, &actor, &Rounds::default())?;
    events.retain(|event| event.guard != Formula::Truth(false));
    Ok(Role { rank, problem, shared, sizes: variables, launch, block, thread, events })
}

impl Role {
    /// The integer that a word is the low 32 bits of: remainders by 2^32 are replaced by what they are remainders of.
    pub(super) fn count(&self, word: &Polynomial) -> Result<Polynomial, Unsupported> {
        let mut result = Polynomial::default();
        for (monomial, coefficient) in &word.0 {
            let mut term = Polynomial::constant(*coefficient);
            for variable in monomial {
                let factor = match self.problem.remainders.get(variable) {
                    Some((dividend, divisor)) if divisor.as_constant() == Some(WORDS) => self.count(dividend)?,
                    _ => Polynomial::variable(*variable),
                };
                term = term.times(&factor).ok_or(Unsupported::TooLarge)?;
            }
            result = result.plus(&term).ok_or(Unsupported::TooLarge)?;
        }
        Ok(result)
    }

    /// The variable for the block.
    pub(super) fn block_variable(&self) -> Polynomial {
        self.block.clone()
    }

    /// Everything that proofs about this rank depend on, but for the ranks that it names: those in the order of events.
    pub(super) fn written_down(&self) -> (String, Vec<i128>) {
        let mut text = format!("{:?}{:?}", self.problem.facts, self.problem.variables);
        let mut ranks = Vec::new();
        for event in &self.events {
            let mut event = event.clone();
            let mut take = |place: &mut PlaceTerm| {
                ranks.push(place.rank.as_constant().unwrap_or(-1));
                place.rank = Polynomial::default();
            };
            match &mut event.kind {
                walk::Kind::Store { place, .. }
                | walk::Kind::Load { place, .. }
                | walk::Kind::Await { place, .. }
                | walk::Kind::Atomic { place, .. }
                | walk::Kind::Transfer { place, .. } => take(place),
                walk::Kind::Phase(phase) => {
                    take(&mut phase.destination);
                    take(&mut phase.source);
                }
                walk::Kind::BlockSync => {}
            }
            text.push_str(&format!("{event:?}"));
        }
        (text, ranks)
    }
}

/// Several copies of programs in one problem.
#[derive(Clone, Debug)]
pub(super) struct Joint {
    pub(super) problem: Problem,
}

/// One copy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instance<'r> {
    pub(super) role: &'r Role,
    offset: u32,
}

impl Joint {
    /// The sizes alone; every role of the same number of ranks has the same.
    pub(super) fn new(role: &Role) -> Joint {
        let mut problem = Problem::default();
        problem.variables.extend(role.problem.variables[..role.shared as usize].iter().cloned());
        problem.facts.extend(role.problem.facts.iter().filter(|(_, fact)| is_shared(fact, role.shared)).cloned());
        Joint { problem }
    }

    /// Adds a copy.
    pub(super) fn add<'r>(&mut self, role: &'r Role) -> Instance<'r> {
        let offset = self.problem.variables.len() as u32 - role.shared;
        let own: &[Bounds] = &role.problem.variables[role.shared as usize..];
        self.problem.variables.extend(own.iter().cloned());
        let instance = Instance { role, offset };
        for (defines, fact) in role.problem.facts.iter().filter(|(_, fact)| !is_shared(fact, role.shared)) {
            let defines = defines.iter().map(|variable| instance.variable(*variable)).collect();
            self.problem.facts.push((defines, instance.formula(fact)));
        }
        instance
    }
}

fn is_shared(fact: &Formula, shared: u32) -> bool {
    let mut all = true;
    fact.monomials(&mut |monomial| all &= monomial.iter().all(|variable| variable.0 < shared));
    all
}

impl<'r> Instance<'r> {
    fn variable(&self, variable: Variable) -> Variable {
        if variable.0 < self.role.shared { variable } else { Variable(variable.0 + self.offset) }
    }

    pub(super) fn formula(&self, formula: &Formula) -> Formula {
        formula.renamed(&mut |variable| self.variable(variable))
    }

    pub(super) fn term(&self, term: &Polynomial) -> Polynomial {
        term.renamed(&mut |variable| self.variable(variable))
    }

    pub(super) fn launch(&self) -> Polynomial {
        self.term(&self.role.launch)
    }

    pub(super) fn block(&self) -> Polynomial {
        self.term(&self.role.block)
    }

    pub(super) fn thread(&self) -> Polynomial {
        self.term(&self.role.thread)
    }

    pub(super) fn at(self, index: usize) -> At<'r> {
        At { instance: self, index }
    }
}

/// An event of a copy.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'r> {
    pub(super) instance: Instance<'r>,
    pub(super) index: usize,
}

impl<'r> At<'r> {
    pub(super) fn event(&self) -> &'r Event {
        &self.instance.role.events[self.index]
    }

    pub(super) fn guard(&self) -> Formula {
        self.instance.formula(&self.event().guard)
    }

    pub(super) fn rounds(&self) -> Vec<Round> {
        let shift = |term: &Polynomial| self.instance.term(term);
        let moved = |round: &Round| Round {
            number: round.number,
            term: shift(&round.term),
            from: shift(&round.from),
            to: shift(&round.to),
        };
        self.event().rounds.iter().map(moved).collect()
    }

    /// The word as it is stored or waited for.
    pub(super) fn word(&self) -> Result<Polynomial, Unsupported> {
        match &self.event().kind {
            walk::Kind::Store { value, .. } | walk::Kind::Await { value, .. } => Ok(self.instance.term(value)),
            _ => Err(Unsupported::Statement("a count that is not stored is")),
        }
    }

    /// Its count.
    pub(super) fn count(&self) -> Result<Polynomial, Unsupported> {
        match &self.event().kind {
            walk::Kind::Store { value, .. } | walk::Kind::Await { value, .. } => {
                Ok(self.instance.term(&self.instance.role.count(value)?))
            }
            _ => Err(Unsupported::Statement("a count that is not stored is")),
        }
    }

    /// Whether it touches this word (indices only: the instances are known to be of one rank).
    pub(super) fn indices(&self, place: &PlaceTerm) -> Vec<Polynomial> {
        place.indices.iter().map(|index| self.instance.term(index)).collect()
    }

    /// Whether it precedes another of the same rank in the order of the program, in one launch.
    fn earlier(&self, other: &At<'_>) -> Result<Formula, Unsupported> {
        before((self.index, &self.rounds()), (other.index, &other.rounds()))
    }

    /// Whether it precedes another event of the same thread, launches included.
    pub(super) fn in_program_order(&self, then: &At<'_>) -> Result<Formula, Unsupported> {
        let (here, there) = (self.instance.launch(), then.instance.launch());
        let same_launch = Formula::all([equal(&here, &there)?, self.earlier(then)?]);
        Ok(Formula::any([less(&here, &there)?, same_launch]))
    }

    /// Whether `then` certainly comes after this event of the same rank: in a later launch, later in the same thread, or
    /// beyond a barrier of the block.
    pub(super) fn certainly_before(&self, then: &At<'_>) -> Result<Formula, Unsupported> {
        let (here, there) = (&self.instance, &then.instance);
        let later = less(&here.launch(), &there.launch())?;
        let same_thread = equal(&here.thread(), &there.thread())?;
        let mut ways = vec![Formula::all([same_thread, self.earlier(then)?])];
        for (index, event) in here.role.events.iter().enumerate() {
            if !matches!(event.kind, walk::Kind::BlockSync) {
                continue;
            }
            // A barrier in a round that is that of one of the two.
            let within = |at: &At<'_>| {
                event.rounds.iter().all(|round| at.event().rounds.iter().any(|own| own.number == round.number))
            };
            for instance in [there, here] {
                let sync = At { instance: Instance { role: here.role, offset: instance.offset }, index };
                let other = if instance.offset == there.offset { then } else { self };
                if within(other) {
                    ways.push(Formula::all([self.earlier(&sync)?, sync.earlier(then)?, sync.guard()]));
                }
            }
        }
        let same = [equal(&here.launch(), &there.launch())?, equal(&here.block(), &there.block())?];
        Ok(Formula::any([later, Formula::all(same.into_iter().chain([Formula::any(ways)]))]))
    }
}

/// Whether two words of one rank's instance are the same.
pub(super) fn same_word(one: (&At<'_>, &PlaceTerm), other: (&At<'_>, &PlaceTerm)) -> Result<Formula, Unsupported> {
    let pairs = one.0.indices(one.1).into_iter().zip(other.0.indices(other.1));
    Ok(Formula::all(pairs.map(|(one, other)| equal(&one, &other)).collect::<Result<Vec<_>, _>>()?))
}

/// The buffer of a wait, with its place.
pub(super) fn awaited(event: &Event) -> Option<(&PlaceTerm, BufferId)> {
    match &event.kind {
        walk::Kind::Await { place, .. } => Some((place, place.buffer)),
        _ => None,
    }
}
