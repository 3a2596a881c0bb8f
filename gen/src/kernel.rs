//! One kernel: its CUDA source file and its entry in the manifest.
//!
//! A file holds one kernel and includes nothing, so that any CUDA compiler, the one at run time included, takes it
//! without a folder of headers.

use crate::body::{Body, comment_text, render_body};
use crate::error::RenderError;
use crate::layout::{laid_out, without_empty_lines, wrapped};
use crate::names::identifier;
use crate::notation::notation;
use crate::target::Target;
use arverify_protocol::certificate::{
    BufferEntry, CheckEntry, HOLDS_FOR_ANY_LENGTH, HOLDS_FOR_ONE_LENGTH, KernelEntry, Parameter, protocol_digest,
};
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::ir::{Element, Protocol, Space};
use askama::Template;
use std::collections::{BTreeMap, BTreeSet};

/// An emitted kernel.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// What the manifest says about it, but for its checks and PTX files.
    pub entry: KernelEntry,
    /// The CUDA source.
    pub source: String,
    /// Name and PTX mnemonic of every operation on words and every fence that the source holds.
    pub mnemonics: BTreeMap<String, String>,
}

/// Renders a kernel. `changed` are the knobs that do not have their defaults: they become part of its name.
pub fn render_kernel(
    protocol: &Protocol,
    changed: &[(String, String)],
    target: &Target,
) -> Result<Kernel, RenderError> {
    let body = render_body(protocol, target)?;
    let name = entry_name(protocol, changed, target);
    let parameters = parameters(protocol, body.watches);
    let source = SourceTemplate::new(protocol, target, &name, &parameters, &body)?.render()?;
    let entry = KernelEntry {
        source: format!("{name}.cu"),
        entry: name,
        protocol: protocol.name.clone(),
        knobs: protocol.knobs.clone(),
        protocol_file: format!("{}.arp", protocol.name),
        digest: protocol_digest(protocol),
        ranks: target.ranks,
        dtype: target.dtype,
        accumulate: target.accumulate,
        threads: target.threads,
        max_blocks: target.max_blocks,
        grid: notation(&protocol.grid),
        requirements: protocol.requirements.iter().map(|requirement| notation(&requirement.condition)).collect(),
        ptx: BTreeMap::new(),
        holds_for: scope_of(protocol).to_owned(),
        deadline: body.watches,
        parameters,
        buffers: buffers(protocol),
        checks: Vec::<CheckEntry>::new(),
        ptx_checks: Vec::new(),
    };
    Ok(Kernel { entry, source: laid_out(&source), mnemonics: body.functions.mnemonics() })
}

/// What a certificate of the protocol is about: it is refused where launches of other lengths are not verified as well.
fn scope_of(protocol: &Protocol) -> &'static str {
    if protocol.varies { HOLDS_FOR_ANY_LENGTH } else { HOLDS_FOR_ONE_LENGTH }
}

/// What certificates are about, as lines of a comment: of these kernels, or of all.
pub(crate) fn holds_for(prefix: &str, of: &str, scope: &str) -> String {
    let words = format!("{of} for {scope}.");
    let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
    wrapped(&words, prefix, 120)
}

/// The C symbol: protocol, ranks, type, and what is not as usual.
fn entry_name(protocol: &Protocol, changed: &[(String, String)], target: &Target) -> String {
    let mut name = format!("{}_p{}_{}", protocol.name, target.ranks, target.dtype);
    if target.wide() {
        name.push_str("_sum_f32");
    }
    for (knob, value) in changed {
        name.push_str(&format!("_{knob}_{value}"));
    }
    identifier(&name)
}

/// The kernel's parameters: buffers, arguments, coordinates, and for a kernel that watches its waits the deadline.
fn parameters(protocol: &Protocol, watches: bool) -> Vec<Parameter> {
    let buffers = protocol.buffers.iter().filter(|buffer| !buffer.ghost).map(|buffer| {
        let name = buffer.name.clone();
        match buffer.space {
            Space::Local => Parameter::Own { buffer: name },
            Space::Symmetric => Parameter::Instances { buffer: name },
        }
    });
    let arguments = protocol.arguments.iter().map(|argument| Parameter::Argument { name: argument.name.clone() });
    let sizes = [Parameter::Rank, Parameter::Blocks, Parameter::Capacity, Parameter::Elements];
    let sizes = sizes.into_iter().filter(|size| protocol.varies || *size != Parameter::Capacity);
    let watch = [Parameter::Deadline, Parameter::Status].into_iter().filter(|_| watches);
    buffers.chain(arguments).chain(sizes).chain(watch).collect()
}

fn buffers(protocol: &Protocol) -> Vec<BufferEntry> {
    let provided = protocol.buffers.iter().enumerate().filter(|(_, buffer)| !buffer.ghost);
    provided
        .map(|(id, buffer)| BufferEntry {
            id: id as u32,
            name: buffer.name.clone(),
            space: buffer.space,
            pad: buffer.pad,
            element: buffer.element,
            shape: buffer.shape.iter().map(notation).collect(),
            refreshed: buffer.refreshed,
            initially: buffer.initially,
        })
        .collect()
}

#[derive(Template)]
#[template(path = "kernel.cu")]
struct SourceTemplate {
    entry: String,
    version: &'static str,
    protocol_file: String,
    summary: String,
    knobs: String,
    ranks: u32,
    dtype: DataType,
    accumulation: &'static str,
    threads: u32,
    requirements: String,
    holds_for: String,
    bytes: u32,
    vector: u32,
    parameters: Vec<String>,
    start: String,
    helpers: String,
    functions: String,
    arithmetic: String,
    body: String,
}

impl SourceTemplate {
    fn new(
        protocol: &Protocol,
        target: &Target,
        entry: &str,
        parameters: &[Parameter],
        body: &Body,
    ) -> Result<SourceTemplate, RenderError> {
        let mut knobs = vec!["Knobs:".to_owned()];
        knobs.extend(protocol.knobs.iter().map(|(knob, value)| comment_text(&format!("{knob} = {value},"))));
        let conditions = protocol.requirements.iter().map(|requirement| notation(&requirement.condition));
        let requirements: String =
            conditions.map(|condition| format!("// Requires {}.\n", comment_text(&condition))).collect();
        Ok(SourceTemplate {
            entry: entry.to_owned(),
            version: env!("CARGO_PKG_VERSION"),
            protocol_file: format!("{}.arp", protocol.name),
            summary: comment_text(&protocol.summary),
            knobs: wrapped(&knobs, "//", 120).trim_end_matches(',').to_owned(),
            ranks: target.ranks,
            dtype: target.dtype,
            accumulation: match target.accumulate {
                Accumulate::F32 if target.wide() => "combined in f32 and rounded once",
                _ => "rounded after each operation",
            },
            threads: target.threads,
            requirements,
            holds_for: holds_for("//", "Certified", scope_of(protocol)) + "\n",
            bytes: target.dtype.bytes(),
            vector: target.dtype.vector(),
            parameters: declarations(protocol, parameters, body),
            start: without_empty_lines(
                &StartTemplate { coordinates: coordinates(body), hoisted: &body.hoisted, watches: body.watches }
                    .render()?,
            ) + "\n\n",
            helpers: render_helpers(&body.helpers.iter().copied().collect::<Vec<_>>())?,
            functions: body.functions.render(body.watches)?,
            arithmetic: arithmetic(target, body)?,
            body: body.text.clone(),
        })
    }
}

/// The parameters as C++ declares them.
fn declarations(protocol: &Protocol, parameters: &[Parameter], body: &Body) -> Vec<String> {
    let element = |index: usize| match protocol.buffers[index].element {
        Element::Data => "Element",
        Element::Word => "u32",
        Element::Packet => "u64",
    };
    let buffer = |name: &str| protocol.buffers.iter().position(|buffer| buffer.name == name).unwrap_or_default();
    let argument = |name: &str| protocol.arguments.iter().position(|found| found.name == name).unwrap_or_default();
    let declare = |parameter: &Parameter| match parameter {
        Parameter::Own { buffer: name } => {
            let index = buffer(name);
            format!("{}* {}", element(index), body.buffers[index])
        }
        Parameter::Instances { buffer: name } => {
            let index = buffer(name);
            format!("const __grid_constant__ Instances<{}> {}", element(index), body.buffers[index])
        }
        Parameter::Argument { name } => format!("u32 {}", body.arguments[argument(name)]),
        Parameter::Rank => "u32 rank_number".to_owned(),
        Parameter::Blocks => "u32 blocks".to_owned(),
        Parameter::Capacity => "u64 capacity".to_owned(),
        Parameter::Elements => "u64 elements".to_owned(),
        Parameter::Deadline => "u64 deadline_ns".to_owned(),
        Parameter::Status => "u32* status".to_owned(),
    };
    parameters.iter().map(declare).collect()
}

/// The sizes and coordinates that the body reads and where they come from.
fn coordinates(body: &Body) -> Vec<(&'static str, &'static str)> {
    let known = [
        ("N", "i64(elements)"),
        ("C", "i64(capacity)"),
        ("B", "blocks"),
        ("grid", "gridDim.x"),
        ("rank", "rank_number"),
        ("block", "blockIdx.x"),
        ("thread", "threadIdx.x"),
    ];
    known.into_iter().filter(|(name, _)| body.coordinates.contains(name)).collect()
}

/// The functions that move and combine data.
fn arithmetic(target: &Target, body: &Body) -> Result<String, RenderError> {
    if !body.functions.moves_data() {
        return Ok(String::new());
    }
    let mut text = vec![DataTemplate { bytes: target.dtype.bytes() }.render()?];
    let instruction = |name: &str| match name {
        "sum" => "add.rn",
        "maximum" => "max",
        _ => "min",
    };
    let reductions: Vec<(&str, &str)> =
        body.functions.reductions().iter().map(|name| (*name, instruction(name))).collect();
    if target.wide() && !reductions.is_empty() {
        text.push(WideTemplate { dtype: target.dtype, reductions }.render()?);
    } else {
        for (name, instruction) in reductions {
            text.push(OwnTemplate { dtype: target.dtype, name, instruction }.render()?);
        }
    }
    if let Some(sentinel) = body.functions.moves_words() {
        let (bytes, wide) = (target.dtype.bytes(), target.wide());
        text.push(WordTemplate { bytes, wide, sentinel, reductions: body.functions.reductions() }.render()?);
    }
    Ok(text.join("\n\n"))
}

#[derive(Template)]
#[template(path = "start.cu")]
struct StartTemplate<'a> {
    coordinates: Vec<(&'static str, &'static str)>,
    hoisted: &'a [String],
    watches: bool,
}

/// The helper functions of these names.
pub(crate) fn render_helpers(helpers: &[&'static str]) -> Result<String, RenderError> {
    Ok(HelpersTemplate { helpers }.render()?)
}

#[derive(Template)]
#[template(path = "helpers.cuh")]
struct HelpersTemplate<'a> {
    helpers: &'a [&'static str],
}

#[derive(Template)]
#[template(path = "arithmetic/data.cuh")]
struct DataTemplate {
    bytes: u32,
}

#[derive(Template)]
#[template(path = "arithmetic/word.cuh")]
struct WordTemplate<'a> {
    bytes: u32,
    wide: bool,
    sentinel: bool,
    reductions: &'a BTreeSet<&'static str>,
}

#[derive(Template)]
#[template(path = "arithmetic/own.cuh")]
struct OwnTemplate<'a> {
    dtype: DataType,
    name: &'a str,
    instruction: &'a str,
}

#[derive(Template)]
#[template(path = "arithmetic/wide.cuh")]
struct WideTemplate<'a> {
    dtype: DataType,
    reductions: Vec<(&'a str, &'a str)>,
}
