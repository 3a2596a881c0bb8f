//! Random programs made of idioms, asked of two engines: as many as wanted, for as long as it takes.
//!
//! `cargo run -p arverify-model --release --example idioms -- --seed 1 --count 1000 --kind ptx --against everything`
//! Exit status 1 if any answers differ; what differs is shrunk and written to `--out`. `--first N --count 1` repeats a case.

#[path = "../tests/idioms/mod.rs"]
mod idioms;

use arverify_model::ptx::launch::Overrides;
use clap::Parser;
use idioms::compare::{Against, Question, Relation, compare};
use idioms::render::Text;
use idioms::session::{Kind, Plan, run};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

#[derive(Parser)]
struct Arguments {
    /// Of all cases.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of the first case.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// How many.
    #[arg(long, default_value_t = 1000)]
    count: u64,
    /// ptx, arp or mutants.
    #[arg(long, default_value = "ptx", value_parser = kind)]
    kind: Kind,
    /// everything or axioms.
    #[arg(long, default_value = "everything", value_parser = against)]
    against: Against,
    /// Threads.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Where differences are written.
    #[arg(long)]
    out: Option<PathBuf>,
    /// For each answer, in milliseconds.
    #[arg(long, default_value_t = 2000)]
    timeout_ms: u64,
    /// Begin no more cases after so many seconds.
    #[arg(long)]
    seconds: Option<u64>,
    /// Only these idioms; may be given several times.
    #[arg(long)]
    idiom: Vec<String>,
    /// Print what is violated without damage.
    #[arg(long)]
    undamaged: bool,
    /// Ask about this kernel instead, launched as `--launch` says.
    #[arg(long, requires = "launch")]
    kernel: Option<PathBuf>,
    /// LAUNCH.toml
    #[arg(long)]
    launch: Option<PathBuf>,
    /// Print the program of each case.
    #[arg(long)]
    show: bool,
}

fn kind(text: &str) -> Result<Kind, String> {
    match text {
        "ptx" => Ok(Kind::Ptx),
        "arp" => Ok(Kind::Arp),
        "mutants" => Ok(Kind::Mutants),
        _ => Err("expected ptx, arp or mutants".to_owned()),
    }
}

fn against(text: &str) -> Result<Against, String> {
    match text {
        "axioms" => Ok(Against::Axioms),
        "everything" => Ok(Against::Everything),
        _ => Err("expected axioms or everything".to_owned()),
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let (Some(kernel), Some(launch)) = (&arguments.kernel, &arguments.launch) {
        let read = |path| std::fs::read_to_string(path).expect("a file that can be read");
        let text = Text { program: read(kernel), launch: Some(read(launch)) };
        let question = Question {
            against: arguments.against,
            timeout: Duration::from_millis(arguments.timeout_ms),
            finals: true,
            boundary: false,
            loads: false,
        };
        let subject = idioms::compare::kernel(&text, &Overrides::default()).expect("a kernel that can be read");
        let compared = compare(&subject, &question);
        println!("machine: {}", compared.machine.describe());
        println!("other: {}", compared.other.map_or("not asked".to_owned(), |answer| answer.describe()));
        return ExitCode::SUCCESS;
    }
    let plan = Plan {
        seed: arguments.seed,
        first: arguments.first,
        count: arguments.count,
        kind: arguments.kind,
        against: arguments.against,
        jobs: arguments.jobs,
        timeout: Duration::from_millis(arguments.timeout_ms),
        at_most: arguments.seconds.map(Duration::from_secs),
        out: arguments.out,
        finals: true,
        only: arguments.idiom,
        show: arguments.show,
    };
    let start = Instant::now();
    let report = run(&plan);
    println!("{}", report.table());
    if arguments.undamaged {
        report.undamaged.iter().for_each(|what| println!("violated without damage: {what}"));
    }
    for difference in &report.differences {
        println!("\n{difference}");
    }
    let seconds = start.elapsed().as_secs_f64();
    let compared = report.count(Relation::BothVerified) + report.count(Relation::BothViolated);
    let (cases, differences) = (report.cases, report.differences.len());
    println!("seed {}: {cases} cases, {compared} alike, {differences} differences, {seconds:.0} s", plan.seed);
    if report.differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
