//! Which registers are read later.

use super::test::{AtomicOperation, Instruction, Operand, Register};
use std::collections::BTreeSet;

/// For each instruction, and for the end, the registers that are read from there on; `asked` are read at the end.
pub(crate) fn live_registers<S>(
    instructions: &[(Instruction, S)],
    asked: BTreeSet<Register>,
) -> Vec<BTreeSet<Register>> {
    let mut live = vec![BTreeSet::new(); instructions.len()];
    live.push(asked);
    loop {
        let mut changed = false;
        for (at, (instruction, _)) in instructions.iter().enumerate().rev() {
            let mut here: BTreeSet<Register> = match instruction {
                Instruction::Goto(target) => live[*target].clone(),
                Instruction::Branch(.., target) => live[at + 1].union(&live[*target]).copied().collect(),
                _ => live[at + 1].clone(),
            };
            if let Some(written) = written(instruction) {
                here.remove(&written);
            }
            here.extend(read(instruction));
            changed |= here != live[at];
            live[at] = here;
        }
        if !changed {
            return live;
        }
    }
}

fn written(instruction: &Instruction) -> Option<Register> {
    match instruction {
        Instruction::Load(_, register) | Instruction::Move(register, _) | Instruction::Compute(_, register, ..) => {
            Some(*register)
        }
        Instruction::Atomic(_, _, register) => *register,
        _ => None,
    }
}

fn read(instruction: &Instruction) -> impl Iterator<Item = Register> {
    let zero = Operand::Constant(0);
    let operands: [Operand; 2] = match instruction {
        Instruction::Store(_, value) | Instruction::Move(_, value) => [*value, zero],
        Instruction::Atomic(_, AtomicOperation::Apply(_, value) | AtomicOperation::Exchange(value), _) => {
            [*value, zero]
        }
        Instruction::Atomic(_, AtomicOperation::CompareAndSwap(expected, new), _) => [*expected, *new],
        Instruction::Barrier { resource, quorum, .. } => [*resource, quorum.unwrap_or(zero)],
        Instruction::Compute(_, _, left, right) | Instruction::Branch(_, left, right, _) => [*left, *right],
        _ => [zero, zero],
    };
    operands.into_iter().filter_map(|operand| match operand {
        Operand::Register(register) => Some(register),
        Operand::Constant(_) => None,
    })
}
