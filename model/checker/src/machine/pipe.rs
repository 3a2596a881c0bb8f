//! Pipes: copies that are started now and made at any time until their thread waits for them.
//!
//! Decision: a copy's accesses are performed when it is finished, and compared with what causality puts before its
//! *start*. So whatever came in between, of its own thread too, is unordered with them; and what follows must be ordered
//! after the finish, the point under which they are remembered. Which way round an exploration takes them shows nowhere:
//! an access that neither precedes the start nor follows the finish races, before and after. The road not taken:
//! exploring every moment at which the copy could be made, which shows nothing more, for whoever could tell would race.
//!
//! Not modelled: a copy of which a part is waited for, pipes that threads share, and copies outstanding at the end of a
//! kernel, which are a fault (AR011).

use super::run::{Progress, Run};
use super::{Machine, Rule, Violation, ViolationPoint};
use crate::memory::clock::{Epoch, ThreadIndex, View};
use crate::memory::shadow::Access;
use crate::program::{Bulk, Program, SiteIndex};
use arverify_protocol::verdict::{Code, WhyKind};

/// A copy that is not finished.
#[derive(Clone, Debug, PartialEq, Hash)]
pub(super) struct Outstanding {
    /// Its thread's pipe.
    pipe: u32,
    since: Since,
    site: SiteIndex,
    /// Its vectors.
    parts: Vec<Bulk>,
}

impl Outstanding {
    /// What precedes its start.
    pub(super) fn started_with(&mut self) -> &mut View {
        &mut self.since.view
    }
}

/// When a copy was started, and what precedes that.
#[derive(Clone, Debug, PartialEq, Hash)]
pub(super) struct Since {
    view: View,
    epoch: Epoch,
}

impl<P: Program> Machine<P> {
    /// Whether an earlier access precedes what a thread does now or, where it makes a copy that it has started, that start.
    pub(super) fn covered_since(&self, now: Epoch, view: &View, since: Option<&Since>, earlier: &Access) -> bool {
        let Some(since) = since.filter(|_| self.has(Rule::OutstandingIsUnordered)) else {
            return self.covered(now.thread, view, earlier);
        };
        let epoch = earlier.epoch;
        if epoch.is_initial() || epoch == now {
            return true;
        }
        if epoch.thread == now.thread {
            return (epoch.phase, epoch.step) <= (since.epoch.phase, since.epoch.step);
        }
        since.view.covers(self.block_of(epoch.thread), epoch)
    }
}

impl<P: Program> Run<'_, P> {
    fn outstanding(&self, thread: ThreadIndex, pipe: u32) -> impl Iterator<Item = &Outstanding> {
        self.state.threads[thread as usize].outstanding.iter().filter(move |copy| copy.pipe == pipe)
    }

    /// A copy is started: its vectors follow.
    pub(super) fn start_copy(&mut self, thread: ThreadIndex, pipe: u32, capacity: u32, site: SiteIndex) -> Progress {
        let before = self.outstanding(thread, pipe).count();
        if before >= capacity as usize && self.machine.has(Rule::PipeCapacity) {
            let program = self.machine.program();
            let (name, wait) = (program.pipe_name(pipe), program.pipe_wait(pipe));
            let copies = if capacity == 1 { "copy" } else { "copies" };
            let message = format!(
                "{} starts a copy on pipe `{name}`, which holds {capacity} {copies}, while {before} {} outstanding",
                self.name(thread),
                if before == 1 { "is" } else { "are" }
            );
            let mut violation = self.hazard(thread, pipe, message, site, "one copy too many");
            violation.help = Some(format!("wait for the copies before it, {wait}, or declare a deeper pipe"));
            return self.fail_here(violation);
        }
        let (view, epoch) = self.view_with_self(thread);
        let since = Since { view, epoch };
        self.thread_mut(thread).outstanding.push(Outstanding { pipe, since, site, parts: Vec::new() });
        Progress::Done
    }

    /// One vector of the copy that was started last.
    pub(super) fn issue(&mut self, thread: ThreadIndex, bulk: &Bulk, site: SiteIndex) -> Progress {
        let places = bulk.sources.iter().chain([&bulk.destination]);
        if !places.copied().all(|at| self.bulk_in_bounds(thread, bulk, at, site)) {
            return Progress::Stops;
        }
        if let Some(copy) = self.thread_mut(thread).outstanding.last_mut() {
            copy.parts.push(bulk.clone());
        }
        Progress::Done
    }

    /// The oldest copies on a pipe are waited for, until so many remain.
    pub(super) fn finish_copies(&mut self, thread: ThreadIndex, pipe: u32, remaining: u32) -> Progress {
        while self.outstanding(thread, pipe).count() > remaining as usize {
            let outstanding = &mut self.thread_mut(thread).outstanding;
            let Some(oldest) = outstanding.iter().position(|copy| copy.pipe == pipe) else { break };
            let copy = outstanding.remove(oldest);
            self.counters().waits += u64::from(!copy.parts.is_empty());
            for part in &copy.parts {
                // A step of its own, so that it is told apart from the other vectors, which it is in no order with.
                self.thread_mut(thread).step += 1;
                self.finishing = true;
                let made = self.transfer(thread, part, copy.site, Some(&copy.since));
                self.finishing = false;
                if made == Progress::Stops {
                    return Progress::Stops;
                }
            }
        }
        Progress::Done
    }

    /// Whether a thread that leaves its kernel has waited for all that it has started; a violation if not.
    pub(super) fn has_finished(&mut self, thread: ThreadIndex, site: SiteIndex) -> bool {
        // A copy of nothing is complete as it is.
        let mut copies = self.state.threads[thread as usize].outstanding.iter();
        let Some(copy) = copies.find(|copy| !copy.parts.is_empty()) else {
            self.thread_mut(thread).outstanding.clear();
            return true;
        };
        if !self.machine.has(Rule::PipesAreFinished) {
            self.thread_mut(thread).outstanding.clear();
            return true;
        }
        let (pipe, started) = (copy.pipe, copy.site);
        let name = self.machine.program().pipe_name(pipe);
        let count = self.outstanding(thread, pipe).filter(|copy| !copy.parts.is_empty()).count();
        let message = format!(
            "{} ends its kernel while {count} {} outstanding on pipe `{name}`",
            self.name(thread),
            if count == 1 { "copy is" } else { "copies are" }
        );
        // The end of the text is no statement: the copy alone is pointed at.
        let has_text = !self.machine.program().site(site).0.is_empty();
        let site = if has_text { site } else { started };
        let label = if has_text { "it leaves here" } else { "nobody waits for this copy" };
        let mut violation = self.hazard(thread, pipe, message, site, label);
        violation.help = Some(format!("wait for it: {}", self.machine.program().pipe_wait(pipe)));
        self.fail(violation);
        false
    }

    /// AR011, at a statement, with the oldest copy that is outstanding on the pipe.
    fn hazard(&self, thread: ThreadIndex, pipe: u32, message: String, site: SiteIndex, label: &str) -> Violation {
        let mut points = vec![self.point(thread, site, label)];
        if let Some(oldest) = self.outstanding(thread, pipe).next().filter(|copy| copy.site != site) {
            let label = "outstanding since here".to_owned();
            points.push(ViolationPoint { thread: Some(self.name(thread)), site: oldest.site, label });
        }
        let mut violation = Violation::new(Code::Hazard, message, points);
        let started = self.outstanding(thread, pipe).next().map_or(site, |copy| copy.site);
        let form = "nobody waits for the copy that was started{} before the thread comes here{}";
        violation.because(WhyKind::CopyNotAwaited, started, form, &[started, site]);
        violation
    }
}
