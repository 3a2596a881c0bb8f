//! Events of an execution: who does what to which bytes.
//!
//! An atomic is two events, its read and its write. Elements of a strong vector access are events at one position of
//! their thread. A barrier, and the beginning and end of a launch, are joints: events of nobody, behind all that come and
//! before all that go on.

use super::bits::Bits;
use crate::memory::scope::Placement;
use crate::program::{SiteIndex, Window};
use arverify_protocol::ir::{Order, Scope};
use smallvec::SmallVec;
use std::sync::Arc;

/// An event, by its place in [`super::graph::Graph`].
pub(super) type Event = usize;

/// Where a byte that is read comes from, when nobody wrote it.
pub(super) const INITIAL: Event = Event::MAX;

/// Whose program order an event stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Actor {
    /// A thread of a kernel in one launch, numbered over all ranks and blocks.
    Thread { thread: u32, launch: u32 },
    /// The stream of a rank.
    Stream(u32),
    /// A copy that a thread of a launch has started: in no program order.
    Copy { thread: u32, launch: u32 },
    /// Nobody: a joint.
    Joint,
}

/// What an event does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Act {
    Read,
    Write,
    Fence,
    /// A barrier, or the end of a launch.
    Joint,
    /// The beginning of a launch.
    Boundary,
}

/// Memory of one instance; shared memory is another in every launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Space {
    pub(super) instance: u32,
    pub(super) launch: u32,
}

/// An access across proxies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Crossing {
    /// The rank of the memory, and the block of shared memory.
    pub(super) memory: (u32, Option<u32>),
}

/// Bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Range {
    pub(super) space: Space,
    pub(super) from: u64,
    pub(super) to: u64,
}

impl Range {
    /// No bytes: of events that access no memory.
    pub(super) const NONE: Range = Range { space: Space { instance: u32::MAX, launch: 0 }, from: 0, to: 0 };

    pub(super) fn overlaps(&self, other: &Range) -> bool {
        self.space == other.space && self.from < other.to && other.from < self.to
    }

    pub(super) fn covers(&self, other: &Range) -> bool {
        self.space == other.space && self.from <= other.from && other.to <= self.to
    }

    pub(super) fn bytes(&self) -> u64 {
        self.to - self.from
    }
}

/// Where each byte of a read comes from.
pub(super) type Sources = SmallVec<[Event; 8]>;

/// An event with what is known of it.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) actor: Actor,
    /// Of a read past the caches of others (`ld.global.nc`): the beginning of the launch during which nobody may write.
    pub(super) during: Option<Event>,
    /// In program order; elements of one vector share it.
    pub(super) position: u32,
    pub(super) placement: Placement,
    pub(super) site: SiteIndex,
    pub(super) act: Act,
    pub(super) order: Order,
    /// Of a strong operation.
    pub(super) scope: Option<Scope>,
    pub(super) range: Range,
    /// Of a write: its bytes.
    pub(super) data: Arc<[u8]>,
    /// Of a strong read that has its value: where each byte comes from.
    pub(super) sources: Sources,
    /// Its value is open: see [`super::deferred`].
    pub(super) open: bool,
    /// Of a write that has its place: its bytes are not known yet.
    pub(super) untold: bool,
    /// Of a write: reads that its address, its data or its guard come from, as far as they were open.
    pub(super) depends: SmallVec<[Event; 1]>,
    /// Of a write: how many were placed in coherence order before it was.
    pub(super) stamp: usize,
    /// Of half an atomic: the other half.
    pub(super) partner: Option<Event>,
    /// By the async proxy.
    pub(super) by_copy: bool,
    /// Of an access of the async proxy that needs a proxy fence behind ordinary writes.
    pub(super) crossing: Option<Crossing>,
    /// Of a proxy fence: for which memory, and rank and block of its thread.
    pub(super) window: Option<(Window, (u32, u32))>,
    /// What precedes it in base causality order.
    pub(super) before: Bits,
    /// Writes that are observed by reads among `before`.
    pub(super) observed: Bits,
    /// Of a read: writes that precede it in observation order.
    pub(super) observes: Bits,
}

impl Node {
    pub(super) fn is_memory(&self) -> bool {
        matches!(self.act, Act::Read | Act::Write)
    }

    pub(super) fn is_write(&self) -> bool {
        self.act == Act::Write
    }

    pub(super) fn is_read(&self) -> bool {
        self.act == Act::Read
    }

    pub(super) fn is_fence(&self) -> bool {
        self.act == Act::Fence
    }

    pub(super) fn is_strong(&self) -> bool {
        self.scope.is_some()
    }

    /// Whether it comes before another in the program order of their thread.
    pub(super) fn precedes(&self, other: &Node) -> bool {
        self.actor == other.actor
            && !matches!(self.actor, Actor::Copy { .. } | Actor::Joint)
            && self.position < other.position
    }

    pub(super) fn releases(&self) -> bool {
        matches!(self.order, Order::Release | Order::AcqRel | Order::Sc) && self.act != Act::Read
    }

    pub(super) fn acquires(&self) -> bool {
        matches!(self.order, Order::Acquire | Order::AcqRel | Order::Sc) && self.act != Act::Write
    }
}
