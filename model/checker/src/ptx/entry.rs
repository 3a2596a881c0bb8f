//! Entries of a module, and the parameters that they declare.

use super::launch::Parameter;
use super::syntax::{Function, Kind, Module, Variable};

/// Kernels with a body, in the order of the text.
pub fn entries(module: &Module) -> Vec<&Function> {
    module.functions.iter().filter(|function| function.is_entry && function.body.is_some()).collect()
}

/// The parameters of an entry; the name of the first one whose size is not known (textures, samplers and surfaces are
/// passed by means of their own) as an error.
pub fn parameters(function: &Function) -> Result<Vec<Parameter>, String> {
    let known = |variable: &Variable| parameter(variable).ok_or_else(|| variable.name.clone());
    function.parameters.iter().map(known).collect()
}

fn parameter(variable: &Variable) -> Option<Parameter> {
    let element = bytes_of(&variable.kind)?.checked_mul(u64::from(variable.vector.max(1)))?;
    let count = variable.dimensions.iter().try_fold(1u64, |count, extent| count.checked_mul(*extent))?;
    let bytes = element.checked_mul(count)?;
    let alignment = variable.alignment.unwrap_or(element).max(element);
    if variable.unsized_array || !alignment.is_power_of_two() {
        return None;
    }
    let aligned = variable.alignment.map_or(String::new(), |alignment| format!(".align {alignment} "));
    let vector = if variable.vector > 1 { format!(".v{} ", variable.vector) } else { String::new() };
    let extents: String = variable.dimensions.iter().map(|extent| format!("[{extent}]")).collect();
    let declared = format!("{aligned}{vector}.{}{extents}", variable.kind.0);
    Some(Parameter { name: variable.name.clone(), bytes, alignment, declared })
}

/// Bytes of a fundamental type: `u64`, `b8`, `f16x2`.
fn bytes_of(kind: &Kind) -> Option<u64> {
    let (count, base) = match kind.0.strip_suffix("x2") {
        Some(base) => (2, base),
        None => (1, kind.0.as_str()),
    };
    let letters = base.trim_end_matches(|c: char| c.is_ascii_digit());
    if !["b", "u", "s", "f", "bf"].contains(&letters) {
        return None;
    }
    match base[letters.len()..].parse().ok()? {
        bits @ (8 | 16 | 32 | 64 | 128) => Some(count * bits / 8),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::syntax;
    use super::*;
    use arverify_protocol::ir::Source;
    use std::sync::Arc;

    #[test]
    fn declarations_have_sizes() {
        let text = ".version 9.0\n.target sm_90\n.address_size 64\n.entry k(.param .u64 a, .param .align 8 .b8 b[48], \
                    .param .u8 c, .param .u64 .ptr .global .align 16 d) { ret; }\n.entry declared();\n\
                    .entry t(.param .texref x) { ret; }";
        let source = Arc::new(Source { name: "k.ptx".to_owned(), text: text.to_owned() });
        let module = syntax::parse(&source).unwrap_or_else(|errors| panic!("{errors}"));
        let entries = entries(&module);
        assert_eq!(entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["k", "t"]);
        let found = parameters(entries[0]).expect("every size is known");
        let sizes: Vec<(u64, u64)> = found.iter().map(|found| (found.bytes, found.alignment)).collect();
        assert_eq!(sizes, [(8, 8), (48, 8), (1, 1), (8, 8)]);
        assert_eq!(found[1].declared, ".align 8 .b8[48]");
        assert_eq!(parameters(entries[1]), Err("x".to_owned()));
    }
}
