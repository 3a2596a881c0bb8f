//! What ends a spin loop, in words, for reports: where the word read is compared at once and the outcome decides a branch.

use super::run::value;
use super::thread::PtxThread;
use crate::ptx::code::function::{Compare, Function, Test};
use crate::ptx::code::{Code, Pc, Register, Source, Step};

/// What ends the loop, where the word read is compared at once and the outcome decides a branch: `>= 3`.
pub(super) fn described(code: &Code, thread: &PtxThread, poll: Pc) -> Option<String> {
    let step = code.instructions.get(poll as usize)?;
    let word = step.defines().first().copied()?;
    let after = poll as usize + 1;
    let window = code.instructions.iter().skip(after).take(16);
    let mut compared: Option<(Register, Compare, Source, bool)> = None;
    for instruction in window {
        match (&instruction.step, compared) {
            (Step::Compute { function: Function::Compare(compare), destination, sources: [a, b, ..] }, None)
                if compare.combine.is_none() =>
            {
                let is_word = |source: &Source| source.register() == Some(word);
                if is_word(a) {
                    compared = Some((*destination, *compare, *b, false));
                } else if is_word(b) {
                    compared = Some((*destination, *compare, *a, true));
                }
            }
            (Step::Branch { target }, Some((predicate, compare, with, swapped))) => {
                let guard = instruction.guard.filter(|guard| guard.register == predicate)?;
                let back = *target <= poll;
                // The branch back is taken while the loop goes on; a branch out, when it ends.
                let ends_when = guard.negated == back;
                return words(compare.test, swapped, ends_when, value(&thread.registers, with));
            }
            _ => {}
        }
    }
    None
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
