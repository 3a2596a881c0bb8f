//! The command line: what was typed, and what it means.

use crate::compiler::Compiler;
use crate::emit::{Request, emit, verify};
use crate::error::Error;
use crate::launch::render_launch;
use crate::notation::notation;
use crate::output::{check_vacant, write};
use crate::recheck::cut_off;
use arverify_model::program::lengths::Lengths;
use arverify_protocol::catalogue;
use arverify_protocol::certificate::{Certificate, KernelEntry};
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use clap::{Args, Parser, Subcommand};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

/// Writes CUDA kernels from verified protocols.
///
/// Exit status: 0 done, 1 a protocol is violated, 2 bad input, 3 a check was inconclusive.
#[derive(Debug, Parser)]
#[command(name = "argen", version, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The protocols of the catalogue
    List,
    /// Check protocols, and write their kernels to a folder with a certificate
    Emit(EmitArguments),
    /// Print how a kernel is launched, as LAUNCH.toml: to check its PTX with `arverify check`, as it is or changed
    LaunchFile(LaunchFileArguments),
    /// Verify a folder: every byte, every source, every check
    Verify {
        /// A folder that `argen emit` wrote
        folder: PathBuf,
    },
}

#[derive(Debug, Args)]
struct EmitArguments {
    /// Catalogue names, or files that end in .arp
    #[arg(required = true)]
    names: Vec<String>,
    /// Number of ranks; may be given several times
    #[arg(long, required = true, value_parser = clap::value_parser!(u32).range(2..=64))]
    ranks: Vec<u32>,
    /// Element type, f32, f16 or bf16; may be given several times [default: all three]
    #[arg(long, value_parser = |text: &str| text.parse::<DataType>())]
    dtype: Vec<DataType>,
    /// Architecture to compile PTX for; may be given several times
    #[arg(long, default_value = "sm_90", value_parser = architecture)]
    arch: Vec<String>,
    /// Folder to write; an existing one is replaced only if it is empty or argen wrote it
    #[arg(long)]
    out: PathBuf,
    /// Threads in each block
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: u32,
    /// The most blocks that a rank will launch
    #[arg(long, default_value_t = 36, value_parser = clap::value_parser!(u32).range(1..=65535))]
    blocks: u32,
    /// Type in which 16-bit elements are summed: own or f32
    #[arg(long, default_value = "own", value_parser = accumulate)]
    accumulate: Accumulate,
    /// A knob's value; may be given several times
    #[arg(long, value_name = "KNOB=VALUE", value_parser = knob)]
    knob: Vec<(String, String)>,
    /// Emit this variant
    #[arg(long)]
    variant: Option<String>,
    /// Leave PTX out
    #[arg(long)]
    no_ptx: bool,
    /// Awaits never give up; kernels have no deadline and no status parameter
    #[arg(long)]
    no_deadline: bool,
}

#[derive(Debug, Args)]
struct LaunchFileArguments {
    /// A folder that `argen emit` wrote
    folder: PathBuf,
    /// A kernel of it, or a protocol of which it has one kernel
    kernel: String,
    /// Elements of each launch, in turn; several only of a kernel that is certified for any length [default: a message that
    /// is cut off, one length throughout]
    #[arg(long, value_name = "N,N,…", value_parser = |text: &str| text.parse::<Lengths>())]
    lengths: Option<Lengths>,
    /// The most elements that a launch may have [default: the greatest length]
    #[arg(long)]
    capacity: Option<u64>,
    /// Blocks of each rank [default: 2, or the kernel's most]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=65535))]
    blocks: Option<u32>,
    /// Launches on every rank [default: as many as there are lengths, or until buffers come round]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1000))]
    launches: Option<u32>,
}

fn architecture(text: &str) -> Result<String, String> {
    let number = text.strip_prefix("sm_").map(|rest| rest.trim_end_matches(['a', 'f']));
    match number.and_then(|number| number.parse::<u32>().ok()) {
        Some(80..=999) if !text.ends_with("aa") => Ok(text.to_owned()),
        Some(_) => Err("the kernels need sm_80 or newer".to_owned()),
        None => Err("expected something like sm_90".to_owned()),
    }
}

fn accumulate(text: &str) -> Result<Accumulate, String> {
    match text {
        "own" => Ok(Accumulate::Own),
        "f32" => Ok(Accumulate::F32),
        _ => Err("expected own or f32".to_owned()),
    }
}

fn knob(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((knob, value)) if !knob.is_empty() && !value.is_empty() => Ok((knob.to_owned(), value.to_owned())),
        _ => Err("expected KNOB=VALUE".to_owned()),
    }
}

/// Does what was asked. Results go to standard output, progress and remarks to standard error.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    match &arguments.command {
        Command::List => list(),
        Command::Emit(arguments) => run_emit(arguments),
        Command::LaunchFile(arguments) => run_launch_file(arguments),
        Command::Verify { folder } => run_verify(folder),
    }
}

fn list() -> Result<(), Error> {
    let documents = catalogue::kernels().map_err(|diagnostics| Error::Protocol(diagnostics.render(false)))?;
    let width = documents.iter().map(|document| document.name().len()).max().unwrap_or_default();
    let lines: String =
        documents.iter().map(|document| format!("{:width$}  {}\n", document.name(), document.summary())).collect();
    print(&lines);
    Ok(())
}

fn run_emit(arguments: &EmitArguments) -> Result<(), Error> {
    check_vacant(&arguments.out)?;
    let request = request(arguments);
    let certificate = emit(&request, &mut progress())?;
    write(&arguments.out, &certificate)?;
    if request.compiler.is_none() && !arguments.no_ptx {
        eprintln!(
            "note: PTX was left out: no nvcc on PATH, in $CUDA_HOME/bin or in the checkout's .cuda (`make cuda-compiler`)"
        );
    }
    let lines: String = certificate
        .kernels()
        .iter()
        .map(|kernel| format!("{}  verified in {} checks\n", kernel.entry, kernel.checks.len()))
        .collect();
    print(&format!("{lines}{}", scopes(&certificate)));
    Ok(())
}

/// What the kernels are certified for: one line, or one for each scope that names its kernels.
fn scopes(certificate: &Certificate) -> String {
    let mut scopes: Vec<(&str, Vec<&str>)> = Vec::new();
    for kernel in certificate.kernels() {
        match scopes.iter_mut().find(|(scope, _)| *scope == kernel.scope()) {
            Some((_, names)) => names.push(&kernel.entry),
            None => scopes.push((kernel.scope(), vec![&kernel.entry])),
        }
    }
    if let [(scope, _)] = scopes[..] {
        return format!("certified for {scope}\n");
    }
    scopes.iter().map(|(scope, names)| format!("{}: certified for {scope}\n", names.join(", "))).collect()
}

fn request(arguments: &EmitArguments) -> Request {
    let mut dtypes = arguments.dtype.clone();
    if dtypes.is_empty() {
        dtypes = vec![DataType::F32, DataType::F16, DataType::BF16];
    }
    Request {
        names: arguments.names.clone(),
        variant: arguments.variant.clone(),
        knobs: arguments.knob.clone(),
        ranks: without_repeats(&arguments.ranks),
        dtypes: without_repeats(&dtypes),
        accumulate: arguments.accumulate,
        threads: arguments.threads,
        max_blocks: arguments.blocks,
        deadline: !arguments.no_deadline,
        architectures: without_repeats(&arguments.arch),
        compiler: if arguments.no_ptx { None } else { Compiler::find() },
    }
}

fn without_repeats<T: Clone + PartialEq>(values: &[T]) -> Vec<T> {
    let mut kept: Vec<T> = Vec::new();
    for value in values {
        if !kept.contains(value) {
            kept.push(value.clone());
        }
    }
    kept
}

fn run_launch_file(arguments: &LaunchFileArguments) -> Result<(), Error> {
    let folder = &arguments.folder;
    let broken = |source| Error::Certificate { folder: folder.clone(), source };
    let certificate = Certificate::load(folder).map_err(broken)?;
    let entry = kernel_called(&certificate, &arguments.kernel)?;
    let protocol = certificate.protocol(entry).map_err(broken)?;
    let refused = |reason: String| Error::Usage(format!("{}: {reason}", entry.entry));
    let blocks = arguments.blocks.unwrap_or(entry.max_blocks.min(2));
    if blocks > entry.max_blocks {
        return Err(refused(format!("it is certified for at most {} blocks", entry.max_blocks)));
    }
    let lengths = arguments.lengths.unwrap_or(Lengths::one(cut_off(entry, blocks)));
    let capacity = arguments.capacity.unwrap_or(lengths.greatest());
    if !entry.takes_any_length() && (lengths.differ() || capacity != lengths.greatest()) {
        return Err(refused(format!("it is certified for launches of one length, not of {lengths} up to {capacity}")));
    }
    if lengths.greatest() > capacity {
        return Err(refused(format!("a launch of {} elements exceeds the capacity, {capacity}", lengths.greatest())));
    }
    if capacity == 0 {
        return Err(refused("the longest launch has no elements, and a buffer at least one byte".to_owned()));
    }
    for length in lengths.turns() {
        let sizes = Sizes { elements: *length, ..entry.sizes(blocks, capacity) };
        let unmet = protocol.unmet_requirement(&sizes).map_err(|error| refused(error.to_string()))?;
        if let Some(requirement) = unmet {
            let condition = notation(&requirement.condition);
            return Err(refused(format!("it requires {condition}, which does not hold at N = {length}, B = {blocks}")));
        }
    }
    let turns = lengths.turns().len() as u32;
    let launches = arguments.launches.unwrap_or(protocol.launches_to_come_round().max(turns));
    let text = render_launch(entry, &protocol, blocks, (capacity, &lengths), launches);
    print(&text.map_err(|error| refused(error.to_string()))?);
    Ok(())
}

/// The kernel with this C symbol, or the only one of this protocol.
fn kernel_called<'a>(certificate: &'a Certificate, name: &str) -> Result<&'a KernelEntry, Error> {
    if let Some(entry) = certificate.kernel(name) {
        return Ok(entry);
    }
    let mut of_protocol = certificate.kernels().iter().filter(|entry| entry.protocol == name);
    match (of_protocol.next(), of_protocol.next()) {
        (Some(entry), None) => Ok(entry),
        _ => {
            let names: Vec<&str> = certificate.kernels().iter().map(|entry| entry.entry.as_str()).collect();
            Err(Error::Usage(format!("there is no kernel `{name}`: there is {}", names.join(", "))))
        }
    }
}

fn run_verify(folder: &Path) -> Result<(), Error> {
    let certificate =
        Certificate::load(folder).map_err(|source| Error::Certificate { folder: folder.to_owned(), source })?;
    verify(&certificate, &mut progress())?;
    let (kernels, files) = (certificate.kernels().len(), certificate.manifest().files.len() + 1);
    let plural = if kernels == 1 { "" } else { "s" };
    print(&format!("{}: verified, {kernels} kernel{plural} in {files} files\n", folder.display()));
    Ok(())
}

/// Prints to standard output; a reader that has gone away is no error.
fn print(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Progress goes to a terminal only.
fn progress() -> impl FnMut(&str) {
    let terminal = std::io::stderr().is_terminal();
    move |text: &str| {
        if terminal {
            eprintln!("{text}");
        }
    }
}
