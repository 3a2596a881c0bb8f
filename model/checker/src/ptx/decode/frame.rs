//! The names of one function while it is decoded: registers, labels, variables.

use super::modifiers::bits_of;
use super::{Decoder, NotUnderstood, Understood};
use crate::ptx::code::{Pc, Register};
use crate::ptx::syntax::{Body, Registers};
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// One expansion of a function.
#[derive(Default)]
pub(super) struct Frame<'m> {
    /// Declarations, and registers that have been named so far.
    pub(super) body: Option<&'m Body>,
    /// Declared register names, and prefixes of numbered ones.
    pub(super) declared: FxHashMap<&'m str, &'m Registers>,
    /// Registers by name.
    pub(super) registers: FxHashMap<String, Named>,
    /// Variables of the function, and its parameters.
    pub(super) symbols: FxHashMap<&'m str, Symbol>,
    /// Labels met so far.
    pub(super) labels: FxHashMap<&'m str, Pc>,
    /// Branches whose targets are to be filled in: instruction, index into its table, label.
    pub(super) fixups: Vec<(Pc, u32, Rc<str>)>,
    /// Origin of the call; `None` for the kernel itself.
    pub(super) call: Option<u32>,
    /// Branches to what follows the call.
    pub(super) returns: Vec<Pc>,
    /// Whether `ld.param` means the kernel's parameters.
    pub(super) is_entry: bool,
}

/// A register with its width.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named {
    /// Its first slot.
    pub(super) slot: Register,
    /// Bits of it, or of each element; 1 for predicates.
    pub(super) bits: u32,
}

/// What a variable's name stands for: where it lies.
#[derive(Clone, Debug)]
pub(super) enum Symbol {
    /// Offset in the block's shared memory.
    Shared(u64),
    /// Offset in the thread's own memory.
    Local(u64),
    /// Offset in constant memory.
    Constant(u64),
    /// Offset in the kernel's parameters.
    Parameter(u64),
    /// Index of a `.global` variable.
    Global(u32),
    /// A parameter that is a register.
    Register(Named),
    /// Cannot be used, and why.
    Broken(Rc<str>),
}

impl Decoder<'_> {
    /// The register of a name, which comes to life when it is first named.
    pub(super) fn register(&mut self, name: &str) -> Understood<Named> {
        if let Some(named) = self.frame.registers.get(name) {
            return Ok(*named);
        }
        if let Some(Symbol::Register(named)) = self.frame.symbols.get(name) {
            return Ok(*named);
        }
        let declared =
            self.declaration(name).ok_or_else(|| NotUnderstood(format!("no register is called `{name}`")))?;
        let bits = bits_of(&declared.kind.0)
            .ok_or_else(|| NotUnderstood(format!("registers of type `.{}` are not modelled", declared.kind.0)))?;
        let slots = if bits == 128 { 2 } else { 1 } * declared.vector.max(1);
        let named = Named { slot: self.fresh(slots), bits: bits as u32 };
        self.frame.registers.insert(name.to_string(), named);
        Ok(named)
    }

    /// New slots, one after another.
    pub(super) fn fresh(&mut self, count: u32) -> Register {
        let slot = Register(self.code.registers);
        self.code.registers += count;
        slot
    }

    /// The register that says whether a group of asynchronous copies has begun.
    pub(super) fn group(&mut self) -> Register {
        let group = self.group.unwrap_or_else(|| self.fresh(1));
        *self.group.insert(group)
    }

    /// The slot of the carry flag.
    pub(super) fn carry(&mut self) -> Register {
        let carry = self.carry.unwrap_or_else(|| self.fresh(1));
        *self.carry.insert(carry)
    }

    /// `%r7` is declared by its own name, or as one of `%r<N>`.
    fn declaration(&self, name: &str) -> Option<&Registers> {
        if let Some(declared) = self.frame.declared.get(name).filter(|declared| declared.count.is_none()) {
            return Some(declared);
        }
        let prefix = name.trim_end_matches(|character: char| character.is_ascii_digit());
        // A prefix may itself end in digits: `%a1<4>` declares `%a13`.
        (prefix.len()..name.len()).find_map(|length| {
            let (prefix, number) = (name.get(..length)?, name.get(length..)?);
            let declared = self.frame.declared.get(prefix)?;
            let canonical = number == "0" || !number.starts_with('0');
            let number: u32 = number.parse().ok()?;
            (canonical && declared.count.is_some_and(|count| number < count)).then_some(*declared)
        })
    }
}
