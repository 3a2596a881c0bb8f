//! Text to tokens.
//!
//! Decision: the first line and the free text before the opening brace are taken here as one piece, since they follow
//! no grammar; from the brace on, words, numbers and symbols. `//` and `(* *)` are comments. Not done: numbers beyond
//! 64 bits.

use arverify_protocol::ir::Span;
use arverify_protocol::language::Diagnostic;
use winnow::LocatingSlice;
use winnow::Parser;
use winnow::ascii::multispace1;
use winnow::combinator::{alt, delimited, opt, preceded};
use winnow::error::ContextError;
use winnow::stream::Location;
use winnow::token::{any, take_till, take_until, take_while};

/// The longest text that is read, in bytes.
pub(super) const LENGTH_LIMIT: usize = 1 << 20;

/// What a token is; its text is that of its span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A letter or underscore, then letters, digits and underscores.
    Word,
    /// A decimal or hexadecimal number.
    Number(i64),
    /// One of [`SYMBOLS`].
    Symbol(&'static str),
    /// The end of the text.
    End,
}

/// A token with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
}

/// Longer ones first, so that the first that fits is right.
const SYMBOLS: [&str; 27] = [
    "/\\", "\\/", "&&", "||", "==", "!=", "<=", ">=", "{", "}", "(", ")", "[", "]", ",", ":", ";", "|", "@", "=", ".",
    "<", ">", "~", "!", "-", "+",
];

type Input<'a> = LocatingSlice<&'a str>;

enum Piece<'a> {
    Skipped,
    Word,
    Number(&'a str),
    Symbol(&'static str),
    Unknown(char),
}

fn piece<'a>(input: &mut Input<'a>) -> Result<Piece<'a>, ContextError> {
    let word_start = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
    let word_rest = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    alt((
        multispace1.value(()).map(|()| Piece::Skipped),
        preceded("//", take_till(0.., '\n')).value(()).map(|()| Piece::Skipped),
        delimited("(*", take_until(0.., "*)"), "*)").value(()).map(|()| Piece::Skipped),
        (take_while(1, word_start), take_while(0.., word_rest)).value(()).map(|()| Piece::Word),
        (opt('-'), take_while(1, |letter: char| letter.is_ascii_digit()), take_while(0.., word_rest))
            .take()
            .map(Piece::Number),
        symbol.map(Piece::Symbol),
        any.map(Piece::Unknown),
    ))
    .parse_next(input)
}

fn symbol(input: &mut Input<'_>) -> Result<&'static str, ContextError> {
    let mut found = SYMBOLS.into_iter().find(|symbol| input.starts_with(symbol)).ok_or_else(ContextError::new)?;
    found.parse_next(input)?;
    Ok(found)
}

/// The free text between the first line and the brace: quotations, and anything else that is no brace.
fn free_text(input: &mut Input<'_>) -> Result<(), ContextError> {
    while !input.is_empty() && !input.starts_with('{') {
        if input.starts_with('"') {
            ('"', take_till(0.., '"'), '"').void().parse_next(input)?;
        } else {
            any.void().parse_next(input)?;
        }
    }
    Ok(())
}

/// The test's name, and the tokens from the opening brace on.
pub(super) fn tokens(text: &str) -> Result<(String, Vec<Token>), Diagnostic> {
    if text.len() > LENGTH_LIMIT {
        let message = format!("the text is longer than {LENGTH_LIMIT} bytes");
        return Err(Diagnostic::new(message, 0..0).note(format!("it has {} bytes", text.len())));
    }
    let mut input = LocatingSlice::new(text);
    let name = name(&mut input)?;
    let start = input.current_token_start() as u32;
    if free_text(&mut input).is_err() {
        let quotation = text[start as usize..].rfind('"').unwrap_or_default() as u32 + start;
        return Err(
            Diagnostic::new("a text without its closing quotation mark", quotation..quotation + 1).label("opened here")
        );
    }
    let mut found = Vec::new();
    while !input.is_empty() {
        let start = input.current_token_start() as u32;
        // `any` takes every character, so that a piece is always found.
        let Ok(piece) = piece(&mut input) else { break };
        let span = start..input.previous_token_end() as u32;
        if let Some(kind) = token_kind(piece, &span)? {
            found.push(Token { kind, span });
        }
    }
    let end = text.len() as u32;
    found.push(Token { kind: TokenKind::End, span: end..end });
    Ok((name, found))
}

fn name(input: &mut Input<'_>) -> Result<String, Diagnostic> {
    let _: Result<Option<&str>, ContextError> = opt(multispace1).parse_next(input);
    let start = input.current_token_start() as u32;
    let line: Result<&str, ContextError> = take_till(0.., ['\n', '{']).parse_next(input);
    let line = line.unwrap_or_default();
    let rest = line.strip_prefix("PTX").filter(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace));
    rest.map(|rest| rest.trim().to_owned()).ok_or_else(|| {
        let end = start + line.len().max(1) as u32;
        Diagnostic::new("a litmus test opens with `PTX` and its name", start..end).label("expected `PTX`")
    })
}

fn token_kind(piece: Piece<'_>, span: &Span) -> Result<Option<TokenKind>, Diagnostic> {
    match piece {
        Piece::Skipped => Ok(None),
        Piece::Word => Ok(Some(TokenKind::Word)),
        Piece::Number(digits) => number(digits, span).map(|value| Some(TokenKind::Number(value))),
        Piece::Symbol(symbol) => Ok(Some(TokenKind::Symbol(symbol))),
        Piece::Unknown(character) => Err(Diagnostic::new(format!("unexpected character {character:?}"), span.clone())
            .label("not part of the format")),
    }
}

fn number(digits: &str, span: &Span) -> Result<i64, Diagnostic> {
    let (sign, body) = digits.strip_prefix('-').map_or(("", digits), |body| ("-", body));
    let parsed = match body.strip_prefix("0x") {
        Some(body) => i64::from_str_radix(&format!("{sign}{body}"), 16),
        None => digits.parse(),
    };
    parsed
        .map_err(|error| Diagnostic::new(format!("`{digits}` is not a number"), span.clone()).label(error.to_string()))
}
