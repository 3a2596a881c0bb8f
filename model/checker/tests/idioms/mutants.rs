//! Mutants of kernels that a compiler wrote: one or two lines changed, at small sizes.
//!
//! The kernels are those of `tests/zoo/kernels` and `tests/emitted`, and of ../shared/zoo and ../shared/zoo2 where these lie beside the
//! checkout. Their launch files stay as they are but for the sizes.

use super::compare::{Question, Subject, is_violated, kernel};
use super::damage::{changes, synchronises};
use super::random::Random;
use super::render::Text;
use arverify_model::ptx::launch::Overrides;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A kernel to make mutants of.
#[derive(Clone, Debug)]
pub(crate) struct Original {
    /// Its folder and file.
    pub(crate) name: String,
    /// The kernel and its launch file.
    pub(crate) text: Text,
    /// The one without a known mistake, which is it or lies beside it.
    good: Text,
    /// Whether launch boundaries are presumed to publish.
    pub(crate) assumes: bool,
    /// Sizes at which it can be launched.
    sizes: Vec<Overrides>,
}

impl Original {
    /// One of its sizes at which the good kernel is not violated: at others all mutants would be.
    fn size(&self, random: &mut Random) -> Option<&Overrides> {
        let sizes = &self.sizes;
        let first = random.below(sizes.len());
        (0..sizes.len()).map(|index| &sizes[(first + index) % sizes.len()]).find(|sizes| {
            let key = format!("{} {sizes:?}", self.name);
            let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
            *known.entry(key).or_insert_with(|| {
                let question = Question { boundary: self.assumes, ..Question::short() };
                kernel(&self.good, sizes).is_some_and(|subject| !is_violated(&subject, &question))
            })
        })
    }
}

/// Whether good kernels may be launched at given sizes.
static KNOWN: Mutex<BTreeMap<String, bool>> = Mutex::new(BTreeMap::new());

/// Whether a good kernel needs the assumption, as `expect.toml` says.
fn assumes(folder: &Path) -> bool {
    std::fs::read_to_string(folder.join("expect.toml")).is_ok_and(|text| {
        text.lines().any(|line| line.starts_with("assume") && line.contains("launch-boundary=system"))
    })
}

/// Folders of kernels. What is not there is said.
fn folders() -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["../../tests/zoo/kernels", "../../tests/emitted", "../../../shared/zoo", "../../../shared/zoo2"] {
        let folder = here.join(folder);
        match std::fs::read_dir(&folder) {
            Ok(entries) => found.extend(entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir())),
            Err(_) => println!("SKIPPED: {} is not there: no mutants of its kernels", folder.display()),
        }
    }
    // A warp that exchanges the addresses of rows has more events than an answer in a moment allows.
    found.retain(|folder| !folder.ends_with("tensor-tile"));
    found.sort();
    found
}

/// All kernels that can be read, each with its small sizes.
pub(crate) fn originals() -> Vec<Original> {
    let mut found = Vec::new();
    for folder in folders() {
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "ptx")) {
            let own = file.with_extension("toml");
            let launch = if own.exists() { own } else { folder.join("launch.toml") };
            let (Ok(program), Ok(launch)) = (std::fs::read_to_string(file), std::fs::read_to_string(launch)) else {
                continue;
            };
            let name = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let name = format!("{}/{}", folder.file_name().unwrap_or_default().to_string_lossy(), name(file));
            let text = Text { program, launch: Some(launch) };
            let good = std::fs::read_to_string(folder.join("good.ptx")).map_or(text.clone(), |program| {
                let own = std::fs::read_to_string(folder.join("good.toml")).ok();
                Text { program, launch: own.or_else(|| text.launch.clone()) }
            });
            let sizes: Vec<Overrides> = small().into_iter().filter(|sizes| kernel(&text, sizes).is_some()).collect();
            if sizes.is_empty() {
                println!("SKIPPED: {name} cannot be launched at small sizes");
            } else {
                found.push(Original { name, text, good, assumes: assumes(&folder), sizes });
            }
        }
    }
    found
}

/// Ranks, blocks, threads, launches to try: those of the file, once or twice, and smaller ones.
fn small() -> Vec<Overrides> {
    let own = [1, 2].map(|launches| Overrides { launches: Some(launches), ..Overrides::default() });
    let smaller = [(2, 1, 2, 1), (2, 1, 2, 2), (2, 1, 4, 1), (3, 1, 3, 1), (3, 1, 4, 1), (1, 2, 2, 1), (1, 2, 1, 2)];
    let smaller = smaller.into_iter().map(|(ranks, blocks, threads, launches)| Overrides {
        ranks: Some(ranks),
        blocks: Some(blocks),
        threads: Some(threads),
        launches: Some(launches),
        kernel: None,
    });
    own.into_iter().chain(smaller).collect()
}

/// A mutant: its text, its sizes, and what was done to it.
#[derive(Clone, Debug)]
pub(crate) struct Mutant {
    /// Of which kernel.
    pub(crate) name: String,
    /// The kernel and its launch file.
    pub(crate) text: Text,
    /// At which sizes.
    pub(crate) sizes: Overrides,
    /// Whether launch boundaries are presumed to publish.
    pub(crate) assumes: bool,
    /// What was changed.
    pub(crate) damage: Vec<String>,
}

/// Lines of the entry that are instructions, by number.
pub(crate) fn instructions(program: &str) -> Vec<usize> {
    let is = |line: &str| {
        let line = line.trim();
        let declares = line.starts_with('.') || line.starts_with("//") || line.starts_with("ld.param");
        line.ends_with(';') && !declares && line != "ret;"
    };
    program.lines().enumerate().filter(|(_, line)| is(line)).map(|(number, _)| number).collect()
}

/// A mutant of one of them that can be read.
pub(crate) fn mutant(originals: &[Original], random: &mut Random) -> (Mutant, Subject) {
    loop {
        let original = &originals[random.below(originals.len())];
        let Some(sizes) = original.size(random).cloned() else { continue };
        let mut lines: Vec<String> = original.text.program.lines().map(str::to_owned).collect();
        let mut damage = Vec::new();
        let changed = random.pick(&[0, 1, 1, 1, 1, 1, 2, 2]);
        while damage.len() < changed {
            damage.extend(change(&mut lines, random));
        }
        let text = Text { program: lines.join("\n") + "\n", launch: original.text.launch.clone() };
        if let Some(subject) = kernel(&text, &sizes) {
            return (Mutant { name: original.name.clone(), text, sizes, assumes: original.assumes, damage }, subject);
        }
    }
}

/// Changes one line; what was done.
fn change(lines: &mut [String], random: &mut Random) -> Option<String> {
    let places = instructions(&lines.join("\n"));
    if places.is_empty() {
        return None;
    }
    let at = random.pick(&places);
    if !synchronises(&lines[at]) && random.chance(70) {
        return None;
    }
    let before = lines[at].trim().to_owned();
    match random.below(10) {
        0..=2 => lines[at].clear(),
        3..=4 => {
            let next = places.iter().find(|place| **place > at).copied().filter(|next| *next == at + 1)?;
            lines.swap(at, next);
            return Some(format!("swap: {before}"));
        }
        _ => {
            let guard = before.starts_with('@').then(|| before.split_once(' ')).flatten();
            let (guard, body) = guard.map_or(("", before.as_str()), |(guard, body)| (guard, body.trim()));
            // Compilers write tabs.
            let body = body.replace('\t', " ");
            let mut changes = changes(&body);
            if changes.is_empty() {
                return None;
            }
            let change = changes.swap_remove(random.below(changes.len()));
            lines[at] = format!("\t{guard} {}", change.line);
            return Some(format!("{}: {before}", change.name));
        }
    }
    Some(format!("delete: {before}"))
}
