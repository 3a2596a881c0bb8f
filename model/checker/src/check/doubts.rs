//! Doubts about a verdict of verified: what it does not rest on, said with it.
//!
//! * Nothing to synchronise: no wait ever ended, of a flag or of copies, and no thread acquired what another had released, by
//!   whatever read or fence; or no rank had anything from another ("vacuous").
//! * Nobody looks: no result is expected; what is expected is the same after every launch; a buffer is written, and no
//!   kernel and no host reads it, so that nothing races with the writing.
//! * What the front end knows: branches that always went one way.
//!
//! Not said: which bytes of a part of a buffer nobody reads.

use super::explore::Exploration;
use crate::machine::uses::{Use, Uses};
use crate::program::{Instance, Part, PartId, Program, Readers};

/// All doubts.
pub(super) fn doubts<P: Program>(program: &P, exploration: &Exploration<P::Thread>) -> Vec<String> {
    let peer_accesses = exploration.peer_accesses + u64::from(exploration.uses.pushed_data());
    let mut found = vacuity(program, exploration.waits, peer_accesses);
    found.extend(expectation(program));
    found.extend(unread(program, &exploration.uses));
    found.extend(program.doubts());
    found
}

/// A verdict that rests on nothing.
pub(super) fn vacuity<P: Program>(program: &P, waits: u64, peer_accesses: u64) -> Vec<String> {
    let mut found = Vec::new();
    if waits == 0 {
        found.push("vacuous: no flag was ever awaited".to_owned());
    }
    if peer_accesses == 0 && program.shape().ranks > 1 && waits > 0 {
        found.push("vacuous: no rank read or wrote data of another".to_owned());
    }
    found
}

/// What results are compared with.
fn expectation<P: Program>(program: &P) -> Option<String> {
    let shape = program.shape();
    let Some(expected) = program.expected() else {
        return (!program.asserts()).then(|| "no result is checked: there is no expectation".to_owned());
    };
    let (instance, part) = first_parts(program).find(|(_, part)| part.id == expected.input)?;
    let same = shape.launches > 1 && !part.refreshed;
    same.then(|| {
        format!(
            "`{}` is not refreshed: every launch should compute the same, so a result of an earlier launch passes for one \
             of a later",
            part.name.as_ref().unwrap_or(&instance.name)
        )
    })
}

/// Parts of buffers that are written for nobody, where no lint (AR101) says so.
fn unread<P: Program>(program: &P, uses: &Uses) -> Vec<String> {
    // The host may read it on some ranks only.
    let parts = || program.shape().instances.iter().flat_map(|instance| &instance.parts);
    let by_host = |id: PartId| parts().any(|other| other.id == id && other.read);
    let unread = |(_, part): &(&Instance, &Part)| {
        let Use { read, written_by, .. } = uses.of(part.id);
        written_by.is_some() && !read && !by_host(part.id)
    };
    let lint = |part: &Part| program.shape().ranks > 1 && program.readers(part.id.buffer) != Readers::Unknown;
    let found = first_parts(program).filter(unread).filter(|(_, part)| !lint(part));
    found
        .map(|(instance, part)| {
            format!(
                "`{}` is written, and neither a kernel nor its host reads it: nothing is known of when it may be read",
                part.name.as_ref().unwrap_or(&instance.name)
            )
        })
        .collect()
}

/// The parts of the first instance of every buffer, each once, and the instance.
pub(super) fn first_parts<P: Program>(program: &P) -> impl Iterator<Item = (&Instance, &Part)> {
    let shape = program.shape();
    let instances = shape.instances.iter().filter(|instance| instance.block.is_none());
    instances.step_by(shape.ranks.max(1) as usize).flat_map(|instance| {
        let first = |index: usize| instance.parts[..index].iter().all(|part| part.id != instance.parts[index].id);
        (0..instance.parts.len())
            .filter(move |index| first(*index))
            .map(move |index| (instance, &instance.parts[index]))
    })
}
