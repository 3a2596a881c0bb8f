//! A thread's whole data phase in one step, for back ends that execute and do not check.
//!
//! [`Cursor::next`] yields a data phase vector by vector, which a checker needs and which costs an evaluation of
//! every address for each 16 bytes. The places of a phase depend on registers that do not change during it, so the
//! vectors differ by a shift only. [`Cursor::next_step`] therefore yields all of them as one [`Sweep`] and moves past
//! the phase. The road not taken: recognising the shift from two consecutive chunks, which is a guess.
//!
//! Not modelled: interleaving with other threads between two vectors of a phase. The accesses are weak, so a verified
//! protocol orders them as a whole.

use super::{Address, Chunk, Cursor, Fault, Operation, Position, element_address, elements_of};
use crate::code::{Code, Fold, Instruction, PlaceCode, SiteId};
use crate::ids::LocalId;
use crate::ir::{Reduction, Tail, Width};
use smallvec::SmallVec;

/// All vectors of one thread's data phase: `destination[i] := fold of sources[j][i]` for the elements i of the vectors
/// that start at `first`, `first + step`, … below `limit`.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// Element 0 of what is written: of the row, or where the place's offset says.
    pub destination: Address,
    /// Element 0 of each source, in order of reduction.
    pub sources: SmallVec<[Address; 8]>,
    /// `None` copies the single source.
    pub operation: Option<Reduction>,
    /// Where the first vector starts, in elements from those.
    pub first: u64,
    /// Vectors start below this, in elements from those.
    pub limit: u64,
    /// Elements from one vector to the next; positive.
    pub step: u64,
    /// Elements of each vector.
    pub width: u64,
    /// What happens to a vector that reaches beyond the limit.
    pub tail: Tail,
}

/// What a thread does next: a data phase as a whole, or one operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A data phase with at least one vector.
    Sweep(Box<Sweep>),
    /// Any other operation; never [`Operation::Chunk`] at the start of a phase.
    Operation(Operation),
}

/// The vectors of a phase that a thread has yet to come to, but for a cut-off one, and the thread behind them.
#[derive(Clone, Debug, PartialEq)]
pub struct Rest {
    /// The first of them.
    pub first: Chunk,
    /// Elements from one to the next.
    pub step: u64,
    /// How many.
    pub count: u64,
    /// Elements from the first to where the last whole vector of the partition ends.
    pub length: u64,
    /// The thread as it is when it has performed them.
    pub then: Cursor,
    /// The statement.
    pub site: SiteId,
}

/// Instructions from a phase's chunk to the instruction after its loop: the chunk and the end of the loop.
const CHUNK_TO_END: u32 = 2;

impl Cursor {
    /// As [`Cursor::next`], but a data phase that begins is yielded whole.
    pub fn next_step(&mut self, code: &Code, position: &Position<'_>) -> Result<(Step, SiteId), (Fault, SiteId)> {
        for _ in 0..super::INSTRUCTIONS_WITHOUT_OPERATION {
            let (instruction, site) = &code.instructions[self.program_counter as usize];
            if let Instruction::Chunk { destination, position: at, limit, width, tail, fold, .. } = instruction {
                let sweep = self.sweep(code, position, destination, (*at, *limit), (*width, *tail), fold);
                let sweep = sweep.map_err(|fault| (fault, *site))?;
                self.program_counter += CHUNK_TO_END;
                return Ok((Step::Sweep(Box::new(sweep)), *site));
            }
            match self.execute(code, position, instruction) {
                Ok(Some(operation)) => return Ok((Step::Operation(operation), *site)),
                Ok(None) => {}
                Err(fault) => return Err((fault, *site)),
            }
        }
        let site = code.instructions[self.program_counter as usize].1;
        Err((Fault::Runaway(super::INSTRUCTIONS_WITHOUT_OPERATION), site))
    }

    /// What is left of a phase of which a vector was performed last, if that is at least `least` whole vectors. Phases on
    /// pipes are left alone.
    pub fn rest_of_phase(&self, code: &Code, position: &Position<'_>, least: u64) -> Option<Rest> {
        let (instruction, site) = code.instructions.get((self.program_counter as usize).checked_sub(1)?)?;
        let Instruction::Chunk { destination, position: at, limit, width, tail, fold, pipe: None } = instruction else {
            return None;
        };
        let mut then = Cursor { program_counter: self.program_counter - 1, ..self.clone() };
        let step = then.step_of(code, position).ok()?;
        let (limit, vector) = (then.registers[limit.index()], elements_of(code, *width));
        let first = then.registers[at.index()].checked_add_unsigned(step)?;
        let room = u64::try_from(limit.checked_sub(first)?).ok()?;
        let count = if room < vector { 0 } else { (room - vector) / step + 1 };
        if count < least {
            return None;
        }
        then.registers[at.index()] = first;
        let chunk = then.chunk(code, position, destination, (first, limit), (*width, *tail), fold).ok()??;
        then.registers[at.index()] = first + ((count - 1) * step) as i64;
        then.program_counter = self.program_counter;
        let length = room / vector * vector;
        Some(Rest { first: chunk, step, count, length, then, site: *site })
    }

    fn sweep(
        &mut self,
        code: &Code,
        position: &Position<'_>,
        destination: &PlaceCode,
        (at, limit): (LocalId, LocalId),
        (width, tail): (Width, Tail),
        fold: &Fold,
    ) -> Result<Sweep, Fault> {
        let first = self.registers[at.index()];
        if first < 0 {
            return Err(Fault::Position { first });
        }
        let limit = self.registers[limit.index()] as u64;
        let step = self.step_of(code, position)?;
        let target = element_address(&self.environment(code, position), destination)?;
        let mut sources = SmallVec::new();
        let operation = match fold {
            Fold::Copy { source } => {
                sources.push(element_address(&self.environment(code, position), source)?);
                None
            }
            Fold::Reduce { operation, accumulate, variable, from, to, source } => {
                sources.extend(accumulate.then_some(target));
                let environment = self.environment(code, position);
                let (from, to) = (environment.compute(from)?, environment.compute(to)?);
                for value in from..to {
                    self.registers[variable.index()] = value;
                    sources.push(element_address(&self.environment(code, position), source)?);
                }
                if sources.is_empty() {
                    return Err(Fault::EmptyReduction);
                }
                Some(*operation)
            }
        };
        let (first, width) = (first as u64, elements_of(code, width));
        Ok(Sweep { destination: target, sources, operation, first, limit, step, width, tail })
    }

    /// The step of the phase whose chunk is next: what its increment, the next instruction, adds to the position.
    fn step_of(&self, code: &Code, position: &Position<'_>) -> Result<u64, Fault> {
        let Some((Instruction::Repeat { variable, next, .. }, _)) =
            code.instructions.get(self.program_counter as usize + 1)
        else {
            unreachable!("a chunk is followed by the end of its loop");
        };
        let next = self.environment(code, position).compute(next)?;
        let step = next - self.registers[variable.index()];
        if step <= 0 {
            return Err(Fault::Step { step });
        }
        Ok(step as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;
    use crate::data::{Accumulate, DataType};
    use crate::evaluate::Sizes;

    /// The vectors of a sweep, as the checker sees them, but for the ends of rows.
    fn chunks(sweep: &Sweep) -> Vec<Chunk> {
        let vector = sweep.width;
        let starts = (sweep.first..sweep.limit).step_by(sweep.step as usize);
        let cut = |start: &u64| sweep.limit - start < vector;
        let kept = starts.filter(|start| sweep.tail != Tail::Drop || !cut(start));
        let shifted = |address: Address, by| Address { index: address.index + by, ..address };
        kept.map(|start| {
            let scalar = sweep.tail == Tail::Scalar && cut(&start);
            Chunk {
                destination: shifted(sweep.destination, start),
                sources: sweep.sources.iter().map(|source| shifted(*source, start)).collect(),
                operation: sweep.operation,
                elements: if scalar { sweep.limit - start } else { vector } as u32,
                vector: !scalar && vector > 1,
                row_end: 0,
                pipe: None,
            }
        })
        .collect()
    }

    #[test]
    fn a_sweep_is_the_phase_vector_by_vector() {
        let mut sweeps = 0;
        for document in catalogue::all().unwrap_or_else(|error| panic!("{error}")) {
            let protocol = document.resolve(&[]).unwrap_or_else(|error| panic!("{error}"));
            for elements in [0, 1, 3, 8, 13, 64, 101] {
                let (data, accumulate) = (DataType::F32, Accumulate::Own);
                let sizes = Sizes { ranks: 3, blocks: 2, threads: 4, elements, capacity: elements, data, accumulate };
                let code = Code::new(&protocol, &sizes, false).unwrap_or_else(|error| panic!("{error}"));
                for (rank, block, thread) in (0..24).map(|index| (index % 3, index / 3 % 2, index / 6)) {
                    let arguments = vec![1; protocol.arguments.len()];
                    let position = Position { rank, block, thread, launch: 0, grid: 2, arguments: &arguments };
                    sweeps += compare(&code, &position);
                }
            }
        }
        assert!(sweeps > 500, "only {sweeps} sweeps were compared");
    }

    #[test]
    fn the_rest_of_a_phase_is_what_follows() {
        let mut rests = 0;
        for document in catalogue::all().unwrap_or_else(|error| panic!("{error}")) {
            let protocol = document.resolve(&[]).unwrap_or_else(|error| panic!("{error}"));
            for elements in [64, 101, 208] {
                let (data, accumulate) = (DataType::F32, Accumulate::Own);
                let sizes = Sizes { ranks: 2, blocks: 1, threads: 2, elements, capacity: elements, data, accumulate };
                let code = Code::new(&protocol, &sizes, false).unwrap_or_else(|error| panic!("{error}"));
                for (rank, thread) in [(0, 0), (1, 0), (1, 1)] {
                    let arguments = vec![1; protocol.arguments.len()];
                    let position = Position { rank, block: 0, thread, launch: 0, grid: 1, arguments: &arguments };
                    rests += follow(&code, &position);
                }
            }
        }
        assert!(rests > 200, "only {rests} were compared");
    }

    fn follow(code: &Code, position: &Position<'_>) -> u32 {
        let mut cursor = Cursor::start(code);
        let mut rests = 0;
        loop {
            if let Some(rest) = cursor.rest_of_phase(code, position, 2) {
                rests += 1;
                for vector in 0..rest.count {
                    let (next, site) = cursor.next(code, position).unwrap_or_else(|(fault, _)| panic!("{fault}"));
                    let Operation::Chunk(next) = next else { panic!("not a vector") };
                    let shifted = |at: Address| Address { index: at.index + vector * rest.step, ..at };
                    let (destination, sources) = (rest.first.destination, &rest.first.sources);
                    assert_eq!((next.destination, site), (shifted(destination), rest.site));
                    assert_eq!(next.sources, sources.iter().map(|at| shifted(*at)).collect::<SmallVec<[_; 8]>>());
                    let kept = (next.operation, next.elements, next.vector);
                    assert_eq!(kept, (rest.first.operation, rest.first.elements, rest.first.vector));
                }
                assert_eq!(cursor, rest.then);
                assert!(cursor.rest_of_phase(code, position, 1).is_none(), "no whole vector is left");
            }
            match cursor.next(code, position).unwrap_or_else(|(fault, _)| panic!("{fault}")).0 {
                Operation::Exit => return rests,
                Operation::Load { .. }
                | Operation::Take { .. }
                | Operation::Receive { .. }
                | Operation::Atomic { returns: true, .. } => cursor.supply(code, 0),
                _ => {}
            }
        }
    }

    fn compare(code: &Code, position: &Position<'_>) -> u32 {
        let (mut whole, mut parts) = (Cursor::start(code), Cursor::start(code));
        let mut sweeps = 0;
        loop {
            let (step, site) = whole.next_step(code, position).unwrap_or_else(|(fault, _)| panic!("{fault}"));
            let mut next = || parts.next(code, position).unwrap_or_else(|(fault, _)| panic!("{fault}"));
            match step {
                Step::Sweep(sweep) => {
                    sweeps += 1;
                    for chunk in chunks(&sweep) {
                        let (Operation::Chunk(found), found_site) = next() else { panic!("not a vector") };
                        assert_eq!((Chunk { row_end: 0, ..*found }, found_site), (chunk, site));
                    }
                }
                Step::Operation(operation) => {
                    assert_eq!(next(), (operation.clone(), site));
                    match operation {
                        Operation::Exit => return sweeps,
                        Operation::Load { .. }
                        | Operation::Take { .. }
                        | Operation::Receive { .. }
                        | Operation::Atomic { returns: true, .. } => {
                            whole.supply(code, 0);
                            parts.supply(code, 0);
                        }
                        _ => {}
                    }
                }
            }
        }
    }
}
