//! The value of an expression: whole numbers exactly, reals in double precision.
//!
//! Decision: 128 bits hold every intermediate result that a file can need; what does not fit even there is an error.
//! Both operands of `&&` and `||`, and the branch of `? :` that is not chosen, are left alone where the result does
//! not need them, so that a guard against division by zero works.

use super::expression::{Binary, Expression, Kind, Node, Unary, Values};
use arverify_protocol::language::Diagnostic;

impl Expression {
    /// The value as a whole number.
    pub fn evaluate(&self, values: &Values) -> Result<i128, Diagnostic> {
        let failed = |error: Diagnostic| self.explain(error, values);
        whole(&self.root, values).map_err(failed)
    }

    /// The value as a real number.
    pub fn evaluate_real(&self, values: &Values) -> Result<f64, Diagnostic> {
        let failed = |error: Diagnostic| self.explain(error, values);
        let value = real(&self.root, values).map_err(failed)?;
        if value.is_finite() {
            return Ok(value);
        }
        Err(failed(Diagnostic::new("the value is not finite", self.span().clone()).label("too large")))
    }

    fn explain(&self, error: Diagnostic, values: &Values) -> Diagnostic {
        match values.describe(self.variables()) {
            known if known.is_empty() => error,
            known => error.note(format!("this is{known}")),
        }
    }
}

fn out_of_range(node: &Node) -> Diagnostic {
    Diagnostic::new("the value is out of range", node.span.clone()).label("does not fit 128 bits")
}

fn divides_by_zero(node: &Node) -> Diagnostic {
    Diagnostic::new("division by zero", node.span.clone()).label("the divisor is 0")
}

fn whole(node: &Node, values: &Values) -> Result<i128, Diagnostic> {
    match &node.kind {
        Kind::Whole(value) => Ok(*value),
        Kind::Real(_) => Err(Diagnostic::new("expected a whole number", node.span.clone()).label("not whole")),
        Kind::Variable(variable) => Ok(i128::from(values.of(*variable))),
        Kind::Unary(operator, operand) => {
            let value = whole(operand, values)?;
            match operator {
                Unary::Negate => value.checked_neg().ok_or_else(|| out_of_range(node)),
                Unary::Complement => Ok(!value),
                Unary::Not => Ok(i128::from(value == 0)),
            }
        }
        Kind::Binary(operator, operands) => {
            let [left, right] = &**operands;
            let left = whole(left, values)?;
            match operator {
                Binary::Both if left == 0 => return Ok(0),
                Binary::Either if left != 0 => return Ok(1),
                _ => {}
            }
            combine(node, *operator, left, whole(right, values)?)
        }
        Kind::Choice(parts) => {
            let [condition, then, otherwise] = &**parts;
            whole(if whole(condition, values)? != 0 { then } else { otherwise }, values)
        }
        Kind::Least(operands) => extreme(node, operands, values, i128::min),
        Kind::Greatest(operands) => extreme(node, operands, values, i128::max),
    }
}

fn extreme(
    node: &Node,
    operands: &[Node],
    values: &Values,
    choose: fn(i128, i128) -> i128,
) -> Result<i128, Diagnostic> {
    let mut best: Option<i128> = None;
    for operand in operands {
        let value = whole(operand, values)?;
        best = Some(best.map_or(value, |best| choose(best, value)));
    }
    best.ok_or_else(|| out_of_range(node))
}

fn combine(node: &Node, operator: Binary, left: i128, right: i128) -> Result<i128, Diagnostic> {
    let shift = || u32::try_from(right).ok().filter(|amount| *amount < i128::BITS);
    let misshifted =
        || Diagnostic::new(format!("cannot shift by {right}"), node.span.clone()).label("expected a shift of 0 to 127");
    let result = match operator {
        Binary::Add => left.checked_add(right),
        Binary::Subtract => left.checked_sub(right),
        Binary::Multiply => left.checked_mul(right),
        Binary::Divide | Binary::Remainder if right == 0 => return Err(divides_by_zero(node)),
        Binary::Divide => left.checked_div(right),
        Binary::Remainder => left.checked_rem(right),
        Binary::ShiftLeft => {
            let amount = shift().ok_or_else(misshifted)?;
            Some(left << amount).filter(|shifted| shifted >> amount == left)
        }
        Binary::ShiftRight => Some(left >> shift().ok_or_else(misshifted)?),
        Binary::And => Some(left & right),
        Binary::Or => Some(left | right),
        Binary::ExclusiveOr => Some(left ^ right),
        Binary::Equal => Some(i128::from(left == right)),
        Binary::NotEqual => Some(i128::from(left != right)),
        Binary::Less => Some(i128::from(left < right)),
        Binary::AtMost => Some(i128::from(left <= right)),
        Binary::Greater => Some(i128::from(left > right)),
        Binary::AtLeast => Some(i128::from(left >= right)),
        // The left operand did not decide.
        Binary::Both | Binary::Either => Some(i128::from(right != 0)),
    };
    result.ok_or_else(|| out_of_range(node))
}

fn real(node: &Node, values: &Values) -> Result<f64, Diagnostic> {
    match &node.kind {
        Kind::Whole(value) => Ok(*value as f64),
        Kind::Real(value) => Ok(*value),
        Kind::Variable(variable) => Ok(values.of(*variable) as f64),
        Kind::Unary(Unary::Negate, operand) => Ok(-real(operand, values)?),
        Kind::Unary(Unary::Not, operand) => Ok(f64::from(real(operand, values)? == 0.0)),
        Kind::Binary(operator, operands) => real_binary(node, *operator, operands, values),
        Kind::Choice(parts) => {
            let [condition, then, otherwise] = &**parts;
            real(if real(condition, values)? != 0.0 { then } else { otherwise }, values)
        }
        Kind::Least(operands) => real_extreme(operands, values, f64::min),
        Kind::Greatest(operands) => real_extreme(operands, values, f64::max),
        Kind::Unary(Unary::Complement, _) => whole(node, values).map(|value| value as f64),
    }
}

fn real_extreme(operands: &[Node], values: &Values, choose: fn(f64, f64) -> f64) -> Result<f64, Diagnostic> {
    let mut best = f64::NAN;
    for operand in operands {
        // NaN stands for none so far: both functions return the other operand then.
        best = choose(best, real(operand, values)?);
    }
    Ok(best)
}

fn real_binary(node: &Node, operator: Binary, operands: &[Node; 2], values: &Values) -> Result<f64, Diagnostic> {
    let [left, right] = operands;
    let whole_only = matches!(
        operator,
        Binary::Remainder | Binary::ShiftLeft | Binary::ShiftRight | Binary::And | Binary::Or | Binary::ExclusiveOr
    );
    if whole_only {
        let (left, right) = (whole(left, values), whole(right, values));
        let operands = left.and_then(|left| right.map(|right| (left, right)));
        let (left, right) =
            operands.map_err(|error| error.note(format!("`{}` takes whole numbers", operator.spelling())))?;
        return combine(node, operator, left, right).map(|value| value as f64);
    }
    let left = real(left, values)?;
    match operator {
        Binary::Both if left == 0.0 => return Ok(0.0),
        Binary::Either if left != 0.0 => return Ok(1.0),
        _ => {}
    }
    let right = real(right, values)?;
    Ok(match operator {
        Binary::Add => left + right,
        Binary::Subtract => left - right,
        Binary::Multiply => left * right,
        Binary::Divide if right == 0.0 => return Err(divides_by_zero(node)),
        Binary::Divide => left / right,
        Binary::Equal => f64::from(left == right),
        Binary::NotEqual => f64::from(left != right),
        Binary::Less => f64::from(left < right),
        Binary::AtMost => f64::from(left <= right),
        Binary::Greater => f64::from(left > right),
        Binary::AtLeast => f64::from(left >= right),
        // The left operand did not decide; the others were taken above.
        _ => f64::from(right != 0.0),
    })
}
