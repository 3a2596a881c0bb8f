//! Words, numbers and symbols of an expression.
//!
//! Numbers are whole (decimal, `0x`, `0o`, `0b`, with `_` and C's suffixes `u`, `l`) or real (`0.5`, `1e-3`). The
//! number of tokens is limited, so that no tree is deeper than the stack.

use arverify_protocol::ir::Span;
use arverify_protocol::language::Diagnostic;

/// Tokens of one expression.
const TOKEN_LIMIT: usize = 400;

/// Longest first, so that `<<` is not read as `<` twice.
const SYMBOLS: [&str; 25] = [
    "||", "&&", "==", "!=", "<=", ">=", "<<", ">>", "+", "-", "*", "/", "%", "&", "|", "^", "~", "!", "<", ">", "?",
    ":", "(", ")", ",",
];

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Whole(i128),
    Real(f64),
    Word(String),
    Symbol(&'static str),
    End,
}

/// Splits a text; the last token is [`Token::End`].
pub(super) fn tokens(
    text: &str,
    place: &dyn Fn(std::ops::Range<usize>) -> Span,
) -> Result<Vec<(Token, Span)>, Diagnostic> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        if found.len() >= TOKEN_LIMIT {
            let message = format!("an expression has at most {TOKEN_LIMIT} words, numbers and operators");
            return Err(Diagnostic::new(message, place(at..text.len())).label("too long"));
        }
        let rest = &text[at..];
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (token, length) = if first.is_ascii_digit() || first == '.' {
            let length = number_length(rest);
            let token = number(&rest[..length]).map_err(|expected| {
                Diagnostic::new(format!("`{}` is not a number", &rest[..length]), place(at..at + length))
                    .label(expected)
            })?;
            (token, length)
        } else if first.is_alphabetic() || first == '_' {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            (Token::Word(rest[..length].to_owned()), length)
        } else if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
            (Token::Symbol(symbol), symbol.len())
        } else {
            let message = format!("unexpected `{}`", first.escape_debug());
            return Err(Diagnostic::new(message, place(at..at + first.len_utf8()))
                .label("expected a number, a variable or an operator"));
        };
        found.push((token, place(at..at + length)));
        at += length;
    }
    found.push((Token::End, place(text.len()..text.len())));
    Ok(found)
}

/// Digits, letters, `_` and `.`, and a sign after the `e` of a decimal number.
fn number_length(text: &str) -> usize {
    let hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    let mut previous = ' ';
    for (at, c) in text.char_indices() {
        let exponent_sign = matches!(c, '+' | '-') && matches!(previous, 'e' | 'E') && !hexadecimal;
        if !(c.is_ascii_alphanumeric() || c == '_' || c == '.' || exponent_sign) {
            return at;
        }
        previous = c;
    }
    text.len()
}

fn number(text: &str) -> Result<Token, &'static str> {
    let digits = text.replace('_', "").to_ascii_lowercase();
    let (digits, radix) = match digits.get(..2) {
        Some("0x") => (&digits[2..], 16),
        Some("0o") => (&digits[2..], 8),
        Some("0b") => (&digits[2..], 2),
        _ => (digits.as_str(), 10),
    };
    let whole = digits.trim_end_matches(['u', 'l']);
    let leads_with_zero = radix == 10 && whole.len() > 1 && whole.starts_with('0');
    if !whole.is_empty() && whole.chars().all(|c| c.is_digit(radix)) {
        if leads_with_zero {
            // C would read it in base 8, TOML refuses it.
            return Err("a decimal number does not begin with 0; base 8 is written 0o17");
        }
        return i128::from_str_radix(whole, radix).map(Token::Whole).map_err(|_| "too large");
    }
    // `inf` and `nan` begin with a letter, so they never get here.
    let real = digits.strip_suffix('f').unwrap_or(digits);
    match real.parse::<f64>() {
        Ok(value) if radix == 10 && value.is_finite() => Ok(Token::Real(value)),
        _ => Err("expected a decimal, hexadecimal (0x), octal (0o), binary (0b) or real number"),
    }
}
