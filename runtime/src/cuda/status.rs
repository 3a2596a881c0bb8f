//! What a kernel reports when an await passes its deadline.

use crate::error::{Error, Expired, slot_indices};
use crate::plan::{Planned, Team};
use arverify_protocol::certificate::StatusWord;
use arverify_protocol::ids::BufferId;
use arverify_protocol::ir::{Compare, Statement, StatementKind};
use std::sync::Arc;
use std::time::Duration;

/// The error that status words stand for; `None` where no await expired.
pub(crate) fn expired(
    planned: &Planned,
    team: &Team,
    elements: u64,
    words: &[u32],
    deadline: Duration,
) -> Option<Error> {
    let word = |word: StatusWord| words.get(word as usize).copied().unwrap_or_default();
    if word(StatusWord::State) == 0 {
        return None;
    }
    let buffer = BufferId(word(StatusWord::Buffer));
    let pad = planned.protocol.buffers.get(buffer.index()).map_or("?", |buffer| &buffer.name);
    let shapes = planned.protocol.shapes(&planned.sizes(elements)).unwrap_or_default();
    let shape = shapes.get(buffer.index()).map_or([].as_slice(), Vec::as_slice);
    let line = word(StatusWord::Line);
    let member = word(StatusWord::Rank);
    let rank = team.members.get(member as usize).copied().unwrap_or(member);
    Some(Error::Deadline(Arc::new(Expired {
        protocol: planned.protocol.name.clone(),
        rank,
        block: word(StatusWord::Block),
        thread: word(StatusWord::Thread),
        pad: pad.to_owned(),
        // Kernels report the slot and not whose; every protocol awaits its own.
        owner: rank,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::Algorithm;
    use crate::plan::{Plan, Settings};
    use crate::test_certificates::{Form, kernels};
    use arverify_protocol::data::DataType;

    #[test]
    fn status_words_name_the_slot() {
        let algorithm = Algorithm::Protocol("one-shot".to_owned());
        let settings = Settings { algorithm, ..Settings::new(2, DataType::F32, 64) };
        let plan = Plan::new(&kernels(&[Form::new("one-shot", 2, DataType::F32)]), &settings, |_| (3, 512)).unwrap();
        let planned = &plan.protocols[0];
        let deadline = Duration::from_millis(5);
        assert!(expired(planned, &plan.teams[0], 64, &[0; 16], deadline).is_none());
        let pad = planned.protocol.buffers.iter().position(|buffer| buffer.name == "start").unwrap() as u32;
        let text = &planned.protocol.source.text;
        let is_await = |line: &str| line.trim_start().starts_with("await") && line.contains("acquire.sys");
        let line = 1 + text.lines().position(is_await).unwrap();
        // pad start : flag[2][B][P] with B = 3, P = 2; slot [1][2][0] is word 10.
        let words = [1, 1, pad, 10, 3, 4, 2, 0, line as u32];
        let error = expired(planned, &plan.teams[0], 64, &words, deadline).unwrap();
        let expected = format!(
            "rank 1 waited 5 ms for start[1][2][0] of rank 1 == 4, saw 3 \
             (one-shot, block 2, thread 0, one-shot.arp:{line})"
        );
        assert_eq!(error.to_string(), expected);
    }
}
