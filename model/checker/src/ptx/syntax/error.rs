//! What can be wrong with a PTX text.
//!
//! Decision: an error is an enum with its place, and becomes a [`Diagnostic`] only to be shown, so that tests and
//! callers can tell errors apart without reading prose. Not done: recovery; after the first error the rest of a
//! compiler's output is not worth a second message.

use super::lexer::LENGTH_LIMIT;
use super::parser::NESTING_LIMIT;
use super::tree::Span;
use arverify_protocol::language::Diagnostic;
use thiserror::Error;

/// What is wrong, without the place.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// The text is longer than [`LENGTH_LIMIT`].
    #[error("the text is longer than {LENGTH_LIMIT} bytes")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// A character that starts no token.
    #[error("unexpected character {0:?}")]
    Character(char),
    /// A comment or a quotation that does not end.
    #[error("{0} that does not end")]
    Unclosed(&'static str),
    /// A line for the preprocessor.
    #[error("preprocessor lines are not supported")]
    Preprocessor,
    /// Something else was due here.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What may stand here.
        expected: String,
        /// What stands here.
        found: String,
    },
    /// Digits that are no literal.
    #[error("`{0}` is not a number")]
    Number(String),
    /// A literal that does not fit.
    #[error("the number `{0}` is too large")]
    TooLarge(String),
    /// A constant expression without a value.
    #[error("this constant expression has no value: {0}")]
    Expression(&'static str),
    /// Braces or parentheses within each other beyond [`NESTING_LIMIT`].
    #[error("nested more than {NESTING_LIMIT} deep")]
    TooDeep,
}

/// One error in a PTX text.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{problem}")]
pub struct SyntaxError {
    /// What is wrong.
    pub problem: Problem,
    /// Where, in bytes.
    pub span: Span,
}

impl SyntaxError {
    /// An error at a place.
    pub(super) fn new(problem: Problem, span: Span) -> Self {
        SyntaxError { problem, span }
    }

    /// For [`arverify_protocol::language::render`].
    pub fn to_diagnostic(&self) -> Diagnostic {
        let diagnostic = Diagnostic::new(self.problem.to_string(), self.span.clone());
        match &self.problem {
            Problem::TooLong { length } => diagnostic.note(format!("it has {length} bytes")),
            Problem::Character(_) => diagnostic.label("not part of PTX"),
            Problem::Unclosed(_) => diagnostic.label("opened here"),
            Problem::Preprocessor => {
                diagnostic.label("starts with `#`").help("run the text through a preprocessor first")
            }
            Problem::Unexpected { expected, .. } => diagnostic.label(format!("expected {expected}")),
            Problem::Number(_) => {
                diagnostic.label("decimal, 0x…, 0b…, octal 0…, or a float as 0f and 8 or 0d and 16 hexadecimal digits")
            }
            Problem::TooLarge(_) | Problem::Expression(_) | Problem::TooDeep => diagnostic.label("here"),
        }
    }
}
