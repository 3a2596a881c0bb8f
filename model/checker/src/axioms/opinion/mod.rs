//! A second opinion on a protocol: its threads' operations as one execution of the axioms, for small sizes.
//!
//! | file | what |
//! |---|---|
//! | `unfold` | the operations of each thread, with the values it is given |
//! | `choices` | which values those may be |
//! | `progress` | how far threads get when some waits wait in vain |
//! | `cells` | memory as locations |
//! | `events` | operations as events |
//! | `known` | what is certain before the solver is asked |
//! | `stuck` | which waits may be in vain |
//! | `values` | what data holds |
//! | `questions` | is there a race, a hang, a wrong result |
//! | `words` | the answer as a finding |
//!
//! Decision: it shares with the machine the operations that a program yields, and nothing else: neither clocks nor
//! messages, races nor results. What it cannot express it refuses, and says why. Not modelled: progress models but
//! the fair one, resident blocks, published launch boundaries, faults and out-of-bounds accesses (the machine's), and
//! sizes beyond [`Patience`]. Weak loads that control a thread return what causality leaves them, which is exact where
//! nothing races.

mod cells;
mod choices;
mod events;
mod known;
mod progress;
mod questions;
mod stuck;
mod unfold;
mod values;
mod words;

use super::solve::solver_is_new_enough;
use crate::program::Program;
use arverify_protocol::verdict::{Finding, Verdict};
use std::time::{Duration, Instant};

/// How much to look at.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Wall-clock limit.
    pub time: Duration,
    /// Events of one execution.
    pub events: usize,
}

impl Default for Patience {
    /// Two ranks of one block of two threads, three launches, take a few hundred events.
    fn default() -> Patience {
        Patience { time: Duration::from_secs(60), events: 700 }
    }
}

/// What the axioms say about a protocol.
#[derive(Clone, Debug)]
pub struct Opinion {
    /// Verified, violated or inconclusive.
    pub verdict: Verdict,
    /// What was found.
    pub finding: Option<Finding>,
    /// Why it is inconclusive.
    pub reason: Option<String>,
    /// What it rests on besides the memory model.
    pub assumptions: Vec<String>,
    /// Events of the largest execution that was asked about.
    pub events: usize,
    /// How many executions were asked about.
    pub executions: usize,
    /// Waits of the first execution.
    pub waits: u64,
    /// Its accesses to data of another rank.
    pub peer_accesses: u64,
    /// How long it took.
    pub seconds: f64,
}

impl Opinion {
    /// Nothing is known, for this reason.
    pub fn inconclusive(reason: &str) -> Opinion {
        Opinion {
            verdict: Verdict::Inconclusive,
            finding: None,
            reason: Some(reason.to_owned()),
            assumptions: Vec::new(),
            events: 0,
            executions: 0,
            waits: 0,
            peer_accesses: 0,
            seconds: 0.0,
        }
    }
}

/// Asks the axioms whether some execution of a program races, hangs, or gets a wrong result.
pub fn second_opinion(program: &impl Program, patience: &Patience) -> Opinion {
    let begun = Instant::now();
    let mut opinion = Opinion { reason: None, ..Opinion::inconclusive("") };
    let asked = match solver_is_new_enough() {
        Ok(()) if !program.lengths().is_empty() => Err(unfold::Refusal::Unsupported("launches that differ in length")),
        Ok(()) => questions::ask(program, patience, begun + patience.time, &mut opinion),
        Err(reason) => Err(unfold::Refusal::Undecided(reason)),
    };
    match asked {
        Ok(Some(finding)) => {
            opinion.verdict = Verdict::Violated;
            opinion.finding = Some(finding);
        }
        Ok(None) => opinion.verdict = Verdict::Verified,
        Err(refusal) => opinion.reason = Some(refusal.to_string()),
    }
    opinion.seconds = begun.elapsed().as_secs_f64();
    opinion
}
