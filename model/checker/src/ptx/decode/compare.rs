//! Comparison and selection: `setp`, `set`, `selp`, `slct`.

use super::modifiers::Modifiers;
use super::operands::padded;
use super::{Decoder, NotUnderstood, Understood};
use crate::ptx::code::Source;
use crate::ptx::code::function::{Combine, Compare, Function, SetResult, Test};
use crate::ptx::code::kind::{FloatKind, IntegerKind, NumberKind};
use crate::ptx::syntax::Operand;

const COMBINES: [(&str, Combine); 3] = [("and", Combine::And), ("or", Combine::Or), ("xor", Combine::Xor)];

/// Tests by name. `lo ls hi hs` are the unsigned ones.
const TESTS: [(&str, Test); 18] = [
    ("eq", Test::Equal),
    ("ne", Test::NotEqual),
    ("lt", Test::Less),
    ("le", Test::LessEqual),
    ("gt", Test::Greater),
    ("ge", Test::GreaterEqual),
    ("lo", Test::Less),
    ("ls", Test::LessEqual),
    ("hi", Test::Greater),
    ("hs", Test::GreaterEqual),
    ("equ", Test::EqualUnordered),
    ("neu", Test::NotEqualUnordered),
    ("ltu", Test::LessUnordered),
    ("leu", Test::LessEqualUnordered),
    ("gtu", Test::GreaterUnordered),
    ("geu", Test::GreaterEqualUnordered),
    ("num", Test::Numbers),
    ("nan", Test::NotNumbers),
];

impl Decoder<'_> {
    pub(super) fn compare(&mut self, name: &str, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        match name {
            "selp" => {
                let kind = modifiers.kind()?;
                modifiers.finish()?;
                let [destination, a, b, c] = self.exactly(operands)?;
                let sources = [self.source(a, kind)?, self.source(b, kind)?, self.predicate(c)?];
                self.compute(Function::Select, destination, sources)
            }
            "slct" => self.slct(modifiers, operands),
            "set" => self.set(modifiers, operands),
            _ => {
                let (compare, sources) = self.comparison(modifiers, operands)?;
                let Some(destination) = operands.first() else {
                    return Err(NotUnderstood("expected a predicate".into()));
                };
                self.compute_pair(Function::Compare(compare), destination, sources)
            }
        }
    }

    /// The test with its operands, which follow the destination.
    fn comparison(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<(Compare, [Source; 4])> {
        let test = modifiers.must("a comparison", &TESTS)?;
        let combine = modifiers.one_of(&COMBINES);
        let flush = modifiers.has("ftz");
        let kind = modifiers.kind()?;
        modifiers.finish()?;
        let sources = match combine {
            None => {
                let [_, a, b] = self.exactly(operands)?;
                padded([self.source(a, kind)?, self.source(b, kind)?])
            }
            Some(_) => {
                let [_, a, b, c] = self.exactly(operands)?;
                padded([self.source(a, kind)?, self.source(b, kind)?, self.predicate(c)?])
            }
        };
        let unordered = !matches!(
            test,
            Test::Equal | Test::NotEqual | Test::Less | Test::LessEqual | Test::Greater | Test::GreaterEqual
        );
        if unordered && matches!(kind, NumberKind::Integer(_)) {
            return Err(NotUnderstood("this comparison is for floats only".into()));
        }
        Ok((Compare { test, kind, flush, combine }, sources))
    }

    fn set(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        let to = modifiers.kind()?;
        let (compare, sources) = self.comparison(modifiers, operands)?;
        let halves = matches!(compare.kind, NumberKind::Float(kind) if kind.halves().is_some());
        let result = match to {
            NumberKind::Float(kind) => SetResult::One(kind),
            NumberKind::Integer(_) if halves => SetResult::OnesHalves,
            NumberKind::Integer(kind) => SetResult::Ones(kind.bits),
        };
        let Some(destination) = operands.first() else {
            return Err(NotUnderstood("expected a register".into()));
        };
        self.compute(Function::CompareSet(compare, result), destination, sources)
    }

    fn slct(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        let flush = modifiers.has("ftz");
        let kind = modifiers.kind()?;
        let by = modifiers.kind()?;
        modifiers.finish()?;
        let [destination, a, b, c] = self.exactly(operands)?;
        let sources = [self.source(a, kind)?, self.source(b, kind)?, self.source(c, by)?];
        let function = match by {
            NumberKind::Float(FloatKind::F32) => Function::SelectFloat { flush },
            NumberKind::Integer(by) if by == IntegerKind::signed(32) => Function::SelectSigned,
            _ => return Err(NotUnderstood("the selecting operand is .s32 or .f32".into())),
        };
        self.compute(function, destination, sources)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ptx::decode::modifiers::number_kind;

    #[test]
    fn no_test_is_a_type() {
        assert!(TESTS.iter().all(|(name, _)| number_kind(name).is_none()));
    }
}
