//! `cvt`: between integers and floats of every size.

use super::exact::{self, Finite, Format, Number};
use crate::ptx::code::function::Convert;
use crate::ptx::code::kind::{IntegerKind, NumberKind, Rounding};

impl NumberKind {
    /// Bits of a value.
    pub(super) const fn bits(self) -> u32 {
        match self {
            NumberKind::Integer(kind) => kind.bits as u32,
            NumberKind::Float(kind) => kind.bits(),
        }
    }
}

/// A conversion; a signed result is extended to the destination register.
pub(super) fn evaluate(conversion: Convert, a: u64) -> u64 {
    match conversion.to {
        NumberKind::Integer(to) => {
            let result = match conversion.from {
                NumberKind::Integer(from) if conversion.saturate => clamped(to, value(from, a)),
                NumberKind::Integer(from) => to.extend(from.extend(a)),
                NumberKind::Float(from) => to_integer(conversion, Format::of(from), to, a),
            };
            let register = IntegerKind::unsigned(conversion.register_bits.max(to.bits));
            register.extend(to.extend(result))
        }
        NumberKind::Float(to) => to_float(conversion, Format::of(to), a),
    }
}

fn to_float(conversion: Convert, to: Format, a: u64) -> u64 {
    let number = match conversion.from {
        NumberKind::Integer(from) => {
            let value = value(from, a);
            let significand = value.unsigned_abs();
            Number::Finite(Finite { negative: value < 0, significand, exponent: 0, sticky: false })
        }
        NumberKind::Float(from) => {
            let from = Format::of(from);
            let a = entered(conversion, from, a);
            if conversion.integral {
                integral(exact::number(from, a), conversion.rounding)
            } else {
                exact::number(from, a)
            }
        }
    };
    let result = exact::rounded(to, number, conversion.rounding);
    let result = if conversion.flush { exact::flushed(to, result) } else { result };
    let negative = result & to.sign() != 0;
    if conversion.saturate {
        return if to.is_nan(result) || negative { 0 } else { result.min(to.one()) };
    }
    if conversion.relu && negative { 0 } else { result }
}

/// `.ftz` concerns f32 operands alone.
fn entered(conversion: Convert, format: Format, a: u64) -> u64 {
    let a = a & (format.sign() | format.magnitude());
    if conversion.flush && format == Format::F32 { exact::flushed(format, a) } else { a }
}

/// To a whole number, of the same sign even if it is zero.
fn integral(number: Number, rounding: Rounding) -> Number {
    match number {
        Number::Finite(finite) if finite.exponent < 0 => {
            let significand = exact::whole(finite, 0, rounding);
            Number::Finite(Finite { significand, exponent: 0, ..finite })
        }
        _ => number,
    }
}

/// Out of range is clamped. NaN is zero, but for f64 and 64-bit integers, where it is the upper bit alone.
fn to_integer(conversion: Convert, from: Format, to: IntegerKind, a: u64) -> u64 {
    match exact::number(from, entered(conversion, from, a)) {
        Number::Nan => {
            let wide = from == Format::of(crate::ptx::code::kind::FloatKind::F64) || to.bits == 64;
            if wide { 1 << (to.bits - 1) } else { 0 }
        }
        Number::Infinite(negative) => clamped(to, if negative { i128::MIN } else { i128::MAX }),
        Number::Finite(finite) => {
            let whole = exact::whole(finite, 0, conversion.rounding);
            let magnitude = i128::try_from(whole).unwrap_or(i128::MAX);
            clamped(to, if finite.negative { -magnitude } else { magnitude })
        }
    }
}

fn value(kind: IntegerKind, bits: u64) -> i128 {
    let extended = kind.extend(bits);
    if kind.signed { i128::from(extended as i64) } else { i128::from(extended) }
}

fn clamped(kind: IntegerKind, value: i128) -> u64 {
    let (least, most) = if kind.signed {
        (-(1_i128 << (kind.bits - 1)), (1_i128 << (kind.bits - 1)) - 1)
    } else {
        (0, (1_i128 << kind.bits) - 1)
    };
    value.clamp(least, most) as u64 & kind.mask()
}
