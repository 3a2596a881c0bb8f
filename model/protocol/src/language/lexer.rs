//! Text to tokens.
//!
//! Decision: tokens and comments come out as two lists, in order; the parser weaves comments back in where the syntax
//! tree keeps them. Line ends mean nothing to the parser but are remembered as empty lines. There are no keywords
//! here: a word becomes one by where it stands, so that a knob may be called `order` and a value `on`.

use super::diagnostics::Diagnostic;
use crate::ir::Span;
use winnow::LocatingSlice;
use winnow::Parser;
use winnow::ascii::multispace1;
use winnow::combinator::{alt, preceded};
use winnow::error::ContextError;
use winnow::stream::Location;
use winnow::token::{any, take_till, take_while};

/// The longest text that is read, in bytes.
pub const LENGTH_LIMIT: usize = 1 << 20;

/// What a token is; its text is that of its span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A letter or underscore, then letters, digits and underscores.
    Word,
    /// A literal.
    Number(i64),
    /// Between quotation marks.
    Text,
    /// One of [`SYMBOLS`].
    Symbol(&'static str),
    /// The end of the text.
    End,
}

/// A token with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
    /// At least one empty line between the token (or comment) before and this one, comments that belong to it included.
    pub(crate) blank_before: bool,
}

/// A comment with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Comment {
    /// What stands after `//`, without white space at its end.
    pub(crate) text: String,
    pub(crate) start: u32,
    /// Nothing but white space before it on its line.
    pub(crate) own_line: bool,
}

/// Everything in a text.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub(crate) tokens: Vec<Token>,
    pub(crate) comments: Vec<Comment>,
}

/// Longer ones first, so that the first that fits is right.
const SYMBOLS: [&str; 24] = [
    "<-", "==", "!=", "<=", ">=", "..", "{", "}", "(", ")", "[", "]", ",", ":", "=", "|", ".", "<", ">", "+", "-", "*",
    "/", "%",
];

type Input<'a> = LocatingSlice<&'a str>;

enum Piece<'a> {
    Space(&'a str),
    Comment(&'a str),
    Word,
    Number(&'a str),
    Text(bool),
    Symbol(&'static str),
    Unknown(char),
}

fn piece<'a>(input: &mut Input<'a>) -> Result<Piece<'a>, ContextError> {
    let word_start = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
    let word_rest = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    alt((
        multispace1.map(Piece::Space),
        preceded("//", take_till(0.., '\n')).map(Piece::Comment),
        (take_while(1, word_start), take_while(0.., word_rest)).value(()).map(|()| Piece::Word),
        (take_while(1, |letter: char| letter.is_ascii_digit()), take_while(0.., word_rest)).take().map(Piece::Number),
        quotation,
        symbol.map(Piece::Symbol),
        any.map(Piece::Unknown),
    ))
    .parse_next(input)
}

fn quotation<'a>(input: &mut Input<'a>) -> Result<Piece<'a>, ContextError> {
    ('"', take_till(0.., ['"', '\n', '\r'])).void().parse_next(input)?;
    let closed: Result<char, ContextError> = '"'.parse_next(input);
    Ok(Piece::Text(closed.is_ok()))
}

fn symbol(input: &mut Input<'_>) -> Result<&'static str, ContextError> {
    let mut found = SYMBOLS.into_iter().find(|symbol| input.starts_with(symbol)).ok_or_else(ContextError::new)?;
    found.parse_next(input)?;
    Ok(found)
}

/// Splits a text into tokens and comments.
pub(crate) fn tokens(text: &str) -> Result<Tokens, Diagnostic> {
    if text.len() > LENGTH_LIMIT {
        let message = format!("the text is longer than {LENGTH_LIMIT} bytes");
        return Err(Diagnostic::new(message, 0..0).note(format!("it has {} bytes", text.len())));
    }
    let mut input = LocatingSlice::new(text);
    let mut found = Tokens { tokens: Vec::new(), comments: Vec::new() };
    let mut blank_before = false;
    let mut fresh_line = true;
    while !input.is_empty() {
        let start = input.current_token_start() as u32;
        // `any` takes every character, so that a piece is always found.
        let Ok(piece) = piece(&mut input) else { break };
        let span = start..input.previous_token_end() as u32;
        if let Piece::Space(space) = piece {
            let lines = space.bytes().filter(|byte| *byte == b'\n').count();
            fresh_line |= lines > 0;
            blank_before |= lines > 1;
            continue;
        }
        if let Piece::Comment(comment) = piece {
            found.comments.push(Comment { text: comment.trim_end().to_owned(), start, own_line: fresh_line });
            fresh_line = false;
            continue;
        }
        let kind = token_kind(piece, &span)?;
        found.tokens.push(Token { kind, span, blank_before });
        blank_before = false;
        fresh_line = false;
    }
    let end = text.len() as u32;
    found.tokens.push(Token { kind: TokenKind::End, span: end..end, blank_before });
    Ok(found)
}

fn token_kind(piece: Piece<'_>, span: &Span) -> Result<TokenKind, Diagnostic> {
    match piece {
        Piece::Space(_) | Piece::Comment(_) | Piece::Word => Ok(TokenKind::Word),
        Piece::Number(digits) => number(digits, span).map(TokenKind::Number),
        Piece::Text(true) => Ok(TokenKind::Text),
        Piece::Text(false) => {
            Err(Diagnostic::new("a text without its closing quotation mark", span.clone()).label("opened here"))
        }
        Piece::Symbol(symbol) => Ok(TokenKind::Symbol(symbol)),
        Piece::Unknown(character) => Err(Diagnostic::new(format!("unexpected character {character:?}"), span.clone())
            .label("not part of the language")),
    }
}

fn number(digits: &str, span: &Span) -> Result<i64, Diagnostic> {
    let (radix, body) = match digits.strip_prefix("0x") {
        Some(body) => (16, body),
        None => (10, digits),
    };
    if body.is_empty() || !body.chars().all(|digit| digit.is_digit(radix)) {
        return Err(Diagnostic::new(format!("`{digits}` is not a number"), span.clone())
            .label("neither decimal nor hexadecimal (0x…)"));
    }
    i64::from_str_radix(body, radix).map_err(|_| {
        Diagnostic::new(format!("the integer {digits} is too large"), span.clone())
            .label(format!("the largest is {}", i64::MAX))
    })
}
