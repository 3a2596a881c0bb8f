//! The front end of PTX as compilers write it: text, decoded code, and the interpreter of threads.
//!
//! [`syntax`] is the text, [`decode`] turns it into [`code`], [`flow`] says which of its reads may be polls,
//! [`arithmetic`] what each instruction computes, and [`execute`] runs one thread up to its next operation. Memory that
//! other threads can see is never held here: every access to it is an operation that the machine performs.
//!
//! Decision: three forms, one for each question. The syntax tree keeps what was written, so that whatever is not
//! understood can be named; the decoded code keeps what is done; the interpreter does it. The road not taken is to
//! interpret the tree: names would be looked up once for each instruction executed.

pub mod arithmetic;
pub mod code;
pub mod decode;
pub mod execute;
pub mod flow;
pub mod syntax;
