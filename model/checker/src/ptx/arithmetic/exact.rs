//! Floating point as exact numbers, rounded once.
//!
//! A finite number is a significand of up to 128 bits times a power of two; sums, products, quotients and roots are
//! computed on those, with a sticky bit for what falls off the end, and rounded to any format in any direction. The
//! alternative, the processor's arithmetic with its rounding mode changed, needs unsafe code and knows no 16-bit types.

use crate::ptx::code::kind::{FloatKind, Rounding};

/// An IEEE binary format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Format {
    /// Bits of the exponent.
    exponent: u32,
    /// Bits of the fraction.
    fraction: u32,
}

/// A number without its format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    /// Not a number.
    Nan,
    /// Infinity; whether it is negative.
    Infinite(bool),
    /// Finite.
    Finite(Finite),
}

/// (significand + something below one if sticky) × 2^exponent
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Finite {
    /// Sign; zeros have one too.
    pub(super) negative: bool,
    /// Significand.
    pub(super) significand: u128,
    /// Power of two.
    pub(super) exponent: i32,
    /// Whether something was cut off.
    pub(super) sticky: bool,
}

impl Format {
    /// IEEE binary32.
    pub(super) const F32: Format = Format { exponent: 8, fraction: 23 };

    /// The format of a scalar type; of the elements of a vector.
    pub(super) const fn of(kind: FloatKind) -> Format {
        match kind {
            FloatKind::F16 | FloatKind::F16x2 => Format { exponent: 5, fraction: 10 },
            FloatKind::BF16 | FloatKind::BF16x2 => Format { exponent: 8, fraction: 7 },
            FloatKind::F32 | FloatKind::F32x2 => Format::F32,
            FloatKind::F64 => Format { exponent: 11, fraction: 52 },
        }
    }

    const fn bias(self) -> i32 {
        (1 << (self.exponent - 1)) - 1
    }

    const fn largest_exponent(self) -> u64 {
        (1 << self.exponent) - 1
    }

    /// The bit of the sign.
    pub(super) const fn sign(self) -> u64 {
        1 << (self.exponent + self.fraction)
    }

    /// All bits but the sign.
    pub(super) const fn magnitude(self) -> u64 {
        self.sign() - 1
    }

    /// Positive infinity.
    pub(super) const fn infinity(self) -> u64 {
        self.largest_exponent() << self.fraction
    }

    /// The NaN that instructions deliver: all ones but the sign; for f64, which carries payloads, the quiet one.
    pub(super) const fn nan(self) -> u64 {
        if self.exponent == 11 { self.infinity() | 1 << 51 } else { self.magnitude() }
    }

    /// 1.0
    pub(super) const fn one(self) -> u64 {
        (self.bias() as u64) << self.fraction
    }

    /// Whether bits are a NaN.
    pub(super) const fn is_nan(self, bits: u64) -> bool {
        bits & self.magnitude() > self.infinity()
    }

    /// Whether bits are subnormal.
    pub(super) const fn is_subnormal(self, bits: u64) -> bool {
        let magnitude = bits & self.magnitude();
        magnitude != 0 && magnitude < 1 << self.fraction
    }
}

/// Subnormals become zeros of their sign.
pub(super) const fn flushed(format: Format, bits: u64) -> u64 {
    if format.is_subnormal(bits) { bits & format.sign() } else { bits }
}

/// The number that bits stand for.
pub(super) fn number(format: Format, bits: u64) -> Number {
    let negative = bits & format.sign() != 0;
    let fraction = u128::from(bits & ((1 << format.fraction) - 1));
    let exponent = (bits & format.magnitude()) >> format.fraction;
    if exponent == format.largest_exponent() {
        return if fraction == 0 { Number::Infinite(negative) } else { Number::Nan };
    }
    let significand = if exponent == 0 { fraction } else { fraction | 1 << format.fraction };
    let exponent = exponent.max(1) as i32 - format.bias() - format.fraction as i32;
    Number::Finite(Finite { negative, significand, exponent, sticky: false })
}

/// The value of bits as an f64, which holds every format exactly.
pub(super) fn to_f64(format: Format, bits: u64) -> f64 {
    match (format.exponent, format.fraction) {
        (11, _) => f64::from_bits(bits),
        (8, 23) => f64::from(f32::from_bits(bits as u32)),
        (8, _) => f64::from(f32::from_bits((bits as u32) << 16)),
        _ => f64::from(half::f16::from_bits(bits as u16)),
    }
}

/// Bits of a number in a format.
pub(super) fn rounded(format: Format, number: Number, rounding: Rounding) -> u64 {
    match number {
        Number::Nan => format.nan(),
        Number::Infinite(negative) => signed(format, negative, format.infinity()),
        Number::Finite(finite) => rounded_finite(format, finite, rounding),
    }
}

fn signed(format: Format, negative: bool, magnitude: u64) -> u64 {
    if negative { magnitude | format.sign() } else { magnitude }
}

fn rounded_finite(format: Format, number: Finite, rounding: Rounding) -> u64 {
    if number.significand == 0 {
        return signed(format, number.negative, 0);
    }
    let fraction = format.fraction as i32;
    let lowest = 1 - format.bias() - fraction;
    let length = 128 - number.significand.leading_zeros() as i32;
    let unit = (number.exponent + length - fraction - 1).max(lowest);
    let kept = whole(number, unit, rounding);
    if kept == 0 {
        return signed(format, number.negative, 0);
    }
    // A subnormal has exponent field 0, and a significand that reaches the hidden bit moves it to 1 by itself.
    let field = (unit - lowest) as u64;
    let magnitude = (field << format.fraction) + kept as u64;
    if magnitude < format.infinity() {
        return signed(format, number.negative, magnitude);
    }
    let away = match rounding {
        Rounding::Nearest => true,
        Rounding::Zero => false,
        Rounding::Down => number.negative,
        Rounding::Up => !number.negative,
    };
    signed(format, number.negative, if away { format.infinity() } else { format.infinity() - 1 })
}

/// The magnitude in units of 2^unit, rounded to a whole number of them.
pub(super) fn whole(number: Finite, unit: i32, rounding: Rounding) -> u128 {
    let shift = unit - number.exponent;
    if shift <= 0 {
        // A sticky number has so many bits that it is always shifted right.
        let left = shift.unsigned_abs();
        let fits = left <= number.significand.leading_zeros();
        return if fits { number.significand.checked_shl(left).unwrap_or(0) } else { u128::MAX };
    }
    let shift = shift.unsigned_abs();
    let kept = number.significand.checked_shr(shift).unwrap_or(0);
    let (half, rest) = if shift > 128 {
        (false, number.significand != 0 || number.sticky)
    } else {
        let half = number.significand >> (shift - 1) & 1 == 1;
        let below = (1_u128 << (shift - 1)) - 1;
        (half, number.significand & below != 0 || number.sticky)
    };
    let up = match rounding {
        Rounding::Nearest => half && (rest || kept & 1 == 1),
        Rounding::Zero => false,
        Rounding::Down => number.negative && (half || rest),
        Rounding::Up => !number.negative && (half || rest),
    };
    kept + u128::from(up)
}

/// a + b. The sign of a zero sum depends on the rounding direction.
pub(super) fn add(a: Number, b: Number, rounding: Rounding) -> Number {
    match (a, b) {
        (Number::Nan, _) | (_, Number::Nan) => Number::Nan,
        (Number::Infinite(first), Number::Infinite(second)) if first != second => Number::Nan,
        (Number::Infinite(negative), _) | (_, Number::Infinite(negative)) => Number::Infinite(negative),
        (Number::Finite(a), Number::Finite(b)) => Number::Finite(add_finite(a, b, rounding)),
    }
}

fn add_finite(a: Finite, b: Finite, rounding: Rounding) -> Finite {
    let zero = |negative| Finite { negative, significand: 0, exponent: 0, sticky: false };
    if a.significand == 0 && b.significand == 0 {
        let negative = if a.negative == b.negative { a.negative } else { rounding == Rounding::Down };
        return zero(negative);
    }
    if a.significand == 0 {
        return b;
    }
    if b.significand == 0 {
        return a;
    }
    let (high, low) = if a.exponent >= b.exponent { (a, b) } else { (b, a) };
    // Two bits stay free: for the carry, and for a difference that needs one bit more.
    let room = high.significand.leading_zeros().saturating_sub(2);
    let distance = high.exponent.abs_diff(low.exponent);
    let left = distance.min(room);
    let right = distance - left;
    let first = high.significand << left;
    let second = low.significand.checked_shr(right).unwrap_or(0);
    let sticky = right > 0 && (right >= 128 || low.significand & ((1 << right) - 1) != 0);
    let exponent = high.exponent - left as i32;
    if high.negative == low.negative {
        return Finite { negative: high.negative, significand: first + second, exponent, sticky };
    }
    // Where something was cut off, `first` is by far the greater.
    let second = second + u128::from(sticky);
    if first == second && !sticky {
        return zero(rounding == Rounding::Down);
    }
    let negative = if first > second { high.negative } else { low.negative };
    Finite { negative, significand: first.abs_diff(second), exponent, sticky }
}

/// −a
pub(super) fn negated(number: Number) -> Number {
    match number {
        Number::Nan => number,
        Number::Infinite(negative) => Number::Infinite(!negative),
        Number::Finite(finite) => Number::Finite(Finite { negative: !finite.negative, ..finite }),
    }
}

/// a × b, exact.
pub(super) fn multiply(a: Number, b: Number) -> Number {
    match (a, b) {
        (Number::Nan, _) | (_, Number::Nan) => Number::Nan,
        (Number::Infinite(first), Number::Infinite(second)) => Number::Infinite(first != second),
        (Number::Infinite(infinite), Number::Finite(finite)) | (Number::Finite(finite), Number::Infinite(infinite)) => {
            if finite.significand == 0 {
                Number::Nan
            } else {
                Number::Infinite(infinite != finite.negative)
            }
        }
        (Number::Finite(a), Number::Finite(b)) => Number::Finite(Finite {
            negative: a.negative != b.negative,
            significand: a.significand * b.significand,
            exponent: a.exponent + b.exponent,
            sticky: false,
        }),
    }
}

/// a / b, to more bits than any format has.
pub(super) fn divide(a: Number, b: Number) -> Number {
    match (a, b) {
        (Number::Nan, _) | (_, Number::Nan) => Number::Nan,
        (Number::Infinite(_), Number::Infinite(_)) => Number::Nan,
        (Number::Infinite(first), Number::Finite(b)) => Number::Infinite(first != b.negative),
        (Number::Finite(a), Number::Infinite(second)) => {
            Number::Finite(Finite { negative: a.negative != second, significand: 0, exponent: 0, sticky: false })
        }
        (Number::Finite(a), Number::Finite(b)) => {
            let negative = a.negative != b.negative;
            if b.significand == 0 {
                return if a.significand == 0 { Number::Nan } else { Number::Infinite(negative) };
            }
            let left = if a.significand == 0 { 0 } else { a.significand.leading_zeros() };
            let dividend = a.significand << left;
            let exponent = a.exponent - left as i32 - b.exponent;
            let sticky = !dividend.is_multiple_of(b.significand);
            Number::Finite(Finite { negative, significand: dividend / b.significand, exponent, sticky })
        }
    }
}

/// √a, to more bits than any format has.
pub(super) fn square_root(a: Number) -> Number {
    match a {
        Number::Nan | Number::Infinite(true) => Number::Nan,
        Number::Infinite(false) => a,
        Number::Finite(finite) if finite.significand == 0 => a,
        Number::Finite(finite) if finite.negative => Number::Nan,
        Number::Finite(finite) => {
            let room = finite.significand.leading_zeros() as i32;
            let left = room - (finite.exponent - room).rem_euclid(2);
            let radicand = finite.significand << left;
            let root = radicand.isqrt();
            let exponent = (finite.exponent - left) / 2;
            Number::Finite(Finite { negative: false, significand: root, exponent, sticky: root * root != radicand })
        }
    }
}
