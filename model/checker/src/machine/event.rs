//! What a recorded run remembers, for traces and replay.

use crate::memory::clock::ThreadIndex;
use crate::memory::shadow::Access;
use crate::program::{Location, Operation, SiteIndex, Word};
use arverify_protocol::ir::Order;

/// One operation, as it was performed.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Who.
    pub thread: ThreadIndex,
    /// In which launch.
    pub launch: u32,
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

impl Event {
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
