//! `.entry` and `.func`, up to the body.
//!
//! Decision: what stands before and after the parameters (`.maxntid`, `.noreturn`, `.attribute` …) is kept by name
//! with its numbers, known or not, since the ISA adds such directives with every version and none changes what a
//! thread does. Not kept: pragmas, which are hints.

use super::super::lexer::TokenKind;
use super::super::tree::Function;
use super::{Parsed, Parser};

impl<'a> Parser<'a> {
    /// `.entry name (parameters) directives { body }`, `.func (returns) name (parameters);`
    pub(super) fn function(&mut self, is_extern: bool) -> Parsed<Function> {
        let is_entry = self.directive_ahead() == "entry";
        self.advance();
        let mut directives = Vec::new();
        self.directives(&mut directives, false)?;
        let returns = if !is_entry && self.at("(") { self.parameters()? } else { Vec::new() };
        self.directives(&mut directives, false)?;
        let (name, span) = self.word("the function's name")?;
        let parameters = if self.at("(") { self.parameters()? } else { Vec::new() };
        self.directives(&mut directives, true)?;
        let body = if self.at("{") {
            Some(self.body()?)
        } else {
            self.semicolon("`{` or `;`")?;
            None
        };
        Ok(Function { name: name.to_owned(), is_entry, is_extern, returns, parameters, directives, body, span })
    }

    /// Directives of a function with their numbers. Before the name a word is the name and no argument.
    fn directives(&mut self, found: &mut Vec<(String, Vec<u64>)>, named: bool) -> Parsed<()> {
        while self.peek().kind == TokenKind::Modifier {
            let directive = self.directive_ahead();
            if directive == "pragma" {
                self.pragma()?;
                continue;
            }
            self.advance();
            let mut numbers = Vec::new();
            if directive == "attribute" {
                self.skip_balanced("(", ")")?;
            } else {
                self.arguments(&mut numbers, named)?;
            }
            found.push((directive.to_owned(), numbers));
        }
        Ok(())
    }

    /// `128, 1, 1`; words and quotations are skipped.
    fn arguments(&mut self, numbers: &mut Vec<u64>, named: bool) -> Parsed<()> {
        loop {
            match self.peek().kind {
                TokenKind::Number => numbers.push(self.integer("a number")?),
                TokenKind::Word | TokenKind::Text if named => {
                    self.advance();
                }
                _ => return Ok(()),
            }
            if !self.take(",") {
                return Ok(());
            }
        }
    }

    /// The end of a declaration, with what else might stand there.
    pub(super) fn semicolon(&mut self, expected: &str) -> Parsed<()> {
        if self.take(";") { Ok(()) } else { Err(self.unexpected(expected)) }
    }
}
