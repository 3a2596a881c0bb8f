//! Statements of a function's body.
//!
//! Decision: blocks within the body are flattened on the way, their names made unique by [`super::super::scopes`]; an
//! unknown directive becomes an instruction of its name, so that a thread that reaches it is not said to be
//! understood. Not kept: pragmas.

use super::super::lexer::TokenKind;
use super::super::tree::{Body, Instruction, Line, Operand, Statement};
use super::module::Linkage;
use super::{Parsed, Parser};

impl<'a> Parser<'a> {
    /// `{ … }`
    pub(super) fn body(&mut self) -> Parsed<Body> {
        let mut body = Body::default();
        self.scopes.start();
        self.block(&mut body)?;
        Ok(body)
    }

    /// A block whose scope is open already; closes it.
    fn block(&mut self, body: &mut Body) -> Parsed<()> {
        self.expect("{")?;
        while !self.take("}") {
            self.statement(body)?;
        }
        self.scopes.close(body);
        Ok(())
    }

    fn statement(&mut self, body: &mut Body) -> Parsed<()> {
        let token = self.peek();
        match token.kind {
            TokenKind::Modifier => self.body_directive(body),
            TokenKind::Word if self.look(1).symbol() == ":" => self.label(body),
            TokenKind::Word => self.push_instruction(body),
            _ if self.at("@") => self.push_instruction(body),
            _ if self.at("{") => {
                self.scopes.open(body);
                self.nested(|parser| parser.block(body))
            }
            _ => Err(self.unexpected("an instruction, a label, a directive or `}`")),
        }
    }

    fn push_instruction(&mut self, body: &mut Body) -> Parsed<()> {
        let instruction = self.instruction()?;
        body.statements.push(Statement::Instruction(instruction));
        Ok(())
    }

    fn body_directive(&mut self, body: &mut Body) -> Parsed<()> {
        match self.directive_ahead() {
            "reg" => body.registers.append(&mut self.registers()?),
            "loc" => {
                let line = self.line()?;
                body.statements.push(Statement::Location(line));
            }
            "pragma" => self.pragma()?,
            "extern" | "visible" | "weak" | "common" => {
                let linkage = self.linkage();
                self.body_variables(body, &linkage)?;
            }
            _ if self.at_variables() => self.body_variables(body, &Linkage::default())?,
            _ => {
                let instruction = self.unknown_directive()?;
                body.statements.push(Statement::Instruction(instruction));
            }
        }
        Ok(())
    }

    fn body_variables(&mut self, body: &mut Body, linkage: &Linkage) -> Parsed<()> {
        for mut variable in self.variables(linkage)? {
            variable.name = self.scopes.declare(&variable.name);
            body.variables.push(variable);
        }
        Ok(())
    }

    /// Up to its semicolon.
    fn unknown_directive(&mut self) -> Parsed<Instruction> {
        let first = self.advance();
        let start = self.peek().start;
        while !self.at(";") {
            if self.at_end() || self.at("}") {
                return Err(self.unexpected("`;`"));
            }
            if self.at("{") {
                self.skip_balanced("{", "}")?;
            } else {
                self.advance();
            }
        }
        let operands = match self.since(start).0.trim() {
            "" => Vec::new(),
            text => vec![Operand::Other(text.to_owned())],
        };
        self.expect(";")?;
        let (_, span) = self.since(first.start);
        Ok(Instruction { guard: None, name: self.text_of(first).to_owned(), modifiers: Vec::new(), operands, span })
    }

    /// `name:`, and the lists of targets that may follow one.
    fn label(&mut self, body: &mut Body) -> Parsed<()> {
        let (name, _) = self.word("a label")?;
        let name = self.scopes.declare(name);
        self.expect(":")?;
        match self.directive_ahead() {
            "branchtargets" | "calltargets" => {
                self.advance();
                let names = self.words("a name")?;
                self.semicolon("`,` or `;`")?;
                body.targets.push((name, names));
            }
            "callprototype" => {
                self.call_prototype()?;
                body.targets.push((name, Vec::new()));
            }
            _ => body.statements.push(Statement::Label(name)),
        }
        Ok(())
    }

    /// `.callprototype (.param .b32 _) _ (.param .b64 _) .noreturn;`
    fn call_prototype(&mut self) -> Parsed<()> {
        self.advance();
        if self.at("(") {
            self.parameters()?;
        }
        self.word("`_`")?;
        if self.at("(") {
            self.parameters()?;
        }
        while self.peek().kind == TokenKind::Modifier {
            self.advance();
            while self.peek().kind == TokenKind::Number {
                self.advance();
                self.take(",");
            }
        }
        self.semicolon("`;`")
    }

    /// `.loc file line column [, function_name label+offset] [, inlined_at file line column]`
    pub(super) fn line(&mut self) -> Parsed<Line> {
        self.advance();
        let (file, line, column) = self.place()?;
        let mut inlined_at = None;
        while self.take(",") {
            if self.take_word("function_name") {
                self.word("a label")?;
                self.offset()?;
            } else if self.take_word("inlined_at") {
                inlined_at = Some(self.place()?);
            } else {
                return Err(self.unexpected("`function_name` or `inlined_at`"));
            }
        }
        Ok(Line { file, line, column, inlined_at })
    }

    fn place(&mut self) -> Parsed<(u32, u32, u32)> {
        Ok((self.small_literal("a file's number")?, self.small_literal("a line")?, self.small_literal("a column")?))
    }
}
