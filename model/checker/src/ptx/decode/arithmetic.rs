//! Integer arithmetic; instructions of the same name on floats are passed on.

use super::modifiers::Modifiers;
use super::operands::padded;
use super::{Decoder, NotUnderstood, Understood};
use crate::ptx::code::function::{Carry, Function, Integer};
use crate::ptx::code::kind::{IntegerKind, NumberKind};
use crate::ptx::code::{Source, Step};
use crate::ptx::syntax::Operand;

/// Which part of a product.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Low,
    High,
    Wide,
}

const PARTS: [(&str, Part); 3] = [("lo", Part::Low), ("hi", Part::High), ("wide", Part::Wide)];

impl Decoder<'_> {
    pub(super) fn arithmetic(&mut self, name: &str, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        if matches!(name, "dp4a" | "dp2a") {
            return self.dot(name, modifiers, operands);
        }
        if modifiers.has("u16x2") {
            return self.halves(name, false, modifiers, operands);
        }
        if modifiers.has("s16x2") {
            return self.halves(name, true, modifiers, operands);
        }
        let kind = match modifiers.kind()? {
            NumberKind::Integer(kind) => kind,
            NumberKind::Float(kind) => return self.float_of(name, kind, modifiers, operands),
        };
        let part = modifiers.one_of(&PARTS);
        let writes = modifiers.has("cc");
        if writes || matches!(name, "addc" | "subc" | "madc") {
            modifiers.finish()?;
            return self.with_carry(name, kind, part, writes, operands);
        }
        let saturate = modifiers.has("sat");
        let relu = modifiers.has("relu");
        let function = integer(name, part, saturate, relu)?;
        modifiers.finish()?;
        if (saturate || relu) && kind != IntegerKind::signed(32) {
            return Err(NotUnderstood("`.sat` and `.relu` are known for .s32 only".into()));
        }
        self.integer_operands(function, kind, operands)
    }

    /// As many operands as the function has; the third of a wide product-sum is as wide as the result.
    fn integer_operands(&mut self, function: Integer, kind: IntegerKind, operands: &[Operand]) -> Understood<()> {
        let scalar = NumberKind::Integer(kind);
        let function_of = Function::Integer(function, kind);
        match function {
            Integer::Abs | Integer::Neg => {
                let [destination, a] = self.exactly(operands)?;
                let a = self.source(a, scalar)?;
                self.compute(function_of, destination, [a])
            }
            Integer::MadLow
            | Integer::MadHigh
            | Integer::MadHighSaturating
            | Integer::MadWide
            | Integer::Sad
            | Integer::Mad24Low
            | Integer::Mad24High
            | Integer::Mad24HighSaturating => {
                let [destination, a, b, c] = self.exactly(operands)?;
                let wide = IntegerKind { bits: (kind.bits * 2).min(64), signed: kind.signed };
                let third = if function == Integer::MadWide { NumberKind::Integer(wide) } else { scalar };
                let sources = [self.source(a, scalar)?, self.source(b, scalar)?, self.source(c, third)?];
                self.compute(function_of, destination, sources)
            }
            _ => {
                let [destination, a, b] = self.exactly(operands)?;
                let sources = [self.source(a, scalar)?, self.source(b, scalar)?];
                self.compute(function_of, destination, sources)
            }
        }
    }

    fn with_carry(
        &mut self,
        name: &str,
        kind: IntegerKind,
        part: Option<Part>,
        writes: bool,
        operands: &[Operand],
    ) -> Understood<()> {
        let reads = name.ends_with('c');
        let function = match (name, part) {
            ("add" | "addc", None) => Carry::Add,
            ("sub" | "subc", None) => Carry::Sub,
            ("mad" | "madc", Some(Part::Low)) => Carry::MadLow,
            ("mad" | "madc", Some(Part::High)) => Carry::MadHigh,
            _ => return Err(NotUnderstood("the carry flag is not known here".into())),
        };
        let flag = self.carry();
        let carry = if reads { Source::Register(flag) } else { Source::ZERO };
        let scalar = NumberKind::Integer(kind);
        let Some((destination, values)) = operands.split_first() else {
            return Err(NotUnderstood("expected operands".into()));
        };
        let expected = if matches!(function, Carry::Add | Carry::Sub) { 2 } else { 3 };
        if values.len() != expected {
            return Err(NotUnderstood(format!("expected {} operands, found {}", expected + 1, operands.len())));
        }
        let mut sources = padded([Source::ZERO, Source::ZERO, Source::ZERO, carry]);
        for (source, operand) in sources.iter_mut().zip(values) {
            *source = self.source(operand, scalar)?;
        }
        let destinations = [self.destination(destination)?, writes.then_some(flag)];
        self.emit(Step::ComputePair { function: Function::Carry(function, kind), destinations, sources });
        Ok(())
    }

    /// Two 16-bit halves at once.
    fn halves(&mut self, name: &str, signed: bool, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        let relu = modifiers.has("relu");
        modifiers.finish()?;
        let function = match (name, relu) {
            ("add", false) => Integer::AddHalves,
            ("min", false) => Integer::MinHalves,
            ("max", false) => Integer::MaxHalves,
            ("min", true) if signed => Integer::MinHalvesRelu,
            ("max", true) if signed => Integer::MaxHalvesRelu,
            _ => return Err(NotUnderstood("not known on halves".into())),
        };
        self.integer_operands(function, IntegerKind { bits: 32, signed }, operands)
    }

    fn dot(&mut self, name: &str, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        let upper = match name {
            "dp2a" => modifiers.must("a half", &[("lo", false), ("hi", true)])?,
            _ => false,
        };
        let a = modifiers.integer()?;
        let b = modifiers.integer()?;
        modifiers.finish()?;
        let function = if name == "dp4a" { Integer::Dot4(b.signed) } else { Integer::Dot2(b.signed, upper) };
        let [destination, first, second, third] = self.exactly(operands)?;
        let sources = [self.word(first)?, self.word(second)?, self.word(third)?];
        self.compute(Function::Integer(function, a), destination, sources)
    }
}

fn integer(name: &str, part: Option<Part>, saturate: bool, relu: bool) -> Understood<Integer> {
    Ok(match (name, part, saturate, relu) {
        ("add", None, false, false) => Integer::Add,
        ("sub", None, false, false) => Integer::Sub,
        ("add", None, true, false) => Integer::AddSaturating,
        ("sub", None, true, false) => Integer::SubSaturating,
        ("mul", Some(Part::Low), false, false) => Integer::MulLow,
        ("mul", Some(Part::High), false, false) => Integer::MulHigh,
        ("mul", Some(Part::Wide), false, false) => Integer::MulWide,
        ("mad", Some(Part::Low), false, false) => Integer::MadLow,
        ("mad", Some(Part::High), false, false) => Integer::MadHigh,
        ("mad", Some(Part::High), true, false) => Integer::MadHighSaturating,
        ("mad", Some(Part::Wide), false, false) => Integer::MadWide,
        ("mul24", Some(Part::Low), false, false) => Integer::Mul24Low,
        ("mul24", Some(Part::High), false, false) => Integer::Mul24High,
        ("mad24", Some(Part::Low), false, false) => Integer::Mad24Low,
        ("mad24", Some(Part::High), false, false) => Integer::Mad24High,
        ("mad24", Some(Part::High), true, false) => Integer::Mad24HighSaturating,
        ("sad", None, false, false) => Integer::Sad,
        ("div", None, false, false) => Integer::Div,
        ("rem", None, false, false) => Integer::Rem,
        ("abs", None, false, false) => Integer::Abs,
        ("neg", None, false, false) => Integer::Neg,
        ("min", None, false, false) => Integer::Min,
        ("max", None, false, false) => Integer::Max,
        ("min", None, false, true) => Integer::MinRelu,
        ("max", None, false, true) => Integer::MaxRelu,
        _ => return Err(NotUnderstood("this combination of modifiers is not known".into())),
    })
}
