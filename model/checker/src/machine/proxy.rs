//! Fences between the generic and the async proxy, and what goes wrong without them ([`crate::program::proxy`]).
//!
//! Decision: a proxy fence, and the beginning of a launch, is remembered with what it had seen. An ordinary write precedes an access of the async proxy if
//! the latter has seen a fence that has seen the write. The road not taken: a second view for each thread, message and
//! barrier, of what is known to the other proxy.

use super::run::Run;
use super::{Machine, Rule, State};
use crate::memory::clock::{ThreadIndex, View};
use crate::memory::shadow::{Access, Conflict, Kind};
use crate::memory::slot::location;
use crate::program::{Location, Program, SiteIndex, Window};
use std::cell::Cell;

/// A fence, and what precedes it.
#[derive(Clone, Debug, PartialEq, Hash)]
pub(super) struct ProxyFence {
    pub(super) access: Access,
    window: Window,
    view: View,
}

impl<P: Program> Machine<P> {
    fn is_asynchronous(&self, state: &State<P::Thread>, thread: ThreadIndex) -> bool {
        self.program().is_asynchronous(state.coordinates(self, thread))
    }

    /// Rank and block of a thread.
    fn home(&self, thread: ThreadIndex) -> (u32, u32) {
        let block = self.block_of(thread);
        let rank = self.rank_of_block(block);
        (rank, block - self.block_index(rank, 0))
    }
}

impl<P: Program> Run<'_, P> {
    /// A thread makes a proxy fence.
    pub(super) fn proxy_fence(&mut self, thread: ThreadIndex, window: Window, site: SiteIndex) {
        let access = Access { epoch: self.epoch(thread), site };
        let view = self.view_now(thread);
        let at = self.state.proxy_fences.partition_point(|known| known.access.epoch <= access.epoch);
        self.state.proxy_fences.insert(at, ProxyFence { access, window, view });
    }

    /// A launch begins: what came before it is known to every proxy.
    pub(super) fn fence_of_launch(&mut self, access: Access, view: View) {
        if self.machine.program().grows() {
            let at = self.state.proxy_fences.partition_point(|known| known.access.epoch <= access.epoch);
            self.state.proxy_fences.insert(at, ProxyFence { access, window: Window::All, view });
        }
    }

    /// An ordinary write that an access of the async proxy follows without a proxy fence between the two. A race that is set
    /// aside is none.
    pub(super) fn not_fenced(
        &mut self,
        thread: ThreadIndex,
        by: Access,
        (at, bytes): (Location, u64),
    ) -> Option<Conflict> {
        let (machine, state) = (self.machine, &*self.state);
        let instance = machine.program().shape().instance(at);
        if !self.crosses || instance.pad || !machine.has(Rule::ProxyFences) {
            return None;
        }
        let memory = (instance.rank, instance.block);
        let view = &state.threads[thread as usize].view;
        let fences = state.proxy_fences.iter().filter(|fence| machine.covered(thread, view, &fence.access));
        let fences = fences.filter(|fence| fence.window.holds(memory, machine.home(fence.access.epoch.thread)));
        let fences: Vec<&ProxyFence> = fences.collect();
        let raced = Cell::new(false);
        let fenced = |access: &Access| {
            let epoch = access.epoch;
            let fenced = epoch.is_initial()
                || !machine.is_stream(epoch.thread) && machine.is_asynchronous(state, epoch.thread)
                || fences.iter().any(|fence| machine.is_in(&fence.view, access));
            let aside = !fenced && machine.sets_aside(&state.blocks, by, *access);
            raced.set(raced.get() || aside);
            fenced || aside
        };
        let range = at.byte..at.byte + bytes;
        let weak = state.memory[at.instance as usize].shadow.unchanged(range.clone(), Kind::StrongRead, &fenced);
        let strong = || {
            state.slots.overlapping(at.instance, range).find_map(|(key, slot)| {
                let message = slot.messages.iter().find(|message| !fenced(&message.access))?;
                Some(Conflict { access: message.access, wrote: true, byte: location(key).byte })
            })
        };
        let found = weak.and_then(Result::err).or_else(strong);
        if raced.get() {
            self.note_set_aside();
        }
        found
    }
}
