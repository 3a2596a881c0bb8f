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
//! | `race` | the ISA's data races |
//! | `solve` | the solver |
//! | `query` | questions about a litmus test |
//! | `opinion/` | the same questions about a protocol: a second opinion on a check |
//!
//! Decision: z3's types stay in this folder. Not modelled: the async proxy, mbarrier, clusters, accesses of mixed size,
//! vector accesses.

mod barrier;
mod definitions;
mod execution;
mod laws;
mod opinion;
mod path;
mod query;
mod race;
mod relation;
mod solve;
mod theory;
mod unfold;

pub use opinion::{Opinion, Patience, second_opinion};
pub use query::{Answer, Budget, can_hang, holds, may_race};
pub(crate) use solve::solver_is_new_enough;
pub use theory::{Model, Rule, Theory};
