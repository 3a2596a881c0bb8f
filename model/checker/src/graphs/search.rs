//! One exploration: its settings, what it has come across, and how it ends.

use super::event::{Act, Actor, Crossing, Event, Node, Range};
use super::future::Future;
use super::rule::Rule;
use super::state::{Field, State};
use super::words;
use crate::memory::scope::{Placement, strong_scope};
use crate::program::{Program, SiteIndex};
use arverify_protocol::ir::{Order, Semantics};
use arverify_protocol::verdict::{Finding, Point, ThreadName};
use smallvec::SmallVec;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

/// What is explored, and what is assumed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Settings {
    /// Launches are known to whoever observes them.
    pub(super) publishes: bool,
    /// A load before a barrier is done for whoever observes what is behind it.
    pub(super) loads_done: bool,
    /// sc fences are tried in every order; otherwise they order no more than weaker ones.
    pub(super) fences: bool,
    /// Relaxed reads may stay open.
    pub(super) deferred: bool,
    /// No read is given up.
    pub(super) everything: bool,
    /// The rule that a test leaves out.
    pub(super) without: Option<Rule>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("{0}")]
    NotUnderstood(String),
    #[error("too large: more than {1} {0}")]
    TooLarge(&'static str, usize),
    #[error("not explored in {0} s: {1} executions so far")]
    Time(u64, u64),
    #[error("load buffering: a value is needed of a relaxed read that could yet return what is written later")]
    Forced,
    #[error("loops were unrolled {0} times")]
    Bounded(u32),
}

/// Why an exploration stops.
pub(super) enum Stop {
    Found(Box<Finding>),
    Refused(Refusal),
    /// Arrivals at a barrier turned out to be in no order: once more, with that known.
    Again,
}

/// What becomes of a state.
pub(super) enum Flow<T> {
    /// Every thread waits, or has ended.
    Quiet,
    /// There is a choice.
    Branches(Vec<State<T>>),
    /// No execution, or one that is also found elsewhere.
    Dead,
}

/// Goes on, unless there is a choice.
pub(super) type Step<T> = Result<Option<Flow<T>>, Stop>;

/// What was covered.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Covered {
    pub(super) executions: u64,
    pub(super) states: u64,
    pub(super) events: usize,
    pub(super) waits: u64,
    pub(super) peer_accesses: u64,
}

/// An exploration.
pub(super) struct Search<'p, P> {
    pub(super) field: Field<'p, P>,
    pub(super) settings: Settings,
    /// By instance: contents before the first launch.
    pub(super) initial: Vec<Arc<[u8]>>,
    /// Who writes what.
    pub(super) future: Future,
    /// Barriers of blocks at which it matters who arrives first.
    pub(super) contested: BTreeSet<(u32, u32)>,
    /// A fence.sc was performed.
    pub(super) fences_seen: bool,
    /// An open read was closed for the sake of a weak one.
    pub(super) forced: bool,
    /// Bytes were looked at that are not known.
    pub(super) blind: Cell<bool>,
    /// A loop that counts was cut off.
    pub(super) counted: bool,
    /// Some loop was cut off at the bound.
    pub(super) bounded: bool,
    /// It is not known whether some loop ends, and why.
    pub(super) unknown: Option<&'static str>,
    pub(super) covered: Covered,
    pub(super) most_events: usize,
    pub(super) begun: Instant,
    pub(super) deadline: Instant,
}

/// Who does something.
#[derive(Clone, Copy)]
pub(super) enum Who {
    Thread(usize),
    Stream(u32),
}

impl<P: Program> Search<'_, P> {
    pub(super) fn refuse(&self, refusal: Refusal) -> Stop {
        Stop::Refused(refusal)
    }

    /// An event of somebody, not yet in any order.
    pub(super) fn node(
        &self,
        state: &State<P::Thread>,
        who: Who,
        (act, range): (Act, Range),
        semantics: Semantics,
        site: SiteIndex,
    ) -> Node {
        let (actor, position, placement) = self.actor(state, who);
        let scope = match act {
            Act::Fence => Some(semantics.scope),
            Act::Read | Act::Write => strong_scope(semantics),
            Act::Joint | Act::Boundary => None,
        };
        let none: Arc<[u8]> = Arc::from([]);
        let (by_copy, crossing) = self.proxy(state, who, range);
        Node {
            actor,
            during: None,
            position,
            placement,
            site,
            act,
            order: semantics.order,
            scope,
            range,
            data: none,
            sources: SmallVec::new(),
            open: false,
            untold: false,
            depends: SmallVec::new(),
            stamp: 0,
            partner: None,
            before: Default::default(),
            observed: Default::default(),
            observes: Default::default(),
            by_copy,
            crossing: crossing.filter(|_| matches!(act, Act::Read | Act::Write)),
            window: None,
        }
    }

    /// Whether somebody is of the async proxy and, if so, whether an access of his needs a proxy fence.
    fn proxy(&self, state: &State<P::Thread>, who: Who, range: Range) -> (bool, Option<Crossing>) {
        let Who::Thread(thread) = who else { return (false, None) };
        let runner = &state.threads[thread];
        if !self.field.program.is_asynchronous(runner.at) {
            return (false, None);
        }
        let instance = self.field.program.shape().instances.get(range.space.instance as usize);
        let instance = instance.filter(|instance| runner.crosses && !instance.pad);
        (true, instance.map(|instance| Crossing { memory: (instance.rank, instance.block) }))
    }

    /// An event of nobody.
    pub(super) fn joint(&self, state: &State<P::Thread>, act: Act, rank: u32, site: SiteIndex) -> Node {
        let weak = Semantics { order: Order::Weak, scope: arverify_protocol::ir::Scope::Sys };
        Node { actor: Actor::Joint, ..self.node(state, Who::Stream(rank), (act, Range::NONE), weak, site) }
    }

    /// The launch that tells a thread's program orders apart.
    pub(super) fn launch_of(&self, launch: u32) -> u32 {
        if self.field.program.has_calls() { 0 } else { launch }
    }

    fn actor(&self, state: &State<P::Thread>, who: Who) -> (Actor, u32, Placement) {
        match who {
            Who::Thread(thread) => {
                let runner = &state.threads[thread];
                let launch = self.launch_of(runner.at.launch);
                let actor = Actor::Thread { thread: thread as u32, launch };
                (actor, runner.position, self.field.placement(thread))
            }
            Who::Stream(rank) => {
                (Actor::Stream(rank), state.streams[rank as usize].position, self.field.stream_placement(rank))
            }
        }
    }

    /// A race of a new event, as the end of the exploration.
    pub(super) fn check_race(&self, state: &State<P::Thread>, event: Event) -> Result<(), Stop> {
        if self.settings.deferred {
            return Ok(());
        }
        match state.graph.race(event) {
            None => Ok(()),
            Some(other) => Err(Stop::Found(Box::new(words::race(self, state, other, event)))),
        }
    }

    pub(super) fn thread_name(&self, state: &State<P::Thread>, thread: usize) -> ThreadName {
        self.field.program.name(state.threads[thread].at)
    }

    pub(super) fn point(&self, thread: Option<ThreadName>, site: SiteIndex, label: &str) -> Point {
        let (span, calls) = self.field.program.site(site);
        Point { thread, span, calls, label: label.to_owned() }
    }

    /// Something wrong: it is reported when nothing explains it better.
    pub(super) fn suspect(&self, state: &mut State<P::Thread>, finding: Finding) {
        state.suspect.get_or_insert_with(|| Box::new(finding));
    }
}
