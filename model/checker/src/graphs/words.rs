//! What was found, in words: the operations involved, no interleaving.

use super::event::{Act, Actor, Event, Range};
use super::search::Search;
use super::state::State;
use crate::program::{Coordinates, Location, Program, SiteIndex};
use arverify_protocol::verdict::{Code, Finding, Point};

pub(super) fn finding(code: Code, message: String, points: Vec<Point>) -> Finding {
    let notes = vec!["found by the axioms of the memory model; there is no schedule to replay".to_owned()];
    Finding { notes, ..Finding::new(code, message, points) }
}

/// The first byte of a range.
pub(super) fn located<P: Program>(search: &Search<P>, range: Range, found: Finding) -> Finding {
    let shape = search.field.program.shape();
    let at = Location { instance: range.space.instance, byte: range.from };
    let location = shape.instances.get(at.instance as usize).map(|_| shape.shown(at));
    Finding { location, ..found }
}

/// Something wrong with one operation of a thread.
pub(super) fn of_thread<P: Program>(
    search: &Search<P>,
    state: &State<P::Thread>,
    (code, message): (Code, String),
    thread: usize,
    site: SiteIndex,
) -> Finding {
    let point = search.point(Some(search.thread_name(state, thread)), site, "this operation");
    finding(code, message, vec![point])
}

/// Two accesses race.
pub(super) fn race<P: Program>(search: &Search<P>, state: &State<P::Thread>, first: Event, second: Event) -> Finding {
    let [one, other] = [first, second].map(|event| access(search, state, event));
    let graph = &state.graph;
    let how = match graph.is_unfenced(first, second) || graph.is_unfenced(second, first) {
        true => "without a proxy fence between them",
        false => "in no order",
    };
    let message = format!("data race: {} and {}, {how}", one.1, other.1);
    let points = one.0.into_iter().chain(other.0).collect();
    let ranges = [first, second].map(|event| state.graph.nodes[event].range);
    let from = ranges[0].from.max(ranges[1].from);
    located(search, Range { from, ..ranges[0] }, finding(Code::DataRace, message, points))
}

/// Where an access stands, and what it is, in words.
fn access<P: Program>(search: &Search<P>, state: &State<P::Thread>, event: Event) -> (Option<Point>, String) {
    let node = &state.graph.nodes[event];
    let how = if node.act == Act::Write { "written" } else { "read" };
    match node.actor {
        Actor::Thread { thread, launch } => {
            let at = search.field.coordinates(thread, launch);
            let launch =
                if search.field.program.has_calls() { state.threads[thread as usize].at.launch } else { launch };
            let name = search.field.program.name(Coordinates { launch, ..at });
            (Some(search.point(Some(name), node.site, &format!("{how} here"))), format!("{how} by {name}"))
        }
        Actor::Stream(rank) => {
            let what = if node.act == Act::Write { "new inputs" } else { "the output" };
            (None, format!("{how} by the stream of rank {rank} ({what})"))
        }
        Actor::Copy { .. } | Actor::Joint => {
            (Some(search.point(None, node.site, &format!("{how} here"))), format!("{how} by a copy"))
        }
    }
}

/// Memory is read that nobody wrote.
pub(super) fn unwritten<P: Program>(
    search: &Search<P>,
    state: &State<P::Thread>,
    thread: Option<(usize, SiteIndex)>,
    at: Range,
) -> Finding {
    let named = thread.map(|(thread, site)| (search.thread_name(state, thread), site));
    let who = named.map_or("the stream".to_owned(), |(name, _)| name.to_string());
    let points = named.map(|(name, site)| search.point(Some(name), site, "read here"));
    let message = format!("memory is read before anybody wrote it, by {who}");
    located(search, at, finding(Code::Uninitialised, message, points.into_iter().collect()))
}
