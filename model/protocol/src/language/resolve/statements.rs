//! Statements: orders that PTX knows, scopes of names, procedures expanded, ghost code kept apart.

use super::{BLOCK_LIMIT, Context, Resolved, Resolver, STATEMENT_LIMIT, Type, Uses, Value};
use crate::ir::{self, Binary, Element, Kind, Order, Span, StatementKind, Symbol};
use crate::language::diagnostics::Diagnostic;
use crate::language::tree::{Body, Expression, Item, Name, Ordering, Place, Statement};

/// What a kernel's expressions may depend on.
pub(super) const KERNEL: Context = Context {
    what: "the kernel",
    allowed: Uses::RANK.and(Uses::GRID).and(Uses::THREAD).and(Uses::LOCAL).and(Uses::ARGUMENT),
};

pub(super) type Statements = Vec<ir::Statement>;

impl<'a> Resolver<'a> {
    /// Ghost code knows the launch, too.
    pub(super) fn code_context(&self, context: Context) -> Context {
        if self.ghost { Context { allowed: context.allowed.and(Uses::LAUNCH), ..context } } else { context }
    }

    /// A body in a scope of its own.
    pub(super) fn body(&mut self, body: &'a Body, into: &mut Statements) {
        if self.blocks == BLOCK_LIMIT {
            let span = body.statements.first().map_or(Span::default(), |item| item.at.0.clone());
            self.exhaust("nested blocks", BLOCK_LIMIT, span);
            return;
        }
        self.blocks += 1;
        self.scopes.push(Vec::new());
        self.statements(body, into);
        self.scopes.pop();
        self.blocks -= 1;
    }

    fn statements(&mut self, body: &'a Body, into: &mut Statements) {
        for item in &body.statements {
            self.statements += 1;
            if self.statements > STATEMENT_LIMIT {
                self.exhaust("statements", STATEMENT_LIMIT, item.at.0.clone());
            }
            if self.exhausted {
                return;
            }
            // An error is noted already; the statements after it are still checked.
            let _ = self.statement(item, into);
        }
    }

    pub(super) fn emit(&mut self, kind: StatementKind, span: &Span, into: &mut Statements) {
        into.push(ir::Statement { kind, span: span.clone(), calls: self.calls.clone() });
    }

    fn statement(&mut self, item: &'a Item<Statement>, into: &mut Statements) -> Resolved<()> {
        let span = &item.at.0;
        self.allowed_here(&item.kind, span)?;
        self.stands_right(&item.kind, span)?;
        let kind = match &item.kind {
            Statement::BlockSync => StatementKind::BlockSync,
            Statement::Exit => StatementKind::Exit,
            Statement::Barrier { arrive, id, count } => self.barrier(*arrive, id, count.as_ref(), span)?,
            Statement::Store { place, value, ordering } => self.store(place, value, ordering)?,
            Statement::Let { name, value, ordering } => {
                return self.binding(name, value, ordering.as_ref(), span, into);
            }
            Statement::Atomic { .. } => self.atomic(&item.kind, span)?,
            Statement::Await { place, compare, value, ordering } => {
                let semantics =
                    self.semantics(ordering, "an await", &[Order::Volatile, Order::Relaxed, Order::Acquire])?;
                let place = self.place(place, Element::Word);
                let value = self.number(value, Context { what: "the value awaited", ..KERNEL })?.expression;
                StatementKind::Await { place: place?, compare: *compare, value, semantics }
            }
            Statement::Fence(ordering) => {
                let semantics = self.semantics(ordering, "a fence", &[Order::AcqRel, Order::Sc])?;
                StatementKind::Fence { semantics }
            }
            Statement::Copy { destination, source, over } => {
                let destination = self.place(destination, Element::Data);
                let source = self.place(source, Element::Data);
                let partition = self.data_partition(over)?;
                StatementKind::Copy { destination: destination?, source: source?, partition }
            }
            Statement::Start { destination, source, over, pipe } => self.start(destination, source, over, pipe)?,
            Statement::Finish { pipe, remaining } => self.finish(pipe, remaining.as_ref())?,
            Statement::Reduce { .. } => self.reduce(&item.kind)?,
            Statement::Accumulate { .. } => self.accumulate(&item.kind)?,
            Statement::Send { .. } => self.send(&item.kind)?,
            Statement::Receive { .. } => self.receive(&item.kind)?,
            Statement::For { variable, from, to, body } => self.repeat(variable, (from, to), body)?,
            Statement::If { condition, then, otherwise } => {
                return self.branch(condition, then, otherwise.as_ref(), span, into);
            }
            Statement::Threads { variable, limit, body } => self.threads(variable, limit, body)?,
            Statement::Call { name, arguments } => return self.call(name, arguments, span, into),
            Statement::Ghost(body) => {
                self.ghost = true;
                let mut inner = Vec::new();
                self.statements(body, &mut inner);
                self.ghost = false;
                StatementKind::Ghost { body: inner }
            }
            Statement::Assert(condition) => {
                let context = self.code_context(Context { what: "an assertion", ..KERNEL });
                StatementKind::Assert { condition: self.condition(condition, context)?.expression }
            }
            host => return self.host_statement(host, span, into),
        };
        self.emit(kind, span, into);
        Ok(())
    }

    /// Ghost code observes; it neither waits nor synchronises nor moves data.
    fn allowed_here(&mut self, statement: &Statement, span: &Span) -> Resolved<()> {
        let observes = matches!(
            statement,
            Statement::Store { .. }
                | Statement::Let { .. }
                | Statement::If { .. }
                | Statement::For { .. }
                | Statement::Threads { .. }
                | Statement::Assert(_)
        );
        if self.ghost && !observes {
            let error = Diagnostic::new("ghost code only observes", span.clone());
            return self.fail(
                error.label("not in a ghost block").note("it may load, store ghost buffers, branch, loop and assert"),
            );
        }
        if !self.ghost && matches!(statement, Statement::Assert(_)) {
            let error = Diagnostic::new("an assertion outside a ghost block", span.clone());
            return self.fail(error.help("write `ghost { assert … }`"));
        }
        Ok(())
    }

    pub(super) fn semantics(&mut self, ordering: &Ordering, what: &str, allowed: &[Order]) -> Resolved<ir::Semantics> {
        let span = &ordering.at.0;
        let order = ordering.semantics.order;
        if self.ghost && order != Order::Weak {
            let error = Diagnostic::new("ghost accesses are weak", span.clone()).label("would synchronise");
            return self.fail(error);
        }
        if allowed.contains(&order) {
            return Ok(ordering.semantics);
        }
        let names: Vec<&str> = allowed.iter().map(|order| order.word()).collect();
        let error = Diagnostic::new(format!("{what} cannot be {}", order.word()), span.clone());
        let error = error.label(format!("one of {}", names.join(", ")));
        self.fail(match (what, order) {
            ("an await", Order::Weak) => {
                error.note("a weak poll may be hoisted out of its loop and never see the store")
            }
            _ => error,
        })
    }

    fn barrier(
        &mut self,
        arrive: bool,
        id: &'a Expression,
        count: Option<&'a Expression>,
        span: &Span,
    ) -> Resolved<StatementKind> {
        let id = self.index(id, Context { what: "a barrier's number", ..KERNEL })?;
        let count = match count {
            Some(count) => Some(self.index(count, Context { what: "a barrier's count", ..KERNEL })?),
            None if arrive => {
                let error = Diagnostic::new("barrier_arrive without a count", span.clone());
                return self.fail(error.help("say how many threads meet: `barrier_arrive ID, COUNT`"));
            }
            None => None,
        };
        if let ir::Expression::Constant(number) = id
            && !(0..16).contains(&number)
        {
            let error = Diagnostic::new(format!("no barrier has the number {number}"), span.clone());
            return self.fail(error.note("a block has barriers 0 to 15"));
        }
        Ok(StatementKind::Barrier { id, count, arrive })
    }

    fn store(&mut self, place: &'a Place, value: &'a Expression, ordering: &Ordering) -> Resolved<StatementKind> {
        let allowed = [Order::Weak, Order::Volatile, Order::Relaxed, Order::Release];
        let semantics = self.semantics(ordering, "a store", &allowed);
        let resolved = self.place(place, Element::Word);
        let context = self.code_context(KERNEL);
        let value = self.number(value, Context { what: "the value stored", ..context })?.expression;
        let (semantics, resolved) = (semantics?, resolved?);
        let buffer = &self.buffers[resolved.buffer.index()];
        if self.ghost && !buffer.ghost {
            let declared = buffer.span.clone();
            let message = format!("ghost code stores to `{}`, which is not a ghost buffer", buffer.name);
            let error = Diagnostic::new(message, place.at.0.clone()).label("would change what is checked");
            return self.fail(error.context(declared, "declared here").help("declare it `ghost symmetric …`"));
        }
        Ok(StatementKind::Store { place: resolved, value, semantics })
    }

    /// One source, after what the destination holds.
    fn accumulate(&mut self, statement: &'a Statement) -> Resolved<StatementKind> {
        let Statement::Accumulate { destination, operation, source, over } = statement else {
            return Err(super::Reported);
        };
        let destination = self.place(destination, Element::Data);
        let source = self.place(source, Element::Data);
        let partition = self.data_partition(over);
        Ok(StatementKind::Reduce {
            destination: destination?,
            operation: *operation,
            accumulate: true,
            variable: self.hidden_local("source".to_owned(), Type::Index),
            from: ir::Expression::Constant(0),
            to: ir::Expression::Constant(1),
            source: source?,
            partition: partition?,
        })
    }

    fn reduce(&mut self, statement: &'a Statement) -> Resolved<StatementKind> {
        let Statement::Reduce { destination, operation, variable, from, to, source, over } = statement else {
            return Err(super::Reported);
        };
        let destination = self.place(destination, Element::Data);
        let context = Context { what: "a reduction's bound", ..KERNEL };
        let from = self.index(from, context);
        let to = self.index(to, context);
        let partition = self.data_partition(over);
        self.scopes.push(Vec::new());
        let variable = self.new_local(variable, Type::Index);
        let source = self.place(source, Element::Data);
        self.scopes.pop();
        Ok(StatementKind::Reduce {
            destination: destination?,
            operation: *operation,
            accumulate: false,
            variable: variable?,
            from: from?,
            to: to?,
            source: source?,
            partition: partition?,
        })
    }

    fn repeat(
        &mut self,
        variable: &'a Name,
        (from, to): (&'a Expression, &'a Expression),
        body: &'a Body,
    ) -> Resolved<StatementKind> {
        let context = Context { what: "a loop's bound", ..self.code_context(KERNEL) };
        let from = self.index(from, context);
        let to = self.index(to, context);
        let (from, to) = (from?, to?);
        self.scopes.push(Vec::new());
        let bound = self.new_local(variable, Type::Index);
        let mut inner = Vec::new();
        self.body(body, &mut inner);
        self.scopes.pop();
        Ok(StatementKind::For { variable: bound?, from, to, body: inner })
    }

    fn branch(
        &mut self,
        condition: &'a Expression,
        then: &'a Body,
        otherwise: Option<&'a Body>,
        span: &Span,
        into: &mut Statements,
    ) -> Resolved<()> {
        let context = self.code_context(KERNEL);
        let value = self.condition(condition, Context { what: "what follows `if`", ..context });
        if let Ok(Value { truth: Some(truth), .. }) = value {
            match (truth, otherwise) {
                (true, _) => self.body(then, into),
                (false, Some(otherwise)) => self.body(otherwise, into),
                (false, None) => {}
            }
            return Ok(());
        }
        let (mut then_statements, mut else_statements) = (Vec::new(), Vec::new());
        self.body(then, &mut then_statements);
        if let Some(otherwise) = otherwise {
            self.body(otherwise, &mut else_statements);
        }
        let condition = value?.expression;
        self.emit(StatementKind::If { condition, then: then_statements, otherwise: else_statements }, span, into);
        Ok(())
    }

    fn threads(&mut self, variable: &'a Name, limit: &'a Expression, body: &'a Body) -> Resolved<StatementKind> {
        let context = Context { what: "a number of threads", ..self.code_context(KERNEL) };
        let limit = self.index(limit, context);
        self.scopes.push(Vec::new());
        let mut then = Vec::new();
        let local = self.new_local(variable, Type::Index);
        let thread = ir::Expression::Symbol(Symbol::Thread);
        if let Ok(local) = local {
            self.emit(StatementKind::Let { local, value: thread.clone() }, &variable.at.0, &mut then);
        }
        self.body(body, &mut then);
        self.scopes.pop();
        local?;
        let condition = ir::Expression::Binary {
            operator: Binary::Less,
            kind: Kind::Index,
            left: Box::new(thread),
            right: Box::new(limit?),
        };
        Ok(StatementKind::If { condition, then, otherwise: Vec::new() })
    }
}
