//! Sends and receives: calls in which two ranks of the group take part, and no other.
//!
//! Each ordered pair of ranks is a team of two that runs the protocol as it was verified for two ranks, on buffers of
//! its own. A launch carries one slot; longer data goes as several, the last filled up, so that every launch has the
//! length for which the buffers were laid out. The road not taken: one workspace for all pairs with the partner as a
//! kernel argument, of which a check covers the schedules that it is given and no others.

use crate::backend::{Backend, Call};
use crate::error::Error;
use crate::group::{Group, RankHandle, Shared};
use crate::ledger::Transfer;
use crate::number::Number;
use std::ops::Range;

impl<B: Backend> Group<B> {
    /// Sends `data` from one rank to another, which puts it into `room`, of the same length. Both sides are driven
    /// from here; where both fail, the failure that says more is returned.
    pub fn transfer<N: Number>(&self, from: u32, to: u32, data: &[N], room: &mut [N]) -> Result<(), Error> {
        let (mut sender, mut receiver) = (self.rank(from)?, self.rank(to)?);
        if from == to {
            return Err(Error::Itself { rank: from });
        }
        let (sent, received) = std::thread::scope(|scope| {
            let sender = scope.spawn(move || sender.send(to, data));
            let received = receiver.recv(from, room);
            let panicked = |_| Err(Error::Resources("the sender panicked: a bug of the runtime".to_owned()));
            (sender.join().unwrap_or_else(panicked), received)
        });
        match (sent, received) {
            (Err(Error::Poisoned { .. } | Error::Killed { .. }), Err(telling)) => Err(telling),
            (sent, received) => sent.and(received),
        }
    }
}

impl<B: Backend> RankHandle<B> {
    /// Sends `data`, of any length, to another rank, which calls [`RankHandle::recv`] with as many elements. The n-th
    /// send to a rank meets the n-th receive there from this one.
    ///
    /// Waits until the receiver has come, and returns when `data` may be used again. Ranks that all send first and
    /// receive then wait for each other: that is a [`RankHandle::shift`].
    ///
    /// Errors: nobody receives within the deadline ([`Error::Unanswered`]), another length is received
    /// ([`Error::Uneven`]), or the receiver dies meanwhile ([`Error::Deadline`]).
    pub fn send<N: Number>(&mut self, to: u32, data: &[N]) -> Result<(), Error> {
        let side = self.shared.side::<N>(self.rank, (self.rank, to), data.len())?;
        self.shared.pass(&side, |part, call| {
            let slot = call.elements as usize;
            let mut filled = Vec::new();
            let chunk = if part.len() == slot {
                &data[part]
            } else {
                filled.extend_from_slice(&data[part]);
                filled.resize(slot, N::default());
                &filled
            };
            // SAFETY: a slot's elements, borrowed until `run` returns; the sender has no output.
            unsafe { self.shared.run(&Call { input: chunk.as_ptr().cast(), ..call }) }
        })
    }

    /// Receives into `room`, from another rank, which calls [`RankHandle::send`] with as many elements.
    ///
    /// Returns when the data is there. Errors: as of [`RankHandle::send`]; what `room` then holds is not defined.
    pub fn recv<N: Number>(&mut self, from: u32, room: &mut [N]) -> Result<(), Error> {
        let side = self.shared.side::<N>(self.rank, (from, self.rank), room.len())?;
        self.shared.pass(&side, |part, call| {
            let slot = call.elements as usize;
            let last = part.len() < slot;
            let mut filled = vec![N::default(); if last { slot } else { 0 }];
            let chunk = if last { &mut filled } else { &mut room[part.clone()] };
            // SAFETY: a slot's elements, borrowed mutably until `run` returns; the receiver has no input.
            unsafe { self.shared.run(&Call { output: chunk.as_mut_ptr().cast(), ..call }) }?;
            if last {
                let length = part.len();
                room[part].copy_from_slice(&filled[..length]);
            }
            Ok(())
        })
    }
}

/// One rank's side of a transfer.
struct Side {
    rank: u32,
    team: usize,
    asked: Transfer,
}

impl<B: Backend> Shared<B> {
    /// What a rank asks for that sends to or receives from another.
    fn side<N: Number>(&self, rank: u32, (from, to): (u32, u32), length: usize) -> Result<Side, Error> {
        self.check_type::<N>()?;
        let ranks = self.plan.settings.ranks;
        if let Some(rank) = [from, to].into_iter().find(|rank| *rank >= ranks) {
            return Err(Error::NoRank { rank, ranks });
        }
        if from == to {
            return Err(Error::Itself { rank });
        }
        let team = self.plan.pair(from, to)?;
        let elements = length as u64;
        let launches = u32::try_from(elements.div_ceil(self.plan.settings.slot)).map_err(|_| {
            let slot = self.plan.settings.slot;
            Error::Lengths(format!("{elements} elements are more than 2^32 slots of {slot} hold"))
        })?;
        Ok(Side { rank, team, asked: Transfer { from, to, elements, launches } })
    }

    /// Meets the other side, then hands `each` the elements of one slot after the other, with a call that lacks the
    /// message.
    fn pass(&self, side: &Side, mut each: impl FnMut(Range<usize>, Call) -> Result<(), Error>) -> Result<(), Error> {
        let Side { rank, team, asked } = side;
        let settings = &self.plan.settings;
        let passage = self.ledger.begin_transfer(*rank, asked, settings.deadline)?;
        let (slot, length) = (settings.slot as usize, asked.elements as usize);
        let outcome = (0..asked.launches).try_for_each(|launch| {
            let start = launch as usize * slot;
            let call = Call {
                team: *team,
                member: u32::from(*rank == asked.to),
                rank: *rank,
                elements: settings.slot,
                launch: passage.first_launch.wrapping_add(launch),
                deadline: settings.deadline,
                input: std::ptr::null(),
                output: std::ptr::null_mut(),
                stop_before: self.stop_before(*rank, passage.number),
            };
            each(start..length.min(start + slot), call)
        });
        self.ledger.end(*rank);
        outcome
    }

    /// Launches one slot's transfer and waits for it.
    ///
    /// # Safety
    /// The call's message, which is the input of a sender and the output of a receiver, must be valid for a slot's
    /// elements and not be used for anything else until this returns.
    unsafe fn run(&self, call: &Call) -> Result<(), Error> {
        // SAFETY: the caller's. Pairs were laid out for a slot when the group was made or reset, and the ledger
        // lets a rank into one call at a time.
        let started = unsafe { self.backend.start(call) };
        let finished = self.backend.finish(call.rank);
        started.and(finished).inspect_err(|error| self.record(call.rank, error))
    }
}
