//! Causes of findings that are no races, as far as the machine has not named them.

use super::execution::Execution;
use super::values::Values;
use super::words::Words;
use crate::machine::event::What;
use crate::machine::{Reason, Violation};
use crate::program::{Operation, Program};
use arverify_protocol::verdict::{Code, Why, WhyKind};

pub(super) fn explain<P: Program>(
    execution: &Execution<'_, P>,
    words: &Words<'_, '_, P>,
    violation: &Violation,
) -> Vec<Why> {
    let values = Values { execution, words };
    let mut found: Vec<Why> = match violation.code {
        Code::WrongResult => values.explain(violation),
        Code::BarrierDivergence => exited(execution, words, violation).into_iter().collect(),
        Code::RankDisagreement => {
            let writer = values.writer(violation).into_iter();
            writer.map(|why| Why { kind: WhyKind::OrderOfReduction, ..why }).collect()
        }
        _ => Vec::new(),
    };
    if found.is_empty() {
        found.extend(as_told(words, violation));
    }
    found
}

/// Who has left the block that others wait for at a barrier.
fn exited<P: Program>(execution: &Execution<'_, P>, words: &Words<'_, '_, P>, violation: &Violation) -> Option<Why> {
    let waits = execution.events.iter().rposition(|event| {
        let arrives = matches!(&event.what, What::Operation { operation: Operation::Barrier(_), .. });
        arrives
            && violation
                .points
                .iter()
                .any(|point| event.site == Some(point.site) && point.thread == Some(words.name_of(event)))
    })?;
    let (block, launch) = (execution.block(waits), execution.events[waits].launch);
    let leaves = |event: &usize| {
        let exits = matches!(execution.operation(*event), Some(Operation::Exit));
        exits && execution.block(*event) == block && execution.events[*event].launch == launch
    };
    let left = (0..execution.events.len()).rev().find(leaves);
    Some(match (left, violation.points.get(1)) {
        (Some(left), _) => {
            let form = "{} leaves the kernel, and does not come to {}, which waits for it";
            words.told(WhyKind::Exited, left, form, &[left, waits])
        }
        (None, Some(other)) => words.reason(&Reason {
            kind: WhyKind::DifferentBarriers,
            site: violation.points[0].site,
            form: "some threads wait at the barrier{}, others at the barrier{}".to_owned(),
            places: vec![violation.points[0].site, other.site],
        }),
        (None, None) => return None,
    })
}

/// Where the message says it all: what kind of cause that is.
fn as_told<P: Program>(words: &Words<'_, '_, P>, violation: &Violation) -> Option<Why> {
    let kind = match violation.code {
        Code::OutOfBounds => WhyKind::OutsideTheBuffer,
        Code::WrongResult => WhyKind::FailedAssertion,
        Code::BarrierDivergence => WhyKind::BadBarrier,
        Code::Hazard if violation.points.len() == 1 => WhyKind::Misused,
        Code::RankDisagreement => WhyKind::OrderOfReduction,
        _ => return None,
    };
    let site = violation.points.first()?.site;
    let form = format!("{}{{}}", violation.message.replace("{}", "()"));
    Some(words.reason(&Reason { kind, site, form, places: vec![site] }))
}
