//! Waits that were worked out already: states that follow one another differ in one thread and in a word or two, and the
//! waits of all other threads are what they were.

use super::company::Company;
use super::rounds::Rounds;
use super::run::Run;
use super::{Machine, State};
use crate::memory::clock::{ThreadIndex, View};
use crate::memory::shared::Shared;
use crate::memory::slot::{Slot, key};
use crate::program::{Operation, Program};
use arverify_protocol::ir::Order;
use std::any::Any;
use std::sync::Arc;

/// The waits of a thread, with the rounds of each.
pub(super) type Waits<R> = Arc<[(Company<R>, Rounds)]>;

/// By thread; a [`Known`], whose types a state does not name.
pub(super) type Memo = Vec<(ThreadIndex, Arc<dyn Any + Send + Sync>)>;

/// The wait of one thread alone for strong words, with all that it was worked out from.
struct Known<T, R> {
    program: T,
    step: u32,
    view: View,
    slots: Vec<(u64, Shared<Slot>)>,
    waits: Waits<R>,
}

impl<P: Program> Machine<P> {
    /// The waits that a thread may end: as they were worked out, if that still holds.
    pub(super) fn waits(&self, state: &State<P::Thread>, thread: ThreadIndex) -> Waits<P::Round> {
        self.remembered(state, thread).unwrap_or_else(|| self.work_out_waits(state, thread).into())
    }

    fn remembered(&self, state: &State<P::Thread>, thread: ThreadIndex) -> Option<Waits<P::Round>> {
        let (_, known) = state.memo.iter().find(|(known, _)| *known == thread)?;
        let known = known.downcast_ref::<Known<P::Thread, P::Round>>()?;
        let standing = &state.threads[thread as usize];
        let is_unchanged = |(key, was): &(u64, Shared<Slot>)| {
            state.slots.get(key).is_some_and(|now| now.is_same(was) || now.messages == was.messages)
        };
        let holds = known.step == standing.step
            && known.view == standing.view
            && known.program == standing.program
            && known.waits.iter().all(|(wait, _)| wait.members[0].pending == self.pending_of(state, thread))
            && known.slots.iter().all(is_unchanged);
        holds.then(|| known.waits.clone())
    }

    /// What waits were worked out from, if that is all known: one thread, and words that are accessed strongly.
    fn basis(&self, state: &State<P::Thread>, waits: &Waits<P::Round>) -> Option<Vec<(u64, Shared<Slot>)>> {
        let [(company, rounds)] = &waits[..] else { return None };
        if company.members.len() > 1 || rounds.meets.is_some() {
            return None;
        }
        let slot = |(_, poll): &(usize, crate::program::Poll)| {
            let slot = state.slots.get(&key(poll.at)).filter(|slot| slot.width == poll.width)?;
            (poll.semantics.order != Order::Weak).then(|| (key(poll.at), slot.clone()))
        };
        rounds.asked.iter().map(slot).collect()
    }
}

impl<P: Program> Run<'_, P> {
    /// Works out the waits of all threads that have a choice to make, and remembers them.
    pub(super) fn remember_waits(&mut self) {
        let machine = self.machine;
        let state = &*self.state;
        let stands = |thread: &&ThreadIndex| {
            let pending = state.threads[**thread as usize].pending.as_deref();
            matches!(pending, Some((Operation::Spin { .. }, _))) && machine.remembered(state, **thread).is_none()
        };
        let anew: Vec<ThreadIndex> = state.choosing.iter().filter(stands).copied().collect();
        for thread in anew {
            let waits: Waits<P::Round> = machine.work_out_waits(self.state, thread).into();
            self.state.memo.retain(|(known, _)| *known != thread);
            let Some(slots) = machine.basis(self.state, &waits) else { continue };
            let standing = &self.state.threads[thread as usize];
            let (program, view) = (standing.program.clone(), standing.view.clone());
            let known = Known { program, step: standing.step, view, slots, waits };
            self.state.memo.push((thread, Arc::new(known)));
        }
    }
}
