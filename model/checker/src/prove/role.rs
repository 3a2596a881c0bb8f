//! A rank's program at one number of ranks: everything that depends on ranks is a number, block, thread, rounds and launch
//! are variables.
//!
//! Neighbours on a mesh or a tree are found by quotients and remainders that have no inverse to solve for. At a fixed number
//! of ranks they are plain: each rank's program is walked once, and who writes to whom is read off. Launches are counted
//! without end here, not as words, and a word that is stored has a *count*: the integer that it is the low 32 bits of.
//!
//! What a program names ranks by is taken from there, and the rest of it, where that does, from a walk in which the rank and the
//! number of ranks are variables ([`General`]): what is proven of that needs no proof for each number.
//!
//! Copies of a program ([`Instance`]) are the same rank at another launch, round or thread; their variables are shifted
//! beyond each other's, but for those of the sizes, which all share.

use super::claim::{Ranks, Setting, SizeVariables, sizes};
use super::counters::Counters;
use super::problem::{Bounds, Problem, Unsupported, WORDS};
use super::solve::{self, Answer};
use super::term::{Formula, Polynomial, Variable};
use super::translate::{Scope, equal, less, value};
use super::walk::{
    self, Context, Event, Loops, MOST_BLOCKS, MOST_THREADS, PlaceTerm, Round, Rounds, actor_at, before, events,
};
use crate::process;
use arverify_protocol::ids::BufferId;
use arverify_protocol::ir::{Protocol, Statement, StatementKind};
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
    /// All ranks of this many; with the same programs for any number of ranks, where the protocol has such.
    pub(super) fn of(
        protocol: &Protocol,
        ranks: u32,
        counters: &Counters,
        general: &General,
        deadline: Instant,
    ) -> Result<(Table, Option<Table>), Unsupported> {
        let (loops, table) = match Table::with_loops(protocol, ranks, counters, Loops::Symbolic, deadline) {
            Err(Unsupported::Unknown(_)) => {
                (Loops::Unrolled, Table::with_loops(protocol, ranks, counters, Loops::Unrolled, deadline))
            }
            other => (Loops::Symbolic, other),
        };
        let mut table = table?;
        let template = match loops {
            Loops::Symbolic => general.symbolic.as_ref(),
            Loops::Unrolled => general.unrolled.as_ref(),
        };
        let mut alike = template.and_then(|template| table.with_programs_of(template));
        // What never happens at this number of ranks is left out of both.
        for rank in 0..table.roles.len() {
            let happens: Vec<bool> =
                table.roles[rank].events.iter().map(|event| event.guard != Formula::Truth(false)).collect();
            for table in [Some(&mut table), alike.as_mut()].into_iter().flatten() {
                let mut happens = happens.iter().copied();
                table.roles[rank].events.retain(|_| happens.next().unwrap_or(true));
            }
        }
        table.fill_incoming(protocol)?;
        if let Some(alike) = &mut alike {
            alike.fill_incoming(protocol)?;
        }
        Ok((table, alike))
    }

    /// These ranks with a program that holds for any number of them; only the ranks that it names are taken from here.
    fn with_programs_of(&self, template: &Role) -> Option<Table> {
        let mut roles = Vec::new();
        for role in &self.roles {
            let mut events = template.events.clone();
            if events.len() != role.events.len() {
                return None;
            }
            for (event, own) in events.iter_mut().zip(&role.events) {
                let mut ranks = Vec::new();
                each_place(&mut own.clone(), &mut |place| ranks.push(place.rank.clone()));
                let mut ranks = ranks.into_iter();
                each_place(event, &mut |place| place.rank = ranks.next().unwrap_or_default());
            }
            roles.push(Role { rank: role.rank, events, ..template.clone() });
        }
        Some(Table { roles, incoming: Vec::new() })
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
            if process::now() > deadline {
                return Err(Unsupported::Time);
            }
            let role = role(protocol, setting, Some(rank), counters, loops)?;
            if role.events.iter().any(|event| written(event).is_some_and(|place| place.rank.as_constant().is_none())) {
                return Err(Unsupported::Unknown("the rank stored to".to_owned()));
            }
            roles.push(role);
        }
        Ok(Table { roles, incoming: Vec::new() })
    }

    fn fill_incoming(&mut self, protocol: &Protocol) -> Result<(), Unsupported> {
        self.incoming = vec![Vec::new(); self.roles.len()];
        for role in &self.roles {
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
                if let Some(stores) = self.incoming.get_mut(rank) {
                    stores.push((role.rank, index));
                }
            }
        }
        Ok(())
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
        | walk::Kind::Named { .. }
        | walk::Kind::Stream { .. }
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

/// Programs in which the rank and the number of ranks are variables: what is proven of them holds for all.
#[derive(Clone, Debug)]
pub(super) struct General {
    symbolic: Option<Role>,
    unrolled: Option<Role>,
}

impl General {
    pub(super) fn of(protocol: &Protocol, most_ranks: u32, counters: &Counters, deadline: Instant) -> General {
        let setting = Setting { ranks: Ranks::UpTo(most_ranks), data: None, small: None, deadline };
        let program = |loops| role(protocol, setting, None, counters, loops).ok();
        General { symbolic: program(Loops::Symbolic), unrolled: program(Loops::Unrolled) }
    }
}

/// Calls `visit` with every place of an event, always in the same order.
fn each_place(event: &mut Event, visit: &mut impl FnMut(&mut PlaceTerm)) {
    match &mut event.kind {
        walk::Kind::Store { place, .. }
        | walk::Kind::Load { place, .. }
        | walk::Kind::Await { place, .. }
        | walk::Kind::Atomic { place, .. }
        | walk::Kind::Named { place }
        | walk::Kind::Transfer { place, .. } => visit(place),
        walk::Kind::Phase(phase) => {
            visit(&mut phase.destination);
            visit(&mut phase.source);
        }
        walk::Kind::BlockSync | walk::Kind::Stream { .. } => {}
    }
}

/// What depends on the sizes alone is the same for all copies: the bounds of loops, and what counters are raised by.
fn of_sizes(problem: &mut Problem, scope: &Scope, statements: &[Statement]) {
    for statement in statements {
        match &statement.kind {
            StatementKind::For { from, to, body, .. } => {
                // What depends on more is no such thing.
                let _ = (value(problem, scope, from), value(problem, scope, to));
                of_sizes(problem, scope, body);
            }
            StatementKind::If { then, otherwise, .. } => {
                of_sizes(problem, scope, then);
                of_sizes(problem, scope, otherwise);
            }
            _ => {}
        }
    }
}

/// Forgets how what depends on the sizes alone is computed from them, but for that it is positive where it is: what is
/// proven for any such values is proven for these.
fn generalise(problem: &mut Problem, deadline: Instant) {
    let defined: Vec<Variable> = problem.facts.iter().flat_map(|(defines, _)| defines.iter().copied()).collect();
    for variable in defined {
        let positive = Polynomial::variable(variable).plus(&Polynomial::constant(-1)).map(Formula::at_least_zero);
        let holds = positive.is_some_and(|goal| solve::prove(problem, &[], &goal, deadline) == Answer::Proven);
        let bounds = &mut problem.variables[variable.0 as usize];
        if holds && bounds.low < 1 {
            bounds.low = 1;
        }
    }
    problem.facts.retain(|(defines, _)| defines.is_empty());
}

fn role(
    protocol: &Protocol,
    setting: Setting,
    rank: Option<u32>,
    counters: &Counters,
    loops: Loops,
) -> Result<Role, Unsupported> {
    let mut problem = Problem::of_counts();
    let (terms, variables) = sizes(&mut problem, protocol, setting)?;
    of_sizes(&mut problem, &Scope::of_sizes(&terms), &protocol.body);
    problem.conditions.clear();
    if rank.is_none() {
        generalise(&mut problem, setting.deadline);
    }
    let shared = problem.variables.len() as u32;
    let launch = problem.fresh("launch", 0, MOST_LAUNCHES);
    let block = problem.fresh("block", 0, MOST_BLOCKS - 1);
    let thread = problem.fresh("thread", 0, MOST_THREADS - 1);
    let context = Context { protocol, sizes: &terms, launch: &launch, counters, loops };
    let own = match rank {
        Some(rank) => Polynomial::constant(i128::from(rank)),
        None => {
            let own = problem.fresh("rank", 0, problem.interval(&terms.ranks).1 - 1);
            problem.facts.push((own.single().into_iter().collect(), less(&own, &terms.ranks)?));
            own
        }
    };
    let actor = actor_at(&mut problem, context, [own, block.clone(), thread.clone()])?;
    let events = events(&mut problem, context, &actor, &Rounds::default())?;
    let rank = rank.unwrap_or(0);
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

    /// Whether a term depends on nothing but the sizes.
    pub(super) fn is_of_sizes(&self, term: &Polynomial) -> bool {
        term.0.keys().flatten().all(|variable| variable.0 < self.shared)
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
            each_place(&mut event, &mut |place| {
                ranks.push(place.rank.as_constant().unwrap_or(-1));
                place.rank = Polynomial::default();
            });
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
        let mut problem = Problem::of_counts();
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
