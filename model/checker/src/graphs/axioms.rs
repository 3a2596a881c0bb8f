//! The axioms: which places in coherence order a write may take, which writes a read may return, and, literally, whether
//! a graph is consistent.
//!
//! A new event comes last in every order but coherence, so most axioms say something about it alone, and the choices
//! below are exactly those they leave. Where an event is put before others (sc fences, values that come late),
//! [`Graph::is_consistent`] asks all of them anew.

use super::event::{Event, INITIAL, Node, Range, Sources};
use super::graph::{Graph, Past};
use super::rule::Rule;
use smallvec::SmallVec;
use std::sync::Arc;

impl Graph {
    /// "Coherence" and "Atomicity": the places in its line that a new write may take. `half`: of an atomic, its read.
    pub(super) fn places(&self, range: &Range, past: &Past, half: Option<Event>) -> Vec<usize> {
        let line = self.line(range);
        let first = if self.has(Rule::Coherence) { self.first_place(range, past, line) } else { 0 };
        let allowed = |place: &usize| !self.has(Rule::Atomicity) || self.keeps_atomics_whole(line, *place, half);
        (first..=line.len()).filter(allowed).collect()
    }

    /// Behind everything that causality, or coherence with writes of other ranges, puts before it.
    fn first_place(&self, range: &Range, past: &Past, line: &[Event]) -> usize {
        let known: SmallVec<[Event; 8]> = self.writes_to(range).filter(|write| past.contains(*write)).collect();
        let comes_first = |event: &Event| {
            past.contains(*event) || known.iter().any(|write| *write != *event && self.coherent(*event, *write))
        };
        line.iter().rposition(comes_first).map_or(0, |place| place + 1)
    }

    /// Whether a write at a place comes between the halves of no atomic, and nothing between its own.
    fn keeps_atomics_whole(&self, line: &[Event], place: usize, half: Option<Event>) -> bool {
        let source_of = |read: Event| self.nodes[read].sources.first().copied().unwrap_or(INITIAL);
        if let Some(read) = half {
            let source = source_of(read);
            let between = line[..place]
                .iter()
                .any(|other| *other != source && self.coherent(source, *other) && self.morally_strong(*other, read));
            if between {
                return false;
            }
        }
        // A new write is taken to be morally strong with later ones: where it is not, there is a race.
        line[place..].iter().all(|write| match self.nodes[*write].partner {
            None => true,
            Some(read) => {
                let source = source_of(read);
                let behind =
                    source == INITIAL || line[..place].contains(&source) || line.iter().all(|known| *known != source);
                !behind
            }
        })
    }

    /// "Causality": the writes that a new strong read may return, byte by byte.
    pub(super) fn readable(&self, range: &Range, past: &Past) -> Vec<Sources> {
        let writes: Vec<Event> = self.writes_to(range).collect();
        let known: Vec<Event> = writes.iter().copied().filter(|write| past.contains(*write)).collect();
        let overwritten = |source: Event| {
            self.has(Rule::Causality) && known.iter().any(|write| *write != source && self.coherent(source, *write))
        };
        let bytes = range.bytes() as usize;
        let mut found: Vec<Sources> = Vec::new();
        for source in writes.iter().copied().filter(|source| self.nodes[*source].range.covers(range)) {
            if !overwritten(source) {
                found.push(SmallVec::from_elem(source, bytes));
            }
        }
        let latest = self.latest(range, &known);
        let mixed = latest.iter().any(|source| *source != latest[0]);
        // Whatever an open write will write, nothing comes before it that was there first.
        let is_open = |(event, node): (Event, &Arc<Node>)| {
            node.is_write() && node.open && node.range.overlaps(range) && past.contains(event)
        };
        let first = latest.iter().all(|source| *source == INITIAL) && !self.nodes.iter().enumerate().any(is_open);
        let initial = first || !self.has(Rule::Causality);
        if mixed {
            found.push(latest.clone());
        }
        if initial {
            found.push(SmallVec::from_elem(INITIAL, bytes));
        }
        found
    }

    /// For each byte, the last of some writes.
    pub(super) fn latest(&self, range: &Range, writes: &[Event]) -> Sources {
        let mut latest: Sources = SmallVec::from_elem(INITIAL, range.bytes() as usize);
        for write in self.in_order(writes) {
            let own = &self.nodes[write].range;
            let (from, to) = (own.from.max(range.from), own.to.min(range.to));
            if from < to {
                latest[(from - range.from) as usize..(to - range.from) as usize].fill(write);
            }
        }
        latest
    }

    /// Some writes, sorted so that coherence order is kept.
    fn in_order(&self, writes: &[Event]) -> Vec<Event> {
        let mut rest: Vec<Event> = writes.to_vec();
        let mut sorted = Vec::with_capacity(rest.len());
        while !rest.is_empty() {
            let overlap = |one: Event, other: Event| self.nodes[one].range.overlaps(&self.nodes[other].range);
            let first = rest.iter().position(|write| {
                !rest.iter().any(|other| other != write && overlap(*other, *write) && self.coherent(*other, *write))
            });
            sorted.push(rest.remove(first.unwrap_or(0)));
        }
        sorted
    }

    /// Whether all axioms hold, as the ISA states them.
    pub(super) fn is_consistent(&self) -> bool {
        self.coherence() && self.fence_sc() && self.atomicity() && self.causality()
    }

    fn coherence(&self) -> bool {
        let writes = |event: &Event| self.nodes[*event].is_write();
        (0..self.nodes.len()).filter(writes).all(|write| {
            let range = self.nodes[write].range;
            self.writes_to(&range)
                .filter(|other| *other != write && self.causes(*other, write))
                .all(|other| !self.has(Rule::Coherence) || !self.coherent(write, other))
        })
    }

    fn fence_sc(&self) -> bool {
        (0..self.nodes.len()).all(|event| !self.nodes[event].before.contains(event))
    }

    fn atomicity(&self) -> bool {
        (0..self.nodes.len()).all(|read| {
            let node = &self.nodes[read];
            let (Some(write), true, Some(source)) = (node.partner, node.is_read(), node.sources.first()) else {
                return true;
            };
            !self.has(Rule::Atomicity)
                || self.line(&node.range).iter().all(|between| {
                    let apart = *between != write && between != source;
                    let strong = self.morally_strong(*between, read) && self.morally_strong(*between, write);
                    !(apart && strong && self.coherent(*source, *between) && self.coherent(*between, write))
                })
        })
    }

    fn causality(&self) -> bool {
        let reads = |event: &Event| !self.nodes[*event].sources.is_empty();
        !self.has(Rule::Causality)
            || (0..self.nodes.len()).filter(reads).all(|read| {
                let node = &self.nodes[read];
                let writes: Vec<Event> = self.writes_to(&node.range).collect();
                node.sources.iter().enumerate().all(|(offset, source)| {
                    let byte = node.range.from + offset as u64;
                    let from_later = *source != INITIAL && self.causes(read, *source);
                    let overwritten = writes.iter().any(|write| {
                        let range = &self.nodes[*write].range;
                        write != source
                            && Some(*write) != node.partner
                            && (range.from..range.to).contains(&byte)
                            && self.causes(*write, read)
                            && self.coherent(*source, *write)
                    });
                    !from_later && !overwritten
                })
            })
    }
}
