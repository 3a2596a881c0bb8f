//! A thread's whole data phase in one step, for back ends that execute and do not check.
//!
//! [`Cursor::next`] yields a data phase vector by vector, which a checker needs and which costs an evaluation of
//! every address for each 16 bytes. The places of a phase depend on registers that do not change during it, so the
//! vectors differ by a shift only. [`Cursor::next_step`] therefore yields all of them as one [`Sweep`] and moves past
//! the phase. The road not taken: recognising the shift from two consecutive chunks, which is a guess.
//!
//! Not modelled: interleaving with other threads between two vectors of a phase. The accesses are weak, so a verified
//! protocol orders them as a whole.

use super::{Address, Cursor, Fault, Operation, Position, address};
use crate::code::{Code, Fold, Instruction, PlaceCode, SiteId};
use crate::ids::LocalId;
use crate::ir::{Reduction, Tail};
use smallvec::SmallVec;

/// All vectors of one thread's data phase: `destination[i] := fold of sources[j][i]` for the elements i of the vectors
/// that start at `first`, `first + step`, … below `limit`.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// Element 0 of the row written.
    pub destination: Address,
    /// Element 0 of each row read, in order of reduction.
    pub sources: SmallVec<[Address; 8]>,
    /// `None` copies the single source.
    pub operation: Option<Reduction>,
    /// Where the first vector starts, in elements of the row.
    pub first: u64,
    /// Vectors start below this, in elements of the row.
    pub limit: u64,
    /// Elements from one vector to the next; positive.
    pub step: u64,
    /// What happens to a vector that reaches beyond the limit.
    pub tail: Tail,
}

/// What a thread does next: a data phase as a whole, or one operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A data phase with at least one vector.
    Sweep(Sweep),
    /// Any other operation; never [`Operation::Chunk`] at the start of a phase.
    Operation(Operation),
}

/// Instructions from a phase's chunk to the instruction after its loop: the chunk, the increment, the jump.
const CHUNK_TO_END: u32 = 3;

impl Cursor {
    /// As [`Cursor::next`], but a data phase that begins is yielded whole.
    pub fn next_step(&mut self, code: &Code, position: &Position<'_>) -> Result<(Step, SiteId), (Fault, SiteId)> {
        for _ in 0..super::INSTRUCTIONS_WITHOUT_OPERATION {
            let (instruction, site) = &code.instructions[self.program_counter as usize];
            if let Instruction::Chunk { destination, position: at, limit, tail, fold } = instruction {
                let sweep = self.sweep(code, position, destination, (*at, *limit), *tail, fold);
                let sweep = sweep.map_err(|fault| (fault, *site))?;
                self.program_counter += CHUNK_TO_END;
                return Ok((Step::Sweep(sweep), *site));
            }
            let operation = self.execute(code, position, instruction).map_err(|fault| (fault, *site))?;
            if let Some(operation) = operation {
                return Ok((Step::Operation(operation), *site));
            }
        }
        let site = code.instructions[self.program_counter as usize].1;
        Err((Fault::Runaway(super::INSTRUCTIONS_WITHOUT_OPERATION), site))
    }

    fn sweep(
        &mut self,
        code: &Code,
        position: &Position<'_>,
        destination: &PlaceCode,
        (at, limit): (LocalId, LocalId),
        tail: Tail,
        fold: &Fold,
    ) -> Result<Sweep, Fault> {
        let first = self.registers[at.index()];
        if first < 0 {
            return Err(Fault::Position { first });
        }
        let limit = self.registers[limit.index()] as u64;
        let step = self.step_of(code, position)?;
        let target = address(&self.environment(code, position), destination)?;
        let mut sources = SmallVec::new();
        let operation = match fold {
            Fold::Copy { source } => {
                sources.push(address(&self.environment(code, position), source)?);
                None
            }
            Fold::Reduce { operation, variable, from, to, source } => {
                let environment = self.environment(code, position);
                let (from, to) = (environment.evaluate(from)?, environment.evaluate(to)?);
                for value in from..to {
                    self.registers[variable.index()] = value;
                    sources.push(address(&self.environment(code, position), source)?);
                }
                if sources.is_empty() {
                    return Err(Fault::EmptyReduction);
                }
                Some(*operation)
            }
        };
        Ok(Sweep { destination: target, sources, operation, first: first as u64, limit, step, tail })
    }

    /// The step of the phase whose chunk is next: what its increment, the next instruction, adds to the position.
    fn step_of(&self, code: &Code, position: &Position<'_>) -> Result<u64, Fault> {
        let Some((Instruction::Let { local, value }, _)) = code.instructions.get(self.program_counter as usize + 1)
        else {
            unreachable!("a chunk is followed by the increment of its position");
        };
        let next = self.environment(code, position).evaluate(value)?;
        let step = next - self.registers[local.index()];
        if step <= 0 {
            return Err(Fault::Step { step });
        }
        Ok(step as u64)
    }
}
