//! Which tests the machine can run.

use super::reorder::{can_move, depends};
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
            _ => continue,
        };
        return Some(reason);
    }
    barrier_refusal(test)
}

/// Every use of an instance in a block must name the same resource, and a quorum must be that of all.
fn barrier_refusal(test: &Test) -> Option<&'static str> {
    for (thread, text) in test.threads.iter().enumerate() {
        let block = || test.threads.iter().filter(|other| other.placement == text.placement);
        for (at, (instruction, _)) in text.instructions.iter().enumerate() {
            let Instruction::Barrier { instance, resource, quorum, .. } = instruction else { continue };
            let resource = value_at(text, at, resource);
            let agrees = |other: &ThreadText, at: usize| match &other.instructions[at].0 {
                Instruction::Barrier { instance: own, resource: named, .. } if own == instance => {
                    resource.is_some() && value_at(other, at, named) == resource
                }
                _ => true,
            };
            if !block().all(|other| (0..other.instructions.len()).all(|at| agrees(other, at))) {
                return Some("a barrier's resource is computed, or not the same for all");
            }
            let same = |(it, _): &&(Instruction, _)| matches!(it, Instruction::Barrier { instance: own, .. } if own == instance);
            if text.instructions.iter().filter(same).count() > 1 || follows(&text.instructions, at, at) {
                return Some("a thread may come to one barrier twice, which the machine counts as two threads");
            }
            let all = i64::from(participants(test, thread, *instance));
            if quorum.is_some_and(|quorum| value_at(text, at, &quorum) != Some(all)) {
                return Some("the machine's barriers wait for all their threads");
            }
        }
    }
    None
}

/// An operand's value where a thread stands: a constant, a register that nothing writes, or one computed from such on
/// a straight way from the beginning.
fn value_at(text: &ThreadText, at: usize, operand: &Operand) -> Option<i64> {
    let register = match operand {
        Operand::Constant(value) => return Some(*value),
        Operand::Register(register) => *register,
    };
    let initial = |register: Register| {
        let given = text.initial.iter().rev().find(|(own, _)| *own == register);
        given.map_or(0, |(_, value)| *value)
    };
    if !text.instructions.iter().any(|(it, _)| fills(it, register)) {
        return Some(initial(register));
    }
    let jumps = |it: &Instruction| matches!(it, Instruction::Goto(_) | Instruction::Branch(..));
    if text.instructions.iter().any(|(it, _)| jumps(it)) {
        return None;
    }
    let mut known: FxHashMap<Register, Option<i64>> = FxHashMap::default();
    for (instruction, _) in &text.instructions[..at] {
        let value = |operand: &Operand| match operand {
            Operand::Constant(value) => Some(*value),
            Operand::Register(register) => known.get(register).copied().unwrap_or_else(|| Some(initial(*register))),
        };
        let (register, result) = match instruction {
            Instruction::Move(register, operand) => (*register, value(operand)),
            Instruction::Compute(operation, register, left, right) => {
                (*register, value(left).zip(value(right)).and_then(|(left, right)| operation.apply(left, right)))
            }
            Instruction::Load(_, register) | Instruction::Atomic(_, _, Some(register)) => (*register, None),
            _ => continue,
        };
        known.insert(register, result);
    }
    known.get(&register).copied().unwrap_or_else(|| Some(initial(register)))
}

/// Whether an instruction writes a register.
pub(super) fn fills(instruction: &Instruction, register: Register) -> bool {
    match instruction {
        Instruction::Load(_, own) | Instruction::Move(own, _) | Instruction::Compute(_, own, ..) => *own == register,
        Instruction::Atomic(_, _, own) => *own == Some(register),
        _ => false,
    }
}

/// How many threads of a thread's block hold a barrier in their text.
pub(super) fn participants(test: &Test, thread: usize, instance: u32) -> u32 {
    let holds = |text: &&ThreadText| {
        let same = |it: &Instruction| matches!(it, Instruction::Barrier { instance: own, .. } if *own == instance);
        text.placement == test.threads[thread].placement && text.instructions.iter().any(|(it, _)| same(it))
    };
    test.threads.iter().filter(holds).count() as u32
}

pub(super) fn access(instruction: &Instruction) -> Option<&Access> {
    match instruction {
        Instruction::Load(access, _) | Instruction::Store(access, _) | Instruction::Atomic(access, ..) => Some(access),
        _ => None,
    }
}

pub(super) fn operands(instruction: &Instruction) -> Vec<Operand> {
    match instruction {
        Instruction::Store(_, value) | Instruction::Move(_, value) => vec![*value],
        Instruction::Atomic(_, AtomicOperation::Apply(_, value) | AtomicOperation::Exchange(value), _) => vec![*value],
        Instruction::Atomic(_, AtomicOperation::CompareAndSwap(expected, new), _) => vec![*expected, *new],
        Instruction::Compute(_, _, left, right) | Instruction::Branch(_, left, right, _) => vec![*left, *right],
        _ => Vec::new(),
    }
}

/// A strong read with a later strong write of its thread: the write may be seen before the read is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Link {
    thread: usize,
    from: LocationId,
    to: LocationId,
    /// What is written depends on what was read.
    dependent: bool,
    /// The write can be moved before the read, and the machine then shows it.
    moves: bool,
    /// The write is a release, and whoever else reads its location acquires from it.
    synchronizes: bool,
}

/// How load buffering is possible: a circle of links in which not every one is a dependency (no thin air), and two do
/// not synchronize (causality forbids the others), through more than one location (coherence forbids the others). Weak
/// accesses cannot be in it: they would race. The free links of such circles say what it takes.
pub(super) fn load_buffering(test: &Test) -> LoadBuffering {
    let links: Vec<Link> = (0..test.threads.len()).flat_map(|thread| links(test, thread)).collect();
    let reaches = |from: LocationId, to: LocationId| {
        let mut reached = FxHashSet::from_iter([from]);
        let mut open = vec![from];
        while let Some(at) = open.pop() {
            let next = links.iter().filter(|link| link.from == at).map(|link| link.to);
            open.extend(next.filter(|next| reached.insert(*next)));
        }
        reached.contains(&to)
    };
    let circular: Vec<&Link> = links.iter().filter(|link| reaches(link.to, link.from)).collect();
    let possible = circular.iter().any(|link| {
        let circle =
            || circular.iter().filter(|other| reaches(link.from, other.from) && reaches(other.from, link.from));
        let free = circle().any(|other| !other.dependent);
        let second = circle().any(|other| !other.synchronizes && other.thread != link.thread);
        let far = circle().any(|other| other.from != link.from);
        !link.synchronizes && second && free && far
    });
    let mut free = circular.iter().filter(|link| !link.dependent);
    match possible {
        false => LoadBuffering::Impossible,
        true if free.all(|link| link.moves) => LoadBuffering::ByMoving,
        true => LoadBuffering::Beyond,
    }
}

/// Whether executions with load buffering may exist, and whether the machine finds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LoadBuffering {
    /// There is none.
    Impossible,
    /// All of it comes of writes that can be moved.
    ByMoving,
    /// Some of it does not.
    Beyond,
}

fn links(test: &Test, thread: usize) -> Vec<Link> {
    let text = &test.threads[thread].instructions;
    let reads = |it: &Instruction| matches!(it, Instruction::Load(..) | Instruction::Atomic(..));
    let strong = |it: &Instruction| access(it).filter(|access| access.order != Order::Weak).copied();
    let mut found = Vec::new();
    for (at, (instruction, _)) in text.iter().enumerate() {
        let Some(written) = strong(instruction).filter(|_| !matches!(instruction, Instruction::Load(..))) else {
            continue;
        };
        for (before, (read, _)) in text.iter().enumerate().filter(|(_, (it, _))| reads(it)) {
            let Some(access) = strong(read).filter(|_| follows(text, before, at)) else { continue };
            let dependent = depends(test, thread, before, at);
            let moves = !follows(text, at, before) && can_move(test, thread, before, at);
            let synchronizes = synchronizes(test, thread, &written);
            let (from, to) = (access.location.physical, written.location.physical);
            found.push(Link { thread, from, to, dependent, moves, synchronizes });
        }
    }
    found
}

/// Whether an instruction may come after another.
fn follows(text: &[(Instruction, std::ops::Range<u32>)], first: usize, then: usize) -> bool {
    let mut reached = FxHashSet::default();
    let mut open = vec![first];
    while let Some(at) = open.pop() {
        let next = match text.get(at) {
            Some((Instruction::Goto(to), _)) => [*to, *to],
            Some((Instruction::Branch(.., to), _)) => [*to, at + 1],
            Some(_) => [at + 1, at + 1],
            None => continue,
        };
        open.extend(next.into_iter().filter(|next| reached.insert(*next)));
    }
    reached.contains(&then)
}

/// Whether every read of this location by another thread acquires what this write releases.
fn synchronizes(test: &Test, thread: usize, written: &Access) -> bool {
    let here = test.threads[thread].placement;
    let acquires = |other: &ThreadText, instruction: &Instruction| match instruction {
        Instruction::Load(access, _) | Instruction::Atomic(access, ..) => {
            let place = other.placement;
            let inclusive = here.includes(written.scope, place) && place.includes(access.scope, here);
            let acquires = matches!(access.order, Order::Acquire | Order::AcqRel);
            access.location.physical != written.location.physical || acquires && inclusive
        }
        _ => true,
    };
    let others = test.threads.iter().enumerate().filter(|(other, _)| *other != thread);
    let all = others.flat_map(|(_, text)| text.instructions.iter().map(move |(it, _)| (text, it)));
    matches!(written.order, Order::Release | Order::AcqRel) && all.into_iter().all(|(text, it)| acquires(text, it))
}
