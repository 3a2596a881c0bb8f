//! What every part of a buffer was used for, in any execution: what the lint on data that no peer reads (AR101) rests on.
//!
//! Kept beside the states and not in them, because it says nothing about what can happen next. Not told apart: ranks,
//! and places within a part of a buffer; an access counts for the part in which it begins.

use super::Machine;
use crate::memory::clock::ThreadIndex;
use crate::memory::shadow::Kind;
use crate::program::{Location, PartId, Program, SiteIndex};
use rustc_hash::FxHashMap;

/// The uses of one part of a buffer by kernels, on all ranks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Use {
    /// Some thread read it.
    pub read: bool,
    /// A statement that writes it.
    pub written_by: Option<SiteIndex>,
    /// Some thread reached another rank's instance.
    pub crossed: bool,
    /// Some thread wrote another rank's instance strongly.
    pub pushed: bool,
    /// Some thread waited for a word of it.
    pub awaited: bool,
}

impl Use {
    /// Both together.
    pub fn with(self, other: Use) -> Use {
        Use {
            read: self.read || other.read,
            written_by: self.written_by.min(other.written_by).or(self.written_by).or(other.written_by),
            crossed: self.crossed || other.crossed,
            pushed: self.pushed || other.pushed,
            awaited: self.awaited || other.awaited,
        }
    }
}

/// The uses of all parts of buffers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses(FxHashMap<PartId, Use>);

impl Uses {
    /// Those of one part.
    pub fn of(&self, part: PartId) -> Use {
        self.0.get(&part).copied().unwrap_or_default()
    }

    /// Takes in what another macro-step used.
    pub fn extend(&mut self, other: &Uses) {
        for (part, found) in &other.0 {
            self.add(*part, *found);
        }
    }

    /// Whether something was pushed to another rank into a part that nobody waits at: no flags, then.
    pub fn pushed_data(&self) -> bool {
        self.0.values().any(|found| found.pushed && !found.awaited)
    }

    /// Notes that a thread waits for a word.
    pub(super) fn note_wait<P: Program>(&mut self, machine: &Machine<P>, at: Location) {
        let instance = &machine.program().shape().instances[at.instance as usize];
        if instance.block.is_none() {
            self.add(instance.part(at.byte).id, Use { awaited: true, ..Use::default() });
        }
    }

    fn add(&mut self, part: PartId, found: Use) {
        let known = self.0.entry(part).or_default();
        *known = known.with(found);
    }

    /// Notes one access. A read-modify-write is noted as a strong read, too.
    pub(super) fn note<P: Program>(
        &mut self,
        machine: &Machine<P>,
        thread: ThreadIndex,
        at: Location,
        kind: Kind,
        site: SiteIndex,
    ) {
        let instance = &machine.program().shape().instances[at.instance as usize];
        // Shared memory is no buffer.
        if instance.block.is_some() {
            return;
        }
        let crossed = instance.rank != machine.rank_of_block(machine.block_of(thread));
        let found = Use {
            read: matches!(kind, Kind::Read | Kind::StrongRead),
            written_by: matches!(kind, Kind::Write | Kind::StrongWrite).then_some(site),
            crossed,
            pushed: crossed && kind == Kind::StrongWrite,
            awaited: false,
        };
        self.add(instance.part(at.byte).id, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_add_up_in_any_order() {
        let written = Use { written_by: Some(SiteIndex(3)), ..Use::default() };
        let again = Use { written_by: Some(SiteIndex(2)), crossed: true, ..Use::default() };
        let read = Use { read: true, ..Use::default() };
        let all = Use { read: true, written_by: Some(SiteIndex(2)), crossed: true, ..Use::default() };
        assert_eq!(written.with(again).with(read), all);
        assert_eq!(read.with(again).with(written), all);
    }
}
