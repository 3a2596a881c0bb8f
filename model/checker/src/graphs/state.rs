//! Where an exploration stands: the graph so far, every thread of the launches in progress, and who waits for whom.

use super::event::{Event, Range, Space};
use super::graph::Graph;
use crate::memory::scope::Placement;
use crate::program::{Arrivals, Coordinates, Operation, Program, SiteIndex, Unknown, Width, Word};
use arverify_protocol::verdict::Finding;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::sync::Arc;

/// Events that precede a thread's next one in program order, none of them before another.
pub(super) type Last = SmallVec<[Event; 4]>;

/// A strong read, or an atomic, that has not been performed.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) operation: Operation,
    pub(super) site: SiteIndex,
    pub(super) range: Range,
    pub(super) width: Width,
    /// It has been put off when there were so many events: it reads none of them.
    pub(super) put_off: Option<usize>,
}

/// The write of an atomic whose read has been performed.
#[derive(Clone, Debug)]
pub(super) struct Half {
    pub(super) read: Event,
    pub(super) value: Word,
    pub(super) width: Width,
    pub(super) site: SiteIndex,
}

/// What a thread is about to do.
#[derive(Clone, Debug)]
pub(super) enum Status {
    Unstarted,
    Ready,
    Reads(Box<Pending>),
    Writes(Box<Half>),
    AtBarrier,
    /// It goes round with others, for ever.
    Loops(SiteIndex),
    /// It depends on open reads.
    Needs(SmallVec<[u32; 2]>),
    /// It does nothing before these reads are no longer open.
    Holds(Box<(Operation, SiteIndex)>, Vec<Event>),
    Ended,
}

/// What an operation brought.
#[derive(Clone, Debug)]
pub(super) enum Input {
    Nothing,
    Word(Word),
    Bytes(Vec<u8>),
    Gathered(Vec<(u32, u64)>),
    /// Nothing yet: an open read, by its number.
    Open(u32),
}

/// A read whose value is open.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) number: u32,
    pub(super) read: Event,
    /// Of an atomic.
    pub(super) write: Option<Event>,
    pub(super) pending: Pending,
}

/// A write whose bytes come from open reads of its thread.
#[derive(Clone, Debug)]
pub(super) struct Untold {
    pub(super) write: Event,
    pub(super) thread: usize,
    /// Which operation of the thread in its launch.
    pub(super) number: usize,
    /// The open reads.
    pub(super) reads: SmallVec<[Event; 2]>,
}

/// A thread in its launch.
#[derive(Clone, Debug)]
pub(super) struct Runner<T> {
    pub(super) program: T,
    pub(super) at: Coordinates,
    pub(super) status: Status,
    pub(super) position: u32,
    pub(super) last: Last,
    /// The vector access it is within: its first element, and what precedes that.
    pub(super) vector: Option<(SiteIndex, Last)>,
    /// States in which it has read since its last effect, each with the number of events then.
    pub(super) visited: Vec<(u64, Event)>,
    /// Where it has met others since its last effect.
    pub(super) met: Vec<SiteIndex>,
    /// How often it has come to a read of a word.
    pub(super) rounds: FxHashMap<(SiteIndex, u64), Rounds>,
    /// What it was given, by operation, where that is wanted.
    pub(super) log: Vec<Input>,
    /// Registers whose values are open.
    pub(super) unknown: Unknown,
    /// Its open reads.
    pub(super) open: Vec<Open>,
    /// The statement before which it had to know some of them.
    pub(super) needed: Option<(SiteIndex, SmallVec<[Event; 2]>)>,
    /// What it does now needs a proxy fence behind ordinary writes.
    pub(super) crosses: bool,
    /// Copies that it has started: pipe, where, and their events.
    pub(super) copies: Vec<(u32, SiteIndex, Last, Vec<Event>)>,
}

/// How often a thread has come to a read of one word.
#[derive(Clone, Debug, Default)]
pub(super) struct Rounds {
    /// In its launch.
    pub(super) ever: u32,
    /// What its registers held there each time since its last effect.
    pub(super) held: Vec<Vec<(u32, u64)>>,
}

/// Which barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    Named(u32),
    Lanes { warp: u32, mask: u32, exchanges: bool },
}

/// A thread at a barrier.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    pub(super) thread: usize,
    pub(super) site: SiteIndex,
    pub(super) last: Last,
    /// It waits for the others, once its warp has arrived.
    pub(super) waits: bool,
    pub(super) arrivals: Arrivals,
    pub(super) gives: Option<u64>,
}

/// A barrier that some have reached.
#[derive(Clone, Debug)]
pub(super) struct Meeting {
    /// Of which block, numbered over all ranks.
    pub(super) block: u32,
    pub(super) place: Place,
    /// How many arrivals complete it.
    pub(super) needed: u32,
    /// For how many threads it is, where that is given; otherwise all of the block must come.
    pub(super) threads: Option<u32>,
    /// Threads whose warps are not complete.
    pub(super) partial: Vec<Arrival>,
    /// Arrivals that are still to be made, each with how many there had been when it was put off.
    pub(super) offered: Vec<(Vec<Arrival>, Option<u32>)>,
    /// Arrivals of this time round.
    pub(super) arrived: Vec<Vec<Arrival>>,
    /// Arrivals at all times.
    pub(super) count: u32,
}

/// A barrier that was completed: by whom, and how they stood afterwards.
#[derive(Clone, Debug)]
pub(super) struct Round {
    pub(super) members: Vec<usize>,
    pub(super) digest: u64,
    /// The number of events then.
    pub(super) since: Event,
}

/// A rank's stream.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) launch: u32,
    /// The beginning of that launch.
    pub(super) begun: Event,
    pub(super) last: Last,
    pub(super) position: u32,
    pub(super) done: bool,
}

/// An output by rank and launch; nothing where it is a sum in the order of ranks.
pub(super) type Output = ((u32, u32), Option<Vec<u8>>);

/// An exploration's state.
#[derive(Clone, Debug)]
pub(super) struct State<T> {
    pub(super) graph: Graph,
    pub(super) threads: Vec<Arc<Runner<T>>>,
    pub(super) meetings: Arc<Vec<Meeting>>,
    pub(super) rounds: Arc<Vec<Round>>,
    pub(super) streams: Vec<Stream>,
    /// Outputs that are no sum in the order of ranks, by rank and launch.
    pub(super) outputs: Arc<Vec<Output>>,
    /// Open reads whose values were needed by something on which not all that follows depends.
    pub(super) early: Arc<Vec<Event>>,
    /// Writes whose bytes are not known yet.
    pub(super) untold: Arc<Vec<Untold>>,
    /// Something wrong, for which there may be a better explanation later.
    pub(super) suspect: Option<Box<Finding>>,
    /// Accesses to memory of another rank.
    pub(super) peer_accesses: u64,
    /// A round that came back has been kept, for what it may race with.
    pub(super) kept: bool,
}

/// Sizes, and where threads and memory are.
pub(super) struct Field<'p, P> {
    pub(super) program: &'p P,
    pub(super) blocks: u32,
    pub(super) room: u32,
}

impl<'p, P: Program> Field<'p, P> {
    pub(super) fn new(program: &'p P) -> Field<'p, P> {
        let shape = program.shape();
        Field { program, blocks: shape.blocks, room: shape.threads }
    }

    /// Threads of all ranks and blocks, some of which may not exist.
    pub(super) fn threads(&self) -> u32 {
        self.program.shape().ranks * self.blocks * self.room
    }

    pub(super) fn coordinates(&self, thread: u32, launch: u32) -> Coordinates {
        let block = thread / self.room;
        Coordinates { rank: block / self.blocks, block: block % self.blocks, thread: thread % self.room, launch }
    }

    /// The block of a thread, numbered over all ranks.
    pub(super) fn block_of(&self, thread: usize) -> u32 {
        thread as u32 / self.room
    }

    /// Threads that the rank launches, by index.
    pub(super) fn of_rank(&self, rank: u32) -> impl Iterator<Item = usize> + use<P> {
        let (first, room) = (rank * self.blocks, self.room);
        let threads: Vec<u32> = (0..self.program.grid(rank)).map(|block| self.program.threads(rank, block)).collect();
        let of_block = move |(block, threads): (usize, u32)| {
            (0..threads).map(move |thread| ((first + block as u32) * room + thread) as usize)
        };
        threads.into_iter().enumerate().flat_map(of_block)
    }

    /// Threads of a block, by index.
    pub(super) fn of_block(&self, block: u32) -> std::ops::Range<usize> {
        let first = block * self.room;
        first as usize..(first + self.program.threads(block / self.blocks, block % self.blocks)) as usize
    }

    pub(super) fn placement(&self, thread: usize) -> Placement {
        let block = self.block_of(thread);
        let device = block / self.blocks;
        let cluster = device * self.blocks + self.program.cluster(device, block % self.blocks);
        let block = device * self.blocks + self.program.scope_block(device, block % self.blocks);
        Placement { block, cluster, device }
    }

    /// Of the stream of a rank: in no block.
    pub(super) fn stream_placement(&self, rank: u32) -> Placement {
        Placement { block: u32::MAX - rank, cluster: u32::MAX - rank, device: rank }
    }

    /// The memory that an instance is in a launch.
    pub(super) fn space(&self, instance: u32, launch: u32) -> Space {
        let shared = self.program.shape().instances[instance as usize].block.is_some();
        Space { instance, launch: if shared { launch } else { 0 } }
    }
}

impl<T> State<T> {
    /// Whether some read's value is open.
    pub(super) fn has_open(&self) -> bool {
        self.threads.iter().any(|runner| !runner.open.is_empty())
    }

    /// A thread has done something that others can tell: what it did before is no part of a round.
    pub(super) fn effect(&mut self, thread: usize)
    where
        T: Clone,
    {
        let runner = Arc::make_mut(&mut self.threads[thread]);
        runner.visited.clear();
        runner.met.clear();
        runner.rounds.values_mut().for_each(|rounds| rounds.held.clear());
        if self.rounds.iter().any(|round| round.members.contains(&thread)) {
            Arc::make_mut(&mut self.rounds).retain(|round| !round.members.contains(&thread));
        }
    }
}
