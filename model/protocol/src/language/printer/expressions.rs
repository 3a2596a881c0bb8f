//! Expressions, places and ranges as text, with the parentheses they need.

use crate::ir::{Binary, Compare, Width};
use crate::language::tree::{Expression, ExpressionKind, Over, Place, Range, RangeSpan, TailChoice};

/// Strengths, as in the parser.
const LOOSEST: u8 = 0;
const NOT: u8 = 3;
const COMPARISON: u8 = 4;
const SUM: u8 = 5;
const UNARY: u8 = 7;
const PRIMARY: u8 = 8;

/// An expression where anything may stand.
pub(super) fn expression(expression: &Expression) -> String {
    at_least(expression, LOOSEST, true)
}

/// An expression where one of at least this strength may stand; `last`: nothing of the same expression follows, so
/// that a load may end in an open `on rank …`.
fn at_least(expression: &Expression, strength: u8, last: bool) -> String {
    let open = open_ended(expression);
    let bare = own_strength(expression) >= strength && (last || !open);
    if bare { text(expression, last) } else { format!("({})", text(expression, true)) }
}

/// Whether the text ends in a part that would swallow what follows.
fn open_ended(expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Load(place) => place.rank.is_some() || place.offset.is_some(),
        ExpressionKind::Binary { right, .. } => open_ended(right),
        ExpressionKind::Negate(inner) | ExpressionKind::Not(inner) => open_ended(inner),
        _ => false,
    }
}

/// Whether the text ends in a load, which would take `on rank …` after it for its own.
fn ends_in_load(expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Load(_) => true,
        ExpressionKind::Binary { right: inner, .. }
        | ExpressionKind::Negate(inner)
        | ExpressionKind::Not(inner)
        | ExpressionKind::If { otherwise: inner, .. } => ends_in_load(inner),
        _ => false,
    }
}

fn own_strength(expression: &Expression) -> u8 {
    match &expression.kind {
        ExpressionKind::If { .. } => LOOSEST,
        ExpressionKind::Binary { operator, .. } => operator_text(*operator).1,
        ExpressionKind::Not(_) => NOT,
        ExpressionKind::Negate(_) => UNARY,
        ExpressionKind::Number(number) if *number < 0 => LOOSEST,
        _ => PRIMARY,
    }
}

fn operator_text(operator: Binary) -> (&'static str, u8) {
    match operator {
        Binary::Or => ("or", 1),
        Binary::And => ("and", 2),
        Binary::Equal => ("==", COMPARISON),
        Binary::NotEqual => ("!=", COMPARISON),
        Binary::Less => ("<", COMPARISON),
        Binary::LessEqual => ("<=", COMPARISON),
        Binary::Greater => (">", COMPARISON),
        Binary::GreaterEqual => (">=", COMPARISON),
        Binary::Add => ("+", SUM),
        Binary::Subtract => ("-", SUM),
        Binary::Multiply => ("*", 6),
        Binary::Divide => ("/", 6),
        Binary::Remainder => ("%", 6),
        // Written as functions; the parser never makes operators of them.
        Binary::CeilingDivide => ("ceil_div", PRIMARY),
        Binary::Minimum => ("min", PRIMARY),
        Binary::Maximum => ("max", PRIMARY),
        Binary::Xor => ("xor", PRIMARY),
        Binary::ShiftLeft => ("shift_left", PRIMARY),
        Binary::ShiftRight => ("shift_right", PRIMARY),
    }
}

fn text(expression: &Expression, last: bool) -> String {
    match &expression.kind {
        ExpressionKind::Number(number) => number.to_string(),
        ExpressionKind::Name(name) => name.clone(),
        ExpressionKind::Call { function, arguments: list } => format!("{}({})", function.text, arguments(list)),
        ExpressionKind::Binary { operator, left, right } => {
            let (word, strength) = operator_text(*operator);
            // Comparisons do not chain, so that neither side may be one.
            let left_strength = if strength == COMPARISON { SUM } else { strength };
            let left = at_least(left, left_strength, false);
            format!("{left} {word} {}", at_least(right, strength + 1, last))
        }
        ExpressionKind::Negate(inner) => format!("-{}", at_least(inner, UNARY, last)),
        ExpressionKind::Not(inner) => format!("not {}", at_least(inner, NOT, last)),
        ExpressionKind::Is { knob, value } => format!("{} is {}", knob.text, value.text),
        ExpressionKind::If { condition, then, otherwise } => {
            let [condition, then, otherwise] = [condition, then, otherwise].map(|part| self::expression(part));
            format!("if {condition} then {then} else {otherwise}")
        }
        ExpressionKind::Load(loaded) => format!("load {}", place(loaded)),
    }
}

/// Expressions with commas between them.
pub(super) fn arguments(list: &[Expression]) -> String {
    list.iter().map(expression).collect::<Vec<_>>().join(", ")
}

/// A place.
pub(super) fn place(place: &Place) -> String {
    place_with(place, LOOSEST)
}

/// A place before a comparison.
pub(super) fn compared_place(place: &Place) -> String {
    place_with(place, SUM)
}

fn place_with(place: &Place, strength: u8) -> String {
    let mut text = place.buffer.text.clone();
    for index in &place.indices {
        text.push_str(&format!("[{}]", expression(index)));
    }
    if let Some(offset) = &place.offset {
        let swallows = place.rank.is_some() && ends_in_load(offset);
        let offset = if swallows {
            format!("({})", expression(offset))
        } else {
            at_least(offset, strength, strength == LOOSEST)
        };
        text.push_str(&format!(" at {offset}"));
    }
    if let Some(rank) = &place.rank {
        text.push_str(&format!(" on rank {}", at_least(rank, strength, strength == LOOSEST)));
    }
    text
}

/// The word of an await's comparison.
pub(super) fn compare(compare: Compare) -> &'static str {
    match compare {
        Compare::Equal => "==",
        Compare::NotEqual => "!=",
        Compare::Less => "<",
        Compare::LessEqual => "<=",
        Compare::Greater => ">",
        Compare::GreaterEqual => ">=",
        Compare::Reached => "reached",
    }
}

/// What stands after `over`.
pub(super) fn over(over: &Over) -> String {
    match over {
        Over::Named { name, arguments: list } if list.is_empty() => name.text.clone(),
        Over::Named { name, arguments: list } => format!("{}({})", name.text, arguments(list)),
        Over::Inline(inline) => range(inline),
    }
}

/// A range with its tail.
pub(super) fn range(range: &Range) -> String {
    let mut text = match &range.span {
        RangeSpan::Stride { low, high } => format!("{}..{}", expression(low), expression(high)),
        RangeSpan::Explicit { first, limit, step } => {
            format!("from {} until {} step {}", expression(first), expression(limit), expression(step))
        }
    };
    text.push_str(match range.width {
        Width::Vector => "",
        Width::Element => " by element",
        Width::Word => " by word",
    });
    match &range.tail {
        Some(TailChoice::Word(word)) => text.push_str(&format!(" tail {}", word.text)),
        Some(choice) => text.push_str(&format!(" tail ({})", tail(choice))),
        None => {}
    }
    text
}

fn tail(choice: &TailChoice) -> String {
    match choice {
        TailChoice::Word(word) => word.text.clone(),
        TailChoice::If { condition, then, otherwise } => {
            format!("if {} then {} else {}", expression(condition), tail(then), tail(otherwise))
        }
    }
}
