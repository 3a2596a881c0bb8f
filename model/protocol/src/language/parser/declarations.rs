//! Declarations and the file's head.

use super::{Parsed, Parser};
use crate::language::diagnostics::{Diagnostic, nearest};
use crate::language::lexer::TokenKind;
use crate::language::tree::{Class, Declaration, Definition, File, Name, Role, Setting, SettingValue, Start, Verdict};

/// The words that declarations begin with.
const DECLARATIONS: [&str; 20] = [
    "param",
    "topology",
    "knob",
    "require",
    "grid",
    "local",
    "symmetric",
    "channel",
    "pad",
    "event",
    "ghost",
    "pipe",
    "argument",
    "let",
    "partition",
    "sync",
    "kernel",
    "host",
    "streams",
    "expect",
];

/// Whether declarations begin with this word.
pub(super) fn begins_declaration(word: &str) -> bool {
    word == "variant" || DECLARATIONS.contains(&word)
}

type Headed = (Declaration, Option<u32>);

impl Parser<'_> {
    pub(super) fn file(&mut self) -> Parsed<File> {
        let head = self.item(true, true, |parser| {
            parser.expect_word("protocol")?;
            let name = parser.protocol_name()?;
            let mut summary = None;
            if parser.peek().kind == TokenKind::Text {
                let span = parser.advance();
                summary = Some(parser.text[span.start as usize + 1..span.end as usize - 1].to_owned());
            }
            Ok(((name, summary), None))
        })?;
        let mut declarations = Vec::new();
        while self.peek().kind != TokenKind::End {
            declarations.push(self.item(false, true, Parser::declaration)?);
        }
        let closing = self.comments_before(u32::MAX);
        let (name, summary) = head.kind;
        Ok(File { trivia: head.trivia, name, summary, declarations, closing })
    }

    /// Not the next declaration, where the name is missing.
    fn protocol_name(&mut self) -> Parsed<Name> {
        let what = "the protocol's name";
        let is_hyphenated = self.symbol_ahead(1) == "-";
        if begins_declaration(self.word()) && self.look(1).kind != TokenKind::Text && !is_hyphenated {
            self.is_declared(what, &[], true)?;
        }
        self.hyphenated(what)
    }

    fn declaration(&mut self) -> Parsed<Headed> {
        let word = self.word();
        if matches!(word, "local" | "symmetric" | "channel" | "pad" | "event" | "ghost") {
            return self.buffer().map(|declaration| (declaration, None));
        }
        if !begins_declaration(word) {
            let error = self.unexpected("a declaration");
            return Err(match nearest(word, DECLARATIONS.into_iter().chain(["variant"])) {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error,
            });
        }
        self.advance();
        let declaration = match word {
            "param" => self.parameters()?,
            "topology" => self.topology()?,
            "knob" => self.knob()?,
            "require" => Declaration::Require(self.expression()?),
            "grid" => Declaration::Grid(self.expression()?),
            "pipe" => {
                self.is_declared("the pipe's name", &[":"], false)?;
                let name = self.pipe("the pipe's name")?;
                self.expect(":")?;
                Declaration::Pipe { name, capacity: self.expression()? }
            }
            "argument" => {
                let name = self.declared("the argument's name", &["="], false)?;
                self.expect("=")?;
                Declaration::Argument { name, value: self.expression()? }
            }
            "let" => {
                let name = self.declared("a name", &["="], false)?;
                self.expect("=")?;
                Declaration::Let { name, value: self.expression()? }
            }
            "partition" => {
                let name = self.declared("the partition's name", &["(", "="], false)?;
                let parameters = self.names_in_parentheses()?;
                self.expect("=")?;
                Declaration::Partition { name, parameters, range: Box::new(self.range()?) }
            }
            "sync" => {
                // `sync` without a name, and then the kernel.
                let is_body = matches!(self.word(), "kernel" | "host");
                if begins_declaration(self.word()) {
                    self.is_declared("the name of a procedure", if is_body { &["("] } else { &["(", "{"] }, false)?;
                }
                let name = self.procedure()?;
                let parameters = self.names_in_parentheses()?;
                let head = self.since(0).0.end;
                return Ok((Declaration::Sync { name, parameters, body: self.body()? }, Some(head)));
            }
            "kernel" => {
                let head = self.since(0).0.end;
                return Ok((Declaration::Kernel(self.body()?), Some(head)));
            }
            "host" => {
                let head = self.since(0).0.end;
                return Ok((Declaration::Host(self.body()?), Some(head)));
            }
            "streams" => Declaration::Streams(self.expression()?),
            "expect" => self.expectation()?,
            _ => self.variant()?,
        };
        Ok((declaration, None))
    }

    fn names_in_parentheses(&mut self) -> Parsed<Vec<Name>> {
        let mut names = Vec::new();
        if self.take("(") {
            while self.symbol_ahead(0) != ")" {
                names.push(self.declared("a parameter", &[",", ")"], false)?);
                if !self.take(",") {
                    break;
                }
            }
            self.expect(")")?;
        }
        Ok(names)
    }

    fn parameters(&mut self) -> Parsed<Declaration> {
        let mut parameters = Vec::new();
        loop {
            let role = match self.word() {
                "ranks" => Role::Ranks,
                "blocks" => Role::Blocks,
                "threads" => Role::Threads,
                "elements" => Role::Elements,
                "element" => Role::Element,
                _ => return Err(self.unexpected("a size (ranks, blocks, threads, elements, element)")),
            };
            self.advance();
            parameters.push((role, self.declared("a name for the size", &[",", "up"], true)?));
            if role == Role::Elements && self.take_word("up") {
                self.expect_word("to")?;
                parameters.push((Role::Capacity, self.declared("a name for the capacity", &[","], true)?));
            }
            if !self.take(",") {
                return Ok(Declaration::Parameters(parameters));
            }
        }
    }

    fn topology(&mut self) -> Parsed<Declaration> {
        let mut axes = vec![self.declared("an axis", &["*"], true)?];
        while self.take("*") {
            axes.push(self.declared("an axis", &["*"], true)?);
        }
        Ok(Declaration::Topology(axes))
    }

    fn knob(&mut self) -> Parsed<Declaration> {
        let name = self.declared("the knob's name", &["="], false)?;
        self.expect("=")?;
        let mut values = vec![self.any_word("a value")?];
        while self.take("|") {
            values.push(self.any_word("a value")?);
        }
        Ok(Declaration::Knob { name, values })
    }

    fn buffer(&mut self) -> Parsed<Declaration> {
        let ghost = self.take_word("ghost");
        let class = match self.word() {
            "local" => Class::Local,
            "symmetric" => Class::Symmetric,
            "channel" => Class::Channel,
            "pad" => Class::Pad,
            "event" if !ghost => Class::Event,
            _ => return Err(self.unexpected("`local`, `symmetric`, `channel` or `pad`")),
        };
        self.advance();
        let mut names = vec![self.declared("the buffer's name", &[",", ":"], false)?];
        while self.take(",") {
            names.push(self.declared("the buffer's name", &[",", ":"], false)?);
        }
        self.expect(":")?;
        let element = match class {
            Class::Event => Name { text: String::new(), at: self.since(self.start()) },
            _ => self.name("an element type")?,
        };
        let mut shape = Vec::new();
        while self.take("[") {
            shape.push(self.expression()?);
            self.expect("]")?;
        }
        let (mut refreshed, mut initially) = (false, None);
        loop {
            if !refreshed && self.take_word("refreshed") {
                refreshed = true;
            } else if initially.is_none() && self.take_word("initially") {
                initially = Some(self.start_value()?);
            } else {
                return Ok(Declaration::Buffer { ghost, class, names, element, shape, refreshed, initially });
            }
        }
    }

    fn start_value(&mut self) -> Parsed<Start> {
        if self.take_word("random") {
            return Ok(Start::Random);
        }
        let (value, at) = self.number("a number or `random`")?;
        u32::try_from(value)
            .map(Start::Word)
            .map_err(|_| Diagnostic::new(format!("the integer {value} is too large"), at.0).label("a word has 32 bits"))
    }

    fn expectation(&mut self) -> Parsed<Declaration> {
        let output = self.name("the output's name")?;
        self.expect("==")?;
        let what = "what the output is (sum of, max of, min of, gather of, reduce-scatter sum of, broadcast of, shift of, transfer of)";
        let definition = match self.word() {
            "gather" => {
                self.advance();
                Definition::Gather
            }
            "broadcast" => {
                self.advance();
                Definition::Broadcast
            }
            "shift" => {
                self.advance();
                Definition::Shift
            }
            "transfer" => {
                self.advance();
                Definition::Transfer
            }
            "reduce" => {
                let name = self.hyphenated(what)?;
                if name.text != "reduce-scatter" {
                    return Err(Diagnostic::new(
                        format!("expected `reduce-scatter`, found `{}`", name.text),
                        name.at.0,
                    ));
                }
                Definition::ReduceScatter(self.reduction("a reduction (sum, max, min)")?)
            }
            _ => Definition::AllReduce(self.reduction(what)?),
        };
        self.expect_word("of")?;
        let input = self.name("the input's name")?;
        let plus = if self.take_word("plus") { Some(self.name("a buffer's name")?) } else { None };
        let same = self.take(",");
        if same {
            for word in ["same", "on", "all", "ranks"] {
                self.expect_word(word)?;
            }
        }
        Ok(Declaration::Expect { output, definition, input, plus, same })
    }

    fn variant(&mut self) -> Parsed<Declaration> {
        let name = self.hyphenated("the variant's name")?;
        let mut assignments = Vec::new();
        self.expect("{")?;
        while self.symbol_ahead(0) != "}" {
            let knob = self.name("a knob")?;
            self.expect("=")?;
            assignments.push((knob, self.any_word("a value of the knob")?));
            if !self.take(",") {
                break;
            }
        }
        self.expect("}")?;
        let verdict = self.verdict()?;
        let mut settings = Vec::new();
        if self.take_word("at") {
            settings.push(self.setting()?);
            while self.take(",") {
                settings.push(self.setting()?);
            }
        }
        Ok(Declaration::Variant { name, assignments, verdict, settings })
    }

    fn verdict(&mut self) -> Parsed<Verdict> {
        if self.take_word("verifies") {
            return Ok(Verdict::Verifies);
        }
        if !self.take_word("violates") {
            return Err(self.unexpected("`verifies` or `violates`"));
        }
        let mut codes = vec![self.any_word("a code such as AR001")?];
        while self.take(",") {
            codes.push(self.any_word("a code such as AR001")?);
        }
        Ok(Verdict::Violates(codes))
    }

    fn setting(&mut self) -> Parsed<Setting> {
        let name = self.any_word("a setting")?;
        if self.word().is_empty() {
            let (value, at) = self.number("a number")?;
            return Ok(Setting { name, value: SettingValue::Number(value), at });
        }
        let value = self.hyphenated("a number or word")?;
        Ok(Setting { name, value: SettingValue::Word(value.text), at: value.at })
    }
}
