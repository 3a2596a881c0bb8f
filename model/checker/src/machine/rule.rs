//! The machine's rules, each of which a mutation test leaves out, to see that some test needs it.
//!
//! Decision: a rule is a place in the code where one line asks whether it holds, so that what is tested is what runs.
//! The road not taken, mutating the text, needs a build for every rule. A check leaves none out.

use super::Machine;

macro_rules! rules {
    ($($(#[doc = $text:literal])+ $name:ident,)+) => {
        /// A rule of the machine.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Rule {
            $($(#[doc = $text])+ $name,)+
        }

        impl Rule {
            /// All of them.
            pub const ALL: &'static [Rule] = &[$(Rule::$name,)+];

            /// What it says.
            pub const fn says(self) -> &'static str {
                match self {
                    $(Rule::$name => concat!($($text),+),)+
                }
            }
        }
    };
}

rules! {
    /// A scope reaches its own threads only.
    Scopes,
    /// Weak accesses to the same bytes, in no order, race.
    WeakRaces,
    /// The vectors of a data phase that are taken at once are in order with what came before them.
    SweepsAreOrdered,
    /// A weak access races with strong ones it is in no order with.
    SlotsAgainstWeak,
    /// A strong write races with what it is not morally strong with, in no order.
    StrongWriteRaces,
    /// A strong read races with writes it is not morally strong with, in no order.
    StrongReadRaces,
    /// An acquire operation synchronises with the releases it reads.
    AcquireByOperation,
    /// A fence synchronises with the releases that its thread has read.
    AcquireByFence,
    /// An acquire operation synchronises with what its thread has read from the slot before.
    EarlierRead,
    /// A release operation begins a release pattern.
    ReleaseByOperation,
    /// A fence begins a release pattern that a later strong write ends.
    ReleaseByFence,
    /// A release of a slot begins a release pattern that a later strong write of the slot ends.
    EarlierRelease,
    /// A read-modify-write passes on the release patterns of the message it continues.
    ReleaseThroughUpdates,
    /// A fence.sc precedes what follows another that reads and writes force behind it.
    FenceScSynchronises,
    /// Nobody reads what causality has overwritten.
    CausalityHides,
    /// Nobody reads an older message than the one observed.
    Observation,
    /// A strong write that was observed precedes what follows the read, although nothing synchronises.
    ObservedPrecedes,
    /// A read may return an older message than the newest.
    StaleReads,
    /// A write may come before others in coherence order.
    WritePositions,
    /// Nothing comes between a read-modify-write and what it read.
    UpdatesAreWhole,
    /// An update of a round that another update has come before is tried before it as well.
    PartedUpdates,
    /// Updates commute only if they are equal, and nobody looks.
    UpdatesMatter,
    /// Nobody learns from an update which of equal ones came before it, nor from one of them which came first.
    UpdatesAreUnordered,
    /// Two writes of a slot in no order are tried in both.
    WriteOrders,
    /// A write and an earlier read of a slot in no order are tried in both.
    ReadBeforeWriteOrders,
    /// A load and the writes of a slot in no order are tried in both.
    LoadOrders,
    /// A wait and the writes of a slot in no order are tried in both, where the order matters.
    WaitOrders,
    /// A message or round stands for another only if both come to the same next step with the same live registers.
    SameNextStep,
    /// A message or round stands for another only if the reader gets from the other no less.
    NothingLess,
    /// A round stands for another only if the other's reads acquire all that its own do.
    NoWeakerReads,
    /// Reads that lead into a loop are rounds of it only if the loop does the same with every word.
    EntrancesAlike,
    /// A way to a point of a round is left out only for one that reads nothing but the same, in the same order.
    LongerWays,
    /// Words that a wait would have read, had others been different, remember the wait.
    WordsAskedFor,
    /// Reads of rounds that come back race.
    ReadsInVain,
    /// Reads of a round that comes back follow what that has acquired before them.
    RoundsAcquire,
    /// The elements of a strong vector access are in no order.
    VectorsAreUnordered,
    /// The updates of one instruction are made in any order.
    UpdatesInAnyOrder,
    /// A compare-and-swap that fails only reads.
    FailedSwapsRead,
    /// Atomics read, also where nobody looks at what they found.
    UpdatesRead,
    /// What nobody has written is not read, whichever message is returned.
    UnwrittenMessages,
    /// A word that a wait does not depend on is read freely.
    FreeWords,
    /// The word between two updates of different operands tells which came first.
    UpdatesShowOrder,
    /// A wait may see the newest value first and miss the one it waits for.
    Misses,
    /// A barrier joins what its threads have seen.
    BarrierJoins,
    /// A barrier of a whole block ends a phase that all have seen.
    BarrierEndsPhase,
    /// A barrier of some threads shows each the others' operations.
    BarrierOfSome,
    /// Which arrivals complete a barrier with a count is tried in every way, where more could.
    BarrierPartners,
    /// Threads that must reach a barrier together are at one.
    AlignedTogether,
    /// A thread that has exited does not count as arrived.
    ExitedDoNotArrive,
    /// The threads of a barrier give one count.
    CountsAgree,
    /// A launch follows what its stream did.
    LaunchFollowsStream,
    /// A stream follows the launch that has ended.
    StreamFollowsLaunch,
    /// New inputs race with accesses they are in no order with.
    RefreshRaces,
    /// Arrivals at an mbarrier object that find different phases are tried in both orders, where somebody looks at the phase.
    PhasesMatter,
    /// The shared memory of a block of a cluster ends with the block.
    SharedMemoryEnds,
    /// The async proxy needs a fence for what ordinary threads wrote.
    ProxyFences,
    /// Memory that is read through a path that is not coherent is written by nobody while the kernel runs.
    ReadOnlyLoads,
    /// The owner reads its output after the launch.
    OutputIsRead,
    /// The output is what the definition says.
    Results,
    /// Ranks agree in every bit where that is promised.
    RanksAgree,
    /// Under the assumption, a launch boundary publishes to peers.
    Boundary,
    /// Under the assumption, a load before a barrier is done for whoever observes what is behind it.
    LoadsAreDone,
    /// Memory is written before it is read.
    Uninitialised,
    /// A pipe holds so many copies at once.
    PipeCapacity,
    /// What its thread does between a copy's start and its finish is in no order with the copy.
    OutstandingIsUnordered,
    /// A kernel waits for the copies it has started.
    PipesAreFinished,
    /// A device runs so many blocks at once.
    Residency,
    /// Blocks speak for one another only if what they do does not depend on which they are.
    AlikeBlocks,
    /// A thread is postponed only if it will not come to what those access who go first.
    WhoMayCome,
    /// What a rank has done is forgotten only if all who may come there have seen it.
    OthersMayCome,
    /// A message is retired only if nobody may still come and read it.
    OthersMayRead,
    /// A message is passed over only if the older one that is read instead gives no more.
    OlderGivesNoMore,
    /// A store may go first whatever others do; an update, which reads, may not.
    UpdatesAreNoStores,
    /// A device may start any block next.
    StartOrder,
    /// A wait that an earlier launch satisfied explains what follows.
    StaleWaits,
    /// Load buffering that the machine does not show leaves the verdict open.
    LoadBuffering,
    /// Whoever goes on behind a barrier or an exchange comes after what the others have read.
    MeetingsHandReadsOn,
    /// What follows a launch on its rank comes after what the launch has read.
    LaunchesHandReadsOn,
    /// What comes from one reading of a statement says nothing of another.
    ReadsAreCounted,
    /// What memory holds comes from what was stored last.
    OriginsAreOverwritten,
    /// A circle of load buffering may come to one word twice.
    OneWordTwice,
    /// A circle of load buffering may pass through a wait by a word that it might have read instead.
    WaitsMightHaveRead,
}

impl<P: crate::program::Program> Machine<P> {
    /// Whether a rule holds.
    pub(super) fn has(&self, rule: Rule) -> bool {
        self.settings.without != Some(rule)
    }

    /// Blocks that a device runs at once; `None` for all.
    pub(super) fn resident_blocks(&self) -> Option<u32> {
        // The streams of a host program are no blocks of a device.
        self.settings.resident_blocks.filter(|_| self.has(Rule::Residency) && !self.program.has_calls())
    }
}
