//! Waits in vain: which of them to ask the solver about.
//!
//! A wait can be in vain if its last poll returns a write that nothing follows in coherence and that does not satisfy
//! it. For a hang some set of waits is in vain, and everybody else comes to rest. Most waits are safe whatever the
//! others do: some write satisfies them, follows every write that does not, and comes after no wait that may itself
//! be in vain. What is left after taking those away, again and again, is tried in every combination.

use super::events::{Admits, Events, Origin};
use super::known::{Pairs, may_read};
use super::progress::At;
use super::unfold::{Refusal, Unit};
use rustc_hash::FxHashSet;

/// Combinations of waits.
const COMBINATIONS: usize = 20_000;

/// The waits that may be in vain, given what is certain when none is.
pub(super) fn doubtful(events: &Events, before: &Pairs) -> FxHashSet<At> {
    let mut doubtful: Vec<(At, usize)> = (0..events.nodes.len())
        .filter_map(|event| match (events.origins[event], &events.admits[event]) {
            (Origin::Thread(at), Admits::Satisfying(_)) => Some((at, event)),
            _ => None,
        })
        .collect();
    loop {
        let safe = |(_, wait): &(At, usize)| is_safe(events, before, &doubtful, *wait);
        let left: Vec<(At, usize)> = doubtful.iter().copied().filter(|wait| !safe(wait)).collect();
        if left.len() == doubtful.len() {
            return doubtful.into_iter().map(|(at, _)| at).collect();
        }
        doubtful = left;
    }
}

fn is_safe(events: &Events, before: &Pairs, doubtful: &[(At, usize)], wait: usize) -> bool {
    let Admits::Satisfying(condition) = &events.admits[wait] else { return true };
    let location = |event: usize| events.nodes[event].location.map(|location| location.physical);
    let writes = || {
        (0..events.nodes.len()).filter(|write| events.nodes[*write].is_write() && location(*write) == location(wait))
    };
    let satisfies = |write: usize| events.words[write].is_some_and(|word| condition.holds(word.into()));
    let first = |write: usize| events.nodes[write].thread.is_none();
    let certain = |write: usize| doubtful.iter().all(|(_, other)| !before.has(*other, write));
    let last = |write: usize| {
        writes().filter(|other| !satisfies(*other)).all(|other| first(other) || before.has(other, write))
    };
    // What memory holds first satisfies only if nothing that does not comes after it.
    let enough = |write: usize| if first(write) { writes().all(satisfies) } else { certain(write) && last(write) };
    writes().any(|write| satisfies(write) && enough(write))
}

/// Every set of these waits with at most one of each thread, the empty one left out.
pub(super) fn combinations(units: &[Unit], doubtful: &FxHashSet<At>) -> Result<Vec<FxHashSet<At>>, Refusal> {
    let mut sets: Vec<FxHashSet<At>> = vec![FxHashSet::default()];
    for unit in 0..units.len() {
        let mut own: Vec<At> = doubtful.iter().copied().filter(|at| at.0 == unit).collect();
        own.sort_unstable();
        if sets.len() * (own.len() + 1) > COMBINATIONS {
            return Err(Refusal::TooLarge("ways to wait in vain", COMBINATIONS));
        }
        let longer = sets.iter().flat_map(|set| {
            own.iter().map(|at| {
                let mut longer = set.clone();
                longer.insert(*at);
                longer
            })
        });
        let longer: Vec<FxHashSet<At>> = longer.collect();
        sets.extend(longer);
    }
    sets.retain(|set| !set.is_empty());
    sets.sort_by_key(FxHashSet::len);
    Ok(sets)
}

/// Whether every wait may still come out as it is said to: a quick look before the solver's.
pub(super) fn plausible(events: &Events, before: &Pairs) -> bool {
    let location = |event: usize| events.nodes[event].location.map(|location| location.physical);
    let followed = |write: usize| {
        (0..events.nodes.len()).any(|other| {
            let after = events.nodes[other].is_write() && location(other) == location(write) && other != write;
            let first = events.nodes[write].thread.is_none();
            after && events.nodes[other].thread.is_some() && (first || before.has(write, other))
        })
    };
    (0..events.nodes.len()).filter(|read| events.nodes[*read].is_read()).all(|read| {
        let in_vain = matches!(events.admits[read], Admits::InVain(_));
        (0..events.nodes.len()).any(|write| may_read(events, before, write, read) && !(in_vain && followed(write)))
    })
}
