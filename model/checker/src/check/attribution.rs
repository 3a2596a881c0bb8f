//! The cause of a violation, seen from the whole execution that led to it.
//!
//! The machine blames with what it has at the moment of the violation. Three causes show only in the recorded events:
//!
//! * A wait that an earlier launch's signal satisfied is the cause only if it mistook that signal for another. A wait
//!   that wants another value in every launch, and got at least that, wanted the earlier signal (a credit, an
//!   acknowledgement that is looked at two launches later). Then the consequence is reported by itself.
//! * A wait compares counts by size, and took one from before the wrap for a later one (AR012).
//! * Two signals of one launch share a slot (AR007) where a block waits for one value in it before and after a barrier,
//!   and several ranks signalled there. What follows is a race or a wrong result, which says nothing about the layout.
//!
//! A race on a channel's slot is a credit violation (AR013) where a later message overwrote it.
//!
//! None of this changes whether a protocol is violated. Not told apart: a wait that is written twice on purpose.

use crate::machine::event::{Event, What};
use crate::machine::{StaleCause, Violation, ViolationPoint};
use crate::memory::clock::ThreadIndex;
use crate::program::{Condition, Location, Operation, Program, Shape, SiteIndex};
use arverify_protocol::ir::Compare;
use arverify_protocol::verdict::{Code, WhyKind};

/// One satisfied wait.
#[derive(Clone, Copy, PartialEq)]
struct Wait {
    event: usize,
    thread: ThreadIndex,
    site: SiteIndex,
    launch: u32,
    at: Location,
    wanted: u32,
}

/// The violation with its cause.
pub(super) fn attributed<P: Program>(program: &P, violation: &Violation, events: &[Event]) -> Violation {
    let shape = program.shape();
    let mut violation = violation.clone();
    if let Some(stale) = violation.stale.take()
        && is_wanted(&stale, events)
    {
        violation.code = stale.code;
        violation.message = stale.message;
        violation.help = stale.help;
        violation.points.drain(..2);
        violation.reasons.clear();
        violation.notes.remove(0);
    }
    let follows = matches!(violation.code, Code::DataRace | Code::WrongResult | Code::Uninitialised);
    if follows && let Some((event, wait)) = before_the_wrap(events) {
        blame_wrap(&mut violation, event, wait, program);
        return violation;
    }
    if follows && let Some((first, second)) = shared_slot(events, shape) {
        blame_layout(&mut violation, first, second, shape);
    }
    let channel = |at: Location| program.is_channel(shape.part(at).id.buffer);
    if violation.code == Code::DataRace
        && let Some(at) = violation.location.filter(|at| channel(*at))
        && is_overwritten(events, at)
    {
        blame_credits(&mut violation, at, shape);
    }
    violation
}

/// Whether the last write to a byte of a channel is of a later message than the last read: each message is written
/// once, and a statement reads it once in each thread of whoever it was sent to.
fn is_overwritten(events: &[Event], at: Location) -> bool {
    let covers = |range: &Location, bytes: u64| {
        range.instance == at.instance && (range.byte..range.byte + bytes).contains(&at.byte)
    };
    let mut written = 0_u32;
    let mut readers = Vec::<((SiteIndex, ThreadIndex), u32)>::new();
    for event in events {
        let What::Operation { operation, .. } = &event.what else { continue };
        let (writes, reads) = match operation {
            Operation::Bulk(bulk) => {
                let bytes = u64::from(bulk.bytes);
                (covers(&bulk.destination, bytes), bulk.sources.iter().any(|source| covers(source, bytes)))
            }
            Operation::Write { at, width, .. } => (covers(at, width.bytes()), false),
            Operation::Read { at, width, .. } => (false, covers(at, width.bytes())),
            _ => continue,
        };
        written += u32::from(writes);
        let Some(site) = event.site.filter(|_| reads) else { continue };
        match readers.iter_mut().find(|reader| reader.0 == (site, event.thread)) {
            Some(reader) => reader.1 += 1,
            None => readers.push(((site, event.thread), 1)),
        }
    }
    readers.iter().map(|reader| reader.1).max().is_some_and(|read| written > read.max(1))
        || readers.is_empty() && written > 1
}

fn blame_credits(violation: &mut Violation, at: Location, shape: &Shape) {
    let slots = shape.shown(at);
    if let Some(second) = violation.points.first().map(|point| point.site) {
        let form = "the slot is written{} again, and its receiver has not given it back";
        violation.because(WhyKind::HeldSlot, second, form, &[second]);
    }
    let consequence = std::mem::take(&mut violation.message);
    violation.code = Code::Credit;
    violation.message = format!(
        "credit violation: a slot of `{}` on rank {} is overwritten while its receiver still holds it",
        slots.buffer, slots.rank
    );
    violation.notes.insert(0, format!("what follows: {consequence}"));
    violation.help = Some("give the credit back after the last use of the slot, with a release".to_owned());
}

/// A wait that takes a count from before the wrap for one that was reached: by size it is greater, by distance not.
fn before_the_wrap(events: &[Event]) -> Option<(&Event, Wait)> {
    let found = waits(events).find(|wait| match &events[wait.event].what {
        What::Operation { operation: Operation::Await { condition, .. }, value: Some(value), .. } => {
            let by_size = matches!(condition.compare, Compare::GreaterEqual | Compare::Greater);
            by_size && ((*value as u32).wrapping_sub(wait.wanted) as i32).is_negative()
        }
        _ => false,
    })?;
    Some((&events[found.event], found))
}

fn blame_wrap<P: Program>(violation: &mut Violation, event: &Event, wait: Wait, program: &P) {
    let (pad, byte) = program.shape().named(wait.at);
    let value = match event.what {
        What::Operation { value: Some(value), .. } => value,
        _ => 0,
    };
    let consequence = std::mem::take(&mut violation.message);
    violation.code = Code::EpochConfusion;
    violation.message = format!(
        "epoch confusion: in launch {} a wait for at least {} in slot {} of `{pad}` takes {value}, which is from before the wrap",
        wait.launch,
        wait.wanted,
        byte / 4,
    );
    violation.notes.insert(0, format!("what follows: {consequence}"));
    violation.help = Some("compare counts by distance: `reached`".to_owned());
    let form =
        format!("the wait{{}} compares {value} with {} by size, and {value} is from before the wrap", wait.wanted);
    violation.reasons.clear();
    violation.because(WhyKind::WrapAround, wait.site, form, &[wait.site]);
    let label = "this wait accepts it".to_owned();
    violation.points.insert(0, ViolationPoint { thread: None, site: wait.site, label });
}

/// Every wait that was satisfied, in order.
fn waits(events: &[Event]) -> impl Iterator<Item = Wait> {
    events.iter().enumerate().filter_map(|(index, event)| {
        let What::Operation { operation: Operation::Await { at, condition, .. }, .. } = &event.what else {
            return None;
        };
        let Condition { value, .. } = condition;
        let Event { thread, launch, site, .. } = event;
        Some(Wait { event: index, thread: *thread, site: (*site)?, launch: *launch, at: *at, wanted: *value })
    })
}

/// Whether the wait asked for the signal of the earlier launch.
fn is_wanted(stale: &StaleCause, events: &[Event]) -> bool {
    let same = |wait: &Wait| (wait.thread, wait.site, wait.at) == (stale.thread, stale.site, stale.at);
    let Some(wait) = waits(events).find(|wait| same(wait) && wait.launch == stale.launch) else { return false };
    let again = waits(events).any(|other| {
        (other.thread, other.site) == (wait.thread, wait.site)
            && other.launch != wait.launch
            && other.wanted == wait.wanted
    });
    // Comparing by distance: a value from before the wrap has not been reached.
    let reached = (stale.value as u32).wrapping_sub(wait.wanted) as i32 >= 0;
    !again && reached
}

/// Two waits of a block for one value in one slot, with a barrier of the block between them, where several ranks
/// signal within the launch.
fn shared_slot(events: &[Event], shape: &Shape) -> Option<(Wait, Wait)> {
    let all: Vec<Wait> = waits(events).collect();
    let block_of = |thread: ThreadIndex| thread / shape.threads.max(1);
    let meets = |thread: ThreadIndex, from: usize, to: usize| {
        events[from..to].iter().any(|event| {
            block_of(event.thread) == block_of(thread)
                && matches!(event.what, What::Operation { operation: Operation::Barrier(_), .. })
        })
    };
    for (index, second) in all.iter().enumerate() {
        let earlier = all[..index].iter().find(|first| {
            (first.at, first.launch, first.wanted) == (second.at, second.launch, second.wanted)
                && block_of(first.thread) == block_of(second.thread)
                && meets(first.thread, first.event, second.event)
        });
        let Some(first) = earlier else { continue };
        if signallers(events, shape, second) > 1 {
            return Some((*first, *second));
        }
    }
    None
}

/// How many ranks wrote a wait's slot in its launch.
fn signallers(events: &[Event], shape: &Shape, wait: &Wait) -> usize {
    let threads_of_rank = (shape.blocks * shape.threads).max(1);
    let mut ranks: Vec<u32> = Vec::new();
    for event in events.iter().filter(|event| event.launch == wait.launch) {
        let What::Operation { operation, .. } = &event.what else { continue };
        let at = match operation {
            Operation::Write { at, .. } | Operation::Atomic { at, .. } => at,
            _ => continue,
        };
        let rank = event.thread / threads_of_rank;
        if *at == wait.at && !ranks.contains(&rank) {
            ranks.push(rank);
        }
    }
    ranks.len()
}

fn blame_layout(violation: &mut Violation, first: Wait, second: Wait, shape: &Shape) {
    let pad = shape.shown(second.at);
    let consequence = std::mem::take(&mut violation.message);
    violation.code = Code::SlotCollision;
    violation.message = format!(
        "slot collision: slot {} of `{}` on rank {} is waited for twice in launch {}, for one value and for signals of different ranks",
        pad.byte / 4,
        pad.buffer,
        pad.rank,
        second.launch
    );
    violation.notes.insert(0, format!("what follows: {consequence}"));
    violation.help = Some("give each signal a slot of its own".to_owned());
    let form = "the waits{} and{} take signals of different ranks from one slot, with one value";
    violation.reasons.clear();
    violation.because(WhyKind::SharedSlot, second.site, form, &[first.site, second.site]);
    let point = |site: SiteIndex, label: &str| ViolationPoint { thread: None, site, label: label.to_owned() };
    let mut points = vec![point(second.site, "takes the signal meant for an earlier wait")];
    if first.site != second.site {
        points.push(point(first.site, "the earlier wait"));
    }
    violation.points.splice(0..0, points);
}
