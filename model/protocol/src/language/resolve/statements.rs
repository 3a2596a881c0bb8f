//! Statements: orders that PTX knows, scopes of names, procedures expanded, ghost code kept apart.

use super::{BLOCK_LIMIT, Binding, Context, Entry, Global, Resolved, Resolver, STATEMENT_LIMIT, Type, Uses, Value};
use crate::ids::LocalId;
use crate::ir::{self, AtomicOperation, Binary, Element, Kind, Order, Span, StatementKind, Symbol};
use crate::language::diagnostics::{Diagnostic, nearest};
use crate::language::tree::{Body, Expression, ExpressionKind, Item, Name, Ordering, Place, Statement};
use std::sync::Arc;

/// What a kernel's expressions may depend on.
pub(super) const KERNEL: Context = Context {
    what: "the kernel",
    allowed: Uses::RANK.and(Uses::GRID).and(Uses::THREAD).and(Uses::LOCAL).and(Uses::ARGUMENT),
};

type Statements = Vec<ir::Statement>;

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

    fn emit(&mut self, kind: StatementKind, span: &Span, into: &mut Statements) {
        into.push(ir::Statement { kind, span: span.clone(), calls: self.calls.clone() });
    }

    fn statement(&mut self, item: &'a Item<Statement>, into: &mut Statements) -> Resolved<()> {
        let span = &item.at.0;
        self.allowed_here(&item.kind, span)?;
        let kind = match &item.kind {
            Statement::BlockSync => StatementKind::BlockSync,
            Statement::Exit => StatementKind::Exit,
            Statement::Barrier { arrive, id, count } => self.barrier(*arrive, id, count.as_ref(), span)?,
            Statement::Store { place, value, ordering } => self.store(place, value, ordering)?,
            Statement::Let { name, value, ordering } => return self.binding(name, value, ordering.as_ref(), span, into),
            Statement::Atomic { .. } => self.atomic(&item.kind, span)?,
            Statement::Await { place, compare, value, ordering } => {
                let semantics = self.semantics(ordering, "an await", &[Order::Volatile, Order::Relaxed, Order::Acquire])?;
                let place = self.place(place, Element::Word);
                let value = self.number(value, KERNEL)?.expression;
                StatementKind::Await { place: place?, compare: *compare, value, semantics }
            }
            Statement::Fence(ordering) => {
                let semantics = self.semantics(ordering, "a fence", &[Order::AcqRel, Order::Sc])?;
                StatementKind::Fence { semantics }
            }
            Statement::Copy { destination, source, over } => {
                let destination = self.place(destination, Element::Data);
                let source = self.place(source, Element::Data);
                let partition = self.over(over)?;
                StatementKind::Copy { destination: destination?, source: source?, partition }
            }
            Statement::Reduce { .. } => self.reduce(&item.kind)?,
            Statement::For { variable, from, to, body } => {
                let context = Context { what: "a loop's bound", ..self.code_context(KERNEL) };
                let from = self.index(from, context);
                let to = self.index(to, context);
                let (from, to) = (from?, to?);
                self.scopes.push(Vec::new());
                let bound = self.new_local(variable, Type::Index);
                let mut inner = Vec::new();
                self.body(body, &mut inner);
                self.scopes.pop();
                StatementKind::For { variable: bound?, from, to, body: inner }
            }
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
            return self.fail(error.label("not in a ghost block").note("it may load, store ghost buffers, branch, loop and assert"));
        }
        if !self.ghost && matches!(statement, Statement::Assert(_)) {
            let error = Diagnostic::new("an assertion outside a ghost block", span.clone());
            return self.fail(error.help("write `ghost { assert … }`"));
        }
        Ok(())
    }

    fn semantics(&mut self, ordering: &Ordering, what: &str, allowed: &[Order]) -> Resolved<ir::Semantics> {
        let span = &ordering.at.0;
        let order = ordering.semantics.order;
        if self.ghost && order != Order::Weak {
            let error = Diagnostic::new("ghost accesses are weak", span.clone()).label("would synchronise");
            return self.fail(error);
        }
        if allowed.contains(&order) {
            return Ok(ordering.semantics);
        }
        let names: Vec<&str> = allowed.iter().map(|order| order_word(*order)).collect();
        let error = Diagnostic::new(format!("{what} cannot be {}", order_word(order)), span.clone());
        let error = error.label(format!("one of {}", names.join(", ")));
        self.fail(match (what, order) {
            ("an await", Order::Weak) => error.note("a weak poll may be hoisted out of its loop and never see the store"),
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

    /// A new register, bound to a name.
    fn new_local(&mut self, name: &'a Name, kind: Type) -> Resolved<LocalId> {
        let id = self.hidden_local(name.text.clone(), kind);
        self.bind(name, Binding::Local(id, kind))?;
        Ok(id)
    }

    fn hidden_local(&mut self, name: String, kind: Type) -> LocalId {
        let id = LocalId(self.locals.len() as u32);
        let kind = if kind == Type::Word { Kind::Word } else { Kind::Index };
        self.locals.push(ir::Local { name, kind, ghost: self.ghost });
        id
    }

    fn binding(
        &mut self,
        name: &'a Name,
        value: &'a Expression,
        ordering: Option<&'a Ordering>,
        span: &Span,
        into: &mut Statements,
    ) -> Resolved<()> {
        let result = self.bound_value(name, value, ordering, span, into);
        if result.is_err() {
            let _ = self.bind(name, Binding::Broken);
        }
        result
    }

    fn bound_value(
        &mut self,
        name: &'a Name,
        value: &'a Expression,
        ordering: Option<&'a Ordering>,
        span: &Span,
        into: &mut Statements,
    ) -> Resolved<()> {
        let context = self.code_context(KERNEL);
        let Some(place) = loaded(value) else {
            if let Some(ordering) = ordering {
                let error = Diagnostic::new("an order without a load", ordering.at.0.clone());
                return self.fail(error.label("nothing is loaded"));
            }
            let value = self.value(value, context)?;
            let local = self.new_local(name, value.kind)?;
            self.emit(StatementKind::Let { local, value: value.expression }, span, into);
            return Ok(());
        };
        let Some(ordering) = ordering else {
            let error = Diagnostic::new("a load without an order", span.clone());
            return self.fail(error.help("end it with weak, volatile, relaxed.SCOPE or acquire.SCOPE"));
        };
        let allowed = [Order::Weak, Order::Volatile, Order::Relaxed, Order::Acquire];
        let semantics = self.semantics(ordering, "a load", &allowed)?;
        let place = self.place(place, Element::Word)?;
        if matches!(value.kind, ExpressionKind::Load(_)) {
            let local = self.new_local(name, Type::Word)?;
            self.emit(StatementKind::Load { local, place, semantics }, span, into);
            return Ok(());
        }
        let hidden = self.hidden_local(format!("{}_loaded", name.text), Type::Word);
        self.emit(StatementKind::Load { local: hidden, place, semantics }, span, into);
        let value = self.around_load(value, hidden, context)?;
        let local = self.new_local(name, value.kind)?;
        self.emit(StatementKind::Let { local, value: value.expression }, span, into);
        Ok(())
    }

    fn atomic(&mut self, statement: &'a Statement, span: &Span) -> Resolved<StatementKind> {
        let Statement::Atomic { name, operation, place, operands, ordering } = statement else {
            return Err(super::Reported);
        };
        let returns = name.is_some();
        if !returns && matches!(operation, AtomicOperation::Exchange | AtomicOperation::CompareSwap) {
            let error = Diagnostic::new("this atomic must bind its result", span.clone());
            return self.fail(error.note("PTX has no reduction that exchanges").help("write `let old = atomic …`"));
        }
        let allowed: &[Order] = if returns {
            &[Order::Relaxed, Order::Acquire, Order::Release, Order::AcqRel]
        } else {
            &[Order::Relaxed, Order::Release]
        };
        let what = if returns { "an atomic" } else { "an atomic without a result" };
        let semantics = self.semantics(ordering, what, allowed);
        let place = self.place(place, Element::Word);
        let mut values = Vec::new();
        for operand in operands {
            values.push(self.number(operand, KERNEL)?.expression);
        }
        let local = match name {
            Some(name) => Some(self.new_local(name, Type::Word)?),
            None => None,
        };
        let Some(operand) = values.pop() else { return Err(super::Reported) };
        let expected = values.pop();
        let operation = *operation;
        Ok(StatementKind::Atomic { local, operation, place: place?, operand, expected, semantics: semantics? })
    }

    fn reduce(&mut self, statement: &'a Statement) -> Resolved<StatementKind> {
        let Statement::Reduce { destination, operation, variable, from, to, source, over } = statement else {
            return Err(super::Reported);
        };
        let destination = self.place(destination, Element::Data);
        let context = Context { what: "a reduction's bound", ..KERNEL };
        let from = self.index(from, context);
        let to = self.index(to, context);
        let partition = self.over(over);
        self.scopes.push(Vec::new());
        let variable = self.new_local(variable, Type::Index);
        let source = self.place(source, Element::Data);
        self.scopes.pop();
        Ok(StatementKind::Reduce {
            destination: destination?,
            operation: *operation,
            variable: variable?,
            from: from?,
            to: to?,
            source: source?,
            partition: partition?,
        })
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

    fn threads(
        &mut self,
        variable: &'a Name,
        limit: &'a Expression,
        body: &'a Body,
    ) -> Resolved<StatementKind> {
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

    fn call(&mut self, name: &'a Name, arguments: &'a [Expression], span: &Span, into: &mut Statements) -> Resolved<()> {
        let text = name.text.as_str();
        let (parameters, body) = match self.global(text) {
            Some((Global::Sync(parameters, body), _)) => (*parameters, *body),
            Some((Global::Broken, _)) => return Err(super::Reported),
            _ => return Err(self.unknown_procedure(name)),
        };
        if self.calling.contains(&text) {
            let error = Diagnostic::new(format!("the procedure `{text}` calls itself"), span.clone());
            return self.fail(error.label("called again while it is being expanded"));
        }
        if !self.may_call() {
            let message = format!("procedures call each other more than {} deep", super::CALL_LIMIT);
            return self.fail(Diagnostic::new(message, span.clone()));
        }
        if parameters.len() != arguments.len() {
            let message = format!("`{text}` takes {} arguments, found {}", parameters.len(), arguments.len());
            return self.fail(Diagnostic::new(message, span.clone()));
        }
        let mut bindings = Vec::new();
        for argument in arguments {
            bindings.push(self.argument(argument).unwrap_or(Binding::Broken));
        }
        let calls: Vec<Span> = self.calls.iter().cloned().chain([span.clone()]).collect();
        let outer_scopes = std::mem::replace(&mut self.scopes, vec![Vec::new()]);
        for (parameter, binding) in parameters.iter().zip(bindings) {
            let _ = self.bind(parameter, binding);
        }
        let outer_calls = std::mem::replace(&mut self.calls, Arc::from(calls));
        self.calling.push(text);
        self.body(body, into);
        self.calling.pop();
        self.calls = outer_calls;
        self.scopes = outer_scopes;
        Ok(())
    }

    fn unknown_procedure(&mut self, name: &Name) -> super::Reported {
        let mut error = Diagnostic::new(format!("unknown procedure `{}`", name.text), name.at.0.clone()).label("not declared");
        let procedures = self.globals.iter().filter(|(_, (global, _))| matches!(global, Global::Sync(..)));
        if let Some(near) = nearest(&name.text, procedures.map(|(name, _)| *name)) {
            error = error.help(format!("did you mean `{near}`?"));
        }
        self.report(error)
    }

    /// A bare name of a buffer is passed as a buffer, everything else as a number.
    fn argument(&mut self, argument: &'a Expression) -> Resolved<Binding> {
        if let ExpressionKind::Name(name) = &argument.kind {
            let binding = match self.local(name) {
                Some(Entry { binding, .. }) => Some(binding.clone()),
                None => match self.global(name) {
                    Some((Global::Buffer(id), _)) => Some(Binding::Buffer(*id)),
                    _ => None,
                },
            };
            if let Some(binding @ Binding::Buffer(_)) = binding {
                return Ok(binding);
            }
        }
        self.value(argument, self.code_context(KERNEL)).map(Binding::Value)
    }
}

impl<'a> Resolver<'a> {
    /// The value of an expression in which a load's result stands in a register.
    fn around_load(&mut self, expression: &'a Expression, local: LocalId, context: Context) -> Resolved<Value> {
        self.loaded = Some(local);
        let value = self.value(expression, context);
        self.loaded = None;
        value
    }
}

/// The place of the load in a `let`'s value, unless it stands under a condition.
fn loaded(expression: &Expression) -> Option<&Place> {
    match &expression.kind {
        ExpressionKind::Load(place) => Some(place),
        ExpressionKind::Binary { operator: Binary::And | Binary::Or, left, .. } => loaded(left),
        ExpressionKind::Binary { left, right, .. } => loaded(left).or_else(|| loaded(right)),
        ExpressionKind::Negate(inner) | ExpressionKind::Not(inner) => loaded(inner),
        ExpressionKind::Call { arguments, .. } => arguments.iter().find_map(loaded),
        ExpressionKind::If { condition, .. } => loaded(condition),
        ExpressionKind::Number(_) | ExpressionKind::Name(_) | ExpressionKind::Is { .. } => None,
    }
}

fn order_word(order: Order) -> &'static str {
    match order {
        Order::Weak => "weak",
        Order::Volatile => "volatile",
        Order::Relaxed => "relaxed",
        Order::Acquire => "acquire",
        Order::Release => "release",
        Order::AcqRel => "acq_rel",
        Order::Sc => "sc",
    }
}
