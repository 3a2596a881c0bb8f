//! Arguments as they are typed.

use crate::check::{Engine, Progress};
use crate::liveness::ProgressModel;
use crate::program::lengths::Lengths;
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::topology::Topology;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Is this multi-GPU kernel safe? Checks how ranks synchronise, under the PTX memory model.
#[derive(Debug, Parser)]
#[command(name = "arverify", version, propagate_version = true)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check protocols and kernels; with no target, the whole catalogue
    Check(CheckArguments),
    /// List the catalogue
    List(ListArguments),
    /// Judge litmus tests
    Litmus(LitmusArguments),
    /// Show a protocol, one column for each role
    Show(ShowArguments),
    /// Explain a code: what it means, an example, how to mend it
    Explain(ExplainArguments),
    /// Show one execution again, step by step
    Replay(ReplayArguments),
    /// Prove what holds at all sizes: layouts, epochs and peers; with no target, of the whole catalogue
    Prove(ProveArguments),
    /// Write a first LAUNCH.toml for a kernel
    InitLaunch(InitLaunchArguments),
}

/// Sizes and assumptions, for `check` and `replay`.
#[derive(Clone, Debug, Default, Args)]
pub struct BoundArguments {
    /// Ranks: 2 to 64 of a protocol, 1 to 64 of a kernel [default: 4, or what LAUNCH.toml says]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=64), value_name = "N")]
    pub ranks: Option<u32>,
    /// How the ranks of a protocol are laid out, as devices, cubes and processing elements (2x2x4), or rows and columns (4x4);
    /// says how many there are, too
    #[arg(long, value_name = "AxB…")]
    pub topology: Option<Topology>,
    /// Blocks on each rank [default: 2, or what LAUNCH.toml says]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=65_535), value_name = "N")]
    pub blocks: Option<u32>,
    /// Threads in each block [default: 8, or the number of ranks where that is more; or what LAUNCH.toml says]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1024), value_name = "N")]
    pub threads: Option<u32>,
    /// Elements of a protocol's message on each rank [default: two vectors for each thread, and a cut-off one; `check` of a
    /// protocol tries other small sizes as well, where neither these nor the threads are named]. Of a protocol with a capacity
    /// these are the most, and launches of other lengths are tried as well; a list gives the launches' lengths, in turn
    #[arg(long, value_name = "N[,N…]")]
    pub elements: Option<Lengths>,
    /// Back-to-back launches on every rank [default: 3, or one more than the sets of buffers that
    /// take turns, or what LAUNCH.toml says]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000), value_name = "N")]
    pub launches: Option<u32>,
    /// Element type of a protocol: f32, f16 or bf16 [default: f32]
    #[arg(long, value_name = "TYPE")]
    pub dtype: Option<DataType>,
    /// How a protocol sums 16-bit elements: in their own type, or in f32 and rounded once [default: own]
    #[arg(long, value_name = "HOW")]
    pub accumulate: Option<AccumulateArgument>,
    /// Blocks that a device runs at once [default: all]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..), value_name = "N")]
    pub resident_blocks: Option<u32>,
    /// Which threads the scheduler must keep running: fair, strong-fair, hsa, obe, hsa-obe, lobe or cuda [default: fair]
    #[arg(long, value_name = "MODEL")]
    pub progress: Option<Progress>,
    /// Assume what hardware is known to do and the memory model does not promise; several allowed
    #[arg(long, value_name = "ASSUMPTION")]
    pub assume: Vec<Assumption>,
    /// Seed of the random inputs
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// A variant of the protocol: its knobs, and its sizes where none are given
    #[arg(long, value_name = "NAME")]
    pub variant: Option<String>,
    /// A knob of the protocol; may be given several times
    #[arg(long, value_name = "KNOB=VALUE")]
    pub knob: Vec<String>,
    /// How a kernel in PTX or CUDA is launched
    #[arg(long, value_name = "LAUNCH.toml")]
    pub launch: Option<PathBuf>,
    #[command(flatten)]
    /// Which kernel, and how CUDA is compiled.
    pub entry: EntryArguments,
}

/// Which kernel of a file, and how CUDA is compiled, for `check`, `replay` and `init-launch`.
#[derive(Clone, Debug, Default, Args)]
pub struct EntryArguments {
    /// Name of the kernel in PTX, or a unique part of it [default: what LAUNCH.toml says]
    #[arg(long, value_name = "NAME")]
    pub kernel: Option<String>,
    /// Architecture that CUDA is compiled for [default: sm_90]
    #[arg(long, value_name = "ARCH", value_parser = architecture)]
    pub arch: Option<String>,
    /// Folder in which CUDA looks for headers; several allowed
    #[arg(short = 'I', value_name = "DIR")]
    pub include: Vec<String>,
    /// Macro that CUDA is compiled with; several allowed
    #[arg(short = 'D', value_name = "NAME[=VALUE]")]
    pub define: Vec<String>,
    /// Option for nvcc, as it is; several allowed
    #[arg(long, value_name = "FLAG", allow_hyphen_values = true)]
    pub nvcc_flag: Vec<String>,
}

impl EntryArguments {
    /// What the compiler is given besides the architecture.
    pub fn compiler_options(&self) -> Vec<String> {
        let include = self.include.iter().map(|folder| format!("-I{folder}"));
        let define = self.define.iter().map(|macro_| format!("-D{macro_}"));
        include.chain(define).chain(self.nvcc_flag.iter().cloned()).collect()
    }

    /// Options of CUDA that are given, as written.
    pub fn given(&self) -> Vec<(&'static str, &str)> {
        let arch = self.arch.iter().map(|arch| ("--arch", arch));
        let include = self.include.iter().map(|folder| ("-I", folder));
        let define = self.define.iter().map(|macro_| ("-D", macro_));
        let flags = self.nvcc_flag.iter().map(|flag| ("--nvcc-flag", flag));
        let all = arch.chain(include).chain(define).chain(flags);
        all.map(|(option, value)| (option, value.as_str())).collect()
    }
}

/// `sm_90`, `compute_90a` and their like: the compiler says whether it knows it.
fn architecture(text: &str) -> Result<String, String> {
    let known = ["sm_", "compute_"].iter().any(|prefix| text.starts_with(prefix));
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if known && plain { Ok(text.to_owned()) } else { Err("expected an architecture such as sm_90".to_owned()) }
}

/// `arverify check`
#[derive(Clone, Debug, Args)]
pub struct CheckArguments {
    /// Catalogue names, .arp files, or .ptx and .cu files with --launch
    pub targets: Vec<String>,
    #[command(flatten)]
    /// Sizes and assumptions.
    pub bounds: BoundArguments,
    /// Stop, inconclusive, after this many states
    #[arg(long, default_value_t = 100_000_000, value_parser = clap::value_parser!(u64).range(1..), value_name = "N")]
    pub max_states: u64,
    /// Stop, inconclusive, after this many seconds for each target
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..), value_name = "S")]
    pub timeout: u64,
    /// Stop, inconclusive, rather than use more memory than this
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..), value_name = "GIB")]
    pub max_memory: u64,
    /// Which engines answer: the axioms for small sizes only, as a second opinion
    #[arg(long, default_value = "operational", value_name = "ENGINE")]
    pub engine: EngineArgument,
    /// Threads: targets checked at a time and, where there are fewer, threads that explore one [default: as many as
    /// there are cores]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=256), value_name = "N")]
    pub jobs: Option<u32>,
    /// Report every finding that is independent of the others, not only the first
    #[arg(long)]
    pub all: bool,
    /// Look for the smallest change under which a target that is violated is verified: a check for each that is tried
    #[arg(long)]
    pub suggest: bool,
    /// Look for synchronisation that can be removed or weakened (AR102), and for strong accesses in no order on which nobody waits
    /// (AR103), too: a check for each operation
    #[arg(long)]
    pub lints: bool,
    /// Say what is proven for all sizes of protocols of one's own, too: seconds to a minute each
    #[arg(long)]
    pub prove: bool,
    /// Output format
    #[arg(long, default_value = "human", value_name = "FORMAT")]
    pub format: ReportFormat,
    /// Write a page with pictures, too; or, as FILE.svg, the picture of the first finding
    #[arg(long, value_name = "FILE.html")]
    pub report: Option<PathBuf>,
}

/// `arverify list`
#[derive(Clone, Debug, Args)]
pub struct ListArguments {
    /// With each protocol's variants, and the codes they get
    #[arg(long)]
    pub variants: bool,
    /// Output format
    #[arg(long, default_value = "human", value_name = "FORMAT")]
    pub format: Format,
}

/// `arverify show`
#[derive(Clone, Debug, Args)]
pub struct ShowArguments {
    /// Catalogue name or .arp file
    pub target: String,
    /// Ranks, 2 to 64
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(2..=64), value_name = "N")]
    pub ranks: u32,
    /// How the ranks are laid out, as for `check`; says how many there are, too
    #[arg(long, value_name = "AxB…", conflicts_with = "ranks")]
    pub topology: Option<Topology>,
    /// A variant of the protocol
    #[arg(long, value_name = "NAME")]
    pub variant: Option<String>,
}

/// `arverify litmus`
#[derive(Clone, Debug, Args)]
pub struct LitmusArguments {
    /// Litmus tests, or folders that hold them
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Version of the memory model
    #[arg(long, default_value = "ptx-7.5", value_name = "MODEL")]
    pub model: ModelArgument,
    /// Which engine answers
    #[arg(long, default_value = "axiomatic", value_name = "ENGINE")]
    pub engine: EngineArgument,
    /// Compare with these results; files that are not in it are passed over
    #[arg(long, value_name = "FILE.csv")]
    pub expected: Option<PathBuf>,
    /// Ask whether every execution ends, instead of the condition
    #[arg(long)]
    pub liveness: bool,
    /// Which threads the scheduler must keep running: fair, strong-fair, hsa, obe, hsa-obe, lobe, the last four also
    /// with -strong, or cuda [default: fair]
    #[arg(long, requires = "liveness", value_name = "MODEL")]
    pub progress: Option<ProgressModel>,
    /// How often a loop that changes anything goes round
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=64), value_name = "N")]
    pub passes: u32,
    /// Stop, inconclusive, after this many seconds for each test
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..), value_name = "S")]
    pub timeout: u64,
    /// Tests judged at a time [default: as many as there are cores]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=256), value_name = "N")]
    pub jobs: Option<u32>,
    /// Output format
    #[arg(long, default_value = "human", value_name = "FORMAT")]
    pub format: Format,
}

/// `arverify explain`
#[derive(Clone, Debug, Args)]
pub struct ExplainArguments {
    /// The code, as AR001; without one, all codes are listed
    pub code: Option<String>,
}

/// `arverify init-launch`
#[derive(Clone, Debug, Args)]
pub struct InitLaunchArguments {
    /// A .ptx or .cu file
    pub file: String,
    #[command(flatten)]
    /// Which kernel, and how CUDA is compiled.
    pub entry: EntryArguments,
    /// Write here instead of to standard output; a file that exists is left alone
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `arverify replay`
#[derive(Clone, Debug, Args)]
pub struct ReplayArguments {
    /// Catalogue name, .arp file, or .ptx or .cu file with --launch
    pub target: String,
    #[command(flatten)]
    /// Sizes and assumptions.
    pub bounds: BoundArguments,
    /// The choices, as a finding prints them; without one, the first execution
    #[arg(long, value_name = "SCHEDULE")]
    pub schedule: Option<String>,
}

/// `arverify prove`
#[derive(Clone, Debug, Args)]
pub struct ProveArguments {
    /// Catalogue names or .arp files
    pub targets: Vec<String>,
    /// A variant of the protocol
    #[arg(long, value_name = "NAME")]
    pub variant: Option<String>,
    /// A knob of the protocol; may be given several times
    #[arg(long, value_name = "KNOB=VALUE")]
    pub knob: Vec<String>,
    /// Ranks: from 2 to this many
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(2..=64), value_name = "N")]
    pub max_ranks: u32,
    /// Stop, inconclusive, after this many seconds for each target
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..), value_name = "S")]
    pub timeout: u64,
    /// Output format
    #[arg(long, default_value = "human", value_name = "FORMAT")]
    pub format: Format,
}

/// Versions of the memory model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ModelArgument {
    /// PTX ISA 6.0
    #[value(name = "ptx-6.0")]
    Ptx60,
    /// PTX ISA 7.5, with proxies
    #[value(name = "ptx-7.5")]
    Ptx75,
}

/// Engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EngineArgument {
    /// The axioms, decided by Z3
    Axiomatic,
    /// The machine
    Operational,
    /// Both, which must agree
    Both,
}

/// Output formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Human,
    /// One object, as docs describe it
    Json,
}

/// Output formats of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people
    Human,
    /// One object, as docs describe it
    Json,
    /// SARIF 2.1.0, for code scanners
    Sarif,
}

/// Assumptions beyond the memory model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Assumption {
    /// A kernel's strong writes carry everything that came before its launch, and strong reads of them take it
    #[value(name = "launch-boundary=system")]
    LaunchBoundarySystem,
    /// A load before a barrier has its value before what is behind it, for whoever observes that
    #[value(name = "loads=done-at-barrier")]
    LoadsDoneAtBarrier,
    /// A strong vector access of a kernel of 16 bytes or less is one access
    #[value(name = "vectors=whole")]
    VectorsWhole,
    /// A weak access of a kernel to a word that somebody accesses strongly is taken for relaxed.sys
    #[value(name = "polled-words=strong")]
    PolledWordsStrong,
}

impl From<EngineArgument> for Engine {
    fn from(argument: EngineArgument) -> Engine {
        match argument {
            EngineArgument::Axiomatic => Engine::Axiomatic,
            EngineArgument::Operational => Engine::Operational,
            EngineArgument::Both => Engine::Both,
        }
    }
}

/// How 16-bit elements are summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AccumulateArgument {
    /// Rounded after each addition
    Own,
    /// Rounded once
    F32,
}

impl From<AccumulateArgument> for Accumulate {
    fn from(argument: AccumulateArgument) -> Accumulate {
        match argument {
            AccumulateArgument::Own => Accumulate::Own,
            AccumulateArgument::F32 => Accumulate::F32,
        }
    }
}
