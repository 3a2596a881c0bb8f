//! A second engine for kernels: execution graphs, on which the axioms of the PTX memory model are checked one by one.
//!
//! | file | what |
//! |---|---|
//! | `event` | who does what to which bytes |
//! | `graph` | events with the relations of the memory model |
//! | `axioms` | what the axioms leave to choose, and whether all of them hold |
//! | `rule` | which rule a test leaves out |
//! | `state` | a graph with the threads that go on from it |
//! | `search` | an exploration, its settings and limits |
//! | `step` | operations that leave no choice, writes and fences |
//! | `weak` | weak accesses, copies, data phases |
//! | `barrier` | barriers of blocks and lanes |
//! | `round` | rounds of loops that come back |
//! | `launch` | launches, streams, results |
//! | `explore` | reads, which do: every execution, each once |
//! | `future` | reads that wait for what cannot come any more |
//! | `deferred` | reads whose values stay open: load buffering |
//! | `hang` | whether threads that wait do so for ever |
//! | `company` | who completes the barriers of such threads |
//! | `words` | findings |
//!
//! Decision: this engine is to contradict the machine, so it shares with it what a program yields, and what an output
//! must be, and nothing else: no clocks, no waits, no recognition of loops, no slots that commute. Every poll is a read;
//! a round of a loop that comes back to the same state without having done anything is left out, since the execution
//! without it is consistent whenever the one with it is, and orders less. Every execution is a graph of events, built
//! one event at a time, so there is no guessing of values and no solver; the price is that all executions are gone
//! through, which small sizes afford. The road not taken: values as terms of a solver (`axioms/opinion`), which cannot
//! follow a kernel's arithmetic.
//!
//! Not modelled: progress models but the fair one, blocks that are not all resident, proxies, and in the first pass
//! executions in which a read returns what depends on nothing but comes later in its own thread (load buffering).

mod axioms;
mod barrier;
mod bits;
mod company;
mod deferred;
mod event;
mod explore;
mod future;
mod graph;
mod hang;
mod launch;
mod round;
mod rule;
mod search;
mod state;
mod step;
mod weak;
mod words;

pub use rule::Rule;

use crate::axioms::{Opinion, Patience};
use crate::program::Program;
use arverify_protocol::verdict::{Finding, Verdict};
use search::{Refusal, Search, Settings};
use std::time::{Duration, Instant};

/// What is assumed, and left out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Question {
    /// `--assume launch-boundary=system`
    pub publishes: bool,
    /// `--assume loads=done-at-barrier`
    pub loads_done: bool,
    /// No read is given up: the comparison that tests make.
    pub everything: bool,
    /// The rule that a test leaves out.
    pub without: Option<Rule>,
}

/// How much to look at.
struct Limits {
    time: Duration,
    events: usize,
}

/// Events of one execution: more than the solver takes, for they cost less.
const MOST_EVENTS: usize = 4_000;

/// Said of loops that count their rounds.
const COUNTED: &str = "loops that count their rounds go round a few times at most: no count ends them";

/// What execution graphs say about a program: whether some execution races, hangs, or gets a wrong result. First with
/// every read performed in its turn, then with relaxed ones left open.
pub fn graph_opinion<P: Program>(program: &P, question: Question, patience: &Patience) -> Opinion {
    let opinion = asked(program, question, patience, false);
    if opinion.verdict != Verdict::Verified {
        return opinion;
    }
    let buffered = load_buffering_opinion(program, question, patience);
    let seconds = opinion.seconds + buffered.seconds;
    match buffered.verdict {
        Verdict::Verified => {
            let mut assumptions = opinion.assumptions.clone();
            assumptions.extend(buffered.assumptions);
            assumptions.dedup();
            Opinion { seconds, assumptions, ..opinion }
        }
        _ => Opinion { seconds, ..buffered },
    }
}

/// The same, of executions in which relaxed reads may return what is written only later in program order (load
/// buffering), and all others. Programs that know no open values are not asked.
pub fn load_buffering_opinion<P: Program>(program: &P, question: Question, patience: &Patience) -> Opinion {
    asked(program, question, patience, true)
}

fn asked<P: Program>(program: &P, question: Question, patience: &Patience, deferred: bool) -> Opinion {
    let begun = Instant::now();
    let plain = program.without_waits();
    let program = plain.as_ref().unwrap_or(program);
    let mut opinion = Opinion { reason: None, ..Opinion::inconclusive("") };
    let limits = Limits { time: patience.time, events: patience.events.max(MOST_EVENTS) };
    let Question { publishes, loads_done, everything, without } = question;
    let settings = Settings { publishes, loads_done, fences: false, deferred, everything, without };
    match explored(program, settings, &limits, begun, &mut opinion) {
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

/// Weaker fences order less: what is right with them is right with sc fences, too. So the orders of sc fences are tried
/// only where something is wrong without.
fn explored<P: Program>(
    program: &P,
    settings: Settings,
    limits: &Limits,
    begun: Instant,
    opinion: &mut Opinion,
) -> Result<Option<Finding>, Refusal> {
    let mut search = Search::new(program, settings, limits, begun);
    let mut found = search.run();
    let (mut covered, mut counted) = (search.covered, search.counted);
    if search.fences_seen && !matches!(found, Ok(None)) {
        let mut search = Search::new(program, Settings { fences: true, ..settings }, limits, begun);
        found = search.run();
        (covered, counted) = (search.covered, search.counted);
    }
    if counted {
        opinion.assumptions.push(COUNTED.to_owned());
    }
    opinion.events = covered.events;
    opinion.executions = usize::try_from(covered.executions).unwrap_or(usize::MAX);
    opinion.waits = covered.waits;
    opinion.peer_accesses = covered.peer_accesses;
    found
}
