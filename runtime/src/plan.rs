//! What a group needs to know of its protocols before a back end allocates anything.
//!
//! Sizes come from the protocol's own shapes ([`Protocol::shapes`]), evaluated by the code that the checker ran. A
//! local buffer that the collective reads or writes is the caller's memory itself; a symmetric one, which peers reach,
//! lives in the workspace, and the caller's message is copied in or out.

use crate::algorithm::Algorithm;
use crate::error::Error;
use crate::kernels::Kernels;
use arverify_protocol::certificate::KernelEntry;
use arverify_protocol::code::Code;
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::{EvaluationError, Sizes};
use arverify_protocol::ids::BufferId;
use arverify_protocol::ir::{
    Buffer, Collective, Element, Place, Protocol, Reduction, Space, Span, Statement, StatementKind,
};
use std::time::Duration;

/// What a group is made for. Everything but the message's length is fixed when it is made.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// P, ranks of the group.
    pub ranks: u32,
    /// E, the element type.
    pub data: DataType,
    /// In what type 16-bit elements are summed.
    pub accumulate: Accumulate,
    /// The longest message, in elements on each rank.
    pub capacity: u64,
    /// B, blocks of each rank; `None` leaves it to the back end.
    pub blocks: Option<u32>,
    /// T, threads of each block; `None` leaves it to the back end.
    pub threads: Option<u32>,
    /// Which protocol runs.
    pub algorithm: Algorithm,
    /// How long an await may wait before the call fails. Not zero.
    pub deadline: Duration,
    /// Devices by number, given to the ranks in turn; empty is every device there is. The CPU back end has none.
    pub devices: Vec<u32>,
}

impl Settings {
    /// Settings for `ranks` ranks and messages of up to `capacity` elements, with a deadline of ten seconds.
    pub fn new(ranks: u32, data: DataType, capacity: u64) -> Settings {
        Settings {
            ranks,
            data,
            accumulate: Accumulate::Own,
            capacity,
            blocks: None,
            threads: None,
            algorithm: Algorithm::default(),
            deadline: Duration::from_secs(10),
            devices: Vec::new(),
        }
    }
}

/// The protocols of a group with B and T decided.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What was asked for.
    pub(crate) settings: Settings,
    /// The protocols, in the order of [`Algorithm::protocols`].
    pub(crate) protocols: Vec<Planned>,
    /// The certificate that they come from.
    pub(crate) kernels: Kernels,
    /// B
    pub(crate) blocks: u32,
}

/// One protocol of a group.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) kernel: KernelEntry,
    pub(crate) protocol: Protocol,
    pub(crate) blocks: u32,
    pub(crate) threads: u32,
    pub(crate) input: Message,
    pub(crate) output: Message,
}

/// A buffer that holds the caller's message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message {
    pub(crate) buffer: BufferId,
    /// It lives in the workspace, and the message is copied; otherwise it is the caller's memory.
    pub(crate) resident: bool,
}

impl Plan {
    /// Finds the kernels. `blocks` and `threads` are what the back end prefers for a kernel.
    pub(crate) fn new(
        kernels: &Kernels,
        settings: &Settings,
        preferred: impl Fn(&KernelEntry) -> (u32, u32),
    ) -> Result<Plan, Error> {
        check_settings(settings)?;
        let mut protocols = Vec::new();
        let mut blocks = settings.blocks;
        for name in settings.algorithm.protocols() {
            let (kernel, protocol) = kernels.find(name, settings.ranks, settings.data, settings.accumulate)?;
            let (preferred_blocks, preferred_threads) = preferred(&kernel);
            let blocks = *blocks.get_or_insert(preferred_blocks);
            let threads = settings.threads.unwrap_or(preferred_threads);
            protocols.push(Planned::new(kernel, protocol, blocks, threads)?);
        }
        for planned in &protocols {
            planned.check_sizes(settings.capacity)?;
        }
        let blocks = blocks.unwrap_or(1);
        Ok(Plan { settings: settings.clone(), protocols, kernels: kernels.clone(), blocks })
    }
}

fn check_settings(settings: &Settings) -> Result<(), Error> {
    let wrong = |message: &str| Err(Error::Settings(message.to_owned()));
    if settings.deadline.is_zero() {
        return wrong("the deadline must not be zero");
    }
    if settings.ranks < 2 {
        return wrong("a group needs at least 2 ranks");
    }
    if settings.capacity > 1 << 40 {
        return wrong("the capacity must not exceed 2^40 elements");
    }
    if settings.blocks == Some(0) || settings.threads == Some(0) {
        return wrong("blocks and threads must not be zero");
    }
    if settings.threads.is_some_and(|threads| threads > 1024) {
        return wrong("a block has at most 1024 threads");
    }
    Ok(())
}

impl Planned {
    fn new(kernel: KernelEntry, protocol: Protocol, blocks: u32, threads: u32) -> Result<Planned, Error> {
        if blocks > kernel.max_blocks {
            let message = format!("`{}` is certified for at most {} blocks", protocol.name, kernel.max_blocks);
            return Err(Error::Settings(message));
        }
        let unfit = |reason| Error::NotAllReduce { protocol: protocol.name.clone(), reason };
        let expectation = protocol.expectation.as_ref().ok_or_else(|| unfit("it computes nothing"))?;
        match expectation.collective {
            Collective::AllReduce(Reduction::Sum) => {}
            Collective::AllReduce(_) => return Err(unfit("it reduces with another function")),
            _ => return Err(unfit("it is another collective")),
        }
        if !expectation.same_on_all_ranks {
            return Err(unfit("it does not promise the same bits on all ranks"));
        }
        let written = written(&protocol.body);
        let message = |buffer: BufferId, read_only: bool| {
            let symmetric = protocol.buffer(buffer).space == Space::Symmetric;
            Message { buffer, resident: symmetric || (read_only && written.contains(&buffer)) }
        };
        let (input, output) = (message(expectation.input, true), message(expectation.output, false));
        Ok(Planned { kernel, protocol, blocks, threads, input, output })
    }

    /// The sizes of a call.
    pub(crate) fn sizes(&self, elements: u64) -> Sizes {
        Sizes { threads: self.threads, ..self.kernel.sizes(self.blocks, elements) }
    }

    /// Fails where the protocol's requirements, or those of this crate, are not met for messages of this length.
    pub(crate) fn check_sizes(&self, elements: u64) -> Result<(), Error> {
        let sizes = self.sizes(elements);
        let unmet = self.protocol.unmet_requirement(&sizes).map_err(|error| self.unfit(error.to_string()))?;
        if let Some(requirement) = unmet {
            return Err(self.unfit(format!("it requires {}", self.text(&requirement.span))));
        }
        for rank in 0..sizes.ranks {
            let grid = self.grid(elements, rank)?;
            if grid > self.blocks {
                return Err(self.unfit(format!("rank {rank} launches {grid} blocks, of {} at most", self.blocks)));
            }
        }
        let extents = self.extents(elements)?;
        for message in [self.input, self.output] {
            if extents[message.buffer.index()] != elements {
                let name = &self.protocol.buffer(message.buffer).name;
                return Err(self.unfit(format!("`{name}` does not hold one message")));
            }
        }
        Ok(())
    }

    /// Elements of every buffer.
    pub(crate) fn extents(&self, elements: u64) -> Result<Vec<u64>, Error> {
        let shapes = self.evaluated(self.protocol.shapes(&self.sizes(elements)))?;
        let extent = |shape: &Vec<u64>| shape.iter().try_fold(1_u64, |product, extent| product.checked_mul(*extent));
        let extents: Option<Vec<u64>> = shapes.iter().map(extent).collect();
        extents
            .filter(|extents| extents.iter().all(|extent| *extent < 1 << 48))
            .ok_or_else(|| self.unfit("a buffer would exceed 2^48 elements".to_owned()))
    }

    /// Bytes of every buffer: 0 for those in the check only and those that are the caller's memory.
    pub(crate) fn resident_bytes(&self, elements: u64) -> Result<Vec<usize>, Error> {
        let extents = self.extents(elements)?;
        let bytes = self.protocol.buffers.iter().zip(extents).enumerate().map(|(index, (buffer, extent))| {
            let message = [self.input, self.output].into_iter().find(|message| message.buffer.index() == index);
            let resident = !buffer.ghost && message.is_none_or(|message| message.resident);
            if resident { extent as usize * self.element_bytes(buffer) } else { 0 }
        });
        Ok(bytes.collect())
    }

    /// Bytes of one element of a buffer.
    pub(crate) fn element_bytes(&self, buffer: &Buffer) -> usize {
        match buffer.element {
            Element::Data => self.kernel.dtype.bytes() as usize,
            Element::Word => 4,
        }
    }

    /// Blocks that a rank launches.
    pub(crate) fn grid(&self, elements: u64, rank: u32) -> Result<u32, Error> {
        self.evaluated(self.protocol.grid_of(&self.sizes(elements), rank))
    }

    /// Kernel arguments of a launch.
    pub(crate) fn arguments(&self, elements: u64, rank: u32, launch: u32) -> Result<Vec<u32>, Error> {
        self.evaluated(self.protocol.argument_values(&self.sizes(elements), rank, launch))
    }

    /// The protocol flattened for messages of this length, without what is in the check only.
    pub(crate) fn code(&self, elements: u64) -> Result<Code, Error> {
        self.evaluated(Code::new(&self.protocol, &self.sizes(elements), false))
    }

    /// File, line and column of a statement.
    pub(crate) fn place(&self, span: &Span) -> String {
        let (line, column) = self.protocol.source.line_column(span.start);
        format!("{}:{line}:{column}", self.protocol.source.name)
    }

    fn evaluated<T>(&self, value: Result<T, EvaluationError>) -> Result<T, Error> {
        value.map_err(|error| self.unfit(error.to_string()))
    }

    fn unfit(&self, reason: String) -> Error {
        Error::Sizes { protocol: self.protocol.name.clone(), reason }
    }

    fn text(&self, span: &Span) -> &str {
        let text = &self.protocol.source.text;
        text.get(span.start as usize..span.end as usize).unwrap_or("what its source says").trim()
    }
}

/// Every buffer that a data phase writes.
fn written(body: &[Statement]) -> Vec<BufferId> {
    let mut buffers = Vec::new();
    for statement in body {
        match &statement.kind {
            StatementKind::Copy { destination, .. } | StatementKind::Reduce { destination, .. } => {
                let Place { buffer, .. } = destination;
                buffers.push(*buffer);
            }
            StatementKind::If { then, otherwise, .. } => {
                buffers.extend(written(then));
                buffers.extend(written(otherwise));
            }
            StatementKind::For { body, .. } => buffers.extend(written(body)),
            _ => {}
        }
    }
    buffers
}
