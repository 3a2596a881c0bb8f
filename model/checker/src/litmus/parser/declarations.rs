//! The block in braces (initial values and aliases) and the table's header (where each thread runs).

use super::super::lexer::TokenKind;
use super::super::test::{Location, Placement, Register, ThreadId};
use super::{Parsed, Parser, register, thread};
use arverify_protocol::ir::Span;
use arverify_protocol::language::Diagnostic;

impl<'a> Parser<'a> {
    /// `{ x=0; P0:r0=0; y @ generic aliases x; }`
    pub(super) fn declarations(&mut self) -> Parsed<()> {
        self.expect("{")?;
        while !self.take("}") {
            if self.take(";") {
                continue;
            }
            self.declaration()?;
            if self.symbol_ahead(0) != "}" {
                self.expect(";")?;
            }
        }
        Ok(())
    }

    fn declaration(&mut self) -> Parsed<()> {
        let start = self.peek().span.clone();
        if self.symbol_ahead(1) == ":" {
            let (thread, register) = self.thread_register()?;
            self.equals()?;
            let value = self.number("a number")?;
            self.registers.push((thread, register, value, start));
            return Ok(());
        }
        let bracketed = self.take("[");
        let (name, span) = self.location_name()?;
        if bracketed {
            self.expect("]")?;
        }
        if self.symbol_ahead(0) == "@" {
            return self.alias(name, span);
        }
        self.equals()?;
        let value = self.number("a number")?;
        let location = self.locations.find(name);
        self.locations.initial[location.physical.0 as usize] = value;
        Ok(())
    }

    fn equals(&mut self) -> Parsed<()> {
        if self.take("==") || self.take("=") { Ok(()) } else { Err(self.unexpected("`=`")) }
    }

    /// `y @ generic aliases x`: another virtual address of x. Through another proxy, x's own virtual address.
    fn alias(&mut self, name: &str, span: Span) -> Parsed<()> {
        self.expect("@")?;
        let (proxy, at) = self.word("a proxy: generic, surface, texture or constant")?;
        if !["generic", "surface", "texture", "constant"].contains(&proxy) {
            return Err(Diagnostic::new(format!("there is no proxy `{proxy}`"), at)
                .label("expected generic, surface, texture or constant"));
        }
        self.expect_word("aliases")?;
        let (target, _) = self.location_name()?;
        if self.locations.by_name.contains_key(name) {
            return Err(Diagnostic::new(format!("`{name}` is declared twice"), span).label("already declared"));
        }
        let target = self.locations.find(target);
        let address = if proxy == "generic" { self.locations.fresh_address() } else { target.address };
        let location = Location { physical: target.physical, address };
        self.locations.by_name.insert(name.to_owned(), location);
        Ok(())
    }

    /// A word that is no register.
    pub(super) fn location_name(&mut self) -> Parsed<(&'a str, Span)> {
        if register(self.word_ahead(0)).is_some() {
            return Err(self.unexpected("a location, not a register"));
        }
        self.word("a location")
    }

    /// `P0:r1` or `0:r1`
    pub(super) fn thread_register(&mut self) -> Parsed<(ThreadId, Register)> {
        let id = match self.peek().kind {
            TokenKind::Number(_) => ThreadId(self.small_number("a thread")?),
            _ => {
                let id = thread(self.word_ahead(0)).ok_or_else(|| self.unexpected("a thread, as P0"))?;
                self.advance();
                id
            }
        };
        self.expect(":")?;
        let found = register(self.word_ahead(0)).ok_or_else(|| self.unexpected("a register, as r0"))?;
        self.advance();
        Ok((id, found))
    }

    /// `P0@cta 0,gpu 0 | P1@cta 1,gpu 0 ;`
    pub(super) fn header(&mut self) -> Parsed<Vec<Placement>> {
        let mut placements = Vec::new();
        loop {
            let id = thread(self.word_ahead(0)).ok_or_else(|| self.unexpected("a thread, as P0"))?;
            if id.index() != placements.len() {
                return Err(self.unexpected(&format!("`P{}`: threads are numbered from the left", placements.len())));
            }
            self.advance();
            placements.push(self.placement()?);
            if self.take(";") {
                return Ok(placements);
            }
            self.expect("|")?;
        }
    }

    /// `@cta 0,gpu 0`, also with `sys 0` after it.
    fn placement(&mut self) -> Parsed<Placement> {
        self.expect("@")?;
        self.expect_word("cta")?;
        let block = self.small_number("a block number")?;
        self.expect(",")?;
        self.expect_word("gpu")?;
        let device = self.small_number("a device number")?;
        if self.take(",") {
            self.expect_word("sys")?;
            self.small_number("a system number")?;
        }
        Ok(Placement { block, device })
    }
}
