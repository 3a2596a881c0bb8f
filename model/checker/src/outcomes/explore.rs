//! Every execution of a litmus test that the machine allows.

use super::Budget;
use super::program::{LitmusProgram, LitmusThread};
use crate::litmus::{Formula, Register, Term, Test};
use crate::machine::{Contended, Machine, Notes, Settings, StartOrder, State, Watch};
use crate::process;
use crate::program::Width;
use arverify_protocol::verdict::Code;
use rustc_hash::{FxHashSet, FxHasher};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Instant;

/// How an execution ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Outcome {
    pub(super) registers: Vec<BTreeMap<Register, i64>>,
    pub(super) memory: Vec<i64>,
}

/// All ends.
#[derive(Default)]
pub(super) struct Explored {
    pub(super) outcomes: FxHashSet<Outcome>,
    pub(super) bound_hit: bool,
    /// No execution is missed but for the bound.
    pub(super) complete: bool,
}

/// All outcomes, or why they cannot be told: a race, or a limit.
pub(super) fn outcomes(test: &Test, budget: &Budget) -> Result<Explored, String> {
    let asked = |thread: usize| -> BTreeSet<Register> {
        let terms = test.filter.iter().chain([&test.condition]).flat_map(Formula::terms);
        terms
            .filter_map(|term| match term {
                Term::Register(owner, register) if owner.index() == thread => Some(register),
                _ => None,
            })
            .collect()
    };
    let program = Arc::new(LitmusProgram::new(test, budget.passes, asked));
    let deadline = Instant::now() + budget.time;
    let mut contended = Contended::default();
    loop {
        let settings = Settings {
            max_bytes: None,
            max_events: None,
            resident_blocks: None,
            start_order: StartOrder::Any,
            boundary_publishes: false,
            loads_done: false,
            everything: false,
            watch: Watch::Nothing,
            step_by_step: false,
            deadline: Some(deadline),
            without: budget.without,
        };
        let machine = Machine::new(program.clone(), settings, contended.clone());
        let mut round =
            Round { test, machine, budget, deadline, explored: Explored::default(), found: Contended::default() };
        round.explore()?;
        if round.found.is_empty() {
            return Ok(round.explored);
        }
        contended.add(&round.found);
    }
}

/// One exploration, with some slots contended.
struct Round<'t> {
    test: &'t Test,
    machine: Machine<LitmusProgram>,
    budget: &'t Budget,
    deadline: Instant,
    explored: Explored,
    /// Slots that turned out to be contended too.
    found: Contended,
}

impl Round<'_> {
    fn explore(&mut self) -> Result<(), String> {
        let (state, notes) = self.machine.initial(None);
        self.add(notes);
        let mut known: FxHashSet<u64> = FxHashSet::from_iter([fingerprint(&state)]);
        let mut open = vec![state];
        while let Some(state) = open.pop() {
            if state.interrupted || known.len() > self.budget.states || process::now() >= self.deadline {
                return Err("too many executions".to_owned());
            }
            self.look(&state)?;
            for action in self.machine.actions(&state) {
                let mut next = state.clone();
                let notes = self.machine.apply(&mut next, action, None);
                self.add(notes);
                if known.insert(fingerprint(&next)) {
                    open.push(next);
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, notes: Notes) {
        let contended = &self.machine.contended().slots;
        self.found.slots.extend(notes.fenced.into_iter().filter(|word| !contended.contains(word)));
        self.found.add(&notes.conflicts);
    }

    /// Notes an end. A deadlock is none: not every thread has ended.
    fn look(&mut self, state: &State<LitmusThread>) -> Result<(), String> {
        match &state.violation {
            Some(violation) if [Code::Deadlock, Code::BarrierDivergence].contains(&violation.code) => {
                let seats = self.machine.program().seat_indices();
                self.explored.bound_hit |= seats.into_iter().any(|seat| state.program(seat).beyond);
            }
            Some(violation) => return Err(format!("{}: {}", violation.code, violation.message)),
            None if state.is_done() => {
                let program = self.machine.program();
                let registers = program.seat_indices().into_iter().map(|seat| state.program(seat).registers.clone());
                let memory = (0..self.test.initial.len()).map(|physical| {
                    i64::from(self.machine.final_word(state, program.place(physical), Width::Four) as i32)
                });
                self.explored.outcomes.insert(Outcome { registers: registers.collect(), memory: memory.collect() });
            }
            None => {}
        }
        Ok(())
    }
}

fn fingerprint(state: &State<LitmusThread>) -> u64 {
    let mut hasher = FxHasher::default();
    state.hash(&mut hasher);
    hasher.finish()
}
