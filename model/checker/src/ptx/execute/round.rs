//! Rounds of spin loops: a thread in a loop, run on words that are chosen for it, or left undecided.
//!
//! Decision: one way of running serves all loops: those with one word or many, unrolled, with copies of a round before
//! them, with branches inside, and with exchanges between lanes. A round returns when it comes to a read, or an exchange,
//! at which it was before with the same live registers and the same own memory; it leaves at the first operation outside
//! the loop and the way into it, or at one with an effect. Fences are passed by: they belong to the rounds around them.
//! Where a word is left undecided, registers hold [`Partial`] values, and a branch on an unknown bit is undecided.

use super::access::{Place, whole_width};
use super::notes::Note;
use super::run::{Interpreter, value};
use super::spin_words::described;
use super::thread::PtxThread;
use crate::program::{
    Answers, Coordinates, Location, Operation, Poll, PollUpdate, RoundStep, SiteIndex, VectorElement, Word,
};
use crate::ptx::arithmetic::{Partial, evaluate_pair_partial, evaluate_partial};
use crate::ptx::code::step::{Address, Base, Element};
use crate::ptx::code::{Effect, Instruction, Pc, Register, Source, Step};
use crate::ptx::flow::SpinLoop;
use arverify_protocol::ir::{Order, Semantics};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Local instructions of a round.
const MOST_STEPS: u32 = 100_000;
/// Reads and exchanges of a round.
const MOST_READS: usize = 4096;

/// Reads and exchanges that a round passes without knowing where it stands.
const MOST_UNDECIDED: u32 = 1024;

/// A thread in a round.
#[derive(Clone, Debug)]
pub struct PtxRound {
    thread: PtxThread,
    /// For each register, its unknown bits.
    unknown: Box<[u64]>,
    /// A read or exchange in the loop.
    home: Pc,
    /// Where the round stood, at each read and exchange.
    visited: Vec<u64>,
    /// Reads and exchanges at which where it stood was not decided.
    undecided: u32,
    /// It is stopped once it has come to so many points.
    until: usize,
    /// It stands at its first read, which `visited` holds already.
    begins: bool,
    /// It has been outside the loop and the way into it.
    outside: bool,
    /// The fence of the widest scope since its last read.
    fence: Option<Semantics>,
    /// Where it stood at its last read or exchange, if that was decided.
    stands: Option<u64>,
    /// Where it stood at the first read whose word was left undecided.
    open: Option<u64>,
}

impl Interpreter {
    /// Whether the thread stands before a read of a spin loop, or of a copy of its round before it.
    pub(super) fn stands_in_loop(&self, thread: &PtxThread) -> bool {
        let Some(spin) = self.loops.as_ref().and_then(|loops| loops.at(thread.pc)) else { return false };
        if spin.counts_tries() {
            self.notes.record(Note::Tries);
        }
        true
    }

    /// Whether an instruction is a read or an exchange of a spin loop.
    pub fn is_in_loop(&self, pc: Pc) -> bool {
        self.loops.as_ref().is_some_and(|loops| loops.at(pc).is_some())
    }

    /// The round of a thread before a read of its loop or, if `met`, behind an exchange.
    pub fn round(&self, thread: &PtxThread, met: bool) -> Option<PtxRound> {
        let home = if met { thread.pc.checked_sub(1)? } else { thread.pc };
        self.loops.as_ref()?.at(home)?;
        let unknown = vec![0; thread.registers.len()].into();
        let mut round = PtxRound {
            thread: thread.alone(),
            unknown,
            home,
            visited: Vec::new(),
            undecided: 0,
            until: usize::MAX,
            begins: !met,
            outside: false,
            fence: None,
            stands: None,
            open: None,
        };
        round.thread.pc = home;
        round.visited.extend(self.standing(&round));
        round.thread.pc = thread.pc;
        Some(round)
    }

    fn home_of(&self, round: &PtxRound) -> Option<&SpinLoop> {
        self.loops.as_ref()?.at(round.home)
    }

    /// A digest of where a round stands, if that is decided.
    fn standing(&self, round: &PtxRound) -> Option<u64> {
        let loops = self.loops.as_ref()?;
        let spin = self.home_of(round)?;
        let mut hasher = DefaultHasher::new();
        (round.thread.pc, &round.thread.local).hash(&mut hasher);
        for register in loops.live_before(round.thread.pc)?.iter().filter(|register| !spin.is_try(**register)) {
            let index = register.0 as usize;
            if *round.unknown.get(index)? != 0 {
                return None;
            }
            (register.0, round.thread.registers.get(index)?).hash(&mut hasher);
        }
        Some(hasher.finish())
    }

    /// Equal rounds do the same with the same words.
    pub fn round_digest(&self, round: &PtxRound) -> u64 {
        let mut hasher = DefaultHasher::new();
        (round.thread.pc, &round.visited, self.standing(round)).hash(&mut hasher);
        hasher.finish()
    }

    /// Where a round stood at the first read whose word was left undecided, if that is decided.
    pub fn open_point(&self, round: &PtxRound) -> Option<u64> {
        round.open
    }

    /// Goes on with a round.
    pub fn go_on(&self, at: Coordinates, round: &mut PtxRound, read: &mut Answers<'_>) -> RoundStep {
        for _ in 0..MOST_STEPS {
            let pc = round.thread.pc;
            round.outside = round.outside || self.home_of(round).is_none_or(|spin| !spin.holds(pc));
            let instruction = &self.code.instructions[pc as usize];
            if let Some(guard) = instruction.guard {
                let index = guard.register.0 as usize;
                if round.unknown[index] != 0 {
                    return RoundStep::Undecided;
                }
                if (round.thread.registers[index] == 0) != guard.negated {
                    round.thread.pc += 1;
                    continue;
                }
            }
            if let Some(end) = self.step_of_round(at, round, instruction, read) {
                return end;
            }
        }
        RoundStep::Leaves { outcome: self.cut(round) }
    }

    /// One instruction; `None` where the round goes on behind it.
    fn step_of_round(
        &self,
        at: Coordinates,
        round: &mut PtxRound,
        instruction: &Instruction,
        read: &mut Answers<'_>,
    ) -> Option<RoundStep> {
        match &instruction.step {
            Step::Compute { function, destination, sources } => {
                let result = evaluate_partial(*function, sources.map(|source| round.value(source)));
                round.set(*destination, result);
            }
            Step::ComputePair { function, destinations, sources } => {
                let results = evaluate_pair_partial(*function, sources.map(|source| round.value(source)));
                for (destination, result) in destinations.iter().zip(results) {
                    destination.iter().for_each(|register| round.set(*register, result));
                }
            }
            Step::Branch { target } => {
                round.thread.pc = *target;
                return None;
            }
            Step::Load { .. } => return self.load_of_round(at, round, &instruction.step, read),
            Step::Atomic { .. } if instruction.effect() == Effect::Atomic => {
                return self.atomic_of_round(at, round, &instruction.step, read);
            }
            Step::Fence { semantics } => {
                if round.fence.is_none_or(|known| known.scope <= semantics.scope) {
                    round.fence = Some(*semantics);
                }
            }
            Step::Nothing => {}
            Step::Barrier(_) | Step::Warp(_) => return Some(self.meeting(at, round)),
            _ if instruction.effect() == Effect::End || instruction.effect() == Effect::Store => {
                return Some(self.leaves(round));
            }
            step => {
                // What is left computes on the thread's own: it needs its operands.
                if instruction.uses().iter().any(|register| round.unknown[register.0 as usize] != 0) {
                    return Some(RoundStep::Undecided);
                }
                match self.step(at, &mut round.thread, step) {
                    Ok(super::run::Done::Next) => {
                        for register in instruction.defines() {
                            round.unknown[register.0 as usize] = 0;
                        }
                    }
                    Ok(super::run::Done::Jump(target)) => {
                        round.thread.pc = target;
                        return None;
                    }
                    _ => return Some(self.leaves(round)),
                }
            }
        }
        round.thread.pc += 1;
        None
    }

    fn load_of_round(
        &self,
        at: Coordinates,
        round: &mut PtxRound,
        step: &Step,
        read: &mut Answers<'_>,
    ) -> Option<RoundStep> {
        let Step::Load { space, address, destinations, element, semantics } = step else { return None };
        if round.base(*address).is_none() {
            return Some(RoundStep::Undecided);
        }
        let bytes = element.width.bytes() * destinations.len() as u64;
        let place = match self.place(at, &round.thread, *space, *address, bytes) {
            Ok(place) => place,
            Err(_) => return Some(self.leaves(round)),
        };
        let Place::Instance(location) = place else {
            let done = self.load(at, &mut round.thread, step);
            if done.is_err() {
                return Some(self.leaves(round));
            }
            destinations.iter().flatten().for_each(|register| round.unknown[register.0 as usize] = 0);
            round.thread.pc += 1;
            return None;
        };
        if self.is_unknown(location, bytes) {
            return Some(self.leaves(round));
        }
        if let Some(end) = self.comes_to(round) {
            return Some(end);
        }
        let pc = round.thread.pc;
        // A strong vector that is taken whole is one word; of a weak one each element is.
        let count = destinations.len();
        let together = if semantics.order == Order::Weak { 1 } else { count };
        let Ok(width) = whole_width(element.width, together, pc) else { return Some(self.leaves(round)) };
        for (index, destinations) in destinations.chunks(together).enumerate() {
            let byte = location.byte + index as u64 * width.bytes();
            let poll = Poll {
                at: Location { byte, ..location },
                width,
                semantics: *semantics,
                element: element.place,
                update: None,
                fence: round.fence.take(),
                site: SiteIndex(pc),
            };
            let word = read(&poll);
            // What the first elements hold is not told by where it stands.
            if word.is_none() && index == 0 {
                round.open = round.open.or(round.stands);
            }
            for (index, register) in destinations.iter().enumerate() {
                let part =
                    |word: Word| element.width.truncate((word >> (index as u64 * 8 * element.width.bytes())) as u64);
                let part = word.map_or(Partial::UNKNOWN, |word| Partial::known(extended(*element, part(word))));
                register.iter().for_each(|register| round.set(*register, part));
            }
        }
        round.thread.pc += 1;
        None
    }

    fn atomic_of_round(
        &self,
        at: Coordinates,
        round: &mut PtxRound,
        step: &Step,
        read: &mut Answers<'_>,
    ) -> Option<RoundStep> {
        let Step::Atomic { space, address, width, function, operand, expected, destination, semantics, .. } = step
        else {
            return None;
        };
        let operands = [*operand, *expected].map(|source| round.value(source).whole());
        let ([Some(operand), Some(expected)], Some(_)) = (operands, round.base(*address)) else {
            return Some(RoundStep::Undecided);
        };
        let Ok(Place::Instance(location)) = self.place(at, &round.thread, *space, *address, width.bytes()) else {
            return Some(self.leaves(round));
        };
        if self.is_unknown(location, width.bytes()) {
            return Some(self.leaves(round));
        }
        if let Some(end) = self.comes_to(round) {
            return Some(end);
        }
        let update =
            PollUpdate { function: *function, operand: width.truncate(operand), expected: width.truncate(expected) };
        let (site, semantics): (SiteIndex, Semantics) = (SiteIndex(round.thread.pc), *semantics);
        let element = VectorElement::SCALAR;
        let fence = round.fence.take();
        let poll = Poll { at: location, width: *width, semantics, element, update: Some(update), fence, site };
        let Some(word) = read(&poll) else {
            round.open = round.open.or(round.stands);
            return Some(RoundStep::Undecided);
        };
        if let Some(register) = destination {
            round.set(*register, Partial::known(function.shown(Word::from(width.truncate(word as u64)))));
        }
        if update.changes(*width, word) {
            // What is live before it says all that is live behind it, with the word.
            return Some(match self.leaves(round) {
                RoundStep::Leaves { outcome } => RoundStep::Leaves { outcome: digest_of(&(outcome, word)) },
                end => end,
            });
        }
        round.thread.pc += 1;
        None
    }

    /// The round that begins where another came to its point `to`, and how many words that had asked for by then.
    pub fn round_from(
        &self,
        at: Coordinates,
        round: &PtxRound,
        to: usize,
        read: &mut Answers<'_>,
    ) -> Option<(PtxRound, usize)> {
        let mut before = PtxRound { until: to + 1, ..round.clone() };
        let mut asked = 0;
        self.go_on(at, &mut before, &mut |poll| {
            asked += 1;
            read(poll)
        });
        if before.visited.len() != to + 1 || before.unknown.iter().any(|unknown| *unknown != 0) {
            return None;
        }
        Some((self.round(&before.thread, false)?, asked))
    }

    /// A barrier or exchange: of the loop, or the first thing behind it.
    fn meeting(&self, at: Coordinates, round: &mut PtxRound) -> RoundStep {
        if let Some(end) = self.comes_to(round) {
            return end;
        }
        let pc = round.thread.pc;
        let step = &self.code.instructions[pc as usize].step;
        let brought = step.brought();
        let undecided = |source: &Source| round.value(*source).unknown != 0;
        if step.sources().iter().filter(|source| Some(**source) != brought).any(undecided) {
            return RoundStep::Undecided;
        }
        let operation = match &self.code.instructions[pc as usize].step {
            Step::Barrier(barrier) => self.barrier(at, &round.thread, barrier),
            Step::Warp(warp) => self.warp(at, &round.thread, warp),
            _ => return self.leaves(round),
        };
        match operation {
            Ok(Operation::Barrier(mut barrier)) => {
                if brought.is_some_and(|source| undecided(&source)) {
                    barrier.gather = None;
                }
                round.thread.pc += 1;
                RoundStep::Meets { barrier, site: SiteIndex(pc) }
            }
            _ => self.leaves(round),
        }
    }

    /// Gives a round what every thread of a barrier brought.
    pub fn exchange(&self, at: Coordinates, round: &mut PtxRound, all: &[(u32, Option<u64>)]) {
        let known: Vec<(u32, u64)> = all.iter().filter_map(|(thread, value)| Some((*thread, (*value)?))).collect();
        let defines = self.code.instructions[round.thread.pc as usize - 1].defines();
        if known.len() == all.len() {
            self.gathered(at, &mut round.thread, &known);
            defines.iter().for_each(|register| round.unknown[register.0 as usize] = 0);
            return;
        }
        // With what is known: the result counts where the missing ones can be anything.
        let filled = |missing: u64| -> Vec<(u32, u64)> {
            all.iter().map(|(thread, value)| (*thread, value.unwrap_or(missing))).collect()
        };
        let decides = self.code.instructions[round.thread.pc as usize - 1].step.is_monotone();
        let [low, high] = [0, u64::MAX].map(|missing| {
            let mut thread = round.thread.clone();
            self.gathered(at, &mut thread, &filled(missing));
            thread
        });
        for register in defines {
            let index = register.0 as usize;
            let (zeros, ones) = (low.registers[index], high.registers[index]);
            let own = self.shuffled_from(at, round, all, register);
            let partial = match own {
                Some(partial) => partial,
                None if decides => Partial { value: zeros & ones, unknown: zeros ^ ones },
                None => Partial::UNKNOWN,
            };
            round.set(register, partial);
        }
    }

    /// What a shuffle gives a lane, where only its own source matters.
    fn shuffled_from(
        &self,
        at: Coordinates,
        round: &PtxRound,
        all: &[(u32, Option<u64>)],
        register: Register,
    ) -> Option<Partial> {
        let step = &self.code.instructions[round.thread.pc as usize - 1].step;
        if !step.is_shuffle() {
            return None;
        }
        // Each lane's number tells from whom it is.
        let mut thread = round.thread.clone();
        let lanes: Vec<(u32, u64)> = all.iter().map(|(lane, _)| (*lane, u64::from(*lane % 32))).collect();
        self.gathered(at, &mut thread, &lanes);
        if thread.broken.is_some() {
            return Some(Partial::UNKNOWN);
        }
        if step.tells_range() == Some(register) {
            return Some(Partial::known(thread.registers[register.0 as usize]));
        }
        let from = thread.registers[register.0 as usize];
        let given = all.iter().find(|(lane, _)| u64::from(*lane % 32) == from);
        Some(given.and_then(|(_, value)| *value).map_or(Partial::UNKNOWN, |value| Partial::known(value & 0xffff_ffff)))
    }

    /// A read or exchange is reached: outside the loop, where the round stood before, or a new one.
    fn comes_to(&self, round: &mut PtxRound) -> Option<RoundStep> {
        if std::mem::take(&mut round.begins) {
            round.stands = round.visited.first().copied();
            return None;
        }
        round.stands = None;
        // Whoever is outside may come back, for another word: that is another wait.
        if round.outside {
            return Some(self.leaves(round));
        }
        // Where it stands is not decided: whether it was there before is told at the next point where it is.
        let Some(standing) = self.standing(round) else {
            round.undecided += 1;
            return (round.undecided > MOST_UNDECIDED).then_some(RoundStep::Undecided);
        };
        if let Some(to) = round.visited.iter().position(|known| *known == standing) {
            return Some(RoundStep::Returns { to });
        }
        if round.visited.len() == MOST_READS {
            return Some(RoundStep::Leaves { outcome: self.cut(round) });
        }
        round.visited.push(standing);
        round.stands = Some(standing);
        if round.visited.len() == round.until {
            return Some(RoundStep::Undecided);
        }
        None
    }

    fn leaves(&self, round: &PtxRound) -> RoundStep {
        match self.standing(round) {
            Some(outcome) => RoundStep::Leaves { outcome },
            None if round.unknown.iter().any(|unknown| *unknown != 0) => RoundStep::LeavesUndecided,
            None => RoundStep::Leaves { outcome: self.cut(round) },
        }
    }

    /// An outcome that is like no other.
    fn cut(&self, round: &PtxRound) -> u64 {
        let mut hasher = DefaultHasher::new();
        (round.thread.pc, &round.thread.registers, &round.unknown, &round.visited).hash(&mut hasher);
        hasher.finish()
    }

    /// What ends the loop that a thread stands in, in words.
    pub fn describe_loop(&self, thread: &PtxThread) -> String {
        described(&self.code, thread, thread.pc).unwrap_or_else(|| "a value that ends the loop".to_owned())
    }
}

impl PtxRound {
    fn value(&self, source: Source) -> Partial {
        let known = value(&self.thread.registers, source);
        let unknown = source.register().map_or(0, |register| self.unknown[register.0 as usize]);
        Partial { value: known & !unknown, unknown }
    }

    fn set(&mut self, register: Register, partial: Partial) {
        self.thread.registers[register.0 as usize] = partial.value;
        self.unknown[register.0 as usize] = partial.unknown;
    }

    /// The base of an address, if it is decided.
    fn base(&self, address: Address) -> Option<u64> {
        match address.base {
            Base::Value(source) => self.value(source).whole(),
            Base::Variable(_) => Some(0),
        }
    }
}

fn digest_of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// A loaded element, as its register holds it.
fn extended(element: Element, word: u64) -> u64 {
    match element.sign_extend_to {
        0 => word,
        to => {
            let shift = 64 - element.width.bytes() as u32 * 8;
            let extended = ((word << shift) as i64 >> shift) as u64;
            extended & (u64::MAX >> (64 - u32::from(to)))
        }
    }
}
