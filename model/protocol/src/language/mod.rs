//! The protocol language (`.arp`): text to [`crate::ir::Protocol`] and back.
//!
//! | file | phase |
//! |---|---|
//! | `lexer` | text to tokens and comments |
//! | `parser/` | tokens to the syntax tree |
//! | `tree` | the syntax tree |
//! | `resolve/` | syntax tree to protocol: names, kinds, orders, procedures, knobs |
//! | `knobs` | knobs and variants, and whether they change anything |
//! | `comparison` | protocols without their spans, to tell whether they differ |
//! | `printer` | syntax tree to canonical text |
//! | `diagnostics` | errors and their rendering |
//!
//! Decision: [`parse`] does everything that needs no choice of knobs and resolves every variant once, so that a file
//! that parses has no broken variant. Nothing here panics or recurses without a limit, whatever the text.

mod comparison;
mod diagnostics;
mod knobs;
mod lexer;
mod parser;
mod printer;
mod resolve;
#[cfg(test)]
mod tests;
pub mod tree;

pub use diagnostics::{Diagnostic, Diagnostics, Label, Message, Severity, nearest, render};
pub use knobs::{
    CODES, Configuration, Expected, KNOB_LIMIT, Knob, PROGRESS_MODELS, VALUE_LIMIT, VARIANT_LIMIT, Variant,
};
pub use lexer::LENGTH_LIMIT;
pub use parser::{NESTING_LIMIT, OPERATOR_LIMIT};
pub use printer::print;
pub use resolve::{BLOCK_LIMIT, CALL_LIMIT, DEPTH_LIMIT, NODE_LIMIT, STATEMENT_LIMIT};

use crate::ir::{Protocol, Source};
use crate::topology::Topology;
use resolve::{Choice, resolve, resolve_at};
use std::fmt;
use std::sync::Arc;

/// A protocol's text, parsed and found without error in every choice of its knobs that a variant or one value makes.
#[derive(Clone, Debug)]
pub struct Document {
    /// The text.
    pub source: Arc<Source>,
    /// Its syntax tree.
    pub file: tree::File,
    knobs: Vec<Knob>,
    variants: Vec<Variant>,
}

/// Parses and checks a text; `name` is what messages call it.
pub fn parse(name: &str, text: &str) -> Result<Document, Diagnostics> {
    let source = Arc::new(Source { name: name.to_owned(), text: text.to_owned() });
    let refused = |list: Vec<Diagnostic>| Diagnostics { source: source.clone(), list };
    let file = parser::parse(text).map_err(|error| refused(vec![error]))?;
    let mut errors = knobs::check_knobs(&file);
    let knobs = knobs::knobs(&file);
    let (variants, mut found) = knobs::variants(&file, &knobs);
    errors.append(&mut found);
    if let Err(mut found) = resolve(&file, &source, Choice::Every) {
        errors.append(&mut found);
    }
    if errors.is_empty() {
        errors = knobs::check_effects(&file, &source, &knobs, &variants);
    }
    if !errors.is_empty() {
        return Err(refused(errors));
    }
    Ok(Document { source, file, knobs, variants })
}

impl Document {
    /// The protocol's name.
    pub fn name(&self) -> &str {
        &self.file.name.text
    }

    /// The line for lists; empty when there is none.
    pub fn summary(&self) -> &str {
        self.file.summary.as_deref().unwrap_or_default()
    }

    /// Whether it is a host program on streams, and not a kernel.
    pub fn is_host_program(&self) -> bool {
        self.file.declarations.iter().any(|item| matches!(item.kind, tree::Declaration::Host(_)))
    }

    /// The knobs, in order.
    pub fn knobs(&self) -> &[Knob] {
        &self.knobs
    }

    /// The variants, in order.
    pub fn variants(&self) -> &[Variant] {
        &self.variants
    }

    /// The variant of this name.
    pub fn variant(&self, name: &str) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.name == name)
    }

    /// Resolves the protocol with these knobs chosen, as (knob, value); the others have their defaults.
    pub fn resolve(&self, assignments: &[(&str, &str)]) -> Result<Protocol, Diagnostics> {
        self.resolve_at(assignments, None)
    }

    /// The same on a topology: its axes are numbers, and the protocol requires as many ranks as it has. Without one they
    /// follow from the number of ranks; a protocol that names no axes is the same on every topology.
    pub fn resolve_at(
        &self,
        assignments: &[(&str, &str)],
        topology: Option<&Topology>,
    ) -> Result<Protocol, Diagnostics> {
        let refused = |list: Vec<Diagnostic>| Diagnostics { source: self.source.clone(), list };
        for (name, value) in assignments {
            let known = self.knobs.iter().find(|knob| knob.name == *name);
            let message = match known {
                None => format!("the protocol `{}` has no knob `{name}`", self.name()),
                Some(knob) if !knob.values.iter().any(|known| known == value) => {
                    format!("the knob `{name}` has no value `{value}`; its values are {}", knob.values.join(", "))
                }
                Some(_) => continue,
            };
            let span = known.map_or(self.file.name.at.0.clone(), |knob| knob.span.clone());
            return Err(refused(vec![Diagnostic::new(message, span)]));
        }
        let chosen = knobs::choice(&self.knobs, assignments.iter().copied());
        resolve_at(&self.file, &self.source, Choice::Values(&chosen), topology).map_err(refused)
    }

    /// Resolves the protocol as a variant has it.
    pub fn resolve_variant(&self, variant: &Variant) -> Result<Protocol, Diagnostics> {
        let assignments: Vec<(&str, &str)> =
            variant.assignments.iter().map(|(knob, value)| (knob.as_str(), value.as_str())).collect();
        self.resolve(&assignments)
    }
}

/// Two documents are equal when they print alike.
impl PartialEq for Document {
    fn eq(&self, other: &Document) -> bool {
        self.file == other.file
    }
}

impl fmt::Display for Document {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&print(self))
    }
}
