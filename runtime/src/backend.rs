//! What a back end does for a group: hold the buffers, launch, wait.
//!
//! The group decides what every call is (the ledger) and a back end performs it on one rank at a time, so that the
//! rules on reuse and poisoning exist once. The road not taken: a back end for each rank, as over a network; ranks here
//! share a process.

use crate::error::Error;
use crate::plan::{Plan, Settings};
use arverify_protocol::certificate::KernelEntry;
use std::time::Duration;

/// Somewhere to run kernels. Implemented by [`crate::Cpu`] and [`crate::Cuda`].
pub trait Backend: Send + Sync + Sized + 'static {
    /// The name used on command lines.
    const NAME: &'static str;

    /// B and T where the settings leave them open.
    fn preferred(settings: &Settings, kernel: &KernelEntry) -> (u32, u32);

    /// Allocates the buffers of every team of the plan at its protocol's full capacity.
    fn open(plan: &Plan) -> Result<Self, Error>;

    /// Gives every buffer of a team, on all its ranks, its initial contents, laid out for messages of `elements`
    /// elements (where its certificate is about launches of any length: of up to so many), when the launches on these buffers have ended: every member has been handed its last. Launches of
    /// other teams may go on.
    fn initialise(&self, team: usize, elements: u64) -> Result<(), Error>;

    /// Launches a call on a rank and returns at once. The rank is idle.
    ///
    /// # Safety
    /// `call.input` must be valid for reads and `call.output` for writes of the lengths that the protocol's collective
    /// has for the call's elements ([`Collective::lengths`](crate::Collective::lengths); of a transfer, the input on
    /// the first member and the output on the second), and neither be used for anything else, until
    /// [`Backend::finish`] has returned for this rank. The team must have been initialised for `call.elements`, or,
    /// where its certificate is about launches of any length, for at least as many.
    unsafe fn start(&self, call: &Call) -> Result<(), Error>;

    /// Waits until a rank's call, if it is in one, has ended, and says how. Never longer than the call's deadlines.
    fn finish(&self, rank: u32) -> Result<(), Error>;

    /// Forgets a failure. Every rank is idle.
    fn recover(&self) -> Result<(), Error>;
}

/// One call on one rank.
#[derive(Clone, Debug)]
pub struct Call {
    /// Index of the team in the plan.
    pub(crate) team: usize,
    /// Whose part of it: the protocol's rank.
    pub(crate) member: u32,
    /// The group's rank, on whose threads or stream it runs.
    pub(crate) rank: u32,
    /// N
    pub(crate) elements: u64,
    /// Launches of the team since its buffers were initialised.
    pub(crate) launch: u32,
    /// How long an await may wait.
    pub(crate) deadline: Duration,
    /// The message; host memory.
    pub(crate) input: *const u8,
    /// Where the result goes; host memory.
    pub(crate) output: *mut u8,
    /// Fault injection: each block stops before its operation of this number.
    pub(crate) stop_before: Option<u64>,
}
