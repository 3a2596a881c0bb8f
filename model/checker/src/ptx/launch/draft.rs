//! A first LAUNCH.toml for a kernel: what its parameter list and its code tell, and what a user has to say, in comments.
//!
//! The draft is itself a valid file, so that the checker's next message is about the kernel and not about the file.
//! What cannot be known is a guess that says so: PTX does not tell a pointer from a number of 64 bits, so a parameter
//! of 8 bytes of which nothing else is known becomes a pointer to a buffer of its own. Types come from the kernel's mangled
//! name, if it has one.

use super::layout::{Parameter, offsets};
use crate::ptx::fields::{Field, Kind, Uses};
use crate::ptx::names::parameter_types;
use std::fmt::Write;

const HEAD: &str = "\
# How the kernel is launched. Every expression may use rank, ranks, launch (from 0), grid and block.
";

const AFTER_SIZES: &str = "\
# Symmetric buffers: one instance for each rank. For each: its size, its element type (f16 bf16 f32 u8 u32 u64), what
# it holds before the first launch (\"random\", \"zero\", \"poison\" or { value = 0 }), and whether it gets new contents
# before every launch (refresh = true), and whether its owner's host reads it after every launch (read = true; the
# buffer of [expect] it reads anyway). Further keys:
#   symmetric = false             no other rank comes to it
#   stride = \"1 << 32\"            rank r's instance lies stride * r bytes behind that of rank 0 (a flat window)
#   part = [ { name = \"flags\", offset = 512, bytes = 64, dtype = \"u32\", init = \"zero\" } ]     with keys of its own
#   multicast = true              one address stands for the instances of all ranks
";

const ARGUMENTS: &str = "\
# Kernel parameters, in order. Each has one of:
#   ptr = \"comm\"                  this rank's instance; also offset = \"rank * 256\" (bytes), rank = \"(rank + 1) % ranks\"
#   multicast = \"comm\"            the address that stands for all ranks' instances; also offset
#   table = \"comm\"                pointer to a table in device memory with all ranks' instances; also slots = 8
#   u32 = \"launch + 1\"            a number: u8 i8 u16 i16 u32 i32 u64 i64 f32 f64
#   struct = [ { u64 = 64 }, { ptrs = \"comm\", slots = 8 }, { ptr = \"output\" } ]     by value, laid out as C does
";

const EXPECTATION: &str = "\
# What must hold after every launch; without it, synchronisation alone is checked.
# [expect]
# buffer = \"output\"
# equals = \"sum\"          # sum | max | min | gather | reduce-scatter | copy | broadcast
# of = \"input\"
# order = \"any\"           # any | same-on-all-ranks
# zero = \"equal\"          # equal | exact: whether -0.0 passes for +0.0
";

/// What is known of a kernel beside its parameters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// The places of all parameters that it reads.
    pub fields: Option<&'a [Field]>,
    /// The shape of its blocks, where it requires one.
    pub threads: Option<[u32; 3]>,
    /// The shape of its clusters, where it requires one.
    pub cluster: Option<[u32; 3]>,
}

/// A buffer of the draft.
struct Buffer {
    name: String,
    uses: Uses,
    data: &'static str,
    multicast: bool,
}

/// The text for a kernel with these parameters.
pub fn draft(kernel: &str, parameters: &[Parameter], known: Known) -> String {
    let types = parameter_types(kernel).filter(|types| types.len() == parameters.len());
    let (starts, _) = offsets(parameters);
    let mut buffers = Vec::new();
    let mut arguments = String::new();
    for ((index, parameter), start) in parameters.iter().enumerate().zip(starts) {
        let own = types.as_ref().map(|types| types[index].as_str());
        let (name, declared) = match own {
            Some(own) => (index.to_string(), comment(own)),
            None => (comment(&parameter.name), comment(&parameter.declared)),
        };
        let passed = Passing { index, parameter, data: own.and_then(pointee), buffers: &mut buffers };
        let _ = write!(
            arguments,
            "\n# {name}: {declared}, {} bytes, aligned to {}\n[[arg]]\n{}\n",
            parameter.bytes,
            parameter.alignment,
            passed.passed(start, known.fields)
        );
    }
    let mut text = head(kernel, known);
    buffers.iter().for_each(|buffer| text.push_str(&declaration(buffer)));
    text + ARGUMENTS + &arguments + "\n" + EXPECTATION
}

fn head(kernel: &str, known: Known) -> String {
    let shape = |shape: Option<[u32; 3]>| shape.map(|[x, y, z]| format!("[{x}, {y}, {z}]"));
    let mut text = HEAD.to_owned();
    let _ = writeln!(text, "kernel = {}", quoted(kernel));
    text.push_str("ranks = 2\n");
    match shape(known.cluster) {
        Some(cluster) => {
            let _ = writeln!(
                text,
                "grid = {cluster}        # blocks of each rank: here one cluster, as the kernel requires"
            );
            let _ = writeln!(text, "cluster = {cluster}");
        }
        None => text.push_str("grid = 1                # blocks of each rank; or [x, y, z]\n"),
    }
    match shape(known.threads) {
        Some(threads) => {
            let _ = writeln!(text, "block = {threads}       # threads of each block, as the kernel requires");
        }
        None => text.push_str("block = 32              # threads of each block; or [x, y, z]\n"),
    }
    text.push_str("launches = 3\nshared_bytes = 0        # dynamic shared memory of each block\n\n");
    text + AFTER_SIZES
}

/// A buffer by how the kernel accesses it.
fn declaration(buffer: &Buffer) -> String {
    let Uses { read, written, strong, width } = buffer.uses;
    let width_type = match width {
        1 => "u8",
        2 => "f16",
        8 => "u64",
        _ if strong => "u32",
        _ => "f32",
    };
    let data = if buffer.data.is_empty() { width_type } else { buffer.data };
    let contents = match (read, written) {
        _ if strong => "init = \"zero\"           # it is accessed strongly: flags or counters?\nrefresh = false",
        (true, false) => "init = \"random\"         # it is only read: an input?\nrefresh = true",
        (false, true) => "init = \"poison\"         # it is only written: an output?\nrefresh = false",
        _ => "init = \"zero\"\nrefresh = false",
    };
    let multicast = if buffer.multicast { "multicast = true\n" } else { "" };
    let name = quoted(&buffer.name);
    format!("[[buffer]]\nname = {name}\nbytes = 1024\ndtype = \"{data}\"\n{contents}\n{multicast}\n")
}

/// The element type of a buffer, by what a parameter points to in C++.
fn pointee(parameter: &str) -> Option<&'static str> {
    let types = [
        ("float", "f32"),
        ("__half", "f16"),
        ("__nv_bfloat16", "bf16"),
        ("int", "u32"),
        ("unsigned int", "u32"),
        ("long", "u64"),
        ("unsigned long", "u64"),
        ("unsigned long long", "u64"),
        ("char", "u8"),
        ("unsigned char", "u8"),
        ("signed char", "u8"),
        ("bool", "u8"),
    ];
    let base = parameter.strip_suffix('*')?.trim_end_matches([' ', '*']);
    let plain = ["const", "volatile"]
        .iter()
        .fold(base.to_owned(), |base, word| base.split(' ').filter(|part| part != word).collect::<Vec<_>>().join(" "));
    types.into_iter().find(|(name, _)| *name == plain).map(|(_, data)| data)
}

/// A parameter on its way into the draft.
struct Passing<'a> {
    index: usize,
    parameter: &'a Parameter,
    /// The element type of the buffer that it leads to.
    data: Option<&'static str>,
    buffers: &'a mut Vec<Buffer>,
}

impl Passing<'_> {
    /// What to pass, by what the kernel reads where that is known.
    fn passed(mut self, start: u64, fields: Option<&[Field]>) -> String {
        let Parameter { bytes, alignment, .. } = *self.parameter;
        let end = start + bytes;
        let touches = |field: &&Field| field.offset < end && field.offset + field.bytes > start;
        let fits = |field: &&Field| {
            let inside = field.offset >= start && field.offset + field.bytes <= end;
            inside && field.bytes <= alignment.max(1) && bytes.is_multiple_of(field.bytes)
        };
        // Whoever reads across its end knows more of it than its declaration says.
        let own = fields.map(|fields| fields.iter().filter(touches).collect::<Vec<_>>());
        let Some(own) = own.filter(|own| own.iter().all(fits)) else { return self.guess() };
        let name = format!("buffer{}", self.index);
        match own[..] {
            [] => format!("{}   # the kernel does not read it", unread(self.parameter)),
            _ if is_structure(self.parameter) => {
                let moved = |field: &&Field| Field { offset: field.offset - start, ..(*field).clone() };
                self.structure(&own.iter().map(moved).collect::<Vec<_>>(), Some(bytes), &name)
            }
            [only] if bytes == 8 => match only.kind {
                Kind::Number => "u64 = 0                 # a number: it is no address of an access".to_owned(),
                _ => self.value(only, &name),
            },
            _ => self.guess(),
        }
    }

    /// What stands at a place: `key = …`.
    fn value(&mut self, field: &Field, name: &str) -> String {
        if field.kind == Kind::Number {
            return format!("u{} = 0", field.bytes * 8);
        }
        let holds_addresses = !field.fields.is_empty() && !field.uses.written;
        if holds_addresses && !is_table(&field.fields) {
            let structure = self.structure(&field.fields, None, name);
            return match field.fields.iter().any(|field| field.indexed) {
                true => format!("memory = {{ each = \"ranks\", of = {{ {structure} }} }}"),
                false => format!("memory = {{ {structure} }}"),
            };
        }
        // A table leads to the memory that its entries do.
        let uses = if holds_addresses { field.fields[0].uses } else { field.uses };
        let multicast = field.kind == Kind::Multicast;
        self.buffers.push(Buffer { name: name.to_owned(), uses, data: self.data.unwrap_or_default(), multicast });
        let key = if multicast { "multicast" } else { if holds_addresses { "table" } else { "ptr" } };
        format!("{key} = {}", quoted(name))
    }

    /// A structure by the fields of it that are read: `struct = [ … ]`.
    fn structure(&mut self, fields: &[Field], bytes: Option<u64>, name: &str) -> String {
        let mut text = "struct = [              # by the fields that the kernel reads\n".to_owned();
        let mut end = 0;
        for (index, field) in fields.iter().enumerate() {
            // Overlapping reads are one field, and what lies in an array is one of it.
            if field.offset < end {
                continue;
            }
            let value = self.value(field, &format!("{name}_{}", field.offset));
            let gap = if field.offset == end { String::new() } else { format!("{{ at = {} }}, ", field.offset) };
            let is_array = bytes.is_some() && field.indexed;
            let next = fields[index + 1..]
                .iter()
                .find(|next| next.offset >= field.offset + field.bytes && !is_element(next, field));
            let until = next.map(|next| next.offset).or(bytes).unwrap_or(field.offset + field.bytes);
            let count = if is_array { (until - field.offset) / field.bytes } else { 1 };
            let _ = match (count, value.strip_prefix("ptr = ")) {
                (0 | 1, _) => writeln!(text, "  {gap}{{ {value} }},"),
                (_, Some(buffer)) => writeln!(text, "  {gap}{{ ptrs = {buffer}, slots = {count} }},"),
                (_, None) => writeln!(text, "  {gap}{{ each = \"{count}\", of = {{ {value} }} }},"),
            };
            end = field.offset + count.max(1) * field.bytes;
        }
        if let Some(bytes) = bytes.filter(|bytes| end < *bytes) {
            let _ = writeln!(text, "  {{ at = {bytes} }},");
        }
        text + "]"
    }

    /// What the parameter may be.
    fn guess(self) -> String {
        let Parameter { bytes, alignment, ref declared, .. } = *self.parameter;
        let float = declared.contains(".f32") || declared.contains(".f64");
        match (bytes, alignment) {
            (8, 8) if float => "f64 = 0.0".to_owned(),
            (8, 8) => {
                let name = format!("buffer{}", self.index);
                let passed = format!("ptr = \"{name}\"         # a pointer? else u64 = \"…\", or table = \"{name}\"");
                let uses = Uses { read: true, written: true, strong: false, width: 4 };
                self.buffers.push(Buffer { name, uses, data: self.data.unwrap_or_default(), multicast: false });
                passed
            }
            (4, 4) if float => "f32 = 0.0".to_owned(),
            (4, 4) => "u32 = 0                 # perhaps \"rank\", \"ranks\", \"launch + 1\", or a number of elements"
                .to_owned(),
            (2, 2) => "u16 = 0".to_owned(),
            (1, 1) => "u8 = 0".to_owned(),
            (bytes, alignment) => structure(bytes, alignment),
        }
    }
}

/// Whether a place may be one of an array: of the same kind, accessed alike.
fn is_element(field: &Field, array: &Field) -> bool {
    !field.indexed && (field.kind, field.bytes, field.uses) == (array.kind, array.bytes, array.uses)
}

/// Whether the memory behind an address is a table of addresses, all of one kind.
fn is_table(fields: &[Field]) -> bool {
    let first = &fields[0];
    let alike = |field: &Field| (field.kind, field.bytes, field.uses) == (first.kind, 8, first.uses);
    let indexed = fields.iter().filter(|field| field.indexed).count();
    indexed <= 1 && fields.iter().all(alike) && fields.iter().all(|field| !field.indexed || field.offset == 0)
}

/// Whether a parameter is a structure.
fn is_structure(parameter: &Parameter) -> bool {
    !matches!((parameter.bytes, parameter.alignment), (8, 8) | (4, 4) | (2, 2) | (1, 1))
}

/// A parameter that the kernel does not read.
fn unread(parameter: &Parameter) -> String {
    match (parameter.bytes, parameter.alignment) {
        (8, 8) => "u64 = 0".to_owned(),
        (4, 4) => "u32 = 0".to_owned(),
        (2, 2) => "u16 = 0".to_owned(),
        (1, 1) => "u8 = 0".to_owned(),
        (bytes, _) => format!("struct = [ {{ pad = {bytes} }} ]"),
    }
}

/// A structure of the right size, all zeros: of the largest words that fit size and alignment.
fn structure(bytes: u64, alignment: u64) -> String {
    let words = [("u64", 8), ("u32", 4), ("u16", 2), ("u8", 1)];
    let fits = |size: u64| size <= alignment.max(1) && bytes.is_multiple_of(size);
    let (word, size) = words.into_iter().find(|(_, size)| fits(*size)).unwrap_or(("u8", 1));
    let count = usize::try_from(bytes / size).unwrap_or_default().max(1);
    let fields = vec![format!("{{ {word} = 0 }}"); count];
    format!("struct = [ {} ]   # a structure: its fields as the source declares them", fields.join(", "))
}

/// A TOML string.
fn quoted(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|c| match c {
            '"' | '\\' => format!("\\{c}"),
            c if c.is_control() => format!("\\u{:04X}", u32::from(c)),
            c => c.to_string(),
        })
        .collect();
    format!("\"{escaped}\"")
}

/// Text that stays on its line.
fn comment(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
