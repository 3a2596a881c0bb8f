//! Memory as locations of the axioms: ranges of bytes that are always accessed together.
//!
//! Decision: buffers are cut wherever some access begins or ends. What is cut in one range of a data phase is cut in
//! the others too, so that a phase maps whole ranges to whole ranges; each is one location, of which one element
//! stands for all: its accesses are the same, and weak accesses to one location order nothing about another. Not
//! modelled: strong accesses of different sizes that overlap, and words in buffers of elements.

use super::unfold::{Refusal, Unit};
use crate::program::{Definition, Expected, Location, Operation, Shape};
use std::collections::BTreeSet;
use std::ops::Range;

/// Buffers cut into locations, numbered from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cells {
    /// By instance: where its locations begin, and the end of the last.
    cuts: Vec<Vec<u64>>,
    /// By instance: the number of its first location.
    first: Vec<usize>,
    /// How many there are.
    pub(super) count: usize,
}

/// Ranges that are cut alike.
struct Together {
    starts: Vec<Location>,
    bytes: u64,
}

impl Cells {
    /// For the accesses of these threads, of the streams, and for the definition of the result.
    pub(super) fn new(shape: &Shape, units: &[Unit], expected: Option<Expectation>) -> Result<Cells, Refusal> {
        let mut cuts: Vec<BTreeSet<u64>> = shape.instances.iter().map(|_| BTreeSet::new()).collect();
        let mut together = Vec::new();
        for (index, instance) in shape.instances.iter().enumerate() {
            if instance.parts.iter().any(|part| part.refreshed) {
                cuts[index].extend([0, instance.bytes]);
            }
        }
        for step in units.iter().flat_map(|unit| &unit.steps) {
            match &step.operation {
                Operation::Read { at, width, .. }
                | Operation::Write { at, width, .. }
                | Operation::Await { at, width, .. }
                | Operation::Atomic { at, width, .. } => {
                    if shape.part(*at).element.is_some() {
                        return Err(Refusal::Unsupported("a word in a buffer of elements"));
                    }
                    cuts[at.instance as usize].extend([at.byte, at.byte + width.bytes()]);
                }
                Operation::Bulk(bulk) => {
                    let starts = bulk.sources.iter().chain([&bulk.destination]).copied().collect();
                    together.push(Together { starts, bytes: u64::from(bulk.bytes) });
                }
                _ => {}
            }
        }
        if let Some(expected) = expected {
            together.extend(expected.ranges(shape));
        }
        while together.iter().any(|ranges| ranges.cut(&mut cuts)) {}
        let mut first = Vec::new();
        let mut count = 0;
        for cuts in &cuts {
            first.push(count);
            count += cuts.len().saturating_sub(1);
        }
        Ok(Cells { cuts: cuts.into_iter().map(|cuts| cuts.into_iter().collect()).collect(), first, count })
    }

    /// The locations of a range; it begins and ends with one.
    pub(super) fn within(&self, at: Location, bytes: u64) -> Range<usize> {
        let cuts = &self.cuts[at.instance as usize];
        let position = |byte: u64| cuts.partition_point(|cut| *cut < byte);
        let first = self.first[at.instance as usize];
        first + position(at.byte)..first + position(at.byte + bytes)
    }

    /// The size of a location.
    pub(super) fn bytes(&self, cell: usize) -> u64 {
        let at = self.place(cell);
        let cuts = &self.cuts[at.instance as usize];
        let next = cuts.partition_point(|cut| *cut <= at.byte);
        cuts.get(next).map_or(0, |end| end - at.byte)
    }

    /// The instance of a location, and its first byte there.
    pub(super) fn place(&self, cell: usize) -> Location {
        let instance = self.first.partition_point(|first| *first <= cell) - 1;
        // Instances without locations share their first with the next one that has some.
        let byte = self.cuts[instance][cell - self.first[instance]];
        Location { instance: instance as u32, byte }
    }
}

impl Together {
    /// Cuts every range where one of them is cut. Returns whether that changed anything.
    fn cut(&self, cuts: &mut [BTreeSet<u64>]) -> bool {
        let mut inside = BTreeSet::from([0, self.bytes]);
        for start in &self.starts {
            let known = cuts[start.instance as usize].range(start.byte..=start.byte + self.bytes);
            inside.extend(known.map(|cut| cut - start.byte));
        }
        let mut changed = false;
        for start in &self.starts {
            for cut in &inside {
                changed |= cuts[start.instance as usize].insert(start.byte + cut);
            }
        }
        changed
    }
}

/// The definition of the result, as far as it says what becomes of which input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expectation {
    pub(super) input: u32,
    pub(super) output: u32,
    pub(super) definition: Definition,
}

impl From<&Expected> for Expectation {
    fn from(expected: &Expected) -> Expectation {
        let (input, output) = (expected.input.buffer, expected.output.buffer);
        Expectation { input, output, definition: expected.definition }
    }
}

impl Expectation {
    /// The inputs that a byte of a rank's output is made from.
    pub(super) fn inputs(&self, shape: &Shape, rank: u32, byte: u64) -> Vec<Location> {
        let bytes = |buffer: u32| shape.instances[(buffer * shape.ranks) as usize].bytes.max(1);
        let from = |rank: u32, byte: u64| Location { instance: self.input * shape.ranks + rank, byte };
        match self.definition {
            Definition::AllReduce(_) => (0..shape.ranks).map(|rank| from(rank, byte)).collect(),
            Definition::AllGather => {
                vec![from((byte / bytes(self.input)) as u32, byte % bytes(self.input))]
            }
            Definition::Broadcast | Definition::Copy | Definition::Shift | Definition::Transfer => {
                self.definition.source(shape.ranks, rank).into_iter().map(|source| from(source, byte)).collect()
            }
            Definition::ReduceScatter(_) => {
                let start = u64::from(rank) * bytes(self.output);
                (0..shape.ranks).map(|rank| from(rank, start + byte)).collect()
            }
        }
    }

    /// Ranges of outputs, each with the ranges of inputs that it is made from, and the outputs of the other ranks.
    fn ranges(self, shape: &Shape) -> Vec<Together> {
        let bytes = |buffer: u32| shape.instances[(buffer * shape.ranks) as usize].bytes;
        let piece = match self.definition {
            Definition::AllGather => bytes(self.input),
            _ => bytes(self.output),
        };
        let output = |rank: u32, byte: u64| Location { instance: self.output * shape.ranks + rank, byte };
        let mut found = Vec::new();
        for start in (0..bytes(self.output)).step_by(piece.max(1) as usize) {
            for rank in 0..shape.ranks {
                let mut starts = self.inputs(shape, rank, start);
                starts.push(output(rank, start));
                if !matches!(self.definition, Definition::ReduceScatter(_) | Definition::Copy) {
                    starts.extend((0..shape.ranks).map(|other| output(other, start)));
                }
                let bytes = piece.min(bytes(self.output) - start);
                starts.retain(|at| at.byte + bytes <= shape.instances[at.instance as usize].bytes);
                found.push(Together { starts, bytes });
            }
        }
        found
    }
}
