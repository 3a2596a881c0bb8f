//! What a recorded run remembers, for traces and replay.

use super::Machine;
use super::launch::{DURING, REFRESH};
use crate::memory::clock::{Epoch, ThreadIndex};
use crate::memory::scope::Placement;
use crate::memory::shadow::Access;
use crate::program::{Location, Operation, Program, SiteIndex, Word};
use arverify_protocol::ir::Order;

/// One operation, as it was performed.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Who.
    pub thread: ThreadIndex,
    /// In which launch.
    pub launch: u32,
    /// At which point of its thread.
    pub epoch: Epoch,
    /// Which statement; `None` for what the launch does.
    pub site: Option<SiteIndex>,
    /// What.
    pub what: What,
}

/// What was done.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// The stream began a launch.
    Launch,
    /// All threads of a launch had ended, and its rank's stream went on.
    Ended,
    /// A barrier was complete: those who had arrived, each with the point at which it did, and whether it waited.
    Met(Vec<(Epoch, bool)>),
    /// An operation; `value` is what it read, `from` who wrote that.
    Operation {
        /// The operation.
        operation: Operation,
        /// What it read.
        value: Option<Word>,
        /// Who wrote that.
        from: Option<Access>,
    },
    /// A wait found no message that satisfies it.
    Blocked {
        /// Where.
        at: Location,
        /// Until what.
        until: String,
        /// The newest value.
        holds: Word,
    },
    /// A wait saw the newest value and went on waiting, although an older one satisfied it.
    Missed {
        /// Where.
        at: Location,
        /// Until what.
        until: String,
        /// The newest value.
        holds: Word,
    },
}

/// What a rank's own stream does around a launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Around {
    /// Before it: new contents. During it: loads by a path that is not coherent.
    Beginning(u32),
    /// After it: the output is read.
    End(u32),
}

impl<P: Program> Machine<P> {
    /// Which launch an access of a rank's own stream belongs to, and whose stream it is; `None` for other accesses.
    pub fn around(&self, access: &Access) -> Option<(u32, Around)> {
        let Epoch { thread, phase, step } = access.epoch;
        if access.epoch.is_initial() || !self.is_stream(thread) {
            return None;
        }
        let rank = self.rank_of_block(self.block_of(thread));
        Some(match step {
            REFRESH => (rank, Around::Beginning(phase)),
            DURING => (rank, Around::Beginning(phase.saturating_sub(1))),
            _ => (rank, Around::End(phase.saturating_sub(1))),
        })
    }

    /// Where a thread runs, for scopes.
    pub fn place_of(&self, thread: ThreadIndex) -> Placement {
        self.placement(thread)
    }

    /// The block of a thread, numbered over all ranks.
    pub fn block_over_all(&self, thread: ThreadIndex) -> u32 {
        self.block_of(thread)
    }
}

impl Event {
    /// Whether a thread performed it, and not the machine.
    pub fn is_of_thread(&self) -> bool {
        !matches!(self.what, What::Launch | What::Ended | What::Met(_))
    }

    /// Whether it accesses memory weakly.
    pub fn is_weak_access(&self) -> bool {
        let What::Operation { operation, .. } = &self.what else { return false };
        match operation {
            Operation::Load { .. } | Operation::Store { .. } | Operation::Bulk(_) => true,
            Operation::Read { semantics, .. }
            | Operation::Write { semantics, .. }
            | Operation::Await { semantics, .. } => semantics.order == Order::Weak,
            _ => false,
        }
    }
}
