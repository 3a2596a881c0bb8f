//! One program, asked twice: of the machine, and of the axioms or of an exploration of everything.
//!
//! Decision: a difference is one verifying what the other calls violated, final memories that differ, or a crash. Codes
//! may differ where several fit. Whoever is inconclusive has no opinion, and that is counted, not compared.
//! Not seen: what both share, such as the front end of PTX with its recognition of loops.

use super::render::Text;
use arverify_model::check::{Engine, Options, Outcome, check_program, check_program_with, replay, try_check_with};
use arverify_model::program::host::HostProgram;
use arverify_model::program::protocol::ProtocolProgram;
use arverify_model::ptx::launch::Overrides;
use arverify_model::ptx::load::load;
use arverify_model::ptx::program::PtxProgram;
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::{Protocol, Source};
use arverify_protocol::language;
use arverify_protocol::verdict::Verdict;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Whose opinion the machine's is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Against {
    /// The second engine.
    Axioms,
    /// The machine with every operation a choice.
    Everything,
}

/// What one says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    /// Nothing is wrong; digests of final memories.
    Verified(BTreeSet<u64>),
    /// Something is, with its codes and the first message.
    Violated(String),
    /// Why nothing is known.
    Inconclusive(String),
    /// A panic.
    Crashed(String),
}

impl Answer {
    /// In a few words.
    pub(crate) fn describe(&self) -> String {
        match self {
            Answer::Verified(finals) => format!("verified ({} final memories)", finals.len()),
            Answer::Violated(what) => format!("violated: {what}"),
            Answer::Inconclusive(why) => format!("inconclusive: {why}"),
            Answer::Crashed(how) => format!("crashed: {how}"),
        }
    }

    /// Whether it says something.
    pub(crate) fn decides(&self) -> bool {
        matches!(self, Answer::Verified(_) | Answer::Violated(_))
    }
}

/// How long, and by whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    /// Whom to ask besides.
    pub(crate) against: Against,
    /// For each answer.
    pub(crate) timeout: Duration,
    /// Whether final memories are compared where both verify.
    pub(crate) finals: bool,
    /// Whether launch boundaries are presumed to publish.
    pub(crate) boundary: bool,
    /// Whether loads before a barrier are presumed to be done.
    pub(crate) loads: bool,
}

impl Question {
    /// What the machine says at once.
    pub(crate) fn short() -> Question {
        let timeout = Duration::from_millis(300);
        Question { against: Against::Axioms, timeout, finals: false, boundary: false, loads: false }
    }
}

/// Whether the machine says so at once.
pub(crate) fn is_violated(subject: &Subject, question: &Question) -> bool {
    matches!(answer(|| ask(subject, question, false, Engine::Operational)), Answer::Violated(_))
}

/// Both answers.
#[derive(Clone, Debug)]
pub(crate) struct Compared {
    /// The machine's.
    pub(crate) machine: Answer,
    /// The other's; `None` if it was not asked, because the machine knows nothing.
    pub(crate) other: Option<Answer>,
}

/// How two answers relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Relation {
    /// Both verified.
    BothVerified,
    /// Both violated.
    BothViolated,
    /// The machine knows nothing.
    MachineInconclusive,
    /// The other knows nothing.
    NoSecondOpinion,
    /// The machine verifies what is violated: the worst.
    OnlyMachineVerifies,
    /// The machine calls violated what is verified.
    OnlyOtherVerifies,
    /// Both verified, with different final memories.
    FinalsDiffer,
    /// The machine calls violated what is right by construction.
    FalseAlarm,
    /// Somebody panicked.
    Crash,
}

impl Relation {
    /// All of them.
    pub(crate) const ALL: [Relation; 9] = [
        Relation::BothVerified,
        Relation::BothViolated,
        Relation::MachineInconclusive,
        Relation::NoSecondOpinion,
        Relation::OnlyMachineVerifies,
        Relation::OnlyOtherVerifies,
        Relation::FinalsDiffer,
        Relation::FalseAlarm,
        Relation::Crash,
    ];

    /// Whether somebody is wrong.
    pub(crate) fn is_difference(self) -> bool {
        self >= Relation::OnlyMachineVerifies
    }
}

impl Compared {
    /// How they relate; `right`: the program is right by construction.
    pub(crate) fn relation(&self, finals: bool, right: bool) -> Relation {
        if let (true, Answer::Violated(_)) = (right, &self.machine) {
            return Relation::FalseAlarm;
        }
        let Some(other) = &self.other else {
            return match self.machine {
                Answer::Crashed(_) => Relation::Crash,
                _ => Relation::MachineInconclusive,
            };
        };
        match (&self.machine, other) {
            (Answer::Crashed(_), _) | (_, Answer::Crashed(_)) => Relation::Crash,
            (Answer::Inconclusive(_), _) => Relation::MachineInconclusive,
            (_, Answer::Inconclusive(_)) => Relation::NoSecondOpinion,
            (Answer::Verified(one), Answer::Verified(two)) if finals && one != two => Relation::FinalsDiffer,
            (Answer::Verified(_), Answer::Verified(_)) => Relation::BothVerified,
            (Answer::Violated(_), Answer::Violated(_)) => Relation::BothViolated,
            (Answer::Verified(_), Answer::Violated(_)) => Relation::OnlyMachineVerifies,
            (Answer::Violated(_), Answer::Verified(_)) => Relation::OnlyOtherVerifies,
        }
    }
}

/// A program that was read.
pub(crate) enum Subject {
    /// A kernel with its launch.
    Kernel(Arc<PtxProgram>, u32),
    /// A protocol at its sizes.
    Protocol(Box<Protocol>, Sizes, u32),
}

/// Reads a kernel, at other sizes than those of its launch file if so wanted; `None` if it makes no sense.
pub(crate) fn kernel(text: &Text, overrides: &Overrides) -> Option<Subject> {
    let module = Arc::new(Source { name: "kernel.ptx".to_owned(), text: text.program.clone() });
    let launch = text.launch.as_deref()?;
    let program = load(&module, ("launch.toml", launch), overrides, 1).ok()?;
    let launches = arverify_model::program::Program::shape(&program).launches;
    Some(Subject::Kernel(Arc::new(program), launches))
}

/// Reads a protocol.
pub(crate) fn protocol(text: &Text, sizes: (u32, u32, u32), launches: u32) -> Result<Subject, String> {
    let document = language::parse("random.arp", &text.program).map_err(|errors| errors.to_string())?;
    let protocol = document.resolve(&[]).map_err(|errors| errors.to_string())?;
    let (ranks, blocks, threads) = sizes;
    let sizes =
        Sizes { ranks, blocks, threads, elements: 4, capacity: 4, data: DataType::F32, accumulate: Accumulate::Own };
    Ok(Subject::Protocol(Box::new(protocol), sizes, launches))
}

/// Asks both.
pub(crate) fn compare(subject: &Subject, question: &Question) -> Compared {
    match question.against {
        Against::Everything => {
            let machine = answer(|| machine(subject, question));
            let other = machine.decides().then(|| answer(|| ask(subject, question, true, Engine::Operational)));
            Compared { machine, other }
        }
        Against::Axioms => {
            let machine = answer(|| machine(subject, question));
            let other = (!matches!(machine, Answer::Crashed(_)))
                .then(|| answer(|| ask(subject, question, false, Engine::Axiomatic)));
            Compared { machine, other }
        }
    }
}

fn options(subject: &Subject, question: &Question, everything: bool) -> Options {
    let any = Sizes {
        ranks: 1,
        blocks: 1,
        threads: 1,
        elements: 1,
        capacity: 1,
        data: DataType::F32,
        accumulate: Accumulate::Own,
    };
    let (sizes, launches) = match subject {
        Subject::Kernel(_, launches) => (any, *launches),
        Subject::Protocol(_, sizes, launches) => (*sizes, *launches),
    };
    let alone = question.against == Against::Everything;
    Options {
        launches,
        everything,
        boundary_publishes: question.boundary,
        loads_done: question.loads,
        timeout: Some(question.timeout),
        // Neither exploration knows it, so neither need say so.
        ignore_load_buffering: alone,
        // Final memories are those of all orders.
        order_fences: alone && question.finals,
        max_states: 200_000,
        max_bytes: 4 << 30,
        ..Options::new(sizes)
    }
}

/// What the machine says; what it calls violated it must be able to show again.
fn machine(subject: &Subject, question: &Question) -> Outcome {
    let outcome = ask(subject, question, false, Engine::Operational);
    if let Some(schedule) = &outcome.schedule {
        let options = options(subject, question, false);
        let replayed = match subject {
            Subject::Kernel(program, _) => replay(program.clone(), &options, schedule),
            Subject::Protocol(protocol, sizes, launches) if protocol.is_host_program() => {
                let program = HostProgram::new(protocol, sizes, *launches, options.seed).expect("as it was checked");
                replay(Arc::new(program), &options, schedule)
            }
            Subject::Protocol(protocol, sizes, launches) => {
                let program =
                    ProtocolProgram::new(protocol, sizes, *launches, options.seed).expect("as it was checked");
                replay(Arc::new(program), &options, schedule)
            }
        };
        match replayed {
            Ok(replayed) if replayed.end.starts_with("AR") => {}
            Ok(replayed) => panic!("an error of the checker: the schedule shows nothing: {}", replayed.end),
            Err(why) => panic!("an error of the checker: the schedule cannot be followed: {why}"),
        }
    }
    outcome
}

fn ask(subject: &Subject, question: &Question, everything: bool, engine: Engine) -> Outcome {
    let options = options(subject, question, everything);
    match subject {
        Subject::Kernel(program, _) if engine == Engine::Operational => check_program(program.clone(), &options),
        Subject::Kernel(program, _) => check_program_with(program, &options, engine),
        Subject::Protocol(protocol, ..) => {
            try_check_with(protocol, &options, engine).expect("sizes that were computed")
        }
    }
}

/// The first panic of each crash, with its place.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// From here on a panic of the checker is kept for the report, and not printed.
pub(crate) fn keep_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let text = panic.to_string();
        if text.contains("idioms/") {
            eprintln!("{text}");
        } else if !text.contains("Failed to join") {
            PANICS.lock().unwrap_or_else(PoisonError::into_inner).push(text);
        }
    }));
}

fn answer(ask: impl FnOnce() -> Outcome) -> Answer {
    let outcome = match catch_unwind(AssertUnwindSafe(ask)) {
        Ok(outcome) => outcome,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            // The explorer's own threads panic first, and only the hook knows where.
            let first = PANICS.lock().unwrap_or_else(PoisonError::into_inner).pop();
            return Answer::Crashed(first.or(text).unwrap_or_else(|| "a panic without words".to_owned()));
        }
    };
    match outcome.verdict {
        Verdict::Verified => Answer::Verified(outcome.finals),
        Verdict::Inconclusive => match outcome.warnings.first().cloned().unwrap_or_default() {
            why if why.contains("an error of the checker") => Answer::Crashed(why),
            why => Answer::Inconclusive(why),
        },
        Verdict::Violated => {
            let found = outcome.findings.first();
            Answer::Violated(found.map_or(String::new(), |found| format!("{}: {}", found.code, found.message)))
        }
    }
}
