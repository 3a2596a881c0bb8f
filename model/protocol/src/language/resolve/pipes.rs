//! Pipes: their declaration, and the copies that are outstanding on them.
//!
//! Decision: a pipe belongs to a thread, like a group of asynchronous copies in CUDA, so that it needs no place and no
//! owner in the text. Only copies can be outstanding: a reduction waits for its operands.

use super::{Context, Global, Resolved, Resolver, Uses, statements::KERNEL};
use crate::ids::PipeId;
use crate::ir::{self, Element, Pipe, Span, StatementKind};
use crate::language::diagnostics::{Diagnostic, nearest};
use crate::language::tree::{Expression, Name, Over, Place};

const CAPACITY: Context = Context { what: "a pipe's capacity", allowed: Uses(0) };
const REMAINING: Context = Context { what: "the number that stays outstanding", ..KERNEL };

impl<'a> Resolver<'a> {
    pub(super) fn declare_pipe(&mut self, name: &'a Name, span: &Span) {
        let id = PipeId(self.pipes.len() as u32);
        if self.declare(name, Global::Pipe(id)) {
            let capacity = ir::Expression::Constant(1);
            self.pipes.push(Pipe { name: name.text.clone(), capacity, span: span.clone() });
        }
    }

    pub(super) fn define_pipe(&mut self, name: &'a Name, capacity: &'a Expression) {
        let Ok(value) = self.index(capacity, CAPACITY) else { return };
        if matches!(value, ir::Expression::Constant(number) if number < 1) {
            let error = Diagnostic::new("a pipe that holds nothing", capacity.at.0.clone()).label("less than 1");
            self.report(error.note("nothing could ever be started on it"));
            return;
        }
        if let Some((Global::Pipe(id), declared)) = self.globals.get(name.text.as_str())
            && *declared == name.at.0
        {
            self.pipes[id.index()].capacity = value;
        }
    }

    fn pipe(&mut self, name: &'a Name) -> Resolved<PipeId> {
        match self.global(&name.text) {
            Some((Global::Pipe(id), _)) => return Ok(*id),
            Some((Global::Broken, _)) => return Err(super::Reported),
            _ => {}
        }
        let mut error =
            Diagnostic::new(format!("unknown pipe `{}`", name.text), name.at.0.clone()).label("not declared");
        let pipes = self.globals.iter().filter(|(_, (global, _))| matches!(global, Global::Pipe(_)));
        match nearest(&name.text, pipes.map(|(name, _)| *name)) {
            Some(near) => error = error.help(format!("did you mean `{near}`?")),
            None => error = error.help("declare it: `pipe NAME : CAPACITY`"),
        }
        self.fail(error)
    }

    pub(super) fn start(
        &mut self,
        destination: &'a Place,
        source: &'a Place,
        over: &'a Over,
        pipe: &'a Name,
    ) -> Resolved<StatementKind> {
        let destination = self.place(destination, Element::Data);
        let source = self.place(source, Element::Data);
        let partition = self.data_partition(over);
        let pipe = self.pipe(pipe)?;
        Ok(StatementKind::Start { pipe, destination: destination?, source: source?, partition: partition? })
    }

    pub(super) fn finish(&mut self, pipe: &'a Name, remaining: Option<&'a Expression>) -> Resolved<StatementKind> {
        let pipe = self.pipe(pipe);
        let remaining = match remaining {
            None => ir::Expression::Constant(0),
            Some(remaining) => self.index(remaining, REMAINING)?,
        };
        Ok(StatementKind::Finish { pipe: pipe?, remaining })
    }
}
