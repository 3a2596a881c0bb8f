//! The instructions and labels of a module in the order of the text, and what is near an instruction there.

use super::opcode::Opcode;
use crate::ptx::lines::Lines;
use crate::ptx::syntax::{Function, Instruction, Module, Operand, Statement};
use arverify_protocol::ir::{Source, Span};

/// Branches and labels on each side of a statement that are looked at.
const MOST_EDGES: usize = 4;

/// A label, or an instruction, with its function.
struct Placed<'a> {
    /// The function, by its number.
    function: usize,
    what: What<'a>,
}

enum What<'a> {
    Label(&'a str),
    Instruction(&'a Instruction),
}

/// A module.
pub(super) struct Listing<'a> {
    pub(super) source: &'a Source,
    list: Vec<Placed<'a>>,
    lines: Lines,
}

impl<'a> Listing<'a> {
    /// The kernels of these names, and what they may call.
    pub(super) fn new(source: &'a Source, module: &'a Module, kernels: &[String]) -> Listing<'a> {
        let runs = |own: &Function| !own.is_entry || kernels.contains(&own.name);
        let functions = module.functions.iter().enumerate().filter(|(_, own)| runs(own));
        let bodies = functions.filter_map(|(number, own)| Some((number, own.body.as_ref()?)));
        let mut list = Vec::new();
        for (function, body) in bodies {
            let placed = body.statements.iter().filter_map(|statement| match statement {
                Statement::Instruction(instruction) => Some(What::Instruction(instruction)),
                Statement::Label(name) => Some(What::Label(name)),
                Statement::Location(_) => None,
            });
            list.extend(placed.map(|what| Placed { function, what }));
        }
        Listing { source, list, lines: Lines::new(module) }
    }

    pub(super) fn instruction(&self, number: usize) -> Option<&'a Instruction> {
        match self.list.get(number)?.what {
            What::Instruction(instruction) => Some(instruction),
            What::Label(_) => None,
        }
    }

    pub(super) fn text_of(&self, span: &Span) -> &str {
        self.source.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    pub(super) fn opcode(&self, number: usize) -> Option<Opcode> {
        Opcode::of(self.instruction(number)?, &self.source.text)
    }

    /// Every instruction with its opcode.
    pub(super) fn opcodes(&self) -> impl Iterator<Item = (usize, Opcode)> + '_ {
        (0..self.list.len()).filter_map(|number| Some((number, self.opcode(number)?)))
    }

    /// Whether there is an opcode with these words.
    pub(super) fn has(&self, words: &str) -> bool {
        self.opcodes().any(|(_, opcode)| opcode.text().contains(words))
    }

    /// The instructions at a place, or on a line.
    fn at(&self, span: &Span) -> impl Iterator<Item = usize> {
        let is_there = |number: &usize| {
            self.instruction(*number).is_some_and(|own| span.contains(&own.span.start) || own.span == *span)
        };
        (0..self.list.len()).filter(is_there).collect::<Vec<_>>().into_iter()
    }

    /// The instructions at places, each once.
    pub(super) fn all_at(&self, places: &[Span]) -> Vec<usize> {
        let mut found = Vec::new();
        for number in places.iter().flat_map(|place| self.at(place)) {
            if !found.contains(&number) {
                found.push(number);
            }
        }
        found
    }

    fn line(&self, number: usize) -> Option<(u32, u32)> {
        self.lines.innermost(self.instruction(number)?.span.start)
    }

    /// The instructions of the same line that read the same, this one among them.
    pub(super) fn alike(&self, number: usize) -> Vec<usize> {
        let line = self.line(number);
        let opcode = self.opcode(number).map(|opcode| opcode.text().to_owned());
        let reads_alike = |other: usize| self.opcode(other).map(|opcode| opcode.text().to_owned()) == opcode;
        let is_alike =
            |other: &usize| *other == number || line.is_some() && self.line(*other) == line && reads_alike(*other);
        (0..self.list.len()).filter(is_alike).collect()
    }

    /// One instruction for each place that the line of an instruction was inlined or unrolled to: those alike, of which the ones
    /// that no other line stands between are one.
    pub(super) fn copies(&self, number: usize) -> Vec<usize> {
        let line = self.line(number);
        let mut copies: Vec<usize> = Vec::new();
        let mut last: Option<usize> = None;
        for other in self.alike(number) {
            let is_apart = last.is_none_or(|last| {
                (last..other).any(|between| self.instruction(between).is_some() && self.line(between) != line)
            });
            match copies.last_mut() {
                Some(copy) if !is_apart => {
                    if other == number {
                        *copy = other;
                    }
                }
                _ => copies.push(other),
            }
            last = Some(other);
        }
        copies
    }

    /// Those alike that were inlined by the same calls: what one call of a procedure has come to.
    pub(super) fn of_one_call(&self, number: usize) -> Vec<usize> {
        let calls = |other: usize| self.instruction(other).map(|own| self.lines.calls(own.span.start));
        self.alike(number).into_iter().filter(|other| calls(*other) == calls(number)).collect()
    }

    fn is_with(&self, number: usize) -> impl Fn(&usize) -> bool + '_ {
        let function = self.list[number].function;
        move |other| self.list[*other].function == function
    }

    /// What stands behind an instruction in its function, then what stands before it, the nearest first.
    pub(super) fn behind(&self, number: usize) -> impl Iterator<Item = usize> + '_ {
        (number + 1..self.list.len()).take_while(self.is_with(number))
    }

    pub(super) fn before(&self, number: usize) -> impl Iterator<Item = usize> + '_ {
        (0..number).rev().take_while(self.is_with(number))
    }

    fn is_branch(&self, number: usize) -> bool {
        let may_leave = |own: &Instruction| own.guard.is_some() && matches!(own.name.as_str(), "bra" | "ret" | "exit");
        self.instruction(number).is_some_and(may_leave)
    }

    /// The nearest conditional branches before an instruction, then the nearest behind it.
    pub(super) fn branches(&self, number: usize) -> Vec<usize> {
        let before = self.before(number).filter(|other| self.is_branch(*other)).take(MOST_EDGES);
        before.chain(self.behind(number).filter(|other| self.is_branch(*other)).take(2)).collect()
    }

    /// The instructions behind the nearest labels, on both sides.
    pub(super) fn behind_labels(&self, number: usize) -> Vec<usize> {
        let is_label = |other: usize| matches!(self.list[other].what, What::Label(_));
        let is_first = |other: &usize| !is_label(*other) && other.checked_sub(1).is_some_and(is_label);
        let behind = self.behind(number).filter(is_first).take(MOST_EDGES);
        behind.chain(self.before(number).filter(is_first).take(MOST_EDGES)).collect()
    }

    /// The guard under which an instruction is reached: that of the nearest branch before it that leads past it, the other way
    /// round; with the branch.
    pub(super) fn guard_of(&self, number: usize) -> Option<(usize, String)> {
        let label =
            |name: &str| self.list.iter().position(|placed| matches!(placed.what, What::Label(own) if own == name));
        self.before(number).filter(|other| self.is_branch(*other)).find_map(|branch| {
            let own = self.instruction(branch)?;
            let (register, negated) = own.guard.as_ref()?;
            let Some(Operand::Name(target)) = own.operands.first() else { return None };
            let past = label(target).is_some_and(|label| label > number);
            past.then(|| (branch, format!("@{}{register}", if *negated { "" } else { "!" })))
        })
    }

    /// The conditional branches of a kernel to where it ends.
    pub(super) fn early_ends(&self) -> Vec<usize> {
        let ends = |name: &str| {
            let label = self.list.iter().position(|placed| matches!(placed.what, What::Label(own) if own == name));
            let next = label.and_then(|label| self.instruction(label + 1));
            next.is_some_and(|own| own.guard.is_none() && matches!(own.name.as_str(), "ret" | "exit"))
        };
        let is_early = |number: &usize| {
            let Some(own) = self.instruction(*number).filter(|_| self.is_branch(*number)) else { return false };
            match own.operands.first() {
                Some(Operand::Name(target)) => own.name == "bra" && ends(target),
                _ => own.name != "bra",
            }
        };
        (0..self.list.len()).filter(is_early).collect()
    }

    /// The nearest barrier before, and the nearest behind.
    pub(super) fn barriers_around(&self, number: usize) -> (Option<usize>, Option<usize>) {
        let is_barrier = |other: &usize| {
            let is_block = self.instruction(*other).is_some_and(|own| matches!(own.name.as_str(), "bar" | "barrier"));
            is_block || self.opcode(*other).is_some_and(|opcode| opcode.text().starts_with("mbarrier.arrive"))
        };
        (self.before(number).find(is_barrier), self.behind(number).find(is_barrier))
    }

    /// The ends of the function that an instruction stands in.
    pub(super) fn ends(&self, number: usize) -> Vec<usize> {
        let all = self.before(number).chain([number]).chain(self.behind(number));
        all.filter(|other| self.instruction(*other).is_some_and(|own| matches!(own.name.as_str(), "ret" | "exit")))
            .collect()
    }
}
