//! A litmus test as a thread program: devices are ranks, locations are words of their own.
//!
//! Decision: a thread that goes round a loop without changing anything waits for ever, at a word of its own that
//! nobody writes, so that the others go on and what it read is seen to conflict with what they write; such an
//! execution ends as a deadlock, and executions that do not end have no outcome.

use super::support::participants;
use crate::litmus::{
    Access, Arithmetic, AtomicOperation, Instruction, Operand, Register, Test, ThreadId, live_registers,
};
use crate::program::{
    AtomicFunction, Barrier, Condition, Contents, Coordinates, Element, Expected, Fault, Instance, Location, Operation,
    Part, PartId, Program, Shape, SiteIndex, VectorElement, Width, Word,
};
use arverify_protocol::ir::{self, Compare, Order, Scope, Semantics, Source, Span};
use arverify_protocol::verdict::Code;
use std::collections::{BTreeMap, BTreeSet};

/// Why a thread goes no further.
enum Halt {
    /// A pass of a loop changed nothing: another is the same, or comes after a choice made elsewhere.
    Spins,
    /// The loop goes round more often than the bound.
    Beyond,
    /// [`TOO_LARGE`]
    TooLarge,
}

/// The message of a fault that makes the test inconclusive.
pub(super) const TOO_LARGE: &str = "a value is beyond 31 bits, or not defined";

/// A test with the places of its threads.
#[derive(Clone, Debug)]
pub(super) struct LitmusProgram {
    test: Test,
    shape: Shape,
    grids: Vec<u32>,
    /// Which thread sits where.
    seats: BTreeMap<(u32, u32, u32), ThreadId>,
    live: Vec<Vec<BTreeSet<Register>>>,
    passes: u32,
}

/// A thread between operations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct LitmusThread {
    at: usize,
    pub(super) registers: BTreeMap<Register, i64>,
    /// A loop went round more often than the bound; the thread waits for ever.
    pub(super) beyond: bool,
    /// Where the value read goes.
    target: Option<Register>,
    /// Operations that change anything, so far.
    effects: u32,
    /// By the target of a jump back: registers and effects when last there, and how often.
    visits: BTreeMap<usize, (BTreeMap<Register, i64>, u32, u32)>,
}

impl LitmusProgram {
    pub(super) fn new(test: &Test, passes: u32, live_at_end: impl Fn(usize) -> BTreeSet<Register>) -> LitmusProgram {
        let devices: BTreeSet<u32> = test.threads.iter().map(|thread| thread.placement.device).collect();
        let mut seats = BTreeMap::new();
        let mut grids = Vec::new();
        let mut threads = 1;
        for (rank, device) in devices.iter().enumerate() {
            let on_device = |thread: &usize| test.threads[*thread].placement.device == *device;
            let own: Vec<usize> = (0..test.threads.len()).filter(on_device).collect();
            let blocks: BTreeSet<u32> = own.iter().map(|thread| test.threads[*thread].placement.block).collect();
            for (block, name) in blocks.iter().enumerate() {
                let members = own.iter().filter(|thread| test.threads[**thread].placement.block == *name);
                for (seat, thread) in members.enumerate() {
                    seats.insert((rank as u32, block as u32, seat as u32), ThreadId(*thread as u32));
                    threads = threads.max(seat as u32 + 1);
                }
            }
            grids.push(blocks.len() as u32);
        }
        let ranks = grids.len() as u32;
        let instance = |(buffer, value): (usize, &i64), rank: u32| Instance {
            name: test.location_names.get(buffer).cloned().unwrap_or_else(|| "parked".to_owned()),
            rank,
            bytes: 4,
            local: false,
            block: None,
            pad: false,
            granule: 4,
            parts: vec![Part::whole(buffer as u32, 4, Contents::Word(u64::from(*value as u32)), None)],
        };
        let instances = test.initial.iter().chain([&0]).enumerate();
        let instances = instances.flat_map(|at| (0..ranks).map(move |rank| (at, rank)));
        let shape = Shape {
            ranks,
            blocks: grids.iter().copied().max().unwrap_or(1),
            threads,
            launches: 1,
            instances: instances.map(|(at, rank)| instance(at, rank)).collect(),
        };
        let live = |(index, thread): (usize, &crate::litmus::ThreadText)| {
            live_registers(&thread.instructions, live_at_end(index))
        };
        let live = test.threads.iter().enumerate().map(live).collect();
        LitmusProgram { test: test.clone(), shape, grids, seats, live, passes }
    }

    /// Where a physical location lies: all on the first rank.
    pub(super) fn place(&self, physical: usize) -> Location {
        Location { instance: physical as u32 * self.shape.ranks, byte: 0 }
    }

    /// The machine's index of each thread.
    pub(super) fn seat_indices(&self) -> Vec<usize> {
        let mut found = vec![0; self.test.threads.len()];
        for ((rank, block, seat), thread) in &self.seats {
            let index = (rank * self.shape.blocks + block) * self.shape.threads + seat;
            found[thread.index()] = index as usize;
        }
        found
    }

    fn thread(&self, at: Coordinates) -> Option<ThreadId> {
        self.seats.get(&(at.rank, at.block, at.thread)).copied()
    }

    /// Goes to a place of the thread's text.
    fn jump(&self, id: ThreadId, thread: &mut LitmusThread, to: usize) -> Result<(), Halt> {
        let back = to <= thread.at;
        thread.at = to;
        if !back {
            return Ok(());
        }
        let live = &self.live[id.index()][to];
        let mut registers = thread.registers.clone();
        registers.retain(|register, value| live.contains(register) && *value != 0);
        let seen = thread.visits.get(&to);
        if seen.is_some_and(|(known, effects, _)| *known == registers && *effects == thread.effects) {
            return Err(Halt::Spins);
        }
        let count = seen.map_or(1, |(.., count)| count + 1);
        if count > self.passes + 1 {
            return Err(Halt::Beyond);
        }
        thread.visits.insert(to, (registers, thread.effects, count));
        Ok(())
    }

    /// The next operation, or none at the end.
    fn advance(&self, id: ThreadId, thread: &mut LitmusThread) -> Result<Option<Operation>, Halt> {
        let text = &self.test.threads[id.index()].instructions;
        for _ in 0..10_000 {
            let Some((instruction, _)) = text.get(thread.at) else { return Ok(None) };
            match instruction {
                Instruction::Goto(to) => self.jump(id, thread, *to)?,
                Instruction::Branch(comparison, left, right, to) => {
                    if comparison.holds(thread.value(*left), thread.value(*right)) {
                        self.jump(id, thread, *to)?;
                    } else {
                        thread.at += 1;
                    }
                }
                Instruction::Move(register, value) => thread.set(*register, thread.value(*value))?,
                Instruction::Compute(operation, register, left, right) => {
                    let result = operation.apply(thread.value(*left), thread.value(*right)).ok_or(Halt::TooLarge)?;
                    thread.set(*register, result)?;
                }
                Instruction::ProxyFence(_) => thread.at += 1,
                _ => {
                    let operation = self.operation(id, thread, instruction);
                    thread.at += 1;
                    return operation.map(Some);
                }
            }
        }
        Err(Halt::Spins)
    }

    fn operation(&self, id: ThreadId, thread: &mut LitmusThread, instruction: &Instruction) -> Result<Operation, Halt> {
        let at = |access: &Access| self.place(access.location.physical.index());
        let semantics = |access: &Access| Semantics { order: access.order, scope: access.scope };
        let width = Width::Four;
        if !matches!(instruction, Instruction::Load(..) | Instruction::Fence(_)) {
            thread.effects += 1;
        }
        Ok(match instruction {
            Instruction::Load(access, register) => {
                thread.target = Some(*register);
                Operation::Read { at: at(access), width, semantics: semantics(access), element: VectorElement::SCALAR }
            }
            Instruction::Store(access, value) => {
                let value = Word::from(thread.value(*value) as u32);
                Operation::Write {
                    at: at(access),
                    width,
                    value,
                    semantics: semantics(access),
                    element: VectorElement::SCALAR,
                }
            }
            Instruction::Atomic(access, operation, register) => {
                thread.target = *register;
                let (operation, operand, expected) = function(operation, thread)?;
                let (at, semantics) = (at(access), semantics(access));
                Operation::Atomic {
                    element: VectorElement::SCALAR,
                    at,
                    width,
                    function: AtomicFunction::unsigned(operation),
                    operand: u64::from(operand),
                    expected: u64::from(expected),
                    semantics,
                    returns: register.is_some(),
                }
            }
            Instruction::Fence(fence) => {
                let order = if fence.sequentially_consistent { Order::Sc } else { Order::AcqRel };
                Operation::Fence { semantics: Semantics { order, scope: fence.scope } }
            }
            Instruction::Barrier { arrive, instance, .. } => {
                let count = participants(&self.test, id.index(), *instance);
                Operation::Barrier(Barrier::named(*instance, Some(count), *arrive))
            }
            _ => Operation::Fence { semantics: Semantics { order: Order::AcqRel, scope: Scope::Cta } },
        })
    }
}

/// The machine's function for an atomic, with its operand and what it compares with.
fn function(operation: &AtomicOperation, thread: &LitmusThread) -> Result<(ir::AtomicOperation, u32, u32), Halt> {
    Ok(match operation {
        AtomicOperation::Exchange(value) => (ir::AtomicOperation::Exchange, thread.value(*value) as u32, 0),
        AtomicOperation::CompareAndSwap(expected, new) => {
            let (new, expected) = (thread.value(*new) as u32, thread.value(*expected) as u32);
            (ir::AtomicOperation::CompareSwap, new, expected)
        }
        AtomicOperation::Apply(operation, value) => {
            let operand = thread.value(*value) as u32;
            let (function, operand) = match operation {
                Arithmetic::Add => (ir::AtomicOperation::Add, operand),
                Arithmetic::Sub => (ir::AtomicOperation::Add, operand.wrapping_neg()),
                Arithmetic::Min => (ir::AtomicOperation::Min, operand),
                Arithmetic::Max => (ir::AtomicOperation::Max, operand),
                Arithmetic::And => (ir::AtomicOperation::And, operand),
                Arithmetic::Or => (ir::AtomicOperation::Or, operand),
                Arithmetic::Xor => (ir::AtomicOperation::Xor, operand),
                Arithmetic::Inc => (ir::AtomicOperation::Increment, operand),
                Arithmetic::Dec => (ir::AtomicOperation::Decrement, operand),
                Arithmetic::Mul | Arithmetic::Div => return Err(Halt::TooLarge),
            };
            (function, operand, 0)
        }
    })
}

impl LitmusThread {
    fn value(&self, operand: Operand) -> i64 {
        match operand {
            Operand::Constant(value) => value,
            Operand::Register(register) => self.registers.get(&register).copied().unwrap_or(0),
        }
    }

    fn set(&mut self, register: Register, value: i64) -> Result<(), Halt> {
        if i32::try_from(value).is_err() {
            return Err(Halt::TooLarge);
        }
        self.registers.insert(register, value);
        self.at += 1;
        Ok(())
    }
}

impl Program for LitmusProgram {
    type Thread = LitmusThread;
    type Round = ();

    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn grid(&self, rank: u32) -> u32 {
        self.grids[rank as usize]
    }

    fn with_equal_grids(&self) -> Option<Self> {
        None
    }

    fn ends_are_asked_for(&self) -> bool {
        true
    }

    fn start(&self, at: Coordinates) -> LitmusThread {
        let text = self.thread(at).map(|thread| &self.test.threads[thread.index()]);
        let registers = text.map(|text| text.initial.iter().copied().collect()).unwrap_or_default();
        LitmusThread { registers, ..LitmusThread::default() }
    }

    fn next(&self, at: Coordinates, thread: &mut LitmusThread) -> Result<(Operation, SiteIndex), Fault> {
        let site = SiteIndex(thread.at as u32);
        let Some(id) = self.thread(at) else { return Ok((Operation::Exit, site)) };
        match self.advance(id, thread) {
            Ok(Some(operation)) => Ok((operation, SiteIndex(thread.at as u32 - 1))),
            Ok(None) => Ok((Operation::Exit, site)),
            Err(Halt::TooLarge) => Err(Fault::violation(Code::WrongResult, TOO_LARGE.to_owned(), site)),
            Err(halt) => {
                thread.beyond |= matches!(halt, Halt::Beyond);
                let semantics = Semantics { order: Order::Relaxed, scope: Scope::Sys };
                let condition = Condition { compare: Compare::Equal, value: 1 };
                let at = self.place(self.test.initial.len());
                Ok((Operation::Await { at, width: Width::Four, condition, semantics, returns: false }, site))
            }
        }
    }

    fn supply(&self, _: Coordinates, thread: &mut LitmusThread, value: Word) {
        if let Some(register) = thread.target.take() {
            thread.registers.insert(register, i64::from(value as i32));
        }
    }

    fn expected(&self) -> Option<Expected> {
        None
    }

    fn source(&self) -> &Source {
        &self.test.source
    }

    fn site(&self, _: SiteIndex) -> (Span, Vec<Span>) {
        (0..0, Vec::new())
    }

    fn line(&self, _: SiteIndex) -> u32 {
        0
    }

    fn input(&self, _: Element, _: PartId, _: u32, _: u32, _: u64) -> u64 {
        0
    }
}
