//! Load buffering by other texts: a relaxed write that comes before what it need not wait for.
//!
//! The machine performs a thread's operations in their order, so a read never returns what is written only after it.
//! The axioms allow that between relaxed operations, because program order from one of them to a relaxed write of
//! another location orders nothing further: no pattern begins or ends there, and no axiom looks at such a pair. So the
//! test with the two exchanged has the same executions, and the machine finds on it those that it does not find on
//! the test itself. Decision: every text that comes of such exchanges is run. The road not taken, promises of writes to
//! come, needs a machine that takes them back.
//!
//! Where a write could be read early and cannot be moved there (a fence that reaches another thread, an acquire or a
//! branch lies between), the executions found are not all, and the answer is inconclusive unless there is a witness.

use super::support::{access, fills, operands};
use crate::litmus::{Access, AtomicOperation, Instruction, Operand, Register, Test};
use arverify_protocol::ir::Order;

/// Texts beyond which nothing is said.
const TEXTS: usize = 64;

/// The test itself first, then every text that comes of exchanges; none if they are too many.
pub(super) fn texts(test: &Test) -> Option<Vec<Test>> {
    let mut found = vec![test.clone()];
    let mut next = 0;
    while let Some(text) = found.get(next).cloned() {
        next += 1;
        for thread in 0..text.threads.len() {
            for at in 1..text.threads[thread].instructions.len() {
                if !may_come_before(&text, thread, at, at - 1) {
                    continue;
                }
                let mut other = text.clone();
                other.threads[thread].instructions.swap(at - 1, at);
                let known = |it: &Test| {
                    it.threads.iter().zip(&other.threads).all(|(one, two)| one.instructions == two.instructions)
                };
                if !found.iter().any(known) {
                    found.push(other);
                }
                if found.len() > TEXTS {
                    return None;
                }
            }
        }
    }
    Some(found)
}

/// Whether a write of a thread can be moved before an earlier read, past everything between.
pub(super) fn can_move(test: &Test, thread: usize, read: usize, write: usize) -> bool {
    read < write && (read..write).all(|between| may_come_before(test, thread, write, between))
}

/// Whether a relaxed write means the same before another instruction of its thread, apart from what lies between.
fn may_come_before(test: &Test, thread: usize, write: usize, other: usize) -> bool {
    let text = &test.threads[thread].instructions;
    let (moved, passed) = (&text[write].0, &text[other].0);
    let Some(written) = access(moved).filter(|_| !matches!(moved, Instruction::Load(..))) else { return false };
    if written.order != Order::Relaxed || is_entered(test, thread, other + 1..=write) {
        return false;
    }
    let independent = touched(moved).iter().all(|register| !fills(passed, *register))
        && touched(passed).iter().all(|register| !fills(moved, *register));
    let harmless = match passed {
        Instruction::Load(access, _) | Instruction::Store(access, _) | Instruction::Atomic(access, ..) => {
            is_plain(access) && access.location.physical != written.location.physical
        }
        Instruction::Move(..) | Instruction::Compute(..) => true,
        Instruction::Fence(fence) => {
            // Nobody is in its scope: it synchronises with nothing.
            let here = test.threads[thread].placement;
            let others = test.threads.iter().enumerate().filter(|(other, _)| *other != thread);
            others.into_iter().all(|(_, other)| !here.includes(fence.scope, other.placement))
        }
        _ => false,
    };
    harmless && independent
}

fn is_plain(access: &Access) -> bool {
    matches!(access.order, Order::Weak | Order::Relaxed)
}

/// Whether some jump leads into this part of a text.
fn is_entered(test: &Test, thread: usize, part: std::ops::RangeInclusive<usize>) -> bool {
    test.threads[thread].instructions.iter().any(|(it, _)| match it {
        Instruction::Goto(to) | Instruction::Branch(.., to) => part.contains(to),
        _ => false,
    })
}

/// The registers that an instruction reads or fills.
fn touched(instruction: &Instruction) -> Vec<Register> {
    let read = operands(instruction).into_iter().filter_map(|operand| match operand {
        Operand::Register(register) => Some(register),
        Operand::Constant(_) => None,
    });
    let filled = match instruction {
        Instruction::Load(_, register) | Instruction::Move(register, _) | Instruction::Compute(_, register, ..) => {
            Some(*register)
        }
        Instruction::Atomic(_, _, register) => *register,
        _ => None,
    };
    read.chain(filled).collect()
}

/// Whether what a write does depends on a read of its thread on every way there: by its value, or because a branch on
/// the way asked for what came of it. Dependencies are syntactic, as in the axioms.
pub(super) fn depends(test: &Test, thread: usize, read: usize, write: usize) -> bool {
    let text = &test.threads[thread].instructions;
    let Some(first) = filled_by(&text[read].0) else { return false };
    // For each place: what is tainted on every way there, or not come by yet.
    let mut known: Vec<Option<Taint>> = vec![None; text.len() + 1];
    let mut open = vec![(read + 1, Taint { registers: vec![first], control: false })];
    while let Some((at, taint)) = open.pop() {
        let Some(place) = known.get_mut(at) else { continue };
        let met = place.as_ref().map_or_else(|| taint.clone(), |before| before.meet(&taint));
        if place.as_ref() == Some(&met) {
            continue;
        }
        *place = Some(met.clone());
        let Some((instruction, _)) = text.get(at) else { continue };
        let after = met.after(instruction);
        match instruction {
            Instruction::Goto(to) => open.push((*to, after)),
            Instruction::Branch(.., to) => open.extend([(*to, after.clone()), (at + 1, after)]),
            _ => open.push((at + 1, after)),
        }
    }
    known[write].as_ref().is_some_and(|taint| {
        let value = match &text[write].0 {
            Instruction::Store(_, value) => taint.has(value),
            Instruction::Atomic(_, operation, _) => match operation {
                AtomicOperation::Exchange(value) | AtomicOperation::Apply(_, value) => taint.has(value),
                AtomicOperation::CompareAndSwap(expected, new) => taint.has(expected) || taint.has(new),
            },
            _ => false,
        };
        taint.control || value
    })
}

fn filled_by(instruction: &Instruction) -> Option<Register> {
    match instruction {
        Instruction::Load(_, register) => Some(*register),
        Instruction::Atomic(_, _, register) => *register,
        _ => None,
    }
}

/// What comes of a read.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Taint {
    registers: Vec<Register>,
    /// A branch asked for it.
    control: bool,
}

impl Taint {
    fn has(&self, operand: &Operand) -> bool {
        matches!(operand, Operand::Register(register) if self.registers.contains(register))
    }

    fn meet(&self, other: &Taint) -> Taint {
        let both = self.registers.iter().copied().filter(|register| other.registers.contains(register));
        Taint { registers: both.collect(), control: self.control && other.control }
    }

    fn after(mut self, instruction: &Instruction) -> Taint {
        let computed = match instruction {
            Instruction::Move(_, value) => self.has(value),
            Instruction::Compute(_, _, left, right) => self.has(left) || self.has(right),
            _ => false,
        };
        if let Instruction::Branch(_, left, right, _) = instruction {
            self.control |= self.has(left) || self.has(right);
        }
        let filled = match instruction {
            Instruction::Move(register, _) | Instruction::Compute(_, register, ..) => Some(*register),
            _ => filled_by(instruction),
        };
        self.registers.retain(|register| filled != Some(*register));
        self.registers.extend(filled.filter(|_| computed));
        self.registers.sort_unstable();
        self
    }
}
