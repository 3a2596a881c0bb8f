//! Who would have had to write a slot: the rest of the threads' programs, run without waiting.
//!
//! For the words of a deadlock only. Loads return what memory holds now, so where control depends on values that
//! would have changed, a writer may be missed; nothing is decided by it.

use super::{Machine, State, Status};
use crate::memory::clock::ThreadIndex;
use crate::program::{Barrier, Location, Operation, Program, Word};

/// Operations that one thread is followed for.
const OPERATIONS_OF_A_THREAD: usize = 4096;
/// Operations of all threads together.
const OPERATIONS: usize = 2_000_000;

/// A thread that would write.
pub(super) struct Forecast {
    pub(super) thread: ThreadIndex,
    pub(super) site: crate::program::SiteIndex,
}

impl<P: Program> Machine<P> {
    /// The first thread that would write a satisfying value, if it got that far in its current launch.
    pub(super) fn would_write(
        &self,
        state: &State<P::Thread>,
        at: Location,
        satisfies: impl Fn(Word) -> bool,
    ) -> Option<Forecast> {
        let mut left = OPERATIONS;
        for (index, thread) in state.threads.iter().enumerate() {
            let index = index as ThreadIndex;
            let coordinates = state.coordinates(self, index);
            let exists = coordinates.block < self.program().grid(coordinates.rank)
                && coordinates.thread < self.program().threads(coordinates.rank, coordinates.block);
            if thread.status == Status::Ended || !exists || state.ranks[coordinates.rank as usize].done {
                continue;
            }
            let mut program = thread.program.clone();
            if thread.status == Status::Unstarted || !state.blocks[self.block_of(index) as usize].started {
                program = self.program().start(coordinates);
            }
            for _ in 0..OPERATIONS_OF_A_THREAD.min(left) {
                left -= 1;
                let Ok((operation, site)) = self.program().next_of_round(coordinates, &mut program) else { break };
                match operation {
                    Operation::Exit => break,
                    Operation::Read { at, width, .. } | Operation::Atomic { at, width, returns: true, .. } => {
                        self.program().supply(coordinates, &mut program, self.word_at(state, at, width));
                    }
                    Operation::Await { at, width, condition, returns: true, .. } => {
                        let word = self.word_at(state, at, width);
                        // What would end the wait is not known.
                        if !condition.holds(word) {
                            break;
                        }
                        self.program().supply(coordinates, &mut program, word);
                    }
                    Operation::Load { at, bytes } => {
                        let memory = &state.memory[at.instance as usize].bytes;
                        let end = at.byte.saturating_add(u64::from(bytes)) as usize;
                        let Some(read) = memory.get(at.byte as usize..end) else { break };
                        self.program().supply_bytes(coordinates, &mut program, read);
                    }
                    Operation::Barrier(Barrier { gather: Some(_), .. }) => break,
                    _ => {}
                }
                let writes = match operation {
                    Operation::Write { at: to, value, .. } => to == at && satisfies(value),
                    Operation::Atomic { at: to, .. } => to == at,
                    _ => false,
                };
                if writes {
                    return Some(Forecast { thread: index, site });
                }
            }
        }
        None
    }
}
