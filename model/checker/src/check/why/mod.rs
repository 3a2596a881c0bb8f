//! Why two accesses race: the nearest miss.
//!
//! The execution that shows a race is run once more with every event recorded, and goes on behind the race. Its causality order is
//! a graph ([`links`]); each edge that it lacks has links that are missing: the write does not release, the read does not acquire, a
//! scope is too narrow, threads of a block do not meet, … The smallest set of links with which one access would precede
//! the other ([`search`]) is the cause that is told ([`words`]), and the events on that way are what the trace keeps.
//! Where no few links do, nothing that the one thread did leads to the other, and that is told.
//!
//! It is an explanation and no verdict: a link that is named would order these two accesses in this execution, and
//! nothing is said of others. Not looked at: the order of `fence.sc`, which only makes a set larger than need be.

mod execution;
mod links;
mod others;
mod search;
mod values;
mod words;

use super::Action;
use crate::machine::event::Event;
use crate::machine::{Machine, RaceCause, Reason, SetAside, State, Violation};
use crate::memory::shadow::Access;
use crate::program::Program;
use arverify_protocol::verdict::{Code, Why, WhyKind};
use execution::{Execution, word_of};
use links::{Graph, Link, Question};
use search::{Way, nearest};
use std::cell::RefCell;
use words::Words;

/// Longer executions are not explained.
const MOST_EVENTS: usize = 200_000;
/// Steps behind a race.
const STEPS_BEHIND: usize = 256;

/// What an execution says of a race.
#[derive(Default)]
pub(super) struct Explained {
    /// The cause.
    pub(super) why: Vec<Why>,
    /// The execution, which goes on behind the race.
    pub(super) events: Vec<Event>,
    /// The events that matter, in order: both accesses, and what leads from one to the other.
    pub(super) kept: Vec<usize>,
}

/// Runs an execution again, as if no race ended it.
fn with_what_follows<P: Program>(machine: &Machine<P>, actions: &[Action]) -> Vec<Event> {
    let machine = Machine::new(machine.program().clone(), machine.settings(), machine.contended().clone());
    let machine = machine.setting_aside(SetAside::every_race());
    let mut events = Vec::new();
    let (mut state, _) = machine.initial(Some(&mut events));
    for action in actions {
        machine.apply(&mut state, *action, Some(&mut events));
    }
    for _ in 0..STEPS_BEHIND {
        let Some(action) = machine.actions(&state).first().copied() else { break };
        machine.apply(&mut state, action, Some(&mut events));
        if events.len() > MOST_EVENTS {
            break;
        }
    }
    events
}

/// The cause of a violation. `recorded` is the execution that shows it.
pub(super) fn explain<P: Program>(
    machine: &Machine<P>,
    state: &State<P::Thread>,
    violation: &Violation,
    (recorded, actions): (&[Event], &[Action]),
) -> Explained {
    let is_race = is_told_of_race(violation) && recorded.len() <= MOST_EVENTS;
    let follows = if is_race { with_what_follows(machine, actions) } else { Vec::new() };
    // What behind the race is another execution says nothing of this one.
    let last = recorded.len().saturating_sub(1);
    let is_same = follows.len() > last && follows[..last] == recorded[..last];
    let events = if is_same { follows } else { recorded.to_vec() };
    let execution = Execution::new(machine, &events);
    let words = Words { execution: &execution, state, named: RefCell::default() };
    let mut why: Vec<Why> = violation.reasons.iter().map(|reason| words.reason(reason)).collect();
    let mut kept = Vec::new();
    if let Some([first, second]) = accesses(&execution, violation, last) {
        kept.extend([first, second]);
        if is_race {
            let (told, on_the_way) = race(&execution, &words, violation, (first, second));
            why.extend(told);
            kept.extend(on_the_way);
        }
    }
    if why.is_empty() {
        why.extend(others::explain(&execution, &words, violation));
    }
    kept.extend(words.named.into_inner());
    Explained { why, kept, events }
}

/// The events of a race's accesses; `last` is where the execution shows the race.
fn accesses<P: Program>(execution: &Execution<'_, P>, violation: &Violation, last: usize) -> Option<[usize; 2]> {
    let [first, second] = violation.accesses?;
    // A wait is performed once it is over.
    let later = |access: &Access| {
        let is_it = |event: &Event| event.thread == access.epoch.thread && event.site == Some(access.site);
        execution.events[last..].iter().position(is_it).map(|place| last + place)
    };
    let find = |access: &Access| execution.event_of(access).or_else(|| later(access));
    Some([find(&first)?, find(&second)?])
}

fn race<P: Program>(
    execution: &Execution<'_, P>,
    words: &Words<'_, '_, P>,
    violation: &Violation,
    (first, second): (usize, usize),
) -> (Vec<Why>, Vec<usize>) {
    match violation.cause {
        Some(cause) => (vec![words.known(cause, first, second)], Vec::new()),
        None => {
            strength(execution, words, first, second).unwrap_or_else(|| causality(execution, words, first, second))
        }
    }
}

/// Two accesses to a word of which one at least is strong would not race if both were, and reached each other.
fn strength<P: Program>(
    execution: &Execution<'_, P>,
    words: &Words<'_, '_, P>,
    first: usize,
    second: usize,
) -> Option<(Vec<Why>, Vec<usize>)> {
    let [left, right] = [first, second].map(|event| execution.operation(event).and_then(word_of));
    let weak = [first, second].map(|event| execution.is_weak(event));
    let either = if weak[0] { second } else { first };
    if weak[0] && weak[1] {
        return None;
    }
    let mut links = Vec::new();
    let other = |event: usize| Some(if event == first { second } else { first });
    if let (Some(left), Some(right)) = (left, right)
        && left != right
    {
        links.push(Link { kind: WhyKind::MixedSize, event: second, other: Some(first) });
    } else {
        let of_weak = [first, second].into_iter().zip(weak).filter(|(_, weak)| *weak);
        links.extend(of_weak.map(|(event, _)| Link { kind: WhyKind::WeakAccess, event, other: Some(either) }));
        if links.is_empty() {
            let narrow = execution.too_narrow(first, second);
            links.extend(narrow.map(|event| Link { kind: WhyKind::ScopeTooNarrow, event, other: other(event) }));
        }
    }
    let why = links.iter().map(|link| words.link(*link, &[first, second], (first, second))).collect::<Vec<_>>();
    (!why.is_empty()).then(|| (why, vec![first, second]))
}

/// The smallest set of links that would put one before the other, whichever that is.
fn causality<P: Program>(
    execution: &Execution<'_, P>,
    words: &Words<'_, '_, P>,
    first: usize,
    second: usize,
) -> (Vec<Why>, Vec<usize>) {
    let ways = [(first, second), (second, first)].map(|(from, to)| (from, to, way(execution, from, to)));
    let found = ways.into_iter().filter_map(|(from, to, found)| Some((from, to, found?)));
    let Some((from, to, (way, links, events))) = found.min_by_key(|(_, _, (way, ..))| way.weight) else {
        return (vec![words.nothing(first, second)], vec![first, second]);
    };
    let told = way.missing.iter().map(|link| words.link(links[usize::from(*link)], &events, (from, to)));
    let told = told.collect();
    (told, words.on_the_way(&events, &way.marked))
}

type Found = (Way, Vec<Link>, Vec<usize>);

fn way<P: Program>(execution: &Execution<'_, P>, from: usize, to: usize) -> Option<Found> {
    [true, false].into_iter().find_map(|updates_read| {
        let graph = Graph::new(execution, Question { from, to, updates_read });
        let found = nearest(&graph.edges, &graph.links, from, to)?;
        let events = found.nodes.iter().filter_map(|node| graph.event(*node)).collect();
        // With nothing missing there would be no race: the graph takes more for synchronised than the machine does.
        (!found.missing.is_empty()).then_some((found, graph.links, events))
    })
}

/// Whether a finding is a race, or is told of one.
fn is_told_of_race(violation: &Violation) -> bool {
    violation.accesses.is_some() && matches!(violation.code, Code::DataRace | Code::ZeroingRace | Code::Credit)
}
