//! What arguments mean: targets are found and read, variants and sizes resolved.

use super::InputError;
use super::arguments::{Assumption, BoundArguments};
use crate::check::{CheckError, Fixed, Options, Progress, small_sizes};
use crate::program::lengths::Lengths;
use arverify_protocol::catalogue;
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::Protocol;
use arverify_protocol::language::{self, Configuration, Document, Expected, Label, Message, Severity};
use arverify_protocol::topology::Topology;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

/// A protocol file larger than this is refused before it is read.
const LARGEST_FILE: u64 = 1 << 20;

/// Finds a target in the catalogue, or reads it from a file.
pub(super) fn document(target: &str) -> Result<Document, InputError> {
    if let Some(found) = catalogue::find(target) {
        return found.map_err(InputError::from);
    }
    let path = Path::new(target);
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("arp") => {}
        Some("ptx" | "cu") => {
            return Err(InputError::message(format!(
                "`{target}` is a kernel: `arverify check` and `arverify replay` take it, with --launch"
            )));
        }
        _ => {
            return Err(InputError::message(format!(
                "unknown protocol `{target}`{}: expected a name that `arverify list` prints, or a file NAME.arp",
                suggestion(target)
            )));
        }
    }
    let text = read_text(target, LARGEST_FILE, "a protocol")?;
    Ok(language::parse(target, &text)?)
}

/// Reads a file of at most so many bytes; `what` says what it is for.
pub(super) fn read_text(file: &str, largest: u64, what: &str) -> Result<String, InputError> {
    let size = size_of(file)?;
    if size > largest {
        return Err(InputError::message(format!("`{file}` has {size} bytes: {what} has at most {largest}")));
    }
    std::fs::read_to_string(file).map_err(|error| unreadable(file, &error))
}

/// Bytes of a file, which must be there.
pub(super) fn size_of(file: &str) -> Result<u64, InputError> {
    std::fs::metadata(file).map(|data| data.len()).map_err(|error| unreadable(file, &error))
}

fn unreadable(file: &str, error: &std::io::Error) -> InputError {
    InputError::message(format!("cannot read `{file}`: {error}"))
}

fn suggestion(target: &str) -> String {
    let close = |name: &&str| {
        let shared = name.chars().zip(target.chars()).take_while(|(left, right)| left == right).count();
        shared >= 3 || name.contains(target) || target.contains(*name)
    };
    let mut names = catalogue::TEXTS.iter().map(|(name, _)| *name);
    names.find(close).map_or(String::new(), |name| format!(" (is it `{name}`?)"))
}

/// A protocol with its sizes, ready to be checked.
pub(super) struct Target {
    /// As it was named.
    pub(super) name: String,
    /// The variant chosen.
    pub(super) variant: Option<String>,
    /// Knobs chosen on the command line.
    pub(super) knobs: Vec<(String, String)>,
    /// The topology chosen.
    pub(super) topology: Option<Topology>,
    /// The text.
    pub(super) document: Document,
    /// Every knob that is not at its first value, by the variant or the command line.
    pub(super) chosen: Vec<(String, String)>,
    /// The protocol.
    pub(super) protocol: Protocol,
    /// Sizes and assumptions.
    pub(super) options: Options,
    /// Other sizes that a check tries, because none were named.
    pub(super) others: Vec<Sizes>,
    /// What the variant is known to get.
    pub(super) expected: Option<Expected>,
}

/// A command about a target, without sizes.
pub(super) fn command(verb: &str, target: &Target) -> String {
    let mut command = format!("arverify {verb} {}", target.name);
    if let Some(variant) = &target.variant {
        let _ = write!(command, " --variant {variant}");
    }
    for (knob, value) in &target.knobs {
        let _ = write!(command, " --knob {knob}={value}");
    }
    command
}

/// Resolves a target as the arguments say.
pub(super) fn target(name: &str, bounds: &BoundArguments) -> Result<Target, InputError> {
    let document = document(name)?;
    let mut assignments: Vec<(String, String)> = Vec::new();
    let mut configuration = Configuration::default();
    let mut expected = None;
    if let Some(wanted) = &bounds.variant {
        let variant = document.variant(wanted).ok_or_else(|| {
            let known: Vec<&str> = document.variants().iter().map(|variant| variant.name.as_str()).collect();
            let known =
                if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
            InputError::message(format!("`{name}` has no variant `{wanted}`: {known}"))
        })?;
        assignments.extend(variant.assignments.iter().cloned());
        configuration = variant.configuration.clone();
        expected = Some(variant.expected.clone());
    }
    let mut knobs = Vec::new();
    for knob in &bounds.knob {
        let (knob, value) =
            knob.split_once('=').ok_or_else(|| InputError::message(format!("`--knob {knob}`: expected KNOB=VALUE")))?;
        if knobs.iter().any(|(known, _)| known == knob) {
            return Err(InputError::message(format!("`--knob {knob}` is given twice")));
        }
        if assignments.iter().any(|(known, chosen)| known == knob && chosen != value) {
            let variant = bounds.variant.as_deref().unwrap_or_default();
            return Err(InputError::message(format!("`--knob {knob}={value}` contradicts `--variant {variant}`")));
        }
        assignments.retain(|(known, _)| known != knob);
        assignments.push((knob.to_owned(), value.to_owned()));
        knobs.push((knob.to_owned(), value.to_owned()));
    }
    let chosen: Vec<(&str, &str)> = assignments.iter().map(|(knob, value)| (knob.as_str(), value.as_str())).collect();
    let topology = bounds.topology.as_ref();
    let protocol = document.resolve_at(&chosen, topology)?;
    if let Some(lengths) = bounds.elements.filter(|lengths| lengths.turns().len() > 1 && !protocol.varies) {
        let why = "it has one length for all launches (`elements N`, without `up to C`)";
        return Err(InputError::message(format!("`{name}` cannot take --elements {lengths}: {why}")));
    }
    let ranks = bounds.ranks.map_or_else(|| topology.map(ranks_of).transpose(), |ranks| Ok(Some(ranks)))?;
    let options = options(bounds, ranks, &configuration, &protocol);
    let others = other_sizes(bounds, &configuration, &protocol, &options.sizes);
    let (variant, topology) = (bounds.variant.clone(), topology.cloned());
    let (name, chosen) = (name.to_owned(), assignments);
    Ok(Target { name, variant, knobs, topology, document, chosen, protocol, options, others, expected })
}

/// Sizes beside the default ones, where neither threads nor elements were named.
fn other_sizes(
    bounds: &BoundArguments,
    configuration: &Configuration,
    protocol: &Protocol,
    default: &Sizes,
) -> Vec<Sizes> {
    let threads = bounds.threads.is_some() || configuration.threads.is_some();
    if threads || bounds.elements.is_some() || configuration.elements.is_some() {
        return Vec::new();
    }
    let Sizes { ranks, data, accumulate, .. } = *default;
    let blocks = bounds.blocks.or(configuration.blocks);
    let mut others = small_sizes(protocol, &Fixed { ranks, data, accumulate, blocks, max_blocks: u32::MAX });
    others.retain(|sizes| sizes != default);
    others
}

/// How many ranks a topology has, if a protocol may have as many.
pub(super) fn ranks_of(topology: &Topology) -> Result<u32, InputError> {
    let ranks = topology.ranks();
    if (2..=64).contains(&ranks) {
        return Ok(ranks);
    }
    Err(InputError::message(format!("`--topology {topology}`: a protocol has 2 to 64 ranks, not {ranks}")))
}

/// Sizes: what was typed, else what the variant names, else the defaults.
fn options(bounds: &BoundArguments, ranks: Option<u32>, configuration: &Configuration, protocol: &Protocol) -> Options {
    let ranks = ranks.or(configuration.ranks).unwrap_or(4);
    let mut blocks = bounds.blocks.or(configuration.blocks).unwrap_or(2);
    let mut threads = bounds.threads.or(configuration.threads).unwrap_or(8.max(ranks));
    if protocol.is_host_program() {
        // It has streams, and no blocks of threads.
        (blocks, threads) = (1, 1);
    }
    let data = bounds.dtype.unwrap_or(DataType::F32);
    let accumulate = bounds.accumulate.map_or(Accumulate::Own, Accumulate::from);
    let vector = u64::from(data.vector());
    let elements = bounds
        .elements
        .map(|lengths| lengths.greatest())
        .or(configuration.elements.map(u64::from))
        .unwrap_or_else(|| 2 * u64::from(blocks) * u64::from(threads) * vector + vector - 1);
    let named = configuration.progress.as_ref().and_then(|name| name.parse().ok());
    let assumptions = assumptions(bounds);
    Options {
        sizes: Sizes { ranks, blocks, threads, elements, capacity: elements, data, accumulate },
        lengths: bounds.elements.filter(|lengths| lengths.turns().len() > 1),
        launches: bounds.launches.or(configuration.launches).unwrap_or_else(|| protocol.launches_to_come_round()),
        resident_blocks: bounds.resident_blocks.or(configuration.resident_blocks),
        progress: bounds.progress.or(named).unwrap_or(Progress::Fair),
        ..assumptions
    }
}

/// What was typed that does not depend on the target; the sizes are the least there are.
pub(super) fn assumptions(bounds: &BoundArguments) -> Options {
    let (data, accumulate) = (DataType::F32, Accumulate::Own);
    let sizes = Sizes { ranks: 1, blocks: 1, threads: 1, elements: 0, capacity: 0, data, accumulate };
    Options {
        launches: bounds.launches.unwrap_or(3),
        seed: bounds.seed,
        resident_blocks: bounds.resident_blocks,
        progress: bounds.progress.unwrap_or(Progress::Fair),
        boundary_publishes: bounds.assume.contains(&Assumption::LaunchBoundarySystem),
        loads_done: bounds.assume.contains(&Assumption::LoadsDoneAtBarrier),
        whole_vectors: bounds.assume.contains(&Assumption::VectorsWhole),
        polled_words: bounds.assume.contains(&Assumption::PolledWordsStrong),
        timeout: Some(Duration::from_secs(600)),
        ..Options::new(sizes)
    }
}

/// A check that could not start, in words.
pub(super) fn refusal(target: &Target, error: &CheckError) -> InputError {
    let CheckError::Requirement { span } = error else {
        return InputError::message(format!("`{}`: {error}", target.name));
    };
    let Sizes { ranks, blocks, threads, elements, .. } = target.options.sizes;
    let elements = target.options.lengths.unwrap_or(Lengths::one(elements));
    let message = Message {
        severity: Severity::Error,
        code: None,
        title: error.to_string(),
        labels: vec![Label { span: span.clone(), text: "not met".to_owned(), primary: true }],
        notes: vec![format!("the sizes are: ranks {ranks}, blocks {blocks}, threads {threads}, elements {elements}")],
        help: Vec::new(),
    };
    InputError::Text { text: target.protocol.source.clone(), messages: vec![message] }
}
