//! Kernels in PTX or CUDA as targets: read or compiled, launched as LAUNCH.toml says, and findings moved to the CUDA
//! source where the PTX tells its lines.

use super::InputError;
use super::arguments::{BoundArguments, EntryArguments};
use super::target::{read_text, size_of};
use crate::check::{
    Accepted, Engine, LAUNCH_BOUNDARY, Options, Outcome, POLLED_WORDS, Progress, Schedule, WHOLE_VECTORS,
    check_program_with, learn_polled,
};
use crate::compiler::{self, CompilerError};
use crate::program::{Polled, Program};
use crate::ptx::accept::is_accepted;
use crate::ptx::entry::{entries, parameters};
use crate::ptx::launch::{self, Accept, Description, Launch, Overrides, Parameter};
use crate::ptx::lines::{Lines, Place, line_span};
use crate::ptx::names::demangled;
use crate::ptx::program::{Assuming, ProgramError, PtxProgram};
use crate::ptx::syntax::{self, Function, Module};
use crate::report::{Bounds, Row};
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::{Source, Span};
use arverify_protocol::language::{Diagnostic, Diagnostics};
use arverify_protocol::verdict::{Finding, Phrase, Point, Verdict};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A CUDA source larger than this is not shown.
const LARGEST_SOURCE: u64 = 16 << 20;

/// A LAUNCH.toml larger than this is refused before it is read.
const LARGEST_LAUNCH: u64 = 1 << 20;

/// Wall-clock limit of a search for an assumption under which nothing is found.
const NOTE_TIME: Duration = Duration::from_secs(10);

/// Times that words which are accessed strongly are looked for.
const LEARNING: u32 = 8;

/// Architecture that CUDA is compiled for.
const ARCHITECTURE: &str = "sm_90";

/// Whether a target is a kernel, by its file's name.
pub(super) fn is_kernel(target: &str) -> bool {
    let extension = Path::new(target).extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("ptx" | "cu"))
}

/// A module with its text.
pub(super) struct Text {
    /// The PTX.
    pub(super) source: Arc<Source>,
    /// Parsed.
    pub(super) module: Module,
}

/// Reads PTX, or compiles CUDA.
pub(super) fn text(file: &str, arguments: &EntryArguments) -> Result<Text, InputError> {
    let path = Path::new(file);
    let compiled = path.extension().is_some_and(|extension| extension == "cu");
    let source = if compiled {
        // A missing file is our message, not the compiler's.
        read_text(file, LARGEST_SOURCE, "a CUDA source")?;
        let architecture = arguments.arch.as_deref().unwrap_or(ARCHITECTURE);
        let text = compiler::ptx(path, architecture, &arguments.compiler_options()).map_err(|error| match error {
            CompilerError::Refused(messages) => InputError::Foreign(messages),
            other => InputError::message(format!("`{file}`: {other}")),
        })?;
        Source { name: format!("{file}.ptx"), text }
    } else {
        if let Some((option, _)) = arguments.given().first() {
            return Err(InputError::message(format!("{option} is for CUDA: `{file}` is compiled already")));
        }
        Source { name: file.to_owned(), text: read_text(file, syntax::LENGTH_LIMIT as u64, "a PTX module")? }
    };
    let source = Arc::new(source);
    let module = syntax::parse(&source).map_err(refused)?;
    Ok(Text { source, module })
}

fn refused(errors: Diagnostics) -> InputError {
    errors.into()
}

/// The parameters of an entry, in words where they have no size.
pub(super) fn sized_parameters(file: &str, entry: &Function) -> Result<Vec<Parameter>, InputError> {
    parameters(entry).map_err(|name| {
        let kernel = &entry.name;
        InputError::message(format!(
            "`{file}`: parameter `{name}` of `{kernel}` is of a type that cannot be passed here"
        ))
    })
}

/// A kernel with its launch, ready to be checked.
pub(super) struct KernelTarget {
    /// As it was named.
    pub(super) name: String,
    /// Limits and assumptions; its sizes are the greatest of any rank.
    pub(super) options: Options,
    /// The module and its text.
    text: Text,
    /// Names of the entries, in the order of the steps.
    kernels: Vec<String>,
    /// How it is launched.
    launch: Launch,
    /// What the command line changes of it.
    overrides: Overrides,
    /// LAUNCH.toml, as it was named.
    file: PathBuf,
    /// Options of the compiler, as they were given.
    compiled: Vec<(&'static str, String)>,
    /// The CUDA source, where its lines are known.
    lines: Option<CudaLines>,
}

/// Reads a kernel and its launch; `options` are those of the command line, whose sizes are replaced.
pub(super) fn kernel(name: &str, bounds: &BoundArguments, options: Options) -> Result<KernelTarget, InputError> {
    let Some(file) = &bounds.launch else {
        size_of(name)?;
        return Err(InputError::message(format!(
            "`{name}`: how is it launched? give --launch LAUNCH.toml; `arverify init-launch {name}` writes a first one"
        )));
    };
    protocol_options(name, bounds)?;
    let shown = file.display().to_string();
    let toml = read_text(&shown, LARGEST_LAUNCH, "a LAUNCH.toml")?;
    let overrides = Overrides {
        ranks: bounds.ranks,
        blocks: bounds.blocks,
        threads: bounds.threads,
        launches: bounds.launches,
        kernel: bounds.entry.kernel.clone(),
    };
    let description = launch::parse(&shown, &toml).map_err(refused)?;
    dependent_options(&description, &options)?;
    step_options(&description, &overrides, &options)?;
    let launch = Launch::new(&description, &overrides).map_err(refused)?;
    let text = text(name, &bounds.entry)?;
    let candidates = entries(&text.module);
    let names: Vec<&str> = candidates.iter().map(|entry| entry.name.as_str()).collect();
    let (mut kernels, mut lines) = (Vec::new(), None);
    for own in launch.kernels() {
        let index = match &overrides.kernel {
            // Nothing of the file is at fault.
            Some(wanted) => launch::choose(Some(wanted), &names)
                .map_err(|error| InputError::message(format!("`{name}`: {error} (given as --kernel)")))?,
            None => own.entry(&names).map_err(refused)?,
        };
        let entry = candidates[index];
        own.check(&entry.name, &sized_parameters(name, entry)?).map_err(refused)?;
        kernels.push(entry.name.clone());
        lines = lines.or_else(|| CudaLines::find(name, &text, entry));
    }
    let (blocks, threads) = extents(&launch);
    let sizes = Sizes {
        ranks: launch.ranks,
        blocks: u32::try_from(blocks.1).unwrap_or(u32::MAX),
        threads: u32::try_from(threads.1).unwrap_or(u32::MAX),
        // A kernel has buffers of its own sizes and types; nothing reads these.
        elements: 0,
        capacity: 0,
        data: DataType::F32,
        accumulate: Accumulate::Own,
    };
    let options = Options { sizes, launches: launch.launches, seed: bounds.seed, ..options };
    let compiled = bounds.entry.given().into_iter().map(|(option, value)| (option, value.to_owned())).collect();
    let (file, name) = (file.clone(), name.to_owned());
    Ok(KernelTarget { name, options, text, kernels, launch, overrides, file, compiled, lines })
}

/// What a kernel relies on that is verified under assumptions.
fn relied_upon(names: &[&str]) -> String {
    let (polled, whole) = (names.contains(&POLLED_WORDS), names.contains(&WHOLE_VECTORS));
    let (what, who) = match (polled, whole) {
        (true, false) => (
            "weak accesses to a polled word being whole and coming in the word's order",
            "the Lamport kernels of TensorRT-LLM, FlashInfer and SGLang rely on it",
        ),
        (false, _) => (
            "a vector access of 16 bytes or less being one access",
            "NCCL's LL128, and sentinels in one word of a vector, rely on it",
        ),
        (true, true) => (
            "a vector access of 16 bytes or less being one access, and on weak ones to polled words coming in their order",
            "NCCL's LL128, and the Lamport kernels of TensorRT-LLM, FlashInfer and SGLang, rely on it",
        ),
    };
    let given: Vec<String> = names.iter().map(|name| format!("--assume {name}")).collect();
    format!(
        "with {} it is verified: the kernel relies on {what}, which the PTX model does not promise, and hardware does ({who})",
        given.join(" ")
    )
}

fn accepted(accept: &Accept) -> Accepted {
    let places = accept.places.each_ref().map(|place| place.value.clone());
    Accepted { code: accept.code, places, why: accept.why.clone() }
}

/// Options that launches of several steps do not go with.
fn step_options(description: &Description, overrides: &Overrides, options: &Options) -> Result<(), InputError> {
    let Some(step) = description.steps.first() else { return Ok(()) };
    let given = [("--resident-blocks", options.resident_blocks.is_some()), ("--kernel", overrides.kernel.is_some())];
    let Some((option, _)) = given.into_iter().find(|(_, given)| *given) else { return Ok(()) };
    let message = format!("{option} is not known for launches of several steps");
    let error = Diagnostic::new(message, step.span.clone()).label("the first step of each launch");
    Err(refused(Diagnostics { source: description.source.clone(), list: vec![error] }))
}

/// Options that launches which depend on each other do not go with.
fn dependent_options(description: &Description, options: &Options) -> Result<(), InputError> {
    let Some(span) = &description.dependent else { return Ok(()) };
    let option = match (options.resident_blocks, options.boundary_publishes) {
        (Some(_), _) => "--resident-blocks",
        (None, true) => "--assume launch-boundary=system",
        (None, false) => return Ok(()),
    };
    let message = format!("{option} is not known for launches that depend on each other");
    let error = Diagnostic::new(message, span.clone()).label("so they are launched here");
    let error = error.help("check ordinary launches with it, and dependent ones without");
    Err(refused(Diagnostics { source: description.source.clone(), list: vec![error] }))
}

/// Options that only a protocol has.
fn protocol_options(name: &str, bounds: &BoundArguments) -> Result<(), InputError> {
    let given = [
        ("--elements", bounds.elements.is_some(), "the sizes of a kernel's buffers stand in LAUNCH.toml"),
        ("--dtype", bounds.dtype.is_some(), "the types of a kernel's buffers stand in LAUNCH.toml"),
        ("--accumulate", bounds.accumulate.is_some(), "a kernel sums as it is written"),
        ("--variant", bounds.variant.is_some(), "only protocols have variants"),
        ("--knob", !bounds.knob.is_empty(), "only protocols have knobs"),
    ];
    match given.iter().find(|(_, given, _)| *given) {
        Some((option, _, why)) => Err(InputError::message(format!("{option} does not fit `{name}`: {why}"))),
        None => Ok(()),
    }
}

/// The least and the greatest product.
fn extent(dimensions: &[[u32; 3]]) -> (u64, u64) {
    let products = || dimensions.iter().map(|axes| axes.iter().map(|axis| u64::from(*axis)).product());
    (products().min().unwrap_or(0), products().max().unwrap_or(0))
}

/// Blocks of a rank and threads of a block: the least and the greatest number of any kernel.
fn extents(launch: &Launch) -> ((u64, u64), (u64, u64)) {
    let of = |dimensions: fn(&Launch) -> &Vec<[u32; 3]>| {
        let all = launch.kernels().into_iter().map(|launch| extent(dimensions(launch)));
        all.reduce(|(least, most), (other, more)| (least.min(other), most.max(more))).unwrap_or_default()
    };
    (of(|launch| &launch.grids), of(|launch| &launch.blocks))
}

impl KernelTarget {
    /// What a report calls the kernel, or the kernels.
    fn kernel_names(&self) -> String {
        self.kernels.iter().map(|kernel| demangled(kernel)).collect::<Vec<_>>().join(", ")
    }

    /// The result, with findings in the CUDA source where its lines are known.
    pub(super) fn row(&self, mut outcome: Outcome) -> Row {
        let command = |schedule: &Schedule| self.replay_command(schedule);
        outcome.tell_replays(command);
        let source = match &self.lines {
            Some(lines) if outcome.findings.iter().all(|finding| lines.knows(finding)) => {
                outcome.findings.iter_mut().for_each(|finding| lines.relocate(finding, &self.text.source));
                lines.source.clone()
            }
            _ => self.text.source.clone(),
        };
        let (blocks, threads) = extents(&self.launch);
        Row {
            target: self.name.clone(),
            variant: None,
            expected: None,
            source,
            kernel: Some(self.kernel_names()),
            topology: None,
            bounds: Bounds { ranks: self.launch.ranks, blocks, streams: None, threads, message: None },
            options: self.options,
            tried: Vec::new(),
            outcome,
            suggestion: None,
            beyond: None,
        }
    }

    /// The command that shows an execution again.
    fn replay_command(&self, schedule: &Schedule) -> String {
        let mut text = format!("arverify replay {} --launch {}", self.name, self.file.display());
        let Overrides { ranks, blocks, threads, launches, kernel } = &self.overrides;
        for (option, value) in [("ranks", ranks), ("blocks", blocks), ("threads", threads), ("launches", launches)] {
            if let Some(value) = value {
                let _ = write!(text, " --{option} {value}");
            }
        }
        let kernel = kernel.iter().map(|kernel| ("--kernel", kernel));
        let compiled = self.compiled.iter().map(|(option, value)| (*option, value));
        for (option, value) in kernel.chain(compiled) {
            let plain = value.chars().all(|c| c.is_ascii_alphanumeric() || "_-+=.,:/".contains(c));
            let quoted = if plain { value.clone() } else { format!("'{}'", value.replace('\'', "'\\''")) };
            let joined = if option == "--nvcc-flag" { "=" } else { " " };
            let _ = write!(text, " {option}{joined}{quoted}");
        }
        super::replay::common_options(&mut text, &self.options, schedule);
        text
    }

    /// Names of the entries that are launched.
    pub(super) fn kernels(&self) -> &[String] {
        &self.kernels
    }

    /// The module and its text.
    pub(super) fn text(&self) -> &Text {
        &self.text
    }

    /// The same kernels in another text, launched the same way.
    pub(super) fn with_text(&self, text: Text, options: Options) -> KernelTarget {
        let KernelTarget { name, kernels, launch, overrides, file, compiled, .. } = self;
        let (name, kernels, launch) = (name.clone(), kernels.clone(), launch.clone());
        let (overrides, file, compiled) = (overrides.clone(), file.clone(), compiled.clone());
        KernelTarget { name, options, text, kernels, launch, overrides, file, compiled, lines: None }
    }

    /// The CUDA source and the line of an instruction there, or of the call that it was inlined by.
    pub(super) fn source_line(&self, span: &Span, of_call: bool) -> Option<(Arc<Source>, u32)> {
        let lines = self.lines.as_ref()?;
        let Place { line, call } = lines.lines.place(lines.file, span.start)?;
        Some((lines.source.clone(), call.filter(|_| of_call).unwrap_or(line)))
    }

    /// File and line of a step, for people.
    pub(super) fn place(&self, line: u32) -> String {
        if line == 0 {
            return String::new();
        }
        match self.lines.as_ref().and_then(|lines| Some((lines, lines.line(line, &self.text.source)?))) {
            Some((lines, line)) => format!("{}:{line}", lines.source.name),
            None => format!("{}:{line}", self.text.source.name),
        }
    }
}

/// The CUDA source of a kernel, and which instruction belongs to which of its lines.
struct CudaLines {
    lines: Lines,
    file: u32,
    source: Arc<Source>,
}

impl CudaLines {
    /// Reads the file that the entry's lines refer to: as it is named, from the folder of the target, or beside it.
    fn find(target: &str, text: &Text, entry: &Function) -> Option<CudaLines> {
        let lines = Lines::new(&text.module);
        let (file, name) = lines.main_file(entry)?;
        let folder = Path::new(target).parent().unwrap_or(Path::new(""));
        let named = Path::new(name);
        let own = Path::new(target);
        let beside = folder.join(named.file_name()?);
        let candidates = match own.extension() {
            // The target itself, under the name that was typed.
            Some(extension) if extension == "cu" && own.file_name() == named.file_name() => vec![own.to_path_buf()],
            _ => vec![folder.join(named), beside],
        };
        let path = candidates.into_iter().find(|path| path.is_file())?;
        let shown = path.display().to_string();
        let text = read_text(&shown, LARGEST_SOURCE, "a CUDA source").ok()?;
        // A file that is shorter than its lines is another one.
        let long_enough = text.lines().count() >= lines.last_line(file) as usize;
        long_enough.then(|| CudaLines { lines, file, source: Arc::new(Source { name: shown, text }) })
    }

    /// Whether the finding's first place has a line in the source.
    fn knows(&self, finding: &Finding) -> bool {
        let first = finding.points.iter().find(|point| !point.span.is_empty());
        first.is_none_or(|point| self.lines.place(self.file, point.span.start).is_some())
    }

    /// Moves a finding from the PTX to the source. A place that has no line there becomes a note.
    fn relocate(&self, finding: &mut Finding, ptx: &Source) {
        for point in &mut finding.points {
            if point.span.is_empty() {
                continue;
            }
            let calls = std::mem::take(&mut point.calls);
            let (line, _) = ptx.line_column(point.span.start);
            match self.spans(&point.span) {
                Some((span, call)) => {
                    point.span = span;
                    point.calls = calls.iter().filter_map(|call| Some(self.spans(call)?.0)).chain(call).collect();
                }
                None => {
                    point.span = 0..0;
                    let Point { thread, label, .. } = point;
                    let who = thread.map_or(String::new(), |thread| format!(" ({thread})"));
                    finding.notes.push(format!("{label}{who}: line {line} of {}", ptx.name));
                }
            }
        }
        for step in &mut finding.trace {
            let place = self.place_of_line(step.line, ptx);
            let call = self.place_of_line(step.call, ptx).map(|place| place.line);
            step.line = place.map_or(0, |place| place.line);
            step.call = place.and_then(|place| place.call).or(call).unwrap_or(0);
        }
        for why in &mut finding.why {
            why.span = self.spans(&why.span).map_or(0..0, |(span, _)| span);
            for phrase in &mut why.sentence {
                let Phrase::At { span, call } = phrase else { continue };
                let called = call.take().and_then(|call| Some(self.spans(&call)?.0));
                let found = self.spans(span);
                *call = found.as_ref().and_then(|(_, call)| call.clone()).or(called);
                *span = found.map_or(0..0, |(span, _)| span);
            }
        }
    }

    /// The line of an instruction, and the call that was inlined there.
    fn spans(&self, span: &Span) -> Option<(Span, Option<Span>)> {
        let place = self.lines.place(self.file, span.start)?;
        let call = place.call.and_then(|line| line_span(&self.source, line));
        Some((line_span(&self.source, place.line)?, call))
    }

    /// The source's line for a line of the PTX.
    fn line(&self, line: u32, ptx: &Source) -> Option<u32> {
        Some(self.place_of_line(line, ptx)?.line)
    }

    fn place_of_line(&self, line: u32, ptx: &Source) -> Option<Place> {
        let span = line_span(ptx, line)?;
        self.lines.place(self.file, span.end.max(1) - 1)
    }
}

impl KernelTarget {
    /// Checks it, and says what a finding rests on.
    pub(super) fn check(&self, engine: Engine) -> Result<Outcome, InputError> {
        let mut outcome = self.decide(engine)?;
        if outcome.verdict == Verdict::Violated {
            self.note_assumptions(&self.program()?, &mut outcome);
        }
        Ok(outcome)
    }

    /// The verdict. Every finding that the launch file accepts must still come up without that.
    pub(super) fn decide(&self, engine: Engine) -> Result<Outcome, InputError> {
        let begun = Instant::now();
        // All that is asked shares the target's time.
        let left = || {
            let timeout = self.options.timeout.map(|timeout| timeout.saturating_sub(begun.elapsed()));
            Options { timeout, ..self.options }
        };
        for (index, accept) in self.launch.accepts.iter().enumerate() {
            let mut others = self.launch.clone();
            others.accepts.remove(index);
            let outcome = check_program_with(&Arc::new(self.program_of(&others)?), &left(), Engine::Operational);
            let Text { source, module } = &self.text;
            let comes_up = outcome.findings.iter().any(|finding| is_accepted(source, module, accept, finding));
            match outcome.verdict {
                // Something else is wrong, or it is not known: the check itself says so.
                Verdict::Inconclusive => {}
                Verdict::Violated if comes_up => {}
                Verdict::Violated | Verdict::Verified => {
                    let found = outcome
                        .findings
                        .first()
                        .map(|finding| format!("{}: {}", finding.code.number(), finding.message));
                    let found = found.unwrap_or_else(|| "the kernel is verified".to_owned());
                    let error = Diagnostic::new("the accepted finding does not come up", accept.span.clone())
                        .label("accepted here")
                        .note(format!("without this acceptance: {found}"))
                        .help("remove it, or name the code and the two places of the finding");
                    return Err(refused(Diagnostics { source: self.launch.source.clone(), list: vec![error] }));
                }
            }
        }
        let program = self.program()?;
        self.copy_options(&program)?;
        let program = Arc::new(program);
        let mut outcome = self.checked(&program, &left(), engine)?;
        outcome.accepted = self.launch.accepts.iter().map(accepted).collect();
        Ok(outcome)
    }

    /// The answer. What is verified without an assumption is verified with it: strong vectors that are taken whole are of another
    /// size than scalar accesses to their elements, which those that are taken apart agree with.
    fn checked(&self, program: &Arc<PtxProgram>, options: &Options, engine: Engine) -> Result<Outcome, InputError> {
        let outcome = check_program_with(program, options, engine);
        if !options.whole_vectors || outcome.verdict == Verdict::Verified {
            return Ok(outcome);
        }
        let spent = Duration::from_secs_f64(outcome.stats.seconds);
        let timeout = options.timeout.map(|timeout| timeout.saturating_sub(spent));
        let apart = Options { whole_vectors: false, all: false, timeout, ..*options };
        let program = Arc::new(self.assuming(&self.launch, &apart)?);
        let mut without = check_program_with(&program, &apart, engine);
        if without.verdict != Verdict::Verified {
            return Ok(outcome);
        }
        without.warnings.push(format!("it is verified without {WHOLE_VECTORS}, too: with strong vectors taken apart"));
        Ok(without)
    }

    /// Options that copies by the async proxy, which are blocks of their own, do not go with.
    fn copy_options(&self, program: &PtxProgram) -> Result<(), InputError> {
        let option = match (self.options.resident_blocks, self.options.progress) {
            (Some(_), _) => "--resident-blocks",
            (None, Progress::Fair) => return Ok(()),
            (None, _) => "--progress",
        };
        if !program.may_copy() {
            return Ok(());
        }
        Err(InputError::message(format!("`{}`: {option} is not known for kernels with bulk copies", self.name)))
    }

    /// Says so where nothing is found if weak accesses to polled words are taken for strong ones, or strong vectors for one
    /// access, or both; where need be, with launch boundaries that publish.
    fn note_assumptions(&self, program: &PtxProgram, outcome: &mut Outcome) {
        let is_race = outcome.race.is_some();
        let Some(finding) = outcome.findings.first_mut().filter(|finding| finding.assumption.is_none()) else { return };
        let begun = Instant::now();
        let few = Options { max_states: 10_000, all: false, jobs: 1, ..self.options };
        // Launches that depend on each other do not go with that.
        let boundary = !self.options.boundary_publishes && self.launch.dependent.is_none();
        let polled = !self.options.polled_words && is_race;
        let whole = !self.options.whole_vectors && program.has_strong_vectors();
        let further = |(with_polled, with_whole)| [(with_polled, with_whole, false), (with_polled, with_whole, true)];
        let all = [(true, false), (false, true), (true, true)].into_iter().flat_map(further);
        for (with_polled, with_whole, with_boundary) in all {
            if with_polled && !polled || with_whole && !whole || with_boundary && !boundary {
                continue;
            }
            let options = Options {
                polled_words: few.polled_words || with_polled,
                whole_vectors: few.whole_vectors || with_whole,
                boundary_publishes: few.boundary_publishes || with_boundary,
                timeout: Some(NOTE_TIME.saturating_sub(begun.elapsed())),
                ..few
            };
            let Ok(program) = self.assuming(&self.launch, &options).map(Arc::new) else { return };
            let at_fault =
                |point: &Point| program.polled().is_some_and(|polled| polled.has_statement(point.span.start));
            if with_polled && !finding.points.iter().any(at_fault) {
                continue;
            }
            let assumed = check_program_with(&program, &options, Engine::Operational);
            if assumed.verdict == Verdict::Verified {
                let named =
                    [(LAUNCH_BOUNDARY, with_boundary), (WHOLE_VECTORS, with_whole), (POLLED_WORDS, with_polled)];
                let names: Vec<&str> = named.iter().filter(|(_, with)| *with).map(|(name, _)| *name).collect();
                finding.notes.push(relied_upon(&names));
                finding.assumption = Some(names.join(", "));
                return;
            }
        }
    }

    /// The kernel as a thread program.
    pub(super) fn program(&self) -> Result<PtxProgram, InputError> {
        self.program_of(&self.launch)
    }

    /// Under `--assume polled-words=strong` with the words that running it has shown to be accessed strongly. Where that
    /// comes to no end, the check is inconclusive.
    fn program_of(&self, launch: &Launch) -> Result<PtxProgram, InputError> {
        self.assuming(launch, &self.options)
    }

    fn assuming(&self, launch: &Launch, options: &Options) -> Result<PtxProgram, InputError> {
        let whole_vectors = options.whole_vectors;
        if !options.polled_words {
            return self.program_with(launch, Assuming { polled: None, whole_vectors });
        }
        let begun = Instant::now();
        let mut polled = Polled::default();
        for _ in 0..LEARNING {
            let assuming = Assuming { polled: Some(Arc::new(polled.clone())), whole_vectors };
            let program = Arc::new(self.program_with(launch, assuming)?);
            let timeout = options.timeout.map(|timeout| timeout.saturating_sub(begun.elapsed()));
            if !polled.extend(&learn_polled(&program, &Options { timeout, ..*options })) {
                break;
            }
        }
        self.program_with(launch, Assuming { polled: Some(Arc::new(polled)), whole_vectors })
    }

    fn program_with(&self, launch: &Launch, assuming: Assuming) -> Result<PtxProgram, InputError> {
        let candidates = entries(&self.text.module);
        let parameters = |kernel: &String| {
            let entry = candidates.iter().find(|entry| entry.name == *kernel);
            let parameters = entry.map(|entry| sized_parameters(&self.name, entry)).transpose()?.unwrap_or_default();
            Ok((kernel.clone(), parameters))
        };
        let kernels = self.kernels.iter().map(parameters).collect::<Result<Vec<_>, InputError>>()?;
        let Text { source, module } = &self.text;
        let (source, how) = (source.clone(), (launch, self.options.seed));
        PtxProgram::assuming(source, module, &kernels, how, assuming).map_err(|error| match error {
            ProgramError::Launch(errors) => refused(errors),
            other => InputError::message(format!("`{}`: {other}", self.name)),
        })
    }
}
