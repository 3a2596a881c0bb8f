//! Launches that consist of several steps: kernels, copies and fills on streams, events, and what hosts wait for.
//!
//! As in a host program ([`crate::program::host`]) all launches of a rank are one launch of the machine: block 0 is the rank's
//! host, a block of one thread each its streams (the first is the caller's), and behind them come the blocks of every
//! kernel of every launch. What orders them are words that are written once, with release, and awaited with acquire:
//!
//! * Each thread of a kernel first waits until its stream has come to the kernel; the stream goes on when all its threads have
//!   said that they have ended, each by a word of its own. (Additions to one word would be explored in every order by the
//!   second engine, and cost the first the square of their number.)
//! * Where it enters and leaves the kernel it says so: for the async proxy, and the assumption that launch boundaries publish.
//! * Bulk copies are threads of their own ([`super::copies`]), for which the stream waits, too.
//! * Copies and fills are weak accesses by the stream's thread.
//! * An event wait is for the last record that the host has enqueued, in this launch or an earlier one; where there is none
//!   it does nothing (`cudaStreamWaitEvent`).
//! * The host runs ahead of its streams; what it enqueues follows what it has waited for. Hosts meet by a word of each.
//!
//! Decision: the caller's stream is the one that the file calls 0. New inputs come, and outputs are read, in its order, as
//! before and behind a kernel alone: what other streams do follows and precedes that only by events or through the host.
//! Decision: a check is a kernel like any other, whose reads must be in order with what they read; that it takes no time is
//! not used, so that what a peer does afterwards must follow it. The road not taken, to read what is there without a race,
//! would make the verdict depend on which order was explored.
//! Not modelled: the legacy default stream, which orders itself with others; copies and fills of memory nobody wrote are
//! reads of it (AR005); residency.

mod lower;

use super::copies::Copies;
use super::execute::PtxThread;
use super::launch::{Launch, Step, Work};
use crate::program::host::signals;
use crate::program::{Call, Coordinates, Instance, Location, Operation, SiteIndex, Width};
use arverify_protocol::verdict::{Role, ThreadName};
use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex, PoisonError};

/// What verdicts on steps rest on whose kernels read through the path that is not coherent.
pub(super) const NON_COHERENT: &str = "what a kernel of a step reads through the non-coherent path (ld.global.nc) is written by \
                                       nobody while the kernel runs: races are found, as of ordinary loads, and more is not checked";

/// A thread of a kernel waits for its stream, enters, and leaves, before it says that it has ended; a copy does not.
const ENTERS_AND_LEAVES: u32 = 3;

/// What a thread of a kernel has done when it enters.
pub(super) const ENTERS: u32 = 2;

/// What does not belong to a kernel has no statement.
const NOWHERE: SiteIndex = SiteIndex(u32::MAX - 1);

/// What a stream does in a step, counted from 0, has this site less the step.
const FIRST_STEP: u32 = u32::MAX - 16;

/// What a thread does, from its first operation to its last.
type List = Vec<(Operation, SiteIndex)>;

/// A kernel of a step.
#[derive(Clone, Debug)]
struct Kernel {
    /// The step, counted from 1.
    step: u32,
    name: &'static str,
    /// By rank: its blocks, and threads of a block.
    grids: Vec<(u32, u32)>,
    /// The threads of its bulk copies, whose blocks stand behind its own.
    copies: Option<Copies>,
    /// By rank: blocks of the launch's kernels before it.
    before: Vec<u32>,
    /// By rank and launch: its stream has come to it.
    begun: Vec<Vec<Location>>,
    /// By rank and launch: the first thread has ended; words of others follow, by block and thread.
    ended: Vec<Vec<Location>>,
}

/// All launches of all ranks.
#[derive(Clone, Debug)]
pub struct Steps {
    launches: u32,
    /// The streams' numbers in the file, the caller's first.
    streams: Vec<u32>,
    kernels: Vec<Kernel>,
    /// By rank: blocks of the kernels of one launch.
    blocks: Vec<u32>,
    words: Words,
    /// By rank, of the host and of each stream.
    lists: Vec<Vec<List>>,
    /// Whether a kernel checks what it sees.
    checks: bool,
    /// What each step is, in words.
    texts: Vec<String>,
}

/// Words of all ranks, and what they say.
#[derive(Clone, Debug)]
struct Words {
    /// The first instance that holds words; one for each rank.
    first: u32,
    /// Bytes of each rank's words so far.
    bytes: Vec<u64>,
    /// By rank: what words say from a byte on.
    texts: Vec<Vec<(u64, String)>>,
}

impl Words {
    fn word(&mut self, rank: u32, text: String) -> Location {
        self.several(rank, 1, text)
    }

    /// So many words that say the same of something else each; the first of them.
    fn several(&mut self, rank: u32, count: u32, text: String) -> Location {
        let byte = self.bytes[rank as usize];
        self.texts[rank as usize].push((byte, text));
        self.bytes[rank as usize] += u64::from(count) * Width::Four.bytes();
        Location { instance: self.first + rank, byte }
    }
}

/// What a block of the machine is.
enum Place {
    Host,
    /// By its position among the streams.
    Stream(usize),
    /// The kernel, and where a thread is in it.
    Kernel(usize, Coordinates),
}

/// A name that is kept as long as the program runs: findings hold it.
fn kept(name: &str) -> &'static str {
    static NAMES: LazyLock<Mutex<BTreeSet<&'static str>>> = LazyLock::new(Mutex::default);
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    names.get(name).copied().unwrap_or_else(|| {
        let name: &'static str = String::leak(name.to_owned());
        names.insert(name);
        name
    })
}

impl Steps {
    /// Of the steps of a launch, whose kernels have these names and copies; the words lie in instances from the first on.
    pub(super) fn new(launch: &Launch, names_and_copies: &[(&str, Option<Copies>)], first: u32) -> Steps {
        let ranks = launch.ranks;
        let mut words = Words { first, bytes: vec![0; ranks as usize], texts: vec![Vec::new(); ranks as usize] };
        let mut streams: BTreeSet<u32> = launch.steps.iter().map(|step| step.stream).collect();
        streams.insert(0);
        let mut kernels: Vec<Kernel> = Vec::new();
        let mut blocks = vec![0; ranks as usize];
        for (index, step) in launch.steps.iter().enumerate() {
            let Work::Kernel { launch: own, .. } = &step.work else { continue };
            let (name, copies) = names_and_copies.get(kernels.len()).cloned().unwrap_or_default();
            let kernel = Kernel::new((index as u32 + 1, kept(name)), own, copies, (&mut words, &mut blocks));
            kernels.push(kernel);
        }
        let streams = streams.into_iter().collect();
        let checks = launch.steps.iter().any(|step| matches!(step.work, Work::Kernel { checks: true, .. }));
        let mut steps = Steps {
            launches: launch.launches,
            streams,
            kernels,
            blocks,
            words,
            lists: Vec::new(),
            checks,
            texts: texts(launch),
        };
        steps.lists = lower::lists(&mut steps, launch);
        steps
    }

    /// The instances of the words.
    pub(super) fn instances(&self, buffer: u32) -> impl Iterator<Item = Instance> {
        let ranks = (0..).zip(&self.words.bytes);
        ranks.map(move |(rank, bytes)| Instance::of_words("the order of steps".to_owned(), rank, *bytes, buffer))
    }

    /// Whether a kernel checks what it sees.
    pub(super) fn checks(&self) -> bool {
        self.checks
    }

    /// Blocks of a rank that come before those of its kernels.
    fn others(&self) -> u32 {
        1 + self.streams.len() as u32
    }

    /// Blocks of a rank.
    pub(super) fn blocks(&self, rank: u32) -> u32 {
        self.others() + self.launches * self.blocks[rank as usize]
    }

    /// Threads of a block.
    pub(super) fn threads(&self, rank: u32, block: u32) -> u32 {
        match self.place(Coordinates { rank, block, thread: 0, launch: 0 }) {
            Place::Kernel(kernel, at) => self.kernels[kernel].threads(rank, at.block),
            Place::Host | Place::Stream(_) => 1,
        }
    }

    /// The block of the machine that is a block of a kernel in a launch.
    pub(super) fn block(&self, rank: u32, (kernel, launch): (usize, u32), block: u32) -> u32 {
        self.others() + launch * self.blocks[rank as usize] + self.kernels[kernel].before[rank as usize] + block
    }

    fn place(&self, at: Coordinates) -> Place {
        let rank = at.rank as usize;
        let of_launch = self.blocks[rank];
        let Some(index) = at.block.checked_sub(self.others()).filter(|_| of_launch > 0) else {
            return at.block.checked_sub(1).map_or(Place::Host, |stream| Place::Stream(stream as usize));
        };
        let (launch, index) = (index / of_launch, index % of_launch);
        let kernel = self.kernels.partition_point(|kernel| kernel.before[rank] <= index) - 1;
        let block = index - self.kernels[kernel].before[rank];
        Place::Kernel(kernel, Coordinates { block, launch, ..at })
    }

    /// Which kernel a thread is of; none for a host or stream.
    pub(super) fn kernel_of(&self, at: Coordinates) -> Option<usize> {
        match self.place(at) {
            Place::Kernel(kernel, _) => Some(kernel),
            Place::Host | Place::Stream(_) => None,
        }
    }

    /// Which kernel a thread is of; that of the first for a host or stream.
    pub(super) fn kernel(&self, at: Coordinates) -> usize {
        self.kernel_of(at).unwrap_or(0)
    }

    /// Where a thread is in its kernel.
    pub(super) fn within(&self, at: Coordinates) -> Coordinates {
        match self.place(at) {
            Place::Kernel(_, at) => at,
            Place::Host | Place::Stream(_) => at,
        }
    }

    /// What a finding calls a thread.
    pub(super) fn name(&self, at: Coordinates) -> ThreadName {
        let role = match self.place(at) {
            Place::Kernel(kernel, _) => {
                let Kernel { step, name, .. } = self.kernels[kernel];
                Role::Kernel { step, name }
            }
            Place::Stream(stream) => Role::Stream(self.streams.get(stream).copied().unwrap_or_default()),
            Place::Host => Role::Host,
        };
        let Coordinates { rank, block, thread, launch } = self.within(at);
        ThreadName { rank, block, thread, launch, role }
    }

    /// What a word says.
    pub(super) fn describe(&self, at: Location) -> Option<&str> {
        let texts = self.words.texts.get(at.instance.checked_sub(self.words.first)? as usize)?;
        let index = texts.partition_point(|(from, _)| *from <= at.byte).checked_sub(1)?;
        Some(&texts[index].1)
    }

    /// What a stream does in a step, in words.
    pub(super) fn statement(&self, site: SiteIndex) -> Option<&str> {
        self.texts.get(FIRST_STEP.checked_sub(site.0)? as usize).map(String::as_str)
    }

    /// What a thread does that is not of its kernel, before the kernel or instead of it.
    pub(super) fn before(&self, at: Coordinates, thread: &mut PtxThread) -> Option<(Operation, SiteIndex)> {
        let index = thread.outside() as usize;
        let of_list = |list: usize| {
            let next = self.lists[at.rank as usize][list].get(index);
            next.cloned().unwrap_or((Operation::Exit, NOWHERE))
        };
        let next = match self.place(at) {
            Place::Host => of_list(0),
            Place::Stream(stream) => of_list(1 + stream),
            Place::Kernel(..) if index > 1 => return None,
            Place::Kernel(..) if index == 1 => (Operation::Call(Call::Enters), NOWHERE),
            Place::Kernel(kernel, at) => {
                (signals::wait(self.kernels[kernel].begun[at.rank as usize][at.launch as usize]), NOWHERE)
            }
        };
        thread.step_outside();
        Some(next)
    }

    /// What a thread does in place of ending its kernel, having said so many other things: says so, and ends.
    pub(super) fn instead_of_exit(&self, at: Coordinates, thread: &mut PtxThread, said: u32) -> Operation {
        let Place::Kernel(kernel, at) = self.place(at) else { return Operation::Exit };
        let entered = if self.kernels[kernel].is_copy(at) { 1 } else { 0 };
        let operation = match thread.outside() - said + entered * ENTERS_AND_LEAVES {
            ..ENTERS_AND_LEAVES => Operation::Call(Call::Leaves),
            ENTERS_AND_LEAVES => self.kernels[kernel].ended(at),
            _ => return Operation::Exit,
        };
        thread.step_outside();
        operation
    }
}

impl Kernel {
    /// Behind so many blocks of each rank's launches, to which it adds its own.
    fn new(
        (step, name): (u32, &'static str),
        launch: &Launch,
        copies: Option<Copies>,
        (words, blocks): (&mut Words, &mut [u32]),
    ) -> Kernel {
        let size = |rank: u32| {
            let values = launch.values(rank, 0);
            (values.grid as u32, values.block as u32)
        };
        let grids: Vec<(u32, u32)> = (0..launch.ranks).map(size).collect();
        let before = blocks.to_vec();
        let mut kernel = Kernel { step, name, grids, copies, before, begun: Vec::new(), ended: Vec::new() };
        for rank in 0..launch.ranks {
            let (mut of_rank, mut ends) = (Vec::new(), Vec::new());
            for index in 0..launch.launches {
                let whose = format!("step {step} (`{name}`) of launch {index} of rank {rank}");
                of_rank.push(words.word(rank, format!("the stream has come to {whose}")));
                let mut end = |block: u32| {
                    let threads = kernel.threads(rank, block);
                    words.several(rank, threads, format!("a thread of block {block} of {whose} has ended"))
                };
                let first = end(0);
                (1..kernel.blocks(rank)).for_each(|block| _ = end(block));
                ends.push(first);
            }
            kernel.begun.push(of_rank);
            kernel.ended.push(ends);
        }
        (0..).zip(blocks).for_each(|(rank, blocks)| *blocks += kernel.blocks(rank));
        kernel
    }

    /// Blocks of a rank, with those of copies.
    fn blocks(&self, rank: u32) -> u32 {
        self.copies.as_ref().map_or(self.grids[rank as usize].0, |copies| copies.blocks(rank))
    }

    /// Threads of a block.
    fn threads(&self, rank: u32, block: u32) -> u32 {
        self.copies.as_ref().map_or(self.grids[rank as usize].1, |copies| copies.threads(rank, block))
    }

    /// Whether a thread makes a copy.
    fn is_copy(&self, at: Coordinates) -> bool {
        self.copies.as_ref().is_some_and(|copies| copies.is_copy(at))
    }

    /// Threads of the blocks before one.
    fn before_block(&self, rank: u32, block: u32) -> u32 {
        let (own, threads) = self.grids[rank as usize];
        own.min(block) * threads + (own..block).map(|block| self.threads(rank, block)).sum::<u32>()
    }

    /// What a stream waits for before it goes on.
    fn all_ended(&self, rank: u32, launch: u32) -> impl Iterator<Item = Operation> {
        let all = self.before_block(rank, self.blocks(rank));
        (0..all).map(move |index| signals::wait(self.word(rank, launch, index)))
    }

    /// A thread says that it has ended.
    fn ended(&self, at: Coordinates) -> Operation {
        let index = self.before_block(at.rank, at.block) + at.thread;
        signals::write(self.word(at.rank, at.launch, index))
    }

    fn word(&self, rank: u32, launch: u32, index: u32) -> Location {
        let first = self.ended[rank as usize][launch as usize];
        Location { byte: first.byte + u64::from(index) * Width::Four.bytes(), ..first }
    }
}

/// What each step is, in words: where it stands, and what it moves.
fn texts(launch: &Launch) -> Vec<String> {
    let name = |buffer: usize| &launch.buffers[buffer].name;
    let text = |(index, step): (usize, &Step)| {
        let what = match &step.work {
            Work::Copy { to, from, .. } => format!("copies `{}` to `{}`", name(*from), name(*to)),
            Work::Fill { buffer, .. } => format!("fills `{}`", name(*buffer)),
            _ => "orders others".to_owned(),
        };
        let (line, _) = launch.source.line_column(step.span.start);
        format!("step {} ({}:{line}) {what}", index + 1, launch.source.name)
    };
    launch.steps.iter().enumerate().map(text).collect()
}
