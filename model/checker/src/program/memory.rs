//! Buffer instances, their sizes and contents, and what must hold of an output.

use super::SiteIndex;
use super::part::{Part, PartId};
use arverify_protocol::data::{self, Accumulate, DataType};
use arverify_protocol::ir::{Collective, Initially, Reduction};
use arverify_protocol::verdict::ByteLocation;
use std::ops::Range;
use std::sync::Arc;

/// A byte of one rank's instance of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location {
    /// Index into [`Shape::instances`].
    pub instance: u32,
    /// Bytes from the start of the instance.
    pub byte: u64,
}

/// What an element of a buffer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Element {
    /// Floating point.
    Data(DataType),
    /// Unsigned byte.
    U8,
    /// Unsigned word of 32 bits.
    U32,
    /// Unsigned word of 64 bits.
    U64,
}

impl Element {
    /// Its size.
    pub const fn bytes(self) -> u32 {
        match self {
            Element::Data(data) => data.bytes(),
            Element::U8 => 1,
            Element::U32 => 4,
            Element::U64 => 8,
        }
    }

    /// The name used in LAUNCH.toml.
    pub const fn name(self) -> &'static str {
        match self {
            Element::Data(data) => data.name(),
            Element::U8 => "u8",
            Element::U32 => "u32",
            Element::U64 => "u64",
        }
    }

    /// One element from memory, little-endian, as bits.
    pub fn read(self, bytes: &[u8]) -> u64 {
        let mut word = [0; 8];
        let size = self.bytes() as usize;
        word[..size].copy_from_slice(&bytes[..size]);
        u64::from_le_bytes(word)
    }

    /// One element to memory, little-endian.
    pub fn write(self, bits: u64, bytes: &mut [u8]) {
        let size = self.bytes() as usize;
        bytes[..size].copy_from_slice(&bits.to_le_bytes()[..size]);
    }

    /// One bit pattern for +0.0 and −0.0, unless they are told apart.
    pub fn canonical(self, bits: u64, exact_zero: bool) -> u64 {
        match self {
            Element::Data(data) if !exact_zero && data.to_f32(bits as u32) == 0.0 => 0,
            _ => bits,
        }
    }

    /// Its value in words.
    pub fn show(self, bits: u64) -> String {
        match self {
            Element::Data(data) => format!("{:e}", data.to_f32(bits as u32)),
            _ => bits.to_string(),
        }
    }
}

/// What an instance holds before the first launch; shared memory, before every block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contents {
    /// Nobody wrote it: reading it is AR005.
    Poison,
    /// Every element has these bits; where there is no element type, every 32-bit word.
    Word(u64),
    /// Random data, as for a refreshed buffer.
    Random,
    /// Random integers from the first to the second.
    Between(u64, u64),
    /// These bytes; zero after them.
    Bytes(Arc<[u8]>),
}

impl Contents {
    /// Whether they are drawn.
    pub fn are_random(&self) -> bool {
        matches!(self, Contents::Random | Contents::Between(..))
    }

    /// A random element of theirs, made of one of all values.
    pub fn drawn(&self, bits: u64) -> u64 {
        match self {
            Contents::Between(least, greatest) => match (greatest - least).checked_add(1) {
                Some(values) => least + bits % values,
                None => bits,
            },
            _ => bits,
        }
    }

    /// The word of so many bytes that lies at a byte, where it is the same in every launch and for every seed.
    pub fn word(&self, at: u64, bytes: u64) -> Option<u64> {
        match self {
            Contents::Poison | Contents::Random | Contents::Between(..) => None,
            Contents::Word(word) => Some(*word),
            Contents::Bytes(known) => {
                let byte = |at: u64| known.get(at as usize).copied().unwrap_or(0);
                Some((0..bytes.min(8)).rev().fold(0, |word, index| word << 8 | u64::from(byte(at + index))))
            }
        }
    }
}

impl From<Initially> for Contents {
    fn from(initially: Initially) -> Contents {
        match initially {
            Initially::Poison => Contents::Poison,
            Initially::Word(word) => Contents::Word(u64::from(word)),
            Initially::Random => Contents::Random,
        }
    }
}

/// A buffer instance.
#[derive(Clone, Debug)]
pub struct Instance {
    /// The buffer's name.
    pub name: String,
    /// Whose instance.
    pub rank: u32,
    /// Size in bytes.
    pub bytes: u64,
    /// Peers cannot reach it.
    pub local: bool,
    /// Shared memory of this block of the rank: its contents are lost when the block ends.
    pub block: Option<u32>,
    /// Signal pad.
    pub pad: bool,
    /// Bytes at which accesses usually start and end: 16 for data, 4 for words.
    pub granule: u32,
    /// What it holds: parts that cover it, in ascending order.
    pub parts: Vec<Part>,
}

impl Instance {
    /// Words of a rank that no source names: zeros that everybody may come to.
    pub fn of_words(name: String, rank: u32, bytes: u64, buffer: u32) -> Instance {
        let parts = vec![Part::whole(buffer, bytes, Contents::Word(0), None)];
        Instance { name, rank, bytes, local: false, block: None, pad: true, granule: 4, parts }
    }

    /// Whether it is a block's shared memory: nobody has written it when the block begins.
    pub fn is_shared_memory(&self) -> bool {
        self.block.is_some() && self.parts.iter().all(Part::is_poison)
    }

    /// The part that a byte lies in; the last one for those behind the end.
    pub fn part(&self, byte: u64) -> &Part {
        let index = self.parts.partition_point(|part| part.bytes.end <= byte);
        &self.parts[index.min(self.parts.len() - 1)]
    }

    /// The parts that some bytes lie in.
    pub fn parts_of(&self, bytes: Range<u64>) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(move |part| part.bytes.start < bytes.end && bytes.start < part.bytes.end)
    }

    /// The name of the part that a byte lies in, and the byte within it.
    pub fn named(&self, byte: u64) -> (&str, u64) {
        let part = self.part(byte);
        (part.name.as_deref().unwrap_or(&self.name), byte - part.origin())
    }
}

/// Sizes of a program and its memory.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Ranks.
    pub ranks: u32,
    /// The most blocks that any rank launches.
    pub blocks: u32,
    /// The most threads in a block of any rank.
    pub threads: u32,
    /// Back-to-back launches on every rank.
    pub launches: u32,
    /// All buffer instances: instance `buffer * ranks + rank`; after them those that are not one for each rank.
    pub instances: Vec<Instance>,
}

impl Shape {
    /// The instance that a byte lies in.
    pub fn instance(&self, at: Location) -> &Instance {
        &self.instances[at.instance as usize]
    }

    /// The part that a byte lies in.
    pub fn part(&self, at: Location) -> &Part {
        self.instance(at).part(at.byte)
    }

    /// The name of the part that a byte lies in, and the byte within it.
    pub fn named(&self, at: Location) -> (&str, u64) {
        self.instance(at).named(at.byte)
    }

    /// A byte as findings show it.
    pub fn shown(&self, at: Location) -> ByteLocation {
        let (name, byte) = self.named(at);
        ByteLocation { buffer: name.to_owned(), rank: self.instance(at).rank, byte }
    }

    /// A part of a rank's instance of a buffer, and the instance.
    pub fn part_of(&self, id: PartId, rank: u32) -> Option<(u32, &Part)> {
        let index = id.buffer * self.ranks + rank;
        let parts = &self.instances.get(index as usize)?.parts;
        Some((index, parts.iter().find(|part| part.id == id)?))
    }
}

/// What an output must hold, by its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Definition {
    /// The reduction of all inputs.
    AllReduce(Reduction),
    /// All inputs, one after the other.
    AllGather,
    /// Rank r: the r-th part of the reduction.
    ReduceScatter(Reduction),
    /// Rank 0's input.
    Broadcast,
    /// The input of the rank before it, of rank 0 that of the last.
    Shift,
    /// On odd ranks the input of the rank before it; on even ranks anything.
    Transfer,
    /// The rank's own input.
    Copy,
}

impl From<Collective> for Definition {
    fn from(collective: Collective) -> Definition {
        match collective {
            Collective::AllReduce(reduction) => Definition::AllReduce(reduction),
            Collective::AllGather => Definition::AllGather,
            Collective::ReduceScatter(reduction) => Definition::ReduceScatter(reduction),
            Collective::Broadcast => Definition::Broadcast,
            Collective::Shift => Definition::Shift,
            Collective::Transfer => Definition::Transfer,
        }
    }
}

impl Definition {
    /// Whether anything is expected of this rank's output.
    pub fn concerns(self, rank: u32) -> bool {
        self != Definition::Transfer || rank % 2 == 1
    }

    /// The rank whose input is this rank's output, element by element, where it is one rank's.
    pub fn source(self, ranks: u32, rank: u32) -> Option<u32> {
        match self {
            Definition::Broadcast => Some(0),
            Definition::Copy => Some(rank),
            Definition::Shift => Some((rank + ranks - 1) % ranks),
            Definition::Transfer => rank.checked_sub(1).filter(|_| self.concerns(rank)),
            Definition::AllReduce(_) | Definition::AllGather | Definition::ReduceScatter(_) => None,
        }
    }
}

/// What must hold of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Output: a buffer, or a part of one, in one piece.
    pub output: PartId,
    /// Input, of the same kind.
    pub input: PartId,
    /// A buffer of the output's own rank whose elements are added to the input's, again and again.
    pub plus: Option<PartId>,
    /// The definition.
    pub definition: Definition,
    /// Ranks must agree in every bit.
    pub same_on_all_ranks: bool,
    /// +0.0 and −0.0 are two results.
    pub exact_zero: bool,
    /// How 16-bit elements are summed.
    pub accumulate: Accumulate,
    /// The statement that says so.
    pub site: SiteIndex,
}

/// One integer of so many is zero.
const ZEROS: u64 = 8;

/// Deterministic input: element `index` of `rank` in `launch`, as bits. Floats are those of
/// [`data::input_element`]; integers are drawn from all their values, and zero more often than its share, so that what a
/// program does with it is seen: but not as the first element, for the one element of a small buffer must tell.
pub fn input_element(element: Element, seed: u64, rank: u32, launch: u32, index: u64) -> u64 {
    let bits = data::input_bits(seed, rank, launch, index);
    let integer = !matches!(element, Element::Data(_));
    if integer && index > 0 && data::input_bits(!seed, rank, launch, index).is_multiple_of(ZEROS) {
        return 0;
    }
    match element {
        Element::Data(data) => u64::from(data::input_element(data, seed, rank, launch, index)),
        Element::U8 => bits >> 56,
        Element::U32 => bits >> 32,
        Element::U64 => bits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_zero_even_and_odd() {
        for element in [Element::U8, Element::U32, Element::U64] {
            let drawn: Vec<u64> = (0..64).map(|index| input_element(element, 1, 0, 0, index)).collect();
            for (what, count) in [
                ("zero", drawn.iter().filter(|value| **value == 0).count()),
                ("even", drawn.iter().filter(|value| **value != 0 && **value % 2 == 0).count()),
                ("odd", drawn.iter().filter(|value| **value % 2 == 1).count()),
            ] {
                assert!(count >= 4, "{element:?}: {count} of 64 are {what}");
            }
            assert!(drawn.iter().all(|value| element == Element::U64 || value >> (8 * element.bytes()) == 0));
        }
    }

    #[test]
    fn contents_that_are_known_can_be_read() {
        let list = Contents::Bytes([1, 0, 0, 0, 2, 1].as_slice().into());
        assert_eq!((list.word(0, 4), list.word(4, 4), list.word(8, 4)), (Some(1), Some(0x102), Some(0)));
        assert_eq!((Contents::Word(7).word(12, 4), Contents::Random.word(0, 4)), (Some(7), None));
        let range = Contents::Between(3, 5);
        assert!((0..9).all(|bits| (3..=5).contains(&range.drawn(bits))) && range.word(0, 4).is_none());
        assert_eq!(Contents::Between(0, u64::MAX).drawn(u64::MAX), u64::MAX);
    }

    #[test]
    fn zeros_are_one_unless_told_apart() {
        let half = Element::Data(DataType::F16);
        assert_eq!((half.canonical(0x8000, false), half.canonical(0x8000, true)), (0, 0x8000));
        assert_eq!((half.canonical(0x8001, false), Element::U32.canonical(1 << 31, false)), (0x8001, 1 << 31));
    }
}
