//! The kernel's body: every statement of the resolved protocol through its own template.
//!
//! The decision taken: a statement is rendered where it stands, with a comment that shows the protocol's line, so that
//! the two texts can be read side by side. Ghost blocks are left out. The road not taken: rendering the flattened
//! `Code`, whose jumps nobody wants to read.
//!
//! Deadlines: a thread whose await has expired is `expired` from there on. It changes no memory any more, and all
//! threads of its block return at the next barrier, which tells each of them. Not handled: a barrier that such a
//! thread misses because a value it loaded sends it another way; only a block that has already failed can hang so.

use crate::error::RenderError;
use crate::escape::is_harmless;
use crate::expression::{Helper, Rendered, Scope, Type, render, symbol_name};
use crate::layout::without_empty_lines;
use crate::names::Names;
use crate::operation::DeviceFunctions;
use crate::target::Target;
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ids::{ArgumentId, LocalId};
use arverify_protocol::ir::{
    Binary, Element, Expression, Kind, Place, Protocol, Space, Statement, StatementKind, Symbol,
};
use std::collections::{BTreeMap, BTreeSet};

/// A rendered body and what it needs around it.
#[derive(Debug)]
pub(crate) struct Body {
    /// The statements, not yet laid out.
    pub(crate) text: String,
    /// Names of the buffers, in order; a ghost buffer's is not used.
    pub(crate) buffers: Vec<String>,
    /// Names of the arguments, in order.
    pub(crate) arguments: Vec<String>,
    /// Names of the locals that live for the whole kernel.
    pub(crate) hoisted: Vec<String>,
    /// The device functions it calls.
    pub(crate) functions: DeviceFunctions,
    /// The helper functions it calls.
    pub(crate) helpers: BTreeSet<&'static str>,
    /// The names of sizes and coordinates it reads.
    pub(crate) coordinates: BTreeSet<&'static str>,
    /// Whether it has an await, and awaits give up.
    pub(crate) watches: bool,
}

/// Renders the kernel's statements.
pub(crate) fn render_body(protocol: &Protocol, target: &Target) -> Result<Body, RenderError> {
    let mut hoisted = BTreeSet::new();
    // A local that is bound twice, or read outside the block that binds it, lives for the whole kernel. Which do shows
    // when rendering fails; each round finds at least one more.
    loop {
        let mut writer = Writer::new(protocol, target, &hoisted);
        match writer.statements(&protocol.body) {
            Ok(statements) => return Ok(writer.finish(statements.join("\n\n"))),
            Err(Stop::Hoist(local)) if hoisted.insert(local) => {}
            Err(Stop::Hoist(_)) => return Err(RenderError::Unbound),
            Err(Stop::Error(error)) => return Err(error),
        }
    }
}

/// Why rendering stopped.
#[derive(Debug)]
pub(crate) enum Stop {
    /// This local must be declared at the top.
    Hoist(LocalId),
    /// It cannot be rendered.
    Error(RenderError),
}

impl<E: Into<RenderError>> From<E> for Stop {
    fn from(error: E) -> Stop {
        Stop::Error(error.into())
    }
}

/// State of rendering: names, and what was used.
pub(crate) struct Writer<'a> {
    pub(crate) protocol: &'a Protocol,
    pub(crate) target: &'a Target,
    /// Only P, T, V are read from these.
    pub(crate) sizes: Sizes,
    names: Names,
    buffers: Vec<String>,
    arguments: Vec<String>,
    pub(crate) locals: BTreeMap<LocalId, Rendered>,
    bound_once: BTreeSet<LocalId>,
    hoisted: Vec<String>,
    pub(crate) functions: DeviceFunctions,
    helpers: BTreeSet<&'static str>,
    pub(crate) coordinates: BTreeSet<&'static str>,
    pub(crate) has_await: bool,
    /// Whether a thread that gets here may have expired.
    pub(crate) may_be_expired: bool,
    /// How many `if` statements enclose this place.
    pub(crate) conditions: u32,
}

impl Scope for Writer<'_> {
    fn local(&self, local: LocalId) -> Result<Rendered, RenderError> {
        self.locals.get(&local).cloned().ok_or(RenderError::Unbound)
    }

    fn argument(&self, argument: ArgumentId) -> Result<Rendered, RenderError> {
        Ok(Rendered::name(&self.arguments[argument.index()], Type::Word))
    }

    fn symbol(&mut self, symbol: Symbol) -> Result<Rendered, RenderError> {
        let name = symbol_name(symbol)?;
        self.coordinates.insert(name);
        Ok(Rendered::name(name, Type::Index))
    }

    fn helper(&mut self, helper: Helper) -> &'static str {
        self.helpers.insert(helper.name());
        helper.name()
    }
}

impl<'a> Writer<'a> {
    fn new(protocol: &'a Protocol, target: &'a Target, hoisted: &BTreeSet<LocalId>) -> Writer<'a> {
        let mut names = Names::default();
        let buffers = protocol.buffers.iter().map(|buffer| names.take(&buffer.name)).collect();
        let arguments = protocol.arguments.iter().map(|argument| names.take(&argument.name)).collect();
        let mut writer = Writer {
            protocol,
            target,
            sizes: target.sizes(target.max_blocks, 0),
            names,
            buffers,
            arguments,
            locals: BTreeMap::new(),
            bound_once: BTreeSet::new(),
            hoisted: Vec::new(),
            functions: DeviceFunctions::default(),
            helpers: BTreeSet::new(),
            coordinates: BTreeSet::new(),
            has_await: contains_await(&protocol.body),
            may_be_expired: false,
            conditions: 0,
        };
        for local in hoisted {
            let name = writer.names.take(&protocol.locals[local.index()].name);
            writer.locals.insert(*local, Rendered::name(&name, Type::Index));
            writer.hoisted.push(name);
        }
        writer
    }

    fn finish(self, text: String) -> Body {
        Body {
            text,
            buffers: self.buffers,
            arguments: self.arguments,
            hoisted: self.hoisted,
            functions: self.functions,
            helpers: self.helpers,
            coordinates: self.coordinates,
            watches: self.has_await && self.target.deadline,
        }
    }

    /// The statements of one block, each with its comment. Names bound inside end with it.
    pub(crate) fn statements(&mut self, statements: &[Statement]) -> Result<Vec<String>, Stop> {
        let outside = self.locals.clone();
        let mut texts = Vec::new();
        for statement in statements {
            if let StatementKind::Ghost { .. } = statement.kind {
                continue;
            }
            let text = self.statement(statement)?;
            texts.push(self.comment(statement) + &without_empty_lines(&text));
        }
        self.locals = outside;
        Ok(texts)
    }

    /// Line and text of a statement, and the lines that call it. Empty where the language bound a name by itself.
    fn comment(&self, statement: &Statement) -> String {
        let source = &self.protocol.source;
        let range = statement.span.start as usize..statement.span.end as usize;
        let text = comment_text(source.text.get(range).unwrap_or_default());
        if text.chars().all(|character| character.is_ascii_alphanumeric()) && text != "exit" {
            return String::new();
        }
        let callers: Vec<String> =
            statement.calls.iter().rev().map(|call| source.line_column(call.start).0.to_string()).collect();
        let line = self.line(statement);
        let called = if callers.is_empty() { String::new() } else { format!(", from line {}", callers.join(", ")) };
        format!("// line {line}{called}: {text}\n")
    }

    /// The line of a statement, counted from 1.
    pub(crate) fn line(&self, statement: &Statement) -> u32 {
        self.protocol.source.line_column(statement.span.start).0
    }

    /// The text of a statement, on one line.
    pub(crate) fn words(&self, statement: &Statement) -> String {
        let text = &self.protocol.source.text;
        let span = statement.span.start as usize..statement.span.end as usize;
        text.get(span).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Whether a change of memory must ask first whether the thread has expired.
    pub(crate) fn guarded(&self) -> bool {
        self.target.deadline && self.may_be_expired
    }

    /// Renders an expression.
    pub(crate) fn value(&mut self, expression: &Expression) -> Result<Rendered, Stop> {
        let mut locals = Vec::new();
        crate::expression::locals_of(expression, &mut locals);
        if let Some(local) = locals.into_iter().find(|local| !self.locals.contains_key(local)) {
            return Err(Stop::Hoist(local));
        }
        Ok(render(self, expression)?)
    }

    /// What stands left of `=` when the local is bound to a value of this type.
    pub(crate) fn bind(&mut self, local: LocalId, kind: Type) -> Result<String, Stop> {
        let (declaration, name) = self.declare(local, kind)?;
        Ok(match declaration {
            Some(kind) => format!("const {kind} {name}"),
            None => name,
        })
    }

    /// The type to declare a local with, `None` if it is declared at the top, and its name.
    pub(crate) fn declare(&mut self, local: LocalId, kind: Type) -> Result<(Option<&'static str>, String), Stop> {
        let declared = &self.protocol.locals[local.index()];
        let first = self.bound_once.insert(local);
        if let Some(known) = self.locals.get(&local) {
            return if self.hoisted.contains(&known.text) {
                Ok((None, known.text.clone()))
            } else {
                Err(Stop::Hoist(local))
            };
        }
        if !first {
            return Err(Stop::Hoist(local));
        }
        let name = self.names.take(&declared.name);
        let kind = if let Type::Literal(_) = kind { Type::Index } else { kind };
        self.locals.insert(local, Rendered::name(&name, kind));
        Ok((Some(kind.name()), name))
    }

    /// Ends the scope of a local.
    pub(crate) fn release(&mut self, local: LocalId) {
        self.locals.remove(&local);
    }

    /// The pointer to an instance of a buffer.
    pub(crate) fn instance(&mut self, place: &Place, line: u32) -> Result<String, Stop> {
        let buffer = self.protocol.buffer(place.buffer);
        if buffer.ghost {
            return Err(Stop::Error(RenderError::Ghost { line }));
        }
        let name = self.buffers[place.buffer.index()].clone();
        if buffer.space == Space::Local {
            return Ok(name);
        }
        let own = Expression::Symbol(Symbol::Rank);
        let rank = self.value(place.rank.as_ref().unwrap_or(&own))?;
        Ok(format!("{name}.of[{}]", rank.text))
    }

    /// The element of the instance, counted from 0 over all dimensions; of a row the first, or where its offset says.
    pub(crate) fn index(&mut self, place: &Place) -> Result<Rendered, Stop> {
        let shape = &self.protocol.buffer(place.buffer).shape;
        let of_index = |operator, left: Expression, right: Expression| Expression::Binary {
            operator,
            kind: Kind::Index,
            left: left.into(),
            right: right.into(),
        };
        let mut index = Expression::Constant(0);
        for (expression, extent) in place.indices.iter().zip(shape) {
            index = of_index(Binary::Multiply, index, extent.clone());
            index = of_index(Binary::Add, index, expression.clone());
        }
        for extent in shape.iter().skip(place.indices.len()) {
            index = of_index(Binary::Multiply, index, extent.clone());
        }
        if let Some(offset) = &place.offset {
            index = of_index(Binary::Add, index, offset.clone());
        }
        self.value(&index)
    }

    /// The pointer to a place; `wanted` is what the buffer must hold.
    pub(crate) fn address(&mut self, place: &Place, wanted: Element, line: u32) -> Result<String, Stop> {
        let buffer = self.protocol.buffer(place.buffer);
        if buffer.element != wanted {
            let wanted = match wanted {
                Element::Word => "words",
                Element::Packet => "packets",
                Element::Data => "elements",
            };
            return Err(Stop::Error(RenderError::Element { line, buffer: buffer.name.clone(), wanted }));
        }
        let instance = self.instance(place, line)?;
        let index = self.index(place)?;
        Ok(if index.kind == Type::Literal(0) { instance } else { format!("{instance} + {}", index.as_term()) })
    }
}

/// Whether an await is among the statements.
pub(crate) fn contains_await(statements: &[Statement]) -> bool {
    statements.iter().any(|statement| match &statement.kind {
        StatementKind::Await { .. } | StatementKind::Receive { .. } => true,
        StatementKind::If { then, otherwise, .. } => contains_await(then) || contains_await(otherwise),
        StatementKind::For { body, .. } => contains_await(body),
        _ => false,
    })
}

/// The first line of a text as a comment may hold it: without its own comments, and only harmless characters.
pub(crate) fn comment_text(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let code = line.find("//").map_or(line, |at| &line[..at]);
    let harmless: String = code.chars().map(|found| if is_harmless(found) { found } else { ' ' }).collect();
    harmless.split_whitespace().collect::<Vec<_>>().join(" ")
}
