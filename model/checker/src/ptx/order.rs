//! How launches that may run side by side are ordered: each then has blocks of its own, and so have the streams.

use super::dependent::Dependent;
use super::execute::PtxThread;
use super::steps::{ENTERS, Steps};
use crate::program::{Coordinates, Instance, Location, Operation, SiteIndex};
use arverify_protocol::verdict::ThreadName;

/// What orders them.
#[derive(Clone, Debug)]
pub enum Order {
    /// A launch may begin before the one before it has ended.
    Dependent(Dependent),
    /// A launch consists of several steps.
    Steps(Steps),
}

impl Order {
    /// The instances of the words that order them.
    pub(super) fn instances(&self, buffer: u32) -> Vec<Instance> {
        match self {
            Order::Dependent(dependent) => dependent.instances(buffer).collect(),
            Order::Steps(steps) => steps.instances(buffer).collect(),
        }
    }

    /// Blocks of a rank.
    pub(super) fn blocks(&self, rank: u32) -> u32 {
        match self {
            Order::Dependent(dependent) => dependent.blocks(rank),
            Order::Steps(steps) => steps.blocks(rank),
        }
    }

    /// Threads of a block.
    pub(super) fn threads(&self, rank: u32, block: u32) -> u32 {
        match self {
            Order::Dependent(dependent) => dependent.threads(rank, block),
            Order::Steps(steps) => steps.threads(rank, block),
        }
    }

    /// The block of the machine that is a block of a kernel in a launch.
    pub(super) fn block(&self, rank: u32, (kernel, launch): (usize, u32), block: u32) -> u32 {
        match self {
            Order::Dependent(dependent) => dependent.block(rank, launch, block),
            Order::Steps(steps) => steps.block(rank, (kernel, launch), block),
        }
    }

    /// Which kernel a thread is of that may have copies; none for a host or stream.
    pub(super) fn kernel_of(&self, at: Coordinates) -> Option<usize> {
        match self {
            Order::Dependent(_) => None,
            Order::Steps(steps) => steps.kernel_of(at),
        }
    }

    /// What a thread has done outside its kernel when it enters that.
    pub(super) fn enters(&self) -> u32 {
        match self {
            Order::Dependent(_) => 0,
            Order::Steps(_) => ENTERS,
        }
    }

    /// Which kernel a thread is of.
    pub(super) fn kernel(&self, at: Coordinates) -> usize {
        match self {
            Order::Dependent(_) => 0,
            Order::Steps(steps) => steps.kernel(at),
        }
    }

    /// Where a thread is in its launch.
    pub(super) fn within(&self, at: Coordinates) -> Coordinates {
        match self {
            Order::Dependent(dependent) => dependent.within(at),
            Order::Steps(steps) => steps.within(at),
        }
    }

    /// What a finding calls a thread.
    pub(super) fn name(&self, at: Coordinates) -> ThreadName {
        match self {
            Order::Dependent(dependent) => dependent.name(at),
            Order::Steps(steps) => steps.name(at),
        }
    }

    /// What a word says.
    pub(super) fn describe(&self, at: Location) -> Option<&str> {
        match self {
            Order::Dependent(dependent) => dependent.describe(at),
            Order::Steps(steps) => steps.describe(at),
        }
    }

    /// What a thread does that is not of its kernel, before the kernel or instead of it.
    pub(super) fn before(&self, at: Coordinates, thread: &mut PtxThread) -> Option<(Operation, SiteIndex)> {
        match self {
            Order::Dependent(dependent) => dependent.before(at, thread),
            Order::Steps(steps) => steps.before(at, thread),
        }
    }

    /// What a thread does in place of ending its kernel, having said so many things of copies.
    pub(super) fn instead_of_exit(&self, at: Coordinates, thread: &mut PtxThread, said: u32) -> Operation {
        match self {
            Order::Dependent(dependent) => dependent.instead_of_exit(at, thread),
            Order::Steps(steps) => steps.instead_of_exit(at, thread, said),
        }
    }

    /// The same, beginning as late as they may, where that makes a difference; `None` for that itself.
    pub(super) fn at_the_latest(&self) -> Option<Order> {
        match self {
            Order::Dependent(dependent) => dependent.at_the_latest().map(Order::Dependent),
            Order::Steps(_) => None,
        }
    }
}
