//! No text makes the language panic, hang, or print something that it reads differently.

use crate::catalogue::TEXTS;
use crate::language::{parse, print};
use proptest::prelude::*;

/// Parses; what is wrong must render, what is right must resolve and round-trip.
fn survives(text: &str) -> Result<(), TestCaseError> {
    match parse("fuzz.arp", text) {
        Err(errors) => {
            prop_assert!(!errors.list.is_empty());
            for colour in [false, true] {
                prop_assert!(errors.render(colour).contains("error"));
            }
        }
        Ok(document) => {
            let printed = print(&document);
            let again = parse("fuzz.arp", &printed).map_err(|errors| TestCaseError::fail(errors.to_string()))?;
            prop_assert_eq!(&again, &document);
            prop_assert_eq!(print(&again), printed);
            for variant in document.variants() {
                prop_assert!(document.resolve_variant(variant).is_ok());
            }
        }
    }
    Ok(())
}

/// Words, symbols and white space of the language, and a few that are not.
const SOUP: [&str; 92] = [
    "protocol",
    "param",
    "ranks",
    "P",
    "blocks",
    "B",
    "threads",
    "T",
    "elements",
    "N",
    "element",
    "E",
    "knob",
    "k",
    "=",
    "|",
    "a",
    "b",
    "require",
    "grid",
    "local",
    "symmetric",
    "pad",
    "ghost",
    "f",
    ":",
    "flag",
    "u32",
    "[",
    "]",
    "refreshed",
    "initially",
    "random",
    "argument",
    "let",
    "x",
    "partition",
    "part",
    "(",
    ")",
    "sync",
    "meet",
    "kernel",
    "{",
    "}",
    "expect",
    "==",
    "sum",
    "max",
    "of",
    ",",
    "same",
    "on",
    "all",
    "variant",
    "verifies",
    "violates",
    "AR001",
    "at",
    "block_sync",
    "barrier_sync",
    "store",
    "weak",
    "release",
    ".",
    "sys",
    "load",
    "atomic",
    "add",
    "await",
    "fence",
    "copy",
    "<-",
    "over",
    "..",
    "reduce",
    "q",
    "in",
    "for",
    "if",
    "then",
    "else",
    "is",
    "and",
    "not",
    "exit",
    "assert",
    "0",
    "1",
    "+",
    "-",
    "// note\n",
];

fn soup() -> impl Strategy<Value = String> {
    let words = proptest::collection::vec(proptest::sample::select(SOUP.to_vec()), 0..60);
    (any::<bool>(), words).prop_map(|(head, words)| {
        let head = if head { "protocol p\nparam ranks P\npad f : flag[P]\nkernel {\n" } else { "" };
        format!("{head}{}", words.join(" "))
    })
}

/// A text of the catalogue in which a few stretches were removed, doubled or replaced by words of the language.
fn mutated() -> impl Strategy<Value = String> {
    let edit = (any::<prop::sample::Index>(), 0usize..12, 0u8..4, proptest::sample::select(SOUP.to_vec()));
    let text = proptest::sample::select(TEXTS.to_vec());
    (text, proptest::collection::vec(edit, 1..4)).prop_map(|((_, text), edits)| {
        let mut text = text.to_owned();
        for (place, length, action, word) in edits {
            let mut start = place.index(text.len() + 1);
            let mut end = (start + length).min(text.len());
            while !text.is_char_boundary(start) {
                start -= 1;
            }
            while !text.is_char_boundary(end) {
                end += 1;
            }
            match action {
                0 => text.replace_range(start..end, ""),
                1 => {
                    let doubled = text[start..end].to_owned();
                    text.insert_str(start, &doubled);
                }
                2 => text.replace_range(start..end, word),
                _ => text.insert_str(start, word),
            }
        }
        text
    })
}

/// A text of the catalogue in which whole words changed places.
fn shuffled() -> impl Strategy<Value = String> {
    let text = proptest::sample::select(TEXTS.to_vec());
    let swap = (any::<prop::sample::Index>(), any::<prop::sample::Index>());
    (text, proptest::collection::vec(swap, 1..4)).prop_map(|((_, text), swaps)| {
        let mut words: Vec<&str> = text.split_inclusive([' ', '\n']).collect();
        for (one, other) in swaps {
            let (one, other) = (one.index(words.len()), other.index(words.len()));
            words.swap(one, other);
        }
        words.concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_string_is_survived(text in "\\PC{0,200}") {
        survives(&text)?;
    }

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        survives(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn any_soup_is_survived(text in soup()) {
        survives(&text)?;
    }

    #[test]
    fn any_mutation_is_survived(text in mutated()) {
        survives(&text)?;
    }

    #[test]
    fn any_exchange_of_words_is_survived(text in shuffled()) {
        survives(&text)?;
    }
}

#[test]
fn the_catalogue_survives() {
    for (name, text) in TEXTS {
        survives(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn every_prefix_of_a_protocol_is_survived() {
    let (_, text) = TEXTS[0];
    for (end, _) in text.char_indices() {
        if let Err(error) = survives(&text[..end]) {
            panic!("{end}: {error}");
        }
    }
}
