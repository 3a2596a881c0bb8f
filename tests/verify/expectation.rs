//! What a corpus file announces: options, pinned numbers and findings, for each of its revisions.

use arverify_protocol::verdict::Code;
use std::collections::{BTreeMap, BTreeSet};

/// Directives that become an option of `arverify check`.
const OPTIONS: &[&str] =
    &["ranks", "blocks", "threads", "elements", "launches", "dtype", "resident-blocks", "progress", "assume"];

/// One way to check a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expectation {
    /// `None` for a file without revisions.
    pub(crate) name: Option<String>,
    /// The variant to check.
    pub(crate) variant: Option<String>,
    /// Options and their values.
    pub(crate) options: BTreeMap<String, String>,
    /// Whether redundant synchronisation is looked for.
    pub(crate) lints: bool,
    /// How many states the check must need.
    pub(crate) states: Option<u64>,
    /// Code and line of every finding.
    pub(crate) findings: BTreeSet<(usize, &'static str)>,
}

impl Expectation {
    /// Whether an error, not only a lint, is announced.
    pub(crate) fn is_violated(&self) -> bool {
        self.findings.iter().any(|(_, number)| Code::from_number(number).is_some_and(|code| !code.is_lint()))
    }
}

/// A `//@` or `//~` comment.
struct Remark<'a> {
    /// Revisions it applies to; none: all.
    revisions: Vec<&'a str>,
    text: &'a str,
    line: usize,
}

impl Remark<'_> {
    fn applies_to(&self, revision: &str) -> bool {
        self.revisions.is_empty() || self.revisions.contains(&revision)
    }
}

/// Reads the directives and announcements of a file.
pub(crate) fn revisions(text: &str) -> Result<Vec<Expectation>, String> {
    let directives = remarks(text, "//@")?;
    let announcements = remarks(text, "//~")?;
    let names: Vec<&str> = directives
        .iter()
        .filter_map(|remark| remark.text.strip_prefix("revisions:"))
        .flat_map(str::split_whitespace)
        .collect();
    for remark in directives.iter().chain(&announcements) {
        if let Some(unknown) = remark.revisions.iter().find(|revision| !names.contains(revision)) {
            return Err(format!("line {}: there is no revision `{unknown}`", remark.line));
        }
    }
    if names.is_empty() {
        return Ok(vec![expectation("", &directives, &announcements)?]);
    }
    names.iter().map(|name| expectation(name, &directives, &announcements)).collect()
}

/// Whether the announcements fit the folder.
pub(crate) fn consistent(revisions: &[Expectation], must_verify: bool) -> Result<(), String> {
    match (must_verify, revisions.iter().any(Expectation::is_violated)) {
        (true, true) => Err("a file under pass/ announces an error".to_owned()),
        (false, false) => Err("a file under fail/ announces no error".to_owned()),
        _ => Ok(()),
    }
}

fn expectation(name: &str, directives: &[Remark], announcements: &[Remark]) -> Result<Expectation, String> {
    let mut expected = Expectation::default();
    if !name.is_empty() {
        expected.name = Some(name.to_owned());
        expected.variant = Some(name.to_owned()).filter(|name| name != "base");
    }
    // What is said of one revision comes after what is said of all.
    let (special, general): (Vec<_>, Vec<_>) =
        directives.iter().filter(|remark| remark.applies_to(name)).partition(|remark| !remark.revisions.is_empty());
    for remark in general.into_iter().chain(special) {
        let Some((key, value)) = remark.text.split_once(':') else {
            return Err(format!("line {}: expected `key: value`", remark.line));
        };
        let (key, value) = (key.trim(), value.trim().to_owned());
        match key {
            "revisions" => {}
            "lints" => expected.lints = true,
            "variant" => expected.variant = Some(value).filter(|name| name != "base"),
            "states" => {
                expected.states = Some(value.parse().map_err(|error| format!("line {}: {error}", remark.line))?)
            }
            _ if OPTIONS.contains(&key) => drop(expected.options.insert(key.to_owned(), value)),
            _ => return Err(format!("line {}: there is no directive `{key}`", remark.line)),
        }
    }
    for remark in announcements.iter().filter(|remark| remark.applies_to(name)) {
        let up = remark.text.bytes().take_while(|byte| *byte == b'^').count();
        let number = remark.text[up..].trim();
        let code = Code::from_number(number).ok_or_else(|| format!("line {}: no code `{number}`", remark.line))?;
        expected.findings.insert((remark.line - up, code.number()));
    }
    Ok(expected)
}

/// Comments that open with a marker, with the revisions in brackets after it.
fn remarks<'a>(text: &'a str, marker: &str) -> Result<Vec<Remark<'a>>, String> {
    let mut found = Vec::new();
    for (number, content) in text.lines().enumerate() {
        let line = number + 1;
        let Some((_, rest)) = content.split_once(marker) else { continue };
        let (revisions, text) = match rest.strip_prefix('[') {
            None => (Vec::new(), rest),
            Some(list) => {
                let (list, text) = list.split_once(']').ok_or_else(|| format!("line {line}: `[` without `]`"))?;
                (list.split(',').map(str::trim).collect(), text)
            }
        };
        found.push(Remark { revisions, text: text.trim(), line });
    }
    Ok(found)
}
