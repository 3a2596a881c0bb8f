//! Writes CUDA kernels from verified protocols.
//!
//! protocol → check → CUDA → PTX → certificate. A kernel is rendered from the resolved protocol's own statements, one
//! template for each operation, so that what was checked is what is written. What is not verified is not written.

mod body;
mod certify;
pub mod cli;
pub mod compiler;
pub mod emit;
mod error;
pub mod escape;
mod expression;
mod header;
mod kernel;
pub mod launch;
mod layout;
mod names;
mod notation;
mod operation;
pub mod output;
mod phase;
pub mod recheck;
mod statement;
mod target;
mod word;

pub use error::{Error, RenderError};
pub use kernel::{Kernel, render_kernel};
pub use target::Target;
