//! The operations of a thread, one after the other, with the values that it is given.
//!
//! Decision: what a load or an atomic returns is a number chosen beforehand, so that addresses, conditions and control
//! are plain data. A wait is its last poll. The road not taken, values as terms of the solver, would need the front
//! end to compute with terms. Not modelled: faults, which are no question of memory.

use crate::program::{Barrier, Coordinates, Group, Location, Operation, Program, Shape, SiteIndex, Width};

/// Operations of one thread.
const LONGEST: usize = 10_000;

/// One operation.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) operation: Operation,
    pub(super) site: SiteIndex,
    /// What a load or an atomic returns; none where that is not chosen yet.
    pub(super) value: Option<u64>,
}

/// A thread of one launch. Threads of different launches are different threads, as in the PTX ISA.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    pub(super) at: Coordinates,
    pub(super) steps: Vec<Step>,
}

/// What the axioms are not asked about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("{0}: no question of memory")]
    Fault(String),
    #[error("{0} is not expressed as axioms")]
    Unsupported(&'static str),
    #[error("too large: more than {1} {0}")]
    TooLarge(&'static str, usize),
    #[error("{0}")]
    Undecided(String),
}

impl Unit {
    /// Whether it stands at a load or an atomic whose value is not chosen.
    pub(super) fn is_suspended(&self) -> bool {
        self.steps.last().is_some_and(|step| step.value.is_none() && chooses(&step.operation))
    }
}

/// Whether an operation returns a number that is chosen beforehand.
pub(super) fn chooses(operation: &Operation) -> bool {
    matches!(operation, Operation::Read { .. } | Operation::Atomic { .. })
}

/// Every thread of every launch, in order of launches; none has a step yet.
pub(super) fn coordinates(program: &impl Program) -> Vec<Coordinates> {
    let Shape { ranks, threads, launches, .. } = *program.shape();
    let mut all = Vec::new();
    for launch in 0..launches {
        for rank in 0..ranks {
            for block in 0..program.grid(rank) {
                all.extend((0..threads).map(|thread| Coordinates { rank, block, thread, launch }));
            }
        }
    }
    all
}

/// The operations of a thread, up to its end or to the first value that is not among the choices.
pub(super) fn unfold<P: Program>(program: &P, at: Coordinates, choices: &[u64]) -> Result<Unit, Refusal> {
    let mut thread = program.start(at);
    let mut steps = Vec::new();
    let mut choices = choices.iter();
    while steps.len() < LONGEST {
        let (operation, site) =
            program.next(at, &mut thread).map_err(|fault| Refusal::Fault(format!("a fault, {}", fault.message)))?;
        if operation == Operation::Exit {
            return Ok(Unit { at, steps });
        }
        expressible(&operation)?;
        within_bounds(program.shape(), at, &operation)?;
        let value = if chooses(&operation) { choices.next().copied() } else { None };
        let suspended = value.is_none() && chooses(&operation);
        let returns = matches!(operation, Operation::Read { .. } | Operation::Atomic { returns: true, .. });
        if let Some(value) = value.filter(|_| returns) {
            program.supply(at, &mut thread, value.into());
        }
        steps.push(Step { operation, site, value });
        if suspended {
            return Ok(Unit { at, steps });
        }
    }
    Err(Refusal::TooLarge("operations of one thread", LONGEST))
}

/// Refuses what is not expressed as events.
fn expressible(operation: &Operation) -> Result<(), Refusal> {
    let what = match operation {
        Operation::Await { returns: true, .. } => "a wait whose word is used",
        Operation::Spin { .. } => "a loop that waits",
        Operation::Start { .. } | Operation::Finish { .. } => "a copy that is outstanding on a pipe",
        Operation::Load { .. } | Operation::Store { .. } => "a load or store of bytes",
        Operation::Read { width: Width::Sixteen, .. } | Operation::Write { width: Width::Sixteen, .. } => {
            "a word of 16 bytes"
        }
        Operation::Barrier(Barrier { group: Group::Warp { .. }, .. }) => "a barrier of a warp",
        Operation::Barrier(Barrier { gather: Some(_), .. }) => "a barrier that gathers values",
        Operation::Barrier(Barrier { orders: false, .. }) => "a barrier that orders nothing",
        _ => return Ok(()),
    };
    Err(Refusal::Unsupported(what))
}

/// Refuses what the machine reports as out of bounds.
fn within_bounds(shape: &Shape, at: Coordinates, operation: &Operation) -> Result<(), Refusal> {
    let word = |place: &Location, width: &Width| vec![(*place, width.bytes())];
    let accesses = match operation {
        Operation::Read { at, width, .. }
        | Operation::Write { at, width, .. }
        | Operation::Await { at, width, .. }
        | Operation::Atomic { at, width, .. } => word(at, width),
        Operation::Bulk(bulk) => {
            let places = bulk.sources.iter().chain([&bulk.destination]);
            places.map(|place| (*place, u64::from(bulk.bytes))).collect()
        }
        _ => Vec::new(),
    };
    for (place, bytes) in accesses {
        let instance = &shape.instances[place.instance as usize];
        let aligned = if matches!(operation, Operation::Bulk(_)) { 1 } else { bytes };
        let inside = place.byte.saturating_add(bytes) <= instance.bytes && place.byte.is_multiple_of(aligned);
        if !inside || (instance.local && instance.rank != at.rank) {
            return Err(Refusal::Fault("an access out of bounds".to_owned()));
        }
    }
    Ok(())
}
