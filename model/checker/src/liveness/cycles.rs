//! Cycles that a scheduler may go round without end, and states from which nothing can go on.
//!
//! Weak fairness: a strongly connected component in which every obliged thread has a step inside, or somewhere cannot
//! step. Strong fairness: besides, no obliged thread can step out from any state of it; states from which one can are
//! removed, and what is left is examined again.

use super::graph::Graph;
use super::progress::{ProgressModel, Threads, bit};
use crate::litmus::Test;
use petgraph::Direction;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use rustc_hash::FxHashSet;

/// Whether some execution does not end.
pub(super) fn can_go_on(graph: &Graph, test: &Test, model: ProgressModel) -> bool {
    let stuck = |state: usize| graph.steps[state].is_empty() && graph.states[state].live(test) != 0;
    if (0..graph.states.len()).any(stuck) {
        return true;
    }
    let mut open: Vec<Vec<usize>> = vec![(0..graph.states.len()).collect()];
    while let Some(states) = open.pop() {
        for component in components(graph, &states) {
            let obliged = model.obliged(test, &graph.states[component[0]]);
            let inside: FxHashSet<usize> = component.iter().copied().collect();
            let leaves = |state: &usize| {
                graph.steps[*state].iter().any(|(thread, to)| bit(*thread) & obliged != 0 && !inside.contains(to))
            };
            if model.is_strong() && component.iter().any(leaves) {
                open.push(component.iter().copied().filter(|state| !leaves(state)).collect());
            } else if is_fair(graph, &component, &inside, obliged) {
                return true;
            }
        }
    }
    false
}

/// The strongly connected components of some states, those with at least one step inside.
fn components(graph: &Graph, states: &[usize]) -> Vec<Vec<usize>> {
    let mut own = DiGraph::<usize, ()>::with_capacity(states.len(), states.len() * 2);
    let mut index = rustc_hash::FxHashMap::default();
    for state in states {
        index.insert(*state, own.add_node(*state));
    }
    for state in states {
        for (_, to) in &graph.steps[*state] {
            if let Some(to) = index.get(to) {
                own.add_edge(index[state], *to, ());
            }
        }
    }
    let cyclic = |component: &Vec<NodeIndex>| {
        let mut steps = own.edges_directed(component[0], Direction::Outgoing);
        component.len() > 1 || steps.any(|step| step.target() == component[0])
    };
    let found = kosaraju_scc(&own).into_iter().filter(cyclic);
    found.map(|component| component.into_iter().map(|node| own[node]).collect()).collect()
}

/// Whether every obliged thread has a step inside, or cannot step in some state.
fn is_fair(graph: &Graph, component: &[usize], inside: &FxHashSet<usize>, obliged: Threads) -> bool {
    let mut served: Threads = 0;
    for state in component {
        let mut able = 0;
        for (thread, to) in &graph.steps[*state] {
            able |= bit(*thread);
            if inside.contains(to) {
                served |= bit(*thread);
            }
        }
        served |= !able;
    }
    served & obliged == obliged
}
