//! Names of nested blocks, made unique, so that a body is flat.
//!
//! Decision: a name declared in a nested block gets `@` and the block's number after it, always, whether or not it
//! hides another: which name a register has then depends on its own block alone. Uses are renamed when the block
//! closes, since a branch may stand before its label. Inner blocks close first, and no name in a text holds an `@`, so
//! that each use finds the innermost declaration. Not modelled: a use before the declaration, which the ISA forbids,
//! takes the declaration of its block and not one outside.

use super::tree::{Body, Initialiser, Operand, Statement};
use rustc_hash::{FxHashMap, FxHashSet};

/// The blocks that are open, the body itself first.
#[derive(Default)]
pub(super) struct Scopes {
    open: Vec<Scope>,
    /// Blocks numbered so far in this body.
    count: u32,
}

struct Scope {
    /// 0 for the body itself, whose names stay.
    number: u32,
    singles: FxHashSet<String>,
    /// `%r<27>`: prefix and count.
    ranges: FxHashMap<String, u32>,
    start: Marks,
}

/// How long a body's lists were when the block opened.
struct Marks {
    statements: usize,
    variables: usize,
    targets: usize,
}

impl Scopes {
    /// Opens a body, forgetting the one before.
    pub(super) fn start(&mut self) {
        *self = Scopes::default();
        self.open(&Body::default());
    }

    /// Opens a nested block.
    pub(super) fn open(&mut self, body: &Body) {
        let start =
            Marks { statements: body.statements.len(), variables: body.variables.len(), targets: body.targets.len() };
        let scope = Scope { number: self.count, singles: FxHashSet::default(), ranges: FxHashMap::default(), start };
        self.count += 1;
        self.open.push(scope);
    }

    /// Declares a name in the innermost block, and says what it is called from here on.
    pub(super) fn declare(&mut self, name: &str) -> String {
        let Some(scope) = self.open.last_mut().filter(|scope| scope.number > 0) else { return name.to_owned() };
        scope.singles.insert(name.to_owned());
        format!("{name}@{}", scope.number)
    }

    /// Declares `prefix<count>` in the innermost block, and says what the prefix is from here on.
    pub(super) fn declare_range(&mut self, prefix: &str, count: u32) -> String {
        let Some(scope) = self.open.last_mut().filter(|scope| scope.number > 0) else { return prefix.to_owned() };
        let known = scope.ranges.entry(prefix.to_owned()).or_default();
        *known = count.max(*known);
        scope.range(prefix)
    }

    /// Closes the innermost block: its names, used since it opened, become unique.
    pub(super) fn close(&mut self, body: &mut Body) {
        let Some(scope) = self.open.pop() else { return };
        if scope.singles.is_empty() && scope.ranges.is_empty() {
            return;
        }
        for statement in &mut body.statements[scope.start.statements..] {
            match statement {
                // Labels of this block were declared under their new names.
                Statement::Label(_) | Statement::Location(_) => {}
                Statement::Instruction(instruction) => {
                    if let Some((predicate, _)) = &mut instruction.guard {
                        scope.rename(predicate);
                    }
                    instruction.operands.iter_mut().for_each(|operand| scope.rename_operand(operand));
                }
            }
        }
        for variable in &mut body.variables[scope.start.variables..] {
            if let Some(initialiser) = &mut variable.initialiser {
                scope.rename_initialiser(initialiser);
            }
        }
        for (_, names) in &mut body.targets[scope.start.targets..] {
            names.iter_mut().for_each(|name| scope.rename(name));
        }
    }
}

impl Scope {
    fn range(&self, prefix: &str) -> String {
        format!("{prefix}@{}.", self.number)
    }

    fn rename(&self, name: &mut String) {
        // Special registers such as `%tid.x` are no names of this block: a declaration holds no dot.
        if self.singles.contains(name.as_str()) {
            *name = format!("{name}@{}", self.number);
        } else if let Some((prefix, digits)) = self.in_range(name) {
            *name = format!("{}{digits}", self.range(prefix));
        }
    }

    /// `x12` is in `x<20>` and in `x1<3>`, but `x012` in neither.
    fn in_range<'a>(&self, name: &'a str) -> Option<(&'a str, &'a str)> {
        let stem = name.trim_end_matches(|letter: char| letter.is_ascii_digit()).len();
        // A number of 32 bits has ten digits.
        let first = stem.max(name.len().saturating_sub(10));
        (first..name.len()).map(|at| name.split_at(at)).find(|(prefix, digits)| {
            let canonical = *digits == "0" || !digits.starts_with('0');
            let count = self.ranges.get(*prefix).copied().unwrap_or_default();
            canonical && digits.parse::<u32>().is_ok_and(|number| number < count)
        })
    }

    fn rename_operand(&self, operand: &mut Operand) {
        match operand {
            Operand::Name(name) | Operand::Offset { name, .. } | Operand::Element(name, _) => self.rename(name),
            Operand::Address { base: Some(name), .. } => self.rename(name),
            Operand::Not(inner) => self.rename_operand(inner),
            Operand::Pair(one, other) => {
                self.rename_operand(one);
                self.rename_operand(other);
            }
            Operand::Vector(list) | Operand::List(list) => {
                list.iter_mut().for_each(|operand| self.rename_operand(operand));
            }
            Operand::Constant(_) | Operand::Address { base: None, .. } | Operand::Sink | Operand::Other(_) => {}
        }
    }

    fn rename_initialiser(&self, initialiser: &mut Initialiser) {
        match initialiser {
            Initialiser::Value(_) => {}
            Initialiser::Name { name, .. } => self.rename(name),
            Initialiser::List(list) => list.iter_mut().for_each(|inner| self.rename_initialiser(inner)),
            Initialiser::Mask(_, inner) => self.rename_initialiser(inner),
        }
    }
}
