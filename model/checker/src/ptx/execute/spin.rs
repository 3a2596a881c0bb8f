//! Polls: a loop that reads a word again and again, and does nothing else, is one wait.
//!
//! A load or atomic on a cycle without effects (the flow analysis says which) yields a wait whose condition is the loop
//! itself: does the thread, given this word, come back to the same instruction with the same address and the same live
//! registers? Then it would read again, as if it had never read. Anything else leaves the loop: another operation, an
//! end, or so many instructions that nobody would call it a poll. Fences on the way back are passed over: leaving out
//! the reads that failed, and the fences after them, leaves out executions in which more is ordered, never less. Other
//! words that the loop reads are asked of the machine; the same read seen twice is a loop inside, and not this one.

use super::run::{Interpreter, value};
use super::thread::PtxThread;
use crate::program::{Condition, Coordinates, Location, Operation, Spin, Width};
use crate::ptx::code::function::{Compare, Function, Test};
use crate::ptx::code::{Code, Pc, Register, Source, Step};
use crate::ptx::flow::Polls;
use std::fmt::{self, Debug};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Local instructions between two reads of a loop that still counts as a poll.
pub(super) const MOST_STEPS: u32 = 10_000;
/// Reads of a loop, others than the one it waits at.
const MOST_READS: usize = 256;

impl Interpreter {
    /// The loop that the access at `thread.pc` polls in, if it does.
    pub(super) fn poll(&self, at: Coordinates, thread: &PtxThread, location: Location) -> Option<Condition> {
        let polls = self.polls.as_ref()?;
        if !polls.is_poll(thread.pc) {
            return self.peeled_poll(at, thread, location);
        }
        // Inside the loop every read is a read.
        let interpreter = Interpreter { polls: None, ..self.clone() };
        let spin = PtxSpin { interpreter, polls: polls.clone(), at, thread: thread.clone(), location };
        Some(Condition::spin(Arc::new(spin)))
    }
}

/// A thread standing before a read of its loop.
struct PtxSpin {
    interpreter: Interpreter,
    polls: Arc<Polls>,
    at: Coordinates,
    thread: PtxThread,
    location: Location,
}

impl PtxSpin {
    /// Live registers with their values.
    fn live_values<'t>(&'t self, thread: &'t PtxThread) -> impl Iterator<Item = (u32, u64)> + 't {
        let live = self.polls.live_before(self.thread.pc).unwrap_or_default();
        live.iter().filter_map(|register| Some((register.0, *thread.registers.get(register.0 as usize)?)))
    }

    fn same_state(&self, thread: &PtxThread) -> bool {
        thread.local == self.thread.local && self.live_values(thread).eq(self.live_values(&self.thread))
    }
}

impl Spin for PtxSpin {
    fn leaves(&self, word: u64, read: &mut dyn FnMut(Location, Width) -> Option<u64>) -> Option<bool> {
        let interpreter = &self.interpreter;
        let mut thread = self.thread.clone();
        let poll = thread.pc;
        thread.pc += 1;
        interpreter.supply(&mut thread, word);
        let mut seen: Vec<(Pc, Location)> = Vec::new();
        while seen.len() < MOST_READS {
            let Ok((operation, site)) = interpreter.run(self.at, &mut thread, MOST_STEPS) else {
                return Some(true);
            };
            let at = match &operation {
                Operation::Fence { .. } => continue,
                Operation::Read { at, .. } | Operation::Load { at, .. } | Operation::Atomic { at, .. } => *at,
                _ => return Some(true),
            };
            if site.0 == poll && at == self.location {
                return Some(!self.same_state(&thread));
            }
            if seen.contains(&(site.0, at)) {
                return Some(true);
            }
            seen.push((site.0, at));
            match operation {
                Operation::Read { at, width, .. } => {
                    let word = read(at, width)?;
                    interpreter.supply(&mut thread, word);
                }
                Operation::Load { at, bytes } => {
                    let bytes = loaded(interpreter, site.0, at, bytes, read)?;
                    interpreter.supply_bytes(&mut thread, &bytes);
                }
                _ => return Some(true),
            }
        }
        Some(true)
    }

    fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.at, self.thread.pc, self.location, &self.thread.local).hash(&mut hasher);
        self.live_values(&self.thread).for_each(|live| live.hash(&mut hasher));
        hasher.finish()
    }

    fn describe(&self) -> String {
        described(&self.interpreter.code, &self.thread, self.thread.pc)
            .unwrap_or_else(|| "a value that ends the loop".into())
    }
}

impl Debug for PtxSpin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "loop at instruction {}: {}", self.thread.pc, self.describe())
    }
}

/// The bytes of a weak load, asked for element by element.
fn loaded(
    interpreter: &Interpreter,
    pc: Pc,
    at: Location,
    bytes: u32,
    read: &mut dyn FnMut(Location, Width) -> Option<u64>,
) -> Option<Vec<u8>> {
    let Step::Load { element, .. } = &interpreter.code.instructions[pc as usize].step else { return None };
    let size = element.width.bytes();
    let mut all = Vec::with_capacity(bytes as usize);
    for offset in (0..u64::from(bytes)).step_by(size as usize) {
        let word = read(Location { byte: at.byte + offset, ..at }, element.width)?;
        all.extend_from_slice(&word.to_le_bytes()[..size as usize]);
    }
    Some(all)
}

/// What ends the loop, where the word read is compared at once and the outcome decides a branch: `>= 3`.
pub(super) fn described(code: &Code, thread: &PtxThread, poll: Pc) -> Option<String> {
    let word = code.instructions.get(poll as usize)?.defines().first().copied()?;
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
