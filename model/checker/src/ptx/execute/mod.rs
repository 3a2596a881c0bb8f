//! Running one thread of decoded code up to its next operation.
//!
//! | file | what |
//! |---|---|
//! | `map` | addresses: which buffer, table or window a pointer means |
//! | `setting` | what a launch fixes: shapes, parameters, memory, by rank |
//! | `thread` | the state of a thread |
//! | `run` | local instructions, until one concerns others |
//! | `access` | loads, stores and atomics: done here or yielded |
//! | `bulk` | copies by the async proxy: started, grouped, waited for |
//! | `warp` | what lanes exchange and barriers reduce |
//! | `round` | rounds of spin loops, which are waits |
//! | `spin_words` | what ends a spin loop, in words |
//! | `unknown` | the same loop where some registers hold values that are not known yet |
//! | `origins` | the same loop where it is told which reads values come from |
//! | `taint` | values that are not known, followed to where they would have to be |
//! | `updates` | updates of one instruction, in any order |
//! | `notes` | what a verdict rests on |
//!
//! Registers, local memory, parameters, constants and tables of pointers are the interpreter's own; every other access
//! becomes an operation of [`crate::program`]. Registers and local memory start as zeros: PTX leaves them undefined,
//! and no compiler reads them before writing. Not modelled: values of clocks and processor numbers (zero, and noted).

mod access;
mod bulk;
mod map;
mod notes;
mod origins;
mod round;
mod run;
mod setting;
mod spin_words;
mod taint;
mod thread;
mod unknown;
mod updates;
mod warp;

#[cfg(test)]
mod tests;

pub use map::{AddressError, MemoryMap, Region, RegionKind, Target};
pub use notes::Note;
pub use round::PtxRound;
pub use run::Interpreter;
pub use setting::{Geometry, RankSetting, Setting, relocated};
pub(in crate::ptx) use taint::Tainted;
pub use thread::PtxThread;
