//! The modifiers of an instruction, taken one by one; what is left over is not understood.

use super::NotUnderstood;
use crate::ptx::code::kind::{FloatKind, IntegerKind, NumberKind, Rounding};

/// Modifiers not yet accounted for.
pub(super) struct Modifiers<'a> {
    left: Vec<&'a str>,
}

impl<'a> Modifiers<'a> {
    /// All modifiers of an instruction.
    pub(super) fn of(modifiers: &'a [String]) -> Self {
        Self { left: modifiers.iter().map(String::as_str).collect() }
    }

    /// Takes a modifier, if it is there.
    pub(super) fn has(&mut self, name: &str) -> bool {
        let found = self.left.iter().position(|modifier| *modifier == name);
        if let Some(index) = found {
            self.left.remove(index);
        }
        found.is_some()
    }

    /// Takes the first modifier that a table lists.
    pub(super) fn one_of<T: Copy>(&mut self, table: &[(&str, T)]) -> Option<T> {
        let listed = |modifier: &&str| table.iter().find(|(name, _)| name == modifier).map(|(_, value)| *value);
        let (index, value) = self.left.iter().enumerate().find_map(|(index, name)| Some((index, listed(name)?)))?;
        self.left.remove(index);
        Some(value)
    }

    /// The same, where one must be there.
    pub(super) fn must<T: Copy>(&mut self, what: &str, table: &[(&str, T)]) -> Result<T, NotUnderstood> {
        self.one_of(table).ok_or_else(|| {
            let names: Vec<String> = table.iter().map(|(name, _)| format!(".{name}")).collect();
            NotUnderstood(format!("expected {what}: one of {}", names.join(" ")))
        })
    }

    /// Takes modifiers that only advise a cache.
    pub(super) fn drop_cache_hints(&mut self) {
        const ADVICE: [&str; 8] = ["ca", "cg", "cs", "lu", "cv", "wb", "wt", "unified"];
        self.left.retain(|modifier| {
            let level = modifier.starts_with("L1::") || modifier.starts_with("L2::") || modifier.starts_with("level::");
            !ADVICE.contains(modifier) && (!level || *modifier == "L2::cache_hint")
        });
    }

    /// Takes the first type.
    pub(super) fn kind(&mut self) -> Result<NumberKind, NotUnderstood> {
        let found = self.left.iter().enumerate().find_map(|(index, name)| Some((index, number_kind(name)?)));
        let (index, kind) =
            found.ok_or_else(|| NotUnderstood("expected a type: one of .u32 .s32 .b32 .f32 …".into()))?;
        self.left.remove(index);
        Ok(kind)
    }

    /// Takes the first type, which must be an integer's.
    pub(super) fn integer(&mut self) -> Result<IntegerKind, NotUnderstood> {
        match self.kind()? {
            NumberKind::Integer(kind) => Ok(kind),
            NumberKind::Float(_) => Err(NotUnderstood("expected an integer type".into())),
        }
    }

    /// Takes a rounding direction.
    pub(super) fn rounding(&mut self) -> Option<Rounding> {
        self.one_of(&[("rn", Rounding::Nearest), ("rz", Rounding::Zero), ("rm", Rounding::Down), ("rp", Rounding::Up)])
    }

    /// Takes the length of a vector; 1 without.
    pub(super) fn vector(&mut self) -> usize {
        self.one_of(&[("v2", 2), ("v4", 4), ("v8", 8)]).unwrap_or(1)
    }

    /// Nothing may be left.
    pub(super) fn finish(self) -> Result<(), NotUnderstood> {
        match self.left.first() {
            None => Ok(()),
            Some(modifier) => Err(NotUnderstood(format!("the modifier `.{modifier}` is not known here"))),
        }
    }
}

/// The type that a modifier names. Bits are unsigned integers.
pub(super) fn number_kind(name: &str) -> Option<NumberKind> {
    let float = match name {
        "f16" => Some(FloatKind::F16),
        "f16x2" => Some(FloatKind::F16x2),
        "bf16" => Some(FloatKind::BF16),
        "bf16x2" => Some(FloatKind::BF16x2),
        "f32" => Some(FloatKind::F32),
        "f32x2" => Some(FloatKind::F32x2),
        "f64" => Some(FloatKind::F64),
        _ => None,
    };
    if let Some(kind) = float {
        return Some(NumberKind::Float(kind));
    }
    let bits = match name.get(1..)? {
        "8" => 8,
        "16" => 16,
        "32" => 32,
        "64" => 64,
        _ => return None,
    };
    match name.get(..1)? {
        "u" | "b" => Some(NumberKind::Integer(IntegerKind::unsigned(bits))),
        "s" => Some(NumberKind::Integer(IntegerKind::signed(bits))),
        _ => None,
    }
}

/// Bits of a register or variable of a type, by the type's name.
pub(super) fn bits_of(name: &str) -> Option<u64> {
    match name {
        "pred" => Some(1),
        "b128" => Some(128),
        _ => match number_kind(name)? {
            NumberKind::Integer(kind) => Some(u64::from(kind.bits)),
            NumberKind::Float(kind) => Some(u64::from(kind.bits())),
        },
    }
}
