//! Decoded instructions: every operand resolved, every modifier read.
//!
//! One PTX instruction becomes one or more steps with the same guard and the same origin (a vector atomic becomes one
//! for each element; a special register used as an operand is read by a step of its own). Calls are expanded where
//! they stand, so that code is one flat sequence, a register is a slot of one file for each thread, and a call path is
//! part of the origin: neither the interpreter nor the flow analysis knows of a stack. The price is that recursion and
//! indirect calls are not understood; they are errors of the instruction, which count only if it is reached.

use super::function::Function;
use crate::program::{AtomicFunction, VectorElement, Width, Window};
use arverify_protocol::ir::Semantics;
use arverify_protocol::verdict::Code;
use smallvec::SmallVec;

/// Slot of a thread's register file. 128-bit values and vectors occupy consecutive slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Register(pub u32);

/// Position in [`Code::instructions`](super::Code::instructions).
pub type Pc = u32;

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A register.
    Register(Register),
    /// The value itself.
    Constant(u64),
}

impl Source {
    /// Zero.
    pub const ZERO: Source = Source::Constant(0);

    /// The register, where it is one.
    pub const fn register(self) -> Option<Register> {
        match self {
            Source::Register(register) => Some(register),
            Source::Constant(_) => None,
        }
    }
}

/// An instruction: a step that is taken if its guard holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Instruction {
    /// `@p` or `@!p`
    pub guard: Option<Guard>,
    /// What it does.
    pub step: Step,
}

/// Condition of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Guard {
    /// The predicate.
    pub register: Register,
    /// Taken if it is false.
    pub negated: bool,
}

/// What an instruction does.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// One result from up to four operands.
    Compute {
        /// The function.
        function: Function,
        /// Its result.
        destination: Register,
        /// Its operands.
        sources: [Source; 4],
    },
    /// Two results; either may be thrown away.
    ComputePair {
        /// The function.
        function: Function,
        /// Its results.
        destinations: [Option<Register>; 2],
        /// Its operands.
        sources: [Source; 4],
    },
    /// A special register.
    Special {
        /// Which.
        special: Special,
        /// Where to.
        destination: Register,
    },
    /// The generic address of this rank's copy of a module's `.global` variable.
    VariableAddress {
        /// Index into [`Code::globals`](super::Code::globals).
        variable: u32,
        /// Bytes from its start.
        offset: i64,
        /// Where to.
        destination: Register,
    },
    /// Load of one or more elements.
    Load {
        /// Which memory.
        space: Space,
        /// First byte.
        address: Address,
        /// One element after another; `None` is thrown away.
        destinations: SmallVec<[Option<Register>; 4]>,
        /// Size and extension of each.
        element: Element,
        /// Order and scope.
        semantics: Semantics,
    },
    /// Store of one or more elements.
    Store {
        /// Which memory.
        space: Space,
        /// First byte.
        address: Address,
        /// One element after another.
        sources: SmallVec<[Source; 4]>,
        /// Size of each.
        element: Element,
        /// Order and scope.
        semantics: Semantics,
    },
    /// Atomic read-modify-write (`atom`, `red`).
    Atomic {
        /// Which memory.
        space: Space,
        /// Where.
        address: Address,
        /// Size.
        width: Width,
        /// What.
        function: AtomicFunction,
        /// Operand; for compare-and-swap the new value.
        operand: Source,
        /// For compare-and-swap: the value compared with.
        expected: Source,
        /// Where the old value goes; `None` for `red`.
        destination: Option<Register>,
        /// Order and scope.
        semantics: Semantics,
        /// Its place among the updates of a `multimem.red`.
        place: VectorElement,
    },
    /// A group of asynchronous copies begins, unless one has.
    BeginGroup {
        /// Whether one has.
        open: Register,
    },
    /// `cp.async`: one copy of the group that has begun.
    AsyncCopy(AsyncCopy),
    /// `cp.async.wait_group`
    AwaitGroups {
        /// Closed groups that need not be complete, the newest.
        remaining: u32,
        /// Whether one has begun that is not closed.
        open: Register,
    },
    /// `cp.async.bulk`, `cp.reduce.async.bulk`, `st.async`, `red.async`: a copy by the async proxy begins; and `cp.async`
    /// where arrivals are triggered by copies.
    Bulk(Box<BulkCopy>),
    /// `cp.async.bulk.commit_group`, `cp.async.commit_group`
    CommitBulk {
        /// Of which copies.
        proxy: Proxy,
    },
    /// `cp.async.bulk.wait_group`, `cp.async.wait_group`
    AwaitBulk {
        /// Of which copies.
        proxy: Proxy,
        /// Groups that need not be complete, the newest.
        remaining: u32,
        /// Only what they read must be complete (`.read`).
        reads: bool,
    },
    /// `fence.proxy.async`
    ProxyFence {
        /// For accesses to which memory.
        window: Window,
    },
    /// `fence`, `membar`
    Fence {
        /// Order and scope.
        semantics: Semantics,
    },
    /// `bar`, `barrier`
    Barrier(Barrier),
    /// Synchronisation and exchange of values among the lanes of a warp.
    Warp(Warp),
    /// `griddepcontrol`
    DependentLaunch {
        /// Waits for what the launch depends on, or calls for the one that depends on it.
        waits: bool,
    },
    /// `bra`, and the `ret` of a call
    Branch {
        /// Where to.
        target: Pc,
    },
    /// `brx.idx`
    BranchTable {
        /// Which of the targets; out of range is undefined.
        index: Source,
        /// Where to.
        targets: Box<[Pc]>,
    },
    /// The thread ends: `exit`, and `ret` of the kernel
    Exit,
    /// The kernel ends itself with an error: `trap`, `__assertfail`
    Trap {
        /// What kind of error.
        code: Code,
        /// What happened, as a sentence.
        message: Box<str>,
    },
    /// Computes values that are not modelled, from registers: `mma.sync`. Operands are left out: whatever they hold, the
    /// results are unknown.
    Unknown {
        /// The instruction.
        name: Box<str>,
        /// Its results.
        destinations: SmallVec<[Register; 8]>,
    },
    /// Without effect on what is modelled: `nanosleep`, `prefetch`, `vprintf`
    Nothing,
    /// Not understood. Counts only when it is reached.
    Unsupported {
        /// The instruction and what about it.
        text: Box<str>,
    },
}

/// `cp.async`: a copy from global to shared memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsyncCopy {
    /// First byte written.
    pub to: Address,
    /// First byte read.
    pub from: Address,
    /// Bytes written.
    pub bytes: u32,
    /// Bytes read, if not as many; the rest becomes zero.
    pub read: Option<Source>,
    /// This is the rest.
    pub fills: bool,
}

/// By which proxy a copy in flight accesses memory: `cp.async.bulk` by the async one, `cp.async` by the generic one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Proxy {
    /// As ordinary accesses.
    Generic,
    /// Of its own.
    Async,
}

/// A copy in flight.
#[derive(Clone, Debug, PartialEq)]
pub struct BulkCopy {
    /// How it accesses memory.
    pub proxy: Proxy,
    /// First byte written.
    pub to: (Space, Address),
    /// What is written.
    pub from: BulkSource,
    /// How many bytes.
    pub bytes: Source,
    /// How elements are combined with what is there, and their size; without, they replace it.
    pub combines: Option<(AtomicFunction, Width)>,
    /// The mbarrier object that is told of its bytes, and how; without, the copy belongs to a group.
    pub signals: Option<(Space, Address, AtomicFunction)>,
    /// One copy for each block of the cluster in this mask (`.multicast::cluster`).
    pub blocks: Option<Source>,
}

/// What a copy writes.
#[derive(Clone, Debug, PartialEq)]
pub enum BulkSource {
    /// What memory holds.
    Memory(Space, Address),
    /// Elements of this size.
    Values(SmallVec<[Source; 4]>, Width),
    /// What memory holds, so many bytes of it, and zeros behind (`cp.async` with a size of the source).
    Padded(Address, Source),
    /// Nothing: it waits for the copies of its thread before it, and arrives (`cp.async.mbarrier.arrive`).
    Arrival,
}

/// A memory address: base plus offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// What the offset is added to.
    pub base: Base,
    /// Bytes.
    pub offset: i64,
}

/// The base of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Base {
    /// A register, or a number.
    Value(Source),
    /// This rank's copy of a module's `.global` variable.
    Variable(u32),
}

/// Which memory an address is an offset into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Space {
    /// Global memory; its addresses are generic ones.
    Global,
    /// Told by the address.
    Generic,
    /// The block's shared memory: from its start.
    Shared,
    /// Shared memory of a block of the cluster.
    Cluster,
    /// Global memory of a rank, by an address that stands for the same place of all ranks.
    Multicast(u8),
    /// Constant memory: from its start.
    Constant,
    /// The thread's own memory, where parameters of calls lie too: from its start.
    Local,
    /// The kernel's parameters: from their start.
    Parameter,
}

/// Size of an element in memory, and what becomes of it in a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Element {
    /// Size.
    pub width: Width,
    /// Bits of the register to which a signed element is extended; 0: extended with zeros.
    pub sign_extend_to: u8,
    /// Its place in a strong vector access, whose elements are accesses of their own; a weak vector is one access.
    pub place: VectorElement,
}

/// `bar`, `barrier`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Barrier {
    /// Which.
    pub kind: BarrierKind,
    /// The barrier resource.
    pub id: Source,
    /// Threads that take part; `None`: all of the block.
    pub count: Option<Source>,
    /// `.aligned`: every thread of the warp executes it
    pub aligned: bool,
}

/// Kinds of barrier instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BarrierKind {
    /// Arrive and wait.
    Sync,
    /// Arrive.
    Arrive,
    /// Arrive, wait, and reduce a predicate over the threads.
    Reduce {
        /// How.
        reduction: BarrierReduction,
        /// The thread's own.
        predicate: Source,
        /// The result.
        destination: Register,
    },
}

/// Reductions of `bar.red`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BarrierReduction {
    /// How many are true
    Popc,
    /// Whether all are
    And,
    /// Whether one is
    Or,
}

/// Synchronisation of the lanes of a warp that a mask names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Warp {
    /// The lanes, this one among them.
    pub mask: Source,
    /// What they exchange.
    pub exchange: Exchange,
}

/// What lanes exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exchange {
    /// `bar.warp.sync`: nothing, but it orders memory
    Sync,
    /// `shfl.sync`
    Shuffle {
        /// Which lane.
        mode: Shuffle,
        /// The value given.
        value: Source,
        /// Lane, offset or mask.
        lane: Source,
        /// Clamp and segment mask.
        clamp: Source,
        /// The value received.
        destination: Option<Register>,
        /// Whether it came from a lane in range.
        valid: Option<Register>,
    },
    /// `vote.sync`
    Vote {
        /// How.
        mode: Vote,
        /// The thread's own.
        predicate: Source,
        /// The result.
        destination: Register,
    },
    /// `match.any.sync`: the lanes that gave the same value
    MatchAny {
        /// The value given.
        value: Source,
        /// The lanes.
        destination: Register,
    },
    /// `match.all.sync`: all lanes if they gave the same value, else none
    MatchAll {
        /// The value given.
        value: Source,
        /// The lanes.
        destination: Option<Register>,
        /// Whether they did.
        same: Option<Register>,
    },
    /// `redux.sync`
    Reduce {
        /// How.
        reduction: WarpReduction,
        /// The value given.
        value: Source,
        /// The result.
        destination: Register,
    },
    /// `elect.sync`
    Elect {
        /// The lane elected.
        leader: Option<Register>,
        /// Whether it is this one.
        elected: Option<Register>,
    },
}

/// Modes of `shfl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shuffle {
    /// lane − offset
    Up,
    /// lane + offset
    Down,
    /// lane xor mask
    Butterfly,
    /// A lane
    Index,
}

/// Modes of `vote`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Vote {
    /// Whether all are true
    All,
    /// Whether one is
    Any,
    /// Whether all are the same
    Uniform,
    /// The lanes where it is true
    Ballot,
}

/// Reductions of `redux`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WarpReduction {
    /// Sum
    Add,
    /// Unsigned minimum
    MinUnsigned,
    /// Unsigned maximum
    MaxUnsigned,
    /// Signed minimum
    MinSigned,
    /// Signed maximum
    MaxSigned,
    /// Bitwise and
    And,
    /// Bitwise or
    Or,
    /// Bitwise exclusive or
    Xor,
}

/// Special registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Special {
    /// `%tid.xyz`
    Thread(u8),
    /// `%ntid.xyz`
    Threads(u8),
    /// `%ctaid.xyz`
    Block(u8),
    /// `%nctaid.xyz`
    Blocks(u8),
    /// `%laneid`
    Lane,
    /// `%lanemask_eq` and so on
    LaneMask(LaneMask),
    /// `%clusterid.xyz`
    Cluster(u8),
    /// `%nclusterid.xyz`
    Clusters(u8),
    /// `%cluster_ctaid.xyz`
    BlockOfCluster(u8),
    /// `%cluster_nctaid.xyz`
    BlocksOfCluster(u8),
    /// `%cluster_ctarank`
    ClusterRank,
    /// `%cluster_nctarank`
    ClusterSize,
    /// `%is_explicit_cluster`
    ExplicitCluster,
    /// Address of the object that is the barrier of the cluster.
    ClusterBarrier,
    /// Half of the address of the words that a cooperative launch gives for the barrier of its grid; else zero.
    GridBarrier {
        /// The upper half.
        high: bool,
    },
    /// `%dynamic_smem_size`
    DynamicSharedBytes,
    /// `%total_smem_size`
    TotalSharedBytes,
    /// Any value at all, and any other the next time: clocks, `%smid`, `%warpid`.
    Arbitrary(Arbitrary),
}

/// Lanes in relation to this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LaneMask {
    /// This one
    Equal,
    /// Those below
    Less,
    /// Those below, and this
    LessEqual,
    /// Those above
    Greater,
    /// Those above, and this
    GreaterEqual,
}

/// Special registers whose value is not the program's to know. They read as zero, which is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arbitrary {
    /// `%clock`, `%clock64`, `%clock_hi`, `%globaltimer`
    Clock,
    /// `%smid`, `%nsmid`
    Processor,
    /// `%warpid`, `%nwarpid`
    WarpIndex,
    /// `%gridid`
    GridIndex,
}
