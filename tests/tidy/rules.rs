//! Rules on Rust sources: lengths, documentation, `unsafe`, panics, and which folder may use which.

use crate::assert_none;
use crate::source::{Source, all, words};

const LINES_OF_A_MODULE: usize = 800;
const LINES_OF_A_FUNCTION: usize = 70;

/// Functions that may be longer, with the reason.
const LONG_FUNCTIONS: &[(&str, &str, &str)] = &[];

#[test]
fn every_module_says_what_it_is_for() {
    let breaches = all().into_iter().filter(|source| {
        let docs = source.module_docs();
        docs.split_whitespace().count() < 2 || docs.contains(concat!("place", "holder"))
    });
    assert_none("a module opens with `//!` and its purpose", breaches.map(|source| source.path).collect());
}

#[test]
fn a_long_module_gives_its_reason() {
    let reason = "Over 800 lines because";
    let breaches = all()
        .into_iter()
        .filter(|source| source.text.lines().count() > LINES_OF_A_MODULE && !source.module_docs().contains(reason));
    assert_none(
        "a module over 800 lines says `Over 800 lines because …` in its module docs",
        breaches.map(|source| format!("{}: {} lines", source.path, source.text.lines().count())).collect(),
    );
}

#[test]
fn functions_are_short() {
    let mut breaches = Vec::new();
    let mut excused = Vec::new();
    for source in all() {
        for function in source.functions() {
            if function.length <= LINES_OF_A_FUNCTION {
                continue;
            }
            if LONG_FUNCTIONS.iter().any(|(path, name, _)| *path == source.path && *name == function.name) {
                excused.push((source.path.clone(), function.name));
            } else {
                breaches.push(format!(
                    "{}:{}: {} has {} lines",
                    source.path, function.line, function.name, function.length
                ));
            }
        }
    }
    for (path, name, _) in LONG_FUNCTIONS {
        if !excused.iter().any(|(found, function)| found == path && function == name) {
            breaches.push(format!("{path}: {name} is excused without need"));
        }
    }
    assert_none("a function has at most 70 lines", breaches);
}

#[test]
fn unsafe_code_stays_in_the_runtime() {
    let mut breaches = Vec::new();
    for source in all().iter().filter(|source| !source.path.starts_with("runtime/")) {
        for (at, _) in words(&source.code).filter(|(_, word)| *word == "unsafe") {
            breaches.push(source.place(at));
        }
    }
    assert_none("`unsafe` stands in runtime/ only", breaches);
}

#[test]
fn nothing_is_unfinished() {
    let mut breaches = Vec::new();
    for source in all() {
        for (at, word) in words(&source.code) {
            let macros = ["todo", "unimplemented", "dbg"];
            if macros.contains(&word) && source.code[at + word.len()..].starts_with('!') {
                breaches.push(format!("{}: {word}!", source.place(at)));
            }
            if word == "ignore" && source.code[..at].ends_with("#[") {
                breaches.push(format!("{}: an ignored test", source.place(at)));
            }
        }
    }
    assert_none("nothing is left unfinished or ignored", breaches);
}

/// `unwrap()` says nothing; `expect("why it cannot fail")` states an invariant. So the first is out, and the second
/// needs a literal of at least three words.
#[test]
fn a_panic_states_its_invariant() {
    let mut breaches = Vec::new();
    for source in all() {
        for (at, word) in words(&source.shipped) {
            let method = source.shipped[..at].ends_with('.');
            let rest = &source.text[at + word.len()..];
            match word {
                "unwrap" if method && rest.starts_with("()") => breaches.push(format!("{}: unwrap", source.place(at))),
                "expect" if method && reason_words(rest).is_some_and(|count| count < 3) => {
                    breaches.push(format!("{}: expect without a reason", source.place(at)));
                }
                "panic" | "unreachable" if rest.starts_with("!()") => {
                    breaches.push(format!("{}: {word} without a message", source.place(at)));
                }
                _ => {}
            }
        }
    }
    assert_none("outside tests no unwrap, and an expect, panic or unreachable says why", breaches);
}

/// Words of the literal in `("…")`; `None` if that is not the whole argument, or if `?` follows: then it is a parser's
/// own method, since what `Option` and `Result` expect is no error to be handed on.
fn reason_words(rest: &str) -> Option<usize> {
    let (literal, after) = rest.strip_prefix('(')?.trim_start().strip_prefix('"')?.split_once('"')?;
    let closed = after.trim_start().trim_start_matches(',').trim_start().strip_prefix(')')?;
    (!closed.starts_with('?')).then(|| literal.split_whitespace().count())
}

/// A folder, and the words that must not follow `crate::`, `super::` or start a path in it.
const FOLDERS: &[(&str, &[&str])] = &[
    ("model/checker/src/machine/", &["ptx", "litmus", "report", "axioms", "prove", "z3"]),
    (
        "model/checker/src/memory/",
        &["machine", "check", "ptx", "litmus", "report", "axioms", "prove", "z3", "stateright"],
    ),
    (
        "model/checker/src/program/",
        &["machine", "check", "ptx", "litmus", "report", "axioms", "prove", "z3", "stateright"],
    ),
    ("model/checker/src/ptx/", &["machine", "memory", "litmus", "stateright", "z3"]),
    ("model/checker/src/litmus/", &["machine", "memory", "ptx", "stateright", "z3"]),
    ("model/checker/src/check/", &["ptx", "litmus", "report", "z3"]),
    ("model/checker/src/report/", &["machine", "memory", "stateright", "z3"]),
    ("model/protocol/src/", &["z3", "stateright", "arverify_model", "arverify_gen", "arverify_runtime"]),
    ("runtime/", &["z3", "stateright", "arverify_model", "arverify_gen"]),
];

#[test]
fn a_front_end_never_knows_the_machine_nor_the_machine_a_front_end() {
    let mut breaches = Vec::new();
    for source in all() {
        for (folder, forbidden) in FOLDERS.iter().filter(|(folder, _)| source.path.starts_with(folder)) {
            for (at, word) in path_heads(&source) {
                if forbidden.contains(&word) {
                    breaches.push(format!("{}: {folder} uses {word}", source.place(at)));
                }
            }
        }
        let solver_is_at_home = ["axioms/", "prove/"].iter().any(|part| source.path.contains(part));
        if !solver_is_at_home && path_heads(&source).any(|(_, word)| word == "z3") {
            breaches.push(format!("{}: z3 types stay in axioms/ and prove/", source.path));
        }
    }
    assert_none("arrows between folders", breaches);
}

/// Words that start a path (`word::`), directly or after `crate::` or `super::`.
fn path_heads(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    words(&source.code).filter(|(at, word)| {
        let before = source.code[..*at].trim_end();
        let head = match before.strip_suffix("::") {
            None => source.code[at + word.len()..].starts_with("::"),
            Some(path) => ["crate", "super"].iter().any(|root| path.ends_with(root)),
        };
        head || before.ends_with("use crate::{") || before.ends_with("use super::{")
    })
}
