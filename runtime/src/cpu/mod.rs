//! The CPU back end: ranks and blocks as operating-system threads over shared memory and real atomics.
//!
//! It runs the certified protocol itself, by the same cursor that the checker drove, so that a group behaves on a
//! machine without a GPU as on one with: for tests, for development, and to see what a dead peer looks like. The road
//! not taken: compiling the emitted kernel for the host, which would need a compiler at run time.
//!
//! Not modelled: the speed of a GPU.

mod arithmetic;
mod block;
mod job;
mod memory;
mod pool;
mod sweeps;

use crate::backend::{Backend, Call};
use crate::error::Error;
use crate::plan::{Plan, Planned, Settings, Team};
use arverify_protocol::certificate::KernelEntry;
use arverify_protocol::code::Code;
use arverify_protocol::ir::Initially;
use job::{Abort, Job, Layout};
use memory::{Instance, View};
use pool::Pool;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Ranks as threads of this process.
pub struct Cpu {
    /// By team.
    workspaces: Vec<Workspace>,
    /// By rank. A launch holds everything that its threads use.
    pools: Vec<Pool>,
    running: Vec<Mutex<Option<Arc<Job>>>>,
    abort: Arc<Abort>,
}

struct Workspace {
    planned: Planned,
    team: Team,
    /// By member and buffer.
    instances: Arc<Vec<Vec<Instance>>>,
    layout: Mutex<Option<Arc<Layout>>>,
    /// The protocol flattened, for the lengths that were last asked for, the latest at the end.
    codes: Mutex<Vec<Arc<Code>>>,
}

/// Lengths for which a protocol is kept flattened: callers take turns with a few.
const LENGTHS_KEPT: usize = 16;

impl Backend for Cpu {
    const NAME: &'static str = "cpu";

    fn preferred(settings: &Settings, kernel: &KernelEntry) -> (u32, u32) {
        let processors = std::thread::available_parallelism().map_or(1, |count| count.get() as u32);
        let blocks = (processors / settings.ranks.max(1)).clamp(1, kernel.max_blocks.max(1));
        // Threads of a block share one thread of the CPU, so more of them than the protocol needs only cost turns.
        (blocks, settings.ranks.max(4))
    }

    fn open(plan: &Plan) -> Result<Cpu, Error> {
        if !plan.settings.devices.is_empty() {
            return Err(Error::Settings("the CPU back end has no devices to choose from".to_owned()));
        }
        let ranks = plan.settings.ranks;
        let workspace = |team: &Team| Workspace::new(&plan.protocols[team.protocol], team);
        Ok(Cpu {
            workspaces: plan.teams.iter().map(workspace).collect::<Result<_, _>>()?,
            pools: (0..ranks).map(|rank| Pool::new(rank, plan.blocks)).collect::<Result<_, _>>()?,
            running: (0..ranks).map(|_| Mutex::new(None)).collect(),
            abort: Arc::default(),
        })
    }

    fn initialise(&self, team: usize, elements: u64) -> Result<(), Error> {
        let workspace = &self.workspaces[team];
        let laid_out = lock(&workspace.layout).clone();
        for rank in &workspace.team.members {
            // A rank that is in a launch of another team has ended that of this one.
            let job = lock(&self.running[*rank as usize]).clone();
            let of_this_team = |job: &Arc<Job>| laid_out.as_ref().is_some_and(|it| Arc::ptr_eq(it, &job.layout));
            if let Some(job) = job.filter(of_this_team) {
                // Whether it failed is for its own caller; here it matters that it has ended.
                let _ = job.wait();
            }
        }
        workspace.lay_out(elements)
    }

    unsafe fn start(&self, call: &Call) -> Result<(), Error> {
        let workspace = &self.workspaces[call.team];
        let layout = lock(&workspace.layout).clone();
        let fits = |layout: &Arc<Layout>| {
            call.elements == layout.elements || (layout.planned.any_length && call.elements < layout.elements)
        };
        let layout = layout.filter(fits);
        let layout = layout.ok_or_else(|| Error::Settings("the buffers are laid out for another length".to_owned()))?;
        let planned = &layout.planned;
        let (input_bytes, output_bytes) = planned.message_bytes(call.member, call.elements);
        // SAFETY: the caller of `start` keeps both valid and unused until `finish` returns, which waits for every
        // block. The input is only read: a protocol that writes it has it resident.
        let (input, output) = unsafe {
            (View::of_caller(call.input.cast_mut(), input_bytes), View::of_caller(call.output, output_bytes))
        };
        if let Some(message) = planned.input.filter(|message| message.resident) {
            let target = layout.views[call.member as usize][message.buffer.index()];
            // SAFETY: the certificate: the message is refreshed before each launch by its owner, and no peer reads or
            // writes it then.
            let copied = unsafe { target.copy_from(0, input, 0, input_bytes, 1) };
            copied.map_err(|_| Error::Capacity { elements: call.elements, capacity: 0 })?;
        }
        let code = workspace.code(call.elements)?;
        let grid = planned.grid(call.elements, call.member)?;
        let job = Arc::new(Job {
            abort: self.abort.clone(),
            member: call.member,
            rank: call.rank,
            grid,
            launch: call.launch,
            arguments: planned.arguments(call.elements, call.member, call.launch)?,
            deadline: call.deadline,
            input,
            output,
            stop_before: call.stop_before,
            progress: Mutex::new((grid, None)),
            ended: Condvar::new(),
            code,
            layout,
        });
        *lock(&self.running[call.rank as usize]) = Some(job.clone());
        self.pools[call.rank as usize].launch(&job);
        Ok(())
    }

    fn finish(&self, rank: u32) -> Result<(), Error> {
        let job = lock(&self.running[rank as usize]).clone();
        job.map_or(Ok(()), |job| job.wait())
    }

    fn recover(&self) -> Result<(), Error> {
        self.abort.clear();
        for running in &self.running {
            *lock(running) = None;
        }
        Ok(())
    }
}

impl Workspace {
    fn new(planned: &Planned, team: &Team) -> Result<Workspace, Error> {
        let bytes = planned.resident_bytes(planned.capacity)?;
        let instance = |bytes: &usize| {
            Instance::new(*bytes).ok_or_else(|| Error::Resources(format!("no memory for a buffer of {bytes} bytes")))
        };
        let of_member = |_| bytes.iter().map(instance).collect::<Result<Vec<_>, _>>();
        let instances = team.members.iter().map(of_member).collect::<Result<_, _>>()?;
        let (planned, team) = (planned.clone(), team.clone());
        Ok(Workspace {
            planned,
            team,
            instances: Arc::new(instances),
            layout: Mutex::new(None),
            codes: Mutex::default(),
        })
    }

    /// The protocol flattened for messages of this length.
    fn code(&self, elements: u64) -> Result<Arc<Code>, Error> {
        let mut codes = lock(&self.codes);
        let known = codes.iter().position(|code| code.sizes.elements == elements);
        let code = match known {
            Some(index) => codes.remove(index),
            None => Arc::new(self.planned.code(elements)?),
        };
        codes.push(code.clone());
        if codes.len() > LENGTHS_KEPT {
            codes.remove(0);
        }
        Ok(code)
    }

    fn lay_out(&self, elements: u64) -> Result<(), Error> {
        let planned = &self.planned;
        planned.check_sizes(elements)?;
        let bytes = planned.resident_bytes(elements)?;
        let too_small = || Error::Sizes {
            protocol: planned.protocol.name.clone(),
            reason: "a buffer is longer for a shorter message".to_owned(),
        };
        let mut views = Vec::new();
        for instances in self.instances.iter() {
            let view = |(instance, bytes): (&Instance, &usize)| instance.view(*bytes).ok_or_else(too_small);
            let of_rank: Vec<View> = instances.iter().zip(&bytes).map(view).collect::<Result<_, _>>()?;
            for (view, buffer) in of_rank.iter().zip(&planned.protocol.buffers) {
                if let Initially::Word(value) = buffer.initially {
                    // SAFETY: every member is idle.
                    unsafe { view.fill(value, planned.element_bytes(buffer).min(size_of::<u32>())) }
                        .map_err(|_| too_small())?;
                }
            }
            views.push(of_rank);
        }
        let layout = Layout::new((planned.clone(), self.team.clone()), elements, views, self.instances.clone());
        *lock(&self.layout) = Some(Arc::new(layout));
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
