//! Ranks driven with device pointers, in stream order: nothing is copied and the host does not wait.

use super::{Cuda, Pending, lock};
use crate::backend::Call;
use crate::collective::Collective;
use crate::error::Error;
use crate::group::RankHandle;
use std::ffi::c_void;

/// To what messages must be aligned: vectors are 16 bytes.
const ALIGNMENT: u64 = 16;

impl RankHandle<Cuda> {
    /// The rank's stream (a `CUstream`), for work that comes before or after its calls.
    pub fn stream(&self) -> *mut c_void {
        self.shared.backend.ranks[self.rank as usize].stream.raw()
    }

    /// Launches a collective of N = `elements` from the device address `input` into `output`, on the rank's stream, and
    /// returns. Every rank calls this, with the same length. A deadline that passes is reported by
    /// [`RankHandle::synchronize`].
    ///
    /// Where the length differs from the last call's, this waits until every rank has come and every earlier call
    /// has ended.
    ///
    /// # Safety
    /// Both addresses must be memory of the rank's device (or reachable from it) of the lengths that
    /// [`Collective::lengths`] says, of the group's type, and stay valid, and unused but in the order of the rank's stream, until the call has ended.
    pub unsafe fn enqueue(
        &mut self,
        collective: Collective,
        input: u64,
        output: u64,
        elements: u64,
    ) -> Result<(), Error> {
        let shared = &self.shared;
        let settings = &shared.plan.settings;
        shared.check_capacity(elements)?;
        if collective == Collective::Transfer {
            return Err(Error::Settings(
                "a transfer is not enqueued: `send` and `recv` wait for each other".to_owned(),
            ));
        }
        let planned = &shared.plan.protocols[shared.plan.choose(collective, elements)?];
        check_addresses(input, output, planned.message_bytes(self.rank, elements))?;
        let (team, ticket) = shared.begin(self.rank, collective, elements)?;
        let call = Call {
            team,
            member: self.rank,
            rank: self.rank,
            elements,
            launch: ticket.launch,
            deadline: settings.deadline,
            input: std::ptr::null(),
            output: std::ptr::null_mut(),
            stop_before: None,
        };
        let launched = if shared.stop_before(self.rank, ticket.number).is_some() {
            Err(Error::Killed { rank: self.rank })
        } else {
            let state = &shared.backend.ranks[self.rank as usize];
            *lock(&state.pending) = Some(Pending { team, member: self.rank, elements, output: None, killed: false });
            // SAFETY: the caller vouches for the addresses; the ledger gave a ticket for buffers of this length.
            unsafe { shared.backend.launch(&call, input, output) }
        };
        shared.ledger.started(self.rank);
        shared.ledger.end(self.rank);
        launched.inspect_err(|error| shared.record(self.rank, error))
    }

    /// Waits until every call of this rank has ended. The first deadline that passed is the error, also for calls that
    /// were launched after it.
    pub fn synchronize(&mut self) -> Result<(), Error> {
        let outcome = crate::backend::Backend::finish(&self.shared.backend, self.rank);
        outcome.inspect_err(|error| self.shared.record(self.rank, error))
    }
}

fn check_addresses(input: u64, output: u64, bytes: (usize, usize)) -> Result<(), Error> {
    let wrong = |message: &str| Err(Error::Settings(message.to_owned()));
    if !input.is_multiple_of(ALIGNMENT) || !output.is_multiple_of(ALIGNMENT) {
        return wrong("device addresses must be aligned to 16 bytes");
    }
    if input < output.saturating_add(bytes.1 as u64) && output < input.saturating_add(bytes.0 as u64) {
        return wrong("input and output overlap");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked() {
        assert!(check_addresses(256, 512, (256, 256)).is_ok());
        assert!(check_addresses(256, 512, (256, 1024)).is_ok());
        assert!(check_addresses(256, 512, (257, 257)).is_err());
        assert!(check_addresses(512, 256, (257, 257)).is_err());
        assert!(check_addresses(512, 256, (1, 257)).is_err());
        assert!(check_addresses(256, 264, (8, 8)).is_err());
        assert!(check_addresses(256, 256, (0, 0)).is_ok());
    }
}
