//! One step of one thread: a memory access or a barrier, and then whatever touches no memory.
//!
//! Decision: a thread's own instructions before its first access are taken before the execution begins, so that they
//! are no step. A fence orders nothing that sequential consistency does not order already, and is none either. A loop
//! without any access is left standing at its place, where a step changes nothing.

use super::Inconclusive;
use super::progress::{Threads, bit, threads};
use super::state::{BarrierKey, Gathering, State};
use crate::litmus::{AtomicOperation, Instruction, Operand, Register, Test};
use rustc_hash::FxHashSet;
use std::collections::BTreeSet;

/// What steps need to know of a test.
pub(super) struct Stepper<'t> {
    pub(super) test: &'t Test,
    /// For each thread and instruction, the registers that are read from there on.
    live: Vec<Vec<BTreeSet<Register>>>,
}

impl<'t> Stepper<'t> {
    pub(super) fn new(test: &'t Test) -> Stepper<'t> {
        let live =
            test.threads.iter().map(|thread| crate::litmus::live_registers(&thread.instructions, BTreeSet::new()));
        Stepper { test, live: live.collect() }
    }

    /// The state before the first step.
    pub(super) fn initial(&self) -> Result<State, Inconclusive> {
        let registers = self.test.threads.iter().map(|thread| thread.initial.iter().copied().collect()).collect();
        let mut state = State {
            at: vec![0; self.test.threads.len()],
            registers,
            memory: self.test.initial.clone(),
            started: 0,
            barriers: Default::default(),
        };
        for thread in 0..self.test.threads.len() {
            self.settle(&mut state, thread)?;
        }
        Ok(state)
    }

    /// The state after a step of a thread; `None` if it cannot take one.
    pub(super) fn step(&self, state: &State, thread: usize) -> Result<Option<State>, Inconclusive> {
        if state.waiting() & bit(thread) != 0 {
            return Ok(None);
        }
        let Some((instruction, _)) = self.test.threads[thread].instructions.get(state.at[thread]) else {
            return Ok(None);
        };
        let mut next = state.clone();
        next.started |= bit(thread);
        match instruction {
            Instruction::Load(access, register) => {
                let value = next.memory[access.location.physical.index()];
                next.registers[thread].insert(*register, value);
            }
            Instruction::Store(access, value) => {
                next.memory[access.location.physical.index()] = state.value(thread, *value);
            }
            Instruction::Atomic(access, operation, register) => {
                let location = access.location.physical.index();
                let old = next.memory[location];
                next.memory[location] = self.combined(state, thread, old, operation)?;
                if let Some(register) = register {
                    next.registers[thread].insert(*register, old);
                }
            }
            Instruction::Barrier { arrive, instance, resource, quorum } => {
                next.at[thread] += 1;
                let quorum = quorum.map(|quorum| state.value(thread, quorum));
                let key = self.key(state, thread, *instance, quorum.map(|_| *resource));
                self.arrive(&mut next, thread, key, *arrive, quorum)?;
                return Ok(Some(next));
            }
            _ => return Ok(Some(next)),
        }
        next.at[thread] += 1;
        self.settle(&mut next, thread)?;
        Ok(Some(next))
    }

    fn combined(
        &self,
        state: &State,
        thread: usize,
        old: i64,
        operation: &AtomicOperation,
    ) -> Result<i64, Inconclusive> {
        match operation {
            AtomicOperation::Apply(operation, value) => {
                operation.apply(old, state.value(thread, *value)).ok_or(Inconclusive::Division)
            }
            AtomicOperation::Exchange(value) => Ok(state.value(thread, *value)),
            AtomicOperation::CompareAndSwap(expected, new) => {
                Ok(if old == state.value(thread, *expected) { state.value(thread, *new) } else { old })
            }
        }
    }

    /// Runs a thread up to its next access, barrier or end.
    fn settle(&self, state: &mut State, thread: usize) -> Result<(), Inconclusive> {
        let mut seen = FxHashSet::default();
        while let Some((instruction, _)) = self.test.threads[thread].instructions.get(state.at[thread]) {
            let mut next = state.at[thread] + 1;
            match instruction {
                Instruction::Load(..)
                | Instruction::Store(..)
                | Instruction::Atomic(..)
                | Instruction::Barrier { .. } => {
                    break;
                }
                Instruction::Fence(_) | Instruction::ProxyFence(_) => {}
                Instruction::Move(register, value) => {
                    let value = state.value(thread, *value);
                    state.registers[thread].insert(*register, value);
                }
                Instruction::Compute(operation, register, left, right) => {
                    let result = operation.apply(state.value(thread, *left), state.value(thread, *right));
                    state.registers[thread].insert(*register, result.ok_or(Inconclusive::Division)?);
                }
                Instruction::Branch(comparison, left, right, target) => {
                    if comparison.holds(state.value(thread, *left), state.value(thread, *right)) {
                        next = *target;
                    }
                }
                Instruction::Goto(target) => next = *target,
            }
            let again = next <= state.at[thread];
            state.at[thread] = next;
            if again && !seen.insert((next, state.registers[thread].clone())) {
                break;
            }
            if seen.len() > super::STATE_LIMIT {
                return Err(Inconclusive::States);
            }
        }
        let live = &self.live[thread][state.at[thread]];
        state.registers[thread].retain(|register, value| *value != 0 && live.contains(register));
        Ok(())
    }

    fn block(&self, thread: usize) -> impl Iterator<Item = usize> + '_ {
        let place = move |thread: usize| self.test.threads[thread].placement;
        (0..self.test.threads.len()).filter(move |other| place(*other) == place(thread))
    }

    fn key(&self, state: &State, thread: usize, instance: u32, resource: Option<Operand>) -> BarrierKey {
        let block = self.block(thread).next().unwrap_or(thread);
        (block, instance, resource.map(|resource| state.value(thread, resource)))
    }

    /// A thread comes to a barrier; whoever waits there goes on if that completes it.
    fn arrive(
        &self,
        state: &mut State,
        thread: usize,
        key: BarrierKey,
        arrive: bool,
        quorum: Option<i64>,
    ) -> Result<(), Inconclusive> {
        let holds = |other: &usize| {
            let text = &self.test.threads[*other].instructions;
            text.iter().any(|(it, _)| matches!(it, Instruction::Barrier { instance, .. } if *instance == key.1))
        };
        let expected: Threads = self.block(thread).filter(holds).map(bit).sum();
        let gathering: &mut Gathering = state.barriers.entry(key).or_default();
        if gathering.arrived & bit(thread) != 0 {
            return Err(Inconclusive::Barrier);
        }
        gathering.arrived |= bit(thread);
        if !arrive {
            gathering.waiting |= bit(thread);
        }
        let count = i64::from(gathering.arrived.count_ones());
        let complete = quorum.map_or(gathering.arrived == expected, |quorum| count >= quorum);
        let mut released = if arrive { bit(thread) } else { 0 };
        if complete {
            released |= std::mem::take(&mut gathering.waiting);
            if gathering.arrived == expected {
                state.barriers.remove(&key);
            }
        }
        for thread in threads(released) {
            self.settle(state, thread.index())?;
        }
        Ok(())
    }
}
