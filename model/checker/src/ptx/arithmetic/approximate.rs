//! Functions that hardware approximates: computed in f64 and rounded once to the type.
//!
//! PTX bounds the error of each but does not say what the result is, so no table of the hardware's values would be
//! right either. A verdict on values that rest on one of these carries a remark.

use super::exact::{self, Format, Number};
use crate::ptx::code::function::FloatOperation;
use crate::ptx::code::kind::FloatKind;

/// The function's value, as exact as f64 is.
pub(super) fn evaluate(operation: FloatOperation, a: f64) -> Number {
    let result = match operation {
        FloatOperation::Rsqrt => 1.0 / a.sqrt(),
        FloatOperation::Sin => a.sin(),
        FloatOperation::Cos => a.cos(),
        FloatOperation::Lg2 => a.log2(),
        FloatOperation::Ex2 => a.exp2(),
        FloatOperation::Tanh => a.tanh(),
        _ => a,
    };
    exact::number(Format::of(FloatKind::F64), result.to_bits())
}
