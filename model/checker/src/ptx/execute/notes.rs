//! What a verdict rests on, noted when it is reached.

use crate::ptx::code::step::Arbitrary;
use std::sync::atomic::{AtomicU32, Ordering};

/// A simplification that some thread has met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// A clock was read.
    Clock = 0,
    /// The number of a processor was read.
    Processor = 1,
    /// The index of a warp on its processor was read.
    WarpIndex = 2,
    /// The number of the grid was read.
    GridIndex = 3,
    /// A loop that counts its tries was waited in.
    Tries = 4,
    /// A result of tensor cores was computed.
    TensorCores = 5,
}

impl Note {
    const ALL: [Note; 6] =
        [Note::Clock, Note::Processor, Note::WarpIndex, Note::GridIndex, Note::Tries, Note::TensorCores];

    /// As printed with a verdict.
    pub const fn text(self) -> &'static str {
        match self {
            Note::Clock => "clocks stand still: no time-out of the kernel ever strikes",
            Note::Processor => "the kernel reads which multiprocessor it runs on: taken as number 0",
            Note::WarpIndex => "the kernel reads the index of a warp on its multiprocessor: taken as 0",
            Note::GridIndex => "the kernel reads the number of its grid: taken as 0",
            Note::TensorCores => {
                "what tensor cores compute is taken as unknown values: they are stored, and nothing depends on what they are"
            }
            Note::Tries => {
                "counts of tries stand still in loops that wait: no limit on them ever strikes, and a count may be any number"
            }
        }
    }
}

impl From<Arbitrary> for Note {
    fn from(arbitrary: Arbitrary) -> Note {
        match arbitrary {
            Arbitrary::Clock => Note::Clock,
            Arbitrary::Processor => Note::Processor,
            Arbitrary::WarpIndex => Note::WarpIndex,
            Arbitrary::GridIndex => Note::GridIndex,
        }
    }
}

/// Notes of all threads. Only ever grows, so the order in which threads come does not matter.
#[derive(Debug, Default)]
pub(super) struct Notes(AtomicU32);

impl Notes {
    /// Adds a note.
    pub(super) fn record(&self, note: Note) {
        self.0.fetch_or(1 << note as u32, Ordering::Relaxed);
    }

    /// All notes so far.
    pub(super) fn all(&self) -> impl Iterator<Item = Note> {
        let bits = self.0.load(Ordering::Relaxed);
        Note::ALL.into_iter().filter(move |note| bits >> *note as u32 & 1 == 1)
    }
}
