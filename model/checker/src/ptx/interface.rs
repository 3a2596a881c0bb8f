//! The parts of the thread-program interface that PTX adds: widths, atomics of every type.
//!
//! They stand here until [`crate::program`] has them.

use arverify_protocol::ir::AtomicOperation;

/// Bytes of a strong access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Width {
    /// 1
    One,
    /// 2
    Two,
    /// 4
    Four,
    /// 8
    Eight,
}

impl Width {
    /// Number of bytes.
    pub const fn bytes(self) -> u32 {
        match self {
            Width::One => 1,
            Width::Two => 2,
            Width::Four => 4,
            Width::Eight => 8,
        }
    }
}

/// Function of an atomic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AtomicFunction {
    /// Which.
    pub operation: AtomicOperation,
    /// On what.
    pub kind: AtomicKind,
}

/// Type that an atomic computes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AtomicKind {
    /// Unsigned integers and bits
    Unsigned,
    /// Signed integers
    Signed,
    /// IEEE binary16
    F16,
    /// Two of them, each atomic alone
    F16x2,
    /// bfloat16
    BF16,
    /// Two of them, each atomic alone
    BF16x2,
    /// IEEE binary32
    F32,
    /// IEEE binary64
    F64,
}
