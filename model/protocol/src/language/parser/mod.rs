//! Tokens to syntax tree, by recursive descent.
//!
//! Decision: descent by hand over tokens, for the sake of messages that say what was expected where, and of a hard
//! limit on nesting; winnow splits the text into tokens. Not done: recovery. The first syntax error ends parsing, all
//! later phases report everything they find.

mod declarations;
mod expressions;
mod statements;

use super::diagnostics::Diagnostic;
use super::lexer::{Token, TokenKind, Tokens, tokens};
use super::tree::{File, Item, Mark, Name, Trivia};
use crate::ir::Span;
use declarations::begins_declaration;
use statements::begins_statement;

/// How deep expressions and blocks may nest.
pub const NESTING_LIMIT: u32 = 64;
/// How many operators, calls and choices one expression may hold.
pub const OPERATOR_LIMIT: u32 = 200;

/// Words that are no names: expressions and statements begin or continue with them.
pub(crate) const RESERVED: [&str; 13] =
    ["if", "then", "else", "and", "or", "not", "is", "in", "of", "over", "load", "from", "atomic"];

type Parsed<T> = Result<T, Diagnostic>;

/// Parses a file; names are not looked up.
pub(crate) fn parse(text: &str) -> Parsed<File> {
    let tokens = tokens(text)?;
    let mut parser =
        Parser { text, tokens, position: 0, comment: 0, nesting: 0, expressions: 0, operators: 0, pipe_follows: false };
    parser.file()
}

struct Parser<'a> {
    text: &'a str,
    tokens: Tokens,
    /// The next token.
    position: usize,
    /// The next comment that no item has taken.
    comment: usize,
    /// How many bodies and expressions are open.
    nesting: u32,
    /// How many expressions are open.
    expressions: u32,
    /// Operators since the outermost open expression began.
    operators: u32,
    /// Within the partition of a `start copy`, which ends before `on PIPE`.
    pipe_follows: bool,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> &Token {
        self.look(0)
    }

    fn look(&self, ahead: usize) -> &Token {
        let last = self.tokens.tokens.len() - 1;
        &self.tokens.tokens[(self.position + ahead).min(last)]
    }

    fn slice(&self, token: &Token) -> &'a str {
        &self.text[token.span.start as usize..token.span.end as usize]
    }

    /// The next token's text if it is a word, else an empty string.
    fn word(&self) -> &'a str {
        self.word_ahead(0)
    }

    fn word_ahead(&self, ahead: usize) -> &'a str {
        let token = self.look(ahead);
        if token.kind == TokenKind::Word { self.slice(token) } else { "" }
    }

    fn symbol_ahead(&self, ahead: usize) -> &'static str {
        if let TokenKind::Symbol(symbol) = self.look(ahead).kind { symbol } else { "" }
    }

    fn advance(&mut self) -> Span {
        let span = self.peek().span.clone();
        self.position = (self.position + 1).min(self.tokens.tokens.len() - 1);
        span
    }

    /// Takes the next token if it is this word.
    fn take_word(&mut self, word: &str) -> bool {
        let found = self.word() == word;
        if found {
            self.advance();
        }
        found
    }

    /// Takes the next token if it is this symbol.
    fn take(&mut self, symbol: &str) -> bool {
        let found = self.symbol_ahead(0) == symbol;
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, symbol: &'static str) -> Parsed<Span> {
        if self.symbol_ahead(0) == symbol { Ok(self.advance()) } else { Err(self.unexpected(&format!("`{symbol}`"))) }
    }

    fn expect_word(&mut self, word: &'static str) -> Parsed<Span> {
        if self.word() == word { Ok(self.advance()) } else { Err(self.unexpected(&format!("`{word}`"))) }
    }

    /// "expected …, found …" at the next token.
    fn unexpected(&self, expected: &str) -> Diagnostic {
        let token = self.peek();
        let found = match token.kind {
            TokenKind::End => "the end of the file".to_owned(),
            TokenKind::Text => "a text".to_owned(),
            _ => format!("`{}`", self.slice(token)),
        };
        Diagnostic::new(format!("expected {expected}, found {found}"), token.span.clone())
            .label(format!("expected {expected}"))
    }

    /// From `start` to the end of the token taken last.
    fn since(&self, start: u32) -> Mark {
        let last = self.position.checked_sub(1).map(|last| self.tokens.tokens[last].span.end);
        Mark(start..last.unwrap_or(start).max(start))
    }

    fn start(&self) -> u32 {
        self.peek().span.start
    }

    /// Any word that is not reserved.
    fn name(&mut self, what: &str) -> Parsed<Name> {
        let word = self.word();
        if word.is_empty() {
            return Err(self.unexpected(what));
        }
        if RESERVED.contains(&word) {
            return Err(self.unexpected(what).note(format!("`{word}` is a word of the language, not a name")));
        }
        Ok(Name { text: word.to_owned(), at: Mark(self.advance()) })
    }

    /// A name that is declared, before one of `follows`; where it may be the declaration's last word, before another declaration,
    /// too.
    fn declared(&mut self, what: &str, follows: &[&str], may_be_last: bool) -> Parsed<Name> {
        self.is_declared(what, follows, may_be_last)?;
        self.name(what)
    }

    /// A word that begins a declaration or a statement is a name only before what follows names here: where the name is missing,
    /// what comes next is not taken for it.
    fn is_declared(&self, what: &str, follows: &[&str], may_be_last: bool) -> Parsed<()> {
        let (word, next) = (self.word(), self.word_ahead(1));
        let goes_on = follows.contains(&self.symbol_ahead(1)) || follows.contains(&next);
        let ends = self.look(1).kind == TokenKind::End || begins_declaration(next) && word != "ghost";
        if (begins_declaration(word) || begins_statement(word)) && !goes_on && !(may_be_last && ends) {
            return Err(self.unexpected(what).note(format!("`{word}` begins what comes next here, it is no name")));
        }
        Ok(())
    }

    /// The name of a pipe: not `rank`, so that `on rank` never is `on PIPE`.
    fn pipe(&mut self, what: &str) -> Parsed<Name> {
        if self.word() == "rank" {
            let note = "no pipe is called `rank`: `on rank` begins a place on another rank";
            return Err(self.unexpected(what).note(note));
        }
        self.name(what)
    }

    /// Any word, reserved or not: values of knobs.
    fn any_word(&mut self, what: &str) -> Parsed<Name> {
        let word = self.word();
        if word.is_empty() {
            return Err(self.unexpected(what));
        }
        Ok(Name { text: word.to_owned(), at: Mark(self.advance()) })
    }

    /// Words and numbers joined by hyphens without spaces.
    fn hyphenated(&mut self, what: &str) -> Parsed<Name> {
        let first = self.any_word(what)?;
        let mut end = first.at.0.end;
        while self.symbol_ahead(0) == "-" && self.start() == end {
            let next = self.look(1);
            let joined = next.span.start == end + 1;
            if !joined || !matches!(next.kind, TokenKind::Word | TokenKind::Number(_)) {
                return Err(self.unexpected(what).note("a name ends in a letter or digit, not in a hyphen"));
            }
            self.advance();
            end = self.advance().end;
        }
        let span = first.at.0.start..end;
        Ok(Name { text: self.text[span.start as usize..span.end as usize].to_owned(), at: Mark(span) })
    }

    fn number(&mut self, what: &str) -> Parsed<(i64, Mark)> {
        match self.peek().kind {
            TokenKind::Number(value) => Ok((value, Mark(self.advance()))),
            _ => Err(self.unexpected(what)),
        }
    }

    /// Runs `inner` one level deeper.
    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.nesting >= NESTING_LIMIT {
            let message = format!("nested more than {NESTING_LIMIT} deep");
            return Err(Diagnostic::new(message, self.peek().span.clone()).label("too deep here"));
        }
        self.nesting += 1;
        let result = inner(self);
        self.nesting -= 1;
        result
    }

    /// Parses one item, with the comments that belong to it; `trailing`: also the one after it on its last line.
    /// `inner` says where the item's head ends, if it has a body.
    fn item<K>(
        &mut self,
        first: bool,
        trailing: bool,
        inner: impl FnOnce(&mut Self) -> Parsed<(K, Option<u32>)>,
    ) -> Parsed<Item<K>> {
        let start = self.start();
        let blank_before = self.peek().blank_before && !first;
        let mut comments = self.comments_before(start);
        let (kind, head_end) = inner(self)?;
        let at = self.since(start);
        comments.extend(self.comments_before(at.0.end));
        let trailing = if trailing { self.trailing_comment() } else { None };
        let at = Mark(start..head_end.unwrap_or(at.0.end));
        Ok(Item { trivia: Trivia { comments, blank_before, trailing }, kind, at })
    }

    /// The comments before an offset that nobody took yet.
    fn comments_before(&mut self, offset: u32) -> Vec<String> {
        let rest = &self.tokens.comments[self.comment..];
        let found: Vec<String> =
            rest.iter().take_while(|comment| comment.start < offset).map(|comment| comment.text.clone()).collect();
        self.comment += found.len();
        found
    }

    /// The comment on the same line as the token taken last.
    fn trailing_comment(&mut self) -> Option<String> {
        let next = self.start();
        let comment = self.tokens.comments.get(self.comment)?;
        if comment.own_line || comment.start >= next {
            return None;
        }
        self.comment += 1;
        Some(comment.text.clone())
    }
}
