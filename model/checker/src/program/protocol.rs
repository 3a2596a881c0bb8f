//! Front end: a resolved protocol at fixed sizes, as a thread program.

use super::lengths::Lengths;
use super::memory::input_element;
use super::{
    AtomicFunction, Barrier, Bulk, Condition, Coordinates, Definition, Element, Expected, Fault, Instance, Location,
    Operation, Part, PartId, Program, Readers, Shape, SiteIndex, Sweep, VectorElement, Width, Word,
};
use arverify_protocol::code::{Code as FlatCode, SiteId};
use arverify_protocol::cursor::{self, Address, Chunk, Cursor, Position};
use arverify_protocol::evaluate::{EvaluationError, Sizes};
use arverify_protocol::ids::BufferId;
use arverify_protocol::ir::{self, Protocol, Source, Space, Span};
use arverify_protocol::verdict::Code;

/// A protocol with its sizes, number of launches and input seed.
#[derive(Clone, Debug)]
pub struct ProtocolProgram {
    protocol: Protocol,
    /// One for each length. They differ in constants alone: statements have the same numbers in all of them.
    codes: Vec<FlatCode>,
    /// By launch, which of them.
    of_launch: Vec<usize>,
    /// Bytes of an instance of each buffer, by code; nothing where launches do not differ.
    extents: Vec<Vec<u64>>,
    shape: Shape,
    grids: Vec<u32>,
    /// Kernel arguments, by rank then launch.
    arguments: Vec<Vec<Vec<u32>>>,
    element_bytes: Vec<u64>,
    seed: u64,
}

impl ProtocolProgram {
    /// Flattens a protocol. Fails where a size expression has no value.
    pub fn new(protocol: &Protocol, sizes: &Sizes, launches: u32, seed: u64) -> Result<Self, EvaluationError> {
        Self::of_lengths(protocol, sizes, &Lengths::one(sizes.elements), launches, seed)
    }

    /// The same, where launches differ in length: N is that of the launch, and memory is laid out by the capacity of the
    /// sizes.
    pub fn of_lengths(
        protocol: &Protocol,
        sizes: &Sizes,
        lengths: &Lengths,
        launches: u32,
        seed: u64,
    ) -> Result<Self, EvaluationError> {
        let mut all: Vec<u64> = lengths.turns().to_vec();
        all.sort_unstable();
        all.dedup();
        let at = |elements: &u64| Sizes { elements: *elements, ..*sizes };
        let codes =
            all.iter().map(|length| FlatCode::new(protocol, &at(length), true)).collect::<Result<Vec<_>, _>>()?;
        let of_launch = (0..launches.max(1)).map(|launch| all.partition_point(|known| *known < lengths.at(launch)));
        let of_launch: Vec<usize> = of_launch.collect();
        let grids = (0..sizes.ranks).map(|rank| protocol.grid_of(sizes, rank)).collect::<Result<Vec<_>, _>>()?;
        let element_bytes: Vec<u64> = protocol.buffers.iter().map(|buffer| element_bytes(buffer, sizes)).collect();
        let mut instances = Vec::new();
        for (index, buffer) in protocol.buffers.iter().enumerate() {
            let elements = codes.iter().map(|code| code.extent(BufferId(index as u32))).max().unwrap_or(0);
            for rank in 0..sizes.ranks {
                let bytes = elements.checked_mul(element_bytes[index]).ok_or(EvaluationError::Overflow)?;
                let element = (buffer.element == ir::Element::Data).then_some(Element::Data(sizes.data));
                let (refreshed, read) = (buffer.refreshed, is_output(protocol, index, rank));
                let part = Part::whole(index as u32, bytes, buffer.initially.into(), element);
                instances.push(Instance {
                    name: buffer.name.clone(),
                    rank,
                    bytes,
                    local: buffer.space == Space::Local,
                    block: None,
                    pad: buffer.pad,
                    granule: if buffer.element == ir::Element::Data { 16 } else { 4 },
                    parts: vec![Part { refreshed, read, ..part }],
                });
            }
        }
        let arguments = (0..sizes.ranks)
            .map(|rank| {
                let values = |launch| protocol.argument_values(&at(&lengths.at(launch)), rank, launch);
                (0..launches).map(values).collect()
            })
            .collect::<Result<_, _>>()?;
        let bytes = |code: &FlatCode| {
            let all = element_bytes.iter().enumerate();
            all.map(|(index, bytes)| code.extent(BufferId(index as u32)) * bytes).collect()
        };
        let extents = if codes.len() > 1 { codes.iter().map(bytes).collect() } else { Vec::new() };
        let blocks = grids.iter().copied().max().unwrap_or(0);
        let shape = Shape { ranks: sizes.ranks, blocks, threads: sizes.threads, launches, instances };
        let protocol = protocol.clone();
        Ok(ProtocolProgram { protocol, codes, of_launch, extents, shape, grids, arguments, element_bytes, seed })
    }

    /// The protocol it was made from.
    pub fn protocol(&self) -> &Protocol {
        &self.protocol
    }

    /// Its statements: those of the least length, where launches differ.
    pub(super) fn code(&self) -> &FlatCode {
        &self.codes[0]
    }

    /// The statements of a launch.
    fn code_of(&self, launch: u32) -> &FlatCode {
        match self.codes.as_slice() {
            [only] => only,
            codes => &codes[self.of_launch[launch as usize]],
        }
    }

    pub(super) fn location(&self, address: Address) -> Location {
        let buffer = address.buffer.index();
        Location {
            instance: buffer as u32 * self.shape.ranks + address.rank,
            byte: address.index * self.element_bytes[buffer],
        }
    }

    fn bulk(&self, chunk: &Chunk) -> Bulk {
        let sizes = &self.code().sizes;
        Bulk {
            destination: self.location(chunk.destination),
            sources: chunk.sources.iter().map(|source| self.location(*source)).collect(),
            bytes: chunk.elements * sizes.data.bytes(),
            fold: chunk.operation,
            data: sizes.data,
            accumulate: sizes.accumulate,
            vector: chunk.vector,
            pipe: chunk.pipe.map(|pipe| pipe.0),
        }
    }

    pub(super) fn operation(&self, operation: cursor::Operation) -> Operation {
        let width = Width::Four;
        match operation {
            cursor::Operation::BlockSync => Operation::Barrier(Barrier::BLOCK),
            cursor::Operation::Barrier { id, count, arrive } => Operation::Barrier(Barrier::named(id, count, arrive)),
            cursor::Operation::Store { address, value, semantics } => Operation::Write {
                at: self.location(address),
                width,
                value: Word::from(value),
                semantics,
                element: VectorElement::SCALAR,
            },
            cursor::Operation::Load { address, semantics } => {
                Operation::Read { at: self.location(address), width, semantics, element: VectorElement::SCALAR }
            }
            cursor::Operation::Await { address, compare, value, semantics } => {
                let condition = Condition { compare, value };
                Operation::Await { at: self.location(address), width, condition, semantics, returns: false }
            }
            cursor::Operation::Atomic { address, operation, operand, expected, semantics, returns } => {
                Operation::Atomic {
                    element: VectorElement::SCALAR,
                    at: self.location(address),
                    width,
                    function: AtomicFunction::unsigned(operation),
                    operand: u64::from(operand),
                    expected: u64::from(expected),
                    semantics,
                    returns,
                }
            }
            cursor::Operation::Fence { semantics } => Operation::Fence { semantics },
            cursor::Operation::Chunk(chunk) => Operation::Bulk(Box::new(self.bulk(&chunk))),
            cursor::Operation::Take { address, elements } => {
                Operation::Load { at: self.location(address), bytes: elements * self.code().sizes.data.bytes() }
            }
            cursor::Operation::Put { address, elements, word } => {
                let bytes = (elements * self.code().sizes.data.bytes()) as usize;
                Operation::Store { at: self.location(address), data: word.to_le_bytes()[..bytes].into() }
            }
            cursor::Operation::Send { address, value, packet, semantics } => {
                let width = if packet { Width::Eight } else { Width::Four };
                Operation::Write {
                    at: self.location(address),
                    width,
                    value: value.into(),
                    semantics,
                    element: VectorElement::SCALAR,
                }
            }
            cursor::Operation::Receive { address, packet, compare, value, semantics } => {
                let width = if packet { Width::Eight } else { Width::Four };
                let condition = Condition { compare, value };
                Operation::Await { at: self.location(address), width, condition, semantics, returns: true }
            }
            cursor::Operation::Start { pipe, capacity } => Operation::Start { pipe: pipe.0, capacity },
            cursor::Operation::Finish { pipe, remaining } => Operation::Finish { pipe: pipe.0, remaining },
            cursor::Operation::Assert { holds } => Operation::Assert { holds },
            // A host program's are gone through before it runs.
            cursor::Operation::Host(_) | cursor::Operation::Exit => Operation::Exit,
        }
    }

    pub(super) fn fault(&self, fault: &cursor::Fault, site: SiteId) -> Fault {
        let message = match fault {
            cursor::Fault::Index { buffer, dimension, index, extent } => format!(
                "index {index} is outside dimension {dimension} of `{}`, whose extent is {extent}",
                self.protocol.buffer(*buffer).name
            ),
            other => other.to_string(),
        };
        Fault::violation(Code::OutOfBounds, message, SiteIndex(site.0))
    }

    fn with_position<R>(&self, at: Coordinates, act: impl FnOnce(&Position<'_>) -> R) -> R {
        act(&Position {
            rank: at.rank,
            block: at.block,
            thread: at.thread,
            launch: at.launch,
            grid: self.grids[at.rank as usize],
            arguments: &self.arguments[at.rank as usize][at.launch as usize],
        })
    }
}

impl ProtocolProgram {
    /// The position of a rank's host thread.
    pub(super) fn with_host_position<R>(&self, rank: u32, launch: u32, act: impl FnOnce(&Position<'_>) -> R) -> R {
        self.with_position(Coordinates { rank, block: 0, thread: 0, launch }, act)
    }
}

/// Whether a rank's host reads this buffer after every launch: where something is expected of it.
fn is_output(protocol: &Protocol, buffer: usize, rank: u32) -> bool {
    protocol.expectation.as_ref().is_some_and(|expectation| {
        let definition: Definition = expectation.collective.into();
        expectation.output.index() == buffer && definition.concerns(rank)
    })
}

fn element_bytes(buffer: &ir::Buffer, sizes: &Sizes) -> u64 {
    match buffer.element {
        ir::Element::Data => u64::from(sizes.data.bytes()),
        ir::Element::Word => 4,
        ir::Element::Packet => 8,
    }
}

/// Vectors of a phase that are worth taking at once.
const LEAST_SWEPT: u64 = 4;

/// The expectation stands outside the statements: its site is one past theirs.
const EXPECTATION: SiteIndex = SiteIndex(u32::MAX);

impl Program for ProtocolProgram {
    type Thread = Cursor;
    type Round = ();

    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn grid(&self, rank: u32) -> u32 {
        self.grids[rank as usize]
    }

    fn with_equal_grids(&self) -> Option<Self> {
        let grids = vec![self.shape.blocks; self.grids.len()];
        Some(ProtocolProgram { grids, ..self.clone() })
    }

    fn start(&self, at: Coordinates) -> Cursor {
        Cursor::start(self.code_of(at.launch))
    }

    fn extent(&self, instance: u32, launch: u32) -> u64 {
        let buffer = (instance / self.shape.ranks) as usize;
        match self.extents.get(self.of_launch[launch as usize]) {
            Some(extents) => extents[buffer],
            None => self.shape.instances[instance as usize].bytes,
        }
    }

    fn lengths(&self) -> Vec<u64> {
        let of_launch = self.of_launch.iter().map(|code| self.codes[*code].sizes.elements);
        if self.codes.len() > 1 { of_launch.collect() } else { Vec::new() }
    }

    fn next(&self, at: Coordinates, thread: &mut Cursor) -> Result<(Operation, SiteIndex), Fault> {
        let next = self.with_position(at, |position| thread.next(self.code_of(at.launch), position));
        match next {
            Ok((operation, site)) => Ok((self.operation(operation), SiteIndex(site.0))),
            Err((fault, site)) => Err(self.fault(&fault, site)),
        }
    }

    fn rest_of_phase(&self, at: Coordinates, thread: &Cursor) -> Option<(Sweep, SiteIndex, Cursor)> {
        let rest =
            self.with_position(at, |position| thread.rest_of_phase(self.code_of(at.launch), position, LEAST_SWEPT))?;
        let bytes = u64::from(self.code().sizes.data.bytes());
        // What is copied are elements, on both sides.
        let mut places = rest.first.sources.iter().chain([&rest.first.destination]);
        let alike = places.all(|place| self.element_bytes[place.buffer.index()] == bytes);
        let sweep = Sweep {
            first: self.bulk(&rest.first),
            step: rest.step * bytes,
            count: rest.count,
            length: rest.length * bytes,
        };
        alike.then_some((sweep, SiteIndex(rest.site.0), rest.then))
    }

    fn has_sweeps(&self) -> bool {
        true
    }

    fn is_channel(&self, buffer: u32) -> bool {
        self.protocol.buffers[buffer as usize].channel
    }

    fn pipe_name(&self, pipe: u32) -> String {
        self.protocol.pipes[pipe as usize].name.clone()
    }

    fn readers(&self, buffer: u32) -> Readers {
        let buffer = &self.protocol.buffers[buffer as usize];
        let published = buffer.space == Space::Symmetric && !buffer.pad && !buffer.ghost;
        if published { Readers::Peers } else { Readers::Unknown }
    }

    fn supply(&self, at: Coordinates, thread: &mut Cursor, value: Word) {
        thread.supply(self.code_of(at.launch), value as u64);
    }

    fn supply_bytes(&self, at: Coordinates, thread: &mut Cursor, bytes: &[u8]) {
        let mut word = [0; 8];
        let length = bytes.len().min(word.len());
        word[..length].copy_from_slice(&bytes[..length]);
        thread.supply(self.code_of(at.launch), u64::from_le_bytes(word));
    }

    fn expected(&self) -> Option<Expected> {
        let expectation = self.protocol.expectation.as_ref()?;
        Some(Expected {
            output: PartId::of(expectation.output.0),
            input: PartId::of(expectation.input.0),
            plus: expectation.plus.map(|plus| PartId::of(plus.0)),
            definition: expectation.collective.into(),
            same_on_all_ranks: expectation.same_on_all_ranks,
            exact_zero: true,
            accumulate: self.code().sizes.accumulate,
            site: EXPECTATION,
        })
    }

    fn asserts(&self) -> bool {
        self.code().has_assertions()
    }

    fn element(&self, at: Location) -> Option<Vec<u64>> {
        let buffer = (at.instance / self.shape.ranks) as usize;
        let (shape, bytes) = (self.code().shapes.get(buffer)?, *self.element_bytes.get(buffer)?);
        let mut left = at.byte / bytes.max(1);
        let mut places: Vec<u64> = Vec::new();
        for extent in shape.iter().rev() {
            places.push(left % extent.max(&1));
            left /= extent.max(&1);
        }
        places.reverse();
        at.byte.is_multiple_of(bytes.max(1)).then_some(places)
    }

    fn source(&self) -> &Source {
        &self.protocol.source
    }

    fn site(&self, site: SiteIndex) -> (Span, Vec<Span>) {
        if site == EXPECTATION {
            let span = self.protocol.expectation.as_ref().map_or(0..0, |expectation| expectation.span.clone());
            return (span, Vec::new());
        }
        let Some(site) = self.code().sites.get(site.0 as usize) else { return (0..0, Vec::new()) };
        (site.span.clone(), site.calls.to_vec())
    }

    fn line(&self, site: SiteIndex) -> u32 {
        let (span, _) = self.site(site);
        if span.is_empty() { 0 } else { self.protocol.source.line_column(span.start).0 }
    }

    fn input(&self, element: Element, part: PartId, rank: u32, launch: u32, index: u64) -> u64 {
        input_element(element, self.seed ^ (u64::from(part.buffer) << 56), rank, launch, index)
    }
}
