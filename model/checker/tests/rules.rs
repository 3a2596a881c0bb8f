//! Each rule of the machine is left out in turn, and some test must change its answer: a file of tests/verify, one of
//! tests/litmus, or a case of `rules/` beside this file, for what those do not need. docs/machine-rules.md is the
//! table; `BLESS=1` writes it anew.

use arverify_model::check::{Options, Outcome, Progress, check, check_program};
use arverify_model::litmus::{Test, parse};
use arverify_model::machine::Rule;
use arverify_model::outcomes;
use arverify_model::program::Program;
use arverify_model::ptx::launch::Overrides;
use arverify_model::ptx::load::load;
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::{Protocol, Source};
use arverify_protocol::language;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Files below a folder with this extension, sorted.
fn files(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.expect("can be read").path()).collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            files(&entry, extension, found);
        } else if entry.extension().is_some_and(|it| it == extension) {
            found.push(entry);
        }
    }
}

/// Something to be judged.
enum Case {
    Protocol(Box<Protocol>, Options),
    /// A kernel in PTX, and how it is launched.
    Kernel(String, String),
    Litmus(Box<Test>),
}

/// A verdict with its codes.
fn words(outcome: &Outcome) -> String {
    let codes: Vec<&str> = outcome.findings.iter().map(|finding| finding.code.number()).collect();
    format!("{} {}", outcome.verdict.name(), codes.join(" "))
}

/// What the machine says of it: a verdict with its codes, or whether the condition holds.
fn answer(case: &Case, without: Option<Rule>) -> String {
    match case {
        Case::Protocol(protocol, options) => words(&check(protocol, &Options { without, ..*options })),
        Case::Kernel(ptx, launch) => {
            let source = Arc::new(Source { name: "kernel.ptx".into(), text: ptx.clone() });
            let program = load(&source, ("launch.toml", launch), &Overrides::default(), 1);
            let program = program.unwrap_or_else(|error| panic!("{error}"));
            let shape = program.shape();
            let (data, accumulate) = (DataType::F32, Accumulate::Own);
            let (ranks, blocks, threads) = (shape.ranks, shape.blocks, shape.threads);
            let sizes = Sizes { ranks, blocks, threads, elements: 0, capacity: 0, data, accumulate };
            let options = Options { launches: shape.launches, max_states: 20_000, without, ..Options::new(sizes) };
            words(&check_program(Arc::new(program), &options))
        }
        Case::Litmus(test) => {
            let budget = outcomes::Budget { time: Duration::from_secs(5), states: 20_000, passes: 2, without };
            format!("{:?}", outcomes::holds(test, &budget).holds)
        }
    }
}

/// `//@ key: value` comments; `//@[revision] key: value` for one revision only.
fn directives(text: &str) -> Vec<(Option<&str>, &str, &str)> {
    let lines = text.lines().filter_map(|line| line.split_once("//@")).map(|(_, rest)| rest);
    lines
        .filter_map(|rest| {
            let (revision, rest) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                Some((revision, rest)) => (Some(revision), rest),
                None => (None, rest),
            };
            let (key, value) = rest.split_once(':')?;
            Some((revision, key.trim(), value.trim()))
        })
        .collect()
}

/// The cases of one protocol file: one for each of its revisions.
fn protocol_cases(name: &str, text: &str) -> Vec<(String, Case)> {
    let document = language::parse(name, text).unwrap_or_else(|errors| panic!("{errors}"));
    let directives = directives(text);
    let names = directives.iter().find(|(_, key, _)| *key == "revisions").map_or("base", |(.., names)| names);
    let case = |revision: &str| {
        let find = |wanted: &str| {
            let applies = |it: &&(Option<&str>, &str, &str)| {
                it.1 == wanted && it.0.is_none_or(|names| names.split(',').any(|name| name.trim() == revision))
            };
            directives.iter().filter(applies).max_by_key(|it| it.0.is_some()).map(|it| it.2)
        };
        let number = |wanted: &str| find(wanted).and_then(|value| value.parse::<u32>().ok());
        let (blocks, threads) = (number("blocks").unwrap_or(1), number("threads").unwrap_or(2));
        let elements = number("elements").unwrap_or(2 * blocks * threads * 4 + 3);
        let sizes = Sizes {
            ranks: number("ranks").unwrap_or(2),
            blocks,
            threads,
            elements: u64::from(elements),
            capacity: u64::from(elements),
            data: DataType::F32,
            accumulate: Accumulate::Own,
        };
        let variant = find("variant").unwrap_or(revision);
        let protocol = match document.variant(variant) {
            Some(variant) => document.resolve_variant(variant),
            None => document.resolve(&[]),
        };
        let protocol = protocol.unwrap_or_else(|errors| panic!("{errors}"));
        let options = Options {
            launches: number("launches").unwrap_or(1),
            resident_blocks: number("resident-blocks"),
            progress: find("progress").map_or(Progress::Fair, |name| name.parse().expect("a progress model")),
            boundary_publishes: find("assume") == Some("launch-boundary=system"),
            loads_done: find("assume") == Some("loads=done-at-barrier"),
            max_states: 20_000,
            ..Options::new(sizes)
        };
        let name = if revision == "base" { name.to_owned() } else { format!("{name} ({revision})") };
        (name, Case::Protocol(Box::new(protocol), options))
    };
    names.split_whitespace().map(case).collect()
}

/// Files of `decided` that are asked here, too.
const DECIDED: [&str; 4] = ["circle-", "sum-", "round-acquires", "multimem-one-rank"];

fn cases() -> Vec<(String, Case)> {
    let mut found = Vec::new();
    for folder in ["tests/verify", "model/checker/tests/rules"] {
        let mut paths = Vec::new();
        files(&root().join(folder), "arp", &mut paths);
        for path in paths {
            let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
            found.extend(protocol_cases(&name, &read(&path)));
        }
    }
    let mut kernels = Vec::new();
    files(&root().join("model/checker/tests/rules"), "ptx", &mut kernels);
    files(&root().join("model/checker/tests/decided"), "ptx", &mut kernels);
    let is_case = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        !path.parent().is_some_and(|folder| folder.ends_with("decided"))
            || DECIDED.iter().any(|start| name.starts_with(start))
    };
    kernels.retain(|path| is_case(path));
    for path in kernels {
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        found.push((name, Case::Kernel(read(&path), read(&path.with_extension("toml")))));
    }
    for folder in ["tests/litmus", "model/checker/tests/rules"] {
        let mut paths = Vec::new();
        files(&root().join(folder), "litmus", &mut paths);
        for path in paths {
            let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
            let test = parse(&name, &read(&path)).unwrap_or_else(|errors| panic!("{errors}"));
            found.push((name, Case::Litmus(Box::new(test))));
        }
    }
    found
}

/// The names of the cases that say something else without this rule.
fn deaths(cases: &[(String, Case)], sound: &[String], rule: Rule) -> Vec<String> {
    let dies = |(case, sound): &(&(String, Case), &String)| answer(&case.1, Some(rule)) != **sound;
    cases.iter().zip(sound).filter(dies).map(|(case, _)| case.0.clone()).collect()
}

fn page(deaths: &[Vec<String>]) -> String {
    let mut text = "# The machine's rules, and the tests that need them\n\nEach rule of the machine is left out in turn; these tests then say something else. Files are those of `tests/verify`,\n`tests/litmus`, `model/checker/tests/rules` and `model/checker/tests/decided`. Written and checked by `cargo test -p arverify-model --test rules`\n(`BLESS=1` writes it anew).\n\n| rule | what it says | tests that die |\n|---|---|---|\n".to_owned();
    for (rule, dead) in Rule::ALL.iter().zip(deaths) {
        let more = dead.len().saturating_sub(4);
        let mut words = dead[..dead.len() - more].join(", ");
        if more > 0 {
            words += &format!(" and {more} more");
        }
        text += &format!("| {rule:?} | {} | {words} |\n", rule.says().trim());
    }
    text
}

#[test]
fn every_rule_of_the_machine_is_needed_by_some_test() {
    let cases = cases();
    let sound: Vec<String> = cases.iter().map(|(_, case)| answer(case, None)).collect();
    let next = AtomicUsize::new(0);
    let found: Mutex<Vec<Vec<String>>> = Mutex::new(vec![Vec::new(); Rule::ALL.len()]);
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(rule) = Rule::ALL.get(index) else { break };
            let dead = deaths(&cases, &sound, *rule);
            found.lock().expect("no thread panics with it")[index] = dead;
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        work();
    });
    let found = found.into_inner().expect("no thread panics with it");
    let idle: Vec<Rule> =
        Rule::ALL.iter().zip(&found).filter(|(_, dead)| dead.is_empty()).map(|(rule, _)| *rule).collect();
    assert_eq!(idle, [], "rules that no test needs; the others:\n{}", page(&found));
    let path = root().join("docs/machine-rules.md");
    let text = page(&found);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &text).expect("the page can be written");
    }
    assert_eq!(
        std::fs::read_to_string(&path).unwrap_or_default(),
        text,
        "docs/machine-rules.md is out of date (BLESS=1)"
    );
}
