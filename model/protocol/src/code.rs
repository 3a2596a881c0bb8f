//! A protocol flattened for execution at fixed sizes.
//!
//! The tree of statements becomes a list of instructions with jumps, and sizes become constants, so that a thread's
//! state is a program counter and a few registers. Data phases become loops over vectors. The road not taken:
//! walking the tree, which needs a stack for each of 147,456 threads.

mod host;

use crate::evaluate::{Environment, EvaluationError, Sizes};
use crate::formula::Formula;
use crate::ids::{BufferId, LocalId, PipeId};
use crate::ir::{
    AtomicOperation, Binary, Compare, Expression, Kind, Marking, Partition, Place, Protocol, Reduction, Semantics,
    Span, Statement, StatementKind, Tail, Width,
};
use std::sync::Arc;

pub(crate) use host::HostInstruction;

/// A statement of the source, for findings and traces.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// Where it stands.
    pub span: Span,
    /// Call sites, outermost first.
    pub calls: Arc<[Span]>,
    /// Inside a ghost block.
    pub ghost: bool,
}

/// Index into [`Code::sites`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SiteId(pub u32);

/// A place with its shape known.
#[derive(Clone, Debug)]
pub(crate) struct PlaceCode {
    pub(crate) buffer: BufferId,
    pub(crate) indices: Vec<Formula>,
    pub(crate) extents: Vec<u64>,
    /// Elements in one step of the last index given.
    pub(crate) row: u64,
    /// Elements added to the row's first.
    pub(crate) offset: Option<Formula>,
    pub(crate) rank: Option<Formula>,
}

#[derive(Clone, Debug)]
pub(crate) enum Instruction {
    BlockSync,
    Barrier {
        id: Formula,
        count: Option<Formula>,
        arrive: bool,
    },
    Store {
        place: PlaceCode,
        value: Formula,
        semantics: Semantics,
    },
    Load {
        local: LocalId,
        place: PlaceCode,
        semantics: Semantics,
    },
    Await {
        place: PlaceCode,
        compare: Compare,
        value: Formula,
        semantics: Semantics,
    },
    Atomic {
        local: Option<LocalId>,
        operation: AtomicOperation,
        place: PlaceCode,
        operand: Formula,
        expected: Option<Formula>,
        semantics: Semantics,
    },
    Fence {
        semantics: Semantics,
    },
    Chunk {
        destination: PlaceCode,
        position: LocalId,
        limit: LocalId,
        width: Width,
        tail: Tail,
        fold: Fold,
        /// The pipe on which it is outstanding.
        pipe: Option<PipeId>,
    },
    /// An asynchronous copy begins; its chunks follow.
    Start {
        pipe: PipeId,
        capacity: Formula,
    },
    Finish {
        pipe: PipeId,
        remaining: Formula,
    },
    /// Load the elements of a word, weakly.
    Take {
        local: LocalId,
        place: PlaceCode,
        position: LocalId,
        limit: LocalId,
    },
    /// Store them, marked.
    Send {
        data: LocalId,
        place: PlaceCode,
        position: LocalId,
        marking: Marking,
        semantics: Semantics,
    },
    /// Wait for a marked word, and keep its elements.
    Receive {
        local: LocalId,
        place: PlaceCode,
        position: LocalId,
        marking: Marking,
        semantics: Semantics,
    },
    /// Fold the elements of a word into the totals, which `first` begins anew.
    Fold {
        totals: LocalId,
        data: LocalId,
        first: Formula,
        operation: Reduction,
    },
    /// Store the totals as elements, weakly.
    Put {
        totals: LocalId,
        place: PlaceCode,
        position: LocalId,
        limit: LocalId,
    },
    /// `from` must be less than `to`.
    CheckSources {
        from: Formula,
        to: Formula,
    },
    Assert {
        condition: Formula,
    },
    Host(HostInstruction),
    Exit,
    Let {
        local: LocalId,
        value: Formula,
    },
    /// The start of a loop over a thread's part of a partition, which may be empty.
    Each {
        position: LocalId,
        limit: LocalId,
        step: LocalId,
        /// What they are at first.
        values: Box<[Formula; 3]>,
        /// Behind the loop.
        past: u32,
    },
    Branch {
        condition: Formula,
        otherwise: u32,
    },
    Jump {
        to: u32,
    },
    /// The end of a loop: `variable := next`, and back to its body while the condition holds.
    Repeat {
        variable: LocalId,
        next: Formula,
        condition: Formula,
        body: u32,
    },
}

/// What a chunk computes from its sources.
#[derive(Clone, Debug)]
pub(crate) enum Fold {
    Copy {
        source: PlaceCode,
    },
    Reduce {
        operation: Reduction,
        /// The destination is the first source.
        accumulate: bool,
        variable: LocalId,
        from: Formula,
        to: Formula,
        source: PlaceCode,
    },
}

/// A protocol at fixed sizes, ready to run. Shared by all threads.
#[derive(Clone, Debug)]
pub struct Code {
    pub(crate) instructions: Vec<(Instruction, SiteId)>,
    pub(crate) registers: usize,
    /// The statements that instructions came from.
    pub sites: Vec<Site>,
    /// The sizes it was flattened for.
    pub sizes: Sizes,
    /// Streams of each rank, the caller's included, in a host program; 0 for a kernel.
    pub streams: u32,
    /// Shape of every buffer, outermost dimension first, in elements.
    pub shapes: Vec<Vec<u64>>,
}

impl Code {
    /// Whether some thread may check an assertion.
    pub fn has_assertions(&self) -> bool {
        self.instructions.iter().any(|(instruction, _)| matches!(instruction, Instruction::Assert { .. }))
    }

    /// Flattens a protocol. `ghost` says whether ghost blocks are kept (checking) or left out (running).
    pub fn new(protocol: &Protocol, sizes: &Sizes, ghost: bool) -> Result<Code, EvaluationError> {
        let shapes = protocol.shapes(sizes)?;
        let streams = protocol.streams_of(sizes)?;
        let mut builder = Builder {
            code: Code {
                instructions: Vec::new(),
                registers: protocol.locals.len(),
                sites: Vec::new(),
                sizes: *sizes,
                streams,
                shapes,
            },
            capacities: protocol.pipes.iter().map(|pipe| Formula::from(&fold(&pipe.capacity, sizes))).collect(),
            keep_ghost: ghost,
            in_ghost: false,
        };
        builder.statements(&protocol.body);
        let end = builder.site(&(0..0), &Arc::from([]));
        builder.emit(Instruction::Exit, end);
        Ok(builder.code)
    }

    /// Number of elements of a buffer's instance.
    pub fn extent(&self, buffer: BufferId) -> u64 {
        self.shapes[buffer.index()].iter().product()
    }

    /// The statement of a site.
    pub fn site(&self, id: SiteId) -> &Site {
        &self.sites[id.0 as usize]
    }
}

struct Builder {
    code: Code,
    /// Of each pipe.
    capacities: Vec<Formula>,
    keep_ghost: bool,
    in_ghost: bool,
}

impl Builder {
    fn site(&mut self, span: &Span, calls: &Arc<[Span]>) -> SiteId {
        self.code.sites.push(Site { span: span.clone(), calls: calls.clone(), ghost: self.in_ghost });
        SiteId(self.code.sites.len() as u32 - 1)
    }

    fn emit(&mut self, instruction: Instruction, site: SiteId) -> usize {
        self.code.instructions.push((instruction, site));
        self.code.instructions.len() - 1
    }

    fn here(&self) -> u32 {
        self.code.instructions.len() as u32
    }

    fn register(&mut self) -> LocalId {
        self.code.registers += 1;
        LocalId(self.code.registers as u32 - 1)
    }

    fn fold(&self, expression: &Expression) -> Expression {
        fold(expression, &self.code.sizes)
    }

    fn formula(&self, expression: &Expression) -> Formula {
        Formula::from(&self.fold(expression))
    }

    fn place(&self, place: &Place) -> PlaceCode {
        let shape = &self.code.shapes[place.buffer.index()];
        let given = place.indices.len().min(shape.len());
        PlaceCode {
            buffer: place.buffer,
            indices: place.indices.iter().map(|index| self.formula(index)).collect(),
            extents: shape[..given].to_vec(),
            row: shape[given..].iter().product(),
            offset: place.offset.as_ref().map(|offset| self.formula(offset)),
            rank: place.rank.as_ref().map(|rank| self.formula(rank)),
        }
    }

    fn statements(&mut self, statements: &[Statement]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Statement) {
        let site = self.site(&statement.span, &statement.calls);
        match &statement.kind {
            StatementKind::If { condition, then, otherwise } => self.branch(site, condition, then, otherwise),
            StatementKind::For { variable, from, to, body } => {
                let from = self.formula(from);
                self.emit(Instruction::Let { local: *variable, value: from }, site);
                let condition = less(Expression::Local(*variable), self.fold(to));
                let next = add(Expression::Local(*variable), Expression::Constant(1));
                self.repeat(site, condition, *variable, next, |builder| builder.statements(body));
            }
            StatementKind::Ghost { body } => {
                if self.keep_ghost {
                    let outer = std::mem::replace(&mut self.in_ghost, true);
                    self.statements(body);
                    self.in_ghost = outer;
                }
            }
            StatementKind::Copy { destination, source, partition } => {
                let fold = Fold::Copy { source: self.place(source) };
                self.data_phase(site, destination, partition, fold, None);
            }
            StatementKind::Start { pipe, destination, source, partition } => {
                let capacity = self.capacities[pipe.index()].clone();
                self.emit(Instruction::Start { pipe: *pipe, capacity }, site);
                let fold = Fold::Copy { source: self.place(source) };
                self.data_phase(site, destination, partition, fold, Some(*pipe));
            }
            StatementKind::Reduce { destination, operation, accumulate, variable, from, to, source, partition } => {
                let fold = Fold::Reduce {
                    operation: *operation,
                    accumulate: *accumulate,
                    variable: *variable,
                    from: self.formula(from),
                    to: self.formula(to),
                    source: self.place(source),
                };
                self.data_phase(site, destination, partition, fold, None);
            }
            StatementKind::Send { .. } => self.send(site, &statement.kind),
            StatementKind::Receive { .. } => self.receive(site, &statement.kind),
            StatementKind::Host(host) => self.host_statement(site, host),
            simple => {
                let instruction = self.simple(simple);
                self.emit(instruction, site);
            }
        }
    }

    /// Statements that are one instruction.
    fn simple(&self, kind: &StatementKind) -> Instruction {
        match kind {
            StatementKind::BlockSync => Instruction::BlockSync,
            StatementKind::Barrier { id, count, arrive } => Instruction::Barrier {
                id: self.formula(id),
                count: count.as_ref().map(|count| self.formula(count)),
                arrive: *arrive,
            },
            StatementKind::Store { place, value, semantics } => {
                Instruction::Store { place: self.place(place), value: self.formula(value), semantics: *semantics }
            }
            StatementKind::Load { local, place, semantics } => {
                Instruction::Load { local: *local, place: self.place(place), semantics: *semantics }
            }
            StatementKind::Let { local, value } => Instruction::Let { local: *local, value: self.formula(value) },
            StatementKind::Await { place, compare, value, semantics } => Instruction::Await {
                place: self.place(place),
                compare: *compare,
                value: self.formula(value),
                semantics: *semantics,
            },
            StatementKind::Atomic { local, operation, place, operand, expected, semantics } => Instruction::Atomic {
                local: *local,
                operation: *operation,
                place: self.place(place),
                operand: self.formula(operand),
                expected: expected.as_ref().map(|expected| self.formula(expected)),
                semantics: *semantics,
            },
            StatementKind::Fence { semantics } => Instruction::Fence { semantics: *semantics },
            StatementKind::Finish { pipe, remaining } => {
                Instruction::Finish { pipe: *pipe, remaining: self.formula(remaining) }
            }
            StatementKind::Assert { condition } => Instruction::Assert { condition: self.formula(condition) },
            StatementKind::Exit => Instruction::Exit,
            StatementKind::Copy { .. }
            | StatementKind::Reduce { .. }
            | StatementKind::Send { .. }
            | StatementKind::Receive { .. }
            | StatementKind::Start { .. }
            | StatementKind::If { .. }
            | StatementKind::For { .. }
            | StatementKind::Ghost { .. }
            | StatementKind::Host(_) => unreachable!("compound statements are handled by `statement`"),
        }
    }

    fn branch(&mut self, site: SiteId, condition: &Expression, then: &[Statement], otherwise: &[Statement]) {
        let condition = self.formula(condition);
        let branch = self.emit(Instruction::Branch { condition, otherwise: 0 }, site);
        self.statements(then);
        if otherwise.is_empty() {
            let after = self.here();
            self.patch(branch, after);
            return;
        }
        let jump = self.emit(Instruction::Jump { to: 0 }, site);
        let start = self.here();
        self.patch(branch, start);
        self.statements(otherwise);
        let after = self.here();
        self.patch(jump, after);
    }

    fn patch(&mut self, at: usize, target: u32) {
        match &mut self.code.instructions[at].0 {
            Instruction::Branch { otherwise, .. } => *otherwise = target,
            Instruction::Each { past, .. } => *past = target,
            Instruction::Jump { to } => *to = target,
            other => unreachable!("patched {other:?}, which does not jump"),
        }
    }

    /// `while condition { body; variable := next }`, with the condition at both ends.
    fn repeat(
        &mut self,
        site: SiteId,
        condition: Expression,
        variable: LocalId,
        next: Expression,
        body: impl FnOnce(&mut Builder),
    ) {
        let (condition, next) = (Formula::from(&condition), Formula::from(&next));
        let exit = self.emit(Instruction::Branch { condition: condition.clone(), otherwise: 0 }, site);
        let top = self.here();
        body(self);
        self.emit(Instruction::Repeat { variable, next, condition, body: top }, site);
        let after = self.here();
        self.patch(exit, after);
    }

    /// A loop over the starts of a thread's vectors or words.
    fn each(
        &mut self,
        site: SiteId,
        partition: &Partition,
        [position, limit, step]: [LocalId; 3],
        body: impl FnOnce(&mut Builder),
    ) {
        let values = Box::new([&partition.first, &partition.limit, &partition.step].map(|value| self.formula(value)));
        let start = self.emit(Instruction::Each { position, limit, step, values, past: 0 }, site);
        let top = self.here();
        body(self);
        let next = Formula::from(&add(Expression::Local(position), Expression::Local(step)));
        let condition = Formula::from(&less(Expression::Local(position), Expression::Local(limit)));
        self.emit(Instruction::Repeat { variable: position, next, condition, body: top }, site);
        let after = self.here();
        self.patch(start, after);
    }

    fn marking(&self, marking: &Marking) -> Marking {
        match marking {
            Marking::Flag(value) => Marking::Flag(self.fold(value)),
            Marking::Sentinel => Marking::Sentinel,
        }
    }

    fn send(&mut self, site: SiteId, kind: &StatementKind) {
        let StatementKind::Send { destination, source, partition, marking, semantics } = kind else { return };
        let [position, limit, step, data] = [(); 4].map(|()| self.register());
        let (from, to, marking) = (self.place(source), self.place(destination), self.marking(marking));
        self.each(site, partition, [position, limit, step], |builder| {
            builder.emit(Instruction::Take { local: data, place: from, position, limit }, site);
            builder.emit(Instruction::Send { data, place: to, position, marking, semantics: *semantics }, site);
        });
    }

    fn receive(&mut self, site: SiteId, kind: &StatementKind) {
        let StatementKind::Receive { destination, operation, variable, from, to, source, partition, .. } = kind else {
            return;
        };
        let StatementKind::Receive { marking, semantics, .. } = kind else { return };
        let [position, limit, step, data, totals] = [(); 5].map(|()| self.register());
        let (from, to, variable) = (self.fold(from), self.fold(to), *variable);
        let (place, target, marking) = (self.place(source), self.place(destination), self.marking(marking));
        let counter = Expression::Local(variable);
        self.each(site, partition, [position, limit, step], |builder| {
            let [first, end] = [&from, &to].map(Formula::from);
            builder.emit(Instruction::CheckSources { from: first.clone(), to: end }, site);
            builder.emit(Instruction::Let { local: variable, value: first }, site);
            let next = add(counter.clone(), Expression::Constant(1));
            builder.repeat(site, less(counter.clone(), to), variable, next, |builder| {
                let semantics = *semantics;
                builder.emit(Instruction::Receive { local: data, place, position, marking, semantics }, site);
                let first = Expression::Binary {
                    operator: Binary::Equal,
                    kind: Kind::Index,
                    left: counter.clone().into(),
                    right: from.into(),
                };
                let first = Formula::from(&first);
                builder.emit(Instruction::Fold { totals, data, first, operation: *operation }, site);
            });
            builder.emit(Instruction::Put { totals, place: target, position, limit }, site);
        });
    }

    fn data_phase(
        &mut self,
        site: SiteId,
        destination: &Place,
        partition: &Partition,
        work: Fold,
        pipe: Option<PipeId>,
    ) {
        let [position, limit, step] = [(); 3].map(|()| self.register());
        let destination = self.place(destination);
        let chunk = Instruction::Chunk {
            destination,
            position,
            limit,
            width: partition.width,
            tail: partition.tail,
            fold: work,
            pipe,
        };
        self.each(site, partition, [position, limit, step], |builder| {
            builder.emit(chunk, site);
        });
    }
}

fn less(left: Expression, right: Expression) -> Expression {
    Expression::Binary { operator: Binary::Less, kind: Kind::Index, left: left.into(), right: right.into() }
}

fn add(left: Expression, right: Expression) -> Expression {
    Expression::Binary { operator: Binary::Add, kind: Kind::Index, left: left.into(), right: right.into() }
}

/// Replaces sizes by their values and constant operations by their results. What cannot be evaluated stays, and is
/// reported by the thread that reaches it.
fn fold(expression: &Expression, sizes: &Sizes) -> Expression {
    let constant = |value: &Expression| matches!(value, Expression::Constant(_));
    let folded = match expression {
        Expression::Symbol(symbol) if symbol.is_size() => expression.clone(),
        Expression::Binary { operator, kind, left, right } => {
            let (left, right) = (fold(left, sizes), fold(right, sizes));
            let constants = constant(&left) && constant(&right);
            let operation =
                Expression::Binary { operator: *operator, kind: *kind, left: left.into(), right: right.into() };
            if !constants {
                return operation;
            }
            operation
        }
        Expression::Not(inner) => match fold(inner, sizes) {
            inner if constant(&inner) => Expression::Not(inner.into()),
            inner => return Expression::Not(inner.into()),
        },
        Expression::If { condition, then, otherwise } => {
            return match fold(condition, sizes) {
                Expression::Constant(0) => fold(otherwise, sizes),
                Expression::Constant(_) => fold(then, sizes),
                condition => Expression::If {
                    condition: condition.into(),
                    then: fold(then, sizes).into(),
                    otherwise: fold(otherwise, sizes).into(),
                },
            };
        }
        other => return other.clone(),
    };
    match Environment::of_sizes(sizes, 0).evaluate(&folded) {
        Ok(value) => Expression::Constant(value),
        Err(_) => folded,
    }
}
