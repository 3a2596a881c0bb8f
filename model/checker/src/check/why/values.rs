//! Where a wrong value comes from: who wrote the element, from what it had read, and the read that saw too little.
//!
//! Data flow is followed backwards as far as events tell it: a copy or reduction names its sources; what a thread stores comes from
//! what it has read since its last store. That takes too much for a source and nothing for none, so a read is blamed only for
//! what is certain of it: it found what an earlier launch wrote, or nobody, or a write to the same bytes came behind it.

use super::execution::Execution;
use super::words::Words;
use crate::machine::Violation;
use crate::machine::event::What;
use crate::program::{Bulk, Call, Definition, Location, Operation, Program};
use arverify_protocol::verdict::{Why, WhyKind};
use rustc_hash::FxHashSet;
use std::collections::{BTreeSet, VecDeque};

/// Reads that are looked at.
const MOST_READS: usize = 256;
/// Reads of one store that are told.
const TOLD: usize = 4;

/// A read of a byte.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Input {
    event: usize,
    at: Location,
}

pub(super) struct Values<'x, 'e, P: Program> {
    pub(super) execution: &'x Execution<'e, P>,
    pub(super) words: &'x Words<'x, 'e, P>,
}

impl<P: Program> Values<'_, '_, P> {
    /// Why a result is wrong.
    pub(super) fn explain(&self, violation: &Violation) -> Vec<Why> {
        self.found(violation).unwrap_or_default()
    }

    /// Who wrote what ranks disagree about.
    pub(super) fn writer(&self, violation: &Violation) -> Option<Why> {
        let (at, (rank, launch)) = (violation.location?, violation.after?);
        let write = self.last_write(at, self.end(rank, launch)?)?;
        let theirs = violation.counterpart.and_then(|(at, rank)| self.last_write(at, self.end(rank, launch)?));
        Some(match theirs {
            Some(theirs) => {
                let form = "{} and {} wrote it last, each in an order of its own";
                self.words.told(WhyKind::OrderOfReduction, write, form, &[write, theirs])
            }
            None => self.written_here(write, at),
        })
    }

    /// Ranks whose inputs should take part in a byte and do not. Only where copies and reductions tell all that it is made of.
    fn missing_inputs(&self, made: (usize, Location), rank: u32) -> Option<Why> {
        let shape = self.execution.machine.program().shape();
        let expected = self.execution.machine.program().expected()?;
        let (mut open, mut known, mut ranks) = (vec![made], FxHashSet::default(), BTreeSet::new());
        while let Some((write, at)) = open.pop() {
            let Some(Operation::Bulk(bulk)) = self.execution.operation(write) else { return None };
            for source in sources(bulk, at).filter(|source| known.insert(*source)).collect::<Vec<_>>() {
                if shape.part(source).id == expected.input {
                    ranks.insert(shape.instance(source).rank);
                } else if let Some(producer) = self.last_write(source, write) {
                    open.push((producer, source));
                }
            }
        }
        let wanted: Vec<u32> = match (expected.definition, expected.definition.source(shape.ranks, rank)) {
            (_, Some(source)) => vec![source],
            (Definition::AllReduce(_) | Definition::ReduceScatter(_), None) => (0..shape.ranks).collect(),
            _ => return None,
        };
        let absent: Vec<String> =
            wanted.into_iter().filter(|rank| !ranks.contains(rank)).map(|rank| rank.to_string()).collect();
        let form = format!("{{}} wrote it without the input of rank {}", absent.join(", "));
        (!absent.is_empty()).then(|| self.words.told(WhyKind::MissingInput, made.0, &form, &[made.0]))
    }

    fn found(&self, violation: &Violation) -> Option<Vec<Why>> {
        let (at, (rank, launch)) = (violation.location?, violation.after?);
        let end = self.end(rank, launch)?;
        let written = self.last_write(at, end);
        let Some(write) = written.filter(|write| self.execution.events[*write].launch == launch) else {
            let site = violation.points.first()?.site;
            let form = if written.is_some() {
                "nobody writes the element in that launch: {} was the last to"
            } else {
                "nobody writes the element"
            };
            let events: Vec<usize> = written.into_iter().collect();
            return Some(vec![self.words.at_site(WhyKind::NeverWritten, site, form, &events)]);
        };
        let blamed = || self.blamed(write, at, end);
        let missing = self.missing_inputs((write, at), rank).map(|why| vec![why]);
        Some(missing.or_else(blamed).unwrap_or_else(|| vec![self.written_here(write, at)]))
    }

    /// Where the launch ends whose result is wrong.
    fn end(&self, rank: u32, launch: u32) -> Option<usize> {
        let execution = self.execution;
        execution.events.iter().position(|event| {
            let returns =
                matches!(&event.what, What::Operation { operation: Operation::Call(Call::Returns { .. }), .. });
            (event.what == What::Ended || returns)
                && event.launch == launch
                && execution.machine.rank_of(event.thread) == rank
        })
    }

    fn last_write(&self, at: Location, before: usize) -> Option<usize> {
        (0..before).rev().find(|event| self.writes(*event, at))
    }

    fn writes(&self, event: usize, at: Location) -> bool {
        let covers = |range: &Location, bytes: u64| {
            range.instance == at.instance && (range.byte..range.byte + bytes).contains(&at.byte)
        };
        match self.execution.operation(event) {
            Some(Operation::Bulk(bulk)) => covers(&bulk.destination, u64::from(bulk.bytes)),
            Some(Operation::Store { at, data }) => covers(at, data.len() as u64),
            Some(Operation::Write { at, width, .. } | Operation::Atomic { at, width, .. }) => covers(at, width.bytes()),
            _ => false,
        }
    }

    /// What a write of a byte was made from.
    fn inputs(&self, write: usize, at: Location) -> Vec<Input> {
        let execution = self.execution;
        if let Some(Operation::Bulk(bulk)) = execution.operation(write) {
            return sources(bulk, at).map(|at| Input { event: write, at }).collect();
        }
        let launch = execution.events[write].launch;
        let mut found = Vec::new();
        if let Some(Operation::Atomic { at, .. }) = execution.operation(write) {
            found.push(Input { event: write, at: *at });
        }
        for event in execution.before(write).take_while(|event| execution.events[*event].launch == launch) {
            match execution.operation(event) {
                // What was stored before at the same place of the text belongs to another element.
                Some(Operation::Store { .. } | Operation::Write { .. })
                    if execution.events[event].site == execution.events[write].site =>
                {
                    break;
                }
                // What acquires is a signal.
                _ if execution.acquires(event) => {}
                Some(Operation::Load { at, .. } | Operation::Read { at, .. } | Operation::Atomic { at, .. }) => {
                    found.push(Input { event, at: *at });
                }
                _ => {}
            }
            if found.len() >= MOST_READS {
                break;
            }
        }
        found
    }

    /// The first read, on the way back from a write, that is certainly to blame.
    fn blamed(&self, write: usize, at: Location, end: usize) -> Option<Vec<Why>> {
        let mut open: VecDeque<(Input, usize)> =
            self.inputs(write, at).into_iter().map(|input| (input, write)).collect();
        let mut known: FxHashSet<Input> = FxHashSet::default();
        while let Some((input, user)) = open.pop_front() {
            if !known.insert(input) || known.len() > MOST_READS {
                continue;
            }
            let newest = self.last_write(input.at, input.event);
            let producer = if self.finds_newest(input.event) { newest } else { self.execution.source_of(input.event) };
            if let Some(newest) = newest.filter(|newest| Some(*newest) != producer) {
                return Some(self.old_value(input.event, newest));
            }
            if let Some(why) = self.is_wrong(input, producer, (user, end)) {
                return Some(vec![why]);
            }
            if let Some(producer) = producer {
                open.extend(self.inputs(producer, input.at).into_iter().map(|input| (input, producer)));
            }
        }
        None
    }

    /// Whether a read finds the newest value, whatever it has seen.
    fn finds_newest(&self, read: usize) -> bool {
        self.execution.is_weak(read) || matches!(self.execution.operation(read), Some(Operation::Atomic { .. }))
    }

    /// A read that may take an old value: nothing puts the newer write before it, and why.
    fn old_value(&self, read: usize, newest: usize) -> Vec<Why> {
        let form = "{} takes an older value than {} wrote, for nothing puts that before it";
        let mut why = vec![self.words.told(WhyKind::OldValue, read, form, &[read, newest])];
        let chain = super::chain(self.execution, self.words, newest, read);
        why.extend(chain.into_iter().flat_map(|chain| chain.why));
        why
    }

    fn is_wrong(&self, input: Input, producer: Option<usize>, (user, end): (usize, usize)) -> Option<Why> {
        let execution = self.execution;
        let event = |event: usize| &execution.events[event];
        let (reader, launch) = (event(input.event), event(input.event).launch);
        let words = self.words;
        let is_update = |event: usize| matches!(execution.operation(event), Some(Operation::Atomic { .. }));
        let others = |later: &usize| {
            self.writes(*later, input.at) && event(*later).thread != reader.thread && event(*later).launch == launch
        };
        if self.writes(user, input.at) && !is_update(user) && user != input.event {
            let between = (input.event + 1..user).find(others);
            if let Some(between) = between {
                let form = "{} reads, and {} writes what it made of that: {} comes between, and is lost";
                return Some(words.told(WhyKind::LostUpdate, input.event, form, &[input.event, user, between]));
            }
        }
        if is_update(input.event) {
            return None;
        }
        if let Some(later) = (input.event + 1..end).find(others).filter(|later| !self.is_over(input.event, *later)) {
            let form = "{} comes before {}, and does not see it";
            return Some(words.told(WhyKind::ReadTooEarly, input.event, form, &[input.event, later]));
        }
        let part = execution.machine.program().shape().part(input.at);
        let producer = producer.filter(|_| !part.refreshed)?;
        (event(producer).launch < launch).then(|| {
            let form = "{} reads what {} wrote in an earlier launch";
            words.told(WhyKind::StaleInput, input.event, form, &[input.event, producer])
        })
    }

    /// Whether a read was followed by something that its writer has waited for: then it is no accident that the write comes
    /// behind it. Told by the writer's reads: one that found a write of the reader's block made behind the read.
    fn is_over(&self, read: usize, write: usize) -> bool {
        let execution = self.execution;
        let block = execution.block(read);
        execution.before(write).any(|event| {
            let source = execution.source_of(event);
            source.is_some_and(|source| source > read && execution.block(source) == block)
        }) || execution.block(write) == block
            && execution.events[write].epoch.phase > execution.events[read].epoch.phase
    }

    fn written_here(&self, write: usize, at: Location) -> Why {
        let mut inputs: Vec<usize> = self.inputs(write, at).into_iter().map(|input| input.event).collect();
        inputs.retain(|input| *input != write);
        inputs.reverse();
        inputs.dedup_by_key(|input| self.execution.events[*input].site);
        let form = match inputs.len().min(TOLD) {
            0 => "{} wrote it last",
            1 => "{} wrote it last, from what {} read",
            2 => "{} wrote it last, from what {} and {} read",
            3 => "{} wrote it last, from what {}, {} and {} read",
            _ => "{} wrote it last, from what {}, {}, {} and {} read, among others",
        };
        let events: Vec<usize> = [write].into_iter().chain(inputs.into_iter().take(TOLD)).collect();
        self.words.told(WhyKind::WrittenHere, write, form, &events)
    }
}

/// The bytes that a byte of a copy or reduction comes from.
fn sources(bulk: &Bulk, at: Location) -> impl Iterator<Item = Location> {
    let shift = at.byte - bulk.destination.byte;
    bulk.sources.iter().map(move |source| Location { byte: source.byte + shift, ..*source })
}
