//! `--assume polled-words=strong`: a weak access to a word that somebody accesses strongly is taken for `relaxed.sys`.
//!
//! Decision: the program is what changes, not the machine: statements that come to such words are decoded into accesses of
//! their elements, which are strong where the word is one of those, and weak elsewhere. So both engines see the same
//! program. Which words these are is learned by running the program; whoever finds that one is missing does not decide.
//! What stays weak: the host's accesses, asynchronous copies, loads by a path that is not coherent, and accesses of
//! another size than the strong ones.

use super::{Location, Width};
use rustc_hash::FxHashSet;
use std::collections::BTreeSet;

/// Words that somebody accesses strongly, and statements that access them weakly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Polled {
    words: BTreeSet<(u32, u64, Width)>,
    /// First bytes, in the text.
    statements: FxHashSet<u32>,
}

impl Polled {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.statements.is_empty()
    }

    /// Whether some statement is made strong.
    pub fn has_statements(&self) -> bool {
        !self.statements.is_empty()
    }

    /// The statements, by their first bytes.
    pub fn statements(&self) -> &FxHashSet<u32> {
        &self.statements
    }

    /// Whether a statement accesses such words.
    pub fn has_statement(&self, start: u32) -> bool {
        self.statements.contains(&start)
    }

    /// Whether a word is accessed strongly, at this size.
    pub fn has_word(&self, at: Location, width: Width) -> bool {
        self.words.contains(&(at.instance, at.byte, width))
    }

    /// Sizes of the words.
    pub fn widths(&self) -> Vec<Width> {
        Width::ALL.into_iter().filter(|width| self.words.iter().any(|(_, _, known)| known == width)).collect()
    }

    /// Whether some bytes overlap such a word.
    pub fn overlaps(&self, at: Location, bytes: u64) -> bool {
        let from = at.byte.saturating_sub(Width::Sixteen.bytes() - 1);
        let near = self.words.range((at.instance, from, Width::One)..(at.instance, at.byte + bytes, Width::One));
        near.into_iter().any(|(_, start, width)| start + width.bytes() > at.byte)
    }

    /// Adds a word.
    pub fn add_word(&mut self, at: Location, width: Width) {
        self.words.insert((at.instance, at.byte, width));
    }

    /// Adds a statement.
    pub fn add_statement(&mut self, start: u32) {
        self.statements.insert(start);
    }

    /// Adds what others hold; whether anything was new.
    pub fn extend(&mut self, other: &Polled) -> bool {
        let before = (self.words.len(), self.statements.len());
        self.words.extend(&other.words);
        self.statements.extend(&other.statements);
        before != (self.words.len(), self.statements.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_overlap_words_of_their_size() {
        let mut polled = Polled::default();
        polled.add_word(Location { instance: 2, byte: 16 }, Width::Four);
        let overlaps = |instance, byte, bytes| polled.overlaps(Location { instance, byte }, bytes);
        assert!(overlaps(2, 16, 4) && overlaps(2, 0, 32) && overlaps(2, 19, 1));
        assert!(!overlaps(2, 0, 16) && !overlaps(2, 20, 4) && !overlaps(1, 16, 4));
        assert!(polled.has_word(Location { instance: 2, byte: 16 }, Width::Four));
        assert!(!polled.has_word(Location { instance: 2, byte: 16 }, Width::Eight));
    }
}
