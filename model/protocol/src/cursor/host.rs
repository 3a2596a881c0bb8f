//! What the host thread of a rank does next.

use super::{Address, Fault, address};
use crate::code::HostInstruction;
use crate::evaluate::Environment;
use crate::formula::Formula;

/// One step of a host thread. Every rank's way through a host program is known before it runs: the checker goes it
/// once, and makes of it what each stream does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostOperation {
    /// What follows is enqueued on this stream.
    Enter {
        /// Its number; 0 is the caller's.
        stream: u32,
    },
    /// What follows is the host thread's own.
    Leave,
    /// Wait until the stream has done all that was enqueued on it.
    Synchronise {
        /// Its number.
        stream: u32,
    },
    /// Exchange the handles of a row with all ranks.
    Exchange {
        /// The row's first element.
        row: Address,
    },
    /// Record an event on the stream.
    Record {
        /// Which.
        event: Address,
    },
    /// Let the stream wait for an event.
    Wait {
        /// Which.
        event: Address,
    },
    /// A send begins: the chunks up to [`HostOperation::EndTransfer`] say what it reads.
    Send {
        /// To whom.
        peer: u32,
    },
    /// A receive begins: the chunks up to [`HostOperation::EndTransfer`] say what it writes.
    Receive {
        /// From whom.
        peer: u32,
    },
    /// The send or receive is told.
    EndTransfer,
    /// The sends and receives up to [`HostOperation::EndGroup`] make progress together.
    BeginGroup,
    /// The group is told.
    EndGroup,
}

/// The operation of a host instruction; each rank has so many streams.
pub(super) fn host_operation(
    environment: &Environment<'_>,
    instruction: &HostInstruction,
    streams: u32,
) -> Result<HostOperation, Fault> {
    let stream = |expression: &Formula| {
        let stream = environment.compute(expression)?;
        u32::try_from(stream).ok().filter(|stream| *stream < streams).ok_or(Fault::Stream { stream, streams })
    };
    let rank = |expression: &Formula| {
        let (rank, ranks) = (environment.compute(expression)?, environment.sizes.ranks);
        u32::try_from(rank).ok().filter(|rank| *rank < ranks).ok_or(Fault::Rank { rank, last: ranks - 1 })
    };
    Ok(match instruction {
        HostInstruction::Enter { stream: number } => HostOperation::Enter { stream: stream(number)? },
        HostInstruction::Leave => HostOperation::Leave,
        HostInstruction::Synchronise { stream: number } => HostOperation::Synchronise { stream: stream(number)? },
        HostInstruction::Exchange { place } => HostOperation::Exchange { row: address(environment, place)? },
        HostInstruction::Record { event } => HostOperation::Record { event: address(environment, event)? },
        HostInstruction::Wait { event } => HostOperation::Wait { event: address(environment, event)? },
        HostInstruction::Send { peer } => HostOperation::Send { peer: rank(peer)? },
        HostInstruction::Receive { peer } => HostOperation::Receive { peer: rank(peer)? },
        HostInstruction::EndTransfer => HostOperation::EndTransfer,
        HostInstruction::BeginGroup => HostOperation::BeginGroup,
        HostInstruction::EndGroup => HostOperation::EndGroup,
    })
}
