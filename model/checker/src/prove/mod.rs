//! Proofs for all sizes: what `arverify prove` shows of a protocol, by z3.
//!
//! | file | what |
//! |---|---|
//! | `term`, `problem` | polynomials and formulas; variables with bounds, and the facts that define them |
//! | `translate`, `walk` | expressions, and a thread's way through the protocol, with coordinates left open |
//! | `counters` | local words that count launches |
//! | `partner` | which thread an access meets |
//! | `claim` | what an obligation is |
//! | `phases` | data phases: bounds, alignment, disjoint, complete |
//! | `decide` | each obligation proven, refuted with concrete sizes, or inconclusive |
//! | `pads` | slots of pads, and who meets whom |
//! | `epochs` | waits: no stale signal, none lost, for any number of launches |
//! | `solve` | one question to z3 |
//!
//! Obligations are generated from the resolved protocol, the same that is checked and emitted. Decision: z3's types stay in
//! `solve`; whatever is not understood makes an obligation inconclusive. Not proven here: orders and races (that is what
//! `check` does, at fixed sizes), and ghost code.

mod claim;
mod counters;
mod decide;
mod epochs;
mod pads;
mod partner;
mod phases;
mod problem;
mod solve;
mod term;
mod translate;
mod walk;

pub use claim::Kind;
pub use decide::{Counterexample, Limits, Proof, Proven, Verdict, prove};
