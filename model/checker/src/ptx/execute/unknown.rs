//! Running a thread past reads whose values are not known yet, up to where it depends on one.
//!
//! PTX lets a relaxed read return what is written only because of what its thread does later, as long as that does not
//! depend on the read. So whoever looks for such executions leaves the value open. Registers computed from open values
//! are open, too, and hold zeros meanwhile; the thread is run again from its start when a value has become known. A
//! guard, an address, an operand of an atomic, a barrier's number and what lanes exchange are needed, and so is whatever
//! goes into the thread's own memory. Data to be stored elsewhere are not: they may be told later.

use super::access::Place;
use super::run::{Interpreter, MOST_STEPS, not_understood};
use super::thread::PtxThread;
use crate::program::{Coordinates, Fault, Next, SiteIndex, Unknown};
use crate::ptx::code::step::Base;
use crate::ptx::code::{Instruction, Pc, Register, Source, Step};
use smallvec::SmallVec;

/// The reads that a value comes from.
type Reads = SmallVec<[u32; 2]>;

impl Interpreter {
    /// The thread's next operation, or the values that it needs first.
    ///
    /// # Errors
    /// What the thread does wrong, or an instruction that is not understood.
    pub fn next_of(&self, at: Coordinates, thread: &mut PtxThread, unknown: &mut Unknown) -> Result<Next, Fault> {
        for _ in 0..MOST_STEPS {
            if unknown.registers.is_empty() || thread.broken.is_some() {
                unknown.data.clear();
                return self.next(at, thread).map(|(operation, site)| Next::Operation(operation, site));
            }
            let pc = thread.pc;
            let instruction = self.code.instruction(pc);
            unknown.data.clear();
            // What follows a branch depends on what it asked for; and whoever waits at a barrier goes on behind all who come.
            let for_all = instruction.is_branch() || matches!(instruction.step, Step::Barrier(_) | Step::Warp(_));
            let guard = instruction.guard.map(|guard| reads_of(unknown, [guard.register].into_iter()));
            if let Some(reads) = guard.filter(|reads| !reads.is_empty()) {
                return Ok(Next::Needs { reads, for_all, site: SiteIndex(pc) });
            }
            let sources = instruction.step.sources().into_iter().filter_map(Source::register);
            let reads = reads_of(unknown, sources);
            if reads.is_empty() {
                if let Some(next) = self.one(at, thread, unknown, instruction, pc)? {
                    return Ok(next);
                }
                continue;
            }
            match self.holds(thread, instruction) {
                false => thread.pc = pc + 1,
                true if matches!(instruction.step, Step::Compute { .. } | Step::ComputePair { .. }) => {
                    if self.follows_taint(thread) {
                        self.pass_taint(at, thread)?;
                    }
                    for register in instruction.defines() {
                        thread.registers[register.0 as usize] = 0;
                        unknown.registers.insert(register.0, reads.clone());
                    }
                    thread.pc = pc + 1;
                }
                true if self.stores_elsewhere(at, thread, unknown, instruction) => {
                    unknown.data = reads;
                    if let Some(operation) = self.single(at, thread)? {
                        return Ok(Next::Operation(operation, SiteIndex(pc)));
                    }
                }
                true => return Ok(Next::Needs { reads, for_all, site: SiteIndex(pc) }),
            }
        }
        Err(not_understood(format!("the thread ran {MOST_STEPS} instructions without any effect"), thread.pc))
    }

    /// Leaves what the last operation read unknown.
    pub fn supply_unknown(&self, thread: &PtxThread, unknown: &mut Unknown, number: u32) -> bool {
        let Some(pc) = self.before(thread) else { return false };
        let registers = self.code.instruction(pc).defines();
        registers.iter().for_each(|register| {
            unknown.registers.insert(register.0, SmallVec::from_slice(&[number]));
        });
        true
    }

    /// Whether an instruction stores to memory that is not the thread's own, at an address that is known.
    fn stores_elsewhere(
        &self,
        at: Coordinates,
        thread: &PtxThread,
        unknown: &Unknown,
        instruction: &Instruction,
    ) -> bool {
        let Step::Store { space, address, sources, element, .. } = &instruction.step else { return false };
        let base = match address.base {
            Base::Value(source) => source.register(),
            Base::Variable(_) => None,
        };
        let bytes = element.width.bytes() * sources.len() as u64;
        base.is_none_or(|base| !unknown.registers.contains_key(&base.0))
            && matches!(self.place(at, thread, *space, *address, bytes), Ok(Place::Instance(_)))
    }

    fn holds(&self, thread: &PtxThread, instruction: &Instruction) -> bool {
        instruction.guard.is_none_or(|guard| (thread.registers[guard.register.0 as usize] == 0) == guard.negated)
    }

    /// One instruction of which all is known.
    fn one(
        &self,
        at: Coordinates,
        thread: &mut PtxThread,
        unknown: &mut Unknown,
        instruction: &Instruction,
        pc: Pc,
    ) -> Result<Option<Next>, Fault> {
        let holds = self.holds(thread, instruction);
        let yielded = self.single(at, thread)?;
        if holds {
            for register in instruction.defines() {
                unknown.registers.remove(&register.0);
            }
        }
        Ok(yielded.map(|operation| Next::Operation(operation, SiteIndex(pc))))
    }
}

fn reads_of(unknown: &Unknown, registers: impl Iterator<Item = Register>) -> Reads {
    let mut reads = Reads::new();
    for register in registers {
        for read in unknown.registers.get(&register.0).into_iter().flatten() {
            if !reads.contains(read) {
                reads.push(*read);
            }
        }
    }
    reads
}
