//! Moves: `mov` with packing and unpacking, addresses between state spaces.

use super::modifiers::Modifiers;
use super::{Decoder, NotUnderstood, Understood};
use crate::ptx::code::function::{Function, Pack};
use crate::ptx::code::kind::NumberKind;
use crate::ptx::code::windows::{
    CONSTANT_WINDOW, GLOBAL_START, LOCAL_WINDOW, PARAMETER_WINDOW, PEER_SHIFT, SHARED_WINDOW, WINDOW_BYTES,
};
use crate::ptx::code::{Register, Source};
use crate::ptx::syntax::Operand;

/// State spaces as `cvta` and `isspacep` name them, with the start of their windows; global memory has none.
const WINDOWS: [(&str, Option<u64>); 8] = [
    ("global", None),
    ("shared", Some(SHARED_WINDOW)),
    ("shared::cta", Some(SHARED_WINDOW)),
    ("shared::cluster", Some(SHARED_WINDOW)),
    ("local", Some(LOCAL_WINDOW)),
    ("const", Some(CONSTANT_WINDOW)),
    ("param", Some(PARAMETER_WINDOW)),
    ("param::entry", Some(PARAMETER_WINDOW)),
];

impl Decoder<'_> {
    pub(super) fn movement(&mut self, name: &str, modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        match name {
            "mov" => self.mov(modifiers, operands),
            "cvta" => self.cvta(modifiers, operands),
            "isspacep" => self.isspacep(modifiers, operands),
            // Cache policies are opaque and advise only.
            _ => match operands.first() {
                Some(destination) => self.compute(Function::Move, destination, [Source::ZERO]),
                None => Err(NotUnderstood("expected a destination".into())),
            },
        }
    }

    fn mov(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        let [destination, operand] = self.exactly(operands)?;
        if modifiers.has("pred") {
            modifiers.finish()?;
            let source = self.predicate(operand)?;
            return self.compute(Function::Move, destination, [source]);
        }
        if modifiers.has("b128") {
            modifiers.finish()?;
            return self.mov128(destination, operand);
        }
        let kind = modifiers.kind()?;
        modifiers.finish()?;
        match (destination, operand) {
            (Operand::Vector(parts), whole) => self.unpack(parts, whole, kind),
            (_, Operand::Vector(parts)) => {
                let bits = part_bits(kind, parts.len())?;
                let part = NumberKind::Integer(crate::ptx::code::kind::IntegerKind::unsigned(bits));
                let mut sources = [Source::ZERO; 4];
                for (source, operand) in sources.iter_mut().zip(parts) {
                    *source = self.source(operand, part)?;
                }
                self.compute(Function::Pack(Pack::Join { bits }), destination, sources)
            }
            _ => {
                let source = self.source(operand, kind)?;
                self.compute(Function::Move, destination, [source])
            }
        }
    }

    fn unpack(&mut self, parts: &[Operand], whole: &Operand, kind: NumberKind) -> Understood<()> {
        let bits = part_bits(kind, parts.len())?;
        let source = self.source(whole, kind)?;
        for (index, part) in parts.iter().enumerate() {
            let field = Pack::Field { from: index as u8 * bits, bits };
            self.compute(Function::Pack(field), part, [source])?;
        }
        Ok(())
    }

    /// 128-bit registers are two slots: only packing, unpacking and copying are known of them.
    fn mov128(&mut self, destination: &Operand, operand: &Operand) -> Understood<()> {
        let kind = NumberKind::Integer(crate::ptx::code::kind::IntegerKind::unsigned(64));
        match (destination, operand) {
            (Operand::Vector(parts), Operand::Name(name)) if parts.len() == 2 => {
                let slots = self.wide(name)?;
                for (part, slot) in parts.iter().zip(slots) {
                    self.compute(Function::Move, part, [Source::Register(slot)])?;
                }
                Ok(())
            }
            (Operand::Name(name), Operand::Vector(parts)) if parts.len() == 2 => {
                let slots = self.wide(name)?;
                for (part, slot) in parts.iter().zip(slots) {
                    let source = self.source(part, kind)?;
                    self.compute_into(Function::Move, slot, [source]);
                }
                Ok(())
            }
            (Operand::Name(to), Operand::Name(from)) => {
                let (to, from) = (self.wide(to)?, self.wide(from)?);
                for (to, from) in to.into_iter().zip(from) {
                    self.compute_into(Function::Move, to, [Source::Register(from)]);
                }
                Ok(())
            }
            _ => Err(NotUnderstood("expected a 128-bit register and two 64-bit ones".into())),
        }
    }

    /// The two slots of a 128-bit register.
    pub(super) fn wide(&mut self, name: &str) -> Understood<[Register; 2]> {
        let named = self.register(name)?;
        if named.bits != 128 {
            return Err(NotUnderstood(format!("expected a 128-bit register, found `{name}`")));
        }
        Ok([named.slot, Register(named.slot.0 + 1)])
    }

    fn cvta(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        let [destination, operand] = self.exactly(operands)?;
        let back = modifiers.has("to");
        let window = modifiers.must("a state space", &WINDOWS)?.unwrap_or(0);
        let kind = modifiers.integer()?;
        modifiers.finish()?;
        if kind.bits != 64 {
            return Err(NotUnderstood("addresses of 32 bits are not modelled".into()));
        }
        let source = self.source(operand, NumberKind::Integer(kind))?;
        let offset = if back { window.wrapping_neg() } else { window };
        self.compute(Function::Pack(Pack::Window { offset }), destination, [source])
    }

    fn isspacep(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        let [destination, operand] = self.exactly(operands)?;
        let own = modifiers.has("shared") || modifiers.has("shared::cta");
        let window = if own { Some(SHARED_WINDOW) } else { modifiers.must("a state space", &WINDOWS)? };
        modifiers.finish()?;
        let kind = crate::ptx::code::kind::IntegerKind::unsigned(64);
        let source = self.source(operand, NumberKind::Integer(kind))?;
        let pack = match window {
            Some(from) if own => Pack::Within { from, bytes: 1 << PEER_SHIFT },
            Some(from) => Pack::Within { from, bytes: WINDOW_BYTES },
            None => Pack::Beyond { bytes: GLOBAL_START },
        };
        self.compute(Function::Pack(pack), destination, [source])
    }
}

/// Bits of each of so many parts of a register.
fn part_bits(kind: NumberKind, parts: usize) -> Understood<u8> {
    let bits = match kind {
        NumberKind::Integer(kind) => u32::from(kind.bits),
        NumberKind::Float(kind) => kind.bits(),
    };
    match parts {
        2 | 4 if bits as usize / parts >= 8 => Ok((bits as usize / parts) as u8),
        _ => Err(NotUnderstood(format!("{parts} parts do not make a register of {bits} bits"))),
    }
}
