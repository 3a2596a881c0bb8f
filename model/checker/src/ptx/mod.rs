//! Front end: PTX as compilers write it.
//!
//! | folder | phase |
//! |---|---|
//! | `syntax/` | text to [`syntax::Module`]: every instruction by name, nothing interpreted |
//! | `launch/` | LAUNCH.toml: on which memory a kernel is launched, and what it must compute |
//!
//! Decision: three forms, one for each question. The syntax tree keeps what was written, so that whatever is not
//! understood can be named; the decoded code keeps what is done; the interpreter does it. The road not taken is to
//! interpret the tree: names would be looked up once for each instruction executed.

pub mod launch;
pub mod syntax;
