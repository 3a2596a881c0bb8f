//! Text to tokens.
//!
//! Decision: a dot and what follows it is one token, since modifiers such as `.8x8`, `.L2::128B` or `.1d` are neither
//! words nor numbers; numbers are only delimited here and read where they are used, for a `.section` may hold what is
//! no number of PTX. A token is 12 bytes, because a module may have millions. Comments, `@@DWARF` lines and line
//! markers are dropped. Not done: other lines for the preprocessor, which are refused.

use super::error::{Problem, SyntaxError};
use super::tree::Span;
use winnow::LocatingSlice;
use winnow::Parser;
use winnow::combinator::{alt, dispatch, opt, peek, preceded};
use winnow::error::ContextError;
use winnow::stream::Location;
use winnow::token::{any, one_of, take_till, take_until, take_while};

/// The longest text that is read, in bytes.
pub const LENGTH_LIMIT: usize = 64 << 20;

/// What a token is; its text is that of its span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A name, register or opcode: a letter or one of `_ $ %`, then letters, digits, `_` and `$`.
    Word,
    /// A dot with what follows it, `::` included.
    Modifier,
    /// A literal: a digit with what follows it.
    Number,
    /// Between quotation marks.
    Text,
    /// The place of one in [`SYMBOLS`].
    Symbol(u8),
    /// The end of the text.
    End,
}

/// A token with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) kind: TokenKind,
}

impl Token {
    pub(super) fn span(&self) -> Span {
        self.start..self.end
    }

    /// The symbol, or an empty string.
    pub(super) fn symbol(&self) -> &'static str {
        if let TokenKind::Symbol(index) = self.kind { SYMBOLS[usize::from(index)] } else { "" }
    }
}

/// Longer ones first, so that the first that fits is right.
const SYMBOLS: [&str; 33] = [
    "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "{", "}", "(", ")", "[", "]", ",", ";", ":", "@", "!", "|", "=",
    "<", ">", "+", "-", "*", "/", "%", "&", "^", "~", "?", ".",
];

type Input<'a> = LocatingSlice<&'a str>;

#[derive(Clone)]
enum Piece {
    Skipped,
    Token(TokenKind),
    Unclosed(&'static str),
    Line,
    Unknown(char),
}

fn word_start(letter: char) -> bool {
    letter.is_ascii_alphabetic() || letter == '_' || letter == '$'
}

fn word_rest(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == '$'
}

/// The first character tells most pieces apart, which a long text is glad of.
fn piece(input: &mut Input<'_>) -> Result<Piece, ContextError> {
    dispatch! {peek(any);
        letter if space(letter) => take_while(1.., space).value(Piece::Skipped),
        letter if word_start(letter) => take_while(1.., word_rest).value(Piece::Token(TokenKind::Word)),
        '0'..='9' => number.value(Piece::Token(TokenKind::Number)),
        '%' => alt((
            ('%', take_while(1.., word_rest)).value(Piece::Token(TokenKind::Word)),
            other,
        )),
        '.' => alt((modifier.value(Piece::Token(TokenKind::Modifier)), other)),
        '/' | '@' | '#' => alt((dropped, other)),
        '"' => preceded('"', quotation),
        _ => other,
    }
    .parse_next(input)
}

fn space(letter: char) -> bool {
    letter.is_ascii_whitespace() || letter == '\u{b}'
}

/// A symbol, or what starts nothing.
fn other(input: &mut Input<'_>) -> Result<Piece, ContextError> {
    alt((symbol.map(|index| Piece::Token(TokenKind::Symbol(index))), any.map(Piece::Unknown))).parse_next(input)
}

/// Comments, and lines that are not for the assembler.
fn dropped(input: &mut Input<'_>) -> Result<Piece, ContextError> {
    alt((
        preceded("//", take_till(0.., '\n')).value(Piece::Skipped),
        preceded("/*", opt((take_until(0.., "*/"), "*/")))
            .map(|closed| if closed.is_some() { Piece::Skipped } else { Piece::Unclosed("a comment") }),
        preceded("@@DWARF", take_till(0.., '\n')).value(Piece::Skipped),
        preceded('#', take_till(0.., '\n')).map(marker),
    ))
    .parse_next(input)
}

/// `.name`, `.8byte`, `.L1::evict_last`, `.mbarrier::complete_tx::bytes`
fn modifier(input: &mut Input<'_>) -> Result<(), ContextError> {
    ('.', take_while(1.., word_rest)).void().parse_next(input)?;
    while opt(("::", take_while(1.., word_rest))).parse_next(input)?.is_some() {}
    Ok(())
}

/// `10`, `0x1FU`, `0f3F800000`, `1.5`, `1e-5`
fn number(input: &mut Input<'_>) -> Result<(), ContextError> {
    let digit = |letter: char| letter.is_ascii_digit();
    let body = (one_of(digit), take_while(0.., word_rest)).take().parse_next(input)?;
    let plain = |body: &str| body.bytes().all(|byte| byte.is_ascii_digit());
    let mut last = body;
    if plain(body)
        && let Some(fraction) =
            opt(preceded('.', (one_of(digit), take_while(0.., word_rest)).take())).parse_next(input)?
    {
        last = fraction;
    }
    if last.strip_suffix(['e', 'E']).is_some_and(plain) {
        opt((one_of(['+', '-']), take_while(1.., digit))).parse_next(input)?;
    }
    Ok(())
}

/// What follows an opening quotation mark. Backslashes stay as they are, but one before a quotation mark keeps the
/// quotation open.
fn quotation(input: &mut Input<'_>) -> Result<Piece, ContextError> {
    loop {
        take_till(0.., ['"', '\\', '\n']).void().parse_next(input)?;
        if opt('"').parse_next(input)?.is_some() {
            return Ok(Piece::Token(TokenKind::Text));
        }
        if opt(('\\', opt(one_of(['"', '\\'])))).parse_next(input)?.is_none() {
            return Ok(Piece::Unclosed("a quotation"));
        }
    }
}

/// `#line 7`, `#file …` and `# 7 "name"` are line markers and mean nothing; any other line would.
fn marker(line: &str) -> Piece {
    let line = line.trim_start();
    let harmless = ["line", "file", "pragma"].iter().any(|word| line.starts_with(word));
    if harmless || line.starts_with(|letter: char| letter.is_ascii_digit()) { Piece::Skipped } else { Piece::Line }
}

fn symbol(input: &mut Input<'_>) -> Result<u8, ContextError> {
    let found = SYMBOLS.iter().position(|symbol| input.starts_with(symbol)).ok_or_else(ContextError::new)?;
    let mut symbol = SYMBOLS[found];
    symbol.parse_next(input)?;
    Ok(found as u8)
}

/// Splits a text into tokens; the last is [`TokenKind::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, SyntaxError> {
    if text.len() > LENGTH_LIMIT {
        return Err(SyntaxError::new(Problem::TooLong { length: text.len() }, 0..0));
    }
    let mut input = LocatingSlice::new(text);
    let mut found = Vec::with_capacity(text.len() / 8);
    while !input.is_empty() {
        let start = input.current_token_start() as u32;
        // `any` takes every character, so that a piece is always found.
        let Ok(piece) = piece(&mut input) else { break };
        let end = input.previous_token_end() as u32;
        match piece {
            Piece::Skipped => {}
            Piece::Token(kind) => found.push(Token { start, end, kind }),
            Piece::Unclosed(what) => return Err(SyntaxError::new(Problem::Unclosed(what), start..start + 1)),
            Piece::Line => return Err(SyntaxError::new(Problem::Preprocessor, start..end)),
            Piece::Unknown(character) => return Err(SyntaxError::new(Problem::Character(character), start..end)),
        }
    }
    let end = text.len() as u32;
    found.push(Token { start: end, end, kind: TokenKind::End });
    Ok(found)
}
