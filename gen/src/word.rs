//! Words of elements that are sent and received: stores that say of themselves that they have come, and polls for them.
//!
//! A packet is one 64-bit access, with the flag in its low half; a word without a flag is one 32-bit access. Sources are
//! waited for one after the other, in the protocol's order.

use crate::body::{Stop, Writer};
use crate::error::RenderError;
use crate::expression::Type;
use arverify_protocol::ir::{Element, Marking, SENTINEL, Statement, StatementKind};
use askama::Template;

impl Writer<'_> {
    /// `send destination <- source over partition …`
    pub(crate) fn send(&mut self, statement: &Statement, line: u32) -> Result<String, Stop> {
        let StatementKind::Send { destination, source, partition, marking, semantics } = &statement.kind else {
            return Err(Stop::Error(RenderError::Unbound));
        };
        self.functions.move_words(*marking == Marking::Sentinel);
        let (function, element, flag) = match marking {
            Marking::Flag(flag) => {
                let flag = self.value(flag)?.to_word().text;
                (self.functions.send_packet(*semantics, line)?, Element::Packet, Some(flag))
            }
            Marking::Sentinel => (self.functions.store(*semantics, line)?, Element::Word, None),
        };
        let template = SendTemplate {
            function,
            destination: self.address(destination, element, line)?,
            source: self.address(source, Element::Data, line)?,
            flag,
            first: self.value(&partition.first)?.to_index().text,
            limit: self.value(&partition.limit)?.to_index().text,
            step: self.value(&partition.step)?.to_index().text,
            guarded: self.guarded(),
        };
        Ok(template.render()?)
    }

    /// `receive destination <- operation over variable in from..to of source over partition …`
    pub(crate) fn receive(&mut self, statement: &Statement, line: u32) -> Result<String, Stop> {
        let StatementKind::Receive { destination, operation, variable, from, to, source, partition, .. } =
            &statement.kind
        else {
            return Err(Stop::Error(RenderError::Unbound));
        };
        let StatementKind::Receive { marking, semantics, .. } = &statement.kind else {
            return Err(Stop::Error(RenderError::Unbound));
        };
        self.functions.move_words(false);
        let combine = self.functions.combine(*operation);
        let (element, wanted) = match marking {
            Marking::Flag(flag) => (Element::Packet, self.value(flag)?.to_word().text),
            Marking::Sentinel => (Element::Word, format!("{SENTINEL:#x}u")),
        };
        let function = self.functions.receive(*semantics, element == Element::Packet, line)?;
        let (from, to) = (self.value(from)?.to_index().as_term(), self.value(to)?.to_index().as_term());
        let destination = self.address(destination, Element::Data, line)?;
        self.coordinates.insert("rank");
        let (declaration, name) = self.declare(*variable, Type::Index)?;
        if declaration.is_none() {
            return Err(Stop::Error(RenderError::Unbound));
        }
        self.address(source, element, line)?;
        let (instance, index) = (self.instance(source, line)?, self.index(source)?.as_term());
        self.release(*variable);
        let template = ReceiveTemplate {
            function,
            destination,
            instance,
            index,
            wanted,
            variable: name,
            from,
            to,
            total: if self.target.wide() { "WidePair" } else { "u32" },
            combine,
            first: self.value(&partition.first)?.to_index().text,
            limit: self.value(&partition.limit)?.to_index().text,
            step: self.value(&partition.step)?.to_index().text,
            wide: self.target.wide(),
            buffer: source.buffer.0,
            line,
            deadline: self.target.deadline,
            guarded: self.guarded(),
        };
        self.may_be_expired = true;
        Ok(template.render()?)
    }
}

#[derive(Template)]
#[template(path = "statement/send.cu")]
struct SendTemplate {
    function: String,
    destination: String,
    source: String,
    flag: Option<String>,
    first: String,
    limit: String,
    step: String,
    guarded: bool,
}

#[derive(Template)]
#[template(path = "statement/receive.cu")]
struct ReceiveTemplate<'a> {
    function: String,
    destination: String,
    instance: String,
    index: String,
    wanted: String,
    variable: String,
    from: String,
    to: String,
    total: &'a str,
    combine: &'a str,
    first: String,
    limit: String,
    step: String,
    wide: bool,
    buffer: u32,
    line: u32,
    deadline: bool,
    guarded: bool,
}
