//! Integer arithmetic, with and without the carry flag.
//!
//! Everything is computed on values extended to 128 bits and cut to the type at the end. Division by zero, which PTX
//! leaves open, delivers all ones, and its remainder the dividend.

use crate::ptx::code::function::{Carry, Integer};
use crate::ptx::code::kind::IntegerKind;

/// Integer arithmetic.
pub(super) fn evaluate(operation: Integer, kind: IntegerKind, a: u64, b: u64, c: u64) -> u64 {
    let mask = kind.mask();
    let bits = u32::from(kind.bits);
    match operation {
        Integer::Add => a.wrapping_add(b) & mask,
        Integer::Sub => a.wrapping_sub(b) & mask,
        Integer::MulLow => a.wrapping_mul(b) & mask,
        Integer::MadLow => a.wrapping_mul(b).wrapping_add(c) & mask,
        Integer::MulWide => kind.extend(a).wrapping_mul(kind.extend(b)) & wide(kind),
        Integer::MadWide => kind.extend(a).wrapping_mul(kind.extend(b)).wrapping_add(c) & wide(kind),
        Integer::MulHigh => (product(kind, a, b) >> bits) as u64 & mask,
        Integer::MadHigh => ((product(kind, a, b) >> bits) as u64).wrapping_add(c) & mask,
        Integer::MadHighSaturating => clamped((product(kind, a, b) >> bits) + value(kind, c)),
        Integer::AddSaturating => clamped(value(kind, a) + value(kind, b)),
        Integer::SubSaturating => clamped(value(kind, a) - value(kind, b)),
        Integer::Mul24Low => product24(kind, a, b) as u64 & mask,
        Integer::Mul24High => (product24(kind, a, b) >> 16) as u64 & mask,
        Integer::Mad24Low => (product24(kind, a, b) as u64).wrapping_add(c) & mask,
        Integer::Mad24High => ((product24(kind, a, b) >> 16) as u64).wrapping_add(c) & mask,
        Integer::Mad24HighSaturating => clamped(i128::from((product24(kind, a, b) >> 16) as i32) + value(kind, c)),
        Integer::Sad => {
            let distance = (value(kind, a) - value(kind, b)).unsigned_abs() as u64;
            c.wrapping_add(distance) & mask
        }
        Integer::Div => divide(kind, a, b),
        Integer::Rem => remainder(kind, a, b),
        Integer::Abs => value(kind, a).unsigned_abs() as u64 & mask,
        Integer::Neg => a.wrapping_neg() & mask,
        Integer::Min => value(kind, a).min(value(kind, b)) as u64 & mask,
        Integer::Max => value(kind, a).max(value(kind, b)) as u64 & mask,
        Integer::MinRelu => value(kind, a).min(value(kind, b)).max(0) as u64 & mask,
        Integer::MaxRelu => value(kind, a).max(value(kind, b)).max(0) as u64 & mask,
        Integer::AddHalves => halves(Integer::Add, kind, a, b),
        Integer::MinHalves => halves(Integer::Min, kind, a, b),
        Integer::MaxHalves => halves(Integer::Max, kind, a, b),
        Integer::MinHalvesRelu => halves(Integer::MinRelu, kind, a, b),
        Integer::MaxHalvesRelu => halves(Integer::MaxRelu, kind, a, b),
        Integer::Dot4(b_signed) => dot(kind.signed, b_signed, [8, 8], [a, b, c], 4),
        Integer::Dot2(b_signed, upper) => {
            let b = if upper { b >> 16 } else { b };
            dot(kind.signed, b_signed, [16, 8], [a, b, c], 2)
        }
    }
}

/// Arithmetic with the carry flag: the result and the flag.
pub(super) fn with_carry(operation: Carry, kind: IntegerKind, operands: [u64; 4]) -> [u64; 2] {
    let mask = u128::from(kind.mask());
    let [a, b, c, carry] = operands.map(|operand| u128::from(operand) & mask);
    let bits = u32::from(kind.bits);
    let carry = carry & 1;
    let sum = match operation {
        Carry::Add => a + b + carry,
        Carry::Sub => {
            let difference = a.wrapping_sub(b).wrapping_sub(carry);
            return [(difference & mask) as u64, u64::from(a < b + carry)];
        }
        Carry::MadLow => (a.wrapping_mul(b) & mask) + c + carry,
        Carry::MadHigh => ((product(kind, a as u64, b as u64) >> bits) as u128 & mask) + c + carry,
    };
    [(sum & mask) as u64, (sum >> bits) as u64 & 1]
}

/// The number that bits stand for.
fn value(kind: IntegerKind, bits: u64) -> i128 {
    let extended = kind.extend(bits);
    if kind.signed { i128::from(extended as i64) } else { i128::from(extended) }
}

/// The whole product. That of two unsigned 64-bit numbers does not fit as a number; its bits do.
fn product(kind: IntegerKind, a: u64, b: u64) -> i128 {
    if kind.signed {
        value(kind, a) * value(kind, b)
    } else {
        (u128::from(kind.extend(a)) * u128::from(kind.extend(b))) as i128
    }
}

fn product24(kind: IntegerKind, a: u64, b: u64) -> i64 {
    let lower = |bits: u64| {
        let cut = (bits & 0xff_ffff) as i64;
        if kind.signed { cut << 40 >> 40 } else { cut }
    };
    lower(a) * lower(b)
}

fn wide(kind: IntegerKind) -> u64 {
    u64::MAX >> 64_u32.saturating_sub(2 * u32::from(kind.bits))
}

fn clamped(value: i128) -> u64 {
    value.clamp(i128::from(i32::MIN), i128::from(i32::MAX)) as u64 & 0xffff_ffff
}

fn divide(kind: IntegerKind, a: u64, b: u64) -> u64 {
    let divisor = value(kind, b);
    if divisor == 0 { kind.mask() } else { (value(kind, a) / divisor) as u64 & kind.mask() }
}

fn remainder(kind: IntegerKind, a: u64, b: u64) -> u64 {
    let divisor = value(kind, b);
    if divisor == 0 { a & kind.mask() } else { (value(kind, a) % divisor) as u64 & kind.mask() }
}

fn halves(operation: Integer, kind: IntegerKind, a: u64, b: u64) -> u64 {
    let half = IntegerKind { bits: 16, signed: kind.signed };
    let lower = evaluate(operation, half, a & 0xffff, b & 0xffff, 0);
    let upper = evaluate(operation, half, a >> 16 & 0xffff, b >> 16 & 0xffff, 0);
    upper << 16 | lower
}

/// Sum of the products of `count` fields of a and b, plus c, wrapping at 32 bits.
fn dot(a_signed: bool, b_signed: bool, bits: [u8; 2], operands: [u64; 3], count: u32) -> u64 {
    let [a, b, c] = operands;
    let a_kind = IntegerKind { bits: bits[0], signed: a_signed };
    let b_kind = IntegerKind { bits: bits[1], signed: b_signed };
    let term = |index: u32| {
        let a = a_kind.extend(a >> (index * u32::from(bits[0])));
        let b = b_kind.extend(b >> (index * u32::from(bits[1])));
        a.wrapping_mul(b)
    };
    (0..count).map(term).fold(c, u64::wrapping_add) & 0xffff_ffff
}
