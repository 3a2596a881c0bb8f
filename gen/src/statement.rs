//! Statements: each kind through its own template, but for the data phases (`phase`).

use crate::body::{Stop, Writer, contains_await};
use crate::error::RenderError;
use crate::expression::{Type, fixed_value};
use crate::operation::Barrier;
use crate::phase::Sources;
use arverify_protocol::ids::LocalId;
use arverify_protocol::ir::{
    AtomicOperation, Compare, Element, Expression, Place, Semantics, Statement, StatementKind, Symbol,
};
use askama::Template;

impl Writer<'_> {
    /// The text of one statement, without its comment.
    pub(crate) fn statement(&mut self, statement: &Statement) -> Result<String, Stop> {
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
            StatementKind::Start { .. } | StatementKind::Finish { .. } => {
                Err(Stop::Error(RenderError::Pipe { line, statement: self.words(statement) }))
            }
            StatementKind::Reduce { destination, operation, accumulate, variable, from, to, source, partition } => {
                let (operation, first) = (*operation, accumulate.then_some(destination));
                let sources = Sources { operation, first, variable: *variable, from, to, source };
                self.reduce(destination, &sources, partition, line)
            }
            StatementKind::Send { .. } => self.send(statement, line),
            StatementKind::Receive { .. } => self.receive(statement, line),
            StatementKind::If { condition, then, otherwise } => self.branch(condition, then, otherwise),
            StatementKind::For { variable, from, to, body } => self.repeat(*variable, from, to, body),
            StatementKind::Exit => Ok(ExitTemplate {}.render()?),
            StatementKind::Host(_) => Err(Stop::Error(RenderError::Host { line })),
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
