//! From operations to events of the axioms.
//!
//! A launch is a barrier of its own: the stream arrives, every thread of the launch completes; its end is another, the
//! other way round. So a stream's refreshes come before the kernel and its reading of the output after, in causality
//! order, as the machine has it, and nothing is published to other ranks.

use super::super::execution::{Frame, Kind, Node, initial_write};
use super::super::path::Barrier;
use super::super::relation::{Relation, Truth};
use super::cells::{Cells, Expectation};
use super::progress::{At, Reached, Rest};
use super::unfold::{Refusal, Unit};
use crate::litmus::{Fence, Location as Spot, LocationId, Placement, Proxy, VirtualAddress};
use crate::program::{self, Condition, Contents, Location, Operation, Program, Width, Word};
use arverify_protocol::ir::{Order, Scope, Semantics};
use rustc_hash::{FxHashMap, FxHashSet};

/// What an event comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// What memory held first.
    Initial,
    /// An operation of a thread; the first or last of a thread's events stands for its launch.
    Thread(At),
    /// Where a launch begins or ends.
    Boundary,
    /// New inputs for a launch of a rank.
    Refresh(u32, u32),
    /// The owner reads the output of a launch of a rank.
    Output(u32, u32),
}

/// What a read may return.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Admits {
    /// Anything: data.
    Anything,
    /// This word.
    Word(u64),
    /// A word that ends a wait.
    Satisfying(Condition),
    /// A word that does not, and that nothing follows in coherence.
    InVain(Condition),
}

/// The events of one execution, with everything that is known beforehand.
pub(super) struct Events {
    pub(super) nodes: Vec<Node>,
    pub(super) origins: Vec<Origin>,
    /// The word that each write writes, where it is known.
    pub(super) words: Vec<Option<u64>>,
    /// What each read may return.
    pub(super) admits: Vec<Admits>,
    /// Reads and writes of initial contents that nobody wrote.
    pub(super) poison: Vec<bool>,
    /// Arrivals before completions.
    pub(super) barriers: Vec<(usize, usize)>,
    /// The events of each step of a thread.
    pub(super) of_step: FxHashMap<At, Vec<usize>>,
}

impl Events {
    /// The events up to where everybody gets.
    pub(super) fn new(
        program: &impl Program,
        cells: &Cells,
        units: &[Unit],
        reached: &Reached,
        in_vain: &FxHashSet<At>,
        expected: Option<Expectation>,
    ) -> Result<Events, Refusal> {
        let mut events = Events {
            nodes: Vec::new(),
            origins: Vec::new(),
            words: Vec::new(),
            admits: Vec::new(),
            poison: Vec::new(),
            barriers: Vec::new(),
            of_step: FxHashMap::default(),
        };
        events.initial(program, cells);
        let mut begins = vec![None; units.len()];
        let mut ends = vec![None; units.len()];
        for (index, unit) in units.iter().enumerate().filter(|(index, _)| reached.rest[*index] != Rest::Unlaunched) {
            let plain = thread_node(program, unit, index);
            begins[index] = Some(events.boundary(&plain));
            for step in 0..reached.steps[index] {
                events.step(cells, &plain, unit, (index, step), in_vain)?;
            }
            if matches!(reached.rest[index], Rest::Barrier | Rest::Suspended) {
                // It arrives, or asks for a value, and does not go on.
                events.step(cells, &plain, unit, (index, reached.steps[index]), in_vain)?;
            }
            ends[index] = (reached.rest[index] == Rest::Ended).then(|| events.boundary(&plain));
        }
        for barrier in &reached.barriers {
            for arrival in barrier {
                for completion in barrier.iter().filter(|at| *at != arrival) {
                    let arrives = matches!(
                        units[completion.0].steps[completion.1].operation,
                        Operation::Barrier(program::Barrier { arrive: true, .. })
                    );
                    if !arrives {
                        events.barriers.push((events.of_step[arrival][0], events.of_step[completion][0]));
                    }
                }
            }
        }
        for rank in 0..program.shape().ranks {
            events.stream(program, cells, units, rank, &begins, &ends, expected);
        }
        Ok(events)
    }

    fn push(&mut self, node: Node, origin: Origin, word: Option<u64>, admits: Admits) -> usize {
        self.nodes.push(node);
        self.origins.push(origin);
        self.words.push(word);
        self.admits.push(admits);
        self.poison.push(false);
        self.nodes.len() - 1
    }

    fn initial(&mut self, program: &impl Program, cells: &Cells) {
        for cell in 0..cells.count {
            let part = program.shape().part(cells.place(cell));
            let word = match part.contents {
                // Known where a location is one 32-bit word, or all zero.
                Contents::Word(word) if part.element.is_none() && (word == 0 || cells.bytes(cell) == 4) => Some(word),
                _ => None,
            };
            let event = self.push(initial_write(cell, None), Origin::Initial, word, Admits::Anything);
            self.poison[event] = part.is_poison();
        }
    }

    fn boundary(&mut self, plain: &Node) -> usize {
        self.push(Node { kind: any_barrier(), ..plain.clone() }, Origin::Boundary, None, Admits::Anything)
    }

    fn step(
        &mut self,
        cells: &Cells,
        plain: &Node,
        unit: &Unit,
        at: At,
        in_vain: &FxHashSet<At>,
    ) -> Result<(), Refusal> {
        let first = self.nodes.len();
        let (origin, at_step) = (Origin::Thread(at), at);
        let step = &unit.steps[at.1];
        let whole = |place: &Location, width: &Width| one_cell(cells, *place, *width);
        match &step.operation {
            Operation::Barrier(_) => {
                self.push(Node { kind: any_barrier(), ..plain.clone() }, origin, None, Admits::Anything);
            }
            Operation::Read { at, width, semantics, .. } => {
                let value = step.value.map_or(Admits::Anything, Admits::Word);
                self.push(memory(plain, Kind::Read, whole(at, width)?, *semantics), origin, None, value);
            }
            Operation::Write { at, width, value, semantics, .. } => {
                let node = memory(plain, Kind::Write, whole(at, width)?, *semantics);
                self.push(node, origin, Some(*value as u64), Admits::Anything);
            }
            Operation::Await { at: place, width, condition, semantics, .. } => {
                let admits = match in_vain.contains(&at) {
                    true => Admits::InVain(*condition),
                    false => Admits::Satisfying(*condition),
                };
                let cell = whole(place, width)?;
                self.look_early(plain, cell, *semantics, origin);
                self.push(memory(plain, Kind::Read, cell, *semantics), origin, None, admits);
            }
            Operation::Atomic { at, width, function, operand, expected, semantics, .. } => {
                let cell = whole(at, width)?;
                let admits = step.value.map_or(Admits::Anything, Admits::Word);
                let read = self.push(memory(plain, Kind::Read, cell, *semantics), origin, None, admits);
                let Some(old) = step.value.map(Word::from) else {
                    self.note(at_step, first);
                    return Ok(());
                };
                let write = Node { atomic_read: Some(read), ..memory(plain, Kind::Write, cell, *semantics) };
                let word = function.apply(*width, old, *operand, *expected) as u64;
                self.push(write, origin, Some(word), Admits::Anything);
            }
            Operation::Fence { semantics } => {
                let sequentially_consistent = match semantics.order {
                    Order::Sc => true,
                    Order::AcqRel => false,
                    _ => return Err(Refusal::Unsupported("a fence that is neither acq_rel nor sc")),
                };
                let kind = Kind::Fence(Fence { sequentially_consistent, scope: semantics.scope });
                let (order, scope) = (semantics.order, semantics.scope);
                self.push(Node { kind, order, scope, ..plain.clone() }, origin, None, Admits::Anything);
            }
            Operation::ProxyFence { .. } => return Err(Refusal::Unsupported("a fence between proxies")),
            Operation::Bulk(bulk) => self.bulk(cells, plain, origin, bulk),
            Operation::Spin { .. } => return Err(Refusal::Unsupported("a loop that waits")),
            Operation::Load { .. } | Operation::Store { .. } => {
                return Err(Refusal::Unsupported("a load or store of bytes"));
            }
            Operation::Start { .. } | Operation::Finish { .. } => {
                return Err(Refusal::Unsupported("a copy that is outstanding on a pipe"));
            }
            Operation::Call(_) => return Err(Refusal::Unsupported("a host program, whose launches overlap,")),
            Operation::Assert { .. } | Operation::Exit => {}
        }
        self.note(at_step, first);
        Ok(())
    }

    /// A wait may look at what nobody has written; what such a look acquires, the last one does.
    fn look_early(&mut self, plain: &Node, cell: usize, semantics: Semantics, origin: Origin) {
        if self.poison[cell] {
            let mut early = memory(plain, Kind::Read, cell, semantics);
            early.order = if semantics.order == Order::Weak { Order::Weak } else { Order::Relaxed };
            self.push(early, origin, None, Admits::Anything);
        }
    }

    /// Reads of every source, location by location, then the writes.
    fn bulk(&mut self, cells: &Cells, plain: &Node, origin: Origin, bulk: &program::Bulk) {
        let weak = Semantics { order: Order::Weak, scope: Scope::Sys };
        for place in &bulk.sources {
            for cell in cells.within(*place, u64::from(bulk.bytes)) {
                self.push(memory(plain, Kind::Read, cell, weak), origin, None, Admits::Anything);
            }
        }
        for cell in cells.within(bulk.destination, u64::from(bulk.bytes)) {
            self.push(memory(plain, Kind::Write, cell, weak), origin, None, Admits::Anything);
        }
    }

    /// Remembers which events a step has.
    fn note(&mut self, at: At, first: usize) {
        self.of_step.insert(at, (first..self.nodes.len()).collect());
    }

    #[expect(clippy::too_many_arguments, reason = "what a stream is made of")]
    fn stream(
        &mut self,
        program: &impl Program,
        cells: &Cells,
        units: &[Unit],
        rank: u32,
        begins: &[Option<usize>],
        ends: &[Option<usize>],
        expected: Option<Expectation>,
    ) {
        let shape = program.shape();
        let weak = Semantics { order: Order::Weak, scope: Scope::Sys };
        let placement = Placement { block: u32::MAX, device: rank };
        let plain = Node { thread: Some(units.len() + rank as usize), placement: Some(placement), ..blank() };
        for launch in 0..shape.launches {
            let own: Vec<usize> = (0..units.len())
                .filter(|unit| (units[*unit].at.rank, units[*unit].at.launch) == (rank, launch))
                .collect();
            if own.iter().any(|unit| begins[*unit].is_none()) {
                return;
            }
            for (index, instance) in shape.instances.iter().enumerate() {
                if instance.rank != rank || !instance.parts.iter().any(|part| part.refreshed) {
                    continue;
                }
                let start = Location { instance: index as u32, byte: 0 };
                for cell in cells.within(start, instance.bytes) {
                    let node = memory(&plain, Kind::Write, cell, weak);
                    self.push(node, Origin::Refresh(rank, launch), None, Admits::Anything);
                }
            }
            let start = self.boundary(&plain);
            self.barriers.extend(own.iter().filter_map(|unit| Some((start, begins[*unit]?))));
            if own.iter().any(|unit| ends[*unit].is_none()) {
                return;
            }
            let end = self.boundary(&plain);
            self.barriers.extend(own.iter().filter_map(|unit| Some((ends[*unit]?, end))));
            let Some(expected) = expected.filter(|expected| expected.definition.concerns(rank)) else { continue };
            let output = Location { instance: expected.output * shape.ranks + rank, byte: 0 };
            for cell in cells.within(output, shape.instances[output.instance as usize].bytes) {
                let node = memory(&plain, Kind::Read, cell, weak);
                self.push(node, Origin::Output(rank, launch), None, Admits::Anything);
            }
        }
    }

    /// Everything known, for the axioms.
    pub(super) fn frame(&self) -> Frame {
        let nodes = self.nodes.clone();
        let size = nodes.len();
        let in_order = |from: usize, to: usize| {
            from < to && nodes[from].thread.is_some() && nodes[from].thread == nodes[to].thread
        };
        let program_order = Relation::new(size, |from, to| in_order(from, to).into());
        let mut cells = vec![vec![Truth::False; size]; size];
        for (from, to) in &self.barriers {
            cells[*from][*to] = Truth::True;
        }
        let barriers = Relation::new(size, |from, to| cells[from][to].clone());
        // What comes after a wait depends on it; what an atomic writes, on what it reads.
        let waits = |event: usize| matches!(self.admits[event], Admits::Satisfying(_));
        let dependency = Relation::new(size, |from, to| {
            (waits(from) && in_order(from, to) || nodes[to].atomic_read == Some(from)).into()
        });
        Frame { nodes, program_order, barriers, dependency, well_formed: Vec::new(), offsets: Vec::new() }
    }
}

fn any_barrier() -> Kind {
    let resource = super::super::path::Value::Constant(0);
    Kind::Barrier(Barrier { arrive: false, instance: 0, occurrence: 0, resource, quorum: None })
}

fn blank() -> Node {
    Node {
        thread: None,
        placement: None,
        kind: any_barrier(),
        order: Order::Weak,
        scope: Scope::Sys,
        proxy: Proxy::Generic,
        location: None,
        value: None,
        atomic_read: None,
    }
}

/// Blocks of different launches are different blocks.
fn thread_node(program: &impl Program, unit: &Unit, index: usize) -> Node {
    let block = unit.at.launch * program.shape().blocks + unit.at.block;
    Node { thread: Some(index), placement: Some(Placement { block, device: unit.at.rank }), ..blank() }
}

/// The location of a word.
fn one_cell(cells: &Cells, at: Location, width: Width) -> Result<usize, Refusal> {
    let found = cells.within(at, width.bytes());
    if found.len() == 1 { Ok(found.start) } else { Err(Refusal::Unsupported("an overlap of different sizes")) }
}

/// An access; `volatile` is relaxed with scope sys.
fn memory(plain: &Node, kind: Kind, cell: usize, semantics: Semantics) -> Node {
    let (order, scope) = match semantics.order {
        Order::Volatile => (Order::Relaxed, Scope::Sys),
        Order::Sc => (Order::AcqRel, semantics.scope),
        order => (order, semantics.scope),
    };
    let location = Spot { physical: LocationId(cell as u32), address: VirtualAddress(cell as u32) };
    Node { kind, order, scope, location: Some(location), ..plain.clone() }
}
