//! Where values come from: the reads in a register's chain of definitions.
//!
//! Decision: all definitions of a register count, wherever they stand, so the chain may be too long, never too short
//! but for what passes through memory. Only words of a report rest on it (which branch depends on data, whether a word
//! that is waited for is data), no verdict.

use crate::ptx::code::{Code, Pc, Register, Step};
use std::collections::BTreeSet;

/// The definitions of every register.
#[derive(Debug)]
pub struct Chains<'c> {
    code: &'c Code,
    definitions: Vec<Vec<Pc>>,
}

impl<'c> Chains<'c> {
    /// Of all code.
    pub fn of(code: &'c Code) -> Self {
        let mut definitions = vec![Vec::new(); code.registers as usize];
        for (pc, instruction) in code.instructions.iter().enumerate() {
            for register in instruction.defines() {
                definitions[register.0 as usize].push(pc as Pc);
            }
        }
        Chains { code, definitions }
    }

    /// Loads and atomics whose values may be computed into one of these registers.
    pub fn reads(&self, registers: impl IntoIterator<Item = Register>) -> BTreeSet<Pc> {
        let mut reads = BTreeSet::new();
        let mut open: Vec<Register> = registers.into_iter().collect();
        let mut known: BTreeSet<Register> = open.iter().copied().collect();
        while let Some(register) = open.pop() {
            for pc in &self.definitions[register.0 as usize] {
                let instruction = self.code.instruction(*pc);
                if matches!(instruction.step, Step::Load { .. } | Step::Atomic { .. }) {
                    reads.insert(*pc);
                    continue;
                }
                open.extend(instruction.step.sources().into_iter().filter_map(|source| {
                    let source = source.register()?;
                    known.insert(source).then_some(source)
                }));
            }
        }
        reads
    }

    /// Reads whose values may be stored, by instructions that `of` accepts.
    pub fn stored(&self, of: impl Fn(&Step) -> bool) -> BTreeSet<Pc> {
        let steps = self.code.instructions.iter().map(|instruction| &instruction.step);
        let values = steps.filter(|step| of(step)).flat_map(|step| match step {
            Step::Store { sources, .. } => sources.to_vec(),
            Step::Atomic { operand, expected, .. } => vec![*operand, *expected],
            _ => Vec::new(),
        });
        self.reads(values.filter_map(|source| source.register()))
    }
}
