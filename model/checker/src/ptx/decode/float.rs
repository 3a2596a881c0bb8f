//! Floating point instructions.

use super::modifiers::Modifiers;
use super::{Decoder, NotUnderstood, Understood};
use crate::ptx::code::Source;
use crate::ptx::code::function::{Class, Extreme, Float, FloatOperation, Function};
use crate::ptx::code::kind::{FloatKind, NumberKind, Rounding};
use crate::ptx::syntax::Operand;

/// Said of instructions whose result hardware only approximates.
const APPROXIMATE: &str = "an approximate floating point instruction is taken as correctly rounded";

impl Decoder<'_> {
    /// Instructions that exist on floats alone.
    pub(super) fn float(&mut self, name: &str, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        if name == "testp" {
            return self.testp(modifiers, operands);
        }
        match modifiers.kind()? {
            NumberKind::Float(kind) => self.float_of(name, kind, modifiers, operands),
            NumberKind::Integer(_) => Err(NotUnderstood("expected a floating point type".into())),
        }
    }

    /// An instruction on floats of a kind.
    pub(super) fn float_of(
        &mut self,
        name: &str,
        kind: FloatKind,
        mut modifiers: Modifiers,
        operands: &[Operand],
    ) -> Understood<()> {
        let approximate = modifiers.has("approx") || modifiers.has("full");
        let rounding = modifiers.rounding();
        let flush = modifiers.has("ftz");
        let saturate = modifiers.has("sat");
        let relu = modifiers.has("relu");
        let extreme =
            Extreme { nan: modifiers.has("NaN"), xorsign_abs: modifiers.has("xorsign") && modifiers.has("abs") };
        modifiers.finish()?;
        let operation = operation(name, extreme)?;
        let extremes = matches!(operation, FloatOperation::Min(_) | FloatOperation::Max(_));
        if extreme != Extreme::default() && !extremes {
            return Err(NotUnderstood("`.NaN` and `.xorsign.abs` belong to min and max".into()));
        }
        check_rounding(operation, kind, rounding, approximate)?;
        let rounding = rounding.unwrap_or_default();
        let float = Function::Float(Float { operation, kind, rounding, flush, saturate, relu });
        let number = NumberKind::Float(kind);
        if approximate {
            self.remark(APPROXIMATE);
        }
        match operation {
            FloatOperation::Fma => {
                let [destination, a, b, c] = self.exactly(operands)?;
                let sources = [self.source(a, number)?, self.source(b, number)?, self.source(c, number)?];
                self.compute(float, destination, sources)
            }
            FloatOperation::Add
            | FloatOperation::Sub
            | FloatOperation::Mul
            | FloatOperation::Div
            | FloatOperation::Min(_)
            | FloatOperation::Max(_)
            | FloatOperation::CopySign => self.binary(float, extremes && !extreme.xorsign_abs, number, operands),
            _ => {
                let [destination, a] = self.exactly(operands)?;
                let source = self.source(a, number)?;
                self.compute(float, destination, [source])
            }
        }
    }

    /// Two operands; `min` and `max` may have three.
    fn binary(&mut self, function: Function, chained: bool, kind: NumberKind, operands: &[Operand]) -> Understood<()> {
        if let (true, [destination, a, b, c]) = (chained, operands) {
            let sources = [self.source(a, kind)?, self.source(b, kind)?];
            let third = self.source(c, kind)?;
            let first = self.fresh(1);
            self.compute_into(function, first, sources);
            return self.compute(function, destination, [Source::Register(first), third]);
        }
        let [destination, a, b] = self.exactly(operands)?;
        let sources = [self.source(a, kind)?, self.source(b, kind)?];
        self.compute(function, destination, sources)
    }

    fn testp(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        let class = modifiers.must(
            "a class",
            &[
                ("finite", Class::Finite),
                ("infinite", Class::Infinite),
                ("number", Class::Number),
                ("notanumber", Class::NotANumber),
                ("normal", Class::Normal),
                ("subnormal", Class::Subnormal),
            ],
        )?;
        let kind = modifiers.kind()?;
        modifiers.finish()?;
        let NumberKind::Float(float_kind) = kind else {
            return Err(NotUnderstood("expected a floating point type".into()));
        };
        let [destination, a] = self.exactly(operands)?;
        let source = self.source(a, kind)?;
        let float = Float {
            operation: FloatOperation::Testp(class),
            kind: float_kind,
            rounding: Rounding::Nearest,
            flush: false,
            saturate: false,
            relu: false,
        };
        self.compute(Function::Float(float), destination, [source])
    }
}

fn operation(name: &str, extreme: Extreme) -> Understood<FloatOperation> {
    Ok(match name {
        "add" => FloatOperation::Add,
        "sub" => FloatOperation::Sub,
        "mul" => FloatOperation::Mul,
        "fma" | "mad" => FloatOperation::Fma,
        "div" => FloatOperation::Div,
        "rcp" => FloatOperation::Rcp,
        "sqrt" => FloatOperation::Sqrt,
        "rsqrt" => FloatOperation::Rsqrt,
        "sin" => FloatOperation::Sin,
        "cos" => FloatOperation::Cos,
        "lg2" => FloatOperation::Lg2,
        "ex2" => FloatOperation::Ex2,
        "tanh" => FloatOperation::Tanh,
        "min" => FloatOperation::Min(extreme),
        "max" => FloatOperation::Max(extreme),
        "abs" => FloatOperation::Abs,
        "neg" => FloatOperation::Neg,
        "copysign" => FloatOperation::CopySign,
        _ => return Err(NotUnderstood("not known on floating point numbers".into())),
    })
}

/// Instructions that must say how they round, and those that may not.
fn check_rounding(
    operation: FloatOperation,
    kind: FloatKind,
    rounding: Option<Rounding>,
    approximate: bool,
) -> Understood<()> {
    let exact =
        matches!(operation, FloatOperation::Fma | FloatOperation::Div | FloatOperation::Rcp | FloatOperation::Sqrt);
    let narrow = matches!(kind, FloatKind::F16 | FloatKind::F16x2 | FloatKind::BF16 | FloatKind::BF16x2);
    if narrow && rounding.is_some_and(|rounding| rounding != Rounding::Nearest) {
        return Err(NotUnderstood("16-bit floats are rounded to nearest only".into()));
    }
    match (exact, rounding, approximate) {
        (true, None, false) => Err(NotUnderstood("expected how to round: one of .rn .rz .rm .rp".into())),
        (_, Some(_), true) => Err(NotUnderstood("an approximation does not round".into())),
        _ => Ok(()),
    }
}
