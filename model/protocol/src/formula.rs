//! Expressions as threads evaluate them: steps on one value, with others set aside.
//!
//! Most operators have an operand that is a constant, a size, a coordinate or a register, and take it as part of the step. A
//! tree of boxes says the same and is followed a pointer for each node, which is most of the time that a thread with little
//! data takes.

use crate::evaluate::{Environment, EvaluationError, binary, index};
use crate::ir::{Binary, Expression, Kind, Symbol};
use smallvec::SmallVec;

/// What an expression computes; equal in value and in error to [`Environment::evaluate`].
#[derive(Clone, Debug)]
pub(crate) struct Formula {
    first: Leaf,
    rest: Box<[Step]>,
}

#[derive(Clone, Copy, Debug)]
enum Leaf {
    Constant(i64),
    Symbol(Symbol),
    Local(u32),
    Argument(u32),
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// The value becomes this.
    Load(Leaf),
    /// The value, and this.
    With(Binary, Kind, Leaf),
    /// An index, and this constant.
    WithConstant(Binary, i64),
    /// The value is set aside.
    SetAside,
    /// The value set aside last, and the value.
    WithSetAside(Binary, Kind),
    Not,
    /// The value becomes whether it is not 0.
    Truth,
    /// Goes on at a step if the value is 0.
    IfZero(u32),
    /// Goes on at a step if it is not, with 1.
    IfNotZero(u32),
    Jump(u32),
}

impl From<&Expression> for Formula {
    fn from(expression: &Expression) -> Formula {
        let mut steps = Vec::new();
        append(&mut steps, expression);
        // Whatever an expression is, its first step loads its first leaf.
        match steps.first() {
            Some(Step::Load(first)) => Formula { first: *first, rest: steps[1..].into() },
            _ => Formula { first: Leaf::Constant(0), rest: steps.into() },
        }
    }
}

fn leaf(expression: &Expression) -> Option<Leaf> {
    Some(match expression {
        Expression::Constant(value) => Leaf::Constant(*value),
        Expression::Symbol(symbol) => Leaf::Symbol(*symbol),
        Expression::Local(local) => Leaf::Local(local.0),
        Expression::Argument(argument) => Leaf::Argument(argument.0),
        Expression::Binary { .. } | Expression::Not(_) | Expression::If { .. } => return None,
    })
}

/// The step after those so far; the first of all is not among [`Formula::rest`].
fn here(steps: &[Step]) -> u32 {
    steps.len() as u32 - 1
}

fn append(steps: &mut Vec<Step>, expression: &Expression) {
    if let Some(leaf) = leaf(expression) {
        steps.push(Step::Load(leaf));
        return;
    }
    match expression {
        Expression::Not(inner) => {
            append(steps, inner);
            steps.push(Step::Not);
        }
        Expression::If { condition, then, otherwise } => {
            append(steps, condition);
            let branch = reserve(steps);
            append(steps, then);
            let jump = reserve(steps);
            steps[branch] = Step::IfZero(here(steps));
            append(steps, otherwise);
            steps[jump] = Step::Jump(here(steps));
        }
        Expression::Binary { operator: operator @ (Binary::And | Binary::Or), left, right, .. } => {
            append(steps, left);
            let branch = reserve(steps);
            append(steps, right);
            steps.push(Step::Truth);
            let end = here(steps);
            steps[branch] = if *operator == Binary::And { Step::IfZero(end) } else { Step::IfNotZero(end) };
        }
        Expression::Binary { operator, kind, left, right } => {
            append(steps, left);
            if let Some(leaf) = leaf(right) {
                steps.push(match (kind, leaf) {
                    (Kind::Index, Leaf::Constant(value)) => Step::WithConstant(*operator, value),
                    _ => Step::With(*operator, *kind, leaf),
                });
            } else {
                steps.push(Step::SetAside);
                append(steps, right);
                steps.push(Step::WithSetAside(*operator, *kind));
            }
        }
        Expression::Constant(_) | Expression::Symbol(_) | Expression::Local(_) | Expression::Argument(_) => {}
    }
}

/// A step that is put there later.
fn reserve(steps: &mut Vec<Step>) -> usize {
    steps.push(Step::Not);
    steps.len() - 1
}

impl Environment<'_> {
    #[inline(always)]
    fn leaf(&self, leaf: Leaf) -> i64 {
        match leaf {
            Leaf::Constant(value) => value,
            Leaf::Symbol(symbol) => self.symbol(symbol),
            Leaf::Local(local) => self.locals[local as usize],
            Leaf::Argument(argument) => i64::from(self.arguments[argument as usize]),
        }
    }

    /// The value of a formula. Conditions are 0 or 1.
    pub(crate) fn compute(&self, formula: &Formula) -> Result<i64, EvaluationError> {
        let mut value = self.leaf(formula.first);
        let mut aside = SmallVec::<[i64; 8]>::new();
        let mut at = 0;
        while let Some(step) = formula.rest.get(at) {
            at += 1;
            match *step {
                Step::Load(leaf) => value = self.leaf(leaf),
                Step::WithConstant(operator, right) => value = index(operator, value, right)?,
                Step::With(operator, kind, leaf) => value = binary(operator, kind, value, self.leaf(leaf))?,
                Step::SetAside => aside.push(value),
                Step::WithSetAside(operator, kind) => {
                    value = binary(operator, kind, aside.pop().unwrap_or_default(), value)?;
                }
                Step::Not => value = i64::from(value == 0),
                Step::Truth => value = i64::from(value != 0),
                Step::IfZero(to) if value == 0 => at = to as usize,
                Step::IfNotZero(to) if value != 0 => (value, at) = (1, to as usize),
                Step::IfZero(_) | Step::IfNotZero(_) => {}
                Step::Jump(to) => at = to as usize,
            }
        }
        Ok(value)
    }

    /// The value of a formula as a word: the low 32 bits.
    pub(crate) fn compute_word(&self, formula: &Formula) -> Result<u32, EvaluationError> {
        Ok(self.compute(formula)? as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Accumulate, DataType};
    use crate::evaluate::Sizes;
    use crate::ids::{ArgumentId, LocalId};
    use proptest::prelude::*;

    const OPERATORS: [Binary; 18] = [
        Binary::Add,
        Binary::Subtract,
        Binary::Multiply,
        Binary::Divide,
        Binary::Remainder,
        Binary::CeilingDivide,
        Binary::Minimum,
        Binary::Maximum,
        Binary::Equal,
        Binary::NotEqual,
        Binary::Less,
        Binary::LessEqual,
        Binary::Greater,
        Binary::GreaterEqual,
        Binary::And,
        Binary::Or,
        Binary::Xor,
        Binary::ShiftLeft,
    ];

    fn expressions() -> impl Strategy<Value = Expression> {
        let leaf = prop_oneof![
            (-3_i64..9).prop_map(Expression::Constant),
            Just(Expression::Constant(i64::MAX)),
            Just(Expression::Symbol(Symbol::Thread)),
            Just(Expression::Symbol(Symbol::Ranks)),
            (0_u32..3).prop_map(|local| Expression::Local(LocalId(local))),
            Just(Expression::Argument(ArgumentId(0))),
        ];
        leaf.prop_recursive(6, 48, 3, |inner| {
            let kinds = prop_oneof![Just(Kind::Index), Just(Kind::Word)];
            let operators = proptest::sample::select(OPERATORS.to_vec());
            prop_oneof![
                6 => (operators, kinds, inner.clone(), inner.clone()).prop_map(|(operator, kind, left, right)| {
                    Expression::Binary { operator, kind, left: left.into(), right: right.into() }
                }),
                1 => inner.clone().prop_map(|inner| Expression::Not(inner.into())),
                1 => (inner.clone(), inner.clone(), inner).prop_map(|(condition, then, otherwise)| Expression::If {
                    condition: condition.into(),
                    then: then.into(),
                    otherwise: otherwise.into(),
                }),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn a_formula_is_its_expression(expression in expressions()) {
            let (data, accumulate) = (DataType::F32, Accumulate::Own);
            let sizes = Sizes { ranks: 4, blocks: 2, threads: 8, elements: 131, capacity: 131, data, accumulate };
            let environment = Environment {
                thread: 5,
                arguments: &[7],
                locals: &[0, -1, 1 << 40],
                ..Environment::of_sizes(&sizes, 3)
            };
            prop_assert_eq!(environment.compute(&Formula::from(&expression)), environment.evaluate(&expression));
        }
    }
}
