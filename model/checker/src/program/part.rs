//! Parts of an instance: stretches of its bytes with contents, new contents and reads by the host of their own.
//!
//! Decision: an instance is one piece of memory, and its parts cover it, so that an access may cross from one to the next; a buffer
//! that is not divided has one part. The road not taken is an instance for each part: then no access could cross, and what
//! is out of bounds would depend on names.

use super::memory::{Contents, Element};
use std::ops::Range;

/// A part of a buffer, the same for all ranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartId {
    /// Index of the buffer.
    pub buffer: u32,
    /// Counted from 1; 0 is whatever of the buffer lies in no part with a name.
    pub part: u32,
}

impl PartId {
    /// A buffer without parts, or what lies outside of them.
    pub const fn of(buffer: u32) -> PartId {
        PartId { buffer, part: 0 }
    }
}

/// A part of an instance.
#[derive(Clone, Debug)]
pub struct Part {
    /// Which.
    pub id: PartId,
    /// Its name, if it has one of its own: then its bytes and elements count from its start, else from that of the instance.
    pub name: Option<String>,
    /// Its bytes.
    pub bytes: Range<u64>,
    /// New contents before every launch.
    pub refreshed: bool,
    /// The owner's host reads it after every launch, in stream order.
    pub read: bool,
    /// Contents before the first launch, and what a refresh brings.
    pub contents: Contents,
    /// Element type; `None` for words.
    pub element: Option<Element>,
}

impl Part {
    /// All bytes of a buffer, neither refreshed nor read.
    pub fn whole(buffer: u32, bytes: u64, contents: Contents, element: Option<Element>) -> Part {
        let id = PartId::of(buffer);
        Part { id, name: None, bytes: 0..bytes, refreshed: false, read: false, contents, element }
    }

    /// The byte of the instance from which the part's bytes and elements count.
    pub fn origin(&self) -> u64 {
        if self.name.is_some() { self.bytes.start } else { 0 }
    }

    /// How many bytes it has.
    pub fn length(&self) -> u64 {
        self.bytes.end - self.bytes.start
    }

    /// Whether nobody has written it before the first launch.
    pub fn is_poison(&self) -> bool {
        self.contents == Contents::Poison
    }

    /// The word of so many bytes at a byte of the instance, where it lies in the part, and is the same in every launch and for
    /// every seed.
    pub fn word(&self, at: u64, bytes: u64) -> Option<u64> {
        let inside = bytes <= 8 && self.bytes.contains(&at) && at + bytes <= self.bytes.end;
        inside.then(|| self.contents.word(at - self.origin(), bytes)).flatten()
    }

    /// Writes its contents to its bytes; `input` draws an element by its index.
    pub fn fill(&self, bytes: &mut [u8], input: impl Fn(Element, u64) -> u64) {
        let first = self.bytes.start - self.origin();
        match &self.contents {
            // Any pattern does: reading it is reported.
            Contents::Poison => bytes.fill(0xA5),
            Contents::Bytes(known) => {
                let known = known.get(first as usize..).unwrap_or_default();
                let length = known.len().min(bytes.len());
                bytes[..length].copy_from_slice(&known[..length]);
                bytes[length..].fill(0);
            }
            Contents::Word(_) | Contents::Random | Contents::Between(..) => {
                let element = self.element.unwrap_or(Element::U32);
                let size = u64::from(element.bytes());
                let bits = |index: u64| match &self.contents {
                    Contents::Word(word) => *word,
                    contents => contents.drawn(input(element, index)),
                };
                // What lies between parts may begin and end within an element.
                let whole = if first.is_multiple_of(size) { bytes.len() / size as usize * size as usize } else { 0 };
                let (elements, mut rest) = bytes.split_at_mut(whole);
                for (bytes, index) in elements.chunks_exact_mut(size as usize).zip(first / size..) {
                    element.write(bits(index), bytes);
                }
                let mut at = first + whole as u64;
                while !rest.is_empty() {
                    let word = bits(at / size).to_le_bytes();
                    let word = &word[(at % size) as usize..size as usize];
                    let length = word.len().min(rest.len());
                    rest[..length].copy_from_slice(&word[..length]);
                    rest = &mut rest[length..];
                    at += length as u64;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(part: &Part) -> Vec<u8> {
        let mut bytes = vec![0xFF; part.length() as usize];
        part.fill(&mut bytes, |_, index| 0x0101_0101 * index);
        bytes
    }

    #[test]
    fn elements_between_parts_count_from_the_start_of_the_buffer() {
        let whole = Part::whole(0, 12, Contents::Random, Some(Element::U32));
        assert_eq!(filled(&whole), [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
        assert_eq!(filled(&Part { bytes: 3..9, ..whole.clone() }), [0, 1, 1, 1, 1, 2]);
        let named = Part { bytes: 4..12, name: Some("flags".to_owned()), ..whole };
        assert_eq!((filled(&named), named.origin()), (vec![0, 0, 0, 0, 1, 1, 1, 1], 4));
    }

    #[test]
    fn listed_bytes_are_cut_out_and_followed_by_zeros() {
        let list = Contents::Bytes([1, 2, 3, 4, 5, 6].as_slice().into());
        let rest = Part { bytes: 4..8, ..Part::whole(0, 12, list.clone(), Some(Element::U8)) };
        assert_eq!(filled(&rest), [5, 6, 0, 0]);
        let beyond = Part { bytes: 8..12, ..Part::whole(0, 12, list, Some(Element::U8)) };
        assert_eq!(filled(&beyond), [0, 0, 0, 0]);
    }

    #[test]
    fn words_are_known_within_the_part_alone() {
        let list = Contents::Bytes([1, 0, 0, 0, 2, 0, 0, 0].as_slice().into());
        let named = Part { bytes: 8..16, name: Some("flags".to_owned()), ..Part::whole(0, 16, list, None) };
        assert_eq!((named.word(8, 4), named.word(12, 4)), (Some(1), Some(2)));
        assert_eq!((named.word(4, 4), named.word(12, 8)), (None, None));
    }
}
