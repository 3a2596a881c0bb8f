//! Types of elements and of kernel parameters, and numbers as their bits.
//!
//! Parameters have the types that DESIGN.md lists, and `i8 u16 i16 f64`, which kernels have as well. Buffers have the
//! types that the checker can add and compare.

use super::expression::{Expression, Values};
use crate::program::Element;
use arverify_protocol::data::DataType;
use arverify_protocol::language::Diagnostic;

/// Element types by their words in the file.
pub(super) const ELEMENTS: [(&str, Element); 6] = [
    ("f16", Element::Data(DataType::F16)),
    ("bf16", Element::Data(DataType::BF16)),
    ("f32", Element::Data(DataType::F32)),
    ("u8", Element::U8),
    ("u32", Element::U32),
    ("u64", Element::U64),
];

/// An expression's value as an element's bits.
pub(super) fn element_bits(element: Element, value: &Expression, values: &Values) -> Result<u64, Diagnostic> {
    match element {
        Element::Data(data) => {
            let number = value.evaluate_real(values)? as f32;
            let bits = data.from_f32(number);
            if data.to_f32(bits).is_finite() { Ok(u64::from(bits)) } else { Err(misfit(value, element.name(), number)) }
        }
        Element::U8 => Scalar::U8.bits(value, values),
        Element::U32 => Scalar::U32.bits(value, values),
        Element::U64 => Scalar::U64.bits(value, values),
    }
}

/// Type of a number that is passed to a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scalar {
    /// 8 bits, unsigned.
    U8,
    /// 8 bits, signed.
    I8,
    /// 16 bits, unsigned.
    U16,
    /// 16 bits, signed.
    I16,
    /// 32 bits, unsigned.
    U32,
    /// 32 bits, signed.
    I32,
    /// 64 bits, unsigned.
    U64,
    /// 64 bits, signed.
    I64,
    /// IEEE binary32
    F32,
    /// IEEE binary64
    F64,
}

impl Scalar {
    /// Keys of the file.
    pub(super) const WORDS: [(&'static str, Scalar); 10] = [
        ("u8", Scalar::U8),
        ("i8", Scalar::I8),
        ("u16", Scalar::U16),
        ("i16", Scalar::I16),
        ("u32", Scalar::U32),
        ("i32", Scalar::I32),
        ("u64", Scalar::U64),
        ("i64", Scalar::I64),
        ("f32", Scalar::F32),
        ("f64", Scalar::F64),
    ];

    /// Size and alignment.
    pub const fn bytes(self) -> u64 {
        match self {
            Scalar::U8 | Scalar::I8 => 1,
            Scalar::U16 | Scalar::I16 => 2,
            Scalar::U32 | Scalar::I32 | Scalar::F32 => 4,
            Scalar::U64 | Scalar::I64 | Scalar::F64 => 8,
        }
    }

    /// As written.
    pub fn name(self) -> &'static str {
        Scalar::WORDS.iter().find(|(_, known)| *known == self).map_or("", |(word, _)| word)
    }

    /// Least and greatest value of a whole type.
    const fn range(self) -> Option<(i128, i128)> {
        match self {
            Scalar::U8 => Some((0, u8::MAX as i128)),
            Scalar::I8 => Some((i8::MIN as i128, i8::MAX as i128)),
            Scalar::U16 => Some((0, u16::MAX as i128)),
            Scalar::I16 => Some((i16::MIN as i128, i16::MAX as i128)),
            Scalar::U32 => Some((0, u32::MAX as i128)),
            Scalar::I32 => Some((i32::MIN as i128, i32::MAX as i128)),
            Scalar::U64 => Some((0, u64::MAX as i128)),
            Scalar::I64 => Some((i64::MIN as i128, i64::MAX as i128)),
            Scalar::F32 | Scalar::F64 => None,
        }
    }

    /// An expression's value as bits; those above the type's size are 0.
    pub(super) fn bits(self, value: &Expression, values: &Values) -> Result<u64, Diagnostic> {
        let Some((least, greatest)) = self.range() else {
            let number = value.evaluate_real(values)?;
            if self == Scalar::F64 {
                return Ok(number.to_bits());
            }
            let rounded = number as f32;
            let bits = u64::from(rounded.to_bits());
            return if rounded.is_finite() { Ok(bits) } else { Err(misfit(value, self.name(), number)) };
        };
        let number = value.evaluate(values)?;
        if !(least..=greatest).contains(&number) {
            let known = values.describe(value.variables());
            let error = Diagnostic::new(
                format!("the value {number} does not fit {}{known}", self.name()),
                value.span().clone(),
            );
            let error = error.label(format!("expected {least} to {greatest}"));
            return Err(if number < least {
                error.help("for a negative number take a signed type, or write its bits in hexadecimal")
            } else {
                error.help("to let it wrap, say so: `% 4294967296` or `& 0xffffffff`")
            });
        }
        // The lowest bits of two's complement, as many as the type has.
        let mask = if self.bytes() == 8 { u64::MAX } else { (1 << (8 * self.bytes())) - 1 };
        Ok(number as u64 & mask)
    }
}

fn misfit(value: &Expression, name: &str, number: impl std::fmt::Display) -> Diagnostic {
    Diagnostic::new(format!("the value {number} does not fit {name}"), value.span().clone())
        .label("beyond its greatest finite value")
}
