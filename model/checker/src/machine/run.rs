//! The macro-step: every thread runs until it must wait, and operations take effect.

use super::event::{Event, What};
use super::{Choice, Counters, Machine, Notes, Settings, State, Status, Thread, Violation, ViolationPoint, Watch};
use crate::memory::clock::{Epoch, ThreadIndex};
use crate::memory::shadow::Access;
use crate::memory::slot::key;
use crate::process;
use crate::program::proxy::crosses;
use crate::program::{Fault, FaultOutcome, Operation, Program, SiteIndex, Word};
use arverify_protocol::ir::Order;
use arverify_protocol::verdict::{Code, ThreadName};

/// Threads that run, and operations of one of them, between two looks at the memory used.
const BETWEEN_LOOKS: u32 = 256;
/// The same at the clock: an operation may take long where its word has a long past.
const BETWEEN_GLANCES: u32 = 16;
/// Operations of a thread in one go after which a limit finds it going on and on.
const ON_AND_ON: u32 = 1 << 16;

/// A thread that does more in one launch is caught in a loop, as far as can be told.
const OPERATIONS_OF_A_THREAD: u32 = 4 << 20;

/// What became of a thread that tried an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Performed; the thread goes on.
    Done,
    /// The thread waits, and is woken.
    Waits,
    /// The thread has ended, or a violation has.
    Stops,
    /// Not performed: there is a choice to make.
    Chooses,
}

/// A run from one choice to the next.
pub(super) struct Run<'a, P: Program> {
    pub(super) machine: &'a Machine<P>,
    pub(super) state: &'a mut State<P::Thread>,
    pub(super) recorder: Option<&'a mut Vec<Event>>,
    pub(super) notes: Notes,
    /// The word that the current operation stores, for the words of a finding.
    pub(super) storing: Option<Word>,
    /// The current accesses are those of a copy that is waited for, for the words of a finding.
    pub(super) finishing: bool,
    /// The current operation needs a proxy fence before it.
    pub(super) crosses: bool,
    /// There is none.
    pub(super) unfenced: bool,
}

impl<'a, P: Program> Run<'a, P> {
    pub(super) fn new(
        machine: &'a Machine<P>,
        state: &'a mut State<P::Thread>,
        recorder: Option<&'a mut Vec<Event>>,
    ) -> Run<'a, P> {
        Run {
            machine,
            state,
            recorder,
            notes: Notes::default(),
            storing: None,
            finishing: false,
            crosses: false,
            unfenced: false,
        }
    }

    pub(super) fn into_notes(self) -> Notes {
        self.notes
    }

    pub(super) fn counters(&mut self) -> &mut Counters {
        &mut self.state.counters
    }

    /// Marks a slot at which the order of accesses matters.
    pub(super) fn conflict(&mut self, slot: u64) {
        if !self.machine.is_explored(slot) {
            self.notes.conflicts.slots.insert(slot);
        }
    }

    /// Runs every runnable thread, and diagnoses the state where nothing can happen any more.
    pub(super) fn run_to_quiescence(&mut self) {
        let mut runs = 0_u32;
        while let Some(thread) = self.state.runnable.pop_front() {
            if self.state.violation.is_some() {
                return;
            }
            runs += 1;
            if self.is_over(runs) {
                self.state.interrupted = true;
                return;
            }
            self.run_thread(thread);
            if self.state.interrupted || self.state.impossible {
                return;
            }
        }
        // What was not understood ends nothing: that nobody can run is no deadlock.
        if self.state.violation.is_some() || self.state.interrupted {
            return;
        }
        if self.state.is_done() {
            self.state.violation = self.state.suspect.take();
            return;
        }
        self.retire();
        self.remember_waits();
        let actions = self.machine.actions_of(self.state);
        if actions.is_empty() {
            let violation = self.machine.deadlock(self.state);
            self.fail(violation);
        } else {
            self.state.choices = Some(actions.into());
        }
    }

    pub(super) fn make_ready(&mut self, thread: ThreadIndex) {
        self.thread_mut(thread).status = Status::Ready;
        self.state.runnable.push_back(thread);
    }

    pub(super) fn thread_mut(&mut self, thread: ThreadIndex) -> &mut Thread<P::Thread> {
        &mut self.state.threads[thread as usize]
    }

    /// Whether a limit of time or memory forbids to go on, after so many steps of one kind.
    fn is_over(&self, steps: u32) -> bool {
        let Settings { deadline, max_bytes, max_events, .. } = self.machine.settings;
        if steps.is_multiple_of(BETWEEN_GLANCES) && process::is_past(deadline) {
            return true;
        }
        let recorded = self.recorder.as_ref().map_or(0, |events| events.len());
        steps.is_multiple_of(BETWEEN_LOOKS)
            && (max_events.is_some_and(|most| recorded > most)
                || max_bytes.is_some_and(|most| process::resident().is_some_and(|used| used >= most)))
    }

    fn run_thread(&mut self, index: ThreadIndex) {
        let mut last = None;
        for done in 1_u32.. {
            // A thread may go on for very long, and its operations get slower as their past grows.
            if self.is_over(done) {
                self.notes.cut_short = last.filter(|_| done >= ON_AND_ON).map(|site| (index, site));
                self.state.interrupted = true;
                return;
            }
            if let Some(site) = self.rest_of_phase(index)
                && self.is_endless(index, site)
            {
                return;
            }
            let coordinates = self.state.coordinates(self.machine, index);
            let thread = &mut self.state.threads[index as usize];
            let is_again = thread.pending.is_some();
            let next = match thread.pending.take() {
                Some(pending) => Ok(*pending),
                None if thread.plan.is_some() => self.machine.program.next_of_round(coordinates, &mut thread.program),
                None => self.machine.program.next(coordinates, &mut thread.program),
            };
            let (operation, site) = match next {
                Ok(next) => next,
                Err(fault) => {
                    return self.fault(index, fault);
                }
            };
            last = Some(site);
            if self.machine.settings.watch >= Watch::FreeSteps && !is_again {
                self.note_dependencies(index);
            }
            if !self.is_planned(index, &operation) && self.is_choice(index, &operation) {
                return self.leave_to_choice(index, operation, site);
            }
            match self.perform(index, &operation, site, Choice::Plain) {
                Progress::Done if self.state.violation.is_some() => return,
                Progress::Done => {}
                Progress::Waits => {
                    // At a barrier the thread goes on behind it; a wait is tried again.
                    if waits_for_slot(&operation) {
                        self.thread_mut(index).pending = Some(Box::new((operation, site)));
                    }
                    return;
                }
                Progress::Stops => return,
                Progress::Chooses => return self.leave_to_choice(index, operation, site),
            }
        }
    }

    /// The thread stops where there is a choice to make.
    fn leave_to_choice(&mut self, index: ThreadIndex, operation: Operation, site: SiteIndex) {
        if let Operation::Await { at, semantics, .. } = &operation {
            self.note_comer(index, *at);
            self.note_poll(index, (*at, semantics.order), site);
        }
        let thread = self.thread_mut(index);
        thread.status = Status::Choosing;
        thread.pending = Some(Box::new((operation, site)));
        self.state.choosing.insert(index);
    }

    /// Whether an operation is a read of a round whose messages have been chosen.
    fn is_planned(&mut self, index: ThreadIndex, operation: &Operation) -> bool {
        if self.state.threads[index as usize].plan.is_none() {
            return false;
        }
        matches!(operation, Operation::Read { .. } | Operation::Load { .. } | Operation::Atomic { .. })
    }

    fn fault(&mut self, thread: ThreadIndex, fault: Fault) {
        match fault.outcome {
            FaultOutcome::Violation(code) => {
                let point = self.point(thread, fault.site, "this operation");
                self.fail(Violation::new(code, fault.message, vec![point]));
            }
            FaultOutcome::NotUnderstood => {
                self.notes.not_understood.get_or_insert((fault.message, fault.site));
                self.state.interrupted = true;
                self.state.runnable.clear();
            }
        }
    }

    fn is_choice(&self, thread: ThreadIndex, operation: &Operation) -> bool {
        if matches!(operation, Operation::Spin { .. }) {
            return false;
        }
        if self.machine.settings.everything {
            return true;
        }
        let contended = &self.machine.contended;
        let (at, order) = match operation {
            Operation::Read { at, semantics, .. } | Operation::Write { at, semantics, .. } => (at, semantics.order),
            Operation::Await { at, semantics, .. } | Operation::Atomic { at, semantics, .. } => (at, semantics.order),
            _ => return self.machine.arrives_at_choice(self.state, thread, operation),
        };
        order != Order::Weak && contended.slots.contains(&key(*at))
    }

    /// Performs the operation a thread stands at, as chosen.
    pub(super) fn perform_chosen(&mut self, index: ThreadIndex, choice: Choice) {
        self.state.choosing.remove(&index);
        let Some(pending) = self.thread_mut(index).pending.take() else { return };
        let (operation, site) = *pending;
        if choice == Choice::PutOff {
            self.machine.program.put_off(&mut self.state.threads[index as usize].program, site);
            return self.make_ready(index);
        }
        match self.perform(index, &operation, site, choice) {
            Progress::Done => self.make_ready(index),
            Progress::Stops => {}
            Progress::Waits | Progress::Chooses => {
                if waits_for_slot(&operation) {
                    let thread = self.thread_mut(index);
                    thread.pending = Some(Box::new((operation, site)));
                    thread.status = Status::Choosing;
                    self.state.choosing.insert(index);
                }
            }
        }
    }

    /// The thread takes a step. Updates of one instruction have steps of their own, in whatever order they are made: what they
    /// leave behind does not tell it.
    fn advance(&mut self, index: ThreadIndex, operation: &Operation) {
        let thread = &mut *self.state.threads[index as usize];
        match operation {
            Operation::Atomic { element, .. } if element.count > 1 => {
                if element.made == 0 {
                    thread.before_updates = thread.step;
                }
                thread.step = thread.before_updates + 1 + u32::from(element.index);
            }
            _ => thread.step += 1,
        }
    }

    /// All updates of an instruction are made.
    fn end_updates(&mut self, index: ThreadIndex, operation: &Operation) {
        if let Operation::Atomic { element, .. } = operation
            && element.count > 1
            && element.is_last()
        {
            let thread = self.thread_mut(index);
            thread.step = std::mem::take(&mut thread.before_updates) + u32::from(element.count);
        }
    }

    fn perform(&mut self, index: ThreadIndex, operation: &Operation, site: SiteIndex, choice: Choice) -> Progress {
        let recorded = self.recorder.as_ref().map(|events| events.len());
        let progress = self.perform_operation(index, operation, site, choice);
        // What ends the execution before it takes effect is part of it.
        if self.state.violation.is_some()
            && recorded.is_some()
            && self.recorder.as_ref().map(|events| events.len()) == recorded
        {
            self.record(index, site, operation, None, None);
        }
        progress
    }

    fn perform_operation(
        &mut self,
        index: ThreadIndex,
        operation: &Operation,
        site: SiteIndex,
        choice: Choice,
    ) -> Progress {
        // A wait in a loop counts its rounds itself.
        if !matches!(choice, Choice::Miss) && !matches!(operation, Operation::Spin { .. }) {
            self.advance(index, operation);
            self.counters().operations += 1;
            if self.is_endless(index, site) {
                return Progress::Stops;
            }
        }
        self.note_visit(index, operation, site);
        self.storing = match operation {
            Operation::Write { value, .. } => Some(*value),
            _ => None,
        };
        let coordinates = self.state.coordinates(self.machine, index);
        self.crosses = self.machine.program().is_asynchronous(coordinates) && crosses(operation);
        match operation {
            Operation::Read { at, width, semantics, .. } => {
                if semantics.order == Order::Weak {
                    self.weak_read(index, *at, *width, operation, site)
                } else {
                    self.strong_read(index, (*at, *width), *semantics, operation, site, choice)
                }
            }
            Operation::Write { at, width, value, semantics, .. } if semantics.order != Order::Weak => {
                self.strong_write(index, (*at, *width), *value, *semantics, operation, site, choice)
            }
            Operation::Await { at, width, condition, semantics, .. } => {
                self.wait(index, (*at, *width), *condition, *semantics, operation, site, choice)
            }
            Operation::Spin { .. } => self.spin(index, operation, site, choice),
            Operation::Atomic { at, semantics, .. } => {
                let progress = self.atomic(index, *at, *semantics, operation, site, choice);
                self.end_updates(index, operation);
                progress
            }
            Operation::Assert { holds } => {
                if *holds {
                    return Progress::Done;
                }
                let point = self.point(index, site, "this does not hold");
                let message = "an assertion fails".to_owned();
                self.suspect(Violation::new(Code::WrongResult, message, vec![point]));
                Progress::Done
            }
            other => {
                self.record(index, site, other, None, None);
                self.perform_recorded(index, other, site)
            }
        }
    }

    /// Operations that read no word, and are recorded before they are performed.
    fn perform_recorded(&mut self, index: ThreadIndex, operation: &Operation, site: SiteIndex) -> Progress {
        match operation {
            Operation::Barrier(barrier) => self.barrier(index, *barrier, site),
            Operation::Bulk(bulk) => self.bulk(index, bulk, site),
            Operation::Start { pipe, capacity } => self.start_copy(index, *pipe, *capacity, site),
            Operation::Finish { pipe, remaining } => self.finish_copies(index, *pipe, *remaining),
            Operation::Load { at, bytes } => self.load(index, *at, *bytes, site),
            Operation::Store { at, data } => self.store(index, *at, data, site),
            Operation::Write { at, width, value, .. } => self.weak_write(index, *at, *width, *value, site),
            Operation::Fence { semantics } => self.fence(index, *semantics, site),
            Operation::ProxyFence { window } => {
                self.proxy_fence(index, *window, site);
                Progress::Done
            }
            Operation::Call(call) => self.call(index, *call, site),
            Operation::Exit => {
                if self.has_finished(index, site) {
                    self.exit(index, site);
                }
                Progress::Stops
            }
            // These read words, or are not recorded: `perform` knows them.
            Operation::Read { .. } | Operation::Await { .. } | Operation::Spin { .. } => Progress::Done,
            Operation::Atomic { .. } | Operation::Assert { .. } => Progress::Done,
        }
    }

    /// Whether a thread has done so much in its launch that it counts as caught in a loop: then nothing follows.
    fn is_endless(&mut self, thread: ThreadIndex, site: SiteIndex) -> bool {
        let endless = self.state.threads[thread as usize].step > OPERATIONS_OF_A_THREAD;
        if endless {
            let message = format!("a thread performs more than {OPERATIONS_OF_A_THREAD} operations in a launch");
            self.fault(thread, Fault { outcome: FaultOutcome::NotUnderstood, message, site });
        }
        endless
    }

    pub(super) fn record(
        &mut self,
        thread: ThreadIndex,
        site: SiteIndex,
        operation: &Operation,
        value: Option<Word>,
        from: Option<Access>,
    ) {
        if let Some(recorder) = &mut self.recorder {
            let launch = self.state.coordinates(self.machine, thread).launch;
            let what = What::Operation { operation: operation.clone(), value, from };
            let phase = self.state.blocks[self.machine.block_of(thread) as usize].phase;
            let epoch = Epoch { thread, phase, step: self.state.threads[thread as usize].step };
            recorder.push(Event { thread, launch, epoch, site: Some(site), what });
        }
    }

    pub(super) fn record_what(&mut self, thread: ThreadIndex, site: Option<SiteIndex>, what: impl FnOnce() -> What) {
        if let Some(recorder) = &mut self.recorder {
            let launch = self.state.coordinates(self.machine, thread).launch;
            // A grid of no blocks has no first one.
            let block = self.state.blocks.get(self.machine.block_of(thread) as usize);
            let step = self.state.threads.get(thread as usize).map_or(0, |thread| thread.step);
            let epoch = Epoch { thread, phase: block.map_or(0, |block| block.phase), step };
            recorder.push(Event { thread, launch, epoch, site, what: what() });
        }
    }

    pub(super) fn name(&self, thread: ThreadIndex) -> ThreadName {
        self.state.current_name(self.machine, thread)
    }

    pub(super) fn point(&self, thread: ThreadIndex, site: SiteIndex, label: &str) -> ViolationPoint {
        ViolationPoint { thread: Some(self.name(thread)), site, label: label.to_owned() }
    }

    /// The current point of a thread.
    pub(super) fn epoch(&self, thread: ThreadIndex) -> Epoch {
        let phase = self.state.blocks[self.machine.block_of(thread) as usize].phase;
        Epoch { thread, phase, step: self.state.threads[thread as usize].step }
    }

    /// Something wrong that a race may explain: the execution goes on, to see.
    pub(super) fn suspect(&mut self, violation: Violation) {
        if self.state.raced && violation.rests_on_values() {
            return;
        }
        self.state.suspect.get_or_insert(Box::new(violation));
    }

    /// A race that is set aside has come up: what was suspected may come of it, too, for the access that came first may be the one that
    /// read too early.
    pub(super) fn note_set_aside(&mut self) {
        self.state.raced = true;
        self.state.suspect.take_if(|suspect| suspect.rests_on_values());
    }

    /// Ends the execution with a violation. What was suspected before comes first, except before a race or a copy that
    /// nobody waits for, which may be what caused it.
    pub(super) fn fail(&mut self, violation: Violation) {
        if self.state.violation.is_some() {
            return;
        }
        let race = matches!(violation.code, Code::DataRace | Code::ZeroingRace | Code::EpochConfusion | Code::Hazard);
        let first = |suspect: &Violation| !race || (violation.code == Code::DataRace && suspect.code == Code::DataRace);
        // What follows where sends and receives do not match is no cause.
        let mismatched = violation.code == Code::PeersDisagree && self.machine.program.has_calls();
        let suspect = self.state.suspect.take().filter(|suspect| first(suspect) && !mismatched);
        self.state.unreported = suspect.is_none() && self.state.raced && violation.rests_on_values();
        self.state.violation = Some(suspect.unwrap_or_else(|| Box::new(violation)));
    }

    pub(super) fn fail_here(&mut self, violation: Violation) -> Progress {
        self.fail(violation);
        Progress::Stops
    }
}

/// Whether the operation is tried again after it had to wait. At a barrier the thread goes on behind it.
fn waits_for_slot(operation: &Operation) -> bool {
    matches!(operation, Operation::Await { .. } | Operation::Spin { .. })
}

impl Violation {
    pub(super) fn new(code: Code, message: String, points: Vec<ViolationPoint>) -> Violation {
        Violation {
            code,
            message,
            points,
            location: None,
            notes: Vec::new(),
            help: None,
            refresh: None,
            crosses_launches: false,
            stale: None,
            race: None,
            accesses: None,
            cause: None,
            after: None,
            counterpart: None,
            reasons: Vec::new(),
        }
    }
}
