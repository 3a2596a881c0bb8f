//! What a copy does, once it is started.

use super::{Copies, RECORD, STARTED, Word, say, wait, word};
use crate::program::{
    AtomicFunction, Condition, Coordinates, Location, Operation, SiteIndex, VectorElement, Width, mbarrier,
};
use crate::ptx::code::step::{BulkCopy, BulkSource};
use crate::ptx::code::{Code, Step};
use arverify_protocol::ir::{Compare, Order, Scope, Semantics};
use smallvec::SmallVec;

/// The most bytes that are copied in one access.
const MOST: u64 = 128;

/// What does not belong to the kernel has no statement.
const NOWHERE: SiteIndex = SiteIndex(u32::MAX - 1);

/// What a copy is told: the instruction, where to, where from, how many bytes, the object, and values.
pub(in crate::ptx) struct Record {
    /// The instruction.
    pub(in crate::ptx) pc: u32,
    /// First byte written.
    pub(in crate::ptx) to: Location,
    /// First byte read, unless there are values.
    pub(in crate::ptx) from: Option<Location>,
    /// How many.
    pub(in crate::ptx) bytes: u64,
    /// The object.
    pub(in crate::ptx) object: Option<Location>,
    /// What is written, where no memory is read.
    pub(in crate::ptx) values: [u8; 16],
}

/// Bits of a byte's place in its instance.
const PLACE: u32 = 40;

fn packed(at: Option<Location>) -> u64 {
    at.map_or(u64::MAX, |at| u64::from(at.instance) << PLACE | at.byte)
}

fn unpacked(word: u64) -> Option<Location> {
    let at = Location { instance: (word >> PLACE) as u32, byte: word & ((1 << PLACE) - 1) };
    (word != u64::MAX).then_some(at)
}

impl Record {
    /// As it is written down.
    pub(in crate::ptx) fn store(&self, entry: Location) -> Operation {
        let words = [u64::from(self.pc), packed(Some(self.to)), packed(self.from), self.bytes, packed(self.object)];
        let mut data: SmallVec<[u8; 16]> = words.into_iter().flat_map(u64::to_le_bytes).collect();
        data.extend_from_slice(&self.values);
        data.resize(RECORD as usize, 0);
        Operation::Store { at: entry, data }
    }

    /// Of a copy with zeros behind: how many bytes are read.
    fn bytes_read(&self) -> u64 {
        u64::from(u32::from_le_bytes([0, 1, 2, 3].map(|index| self.values[index]))).min(self.bytes)
    }

    /// Of an arrival: which copies of the block it waits for.
    fn copies_before(&self) -> std::ops::Range<u32> {
        let number = |from: usize| {
            let bytes = [0, 1, 2, 3].map(|index| self.values[from + index]);
            u32::from_le_bytes(bytes)
        };
        number(0)..number(4)
    }

    fn read(bytes: &[u8]) -> Option<Record> {
        let word = |index: usize| {
            let word = bytes.get(index * 8..index * 8 + 8)?;
            word.try_into().ok().map(u64::from_le_bytes)
        };
        Some(Record {
            pc: word(0)? as u32,
            to: unpacked(word(1)?)?,
            from: unpacked(word(2)?),
            bytes: word(3)?,
            object: unpacked(word(4)?),
            values: bytes.get(40..56)?.try_into().ok()?,
        })
    }
}

/// How far a copy is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Stage {
    /// It has yet to wait until it is started.
    #[default]
    Waits,
    /// It is told whether it is.
    Asks,
    /// It is told what to copy.
    Learns,
    /// It has read so many bytes.
    Reads(u64),
    /// It has written so many bytes.
    Writes(u64),
    /// It is done.
    Ends,
}

/// A copy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Work {
    stage: Stage,
    asked: u64,
    told: Box<[u8]>,
    held: Vec<u8>,
}

impl Work {
    /// The word that it has read.
    pub(in crate::ptx) fn supply(&mut self, word: u64) {
        self.asked = word;
    }

    /// The bytes that it has read.
    pub(in crate::ptx) fn supply_bytes(&mut self, bytes: &[u8]) {
        match self.stage {
            Stage::Learns => self.told = bytes.into(),
            _ => self.held.extend_from_slice(bytes),
        }
    }

    /// What it does next.
    pub(in crate::ptx) fn next(&mut self, copies: &Copies, code: &Code, at: Coordinates) -> (Operation, SiteIndex) {
        let Some(entry) = copies.own_entry(at) else { return self.end() };
        match self.stage {
            Stage::Waits => {
                self.stage = Stage::Asks;
                let semantics = Semantics { order: Order::Acquire, scope: Scope::Sys };
                let condition = Condition { compare: Compare::NotEqual, value: 0 };
                let (at, width) = (word(entry, Word::Asked), Width::Four);
                return (Operation::Await { at, width, condition, semantics, returns: true }, NOWHERE);
            }
            Stage::Asks if self.asked != STARTED => return self.end(),
            Stage::Asks => {
                self.stage = Stage::Learns;
                return (Operation::Load { at: entry, bytes: RECORD as u32 }, NOWHERE);
            }
            Stage::Ends => return self.end(),
            Stage::Learns | Stage::Reads(_) | Stage::Writes(_) => {}
        }
        let Some(record) = Record::read(&self.told) else { return self.end() };
        let Some(Step::Bulk(copy)) = code.instructions.get(record.pc as usize).map(|found| &found.step) else {
            return self.end();
        };
        if copy.from == BulkSource::Arrival {
            return (self.arrive(&record, copy, (copies, at, entry)), SiteIndex(record.pc));
        }
        (self.transfer(&record, copy, entry), SiteIndex(record.pc))
    }

    /// The copies before it are waited for, one after the other; it says so to the arrivals behind it, and arrives.
    fn arrive(
        &mut self,
        record: &Record,
        copy: &BulkCopy,
        (copies, at, entry): (&Copies, Coordinates, Location),
    ) -> Operation {
        if !matches!(self.stage, Stage::Writes(_)) {
            let done = if let Stage::Reads(done) = self.stage { done } else { 0 };
            let before = record.copies_before();
            let next = before.start + done as u32;
            if let Some(entry) = before.contains(&next).then(|| copies.beside(at, next)).flatten() {
                self.stage = Stage::Reads(done + 1);
                return wait(entry, Word::Done);
            }
            self.stage = Stage::Writes(0);
            return say(entry, Word::Done);
        }
        self.stage = Stage::Ends;
        match (record.object, &copy.signals) {
            (Some(at), Some((_, _, function))) => signal(at, *function, 1, Scope::Cta),
            _ => Operation::Exit,
        }
    }

    fn end(&mut self) -> (Operation, SiteIndex) {
        *self = Work { stage: Stage::Ends, ..Work::default() };
        (Operation::Exit, NOWHERE)
    }

    fn transfer(&mut self, record: &Record, copy: &BulkCopy, entry: Location) -> Operation {
        if self.stage == Stage::Learns {
            if record.from.is_none() {
                self.held = record.values[..(record.bytes as usize).min(record.values.len())].to_vec();
            }
            self.stage = Stage::Reads(if record.from.is_none() { record.bytes } else { 0 });
        }
        if let Stage::Reads(done) = self.stage {
            let all = if let BulkSource::Padded(..) = copy.from { record.bytes_read() } else { record.bytes };
            if let Some(from) = record.from.filter(|_| done < all) {
                let at = Location { byte: from.byte + done, ..from };
                let bytes = piece(at, all - done);
                self.stage = Stage::Reads(done + bytes);
                return Operation::Load { at, bytes: bytes as u32 };
            }
            // What is not read is zero.
            self.held.resize(record.bytes as usize, 0);
            self.stage = Stage::Writes(0);
            if record.object.is_none() {
                return say(entry, Word::HasRead);
            }
        }
        let done = match self.stage {
            Stage::Writes(done) => done,
            _ => record.bytes,
        };
        if done < record.bytes {
            return self.write(record, copy, done);
        }
        self.stage = Stage::Ends;
        match (record.object, &copy.signals) {
            (Some(at), Some((_, _, function))) => {
                let bytes = u64::from((record.bytes as u32).wrapping_neg()) << mbarrier::OPERAND_BYTES;
                signal(at, *function, bytes, Scope::Cluster)
            }
            _ => say(entry, Word::Done),
        }
    }

    fn write(&mut self, record: &Record, copy: &BulkCopy, done: u64) -> Operation {
        let at = Location { byte: record.to.byte + done, ..record.to };
        let held = |bytes: u64| self.held.get(done as usize..(done + bytes) as usize).unwrap_or_default();
        let Some((function, width)) = copy.combines else {
            let bytes = match copy.from {
                BulkSource::Memory(..) | BulkSource::Padded(..) | BulkSource::Arrival => piece(at, record.bytes - done),
                BulkSource::Values(_, width) => width.bytes(),
            };
            let data = held(bytes).into();
            self.stage = Stage::Writes(done + bytes);
            return Operation::Store { at, data };
        };
        let mut operand = [0; 8];
        let bytes = held(width.bytes());
        operand[..bytes.len()].copy_from_slice(bytes);
        self.stage = Stage::Writes(done + width.bytes());
        let scope = if record.from.is_some() { Scope::Gpu } else { Scope::Cluster };
        Operation::Atomic {
            at,
            width,
            function,
            operand: u64::from_le_bytes(operand),
            expected: 0,
            semantics: Semantics { order: Order::Relaxed, scope },
            returns: false,
            element: VectorElement::SCALAR,
        }
    }
}

/// What a copy does to an mbarrier object once it is done.
fn signal(at: Location, function: AtomicFunction, operand: u64, scope: Scope) -> Operation {
    Operation::Atomic {
        at,
        width: Width::Eight,
        function,
        operand,
        expected: 0,
        semantics: Semantics { order: Order::Release, scope },
        returns: false,
        element: VectorElement::SCALAR,
    }
}

/// Bytes of the next access: aligned to its size.
fn piece(at: Location, left: u64) -> u64 {
    let aligned = if at.byte == 0 { MOST } else { 1 << at.byte.trailing_zeros().min(MOST.trailing_zeros()) };
    let largest = 1 << left.ilog2();
    MOST.min(aligned).min(largest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_down_is_read_again() {
        let at = |instance, byte| Location { instance, byte };
        let record = Record { pc: 7, to: at(3, 128), from: None, bytes: 16, object: Some(at(9, 8)), values: [5; 16] };
        let Operation::Store { data, .. } = record.store(at(0, 0)) else { panic!("a store") };
        let read = Record::read(&data).unwrap();
        assert_eq!((read.pc, read.to, read.from, read.bytes), (7, at(3, 128), None, 16));
        assert_eq!((read.object, read.values), (Some(at(9, 8)), [5; 16]));
    }

    #[test]
    fn pieces_are_aligned() {
        let at = |byte| Location { instance: 0, byte };
        assert_eq!([piece(at(0), 1024), piece(at(16), 1024), piece(at(96), 48), piece(at(0), 48)], [128, 16, 32, 32]);
    }
}
