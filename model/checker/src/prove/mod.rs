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
//! | `words` | single words outside pads: who writes them |
//! | `epochs` | waits: no stale signal, none lost, for any number of launches |
//! | `role`, `ranks` | every rank's program at one number of ranks after the other; ranks that are alike are proven once |
//! | `counts` | waits on words that only grow |
//! | `credits` | channels: slots that are held, credits |
//! | `solve` | one question to z3 |
//! | `lengths` | launches that differ in length: what depends on N |
//! | `requirements` | the numbers of ranks that the requirements leave |
//! | `premise` | the check at small sizes that a proof rests on |
//! | `known` | what is already proven of the catalogue |
//!
//! Obligations are generated from the resolved protocol, the same that is checked and emitted. Decision: z3's types stay in
//! `solve`; whatever is not understood makes an obligation inconclusive. Not proven here: orders, races and results (that is
//! what `check` does, at fixed sizes, and what `premise` asks it), and ghost code.

mod claim;
mod counters;
mod counts;
mod credits;
mod decide;
mod epochs;
pub mod known;
mod lengths;
mod pads;
mod partner;
mod phases;
mod premise;
mod problem;
mod ranks;
mod requirements;
mod role;
mod solve;
mod term;
mod translate;
mod walk;
mod words;

pub use claim::Kind;
pub use decide::{Counterexample, Limits, Proof, Proven, Verdict, prove};
pub use lengths::described_launches;
pub use premise::{Premise, premise};
pub use requirements::{described as described_ranks, ranks_left, written as written_requirements};
