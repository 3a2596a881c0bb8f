//! Thread programs: the one set of operations that every front end lowers to and the machine performs.
//!
//! A program yields one operation of one thread at a time, and is given the value where it reads. It holds no shared
//! memory and knows no schedule; the machine holds both and knows no front end. Operations address bytes of buffer
//! instances, never raw pointers, so that findings can name what they touch.
//!
//! * [`word`]: the words that strong operations read and write, what waits wait for, what atomics compute
//! * [`round`]: rounds of spin loops, which are waits for several words
//! * [`mbarrier`]: mbarrier objects as words
//! * [`memory`]: buffer instances, their sizes and contents, and what must hold of them
//! * [`part`]: parts of an instance with contents of their own
//! * [`proxy`]: accesses of the async proxy, and fences for them
//! * [`origins`]: which reads a value comes from
//! * [`wanted`]: what an output must hold, element by element
//! * [`protocol`]: the front end of the protocol language; [`host`]: its host programs

pub mod host;
pub mod lengths;
pub mod mbarrier;
pub mod memory;
pub mod origins;
pub mod part;
mod polled;
pub mod protocol;
pub mod proxy;
pub mod round;
pub mod wanted;
pub mod word;

use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::ir::Source;
use arverify_protocol::ir::{Reduction, Semantics, Span};
use arverify_protocol::verdict::{Code, Role, ThreadName};
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

pub use memory::{Contents, Definition, Element, Expected, Instance, Location, Shape};
pub use origins::{Dependencies, Read, ReadName, Reads};
pub use part::{Part, PartId};
pub use polled::Polled;
pub use proxy::Window;
pub use round::{Answers, Poll, PollUpdate, RoundStep};
pub use word::{AtomicFunction, AtomicKind, Condition, Width, Word};

/// One operation of one thread.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// A barrier of the block, or of lanes of a warp.
    Barrier(Barrier),
    /// Load of a word; its value goes to [`Program::supply`].
    Read {
        /// Where.
        at: Location,
        /// Its size.
        width: Width,
        /// Order and scope.
        semantics: Semantics,
        /// Its place in a vector access.
        element: VectorElement,
    },
    /// Store of a word.
    Write {
        /// Where.
        at: Location,
        /// Its size.
        width: Width,
        /// What.
        value: Word,
        /// Order and scope.
        semantics: Semantics,
        /// Its place in a vector access.
        element: VectorElement,
    },
    /// The thread stands before a read of a spin loop, and stays there until a round leaves it (see [`round`]).
    Spin {
        /// The word that it would read first.
        at: Location,
        /// Its size.
        width: Width,
        /// Order and scope of that read.
        semantics: Semantics,
    },
    /// Wait until the word satisfies a condition.
    Await {
        /// Where.
        at: Location,
        /// Its size.
        width: Width,
        /// The condition.
        condition: Condition,
        /// Order and scope of every poll.
        semantics: Semantics,
        /// Whether the word goes to [`Program::supply`].
        returns: bool,
    },
    /// Read-modify-write of a word.
    Atomic {
        /// Where.
        at: Location,
        /// Its size.
        width: Width,
        /// Which function.
        function: AtomicFunction,
        /// Its operand.
        operand: u64,
        /// For compare-and-swap: the value compared with.
        expected: u64,
        /// Order and scope.
        semantics: Semantics,
        /// Whether the old value goes to [`Program::supply`].
        returns: bool,
        /// Its place among updates of one instruction.
        element: VectorElement,
    },
    /// Weak load of a scalar or vector, aligned to its size; the bytes go to [`Program::supply_bytes`].
    Load {
        /// First byte.
        at: Location,
        /// How many.
        bytes: u32,
    },
    /// Weak store of a scalar or vector, aligned to its size.
    Store {
        /// First byte.
        at: Location,
        /// What.
        data: SmallVec<[u8; 16]>,
    },
    /// Fence.
    Fence {
        /// Order and scope.
        semantics: Semantics,
    },
    /// Fence between the generic and the async proxy: see [`proxy`].
    ProxyFence {
        /// Accesses to which memory.
        window: Window,
    },
    /// Weak loads of several ranges, combined element by element, and a weak store of the result.
    Bulk(Box<Bulk>),
    /// An asynchronous copy begins: the bulk operations that follow on this pipe of the thread are outstanding until it
    /// is finished.
    Start {
        /// Which pipe of the thread.
        pipe: u32,
        /// How many copies it holds.
        capacity: u32,
    },
    /// Wait until at most so many copies, the newest, are outstanding.
    Finish {
        /// Which pipe of the thread.
        pipe: u32,
        /// How many.
        remaining: u32,
    },
    /// An assertion, already evaluated.
    Assert {
        /// Whether it holds.
        holds: bool,
    },
    /// In a program that has calls: a launch begins or returns on this thread.
    Call(Call),
    /// The thread ends.
    Exit,
}

/// Which element of a strong vector access a word is: between the elements there is no order (PTX ISA, "Vector Data
/// Types": a set of scalar accesses in no order). So an acquire takes effect with the last one, and a release gives what
/// came before the first. The places that a multicast address stands for are elements, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VectorElement {
    /// Counted from 0.
    pub index: u16,
    /// Elements of the vector; 1 for a scalar.
    pub count: u16,
    /// So many lie side by side, and are aligned as a whole.
    pub adjacent: u16,
    /// So many have been made before it.
    pub made: u16,
}

impl VectorElement {
    /// No vector.
    pub const SCALAR: VectorElement = VectorElement { index: 0, count: 1, adjacent: 1, made: 0 };

    /// An element of a vector that lies in one place.
    pub const fn new(index: usize, count: usize) -> VectorElement {
        let (index, count) = (index as u16, count as u16);
        VectorElement { index, count, adjacent: count, made: index }
    }

    /// Where it stands among those that lie side by side.
    pub const fn within(self) -> u16 {
        self.index % self.adjacent
    }

    /// Whether it is the last one that is made.
    pub fn is_last(self) -> bool {
        self.made + 1 >= self.count
    }
}

/// Where a launch begins and returns, in a program that says so itself ([`Program::has_calls`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// What the thread does from here on belongs to this launch. The caller's thread writes new inputs first.
    Begins {
        /// Counted from 0.
        launch: u32,
    },
    /// The thread enters a kernel, which is launched here: what it follows came before the launch.
    Enters,
    /// It leaves the kernel.
    Leaves,
    /// On the caller's thread: the caller reads the output.
    Returns {
        /// Counted from 0.
        launch: u32,
    },
}

/// The block whose thread is the caller's, in a program that has calls.
pub const CALLER: u32 = 1;

/// `bar.sync`, `bar.arrive`, `bar.red`, `bar.warp.sync`, and what lanes of a warp exchange (`shfl`, `vote`, …).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Barrier {
    /// Who takes part.
    pub group: Group,
    /// What arrives at a barrier of the block.
    pub arrivals: Arrivals,
    /// Arrive without waiting.
    pub arrive: bool,
    /// What this thread gives; whoever waits gets everyone's through [`Program::gathered`].
    pub gather: Option<u64>,
    /// Whether it orders memory: an exchange of values between lanes does not.
    pub orders: bool,
}

impl Barrier {
    /// `block_sync`
    pub const BLOCK: Barrier = Barrier { arrivals: Arrivals::WholeBlock, ..Barrier::named(0, None, false) };

    /// A barrier of single threads: of the first so many, or of all.
    pub const fn named(id: u32, count: Option<u32>, arrive: bool) -> Barrier {
        let group = Group::Block { id, count };
        Barrier { group, arrivals: Arrivals::Threads, arrive, gather: None, orders: true }
    }
}

/// What arrives at a barrier of the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arrivals {
    /// Each thread for itself.
    Threads,
    /// Each warp, once all its threads that have not exited are there (PTX ISA, `barrier`).
    Warps {
        /// They must be at one instruction.
        aligned: bool,
    },
    /// The whole block, at one statement.
    WholeBlock,
}

/// Who takes part in a barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// Threads of the block, at one of its barriers.
    Block {
        /// Barrier resource.
        id: u32,
        /// Threads that take part; `None`: every thread of the block.
        count: Option<u32>,
    },
    /// Lanes of the thread's own warp; those that do not exist, or have exited, are not waited for.
    Warp {
        /// One bit for each lane.
        mask: u32,
    },
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
    /// The thread's pipe on which it is outstanding, as a part of the copy that was started there last.
    pub pipe: Option<u32>,
}

/// Vectors of a thread's data phase, which differ by a shift only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// The first.
    pub first: Bulk,
    /// Bytes from one to the next.
    pub step: u64,
    /// How many.
    pub count: u64,
    /// Bytes from the first to where the last whole vector of the row ends, whoever's that is.
    pub length: u64,
}

/// Which registers of a thread hold values that are not known yet: by register, the reads that they come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unknown {
    /// By register.
    pub registers: BTreeMap<u32, SmallVec<[u32; 2]>>,
    /// The same, of what the last operation stores.
    pub data: SmallVec<[u32; 2]>,
}

/// What a thread does next.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// An operation.
    Operation(Operation, SiteIndex),
    /// It needs values that are not known yet.
    Needs {
        /// The reads that they come from.
        reads: SmallVec<[u32; 2]>,
        /// All that follows depends on them, not this statement alone.
        for_all: bool,
        /// The statement.
        site: SiteIndex,
    },
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
    /// What follows from it.
    pub outcome: FaultOutcome,
    /// One sentence.
    pub message: String,
    /// The statement.
    pub site: SiteIndex,
}

impl Fault {
    /// A fault that is reported under a code.
    pub fn violation(code: Code, message: String, site: SiteIndex) -> Fault {
        Fault { outcome: FaultOutcome::Violation(code), message, site }
    }
}

/// What follows from a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultOutcome {
    /// The program is wrong.
    Violation(Code),
    /// The statement is not understood: the check is inconclusive.
    NotUnderstood,
}

/// Who should read what kernels write to a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Peers: it was made reachable for them on purpose.
    Peers,
    /// Some thread of any rank.
    Anybody,
    /// The front end does not know.
    Unknown,
}

/// A front end's program.
pub trait Program: Send + Sync + 'static {
    /// State of one thread: program counter and registers.
    type Thread: Clone + Debug + PartialEq + Hash + Send + Sync;
    /// A thread in a round of a spin loop, whose words need not all be decided. Programs whose waits are operations have
    /// none.
    type Round: Clone + Debug + Send + Sync;

    /// Sizes and memory.
    fn shape(&self) -> &Shape;
    /// Blocks that a rank launches.
    fn grid(&self, rank: u32) -> u32;
    /// Of these, blocks of the kernel.
    fn kernel_grid(&self, rank: u32) -> u32 {
        self.grid(rank)
    }
    /// Threads of a block of a rank, at most [`Shape::threads`].
    fn threads(&self, _rank: u32, _block: u32) -> u32 {
        self.shape().threads
    }
    /// Blocks of a cluster of a rank.
    fn cluster_size(&self, _rank: u32) -> u32 {
        1
    }
    /// The cluster of a block, by its first block: those that one cluster-wide scope reaches.
    fn cluster(&self, _rank: u32, block: u32) -> u32 {
        block
    }
    /// The block whose threads a thread of a block counts among, for scopes.
    fn scope_block(&self, _rank: u32, block: u32) -> u32 {
        block
    }
    /// Whether a thread is a copy in flight, which waits for nothing but to be started.
    fn is_copy(&self, at: Coordinates) -> bool {
        self.is_asynchronous(at)
    }
    /// Whether a thread's accesses to memory that it shares with a kernel are of the async proxy.
    fn is_asynchronous(&self, _: Coordinates) -> bool {
        false
    }
    /// The same program with every rank launching as many blocks as the rank that launches most, where that makes
    /// sense: to tell whether different grids are to blame.
    fn with_equal_grids(&self) -> Option<Self>
    where
        Self: Sized;
    /// The same program with more threads for copies that are started, where a run has shown that there are too few; or with
    /// more places known to hold unknown values, where it has shown that they are read.
    fn roomier(&self) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }
    /// What a verdict of verified leaves open, as far as runs have shown.
    fn open_question(&self) -> Option<String> {
        None
    }
    /// Whether some values are not known, which a run shows where they go to ([`Program::roomier`]).
    fn has_unknown_values(&self) -> bool {
        false
    }
    /// Whether a run may show that there are too few threads for copies.
    fn grows(&self) -> bool {
        false
    }
    /// A thread before its first operation.
    fn start(&self, coordinates: Coordinates) -> Self::Thread;
    /// The thread's next operation; moves past it.
    fn next(&self, coordinates: Coordinates, thread: &mut Self::Thread) -> Result<(Operation, SiteIndex), Fault>;
    /// The vectors of a data phase that come next, all but a cut-off one, with the thread behind them; `None` unless the
    /// thread is within a phase and several are left.
    fn rest_of_phase(&self, _: Coordinates, _: &Self::Thread) -> Option<(Sweep, SiteIndex, Self::Thread)> {
        None
    }
    /// Whether there may be such phases.
    fn has_sweeps(&self) -> bool {
        false
    }
    /// Gives the word that the last operation read, zero-extended.
    fn supply(&self, coordinates: Coordinates, thread: &mut Self::Thread, value: Word);
    /// Gives the bytes that the last [`Operation::Load`] read. Programs that yield none have nothing to do.
    fn supply_bytes(&self, _: Coordinates, _: &mut Self::Thread, _: &[u8]) {}
    /// Gives what every thread of a barrier brought, by thread of the block, before the thread goes on. Programs
    /// whose barriers gather nothing have nothing to do.
    fn gathered(&self, _: Coordinates, _: &mut Self::Thread, _: &[(u32, u64)]) {}
    /// The same as [`Program::next`], but for loops: the thread performs the next read of its round.
    fn next_of_round(&self, at: Coordinates, thread: &mut Self::Thread) -> Result<(Operation, SiteIndex), Fault> {
        self.next(at, thread)
    }
    /// A round of the loop that a thread stands in: before a read ([`Operation::Spin`]) or, if `met`, behind a barrier
    /// that others have yet to reach.
    fn round(&self, _: Coordinates, _: &Self::Thread, _met: bool) -> Option<Self::Round> {
        None
    }
    /// Goes on with a round.
    fn go_on(&self, _: Coordinates, _: &mut Self::Round, _: &mut Answers<'_>) -> RoundStep {
        RoundStep::Undecided
    }
    /// The round that begins where another came to its point `to`, with the same answers; and how many words it had asked
    /// for by then.
    fn round_from(
        &self,
        _: Coordinates,
        _: &Self::Round,
        _to: usize,
        _: &mut Answers<'_>,
    ) -> Option<(Self::Round, usize)> {
        None
    }
    /// Gives a round what every thread of a barrier brought; `None` where that is undecided.
    fn exchange(&self, _: Coordinates, _: &mut Self::Round, _: &[(u32, Option<u64>)]) {}
    /// Equal rounds do the same with the same words.
    fn round_digest(&self, _: &Self::Round) -> u64 {
        0
    }
    /// Where a round stood at the first read whose word was left undecided: equal points do the same from there.
    fn open_point(&self, _: &Self::Round) -> Option<u64> {
        None
    }
    /// What ends the loop that a thread stands in, in words: `>= 3`.
    fn describe_loop(&self, _: Coordinates, _: &Self::Thread) -> String {
        "a value that ends the loop".to_owned()
    }
    /// What must hold after every launch.
    fn expected(&self) -> Option<Expected>;
    /// Whether its threads check something themselves ([`Operation::Assert`]).
    fn asserts(&self) -> bool {
        false
    }
    /// What a verdict of verified does not rest on, known after a run: printed with it.
    fn doubts(&self) -> Vec<String> {
        Vec::new()
    }
    /// The text that sites point into.
    fn source(&self) -> &Source;
    /// Source and call sites of a statement.
    fn site(&self, site: SiteIndex) -> (Span, Vec<Span>);
    /// Under `--assume polled-words=strong`: the words that somebody accesses strongly, as far as they are known.
    fn polled(&self) -> Option<&Polled> {
        None
    }
    /// A number for the place of a statement, as a finding shows it: that of its line, where a line is all that is known.
    fn place(&self, site: SiteIndex) -> u64 {
        u64::from(self.site(site).0.start)
    }
    /// Whether two sites are the same statement, reached in different ways.
    fn are_one_statement(&self, left: SiteIndex, right: SiteIndex) -> bool {
        self.site(left).0 == self.site(right).0
    }
    /// Whether two sites are the same barrier, as those who must reach it together see it.
    fn are_one_barrier(&self, left: SiteIndex, right: SiteIndex) -> bool {
        left == right
    }
    /// Whether a load takes a path to memory that is not coherent, so that nobody may write what it reads while its kernel
    /// runs.
    fn is_non_coherent(&self, _site: SiteIndex) -> bool {
        false
    }
    /// Whether what a wait reads, where it is given to the program, is handed on as data.
    fn hands_on(&self, _site: SiteIndex) -> bool {
        true
    }
    /// Line of a statement, counted from 1; 0 where there is none.
    fn line(&self, site: SiteIndex) -> u32;
    /// Inputs: element `index` of the refreshed part of a buffer of a rank in a launch, as bits.
    fn input(&self, element: Element, part: PartId, rank: u32, launch: u32, index: u64) -> u64;
    /// What a part holds when a launch begins that it is new for; `u32::MAX` before the first launch.
    fn contents(&self, part: &Part, rank: u32, launch: u32) -> Vec<u8> {
        let mut bytes = vec![0; part.length() as usize];
        part.fill(&mut bytes, |element, index| self.input(element, part.id, rank, launch, index));
        bytes
    }
    /// Bytes of an instance that a launch may reach: fewer than it has, where launches differ in length.
    fn extent(&self, instance: u32, _launch: u32) -> u64 {
        self.shape().instances[instance as usize].bytes
    }
    /// N of each launch; nothing where they do not differ.
    fn lengths(&self) -> Vec<u64> {
        Vec::new()
    }
    /// Bytes of a part that are a launch's: those that its owner's host reads, and that hold its result.
    fn part_in(&self, instance: u32, part: &Part, launch: u32) -> Range<u64> {
        let end = part.bytes.end.min(self.extent(instance, launch));
        part.bytes.start..end.max(part.bytes.start)
    }
    /// Who should read what kernels write to a buffer; where nobody does, that is worth a lint.
    fn readers(&self, _buffer: u32) -> Readers {
        Readers::Unknown
    }
    /// Whether a buffer's rows are slots that a sender and a receiver hand each other by credits.
    fn is_channel(&self, _buffer: u32) -> bool {
        false
    }
    /// What a pipe of a thread is called. Programs without pipes have nothing to name.
    fn pipe_name(&self, pipe: u32) -> String {
        pipe.to_string()
    }
    /// How a thread waits for the copies of a pipe.
    fn pipe_wait(&self, pipe: u32) -> String {
        format!("`finish {}`", self.pipe_name(pipe))
    }
    /// Whether a thread may yet come to a statement in its launch.
    fn may_reach(&self, _: &Self::Thread, _: SiteIndex) -> bool {
        true
    }
    /// Whether somebody asks what threads hold that have ended.
    fn ends_are_asked_for(&self) -> bool {
        false
    }
    /// Whether two threads of one rank, in blocks of one thread, do the same from here on: nothing depends on which block it is.
    fn are_alike(&self, _left: &Self::Thread, _right: &Self::Thread) -> bool {
        false
    }
    /// Whether threads say themselves where launches begin and return ([`Call`]). The machine then launches once.
    fn has_calls(&self) -> bool {
        false
    }
    /// What a finding calls a thread.
    fn name(&self, at: Coordinates) -> ThreadName {
        let Coordinates { rank, block, thread, launch } = at;
        ThreadName { rank, block, thread, launch, role: self.role(block) }
    }
    /// What a block's threads are.
    fn role(&self, _block: u32) -> Role {
        Role::Thread
    }
    /// What is done at a site that has no place in the source, in words.
    fn statement(&self, _: SiteIndex) -> Option<&str> {
        None
    }
    /// What a word says, in words, where it is no word of the source.
    fn describe(&self, _: Location) -> Option<&str> {
        None
    }
    /// The element that a byte of a buffer begins, by its place in the shape that is declared; `None` where no shape is.
    fn element(&self, _: Location) -> Option<Vec<u64>> {
        None
    }
    /// Why a word that is waited for is never written, where the ranks' programs do not fit each other.
    fn missing(&self, _: Location) -> Option<&str> {
        None
    }
    /// Bytes of one thread's state, roughly: for the limit on memory.
    fn thread_bytes(&self) -> u64 {
        0
    }
    /// What a verdict rests on besides the memory model, known before or after a run: printed with it.
    fn assumptions(&self) -> Vec<String> {
        Vec::new()
    }
    /// A program that must be verified as well, where this one alone leaves something out.
    fn companion(&self) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }
    /// The same program with every poll a read like any other, where it would yield waits of its own finding.
    fn without_waits(&self) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }
    /// Digest of all that a thread's future depends on: before the operation of a statement, which it has yielded, or
    /// behind its last operation.
    fn standing(&self, thread: &Self::Thread, _before: Option<SiteIndex>) -> u64 {
        let mut hasher = DefaultHasher::new();
        thread.hash(&mut hasher);
        hasher.finish()
    }
    /// The thread's next operation, where values that it has read may be unknown; or which of them it needs first.
    /// Programs that know no unknown values need none.
    fn next_of(&self, at: Coordinates, thread: &mut Self::Thread, _: &mut Unknown) -> Result<Next, Fault> {
        self.next(at, thread).map(|(operation, site)| Next::Operation(operation, site))
    }
    /// Leaves the word that the last operation read unknown, under this number. False if it must be known.
    fn supply_unknown(&self, _: &Self::Thread, _: &mut Unknown, _number: u32) -> bool {
        false
    }
    /// From now on the thread tells which reads its values come from. Programs that do not know have nothing to do: then
    /// nothing but what is waited for counts as a dependency.
    fn follow(&self, _: &mut Self::Thread) {}
    /// What the last operation read comes from these reads.
    fn came_from(&self, _: &mut Self::Thread, _: &[Read]) {}
    /// What the operation that the thread has yielded depends on, besides what earlier ones did.
    fn dependencies(&self, _: &mut Self::Thread) -> Dependencies {
        Dependencies::default()
    }
    /// What [`Program::gathered`] gave a thread comes from these reads, by the thread of the block that brought it.
    fn gathered_from(&self, _: Coordinates, _: &mut Self::Thread, _: &[(u32, Reads)]) {}
    /// The registers, by number, whose values a thread's future depends on before the operation of a statement; empty
    /// where they are not told apart.
    fn live(&self, _thread: &Self::Thread, _before: SiteIndex) -> Vec<(u32, u64)> {
        Vec::new()
    }
    /// Whether the update that a thread stands at may come behind others of its instruction, with which it is in no order.
    fn may_put_off(&self, _: &Self::Thread, _: SiteIndex) -> bool {
        false
    }
    /// Puts the update that a thread stands at behind the others of its instruction.
    fn put_off(&self, _: &mut Self::Thread, _: SiteIndex) {}
    /// For an element of a strong vector access, the first of its elements: they are in no order.
    fn vector(&self, _site: SiteIndex) -> Option<SiteIndex> {
        None
    }
}
