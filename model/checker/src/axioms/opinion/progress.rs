//! How far the threads get, when some of their waits wait in vain.
//!
//! Barriers complete when all their threads have come, a launch begins when the rank's launch before it has ended.
//! That is decided by counting, not by the solver: which waits are in vain is given. Not modelled: a counted barrier
//! that different sets of threads could complete.

use super::unfold::{Refusal, Unit};
use crate::program::{Arrivals, Barrier, Group, Operation};
use rustc_hash::{FxHashMap, FxHashSet};

/// An operation: its thread, and its number there.
pub(super) type At = (usize, usize);

/// Where a thread comes to rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// At its end.
    Ended,
    /// At a barrier.
    Barrier,
    /// At a wait.
    Stuck,
    /// At a value that is not chosen yet.
    Suspended,
    /// Its launch has not begun.
    Unlaunched,
}

/// How far everybody gets.
#[derive(Clone, Debug)]
pub(super) struct Reached {
    /// Steps of each thread; a poll in vain counts, a barrier that does not complete counts only as an arrive.
    pub(super) steps: Vec<usize>,
    pub(super) rest: Vec<Rest>,
    /// The barriers that complete, with those who arrive.
    pub(super) barriers: Vec<Vec<At>>,
}

/// The block of a thread: rank, launch, block.
fn block(unit: &Unit) -> (u32, u32, u32) {
    (unit.at.rank, unit.at.launch, unit.at.block)
}

/// A barrier of the block: its number, its count, and whether the thread does not wait.
fn barrier(unit: &Unit, step: usize) -> Option<(u32, Option<u32>, bool)> {
    match unit.steps.get(step)?.operation {
        Operation::Barrier(Barrier { group: Group::Block { id, count }, arrive, .. }) => Some((id, count, arrive)),
        _ => None,
    }
}

/// Runs everybody as far as they get.
pub(super) fn run(units: &[Unit], in_vain: &FxHashSet<At>) -> Reached {
    let mut reached =
        Reached { steps: vec![0; units.len()], rest: vec![Rest::Unlaunched; units.len()], barriers: Vec::new() };
    let mut arrived = FxHashMap::<((u32, u32, u32), u32), Vec<At>>::default();
    loop {
        let mut moved = false;
        for index in 0..units.len() {
            let unit = &units[index];
            let before = (reached.steps[index], reached.rest[index]);
            if before.1 == Rest::Unlaunched && launched(units, &reached, unit) {
                reached.rest[index] = go(unit, index, &mut reached.steps[index], in_vain);
            }
            while reached.rest[index] == Rest::Barrier {
                let at = (index, reached.steps[index]);
                let Some((id, count, arrive)) = barrier(unit, at.1) else { break };
                let here = arrived.entry((block(unit), id)).or_default();
                if !here.contains(&at) {
                    here.push(at);
                    moved = true;
                }
                let size = units.iter().filter(|other| block(other) == block(unit)).count();
                if here.len() == count.map_or(size, |count| count as usize) && is_one_statement(units, here) {
                    let here = std::mem::take(here);
                    for (other, step) in &here {
                        if barrier(&units[*other], *step).is_some_and(|(.., arrive)| !arrive) {
                            reached.steps[*other] = step + 1;
                            reached.rest[*other] = go(&units[*other], *other, &mut reached.steps[*other], in_vain);
                        }
                    }
                    reached.barriers.push(here);
                    moved = true;
                }
                if !arrive {
                    break;
                }
                reached.steps[index] = at.1 + 1;
                reached.rest[index] = go(unit, index, &mut reached.steps[index], in_vain);
            }
            moved |= before != (reached.steps[index], reached.rest[index]);
        }
        if !moved {
            return reached;
        }
    }
}

/// Whether those who have come to a `block_sync` are all at one: else it is none, and nobody goes on.
fn is_one_statement(units: &[Unit], here: &[At]) -> bool {
    let mut sites = here.iter().map(|(index, step)| &units[*index].steps[*step]);
    let whole =
        |operation: &Operation| matches!(operation, Operation::Barrier(Barrier { arrivals: Arrivals::WholeBlock, .. }));
    let Some(first) = sites.next() else { return true };
    sites.all(|other| other.site == first.site || !whole(&first.operation) || !whole(&other.operation))
}

/// Whether a thread's launch has begun: every thread of the rank's launch before it has ended.
fn launched(units: &[Unit], reached: &Reached, unit: &Unit) -> bool {
    let before = |other: &Unit| other.at.rank == unit.at.rank && other.at.launch + 1 == unit.at.launch;
    units.iter().zip(&reached.rest).all(|(other, rest)| !before(other) || *rest == Rest::Ended)
}

/// Performs operations up to the next that a thread may rest at.
fn go(unit: &Unit, index: usize, step: &mut usize, in_vain: &FxHashSet<At>) -> Rest {
    while let Some(next) = unit.steps.get(*step) {
        if in_vain.contains(&(index, *step)) {
            *step += 1;
            return Rest::Stuck;
        }
        match next.operation {
            Operation::Barrier(_) => return Rest::Barrier,
            _ if *step + 1 == unit.steps.len() && unit.is_suspended() => return Rest::Suspended,
            _ => *step += 1,
        }
    }
    Rest::Ended
}

/// Refuses counted barriers that different sets of threads could complete.
pub(super) fn check_barriers(units: &[Unit]) -> Result<(), Refusal> {
    let mut uses: FxHashMap<_, FxHashMap<usize, usize>> = FxHashMap::default();
    let mut counts: FxHashMap<_, Option<u32>> = FxHashMap::default();
    for (index, unit) in units.iter().enumerate() {
        for step in 0..unit.steps.len() {
            let Some((id, count, _)) = barrier(unit, step) else { continue };
            if *counts.entry((block(unit), id)).or_insert(count) != count {
                return Err(Refusal::Unsupported("one barrier with different counts"));
            }
            *uses.entry((block(unit), id)).or_default().entry(index).or_default() += 1;
        }
    }
    for (barrier, threads) in &uses {
        let Some(count) = counts[barrier] else { continue };
        let rounds: FxHashSet<usize> = threads.values().copied().collect();
        if threads.len() != count as usize || rounds.len() != 1 {
            return Err(Refusal::Unsupported("a counted barrier that different sets of threads could complete"));
        }
    }
    Ok(())
}
