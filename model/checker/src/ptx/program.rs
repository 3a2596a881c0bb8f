//! Front end: a kernel in PTX, launched as LAUNCH.toml says, as a thread program.
//!
//! Every buffer of the launch has an instance on each rank; so has every `.global` variable that the kernel may write.
//! Tables of pointers, constant memory and parameters are bytes that nobody writes, and stay with the interpreter.
//! Shared memory is an instance for each block.

use super::accept::accepted;
use super::branches::Branches;
use super::code::step::Space;
use super::code::{Code, Pc, Step};
use super::copies::{Copies, Room};
use super::dead::{dead_behind_barriers, drop_dead_results};
use super::decode::{Reading, Whole, decode_all};
use super::dependent::DEPENDENT;
use super::execute::{Geometry, Interpreter, PtxRound, PtxThread, Setting, Tainted};
use super::fit::{check_copies, has_copies, laid_out, launches_equal_grids};
use super::flow::{Chains, Reach, SpinLoops};
use super::launch::{Launch, Parameter};
use super::layout::LaidOut;
use super::lines::Lines;
use super::order::Order;
use super::plain::Plain;
use super::steps::NON_COHERENT;
use super::syntax::Module;
use super::used::Used;
use crate::program::memory::input_element;
use crate::program::{
    Answers, Coordinates, Dependencies, Element, Expected, Fault, Location, Next, Operation, PartId, Polled, Program,
    Read, Readers, Reads, RoundStep, Shape, SiteIndex, Unknown, Width, Word,
};
use arverify_protocol::data::Accumulate;
use arverify_protocol::ir::{Order as MemoryOrder, Source, Span};
use arverify_protocol::verdict::{Role, ThreadName};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

pub use super::fit::ProgramError;

/// The expectation stands in LAUNCH.toml, outside the text that sites point into.
const EXPECTATION: SiteIndex = SiteIndex(u32::MAX);

/// A kernel with its launch, or several that a launch consists of.
#[derive(Debug)]
pub struct PtxProgram {
    source: Arc<Source>,
    /// By kernel, in the order of the steps: the code and what is noted of it are those of all.
    kernels: Vec<Interpreter>,
    /// Source lines.
    lines: Arc<Lines>,
    /// By instruction, where it is a barrier: registers that are dead behind it.
    dead: Vec<Box<[Range<u32>]>>,
    branches: Branches,
    /// Reads whose values are stored.
    stored: BTreeSet<Pc>,
    shape: Shape,
    used: Used,
    expected: Option<Expected>,
    /// What was expected, but cannot be compared: it holds unknown values.
    unjudged: Option<Expected>,
    seed: u64,
    /// Kept where ranks launch different grids, or there may be copies: see [`Program::with_equal_grids`], [`Program::roomier`].
    parts: Option<Arc<Parts>>,
    /// How many copies there are threads for.
    room: Room,
    /// Which strong accesses control flow leads to, and whether it may depend on the block.
    reach: Reach,
    /// In a program without waits.
    plain: Option<Plain>,
    /// Where launches may run side by side.
    order: Option<Order>,
    /// What is assumed of accesses.
    assuming: Assuming,
}

/// Assumptions that change what accesses are.
#[derive(Clone, Debug, Default)]
pub struct Assuming {
    /// `--assume polled-words=strong`: the words that are known to be accessed strongly.
    pub polled: Option<Arc<Polled>>,
    /// `--assume vectors=whole`: a strong vector of at most 16 bytes is one access.
    pub whole_vectors: bool,
}

/// What a program is made from.
#[derive(Debug)]
struct Parts {
    module: Module,
    kernels: Vec<(String, Vec<Parameter>)>,
    launch: Launch,
}

impl PtxProgram {
    /// Decodes kernels and lays out their memory. They are those of the launch ([`Launch::kernels`]), each with the parameters
    /// that the entry declares; the launch has been checked against them.
    pub fn new(
        source: Arc<Source>,
        module: &Module,
        kernels: &[(String, Vec<Parameter>)],
        launch: &Launch,
        seed: u64,
    ) -> Result<PtxProgram, ProgramError> {
        PtxProgram::assuming(source, module, kernels, (launch, seed), Assuming::default())
    }

    /// The same under assumptions that change what accesses are.
    pub fn assuming(
        source: Arc<Source>,
        module: &Module,
        kernels: &[(String, Vec<Parameter>)],
        (launch, seed): (&Launch, u64),
        assuming: Assuming,
    ) -> Result<PtxProgram, ProgramError> {
        PtxProgram::with_room(source, (module, kernels), (launch, seed), assuming, Room::default())
    }

    /// The same, with threads for so many copies.
    fn with_room(
        source: Arc<Source>,
        (module, kernels): (&Module, &[(String, Vec<Parameter>)]),
        (launch, seed): (&Launch, u64),
        assuming: Assuming,
        room: Room,
    ) -> Result<PtxProgram, ProgramError> {
        let mut accepted = accepted(&source, module, launch).map_err(ProgramError::Launch)?;
        let Assuming { polled, whole_vectors } = &assuming;
        accepted.extend(polled.iter().flat_map(|polled| polled.statements()));
        let whole = whole_vectors.then(|| Whole { polled: polled.as_ref().map(|polled| polled.widths()) });
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in kernels {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        let which = |(name, _): &(String, Vec<Parameter>)| names.iter().position(|known| known == name).unwrap_or(0);
        let entries: Vec<usize> = kernels.iter().map(which).collect();
        let mut code = decode_all(module, &names, Reading { accepted, ranks: launch.ranks, whole })?;
        drop_dead_results(&mut code);
        let dead = dead_behind_barriers(&code);
        let (branches, reach) = (Branches::of(&code), Reach::of(&code));
        let stored = Chains::of(&code).stored(|_| true);
        let copies = has_copies(&code.instructions);
        if copies {
            check_copies(launch).map_err(ProgramError::Launch)?;
        }
        let LaidOut { settings, shape, order } = laid_out(&code, (&entries, kernels), launch, &room)?;
        let expected = launch.expectation.as_ref().map(|expectation| Expected {
            plus: None,
            output: launch.part_id(expectation.output.value),
            input: launch.part_id(expectation.input.value),
            definition: expectation.equals,
            same_on_all_ranks: expectation.same_on_all_ranks,
            exact_zero: expectation.exact_zero,
            accumulate: Accumulate::Own,
            site: EXPECTATION,
        });
        let interpreters = interpreters(code, &entries, settings);
        let parts = (copies || !launches_equal_grids(launch)).then(|| {
            let (module, kernels, launch) = (module.clone(), kernels.to_vec(), launch.clone());
            Arc::new(Parts { module, kernels, launch })
        });
        Ok(PtxProgram {
            source,
            lines: Arc::new(Lines::new(module)),
            kernels: interpreters,
            dead,
            branches,
            stored,
            used: Used::new(&shape, launch),
            shape,
            expected,
            unjudged: None,
            seed,
            parts,
            room,
            reach,
            plain: None,
            order,
            assuming,
        })
    }

    /// The same program, run in another way.
    fn again(&self, kernels: Vec<Interpreter>) -> PtxProgram {
        PtxProgram {
            source: self.source.clone(),
            lines: self.lines.clone(),
            dead: self.dead.clone(),
            branches: Branches::of(kernels[0].code()),
            kernels,
            stored: self.stored.clone(),
            shape: self.shape.clone(),
            used: self.used.clone(),
            expected: self.expected,
            unjudged: self.unjudged,
            seed: self.seed,
            parts: None,
            room: self.room.clone(),
            reach: self.reach.clone(),
            plain: None,
            order: self.order.clone(),
            assuming: self.assuming.clone(),
        }
    }

    /// The program of another launch, or with room for more copies.
    fn made_again(&self, launch: &Launch, room: Room) -> Option<PtxProgram> {
        let Parts { module, kernels, .. } = &**self.parts.as_ref()?;
        let (source, assuming) = (self.source.clone(), self.assuming.clone());
        PtxProgram::with_room(source, (module, kernels), (launch, self.seed), assuming, room).ok()
    }

    /// Where a thread is in its launch.
    fn within(&self, at: Coordinates) -> Coordinates {
        self.order.as_ref().map_or(at, |order| order.within(at))
    }

    /// Whoever runs the code, where it does not matter which kernel.
    fn any(&self) -> &Interpreter {
        &self.kernels[0]
    }

    /// Whoever runs a thread.
    fn interpreter(&self, at: Coordinates) -> &Interpreter {
        &self.kernels[self.order.as_ref().map_or(0, |order| order.kernel(at))]
    }

    /// How a rank's blocks of this kernel lie.
    fn geometry(&self, kernel: usize, rank: u32) -> &Geometry {
        &self.kernels[kernel].setting().ranks[rank as usize].geometry
    }

    /// The threads of copies, if there are any.
    fn copies(&self) -> Option<&Copies> {
        self.any().copies()
    }

    /// The threads of copies of the kernel that a thread is of, and where the thread is in its launch.
    fn copies_of(&self, at: Coordinates) -> Option<(&Copies, Coordinates)> {
        let kernel = self.order.as_ref().map_or(Some(0), |order| order.kernel_of(at))?;
        self.kernels[kernel].copies().map(|copies| (copies, self.within(at)))
    }

    /// The block of the machine that is a block of the kernel of some thread.
    fn beside(&self, at: Coordinates, block: u32) -> u32 {
        let of = |order: &Order| order.block(at.rank, (order.kernel(at), self.within(at).launch), block);
        self.order.as_ref().map_or(block, of)
    }

    /// Whether there may be copies by the async proxy.
    pub fn may_copy(&self) -> bool {
        has_copies(&self.any().code().instructions)
    }

    /// Whether some strong vector is taken apart that `--assume vectors=whole` takes for one access.
    pub fn has_strong_vectors(&self) -> bool {
        let is_apart = |step: &Step| match step {
            Step::Load { space, element, .. } | Step::Store { space, element, .. } => {
                let bytes = element.width.bytes() * u64::from(element.place.count);
                let multicast = matches!(space, Space::Multicast(_));
                !multicast && element.place.count > 1 && Width::of(bytes).is_some()
            }
            _ => false,
        };
        self.any().code().instructions.iter().any(|instruction| is_apart(&instruction.step))
    }

    /// The instruction, in words, that some of the expected output comes from, if its values are not known.
    fn unknown_output(&self) -> Option<String> {
        let expected = self.unjudged.or(self.expected)?;
        let ranks = 0..self.shape.ranks;
        let mut parts = ranks.filter_map(|rank| self.shape.part_of(expected.output, rank));
        let from = parts.find_map(|(instance, part)| {
            let at = Location { instance, byte: part.bytes.start };
            self.any().tainted().ever(at, part.bytes.end - part.bytes.start)
        })?;
        Some(self.any().code().unknown(from))
    }

    /// What a thread does that is not of its kernel.
    fn before(&self, at: Coordinates, thread: &mut PtxThread) -> Option<(Operation, SiteIndex)> {
        let outside = self.outside(at, thread);
        if let Some((Operation::Bulk(bulk), _)) = &outside {
            let copied = |from: &Location| self.any().tainted().copy(*from, bulk.destination, u64::from(bulk.bytes));
            bulk.sources.iter().for_each(copied);
        }
        outside
    }

    fn outside(&self, at: Coordinates, thread: &mut PtxThread) -> Option<(Operation, SiteIndex)> {
        if let (Some((copies, own)), Some(work)) = (self.copies_of(at), thread.work()) {
            return Some(match (work.next(copies, self.any().code(), own), &self.order) {
                ((Operation::Exit, site), Some(order)) => (order.instead_of_exit(at, thread, 0), site),
                (next, _) => next,
            });
        }
        self.order.as_ref()?.before(at, thread)
    }

    /// What the kernel's next operation is to the machine, and what the thread need not keep any more.
    fn after(&self, at: Coordinates, thread: &mut PtxThread, operation: Operation, site: SiteIndex) -> Operation {
        let operation = match (&self.order, operation) {
            (_, Operation::Exit) => self.before_exit(at, thread),
            (_, operation) => self.as_polled(operation, site),
        };
        self.tidy(thread, &operation, site);
        operation
    }

    /// What a thread says before it leaves its kernel, and that it does.
    fn before_exit(&self, at: Coordinates, thread: &mut PtxThread) -> Operation {
        let entered = self.order.as_ref().map_or(0, Order::enters);
        let mut said = 0;
        if let Some((copies, own)) = self.copies_of(at) {
            let started = |peer: u32| thread.copies_started(peer);
            said = copies.unused(own, started);
            let nth = thread.outside().saturating_sub(entered);
            if let Some(operation) = copies.says_before_exit(own, started, nth) {
                thread.step_outside();
                return operation;
            }
        }
        self.order.as_ref().map_or(Operation::Exit, |order| order.instead_of_exit(at, thread, said))
    }

    /// Under `--assume polled-words=strong`, a statement that was weak is strong at such words only.
    fn as_polled(&self, mut operation: Operation, site: SiteIndex) -> Operation {
        let Some(polled) = &self.assuming.polled else { return operation };
        if let Operation::Read { at, width, semantics, .. } | Operation::Write { at, width, semantics, .. } =
            &mut operation
            && polled.has_statement(self.span(site).start)
            && !polled.has_word(*at, *width)
        {
            semantics.order = MemoryOrder::Weak;
        }
        operation
    }

    /// What a thread need not keep any more.
    fn tidy(&self, thread: &mut PtxThread, operation: &Operation, site: SiteIndex) {
        match operation {
            Operation::Load { at, bytes } if self.is_random(*at, u64::from(*bytes)) => {
                self.branches.record_random(site.0);
            }
            Operation::Exit => thread.end(),
            // Behind a barrier of a loop, what the thread brought to it is asked for.
            Operation::Barrier(_) if !self.any().is_in_loop(site.0) => {
                thread.forget(&self.dead[site.0 as usize]);
            }
            _ => {}
        }
    }

    /// Whether some of these bytes are drawn.
    fn is_random(&self, at: Location, bytes: u64) -> bool {
        self.shape.instance(at).parts_of(at.byte..at.byte + bytes).any(|part| part.contents.are_random())
    }

    /// The instruction's name with its modifiers: `st.release.sys.global.u32`.
    fn mnemonic(&self, site: SiteIndex) -> &str {
        let span = self.span(site);
        let text = self.source.text.get(span.start as usize..span.end as usize).unwrap_or_default();
        text.split_whitespace().find(|word| !word.starts_with('@')).unwrap_or_default()
    }

    fn span(&self, site: SiteIndex) -> Span {
        let origin = self.any().code().origins.get(site.0 as usize);
        origin.map_or(0..0, |origin| origin.span.clone())
    }
}

/// Whoever runs each kernel: which of the code's it is, and its setting.
fn interpreters(code: Code, entries: &[usize], settings: Vec<Setting>) -> Vec<Interpreter> {
    let loops = SpinLoops::of(&code);
    let starts: Vec<Pc> = entries.iter().map(|index| code.entries[*index].start).collect();
    let settings: Vec<_> = settings.into_iter().map(Arc::new).collect();
    let interpreter = Interpreter::new(Arc::new(code), settings[0].clone(), Some(loops));
    starts.into_iter().zip(settings).map(|(start, setting)| interpreter.of_kernel(start, setting)).collect()
}

impl Program for PtxProgram {
    type Thread = PtxThread;
    type Round = PtxRound;

    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn grid(&self, rank: u32) -> u32 {
        if let Some(order) = &self.order {
            return order.blocks(rank);
        }
        self.copies().map_or_else(|| self.geometry(0, rank).blocks(), |copies| copies.blocks(rank))
    }

    fn kernel_grid(&self, rank: u32) -> u32 {
        self.order.as_ref().map_or_else(|| self.geometry(0, rank).blocks(), |order| order.blocks(rank))
    }

    fn threads(&self, rank: u32, block: u32) -> u32 {
        if let Some(order) = &self.order {
            return order.threads(rank, block);
        }
        self.copies().map_or_else(|| self.geometry(0, rank).threads(), |copies| copies.threads(rank, block))
    }

    fn with_equal_grids(&self) -> Option<Self> {
        let parts = self.parts.as_ref().filter(|parts| !launches_equal_grids(&parts.launch))?;
        let mut launch = parts.launch.clone();
        let blocks = |grid: &[u32; 3]| grid.iter().map(|axis| u64::from(*axis)).product::<u64>();
        let greatest = launch.grids.iter().copied().max_by_key(blocks)?;
        launch.grids.fill(greatest);
        self.made_again(&launch, self.room.clone())
    }

    fn roomier(&self) -> Option<Self> {
        let tainting = |program: PtxProgram, tainted: Tainted| {
            let tainted = Arc::new(tainted);
            let kernels = program.kernels.iter().map(|kernel| kernel.tainting(tainted.clone())).collect();
            PtxProgram { kernels, ..program }
        };
        if let Some(missing) = self.any().missing_room() {
            let program = self.made_again(&self.parts.as_ref()?.launch, self.room.with_more(missing))?;
            let (expected, unjudged) = (self.expected, self.unjudged);
            let program = PtxProgram { expected, unjudged, ..program };
            return Some(tainting(program, self.any().tainted().again()));
        }
        let unknown_output = self.expected.is_some() && self.unknown_output().is_some();
        let found = self.any().tainted().with_found();
        let tainted = found.or_else(|| unknown_output.then(|| self.any().tainted().again()))?;
        let program = PtxProgram { parts: self.parts.clone(), ..self.again(self.kernels.clone()) };
        let unjudged = self.unjudged.or(self.expected.filter(|_| unknown_output));
        let expected = self.expected.filter(|_| !unknown_output);
        Some(tainting(PtxProgram { expected, unjudged, ..program }, tainted))
    }

    fn open_question(&self) -> Option<String> {
        let unknown = self.unknown_output()?;
        Some(format!(
            "the results cannot be compared with [expect]: they depend on a result of {unknown}; without [expect] (and with \
             `read = true` at the output) synchronisation alone is checked"
        ))
    }

    fn has_unknown_values(&self) -> bool {
        self.any().tainted().follows()
    }

    fn grows(&self) -> bool {
        self.may_copy()
    }

    fn scope_block(&self, rank: u32, block: u32) -> u32 {
        let at = Coordinates { rank, block, thread: 0, launch: 0 };
        let of = |(copies, own): (&Copies, Coordinates)| self.beside(at, copies.scope_block(rank, own.block));
        self.copies_of(at).map_or(block, of)
    }

    fn is_copy(&self, at: Coordinates) -> bool {
        self.copies_of(at).is_some_and(|(copies, own)| copies.is_copy(own))
    }

    fn is_asynchronous(&self, at: Coordinates) -> bool {
        self.copies_of(at).is_some_and(|(copies, own)| copies.is_asynchronous(own))
    }

    fn cluster_size(&self, rank: u32) -> u32 {
        (0..self.kernels.len()).map(|kernel| self.geometry(kernel, rank).cluster_size()).max().unwrap_or(1)
    }

    fn cluster(&self, rank: u32, block: u32) -> u32 {
        let at = Coordinates { rank, block, thread: 0, launch: 0 };
        let started = |(copies, own): (&Copies, Coordinates)| self.beside(at, copies.started_by(rank, own.block));
        let block = self.copies_of(at).map_or(block, started);
        if self.cluster_size(rank) == 1 {
            return block;
        }
        let machine = Coordinates { rank, block, thread: 0, launch: 0 };
        let (at, kernel) = (self.within(machine), self.order.as_ref().map_or(0, |order| order.kernel(machine)));
        let first = self.geometry(kernel, rank).peer(at.block, 0);
        match (&self.order, first) {
            (Some(_), _) if block == at.block => block,
            (Some(order), Some(first)) => order.block(rank, (kernel, at.launch), first),
            (None, Some(first)) => first,
            (_, None) => block,
        }
    }

    fn extent(&self, instance: u32, launch: u32) -> u64 {
        self.used.in_launch(instance, launch).unwrap_or(self.shape.instances[instance as usize].bytes)
    }

    fn lengths(&self) -> Vec<u64> {
        self.used.lengths()
    }

    fn may_reach(&self, thread: &PtxThread, site: SiteIndex) -> bool {
        self.order.is_some()
            || self.copies().is_some()
            || thread.has_put_off(site.0)
            || self.reach.leads(thread.pc(), site.0)
    }

    fn polled(&self) -> Option<&Polled> {
        self.assuming.polled.as_deref()
    }

    fn place(&self, site: SiteIndex) -> u64 {
        self.lines.number(self.span(site).start)
    }

    fn are_alike(&self, left: &PtxThread, right: &PtxThread) -> bool {
        let live = self.reach.alike_from(left.pc()).filter(|_| self.order.is_none() && self.copies().is_none());
        live.is_some_and(|live| left.is_alike(right, live))
    }

    fn start(&self, at: Coordinates) -> PtxThread {
        if self.is_copy(at) {
            return PtxThread::copy();
        }
        self.interpreter(at).start()
    }

    fn next(&self, at: Coordinates, thread: &mut PtxThread) -> Result<(Operation, SiteIndex), Fault> {
        if let Some(outside) = self.before(at, thread) {
            return Ok(outside);
        }
        let (operation, site) = self.interpreter(at).next(self.within(at), thread)?;
        Ok((self.after(at, thread, operation, site), site))
    }

    fn next_of_round(&self, at: Coordinates, thread: &mut PtxThread) -> Result<(Operation, SiteIndex), Fault> {
        if let Some(outside) = self.before(at, thread) {
            return Ok(outside);
        }
        let (operation, site) = self.interpreter(at).next_of_round(self.within(at), thread)?;
        Ok((self.after(at, thread, operation, site), site))
    }

    fn round(&self, _: Coordinates, thread: &PtxThread, met: bool) -> Option<PtxRound> {
        self.any().round(thread, met)
    }

    fn go_on(&self, at: Coordinates, round: &mut PtxRound, read: &mut Answers<'_>) -> RoundStep {
        self.interpreter(at).go_on(self.within(at), round, read)
    }

    fn round_from(
        &self,
        at: Coordinates,
        round: &PtxRound,
        to: usize,
        read: &mut Answers<'_>,
    ) -> Option<(PtxRound, usize)> {
        self.interpreter(at).round_from(self.within(at), round, to, read)
    }

    fn exchange(&self, at: Coordinates, round: &mut PtxRound, all: &[(u32, Option<u64>)]) {
        self.interpreter(at).exchange(self.within(at), round, all);
    }

    fn round_digest(&self, round: &PtxRound) -> u64 {
        self.any().round_digest(round)
    }

    fn open_point(&self, round: &PtxRound) -> Option<u64> {
        self.any().open_point(round)
    }

    fn describe_loop(&self, _: Coordinates, thread: &PtxThread) -> String {
        self.any().describe_loop(thread)
    }

    fn supply(&self, _: Coordinates, thread: &mut PtxThread, value: Word) {
        if let Some(work) = thread.work() {
            return work.supply(value as u64);
        }
        self.any().supply(thread, value);
    }

    fn supply_bytes(&self, _: Coordinates, thread: &mut PtxThread, bytes: &[u8]) {
        if let Some(work) = thread.work() {
            return work.supply_bytes(bytes);
        }
        self.any().supply_bytes(thread, bytes);
    }

    fn gathered(&self, at: Coordinates, thread: &mut PtxThread, all: &[(u32, u64)]) {
        self.interpreter(at).gathered(self.within(at), thread, all);
    }

    fn follow(&self, thread: &mut PtxThread) {
        thread.follow();
    }

    fn came_from(&self, thread: &mut PtxThread, reads: &[Read]) {
        self.any().came_from(thread, reads);
    }

    fn dependencies(&self, thread: &mut PtxThread) -> Dependencies {
        thread.take_dependencies()
    }

    fn gathered_from(&self, at: Coordinates, thread: &mut PtxThread, brought: &[(u32, Reads)]) {
        self.interpreter(at).gathered_from(self.within(at), thread, brought);
    }

    fn expected(&self) -> Option<Expected> {
        self.expected
    }

    fn has_calls(&self) -> bool {
        self.order.is_some()
    }

    fn asserts(&self) -> bool {
        matches!(&self.order, Some(Order::Steps(steps)) if steps.checks())
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
        if let Some(name) = self.copies_of(at).and_then(|(copies, own)| copies.name(own)) {
            return name;
        }
        self.order.as_ref().map_or_else(named, |order| order.name(at))
    }

    fn statement(&self, site: SiteIndex) -> Option<&str> {
        match &self.order {
            Some(Order::Steps(steps)) => steps.statement(site),
            _ => None,
        }
    }

    fn describe(&self, at: Location) -> Option<&str> {
        let of_copies = self.kernels.iter().find_map(|kernel| kernel.copies()?.describe(at));
        of_copies.or_else(|| self.order.as_ref()?.describe(at))
    }

    fn source(&self) -> &Source {
        &self.source
    }

    fn site(&self, site: SiteIndex) -> (Span, Vec<Span>) {
        let code = self.any().code();
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
            let origin = self.any().code().origins.get(site.0 as usize)?;
            origin.line.map(|line| (line.file, line.line, line.column))
        };
        match (line(left), line(right)) {
            (Some(left), Some(right)) => left == right,
            // What a stream does is in no code.
            _ if self.statement(left).is_some() || self.statement(right).is_some() => left == right,
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
        let lines = self.branches.one_way(self.any().guards(), |pc| {
            let site = SiteIndex(pc);
            let line = self.any().code().origins.get(pc as usize).and_then(|origin| origin.line.as_ref());
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
        let taken_for_ordinary = matches!(self.order, Some(Order::Steps(_)));
        !taken_for_ordinary && self.any().code().non_coherent.binary_search(&site.0).is_ok()
    }

    fn line(&self, site: SiteIndex) -> u32 {
        let span = self.span(site);
        if span.is_empty() { 0 } else { self.source.line_column(span.start).0 }
    }

    fn input(&self, element: Element, part: PartId, rank: u32, launch: u32, index: u64) -> u64 {
        let stream = u64::from(part.buffer) << 56 ^ u64::from(part.part) << 40;
        input_element(element, self.seed ^ stream, rank, launch, index)
    }

    /// A launch file makes every buffer reachable, so it is no purpose; and says what the output is, or does not.
    fn readers(&self, buffer: u32) -> Readers {
        let mut parts = self.shape.instances.iter().flat_map(|instance| &instance.parts);
        let known = self.expected.is_some() && parts.any(|part| part.element.is_some() && part.id.buffer == buffer);
        if known { Readers::Anybody } else { Readers::Unknown }
    }

    fn thread_bytes(&self) -> u64 {
        PtxThread::bytes(self.any().code())
    }

    fn assumptions(&self) -> Vec<String> {
        let mut all = self.any().assumptions();
        all.extend(matches!(self.order, Some(Order::Dependent(_))).then(|| DEPENDENT.to_owned()));
        let unchecked = matches!(self.order, Some(Order::Steps(_))) && !self.any().code().non_coherent.is_empty();
        all.extend(unchecked.then(|| NON_COHERENT.to_owned()));
        all
    }

    fn companion(&self) -> Option<Self> {
        let order = self.order.as_ref()?.at_the_latest()?;
        Some(PtxProgram { order: Some(order), ..self.again(self.kernels.clone()) })
    }

    fn without_waits(&self) -> Option<Self> {
        let plain = Some(Plain::of(self.any().code()));
        let kernels = self.kernels.iter().map(Interpreter::without_polls).collect();
        Some(PtxProgram { plain, ..self.again(kernels) })
    }

    fn standing(&self, thread: &PtxThread, before: Option<SiteIndex>) -> u64 {
        let pc = before.map_or(thread.pc(), |site| site.0);
        thread.digest(pc, self.plain.as_ref().and_then(|plain| plain.live(pc)))
    }

    fn next_of(&self, at: Coordinates, thread: &mut PtxThread, unknown: &mut Unknown) -> Result<Next, Fault> {
        if let Some((operation, site)) = self.before(at, thread) {
            return Ok(Next::Operation(operation, site));
        }
        Ok(match self.interpreter(at).next_of(self.within(at), thread, unknown)? {
            Next::Operation(Operation::Exit, site) => {
                Next::Operation(self.after(at, thread, Operation::Exit, site), site)
            }
            Next::Operation(operation, site) => Next::Operation(self.as_polled(operation, site), site),
            other => other,
        })
    }

    fn supply_unknown(&self, thread: &PtxThread, unknown: &mut Unknown, number: u32) -> bool {
        self.plain.is_some() && self.any().supply_unknown(thread, unknown, number)
    }

    fn live(&self, thread: &PtxThread, before: SiteIndex) -> Vec<(u32, u64)> {
        if thread.is_copy() {
            return Vec::new();
        }
        let live = self.plain.as_ref().and_then(|plain| plain.live(before.0)).unwrap_or_default();
        live.iter().map(|register| (register.0, thread.value(*register))).collect()
    }

    fn may_put_off(&self, thread: &PtxThread, site: SiteIndex) -> bool {
        self.any().may_put_off(thread, site.0)
    }

    fn put_off(&self, thread: &mut PtxThread, site: SiteIndex) {
        self.any().put_off(thread, site.0);
    }

    fn vector(&self, site: SiteIndex) -> Option<SiteIndex> {
        self.plain.as_ref()?.vector(site.0).map(SiteIndex)
    }
}
