//! For programs: one object, as DESIGN's contract has it.
//!
//! The object is made of the types below, of which its JSON Schema is generated ([`schema`], docs/arverify.schema.json): a key that
//! is not described cannot be printed. Keys are only ever added. A key whose value may be null is always there; one that is
//! left out where it has nothing to say is not required by the schema.
//!
//! The road not taken is a schema that allows no further keys: it would refuse what later versions print.

use super::{Fault, Refused, Row};
use crate::check::{self, Progress};
use arverify_protocol::verdict::{self, Code, Role, StepKind, TraceStep, Verdict, WhyKind};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::Value;

/// What `arverify check --format json` prints.
#[derive(Serialize, JsonSchema)]
struct Report<'r> {
    /// The version of this format.
    #[schemars(extend("const" = 1))]
    schema: u32,
    /// One for each target, in the order in which they were named.
    results: Vec<TargetResult<'r>>,
}

/// The result of one target.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum TargetResult<'r> {
    Checked(Box<CheckedTarget<'r>>),
    Refused(RefusedTarget<'r>),
}

/// A target that was not checked: it cannot be read, or it is not such that it could be checked.
#[derive(Serialize, JsonSchema)]
struct RefusedTarget<'r> {
    /// The target, as it was named.
    target: &'r str,
    /// Null: there is none.
    verdict: (),
    /// Empty.
    findings: [(); 0],
    error: TargetError<'r>,
}

/// What is wrong with a target.
#[derive(Serialize, JsonSchema)]
struct TargetError<'r> {
    /// The first error, in one line.
    message: &'r str,
    /// Where it is, as far as that is known.
    file: Option<&'r str>,
    line: Option<u32>,
    column: Option<u32>,
    /// All errors, as they stand on standard error.
    text: &'r str,
}

/// A target that was checked.
#[derive(Serialize, JsonSchema)]
struct CheckedTarget<'r> {
    /// The target, as it was named.
    target: &'r str,
    /// The variant of a protocol.
    variant: Option<&'r str>,
    /// The name of the entry, or of the entries, of a kernel.
    kernel: Option<&'r str>,
    ranks: u32,
    /// Blocks of a rank; where ranks differ, the most.
    blocks: u64,
    /// Threads of a block; where blocks differ, the most.
    threads: u64,
    /// Elements of a protocol's message on each rank.
    elements: Option<u64>,
    /// Their type.
    dtype: Option<&'r str>,
    launches: u32,
    #[schemars(schema_with = "progress_models")]
    progress: &'r str,
    /// Blocks that a device runs at once; null for all.
    resident_blocks: Option<u32>,
    /// Seed of the random inputs.
    seed: u64,
    #[schemars(schema_with = "verdicts")]
    verdict: &'r str,
    /// What the verdict rests on besides the memory model.
    assumptions: &'r [String],
    /// Findings that the launch file accepts.
    accepted: Vec<Accepted<'r>>,
    /// Doubts, and why a verdict is inconclusive.
    warnings: &'r [String],
    findings: Vec<Finding<'r>>,
    stats: Stats,
    /// How the ranks are laid out.
    #[serde(skip_serializing_if = "Option::is_none")]
    topology: Option<String>,
    /// What each engine says, where more than the machine was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    engines: Option<Engines<'r>>,
    /// Streams of each rank, in a host program.
    #[serde(skip_serializing_if = "Option::is_none")]
    streams: Option<u32>,
    /// The lengths of the launches in turn, a list for each sequence that was tried, where they may differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    lengths: Option<Vec<&'r [u64]>>,
    /// Every size that was tried, in order, where no size was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    tried: Option<Vec<Tried>>,
    /// What is proven of a protocol beyond the bounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    proven: Option<Proven<'r>>,
}

/// How much was covered.
#[derive(Serialize, JsonSchema)]
struct Stats {
    states: u64,
    executions: u64,
    operations: u64,
    seconds: f64,
}

/// A size that was tried.
#[derive(Serialize, JsonSchema)]
pub(super) struct Tried {
    pub(super) ranks: u32,
    pub(super) blocks: u32,
    pub(super) threads: u32,
    pub(super) elements: u64,
    #[schemars(schema_with = "verdicts")]
    pub(super) verdict: &'static str,
}

/// What is proven for all sizes.
#[derive(Serialize, JsonSchema)]
pub(super) struct Proven<'r> {
    /// Kinds of obligations that are proven.
    pub(super) proven: &'r [String],
    /// Kinds of obligations that are not.
    pub(super) open: &'r [String],
    /// For these numbers of ranks: the least and the greatest.
    pub(super) ranks: [Option<u32>; 2],
    /// For which sizes, in words.
    pub(super) for_all: String,
}

/// What both engines say.
#[derive(Serialize, JsonSchema)]
struct Engines<'r> {
    operational: Option<Answer<'r>>,
    axiomatic: Option<Answer<'r>>,
    /// Whether they say the same; null where one of them was not asked or does not know.
    agree: Option<bool>,
}

/// What an engine says.
#[derive(Serialize, JsonSchema)]
struct Answer<'r> {
    #[schemars(schema_with = "verdicts")]
    verdict: &'r str,
    #[schemars(schema_with = "codes")]
    codes: Vec<&'r str>,
    /// Why it does not know.
    reason: Option<&'r str>,
    seconds: f64,
}

/// A finding that is judged harmless.
#[derive(Serialize, JsonSchema)]
struct Accepted<'r> {
    #[schemars(schema_with = "code")]
    code: &'r str,
    at: Place<'r>,
    and: Place<'r>,
    why: &'r str,
}

/// A line of a file.
#[derive(Serialize, JsonSchema)]
struct Place<'r> {
    file: &'r str,
    line: u32,
}

/// A place in a file; lines and columns count from 1, columns in characters.
#[derive(Serialize, JsonSchema)]
struct SourcePlace<'r> {
    file: &'r str,
    line: u32,
    column: u32,
}

/// Something found.
#[derive(Serialize, JsonSchema)]
struct Finding<'r> {
    #[schemars(schema_with = "code")]
    code: &'r str,
    /// The code in a word.
    kind: &'r str,
    message: &'r str,
    /// Lints are warnings: they do not change a verdict.
    #[schemars(extend("enum" = ["error", "warning"]))]
    severity: &'r str,
    threads: Vec<Thread<'r>>,
    /// The memory involved.
    location: Option<Memory<'r>>,
    /// Where the first of the labels stands.
    source: Option<SourcePlace<'r>>,
    labels: Vec<LabelledPlace<'r>>,
    /// What is missing, the smallest set that would do.
    why: Vec<Why<'r>>,
    notes: &'r [String],
    /// How to mend it, where that is known.
    help: Option<&'r str>,
    /// The assumptions under which there is no such finding, separated by commas, where that is known.
    assumption: Option<&'r str>,
    /// The part of the execution that leads to it.
    trace: Vec<Step<'r>>,
    /// The command that shows the execution again.
    replay: Option<&'r str>,
    /// What would mend it, with `--suggest`; the first finding has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestion: Option<Suggested<'r>>,
}

/// The smallest change that was found under which the target is verified.
#[derive(Serialize, JsonSchema)]
pub(super) struct Suggested<'r> {
    /// How many sets of changes were checked.
    pub(super) tried: u32,
    /// Whether one of them is verified; without one there are no changes.
    pub(super) verified: bool,
    pub(super) changes: Vec<SuggestedChange<'r>>,
    pub(super) knobs: Vec<SuggestedKnob<'r>>,
    /// A diff for `patch -p0`, of the protocol or of the PTX; null where no text changes.
    pub(super) diff: Option<String>,
}

/// What to do at one line.
#[derive(Serialize, JsonSchema)]
pub(super) struct SuggestedChange<'r> {
    pub(super) file: &'r str,
    pub(super) line: u32,
    /// The line as it is.
    pub(super) text: &'r str,
    /// What to do there, in words.
    pub(super) change: &'r str,
}

/// Another value of a knob.
#[derive(Serialize, JsonSchema)]
pub(super) struct SuggestedKnob<'r> {
    pub(super) knob: &'r str,
    pub(super) value: &'r str,
    pub(super) instead_of: &'r str,
}

/// A thread. In a host program block 0 is the host thread, and block 1 + s is stream s.
#[derive(Serialize, JsonSchema)]
struct Thread<'r> {
    rank: u32,
    block: u32,
    thread: u32,
    launch: u32,
    #[serde(flatten)]
    role: RoleOf<'r>,
}

/// What a thread is, where that is not a thread of the one kernel.
#[derive(Serialize, JsonSchema)]
struct RoleOf<'r> {
    /// The kernel, where a launch consists of several steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    kernel: Option<&'r str>,
    /// Its step, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    kernel_step: Option<u32>,
    /// The stream of a rank that it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<u32>,
    /// It is the host thread of a rank.
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<bool>,
}

/// Bytes of one rank's instance of a buffer.
#[derive(Serialize, JsonSchema)]
struct Memory<'r> {
    buffer: &'r str,
    rank: u32,
    /// The first byte, from the start of the instance.
    byte: u64,
}

/// A statement that takes part.
#[derive(Serialize, JsonSchema)]
struct LabelledPlace<'r> {
    file: &'r str,
    line: u32,
    column: u32,
    /// What it does.
    label: &'r str,
    thread: Option<Thread<'r>>,
}

/// A link in a chain of synchronisation that is missing or too weak.
#[derive(Serialize, JsonSchema)]
struct Why<'r> {
    #[schemars(schema_with = "why_kinds")]
    kind: &'r str,
    file: Option<&'r str>,
    line: Option<u32>,
    /// One sentence, with lines and threads.
    message: String,
}

/// A step of a trace.
#[derive(Serialize, JsonSchema)]
struct Step<'r> {
    /// Its number, counted from 1.
    step: u32,
    rank: u32,
    block: u32,
    thread: u32,
    launch: u32,
    #[serde(flatten)]
    role: RoleOf<'r>,
    /// Null where the line is 0: where no line is known.
    file: Option<&'r str>,
    line: u32,
    /// The line of the innermost call that leads there.
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<u32>,
    /// The operation in words, with the values that it read and wrote.
    op: &'r str,
    #[schemars(schema_with = "step_kinds")]
    kind: &'r str,
    /// The step that wrote what it read.
    #[serde(skip_serializing_if = "Option::is_none")]
    reads_from: Option<u32>,
    /// The barrier that it came to, where those who were awaited have come.
    #[serde(skip_serializing_if = "Option::is_none")]
    barrier: Option<Barrier<'r>>,
    /// It is one of the accesses that race.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    racing: bool,
}

/// A barrier at which threads have met.
#[derive(Serialize, JsonSchema)]
struct Barrier<'r> {
    /// Steps of one number have met.
    number: u32,
    /// How many threads came.
    threads: u32,
    /// Those of them that the trace has steps of.
    shown: Vec<Thread<'r>>,
}

fn words(words: impl Iterator<Item = &'static str>) -> Schema {
    let words: Vec<&str> = words.collect();
    json_schema!({ "type": "string", "enum": words })
}

fn verdicts(_: &mut SchemaGenerator) -> Schema {
    words([Verdict::Verified, Verdict::Violated, Verdict::Inconclusive].into_iter().map(Verdict::name))
}

fn code(_: &mut SchemaGenerator) -> Schema {
    words(Code::ALL.iter().map(|code| code.number()))
}

fn codes(generator: &mut SchemaGenerator) -> Schema {
    let code = code(generator);
    json_schema!({ "type": "array", "items": code })
}

fn why_kinds(_: &mut SchemaGenerator) -> Schema {
    words(WhyKind::ALL.iter().map(|kind| kind.name()))
}

fn step_kinds(_: &mut SchemaGenerator) -> Schema {
    words(StepKind::ALL.iter().map(|kind| kind.name()))
}

fn progress_models(_: &mut SchemaGenerator) -> Schema {
    words(Progress::ALL.iter().map(|model| model.name()))
}

/// The JSON Schema (draft 2020-12) of what [`render`] returns, as it stands in docs.
pub fn schema() -> String {
    // What is written, not what could be read: a key that may be left out is not required, and one that may be null is.
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<Report<'_>>();
    format!("{}\n", serde_json::to_string_pretty(schema.as_value()).unwrap_or_default())
}

/// Everything a check prints, on one line.
pub fn render(rows: &[Row], refused: &[Refused]) -> String {
    let mut results: Vec<TargetResult> = rows.iter().map(|row| TargetResult::Checked(Box::new(result(row)))).collect();
    // In ascending order, so that each comes to its place.
    for refused in refused {
        results.insert(refused.position.min(results.len()), TargetResult::Refused(refusal(refused)));
    }
    let report = Report { schema: 1, results };
    // By way of a value its keys are sorted.
    format!("{}\n", serde_json::to_value(report).unwrap_or(Value::Null))
}

fn refusal(refused: &Refused) -> RefusedTarget<'_> {
    let (message, file, line, column) = match refused.faults.first() {
        Some(Fault { message, file, line, column }) => (message.as_str(), file.as_deref(), *line, *column),
        None => (refused.text.as_str(), None, None, None),
    };
    let error = TargetError { message, file, line, column, text: &refused.text };
    RefusedTarget { target: &refused.target, verdict: (), findings: [], error }
}

/// What each engine says.
fn engines(engines: &check::Engines) -> Engines<'_> {
    fn answer(answer: &check::Answer) -> Answer<'_> {
        Answer {
            verdict: answer.verdict.name(),
            codes: answer.findings.iter().map(|finding| finding.code.number()).collect(),
            reason: answer.reason.as_deref(),
            seconds: answer.seconds,
        }
    }
    Engines {
        operational: engines.operational.as_ref().map(answer),
        axiomatic: engines.axiomatic.as_ref().map(answer),
        agree: engines.agree(),
    }
}

fn result(row: &Row) -> CheckedTarget<'_> {
    let bounds = &row.bounds;
    let verdict::Stats { states, executions, operations, seconds } = row.outcome.stats;
    CheckedTarget {
        target: &row.target,
        variant: row.variant.as_deref(),
        kernel: row.kernel.as_deref(),
        ranks: bounds.ranks,
        blocks: bounds.blocks.1,
        threads: bounds.threads.1,
        elements: bounds.message.map(|(elements, _)| elements),
        dtype: bounds.message.map(|(_, data)| data.name()),
        launches: row.options.launches,
        progress: row.options.progress.name(),
        resident_blocks: row.options.resident_blocks,
        seed: row.options.seed,
        verdict: row.outcome.verdict.name(),
        assumptions: &row.outcome.assumptions,
        accepted: row.outcome.accepted.iter().map(accepted).collect(),
        warnings: &row.outcome.warnings,
        findings: findings(row),
        stats: Stats { states, executions, operations, seconds },
        topology: row.topology.as_ref().map(|topology| topology.to_string()),
        engines: row.outcome.engines.as_ref().map(engines),
        streams: bounds.streams,
        lengths: super::tried::lengths_json(row),
        tried: super::tried::json(row),
        proven: row.beyond.as_ref().and_then(|beyond| beyond.json(bounds)),
    }
}

/// All findings; what would mend them stands with the first.
fn findings(row: &Row) -> Vec<Finding<'_>> {
    let mut all: Vec<Finding> = row.outcome.findings.iter().map(|found| finding(row, found)).collect();
    if let (Some(first), Some(suggestion)) = (all.first_mut(), &row.suggestion) {
        first.suggestion = Some(super::suggestion::json(suggestion));
    }
    all
}

fn accepted(accept: &check::Accepted) -> Accepted<'_> {
    let [at, and] = accept.places.each_ref().map(|(file, line)| Place { file, line: *line });
    Accepted { code: accept.code.number(), at, and, why: &accept.why }
}

fn thread<'r>(name: verdict::ThreadName) -> Thread<'r> {
    let verdict::ThreadName { rank, block, thread, launch, role } = name;
    Thread { rank, block, thread, launch, role: role_of(role) }
}

/// Which step's kernel a thread belongs to, or which stream it is, where a launch consists of several.
fn role_of<'r>(role: Role) -> RoleOf<'r> {
    let none = RoleOf { kernel: None, kernel_step: None, stream: None, host: None };
    match role {
        Role::Kernel { step, name } => RoleOf { kernel: Some(name), kernel_step: Some(step), ..none },
        Role::Stream(stream) => RoleOf { stream: Some(stream), ..none },
        Role::Host => RoleOf { host: Some(true), ..none },
        Role::Thread | Role::Helper(_) | Role::Copy => none,
    }
}

/// A reason; without a place where the text has none.
fn why<'r>(row: &'r Row, why: &verdict::Why) -> Why<'r> {
    let place = (!why.span.is_empty()).then(|| row.source.line_column(why.span.start));
    Why {
        kind: why.kind.name(),
        file: place.map(|_| row.source.name.as_str()),
        line: place.map(|(line, _)| line),
        message: why.message(&row.source),
    }
}

fn step<'r>(row: &'r Row, step: &'r TraceStep) -> Step<'r> {
    let verdict::ThreadName { rank, block, thread: number, launch, role } = step.thread;
    let barrier = step.meeting.as_ref().map(|meeting| Barrier {
        number: meeting.number,
        threads: meeting.threads,
        shown: meeting.shown.iter().copied().map(thread).collect(),
    });
    Step {
        step: step.step,
        rank,
        block,
        thread: number,
        launch,
        role: role_of(role),
        file: (step.line > 0).then_some(row.source.name.as_str()),
        line: step.line,
        call: (step.call > 0).then_some(step.call),
        op: &step.operation,
        kind: step.kind.name(),
        reads_from: step.reads_from,
        barrier,
        racing: step.racing,
    }
}

/// A finding by itself, for other reports: an object.
pub(super) fn value_of(row: &Row, found: &verdict::Finding) -> Value {
    serde_json::to_value(finding(row, found)).unwrap_or(Value::Null)
}

fn finding<'r>(row: &'r Row, finding: &'r verdict::Finding) -> Finding<'r> {
    let file = row.source.name.as_str();
    let places = || finding.points.iter().filter(|point| !point.span.is_empty());
    let at = |point: &verdict::Point| row.source.line_column(point.span.start);
    let source = places().next().map(|point| {
        let (line, column) = at(point);
        SourcePlace { file, line, column }
    });
    let labels = places().map(|point| {
        let (line, column) = at(point);
        LabelledPlace { file, line, column, label: &point.label, thread: point.thread.map(thread) }
    });
    Finding {
        code: finding.code.number(),
        kind: finding.code.kind(),
        message: &finding.message,
        severity: if finding.code.is_lint() { "warning" } else { "error" },
        threads: finding.points.iter().filter_map(|point| point.thread).map(thread).collect(),
        location: finding.location.as_ref().map(|at| Memory { buffer: &at.buffer, rank: at.rank, byte: at.byte }),
        source,
        labels: labels.collect(),
        why: finding.why.iter().map(|why| self::why(row, why)).collect(),
        notes: &finding.notes,
        help: finding.help.as_deref(),
        assumption: finding.assumption.as_deref(),
        trace: finding.trace.iter().map(|step| self::step(row, step)).collect(),
        replay: finding.replay.as_deref(),
        suggestion: None,
    }
}
