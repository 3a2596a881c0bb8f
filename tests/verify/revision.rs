//! Checks one revision of a file and compares everything with what was announced.

use crate::expectation::Expectation;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A check that needs more than this is not a small one: the limit makes it inconclusive instead of endless.
const STATES_AT_MOST: &str = "200000";

/// Runs the checker twice, for programs and for people.
pub(crate) fn check(program: &Path, path: &Path, expected: &Expectation) -> Result<(), String> {
    findings_match(program, path, expected)?;
    let rendering = rendering_path(path, expected);
    if expected.findings.is_empty() {
        return if rendering.exists() { Err(format!("{} is not needed", rendering.display())) } else { Ok(()) };
    }
    let human = run(program, path, expected, "human")?;
    compare_rendering(&rendering, &arverify_tests::without_costs(&String::from_utf8_lossy(&human.stdout)))
}

/// Whether verdict, exit status, findings and pinned numbers are as announced.
pub(crate) fn findings_match(program: &Path, path: &Path, expected: &Expectation) -> Result<(), String> {
    compare(&run(program, path, expected, "json")?, expected)
}

fn run(program: &Path, path: &Path, expected: &Expectation, format: &str) -> Result<Output, String> {
    let root = arverify_tests::root();
    let mut command = Command::new(program);
    // A path from the root: the rendering must not depend on where the checkout lies.
    command.current_dir(&root).arg("check").arg(path.strip_prefix(&root).unwrap_or(path));
    command.args(["--format", format, "--max-states", STATES_AT_MOST]);
    for (option, value) in &expected.options {
        command.arg(format!("--{option}")).arg(value);
    }
    if let Some(variant) = &expected.variant {
        command.args(["--variant", variant]);
    }
    if expected.lints {
        command.arg("--lints");
    }
    command.env_remove("CLICOLOR_FORCE").env("NO_COLOR", "1").output().map_err(|error| error.to_string())
}

fn compare(output: &Output, expected: &Expectation) -> Result<(), String> {
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let object = arverify_tests::schema::report(&output.stdout).map_err(|error| format!("{error}{errors}"))?;
    let [result] = object["results"].as_array().map(Vec::as_slice).unwrap_or_default() else {
        return Err(format!("expected one result:\n{text}"));
    };
    let (verdict, status) = if expected.is_violated() { ("violated", 1) } else { ("verified", 0) };
    let found = findings(result);
    let announced: BTreeSet<(usize, String)> =
        expected.findings.iter().map(|(line, number)| (*line, (*number).to_owned())).collect();
    let mut complaints = Vec::new();
    if result["verdict"] != verdict {
        complaints.push(format!("the verdict is {}, not {verdict}", result["verdict"]));
    }
    if output.status.code() != Some(status) {
        complaints.push(format!("{}, not {status}", output.status));
    }
    for (line, number) in found.difference(&announced) {
        complaints.push(format!("{number} on line {line} was not announced"));
    }
    for (line, number) in announced.difference(&found) {
        complaints.push(format!("{number} was announced on line {line} and did not come"));
    }
    if let Some(states) = expected.states.filter(|states| result["stats"]["states"] != *states) {
        complaints.push(format!("{} states, not {states}", result["stats"]["states"]));
    }
    if complaints.is_empty() { Ok(()) } else { Err(format!("{}\n{result:#}", complaints.join("\n"))) }
}

/// Line and code of every finding.
fn findings(result: &Value) -> BTreeSet<(usize, String)> {
    let findings = result["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
    let place = |finding: &Value| {
        let line = finding["source"]["line"].as_u64().unwrap_or(0) as usize;
        (line, finding["code"].as_str().unwrap_or_default().to_owned())
    };
    findings.iter().map(place).collect()
}

fn rendering_path(path: &Path, expected: &Expectation) -> PathBuf {
    match &expected.name {
        None => path.with_extension("out"),
        Some(revision) => path.with_extension(format!("{revision}.out")),
    }
}

fn compare_rendering(path: &Path, text: &str) -> Result<(), String> {
    if std::env::var_os("BLESS").is_some() {
        return std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()));
    }
    let blessed = std::fs::read_to_string(path).unwrap_or_default();
    if blessed == text {
        return Ok(());
    }
    Err(format!("{} differs (BLESS=1 writes it anew)\n--- blessed\n{blessed}--- now\n{text}", path.display()))
}
