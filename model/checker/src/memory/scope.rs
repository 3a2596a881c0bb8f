//! Moral strength (PTX ISA, Memory Consistency Model, "Morally strong operations").
//!
//! Two operations are morally strong when each is strong and its scope includes the other's thread (or they are in
//! program order, which callers handle), and, for memory operations, when they overlap completely, which word-sized
//! slots always do. Proxies other than generic are not modelled here.

use arverify_protocol::ir::{Order, Scope, Semantics};

/// Where a thread runs, for scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Placement {
    /// The block, numbered over all ranks.
    pub block: u32,
    /// Its cluster: the first block of it.
    pub cluster: u32,
    /// The device.
    pub device: u32,
}

/// Whether an operation of `scope` by a thread at `from` includes a thread at `to`.
pub fn includes(scope: Scope, from: Placement, to: Placement) -> bool {
    match scope {
        Scope::Cta => from.block == to.block,
        Scope::Cluster => from.cluster == to.cluster,
        Scope::Gpu => from.device == to.device,
        Scope::Sys => true,
    }
}

/// Whether each operation's scope includes the other's thread.
pub fn mutually_inclusive(left: Scope, left_at: Placement, right: Scope, right_at: Placement) -> bool {
    includes(left, left_at, right_at) && includes(right, right_at, left_at)
}

/// The scope of a strong operation; `None` for a weak one. Volatile is relaxed with scope sys.
pub fn strong_scope(semantics: Semantics) -> Option<Scope> {
    match semantics.order {
        Order::Weak => None,
        Order::Volatile => Some(Scope::Sys),
        _ => Some(semantics.scope),
    }
}

/// Whether a read with this order acquires.
pub fn acquires(order: Order) -> bool {
    matches!(order, Order::Acquire | Order::AcqRel | Order::Sc)
}

/// Whether a write with this order releases.
pub fn releases(order: Order) -> bool {
    matches!(order, Order::Release | Order::AcqRel | Order::Sc)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Placement = Placement { block: 0, cluster: 0, device: 0 };
    const NEXT_BLOCK: Placement = Placement { block: 1, cluster: 0, device: 0 };
    const PEER: Placement = Placement { block: 2, cluster: 2, device: 1 };

    #[test]
    fn a_scope_reaches_its_own_threads_only() {
        assert!(!includes(Scope::Cta, HERE, NEXT_BLOCK));
        assert!(includes(Scope::Cluster, HERE, NEXT_BLOCK));
        assert!(!includes(Scope::Cluster, HERE, PEER));
        assert!(includes(Scope::Gpu, HERE, NEXT_BLOCK));
        assert!(!includes(Scope::Gpu, HERE, PEER));
        assert!(includes(Scope::Sys, HERE, PEER));
    }

    #[test]
    fn both_scopes_must_reach() {
        assert!(!mutually_inclusive(Scope::Sys, HERE, Scope::Gpu, PEER));
        assert!(mutually_inclusive(Scope::Sys, HERE, Scope::Gpu, NEXT_BLOCK));
    }

    #[test]
    fn volatile_is_relaxed_sys() {
        let volatile = Semantics { order: Order::Volatile, scope: Scope::Cta };
        assert_eq!(strong_scope(volatile), Some(Scope::Sys));
        assert!(!acquires(Order::Volatile) && !releases(Order::Volatile));
    }
}
