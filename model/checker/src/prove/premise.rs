//! What a proof rests on: the check at small sizes.
//!
//! Obligations are about where accesses lie, who meets whom and which signal is which; that what follows a wait in the program
//! follows it in causality, and that the result is right, they take for granted. So nothing is called proven that the check
//! finds wrong at small sizes: those that `argen emit` certifies at, for the first numbers of ranks that the requirements
//! leave, messages of every length up to two vectors for each thread of each rank, so that parts begin and end in every way,
//! and odd shapes that a fixed generator draws. The road not taken: orders as obligations of their own, for all sizes.
//!
//! Not shown: orders and results at other sizes. The output says so.

use crate::check::{Fixed, Options, small_sizes, try_check};
use crate::process;
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::Protocol;
use arverify_protocol::verdict::{Code, Verdict};
use std::time::{Duration, Instant};

/// Numbers of ranks that are checked, at most.
const NUMBERS_OF_RANKS: usize = 3;

/// Of them, at most, get messages of every length.
const RANKS_OF_LENGTHS: usize = 2;

/// Sizes that are drawn, at most.
const DRAWN: usize = 40;

/// The check at small sizes, up to the first that is not verified.
#[derive(Clone, Debug)]
pub struct Premise {
    /// Each with its verdict; only the last is not verified.
    pub checked: Vec<(Sizes, Verdict)>,
    /// Launches of each.
    pub launches: u32,
    /// What was found at the last.
    pub codes: Vec<Code>,
}

impl Premise {
    /// Verified where all sizes are, and there are some.
    pub fn verdict(&self) -> Verdict {
        self.checked.last().map_or(Verdict::Inconclusive, |(_, verdict)| *verdict)
    }
}

/// Checks a protocol at small sizes of these numbers of ranks, each for no longer than this.
pub fn premise(protocol: &Protocol, ranks: &[u32], limit: Duration) -> Premise {
    let launches = protocol.launches_to_come_round();
    let mut premise = Premise { checked: Vec::new(), launches, codes: Vec::new() };
    let deadline = Instant::now() + limit;
    for sizes in sizes(protocol, ranks) {
        let left = deadline.saturating_duration_since(process::now());
        let options = Options { launches, timeout: Some(left), ..Options::new(sizes) };
        let verdict = match try_check(protocol, &options) {
            Ok(outcome) => {
                premise.codes = outcome.findings.iter().map(|finding| finding.code).collect();
                outcome.verdict
            }
            Err(_) => Verdict::Inconclusive,
        };
        premise.checked.push((sizes, verdict));
        if verdict != Verdict::Verified {
            break;
        }
    }
    premise
}

fn sizes(protocol: &Protocol, ranks: &[u32]) -> Vec<Sizes> {
    let ranks = &ranks[..ranks.len().min(NUMBERS_OF_RANKS)];
    let mut all = Vec::new();
    for (number, ranks) in ranks.iter().enumerate() {
        let types: &[DataType] = if number == 0 { &[DataType::F32, DataType::F16] } else { &[DataType::F32] };
        for data in types {
            let (ranks, data, accumulate) = (*ranks, *data, Accumulate::Own);
            let fixed = Fixed { ranks, data, accumulate, blocks: None, max_blocks: u32::MAX };
            all.extend(small_sizes(protocol, &fixed));
        }
    }
    all.extend(ranks.iter().take(RANKS_OF_LENGTHS).flat_map(|ranks| lengths(protocol, *ranks)));
    let mut state: u64 = 1;
    let meets = |sizes: &Sizes| matches!(protocol.unmet_requirement(sizes), Ok(None));
    let drawn = (0..4 * DRAWN).filter_map(|_| draw(protocol, ranks, &mut state));
    all.extend(drawn.filter(meets).take(DRAWN));
    all
}

/// Messages of every length up to two vectors for each thread of a block of each rank, and one element more: quotients by
/// ranks, vectors and threads round in every way, and parts begin and end in every place of two blocks.
fn lengths(protocol: &Protocol, ranks: u32) -> Vec<Sizes> {
    let (data, accumulate) = (DataType::F32, Accumulate::Own);
    let (blocks, threads) = if protocol.is_host_program() { (1, 1) } else { (2, ranks) };
    let all = 0..=2 * u64::from(data.vector()) * u64::from(ranks) * u64::from(threads) + 1;
    let sizes = all.map(|elements| Sizes { ranks, blocks, threads, elements, capacity: elements, data, accumulate });
    sizes.filter(|sizes| matches!(protocol.unmet_requirement(sizes), Ok(None))).collect()
}

/// Odd shapes: three blocks, as few threads as may be, messages that end anywhere.
fn draw(protocol: &Protocol, ranks: &[u32], state: &mut u64) -> Option<Sizes> {
    // Knuth's multiplier; the high bits are used.
    let mut below = |limit: u64| {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) % limit
    };
    let ranks = *ranks.get(below(ranks.len().max(1) as u64) as usize)?;
    let (blocks, threads) = match protocol.is_host_program() {
        true => (1, 1),
        false => (1 + below(3) as u32, 1 + below(u64::from(ranks) + 4) as u32),
    };
    let data = [DataType::F32, DataType::F16, DataType::BF16][below(3) as usize];
    let elements = below(160);
    Some(Sizes { ranks, blocks, threads, elements, capacity: elements, data, accumulate: Accumulate::Own })
}
