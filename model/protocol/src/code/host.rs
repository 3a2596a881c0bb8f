//! Statements of host programs, flattened.

use super::{Builder, Fold, Instruction, PlaceCode, SiteId};
use crate::formula::Formula;
use crate::ir::{HostStatement, Partition, Place};

/// What the host thread does. What a stream does stands between `Enter` and `Leave`, the elements of a transfer as
/// chunks that copy a place to itself before `EndTransfer`.
#[derive(Clone, Debug)]
pub(crate) enum HostInstruction {
    Enter { stream: Formula },
    Leave,
    Synchronise { stream: Formula },
    Exchange { place: PlaceCode },
    Record { event: PlaceCode },
    Wait { event: PlaceCode },
    Send { peer: Formula },
    Receive { peer: Formula },
    EndTransfer,
    BeginGroup,
    EndGroup,
}

impl Builder {
    pub(super) fn host_statement(&mut self, site: SiteId, statement: &HostStatement) {
        let simple = match statement {
            HostStatement::Stream { stream, body } => {
                let stream = self.formula(stream);
                self.host(site, HostInstruction::Enter { stream });
                self.statements(body);
                HostInstruction::Leave
            }
            HostStatement::Group { body } => {
                self.host(site, HostInstruction::BeginGroup);
                self.statements(body);
                HostInstruction::EndGroup
            }
            HostStatement::Send { place, partition, peer } => {
                let peer = self.formula(peer);
                self.host(site, HostInstruction::Send { peer });
                self.transferred(site, place, partition);
                HostInstruction::EndTransfer
            }
            HostStatement::Receive { place, partition, peer } => {
                let peer = self.formula(peer);
                self.host(site, HostInstruction::Receive { peer });
                self.transferred(site, place, partition);
                HostInstruction::EndTransfer
            }
            HostStatement::Synchronise { stream } => HostInstruction::Synchronise { stream: self.formula(stream) },
            HostStatement::Exchange { place } => HostInstruction::Exchange { place: self.place(place) },
            HostStatement::Record { event } => HostInstruction::Record { event: self.place(event) },
            HostStatement::Wait { event } => HostInstruction::Wait { event: self.place(event) },
        };
        self.host(site, simple);
    }

    fn host(&mut self, site: SiteId, instruction: HostInstruction) {
        self.emit(Instruction::Host(instruction), site);
    }

    fn transferred(&mut self, site: SiteId, place: &Place, partition: &Partition) {
        let source = self.place(place);
        self.data_phase(site, place, partition, Fold::Copy { source }, None);
    }
}
