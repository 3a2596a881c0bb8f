//! A candidate execution: the events of one combination of paths, and the solver's choices about them.
//!
//! Chosen are reads-from, coherence, the order of sc fences, and which arrivals a barrier with a quorum counts. Known
//! beforehand are program order, moral strength, dependencies and what barriers order, but for barrier resources that
//! come from registers. Initial writes are events of no thread, first in coherence.

use super::path::{Barrier, Decision, Event, Path, Value};
use super::relation::{Relation, Truth};
use super::theory::Theory;
use crate::litmus::{
    Arithmetic, Comparison, Fence, Location, LocationId, Placement, Proxy, ProxyFence, Test, VirtualAddress,
};
use arverify_protocol::ir::{Order, Scope};
use z3::ast::{BV, Bool};

/// Bits of a value.
pub(super) const WIDTH: u32 = 64;

/// What an event is.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Read,
    Write,
    Fence(Fence),
    ProxyFence(ProxyFence),
    Barrier(Barrier),
}

/// An event of the execution.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Index of its thread; none for an initial write.
    pub(super) thread: Option<usize>,
    pub(super) placement: Option<Placement>,
    pub(super) kind: Kind,
    /// Of reads, writes and fences; initial writes are weak.
    pub(super) order: Order,
    pub(super) scope: Scope,
    /// Of reads and writes; fences are generic.
    pub(super) proxy: Proxy,
    /// Of reads and writes.
    pub(super) location: Option<Location>,
    /// Read or written, where the solver is to know.
    pub(super) value: Option<BV>,
    /// The read of the same atomic operation.
    pub(super) atomic_read: Option<usize>,
}

impl Node {
    pub(super) fn is_read(&self) -> bool {
        matches!(self.kind, Kind::Read)
    }

    pub(super) fn is_write(&self) -> bool {
        matches!(self.kind, Kind::Write)
    }

    pub(super) fn is_memory(&self) -> bool {
        self.is_read() || self.is_write()
    }

    pub(super) fn is_fence(&self) -> bool {
        matches!(self.kind, Kind::Fence(_))
    }

    pub(super) fn is_sc_fence(&self) -> bool {
        matches!(self.kind, Kind::Fence(fence) if fence.sequentially_consistent)
    }

    /// Strong: a fence, or an access that is relaxed, acquire or release.
    pub(super) fn is_strong(&self) -> bool {
        self.is_fence() || self.is_memory() && self.order != Order::Weak
    }
}

/// The events and what is chosen about them.
pub(super) struct Execution {
    pub(super) nodes: Vec<Node>,
    pub(super) program_order: Relation,
    pub(super) reads_from: Relation,
    /// Transitive.
    pub(super) coherence: Relation,
    pub(super) from_reads: Relation,
    pub(super) fence_sc_order: Relation,
    /// What barriers order, arrival before completion.
    pub(super) barriers: Relation,
    /// Read to write of one atomic.
    pub(super) read_modify_write: Relation,
    /// Reads to what depends on them by address, data or control.
    pub(super) dependency: Relation,
    /// What makes the choices an execution, before any axiom.
    pub(super) well_formed: Vec<Truth>,
    /// First event of each thread.
    offsets: Vec<usize>,
}

/// What is known of an execution before anything is chosen.
pub(super) struct Frame {
    pub(super) nodes: Vec<Node>,
    pub(super) program_order: Relation,
    pub(super) barriers: Relation,
    pub(super) dependency: Relation,
    pub(super) well_formed: Vec<Truth>,
    /// First event of each thread.
    pub(super) offsets: Vec<usize>,
}

/// Choices that are none, because something else about the execution decides them.
#[derive(Default)]
pub(super) struct Hints<'h> {
    /// Whether a read may read from a write; any may that is not told.
    pub(super) may_read: Option<&'h dyn Fn(usize, usize) -> bool>,
    /// Whether base causality orders two writes for certain.
    pub(super) before: Option<&'h dyn Fn(usize, usize) -> bool>,
}

/// A combination of paths that the engine does not know how to judge.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unsupported {
    #[error("a barrier's quorum is not a constant")]
    Quorum,
    #[error("one barrier is used with different quorums")]
    MixedQuorums,
    #[error("a division whose divisor is not a constant other than 0")]
    Division,
}

impl Execution {
    pub(super) fn new(test: &Test, paths: &[&Path], theory: Theory) -> Result<Execution, Unsupported> {
        let mut nodes = initial_writes(test);
        let mut offsets = Vec::new();
        for (thread, path) in paths.iter().enumerate() {
            let offset = nodes.len();
            offsets.push(offset);
            for event in &path.events {
                let atomic_read = matches!(event, Event::AtomicWrite(..)).then(|| nodes.len() - 1);
                nodes.push(node(thread, test.threads[thread].placement, event, atomic_read));
            }
        }
        write_values(&mut nodes, &offsets, paths)?;
        let size = nodes.len();
        let program_order = Relation::new(size, |from, to| {
            Truth::from(from < to && nodes[from].thread.is_some() && nodes[from].thread == nodes[to].thread)
        });
        let mut dependency = Relation::new(size, |_, _| Truth::False);
        for (path, offset) in paths.iter().zip(&offsets) {
            let depends = |from: usize, to: usize| {
                let (from, to) = (from.checked_sub(*offset)?, to.checked_sub(*offset)?);
                path.dependencies.get(to).map(|reads| reads.contains(&from))
            };
            let own = Relation::new(size, |from, to| Truth::from(depends(from, to).unwrap_or(false)));
            dependency = dependency.union(&own);
        }
        let mut well_formed = Vec::new();
        let barriers = super::barrier::barriers(&nodes, &offsets, &program_order, theory, &mut well_formed)?;
        for (path, offset) in paths.iter().zip(&offsets) {
            for decision in &path.decisions {
                well_formed.push(decided(&nodes, *offset, decision)?);
            }
        }
        let frame = Frame { nodes, program_order, barriers, dependency, well_formed, offsets };
        Ok(Execution::choose(frame, &Hints::default()))
    }

    /// Leaves to the solver what a frame leaves open.
    pub(super) fn choose(frame: Frame, hints: &Hints) -> Execution {
        let Frame { nodes, program_order, barriers, dependency, mut well_formed, offsets } = frame;
        let read_modify_write = Relation::new(nodes.len(), |from, to| Truth::from(nodes[to].atomic_read == Some(from)));
        let reads_from = reads_from(&nodes, hints, &mut well_formed);
        let coherence = coherence(&nodes, hints, &mut well_formed);
        let from_reads = reads_from.inverse().then(&coherence).only(|read, write| read != write);
        let fence_sc_order = fence_sc_order(&nodes, &mut well_formed);
        Execution {
            nodes,
            program_order,
            reads_from,
            coherence,
            from_reads,
            fence_sc_order,
            barriers,
            read_modify_write,
            dependency,
            well_formed,
            offsets,
        }
    }

    /// The solver's term for a value of a thread's path.
    pub(super) fn term(&self, thread: usize, value: &Value) -> Result<BV, Unsupported> {
        term(&self.nodes, self.offsets[thread], value)
    }

    /// A final value of a location: that of some write that no other follows in coherence.
    pub(super) fn final_value(&self, location: LocationId) -> (BV, Truth) {
        let value = BV::fresh_const("final", WIDTH);
        let writes: Vec<usize> = (0..self.nodes.len()).filter(|event| self.writes_to(*event, location)).collect();
        let last = writes.iter().map(|write| {
            let written = self.nodes[*write].value.as_ref().map_or(Truth::False, |it| Truth::Open(it.eq(&value)));
            Truth::all([written, self.is_last(*write)])
        });
        let known = Truth::any(last);
        (value, known)
    }

    fn writes_to(&self, event: usize, location: LocationId) -> bool {
        let node = &self.nodes[event];
        node.is_write() && node.location.is_some_and(|it| it.physical == location)
    }

    /// No write follows this one in coherence.
    pub(super) fn is_last(&self, write: usize) -> Truth {
        Truth::all((0..self.nodes.len()).map(|other| self.coherence.at(write, other).not()))
    }

    /// Every read of a thread from this event of its path on returns a value that nothing follows in coherence, so
    /// that it may return it for ever.
    pub(super) fn reads_last_values(&self, thread: usize, from: usize) -> Truth {
        let first = self.offsets[thread] + from;
        let reads = (first..self.nodes.len()).filter(|event| self.nodes[*event].thread == Some(thread));
        Truth::all(reads.filter(|event| self.nodes[*event].is_read()).flat_map(|read| {
            (0..self.nodes.len()).map(move |write| self.reads_from.at(write, read).implies(&self.is_last(write)))
        }))
    }

    /// Whether two events access one physical location.
    pub(super) fn same_location(&self, left: usize, right: usize) -> bool {
        same_location(&self.nodes[left], &self.nodes[right])
    }
}

fn same_location(left: &Node, right: &Node) -> bool {
    matches!((left.location, right.location), (Some(left), Some(right)) if left.physical == right.physical)
}

fn initial_writes(test: &Test) -> Vec<Node> {
    let write = |(index, value): (usize, &i64)| initial_write(index, Some(BV::from_i64(*value, WIDTH)));
    test.initial.iter().enumerate().map(write).collect()
}

/// What a location holds before anything happens.
pub(super) fn initial_write(physical: usize, value: Option<BV>) -> Node {
    Node {
        thread: None,
        placement: None,
        kind: Kind::Write,
        order: Order::Weak,
        scope: Scope::Sys,
        proxy: Proxy::Generic,
        location: Some(Location { physical: LocationId(physical as u32), address: VirtualAddress(u32::MAX) }),
        value,
        atomic_read: None,
    }
}

fn node(thread: usize, placement: Placement, event: &Event, atomic_read: Option<usize>) -> Node {
    let plain = Node {
        thread: Some(thread),
        placement: Some(placement),
        kind: Kind::Read,
        order: Order::Weak,
        scope: Scope::Sys,
        proxy: Proxy::Generic,
        location: None,
        value: None,
        atomic_read,
    };
    match event {
        Event::Read(access) => Node {
            order: access.order,
            scope: access.scope,
            proxy: access.proxy,
            location: Some(access.location),
            value: Some(BV::fresh_const("read", WIDTH)),
            ..plain
        },
        Event::Write(access, _) | Event::AtomicWrite(access, _) => Node {
            kind: Kind::Write,
            order: access.order,
            scope: access.scope,
            proxy: access.proxy,
            location: Some(access.location),
            ..plain
        },
        Event::Fence(fence) => {
            let order = if fence.sequentially_consistent { Order::Sc } else { Order::AcqRel };
            Node { kind: Kind::Fence(*fence), order, scope: fence.scope, ..plain }
        }
        Event::ProxyFence(fence) => Node { kind: Kind::ProxyFence(*fence), ..plain },
        Event::Barrier(barrier) => Node { kind: Kind::Barrier(barrier.clone()), ..plain },
    }
}

fn write_values(nodes: &mut [Node], offsets: &[usize], paths: &[&Path]) -> Result<(), Unsupported> {
    for (path, offset) in paths.iter().zip(offsets) {
        for (index, event) in path.events.iter().enumerate() {
            if let Event::Write(_, value) | Event::AtomicWrite(_, value) = event {
                let value = term(nodes, *offset, value)?;
                nodes[offset + index].value = Some(value);
            }
        }
    }
    Ok(())
}

/// The solver's term for a value of the path that begins at this event.
pub(super) fn term(nodes: &[Node], offset: usize, value: &Value) -> Result<BV, Unsupported> {
    let zero = || BV::from_i64(0, WIDTH);
    Ok(match value {
        Value::Constant(value) => BV::from_i64(*value, WIDTH),
        Value::Read(index) => nodes[offset + index].value.clone().unwrap_or_else(zero),
        Value::IfEqual(parts) => {
            let [left, right, then, otherwise] = &**parts;
            let equal = term(nodes, offset, left)?.eq(&term(nodes, offset, right)?);
            equal.ite(&term(nodes, offset, then)?, &term(nodes, offset, otherwise)?)
        }
        Value::Apply(Arithmetic::Div, _, right) if !matches!(**right, Value::Constant(value) if value != 0) => {
            return Err(Unsupported::Division);
        }
        Value::Apply(operation, left, right) => {
            arithmetic(*operation, &term(nodes, offset, left)?, &term(nodes, offset, right)?)
        }
    })
}

fn arithmetic(operation: Arithmetic, left: &BV, right: &BV) -> BV {
    let constant = |value| BV::from_i64(value, WIDTH);
    match operation {
        Arithmetic::Add => left.bvadd(right),
        Arithmetic::Sub => left.bvsub(right),
        Arithmetic::Mul => left.bvmul(right),
        Arithmetic::Div => left.bvsdiv(right),
        Arithmetic::And => left.bvand(right),
        Arithmetic::Or => left.bvor(right),
        Arithmetic::Xor => left.bvxor(right),
        Arithmetic::Min => left.bvsle(right).ite(left, right),
        Arithmetic::Max => left.bvsge(right).ite(left, right),
        Arithmetic::Inc => left.bvuge(right).ite(&constant(0), &left.bvadd(constant(1))),
        Arithmetic::Dec => {
            let wraps = Bool::or(&[left.eq(constant(0)), left.bvugt(right)]);
            wraps.ite(right, &left.bvsub(constant(1)))
        }
    }
}

/// Whether a comparison holds of two terms.
pub(super) fn compare(comparison: Comparison, left: &BV, right: &BV) -> Truth {
    Truth::Open(match comparison {
        Comparison::Equal => left.eq(right),
        Comparison::NotEqual => left.eq(right).not(),
        Comparison::Less => left.bvslt(right),
        Comparison::LessOrEqual => left.bvsle(right),
        Comparison::Greater => left.bvsgt(right),
        Comparison::GreaterOrEqual => left.bvsge(right),
    })
}

fn decided(nodes: &[Node], offset: usize, decision: &Decision) -> Result<Truth, Unsupported> {
    let holds =
        compare(decision.comparison, &term(nodes, offset, &decision.left)?, &term(nodes, offset, &decision.right)?);
    Ok(if decision.taken { holds } else { holds.not() })
}

/// Every read reads from exactly one write of its location, and returns what that one wrote.
fn reads_from(nodes: &[Node], hints: &Hints, well_formed: &mut Vec<Truth>) -> Relation {
    let may_read = |write: usize, read: usize| hints.may_read.is_none_or(|may| may(write, read));
    let possible = |write: usize, read: usize| {
        let same = nodes[write].is_write() && nodes[read].is_read() && same_location(&nodes[write], &nodes[read]);
        same && may_read(write, read)
    };
    let mut cells = vec![vec![Truth::False; nodes.len()]; nodes.len()];
    for (read, node) in nodes.iter().enumerate().filter(|(_, node)| node.is_read()) {
        let writes: Vec<usize> = (0..nodes.len()).filter(|write| possible(*write, read)).collect();
        let here: Vec<Truth> = match writes.len() {
            1 => vec![Truth::True],
            count => (0..count).map(|_| Truth::choice("rf")).collect(),
        };
        well_formed.push(Truth::any(here.iter().cloned()));
        for (at, write) in writes.iter().enumerate() {
            let pairs = here[..at].iter().map(|other| here[at].and(other).not());
            well_formed.extend(pairs);
            if let (Some(read), Some(written)) = (&node.value, &nodes[*write].value) {
                well_formed.push(here[at].implies(&Truth::Open(read.eq(written))));
            }
            cells[*write][read] = here[at].clone();
        }
    }
    Relation::new(nodes.len(), |write, read| cells[write][read].clone())
}

/// A strict partial order over the writes of each location, initial ones first.
fn coherence(nodes: &[Node], hints: &Hints, well_formed: &mut Vec<Truth>) -> Relation {
    let ordered = |from: usize, to: usize| hints.before.is_some_and(|before| before(from, to));
    let relation = Relation::new(nodes.len(), |from, to| {
        let (before, after) = (&nodes[from], &nodes[to]);
        let possible = from != to && before.is_write() && after.is_write() && same_location(before, after);
        match (before.thread, after.thread) {
            (_, None) => Truth::False,
            _ if !possible => Truth::False,
            (None, _) => Truth::True,
            _ if ordered(from, to) => Truth::True,
            _ if ordered(to, from) => Truth::False,
            _ => Truth::choice("co"),
        }
    });
    well_formed.push(relation.then(&relation).within(&relation));
    relation
}

/// A strict total order over sc fences, seen between those whose scopes include each other's threads.
fn fence_sc_order(nodes: &[Node], well_formed: &mut Vec<Truth>) -> Relation {
    let fences: Vec<usize> = (0..nodes.len()).filter(|event| nodes[*event].is_sc_fence()).collect();
    let mut cells = vec![vec![Truth::False; nodes.len()]; nodes.len()];
    for (position, first) in fences.iter().enumerate() {
        for second in &fences[position + 1..] {
            let forward = if nodes[*first].thread == nodes[*second].thread { Truth::True } else { Truth::choice("sc") };
            cells[*second][*first] = forward.not();
            cells[*first][*second] = forward;
        }
    }
    let total = Relation::new(nodes.len(), |from, to| cells[from][to].clone());
    well_formed.push(total.then(&total).within(&total));
    total.only(|from, to| scope_inclusive(&nodes[from], &nodes[to]))
}

/// Whether each event's scope includes the other's thread.
pub(super) fn scope_inclusive(left: &Node, right: &Node) -> bool {
    let (Some(here), Some(there)) = (left.placement, right.placement) else { return false };
    here.includes(left.scope, there) && there.includes(right.scope, here)
}
