//! Exploration by Stateright: a thin adapter over [`Machine`].
//!
//! One Stateright action is one macro-step. Deadlock is an `always` property over states with nothing left to run,
//! which the machine reports as a violation, because Stateright's `eventually` misses waiters that spin and joins.
//! States are shared by reference counting, for Stateright copies them freely.
//!
//! Depth first has a short frontier; breadth first finds the shortest trace. So every exploration goes depth first, and a
//! violation that it finds is looked for again breadth first.

use crate::machine::uses::Uses;
use crate::machine::{Action, Contended, Machine, Notes, ReadThenWrite, State, Watch, begins_circle};
use crate::memory::clock::ThreadIndex;
use crate::process;
use crate::program::{Polled, Program, SiteIndex};
use arverify_protocol::verdict::Stats;
use rustc_hash::{FxHashMap, FxHashSet};
use stateright::{Checker, Model, Property};
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// A state, shared.
#[derive(Clone, Debug)]
pub(super) struct Node<T>(Arc<State<T>>);

impl<T: PartialEq> PartialEq for Node<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T: Hash> Hash for Node<T> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.0.hash(hasher);
    }
}

/// What an exploration found.
pub(super) struct Exploration<T> {
    /// A way to a violation.
    pub(super) violation: Discovery<T>,
    /// Slots that must be explored too.
    pub(super) conflicts: Contended,
    /// What load buffering could be made of.
    pub(super) steps: FxHashSet<ReadThenWrite>,
    /// Reads that a write may have overtaken.
    pub(super) overtaken: FxHashSet<(u64, u32)>,
    /// It is to begin again, with more contended slots, or watching load buffering more closely.
    pub(super) begins_again: bool,
    /// Words that would say more of the order of `fence.sc`, were they contended.
    pub(super) fenced: FxHashSet<u64>,
    /// A wait with more combinations of messages than are tried.
    pub(super) too_many_rounds: bool,
    /// A statement that was reached and is not understood, with why.
    pub(super) not_understood: Option<(String, SiteIndex)>,
    /// What the program's polled words lack.
    pub(super) polled: Polled,
    /// What every buffer was used for.
    pub(super) uses: Uses,
    /// A limit was hit: not everything was covered.
    pub(super) limited: Option<Limit>,
    /// Who was at work, and where, when a limit ended a macro-step.
    pub(super) cut_short: Option<(ThreadIndex, SiteIndex)>,
    /// The word and statement at which most choices were made, and which part of all that is.
    pub(super) busiest: Option<(u64, SiteIndex, f64)>,
    /// How much was done.
    pub(super) stats: Stats,
    /// Waits that were satisfied, in some execution.
    pub(super) waits: u64,
    /// Weak accesses to other ranks' instances, in some execution.
    pub(super) peer_accesses: u64,
    /// Digests of memory in every final state.
    pub(super) finals: std::collections::BTreeSet<u64>,
}

/// Limits of one exploration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) states: u64,
    /// Of the process.
    pub(super) bytes: u64,
    pub(super) deadline: Option<Instant>,
    /// Threads that explore.
    pub(super) jobs: usize,
}

/// A limit that was hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    States,
    Memory,
    Time,
}

/// States among which a shorter trace is looked for, at least.
const BREADTH: u64 = 20_000;
/// States after which an exploration ends that is to begin again with other contended slots.
const CONFLICTS_WAIT: u64 = 4_096;
/// The same, at most.
const MOST_AGAIN: u64 = 200_000;
/// States between two looks at the memory that is used, and at where choices are made.
const STATES_BETWEEN_LOOKS: u64 = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Breadth,
    Depth,
}

struct Adapter<P: Program> {
    machine: Arc<Machine<P>>,
    initial: Node<P::Thread>,
    limits: Limits,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    conflicts: Mutex<Contended>,
    steps: Mutex<FxHashSet<ReadThenWrite>>,
    overtaken: Mutex<FxHashSet<(u64, u32)>>,
    uses: Mutex<Uses>,
    polled: Mutex<Polled>,
    finals: Mutex<std::collections::BTreeSet<u64>>,
    not_understood: Mutex<Option<(String, SiteIndex)>>,
    cut_short: Mutex<Option<(ThreadIndex, SiteIndex)>>,
    choices: Mutex<FxHashMap<(u64, SiteIndex), u64>>,
    made: AtomicU64,
    operations: AtomicU64,
    executions: AtomicU64,
    limited: Mutex<Option<Limit>>,
    /// It is to begin again, with what was found out.
    begins_again: AtomicBool,
    /// At once, watching load buffering more closely.
    watches_more: AtomicBool,
    fenced: Mutex<FxHashSet<u64>>,
    too_many_rounds: AtomicBool,
    /// Set when Stateright walks a path again: no limit ends that.
    replaying: AtomicBool,
    waits: AtomicU64,
    peer_accesses: AtomicU64,
}

impl Shared {
    fn add_notes(&self, notes: Notes, watch: Watch) {
        let watches_more = match watch {
            Watch::Overtaken => !notes.overtaken.is_empty(),
            Watch::FreeSteps => self.begins_circle(&notes),
            Watch::Nothing | Watch::AllSteps => false,
        };
        if watches_more {
            self.watches_more.store(true, Ordering::Relaxed);
        }
        if watches_more || !notes.conflicts.is_empty() {
            self.begins_again.store(true, Ordering::Relaxed);
        }
        if !notes.steps.is_empty() {
            self.steps.lock().unwrap_or_else(PoisonError::into_inner).extend(notes.steps);
        }
        if !notes.overtaken.is_empty() {
            self.overtaken.lock().unwrap_or_else(PoisonError::into_inner).extend(notes.overtaken);
        }
        if !notes.fenced.is_empty() {
            self.fenced.lock().unwrap_or_else(PoisonError::into_inner).extend(notes.fenced);
        }
        self.too_many_rounds.fetch_or(notes.too_many_rounds, Ordering::Relaxed);
        if let Some(found) = notes.cut_short {
            self.cut_short.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(found);
        }
        if let Some(found) = notes.not_understood {
            self.not_understood.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(found);
        }
        if !notes.polled.is_empty() {
            self.polled.lock().unwrap_or_else(PoisonError::into_inner).extend(&notes.polled);
        }
        self.uses.lock().unwrap_or_else(PoisonError::into_inner).extend(&notes.uses);
        if !notes.conflicts.is_empty() {
            self.conflicts.lock().unwrap_or_else(PoisonError::into_inner).add(&notes.conflicts);
        }
    }

    /// Whether a circle could begin with a step that is new, or with a read that is newly known to be overtaken.
    fn begins_circle(&self, notes: &Notes) -> bool {
        if notes.steps.is_empty() && notes.overtaken.is_empty() {
            return false;
        }
        let steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        let overtaken = self.overtaken.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = !notes.overtaken.is_subset(&overtaken);
        begins_circle(&notes.steps, &overtaken)
            || is_new && (begins_circle(&steps, &notes.overtaken) || begins_circle(&notes.steps, &notes.overtaken))
    }

    /// Where most choices were made.
    fn busiest(&self) -> Option<(u64, SiteIndex, f64)> {
        let choices = self.choices.lock().unwrap_or_else(PoisonError::into_inner);
        let all: u64 = choices.values().sum();
        let ((slot, site), most) = choices.iter().max_by_key(|(place, count)| (**count, **place))?;
        Some((*slot, *site, *most as f64 / all as f64))
    }

    fn is_limited(&self) -> bool {
        self.limited.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn hit(&self, limit: Limit) {
        self.limited.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(limit);
    }

    fn add_end<T>(&self, state: &State<T>) {
        self.executions.fetch_add(1, Ordering::Relaxed);
        self.waits.fetch_max(state.counters.waits, Ordering::Relaxed);
        self.peer_accesses.fetch_max(state.counters.peer_accesses, Ordering::Relaxed);
        self.finals.lock().unwrap_or_else(PoisonError::into_inner).insert(state.memory_digest());
    }
}

impl<P: Program> Adapter<P> {
    /// Whether a limit forbids another state.
    fn is_over(&self) -> bool {
        if self.shared.replaying.load(Ordering::Relaxed) {
            return false;
        }
        let made = self.shared.made.fetch_add(1, Ordering::Relaxed);
        if self.shared.watches_more.load(Ordering::Relaxed)
            || made >= CONFLICTS_WAIT && self.shared.begins_again.load(Ordering::Relaxed)
        {
            return true;
        }
        let limit = self.limits.limit(made);
        limit.into_iter().for_each(|limit| self.shared.hit(limit));
        limit.is_some() || self.shared.is_limited()
    }
}

impl<P: Program> Model for Adapter<P> {
    type State = Node<P::Thread>;
    type Action = Action;

    fn init_states(&self) -> Vec<Self::State> {
        vec![self.initial.clone()]
    }

    fn actions(&self, node: &Self::State, actions: &mut Vec<Action>) {
        actions.extend(self.machine.actions(&node.0));
    }

    fn next_state(&self, node: &Self::State, action: Action) -> Option<Self::State> {
        if self.is_over() {
            return None;
        }
        if self.shared.made.load(Ordering::Relaxed).is_multiple_of(STATES_BETWEEN_LOOKS)
            && let Some(place) = self.machine.place_of_choice(&node.0, action)
        {
            *self.shared.choices.lock().unwrap_or_else(PoisonError::into_inner).entry(place).or_default() += 1;
        }
        let mut state = State::clone(&node.0);
        let before = state.counters.operations;
        let notes = self.machine.apply(&mut state, action, None);
        if self.shared.replaying.load(Ordering::Relaxed) {
            return Some(Node(Arc::new(state)));
        }
        self.shared.operations.fetch_add(state.counters.operations - before, Ordering::Relaxed);
        self.shared.add_notes(notes, self.machine.settings().watch);
        if state.interrupted {
            self.shared.hit(self.limits.interruption());
        }
        if state.is_done() || state.violation.is_some() {
            self.shared.add_end(&state);
        }
        Some(Node(Arc::new(state)))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("no violation", |_, node: &Self::State| node.0.finding().is_none())]
    }
}

impl Limits {
    /// The limit that forbids another state, after so many.
    fn limit(&self, made: u64) -> Option<Limit> {
        if made >= self.states {
            Some(Limit::States)
        } else if process::is_past(self.deadline) {
            Some(Limit::Time)
        } else if made.is_multiple_of(STATES_BETWEEN_LOOKS) && self.is_full() {
            Some(Limit::Memory)
        } else {
            None
        }
    }

    fn is_full(&self) -> bool {
        process::resident().is_some_and(|used| used >= self.bytes)
    }

    /// Why a macro-step was interrupted.
    fn interruption(&self) -> Limit {
        if process::is_past(self.deadline) { Limit::Time } else { Limit::Memory }
    }
}

/// Explores every choice of a machine. What is found is looked for again breadth first, for a short trace.
pub(super) fn explore<P: Program>(machine: Machine<P>, limits: Limits) -> Exploration<P::Thread> {
    let machine = Arc::new(machine);
    // By one thread: which conflicts are met first does not depend on who is faster.
    let few = Limits { states: limits.states.min(CONFLICTS_WAIT), jobs: 1, ..limits };
    let mut found = explore_in(&machine, few, Order::Depth);
    if found.limited == Some(Limit::States) && few.states < limits.states {
        if found.violation.is_none() && found.begins_again {
            found.limited = None;
        } else if found.violation.is_none() {
            found = explore_in(&machine, limits, Order::Depth);
        }
    }
    // Depth first reaches a hang among many orders of starting blocks soon, breadth first late.
    let is_shortest = found.violation.as_ref().is_none_or(|(way, _)| way.is_empty());
    if is_shortest || machine.settings().resident_blocks.is_some() {
        return found;
    }
    let again = Limits { states: found.stats.states.clamp(BREADTH, MOST_AGAIN).min(limits.states), ..limits };
    let shortest = explore_in(&machine, again, Order::Breadth);
    if shortest.violation.is_some() { shortest } else { found }
}

fn explore_in<P: Program>(machine: &Arc<Machine<P>>, limits: Limits, order: Order) -> Exploration<P::Thread> {
    let shared = Arc::new(Shared::default());
    let (state, notes) = machine.initial(None);
    shared.add_notes(notes, machine.settings().watch);
    if state.interrupted {
        shared.hit(limits.interruption());
    }
    shared.operations.fetch_add(state.counters.operations, Ordering::Relaxed);
    if state.is_done() || state.violation.is_some() {
        shared.add_end(&state);
    }
    let state = Arc::new(state);
    let (violation, states) = if machine.actions(&state).is_empty() {
        // A state without choices need not be compared with others.
        (state.finding().is_some().then(|| (Vec::new(), state)), 1)
    } else {
        search(machine, state, limits, order, &shared)
    };
    let conflicts = shared.conflicts.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let finals = shared.finals.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let overtaken = shared.overtaken.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let steps = shared.steps.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let not_understood = shared.not_understood.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let uses = shared.uses.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Exploration {
        polled: shared.polled.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        uses,
        violation,
        not_understood,
        steps,
        overtaken,
        conflicts,
        begins_again: shared.begins_again.load(Ordering::Relaxed),
        fenced: shared.fenced.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        too_many_rounds: shared.too_many_rounds.load(Ordering::Relaxed),
        limited: shared.limited.lock().unwrap_or_else(PoisonError::into_inner).take(),
        cut_short: shared.cut_short.lock().unwrap_or_else(PoisonError::into_inner).take(),
        busiest: shared.busiest(),
        stats: Stats {
            states,
            executions: shared.executions.load(Ordering::Relaxed),
            operations: shared.operations.load(Ordering::Relaxed),
            seconds: 0.0,
        },
        waits: shared.waits.load(Ordering::Relaxed),
        peer_accesses: shared.peer_accesses.load(Ordering::Relaxed),
        finals,
    }
}

/// Every choice from a state on.
fn search<P: Program>(
    machine: &Arc<Machine<P>>,
    state: Arc<State<P::Thread>>,
    limits: Limits,
    order: Order,
    shared: &Arc<Shared>,
) -> (Discovery<P::Thread>, u64) {
    let builder = Adapter { machine: machine.clone(), initial: Node(state), limits, shared: shared.clone() }.checker();
    match order {
        Order::Depth => discovery(builder.threads(limits.jobs).spawn_dfs().join(), shared),
        Order::Breadth => discovery(builder.spawn_bfs().join(), shared),
    }
}

type Discovery<T> = Option<(Vec<Action>, Arc<State<T>>)>;

/// The way to a violation, and the number of states.
fn discovery<P: Program>(checker: impl Checker<Adapter<P>>, shared: &Shared) -> (Discovery<P::Thread>, u64) {
    shared.replaying.store(true, Ordering::Relaxed);
    let states = checker.unique_state_count() as u64;
    let violation = checker.discovery("no violation").map(|path| {
        let end = path.last_state().0.clone();
        (path.into_actions(), end)
    });
    (violation, states)
}
