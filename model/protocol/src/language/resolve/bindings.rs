//! What binds a register: `let`, loads and atomics.

use super::statements::{KERNEL, Statements};
use super::{Binding, Context, Resolved, Resolver, Type, Value};
use crate::ids::LocalId;
use crate::ir::{self, AtomicOperation, Binary, Element, Kind, Order, Span, StatementKind};
use crate::language::diagnostics::Diagnostic;
use crate::language::tree::{Expression, ExpressionKind, Name, Ordering, Place, Statement};

impl<'a> Resolver<'a> {
    /// A new register, bound to a name.
    pub(super) fn new_local(&mut self, name: &'a Name, kind: Type) -> Resolved<LocalId> {
        let id = self.hidden_local(name.text.clone(), kind);
        self.bind(name, Binding::Local(id, kind))?;
        Ok(id)
    }

    pub(super) fn hidden_local(&mut self, name: String, kind: Type) -> LocalId {
        let id = LocalId(self.locals.len() as u32);
        let kind = if kind == Type::Word { Kind::Word } else { Kind::Index };
        self.locals.push(ir::Local { name, kind, ghost: self.ghost });
        id
    }

    pub(super) fn binding(
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
            let value = self.value(value, context)?;
            if let Some(ordering) = ordering {
                let error = Diagnostic::new("an order without a load", ordering.at.0.clone());
                return self.fail(error.label("nothing is loaded"));
            }
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

    /// The value of an expression in which a load's result stands in a register.
    fn around_load(&mut self, expression: &'a Expression, local: LocalId, context: Context) -> Resolved<Value> {
        self.loaded = Some(local);
        let value = self.value(expression, context);
        self.loaded = None;
        value
    }

    pub(super) fn atomic(&mut self, statement: &'a Statement, span: &Span) -> Resolved<StatementKind> {
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
            values.push(self.number(operand, Context { what: "an atomic's operand", ..KERNEL })?.expression);
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
