//! The element types of a collective as Rust types.

use arverify_protocol::data::DataType;
use half::{bf16, f16};

/// f32, f16 or bf16: what slices passed to a group hold.
pub trait Number: sealed::Sealed + Copy + Default + PartialEq + Send + Sync + 'static {
    /// The type's name in certificates and on command lines.
    const DATA: DataType;

    /// The element with these bits; for 16-bit types the low ones.
    fn from_bits(bits: u32) -> Self;

    /// The element's bits.
    fn to_bits(self) -> u32;
}

pub(crate) mod sealed {
    /// Types without padding of which every bit pattern is a value, so that they may be copied as bytes.
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for half::f16 {}
    impl Sealed for half::bf16 {}
}

impl Number for f32 {
    const DATA: DataType = DataType::F32;

    fn from_bits(bits: u32) -> f32 {
        f32::from_bits(bits)
    }

    fn to_bits(self) -> u32 {
        f32::to_bits(self)
    }
}

impl Number for f16 {
    const DATA: DataType = DataType::F16;

    fn from_bits(bits: u32) -> f16 {
        f16::from_bits(bits as u16)
    }

    fn to_bits(self) -> u32 {
        u32::from(f16::to_bits(self))
    }
}

impl Number for bf16 {
    const DATA: DataType = DataType::BF16;

    fn from_bits(bits: u32) -> bf16 {
        bf16::from_bits(bits as u16)
    }

    fn to_bits(self) -> u32 {
        u32::from(bf16::to_bits(self))
    }
}
