//! Reads that may be polls: those that the thread can come back to without having done anything in between.
//!
//! Decision: a cycle is free of effects if no instruction on it stores, orders threads, or changes memory for certain;
//! other reads, fences, stores to own memory, and atomics that may leave memory as it was do not count, for whoever
//! tries the loop sees what they do. A read is left out again if every such cycle through it moves a live counter on
//! (see [`super::counters`]): loops over data would else be tried at every element. Not modelled: polls across a
//! barrier or a vote of a warp, whose other threads have effects of their own.

use super::counters::{Counter, counters};
use super::graph::successors;
use super::liveness::Liveness;
use super::peeled::Peeled;
use crate::ptx::code::{Code, Effect, Instruction, Pc, Register, Source, Step};
use arverify_protocol::ir::AtomicOperation;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;
use rustc_hash::{FxHashMap, FxHashSet};

/// Counters tried for each loop; beyond that a read stays marked.
const COUNTER_LIMIT: usize = 16;

/// Says that a read is no poll.
const NONE: u32 = u32::MAX;

/// The reads of a kernel that may be polls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Polls {
    /// For each instruction, its place in `live`, or [`NONE`].
    places: Box<[u32]>,
    /// The live registers before each poll.
    live: Vec<Box<[Register]>>,
    /// Reads that may be the first round of a loop, written before it.
    peeled: Peeled,
}

impl Polls {
    /// The polls of some code.
    pub fn of(code: &Code) -> Polls {
        let liveness = Liveness::of(code);
        let quiet: Vec<Pc> = (0..code.instructions.len() as Pc).filter(|pc| is_quiet(code.instruction(*pc))).collect();
        let loops = cycles(code, &quiet, None);
        let candidates: FxHashSet<Pc> =
            loops.iter().flatten().copied().filter(|pc| may_wait(code.instruction(*pc))).collect();
        let mut live = live_registers(code, &liveness, &candidates);
        for members in &loops {
            for pc in counting(code, members, &live) {
                live.remove(&pc);
            }
        }
        let places = vec![NONE; code.instructions.len()].into();
        let mut polls = Polls { places, live: Vec::new(), peeled: Peeled::default() };
        let mut found: Vec<(Pc, Box<[Register]>)> = live.into_iter().collect();
        found.sort_unstable_by_key(|(pc, _)| *pc);
        for (pc, registers) in found {
            polls.places[pc as usize] = polls.live.len() as u32;
            polls.live.push(registers);
        }
        polls.peeled = Peeled::of(code, &liveness, |pc| polls.is_poll(pc));
        polls
    }

    /// The polls of which a read may be the first round, written before the loop; empty if there are none.
    pub fn polls_behind(&self, pc: Pc) -> &[Pc] {
        self.peeled.polls.get(&pc).map_or(&[], |polls| polls)
    }

    /// The live registers before an instruction with an effect, in order; known where some read has
    /// [`Polls::polls_behind`] it.
    pub fn live_before_effect(&self, pc: Pc) -> Option<&[Register]> {
        self.peeled.live.get(&pc).map(|registers| &**registers)
    }

    /// Whether an instruction is a read that may be a poll.
    pub fn is_poll(&self, pc: Pc) -> bool {
        self.live_before(pc).is_some()
    }

    /// The registers that are the same, before a poll, in every round of its loop that changes nothing; in order.
    /// `None` if the instruction is no poll.
    pub fn live_before(&self, pc: Pc) -> Option<&[Register]> {
        let place = *self.places.get(pc as usize)?;
        self.live.get(place as usize).map(|registers| &**registers)
    }

    /// All polls, in order.
    pub fn all(&self) -> impl Iterator<Item = Pc> {
        (0..self.places.len() as Pc).filter(|pc| self.is_poll(*pc))
    }
}

/// Whether nobody else can tell that an instruction was executed, or may not be able to.
pub(super) fn is_quiet(instruction: &Instruction) -> bool {
    match (&instruction.step, instruction.effect()) {
        (Step::Atomic { function, operand, .. }, _) => {
            let changes = matches!(function.operation, AtomicOperation::Add | AtomicOperation::Xor);
            !(changes && matches!(operand, Source::Constant(value) if *value != 0))
        }
        (_, Effect::None | Effect::StoreLocal | Effect::Load | Effect::Fence | Effect::Atomic) => true,
        (_, Effect::Store | Effect::Barrier | Effect::End) => false,
    }
}

/// Whether an instruction brings a value that others may write.
fn may_wait(instruction: &Instruction) -> bool {
    match instruction.effect() {
        Effect::Load => true,
        Effect::Atomic => !instruction.defines().is_empty(),
        _ => false,
    }
}

/// The strongly connected components of some instructions, less one, that hold a cycle.
fn cycles(code: &Code, members: &[Pc], without: Option<Pc>) -> Vec<Vec<Pc>> {
    let mut graph = DiGraph::<Pc, ()>::with_capacity(members.len(), members.len());
    let mut nodes = FxHashMap::default();
    for pc in members.iter().copied().filter(|pc| Some(*pc) != without) {
        nodes.insert(pc, graph.add_node(pc));
    }
    let mut alone = FxHashSet::default();
    for (pc, node) in &nodes {
        for next in successors(code, *pc) {
            if let Some(next) = nodes.get(&next) {
                graph.add_edge(*node, *next, ());
                if next == node {
                    alone.insert(*pc);
                }
            }
        }
    }
    let components = kosaraju_scc(&graph).into_iter();
    let members = components.map(|nodes| nodes.into_iter().map(|node| graph[node]).collect::<Vec<Pc>>());
    members.filter(|members| members.len() > 1 || alone.contains(&members[0])).collect()
}

/// What is live before each of some instructions.
pub(super) fn live_registers(
    code: &Code,
    liveness: &Liveness,
    wanted: &FxHashSet<Pc>,
) -> FxHashMap<Pc, Box<[Register]>> {
    let blocks: FxHashSet<usize> = wanted.iter().map(|pc| liveness.graph().block_of(*pc)).collect();
    let mut found = FxHashMap::default();
    for index in blocks {
        liveness.walk(code, index, |pc, live| {
            if wanted.contains(&pc) {
                let mut registers: Box<[Register]> = live.iter().copied().collect();
                registers.sort_unstable();
                found.insert(pc, registers);
            }
        });
    }
    found
}

/// The reads of a loop that cannot be reached again without moving on a counter that is live there.
fn counting(code: &Code, members: &[Pc], live: &FxHashMap<Pc, Box<[Register]>>) -> Vec<Pc> {
    let reads: Vec<Pc> = members.iter().copied().filter(|pc| live.contains_key(pc)).collect();
    let mut counted = Vec::new();
    if reads.is_empty() {
        return counted;
    }
    for counter in counters(code, members, COUNTER_LIMIT) {
        let untouched = rounds_without(code, members, &counter);
        let matters = |pc: &Pc| {
            let registers = &live[pc];
            counter.registers.iter().any(|register| registers.binary_search(register).is_ok())
        };
        counted.extend(reads.iter().copied().filter(|pc| !untouched.contains(pc) && matters(pc)));
    }
    counted
}

/// Instructions on a cycle that misses some link of the counter.
fn rounds_without(code: &Code, members: &[Pc], counter: &Counter) -> FxHashSet<Pc> {
    counter.links.iter().flat_map(|link| cycles(code, members, Some(*link))).flatten().collect()
}
