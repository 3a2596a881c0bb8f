//! What the axioms found, as a finding: the operations involved, no interleaving.

use super::choices::Combination;
use super::events::{Events, Origin};
use super::progress::{At, Rest};
use super::values::Reading;
use crate::program::{Program, SiteIndex};
use arverify_protocol::verdict::{Code, Finding, Point, ThreadName};
use rustc_hash::FxHashSet;

fn finding(code: Code, message: String, points: Vec<Point>) -> Finding {
    let notes = vec!["found by the axioms of the memory model; there is no schedule to replay".to_owned()];
    Finding { notes, ..Finding::new(code, message, points) }
}

fn point<P: Program>(program: &P, thread: Option<ThreadName>, site: SiteIndex, label: &str) -> Point {
    let (span, calls) = program.site(site);
    Point { thread, span, calls, label: label.to_owned() }
}

/// A point at an operation of a thread.
fn of_step<P: Program>(program: &P, combination: &Combination, at: At, label: &str) -> Point {
    let unit = &combination.units[at.0];
    point(program, Some(program.name(unit.at)), unit.steps[at.1].site, label)
}

/// A point at an event, and who does it, in words.
fn of_event<P: Program>(
    program: &P,
    combination: &Combination,
    events: &Events,
    event: usize,
    label: &str,
) -> (Vec<Point>, String) {
    match events.origins[event] {
        Origin::Thread(at) => {
            let found = of_step(program, combination, at, label);
            let name = found.thread.map_or(String::new(), |name| name.to_string());
            (vec![found], name)
        }
        Origin::Refresh(rank, launch) => (Vec::new(), format!("the new inputs of rank {rank} for launch {launch}")),
        Origin::Output(rank, launch) => {
            (Vec::new(), format!("the owner of rank {rank}, reading the output of launch {launch}"))
        }
        Origin::Initial | Origin::Boundary => (Vec::new(), "nobody".to_owned()),
    }
}

fn located<P: Program>(
    program: &P,
    combination: &Combination,
    events: &Events,
    event: usize,
    mut finding: Finding,
) -> Finding {
    finding.location = events.nodes[event]
        .location
        .map(|location| program.shape().shown(combination.cells.place(location.physical.index())));
    finding
}

fn verb(events: &Events, event: usize) -> &'static str {
    if events.nodes[event].is_write() { "written" } else { "read" }
}

/// Two accesses race.
pub(super) fn race<P: Program>(
    program: &P,
    combination: &Combination,
    events: &Events,
    first: usize,
    second: usize,
) -> Finding {
    let label = |event: usize| format!("{} here", verb(events, event));
    let (mut points, one) = of_event(program, combination, events, first, &label(first));
    let (more, other) = of_event(program, combination, events, second, &label(second));
    points.extend(more);
    let (how, also) = (verb(events, first), verb(events, second));
    let message = format!("data race: {how} by {one} and {also} by {other}, in no order");
    located(program, combination, events, first, finding(Code::DataRace, message, points))
}

/// A read returns what nobody wrote.
pub(super) fn unwritten<P: Program>(program: &P, combination: &Combination, events: &Events, read: usize) -> Finding {
    let (points, who) = of_event(program, combination, events, read, "this access");
    let message = format!("memory is read before anybody wrote it, by {who}");
    located(program, combination, events, read, finding(Code::Uninitialised, message, points))
}

/// Waits in vain.
pub(super) fn hang<P: Program>(program: &P, combination: &Combination, in_vain: &FxHashSet<At>) -> Finding {
    let mut waits: Vec<At> = in_vain.iter().copied().collect();
    waits.sort_unstable();
    let points = waits.iter().map(|at| of_step(program, combination, *at, "waits here in vain")).collect();
    let message = format!("deadlock: {} of the waits can be in vain together", waits.len());
    finding(Code::Deadlock, message, points)
}

/// Threads wait at a barrier that somebody never reaches.
pub(super) fn divergence<P: Program>(program: &P, combination: &Combination) -> Finding {
    let waiting = (0..combination.units.len()).filter(|unit| combination.reached.rest[*unit] == Rest::Barrier);
    let at = |unit: usize| (unit, combination.reached.steps[unit]);
    let points = waiting.map(|unit| of_step(program, combination, at(unit), "waits at this barrier")).take(2);
    let message = "a barrier that not every thread of the block reaches".to_owned();
    finding(Code::BarrierDivergence, message, points.collect())
}

/// An assertion fails.
pub(super) fn false_assertion<P: Program>(program: &P, combination: &Combination, at: At) -> Finding {
    let point = of_step(program, combination, at, "this does not hold");
    finding(Code::WrongResult, "an assertion fails".to_owned(), vec![point])
}

/// A result is not what the definition says.
pub(super) fn wrong<P: Program>(
    program: &P,
    combination: &Combination,
    events: &Events,
    read: usize,
    reading: Reading,
) -> Finding {
    let (code, what) = match reading {
        Reading::Sums => (Code::WrongResult, "the output is not what the collective's definition says"),
        Reading::Orders => (Code::RankDisagreement, "ranks add up in different orders"),
    };
    let site = program.expected().map(|expected| point(program, None, expected.site, "this does not hold"));
    let (_, who) = of_event(program, combination, events, read, "");
    let found = finding(code, format!("{what}: seen by {who}"), site.into_iter().collect());
    located(program, combination, events, read, found)
}
