//! Logical, shift and bit-field instructions.

use super::modifiers::Modifiers;
use super::{Decoder, NotUnderstood, Understood};
use crate::ptx::code::function::{Bits, Combine, Compare, Function, Prmt, Test};
use crate::ptx::code::kind::{IntegerKind, NumberKind};
use crate::ptx::code::{Source, Step};
use crate::ptx::syntax::Operand;

const WORD: IntegerKind = IntegerKind::unsigned(32);

impl Decoder<'_> {
    pub(super) fn bits(&mut self, name: &str, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        match name {
            "lop3" => return self.lop3(modifiers, operands),
            "shf" => return self.funnel(modifiers, operands),
            "prmt" => return self.prmt(modifiers, operands),
            "bmsk" | "szext" => return self.masks(name, modifiers, operands),
            _ => {}
        }
        let shift_amount = modifiers.has("shiftamt");
        if modifiers.has("pred") {
            modifiers.finish()?;
            return self.predicates(name, operands);
        }
        let kind = modifiers.integer()?;
        modifiers.finish()?;
        let function = function(name, shift_amount)?;
        self.bit_operands(function, kind, operands)
    }

    /// `and.pred` and the like.
    fn predicates(&mut self, name: &str, operands: &[Operand]) -> Understood<()> {
        let kind = IntegerKind::unsigned(8);
        if name == "not" {
            let [destination, a] = self.exactly(operands)?;
            let a = self.predicate(a)?;
            return self.compute(Function::Bits(Bits::LogicalNot, kind), destination, [a]);
        }
        if !matches!(name, "and" | "or" | "xor") {
            return Err(NotUnderstood("not known on predicates".into()));
        }
        let [destination, a, b] = self.exactly(operands)?;
        let sources = [self.predicate(a)?, self.predicate(b)?];
        self.compute(Function::Bits(function(name, false)?, kind), destination, sources)
    }

    fn bit_operands(&mut self, bits: Bits, kind: IntegerKind, operands: &[Operand]) -> Understood<()> {
        let number = NumberKind::Integer(kind);
        let function = Function::Bits(bits, kind);
        let Some((destination, values)) = operands.split_first() else {
            return Err(NotUnderstood("expected operands".into()));
        };
        // Beside the values in the instruction's own type come positions, lengths and amounts of 32 bits.
        let kinds: &[NumberKind] = match bits {
            Bits::Not | Bits::LogicalNot | Bits::Popc | Bits::Clz | Bits::Bfind | Bits::BfindShift | Bits::Brev => {
                &[number]
            }
            Bits::And | Bits::Or | Bits::Xor => &[number, number],
            Bits::ShiftLeft | Bits::ShiftRight => &[number, NumberKind::Integer(WORD)],
            Bits::Bfi => &[number, number, NumberKind::Integer(WORD), NumberKind::Integer(WORD)],
            Bits::Bfe => &[number, NumberKind::Integer(WORD), NumberKind::Integer(WORD)],
            _ => &[NumberKind::Integer(WORD); 3],
        };
        if values.len() != kinds.len() {
            return Err(NotUnderstood(format!("expected {} operands, found {}", kinds.len() + 1, operands.len())));
        }
        let mut sources = [Source::ZERO; 4];
        for ((source, operand), kind) in sources.iter_mut().zip(values).zip(kinds) {
            *source = self.source(operand, *kind)?;
        }
        self.compute(function, destination, sources)
    }

    /// `lop3`, which may also combine "not zero" with a predicate.
    fn lop3(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        let combine = modifiers.one_of(&[("or", Combine::Or), ("and", Combine::And)]);
        let kind = modifiers.integer()?;
        modifiers.finish()?;
        let Some((combine, predicate)) = combine.zip(operands.get(5)) else {
            let [destination, a, b, c, table] = self.exactly(operands)?;
            let table = self.immediate(table)? as u8;
            let kind_of = NumberKind::Integer(kind);
            let sources = [self.source(a, kind_of)?, self.source(b, kind_of)?, self.source(c, kind_of)?];
            return self.compute(Function::Bits(Bits::Lop3(table), kind), destination, sources);
        };
        let [destinations, a, b, c, table, _] = self.exactly(operands)?;
        let [destination, flag] = self.destinations(destinations)?;
        let table = self.immediate(table)? as u8;
        let kind_of = NumberKind::Integer(kind);
        let sources = [self.source(a, kind_of)?, self.source(b, kind_of)?, self.source(c, kind_of)?];
        let predicate = self.predicate(predicate)?;
        let destination = destination.unwrap_or_else(|| self.fresh(1));
        self.compute_into(Function::Bits(Bits::Lop3(table), kind), destination, sources);
        if let Some(flag) = flag {
            let compare = Compare { test: Test::NotEqual, kind: kind_of, flush: false, combine: Some(combine) };
            let sources = [Source::Register(destination), Source::ZERO, predicate];
            self.compute_into(Function::Compare(compare), flag, sources);
        }
        Ok(())
    }

    fn funnel(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        let left = modifiers.must("a direction", &[("l", true), ("r", false)])?;
        let wrap = modifiers.must("a mode", &[("wrap", true), ("clamp", false)])?;
        modifiers.integer()?;
        modifiers.finish()?;
        let bits = if left { Bits::FunnelLeft { wrap } } else { Bits::FunnelRight { wrap } };
        self.bit_operands(bits, WORD, operands)
    }

    fn prmt(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        modifiers.integer()?;
        let mode = modifiers.one_of(&[
            ("f4e", Prmt::Forward4),
            ("b4e", Prmt::Backward4),
            ("rc8", Prmt::Replicate8),
            ("ecl", Prmt::EdgeLeft),
            ("ecr", Prmt::EdgeRight),
            ("rc16", Prmt::Replicate16),
        ]);
        modifiers.finish()?;
        self.bit_operands(Bits::Prmt(mode.unwrap_or(Prmt::Index)), WORD, operands)
    }

    fn masks(&mut self, name: &str, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        let wrap = modifiers.must("a mode", &[("wrap", true), ("clamp", false)])?;
        let kind = modifiers.integer()?;
        modifiers.finish()?;
        let [destination, a, b] = self.exactly(operands)?;
        let sources = [self.source(a, NumberKind::Integer(kind))?, self.word(b)?];
        let bits = if name == "bmsk" { Bits::Bmsk { wrap } } else { Bits::Szext { wrap } };
        self.compute(Function::Bits(bits, kind), destination, sources)
    }

    /// Emits a computation of a predicate pair.
    pub(super) fn compute_pair(&mut self, function: Function, to: &Operand, sources: [Source; 4]) -> Understood<()> {
        match self.destinations(to)? {
            [Some(destination), None] => self.emit(Step::Compute { function, destination, sources }),
            destinations => self.emit(Step::ComputePair { function, destinations, sources }),
        }
        Ok(())
    }
}

fn function(name: &str, shift_amount: bool) -> Understood<Bits> {
    Ok(match (name, shift_amount) {
        ("and", false) => Bits::And,
        ("or", false) => Bits::Or,
        ("xor", false) => Bits::Xor,
        ("not", false) => Bits::Not,
        ("cnot", false) => Bits::LogicalNot,
        ("shl", false) => Bits::ShiftLeft,
        ("shr", false) => Bits::ShiftRight,
        ("popc", false) => Bits::Popc,
        ("clz", false) => Bits::Clz,
        ("bfind", false) => Bits::Bfind,
        ("bfind", true) => Bits::BfindShift,
        ("fns", false) => Bits::Fns,
        ("brev", false) => Bits::Brev,
        ("bfe", false) => Bits::Bfe,
        ("bfi", false) => Bits::Bfi,
        _ => return Err(NotUnderstood("this combination of modifiers is not known".into())),
    })
}
