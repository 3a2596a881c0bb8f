//! Instructions and their operands.
//!
//! Decision: the parser knows the forms of operands and no instruction but `call`, whose parentheses hold lists and
//! no expressions. Forms that the tree has no place for (texture coordinates, subscripts, byte selectors of video
//! instructions) are kept as text, so that they are refused when they are reached and not before.

use super::super::error::{Problem, SyntaxError};
use super::super::lexer::TokenKind;
use super::super::tree::{Constant, Instruction, Operand};
use super::{Parsed, Parser};

/// Special registers with elements; any other name with `.x` is a vector register.
const VECTORS: [&str; 8] =
    ["%tid", "%ntid", "%ctaid", "%nctaid", "%clusterid", "%nclusterid", "%cluster_ctaid", "%cluster_nctaid"];

impl<'a> Parser<'a> {
    /// `@!%p ld.acquire.sys.global.u32 %r1, [%rd1+4];`
    pub(super) fn instruction(&mut self) -> Parsed<Instruction> {
        let start = self.peek().start;
        let guard = if self.take("@") {
            let negated = self.take("!");
            Some((self.word("a predicate")?.0.to_owned(), negated))
        } else {
            None
        };
        let name = self.word("an instruction")?.0;
        let mut modifiers = self.modifiers();
        let mut operands = Vec::new();
        if !self.at(";") {
            loop {
                operands.push(self.operand(name == "call")?);
                // `[a].unified`
                if self.tokens[self.position - 1].symbol() == "]" {
                    modifiers.append(&mut self.modifiers());
                }
                if !self.take(",") {
                    break;
                }
            }
        }
        self.semicolon(if operands.is_empty() { "an operand or `;`" } else { "`,` or `;`" })?;
        let (_, span) = self.since(start);
        Ok(Instruction { guard, name: name.to_owned(), modifiers, operands, span })
    }

    fn modifiers(&mut self) -> Vec<String> {
        let mut modifiers = Vec::new();
        while self.peek().kind == TokenKind::Modifier {
            modifiers.push(self.directive_ahead().to_owned());
            self.advance();
        }
        modifiers
    }

    /// One operand, or two with `|` between them.
    fn operand(&mut self, of_call: bool) -> Parsed<Operand> {
        let first = if of_call && self.at("(") { self.call_list()? } else { self.single()? };
        if !self.at("|") {
            return Ok(first);
        }
        self.advance();
        Ok(Operand::Pair(Box::new(first), Box::new(self.single()?)))
    }

    fn single(&mut self) -> Parsed<Operand> {
        if self.at("{") {
            return self.vector();
        }
        if self.at("[") {
            return self.bracket();
        }
        if self.at("!") && self.look(1).kind == TokenKind::Word && self.text_of(self.look(1)) != "WARP_SZ" {
            self.advance();
            return Ok(Operand::Not(Box::new(self.name()?)));
        }
        if self.at_constant() {
            return Ok(Operand::Constant(self.constant()?));
        }
        self.name()
    }

    /// `_`, or a name with what may follow it.
    fn name(&mut self) -> Parsed<Operand> {
        let start = self.peek().start;
        let (name, _) = self.word("an operand")?;
        if name == "_" {
            return Ok(Operand::Sink);
        }
        if self.peek().kind == TokenKind::Modifier {
            let element = self.directive_ahead();
            self.advance();
            if VECTORS.contains(&name) {
                return Ok(Operand::Name(format!("{name}.{element}")));
            }
            let index = ["x", "y", "z", "w"].iter().position(|known| *known == element);
            let index = index.or_else(|| ["r", "g", "b", "a"].iter().position(|known| *known == element));
            return Ok(match index {
                Some(index) => Operand::Element(name.to_owned(), index as u8),
                None => Operand::Other(self.since(start).0.to_owned()),
            });
        }
        if self.at("+") || self.at("-") {
            return Ok(Operand::Offset { name: name.to_owned(), offset: self.offset()? });
        }
        if self.at("[") || self.at("(") {
            let (open, close) = if self.at("[") { ("[", "]") } else { ("(", ")") };
            self.skip_balanced(open, close)?;
            return Ok(Operand::Other(self.since(start).0.to_owned()));
        }
        Ok(Operand::Name(name.to_owned()))
    }

    /// `{a, b}`
    fn vector(&mut self) -> Parsed<Operand> {
        self.expect("{")?;
        let mut list = Vec::new();
        loop {
            list.push(self.nested(Self::single)?);
            if self.take("}") {
                return Ok(Operand::Vector(list));
            }
            if !self.take(",") {
                return Err(self.unexpected("`,` or `}`"));
            }
        }
    }

    /// `(a, b)` of a call; may be empty.
    fn call_list(&mut self) -> Parsed<Operand> {
        self.expect("(")?;
        let mut list = Vec::new();
        while !self.take(")") {
            list.push(self.single()?);
            if !self.at(")") && !self.take(",") {
                return Err(self.unexpected("`,` or `)`"));
            }
        }
        Ok(Operand::List(list))
    }

    /// `[a+4]`, or with commas inside some text.
    fn bracket(&mut self) -> Parsed<Operand> {
        let start = self.expect("[")?.start;
        let inner = self.nested(Self::single)?;
        let alone = self.at("]");
        while self.take(",") {
            self.nested(Self::single)?;
        }
        if !self.take("]") {
            return Err(self.unexpected("`]`"));
        }
        let (text, span) = self.since(start);
        Ok(match inner {
            Operand::Name(base) if alone => Operand::Address { base: Some(base), offset: 0 },
            Operand::Offset { name, offset } if alone => Operand::Address { base: Some(name), offset },
            Operand::Constant(Constant::Integer(offset)) if alone => {
                Operand::Address { base: None, offset: offset as i64 }
            }
            Operand::Constant(_) if alone => {
                return Err(SyntaxError::new(Problem::Expression("an address is an integer"), span));
            }
            _ => Operand::Other(text.to_owned()),
        })
    }
}
