//! Conversions: `cvt` between integers and floats, and of two f32 to a pair of 16-bit floats. Not decoded: 8-bit and
//! smaller floats, tf32, stochastic rounding, `.satfinite`.

use super::modifiers::Modifiers;
use super::{Decoder, NotUnderstood, Understood};
use crate::ptx::code::function::{Convert, Function};
use crate::ptx::code::kind::{FloatKind, NumberKind, Rounding};
use crate::ptx::syntax::Operand;

const INTEGRAL: [(&str, Rounding); 4] =
    [("rni", Rounding::Nearest), ("rzi", Rounding::Zero), ("rmi", Rounding::Down), ("rpi", Rounding::Up)];

impl Decoder<'_> {
    pub(super) fn convert(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        let integral = modifiers.one_of(&INTEGRAL);
        let rounding = modifiers.rounding();
        let flush = modifiers.has("ftz");
        let saturate = modifiers.has("sat");
        let relu = modifiers.has("relu");
        let to = modifiers.kind()?;
        let from = modifiers.kind()?;
        modifiers.finish()?;
        let is_float = |kind| matches!(kind, NumberKind::Float(_));
        if integral.is_none() && is_float(from) && !is_float(to) {
            return Err(NotUnderstood("expected how to round: one of .rni .rzi .rmi .rpi".into()));
        }
        let conversion = Convert {
            from,
            to,
            rounding: integral.or(rounding).unwrap_or_default(),
            integral: integral.is_some(),
            flush,
            saturate,
            relu,
            register_bits: 0,
        };
        if let NumberKind::Float(FloatKind::F16x2 | FloatKind::BF16x2) = to {
            return self.convert_pair(conversion, operands);
        }
        if [to, from].into_iter().any(|kind| matches!(kind, NumberKind::Float(kind) if kind.halves().is_some())) {
            return Err(NotUnderstood("this conversion of pairs is not modelled".into()));
        }
        let [destination, a] = self.exactly(operands)?;
        let register_bits = self.destination_bits(destination)?;
        let source = self.source(a, from)?;
        self.compute(Function::Convert(Convert { register_bits, ..conversion }), destination, [source])
    }

    /// Two f32 to a pair of 16-bit floats.
    fn convert_pair(&mut self, conversion: Convert, operands: &[Operand]) -> Understood<()> {
        let NumberKind::Float(FloatKind::F32) = conversion.from else {
            return Err(NotUnderstood("pairs are converted from .f32 only".into()));
        };
        let element = match conversion.to {
            NumberKind::Float(kind) => kind.halves().map_or(kind, |(element, _)| element),
            NumberKind::Integer(_) => return Err(NotUnderstood("expected a pair of floats".into())),
        };
        let [destination, a, b] = self.exactly(operands)?;
        let sources = [self.source(a, conversion.from)?, self.source(b, conversion.from)?];
        let conversion = Convert { to: NumberKind::Float(element), ..conversion };
        self.compute(Function::ConvertPair(conversion), destination, sources)
    }
}
