//! Tokens to [`Test`], by descent.
//!
//! Decision: descent by hand over winnow's tokens, for messages that say what was expected where; names are resolved
//! on the way, labels at the end of each column. The first error ends parsing.

mod condition;
mod declarations;
mod instructions;
#[cfg(test)]
mod tests;

use super::lexer::{Token, TokenKind, tokens};
use super::test::{Location, LocationId, Register, Test, ThreadId, VirtualAddress};
use arverify_protocol::ir::{Source, Span};
use arverify_protocol::language::{Diagnostic, Diagnostics};
use instructions::Column;
use rustc_hash::FxHashMap;
use std::sync::Arc;

type Parsed<T> = Result<T, Diagnostic>;

/// Parses a test; `name` is what messages call the file.
pub fn parse(name: &str, text: &str) -> Result<Test, Diagnostics> {
    let source = Arc::new(Source { name: name.to_owned(), text: text.to_owned() });
    let refused = |error: Diagnostic| Diagnostics { source: source.clone(), list: vec![error] };
    let (title, tokens) = tokens(text).map_err(refused)?;
    let mut parser = Parser { text, tokens, position: 0, locations: Locations::default(), registers: Vec::new() };
    parser.test(title, source.clone()).map_err(refused)
}

/// Locations by name, and what is known of each physical one.
#[derive(Default)]
struct Locations {
    by_name: FxHashMap<String, Location>,
    initial: Vec<i64>,
    names: Vec<String>,
    addresses: u32,
}

impl Locations {
    fn fresh_address(&mut self) -> VirtualAddress {
        self.addresses += 1;
        VirtualAddress(self.addresses - 1)
    }

    /// The location of this name; one that was not declared starts as 0.
    fn find(&mut self, name: &str) -> Location {
        if let Some(location) = self.by_name.get(name) {
            return *location;
        }
        let location = Location { physical: LocationId(self.initial.len() as u32), address: self.fresh_address() };
        self.initial.push(0);
        self.names.push(name.to_owned());
        self.by_name.insert(name.to_owned(), location);
        location
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    position: usize,
    locations: Locations,
    /// Initial values of registers, and where each was given.
    registers: Vec<(ThreadId, Register, i64, Span)>,
}

impl<'a> Parser<'a> {
    fn test(&mut self, name: String, source: Arc<Source>) -> Parsed<Test> {
        self.declarations()?;
        let placements = self.header()?;
        let mut columns: Vec<Column> = placements.iter().map(|_| Column::default()).collect();
        while !self.at_condition() {
            self.row(&mut columns)?;
        }
        let threads = columns
            .into_iter()
            .zip(placements)
            .enumerate()
            .map(|(index, (column, placement))| self.thread(ThreadId(index as u32), column, placement))
            .collect::<Parsed<Vec<_>>>()?;
        if let Some((thread, _, _, span)) = self.registers.iter().find(|(thread, ..)| thread.index() >= threads.len()) {
            let message = format!("there is no thread P{}", thread.0);
            return Err(Diagnostic::new(message, span.clone()).label("not in the header"));
        }
        let (filter, quantifier, condition) = self.conditions(threads.len())?;
        let Locations { initial, names, .. } = std::mem::take(&mut self.locations);
        Ok(Test { name, source, threads, initial, location_names: names, filter, quantifier, condition })
    }

    fn peek(&self) -> &Token {
        self.look(0)
    }

    fn look(&self, ahead: usize) -> &Token {
        let last = self.tokens.len() - 1;
        &self.tokens[(self.position + ahead).min(last)]
    }

    fn slice(&self, span: &Span) -> &'a str {
        &self.text[span.start as usize..span.end as usize]
    }

    /// The text of the token ahead if it is a word, else an empty string.
    fn word_ahead(&self, ahead: usize) -> &'a str {
        let token = self.look(ahead);
        if token.kind == TokenKind::Word { self.slice(&token.span) } else { "" }
    }

    fn symbol_ahead(&self, ahead: usize) -> &'static str {
        if let TokenKind::Symbol(symbol) = self.look(ahead).kind { symbol } else { "" }
    }

    fn advance(&mut self) -> Span {
        let span = self.peek().span.clone();
        self.position = (self.position + 1).min(self.tokens.len() - 1);
        span
    }

    fn take(&mut self, symbol: &str) -> bool {
        let found = self.symbol_ahead(0) == symbol;
        if found {
            self.advance();
        }
        found
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.word_ahead(0) == word;
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, symbol: &'static str) -> Parsed<Span> {
        if self.symbol_ahead(0) == symbol { Ok(self.advance()) } else { Err(self.unexpected(&format!("`{symbol}`"))) }
    }

    fn expect_word(&mut self, word: &'static str) -> Parsed<Span> {
        if self.word_ahead(0) == word { Ok(self.advance()) } else { Err(self.unexpected(&format!("`{word}`"))) }
    }

    fn word(&mut self, what: &str) -> Parsed<(&'a str, Span)> {
        let word = self.word_ahead(0);
        if word.is_empty() { Err(self.unexpected(what)) } else { Ok((word, self.advance())) }
    }

    fn number(&mut self, what: &str) -> Parsed<i64> {
        match self.peek().kind {
            TokenKind::Number(value) => {
                self.advance();
                Ok(value)
            }
            _ => Err(self.unexpected(what)),
        }
    }

    fn small_number(&mut self, what: &str) -> Parsed<u32> {
        let span = self.peek().span.clone();
        let value = self.number(what)?;
        u32::try_from(value).map_err(|_| Diagnostic::new(format!("{what} out of range"), span).label("here"))
    }

    /// "expected …, found …" at the next token.
    fn unexpected(&self, expected: &str) -> Diagnostic {
        let token = self.peek();
        let found = match token.kind {
            TokenKind::End => "the end of the file".to_owned(),
            _ => format!("`{}`", self.slice(&token.span)),
        };
        Diagnostic::new(format!("expected {expected}, found {found}"), token.span.clone())
            .label(format!("expected {expected}"))
    }
}

/// `rN`; anything else is a location.
fn register(word: &str) -> Option<Register> {
    let digits = word.strip_prefix('r')?;
    let plain = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    plain.then(|| digits.parse().ok().map(Register)).flatten()
}

/// `PN`
fn thread(word: &str) -> Option<ThreadId> {
    let digits = word.strip_prefix('P')?;
    let plain = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    plain.then(|| digits.parse().ok().map(ThreadId)).flatten()
}
