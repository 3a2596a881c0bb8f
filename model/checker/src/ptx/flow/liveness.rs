//! Strong liveness: a register is live where its value can still reach an effect.
//!
//! An effect is an access to memory (its address and what it stores), a branch, a barrier or an exchange of values
//! within a warp, and a fence or end of the thread as far as its guard decides on it. A register that only goes into
//! registers that are not live is not live itself: a counter that counts for its own sake, or the operand of
//! `nanosleep`, which decoded code does not hold. (Such registers are called faint in the literature: Giegerich,
//! Möncke and Wilhelm, 1981.) A branch is no effect while all that its ways do does not matter; see
//! [`super::detours`].
//!
//! Decision: sets are sorted lists for each block, and sets within a block are found again by walking it, since large
//! kernels have many registers of which few are live at a time. The road not taken, a bit for each register at each
//! instruction, is quadratic. Every load counts as an effect, of own memory and parameters too, for it may be out of
//! bounds. Not modelled: values, so that both ways of a branch are always possible; contents of own memory.

use super::detours::detours;
use super::graph::Graph;
use crate::ptx::code::{Code, Effect, Instruction, Pc, Register, Step};
use rustc_hash::FxHashSet;

/// After so many rounds every branch is taken to decide something: real code needs as many as its branches nest deep.
const ROUND_LIMIT: u32 = 32;

/// The live registers of a kernel.
#[derive(Clone, Debug)]
pub struct Liveness {
    graph: Graph,
    /// For each block, what is live where it starts, in order.
    at_start: Vec<Box<[Register]>>,
    /// For each block, whether the branch at its end decides anything that matters.
    decides: Vec<bool>,
}

impl Liveness {
    /// The live registers of some code.
    pub fn of(code: &Code) -> Liveness {
        let graph = Graph::of(code);
        let detours = detours(code, &graph);
        let count = graph.blocks.len();
        let decides = detours.iter().map(Option::is_none).collect();
        let mut liveness = Liveness { at_start: vec![Box::default(); count], graph, decides };
        // Branches are taken to decide nothing until something on their ways matters. Both only grow.
        let mut changed: Vec<u32> = (0..count as u32).collect();
        for round in 0.. {
            liveness.settle(code, changed);
            let mattering: Vec<bool> = (0..count).map(|index| liveness.matters(code, index)).collect();
            let decided = |index: &u32| {
                let ways = detours[*index as usize].iter().flatten();
                let matters = round >= ROUND_LIMIT || ways.copied().any(|way| mattering[way as usize]);
                !liveness.decides[*index as usize] && matters
            };
            changed = (0..count as u32).filter(decided).collect();
            if changed.is_empty() {
                break;
            }
            changed.iter().for_each(|index| liveness.decides[*index as usize] = true);
        }
        liveness
    }

    /// Computes the sets anew from some blocks on, against the flow.
    fn settle(&mut self, code: &Code, mut waiting: Vec<u32>) {
        let mut is_waiting = vec![false; self.graph.blocks.len()];
        waiting.iter().for_each(|index| is_waiting[*index as usize] = true);
        while let Some(index) = waiting.pop() {
            is_waiting[index as usize] = false;
            let mut live = self.at_end(index as usize);
            let block = &self.graph.blocks[index as usize];
            for pc in (block.first..block.end).rev() {
                self.step_back(code, index as usize, pc, &mut live);
            }
            // Sets only grow, so that one of the same size is the same.
            if live.len() == self.at_start[index as usize].len() {
                continue;
            }
            self.at_start[index as usize] = sorted(&live);
            for before in &self.graph.blocks[index as usize].predecessors {
                if !std::mem::replace(&mut is_waiting[*before as usize], true) {
                    waiting.push(*before);
                }
            }
        }
    }

    /// Whether a block does anything that matters.
    fn matters(&self, code: &Code, index: usize) -> bool {
        let mut live = self.at_end(index);
        let block = &self.graph.blocks[index];
        let mut steps = (block.first..block.end).rev();
        steps.any(|pc| self.step_back(code, index, pc, &mut live))
    }

    /// The control-flow graph.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The registers whose values matter before an instruction, in order; its own operands among them if it has an
    /// effect or its results matter.
    pub fn live_before(&self, code: &Code, pc: Pc) -> Box<[Register]> {
        let mut found = Box::default();
        self.walk(code, self.graph.block_of(pc), |at, live| {
            if at == pc {
                found = sorted(live);
            }
        });
        found
    }

    /// The registers whose values matter after an instruction, in order.
    pub fn live_after(&self, code: &Code, pc: Pc) -> Box<[Register]> {
        let index = self.graph.block_of(pc);
        let last = self.graph.blocks.get(index).is_some_and(|block| block.end == pc + 1);
        if last { sorted(&self.at_end(index)) } else { self.live_before(code, pc + 1) }
    }

    /// Walks a block from its end, showing what is live before each instruction.
    pub(super) fn walk(&self, code: &Code, index: usize, mut visit: impl FnMut(Pc, &FxHashSet<Register>)) {
        let Some(block) = self.graph.blocks.get(index) else { return };
        let mut live = self.at_end(index);
        for pc in (block.first..block.end).rev() {
            self.step_back(code, index, pc, &mut live);
            visit(pc, &live);
        }
    }

    fn at_end(&self, index: usize) -> FxHashSet<Register> {
        let successors = self.graph.blocks[index].successors.iter();
        successors.flat_map(|next| self.at_start[*next as usize].iter().copied()).collect()
    }

    /// From what is live after an instruction of a block to what is live before it; and whether the instruction
    /// matters.
    fn step_back(&self, code: &Code, index: usize, pc: Pc, live: &mut FxHashSet<Register>) -> bool {
        let instruction = code.instruction(pc);
        let defines = instruction.defines();
        let effect = match instruction.step {
            Step::Branch { .. } => self.decides[index],
            _ => has_effect(instruction),
        };
        let matters = effect || defines.iter().any(|register| live.contains(register));
        // A guarded definition may not happen: what was there before stays live.
        if instruction.always() {
            for register in &defines {
                live.remove(register);
            }
        }
        if matters {
            live.extend(instruction.uses());
        }
        matters
    }
}

fn sorted(live: &FxHashSet<Register>) -> Box<[Register]> {
    let mut list: Box<[Register]> = live.iter().copied().collect();
    list.sort_unstable();
    list
}

/// Whether an instruction that is no branch does anything but compute registers.
fn has_effect(instruction: &Instruction) -> bool {
    match instruction.effect() {
        // An index beyond the table of a branch is an error, whatever the targets do.
        Effect::None => matches!(instruction.step, Step::Load { .. } | Step::BranchTable { .. }),
        Effect::StoreLocal | Effect::Load | Effect::Store | Effect::Atomic => true,
        Effect::Fence | Effect::Barrier | Effect::End => true,
    }
}
