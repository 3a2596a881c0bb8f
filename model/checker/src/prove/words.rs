//! Single words outside pads: no word is written by two threads that nothing orders.
//!
//! What data phases are to elements, a `store` or an atomic is to a word of a channel, a local or a symmetric buffer: two of
//! them, of any statements, in any rounds and launches, that reach the same word of the same instance come from the same
//! thread, or from the same rank in different launches, which follow each other on its stream. Pads have their own
//! obligation ([`super::pads`]), where a reset is no signal. The claim is sufficient and not necessary: two threads may take
//! turns by barriers, and atomics may meet; where a check finds nothing wrong with that, it is inconclusive.
//!
//! Not modelled: streams, which are reported; and a buffer of words that data phases write as well: what comes first is a
//! question of order, as for two phases (such a phase is inconclusive by itself, [`super::phases`]). Which reads follow which
//! writes is shown of channels ([`super::credits`]), and otherwise left to the check.

use super::claim::{Claim, Kind, Obligation, Subject};
use super::pads::Pads;
use super::problem::Unsupported;
use super::term::Formula;
use super::translate::equal;
use super::walk::{self, Event, PlaceTerm, same_place};
use arverify_protocol::ids::BufferId;

/// The word of a store or an atomic.
fn written(event: &Event) -> Option<&PlaceTerm> {
    match &event.kind {
        walk::Kind::Store { place, .. } | walk::Kind::Atomic { place, .. } => Some(place),
        walk::Kind::Load { .. }
        | walk::Kind::Await { .. }
        | walk::Kind::Phase(_)
        | walk::Kind::BlockSync
        | walk::Kind::Named { .. }
        | walk::Kind::Stream { .. }
        | walk::Kind::Transfer { .. } => None,
    }
}

impl Pads<'_> {
    /// One obligation for each buffer that is no pad and has a word that is stored to.
    pub(super) fn words(&mut self) {
        for index in 0..self.context.protocol.buffers.len() {
            let id = BufferId(index as u32);
            let buffer = self.context.protocol.buffer(id);
            let stored = self.own.iter().any(|event| written(event).is_some_and(|place| place.buffer == id));
            if buffer.pad || !stored {
                continue;
            }
            let subject = Subject {
                kind: Kind::Disjoint,
                span: buffer.span.clone(),
                calls: Vec::new(),
                what: format!("words of `{}`", buffer.name),
            };
            let claims = self.one_writer_of_words(id);
            self.obligations.push(Obligation { subject, claims });
        }
    }

    fn one_writer_of_words(&self, buffer: BufferId) -> Result<Vec<Claim>, Unsupported> {
        if self.context.protocol.is_host_program() {
            return Err(Unsupported::Statement("a word that streams store to is"));
        }
        let mut same_thread = Vec::new();
        for (left, right) in self.thread.coordinates.iter().zip(&self.other.coordinates) {
            same_thread.push(equal(left, right)?);
        }
        let in_turn = Formula::all([same_thread[0].clone(), equal(self.context.launch, &self.another_launch)?.not()]);
        let goal = Formula::any([Formula::all(same_thread), in_turn]);
        let mut claims = Vec::new();
        for (left, event) in self.own.iter().enumerate() {
            let Some(place) = written(event).filter(|place| place.buffer == buffer) else { continue };
            for other in &self.others[left..] {
                let Some(theirs) = written(other).filter(|theirs| theirs.buffer == buffer) else { continue };
                let hypotheses = vec![event.guard.clone(), other.guard.clone(), same_place(place, theirs)?];
                claims.push(Claim { launches_after: 1, ..Claim::new(hypotheses, goal.clone()) });
            }
        }
        Ok(claims)
    }
}
