//! What can be told of a result when some bits of the operands are not known.
//!
//! For rounds of spin loops: with one flag that has not come, the loop comes back whatever the other words hold, and the
//! round need not be tried with all of them. Decision: every bit is known or not; bitwise functions, shifts by known
//! amounts, selections and comparisons are exact on that, and every other function of an operand that is not wholly known
//! is unknown. The road not taken, intervals or terms, would tell more than loops of flags ever need.

use super::{evaluate, evaluate_pair};
use crate::ptx::code::function::{Bits, Combine, Compare, Function, Pack, Test};
use crate::ptx::code::kind::NumberKind;

/// Bits of which some may be unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Partial {
    /// The known bits; unknown ones are zero.
    pub value: u64,
    /// A one for each unknown bit.
    pub unknown: u64,
}

impl Partial {
    /// Nothing is known.
    pub const UNKNOWN: Partial = Partial { value: 0, unknown: u64::MAX };

    /// All of it is known.
    pub const fn known(value: u64) -> Partial {
        Partial { value, unknown: 0 }
    }

    /// The value, if all of it is known.
    pub fn whole(self) -> Option<u64> {
        (self.unknown == 0).then_some(self.value)
    }

    /// Whether it is zero, as far as that is known.
    fn is_zero(self) -> Option<bool> {
        match self.whole() {
            Some(value) => Some(value == 0),
            None => (self.value != 0).then_some(false),
        }
    }

    fn of(value: u64, unknown: u64) -> Partial {
        Partial { value: value & !unknown, unknown }
    }

    fn map(self, act: impl Fn(u64) -> u64) -> Partial {
        Partial::of(act(self.value), act(self.unknown))
    }

    /// What both agree on.
    fn either(self, other: Partial) -> Partial {
        Partial::of(self.value, self.unknown | other.unknown | (self.value ^ other.value))
    }

    /// A truth value.
    fn truth(known: Option<bool>) -> Partial {
        known.map_or(Partial { value: 0, unknown: 1 }, |truth| Partial::known(u64::from(truth)))
    }
}

/// The first, or only, result.
pub fn evaluate_partial(function: Function, operands: [Partial; 4]) -> Partial {
    if operands.iter().all(|operand| operand.unknown == 0) {
        return Partial::known(evaluate(function, operands.map(|operand| operand.value)));
    }
    let [a, b, c, _] = operands;
    match function {
        Function::Move => a,
        Function::Bits(bits, kind) => {
            bitwise(bits, operands).map_or(Partial::UNKNOWN, |result| result.map(|all| all & kind.mask()))
        }
        Function::Select => match c.is_zero() {
            Some(zero) => {
                if zero {
                    b
                } else {
                    a
                }
            }
            None => a.either(b),
        },
        Function::Pack(Pack::Field { from, bits }) => a.map(|all| (all >> from) & (u64::MAX >> (64 - u32::from(bits)))),
        Function::Pack(Pack::Join { bits }) => joined(u32::from(bits), operands),
        Function::Compare(compare) => predicates(compare, a, b, c)[0],
        _ => Partial::UNKNOWN,
    }
}

/// Both results of a function that has two.
pub fn evaluate_pair_partial(function: Function, operands: [Partial; 4]) -> [Partial; 2] {
    if operands.iter().all(|operand| operand.unknown == 0) {
        return evaluate_pair(function, operands.map(|operand| operand.value)).map(Partial::known);
    }
    let [a, b, c, _] = operands;
    match function {
        Function::Compare(compare) => predicates(compare, a, b, c),
        _ => [evaluate_partial(function, operands), Partial::UNKNOWN],
    }
}

fn bitwise(bits: Bits, [a, b, c, _]: [Partial; 4]) -> Option<Partial> {
    let ones = |operand: Partial| operand.value;
    let zeros = |operand: Partial| !operand.value & !operand.unknown;
    let from = |ones: u64, zeros: u64| Partial::of(ones, !(ones | zeros));
    Some(match bits {
        Bits::And => from(ones(a) & ones(b), zeros(a) | zeros(b)),
        Bits::Or => from(ones(a) | ones(b), zeros(a) & zeros(b)),
        Bits::Xor => Partial::of(a.value ^ b.value, a.unknown | b.unknown),
        Bits::Not => from(zeros(a), ones(a)),
        Bits::LogicalNot => Partial::truth(a.is_zero()),
        Bits::ShiftLeft => {
            let amount = b.whole()? as u32;
            a.map(|all| all.checked_shl(amount).unwrap_or(0))
        }
        Bits::Lop3(table) => {
            let (mut all_ones, mut all_zeros) = (0, 0);
            // A bit is known where all rows that its operands may choose agree.
            let rows = |wanted: bool| {
                (0..8_u32).filter(move |row| (table >> row & 1 == 1) == wanted).fold(0_u64, |reached, row| {
                    let may = |bit: u32, operand: Partial| {
                        if row >> bit & 1 == 1 { operand.value | operand.unknown } else { !operand.value }
                    };
                    reached | may(2, a) & may(1, b) & may(0, c)
                })
            };
            let (may_be_one, may_be_zero) = (rows(true), rows(false));
            all_ones |= may_be_one & !may_be_zero;
            all_zeros |= may_be_zero & !may_be_one;
            from(all_ones, all_zeros)
        }
        _ => return None,
    })
}

fn joined(bits: u32, operands: [Partial; 4]) -> Partial {
    let mask = u64::MAX >> (64 - bits);
    let mut all = Partial::known(0);
    for (index, operand) in operands.into_iter().enumerate() {
        let part = operand.map(|part| (part & mask).checked_shl(index as u32 * bits).unwrap_or(0));
        all = Partial::of(all.value | part.value, all.unknown | part.unknown);
    }
    all
}

fn predicates(compare: Compare, a: Partial, b: Partial, c: Partial) -> [Partial; 2] {
    let test = test(compare, a, b);
    let is_true = c.is_zero().map(|zero| !zero);
    let combined = |test: Option<bool>| match compare.combine {
        None => test,
        Some(Combine::And) => match (test, is_true) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), other) | (other, Some(true)) => other,
            (None, None) => None,
        },
        Some(Combine::Or) => match (test, is_true) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), other) | (other, Some(false)) => other,
            (None, None) => None,
        },
        Some(Combine::Xor) => test.zip(is_true).map(|(test, is_true)| test ^ is_true),
    };
    [combined(test), combined(test.map(|test| !test))].map(Partial::truth)
}

/// Tests of integers that are known whatever the unknown bits are.
fn test(compare: Compare, a: Partial, b: Partial) -> Option<bool> {
    let NumberKind::Integer(kind) = compare.kind else { return None };
    let mask = kind.mask();
    let (a, b) = (a.map(|all| all & mask), b.map(|all| all & mask));
    if (a.unknown | b.unknown) == 0 {
        let plain = Compare { combine: None, ..compare };
        return Some(evaluate(Function::Compare(plain), [a.value, b.value, 0, 0]) != 0);
    }
    let differ = (a.value ^ b.value) & !a.unknown & !b.unknown != 0;
    match compare.test {
        Test::Equal => differ.then_some(false),
        Test::NotEqual => differ.then_some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ptx::code::kind::IntegerKind;
    use proptest::prelude::*;

    const WORD: IntegerKind = IntegerKind::unsigned(32);

    fn functions() -> Vec<Function> {
        let compare =
            |test, combine| Function::Compare(Compare { test, kind: NumberKind::Integer(WORD), flush: false, combine });
        let mut all: Vec<Function> = [Bits::And, Bits::Or, Bits::Xor, Bits::Not, Bits::LogicalNot, Bits::ShiftLeft]
            .into_iter()
            .chain((0..=255).map(Bits::Lop3))
            .map(|bits| Function::Bits(bits, WORD))
            .collect();
        all.extend([Function::Move, Function::Select, Function::Pack(Pack::Join { bits: 16 })]);
        all.push(Function::Pack(Pack::Field { from: 4, bits: 8 }));
        for combine in [None, Some(Combine::And), Some(Combine::Or), Some(Combine::Xor)] {
            all.extend(
                [Test::Equal, Test::NotEqual, Test::Less, Test::GreaterEqual].map(|test| compare(test, combine)),
            );
        }
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever the unknown bits are, the known bits of the result are right.
        #[test]
        fn known_bits_are_right(
            which in 0..1000_usize,
            values in prop::array::uniform4(prop::sample::select(vec![0_u64, 1, 3, 7, 0x10, 0xFFFF_FFFF, 0x1234_5678])),
            unknown in prop::array::uniform4(prop::sample::select(vec![0_u64, 0, 1, 2, 0xF0, 0xFFFF_FFFF])),
            filling in prop::array::uniform4(any::<u32>()),
        ) {
            let all = functions();
            let function = all[which % all.len()];
            let mut partial = [Partial::known(0); 4];
            let mut whole = [0; 4];
            for index in 0..4 {
                partial[index] = Partial::of(values[index], unknown[index]);
                whole[index] = partial[index].value | u64::from(filling[index]) & unknown[index];
            }
            let told = evaluate_partial(function, partial);
            let right = evaluate(function, whole);
            prop_assert_eq!(told.value, right & !told.unknown, "{:?} of {:?}", function, partial);
            let [first, second] = evaluate_pair_partial(function, partial);
            let [one, two] = evaluate_pair(function, whole);
            prop_assert_eq!(first.value, one & !first.unknown);
            prop_assert_eq!(second.value, two & !second.unknown);
        }
    }

    #[test]
    fn one_known_bit_may_decide() {
        let or = evaluate_partial(
            Function::Bits(Bits::Or, WORD),
            [Partial::known(1), Partial::UNKNOWN, Partial::known(0), Partial::known(0)],
        );
        assert_eq!(or.value & 1, 1);
        assert_eq!(or.unknown & 1, 0);
    }
}
