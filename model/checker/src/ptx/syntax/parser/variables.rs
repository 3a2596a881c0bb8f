//! Declarations of variables, registers and parameters, and initialisers.
//!
//! Decision: the words of a declaration are taken in whatever order they stand, since compilers differ; a word that is
//! no state space, type, vector or alignment is kept as an attribute. Initialisers of textures and samplers, which
//! name properties, are skipped: nothing that reads a texture is understood anyway.

use super::super::error::{Problem, SyntaxError};
use super::super::lexer::TokenKind;
use super::super::tree::{Initialiser, Kind, Registers, Space, Variable};
use super::module::Linkage;
use super::{Parsed, Parser};

/// What stands before the names.
pub(super) struct Declared {
    pub(super) space: Space,
    kind: Kind,
    vector: u32,
    alignment: Option<u64>,
    attributes: Vec<String>,
}

/// Types that a word before another word may be; the last word of a declaration is its type even if not listed.
const KINDS: [&str; 25] = [
    "b8",
    "b16",
    "b32",
    "b64",
    "b128",
    "u8",
    "u16",
    "u32",
    "u64",
    "s8",
    "s16",
    "s32",
    "s64",
    "f16",
    "f16x2",
    "bf16",
    "bf16x2",
    "f32",
    "f64",
    "pred",
    "tf32",
    "u16x2",
    "texref",
    "samplerref",
    "surfref",
];

/// Types whose initialisers name properties.
const OPAQUE: [&str; 3] = ["texref", "samplerref", "surfref"];

/// The state space of this name; banks of old `.const[3]` are not modelled.
fn space(word: &str) -> Option<Space> {
    Some(match word {
        "reg" => Space::Register,
        "shared" => Space::Shared,
        "global" => Space::Global,
        "const" => Space::Const,
        "local" => Space::Local,
        "param" => Space::Param,
        "tex" => Space::Texture,
        _ => return None,
    })
}

impl<'a> Parser<'a> {
    /// Whether variables are declared here.
    pub(super) fn at_variables(&self) -> bool {
        space(self.directive_ahead()).is_some()
    }

    /// `.global .align 4 .u32 a, b[2] = { 1, 2 };`
    pub(super) fn variables(&mut self, linkage: &Linkage) -> Parsed<Vec<Variable>> {
        let declared = self.declared()?;
        let mut variables = Vec::new();
        loop {
            let mut variable = self.declarator(&declared, "a variable's name")?;
            variable.is_extern = linkage.is_extern;
            variable.attributes.extend(linkage.others.iter().cloned());
            if self.take("=") {
                self.initialised(&mut variable)?;
            }
            variables.push(variable);
            if !self.take(",") {
                break;
            }
        }
        self.semicolon("`,`, `=` or `;`")?;
        Ok(variables)
    }

    /// `.reg .b32 %r<27>, %q;`
    pub(super) fn registers(&mut self) -> Parsed<Vec<Registers>> {
        let declared = self.declared()?;
        let mut registers = Vec::new();
        loop {
            let (name, span) = self.word("a register's name")?;
            let count = if self.take("<") {
                let count = self.register_count()?;
                self.expect(">")?;
                Some(count)
            } else {
                None
            };
            let prefix = match count {
                Some(count) => self.scopes.declare_range(name, count),
                None => self.scopes.declare(name),
            };
            registers.push(Registers { prefix, count, kind: declared.kind.clone(), vector: declared.vector, span });
            if !self.take(",") {
                break;
            }
        }
        self.semicolon("`,`, `<` or `;`")?;
        Ok(registers)
    }

    /// A plain number, not an expression: `>` closes it.
    fn register_count(&mut self) -> Parsed<u32> {
        let token = self.peek();
        if token.kind != TokenKind::Number {
            return Err(self.unexpected("a number of registers"));
        }
        self.advance();
        let text = self.text_of(token);
        let fail = || SyntaxError::new(Problem::TooLarge(text.chars().take(60).collect()), token.span());
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(SyntaxError::new(Problem::Number(text.chars().take(60).collect()), token.span()));
        }
        text.parse().map_err(|_| fail())
    }

    /// `(.param .align 8 .b8 p[64], .param .u64 .ptr .global .align 16 q)`; an empty list is one, too.
    pub(super) fn parameters(&mut self) -> Parsed<Vec<Variable>> {
        self.expect("(")?;
        let mut parameters = Vec::new();
        if self.take(")") {
            return Ok(parameters);
        }
        loop {
            let declared = self.declared()?;
            parameters.push(self.declarator(&declared, "a parameter's name")?);
            if self.take(")") {
                return Ok(parameters);
            }
            if !self.take(",") {
                return Err(self.unexpected("`,` or `)`"));
            }
        }
    }

    /// The words before the names.
    pub(super) fn declared(&mut self) -> Parsed<Declared> {
        let Some(space) = space(self.directive_ahead()) else {
            return Err(self.unexpected("a state space, as .reg, .param, .global, .const, .shared or .local"));
        };
        self.advance();
        let mut declared =
            Declared { space, kind: Kind(String::new()), vector: 1, alignment: None, attributes: Vec::new() };
        let mut pointer = false;
        while self.peek().kind == TokenKind::Modifier {
            let word = self.directive_ahead();
            let start = self.advance().start;
            match word {
                "align" => {
                    let alignment = self.integer("an alignment in bytes")?;
                    // After `.ptr` it is that of what the pointer points to.
                    if pointer {
                        declared.attributes.push(format!("align {alignment}"));
                    } else {
                        declared.alignment = Some(alignment);
                    }
                }
                "v2" | "v4" | "v8" => declared.vector = u32::from(word.as_bytes()[1] - b'0'),
                "attribute" => {
                    self.skip_balanced("(", ")")?;
                    declared.attributes.push(self.since(start).0[1..].to_owned());
                }
                _ if KINDS.contains(&word) && declared.kind.0.is_empty() => declared.kind = Kind(word.to_owned()),
                _ => {
                    pointer |= word == "ptr";
                    declared.attributes.push(word.to_owned());
                }
            }
        }
        self.kind_by_name(declared)
    }

    /// Without a type that is known, the last word is the type.
    fn kind_by_name(&self, mut declared: Declared) -> Parsed<Declared> {
        if declared.kind.0.is_empty() {
            let word = declared.attributes.pop().filter(|word| space(word).is_none() && !word.contains(['(', ' ']));
            declared.kind = Kind(word.ok_or_else(|| self.unexpected("a type, as .u32"))?);
        }
        Ok(declared)
    }

    /// A name with its dimensions.
    fn declarator(&mut self, declared: &Declared, what: &str) -> Parsed<Variable> {
        let (name, span) = self.word(what)?;
        let mut dimensions = Vec::new();
        let mut unsized_array = false;
        while self.take("[") {
            if self.at("]") {
                if !dimensions.is_empty() {
                    return Err(self.unexpected("a length: only the first may be left out"));
                }
                unsized_array = true;
                dimensions.push(0);
            } else {
                dimensions.push(self.integer("a length or `]`")?);
            }
            self.expect("]")?;
        }
        Ok(Variable {
            name: name.to_owned(),
            space: declared.space,
            kind: declared.kind.clone(),
            vector: declared.vector,
            dimensions,
            unsized_array,
            alignment: declared.alignment,
            initialiser: None,
            is_extern: false,
            attributes: declared.attributes.clone(),
            span,
        })
    }

    /// What follows `=`; it gives an unsized array its length.
    fn initialised(&mut self, variable: &mut Variable) -> Parsed<()> {
        if OPAQUE.contains(&variable.kind.0.as_str()) && self.at("{") {
            return self.skip_balanced("{", "}");
        }
        let initialiser = self.initialiser()?;
        if let (true, Initialiser::List(list)) = (variable.unsized_array, &initialiser) {
            variable.unsized_array = false;
            variable.dimensions[0] = list.len() as u64;
        }
        variable.initialiser = Some(initialiser);
        Ok(())
    }

    fn initialiser(&mut self) -> Parsed<Initialiser> {
        if self.take("{") {
            let mut list = Vec::new();
            while !self.take("}") {
                list.push(self.nested(Self::initialiser)?);
                if !self.at("}") && !self.take(",") {
                    return Err(self.unexpected("`,` or `}`"));
                }
            }
            return Ok(Initialiser::List(list));
        }
        let masked = self.peek().kind == TokenKind::Number && self.look(1).symbol() == "(";
        if masked {
            let mask = self.literal_integer()?;
            self.expect("(")?;
            let inner = self.named_address()?;
            self.expect(")")?;
            return Ok(Initialiser::Mask(mask, Box::new(inner)));
        }
        if self.at_constant() { Ok(Initialiser::Value(self.constant()?)) } else { self.named_address() }
    }

    /// `name`, `name+8`, `generic(name)+8`
    fn named_address(&mut self) -> Parsed<Initialiser> {
        let (mut name, _) = self.word("a number, `{`, or the name of a variable or function")?;
        let generic = name == "generic" && self.take("(");
        let mut offset = 0i64;
        if generic {
            name = self.word("a variable's name")?.0;
            offset = self.offset()?;
            self.expect(")")?;
        }
        offset = offset.wrapping_add(self.offset()?);
        Ok(Initialiser::Name { name: name.to_owned(), offset, generic })
    }
}
