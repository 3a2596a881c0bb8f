//! Names in the emitted code.
//!
//! Buffers, arguments and locals keep the names they have in the protocol, so that the two can be read side by side.
//! Names that C++, CUDA or the templates use already, and names used twice, get a number.

use std::collections::BTreeSet;

/// Names that are taken before the protocol's own: keywords of C++17 and CUDA, and what the templates declare around and
/// in a kernel.
const RESERVED: &[&str] = &[
    // C++17
    "alignas",
    "alignof",
    "and",
    "and_eq",
    "asm",
    "auto",
    "bitand",
    "bitor",
    "bool",
    "break",
    "case",
    "catch",
    "char",
    "char16_t",
    "char32_t",
    "class",
    "compl",
    "const",
    "const_cast",
    "constexpr",
    "continue",
    "decltype",
    "default",
    "delete",
    "do",
    "double",
    "dynamic_cast",
    "else",
    "enum",
    "explicit",
    "export",
    "extern",
    "false",
    "float",
    "for",
    "friend",
    "goto",
    "if",
    "inline",
    "int",
    "long",
    "mutable",
    "namespace",
    "new",
    "noexcept",
    "not",
    "not_eq",
    "nullptr",
    "operator",
    "or",
    "or_eq",
    "private",
    "protected",
    "public",
    "register",
    "reinterpret_cast",
    "return",
    "short",
    "signed",
    "sizeof",
    "static",
    "static_assert",
    "static_cast",
    "struct",
    "switch",
    "template",
    "this",
    "thread_local",
    "throw",
    "true",
    "try",
    "typedef",
    "typeid",
    "typename",
    "union",
    "unsigned",
    "using",
    "virtual",
    "void",
    "volatile",
    "wchar_t",
    "while",
    "xor",
    "xor_eq",
    "main",
    "std",
    // CUDA
    "gridDim",
    "blockDim",
    "blockIdx",
    "threadIdx",
    "warpSize",
    "atomicCAS",
    "assert",
    "printf",
    "min",
    "max",
    "abs",
    // the templates
    "u16",
    "u32",
    "u64",
    "i64",
    "P",
    "T",
    "V",
    "E",
    "B",
    "C",
    "N",
    "Element",
    "ElementBytes",
    "Vector",
    "Wide",
    "WidePair",
    "Instances",
    "Watch",
    "Wait",
    "rank",
    "rank_number",
    "block",
    "blocks",
    "capacity",
    "thread",
    "grid",
    "elements",
    "deadline_ns",
    "status",
    "watch",
    "expired",
    "at",
    "limit",
    "step",
    "total",
    "slot",
    "element",
    "word",
    "data",
    "packet",
    "nanoseconds",
    "ceil_div",
    "smaller",
    "larger",
    "shift_left",
    "shift_right",
    "sum",
    "maximum",
    "minimum",
    "sum_word",
    "maximum_word",
    "minimum_word",
    "widen",
    "narrow",
    "widen_word",
    "narrow_word",
    "without_negative_zeros",
    "block_sync",
    "block_sync_any",
    "barrier_sync",
    "barrier_sync_any",
    "barrier_arrive",
    "record_expiry",
];

/// Beginnings that the templates' own functions and variables have.
const RESERVED_BEGINNINGS: &[&str] =
    &["load_", "store_", "send_", "receive_", "atomic_", "red_", "fence_", "await_", "part", "cuda", "arverify"];

/// Hands out names, each once.
#[derive(Debug, Default)]
pub(crate) struct Names {
    taken: BTreeSet<String>,
}

impl Names {
    /// A C identifier that is the wished name or looks like it.
    pub(crate) fn take(&mut self, wished: &str) -> String {
        let mut base = identifier(wished);
        if has_reserved_beginning(&base) {
            base.insert_str(0, "x_");
        }
        let mut name = base.clone();
        let mut number = 1;
        while RESERVED.contains(&name.as_str()) || !self.taken.insert(name.clone()) {
            number += 1;
            name = format!("{base}_{number}");
        }
        name
    }
}

/// The wished name with everything but letters, digits and single underscores replaced; it starts with a letter.
pub(crate) fn identifier(wished: &str) -> String {
    let mut name = String::new();
    for character in wished.chars() {
        if character.is_ascii_alphanumeric() {
            name.push(character);
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
    }
    if !name.starts_with(|character: char| character.is_ascii_alphabetic()) {
        name.insert_str(0, "x_");
    }
    name
}

fn has_reserved_beginning(name: &str) -> bool {
    RESERVED_BEGINNINGS.iter().any(|beginning| match name.strip_prefix(beginning) {
        // `part0` is a template's variable, `parts` is free.
        Some(rest) if *beginning == "part" => rest.starts_with(|character: char| character.is_ascii_digit()),
        rest => rest.is_some(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_where_they_can_be() {
        let mut names = Names::default();
        assert_eq!(names.take("comm"), "comm");
        assert_eq!(names.take("comm"), "comm_2");
        assert_eq!(names.take("comm_2"), "comm_2_2");
        assert_eq!(names.take("two-shot"), "two_shot");
    }

    #[test]
    fn reserved_names_are_numbered() {
        let mut names = Names::default();
        assert_eq!(names.take("volatile"), "volatile_2");
        assert_eq!(names.take("rank"), "rank_2");
        assert_eq!(names.take("load_weak"), "x_load_weak");
        assert_eq!(names.take("__global__"), "global_");
        assert_eq!(names.take("part0"), "x_part0");
        assert_eq!(names.take("parts"), "parts");
    }
}
