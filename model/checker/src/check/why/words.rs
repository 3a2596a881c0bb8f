//! The cause of a race in words: one sentence for each link, with lines and threads.

use super::execution::{Execution, word_of};
use super::links::Link;
use super::{RaceCause, Reason};
use crate::machine::State;
use crate::machine::event::{Event, What};
use crate::program::{Operation, Program, SiteIndex};
use arverify_protocol::ir::Span;
use arverify_protocol::verdict::{Phrase, ThreadName, Why, WhyKind};
use std::cell::RefCell;

pub(super) struct Words<'x, 'e, P: Program> {
    pub(super) execution: &'x Execution<'e, P>,
    pub(super) state: &'x State<P::Thread>,
    /// Events that were named: the trace shows them.
    pub(super) named: RefCell<Vec<usize>>,
    /// The finding is none under launch-boundary=system.
    pub(super) boundary_helps: bool,
}

impl<P: Program> Words<'_, '_, P> {
    fn name(&self, event: usize) -> ThreadName {
        self.name_of(&self.execution.events[event])
    }

    pub(super) fn name_of(&self, event: &Event) -> ThreadName {
        self.state.name_in(self.execution.machine, event.thread, event.launch)
    }

    fn verb(&self, event: usize) -> &'static str {
        match self.execution.operation(event) {
            Some(Operation::Read { .. } | Operation::Load { .. }) => "load",
            Some(Operation::Await { .. }) => "wait",
            Some(Operation::Write { .. } | Operation::Store { .. }) => "store",
            Some(Operation::Atomic { .. }) => "atomic",
            Some(Operation::Bulk(bulk)) if bulk.fold.is_some() => "reduction",
            Some(Operation::Bulk(_)) => "copy",
            Some(Operation::Fence { .. }) => "fence",
            Some(Operation::Barrier(_)) => "barrier",
            Some(Operation::Exit) => "exit",
            _ => match self.execution.events[event].what {
                What::Launch => "new contents",
                What::Ended => "reading of the output",
                _ => "access",
            },
        }
    }

    /// `the store at line 41 (by rank 0 block 0 thread 1 launch 0)`
    fn of(&self, event: usize) -> [Phrase; 3] {
        let name = self.name(event);
        let who = match self.execution.events[event].what {
            What::Launch => format!(" (by the stream of rank {}, for launch {})", name.rank, name.launch),
            What::Ended => format!(" (by the stream of rank {}, after launch {})", name.rank, name.launch),
            _ => format!(" (by {name})"),
        };
        let (span, calls) = self.site(event);
        [format!("the {}", self.verb(event)).into(), Phrase::At { span, call: calls.last().cloned() }, who.into()]
    }

    fn site(&self, event: usize) -> (Span, Vec<Span>) {
        let site = self.execution.events[event].site;
        site.map_or((0..0, Vec::new()), |site| self.execution.machine.program().site(site))
    }

    /// A sentence in which `{}` stands for events.
    fn why(&self, kind: WhyKind, event: usize, form: &str, events: &[usize]) -> Why {
        Why { kind, span: self.site(event).0, sentence: self.sentence(form, events) }
    }

    /// The same, for callers that look for values.
    pub(super) fn told(&self, kind: WhyKind, event: usize, form: &str, events: &[usize]) -> Why {
        self.why(kind, event, form, events)
    }

    /// The same, at a statement.
    pub(super) fn at_site(&self, kind: WhyKind, site: SiteIndex, form: &str, events: &[usize]) -> Why {
        let (span, _) = self.execution.machine.program().site(site);
        Why { kind, span, sentence: self.sentence(form, events) }
    }

    /// What the machine knows, where `{}` stands for statements.
    pub(super) fn reason(&self, reason: &Reason) -> Why {
        let program = self.execution.machine.program();
        let mut sentence = Vec::new();
        for (place, words) in reason.form.split("{}").enumerate() {
            if let Some(site) = place.checked_sub(1).and_then(|place| reason.places.get(place)) {
                let (span, calls) = program.site(*site);
                sentence.push(Phrase::At { span, call: calls.last().cloned() });
            }
            sentence.push(words.into());
        }
        Why { kind: reason.kind, span: program.site(reason.site).0, sentence }
    }

    fn sentence(&self, form: &str, events: &[usize]) -> Vec<Phrase> {
        self.named.borrow_mut().extend(events);
        let mut sentence = Vec::new();
        for (place, words) in form.split("{}").enumerate() {
            if let Some(event) = place.checked_sub(1).and_then(|place| events.get(place)) {
                sentence.extend(self.of(*event));
            }
            sentence.push(words.into());
        }
        sentence
    }

    /// What the machine knows itself.
    pub(super) fn known(&self, cause: RaceCause, first: usize, second: usize) -> Why {
        let (kind, form) = match cause {
            RaceCause::Unfenced => (WhyKind::NoProxyFence, "no `fence.proxy.async` stands between {} and {}"),
            RaceCause::NonCoherent => (
                WhyKind::NonCoherentLoad,
                "a load by a path that is not coherent may read at any time of its launch: {} and {} are in no order",
            ),
            RaceCause::Outstanding => {
                (WhyKind::CopyNotAwaited, "{} is made while the copy is outstanding that only {} waits for")
            }
        };
        self.why(kind, second, form, &[first, second])
    }

    /// No few links would do.
    pub(super) fn nothing(&self, first: usize, second: usize) -> Why {
        let form = "nothing leads from {} to {}, or back: no signal that one gives behind its access is waited for by the \
                    other before its own";
        let with_text = |event: &usize| !self.site(*event).0.is_empty();
        let place = [second, first].into_iter().find(with_text).unwrap_or(second);
        self.why(WhyKind::NoSynchronisation, place, form, &[first, second])
    }

    /// One link that is missing on a way from an access to another.
    pub(super) fn link(&self, link: Link, way: &[usize], (from, to): (usize, usize)) -> Why {
        let Link { kind, event, other } = link;
        let other = other.unwrap_or(event);
        let say = |form: &str, events: &[usize]| self.why(kind, event, form, events);
        match kind {
            WhyKind::NotReleased => self.not_released(event, other, from),
            WhyKind::NotAcquired => self.not_acquired(event, other, to),
            WhyKind::ScopeTooNarrow => {
                let form = format!("{{}} has scope {}, which does not reach {{}}", self.execution.scope(event).word());
                say(&form, &[event, other])
            }
            WhyKind::WeakAccess => {
                say("{} is weak: it is not morally strong with {}, and synchronises with nothing", &[event, other])
            }
            WhyKind::MixedSize => {
                say("{} and {} overlap with different sizes, so they are not morally strong", &[event, other])
            }
            WhyKind::NoBarrier => self.no_barrier(event, way),
            WhyKind::WrongPhase => {
                say("{} finds the phase that its thread has passed already, and does not wait for {}", &[event, other])
            }
            WhyKind::EarlierSignal => self.earlier_signal(event, other),
            WhyKind::SignalledTooEarly => self.too_early(event, from, to),
            WhyKind::WaitedTooLate => say("{} comes behind {}, which it should guard", &[event, to]),
            WhyKind::LaunchBoundary => {
                let form = "a launch orders its past for its own rank alone: that of rank {rank} does not publish to peers who \
                            observe it, unless launch-boundary=system is assumed";
                let form = form.replace("{rank}", &self.name(event).rank.to_string());
                let with_text = way.iter().copied().find(|event| !self.site(*event).0.is_empty());
                self.why(kind, with_text.unwrap_or(event), &form, &[])
            }
            _ => say("{} and {}", &[from, to]),
        }
    }

    /// A signal comes before the access that it should announce. Where it is no word of the program but one that orders copies, a copy
    /// is not waited for.
    fn too_early(&self, signal: usize, from: usize, to: usize) -> Why {
        let at = self.execution.operation(signal).and_then(word_of).map(|(at, _)| at);
        let is_own = at.is_some_and(|at| self.execution.machine.program().describe(at).is_some());
        let copy = [(from, to), (to, from)].into_iter().find(|(copy, _)| self.execution.is_copy(*copy));
        if let Some((copy, other)) = copy.filter(|_| is_own) {
            let form = "{} is of a copy, and {} comes while nobody has waited for it";
            return self.why(WhyKind::CopyNotAwaited, copy, form, &[copy, other]);
        }
        let form = "{} comes before {}, and no signal behind that tells that it is done";
        self.why(WhyKind::SignalledTooEarly, signal, form, &[signal, from])
    }

    fn earlier_signal(&self, read: usize, wanted: usize) -> Why {
        let value = match &self.execution.events[read].what {
            What::Operation { value: Some(value), .. } => format!(" by {value}"),
            _ => String::new(),
        };
        let source = self.execution.source_of(read);
        let origin = if source.is_some() { "which {} wrote" } else { "which was there before anybody signalled" };
        let form = format!("{{}} is satisfied{value}, {origin}, and does not wait for {{}}");
        let events: Vec<usize> = [read].into_iter().chain(source).chain([wanted]).collect();
        self.why(WhyKind::EarlierSignal, read, &form, &events)
    }

    /// A fence of one thread between two events, where another thread of its block signals or waits in the same launch.
    fn fence_of(&self, access: usize, signal: usize, range: std::ops::Range<usize>) -> Option<usize> {
        let events = self.execution.events;
        let same_block = self.execution.block(access) == self.execution.block(signal);
        let apart = same_block
            && events[access].launch == events[signal].launch
            && events[access].thread != events[signal].thread;
        let own = |event: &usize| events[*event].thread == events[access].thread && self.execution.is_fence(*event);
        range.into_iter().filter(|_| apart).find(own)
    }

    fn not_released(&self, event: usize, reader: usize, from: usize) -> Why {
        if let Some(fence) = self.fence_of(from, event, from..event) {
            let form = "{} is by another thread than {}, which does not release: a fence releases what its own thread signals \
                        behind it";
            return self.why(WhyKind::FenceByAnotherThread, event, form, &[fence, event]);
        }
        let form = "{} does not release: {}, which reads it, need not see what came before";
        self.why(WhyKind::NotReleased, event, form, &[event, reader])
    }

    fn not_acquired(&self, event: usize, writer: usize, to: usize) -> Why {
        if let Some(fence) = self.fence_of(to, event, event..to) {
            let form = "{} is by another thread than {}, which does not acquire: a fence acquires what its own thread has read \
                        before it";
            return self.why(WhyKind::FenceByAnotherThread, event, form, &[fence, event]);
        }
        let form = "{} does not acquire: what came before {} need not be seen behind it";
        self.why(WhyKind::NotAcquired, event, form, &[event, writer])
    }

    /// Which two statements of a block no barrier stands between: those on the way where it changes threads.
    fn no_barrier(&self, event: usize, way: &[usize]) -> Why {
        let enters = way.iter().position(|known| *known == event).unwrap_or(0);
        let thread = self.execution.events[event].thread;
        let next = way[enters..].iter().copied().find(|event| self.execution.events[*event].thread != thread);
        let next = next.unwrap_or(event);
        self.why(WhyKind::NoBarrier, next, "no barrier of the block stands between {} and {}", &[event, next])
    }

    /// Of the events on a way those that say something: its ends, where it goes from thread to thread, and what is marked.
    pub(super) fn on_the_way(&self, way: &[usize], marked: &[usize]) -> Vec<usize> {
        let events = self.execution.events;
        let mut kept: Vec<usize> = way.first().into_iter().chain(way.last()).chain(marked).copied().collect();
        for pair in way.windows(2) {
            let [from, to] = [pair[0], pair[1]];
            let is_met = |event: usize| matches!(events[event].what, What::Met(_));
            kept.extend(
                [from, to].into_iter().filter(|event| matches!(events[*event].what, What::Launch | What::Ended)),
            );
            if is_met(from) {
                kept.extend(self.execution.before(to).next());
            } else if is_met(to) {
                kept.push(from);
            } else if events[from].is_of_thread()
                && events[to].is_of_thread()
                && events[from].thread != events[to].thread
            {
                kept.extend([from, to]);
            }
        }
        kept.sort_unstable();
        kept.dedup();
        kept
    }
}
