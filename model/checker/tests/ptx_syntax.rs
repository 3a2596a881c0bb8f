//! The parser on whole modules: the zoo in ../shared where the checkout has it, and texts that were damaged at random.
//! No text makes the parser panic or hang, nor what comes after it, and whatever it refuses it refuses with a message.

use arverify_model::ptx::decode::decode;
use arverify_model::ptx::flow::SpinLoops;
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
        Ok(module) => {
            analyse(&module);
            Some(module)
        }
        Err(errors) => {
            let rendered = errors.render(false);
            assert!(rendered.starts_with("error: ") && rendered.contains("fuzz.ptx:"), "{rendered}");
            None
        }
    }
}

/// Decodes every kernel and looks for its spin loops.
fn analyse(module: &Module) {
    for kernel in module.functions.iter().filter(|function| function.is_entry) {
        match decode(module, &kernel.name) {
            Ok(code) => {
                let loops = SpinLoops::of(&code);
                assert!(loops.all().all(|pc| (pc as usize) < code.instructions.len()));
            }
            Err(error) => assert!(!error.to_string().is_empty()),
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
        analyse(&module);
    }
}

#[test]
fn every_prefix_of_a_module_is_survived() {
    assert!(survives(FORMS.to_owned()).is_some());
    for (end, _) in FORMS.char_indices() {
        survives(FORMS[..end].to_owned());
    }
}

/// Numbers that look random and are the same in every run (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit.max(1) as u64) as usize
    }
}

/// The text with a few stretches removed, doubled, moved, taken from another module, exchanged for words of PTX, or
/// with a bit changed.
fn damaged(case: u64, modules: &[String]) -> String {
    let mut random = Random(case << 20);
    let mut text = modules[random.below(modules.len())].clone().into_bytes();
    for _ in 0..=random.below(5) {
        let start = random.below(text.len() + 1);
        let end = (start + random.below(40)).min(text.len());
        let stretch = text[start..end].to_vec();
        let elsewhere = random.below(text.len() + 1);
        match random.below(8) {
            0 => drop(text.drain(start..end)),
            1 => drop(text.splice(start..start, stretch)),
            2 | 3 => drop(text.splice(start..end, SOUP[random.below(SOUP.len())].bytes())),
            4 => drop(text.splice(elsewhere..elsewhere, stretch)),
            5 => {
                let other = modules[random.below(modules.len())].as_bytes();
                let from = random.below(other.len());
                drop(text.splice(start..end, other[from..(from + random.below(400)).min(other.len())].to_vec()));
            }
            6 => text.iter_mut().skip(start).take(1).for_each(|byte| *byte ^= 1 << (case % 8)),
            _ => text.truncate(start),
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// `ARVERIFY_FUZZ_CASES=100000` for the long run of docs/measurements.md; case numbers are the seeds.
#[test]
fn damaged_modules_are_survived() {
    let cases = std::env::var("ARVERIFY_FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(3000);
    let mut modules = vec![FORMS.to_owned()];
    modules.extend(zoo().iter().filter_map(|path| std::fs::read_to_string(path).ok()));
    let mut parsed = 0;
    for case in 0..cases {
        let text = damaged(case, &modules);
        let survived = std::panic::catch_unwind(|| survives(text)).unwrap_or_else(|_| panic!("case {case}"));
        parsed += u64::from(survived.is_some());
    }
    println!("{cases} damaged modules, {parsed} of them still PTX");
    // Most damage breaks a module; much of it renames or doubles something, which the grammar allows.
    assert!(parsed > cases / 20 && parsed < cases);
}

/// A branch to it could mean either place.
#[test]
fn a_label_is_declared_once_in_a_block() {
    let decoded = |body: &str| {
        let text = format!(".version 8.0\n.target sm_90\n.address_size 64\n.entry k()\n{{\n{body}ret;\n}}\n");
        let module = parse(&Arc::new(Source { name: "labels.ptx".to_owned(), text })).expect("a module");
        decode(&module, "k").map(|_| ()).map_err(|error| error.to_string())
    };
    let twice = Err("the label `$L` is declared twice in one function".to_owned());
    assert_eq!(decoded("$L:\nbra $M;\n$M:\nbra $L;\n$L:\n"), twice);
    assert_eq!(decoded("$L:\n{\n$L:\nbra $L;\n}\nbra $L;\n"), Ok(()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

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
