//! Copies in flight, as threads of their own (PTX ISA, "Asynchronous operations", "Async proxy", "Completion Mechanisms for
//! Asynchronous Copy Operations").
//!
//! A copy follows what its thread had done when it started it, and is in no order with what that does next, until its
//! completion is observed. So it is a thread. Beside each block stand blocks of such threads, and each of them makes one
//! copy of a launch. Words order them, as in a host program ([`crate::program::host`]); each is written once:
//!
//! * Whoever starts a copy writes down what is to be copied, and says so (release); the copy waits for that (acquire).
//! * The copy reads its source, and says so if it belongs to a group: that is what `wait_group.read` waits for. It writes its
//!   destination and says that it is done: for `wait_group`, or by `complete_tx` on its mbarrier object ("The complete-tx
//!   operation on the mbarrier has `.release` semantics at `.cluster` scope").
//! * A thread that leaves its kernel tells the copies that it has not started that there is nothing to do.
//!
//! Nothing of this is a rule of the machine's, nor of the second engine's: both perform threads. Only that the copies are of the
//! async proxy is ([`crate::program::proxy`]).
//!
//! Decision: a copy counts among the threads of the block whose mbarrier object it completes, so that a wait of scope cta, which
//! is the default and what published kernels have, synchronises with it; without an object, of the block that started it.
//! Decision: a reduction is made of atomics of single elements (`.relaxed.gpu`, `red.async`: `.relaxed.cluster`).
//! Copies of the generic proxy (`cp.async`, in modules in which such copies trigger arrivals) are threads of one more such block:
//! nothing but their proxy tells them from the others. An arrival that they trigger is one more of them, which waits until those
//! of its thread before it are done, and arrives (`.release.cta`, as `mbarrier.arrive` does).
//!
//! Decision: how many threads there must be is found out: who finds none left says so, and the check begins again with
//! more ([`Room`]). The road not taken, threads that make one copy after the other, puts copies in order that are in none.
//! Where a launch consists of several steps, the blocks of copies stand behind those of their kernel ([`super::steps`]).
//! Not modelled: launches that may begin before the one before has ended, `--resident-blocks`.

mod room;
mod work;

pub use room::Room;
pub(super) use work::Record;
pub use work::Work;

use super::execute::Geometry;
use crate::program::host::signals;
use crate::program::{Coordinates, Instance, Location, Operation, VectorElement, Width};
use arverify_protocol::ir::{Order, Scope, Semantics};
use arverify_protocol::verdict::{Role, ThreadName};

/// Bytes of what a copy is told, and of the words behind it.
const ENTRY: u64 = 128;
/// Bytes of what it is told.
pub(super) const RECORD: u64 = 64;

/// What a word of a copy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It is started, or never will be.
    Asked,
    /// It has read its source.
    HasRead,
    /// It is done.
    Done,
}

/// Said of a copy: it is started.
pub(super) const STARTED: u64 = 1;
/// It never will be.
const NEVER: u64 = 2;

/// Which copy: of those that are completed in a block of the cluster, the so manieth of its thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot {
    /// The rank in its cluster of the block that it counts among.
    pub peer: u32,
    /// Which of those of its thread.
    pub index: u32,
}

/// The threads of all copies.
#[derive(Clone, Debug, PartialEq)]
pub struct Copies {
    ranks: Vec<OfRank>,
    /// The first instance that holds their words; one for each rank.
    first: u32,
    launches: u32,
}

#[derive(Clone, Debug, PartialEq)]
struct OfRank {
    geometry: Geometry,
    /// By rank in the cluster: for each thread of a block the number of its first copy, and the number of all.
    before: Vec<Vec<u32>>,
}

impl OfRank {
    /// Copies of a block.
    fn all(&self) -> u32 {
        self.before.iter().map(|before| before.last().copied().unwrap_or(0)).sum()
    }

    /// Blocks of copies for each block: one for each block of its cluster, and perhaps one for those of the generic proxy.
    fn kinds(&self) -> u32 {
        self.before.len() as u32
    }

    /// Which copies of a block those of a thread are.
    fn of_thread(&self, peer: u32, thread: u32) -> std::ops::Range<u32> {
        let before = &self.before[peer as usize];
        before[thread as usize]..before[thread as usize + 1]
    }
}

impl Copies {
    /// Threads for so many copies, whose words lie in instances from the first on.
    pub(super) fn new(room: &Room, geometries: Vec<Geometry>, (launches, first): (u32, u32)) -> Copies {
        let of_rank = |geometry: Geometry| {
            let kinds = geometry.cluster_size() + u32::from(room.has_beyond(geometry.cluster_size()));
            let before = |peer: u32| {
                let mut all = 0;
                let ends = (0..geometry.threads()).map(|thread| {
                    all += room.of(peer, thread);
                    all
                });
                std::iter::once(0).chain(ends).collect()
            };
            OfRank { geometry, before: (0..kinds).map(before).collect() }
        };
        Copies { ranks: geometries.into_iter().map(of_rank).collect(), first, launches }
    }

    /// The instances of the words.
    pub(super) fn instances(&self, buffer: u32) -> impl Iterator<Item = Instance> {
        self.ranks.iter().enumerate().map(move |(rank, own)| {
            let count = u64::from(self.launches) * u64::from(own.geometry.blocks()) * u64::from(own.all());
            Instance::of_words("the order of copies".to_owned(), rank as u32, count.max(1) * ENTRY, buffer)
        })
    }

    /// Blocks of a rank, with those of copies.
    pub(super) fn blocks(&self, rank: u32) -> u32 {
        let own = &self.ranks[rank as usize];
        own.geometry.blocks() * (1 + own.kinds())
    }

    /// The most threads of any block.
    pub(super) fn most_threads(&self) -> u32 {
        let of_rank = |rank: u32| (0..self.blocks(rank)).map(move |block| self.threads(rank, block));
        (0..self.ranks.len() as u32).flat_map(of_rank).max().unwrap_or(1)
    }

    /// Threads of a block.
    pub(super) fn threads(&self, rank: u32, block: u32) -> u32 {
        let own = &self.ranks[rank as usize];
        match self.served(rank, block) {
            None => own.geometry.threads(),
            // A block has a thread, if only to end.
            Some((_, peer)) => own.before[peer as usize].last().copied().unwrap_or(0).max(1),
        }
    }

    /// Of a block of copies: the block that starts them, and the rank in its cluster of the one that they count among.
    fn served(&self, rank: u32, block: u32) -> Option<(u32, u32)> {
        let own = &self.ranks[rank as usize];
        let index = block.checked_sub(own.geometry.blocks())?;
        Some((index / own.kinds(), index % own.kinds()))
    }

    /// Whether a block is one of copies.
    pub(super) fn is_copy(&self, at: Coordinates) -> bool {
        self.served(at.rank, at.block).is_some()
    }

    /// Whether it is one of copies by the async proxy.
    pub(super) fn is_asynchronous(&self, at: Coordinates) -> bool {
        let cluster = self.ranks[at.rank as usize].geometry.cluster_size();
        self.served(at.rank, at.block).is_some_and(|(_, peer)| peer < cluster)
    }

    /// The block that starts the copies of a block; of any other, itself.
    pub(super) fn started_by(&self, rank: u32, block: u32) -> u32 {
        self.served(rank, block).map_or(block, |(block, _)| block)
    }

    /// The block that a block's threads count among, for scopes.
    pub(super) fn scope_block(&self, rank: u32, block: u32) -> u32 {
        let geometry = &self.ranks[rank as usize].geometry;
        let counted = self.served(rank, block).map(|(block, peer)| match peer < geometry.cluster_size() {
            true => geometry.peer(block, peer).unwrap_or(block),
            false => block,
        });
        counted.unwrap_or(block)
    }

    /// What a finding calls a copy.
    pub(super) fn name(&self, at: Coordinates) -> Option<ThreadName> {
        let (block, peer) = self.served(at.rank, at.block)?;
        let before = &self.ranks[at.rank as usize].before[peer as usize];
        let thread = before.partition_point(|first| *first <= at.thread).saturating_sub(1) as u32;
        Some(ThreadName { rank: at.rank, block, thread, launch: at.launch, role: Role::Copy })
    }

    /// Where a copy is told, and the words behind that; `None` if there is no such copy.
    pub(super) fn entry(&self, at: Coordinates, slot: Slot) -> Option<Location> {
        let own = &self.ranks[at.rank as usize];
        if slot.peer >= own.kinds() {
            return None;
        }
        let of_thread = own.of_thread(slot.peer, at.thread);
        (slot.index < of_thread.len() as u32).then(|| self.place(at, at.block, slot.peer, of_thread.start + slot.index))
    }

    /// Of the copies of a block to which one belongs, where one is told.
    fn beside(&self, at: Coordinates, index: u32) -> Option<Location> {
        let (block, peer) = self.served(at.rank, at.block)?;
        Some(self.place(at, block, peer, index))
    }

    /// The number of a thread's copy among those of its block.
    pub(super) fn number(&self, at: Coordinates, slot: Slot) -> u32 {
        self.ranks[at.rank as usize].of_thread(slot.peer, at.thread).start + slot.index
    }

    fn place(&self, at: Coordinates, block: u32, peer: u32, index: u32) -> Location {
        let own = &self.ranks[at.rank as usize];
        let before: u32 = own.before[..peer as usize].iter().filter_map(|before| before.last()).sum();
        let blocks = u64::from(at.launch) * u64::from(own.geometry.blocks()) + u64::from(block);
        let entry = blocks * u64::from(own.all()) + u64::from(before + index);
        Location { instance: self.first + at.rank, byte: entry * ENTRY }
    }

    /// Where the copy that a thread is is told; `None` if there is none for it.
    pub(super) fn own_entry(&self, at: Coordinates) -> Option<Location> {
        let (block, peer) = self.served(at.rank, at.block)?;
        let count = self.ranks[at.rank as usize].before[peer as usize].last().copied().unwrap_or(0);
        (at.thread < count).then(|| self.place(at, block, peer, at.thread))
    }

    /// How many copies a thread that leaves its kernel has not started.
    pub(super) fn unused(&self, at: Coordinates, started: impl Fn(u32) -> u32) -> u32 {
        let own = &self.ranks[at.rank as usize];
        let of_peer = |peer: u32| (own.of_thread(peer, at.thread).len() as u32).saturating_sub(started(peer));
        (0..own.kinds()).map(of_peer).sum()
    }

    /// What a thread says before it leaves its kernel, having started so many copies: the so manieth thing.
    pub(super) fn says_before_exit(
        &self,
        at: Coordinates,
        started: impl Fn(u32) -> u32,
        nth: u32,
    ) -> Option<Operation> {
        let own = &self.ranks[at.rank as usize];
        let unused = (0..own.kinds()).flat_map(|peer| {
            let count = own.of_thread(peer, at.thread).len() as u32;
            (started(peer)..count).map(move |index| Slot { peer, index })
        });
        let slot = unused.into_iter().nth(nth as usize)?;
        let at = word(self.entry(at, slot)?, Word::Asked);
        let semantics = Semantics { order: Order::Relaxed, scope: Scope::Sys };
        Some(Operation::Write {
            at,
            width: Width::Four,
            value: NEVER.into(),
            semantics,
            element: VectorElement::SCALAR,
        })
    }

    /// What a word says.
    pub(super) fn describe(&self, at: Location) -> Option<&'static str> {
        let rank = at.instance.checked_sub(self.first)?;
        if rank as usize >= self.ranks.len() {
            return None;
        }
        [
            (Word::Asked, "a copy is started"),
            (Word::HasRead, "a copy has read its source"),
            (Word::Done, "a copy is done"),
        ]
        .into_iter()
        .find(|(said, _)| word(Location { byte: 0, ..at }, *said).byte == at.byte % ENTRY)
        .map(|(_, text)| text)
    }
}

/// A word of a copy.
pub(super) fn word(entry: Location, which: Word) -> Location {
    let offset = match which {
        Word::Asked => 0,
        Word::HasRead => 4,
        Word::Done => 8,
    };
    Location { byte: entry.byte + RECORD + offset, ..entry }
}

/// Says that a copy is started, or is so far.
pub(super) fn say(entry: Location, which: Word) -> Operation {
    signals::write(word(entry, which))
}

/// Waits until a copy is so far.
pub(super) fn wait(entry: Location, which: Word) -> Operation {
    signals::wait(word(entry, which))
}
