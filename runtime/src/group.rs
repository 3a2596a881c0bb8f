//! A group of ranks that perform collectives together.
//!
//! Each rank is driven by whoever holds its [`RankHandle`], usually a thread of its own; [`Group::all_reduce`] drives
//! all of them from one thread. The group never hangs: every wait, of a kernel for a signal or of a host for a peer,
//! has the deadline of the settings. After a failure the state of flags and counters is unknown, so that every later
//! call is refused until [`Group::reset`].

use crate::backend::{Backend, Call};
use crate::collective::Collective;
use crate::error::Error;
use crate::kernels::Kernels;
use crate::ledger::{Ledger, Request, Ticket};
use crate::number::Number;
use crate::plan::{Plan, Settings};
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};

/// P ranks of one process that perform collectives together, on the back end `B`.
pub struct Group<B: Backend> {
    pub(crate) shared: Arc<Shared<B>>,
}

pub(crate) struct Shared<B> {
    pub(crate) backend: B,
    pub(crate) plan: Plan,
    pub(crate) ledger: Ledger,
    kill: Mutex<Option<Kill>>,
}

/// Fault injection, for tests: a rank dies in a call, having performed some of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kill {
    /// Which rank.
    pub rank: u32,
    /// In which of its calls, counted from 0 since the group was made or reset.
    pub call: u64,
    /// Operations that each of its blocks still performs (a data phase of a thread is one). Back ends that cannot stop
    /// a kernel half-way do not launch it at all.
    pub after_operations: u64,
}

impl<B: Backend> Group<B> {
    /// Makes a group: finds the certified kernels, allocates every buffer at full capacity, starts what the back end
    /// needs.
    pub fn new(kernels: &Kernels, settings: &Settings) -> Result<Group<B>, Error> {
        let plan = Plan::new(kernels, settings, |kernel| B::preferred(settings, kernel))?;
        let backend = B::open(&plan)?;
        let ledger = Ledger::new(settings.ranks, plan.first_layouts());
        let shared = Shared { backend, plan, ledger, kill: Mutex::new(None) };
        shared.lay_out()?;
        Ok(Group { shared: Arc::new(shared) })
    }

    /// P
    pub fn ranks(&self) -> u32 {
        self.shared.plan.settings.ranks
    }

    /// B, blocks of each rank.
    pub fn blocks(&self) -> u32 {
        self.shared.plan.blocks
    }

    /// T, threads of each block, of the protocol for a collective and messages of this length.
    pub fn threads(&self, collective: Collective, elements: u64) -> Result<u32, Error> {
        let plan = &self.shared.plan;
        Ok(plan.protocols[plan.choose(collective, elements)?].threads)
    }

    /// The protocol for a collective and messages of this length.
    pub fn protocol(&self, collective: Collective, elements: u64) -> Result<&str, Error> {
        let plan = &self.shared.plan;
        Ok(&plan.protocols[plan.choose(collective, elements)?].protocol.name)
    }

    /// A handle that drives one rank. Several handles of a rank may exist; a call on one while another is in a call is
    /// an error.
    pub fn rank(&self, rank: u32) -> Result<RankHandle<B>, Error> {
        let ranks = self.ranks();
        if rank >= ranks {
            return Err(Error::NoRank { rank, ranks });
        }
        Ok(RankHandle { shared: self.shared.clone(), rank })
    }

    /// Sums `inputs`, one of each rank, into each of `outputs`. All have the same length, at most the capacity.
    ///
    /// The sum of each element is taken in rank order, so that every output has the same bits.
    pub fn all_reduce<N: Number>(&self, inputs: &[&[N]], outputs: &mut [&mut [N]]) -> Result<(), Error> {
        self.call(Collective::AllReduce, inputs, outputs)
    }

    /// Performs any collective with a message, on all ranks: `inputs` and `outputs` hold one slice for each, of the
    /// lengths that [`Collective::lengths`] says.
    pub fn call<N: Number>(
        &self,
        collective: Collective,
        inputs: &[&[N]],
        outputs: &mut [&mut [N]],
    ) -> Result<(), Error> {
        first_telling(self.call_each(collective, inputs, outputs)?)
    }

    /// The barrier, on all ranks.
    pub fn barrier(&self) -> Result<(), Error> {
        let mut nothing: Vec<[f32; 0]> = vec![[]; self.ranks() as usize];
        let outputs = nothing.iter_mut().enumerate();
        let started: Vec<_> = outputs
            .map(|(rank, output)| self.shared.start(rank as u32, Collective::Barrier, 0, &[], output.as_mut_slice()))
            .collect();
        first_telling(finish_all(started))
    }

    /// As [`Group::call`], with the outcome of each rank. The outer error is about the arguments; nothing ran.
    pub fn call_each<N: Number>(
        &self,
        collective: Collective,
        inputs: &[&[N]],
        outputs: &mut [&mut [N]],
    ) -> Result<Vec<Result<(), Error>>, Error> {
        let ranks = self.ranks() as usize;
        if inputs.len() != ranks || outputs.len() != ranks {
            let (inputs, outputs) = (inputs.len(), outputs.len());
            let message = format!("{inputs} inputs and {outputs} outputs were given for {ranks} ranks");
            return Err(Error::Lengths(message));
        }
        let mut elements = Vec::new();
        for (input, output) in inputs.iter().zip(outputs.iter()) {
            elements.push(self.shared.check_message::<N>(collective, input, output)?);
        }
        let mut started = Vec::new();
        for (rank, ((input, output), elements)) in inputs.iter().zip(outputs.iter_mut()).zip(elements).enumerate() {
            started.push(self.shared.start(rank as u32, collective, elements, input, output));
        }
        Ok(finish_all(started))
    }

    /// As [`Group::all_reduce`], with the outcome of each rank. The outer error is about the arguments; nothing ran.
    pub fn all_reduce_each<N: Number>(
        &self,
        inputs: &[&[N]],
        outputs: &mut [&mut [N]],
    ) -> Result<Vec<Result<(), Error>>, Error> {
        self.call_each(Collective::AllReduce, inputs, outputs)
    }

    /// Arms fault injection; `None` disarms it.
    pub fn inject(&self, kill: Option<Kill>) {
        *self.shared.kill.lock().unwrap_or_else(PoisonError::into_inner) = kill;
    }

    /// Makes the group usable again after a failure: every buffer gets its initial contents, calls count from 0 again,
    /// killed ranks live, and fault injection is disarmed. Fails while any rank is in a call.
    pub fn reset(&self) -> Result<(), Error> {
        self.shared.ledger.reset(|| {
            self.shared.backend.recover()?;
            self.shared.lay_out()
        })?;
        self.inject(None);
        Ok(())
    }
}

/// Drives one rank of a group, from any thread.
pub struct RankHandle<B: Backend> {
    pub(crate) shared: Arc<Shared<B>>,
    pub(crate) rank: u32,
}

impl<B: Backend> RankHandle<B> {
    /// Which rank.
    pub fn rank(&self) -> u32 {
        self.rank
    }

    /// Sums `input` over all ranks into `output`. Every rank calls this, with the same length, at most the capacity;
    /// returns when this rank's part is done.
    pub fn all_reduce<N: Number>(&mut self, input: &[N], output: &mut [N]) -> Result<(), Error> {
        self.call(Collective::AllReduce, input, output)
    }

    /// Sums `input` over all ranks and puts part r of the sum, of as many elements as `output` has, into that of
    /// rank r. The input has P parts.
    pub fn reduce_scatter<N: Number>(&mut self, input: &[N], output: &mut [N]) -> Result<(), Error> {
        self.call(Collective::ReduceScatter, input, output)
    }

    /// Puts the inputs of all ranks into `output`, one after the other.
    pub fn all_gather<N: Number>(&mut self, input: &[N], output: &mut [N]) -> Result<(), Error> {
        self.call(Collective::AllGather, input, output)
    }

    /// Puts rank 0's input into the output of every rank. The input of the others counts by its length only.
    pub fn broadcast<N: Number>(&mut self, input: &[N], output: &mut [N]) -> Result<(), Error> {
        self.call(Collective::Broadcast, input, output)
    }

    /// Puts the input of the rank before this one into the output; rank 0 gets that of the last. So all send to the right
    /// and receive from the left at once.
    pub fn shift<N: Number>(&mut self, input: &[N], output: &mut [N]) -> Result<(), Error> {
        self.call(Collective::Shift, input, output)
    }

    /// Returns when every rank has called it.
    pub fn barrier(&mut self) -> Result<(), Error> {
        self.shared.start::<f32>(self.rank, Collective::Barrier, 0, &[], &mut [])?.finish()
    }

    fn call<N: Number>(&mut self, collective: Collective, input: &[N], output: &mut [N]) -> Result<(), Error> {
        let elements = self.shared.check_message::<N>(collective, input, output)?;
        self.shared.start(self.rank, collective, elements, input, output)?.finish()
    }
}

/// Waits for every rank that was started.
fn finish_all<B: Backend>(started: Vec<Result<Running<'_, B>, Error>>) -> Vec<Result<(), Error>> {
    started.into_iter().map(|running| running.and_then(Running::finish)).collect()
}

/// The first failure; of the others one that says more than that the group has failed.
fn first_telling(outcomes: Vec<Result<(), Error>>) -> Result<(), Error> {
    let mut outcomes = outcomes.into_iter().filter_map(Result::err);
    let Some(first) = outcomes.next() else { return Ok(()) };
    // A failure of the others says more than the one that caused them to be told.
    let telling = |error: &Error| !matches!(error, Error::Killed { .. } | Error::Poisoned { .. });
    Err(if telling(&first) { first } else { outcomes.find(telling).unwrap_or(first) })
}

impl<B: Backend> Shared<B> {
    /// N of a message that fits the group.
    fn check_message<N: Number>(&self, collective: Collective, input: &[N], output: &[N]) -> Result<u64, Error> {
        self.check_type::<N>()?;
        let elements = collective.elements(self.plan.settings.ranks, input, output).map_err(Error::Lengths)?;
        self.check_capacity(elements)?;
        Ok(elements)
    }

    pub(crate) fn check_type<N: Number>(&self) -> Result<(), Error> {
        let group = self.plan.settings.data;
        if N::DATA == group { Ok(()) } else { Err(Error::Type { group, given: N::DATA }) }
    }

    pub(crate) fn check_capacity(&self, elements: u64) -> Result<(), Error> {
        let capacity = self.plan.settings.capacity;
        if elements > capacity { Err(Error::Capacity { elements, capacity }) } else { Ok(()) }
    }

    /// Comes to the next collective call of a rank: for which team, and with what ticket.
    pub(crate) fn begin(&self, rank: u32, collective: Collective, elements: u64) -> Result<(usize, Ticket), Error> {
        let protocol = self.plan.choose(collective, elements)?;
        let planned = &self.plan.protocols[protocol];
        let layout = planned.laid_out_for(elements);
        if planned.any_length {
            // Of buffers that are laid out anew this is asked then.
            planned.check_sizes(elements)?;
        }
        let request = Request { protocol, name: planned.protocol.name.clone(), elements, layout };
        let initialise = || self.backend.initialise(protocol, layout);
        let ticket = self.ledger.begin(rank, &request, self.plan.settings.deadline, initialise)?;
        Ok((protocol, ticket))
    }

    /// Gives the buffers of every team that are laid out once their initial contents. Every rank is idle.
    fn lay_out(&self) -> Result<(), Error> {
        self.plan.laid_out_once().try_for_each(|team| self.backend.initialise(team, self.plan.planned(team).capacity))
    }

    /// What fault injection does to this call.
    pub(crate) fn stop_before(&self, rank: u32, number: u64) -> Option<u64> {
        let kill = *self.kill.lock().unwrap_or_else(PoisonError::into_inner);
        kill.filter(|kill| kill.rank == rank && kill.call == number).map(|kill| kill.after_operations)
    }

    /// Starts a call whose message was checked: N is `elements`.
    fn start<'a, N: Number>(
        &'a self,
        rank: u32,
        collective: Collective,
        elements: u64,
        input: &'a [N],
        output: &'a mut [N],
    ) -> Result<Running<'a, B>, Error> {
        let (team, ticket) = self.begin(rank, collective, elements)?;
        let call = Call {
            team,
            member: rank,
            rank,
            elements,
            launch: ticket.launch,
            deadline: self.plan.settings.deadline,
            input: input.as_ptr().cast(),
            output: output.as_mut_ptr().cast(),
            stop_before: self.stop_before(rank, ticket.number),
        };
        // SAFETY: both slices are borrowed for as long as the `Running` lives, which finishes the call when it is
        // dropped, and both have the collective's lengths for `elements`, as `check_message` found; a barrier's are
        // empty. The ledger gave a ticket for buffers that are laid out for this length.
        let started = unsafe { self.backend.start(&call) };
        self.ledger.started(rank);
        let running = Running { shared: self, rank, ended: false, message: PhantomData };
        match started {
            Ok(()) => Ok(running),
            Err(error) => {
                self.record(rank, &error);
                drop(running);
                Err(error)
            }
        }
    }

    /// What a failure of a rank's call means for later calls.
    pub(crate) fn record(&self, rank: u32, error: &Error) {
        match error {
            Error::Killed { .. } => self.ledger.kill(rank),
            other => self.ledger.poison(other),
        }
    }
}

/// A call that was launched and not waited for. Not leaked anywhere: its drop is what makes `Backend::start` sound.
struct Running<'a, B: Backend> {
    shared: &'a Shared<B>,
    rank: u32,
    ended: bool,
    message: PhantomData<&'a mut [u8]>,
}

impl<B: Backend> Running<'_, B> {
    fn finish(mut self) -> Result<(), Error> {
        self.ended = true;
        let outcome = self.shared.backend.finish(self.rank);
        let outcome = outcome.inspect_err(|error| self.shared.record(self.rank, error));
        self.shared.ledger.end(self.rank);
        outcome
    }
}

impl<B: Backend> Drop for Running<'_, B> {
    fn drop(&mut self) {
        if !self.ended {
            let _ = self.shared.backend.finish(self.rank);
            self.shared.ledger.end(self.rank);
        }
    }
}
