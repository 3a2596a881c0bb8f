//! Expressions, places, ranges.
//!
//! Precedence, loosest first: `if`, `or`, `and`, `not`, comparisons (which do not chain), `+ -`, `* / %`, unary `-`.

use super::{NESTING_LIMIT, OPERATOR_LIMIT, Parsed, Parser};
use crate::ir::{Binary, Order, Scope, Semantics, Width};
use crate::language::diagnostics::{Diagnostic, nearest};
use crate::language::lexer::TokenKind;
use crate::language::tree::{Expression, ExpressionKind, Name, Ordering, Over, Place, Range, RangeSpan, TailChoice};

/// Binding strengths of the operators.
const COMPARISON: u8 = 4;
const NOT: u8 = 3;
const UNARY: u8 = 7;

/// The words that begin an ordering.
pub(super) const ORDERINGS: [&str; 6] = ["weak", "volatile", "relaxed", "acquire", "release", "acq_rel"];

impl Parser<'_> {
    /// A whole expression.
    pub(super) fn expression(&mut self) -> Parsed<Expression> {
        if self.expressions == 0 {
            self.operators = 0;
        }
        self.expressions += 1;
        let result = self.nested(|parser| if parser.word() == "if" { parser.choice() } else { parser.binary(0) });
        self.expressions -= 1;
        result
    }

    /// An expression that ends before a comparison.
    pub(super) fn sum(&mut self) -> Parsed<Expression> {
        self.operators = 0;
        self.expressions += 1;
        let result = self.nested(|parser| parser.binary(COMPARISON));
        self.expressions -= 1;
        result
    }

    fn count_operator(&mut self) -> Parsed<()> {
        self.operators += 1;
        if self.operators > OPERATOR_LIMIT {
            let message = format!("an expression of more than {OPERATOR_LIMIT} operators");
            return Err(Diagnostic::new(message, self.peek().span.clone()).help("name parts of it with `let`"));
        }
        Ok(())
    }

    fn choice(&mut self) -> Parsed<Expression> {
        let start = self.start();
        self.count_operator()?;
        self.expect_word("if")?;
        let condition = Box::new(self.expression()?);
        self.expect_word("then")?;
        let then = Box::new(self.expression()?);
        self.expect_word("else")?;
        let otherwise = Box::new(self.expression()?);
        Ok(Expression { kind: ExpressionKind::If { condition, then, otherwise }, at: self.since(start) })
    }

    /// The operator that comes next, with its strength.
    fn operator(&self) -> Option<(Binary, u8)> {
        Some(match (self.word(), self.symbol_ahead(0)) {
            ("or", _) => (Binary::Or, 1),
            ("and", _) => (Binary::And, 2),
            (_, "==") => (Binary::Equal, COMPARISON),
            (_, "!=") => (Binary::NotEqual, COMPARISON),
            (_, "<") => (Binary::Less, COMPARISON),
            (_, "<=") => (Binary::LessEqual, COMPARISON),
            (_, ">") => (Binary::Greater, COMPARISON),
            (_, ">=") => (Binary::GreaterEqual, COMPARISON),
            (_, "+") => (Binary::Add, 5),
            (_, "-") => (Binary::Subtract, 5),
            (_, "*") => (Binary::Multiply, 6),
            (_, "/") => (Binary::Divide, 6),
            (_, "%") => (Binary::Remainder, 6),
            _ => return None,
        })
    }

    /// An operand and all operators that bind more strongly than `above`.
    fn binary(&mut self, above: u8) -> Parsed<Expression> {
        let start = self.start();
        let mut left = if self.word() == "not" && above < NOT { self.negation()? } else { self.unary()? };
        let mut compared = false;
        while let Some((operator, strength)) = self.operator() {
            if strength <= above {
                break;
            }
            if strength == COMPARISON && compared {
                return Err(self
                    .unexpected("the end of the comparison")
                    .note("comparisons do not chain; join them with `and`"));
            }
            compared = strength == COMPARISON;
            self.count_operator()?;
            self.advance();
            let right = self.binary(strength)?;
            let kind = ExpressionKind::Binary { operator, left: Box::new(left), right: Box::new(right) };
            left = Expression { kind, at: self.since(start) };
        }
        Ok(left)
    }

    fn negation(&mut self) -> Parsed<Expression> {
        let start = self.start();
        self.count_operator()?;
        self.expect_word("not")?;
        let operand = self.nested(|parser| parser.binary(NOT - 1))?;
        Ok(Expression { kind: ExpressionKind::Not(Box::new(operand)), at: self.since(start) })
    }

    fn unary(&mut self) -> Parsed<Expression> {
        let start = self.start();
        if !self.take("-") {
            return self.primary();
        }
        self.count_operator()?;
        let operand = self.nested(|parser| parser.binary(UNARY))?;
        Ok(Expression { kind: ExpressionKind::Negate(Box::new(operand)), at: self.since(start) })
    }

    fn primary(&mut self) -> Parsed<Expression> {
        let start = self.start();
        if let TokenKind::Number(value) = self.peek().kind {
            self.advance();
            return Ok(Expression { kind: ExpressionKind::Number(value), at: self.since(start) });
        }
        if self.take("(") {
            let mut inner = self.expression()?;
            self.expect(")")?;
            inner.at = self.since(start);
            return Ok(inner);
        }
        if self.word() == "load" {
            self.count_operator()?;
            self.advance();
            let place = Box::new(self.place()?);
            return Ok(Expression { kind: ExpressionKind::Load(place), at: self.since(start) });
        }
        let name = self.name("an expression")?;
        let kind = if self.take_word("is") {
            ExpressionKind::Is { knob: name, value: self.any_word("a value of the knob")? }
        } else if self.symbol_ahead(0) == "(" {
            self.count_operator()?;
            ExpressionKind::Call { function: name, arguments: self.arguments()? }
        } else {
            ExpressionKind::Name(name.text)
        };
        Ok(Expression { kind, at: self.since(start) })
    }

    /// `(a, b)`
    pub(super) fn arguments(&mut self) -> Parsed<Vec<Expression>> {
        let mut arguments = Vec::new();
        self.expect("(")?;
        while self.symbol_ahead(0) != ")" {
            arguments.push(self.expression()?);
            if !self.take(",") {
                break;
            }
        }
        self.expect(")")?;
        Ok(arguments)
    }

    /// `NAME[i][j] on rank r`
    pub(super) fn place(&mut self) -> Parsed<Place> {
        self.place_with(Parser::expression)
    }

    /// A place whose offset and rank are read by `rank`.
    pub(super) fn place_with(&mut self, rank: fn(&mut Self) -> Parsed<Expression>) -> Parsed<Place> {
        let read_rank = rank;
        let start = self.start();
        let buffer = self.name("a buffer or pad")?;
        let mut indices = Vec::new();
        while self.take("[") {
            if indices.len() as u32 == NESTING_LIMIT {
                return Err(self.unexpected("fewer indices"));
            }
            indices.push(self.expression()?);
            self.expect("]")?;
        }
        let offset = if self.take_word("at") { Some(Box::new(read_rank(self)?)) } else { None };
        let mut rank = None;
        if self.word() == "on" && (!self.pipe_follows || self.word_ahead(1) == "rank") {
            self.advance();
            self.expect_word("rank")?;
            rank = Some(Box::new(read_rank(self)?));
        }
        Ok(Place { buffer, indices, offset, rank, at: self.since(start) })
    }

    /// `release.sys` and the like. `sc` is for fences.
    pub(super) fn ordering(&mut self) -> Parsed<Ordering> {
        let start = self.start();
        let order = match self.word() {
            "weak" => Order::Weak,
            "volatile" => Order::Volatile,
            "relaxed" => Order::Relaxed,
            "acquire" => Order::Acquire,
            "release" => Order::Release,
            "acq_rel" => Order::AcqRel,
            "sc" => Order::Sc,
            word => {
                let error = self.unexpected("an order (weak, volatile, relaxed, acquire, release, acq_rel)");
                return Err(match nearest(word, ORDERINGS) {
                    Some(near) => error.help(format!("did you mean `{near}`?")),
                    None => error,
                });
            }
        };
        self.advance();
        let mut scope = Scope::Sys;
        if !matches!(order, Order::Weak | Order::Volatile) {
            self.expect(".")?;
            scope = match self.word() {
                "cta" => Scope::Cta,
                "gpu" => Scope::Gpu,
                "sys" => Scope::Sys,
                _ => return Err(self.unexpected("a scope (cta, gpu, sys)")),
            };
            self.advance();
        } else if self.symbol_ahead(0) == "." {
            return Err(self.unexpected("no scope").note("weak and volatile operations have none"));
        }
        Ok(Ordering { semantics: Semantics { order, scope }, at: self.since(start) })
    }

    /// What stands after `over`.
    pub(super) fn over(&mut self) -> Parsed<Over> {
        if self.word() == "from" {
            return self.range().map(|range| Over::Inline(Box::new(range)));
        }
        let start = self.start();
        let low = self.expression()?;
        if self.symbol_ahead(0) == ".." {
            return self.range_from(start, low).map(|range| Over::Inline(Box::new(range)));
        }
        match low.kind {
            ExpressionKind::Name(text) => Ok(Over::Named { name: Name { text, at: low.at }, arguments: Vec::new() }),
            ExpressionKind::Call { function, arguments } => Ok(Over::Named { name: function, arguments }),
            _ => Err(Diagnostic::new("expected a partition or a range, found an expression", low.at.0)
                .label("neither a partition's name nor `low..high`")),
        }
    }

    /// `low..high` or `from a until b step c`, then `by element` or `tail …`
    pub(super) fn range(&mut self) -> Parsed<Range> {
        let start = self.start();
        if self.take_word("from") {
            let first = self.expression()?;
            self.expect_word("until")?;
            let limit = self.expression()?;
            self.expect_word("step")?;
            let step = self.expression()?;
            let span = RangeSpan::Explicit { first, limit, step };
            return self.range_of(start, span);
        }
        let low = self.expression()?;
        self.range_from(start, low)
    }

    fn range_from(&mut self, start: u32, low: Expression) -> Parsed<Range> {
        self.expect("..")?;
        let high = self.expression()?;
        self.range_of(start, RangeSpan::Stride { low, high })
    }

    fn range_of(&mut self, start: u32, span: RangeSpan) -> Parsed<Range> {
        let width = match self.take_word("by") {
            false => Width::Vector,
            true if self.take_word("element") => Width::Element,
            true if self.take_word("word") => Width::Word,
            true => return Err(self.unexpected("`element` or `word`")),
        };
        let tail = self.tail()?;
        Ok(Range { span, width, tail, at: self.since(start) })
    }

    fn tail(&mut self) -> Parsed<Option<TailChoice>> {
        if !self.take_word("tail") {
            return Ok(None);
        }
        if self.take("(") {
            let choice = self.tail_choice()?;
            self.expect(")")?;
            return Ok(Some(choice));
        }
        self.tail_choice().map(Some)
    }

    fn tail_choice(&mut self) -> Parsed<TailChoice> {
        self.nested(|parser| {
            if !parser.take_word("if") {
                return parser.any_word("what happens to the tail (scalar, overrun, drop)").map(TailChoice::Word);
            }
            let condition = parser.expression()?;
            parser.expect_word("then")?;
            let then = Box::new(parser.tail_choice()?);
            parser.expect_word("else")?;
            let otherwise = Box::new(parser.tail_choice()?);
            Ok(TailChoice::If { condition, then, otherwise })
        })
    }

    /// `a..b`
    pub(super) fn bounds(&mut self) -> Parsed<(Expression, Expression)> {
        let from = self.expression()?;
        self.expect("..")?;
        Ok((from, self.expression()?))
    }
}
