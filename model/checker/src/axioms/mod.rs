//! The axiomatic engine: the PTX memory consistency model as relations and axioms, decided by Z3.
//!
//! | file | what |
//! |---|---|
//! | `theory` | which version of the model, and which rule a mutation test leaves out |
//! | `path`, `unfold` | the ways through a thread's text, loops unrolled to a bound |
//! | `relation` | relations over events, known or left to the solver |
//! | `execution`, `barrier` | the events of one combination of paths, and what is chosen about them |
//! | `definitions` | the ISA's relations, one function for each |
//! | `laws` | the ISA's axioms, one function for each |
//! | `query` | questions about a litmus test |
//!
//! Decision: z3's types stay in this folder. Not modelled: the async proxy, mbarrier, clusters, accesses of mixed size,
//! vector accesses.

mod barrier;
mod definitions;
mod execution;
mod laws;
mod path;
mod query;
mod relation;
mod theory;
mod unfold;

pub(crate) use query::old_solver;
pub use query::{Answer, Budget, can_hang, holds};
pub use theory::{Model, Rule, Theory};
