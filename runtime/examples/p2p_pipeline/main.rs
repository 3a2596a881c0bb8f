//! All-gather overlapped with a matrix product, as a host program on streams: C = A·B, where A lies in parts of rows on P
//! ranks, and each rank multiplies one part while it receives the next.
//!
//! The program has the structure of the catalogue's host protocol `p2p-pipeline`, for mapped memory:
//!
//! ```text
//! the caller's stream produces this rank's part of A, and says so (event); ranks exchange handles
//! every stream waits for that                                              (initial wait)
//! for i in 0..P:  stream i mod S;  tile = (r + i) mod P
//!     i > 0:  wait until the tile's owner has produced it; copy it to the stream's buffer
//!     C[tile] = A[tile]·B on that stream, whose order keeps the buffer until step i + S
//! the caller's stream waits for every stream                               (join), then reads C
//! ```
//!
//! It is run beside the same work one after the other: receive everything, then multiply. Both results are compared with
//! a serial product, and both times are printed. Exit status: 0 the products are right, 1 one is not, 2 bad input.
//! Where there is no GPU, `--backend cuda` prints SKIPPED.

mod cpu;
mod cuda;
mod shape;

use clap::{Parser, ValueEnum};
use shape::{Problem, Shape};
use std::process::ExitCode;
use std::time::Duration;

/// All-gather overlapped with a matrix product, checked against a serial product.
#[derive(Parser, Debug)]
#[command(name = "p2p_pipeline")]
struct Arguments {
    /// Ranks; those of the CUDA back end share devices where there are fewer.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(2..=64))]
    ranks: u32,
    /// Rows of A and of C, in all.
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=65536))]
    m: u32,
    /// Columns of B and of C.
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=65536))]
    n: u32,
    /// Columns of A, rows of B.
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=65536))]
    k: u32,
    /// Streams of each rank.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=64))]
    streams: u32,
    /// Where to run.
    #[arg(long, value_enum, default_value_t = BackendName::Cpu)]
    backend: BackendName,
    /// Runs of either kind; the median time counts.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    iters: u32,
    /// What the matrices are drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum BackendName {
    Cpu,
    Cuda,
}

/// How the work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Schedule {
    /// Each tile is received while others are multiplied.
    Overlapped,
    /// Every tile is received before any is multiplied.
    OneAfterTheOther,
}

/// Somewhere to run: every rank's C, row by row, and how long the slowest rank took.
pub(crate) trait Platform {
    fn run(&mut self, schedule: Schedule) -> Result<(Vec<Vec<f32>>, Duration), String>;
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
    let Arguments { ranks, m, n, k, streams, .. } = arguments;
    let shape = Shape { ranks, m: m as usize, n: n as usize, k: k as usize, streams };
    if let BackendName::Cuda = arguments.backend
        && let Err(reason) = cuda::available()
    {
        println!("SKIPPED: CUDA is not available: {reason}");
        return ExitCode::SUCCESS;
    }
    let problem = Problem::new(shape, arguments.seed);
    let outcome = match arguments.backend {
        BackendName::Cpu => compare("cpu", &arguments, &problem, &mut cpu::Cpu::new(&problem)),
        BackendName::Cuda => {
            cuda::Cuda::new(&problem).and_then(|mut platform| compare("cuda", &arguments, &problem, &mut platform))
        }
    };
    match outcome {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Both schedules in turn, each checked; what to print.
fn compare(
    name: &str,
    arguments: &Arguments,
    problem: &Problem,
    platform: &mut impl Platform,
) -> Result<String, String> {
    let mut times = [Vec::new(), Vec::new()];
    // The first run of each also loads and allocates: it is checked and not timed.
    for iteration in 0..=arguments.iters {
        for (schedule, times) in [Schedule::Overlapped, Schedule::OneAfterTheOther].into_iter().zip(&mut times) {
            let (products, time) = platform.run(schedule)?;
            for (rank, product) in products.iter().enumerate() {
                problem.check(product).map_err(|error| format!("rank {rank}, {schedule:?}: {error}"))?;
            }
            if iteration > 0 {
                times.push(time);
            }
        }
    }
    let [overlapped, in_turn] = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64() * 1e3
    });
    let Shape { ranks, m, n, k, streams } = problem.shape;
    Ok(format!(
        "{name} {ranks} ranks {streams} streams C[{m}x{n}] = A[{m}x{k}] B[{k}x{n}] f32: every element right on every rank; \
         overlapped {overlapped:.3} ms, one after the other {in_turn:.3} ms, ratio {:.3}",
        in_turn / overlapped
    ))
}
