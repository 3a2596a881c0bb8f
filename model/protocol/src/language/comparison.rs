//! A protocol without the places it came from, to compare what two protocols do.

use crate::ir::{HostStatement, Partition, Place, Protocol, Span, Statement, StatementKind};
use std::sync::Arc;

/// Clears all spans and the record of the knobs.
pub(super) fn without_spans(mut protocol: Protocol) -> Protocol {
    let nowhere = Span::default();
    protocol.knobs.clear();
    protocol.buffers.iter_mut().for_each(|buffer| buffer.span = nowhere.clone());
    protocol.arguments.iter_mut().for_each(|argument| argument.span = nowhere.clone());
    protocol.pipes.iter_mut().for_each(|pipe| pipe.span = nowhere.clone());
    protocol.requirements.iter_mut().for_each(|requirement| requirement.span = nowhere.clone());
    if let Some(expectation) = &mut protocol.expectation {
        expectation.span = nowhere;
    }
    statements(&mut protocol.body, &Arc::from([]));
    protocol
}

fn place(place: &mut Place) {
    place.span = Span::default();
}

fn partition(partition: &mut Partition) {
    partition.span = Span::default();
}

fn host_statement(statement: &mut HostStatement, no_calls: &Arc<[Span]>) {
    match statement {
        HostStatement::Stream { body, .. } | HostStatement::Group { body } => statements(body, no_calls),
        HostStatement::Synchronise { .. } => {}
        HostStatement::Exchange { place: row } => place(row),
        HostStatement::Record { event } | HostStatement::Wait { event } => place(event),
        HostStatement::Send { place: row, partition: part, .. }
        | HostStatement::Receive { place: row, partition: part, .. } => {
            place(row);
            partition(part);
        }
    }
}

fn statements(list: &mut [Statement], no_calls: &Arc<[Span]>) {
    for statement in list {
        statement.span = Span::default();
        statement.calls = no_calls.clone();
        match &mut statement.kind {
            StatementKind::Store { place: slot, .. }
            | StatementKind::Load { place: slot, .. }
            | StatementKind::Await { place: slot, .. }
            | StatementKind::Atomic { place: slot, .. } => place(slot),
            StatementKind::Copy { destination, source, partition: part }
            | StatementKind::Start { destination, source, partition: part, .. }
            | StatementKind::Reduce { destination, source, partition: part, .. }
            | StatementKind::Send { destination, source, partition: part, .. }
            | StatementKind::Receive { destination, source, partition: part, .. } => {
                place(destination);
                place(source);
                partition(part);
            }
            StatementKind::If { then, otherwise, .. } => {
                statements(then, no_calls);
                statements(otherwise, no_calls);
            }
            StatementKind::For { body, .. } | StatementKind::Ghost { body } => statements(body, no_calls),
            StatementKind::Host(host) => host_statement(host, no_calls),
            StatementKind::BlockSync
            | StatementKind::Barrier { .. }
            | StatementKind::Let { .. }
            | StatementKind::Fence { .. }
            | StatementKind::Finish { .. }
            | StatementKind::Exit
            | StatementKind::Assert { .. } => {}
        }
    }
}
