//! LAUNCH.toml: how a kernel in PTX is launched, on which memory, and what it must compute.
//!
//! | file | what it does |
//! |---|---|
//! | `token`, `expression`, `evaluate` | expressions over rank, ranks, launch, grid and block |
//! | `scalar` | types of elements and parameters |
//! | `reader` | values of the file with their places |
//! | `description`, `fields`, `arguments` | the file as it is written |
//! | `steps` | what one launch consists of, as it is written |
//! | `sizes`, `buffers`, `sequence` | the file at its sizes, or those of the command line |
//! | `layout` | parameters as bytes, against what the kernel declares |
//! | `entry` | which entry of the module is meant |
//! | `draft` | a first file for a kernel |
//!
//! Decision: a file is read in two steps, since the command line can change the sizes: [`parse`] needs the text only,
//! [`Launch::new`] evaluates what does not depend on the kernel, and [`Launch::check`] what does. Each refuses with
//! every mistake it finds, each at its line and column. The road not taken is to accept what has an obvious meaning
//! (a missing `slots`, a table of fewer slots than ranks where the kernel reads no more): a launch that differs from
//! the user's by one pointer gives a verdict about another program.
//!
//! Not modelled: graphs, buffers that only some ranks have.

mod arguments;
mod buffers;
mod description;
mod draft;
mod entry;
mod evaluate;
mod expression;
mod fields;
mod layout;
mod reader;
mod scalar;
mod sequence;
mod sizes;
mod steps;
#[cfg(test)]
mod tests;
mod token;

use arverify_protocol::language::nearest;

pub use buffers::{Memory, Stretch};
pub use description::{
    Accept, Argument, Buffer, Description, Dimensions, Expectation, Initial, LAUNCH_LIMIT, Passed, RANK_LIMIT, Within,
    parse,
};
pub use draft::{Known, draft};
pub use entry::{EntryError, choose};
pub use expression::{Expression, Values, Variable};
pub use layout::{Addresses, Parameter, offsets};
pub use reader::Located;
pub use scalar::Scalar;
pub use sequence::{FILL_BYTES, Move, Step, Work};
pub use sizes::{Launch, Overrides, PointerTable};
pub use steps::{WrittenCopy, WrittenKernel, WrittenStep, WrittenWork};
