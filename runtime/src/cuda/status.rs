//! What a kernel reports when an await passes its deadline.

use crate::error::{Error, Expired, slot_indices};
use crate::plan::Planned;
use arverify_protocol::certificate::StatusWord;
use arverify_protocol::ids::BufferId;
use arverify_protocol::ir::{Compare, Statement, StatementKind};
use std::sync::Arc;
use std::time::Duration;

/// The error that status words stand for; `None` where no await expired.
pub(crate) fn expired(planned: &Planned, elements: u64, words: &[u32], deadline: Duration) -> Option<Error> {
    let word = |word: StatusWord| words.get(word as usize).copied().unwrap_or_default();
    if word(StatusWord::State) == 0 {
        return None;
    }
    let buffer = BufferId(word(StatusWord::Buffer));
    let pad = planned.protocol.buffers.get(buffer.index()).map_or("?", |buffer| &buffer.name);
    let shapes = planned.protocol.shapes(&planned.sizes(elements)).unwrap_or_default();
    let shape = shapes.get(buffer.index()).map_or([].as_slice(), Vec::as_slice);
    let line = word(StatusWord::Line);
    Some(Error::Deadline(Arc::new(Expired {
        protocol: planned.protocol.name.clone(),
        rank: word(StatusWord::Rank),
        block: word(StatusWord::Block),
        thread: word(StatusWord::Thread),
        pad: pad.to_owned(),
        // Kernels report the slot and not whose; every protocol awaits its own.
        owner: word(StatusWord::Rank),
        slot: slot_indices(shape, u64::from(word(StatusWord::Slot))),
        seen: word(StatusWord::Seen),
        compare: compare_at(planned, &planned.protocol.body, line).unwrap_or(Compare::Equal),
        wanted: word(StatusWord::Wanted),
        waited: deadline,
        place: format!("{}:{line}", planned.protocol.source.name),
    })))
}

/// The condition of the await on this line.
fn compare_at(planned: &Planned, body: &[Statement], line: u32) -> Option<Compare> {
    body.iter().find_map(|statement| match &statement.kind {
        StatementKind::Await { compare, .. } => {
            let here = planned.protocol.source.line_column(statement.span.start).0;
            (here == line).then_some(*compare)
        }
        StatementKind::If { then, otherwise, .. } => {
            compare_at(planned, then, line).or_else(|| compare_at(planned, otherwise, line))
        }
        StatementKind::For { body, .. } => compare_at(planned, body, line),
        _ => None,
    })
}
