//! A first LAUNCH.toml for a kernel: what its parameter list tells, and what a user has to say, in comments.
//!
//! The draft is itself a valid file, so that the checker's next message is about the kernel and not about the file.
//! What cannot be known is a guess that says so: PTX does not tell a pointer from a number of 64 bits, so a parameter
//! of 8 bytes becomes a pointer to a buffer of its own.

use super::layout::{Parameter, offsets};
use crate::ptx::fields::{Field, Kind};
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

/// The text for a kernel with these parameters.
///
/// `fields` are the places of all parameters that the kernel reads, where they are known.
pub fn draft(kernel: &str, parameters: &[Parameter], fields: Option<&[Field]>) -> String {
    let (starts, _) = offsets(parameters);
    let mut text = HEAD.to_owned();
    let _ = writeln!(text, "kernel = {}", quoted(kernel));
    text.push_str("ranks = 2\ngrid = 1                # blocks of each rank; or [x, y, z]\n");
    text.push_str("block = 32              # threads of each block; or [x, y, z]\nlaunches = 3\n");
    text.push_str("shared_bytes = 0        # dynamic shared memory of each block\n\n");
    text.push_str(AFTER_SIZES);
    for (index, _) in parameters.iter().enumerate().filter(|(_, parameter)| parameter.bytes == 8) {
        let is_multicast = |field: &&Field| field.offset == starts[index] && field.kind == Kind::Multicast;
        let multicast = fields.is_some_and(|fields| fields.iter().any(|field| is_multicast(&field)));
        let _ = write!(
            text,
            "[[buffer]]\nname = \"buffer{index}\"\nbytes = 1024\ndtype = \"f32\"\ninit = \"zero\"\nrefresh = false\n{}\n",
            if multicast { "multicast = true\n" } else { "" }
        );
    }
    text.push_str(ARGUMENTS);
    for ((index, parameter), start) in parameters.iter().enumerate().zip(starts) {
        let _ = write!(
            text,
            "\n# {}: {}, {} bytes, aligned to {}\n[[arg]]\n{}\n",
            comment(&parameter.name),
            comment(&parameter.declared),
            parameter.bytes,
            parameter.alignment,
            passed((index, parameter), start, fields)
        );
    }
    text.push('\n');
    text.push_str(EXPECTATION);
    text
}

/// What to pass, by what the kernel reads where that is known.
fn passed((index, parameter): (usize, &Parameter), start: u64, fields: Option<&[Field]>) -> String {
    let (end, alignment) = (start + parameter.bytes, parameter.alignment);
    let touches = |field: &&Field| field.offset < end && field.offset + field.bytes > start;
    let fits = |field: &&Field| {
        let inside = field.offset >= start && field.offset + field.bytes <= end;
        inside && field.bytes <= alignment.max(1) && parameter.bytes.is_multiple_of(field.bytes)
    };
    // Whoever reads across its end knows more of it than its declaration says.
    let own = fields.map(|fields| fields.iter().filter(touches).collect::<Vec<_>>());
    let Some(own) = own.filter(|own| own.iter().all(fits)) else { return guess(index, parameter) };
    match own.iter().map(|field| field.kind).max() {
        None => format!("{}   # the kernel does not read it", unread(parameter)),
        Some(_) if is_structure(parameter) => read_fields(parameter, start, &own),
        Some(_) if parameter.bytes != 8 => guess(index, parameter),
        Some(Kind::Table) => format!("table = \"buffer{index}\"       # a table of pointers, or of structures"),
        Some(Kind::Multicast) => format!("multicast = \"buffer{index}\"   # an address of all ranks"),
        Some(Kind::Address) => format!("ptr = \"buffer{index}\""),
        Some(Kind::Number) => "u64 = 0                 # a number: it is no address of an access".to_owned(),
    }
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

/// A structure by the fields of it that are read.
fn read_fields(parameter: &Parameter, start: u64, fields: &[&Field]) -> String {
    let mut text = "struct = [              # by the fields that the kernel reads\n".to_owned();
    let mut end = 0;
    for field in fields {
        let (at, word) = (field.offset - start, field.bytes * 8);
        // Overlapping reads are one field.
        if at < end {
            continue;
        }
        let what = match field.kind {
            Kind::Number => "",
            Kind::Address => "   # an address: { ptr = \"…\" }",
            Kind::Multicast => "   # an address of all ranks: { multicast = \"…\" }",
            Kind::Table => "   # a table: { table = \"…\" }",
        };
        let gap = if at == end { String::new() } else { format!("{{ at = {at} }}, ") };
        let _ = writeln!(text, "  {gap}{{ u{word} = 0 }},{what}");
        end = at + field.bytes;
    }
    if end < parameter.bytes {
        let _ = writeln!(text, "  {{ at = {} }},", parameter.bytes);
    }
    text.push(']');
    text
}

/// What the parameter may be.
fn guess(index: usize, parameter: &Parameter) -> String {
    let float = parameter.declared.contains(".f32") || parameter.declared.contains(".f64");
    match (parameter.bytes, parameter.alignment) {
        (8, 8) if float => "f64 = 0.0".to_owned(),
        (8, 8) => {
            format!("ptr = \"buffer{index}\"         # a pointer? else u64 = \"…\", or table = \"buffer{index}\"")
        }
        (4, 4) if float => "f32 = 0.0".to_owned(),
        (4, 4) => {
            "u32 = 0                 # perhaps \"rank\", \"ranks\", \"launch + 1\", or a number of elements".to_owned()
        }
        (2, 2) => "u16 = 0".to_owned(),
        (1, 1) => "u8 = 0".to_owned(),
        (bytes, alignment) => structure(bytes, alignment),
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
