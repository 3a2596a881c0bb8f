//! What a name in an expression stands for.

use super::expressions::{constant, leaf};
use super::{Binding, Choice, Global, Resolved, Resolver, Type, Uses, Value};
use crate::ir::{self, Span, Symbol};
use crate::language::diagnostics::{Diagnostic, nearest};
use crate::language::tree::Name;

/// Names that are never declared.
pub(super) const BUILT_IN: [&str; 14] = [
    "self",
    "block",
    "thread",
    "grid",
    "launch",
    "V",
    "element_bytes",
    "ceil_div",
    "min",
    "max",
    "xor",
    "shift_left",
    "shift_right",
    "load",
];

impl<'a> Resolver<'a> {
    pub(super) fn name(&mut self, name: &'a str, span: &Span) -> Resolved<Value> {
        if let Some(entry) = self.local(name) {
            return match entry.binding.clone() {
                Binding::Local(id, _) if self.locals[id.index()].ghost && !self.ghost => {
                    let error = Diagnostic::new(format!("`{name}` is known to ghost code only"), span.clone());
                    let declared = entry.at.clone();
                    self.fail(error.label("used in code that is emitted").context(declared, "bound in a ghost block"))
                }
                Binding::Local(id, kind) => Ok(Value::local(id, kind)),
                Binding::Value(value) => Ok(value),
                Binding::Buffer(_) => self.not_a_number(name, "a buffer", span),
                Binding::Broken => Err(super::Reported),
            };
        }
        let symbol = |symbol, uses| Ok(leaf(ir::Expression::Symbol(symbol), Type::Index, uses));
        match name {
            "self" => return symbol(Symbol::Rank, Uses::RANK),
            "block" => return symbol(Symbol::Block, Uses::THREAD),
            "thread" => return symbol(Symbol::Thread, Uses::THREAD),
            "grid" => return symbol(Symbol::Grid, Uses::GRID),
            "launch" => return symbol(Symbol::Launch, Uses::LAUNCH),
            "V" => return symbol(Symbol::Vector, Uses::default()),
            "element_bytes" => return symbol(Symbol::ElementBytes, Uses::default()),
            _ => {}
        }
        match self.global(name) {
            None => Err(self.unknown("name", name, span.clone())),
            Some((Global::Size(size), _)) => symbol(*size, Uses::default()),
            Some((Global::Argument(id), _)) => Ok(leaf(ir::Expression::Argument(*id), Type::Word, Uses::ARGUMENT)),
            Some((Global::Let(Some(value)), _)) => Ok(value.clone()),
            Some((Global::Let(None), declared)) => {
                let error = Diagnostic::new(format!("`{name}` is used before its declaration"), span.clone());
                let declared = declared.clone();
                self.fail(error.label("not known yet").context(declared, "declared here"))
            }
            Some((Global::Broken, _)) => Err(super::Reported),
            Some((Global::Knob(_), _)) => {
                let error = Diagnostic::new(format!("`{name}` is a knob, not a number"), span.clone());
                self.fail(error.label("a knob").help(format!("ask for its value: `{name} is …`")))
            }
            Some((Global::Buffer(_), _)) => self.not_a_number(name, "a buffer", span),
            Some((Global::Pipe(_), _)) => self.not_a_number(name, "a pipe", span),
            Some((Global::Partition(..), _)) => self.not_a_number(name, "a partition", span),
            Some((Global::Sync(..), _)) => self.not_a_number(name, "a procedure", span),
            Some((Global::ElementType, _)) => self.not_a_number(name, "the element type", span),
        }
    }

    fn not_a_number<T>(&mut self, name: &str, what: &str, span: &Span) -> Resolved<T> {
        let error = Diagnostic::new(format!("`{name}` is {what}, not a number"), span.clone()).label(what);
        self.fail(if what == "a buffer" { error.help("load it first: `let x = load … weak`") } else { error })
    }

    pub(super) fn knob_is(&mut self, knob: &'a Name, value: &'a Name) -> Resolved<Value> {
        let Some(number) = self.knob_number(knob) else {
            return Err(super::Reported);
        };
        let entry = &self.knobs[number];
        let Some(wanted) = entry.values.iter().position(|known| known.text == value.text) else {
            let known: Vec<&str> = entry.values.iter().map(|known| known.text.as_str()).collect();
            let message = format!("the knob `{}` has no value `{}`", knob.text, value.text);
            let mut error = Diagnostic::new(message, value.at.0.clone()).label("not one of its values");
            if let Some(near) = nearest(&value.text, known.iter().copied()) {
                error = error.help(format!("did you mean `{near}`?"));
            }
            return self.fail(error.note(format!("its values are {}", known.join(", "))));
        };
        match self.choice {
            Choice::Every => Ok(Value { truth: None, ..constant(true) }),
            Choice::Values(values) => Ok(constant(values.get(number) == Some(&wanted))),
        }
    }

    fn knob_number(&mut self, knob: &'a Name) -> Option<usize> {
        let text = knob.text.as_str();
        match self.global(text) {
            Some((Global::Knob(number), _)) => return Some(*number),
            Some((Global::Broken, _)) => return None,
            _ => {}
        }
        let mut error = Diagnostic::new(format!("unknown knob `{text}`"), knob.at.0.clone()).label("not a knob");
        if let Some(near) = nearest(text, self.knobs.iter().map(|known| known.name)) {
            error = error.help(format!("did you mean `{near}`?"));
        }
        self.report(error);
        None
    }
}
