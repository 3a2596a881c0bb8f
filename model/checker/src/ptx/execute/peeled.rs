//! Waits whose first read stands before the loop: `if (read != 3) do … while (read != 3)`.
//!
//! A read that leads into a loop which polls the same word in the same way, and would do with every word what the loop
//! does with it, is a round of that loop: reads that lead into the loop are taken as never made, as those that lead back
//! are. So the read before the loop is a wait for a word that does not lead into the loop. What the loop makes of a word
//! is found by running it from the state in which one of [`PROBES`] has entered it; the state must not depend on which.
//! Both copies are run with every word that is considered. Where they do not do the same, the read is no copy after all:
//! if that is found with the first words that come to mind, it is a read like any other; if later, the thread is not
//! understood, and the check inconclusive.

use super::run::{Interpreter, value};
use super::spin::{MOST_STEPS, described};
use super::thread::{Broken, PtxThread};
use crate::program::{Condition, Coordinates, Fault, Location, Operation, SiteIndex, Spin, Width};
use crate::ptx::code::function::Function;
use crate::ptx::code::{Pc, Register, Step};
use crate::ptx::flow::Polls;
use std::fmt::{self, Debug};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Words tried to find out how the loop is entered: few loops wait while a word is none of these.
const PROBES: [u64; 6] = [0, 1, u64::MAX, 0x8000_0000, 0x7FFF_FFFF, 1 << 63];
/// Instructions behind a poll among which its comparison is looked for.
const WINDOW: usize = 16;
/// Fences between the read and the loop.
const MOST_FENCES: usize = 16;

impl Interpreter {
    /// The wait that the access at `thread.pc` begins, if the loop it belongs to comes after it.
    pub(super) fn peeled_poll(&self, at: Coordinates, thread: &PtxThread, location: Location) -> Option<Condition> {
        let peeled = Peeled::of(self, at, thread, location)?;
        Some(Condition::spin(Arc::new(peeled)))
    }

    /// Gives the word that the last operation read, and says so where that was taken for a wait that it is not.
    pub fn supply_wait(&self, at: Coordinates, thread: &mut PtxThread, word: u64) {
        let differs = self.waited(at, thread).is_some_and(|peeled| peeled.outcome(word) == Outcome::Differs);
        self.supply(thread, word);
        if differs {
            thread.broken = Some(Broken::UnevenLoop);
        }
    }

    /// The wait that the operation before `thread.pc` was taken for, if it was taken for the first round of a loop.
    fn waited(&self, at: Coordinates, thread: &PtxThread) -> Option<Peeled> {
        let first = thread.pc.checked_sub(1)?;
        if self.polls.as_ref()?.polls_behind(first).is_empty() {
            return None;
        }
        let before = PtxThread { pc: first, ..thread.clone() };
        let interpreter = Interpreter { polls: None, ..self.clone() };
        match interpreter.run(at, &mut before.clone(), 1) {
            Ok((Operation::Read { at: location, .. } | Operation::Atomic { at: location, .. }, _)) => {
                Peeled::of(self, at, &before, location)
            }
            _ => None,
        }
    }
}

/// Where a thread stands: before the operation of this instruction.
struct Standing {
    thread: PtxThread,
    operation: Operation,
    site: Pc,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// The word leads into the loop, and round it.
    Waits,
    /// The word leads on, from the read as from the loop.
    Leaves,
    /// The read and the loop do not do the same.
    Differs,
}

/// A thread standing before a read, and in the loop behind it.
struct Peeled {
    interpreter: Interpreter,
    polls: Arc<Polls>,
    at: Coordinates,
    thread: PtxThread,
    location: Location,
    /// Before the loop's poll.
    inside: Standing,
}

impl Peeled {
    fn of(outer: &Interpreter, at: Coordinates, thread: &PtxThread, location: Location) -> Option<Peeled> {
        let polls = outer.polls.as_ref()?;
        let behind = polls.polls_behind(thread.pc);
        if behind.is_empty() {
            return None;
        }
        // Every read is a read.
        let interpreter = Interpreter { polls: None, ..outer.clone() };
        let mut before = thread.clone();
        let (operation, _) = interpreter.run(at, &mut before, 1).ok()?;
        let inside = PROBES.iter().find_map(|probe| {
            let standing = behind_fences(&interpreter, at, thread, *probe)?;
            let is_copy = behind.contains(&standing.site) && standing.operation == operation;
            is_copy.then_some(standing)
        })?;
        let compared = compared_words(&interpreter, &inside);
        let (polls, thread) = (polls.clone(), thread.clone());
        let peeled = Peeled { interpreter, polls, at, thread, location, inside };
        let mut words = PROBES.into_iter().chain(compared);
        words.all(|word| peeled.outcome(word) != Outcome::Differs).then_some(peeled)
    }

    fn outcome(&self, word: u64) -> Outcome {
        let Peeled { interpreter, at, inside, .. } = self;
        let again = PtxThread { pc: inside.site, ..inside.thread.clone() };
        let entered = behind_fences(interpreter, *at, &self.thread, word);
        let round = behind_fences(interpreter, *at, &again, word);
        let returns = |standing: &Option<Standing>| standing.as_ref().is_some_and(|standing| self.is_inside(standing));
        match (returns(&entered), returns(&round)) {
            (true, true) => return Outcome::Waits,
            (false, false) => {}
            _ => return Outcome::Differs,
        }
        let first = next(interpreter, *at, &self.thread, word);
        let later = next(interpreter, *at, &again, word);
        let same = match (&first, &later) {
            (Ok(first), Ok(later)) => self.is_same(first, later),
            (Err(first), Err(later)) => first == later,
            _ => false,
        };
        if same { Outcome::Leaves } else { Outcome::Differs }
    }

    /// Whether a thread stands before the loop's poll again.
    fn is_inside(&self, standing: &Standing) -> bool {
        self.is_same(standing, &self.inside)
    }

    fn is_same(&self, left: &Standing, right: &Standing) -> bool {
        let Some(live) = self.polls.live_before_effect(left.site) else { return false };
        let held =
            |standing: &Standing, register: &Register| standing.thread.registers.get(register.0 as usize).copied();
        left.site == right.site
            && left.operation == right.operation
            && left.thread.local == right.thread.local
            && live.iter().all(|register| held(left, register) == held(right, register))
    }
}

/// The words that the loop may compare what it reads with, and their neighbours: among them one that ends it.
fn compared_words(interpreter: &Interpreter, inside: &Standing) -> Vec<u64> {
    let window = interpreter.code.instructions.iter().skip(inside.site as usize + 1).take(WINDOW);
    let compares = window.filter_map(|instruction| match &instruction.step {
        Step::Compute { function: Function::Compare(_), sources, .. } => Some(sources),
        _ => None,
    });
    let words = compares.flatten().map(|source| value(&inside.thread.registers, *source));
    words.flat_map(|word| [word.wrapping_sub(1), word, word.wrapping_add(1)]).collect()
}

/// Where a thread comes to after the read it stands before has returned a word.
fn next(interpreter: &Interpreter, at: Coordinates, thread: &PtxThread, word: u64) -> Result<Standing, Fault> {
    let mut thread = thread.clone();
    thread.pc += 1;
    interpreter.supply(&mut thread, word);
    stop(interpreter, at, thread)
}

fn stop(interpreter: &Interpreter, at: Coordinates, mut thread: PtxThread) -> Result<Standing, Fault> {
    let (operation, SiteIndex(site)) = interpreter.run(at, &mut thread, MOST_STEPS)?;
    Ok(Standing { thread, operation, site })
}

/// The same, past fences: what they order of reads that were never made does not matter.
fn behind_fences(interpreter: &Interpreter, at: Coordinates, thread: &PtxThread, word: u64) -> Option<Standing> {
    let mut standing = next(interpreter, at, thread, word).ok()?;
    for _ in 0..MOST_FENCES {
        if !matches!(standing.operation, Operation::Fence { .. }) {
            break;
        }
        standing = stop(interpreter, at, standing.thread).ok()?;
    }
    Some(standing)
}

impl Spin for Peeled {
    fn leaves(&self, word: u64, _: &mut dyn FnMut(Location, Width) -> Option<u64>) -> Option<bool> {
        Some(self.outcome(word) != Outcome::Waits)
    }

    fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.at, self.thread.pc, self.location, &self.thread.local).hash(&mut hasher);
        let live = self.polls.live_before_effect(self.thread.pc).unwrap_or_default();
        live.iter().for_each(|register| (register.0, self.thread.registers.get(register.0 as usize)).hash(&mut hasher));
        hasher.finish()
    }

    fn describe(&self) -> String {
        let described = described(&self.interpreter.code, &self.inside.thread, self.inside.site);
        described.unwrap_or_else(|| "a value that ends the loop".into())
    }
}

impl Debug for Peeled {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "loop behind instruction {}: {}", self.thread.pc, self.describe())
    }
}
