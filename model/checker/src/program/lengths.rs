//! N of each launch, where launches differ in length.

use std::fmt;

/// How many lengths take turns, at most.
const MOST: usize = 8;

/// Lengths that launches take in turn: the first, the second, …, and the first again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lengths {
    turns: [u64; MOST],
    count: usize,
}

impl Lengths {
    /// Every launch has so many elements.
    pub const fn one(elements: u64) -> Lengths {
        Lengths { turns: [elements; MOST], count: 1 }
    }

    /// These, in turn; none where there are no lengths, or more than 8.
    pub fn of(lengths: &[u64]) -> Option<Lengths> {
        if lengths.is_empty() || lengths.len() > MOST {
            return None;
        }
        let mut turns = [0; MOST];
        turns[..lengths.len()].copy_from_slice(lengths);
        Some(Lengths { turns, count: lengths.len() })
    }

    /// The length of a launch.
    pub fn at(&self, launch: u32) -> u64 {
        self.turns[launch as usize % self.count]
    }

    /// All of them, in turn.
    pub fn turns(&self) -> &[u64] {
        &self.turns[..self.count]
    }

    /// The greatest.
    pub fn greatest(&self) -> u64 {
        self.turns().iter().copied().max().unwrap_or(0)
    }

    /// Whether launches differ.
    pub fn differ(&self) -> bool {
        self.turns().iter().any(|length| *length != self.turns[0])
    }
}

impl std::str::FromStr for Lengths {
    type Err = String;

    fn from_str(text: &str) -> Result<Lengths, String> {
        let length = |word: &str| word.parse().map_err(|_| format!("`{word}` is no number of elements"));
        let lengths = text.split(',').map(length).collect::<Result<Vec<u64>, String>>()?;
        Lengths::of(&lengths).ok_or_else(|| format!("at most {MOST} lengths take turns, not {}", lengths.len()))
    }
}

impl fmt::Display for Lengths {
    /// As `--elements` takes them: `16,32,1`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, length) in self.turns().iter().enumerate() {
            write!(formatter, "{}{length}", if index == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}
