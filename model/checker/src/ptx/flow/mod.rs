//! What can be told of decoded code without running it: where control goes, which registers still matter, and which
//! loops may be waits.
//!
//! | file | what |
//! |---|---|
//! | `graph` | basic blocks |
//! | `detours` | branches whose ways meet again |
//! | `liveness` | the registers whose values can still reach an effect |
//! | `reach` | to which strong accesses control leads |
//! | `chains` | the reads that a value comes from |
//! | `counters` | registers that count the rounds of a loop |
//! | `tries` | registers that count the tries of a loop that waits |
//! | `spin_loops` | loops that may be waits, the ways into them, and the registers to compare |
//!
//! Decision: nothing here decides anything about a verdict, but for what counts tries, which is an assumption. A wait is
//! recognised while it runs, by coming back to the same point with the same live registers; this only says where it is
//! worth looking, and which registers count. So what is marked too much costs time, and what is marked too little leaves
//! a loop of plain reads. The road not taken
//! is to recognise loops by their shape, which every compiler and every release of it changes. Not modelled: contents
//! of the thread's own memory, all of which count as live.

mod chains;
mod counters;
mod detours;
mod graph;
mod liveness;
mod reach;
mod spin_loops;
#[cfg(test)]
mod tests;
mod tries;

pub use chains::Chains;
pub use graph::{Block, Graph};
pub use liveness::Liveness;
pub use reach::Reach;
pub use spin_loops::{SpinLoop, SpinLoops};
