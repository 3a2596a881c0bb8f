//! Steps for kernels: edits of instructions of the PTX, said in the words of the source.
//!
//! | cause | steps |
//! |---|---|
//! | does not release, does not acquire | the order of the access; else a fence before it, or behind it |
//! | weak | `relaxed.sys` |
//! | scope too narrow | `sys` |
//! | no barrier, a read too early | `bar.sync 0` before the statements named and before the branches and behind the labels around them |
//! | no proxy fence | `fence.proxy.async` behind the statements named, and before the barriers that follow |
//! | a copy that is not awaited | a wait for all copies; waits that leave none outstanding |
//! | overwritten, never written, an earlier signal | a loop that waits for less, or for the sign of a difference; for the other parity; without a reset |
//! | a reset, threads that have exited | without it |
//! | a wait too late, nothing that leads there | `griddepcontrol.wait`, a barrier of the cluster, where the kernel has such |
//! | whatever it is | the same at all statements of the finding |
//!
//! An edit of an access is made at all instructions of the same line that read the same: what was inlined or unrolled from one
//! statement is one statement. An insertion is made once for each place that a line was inlined to. Lines are not added to the
//! text: what is named by its line stays there.
//!
//! What is verified is the PTX: a compiler may make other PTX of the mended source, which is to be checked in its turn.

mod listing;
mod opcode;
mod waits;

use super::text::Edit;
use super::weaker::{Kind, Weakenable, Weakening};
use super::{Clue, Clues, Mendable, Step};
use crate::check::Outcome;
use crate::ptx::syntax::Module;
use arverify_protocol::ir::{Order, Source, Span};
use arverify_protocol::verdict::{Code, WhyKind};
use listing::Listing;
use opcode::Opcode;
use std::time::Duration;

/// What a step of each kind weighs: what the causes name is lighter than what merely stands near.
const NAMED: u32 = 2;
const INSERTED: u32 = 3;
const REMOVED: u32 = 4;
/// Added for what no cause names.
const NEAR: u32 = 3;

const BARRIER: &str = "bar.sync 0;";
const WARP_BARRIER: &str = "bar.warp.sync 0xffffffff;";
const CLUSTER_BARRIER: &str = "barrier.cluster.arrive.release; barrier.cluster.wait.acquire;";
const FENCE: &str = "fence.acq_rel.sys;";
const PROXY_FENCE: &str = "fence.proxy.async;";
const BULK_END: &str = "cp.async.bulk.commit_group; cp.async.bulk.wait_group 0;";
const LAUNCH_WAIT: &str = "griddepcontrol.wait;";

/// Checks a module's text.
pub type Checking<'a> = dyn Fn(&str, Duration) -> Option<Outcome> + 'a;

/// A kernel that may be mended.
pub struct KernelText<'a> {
    listing: Listing<'a>,
    checking: &'a Checking<'a>,
}

impl Mendable for KernelText<'_> {
    fn source(&self) -> &Source {
        self.listing.source
    }

    fn steps(&self, clues: &Clues) -> Vec<Step> {
        let mut steps = Vec::new();
        // A scheduler that owes less is not mended by an edit.
        if clues.code == Code::Progress {
            return steps;
        }
        for clue in &clues.causes {
            self.for_cause(clue, &mut steps);
        }
        self.near(clues, &mut steps);
        steps
    }

    fn check(&self, text: &str, _steps: &[Step], time: Duration) -> Option<Outcome> {
        (self.checking)(text, time)
    }
}

impl Weakenable for KernelText<'_> {
    fn weakenings(&self) -> Vec<Weakening> {
        let mut all = Vec::new();
        for (number, opcode) in self.listing.opcodes() {
            let Some(own) = self.listing.instruction(number) else { continue };
            // What reads alike at one line is one statement, told at its first instruction.
            let alike = self.listing.alike(number);
            if alike.first() != Some(&number) {
                continue;
            }
            if opcode.only_synchronises() {
                let edit = |other: &usize| Some(Edit::replace(&self.listing.instruction(*other)?.span, ""));
                let edits = alike.iter().filter_map(edit).collect();
                let step = Step::new(edits, own.span.clone(), "without it".to_owned(), NAMED);
                all.push(Weakening { step, kind: Kind::Removal });
            }
            let forms = opcode.weaker().into_iter().map(|form| (form, Kind::Weaker));
            for (form, kind) in forms.chain(opcode.made_weak().map(|form| (form, Kind::MadeWeak))) {
                let mut steps = Vec::new();
                self.opcodes(number, &opcode, &form, NAMED, &mut steps);
                all.extend(steps.into_iter().map(|step| Weakening { step, kind }));
            }
        }
        all
    }

    fn tells_redundant(&self) -> bool {
        true
    }
}

impl<'a> KernelText<'a> {
    /// A module with its text, of which these kernels are launched.
    pub fn new(
        source: &'a Source,
        module: &'a Module,
        kernels: &[String],
        checking: &'a Checking<'a>,
    ) -> KernelText<'a> {
        KernelText { listing: Listing::new(source, module, kernels), checking }
    }

    /// Steps for one cause.
    fn for_cause(&self, clue: &Clue, steps: &mut Vec<Step>) {
        let here = self.listing.all_at(&clue.places[..clue.places.len().min(1)]);
        let all = self.listing.all_at(&clue.places);
        match clue.kind {
            WhyKind::NotReleased => here.iter().for_each(|number| self.order(*number, Order::Release, NAMED, steps)),
            WhyKind::NotAcquired => here.iter().for_each(|number| self.order(*number, Order::Acquire, NAMED, steps)),
            WhyKind::FenceByAnotherThread | WhyKind::LaunchBoundary | WhyKind::OldValue => {
                for order in [Order::Release, Order::Acquire] {
                    all.iter().for_each(|number| self.order(*number, order, NAMED, steps));
                }
                self.barriers(&all, INSERTED, steps);
            }
            WhyKind::WeakAccess => all.iter().for_each(|number| self.strong(*number, NAMED, false, steps)),
            WhyKind::ScopeTooNarrow => here.iter().for_each(|number| self.scope(*number, NAMED, steps)),
            WhyKind::NoBarrier | WhyKind::ReadTooEarly | WhyKind::HeldSlot => {
                self.barriers(&all, INSERTED, steps);
                waits::counts(&self.listing, steps);
                all.iter().for_each(|number| waits::barrier_moved(&self.listing, *number, steps));
                all.iter().for_each(|number| self.around(*number, WARP_BARRIER, INSERTED + 1, steps));
            }
            WhyKind::NoProxyFence => self.proxy_fences(&all, steps),
            WhyKind::CopyNotAwaited => self.copies(&all, steps),
            WhyKind::Overwritten | WhyKind::NeverWritten | WhyKind::WrapAround | WhyKind::EarlierSignal => {
                self.waits(&all, steps);
                self.resets(&all, steps);
                for (number, _) in self.listing.opcodes() {
                    waits::parity(&self.listing, number, steps);
                }
                waits::counts(&self.listing, steps);
                waits::expected_bytes(&self.listing, steps);
            }
            WhyKind::NoSynchronisation => self.all_orders(steps),
            WhyKind::WrongPhase => self.waits(&all, steps),
            WhyKind::Misused => {
                self.copies(&all, steps);
                let ends: Vec<usize> = all.first().map_or(Vec::new(), |number| self.listing.ends(*number));
                ends.into_iter().for_each(|end| self.inserted(end, BULK_END, true, INSERTED, steps));
            }
            WhyKind::OutsideTheBuffer => all.iter().for_each(|number| waits::bounds(&self.listing, *number, steps)),
            WhyKind::SignalledTooEarly => {
                for (number, place) in here.iter().flat_map(|number| all.iter().map(move |place| (*number, *place))) {
                    waits::moved_behind(&self.listing, (number, place), BARRIER, steps);
                }
            }
            WhyKind::Reset => self.resets(&all, steps),
            WhyKind::Exited => self.early_ends(steps),
            WhyKind::EndedBlock => {
                self.early_ends(steps);
                let ends: Vec<usize> = all.first().map_or(Vec::new(), |number| self.listing.ends(*number));
                ends.into_iter().for_each(|end| self.inserted(end, CLUSTER_BARRIER, true, INSERTED, steps));
            }
            _ => {}
        }
        let is_order = matches!(
            clue.kind,
            WhyKind::WaitedTooLate | WhyKind::SignalledTooEarly | WhyKind::NoSynchronisation | WhyKind::NotAcquired
        );
        if is_order {
            self.meetings(&all, steps);
        }
    }

    /// The same at every statement of the finding, whatever its causes are.
    fn near(&self, clues: &Clues, steps: &mut Vec<Step>) {
        let named: Vec<Span> =
            clues.causes.iter().flat_map(|clue| &clue.places).chain(&clues.places).cloned().collect();
        let named = self.listing.all_at(&named);
        let traced = self.listing.all_at(&clues.trace);
        for number in named.iter().chain(&traced) {
            self.scope(*number, NAMED + NEAR, steps);
            if self.listing.opcode(*number).is_some_and(|opcode| opcode.is_strong_access()) {
                for order in [Order::Release, Order::Acquire] {
                    self.order(*number, order, NAMED + NEAR, steps);
                }
            }
        }
        if matches!(clues.code, Code::Deadlock | Code::EpochConfusion | Code::ZeroingRace) {
            self.waits(&named, steps);
            self.waits(&traced, steps);
        }
        self.barriers(&named, INSERTED + NEAR, steps);
        self.copies(&named, steps);
        named.iter().for_each(|number| self.strong(*number, NAMED + NEAR, true, steps));
    }

    /// The order of an access, with what is missing; else a fence.
    fn order(&self, number: usize, missing: Order, weight: u32, steps: &mut Vec<Step>) {
        let Some(opcode) = self.listing.opcode(number) else { return };
        for (index, mended) in opcode.ordered(missing).into_iter().enumerate() {
            self.opcodes(number, &opcode, &mended, weight + index as u32, steps);
            if let Some(step) = steps.last_mut() {
                step.makes_strong = !opcode.is_strong_access() && matches!(opcode.name(), "ld" | "st");
            }
        }
        if opcode.is_strong_access() {
            self.inserted(number, FENCE, missing == Order::Release, weight + 1, steps);
        }
    }

    /// The orders of all strong loads and stores.
    fn all_orders(&self, steps: &mut Vec<Step>) {
        for (number, opcode) in self.listing.opcodes() {
            let first = self.listing.alike(number).first() == Some(&number);
            let missing = if opcode.text().starts_with("ld") { Order::Acquire } else { Order::Release };
            for mended in opcode.ordered(missing).into_iter().filter(|_| first && opcode.is_strong_access()) {
                self.opcodes(number, &opcode, &mended, NAMED, steps);
            }
        }
    }

    fn strong(&self, number: usize, weight: u32, may_hide: bool, steps: &mut Vec<Step>) {
        let Some(opcode) = self.listing.opcode(number) else { return };
        let Some(mended) = opcode.made_strong() else { return };
        self.opcodes(number, &opcode, &mended, weight, steps);
        if let Some(step) = steps.last_mut() {
            // Of stores it is open which is the last, and who reads it is told of for himself.
            step.makes_strong = true;
            step.may_hide = may_hide && opcode.text().starts_with("ld");
        }
    }

    fn scope(&self, number: usize, weight: u32, steps: &mut Vec<Step>) {
        let Some(opcode) = self.listing.opcode(number) else { return };
        if let Some(mended) = opcode.of_system() {
            self.opcodes(number, &opcode, &mended, weight, steps);
        }
    }

    /// Another opcode, for all that are alike.
    fn opcodes(&self, number: usize, was: &Opcode, now: &str, weight: u32, steps: &mut Vec<Step>) {
        let Some(own) = self.listing.instruction(number) else { return };
        let alike = self.listing.alike(number).into_iter().filter_map(|other| self.listing.opcode(other));
        let edits = alike.map(|opcode| Edit::replace(opcode.span(), now)).collect();
        let words = format!("`{now}` instead of `{}`{}", was.text(), opcode::in_cuda(now));
        steps.push(Step::new(edits, own.span.clone(), words, weight));
    }

    /// A line more before or behind an instruction, wherever that was inlined or unrolled to.
    fn inserted(&self, number: usize, line: &str, before: bool, weight: u32, steps: &mut Vec<Step>) {
        let Some(own) = self.listing.instruction(number) else { return };
        let edit = |other: usize| {
            let span = &self.listing.instruction(other)?.span;
            Some(match before {
                true => Edit::insert(span.start, format!("{line} ")),
                false => Edit::insert(span.end, format!(" {line}")),
            })
        };
        let edits = self.listing.copies(number).into_iter().filter_map(edit).collect();
        let side = if before { "before" } else { "behind" };
        let words = format!("{} {side} this line", opcode::inserted_words(line));
        steps.push(Step::new(edits, own.span.clone(), words, weight));
    }

    fn around(&self, number: usize, line: &str, weight: u32, steps: &mut Vec<Step>) {
        self.inserted(number, line, true, weight, steps);
        self.inserted(number, line, false, weight, steps);
    }

    /// Barriers around statements: at them, and where their control flow parts and meets.
    fn barriers(&self, numbers: &[usize], weight: u32, steps: &mut Vec<Step>) {
        for number in numbers {
            self.inserted(*number, BARRIER, true, weight, steps);
            for branch in self.listing.branches(*number) {
                self.inserted(branch, BARRIER, true, weight, steps);
            }
        }
        for number in numbers {
            self.inserted(*number, BARRIER, false, weight + 1, steps);
            for first in self.listing.behind_labels(*number) {
                self.inserted(first, BARRIER, true, weight + NEAR, steps);
            }
        }
    }

    /// Places to meet at for more than a block: a cluster, or the launch before.
    fn meetings(&self, numbers: &[usize], steps: &mut Vec<Step>) {
        if self.listing.has("griddepcontrol") {
            numbers.iter().for_each(|number| self.inserted(*number, LAUNCH_WAIT, true, NAMED, steps));
        }
        if self.listing.has("cluster") {
            for number in numbers {
                self.around(*number, CLUSTER_BARRIER, INSERTED, steps);
                for branch in self.listing.branches(*number) {
                    self.inserted(branch, CLUSTER_BARRIER, true, INSERTED, steps);
                }
            }
        }
        self.barriers(numbers, INSERTED, steps);
    }

    fn proxy_fences(&self, numbers: &[usize], steps: &mut Vec<Step>) {
        for number in numbers {
            self.around(*number, PROXY_FENCE, INSERTED, steps);
            if let (_, Some(barrier)) = self.listing.barriers_around(*number) {
                self.inserted(barrier, PROXY_FENCE, true, INSERTED, steps);
            }
        }
    }

    /// Waits for copies: those there are for all, and new ones at the statements named and the barriers before them.
    fn copies(&self, numbers: &[usize], steps: &mut Vec<Step>) {
        waits::all_copies(&self.listing, steps);
        let is_bulk = |text: &str| text.starts_with("cp.async.bulk") || text.starts_with("cp.reduce.async.bulk");
        let mut lines = Vec::new();
        if self.listing.opcodes().any(|(_, opcode)| opcode.text().starts_with("cp.async") && !is_bulk(opcode.text())) {
            lines.push("cp.async.wait_all;");
        }
        if self.listing.has("cp.async.bulk.commit_group") {
            lines.push("cp.async.bulk.wait_group 0;");
        }
        for line in lines {
            for number in numbers {
                self.around(*number, line, INSERTED, steps);
                if let (Some(barrier), _) = self.listing.barriers_around(*number) {
                    self.inserted(barrier, line, true, INSERTED, steps);
                }
            }
        }
    }

    fn waits(&self, numbers: &[usize], steps: &mut Vec<Step>) {
        for number in numbers {
            waits::reached(&self.listing, *number, steps);
            waits::parity(&self.listing, *number, steps);
        }
    }

    /// Without stores that take a signal away.
    fn resets(&self, numbers: &[usize], steps: &mut Vec<Step>) {
        for number in numbers {
            if self.listing.instruction(*number).is_some_and(|own| matches!(own.name.as_str(), "st" | "red")) {
                waits::removed(&self.listing, *number, steps);
            }
        }
    }

    /// Without branches to the end.
    fn early_ends(&self, steps: &mut Vec<Step>) {
        for number in self.listing.early_ends() {
            waits::removed(&self.listing, number, steps);
        }
    }
}
