//! What a violation says of its cause, in terms of the machine: kinds, statements, and sentences with places to fill in.
//!
//! The machine names what it knows when a violation comes up (who took a signal away, who would have had to write). What shows only
//! in the whole execution, the nearest miss of a race, is looked for afterwards.

use super::{Machine, State, Violation};
use crate::memory::clock::ThreadIndex;
use crate::program::{Operation, Program, SiteIndex};
use arverify_protocol::verdict::{Code, ThreadName, WhyKind};

/// A cause, in terms of the machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// Its kind.
    pub kind: WhyKind,
    /// Where.
    pub site: SiteIndex,
    /// A sentence in which `{}` stands for the place of a statement.
    pub form: String,
    /// These statements.
    pub places: Vec<SiteIndex>,
}

/// Why two accesses race although they may be in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RaceCause {
    /// They are of two proxies, and there is no proxy fence between them.
    Unfenced,
    /// One is a load by a path that is not coherent.
    NonCoherent,
    /// One is of a copy that is outstanding from its start to its finish.
    Outstanding,
}

impl Violation {
    /// Adds a cause, at a statement, as a sentence in which `{}` stands for places.
    pub(crate) fn because(&mut self, kind: WhyKind, site: SiteIndex, form: impl Into<String>, places: &[SiteIndex]) {
        self.reasons.push(Reason { kind, site, form: form.into(), places: places.to_vec() });
    }

    /// Whether it is one of a single operation, which is not performed.
    pub fn is_of_one_operation(&self) -> bool {
        matches!(self.code, Code::OutOfBounds | Code::WrongResult | Code::BarrierDivergence | Code::Hazard)
    }
}

impl<T> State<T> {
    /// The operation at which a thread stands, at a statement.
    pub fn pending_at<P: Program>(
        &self,
        machine: &Machine<P>,
        name: ThreadName,
        site: SiteIndex,
    ) -> Option<&Operation> {
        let threads = self.threads.iter().enumerate();
        let mut standing = threads.filter_map(|(index, thread)| {
            let (operation, at) = thread.pending.as_deref()?;
            (*at == site && self.current_name(machine, index as ThreadIndex) == name).then_some(operation)
        });
        standing.next()
    }
}
