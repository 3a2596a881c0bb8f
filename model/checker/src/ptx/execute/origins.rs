//! Which reads the values of a thread come from: data through registers, and the branches that asked for them (lemma L6).
//!
//! Nothing is followed while no register holds what was read. Own memory is not followed: what comes out of it counts as
//! coming from nowhere, so that a dependency may be missed and none is made up.

use super::run::{Interpreter, MOST_STEPS, not_understood};
use super::thread::PtxThread;
use crate::program::origins::add_reads;
use crate::program::{Coordinates, Dependencies, Fault, Operation, Read, Reads, SiteIndex};
use crate::ptx::code::step::{Exchange, Warp};
use crate::ptx::code::{Instruction, Register, Source, Step};
use std::collections::BTreeMap;

/// Where the values of a thread come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Origins {
    /// By register; none that comes from nowhere.
    pub(super) registers: BTreeMap<u32, Reads>,
    /// Of the operation yielded last.
    last: Dependencies,
}

impl Origins {
    fn of(&self, registers: impl Iterator<Item = Register>) -> Reads {
        let mut reads = Reads::new();
        registers.filter_map(|register| self.registers.get(&register.0)).for_each(|known| add_reads(&mut reads, known));
        reads
    }

    fn set(&mut self, register: Register, reads: Reads) {
        if reads.is_empty() {
            self.registers.remove(&register.0);
        } else {
            self.registers.insert(register.0, reads);
        }
    }
}

impl PtxThread {
    /// From now on it is told where values come from.
    pub fn follow(&mut self) {
        self.origins = Some(Box::default());
    }

    /// What the operation yielded last depends on; told once.
    pub fn take_dependencies(&mut self) -> Dependencies {
        self.origins.as_mut().map(|origins| std::mem::take(&mut origins.last)).unwrap_or_default()
    }

    /// Whether some register holds what was read.
    pub(super) fn holds_reads(&self) -> bool {
        self.origins.as_ref().is_some_and(|origins| !origins.registers.is_empty())
    }
}

impl Interpreter {
    /// The thread's next operation, and what it depends on.
    pub(super) fn run_followed(
        &self,
        at: Coordinates,
        thread: &mut PtxThread,
        waits: bool,
    ) -> Result<(Operation, SiteIndex), Fault> {
        for _ in 0..MOST_STEPS {
            if thread.broken.is_some() || !thread.holds_reads() {
                return self.run(at, thread, waits);
            }
            let pc = thread.pc;
            let instruction = self.code.instruction(pc);
            let holds = instruction
                .guard
                .is_none_or(|guard| (thread.registers[guard.register.0 as usize] == 0) == guard.negated);
            let yielded = self.single(at, thread)?;
            if let Some(operation) = yielded.as_ref().filter(|_| waits) {
                let next = std::mem::replace(&mut thread.pc, pc);
                if let Some(spin) = self.spin(thread, operation) {
                    return Ok((spin, SiteIndex(pc)));
                }
                thread.pc = next;
            }
            if let Some(origins) = &mut thread.origins {
                origins.pass(instruction, holds, yielded.is_some());
            }
            if let Some(operation) = yielded {
                return Ok((operation, SiteIndex(pc)));
            }
        }
        Err(not_understood(format!("the thread ran {MOST_STEPS} instructions without any effect"), thread.pc))
    }

    /// What the last operation read comes from these reads.
    pub fn came_from(&self, thread: &mut PtxThread, reads: &[Read]) {
        let Some(pc) = self.before(thread) else { return };
        // An update that gives nothing.
        if thread.updates.is_some() {
            return;
        }
        let Some(origins) = &mut thread.origins else { return };
        for register in self.code.instruction(pc).defines() {
            origins.set(register, Reads::from_slice(reads));
        }
    }

    /// What the thread was given at a barrier comes from what these brought, by thread of the block.
    pub fn gathered_from(&self, at: Coordinates, thread: &mut PtxThread, brought: &[(u32, Reads)]) {
        let Some(pc) = thread.pc.checked_sub(1).filter(|_| thread.origins.is_some()) else { return };
        let mut reads = Reads::new();
        let from = match &self.code.instruction(pc).step {
            Step::Warp(warp) => self.lane_read(at, thread, warp, brought),
            _ => None,
        };
        let counts = |who: u32| from.is_none_or(|from| from == Some(who));
        brought.iter().filter(|(who, _)| counts(*who)).for_each(|(_, known)| add_reads(&mut reads, known));
        self.came_from(thread, &reads);
    }

    /// Of a shuffle, the one thread whose value is read, if there is one. Asked for by giving each its own number.
    fn lane_read(
        &self,
        at: Coordinates,
        thread: &PtxThread,
        warp: &Warp,
        brought: &[(u32, Reads)],
    ) -> Option<Option<u32>> {
        let Exchange::Shuffle { destination, .. } = warp.exchange else { return None };
        let numbers: Vec<(u32, u64)> = brought.iter().map(|(who, _)| (*who, u64::from(*who))).collect();
        let mut asked = thread.clone();
        self.gathered(at, &mut asked, &numbers);
        Some(destination.filter(|_| asked.broken.is_none()).map(|register| asked.value(register) as u32))
    }
}

impl Origins {
    /// A thread has passed an instruction.
    fn pass(&mut self, instruction: &Instruction, holds: bool, yields: bool) {
        let guard = self.of(instruction.guard.iter().map(|guard| guard.register));
        let mut reads = guard.clone();
        add_reads(&mut reads, &self.of(instruction.step.sources().into_iter().filter_map(Source::register)));
        if instruction.is_branch() {
            add_reads(&mut self.last.way, &reads);
            return;
        }
        if yields {
            self.last.operation = reads;
            // What it reads is told later.
            instruction.defines().into_iter().for_each(|register| self.set(register, Reads::new()));
            return;
        }
        let computes = matches!(instruction.step, Step::Compute { .. } | Step::ComputePair { .. });
        for register in instruction.defines() {
            let reads = match (holds, computes) {
                (true, true) => reads.clone(),
                (true, false) => Reads::new(),
                // Whether it keeps what it held depends on the guard.
                (false, _) => {
                    let mut kept = self.registers.get(&register.0).cloned().unwrap_or_default();
                    add_reads(&mut kept, &guard);
                    kept
                }
            };
            self.set(register, reads);
        }
    }
}
