//! A thread's way through a protocol with its coordinates left open: every access with the condition under which it happens.
//!
//! Branches become guards, loops a variable between their bounds ([`Loops::Symbolic`]) or copies of their body
//! ([`Loops::Unrolled`]), in the order of the program. A word that is loaded is any word, unless it is a counter of launches
//! ([`super::counters`]). Ghost code is left out: it is neither emitted nor run.
//!
//! Not modelled: what a load reads from another thread; exits within loops.

use super::counters::Counters;
use super::problem::{Problem, Unsupported, WORDS};
use super::term::{Formula, Polynomial};
use super::translate::{Scope, SizeTerms, condition, equal, less, value};
use arverify_protocol::ids::{BufferId, LocalId};
use arverify_protocol::ir::{
    AtomicOperation, Compare, HostStatement, Partition, Place, Protocol, Span, Statement, StatementKind, Tail, Width,
};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// A word or a row that is accessed.
#[derive(Clone, Debug)]
pub(super) struct PlaceTerm {
    pub(super) buffer: BufferId,
    pub(super) indices: Vec<Polynomial>,
    /// Data phases: elements into the row at which the partition's element 0 lies.
    pub(super) offset: Polynomial,
    /// Whose instance.
    pub(super) rank: Polynomial,
}

/// The elements of a data phase that a thread handles.
#[derive(Clone, Debug)]
pub(super) struct PartitionTerm {
    pub(super) first: Polynomial,
    pub(super) limit: Polynomial,
    pub(super) step: Polynomial,
    pub(super) low: Polynomial,
    pub(super) tail: Tail,
    pub(super) width: Width,
}

/// A data phase.
#[derive(Clone, Debug)]
pub(super) struct Phase {
    pub(super) destination: PlaceTerm,
    pub(super) source: PlaceTerm,
    /// The source is one of those that are reduced.
    pub(super) sources: Formula,
    /// There is a source.
    pub(super) fewest: Formula,
    pub(super) partition: PartitionTerm,
}

/// What happens.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Store {
        place: PlaceTerm,
        value: Polynomial,
    },
    Load {
        place: PlaceTerm,
        value: Polynomial,
    },
    Await {
        place: PlaceTerm,
        compare: Compare,
        value: Polynomial,
    },
    Atomic {
        place: PlaceTerm,
        operation: AtomicOperation,
        operand: Polynomial,
    },
    Phase(Box<Phase>),
    BlockSync,
    /// A row or an event that a host statement names, without accessing its words.
    Named {
        place: PlaceTerm,
    },
    /// A stream that a host statement names.
    Stream {
        number: Polynomial,
    },
    /// A send or receive: the transfer as a place, see [`transfer_place`].
    Transfer {
        sends: bool,
        place: PlaceTerm,
    },
}

/// A transfer as a place: on the receiving rank, the sending rank, and where in its loops the statement stands.
fn transfer_place(sends: bool, own: &Polynomial, peer: &Polynomial, positions: &[Polynomial]) -> PlaceTerm {
    let (from, to) = if sends { (own, peer) } else { (peer, own) };
    let indices = std::iter::once(from).chain(positions).cloned().collect();
    PlaceTerm { buffer: BufferId(u32::MAX), indices, offset: Polynomial::default(), rank: to.clone() }
}

/// One round of a symbolic loop.
#[derive(Clone, Debug)]
pub(super) struct Round {
    /// The loop, in the order of the program.
    pub(super) number: u32,
    /// Which round.
    pub(super) term: Polynomial,
    /// The first round.
    pub(super) from: Polynomial,
    /// One past the last.
    pub(super) to: Polynomial,
}

/// One access, or a set of them where loops are symbolic.
#[derive(Clone, Debug)]
pub(super) struct Event {
    /// When it happens.
    pub(super) guard: Formula,
    pub(super) span: Span,
    pub(super) calls: Arc<[Span]>,
    /// The symbolic loops around it, outermost first.
    pub(super) rounds: Vec<Round>,
    pub(super) kind: Kind,
}

/// How loops are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loops {
    Symbolic,
    Unrolled,
}

/// Rounds of symbolic loops that are known, by the loop's number.
pub(super) type Rounds = FxHashMap<u32, Polynomial>;

/// What the events of a thread depend on, apart from the thread.
#[derive(Clone, Copy)]
pub(super) struct Context<'c> {
    pub(super) protocol: &'c Protocol,
    pub(super) sizes: &'c SizeTerms,
    /// The launch, as a word.
    pub(super) launch: &'c Polynomial,
    pub(super) counters: &'c Counters,
    pub(super) loops: Loops,
}

/// A thread in one launch: its coordinates and what they satisfy.
#[derive(Clone, Debug)]
pub(super) struct Actor {
    pub(super) scope: Scope,
    /// Rank, block, thread.
    pub(super) coordinates: [Polynomial; 3],
    /// The coordinates are those of a thread that was launched.
    pub(super) exists: Formula,
}

/// The name of words that a thread has read and of which nothing is known.
pub(super) const LOADED: &str = "loaded";

/// Events of one thread at most.
const EVENTS: usize = 40_000;

/// Rounds of one loop at most, where it is unrolled.
const ROUNDS: i128 = 4096;

/// The most blocks a grid has, and the most threads a block has (CUDA's limits).
pub(super) const MOST_BLOCKS: i128 = (1 << 31) - 1;
pub(super) const MOST_THREADS: i128 = 1024;

/// A thread with coordinates of its own.
pub(super) fn actor(problem: &mut Problem, context: Context<'_>, name: &str) -> Result<Actor, Unsupported> {
    let most = |problem: &Problem, limit: &Polynomial| problem.interval(limit).1.max(1) - 1;
    let rank = problem.fresh(format!("rank{name}"), 0, most(problem, &context.sizes.ranks));
    let mut scope = Scope::of_sizes(context.sizes);
    scope.rank = Some(rank.clone());
    let grid = value(problem, &scope, &context.protocol.grid)?;
    let block = problem.fresh(format!("block{name}"), 0, most(problem, &grid));
    let thread = problem.fresh(format!("thread{name}"), 0, most(problem, &context.sizes.threads));
    actor_at(problem, context, [rank, block, thread])
}

/// A thread with these coordinates: rank, block, thread. They need not be those of a thread that exists.
pub(super) fn actor_at(
    problem: &mut Problem,
    context: Context<'_>,
    [rank, block, thread]: [Polynomial; 3],
) -> Result<Actor, Unsupported> {
    let mut scope = Scope::of_sizes(context.sizes);
    scope.rank = Some(rank.clone());
    let grid = value(problem, &scope, &context.protocol.grid)?;
    scope.launch = Some(context.launch.clone());
    let arguments = context.protocol.arguments.iter();
    let arguments =
        arguments.map(|argument| value(problem, &scope, &argument.value).and_then(|value| problem.wrap(&value)));
    scope.arguments = arguments.collect();
    // A kernel cannot know its launch.
    scope.launch = scope.launch.filter(|_| context.protocol.is_host_program());
    let mut exists = Vec::new();
    for (coordinate, limit) in [(&rank, &context.sizes.ranks), (&block, &grid), (&thread, &context.sizes.threads)] {
        exists.push(Formula::at_least_zero(coordinate.clone()));
        exists.push(less(coordinate, limit)?);
    }
    scope.grid = Some(grid);
    let coordinates = [rank, block, thread];
    scope.block = Some(coordinates[1].clone());
    scope.thread = Some(coordinates[2].clone());
    Ok(Actor { scope, coordinates, exists: Formula::all(exists) })
}

/// The events of a thread in one launch, in the order of its program. Rounds that are not given are variables.
pub(super) fn events(
    problem: &mut Problem,
    context: Context<'_>,
    actor: &Actor,
    given: &Rounds,
) -> Result<Vec<Event>, Unsupported> {
    let outer = std::mem::take(&mut problem.guard);
    problem.guard.push(actor.exists.clone());
    let mut walk = Walk {
        problem,
        scope: actor.scope.clone(),
        context,
        given,
        events: Vec::new(),
        rounds: Vec::new(),
        positions: Vec::new(),
        symbolic_loops: 0,
        stopped: Vec::new(),
        depth: 0,
    };
    let result = walk.statements(&context.protocol.body);
    let events = walk.events;
    problem.guard = outer;
    result.map(|()| events)
}

struct Walk<'w> {
    problem: &'w mut Problem,
    scope: Scope,
    context: Context<'w>,
    given: &'w Rounds,
    events: Vec<Event>,
    rounds: Vec<Round>,
    /// The rounds of all loops around the statement, outermost first.
    positions: Vec<Polynomial>,
    symbolic_loops: u32,
    /// Conditions under which the thread has left the kernel.
    stopped: Vec<Formula>,
    /// Loops around the statement, of either kind.
    depth: u32,
}

impl Walk<'_> {
    fn statements(&mut self, statements: &[Statement]) -> Result<(), Unsupported> {
        statements.iter().try_for_each(|statement| self.statement(statement))
    }

    fn statement(&mut self, statement: &Statement) -> Result<(), Unsupported> {
        match &statement.kind {
            StatementKind::If { condition: asked, then, otherwise } => {
                let asked = condition(self.problem, &self.scope, asked)?;
                self.branch(asked.clone(), then)?;
                self.branch(asked.not(), otherwise)
            }
            StatementKind::For { variable, from, to, body } => {
                let from = value(self.problem, &self.scope, from)?;
                let to = value(self.problem, &self.scope, to)?;
                self.depth += 1;
                match self.context.loops {
                    Loops::Symbolic => self.any_round(*variable, &from, &to, body)?,
                    Loops::Unrolled => self.every_round(*variable, &from, &to, body)?,
                }
                self.depth -= 1;
                Ok(())
            }
            StatementKind::Ghost { .. } | StatementKind::Assert { .. } => Ok(()),
            StatementKind::Let { local, value: bound } => {
                let bound = value(self.problem, &self.scope, bound)?;
                self.scope.locals.insert(*local, bound);
                Ok(())
            }
            StatementKind::Exit if self.depth > 0 => Err(Unsupported::Statement("`exit` within a loop is")),
            StatementKind::Exit => {
                let here = Formula::all(self.problem.guard.iter().cloned());
                self.stopped.push(here);
                Ok(())
            }
            StatementKind::Fence { .. } | StatementKind::Barrier { .. } | StatementKind::Finish { .. } => Ok(()),
            StatementKind::Host(host) => self.host_statement(statement, host),
            simple => {
                let kind = self.simple(simple)?;
                self.event(statement, kind)
            }
        }
    }

    /// That streams and events are there is looked at; what orders streams is not.
    fn host_statement(&mut self, statement: &Statement, host: &HostStatement) -> Result<(), Unsupported> {
        match host {
            HostStatement::Stream { stream, body } => {
                let number = value(self.problem, &self.scope, stream)?;
                self.event(statement, Kind::Stream { number })?;
                self.statements(body)
            }
            HostStatement::Group { body } => self.statements(body),
            HostStatement::Send { place, partition, peer } => self.transfer(statement, true, (place, partition), peer),
            HostStatement::Receive { place, partition, peer } => {
                self.transfer(statement, false, (place, partition), peer)
            }
            HostStatement::Synchronise { stream } => {
                let number = value(self.problem, &self.scope, stream)?;
                self.event(statement, Kind::Stream { number })
            }
            HostStatement::Exchange { place }
            | HostStatement::Record { event: place }
            | HostStatement::Wait { event: place } => {
                let place = self.place(place)?;
                self.event(statement, Kind::Named { place })
            }
        }
    }

    fn transfer(
        &mut self,
        statement: &Statement,
        sends: bool,
        (place, partition): (&Place, &Partition),
        peer: &arverify_protocol::ir::Expression,
    ) -> Result<(), Unsupported> {
        let moved = Phase {
            destination: self.place(place)?,
            source: self.place(place)?,
            sources: Formula::Truth(true),
            fewest: Formula::Truth(true),
            partition: self.partition(partition)?,
        };
        self.event(statement, Kind::Phase(Box::new(moved)))?;
        let own = self.scope.rank.clone().ok_or_else(|| Unsupported::Unknown("self".to_owned()))?;
        let peer = value(self.problem, &self.scope, peer)?;
        let place = transfer_place(sends, &own, &peer, &self.positions);
        self.event(statement, Kind::Transfer { sends, place })
    }

    fn branch(&mut self, guard: Formula, body: &[Statement]) -> Result<(), Unsupported> {
        // Nothing is left out where the guard is false: the events of two walks stand at the same places.
        self.problem.guard.push(guard);
        let result = self.statements(body);
        self.problem.guard.pop();
        result
    }

    fn any_round(
        &mut self,
        variable: LocalId,
        from: &Polynomial,
        to: &Polynomial,
        body: &[Statement],
    ) -> Result<(), Unsupported> {
        let number = self.symbolic_loops;
        self.symbolic_loops += 1;
        let (low, high) = (self.problem.interval(from).0, self.problem.interval(to).1);
        let round = match self.given.get(&number) {
            Some(round) => round.clone(),
            None => self.problem.fresh("round", low, high.max(low)),
        };
        let started = less(&round, from)?.not();
        // A loop without rounds is seen at once.
        let none = matches!((from.as_constant(), to.as_constant()), (Some(from), Some(to)) if to <= from);
        let within = if none { Formula::Truth(false) } else { Formula::all([started, less(&round, to)?]) };
        self.scope.locals.insert(variable, round.clone());
        self.rounds.push(Round { number, term: round, from: from.clone(), to: to.clone() });
        self.positions.push(self.rounds[self.rounds.len() - 1].term.clone());
        let result = self.branch(within, body);
        self.positions.pop();
        self.rounds.pop();
        result
    }

    fn every_round(
        &mut self,
        variable: LocalId,
        from: &Polynomial,
        to: &Polynomial,
        body: &[Statement],
    ) -> Result<(), Unsupported> {
        // Data phases carry no signals: their loops need no order.
        if !has_words(body) {
            return self.any_round(variable, from, to, body);
        }
        let (Some(from), Some(to)) = (from.as_constant(), to.as_constant()) else { return Err(Unsupported::Loop) };
        if to - from > ROUNDS {
            return Err(Unsupported::Loop);
        }
        for round in from..to {
            self.scope.locals.insert(variable, Polynomial::constant(round));
            self.positions.push(Polynomial::constant(round));
            let result = self.statements(body);
            self.positions.pop();
            result?;
        }
        Ok(())
    }

    fn event(&mut self, statement: &Statement, kind: Kind) -> Result<(), Unsupported> {
        if self.events.len() >= EVENTS {
            return Err(Unsupported::TooLarge);
        }
        let stopped = self.stopped.iter().cloned().map(Formula::not);
        let guard = Formula::all(self.problem.guard.iter().cloned().chain(stopped));
        self.events.push(Event {
            guard,
            span: statement.span.clone(),
            calls: statement.calls.clone(),
            rounds: self.rounds.clone(),
            kind,
        });
        Ok(())
    }

    fn simple(&mut self, kind: &StatementKind) -> Result<Kind, Unsupported> {
        Ok(match kind {
            StatementKind::BlockSync => Kind::BlockSync,
            StatementKind::Store { place, value, .. } => {
                Kind::Store { place: self.place(place)?, value: self.word(value)? }
            }
            StatementKind::Load { local, place, .. } => {
                let place = self.place(place)?;
                let Context { counters, sizes, launch, .. } = self.context;
                let value = match counters.value(self.problem, place.buffer, sizes, launch) {
                    Some(value) => self.problem.wrap(&value?)?,
                    None => self.problem.fresh(LOADED, 0, WORDS - 1),
                };
                self.scope.locals.insert(*local, value.clone());
                Kind::Load { place, value }
            }
            StatementKind::Await { place, compare, value, .. } => {
                Kind::Await { place: self.place(place)?, compare: *compare, value: self.word(value)? }
            }
            StatementKind::Atomic { local, operation, place, operand, .. } => {
                let place = self.place(place)?;
                let operand = self.word(operand)?;
                if let Some(local) = local {
                    let old = self.problem.fresh(LOADED, 0, WORDS - 1);
                    self.scope.locals.insert(*local, old);
                }
                Kind::Atomic { place, operation: *operation, operand }
            }
            StatementKind::Copy { destination, source, partition }
            | StatementKind::Start { destination, source, partition, .. }
            | StatementKind::Send { destination, source, partition, .. } => Kind::Phase(Box::new(Phase {
                destination: self.place(destination)?,
                source: self.place(source)?,
                sources: Formula::Truth(true),
                fewest: Formula::Truth(true),
                partition: self.partition(partition)?,
            })),
            StatementKind::Reduce { destination, variable, from, to, source, partition, .. }
            | StatementKind::Receive { destination, variable, from, to, source, partition, .. } => {
                let destination = self.place(destination)?;
                let partition = self.partition(partition)?;
                let from = value(self.problem, &self.scope, from)?;
                let to = value(self.problem, &self.scope, to)?;
                let (low, high) = (self.problem.interval(&from).0, self.problem.interval(&to).1);
                let one = self.problem.fresh("source", low, high.max(low));
                let sources = Formula::all([less(&one, &from)?.not(), less(&one, &to)?]);
                self.scope.locals.insert(*variable, one);
                self.problem.guard.push(sources.clone());
                let source = self.place(source);
                self.problem.guard.pop();
                let fewest = less(&from, &to)?;
                Kind::Phase(Box::new(Phase { destination, source: source?, sources, fewest, partition }))
            }
            StatementKind::If { .. }
            | StatementKind::For { .. }
            | StatementKind::Ghost { .. }
            | StatementKind::Assert { .. }
            | StatementKind::Let { .. }
            | StatementKind::Exit
            | StatementKind::Fence { .. }
            | StatementKind::Finish { .. }
            | StatementKind::Host(_)
            | StatementKind::Barrier { .. } => return Err(Unsupported::Statement("this statement is")),
        })
    }

    fn word(&mut self, expression: &arverify_protocol::ir::Expression) -> Result<Polynomial, Unsupported> {
        let value = value(self.problem, &self.scope, expression)?;
        self.problem.wrap(&value)
    }

    fn place(&mut self, place: &Place) -> Result<PlaceTerm, Unsupported> {
        let indices = place.indices.iter().map(|index| value(self.problem, &self.scope, index));
        let indices = indices.collect::<Result<Vec<_>, _>>()?;
        let own = self.scope.rank.clone().ok_or_else(|| Unsupported::Unknown("self".to_owned()))?;
        let rank = match &place.rank {
            None => own,
            Some(rank) => value(self.problem, &self.scope, rank)?,
        };
        let offset = match &place.offset {
            None => Polynomial::default(),
            Some(offset) => value(self.problem, &self.scope, offset)?,
        };
        Ok(PlaceTerm { buffer: place.buffer, indices, offset, rank })
    }

    fn partition(&mut self, partition: &Partition) -> Result<PartitionTerm, Unsupported> {
        let mut term = |expression| value(self.problem, &self.scope, expression);
        Ok(PartitionTerm {
            first: term(&partition.first)?,
            limit: term(&partition.limit)?,
            step: term(&partition.step)?,
            low: term(&partition.low)?,
            tail: partition.tail,
            width: partition.width,
        })
    }
}

fn has_words(statements: &[Statement]) -> bool {
    statements.iter().any(|statement| match &statement.kind {
        StatementKind::Copy { .. }
        | StatementKind::Reduce { .. }
        | StatementKind::Send { .. }
        | StatementKind::Receive { .. }
        | StatementKind::Start { .. }
        | StatementKind::Finish { .. }
        | StatementKind::Let { .. } => false,
        StatementKind::If { then, otherwise, .. } => has_words(then) || has_words(otherwise),
        StatementKind::For { body, .. } => has_words(body),
        StatementKind::Ghost { .. } | StatementKind::Assert { .. } => false,
        StatementKind::BlockSync
        | StatementKind::Barrier { .. }
        | StatementKind::Store { .. }
        | StatementKind::Load { .. }
        | StatementKind::Await { .. }
        | StatementKind::Atomic { .. }
        | StatementKind::Fence { .. }
        | StatementKind::Exit => true,
        StatementKind::Host(HostStatement::Stream { body, .. } | HostStatement::Group { body }) => has_words(body),
        StatementKind::Host(_) => true,
    })
}

/// Whether two places are the same word, or the same row: same buffer, instance and indices.
pub(super) fn same_place(left: &PlaceTerm, right: &PlaceTerm) -> Result<Formula, Unsupported> {
    if left.buffer != right.buffer || left.indices.len() != right.indices.len() {
        return Ok(Formula::Truth(false));
    }
    let mut parts = vec![equal(&left.rank, &right.rank)?];
    for (left, right) in left.indices.iter().zip(&right.indices) {
        parts.push(equal(left, right)?);
    }
    Ok(Formula::all(parts))
}

/// Whether one event of a thread comes before another of the same launch: by the rounds of the loops around both, then by
/// place in the program. Each is given as its place and its rounds.
pub(super) fn before(left: (usize, &[Round]), right: (usize, &[Round])) -> Result<Formula, Unsupported> {
    let shared = left.1.iter().zip(right.1).take_while(|(one, other)| one.number == other.number);
    let mut earlier = Vec::new();
    let mut equal_so_far = Vec::new();
    for (one, other) in shared {
        earlier.push(Formula::all(equal_so_far.iter().cloned().chain([less(&one.term, &other.term)?])));
        equal_so_far.push(equal(&one.term, &other.term)?);
    }
    earlier.push(Formula::all(equal_so_far.into_iter().chain([Formula::Truth(left.0 < right.0)])));
    Ok(Formula::any(earlier))
}
