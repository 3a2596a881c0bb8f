//! A protocol with its knobs chosen and its procedures expanded: what the machine checks, the CPU back end runs and
//! the generator renders.
//!
//! Sizes stay symbolic (ranks, blocks, threads, elements): one `Protocol` serves every configuration. The decision
//! taken is a structured tree with plain expressions, because the generator needs the structure; the machine flattens
//! it once ([`crate::code`]). Every statement keeps the span of the source it came from, which findings point at.

use crate::ids::{ArgumentId, BufferId, LocalId, PipeId};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A place in the source text, in bytes.
pub type Span = Range<u32>;

/// The file a protocol was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What diagnostics call it: a path, or the catalogue's name with `.arp`.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// Line and column, both counted from 1, of a byte offset. Columns count characters.
    pub fn line_column(&self, offset: u32) -> (u32, u32) {
        let offset = (offset as usize).min(self.text.len());
        let before = &self.text.as_bytes()[..offset];
        let line = before.iter().filter(|byte| **byte == b'\n').count() as u32 + 1;
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let column = String::from_utf8_lossy(&before[start..]).chars().count() as u32 + 1;
        (line, column)
    }
}

/// A resolved protocol.
#[derive(Clone, Debug, PartialEq)]
pub struct Protocol {
    /// The catalogue name, as in `protocol two-shot`.
    pub name: String,
    /// One line for lists, from the string after the name; empty when there is none.
    pub summary: String,
    /// The text all spans refer to.
    pub source: Arc<Source>,
    /// The value of every knob, in the order of declaration.
    pub knobs: Vec<(String, String)>,
    /// Buffers and pads; [`BufferId`] indexes this.
    pub buffers: Vec<Buffer>,
    /// Kernel arguments; [`ArgumentId`] indexes this. Their values may depend on rank and launch only.
    pub arguments: Vec<Argument>,
    /// Pipes that every thread has; [`PipeId`] indexes this.
    pub pipes: Vec<Pipe>,
    /// Registers of a thread; [`LocalId`] indexes this.
    pub locals: Vec<Local>,
    /// Blocks that this rank launches: an expression over the sizes and `rank`. Usually [`Symbol::Blocks`].
    pub grid: Expression,
    /// Conditions on the sizes that a caller must meet (`require P <= T`).
    pub requirements: Vec<Requirement>,
    /// Launches may differ in length: `elements N up to C`. What stays between them is laid out by C.
    pub varies: bool,
    /// A host program on streams in place of a kernel: how many streams each rank has, over the sizes only. Stream 0 is
    /// the caller's.
    pub streams: Option<Expression>,
    /// The statements of the kernel or of the host program.
    pub body: Vec<Statement>,
    /// What must hold of an output after every launch; `None` for a protocol that only synchronises.
    pub expectation: Option<Expectation>,
}

impl Protocol {
    /// The buffer with this identifier.
    pub fn buffer(&self, id: BufferId) -> &Buffer {
        &self.buffers[id.index()]
    }

    /// Launches after which every set of buffers has been used again: 3, or one more than the sets that take turns,
    /// which the first dimension of a symmetric buffer counts where it is a number. Fewer would not show what happens
    /// when a set comes round.
    pub fn launches_to_come_round(&self) -> u32 {
        let turns = self.buffers.iter().filter_map(|buffer| match (buffer.shape.as_slice(), buffer.space) {
            ([Expression::Constant(count), _, ..], Space::Symmetric) if !buffer.channel && !buffer.ghost => {
                u32::try_from(*count).ok().filter(|count| *count <= MOST_SETS)
            }
            _ => None,
        });
        turns.max().unwrap_or(0).max(2) + 1
    }

    /// Whether it is a host program on streams: there is no kernel to emit or to run.
    pub fn is_host_program(&self) -> bool {
        self.streams.is_some()
    }
}

/// More are no sets that take turns.
const MOST_SETS: u32 = 8;

/// A register of a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// Its name in the source; not unique (procedures are expanded).
    pub name: String,
    /// How arithmetic on it is done.
    pub kind: Kind,
    /// Used in the check only (declared in a `ghost` block).
    pub ghost: bool,
}

/// The two kinds of integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// 32-bit unsigned, wrapping: what slots hold.
    Word,
    /// 64-bit signed: sizes and indices.
    Index,
}

/// A kernel argument, a `u32` given anew at each launch.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// Its name in the source.
    pub name: String,
    /// Its value, over sizes, `rank` and `launch`.
    pub value: Expression,
    /// Where it was declared.
    pub span: Span,
}

/// Where a thread's asynchronous copies are outstanding: each thread has one of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Pipe {
    /// Its name in the source.
    pub name: String,
    /// How many copies of a thread may be outstanding on it at once; over the sizes only.
    pub capacity: Expression,
    /// Where it was declared.
    pub span: Span,
}

/// A size condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Requirement {
    /// Non-zero when met; over the sizes only.
    pub condition: Expression,
    /// Where it was written.
    pub span: Span,
}

/// A buffer or signal pad: one instance for each rank.
#[derive(Clone, Debug, PartialEq)]
pub struct Buffer {
    /// Its name in the source.
    pub name: String,
    /// Whether peers may reach it.
    pub space: Space,
    /// What it holds.
    pub element: Element,
    /// Its shape, outermost first; over the sizes only. For data the last dimension is the element index.
    pub shape: Vec<Expression>,
    /// New contents before every launch, written in stream order on the owner's stream.
    pub refreshed: bool,
    /// Contents before the first launch.
    pub initially: Initially,
    /// Declared as `pad`: a symmetric buffer of flag words.
    pub pad: bool,
    /// Declared as `channel`: a symmetric buffer whose rows are slots, handed to a receiver and back by credits.
    pub channel: bool,
    /// Declared as `event`: recorded on a stream and waited for on others; it has no memory that statements could read.
    pub event: bool,
    /// Used in the check only: every use is inside a `ghost` block.
    pub ghost: bool,
    /// Where it was declared.
    pub span: Span,
}

/// Who can reach a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Space {
    /// The owning rank only.
    Local,
    /// Every rank.
    Symmetric,
}

/// The element of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Element {
    /// The data type of the collective (f32, f16, bf16): `E`.
    Data,
    /// A 32-bit word: `u32` or `flag`.
    Word,
    /// 64 bits that are stored and read at once: a flag in the low half, 4 bytes of elements in the high half.
    Packet,
}

/// Contents before the first launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Initially {
    /// Nobody wrote it: reading it is AR005.
    Poison,
    /// Every word has this value (data: every element's bits).
    Word(u32),
    /// Random data, as for a refreshed buffer.
    Random,
}

/// A statement with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// What it does.
    pub kind: StatementKind,
    /// Where it stands: in a sync procedure, the statement's place inside the procedure.
    pub span: Span,
    /// Call sites, outermost first, when the statement came out of a sync procedure.
    pub calls: Arc<[Span]>,
}

/// What a statement does.
#[expect(missing_docs, reason = "each variant's text names its fields")]
#[derive(Clone, Debug, PartialEq)]
pub enum StatementKind {
    /// `bar.sync 0`: all threads of the block.
    BlockSync,
    /// A named barrier: `bar.sync id, count` or `bar.arrive id, count`. No count: all threads of the block.
    Barrier { id: Expression, count: Option<Expression>, arrive: bool },
    /// Store a word.
    Store { place: Place, value: Expression, semantics: Semantics },
    /// Load a word.
    Load { local: LocalId, place: Place, semantics: Semantics },
    /// Bind a register.
    Let { local: LocalId, value: Expression },
    /// Wait until the word satisfies the condition; each poll is a load with these semantics.
    Await { place: Place, compare: Compare, value: Expression, semantics: Semantics },
    /// Read-modify-write; without `local` a reduction (`red`).
    Atomic {
        /// Where the old value goes.
        local: Option<LocalId>,
        /// Which function.
        operation: AtomicOperation,
        /// The word.
        place: Place,
        /// The operand; for `cas` the new value.
        operand: Expression,
        /// For `cas`: the value compared with.
        expected: Option<Expression>,
        /// Order and scope.
        semantics: Semantics,
    },
    /// `fence.order.scope`; order is `AcqRel` or `Sc`.
    Fence { semantics: Semantics },
    /// Each element of the partition: destination := source.
    Copy { destination: Place, source: Place, partition: Partition },
    /// Each element of the partition: destination := fold of the sources, `variable` running over `from..to` in order.
    Reduce {
        /// What is written; its innermost index is the partition's.
        destination: Place,
        /// How two elements are combined.
        operation: Reduction,
        /// What the destination holds is the first operand.
        accumulate: bool,
        /// The register that counts.
        variable: LocalId,
        /// First value.
        from: Expression,
        /// One past the last value; at least `from + 1`.
        to: Expression,
        /// What is read; may use `variable`.
        source: Place,
        /// Which elements this thread handles.
        partition: Partition,
    },
    /// Each 4-byte word of the partition's elements: a store that says of itself that it has come. The destination is a
    /// row of packets or words; nothing but the store's own semantics orders it.
    Send { destination: Place, source: Place, partition: Partition, marking: Marking, semantics: Semantics },
    /// Each 4-byte word of the partition's elements: wait for the word of each source in turn, fold their elements.
    Receive {
        /// What is written; its innermost index is the partition's.
        destination: Place,
        /// How two elements are combined.
        operation: Reduction,
        /// The register that counts.
        variable: LocalId,
        /// First value.
        from: Expression,
        /// One past the last value; at least `from + 1`.
        to: Expression,
        /// A row of packets or words; may use `variable`.
        source: Place,
        /// Which elements this thread handles.
        partition: Partition,
        /// How a word shows that it has come.
        marking: Marking,
        /// Order and scope of each poll.
        semantics: Semantics,
    },
    /// A copy that is issued now. Its reads and writes are made at any time until a `Finish` waits for it.
    Start { pipe: PipeId, destination: Place, source: Place, partition: Partition },
    /// Wait until at most so many copies of this thread, the newest, are outstanding on the pipe.
    Finish { pipe: PipeId, remaining: Expression },
    /// Both branches may be empty.
    If { condition: Expression, then: Vec<Statement>, otherwise: Vec<Statement> },
    /// `variable` from `from` up to, not including, `to`.
    For { variable: LocalId, from: Expression, to: Expression, body: Vec<Statement> },
    /// The thread returns from the kernel.
    Exit,
    /// Checked only, never emitted or run: loads, stores and assertions that observe a guarantee.
    Ghost { body: Vec<Statement> },
    /// The condition must hold (AR004 where it does not); stands in a ghost block.
    Assert { condition: Expression },
    /// What a host thread does; stands in host programs only.
    Host(HostStatement),
}

/// What the host thread of a rank does, or enqueues on a stream.
#[expect(missing_docs, reason = "each variant's text names its fields")]
#[derive(Clone, Debug, PartialEq)]
pub enum HostStatement {
    /// The body's operations are enqueued on this stream.
    Stream { stream: Expression, body: Vec<Statement> },
    /// The host thread waits until all that it has enqueued on the stream is done (`cudaStreamSynchronize`).
    Synchronise { stream: Expression },
    /// Collective: the host threads of all ranks exchange handles of this row and wait for each other.
    Exchange { place: Place },
    /// `cudaEventRecord`
    Record { event: Place },
    /// `cudaStreamWaitEvent`: for the last record that the host has enqueued; without one it does nothing.
    Wait { event: Place },
    /// Rendezvous: completes with the receive that matches it.
    Send { place: Place, partition: Partition, peer: Expression },
    /// Rendezvous: completes with the send that matches it.
    Receive { place: Place, partition: Partition, peer: Expression },
    /// Sends and receives that make progress together (`ncclGroupStart`, `ncclGroupEnd`).
    Group { body: Vec<Statement> },
}

/// An element, or with the innermost index left out (data phases), a row that a partition runs over.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Which buffer.
    pub buffer: BufferId,
    /// Indices, outermost first. In a data phase one fewer than the shape: the partition gives the last.
    pub indices: Vec<Expression>,
    /// Data phases: elements into the row at which the partition's element 0 lies; `None` is 0. Not negative.
    pub offset: Option<Expression>,
    /// Whose instance; `None` is this rank's own.
    pub rank: Option<Expression>,
    /// Where it was written.
    pub span: Span,
}

/// How a word of elements shows that it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Marking {
    /// By the flag in its own packet, which is one 64-bit access: a vector of two words would be two accesses in no
    /// order (PTX ISA, "Vector Data-types").
    Flag(Expression),
    /// By not being [`SENTINEL`], which is never sent: the sender makes +0.0 of every −0.0.
    Sentinel,
}

/// The word that stands for "nothing has come": −0.0 of f32, or of the second of two 16-bit floats.
pub const SENTINEL: u32 = 0x8000_0000;

/// Which elements a thread handles in a data phase: the vectors that start at `first`, `first + step`, … below
/// `limit`. A vector has V elements (16 bytes), or as few as the width says.
#[derive(Clone, Debug, PartialEq)]
pub struct Partition {
    /// Where the first vector of this thread starts, in elements.
    pub first: Expression,
    /// Vectors start below this.
    pub limit: Expression,
    /// Elements from one vector of this thread to its next; positive.
    pub step: Expression,
    /// How much one access moves.
    pub width: Width,
    /// What happens to a vector that reaches beyond `limit`.
    pub tail: Tail,
    /// The low end of the range that the whole grid covers, for display and for proofs (`lo` in `lo..hi`).
    pub low: Expression,
    /// Where it was written.
    pub span: Span,
}

/// What one access of a data phase moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Width {
    /// A vector of 16 bytes, aligned to as many.
    Vector,
    /// One element, for rows that begin anywhere.
    Element,
    /// A word of 4 bytes: one f32, or two 16-bit elements. What is sent and received.
    Word,
}

/// A vector cut off by the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tail {
    /// Its elements below the limit are handled one by one.
    Scalar,
    /// It is handled whole, beyond the limit.
    Overrun,
    /// It is left out.
    Drop,
}

/// How elements are combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// Floating-point sum, left to right.
    Sum,
    /// Maximum.
    Max,
    /// Minimum.
    Min,
}

/// What must hold of `output` on every rank after every launch.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// The buffer that is checked, all of it.
    pub output: BufferId,
    /// The collective's definition.
    pub collective: Collective,
    /// The refreshed buffer it is computed from.
    pub input: BufferId,
    /// Ranks must agree in every bit.
    pub same_on_all_ranks: bool,
    /// A refreshed buffer of the output's own rank, as long as the input: its element is added to each element of the
    /// input, in place of what a kernel computes from both. Host programs only.
    pub plus: Option<BufferId>,
    /// Where it was written.
    pub span: Span,
}

/// The collective that a protocol computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Collective {
    /// Every rank gets the reduction of all inputs, ranks in ascending order.
    AllReduce(Reduction),
    /// Every rank gets all inputs, one after the other.
    AllGather,
    /// Rank r gets the r-th part of the reduction.
    ReduceScatter(Reduction),
    /// Every rank gets rank 0's input.
    Broadcast,
    /// Every rank gets the input of the rank before it, rank 0 that of the last.
    Shift,
    /// Every odd rank gets the input of the rank before it; of even ranks nothing is expected.
    Transfer,
}

/// Order of a memory operation or fence, as in the PTX ISA. `volatile` is relaxed with scope sys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// `.weak`
    Weak,
    /// `.volatile`
    Volatile,
    /// `.relaxed`
    Relaxed,
    /// `.acquire`
    Acquire,
    /// `.release`
    Release,
    /// `.acq_rel`
    AcqRel,
    /// `.sc`, fences only
    Sc,
}

impl Order {
    /// As PTX and the language write it.
    pub const fn word(self) -> &'static str {
        match self {
            Order::Weak => "weak",
            Order::Volatile => "volatile",
            Order::Relaxed => "relaxed",
            Order::Acquire => "acquire",
            Order::Release => "release",
            Order::AcqRel => "acq_rel",
            Order::Sc => "sc",
        }
    }
}

/// Scope of a strong operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The block.
    Cta,
    /// The cluster of blocks: kernels in PTX alone.
    Cluster,
    /// The device.
    Gpu,
    /// All devices and the host.
    Sys,
}

impl Scope {
    /// As PTX and the language write it.
    pub const fn word(self) -> &'static str {
        match self {
            Scope::Cta => "cta",
            Scope::Cluster => "cluster",
            Scope::Gpu => "gpu",
            Scope::Sys => "sys",
        }
    }
}

/// Order with scope. Weak and volatile operations carry [`Scope::Sys`], which means nothing for weak ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Semantics {
    /// The order.
    pub order: Order,
    /// The scope.
    pub scope: Scope,
}

impl fmt::Display for Semantics {
    /// As PTX writes it: `release.sys`, `weak`, `volatile`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.order {
            Order::Weak | Order::Volatile => formatter.write_str(self.order.word()),
            order => write!(formatter, "{}.{}", order.word(), self.scope.word()),
        }
    }
}

/// The condition of an await: `slot COMPARE value`, on unsigned 32-bit words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compare {
    /// ==
    Equal,
    /// !=
    NotEqual,
    /// <
    Less,
    /// <=
    LessEqual,
    /// >
    Greater,
    /// >=
    GreaterEqual,
    /// `reached`: slot − value, wrapping, is not negative as a signed word. Right through the wrap of a counter.
    Reached,
}

/// Functions of atomics on 32-bit words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AtomicOperation {
    /// old + operand, wrapping
    Add,
    /// operand
    Exchange,
    /// operand if old == expected, else old
    CompareSwap,
    /// unsigned minimum
    Min,
    /// unsigned maximum
    Max,
    /// bitwise and
    And,
    /// bitwise or
    Or,
    /// bitwise exclusive or
    Xor,
    /// old >= operand ? 0 : old + 1
    Increment,
    /// old == 0 or old > operand ? operand : old − 1
    Decrement,
}

/// A value that every thread knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Symbol {
    /// P, the number of ranks.
    Ranks,
    /// B, the number of blocks that pads are sized for.
    Blocks,
    /// T, threads in each block.
    Threads,
    /// N, elements of the message on each rank in this launch.
    Elements,
    /// C, the most elements that a launch may have.
    Capacity,
    /// V, elements in a 16-byte vector.
    Vector,
    /// Bytes of one element.
    ElementBytes,
    /// Blocks that this rank launched.
    Grid,
    /// This rank (`self`).
    Rank,
    /// This block, within the rank.
    Block,
    /// This thread, within the block.
    Thread,
    /// This launch, counted from 0: in arguments, ghost code and host programs only, for a kernel cannot know it.
    Launch,
}

impl Symbol {
    /// Whether it is the same for every thread of every launch of one length.
    pub const fn is_size(self) -> bool {
        match self {
            Symbol::Ranks
            | Symbol::Blocks
            | Symbol::Threads
            | Symbol::Elements
            | Symbol::Capacity
            | Symbol::Vector
            | Symbol::ElementBytes => true,
            Symbol::Grid | Symbol::Rank | Symbol::Block | Symbol::Thread | Symbol::Launch => false,
        }
    }
}

/// An integer expression; conditions are 0 or 1.
#[expect(missing_docs, reason = "each variant's text names its fields")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Expression {
    /// A literal.
    Constant(i64),
    /// A size or coordinate.
    Symbol(Symbol),
    /// A register.
    Local(LocalId),
    /// A kernel argument (a word).
    Argument(ArgumentId),
    /// Two operands; `kind` says how arithmetic is done.
    Binary { operator: Binary, kind: Kind, left: Box<Expression>, right: Box<Expression> },
    /// Logical not.
    Not(Box<Expression>),
    /// `if condition then a else b`: only the branch taken is evaluated.
    If { condition: Box<Expression>, then: Box<Expression>, otherwise: Box<Expression> },
}

impl Expression {
    /// Whether a size or coordinate stands in it.
    pub fn mentions(&self, symbol: Symbol) -> bool {
        match self {
            Expression::Symbol(own) => *own == symbol,
            Expression::Constant(_) | Expression::Local(_) | Expression::Argument(_) => false,
            Expression::Not(inner) => inner.mentions(symbol),
            Expression::Binary { left, right, .. } => left.mentions(symbol) || right.mentions(symbol),
            Expression::If { condition, then, otherwise } => {
                [condition, then, otherwise].into_iter().any(|part| part.mentions(symbol))
            }
        }
    }
}

/// Operators of two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Binary {
    /// +
    Add,
    /// −
    Subtract,
    /// ×
    Multiply,
    /// Quotient, rounded towards zero.
    Divide,
    /// Remainder, with the sign of the dividend.
    Remainder,
    /// Quotient rounded up; both operands non-negative.
    CeilingDivide,
    /// The smaller.
    Minimum,
    /// The larger.
    Maximum,
    /// ==
    Equal,
    /// !=
    NotEqual,
    /// <
    Less,
    /// <=
    LessEqual,
    /// >
    Greater,
    /// >=
    GreaterEqual,
    /// and; the right operand is evaluated only if needed
    And,
    /// or; the right operand is evaluated only if needed
    Or,
    /// bitwise exclusive or
    Xor,
    /// shift left
    ShiftLeft,
    /// shift right
    ShiftRight,
}
