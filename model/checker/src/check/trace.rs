//! Traces: a recorded execution in words, and the short part of it that explains a finding.
//!
//! A trace is a slice: both accesses of a race, what leads or almost leads from one to the other, the operations that the
//! finding names, and the writes that its waits have found. Nothing else is shown, however much happened.

use super::engines::growing;
use super::why::Explained;
use super::{Schedule, check_by_machine};
use crate::machine::event::{Event, What};
use crate::machine::{Action, Contended, Machine, SetAside, Settings, State, Violation, Watch};
use crate::memory::clock::Epoch;
use crate::program::{
    AtomicKind, Barrier, Call, Group, Location, Operation, Program, SiteIndex, Width, Word, mbarrier,
};
use arverify_protocol::ir::AtomicOperation;
use arverify_protocol::verdict::{Meeting, StepKind, ThreadName, TraceStep};
use rustc_hash::FxHashSet;
use std::collections::BTreeSet;
use std::sync::Arc;

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
    if !program.grows() && !program.has_unknown_values() {
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
    let numbered = events.iter().filter(|event| event.is_of_thread() || event.what == What::Launch).enumerate();
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

/// The part of an execution that explains a violation: what its cause names, and what the finding names, each read with the
/// write that it found.
pub(super) fn slice<P: Program>(
    machine: &Machine<P>,
    state: &State<P::Thread>,
    violation: &Violation,
    explained: &Explained,
) -> Vec<TraceStep> {
    let Explained { events, kept, .. } = explained;
    let mut kept: BTreeSet<usize> = kept.iter().copied().collect();
    let mut absent = Vec::new();
    for point in &violation.points {
        let is_own = |event: &Event| point.thread.is_none_or(|named| named == name(machine, state, event));
        let is_it = |event: &Event| event.site == Some(point.site) && is_own(event);
        if kept.iter().any(|index| is_it(&events[*index])) {
            continue;
        }
        let found = events.iter().rposition(is_it);
        if let (None, Some(named)) = (found, point.thread) {
            let stands = state.pending_at(machine, named, point.site);
            let begun = events.iter().any(|event| event.is_of_thread() && is_own(event));
            let (kind, operation) = match stands {
                Some(operation) => (StepKind::Blocked, format!("{}: waits", operation_words(machine, operation, None))),
                None if begun && violation.is_of_one_operation() => (StepKind::Absent, "stops here".to_owned()),
                None => (StepKind::Absent, "does not come here".to_owned()),
            };
            absent.push(TraceStep { kind, operation, ..step_at(machine, Some(point.site), named, 0) });
        }
        kept.extend(found);
    }
    let sources: Vec<usize> = kept.iter().filter_map(|index| source_of(events, *index)).collect();
    kept.extend(sources);
    if let Some((rank, launch)) = violation.refresh {
        let begins = |event: &Event| {
            event.what == What::Launch && event.launch == launch && name(machine, state, event).rank == rank
        };
        kept.extend(events.iter().position(begins));
    }
    let kept: Vec<usize> = kept.into_iter().collect();
    let mut steps: Vec<TraceStep> = kept.iter().map(|index| step(machine, state, &events[*index], 0)).collect();
    relate((machine, state), events, &kept, &mut steps);
    for index in explained.racing.into_iter().flatten() {
        kept.binary_search(&index).into_iter().for_each(|place| steps[place].racing = true);
    }
    let steps = steps.into_iter().chain(absent);
    steps.enumerate().map(|(number, step)| TraceStep { step: number as u32 + 1, ..step }).collect()
}

/// Says of the steps of a slice which of them read what another wrote, and which met at a barrier. `kept` are their events.
fn relate<P: Program>(
    (machine, state): (&Machine<P>, &State<P::Thread>),
    events: &[Event],
    kept: &[usize],
    steps: &mut [TraceStep],
) {
    let number = |event: usize| kept.binary_search(&event).ok().map(|place| place as u32 + 1);
    let mut threads: Vec<_> = kept.iter().map(|index| &events[*index]).collect();
    threads.retain(|event| event.is_of_thread());
    let mut meetings: Vec<usize> = Vec::new();
    for (index, step) in kept.iter().zip(steps) {
        step.reads_from = write_found(events, *index).and_then(number);
        let Some((met, arrivals)) = meeting_of(events, *index) else { continue };
        let known = meetings.iter().position(|meeting| *meeting == met);
        let number = known.unwrap_or(meetings.len()) as u32 + 1;
        if known.is_none() {
            meetings.push(met);
        }
        let came = threads.iter().filter(|event| arrivals.iter().any(|(epoch, _)| epoch.thread == event.thread));
        let mut shown: Vec<ThreadName> =
            came.map(|event| state.name_in(machine, event.thread, events[*index].launch)).collect();
        shown.sort_unstable();
        shown.dedup();
        step.meeting = Some(Meeting { number, threads: arrivals.len() as u32, shown });
    }
}

/// The barrier that an arrival took part in, or that an event is, with those who came.
fn meeting_of(events: &[Event], index: usize) -> Option<(usize, &[(Epoch, bool)])> {
    let own = &events[index];
    let is_arrival = matches!(own.what, What::Operation { operation: Operation::Barrier(_), .. });
    if !is_arrival && !matches!(own.what, What::Met(_)) {
        return None;
    }
    let took_part = |event: &Event| match &event.what {
        What::Met(arrivals) => !is_arrival || arrivals.iter().any(|(epoch, _)| *epoch == own.epoch),
        _ => false,
    };
    let met = index + events[index..].iter().position(took_part)?;
    match &events[met].what {
        What::Met(arrivals) => Some((met, arrivals)),
        _ => None,
    }
}

/// The write to the same word that any read found.
fn write_found(events: &[Event], read: usize) -> Option<usize> {
    let What::Operation { operation, from: Some(from), .. } = &events[read].what else { return None };
    let (Operation::Read { at, .. } | Operation::Await { at, .. } | Operation::Atomic { at, .. }) = operation else {
        return None;
    };
    let writes = |event: &Event| match &event.what {
        What::Operation { operation: Operation::Write { at: own, .. } | Operation::Atomic { at: own, .. }, .. } => {
            own == at
        }
        _ => false,
    };
    let is_it = |event: &Event| writes(event) && event.epoch == from.epoch;
    // Of what everybody has passed the step is forgotten.
    let is_alike =
        |event: &Event| writes(event) && event.epoch.thread == from.epoch.thread && event.site == Some(from.site);
    let before = &events[..read];
    before.iter().rposition(is_it).or_else(|| before.iter().rposition(is_alike))
}

/// The write that a read found.
fn source_of(events: &[Event], read: usize) -> Option<usize> {
    let What::Operation { operation, from: Some(from), .. } = &events[read].what else { return None };
    let is_wait = matches!(operation, Operation::Await { .. } | Operation::Read { .. });
    let is_it = |event: &Event| matches!(event.what, What::Operation { .. }) && event.epoch == from.epoch;
    if is_wait { events[..read].iter().rposition(is_it) } else { None }
}

fn name<P: Program>(machine: &Machine<P>, state: &State<P::Thread>, event: &Event) -> ThreadName {
    state.name_in(machine, event.thread, event.launch)
}

fn step<P: Program>(machine: &Machine<P>, state: &State<P::Thread>, event: &Event, number: u32) -> TraceStep {
    let (kind, operation) = (kind_of(&event.what), words(machine, &event.what));
    TraceStep { kind, operation, ..step_at(machine, event.site, name(machine, state, event), number) }
}

/// A step without words.
fn step_at<P: Program>(machine: &Machine<P>, site: Option<SiteIndex>, thread: ThreadName, step: u32) -> TraceStep {
    let program = machine.program();
    let line = site.map_or(0, |site| program.line(site));
    let call = site.and_then(|site| program.site(site).1.last().cloned()).filter(|call| !call.is_empty());
    let call = call.map_or(0, |call| program.source().line_column(call.start).0);
    let (kind, operation) = (StepKind::Other, String::new());
    TraceStep { step, thread, operation, line, call, kind, reads_from: None, meeting: None, racing: false }
}

fn kind_of(what: &What) -> StepKind {
    let operation = match what {
        What::Launch => return StepKind::Launch,
        What::Ended => return StepKind::End,
        What::Met(_) => return StepKind::Barrier,
        What::Blocked { .. } | What::Missed { .. } => return StepKind::Blocked,
        What::Operation { operation, .. } => operation,
    };
    match operation {
        Operation::Barrier(_) => StepKind::Barrier,
        Operation::Load { .. } | Operation::Read { .. } => StepKind::Read,
        Operation::Store { .. } | Operation::Write { .. } => StepKind::Write,
        Operation::Atomic { .. } => StepKind::Update,
        Operation::Await { .. } => StepKind::Wait,
        // Who stands before a loop has not left it.
        Operation::Spin { .. } => StepKind::Blocked,
        Operation::Bulk(_) => StepKind::Copy,
        Operation::Fence { .. } | Operation::ProxyFence { .. } => StepKind::Fence,
        _ => StepKind::Other,
    }
}

/// An event in words.
fn words<P: Program>(machine: &Machine<P>, what: &What) -> String {
    let place = |at: &Location| place(machine, at);
    match what {
        What::Ended => "the launch ends".to_owned(),
        What::Met(arrivals) => format!("{} threads have met", arrivals.len()),
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
    let read = value.map_or(String::new(), |value| match read_width(operation) {
        Some((at, width)) => format!(" → {}", word(machine, at, width, value)),
        None => format!(" → {value}"),
    });
    match operation {
        Operation::Barrier(barrier) => barrier_words(*barrier),
        Operation::Load { at, bytes } => format!("ld {} ({bytes} bytes)", place(at)),
        Operation::Store { at, data } => format!("st {} {}", place(at), elements(machine, at, data)),
        Operation::Read { at, semantics, .. } => format!("ld.{} {}{read}", semantics, place(at)),
        Operation::Write { at, width, value, semantics, .. } => {
            format!("st.{} {} = {}", semantics, place(at), word(machine, at, *width, *value))
        }
        Operation::Await { at, condition, semantics, .. } => {
            format!("await ld.{} {} {condition}{read}", semantics, place(at))
        }
        Operation::Spin { at, semantics, .. } => format!("await ld.{} {}", semantics, place(at)),
        Operation::Atomic { at, function, operand, semantics, .. } if function.kind.is_mbarrier() => {
            let object = value.map_or(String::new(), |value| format!(" ({})", mbarrier::describe(value as u64)));
            format!("{}.{} {}{object}", mbarrier::verb(*operand), semantics, place(at))
        }
        Operation::Atomic { at, width, function, operand, semantics, .. } => {
            let signed = function.kind == AtomicKind::Signed;
            let shown = |bits: u64| match (signed, width) {
                (true, Width::Eight) => (bits as i64).to_string(),
                (true, _) => (bits as u32 as i32).to_string(),
                (false, _) => bits.to_string(),
            };
            let read = value.map_or(String::new(), |value| format!(" → {}", shown(value as u64)));
            let (verb, operand) = (verb(function.operation), shown(*operand));
            format!("atom.{}.{verb} {}, {operand}{read}", semantics, place(at))
        }
        Operation::Fence { semantics } => format!("fence.{}", semantics),
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
    let size = shape.part(*at).element.map_or(4, |element| u64::from(element.bytes()));
    let declared = machine.program().element(*at);
    let whole = || shown.byte.is_multiple_of(size).then(|| vec![shown.byte / size]);
    match declared.or_else(whole) {
        Some(places) => {
            let places: String = places.iter().map(|place| format!("[{place}]")).collect();
            format!("{}{places} on rank {}", shown.buffer, shown.rank)
        }
        None => format!("{} on rank {} byte {}", shown.buffer, shown.rank, shown.byte),
    }
}

/// The word that an operation reads whose value stands for itself.
fn read_width(operation: &Operation) -> Option<(&Location, Width)> {
    match operation {
        Operation::Read { at, width, .. } | Operation::Await { at, width, .. } => Some((at, *width)),
        _ => None,
    }
}

/// A value; a packet, which is two words that are written as one, as its words.
fn word<P: Program>(machine: &Machine<P>, at: &Location, width: Width, value: Word) -> String {
    match width {
        Width::Eight if machine.program().element(*at).is_some() => {
            format!("{{{}, {}}}", value as u32, (value >> 32) as u32)
        }
        _ => value.to_string(),
    }
}

/// What is stored, as elements of its buffer.
fn elements<P: Program>(machine: &Machine<P>, at: &Location, data: &[u8]) -> String {
    let part = machine.program().shape().part(*at);
    let size = part.element.map_or(4, |element| element.bytes() as usize);
    if data.is_empty() || !data.len().is_multiple_of(size) {
        return format!("({} bytes)", data.len());
    }
    let word = |bytes: &[u8]| match part.element {
        Some(element) => element.show(element.read(bytes)),
        None => bytes.try_into().map_or(0, u32::from_le_bytes).to_string(),
    };
    let words: Vec<String> = data.chunks_exact(size).map(word).collect();
    if words.len() == 1 { format!("= {}", words[0]) } else { format!("= {{{}}}", words.join(", ")) }
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
