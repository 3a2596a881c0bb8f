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

/// The types of a function's parameters in C++; `None` where the symbol tells none.
pub fn parameter_types(symbol: &str) -> Option<Vec<String>> {
    let is_mangled = symbol.starts_with("_Z") && symbol.len() <= LONGEST;
    let options = DemangleOptions::new().no_return_type();
    let name = is_mangled.then(|| Symbol::new(symbol).ok()?.demangle_with_options(&options).ok()).flatten()?;
    let list = name.strip_suffix(')')?;
    let mut depth = 0;
    // The parenthesis that the last one closes.
    let open = list.char_indices().rev().find(|(_, c)| {
        depth += i32::from(*c == ')') - i32::from(*c == '(');
        depth < 0
    });
    let list = without_casts(&list[open?.0 + 1..]);
    let mut types = vec![String::new()];
    let mut depth = 0;
    for c in list.chars() {
        match c {
            '(' | '<' | '[' => depth += 1,
            ')' | '>' | ']' => depth -= 1,
            ',' if depth == 0 => {
                types.push(String::new());
                continue;
            }
            _ => {}
        }
        types.last_mut().expect("there is one").push(c);
    }
    let types: Vec<String> = types.iter().map(|text| text.trim().to_owned()).collect();
    Some(if types == ["void"] || types == [""] { Vec::new() } else { types })
}

/// Names of several functions, without namespaces and template arguments where that tells them apart.
pub fn short_names(symbols: &[&str]) -> Vec<String> {
    let full: Vec<String> = symbols.iter().map(|symbol| demangled(symbol)).collect();
    let short: Vec<&str> = full.iter().map(|name| own_name(name)).collect();
    let tells = |index: usize| (0..full.len()).all(|other| short[other] != short[index] || full[other] == full[index]);
    (0..full.len()).map(|index| if tells(index) { short[index].to_owned() } else { full[index].clone() }).collect()
}

/// The function's own name in a C++ name.
fn own_name(name: &str) -> &str {
    let name = &name[..name.find('<').unwrap_or(name.len())];
    let own = name.rsplit("::").next().unwrap_or(name);
    if own.is_empty() || own.contains(['(', ')', ' ']) { name } else { own }
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

    #[test]
    fn parameters_have_the_types_of_the_source() {
        let types = |symbol| parameter_types(symbol).unwrap_or_default().join(" | ");
        assert_eq!(
            types("_Z16reduceSinglePassILj128ELb1EEvPKiPViS3_Pij"),
            "int const* | int volatile* | int volatile* | int* | unsigned int"
        );
        assert_eq!(types("_ZN2ep7barrierILi2EEEvPPii"), "int** | int");
        assert_eq!(
            types("_ZN1c6gatherEPvS0_PNS_6HandleEiiim"),
            "void* | void* | c::Handle* | int | int | int | unsigned long"
        );
        assert_eq!(parameter_types("_Z1kv"), Some(Vec::new()));
        assert_eq!(parameter_types("plain"), None);
    }

    #[test]
    fn short_names_tell_functions_apart() {
        let names = ["_Z1fILi1EEvv", "_Z1fILi2EEvv", "_ZN1a1b1gIiEEvv", "plain"];
        assert_eq!(short_names(&names), ["f<1>", "f<2>", "g", "plain"]);
    }
}
