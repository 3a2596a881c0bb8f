//! The async proxy (PTX ISA, "Proxies", "Async proxy"): accesses of copies in flight, which are made by threads of their own.
//!
//! "Accessing the same memory location across multiple proxies needs a cross-proxy fence. For the async proxy,
//! `fence.proxy.async` should be used to synchronize between the generic proxy and the async proxy." And causality order asks,
//! of accesses by different proxies, for such a fence on the way ("Proxy-preserved base causality order").
//!
//! Decisions: what was written by ordinary threads precedes what the async proxy reads or writes only if a proxy fence lies
//! between the two in causality order, whoever makes it, or the beginning of a launch. What was
//! *read* by ordinary threads precedes it without: there is nothing to make visible, and published kernels (CUTLASS's release of
//! a buffer by its consumers) have no fence there. The other way none is needed: "the completion of a
//! `cp{.reduce}.async.bulk` operation is followed by an implicit generic-async proxy fence". Operations on mbarrier
//! objects need none in either way (CUTLASS puts none between `mbarrier.init` and the first copy of a block).

use super::{AtomicKind, Operation};

/// Which memory a proxy fence is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Window {
    /// All.
    All,
    /// Global memory.
    Global,
    /// Shared memory of the block whose thread makes the fence.
    Block,
    /// Shared memory of the blocks of a cluster.
    Cluster,
}

impl Window {
    /// Whether a fence by a thread of this block of a rank is for memory of a rank, and of a block if it is shared memory.
    pub fn holds(self, memory: (u32, Option<u32>), (rank, block): (u32, u32)) -> bool {
        match self {
            Window::All => true,
            Window::Global => memory.1.is_none(),
            Window::Block => memory == (rank, Some(block)),
            Window::Cluster => memory.1.is_some(),
        }
    }

    /// The fence in PTX.
    pub fn mnemonic(self) -> &'static str {
        match self {
            Window::All => "fence.proxy.async",
            Window::Global => "fence.proxy.async.global",
            Window::Block => "fence.proxy.async.shared::cta",
            Window::Cluster => "fence.proxy.async.shared::cluster",
        }
    }
}

/// Whether an operation of a thread of the async proxy is one for which a proxy fence is asked.
pub fn crosses(operation: &Operation) -> bool {
    match operation {
        Operation::Atomic { function, .. } => {
            !matches!(function.kind, AtomicKind::Mbarrier | AtomicKind::MbarrierWhole)
        }
        Operation::Load { .. } | Operation::Store { .. } | Operation::Bulk(_) => true,
        Operation::Read { .. } | Operation::Write { .. } => true,
        _ => false,
    }
}
