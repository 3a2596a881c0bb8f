//! What may be filled into a template of CUDA or C.
//!
//! Everything that a template prints between `{{` and `}}` passes here: expressions, names, and comments taken from
//! the protocol's text. There is no way to quote text in C++ outside a literal, so the decision taken is to let an
//! expression's characters through and turn all others into an error: nothing that is filled in can end a statement,
//! open a block, start a literal or a preprocessor line, or continue a comment onto the next line. Rendered statements
//! go into their parent with `|safe`; they came through here when they were rendered themselves.

use askama::filters::Escaper;
use std::fmt;

/// The escaper named in `askama.toml`.
#[derive(Clone, Copy, Debug)]
pub struct Code;

impl Escaper for Code {
    fn write_escaped_str<W: fmt::Write>(&self, mut destination: W, text: &str) -> fmt::Result {
        if text.chars().all(is_harmless) { destination.write_str(text) } else { Err(fmt::Error) }
    }
}

/// Whether a character may be filled in.
pub(crate) fn is_harmless(character: char) -> bool {
    character.is_ascii_alphanumeric() || " _+-*/%()[]<>=!&|^?:.,".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &str) -> Option<String> {
        let mut result = String::new();
        Code.write_escaped_str(&mut result, text).ok().map(|()| result)
    }

    #[test]
    fn expressions_pass_unchanged() {
        for text in ["(epoch % 2u) * B + block", "load_acquire_sys", "a < b ? c : d", ""] {
            assert_eq!(escaped(text).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_could_leave_an_expression_is_an_error() {
        for text in ["a; trap()", "} while (1) {", "a\nb", "a \\", "\"a\"", "'a'", "#define P", "a\u{2028}b", "`"] {
            assert_eq!(escaped(text), None, "{text:?}");
        }
    }
}
