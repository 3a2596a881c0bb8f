//! Tokens to [`Module`], by descent.
//!
//! | file | what |
//! |---|---|
//! | `module` | directives at module scope |
//! | `variables` | declarations and their initialisers |
//! | `functions` | `.entry` and `.func` up to the body |
//! | `body` | statements, nested blocks, line numbers |
//! | `instructions` | instructions and operands |
//! | `constants` | constant expressions, folded |
//!
//! Decision: descent by hand over winnow's tokens, for messages that say what was expected where. The grammar needs
//! two tokens ahead at most, so that no text is read twice. The first error ends parsing.

mod body;
mod constants;
mod functions;
mod instructions;
mod module;
mod variables;

use super::error::{Problem, SyntaxError};
use super::lexer::{Token, TokenKind, tokens};
use super::scopes::Scopes;
use super::tree::{Module, Span};
use arverify_protocol::ir::Source;
use arverify_protocol::language::Diagnostics;
use std::sync::Arc;

/// How deep blocks, initialisers, expressions and operands may nest, all together.
pub const NESTING_LIMIT: u32 = 48;

type Parsed<T> = Result<T, SyntaxError>;

/// Parses a module.
pub fn parse(source: &Arc<Source>) -> Result<Module, Diagnostics> {
    module(&source.text).map_err(|error| Diagnostics { source: source.clone(), list: vec![error.to_diagnostic()] })
}

/// The same, with the error as data.
pub(super) fn module(text: &str) -> Parsed<Module> {
    let tokens = tokens(text)?;
    Parser { text, tokens, position: 0, depth: 0, scopes: Scopes::default() }.module()
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    position: usize,
    /// See [`NESTING_LIMIT`].
    depth: u32,
    scopes: Scopes,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Token {
        self.look(0)
    }

    fn look(&self, ahead: usize) -> Token {
        let last = self.tokens.len() - 1;
        self.tokens[(self.position + ahead).min(last)]
    }

    fn text_of(&self, token: Token) -> &'a str {
        &self.text[token.start as usize..token.end as usize]
    }

    fn advance(&mut self) -> Token {
        let token = self.peek();
        self.position = (self.position + 1).min(self.tokens.len() - 1);
        token
    }

    fn at_end(&self) -> bool {
        self.peek().kind == TokenKind::End
    }

    fn at(&self, symbol: &str) -> bool {
        self.peek().symbol() == symbol
    }

    fn take(&mut self, symbol: &str) -> bool {
        let found = self.at(symbol);
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, symbol: &'static str) -> Parsed<Token> {
        if self.at(symbol) { Ok(self.advance()) } else { Err(self.unexpected(&format!("`{symbol}`"))) }
    }

    /// The modifier or directive ahead without its dot, or an empty string.
    fn directive_ahead(&self) -> &'a str {
        let token = self.peek();
        if token.kind == TokenKind::Modifier { &self.text_of(token)[1..] } else { "" }
    }

    /// A name.
    fn word(&mut self, what: &str) -> Parsed<(&'a str, Span)> {
        let token = self.peek();
        if token.kind != TokenKind::Word {
            return Err(self.unexpected(what));
        }
        self.advance();
        Ok((self.text_of(token), token.span()))
    }

    /// The word ahead if it is this one.
    fn take_word(&mut self, word: &str) -> bool {
        let token = self.peek();
        let found = token.kind == TokenKind::Word && self.text_of(token) == word;
        if found {
            self.advance();
        }
        found
    }

    /// Between quotation marks.
    fn quotation(&mut self, what: &str) -> Parsed<&'a str> {
        let token = self.peek();
        if token.kind != TokenKind::Text {
            return Err(self.unexpected(what));
        }
        self.advance();
        Ok(self.text_of(token).trim_matches('"'))
    }

    /// A number of 32 bits.
    fn small_number(&mut self, what: &str) -> Parsed<u32> {
        let token = self.peek();
        let value = self.integer(what)?;
        self.small(value, token)
    }

    fn small(&self, value: u64, token: Token) -> Parsed<u32> {
        let shown = || self.text_of(token).chars().take(60).collect();
        u32::try_from(value).map_err(|_| SyntaxError::new(Problem::TooLarge(shown()), token.span()))
    }

    /// The same, without an expression, where another number may follow.
    fn small_literal(&mut self, what: &str) -> Parsed<u32> {
        let token = self.peek();
        if token.kind != TokenKind::Number {
            return Err(self.unexpected(what));
        }
        let value = self.literal_integer()?;
        self.small(value, token)
    }

    /// The text from one token's start to the end of the last token taken.
    fn since(&self, start: u32) -> (&'a str, Span) {
        let end = self.position.checked_sub(1).map_or(start, |last| self.tokens[last].end.max(start));
        (&self.text[start as usize..end as usize], start..end)
    }

    /// Skips from an opening bracket to its partner; brackets of the other kinds need not match.
    fn skip_balanced(&mut self, open: &'static str, close: &'static str) -> Parsed<()> {
        let first = self.expect(open)?;
        let bracket = if open == "{" { "a brace" } else { "a bracket" };
        let mut depth = 1usize;
        while depth > 0 {
            if self.at_end() {
                return Err(SyntaxError::new(Problem::Unclosed(bracket), first.span()));
            }
            match self.advance().symbol() {
                symbol if symbol == open => depth += 1,
                symbol if symbol == close => depth -= 1,
                _ => {}
            }
        }
        Ok(())
    }

    /// Parses something one level deeper.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == NESTING_LIMIT {
            return Err(SyntaxError::new(Problem::TooDeep, self.peek().span()));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    /// "expected …, found …" at the next token.
    fn unexpected(&self, expected: &str) -> SyntaxError {
        let token = self.peek();
        let found = match token.kind {
            TokenKind::End => "the end of the file".to_owned(),
            // A token may be as long as the file.
            _ => format!("`{}`", self.text_of(token).chars().take(60).collect::<String>()),
        };
        SyntaxError::new(Problem::Unexpected { expected: expected.to_owned(), found }, token.span())
    }
}
