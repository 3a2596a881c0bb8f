//! What a check is asked to do, and its limits.

use super::{LAUNCH_BOUNDARY, LOADS_DONE, POLLED_WORDS, WHOLE_VECTORS};
use crate::machine::{Rule, StartOrder};
use crate::program::lengths::Lengths;
use arverify_protocol::evaluate::Sizes;
use std::time::Duration;

/// Which threads the scheduler must keep running (litmus/README.md and DESIGN.md define the models for threads).
///
/// For kernels a model applies to the blocks of a device: a device with a launched kernel always runs one of its
/// blocks, and the model says which others it owes a turn. Under `obe` it owes one to blocks that have run; so one
/// block at a time, any next, is the worst it may do. Under `lobe`, `hsa` and `hsa-obe` it owes one to the lowest,
/// so one at a time in ascending order is the worst. `cuda` promises what `obe` does. The strong forms do not differ
/// here, because a thread that waits leaves no state by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Progress {
    /// All live threads.
    #[default]
    Fair,
    /// Those that have run.
    Obe,
    /// Those that have run, and those below the highest that has.
    Lobe,
    /// The lowest live one.
    Hsa,
    /// Both.
    HsaObe,
    /// What the CUDA execution model promises.
    Cuda,
}

impl Progress {
    /// Every model.
    pub const ALL: &'static [Progress] =
        &[Progress::Fair, Progress::Obe, Progress::Lobe, Progress::Hsa, Progress::HsaObe, Progress::Cuda];

    /// The name used on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Progress::Fair => "fair",
            Progress::Obe => "obe",
            Progress::Lobe => "lobe",
            Progress::Hsa => "hsa",
            Progress::HsaObe => "hsa-obe",
            Progress::Cuda => "cuda",
        }
    }

    /// Blocks that run at once at worst, and which one is next. `resident` is what `--resident-blocks` gave.
    pub fn residency(self, resident: Option<u32>) -> (Option<u32>, StartOrder) {
        match self {
            Progress::Fair => (resident, StartOrder::Any),
            // Blocks known to be resident together keep running together.
            Progress::Cuda => (resident.or(Some(1)), StartOrder::Any),
            Progress::Obe => (Some(1), StartOrder::Any),
            Progress::Lobe | Progress::Hsa | Progress::HsaObe => (Some(1), StartOrder::Ascending),
        }
    }
}

impl std::str::FromStr for Progress {
    type Err = String;

    fn from_str(text: &str) -> Result<Progress, String> {
        match text.strip_suffix("-strong").unwrap_or(text) {
            "fair" | "strong-fair" => Ok(Progress::Fair),
            "obe" => Ok(Progress::Obe),
            "lobe" => Ok(Progress::Lobe),
            "hsa" => Ok(Progress::Hsa),
            "hsa-obe" => Ok(Progress::HsaObe),
            "cuda" if text == "cuda" => Ok(Progress::Cuda),
            _ => Err(format!(
                "unknown progress model `{text}`: expected fair, strong-fair, hsa, obe, hsa-obe, lobe (the last four also with -strong) or cuda"
            )),
        }
    }
}

/// What a check is asked to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Ranks, blocks, threads, elements, data type.
    pub sizes: Sizes,
    /// N of each launch, where a protocol has a capacity; else several sequences are tried, up to the elements of the sizes.
    pub lengths: Option<Lengths>,
    /// Back-to-back launches.
    pub launches: u32,
    /// Of the random inputs.
    pub seed: u64,
    /// `--resident-blocks`
    pub resident_blocks: Option<u32>,
    /// `--progress`
    pub progress: Progress,
    /// `--assume launch-boundary=system`
    pub boundary_publishes: bool,
    /// `--assume loads=done-at-barrier`
    pub loads_done: bool,
    /// `--assume vectors=whole`, of kernels.
    pub whole_vectors: bool,
    /// `--assume polled-words=strong`, of kernels.
    pub polled_words: bool,
    /// Look for findings that are independent of the first, too.
    pub all: bool,
    /// Stateright states.
    pub max_states: u64,
    /// Wall-clock limit of the whole check.
    pub timeout: Option<Duration>,
    /// Bytes that the process may use.
    pub max_bytes: u64,
    /// Others are checked at the same time, in that memory: without room for it a check is not begun.
    pub beside_others: bool,
    /// Threads that explore.
    pub jobs: usize,
    /// Do not ask whether load buffering could matter: for tests that compare two explorations without it.
    pub ignore_load_buffering: bool,
    /// Force upon `fence.sc` all the order there is, also where nothing is found without: for tests that compare final
    /// memories.
    pub order_fences: bool,
    /// Every operation is a choice point: the comparison that tests make.
    pub everything: bool,
    /// The rule of the machine that a mutation test leaves out.
    pub without: Option<Rule>,
}

impl Options {
    /// Names of what is assumed beyond the memory model.
    pub fn assumptions(&self) -> impl Iterator<Item = &'static str> + use<> {
        let all = [
            (LAUNCH_BOUNDARY, self.boundary_publishes),
            (LOADS_DONE, self.loads_done),
            (WHOLE_VECTORS, self.whole_vectors),
            (POLLED_WORDS, self.polled_words),
        ];
        all.into_iter().filter(|(_, assumed)| *assumed).map(|(name, _)| name)
    }

    /// The defaults of the command line, at these sizes: three launches, fair progress, 8 GiB.
    pub fn new(sizes: Sizes) -> Options {
        Options {
            sizes,
            lengths: None,
            launches: 3,
            seed: 1,
            resident_blocks: None,
            progress: Progress::Fair,
            boundary_publishes: false,
            loads_done: false,
            whole_vectors: false,
            polled_words: false,
            all: false,
            max_states: 100_000_000,
            timeout: None,
            max_bytes: 8 << 30,
            beside_others: false,
            jobs: 1,
            ignore_load_buffering: false,
            order_fences: false,
            everything: false,
            without: None,
        }
    }
}
