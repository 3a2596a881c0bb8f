//! Operands: registers, constants in the type of the instruction, special registers, names of variables.

use super::frame::Symbol;
use super::{Decoder, NotUnderstood, Understood, cluster};
use crate::ptx::code::function::{Bits, Function};
use crate::ptx::code::kind::{FloatKind, IntegerKind, NumberKind};
use crate::ptx::code::step::{Address, Arbitrary, Base, LaneMask, Special};
use crate::ptx::code::{Register, Source, Step};
use crate::ptx::syntax::{Constant, Operand};

/// The type of predicates.
pub(super) const PREDICATE: NumberKind = NumberKind::Integer(IntegerKind::unsigned(8));

impl Decoder<'_> {
    /// Exactly `N` operands.
    pub(super) fn exactly<'o, const N: usize>(&self, operands: &'o [Operand]) -> Understood<&'o [Operand; N]> {
        operands.try_into().map_err(|_| NotUnderstood(format!("expected {N} operands, found {}", operands.len())))
    }

    /// The value of an operand in the instruction's type.
    pub(super) fn source(&mut self, operand: &Operand, kind: NumberKind) -> Understood<Source> {
        match operand {
            Operand::Constant(constant) => constant_bits(*constant, kind).map(Source::Constant),
            Operand::Element(name, index) => {
                let named = self.register(name)?;
                Ok(Source::Register(Register(named.slot.0 + u32::from(*index))))
            }
            Operand::Name(name) => self.named(name, 0),
            Operand::Offset { name, offset } => self.named(name, *offset),
            Operand::Not(inner) => {
                let inner = self.source(inner, kind)?;
                Ok(Source::Register(self.inverted(inner)))
            }
            other => Err(NotUnderstood(format!("expected a value, found {}", described(other)))),
        }
    }

    /// The same for 32-bit unsigned operands: shift amounts, lanes, counts.
    pub(super) fn word(&mut self, operand: &Operand) -> Understood<Source> {
        self.source(operand, NumberKind::Integer(IntegerKind::unsigned(32)))
    }

    /// A predicate operand, perhaps negated. Of numbers zero is false and any other true, as in C (PTX ISA, "Predicate
    /// Constants"): compilers write `xor.pred p, q, -1`.
    pub(super) fn predicate(&mut self, operand: &Operand) -> Understood<Source> {
        Ok(match self.source(operand, PREDICATE)? {
            Source::Constant(value) => Source::Constant(u64::from(value != 0)),
            register => register,
        })
    }

    /// A number that must be known when decoding.
    pub(super) fn immediate(&mut self, operand: &Operand) -> Understood<u64> {
        match operand {
            Operand::Constant(Constant::Integer(value)) => Ok(*value),
            other => Err(NotUnderstood(format!("expected a constant, found {}", described(other)))),
        }
    }

    /// The register that takes a result; `None` for `_`.
    pub(super) fn destination(&mut self, operand: &Operand) -> Understood<Option<Register>> {
        match operand {
            Operand::Sink => Ok(None),
            Operand::Name(name) if name == "_" => Ok(None),
            Operand::Name(name) => Ok(Some(self.register(name)?.slot)),
            Operand::Element(name, index) => {
                let named = self.register(name)?;
                Ok(Some(Register(named.slot.0 + u32::from(*index))))
            }
            other => Err(NotUnderstood(format!("expected a register, found {}", described(other)))),
        }
    }

    /// Bits of the register that an operand names; 0 for `_`.
    pub(super) fn destination_bits(&mut self, operand: &Operand) -> Understood<u8> {
        match operand {
            Operand::Name(name) if name != "_" => Ok(self.register(name)?.bits as u8),
            Operand::Element(name, _) => Ok(self.register(name)?.bits as u8),
            _ => Ok(0),
        }
    }

    /// One or two results: `d`, or `d|p`.
    pub(super) fn destinations(&mut self, operand: &Operand) -> Understood<[Option<Register>; 2]> {
        match operand {
            Operand::Pair(first, second) => Ok([self.destination(first)?, self.destination(second)?]),
            single => Ok([self.destination(single)?, None]),
        }
    }

    /// Emits a computation of one result.
    pub(super) fn compute<const N: usize>(
        &mut self,
        function: Function,
        destination: &Operand,
        sources: [Source; N],
    ) -> Understood<()> {
        if let Some(register) = self.destination(destination)? {
            self.compute_into(function, register, sources);
        }
        Ok(())
    }

    /// The same, into a register already known.
    pub(super) fn compute_into<const N: usize>(&mut self, function: Function, to: Register, sources: [Source; N]) {
        self.emit(Step::Compute { function, destination: to, sources: padded(sources) });
    }

    /// A new register that holds the opposite of a predicate.
    pub(super) fn inverted(&mut self, predicate: Source) -> Register {
        let register = self.fresh(1);
        self.compute_into(Function::Bits(Bits::LogicalNot, IntegerKind::unsigned(8)), register, [predicate]);
        register
    }

    /// A memory operand: `[register + offset]`, `[variable + offset]`, `[number]`.
    pub(super) fn address(&mut self, operand: &Operand) -> Understood<(Address, Option<Symbol>)> {
        let Operand::Address { base, offset } = operand else {
            return Err(NotUnderstood(format!("expected an address, found {}", described(operand))));
        };
        let value = |source, offset| Address { base: Base::Value(source), offset };
        let Some(name) = base else { return Ok((value(Source::ZERO, *offset), None)) };
        let Some(symbol) = self.symbol(name) else {
            let register = self.register(name)?.slot;
            return Ok((value(Source::Register(register), *offset), None));
        };
        let address = match &symbol {
            Symbol::Shared(start) | Symbol::Local(start) | Symbol::Constant(start) | Symbol::Parameter(start) => {
                value(Source::Constant(*start), *offset)
            }
            Symbol::Global(variable) => Address { base: Base::Variable(*variable), offset: *offset },
            Symbol::Register(named) => value(Source::Register(named.slot), *offset),
            Symbol::Broken(reason) => return Err(NotUnderstood(format!("`{name}`: {reason}"))),
        };
        Ok((address, Some(symbol)))
    }

    /// A variable of the function, or of the module.
    pub(super) fn symbol(&self, name: &str) -> Option<Symbol> {
        self.frame.symbols.get(name).or_else(|| self.symbols.get(name)).cloned()
    }

    /// A name used as a value: a register, a special register, or the address of a variable in its own space.
    fn named(&mut self, name: &str, offset: i64) -> Understood<Source> {
        if name == "WARP_SZ" {
            return Ok(Source::Constant(32));
        }
        match self.symbol(name) {
            Some(Symbol::Shared(at) | Symbol::Local(at) | Symbol::Constant(at) | Symbol::Parameter(at)) => {
                Ok(Source::Constant(at.wrapping_add_signed(offset)))
            }
            Some(Symbol::Global(variable)) => {
                let destination = self.fresh(1);
                self.emit(Step::VariableAddress { variable, offset, destination });
                Ok(Source::Register(destination))
            }
            Some(Symbol::Register(named)) => Ok(Source::Register(named.slot)),
            Some(Symbol::Broken(reason)) => Err(NotUnderstood(format!("`{name}`: {reason}"))),
            None if self.functions.contains_key(name) => {
                Err(NotUnderstood(format!("the address of the function `{name}` is not modelled")))
            }
            None => match special(name)? {
                Some(special) => {
                    let destination = self.fresh(1);
                    self.emit(Step::Special { special, destination });
                    Ok(Source::Register(destination))
                }
                None => Ok(Source::Register(self.register(name)?.slot)),
            },
        }
    }
}

/// Four operands, the missing ones zero.
pub(super) fn padded<const N: usize>(sources: [Source; N]) -> [Source; 4] {
    let mut all = [Source::ZERO; 4];
    all[..N].copy_from_slice(&sources);
    all
}

/// What an operand is, for messages.
pub(super) fn described(operand: &Operand) -> String {
    match operand {
        Operand::Name(name) | Operand::Element(name, _) => format!("`{name}`"),
        Operand::Constant(_) => "a constant".into(),
        Operand::Address { .. } => "an address".into(),
        Operand::Vector(_) => "a vector".into(),
        Operand::Sink => "`_`".into(),
        Operand::Pair(..) => "a pair".into(),
        Operand::List(_) => "a list".into(),
        Operand::Not(_) => "a negated predicate".into(),
        Operand::Offset { name, .. } => format!("`{name}` with an offset"),
        Operand::Other(text) => format!("`{text}`"),
    }
}

/// Bits of a constant in a type; a decimal or 64-bit float constant is converted to the instruction's type.
pub(super) fn constant_bits(constant: Constant, kind: NumberKind) -> Understood<u64> {
    match (constant, kind) {
        (Constant::Integer(value), NumberKind::Integer(kind)) => Ok(value & kind.mask()),
        (Constant::Integer(value), NumberKind::Float(_)) => Ok(value),
        (Constant::F32(bits), NumberKind::Float(FloatKind::F64)) => Ok(f64::from(f32::from_bits(bits)).to_bits()),
        (Constant::F64(bits), NumberKind::Float(FloatKind::F32)) => {
            Ok(u64::from((f64::from_bits(bits) as f32).to_bits()))
        }
        (Constant::F64(bits), NumberKind::Float(FloatKind::F64)) => Ok(bits),
        (Constant::F32(bits), NumberKind::Float(FloatKind::F32)) => Ok(u64::from(bits)),
        (Constant::F32(bits), NumberKind::Integer(kind)) if kind.bits == 32 => Ok(u64::from(bits)),
        (Constant::F64(bits), NumberKind::Integer(kind)) if kind.bits == 64 => Ok(bits),
        _ => Err(NotUnderstood("a constant of this type is not known here".into())),
    }
}

/// A special register; `None` if the name is no such register.
fn special(name: &str) -> Understood<Option<Special>> {
    let (stem, axis) = match name.rsplit_once('.') {
        Some((stem, "x")) => (stem, 0),
        Some((stem, "y")) => (stem, 1),
        Some((stem, "z")) => (stem, 2),
        _ => (name, 0),
    };
    let has_axis = stem != name;
    if let Some(special) = cluster::special(stem, axis, has_axis).or(cluster::environment(name)?) {
        return Ok(Some(special));
    }
    let special = match (stem, has_axis) {
        ("%tid", true) => Special::Thread(axis),
        ("%ntid", true) => Special::Threads(axis),
        ("%ctaid", true) => Special::Block(axis),
        ("%nctaid", true) => Special::Blocks(axis),
        ("%laneid", false) => Special::Lane,
        ("%lanemask_eq", false) => Special::LaneMask(LaneMask::Equal),
        ("%lanemask_lt", false) => Special::LaneMask(LaneMask::Less),
        ("%lanemask_le", false) => Special::LaneMask(LaneMask::LessEqual),
        ("%lanemask_gt", false) => Special::LaneMask(LaneMask::Greater),
        ("%lanemask_ge", false) => Special::LaneMask(LaneMask::GreaterEqual),
        ("%dynamic_smem_size", false) => Special::DynamicSharedBytes,
        ("%total_smem_size", false) => Special::TotalSharedBytes,
        ("%clock" | "%clock_hi" | "%clock64", false) => Special::Arbitrary(Arbitrary::Clock),
        ("%globaltimer" | "%globaltimer_lo" | "%globaltimer_hi", false) => Special::Arbitrary(Arbitrary::Clock),
        ("%smid" | "%nsmid", false) => Special::Arbitrary(Arbitrary::Processor),
        ("%warpid" | "%nwarpid", false) => Special::Arbitrary(Arbitrary::WarpIndex),
        ("%gridid", false) => Special::Arbitrary(Arbitrary::GridIndex),
        ("%tid" | "%ntid" | "%ctaid" | "%nctaid", false) => {
            return Err(NotUnderstood(format!("the vector `{name}` as a whole is not modelled")));
        }
        _ => return Ok(None),
    };
    Ok(Some(special))
}
