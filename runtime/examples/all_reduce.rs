//! Runs an all-reduce many times with changing inputs, compares every result, and prints how long it took.
//!
//! What is compared is what the protocol promises. Sums in the order of ranks are compared in every bit with a serial one.
//! A ring, a tree or a mesh adds up in another order: its result must be within rounding of the serial sum and, where the
//! protocol promises that, the same in every bit on all ranks.
//!
//! Ranks run on threads of their own, as in an application. Exit status: 0 all results right, 1 a wrong result or a
//! deadline, 2 bad input.

use arverify_protocol::data::input_element;
use arverify_protocol::ir::Reduction;
use arverify_runtime::{
    Accumulate, Algorithm, Backend, Collective, Cpu, Cuda, DataType, Error, Group, Kernels, Kill, Number, Settings,
};
use clap::{Parser, ValueEnum};
use half::{bf16, f16};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Barrier, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// All-reduce with certified kernels, checked bit by bit.
#[derive(Parser, Debug)]
#[command(name = "all_reduce")]
struct Arguments {
    /// Ranks.
    #[arg(long, default_value_t = 4)]
    ranks: u32,
    /// Elements of the message on each rank.
    #[arg(long, default_value_t = 4096)]
    elements: u64,
    /// f32, f16 or bf16.
    #[arg(long, default_value = "f32")]
    dtype: DataType,
    /// Where to run.
    #[arg(long, value_enum, default_value_t = BackendName::Cpu)]
    backend: BackendName,
    /// Calls; each with new inputs.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    iters: u32,
    /// Blocks of each rank; left out, the back end chooses.
    #[arg(long)]
    blocks: Option<u32>,
    /// Threads of each block; left out, the back end chooses.
    #[arg(long)]
    threads: Option<u32>,
    /// auto, or the name of a protocol such as one-shot or two-shot.
    #[arg(long, default_value = "auto")]
    algorithm: Algorithm,
    /// Sum 16-bit elements in f32 and round once.
    #[arg(long)]
    wide: bool,
    /// How long a wait may last.
    #[arg(long, default_value_t = 10_000)]
    deadline_ms: u64,
    /// A folder written by `argen emit`; left out, the bundled kernels.
    #[arg(long)]
    kernels: Option<PathBuf>,
    /// Devices for the ranks, in turn; left out, every device there is.
    #[arg(long, value_delimiter = ',')]
    devices: Vec<u32>,
    /// Fault injection: this rank dies.
    #[arg(long)]
    kill_rank: Option<u32>,
    /// Fault injection: in this call, counted from 0.
    #[arg(long, default_value_t = 0, requires = "kill_rank")]
    kill_at: u64,
    /// Fault injection: having performed this many operations of it.
    #[arg(long, default_value_t = 4, requires = "kill_rank")]
    kill_after: u64,
    /// What the inputs are drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum BackendName {
    Cpu,
    Cuda,
}

/// In which order a protocol of the catalogue sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// That of the ranks.
    Ranks,
    /// Another, the same for all ranks.
    Same,
    /// Each rank in one of its own.
    Own,
}

impl Order {
    /// Every protocol but these sums in the order of ranks, or claims to.
    fn of(protocol: &str) -> Order {
        match protocol {
            "ring" | "channel-tree" => Order::Same,
            "channel-ring" | "channel-mesh" => Order::Own,
            _ => Order::Ranks,
        }
    }

    fn described(self) -> &'static str {
        match self {
            Order::Ranks => "every bit right on every rank",
            Order::Same => "the same bits on every rank, within rounding of the sum in rank order",
            Order::Own => "within rounding of the sum in rank order on every rank",
        }
    }
}

/// Why the program ends without success.
enum Failure {
    BadInput(String),
    Failed(String),
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) if error.use_stderr() => {
            // One line: what is wrong. The usage is behind --help.
            let text = error.to_string();
            eprintln!("{}", text.lines().next().unwrap_or("error: bad arguments"));
            return ExitCode::from(2);
        }
        Err(help) => {
            print!("{help}");
            return ExitCode::SUCCESS;
        }
    };
    let outcome = match arguments.backend {
        BackendName::Cpu => by_type::<Cpu>(&arguments),
        BackendName::Cuda => by_type::<Cuda>(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::BadInput(message)) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
        Err(Failure::Failed(message)) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn by_type<B: Backend>(arguments: &Arguments) -> Result<(), Failure> {
    match arguments.dtype {
        DataType::F32 => run::<B, f32>(arguments),
        DataType::F16 => run::<B, f16>(arguments),
        DataType::BF16 => run::<B, bf16>(arguments),
    }
}

fn run<B: Backend, N: Number>(arguments: &Arguments) -> Result<(), Failure> {
    let bad = |error: Error| Failure::BadInput(error.to_string());
    let kernels = match &arguments.kernels {
        Some(folder) => Kernels::load(folder).map_err(bad)?,
        None => Kernels::bundled().map_err(bad)?,
    };
    let same_on_all_ranks = match &arguments.algorithm {
        Algorithm::Protocol(name) => Order::of(name) != Order::Own,
        _ => true,
    };
    let settings = Settings {
        same_on_all_ranks,
        blocks: arguments.blocks,
        threads: arguments.threads,
        algorithm: arguments.algorithm.clone(),
        accumulate: if arguments.wide { Accumulate::F32 } else { Accumulate::Own },
        deadline: Duration::from_millis(arguments.deadline_ms),
        devices: arguments.devices.clone(),
        ..Settings::new(arguments.ranks, N::DATA, arguments.elements)
    };
    let group = Group::<B>::new(&kernels, &settings).map_err(bad)?;
    if let Some(rank) = arguments.kill_rank {
        group.rank(rank).map_err(bad)?;
        let (call, after_operations) = (arguments.kill_at, arguments.kill_after);
        group.inject(Some(Kill { rank, call, after_operations }));
    }
    let (outcomes, times) = drive::<B, N>(arguments, &group, settings.accumulate);
    let failures: Vec<String> = outcomes.into_iter().filter_map(Result::err).collect();
    if !failures.is_empty() {
        return Err(Failure::Failed(failures.join("\nerror: ")));
    }
    report::<B>(arguments, &group, times);
    Ok(())
}

/// What the threads of the ranks share.
struct Shared<'a, B: Backend, N> {
    arguments: &'a Arguments,
    group: &'a Group<B>,
    accumulate: Accumulate,
    meeting: Barrier,
    order: Order,
    /// The sum in rank order and how far another order may lie from it, in as many parts as there are ranks; each computes
    /// one.
    expected: Vec<RwLock<Vec<(N, f64)>>>,
    /// What rank 0 got, where all must get the same.
    first: RwLock<Vec<N>>,
}

/// Every rank on a thread of its own: the outcome of each, and for each call how long the slowest rank took.
fn drive<B: Backend, N: Number>(
    arguments: &Arguments,
    group: &Group<B>,
    accumulate: Accumulate,
) -> (Vec<Result<(), String>>, Vec<Duration>) {
    let meeting = Barrier::new(arguments.ranks as usize);
    let expected = (0..arguments.ranks).map(|_| RwLock::default()).collect();
    let protocol = group.protocol(Collective::AllReduce, arguments.elements).unwrap_or_default();
    let (order, first) = (Order::of(protocol), RwLock::default());
    let shared: Shared<'_, B, N> = Shared { arguments, group, accumulate, meeting, order, expected, first };
    let shared = &shared;
    let ranks = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..arguments.ranks).map(|rank| scope.spawn(move || shared.drive(rank))).collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined.map(|outcome| outcome.unwrap_or_else(|_| (Err("a thread panicked".to_owned()), Vec::new()))).collect()
    });
    let (outcomes, times): (Vec<_>, Vec<Vec<Duration>>) = Vec::into_iter(ranks).unzip();
    let calls = times.iter().map(Vec::len).min().unwrap_or(0);
    let slowest = (0..calls).map(|call| times.iter().map(|times| times[call]).max().unwrap_or_default());
    (outcomes, slowest.collect())
}

impl<B: Backend, N: Number> Shared<'_, B, N> {
    /// All calls of one rank. A rank that failed goes on meeting the others, and does nothing else.
    fn drive(&self, rank: u32) -> (Result<(), String>, Vec<Duration>) {
        let mut times = Vec::new();
        let mut outcome = Ok(());
        let mut input = vec![N::default(); self.arguments.elements as usize];
        let mut output = input.clone();
        let mut handle = self.group.rank(rank);
        for call in 0..self.arguments.iters {
            for (index, element) in input.iter_mut().enumerate() {
                *element = N::from_bits(self.bits(rank, call, index));
            }
            output.fill(N::default());
            self.expect(rank, call);
            // Two meetings, so that the time of a call holds nobody's preparing or comparing.
            self.meeting.wait();
            let start = Instant::now();
            let result = match (&outcome, &mut handle) {
                (Err(_), _) => Ok(()),
                (Ok(()), Ok(handle)) => handle.all_reduce(&input, &mut output),
                (Ok(()), Err(error)) => Err(error.clone()),
            };
            let time = start.elapsed();
            if rank == 0 && self.order == Order::Same {
                self.first.write().unwrap_or_else(PoisonError::into_inner).clone_from(&output);
            }
            self.meeting.wait();
            if outcome.is_ok() {
                times.push(time);
                outcome = result.map_err(|error| error.to_string()).and_then(|()| self.compare(&output));
                outcome = outcome.map_err(|error| format!("rank {rank}, call {call}: {error}"));
            }
            self.meeting.wait();
        }
        (outcome, times)
    }

    fn bits(&self, rank: u32, call: u32, index: usize) -> u32 {
        input_element(N::DATA, self.arguments.seed, rank, call, index as u64)
    }

    /// Where the part of the result that a rank computes begins.
    fn part(&self, rank: u32) -> usize {
        (self.arguments.elements * u64::from(rank) / u64::from(self.arguments.ranks)) as usize
    }

    fn expect(&self, rank: u32, call: u32) {
        let ranks = self.arguments.ranks;
        let sum = |index| {
            let sources = || (0..ranks).map(|source| self.bits(source, call, index));
            let serial = N::from_bits(N::DATA.fold(Reduction::Sum, self.accumulate, sources()));
            let magnitudes: f64 = sources().map(|bits| f64::from(N::DATA.to_f32(bits)).abs()).sum();
            // Each of two sums is off by at most half a unit in the last place for every addition.
            (serial, 2.0 * f64::from(ranks) * half_unit(N::DATA) * magnitudes)
        };
        let part = (self.part(rank)..self.part(rank + 1)).map(sum).collect();
        *self.expected[rank as usize].write().unwrap_or_else(PoisonError::into_inner) = part;
    }

    fn compare(&self, output: &[N]) -> Result<(), String> {
        let value = |number: &N| N::DATA.to_f32(number.to_bits());
        for (rank, expected) in self.expected.iter().enumerate() {
            let expected = expected.read().unwrap_or_else(PoisonError::into_inner);
            let first = self.part(rank as u32);
            let right = |found: &N, wanted: &N, bound: f64| match self.order {
                Order::Ranks => found.to_bits() == wanted.to_bits(),
                Order::Same | Order::Own => (f64::from(value(found)) - f64::from(value(wanted))).abs() <= bound,
            };
            let mut pairs = output[first..].iter().zip(expected.iter()).enumerate();
            if let Some((index, (found, (wanted, _)))) =
                pairs.find(|(_, (found, (wanted, bound)))| !right(found, wanted, *bound))
            {
                let (found, wanted) = (value(found), value(wanted));
                return Err(format!("element {} is {found} and should be {wanted}", first + index));
            }
        }
        let first = self.first.read().unwrap_or_else(PoisonError::into_inner);
        let mut pairs = output.iter().zip(first.iter()).enumerate();
        match pairs.find(|(_, (found, other))| found.to_bits() != other.to_bits()) {
            Some((index, (found, other))) if self.order == Order::Same => {
                Err(format!("element {index} is {} here and {} on rank 0", value(found), value(other)))
            }
            _ => Ok(()),
        }
    }
}

/// Half a unit in the last place of 1.
fn half_unit(data: DataType) -> f64 {
    match data {
        DataType::F32 => 2f64.powi(-24),
        DataType::F16 => 2f64.powi(-11),
        DataType::BF16 => 2f64.powi(-8),
    }
}

fn report<B: Backend>(arguments: &Arguments, group: &Group<B>, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
    let (median, p99) = (at(0.5), at(0.99));
    let bytes = arguments.elements * u64::from(arguments.dtype.bytes());
    let bandwidth = bytes as f64 / median.as_secs_f64() / 1e9;
    let protocol = group.protocol(Collective::AllReduce, arguments.elements).unwrap_or_default();
    println!(
        "{} {} ranks {} blocks {} threads {} elements {} {} iters {}: {}; \
         median {:.1} µs, p99 {:.1} µs, {bandwidth:.3} GB/s",
        B::NAME,
        protocol,
        arguments.ranks,
        group.blocks(),
        group.threads(Collective::AllReduce, arguments.elements).unwrap_or_default(),
        arguments.elements,
        arguments.dtype,
        arguments.iters,
        Order::of(protocol).described(),
        median.as_secs_f64() * 1e6,
        p99.as_secs_f64() * 1e6,
    );
}
