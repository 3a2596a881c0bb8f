//! Launches that depend on each other (programmatic stream serialisation, PTX ISA, `griddepcontrol`): a launch may begin
//! before the one before it has ended.
//!
//! All launches of a rank are one launch of the machine, each with blocks of its own; what orders them are words, as in a host
//! program ([`crate::program::host`]):
//!
//! * The rank's stream writes new inputs, says that what the launch depends on is complete (`griddepcontrol.wait` waits for
//!   that), waits for the end of all its threads, and reads the output. Stream order is the order of these.
//! * A launch begins once a thread of each block of the one before has called for it (`griddepcontrol.launch_dependents`), or the
//!   block has ended. Nothing else follows from that: neither what that launch did nor what came before it is known.
//!
//! Decision: new inputs come from what stands before the launch on its stream, so that `wait` waits for them, too, and what
//! reads them earlier races with them. (A copy between two kernels would make their order a full one.)
//! Decision: exactly when a launch begins is not explored, for any of many calls may be the first. Instead it begins at any time in
//! one program, which shows whatever races and whatever values there are; and in its companion ([`crate::program::Program::companion`]) only once
//! every thread has called or ended, which shows whoever waits for a launch that it has not called for. Both must be verified. What needs
//! one launch early and another late at once is not seen; every verdict says so.
//! Not modelled: several dependents, completion of a launch before the one it depends on.

use super::execute::PtxThread;
use crate::program::host::signals;
use crate::program::{
    AtomicFunction, Call, Condition, Coordinates, Instance, Location, Operation, SiteIndex, VectorElement, Width,
};
use arverify_protocol::ir::{AtomicOperation, Compare, Order, Scope, Semantics};
use arverify_protocol::verdict::{Role, ThreadName};

/// Blocks of a rank that come before those of its kernels: the host's, which does nothing, and the stream's.
const FIRST: u32 = 2;

/// The block of the stream: that of the caller ([`crate::program::CALLER`]).
const STREAM: u32 = crate::program::CALLER;

/// What does not belong to the kernel has no statement.
const NOWHERE: SiteIndex = SiteIndex(u32::MAX - 1);

/// The words of a launch of a rank.
#[derive(Clone, Debug, PartialEq)]
pub struct Words {
    /// What it depends on is complete.
    ready: Location,
    /// By block: threads that have ended.
    ended: Vec<Location>,
    /// By block: threads that have called for the next launch, or have ended.
    called: Vec<Location>,
}

impl Words {
    /// `griddepcontrol.wait`
    pub(super) fn wait(&self) -> Operation {
        signals::wait(self.ready)
    }

    /// `griddepcontrol.launch_dependents` by a thread of a block.
    pub(super) fn call(&self, block: u32) -> Operation {
        add(self.called[block as usize], Order::Relaxed)
    }
}

fn awaits(at: Location, condition: Condition, order: Order) -> Operation {
    let semantics = Semantics { order, scope: Scope::Sys };
    Operation::Await { at, width: Width::Four, condition, semantics, returns: false }
}

fn add(at: Location, order: Order) -> Operation {
    Operation::Atomic {
        at,
        width: Width::Four,
        function: AtomicFunction::unsigned(AtomicOperation::Add),
        operand: 1,
        expected: 0,
        semantics: Semantics { order, scope: Scope::Sys },
        returns: false,
        element: VectorElement::SCALAR,
    }
}

/// All launches of all ranks.
#[derive(Clone, Debug)]
pub struct Dependent {
    launches: u32,
    /// By rank: blocks and threads of a block.
    grids: Vec<(u32, u32)>,
    /// By rank and launch.
    words: Vec<Vec<Words>>,
    /// The first instance that holds words; one for each rank.
    first: u32,
    /// What each word says, by rank.
    texts: Vec<Vec<String>>,
    /// A launch begins only once all threads of the one before have called for it.
    late: bool,
}

/// What verdicts on such launches rest on.
pub const DEPENDENT: &str = "dependent launches begin all as early as they like, or all as late as they may";

/// What a block of the machine is.
enum Place {
    Host,
    Stream,
    Kernel(Coordinates),
}

impl Dependent {
    /// Of so many launches, of so many blocks and threads by rank; the words lie in instances from the first on.
    pub(super) fn new(launches: u32, grids: Vec<(u32, u32)>, first: u32) -> Dependent {
        let (mut words, mut texts) = (Vec::new(), Vec::new());
        for (rank, (blocks, _)) in grids.iter().enumerate() {
            let mut said: Vec<String> = Vec::new();
            let mut word = |text: String| {
                said.push(text);
                Location { instance: first + rank as u32, byte: (said.len() as u64 - 1) * Width::Four.bytes() }
            };
            let of_launch = |launch: u32| {
                let mut of_blocks = |what: &str| -> Vec<Location> {
                    let text = |block: u32| format!("{what} of block {block} of launch {launch} of rank {rank}");
                    (0..*blocks).map(|block| word(text(block))).collect()
                };
                let ended = of_blocks("threads that have ended");
                let called = of_blocks("threads that have called for the next launch or have ended");
                let ready = word(format!("what launch {launch} of rank {rank} depends on is complete"));
                Words { ready, ended, called }
            };
            words.push((0..launches).map(of_launch).collect());
            texts.push(said);
        }
        Dependent { launches, grids, words, first, texts, late: false }
    }

    /// The instances of the words.
    pub(super) fn instances(&self, buffer: u32) -> impl Iterator<Item = Instance> {
        self.texts.iter().enumerate().map(move |(rank, texts)| {
            let bytes = texts.len() as u64 * Width::Four.bytes();
            Instance::of_words("the order of launches".to_owned(), rank as u32, bytes, buffer)
        })
    }

    /// The same, beginning as late as they may; `None` for that itself.
    pub(super) fn at_the_latest(&self) -> Option<Dependent> {
        (!self.late).then(|| Dependent { late: true, ..self.clone() })
    }

    /// The words of a rank, by launch.
    pub(super) fn words(&self, rank: u32) -> &[Words] {
        &self.words[rank as usize]
    }

    /// Blocks of a rank.
    pub(super) fn blocks(&self, rank: u32) -> u32 {
        FIRST + self.launches * self.grids[rank as usize].0
    }

    /// Threads of a block.
    pub(super) fn threads(&self, rank: u32, block: u32) -> u32 {
        if block < FIRST { 1 } else { self.grids[rank as usize].1 }
    }

    /// The block of the machine that is a block of a launch.
    pub(super) fn block(&self, rank: u32, launch: u32, block: u32) -> u32 {
        FIRST + launch * self.grids[rank as usize].0 + block
    }

    fn place(&self, at: Coordinates) -> Place {
        match (at.block.checked_sub(FIRST), self.grids[at.rank as usize].0) {
            (None, _) if at.block == STREAM => Place::Stream,
            (None, _) | (_, 0) => Place::Host,
            (Some(block), blocks) => Place::Kernel(Coordinates { block: block % blocks, launch: block / blocks, ..at }),
        }
    }

    /// Where a thread is in its launch.
    pub(super) fn within(&self, at: Coordinates) -> Coordinates {
        match self.place(at) {
            Place::Kernel(at) => at,
            Place::Host | Place::Stream => at,
        }
    }

    /// What a finding calls a thread.
    pub(super) fn name(&self, at: Coordinates) -> ThreadName {
        let role = match self.place(at) {
            Place::Kernel(_) => Role::Thread,
            Place::Stream => Role::Stream(0),
            Place::Host => Role::Host,
        };
        let Coordinates { rank, block, thread, launch } = self.within(at);
        ThreadName { rank, block, thread, launch, role }
    }

    /// What a word says.
    pub(super) fn describe(&self, at: Location) -> Option<&str> {
        let texts = self.texts.get(at.instance.checked_sub(self.first)? as usize)?;
        texts.get((at.byte / Width::Four.bytes()) as usize).map(String::as_str)
    }

    /// What a thread does that is not of its kernel, before the kernel or instead of it.
    pub(super) fn before(&self, at: Coordinates, thread: &mut PtxThread) -> Option<(Operation, SiteIndex)> {
        let operation = match self.place(at) {
            Place::Host => Operation::Exit,
            Place::Stream => self.of_stream(at.rank, thread.outside() as usize),
            Place::Kernel(at) => {
                let before = at.launch.checked_sub(1).filter(|_| self.late)?;
                let called = &self.words[at.rank as usize][before as usize].called;
                let word = *called.get(thread.outside() as usize)?;
                let threads = self.grids[at.rank as usize].1;
                awaits(word, Condition { compare: Compare::Equal, value: threads }, Order::Relaxed)
            }
        };
        thread.step_outside();
        Some((operation, NOWHERE))
    }

    /// The so manieth operation of a rank's stream.
    fn of_stream(&self, rank: u32, index: usize) -> Operation {
        let (blocks, threads) = self.grids[rank as usize];
        let of_launch = blocks as usize + 3;
        let launch = index / of_launch;
        let Some(words) = self.words[rank as usize].get(launch) else { return Operation::Exit };
        match index % of_launch {
            0 => Operation::Call(Call::Begins { launch: launch as u32 }),
            1 => signals::write(words.ready),
            last if last + 1 == of_launch => Operation::Call(Call::Returns { launch: launch as u32 }),
            block => {
                let ended = Condition { compare: Compare::Equal, value: threads };
                awaits(words.ended[block - 2], ended, Order::Acquire)
            }
        }
    }

    /// What a thread does in place of ending its kernel: says so, and ends.
    pub(super) fn instead_of_exit(&self, at: Coordinates, thread: &mut PtxThread) -> Operation {
        let Place::Kernel(at) = self.place(at) else { return Operation::Exit };
        let words = &self.words[at.rank as usize][at.launch as usize];
        let block = at.block as usize;
        let begun = if at.launch == 0 || !self.late { 0 } else { words.called.len() as u32 };
        let operation = match (thread.outside() - begun, thread.has_called()) {
            (0, false) => add(words.called[block], Order::Relaxed),
            (0, true) | (1, false) => add(words.ended[block], Order::Release),
            _ => return Operation::Exit,
        };
        thread.step_outside();
        operation
    }
}
