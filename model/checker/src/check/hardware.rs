//! What hardware is known to do where PTX promises less: said in the finding, which follows PTX all the same.
//!
//! Said of one thing only: a write that its thread has fenced before its block goes on. Release patterns are of one thread (PTX ISA,
//! "Release and Acquire Patterns": a fence followed by a strong write *in program order*), so a fence on every lane, a barrier, and a
//! relaxed flag by one of them release only what that one lane had fenced. A fence is carried out by waiting until the
//! lane's own writes are performed, and the flag comes later.

use crate::machine::event::{Event, What};
use crate::machine::{Machine, Violation};
use crate::memory::clock::ThreadIndex;
use crate::program::{Location, Operation, Program};
use arverify_protocol::ir::{Scope, Semantics};
use arverify_protocol::verdict::{Code, Role};

/// The note that a race gets, if its writer has fenced the write.
pub(super) fn note<P: Program>(machine: &Machine<P>, violation: &Violation, events: &[Event]) -> Option<String> {
    let at = violation.location.filter(|_| violation.code == Code::DataRace && violation.race.is_some())?;
    // The async proxy need not find what a fence of the generic one has waited for.
    if violation.points.iter().any(|point| point.thread.is_some_and(|name| name.role == Role::Copy)) {
        return None;
    }
    let (written, writer) = events
        .iter()
        .enumerate()
        .rev()
        .find_map(|(index, event)| writes(event, at).then_some((index, event.thread)))?;
    let last = events.last().filter(|event| event.is_of_thread());
    let reader = last.filter(|event| event.thread != writer && !writes(event, at))?;
    let fenced =
        events[written..].iter().any(|event| event.thread == writer && fences(machine, event, writer, reader.thread));
    fenced.then(|| {
        "hardware: the writing thread fences this write before its block goes on, and a fence waits until the write is \
         performed; so whoever has seen a flag that the block raised afterwards finds it. PTX promises that only where \
         the thread that raises the flag fences, or releases, behind the barrier itself"
            .to_owned()
    })
}

fn writes(event: &Event, at: Location) -> bool {
    let What::Operation { operation: Operation::Store { at: from, data }, .. } = &event.what else { return false };
    from.instance == at.instance && (from.byte..from.byte + data.len() as u64).contains(&at.byte)
}

/// Whether an event is a fence of a thread that reaches another.
fn fences<P: Program>(machine: &Machine<P>, event: &Event, thread: ThreadIndex, other: ThreadIndex) -> bool {
    let What::Operation { operation: Operation::Fence { semantics: Semantics { scope, .. } }, .. } = &event.what else {
        return false;
    };
    match scope {
        Scope::Sys => true,
        Scope::Gpu => machine.rank_of(thread) == machine.rank_of(other),
        Scope::Cta | Scope::Cluster => false,
    }
}
