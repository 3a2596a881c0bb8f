//! Expressions of a protocol as C++, with exactly the arithmetic of `arverify_protocol::evaluate`.
//!
//! A word is a `u32` and wraps; an index is an `i64`, and is known not to overflow because the checker reports it if
//! it does. Sizes keep their letters (P, T, V, N, B), so that the emitted code reads like the protocol; operations on
//! literals are folded, since C++ would do them in `int`. Conversions are written where the two kinds meet.

use crate::error::RenderError;
use arverify_protocol::evaluate::{Environment, Sizes, binary};
use arverify_protocol::ids::{ArgumentId, LocalId};
use arverify_protocol::ir::{Binary, Expression, Kind, Symbol};
use std::collections::BTreeSet;

/// The C++ type of a rendered expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// `u32`
    Word,
    /// `i64`
    Index,
    /// `bool`
    Condition,
    /// A literal whose type depends on where it stands.
    Literal(i64),
}

impl Type {
    /// The type of a variable that holds such a value.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Type::Word => "u32",
            Type::Index | Type::Literal(_) => "i64",
            Type::Condition => "bool",
        }
    }
}

/// How tightly the outermost operator of a text binds; C++'s order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Binds {
    Conditional,
    Or,
    And,
    Xor,
    Equality,
    Relation,
    Shift,
    Sum,
    Product,
    Prefix,
    Atom,
}

/// A rendered expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rendered {
    /// The C++ text.
    pub(crate) text: String,
    /// Its type.
    pub(crate) kind: Type,
    binds: Binds,
}

impl Rendered {
    fn new(text: String, kind: Type, binds: Binds) -> Rendered {
        Rendered { text, kind, binds }
    }

    /// A name of a variable.
    pub(crate) fn name(text: &str, kind: Type) -> Rendered {
        Rendered::new(text.to_owned(), kind, Binds::Atom)
    }

    fn literal(value: i64) -> Rendered {
        let long = if i32::try_from(value).is_ok() { "" } else { "LL" };
        let binds = if value < 0 { Binds::Prefix } else { Binds::Atom };
        Rendered::new(format!("{value}{long}"), Type::Literal(value), binds)
    }

    /// The text, in parentheses unless it binds at least this tightly.
    fn at(&self, least: Binds) -> String {
        if self.binds >= least { self.text.clone() } else { format!("({})", self.text) }
    }

    /// As an operand of `+`.
    pub(crate) fn as_term(&self) -> String {
        self.at(Binds::Sum)
    }

    /// Converted to `u32`: the low 32 bits.
    pub(crate) fn to_word(&self) -> Rendered {
        match self.kind {
            Type::Word => self.clone(),
            Type::Literal(value) => Rendered::new(format!("{}u", value as u32), Type::Word, Binds::Atom),
            Type::Index | Type::Condition => Rendered::new(format!("u32({})", self.text), Type::Word, Binds::Atom),
        }
    }

    /// Converted to `i64`.
    pub(crate) fn to_index(&self) -> Rendered {
        match self.kind {
            Type::Index | Type::Literal(_) => self.clone(),
            // C++ promotes it.
            Type::Condition => Rendered { kind: Type::Index, ..self.clone() },
            Type::Word => Rendered::new(format!("i64({})", self.text), Type::Index, Binds::Atom),
        }
    }

    /// As a condition.
    pub(crate) fn to_condition(&self) -> Rendered {
        match self.kind {
            Type::Condition => self.clone(),
            _ => Rendered::new(format!("{} != 0", self.at(Binds::Relation)), Type::Condition, Binds::Equality),
        }
    }
}

/// What names stand for, and what rendering has used so far.
pub(crate) trait Scope {
    /// A register.
    fn local(&self, local: LocalId) -> Result<Rendered, RenderError>;
    /// A kernel argument.
    fn argument(&self, argument: ArgumentId) -> Result<Rendered, RenderError>;
    /// A size or coordinate. Notes that it was used.
    fn symbol(&mut self, symbol: Symbol) -> Result<Rendered, RenderError>;
    /// The name of a helper function. Notes that it was used.
    fn helper(&mut self, helper: Helper) -> &'static str;
    /// What converts to an index: helper functions of C++ are overloaded.
    fn index_cast(&self) -> &'static str {
        "i64"
    }
}

/// Functions that expressions call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Helper {
    /// Quotient rounded up.
    CeilingDivide,
    /// The smaller of two.
    Smaller,
    /// The larger of two.
    Larger,
    /// Shift to the left by any amount.
    ShiftLeft,
    /// Shift to the right by any amount.
    ShiftRight,
}

impl Helper {
    /// The function's name in the templates.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Helper::CeilingDivide => "ceil_div",
            Helper::Smaller => "smaller",
            Helper::Larger => "larger",
            Helper::ShiftLeft => "shift_left",
            Helper::ShiftRight => "shift_right",
        }
    }
}

/// Renders an expression, simplified.
pub(crate) fn render(scope: &mut dyn Scope, expression: &Expression) -> Result<Rendered, RenderError> {
    render_simplified(scope, &simplified(expression))
}

fn render_simplified(scope: &mut dyn Scope, expression: &Expression) -> Result<Rendered, RenderError> {
    match expression {
        Expression::Constant(value) => Ok(Rendered::literal(*value)),
        Expression::Symbol(symbol) => scope.symbol(*symbol),
        Expression::Local(local) => scope.local(*local),
        Expression::Argument(argument) => scope.argument(*argument),
        Expression::Not(inner) => {
            let inner = render_simplified(scope, inner)?.to_condition();
            Ok(Rendered::new(format!("!{}", inner.at(Binds::Prefix)), Type::Condition, Binds::Prefix))
        }
        Expression::If { condition, then, otherwise } => {
            let condition = render_simplified(scope, condition)?.to_condition();
            let (then, otherwise) = (render_simplified(scope, then)?, render_simplified(scope, otherwise)?);
            let (then, otherwise, kind) = match (then.kind, otherwise.kind) {
                (Type::Word, Type::Word) => (then, otherwise, Type::Word),
                (Type::Condition, Type::Condition) => (then, otherwise, Type::Condition),
                _ => (then.to_index(), otherwise.to_index(), Type::Index),
            };
            let text = format!("{} ? {} : {}", condition.at(Binds::Or), then.at(Binds::Or), otherwise.at(Binds::Or));
            Ok(Rendered::new(text, kind, Binds::Conditional))
        }
        Expression::Binary { operator, kind, left, right } => {
            let (left, right) = (render_simplified(scope, left)?, render_simplified(scope, right)?);
            render_binary(scope, *operator, *kind, &left, &right)
        }
    }
}

fn render_binary(
    scope: &mut dyn Scope,
    operator: Binary,
    kind: Kind,
    left: &Rendered,
    right: &Rendered,
) -> Result<Rendered, RenderError> {
    if let Binary::And | Binary::Or = operator {
        let (symbol, binds) = if operator == Binary::And { ("&&", Binds::And) } else { ("||", Binds::Or) };
        let (left, right) = (left.to_condition(), right.to_condition());
        // Parentheses where && stands in ||: compilers and readers ask for them.
        let text = format!("{} {symbol} {}", left.at(Binds::Xor), right.at(Binds::Xor));
        return Ok(Rendered::new(text, Type::Condition, binds));
    }
    let cast = scope.index_cast();
    let argument = |side: &Rendered, original: &Rendered| match original.kind {
        Type::Condition if kind == Kind::Index => format!("{cast}({})", side.text),
        _ => side.text.clone(),
    };
    let originals = (left, right);
    let (left, right) = match kind {
        Kind::Word => (left.to_word(), right.to_word()),
        Kind::Index => (left.to_index(), right.to_index()),
    };
    let result = if kind == Kind::Word { Type::Word } else { Type::Index };
    let infix = |symbol: &str, binds: Binds, next: Binds, kind: Type| {
        Ok(Rendered::new(format!("{} {symbol} {}", left.at(binds), right.at(next)), kind, binds))
    };
    let mut call = |helper: Helper| {
        let name = scope.helper(helper);
        let (left, right) = (argument(&left, originals.0), argument(&right, originals.1));
        Ok(Rendered::new(format!("{name}({left}, {right})"), result, Binds::Atom))
    };
    match operator {
        Binary::Add => infix("+", Binds::Sum, Binds::Product, result),
        Binary::Subtract => infix("-", Binds::Sum, Binds::Product, result),
        Binary::Multiply => infix("*", Binds::Product, Binds::Prefix, result),
        Binary::Divide => infix("/", Binds::Product, Binds::Prefix, result),
        Binary::Remainder => infix("%", Binds::Product, Binds::Prefix, result),
        Binary::Xor => {
            infix("^", Binds::Prefix, Binds::Prefix, result).map(|text| Rendered { binds: Binds::Xor, ..text })
        }
        Binary::Equal => infix("==", Binds::Relation, Binds::Shift, Type::Condition).map(equality),
        Binary::NotEqual => infix("!=", Binds::Relation, Binds::Shift, Type::Condition).map(equality),
        Binary::Less => infix("<", Binds::Shift, Binds::Sum, Type::Condition).map(relation),
        Binary::LessEqual => infix("<=", Binds::Shift, Binds::Sum, Type::Condition).map(relation),
        Binary::Greater => infix(">", Binds::Shift, Binds::Sum, Type::Condition).map(relation),
        Binary::GreaterEqual => infix(">=", Binds::Shift, Binds::Sum, Type::Condition).map(relation),
        Binary::CeilingDivide => call(Helper::CeilingDivide),
        Binary::Minimum => call(Helper::Smaller),
        Binary::Maximum => call(Helper::Larger),
        Binary::ShiftLeft => call(Helper::ShiftLeft),
        Binary::ShiftRight => call(Helper::ShiftRight),
        Binary::And | Binary::Or => unreachable!("handled above"),
    }
}

fn equality(rendered: Rendered) -> Rendered {
    Rendered { binds: Binds::Equality, ..rendered }
}

fn relation(rendered: Rendered) -> Rendered {
    Rendered { binds: Binds::Relation, ..rendered }
}

/// What the kernel template calls a symbol.
pub(crate) fn symbol_name(symbol: Symbol) -> Result<&'static str, RenderError> {
    Ok(match symbol {
        Symbol::Ranks => "P",
        Symbol::Blocks => "B",
        Symbol::Threads => "T",
        Symbol::Elements => "N",
        Symbol::Capacity => "C",
        Symbol::Vector => "V",
        Symbol::ElementBytes => "ElementBytes",
        Symbol::Grid => "grid",
        Symbol::Rank => "rank",
        Symbol::Block => "block",
        Symbol::Thread => "thread",
        Symbol::Launch => return Err(RenderError::Launch),
    })
}

/// Folds operations on literals and drops neutral operands.
pub(crate) fn simplified(expression: &Expression) -> Expression {
    match expression {
        Expression::Binary { operator, kind, left, right } => {
            let (left, right) = (simplified(left), simplified(right));
            if let (Expression::Constant(left), Expression::Constant(right)) = (&left, &right)
                && let Ok(value) = binary(*operator, *kind, *left, *right)
            {
                return Expression::Constant(value);
            }
            let index = *kind == Kind::Index;
            match (operator, &left, &right) {
                (Binary::Multiply, Expression::Constant(0), _) | (Binary::Multiply, _, Expression::Constant(0)) => {
                    Expression::Constant(0)
                }
                (Binary::Add, Expression::Constant(0), _) | (Binary::Multiply, Expression::Constant(1), _) if index => {
                    right
                }
                (Binary::Add | Binary::Subtract, _, Expression::Constant(0))
                | (Binary::Multiply, _, Expression::Constant(1))
                    if index =>
                {
                    left
                }
                _ => Expression::Binary { operator: *operator, kind: *kind, left: left.into(), right: right.into() },
            }
        }
        Expression::Not(inner) => match simplified(inner) {
            Expression::Constant(value) => Expression::Constant(i64::from(value == 0)),
            inner => Expression::Not(inner.into()),
        },
        Expression::If { condition, then, otherwise } => match simplified(condition) {
            Expression::Constant(0) => simplified(otherwise),
            Expression::Constant(_) => simplified(then),
            condition => Expression::If {
                condition: condition.into(),
                then: simplified(then).into(),
                otherwise: simplified(otherwise).into(),
            },
        },
        other => other.clone(),
    }
}

/// The expression with one register replaced by a value.
pub(crate) fn with_local(expression: &Expression, local: LocalId, value: i64) -> Expression {
    with_expression(expression, local, &Expression::Constant(value))
}

/// The expression with one register replaced by another expression.
pub(crate) fn with_expression(expression: &Expression, local: LocalId, by: &Expression) -> Expression {
    let replace = |inner: &Expression| Box::new(with_expression(inner, local, by));
    match expression {
        Expression::Local(found) if *found == local => by.clone(),
        Expression::Binary { operator, kind, left, right } => {
            Expression::Binary { operator: *operator, kind: *kind, left: replace(left), right: replace(right) }
        }
        Expression::Not(inner) => Expression::Not(replace(inner)),
        Expression::If { condition, then, otherwise } => {
            Expression::If { condition: replace(condition), then: replace(then), otherwise: replace(otherwise) }
        }
        other => other.clone(),
    }
}

/// The value of an expression that depends on nothing but what is fixed in a kernel: P, T, V, and the element's size.
pub(crate) fn fixed_value(expression: &Expression, sizes: &Sizes) -> Option<i64> {
    let mut symbols = BTreeSet::new();
    let closed = collect_symbols(expression, &mut symbols);
    let fixed = |symbol: &u8| {
        [Symbol::Ranks, Symbol::Threads, Symbol::Vector, Symbol::ElementBytes].map(|s| s as u8).contains(symbol)
    };
    if !closed || !symbols.iter().all(fixed) {
        return None;
    }
    Environment::of_sizes(sizes, 0).evaluate(expression).ok()
}

/// Adds the symbols of an expression; false if it also depends on registers or arguments.
fn collect_symbols(expression: &Expression, symbols: &mut BTreeSet<u8>) -> bool {
    match expression {
        Expression::Constant(_) => true,
        Expression::Symbol(symbol) => {
            symbols.insert(*symbol as u8);
            true
        }
        Expression::Local(_) | Expression::Argument(_) => false,
        Expression::Binary { left, right, .. } => collect_symbols(left, symbols) && collect_symbols(right, symbols),
        Expression::Not(inner) => collect_symbols(inner, symbols),
        Expression::If { condition, then, otherwise } => {
            [condition, then, otherwise].into_iter().all(|inner| collect_symbols(inner, symbols))
        }
    }
}

/// The registers that an expression reads.
pub(crate) fn locals_of(expression: &Expression, found: &mut Vec<LocalId>) {
    match expression {
        Expression::Local(local) => found.push(*local),
        Expression::Constant(_) | Expression::Symbol(_) | Expression::Argument(_) => {}
        Expression::Binary { left, right, .. } => [left, right].into_iter().for_each(|inner| locals_of(inner, found)),
        Expression::Not(inner) => locals_of(inner, found),
        Expression::If { condition, then, otherwise } => {
            [condition, then, otherwise].into_iter().for_each(|inner| locals_of(inner, found));
        }
    }
}

#[cfg(test)]
mod tests;
