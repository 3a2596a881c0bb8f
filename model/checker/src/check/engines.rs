//! Which engines are asked, and what becomes of two answers.
//!
//! The machine is asked unless told otherwise; the axioms give a second opinion where a protocol is small enough.
//! Decision: where one engine is inconclusive the other's answer stands, and it is said that nobody confirmed it;
//! where one verifies what the other calls violated, nothing is known, and both are printed.

use super::doubts::vacuity;
use super::{CheckError, Options, Outcome, Progress, Schedule, check_by_machine, check_program, leaving_open, lengths};
use crate::axioms::{Opinion, Patience, second_opinion};
use crate::graphs::{Question, graph_opinion, load_buffering_opinion};
use crate::program::Program;
use crate::program::host::HostProgram;
use arverify_protocol::ir::Protocol;
use arverify_protocol::verdict::{Finding, Stats, Verdict};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Which engines are asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// The axioms, decided by Z3.
    Axiomatic,
    /// The machine.
    #[default]
    Operational,
    /// Both.
    Both,
}

/// What one engine says.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Its verdict.
    pub verdict: Verdict,
    /// What it found.
    pub findings: Vec<Finding>,
    /// Why it is inconclusive.
    pub reason: Option<String>,
    /// How long it took.
    pub seconds: f64,
}

/// What the engines say that were asked for by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Engines {
    /// The machine.
    pub operational: Option<Answer>,
    /// The axioms.
    pub axiomatic: Option<Answer>,
}

impl Engines {
    /// Whether both answered, and alike; `None` if one was not asked, or is inconclusive.
    pub fn agree(&self) -> Option<bool> {
        let decided = |answer: &Option<Answer>| {
            answer.as_ref().map(|answer| answer.verdict).filter(|verdict| *verdict != Verdict::Inconclusive)
        };
        Some(decided(&self.operational)? == decided(&self.axiomatic)?)
    }

    /// One line: `operational verified, axiomatic verified (agree)`.
    pub fn describe(&self) -> String {
        let named = [("operational", &self.operational), ("axiomatic", &self.axiomatic)];
        let word = |(name, answer): (&str, &Option<Answer>)| {
            let answer = answer.as_ref()?;
            let reason = answer.reason.as_ref().map_or(String::new(), |reason| format!(" ({reason})"));
            Some(format!("{name} {}{reason}", answer.verdict.name()))
        };
        let words: Vec<String> = named.into_iter().filter_map(word).collect();
        let together = match self.agree() {
            Some(true) => " (agree)",
            Some(false) => " (THEY DISAGREE)",
            None => "",
        };
        format!("{}{together}", words.join(", "))
    }
}

/// Checks a protocol with the engines asked for. Errors are bad input.
pub fn try_check_with(protocol: &Protocol, options: &Options, engine: Engine) -> Result<Outcome, CheckError> {
    if let Some(requirement) = protocol.unmet_requirement(&options.sizes)? {
        return Err(CheckError::Requirement { span: requirement.span.clone() });
    }
    if protocol.is_host_program() {
        let program = HostProgram::new(protocol, &options.sizes, options.launches, options.seed)?;
        return Ok(check_program_with(&Arc::new(program), options, engine));
    }
    lengths::try_all(protocol, options, |lengths, options| {
        let program = Arc::new(super::program_of(protocol, options, lengths)?);
        Ok(match engine {
            Engine::Operational => with_circles(check_program(program.clone(), options), &program, options),
            Engine::Axiomatic => by_axioms(&program, options),
            Engine::Both => together(check_program(program.clone(), options), &opinion(&program, options).0),
        })
    })
}

/// Checks any program with the engines asked for; and its companion, if it has one and is verified itself.
pub fn check_program_with<P: Program>(program: &Arc<P>, options: &Options, engine: Engine) -> Outcome {
    growing(program.clone(), |program| check_in_room(program, options, engine)).1
}

/// Runs a program, with threads for more copies as long as there are too few.
pub(super) fn growing<P: Program, T>(mut program: Arc<P>, run: impl Fn(&Arc<P>) -> T) -> (Arc<P>, T) {
    loop {
        let outcome = run(&program);
        match program.roomier() {
            Some(roomier) => program = Arc::new(roomier),
            None => return (program, outcome),
        }
    }
}

fn check_in_room<P: Program>(program: &Arc<P>, options: &Options, engine: Engine) -> Outcome {
    let outcome = check_one(program, options, engine);
    match program.companion().filter(|_| outcome.verdict == Verdict::Verified) {
        None => outcome,
        Some(companion) => {
            let spent = Duration::from_secs_f64(outcome.stats.seconds);
            let timeout = options.timeout.map(|timeout| timeout.saturating_sub(spent));
            both(outcome, check_one(&Arc::new(companion), &Options { timeout, ..*options }, engine))
        }
    }
}

/// Verified if both are; else what the companion says.
fn both(own: Outcome, companion: Outcome) -> Outcome {
    let stats = Stats {
        states: own.stats.states + companion.stats.states,
        executions: own.stats.executions + companion.stats.executions,
        operations: own.stats.operations + companion.stats.operations,
        seconds: own.stats.seconds + companion.stats.seconds,
    };
    let decided = if companion.verdict == Verdict::Verified { own } else { companion };
    let of_companion = |schedule| Schedule { of_companion: true, ..schedule };
    let schedule = decided.schedule.map(of_companion);
    let further = decided.further.into_iter().map(of_companion).collect();
    Outcome { stats, schedule, further, ..decided }
}

fn check_one<P: Program>(program: &Arc<P>, options: &Options, engine: Engine) -> Outcome {
    match engine {
        Engine::Operational => {
            let outcome = with_circles(check_by_machine(program, options), program, options);
            leaving_open(outcome, &**program)
        }
        Engine::Axiomatic => by_axioms(program, options),
        Engine::Both => together(check_by_machine(program, options), &opinion(program, options).0),
    }
}

/// Where the machine has found nothing but that load buffering, which it does not explore, could matter, the axioms decide.
fn with_circles<P: Program>(mut outcome: Outcome, program: &Arc<P>, options: &Options) -> Outcome {
    let fair = options.progress == Progress::Fair && options.resident_blocks.is_none();
    let Some(doubts) = outcome.open_circle.take().filter(|_| fair) else { return outcome };
    let mut patience = Patience::default();
    if let Some(timeout) = options.timeout {
        patience.time = timeout.saturating_sub(Duration::from_secs_f64(outcome.stats.seconds)).min(patience.time);
    }
    let question = question(options);
    let found = match program.without_waits() {
        Some(_) => load_buffering_opinion(&**program, question, &patience),
        None => asked(program, options, &patience),
    };
    outcome.stats.seconds += found.seconds;
    outcome.verdict = found.verdict;
    match found.verdict {
        Verdict::Verified => {
            outcome.warnings = doubts;
            outcome.warnings.push(
                "load buffering, which the machine does not explore, was looked for by the axioms: nothing was found"
                    .to_owned(),
            );
        }
        Verdict::Violated => {
            outcome.warnings = one_finding(options);
            outcome.findings = found.finding.into_iter().collect();
        }
        Verdict::Inconclusive => {
            let reason = found.reason.as_deref().unwrap_or("inconclusive");
            outcome.warnings.push(format!("the axioms, which know load buffering, do not decide it: {reason}"));
        }
    }
    outcome
}

fn by_axioms<P: Program>(program: &Arc<P>, options: &Options) -> Outcome {
    let (opinion, warnings) = opinion(program, options);
    let engines = Engines { operational: None, axiomatic: Some(Answer::from(&opinion)) };
    let mut assumptions = super::assumptions(&**program, options);
    assumptions.extend(opinion.assumptions.clone());
    Outcome { warnings, assumptions, engines: Some(engines), ..alone(opinion) }
}

/// What the axioms say, and doubts about it.
fn opinion<P: Program>(program: &Arc<P>, options: &Options) -> (Opinion, Vec<String>) {
    let unsupported = match options {
        Options { resident_blocks: Some(_), .. } => {
            Some("blocks that are not all resident are not expressed as axioms")
        }
        Options { progress, .. } if *progress != Progress::Fair => Some("the axioms presume fair progress"),
        _ => None,
    };
    if let Some(reason) = unsupported {
        return (Opinion::inconclusive(reason), vec![format!("axiomatic: {reason}")]);
    }
    let mut patience = Patience::default();
    patience.time = options.timeout.map_or(patience.time, |timeout| timeout.min(patience.time));
    let mut found = asked(program, options, &patience);
    if found.verdict == Verdict::Verified
        && let Some(question) = program.open_question()
    {
        found = Opinion { assumptions: found.assumptions, ..Opinion::inconclusive(&question) };
    }
    let warnings = match found.verdict {
        Verdict::Verified => vacuity(&**program, found.waits, found.peer_accesses),
        Verdict::Inconclusive => found.reason.iter().map(|reason| format!("axiomatic: {reason}")).collect(),
        Verdict::Violated => one_finding(options),
    };
    (found, warnings)
}

/// What of a request for all findings the axioms do not answer.
fn one_finding(options: &Options) -> Vec<String> {
    let said = "--all: the axioms show one finding; the machine looks for others (--engine operational)".to_owned();
    if options.all { vec![said] } else { Vec::new() }
}

/// What is assumed.
fn question(options: &Options) -> Question {
    let (publishes, loads_done) = (options.boundary_publishes, options.loads_done);
    Question { publishes, loads_done, ..Question::default() }
}

/// Programs are explored as execution graphs; protocols for which that is too much are put to the solver.
fn asked<P: Program>(program: &Arc<P>, options: &Options, patience: &Patience) -> Opinion {
    let explored = graph_opinion(&**program, question(options), patience);
    let decided = explored.verdict != Verdict::Inconclusive;
    if decided || options.boundary_publishes || options.loads_done || program.without_waits().is_some() {
        return explored;
    }
    let time = patience.time.saturating_sub(Duration::from_secs_f64(explored.seconds));
    let mut found = second_opinion(&**program, &Patience { time, ..*patience });
    found.seconds += explored.seconds;
    if found.verdict == Verdict::Inconclusive {
        let reasons = [explored.reason, found.reason].into_iter().flatten().collect::<Vec<_>>();
        found.reason = Some(reasons.join("; to the solver: "));
    }
    found
}

impl From<&Opinion> for Answer {
    fn from(opinion: &Opinion) -> Answer {
        Answer {
            verdict: opinion.verdict,
            findings: opinion.finding.iter().cloned().collect(),
            reason: opinion.reason.clone(),
            seconds: opinion.seconds,
        }
    }
}

/// The axioms' answer as the whole outcome; its operations are events, its executions what the solver was asked about.
fn alone(opinion: Opinion) -> Outcome {
    Outcome {
        accepted: Vec::new(),
        verdict: opinion.verdict,
        findings: opinion.finding.into_iter().collect(),
        stats: Stats {
            states: 0,
            executions: opinion.executions as u64,
            operations: opinion.events as u64,
            seconds: opinion.seconds,
        },
        assumptions: Vec::new(),
        warnings: Vec::new(),
        contended: 0,
        finals: BTreeSet::new(),
        schedule: None,
        further: Vec::new(),
        race: None,
        engines: None,
        lengths: None,
        tried: Vec::new(),
        open_circle: None,
        out_of_memory: false,
        unawaited: Vec::new(),
    }
}

/// The machine's outcome with the axioms' answer beside it.
fn together(mut outcome: Outcome, opinion: &Opinion) -> Outcome {
    let operational = Answer {
        verdict: outcome.verdict,
        findings: outcome.findings.clone(),
        reason: outcome.warnings.first().filter(|_| outcome.verdict == Verdict::Inconclusive).cloned(),
        seconds: outcome.stats.seconds,
    };
    let engines = Engines { operational: Some(operational), axiomatic: Some(Answer::from(opinion)) };
    outcome.stats.seconds += opinion.seconds;
    outcome.assumptions.extend(opinion.assumptions.clone());
    match (outcome.verdict, opinion.verdict) {
        (_, Verdict::Inconclusive) => {
            let reason = opinion.reason.as_deref().unwrap_or("inconclusive");
            outcome.warnings.push(format!("no second opinion: {reason}"));
        }
        (Verdict::Inconclusive, decided) => {
            outcome.verdict = decided;
            outcome.findings.extend(opinion.finding.clone());
            outcome.warnings.push("the verdict is the axioms' alone".to_owned());
        }
        (left, right) if left != right => {
            outcome.verdict = Verdict::Inconclusive;
            outcome.findings.extend(opinion.finding.clone());
            outcome.warnings.push(format!("THE ENGINES DISAGREE: {}; one of them is wrong", engines.describe()));
        }
        _ => {}
    }
    outcome.engines = Some(engines);
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(operational: Verdict, axiomatic: Verdict) -> Outcome {
        let opinion = |verdict| Opinion { verdict, ..Opinion::inconclusive("why") };
        together(alone(opinion(operational)), &opinion(axiomatic))
    }

    #[test]
    fn engines_that_disagree_leave_it_open_and_say_so() {
        for (one, other) in [(Verdict::Verified, Verdict::Violated), (Verdict::Violated, Verdict::Verified)] {
            let outcome = joined(one, other);
            assert_eq!(outcome.verdict, Verdict::Inconclusive);
            assert_eq!(outcome.engines.as_ref().and_then(Engines::agree), Some(false));
            assert!(outcome.warnings.iter().any(|warning| warning.contains("DISAGREE")), "{:?}", outcome.warnings);
        }
    }

    #[test]
    fn an_engine_that_does_not_know_leaves_the_verdict_to_the_other() {
        assert_eq!(joined(Verdict::Verified, Verdict::Inconclusive).verdict, Verdict::Verified);
        assert_eq!(joined(Verdict::Inconclusive, Verdict::Violated).verdict, Verdict::Violated);
        assert_eq!(joined(Verdict::Inconclusive, Verdict::Inconclusive).verdict, Verdict::Inconclusive);
        let outcome = joined(Verdict::Verified, Verdict::Inconclusive);
        assert_eq!(outcome.engines.as_ref().and_then(Engines::agree), None);
        assert_eq!(outcome.warnings, ["no second opinion: why"]);
    }

    #[test]
    fn engines_that_agree_say_so() {
        let outcome = joined(Verdict::Verified, Verdict::Verified);
        assert_eq!(outcome.verdict, Verdict::Verified);
        assert!(outcome.engines.is_some_and(|engines| engines.describe().ends_with("(agree)")));
    }
}
