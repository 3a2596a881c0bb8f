//! Size expressions as text for people, in the notation of the protocol language: P, B, T, N, V, `self`.
//!
//! Manifests carry these next to the protocol itself; nothing evaluates them. Every operator of two operands stands in
//! parentheses inside another, which is longer than need be and cannot be misread.

use arverify_protocol::ir::{Binary, Expression, Symbol};

/// The text of an expression over sizes and the rank.
pub(crate) fn notation(expression: &Expression) -> String {
    match expression {
        Expression::Constant(value) => value.to_string(),
        Expression::Symbol(symbol) => symbol_text(*symbol).to_owned(),
        Expression::Local(local) => format!("local {}", local.0),
        Expression::Argument(argument) => format!("argument {}", argument.0),
        Expression::Not(inner) => format!("not {}", operand(inner)),
        Expression::If { condition, then, otherwise } => {
            format!("if {} then {} else {}", notation(condition), notation(then), notation(otherwise))
        }
        Expression::Binary { operator, left, right, .. } => match function(*operator) {
            Some(name) => format!("{name}({}, {})", notation(left), notation(right)),
            None => format!("{} {} {}", operand(left), infix(*operator), operand(right)),
        },
    }
}

fn operand(expression: &Expression) -> String {
    let compound = match expression {
        Expression::Binary { operator, .. } => function(*operator).is_none(),
        Expression::If { .. } => true,
        _ => false,
    };
    if compound { format!("({})", notation(expression)) } else { notation(expression) }
}

fn function(operator: Binary) -> Option<&'static str> {
    match operator {
        Binary::CeilingDivide => Some("ceil_div"),
        Binary::Minimum => Some("min"),
        Binary::Maximum => Some("max"),
        _ => None,
    }
}

fn infix(operator: Binary) -> &'static str {
    match operator {
        Binary::Add => "+",
        Binary::Subtract => "-",
        Binary::Multiply => "*",
        Binary::Divide => "/",
        Binary::Remainder => "%",
        Binary::Equal => "==",
        Binary::NotEqual => "!=",
        Binary::Less => "<",
        Binary::LessEqual => "<=",
        Binary::Greater => ">",
        Binary::GreaterEqual => ">=",
        Binary::And => "and",
        Binary::Or => "or",
        Binary::Xor => "^",
        Binary::ShiftLeft => "<<",
        Binary::ShiftRight => ">>",
        Binary::CeilingDivide | Binary::Minimum | Binary::Maximum => unreachable!("written as functions"),
    }
}

fn symbol_text(symbol: Symbol) -> &'static str {
    match symbol {
        Symbol::Ranks => "P",
        Symbol::Blocks => "B",
        Symbol::Threads => "T",
        Symbol::Elements => "N",
        Symbol::Capacity => "C",
        Symbol::Vector => "V",
        Symbol::ElementBytes => "(16 / V)",
        Symbol::Grid => "grid",
        Symbol::Rank => "self",
        Symbol::Block => "block",
        Symbol::Thread => "thread",
        Symbol::Launch => "launch",
    }
}
