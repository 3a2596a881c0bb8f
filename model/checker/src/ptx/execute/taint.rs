//! Values that are not known: what tensor cores compute, followed to where somebody would have to know it.
//!
//! Decision: a taint analysis, run with the thread. A register is tainted where it is computed from a result of an
//! instruction whose values are not modelled ([`Step::Unknown`]), and holds zeros or what is computed from them. Such a
//! value may be computed with, exchanged among lanes, copied and stored. Whoever would have to know it, for the way that the
//! thread takes, an address, a barrier, a comparison that decides whether an atomic writes, or the word of a wait, is not
//! understood there: the check is inconclusive, and names the instruction that the value comes from.
//!
//! Through memory, and through exchanges of lanes, taint is followed by place: a word, or the instruction of the exchange.
//! Which places are tainted is fixed while a program runs; what is stored to others is only noted. If somebody reads such a
//! place, the program is run again with all that were found ([`crate::program::Program::roomier`]). So a verdict does not
//! depend on the order of exploration, and in the last run every place that holds an unknown value at any time is taken
//! for one that always does. The road not taken, taint in the machine's memory, would be exact, and a part of every state.
//!
//! Not followed: which bits are tainted, and that a word which was tainted once has been overwritten since.

use super::access::Place;
use super::notes::Note;
use super::run::{Interpreter, not_understood};
use super::thread::PtxThread;
use crate::program::{Coordinates, Fault, Location};
use crate::ptx::code::step::{Address, Base, BulkSource, Space};
use crate::ptx::code::{Code, Instruction, Pc, Register, Source, Step};
use arverify_protocol::ir::AtomicOperation;
use rustc_hash::FxHashSet;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Bytes of a word, whose taint is one.
const WORD: u64 = 4;

/// What of a thread's own holds unknown values, and the instruction that they come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Taint {
    registers: BTreeMap<u32, Pc>,
    /// Words of its own memory.
    local: BTreeMap<u64, Pc>,
}

impl Taint {
    /// Forgets registers whose values can reach nothing any more.
    pub(super) fn forget(&mut self, is_dead: impl Fn(u32) -> bool) {
        self.registers.retain(|register, _| !is_dead(*register));
    }
}

/// Places outside of threads that hold unknown values, and the instructions that they come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Places {
    /// By instance and word.
    words: BTreeMap<(u32, u64), Pc>,
    /// By barrier or exchange whose threads bring one.
    exchanges: BTreeMap<Pc, Pc>,
}

/// Keeps the first instruction, so that it does not matter who comes first.
fn note<K: Ord>(known: &mut BTreeMap<K, Pc>, place: K, from: Pc) {
    let first = known.entry(place).or_insert(from);
    *first = from.min(*first);
}

/// The tainted places of a program: those known, and those found while it runs.
#[derive(Debug, Default)]
pub(in crate::ptx) struct Tainted {
    /// Whether there are instructions whose results are not known.
    follows: bool,
    known: Places,
    found: Mutex<Found>,
}

#[derive(Debug, Default)]
struct Found {
    places: Places,
    /// Words that were read.
    read: FxHashSet<(u32, u64)>,
}

fn words(at: Location, bytes: u64) -> impl Iterator<Item = (u32, u64)> {
    let last = at.byte + bytes.max(1) - 1;
    (at.byte / WORD..=last / WORD).map(move |word| (at.instance, word))
}

impl Tainted {
    pub(super) fn of(code: &Code) -> Tainted {
        let follows = code.instructions.iter().any(|instruction| matches!(instruction.step, Step::Unknown { .. }));
        Tainted { follows, ..Tainted::default() }
    }

    /// Whether there are instructions whose results are not known.
    pub(in crate::ptx) fn follows(&self) -> bool {
        self.follows
    }

    /// With all places that were found, if somebody has read one that was not known.
    pub(in crate::ptx) fn with_found(&self) -> Option<Tainted> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let new_word = |word: &(u32, u64)| found.read.contains(word) && !self.known.words.contains_key(word);
        let new_exchange = |pc: &Pc| !self.known.exchanges.contains_key(pc);
        if !found.places.words.keys().any(new_word) && !found.places.exchanges.keys().any(new_exchange) {
            return None;
        }
        let mut known = self.known.clone();
        found.places.words.iter().for_each(|(word, from)| note(&mut known.words, *word, *from));
        found.places.exchanges.iter().for_each(|(pc, from)| note(&mut known.exchanges, *pc, *from));
        Some(Tainted { follows: self.follows, known, found: Mutex::default() })
    }

    /// The same places, of a program that is made again.
    pub(in crate::ptx) fn again(&self) -> Tainted {
        Tainted { follows: self.follows, known: self.known.clone(), found: Mutex::default() }
    }

    /// The instruction that some of these bytes come from, if they are unknown at any time so far.
    pub(in crate::ptx) fn ever(&self, at: Location, bytes: u64) -> Option<Pc> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let ends = (at.instance, at.byte / WORD)..=(at.instance, (at.byte + bytes.max(1) - 1) / WORD);
        let of = |places: &Places| places.words.range(ends.clone()).map(|(_, from)| *from).min();
        of(&self.known).into_iter().chain(of(&found.places)).min()
    }

    /// Somebody reads these bytes: the instruction that they come from, if they are unknown.
    fn read(&self, at: Location, bytes: u64) -> Option<Pc> {
        if !self.follows {
            return None;
        }
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        words(at, bytes).for_each(|word| {
            found.read.insert(word);
        });
        words(at, bytes).filter_map(|word| self.known.words.get(&word).copied()).min()
    }

    /// Somebody writes an unknown value there.
    fn write(&self, at: Location, bytes: u64, from: Pc) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        words(at, bytes).for_each(|word| note(&mut found.places.words, word, from));
    }

    /// Bytes are copied from one place to another.
    pub(in crate::ptx) fn copy(&self, from: Location, to: Location, bytes: u64) {
        if let Some(unknown) = self.read(from, bytes) {
            self.write(to, bytes, unknown);
        }
    }

    fn brings(&self, exchange: Pc, from: Pc) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        note(&mut found.places.exchanges, exchange, from);
    }
}

impl PtxThread {
    /// Whether some of what it holds is not known.
    pub(super) fn is_tainted(&self) -> bool {
        self.taint.is_some()
    }

    fn unknown(&self, register: Register) -> Option<Pc> {
        self.taint.as_ref()?.registers.get(&register.0).copied()
    }

    fn unknown_of(&self, source: Source) -> Option<Pc> {
        self.unknown(source.register()?)
    }

    fn set_unknown(&mut self, register: Register, from: Option<Pc>) {
        match (from, &mut self.taint) {
            (Some(from), taint) => {
                taint.get_or_insert_default().registers.insert(register.0, from);
            }
            (None, Some(taint)) => {
                taint.registers.remove(&register.0);
            }
            (None, None) => {}
        }
        self.drop_empty_taint();
    }

    fn set_unknown_local(&mut self, byte: u64, bytes: u64, from: Option<Pc>) {
        for word in byte / WORD..=(byte + bytes - 1) / WORD {
            match (from, &mut self.taint) {
                (Some(from), taint) => {
                    taint.get_or_insert_default().local.insert(word, from);
                }
                // A part of it may be left.
                (None, Some(taint)) if byte <= word * WORD && (word + 1) * WORD <= byte + bytes => {
                    taint.local.remove(&word);
                }
                (None, _) => {}
            }
        }
        self.drop_empty_taint();
    }

    fn unknown_local(&self, byte: u64, bytes: u64) -> Option<Pc> {
        let words = byte / WORD..=(byte + bytes - 1) / WORD;
        self.taint.as_ref()?.local.range(words).map(|(_, from)| *from).min()
    }

    fn drop_empty_taint(&mut self) {
        if self.taint.as_ref().is_some_and(|taint| taint.registers.is_empty() && taint.local.is_empty()) {
            self.taint = None;
        }
    }
}

/// What a place in memory means for taint.
enum Where {
    Shared(Location),
    Own(u64),
    Constant,
}

impl Interpreter {
    /// Whether an instruction has to be looked at before a thread comes to it.
    pub(super) fn follows_taint(&self, thread: &PtxThread) -> bool {
        self.tainted.follows || thread.is_tainted()
    }

    /// A thread comes to an instruction: what it defines is tainted or not, and what has to be known is.
    ///
    /// # Errors
    /// An unknown value that has to be known.
    pub(super) fn pass_taint(&self, at: Coordinates, thread: &mut PtxThread) -> Result<(), Fault> {
        let instruction = &self.code.instructions[thread.pc as usize];
        if let Some(guard) = instruction.guard {
            if let Some(from) = thread.unknown(guard.register) {
                return self.pass_open_guard(thread, instruction, from);
            }
            if (thread.registers[guard.register.0 as usize] == 0) != guard.negated {
                return Ok(());
            }
        }
        match &instruction.step {
            Step::Unknown { destinations, .. } => {
                self.notes.record(Note::TensorCores);
                let pc = thread.pc;
                destinations.iter().for_each(|register| thread.set_unknown(*register, Some(pc)));
            }
            Step::Compute { .. } | Step::ComputePair { .. } => {
                let sources = instruction.step.sources();
                let from = sources.into_iter().filter_map(|source| thread.unknown_of(source)).min();
                instruction.defines().into_iter().for_each(|register| thread.set_unknown(register, from));
            }
            Step::Load { .. } => self.taint_of_load(at, thread, &instruction.step)?,
            Step::Store { .. } => self.taint_of_store(at, thread, &instruction.step)?,
            Step::Atomic { .. } => self.taint_of_atomic(at, thread, &instruction.step)?,
            Step::Barrier(_) | Step::Warp(_) => self.taint_of_exchange(thread, &instruction.step)?,
            // What it writes may be unknown: see `taint_of_copy`.
            Step::Bulk(copy) => {
                let values = |source: &Source| matches!(&copy.from, BulkSource::Values(all, _) if all.contains(source));
                let sources = instruction.step.sources();
                self.all_known(thread, sources.into_iter().filter(|source| !values(source)))?;
            }
            step => {
                self.all_known(thread, step.sources())?;
                instruction.defines().into_iter().for_each(|register| thread.set_unknown(register, None));
            }
        }
        Ok(())
    }

    /// An instruction under a guard that is not known: a computation may have been made or not.
    fn pass_open_guard(&self, thread: &mut PtxThread, instruction: &Instruction, from: Pc) -> Result<(), Fault> {
        match instruction.step {
            Step::Compute { .. } | Step::ComputePair { .. } => {
                instruction.defines().into_iter().for_each(|register| thread.set_unknown(register, Some(from)));
                Ok(())
            }
            Step::Nothing => Ok(()),
            _ if instruction.is_branch() => Err(self.depends(thread.pc, from, "which way a thread goes")),
            _ => Err(self.depends(thread.pc, from, "whether an access or an operation is made")),
        }
    }

    fn taint_of_load(&self, at: Coordinates, thread: &mut PtxThread, step: &Step) -> Result<(), Fault> {
        let Step::Load { space, address, destinations, element, .. } = step else { return Ok(()) };
        let size = element.width.bytes();
        let place = self.taint_place(at, thread, (*space, *address), size * destinations.len() as u64)?;
        let in_loop = self.is_in_loop(thread.pc);
        for (index, destination) in (0..).zip(destinations) {
            let byte = index * size;
            let from = match &place {
                Where::Shared(location) => {
                    let from = self.tainted.read(Location { byte: location.byte + byte, ..*location }, size);
                    if let Some(from) = from.filter(|_| in_loop) {
                        return Err(self.depends(thread.pc, from, "how long a thread waits"));
                    }
                    from
                }
                Where::Own(start) => thread.unknown_local(start + byte, size),
                Where::Constant => None,
            };
            destination.iter().for_each(|register| thread.set_unknown(*register, from));
        }
        if in_loop { self.loop_is_known(thread) } else { Ok(()) }
    }

    fn taint_of_store(&self, at: Coordinates, thread: &mut PtxThread, step: &Step) -> Result<(), Fault> {
        let Step::Store { space, address, sources, element, .. } = step else { return Ok(()) };
        let size = element.width.bytes();
        let place = self.taint_place(at, thread, (*space, *address), size * sources.len() as u64)?;
        for (index, source) in (0..).zip(sources) {
            let (byte, from) = (index * size, thread.unknown_of(*source));
            match (&place, from) {
                (Where::Shared(location), Some(from)) => {
                    self.tainted.write(Location { byte: location.byte + byte, ..*location }, size, from);
                }
                (Where::Own(start), from) => thread.set_unknown_local(start + byte, size, from),
                (Where::Shared(_) | Where::Constant, _) => {}
            }
        }
        Ok(())
    }

    fn taint_of_atomic(&self, at: Coordinates, thread: &mut PtxThread, step: &Step) -> Result<(), Fault> {
        let Step::Atomic { space, address, width, function, operand, expected, destination, .. } = step else {
            return Ok(());
        };
        let place = self.taint_place(at, thread, (*space, *address), width.bytes())?;
        let Where::Shared(location) = place else { return Ok(()) };
        let (found, given) = (self.tainted.read(location, width.bytes()), thread.unknown_of(*operand));
        if function.operation == AtomicOperation::CompareSwap
            && let Some(from) = found.or(thread.unknown_of(*expected))
        {
            return Err(self.depends(thread.pc, from, "whether a compare-and-swap writes"));
        }
        if let Some(from) = found.filter(|_| self.is_in_loop(thread.pc)) {
            return Err(self.depends(thread.pc, from, "how long a thread waits"));
        }
        if let Some(from) = given {
            self.tainted.write(location, width.bytes(), from);
        }
        destination.iter().for_each(|register| thread.set_unknown(*register, found.or(given)));
        if self.is_in_loop(thread.pc) { self.loop_is_known(thread) } else { Ok(()) }
    }

    /// What threads bring to a barrier or an exchange may be unknown; who takes part is not.
    fn taint_of_exchange(&self, thread: &mut PtxThread, step: &Step) -> Result<(), Fault> {
        let pc = thread.pc;
        let brought = step.brought();
        self.all_known(thread, step.sources().into_iter().filter(|source| Some(*source) != brought))?;
        let own = brought.and_then(|source| thread.unknown_of(source));
        if let Some(from) = own {
            self.tainted.brings(pc, from);
        }
        let from = self.tainted.known.exchanges.get(&pc).copied().or(own);
        if let Some(from) = from.filter(|_| self.is_in_loop(pc)) {
            return Err(self.depends(pc, from, "how long a thread waits"));
        }
        step.destinations().into_iter().for_each(|register| thread.set_unknown(register, from));
        Ok(())
    }

    /// A copy that is made by others writes what it reads, or values that it is given.
    pub(super) fn taint_of_copy(&self, thread: &PtxThread, from: Option<Location>, (to, bytes): (Location, u64)) {
        if !self.follows_taint(thread) {
            return;
        }
        if let Some(from) = from {
            self.tainted.copy(from, to, bytes);
        }
        let Step::Bulk(copy) = &self.code.instructions[thread.pc as usize].step else { return };
        if let BulkSource::Values(values, _) = &copy.from
            && let Some(unknown) = values.iter().filter_map(|value| thread.unknown_of(*value)).min()
        {
            self.tainted.write(to, bytes, unknown);
        }
    }

    /// The loop that a thread waits in uses nothing that is unknown: its rounds are run without looking.
    fn loop_is_known(&self, thread: &PtxThread) -> Result<(), Fault> {
        let Some(taint) = &thread.taint else { return Ok(()) };
        let Some(spin) = self.loops.as_ref().and_then(|loops| loops.at(thread.pc)) else { return Ok(()) };
        let registers = &taint.registers;
        let own_memory = |pc: Pc| match &self.code.instruction(pc).step {
            Step::Load { space, .. } => matches!(space, Space::Local | Space::Generic | Space::Parameter),
            _ => false,
        };
        if let Some(from) = taint.local.values().next().filter(|_| spin.instructions().any(own_memory)) {
            return Err(self.depends(thread.pc, *from, "what a loop reads in which a thread waits"));
        }
        let used = spin.instructions().find_map(|pc| {
            let uses = self.code.instruction(pc).uses();
            uses.iter().find_map(|register| registers.get(&register.0).copied())
        });
        match used {
            Some(from) => Err(self.depends(thread.pc, from, "what a loop computes in which a thread waits")),
            None => Ok(()),
        }
    }

    /// Whether a read of a round is of something that is unknown: it is no round then, and reaching it says so.
    pub(super) fn is_unknown(&self, at: Location, bytes: u64) -> bool {
        self.tainted.read(at, bytes).is_some()
    }

    fn all_known(&self, thread: &PtxThread, sources: impl IntoIterator<Item = Source>) -> Result<(), Fault> {
        match sources.into_iter().find_map(|source| thread.unknown_of(source)) {
            Some(from) => Err(self.depends(thread.pc, from, "what an operation does")),
            None => Ok(()),
        }
    }

    fn taint_place(
        &self,
        at: Coordinates,
        thread: &PtxThread,
        (space, address): (Space, Address),
        bytes: u64,
    ) -> Result<Where, Fault> {
        if let Base::Value(source) = address.base
            && let Some(from) = thread.unknown_of(source)
        {
            return Err(self.depends(thread.pc, from, "which memory is accessed"));
        }
        // Whatever is wrong with it is said when it is accessed.
        Ok(match self.place(at, thread, space, address, bytes) {
            Ok(Place::Instance(location)) => Where::Shared(location),
            Ok(Place::Local(byte)) => Where::Own(byte as u64),
            Ok(Place::Constant(_)) | Err(_) => Where::Constant,
        })
    }

    fn depends(&self, pc: Pc, from: Pc, what: &str) -> Fault {
        not_understood(format!("{what} depends on a result of {}", self.code.unknown(from)), pc)
    }
}

impl Code {
    /// An instruction whose results are not known, in words.
    pub(in crate::ptx) fn unknown(&self, pc: Pc) -> String {
        let name = match self.instructions.get(pc as usize).map(|instruction| &instruction.step) {
            Some(Step::Unknown { name, .. }) => name,
            _ => "an instruction",
        };
        let line = self.origins.get(pc as usize).and_then(|origin| origin.line);
        let line = line.map_or(String::new(), |line| format!(" (line {} of the source)", line.line));
        format!("`{name}`{line}, whose values are not modelled")
    }
}
