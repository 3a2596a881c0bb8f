//! Steps at their sizes: each kernel as a launch of its own, copies and fills as the bytes that they move.

use super::description::{Description, Dimensions};
use super::expression::{Expression, Values, Variable};
use super::scalar::element_bits;
use super::sizes::{BLOCK_LIMITS, GRID_LIMITS, Launch, Overrides, Sizing, THREAD_LIMIT};
use super::steps::{WrittenCopy, WrittenKernel, WrittenStep, WrittenWork};
use arverify_protocol::ir::Span;
use arverify_protocol::language::Diagnostic;

/// Operations of all streams together: each is kept.
const OPERATION_LIMIT: u64 = 1 << 20;

/// Bytes that one store of a fill writes.
pub const FILL_BYTES: u64 = 16;

/// One step of every launch.
#[derive(Clone, Debug)]
pub struct Step {
    /// The number of its stream.
    pub stream: u32,
    /// What is done.
    pub work: Work,
    /// Where it stands.
    pub span: Span,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Work {
    /// Launches a kernel: the launch with the kernel, sizes and arguments of the step.
    Kernel {
        /// How.
        launch: Box<Launch>,
        /// It checks what it sees.
        checks: bool,
    },
    /// Copies bytes of a buffer.
    Copy {
        /// Which is written.
        to: usize,
        /// Which is read.
        from: usize,
        /// What is moved, by rank and launch.
        moves: Vec<Vec<Move>>,
    },
    /// Gives every element of a buffer a value, by rank and launch.
    Fill {
        /// Which buffer.
        buffer: usize,
        /// The value's bits.
        bits: Vec<Vec<u64>>,
    },
    /// Records an event, by its name.
    Record(String),
    /// What follows on the stream follows the last record of an event.
    Wait(String),
    /// The host waits for what it has enqueued on the stream.
    Synchronise,
    /// The host goes on when those of all ranks have come here.
    HostsMeet,
}

/// Bytes of one buffer that become bytes of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// The buffer that is written, whose instance, and from which byte.
    pub to: (usize, u32, u64),
    /// The buffer that is read, of the step's rank, and from which byte.
    pub from: (usize, u64),
    /// How many; 0 is nothing.
    pub bytes: u64,
}

impl Launch {
    /// The kernels that are launched, in order, each as a launch of its own.
    pub fn kernels(&self) -> Vec<&Launch> {
        if self.steps.is_empty() {
            return vec![self];
        }
        self.steps.iter().filter_map(Step::kernel).collect()
    }
}

impl Step {
    /// The kernel that it launches, if it does.
    fn kernel(&self) -> Option<&Launch> {
        match &self.work {
            Work::Kernel { launch, .. } => Some(launch),
            _ => None,
        }
    }
}

/// The kernels of steps that do not check.
fn kernels(steps: &[WrittenStep]) -> impl Iterator<Item = &WrittenKernel> {
    steps.iter().filter_map(|step| match &step.work {
        WrittenWork::Kernel(kernel) if !kernel.checks => Some(&**kernel),
        _ => None,
    })
}

impl Sizing {
    /// Sizes of the command line are those of every kernel only where the file gives one for all.
    pub(super) fn overrides(&mut self, description: &Description, overrides: &Overrides) -> Option<()> {
        let text = |of: &Dimensions| description.source.text.get(of.span.start as usize..of.span.end as usize);
        type Of = fn(&WrittenKernel) -> &Dimensions;
        let sizes: [(&str, &str, bool, Of); 2] = [
            ("--blocks", "grid", overrides.blocks.is_some(), |kernel| &kernel.grid),
            ("--threads", "block", overrides.threads.is_some(), |kernel| &kernel.block),
        ];
        for (option, key, _, of) in sizes.into_iter().filter(|(_, _, given, _)| *given) {
            let mut all = kernels(&description.steps).map(of);
            let Some(first) = all.next() else { continue };
            if let Some(other) = all.find(|other| text(other) != text(first)) {
                let message = format!("{option} does not fit steps of different sizes");
                let error = Diagnostic::new(message, other.span.clone()).label(format!("another `{key}`"));
                return self.fail(error.context(first.span.clone(), format!("than this `{key}`")));
            }
        }
        Some(())
    }

    /// Sizes of buffers may name the grid and the block only where these are the same for all kernels.
    pub(super) fn one_size(&mut self, description: &Description, launch: &Launch) {
        let all: Vec<&Launch> = launch
            .steps
            .iter()
            .filter_map(|step| match &step.work {
                Work::Kernel { launch, checks: false } => Some(&**launch),
                _ => None,
            })
            .collect();
        let alike = |of: fn(&Launch) -> &Vec<[u32; 3]>| all.windows(2).all(|pair| of(pair[0]) == of(pair[1]));
        let one = [(Variable::Grid, alike(|launch| &launch.grids)), (Variable::Block, alike(|launch| &launch.blocks))];
        for buffer in &description.buffers {
            let expressions = buffer.expressions();
            for (variable, _) in one.iter().filter(|(_, alike)| !alike) {
                let named = expressions.iter().find(|expression| expression.variables().contains(variable));
                if let Some(expression) = named {
                    let message = format!("`{}` has no value here", variable.name());
                    let error = Diagnostic::new(message, expression.span().clone());
                    self.fail::<()>(error.label("the kernels of the steps have different ones"));
                }
            }
        }
    }

    /// All steps, for the memory of a launch: kernels first, as buffers may depend on their sizes.
    pub(super) fn steps(
        &mut self,
        launch: &Launch,
        description: &Description,
        overrides: &Overrides,
    ) -> Option<Vec<Step>> {
        let all = u64::from(launch.ranks) * u64::from(launch.launches) * description.steps.len() as u64;
        if let Some(last) = description.steps.last().filter(|_| all > OPERATION_LIMIT) {
            let message = format!("{all} steps in {} launches are more than can be checked", launch.launches);
            let error = Diagnostic::new(message, last.span.clone());
            return self.fail(error.label(format!("at most {OPERATION_LIMIT} on all ranks together")));
        }
        let mut steps = Vec::new();
        for written in &description.steps {
            let work = match &written.work {
                WrittenWork::Kernel(kernel) => {
                    let own = self.kernel(launch, kernel, overrides, &written.span)?;
                    Work::Kernel { launch: Box::new(own), checks: kernel.checks }
                }
                WrittenWork::Copy(copy) => {
                    Work::Copy { to: copy.to.value, from: copy.from.value, moves: self.copies(launch, copy)? }
                }
                WrittenWork::Fill { buffer, value } => {
                    let element = launch.buffers[buffer.value].element;
                    let bits = by_rank_and_launch(launch, |values| element_bits(element, value, values));
                    Work::Fill { buffer: buffer.value, bits: self.take(bits)? }
                }
                WrittenWork::Record(event) => Work::Record(event.value.clone()),
                WrittenWork::Wait(event) => Work::Wait(event.value.clone()),
                WrittenWork::Synchronise => Work::Synchronise,
                WrittenWork::HostsMeet => Work::HostsMeet,
            };
            steps.push(Step { stream: written.stream, work, span: written.span.clone() });
        }
        self.extent(launch, &steps)?;
        Some(steps)
    }

    /// A kernel's launch, on the memory of all.
    fn kernel(
        &mut self,
        launch: &Launch,
        written: &WrittenKernel,
        overrides: &Overrides,
        span: &Span,
    ) -> Option<Launch> {
        let ranks = launch.ranks;
        let (blocks, threads) = if written.checks { (None, None) } else { (overrides.blocks, overrides.threads) };
        let grids = self.dimensions(&written.grid, "grid", blocks, ranks, GRID_LIMITS);
        let sizes = self.dimensions(&written.block, "block", threads, ranks, BLOCK_LIMITS);
        let mut own = Launch {
            kernel: Some((written.name.value.clone(), Some(written.name.span.clone()))),
            of_step: Some(span.clone()),
            grids: grids?,
            blocks: sizes?,
            cooperative: written.cooperative,
            arguments: written.arguments.clone(),
            tables: Vec::new(),
            ..launch.clone()
        };
        self.threads(&own, (&written.grid.span, &written.block.span))?;
        if let Some(cluster) = &written.cluster {
            own.cluster = Some((self.cluster_of(&own, cluster)?, cluster.span.clone()));
        }
        own.shared_bytes = self.shared_bytes(&own, written.shared_bytes.as_ref())?;
        self.multicasts(&own, &own.arguments);
        self.tables(&own.arguments, ranks, &mut own.tables);
        Some(own)
    }

    fn copies(&mut self, launch: &Launch, copy: &WrittenCopy) -> Option<Vec<Vec<Move>>> {
        let moves = by_rank_and_launch(launch, |values| place(launch, copy, values));
        self.take(moves)
    }

    /// Threads and operations of all launches together.
    fn extent(&mut self, launch: &Launch, steps: &[Step]) -> Option<()> {
        let (mut threads, mut operations) = (0u64, 0u64);
        let of_ranks = u64::from(launch.ranks) * u64::from(launch.launches);
        for step in steps {
            let fills = match &step.work {
                Work::Kernel { launch: own, .. } => {
                    let of_rank = |rank| own.values(rank, 0).grid.saturating_mul(own.values(rank, 0).block);
                    let one: u64 = (0..launch.ranks).map(of_rank).fold(0, u64::saturating_add);
                    threads = threads.saturating_add(one.saturating_mul(u64::from(launch.launches)));
                    one.div_ceil(u64::from(launch.ranks)).saturating_add(1)
                }
                Work::Fill { buffer, .. } => launch.buffers[*buffer].bytes / FILL_BYTES + 1,
                _ => 1,
            };
            operations = operations.saturating_add(fills.saturating_mul(of_ranks));
            let problem = [(threads, THREAD_LIMIT, "threads"), (operations, OPERATION_LIMIT, "operations of streams")];
            if let Some((found, limit, what)) = problem.into_iter().find(|(found, limit, _)| found > limit) {
                let message = format!("{found} {what} in {} launches are more than can be checked", launch.launches);
                let error = Diagnostic::new(message, step.span.clone());
                return self.fail(error.label(format!("with this step; at most {limit} on all ranks together")));
            }
        }
        Some(())
    }
}

/// Something of every rank and launch.
fn by_rank_and_launch<T>(
    launch: &Launch,
    of: impl Fn(&Values) -> Result<T, Diagnostic>,
) -> Result<Vec<Vec<T>>, Diagnostic> {
    let of = &of;
    let of_rank = |rank: u32| (0..launch.launches).map(move |index| of(&launch.values(rank, index))).collect();
    (0..launch.ranks).map(of_rank).collect()
}

/// The value of an expression, if it is at most so much.
fn within(expression: &Expression, values: &Values, limit: u64, what: &str) -> Result<u64, Diagnostic> {
    let value = expression.evaluate(values)?;
    u64::try_from(value).ok().filter(|value| *value <= limit).ok_or_else(|| {
        let known = values.describe(expression.variables());
        let error = Diagnostic::new(format!("{what} is {value}{known}"), expression.span().clone());
        error.label(format!("expected 0 to {limit}"))
    })
}

/// What a copy moves at one rank and launch.
fn place(launch: &Launch, copy: &WrittenCopy, values: &Values) -> Result<Move, Diagnostic> {
    let (to, from) = (&launch.buffers[copy.to.value], &launch.buffers[copy.from.value]);
    let optional = |expression: &Option<Expression>, otherwise: u64, limit: u64, what: &str| {
        expression.as_ref().map_or(Ok(otherwise), |expression| within(expression, values, limit, what))
    };
    let own = u64::from(values.rank);
    let rank = optional(&copy.to_rank, own, u64::from(launch.ranks) - 1, "`to_rank`")? as u32;
    if to.local && rank != values.rank {
        let message = format!("`{}` of rank {rank} is local to it, and rank {} writes it", to.name, values.rank);
        let error = Diagnostic::new(message, copy.to.span.clone()).label("expected a symmetric buffer");
        return Err(error.context(to.span.clone(), "declared here"));
    }
    let to_offset = optional(&copy.to_offset, 0, to.bytes, &format!("the offset into `{}`", to.name))?;
    let from_offset = optional(&copy.from_offset, 0, from.bytes, &format!("the offset into `{}`", from.name))?;
    let most = (to.bytes - to_offset).min(from.bytes - from_offset);
    let bytes = within(&copy.bytes, values, most, &format!("`bytes` from `{}` to `{}`", from.name, to.name))?;
    let moved = Move { to: (copy.to.value, rank, to_offset), from: (copy.from.value, from_offset), bytes };
    // A part lies in its buffer.
    let whole = |index: usize| launch.buffers[index].within.map_or((index, 0), |at| (at.buffer, at.offset));
    let ((left, left_base), (right, right_base)) = (whole(copy.to.value), whole(copy.from.value));
    let (start, other) = (left_base + to_offset, right_base + from_offset);
    if left == right && rank == values.rank && bytes > 0 && start < other + bytes && other < start + bytes {
        let message = format!("{bytes} bytes of `{}` are copied onto themselves", launch.buffers[left].name);
        return Err(Diagnostic::new(message, copy.to.span.clone()).label("what is read and what is written overlap"));
    }
    Ok(moved)
}
