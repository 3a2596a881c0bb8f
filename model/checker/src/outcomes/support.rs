//! Which tests the machine can run.

use crate::litmus::{
    Access, Arithmetic, AtomicOperation, Instruction, Location, LocationId, Operand, Proxy, Register, Test, ThreadText,
};
use arverify_protocol::ir::Order;
use rustc_hash::{FxHashMap, FxHashSet};

/// The machine's words have 32 bits; below this, signed and unsigned agree, and sums do not wrap soon.
const LARGEST: i64 = 1 << 24;

/// Resources that a block has.
const BARRIERS: u32 = 16;

/// Why the machine cannot run a test.
pub(super) fn refusal(test: &Test) -> Option<&'static str> {
    let mut addresses = FxHashMap::default();
    let small = |value: &i64| (0..=LARGEST).contains(value);
    let starts = test.threads.iter().flat_map(|thread| thread.initial.iter().map(|(_, value)| value));
    if !test.initial.iter().chain(starts).all(small) {
        return Some("the machine has 32-bit words");
    }
    for (instruction, _) in test.threads.iter().flat_map(|thread| &thread.instructions) {
        if let Some(Access { proxy, location: Location { physical, address }, .. }) = access(instruction)
            && (*proxy != Proxy::Generic || addresses.entry(*physical).or_insert(*address) != address)
        {
            return Some("the machine has no proxies");
        }
        if !operands(instruction).iter().all(|it| !matches!(it, Operand::Constant(value) if !small(value))) {
            return Some("the machine has 32-bit words");
        }
        let reason = match instruction {
            Instruction::ProxyFence(_) => "the machine has no proxies",
            Instruction::Atomic(_, AtomicOperation::Apply(Arithmetic::Mul | Arithmetic::Div, _), _) => {
                "the machine has no atomic product or quotient"
            }
            Instruction::Barrier { instance, .. } if *instance >= BARRIERS => "a block has 16 barriers",
            Instruction::Barrier { resource: Operand::Register(_), .. } => "a barrier's resource is in a register",
            _ => continue,
        };
        return Some(reason);
    }
    barrier_refusal(test)
}

/// Every use of an instance in a block must name the same resource, and a quorum must be that of all.
fn barrier_refusal(test: &Test) -> Option<&'static str> {
    for (thread, text) in test.threads.iter().enumerate() {
        for (instruction, _) in &text.instructions {
            let Instruction::Barrier { instance, resource, quorum, .. } = instruction else { continue };
            let other = |(it, _): &(Instruction, _)| matches!(it, Instruction::Barrier { instance: own, resource: named, .. } if own == instance && named != resource);
            let block = test.threads.iter().filter(|other| other.placement == text.placement);
            if block.flat_map(|text| &text.instructions).any(other) {
                return Some("one barrier is used with different resources");
            }
            let all = i64::from(participants(test, thread, *instance));
            if quorum.is_some_and(|quorum| quorum != Operand::Constant(all)) {
                return Some("the machine's barriers wait for all their threads");
            }
        }
    }
    None
}

/// How many threads of a thread's block hold a barrier in their text.
pub(super) fn participants(test: &Test, thread: usize, instance: u32) -> u32 {
    let holds = |text: &&ThreadText| {
        let same = |it: &Instruction| matches!(it, Instruction::Barrier { instance: own, .. } if *own == instance);
        text.placement == test.threads[thread].placement && text.instructions.iter().any(|(it, _)| same(it))
    };
    test.threads.iter().filter(holds).count() as u32
}

fn access(instruction: &Instruction) -> Option<&Access> {
    match instruction {
        Instruction::Load(access, _) | Instruction::Store(access, _) | Instruction::Atomic(access, ..) => Some(access),
        _ => None,
    }
}

fn operands(instruction: &Instruction) -> Vec<Operand> {
    match instruction {
        Instruction::Store(_, value) | Instruction::Move(_, value) => vec![*value],
        Instruction::Atomic(_, AtomicOperation::Apply(_, value) | AtomicOperation::Exchange(value), _) => vec![*value],
        Instruction::Atomic(_, AtomicOperation::CompareAndSwap(expected, new), _) => vec![*expected, *new],
        Instruction::Compute(_, _, left, right) | Instruction::Branch(_, left, right, _) => vec![*left, *right],
        _ => Vec::new(),
    }
}

/// Whether a circle of "a strong read may come after a write of its thread" and "that write is read elsewhere" is
/// possible, not every link of it a dependency. Weak accesses cannot be in it: they would race.
pub(super) fn may_buffer_loads(test: &Test) -> bool {
    // Links from the location read to the location written: dependent or free.
    let mut links: FxHashSet<(LocationId, LocationId, usize, bool)> = FxHashSet::default();
    for (thread, text) in test.threads.iter().enumerate() {
        let loops = text
            .instructions
            .iter()
            .enumerate()
            .any(|(at, (it, _))| matches!(it, Instruction::Goto(to) | Instruction::Branch(.., to) if *to <= at));
        let mut taint: FxHashMap<Register, FxHashSet<LocationId>> = FxHashMap::default();
        let mut read: FxHashSet<LocationId> = FxHashSet::default();
        for (instruction, _) in &text.instructions {
            let strong = access(instruction).filter(|access| access.order != Order::Weak);
            let place = strong.map(|access| access.location.physical);
            if let (Some(place), Instruction::Store(..) | Instruction::Atomic(..)) = (place, instruction) {
                let depends = |from: &LocationId| match instruction {
                    Instruction::Store(_, Operand::Register(register)) if !loops => {
                        taint.get(register).is_some_and(|reads| reads.len() == 1 && reads.contains(from))
                    }
                    _ => false,
                };
                links.extend(read.iter().map(|from| (*from, place, thread, depends(from))));
            }
            if let (Some(place), Instruction::Load(_, register) | Instruction::Atomic(_, _, Some(register))) =
                (place, instruction)
            {
                // A location read twice is no longer one read: dependencies on it are not told apart.
                let twice = !read.insert(place);
                taint.insert(*register, if twice { FxHashSet::default() } else { FxHashSet::from_iter([place]) });
            } else if let Some(place) = place.filter(|_| !matches!(instruction, Instruction::Store(..))) {
                read.insert(place);
            } else if let Instruction::Move(register, _) | Instruction::Compute(_, register, ..) = instruction {
                taint.remove(register);
            }
        }
    }
    links.iter().filter(|(.., depends)| !depends).any(|(from, to, thread, _)| {
        let mut reached = FxHashSet::from_iter([*to]);
        let mut open = vec![*to];
        while let Some(at) = open.pop() {
            for (_, next, ..) in links.iter().filter(|(from, ..)| *from == at) {
                if reached.insert(*next) {
                    open.push(*next);
                }
            }
        }
        // Within one thread and location, program order forbids it.
        let alone = from == to && links.iter().all(|(source, _, owner, _)| source != from || owner == thread);
        reached.contains(from) && !alone
    })
}
