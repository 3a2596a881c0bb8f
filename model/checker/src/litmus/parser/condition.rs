//! `filter`, and the condition: `exists`, `~exists` or `forall` with a formula.

use super::super::lexer::TokenKind;
use super::super::test::{Comparison, Formula, Quantifier, Term, ThreadId};
use super::{Parsed, Parser, register};
use arverify_protocol::language::Diagnostic;

/// How deep formulas may nest.
const NESTING_LIMIT: u32 = 64;

impl Parser<'_> {
    /// Whether the table has ended.
    pub(super) fn at_condition(&self) -> bool {
        let opens = ["exists", "forall", "filter"].contains(&self.word_ahead(0)) && self.symbol_ahead(1) != ":";
        opens || self.symbol_ahead(0) == "~" || self.peek().kind == TokenKind::End
    }

    /// Filter, quantifier and formula, up to the end of the text.
    pub(super) fn conditions(&mut self, threads: usize) -> Parsed<(Option<Formula>, Quantifier, Formula)> {
        let filter = if self.take_word("filter") { Some(self.formula(threads, 0)?) } else { None };
        let quantifier = if self.take("~") {
            self.expect_word("exists")?;
            Quantifier::NotExists
        } else if self.take_word("exists") {
            Quantifier::Exists
        } else if self.take_word("forall") {
            Quantifier::ForAll
        } else {
            return Err(self.unexpected("`exists`, `~exists` or `forall`"));
        };
        let condition = self.formula(threads, 0)?;
        self.take(";");
        if self.peek().kind != TokenKind::End {
            return Err(self.unexpected("the end of the file"));
        }
        Ok((filter, quantifier, condition))
    }

    fn formula(&mut self, threads: usize, depth: u32) -> Parsed<Formula> {
        let mut parts = vec![self.conjunction(threads, depth)?];
        while self.take("\\/") || self.take("||") {
            parts.push(self.conjunction(threads, depth)?);
        }
        Ok(if parts.len() > 1 { Formula::Or(parts) } else { parts.swap_remove(0) })
    }

    fn conjunction(&mut self, threads: usize, depth: u32) -> Parsed<Formula> {
        let mut parts = vec![self.negation(threads, depth)?];
        while self.take("/\\") || self.take("&&") {
            parts.push(self.negation(threads, depth)?);
        }
        Ok(if parts.len() > 1 { Formula::And(parts) } else { parts.swap_remove(0) })
    }

    fn negation(&mut self, threads: usize, depth: u32) -> Parsed<Formula> {
        if depth >= NESTING_LIMIT {
            let message = format!("nested more than {NESTING_LIMIT} deep");
            return Err(Diagnostic::new(message, self.peek().span.clone()).label("too deep here"));
        }
        if self.take_word("not") || self.take("~") || self.take("!") {
            return Ok(Formula::Not(Box::new(self.negation(threads, depth + 1)?)));
        }
        if self.take("(") {
            let inner = self.formula(threads, depth + 1)?;
            self.expect(")")?;
            return Ok(inner);
        }
        for (word, parts) in [("true", Formula::And(vec![])), ("false", Formula::Or(vec![]))] {
            if self.take_word(word) {
                return Ok(parts);
            }
        }
        let left = self.term(threads)?;
        let comparison = match self.symbol_ahead(0) {
            "=" | "==" => Comparison::Equal,
            "!=" => Comparison::NotEqual,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterOrEqual,
            _ => return Err(self.unexpected("a comparison")),
        };
        self.advance();
        Ok(Formula::Compare(comparison, left, self.term(threads)?))
    }

    /// A number, `P0:r0`, `x` or `[x]`.
    fn term(&mut self, threads: usize) -> Parsed<Term> {
        let span = self.peek().span.clone();
        if self.symbol_ahead(1) == ":" {
            let (thread, register) = self.thread_register()?;
            if thread.index() >= threads {
                let message = format!("there is no thread P{}", thread.0);
                return Err(Diagnostic::new(message, span).label("not in the header"));
            }
            return Ok(Term::Register(ThreadId(thread.0), register));
        }
        if let TokenKind::Number(value) = self.peek().kind {
            self.advance();
            return Ok(Term::Constant(value));
        }
        if register(self.word_ahead(0)).is_some() {
            return Err(self.unexpected("a thread before the register, as P0:r0"));
        }
        let bracketed = self.take("[");
        let (name, span) = self.location_name()?;
        if bracketed {
            self.expect("]")?;
        }
        match self.locations.by_name.get(name) {
            Some(location) => Ok(Term::Location(location.physical)),
            None => {
                Err(Diagnostic::new(format!("there is no location `{name}`"), span)
                    .label("neither declared nor accessed"))
            }
        }
    }
}
