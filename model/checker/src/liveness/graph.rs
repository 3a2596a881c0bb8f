//! All states that can be reached, and the steps between them.

use super::Inconclusive;
use super::state::State;
use super::step::Stepper;
use crate::litmus::Test;
use rustc_hash::FxHashMap;

/// How many states are looked at.
pub const STATE_LIMIT: usize = 200_000;

/// The graph.
pub(super) struct Graph {
    pub(super) states: Vec<State>,
    /// For each state the thread that steps and the state it leads to.
    pub(super) steps: Vec<Vec<(usize, usize)>>,
}

impl Graph {
    /// All states of a test.
    pub(super) fn explore(test: &Test) -> Result<Graph, Inconclusive> {
        if test.threads.len() > 64 {
            return Err(Inconclusive::Threads);
        }
        let stepper = Stepper::new(test);
        let initial = stepper.initial()?;
        let mut known = FxHashMap::from_iter([(initial.clone(), 0)]);
        let mut graph = Graph { states: vec![initial], steps: Vec::new() };
        while graph.steps.len() < graph.states.len() {
            let state = graph.states[graph.steps.len()].clone();
            let mut steps = Vec::new();
            for thread in 0..test.threads.len() {
                let Some(next) = stepper.step(&state, thread)? else { continue };
                let index = *known.entry(next.clone()).or_insert(graph.states.len());
                if index == graph.states.len() {
                    graph.states.push(next);
                }
                steps.push((thread, index));
            }
            graph.steps.push(steps);
            if graph.states.len() > STATE_LIMIT {
                return Err(Inconclusive::States);
            }
        }
        Ok(graph)
    }
}
