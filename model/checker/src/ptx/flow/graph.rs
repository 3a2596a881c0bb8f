//! The control-flow graph: basic blocks of decoded code.
//!
//! Decision: calls are expanded in decoded code, so that one graph holds the whole kernel and no analysis has to look
//! across functions. A guarded `exit` or `trap` ends a block, since what follows it may not come. Not modelled: which
//! branches can be taken; an index of `brx.idx` beyond its table is undefined and has no edge.

use crate::ptx::code::{Code, Pc};
use smallvec::SmallVec;

/// Instructions that come one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The first.
    pub first: Pc,
    /// Behind the last.
    pub end: Pc,
    /// Blocks that may come next, by index; each once.
    pub successors: SmallVec<[u32; 2]>,
    /// Blocks that may come before; each once.
    pub predecessors: Vec<u32>,
}

/// The blocks of a kernel, in the order of their instructions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    /// All blocks; the first is where threads start.
    pub blocks: Vec<Block>,
}

impl Graph {
    /// The graph of some code.
    pub fn of(code: &Code) -> Graph {
        let starts = starts(code);
        let mut blocks: Vec<Block> = Vec::new();
        for (pc, starts) in starts.iter().enumerate() {
            let end = pc as Pc + 1;
            match blocks.last_mut() {
                Some(block) if !starts => block.end = end,
                _ => blocks.push(Block { first: pc as Pc, end, successors: SmallVec::new(), predecessors: Vec::new() }),
            }
        }
        let mut graph = Graph { blocks };
        for index in 0..graph.blocks.len() {
            let last = graph.blocks[index].end - 1;
            for next in successors(code, last) {
                let next = graph.block_of(next) as u32;
                graph.blocks[index].successors.push(next);
                graph.blocks[next as usize].predecessors.push(index as u32);
            }
        }
        graph
    }

    /// Index of the block that holds an instruction.
    pub fn block_of(&self, pc: Pc) -> usize {
        self.blocks.partition_point(|block| block.end <= pc)
    }
}

/// The instructions that may come next, none of them behind the last.
pub(super) fn successors(code: &Code, pc: Pc) -> impl Iterator<Item = Pc> {
    let length = code.instructions.len();
    code.instruction(pc).successors(pc).into_iter().filter(move |next| (*next as usize) < length)
}

/// For each instruction, whether a block starts there.
fn starts(code: &Code) -> Vec<bool> {
    let mut starts = vec![false; code.instructions.len()];
    if let Some(first) = starts.first_mut() {
        *first = true;
    }
    for pc in 0..code.instructions.len() {
        let straight = code.instruction(pc as Pc).successors(pc as Pc).as_slice() == [pc as Pc + 1];
        if straight && !code.instructions[pc].is_branch() {
            continue;
        }
        for next in successors(code, pc as Pc) {
            starts[next as usize] = true;
        }
        if let Some(next) = starts.get_mut(pc + 1) {
            *next = true;
        }
    }
    starts
}
