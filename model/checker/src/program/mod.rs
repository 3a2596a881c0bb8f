//! Thread programs: the one set of operations that every front end lowers to and the machine performs.
//!
//! A program yields one operation of one thread at a time, and is given the value where it reads. It holds no memory
//! and knows no schedule; the machine holds both and knows no front end. Operations address bytes of buffer
//! instances, never raw pointers, so that findings can name what they touch.

pub mod protocol;

use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::ir::{AtomicOperation, Compare, Initially, Reduction, Semantics, Span};
use smallvec::SmallVec;
use std::fmt::Debug;
use std::hash::Hash;

/// A byte of one rank's instance of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location {
    /// Index into [`Shape::instances`].
    pub instance: u32,
    /// Bytes from the start of the instance.
    pub byte: u64,
}

/// One operation of one thread.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// `bar.sync` or `bar.arrive`; `count` None: every thread of the block.
    Barrier {
        /// Barrier resource.
        id: u32,
        /// Threads that take part.
        count: Option<u32>,
        /// Arrive without waiting.
        arrive: bool,
    },
    /// Load of a word; its value goes to [`Program::supply`].
    Read {
        /// Where.
        at: Location,
        /// Order and scope.
        semantics: Semantics,
    },
    /// Store of a word.
    Write {
        /// Where.
        at: Location,
        /// What.
        value: u32,
        /// Order and scope.
        semantics: Semantics,
    },
    /// Wait until the word satisfies a condition.
    Await {
        /// Where.
        at: Location,
        /// The condition.
        condition: Condition,
        /// Order and scope of every poll.
        semantics: Semantics,
    },
    /// Read-modify-write of a word.
    Atomic {
        /// Where.
        at: Location,
        /// Which function.
        operation: AtomicOperation,
        /// Its operand.
        operand: u32,
        /// For compare-and-swap: the value compared with.
        expected: u32,
        /// Order and scope.
        semantics: Semantics,
        /// Whether the old value goes to [`Program::supply`].
        returns: bool,
    },
    /// Fence.
    Fence {
        /// Order and scope.
        semantics: Semantics,
    },
    /// Weak loads of several ranges, combined element by element, and a weak store of the result.
    Bulk(Box<Bulk>),
    /// An assertion, already evaluated.
    Assert {
        /// Whether it holds.
        holds: bool,
    },
    /// The thread ends.
    Exit,
}

/// One vector, or the cut-off end of one, of a data phase.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bulk {
    /// First byte written.
    pub destination: Location,
    /// First byte of each range read, in order of reduction.
    pub sources: SmallVec<[Location; 8]>,
    /// Bytes of each range.
    pub bytes: u32,
    /// How elements are combined; `None` copies.
    pub fold: Option<Reduction>,
    /// Element type.
    pub data: DataType,
    /// How 16-bit elements are summed.
    pub accumulate: Accumulate,
    /// Each range is one access, and must be aligned to its size.
    pub vector: bool,
}

/// `word compare value`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Condition {
    /// How.
    pub compare: Compare,
    /// With what.
    pub value: u32,
}

impl Condition {
    /// Whether a word satisfies it.
    pub fn holds(self, word: u32) -> bool {
        self.compare.holds(word, self.value)
    }
}

/// Coordinates of a thread within a launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Coordinates {
    /// Rank.
    pub rank: u32,
    /// Block within the rank.
    pub block: u32,
    /// Thread within the block.
    pub thread: u32,
    /// Launch, counted from 0.
    pub launch: u32,
}

/// Index of a statement, as the program numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SiteIndex(pub u32);

/// What went wrong inside a thread, apart from memory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fault {
    /// The code it is reported under.
    pub code: arverify_protocol::verdict::Code,
    /// One sentence.
    pub message: String,
    /// The statement.
    pub site: SiteIndex,
}

/// A buffer instance.
#[derive(Clone, Debug)]
pub struct Instance {
    /// The buffer's name.
    pub name: String,
    /// Whose instance.
    pub rank: u32,
    /// Size in bytes.
    pub bytes: u64,
    /// Peers cannot reach it.
    pub local: bool,
    /// Signal pad.
    pub pad: bool,
    /// New contents before every launch.
    pub refreshed: bool,
    /// Contents before the first launch.
    pub initially: Initially,
    /// Element type; `None` for words.
    pub data: Option<DataType>,
    /// Bytes at which accesses usually start and end: 16 for data, 4 for words.
    pub granule: u32,
    /// Index of the buffer, the same for all ranks.
    pub buffer: u32,
}

/// Sizes of a program and its memory.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Ranks.
    pub ranks: u32,
    /// The most blocks that any rank launches.
    pub blocks: u32,
    /// Threads in each block.
    pub threads: u32,
    /// Back-to-back launches on every rank.
    pub launches: u32,
    /// All buffer instances: instance `buffer * ranks + rank`.
    pub instances: Vec<Instance>,
}

/// What must hold of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Output buffer.
    pub output: u32,
    /// Input buffer.
    pub input: u32,
    /// The definition.
    pub collective: arverify_protocol::ir::Collective,
    /// Ranks must agree in every bit.
    pub same_on_all_ranks: bool,
    /// How 16-bit elements are summed.
    pub accumulate: Accumulate,
    /// The statement that says so.
    pub site: SiteIndex,
}

/// A front end's program.
pub trait Program: Send + Sync + 'static {
    /// State of one thread: program counter and registers.
    type Thread: Clone + Debug + PartialEq + Hash + Send + Sync;

    /// Sizes and memory.
    fn shape(&self) -> &Shape;
    /// Blocks that a rank launches.
    fn grid(&self, rank: u32) -> u32;
    /// The same program with every rank launching as many blocks as the rank that launches most, where that makes
    /// sense: to tell whether different grids are to blame.
    fn with_equal_grids(&self) -> Option<Self>
    where
        Self: Sized;
    /// A thread before its first operation.
    fn start(&self, coordinates: Coordinates) -> Self::Thread;
    /// The thread's next operation; moves past it.
    fn next(&self, coordinates: Coordinates, thread: &mut Self::Thread) -> Result<(Operation, SiteIndex), Fault>;
    /// Gives the value that the last operation read.
    fn supply(&self, coordinates: Coordinates, thread: &mut Self::Thread, value: u32);
    /// What must hold after every launch.
    fn expected(&self) -> Option<Expected>;
    /// Source and call sites of a statement.
    fn site(&self, site: SiteIndex) -> (Span, Vec<Span>);
    /// Line of a statement, counted from 1; 0 where there is none.
    fn line(&self, site: SiteIndex) -> u32;
    /// Inputs: element `index` of the refreshed buffer of a rank in a launch, as bits.
    fn input(&self, data: DataType, buffer: u32, rank: u32, launch: u32, index: u64) -> u32;
}
