//! Floating point instructions: operands flushed, the function, rounding, result flushed and clamped.

use super::approximate;
use super::exact::{self, Format, Number};
use crate::ptx::code::function::{Class, Extreme, Float, FloatOperation};
use crate::ptx::code::kind::{FloatKind, Rounding};

/// Floating point arithmetic; vectors of two half by half.
pub(super) fn evaluate(float: Float, a: u64, b: u64, c: u64) -> u64 {
    let Some((kind, bits)) = float.kind.halves() else {
        return scalar(float, a, b, c);
    };
    let element = Float { kind, ..float };
    let mask = u64::MAX >> (64 - bits);
    let at = |shift: u32| scalar(element, a >> shift & mask, b >> shift & mask, c >> shift & mask);
    at(bits) << bits | at(0)
}

fn scalar(float: Float, a: u64, b: u64, c: u64) -> u64 {
    if let Some(result) = quick(float, a, b, c) {
        return result;
    }
    let format = Format::of(float.kind);
    let mask = format.sign() | format.magnitude();
    let enter = |bits: u64| if float.flush { exact::flushed(format, bits & mask) } else { bits & mask };
    let [a, b, c] = [a, b, c].map(enter);
    let result = match float.operation {
        FloatOperation::Testp(class) => return u64::from(belongs(format, class, a)),
        FloatOperation::Abs => a & format.magnitude(),
        FloatOperation::Neg => a ^ format.sign(),
        FloatOperation::CopySign => b & format.magnitude() | a & format.sign(),
        FloatOperation::Min(extreme) => lesser(format, extreme, a, b, true),
        FloatOperation::Max(extreme) => lesser(format, extreme, a, b, false),
        _ => arithmetic(float, format, a, b, c),
    };
    leave(float, format, result)
}

/// Rounding to nearest, without further modifiers, in a type that the processor has; NaN is left to the long way.
fn quick(float: Float, a: u64, b: u64, c: u64) -> Option<u64> {
    if float.rounding != Rounding::Nearest || float.flush || float.saturate || float.relu {
        return None;
    }
    match float.kind {
        FloatKind::F32 => {
            let [a, b, c] = [a, b, c].map(|bits| f32::from_bits(bits as u32));
            let result = match float.operation {
                FloatOperation::Add => a + b,
                FloatOperation::Sub => a - b,
                FloatOperation::Mul => a * b,
                FloatOperation::Div => a / b,
                FloatOperation::Fma => a.mul_add(b, c),
                _ => return None,
            };
            (!result.is_nan()).then_some(u64::from(result.to_bits()))
        }
        FloatKind::F64 => {
            let [a, b, c] = [a, b, c].map(f64::from_bits);
            let result = match float.operation {
                FloatOperation::Add => a + b,
                FloatOperation::Sub => a - b,
                FloatOperation::Mul => a * b,
                FloatOperation::Div => a / b,
                FloatOperation::Fma => a.mul_add(b, c),
                _ => return None,
            };
            (!result.is_nan()).then_some(result.to_bits())
        }
        _ => None,
    }
}

fn arithmetic(float: Float, format: Format, a: u64, b: u64, c: u64) -> u64 {
    let number = |bits: u64| exact::number(format, bits);
    let rounding = float.rounding;
    let one = || number(format.one());
    let exact = match float.operation {
        FloatOperation::Add => exact::add(number(a), number(b), rounding),
        FloatOperation::Sub => exact::add(number(a), exact::negated(number(b)), rounding),
        FloatOperation::Mul => exact::multiply(number(a), number(b)),
        FloatOperation::Fma => exact::add(exact::multiply(number(a), number(b)), number(c), rounding),
        FloatOperation::Div => exact::divide(number(a), number(b)),
        FloatOperation::Rcp => exact::divide(one(), number(a)),
        FloatOperation::Sqrt => exact::square_root(number(a)),
        operation => approximate::evaluate(operation, exact::to_f64(format, a)),
    };
    exact::rounded(format, exact, rounding)
}

/// Flushes and clamps a result.
fn leave(float: Float, format: Format, result: u64) -> u64 {
    let result = if float.flush { exact::flushed(format, result) } else { result };
    let negative = result & format.sign() != 0;
    if float.saturate {
        return match format.is_nan(result) || negative {
            true => 0,
            false => result.min(format.one()),
        };
    }
    if float.relu {
        return if format.is_nan(result) {
            format.nan()
        } else if negative {
            0
        } else {
            result
        };
    }
    result
}

/// `min` and `max`: −0.0 is below +0.0, and a NaN yields to a number unless `.NaN` says otherwise.
fn lesser(format: Format, extreme: Extreme, a: u64, b: u64, minimum: bool) -> u64 {
    let sign = if extreme.xorsign_abs { (a ^ b) & format.sign() } else { 0 };
    let [a, b] = if extreme.xorsign_abs { [a, b].map(|bits| bits & format.magnitude()) } else { [a, b] };
    let chosen = match (format.is_nan(a), format.is_nan(b)) {
        (true, true) => return format.nan(),
        (true, false) | (false, true) if extreme.nan => return format.nan(),
        (true, false) => b,
        (false, true) => a,
        (false, false) => {
            if (ordered(format, a) <= ordered(format, b)) == minimum {
                a
            } else {
                b
            }
        }
    };
    chosen ^ sign
}

/// A number that grows with the value of the bits.
fn ordered(format: Format, bits: u64) -> i128 {
    let magnitude = i128::from(bits & format.magnitude());
    if bits & format.sign() != 0 { -magnitude - 1 } else { magnitude }
}

fn belongs(format: Format, class: Class, bits: u64) -> bool {
    let magnitude = bits & format.magnitude();
    match class {
        Class::Finite => magnitude < format.infinity(),
        Class::Infinite => magnitude == format.infinity(),
        Class::Number => !format.is_nan(bits),
        Class::NotANumber => format.is_nan(bits),
        Class::Normal => {
            matches!(exact::number(format, bits), Number::Finite(finite) if finite.significand != 0)
                && !format.is_subnormal(bits)
        }
        Class::Subnormal => format.is_subnormal(bits),
    }
}
