//! One thread's way through a protocol: a program counter and registers, yielding concrete operations.
//!
//! Machine and CPU back end both drive this: they perform the operation and, where it reads, supply the value. The
//! cursor never touches memory, so it means the same under a model checker as on real threads.

mod host;
mod sweep;
mod word;

pub use host::HostOperation;
pub use sweep::{Rest, Step, Sweep};

use crate::code::{Code, Fold, Instruction, PlaceCode, SiteId};
use crate::evaluate::{Environment, EvaluationError};
use crate::formula::Formula;
use crate::ids::{BufferId, LocalId, PipeId};
use crate::ir::{AtomicOperation, Compare, Marking, Reduction, Semantics, Tail, Width};
use smallvec::SmallVec;

/// An element of one rank's instance of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    /// Which buffer.
    pub buffer: BufferId,
    /// Whose instance.
    pub rank: u32,
    /// Element within the instance, counted from 0 over all dimensions. May lie past the end (see [`Chunk`]).
    pub index: u64,
}

/// What a thread does next.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// Wait for all threads of the block.
    BlockSync,
    /// Named barrier; `count` None: all threads of the block.
    Barrier {
        /// Barrier resource.
        id: u32,
        /// Threads that take part.
        count: Option<u32>,
        /// Arrive without waiting.
        arrive: bool,
    },
    /// Store a word.
    Store {
        /// Where.
        address: Address,
        /// What.
        value: u32,
        /// Order and scope.
        semantics: Semantics,
    },
    /// Load a word; the value goes to [`Cursor::supply`].
    Load {
        /// Where.
        address: Address,
        /// Order and scope.
        semantics: Semantics,
    },
    /// Wait until the word compares so with `value`.
    Await {
        /// Where.
        address: Address,
        /// How.
        compare: Compare,
        /// With what.
        value: u32,
        /// Order and scope of each poll.
        semantics: Semantics,
    },
    /// Read-modify-write. If `returns`, the old value goes to [`Cursor::supply`].
    Atomic {
        /// Where.
        address: Address,
        /// Which function.
        operation: AtomicOperation,
        /// Its operand.
        operand: u32,
        /// For compare-and-swap: the value compared with.
        expected: u32,
        /// Order and scope.
        semantics: Semantics,
        /// Whether the old value is used.
        returns: bool,
    },
    /// Fence.
    Fence {
        /// Order and scope.
        semantics: Semantics,
    },
    /// Copy or reduce one vector, or the cut-off end of one.
    Chunk(Box<Chunk>),
    /// Weak load of the elements of one word, one access where it is whole; they go to [`Cursor::supply`], the first in
    /// the low bits.
    Take {
        /// First element.
        address: Address,
        /// How many.
        elements: u32,
    },
    /// Weak store of the elements of one word.
    Put {
        /// First element.
        address: Address,
        /// How many.
        elements: u32,
        /// The first in the low bits.
        word: u32,
    },
    /// Store of a marked word.
    Send {
        /// Where.
        address: Address,
        /// What: of a packet the flag is in the low half.
        value: u64,
        /// 64 bits, not 32.
        packet: bool,
        /// Order and scope.
        semantics: Semantics,
    },
    /// Wait until the low 32 bits compare so with `value`; the whole goes to [`Cursor::supply`].
    Receive {
        /// Where.
        address: Address,
        /// 64 bits, not 32.
        packet: bool,
        /// How.
        compare: Compare,
        /// With what.
        value: u32,
        /// Order and scope of each poll.
        semantics: Semantics,
    },
    /// An asynchronous copy begins: the chunks that follow on this pipe are outstanding until it is finished.
    Start {
        /// On which pipe of the thread.
        pipe: PipeId,
        /// How many may be outstanding on it.
        capacity: u32,
    },
    /// Wait until at most so many copies, the newest, are outstanding.
    Finish {
        /// On which pipe of the thread.
        pipe: PipeId,
        /// How many.
        remaining: u32,
    },
    /// Ghost assertion, already evaluated.
    Assert {
        /// Whether it holds.
        holds: bool,
    },
    /// What a host thread does; in host programs only.
    Host(HostOperation),
    /// The thread has ended. Yielded again if asked again.
    Exit,
}

/// A vector of a data phase: `destination[i] := fold of sources[j][i]` for i below `elements`.
#[derive(Clone, Debug, PartialEq)]
pub struct Chunk {
    /// First element written.
    pub destination: Address,
    /// First element of each source, in order of reduction.
    pub sources: SmallVec<[Address; 8]>,
    /// `None` copies the single source.
    pub operation: Option<Reduction>,
    /// How many; with [`Tail::Overrun`] the accesses may leave the row.
    pub elements: u32,
    /// One 16-byte access for each address (which must be aligned to 16 bytes), or `elements` scalar ones.
    pub vector: bool,
    /// Where the row ends, in elements of the destination: an access past it stays in the buffer, and is wrong.
    pub row_end: u64,
    /// The pipe on which it is outstanding: the last copy begun there.
    pub pipe: Option<PipeId>,
}

/// Where a thread stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor {
    program_counter: u32,
    registers: SmallVec<[i64; 6]>,
}

/// A fault of the protocol itself, found while computing an operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Fault {
    /// An index outside its dimension.
    #[error("index {index} is outside dimension {dimension} of extent {extent}")]
    Index {
        /// The buffer.
        buffer: BufferId,
        /// Which index, counted from 0.
        dimension: u32,
        /// Its value.
        index: i64,
        /// The dimension's extent.
        extent: u64,
    },
    /// `on rank e` with no such rank.
    #[error("there is no rank {rank}: the ranks are 0 to {last}")]
    Rank {
        /// The value of e.
        rank: i64,
        /// The last rank there is.
        last: u32,
    },
    /// `stream e` with no such stream.
    #[error("there is no stream {stream}: each rank has {streams}, counted from 0")]
    Stream {
        /// The value of e.
        stream: i64,
        /// How many there are.
        streams: u32,
    },
    /// A partition whose step is not positive.
    #[error("a partition steps by {step}, which is not positive")]
    Step {
        /// The step.
        step: i64,
    },
    /// A partition that starts at a negative element.
    #[error("a partition starts at element {first}")]
    Position {
        /// The element.
        first: i64,
    },
    /// `at e` with a negative e.
    #[error("a place begins at element {offset} of its row")]
    Offset {
        /// The value of e.
        offset: i64,
    },
    /// A partition of words that starts within one.
    #[error("a partition of words starts at element {first}, but words have {elements} elements")]
    Word {
        /// The element.
        first: i64,
        /// Elements of a word.
        elements: u32,
    },
    /// A barrier number or count that is not one.
    #[error("{value} is not a barrier number or count")]
    Barrier {
        /// The value.
        value: i64,
    },
    /// A pipe that holds nothing, or a number of copies that is none.
    #[error("{value} is no number of operations on a pipe")]
    Pipe {
        /// The value.
        value: i64,
    },
    /// A reduction over no sources.
    #[error("a reduction over no sources")]
    EmptyReduction,
    /// An expression without a value.
    #[error(transparent)]
    Evaluation(#[from] EvaluationError),
    /// More instructions than the limit without an operation.
    #[error("no operation within {0} instructions")]
    Runaway(u32),
}

/// Instructions that a thread may execute between two operations.
const INSTRUCTIONS_WITHOUT_OPERATION: u32 = 1 << 20;

/// Coordinates and arguments of a thread, apart from its cursor.
#[derive(Clone, Copy, Debug)]
pub struct Position<'a> {
    /// This rank.
    pub rank: u32,
    /// This block.
    pub block: u32,
    /// This thread.
    pub thread: u32,
    /// This launch.
    pub launch: u32,
    /// Blocks launched.
    pub grid: u32,
    /// Kernel arguments.
    pub arguments: &'a [u32],
}

impl Cursor {
    /// A thread before its first instruction.
    pub fn start(code: &Code) -> Cursor {
        Cursor { program_counter: 0, registers: SmallVec::from_elem(0, code.registers) }
    }

    /// Computes the next operation and moves past it. The statement it came from goes with it, also for a fault.
    pub fn next(&mut self, code: &Code, position: &Position<'_>) -> Result<(Operation, SiteId), (Fault, SiteId)> {
        for _ in 0..INSTRUCTIONS_WITHOUT_OPERATION {
            let (instruction, site) = &code.instructions[self.program_counter as usize];
            match self.control(code, position, instruction) {
                Ok(true) => continue,
                Ok(false) => {}
                Err(fault) => return Err((fault, *site)),
            }
            match self.act(code, position, instruction) {
                Ok(Some(operation)) => return Ok((operation, *site)),
                Ok(None) => {}
                Err(fault) => return Err((fault, *site)),
            }
        }
        let site = code.instructions[self.program_counter as usize].1;
        Err((Fault::Runaway(INSTRUCTIONS_WITHOUT_OPERATION), site))
    }

    /// Gives the value that the last operation read (a load, an atomic that returns, a word taken or received).
    pub fn supply(&mut self, code: &Code, value: u64) {
        let (local, value) = match &code.instructions[self.program_counter as usize - 1].0 {
            Instruction::Load { local, .. } | Instruction::Take { local, .. } => (Some(*local), value),
            Instruction::Receive { local, marking: Marking::Flag(_), .. } => (Some(*local), value >> 32),
            Instruction::Receive { local, marking: Marking::Sentinel, .. } => (Some(*local), value),
            Instruction::Atomic { local, .. } => (*local, value),
            _ => (None, value),
        };
        if let Some(local) = local {
            self.registers[local.index()] = i64::from(value as u32);
        }
    }

    fn environment<'a>(&'a self, code: &'a Code, position: &'a Position<'a>) -> Environment<'a> {
        Environment {
            sizes: &code.sizes,
            grid: position.grid,
            rank: position.rank,
            block: position.block,
            thread: position.thread,
            launch: position.launch,
            arguments: position.arguments,
            locals: &self.registers,
        }
    }

    /// Executes an instruction that only moves about. Returns whether it is one.
    #[inline]
    fn control(&mut self, code: &Code, position: &Position<'_>, instruction: &Instruction) -> Result<bool, Fault> {
        let environment = self.environment(code, position);
        let mut next = self.program_counter + 1;
        match instruction {
            Instruction::Let { local, value } => self.registers[local.index()] = environment.compute(value)?,
            Instruction::Branch { condition, otherwise } => {
                if environment.compute(condition)? == 0 {
                    next = *otherwise;
                }
            }
            Instruction::Jump { to } => next = *to,
            Instruction::Repeat { variable, next: value, condition, body } => {
                self.registers[variable.index()] = environment.compute(value)?;
                if self.environment(code, position).compute(condition)? != 0 {
                    next = *body;
                }
            }
            Instruction::Each { position: first, limit, step, values, past } => {
                if self.enter(code, position, [*first, *limit, *step], values)? {
                    next = *past;
                }
            }
            _ => return Ok(false),
        }
        self.program_counter = next;
        Ok(true)
    }

    /// Executes an instruction. Returns the operation, if it is one.
    fn execute(
        &mut self,
        code: &Code,
        position: &Position<'_>,
        instruction: &Instruction,
    ) -> Result<Option<Operation>, Fault> {
        if self.control(code, position, instruction)? { Ok(None) } else { self.act(code, position, instruction) }
    }

    /// Executes an instruction that does more than move about.
    fn act(
        &mut self,
        code: &Code,
        position: &Position<'_>,
        instruction: &Instruction,
    ) -> Result<Option<Operation>, Fault> {
        let environment = self.environment(code, position);
        let mut next = self.program_counter + 1;
        let mut assigned = None;
        let operation = match instruction {
            Instruction::Chunk { destination, position: at, limit, width, tail, fold, pipe } => {
                let (at, limit) = (self.registers[at.index()], self.registers[limit.index()]);
                let chunk = self.chunk(code, position, destination, (at, limit), (*width, *tail), fold)?;
                chunk.map(|chunk| Operation::Chunk(Box::new(Chunk { pipe: *pipe, ..chunk })))
            }
            Instruction::Take { .. }
            | Instruction::Send { .. }
            | Instruction::Receive { .. }
            | Instruction::Fold { .. }
            | Instruction::CheckSources { .. }
            | Instruction::Put { .. } => {
                let (register, operation) = self.word(code, position, instruction)?;
                assigned = register;
                operation
            }
            Instruction::Host(host) => Some(Operation::Host(host::host_operation(&environment, host, code.streams)?)),
            Instruction::Exit => {
                next = self.program_counter;
                Some(Operation::Exit)
            }
            other => Some(operation(&environment, other)?),
        };
        if let Some((local, value)) = assigned {
            self.registers[local.index()] = value;
        }
        self.program_counter = next;
        Ok(operation)
    }

    /// Sets the registers of a loop over a partition. Returns whether there is nothing to go over.
    fn enter(
        &mut self,
        code: &Code,
        position: &Position<'_>,
        locals: [LocalId; 3],
        values: &[Formula; 3],
    ) -> Result<bool, Fault> {
        let environment = self.environment(code, position);
        let first = environment.compute(&values[0])?;
        let limit = environment.compute(&values[1])?;
        let step = environment.compute(&values[2])?;
        for (local, value) in locals.into_iter().zip([first, limit, step]) {
            self.registers[local.index()] = value;
        }
        if step <= 0 { Err(Fault::Step { step }) } else { Ok(first >= limit) }
    }

    fn chunk(
        &mut self,
        code: &Code,
        position: &Position<'_>,
        destination: &PlaceCode,
        (at, limit): (i64, i64),
        (width, tail): (Width, Tail),
        fold: &Fold,
    ) -> Result<Option<Chunk>, Fault> {
        let vector = elements_of(code, width) as i64;
        let cut = limit - at < vector;
        if at < 0 {
            return Err(Fault::Position { first: at });
        }
        let (elements, whole) = match (cut, tail) {
            (false, _) | (true, Tail::Overrun) => (vector, true),
            (true, Tail::Scalar) => (limit - at, false),
            (true, Tail::Drop) => return Ok(None),
        };
        let environment = self.environment(code, position);
        let row_end = address(&environment, destination)?.index + destination.row;
        let target = shifted(element_address(&environment, destination)?, at);
        let mut sources = SmallVec::new();
        let operation = match fold {
            Fold::Copy { source } => {
                sources.push(shifted(element_address(&environment, source)?, at));
                None
            }
            Fold::Reduce { operation, accumulate, variable, from, to, source } => {
                sources.extend(accumulate.then_some(target));
                let (from, to) = (environment.compute(from)?, environment.compute(to)?);
                for value in from..to {
                    self.registers[variable.index()] = value;
                    sources.push(shifted(element_address(&self.environment(code, position), source)?, at));
                }
                if sources.is_empty() {
                    return Err(Fault::EmptyReduction);
                }
                Some(*operation)
            }
        };
        let elements = elements as u32;
        let vector = whole && width == Width::Vector;
        Ok(Some(Chunk { destination: target, sources, operation, elements, vector, row_end, pipe: None }))
    }
}

fn shifted(address: Address, by: i64) -> Address {
    Address { index: address.index + by as u64, ..address }
}

fn address(environment: &Environment<'_>, place: &PlaceCode) -> Result<Address, Fault> {
    let mut index = 0;
    for (dimension, (expression, extent)) in place.indices.iter().zip(&place.extents).enumerate() {
        let value = environment.compute(expression)?;
        if value < 0 || value as u64 >= *extent {
            let dimension = dimension as u32;
            return Err(Fault::Index { buffer: place.buffer, dimension, index: value, extent: *extent });
        }
        index = index * extent + value as u64;
    }
    let rank = match &place.rank {
        None => environment.rank,
        Some(expression) => {
            let rank = environment.compute(expression)?;
            let ranks = environment.sizes.ranks;
            u32::try_from(rank).ok().filter(|rank| *rank < ranks).ok_or(Fault::Rank { rank, last: ranks - 1 })?
        }
    };
    Ok(Address { buffer: place.buffer, rank, index: index * place.row })
}

fn barrier_number(environment: &Environment<'_>, expression: &Formula) -> Result<u32, Fault> {
    let value = environment.compute(expression)?;
    u32::try_from(value).map_err(|_| Fault::Barrier { value })
}

fn pipe_number(environment: &Environment<'_>, expression: &Formula, least: i64) -> Result<u32, Fault> {
    let value = environment.compute(expression)?;
    u32::try_from(value).ok().filter(|_| value >= least).ok_or(Fault::Pipe { value })
}

/// Where the partition's element 0 lies in a data phase's place.
fn element_address(environment: &Environment<'_>, place: &PlaceCode) -> Result<Address, Fault> {
    let row = address(environment, place)?;
    let Some(offset) = &place.offset else { return Ok(row) };
    let offset = environment.compute(offset)?;
    if offset < 0 { Err(Fault::Offset { offset }) } else { Ok(shifted(row, offset)) }
}

/// Elements that one access of this width moves.
fn elements_of(code: &Code, width: Width) -> u64 {
    match width {
        Width::Vector => u64::from(code.sizes.data.vector()),
        Width::Element => 1,
        Width::Word => u64::from(code.sizes.data.word()),
    }
}

/// The operation of an instruction that is one.
fn operation(environment: &Environment<'_>, instruction: &Instruction) -> Result<Operation, Fault> {
    Ok(match instruction {
        Instruction::BlockSync => Operation::BlockSync,
        Instruction::Barrier { id, count, arrive } => Operation::Barrier {
            id: barrier_number(environment, id)?,
            count: count.as_ref().map(|count| barrier_number(environment, count)).transpose()?,
            arrive: *arrive,
        },
        Instruction::Store { place, value, semantics } => Operation::Store {
            address: address(environment, place)?,
            value: environment.compute_word(value)?,
            semantics: *semantics,
        },
        Instruction::Load { place, semantics, .. } => {
            Operation::Load { address: address(environment, place)?, semantics: *semantics }
        }
        Instruction::Await { place, compare, value, semantics } => Operation::Await {
            address: address(environment, place)?,
            compare: *compare,
            value: environment.compute_word(value)?,
            semantics: *semantics,
        },
        Instruction::Atomic { local, operation, place, operand, expected, semantics } => Operation::Atomic {
            address: address(environment, place)?,
            operation: *operation,
            operand: environment.compute_word(operand)?,
            expected: expected.as_ref().map_or(Ok(0), |expected| environment.compute_word(expected))?,
            semantics: *semantics,
            returns: local.is_some(),
        },
        Instruction::Fence { semantics } => Operation::Fence { semantics: *semantics },
        Instruction::Start { pipe, capacity } => {
            Operation::Start { pipe: *pipe, capacity: pipe_number(environment, capacity, 1)? }
        }
        Instruction::Finish { pipe, remaining } => {
            Operation::Finish { pipe: *pipe, remaining: pipe_number(environment, remaining, 0)? }
        }
        Instruction::Assert { condition } => Operation::Assert { holds: environment.compute(condition)? != 0 },
        other => unreachable!("{other:?} is not an operation"),
    })
}

impl AtomicOperation {
    /// The value stored, from the old value, the operand, and for compare-and-swap the value compared with.
    pub fn apply(self, old: u32, operand: u32, expected: u32) -> u32 {
        match self {
            AtomicOperation::Add => old.wrapping_add(operand),
            AtomicOperation::Exchange => operand,
            AtomicOperation::CompareSwap => {
                if old == expected {
                    operand
                } else {
                    old
                }
            }
            AtomicOperation::Min => old.min(operand),
            AtomicOperation::Max => old.max(operand),
            AtomicOperation::And => old & operand,
            AtomicOperation::Or => old | operand,
            AtomicOperation::Xor => old ^ operand,
            AtomicOperation::Increment => {
                if old >= operand {
                    0
                } else {
                    old + 1
                }
            }
            AtomicOperation::Decrement => {
                if old == 0 || old > operand {
                    operand
                } else {
                    old - 1
                }
            }
        }
    }
}
