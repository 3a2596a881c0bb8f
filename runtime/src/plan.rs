//! What a group needs to know of its protocols before a back end allocates anything.
//!
//! Sizes come from the protocol's own shapes ([`Protocol::shapes`]), evaluated by the code that the checker ran. A
//! local buffer that the collective reads or writes is the caller's memory itself; a symmetric one, which peers reach,
//! lives in the workspace, and the caller's message is copied in or out.

use crate::algorithm::Algorithm;
use crate::collective::Collective;
use crate::error::Error;
use crate::kernels::Kernels;
use arverify_protocol::certificate::KernelEntry;
use arverify_protocol::code::Code;
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::{EvaluationError, Sizes};
use arverify_protocol::ids::BufferId;
use arverify_protocol::ir::{Buffer, Element, Place, Protocol, Space, Span, Statement, StatementKind};
use std::collections::BTreeMap;
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
    /// The longest message, in elements on each rank: of its smaller side, where input and output differ.
    pub capacity: u64,
    /// B, blocks of each rank; `None` leaves it to the back end.
    pub blocks: Option<u32>,
    /// T, threads of each block; `None` leaves it to the back end.
    pub threads: Option<u32>,
    /// What the group is to do. Buffers are held for each.
    pub collectives: Vec<Collective>,
    /// Which protocol runs for an all-reduce.
    pub algorithm: Algorithm,
    /// Which protocol runs for another collective, where it is not the usual one: `grid-barrier` for a barrier, say.
    pub protocols: BTreeMap<Collective, String>,
    /// Whether an all-reduce must promise the same bits on all ranks. Protocols that do not (`channel-ring`,
    /// `channel-mesh`) are refused unless this is false.
    pub same_on_all_ranks: bool,
    /// Elements that a launch carries from one rank to another; longer data of `send` and `recv` goes as several.
    pub slot: u64,
    /// How long an await may wait before the call fails. Not zero.
    pub deadline: Duration,
    /// Devices by number, given to the ranks in turn; empty is every device there is. The CPU back end has none.
    pub devices: Vec<u32>,
}

impl Settings {
    /// Settings for all-reduces of `ranks` ranks and messages of up to `capacity` elements, with a deadline of ten
    /// seconds.
    pub fn new(ranks: u32, data: DataType, capacity: u64) -> Settings {
        Settings {
            ranks,
            data,
            accumulate: Accumulate::Own,
            capacity,
            blocks: None,
            threads: None,
            collectives: vec![Collective::AllReduce],
            algorithm: Algorithm::default(),
            protocols: BTreeMap::new(),
            same_on_all_ranks: true,
            slot: 4096,
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
    /// The protocols: those of [`Algorithm::protocols`], in order, where all-reduces are asked for; then one for each
    /// other collective.
    pub(crate) protocols: Vec<Planned>,
    /// The certificate that they come from.
    pub(crate) kernels: Kernels,
    /// B
    pub(crate) blocks: u32,
    /// Who runs them: the protocols' teams in order, those of the transfer last.
    pub(crate) teams: Vec<Team>,
}

/// Ranks that run a protocol on buffers of their own. All ranks are one team; for transfers each pair is one, in either
/// direction, so that what runs is the protocol as it was verified for two ranks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Team {
    /// Index of the protocol in the plan.
    pub(crate) protocol: usize,
    /// The group's ranks in the order of the protocol's.
    pub(crate) members: Vec<u32>,
}

/// One protocol of a group.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) kernel: KernelEntry,
    pub(crate) protocol: Protocol,
    pub(crate) blocks: u32,
    pub(crate) threads: u32,
    pub(crate) collective: Collective,
    /// The longest message, in elements: the group's capacity, or the slot of a transfer.
    pub(crate) capacity: u64,
    /// Its certificate is about launches of any length up to a capacity: buffers are laid out by that, once. Otherwise they
    /// are laid out by the length of the launches that follow.
    pub(crate) any_length: bool,
    /// A barrier has no message.
    pub(crate) input: Option<Message>,
    pub(crate) output: Option<Message>,
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
        for (collective, name) in wanted(settings) {
            let ranks = collective.members(settings.ranks);
            let (kernel, protocol) = kernels.find(name, ranks, settings.data, settings.accumulate)?;
            let (preferred_blocks, preferred_threads) = preferred(&kernel);
            let blocks = *blocks.get_or_insert(preferred_blocks);
            let threads = settings.threads.unwrap_or(preferred_threads);
            protocols.push(Planned::new(kernel, protocol, collective, (blocks, threads), settings)?);
        }
        for planned in &protocols {
            planned.check_sizes(planned.capacity)?;
        }
        let blocks = blocks.unwrap_or(1);
        let teams = teams(&protocols, settings.ranks);
        Ok(Plan { settings: settings.clone(), protocols, kernels: kernels.clone(), blocks, teams })
    }

    /// The protocol that a team runs.
    pub(crate) fn planned(&self, team: usize) -> &Planned {
        &self.protocols[self.teams[team].protocol]
    }

    /// Teams whose buffers are laid out once, by the group's capacity or for a slot: whose certificate is about launches of any
    /// length up to that, or whose messages all have one length.
    pub(crate) fn laid_out_once(&self) -> impl Iterator<Item = usize> {
        let is_fixed = |team: &usize| {
            let planned = self.planned(*team);
            planned.any_length || planned.collective == Collective::Transfer
        };
        (0..self.teams.len()).filter(is_fixed)
    }

    /// By protocol: what its buffers are laid out for when the group is made or reset, if they are.
    pub(crate) fn first_layouts(&self) -> Vec<Option<u64>> {
        self.protocols.iter().map(|planned| planned.any_length.then_some(planned.capacity)).collect()
    }

    /// The team that carries messages from one rank to another.
    pub(crate) fn pair(&self, from: u32, to: u32) -> Result<usize, Error> {
        let pair = self.teams.iter().position(|team| {
            self.protocols[team.protocol].collective == Collective::Transfer && team.members == [from, to]
        });
        pair.ok_or(Error::NotPlanned(Collective::Transfer))
    }

    /// Which of the protocols, and of the teams, performs a collective call of this length.
    pub(crate) fn choose(&self, collective: Collective, elements: u64) -> Result<usize, Error> {
        let first = self.protocols.iter().position(|planned| planned.collective == collective);
        let first = first.ok_or(Error::NotPlanned(collective))?;
        if collective != Collective::AllReduce {
            return Ok(first);
        }
        let Settings { algorithm, ranks, data, .. } = &self.settings;
        Ok(first + algorithm.choose(*ranks, elements.saturating_mul(u64::from(data.bytes()))))
    }

    /// Bytes of the longest input and of the longest output of any call.
    pub(crate) fn longest_messages(&self) -> (usize, usize) {
        let bytes = self.protocols.iter().flat_map(|planned| {
            let members = planned.collective.members(self.settings.ranks);
            (0..members).map(|member| planned.message_bytes(member, planned.capacity))
        });
        bytes.fold((0, 0), |longest, bytes| (longest.0.max(bytes.0), longest.1.max(bytes.1)))
    }
}

/// One team for each protocol; for a transfer, which comes last, one for each ordered pair of ranks.
fn teams(protocols: &[Planned], ranks: u32) -> Vec<Team> {
    let mut teams = Vec::new();
    for (protocol, planned) in protocols.iter().enumerate() {
        if planned.collective != Collective::Transfer {
            teams.push(Team { protocol, members: (0..ranks).collect() });
            continue;
        }
        for from in 0..ranks {
            let others = (0..ranks).filter(|to| *to != from);
            teams.extend(others.map(|to| Team { protocol, members: vec![from, to] }));
        }
    }
    teams
}

/// The protocols that a group needs, and for what.
fn wanted(settings: &Settings) -> Vec<(Collective, &str)> {
    let mut wanted: Vec<(Collective, &str)> = Vec::new();
    for collective in Collective::ALL.into_iter().filter(|collective| settings.collectives.contains(collective)) {
        match settings.protocols.get(&collective).map(String::as_str).or(collective.protocol()) {
            Some(name) => wanted.push((collective, name)),
            None => wanted.extend(settings.algorithm.protocols().into_iter().map(|name| (collective, name))),
        }
    }
    wanted
}

fn check_settings(settings: &Settings) -> Result<(), Error> {
    let wrong = |message: &str| Err(Error::Settings(message.to_owned()));
    if settings.deadline.is_zero() {
        return wrong("the deadline must not be zero");
    }
    if settings.collectives.is_empty() {
        return wrong("a group is made for at least one collective");
    }
    if settings.ranks < 2 {
        return wrong("a group needs at least 2 ranks");
    }
    if settings.capacity > 1 << 40 {
        return wrong("the capacity must not exceed 2^40 elements");
    }
    if settings.slot == 0 || settings.slot > 1 << 40 {
        return wrong("a slot holds at least one element, and at most 2^40");
    }
    if settings.protocols.contains_key(&Collective::AllReduce) {
        return wrong("the protocol of an all-reduce is chosen by the settings' algorithm");
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
    fn new(
        kernel: KernelEntry,
        protocol: Protocol,
        collective: Collective,
        (blocks, threads): (u32, u32),
        settings: &Settings,
    ) -> Result<Planned, Error> {
        if blocks > kernel.max_blocks {
            let message = format!("`{}` is certified for at most {} blocks", protocol.name, kernel.max_blocks);
            return Err(Error::Settings(message));
        }
        if let Some(reason) = collective.refusal(&protocol, settings.same_on_all_ranks) {
            return Err(Error::NotTheCollective { protocol: protocol.name.clone(), collective, reason });
        }
        let written = written(&protocol.body);
        let message = |buffer: BufferId, read_only: bool| {
            let symmetric = protocol.buffer(buffer).space == Space::Symmetric;
            Message { buffer, resident: symmetric || (read_only && written.contains(&buffer)) }
        };
        let expectation = protocol.expectation.as_ref();
        let input = expectation.map(|expectation| message(expectation.input, true));
        let output = expectation.map(|expectation| message(expectation.output, false));
        let capacity = if collective == Collective::Transfer { settings.slot } else { settings.capacity };
        let any_length = kernel.takes_any_length();
        Ok(Planned { kernel, protocol, blocks, threads, collective, capacity, any_length, input, output })
    }

    /// Bytes of the input and of the output of a member: of a transfer one has the input and the other the output.
    pub(crate) fn message_bytes(&self, member: u32, elements: u64) -> (usize, usize) {
        let (input, output) = self.collective.lengths(self.kernel.ranks, elements);
        let bytes = |elements: u64| elements as usize * self.kernel.dtype.bytes() as usize;
        match (self.collective, member) {
            (Collective::Transfer, 0) => (bytes(input), 0),
            (Collective::Transfer, _) => (0, bytes(output)),
            _ => (bytes(input), bytes(output)),
        }
    }

    /// The sizes of a call.
    pub(crate) fn sizes(&self, elements: u64) -> Sizes {
        let capacity = self.laid_out_for(elements);
        Sizes { threads: self.threads, elements, ..self.kernel.sizes(self.blocks, capacity) }
    }

    /// How long the messages are that buffers are laid out for in a call of this length.
    pub(crate) fn laid_out_for(&self, elements: u64) -> u64 {
        if self.any_length { self.capacity } else { elements }
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
        let room = self.extents(self.laid_out_for(elements))?;
        if extents.iter().zip(&room).any(|(extent, room)| extent > room) {
            return Err(self.unfit("a buffer is longer for a shorter message".to_owned()));
        }
        let (input, output) = self.collective.lengths(sizes.ranks, elements);
        for (message, length) in [(self.input, input), (self.output, output)] {
            let Some(message) = message else { continue };
            if extents[message.buffer.index()] != length {
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
            let messages = [self.input, self.output].into_iter().flatten();
            let message = messages.into_iter().find(|message| message.buffer.index() == index);
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
            Element::Packet => 8,
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
            StatementKind::Copy { destination, .. }
            | StatementKind::Start { destination, .. }
            | StatementKind::Reduce { destination, .. }
            | StatementKind::Receive { destination, .. } => {
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
