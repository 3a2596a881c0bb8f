//! The axes of a topology: the numbers that were given or, where none were, expressions over the number of ranks.
//!
//! Decision: without a topology each axis but the outermost, from the innermost on, takes 4 of the ranks that are left if
//! they are more than 4 and divide by 4, else 2 if they are even, else 1; the outermost takes what remains. So 4 ranks are 2 × 2 and
//! 16 are 4 × 4, every number of ranks has a topology, and a protocol stays one for all sizes. The road not
//! taken: the factors nearest to a square, which no expression of the language gives.

use super::{Global, Resolver, Type, Uses, Value, names::BUILT_IN};
use crate::ir::{Binary, Expression, Kind, Protocol, Requirement, Span, Symbol};
use crate::language::diagnostics::Diagnostic;
use crate::language::tree::Name;
use crate::topology::AXIS_LIMIT;

impl<'a> Resolver<'a> {
    pub(super) fn declare_topology(&mut self, axes: &'a [Name], span: &Span) {
        if axes.len() > AXIS_LIMIT {
            let error = Diagnostic::new(format!("a topology has at most {AXIS_LIMIT} axes"), span.clone());
            self.report(error.label(format!("{} axes", axes.len())));
        }
        for axis in axes {
            self.declare(axis, Global::Let(None));
        }
    }

    /// Gives the axes their meaning. `first` is an earlier topology of the file.
    pub(super) fn define_topology(
        &mut self,
        axes: &'a [Name],
        span: Span,
        first: &mut Option<Span>,
        protocol: &mut Protocol,
    ) {
        if let Some(first) = first.replace(span.clone()) {
            let error = Diagnostic::new("a second topology", span);
            self.report(error.context(first, "the first is here"));
            axes.iter().for_each(|axis| self.break_name(axis));
            return;
        }
        let values: Vec<Expression> = match self.topology {
            None => by_ranks(axes.len()),
            Some(given) => {
                let condition = equal(ranks(), Expression::Constant(i64::from(given.ranks())));
                protocol.requirements.push(Requirement { condition, span });
                given.fitted(axes.len()).into_iter().map(|extent| Expression::Constant(i64::from(extent))).collect()
            }
        };
        for (axis, value) in axes.iter().zip(values) {
            if BUILT_IN.contains(&axis.text.as_str()) {
                continue;
            }
            if let Some((global @ Global::Let(None), _)) = self.globals.get_mut(axis.text.as_str()) {
                let (depth, size) = extent(&value);
                let (kind, uses) = (Type::Index, Uses::default());
                *global = Global::Let(Some(Value { expression: value, kind, uses, truth: None, depth, size }));
            }
        }
    }
}

/// The extents that the number of ranks gives, outermost first.
fn by_ranks(axes: usize) -> Vec<Expression> {
    let mut left = ranks();
    let mut inner = Vec::new();
    for _ in 1..axes {
        let side = side(&left);
        left = binary(Binary::Divide, left, side.clone());
        inner.push(side);
    }
    inner.push(left);
    inner.reverse();
    inner
}

/// 4 of more than 4 that divide by it, else 2 of an even number, else 1.
fn side(of: &Expression) -> Expression {
    let number = Expression::Constant;
    let divides = |by: i64| equal(binary(Binary::Remainder, of.clone(), number(by)), number(0));
    let four = binary(Binary::And, binary(Binary::Greater, of.clone(), number(4)), divides(4));
    choice(four, number(4), choice(divides(2), number(2), number(1)))
}

fn ranks() -> Expression {
    Expression::Symbol(Symbol::Ranks)
}

fn binary(operator: Binary, left: Expression, right: Expression) -> Expression {
    Expression::Binary { operator, kind: Kind::Index, left: Box::new(left), right: Box::new(right) }
}

fn equal(left: Expression, right: Expression) -> Expression {
    binary(Binary::Equal, left, right)
}

fn choice(condition: Expression, then: Expression, otherwise: Expression) -> Expression {
    Expression::If { condition: Box::new(condition), then: Box::new(then), otherwise: Box::new(otherwise) }
}

/// Depth and number of nodes.
fn extent(expression: &Expression) -> (usize, usize) {
    let parts: Vec<&Expression> = match expression {
        Expression::Binary { left, right, .. } => vec![left, right],
        Expression::Not(inner) => vec![inner],
        Expression::If { condition, then, otherwise } => vec![condition, then, otherwise],
        _ => Vec::new(),
    };
    parts.into_iter().map(extent).fold((1, 1), |(depth, size), part| (depth.max(part.0 + 1), size + part.1))
}
