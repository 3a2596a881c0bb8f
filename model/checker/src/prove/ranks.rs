//! One number of ranks after the other: what holds of every rank's program with those of its neighbours.
//!
//! Ranks that look alike, themselves and what is around them, are proven once, whatever the number of ranks: on a ring
//! all do, on a tree the root, the leaves and those between. Likeness is that of the programs written down, with ranks
//! numbered by when they appear, so nothing is assumed of the shape.

use super::claim::{Ranks, Setting, Subject, sizes};
use super::counters::Counters;
use super::counts::{Counting, Judged};
use super::problem::{Problem, Unsupported};
use super::role::{General, Table};
use super::solve::Cache;
use super::term::Formula;
use crate::process;
use arverify_protocol::ir::Protocol;
use rustc_hash::{FxHashMap, FxHashSet};
use std::time::Instant;

/// What was found of an obligation, and at which number of ranks.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) subject: Subject,
    pub(super) judged: Judged,
    pub(super) ranks: u32,
}

/// Everything found for 2 ranks up to this many, or why there is nothing to be found and at which number.
pub(super) fn judge(
    protocol: &Protocol,
    counters: &Counters,
    most_ranks: u32,
    deadline: Instant,
) -> Result<Vec<Found>, (Unsupported, u32)> {
    let mut cache = Cache::default();
    let mut kinds = Classes::default();
    let mut found = Vec::new();
    let general = General::of(protocol, most_ranks, &counters.by_sizes(protocol, most_ranks, deadline), deadline);
    let mut general_holds: FxHashMap<Vec<usize>, bool> = FxHashMap::default();
    for ranks in 2..=most_ranks {
        let fails = |error| (error, ranks);
        if !sizes_exist(protocol, ranks, deadline).map_err(fails)? {
            continue;
        }
        let counters = counters.at_ranks(protocol, ranks, deadline);
        let (table, alike) = Table::of(protocol, ranks, &counters, &general, deadline).map_err(fails)?;
        let written = kinds.written(&table);
        let alike_written = alike.as_ref().map(|alike| kinds.written(alike));
        for rank in 0..ranks {
            if process::now() > deadline {
                return Err((Unsupported::Time, ranks));
            }
            let mut of = |table: &Table, all_or_nothing: bool| {
                Counting { protocol, table, cache: &mut cache, deadline, all_or_nothing }.of_rank(rank)
            };
            if let (Some(alike), Some(written)) = (&alike, &alike_written) {
                let class = class(alike, written, rank);
                let holds = general_holds.get(&class).copied().unwrap_or_else(|| {
                    let judged = of(alike, true);
                    let holds = judged.iter().all(|(_, judged)| matches!(judged, Judged::Holds));
                    if holds {
                        found.extend(judged.into_iter().map(|(subject, judged)| Found { subject, judged, ranks }));
                    }
                    holds
                });
                general_holds.insert(class, holds);
                if holds {
                    continue;
                }
            }
            if !kinds.seen.insert(class(&table, &written, rank)) {
                continue;
            }
            let judged = of(&table, false);
            found.extend(judged.into_iter().map(|(subject, judged)| Found { subject, judged, ranks }));
        }
    }
    Ok(found)
}

fn sizes_exist(protocol: &Protocol, ranks: u32, deadline: Instant) -> Result<bool, Unsupported> {
    let mut problem = Problem::default();
    let setting = Setting { ranks: Ranks::Exactly(ranks), data: None, small: None, deadline };
    sizes(&mut problem, protocol, setting)?;
    Ok(!problem.facts.iter().any(|(_, fact)| *fact == Formula::Truth(false)))
}

/// Ranks that were proven, by what they and those around them look like.
#[derive(Default)]
struct Classes {
    programs: FxHashMap<String, usize>,
    seen: FxHashSet<Vec<usize>>,
}

impl Classes {
    /// The number of each rank's program, and the ranks that it names.
    fn written(&mut self, table: &Table) -> Vec<(usize, Vec<i128>)> {
        let written = table.roles.iter().map(|role| {
            let (text, named) = role.written_down();
            let next = self.programs.len();
            (*self.programs.entry(text).or_insert(next), named)
        });
        written.collect()
    }
}

/// The rank's program, those of its neighbours, and who stores to all of these; ranks by the order of appearance.
fn class(table: &Table, written: &[(usize, Vec<i128>)], rank: u32) -> Vec<usize> {
    let mut order = vec![i128::from(rank)];
    let mut number = |rank: i128| -> usize {
        order.iter().position(|known| *known == rank).unwrap_or_else(|| {
            order.push(rank);
            order.len() - 1
        })
    };
    let mut class = Vec::new();
    let mut queue = vec![(rank, true)];
    let mut next = 0;
    while let Some((rank, near)) = queue.get(next).copied() {
        next += 1;
        let (program, named) = &written[rank as usize];
        class.extend([number(i128::from(rank)), *program]);
        class.extend(named.iter().map(|rank| number(*rank)));
        let incoming = &table.incoming[rank as usize];
        class.push(incoming.len());
        class.extend(incoming.iter().flat_map(|(from, index)| [number(i128::from(*from)), *index]));
        // Around the rank itself are its neighbours; around those only who stores to them matters.
        let stored_to = named.iter().filter_map(|rank| u32::try_from(*rank).ok()).filter(|_| next == 1);
        let known = stored_to.filter(|other| (*other as usize) < table.roles.len()).map(|rank| (rank, true));
        let storing = incoming.iter().filter(|_| near).map(|(from, _)| (*from, next == 1));
        for (other, is_near) in known.chain(storing).collect::<Vec<_>>() {
            if !queue.iter().any(|(known, _)| *known == other) {
                queue.push((other, is_near));
            }
        }
    }
    class
}
