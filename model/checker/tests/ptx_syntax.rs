//! The parser on whole modules: the zoo in ../shared where the checkout has it, and texts that were damaged at random.
//! No text makes the parser panic or hang, and whatever it refuses it refuses with a message.

use arverify_model::ptx::syntax::{Module, parse};
use arverify_protocol::ir::Source;
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const FORMS: &str = include_str!("ptx/forms.ptx");

/// Words and symbols of PTX, and a few that are not.
const SOUP: [&str; 56] = [
    ".version 8.0\n",
    ".target",
    "sm_90",
    ".entry",
    ".func",
    ".visible",
    ".extern",
    ".param",
    ".reg",
    ".global",
    ".const",
    ".align",
    "4",
    ".b8",
    ".u32",
    ".pred",
    ".v4",
    "%r<5>",
    "%r1",
    "%p",
    "name",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ",",
    ";",
    ":",
    "@",
    "@!",
    "!",
    "|",
    "=",
    "+",
    "-",
    "<",
    "?",
    "0x1F",
    "0f3F800000",
    "1.5e3",
    "_",
    "call",
    "ld.acquire.sys.u32",
    ".loc",
    ".file",
    "\"",
    "/*",
    "*/",
    "//",
    ".branchtargets",
    ".section",
    "generic",
    ".unheard",
    "§",
];

/// Every `.ptx` file of the zoo, or nothing, said aloud.
fn zoo() -> Vec<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("ARVERIFY_SHARED").map_or(beside, PathBuf::from).join("zoo");
    let Ok(kernels) = folder.read_dir() else {
        println!("SKIPPED: the zoo is not at {}", folder.display());
        return Vec::new();
    };
    let files = kernels.flatten().filter_map(|entry| entry.path().read_dir().ok()).flatten().flatten();
    files.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "ptx")).collect()
}

/// Parses; what is refused must have a message with a place.
fn survives(text: String) -> Option<Module> {
    let source = Arc::new(Source { name: "fuzz.ptx".into(), text });
    match parse(&source) {
        Ok(module) => Some(module),
        Err(errors) => {
            let rendered = errors.render(false);
            assert!(rendered.starts_with("error: ") && rendered.contains("fuzz.ptx:"), "{rendered}");
            None
        }
    }
}

#[test]
fn every_module_of_the_zoo_parses() {
    for path in zoo() {
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let source = Arc::new(Source { name: path.display().to_string(), text });
        let module = parse(&source).unwrap_or_else(|error| panic!("{error}"));
        assert!(module.unknown.is_empty(), "{}: {:?}", path.display(), module.unknown);
        assert!(module.functions.iter().any(|function| function.is_entry && function.body.is_some()));
    }
}

#[test]
fn every_prefix_of_a_module_is_survived() {
    assert!(survives(FORMS.to_owned()).is_some());
    for (end, _) in FORMS.char_indices() {
        survives(FORMS[..end].to_owned());
    }
}

/// The text with a few stretches removed, doubled, moved, exchanged for words of PTX, or with a byte changed.
fn damaged() -> impl Strategy<Value = String> {
    let edit = (any::<prop::sample::Index>(), 0usize..40, 0u8..6, proptest::sample::select(SOUP.to_vec()));
    proptest::collection::vec((edit, any::<prop::sample::Index>(), any::<u8>()), 1..6).prop_map(|edits| {
        let mut text = FORMS.as_bytes().to_vec();
        for ((place, length, action, word), other, byte) in edits {
            let start = place.index(text.len() + 1);
            let end = (start + length).min(text.len());
            let stretch = text[start..end].to_vec();
            let elsewhere = other.index(text.len() + 1);
            match action {
                0 => drop(text.drain(start..end)),
                1 => drop(text.splice(start..start, stretch)),
                2 => drop(text.splice(start..end, word.bytes())),
                3 => drop(text.splice(elsewhere..elsewhere, stretch)),
                4 => text.iter_mut().skip(start).take(1).for_each(|old| *old = byte),
                _ => text.truncate(start),
            }
        }
        String::from_utf8_lossy(&text).into_owned()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_modules_are_survived(text in damaged()) {
        survives(text);
    }

    #[test]
    fn soup_is_survived(words in proptest::collection::vec(proptest::sample::select(SOUP.to_vec()), 0..60)) {
        survives(format!(".version 8.0\n.entry k() {{ {}", words.join(" ")));
        survives(format!(".version 8.0\n{}", words.join(" ")));
    }

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        survives(format!(".version 8.0\n{}", String::from_utf8_lossy(&bytes)));
    }
}
