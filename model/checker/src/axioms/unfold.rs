//! All paths of a thread, with loops unrolled to a bound.
//!
//! Decision: a pass of a loop that writes nothing, meets no barrier and leaves every live register as it was need not
//! be taken: the execution without it is consistent whenever the one with it is, and ends alike. Such a pass becomes a
//! path of its own, [`Ending::Spinning`], for the question whether a thread can go round without end. Any other loop
//! goes round at most [`Limits::passes`] times, and a path that would go on is [`Ending::CutOff`].

use super::path::{Barrier, Decision, Ending, Event, Path, Value};
use crate::litmus::{
    AtomicOperation, Comparison, Formula, Instruction, Operand, Register, Term, Test, ThreadId, live_registers,
};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// How far to unfold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// How often a path may jump back to one place.
    pub(super) passes: u32,
    /// Paths of one thread.
    pub(super) paths: usize,
}

/// A place a path came by: instruction, events so far, registers.
type Visit = (usize, usize, BTreeMap<Register, Value>);

#[derive(Clone)]
struct State {
    at: usize,
    path: Path,
    /// Reads that a branch depended on.
    control: BTreeSet<usize>,
    visits: Vec<Visit>,
}

struct Unfolding<'t> {
    instructions: &'t [(Instruction, std::ops::Range<u32>)],
    /// For each instruction (and the end) the registers that are read later.
    live: Vec<BTreeSet<Register>>,
    /// Targets of backward jumps.
    heads: BTreeSet<usize>,
    limits: Limits,
    paths: Vec<Path>,
}

/// The paths of a thread; `None` if they are too many.
pub(super) fn paths(test: &Test, thread: ThreadId, limits: Limits) -> Option<Vec<Path>> {
    let text = &test.threads[thread.index()];
    let asked = test.filter.iter().chain([&test.condition]).flat_map(Formula::terms);
    let asked = asked.filter_map(|term| match term {
        Term::Register(owner, register) if owner == thread => Some(register),
        _ => None,
    });
    let live = live_registers(&text.instructions, asked.collect());
    let registers = text.initial.iter().map(|(register, value)| (*register, Value::Constant(*value))).collect();
    let path = Path { events: vec![], dependencies: vec![], decisions: vec![], registers, ending: Ending::Ended };
    let targets = text.instructions.iter().enumerate().filter_map(|(at, (instruction, _))| match instruction {
        Instruction::Goto(target) | Instruction::Branch(.., target) if *target <= at => Some(*target),
        _ => None,
    });
    let heads = targets.collect();
    let mut unfolding = Unfolding { instructions: &text.instructions, live, heads, limits, paths: Vec::new() };
    let mut open = vec![State { at: 0, path, control: BTreeSet::new(), visits: Vec::new() }];
    while let Some(state) = open.pop() {
        unfolding.step(state, &mut open);
        if unfolding.paths.len() + open.len() > limits.paths {
            return None;
        }
    }
    Some(unfolding.paths)
}

impl Unfolding<'_> {
    fn step(&mut self, mut state: State, open: &mut Vec<State>) {
        let Some((instruction, _)) = self.instructions.get(state.at) else {
            self.paths.push(state.path);
            return;
        };
        if self.heads.contains(&state.at) {
            let visit = (state.at, state.path.events.len(), state.path.registers.clone());
            state.visits.push(visit);
        }
        match instruction {
            Instruction::Goto(target) => self.jump(state, *target, open),
            Instruction::Branch(comparison, left, right, target) => {
                self.branch(state, *comparison, [left, right], *target, open);
            }
            Instruction::Barrier { arrive, .. } => {
                let arrive = *arrive;
                state.perform(instruction);
                if !arrive {
                    self.end(state.clone(), Ending::Blocked);
                }
                state.at += 1;
                open.push(state);
            }
            _ => {
                state.perform(instruction);
                state.at += 1;
                open.push(state);
            }
        }
    }

    fn branch(
        &mut self,
        mut state: State,
        comparison: Comparison,
        operands: [&Operand; 2],
        target: usize,
        open: &mut Vec<State>,
    ) {
        let [left, right] = operands.map(|operand| state.operand(operand));
        let known = match (&left, &right) {
            (Value::Constant(left), Value::Constant(right)) => Some(comparison.holds(*left, *right)),
            _ => None,
        };
        left.reads(&mut state.control);
        right.reads(&mut state.control);
        for taken in [true, false] {
            if known.is_some_and(|known| known != taken) {
                continue;
            }
            let mut next = state.clone();
            if known.is_none() {
                let (left, right) = (left.clone(), right.clone());
                next.path.decisions.push(Decision { comparison, left, right, taken });
            }
            if taken {
                self.jump(next, target, open);
            } else {
                next.at += 1;
                open.push(next);
            }
        }
    }

    fn end(&mut self, mut state: State, ending: Ending) {
        state.path.ending = ending;
        self.paths.push(state.path);
    }

    fn jump(&mut self, mut state: State, target: usize, open: &mut Vec<State>) {
        if target > state.at {
            state.at = target;
            open.push(state);
            return;
        }
        let quiet = |event: &Event| matches!(event, Event::Read(_) | Event::Fence(_) | Event::ProxyFence(_));
        if let Some((_, from, registers)) = state.visits.iter().rev().find(|(place, ..)| *place == target) {
            let now = &state.path.registers;
            let unchanged = self.live[target].iter().all(|register| registers.get(register) == now.get(register));
            if unchanged && state.path.events[*from..].iter().all(quiet) {
                let from = *from;
                return self.end(state, Ending::Spinning(from));
            }
        }
        let passes = state.visits.iter().filter(|(place, ..)| *place == target).count();
        if passes > self.limits.passes as usize {
            return self.end(state, Ending::CutOff);
        }
        state.at = target;
        open.push(state);
    }
}

impl State {
    fn operand(&self, operand: &Operand) -> Value {
        match operand {
            Operand::Constant(value) => Value::Constant(*value),
            Operand::Register(register) => self.path.register(*register),
        }
    }

    fn emit(&mut self, event: Event, data: &[&Value]) {
        let mut depends = self.control.clone();
        data.iter().for_each(|value| value.reads(&mut depends));
        self.path.events.push(event);
        self.path.dependencies.push(depends);
    }

    /// An instruction that does not branch.
    fn perform(&mut self, instruction: &Instruction) {
        match instruction {
            Instruction::Load(access, register) => {
                let read = Value::Read(self.path.events.len());
                self.emit(Event::Read(*access), &[]);
                self.path.registers.insert(*register, read);
            }
            Instruction::Store(access, value) => {
                let value = self.operand(value);
                self.emit(Event::Write(*access, value.clone()), &[&value]);
            }
            Instruction::Atomic(access, operation, register) => {
                let old = Value::Read(self.path.events.len());
                self.emit(Event::Read(*access), &[]);
                let new = match operation {
                    AtomicOperation::Exchange(value) => self.operand(value),
                    AtomicOperation::Apply(operation, value) => {
                        Value::apply(*operation, old.clone(), self.operand(value))
                    }
                    AtomicOperation::CompareAndSwap(expected, new) => {
                        let parts = [old.clone(), self.operand(expected), self.operand(new), old.clone()];
                        Value::IfEqual(Rc::new(parts))
                    }
                };
                self.emit(Event::AtomicWrite(*access, new.clone()), &[&new]);
                if let Some(register) = register {
                    self.path.registers.insert(*register, old);
                }
            }
            Instruction::Fence(fence) => self.emit(Event::Fence(*fence), &[]),
            Instruction::ProxyFence(fence) => self.emit(Event::ProxyFence(*fence), &[]),
            Instruction::Barrier { arrive, instance, resource, quorum } => {
                let occurrence = self.path.barriers().filter(|barrier| barrier.instance == *instance).count() as u32;
                let (resource, quorum) = (self.operand(resource), quorum.as_ref().map(|value| self.operand(value)));
                let barrier = Barrier { arrive: *arrive, instance: *instance, occurrence, resource, quorum };
                self.emit(Event::Barrier(barrier), &[]);
            }
            Instruction::Move(register, value) => {
                let value = self.operand(value);
                self.path.registers.insert(*register, value);
            }
            Instruction::Compute(operation, register, left, right) => {
                let value = Value::apply(*operation, self.operand(left), self.operand(right));
                self.path.registers.insert(*register, value);
            }
            Instruction::Branch(..) | Instruction::Goto(_) => {}
        }
    }
}
