//! One launch on one rank: what its blocks share while it runs.

use super::memory::{Instance, View};
use crate::error::Error;
use crate::plan::{Message, Planned, Team};
use arverify_protocol::code::Code;
use arverify_protocol::cursor::Address;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// A protocol with its buffers laid out, for one length or for all up to a capacity.
pub(crate) struct Layout {
    pub(crate) planned: Planned,
    pub(crate) team: Team,
    /// The length, or the capacity.
    pub(crate) elements: u64,
    /// By member and buffer; empty where a buffer is the caller's memory, or in the check only.
    pub(crate) views: Vec<Vec<View>>,
    /// What the views point into, kept alive.
    _instances: Arc<Vec<Vec<Instance>>>,
}

impl Layout {
    pub(crate) fn new(
        (planned, team): (Planned, Team),
        elements: u64,
        views: Vec<Vec<View>>,
        instances: Arc<Vec<Vec<Instance>>>,
    ) -> Layout {
        Layout { planned, team, elements, views, _instances: instances }
    }
}

/// A launch on a rank.
pub(crate) struct Job {
    pub(crate) layout: Arc<Layout>,
    /// The protocol flattened for this launch's length.
    pub(crate) code: Arc<Code>,
    pub(crate) abort: Arc<Abort>,
    /// The protocol's rank.
    pub(crate) member: u32,
    /// The group's, for findings.
    pub(crate) rank: u32,
    pub(crate) grid: u32,
    pub(crate) launch: u32,
    pub(crate) arguments: Vec<u32>,
    pub(crate) deadline: Duration,
    /// The caller's message and result.
    pub(crate) input: View,
    pub(crate) output: View,
    /// Fault injection: each block stops before its operation of this number.
    pub(crate) stop_before: Option<u64>,
    /// Blocks that have not ended, and the first failure of one.
    pub(crate) progress: Mutex<(u32, Option<Error>)>,
    pub(crate) ended: Condvar,
}

impl Job {
    /// Where the element of an address lives, for this rank; `None` for the caller's memory on another rank.
    pub(crate) fn view(&self, address: Address) -> Option<View> {
        let planned = &self.layout.planned;
        let is = |message: Option<Message>| message.is_some_and(|it| it.buffer == address.buffer && !it.resident);
        if is(planned.input) {
            return (address.rank == self.member).then_some(self.input);
        }
        if is(planned.output) {
            return (address.rank == self.member).then_some(self.output);
        }
        Some(self.layout.views[address.rank as usize][address.buffer.index()])
    }

    /// A block ended. The last one copies out the result, where the output lives in the workspace.
    pub(crate) fn block_ended(&self, outcome: Result<(), Error>) {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.0 -= 1;
        if let Err(error) = outcome {
            progress.1.get_or_insert(error);
        }
        if progress.0 == 0 {
            if progress.1.is_none() {
                self.copy_out();
            }
            self.ended.notify_all();
        }
    }

    fn copy_out(&self) {
        if let Some(message) = self.layout.planned.output.filter(|message| message.resident) {
            let source = self.layout.views[self.member as usize][message.buffer.index()];
            // SAFETY: the caller's memory is this call's alone. Peers may read the result, and the certificate, which
            // checks it after each launch, vouches that none writes it before this rank's next launch. The lengths
            // are equal: the plan checked that the buffer holds one message.
            let copied = unsafe { self.output.copy_from(0, source, 0, self.output.bytes(), 1) };
            debug_assert_eq!(copied, Ok(()));
        }
    }

    /// Waits until every block has ended; the first failure.
    pub(crate) fn wait(&self) -> Result<(), Error> {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        while progress.0 > 0 {
            progress = self.ended.wait(progress).unwrap_or_else(PoisonError::into_inner);
        }
        progress.1.clone().map_or(Ok(()), Err)
    }
}

/// Ends every launch of a group once one has failed.
#[derive(Debug, Default)]
pub(crate) struct Abort {
    raised: AtomicBool,
    cause: Mutex<Option<Error>>,
}

impl Abort {
    /// Makes every block stop at its next wait. The first cause stays.
    pub(crate) fn raise(&self, cause: &Error) {
        self.cause.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| cause.clone());
        self.raised.store(true, Ordering::Release);
    }

    /// The cause, if it was raised.
    pub(crate) fn raised(&self) -> Option<Error> {
        if !self.raised.load(Ordering::Acquire) {
            return None;
        }
        self.cause.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Forgets it. No block is running.
    pub(crate) fn clear(&self) {
        self.raised.store(false, Ordering::Release);
        *self.cause.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
