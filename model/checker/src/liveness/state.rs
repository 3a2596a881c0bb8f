//! A state of a litmus test between steps.

use super::progress::Threads;
use crate::litmus::{Operand, Register, Test};
use std::collections::BTreeMap;

/// Which barrier: the block (by its lowest thread), the instance, and the resource where there is a quorum.
pub(super) type BarrierKey = (usize, u32, Option<i64>);

/// A barrier that somebody has arrived at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Gathering {
    /// Who has arrived.
    pub(super) arrived: Threads,
    /// Those of them that wait.
    pub(super) waiting: Threads,
}

/// A state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    /// The next instruction of each thread.
    pub(super) at: Vec<usize>,
    /// Registers that will be read; others count as 0.
    pub(super) registers: Vec<BTreeMap<Register, i64>>,
    /// Physical locations.
    pub(super) memory: Vec<i64>,
    /// Threads that have taken a step.
    pub(super) started: Threads,
    /// Barriers that are not all done.
    pub(super) barriers: BTreeMap<BarrierKey, Gathering>,
}

impl State {
    /// Threads that have not ended.
    pub(super) fn live(&self, test: &Test) -> Threads {
        let lives = |(thread, at): (usize, &usize)| {
            let ended = *at >= test.threads[thread].instructions.len() && self.waiting() >> thread & 1 == 0;
            Threads::from(!ended) << thread
        };
        self.at.iter().enumerate().map(lives).sum()
    }

    /// Threads that wait at a barrier.
    pub(super) fn waiting(&self) -> Threads {
        self.barriers.values().fold(0, |all, gathering| all | gathering.waiting)
    }

    /// An operand's value.
    pub(super) fn value(&self, thread: usize, operand: Operand) -> i64 {
        match operand {
            Operand::Constant(value) => value,
            Operand::Register(register) => self.registers[thread].get(&register).copied().unwrap_or(0),
        }
    }
}
