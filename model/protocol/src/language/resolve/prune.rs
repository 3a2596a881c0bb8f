//! Leaves out the buffers, arguments and pipes that a choice of knobs does not use, so that no variant's kernel takes a
//! parameter that it ignores.

use crate::ids::{ArgumentId, BufferId, PipeId};
use crate::ir::{Expression, HostStatement, Marking, Partition, Place, Protocol, Statement, StatementKind};

/// What a protocol uses, then the new numbers of it.
struct Renumbering {
    buffers: Vec<Option<u32>>,
    arguments: Vec<Option<u32>>,
    pipes: Vec<Option<u32>>,
    /// First walk: mark. Second walk: rename.
    marking: bool,
}

/// Removes unused buffers, arguments and pipes and renumbers the rest, in order.
pub(super) fn unused(protocol: &mut Protocol) {
    let mut numbers = Renumbering {
        buffers: vec![None; protocol.buffers.len()],
        arguments: vec![None; protocol.arguments.len()],
        pipes: vec![None; protocol.pipes.len()],
        marking: true,
    };
    numbers.protocol(protocol);
    number(&mut numbers.buffers);
    number(&mut numbers.arguments);
    number(&mut numbers.pipes);
    numbers.marking = false;
    numbers.protocol(protocol);
    let mut keep = numbers.buffers.iter();
    protocol.buffers.retain(|_| keep.next().is_some_and(Option::is_some));
    let mut keep = numbers.arguments.iter();
    protocol.arguments.retain(|_| keep.next().is_some_and(Option::is_some));
    let mut keep = numbers.pipes.iter();
    protocol.pipes.retain(|_| keep.next().is_some_and(Option::is_some));
}

fn number(marks: &mut [Option<u32>]) {
    for (next, mark) in marks.iter_mut().flatten().enumerate() {
        *mark = next as u32;
    }
}

impl Renumbering {
    fn protocol(&mut self, protocol: &mut Protocol) {
        self.statements(&mut protocol.body);
        if let Some(expectation) = &mut protocol.expectation {
            self.buffer(&mut expectation.output);
            self.buffer(&mut expectation.input);
            expectation.plus.iter_mut().for_each(|plus| self.buffer(plus));
        }
    }

    fn buffer(&mut self, id: &mut BufferId) {
        let mark = &mut self.buffers[id.index()];
        match (*mark, self.marking) {
            (_, true) => *mark = Some(0),
            (Some(new), false) => *id = BufferId(new),
            (None, false) => {}
        }
    }

    fn pipe(&mut self, id: &mut PipeId) {
        let mark = &mut self.pipes[id.index()];
        match (*mark, self.marking) {
            (_, true) => *mark = Some(0),
            (Some(new), false) => *id = PipeId(new),
            (None, false) => {}
        }
    }

    fn expression(&mut self, expression: &mut Expression) {
        match expression {
            Expression::Argument(id) => {
                let mark = &mut self.arguments[id.index()];
                match (*mark, self.marking) {
                    (_, true) => *mark = Some(0),
                    (Some(new), false) => *id = ArgumentId(new),
                    (None, false) => {}
                }
            }
            Expression::Binary { left, right, .. } => {
                self.expression(left);
                self.expression(right);
            }
            Expression::Not(inner) => self.expression(inner),
            Expression::If { condition, then, otherwise } => {
                self.expression(condition);
                self.expression(then);
                self.expression(otherwise);
            }
            Expression::Constant(_) | Expression::Symbol(_) | Expression::Local(_) => {}
        }
    }

    fn place(&mut self, place: &mut Place) {
        self.buffer(&mut place.buffer);
        for index in place.indices.iter_mut().chain(&mut place.offset).chain(&mut place.rank) {
            self.expression(index);
        }
    }

    fn partition(&mut self, partition: &mut Partition) {
        let Partition { first, limit, step, low, .. } = partition;
        for expression in [first, limit, step, low] {
            self.expression(expression);
        }
    }

    fn marking(&mut self, marking: &mut Marking) {
        if let Marking::Flag(value) = marking {
            self.expression(value);
        }
    }

    fn statements(&mut self, statements: &mut [Statement]) {
        for statement in statements {
            self.statement(&mut statement.kind);
        }
    }

    fn statement(&mut self, statement: &mut StatementKind) {
        match statement {
            StatementKind::BlockSync | StatementKind::Exit | StatementKind::Fence { .. } => {}
            StatementKind::Barrier { id, count, .. } => {
                self.expression(id);
                count.iter_mut().for_each(|count| self.expression(count));
            }
            StatementKind::Store { place, value, .. } | StatementKind::Await { place, value, .. } => {
                self.place(place);
                self.expression(value);
            }
            StatementKind::Load { place, .. } => self.place(place),
            StatementKind::Let { value, .. } => self.expression(value),
            StatementKind::Atomic { place, operand, expected, .. } => {
                self.place(place);
                self.expression(operand);
                expected.iter_mut().for_each(|expected| self.expression(expected));
            }
            StatementKind::Copy { destination, source, partition } => {
                self.place(destination);
                self.place(source);
                self.partition(partition);
            }
            StatementKind::Start { pipe, destination, source, partition } => {
                self.pipe(pipe);
                self.place(destination);
                self.place(source);
                self.partition(partition);
            }
            StatementKind::Finish { pipe, remaining } => {
                self.pipe(pipe);
                self.expression(remaining);
            }
            StatementKind::Reduce { destination, from, to, source, partition, .. } => {
                self.place(destination);
                self.expression(from);
                self.expression(to);
                self.place(source);
                self.partition(partition);
            }
            StatementKind::Send { destination, source, partition, marking, .. } => {
                self.place(destination);
                self.place(source);
                self.partition(partition);
                self.marking(marking);
            }
            StatementKind::Receive { destination, from, to, source, partition, marking, .. } => {
                self.place(destination);
                self.expression(from);
                self.expression(to);
                self.place(source);
                self.partition(partition);
                self.marking(marking);
            }
            StatementKind::If { condition, then, otherwise } => {
                self.expression(condition);
                self.statements(then);
                self.statements(otherwise);
            }
            StatementKind::For { from, to, body, .. } => {
                self.expression(from);
                self.expression(to);
                self.statements(body);
            }
            StatementKind::Ghost { body } => self.statements(body),
            StatementKind::Assert { condition } => self.expression(condition),
            StatementKind::Host(host) => self.host_statement(host),
        }
    }

    fn host_statement(&mut self, statement: &mut HostStatement) {
        match statement {
            HostStatement::Stream { stream, body } => {
                self.expression(stream);
                self.statements(body);
            }
            HostStatement::Group { body } => self.statements(body),
            HostStatement::Synchronise { stream } => self.expression(stream),
            HostStatement::Exchange { place } => self.place(place),
            HostStatement::Record { event } | HostStatement::Wait { event } => self.place(event),
            HostStatement::Send { place, partition, peer } | HostStatement::Receive { place, partition, peer } => {
                self.place(place);
                self.partition(partition);
                self.expression(peer);
            }
        }
    }
}
