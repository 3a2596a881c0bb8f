//! Updates of one instruction, in the order in which they are made: `multimem.red` updates a word of every rank, in no order.
//!
//! Decision: the updates are steps of the code that follow each other, and a thread may put the one that it stands at behind
//! the others. So whoever explores what threads do comes to every order, by a choice like any other. What is in
//! no order with loads and stores is found without: an older message may be read later, and a store may take its place in
//! coherence order before others; but an update takes the place behind the message that it finds.

use super::run::Interpreter;
use super::thread::PtxThread;
use crate::program::VectorElement;
use crate::ptx::code::{Pc, Step};
use std::collections::VecDeque;

/// What is left of the updates of an instruction, once one has been put off.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Updates {
    /// Those behind the next one.
    next: VecDeque<Pc>,
    /// So many have been put off since one was made.
    put_off: usize,
    /// The same, before the one that was yielded last.
    before: usize,
    /// Where the thread goes on behind all of them.
    end: Pc,
}

impl Updates {
    /// Whether one of them is still to come.
    fn contains(&self, pc: Pc) -> bool {
        self.next.contains(&pc)
    }
}

impl PtxThread {
    /// The instruction behind one that has yielded an operation.
    pub(super) fn behind(&mut self, pc: Pc) -> Pc {
        let Some(updates) = &mut self.updates else { return pc + 1 };
        updates.before = std::mem::take(&mut updates.put_off);
        let next = updates.next.pop_front();
        let end = updates.end;
        if next.is_none() {
            self.updates = None;
        }
        next.unwrap_or(end)
    }

    /// Whether an update that has been put off is still to come.
    pub fn has_put_off(&self, pc: Pc) -> bool {
        self.updates.as_ref().is_some_and(|updates| updates.contains(pc))
    }

    /// The place of the update that the thread stands at, in the order in which they are made.
    pub(super) fn place_of_update(&self, written: VectorElement) -> VectorElement {
        match &self.updates {
            Some(updates) => VectorElement { made: written.count - 1 - updates.next.len() as u16, ..written },
            None => written,
        }
    }
}

impl Interpreter {
    /// The place of an update among those of its instruction, if there are several.
    fn update(&self, pc: Pc) -> Option<VectorElement> {
        // What a launch that depends on another does besides has no instruction.
        match &self.code.instructions.get(pc as usize)?.step {
            Step::Atomic { place, .. } if place.count > 1 => Some(*place),
            _ => None,
        }
    }

    /// Whether the thread may put the update that it has just yielded behind the others: each once before one is made.
    pub fn may_put_off(&self, thread: &PtxThread, pc: Pc) -> bool {
        let Some(place) = self.update(pc) else { return false };
        match &thread.updates {
            Some(updates) => updates.before <= updates.next.len(),
            // The last one has nothing to be put behind.
            None => !place.is_last() && thread.pc() == pc + 1,
        }
    }

    /// Puts the update that the thread has just yielded behind the others.
    pub fn put_off(&self, thread: &mut PtxThread, pc: Pc) {
        let Some(place) = self.update(pc) else { return };
        let end = pc - Pc::from(place.index) + Pc::from(place.count);
        let fresh = || Box::new(Updates { next: (pc + 2..end).collect(), put_off: 0, before: 0, end });
        let mut updates = thread.updates.take().unwrap_or_else(fresh);
        updates.next.push_back(pc);
        updates.put_off = updates.before + 1;
        thread.updates = Some(updates);
    }
}
