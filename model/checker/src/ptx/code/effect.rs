//! What an instruction reads, writes and does, for analyses that need not know its meaning.

use super::step::{
    BarrierKind, BarrierReduction, Base, BulkSource, Exchange, Instruction, Pc, Register, Source, Space, Step, Vote,
    WarpReduction,
};
use smallvec::{SmallVec, smallvec};

/// What an instruction does besides computing registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Nothing that anybody else could tell, reads of constants, parameters and own memory included.
    None,
    /// Writes the thread's own memory.
    StoreLocal,
    /// Reads memory that others may write. A generic load may turn out to read own memory.
    Load,
    /// Writes memory that others may read. A generic store may turn out to write own memory.
    Store,
    /// Reads and writes such memory.
    Atomic,
    /// Orders memory.
    Fence,
    /// Waits for, or tells, other threads of the block or warp.
    Barrier,
    /// Ends the thread: exit, trap, an instruction that is not understood.
    End,
}

/// Registers of one instruction.
pub type Registers = SmallVec<[Register; 6]>;

impl Instruction {
    /// Registers it reads, its guard among them.
    pub fn uses(&self) -> Registers {
        let mut registers: Registers = self.step.sources().into_iter().filter_map(Source::register).collect();
        registers.extend(self.guard.map(|guard| guard.register));
        registers
    }

    /// Registers it writes, if its guard holds.
    pub fn defines(&self) -> Registers {
        self.step.destinations()
    }

    /// Whether its definitions happen always, so that they end the life of what was there before.
    pub fn always(&self) -> bool {
        self.guard.is_none()
    }

    /// What it does besides, if its guard holds.
    pub fn effect(&self) -> Effect {
        self.step.effect()
    }

    /// The instructions that may come next.
    pub fn successors(&self, pc: Pc) -> SmallVec<[Pc; 2]> {
        let mut next: SmallVec<[Pc; 2]> = match &self.step {
            Step::Branch { target } => smallvec![*target],
            Step::BranchTable { targets, .. } => targets.iter().copied().collect(),
            Step::Exit | Step::Trap { .. } | Step::Unsupported { .. } => smallvec![],
            _ => return smallvec![pc + 1],
        };
        if self.guard.is_some() {
            next.push(pc + 1);
        }
        next.sort_unstable();
        next.dedup();
        next
    }

    /// Whether the guard or an operand decides where the thread goes on.
    pub fn is_branch(&self) -> bool {
        matches!(self.step, Step::Branch { .. } | Step::BranchTable { .. } | Step::Exit | Step::Trap { .. })
            || matches!(self.step, Step::Unsupported { .. })
    }
}

impl Step {
    /// Its operands.
    pub fn sources(&self) -> SmallVec<[Source; 6]> {
        let base = |base: &Base| match base {
            Base::Value(source) => *source,
            Base::Variable(_) => Source::ZERO,
        };
        match self {
            Step::Compute { sources, .. } | Step::ComputePair { sources, .. } => SmallVec::from_slice(sources),
            Step::Load { address, .. } => smallvec![base(&address.base)],
            Step::Store { address, sources, .. } => {
                let mut all: SmallVec<[Source; 6]> = sources.iter().copied().collect();
                all.push(base(&address.base));
                all
            }
            Step::Atomic { address, operand, expected, .. } => smallvec![base(&address.base), *operand, *expected],
            Step::Barrier(barrier) => {
                let mut all = smallvec![barrier.id];
                all.extend(barrier.count);
                if let BarrierKind::Reduce { predicate, .. } = barrier.kind {
                    all.push(predicate);
                }
                all
            }
            Step::DependentLaunch { .. } => smallvec![],
            Step::BeginGroup { open } | Step::AwaitGroups { open, .. } => smallvec![Source::Register(*open)],
            Step::AsyncCopy(copy) => {
                let mut all = smallvec![base(&copy.to.base), base(&copy.from.base)];
                all.extend(copy.read);
                all
            }
            Step::Bulk(copy) => {
                let mut all = smallvec![base(&copy.to.1.base), copy.bytes];
                match &copy.from {
                    BulkSource::Memory(_, from) => all.push(base(&from.base)),
                    BulkSource::Values(values, _) => all.extend(values.iter().copied()),
                    BulkSource::Padded(from, read) => all.extend([base(&from.base), *read]),
                    BulkSource::Arrival => {}
                }
                all.extend(copy.signals.as_ref().map(|(_, at, _)| base(&at.base)));
                all.extend(copy.blocks);
                all
            }
            Step::CommitBulk { .. } | Step::AwaitBulk { .. } | Step::ProxyFence { .. } => smallvec![],
            Step::Warp(warp) => {
                let mut all = warp.exchange.sources();
                all.push(warp.mask);
                all
            }
            Step::BranchTable { index, .. } => smallvec![*index],
            Step::Special { .. } | Step::VariableAddress { .. } | Step::Fence { .. } | Step::Branch { .. } => {
                smallvec![]
            }
            Step::Exit | Step::Trap { .. } | Step::Nothing | Step::Unsupported { .. } => smallvec![],
            Step::Unknown { .. } => smallvec![],
        }
    }

    /// Its results.
    pub fn destinations(&self) -> Registers {
        match self {
            Step::Compute { destination, .. } => smallvec![*destination],
            Step::ComputePair { destinations, .. } => destinations.iter().flatten().copied().collect(),
            Step::Special { destination, .. } | Step::VariableAddress { destination, .. } => smallvec![*destination],
            Step::Load { destinations, .. } => destinations.iter().flatten().copied().collect(),
            Step::Atomic { destination, .. } => destination.iter().copied().collect(),
            Step::Unknown { destinations, .. } => destinations.iter().copied().collect(),
            Step::BeginGroup { open } => smallvec![*open],
            Step::AsyncCopy(_) | Step::AwaitGroups { .. } | Step::DependentLaunch { .. } => smallvec![],
            Step::Bulk(_) | Step::CommitBulk { .. } | Step::AwaitBulk { .. } | Step::ProxyFence { .. } => smallvec![],
            Step::Barrier(barrier) => match barrier.kind {
                BarrierKind::Reduce { destination, .. } => smallvec![destination],
                BarrierKind::Sync | BarrierKind::Arrive => smallvec![],
            },
            Step::Warp(warp) => warp.exchange.destinations(),
            Step::Store { .. } | Step::Fence { .. } | Step::Branch { .. } | Step::BranchTable { .. } => smallvec![],
            Step::Exit | Step::Trap { .. } | Step::Nothing | Step::Unsupported { .. } => smallvec![],
        }
    }

    /// What it does besides.
    pub fn effect(&self) -> Effect {
        match self {
            Step::Compute { .. } | Step::ComputePair { .. } | Step::Special { .. } => Effect::None,
            Step::VariableAddress { .. } | Step::Branch { .. } | Step::BranchTable { .. } | Step::Nothing => {
                Effect::None
            }
            Step::Load { space, .. } => match space {
                Space::Constant | Space::Local | Space::Parameter => Effect::None,
                Space::Global | Space::Generic | Space::Shared | Space::Cluster | Space::Multicast(_) => Effect::Load,
            },
            Step::Store { space, .. } => match space {
                Space::Constant | Space::Local | Space::Parameter => Effect::StoreLocal,
                Space::Global | Space::Generic | Space::Shared | Space::Cluster | Space::Multicast(_) => Effect::Store,
            },
            // What comes in no order is no round of a loop.
            Step::Atomic { place, .. } if place.count > 1 => Effect::Store,
            Step::Atomic { .. } => Effect::Atomic,
            // They write, if not now.
            Step::BeginGroup { .. } | Step::AsyncCopy(_) | Step::AwaitGroups { .. } => Effect::Store,
            Step::DependentLaunch { .. } => Effect::Store,
            Step::Bulk(_) | Step::CommitBulk { .. } | Step::AwaitBulk { .. } => Effect::Store,
            // It makes no round of a loop: what it has seen is remembered.
            Step::ProxyFence { .. } => Effect::Store,
            // No loop of it is a wait.
            Step::Unknown { .. } => Effect::Store,
            Step::Fence { .. } => Effect::Fence,
            Step::Barrier(_) | Step::Warp(_) => Effect::Barrier,
            Step::Exit | Step::Trap { .. } | Step::Unsupported { .. } => Effect::End,
        }
    }
}

/// Exchanges, as rounds of loops need to know them.
impl Step {
    /// What a thread gives the others.
    pub fn brought(&self) -> Option<Source> {
        match self {
            Step::Barrier(barrier) => match barrier.kind {
                BarrierKind::Reduce { predicate, .. } => Some(predicate),
                BarrierKind::Sync | BarrierKind::Arrive => None,
            },
            Step::Warp(warp) => match warp.exchange {
                Exchange::Sync => None,
                Exchange::Shuffle { value, .. } | Exchange::MatchAny { value, .. } => Some(value),
                Exchange::MatchAll { value, .. } | Exchange::Reduce { value, .. } => Some(value),
                Exchange::Vote { predicate, .. } => Some(predicate),
                Exchange::Elect { .. } => Some(Source::ZERO),
            },
            _ => None,
        }
    }

    /// Whether each bit of the result grows with the bits that are given.
    pub fn is_monotone(&self) -> bool {
        match self {
            Step::Barrier(barrier) => matches!(
                barrier.kind,
                BarrierKind::Reduce { reduction: BarrierReduction::And | BarrierReduction::Or, .. }
            ),
            Step::Warp(warp) => match warp.exchange {
                Exchange::Vote { mode, .. } => mode != Vote::Uniform,
                Exchange::Reduce { reduction, .. } => {
                    matches!(reduction, WarpReduction::And | WarpReduction::Or)
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether each lane gets the value of one other.
    pub fn is_shuffle(&self) -> bool {
        matches!(self, Step::Warp(warp) if matches!(warp.exchange, Exchange::Shuffle { .. }))
    }

    /// Of a shuffle: the predicate that says whether the other lane was in range.
    pub fn tells_range(&self) -> Option<Register> {
        match self {
            Step::Warp(warp) => match warp.exchange {
                Exchange::Shuffle { valid, .. } => valid,
                _ => None,
            },
            _ => None,
        }
    }
}

impl Exchange {
    fn sources(&self) -> SmallVec<[Source; 6]> {
        match self {
            Exchange::Shuffle { value, lane, clamp, .. } => smallvec![*value, *lane, *clamp],
            Exchange::Vote { predicate, .. } => smallvec![*predicate],
            Exchange::MatchAny { value, .. } | Exchange::MatchAll { value, .. } => smallvec![*value],
            Exchange::Reduce { value, .. } => smallvec![*value],
            Exchange::Sync | Exchange::Elect { .. } => smallvec![],
        }
    }

    fn destinations(&self) -> Registers {
        let optional: [Option<Register>; 2] = match self {
            Exchange::Shuffle { destination, valid, .. } => [*destination, *valid],
            Exchange::MatchAll { destination, same, .. } => [*destination, *same],
            Exchange::Elect { leader, elected } => [*leader, *elected],
            Exchange::Vote { destination, .. }
            | Exchange::MatchAny { destination, .. }
            | Exchange::Reduce { destination, .. } => [Some(*destination), None],
            Exchange::Sync => [None, None],
        };
        optional.into_iter().flatten().collect()
    }
}
