//! Exploration by Stateright: a thin adapter over [`Machine`].
//!
//! One Stateright action is one macro-step. Deadlock is an `always` property over states with nothing left to run,
//! which the machine reports as a violation, because Stateright's `eventually` misses waiters that spin and joins.
//! States are shared by reference counting, for Stateright copies them freely.

use crate::machine::uses::Uses;
use crate::machine::{Action, Contended, Machine, Notes, ReadThenWrite, State};
use crate::program::{Program, SiteIndex};
use arverify_protocol::verdict::Stats;
use rustc_hash::FxHashSet;
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
    /// A read of which load buffering was not watched.
    pub(super) unwatched_read: bool,
    /// A `fence.sc` that was taken for a weaker one.
    pub(super) weakened_fence: bool,
    /// One order of two `fence.sc` that could not be tried.
    pub(super) fence_order_forced: bool,
    /// A wait with more combinations of messages than are tried.
    pub(super) too_many_rounds: bool,
    /// A statement that was reached and is not understood, with why.
    pub(super) not_understood: Option<(String, SiteIndex)>,
    /// What every buffer was used for.
    pub(super) uses: Uses,
    /// A limit was hit: not everything was covered.
    pub(super) limited: bool,
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
    pub(super) deadline: Option<Instant>,
}

struct Adapter<P: Program> {
    machine: Machine<P>,
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
    finals: Mutex<std::collections::BTreeSet<u64>>,
    not_understood: Mutex<Option<(String, SiteIndex)>>,
    made: AtomicU64,
    operations: AtomicU64,
    executions: AtomicU64,
    limited: AtomicBool,
    unwatched_read: AtomicBool,
    weakened_fence: AtomicBool,
    fence_order_forced: AtomicBool,
    too_many_rounds: AtomicBool,
    /// Set when Stateright walks a path again: no limit ends that.
    replaying: AtomicBool,
    waits: AtomicU64,
    peer_accesses: AtomicU64,
}

impl Shared {
    fn add_notes(&self, notes: Notes) {
        if !notes.steps.is_empty() {
            self.steps.lock().unwrap_or_else(PoisonError::into_inner).extend(notes.steps);
        }
        if !notes.overtaken.is_empty() {
            self.overtaken.lock().unwrap_or_else(PoisonError::into_inner).extend(notes.overtaken);
        }
        self.unwatched_read.fetch_or(notes.unwatched_read, Ordering::Relaxed);
        self.weakened_fence.fetch_or(notes.weakened_fence, Ordering::Relaxed);
        self.fence_order_forced.fetch_or(notes.fence_order_forced, Ordering::Relaxed);
        self.too_many_rounds.fetch_or(notes.too_many_rounds, Ordering::Relaxed);
        if let Some(found) = notes.not_understood {
            self.not_understood.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(found);
        }
        self.uses.lock().unwrap_or_else(PoisonError::into_inner).extend(&notes.uses);
        let found = notes.conflicts;
        if found.fences || !found.slots.is_empty() {
            let mut conflicts = self.conflicts.lock().unwrap_or_else(PoisonError::into_inner);
            conflicts.slots.extend(found.slots);
            conflicts.fences |= found.fences;
        }
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
        let over = self.shared.made.fetch_add(1, Ordering::Relaxed) >= self.limits.states
            || self.limits.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if over {
            self.shared.limited.store(true, Ordering::Relaxed);
        }
        over
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
        let mut state = State::clone(&node.0);
        let before = state.counters.operations;
        let notes = self.machine.apply(&mut state, action, None);
        if self.shared.replaying.load(Ordering::Relaxed) {
            return Some(Node(Arc::new(state)));
        }
        self.shared.operations.fetch_add(state.counters.operations - before, Ordering::Relaxed);
        self.shared.add_notes(notes);
        self.shared.limited.fetch_or(state.interrupted, Ordering::Relaxed);
        if state.is_done() || state.violation.is_some() {
            self.shared.add_end(&state);
        }
        Some(Node(Arc::new(state)))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("no violation", |_, node: &Self::State| node.0.violation.is_none())]
    }
}

/// Explores every choice of a machine.
pub(super) fn explore<P: Program>(machine: Machine<P>, limits: Limits) -> Exploration<P::Thread> {
    let shared = Arc::new(Shared::default());
    let (state, notes) = machine.initial(None);
    shared.add_notes(notes);
    shared.limited.store(state.interrupted, Ordering::Relaxed);
    shared.operations.fetch_add(state.counters.operations, Ordering::Relaxed);
    if state.is_done() || state.violation.is_some() {
        shared.add_end(&state);
    }
    let initial = Node(Arc::new(state));
    // Depth first reaches a hang among many orders of starting blocks soon; breadth first finds the shortest trace.
    let deep = machine.settings().resident_blocks.is_some();
    let builder = Adapter { machine, initial, limits, shared: shared.clone() }.checker();
    let (violation, states) = if deep {
        discovery(builder.spawn_dfs().join(), &shared)
    } else {
        discovery(builder.spawn_bfs().join(), &shared)
    };
    let conflicts = shared.conflicts.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let finals = shared.finals.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let overtaken = shared.overtaken.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let steps = shared.steps.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let not_understood = shared.not_understood.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let uses = shared.uses.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Exploration {
        uses,
        violation,
        not_understood,
        steps,
        overtaken,
        conflicts,
        unwatched_read: shared.unwatched_read.load(Ordering::Relaxed),
        weakened_fence: shared.weakened_fence.load(Ordering::Relaxed),
        fence_order_forced: shared.fence_order_forced.load(Ordering::Relaxed),
        too_many_rounds: shared.too_many_rounds.load(Ordering::Relaxed),
        limited: shared.limited.load(Ordering::Relaxed),
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
