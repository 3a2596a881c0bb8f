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
//! | overwritten, never written | a loop that waits for less, not for other |
//! | a reset | without it |
//! | whatever it is | the same at all statements of the finding |
//!
//! An edit of an access is made at all instructions of the same line that read the same: what was inlined or unrolled from one
//! statement is one statement. An insertion is made once for each place that a line was inlined to. Lines are not added to the
//! text: what is named by its line stays there.
//!
//! What is verified is the PTX: a compiler may make other PTX of the mended source, which is to be checked in its turn.

mod opcode;

use super::text::Edit;
use super::{Change, Clue, Clues, Mendable, Step};
use crate::check::Outcome;
use crate::ptx::lines::Lines;
use crate::ptx::syntax::{Constant, Instruction, Module, Operand, Statement};
use arverify_protocol::ir::{Order, Source, Span};
use arverify_protocol::verdict::WhyKind;
use opcode::Opcode;
use std::time::Duration;

/// What a step of each kind weighs: what the causes name is lighter than what merely stands near.
const NAMED: u32 = 2;
const INSERTED: u32 = 3;
const REMOVED: u32 = 4;
/// Added for what no cause names.
const NEAR: u32 = 3;
/// Branches and labels around a statement before which, or behind which, barriers are tried.
const MOST_EDGES: usize = 4;
/// Instructions behind a load among which its comparison is looked for.
const COMPARED_WITHIN: usize = 8;

/// Checks a module's text.
pub type Checking<'a> = dyn Fn(&str, Duration) -> Option<Outcome> + 'a;

/// A kernel that may be mended.
pub struct KernelText<'a> {
    source: &'a Source,
    list: Vec<Placed<'a>>,
    lines: Lines,
    checking: &'a Checking<'a>,
}

/// Something in a function's body.
struct Placed<'a> {
    /// The function, by its number.
    function: usize,
    /// The instruction; a label has none.
    instruction: Option<&'a Instruction>,
}

impl Mendable for KernelText<'_> {
    fn source(&self) -> &Source {
        self.source
    }

    fn steps(&self, clues: &Clues) -> Vec<Step> {
        let mut steps = Vec::new();
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

impl<'a> KernelText<'a> {
    /// A module with its text.
    pub fn new(source: &'a Source, module: &'a Module, checking: &'a Checking<'a>) -> KernelText<'a> {
        let mut list = Vec::new();
        for (function, body) in
            module.functions.iter().enumerate().filter_map(|(number, f)| Some((number, f.body.as_ref()?)))
        {
            for statement in &body.statements {
                let instruction = match statement {
                    Statement::Instruction(instruction) => Some(instruction),
                    Statement::Label(_) => None,
                    Statement::Location(_) => continue,
                };
                list.push(Placed { function, instruction });
            }
        }
        KernelText { source, list, lines: Lines::new(module), checking }
    }

    fn instruction(&self, number: usize) -> Option<&'a Instruction> {
        self.list.get(number)?.instruction
    }

    fn text_of(&self, span: &Span) -> &str {
        self.source.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    fn opcode(&self, number: usize) -> Option<Opcode> {
        Opcode::of(self.instruction(number)?, &self.source.text)
    }

    /// The instructions at a place, or on a line.
    fn at(&self, span: &Span) -> Vec<usize> {
        let is_there = |number: &usize| {
            self.instruction(*number).is_some_and(|own| span.contains(&own.span.start) || own.span == *span)
        };
        (0..self.list.len()).filter(is_there).collect()
    }

    fn all_at<'s>(&'s self, places: &'s [Span]) -> impl Iterator<Item = usize> + 's {
        let mut seen = Vec::new();
        places.iter().flat_map(|place| self.at(place)).filter(move |number| {
            let new = !seen.contains(number);
            seen.push(*number);
            new
        })
    }

    /// The instructions of the same line that read the same, this one among them.
    fn alike(&self, number: usize) -> Vec<usize> {
        let Some(own) = self.instruction(number) else { return Vec::new() };
        let line = self.lines.innermost(own.span.start);
        let opcode = self.opcode(number).map(|opcode| opcode.text().to_owned());
        let is_alike = |other: &usize| {
            *other == number
                || line.is_some()
                    && self.instruction(*other).is_some_and(|known| self.lines.innermost(known.span.start) == line)
                    && self.opcode(*other).map(|opcode| opcode.text().to_owned()) == opcode
        };
        (0..self.list.len()).filter(is_alike).collect()
    }

    /// Steps for one cause.
    fn for_cause(&self, clue: &Clue, steps: &mut Vec<Step>) {
        let Some(first) = clue.places.first() else { return };
        let here = self.at(first);
        match clue.kind {
            WhyKind::NotReleased => here.iter().for_each(|number| self.order(*number, Order::Release, NAMED, steps)),
            WhyKind::NotAcquired => here.iter().for_each(|number| self.order(*number, Order::Acquire, NAMED, steps)),
            WhyKind::FenceByAnotherThread | WhyKind::LaunchBoundary | WhyKind::OldValue => {
                for order in [Order::Release, Order::Acquire] {
                    self.all_at(&clue.places).for_each(|number| self.order(number, order, NAMED, steps));
                }
                self.barriers(&clue.places, INSERTED, steps);
            }
            WhyKind::WeakAccess => self.all_at(&clue.places).for_each(|number| self.strong(number, NAMED, steps)),
            WhyKind::ScopeTooNarrow => here.iter().for_each(|number| self.scope(*number, NAMED, steps)),
            WhyKind::NoBarrier | WhyKind::ReadTooEarly | WhyKind::SignalledTooEarly | WhyKind::HeldSlot => {
                self.barriers(&clue.places, INSERTED, steps);
            }
            WhyKind::WaitedTooLate => self.barriers(&clue.places, INSERTED, steps),
            WhyKind::NoProxyFence => self.proxy_fences(&clue.places, steps),
            WhyKind::CopyNotAwaited => self.copies(&clue.places, steps),
            WhyKind::Overwritten | WhyKind::NeverWritten | WhyKind::WrapAround | WhyKind::EarlierSignal => {
                self.all_at(&clue.places).for_each(|number| self.reached(number, steps));
            }
            WhyKind::Reset => self.all_at(&clue.places).for_each(|number| self.removed(number, steps)),
            _ => {}
        }
    }

    /// The same at every statement of the finding, whatever its causes are.
    fn near(&self, clues: &Clues, steps: &mut Vec<Step>) {
        let named: Vec<Span> =
            clues.causes.iter().flat_map(|clue| &clue.places).chain(&clues.places).cloned().collect();
        let places: Vec<Span> = named.iter().chain(&clues.trace).cloned().collect();
        for number in self.all_at(&places) {
            self.scope(number, NAMED + NEAR, steps);
            for order in [Order::Release, Order::Acquire] {
                self.order(number, order, NAMED + NEAR, steps);
            }
        }
        self.all_at(&places).for_each(|number| self.reached(number, steps));
        self.barriers(&named, INSERTED + NEAR, steps);
        self.copies(&named, steps);
    }

    /// The order of an access, with what is missing; else a fence.
    fn order(&self, number: usize, missing: Order, weight: u32, steps: &mut Vec<Step>) {
        let Some(opcode) = self.opcode(number) else { return };
        if let Some(mended) = opcode.ordered(missing) {
            self.opcodes(number, &opcode, &mended, weight, steps);
        }
        let is_strong = opcode.is_strong_access();
        if missing == Order::Release && is_strong {
            self.inserted(number, "fence.acq_rel.sys;", true, weight + 1, steps);
        } else if missing == Order::Acquire && is_strong {
            self.inserted(number, "fence.acq_rel.sys;", false, weight + 1, steps);
        }
    }

    fn strong(&self, number: usize, weight: u32, steps: &mut Vec<Step>) {
        let Some(opcode) = self.opcode(number) else { return };
        if let Some(mended) = opcode.made_strong() {
            self.opcodes(number, &opcode, &mended, weight, steps);
        }
    }

    fn scope(&self, number: usize, weight: u32, steps: &mut Vec<Step>) {
        let Some(opcode) = self.opcode(number) else { return };
        if let Some(mended) = opcode.of_system() {
            self.opcodes(number, &opcode, &mended, weight, steps);
        }
    }

    /// Another opcode, for all that are alike.
    fn opcodes(&self, number: usize, was: &Opcode, now: &str, weight: u32, steps: &mut Vec<Step>) {
        let Some(own) = self.instruction(number) else { return };
        let alike = self.alike(number).into_iter().filter_map(|other| self.opcode(other));
        let edits = alike.map(|opcode| Edit::replace(opcode.span(), now)).collect();
        let words = format!("`{now}` instead of `{}`{}", was.text(), opcode::in_cuda(now));
        steps.push(Step { change: Change::Text(edits), at: own.span.clone(), words, weight });
    }

    /// An instruction more, before or behind one.
    fn inserted(&self, number: usize, line: &str, before: bool, weight: u32, steps: &mut Vec<Step>) {
        let Some(own) = self.instruction(number) else { return };
        // One for each place that the line was inlined to.
        let mut chains = Vec::new();
        let mut is_first = |other: &usize| {
            let Some(known) = self.instruction(*other) else { return false };
            let chain = self.lines.calls(known.span.start);
            let is_own = *other == number;
            if is_own || chain == self.lines.calls(own.span.start) || chains.contains(&chain) {
                return is_own;
            }
            chains.push(chain);
            true
        };
        let places: Vec<usize> = self.alike(number).into_iter().filter(|other| is_first(other)).collect();
        let edit = |other: &usize| {
            let span = &self.instruction(*other)?.span;
            Some(if before {
                Edit::insert(span.start, format!("{line} "))
            } else {
                Edit::insert(span.end, format!(" {line}"))
            })
        };
        let edits: Vec<Edit> = places.iter().filter_map(edit).collect();
        let side = if before { "before" } else { "behind" };
        let words = format!("{} {side} this line", opcode::inserted_words(line));
        steps.push(Step { change: Change::Text(edits), at: own.span.clone(), words, weight });
    }

    /// Barriers around statements: at them, and where their control flow parts and meets.
    fn barriers(&self, places: &[Span], weight: u32, steps: &mut Vec<Step>) {
        let numbers: Vec<usize> = self.all_at(places).collect();
        for number in &numbers {
            self.inserted(*number, "bar.sync 0;", true, weight, steps);
            for branch in self.branches_before(*number) {
                self.inserted(branch, "bar.sync 0;", true, weight, steps);
            }
        }
        for number in numbers {
            self.inserted(number, "bar.sync 0;", false, weight + 1, steps);
            for first in self.labels_around(number) {
                self.inserted(first, "bar.sync 0;", true, weight + 1, steps);
            }
        }
    }

    /// The nearest conditional branches before an instruction.
    fn branches_before(&self, number: usize) -> impl Iterator<Item = usize> + '_ {
        let function = self.list[number].function;
        let before = (0..number).rev().take_while(move |other| self.list[*other].function == function);
        let is_branch = |other: &usize| {
            self.instruction(*other)
                .is_some_and(|own| own.guard.is_some() && matches!(own.name.as_str(), "bra" | "ret" | "exit"))
        };
        before.filter(is_branch).take(MOST_EDGES)
    }

    /// The instructions behind the nearest labels, on both sides.
    fn labels_around(&self, number: usize) -> Vec<usize> {
        let function = self.list[number].function;
        let is_own = |other: &usize| self.list[*other].function == function;
        let is_first = |other: &usize| {
            self.instruction(*other).is_some()
                && other.checked_sub(1).is_some_and(|label| self.instruction(label).is_none())
        };
        let after = (number + 1..self.list.len()).take_while(is_own).filter(is_first).take(MOST_EDGES);
        let before = (0..number).rev().take_while(is_own).filter(is_first).take(MOST_EDGES);
        after.chain(before).collect()
    }

    /// The next barrier behind an instruction.
    fn barrier_behind(&self, number: usize) -> Option<usize> {
        let function = self.list[number].function;
        let is_barrier = |other: &usize| {
            self.instruction(*other).is_some_and(|own| matches!(own.name.as_str(), "bar" | "barrier"))
                || self.opcode(*other).is_some_and(|opcode| opcode.text().starts_with("mbarrier.arrive"))
        };
        (number + 1..self.list.len()).take_while(|other| self.list[*other].function == function).find(is_barrier)
    }

    fn proxy_fences(&self, places: &[Span], steps: &mut Vec<Step>) {
        let numbers: Vec<usize> = self.all_at(places).collect();
        for number in numbers {
            self.inserted(number, "fence.proxy.async;", false, INSERTED, steps);
            self.inserted(number, "fence.proxy.async;", true, INSERTED, steps);
            if let Some(barrier) = self.barrier_behind(number) {
                self.inserted(barrier, "fence.proxy.async;", true, INSERTED, steps);
            }
        }
    }

    /// Waits for copies: new ones before the statements named and the barriers before them, and those there are for all.
    fn copies(&self, places: &[Span], steps: &mut Vec<Step>) {
        let all = 0..self.list.len();
        let texts: Vec<(usize, String)> =
            all.filter_map(|number| Some((number, self.opcode(number)?.text().to_owned()))).collect();
        for (number, text) in
            texts.iter().filter(|(_, text)| text.starts_with("cp.async") && text.contains("wait_group"))
        {
            self.waited(*number, text, steps);
        }
        let is_bulk = |text: &str| text.starts_with("cp.async.bulk") || text.starts_with("cp.reduce.async.bulk");
        let mut waits = Vec::new();
        if texts.iter().any(|(_, text)| text.starts_with("cp.async") && !is_bulk(text)) {
            waits.push("cp.async.wait_all;");
        }
        if texts.iter().any(|(_, text)| text.starts_with("cp.async.bulk.commit_group")) {
            waits.push("cp.async.bulk.wait_group 0;");
        }
        for wait in waits {
            for number in self.all_at(places).collect::<Vec<_>>() {
                self.inserted(number, wait, true, INSERTED, steps);
                self.inserted(number, wait, false, INSERTED, steps);
                if let Some(barrier) = self.barrier_before(number) {
                    self.inserted(barrier, wait, true, INSERTED, steps);
                }
            }
        }
    }

    fn barrier_before(&self, number: usize) -> Option<usize> {
        let is_barrier =
            |other: &usize| self.instruction(*other).is_some_and(|own| own.name == "bar" || own.name == "barrier");
        (0..number).rev().find(is_barrier)
    }

    /// A wait that leaves nothing outstanding, and waits for the writes too.
    fn waited(&self, number: usize, text: &str, steps: &mut Vec<Step>) {
        let Some(own) = self.instruction(number) else { return };
        let now = format!("{} 0;", text.replace(".read", ""));
        if self.text_of(&own.span).split_whitespace().collect::<Vec<_>>().join(" ") == now {
            return;
        }
        let words = format!("`{now}` instead of `{}`", self.text_of(&own.span));
        steps.push(Step {
            change: Change::Text(vec![Edit::replace(&own.span, now)]),
            at: own.span.clone(),
            words,
            weight: NAMED,
        });
    }

    /// A loop that waits for a value to be equal made one that waits until it is not less.
    fn reached(&self, number: usize, steps: &mut Vec<Step>) {
        let Some(load) = self.instruction(number).filter(|own| own.name == "ld") else { return };
        let Some(Operand::Name(value)) = load.operands.first() else { return };
        let is_compared = |other: &usize| {
            let Some(own) = self.instruction(*other).filter(|own| own.name == "setp") else { return false };
            own.operands.iter().skip(1).any(|operand| matches!(operand, Operand::Name(name) if name == value))
        };
        let Some(compare) = (number + 1..self.list.len()).take(COMPARED_WITHIN).find(is_compared) else { return };
        let (Some(own), Some(opcode)) = (self.instruction(compare), self.opcode(compare)) else { return };
        let is_first = matches!(own.operands.get(1), Some(Operand::Name(name)) if name == value);
        // A comparison with zero says nothing of order.
        if own.operands.iter().any(|operand| matches!(operand, Operand::Constant(Constant::Integer(0)))) {
            return;
        }
        let word = match (opcode.text().split('.').nth(1), is_first) {
            (Some("ne"), true) => "lt",
            (Some("ne"), false) => "gt",
            (Some("eq"), true) => "ge",
            (Some("eq"), false) => "le",
            _ => return,
        };
        let now = format!("setp.{word}.u32");
        let words = format!(
            "wait until the value is reached (not less), instead of equal: `{now}` instead of `{}`",
            opcode.text()
        );
        let change = Change::Text(vec![Edit::replace(opcode.span(), now)]);
        steps.push(Step { change, at: own.span.clone(), words, weight: NAMED + 1 });
    }

    /// Without a store.
    fn removed(&self, number: usize, steps: &mut Vec<Step>) {
        let Some(own) = self.instruction(number).filter(|own| matches!(own.name.as_str(), "st" | "red")) else {
            return;
        };
        let edits =
            self.alike(number).into_iter().filter_map(|other| Some(Edit::replace(&self.instruction(other)?.span, "")));
        let words = format!("without `{}`", self.text_of(&own.span));
        steps.push(Step { change: Change::Text(edits.collect()), at: own.span.clone(), words, weight: REMOVED });
    }
}
