//! Statements as text.

use super::expressions::{arguments, compare, compared_place, expression, over, place};
use super::{Printer, reduction_word};
use crate::ir::AtomicOperation;
use crate::language::tree::{Body, Item, Marking, Statement, Trivia};

impl Printer {
    /// `{`, the statements a level deeper, `}`.
    pub(super) fn body(&mut self, body: &Body) {
        self.text.push_str("{\n");
        self.level += 1;
        for item in &body.statements {
            self.before(&item.trivia);
            self.statement(&item.kind);
            self.end_of(&item.trivia);
        }
        self.comments(&body.closing);
        self.level -= 1;
        self.indent();
        self.text.push('}');
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::If { condition, then, otherwise } => {
                self.text.push_str(&format!("if {} ", expression(condition)));
                self.body(then);
                if let Some(otherwise) = otherwise {
                    self.otherwise(otherwise);
                }
            }
            Statement::For { variable, from, to, body } => {
                self.text.push_str(&format!("for {} in {}..{} ", variable.text, expression(from), expression(to)));
                self.body(body);
            }
            Statement::Threads { variable, limit, body } => {
                self.text.push_str(&format!("threads {} < {} ", variable.text, expression(limit)));
                self.body(body);
            }
            Statement::Ghost(body) => {
                self.text.push_str("ghost ");
                self.body(body);
            }
            Statement::Stream { stream, body } => {
                self.text.push_str(&format!("stream {} ", expression(stream)));
                self.body(body);
            }
            Statement::Group(body) => {
                self.text.push_str("group ");
                self.body(body);
            }
            simple => self.text.push_str(&simple_statement(simple)),
        }
    }

    /// `else if` where the body is one `if` and nothing else, comments included.
    fn otherwise(&mut self, otherwise: &Body) {
        self.text.push_str(" else ");
        match otherwise.statements.as_slice() {
            [Item { trivia, kind: kind @ Statement::If { .. }, .. }]
                if *trivia == Trivia::default() && otherwise.closing.is_empty() =>
            {
                self.statement(kind);
            }
            _ => self.body(otherwise),
        }
    }
}

fn simple_statement(statement: &Statement) -> String {
    match statement {
        Statement::BlockSync => "block_sync".to_owned(),
        Statement::Exit => "exit".to_owned(),
        Statement::Barrier { arrive, id, count } => {
            let word = if *arrive { "barrier_arrive" } else { "barrier_sync" };
            let count = count.as_ref().map_or(String::new(), |count| format!(", {}", expression(count)));
            format!("{word} {}{count}", expression(id))
        }
        Statement::Store { place: slot, value, ordering: order } => {
            format!("store {} = {} {}", place(slot), expression(value), order.semantics)
        }
        Statement::Let { name, value, ordering: order } => {
            let order = order.as_ref().map_or(String::new(), |order| format!(" {}", order.semantics));
            format!("let {} = {}{order}", name.text, expression(value))
        }
        Statement::Atomic { name, operation, place: slot, operands, ordering: order } => {
            let binding = name.as_ref().map_or(String::new(), |name| format!("let {} = ", name.text));
            let word = atomic_word(*operation);
            format!("{binding}atomic {word} {}, {} {}", place(slot), arguments(operands), order.semantics)
        }
        Statement::Await { place: slot, compare: comparison, value, ordering: order } => {
            let (slot, comparison) = (compared_place(slot), compare(*comparison));
            format!("await {slot} {comparison} {} {}", expression(value), order.semantics)
        }
        Statement::Copy { destination, source, over: range } => {
            format!("copy {} <- {} over {}", place(destination), place(source), over(range))
        }
        Statement::Start { destination, source, over: range, pipe } => {
            let (destination, source) = (place(destination), place(source));
            format!("start copy {destination} <- {source} over {} on {}", over(range), pipe.text)
        }
        Statement::Finish { pipe, remaining } => {
            let remaining =
                remaining.as_ref().map_or(String::new(), |remaining| format!(" to {}", expression(remaining)));
            format!("finish {}{remaining}", pipe.text)
        }
        Statement::Reduce { destination, operation, variable, from, to, source, over: range } => {
            let (word, from, to) = (reduction_word(*operation), expression(from), expression(to));
            let head = format!("reduce {} <- {word} over {} in {from}..{to}", place(destination), variable.text);
            format!("{head} of {} over {}", place(source), over(range))
        }
        Statement::Accumulate { destination, operation, source, over: range } => {
            let (word, source) = (reduction_word(*operation), place(source));
            format!("accumulate {} <- {word} of {source} over {}", place(destination), over(range))
        }
        Statement::Send { destination, source, over: range, marking: marked, ordering: order } => {
            let head = format!("send {} <- {} over {}", place(destination), place(source), over(range));
            format!("{head} {} {}", marking(marked), order.semantics)
        }
        Statement::Receive {
            destination,
            operation,
            variable,
            from,
            to,
            source,
            over: range,
            marking: marked,
            ordering: order,
        } => {
            let (word, from, to) = (reduction_word(*operation), expression(from), expression(to));
            let head = format!("receive {} <- {word} over {} in {from}..{to}", place(destination), variable.text);
            let marked = format!("{} {}", marking(marked), order.semantics);
            format!("{head} of {} over {} {marked}", place(source), over(range))
        }
        short => short_statement(short),
    }
}

/// Statements of one part, and those of host programs.
fn short_statement(statement: &Statement) -> String {
    match statement {
        Statement::Call { name, arguments: list } => format!("{}({})", name.text, arguments(list)),
        Statement::Assert(condition) => format!("assert {}", expression(condition)),
        Statement::Fence(order) => format!("fence {}", order.semantics),
        Statement::Synchronise { stream } => format!("synchronise stream {}", expression(stream)),
        Statement::Exchange { place: row } => format!("exchange handles of {}", place(row)),
        Statement::Record { event } => format!("record {}", place(event)),
        Statement::Wait { event } => format!("wait {}", place(event)),
        Statement::Transfer { receives, place: row, over: range, peer } => {
            let (word, towards) = if *receives { ("receive", "from") } else { ("send", "to") };
            format!("{word} {} over {} {towards} rank {}", place(row), over(range), expression(peer))
        }
        // The others are printed by the caller, for they have bodies.
        _ => String::new(),
    }
}

fn marking(marking: &Marking) -> String {
    match marking {
        Marking::Flag(value) => format!("flag {}", expression(value)),
        Marking::Sentinel => "sentinel".to_owned(),
    }
}

fn atomic_word(operation: AtomicOperation) -> &'static str {
    match operation {
        AtomicOperation::Add => "add",
        AtomicOperation::Exchange => "exchange",
        AtomicOperation::CompareSwap => "cas",
        AtomicOperation::Min => "min",
        AtomicOperation::Max => "max",
        AtomicOperation::And => "and",
        AtomicOperation::Or => "or",
        AtomicOperation::Xor => "xor",
        AtomicOperation::Increment => "inc",
        AtomicOperation::Decrement => "dec",
    }
}
