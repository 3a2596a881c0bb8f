//! First rounds of loops that a compiler has written before the loop: `if (read != 3) do … while (read != 3)`.
//!
//! Compilers turn a loop that is tested at its top and does something in its body (a sleep, a look at the clock) into one
//! that is tested at its bottom, behind a copy of the test. The copy's read is on no cycle, and so no poll. Decision: here
//! stands only which reads may be such a copy of which polls: strong, of the same kind, with nothing but quiet
//! instructions in between. That the copy and the loop do the same is for whoever runs them to see. Not modelled: copies
//! of copies, where a loop is unrolled further.

use super::graph::successors;
use super::liveness::Liveness;
use super::polls::{is_quiet, live_registers};
use crate::ptx::code::{Code, Effect, Pc, Register, Step};
use arverify_protocol::ir::Order;
use rustc_hash::{FxHashMap, FxHashSet};

/// Instructions between a read and its loop, at most.
const DISTANCE_LIMIT: usize = 512;

/// Reads that may be the first round of a loop of polls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Peeled {
    /// For each such read, the polls.
    pub(super) polls: FxHashMap<Pc, Box<[Pc]>>,
    /// The live registers before every instruction that has an effect; empty where there is no such read.
    pub(super) live: FxHashMap<Pc, Box<[Register]>>,
}

impl Peeled {
    /// Those of some code, of which these reads are polls.
    pub(super) fn of(code: &Code, liveness: &Liveness, is_poll: impl Fn(Pc) -> bool) -> Peeled {
        let count = code.instructions.len() as Pc;
        let firsts = (0..count).filter(|pc| is_strong(&code.instruction(*pc).step) && !is_poll(*pc));
        let polls: FxHashMap<Pc, Box<[Pc]>> = firsts
            .map(|first| (first, polls_behind(code, first, &is_poll)))
            .filter(|(_, polls)| !polls.is_empty())
            .collect();
        if polls.is_empty() {
            return Peeled::default();
        }
        let effects: FxHashSet<Pc> = (0..count).filter(|pc| code.instruction(*pc).effect() != Effect::None).collect();
        Peeled { polls, live: live_registers(code, liveness, &effects) }
    }
}

/// Whether it reads one word strongly, for the thread to look at.
fn is_strong(step: &Step) -> bool {
    match step {
        Step::Load { semantics, destinations, .. } => semantics.order != Order::Weak && destinations.len() == 1,
        Step::Atomic { destination, .. } => destination.is_some(),
        _ => false,
    }
}

fn is_alike(first: &Step, poll: &Step) -> bool {
    match (first, poll) {
        (Step::Load { element, semantics, .. }, Step::Load { element: other, semantics: others, destinations, .. }) => {
            element == other && semantics == others && destinations.len() == 1
        }
        (
            Step::Atomic { width, function, semantics, .. },
            Step::Atomic { width: other, function: does, semantics: others, .. },
        ) => (width, function, semantics) == (other, does, others),
        _ => false,
    }
}

/// The polls of its kind that a read leads to with nothing else done in between.
fn polls_behind(code: &Code, first: Pc, is_poll: impl Fn(Pc) -> bool) -> Box<[Pc]> {
    let mut seen: FxHashSet<Pc> = FxHashSet::default();
    let mut open: Vec<Pc> = successors(code, first).collect();
    let mut found = Vec::new();
    while let Some(pc) = open.pop() {
        if seen.len() == DISTANCE_LIMIT || !seen.insert(pc) {
            continue;
        }
        let instruction = code.instruction(pc);
        if is_poll(pc) {
            found.extend(is_alike(&code.instruction(first).step, &instruction.step).then_some(pc));
        } else if is_quiet(instruction) {
            open.extend(successors(code, pc));
        }
    }
    found.sort_unstable();
    found.into()
}
