//! Spin loops: cycles of instructions that may come back to where they were without having done anything.
//!
//! Decision: a spin loop is a strongly connected set of instructions without effect (reads, fences, stores to own memory,
//! exchanges with other threads, and atomics that may leave memory as it was), less the links of counters: a cycle that
//! moves on a counter which goes into addresses or data never comes back to the same state, and is a loop over data. A
//! counter that is only compared, or stored at the end, counts tries ([`super::tries`]): it does not keep a loop from being
//! a wait, if something that the loop reads can end it. Copies of a round that a compiler has written before the loop are
//! its *approach*: reads from which the loop is reached with nothing done in between.
//!
//! Nothing here decides anything about a verdict, but for the counters of tries, which are an assumption that is printed:
//! whether a round comes back is seen by running it. What is marked too much costs time, and what is marked too little
//! leaves a loop of plain reads. Not modelled: contents of the thread's own memory, all of which count as live.

use super::counters::counters;
use super::graph::successors;
use super::liveness::Liveness;
use super::tries::tries;
use crate::ptx::code::step::BarrierKind;
use crate::ptx::code::{Code, Effect, Instruction, Pc, Register, Source, Step};
use arverify_protocol::ir::{AtomicOperation, Order};
use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;

/// Counters tried for each loop; beyond that a read stays in it.
const COUNTER_LIMIT: usize = 16;
/// Instructions between a read and the loop whose first round it is, at most.
const DISTANCE_LIMIT: usize = 256;
/// Loops inside loops that are looked at.
const DEPTH_LIMIT: usize = 16;

/// Says that an instruction is in no loop.
const NONE: u32 = u32::MAX;

/// One spin loop.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpinLoop {
    /// Its instructions.
    members: FxHashSet<Pc>,
    /// Instructions before it that may be rounds of it.
    approach: FxHashSet<Pc>,
    /// Registers that count its tries, in order.
    tries: Box<[Register]>,
}

impl SpinLoop {
    /// Whether an instruction belongs to the loop, or to the way into it.
    pub fn holds(&self, pc: Pc) -> bool {
        self.members.contains(&pc) || self.approach.contains(&pc)
    }

    /// The instructions that belong to the loop, or to the way into it.
    pub fn instructions(&self) -> impl Iterator<Item = Pc> {
        self.members.iter().chain(&self.approach).copied()
    }

    /// Whether it counts its tries.
    pub fn counts_tries(&self) -> bool {
        !self.tries.is_empty()
    }

    /// Whether a register counts its tries.
    pub fn is_try(&self, register: Register) -> bool {
        self.tries.binary_search(&register).is_ok()
    }
}

/// The spin loops of a kernel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpinLoops {
    loops: Vec<SpinLoop>,
    /// For each instruction that a thread may stand at: the loop.
    of: Box<[u32]>,
    /// The live registers before every operation; empty where there is no loop.
    live: FxHashMap<Pc, Box<[Register]>>,
}

impl SpinLoops {
    /// The spin loops of some code.
    pub fn of(code: &Code) -> SpinLoops {
        let liveness = Liveness::of(code);
        let quiet: Vec<Pc> = (0..code.instructions.len() as Pc).filter(|pc| is_quiet(code.instruction(*pc))).collect();
        // Where a loop waits without meeting others it is a wait of its own, whatever loop of theirs it stands in.
        let alone: Vec<Pc> =
            quiet.iter().copied().filter(|pc| code.instruction(*pc).effect() != Effect::Barrier).collect();
        let (mut loops, mut together) = (Vec::new(), Vec::new());
        find(code, &liveness, &alone, 0, &mut loops);
        find(code, &liveness, &quiet, 0, &mut together);
        let waits_alone =
            |spin: &SpinLoop| spin.members.iter().any(|pc| loops.iter().any(|own| own.members.contains(pc)));
        together.retain(|spin: &SpinLoop| !waits_alone(spin));
        loops.extend(together);
        let mut found = SpinLoops { loops, of: vec![NONE; code.instructions.len()].into(), live: FxHashMap::default() };
        if found.loops.is_empty() {
            return found;
        }
        for (index, spin) in found.loops.iter().enumerate() {
            for pc in spin.members.iter().filter(|pc| stands_at(code.instruction(**pc))) {
                found.of[*pc as usize] = index as u32;
            }
        }
        found.add_approaches(code);
        let effects = |pc: &Pc| code.instruction(*pc).effect() != Effect::None || is_load(code.instruction(*pc));
        let wanted: FxHashSet<Pc> = (0..code.instructions.len() as Pc).filter(effects).collect();
        found.live = live_registers(code, &liveness, &wanted);
        found
    }

    /// The loop in which, or in the way into which, an instruction is a read or an exchange.
    pub fn at(&self, pc: Pc) -> Option<&SpinLoop> {
        self.loops.get(*self.of.get(pc as usize)? as usize)
    }

    /// Whether an instruction is a read before the loop, which may be its first round.
    pub fn is_before(&self, pc: Pc) -> bool {
        self.at(pc).is_some_and(|spin| !spin.members.contains(&pc))
    }

    /// The live registers before an operation, in order; known where there is a loop.
    pub fn live_before(&self, pc: Pc) -> Option<&[Register]> {
        self.live.get(&pc).map(|registers| &**registers)
    }

    /// The reads and exchanges in loops, in order.
    pub fn all(&self) -> impl Iterator<Item = Pc> {
        (0..self.of.len() as Pc).filter(|pc| self.at(*pc).is_some() && !self.is_before(*pc))
    }

    /// Reads that lead into a loop, through nothing but instructions without effect, and are like one of its reads.
    fn add_approaches(&mut self, code: &Code) {
        for first in 0..code.instructions.len() as Pc {
            if self.of[first as usize] != NONE || !is_strong_read(&code.instruction(first).step) {
                continue;
            }
            let Some((index, way)) = self.way_into_loop(code, first) else { continue };
            self.of[first as usize] = index;
            self.loops[index as usize].approach.extend(way);
        }
    }

    /// The nearest loop that a read leads into, and the instructions on the way.
    fn way_into_loop(&self, code: &Code, first: Pc) -> Option<(u32, FxHashSet<Pc>)> {
        let alike = |spin: &SpinLoop| {
            spin.members.iter().any(|pc| is_alike(&code.instruction(first).step, &code.instruction(*pc).step))
        };
        let entered = self.loops_behind(code, first).into_iter().filter(|index| alike(&self.loops[*index as usize]));
        entered.into_iter().find_map(|index| Some((index, self.way_into(code, first, index)?)))
    }

    /// The loops into which an instruction leads through nothing but instructions without effect, the nearest first.
    fn loops_behind(&self, code: &Code, first: Pc) -> Vec<u32> {
        let mut open = VecDeque::from([first]);
        let mut seen: FxHashSet<Pc> = FxHashSet::from_iter([first]);
        let mut entered = Vec::new();
        while let Some(pc) = open.pop_front() {
            for next in successors(code, pc) {
                if let Some(index) = self.loops.iter().position(|spin| spin.members.contains(&next)) {
                    if !entered.contains(&(index as u32)) {
                        entered.push(index as u32);
                    }
                } else if seen.len() < DISTANCE_LIMIT && is_quiet(code.instruction(next)) && seen.insert(next) {
                    open.push_back(next);
                }
            }
        }
        entered
    }

    /// The instructions between a read and a loop. What comes behind the loop is not on the way into it, and where the loop
    /// meets nobody, a round of it does not either.
    fn way_into(&self, code: &Code, first: Pc, index: u32) -> Option<FxHashSet<Pc>> {
        let spin = &self.loops[index as usize];
        let behind = self.behind(code, first, spin);
        let meets = spin.members.iter().any(|pc| code.instruction(*pc).effect() == Effect::Barrier);
        let is_way = |pc: Pc| {
            let instruction = code.instruction(pc);
            let passed = is_quiet(instruction) && (meets || instruction.effect() != Effect::Barrier);
            passed && !behind.contains(&pc) && !self.loops.iter().any(|other| other.members.contains(&pc))
        };
        let mut before: FxHashMap<Pc, Vec<Pc>> = FxHashMap::default();
        let mut open = VecDeque::from([first]);
        let mut seen: FxHashSet<Pc> = FxHashSet::from_iter([first]);
        while let Some(pc) = open.pop_front() {
            for next in successors(code, pc) {
                let enters = spin.members.contains(&next);
                if enters || is_way(next) {
                    before.entry(next).or_default().push(pc);
                }
                if !enters && seen.len() < DISTANCE_LIMIT && is_way(next) && seen.insert(next) {
                    open.push_back(next);
                }
            }
        }
        let mut way: FxHashSet<Pc> = FxHashSet::default();
        let mut back: Vec<Pc> = before.keys().copied().filter(|pc| spin.members.contains(pc)).collect();
        while let Some(pc) = back.pop() {
            for earlier in before.get(&pc).into_iter().flatten() {
                if way.insert(*earlier) {
                    back.push(*earlier);
                }
            }
        }
        way.contains(&first).then_some(way)
    }

    /// What can be reached from where a loop is left, without the read before it or the loop itself.
    fn behind(&self, code: &Code, first: Pc, spin: &SpinLoop) -> FxHashSet<Pc> {
        let stops = |pc: Pc| pc == first || spin.members.contains(&pc);
        let mut seen: FxHashSet<Pc> = FxHashSet::default();
        let mut open: Vec<Pc> = spin.members.iter().copied().collect();
        while let Some(pc) = open.pop() {
            open.extend(successors(code, pc).filter(|next| !stops(*next) && seen.insert(*next)));
        }
        seen
    }
}

/// Adds the spin loops among some instructions.
fn find(code: &Code, liveness: &Liveness, members: &[Pc], depth: usize, loops: &mut Vec<SpinLoop>) {
    if depth == DEPTH_LIMIT {
        return;
    }
    for members in cycles(code, members) {
        let inside: FxHashSet<Pc> = members.iter().copied().collect();
        let reads: FxHashSet<Pc> = members.iter().copied().filter(|pc| may_wait(code.instruction(*pc))).collect();
        if reads.is_empty() {
            continue;
        }
        let counted = tries(code, &members);
        let data = data_counters(code, liveness, &members, &reads, &counted.registers);
        let without = |links: &[Pc]| -> Vec<Pc> { members.iter().copied().filter(|pc| !links.contains(pc)).collect() };
        if !data.is_empty() {
            find(code, liveness, &without(&data), depth + 1, loops);
            continue;
        }
        if counted.links.is_empty() {
            loops.push(SpinLoop { members: inside, ..SpinLoop::default() });
            continue;
        }
        // A wait inside a loop that counts is a wait of its own, and the counter counts what is done, not tries; unless
        // nothing that is read decides whether the way goes by the counter.
        let before = loops.len();
        find(code, liveness, &without(&counted.links), depth + 1, loops);
        let apart = |spin: &SpinLoop| {
            let onwards = |next: Pc| inside.contains(&next) && !spin.members.contains(&next);
            is_decided_by_reading(code, &members, &spin.members, onwards)
        };
        let left = is_decided_by_reading(code, &members, &inside, |next| !inside.contains(&next));
        if left && !loops[before..].iter().any(apart) {
            loops.truncate(before);
            loops.push(SpinLoop { members: inside, tries: counted.registers.into(), ..SpinLoop::default() });
        }
    }
}

/// The additions of counters that are live at some read of a loop and do not count tries.
fn data_counters(
    code: &Code,
    liveness: &Liveness,
    members: &[Pc],
    reads: &FxHashSet<Pc>,
    tries: &[Register],
) -> Vec<Pc> {
    let live = live_registers(code, liveness, reads);
    let matters = |register: &Register| live.values().any(|live| live.binary_search(register).is_ok());
    let mut links = Vec::new();
    for counter in counters(code, members, COUNTER_LIMIT) {
        let is_try = counter.registers.iter().any(|register| tries.binary_search(register).is_ok());
        if !is_try && counter.registers.iter().any(matters) {
            links.push(counter.addition);
        }
    }
    links
}

/// Whether what a loop reads decides whether the way goes from some of its instructions to others, or ends there.
fn is_decided_by_reading(code: &Code, members: &[Pc], from: &FxHashSet<Pc>, to: impl Fn(Pc) -> bool) -> bool {
    let mut read: FxHashSet<Register> = FxHashSet::default();
    loop {
        let before = read.len();
        for pc in members {
            let instruction = code.instruction(*pc);
            let derived = may_wait(instruction) || instruction.uses().iter().any(|register| read.contains(register));
            if derived {
                read.extend(instruction.defines());
            }
        }
        if read.len() == before {
            break;
        }
    }
    from.iter().any(|pc| {
        let instruction = code.instruction(*pc);
        let goes = successors(code, *pc).any(&to) || instruction.effect() == Effect::End;
        goes && instruction.uses().iter().any(|register| read.contains(register))
    })
}

/// Whether nobody else can tell that an instruction was executed, or may not be able to.
pub(super) fn is_quiet(instruction: &Instruction) -> bool {
    match (&instruction.step, instruction.effect()) {
        (Step::Atomic { function, operand, .. }, Effect::Atomic) => {
            let changes = matches!(function.operation, AtomicOperation::Add | AtomicOperation::Xor);
            !(changes && matches!(operand, Source::Constant(value) if *value != 0))
        }
        (Step::Barrier(barrier), _) => barrier.kind != BarrierKind::Arrive,
        (Step::Warp(_), _) => true,
        // A guarded end is passed by.
        (_, Effect::End) => instruction.guard.is_some(),
        (_, Effect::None | Effect::StoreLocal | Effect::Load | Effect::Fence | Effect::Atomic) => true,
        (_, Effect::Store | Effect::Barrier) => false,
    }
}

/// Whether an instruction brings a value that others decide.
fn may_wait(instruction: &Instruction) -> bool {
    match instruction.effect() {
        Effect::Load => true,
        Effect::Atomic | Effect::Barrier => !instruction.defines().is_empty(),
        _ => false,
    }
}

/// Whether a thread may stand in a loop at an instruction.
fn stands_at(instruction: &Instruction) -> bool {
    matches!(instruction.effect(), Effect::Load | Effect::Atomic | Effect::Barrier)
}

fn is_load(instruction: &Instruction) -> bool {
    matches!(instruction.step, Step::Load { .. })
}

/// Whether it reads a word strongly, for the thread to look at.
fn is_strong_read(step: &Step) -> bool {
    match step {
        Step::Load { semantics, .. } => semantics.order != Order::Weak,
        Step::Atomic { destination, .. } => destination.is_some(),
        _ => false,
    }
}

fn is_alike(first: &Step, poll: &Step) -> bool {
    match (first, poll) {
        (Step::Load { element, semantics, .. }, Step::Load { element: other, semantics: others, .. }) => {
            element.width == other.width && semantics == others
        }
        (
            Step::Atomic { width, function, semantics, .. },
            Step::Atomic { width: other, function: does, semantics: others, .. },
        ) => (width, function, semantics) == (other, does, others),
        _ => false,
    }
}

/// The strongly connected components of some instructions that hold a cycle.
fn cycles(code: &Code, members: &[Pc]) -> Vec<Vec<Pc>> {
    let mut graph = DiGraph::<Pc, ()>::with_capacity(members.len(), members.len());
    let mut nodes = FxHashMap::default();
    for pc in members {
        nodes.insert(*pc, graph.add_node(*pc));
    }
    let mut alone = FxHashSet::default();
    for pc in members {
        let node = nodes[pc];
        for next in successors(code, *pc) {
            if let Some(next) = nodes.get(&next) {
                graph.add_edge(node, *next, ());
                if *next == node {
                    alone.insert(*pc);
                }
            }
        }
    }
    let components = kosaraju_scc(&graph).into_iter();
    let components = components.map(|nodes| nodes.into_iter().map(|node| graph[node]).collect::<Vec<Pc>>());
    components.filter(|members| members.len() > 1 || alone.contains(&members[0])).collect()
}

/// What is live before each of some instructions.
fn live_registers(code: &Code, liveness: &Liveness, wanted: &FxHashSet<Pc>) -> FxHashMap<Pc, Box<[Register]>> {
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
