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
use crate::expression::{Helper, Rendered, Scope, Type, fixed_value, render, symbol_name};
use crate::layout::without_empty_lines;
use crate::names::Names;
use crate::operation::{Barrier, DeviceFunctions};
use crate::target::Target;
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ids::{ArgumentId, LocalId};
use arverify_protocol::ir::{
    AtomicOperation, Binary, Compare, Element, Expression, Kind, Place, Protocol, Semantics, Space, Statement,
    StatementKind, Symbol,
};
use askama::Template;
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
    locals: BTreeMap<LocalId, Rendered>,
    bound_once: BTreeSet<LocalId>,
    hoisted: Vec<String>,
    pub(crate) functions: DeviceFunctions,
    helpers: BTreeSet<&'static str>,
    coordinates: BTreeSet<&'static str>,
    has_await: bool,
    /// Whether a thread that gets here may have expired.
    may_be_expired: bool,
    /// How many `if` statements enclose this place.
    conditions: u32,
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

    /// The element of the instance, counted from 0 over all dimensions; of a row the first.
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
        self.value(&index)
    }

    /// The pointer to a place; `wanted` is what the buffer must hold.
    pub(crate) fn address(&mut self, place: &Place, wanted: Element, line: u32) -> Result<String, Stop> {
        let buffer = self.protocol.buffer(place.buffer);
        if buffer.element != wanted {
            let wanted = if wanted == Element::Word { "words" } else { "elements" };
            return Err(Stop::Error(RenderError::Element { line, buffer: buffer.name.clone(), wanted }));
        }
        let instance = self.instance(place, line)?;
        let index = self.index(place)?;
        Ok(if index.kind == Type::Literal(0) { instance } else { format!("{instance} + {}", index.as_term()) })
    }

    fn statement(&mut self, statement: &Statement) -> Result<String, Stop> {
        let line = self.line(statement);
        match &statement.kind {
            StatementKind::BlockSync => self.block_sync(),
            StatementKind::Barrier { id, count, arrive } => self.barrier(id, count.as_ref(), *arrive, line),
            StatementKind::Store { place, value, semantics } => {
                let function = self.functions.store(*semantics, line)?;
                let address = self.address(place, Element::Word, line)?;
                let value = self.value(value)?.to_word().text;
                Ok(StoreTemplate { function, address, value, guarded: self.guarded() }.render()?)
            }
            StatementKind::Load { local, place, semantics } => {
                let function = self.functions.load(*semantics, line)?;
                let address = self.address(place, Element::Word, line)?;
                Ok(LoadTemplate { target: self.bind(*local, Type::Word)?, function, address }.render()?)
            }
            StatementKind::Let { local, value } => {
                let value = self.value(value)?;
                Ok(LetTemplate { target: self.bind(*local, value.kind)?, value: value.text }.render()?)
            }
            StatementKind::Await { place, compare, value, semantics } => {
                self.await_word(place, *compare, value, *semantics, line)
            }
            StatementKind::Atomic { local, operation, place, operand, expected, semantics } => {
                let address = self.address(place, Element::Word, line)?;
                let operands = self.operands(expected.as_ref(), operand)?;
                self.atomic(*local, *operation, address, operands, *semantics, line)
            }
            StatementKind::Fence { semantics } => {
                Ok(FenceTemplate { function: self.functions.fence(*semantics, line)? }.render()?)
            }
            StatementKind::Copy { destination, source, partition } => self.copy(destination, source, partition, line),
            StatementKind::Reduce { destination, operation, variable, from, to, source, partition } => {
                let sources = crate::phase::Sources { operation: *operation, variable: *variable, from, to, source };
                self.reduce(destination, &sources, partition, line)
            }
            StatementKind::If { condition, then, otherwise } => self.branch(condition, then, otherwise),
            StatementKind::For { variable, from, to, body } => self.repeat(*variable, from, to, body),
            StatementKind::Exit => Ok(ExitTemplate {}.render()?),
            StatementKind::Ghost { .. } => Ok(String::new()),
            StatementKind::Assert { .. } => Err(Stop::Error(RenderError::Ghost { line })),
        }
    }

    fn block_sync(&mut self) -> Result<String, Stop> {
        // Inside an `if` the block's other threads may come from another branch, which may hold an await.
        let passes_on_expiry = self.guarded() || (self.target.deadline && self.has_await && self.conditions > 0);
        self.functions.barrier(if passes_on_expiry { Barrier::BlockSyncAny } else { Barrier::BlockSync });
        self.may_be_expired = false;
        Ok(BlockSyncTemplate { passes_on_expiry }.render()?)
    }

    fn barrier(
        &mut self,
        id: &Expression,
        count: Option<&Expression>,
        arrive: bool,
        line: u32,
    ) -> Result<String, Stop> {
        let whole = Expression::Symbol(Symbol::Threads);
        let count = count.unwrap_or(&whole);
        if let Some(id) = fixed_value(id, &self.sizes).filter(|id| !(0..16).contains(id)) {
            return Err(Stop::Error(RenderError::BarrierNumber { line, id }));
        }
        if let Some(count) = fixed_value(count, &self.sizes).filter(|count| *count <= 0 || count % 32 != 0) {
            return Err(Stop::Error(RenderError::BarrierCount { line, count }));
        }
        let watches = self.target.deadline && self.has_await;
        let form = match (arrive, watches) {
            (true, true) => return Err(Stop::Error(RenderError::ArriveWithDeadline { line })),
            (true, false) => Barrier::Arrive,
            (false, true) => Barrier::SyncAny,
            (false, false) => Barrier::Sync,
        };
        self.functions.barrier(form);
        self.may_be_expired |= watches;
        let (id, count) = (self.value(id)?.to_word().text, self.value(count)?.to_word().text);
        Ok(BarrierTemplate { form, id, count }.render()?)
    }

    fn await_word(
        &mut self,
        place: &Place,
        compare: Compare,
        value: &Expression,
        semantics: Semantics,
        line: u32,
    ) -> Result<String, Stop> {
        let function = self.functions.await_word(semantics, compare, line)?;
        self.address(place, Element::Word, line)?;
        self.coordinates.insert("rank");
        let template = AwaitTemplate {
            function,
            instance: self.instance(place, line)?,
            index: self.index(place)?.as_term(),
            wanted: self.value(value)?.to_word().text,
            buffer: place.buffer.0,
            line,
            deadline: self.target.deadline,
            guarded: self.guarded(),
        };
        self.may_be_expired = true;
        Ok(template.render()?)
    }

    fn operands(&mut self, expected: Option<&Expression>, operand: &Expression) -> Result<String, Stop> {
        let operand = self.value(operand)?.to_word().text;
        Ok(match expected {
            Some(expected) => format!("{}, {operand}", self.value(expected)?.to_word().text),
            None => operand,
        })
    }

    fn atomic(
        &mut self,
        local: Option<LocalId>,
        operation: AtomicOperation,
        address: String,
        operands: String,
        semantics: Semantics,
        line: u32,
    ) -> Result<String, Stop> {
        let function = self.functions.atomic(operation, semantics, local.is_some(), line)?;
        let target = local.map(|local| self.bind(local, Type::Word)).transpose()?;
        Ok(AtomicTemplate { target, function, address, operands, guarded: self.guarded() }.render()?)
    }

    fn branch(&mut self, condition: &Expression, then: &[Statement], otherwise: &[Statement]) -> Result<String, Stop> {
        let condition = self.value(condition)?.to_condition().text;
        let before = self.may_be_expired;
        self.conditions += 1;
        let then = self.statements(then)?.join("\n");
        let after_then = std::mem::replace(&mut self.may_be_expired, before);
        let otherwise = self.statements(otherwise)?.join("\n");
        self.conditions -= 1;
        self.may_be_expired |= after_then;
        Ok(IfTemplate { condition, then, otherwise }.render()?)
    }

    fn repeat(
        &mut self,
        variable: LocalId,
        from: &Expression,
        to: &Expression,
        body: &[Statement],
    ) -> Result<String, Stop> {
        let from = self.value(from)?.to_index().text;
        let before = self.may_be_expired;
        let outside = self.locals.clone();
        let (declaration, name) = self.declare(variable, Type::Index)?;
        let to = self.value(to)?.to_index().as_term();
        // A later turn may begin where an earlier one expired.
        self.may_be_expired |= contains_await(body);
        let body = self.statements(body)?.join("\n");
        self.locals = outside;
        self.may_be_expired |= before;
        let declaration = declaration.map(|kind| format!("{kind} ")).unwrap_or_default();
        Ok(ForTemplate { declaration, variable: name, from, to, body }.render()?)
    }
}

fn contains_await(statements: &[Statement]) -> bool {
    statements.iter().any(|statement| match &statement.kind {
        StatementKind::Await { .. } => true,
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

#[derive(Template)]
#[template(path = "statement/block_sync.cu")]
struct BlockSyncTemplate {
    passes_on_expiry: bool,
}

#[derive(Template)]
#[template(path = "statement/barrier.cu")]
struct BarrierTemplate {
    form: Barrier,
    id: String,
    count: String,
}

#[derive(Template)]
#[template(path = "statement/store.cu")]
struct StoreTemplate {
    function: String,
    address: String,
    value: String,
    guarded: bool,
}

#[derive(Template)]
#[template(path = "statement/load.cu")]
struct LoadTemplate {
    target: String,
    function: String,
    address: String,
}

#[derive(Template)]
#[template(path = "statement/let.cu")]
struct LetTemplate {
    target: String,
    value: String,
}

#[derive(Template)]
#[template(path = "statement/await.cu")]
struct AwaitTemplate {
    function: String,
    instance: String,
    index: String,
    wanted: String,
    buffer: u32,
    line: u32,
    deadline: bool,
    guarded: bool,
}

#[derive(Template)]
#[template(path = "statement/atomic.cu")]
struct AtomicTemplate {
    target: Option<String>,
    function: String,
    address: String,
    operands: String,
    guarded: bool,
}

#[derive(Template)]
#[template(path = "statement/fence.cu")]
struct FenceTemplate {
    function: String,
}

#[derive(Template)]
#[template(path = "statement/if.cu")]
struct IfTemplate {
    condition: String,
    then: String,
    otherwise: String,
}

#[derive(Template)]
#[template(path = "statement/for.cu")]
struct ForTemplate {
    declaration: String,
    variable: String,
    from: String,
    to: String,
    body: String,
}

#[derive(Template)]
#[template(path = "statement/exit.cu")]
struct ExitTemplate {}
