//! Running the machine and deciding the verdict.
//!
//! Refinement: explore with no slot contended. If two accesses to a slot turn out unordered by causality, and do not
//! commute, the slot becomes contended and the exploration starts again. Every execution explored is one that the
//! memory model allows, so a violation is real whenever it is found; a verdict of verified needs an exploration that
//! finds no new conflict. docs/model.md says why that suffices.

mod all;
mod attribution;
mod doubts;
mod engines;
mod explore;
mod hardware;
mod lengths;
mod lints;
mod mutants;
mod options;
mod polled;
mod relied;
mod sizes;
mod trace;
mod why;
mod words;

use crate::machine::event::Event;
use crate::machine::{
    Action, Contended, Machine, Others, Race, ReadThenWrite, SetAside, Settings, StartOrder, State, Violation, Watch,
    begins_circle, circle, is_own_site,
};
use crate::process;
use crate::program::Program;
use crate::program::host::HostProgram;
use crate::program::lengths::Lengths;
use crate::program::protocol::ProtocolProgram;
use arverify_protocol::evaluate::EvaluationError;
use arverify_protocol::ir::Protocol;
use arverify_protocol::verdict::{Code, Finding, Phrase, Point, Stats, Verdict, Why, WhyKind};
use attribution::attributed;
use explore::{Exploration, Limit, Limits, explore};
use rustc_hash::FxHashSet;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use engines::growing;
pub use engines::{Answer, Engine, Engines, check_program_with, try_check_with};
pub use lengths::sequences;
pub use lints::redundancies;
pub use mutants::{Change, Mutant, mutants};
pub use options::{Options, Progress};
pub use polled::learn_polled;
pub use sizes::{Fixed, small_sizes};
pub use trace::{Replay, replay};

/// An assumption's name: a launch boundary publishes to peers.
pub const LAUNCH_BOUNDARY: &str = "launch-boundary=system";
/// The same: loads before a barrier are done.
pub const LOADS_DONE: &str = "loads=done-at-barrier";
/// The same: vectors of 16 bytes or less are one access.
pub const WHOLE_VECTORS: &str = "vectors=whole";
/// The same: weak accesses to words that somebody accesses strongly are strong.
pub const POLLED_WORDS: &str = "polled-words=strong";

/// A finding that is judged harmless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its code.
    pub code: Code,
    /// Its two places: a file and a line.
    pub places: [(String, u32); 2],
    /// Why it is harmless.
    pub why: String,
}

/// The answer of a check.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Verified, violated or inconclusive.
    pub verdict: Verdict,
    /// What was found; several only where they are independent.
    pub findings: Vec<Finding>,
    /// How much was covered.
    pub stats: Stats,
    /// What the verdict rests on besides the memory model, as printed: `launch-boundary=system`.
    pub assumptions: Vec<String>,
    /// Doubts: a vacuous verdict, or which limit ended the check.
    pub warnings: Vec<String>,
    /// Findings that the launch file accepts.
    pub accepted: Vec<Accepted>,
    /// Slots at which orders were explored.
    pub contended: usize,
    /// Digests of memory in the final states reached.
    pub finals: BTreeSet<u64>,
    /// The choices that lead to the finding.
    pub schedule: Option<Schedule>,
    /// Of findings behind the first, the choices that lead to each.
    pub further: Vec<Schedule>,
    /// The race that was found, if it is one.
    pub race: Option<Race>,
    /// What each engine says, where more than the machine was asked for.
    pub engines: Option<Engines>,
    /// Of a protocol with a capacity: the lengths of the launches that decided.
    pub lengths: Option<Lengths>,
    /// The same: all that were tried, those among them.
    pub tried: Vec<Lengths>,
    /// Of what is inconclusive for load buffering alone, which the machine does not explore: what else is doubtful.
    pub open_circle: Option<Vec<String>>,
    /// It is inconclusive because the process has used all the memory that it may, for this or for other checks.
    pub out_of_memory: bool,
    /// Parts of buffers at which nobody has waited for a word, by name.
    pub unawaited: Vec<String>,
}

impl Outcome {
    /// Gives every finding the command that shows its execution again.
    pub fn tell_replays(&mut self, command: impl Fn(&Schedule) -> String) {
        let first = self.findings.len() - self.further.len().min(self.findings.len());
        let replay = self.schedule.as_ref().map(&command);
        for (index, finding) in self.findings.iter_mut().enumerate() {
            match index.checked_sub(first).and_then(|further| self.further.get(further)) {
                Some(schedule) => finding.replay = Some(command(schedule)),
                None => finding.replay.clone_from(&replay),
            }
        }
    }

    /// Nothing was checked.
    fn inconclusive(why: String) -> Outcome {
        Outcome {
            verdict: Verdict::Inconclusive,
            findings: Vec::new(),
            stats: Stats::default(),
            assumptions: Vec::new(),
            accepted: Vec::new(),
            warnings: vec![why],
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
}

/// One execution: where choices were made, and which.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Schedule {
    /// Where.
    pub contended: FxHashSet<u64>,
    /// Which, those that had no alternative among them.
    pub actions: Vec<Action>,
    /// How blocks were started.
    pub progress: Progress,
    /// It is one of the program's companion ([`Program::companion`]).
    pub of_companion: bool,
    /// Races that it goes past.
    pub set_aside: SetAside,
}

/// A check that cannot start.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CheckError {
    /// A size expression has no value.
    #[error("the protocol's sizes cannot be computed: {0}")]
    Sizes(#[from] EvaluationError),
    /// A `require` clause does not hold.
    #[error("these sizes do not meet what the protocol requires")]
    Requirement {
        /// The clause.
        span: arverify_protocol::ir::Span,
    },
}

/// Checks a protocol at these sizes. Errors are bad input; everything else is an outcome.
pub fn try_check(protocol: &Protocol, options: &Options) -> Result<Outcome, CheckError> {
    if let Some(requirement) = protocol.unmet_requirement(&options.sizes)? {
        return Err(CheckError::Requirement { span: requirement.span.clone() });
    }
    if protocol.is_host_program() {
        let program = HostProgram::new(protocol, &options.sizes, options.launches, options.seed)?;
        return Ok(check_program(Arc::new(program), options));
    }
    lengths::try_all(protocol, options, |lengths, options| {
        Ok(check_program(Arc::new(program_of(protocol, options, lengths)?), options))
    })
}

/// A kernel at these sizes, with launches of these lengths.
fn program_of(protocol: &Protocol, options: &Options, lengths: &Lengths) -> Result<ProtocolProgram, EvaluationError> {
    let Options { sizes, launches, seed, .. } = options;
    ProtocolProgram::of_lengths(protocol, sizes, lengths, *launches, *seed)
}

/// Checks a protocol; bad sizes are inconclusive.
pub fn check(protocol: &Protocol, options: &Options) -> Outcome {
    try_check(protocol, options).unwrap_or_else(|error| Outcome::inconclusive(error.to_string()))
}

/// Bytes of one state, roughly: threads, shadow cells (one for 16 bytes) and contents.
fn state_bytes<P: Program>(program: &P) -> u64 {
    let shape = program.shape();
    let threads = u64::from(shape.ranks) * u64::from(shape.blocks) * u64::from(shape.threads);
    let bytes: u64 = shape.instances.iter().map(|instance| instance.bytes).sum();
    threads.saturating_mul(256 + program.thread_bytes()).saturating_add(bytes.saturating_mul(6))
}

fn settings(options: &Options, deadline: Option<Instant>, watch: Watch) -> Settings {
    let (resident_blocks, start_order) = options.progress.residency(options.resident_blocks);
    Settings {
        resident_blocks,
        start_order,
        boundary_publishes: options.boundary_publishes,
        loads_done: options.loads_done,
        everything: options.everything,
        watch,
        step_by_step: false,
        deadline,
        max_bytes: Some(options.max_bytes),
        max_events: None,
        without: options.without,
    }
}

/// Checks any program. A scheduler that promises less than fairness may still be fair: under another progress model
/// the check is made twice, with all blocks running together and with no more than the model promises.
pub fn check_program<P: Program>(program: Arc<P>, options: &Options) -> Outcome {
    growing(program, |program| check_by_machine(program, options)).1
}

/// The same, with the program as it is.
fn check_by_machine<P: Program>(program: &Arc<P>, options: &Options) -> Outcome {
    let needed = state_bytes(&**program);
    if needed > options.max_bytes {
        return Outcome::inconclusive(format!(
            "nothing was covered: it needs about {} MiB of memory, more than the limit of {} MiB",
            needed >> 20,
            options.max_bytes >> 20
        ));
    }
    if options.beside_others && process::resident().is_some_and(|used| used + needed > options.max_bytes) {
        return Outcome { out_of_memory: true, ..Outcome::inconclusive("nothing was covered".to_owned()) };
    }
    let start = Instant::now();
    let deadline = options.timeout.map(|timeout| start + timeout);
    let fair = match options.progress {
        Progress::Fair => *options,
        _ => Options { progress: Progress::Fair, resident_blocks: None, ..*options },
    };
    let mut outcome = check_once(program, &fair, deadline, &SetAside::default());
    if options.progress != Progress::Fair && outcome.verdict == Verdict::Verified {
        let before = outcome.stats;
        outcome = check_once(program, options, deadline, &SetAside::default());
        outcome.stats.states += before.states;
        outcome.stats.executions += before.executions;
        outcome.stats.operations += before.operations;
    }
    if options.all && outcome.verdict == Verdict::Violated {
        all::look_on(program, options, deadline, &mut outcome);
    }
    outcome.stats.seconds = start.elapsed().as_secs_f64();
    leaving_open(outcome, &**program)
}

/// Verified only if nothing is left open that the runs have shown.
fn leaving_open<P: Program>(mut outcome: Outcome, program: &P) -> Outcome {
    if outcome.verdict == Verdict::Verified
        && let Some(question) = program.open_question()
    {
        outcome.verdict = Verdict::Inconclusive;
        outcome.warnings.insert(0, question);
    }
    outcome
}

fn check_once<P: Program>(
    program: &Arc<P>,
    options: &Options,
    deadline: Option<Instant>,
    set_aside: &SetAside,
) -> Outcome {
    let limits = Limits { states: options.max_states, bytes: options.max_bytes, deadline, jobs: options.jobs };
    let (exploration, machine) = refine(program, options, limits, (!options.ignore_load_buffering, set_aside));
    conclude(program, options, exploration, &machine.without_deadline())
}

/// Explores with more and more contended slots, until there are no new conflicts, a violation, or a limit. Load buffering is
/// watched, if it is to be, as closely as what was found of it asks for.
///
/// The order of `fence.sc` is taken for open where a word that is not contended would say more of it, which allows more: if
/// something is found, those words are made contended, and it is looked for again.
fn refine<P: Program>(
    program: &Arc<P>,
    options: &Options,
    limits: Limits,
    (may_watch, set_aside): (bool, &SetAside),
) -> (Exploration<P::Thread>, Machine<P>) {
    let mut contended = Contended { others: Some(Others::default()), ..Contended::default() };
    let mut total = Stats::default();
    let mut batch = 1;
    let mut watch = if may_watch { Watch::default() } else { Watch::Nothing };
    // What is surely there, for want of time to find it again.
    let mut confirmed = None;
    loop {
        let settings = settings(options, limits.deadline, watch);
        let machine = || Machine::new(program.clone(), settings, contended.clone()).setting_aside(set_aside.clone());
        let mut exploration = explore(machine(), limits);
        total.operations += exploration.stats.operations;
        total.executions = exploration.stats.executions;
        total.states = total.states.max(exploration.stats.states);
        exploration.stats = total;
        let fenced: Vec<u64> =
            exploration.fenced.iter().copied().filter(|key| !contended.slots.contains(key)).collect();
        if (exploration.violation.is_some() || options.order_fences) && !fenced.is_empty() {
            contended.slots.extend(fenced);
            continue;
        }
        // Too much was forgotten, where somebody came of whom it was not known: what was found may not be there, or in other words.
        if let Some((actions, _)) = &exploration.violation
            && exploration.conflicts.has_comers()
        {
            let (_, actions) = record(&machine().without_deadline(), actions);
            let comers = exploration.conflicts.clone();
            if trace::comes_about(program, options, (&contended.slots, set_aside), &actions) {
                confirmed = Some((exploration, machine()));
            }
            contended.add_comers(&comers);
            continue;
        }
        if exploration.violation.is_some() || exploration.limited.is_some() {
            let confirmed = confirmed.filter(|_| exploration.violation.is_none());
            return confirmed.unwrap_or_else(|| (exploration, machine()));
        }
        let watches = watch_more(watch, &exploration);
        if exploration.conflicts.is_empty() && watches == watch {
            return (exploration, machine());
        }
        watch = watches;
        // One slot often shows the bug; what is verified in the end needs them all.
        let mut found: Vec<u64> = exploration.conflicts.slots.iter().copied().collect();
        found.sort_unstable();
        if !found.is_empty() {
            contended.slots.extend(found.into_iter().take(batch));
            batch *= 4;
        }
        contended.add_comers(&exploration.conflicts);
    }
}

/// How much of load buffering is to be watched after an exploration.
fn watch_more<T>(watch: Watch, exploration: &Exploration<T>) -> Watch {
    match watch {
        Watch::Overtaken if !exploration.overtaken.is_empty() => Watch::FreeSteps,
        Watch::FreeSteps if begins_circle(&exploration.steps, &exploration.overtaken) => Watch::AllSteps,
        watch => watch,
    }
}

fn conclude<P: Program>(
    program: &Arc<P>,
    options: &Options,
    exploration: Exploration<P::Thread>,
    machine: &Machine<P>,
) -> Outcome {
    let mut outcome = Outcome {
        verdict: Verdict::Verified,
        stats: exploration.stats,
        warnings: Vec::new(),
        contended: machine.contended().slots.len(),
        finals: exploration.finals.clone(),
        ..Outcome::inconclusive(String::new())
    };
    outcome.assumptions = assumptions(&**program, options);
    if !exploration.polled.is_empty() {
        outcome.verdict = Verdict::Inconclusive;
        outcome
            .warnings
            .push("under polled-words=strong: which words are accessed strongly was not learned in full".to_owned());
    } else if let Some((actions, state)) = exploration.violation {
        outcome.verdict = Verdict::Violated;
        let (events, actions) = record(machine, &actions);
        if let Some(violation) = &state.violation {
            let violation = &attributed(&**program, violation, &events);
            outcome.race = race(violation, &events);
            let relied = relied::on(program, options, violation);
            let on_boundary = relied.as_ref().is_some_and(|relied| relied.names == [LAUNCH_BOUNDARY]);
            let explained = why::explain(machine, &state, violation, (&events, &actions), on_boundary);
            let mut finding = finding(machine, &state, violation, explained);
            finding.notes.extend(hardware::note(machine, violation, &events));
            finding.assumption = relied.as_ref().map(|relied| relied.names.join(", "));
            explain(program, options, relied.map(|relied| relied.note), &mut finding);
            outcome.findings.push(finding);
        }
        let contended = machine.contended().slots.clone();
        let set_aside = machine.set_aside().clone();
        outcome.schedule =
            Some(Schedule { contended, actions, progress: options.progress, of_companion: false, set_aside });
    } else if let Some((why, site)) = exploration.not_understood {
        outcome.verdict = Verdict::Inconclusive;
        let line = program.line(site);
        outcome.warnings.push(if line > 0 { format!("line {line}: {why}") } else { why });
    } else if let Some(limit) = exploration.limited {
        outcome.verdict = Verdict::Inconclusive;
        outcome.out_of_memory = limit == Limit::Memory;
        outcome.warnings.push(stopped(options, limit, outcome.stats));
        outcome.warnings.extend(words::what_cost_most(&**program, &exploration));
    } else if exploration.too_many_rounds {
        outcome.verdict = Verdict::Inconclusive;
        outcome.warnings.push(
            "a loop waits for so many words at once that not every combination of what they may hold was tried"
                .to_owned(),
        );
    } else if exploration.finals.is_empty() {
        outcome.verdict = Verdict::Inconclusive;
        outcome.warnings.push("no execution came to an end: an error of the checker".to_owned());
    } else if let Some(circle) = open_circle(options, &exploration) {
        outcome.verdict = Verdict::Inconclusive;
        outcome.open_circle = Some(doubts::doubts(&**program, &exploration));
        outcome.warnings.push(words::describe(&**program, &circle));
    } else {
        outcome.warnings.extend(doubts::doubts(&**program, &exploration));
        outcome.findings.extend(lints::dead_publishes(&**program, &exploration.uses));
        outcome.unawaited = lints::unawaited(&**program, &exploration.uses);
    }
    outcome
}

/// What other explorations say of a finding.
fn explain<P: Program>(program: &Arc<P>, options: &Options, relied: Option<String>, finding: &mut Finding) {
    blame_grids(program, options, finding);
    if finding.code == Code::Progress {
        finding.notes.extend(order_note(program, options));
    }
    finding.notes.extend(relied);
}

/// What a verdict rests on: what was assumed, and what the program itself rests on.
fn assumptions<P: Program>(program: &P, options: &Options) -> Vec<String> {
    let polled_words = program.polled().is_some();
    let assumed = Options { polled_words, ..*options }.assumptions().map(str::to_owned);
    assumed.chain(program.assumptions()).collect()
}

/// The race that a violation is.
fn race(violation: &Violation, events: &[Event]) -> Option<Race> {
    let (pair, known_by) = violation.race?;
    let is_weak =
        |site| is_own_site(site) || events.iter().any(|event| event.site == Some(site) && event.is_weak_access());
    Some(Race { known_by, strong: !pair.into_iter().any(is_weak) })
}

/// A circle of load buffering that the model may allow.
fn open_circle<T>(options: &Options, exploration: &Exploration<T>) -> Option<Vec<ReadThenWrite>> {
    if options.ignore_load_buffering {
        return None;
    }
    circle(&exploration.steps, &exploration.overtaken)
}

/// Which limit ended a search, and what it covered.
fn stopped(options: &Options, limit: Limit, stats: Stats) -> String {
    let Stats { states, executions, operations, .. } = stats;
    let limit = match limit {
        Limit::Time if process::is_interrupted() => "an interrupt".to_owned(),
        Limit::Time => "the time limit".to_owned(),
        Limit::Memory => format!("the limit of {} MiB of memory", options.max_bytes >> 20),
        Limit::States => format!("the limit of {} states", options.max_states),
    };
    format!(
        "stopped at {limit}: {states} states, {executions} finished executions and {operations} operations were covered"
    )
}

/// An exploration for something to say beside a finding: load buffering is not watched, and nothing set aside.
const ALONE: (bool, &SetAside) = (false, &SetAside::NOTHING);

/// Limits of a search for something to say beside a finding.
fn few(options: &Options) -> Limits {
    Limits { states: 10_000, bytes: options.max_bytes, deadline: None, jobs: 1 }
}

/// Runs an execution again, remembering everything; the steps that had no alternative among the others.
fn record<P: Program>(machine: &Machine<P>, actions: &[Action]) -> (Vec<Event>, Vec<Action>) {
    let mut events = Vec::new();
    let (mut state, notes) = machine.initial(Some(&mut events));
    let mut taken = notes.taken;
    for action in actions {
        taken.push(*action);
        taken.extend(machine.apply(&mut state, *action, Some(&mut events)).taken);
    }
    (events, taken)
}

/// AR014: ranks launched different grids, and with equal ones nothing is wrong.
fn blame_grids<P: Program>(program: &Arc<P>, options: &Options, finding: &mut Finding) {
    let ranks = program.shape().ranks;
    let grids: Vec<String> = (0..ranks).map(|rank| program.kernel_grid(rank).to_string()).collect();
    if finding.code == Code::PeersDisagree || grids.iter().all(|grid| *grid == grids[0]) {
        return;
    }
    let Some(uniform) = program.with_equal_grids() else { return };
    let (exploration, _) = refine(&Arc::new(uniform), options, few(options), ALONE);
    if exploration.violation.is_some() || exploration.limited.is_some() {
        return;
    }
    let consequence = std::mem::take(&mut finding.message);
    finding.code = Code::PeersDisagree;
    finding.message = format!("ranks launched different numbers of blocks: {}, in order of ranks", grids.join(", "));
    finding.notes.insert(0, format!("what follows: {consequence}"));
    finding.notes.push("with the same number of blocks on every rank it is verified".to_owned());
    let span = finding.points.first().map_or(0..0, |point| point.span.clone());
    let sentence = vec![
        "who waits".into(),
        Phrase::At { span: span.clone(), call: None },
        " is in a block that its peers do not have".into(),
    ];
    finding.why = vec![Why { kind: WhyKind::GridsDiffer, span, sentence }];
    finding.help = Some("launch the same number of blocks on every rank".to_owned());
}

/// Says so when a hang needs blocks to start in another order than the ascending one.
fn order_note<P: Program>(program: &Arc<P>, options: &Options) -> Option<String> {
    let (_, order) = options.progress.residency(options.resident_blocks);
    if order == StartOrder::Ascending {
        return None;
    }
    let ascending = Options { progress: Progress::Lobe, ..*options };
    let (exploration, _) = refine(program, &ascending, few(options), ALONE);
    let verified = exploration.violation.is_none() && exploration.limited.is_none();
    verified.then(|| "under --progress lobe it is verified: it relies on block 0 starting first".to_owned())
}

fn finding<P: Program>(
    machine: &Machine<P>,
    state: &State<P::Thread>,
    violation: &Violation,
    explained: why::Explained,
) -> Finding {
    let points = violation.points.iter().map(|point| {
        let (span, calls) = machine.program().site(point.site);
        Point { thread: point.thread, span, calls, label: point.label.clone() }
    });
    let mut notes = violation.notes.clone();
    if violation.code == Code::DataRace && explained.why.is_empty() {
        notes.insert(
            0,
            "neither access precedes the other in causality order, and they are not morally strong".to_owned(),
        );
    }
    for point in &violation.points {
        let Some((thread, statement)) = point.thread.zip(machine.program().statement(point.site)) else { continue };
        let note = format!("{thread}: {statement}");
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    Finding {
        code: violation.code,
        message: violation.message.clone(),
        points: points.collect(),
        location: violation.location.map(|at| machine.program().shape().shown(at)),
        notes,
        help: violation.help.clone(),
        trace: trace::slice(machine, state, violation, &explained),
        why: explained.why,
        assumption: None,
        replay: None,
    }
}
