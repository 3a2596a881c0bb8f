//! Words of elements that are sent and received: packets with a flag of their own, and words that are no sentinel.
//!
//! Decision: a word travels in one strong access of 4 or 8 bytes, and shows by itself that it has come. What a partition
//! of words leaves out, `at`, is not needed yet, and an error.

use super::statements::KERNEL;
use super::{Context, Resolved, Resolver, Type};
use crate::ir::{self, Element, Order, Partition, StatementKind, Width};
use crate::language::diagnostics::Diagnostic;
use crate::language::tree::{Marking, Over, Place, Statement};

impl<'a> Resolver<'a> {
    /// The partition of a copy or reduction.
    pub(super) fn data_partition(&mut self, over: &'a Over) -> Resolved<Partition> {
        let partition = self.over(over)?;
        if partition.width == Width::Word {
            let error = Diagnostic::new("a partition by word is for `send` and `receive`", partition.span);
            return self.fail(error.label("moves vectors or elements here"));
        }
        Ok(partition)
    }

    fn word_partition(&mut self, over: &'a Over) -> Resolved<Partition> {
        let partition = self.over(over)?;
        if partition.width != Width::Word {
            let error = Diagnostic::new("`send` and `receive` move words of 4 bytes", partition.span);
            return self.fail(error.label("not a partition by word").help("write `low..high by word`"));
        }
        Ok(partition)
    }

    pub(super) fn send(&mut self, statement: &'a Statement) -> Resolved<StatementKind> {
        let Statement::Send { destination, source, over, marking, ordering } = statement else {
            return Err(super::Reported);
        };
        let allowed = [Order::Weak, Order::Volatile, Order::Relaxed, Order::Release];
        let semantics = self.semantics(ordering, "a send", &allowed);
        let destination = self.row(destination, element(marking));
        let source = self.elements(source);
        let partition = self.word_partition(over);
        let marking = self.marking(marking);
        Ok(StatementKind::Send {
            destination: destination?,
            source: source?,
            partition: partition?,
            marking: marking?,
            semantics: semantics?,
        })
    }

    pub(super) fn receive(&mut self, statement: &'a Statement) -> Resolved<StatementKind> {
        let Statement::Receive { destination, operation, variable, from, to, source, over, marking, ordering } =
            statement
        else {
            return Err(super::Reported);
        };
        let semantics = self.semantics(ordering, "an await", &[Order::Volatile, Order::Relaxed, Order::Acquire]);
        let destination = self.elements(destination);
        let context = Context { what: "a reduction's bound", ..KERNEL };
        let (from, to) = (self.index(from, context), self.index(to, context));
        let partition = self.word_partition(over);
        let wanted = element(marking);
        let marking = self.marking(marking);
        self.scopes.push(Vec::new());
        let variable = self.new_local(variable, Type::Index);
        let source = self.row(source, wanted);
        self.scopes.pop();
        Ok(StatementKind::Receive {
            destination: destination?,
            operation: *operation,
            variable: variable?,
            from: from?,
            to: to?,
            source: source?,
            partition: partition?,
            marking: marking?,
            semantics: semantics?,
        })
    }

    /// The side that holds elements.
    fn elements(&mut self, place: &'a Place) -> Resolved<ir::Place> {
        if let Some(offset) = &place.offset {
            let error = Diagnostic::new("`at` is not for words that are sent or received", offset.at.0.clone());
            return self.fail(error.label("words are counted from the start of their row"));
        }
        self.place(place, Element::Data)
    }

    fn marking(&mut self, marking: &'a Marking) -> Resolved<ir::Marking> {
        match marking {
            Marking::Sentinel => Ok(ir::Marking::Sentinel),
            Marking::Flag(value) => {
                let value = self.number(value, Context { what: "a flag", ..KERNEL })?;
                Ok(ir::Marking::Flag(value.expression))
            }
        }
    }
}

/// What the buffer of marked words holds.
fn element(marking: &Marking) -> Element {
    match marking {
        Marking::Flag(_) => Element::Packet,
        Marking::Sentinel => Element::Word,
    }
}
