//! Operating-system threads that last as long as the group: one for each block of each rank.
//!
//! Starting a thread costs as much as a small all-reduce, so they are kept and woken. The road not taken: rayon, whose
//! tasks must not wait for each other, which is all that blocks do.

use super::block::Block;
use super::job::Job;
use crate::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

/// The threads of one rank, by block.
pub(crate) struct Pool {
    workers: Vec<Worker>,
}

struct Worker {
    jobs: Option<Sender<Arc<Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Pool {
    /// Starts a thread for each block of a rank.
    pub(crate) fn new(rank: u32, blocks: u32) -> Result<Pool, Error> {
        let mut workers = Vec::new();
        for block in 0..blocks {
            let (sender, receiver) = channel();
            let name = format!("rank {rank} block {block}");
            let thread = std::thread::Builder::new().name(name).spawn(move || work(block, &receiver));
            let thread = thread.map_err(|error| {
                Error::Resources(format!("cannot start a thread for block {block} of rank {rank}: {error}"))
            })?;
            workers.push(Worker { jobs: Some(sender), thread: Some(thread) });
        }
        Ok(Pool { workers })
    }

    /// Hands a launch to as many blocks as it has. [`Job::wait`] waits for them.
    pub(crate) fn launch(&self, job: &Arc<Job>) {
        for worker in self.workers.iter().take(job.grid as usize) {
            let sent = worker.jobs.as_ref().is_some_and(|jobs| jobs.send(job.clone()).is_ok());
            if !sent {
                job.block_ended(Err(Error::Resources("a thread of the group has ended".to_owned())));
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        for worker in &mut self.workers {
            worker.jobs = None;
        }
        for worker in &mut self.workers {
            if let Some(thread) = worker.thread.take() {
                // A worker that panicked has said so; there is nothing to add.
                let _ = thread.join();
            }
        }
    }
}

fn work(block: u32, jobs: &Receiver<Arc<Job>>) {
    while let Ok(job) = jobs.recv() {
        let outcome = catch_unwind(AssertUnwindSafe(|| Block::new(&job, block).run()));
        let outcome = outcome.unwrap_or_else(|_| {
            Err(Error::Resources(format!("block {block} of rank {} panicked: a bug of the runtime", job.rank)))
        });
        if let Err(error) = &outcome
            && !matches!(error, Error::Killed { .. })
        {
            job.abort.raise(error);
        }
        job.block_ended(outcome);
    }
}
