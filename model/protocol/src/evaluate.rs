//! Evaluation of expressions at concrete sizes and coordinates.

use crate::data::{Accumulate, DataType};
use crate::ir::{Binary, Compare, Expression, Kind, Protocol, Symbol};

/// Sizes at which a protocol is instantiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sizes {
    /// P
    pub ranks: u32,
    /// B: what pads are sized for.
    pub blocks: u32,
    /// T
    pub threads: u32,
    /// N, elements of the message on each rank: in one launch, where launches differ.
    pub elements: u64,
    /// C, the most elements that a launch may have; N where a protocol has one length.
    pub capacity: u64,
    /// E
    pub data: DataType,
    /// How 16-bit elements are summed.
    pub accumulate: Accumulate,
}

/// Everything an expression can refer to.
#[derive(Clone, Copy, Debug)]
pub struct Environment<'a> {
    /// The sizes.
    pub sizes: &'a Sizes,
    /// Blocks this rank launched.
    pub grid: u32,
    /// This rank.
    pub rank: u32,
    /// This block.
    pub block: u32,
    /// This thread.
    pub thread: u32,
    /// This launch.
    pub launch: u32,
    /// Kernel arguments of this launch.
    pub arguments: &'a [u32],
    /// Registers.
    pub locals: &'a [i64],
}

/// An expression without a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum EvaluationError {
    /// Division or remainder by zero.
    #[error("division by zero")]
    DivisionByZero,
    /// A 64-bit index overflowed.
    #[error("integer overflow in an index")]
    Overflow,
}

impl<'a> Environment<'a> {
    /// An environment in which only sizes and the rank are known: for shapes, grids and requirements.
    pub fn of_sizes(sizes: &'a Sizes, rank: u32) -> Environment<'a> {
        Environment { sizes, grid: sizes.blocks, rank, block: 0, thread: 0, launch: 0, arguments: &[], locals: &[] }
    }

    #[inline(always)]
    pub(crate) fn symbol(&self, symbol: Symbol) -> i64 {
        match symbol {
            Symbol::Ranks => i64::from(self.sizes.ranks),
            Symbol::Blocks => i64::from(self.sizes.blocks),
            Symbol::Threads => i64::from(self.sizes.threads),
            Symbol::Elements => self.sizes.elements as i64,
            Symbol::Capacity => self.sizes.capacity as i64,
            Symbol::Vector => i64::from(self.sizes.data.vector()),
            Symbol::ElementBytes => i64::from(self.sizes.data.bytes()),
            Symbol::Grid => i64::from(self.grid),
            Symbol::Rank => i64::from(self.rank),
            Symbol::Block => i64::from(self.block),
            Symbol::Thread => i64::from(self.thread),
            Symbol::Launch => i64::from(self.launch),
        }
    }

    /// The value of an expression. Conditions are 0 or 1.
    pub fn evaluate(&self, expression: &Expression) -> Result<i64, EvaluationError> {
        match expression {
            Expression::Constant(value) => Ok(*value),
            Expression::Symbol(symbol) => Ok(self.symbol(*symbol)),
            Expression::Local(local) => Ok(self.locals[local.index()]),
            Expression::Argument(argument) => Ok(i64::from(self.arguments[argument.index()])),
            Expression::Not(inner) => Ok(i64::from(self.evaluate(inner)? == 0)),
            Expression::If { condition, then, otherwise } => {
                self.evaluate(if self.evaluate(condition)? != 0 { then } else { otherwise })
            }
            Expression::Binary { operator: Binary::And, left, right, .. } => {
                Ok(i64::from(self.evaluate(left)? != 0 && self.evaluate(right)? != 0))
            }
            Expression::Binary { operator: Binary::Or, left, right, .. } => {
                Ok(i64::from(self.evaluate(left)? != 0 || self.evaluate(right)? != 0))
            }
            Expression::Binary { operator, kind, left, right } => {
                binary(*operator, *kind, self.evaluate(left)?, self.evaluate(right)?)
            }
        }
    }

    /// The value of an expression as a word: the low 32 bits.
    pub fn word(&self, expression: &Expression) -> Result<u32, EvaluationError> {
        Ok(self.evaluate(expression)? as u32)
    }
}

/// Applies an operator. Words wrap at 32 bits and compare unsigned; indices are signed and must not overflow.
#[inline]
pub fn binary(operator: Binary, kind: Kind, left: i64, right: i64) -> Result<i64, EvaluationError> {
    match kind {
        Kind::Word => word(operator, left as u32, right as u32).map(i64::from),
        Kind::Index => index(operator, left, right),
    }
}

fn word(operator: Binary, left: u32, right: u32) -> Result<u32, EvaluationError> {
    let divisor = || if right == 0 { Err(EvaluationError::DivisionByZero) } else { Ok(right) };
    Ok(match operator {
        Binary::Add => left.wrapping_add(right),
        Binary::Subtract => left.wrapping_sub(right),
        Binary::Multiply => left.wrapping_mul(right),
        Binary::Divide => left / divisor()?,
        Binary::Remainder => left % divisor()?,
        Binary::CeilingDivide => left.div_ceil(divisor()?),
        Binary::ShiftLeft => left.checked_shl(right).unwrap_or(0),
        Binary::ShiftRight => left.checked_shr(right).unwrap_or(0),
        Binary::Xor => left ^ right,
        other => return index(other, i64::from(left), i64::from(right)).map(|value| value as u32),
    })
}

/// The same, of indices.
#[inline(always)]
pub(crate) fn index(operator: Binary, left: i64, right: i64) -> Result<i64, EvaluationError> {
    let divisor = || if right == 0 { Err(EvaluationError::DivisionByZero) } else { Ok(right) };
    let value = match operator {
        Binary::Add => left.checked_add(right),
        Binary::Subtract => left.checked_sub(right),
        Binary::Multiply => left.checked_mul(right),
        Binary::Divide => left.checked_div(divisor()?),
        Binary::Remainder => left.checked_rem(divisor()?),
        Binary::CeilingDivide => {
            let divisor = divisor()?;
            let most = divisor.checked_sub(1).and_then(|rest| left.checked_add(rest));
            most.and_then(|sum| sum.checked_div_euclid(divisor))
        }
        Binary::ShiftLeft => u32::try_from(right).ok().and_then(|by| left.checked_shl(by)),
        Binary::ShiftRight => u32::try_from(right).ok().and_then(|by| left.checked_shr(by)),
        Binary::Minimum => Some(left.min(right)),
        Binary::Maximum => Some(left.max(right)),
        Binary::Equal => Some(i64::from(left == right)),
        Binary::NotEqual => Some(i64::from(left != right)),
        Binary::Less => Some(i64::from(left < right)),
        Binary::LessEqual => Some(i64::from(left <= right)),
        Binary::Greater => Some(i64::from(left > right)),
        Binary::GreaterEqual => Some(i64::from(left >= right)),
        Binary::And => Some(i64::from(left != 0 && right != 0)),
        Binary::Or => Some(i64::from(left != 0 || right != 0)),
        Binary::Xor => Some(left ^ right),
    };
    value.ok_or(EvaluationError::Overflow)
}

impl Compare {
    /// Whether `slot` satisfies the condition against `value`.
    pub fn holds(self, slot: u32, value: u32) -> bool {
        match self {
            Compare::Equal => slot == value,
            Compare::NotEqual => slot != value,
            Compare::Less => slot < value,
            Compare::LessEqual => slot <= value,
            Compare::Greater => slot > value,
            Compare::GreaterEqual => slot >= value,
            Compare::Reached => (slot.wrapping_sub(value) as i32) >= 0,
        }
    }

    /// The operator as it is written in the language.
    pub fn symbol(self) -> &'static str {
        match self {
            Compare::Equal => "==",
            Compare::NotEqual => "!=",
            Compare::Less => "<",
            Compare::LessEqual => "<=",
            Compare::Greater => ">",
            Compare::GreaterEqual => ">=",
            Compare::Reached => "reached",
        }
    }
}

impl Protocol {
    /// Blocks that a rank launches at these sizes.
    pub fn grid_of(&self, sizes: &Sizes, rank: u32) -> Result<u32, EvaluationError> {
        let blocks = Environment::of_sizes(sizes, rank).evaluate(&self.grid)?;
        u32::try_from(blocks).map_err(|_| EvaluationError::Overflow)
    }

    /// Streams of each rank in a host program, the caller's included; 0 for a kernel.
    pub fn streams_of(&self, sizes: &Sizes) -> Result<u32, EvaluationError> {
        let Some(count) = &self.streams else { return Ok(0) };
        u32::try_from(Environment::of_sizes(sizes, 0).evaluate(count)?).map_err(|_| EvaluationError::Overflow)
    }

    /// The shape of every buffer at these sizes, outermost dimension first.
    pub fn shapes(&self, sizes: &Sizes) -> Result<Vec<Vec<u64>>, EvaluationError> {
        let environment = Environment::of_sizes(sizes, 0);
        let dimension = |expression: &Expression| {
            u64::try_from(environment.evaluate(expression)?).map_err(|_| EvaluationError::Overflow)
        };
        self.buffers.iter().map(|buffer| buffer.shape.iter().map(dimension).collect()).collect()
    }

    /// The first requirement that these sizes do not meet.
    pub fn unmet_requirement(&self, sizes: &Sizes) -> Result<Option<&crate::ir::Requirement>, EvaluationError> {
        for requirement in &self.requirements {
            if Environment::of_sizes(sizes, 0).evaluate(&requirement.condition)? == 0 {
                return Ok(Some(requirement));
            }
        }
        Ok(None)
    }

    /// Kernel arguments of one launch on one rank.
    pub fn argument_values(&self, sizes: &Sizes, rank: u32, launch: u32) -> Result<Vec<u32>, EvaluationError> {
        let environment = Environment { launch, ..Environment::of_sizes(sizes, rank) };
        self.arguments.iter().map(|argument| environment.word(&argument.value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_wrap_and_indices_do_not() {
        assert_eq!(binary(Binary::Add, Kind::Word, i64::from(u32::MAX), 1), Ok(0));
        assert_eq!(binary(Binary::Add, Kind::Index, i64::from(u32::MAX), 1), Ok(1 << 32));
        assert_eq!(binary(Binary::Add, Kind::Index, i64::MAX, 1), Err(EvaluationError::Overflow));
        assert_eq!(binary(Binary::Remainder, Kind::Index, 1, 0), Err(EvaluationError::DivisionByZero));
        assert_eq!(binary(Binary::CeilingDivide, Kind::Index, 9, 4), Ok(3));
        assert_eq!(binary(Binary::CeilingDivide, Kind::Index, -1, i64::MIN), Err(EvaluationError::Overflow));
        assert_eq!(binary(Binary::CeilingDivide, Kind::Index, i64::MIN + 2, -1), Err(EvaluationError::Overflow));
    }

    #[test]
    fn reached_holds_through_the_wrap() {
        assert!(Compare::Reached.holds(1, u32::MAX));
        assert!(!Compare::Reached.holds(u32::MAX, 1));
        assert!(!Compare::GreaterEqual.holds(1, u32::MAX));
    }
}
