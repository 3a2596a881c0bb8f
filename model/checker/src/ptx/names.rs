//! Names as their authors wrote them.
//!
//! C++ compilers write a function's or variable's name, with its types, into the symbol (Itanium C++ ABI, "Mangling"). Names that
//! are none of theirs stay as they are.

use cpp_demangle::{DemangleOptions, Symbol};

/// The longest symbol that is looked at.
const LONGEST: usize = 1 << 14;

/// A symbol's name in C++, without parameters and what it returns; the symbol itself where it is no such name.
pub fn demangled(symbol: &str) -> String {
    let options = DemangleOptions::new().no_params().no_return_type();
    let is_mangled = symbol.starts_with("_Z") && symbol.len() <= LONGEST;
    let name = is_mangled.then(|| Symbol::new(symbol).ok()?.demangle_with_options(&options).ok()).flatten();
    name.map_or_else(|| symbol.to_owned(), |name| without_casts(&name))
}

/// Template arguments as they are usually written: `f<(unsigned int)128>` is `f<128>`.
fn without_casts(name: &str) -> String {
    let mut rest = name;
    let mut plain = String::new();
    while let Some(open) = rest.find('(') {
        let (before, from) = rest.split_at(open);
        plain += before;
        let closed = from.find(')').filter(|close| {
            let is_type = from[1..*close].chars().all(|c| c.is_ascii_alphanumeric() || " _:".contains(c));
            let is_number = from[close + 1..].starts_with(|c: char| c.is_ascii_digit() || c == '-');
            is_type && is_number && (before.ends_with('<') || before.ends_with(", "))
        });
        match closed {
            Some(close) => rest = &from[close + 1..],
            None => {
                plain.push('(');
                rest = &from[1..];
            }
        }
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_source() {
        assert_eq!(demangled("_Z16reduceSinglePassILj128ELb1EEvPKiPViS3_Pij"), "reduceSinglePass<128, true>");
        assert_eq!(demangled("_ZN4vllm19cross_device_reduceEPf"), "vllm::cross_device_reduce");
        assert_eq!(demangled("k1_barrier"), "k1_barrier");
        assert_eq!(demangled("_Znonsense"), "_Znonsense");
    }
}
