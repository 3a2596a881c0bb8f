//! One block on one operating-system thread: its threads take turns.
//!
//! A thread runs until it must wait: at a barrier, at an await, or with a data phase, which is put off to be joined
//! with those of its neighbours. Data phases are performed when no thread can run otherwise; each thread goes on only
//! after its own, so this is one of the interleavings that were verified. Awaits are polled in turn, and when nothing
//! else is left, with growing patience: ranks may outnumber processors many times over.
//!
//! Not modelled: preemption within a block. A block whose threads wait for each other by spinning on memory works
//! here all the same, because every await is polled.

use super::job::Job;
use super::memory::{OutOfBounds, View, fence_with};
use super::sweeps::Joined;
use crate::error::{Error, Expired, slot_indices};
use arverify_protocol::code::SiteId;
use arverify_protocol::cursor::{Address, Cursor, Operation, Position, Step};
use arverify_protocol::ir::{Compare, Order};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Barrier 0, which `block_sync` uses.
const BLOCK_BARRIER: u32 = 0;

/// Polls without success before the processor is given away, and before the thread sleeps.
const POLLS_BEFORE_YIELD: u32 = 8;
const POLLS_BEFORE_SLEEP: u32 = 2_000;
const SLEEP: Duration = Duration::from_micros(50);

struct Waiting {
    thread: u32,
    address: Address,
    view: View,
    compare: Compare,
    wanted: u32,
    /// The word is half of a packet.
    packet: bool,
    /// The thread gets what was read.
    receives: bool,
    order: Order,
    site: SiteId,
    since: Option<Instant>,
}

#[derive(Default)]
struct Barrier {
    arrived: u32,
    waiting: Vec<u32>,
}

/// A block in execution.
pub(crate) struct Block<'a> {
    job: &'a Job,
    block: u32,
    cursors: Vec<Cursor>,
    ready: VecDeque<u32>,
    awaiting: Vec<Waiting>,
    /// By barrier number.
    barriers: Vec<Barrier>,
    sweeps: Vec<Joined>,
    sweeping: Vec<u32>,
    exited: u32,
    operations: u64,
}

impl<'a> Block<'a> {
    pub(crate) fn new(job: &'a Job, block: u32) -> Block<'a> {
        let code = &job.code;
        let threads = code.sizes.threads;
        Block {
            job,
            block,
            cursors: (0..threads).map(|_| Cursor::start(code)).collect(),
            ready: (0..threads).collect(),
            awaiting: Vec::new(),
            barriers: Vec::new(),
            sweeps: Vec::new(),
            sweeping: Vec::new(),
            exited: 0,
            operations: 0,
        }
    }

    /// Runs until every thread has ended. After an error the block performs nothing more.
    pub(crate) fn run(mut self) -> Result<(), Error> {
        let mut polls = 0;
        loop {
            if let Some(cause) = self.job.abort.raised() {
                return Err(cause);
            }
            while let Some(thread) = self.ready.pop_front() {
                self.turn(thread)?;
            }
            self.perform_sweeps()?;
            self.poll()?;
            if !self.ready.is_empty() {
                polls = 0;
                continue;
            }
            if self.exited == self.job.code.sizes.threads {
                return Ok(());
            }
            if self.awaiting.is_empty() {
                return Err(self.divergence());
            }
            polls += 1;
            self.rest(polls)?;
        }
    }

    /// One thread, until it waits.
    fn turn(&mut self, thread: u32) -> Result<(), Error> {
        let job = self.job;
        let code = &job.code;
        let position = Position {
            rank: job.member,
            block: self.block,
            thread,
            launch: job.launch,
            grid: job.grid,
            arguments: &job.arguments,
        };
        loop {
            if job.stop_before.is_some_and(|limit| self.operations >= limit) {
                return Err(Error::Killed { rank: job.rank });
            }
            self.operations += 1;
            let goes_on = match self.cursors[thread as usize].next_step(code, &position) {
                Err((fault, site)) => return Err(self.execution(site, thread, fault.to_string())),
                Ok((Step::Sweep(sweep), site)) => {
                    if !self.sweeps.last_mut().is_some_and(|last| last.join(&sweep)) {
                        self.sweeps.push(Joined::new(*sweep, site, thread));
                    }
                    self.sweeping.push(thread);
                    false
                }
                Ok((Step::Operation(operation), site)) => self.operation(thread, operation, site)?,
            };
            if !goes_on {
                return Ok(());
            }
        }
    }

    /// Performs an operation; whether the thread can go on.
    fn operation(&mut self, thread: u32, operation: Operation, site: SiteId) -> Result<bool, Error> {
        let code = &self.job.code;
        match operation {
            Operation::BlockSync => Ok(self.barrier(thread, BLOCK_BARRIER, code.sizes.threads, false)),
            Operation::Barrier { id, count, arrive } => {
                let count = count.unwrap_or(code.sizes.threads);
                if id >= 16 || count == 0 {
                    return Err(self.execution(site, thread, format!("barrier {id} of {count} threads")));
                }
                Ok(self.barrier(thread, id, count, arrive))
            }
            Operation::Store { address, value, semantics } => {
                let view = self.view(address, thread, site)?;
                self.checked(view.store(address.index, value, semantics.order), address, thread, site)?;
                Ok(true)
            }
            Operation::Load { address, semantics } => {
                let view = self.view(address, thread, site)?;
                let value = self.checked(view.load(address.index, semantics.order), address, thread, site)?;
                self.cursors[thread as usize].supply(code, u64::from(value));
                Ok(true)
            }
            Operation::Await { address, compare, value, semantics } => {
                let view = self.view(address, thread, site)?;
                let order = semantics.order;
                let (wanted, packet, receives, since) = (value, false, false, None);
                self.wait(Waiting { thread, address, view, compare, wanted, packet, receives, order, site, since })
            }
            Operation::Receive { address, packet, compare, value, semantics } => {
                let view = self.view(address, thread, site)?;
                let order = semantics.order;
                let (wanted, receives, since) = (value, true, None);
                self.wait(Waiting { thread, address, view, compare, wanted, packet, receives, order, site, since })
            }
            Operation::Send { .. } | Operation::Take { .. } | Operation::Put { .. } => {
                self.word(thread, operation, site)
            }
            Operation::Atomic { address, operation, operand, expected, semantics, returns } => {
                let view = self.view(address, thread, site)?;
                let old = view.atomic(address.index, operation, operand, expected, semantics.order);
                let old = self.checked(old, address, thread, site)?;
                if returns {
                    self.cursors[thread as usize].supply(code, u64::from(old));
                }
                Ok(true)
            }
            Operation::Fence { semantics } => {
                fence_with(semantics.order);
                Ok(true)
            }
            Operation::Exit => {
                self.exited += 1;
                Ok(false)
            }
            Operation::Chunk(_)
            | Operation::Start { .. }
            | Operation::Finish { .. }
            | Operation::Assert { .. }
            | Operation::Host(_) => Err(self.execution(site, thread, "an operation that no kernel has".to_owned())),
        }
    }

    /// The operations on words that wait for nothing.
    fn word(&mut self, thread: u32, operation: Operation, site: SiteId) -> Result<bool, Error> {
        let code = &self.job.code;
        let element = code.sizes.data.bytes() as usize;
        match operation {
            Operation::Send { address, value, packet, semantics } => {
                let view = self.view(address, thread, site)?;
                let stored = view.store_marked(address.index, value, packet, semantics.order);
                self.checked(stored, address, thread, site)?;
            }
            Operation::Take { address, elements } => {
                let view = self.view(address, thread, site)?;
                // SAFETY: the certificate: the protocol has no data race (see `memory`).
                let taken = unsafe { view.take(address.index, elements, element) };
                let word = self.checked(taken, address, thread, site)?;
                self.cursors[thread as usize].supply(code, u64::from(word));
            }
            Operation::Put { address, elements, word } => {
                let view = self.view(address, thread, site)?;
                // SAFETY: as above.
                let put = unsafe { view.put(address.index, elements, element, word) };
                self.checked(put, address, thread, site)?;
            }
            _ => return Err(self.execution(site, thread, "an operation on no word".to_owned())),
        }
        Ok(true)
    }

    /// Polls once; whether the thread goes on.
    fn wait(&mut self, waiting: Waiting) -> Result<bool, Error> {
        let seen = self.seen(&waiting)?;
        if waiting.compare.holds(seen as u32, waiting.wanted) {
            self.receive(&waiting, seen);
            return Ok(true);
        }
        self.awaiting.push(waiting);
        Ok(false)
    }

    fn seen(&self, waiting: &Waiting) -> Result<u64, Error> {
        let Waiting { address, thread, site, .. } = *waiting;
        let loaded = waiting.view.load_marked(address.index, waiting.packet, waiting.order);
        self.checked(loaded, address, thread, site)
    }

    fn receive(&mut self, waiting: &Waiting, seen: u64) {
        if waiting.receives {
            self.cursors[waiting.thread as usize].supply(&self.job.code, seen);
        }
    }

    /// Arrives at a barrier; whether the thread goes on without a turn for others.
    fn barrier(&mut self, thread: u32, id: u32, count: u32, arrive: bool) -> bool {
        let index = id as usize;
        if self.barriers.len() <= index {
            self.barriers.resize_with(index + 1, Barrier::default);
        }
        let barrier = &mut self.barriers[index];
        barrier.arrived += 1;
        if !arrive {
            barrier.waiting.push(thread);
        }
        if barrier.arrived >= count {
            barrier.arrived = 0;
            self.ready.extend(barrier.waiting.drain(..));
            self.sort_ready();
        }
        arrive
    }

    /// Neighbours go one after the other, so that their data phases join.
    fn sort_ready(&mut self) {
        self.ready.make_contiguous().sort_unstable();
    }

    fn perform_sweeps(&mut self) -> Result<(), Error> {
        for joined in &self.sweeps {
            joined.perform(self.job).map_err(|OutOfBounds| {
                self.execution(joined.site, joined.thread, "a data phase leaves its buffer".to_owned())
            })?;
        }
        self.sweeps.clear();
        self.ready.extend(self.sweeping.drain(..));
        Ok(())
    }

    /// Looks at every awaited slot once.
    fn poll(&mut self) -> Result<(), Error> {
        let mut index = 0;
        while index < self.awaiting.len() {
            let waiting = &self.awaiting[index];
            let seen = self.seen(waiting)?;
            if waiting.compare.holds(seen as u32, waiting.wanted) {
                let satisfied = self.awaiting.swap_remove(index);
                self.receive(&satisfied, seen);
                self.ready.push_back(satisfied.thread);
            } else {
                index += 1;
            }
        }
        self.sort_ready();
        Ok(())
    }

    /// Gives others a chance, and checks the deadlines.
    fn rest(&mut self, polls: u32) -> Result<(), Error> {
        if polls < POLLS_BEFORE_YIELD {
            std::hint::spin_loop();
            return Ok(());
        }
        if polls < POLLS_BEFORE_SLEEP {
            std::thread::yield_now();
        } else {
            std::thread::sleep(SLEEP);
        }
        let now = Instant::now();
        for index in 0..self.awaiting.len() {
            let since = *self.awaiting[index].since.get_or_insert(now);
            if now.duration_since(since) >= self.job.deadline {
                return Err(self.expired(index));
            }
        }
        Ok(())
    }

    fn expired(&self, index: usize) -> Error {
        let waiting = &self.awaiting[index];
        let planned = &self.job.layout.planned;
        let code = &self.job.code;
        Error::Deadline(Arc::new(Expired {
            protocol: planned.protocol.name.clone(),
            rank: self.job.rank,
            block: self.block,
            thread: waiting.thread,
            pad: planned.protocol.buffer(waiting.address.buffer).name.clone(),
            owner: self.job.layout.team.members[waiting.address.rank as usize],
            slot: slot_indices(&code.shapes[waiting.address.buffer.index()], waiting.address.index),
            seen: waiting.view.load_marked(waiting.address.index, waiting.packet, Order::Relaxed).unwrap_or_default()
                as u32,
            compare: waiting.compare,
            wanted: waiting.wanted,
            waited: self.job.deadline,
            place: planned.place(&code.site(waiting.site).span),
        }))
    }

    fn view(&self, address: Address, thread: u32, site: SiteId) -> Result<View, Error> {
        let view = self.job.view(address);
        view.ok_or_else(|| self.execution(site, thread, "it reaches into another rank's local buffer".to_owned()))
    }

    fn checked<T>(
        &self,
        outcome: Result<T, OutOfBounds>,
        address: Address,
        thread: u32,
        site: SiteId,
    ) -> Result<T, Error> {
        outcome.map_err(|OutOfBounds| {
            let name = &self.job.layout.planned.protocol.buffer(address.buffer).name;
            self.execution(site, thread, format!("word {} is beyond the end of `{name}`", address.index))
        })
    }

    fn divergence(&self) -> Error {
        let threads = self.job.code.sizes.threads;
        let message = format!("{} of {threads} threads have ended, and the rest wait at a barrier", self.exited);
        self.error("its barriers".to_owned(), message)
    }

    fn execution(&self, site: SiteId, thread: u32, message: String) -> Error {
        let layout = &self.job.layout;
        let place = layout.planned.place(&self.job.code.site(site).span);
        self.error(place, format!("thread {thread}: {message}"))
    }

    fn error(&self, place: String, message: String) -> Error {
        let protocol = self.job.layout.planned.protocol.name.clone();
        Error::Execution { protocol, place, rank: self.job.rank, block: self.block, message }
    }
}
