//! `[[step]]`: what one launch consists of, as it is written.
//!
//! Each table is one thing that the rank's host does, in the order of the file: it enqueues a kernel, a copy, a fill, the
//! record of an event or a wait for one on a stream, waits for a stream, or meets the hosts of the other ranks.

use super::arguments;
use super::description::{Argument, Dimensions, ITEM_LIMIT, lift};
use super::expression::{Expression, Variable};
use super::fields::{buffer_named, dimensions};
use super::reader::{Located, Reader, Section, Value, place};
use arverify_protocol::ir::Span;
use arverify_protocol::language::Diagnostic;

/// Streams are numbered up to this.
const STREAM_LIMIT: u32 = 63;

/// The key that says what a step is.
const KINDS: [&str; 8] = ["kernel", "copy", "fill", "record", "wait", "synchronize", "hosts_meet", "check"];

/// Variables of sizes and places of a copy, and of what is filled in.
const OF_COPIES: [Variable; 3] = [Variable::Rank, Variable::Ranks, Variable::Launch];

/// Keys at the top of a file that belong to the one kernel, and so to a step where there are steps.
const OF_ONE_KERNEL: [&str; 8] =
    ["kernel", "grid", "block", "cluster", "cooperative", "dependent", "shared_bytes", "arg"];

/// `[[step]]`
#[derive(Clone, Debug, PartialEq)]
pub struct WrittenStep {
    /// The number of its stream.
    pub stream: u32,
    /// What is done.
    pub work: WrittenWork,
    /// The table's header.
    pub span: Span,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum WrittenWork {
    /// Launches a kernel.
    Kernel(Box<WrittenKernel>),
    /// Copies bytes of a buffer of its rank.
    Copy(Box<WrittenCopy>),
    /// Gives every element of a buffer of its rank a value.
    Fill {
        /// Which buffer.
        buffer: Located<usize>,
        /// The value.
        value: Expression,
    },
    /// Records an event.
    Record(Located<String>),
    /// What follows on the stream follows the last record of an event.
    Wait(Located<String>),
    /// The host waits for what it has enqueued on the stream.
    Synchronise,
    /// The host goes on when those of all ranks have come here.
    HostsMeet,
}

/// A kernel of a step.
#[derive(Clone, Debug, PartialEq)]
pub struct WrittenKernel {
    /// The entry's name or a unique part of it.
    pub name: Located<String>,
    /// It checks what it sees: one thread that traps where that is wrong.
    pub checks: bool,
    /// Blocks of each rank.
    pub grid: Dimensions,
    /// Threads of each block.
    pub block: Dimensions,
    /// Blocks of a cluster.
    pub cluster: Option<Dimensions>,
    /// All blocks of a rank run together, and may use the barrier of the grid.
    pub cooperative: bool,
    /// Dynamic shared memory of each block.
    pub shared_bytes: Option<Expression>,
    /// Its parameters, in order.
    pub arguments: Vec<Argument>,
}

/// A copy of a step.
#[derive(Clone, Debug, PartialEq)]
pub struct WrittenCopy {
    /// The buffer that is written.
    pub to: Located<usize>,
    /// The buffer that is read, of the step's rank.
    pub from: Located<usize>,
    /// How many.
    pub bytes: Expression,
    /// Whose instance is written; the step's rank's where the file does not say.
    pub to_rank: Option<Expression>,
    /// Bytes from its start.
    pub to_offset: Option<Expression>,
    /// Bytes from the start of what is read.
    pub from_offset: Option<Expression>,
}

/// All steps of a file.
pub(super) fn steps(reader: &mut Reader<'_>, file: Section<'_, '_>, names: &[&str]) -> Option<Vec<WrittenStep>> {
    let sections = reader.sections(file, "step", "[[step]]");
    for key in OF_ONE_KERNEL {
        if let Some((span, _)) = file.entry(key).filter(|_| !sections.is_empty()) {
            let error = Diagnostic::new(format!("`{key}` stands beside [[step]]"), span);
            reader.error(error.label("expected in a step that launches a kernel").help(
                "with steps, each kernel has its own `kernel`, `grid`, `block` and `args`; without them, the file launches one",
            ));
        }
    }
    if let Some(section) = sections.get(ITEM_LIMIT) {
        let message = format!("a file has at most {ITEM_LIMIT} steps");
        reader.error(Diagnostic::new(message, section.span()).label("too many"));
    }
    let first = sections.first().map(Section::span);
    let read: Vec<_> = sections.into_iter().take(ITEM_LIMIT).map(|section| step(reader, section, names)).collect();
    let steps = read.into_iter().collect::<Option<Vec<_>>>()?;
    events(reader, &steps);
    let launches = |step: &WrittenStep| matches!(&step.work, WrittenWork::Kernel(kernel) if !kernel.checks);
    if let Some(first) = first
        && !steps.iter().any(launches)
    {
        let error = Diagnostic::new("no step launches a kernel", first);
        reader.error(error.label("expected a step with `kernel = \"…\"`"));
        return None;
    }
    Some(steps)
}

/// Whoever waits for an event waits for one that somebody records.
fn events(reader: &mut Reader<'_>, steps: &[WrittenStep]) {
    let recorded: Vec<&str> = steps
        .iter()
        .filter_map(|step| match &step.work {
            WrittenWork::Record(event) => Some(event.value.as_str()),
            _ => None,
        })
        .collect();
    for step in steps {
        let WrittenWork::Wait(event) = &step.work else { continue };
        if recorded.contains(&event.value.as_str()) {
            continue;
        }
        let message = format!("no step records the event `{}`", event.value.escape_debug());
        let error = Diagnostic::new(message, event.span.clone());
        let near = super::nearest(&event.value, recorded.iter().copied());
        reader.error(match near {
            Some(near) => error.label(format!("is it `{near}`?")),
            None => error.label("waited for here").help("add a step with `record = \"…\"`"),
        });
    }
}

fn step(reader: &mut Reader<'_>, section: Section<'_, '_>, names: &[&str]) -> Option<WrittenStep> {
    let chosen: Vec<&str> = KINDS.into_iter().filter(|key| section.get(key).is_some()).collect();
    let known: &[&str] = match chosen.as_slice() {
        ["kernel"] => &["kernel", "grid", "block", "args", "cluster", "cooperative", "shared_bytes", "stream"],
        ["check"] => &["check", "args", "stream"],
        [one] => &[one, "stream"],
        [] => {
            let before = reader.errors.len();
            let others = ["grid", "block", "args", "cluster", "cooperative", "shared_bytes", "stream"];
            let known: Vec<&str> = KINDS.into_iter().chain(others).collect();
            reader.unknown_keys(section, &known);
            if reader.errors.len() == before {
                let error = Diagnostic::new("[[step]] does not say what is done", section.span());
                reader.error(error.label(format!("expected one of {}", KINDS.join(", "))));
            }
            return None;
        }
        [first, second, ..] => {
            let at = section.entry(second).map_or(section.span(), |(span, _)| span);
            let error = Diagnostic::new(format!("[[step]] has both `{first}` and `{second}`"), at);
            reader.error(error.label("a step is one thing").help("write a [[step]] for each, in order"));
            return None;
        }
    };
    if let Some((span, _)) = section.entry("dependent") {
        let error = Diagnostic::new("`dependent` is not known for steps", span);
        reader.error(error.label("launches that depend on each other are those of a file without steps"));
    } else {
        reader.unknown_keys(section, known);
    }
    let stream = match section.get("stream") {
        None => Some(0),
        Some(value) => reader.number("stream", value, 0..=STREAM_LIMIT).map(|stream| stream.value),
    };
    let work = work(reader, section, chosen[0], names);
    Some(WrittenStep { stream: stream?, work: work?, span: section.span() })
}

fn work(reader: &mut Reader<'_>, section: Section<'_, '_>, kind: &str, names: &[&str]) -> Option<WrittenWork> {
    let value = section.get(kind)?;
    Some(match kind {
        "kernel" => WrittenWork::Kernel(Box::new(kernel(reader, section, value, names)?)),
        "check" => WrittenWork::Kernel(Box::new(check(reader, section, value, names)?)),
        "copy" => WrittenWork::Copy(Box::new(copy(reader, value, names)?)),
        "fill" => fill(reader, value, names)?,
        "record" => WrittenWork::Record(name(reader, kind, value, "an event's name")?),
        "wait" => WrittenWork::Wait(name(reader, kind, value, "an event's name")?),
        _ => {
            if !reader.flag(kind, value)? {
                let error = Diagnostic::new(format!("`{kind} = false` does nothing"), place(value));
                reader.error(error.label(format!("expected `{kind} = true`, or no such step")));
                return None;
            }
            if kind == "synchronize" { WrittenWork::Synchronise } else { WrittenWork::HostsMeet }
        }
    })
}

/// A string that is not empty.
fn name(reader: &mut Reader<'_>, key: &str, value: &Value<'_>, expected: &str) -> Option<Located<String>> {
    let name = reader.string(key, value, expected)?;
    if name.value.is_empty() {
        let error = Diagnostic::new(format!("`{key}` is empty"), name.span.clone());
        reader.error(error.label(format!("expected {expected}")));
        return None;
    }
    Some(name)
}

fn kernel(
    reader: &mut Reader<'_>,
    section: Section<'_, '_>,
    value: &Value<'_>,
    names: &[&str],
) -> Option<WrittenKernel> {
    let name = name(reader, "kernel", value, "an entry's name or a part of it");
    let grid = dimensions(reader, section, "grid");
    let block = dimensions(reader, section, "block");
    let cluster = section.get("cluster").map(|_| dimensions(reader, section, "cluster"));
    let cooperative = section.get("cooperative").map_or(Some(false), |value| reader.flag("cooperative", value));
    let variables = [Variable::Rank, Variable::Ranks, Variable::Grid, Variable::Block];
    let shared_bytes = section.get("shared_bytes").map(|value| reader.expression("shared_bytes", value, &variables));
    let arguments = arguments::of_step(reader, section, names);
    Some(WrittenKernel {
        name: name?,
        checks: false,
        grid: grid?,
        block: block?,
        cluster: lift(cluster)?,
        cooperative: cooperative?,
        shared_bytes: lift(shared_bytes)?,
        arguments: arguments?,
    })
}

fn check(
    reader: &mut Reader<'_>,
    section: Section<'_, '_>,
    value: &Value<'_>,
    names: &[&str],
) -> Option<WrittenKernel> {
    let name = name(reader, "check", value, "an entry's name or a part of it");
    let arguments = arguments::of_step(reader, section, names);
    let one = || Dimensions { axes: vec![Expression::whole(1, section.span())], span: section.span() };
    Some(WrittenKernel {
        name: name?,
        checks: true,
        grid: one(),
        block: one(),
        cluster: None,
        cooperative: false,
        shared_bytes: None,
        arguments: arguments?,
    })
}

fn copy(reader: &mut Reader<'_>, value: &Value<'_>, names: &[&str]) -> Option<WrittenCopy> {
    let section = reader.section("`copy`", value, "{ to = \"comm\", from = \"input\", bytes = 64 }")?;
    reader.unknown_keys(section, &["to", "from", "bytes", "to_rank", "to_offset", "from_offset"]);
    let mut buffer = |key: &str, example: &str| {
        let value = reader.required(section, key, example)?;
        buffer_named(reader, key, value, names)
    };
    let (to, from) = (buffer("to", "\"comm\""), buffer("from", "\"input\""));
    let bytes = reader.required(section, "bytes", "64");
    let bytes = bytes.and_then(|value| reader.expression("bytes", value, &OF_COPIES));
    let mut optional = |key: &str| section.get(key).map(|value| reader.expression(key, value, &OF_COPIES));
    let [to_rank, to_offset, from_offset] = ["to_rank", "to_offset", "from_offset"].map(&mut optional);
    Some(WrittenCopy {
        to: to?,
        from: from?,
        bytes: bytes?,
        to_rank: lift(to_rank)?,
        to_offset: lift(to_offset)?,
        from_offset: lift(from_offset)?,
    })
}

fn fill(reader: &mut Reader<'_>, value: &Value<'_>, names: &[&str]) -> Option<WrittenWork> {
    let section = reader.section("`fill`", value, "{ buffer = \"flags\", value = 0 }")?;
    reader.unknown_keys(section, &["buffer", "value"]);
    let buffer = reader.required(section, "buffer", "\"flags\"");
    let buffer = buffer.and_then(|value| buffer_named(reader, "buffer", value, names));
    let value = reader.required(section, "value", "0");
    let value = value.and_then(|value| reader.expression("value", value, &OF_COPIES));
    Some(WrittenWork::Fill { buffer: buffer?, value: value? })
}
