//! Does every execution of a litmus test end, if the scheduler keeps no more than a progress model promises?
//!
//! | file | what |
//! |---|---|
//! | `progress` | the progress models: which threads must keep being scheduled |
//! | `state` | a state of the program between steps, under sequentially consistent interleaving |
//! | `step` | one step: a memory access, with the branches that follow it |
//! | `graph` | all states that can be reached |
//! | `cycles` | whether a cycle is one that the scheduler may go round without end |
//!
//! Decision: the whole graph is built once, and a cycle is looked for among its strongly connected components, so that
//! loops with side effects are answered like any other. Memory is sequentially consistent here (as the published
//! models have it); what only weak memory allows, a thread that never sees a write, is for the axiomatic engine to
//! add. Not modelled: time, and registers that grow without bound (inconclusive after [`STATE_LIMIT`] states).

mod cycles;
mod graph;
mod progress;
mod state;
mod step;
#[cfg(test)]
mod tests;

pub use graph::STATE_LIMIT;
pub use progress::ProgressModel;

use crate::litmus::Test;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Inconclusive {
    /// Too many states.
    #[error("more than {STATE_LIMIT} states")]
    States,
    /// A quotient that is not defined.
    #[error("a division by zero")]
    Division,
    /// A thread comes back to a barrier that has not completed since it was there last.
    #[error("a thread arrives twice at one barrier")]
    Barrier,
    /// More threads than fit a set.
    #[error("more than 64 threads")]
    Threads,
}

/// Whether every execution ends under this model.
pub fn always_ends(test: &Test, model: ProgressModel) -> Result<bool, Inconclusive> {
    let graph = graph::Graph::explore(test)?;
    Ok(!cycles::can_go_on(&graph, test, model))
}
