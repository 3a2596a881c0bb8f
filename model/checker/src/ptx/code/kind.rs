//! The types that instructions compute with.
//!
//! A register holds its bits zero-extended to 64; a predicate is 0 or 1. Untyped bits (`.b32`) are unsigned integers
//! here: no instruction that accepts them tells the difference. Not here: 128-bit values (two registers), sub-byte and
//! 8-bit floating point types.

/// An integer type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IntegerKind {
    /// 8, 16, 32 or 64.
    pub bits: u8,
    /// Two's complement.
    pub signed: bool,
}

impl IntegerKind {
    /// An unsigned type.
    pub const fn unsigned(bits: u8) -> Self {
        Self { bits, signed: false }
    }

    /// A signed type.
    pub const fn signed(bits: u8) -> Self {
        Self { bits, signed: true }
    }

    /// All bits of the type.
    pub const fn mask(self) -> u64 {
        u64::MAX >> (64 - self.bits as u32)
    }

    /// The value of bits, extended to all 64.
    pub const fn extend(self, bits: u64) -> u64 {
        if self.signed {
            let shift = 64 - self.bits as u32;
            ((bits << shift) as i64 >> shift) as u64
        } else {
            bits & self.mask()
        }
    }
}

/// A floating point type, or a vector of two in one register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FloatKind {
    /// IEEE binary16
    F16,
    /// Two of them
    F16x2,
    /// bfloat16
    BF16,
    /// Two of them
    BF16x2,
    /// IEEE binary32
    F32,
    /// Two of them
    F32x2,
    /// IEEE binary64
    F64,
}

impl FloatKind {
    /// The element type and its bits, where this is a vector of two.
    pub const fn halves(self) -> Option<(FloatKind, u32)> {
        match self {
            FloatKind::F16x2 => Some((FloatKind::F16, 16)),
            FloatKind::BF16x2 => Some((FloatKind::BF16, 16)),
            FloatKind::F32x2 => Some((FloatKind::F32, 32)),
            _ => None,
        }
    }

    /// Bits of a value.
    pub const fn bits(self) -> u32 {
        match self {
            FloatKind::F16 | FloatKind::BF16 => 16,
            FloatKind::F16x2 | FloatKind::BF16x2 | FloatKind::F32 => 32,
            FloatKind::F32x2 | FloatKind::F64 => 64,
        }
    }
}

/// A scalar type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NumberKind {
    /// Integer
    Integer(IntegerKind),
    /// Floating point
    Float(FloatKind),
}

/// IEEE rounding direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Rounding {
    /// `.rn`: to nearest, ties to even
    #[default]
    Nearest,
    /// `.rz`
    Zero,
    /// `.rm`: towards minus infinity
    Down,
    /// `.rp`: towards plus infinity
    Up,
}
