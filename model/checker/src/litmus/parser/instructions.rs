//! The table: one instruction for each thread in a row.

use super::super::lexer::TokenKind;
use super::super::test::{
    Access, Arithmetic, AtomicOperation, Comparison, Fence, Instruction, Operand, Placement, Proxy, ProxyFence,
    Register, ThreadId, ThreadText,
};
use super::{Parsed, Parser, register};
use arverify_protocol::ir::{Order, Scope, Span};
use arverify_protocol::language::Diagnostic;
use rustc_hash::FxHashMap;

/// A thread's text while it is read.
#[derive(Default)]
pub(super) struct Column {
    instructions: Vec<(Instruction, Span)>,
    labels: FxHashMap<String, usize>,
    /// Instructions whose target is still to be found, with the label and its place.
    jumps: Vec<(usize, String, Span)>,
}

/// A mnemonic: its words, and where it stands.
struct Mnemonic<'a> {
    words: Vec<(&'a str, Span)>,
}

impl Mnemonic<'_> {
    fn span(&self) -> Span {
        let last = self.words.last().map_or(0, |(_, span)| span.end);
        self.words.first().map_or(0..0, |(_, span)| span.start..last)
    }

    fn head(&self) -> &str {
        self.words.first().map_or("", |(word, _)| *word)
    }

    fn modifier(&self, index: usize, what: &str) -> Parsed<(&str, Span)> {
        self.words.get(index).map(|(word, span)| (*word, span.clone())).ok_or_else(|| {
            Diagnostic::new(format!("`{}` needs {what}", self.head()), self.span()).label(format!("expected {what}"))
        })
    }

    fn ends_at(&self, length: usize) -> Parsed<()> {
        match self.words.get(length) {
            None => Ok(()),
            Some((word, span)) => {
                let message = format!("unexpected `.{word}` after `{}`", self.head());
                Err(Diagnostic::new(message, span.clone()).label("not expected here"))
            }
        }
    }
}

impl<'a> Parser<'a> {
    /// One row: a cell for each thread, up to the semicolon.
    pub(super) fn row(&mut self, columns: &mut [Column]) -> Parsed<()> {
        let count = columns.len();
        for (index, column) in columns.iter_mut().enumerate() {
            self.cell(column)?;
            let closing = if index + 1 == count { ";" } else { "|" };
            if self.symbol_ahead(0) != closing {
                let note = format!("a row has {count} cells, one for each thread of the header");
                return Err(self.unexpected(&format!("`{closing}`")).note(note));
            }
            self.advance();
        }
        Ok(())
    }

    fn cell(&mut self, column: &mut Column) -> Parsed<()> {
        while !self.word_ahead(0).is_empty() && self.symbol_ahead(1) == ":" {
            let (label, span) = self.word("a label")?;
            self.advance();
            if column.labels.insert(label.to_owned(), column.instructions.len()).is_some() {
                return Err(Diagnostic::new(format!("the label `{label}` is set twice in one thread"), span)
                    .label("already set"));
            }
        }
        if matches!(self.symbol_ahead(0), "|" | ";") {
            return Ok(());
        }
        let start = self.peek().span.start;
        let instruction = self.instruction(column)?;
        let end = self.tokens[self.position - 1].span.end;
        column.instructions.push((instruction, start..end));
        Ok(())
    }

    fn mnemonic(&mut self) -> Parsed<Mnemonic<'a>> {
        let mut words = vec![self.word("an instruction")?];
        while self.take(".") {
            words.push(self.word("a modifier")?);
        }
        Ok(Mnemonic { words })
    }

    fn instruction(&mut self, column: &mut Column) -> Parsed<Instruction> {
        let mnemonic = self.mnemonic()?;
        match mnemonic.head() {
            "ld" if mnemonic.words.len() == 1 => self.move_value(),
            "ld" => self.load(&mnemonic, Proxy::Generic),
            "tld" => self.load(&mnemonic, Proxy::Texture),
            "suld" => self.load(&mnemonic, Proxy::Surface),
            "cold" => self.load(&mnemonic, Proxy::Constant),
            "st" => self.store(&mnemonic, Proxy::Generic),
            "sust" => self.store(&mnemonic, Proxy::Surface),
            "atom" => self.atomic(&mnemonic, Proxy::Generic, true),
            "suatom" => self.atomic(&mnemonic, Proxy::Surface, true),
            "red" => self.atomic(&mnemonic, Proxy::Generic, false),
            "sured" => self.atomic(&mnemonic, Proxy::Surface, false),
            "fence" => fence(&mnemonic),
            "bar" => self.barrier(&mnemonic),
            "mov" => self.move_value(),
            "goto" | "bra" => {
                mnemonic.ends_at(1)?;
                self.target(column)?;
                Ok(Instruction::Goto(0))
            }
            head => {
                if let Some(comparison) = comparison(head) {
                    return self.branch(&mnemonic, comparison, column);
                }
                if let Some(operation) = arithmetic(head) {
                    return self.compute(&mnemonic, operation);
                }
                let message = format!("there is no instruction `{head}`");
                Err(Diagnostic::new(message, mnemonic.span()).label("unknown instruction"))
            }
        }
    }

    fn move_value(&mut self) -> Parsed<Instruction> {
        let register = self.register()?;
        self.expect(",")?;
        Ok(Instruction::Move(register, self.operand()?))
    }

    fn load(&mut self, mnemonic: &Mnemonic<'_>, proxy: Proxy) -> Parsed<Instruction> {
        let (order, scope) = semantics(mnemonic, &["weak", "relaxed", "acquire"])?;
        let register = self.register()?;
        self.expect(",")?;
        Ok(Instruction::Load(self.access(order, scope, proxy)?, register))
    }

    fn store(&mut self, mnemonic: &Mnemonic<'_>, proxy: Proxy) -> Parsed<Instruction> {
        let (order, scope) = semantics(mnemonic, &["weak", "relaxed", "release"])?;
        let access = self.access(order, scope, proxy)?;
        self.expect(",")?;
        Ok(Instruction::Store(access, self.operand()?))
    }

    fn atomic(&mut self, mnemonic: &Mnemonic<'_>, proxy: Proxy, has_register: bool) -> Parsed<Instruction> {
        let (order, span) = mnemonic.modifier(1, "an order")?;
        let order = order_of(order, &["relaxed", "acquire", "release", "acq_rel"], span)?;
        let (scope, span) = mnemonic.modifier(2, "a scope")?;
        let scope = scope_of(scope, span)?;
        let (name, span) = mnemonic.modifier(3, "an operation")?;
        mnemonic.ends_at(4)?;
        let operation = arithmetic(name);
        if operation.is_none() && !["exch", "cas"].contains(&name) {
            return Err(Diagnostic::new(format!("there is no atomic operation `{name}`"), span)
                .label("expected add, sub, mul, div, and, or, xor, min, max, inc, dec, cas or exch"));
        }
        let mut register = None;
        if has_register {
            register = Some(self.register()?);
            self.expect(",")?;
        }
        let access = self.access(order, scope, proxy)?;
        self.expect(",")?;
        let first = self.operand()?;
        let operation = match operation {
            Some(operation) => AtomicOperation::Apply(operation, first),
            None if name == "exch" => AtomicOperation::Exchange(first),
            None => {
                self.expect(",")?;
                AtomicOperation::CompareAndSwap(first, self.operand()?)
            }
        };
        Ok(Instruction::Atomic(access, operation, register))
    }

    /// `bar.cta.{sync|arrive} instance[, resource[, quorum]]`
    fn barrier(&mut self, mnemonic: &Mnemonic<'_>) -> Parsed<Instruction> {
        let (level, span) = mnemonic.modifier(1, "`.cta`")?;
        if level != "cta" {
            return Err(Diagnostic::new(format!("unexpected `.{level}` after `bar`"), span).label("expected `cta`"));
        }
        let (kind, span) = mnemonic.modifier(2, "`.sync` or `.arrive`")?;
        if !["sync", "arrive"].contains(&kind) {
            return Err(Diagnostic::new(format!("there is no barrier `bar.cta.{kind}`"), span)
                .label("expected `sync` or `arrive`"));
        }
        mnemonic.ends_at(3)?;
        let instance = self.small_number("a barrier instance")?;
        let resource = if self.take(",") { self.operand()? } else { Operand::Constant(0) };
        let quorum = if self.take(",") { Some(self.operand()?) } else { None };
        Ok(Instruction::Barrier { arrive: kind == "arrive", instance, resource, quorum })
    }

    fn branch(&mut self, mnemonic: &Mnemonic<'_>, comparison: Comparison, column: &mut Column) -> Parsed<Instruction> {
        mnemonic.ends_at(1)?;
        let left = self.operand()?;
        self.expect(",")?;
        let right = self.operand()?;
        self.expect(",")?;
        self.target(column)?;
        Ok(Instruction::Branch(comparison, left, right, 0))
    }

    fn compute(&mut self, mnemonic: &Mnemonic<'_>, operation: Arithmetic) -> Parsed<Instruction> {
        mnemonic.ends_at(1)?;
        let register = self.register()?;
        self.expect(",")?;
        let left = self.operand()?;
        self.expect(",")?;
        Ok(Instruction::Compute(operation, register, left, self.operand()?))
    }

    /// Notes the label for [`Parser::thread`].
    fn target(&mut self, column: &mut Column) -> Parsed<()> {
        let (label, span) = self.word("a label")?;
        column.jumps.push((column.instructions.len(), label.to_owned(), span));
        Ok(())
    }

    fn register(&mut self) -> Parsed<Register> {
        let found = register(self.word_ahead(0)).ok_or_else(|| self.unexpected("a register, as r0"))?;
        self.advance();
        Ok(found)
    }

    fn operand(&mut self) -> Parsed<Operand> {
        match self.peek().kind {
            TokenKind::Number(value) => {
                self.advance();
                Ok(Operand::Constant(value))
            }
            _ if register(self.word_ahead(0)).is_some() => Ok(Operand::Register(self.register()?)),
            _ => Err(self.unexpected("a number or a register")),
        }
    }

    fn access(&mut self, order: Order, scope: Scope, proxy: Proxy) -> Parsed<Access> {
        let bracketed = self.take("[");
        let (name, _) = self.location_name()?;
        if bracketed {
            self.expect("]")?;
        }
        Ok(Access { order, scope, proxy, location: self.locations.find(name) })
    }

    /// A column whose jumps have found their labels.
    pub(super) fn thread(&mut self, id: ThreadId, mut column: Column, placement: Placement) -> Parsed<ThreadText> {
        for (index, label, span) in std::mem::take(&mut column.jumps) {
            let Some(found) = column.labels.get(&label).copied() else {
                let message = format!("there is no label `{label}` in P{}", id.0);
                return Err(Diagnostic::new(message, span).label("not set in this thread"));
            };
            match &mut column.instructions[index].0 {
                Instruction::Goto(target) | Instruction::Branch(.., target) => *target = found,
                _ => {}
            }
        }
        let own = self.registers.iter().filter(|(thread, ..)| *thread == id);
        let initial = own.map(|(_, register, value, _)| (*register, *value)).collect();
        Ok(ThreadText { placement, instructions: column.instructions, initial })
    }
}

/// Order and scope of a load or store: a weak one has no scope, a strong one needs one.
fn semantics(mnemonic: &Mnemonic<'_>, orders: &[&str]) -> Parsed<(Order, Scope)> {
    let (order, span) = mnemonic.modifier(1, "an order")?;
    let order = order_of(order, orders, span)?;
    if order == Order::Weak {
        if let Some((scope, span)) = mnemonic.words.get(2) {
            return Err(Diagnostic::new(format!("a weak operation has no scope, found `.{scope}`"), span.clone())
                .label("only strong operations have a scope"));
        }
        return Ok((order, Scope::Sys));
    }
    let (scope, span) = mnemonic.modifier(2, "a scope")?;
    mnemonic.ends_at(3)?;
    Ok((order, scope_of(scope, span)?))
}

fn order_of(word: &str, allowed: &[&str], span: Span) -> Parsed<Order> {
    let order = match word {
        "weak" => Order::Weak,
        "relaxed" => Order::Relaxed,
        "acquire" => Order::Acquire,
        "release" => Order::Release,
        "acq_rel" => Order::AcqRel,
        _ => return Err(unknown("order", word, allowed, span)),
    };
    if allowed.contains(&word) { Ok(order) } else { Err(unknown("order", word, allowed, span)) }
}

fn scope_of(word: &str, span: Span) -> Parsed<Scope> {
    match word {
        "cta" => Ok(Scope::Cta),
        "gpu" => Ok(Scope::Gpu),
        "sys" => Ok(Scope::Sys),
        _ => Err(unknown("scope", word, &["cta", "gpu", "sys"], span)),
    }
}

fn unknown(what: &str, word: &str, allowed: &[&str], span: Span) -> Diagnostic {
    Diagnostic::new(format!("`.{word}` is no {what} here"), span).label(format!("expected {}", allowed.join(", ")))
}

fn fence(mnemonic: &Mnemonic<'_>) -> Parsed<Instruction> {
    let kinds = ["acq_rel", "sc", "proxy"];
    let (kind, span) = mnemonic.modifier(1, "`.acq_rel`, `.sc` or `.proxy`")?;
    if !kinds.contains(&kind) {
        return Err(unknown("fence", kind, &kinds, span));
    }
    let (detail, span) = mnemonic.modifier(2, if kind == "proxy" { "a proxy" } else { "a scope" })?;
    mnemonic.ends_at(3)?;
    if kind != "proxy" {
        return Ok(Instruction::Fence(Fence { sequentially_consistent: kind == "sc", scope: scope_of(detail, span)? }));
    }
    Ok(Instruction::ProxyFence(match detail {
        "generic" => ProxyFence::Proxy(Proxy::Generic),
        "constant" => ProxyFence::Proxy(Proxy::Constant),
        "texture" => ProxyFence::Proxy(Proxy::Texture),
        "surface" => ProxyFence::Proxy(Proxy::Surface),
        "alias" => ProxyFence::Alias,
        _ => {
            let allowed = ["generic", "constant", "texture", "surface", "alias"];
            return Err(unknown("proxy", detail, &allowed, span));
        }
    }))
}

fn comparison(word: &str) -> Option<Comparison> {
    Some(match word {
        "beq" => Comparison::Equal,
        "bne" => Comparison::NotEqual,
        "blt" => Comparison::Less,
        "ble" => Comparison::LessOrEqual,
        "bgt" => Comparison::Greater,
        "bge" => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

fn arithmetic(word: &str) -> Option<Arithmetic> {
    Some(match word {
        "add" => Arithmetic::Add,
        "sub" => Arithmetic::Sub,
        "mul" => Arithmetic::Mul,
        "div" => Arithmetic::Div,
        "and" => Arithmetic::And,
        "or" => Arithmetic::Or,
        "xor" => Arithmetic::Xor,
        "min" => Arithmetic::Min,
        "max" => Arithmetic::Max,
        "inc" => Arithmetic::Inc,
        "dec" => Arithmetic::Dec,
        _ => return None,
    })
}
