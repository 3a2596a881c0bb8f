//! Host programs: which statements stand where, and what the host thread does or enqueues on a stream.
//!
//! Decision: a host program is known before it runs. Its statements depend on the sizes, the rank, the launch and loop
//! counters, never on what memory holds, so that loads, atomics and barriers do not stand in one.

use super::statements::{KERNEL, Statements};
use super::{Context, Resolved, Resolver, Uses};
use crate::ir::{self, Element, HostStatement, Protocol, Span, StatementKind};
use crate::language::diagnostics::Diagnostic;
use crate::language::tree::{Body, Declaration, File, Place, Statement};

/// What the expressions of a host program may depend on.
pub(super) const HOST: Uses = Uses::RANK.and(Uses::LOCAL).and(Uses::LAUNCH);
const STREAMS: Context = Context { what: "the number of streams", allowed: Uses(0) };

/// What a statement of a host program is part of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Part {
    /// The file has a kernel.
    #[default]
    Kernel,
    /// The host thread's own statements.
    Thread,
    /// Enqueued on a stream.
    Stream,
    /// Sends and receives that go together.
    Group,
}

/// Where a statement may stand.
fn parts(statement: &Statement) -> &'static [Part] {
    match statement {
        Statement::Let { ordering: None, .. }
        | Statement::If { .. }
        | Statement::For { .. }
        | Statement::Call { .. } => &[Part::Kernel, Part::Thread, Part::Stream, Part::Group],
        Statement::Copy { .. }
        | Statement::Reduce { .. }
        | Statement::Accumulate { .. }
        | Statement::Store { .. }
        | Statement::Await { .. } => &[Part::Kernel, Part::Stream],
        Statement::Record { .. } | Statement::Wait { .. } | Statement::Group(_) => &[Part::Stream],
        Statement::Transfer { .. } => &[Part::Stream, Part::Group],
        Statement::Stream { .. } | Statement::Synchronise { .. } | Statement::Exchange { .. } => &[Part::Thread],
        _ => &[Part::Kernel],
    }
}

impl<'a> Resolver<'a> {
    /// Finds out whether the file has a host program, and how many streams; a host program has no blocks or threads.
    pub(super) fn host_declarations(&mut self, file: &'a File, protocol: &mut Protocol) {
        let mut first: Option<Span> = None;
        for item in &file.declarations {
            let Declaration::Streams(count) = &item.kind else { continue };
            if let Some(first) = first.replace(item.at.0.clone()) {
                let error = Diagnostic::new("a second number of streams", item.at.0.clone());
                self.report(error.context(first, "the first is here"));
                continue;
            }
            if let Ok(count) = self.index(count, STREAMS) {
                protocol.streams = Some(count);
            }
        }
        let host = file.declarations.iter().find(|item| matches!(item.kind, Declaration::Host(_)));
        match (host, first) {
            (Some(host), None) => {
                let error = Diagnostic::new("a host program without streams", host.at.0.clone());
                self.report(error.help("say how many each rank has, the caller's included: `streams 2`"));
            }
            (None, Some(span)) => {
                let error = Diagnostic::new("streams without a host program", span);
                self.report(error.label("a kernel runs on one stream, its caller's").help("write `host { … }`"));
            }
            (Some(_), Some(_)) => self.refuse_kernel_declarations(file),
            (None, None) => {}
        }
    }

    fn refuse_kernel_declarations(&mut self, file: &'a File) {
        use crate::language::tree::{Class, Role};
        for item in &file.declarations {
            let what = match &item.kind {
                Declaration::Grid(_) => "a grid",
                Declaration::Argument { .. } => "an argument",
                Declaration::Buffer { class: Class::Channel, .. } => "a channel",
                Declaration::Buffer { ghost: true, .. } => "a ghost buffer",
                Declaration::Parameters(list) if list.iter().any(|(role, _)| *role == Role::Blocks) => "blocks",
                Declaration::Parameters(list) if list.iter().any(|(role, _)| *role == Role::Threads) => "threads",
                _ => continue,
            };
            let error = Diagnostic::new(format!("{what} in a host program"), item.at.0.clone());
            self.report(error.label("belongs to a kernel"));
        }
    }

    /// Whether a statement may stand where it does.
    pub(super) fn stands_right(&mut self, statement: &Statement, span: &Span) -> Resolved<()> {
        let allowed = parts(statement);
        if allowed.contains(&self.part) {
            return Ok(());
        }
        let (message, help) = match self.part {
            Part::Kernel => ("this is for host programs", "write `host { … }` in place of `kernel { … }`"),
            Part::Thread if allowed.contains(&Part::Stream) => {
                ("this is done by a stream, not by the host thread", "write `stream 0 { … }` around it")
            }
            Part::Stream if allowed.contains(&Part::Thread) => {
                ("this is done by the host thread, not by a stream", "write it outside `stream … { … }`")
            }
            Part::Group if allowed.contains(&Part::Stream) => {
                ("a group holds sends and receives only", "write it before the group or after it")
            }
            Part::Thread | Part::Stream | Part::Group => {
                ("this is for kernels", "a host program is known before it runs: it loads nothing and has no blocks")
            }
        };
        self.fail(Diagnostic::new(message, span.clone()).label("does not stand here").help(help))
    }

    pub(super) fn host_statement(
        &mut self,
        statement: &'a Statement,
        span: &Span,
        into: &mut Statements,
    ) -> Resolved<()> {
        let number = |what| Context { what, ..KERNEL };
        let host = match statement {
            Statement::Stream { stream, body } => {
                let stream = self.index(stream, number("a stream"));
                let body = self.part_of(Part::Stream, body);
                HostStatement::Stream { stream: stream?, body }
            }
            Statement::Group(body) => HostStatement::Group { body: self.part_of(Part::Group, body) },
            Statement::Synchronise { stream } => {
                HostStatement::Synchronise { stream: self.index(stream, number("a stream"))? }
            }
            Statement::Exchange { place } => {
                let row = self.place(place, Element::Data)?;
                self.whole_row_of_own(place)?;
                HostStatement::Exchange { place: row }
            }
            Statement::Record { event } => HostStatement::Record { event: self.event(event)? },
            Statement::Wait { event } => HostStatement::Wait { event: self.event(event)? },
            Statement::Transfer { receives, place, over, peer } => {
                let row = self.place(place, Element::Data);
                let partition = self.over(over);
                let peer = self.index(peer, number("a rank"))?;
                if let Some(rank) = &place.rank {
                    let error = Diagnostic::new("sends and receives name buffers of the own rank", rank.at.0.clone());
                    return self.fail(error.label("another rank's instance"));
                }
                let (place, partition) = (row?, partition?);
                match receives {
                    true => HostStatement::Receive { place, partition, peer },
                    false => HostStatement::Send { place, partition, peer },
                }
            }
            _ => return Err(super::Reported),
        };
        self.emit(StatementKind::Host(host), span, into);
        Ok(())
    }

    fn part_of(&mut self, part: Part, body: &'a Body) -> Vec<ir::Statement> {
        let outer = std::mem::replace(&mut self.part, part);
        let mut inner = Vec::new();
        self.body(body, &mut inner);
        self.part = outer;
        inner
    }

    fn whole_row_of_own(&mut self, place: &Place) -> Resolved<()> {
        match place.rank.as_ref().or(place.offset.as_ref()) {
            None => Ok(()),
            Some(part) => {
                let error = Diagnostic::new("handles are of whole rows on every rank", part.at.0.clone());
                self.fail(error.label("names a part"))
            }
        }
    }

    fn event(&mut self, place: &'a Place) -> Resolved<ir::Place> {
        let id = self.place_buffer(&place.buffer)?;
        let buffer = &self.buffers[id.index()];
        if !buffer.event {
            let declared = buffer.span.clone();
            let error = Diagnostic::new(format!("`{}` is not an event", place.buffer.text), place.at.0.clone());
            return self.fail(error.context(declared, "declared here").help("declare it `event NAME : [1]`"));
        }
        self.events = true;
        let resolved = self.place(place, Element::Word);
        self.events = false;
        resolved
    }

    /// An event is no memory.
    pub(super) fn no_event(&mut self, id: crate::ids::BufferId, place: &Place) -> Resolved<()> {
        let buffer = &self.buffers[id.index()];
        if !buffer.event || self.events {
            return Ok(());
        }
        let declared = buffer.span.clone();
        let error = Diagnostic::new(format!("`{}` is an event", place.buffer.text), place.buffer.at.0.clone());
        self.fail(error.label("recorded and waited for").context(declared, "declared here"))
    }

    /// What the expressions of a kernel's statements may depend on; those of a host program, if it is one.
    pub(super) fn allowed(&self, context: Context) -> Uses {
        let code = !Uses::LOCAL.beyond(context.allowed);
        if code && self.part != Part::Kernel { HOST } else { context.allowed }
    }
}

/// Whether a file has a host program.
pub(super) fn is_host(file: &File) -> bool {
    file.declarations.iter().any(|item| matches!(item.kind, Declaration::Host(_)))
}
