//! Words: what strong operations read and write, what waits wait for, what atomics compute.

use super::mbarrier;
use arverify_protocol::ir::{AtomicOperation, Compare};
use half::{bf16, f16};
use std::fmt;

/// What a word holds: its bytes, the first of them the lowest.
pub type Word = u128;

/// Size of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Width {
    /// 8 bits.
    One,
    /// 16 bits.
    Two,
    /// 32 bits.
    Four,
    /// 64 bits.
    Eight,
    /// 16: a vector, where it is one access (`--assume vectors=whole`).
    Sixteen,
}

impl Width {
    /// All sizes.
    pub const ALL: [Width; 5] = [Width::One, Width::Two, Width::Four, Width::Eight, Width::Sixteen];

    /// The one of so many bytes.
    pub fn of(bytes: u64) -> Option<Width> {
        Width::ALL.into_iter().find(|width| width.bytes() == bytes)
    }

    /// In bytes.
    pub const fn bytes(self) -> u64 {
        match self {
            Width::One => 1,
            Width::Two => 2,
            Width::Four => 4,
            Width::Eight => 8,
            Width::Sixteen => 16,
        }
    }

    /// The bits of a value that a word of this size keeps.
    pub const fn truncate(self, value: u64) -> u64 {
        match self {
            Width::Eight | Width::Sixteen => value,
            _ => value & ((1 << (self.bytes() * 8)) - 1),
        }
    }

    const fn sign_extend(self, value: u64) -> i64 {
        let shift = 64 - self.bytes() * 8;
        ((value << shift) as i64) >> shift
    }
}

/// What a wait waits for: `word compare value`, as unsigned 32-bit words; of a wider word its low half.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Condition {
    /// How.
    pub compare: Compare,
    /// With what.
    pub value: u32,
}

impl Condition {
    /// Whether a word satisfies it.
    pub fn holds(self, word: Word) -> bool {
        self.compare.holds(self.compared(word), self.value)
    }

    /// The part of a word that is compared: the first four bytes, where a packet has its flag.
    pub fn compared(self, word: Word) -> u32 {
        word as u32
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.compare.symbol(), self.value)
    }
}

/// How an atomic reads its operands (PTX ISA, `atom`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AtomicKind {
    /// Unsigned, or bits.
    Unsigned,
    /// Two's complement.
    Signed,
    /// binary16
    F16,
    /// Two of binary16.
    F16x2,
    /// bfloat16
    BF16,
    /// Two of bfloat16.
    BF16x2,
    /// binary32
    F32,
    /// binary64
    F64,
    /// Arrivals at an mbarrier object, expected bytes, completed ones: see [`mbarrier`]. Of the old value only the phase is
    /// looked at.
    Mbarrier,
    /// The same where all of it is.
    MbarrierWhole,
}

impl AtomicKind {
    /// Whether sums are the same in every order.
    pub fn is_exact(self) -> bool {
        !matches!(
            self,
            AtomicKind::F16
                | AtomicKind::F16x2
                | AtomicKind::BF16
                | AtomicKind::BF16x2
                | AtomicKind::F32
                | AtomicKind::F64
        )
    }

    /// Whether the word is an mbarrier object.
    pub fn is_mbarrier(self) -> bool {
        matches!(self, AtomicKind::Mbarrier | AtomicKind::MbarrierWhole)
    }
}

/// What an atomic computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AtomicFunction {
    /// The operation.
    pub operation: AtomicOperation,
    /// The type of its operands.
    pub kind: AtomicKind,
}

impl AtomicFunction {
    /// On unsigned words.
    pub const fn unsigned(operation: AtomicOperation) -> AtomicFunction {
        AtomicFunction { operation, kind: AtomicKind::Unsigned }
    }

    /// What of the old value is looked at, where any is.
    pub const fn shown(self, old: Word) -> u64 {
        let old = old as u64;
        match self.kind {
            AtomicKind::Mbarrier => mbarrier::phase(old),
            _ => old,
        }
    }

    /// The new value of a word of at most 8 bytes. `operand` is what is swapped in by compare-and-swap.
    pub fn apply(self, width: Width, old: Word, operand: u64, expected: u64) -> Word {
        let old = old as u64;
        let (operand, expected) = (width.truncate(operand), width.truncate(expected));
        let new = match self.operation {
            AtomicOperation::Exchange => operand,
            AtomicOperation::CompareSwap if old == expected => operand,
            AtomicOperation::CompareSwap => old,
            AtomicOperation::And => old & operand,
            AtomicOperation::Or => old | operand,
            AtomicOperation::Xor => old ^ operand,
            AtomicOperation::Increment if old >= operand => 0,
            AtomicOperation::Increment => old + 1,
            AtomicOperation::Decrement if old == 0 || old > operand => operand,
            AtomicOperation::Decrement => old - 1,
            AtomicOperation::Add => self.add(old, operand),
            AtomicOperation::Min | AtomicOperation::Max => {
                let least = self.operation == AtomicOperation::Min;
                if self.is_less(width, old, operand) == least { old } else { operand }
            }
        };
        Word::from(width.truncate(new))
    }

    fn add(self, old: u64, operand: u64) -> u64 {
        let halves = |add: fn(u16, u16) -> u16| {
            let low = add(old as u16, operand as u16);
            let high = add((old >> 16) as u16, (operand >> 16) as u16);
            u64::from(low) | u64::from(high) << 16
        };
        // The exact sum of two 16-bit floats, rounded to f32 first, rounds alike (see `data`).
        let half = |left: u16, right: u16| {
            f16::from_f32(f16::from_bits(left).to_f32() + f16::from_bits(right).to_f32()).to_bits()
        };
        let brain = |left: u16, right: u16| {
            bf16::from_f32(bf16::from_bits(left).to_f32() + bf16::from_bits(right).to_f32()).to_bits()
        };
        match self.kind {
            AtomicKind::Unsigned | AtomicKind::Signed => old.wrapping_add(operand),
            AtomicKind::F16 => u64::from(half(old as u16, operand as u16)),
            AtomicKind::BF16 => u64::from(brain(old as u16, operand as u16)),
            AtomicKind::F16x2 => halves(half),
            AtomicKind::BF16x2 => halves(brain),
            AtomicKind::F32 => u64::from((f32::from_bits(old as u32) + f32::from_bits(operand as u32)).to_bits()),
            AtomicKind::F64 => (f64::from_bits(old) + f64::from_bits(operand)).to_bits(),
            AtomicKind::Mbarrier | AtomicKind::MbarrierWhole => mbarrier::update(old, operand),
        }
    }

    fn is_less(self, width: Width, left: u64, right: u64) -> bool {
        match self.kind {
            AtomicKind::Signed => width.sign_extend(left) < width.sign_extend(right),
            _ => left < right,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(operation: AtomicOperation) -> AtomicFunction {
        AtomicFunction { operation, kind: AtomicKind::Signed }
    }

    #[test]
    fn words_wrap_at_their_own_size() {
        let add = AtomicFunction::unsigned(AtomicOperation::Add);
        assert_eq!(add.apply(Width::Four, 0xFFFF_FFFF, 1, 0), 0);
        assert_eq!(add.apply(Width::Eight, 0xFFFF_FFFF, 1, 0), 1 << 32);
        assert_eq!(add.apply(Width::Two, 0xFFFF, 1, 0), 0);
    }

    #[test]
    fn the_sign_decides_minimum_and_maximum() {
        let minus_one = 0xFFFF_FFFF;
        assert_eq!(signed(AtomicOperation::Min).apply(Width::Four, 1, minus_one, 0), minus_one.into());
        assert_eq!(AtomicFunction::unsigned(AtomicOperation::Min).apply(Width::Four, 1, minus_one, 0), 1);
        assert_eq!(signed(AtomicOperation::Max).apply(Width::Four, 1, minus_one, 0), 1);
        assert_eq!(
            AtomicFunction::unsigned(AtomicOperation::Max).apply(Width::Four, 1, minus_one, 0),
            minus_one.into()
        );
    }

    #[test]
    fn increments_wrap_at_their_operand() {
        let increment = AtomicFunction::unsigned(AtomicOperation::Increment);
        assert_eq!(increment.apply(Width::Four, 3, 3, 0), 0);
        assert_eq!(increment.apply(Width::Four, 2, 3, 0), 3);
        let decrement = AtomicFunction::unsigned(AtomicOperation::Decrement);
        assert_eq!(decrement.apply(Width::Four, 0, 3, 0), 3);
        assert_eq!(decrement.apply(Width::Four, 9, 3, 0), 3);
    }

    #[test]
    fn packed_floats_add_apart() {
        let pair = |low: f32, high: f32| {
            u64::from(f16::from_f32(low).to_bits()) | u64::from(f16::from_f32(high).to_bits()) << 16
        };
        let add = AtomicFunction { operation: AtomicOperation::Add, kind: AtomicKind::F16x2 };
        assert_eq!(add.apply(Width::Four, pair(1.0, 2.0).into(), pair(0.5, -2.0), 0), pair(1.5, 0.0).into());
    }
}
