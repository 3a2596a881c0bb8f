//! Front end: litmus tests in the format of Dat3M's PTX tests.
//!
//! | file | phase |
//! |---|---|
//! | `lexer` | text to tokens |
//! | `parser/` | tokens to [`Test`] |
//! | `live` | which registers are read later |
//! | `test` | a test as data: threads with placement, locations, instructions, condition |
//!
//! Decision: parsing resolves everything that has a name (labels, locations, registers), so that a [`Test`] holds ids
//! only and no engine looks up a name. The road not taken is a syntax tree of its own: nothing prints a litmus test
//! back. Not modelled: addresses in registers, arrays, and accesses of other sizes than one word.

mod lexer;
mod live;
mod parser;
mod test;

pub(crate) use live::live_registers;
pub use parser::parse;
pub use test::{
    Access, Arithmetic, AtomicOperation, Comparison, Fence, Formula, Instruction, Location, LocationId, Operand,
    Placement, Proxy, ProxyFence, Quantifier, Register, Term, Test, ThreadId, ThreadText, VirtualAddress,
};
