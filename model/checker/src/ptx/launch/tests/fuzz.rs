//! No file makes the reader panic, hang or take much memory, and whatever is wrong has its place and renders.

use super::super::{Known, Launch, Overrides, draft, parse};
use super::{FILE, parameters, steps};
use arverify_protocol::language::Diagnostics;
use proptest::prelude::*;

/// Words of the format, and a few that are not.
const SOUP: [&str; 112] = [
    "read",
    "index",
    "value",
    "random",
    "zero",
    "\"zero\"",
    "\"exact\"",
    "\"poison\"",
    "to",
    "from",
    "to_rank",
    "to_offset",
    "from_offset",
    "[0, 7]",
    "[1, 1, 1]",
    "[2, 0, 65536]",
    "\"each\"",
    "\"index * 4\"",
    "\"1 << 63\"",
    "\"same-on-all-ranks\"",
    "\"all-to-all\"",
    "\"u64\"",
    "255",
    "256",
    "9223372036854775808",
    "[[",
    "[[step]]",
    "check",
    "copy",
    "fill",
    "record",
    "wait",
    "synchronize",
    "hosts_meet",
    "stream",
    "args",
    "kernel",
    "cluster",
    "cooperative",
    "dependent",
    "each",
    "memory",
    "pad",
    "at",
    "i",
    "[[accept]]",
    "code",
    "and",
    "why",
    "\"AR001\"",
    "\"k.cu:4\"",
    "ranks",
    "grid",
    "block",
    "launches",
    "shared_bytes",
    "[[buffer]]",
    "[[arg]]",
    "[expect]",
    "name",
    "bytes",
    "dtype",
    "init",
    "refresh",
    "symmetric",
    "stride",
    "part",
    "ptr",
    "multicast",
    "table",
    "slots",
    "struct",
    "ptrs",
    "offset",
    "rank",
    "u32",
    "i32",
    "u64",
    "f32",
    "u8",
    "buffer",
    "equals",
    "of",
    "order",
    "=",
    "\"",
    "\"input\"",
    "\"output\"",
    "\"f16\"",
    "\"sum\"",
    "\"rank + 1\"",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    ",",
    "0",
    "-1",
    "4294967296",
    "0x7fffffffffffffff",
    "1e9",
    "true",
    "false",
    "\n",
    "\n",
    "\n",
    "# note\n",
    "launch",
    "/ 0",
    "\"\"\"",
];

/// Files that have every key.
const KEYS: &str = include_str!("../../../../tests/robustness/keys.toml");
const KEYS_OF_STEPS: &str = include_str!("../../../../tests/robustness/steps.toml");

fn renders(errors: &Diagnostics) -> Result<(), TestCaseError> {
    prop_assert!(!errors.list.is_empty());
    for colour in [false, true] {
        prop_assert!(errors.render(colour).contains("error"));
    }
    let length = errors.source.text.len() as u32;
    for error in &errors.list {
        prop_assert!(error.span.start <= error.span.end && error.span.end <= length, "{:?}", error);
    }
    Ok(())
}

fn survives(text: &str) -> Result<(), TestCaseError> {
    let description = match parse("fuzz.toml", text) {
        Ok(description) => description,
        Err(errors) => return renders(&errors),
    };
    for overrides in [Overrides::default(), Overrides { ranks: Some(3), launches: Some(2), ..Overrides::default() }] {
        match Launch::new(&description, &overrides) {
            Err(errors) => renders(&errors)?,
            Ok(launch) => {
                for kernel in launch.kernels() {
                    if launch.launches <= 100
                        && let Err(errors) = kernel.check("kernel", &parameters())
                    {
                        renders(&errors)?;
                    }
                    if let Err(errors) = kernel.entry(&["one", "two"]) {
                        renders(&errors)?;
                    }
                }
            }
        }
    }
    Ok(())
}

fn boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// One of the examples, in which a few stretches were removed, doubled or replaced.
fn mutated() -> impl Strategy<Value = String> {
    let edit = (any::<prop::sample::Index>(), 0usize..12, 0u8..4, proptest::sample::select(SOUP.to_vec()));
    (proptest::collection::vec(edit, 1..4), 0usize..4).prop_map(|(edits, which)| {
        let mut text = [FILE, steps::FILE, KEYS, KEYS_OF_STEPS][which].to_owned();
        for (place, length, action, word) in edits {
            let start = boundary(&text, place.index(text.len() + 1));
            let end = boundary(&text, (start + length).min(text.len())).max(start);
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

/// The example, in which one value became an expression of random words.
fn expressions() -> impl Strategy<Value = String> {
    let words = [
        "rank",
        "ranks",
        "launch",
        "grid",
        "block",
        "+",
        "-",
        "*",
        "/",
        "%",
        "<<",
        ">>",
        "&",
        "|",
        "^",
        "~",
        "!",
        "==",
        "<",
        "?",
        ":",
        "(",
        ")",
        "min(",
        "max(",
        ",",
        "0",
        "1",
        "2",
        "0.5",
        "4294967295",
        "1e300",
    ];
    let words = proptest::collection::vec(proptest::sample::select(words.to_vec()), 0..12);
    let keys = ["\"launch + 1\"", "\"rank - 1\"", "\"rank * 16\"", "\"32 * ranks\"", "\"4 * ranks\"", "\"block * 4\""];
    (words, proptest::sample::select(keys.to_vec()))
        .prop_map(|(words, key)| FILE.replace(key, &format!("\"{}\"", words.join(" "))))
}

/// `ARVERIFY_FUZZ_CASES`, if not a thousand.
fn cases() -> u32 {
    std::env::var("ARVERIFY_FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(1000)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn any_string_is_survived(text in "\\PC{0,200}") {
        survives(&text)?;
    }

    #[test]
    fn any_soup_is_survived(words in proptest::collection::vec(proptest::sample::select(SOUP.to_vec()), 0..60)) {
        survives(&words.join(" "))?;
    }

    #[test]
    fn any_mutation_is_survived(text in mutated()) {
        survives(&text)?;
    }

    #[test]
    fn any_expression_is_survived(text in expressions()) {
        survives(&text)?;
    }
}

#[test]
fn every_prefix_is_survived() {
    let text = draft("kernel", &parameters(), Known::default());
    for text in [FILE, steps::FILE, KEYS, KEYS_OF_STEPS, &text] {
        for (end, _) in text.char_indices() {
            if let Err(error) = survives(&text[..end]) {
                panic!("{end}: {error}");
            }
        }
    }
}
