//! Front end: a kernel in PTX, launched as LAUNCH.toml says, as a thread program.
//!
//! Every buffer of the launch has an instance on each rank; so has every `.global` variable that the kernel may write.
//! Tables of pointers, constant memory and parameters are bytes that nobody writes, and stay with the interpreter.
//! Shared memory is an instance for each block.

use super::accept::accepted;
use super::branches::Branches;
use super::code::step::Special;
use super::code::{Code, Effect, Instruction, Pc, Register, Step};
use super::decode::{DecodeError, decode_with};
use super::dependent::Dependent;
use super::execute::{
    Geometry, Interpreter, MemoryMap, PtxRound, PtxThread, RankSetting, Region, RegionKind, Setting, relocated,
};
use super::flow::{Chains, Liveness, Reach, SpinLoops};
use super::launch::{Addresses, Launch, Parameter};
use super::names::demangled;
use super::plain::Plain;
use super::syntax::Module;
use crate::program::mbarrier;
use crate::program::memory::input_element;
use crate::program::{
    Answers, Contents, Coordinates, Dependencies, Element, Expected, Fault, Instance, Location, Next, Operation,
    Program, Read, Readers, Reads, RoundStep, Shape, SiteIndex, Unknown,
};
use arverify_protocol::data::Accumulate;
use arverify_protocol::ir::{Source, Span};
use arverify_protocol::language::Diagnostics;
use arverify_protocol::verdict::{Role, ThreadName};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The expectation stands in LAUNCH.toml, outside the text that sites point into.
const EXPECTATION: SiteIndex = SiteIndex(u32::MAX);

/// Bytes that share one record of accesses, at first.
const GRANULE: u32 = 16;

/// Bytes that a cooperative launch gives for the barrier of its grid.
const GRID_BARRIER_BYTES: u64 = 256;

/// Alignment of dynamic shared memory behind the static one.
const SHARED_ALIGNMENT: u64 = 16;

/// Why a kernel cannot be run as launched.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// The kernel.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The launch.
    #[error("{0}")]
    Launch(Diagnostics),
    /// A kernel that requires another cluster, or any.
    #[error("{0}")]
    Cluster(String),
    /// A kernel that requires another block.
    #[error("the kernel requires blocks of {required} threads (.reqntid or .maxntid), and is launched with {launched}")]
    Block {
        /// What it requires, in words.
        required: String,
        /// What rank 0 launches.
        launched: u64,
    },
}

/// A kernel with its launch.
#[derive(Debug)]
pub struct PtxProgram {
    source: Arc<Source>,
    interpreter: Interpreter,
    /// By instruction, where it is a barrier: registers that are dead behind it.
    dead: Vec<Box<[Register]>>,
    branches: Branches,
    /// Reads whose values are stored.
    stored: BTreeSet<Pc>,
    shape: Shape,
    expected: Option<Expected>,
    seed: u64,
    /// Kept where ranks launch different grids: see [`Program::with_equal_grids`].
    parts: Option<Box<Parts>>,
    /// Which strong accesses control flow leads to, and whether it may depend on the block.
    reach: Reach,
    /// In a program without waits.
    plain: Option<Plain>,
    /// Where launches may run side by side.
    dependent: Option<Dependent>,
}

/// What a program is made from.
#[derive(Debug)]
struct Parts {
    module: Module,
    kernel: String,
    parameters: Vec<Parameter>,
    launch: Launch,
}

impl PtxProgram {
    /// Decodes a kernel and lays out its memory. `parameters` are those that the entry declares; the launch has been
    /// checked against them.
    pub fn new(
        source: Arc<Source>,
        module: &Module,
        kernel: &str,
        parameters: &[Parameter],
        launch: &Launch,
        seed: u64,
    ) -> Result<PtxProgram, ProgramError> {
        let accepted = accepted(&source, module, launch).map_err(ProgramError::Launch)?;
        let mut code = decode_with(module, kernel, &accepted)?;
        drop_dead_results(&mut code);
        let dead = dead_behind_barriers(&code);
        let (branches, reach) = (Branches::of(&code), Reach::of(&code));
        let stored = Chains::of(&code).stored(|_| true);
        let cluster = cluster_shape(&code, launch)?;
        let geometry = |rank: u32| Geometry {
            grid: launch.grids[rank as usize],
            block: launch.blocks[rank as usize],
            cluster: cluster.unwrap_or([1; 3]),
        };
        check_blocks(&code, launch)?;
        let ranks = launch.ranks;
        let greatest = |of: fn(&Geometry) -> u32| (0..ranks).map(|rank| of(&geometry(rank))).max().unwrap_or(0);
        let mut memory = Layout { ranks, map: MemoryMap::default(), instances: Vec::new(), given: BTreeMap::new() };
        let buffers = memory.buffers(launch);
        let tables = memory.tables(launch, &buffers);
        let variables = memory.variables(&code, launch.buffers.len() as u32);
        let grid_barriers = if launch.cooperative && asks(&code, is_grid_barrier) {
            memory.grid_barriers((launch.buffers.len() + code.globals.len()) as u32)
        } else {
            Vec::new()
        };
        let grid = |rank: u32| (geometry(rank).blocks(), geometry(rank).threads());
        let dependent = launch.dependent.as_ref().map(|_| {
            let first = memory.instances.len() as u32;
            Dependent::new(launch.launches, (0..ranks).map(grid).collect(), first)
        });
        let buffer = (launch.buffers.len() + code.globals.len() + 1) as u32;
        memory.instances.extend(dependent.iter().flat_map(|dependent| dependent.instances(buffer)));
        // The blocks of the machine that are a rank's, in the order of launches that may run side by side.
        let blocks_of = |rank: u32| -> Vec<Vec<u32>> {
            let blocks = geometry(rank).blocks();
            let launches = if dependent.is_some() { launch.launches } else { 1 };
            let index = |launch: u32, block: u32| {
                dependent.as_ref().map_or(block, |dependent| dependent.block(rank, launch, block))
            };
            (0..launches).map(|launch| (0..blocks).map(|block| index(launch, block)).collect()).collect()
        };
        let mut settings = Vec::new();
        for rank in 0..ranks {
            let own = &variables[rank as usize];
            let given = RefCell::new(&mut memory);
            let addresses = Addresses {
                buffer: &|buffer, rank| buffers[buffer][rank as usize],
                table: &|index| tables[index],
                memory: &|rank, bytes| given.borrow_mut().given(rank, bytes),
            };
            let bytes = |launched: u32| launch.parameter_bytes(parameters, (rank, launched), addresses);
            let dynamic = u64::from(launch.shared_bytes[rank as usize]);
            let shared_bytes = code.shared_bytes.next_multiple_of(SHARED_ALIGNMENT) + dynamic;
            let shared_bytes = if dynamic == 0 { code.shared_bytes } else { shared_bytes };
            settings.push(RankSetting {
                geometry: geometry(rank),
                parameters: (0..launch.launches)
                    .map(|launched| bytes(launched).map(Arc::from))
                    .collect::<Result<_, _>>()
                    .map_err(ProgramError::Launch)?,
                variables: own.clone(),
                constants: relocated(&code.constants, own),
                explicit_cluster: cluster.is_some(),
                cluster_barriers: Vec::new(),
                grid_barrier: grid_barriers.get(rank as usize).copied().unwrap_or(0),
                dependent: dependent.as_ref().map_or(Vec::new(), |dependent| dependent.words(rank).to_vec()),
                shared: memory.shared(rank, &blocks_of(rank), shared_bytes),
                shared_bytes,
                dynamic_shared_bytes: dynamic,
            });
        }
        if asks(&code, |special| special == Special::ClusterBarrier) {
            for rank in 0..ranks {
                for blocks in blocks_of(rank) {
                    let barriers = memory.cluster_barriers(rank, geometry(rank), &blocks);
                    settings[rank as usize].cluster_barriers.extend(barriers);
                }
            }
        }
        let shape = Shape {
            ranks,
            blocks: match &dependent {
                Some(dependent) => (0..ranks).map(|rank| dependent.blocks(rank)).max().unwrap_or(0),
                None => greatest(Geometry::blocks),
            },
            threads: greatest(Geometry::threads),
            launches: if dependent.is_some() { 1 } else { launch.launches },
            instances: memory.instances,
        };
        let expected = launch.expectation.as_ref().map(|expectation| Expected {
            plus: None,
            output: expectation.output.value as u32,
            input: expectation.input.value as u32,
            definition: expectation.equals,
            same_on_all_ranks: expectation.same_on_all_ranks,
            exact_zero: expectation.exact_zero,
            accumulate: Accumulate::Own,
            site: EXPECTATION,
        });
        let setting = Arc::new(Setting { map: memory.map, ranks: settings });
        let loops = SpinLoops::of(&code);
        let interpreter = Interpreter::new(Arc::new(code), setting, Some(loops));
        let equal = launch.grids.windows(2).all(|pair| pair[0] == pair[1]);
        let parts = (!equal).then(|| {
            let (module, parameters, launch) = (module.clone(), parameters.to_vec(), launch.clone());
            Box::new(Parts { module, kernel: kernel.to_owned(), parameters, launch })
        });
        Ok(PtxProgram {
            source,
            interpreter,
            dead,
            branches,
            stored,
            shape,
            expected,
            seed,
            parts,
            reach,
            plain: None,
            dependent,
        })
    }

    /// Where a thread is in its launch.
    fn within(&self, at: Coordinates) -> Coordinates {
        self.dependent.as_ref().map_or(at, |dependent| dependent.within(at))
    }

    /// What a thread does that is not of its kernel.
    fn before(&self, at: Coordinates, thread: &mut PtxThread) -> Option<(Operation, SiteIndex)> {
        self.dependent.as_ref()?.before(at, thread)
    }

    /// What the kernel's next operation is to the machine, and what the thread need not keep any more.
    fn after(&self, at: Coordinates, thread: &mut PtxThread, operation: Operation, site: SiteIndex) -> Operation {
        let operation = match (&self.dependent, operation) {
            (Some(dependent), Operation::Exit) => dependent.instead_of_exit(at, thread),
            (_, operation) => operation,
        };
        self.tidy(thread, &operation, site);
        operation
    }

    /// What a thread need not keep any more.
    fn tidy(&self, thread: &mut PtxThread, operation: &Operation, site: SiteIndex) {
        match operation {
            Operation::Load { at, .. } if self.shape.instances[at.instance as usize].contents.are_random() => {
                self.branches.record_random(site.0);
            }
            Operation::Exit => thread.end(),
            // Behind a barrier of a loop, what the thread brought to it is asked for.
            Operation::Barrier(_) if !self.interpreter.is_in_loop(site.0) => {
                thread.forget(&self.dead[site.0 as usize]);
            }
            _ => {}
        }
    }

    /// The instruction's name with its modifiers: `st.release.sys.global.u32`.
    fn mnemonic(&self, site: SiteIndex) -> &str {
        let span = self.span(site);
        let text = self.source.text.get(span.start as usize..span.end as usize).unwrap_or_default();
        text.split_whitespace().find(|word| !word.starts_with('@')).unwrap_or_default()
    }

    fn span(&self, site: SiteIndex) -> Span {
        let origin = self.interpreter.code().origins.get(site.0 as usize);
        origin.map_or(0..0, |origin| origin.span.clone())
    }
}

/// Atomics whose result nobody looks at need not return it: then it does not matter which of two comes first.
fn drop_dead_results(code: &mut Code) {
    let liveness = Liveness::of(code);
    for pc in 0..code.instructions.len() {
        let Step::Atomic { destination: Some(register), .. } = &code.instructions[pc].step else { continue };
        if liveness.live_after(code, pc as u32).contains(register) {
            continue;
        }
        if let Step::Atomic { destination, .. } = &mut code.instructions[pc].step {
            *destination = None;
        }
    }
}

/// Registers that are dead behind each barrier; nothing for other instructions.
fn dead_behind_barriers(code: &Code) -> Vec<Box<[Register]>> {
    let liveness = Liveness::of(code);
    let dead = |(pc, instruction): (usize, &Instruction)| -> Box<[Register]> {
        if instruction.effect() != Effect::Barrier {
            return Box::default();
        }
        let live = liveness.live_after(code, pc as u32);
        (0..code.registers).map(Register).filter(|register| live.binary_search(register).is_err()).collect()
    };
    code.instructions.iter().enumerate().map(dead).collect()
}

/// Whether a kernel reads such a special register.
fn asks(code: &Code, which: impl Fn(Special) -> bool) -> bool {
    code.instructions.iter().any(|instruction| match instruction.step {
        Step::Special { special, .. } => which(special),
        _ => false,
    })
}

fn is_grid_barrier(special: Special) -> bool {
    matches!(special, Special::GridBarrier { .. })
}

/// The shape of clusters: that of the file, which must be the one that the kernel was compiled for, if it was for one.
fn cluster_shape(code: &Code, launch: &Launch) -> Result<Option<[u32; 3]>, ProgramError> {
    let (required, launched) = (code.required_cluster, launch.cluster.as_ref().map(|(shape, _)| *shape));
    if let (Some(required), Some(launched)) = (required, launched)
        && required != launched
    {
        let message = format!("the kernel requires clusters of {required:?} blocks, and is launched with {launched:?}");
        return Err(ProgramError::Cluster(message));
    }
    let shape = launched.or(required);
    if let Some(shape) = shape {
        launch.divided_by(shape).map_err(ProgramError::Cluster)?;
    }
    Ok(shape)
}

/// `.reqntid` and `.maxntid`.
fn check_blocks(code: &Code, launch: &Launch) -> Result<(), ProgramError> {
    for block in &launch.blocks {
        let launched = block.iter().map(|axis| u64::from(*axis)).product();
        let refuse = |required: String| Err(ProgramError::Block { required, launched });
        match (code.required_threads, code.most_threads) {
            (Some(required), _) if required != *block => {
                return refuse(required.map(|axis| axis.to_string()).join(" × "));
            }
            (_, Some(most)) if launched > most => return refuse(format!("at most {most}")),
            _ => {}
        }
    }
    Ok(())
}

/// Memory being laid out.
struct Layout {
    ranks: u32,
    map: MemoryMap,
    instances: Vec<Instance>,
    /// Addresses of memory that holds values, by rank and contents.
    given: BTreeMap<(u32, Vec<u8>), u64>,
}

impl Layout {
    /// Adds an instance that has an address. Returns that.
    fn instance(&mut self, instance: Instance) -> u64 {
        let index = self.instances.len() as u32;
        let (name, rank, bytes) = (instance.name.clone(), instance.rank, instance.bytes);
        self.instances.push(instance);
        self.map.add(Region { name, rank, bytes, kind: RegionKind::Instance(index) })
    }

    /// Addresses by buffer, then rank.
    fn buffers(&mut self, launch: &Launch) -> Vec<Vec<u64>> {
        let mut addresses = Vec::new();
        for (index, buffer) in launch.buffers.iter().enumerate() {
            let instance = |rank: u32| Instance {
                name: buffer.name.clone(),
                rank,
                bytes: buffer.bytes,
                local: false,
                block: None,
                pad: false,
                refreshed: buffer.refreshed,
                read: buffer.read,
                contents: buffer.contents[rank as usize].clone(),
                element: Some(buffer.element),
                granule: GRANULE,
                buffer: index as u32,
            };
            addresses.push((0..self.ranks).map(|rank| self.instance(instance(rank))).collect());
        }
        addresses
    }

    /// Addresses of the tables of pointers. One copy of each serves all ranks, for nobody writes it.
    fn tables(&mut self, launch: &Launch, buffers: &[Vec<u64>]) -> Vec<u64> {
        let bytes = |table| -> Arc<[u8]> {
            let pointers = launch.table(table, |buffer, rank| buffers[buffer][rank as usize]);
            pointers.into_iter().flat_map(u64::to_le_bytes).collect()
        };
        let tables = launch.tables.iter().map(|table| {
            let (name, contents) = (format!("table of {}", launch.buffers[table.buffer].name), bytes(*table));
            let (bytes, kind) = (contents.len() as u64, RegionKind::Constant(contents));
            self.map.add(Region { name, rank: 0, bytes, kind })
        });
        tables.collect()
    }

    /// Address of memory of a rank that holds a value, and that nobody writes.
    fn given(&mut self, rank: u32, bytes: Vec<u8>) -> u64 {
        if let Some(address) = self.given.get(&(rank, bytes.clone())) {
            return *address;
        }
        let name = "memory that holds an argument".to_owned();
        let kind = RegionKind::Constant(bytes.as_slice().into());
        let address = self.map.add(Region { name, rank, bytes: bytes.len() as u64, kind });
        self.given.insert((rank, bytes), address);
        address
    }

    /// Addresses of the module's variables, by rank; `first` is the number of the first as a buffer.
    fn variables(&mut self, code: &Code, first: u32) -> Vec<Vec<u64>> {
        let mut addresses = vec![Vec::new(); self.ranks as usize];
        let mut buffer = first;
        for variable in &code.globals {
            for (rank, addresses) in addresses.iter_mut().enumerate() {
                let (name, rank, bytes) = (demangled(&variable.name), rank as u32, variable.bytes);
                // Contents come later: they may hold addresses of variables.
                let none: Arc<[u8]> = Arc::from([]);
                addresses.push(if variable.writable {
                    let contents = Contents::Bytes(none);
                    let (local, block, pad, element) = (true, None, false, None);
                    let (refreshed, read) = (false, false);
                    let granule = GRANULE;
                    self.instance(Instance {
                        name,
                        rank,
                        bytes,
                        local,
                        block,
                        pad,
                        refreshed,
                        read,
                        contents,
                        element,
                        granule,
                        buffer,
                    })
                } else {
                    self.map.add(Region { name, rank, bytes, kind: RegionKind::Constant(none) })
                });
            }
            buffer += u32::from(variable.writable);
        }
        let mut instance = (first * self.ranks) as usize;
        for (index, variable) in code.globals.iter().enumerate() {
            for own in &addresses {
                let mut contents = relocated(&variable.contents, own).to_vec();
                contents.resize(variable.bytes as usize, 0);
                if variable.writable {
                    self.instances[instance].contents = Contents::Bytes(contents.into());
                    instance += 1;
                } else {
                    self.map.set_constant(own[index], contents.into());
                }
            }
        }
        addresses
    }

    /// What a cooperative launch gives each rank's kernel for the barrier of its grid: zeros, by rank.
    fn grid_barriers(&mut self, buffer: u32) -> Vec<u64> {
        let instance = |rank: u32| Instance {
            name: "the barrier of the grid".to_owned(),
            rank,
            bytes: GRID_BARRIER_BYTES,
            local: true,
            block: None,
            pad: false,
            refreshed: false,
            read: false,
            contents: Contents::Word(0),
            element: None,
            granule: GRANULE,
            buffer,
        };
        (0..self.ranks).map(|rank| self.instance(instance(rank))).collect()
    }

    /// The barriers of a rank's clusters: as new for every launch, as shared memory is.
    fn cluster_barriers(&mut self, rank: u32, geometry: Geometry, blocks: &[u32]) -> Vec<u64> {
        let arrivals = u64::from(geometry.threads()) * u64::from(geometry.cluster_size());
        let firsts = (0..geometry.blocks()).filter(|block| geometry.rank_in_cluster(*block) == 0);
        let mut barriers: Vec<(u32, u64)> = Vec::new();
        for block in firsts {
            let index = geometry.cluster_index(block);
            let instance = Instance {
                name: format!("the barrier of cluster {index}"),
                rank,
                bytes: 8,
                local: true,
                block: Some(blocks[block as usize]),
                pad: false,
                refreshed: false,
                read: false,
                contents: Contents::Bytes(Arc::from((arrivals * mbarrier::INITIAL).to_le_bytes())),
                element: None,
                granule: GRANULE,
                buffer: u32::MAX,
            };
            barriers.push((index, self.instance(instance)));
        }
        barriers.sort_unstable();
        barriers.into_iter().map(|(_, address)| address).collect()
    }

    /// Instances of shared memory, by block; none where the kernel has no shared memory.
    fn shared(&mut self, rank: u32, launches: &[Vec<u32>], bytes: u64) -> Vec<u32> {
        if bytes == 0 {
            return Vec::new();
        }
        let blocks = launches
            .iter()
            .enumerate()
            .flat_map(|(launch, blocks)| blocks.iter().enumerate().map(move |(block, index)| (launch, block, *index)));
        let instances = blocks.map(|(launch, block, index)| {
            self.instances.push(Instance {
                name: match launches.len() {
                    1 => format!("shared memory of block {block}"),
                    _ => format!("shared memory of block {block} of launch {launch}"),
                },
                rank,
                bytes,
                local: true,
                block: Some(index),
                pad: false,
                refreshed: false,
                read: false,
                contents: Contents::Poison,
                element: None,
                granule: GRANULE,
                buffer: u32::MAX,
            });
            self.instances.len() as u32 - 1
        });
        instances.collect()
    }
}

impl Program for PtxProgram {
    type Thread = PtxThread;
    type Round = PtxRound;

    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn grid(&self, rank: u32) -> u32 {
        if let Some(dependent) = &self.dependent {
            return dependent.blocks(rank);
        }
        self.interpreter.setting().ranks[rank as usize].geometry.blocks()
    }

    fn threads(&self, rank: u32, block: u32) -> u32 {
        if let Some(dependent) = &self.dependent {
            return dependent.threads(rank, block);
        }
        self.interpreter.setting().ranks[rank as usize].geometry.threads()
    }

    fn with_equal_grids(&self) -> Option<Self> {
        let parts = self.parts.as_ref()?;
        let mut launch = parts.launch.clone();
        let blocks = |grid: &[u32; 3]| grid.iter().map(|axis| u64::from(*axis)).product::<u64>();
        let greatest = launch.grids.iter().copied().max_by_key(blocks)?;
        launch.grids.fill(greatest);
        let Parts { module, kernel, parameters, .. } = &**parts;
        PtxProgram::new(self.source.clone(), module, kernel, parameters, &launch, self.seed).ok()
    }

    fn cluster(&self, rank: u32, block: u32) -> u32 {
        let at = self.within(Coordinates { rank, block, thread: 0, launch: 0 });
        let first = self.interpreter.setting().ranks[rank as usize].geometry.peer(at.block, 0);
        match (&self.dependent, first) {
            (Some(_), _) if block == at.block => block,
            (Some(dependent), Some(first)) => dependent.block(rank, at.launch, first),
            (None, Some(first)) => first,
            (_, None) => block,
        }
    }

    fn may_reach(&self, thread: &PtxThread, site: SiteIndex) -> bool {
        self.dependent.is_some() || self.reach.leads(thread.pc(), site.0)
    }

    fn blocks_are_alike(&self) -> bool {
        self.dependent.is_none() && self.reach.blocks_are_alike()
    }

    fn start(&self, _: Coordinates) -> PtxThread {
        self.interpreter.start()
    }

    fn next(&self, at: Coordinates, thread: &mut PtxThread) -> Result<(Operation, SiteIndex), Fault> {
        if let Some(outside) = self.before(at, thread) {
            return Ok(outside);
        }
        let (operation, site) = self.interpreter.next(self.within(at), thread)?;
        Ok((self.after(at, thread, operation, site), site))
    }

    fn next_of_round(&self, at: Coordinates, thread: &mut PtxThread) -> Result<(Operation, SiteIndex), Fault> {
        if let Some(outside) = self.before(at, thread) {
            return Ok(outside);
        }
        let (operation, site) = self.interpreter.next_of_round(self.within(at), thread)?;
        Ok((self.after(at, thread, operation, site), site))
    }

    fn round(&self, _: Coordinates, thread: &PtxThread, met: bool) -> Option<PtxRound> {
        self.interpreter.round(thread, met)
    }

    fn go_on(&self, at: Coordinates, round: &mut PtxRound, read: &mut Answers<'_>) -> RoundStep {
        self.interpreter.go_on(self.within(at), round, read)
    }

    fn round_from(
        &self,
        at: Coordinates,
        round: &PtxRound,
        to: usize,
        read: &mut Answers<'_>,
    ) -> Option<(PtxRound, usize)> {
        self.interpreter.round_from(self.within(at), round, to, read)
    }

    fn exchange(&self, at: Coordinates, round: &mut PtxRound, all: &[(u32, Option<u64>)]) {
        self.interpreter.exchange(self.within(at), round, all);
    }

    fn round_digest(&self, round: &PtxRound) -> u64 {
        self.interpreter.round_digest(round)
    }

    fn open_point(&self, round: &PtxRound) -> Option<u64> {
        self.interpreter.open_point(round)
    }

    fn describe_loop(&self, _: Coordinates, thread: &PtxThread) -> String {
        self.interpreter.describe_loop(thread)
    }

    fn supply(&self, _: Coordinates, thread: &mut PtxThread, value: u64) {
        self.interpreter.supply(thread, value);
    }

    fn supply_bytes(&self, _: Coordinates, thread: &mut PtxThread, bytes: &[u8]) {
        self.interpreter.supply_bytes(thread, bytes);
    }

    fn gathered(&self, at: Coordinates, thread: &mut PtxThread, all: &[(u32, u64)]) {
        self.interpreter.gathered(self.within(at), thread, all);
    }

    fn follow(&self, thread: &mut PtxThread) {
        thread.follow();
    }

    fn came_from(&self, thread: &mut PtxThread, reads: &[Read]) {
        self.interpreter.came_from(thread, reads);
    }

    fn dependencies(&self, thread: &mut PtxThread) -> Dependencies {
        thread.take_dependencies()
    }

    fn gathered_from(&self, at: Coordinates, thread: &mut PtxThread, brought: &[(u32, Reads)]) {
        self.interpreter.gathered_from(self.within(at), thread, brought);
    }

    fn expected(&self) -> Option<Expected> {
        self.expected
    }

    fn has_calls(&self) -> bool {
        self.dependent.is_some()
    }

    fn pipe_name(&self, _: u32) -> String {
        "cp.async".to_owned()
    }

    fn pipe_wait(&self, _: u32) -> String {
        "`cp.async.wait_group`, or `cp.async.wait_all`".to_owned()
    }

    fn name(&self, at: Coordinates) -> ThreadName {
        let named =
            || ThreadName { rank: at.rank, block: at.block, thread: at.thread, launch: at.launch, role: Role::Thread };
        self.dependent.as_ref().map_or_else(named, |dependent| dependent.name(at))
    }

    fn describe(&self, at: Location) -> Option<&str> {
        self.dependent.as_ref()?.describe(at)
    }

    fn source(&self) -> &Source {
        &self.source
    }

    fn site(&self, site: SiteIndex) -> (Span, Vec<Span>) {
        let code = self.interpreter.code();
        let mut calls = Vec::new();
        let mut call = code.origins.get(site.0 as usize).and_then(|origin| origin.call);
        while let Some(origin) = call.and_then(|call| code.origins.get(call as usize)) {
            calls.push(origin.span.clone());
            call = origin.call;
        }
        (self.span(site), calls)
    }

    /// What was inlined in several places is one statement of the source.
    fn are_one_statement(&self, left: SiteIndex, right: SiteIndex) -> bool {
        let line = |site: SiteIndex| {
            let origin = self.interpreter.code().origins.get(site.0 as usize)?;
            origin.line.map(|line| (line.file, line.line, line.column))
        };
        match (line(left), line(right)) {
            (Some(left), Some(right)) => left == right,
            // Without lines, copies of one statement are told by what they do: the same mnemonic.
            _ => self.mnemonic(left) == self.mnemonic(right),
        }
    }

    /// A function that is called in several places has its instructions once, although each call has a copy here.
    fn are_one_barrier(&self, left: SiteIndex, right: SiteIndex) -> bool {
        self.span(left) == self.span(right)
    }

    fn hands_on(&self, site: SiteIndex) -> bool {
        self.stored.contains(&site.0)
    }

    fn doubts(&self) -> Vec<String> {
        let lines = self.branches.one_way(self.interpreter.guards(), |pc| {
            let site = SiteIndex(pc);
            let line = self.interpreter.code().origins.get(pc as usize).and_then(|origin| origin.line.as_ref());
            line.map_or((u32::MAX, self.line(site)), |line| (line.file, line.line))
        });
        let said = |(file, line): (u32, u32)| {
            let text = if file == u32::MAX { "of the PTX" } else { "of the source" };
            format!(
                "line {line} {text}: a branch on data went one way in every execution, and what the other way does was \
                 not seen"
            )
        };
        lines.into_iter().map(said).collect()
    }

    fn is_non_coherent(&self, site: SiteIndex) -> bool {
        self.interpreter.code().non_coherent.binary_search(&site.0).is_ok()
    }

    fn line(&self, site: SiteIndex) -> u32 {
        let span = self.span(site);
        if span.is_empty() { 0 } else { self.source.line_column(span.start).0 }
    }

    fn input(&self, element: Element, buffer: u32, rank: u32, launch: u32, index: u64) -> u64 {
        input_element(element, self.seed ^ (u64::from(buffer) << 56), rank, launch, index)
    }

    /// A launch file makes every buffer reachable, so it is no purpose; and says what the output is, or does not.
    fn readers(&self, buffer: u32) -> Readers {
        let buffers = self.shape.instances.iter().filter(|instance| instance.element.is_some());
        let known = self.expected.is_some() && buffers.clone().any(|instance| instance.buffer == buffer);
        if known { Readers::Anybody } else { Readers::Unknown }
    }

    fn thread_bytes(&self) -> u64 {
        PtxThread::bytes(self.interpreter.code())
    }

    fn assumptions(&self) -> Vec<String> {
        self.interpreter.assumptions()
    }

    fn without_waits(&self) -> Option<Self> {
        Some(PtxProgram {
            source: self.source.clone(),
            interpreter: self.interpreter.without_polls(),
            dead: self.dead.clone(),
            branches: Branches::of(self.interpreter.code()),
            stored: self.stored.clone(),
            shape: self.shape.clone(),
            expected: self.expected,
            seed: self.seed,
            parts: None,
            reach: self.reach.clone(),
            plain: Some(Plain::of(self.interpreter.code())),
            dependent: self.dependent.clone(),
        })
    }

    fn standing(&self, thread: &PtxThread, before: Option<SiteIndex>) -> u64 {
        let pc = before.map_or(thread.pc(), |site| site.0);
        thread.digest(pc, self.plain.as_ref().and_then(|plain| plain.live(pc)))
    }

    fn next_of(&self, at: Coordinates, thread: &mut PtxThread, unknown: &mut Unknown) -> Result<Next, Fault> {
        if let Some((operation, site)) = self.before(at, thread) {
            return Ok(Next::Operation(operation, site));
        }
        Ok(match self.interpreter.next_of(self.within(at), thread, unknown)? {
            Next::Operation(Operation::Exit, site) => {
                Next::Operation(self.after(at, thread, Operation::Exit, site), site)
            }
            other => other,
        })
    }

    fn supply_unknown(&self, thread: &PtxThread, unknown: &mut Unknown, number: u32) -> bool {
        self.plain.is_some() && self.interpreter.supply_unknown(thread, unknown, number)
    }

    fn live(&self, thread: &PtxThread, before: SiteIndex) -> Vec<(u32, u64)> {
        let live = self.plain.as_ref().and_then(|plain| plain.live(before.0)).unwrap_or_default();
        live.iter().map(|register| (register.0, thread.value(*register))).collect()
    }

    fn vector(&self, site: SiteIndex) -> Option<SiteIndex> {
        self.plain.as_ref()?.vector(site.0).map(SiteIndex)
    }
}
