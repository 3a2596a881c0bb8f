//! A launch at its sizes: those of the file, or of the command line where it names others.
//!
//! Everything that does not depend on the kernel is evaluated here, and in `buffers`: dimensions, bytes, slots, first contents,
//! and whether the expectation fits its buffers. Limits are those of CUDA where it has any, else what can be checked.

use super::buffers::Memory;
use super::description::{
    Accept, Argument, DEFINITIONS, Description, Dimensions, Expectation, LAUNCH_LIMIT, Passed, RANK_LIMIT,
};
use super::expression::{Expression, Values};
use super::sequence::Step;
use crate::program::{Contents, Definition};
use arverify_protocol::ir::{Source, Span};
use arverify_protocol::language::{Diagnostic, Diagnostics};
use std::sync::Arc;

/// Threads of all ranks together.
pub(super) const THREAD_LIMIT: u64 = 1 << 22;

/// Launches of all ranks together: each has its own parameters.
const EXECUTION_LIMIT: u64 = LAUNCH_LIMIT as u64;

/// Dynamic shared memory of a block: no device has more.
const SHARED_LIMIT: i128 = 256 << 10;

/// Entries of a table of pointers.
const SLOT_LIMIT: i128 = 4096;

/// Greatest grid and block in x, y and z (CUDA programming guide, technical specifications).
pub(super) const GRID_LIMITS: [i128; 3] = [0x7FFF_FFFF, 65_535, 65_535];
pub(super) const BLOCK_LIMITS: [i128; 3] = [1024, 1024, 64];
const THREADS_OF_A_BLOCK: u64 = 1024;

/// Blocks of a cluster: what devices have that are asked for it (CUDA programming guide, "Thread Block Clusters").
const BLOCKS_OF_A_CLUSTER: u32 = 16;
const CLUSTER_LIMITS: [i128; 3] = [BLOCKS_OF_A_CLUSTER as i128; 3];

/// What the command line says instead of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--ranks`
    pub ranks: Option<u32>,
    /// `--blocks`, of every rank
    pub blocks: Option<u32>,
    /// `--threads`
    pub threads: Option<u32>,
    /// `--launches`
    pub launches: Option<u32>,
    /// `--kernel`
    pub kernel: Option<String>,
}

/// A launch at its sizes.
#[derive(Clone, Debug)]
pub struct Launch {
    /// LAUNCH.toml.
    pub source: Arc<Source>,
    /// The entry's name or a unique part of it, and where the file says so; no place where the command line did.
    pub kernel: Option<(String, Option<Span>)>,
    /// What one launch consists of, in order; none where it is one kernel. Kernel, sizes and arguments are then those of the steps.
    pub steps: Vec<Step>,
    /// For the launch of a step: where that stands.
    pub of_step: Option<Span>,
    /// Ranks.
    pub ranks: u32,
    /// Back-to-back launches on every rank.
    pub launches: u32,
    /// Blocks of each rank in x, y and z.
    pub grids: Vec<[u32; 3]>,
    /// Threads of each rank's blocks in x, y and z.
    pub blocks: Vec<[u32; 3]>,
    /// Blocks of a cluster in x, y and z, where the file says so.
    pub cluster: Option<([u32; 3], Span)>,
    /// All blocks of a rank run together, and may use the barrier of the grid.
    pub cooperative: bool,
    /// A launch may begin before the one before has ended, and where the file says so.
    pub dependent: Option<Span>,
    /// Dynamic shared memory of each rank's blocks.
    pub shared_bytes: Vec<u32>,
    /// Buffers, and after them their parts.
    pub buffers: Vec<Memory>,
    /// Tables of pointers in device memory, each once.
    pub tables: Vec<PointerTable>,
    /// Kernel parameters, in order.
    pub arguments: Vec<Argument>,
    /// What must hold after every launch.
    pub expectation: Option<Expectation>,
    /// Findings that are judged harmless.
    pub accepts: Vec<Accept>,
}

/// A table of pointers to a buffer's instances, in the order of ranks; entries beyond the ranks are null.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PointerTable {
    /// Which buffer.
    pub buffer: usize,
    /// Entries.
    pub slots: u32,
}

impl Launch {
    /// Evaluates a description.
    pub fn new(description: &Description, overrides: &Overrides) -> Result<Launch, Diagnostics> {
        let mut sizing = Sizing { errors: Vec::new() };
        let launch = sizing.launch(description, overrides);
        match launch {
            Some(launch) if sizing.errors.is_empty() => Ok(launch),
            _ => Err(Diagnostics { source: description.source.clone(), list: sizing.errors }),
        }
    }

    /// Values of the variables at a rank and launch.
    pub fn values(&self, rank: u32, launch: u32) -> Values {
        let product = |dimensions: &[[u32; 3]]| {
            dimensions.get(rank as usize).map_or(0, |axes| axes.iter().map(|axis| u64::from(*axis)).product())
        };
        Values {
            rank,
            ranks: self.ranks,
            launch,
            grid: product(&self.grids),
            block: product(&self.blocks),
            index: 0,
            turn: 0,
        }
    }

    /// Whether clusters of this shape divide every rank's grid.
    ///
    /// # Errors
    /// Which grid is not divided.
    pub fn divided_by(&self, shape: [u32; 3]) -> Result<(), String> {
        let unfit = |(_, grid): &(usize, &[u32; 3])| (0..3).any(|axis| grid[axis] % shape[axis].max(1) != 0);
        match self.grids.iter().enumerate().find(unfit) {
            None => Ok(()),
            Some((rank, grid)) => Err(format!("a grid of {grid:?} blocks on rank {rank}, and clusters of {shape:?}")),
        }
    }

    /// Entries of a table, given every instance's address.
    pub fn table(&self, table: PointerTable, address: impl Fn(usize, u32) -> u64) -> Vec<u64> {
        let entry = |slot: u32| if slot < self.ranks { address(table.buffer, slot) } else { 0 };
        (0..table.slots).map(entry).collect()
    }

    pub(super) fn refuse(&self, list: Vec<Diagnostic>) -> Diagnostics {
        Diagnostics { source: self.source.clone(), list }
    }
}

/// Entries of a table or of an array of pointers: as many as there are ranks where the file does not say.
pub(super) fn slots_of(slots: Option<&Expression>, ranks: u32, span: &Span) -> Result<u32, Diagnostic> {
    let Some(expression) = slots else { return Ok(ranks) };
    let value = expression.evaluate(&Values { ranks, ..Values::default() })?;
    let error = |message: String| Diagnostic::new(message, expression.span().clone());
    match u32::try_from(value) {
        Ok(slots) if slots >= ranks && value <= SLOT_LIMIT => Ok(slots),
        Ok(slots) if slots < ranks => Err(error(format!("{slots} slots cannot hold the pointers of {ranks} ranks"))
            .label(format!("expected at least {ranks}"))
            .context(span.clone(), "of this argument")),
        _ => Err(error(format!("{value} slots are out of range")).label(format!("expected {ranks} to {SLOT_LIMIT}"))),
    }
}

/// The first launch that does not use so many times as much of the input as of the output, or not as much of it as rank 0.
fn unfit_launch(launch: &Launch, output: (&Memory, u64), input: (&Memory, u64)) -> Option<String> {
    let ((output, of_output), (input, of_input)) = (output, input);
    if output.used.is_empty() && input.used.is_empty() {
        return None;
    }
    let unfit = |(rank, number): &(u32, u32)| {
        let (written, read) = (output.used_in(*rank, *number), input.used_in(*rank, *number));
        written * of_output != read * of_input || read != input.used_in(0, *number)
    };
    let mut launches = (0..launch.launches).flat_map(|number| (0..launch.ranks).map(move |rank| (rank, number)));
    let (rank, number) = launches.find(unfit)?;
    let (written, read) = (output.used_in(rank, number), input.used_in(rank, number));
    let (output, input) = (&output.name, &input.name);
    Some(format!("launch {number} of rank {rank} uses {written} bytes of `{output}` and {read} of `{input}`"))
}

/// Evaluates and collects what is wrong.
pub(super) struct Sizing {
    errors: Vec<Diagnostic>,
}

impl Sizing {
    pub(super) fn fail<T>(&mut self, error: Diagnostic) -> Option<T> {
        // One expression fails at every rank in the same way: once is enough.
        if !self.errors.iter().any(|known| known.span == error.span) {
            self.errors.push(error);
        }
        None
    }

    pub(super) fn take<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => self.fail(error),
        }
    }

    fn launch(&mut self, description: &Description, overrides: &Overrides) -> Option<Launch> {
        let ranks = overrides.ranks.unwrap_or(description.ranks.value).clamp(1, RANK_LIMIT);
        let launches = overrides.launches.unwrap_or(description.launches).max(1);
        if u64::from(ranks) * u64::from(launches) > EXECUTION_LIMIT {
            let message = format!("{launches} launches on {ranks} ranks are too many");
            let limit = format!("at most {EXECUTION_LIMIT} on all ranks together");
            return self.fail(Diagnostic::new(message, description.ranks.span.clone()).label(limit));
        }
        self.overrides(description, overrides)?;
        let grids = self.dimensions(&description.grid, "grid", overrides.blocks, ranks, GRID_LIMITS);
        let blocks = self.dimensions(&description.block, "block", overrides.threads, ranks, BLOCK_LIMITS);
        let (grids, blocks) = (grids?, blocks?);
        let mut launch = Launch {
            source: description.source.clone(),
            kernel: overrides.kernel.clone().map(|name| (name, None)).or_else(|| {
                let kernel = description.kernel.as_ref()?;
                Some((kernel.value.clone(), Some(kernel.span.clone())))
            }),
            steps: Vec::new(),
            of_step: None,
            ranks,
            launches,
            grids,
            blocks,
            cluster: None,
            cooperative: description.cooperative,
            dependent: description.dependent.clone(),
            shared_bytes: Vec::new(),
            buffers: Vec::new(),
            tables: Vec::new(),
            arguments: description.arguments.clone(),
            expectation: description.expectation.clone(),
            accepts: description.accepts.clone(),
        };
        self.threads(&launch, (&description.grid.span, &description.block.span))?;
        if let Some(written) = &description.cluster {
            launch.cluster = Some((self.cluster_of(&launch, written)?, written.span.clone()));
        }
        launch.shared_bytes = self.shared_bytes(&launch, description.shared_bytes.as_ref()).unwrap_or_default();
        launch.buffers = self.memory(&launch, description)?;
        self.multicasts(&launch, &launch.arguments);
        self.tables(&launch.arguments, ranks, &mut launch.tables);
        if let Some(expectation) = &launch.expectation {
            self.expectation(&launch, expectation);
        }
        launch.steps = self.steps(&launch, description, overrides)?;
        self.one_size(description, &launch);
        Some(launch)
    }

    /// Each rank's grid or block.
    pub(super) fn dimensions(
        &mut self,
        written: &Dimensions,
        name: &str,
        instead: Option<u32>,
        ranks: u32,
        limits: [i128; 3],
    ) -> Option<Vec<[u32; 3]>> {
        let mut found = Vec::new();
        for rank in 0..ranks {
            let values = Values { rank, ranks, ..Values::default() };
            let mut axes = [1u32; 3];
            if let Some(number) = instead {
                axes[0] = number;
            } else {
                for (index, axis) in written.axes.iter().enumerate() {
                    let value = axis.evaluate(&values);
                    let value = self.take(value)?;
                    let fits = u32::try_from(value).ok().filter(|_| (1..=limits[index]).contains(&value));
                    let Some(fits) = fits else {
                        let known = values.describe(axis.variables());
                        let message = format!("`{name}` is {value}{known}");
                        let expected = format!("expected 1 to {}", limits[index]);
                        return self.fail(Diagnostic::new(message, axis.span().clone()).label(expected));
                    };
                    axes[index] = fits;
                }
            }
            found.push(axes);
        }
        Some(found)
    }

    /// The shape of clusters, as it is written.
    pub(super) fn cluster_of(&mut self, launch: &Launch, written: &Dimensions) -> Option<[u32; 3]> {
        let shapes = self.dimensions(written, "cluster", None, launch.ranks, CLUSTER_LIMITS)?;
        self.cluster(launch, &shapes, &written.span)
    }

    /// Clusters are alike on all ranks, and divide every grid.
    fn cluster(&mut self, launch: &Launch, shapes: &[[u32; 3]], span: &Span) -> Option<[u32; 3]> {
        let shape = *shapes.first()?;
        let size: u32 = shape.iter().product();
        if size > BLOCKS_OF_A_CLUSTER || shapes.iter().any(|other| *other != shape) {
            let message = format!("a cluster of {size} blocks");
            let expected = format!("expected at most {BLOCKS_OF_A_CLUSTER} blocks, alike on all ranks");
            return self.fail(Diagnostic::new(message, span.clone()).label(expected));
        }
        if let Err(message) = launch.divided_by(shape) {
            return self.fail(Diagnostic::new(message, span.clone()).label("does not divide the grid"));
        }
        Some(shape)
    }

    /// Threads of a block, and of everything.
    pub(super) fn threads(&mut self, launch: &Launch, (grid, size): (&Span, &Span)) -> Option<()> {
        let mut total: u64 = 0;
        for rank in 0..launch.ranks {
            let Values { grid: blocks, block, .. } = launch.values(rank, 0);
            if block > THREADS_OF_A_BLOCK {
                let message = format!("a block of rank {rank} has {block} threads");
                let limit = format!("at most {THREADS_OF_A_BLOCK}");
                return self.fail(Diagnostic::new(message, size.clone()).label(limit));
            }
            total = total.saturating_add(blocks.saturating_mul(block));
        }
        // Launches that may run side by side have threads of their own.
        if launch.dependent.is_some() {
            total = total.saturating_mul(u64::from(launch.launches));
        }
        if total > THREAD_LIMIT {
            let message = format!("{total} threads on {} ranks are more than can be checked", launch.ranks);
            let limit = format!("at most {THREAD_LIMIT} threads on all ranks together");
            return self.fail(
                Diagnostic::new(message, grid.clone()).label(limit).help("give a smaller grid, here or as --blocks"),
            );
        }
        Some(())
    }

    pub(super) fn shared_bytes(&mut self, launch: &Launch, written: Option<&Expression>) -> Option<Vec<u32>> {
        let Some(expression) = written else { return Some(vec![0; launch.ranks as usize]) };
        let mut found = Vec::new();
        for rank in 0..launch.ranks {
            let value = expression.evaluate(&launch.values(rank, 0));
            let value = self.take(value)?;
            let fits = u32::try_from(value).ok().filter(|_| value <= SHARED_LIMIT);
            let Some(fits) = fits else {
                let message = format!("`shared_bytes` is {value}");
                let expected = format!("expected 0 to {SHARED_LIMIT}");
                return self.fail(Diagnostic::new(message, expression.span().clone()).label(expected));
            };
            found.push(fits);
        }
        Some(found)
    }

    /// Only buffers that say so have a multicast address.
    pub(super) fn multicasts(&mut self, launch: &Launch, arguments: &[Argument]) {
        for argument in arguments {
            match &argument.passed {
                Passed::Multicast { buffer, .. } => {
                    let memory = &launch.buffers[buffer.value];
                    if !memory.multicast {
                        let message = format!("`{}` has no multicast address", memory.name);
                        let error = Diagnostic::new(message, buffer.span.clone()).label("expected a multicast buffer");
                        let error = error.context(memory.span.clone(), "declared here");
                        self.fail::<()>(error.help("give it `multicast = true`"));
                    }
                }
                Passed::Structure(fields) => self.multicasts(launch, fields),
                Passed::Each { of, .. } | Passed::Memory { of } => {
                    self.multicasts(launch, std::slice::from_ref(&**of));
                }
                _ => {}
            }
        }
    }

    /// Collects the tables of arguments and of fields; checks the slots of arrays as well.
    pub(super) fn tables(&mut self, arguments: &[Argument], ranks: u32, found: &mut Vec<PointerTable>) {
        for argument in arguments {
            match &argument.passed {
                Passed::Table { buffer, slots } => {
                    let slots = slots_of(slots.as_ref(), ranks, &argument.span);
                    let Some(slots) = self.take(slots) else { continue };
                    let table = PointerTable { buffer: *buffer, slots };
                    if !found.contains(&table) {
                        found.push(table);
                    }
                }
                Passed::Pointers { slots, .. } => {
                    let slots = slots_of(slots.as_ref(), ranks, &argument.span);
                    self.take(slots);
                }
                Passed::Structure(fields) => self.tables(fields, ranks, found),
                Passed::Each { of, .. } | Passed::Memory { of } => {
                    self.tables(std::slice::from_ref(&**of), ranks, found);
                }
                Passed::Pointer { .. } | Passed::Multicast { .. } => {}
                Passed::Number { .. } | Passed::Pad(_) | Passed::At(_) => {}
            }
        }
    }

    /// Whether the output can be what is expected of it.
    fn expectation(&mut self, launch: &Launch, expectation: &Expectation) {
        for named in [&expectation.output, &expectation.input] {
            if launch.has_parts(named.value) {
                let message = format!("`{}` has parts", launch.buffers[named.value].name);
                let expected = "expected one of them, or a buffer without parts";
                self.fail::<()>(Diagnostic::new(message, named.span.clone()).label(expected));
                return;
            }
        }
        let (output, input) = (&launch.buffers[expectation.output.value], &launch.buffers[expectation.input.value]);
        let at = |message: String| Diagnostic::new(message, expectation.output.span.clone());
        let word = DEFINITIONS.iter().find(|(_, known)| *known == expectation.equals).map_or("", |(word, _)| word);
        if output.element != input.element {
            let message = format!(
                "`{}` holds {} and `{}` holds {}",
                output.name,
                output.element.name(),
                input.name,
                input.element.name()
            );
            self.fail::<()>(
                at(message).label("expected the same dtype").context(expectation.input.span.clone(), "of this"),
            );
            return;
        }
        let ranks = u64::from(launch.ranks);
        let (of_output, of_input, relation) = match expectation.equals {
            Definition::AllReduce(_)
            | Definition::Copy
            | Definition::Broadcast
            | Definition::Shift
            | Definition::Transfer => (1, 1, "as many bytes as"),
            Definition::AllGather => (1, ranks, "as many bytes as all ranks' instances of"),
            Definition::ReduceScatter(_) => (ranks, 1, "a ranks-th part of the bytes of"),
        };
        let expected = format!("`{word}` needs {relation} `{}`", input.name);
        if output.bytes * of_output != input.bytes * of_input {
            let message = format!(
                "`{}` has {} bytes and `{}` has {}, on {ranks} ranks",
                output.name, output.bytes, input.name, input.bytes
            );
            self.fail::<()>(at(message).label(expected));
            return;
        }
        if let Some(error) = unfit_launch(launch, (output, of_output), (input, of_input)) {
            self.fail::<()>(at(error).label(expected).help("say as much of both as `used`, the same on all ranks"));
            return;
        }
        let known = input.contents.iter().all(|contents| *contents != Contents::Poison);
        if !known {
            let message = format!("`{}` is poison: what is computed from it is not known", input.name);
            let error = Diagnostic::new(message, expectation.input.span.clone()).label("expected known contents");
            self.fail::<()>(error.context(input.span.clone(), "declared here").help("give it `init = \"random\"`"));
            return;
        }
        if expectation.output.value == expectation.input.value && launch.launches > 1 && !input.refreshed {
            let message = format!("`{}` is overwritten by the first launch", input.name);
            let error = at(message).label("computed in place");
            self.fail::<()>(error.help("give it `refresh = true`, so that every launch has inputs of its own"));
        }
    }
}
