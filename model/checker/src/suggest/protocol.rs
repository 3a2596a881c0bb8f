//! Steps for protocols: edits of the .arp text, and other values of its knobs.
//!
//! | cause | steps |
//! |---|---|
//! | does not release, does not acquire, weak | the order, one step stronger or what is missing |
//! | scope too narrow | `sys` |
//! | no barrier | `block_sync` around the statements named, outside of `threads`, or around the calls that lead there |
//! | signalled too early, waited too late | the statement moved, or its call |
//! | overwritten, wrap-around | `reached` instead of `==` or `>=` |
//! | a reset | without it |
//! | no synchronisation | one more call of a procedure that is called already, with this pad or with one like it |
//! | threads have exited | without the exit |
//! | whatever it is | a knob back at its first value, the same changes at all other statements of the finding |

use super::text::Edit;
use super::weaker::{Kind, Weakenable, Weakening};
use super::{Change, Clue, Clues, Mendable, Step};
use crate::check::Outcome;
use arverify_protocol::ir::{Compare, Order, Scope, Semantics, Source, Span};
use arverify_protocol::language::tree::{
    Body, Declaration, Expression, ExpressionKind, File, Item, Name, Ordering, Statement,
};
use arverify_protocol::language::{Document, parse};
use arverify_protocol::verdict::{Code, WhyKind};
use std::time::Duration;

/// What a step of each kind weighs: what the causes name is lighter than what merely stands near.
const KNOB: u32 = 1;
const NAMED: u32 = 2;
const BARRIER: u32 = 3;
const MOVED: u32 = 4;
const CALL: u32 = 5;
/// Added for what no cause names.
const NEAR: u32 = 3;

/// Checks a document, with these values of its knobs.
pub type Checking<'a> = dyn Fn(&Document, &[(String, String)], Duration) -> Option<Outcome> + 'a;

/// A protocol that may be mended.
pub struct ProtocolText<'a> {
    /// The document.
    pub document: &'a Document,
    /// The knobs that are chosen.
    pub chosen: &'a [(String, String)],
    /// Whether knobs may be changed.
    pub with_knobs: bool,
    /// How it is checked.
    pub checking: &'a Checking<'a>,
}

impl Mendable for ProtocolText<'_> {
    fn source(&self) -> &Source {
        &self.document.source
    }

    fn steps(&self, clues: &Clues) -> Vec<Step> {
        let statements = Statements::of(&self.document.file, &self.document.source.text);
        let mut steps = if self.with_knobs { self.knobs() } else { Vec::new() };
        // A scheduler that owes less is not mended by an edit.
        if clues.code == Code::Progress {
            return steps;
        }
        for clue in &clues.causes {
            statements.for_cause(clue, &mut steps);
        }
        statements.near(clues, &mut steps);
        steps
    }

    fn check(&self, text: &str, steps: &[Step], time: Duration) -> Option<Outcome> {
        let mut chosen = self.chosen.to_vec();
        for step in steps {
            if let Change::Knob { name, value, .. } = &step.change {
                chosen.retain(|(known, _)| known != name);
                chosen.push((name.clone(), value.clone()));
            }
        }
        if text == self.document.source.text {
            return (self.checking)(self.document, &chosen, time);
        }
        (self.checking)(&parse(&self.document.source.name, text).ok()?, &chosen, time)
    }
}

impl Weakenable for ProtocolText<'_> {
    fn weakenings(&self) -> Vec<Weakening> {
        let statements = Statements::of(&self.document.file, &self.document.source.text);
        let made_weak = |placed: &Placed<'_>| {
            let (Statement::Store { .. } | Statement::Let { .. }) = &placed.item.kind else { return None };
            let ordering = ordering_of(&placed.item.kind)?;
            let strong = matches!(ordering.semantics.order, Order::Volatile | Order::Relaxed);
            let edit = strong.then(|| Edit::replace(&ordering.at.0, "weak"))?;
            let step = Step::new(vec![edit], placed.item.at.0.clone(), "`weak`".to_owned(), NAMED);
            Some(Weakening { step, kind: Kind::MadeWeak })
        };
        statements.list.iter().filter_map(made_weak).collect()
    }

    /// That is told of the protocol itself (`check/lints`).
    fn tells_redundant(&self) -> bool {
        false
    }
}

impl ProtocolText<'_> {
    /// Each knob that was chosen back at its first value.
    fn knobs(&self) -> Vec<Step> {
        let known = |name: &str| self.document.knobs().iter().find(|knob| knob.name == name);
        let step = |(name, was): &(String, String)| {
            let knob = known(name)?;
            let value = knob.values.first().filter(|value| *value != was)?.clone();
            Some(Step {
                words: format!("choose `{value}` for the knob `{name}`, not `{was}`"),
                change: Change::Knob { name: name.clone(), value, was: was.clone() },
                at: knob.span.clone(),
                of_call: false,
                weight: KNOB,
                makes_strong: false,
                may_hide: false,
            })
        };
        self.chosen.iter().filter_map(step).collect()
    }
}

/// A statement with its surroundings.
struct Placed<'a> {
    item: &'a Item<Statement>,
    /// One past its last byte, its body included.
    end: u32,
    /// The statement around it.
    parent: Option<usize>,
    /// The statements before and after it in its body.
    siblings: (Option<usize>, Option<usize>),
}

/// All statements of a file.
struct Statements<'a> {
    file: &'a File,
    text: &'a str,
    list: Vec<Placed<'a>>,
}

impl<'a> Statements<'a> {
    fn of(file: &'a File, text: &'a str) -> Statements<'a> {
        let mut statements = Statements { file, text, list: Vec::new() };
        for item in &file.declarations {
            if let Declaration::Sync { body, .. } | Declaration::Kernel(body) | Declaration::Host(body) = &item.kind {
                statements.add(body, None);
            }
        }
        statements
    }

    fn add(&mut self, body: &'a Body, parent: Option<usize>) {
        let mut before: Option<usize> = None;
        for item in &body.statements {
            let number = self.list.len();
            let end = self.end_of(item);
            self.list.push(Placed { item, end, parent, siblings: (before, None) });
            if let Some(before) = before {
                self.list[before].siblings.1 = Some(number);
            }
            before = Some(number);
            for inner in bodies(&item.kind) {
                self.add(inner, Some(number));
            }
        }
    }

    /// One past the last byte of a statement: behind the brace that closes its last body.
    fn end_of(&self, item: &Item<Statement>) -> u32 {
        let bodies = bodies(&item.kind);
        if bodies.is_empty() {
            return item.at.0.end;
        }
        let mut end = item.at.0.start as usize;
        for _ in &bodies {
            end = closing_brace(self.text, end).unwrap_or(end);
        }
        u32::try_from(end).unwrap_or(item.at.0.end)
    }

    /// The statements at a place: those that begin there or, of a line, on it.
    fn at(&self, span: &Span) -> Vec<usize> {
        let within = |placed: &Placed<'_>| span.contains(&placed.item.at.0.start) || placed.item.at.0 == *span;
        let found: Vec<usize> = (0..self.list.len()).filter(|number| within(&self.list[*number])).collect();
        // What stands inside of another that was found is told by that.
        found.iter().copied().filter(|number| !found.iter().any(|outer| self.is_inside(*number, *outer))).collect()
    }

    fn is_inside(&self, number: usize, outer: usize) -> bool {
        self.around(number).skip(1).any(|around| around == outer)
    }

    /// A statement and all around it, from the inside out.
    fn around(&self, number: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(Some(number), |number| self.list[*number].parent)
    }

    fn span(&self, number: usize) -> Span {
        self.list[number].item.at.0.clone()
    }

    fn words_at(&self, number: usize) -> &str {
        let span = self.span(number);
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The white space before a statement, where it is the first of its line.
    fn indentation(&self, offset: u32) -> Option<&str> {
        let before = self.text.get(..offset as usize)?;
        let line = &before[before.rfind('\n').map_or(0, |at| at + 1)..];
        line.trim().is_empty().then_some(line)
    }

    /// A line of its own before a statement.
    fn line_before(&self, number: usize, line: &str) -> Option<Edit> {
        let start = self.span(number).start;
        let indentation = self.indentation(start)?;
        Some(Edit::insert(start - u32::try_from(indentation.len()).ok()?, format!("{indentation}{line}\n")))
    }

    /// A line of its own behind a statement.
    fn line_after(&self, number: usize, line: &str) -> Option<Edit> {
        let indentation = self.indentation(self.span(number).start)?;
        let end = self.list[number].end as usize;
        let rest = self.text.get(end..)?;
        let length = rest.find('\n')?;
        let is_free = rest[..length].trim_start().is_empty() || rest[..length].trim_start().starts_with("//");
        let at = u32::try_from(end + length + 1).ok()?;
        is_free.then(|| Edit::insert(at, format!("{indentation}{line}\n")))
    }

    /// Steps for one cause.
    fn for_cause(&self, clue: &Clue, steps: &mut Vec<Step>) {
        let Some(first) = clue.places.first() else { return };
        let here = self.at(first);
        match clue.kind {
            WhyKind::NotReleased => here.iter().for_each(|number| self.order(*number, Order::Release, NAMED, steps)),
            WhyKind::FenceByAnotherThread => {
                for order in [Order::Release, Order::Acquire] {
                    here.iter().for_each(|number| self.order(*number, order, NAMED, steps));
                }
            }
            WhyKind::NotAcquired => here.iter().for_each(|number| self.order(*number, Order::Acquire, NAMED, steps)),
            WhyKind::WeakAccess => {
                for number in clue.places.iter().flat_map(|place| self.at(place)) {
                    self.strong(number, NAMED, steps);
                }
            }
            WhyKind::ScopeTooNarrow => here.iter().for_each(|number| self.scope(*number, NAMED, steps)),
            WhyKind::NoBarrier | WhyKind::HeldSlot => self.barriers(&clue.places, BARRIER, steps),
            WhyKind::SignalledTooEarly => {
                self.moves(&clue.places, true, steps);
                self.barriers(&clue.places, BARRIER + NEAR, steps);
            }
            WhyKind::WaitedTooLate => {
                self.moves(&clue.places, false, steps);
                self.calls(&clue.places, steps);
            }
            WhyKind::Overwritten | WhyKind::WrapAround | WhyKind::NeverWritten => {
                for number in clue.places.iter().flat_map(|place| self.at(place)) {
                    self.reached(number, NAMED, steps);
                }
            }
            WhyKind::Reset => self.without(&clue.places, steps),
            WhyKind::Exited => self.without_exits(steps),
            WhyKind::NoSynchronisation | WhyKind::MissingInput => self.calls(&clue.places, steps),
            _ => {}
        }
    }

    /// The same at every statement of the finding, whatever its causes are.
    fn near(&self, clues: &Clues, steps: &mut Vec<Step>) {
        let places: Vec<Span> = clues
            .causes
            .iter()
            .flat_map(|clue| &clue.places)
            .chain(&clues.places)
            .chain(&clues.trace)
            .cloned()
            .collect();
        let mut numbers: Vec<usize> = Vec::new();
        for number in places.iter().flat_map(|place| self.at(place)) {
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        }
        for number in &numbers {
            self.scope(*number, NAMED + NEAR, steps);
            for order in [Order::Release, Order::Acquire] {
                self.order(*number, order, NAMED + NEAR, steps);
            }
            self.reached(*number, NAMED + NEAR, steps);
        }
        self.barriers(&places, BARRIER + NEAR, steps);
        self.moves(&places, true, steps);
    }

    /// The order of a statement, with what is missing.
    fn order(&self, number: usize, missing: Order, weight: u32, steps: &mut Vec<Step>) {
        let statement = &self.list[number].item.kind;
        let Some(ordering) = ordering_of(statement) else { return };
        let Some(order) = stronger(statement, ordering.semantics.order, missing) else { return };
        self.semantics(number, Semantics { order, ..ordering.semantics }, weight, steps);
        if let Some(step) = steps.last_mut().filter(|_| ordering.semantics.order == Order::Weak) {
            step.makes_strong = true;
            step.may_hide = weight > NAMED && matches!(statement, Statement::Let { .. });
        }
    }

    /// A weak access made a strong one.
    fn strong(&self, number: usize, weight: u32, steps: &mut Vec<Step>) {
        let Some(ordering) = ordering_of(&self.list[number].item.kind) else { return };
        if ordering.semantics.order == Order::Weak {
            self.semantics(number, Semantics { order: Order::Relaxed, scope: Scope::Sys }, weight, steps);
            if let Some(step) = steps.last_mut() {
                step.makes_strong = true;
            }
        }
    }

    fn scope(&self, number: usize, weight: u32, steps: &mut Vec<Step>) {
        let Some(ordering) = ordering_of(&self.list[number].item.kind) else { return };
        let Semantics { order, scope } = ordering.semantics;
        if scope != Scope::Sys && !matches!(order, Order::Weak | Order::Volatile) {
            self.semantics(number, Semantics { order, scope: Scope::Sys }, weight, steps);
        }
    }

    fn semantics(&self, number: usize, wanted: Semantics, weight: u32, steps: &mut Vec<Step>) {
        let Some(ordering) = ordering_of(&self.list[number].item.kind) else { return };
        let span = &ordering.at.0;
        let was = self.text.get(span.start as usize..span.end as usize).unwrap_or_default();
        let word = wanted.to_string();
        let words = format!("`{word}` instead of `{was}`");
        steps.push(Step::new(vec![Edit::replace(span, word)], self.span(number), words, weight));
    }

    /// A wait for equality, or for a signed comparison, made one for what is reached.
    fn reached(&self, number: usize, weight: u32, steps: &mut Vec<Step>) {
        let Statement::Await { place, compare, value, .. } = &self.list[number].item.kind else { return };
        let word = match compare {
            Compare::Equal => "==",
            Compare::GreaterEqual => ">=",
            _ => return,
        };
        let between = place.at.0.end..value.at.0.start;
        let Some(text) = self.text.get(between.start as usize..between.end as usize) else { return };
        let Some(at) = text.find(word) else { return };
        let start = between.start + at as u32;
        let words = format!("wait until the value is `reached`, instead of `{word}`");
        steps.push(Step::new(vec![Edit::replace(&(start..start + 2), "reached")], self.span(number), words, weight));
    }

    /// `block_sync` before and behind statements, and those around them; not among a part of a block's threads.
    fn barriers(&self, places: &[Span], weight: u32, steps: &mut Vec<Step>) {
        for number in places.iter().flat_map(|place| self.at(place)) {
            for around in self.around(number) {
                let mut outside = self.around(around).skip(1);
                if outside.any(|outer| matches!(self.list[outer].item.kind, Statement::Threads { .. })) {
                    continue;
                }
                let edits = [
                    (self.line_before(around, "block_sync"), "before"),
                    (self.line_after(around, "block_sync"), "behind"),
                ];
                for (edit, side) in edits {
                    let Some(edit) = edit else { continue };
                    let words = format!("`block_sync` {side} `{}`", self.words_at(around));
                    steps.push(Step::new(vec![edit], self.span(around), words, weight));
                }
            }
        }
    }

    /// A statement, or one around it, past its neighbour: later or earlier.
    fn moves(&self, places: &[Span], later: bool, steps: &mut Vec<Step>) {
        for number in places.iter().take(3).flat_map(|place| self.at(place)) {
            for around in self.around(number) {
                let mut past = around;
                for distance in 0..3 {
                    let (before, after) = self.list[past].siblings;
                    let Some(next) = (if later { after } else { before }) else { break };
                    past = next;
                    self.moved(around, past, later, MOVED + distance, steps);
                }
            }
        }
    }

    fn moved(&self, number: usize, past: usize, later: bool, weight: u32, steps: &mut Vec<Step>) {
        let span = self.span(number);
        let Some(indentation) = self.indentation(span.start) else { return };
        let start = span.start - indentation.len() as u32;
        let end = self.list[number].end;
        let Some(rest) = self.text.get(end as usize..) else { return };
        let Some(length) = rest.find('\n') else { return };
        let lines = start..end + length as u32 + 1;
        let text = self.text.get(lines.start as usize..lines.end as usize).unwrap_or_default();
        let place = if later { self.line_after(past, "") } else { self.line_before(past, "") };
        let Some(place) = place else { return };
        let side = if later { "behind" } else { "before" };
        let words = format!("move `{}` {side} `{}`", self.words_at(number), self.words_at(past));
        steps.push(Step::new(vec![Edit::insert(place.start, text), Edit::replace(&lines, "")], span, words, weight));
    }

    /// One more call of a procedure that is called somewhere: at the end of the kernel, and around the statements named.
    fn calls(&self, places: &[Span], steps: &mut Vec<Step>) {
        let Some(last) = self.last_of_kernel() else { return };
        let outermost = |number: usize| self.around(number).last().unwrap_or(number);
        let mut sides = vec![(self.line_after(last, ""), "at the end of the kernel".to_owned(), last)];
        for number in places.iter().flat_map(|place| self.at(place)) {
            let outer = outermost(number);
            let words = self.words_at(outer);
            sides.push((self.line_before(outer, ""), format!("before `{words}`"), outer));
            sides.push((self.line_after(outer, ""), format!("behind `{words}`"), outer));
        }
        for call in self.distinct_calls() {
            for (edit, side, number) in &sides {
                let Some(place) = edit else { continue };
                let Some(indentation) = self.indentation(self.span(*number).start) else { continue };
                let edit = Edit::insert(place.start, format!("{indentation}{call}\n"));
                let words = format!("`{call}` {side}");
                let step = Step::new(vec![edit], self.span(*number), words, CALL);
                if !steps.contains(&step) {
                    steps.push(step);
                }
            }
        }
    }

    /// The last statement of the kernel.
    fn last_of_kernel(&self) -> Option<usize> {
        let body = self.file.declarations.iter().find_map(|item| match &item.kind {
            Declaration::Kernel(body) => Some(body),
            _ => None,
        })?;
        let last = body.statements.last()?;
        self.list.iter().position(|placed| std::ptr::eq(placed.item, last))
    }

    /// Every call, as written, and with each pad that is declared like the one it has.
    fn distinct_calls(&self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for (number, placed) in self.list.iter().enumerate() {
            let Statement::Call { arguments, .. } = &placed.item.kind else { continue };
            let mut forms = vec![self.words_at(number).to_owned()];
            for argument in arguments {
                let Expression { kind: ExpressionKind::Name(name), at } = argument else { continue };
                let (start, end) =
                    ((at.0.start - self.span(number).start) as usize, (at.0.end - self.span(number).start) as usize);
                for like in self.declared_like(name) {
                    let mut form = self.words_at(number).to_owned();
                    form.replace_range(start..end, &like.text);
                    forms.push(form);
                }
            }
            for form in forms {
                if !found.contains(&form) {
                    found.push(form);
                }
            }
        }
        found
    }

    /// Other buffers of one declaration.
    fn declared_like(&self, name: &str) -> Vec<&Name> {
        let together = self.file.declarations.iter().find_map(|item| match &item.kind {
            Declaration::Buffer { names, .. } if names.iter().any(|known| known.text == name) => Some(names),
            _ => None,
        });
        together.into_iter().flatten().filter(|known| known.text != name).collect()
    }

    /// Without statements.
    fn without(&self, places: &[Span], steps: &mut Vec<Step>) {
        for number in places.iter().flat_map(|place| self.at(place)) {
            if matches!(self.list[number].item.kind, Statement::Store { .. } | Statement::Exit) {
                self.removed(number, steps);
            }
        }
    }

    fn without_exits(&self, steps: &mut Vec<Step>) {
        for (number, placed) in self.list.iter().enumerate() {
            if !matches!(placed.item.kind, Statement::Exit) {
                continue;
            }
            // An `if` that holds nothing else goes with it.
            let alone = placed.parent.filter(|_| placed.siblings == (None, None));
            self.removed(alone.unwrap_or(number), steps);
        }
    }

    fn removed(&self, number: usize, steps: &mut Vec<Step>) {
        let span = self.span(number);
        let Some(indentation) = self.indentation(span.start) else { return };
        let Some(rest) = self.text.get(self.list[number].end as usize..) else { return };
        let Some(length) = rest.find('\n') else { return };
        let lines = span.start - indentation.len() as u32..self.list[number].end + length as u32 + 1;
        let words = format!("without `{}`", self.words_at(number));
        steps.push(Step::new(vec![Edit::replace(&lines, "")], span, words, MOVED));
    }
}

/// Bodies of a statement, in their order.
fn bodies(statement: &Statement) -> Vec<&Body> {
    match statement {
        Statement::If { then, otherwise, .. } => std::iter::once(then).chain(otherwise).collect(),
        Statement::For { body, .. }
        | Statement::Threads { body, .. }
        | Statement::Ghost(body)
        | Statement::Stream { body, .. }
        | Statement::Group(body) => vec![body],
        _ => Vec::new(),
    }
}

/// One past the brace that closes the first one that is opened from an offset on; comments hold none.
fn closing_brace(text: &str, from: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut rest = text.get(from..)?.char_indices().peekable();
    while let Some((at, character)) = rest.next() {
        match character {
            '/' if rest.peek().is_some_and(|(_, next)| *next == '/') => {
                rest.by_ref().find(|(_, next)| *next == '\n');
            }
            '{' => depth += 1,
            '}' if depth <= 1 => return (depth == 1).then_some(from + at + 1),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn ordering_of(statement: &Statement) -> Option<&Ordering> {
    match statement {
        Statement::Store { ordering, .. }
        | Statement::Atomic { ordering, .. }
        | Statement::Await { ordering, .. }
        | Statement::Fence(ordering)
        | Statement::Send { ordering, .. }
        | Statement::Receive { ordering, .. } => Some(ordering),
        Statement::Let { ordering, .. } => ordering.as_ref(),
        _ => None,
    }
}

/// An order that has what is missing, where the statement may have one.
fn stronger(statement: &Statement, order: Order, missing: Order) -> Option<Order> {
    let (may_release, may_acquire) = match statement {
        Statement::Store { .. } | Statement::Send { .. } => (true, false),
        Statement::Await { .. } | Statement::Let { .. } | Statement::Receive { .. } => (false, true),
        Statement::Atomic { .. } => (true, true),
        _ => return None,
    };
    match (order, missing) {
        (Order::Release, Order::Acquire) | (Order::Acquire, Order::Release) if may_release && may_acquire => {
            Some(Order::AcqRel)
        }
        (Order::Weak | Order::Volatile | Order::Relaxed, Order::Release) if may_release => Some(Order::Release),
        (Order::Weak | Order::Volatile | Order::Relaxed, Order::Acquire) if may_acquire => Some(Order::Acquire),
        _ => None,
    }
}
