//! Statements of one thread, written in PTX or in the language: accesses, ways to publish, ways to wait.
//!
//! Decision: an idiom is said once, in these terms, and written in both notations; what only PTX can say (loops over
//! several words, vectors, votes) is written there line by line. Each way to publish or to wait is right by itself;
//! what is wrong comes from damage done to the lines afterwards.

use super::layout::{Layout, Scope};
use super::place::{Buffer, Compare, Dialect, How, Place, Value, WEAK, how};
use super::random::Random;

/// Writes lines, and knows which words, registers and labels are taken.
pub(crate) struct Writer<'a> {
    /// What is left open.
    pub(crate) random: &'a mut Random,
    /// Who there is.
    pub(crate) layout: &'a Layout,
    /// In which notation.
    pub(crate) dialect: Dialect,
    taken: [u32; 7],
    registers: u32,
    labels: u32,
    rows: u32,
    barriers: u32,
    /// Whether something was written that is not right, or not surely.
    pub(crate) flawed: bool,
    pub(super) lines: Vec<String>,
}

impl<'a> Writer<'a> {
    /// Nothing written yet.
    pub(crate) fn new(random: &'a mut Random, layout: &'a Layout, dialect: Dialect) -> Writer<'a> {
        Writer {
            random,
            layout,
            dialect,
            taken: [0; 7],
            registers: 0,
            labels: 0,
            rows: 0,
            barriers: 0,
            flawed: false,
            lines: Vec::new(),
        }
    }

    /// What has been written since.
    pub(crate) fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.lines)
    }

    /// A line as it is.
    pub(crate) fn line(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// Words that nobody uses yet, one after the other, on a multiple of their number.
    pub(crate) fn words(&mut self, buffer: Buffer, rank: u32, number: u32) -> Place {
        let taken = &mut self.taken[buffer as usize];
        let word = taken.next_multiple_of(number);
        *taken = word + number;
        Place { buffer, rank, word }
    }

    /// A word that nobody uses yet.
    pub(crate) fn word(&mut self, buffer: Buffer, rank: u32) -> Place {
        self.words(buffer, rank, 1)
    }

    /// A word on the rank of one of these.
    pub(crate) fn word_of(&mut self, buffer: Buffer, members: &[usize]) -> Place {
        let member = self.random.pick(members);
        self.word(buffer, self.layout.members[member].rank)
    }

    /// A row of elements or packets that nobody uses yet (the language).
    pub(crate) fn row(&mut self) -> u32 {
        self.rows += 1;
        self.rows - 1
    }

    /// A barrier that nobody uses yet; 0 is the block's.
    pub(crate) fn barrier(&mut self) -> u32 {
        self.barriers += 1;
        self.barriers
    }

    /// What is written is right only if so.
    pub(crate) fn right_if(&mut self, right: bool) {
        self.flawed |= !right;
    }

    /// A 32-bit register.
    pub(crate) fn register(&mut self) -> String {
        self.registers += 1;
        match self.dialect {
            Dialect::Ptx => format!("%r{}", self.registers),
            Dialect::Language => format!("r{}", self.registers),
        }
    }

    /// A predicate.
    pub(crate) fn predicate(&mut self) -> String {
        self.registers += 1;
        format!("%p{}", self.registers)
    }

    /// A 64-bit register.
    pub(crate) fn wide(&mut self) -> String {
        self.registers += 1;
        format!("%rd{}", self.registers)
    }

    /// A name to jump to.
    pub(crate) fn label(&mut self) -> String {
        self.labels += 1;
        format!("$L{}", self.labels)
    }

    /// A scope that holds this one.
    pub(crate) fn wider(&mut self, reach: Scope) -> Scope {
        let scopes: &[Scope] = match reach {
            Scope::Cta => &[Scope::Cta, Scope::Gpu, Scope::Sys],
            Scope::Gpu => &[Scope::Gpu, Scope::Gpu, Scope::Sys],
            Scope::Sys => &[Scope::Sys],
        };
        self.random.pick(scopes)
    }

    /// The place as an operand.
    pub(crate) fn place(&self, at: Place) -> String {
        let Place { buffer, rank, word } = at;
        match (self.dialect, buffer) {
            (Dialect::Ptx, Buffer::Shared) => format!("[shared_words+{}]", 4 * word),
            (Dialect::Ptx, _) => format!("[%{}{rank}+{}]", buffer.name(), 4 * word),
            (Dialect::Language, Buffer::Out) => format!("out[{word}]"),
            (Dialect::Language, _) => format!("{}[{word}] on rank {rank}", buffer.name()),
        }
    }

    /// The state space of an access, as PTX writes it.
    pub(crate) fn space(at: Place) -> &'static str {
        if at.buffer == Buffer::Shared { "shared" } else { "global" }
    }

    /// A value as an operand.
    pub(crate) fn value(&mut self, value: Value) -> String {
        let Value { each, first } = value;
        if self.layout.launches == 1 || each == 0 {
            return first.to_string();
        }
        if self.dialect == Dialect::Language {
            return format!("now * {each} + {first}");
        }
        let register = self.register();
        self.line(format!("mad.lo.u32 {register}, %launch, {each}, {first};"));
        register
    }

    /// Stores an operand.
    pub(crate) fn store(&mut self, at: Place, operand: &str, how: How) {
        let place = self.place(at);
        self.line(match self.dialect {
            Dialect::Ptx => format!("st{}.{}.u32 {place}, {operand};", how.suffix(), Self::space(at)),
            Dialect::Language => format!("store {place} = {operand} {}", how.words()),
        });
    }

    /// Stores a value.
    pub(crate) fn store_value(&mut self, at: Place, value: Value, how: How) {
        let operand = self.value(value);
        self.store(at, &operand, how);
    }

    /// Loads into a register.
    pub(crate) fn load(&mut self, at: Place, how: How) -> String {
        let register = self.register();
        self.load_into(&register, at, how);
        register
    }

    fn load_into(&mut self, register: &str, at: Place, how: How) {
        let place = self.place(at);
        self.line(match self.dialect {
            Dialect::Ptx => format!("ld{}.{}.u32 {register}, {place};", how.suffix(), Self::space(at)),
            Dialect::Language => format!("let {register} = load {place} {}", how.words()),
        });
    }

    /// An atomic operation without its old value: `add`, `max`, …
    pub(crate) fn reduce(&mut self, operation: &str, at: Place, operand: &str, how: How) {
        let place = self.place(at);
        self.line(match self.dialect {
            Dialect::Ptx => {
                format!("red{}.{}.{} {place}, {operand};", how.suffix(), Self::space(at), typed(operation))
            }
            Dialect::Language => format!("atomic {operation} {place}, {operand} {}", how.words()),
        });
    }

    /// An atomic operation, and its old value; `operands` are two for `cas`.
    pub(crate) fn atomic(&mut self, operation: &str, at: Place, operands: &str, how: How) -> String {
        let register = self.register();
        let place = self.place(at);
        self.line(match self.dialect {
            Dialect::Ptx => {
                let typed = typed(operation);
                format!("atom{}.{}.{typed} {register}, {place}, {operands};", how.suffix(), Self::space(at))
            }
            Dialect::Language => {
                let operation = if operation == "exch" { "exchange" } else { operation };
                format!("let {register} = atomic {operation} {place}, {operands} {}", how.words())
            }
        });
        register
    }

    /// A fence.
    pub(crate) fn fence(&mut self, order: &str, scope: Scope) {
        self.line(match self.dialect {
            Dialect::Ptx => format!("fence.{order}.{};", scope.name()),
            Dialect::Language => format!("fence {order}.{}", scope.name()),
        });
    }

    /// A fence of either kind that reaches so far.
    pub(crate) fn some_fence(&mut self, reach: Scope) {
        let order = self.random.pick(&["acq_rel", "acq_rel", "sc"]);
        let scope = self.wider(reach);
        self.fence(order, scope);
    }

    /// The end of everything, if a register is so. The language has no trap: it reads what nobody wrote.
    pub(crate) fn fail_if(&mut self, register: &str, compare: Compare, value: Value) {
        let operand = self.value(value);
        if self.dialect == Dialect::Ptx {
            let predicate = self.predicate();
            self.line(format!("setp.{}.u32 {predicate}, {register}, {operand};", compare.holds()));
            self.line(format!("@{predicate} trap;"));
            return;
        }
        let read = self.register();
        let seen = self.word(Buffer::Out, 0);
        self.line(format!(
            "if {register} {} {operand} {{ let {read} = load poison[15] weak store out[{}] = {read} weak }}",
            compare.sign(),
            seen.word
        ));
    }

    /// Keeps what a thread has seen.
    pub(crate) fn keep(&mut self, member: usize, register: &str) {
        let seen = self.word(Buffer::Out, self.layout.members[member].rank);
        self.store(seen, register, WEAK);
    }

    /// Keeps it, or fails unless it is as expected.
    pub(crate) fn keep_or_check(&mut self, member: usize, register: &str, expected: Value) {
        if self.random.chance(50) {
            self.keep(member, register);
        } else {
            self.fail_if(register, Compare::Different, expected);
        }
    }

    /// Says that what came before is done, to whoever sees `value` at `at`, in one of the ways that are right.
    pub(crate) fn publish(&mut self, at: Place, value: Value, reach: Scope) {
        let operand = self.value(value);
        let scope = self.wider(reach);
        match self.random.below(10) {
            0..=3 => self.store(at, &operand, how("release", scope)),
            4..=5 => {
                self.some_fence(reach);
                self.store(at, &operand, how("relaxed", scope));
            }
            6 => {
                self.some_fence(reach);
                self.store(at, &operand, how("volatile", scope));
            }
            7 => {
                let order = self.random.pick(&["release", "acq_rel"]);
                let _ = self.atomic("exch", at, &operand, how(order, scope));
            }
            8 => self.reduce("max", at, &operand, how("release", scope)),
            _ => {
                self.some_fence(reach);
                self.reduce("max", at, &operand, how("relaxed", scope));
            }
        }
    }

    /// Waits in one of the ways that acquire; the register holds what was read (PTX only).
    pub(crate) fn wait(&mut self, at: Place, compare: Compare, value: Value, reach: Scope) -> String {
        let scope = self.wider(reach);
        match self.random.below(10) {
            0..=5 => self.poll(at, compare, value, how("acquire", scope)),
            other => {
                let order = if other < 8 { "relaxed" } else { "volatile" };
                let register = self.poll(at, compare, value, how(order, scope));
                self.some_fence(reach);
                register
            }
        }
    }
}

/// An atomic operation with its type.
fn typed(operation: &str) -> String {
    let kind = match operation {
        "exch" | "cas" | "and" | "or" | "xor" => "b32",
        _ => "u32",
    };
    format!("{operation}.{kind}")
}
