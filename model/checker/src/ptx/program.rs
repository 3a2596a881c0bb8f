//! Front end: a kernel in PTX, launched as LAUNCH.toml says, as a thread program.
//!
//! Every buffer of the launch has an instance on each rank; so has every `.global` variable that the kernel may write.
//! Tables of pointers, constant memory and parameters are bytes that nobody writes, and stay with the interpreter.
//! Shared memory is an instance for each block.

use super::accept::accepted;
use super::branches::Branches;
use super::code::{Code, Effect, Instruction, Pc, Step};
use super::copies::{Copies, Room};
use super::decode::{DecodeError, decode_with};
use super::dependent::{DEPENDENT, Dependent};
use super::execute::{Interpreter, PtxRound, PtxThread};
use super::flow::{Chains, Liveness, Reach, SpinLoops};
use super::launch::{Launch, Parameter};
use super::layout::{LaidOut, lay_out};
use super::plain::Plain;
use super::syntax::Module;
use crate::program::memory::input_element;
use crate::program::{
    Answers, Coordinates, Dependencies, Element, Expected, Fault, Location, Next, Operation, PartId, Program, Read,
    Readers, Reads, RoundStep, Shape, SiteIndex, Unknown,
};
use arverify_protocol::data::Accumulate;
use arverify_protocol::ir::{Source, Span};
use arverify_protocol::language::{Diagnostic, Diagnostics};
use arverify_protocol::verdict::{Role, ThreadName};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// The expectation stands in LAUNCH.toml, outside the text that sites point into.
const EXPECTATION: SiteIndex = SiteIndex(u32::MAX);

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
    dead: Vec<Box<[Range<u32>]>>,
    branches: Branches,
    /// Reads whose values are stored.
    stored: BTreeSet<Pc>,
    shape: Shape,
    expected: Option<Expected>,
    seed: u64,
    /// Kept where ranks launch different grids, or there may be copies: see [`Program::with_equal_grids`], [`Program::roomier`].
    parts: Option<Box<Parts>>,
    /// How many copies there are threads for.
    room: Room,
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
        PtxProgram::with_room(source, module, kernel, parameters, (launch, Room::default()), seed)
    }

    /// The same, with threads for so many copies.
    fn with_room(
        source: Arc<Source>,
        module: &Module,
        kernel: &str,
        parameters: &[Parameter],
        (launch, room): (&Launch, Room),
        seed: u64,
    ) -> Result<PtxProgram, ProgramError> {
        let accepted = accepted(&source, module, launch).map_err(ProgramError::Launch)?;
        let mut code = decode_with(module, kernel, &accepted, launch.ranks)?;
        drop_dead_results(&mut code);
        let dead = dead_behind_barriers(&code);
        let (branches, reach) = (Branches::of(&code), Reach::of(&code));
        let stored = Chains::of(&code).stored(|_| true);
        let cluster = cluster_shape(&code, launch)?;
        check_blocks(&code, launch)?;
        let copies = has_copies(&code);
        if copies {
            check_copies(launch)?;
        }
        let LaidOut { setting, shape, dependent } = lay_out(&code, parameters, launch, cluster, &room)?;
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
        let loops = SpinLoops::of(&code);
        let interpreter = Interpreter::new(Arc::new(code), Arc::new(setting), Some(loops));
        let parts = (copies || !launches_equal_grids(launch)).then(|| {
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
            room,
            reach,
            plain: None,
            dependent,
        })
    }

    /// The same program, run in another way.
    fn again(&self, interpreter: Interpreter) -> PtxProgram {
        PtxProgram {
            source: self.source.clone(),
            dead: self.dead.clone(),
            branches: Branches::of(interpreter.code()),
            interpreter,
            stored: self.stored.clone(),
            shape: self.shape.clone(),
            expected: self.expected,
            seed: self.seed,
            parts: None,
            room: self.room.clone(),
            reach: self.reach.clone(),
            plain: None,
            dependent: self.dependent.clone(),
        }
    }

    /// Where a thread is in its launch.
    fn within(&self, at: Coordinates) -> Coordinates {
        self.dependent.as_ref().map_or(at, |dependent| dependent.within(at))
    }

    /// The threads of copies, if there are any.
    fn copies(&self) -> Option<&Copies> {
        self.interpreter.copies()
    }

    /// Whether there may be copies by the async proxy.
    pub fn may_copy(&self) -> bool {
        has_copies(self.interpreter.code())
    }

    /// What a thread does that is not of its kernel.
    fn before(&self, at: Coordinates, thread: &mut PtxThread) -> Option<(Operation, SiteIndex)> {
        if let (Some(copies), Some(work)) = (self.copies(), thread.work()) {
            return Some(work.next(copies, self.interpreter.code(), at));
        }
        self.dependent.as_ref()?.before(at, thread)
    }

    /// What the kernel's next operation is to the machine, and what the thread need not keep any more.
    fn after(&self, at: Coordinates, thread: &mut PtxThread, operation: Operation, site: SiteIndex) -> Operation {
        let operation = match (&self.dependent, operation) {
            (Some(dependent), Operation::Exit) => dependent.instead_of_exit(at, thread),
            (None, Operation::Exit) => self.before_exit(at, thread).unwrap_or(Operation::Exit),
            (_, operation) => operation,
        };
        self.tidy(thread, &operation, site);
        operation
    }

    /// What a thread says before it leaves its kernel.
    fn before_exit(&self, at: Coordinates, thread: &mut PtxThread) -> Option<Operation> {
        let started = |peer: u32| thread.copies_started(peer);
        let operation = self.copies()?.says_before_exit(at, started, thread.outside())?;
        thread.step_outside();
        Some(operation)
    }

    /// What a thread need not keep any more.
    fn tidy(&self, thread: &mut PtxThread, operation: &Operation, site: SiteIndex) {
        match operation {
            Operation::Load { at, bytes } if self.is_random(*at, u64::from(*bytes)) => {
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

/// Whether some instruction starts a copy by the async proxy.
fn has_copies(code: &Code) -> bool {
    code.instructions.iter().any(|instruction| matches!(instruction.step, Step::Bulk(_)))
}

fn launches_equal_grids(launch: &Launch) -> bool {
    launch.grids.windows(2).all(|pair| pair[0] == pair[1])
}

/// What does not go with copies by the async proxy.
fn check_copies(launch: &Launch) -> Result<(), ProgramError> {
    let Some(span) = &launch.dependent else { return Ok(()) };
    let message = "bulk copies are not known in launches that depend on each other";
    let error = Diagnostic::new(message, span.clone()).label("so they are launched here");
    let error = error.help("check ordinary launches of this kernel");
    Err(ProgramError::Launch(Diagnostics { source: launch.source.clone(), list: vec![error] }))
}

/// Registers that are dead behind each barrier; nothing for other instructions.
fn dead_behind_barriers(code: &Code) -> Vec<Box<[Range<u32>]>> {
    let liveness = Liveness::of(code);
    let dead = |(pc, instruction): (usize, &Instruction)| -> Box<[Range<u32>]> {
        if instruction.effect() != Effect::Barrier {
            return Box::default();
        }
        let live = liveness.live_after(code, pc as u32);
        let starts = std::iter::once(0).chain(live.iter().map(|register| register.0 + 1));
        let ends = live.iter().map(|register| register.0).chain([code.registers]);
        starts.zip(ends).map(|(start, end)| start..end).filter(|dead| !dead.is_empty()).collect()
    };
    code.instructions.iter().enumerate().map(dead).collect()
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
        if let Some(copies) = self.copies() {
            return copies.blocks(rank);
        }
        self.interpreter.setting().ranks[rank as usize].geometry.blocks()
    }

    fn kernel_grid(&self, rank: u32) -> u32 {
        if self.dependent.is_some() {
            return self.grid(rank);
        }
        self.interpreter.setting().ranks[rank as usize].geometry.blocks()
    }

    fn threads(&self, rank: u32, block: u32) -> u32 {
        if let Some(dependent) = &self.dependent {
            return dependent.threads(rank, block);
        }
        if let Some(copies) = self.copies() {
            return copies.threads(rank, block);
        }
        self.interpreter.setting().ranks[rank as usize].geometry.threads()
    }

    fn with_equal_grids(&self) -> Option<Self> {
        let parts = self.parts.as_ref().filter(|parts| !launches_equal_grids(&parts.launch))?;
        let mut launch = parts.launch.clone();
        let blocks = |grid: &[u32; 3]| grid.iter().map(|axis| u64::from(*axis)).product::<u64>();
        let greatest = launch.grids.iter().copied().max_by_key(blocks)?;
        launch.grids.fill(greatest);
        let Parts { module, kernel, parameters, .. } = &**parts;
        let launch = (&launch, self.room.clone());
        PtxProgram::with_room(self.source.clone(), module, kernel, parameters, launch, self.seed).ok()
    }

    fn roomier(&self) -> Option<Self> {
        let room = self.room.with_more(self.interpreter.missing_room()?);
        let Parts { module, kernel, parameters, launch } = &**self.parts.as_ref()?;
        PtxProgram::with_room(self.source.clone(), module, kernel, parameters, (launch, room), self.seed).ok()
    }

    fn grows(&self) -> bool {
        self.may_copy()
    }

    fn scope_block(&self, rank: u32, block: u32) -> u32 {
        self.copies().map_or(block, |copies| copies.scope_block(rank, block))
    }

    fn is_asynchronous(&self, at: Coordinates) -> bool {
        self.copies().is_some_and(|copies| copies.is_copy(at))
    }

    fn cluster_size(&self, rank: u32) -> u32 {
        self.interpreter.setting().ranks[rank as usize].geometry.cluster_size()
    }

    fn cluster(&self, rank: u32, block: u32) -> u32 {
        let block = self.copies().map_or(block, |copies| copies.started_by(rank, block));
        if self.cluster_size(rank) == 1 {
            return block;
        }
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
        self.dependent.is_some()
            || self.copies().is_some()
            || thread.has_put_off(site.0)
            || self.reach.leads(thread.pc(), site.0)
    }

    fn are_alike(&self, left: &PtxThread, right: &PtxThread) -> bool {
        let live = self.reach.alike_from(left.pc()).filter(|_| self.dependent.is_none() && self.copies().is_none());
        live.is_some_and(|live| left.is_alike(right, live))
    }

    fn start(&self, at: Coordinates) -> PtxThread {
        if self.is_asynchronous(at) {
            return PtxThread::copy();
        }
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
        if let Some(work) = thread.work() {
            return work.supply(value);
        }
        self.interpreter.supply(thread, value);
    }

    fn supply_bytes(&self, _: Coordinates, thread: &mut PtxThread, bytes: &[u8]) {
        if let Some(work) = thread.work() {
            return work.supply_bytes(bytes);
        }
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
        if let Some(name) = self.copies().and_then(|copies| copies.name(at)) {
            return name;
        }
        self.dependent.as_ref().map_or_else(named, |dependent| dependent.name(at))
    }

    fn describe(&self, at: Location) -> Option<&str> {
        match self.copies() {
            Some(copies) => copies.describe(at),
            None => self.dependent.as_ref()?.describe(at),
        }
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
        PtxThread::bytes(self.interpreter.code())
    }

    fn assumptions(&self) -> Vec<String> {
        let mut all = self.interpreter.assumptions();
        all.extend(self.dependent.is_some().then(|| DEPENDENT.to_owned()));
        all
    }

    fn companion(&self) -> Option<Self> {
        let dependent = self.dependent.as_ref()?.at_the_latest()?;
        Some(PtxProgram { dependent: Some(dependent), ..self.again(self.interpreter.clone()) })
    }

    fn without_waits(&self) -> Option<Self> {
        let interpreter = self.interpreter.without_polls();
        let plain = Some(Plain::of(interpreter.code()));
        Some(PtxProgram { plain, ..self.again(interpreter) })
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
        if thread.is_copy() {
            return Vec::new();
        }
        let live = self.plain.as_ref().and_then(|plain| plain.live(before.0)).unwrap_or_default();
        live.iter().map(|register| (register.0, thread.value(*register))).collect()
    }

    fn may_put_off(&self, thread: &PtxThread, site: SiteIndex) -> bool {
        self.interpreter.may_put_off(thread, site.0)
    }

    fn put_off(&self, thread: &mut PtxThread, site: SiteIndex) {
        self.interpreter.put_off(thread, site.0);
    }

    fn vector(&self, site: SiteIndex) -> Option<SiteIndex> {
        self.plain.as_ref()?.vector(site.0).map(SiteIndex)
    }
}
