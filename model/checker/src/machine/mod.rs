//! The machine: threads, barriers, slots, launches, and what each operation does to them.
//!
//! A [`State`] is a whole execution so far. [`Machine::initial`] and [`Machine::apply`] run everything that needs no
//! choice to quiescence (a macro-step) and stop where the order of accesses matters: at *contended* slots, and where
//! a device has room for some of its blocks only. [`Machine::actions`] lists the choices there. The machine knows
//! neither Stateright nor any front end; a test can drive it alone.
//!
//! * `run`: the macro-step and the dispatch of operations
//! * `weak`, `strong_read`, `strong_write`: accesses, fences; `causality`: what precedes what
//! * `pipe`: copies that are started now and made later
//! * `proxy`: fences between the generic and the async proxy
//! * `fences`: the order of `fence.sc`, as far as reads and writes force it
//! * `barrier`, `launch`: barriers of a block; the boundaries of launches; `call`: those of launches that overlap, in host
//!   programs; `results`: what a launch leaves in its output
//! * `action`: the choices; `postponed`: which of them can wait
//! * `blame`, `forecast`: from a violation to its code and its words
//! * `buffering`: what the machine does not show, and how that is noticed
//! * `rounds`, `spin`: waits in loops that may read several words; `company`: threads that wait together; `memo`: the
//!   waits of the state before
//! * `rule`: its rules by name, for mutation tests
//! * `event`: what a recorded run remembers; `uses`: what every buffer was used for

mod acquired;
mod action;
mod barrier;
mod blame;
mod buffering;
mod call;
mod causality;
mod cause;
mod company;
mod evaluations;
pub mod event;
mod fences;
mod forecast;
mod in_vain;
mod launch;
mod memo;
mod passed_over;
mod pipe;
mod postponed;
mod proxy;
mod results;
mod retire;
mod rounds;
mod rule;
mod run;
mod set_aside;
mod spin;
mod strong_read;
mod strong_write;
mod sweep;
pub mod uses;
mod weak;

use crate::memory::assumed::Assumed;
use crate::memory::clock::{Epoch, ThreadIndex, View};
use crate::memory::scope::Placement;
use crate::memory::shadow::{Access, Shadow};
use crate::memory::shared::Shared;
use crate::memory::slot::Release;
use crate::memory::slots::Slots;
use crate::program::{
    Arrivals, Coordinates, Group, Location, Operation, Polled, Program, Reads, SiteIndex, Width, Word,
};
use arverify_protocol::verdict::{Code, ThreadName};
use buffering::{EarlierRead, Way};
use evaluations::Evaluations;
use pipe::Outstanding;
use proxy::ProxyFence;
use results::Outputs;
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
use spin::Plan;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

pub use action::{Action, Choice};
pub use buffering::{ReadThenWrite, begins_circle, circle};
pub use cause::{RaceCause, Reason};
pub use postponed::Visits;
pub use rule::Rule;
pub use set_aside::{Race, SetAside, is_own_site};

/// Which blocks a device may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartOrder {
    /// Any that has not run.
    Any,
    /// The lowest that has not run.
    Ascending,
}

/// What the machine assumes of hardware and host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Blocks that a device runs at once; `None` for all.
    pub resident_blocks: Option<u32>,
    /// In which order a device starts them, if not all at once.
    pub start_order: StartOrder,
    /// A launch boundary publishes to peers (`--assume launch-boundary=system`).
    pub boundary_publishes: bool,
    /// A load before a barrier has its value before what is behind it (`--assume loads=done-at-barrier`).
    pub loads_done: bool,
    /// Every operation of every thread is a choice point: for tests of the reduction.
    pub everything: bool,
    /// How much is noted of what load buffering could be made of.
    pub watch: Watch,
    /// Whoever may move does so, one step at a time, and no step is taken by itself: to follow a schedule.
    pub step_by_step: bool,
    /// A macro-step that is not done by then is interrupted.
    pub deadline: Option<std::time::Instant>,
    /// One that is not done when the process uses so much is interrupted, too.
    pub max_bytes: Option<u64>,
    /// Events after which a run that is recorded ends.
    pub max_events: Option<usize>,
    /// The rule that a mutation test leaves out; none in a check.
    pub without: Option<Rule>,
}

impl Settings {
    /// Whether strong accesses hand on more than causality.
    pub(super) fn hands_on_more(&self) -> bool {
        self.boundary_publishes || self.loads_done
    }
}

/// How much is noted of what load buffering could be made of: each needed only where the one before has found something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Watch {
    /// Nothing.
    Nothing,
    /// Which strong reads that are no waits may return a write that is made only later.
    #[default]
    Overtaken,
    /// The steps with which a circle could begin.
    FreeSteps,
    /// All of its steps.
    AllSteps,
}

/// Slots at which the order of accesses is explored, found by refinement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contended {
    /// Words by [`crate::memory::slot::key`]; barriers with a count, by a key of their own.
    pub slots: FxHashSet<u64>,
    /// Who comes to them: by thread, from which statement, and whether to write.
    pub visits: Visits,
    /// Those that somebody accesses weakly, too, or strongly in too narrow a scope.
    pub weakly: FxHashSet<u64>,
    /// Who comes to memory of other ranks; `None` if that is not learned, and anybody may.
    pub others: Option<Others>,
}

/// Ranks that come to memory of others, by instance: a bit for each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Others(FxHashMap<u32, u64>);

impl Others {
    fn contain(&self, rank: u32, instance: u32) -> bool {
        self.0.get(&instance).is_some_and(|ranks| ranks >> rank & 1 == 1)
    }

    fn insert(&mut self, rank: u32, instance: u32) {
        *self.0.entry(instance).or_default() |= 1 << rank;
    }
}

impl Contended {
    /// Adds others.
    pub fn add(&mut self, others: &Contended) {
        self.slots.extend(&others.slots);
        self.add_comers(others);
    }

    /// Adds who comes where.
    pub fn add_comers(&mut self, others: &Contended) {
        self.visits.add(&others.visits);
        self.weakly.extend(&others.weakly);
        for (instance, ranks) in others.others.iter().flat_map(|others| &others.0) {
            *self.others.get_or_insert_default().0.entry(*instance).or_default() |= ranks;
        }
    }

    /// Whether it names somebody who comes somewhere.
    pub fn has_comers(&self) -> bool {
        !self.visits.is_empty() || !self.weakly.is_empty() || self.others.is_some()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty() && !self.has_comers()
    }
}

/// What a macro-step found out about the program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Slots at which the order of accesses turned out to matter.
    pub conflicts: Contended,
    /// What load buffering could be made of.
    pub steps: FxHashSet<ReadThenWrite>,
    /// Slots, with the threads that have read them freely before a write that does not follow in causality order.
    pub overtaken: FxHashSet<(u64, u32)>,
    /// Words that are not contended, at which the order of accesses would say more of the order of `fence.sc`.
    pub fenced: FxHashSet<u64>,
    /// A wait had more combinations of messages than are tried.
    pub too_many_rounds: bool,
    /// What every buffer was used for.
    pub uses: uses::Uses,
    /// Who was at work, and at which statement, when a limit ended the macro-step.
    pub cut_short: Option<(ThreadIndex, SiteIndex)>,
    /// A statement that the program does not understand, with why.
    pub not_understood: Option<(String, SiteIndex)>,
    /// What the program's polled words lack.
    pub polled: Polled,
    /// Steps that had no alternative and were taken at once.
    pub taken: Vec<Action>,
}

/// A program with its settings.
#[derive(Debug)]
pub struct Machine<P> {
    program: Arc<P>,
    settings: Settings,
    contended: Contended,
    outputs: Outputs,
    evaluations: Evaluations,
    set_aside: SetAside,
}

/// A whole execution so far.
#[derive(Clone, Debug)]
pub struct State<T> {
    threads: Vec<Shared<Thread<T>>>,
    blocks: Vec<Shared<Block>>,
    ranks: Vec<Shared<RankState>>,
    memory: Vec<InstanceMemory>,
    slots: Slots,
    fences: Vec<SequentialFence>,
    /// By who made them, and when.
    proxy_fences: Vec<ProxyFence>,
    /// By first byte, what was stored weakly and depends on strong reads: how many bytes, and on which.
    origins: BTreeMap<(u32, u64), (u64, Reads)>,
    choosing: BTreeSet<ThreadIndex>,
    runnable: VecDeque<ThreadIndex>,
    /// A read of unwritten memory, or a wrong result: a violation of its own, unless a race turns up that explains it.
    suspect: Option<Box<Violation>>,
    /// A race that is set aside has come up.
    raced: bool,
    /// The first violation; nothing runs after it.
    pub violation: Option<Box<Violation>>,
    /// The violation may come of a race that is set aside: the execution ends with it, and it is not reported.
    pub unreported: bool,
    /// The deadline came before the macro-step was done: nothing follows from this state.
    pub interrupted: bool,
    /// A message that was chosen could not be read after all: there is no such execution.
    pub impossible: bool,
    /// What may happen next, where that was worked out already; not part of the state's identity.
    choices: Option<Arc<[Action]>>,
    /// Waits that were worked out already; not part of the state's identity.
    memo: memo::Memo,
    /// How much was done; not part of the state's identity.
    pub counters: Counters,
}

/// How much was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Operations performed.
    pub operations: u64,
    /// Waits that were satisfied.
    pub waits: u64,
    /// Weak accesses to another rank's instance.
    pub peer_accesses: u64,
}

#[derive(Clone, Debug, PartialEq, Hash)]
struct Thread<T> {
    program: T,
    view: View,
    /// What it knows beyond causality.
    assumed: Assumed,
    step: u32,
    /// Its step before the updates of the instruction that it is at, once one is made.
    before_updates: u32,
    status: Status,
    pending: Option<Box<(Operation, SiteIndex)>>,
    order: Option<Box<ThreadOrder>>,
    /// Copies that it has started and not waited for, the oldest first.
    outstanding: Vec<Outstanding>,
    /// What it has yet to read in a round that it performs.
    plan: Option<Box<Plan>>,
    /// What its way here depends on, where load buffering is watched.
    way: Option<Arc<Way>>,
    /// What its current operation depends on besides.
    depends: Reads,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Status {
    /// Its block has not started.
    Unstarted,
    /// In the run queue.
    Ready,
    /// At a barrier.
    AtBarrier(Group),
    /// For this slot.
    Awaiting(u64),
    /// At a choice.
    Choosing,
    /// Exited.
    Ended,
}

/// A thread's fences and unsynchronised reads.
#[derive(Clone, Debug, Default, PartialEq, Hash)]
struct ThreadOrder {
    /// The last fence of each scope: what a later strong write carries.
    fences: SmallVec<[Release; 1]>,
    /// What a later fence, or acquire of the same slot, synchronises with; by slot.
    pending: Vec<(u64, Release)>,
    /// The last release operation on a slot: what a later strong write of it carries; by slot.
    released: Vec<(u64, Release)>,
    /// Words that the elements of an acquiring vector have read so far.
    elements: SmallVec<[u64; 4]>,
}

impl ThreadOrder {
    /// Everything that a later operation may hand on or synchronise with.
    fn given(&self) -> impl Iterator<Item = &Release> {
        let listed = self.pending.iter().chain(&self.released);
        self.fences.iter().chain(listed.map(|(_, release)| release))
    }

    fn given_mut(&mut self) -> impl Iterator<Item = &mut Release> {
        let listed = self.pending.iter_mut().chain(&mut self.released);
        self.fences.iter_mut().chain(listed.map(|(_, release)| release))
    }
}

#[derive(Clone, Debug, Default, PartialEq, Hash)]
struct Block {
    phase: u32,
    live: u32,
    started: bool,
    meetings: SmallVec<[Meeting; 1]>,
    /// Who took part in the last completion of each counted barrier.
    completed: SmallVec<[(u32, Vec<Epoch>); 1]>,
    /// Strong reads of its threads in this launch, for what may come of load buffering; sorted.
    reads: Vec<EarlierRead>,
    /// Of each launch, the first wait that an earlier launch's message satisfied. What is wrong after executions without
    /// such a wait, too, is none of its doing.
    stale: Beside<SmallVec<[StaleWait; 1]>>,
    /// First phase of each launch so far.
    launches: SmallVec<[u32; 4]>,
    /// Threads that wait in a loop for others whom they meet there.
    standing: SmallVec<[(Place, ThreadIndex); 1]>,
}

/// Something that is beside a state and no part of what it is.
#[derive(Clone, Debug, Default)]
struct Beside<T>(T);

impl<T> PartialEq for Beside<T> {
    fn eq(&self, _: &Beside<T>) -> bool {
        true
    }
}

impl<T> Hash for Beside<T> {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

#[derive(Clone, Copy, Debug)]
struct StaleWait {
    thread: ThreadIndex,
    site: SiteIndex,
    slot: u64,
    value: Word,
    written_in: u32,
    launch: u32,
    writer: SiteIndex,
}

#[derive(Clone, Debug, PartialEq, Hash)]
struct Meeting {
    place: Place,
    count: Option<u32>,
    /// Threads of warps that have not all come.
    gathering: Vec<Arrival>,
    arrived: Vec<Arrival>,
    /// Threads that the arrivals count for: warps are counted whole.
    counted: u32,
}

/// Which barrier of a block: one of its sixteen, or one of some lanes of a warp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Place {
    Named(u32),
    Lanes { warp: u32, mask: u32, exchanges: bool },
}

#[derive(Clone, Debug, PartialEq, Hash)]
struct Arrival {
    thread: ThreadIndex,
    /// For `bar.arrive`: what the thread had seen then.
    arrived_with: Option<ArrivedWith>,
    /// What the thread gives the others.
    gives: Option<u64>,
    /// What that depends on.
    depends: Reads,
    arrivals: Arrivals,
    site: SiteIndex,
}

/// What a thread that arrives without waiting hands on.
#[derive(Clone, Debug, PartialEq, Hash)]
struct ArrivedWith {
    view: View,
    assumed: Assumed,
    epoch: Epoch,
    way: Option<Arc<Way>>,
}

#[derive(Clone, Debug, PartialEq, Hash)]
struct RankState {
    launch: u32,
    /// What the rank's stream has seen.
    stream: View,
    stream_phase: u32,
    /// What came before the current launch.
    boundary: Option<View>,
    /// Under `--assume loads=done-at-barrier`: loads that are done for what follows on the stream.
    loads: Option<View>,
    /// For each rank, the launch that a message was written in which an earlier launch of this rank has read: all that
    /// the other did in the launches before is over.
    heard: SmallVec<[u32; 8]>,
    /// The same, with what the current launch has read so far.
    hears: SmallVec<[u32; 8]>,
    ended_blocks: u32,
    running_blocks: u32,
    done: bool,
    /// The output of each finished launch, where it is not the reduction in ascending order of ranks.
    outputs: Vec<Option<Shared<Vec<u8>>>>,
    /// Strong reads of earlier launches.
    reads: Arc<Vec<EarlierRead>>,
}

#[derive(Clone, Debug, PartialEq, Hash)]
struct InstanceMemory {
    bytes: Shared<Vec<u8>>,
    /// Strong accesses leave it as it is.
    shadow: Shared<Shadow>,
    has_slots: bool,
}

#[derive(Clone, Debug, PartialEq, Hash)]
struct SequentialFence {
    release: Release,
    access: Access,
    /// What its thread knew beyond causality.
    assumed: Assumed,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Named(id) => write!(formatter, "barrier {id}"),
            Place::Lanes { warp, mask, .. } => write!(formatter, "the lanes {mask:#x} of warp {warp}"),
        }
    }
}

/// Something wrong, in terms of the machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// Its code.
    pub code: Code,
    /// One sentence.
    pub message: String,
    /// The statements involved, the primary one first.
    pub points: Vec<ViolationPoint>,
    /// The memory involved.
    pub location: Option<Location>,
    /// Facts that help to understand it.
    pub notes: Vec<String>,
    /// How to mend it.
    pub help: Option<String>,
    /// The launch (rank and number) whose new inputs take part.
    pub refresh: Option<(u32, u32)>,
    /// It would not happen if a launch boundary published to peers; to be confirmed.
    pub crosses_launches: bool,
    /// The wait that is blamed for accepting an earlier launch's signal; to be confirmed.
    pub stale: Option<Box<StaleCause>>,
    /// The statements of a race, and what it is known by.
    pub race: Option<([SiteIndex; 2], [u64; 2])>,
    /// The accesses of a race: the one that came first in this execution, and the other. Of a signal that is lost: the signal,
    /// and what overwrote it.
    pub accesses: Option<[Access; 2]>,
    /// The launch, with its rank, whose result is wrong.
    pub after: Option<(u32, u32)>,
    /// The same place on a rank that has another result.
    pub counterpart: Option<(Location, u32)>,
    /// Causes that the machine knows.
    pub reasons: Vec<Reason>,
    /// What the machine knows of a race besides that its accesses are in no order.
    pub cause: Option<RaceCause>,
}

/// A wait that an earlier launch's signal satisfied, and what would be reported without it.
#[derive(Clone, Debug, PartialEq)]
pub struct StaleCause {
    /// Who waited.
    pub thread: ThreadIndex,
    /// Which statement.
    pub site: SiteIndex,
    /// In which launch.
    pub launch: u32,
    /// For which slot.
    pub at: Location,
    /// What it read.
    pub value: Word,
    /// The code of what followed.
    pub code: Code,
    /// Its message.
    pub message: String,
    /// How to mend that.
    pub help: Option<String>,
}

/// A statement that takes part in a violation.
#[derive(Clone, Debug, PartialEq)]
pub struct ViolationPoint {
    /// Who.
    pub thread: Option<ThreadName>,
    /// Which statement.
    pub site: SiteIndex,
    /// What it did.
    pub label: String,
}

impl<P: Program> Machine<P> {
    /// A machine for a program.
    pub fn new(program: Arc<P>, settings: Settings, contended: Contended) -> Machine<P> {
        let (outputs, evaluations, set_aside) = Default::default();
        Machine { program, settings, contended, outputs, evaluations, set_aside }
    }

    /// The same, to be driven for as long as that takes.
    #[must_use]
    pub fn without_deadline(self) -> Machine<P> {
        let settings = Settings { deadline: None, ..self.settings };
        Machine { settings, ..self }
    }

    /// The program.
    pub fn program(&self) -> &Arc<P> {
        &self.program
    }

    /// The settings.
    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// The slots at which it stops.
    pub fn contended(&self) -> &Contended {
        &self.contended
    }

    /// Whether the order of accesses to a word is explored.
    fn is_explored(&self, slot: u64) -> bool {
        self.settings.everything || self.contended.slots.contains(&slot)
    }

    /// Whether the past is forgotten: only needed where states are compared.
    fn forgets(&self) -> bool {
        self.settings.everything || !self.contended.slots.is_empty()
    }

    /// Whether a rank may come to an instance, for all that is known.
    fn comes_to(&self, rank: u32, instance: u32) -> bool {
        let others = self.contended.others.as_ref().filter(|_| !self.settings.everything && !self.program.has_calls());
        others.is_none_or(|others| {
            self.program.shape().instances[instance as usize].rank == rank || others.contain(rank, instance)
        })
    }

    /// The word that a location holds in a final state.
    pub fn final_word(&self, state: &State<P::Thread>, at: Location, width: Width) -> Word {
        self.word_at(state, at, width)
    }

    /// Threads that a block has room for; [`Program::threads`] says how many there are.
    fn threads_of_block(&self) -> u32 {
        self.program.shape().threads
    }

    /// Threads that a block has.
    fn threads_in(&self, block: u32) -> u32 {
        let rank = self.rank_of_block(block);
        self.program.threads(rank, block - self.block_index(rank, 0))
    }

    /// Blocks of all ranks; the streams' come after.
    fn kernel_blocks(&self) -> u32 {
        let shape = self.program.shape();
        shape.ranks * shape.blocks
    }

    /// The block of a thread, numbered over all ranks. A stream is a thread in a block of its own.
    fn block_of(&self, thread: ThreadIndex) -> u32 {
        self.blocks_of_threads()(thread)
    }

    /// The same, of many threads.
    fn blocks_of_threads(&self) -> impl Fn(ThreadIndex) -> u32 + Copy + use<P> {
        let (blocks, threads) = (self.kernel_blocks(), self.threads_of_block());
        let kernel_threads = blocks * threads;
        move |thread| {
            if thread >= kernel_threads { blocks + (thread - kernel_threads) } else { thread / threads }
        }
    }

    /// The launch of an operation of a kernel.
    fn launch_in(&self, blocks: &[Shared<Block>], epoch: Epoch) -> u32 {
        let block = &blocks[self.block_of(epoch.thread) as usize];
        block.launches.iter().rposition(|first| *first <= epoch.phase).unwrap_or(0) as u32
    }

    /// The rank of a thread.
    pub fn rank_of(&self, thread: ThreadIndex) -> u32 {
        self.rank_of_block(self.block_of(thread))
    }

    fn rank_of_block(&self, block: u32) -> u32 {
        if block >= self.kernel_blocks() { block - self.kernel_blocks() } else { block / self.program.shape().blocks }
    }

    fn stream_thread(&self, rank: u32) -> ThreadIndex {
        self.kernel_blocks() * self.threads_of_block() + rank
    }

    fn is_stream(&self, thread: ThreadIndex) -> bool {
        thread >= self.kernel_blocks() * self.threads_of_block()
    }

    fn placement(&self, thread: ThreadIndex) -> Placement {
        let block = self.block_of(thread);
        let device = self.rank_of_block(block);
        if block >= self.kernel_blocks() {
            return Placement { block, cluster: block, device };
        }
        let own = block - self.block_index(device, 0);
        let block = self.block_index(device, self.program.scope_block(device, own));
        Placement { block, cluster: self.block_index(device, self.program.cluster(device, own)), device }
    }

    fn block_index(&self, rank: u32, block: u32) -> u32 {
        rank * self.program.shape().blocks + block
    }
}

impl<T> State<T> {
    /// A violation that is reported.
    pub fn finding(&self) -> Option<&Violation> {
        self.violation.as_deref().filter(|_| !self.unreported)
    }

    fn coordinates<P: Program>(&self, machine: &Machine<P>, thread: ThreadIndex) -> Coordinates {
        let block = machine.block_of(thread);
        let rank = machine.rank_of_block(block);
        Coordinates {
            rank,
            block: block % machine.program.shape().blocks.max(1),
            thread: thread % machine.threads_of_block(),
            // A grid of no blocks has no first one.
            launch: match self.blocks.get(block as usize).map_or(0, |block| block.launches.len() as u32) {
                begun @ 1.. if machine.program.has_calls() => begun - 1,
                _ => self.ranks[rank as usize].launch,
            },
        }
    }

    /// The name of a thread in the launch it is in.
    pub fn current_name<P: Program>(&self, machine: &Machine<P>, thread: ThreadIndex) -> ThreadName {
        machine.program.name(self.coordinates(machine, thread))
    }

    /// The same in another launch.
    pub fn name_in<P: Program>(&self, machine: &Machine<P>, thread: ThreadIndex, launch: u32) -> ThreadName {
        machine.program.name(Coordinates { launch, ..self.coordinates(machine, thread) })
    }

    /// The name of the thread that performed an access, with the launch it belonged to.
    fn name_of<P: Program>(&self, machine: &Machine<P>, access: &Access) -> Option<ThreadName> {
        let epoch = access.epoch;
        if epoch.is_initial() || machine.is_stream(epoch.thread) {
            return None;
        }
        Some(self.name_in(machine, epoch.thread, self.launch_of(machine, epoch)))
    }

    /// The launch of an operation of a kernel.
    fn launch_of<P: Program>(&self, machine: &Machine<P>, epoch: Epoch) -> u32 {
        machine.launch_in(&self.blocks, epoch)
    }

    /// Whether a read was over before the launch of a rank began, whatever the schedule: that rank had then read what
    /// the reader's rank wrote in a later launch.
    fn was_over<P: Program>(&self, machine: &Machine<P>, read: &Access, rank: u32) -> bool {
        let epoch = read.epoch;
        if epoch.is_initial() || machine.is_stream(epoch.thread) {
            return false;
        }
        let reader = machine.rank_of_block(machine.block_of(epoch.thread));
        self.launch_of(machine, epoch) < self.ranks[rank as usize].heard[reader as usize]
    }

    /// A rank has read a message.
    fn hear<P: Program>(&mut self, machine: &Machine<P>, thread: ThreadIndex, message: (Epoch, u32)) {
        let (epoch, launch) = message;
        if epoch.is_initial() || machine.is_stream(epoch.thread) || machine.is_stream(thread) {
            return;
        }
        let [reader, writer] = [thread, epoch.thread].map(|thread| machine.rank_of_block(machine.block_of(thread)));
        let known = &mut self.ranks[reader as usize].hears[writer as usize];
        *known = launch.max(*known);
    }

    /// A thread's program counter and registers; threads are numbered over all ranks and blocks.
    pub fn program(&self, thread: usize) -> &T {
        &self.threads[thread].program
    }

    /// Whether every launch of every rank has ended.
    pub fn is_done(&self) -> bool {
        self.ranks.iter().all(|rank| rank.done)
    }

    /// Digest of the final contents of memory, to compare reachable final states.
    pub fn memory_digest(&self) -> u64 {
        let mut hasher = rustc_hash::FxHasher::default();
        for instance in &self.memory {
            instance.bytes.hash(&mut hasher);
        }
        hasher.finish()
    }
}

impl<T: PartialEq> PartialEq for State<T> {
    fn eq(&self, other: &Self) -> bool {
        self.threads == other.threads
            && self.blocks == other.blocks
            && self.ranks == other.ranks
            && self.memory == other.memory
            && self.slots == other.slots
            && self.fences == other.fences
            && self.proxy_fences == other.proxy_fences
            && self.origins == other.origins
            && self.suspect == other.suspect
            && self.raced == other.raced
            && self.violation == other.violation
    }
}

impl<T: Hash> Hash for State<T> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.threads.hash(hasher);
        self.blocks.hash(hasher);
        self.ranks.hash(hasher);
        self.memory.hash(hasher);
        self.slots.hash(hasher);
        self.fences.hash(hasher);
        self.proxy_fences.hash(hasher);
        self.origins.hash(hasher);
        self.suspect.is_some().hash(hasher);
        self.raced.hash(hasher);
        self.violation.is_some().hash(hasher);
    }
}
