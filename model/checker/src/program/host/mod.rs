//! Front end: a host program on streams, at fixed sizes, as thread programs.
//!
//! Each rank has a block of one thread for its host thread (block 0) and one for every stream (block 1 + stream); a
//! group that sends to several peers has more, that help its stream. A host program is known before it runs, so every
//! rank's way through all launches is gone once, and what a host thread or a stream does is a list of operations.
//!
//! * A stream's operations come one after the other. They follow what the host thread has waited for before it enqueued
//!   them; the host thread does not wait for them unless it synchronises.
//! * An event wait is for the last record that the host thread has enqueued, in this launch or an earlier one; where
//!   there is none it does nothing (`cudaStreamWaitEvent`).
//! * The number-k send from one rank to another and its number-k receive are one transfer: the receiver says that it is
//!   ready, the sender copies into the receiver's buffer and says that it is done, and both go on.
//! * An exchange of handles is a barrier among the host threads of all ranks, told apart by the row.
//!
//! All of these are words that are written once, with release, and awaited with acquire (`signals`).
//!
//! Decision: all launches are one launch of the machine, in which streams run on freely; [`Call`](super::Call) marks where a launch
//! begins and returns. Only the caller's stream follows the new inputs, and is followed by the reading of the output.
//! Not modelled: the legacy default stream, which orders itself with others; accesses before handles are exchanged;
//! sends that are buffered; failures.

mod lower;
pub mod signals;
mod walk;

use super::protocol::ProtocolProgram;
use super::{
    Coordinates, Element, Expected, Fault, Instance, Location, Operation, PartId, Program, Readers, Shape, SiteIndex,
    Word,
};
use arverify_protocol::evaluate::{EvaluationError, Sizes};
use arverify_protocol::ir::{Protocol, Source, Span};
use arverify_protocol::verdict::Role;
use lower::{List, Lowering};
use signals::Signals;

/// A host program with its sizes, number of launches and input seed.
#[derive(Clone, Debug)]
pub struct HostProgram {
    protocol: ProtocolProgram,
    shape: Shape,
    signals: Signals,
    streams: u32,
    /// By rank and block.
    lists: Vec<Vec<List>>,
}

/// The sizes that a host program knows: it has no blocks of threads.
fn host_sizes(sizes: &Sizes) -> Sizes {
    Sizes { blocks: 1, threads: 1, ..*sizes }
}

impl HostProgram {
    /// Goes through a host program. Fails where a size expression has no value.
    pub fn new(protocol: &Protocol, sizes: &Sizes, launches: u32, seed: u64) -> Result<HostProgram, EvaluationError> {
        let inner = ProtocolProgram::new(protocol, &host_sizes(sizes), launches, seed)?;
        let ranks = sizes.ranks;
        let ways: Vec<_> = (0..ranks).map(|rank| walk::walk(&inner, rank, launches)).collect();
        let mut shape = inner.shape().clone();
        // Statements reach local buffers of their own rank only, and whoever sends writes into what its peer receives.
        shape.instances.iter_mut().for_each(|instance| instance.local = false);
        let signals = Signals::new(shape.instances.len() as u32, ranks);
        let mut lowering = Lowering::new(&inner, signals, &ways);
        let lists = ways.into_iter().enumerate().map(|(rank, way)| lowering.rank(rank as u32, way)).collect();
        let (signals, threads) = (lowering.signals, lowering.threads);
        let buffer = protocol.buffers.len() as u32;
        let words = |rank| Instance::of_words("stream order".to_owned(), rank, signals.bytes(rank), buffer);
        shape.instances.extend((0..ranks).map(words));
        shape = Shape { blocks: threads, threads: 1, launches: 1, ..shape };
        let streams = inner.code().streams;
        Ok(HostProgram { protocol: inner, shape, signals, streams, lists })
    }
}

impl Program for HostProgram {
    /// How much of its list the thread has done.
    type Thread = u32;
    type Round = ();

    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn grid(&self, _: u32) -> u32 {
        self.shape.blocks
    }

    fn with_equal_grids(&self) -> Option<Self> {
        None
    }

    fn start(&self, _: Coordinates) -> u32 {
        0
    }

    fn next(&self, at: Coordinates, thread: &mut u32) -> Result<(Operation, SiteIndex), Fault> {
        let next = self.lists[at.rank as usize][at.block as usize].get(*thread as usize);
        *thread += u32::from(next.is_some());
        next.cloned().unwrap_or(Ok((Operation::Exit, SiteIndex(u32::MAX - 1))))
    }

    fn supply(&self, _: Coordinates, _: &mut u32, _: Word) {}

    fn expected(&self) -> Option<Expected> {
        self.protocol.expected()
    }

    fn asserts(&self) -> bool {
        self.protocol.asserts()
    }

    fn element(&self, at: Location) -> Option<Vec<u64>> {
        self.protocol.element(at)
    }

    fn source(&self) -> &Source {
        self.protocol.source()
    }

    fn site(&self, site: SiteIndex) -> (Span, Vec<Span>) {
        self.protocol.site(site)
    }

    fn line(&self, site: SiteIndex) -> u32 {
        self.protocol.line(site)
    }

    fn input(&self, element: Element, part: PartId, rank: u32, launch: u32, index: u64) -> u64 {
        self.protocol.input(element, part, rank, launch, index)
    }

    fn readers(&self, buffer: u32) -> Readers {
        // What a peer writes, its owner reads.
        if buffer as usize == self.protocol.protocol().buffers.len() {
            return Readers::Unknown;
        };
        match self.protocol.readers(buffer) {
            Readers::Peers => Readers::Anybody,
            other => other,
        }
    }

    fn has_calls(&self) -> bool {
        true
    }

    fn role(&self, block: u32) -> Role {
        match block.checked_sub(1) {
            None => Role::Host,
            Some(stream) if stream < self.streams => Role::Stream(stream),
            Some(helper) => Role::Helper(helper % self.streams),
        }
    }

    fn describe(&self, at: Location) -> Option<&str> {
        self.signals.at(at).map(|signal| signal.text.as_str())
    }

    fn missing(&self, at: Location) -> Option<&str> {
        self.signals.at(at)?.missing.as_deref()
    }
}
