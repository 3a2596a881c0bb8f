//! What instructions compute: pure functions on bits.
//!
//! [`evaluate`] maps the operands of a [`Function`] to its result; registers hold bits zero-extended to 64. Floating
//! point is computed by `exact` on integers with one rounding at the end, in every format and direction alike; the
//! commonest cases take the processor's own arithmetic, which rounds the same. Instructions that hardware only
//! approximates (`.approx`, `.full`) deliver the correctly rounded value: decoding leaves a remark where one stands.
//! Not modelled: NaN payloads (every NaN result is the canonical one), and how far approximations are off.

mod approximate;
mod bits;
mod compare;
mod convert;
mod exact;
mod float;
mod integer;
mod partial;

pub use partial::{Partial, evaluate_pair_partial, evaluate_partial};

use super::code::function::{Function, Pack};

/// The first, or only, result.
pub fn evaluate(function: Function, operands: [u64; 4]) -> u64 {
    let [a, b, c, _] = operands;
    match function {
        Function::Move => a,
        Function::Integer(operation, kind) => integer::evaluate(operation, kind, a, b, c),
        Function::Carry(operation, kind) => integer::with_carry(operation, kind, operands)[0],
        Function::Bits(operation, kind) => bits::evaluate(operation, kind, operands),
        Function::Pack(pack) => packed(pack, operands),
        Function::Select => choose(c != 0, a, b),
        Function::SelectSigned => choose(c as u32 as i32 >= 0, a, b),
        Function::SelectFloat { flush } => choose(compare::not_below_zero(c, flush), a, b),
        Function::Compare(compare) => compare::predicates(compare, a, b, c)[0],
        Function::CompareSet(compare, result) => compare::set(compare, result, a, b, c),
        Function::Float(float) => float::evaluate(float, a, b, c),
        Function::Convert(conversion) => convert::evaluate(conversion, a),
        Function::ConvertPair(conversion) => {
            let bits = conversion.to.bits();
            (convert::evaluate(conversion, a) << bits) | convert::evaluate(conversion, b)
        }
    }
}

/// Both results of a function that has two: a second predicate, a carry.
pub fn evaluate_pair(function: Function, operands: [u64; 4]) -> [u64; 2] {
    let [a, b, c, _] = operands;
    match function {
        Function::Carry(operation, kind) => integer::with_carry(operation, kind, operands),
        Function::Compare(compare) => compare::predicates(compare, a, b, c),
        _ => [evaluate(function, operands), 0],
    }
}

const fn choose(first: bool, a: u64, b: u64) -> u64 {
    if first { a } else { b }
}

fn packed(pack: Pack, operands: [u64; 4]) -> u64 {
    let a = operands[0];
    match pack {
        Pack::Join { bits } => {
            let mask = u64::MAX >> (64 - u32::from(bits));
            let shifted = |(index, operand): (usize, u64)| {
                // Operands beyond the width of the result are not there.
                (operand & mask).checked_shl(index as u32 * u32::from(bits)).unwrap_or(0)
            };
            operands.into_iter().enumerate().map(shifted).fold(0, |all, part| all | part)
        }
        Pack::Field { from, bits } => (a >> from) & (u64::MAX >> (64 - u32::from(bits))),
        Pack::Window { offset } => a.wrapping_add(offset),
        Pack::Within { from, bytes } => u64::from(a.wrapping_sub(from) < bytes),
        Pack::Beyond { bytes } => u64::from(a >= bytes),
    }
}
