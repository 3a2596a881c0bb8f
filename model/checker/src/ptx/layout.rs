//! The memory of a launch: which instances there are, where they lie, and what each rank's kernel is given.

use super::code::step::Special;
use super::code::{Code, Entry, Step};
use super::copies::{Copies, Room};
use super::dependent::Dependent;
use super::execute::{Geometry, MemoryMap, RankSetting, Region, RegionKind, Setting, relocated};
use super::fit::copies_in;
use super::launch::{Addresses, Launch, Parameter, Stretch};
use super::names::{demangled, short_names};
use super::order::Order;
use super::program::ProgramError;
use super::steps::Steps;
use crate::program::{Contents, Instance, Part, Shape, Width, mbarrier};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Bytes that share one record of accesses, at first.
const GRANULE: u32 = 16;

/// Bytes that a cooperative launch gives for the barrier of its grid.
const GRID_BARRIER_BYTES: u64 = 256;

/// Alignment of dynamic shared memory behind the static one.
const SHARED_ALIGNMENT: u64 = 16;

/// A kernel of a launch.
pub(super) struct Kernel<'a> {
    /// What the code says of it.
    pub(super) entry: &'a Entry,
    /// Its parameters.
    pub(super) parameters: &'a [Parameter],
    /// How it is launched.
    pub(super) launch: &'a Launch,
    /// The shape of its clusters, if there are any.
    pub(super) cluster: Option<[u32; 3]>,
}

impl Kernel<'_> {
    fn geometry(&self, rank: u32) -> Geometry {
        Geometry {
            grid: self.launch.grids[rank as usize],
            block: self.launch.blocks[rank as usize],
            cluster: self.cluster.unwrap_or([1; 3]),
        }
    }

    /// Bytes of shared memory on a rank, and how many of them are dynamic.
    fn shared_bytes(&self, rank: u32) -> (u64, u64) {
        let (fixed, dynamic) = (self.entry.shared_bytes, u64::from(self.launch.shared_bytes[rank as usize]));
        (if dynamic == 0 { fixed } else { fixed.next_multiple_of(SHARED_ALIGNMENT) + dynamic }, dynamic)
    }
}

/// What a launch fixes.
pub(super) struct LaidOut {
    /// By kernel.
    pub(super) settings: Vec<Setting>,
    pub(super) shape: Shape,
    pub(super) order: Option<Order>,
}

/// Lays out the memory of a launch of these kernels, with threads for so many copies.
pub(super) fn lay_out(
    code: &Code,
    launch: &Launch,
    kernels: &[Kernel<'_>],
    room: &Room,
) -> Result<LaidOut, ProgramError> {
    let ranks = launch.ranks;
    let mut memory = Layout { ranks, map: MemoryMap::default(), instances: Vec::new(), given: BTreeMap::new() };
    let buffers = memory.buffers(launch);
    let multicasts = memory.multicasts(launch);
    let variables = memory.variables(code, launch.buffer_count() as u32);
    let mut words = (launch.buffer_count() + code.globals.len()) as u32;
    let mut settings: Vec<Vec<RankSetting>> = Vec::new();
    for kernel in kernels {
        let tables = memory.tables(kernel.launch, &buffers);
        let asks_for_grid =
            kernel.launch.cooperative && asks(code, |special| matches!(special, Special::GridBarrier { .. }));
        let grid_barriers = if asks_for_grid { memory.grid_barriers(words) } else { Vec::new() };
        words += u32::from(asks_for_grid);
        let mut of_ranks = Vec::new();
        for rank in 0..ranks {
            let own = &variables[rank as usize];
            let (shared_bytes, dynamic_shared_bytes) = kernel.shared_bytes(rank);
            let addresses = (&buffers[..], &multicasts[..], &tables[..]);
            of_ranks.push(RankSetting {
                parameters: memory.parameters(kernel.launch, kernel.parameters, rank, addresses)?,
                variables: own.clone(),
                constants: relocated(&code.constants, own),
                explicit_cluster: kernel.cluster.is_some(),
                grid_barrier: grid_barriers.get(rank as usize).copied().unwrap_or(0),
                shared_bytes,
                dynamic_shared_bytes,
                ..RankSetting::of(kernel.geometry(rank))
            });
        }
        settings.push(of_ranks);
    }
    let mut copies: Vec<Option<Copies>> = Vec::new();
    for (kernel, buffer) in kernels.iter().zip(words + 1..) {
        let own = copies_in(code, kernel.entry).then(|| memory.copies(kernel, (room, buffer)));
        copies.push(own.flatten());
    }
    let order = memory.order(launch, (kernels, &copies), words);
    for (index, kernel) in kernels.iter().enumerate() {
        memory.blocks(code, (index, kernel), order.as_ref(), &mut settings[index]);
    }
    let greatest = |of: fn(&Geometry) -> u32| {
        let of_kernel = |kernel: &Kernel<'_>| (0..ranks).map(|rank| of(&kernel.geometry(rank))).max().unwrap_or(0);
        kernels.iter().map(of_kernel).max().unwrap_or(0)
    };
    let beside = |rank: u32| copies.iter().flatten().map(|copies| copies.blocks(rank)).max();
    let all = |rank: u32| order.as_ref().map(|order| order.blocks(rank)).or(beside(rank));
    let shape = Shape {
        ranks,
        blocks: (0..ranks).filter_map(all).max().unwrap_or_else(|| greatest(Geometry::blocks)),
        threads: copies.iter().flatten().map(Copies::most_threads).fold(greatest(Geometry::threads), u32::max),
        launches: if order.is_some() { 1 } else { launch.launches },
        instances: memory.instances,
    };
    let setting = |(ranks, copies)| Setting { map: memory.map.clone(), ranks, copies };
    let settings = settings.into_iter().zip(copies).map(setting).collect();
    Ok(LaidOut { settings, shape, order })
}

/// Whether a kernel reads such a special register.
fn asks(code: &Code, which: impl Fn(Special) -> bool) -> bool {
    code.instructions.iter().any(|instruction| match instruction.step {
        Step::Special { special, .. } => which(special),
        _ => false,
    })
}

/// The parts of a rank's instance of a buffer: those of the file, and what lies between them.
fn parts(launch: &Launch, buffer: usize, rank: u32) -> Vec<Part> {
    let part = |index: usize, bytes: Range<u64>| {
        let memory = &launch.buffers[index];
        let (contents, element) = (memory.contents[rank as usize].clone(), Some(memory.element));
        let (refreshed, read) = (memory.refreshed, memory.read);
        let name = memory.within.is_some().then(|| memory.name.clone());
        Part { id: launch.part_id(index), name, bytes, refreshed, read, contents, element }
    };
    let mut named: Vec<(usize, Range<u64>)> =
        launch.parts(buffer).map(|(index, memory, offset)| (index, offset..offset + memory.bytes)).collect();
    named.sort_unstable_by_key(|(_, bytes)| bytes.start);
    let (mut all, mut end) = (Vec::new(), 0);
    for (index, bytes) in named {
        if end < bytes.start {
            all.push(part(buffer, end..bytes.start));
        }
        end = bytes.end;
        all.push(part(index, bytes));
    }
    let size = launch.buffers[buffer].bytes;
    if end < size {
        all.push(part(buffer, end..size));
    }
    all
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

    /// Adds instances whose addresses lie a stride apart. Returns those.
    fn window(&mut self, instances: Vec<Instance>, stride: u64) -> Vec<u64> {
        let first = self.instances.len() as u32;
        let region = |(index, instance): (u32, &Instance)| {
            let Instance { name, rank, bytes, .. } = instance;
            Region { name: name.clone(), rank: *rank, bytes: *bytes, kind: RegionKind::Instance(index) }
        };
        let regions = (first..).zip(&instances).map(region).collect();
        self.instances.extend(instances);
        self.map.add_window(regions, stride)
    }

    /// The parameters of each launch of a rank.
    fn parameters(
        &mut self,
        launch: &Launch,
        parameters: &[Parameter],
        rank: u32,
        (buffers, multicasts, tables): (&[Vec<u64>], &[u64], &[u64]),
    ) -> Result<Vec<Arc<[u8]>>, ProgramError> {
        let given = RefCell::new(self);
        let addresses = Addresses {
            buffer: &|buffer, rank| buffers[buffer][rank as usize],
            multicast: &|buffer| multicasts[buffer],
            table: &|index| tables[index],
            memory: &|rank, bytes| given.borrow_mut().given(rank, bytes),
        };
        let of_launch = |launched: u32| launch.parameter_bytes(parameters, (rank, launched), addresses).map(Arc::from);
        (0..launch.launches).map(of_launch).collect::<Result<_, _>>().map_err(ProgramError::Launch)
    }

    /// What orders launches that may run side by side, if they may.
    fn order(
        &mut self,
        launch: &Launch,
        (kernels, copies): (&[Kernel<'_>], &[Option<Copies>]),
        buffer: u32,
    ) -> Option<Order> {
        let first = self.instances.len() as u32;
        let order = match (launch.dependent.is_some(), kernels) {
            _ if !launch.steps.is_empty() => {
                let names: Vec<&str> = kernels.iter().map(|kernel| kernel.entry.name.as_str()).collect();
                let names = short_names(&names);
                let named = names.iter().zip(copies).map(|(name, copies)| (name.as_str(), copies.clone()));
                Order::Steps(Steps::new(launch, &named.collect::<Vec<_>>(), first))
            }
            (true, [kernel, ..]) => {
                let size = |rank: u32| (kernel.geometry(rank).blocks(), kernel.geometry(rank).threads());
                Order::Dependent(Dependent::new(launch.launches, (0..self.ranks).map(size).collect(), first))
            }
            _ => return None,
        };
        self.instances.extend(order.instances(buffer));
        Some(order)
    }

    /// What every block of a kernel has of its own, and every cluster.
    fn blocks(
        &mut self,
        code: &Code,
        (index, kernel): (usize, &Kernel<'_>),
        order: Option<&Order>,
        settings: &mut [RankSetting],
    ) {
        let asks_for_cluster = asks(code, |special| special == Special::ClusterBarrier);
        for (rank, setting) in (0..).zip(settings) {
            let geometry = kernel.geometry(rank);
            // The blocks of the machine, in the order of launches that may run side by side.
            let launches = if order.is_some() { kernel.launch.launches } else { 1 };
            let of_machine =
                |launch: u32, block: u32| order.map_or(block, |order| order.block(rank, (index, launch), block));
            let blocks: Vec<Vec<u32>> = (0..launches)
                .map(|launch| (0..geometry.blocks()).map(|block| of_machine(launch, block)).collect())
                .collect();
            setting.side_by_side = order.is_some();
            if let Some(Order::Dependent(dependent)) = order {
                setting.dependent = dependent.words(rank).to_vec();
            }
            setting.shared = self.shared(rank, &blocks, setting.shared_bytes);
            if asks_for_cluster {
                let barriers = blocks.iter().map(|blocks| self.cluster_barriers(rank, geometry, blocks));
                setting.cluster_barriers = barriers.collect::<Vec<_>>().concat();
            }
        }
    }

    /// The threads of copies, if there is room for any; a place for their words in any case, so that what is learned of
    /// instances behind them holds whatever the room.
    fn copies(&mut self, kernel: &Kernel<'_>, (room, buffer): (&Room, u32)) -> Option<Copies> {
        let geometries = (0..self.ranks).map(|rank| kernel.geometry(rank)).collect();
        let copies = Copies::new(room, geometries, (kernel.launch.launches, self.instances.len() as u32));
        self.instances.extend(copies.instances(buffer));
        (!room.is_none()).then_some(copies)
    }

    /// Addresses by buffer or part, then rank.
    fn buffers(&mut self, launch: &Launch) -> Vec<Vec<u64>> {
        let mut addresses: Vec<Vec<u64>> = Vec::new();
        for (index, buffer) in launch.buffers.iter().enumerate() {
            let instance = |rank: u32| Instance {
                name: buffer.name.clone(),
                rank,
                bytes: buffer.bytes,
                local: buffer.local,
                block: None,
                pad: false,
                granule: GRANULE,
                parts: parts(launch, index, rank),
            };
            addresses.push(match (buffer.within, buffer.stride) {
                (Some(Stretch { buffer, offset }), _) => {
                    addresses[buffer].iter().map(|address| address + offset).collect()
                }
                (None, Some(stride)) => self.window((0..self.ranks).map(instance).collect(), stride),
                (None, None) => (0..self.ranks).map(|rank| self.instance(instance(rank))).collect(),
            });
        }
        addresses
    }

    /// Addresses that stand for a buffer's instances of all ranks, by buffer; zero where it has none. Of all instances those
    /// of buffers come first.
    fn multicasts(&mut self, launch: &Launch) -> Vec<u64> {
        let mut addresses: Vec<u64> = Vec::new();
        for (index, buffer) in launch.buffers.iter().enumerate() {
            let address = match buffer.within {
                _ if !buffer.multicast => 0,
                Some(within) => addresses[within.buffer] + within.offset,
                None => {
                    let first = index as u32 * self.ranks;
                    let kind = RegionKind::Multicast((first..first + self.ranks).collect());
                    self.map.add(Region { name: buffer.name.clone(), rank: 0, bytes: buffer.bytes, kind })
                }
            };
            addresses.push(address);
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
                    let (local, block, pad, granule) = (true, None, false, GRANULE);
                    let parts = vec![Part::whole(buffer, bytes, Contents::Bytes(none), None)];
                    self.instance(Instance { name, rank, bytes, local, block, pad, granule, parts })
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
                    self.instances[instance].parts[0].contents = Contents::Bytes(contents.into());
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
            local: true,
            pad: false,
            granule: GRANULE,
            ..Instance::of_words("the barrier of the grid".to_owned(), rank, GRID_BARRIER_BYTES, buffer)
        };
        (0..self.ranks).map(|rank| self.instance(instance(rank))).collect()
    }

    /// The barriers of a rank's clusters: as new for every launch, as shared memory is.
    fn cluster_barriers(&mut self, rank: u32, geometry: Geometry, blocks: &[u32]) -> Vec<u64> {
        let arrivals = u64::from(geometry.threads()) * u64::from(geometry.cluster_size());
        let firsts = (0..geometry.blocks()).filter(|block| geometry.rank_in_cluster(*block) == 0);
        let mut barriers: Vec<(u32, u64)> = Vec::new();
        for block in firsts {
            let (index, bytes) = (geometry.cluster_index(block), Width::Eight.bytes());
            let contents = Contents::Bytes(Arc::from((arrivals * mbarrier::INITIAL).to_le_bytes()));
            let instance = Instance {
                local: true,
                pad: false,
                block: Some(blocks[block as usize]),
                granule: GRANULE,
                parts: vec![Part::whole(u32::MAX, bytes, contents, None)],
                ..Instance::of_words(format!("the barrier of cluster {index}"), rank, bytes, u32::MAX)
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
                granule: GRANULE,
                parts: vec![Part::whole(u32::MAX, bytes, Contents::Poison, None)],
            });
            self.instances.len() as u32 - 1
        });
        instances.collect()
    }
}
