//! Traces: a recorded execution in words, and the short part of it that explains a finding.
//!
//! Kept are the threads that the finding names, and those whose signals they read; of each the last few operations
//! before the end, with runs of data operations drawn together.

use super::engines::growing;
use super::{Schedule, check_by_machine};
use crate::machine::event::{Event, What};
use crate::machine::{Action, Contended, Machine, SetAside, Settings, State, Violation, Watch};
use crate::memory::clock::ThreadIndex;
use crate::program::{Barrier, Call, Group, Location, Operation, Program, Word, mbarrier};
use arverify_protocol::ir::{AtomicOperation, Order, Scope, Semantics};
use arverify_protocol::verdict::{ThreadName, TraceStep};
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// Steps kept of each thread.
const STEPS_OF_A_THREAD: usize = 7;

/// An execution, step by step.
#[derive(Clone, Debug)]
pub struct Replay {
    /// Every operation, in order.
    pub steps: Vec<TraceStep>,
    /// How it ended.
    pub end: String,
}

/// Runs one execution again. Fails where the schedule does not fit the program.
pub fn replay<P: Program>(program: Arc<P>, options: &super::Options, schedule: &Schedule) -> Result<Replay, String> {
    if schedule.of_companion {
        let companion = program.companion().ok_or("the schedule is of a program that there is not")?;
        return replay(Arc::new(companion), options, &Schedule { of_companion: false, ..schedule.clone() });
    }
    if !program.grows() {
        return follow(program, options, schedule);
    }
    // What there is a schedule of was run with as many threads for copies as this finds, or as a check for all findings does.
    let roomy = |all: bool| {
        let options = super::Options { all, ..*options };
        growing(program.clone(), |program| check_by_machine(program, &options)).0
    };
    let all = !schedule.set_aside.is_empty();
    let found = follow(roomy(all), options, schedule);
    if all { found } else { found.or_else(|_| follow(roomy(true), options, schedule)) }
}

fn follow<P: Program>(program: Arc<P>, options: &super::Options, schedule: &Schedule) -> Result<Replay, String> {
    let machine = step_by_step(program, options, (&schedule.contended, &schedule.set_aside));
    let mut events = Vec::new();
    let (mut state, _) = machine.initial(Some(&mut events));
    for (index, action) in schedule.actions.iter().enumerate() {
        if !machine.actions(&state).contains(action) {
            return Err(format!("step {} of the schedule, {action}, is not possible there", index + 1));
        }
        machine.apply(&mut state, *action, Some(&mut events));
    }
    let end = match state.finding() {
        Some(violation) => format!("{}: {}", violation.code, violation.message),
        None if state.is_done() => "every launch of every rank ends".to_owned(),
        None => "the schedule ends before the execution does".to_owned(),
    };
    let numbered = events.iter().enumerate();
    let steps = numbered.map(|(index, event)| step(&machine, &state, event, index as u32 + 1)).collect();
    Ok(Replay { steps, end })
}

/// A machine that takes single steps, and forgets nothing that anybody might ask for.
fn step_by_step<P: Program>(
    program: Arc<P>,
    options: &super::Options,
    (contended, set_aside): (&FxHashSet<u64>, &SetAside),
) -> Machine<P> {
    let settings = Settings { step_by_step: true, ..super::settings(options, None, Watch::Nothing) };
    let contended = Contended { slots: contended.clone(), ..Contended::default() };
    Machine::new(program, settings, contended).setting_aside(set_aside.clone())
}

/// Whether an execution shows something wrong, also where nothing is forgotten.
pub(super) fn comes_about<P: Program>(
    program: &Arc<P>,
    options: &super::Options,
    known: (&FxHashSet<u64>, &SetAside),
    actions: &[Action],
) -> bool {
    let machine = step_by_step(program.clone(), options, known);
    let (mut state, _) = machine.initial(None);
    for action in actions {
        if !machine.actions(&state).contains(action) {
            return false;
        }
        machine.apply(&mut state, *action, None);
    }
    state.violation.is_some()
}

/// The part of an execution that explains a violation.
pub(super) fn shorten<P: Program>(
    machine: &Machine<P>,
    state: &State<P::Thread>,
    violation: &Violation,
    events: &[Event],
) -> Vec<TraceStep> {
    let named: Vec<ThreadName> = violation.points.iter().filter_map(|point| point.thread).collect();
    let mut threads: Vec<ThreadIndex> = Vec::new();
    let mut latest = 0;
    for event in events {
        let name = name(machine, state, event);
        if named.contains(&name) && !threads.contains(&event.thread) {
            threads.push(event.thread);
        }
        if named.iter().any(|named| named.launch >= event.launch) {
            latest = latest.max(event.launch);
        }
    }
    let mut kept = vec![false; events.len()];
    let touched = |event: &Event| touches(event, violation.location);
    for thread in &threads {
        keep(events, *thread, latest, STEPS_OF_A_THREAD, touched, &mut kept);
    }
    if let Some((rank, launch)) = violation.refresh {
        for (event, kept) in events.iter().zip(&mut kept) {
            *kept |= event.what == What::Launch && event.launch == launch && name(machine, state, event).rank == rank;
        }
    }
    // Who signalled to them.
    let mut writers = Vec::new();
    for (event, _) in events.iter().zip(&kept).filter(|(_, kept)| **kept) {
        let What::Operation { operation, from: Some(from), .. } = &event.what else { continue };
        if !matches!(operation, Operation::Await { .. } | Operation::Read { .. }) {
            continue;
        }
        let writer = from.epoch.thread;
        if !from.epoch.is_initial() && !threads.contains(&writer) && !writers.contains(&writer) {
            writers.push(writer);
        }
    }
    for writer in writers.iter().take(2) {
        keep(events, *writer, latest, 3, touched, &mut kept);
    }
    let chosen = events.iter().zip(&kept).filter(|(_, kept)| **kept);
    let steps: Vec<TraceStep> =
        chosen.enumerate().map(|(index, (event, _))| step(machine, state, event, index as u32 + 1)).collect();
    steps
}

/// Whether a data operation touches the memory a violation is about.
fn touches(event: &Event, location: Option<Location>) -> bool {
    let (What::Operation { operation, .. }, Some(at)) = (&event.what, location) else { return false };
    let within = |range: &Location, bytes: u64| {
        range.instance == at.instance && (range.byte..range.byte + bytes).contains(&at.byte)
    };
    match operation {
        Operation::Bulk(bulk) => {
            let within = |range: &Location| within(range, u64::from(bulk.bytes));
            within(&bulk.destination) || bulk.sources.iter().any(within)
        }
        Operation::Load { at, bytes } => within(at, u64::from(*bytes)),
        Operation::Store { at, data } => within(at, data.len() as u64),
        _ => false,
    }
}

fn is_data(operation: &Operation) -> bool {
    matches!(operation, Operation::Bulk(_) | Operation::Load { .. } | Operation::Store { .. })
}

/// Marks a thread's last operations that matter, up to a launch. Of a run of data operations of one statement it
/// marks one: the one that touches the memory in question, else the last.
fn keep(
    events: &[Event],
    thread: ThreadIndex,
    latest: u32,
    count: usize,
    touched: impl Fn(&Event) -> bool,
    kept: &mut [bool],
) {
    let mut left = count;
    let mut last: Option<usize> = None;
    for (index, event) in events.iter().enumerate().rev() {
        if event.thread != thread || event.launch > latest {
            continue;
        }
        if matches!(event.what, What::Operation { operation: Operation::Exit, .. }) {
            continue;
        }
        let bulk = matches!(&event.what, What::Operation { operation, .. } if is_data(operation));
        if let Some(last) = last.filter(|last| bulk && events[*last].site == event.site) {
            if touched(event) && kept[last] && !touched(&events[last]) {
                kept[last] = false;
                kept[index] = true;
            }
            continue;
        }
        if left == 0 {
            return;
        }
        last = Some(index);
        kept[index] = true;
        left -= 1;
    }
}

fn name<P: Program>(machine: &Machine<P>, state: &State<P::Thread>, event: &Event) -> ThreadName {
    state.name_in(machine, event.thread, event.launch)
}

fn step<P: Program>(machine: &Machine<P>, state: &State<P::Thread>, event: &Event, number: u32) -> TraceStep {
    let line = event.site.map_or(0, |site| machine.program().line(site));
    TraceStep { step: number, thread: name(machine, state, event), operation: words(machine, &event.what), line }
}

/// An event in words.
fn words<P: Program>(machine: &Machine<P>, what: &What) -> String {
    let place = |at: &Location| place(machine, at);
    match what {
        What::Launch => "the stream refreshes inputs and launches the kernel".to_owned(),
        What::Blocked { at, until, holds } => {
            format!("await {} {until}: it holds {holds}, waits", place(at))
        }
        What::Missed { at, until, holds } => {
            format!("await {} {until}: it holds {holds} already, the value waited for was missed", place(at))
        }
        What::Operation { operation, value, .. } => operation_words(machine, operation, *value),
    }
}

fn operation_words<P: Program>(machine: &Machine<P>, operation: &Operation, value: Option<Word>) -> String {
    let place = |at: &Location| place(machine, at);
    let read = value.map_or(String::new(), |value| format!(" → {value}"));
    match operation {
        Operation::Barrier(barrier) => barrier_words(*barrier),
        Operation::Load { at, bytes } => format!("ld {} ({bytes} bytes)", place(at)),
        Operation::Store { at, data } => format!("st {} ({} bytes)", place(at), data.len()),
        Operation::Read { at, semantics, .. } => format!("ld.{} {}{read}", mnemonic(*semantics), place(at)),
        Operation::Write { at, value, semantics, .. } => format!("st.{} {} = {value}", mnemonic(*semantics), place(at)),
        Operation::Await { at, condition, semantics, .. } => {
            format!("await ld.{} {} {condition}{read}", mnemonic(*semantics), place(at))
        }
        Operation::Spin { at, semantics, .. } => format!("await ld.{} {}", mnemonic(*semantics), place(at)),
        Operation::Atomic { at, function, operand, semantics, .. } if function.kind.is_mbarrier() => {
            let object = value.map_or(String::new(), |value| format!(" ({})", mbarrier::describe(value as u64)));
            format!("{}.{} {}{object}", mbarrier::verb(*operand), mnemonic(*semantics), place(at))
        }
        Operation::Atomic { at, function, operand, semantics, .. } => {
            format!("atom.{}.{} {}, {operand}{read}", mnemonic(*semantics), verb(function.operation), place(at))
        }
        Operation::Fence { semantics } => format!("fence.{}", mnemonic(*semantics)),
        Operation::ProxyFence { window } => window.mnemonic().to_owned(),
        Operation::Bulk(bulk) => {
            let sources: Vec<String> = bulk.sources.iter().map(place).collect();
            let verb = if bulk.fold.is_some() { "reduce" } else { "copy" };
            format!("{verb} {} <- {} ({} bytes)", place(&bulk.destination), sources.join(", "), bulk.bytes)
        }
        Operation::Start { pipe, .. } => format!("start a copy on {}", machine.program().pipe_name(*pipe)),
        Operation::Finish { pipe, remaining: 0 } => format!("finish {}", machine.program().pipe_name(*pipe)),
        Operation::Finish { pipe, remaining } => {
            format!("finish {} to {remaining}", machine.program().pipe_name(*pipe))
        }
        Operation::Assert { holds } => format!("assert: {holds}"),
        Operation::Call(Call::Begins { launch }) => format!("launch {launch} begins"),
        Operation::Call(Call::Enters) => "enters its kernel".to_owned(),
        Operation::Call(Call::Leaves) => "leaves its kernel".to_owned(),
        Operation::Call(Call::Returns { launch }) => format!("launch {launch} returns: the output is read"),
        Operation::Exit => "exit".to_owned(),
    }
}

fn barrier_words(barrier: Barrier) -> String {
    let verb = if barrier.arrive { "arrive" } else { "sync" };
    match barrier.group {
        Group::Block { id, count: Some(count) } => format!("bar.{verb} {id}, {count}"),
        Group::Block { id, count: None } => format!("bar.{verb} {id}"),
        Group::Warp { mask } if barrier.orders => format!("bar.warp.sync {mask:#x}"),
        Group::Warp { mask } => format!("exchange of values between lanes {mask:#x}"),
    }
}

fn place<P: Program>(machine: &Machine<P>, at: &Location) -> String {
    if let Some(text) = machine.program().describe(*at) {
        return format!("\"{text}\"");
    }
    let shape = machine.program().shape();
    let shown = shape.shown(*at);
    if shape.part(*at).element.is_some() {
        format!("{}@rank {} byte {}", shown.buffer, shown.rank, shown.byte)
    } else {
        format!("{}@rank {}[{}]", shown.buffer, shown.rank, shown.byte / 4)
    }
}

fn verb(operation: AtomicOperation) -> &'static str {
    match operation {
        AtomicOperation::Add => "add",
        AtomicOperation::Exchange => "exch",
        AtomicOperation::CompareSwap => "cas",
        AtomicOperation::Min => "min",
        AtomicOperation::Max => "max",
        AtomicOperation::And => "and",
        AtomicOperation::Or => "or",
        AtomicOperation::Xor => "xor",
        AtomicOperation::Increment => "inc",
        AtomicOperation::Decrement => "dec",
    }
}

/// As in PTX: `release.sys`.
fn mnemonic(semantics: Semantics) -> String {
    let scope = match semantics.scope {
        Scope::Cta => "cta",
        Scope::Cluster => "cluster",
        Scope::Gpu => "gpu",
        Scope::Sys => "sys",
    };
    match semantics.order {
        Order::Weak => "weak".to_owned(),
        Order::Volatile => "volatile".to_owned(),
        Order::Relaxed => format!("relaxed.{scope}"),
        Order::Acquire => format!("acquire.{scope}"),
        Order::Release => format!("release.{scope}"),
        Order::AcqRel => format!("acq_rel.{scope}"),
        Order::Sc => format!("sc.{scope}"),
    }
}
