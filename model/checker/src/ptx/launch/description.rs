//! LAUNCH.toml as it is written: every field with its place, expressions not yet evaluated.

use super::expression::{Expression, Variable};
use super::fields;
use super::reader::{Located, Reader, Section, narrow, place};
use super::scalar::Scalar;
use super::steps::{self, WrittenStep, WrittenWork};
use crate::program::{Definition, Element};
use arverify_protocol::ir::{Reduction, Source, Span};
use arverify_protocol::language::{Diagnostic, Diagnostics};
use arverify_protocol::verdict::Code;
use std::sync::Arc;
use toml::de::DeTable;

/// Ranks that can be checked.
pub const RANK_LIMIT: u32 = 64;

/// Launches of each rank that can be checked.
pub const LAUNCH_LIMIT: u32 = 1_000_000;

/// Buffers, arguments or fields that a file may have.
pub(super) const ITEM_LIMIT: usize = 1_000;

/// A file's contents.
#[derive(Clone, Debug)]
pub struct Description {
    /// The text that every place refers to.
    pub source: Arc<Source>,
    /// What one launch consists of, in order; none where it is one kernel.
    pub steps: Vec<WrittenStep>,
    /// The entry's name or a unique part of it; none where the file has only one entry.
    pub kernel: Option<Located<String>>,
    /// Ranks.
    pub ranks: Located<u32>,
    /// Blocks of each rank: one to three numbers. Where there are steps, those of the first kernel.
    pub grid: Dimensions,
    /// Threads of each block: one to three numbers. Where there are steps, those of the first kernel.
    pub block: Dimensions,
    /// Blocks of a cluster: one to three numbers; none where the launch says nothing of clusters.
    pub cluster: Option<Dimensions>,
    /// All blocks of a rank run together, and may use the barrier of the grid.
    pub cooperative: bool,
    /// A launch may begin before the one before has ended, and where the file says so.
    pub dependent: Option<Span>,
    /// Back-to-back launches on every rank.
    pub launches: u32,
    /// Dynamic shared memory of each block.
    pub shared_bytes: Option<Expression>,
    /// Buffers, and after them their parts.
    pub buffers: Vec<Buffer>,
    /// Kernel parameters, in order.
    pub arguments: Vec<Argument>,
    /// What must hold after every launch.
    pub expectation: Option<Expectation>,
    /// Findings that are judged harmless.
    pub accepts: Vec<Accept>,
}

/// `[[accept]]`: a finding that is judged harmless.
#[derive(Clone, Debug, PartialEq)]
pub struct Accept {
    /// Its code.
    pub code: Code,
    /// Its two places: a file and a line.
    pub places: [Located<(String, u32)>; 2],
    /// Why it is harmless.
    pub why: String,
    /// The table's header.
    pub span: Span,
}

/// `n` or `[x, y, z]`
#[derive(Clone, Debug, PartialEq)]
pub struct Dimensions {
    /// One to three.
    pub axes: Vec<Expression>,
    /// Where.
    pub span: Span,
}

/// `[[buffer]]`, or a part of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Buffer {
    /// Its name, unique in the file.
    pub name: Located<String>,
    /// For a part: of which buffer, and where it lies there.
    pub within: Option<Within>,
    /// Peers can reach it.
    pub symmetric: bool,
    /// Bytes from one rank's instance to that of the next; where the file does not say, instances lie anywhere.
    pub stride: Option<Expression>,
    /// Size of each instance.
    pub bytes: Expression,
    /// Bytes from its start that a launch uses: all where the file does not say.
    pub used: Option<Expression>,
    /// Element type.
    pub element: Element,
    /// Contents before the first launch.
    pub initial: Initial,
    /// New contents before every launch.
    pub refresh: bool,
    /// The owner's host reads it after every launch; the output of `[expect]` it reads anyway.
    pub read: bool,
    /// One address stands for the instances of all ranks.
    pub multicast: bool,
    /// The table's header.
    pub span: Span,
}

impl Buffer {
    /// The expressions of its size, place and contents.
    pub(super) fn expressions(&self) -> Vec<&Expression> {
        let mut all = vec![&self.bytes];
        all.extend(&self.stride);
        all.extend(&self.used);
        all.extend(self.within.as_ref().map(|within| &within.offset));
        if let Initial::Each(value) = &self.initial {
            all.push(value);
        }
        all
    }
}

/// Where a part lies.
#[derive(Clone, Debug, PartialEq)]
pub struct Within {
    /// Index of the buffer.
    pub buffer: usize,
    /// Bytes from its start.
    pub offset: Expression,
}

/// Contents of a buffer as they are written.
#[derive(Clone, Debug, PartialEq)]
pub enum Initial {
    /// Drawn from the seed.
    Random,
    /// Zeros.
    Zero,
    /// Nobody has written it.
    Poison,
    /// Every element has this value.
    Value(Expression),
    /// The first elements, the rest zero.
    List(Vec<Expression>, Span),
    /// Each element, by its index.
    Each(Expression),
    /// Drawn from a range of integers, both ends in it.
    Between([Expression; 2]),
}

/// A kernel parameter, or a field of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// What is passed.
    pub passed: Passed,
    /// The table.
    pub span: Span,
}

/// What is passed to a kernel. Buffers are indices into [`Description::buffers`]; a part means its first byte.
#[derive(Clone, Debug, PartialEq)]
pub enum Passed {
    /// Address of an instance: this rank's, or that of `rank`; `offset` bytes further.
    Pointer {
        /// Which buffer.
        buffer: usize,
        /// Bytes from the start.
        offset: Option<Expression>,
        /// Whose instance.
        rank: Option<Expression>,
    },
    /// Address that stands for the instances of all ranks.
    Multicast {
        /// Which buffer.
        buffer: Located<usize>,
        /// Bytes from the start.
        offset: Option<Expression>,
    },
    /// Address of a table in device memory that holds the instances' addresses.
    Table {
        /// Which buffer.
        buffer: usize,
        /// Entries; those beyond the ranks are null.
        slots: Option<Expression>,
    },
    /// A value that many times, one after the other.
    Each {
        /// How many times.
        count: Expression,
        /// The value; `i` counts.
        of: Box<Argument>,
    },
    /// Address of memory of this rank that holds a value, and that nobody writes.
    Memory {
        /// The value.
        of: Box<Argument>,
    },
    /// Bytes of a structure that hold nothing.
    Pad(Expression),
    /// What follows lies so many bytes from the start of the structure.
    At(Expression),
    /// The instances' addresses in place.
    Pointers {
        /// Which buffer.
        buffer: usize,
        /// Entries; those beyond the ranks are null.
        slots: Option<Expression>,
    },
    /// A number.
    Number {
        /// Its type.
        scalar: Scalar,
        /// Its value.
        value: Expression,
    },
    /// A structure by value, laid out as C does.
    Structure(Vec<Argument>),
}

/// `[expect]`
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// The buffer that is compared.
    pub output: Located<usize>,
    /// What it is computed from.
    pub input: Located<usize>,
    /// How.
    pub equals: Definition,
    /// Bits must agree on all ranks.
    pub same_on_all_ranks: bool,
    /// +0.0 and −0.0 are two results.
    pub exact_zero: bool,
    /// The table's header.
    pub span: Span,
}

/// Definitions of an output by their words in the file; `copy` is the rank's own input, `broadcast` that of rank 0.
pub(super) const DEFINITIONS: [(&str, Definition); 7] = [
    ("sum", Definition::AllReduce(Reduction::Sum)),
    ("max", Definition::AllReduce(Reduction::Max)),
    ("min", Definition::AllReduce(Reduction::Min)),
    ("gather", Definition::AllGather),
    ("reduce-scatter", Definition::ReduceScatter(Reduction::Sum)),
    ("copy", Definition::Copy),
    ("broadcast", Definition::Broadcast),
];

/// Keys at the top of a file.
const KEYS: [&str; 14] = [
    "kernel",
    "ranks",
    "grid",
    "block",
    "cluster",
    "cooperative",
    "dependent",
    "launches",
    "shared_bytes",
    "buffer",
    "arg",
    "step",
    "expect",
    "accept",
];

/// Parses a text; `name` is what messages call it.
pub fn parse(name: &str, text: &str) -> Result<Description, Diagnostics> {
    let source = Arc::new(Source { name: name.to_owned(), text: text.to_owned() });
    let refused = |list: Vec<Diagnostic>| Diagnostics { source: source.clone(), list };
    let table = DeTable::parse(text).map_err(|error| {
        let span = narrow(error.span().unwrap_or(0..0));
        refused(vec![Diagnostic::new(format!("not TOML: {}", error.message()), span).label("here")])
    })?;
    let file = Section { entries: table.get_ref(), start: 0, end: 0, name: "the file" };
    let mut reader = Reader { text, errors: Vec::new() };
    reader.unknown_keys(file, &KEYS);
    let description = describe(&mut reader, file, &source);
    match description {
        Some(description) if reader.errors.is_empty() => Ok(description),
        _ => Err(refused(reader.errors)),
    }
}

/// Reads every field, so that every mistake is found; none if one that must be there is not.
fn describe(reader: &mut Reader<'_>, file: Section<'_, '_>, source: &Arc<Source>) -> Option<Description> {
    let kernel = file.get("kernel").map(|value| reader.string("kernel", value, "an entry's name or a part of it"));
    if let Some(Some(name)) = &kernel
        && name.value.is_empty()
    {
        reader.error(Diagnostic::new("`kernel` is empty", name.span.clone()).label("expected an entry's name"));
    }
    let ranks = reader.required(file, "ranks", "4");
    let ranks = ranks.and_then(|value| reader.number("ranks", value, 1..=RANK_LIMIT));
    let one = file.get("step").is_none();
    let [grid, block] = ["grid", "block"].map(|key| one.then(|| fields::dimensions(reader, file, key)));
    let cluster = file.get("cluster").map(|_| fields::dimensions(reader, file, "cluster"));
    let dependent = file.get("dependent").map(|value| Some((reader.flag("dependent", value)?, place(value))));
    let cooperative = file.get("cooperative").map(|value| reader.flag("cooperative", value));
    let launches = file.get("launches").map(|value| reader.number("launches", value, 1..=LAUNCH_LIMIT));
    let variables = [Variable::Rank, Variable::Ranks, Variable::Grid, Variable::Block];
    let shared_bytes = file.get("shared_bytes").map(|value| reader.expression("shared_bytes", value, &variables));
    let buffers = fields::buffers(reader, file);
    let names: Vec<&str> = buffers.iter().map(|(name, _)| name.value.as_str()).collect();
    let arguments = super::arguments::arguments(reader, file, &names);
    let expectation = file.get("expect").map(|value| fields::expectation(reader, value, &names));
    let accepts = fields::accepts(reader, file);
    let steps = steps::steps(reader, file, &names)?;
    let first = steps.iter().find_map(|step| match &step.work {
        WrittenWork::Kernel(kernel) if !kernel.checks => Some((kernel.grid.clone(), kernel.block.clone())),
        _ => None,
    });
    let (grid, block) = match first {
        Some(of_first) => of_first,
        None => (grid??, block??),
    };
    Some(Description {
        source: source.clone(),
        steps,
        kernel: lift(kernel)?,
        ranks: ranks?,
        grid,
        block,
        cluster: lift(cluster)?,
        cooperative: lift(cooperative)?.unwrap_or(false),
        dependent: lift(dependent)?.filter(|(dependent, _)| *dependent).map(|(_, span)| span),
        launches: lift(launches)?.map_or(3, |launches| launches.value),
        shared_bytes: lift(shared_bytes)?,
        buffers: buffers.into_iter().map(|(_, buffer)| buffer).collect::<Option<_>>()?,
        arguments,
        expectation: lift(expectation)?,
        accepts: accepts.into_iter().collect::<Option<_>>()?,
    })
}

/// A field that may be missing, but not wrong.
pub(super) fn lift<T>(field: Option<Option<T>>) -> Option<Option<T>> {
    match field {
        None => Some(None),
        Some(read) => read.map(Some),
    }
}
