//! Calls: the function's code is put in place of the call.
//!
//! A parameter in `.param` space is the caller's variable under another name, so nothing is copied; one in a register
//! is moved. A few functions that the CUDA toolkit calls are known by name. Recursion and calls through a register are
//! not understood.

use super::frame::{Frame, Symbol};
use super::modifiers::Modifiers;
use super::operands::{constant_bits, described};
use super::{Decoder, MOST_INSTRUCTIONS, NotUnderstood, Understood};
use crate::program::{VectorElement, Width};
use crate::ptx::code::function::Function as Computation;
use crate::ptx::code::kind::IntegerKind;
use crate::ptx::code::step::{Address, Base, Element, Space};
use crate::ptx::code::{Guard, Source, Step};
use crate::ptx::syntax::{self as tree, Function, Operand, Variable};
use arverify_protocol::ir::{Order, Scope, Semantics};
use arverify_protocol::verdict::Code;
use smallvec::smallvec;

/// How deep calls may be nested.
const MOST_NESTED: usize = 64;

impl<'m> Decoder<'m> {
    pub(super) fn call(&mut self, mut modifiers: Modifiers, operands: &'m [Operand]) -> Understood<()> {
        modifiers.has("uni");
        modifiers.finish()?;
        let (returns, rest) = match operands {
            [Operand::List(returns), rest @ ..] => (&returns[..], rest),
            all => (&[][..], all),
        };
        let (name, arguments) = match rest {
            [Operand::Name(name)] => (name, &[][..]),
            [Operand::Name(name), Operand::List(arguments), ..] => (name, &arguments[..]),
            _ => return Err(NotUnderstood("expected a function and its arguments in parentheses".into())),
        };
        let Some(&function) = self.functions.get(name.as_str()) else {
            return Err(NotUnderstood(format!(
                "`{name}` is no function of this module; calls through registers are not modelled"
            )));
        };
        if function.body.is_some() {
            return self.expand(function, returns, arguments);
        }
        match name.as_str() {
            // Printing changes nothing; what it returns (how many arguments) nobody looks at.
            "vprintf" => {
                self.emit(Step::Nothing);
                Ok(())
            }
            "__assertfail" => {
                self.emit(Step::Trap { code: Code::WrongResult, message: "an assertion of the kernel fails".into() });
                Ok(())
            }
            _ => Err(NotUnderstood(format!("`{name}` has no body in this module"))),
        }
    }

    /// Puts the function's code here.
    fn expand(&mut self, function: &'m Function, returns: &'m [Operand], arguments: &'m [Operand]) -> Understood<()> {
        if self.active.contains(&function.name.as_str()) {
            return Err(NotUnderstood(format!("`{}` is recursive", function.name)));
        }
        if self.active.len() >= MOST_NESTED || self.code.instructions.len() > MOST_INSTRUCTIONS {
            return Err(NotUnderstood("calls are nested too deeply".into()));
        }
        if returns.len() != function.returns.len() || arguments.len() != function.parameters.len() {
            return Err(NotUnderstood(format!("`{}` has other parameters than the call", function.name)));
        }
        let mut frame = Frame::default();
        for (variable, argument) in function.parameters.iter().zip(arguments) {
            let symbol = self.parameter(variable, argument)?;
            frame.symbols.insert(&variable.name, symbol);
        }
        let mut results = Vec::new();
        for (variable, place) in function.returns.iter().zip(returns) {
            let symbol = match variable.space {
                tree::Space::Register => {
                    let symbol = self.lay_out_register(variable);
                    results.push((symbol.clone(), place));
                    symbol
                }
                _ => self.parameter(variable, place)?,
            };
            frame.symbols.insert(&variable.name, symbol);
        }
        let skip = self.skip_unless_guarded();
        // The call itself leaves a trace among the origins, so that findings can name it.
        self.emit(Step::Nothing);
        frame.call = Some(self.here() - 1);
        self.expand_body(function, frame)?;
        for (symbol, place) in results {
            if let Symbol::Register(named) = symbol {
                self.compute(Computation::Move, place, [Source::Register(named.slot)])?;
            }
        }
        let here = self.here();
        if let Some(at) = skip {
            self.code.instructions[at as usize].step = Step::Branch { target: here };
        }
        Ok(())
    }

    fn expand_body(&mut self, function: &'m Function, frame: Frame<'m>) -> Understood<()> {
        let caller = std::mem::replace(&mut self.frame, frame);
        let (span, line) = (self.span.clone(), self.line);
        let depth = self.active.len();
        let expanded = self.body(function);
        self.active.truncate(depth);
        let callee = std::mem::replace(&mut self.frame, caller);
        (self.span, self.line, self.guard) = (span, line, None);
        if let Err(error) = expanded {
            self.too_large = matches!(error, super::DecodeError::TooLarge);
            return Err(NotUnderstood(error.to_string()));
        }
        let here = self.here();
        for at in callee.returns {
            self.code.instructions[at as usize].step = Step::Branch { target: here };
        }
        Ok(())
    }

    /// A guarded call is a branch around it. Returns the branch, whose target is still to be set.
    fn skip_unless_guarded(&mut self) -> Option<u32> {
        let guard = self.guard?;
        let at = self.here();
        self.guard = Some(Guard { negated: !guard.negated, ..guard });
        self.emit(Step::Branch { target: at });
        self.guard = None;
        Some(at)
    }

    /// What a parameter's name means inside the function.
    fn parameter(&mut self, variable: &Variable, argument: &Operand) -> Understood<Symbol> {
        if variable.space == tree::Space::Register {
            let symbol = self.lay_out_register(variable);
            let Symbol::Register(named) = symbol else {
                return Err(NotUnderstood(format!("the parameter `{}` is not modelled", variable.name)));
            };
            let source = match super::modifiers::number_kind(&variable.kind.0) {
                Some(kind) => self.source(argument, kind)?,
                None => self.predicate(argument)?,
            };
            self.compute_into(Computation::Move, named.slot, [source]);
            return Ok(symbol);
        }
        match argument {
            Operand::Name(name) => match self.symbol(name) {
                Some(symbol @ Symbol::Local(_)) => Ok(symbol),
                _ => Err(NotUnderstood(format!("expected a `.param` variable, found `{name}`"))),
            },
            Operand::Constant(constant) => self.constant_argument(variable, *constant),
            other => Err(NotUnderstood(format!("expected a `.param` variable, found {}", described(other)))),
        }
    }

    /// A constant passed in `.param` space gets a place of its own.
    fn constant_argument(&mut self, variable: &Variable, constant: tree::Constant) -> Understood<Symbol> {
        let kind = super::modifiers::number_kind(&variable.kind.0)
            .ok_or_else(|| NotUnderstood(format!("the parameter `{}` is not modelled", variable.name)))?;
        let symbol = self.lay_out_local(variable).map_err(|error| NotUnderstood(error.to_string()))?;
        let (Symbol::Local(offset), Ok(bytes)) = (&symbol, super::symbols::size(variable)) else {
            return Err(NotUnderstood(format!("the parameter `{}` is not modelled", variable.name)));
        };
        let width = match bytes {
            1 => Width::One,
            2 => Width::Two,
            4 => Width::Four,
            8 => Width::Eight,
            _ => return Err(NotUnderstood("a constant is passed for a struct".into())),
        };
        let bits = constant_bits(constant, kind)?;
        let kind = IntegerKind::unsigned(width.bytes() as u8 * 8);
        self.emit(Step::Store {
            space: Space::Local,
            address: Address { base: Base::Value(Source::Constant(*offset)), offset: 0 },
            sources: smallvec![Source::Constant(bits & kind.mask())],
            element: Element { width, sign_extend_to: 0, place: VectorElement::SCALAR },
            semantics: Semantics { order: Order::Weak, scope: Scope::Sys },
        });
        Ok(symbol)
    }
}
