//! Progress models: which threads the scheduler must keep running.
//!
//! Source: AlloyForwardProgress (Sorensen et al., "Specifying and testing GPU workgroup progress models", OOPSLA
//! 2021), as ../shared/litmus/README.md states it. `cuda` is what the CUDA execution model documents: a thread of a
//! block that has started keeps running; nothing is promised to a block that has not.

use super::state::State;
use crate::litmus::{Test, ThreadId};
use std::fmt;

/// A set of threads, one bit each.
pub(super) type Threads = u64;

/// Who must keep being scheduled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Obliged {
    All,
    Lowest,
    Started,
    LowestAndStarted,
    BelowHighestStarted,
    StartedBlocks,
}

/// A progress model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProgressModel {
    obliged: Obliged,
    strong: bool,
}

const MODELS: [(&str, Obliged, bool); 11] = [
    ("fair", Obliged::All, false),
    ("strong-fair", Obliged::All, true),
    ("hsa", Obliged::Lowest, false),
    ("obe", Obliged::Started, false),
    ("hsa-obe", Obliged::LowestAndStarted, false),
    ("lobe", Obliged::BelowHighestStarted, false),
    ("hsa-strong", Obliged::Lowest, true),
    ("obe-strong", Obliged::Started, true),
    ("hsa-obe-strong", Obliged::LowestAndStarted, true),
    ("lobe-strong", Obliged::BelowHighestStarted, true),
    ("cuda", Obliged::StartedBlocks, false),
];

impl ProgressModel {
    /// All of them.
    pub fn all() -> impl Iterator<Item = ProgressModel> {
        MODELS.into_iter().map(|(_, obliged, strong)| ProgressModel { obliged, strong })
    }

    /// The name used on the command line and in expected results.
    pub fn name(self) -> &'static str {
        let own = |(_, obliged, strong): &&(&str, Obliged, bool)| (*obliged, *strong) == (self.obliged, self.strong);
        MODELS.iter().find(own).map_or("", |(name, ..)| name)
    }

    /// Whether a thread that could again and again step out of a cycle must in the end do so.
    pub(super) fn is_strong(self) -> bool {
        self.strong
    }

    /// The threads that must keep being scheduled, in this state.
    pub(super) fn obliged(self, test: &Test, state: &State) -> Threads {
        let (live, started) = (state.live(test), state.started);
        let lowest = live & live.wrapping_neg();
        match self.obliged {
            Obliged::All => live,
            Obliged::Lowest => lowest,
            Obliged::Started => live & started,
            Obliged::LowestAndStarted => lowest | live & started,
            Obliged::BelowHighestStarted => {
                let below = started.checked_ilog2().map_or(0, |highest| (1_u64 << highest) - 1);
                live & (started | below)
            }
            Obliged::StartedBlocks => {
                let place = |thread: usize| test.threads[thread].placement;
                let ran = |thread: &usize| started >> thread & 1 == 1;
                let of_started =
                    |thread: &usize| (0..test.threads.len()).filter(ran).any(|other| place(other) == place(*thread));
                live & (0..test.threads.len()).filter(of_started).map(bit).sum::<Threads>()
            }
        }
    }
}

/// The set of one thread.
pub(super) fn bit(thread: usize) -> Threads {
    1 << thread
}

/// The threads of a set.
pub(super) fn threads(set: Threads) -> impl Iterator<Item = ThreadId> {
    (0..64).filter(move |thread| set >> thread & 1 == 1).map(ThreadId)
}

impl fmt::Display for ProgressModel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl std::str::FromStr for ProgressModel {
    type Err = String;

    fn from_str(text: &str) -> Result<ProgressModel, String> {
        ProgressModel::all().find(|model| model.name() == text).ok_or_else(|| {
            let names: Vec<&str> = MODELS.iter().map(|(name, ..)| *name).collect();
            format!("unknown progress model `{text}`: expected {}", names.join(", "))
        })
    }
}
