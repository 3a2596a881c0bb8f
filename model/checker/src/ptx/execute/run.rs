//! The interpreter's loop: local instructions, until one concerns others.

use super::notes::{Note, Notes};
use super::setting::{RankSetting, Setting, axis};
use super::taint::Tainted;
use super::thread::{Broken, PtxThread};
use crate::program::{Arrivals, Barrier, Coordinates, Fault, FaultOutcome, Group, Operation, SiteIndex};
use crate::ptx::arithmetic::{evaluate, evaluate_pair};
use crate::ptx::branches::Guards;
use crate::ptx::code::step::{self, BarrierKind, LaneMask, Special};
use crate::ptx::code::{Code, Pc, Source, Step};
use crate::ptx::flow::SpinLoops;
use arverify_protocol::ir::{Order, Scope, Semantics};
use arverify_protocol::verdict::Code as Finding;
use std::sync::{Arc, OnceLock};

/// How an ordinary load reads.
const WEAK: Semantics = Semantics { order: Order::Weak, scope: Scope::Sys };

/// Local instructions between two operations before a thread counts as caught in a loop.
pub(super) const MOST_STEPS: u32 = 1 << 24;

/// Runs threads of one kernel of the code in one setting. Cheap to clone: spin loops hold one.
#[derive(Clone, Debug)]
pub struct Interpreter {
    /// The code.
    pub(super) code: Arc<Code>,
    /// Shapes, parameters, addresses.
    pub(super) setting: Arc<Setting>,
    /// Where its threads start.
    start: Pc,
    /// Which loops may be waits; `None`: none are known.
    pub(super) loops: Option<Arc<SpinLoops>>,
    /// What verdicts rest on.
    pub(super) notes: Arc<Notes>,
    /// What became of guards.
    pub(super) guards: Arc<Guards>,
    /// A thread had no room for another copy.
    pub(super) missing_room: Arc<MissingRoom>,
    /// Places that hold unknown values.
    pub(super) tainted: Arc<Tainted>,
}

/// Who had no room for another copy: the rank in the cluster of the block that it would count among, and the thread of its block.
#[derive(Debug, Default)]
pub(super) struct MissingRoom(OnceLock<(u32, u32)>);

impl MissingRoom {
    pub(super) fn set(&self, who: (u32, u32)) {
        // Whoever comes first: one is enough.
        let _ = self.0.set(who);
    }
}

/// What a step that is not a mere computation leads to.
pub(super) enum Done {
    /// The next instruction.
    Next,
    /// Another instruction.
    Jump(Pc),
    /// An operation for the machine; afterwards the next instruction.
    Yield(Operation),
    /// An operation for the machine; afterwards the same instruction.
    Again(Operation),
}

impl Interpreter {
    /// An interpreter of the first kernel in a setting.
    pub fn new(code: Arc<Code>, setting: Arc<Setting>, loops: Option<SpinLoops>) -> Self {
        let guards = Arc::new(Guards::of(&code));
        let (loops, missing_room, tainted) = (loops.map(Arc::new), Arc::default(), Arc::new(Tainted::of(&code)));
        Self { code, setting, start: 0, loops, notes: Arc::default(), guards, missing_room, tainted }
    }

    /// The same for threads that start there, in another setting.
    pub fn of_kernel(&self, start: Pc, setting: Arc<Setting>) -> Self {
        Self { start, setting, ..self.clone() }
    }

    /// The same, with every poll a read like any other.
    pub fn without_polls(&self) -> Self {
        Self { loops: None, ..self.clone() }
    }

    /// The same, with these places known to hold unknown values.
    pub(in crate::ptx) fn tainting(&self, tainted: Arc<Tainted>) -> Self {
        Self { tainted, ..self.clone() }
    }

    /// Places that hold unknown values.
    pub(in crate::ptx) fn tainted(&self) -> &Tainted {
        &self.tainted
    }

    /// Who had no room for another copy, if anybody had none.
    pub(in crate::ptx) fn missing_room(&self) -> Option<(u32, u32)> {
        self.missing_room.0.get().copied()
    }

    /// The code.
    pub fn code(&self) -> &Arc<Code> {
        &self.code
    }

    /// What became of guards, as far as any thread has met them.
    pub(in crate::ptx) fn guards(&self) -> &Guards {
        &self.guards
    }

    /// Shapes, parameters, addresses.
    pub fn setting(&self) -> &Setting {
        &self.setting
    }

    /// What a verdict rests on, as far as any thread has met it, and what is said of the code.
    pub fn assumptions(&self) -> Vec<String> {
        let mut remarks: Vec<String> = self.code.remarks.iter().map(|(_, text)| text.clone()).collect();
        remarks.extend(self.notes.all().map(|note| note.text().to_string()));
        remarks.sort();
        remarks.dedup();
        remarks
    }

    /// A thread before its first operation.
    pub fn start(&self) -> PtxThread {
        PtxThread::new(&self.code, self.start)
    }

    /// The instruction before the one that a thread stands at; none at the start of a kernel.
    pub(super) fn before(&self, thread: &PtxThread) -> Option<Pc> {
        let starts = self.code.entries.iter().any(|entry| entry.start == thread.pc);
        thread.pc.checked_sub(1).filter(|_| !starts)
    }

    /// Runs to the next operation, which belongs to the instruction whose number is returned with it.
    ///
    /// # Errors
    /// What the thread does wrong, or an instruction that is not understood.
    pub fn next(&self, at: Coordinates, thread: &mut PtxThread) -> Result<(Operation, SiteIndex), Fault> {
        self.run(at, thread, true)
    }

    /// The same, but for loops: their reads are reads.
    ///
    /// # Errors
    /// As [`Interpreter::next`].
    pub fn next_of_round(&self, at: Coordinates, thread: &mut PtxThread) -> Result<(Operation, SiteIndex), Fault> {
        self.run(at, thread, false)
    }

    pub(super) fn run(
        &self,
        at: Coordinates,
        thread: &mut PtxThread,
        waits: bool,
    ) -> Result<(Operation, SiteIndex), Fault> {
        if thread.holds_reads() {
            return self.run_followed(at, thread, waits);
        }
        if let Some(broken) = thread.broken {
            return Err(broken_thread(broken, thread.pc));
        }
        if self.follows_taint(thread) {
            return self.run_tainted(at, thread, waits);
        }
        let code = &*self.code;
        let mut pc = thread.pc;
        for _ in 0..MOST_STEPS {
            let instruction = &code.instructions[pc as usize];
            if let Some(guard) = instruction.guard {
                let predicate = thread.registers[guard.register.0 as usize] != 0;
                self.guards.record(pc, predicate);
                if predicate == guard.negated {
                    pc += 1;
                    continue;
                }
            }
            match &instruction.step {
                Step::Compute { function, destination, sources } => {
                    let operands = sources.map(|source| value(&thread.registers, source));
                    thread.registers[destination.0 as usize] = evaluate(*function, operands);
                    pc += 1;
                }
                Step::Branch { target } => pc = *target,
                Step::Nothing => pc += 1,
                step => {
                    thread.pc = pc;
                    match self.step(at, thread, step)? {
                        Done::Next => pc += 1,
                        Done::Jump(target) => pc = target,
                        Done::Again(operation) => return Ok((operation, SiteIndex(pc))),
                        Done::Yield(operation) => {
                            if waits && let Some(spin) = self.spin(thread, &operation) {
                                return Ok((spin, SiteIndex(pc)));
                            }
                            // Whatever follows `exit` is never reached.
                            thread.pc = if operation == Operation::Exit { pc } else { thread.behind(pc) };
                            return Ok((operation, SiteIndex(pc)));
                        }
                    }
                }
            }
        }
        thread.pc = pc;
        Err(not_understood(format!("the thread ran {MOST_STEPS} instructions without any effect"), pc))
    }

    /// The same where unknown values are followed.
    fn run_tainted(
        &self,
        at: Coordinates,
        thread: &mut PtxThread,
        waits: bool,
    ) -> Result<(Operation, SiteIndex), Fault> {
        for _ in 0..MOST_STEPS {
            let pc = thread.pc;
            if let Some(guard) = self.code.instruction(pc).guard {
                self.guards.record(pc, thread.registers[guard.register.0 as usize] != 0);
            }
            let Some(operation) = self.single(at, thread)? else { continue };
            let next = std::mem::replace(&mut thread.pc, pc);
            if let Some(spin) = self.spin(thread, &operation).filter(|_| waits) {
                return Ok((spin, SiteIndex(pc)));
            }
            thread.pc = next;
            return Ok((operation, SiteIndex(pc)));
        }
        Err(not_understood(format!("the thread ran {MOST_STEPS} instructions without any effect"), thread.pc))
    }

    /// One instruction, at `thread.pc`; the operation that it yields, if it does.
    pub(super) fn single(&self, at: Coordinates, thread: &mut PtxThread) -> Result<Option<Operation>, Fault> {
        let pc = thread.pc;
        if self.follows_taint(thread) {
            self.pass_taint(at, thread)?;
        }
        let instruction = &self.code.instructions[pc as usize];
        if let Some(guard) = instruction.guard
            && (thread.registers[guard.register.0 as usize] == 0) != guard.negated
        {
            thread.pc = pc + 1;
            return Ok(None);
        }
        match &instruction.step {
            Step::Compute { function, destination, sources } => {
                let operands = sources.map(|source| value(&thread.registers, source));
                thread.registers[destination.0 as usize] = evaluate(*function, operands);
                thread.pc = pc + 1;
            }
            Step::Branch { target } => thread.pc = *target,
            Step::Nothing => thread.pc = pc + 1,
            step => match self.step(at, thread, step)? {
                Done::Next => thread.pc = pc + 1,
                Done::Jump(target) => thread.pc = target,
                Done::Again(operation) => return Ok(Some(operation)),
                Done::Yield(operation) => {
                    thread.pc = if operation == Operation::Exit { pc } else { thread.behind(pc) };
                    return Ok(Some(operation));
                }
            },
        }
        Ok(None)
    }

    /// One of the rarer steps, at `thread.pc`.
    pub(super) fn step(&self, at: Coordinates, thread: &mut PtxThread, step: &Step) -> Result<Done, Fault> {
        let pc = thread.pc;
        match step {
            Step::Load { .. } => self.load(at, thread, step),
            Step::Store { .. } => self.store(at, thread, step),
            Step::Atomic { .. } => self.atomic(at, thread, step),
            Step::ComputePair { function, destinations, sources } => {
                let operands = sources.map(|source| value(&thread.registers, source));
                let results = evaluate_pair(*function, operands);
                for (destination, result) in destinations.iter().zip(results) {
                    if let Some(register) = destination {
                        thread.registers[register.0 as usize] = result;
                    }
                }
                Ok(Done::Next)
            }
            Step::Special { special, destination } => {
                thread.registers[destination.0 as usize] = self.special(at, *special);
                Ok(Done::Next)
            }
            Step::VariableAddress { variable, offset, destination } => {
                let start = self.rank(at).variables.get(*variable as usize).copied().unwrap_or(0);
                thread.registers[destination.0 as usize] = start.wrapping_add_signed(*offset);
                Ok(Done::Next)
            }
            Step::BranchTable { index, targets } => {
                let index = value(&thread.registers, *index);
                let target = usize::try_from(index).ok().and_then(|index| targets.get(index));
                match target {
                    Some(&target) => Ok(Done::Jump(target)),
                    None => Err(not_understood(format!("branch to entry {index} of {}", targets.len()), pc)),
                }
            }
            Step::Fence { semantics } => Ok(Done::Yield(Operation::Fence { semantics: *semantics })),
            Step::Barrier(barrier) => self.barrier(at, thread, barrier).map(Done::Yield),
            Step::Warp(warp) => self.warp(at, thread, warp).map(Done::Yield),
            Step::Exit => self.leave_kernel(thread),
            Step::Bulk(copy) => self.start_copy(at, thread, copy),
            Step::CommitBulk { proxy } => Ok(self.commit_copies(thread, *proxy)),
            Step::AwaitBulk { proxy, remaining, reads } => self.await_copies(at, thread, *proxy, (*remaining, *reads)),
            Step::ProxyFence { window } => Ok(Done::Yield(Operation::ProxyFence { window: *window })),
            Step::Trap { code, message } => Err(Fault::violation(*code, message.to_string(), SiteIndex(pc))),
            Step::DependentLaunch { waits } => Ok(match self.rank(at).dependent.get(at.launch as usize) {
                None => Done::Next,
                Some(words) if *waits => Done::Yield(words.wait()),
                // Once is enough.
                Some(_) if thread.has_called() => Done::Next,
                Some(words) => {
                    thread.call();
                    Done::Yield(words.call(at.block))
                }
            }),
            Step::BeginGroup { open } => {
                let begun = std::mem::replace(&mut thread.registers[open.0 as usize], 1) != 0;
                let start = Operation::Start { pipe: 0, capacity: u32::MAX };
                Ok(if begun { Done::Next } else { Done::Yield(start) })
            }
            Step::AsyncCopy(copy) => self.async_copy(at, thread, copy),
            Step::AwaitGroups { remaining, open } => {
                let open = thread.registers[open.0 as usize] as u32;
                Ok(Done::Yield(Operation::Finish { pipe: 0, remaining: remaining.saturating_add(open) }))
            }
            Step::Unknown { destinations, .. } => {
                destinations.iter().for_each(|register| thread.registers[register.0 as usize] = 0);
                Ok(Done::Next)
            }
            Step::Unsupported { text } => Err(not_understood(text.to_string(), pc)),
            Step::Compute { .. } | Step::Branch { .. } | Step::Nothing => Ok(Done::Next),
        }
    }

    /// The operation of a barrier of the block.
    pub(super) fn barrier(
        &self,
        at: Coordinates,
        thread: &PtxThread,
        barrier: &step::Barrier,
    ) -> Result<Operation, Fault> {
        let registers = &thread.registers;
        let id = value(registers, barrier.id);
        let count = barrier.count.map(|count| value(registers, count));
        let wrong = |message: String| Fault::violation(Finding::BarrierDivergence, message, SiteIndex(thread.pc));
        if id > 15 {
            return Err(wrong(format!("barrier {id} does not exist: a block has 16")));
        }
        let threads = u64::from(self.rank(at).geometry.threads());
        // The whole block may be named also where it is no multiple of a warp.
        if let Some(count) = count.filter(|&count| count != threads && (count == 0 || count % 32 != 0)) {
            return Err(wrong(format!("a barrier of {count} threads: the number must be a multiple of 32")));
        }
        let group = Group::Block { id: id as u32, count: count.map(|count| count as u32) };
        let (arrive, gather) = match barrier.kind {
            BarrierKind::Sync => (false, None),
            BarrierKind::Arrive => (true, None),
            BarrierKind::Reduce { predicate, .. } => (false, Some(value(registers, predicate))),
        };
        let arrivals = Arrivals::Warps { aligned: barrier.aligned };
        Ok(Operation::Barrier(Barrier { group, arrivals, arrive, gather, orders: true }))
    }

    fn special(&self, at: Coordinates, special: Special) -> u64 {
        let rank = self.rank(at);
        let lane = at.thread % 32;
        let geometry = &rank.geometry;
        let along = |shape: [u32; 3], axis: u8| shape[usize::from(axis.min(2))];
        let word = match special {
            Special::Cluster(axis) => along(geometry.cluster_of(at.block), axis),
            Special::Clusters(axis) => along(geometry.clusters(), axis),
            Special::BlockOfCluster(axis) => along(geometry.within_cluster(at.block), axis),
            Special::BlocksOfCluster(axis) => along(geometry.cluster, axis),
            Special::ClusterRank => geometry.rank_in_cluster(at.block),
            Special::ClusterSize => geometry.cluster_size(),
            Special::ExplicitCluster => u32::from(rank.explicit_cluster),
            Special::ClusterBarrier => {
                let [x, y, z] = geometry.clusters();
                let index = rank.of_launch(at.launch, geometry.cluster_index(at.block), x * y * z);
                return rank.cluster_barriers.get(index as usize).copied().unwrap_or(0);
            }
            Special::GridBarrier { high: true } => (rank.grid_barrier >> 32) as u32,
            Special::GridBarrier { high: false } => rank.grid_barrier as u32,
            Special::Thread(along) => axis(at.thread, rank.geometry.block, along),
            Special::Threads(axis) => along(geometry.block, axis),
            Special::Block(along) => axis(at.block, rank.geometry.grid, along),
            Special::Blocks(axis) => along(geometry.grid, axis),
            Special::Lane => lane,
            Special::LaneMask(mask) => match mask {
                LaneMask::Equal => 1 << lane,
                LaneMask::Less => (1 << lane) - 1,
                LaneMask::LessEqual => u32::MAX >> (31 - lane),
                LaneMask::Greater => !(u32::MAX >> (31 - lane)),
                LaneMask::GreaterEqual => !((1 << lane) - 1),
            },
            Special::DynamicSharedBytes => rank.dynamic_shared_bytes as u32,
            Special::TotalSharedBytes => rank.shared_bytes as u32,
            Special::Arbitrary(arbitrary) => {
                self.notes.record(Note::from(arbitrary));
                0
            }
        };
        u64::from(word)
    }

    /// The wait that a thread stands in, if what it would do next is a read of a spin loop.
    pub(super) fn spin(&self, thread: &PtxThread, operation: &Operation) -> Option<Operation> {
        let (at, width, semantics) = match operation {
            Operation::Read { at, width, semantics, .. } | Operation::Atomic { at, width, semantics, .. } => {
                (*at, *width, *semantics)
            }
            Operation::Load { at, .. } => (*at, self.element_width(thread.pc)?, WEAK),
            _ => return None,
        };
        self.stands_in_loop(thread).then_some(Operation::Spin { at, width, semantics })
    }

    /// What the thread's rank brings.
    pub(super) fn rank(&self, at: Coordinates) -> &RankSetting {
        &self.setting.ranks[at.rank as usize]
    }
}

/// The value of an operand.
pub(super) fn value(registers: &[u64], source: Source) -> u64 {
    match source {
        Source::Register(register) => registers[register.0 as usize],
        Source::Constant(constant) => constant,
    }
}

/// A fault that makes the check inconclusive.
pub(super) fn not_understood(message: String, pc: Pc) -> Fault {
    Fault { outcome: FaultOutcome::NotUnderstood, message, site: SiteIndex(pc) }
}

const MISUSED: &str = "the mbarrier object has been used in a way that has no meaning: more arrivals than were pending, a \
                       count out of range, or after `mbarrier.inval`";

fn broken_thread(broken: Broken, pc: Pc) -> Fault {
    let site = pc.saturating_sub(1);
    match broken {
        Broken::AbsentLane(lane) => {
            let message = format!("a lane reads from lane {lane}, which takes no part: what it gets is undefined");
            not_understood(message, site)
        }
        Broken::Object => Fault::violation(Finding::Hazard, MISUSED.to_owned(), SiteIndex(site)),
    }
}
