//! Comparisons: `setp`, `set`, and the test of `slct`.

use super::exact::{self, Format};
use crate::ptx::code::function::{Combine, Compare, SetResult, Test};
use crate::ptx::code::kind::{FloatKind, IntegerKind, NumberKind};
use std::cmp::Ordering;

/// Both predicates: the test and its opposite, each combined with c; for vectors of two the lower and the upper test.
pub(super) fn predicates(compare: Compare, a: u64, b: u64, c: u64) -> [u64; 2] {
    let [first, second] = match compare.kind {
        NumberKind::Float(kind) if kind.halves().is_some() => both_halves(compare, kind, a, b),
        kind => {
            let test = test(compare, kind, a, b);
            [test, !test]
        }
    };
    [combined(compare.combine, first, c), combined(compare.combine, second, c)].map(u64::from)
}

/// The number that `set` delivers.
pub(super) fn set(compare: Compare, result: SetResult, a: u64, b: u64, c: u64) -> u64 {
    let [lower, upper] = predicates(compare, a, b, c).map(|predicate| predicate != 0);
    match result {
        SetResult::Ones(bits) => {
            if lower {
                u64::MAX >> (64 - u32::from(bits))
            } else {
                0
            }
        }
        SetResult::OnesHalves => (u64::from(lower) * 0xffff) | (u64::from(upper) * 0xffff_0000),
        SetResult::One(kind) => {
            let (element, bits) = kind.halves().unwrap_or((kind, 0));
            let one = Format::of(element).one();
            let upper = if bits > 0 && upper { one << bits } else { 0 };
            upper | if lower { one } else { 0 }
        }
    }
}

/// Whether an f32 is at least zero; −0.0 is, a NaN is not.
pub(super) fn not_below_zero(bits: u64, flush: bool) -> bool {
    let bits = if flush { exact::flushed(Format::F32, bits) } else { bits };
    f32::from_bits(bits as u32) >= 0.0
}

fn both_halves(compare: Compare, kind: FloatKind, a: u64, b: u64) -> [bool; 2] {
    let (element, bits) = kind.halves().unwrap_or((kind, 0));
    let mask = u64::MAX >> (64 - bits);
    let at = |shift: u32| test(compare, NumberKind::Float(element), a >> shift & mask, b >> shift & mask);
    [at(0), at(bits)]
}

fn combined(combine: Option<Combine>, test: bool, c: u64) -> bool {
    let c = c != 0;
    match combine {
        None => test,
        Some(Combine::And) => test & c,
        Some(Combine::Or) => test | c,
        Some(Combine::Xor) => test ^ c,
    }
}

fn test(compare: Compare, kind: NumberKind, a: u64, b: u64) -> bool {
    match kind {
        NumberKind::Integer(kind) => holds(compare.test, Some(integers(kind, a, b))),
        NumberKind::Float(kind) => holds(compare.test, floats(kind, compare.flush, a, b)),
    }
}

fn integers(kind: IntegerKind, a: u64, b: u64) -> Ordering {
    let [a, b] = [kind.extend(a), kind.extend(b)];
    if kind.signed { (a as i64).cmp(&(b as i64)) } else { a.cmp(&b) }
}

fn floats(kind: FloatKind, flush: bool, a: u64, b: u64) -> Option<Ordering> {
    let format = Format::of(kind);
    let number = |bits: u64| exact::to_f64(format, if flush { exact::flushed(format, bits) } else { bits });
    number(a).partial_cmp(&number(b))
}

fn holds(test: Test, ordering: Option<Ordering>) -> bool {
    let Some(ordering) = ordering else {
        return matches!(
            test,
            Test::EqualUnordered
                | Test::NotEqualUnordered
                | Test::LessUnordered
                | Test::LessEqualUnordered
                | Test::GreaterUnordered
                | Test::GreaterEqualUnordered
                | Test::NotNumbers
        );
    };
    match test {
        Test::Equal | Test::EqualUnordered => ordering.is_eq(),
        Test::NotEqual | Test::NotEqualUnordered => ordering.is_ne(),
        Test::Less | Test::LessUnordered => ordering.is_lt(),
        Test::LessEqual | Test::LessEqualUnordered => ordering.is_le(),
        Test::Greater | Test::GreaterUnordered => ordering.is_gt(),
        Test::GreaterEqual | Test::GreaterEqualUnordered => ordering.is_ge(),
        Test::Numbers => true,
        Test::NotNumbers => false,
    }
}
