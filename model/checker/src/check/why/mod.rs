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
use crate::machine::{Machine, RaceCause, Reason, SetAside, Settings, State, Violation};
use crate::memory::shadow::Access;
use crate::program::Program;
use arverify_protocol::verdict::{Code, Why, WhyKind};
use execution::{Execution, word_of};
use links::{Graph, Link, Question};
use search::{Step, Way, nearest};
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
    /// The events that race.
    pub(super) racing: Option<[usize; 2]>,
}

/// Runs an execution again, as if no race ended it.
fn with_what_follows<P: Program>(machine: &Machine<P>, actions: &[Action]) -> Vec<Event> {
    let settings = Settings { max_events: Some(MOST_EVENTS), ..machine.settings() };
    let machine = Machine::new(machine.program().clone(), settings, machine.contended().clone());
    let machine = machine.setting_aside(SetAside::every_race());
    let mut events = Vec::new();
    let (mut state, _) = machine.initial(Some(&mut events));
    for action in actions {
        // Where no race ends anything, more goes on at once.
        if !machine.is_possible(&state, *action) {
            return events;
        }
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
    boundary_helps: bool,
) -> Explained {
    let is_race = is_told_of_race(violation) && recorded.len() <= MOST_EVENTS;
    let follows = if is_race { with_what_follows(machine, actions) } else { Vec::new() };
    // What behind the race is another execution says nothing of this one.
    let last = recorded.len().saturating_sub(1);
    let is_same = follows.len() > last && follows[..last] == recorded[..last];
    let events = if is_same { follows } else { recorded.to_vec() };
    let execution = Execution::new(machine, state, &events);
    let words = Words { execution: &execution, state, named: RefCell::default(), boundary_helps };
    let mut why: Vec<Why> = violation.reasons.iter().map(|reason| words.reason(reason)).collect();
    let mut kept = Vec::new();
    let racing = accesses(&execution, violation, last).filter(|_| violation.race.is_some());
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
    Explained { why, events, kept, racing }
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
            let found = chain(execution, words, first, second);
            let strong = strength(execution, words, first, second);
            match (found, strong) {
                (Some(found), Some((_, weight))) if found.weight < weight => (found.why, found.kept),
                (_, Some((why, _))) => (why, Vec::new()),
                (Some(found), None) => (found.why, found.kept),
                (None, None) => (vec![words.nothing(first, second)], Vec::new()),
            }
        }
    }
}

/// What a weak access to a word weighs that others access strongly: more than one statement that is too weak, where that would
/// order it, for it may be meant as data.
const WEAK_WORD: u32 = 12;

/// Two accesses to a word of which one at least is strong would not race if both were, and reached each other.
fn strength<P: Program>(
    execution: &Execution<'_, P>,
    words: &Words<'_, '_, P>,
    first: usize,
    second: usize,
) -> Option<(Vec<Why>, u32)> {
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
    let weight = if weak[0] || weak[1] { WEAK_WORD } else { 0 };
    let why = links.iter().map(|link| words.link(*link, &[first, second], (first, second))).collect::<Vec<_>>();
    (!why.is_empty()).then_some((why, weight))
}

/// A chain that would order two accesses, were it whole.
struct Chain {
    why: Vec<Why>,
    kept: Vec<usize>,
    weight: u32,
}

/// The smallest set of links that would put one before the other, whichever that is.
fn chain<P: Program>(
    execution: &Execution<'_, P>,
    words: &Words<'_, '_, P>,
    first: usize,
    second: usize,
) -> Option<Chain> {
    let ways = [(first, second), (second, first)];
    let found =
        ways.into_iter().filter_map(|(from, to)| Some((from, to, way(execution, (from, to), words.boundary_helps)?)));
    let (from, to, (way, links, events)) = found.min_by_key(|(_, _, (way, ..))| way.weight)?;
    let told = way.lacks.iter().map(|(link, step)| {
        let link = at_step(execution, links[usize::from(*link)], *step);
        words.link(link, &events, (from, to))
    });
    let why = told.collect();
    Some(Chain { why, kept: words.on_the_way(&events, &way.marked), weight: way.weight })
}

/// A link as a step lacks it: of all that one statement does, the event on the way.
fn at_step<P: Program>(execution: &Execution<'_, P>, link: Link, step: Step) -> Link {
    let site = |event: usize| execution.events.get(event).and_then(|event| event.site);
    let here = |event: usize| site(event) == site(link.event);
    let Some((write, read)) = step.by else {
        let event = if link.kind == WhyKind::SignalledTooEarly { step.to } else { step.from };
        return if here(event) { Link { event, ..link } } else { link };
    };
    let (event, other) = match link.kind {
        WhyKind::NotReleased => (write, read),
        WhyKind::NotAcquired | WhyKind::EarlierSignal | WhyKind::WrongPhase => (read, write),
        WhyKind::WeakAccess if here(write) => (write, read),
        WhyKind::WeakAccess => (read, write),
        WhyKind::ScopeTooNarrow => {
            let pairs = [(step.from, step.to), (step.to, step.from), (write, read), (read, write)];
            pairs.into_iter().find(|(event, _)| here(*event)).unwrap_or((link.event, read))
        }
        _ => return link,
    };
    Link { event, other: Some(other), ..link }
}

type Found = (Way, Vec<Link>, Vec<usize>);

fn way<P: Program>(execution: &Execution<'_, P>, (from, to): (usize, usize), boundary_helps: bool) -> Option<Found> {
    [true, false].into_iter().find_map(|updates_read| {
        let question = Question { from, to, updates_read, boundary_helps };
        let graph = Graph::new(execution, question);
        if graph.is_cut_off() {
            return None;
        }
        let found = nearest(&graph.edges, &graph.links, question)?;
        let events = found.nodes.iter().filter_map(|node| graph.event(*node)).collect();
        // With nothing missing there would be no race: the graph takes more for synchronised than the machine does.
        (!found.missing.is_empty()).then_some((found, graph.links, events))
    })
}

/// Whether a finding is a race, or is told of one.
fn is_told_of_race(violation: &Violation) -> bool {
    violation.race.is_some()
        && violation.accesses.is_some()
        && matches!(violation.code, Code::DataRace | Code::ZeroingRace | Code::Credit)
}
