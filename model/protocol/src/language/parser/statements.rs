//! Statements, from tokens to the syntax tree.

use super::expressions::ORDERINGS;
use super::{Parsed, Parser};
use crate::ir::{AtomicOperation, Compare, Reduction};
use crate::language::diagnostics::nearest;
use crate::language::tree::{Body, Marking, Name, Place, Statement};

/// The words that statements begin with.
const STATEMENTS: [&str; 22] = [
    "block_sync",
    "barrier_sync",
    "barrier_arrive",
    "store",
    "let",
    "atomic",
    "await",
    "fence",
    "copy",
    "reduce",
    "accumulate",
    "send",
    "receive",
    "start",
    "finish",
    "for",
    "if",
    "threads",
    "exit",
    "ghost",
    "assert",
    "stream",
];

/// The other words that statements of host programs begin with: procedures may be called so, too.
const HOST_STATEMENTS: [&str; 5] = ["synchronise", "exchange", "record", "wait", "group"];

/// Words that may continue the statement before: no procedure may be called so, nor as a statement or an order.
const CONTINUATIONS: [&str; 7] = ["on", "at", "by", "tail", "to", "reached", "sc"];

/// Statements that a procedure may be called like: a parenthesis tells which is meant.
const ALSO_NAMES: [&str; 2] = ["send", "receive"];

/// Whether statements begin with this word.
pub(super) fn begins_statement(word: &str) -> bool {
    STATEMENTS.contains(&word) || HOST_STATEMENTS.contains(&word)
}

type Headed = (Statement, Option<u32>);

impl Parser<'_> {
    /// `{ … }`
    pub(super) fn body(&mut self) -> Parsed<Body> {
        self.nested(|parser| {
            parser.expect("{")?;
            let mut statements = Vec::new();
            while parser.symbol_ahead(0) != "}" {
                let first = statements.is_empty();
                statements.push(parser.item(first, true, Parser::statement)?);
            }
            let closing = parser.comments_before(parser.start());
            parser.expect("}")?;
            Ok(Body { statements, closing })
        })
    }

    fn statement(&mut self) -> Parsed<Headed> {
        let word = self.word();
        let is_name = !STATEMENTS.contains(&word) || ALSO_NAMES.contains(&word);
        if is_name && self.symbol_ahead(1) == "(" {
            let name = self.procedure()?;
            return Ok((Statement::Call { name, arguments: self.arguments()? }, None));
        }
        if HOST_STATEMENTS.contains(&word) || word == "stream" {
            return self.host_statement();
        }
        if !STATEMENTS.contains(&word) {
            let error = self.unexpected("a statement");
            return Err(match nearest(word, STATEMENTS.into_iter().chain(HOST_STATEMENTS)) {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error,
            });
        }
        if matches!(word, "for" | "if" | "threads" | "ghost") {
            return self.compound();
        }
        self.advance();
        let statement = match word {
            "block_sync" => Statement::BlockSync,
            "exit" => Statement::Exit,
            "barrier_sync" => self.barrier(false)?,
            "barrier_arrive" => self.barrier(true)?,
            "store" => self.store()?,
            "let" => self.binding()?,
            "atomic" => self.atomic(None)?,
            "await" => self.wait()?,
            "fence" => Statement::Fence(self.ordering()?),
            "copy" => self.copy()?,
            "reduce" => self.reduce()?,
            "accumulate" => self.accumulate()?,
            "send" => self.send()?,
            "receive" => self.receive()?,
            "start" => self.start_copy()?,
            "finish" => self.finish()?,
            _ => Statement::Assert(self.expression()?),
        };
        Ok((statement, None))
    }

    /// What the host thread does, or enqueues on a stream.
    fn host_statement(&mut self) -> Parsed<Headed> {
        let word = self.word();
        self.advance();
        let statement = match word {
            "stream" => {
                let stream = self.expression()?;
                let head = self.head_end();
                return Ok((Statement::Stream { stream, body: self.body()? }, Some(head)));
            }
            "group" => {
                let head = self.head_end();
                return Ok((Statement::Group(self.body()?), Some(head)));
            }
            "synchronise" => {
                self.expect_word("stream")?;
                Statement::Synchronise { stream: self.expression()? }
            }
            "exchange" => {
                self.expect_word("handles")?;
                self.expect_word("of")?;
                Statement::Exchange { place: self.place()? }
            }
            "record" => Statement::Record { event: self.place()? },
            _ => Statement::Wait { event: self.place()? },
        };
        Ok((statement, None))
    }

    /// What comes after the buffer in `send BUFFER over … to rank …` and `receive BUFFER over … from rank …`.
    fn transfer(&mut self, receives: bool, place: Place) -> Parsed<Statement> {
        self.expect_word("over")?;
        let over = self.over()?;
        self.expect_word(if receives { "from" } else { "to" })?;
        self.expect_word("rank")?;
        Ok(Statement::Transfer { receives, place, over, peer: self.expression()? })
    }

    /// The name of a procedure: neither a statement's word nor an order's.
    pub(super) fn procedure(&mut self) -> Parsed<Name> {
        let word = self.word();
        let reserved = [&STATEMENTS[..], &ORDERINGS[..], &CONTINUATIONS[..]].iter().any(|words| words.contains(&word));
        if reserved && !ALSO_NAMES.contains(&word) {
            let note = format!("`{word}` is a word of the language, not a name");
            return Err(self.unexpected("the name of a procedure").note(note));
        }
        self.name("the name of a procedure")
    }

    fn compound(&mut self) -> Parsed<Headed> {
        let word = self.word();
        if word == "if" {
            return self.branch();
        }
        self.advance();
        if word == "ghost" {
            let head = self.head_end();
            return Ok((Statement::Ghost(self.body()?), Some(head)));
        }
        let variable = self.declared("a name", if word == "for" { &["in"] } else { &["<"] }, false)?;
        if word == "for" {
            self.expect_word("in")?;
            let (from, to) = self.bounds()?;
            let head = self.head_end();
            return Ok((Statement::For { variable, from, to, body: self.body()? }, Some(head)));
        }
        self.expect("<")?;
        let limit = self.expression()?;
        let head = self.head_end();
        Ok((Statement::Threads { variable, limit, body: self.body()? }, Some(head)))
    }

    /// The end of the token taken last.
    fn head_end(&self) -> u32 {
        self.since(0).0.end
    }

    fn branch(&mut self) -> Parsed<Headed> {
        self.expect_word("if")?;
        let condition = self.expression()?;
        let head = self.head_end();
        let then = self.body()?;
        let otherwise = if !self.take_word("else") {
            None
        } else if self.word() == "if" {
            let chained = self.nested(|parser| parser.item(true, false, Parser::statement))?;
            Some(Body { statements: vec![chained], closing: Vec::new() })
        } else {
            Some(self.body()?)
        };
        Ok((Statement::If { condition, then, otherwise }, Some(head)))
    }

    fn barrier(&mut self, arrive: bool) -> Parsed<Statement> {
        let id = self.expression()?;
        let count = if self.take(",") { Some(self.expression()?) } else { None };
        Ok(Statement::Barrier { arrive, id, count })
    }

    fn store(&mut self) -> Parsed<Statement> {
        let place = self.place()?;
        self.expect("=")?;
        let value = self.expression()?;
        Ok(Statement::Store { place, value, ordering: self.ordering()? })
    }

    fn binding(&mut self) -> Parsed<Statement> {
        let name = self.declared("a name", &["="], false)?;
        self.expect("=")?;
        if self.word() == "atomic" && self.symbol_ahead(1).is_empty() {
            self.advance();
            return self.atomic(Some(name));
        }
        let value = self.expression()?;
        let ordered = ORDERINGS.contains(&self.word()) || self.word() == "sc" && self.symbol_ahead(1) == ".";
        let ordering = if ordered { Some(self.ordering()?) } else { None };
        Ok(Statement::Let { name, value, ordering })
    }

    fn atomic(&mut self, name: Option<Name>) -> Parsed<Statement> {
        let operation = match self.word() {
            "add" => AtomicOperation::Add,
            "exchange" => AtomicOperation::Exchange,
            "cas" => AtomicOperation::CompareSwap,
            "min" => AtomicOperation::Min,
            "max" => AtomicOperation::Max,
            "and" => AtomicOperation::And,
            "or" => AtomicOperation::Or,
            "xor" => AtomicOperation::Xor,
            "inc" => AtomicOperation::Increment,
            "dec" => AtomicOperation::Decrement,
            _ => return Err(self.unexpected("an atomic (add, exchange, cas, min, max, and, or, xor, inc, dec)")),
        };
        self.advance();
        let place = self.place()?;
        let mut operands = Vec::new();
        for _ in 0..if operation == AtomicOperation::CompareSwap { 2 } else { 1 } {
            self.expect(",")?;
            operands.push(self.expression()?);
        }
        Ok(Statement::Atomic { name, operation, place, operands, ordering: self.ordering()? })
    }

    fn wait(&mut self) -> Parsed<Statement> {
        let place = self.place_before_comparison()?;
        let compare = match (self.symbol_ahead(0), self.word()) {
            ("==", _) => Compare::Equal,
            ("!=", _) => Compare::NotEqual,
            ("<", _) => Compare::Less,
            ("<=", _) => Compare::LessEqual,
            (">", _) => Compare::Greater,
            (">=", _) => Compare::GreaterEqual,
            (_, "reached") => Compare::Reached,
            _ => return Err(self.unexpected("a comparison (==, !=, <, <=, >, >=, reached)")),
        };
        self.advance();
        let value = self.expression()?;
        Ok(Statement::Await { place, compare, value, ordering: self.ordering()? })
    }

    fn copy(&mut self) -> Parsed<Statement> {
        let destination = self.place()?;
        self.expect("<-")?;
        let source = self.place()?;
        self.expect_word("over")?;
        Ok(Statement::Copy { destination, source, over: self.over()? })
    }

    /// `copy DESTINATION <- SOURCE over … on PIPE`, after `start`.
    fn start_copy(&mut self) -> Parsed<Statement> {
        self.expect_word("copy")?;
        let destination = self.place()?;
        self.expect("<-")?;
        let source = self.place()?;
        self.expect_word("over")?;
        self.pipe_follows = true;
        let over = self.over()?;
        self.pipe_follows = false;
        self.expect_word("on")?;
        Ok(Statement::Start { destination, source, over, pipe: self.pipe("a pipe")? })
    }

    fn finish(&mut self) -> Parsed<Statement> {
        let pipe = self.pipe("a pipe")?;
        let remaining = if self.take_word("to") { Some(self.expression()?) } else { None };
        Ok(Statement::Finish { pipe, remaining })
    }

    /// `sum`, `max` or `min`.
    pub(super) fn reduction(&mut self, what: &str) -> Parsed<Reduction> {
        let reduction = match self.word() {
            "sum" => Reduction::Sum,
            "max" => Reduction::Max,
            "min" => Reduction::Min,
            _ => return Err(self.unexpected(what)),
        };
        self.advance();
        Ok(reduction)
    }

    /// What follows `reduce` or `receive`, up to its partition.
    fn reduce(&mut self) -> Parsed<Statement> {
        let destination = self.place()?;
        self.reduce_into(destination)
    }

    fn reduce_into(&mut self, destination: Place) -> Parsed<Statement> {
        self.expect("<-")?;
        let operation = self.reduction("a reduction (sum, max, min)")?;
        self.expect_word("over")?;
        let variable = self.declared("a name", &["in"], false)?;
        self.expect_word("in")?;
        let (from, to) = self.bounds()?;
        self.expect_word("of")?;
        let source = self.place()?;
        self.expect_word("over")?;
        Ok(Statement::Reduce { destination, operation, variable, from, to, source, over: self.over()? })
    }

    /// Words to a peer, or in a host program what a stream sends.
    fn send(&mut self) -> Parsed<Statement> {
        let destination = self.place()?;
        if self.word() == "over" {
            return self.transfer(false, destination);
        }
        self.expect("<-")?;
        let source = self.place()?;
        self.expect_word("over")?;
        let over = self.over()?;
        Ok(Statement::Send { destination, source, over, marking: self.marking()?, ordering: self.ordering()? })
    }

    fn receive(&mut self) -> Parsed<Statement> {
        let destination = self.place()?;
        if self.word() == "over" {
            return self.transfer(true, destination);
        }
        let reduced = self.reduce_into(destination)?;
        let Statement::Reduce { destination, operation, variable, from, to, source, over } = reduced else {
            return Err(self.unexpected("a reduction"));
        };
        let (marking, ordering) = (self.marking()?, self.ordering()?);
        Ok(Statement::Receive { destination, operation, variable, from, to, source, over, marking, ordering })
    }

    fn marking(&mut self) -> Parsed<Marking> {
        if self.take_word("sentinel") {
            return Ok(Marking::Sentinel);
        }
        if !self.take_word("flag") {
            return Err(self.unexpected("how a word shows that it has come (`flag VALUE` or `sentinel`)"));
        }
        self.expression().map(Marking::Flag)
    }

    fn accumulate(&mut self) -> Parsed<Statement> {
        let destination = self.place()?;
        self.expect("<-")?;
        let operation = self.reduction("a reduction (sum, max, min)")?;
        self.expect_word("of")?;
        let source = self.place()?;
        self.expect_word("over")?;
        Ok(Statement::Accumulate { destination, operation, source, over: self.over()? })
    }

    /// A place whose rank stops before a comparison: `await slot on rank r == value`.
    fn place_before_comparison(&mut self) -> Parsed<Place> {
        self.place_with(Parser::sum)
    }
}
