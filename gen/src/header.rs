//! `arverify_kernels.h`: what C and C++ callers of the emitted kernels need.
//!
//! For each kernel its name, its block and rank count, the bytes of every buffer as a macro over B and C or N, and a
//! structure whose members are the parameters in order. The manifest says the same; the header is for callers who
//! launch the kernels from their own code.

use crate::error::RenderError;
use crate::expression::{Helper, Rendered, Scope, Type, render};
use crate::kernel::{Kernel, holds_for};
use crate::layout::laid_out;
use arverify_protocol::certificate::{HOLDS_FOR_ANY_LENGTH, HOLDS_FOR_ONE_LENGTH, KernelEntry, Parameter};
use arverify_protocol::ids::{ArgumentId, LocalId};
use arverify_protocol::ir::{Binary, Element, Expression, Kind, Protocol, Symbol};
use askama::Template;

/// The header's file name.
pub(crate) const HEADER: &str = "arverify_kernels.h";

/// Renders the header of a set of kernels, each with its protocol.
pub(crate) fn render_header(all: &[(Kernel, &Protocol)]) -> Result<String, RenderError> {
    let mut ranks: Vec<u32> = all.iter().map(|(kernel, _)| kernel.entry.ranks).collect();
    ranks.sort_unstable();
    ranks.dedup();
    let kernels = all.iter().map(|(kernel, protocol)| section(&kernel.entry, protocol)).collect::<Result<_, _>>()?;
    let version = env!("CARGO_PKG_VERSION");
    Ok(laid_out(&HeaderTemplate { version, holds_for: scopes(all), ranks, kernels }.render()?))
}

/// What the certificates are about: one sentence, or two that name their kernels' protocols.
fn scopes(all: &[(Kernel, &Protocol)]) -> String {
    let scopes = [HOLDS_FOR_ANY_LENGTH, HOLDS_FOR_ONE_LENGTH];
    let names = scopes.map(|scope| {
        let mut names: Vec<&str> = Vec::new();
        for (kernel, protocol) in all.iter().filter(|(kernel, _)| kernel.entry.scope() == scope) {
            debug_assert_eq!(kernel.entry.holds_for, scope);
            if !names.contains(&protocol.name.as_str()) {
                names.push(&protocol.name);
            }
        }
        names.join(", ")
    });
    let several = names.iter().all(|names| !names.is_empty());
    let sentences = scopes.into_iter().zip(&names).filter(|(_, names)| !names.is_empty());
    let sentences = sentences.map(|(scope, names)| {
        let of = if several { format!("{names}: certified") } else { "Certified".to_owned() };
        holds_for(" *", &of, scope)
    });
    sentences.collect::<Vec<_>>().join("\n *\n")
}

fn section(entry: &KernelEntry, protocol: &Protocol) -> Result<Section, RenderError> {
    let mut sizes = Vec::new();
    for buffer in &entry.buffers {
        let declared = &protocol.buffers[buffer.id as usize];
        let bytes = match declared.element {
            Element::Data => i64::from(entry.dtype.bytes()),
            Element::Word => 4,
            Element::Packet => 8,
        };
        let total = declared.shape.iter().fold(Expression::Constant(bytes), |product, extent| Expression::Binary {
            operator: Binary::Multiply,
            kind: Kind::Index,
            left: product.into(),
            right: extent.clone().into(),
        });
        let by_length = total.mentions(Symbol::Elements) || !entry.takes_any_length();
        let by_capacity = total.mentions(Symbol::Capacity) || !by_length;
        let over = [("B", true), ("C", by_capacity), ("N", by_length)];
        let over: Vec<&str> = over.into_iter().filter(|(_, is_one)| *is_one).map(|(name, _)| name).collect();
        sizes.push((buffer.name.clone(), over.join(", "), render(&mut SizeScope { entry }, &total)?.text));
    }
    Ok(Section {
        name: entry.entry.clone(),
        macros: entry.entry.to_uppercase(),
        ranks: entry.ranks,
        threads: entry.threads,
        max_blocks: entry.max_blocks,
        grid: crate::body::comment_text(&entry.grid),
        requirements: entry.requirements.iter().map(|requirement| crate::body::comment_text(requirement)).collect(),
        sizes,
        members: entry.parameters.iter().map(|parameter| member(parameter, entry.ranks)).collect(),
        types: entry.parameters.iter().map(|parameter| parameter_type(parameter, entry.ranks)).collect(),
    })
}

fn parameter_type(parameter: &Parameter, ranks: u32) -> String {
    match parameter {
        Parameter::Own { .. } => "void *".to_owned(),
        Parameter::Instances { .. } => format!("arverify_instances_{ranks}"),
        Parameter::Argument { .. } | Parameter::Rank | Parameter::Blocks => "uint32_t".to_owned(),
        Parameter::Capacity | Parameter::Elements | Parameter::Deadline => "uint64_t".to_owned(),
        Parameter::Status => "uint32_t *".to_owned(),
    }
}

fn member(parameter: &Parameter, ranks: u32) -> Member {
    let (name, meaning) = match parameter {
        Parameter::Own { buffer } => (buffer.as_str(), "this rank's instance"),
        Parameter::Instances { buffer } => (buffer.as_str(), "all instances in rank order, this rank's included"),
        Parameter::Argument { name } => (name.as_str(), "a new value at each launch, see the protocol"),
        Parameter::Rank => ("rank", "this rank"),
        Parameter::Blocks => ("blocks", "B, what buffers and pads were sized for"),
        Parameter::Capacity => ("capacity", "C, what buffers were sized for: the most that N may be in any launch"),
        Parameter::Elements => ("elements", "N, of this launch"),
        Parameter::Deadline => ("deadline_ns", "how long one await may take, 0 for ever"),
        Parameter::Status => ("status", "ARVERIFY_STATUS_WORDS words of this rank, zero before the launch"),
    };
    let mut kind = parameter_type(parameter, ranks);
    if !kind.ends_with('*') {
        kind.push(' ');
    }
    Member { kind, name: crate::names::identifier(name), meaning }
}

/// Sizes as a macro sees them: B, C and N are its parameters, the rest is known.
struct SizeScope<'a> {
    entry: &'a KernelEntry,
}

impl Scope for SizeScope<'_> {
    fn local(&self, _: LocalId) -> Result<Rendered, RenderError> {
        Err(RenderError::Unbound)
    }

    fn argument(&self, _: ArgumentId) -> Result<Rendered, RenderError> {
        Err(RenderError::Unbound)
    }

    fn symbol(&mut self, symbol: Symbol) -> Result<Rendered, RenderError> {
        let text = match symbol {
            Symbol::Ranks => self.entry.ranks.to_string(),
            Symbol::Threads => self.entry.threads.to_string(),
            Symbol::Vector => self.entry.dtype.vector().to_string(),
            Symbol::ElementBytes => self.entry.dtype.bytes().to_string(),
            Symbol::Blocks => "(long long)(B)".to_owned(),
            Symbol::Elements => "(long long)(N)".to_owned(),
            Symbol::Capacity => "(long long)(C)".to_owned(),
            _ => return Err(RenderError::Unbound),
        };
        Ok(Rendered::name(&text, Type::Index))
    }

    fn index_cast(&self) -> &'static str {
        "(long long)"
    }

    fn helper(&mut self, helper: Helper) -> &'static str {
        match helper {
            Helper::CeilingDivide => "arverify_ceil_div",
            Helper::Smaller => "arverify_smaller",
            Helper::Larger => "arverify_larger",
            Helper::ShiftLeft => "arverify_shift_left",
            Helper::ShiftRight => "arverify_shift_right",
        }
    }
}

struct Member {
    kind: String,
    name: String,
    meaning: &'static str,
}

struct Section {
    name: String,
    macros: String,
    ranks: u32,
    threads: u32,
    max_blocks: u32,
    grid: String,
    requirements: Vec<String>,
    /// Of each buffer its name, what its macro is over, and its bytes.
    sizes: Vec<(String, String, String)>,
    members: Vec<Member>,
    types: Vec<String>,
}

#[derive(Template)]
#[template(path = "header.h")]
struct HeaderTemplate {
    version: &'static str,
    holds_for: String,
    ranks: Vec<u32>,
    kernels: Vec<Section>,
}
