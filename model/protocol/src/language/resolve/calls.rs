//! Procedures: each call is expanded, its arguments bound to the parameters.
//!
//! Decision: an argument is substituted, not stored in a register. Expressions have no effects and registers are bound
//! once, so that it means the same and the emitted code is what one would have written by hand.

use super::{Binding, Entry, Global, Resolved, Resolver, statements::KERNEL, statements::Statements};
use crate::ir::Span;
use crate::language::diagnostics::{Diagnostic, nearest};
use crate::language::tree::{Expression, ExpressionKind, Name};
use std::sync::Arc;

impl<'a> Resolver<'a> {
    pub(super) fn call(
        &mut self,
        name: &'a Name,
        arguments: &'a [Expression],
        span: &Span,
        into: &mut Statements,
    ) -> Resolved<()> {
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
        let mut error =
            Diagnostic::new(format!("unknown procedure `{}`", name.text), name.at.0.clone()).label("not declared");
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
