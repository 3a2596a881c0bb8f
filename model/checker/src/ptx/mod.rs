//! Front end: PTX as compilers write it.
//!
//! | folder | phase |
//! |---|---|
//! | `syntax/` | text to [`syntax::Module`]: every instruction by name, nothing interpreted |
//! | `entry` | entries of a module and their parameters |
//! | `lines` | from instructions back to the lines they were compiled from |
//! | `decode/` | one kernel to [`code`]: every operand resolved, calls expanded |
//! | `arithmetic/` | what each instruction computes |
//! | `flow/` | what can be told of code without running it: live registers, reads that may be polls |
//! | `execute/` | one thread up to its next operation |
//! | `launch/` | LAUNCH.toml: on which memory a kernel is launched, and what it must compute |
//! | `layout` | the memory of a launch |
//! | `dead` | what nobody looks at any more |
//! | `used` | how much of a buffer each launch uses |
//! | `fit` | what kernels require of their launch |
//! | `copies` | copies in flight, as threads |
//! | `order` | what orders launches that may run side by side |
//! | `dependent` | those that may begin before the one before has ended |
//! | `steps/` | those that consist of several kernels, copies and fills on streams |
//! | `accept` | findings that a launch file accepts |
//! | `fields` | what a kernel reads of its parameters |
//! | `names` | names as in C++ |
//! | `branches` | branches on data that went one way |
//! | `load` | from texts to a program |
//! | `dead` | results and registers that nobody reads any more |
//! | `plain` | what is asked of a kernel whose polls are reads like any other |
//! | `program` | all of it as a thread program |
//!
//! Decision: three forms, one for each question. The syntax tree keeps what was written, so that whatever is not
//! understood can be named; the decoded code keeps what is done; the interpreter does it. The road not taken is to
//! interpret the tree: names would be looked up once for each instruction executed. Memory that other threads can see
//! is never held here: every access to it is an operation that the machine performs.

pub mod accept;
pub mod arithmetic;
mod branches;
pub mod code;
pub mod copies;
mod dead;
pub mod decode;
pub mod dependent;
pub mod entry;
pub mod execute;
pub mod fields;
mod fit;
pub mod flow;
pub mod launch;
mod layout;
pub mod lines;
pub mod load;
pub mod names;
pub mod order;
pub mod plain;
pub mod program;
pub mod steps;
pub mod syntax;
mod used;
