//! Directives at module scope.
//!
//! Decision: what only serves debuggers (`.section`, `.loc` outside functions) and what is a hint (`.pragma`) is
//! skipped; a directive that nobody knows is kept by name and skipped up to its semicolon, its closing brace, or the
//! next line that opens with a directive of this list.

use super::super::error::{Problem, SyntaxError};
use super::super::lexer::TokenKind;
use super::super::tree::{Module, Span};
use super::{Parsed, Parser};

/// Words before `.entry`, `.func` and variables.
#[derive(Default)]
pub(super) struct Linkage {
    pub(super) is_extern: bool,
    /// `weak`, `common`, `visible`
    pub(super) others: Vec<String>,
}

/// What a line at module scope may open with.
const DIRECTIVES: [&str; 22] = [
    "version",
    "target",
    "address_size",
    "file",
    "loc",
    "section",
    "pragma",
    "alias",
    "extern",
    "visible",
    "weak",
    "common",
    "entry",
    "func",
    "global",
    "const",
    "shared",
    "local",
    "param",
    "tex",
    "reg",
    "attribute",
];

impl<'a> Parser<'a> {
    /// The whole text.
    pub(super) fn module(&mut self) -> Parsed<Module> {
        let mut module = Module { address_size: 32, ..Module::default() };
        if self.directive_ahead() != "version" {
            return Err(self.unexpected("`.version`, with which a module of PTX opens"));
        }
        while !self.at_end() {
            self.directive(&mut module)?;
        }
        Ok(module)
    }

    fn directive(&mut self, module: &mut Module) -> Parsed<()> {
        let token = self.peek();
        let directive = self.directive_ahead();
        match directive {
            "version" => {
                self.advance();
                module.version = self.version()?;
            }
            "target" => {
                self.advance();
                module.target = self.words("a target, as sm_90")?;
            }
            "address_size" => {
                self.advance();
                module.address_size = self.small_number("32 or 64")?;
            }
            "file" => {
                if let Some(file) = self.file()? {
                    module.files.push(file);
                }
            }
            "loc" => {
                self.line()?;
            }
            "pragma" => self.pragma()?,
            "section" => {
                self.advance();
                while !self.at_end() && !self.at("{") {
                    self.advance();
                }
                self.skip_balanced("{", "}")?;
            }
            "alias" => {
                self.advance();
                let names = self.words("a name")?;
                self.expect(";")?;
                let Ok([alias, aliasee]) = <[String; 2]>::try_from(names) else {
                    let problem = Problem::Unexpected { expected: "two names".into(), found: "another number".into() };
                    return Err(SyntaxError::new(problem, token.span()));
                };
                module.aliases.push((alias, aliasee));
            }
            "" => return Err(self.unexpected("a directive, as `.visible .entry` or `.global`")),
            _ if DIRECTIVES.contains(&directive) => self.declaration(module)?,
            _ => {
                let span = self.skip_unknown()?;
                module.unknown.push((directive.to_owned(), span));
            }
        }
        Ok(())
    }

    /// A function or variables, with their linkage.
    fn declaration(&mut self, module: &mut Module) -> Parsed<()> {
        let linkage = self.linkage();
        match self.directive_ahead() {
            "entry" | "func" => {
                let function = self.function(linkage.is_extern)?;
                module.functions.push(function);
            }
            _ => {
                let mut variables = self.variables(&linkage)?;
                module.variables.append(&mut variables);
            }
        }
        Ok(())
    }

    /// `.visible`, `.extern`, `.weak`, `.common`
    pub(super) fn linkage(&mut self) -> Linkage {
        let mut linkage = Linkage::default();
        loop {
            match self.directive_ahead() {
                "extern" => linkage.is_extern = true,
                word @ ("visible" | "weak" | "common") => linkage.others.push(word.to_owned()),
                _ => return linkage,
            }
            self.advance();
        }
    }

    /// `8.5`, which is two numbers and no fraction.
    fn version(&mut self) -> Parsed<(u32, u32)> {
        let token = self.peek();
        let parts = self.text_of(token).split_once('.');
        let numbers = parts.and_then(|(major, minor)| major.parse().ok().zip(minor.parse().ok()));
        match numbers {
            Some(version) if token.kind == TokenKind::Number => {
                self.advance();
                Ok(version)
            }
            _ => Err(self.unexpected("a version, as 8.5")),
        }
    }

    /// Names with commas between them.
    pub(super) fn words(&mut self, what: &str) -> Parsed<Vec<String>> {
        let mut words = vec![self.word(what)?.0.to_owned()];
        while self.take(",") {
            words.push(self.word(what)?.0.to_owned());
        }
        Ok(words)
    }

    /// `.file 1 "name" [, timestamp, size]`. The form `.file "name"` of some assemblers has no index and is dropped.
    pub(super) fn file(&mut self) -> Parsed<Option<(u32, String)>> {
        self.advance();
        if self.peek().kind == TokenKind::Text {
            self.advance();
            return Ok(None);
        }
        let index = self.small_literal("the file's number")?;
        let name = self.quotation("the file's name between quotation marks")?.to_owned();
        while self.take(",") {
            self.integer("a number")?;
        }
        Ok(Some((index, name)))
    }

    /// `.pragma "nounroll" [, …];`
    pub(super) fn pragma(&mut self) -> Parsed<()> {
        self.advance();
        self.quotation("a pragma between quotation marks")?;
        while self.take(",") {
            self.quotation("a pragma between quotation marks")?;
        }
        self.expect(";")?;
        Ok(())
    }

    /// From an unknown directive to its end.
    fn skip_unknown(&mut self) -> Parsed<Span> {
        let start = self.advance().start;
        while !self.at_end() {
            if self.opens_line() && DIRECTIVES.contains(&self.directive_ahead()) {
                break;
            }
            if self.at("{") {
                self.skip_balanced("{", "}")?;
                self.take(";");
                break;
            }
            if self.advance().symbol() == ";" {
                break;
            }
        }
        Ok(self.since(start).1)
    }

    /// Nothing but white space stands before the next token on its line.
    fn opens_line(&self) -> bool {
        let before = &self.text[..self.peek().start as usize];
        before.trim_end_matches([' ', '\t']).ends_with('\n')
    }
}
