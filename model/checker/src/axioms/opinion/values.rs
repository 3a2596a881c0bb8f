//! What data holds, as terms: which inputs an element is made from, and in which order they were added.
//!
//! Every input element of every launch is a number of its own (64 bits, scattered), and a sum is their sum; so a
//! result is right if it is the sum of the right inputs. A second reading tells orders apart: there an addition is
//! commutative, and not associative, as in floating point. Not modelled: roundings that happen to agree, and numbers
//! that happen to add up, once in 2^64.

use super::super::execution::{Execution, Kind, WIDTH};
use super::super::relation::Truth;
use super::cells::{Cells, Expectation};
use super::events::{Events, Origin};
use super::unfold::Unit;
use crate::program::{Bulk, Contents, Definition, Expected, Location, Operation, Program, Shape};
use arverify_protocol::ir::Reduction;
use z3::ast::BV;

/// How sums are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// As sums.
    Sums,
    /// As sums whose order shows.
    Orders,
}

/// Scatters numbers (the finaliser of SplitMix64).
fn scatter(mut value: u64) -> u64 {
    value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// The input at a byte of an instance, new for a launch.
fn input(at: Location, launch: u32) -> BV {
    let number = scatter(scatter(u64::from(at.instance) ^ u64::from(launch) << 32) ^ at.byte);
    BV::from_u64(number, WIDTH)
}

fn fold(reduction: Option<Reduction>, reading: Reading, parts: &[BV]) -> BV {
    let mut parts = parts.iter().cloned();
    let first = parts.next().unwrap_or_else(|| BV::from_u64(0, WIDTH));
    parts.fold(first, |sum, part| match (reduction, reading) {
        (Some(Reduction::Max), _) => sum.bvuge(&part).ite(&sum, &part),
        (Some(Reduction::Min), _) => sum.bvuge(&part).ite(&part, &sum),
        (_, Reading::Sums) => sum.bvadd(&part),
        (_, Reading::Orders) => {
            let factor = BV::from_u64(scatter(1) | 1, WIDTH);
            sum.bvadd(&part).bvmul(&factor).bvadd(BV::from_u64(1, WIDTH))
        }
    })
}

/// Gives every access to data its value.
pub(super) fn give(program: &impl Program, cells: &Cells, units: &[Unit], events: &mut Events, reading: Reading) {
    let shape = program.shape();
    for event in 0..events.nodes.len() {
        let Some(location) = events.nodes[event].location else { continue };
        let at = cells.place(location.physical.index());
        let part = shape.part(at);
        if part.element.is_none() {
            continue;
        }
        let value = match events.origins[event] {
            Origin::Initial => match part.contents {
                Contents::Word(0) => Some(BV::from_u64(0, WIDTH)),
                Contents::Word(word) => Some(BV::from_u64(scatter(word), WIDTH)),
                Contents::Random => Some(input(at, u32::MAX)),
                Contents::Poison | Contents::Between(..) | Contents::Bytes(_) => None,
            },
            Origin::Refresh(_, launch) => Some(input(at, launch)),
            _ => None,
        };
        events.nodes[event].value = Some(value.unwrap_or_else(|| BV::fresh_const("data", WIDTH)));
    }
    for (step, of_step) in &events.of_step {
        if let Operation::Bulk(bulk) = &units[step.0].steps[step.1].operation {
            combine(&mut events.nodes, of_step, bulk, reading);
        }
    }
}

/// The values that a data phase writes, from those it reads.
fn combine(nodes: &mut [super::super::execution::Node], of_step: &[usize], bulk: &Bulk, reading: Reading) {
    let width = of_step.len() / (bulk.sources.len() + 1);
    for offset in 0..width {
        let reads = (0..bulk.sources.len()).map(|source| of_step[source * width + offset]);
        let parts: Vec<BV> = reads.filter_map(|read| nodes[read].value.clone()).collect();
        nodes[of_step[bulk.sources.len() * width + offset]].value = Some(fold(bulk.fold, reading, &parts));
    }
}

/// Outputs that are not what the definition says; or, where the order of sums shows, that differ between ranks. Each
/// with the event that reads it.
pub(super) fn wrong(
    shape: &Shape,
    cells: &Cells,
    events: &Events,
    expected: &Expected,
    reading: Reading,
) -> Vec<(usize, Truth)> {
    let expectation = Expectation::from(expected);
    let outputs: Vec<(usize, u32, u32, Location)> = (0..events.nodes.len())
        .filter_map(|event| {
            let Origin::Output(rank, launch) = events.origins[event] else { return None };
            let location = events.nodes[event].location?;
            Some((event, rank, launch, cells.place(location.physical.index())))
        })
        .collect();
    let mut found = Vec::new();
    for (event, rank, launch, at) in &outputs {
        let Some(value) = &events.nodes[*event].value else { continue };
        let wanted = match reading {
            Reading::Sums => {
                let parts = expectation.inputs(shape, *rank, at.byte);
                let parts: Vec<BV> = parts.into_iter().map(|part| input(part, *launch)).collect();
                Some(fold(reduction(expected.definition), reading, &parts))
            }
            Reading::Orders => {
                let first = outputs.iter().find(|(_, other, when, place)| {
                    (other, when, place.byte) != (rank, launch, at.byte) && (when, place.byte) == (launch, at.byte)
                });
                first.and_then(|(other, ..)| events.nodes[*other].value.clone())
            }
        };
        if let Some(wanted) = wanted {
            found.push((*event, Truth::Open(value.eq(&wanted).not())));
        }
    }
    found
}

/// Whether the order in which a result is added up matters.
pub(super) fn orders_matter(expected: &Expected) -> bool {
    let sums = matches!(expected.definition, Definition::AllReduce(Reduction::Sum));
    expected.same_on_all_ranks && sums
}

fn reduction(definition: Definition) -> Option<Reduction> {
    match definition {
        Definition::AllReduce(reduction) | Definition::ReduceScatter(reduction) => Some(reduction),
        Definition::AllGather | Definition::Broadcast | Definition::Copy | Definition::Shift | Definition::Transfer => {
            None
        }
    }
}

/// Reads that return what nobody wrote.
pub(super) fn unwritten(events: &Events, execution: &Execution) -> Vec<(usize, Truth)> {
    let poison: Vec<usize> = (0..events.nodes.len()).filter(|event| events.poison[*event]).collect();
    let reads = (0..events.nodes.len()).filter(|event| matches!(events.nodes[*event].kind, Kind::Read));
    let from = |read: usize| Truth::any(poison.iter().map(|write| execution.reads_from.at(*write, read).clone()));
    reads.map(|read| (read, from(read))).filter(|(_, truth)| !matches!(truth, Truth::False)).collect()
}
