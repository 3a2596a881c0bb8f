//! What a check says: the verdict, the codes, and findings with their traces, in the words of the contract.

use crate::ir::{Source, Span};
use std::fmt;

/// The answer of a check. Inconclusive is never shown as verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Nothing was found, and everything within the bounds was covered.
    Verified,
    /// At least one finding that is an error.
    Violated,
    /// A limit ended the check, or something is not modelled.
    Inconclusive,
}

impl Verdict {
    /// The word used in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Verified => "verified",
            Verdict::Violated => "violated",
            Verdict::Inconclusive => "inconclusive",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $kind:literal, $title:literal;)*) => {
        /// The code of a finding.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// As printed: `AR001`.
            pub const fn number(self) -> &'static str {
                match self { $(Code::$variant => $number,)* }
            }

            /// The kind in json output: `data-race`.
            pub const fn kind(self) -> &'static str {
                match self { $(Code::$variant => $kind,)* }
            }

            /// One line on what it means.
            pub const fn title(self) -> &'static str {
                match self { $(Code::$variant => $title,)* }
            }
        }
    };
}

codes! {
    /// Two accesses conflict, causality leaves them unordered, and they are not morally strong.
    DataRace = "AR001", "data-race", "data race";
    /// Threads wait for ever.
    Deadlock = "AR002", "deadlock", "deadlock: who waits on which slot for which value, and who would have had to write it";
    /// Threads of a block do not all reach the same barrier.
    BarrierDivergence = "AR003", "barrier-divergence", "barrier divergence: not every thread of the block reaches the barrier, or they reach different ones";
    /// An output differs from the collective's definition.
    WrongResult = "AR004", "wrong-result", "wrong result";
    /// Memory read before anybody wrote it.
    Uninitialised = "AR005", "uninitialised-read", "read of memory nobody initialised";
    /// An access outside its buffer or not aligned.
    OutOfBounds = "AR006", "out-of-bounds", "out of bounds or misaligned access";
    /// Two different signals use one slot.
    SlotCollision = "AR007", "slot-collision", "slot collision: two different signals share a slot";
    /// A reset can destroy a signal in flight.
    ZeroingRace = "AR008", "zeroing-race", "zeroing race: a reset of a slot can destroy a signal in flight";
    /// Ranks can get different bits.
    RankDisagreement = "AR009", "rank-disagreement", "ranks can disagree: the order of reduction depends on timing or differs by rank";
    /// The scheduler may leave a block unstarted for ever.
    Progress = "AR010", "insufficient-progress", "hangs unless the scheduler gives more progress than was asked for";
    /// A pipe holds fewer operations than are outstanding.
    Hazard = "AR011", "resource-hazard", "hardware resource hazard: more operations outstanding than the pipe holds";
    /// A wait is satisfied by another launch's signal.
    EpochConfusion = "AR012", "epoch-confusion", "epoch confusion: a wait is satisfied by an earlier launch or round, or breaks at wrap-around";
    /// Credits are lost, or a held slot is overwritten.
    Credit = "AR013", "credit-violation", "credit violation: a slot is overwritten while its reader holds it, or credits are lost";
    /// Ranks do not agree on what is sent, launched or exchanged.
    PeersDisagree = "AR014", "peers-disagree", "peers disagree: mismatched sends, receives, launch shapes, collective order or handle exchange";
    /// Lint: published and never read.
    DeadPublish = "AR101", "dead-publish", "lint: published data that no peer reads";
    /// Lint: more synchronisation than is needed.
    Redundant = "AR102", "redundant-synchronisation", "lint: synchronisation that can be removed or weakened, with the weakest form that still verifies";
    /// Lint: strong accesses that conflict, in no order, and that nobody waits for.
    Unordered = "AR103", "unordered-accesses", "lint: conflicting strong accesses in no order, on which nobody waits";
}

impl Code {
    /// Lints are warnings: they do not change a verdict.
    pub const fn is_lint(self) -> bool {
        matches!(self, Code::DeadPublish | Code::Redundant | Code::Unordered)
    }

    /// The code with this number, as typed by a user in either case.
    pub fn from_number(number: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.number().eq_ignore_ascii_case(number))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.number())
    }
}

/// What a thread is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// A thread of a kernel's block.
    #[default]
    Thread,
    /// A thread of a block of a kernel, where a launch consists of several steps.
    Kernel {
        /// The step, counted from 1.
        step: u32,
        /// The kernel's name.
        name: &'static str,
    },
    /// The host thread of a rank.
    Host,
    /// A stream of a rank; 0 is the caller's.
    Stream(u32),
    /// What sends for a stream beside it, in a group.
    Helper(u32),
    /// A copy that a thread has started, and which is made beside it.
    Copy,
}

/// A thread in a finding. In a host program block 0 is the host thread, and block 1 + s is stream s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ThreadName {
    /// Its rank.
    pub rank: u32,
    /// Its block.
    pub block: u32,
    /// Its number within the block.
    pub thread: u32,
    /// The launch, counted from 0.
    pub launch: u32,
    /// What it is.
    pub role: Role,
}

impl fmt::Display for ThreadName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ThreadName { rank, block, thread, launch, role } = self;
        match role {
            Role::Thread => write!(formatter, "rank {rank} block {block} thread {thread} launch {launch}"),
            Role::Kernel { step, name } => {
                write!(formatter, "rank {rank} step {step} (`{name}`) block {block} thread {thread} launch {launch}")
            }
            Role::Host => write!(formatter, "rank {rank} host launch {launch}"),
            Role::Stream(stream) => write!(formatter, "rank {rank} stream {stream} launch {launch}"),
            Role::Copy => write!(formatter, "a copy of rank {rank} block {block} thread {thread} launch {launch}"),
            Role::Helper(stream) => write!(formatter, "rank {rank} stream {stream} (group) launch {launch}"),
        }
    }
}

/// Bytes of one rank's instance of a buffer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ByteLocation {
    /// The buffer's name.
    pub buffer: String,
    /// Whose instance.
    pub rank: u32,
    /// First byte, from the start of the instance.
    pub byte: u64,
}

/// A statement that takes part in a finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Who executed it, where that is one thread.
    pub thread: Option<ThreadName>,
    /// Where it stands in the source.
    pub span: Span,
    /// Call sites, outermost first.
    pub calls: Vec<Span>,
    /// What to write beside it.
    pub label: String,
}

/// One step of a trace.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceStep {
    /// Position in the execution, counted from 1 within the trace.
    pub step: u32,
    /// Who.
    pub thread: ThreadName,
    /// What, in words.
    pub operation: String,
    /// Line of the source, counted from 1; 0 where there is none.
    pub line: u32,
    /// Line of the innermost call that leads there; 0 where there is none.
    pub call: u32,
    /// What kind of operation.
    pub kind: StepKind,
    /// The step that wrote what it read, where that is in the trace.
    pub reads_from: Option<u32>,
    /// The barrier that it came to, where those who were awaited have come.
    pub meeting: Option<Meeting>,
    /// Whether it is one of the accesses that race.
    pub racing: bool,
}

/// A barrier at which threads of a trace have met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// Its number, counted from 1 within the trace: steps of one number have met.
    pub number: u32,
    /// How many threads came.
    pub threads: u32,
    /// Those of them that the trace has steps of.
    pub shown: Vec<ThreadName>,
}

macro_rules! step_kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal;)*) => {
        /// What kind of operation a step of a trace is.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum StepKind {
            $($(#[$doc])* $variant,)*
        }

        impl StepKind {
            /// Every kind.
            pub const ALL: &'static [StepKind] = &[$(StepKind::$variant,)*];

            /// The word in json output: `blocked`.
            pub const fn name(self) -> &'static str {
                match self { $(StepKind::$variant => $name,)* }
            }
        }
    };
}

step_kinds! {
    /// A launch begins: its rank's stream writes new contents.
    Launch = "launch";
    /// A launch has ended.
    End = "end";
    /// A thread comes to a barrier, or a barrier is complete.
    Barrier = "barrier";
    /// A store.
    Write = "write";
    /// A load.
    Read = "read";
    /// A read-modify-write.
    Update = "update";
    /// A copy or reduction, which reads and writes.
    Copy = "copy";
    /// A wait that was satisfied.
    Wait = "wait";
    /// A wait that is not satisfied.
    Blocked = "blocked";
    /// A fence, of memory or between proxies.
    Fence = "fence";
    /// What a thread does not come to, or does not go on from.
    Absent = "absent";
    /// Anything else.
    #[default]
    Other = "other";
}

macro_rules! why_kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal;)*) => {
        /// What kind of thing is missing, or is in the way.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum WhyKind {
            $($(#[$doc])* $variant,)*
        }

        impl WhyKind {
            /// Every kind.
            pub const ALL: &'static [WhyKind] = &[$(WhyKind::$variant,)*];

            /// The word in json output: `not-acquired`.
            pub const fn name(self) -> &'static str {
                match self { $(WhyKind::$variant => $name,)* }
            }
        }
    };
}

why_kinds! {
    /// A write that is observed does not release.
    NotReleased = "not-released";
    /// A read that observes does not acquire.
    NotAcquired = "not-acquired";
    /// A scope does not include the other thread.
    ScopeTooNarrow = "scope-too-narrow";
    /// An access is weak where a strong one is needed.
    WeakAccess = "weak-access";
    /// Strong accesses of different sizes.
    MixedSize = "mixed-size";
    /// Threads of a block do not meet between two statements.
    NoBarrier = "no-barrier";
    /// A fence is by another thread than the one that signals or waits.
    FenceByAnotherThread = "fence-by-another-thread";
    /// A wait is satisfied by what was written before the signal that it should wait for.
    EarlierSignal = "earlier-signal";
    /// A signal is given before the access that it should announce.
    SignalledTooEarly = "signalled-too-early";
    /// A wait comes behind the access that it should guard.
    WaitedTooLate = "waited-too-late";
    /// A launch publishes to peers under an assumption only.
    LaunchBoundary = "launch-boundary";
    /// Accesses of two proxies without a proxy fence.
    NoProxyFence = "no-proxy-fence";
    /// A load by a path that is not coherent.
    NonCoherentLoad = "non-coherent-load";
    /// An asynchronous copy is outstanding.
    CopyNotAwaited = "copy-not-awaited";
    /// A wait for a phase of an mbarrier object is satisfied by the phase that its thread has passed before.
    WrongPhase = "wrong-phase";
    /// A signal is taken away by a reset.
    Reset = "reset";
    /// A signal is overwritten before it is seen.
    Overwritten = "overwritten";
    /// Nobody writes what is waited for, or read.
    NeverWritten = "never-written";
    /// Who would have to signal waits itself.
    WaitsItself = "waits-itself";
    /// Who would have to signal is in a block that has not started.
    NotStarted = "not-started";
    /// Ranks launch different numbers of blocks.
    GridsDiffer = "grids-differ";
    /// A call of one rank has no counterpart.
    Unmatched = "unmatched";
    /// Threads have exited that a barrier waits for.
    Exited = "exited";
    /// Threads wait at different barriers.
    DifferentBarriers = "different-barriers";
    /// Something is no barrier that all threads can reach together.
    BadBarrier = "bad-barrier";
    /// A count from before the wrap is taken for a later one.
    WrapAround = "wrap-around";
    /// Two signals use one slot.
    SharedSlot = "shared-slot";
    /// A slot is written again before it is given back.
    HeldSlot = "held-slot";
    /// An input of a result is of an earlier launch.
    StaleInput = "stale-input";
    /// Inputs that a result should be made of take no part in it.
    MissingInput = "missing-input";
    /// A read came before the write that it needed.
    ReadTooEarly = "read-too-early";
    /// A read takes an old value although a newer one is there.
    OldValue = "old-value";
    /// Something is used in a way that has no meaning.
    Misused = "misused";
    /// A write lies between the read and the write of an update that is not atomic.
    LostUpdate = "lost-update";
    /// A result was written by this statement, from these inputs.
    WrittenHere = "written-here";
    /// Ranks reduce in different orders.
    OrderOfReduction = "order-of-reduction";
    /// An access outside its memory, or not aligned.
    OutsideTheBuffer = "outside-the-buffer";
    /// Memory is used after its block has ended.
    EndedBlock = "ended-block";
    /// An assertion, or a trap.
    FailedAssertion = "failed-assertion";
    /// Nothing that one thread did before its access observes anything that the other did behind its own.
    NoSynchronisation = "no-synchronisation";
}

/// One reason for a finding: a link in a chain of synchronisation that is missing or too weak, with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Why {
    /// What kind of link.
    pub kind: WhyKind,
    /// Where it stands in the source; empty where there is no text.
    pub span: Span,
    /// One sentence, with lines and threads.
    pub sentence: Vec<Phrase>,
}

/// A part of a sentence.
#[derive(Clone, Debug, PartialEq)]
pub enum Phrase {
    /// Words.
    Words(String),
    /// The line of a statement, and of the innermost call that leads there; nothing is said where there is no text.
    At {
        /// The statement.
        span: Span,
        /// The call.
        call: Option<Span>,
    },
}

impl From<&str> for Phrase {
    fn from(words: &str) -> Phrase {
        Phrase::Words(words.to_owned())
    }
}

impl From<String> for Phrase {
    fn from(words: String) -> Phrase {
        Phrase::Words(words)
    }
}

impl Why {
    /// The sentence, with the lines of a text.
    pub fn message(&self, source: &Source) -> String {
        let line = |span: &Span| source.line_column(span.start).0;
        let say = |phrase: &Phrase| match phrase {
            Phrase::Words(words) => words.clone(),
            Phrase::At { span, .. } if span.is_empty() => String::new(),
            Phrase::At { span, call: Some(call) } if !call.is_empty() => {
                format!(" at line {} (called at line {})", line(span), line(call))
            }
            Phrase::At { span, .. } => format!(" at line {}", line(span)),
        };
        self.sentence.iter().map(say).collect()
    }
}

/// Something found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What kind of thing.
    pub code: Code,
    /// One sentence.
    pub message: String,
    /// The statements involved, the primary one first.
    pub points: Vec<Point>,
    /// The memory involved.
    pub location: Option<ByteLocation>,
    /// Facts that help to understand it.
    pub notes: Vec<String>,
    /// How to mend it, where that is known.
    pub help: Option<String>,
    /// The causes: what is missing, the smallest set that would do.
    pub why: Vec<Why>,
    /// The interleaving, shortened.
    pub trace: Vec<TraceStep>,
    /// The assumptions, by name, under which there is no such finding, where that is known.
    pub assumption: Option<String>,
    /// The command that shows it again.
    pub replay: Option<String>,
}

impl Finding {
    /// What was found, and where; nothing else is known of it yet.
    pub const fn new(code: Code, message: String, points: Vec<Point>) -> Finding {
        Finding {
            code,
            message,
            points,
            location: None,
            notes: Vec::new(),
            help: None,
            why: Vec::new(),
            trace: Vec::new(),
            assumption: None,
            replay: None,
        }
    }
}

/// How much was covered.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Stats {
    /// Distinct states that Stateright held.
    pub states: u64,
    /// Executions that ended.
    pub executions: u64,
    /// Memory and synchronisation operations performed.
    pub operations: u64,
    /// Wall-clock seconds.
    pub seconds: f64,
}
