//! Launches of a host program: they overlap, for only the caller's stream follows the new inputs and is followed by the
//! reading of the output. Every thread says where its part of a launch begins, so that findings can name the launch.

use super::Rule;
use super::launch::{OnStream, REFRESHED};
use super::run::{Progress, Run};
use crate::memory::clock::ThreadIndex;
use crate::memory::shadow::Access;
use crate::program::{CALLER, Call, Program, SiteIndex};
use arverify_protocol::ir::{Order, Scope, Semantics};

impl<P: Program> Run<'_, P> {
    pub(super) fn call(&mut self, thread: ThreadIndex, call: Call, site: SiteIndex) -> Progress {
        let block = self.machine.block_of(thread);
        let rank = self.machine.rank_of_block(block);
        let caller = block == self.machine.block_index(rank, CALLER);
        let goes_on = match call {
            Call::Begins { launch } => {
                self.next_phase(thread, launch);
                let writer = self.on_stream(thread, REFRESHED);
                !caller || self.refresh_all(rank, launch, &writer)
            }
            Call::Enters => {
                self.enter_kernel(thread, site);
                true
            }
            Call::Leaves => return self.leave_kernel(thread, site),
            Call::Returns { launch } => {
                let reader = self.on_stream(thread, REFRESHED);
                let read = self.read_outputs(rank, &reader);
                if read {
                    self.check_result(rank, launch);
                }
                read
            }
        };
        if goes_on { Progress::Done } else { Progress::Stops }
    }

    /// A launch begins for a thread: what that follows is known to every proxy and, under `--assume launch-boundary=system`,
    /// came before the launch.
    fn enter_kernel(&mut self, thread: ThreadIndex, site: SiteIndex) {
        let access = Access { epoch: self.epoch(thread), site };
        self.fence_of_launch(access, self.state.threads[thread as usize].view.clone());
        if self.machine.settings.boundary_publishes && self.machine.has(Rule::Boundary) {
            let entering = self.thread_mut(thread);
            entering.assumed.boundary = Some(entering.view.clone());
        }
    }

    /// The same: the end of a launch acquires what its strong reads have observed.
    fn leave_kernel(&mut self, thread: ThreadIndex, site: SiteIndex) -> Progress {
        if !self.machine.settings.boundary_publishes || !self.machine.has(Rule::Boundary) {
            return Progress::Done;
        }
        self.fence(thread, Semantics { order: Order::AcqRel, scope: Scope::Sys }, site)
    }

    /// A phase of the thread's block for each launch, so that what it did tells the launch.
    fn next_phase(&mut self, thread: ThreadIndex, launch: u32) {
        if launch == 0 {
            return;
        }
        let index = self.machine.block_of(thread);
        let block = &mut self.state.blocks[index as usize];
        block.phase += 1;
        let phase = block.phase;
        block.launches.push(phase);
        let machine = self.machine;
        self.thread_mut(thread).view.complete(index, phase, |thread| machine.block_of(thread));
    }

    pub(super) fn on_stream(&self, thread: ThreadIndex, site: SiteIndex) -> OnStream {
        let access = Access { epoch: self.epoch(thread), site };
        let thread = &self.state.threads[thread as usize];
        OnStream { access, view: thread.view.clone(), loads: thread.assumed.loads.clone() }
    }
}
