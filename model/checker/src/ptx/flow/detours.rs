//! Branches that choose between ways of which none does anything before they meet again: `if (wait < 256) wait *= 2`.
//!
//! Decision: the ways of a branch are the blocks between it and its immediate post-dominator. They are a detour if they
//! hold no cycle, do not come back to the branch, and are few; else the branch decides something, be it only whether
//! the thread ever goes on. Whether what they do matters is for [`super::liveness`] to say. Not modelled: regions of
//! more than [`REGION_LIMIT`] blocks, and code from which no end can be reached: their branches decide.

use super::graph::Graph;
use crate::ptx::code::{Code, Effect, Pc};
use petgraph::algo::dominators::{Dominators, simple_fast};
use petgraph::graph::{DiGraph, NodeIndex};

/// The most blocks of a detour.
const REGION_LIMIT: usize = 64;

/// For each block that ends in a branch with a choice: the blocks of its detours, or `None` if it decides.
pub(super) fn detours(code: &Code, graph: &Graph) -> Vec<Option<Vec<u32>>> {
    let ends = ends(code, graph);
    (0..graph.blocks.len()).map(|index| region(graph, &ends, index as u32)).collect()
}

/// Post-dominators, by the dominators of the reversed graph from a node behind all ends.
fn ends(code: &Code, graph: &Graph) -> Dominators<NodeIndex> {
    let mut reversed = DiGraph::<(), ()>::with_capacity(graph.blocks.len() + 1, graph.blocks.len() * 2);
    let nodes: Vec<NodeIndex> = graph.blocks.iter().map(|_| reversed.add_node(())).collect();
    let end = reversed.add_node(());
    for (index, block) in graph.blocks.iter().enumerate() {
        let last: Pc = block.end - 1;
        if block.successors.is_empty() || code.instruction(last).effect() == Effect::End {
            reversed.add_edge(end, nodes[index], ());
        }
        for next in &block.successors {
            reversed.add_edge(nodes[*next as usize], nodes[index], ());
        }
    }
    simple_fast(&reversed, end)
}

/// The blocks on the ways from a block's end to where they all meet.
fn region(graph: &Graph, ends: &Dominators<NodeIndex>, start: u32) -> Option<Vec<u32>> {
    let meet = ends.immediate_dominator(NodeIndex::new(start as usize))?.index();
    if meet == graph.blocks.len() {
        return None;
    }
    let mut blocks: Vec<u32> = Vec::new();
    let mut open: Vec<u32> = graph.blocks[start as usize].successors.to_vec();
    while let Some(index) = open.pop() {
        if index as usize == meet || blocks.contains(&index) {
            continue;
        }
        if index == start || blocks.len() == REGION_LIMIT {
            return None;
        }
        blocks.push(index);
        open.extend(&graph.blocks[index as usize].successors);
    }
    is_acyclic(graph, &blocks).then_some(blocks)
}

/// Takes blocks away that nothing of the rest leads to, until none is left.
fn is_acyclic(graph: &Graph, blocks: &[u32]) -> bool {
    let mut rest = blocks.to_vec();
    loop {
        let before = rest.len();
        let known = rest.clone();
        rest.retain(|index| graph.blocks[*index as usize].predecessors.iter().any(|before| known.contains(before)));
        if rest.len() == before {
            return rest.is_empty();
        }
    }
}
