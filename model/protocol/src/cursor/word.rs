//! Words of elements that are sent and received: how a thread loads, marks, folds and stores them.
//!
//! A word is 4 bytes of the partition's elements: one f32, or two 16-bit elements, the last of an odd number alone. The
//! totals of a reduction are two f32 in one register, rounded after each step as [`DataType::fold_one`] rounds.

use super::{Address, Cursor, Fault, Operation, Position, address, element_address};
use crate::code::{Code, Instruction, PlaceCode};
use crate::evaluate::Environment;
use crate::ids::LocalId;
use crate::ir::{Compare, Marking, Reduction, SENTINEL};

/// What an instruction on words leads to: the register that it assigns with its value, and what it does to memory.
type Outcome = (Option<(LocalId, i64)>, Option<Operation>);

impl Cursor {
    /// The instructions on words.
    pub(super) fn word(
        &self,
        code: &Code,
        position: &Position<'_>,
        instruction: &Instruction,
    ) -> Result<Outcome, Fault> {
        let environment = self.environment(code, position);
        let start = |at: &LocalId| self.start_of_word(code, *at);
        let elements = |at: &LocalId, limit: &LocalId| {
            let left = self.registers[limit.index()] - self.registers[at.index()];
            left.min(i64::from(code.sizes.data.word())) as u32
        };
        let operation = match instruction {
            Instruction::Take { place, position: at, limit, .. } => {
                let address = shifted(element_address(&environment, place)?, start(at)?);
                Operation::Take { address, elements: elements(at, limit) }
            }
            Instruction::Put { totals, place, position: at, limit } => {
                let address = shifted(element_address(&environment, place)?, start(at)?);
                let word = self.rounded(code, *totals);
                Operation::Put { address, elements: elements(at, limit), word }
            }
            Instruction::Send { data, place, position: at, marking, semantics } => {
                let address = word_address(&environment, place, start(at)? / u64::from(code.sizes.data.word()))?;
                let word = self.registers[data.index()] as u32;
                let (value, packet) = match marking {
                    Marking::Flag(flag) => (u64::from(environment.word(flag)?) | u64::from(word) << 32, true),
                    Marking::Sentinel => (u64::from(code.sizes.data.without_negative_zeros(word)), false),
                };
                Operation::Send { address, value, packet, semantics: *semantics }
            }
            Instruction::Receive { place, position: at, marking, semantics, .. } => {
                let address = word_address(&environment, place, start(at)? / u64::from(code.sizes.data.word()))?;
                let (compare, value, packet) = match marking {
                    Marking::Flag(flag) => (Compare::Equal, environment.word(flag)?, true),
                    Marking::Sentinel => (Compare::NotEqual, SENTINEL, false),
                };
                Operation::Receive { address, packet, compare, value, semantics: *semantics }
            }
            Instruction::Fold { totals, data, first, operation } => {
                let first = environment.compute(first)? != 0;
                return Ok((Some((*totals, self.folded(code, *totals, *data, first, *operation))), None));
            }
            Instruction::CheckSources { from, to } => {
                if environment.compute(from)? >= environment.compute(to)? {
                    return Err(Fault::EmptyReduction);
                }
                return Ok((None, None));
            }
            other => unreachable!("{other:?} is not about words"),
        };
        Ok((None, Some(operation)))
    }

    /// The element at which a word begins.
    fn start_of_word(&self, code: &Code, at: LocalId) -> Result<u64, Fault> {
        let first = self.registers[at.index()];
        if first < 0 {
            return Err(Fault::Position { first });
        }
        let elements = code.sizes.data.word();
        if first % i64::from(elements) != 0 {
            return Err(Fault::Word { first, elements });
        }
        Ok(first as u64)
    }

    /// The totals with one word more, as two f32.
    fn folded(&self, code: &Code, totals: LocalId, data: LocalId, first: bool, operation: Reduction) -> i64 {
        let sizes = &code.sizes;
        let (old, word) = (self.registers[totals.index()] as u64, self.registers[data.index()] as u32);
        let mut new = 0;
        for element in 0..sizes.data.word() {
            let shift = 32 * element;
            let total = (!first).then(|| f32::from_bits((old >> shift) as u32));
            let bits = sizes.data.element_of_word(word, element);
            new |= u64::from(sizes.data.fold_one(operation, sizes.accumulate, total, bits).to_bits()) << shift;
        }
        new as i64
    }

    /// The totals, rounded to elements.
    fn rounded(&self, code: &Code, totals: LocalId) -> u32 {
        let (data, totals) = (code.sizes.data, self.registers[totals.index()] as u64);
        let element = |element: u32| data.from_f32(f32::from_bits((totals >> (32 * element)) as u32));
        match data.word() {
            1 => element(0),
            _ => element(0) | element(1) << 16,
        }
    }
}

fn shifted(address: Address, by: u64) -> Address {
    Address { index: address.index + by, ..address }
}

/// A word of a row.
fn word_address(environment: &Environment<'_>, place: &PlaceCode, word: u64) -> Result<Address, Fault> {
    let row = address(environment, place)?;
    if word >= place.row {
        let dimension = place.indices.len() as u32;
        return Err(Fault::Index { buffer: place.buffer, dimension, index: word as i64, extent: place.row });
    }
    Ok(shifted(row, word))
}
