//! The front end of PTX as compilers write it: text, decoded code, and the interpreter of threads.
//!
//! [`syntax`] is the text, [`decode`] turns it into [`code`], [`arithmetic`] says what each instruction computes, and
//! [`flow`] says which reads may be polls, and [`execute`] runs one thread up to its next operation. Memory that other threads can see is never held here: every
//! access to it is an operation that the machine performs.

pub mod arithmetic;
pub mod code;
pub mod decode;
pub mod execute;
pub mod flow;
pub mod syntax;
