//! Expressions: kinds inferred, knobs folded, names substituted.

use super::{CALL_LIMIT, Context, DEPTH_LIMIT, NODE_LIMIT, Resolved, Resolver, Type, Uses, Value};
use crate::ids::LocalId;
use crate::ir::{self, Binary, Kind, Span};
use crate::language::diagnostics::{Diagnostic, nearest};
use crate::language::tree::{Expression, ExpressionKind, Name};

/// Functions, with the operator each is.
const FUNCTIONS: [(&str, Binary); 6] = [
    ("ceil_div", Binary::CeilingDivide),
    ("min", Binary::Minimum),
    ("max", Binary::Maximum),
    ("xor", Binary::Xor),
    ("shift_left", Binary::ShiftLeft),
    ("shift_right", Binary::ShiftRight),
];

const KNOWN_IN_KERNEL: Uses = super::statements::KERNEL.allowed;

pub(super) fn leaf(expression: ir::Expression, kind: Type, uses: Uses) -> Value {
    Value { expression, kind, uses, truth: None, depth: 1, size: 1 }
}

pub(super) fn constant(truth: bool) -> Value {
    Value { truth: Some(truth), ..leaf(ir::Expression::Constant(i64::from(truth)), Type::Truth, Uses::default()) }
}

impl Value {
    pub(super) fn local(id: LocalId, kind: Type) -> Value {
        leaf(ir::Expression::Local(id), kind, Uses::LOCAL)
    }
}

impl<'a> Resolver<'a> {
    /// A number or condition; a load is an error here.
    pub(super) fn value(&mut self, expression: &'a Expression, context: Context) -> Resolved<Value> {
        let value = self.operand(expression, context)?;
        if value.uses.beyond(self.allowed(context)) {
            // Possible only where a name was bound to something that this context does not allow.
            return self.forbidden(expression, value.uses, context);
        }
        Ok(value)
    }

    /// A number, of either kind.
    pub(super) fn number(&mut self, expression: &'a Expression, context: Context) -> Resolved<Value> {
        let value = self.value(expression, context)?;
        if value.kind == Type::Truth {
            let message = format!("{} is a number, and this is a condition", context.what);
            return self.fail(Diagnostic::new(message, expression.at.0.clone()).label("a condition"));
        }
        Ok(value)
    }

    /// A number that is an index: a size, never a word that wraps.
    pub(super) fn index(&mut self, expression: &'a Expression, context: Context) -> Resolved<ir::Expression> {
        Ok(self.index_value(expression, context)?.expression)
    }

    /// The same, with what is known of it.
    pub(super) fn index_value(&mut self, expression: &'a Expression, context: Context) -> Resolved<Value> {
        let value = self.number(expression, context)?;
        if value.kind == Type::Word {
            let message = format!("{} is an index, and this is a 32-bit word", context.what);
            let error =
                Diagnostic::new(message, expression.at.0.clone()).label("a word, loaded or passed as an argument");
            return self.fail(error.note("words wrap at 2^32; sizes do not"));
        }
        Ok(value)
    }

    /// A condition.
    pub(super) fn condition(&mut self, expression: &'a Expression, context: Context) -> Resolved<Value> {
        let value = self.value(expression, context)?;
        if value.kind != Type::Truth {
            let message = format!("{} is a condition, and this is a number", context.what);
            let error = Diagnostic::new(message, expression.at.0.clone()).label("a number");
            return self.fail(error.help("compare it: `… != 0`"));
        }
        Ok(value)
    }

    fn forbidden<T>(&mut self, expression: &Expression, uses: Uses, context: Context) -> Resolved<T> {
        let message = match &expression.kind {
            ExpressionKind::Name(name) => format!("`{name}` cannot be used in {}", context.what),
            _ => format!("this cannot be used in {}", context.what),
        };
        let error = Diagnostic::new(message, expression.at.0.clone()).label("not known there");
        if self.part != super::host::Part::Kernel {
            return self.fail(error.note("a host program knows the sizes, its rank, the launch and its counters"));
        }
        let in_kernel = !Uses::THREAD.beyond(context.allowed);
        if in_kernel && uses.beyond(KNOWN_IN_KERNEL) {
            let note = "a kernel does not know its launch: pass it as an `argument`, or count launches in a buffer";
            return self.fail(error.note(note));
        }
        self.fail(error)
    }

    fn operand(&mut self, expression: &'a Expression, context: Context) -> Resolved<Value> {
        let span = &expression.at.0;
        match &expression.kind {
            ExpressionKind::Number(number) => Ok(leaf(ir::Expression::Constant(*number), Type::Index, Uses::default())),
            ExpressionKind::Name(name) => {
                let value = self.name(name, span)?;
                if value.uses.beyond(self.allowed(context)) {
                    return self.forbidden(expression, value.uses, context);
                }
                self.nodes += value.size;
                if self.nodes > NODE_LIMIT {
                    return Err(self.exhaust("operations in its expressions", NODE_LIMIT, span.clone()));
                }
                Ok(value)
            }
            ExpressionKind::Call { function, arguments } => self.function(function, arguments, span, context),
            ExpressionKind::Binary { operator, left, right } => {
                let left_value = self.operand(left, context);
                let right_value = self.operand(right, context);
                let (left_value, right_value) = (left_value?, right_value?);
                self.binary(*operator, (left_value, &left.at.0), (right_value, &right.at.0), span)
            }
            ExpressionKind::Negate(inner) => {
                let value = self.operand(inner, context)?;
                if let ir::Expression::Constant(number) = value.expression
                    && value.kind == Type::Index
                {
                    return Ok(leaf(ir::Expression::Constant(-number), Type::Index, Uses::default()));
                }
                let zero = leaf(ir::Expression::Constant(0), Type::Index, Uses::default());
                self.binary(Binary::Subtract, (zero, span), (value, &inner.at.0), span)
            }
            ExpressionKind::Not(inner) => {
                let value = self.operand(inner, context)?;
                self.truth(&value, &inner.at.0)?;
                if let Some(truth) = value.truth {
                    return Ok(constant(!truth));
                }
                let (depth, size) = (value.depth + 1, value.size + 1);
                Ok(Value { expression: ir::Expression::Not(Box::new(value.expression)), depth, size, ..value })
            }
            ExpressionKind::Is { knob, value } => self.knob_is(knob, value),
            ExpressionKind::If { condition, then, otherwise } => self.choice(condition, then, otherwise, context, span),
            ExpressionKind::Load(_) => {
                if let Some(local) = self.loaded.take() {
                    return Ok(Value::local(local, Type::Word));
                }
                let error = Diagnostic::new(
                    "a load may stand only in the value of a `let`, once, and not under a condition",
                    span.clone(),
                );
                self.fail(error.label("not here").help("bind it first: `let x = load … weak`"))
            }
        }
    }

    fn truth(&mut self, value: &Value, span: &Span) -> Resolved<()> {
        if value.kind == Type::Truth {
            return Ok(());
        }
        let error = Diagnostic::new("expected a condition, found a number", span.clone()).label("a number");
        self.fail(error.help("compare it: `… != 0`"))
    }

    fn function(
        &mut self,
        function: &'a Name,
        arguments: &'a [Expression],
        span: &Span,
        context: Context,
    ) -> Resolved<Value> {
        let text = function.text.as_str();
        let Some((_, operator)) = FUNCTIONS.iter().find(|(name, _)| *name == text) else {
            let mut error =
                Diagnostic::new(format!("unknown function `{text}`"), function.at.0.clone()).label("not a function");
            if let Some(near) = nearest(text, FUNCTIONS.iter().map(|(name, _)| *name)) {
                error = error.help(format!("did you mean `{near}`?"));
            }
            return self.fail(error);
        };
        let [left, right] = arguments else {
            let message = format!("`{text}` takes 2 arguments, found {}", arguments.len());
            return self.fail(Diagnostic::new(message, span.clone()));
        };
        let left_value = self.operand(left, context)?;
        let right_value = self.operand(right, context)?;
        self.binary(*operator, (left_value, &left.at.0), (right_value, &right.at.0), span)
    }

    fn binary(
        &mut self,
        operator: Binary,
        left: (Value, &Span),
        right: (Value, &Span),
        span: &Span,
    ) -> Resolved<Value> {
        let ((left, left_span), (right, right_span)) = (left, right);
        let uses = left.uses.and(right.uses);
        if matches!(operator, Binary::And | Binary::Or) {
            self.truth(&left, left_span)?;
            self.truth(&right, right_span)?;
            let absorbing = operator == Binary::Or;
            match (left.truth, right.truth) {
                (Some(truth), _) if truth == absorbing => return Ok(left),
                (_, Some(truth)) if truth == absorbing => return Ok(right),
                (Some(_), _) => return Ok(right),
                (_, Some(_)) => return Ok(left),
                (None, None) => return self.joined(operator, (Kind::Index, Type::Truth), left, right, span),
            }
        }
        for (value, span) in [(&left, left_span), (&right, right_span)] {
            if value.kind == Type::Truth {
                let error = Diagnostic::new("expected a number, found a condition", span.clone()).label("a condition");
                return self.fail(error.help("choose a number: `if … then 1 else 0`"));
            }
        }
        let divides = matches!(operator, Binary::Divide | Binary::Remainder | Binary::CeilingDivide);
        if divides && known(&right.expression) == Some(0) {
            return self.fail(Diagnostic::new("division by zero", right_span.clone()).label("always 0"));
        }
        let word = left.kind == Type::Word || right.kind == Type::Word;
        let kind = if word { Kind::Word } else { Kind::Index };
        let compares = matches!(
            operator,
            Binary::Equal
                | Binary::NotEqual
                | Binary::Less
                | Binary::LessEqual
                | Binary::Greater
                | Binary::GreaterEqual
        );
        let result = match (compares, kind) {
            (true, _) => Type::Truth,
            (false, Kind::Word) => Type::Word,
            (false, Kind::Index) => Type::Index,
        };
        self.joined(operator, (kind, result), left, right, span).map(|value| Value { uses, ..value })
    }

    fn joined(
        &mut self,
        operator: Binary,
        kinds: (Kind, Type),
        left: Value,
        right: Value,
        span: &Span,
    ) -> Resolved<Value> {
        let uses = left.uses.and(right.uses);
        let depth = self.deeper(left.depth.max(right.depth), span)?;
        let size = left.size + right.size + 1;
        let (left, right) = (Box::new(left.expression), Box::new(right.expression));
        let expression = ir::Expression::Binary { operator, kind: kinds.0, left, right };
        Ok(Value { expression, kind: kinds.1, uses, truth: None, depth, size })
    }

    fn deeper(&mut self, depth: usize, span: &Span) -> Resolved<usize> {
        if depth < DEPTH_LIMIT {
            return Ok(depth + 1);
        }
        let message = format!("an expression more than {DEPTH_LIMIT} deep once names are substituted");
        self.fail(Diagnostic::new(message, span.clone()))
    }

    fn choice(
        &mut self,
        condition: &'a Expression,
        then: &'a Expression,
        otherwise: &'a Expression,
        context: Context,
        span: &Span,
    ) -> Resolved<Value> {
        let chosen = self.operand(condition, context)?;
        self.truth(&chosen, &condition.at.0)?;
        if let Some(truth) = chosen.truth {
            return self.operand(if truth { then } else { otherwise }, context);
        }
        let then_value = self.operand(then, context)?;
        let otherwise_value = self.operand(otherwise, context)?;
        if (then_value.kind == Type::Truth) != (otherwise_value.kind == Type::Truth) {
            let error = Diagnostic::new("one branch is a number, the other a condition", span.clone());
            return self.fail(error);
        }
        let kind = if then_value.kind == Type::Word { Type::Word } else { otherwise_value.kind };
        let uses = chosen.uses.and(then_value.uses).and(otherwise_value.uses);
        let depth = self.deeper(chosen.depth.max(then_value.depth).max(otherwise_value.depth), span)?;
        let size = chosen.size + then_value.size + otherwise_value.size + 1;
        let expression = ir::Expression::If {
            condition: Box::new(chosen.expression),
            then: Box::new(then_value.expression),
            otherwise: Box::new(otherwise_value.expression),
        };
        Ok(Value { expression, kind, uses, truth: None, depth, size })
    }

    /// Whether another call may be expanded.
    pub(super) fn may_call(&self) -> bool {
        self.calling.len() < CALL_LIMIT
    }
}

/// The value of an expression of constants; none where it has names or overflows.
fn known(expression: &ir::Expression) -> Option<i64> {
    match expression {
        ir::Expression::Constant(number) => Some(*number),
        ir::Expression::Binary { operator, left, right, .. } => {
            let (left, right) = (known(left)?, known(right)?);
            match operator {
                Binary::Add => left.checked_add(right),
                Binary::Subtract => left.checked_sub(right),
                Binary::Multiply => left.checked_mul(right),
                Binary::Divide => left.checked_div(right),
                Binary::Minimum => Some(left.min(right)),
                Binary::Maximum => Some(left.max(right)),
                _ => None,
            }
        }
        _ => None,
    }
}
