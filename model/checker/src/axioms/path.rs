//! One way through a thread's text: its events in order, with values as expressions over what its reads return.
//!
//! Decision: an execution is looked for in one combination of paths at a time, so that which events happen, program
//! order, scopes and dependencies are plain data and only values, reads-from, coherence and the fence order are left
//! to the solver. The road not taken, one formula with a guard on each event, is larger for every test with a loop.
//! Dependencies are syntactic: `xor r, r, r` still depends on r.

use crate::litmus::{Access, Arithmetic, Comparison, Fence, ProxyFence, Register};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A value of a path, over its reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Constant(i64),
    /// What the read at this index of the path returns.
    Read(usize),
    Apply(Arithmetic, Rc<Value>, Rc<Value>),
    /// The third value if the first two are equal, else the fourth.
    IfEqual(Rc<[Value; 4]>),
}

impl Value {
    /// The indices of the reads it depends on.
    pub(super) fn reads(&self, found: &mut BTreeSet<usize>) {
        match self {
            Value::Constant(_) => {}
            Value::Read(index) => {
                found.insert(*index);
            }
            Value::Apply(_, left, right) => {
                left.reads(found);
                right.reads(found);
            }
            Value::IfEqual(parts) => parts.iter().for_each(|part| part.reads(found)),
        }
    }

    /// An operation on two values, computed at once where both are known.
    pub(super) fn apply(operation: Arithmetic, left: Value, right: Value) -> Value {
        if let (Value::Constant(left), Value::Constant(right)) = (&left, &right)
            && let Some(result) = operation.apply(*left, *right)
        {
            return Value::Constant(result);
        }
        Value::Apply(operation, Rc::new(left), Rc::new(right))
    }
}

/// A barrier operation.
#[derive(Clone, Debug)]
pub(super) struct Barrier {
    /// Does not wait.
    pub(super) arrive: bool,
    /// Which barrier in the text.
    pub(super) instance: u32,
    /// How many times the thread has been at this instance before.
    pub(super) occurrence: u32,
    pub(super) resource: Value,
    pub(super) quorum: Option<Value>,
}

/// What happens.
#[derive(Clone, Debug)]
pub(super) enum Event {
    Read(Access),
    Write(Access, Value),
    /// The write of an atomic; its read is the event before.
    AtomicWrite(Access, Value),
    Fence(Fence),
    ProxyFence(ProxyFence),
    Barrier(Barrier),
}

/// How a path ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The thread has ended.
    Ended,
    /// Unrolling stopped: the loop goes round more often than the bound.
    CutOff,
    /// The thread goes round without end: the events from this index on are one pass, which leaves everything as it
    /// was.
    Spinning(usize),
    /// The thread waits at the barrier that is the last event.
    Blocked,
}

/// A branch decision that the path relies on.
#[derive(Clone, Debug)]
pub(super) struct Decision {
    pub(super) comparison: Comparison,
    pub(super) left: Value,
    pub(super) right: Value,
    pub(super) taken: bool,
}

/// One way through a thread's text.
#[derive(Clone, Debug)]
pub(super) struct Path {
    pub(super) events: Vec<Event>,
    /// For each event the reads it depends on, by address, data or control.
    pub(super) dependencies: Vec<BTreeSet<usize>>,
    pub(super) decisions: Vec<Decision>,
    /// At the end; registers that are not there are 0.
    pub(super) registers: BTreeMap<Register, Value>,
    pub(super) ending: Ending,
}

impl Path {
    /// A register's value at the end.
    pub(super) fn register(&self, register: Register) -> Value {
        self.registers.get(&register).cloned().unwrap_or(Value::Constant(0))
    }

    /// Its barrier operations.
    pub(super) fn barriers(&self) -> impl Iterator<Item = &Barrier> {
        self.events.iter().filter_map(|event| if let Event::Barrier(barrier) = event { Some(barrier) } else { None })
    }
}
