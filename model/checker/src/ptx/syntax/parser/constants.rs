//! Constant expressions, folded as the ISA says (section "Constant Expressions"): 64-bit integers, signed unless the
//! literal has the suffix U or needs the 64th bit, and doubles.
//!
//! Precedence, loosest first: `?:`, `||`, `&&`, `|`, `^`, `&`, `== !=`, `< > <= >=`, `<< >>`, `+ -`, `* / %`, unary.
//! Not modelled: names inside an expression other than `WARP_SZ`; an address with an offset is an operand or an
//! initialiser, and parsed there.

use super::super::error::{Problem, SyntaxError};
use super::super::lexer::TokenKind;
use super::super::tree::{Constant, Span};
use super::{Parsed, Parser};

/// A value with its type.
#[derive(Clone, Copy)]
enum Value {
    Signed(u64),
    Unsigned(u64),
    Double(f64),
    /// `0f…`, which takes no part in arithmetic.
    Single(u32),
}

impl Value {
    fn bits(self) -> Option<u64> {
        match self {
            Value::Signed(bits) | Value::Unsigned(bits) => Some(bits),
            Value::Double(_) | Value::Single(_) => None,
        }
    }

    fn truth(condition: bool) -> Value {
        Value::Signed(u64::from(condition))
    }
}

/// Binary operators by level, loosest first.
const LEVELS: [&[&str]; 10] = [
    &["||"],
    &["&&"],
    &["|"],
    &["^"],
    &["&"],
    &["==", "!="],
    &["<", ">", "<=", ">="],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
];

/// The level of `*`, whose operands bind tighter than a sum.
const PRODUCT: usize = LEVELS.len() - 1;

impl<'a> Parser<'a> {
    /// Whether a constant expression starts here.
    pub(super) fn at_constant(&self) -> bool {
        let token = self.peek();
        let sign = ["-", "+", "~", "!", "("].contains(&token.symbol());
        let warp = token.kind == TokenKind::Word && self.text_of(token) == "WARP_SZ";
        token.kind == TokenKind::Number || sign || warp
    }

    /// A constant expression of any type.
    pub(super) fn constant(&mut self) -> Parsed<Constant> {
        Ok(match self.conditional()? {
            Value::Signed(bits) | Value::Unsigned(bits) => Constant::Integer(bits),
            Value::Double(value) => Constant::F64(value.to_bits()),
            Value::Single(bits) => Constant::F32(bits),
        })
    }

    /// A constant expression of integers.
    pub(super) fn integer(&mut self, what: &str) -> Parsed<u64> {
        if !self.at_constant() {
            return Err(self.unexpected(what));
        }
        let start = self.peek().start;
        let value = self.conditional()?;
        let span = self.since(start).1;
        value.bits().ok_or_else(|| SyntaxError::new(Problem::Expression("a float where an integer is due"), span))
    }

    /// One literal, with nothing after it looked at.
    pub(super) fn literal_integer(&mut self) -> Parsed<u64> {
        let token = self.advance();
        let value = literal(self.text_of(token), token.span())?;
        value
            .bits()
            .ok_or_else(|| SyntaxError::new(Problem::Expression("a float where an integer is due"), token.span()))
    }

    /// `+ 4 - 2 * 2` after a name, as bytes.
    pub(super) fn offset(&mut self) -> Parsed<i64> {
        let mut offset = 0i64;
        while self.at("+") || self.at("-") {
            let start = self.peek().start;
            let negative = self.advance().symbol() == "-";
            let term = self.nested(|parser| parser.binary(PRODUCT))?;
            let span = self.since(start).1;
            let term =
                term.bits().ok_or_else(|| SyntaxError::new(Problem::Expression("an offset is an integer"), span))?
                    as i64;
            offset = if negative { offset.wrapping_sub(term) } else { offset.wrapping_add(term) };
        }
        Ok(offset)
    }

    fn conditional(&mut self) -> Parsed<Value> {
        // Most expressions are one literal; tables of millions of them must not take the way through all levels.
        if self.peek().kind == TokenKind::Number && [",", ";", "}", "]", ")"].contains(&self.look(1).symbol()) {
            let token = self.advance();
            return literal(self.text_of(token), token.span());
        }
        let start = self.peek().start;
        let condition = self.nested(|parser| parser.binary(0))?;
        if !self.take("?") {
            return Ok(condition);
        }
        let span = self.since(start).1;
        let one = self.nested(Self::conditional)?;
        self.expect(":")?;
        let other = self.nested(Self::conditional)?;
        let condition =
            condition.bits().ok_or_else(|| SyntaxError::new(Problem::Expression("a condition is an integer"), span))?;
        let chosen = if condition != 0 { one } else { other };
        // The usual conversions: unsigned wins.
        Ok(match (one, other, chosen) {
            (Value::Unsigned(_), _, Value::Signed(bits)) | (_, Value::Unsigned(_), Value::Signed(bits)) => {
                Value::Unsigned(bits)
            }
            _ => chosen,
        })
    }

    /// Left to right over one level, by loops and not recursion, so that a long sum is not deep.
    fn binary(&mut self, level: usize) -> Parsed<Value> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let start = self.peek().start;
        let mut left = self.binary(level + 1)?;
        while operators.contains(&self.peek().symbol()) {
            let operator = self.advance().symbol();
            let right = self.binary(level + 1)?;
            let span = self.since(start).1;
            left = apply(operator, left, right).map_err(|why| SyntaxError::new(Problem::Expression(why), span))?;
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parsed<Value> {
        let token = self.peek();
        let fail = |why| SyntaxError::new(Problem::Expression(why), token.span());
        match (token.kind, token.symbol()) {
            (TokenKind::Number, _) => {
                self.advance();
                literal(self.text_of(token), token.span())
            }
            (TokenKind::Word, _) if self.take_word("WARP_SZ") => Ok(Value::Signed(32)),
            (_, "(") => self.parenthesis(),
            (_, operator @ ("+" | "-" | "~" | "!")) => {
                self.advance();
                let value = self.nested(Self::unary)?;
                negate(operator, value).map_err(fail)
            }
            _ => Err(self.unexpected("a number")),
        }
    }

    /// `(expression)`, or a cast `(.s64) operand`.
    fn parenthesis(&mut self) -> Parsed<Value> {
        let start = self.expect("(")?.start;
        let cast = self.directive_ahead();
        if cast == "s64" || cast == "u64" {
            self.advance();
            self.expect(")")?;
            let value = self.nested(Self::unary)?;
            let span = self.since(start).1;
            let bits =
                value.bits().ok_or_else(|| SyntaxError::new(Problem::Expression("a cast takes integers"), span))?;
            return Ok(if cast == "s64" { Value::Signed(bits) } else { Value::Unsigned(bits) });
        }
        let value = self.nested(Self::conditional)?;
        self.expect(")")?;
        Ok(value)
    }
}

fn negate(operator: &str, value: Value) -> Result<Value, &'static str> {
    Ok(match (operator, value) {
        ("+", value) => value,
        ("-", Value::Signed(bits)) => Value::Signed(bits.wrapping_neg()),
        ("-", Value::Unsigned(bits)) => Value::Unsigned(bits.wrapping_neg()),
        ("-", Value::Double(value)) => Value::Double(-value),
        // The sign bit, as for a double.
        ("-", Value::Single(bits)) => Value::Single(bits ^ 0x8000_0000),
        ("~", value) => Value::Unsigned(!value.bits().ok_or("`~` takes an integer")?),
        (_, value) => Value::truth(value.bits().ok_or("`!` takes an integer")? == 0),
    })
}

fn apply(operator: &str, left: Value, right: Value) -> Result<Value, &'static str> {
    match (left, right) {
        (Value::Double(left), Value::Double(right)) => apply_doubles(operator, left, right),
        _ => {
            let signed = matches!((left, right), (Value::Signed(_), Value::Signed(_)));
            let left_signed = matches!(left, Value::Signed(_));
            let operands = left.bits().zip(right.bits());
            let (left, right) =
                operands.ok_or("floats of single precision and mixed types take no part in arithmetic")?;
            apply_integers(operator, (left, left_signed), right, signed)
        }
    }
}

fn apply_doubles(operator: &str, left: f64, right: f64) -> Result<Value, &'static str> {
    Ok(match operator {
        "+" => Value::Double(left + right),
        "-" => Value::Double(left - right),
        "*" => Value::Double(left * right),
        "/" => Value::Double(left / right),
        "==" => Value::truth(left == right),
        "!=" => Value::truth(left != right),
        "<" => Value::truth(left < right),
        ">" => Value::truth(left > right),
        "<=" => Value::truth(left <= right),
        ">=" => Value::truth(left >= right),
        _ => return Err("the operator takes integers"),
    })
}

/// `signed`: both operands are; else the usual conversions make both unsigned.
fn apply_integers(
    operator: &str,
    (left, left_signed): (u64, bool),
    right: u64,
    signed: bool,
) -> Result<Value, &'static str> {
    let typed = |bits| if signed { Value::Signed(bits) } else { Value::Unsigned(bits) };
    let order = if signed { (left as i64).cmp(&(right as i64)) } else { left.cmp(&right) };
    let shifted = |bits| if left_signed { Value::Signed(bits) } else { Value::Unsigned(bits) };
    Ok(match operator {
        "+" => typed(left.wrapping_add(right)),
        "-" => typed(left.wrapping_sub(right)),
        "*" => typed(left.wrapping_mul(right)),
        "/" | "%" if right == 0 => return Err("division by zero"),
        "/" if signed => Value::Signed((left as i64).wrapping_div(right as i64) as u64),
        "/" => Value::Unsigned(left / right),
        // Unsigned operands and a signed result, unlike `/`: so the ISA's table, and so ptxas does.
        "%" => Value::Signed(left % right),
        "<<" | ">>" if right > 63 => return Err("a shift by more than 63 bits"),
        "<<" => shifted(left << right),
        ">>" if left_signed => Value::Signed(((left as i64) >> right) as u64),
        ">>" => Value::Unsigned(left >> right),
        "&" => Value::Unsigned(left & right),
        "|" => Value::Unsigned(left | right),
        "^" => Value::Unsigned(left ^ right),
        "&&" => Value::truth(left != 0 && right != 0),
        "||" => Value::truth(left != 0 || right != 0),
        "==" => Value::truth(left == right),
        "!=" => Value::truth(left != right),
        "<" => Value::truth(order.is_lt()),
        ">" => Value::truth(order.is_gt()),
        "<=" => Value::truth(order.is_le()),
        ">=" => Value::truth(order.is_ge()),
        _ => return Err("not an operator of constant expressions"),
    })
}

/// A literal: `0f` and 8 or `0d` and 16 hexadecimal digits are floats by their bits, as is anything with a point or an
/// exponent; the rest are integers.
fn literal(text: &str, span: Span) -> Parsed<Value> {
    let fail = |problem: Problem| SyntaxError::new(problem, span.clone());
    let unreadable = || fail(Problem::Number(text.chars().take(60).collect()));
    let prefix = text.get(..2).unwrap_or_default().to_ascii_lowercase();
    let rest = text.get(2..).unwrap_or_default();
    let hexadecimal = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_hexdigit());
    match prefix.as_str() {
        "0f" if rest.len() == 8 && hexadecimal(rest) => {
            return u32::from_str_radix(rest, 16).map(Value::Single).map_err(|_| unreadable());
        }
        "0d" if rest.len() == 16 && hexadecimal(rest) => {
            return u64::from_str_radix(rest, 16)
                .map(|bits| Value::Double(f64::from_bits(bits)))
                .map_err(|_| unreadable());
        }
        "0f" | "0d" => return Err(unreadable()),
        _ => {}
    }
    let decimal = text.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    if decimal && text.bytes().any(|byte| b".eE".contains(&byte)) {
        return text.parse().map(Value::Double).map_err(|_| unreadable());
    }
    let digits = text.strip_suffix(['U', 'u']).unwrap_or(text);
    let (radix, digits) = match prefix.as_str() {
        "0x" => (16, digits.get(2..).unwrap_or_default()),
        "0b" => (2, digits.get(2..).unwrap_or_default()),
        _ if digits.len() > 1 && digits.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(unreadable());
    }
    let bits =
        u64::from_str_radix(digits, radix).map_err(|_| fail(Problem::TooLarge(text.chars().take(60).collect())))?;
    let unsigned = text.ends_with(['U', 'u']) || bits > i64::MAX as u64;
    Ok(if unsigned { Value::Unsigned(bits) } else { Value::Signed(bits) })
}
