//! Data phases: all that a thread has left to do of one, at once.
//!
//! Lemma L13 in docs/model.md. The vectors of a phase differ by a shift, between them the thread learns nothing and tells nobody
//! anything, and weak accesses are no choice. So if each is in order with what came before the phase, all are performed as one
//! step: one look at the shadow for every range, one record for every turn ([`crate::memory::shadow::Sweep`]). Whatever is
//! not plain (a race, unwritten memory, words among the data, an execution that is recorded) is left to the vectors, one by
//! one, which say what is wrong where.

use super::run::Run;
use super::weak::Accessor;
use super::{Rule, State, Watch};
use crate::memory::clock::ThreadIndex;
use crate::memory::shadow::{self, Access, Kind};
use crate::program::{Bulk, Location, Program, SiteIndex, Sweep};
use smallvec::SmallVec;

impl<P: Program> Run<'_, P> {
    /// Performs what is left of the data phase that a thread is in, if that is plain, and returns its statement.
    pub(super) fn rest_of_phase(&mut self, thread: ThreadIndex) -> Option<SiteIndex> {
        let machine = self.machine;
        let settings = machine.settings;
        let one_by_one = self.recorder.is_some()
            || settings.everything
            || settings.step_by_step
            || settings.watch >= Watch::FreeSteps
            || !self.state.origins.is_empty();
        if one_by_one {
            return None;
        }
        let coordinates = self.state.coordinates(machine, thread);
        let program = &self.state.threads[thread as usize].program;
        let (sweep, site, then) = machine.program().rest_of_phase(coordinates, program)?;
        if !self.is_plain(thread, &sweep, (site, coordinates.launch)) {
            return None;
        }
        let standing = self.thread_mut(thread);
        standing.program = then;
        standing.step += sweep.count as u32;
        self.remember_sweep(thread, &sweep, site);
        self.combine_all(&sweep);
        Some(site)
    }

    /// Whether all vectors are within their buffers, in order with all that came before them, and read what was written.
    fn is_plain(&self, thread: ThreadIndex, sweep: &Sweep, (site, launch): (SiteIndex, u32)) -> bool {
        let machine = self.machine;
        let instances = &machine.program().shape().instances;
        let rank = machine.rank_of_block(machine.block_of(thread));
        let bytes = u64::from(sweep.first.bytes);
        let Ok(steps) = u32::try_from(sweep.count) else { return false };
        if self.state.threads[thread as usize].step.checked_add(steps).is_none()
            || !sweep.step.is_multiple_of(bytes)
            || !bytes.is_power_of_two()
        {
            return false;
        }
        let view = &self.state.threads[thread as usize].view;
        let access = Access { epoch: self.epoch(thread), site };
        let by = Accessor { access, view, loads: None, since: None, blocks: &self.state.blocks };
        accesses(&sweep.first).all(|(at, kind)| {
            let (instance, memory) = (&instances[at.instance as usize], &self.state.memory[at.instance as usize]);
            let whole = along(sweep, at).whole();
            let inside = whole.end <= machine.program().extent(at.instance, launch) && at.byte.is_multiple_of(bytes);
            let reached = (!instance.local || instance.rank == rank) && !instance.is_shared_memory();
            let ordered = |run: &Self| {
                let covered = |earlier: &Access| run.machine.covered_since(by.access.epoch, by.view, None, earlier);
                !machine.has(Rule::SweepsAreOrdered) || memory.shadow.is_clear(&along(sweep, at), kind, &covered)
            };
            inside && reached && !memory.has_slots && machine.has(Rule::WeakRaces) && ordered(self)
        })
    }

    /// What the accesses leave behind.
    fn remember_sweep(&mut self, thread: ThreadIndex, sweep: &Sweep, site: SiteIndex) {
        let machine = self.machine;
        let access = Access { epoch: self.epoch(thread), site };
        let rank = machine.rank_of_block(machine.block_of(thread));
        let mut crossing = 0;
        for (at, kind) in accesses(&sweep.first) {
            self.notes.uses.note(machine, thread, at, kind, site);
            self.note_comer(thread, at);
            crossing += u64::from(machine.program().shape().instances[at.instance as usize].rank != rank);
            let State { threads, memory, .. } = &mut *self.state;
            let view = &threads[thread as usize].view;
            let covered = |earlier: &Access| machine.covered_since(access.epoch, view, None, earlier);
            memory[at.instance as usize].shadow.remember_sweep(&along(sweep, at), kind, access, &covered);
        }
        let counters = self.counters();
        counters.operations += sweep.count * (1 + sweep.first.sources.len() as u64);
        counters.peer_accesses += sweep.count * crossing;
    }

    /// The values.
    fn combine_all(&mut self, sweep: &Sweep) {
        let Sweep { first: bulk, step, count, .. } = sweep;
        let memory = &mut self.state.memory;
        let home = bulk.destination.instance;
        let mut target = std::mem::take(&mut memory[home as usize].bytes);
        let written: &mut Vec<u8> = &mut target;
        let source = |at: &Location| {
            let bytes = (at.instance != home).then(|| &**memory[at.instance as usize].bytes);
            Source { bytes, at: at.byte as usize }
        };
        let sources: SmallVec<[Source<'_>; 8]> = bulk.sources.iter().map(source).collect();
        let (length, element) = (bulk.bytes as usize, bulk.data.bytes() as usize);
        let mut result: SmallVec<[u8; 32]> = SmallVec::from_elem(0, length);
        for vector in 0..*count {
            let shift = (vector * step) as usize;
            match bulk.fold {
                None => {
                    if let Some(source) = sources.first() {
                        result.copy_from_slice(&source.from(shift, written)[..length]);
                    }
                }
                Some(operation) => {
                    for offset in (0..length).step_by(element) {
                        let from = |source: &Source<'_>| bulk.data.read(source.from(shift + offset, written));
                        let total = bulk.data.fold(operation, bulk.accumulate, sources.iter().map(from));
                        bulk.data.write(total, &mut result[offset..]);
                    }
                }
            }
            let start = bulk.destination.byte as usize + shift;
            written[start..start + length].copy_from_slice(&result);
        }
        drop(sources);
        memory[home as usize].bytes = target;
    }
}

/// Where the first vector is read from.
struct Source<'a> {
    /// `None` for the instance that is written.
    bytes: Option<&'a [u8]>,
    at: usize,
}

impl<'a> Source<'a> {
    fn from<'b>(&self, shift: usize, written: &'b [u8]) -> &'b [u8]
    where
        'a: 'b,
    {
        &self.bytes.unwrap_or(written)[self.at + shift..]
    }
}

/// The ranges of a bulk operation, the one that is written last.
fn accesses(bulk: &Bulk) -> impl Iterator<Item = (Location, Kind)> {
    bulk.sources.iter().map(|at| (*at, Kind::Read)).chain([(bulk.destination, Kind::Write)])
}

/// Where a sweep comes by in one of its instances.
fn along(sweep: &Sweep, at: Location) -> shadow::Sweep {
    let Sweep { first, step, count, length } = sweep;
    shadow::Sweep {
        first: at.byte,
        step: *step,
        vector: u64::from(first.bytes),
        count: *count,
        limit: at.byte + length,
    }
}
