//! Obligations: what has to hold of a protocol, as claims over one problem.
//!
//! An obligation belongs to a statement (or to a pad) and is a list of claims, each `facts ∧ hypotheses ⇒ goal`. Claims are
//! generated from the statements of the resolved protocol, never written for one of them. The sizes are variables; the
//! number of ranks may be a variable as well, or fixed ([`Ranks`]), in which case one obligation is asked once for each number.

use super::problem::{Problem, Unsupported};
use super::term::{Formula, Polynomial, Variable};
use super::translate::{Scope, SizeTerms, condition};
use super::walk::{MOST_BLOCKS, MOST_THREADS};
use arverify_protocol::data::DataType;
use arverify_protocol::ir::{Protocol, Span};
use std::time::Instant;

/// What an obligation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Every index expression has a value: no division by zero, no overflow.
    Value,
    /// Every access lies within its buffer.
    Bounds,
    /// Vector accesses are aligned.
    Alignment,
    /// No element is written by two threads in one data phase, and no word outside pads by two threads in one launch.
    Disjoint,
    /// Every element of a data phase's range is handled by some thread.
    Complete,
    /// A slot of a pad is written by one thread of one peer only.
    Slots,
    /// Whoever signals is awaited, and whoever waits is signalled.
    Peers,
    /// No wait is satisfied by a signal of another launch or round.
    Epochs,
    /// No signal is overwritten or reset before it was seen.
    Lost,
    /// No slot of a channel is written while it is held, and credits are conserved.
    Credits,
}

impl Kind {
    /// The name in results.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Value => "values",
            Kind::Bounds => "bounds",
            Kind::Alignment => "alignment",
            Kind::Disjoint => "disjoint",
            Kind::Complete => "complete",
            Kind::Slots => "slots",
            Kind::Peers => "peers",
            Kind::Epochs => "epochs",
            Kind::Lost => "lost-signals",
            Kind::Credits => "credits",
        }
    }
}

/// How the number of ranks is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ranks {
    /// A variable, from 2 to this.
    UpTo(u32),
    /// This many.
    Exactly(u32),
}

/// What is fixed while claims are generated.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub(super) ranks: Ranks,
    /// The element type; none where the claims are the same for all.
    pub(super) data: Option<DataType>,
    /// Blocks and threads, where they are fixed too: then every thread is tried as a witness.
    pub(super) small: Option<(u32, u32)>,
    /// For questions that decide which claims there are.
    pub(super) deadline: Instant,
}

impl Setting {
    /// Rank, block and thread of everybody, where sizes are fixed.
    pub(super) fn everybody(&self) -> Vec<[Polynomial; 3]> {
        let (Ranks::Exactly(ranks), Some((blocks, threads))) = (self.ranks, self.small) else { return Vec::new() };
        let mut all = Vec::new();
        for rank in 0..ranks {
            for block in 0..blocks {
                for thread in 0..threads {
                    all.push([rank, block, thread].map(|number| Polynomial::constant(i128::from(number))));
                }
            }
        }
        all
    }
}

/// The sizes that are variables, for counterexamples.
#[derive(Clone, Debug)]
pub(super) struct SizeVariables {
    pub(super) ranks: Polynomial,
    pub(super) blocks: Polynomial,
    pub(super) threads: Polynomial,
    pub(super) elements: Polynomial,
    /// The elements themselves, where launches have one length.
    pub(super) capacity: Polynomial,
    /// The launch at which something happens.
    pub(super) launch: Polynomial,
}

/// `facts ∧ hypotheses ⇒ goal`
#[derive(Clone, Debug)]
pub(super) struct Claim {
    pub(super) hypotheses: Vec<Formula>,
    pub(super) goal: Formula,
    /// Launches that a counterexample needs beyond the one of the size variables.
    pub(super) launches_after: u64,
    /// A failure means that the goal is false for these sizes, not only that its witness is wrong.
    pub(super) exact: bool,
    /// Other ways to show it, tried in turn: each is enough.
    pub(super) witnesses: Vec<Formula>,
}

impl Claim {
    pub(super) fn new(hypotheses: Vec<Formula>, goal: Formula) -> Claim {
        Claim { hypotheses, goal, launches_after: 0, exact: true, witnesses: Vec::new() }
    }
}

/// Where an obligation comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Subject {
    pub(super) kind: Kind,
    pub(super) span: Span,
    pub(super) calls: Vec<Span>,
    /// In words, where the place alone does not say it.
    pub(super) what: String,
}

/// An obligation of one setting.
#[derive(Clone, Debug)]
pub(super) struct Obligation {
    pub(super) subject: Subject,
    pub(super) claims: Result<Vec<Claim>, Unsupported>,
}

/// The obligations of one setting, over one problem.
pub(super) struct Generated {
    pub(super) problem: Problem,
    pub(super) variables: SizeVariables,
    pub(super) obligations: Vec<Obligation>,
}

/// The largest number of elements.
pub(super) const MOST_ELEMENTS: i128 = 1 << 40;

/// Variables for the sizes, with what the protocol requires of them as facts.
pub(super) fn sizes(
    problem: &mut Problem,
    protocol: &Protocol,
    setting: Setting,
) -> Result<(SizeTerms, SizeVariables), Unsupported> {
    let ranks = match setting.ranks {
        Ranks::UpTo(most) => problem.fresh("ranks", 2, i128::from(most)),
        Ranks::Exactly(ranks) => Polynomial::constant(i128::from(ranks)),
    };
    let (blocks, threads) = match setting.small {
        // A host program has streams, and no blocks of threads.
        _ if protocol.is_host_program() => (Polynomial::constant(1), Polynomial::constant(1)),
        Some((blocks, threads)) => {
            (Polynomial::constant(i128::from(blocks)), Polynomial::constant(i128::from(threads)))
        }
        None => (problem.fresh("blocks", 1, MOST_BLOCKS), problem.fresh("threads", 1, MOST_THREADS)),
    };
    let elements = problem.fresh("elements", 0, MOST_ELEMENTS);
    let capacity = match protocol.varies {
        true => {
            let beyond = problem.fresh("beyond", 0, MOST_ELEMENTS);
            elements.plus(&beyond).ok_or(Unsupported::TooLarge)?
        }
        false => elements.clone(),
    };
    let launch = problem.fresh("launch", 0, super::problem::WORDS - 1);
    let (vector, element_bytes) = match setting.data {
        Some(data) => (Polynomial::constant(i128::from(data.vector())), Polynomial::constant(i128::from(data.bytes()))),
        None => (problem.fresh("vector", 4, 8), problem.fresh("element_bytes", 2, 4)),
    };
    let variables = SizeVariables {
        ranks: ranks.clone(),
        blocks: blocks.clone(),
        threads: threads.clone(),
        elements: elements.clone(),
        capacity: capacity.clone(),
        launch,
    };
    let terms = SizeTerms { ranks, blocks, threads, elements, capacity, vector, element_bytes };
    let scope = Scope::of_sizes(&terms);
    for requirement in &protocol.requirements {
        let met = condition(problem, &scope, &requirement.condition)?;
        problem.facts.push((Vec::<Variable>::new(), met));
    }
    Ok((terms, variables))
}

/// The shape of every buffer.
pub(super) fn shapes(
    problem: &mut Problem,
    protocol: &Protocol,
    sizes: &SizeTerms,
) -> Result<Vec<Vec<Polynomial>>, Unsupported> {
    let scope = Scope::of_sizes(sizes);
    protocol
        .buffers
        .iter()
        .map(|buffer| buffer.shape.iter().map(|extent| super::translate::value(problem, &scope, extent)).collect())
        .collect()
}
