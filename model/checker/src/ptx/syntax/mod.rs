//! PTX text to a syntax tree.
//!
//! | file | phase |
//! |---|---|
//! | `lexer` | text to tokens |
//! | `parser/` | tokens to the tree |
//! | `scopes` | names of nested blocks made unique |
//! | `tree` | the tree |
//! | `error` | what can be wrong with a text |
//!
//! Decision: the parser knows the grammar of PTX ISA 6.0 to 9.x but no instruction: names, modifiers and operands are
//! kept as written, and an instruction or directive that nobody knows is refused only when it is reached. Whatever
//! could change what a kernel does is kept; debugging sections, pragmas (which are hints) and comments are dropped.
//! The first error ends parsing. Nothing here panics, recurses without a limit or allocates more than the text is
//! long times a constant. Not modelled: the preprocessor of the ISA (`#include`, `#define`), which no compiler's
//! output uses.

mod error;
mod lexer;
mod parser;
mod scopes;
#[cfg(test)]
mod tests;
mod tree;

pub use error::{Problem, SyntaxError};
pub use lexer::LENGTH_LIMIT;
pub use parser::{NESTING_LIMIT, parse};
pub use tree::{
    Body, Constant, Function, Initialiser, Instruction, Kind, Line, Module, Operand, Registers, Space, Span, Statement,
    Variable,
};
