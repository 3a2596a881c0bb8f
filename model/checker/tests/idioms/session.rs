//! Many cases of one kind: made, compared, counted, and where they differ shrunk and kept.

use super::compare::{Against, Compared, Question, Relation, Subject, compare, keep_panics, kernel, protocol};
use super::layout::Layout;
use super::mutants::{Mutant, Original, instructions, mutant, originals};
use super::place::Dialect;
use super::program::Generated;
use super::random::Random;
use super::render::{Text, render};
use super::report::Report;
use super::shrink::smallest;
use arverify_model::ptx::launch::Overrides;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Kernels of idioms.
    Ptx,
    /// Protocols of idioms.
    Arp,
    /// Mutants of compiled kernels.
    Mutants,
}

/// What to do.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Of all cases.
    pub(crate) seed: u64,
    /// The first case, to repeat one.
    pub(crate) first: u64,
    /// How many.
    pub(crate) count: u64,
    /// What is made.
    pub(crate) kind: Kind,
    /// Whom the machine is compared with.
    pub(crate) against: Against,
    /// Threads.
    pub(crate) jobs: usize,
    /// For each answer.
    pub(crate) timeout: Duration,
    /// For all of it; cases that were not begun by then are left out, and it is said.
    pub(crate) at_most: Option<Duration>,
    /// Where differences are written.
    pub(crate) out: Option<PathBuf>,
    /// Whether final memories are compared.
    pub(crate) finals: bool,
    /// The idioms to take; none: all.
    pub(crate) only: Vec<String>,
    /// Whether the program of each case is printed.
    pub(crate) show: bool,
}

/// A case: made from the seed, comparable, and shrinkable.
enum Case {
    Generated(Box<Generated>),
    Mutant(Box<Mutant>),
}

impl Case {
    fn names(&self) -> Vec<String> {
        match self {
            Case::Generated(generated) => {
                let mut names: Vec<String> = generated.idioms.iter().map(|name| (*name).to_owned()).collect();
                names.sort();
                names.dedup();
                names
            }
            Case::Mutant(mutant) => vec![mutant.name.clone()],
        }
    }

    /// Whether it is right by construction.
    fn is_right(&self) -> bool {
        matches!(self, Case::Generated(generated) if generated.right)
    }

    fn is_undamaged(&self) -> bool {
        self.damage().is_empty()
    }

    fn damage(&self) -> &[String] {
        match self {
            Case::Generated(generated) => &generated.damage,
            Case::Mutant(mutant) => &mutant.damage,
        }
    }

    fn text(&self) -> Text {
        match self {
            Case::Generated(generated) => render(generated),
            Case::Mutant(mutant) => mutant.text.clone(),
        }
    }

    fn sizes(&self) -> Overrides {
        match self {
            Case::Generated(generated) => {
                let Layout { ranks, blocks, threads, launches, .. } = generated.layout;
                Overrides {
                    ranks: Some(ranks),
                    blocks: Some(blocks),
                    threads: Some(threads),
                    launches: Some(launches),
                    kernel: None,
                }
            }
            Case::Mutant(mutant) => mutant.sizes.clone(),
        }
    }
}

/// Reads a program of idioms.
fn subject(generated: &Generated) -> Result<Subject, String> {
    let text = render(generated);
    let layout = &generated.layout;
    match generated.dialect {
        Dialect::Ptx => kernel(&text, &Overrides::default()).ok_or_else(|| "it cannot be read".to_owned()),
        Dialect::Language => protocol(&text, (layout.ranks, layout.blocks, layout.threads), layout.launches),
    }
}

fn made(plan: &Plan, originals: &[Original], number: u64) -> (Case, Subject) {
    let mut random = Random::of_case(plan.seed, number);
    let dialect = match plan.kind {
        Kind::Ptx => Dialect::Ptx,
        Kind::Arp => Dialect::Language,
        Kind::Mutants => {
            let (mutant, subject) = mutant(originals, &mut random);
            return (Case::Mutant(Box::new(mutant)), subject);
        }
    };
    loop {
        let generated = Generated::random(&mut random, dialect, &plan.only);
        match subject(&generated) {
            Ok(subject) => return (Case::Generated(Box::new(generated)), subject),
            Err(error) if generated.damage.is_empty() => {
                panic!("case {number}: what is not damaged can be read: {error}\n{}", render(&generated).program)
            }
            Err(_) => {}
        }
    }
}

/// Does all of it.
pub(crate) fn run(plan: &Plan) -> Report {
    let originals = if plan.kind == Kind::Mutants { originals() } else { Vec::new() };
    keep_panics();
    let report = Mutex::new(Report::default());
    if plan.kind == Kind::Mutants && originals.is_empty() {
        return Report::default();
    }
    let next = AtomicU64::new(plan.first);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..plan.jobs {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let late = plan.at_most.is_some_and(|limit| start.elapsed() > limit);
                    if number >= plan.first + plan.count || late {
                        return;
                    }
                    one(plan, &originals, number, &report);
                }
            });
        }
    });
    report.into_inner().expect("no thread panicked")
}

fn question(plan: &Plan, case: &Case, number: u64, text: &Text) -> Question {
    // How often a loop went round is anything, and may be stored. The axioms keep no memories.
    let counts = text.program.contains("], %tries;");
    let finals = plan.finals && !counts && plan.against == Against::Everything;
    let boundary = matches!(case, Case::Mutant(mutant) if mutant.assumes);
    // Every fourth with what is known of loads; who has more of that has fewer races, so nothing else need be asked.
    let loads = number % 4 == 3;
    Question { against: plan.against, timeout: plan.timeout, finals, boundary, loads }
}

fn one(plan: &Plan, originals: &[Original], number: u64, report: &Mutex<Report>) {
    let (case, subject) = made(plan, originals, number);
    let text = case.text();
    if plan.show {
        println!(
            "case {number}: {:?}\n{}\n{}",
            case.damage(),
            text.program,
            text.launch.as_deref().unwrap_or_default()
        );
    }
    let question = question(plan, &case, number, &text);
    let compared = compare(&subject, &question);
    let relation = compared.relation(question.finals, case.is_right());
    {
        let mut report = report.lock().expect("no thread panicked");
        report.add(&case.names(), &compared, relation);
        if let (true, super::compare::Answer::Violated(what)) = (case.is_undamaged(), &compared.machine) {
            report.undamaged.push(format!("case {number} of {}: {what}", case.names().join(" ")));
        }
    }
    if !relation.is_difference() {
        return;
    }
    // What is right is right as a whole: a part of it need not be.
    let smaller = if relation == Relation::FalseAlarm { case } else { shrunk(&case, &question, relation) };
    let now = match reread(&smaller) {
        Some(subject) => compare(&subject, &question),
        None => compared,
    };
    let words = described(plan, &smaller, number, relation, &now);
    if let Some(out) = &plan.out {
        keep(out, plan, &smaller, number, relation, &words);
    }
    report.lock().expect("no thread panicked").differences.push(words);
}

fn reread(case: &Case) -> Option<Subject> {
    match case {
        Case::Generated(generated) => subject(generated).ok(),
        Case::Mutant(mutant) => kernel(&mutant.text, &mutant.sizes),
    }
}

/// The case with as little as shows the same relation.
fn shrunk(case: &Case, question: &Question, relation: Relation) -> Case {
    let same = |case: &Case| {
        reread(case).is_some_and(|subject| compare(&subject, question).relation(question.finals, false) == relation)
    };
    match case {
        Case::Generated(generated) => {
            let mut generated = (**generated).clone();
            while generated.layout.launches > 1 {
                let mut fewer = generated.clone();
                fewer.layout.launches -= 1;
                if !same(&Case::Generated(Box::new(fewer.clone()))) {
                    break;
                }
                generated = fewer;
            }
            let all = generated.removable();
            let without = |kept: &[(usize, usize, usize)]| {
                let dropped: Vec<_> = all.iter().filter(|place| !kept.contains(place)).copied().collect();
                Case::Generated(Box::new(generated.without(&dropped)))
            };
            let defined = |case: &Case| matches!(case, Case::Generated(smaller) if smaller.is_defined());
            let was_defined = generated.is_defined();
            let holds = |case: &Case| (defined(case) || !was_defined) && same(case);
            without(&smallest(all.clone(), 600, |kept| holds(&without(kept))))
        }
        Case::Mutant(mutant) => {
            let lines: Vec<&str> = mutant.text.program.lines().collect();
            let all = instructions(&mutant.text.program);
            let without = |kept: &[usize]| {
                let left =
                    lines.iter().enumerate().filter(|(number, _)| kept.contains(number) || !all.contains(number));
                let program = left.map(|(_, line)| *line).collect::<Vec<_>>().join("\n") + "\n";
                let text = Text { program, launch: mutant.text.launch.clone() };
                Case::Mutant(Box::new(Mutant { text, ..(**mutant).clone() }))
            };
            without(&smallest(all.clone(), 600, |kept| same(&without(kept))))
        }
    }
}

/// A size, or the launch file's.
fn size(size: Option<u32>) -> String {
    size.map_or("as in the file".to_owned(), |size| size.to_string())
}

fn described(plan: &Plan, case: &Case, number: u64, relation: Relation, compared: &Compared) -> String {
    let sizes = case.sizes();
    let other = compared.other.as_ref().map_or("not asked".to_owned(), super::compare::Answer::describe);
    format!(
        "{relation:?}: {:?} seed {} case {number} against {:?}\nof: {}\ndamage: {:?}\n\
         sizes: ranks {} blocks {} threads {} launches {}\nmachine: {}\nother: {other}\n",
        plan.kind,
        plan.seed,
        plan.against,
        case.names().join(" "),
        case.damage(),
        size(sizes.ranks),
        size(sizes.blocks),
        size(sizes.threads),
        size(sizes.launches),
        compared.machine.describe(),
    )
}

fn keep(out: &PathBuf, plan: &Plan, case: &Case, number: u64, relation: Relation, words: &str) {
    let text = case.text();
    let name = format!("{relation:?}-{:?}-{}-{number}", plan.kind, plan.seed).to_lowercase();
    let program = if plan.kind == Kind::Arp { "arp" } else { "ptx" };
    let files = [(program, Some(text.program)), ("toml", text.launch), ("txt", Some(words.to_owned()))];
    std::fs::create_dir_all(out).expect("a folder can be made there");
    for (extension, text) in files {
        if let Some(text) = text {
            std::fs::write(out.join(format!("{name}.{extension}")), text).expect("a file can be written there");
        }
    }
}
