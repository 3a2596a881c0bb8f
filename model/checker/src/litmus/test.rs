//! A litmus test as data.
//!
//! Decision: one flat list of instructions for each thread, with branch targets as indices into it. Proxies belong to
//! instructions; a location has a physical address and a virtual one, as `y @ generic aliases x` (one physical, two
//! virtual) and `s @ surface aliases x` (the same virtual one through another proxy) say.

use arverify_protocol::ir::{Order, Scope, Source, Span};
use std::sync::Arc;

/// A thread, numbered from the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ThreadId(pub u32);

/// A physical location.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocationId(pub u32);

/// A virtual address; several may lead to one physical location.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VirtualAddress(pub u32);

/// A register of a thread, `rN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Register(pub u32);

impl ThreadId {
    /// As an index into [`Test::threads`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl LocationId {
    /// As an index into [`Test::initial`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Where an access goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    /// The memory.
    pub physical: LocationId,
    /// The address it is reached by.
    pub address: VirtualAddress,
}

/// A whole test.
#[derive(Clone, Debug)]
pub struct Test {
    /// What the first line calls it.
    pub name: String,
    /// The text it was read from.
    pub source: Arc<Source>,
    /// From left to right.
    pub threads: Vec<ThreadText>,
    /// The value of each physical location at the start.
    pub initial: Vec<i64>,
    /// The name under which each physical location was declared.
    pub location_names: Vec<String>,
    /// Only executions that satisfy it count.
    pub filter: Option<Formula>,
    /// What is asked.
    pub quantifier: Quantifier,
    /// Of which outcomes.
    pub condition: Formula,
}

/// One column of the table.
#[derive(Clone, Debug)]
pub struct ThreadText {
    /// Where it runs.
    pub placement: Placement,
    /// What it does; branch targets are indices, the length included.
    pub instructions: Vec<(Instruction, Span)>,
    /// Registers that do not start as 0.
    pub initial: Vec<(Register, i64)>,
}

/// Block and device of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Placement {
    /// `@cta`, numbered within its device.
    pub block: u32,
    /// `gpu`
    pub device: u32,
}

impl Placement {
    /// Whether an operation of this scope by a thread here includes a thread there.
    pub fn includes(self, scope: Scope, there: Placement) -> bool {
        match scope {
            // Every block is a cluster of its own.
            Scope::Cta | Scope::Cluster => self == there,
            Scope::Gpu => self.device == there.device,
            Scope::Sys => true,
        }
    }
}

/// How a memory operation reaches memory (PTX ISA, Memory Consistency Model, "Proxies").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proxy {
    /// `ld`, `st`, `atom`, `red`
    Generic,
    /// `suld`, `sust`, `suatom`, `sured`
    Surface,
    /// `tld`
    Texture,
    /// `cold`
    Constant,
}

/// What loads, stores and atomics have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// `.weak`, `.relaxed` and so on.
    pub order: Order,
    /// The scope; means nothing for weak accesses.
    pub scope: Scope,
    /// The proxy, from the mnemonic.
    pub proxy: Proxy,
    /// Where.
    pub location: Location,
}

/// A constant or a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// A number.
    Constant(i64),
    /// A register's value.
    Register(Register),
}

/// `add` and the like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arithmetic {
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Product.
    Mul,
    /// Signed quotient.
    Div,
    /// Bitwise and.
    And,
    /// Bitwise or.
    Or,
    /// Bitwise exclusive or.
    Xor,
    /// The smaller, signed.
    Min,
    /// The larger, signed.
    Max,
    /// `old >= limit ? 0 : old + 1`, unsigned.
    Inc,
    /// `old == 0 || old > limit ? limit : old - 1`, unsigned.
    Dec,
}

/// What an atomic does to its location.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtomicOperation {
    /// The old value combined with an operand.
    Apply(Arithmetic, Operand),
    /// A new value.
    Exchange(Operand),
    /// The second operand if the old value equals the first, else the old value again.
    CompareAndSwap(Operand, Operand),
}

/// `fence.acq_rel` and `fence.sc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence {
    /// `.sc`
    pub sequentially_consistent: bool,
    /// The scope.
    pub scope: Scope,
}

/// `fence.proxy`
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProxyFence {
    /// Between a proxy and the generic one.
    Proxy(Proxy),
    /// Between virtual addresses of one physical location.
    Alias,
}

/// `beq` and the like; signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// One instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// Memory to register.
    Load(Access, Register),
    /// Value to memory.
    Store(Access, Operand),
    /// A read and a write of one location; `red` has no register.
    Atomic(Access, AtomicOperation, Option<Register>),
    /// A fence.
    Fence(Fence),
    /// A proxy fence.
    ProxyFence(ProxyFence),
    /// `bar.cta`
    Barrier {
        /// Does not wait.
        arrive: bool,
        /// Which barrier in the text.
        instance: u32,
        /// The barrier resource; 0 when not given.
        resource: Operand,
        /// How many arrivals complete it; without one, those of all threads whose text holds the instance.
        quorum: Option<Operand>,
    },
    /// `ld rd, value`
    Move(Register, Operand),
    /// `add` and the like.
    Compute(Arithmetic, Register, Operand, Operand),
    /// To the target if the comparison holds.
    Branch(Comparison, Operand, Operand, usize),
    /// To the target.
    Goto(usize),
}

/// What is asked of the condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// Some execution satisfies it.
    Exists,
    /// None does.
    NotExists,
    /// All do.
    ForAll,
}

/// A value at the end of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    /// A number.
    Constant(i64),
    /// A thread's register.
    Register(ThreadId, Register),
    /// A location's final value.
    Location(LocationId),
}

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Formula {
    /// Two values compared.
    Compare(Comparison, Term, Term),
    /// Not.
    Not(Box<Formula>),
    /// All of them.
    And(Vec<Formula>),
    /// One of them.
    Or(Vec<Formula>),
}

impl Comparison {
    /// Whether it holds of two numbers.
    pub fn holds(self, left: i64, right: i64) -> bool {
        match self {
            Comparison::Equal => left == right,
            Comparison::NotEqual => left != right,
            Comparison::Less => left < right,
            Comparison::LessOrEqual => left <= right,
            Comparison::Greater => left > right,
            Comparison::GreaterOrEqual => left >= right,
        }
    }
}

impl Arithmetic {
    /// The result on two numbers, modulo 2^64; `None` for a division by zero.
    pub fn apply(self, left: i64, right: i64) -> Option<i64> {
        Some(match self {
            Arithmetic::Add => left.wrapping_add(right),
            Arithmetic::Sub => left.wrapping_sub(right),
            Arithmetic::Mul => left.wrapping_mul(right),
            Arithmetic::Div if right == 0 => return None,
            Arithmetic::Div => left.wrapping_div(right),
            Arithmetic::And => left & right,
            Arithmetic::Or => left | right,
            Arithmetic::Xor => left ^ right,
            Arithmetic::Min => left.min(right),
            Arithmetic::Max => left.max(right),
            Arithmetic::Inc if left as u64 >= right as u64 => 0,
            Arithmetic::Inc => left.wrapping_add(1),
            Arithmetic::Dec if left == 0 || left as u64 > right as u64 => right,
            Arithmetic::Dec => left.wrapping_sub(1),
        })
    }
}

impl Formula {
    /// Every term in it.
    pub fn terms(&self) -> Vec<Term> {
        match self {
            Formula::Compare(_, left, right) => vec![*left, *right],
            Formula::Not(inner) => inner.terms(),
            Formula::And(parts) | Formula::Or(parts) => parts.iter().flat_map(Formula::terms).collect(),
        }
    }
}
