//! What ends a spin loop, in words, for reports: where the word read is compared at once and the outcome decides a branch.

use super::run::value;
use super::thread::PtxThread;
use crate::ptx::arithmetic::evaluate;
use crate::ptx::code::function::{Function, Test};
use crate::ptx::code::{Code, Instruction, Pc, Register, Source, Step};
use rustc_hash::FxHashSet;

/// What ends the loop, where the word read is compared at once and the outcome decides a branch: `>= 3`.
pub(super) fn described(code: &Code, thread: &PtxThread, poll: Pc) -> Option<String> {
    let step = code.instructions.get(poll as usize)?;
    let word = step.defines().first().copied()?;
    let mut registers = Known { values: thread.registers.clone(), unknown: step.defines().iter().copied().collect() };
    let mut compared: Option<(Register, Test, Option<u64>, bool)> = None;
    for instruction in code.instructions.iter().skip(poll as usize + 1).take(16) {
        match (&instruction.step, compared) {
            (Step::Compute { function: Function::Compare(compare), destination, sources: [a, b, ..] }, None)
                if compare.combine.is_none() =>
            {
                let is_word = |source: &Source| source.register() == Some(word);
                if is_word(a) {
                    compared = Some((*destination, compare.test, registers.get(*b), false));
                } else if is_word(b) {
                    compared = Some((*destination, compare.test, registers.get(*a), true));
                }
            }
            (Step::Branch { target }, Some((predicate, test, with, swapped))) => {
                let guard = instruction.guard.filter(|guard| guard.register == predicate)?;
                let back = *target <= poll;
                // The branch back is taken while the loop goes on; a branch out, when it ends.
                let ends_when = guard.negated == back;
                return words(test, swapped, ends_when, with?);
            }
            _ => {}
        }
        registers.pass(instruction);
    }
    None
}

/// Registers of a thread on its way, as far as they do not depend on what is read there.
struct Known {
    values: Box<[u64]>,
    unknown: FxHashSet<Register>,
}

impl Known {
    fn get(&self, source: Source) -> Option<u64> {
        let known = source.register().is_none_or(|register| !self.unknown.contains(&register));
        known.then(|| value(&self.values, source))
    }

    fn pass(&mut self, instruction: &Instruction) {
        let result = match &instruction.step {
            Step::Compute { function, destination, sources } if instruction.always() => {
                let operands = sources.map(|source| self.get(source));
                let all = operands.iter().all(Option::is_some);
                all.then(|| (*destination, evaluate(*function, operands.map(Option::unwrap_or_default))))
            }
            _ => None,
        };
        self.unknown.extend(instruction.defines());
        if let Some((destination, result)) = result {
            self.values[destination.0 as usize] = result;
            self.unknown.remove(&destination);
        }
    }
}

fn words(test: Test, swapped: bool, ends_when: bool, with: u64) -> Option<String> {
    let test = if swapped { mirrored(test)? } else { test };
    let test = if ends_when { test } else { opposite(test)? };
    let symbol = match test {
        Test::Equal => "==",
        Test::NotEqual => "!=",
        Test::Less => "<",
        Test::LessEqual => "<=",
        Test::Greater => ">",
        Test::GreaterEqual => ">=",
        _ => return None,
    };
    Some(format!("{symbol} {with}"))
}

const fn mirrored(test: Test) -> Option<Test> {
    match test {
        Test::Equal | Test::NotEqual => Some(test),
        Test::Less => Some(Test::Greater),
        Test::LessEqual => Some(Test::GreaterEqual),
        Test::Greater => Some(Test::Less),
        Test::GreaterEqual => Some(Test::LessEqual),
        _ => None,
    }
}

const fn opposite(test: Test) -> Option<Test> {
    match test {
        Test::Equal => Some(Test::NotEqual),
        Test::NotEqual => Some(Test::Equal),
        Test::Less => Some(Test::GreaterEqual),
        Test::LessEqual => Some(Test::Greater),
        Test::Greater => Some(Test::LessEqual),
        Test::GreaterEqual => Some(Test::Less),
        _ => None,
    }
}
