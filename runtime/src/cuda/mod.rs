//! The CUDA back end: each rank on a device, several on one where there are fewer devices than ranks.
//!
//! Kernels of different ranks wait for each other, so all their blocks must run at the same time. Ranks that share a
//! device (virtual ranks) therefore get a stream each, and a group whose blocks do not all fit is refused. Everything
//! that might make the driver wait for a whole context (loading code, allocating) is done before the first launch.
//!
//! Host slices are copied through staging buffers; device pointers are used as they are ([`RankHandle::enqueue`]).
//!
//! Not modelled: other work on the same devices, which may keep blocks from being resident; the deadline catches that.

mod driver;
mod image;
mod parameters;
mod rank;
mod status;

use crate::backend::{Backend, Call};
use crate::error::Error;
use crate::plan::{Plan, Planned, Settings, Team};
use arverify_protocol::certificate::{KernelEntry, STATUS_WORDS};
use arverify_protocol::ir::Initially;
use driver::{Device, Function, Memory, Pinned, Stream};
use parameters::{Values, parameters};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[allow(unused_imports, reason = "named in documentation")]
use crate::group::RankHandle;

/// Work queues between host and device where `CUDA_DEVICE_MAX_CONNECTIONS` does not say otherwise (CUDA C++
/// programming guide, environment variables). Streams that share one are run one after the other.
const QUEUES: u32 = 8;

/// Ranks on CUDA devices.
pub struct Cuda {
    /// By team.
    workspaces: Vec<Workspace>,
    ranks: Vec<RankState>,
    deadline: Duration,
}

/// A rank's place on a device.
struct RankState {
    stream: Stream,
    staged_input: Memory,
    staged_output: Memory,
    status: Memory,
    status_copy: Pinned,
    /// The call in flight.
    pending: Mutex<Option<Pending>>,
}

#[derive(Clone, Copy)]
struct Pending {
    team: usize,
    member: u32,
    elements: u64,
    /// Where the result goes, when the caller's memory is the host's.
    output: Option<HostPointer>,
    /// Fault injection: nothing was launched.
    killed: bool,
}

#[derive(Clone, Copy)]
struct HostPointer(*mut u8);

// SAFETY: the pointer is used by whoever finishes the call, while the caller of `start` keeps it valid.
unsafe impl Send for HostPointer {}

struct Workspace {
    planned: Planned,
    team: Team,
    /// By member: the kernel on its device.
    functions: Vec<Function>,
    /// By member and buffer.
    instances: Vec<Vec<Memory>>,
    addresses: Vec<Vec<u64>>,
}

impl Backend for Cuda {
    const NAME: &'static str = "cuda";

    fn preferred(_: &Settings, kernel: &KernelEntry) -> (u32, u32) {
        (kernel.max_blocks, kernel.threads)
    }

    fn open(plan: &Plan) -> Result<Cuda, Error> {
        let count = driver::available()?;
        let settings = &plan.settings;
        let devices = devices(settings, count)?;
        for from in devices.values() {
            for to in devices.values().filter(|to| to.number != from.number) {
                from.reach(to)?;
            }
        }
        let places = places(settings, count);
        check_queues(&places)?;
        let on = |rank: usize| &devices[&places[rank]];
        let mut functions = Vec::new();
        for planned in &plan.protocols {
            check_kernel(planned)?;
            functions.push(load(plan, planned, &devices, &places)?);
        }
        let workspace = |team: &Team| Workspace::new(plan, team, &functions[team.protocol], |rank| on(rank as usize));
        let workspaces = plan.teams.iter().map(workspace).collect::<Result<_, _>>()?;
        let bytes = plan.longest_messages();
        let rank = |rank: usize| RankState::new(on(rank), bytes);
        let ranks = (0..places.len()).map(rank).collect::<Result<_, _>>()?;
        let cuda = Cuda { workspaces, ranks, deadline: settings.deadline };
        cuda.recover()?;
        Ok(cuda)
    }

    fn initialise(&self, team: usize, elements: u64) -> Result<(), Error> {
        let workspace = &self.workspaces[team];
        let states = || workspace.team.members.iter().map(|rank| &self.ranks[*rank as usize]);
        states().try_for_each(|state| state.stream.synchronize())?;
        let planned = &workspace.planned;
        planned.check_sizes(elements)?;
        let needed = planned.resident_bytes(elements)?;
        for (state, instances) in states().zip(&workspace.instances) {
            for ((buffer, memory), bytes) in planned.protocol.buffers.iter().zip(instances).zip(&needed) {
                if *bytes > memory.bytes() {
                    let reason = "a buffer is longer for a shorter message".to_owned();
                    return Err(Error::Sizes { protocol: planned.protocol.name.clone(), reason });
                }
                if let Initially::Word(value) = buffer.initially {
                    // A packet is two words, both of this value.
                    let width = planned.element_bytes(buffer).min(size_of::<u32>());
                    // SAFETY: the memory has that many elements, and every member's stream was synchronised.
                    unsafe { state.stream.fill(memory.pointer(), value, bytes / width, width == 4)? };
                }
            }
        }
        states().try_for_each(|state| state.stream.synchronize())
    }

    unsafe fn start(&self, call: &Call) -> Result<(), Error> {
        let state = &self.ranks[call.rank as usize];
        let killed = call.stop_before.is_some();
        let output = Some(HostPointer(call.output));
        let Call { team, member, elements, .. } = *call;
        *lock(&state.pending) = Some(Pending { team, member, elements, output, killed });
        if killed {
            return Ok(());
        }
        let (bytes, _) = self.workspaces[team].planned.message_bytes(member, elements);
        // SAFETY: the staging buffers hold the group's capacity and are this rank's alone; the caller keeps the input
        // valid until `finish`.
        unsafe {
            state.stream.copy_in(state.staged_input.pointer(), call.input, bytes)?;
            self.launch(call, state.staged_input.pointer(), state.staged_output.pointer())
        }
    }

    fn finish(&self, rank: u32) -> Result<(), Error> {
        let state = &self.ranks[rank as usize];
        let Some(pending) = lock(&state.pending).take() else { return state.stream.synchronize() };
        state.stream.synchronize()?;
        if pending.killed {
            return Err(Error::Killed { rank });
        }
        // SAFETY: the stream has ended.
        let words = unsafe { state.status_copy.words() };
        let Workspace { planned, team, .. } = &self.workspaces[pending.team];
        if let Some(error) = status::expired(planned, team, pending.elements, &words, self.deadline) {
            return Err(error);
        }
        if let Some(HostPointer(output)) = pending.output {
            let (_, bytes) = planned.message_bytes(pending.member, pending.elements);
            // SAFETY: the caller of `start` keeps the output valid and unused until this returns, and it does not
            // return before the copy has ended.
            unsafe { state.stream.copy_out(output, state.staged_output.pointer(), bytes)? };
            state.stream.synchronize()?;
        }
        Ok(())
    }

    fn recover(&self) -> Result<(), Error> {
        self.synchronize_all()?;
        for state in &self.ranks {
            *lock(&state.pending) = None;
            // SAFETY: the status words are this rank's alone, and its stream has ended; the copy's source outlives it.
            unsafe {
                state.stream.fill(state.status.pointer(), 0, STATUS_WORDS, true)?;
                state.stream.copy_words(&state.status_copy, state.status.pointer())?;
            }
        }
        self.synchronize_all()
    }
}

impl Cuda {
    /// Launches a call whose message is at `input` and whose result goes to `output`, both on the device.
    ///
    /// # Safety
    /// Both must be memory of the rank's device, aligned to 16 bytes, of the lengths of the call, and not be used for
    /// anything else until the stream has come this far. The team must have been initialised for the call.
    unsafe fn launch(&self, call: &Call, input: u64, output: u64) -> Result<(), Error> {
        let state = &self.ranks[call.rank as usize];
        let workspace = &self.workspaces[call.team];
        let planned = &workspace.planned;
        let (input_bytes, output_bytes) = planned.message_bytes(call.member, call.elements);
        let own = &workspace.addresses[call.member as usize];
        let values = Values {
            planned,
            rank: call.member,
            elements: call.elements,
            launch: call.launch,
            deadline: call.deadline,
            instances: &workspace.addresses,
            input,
            output,
            status: state.status.pointer(),
        };
        let mut parameters = parameters(&values)?;
        let grid = planned.grid(call.elements, call.member)?;
        // SAFETY: the function and the stream are on the rank's device; the parameters are the manifest's, which the
        // certificate ties to the source; buffers hold the capacity and live as long as the group, which ends its
        // streams first; a resident message is the owner's until its kernel starts. The caller vouches for the message.
        unsafe {
            if let Some(message) = planned.input.filter(|message| message.resident) {
                state.stream.copy_across(own[message.buffer.index()], input, input_bytes)?;
            }
            state.stream.launch(&workspace.functions[call.member as usize], grid, planned.threads, &mut parameters)?;
            if let Some(message) = planned.output.filter(|message| message.resident) {
                state.stream.copy_across(output, own[message.buffer.index()], output_bytes)?;
            }
            state.stream.copy_words(&state.status_copy, state.status.pointer())
        }
    }

    /// Waits for every rank; each kernel ends by its deadline.
    fn synchronize_all(&self) -> Result<(), Error> {
        self.ranks.iter().try_for_each(|state| state.stream.synchronize())
    }
}

impl Drop for Cuda {
    fn drop(&mut self) {
        // Nothing may be freed under a kernel; a failure here means that the device is lost, and its memory with it.
        let _ = self.synchronize_all();
    }
}

impl RankState {
    fn new(device: &Device, (input, output): (usize, usize)) -> Result<RankState, Error> {
        Ok(RankState {
            stream: device.stream()?,
            staged_input: device.memory(input)?,
            staged_output: device.memory(output)?,
            status: device.memory(STATUS_WORDS * size_of::<u32>())?,
            status_copy: device.pinned(STATUS_WORDS)?,
            pending: Mutex::new(None),
        })
    }
}

impl Workspace {
    fn new<'a>(
        plan: &Plan,
        team: &Team,
        functions: &BTreeMap<u32, Function>,
        device: impl Fn(u32) -> &'a Device,
    ) -> Result<Workspace, Error> {
        let planned = &plan.protocols[team.protocol];
        let bytes = planned.resident_bytes(planned.capacity)?;
        let instances = |rank: &u32| bytes.iter().map(|bytes| device(*rank).memory(*bytes)).collect();
        let instances: Vec<Vec<Memory>> = team.members.iter().map(instances).collect::<Result<_, Error>>()?;
        let addresses = instances.iter().map(|of_member| of_member.iter().map(Memory::pointer).collect()).collect();
        let functions = team.members.iter().map(|rank| functions[&device(*rank).number].clone()).collect();
        Ok(Workspace { planned: planned.clone(), team: team.clone(), functions, instances, addresses })
    }
}

/// A protocol's kernel on every device. Fails where not all its blocks run at the same time.
fn load(
    plan: &Plan,
    planned: &Planned,
    devices: &BTreeMap<u32, Device>,
    places: &[u32],
) -> Result<BTreeMap<u32, Function>, Error> {
    let mut functions = BTreeMap::new();
    for (number, device) in devices {
        let ptx = image::ptx_of(&plan.kernels, &planned.kernel, device.capability()?)?;
        let function = device.function(ptx, &planned.kernel.entry)?;
        let ranks = places.iter().filter(|place| *place == number).count() as u32;
        let fit = function.blocks_at_a_time(planned.threads)?.saturating_mul(device.multiprocessors()?);
        if u64::from(fit) < u64::from(ranks) * u64::from(planned.blocks) {
            return Err(Error::NotResident { device: *number, ranks, blocks: planned.blocks, fit });
        }
        functions.insert(*number, function);
    }
    Ok(functions)
}

/// The devices in use, opened.
fn devices(settings: &Settings, count: u32) -> Result<BTreeMap<u32, Device>, Error> {
    if let Some(number) = settings.devices.iter().find(|number| **number >= count) {
        return Err(Error::Settings(format!("there is no device {number}: there are {count}")));
    }
    let numbers: BTreeSet<u32> = places(settings, count).into_iter().collect();
    numbers.into_iter().map(|number| Ok((number, Device::open(number)?))).collect()
}

/// The device of every rank: those asked for, or all there are, in turn.
fn places(settings: &Settings, count: u32) -> Vec<u32> {
    let numbers = if settings.devices.is_empty() { (0..count).collect() } else { settings.devices.clone() };
    numbers.into_iter().cycle().take(settings.ranks as usize).collect()
}

/// Streams that share a work queue are run one after the other, and kernels that wait for each other never end.
fn check_queues(places: &[u32]) -> Result<(), Error> {
    let variable = "CUDA_DEVICE_MAX_CONNECTIONS";
    let queues = std::env::var(variable).ok().and_then(|value| value.parse().ok()).unwrap_or(QUEUES);
    let ranks_on = |device: &u32| places.iter().filter(|place| *place == device).count() as u32;
    match places.iter().find(|device| ranks_on(device) > queues) {
        None => Ok(()),
        Some(device) => Err(Error::Settings(format!(
            "{} ranks share device {device}, which runs {queues} streams at the same time: set {variable} (at most 32) \
             before the program starts",
            ranks_on(device)
        ))),
    }
}

fn check_kernel(planned: &Planned) -> Result<(), Error> {
    let kernel = &planned.kernel;
    let wrong = |message: String| Err(Error::Settings(format!("`{}` {message}", kernel.entry)));
    if !kernel.deadline {
        return wrong("was emitted without deadlines: a dead peer would hang it".to_owned());
    }
    if planned.threads != kernel.threads {
        return wrong(format!("is compiled for {} threads in a block", kernel.threads));
    }
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
