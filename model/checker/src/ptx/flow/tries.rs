//! Registers that count the tries of a spin loop: `if (++tries > limit) trap`.
//!
//! Decision: such registers are only moved on by fixed amounts, put back to fixed values, and compared with fixed values,
//! where fixed is what the loop does not change; behind the loop they are at most compared, or stored. They may hold any
//! number when the loop ends, so a round that differs from another in nothing else is the same round. As clocks stand
//! still, so do they: no limit on tries ever strikes (an assumption that is printed). Not modelled: counters that are
//! shifted or multiplied, but those that nobody looks at are not live.

use crate::ptx::code::function::{Bits, Function, Integer};
use crate::ptx::code::{Code, Effect, Instruction, Pc, Register, Source, Step};
use rustc_hash::FxHashSet;

/// The counters of a loop's tries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tries {
    /// The registers, in order.
    pub(super) registers: Vec<Register>,
    /// The instructions that move them on.
    pub(super) links: Vec<Pc>,
}

/// Those of a loop, given its instructions.
pub(super) fn tries(code: &Code, members: &[Pc]) -> Tries {
    let written: FxHashSet<Register> = members.iter().flat_map(|pc| code.instruction(*pc).defines()).collect();
    let mut counters = written.clone();
    // Less those that something else is done with, until none is left.
    loop {
        let compared = outcomes(code, members, &counters, &written);
        let refused: Vec<Register> = counters
            .iter()
            .copied()
            .filter(|register| !is_counter(code, members, *register, &counters, &written, &compared))
            .collect();
        if refused.is_empty() {
            break;
        }
        refused.iter().for_each(|register| {
            counters.remove(register);
        });
    }
    let inside: FxHashSet<Pc> = members.iter().copied().collect();
    let stray = |register: &Register| is_used_elsewhere(code, &inside, *register);
    if counters.iter().any(stray) {
        counters.clear();
    }
    let moves = |pc: &Pc| {
        let instruction = code.instruction(*pc);
        is_addition(instruction) && instruction.defines().iter().any(|register| counters.contains(register))
    };
    let links: Vec<Pc> = members.iter().copied().filter(moves).collect();
    if links.is_empty() {
        return Tries::default();
    }
    let mut registers: Vec<Register> = counters.into_iter().collect();
    registers.sort_unstable();
    Tries { registers, links }
}

fn is_addition(instruction: &Instruction) -> bool {
    matches!(&instruction.step, Step::Compute { function: Function::Integer(Integer::Add | Integer::Sub, _), .. })
}

/// Predicates that say how a counter compares, and what is made of them.
fn outcomes(
    code: &Code,
    members: &[Pc],
    counters: &FxHashSet<Register>,
    written: &FxHashSet<Register>,
) -> FxHashSet<Register> {
    let mut found: FxHashSet<Register> = FxHashSet::default();
    loop {
        let before = found.len();
        for pc in members {
            let instruction = code.instruction(*pc);
            if compares(instruction, counters, written) || combines(instruction, &found) {
                found.extend(instruction.defines());
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// Whether it compares a counter with something fixed, or with another counter.
fn compares(instruction: &Instruction, counters: &FxHashSet<Register>, written: &FxHashSet<Register>) -> bool {
    let (Step::Compute { function: Function::Compare(_), sources, .. }
    | Step::ComputePair { function: Function::Compare(_), sources, .. }) = &instruction.step
    else {
        return false;
    };
    let [a, b, ..] = sources;
    let counts = |source: &Source| source.register().is_some_and(|register| counters.contains(&register));
    let fixed = |source: &Source| source.register().is_none_or(|register| !written.contains(&register));
    counts(a) && (fixed(b) || counts(b)) || fixed(a) && counts(b)
}

/// Whether it makes a predicate of predicates.
fn combines(instruction: &Instruction, found: &FxHashSet<Register>) -> bool {
    let logical = match &instruction.step {
        Step::Compute { function: Function::Compare(_), sources, .. }
        | Step::ComputePair { function: Function::Compare(_), sources, .. } => {
            return sources[2].register().is_some_and(|register| found.contains(&register));
        }
        Step::Compute { function: Function::Bits(bits, _), .. } => {
            matches!(bits, Bits::And | Bits::Or | Bits::Xor | Bits::Not | Bits::LogicalNot)
        }
        _ => false,
    };
    logical && instruction.uses().iter().any(|register| found.contains(register))
}

/// Whether nothing is done with a register in the loop but counting and comparing.
fn is_counter(
    code: &Code,
    members: &[Pc],
    register: Register,
    counters: &FxHashSet<Register>,
    written: &FxHashSet<Register>,
    compared: &FxHashSet<Register>,
) -> bool {
    let counts = |register: &Register| counters.contains(register);
    let fixed = |source: &Source| source.register().is_none_or(|source| counts(&source) || !written.contains(&source));
    members.iter().all(|pc| {
        let instruction = code.instruction(*pc);
        if instruction.defines().contains(&register) {
            let Step::Compute { function, sources: [a, b, ..], .. } = &instruction.step else { return false };
            let moves = match function {
                Function::Move => fixed(a),
                Function::Integer(Integer::Add | Integer::Sub, _) | Function::Select => fixed(a) && fixed(b),
                _ => false,
            };
            if !moves {
                return false;
            }
        }
        let uses = instruction.step.sources().iter().any(|source| source.register() == Some(register));
        if uses {
            let passes = matches!(instruction.step, Step::Compute { .. }) && instruction.defines().iter().all(counts);
            if !passes && !compares(instruction, counters, written) {
                return false;
            }
        }
        // How it compares decides where the thread goes, and what is counted; nothing else.
        let told = instruction.uses().into_iter().any(|used| compared.contains(&used));
        if !told || !compared_from(code, members, register, compared) {
            return true;
        }
        let decides = matches!(instruction.step, Step::Branch { .. }) || instruction.effect() == Effect::End;
        decides
            || combines(instruction, compared)
            || matches!(instruction.step, Step::Nothing)
            || !instruction.defines().is_empty() && instruction.defines().iter().all(counts)
    })
}

/// Whether some comparison of a register is among these predicates.
fn compared_from(code: &Code, members: &[Pc], register: Register, compared: &FxHashSet<Register>) -> bool {
    members.iter().any(|pc| {
        let instruction = code.instruction(*pc);
        let uses = instruction.step.sources().iter().any(|source| source.register() == Some(register));
        uses && instruction.defines().iter().any(|defined| compared.contains(defined))
    })
}

/// Whether a register is used outside the loop for more than to be compared, stored, or begun with.
fn is_used_elsewhere(code: &Code, inside: &FxHashSet<Pc>, register: Register) -> bool {
    let outside = (0..code.instructions.len() as Pc).filter(|pc| !inside.contains(pc));
    let mut copies: FxHashSet<Register> = FxHashSet::from_iter([register]);
    for pc in outside.clone() {
        let instruction = code.instruction(pc);
        let copies_it = match &instruction.step {
            Step::Compute { function: Function::Move | Function::Convert(_), sources, .. } => {
                sources[0].register() == Some(register)
            }
            _ => false,
        };
        if copies_it {
            copies.extend(instruction.defines());
        }
    }
    outside.into_iter().any(|pc| {
        let instruction = code.instruction(pc);
        let used = instruction.uses().iter().any(|used| copies.contains(used));
        let is_address = |address: &crate::ptx::code::step::Address| match address.base {
            crate::ptx::code::step::Base::Value(source) => source.register().is_some_and(|base| copies.contains(&base)),
            crate::ptx::code::step::Base::Variable(_) => false,
        };
        used && match &instruction.step {
            Step::Compute { function: Function::Move | Function::Convert(_) | Function::Compare(_), .. } => false,
            Step::ComputePair { function: Function::Compare(_), .. } => false,
            Step::Store { address, .. } => is_address(address),
            Step::Nothing => false,
            _ => true,
        }
    })
}
