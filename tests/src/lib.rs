//! What the whole-program tests share: where the tree is, how to get at the two programs, and what of their output
//! depends on time.
//!
//! The programs are built on demand by the cargo that runs the tests, in the same profile. Cargo offers
//! `CARGO_BIN_EXE_*` to a package's own tests only; relying on what happens to lie in the target folder would test a
//! stale program. The road not taken: putting these tests into the checker's package, which cannot depend on the
//! generator without turning the arrows between crates round.

pub mod bad;
pub mod schema;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The root of the workspace.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or_else(|| here.to_path_buf(), Path::to_path_buf)
}

/// Builds a program of the workspace and returns where it lies.
///
/// It is built with an integration test of its package, for the whole workspace: so cargo chooses the features of the
/// dependencies as `cargo test --workspace` does, and builds nothing twice.
///
/// # Panics
/// If it does not build: no test can go on without it.
fn program(name: &str, test: &str) -> PathBuf {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args([
        "test",
        "--workspace",
        "--no-run",
        "--quiet",
        "--message-format=json",
        "--test",
        test,
    ]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    built(command, name)
}

/// Runs cargo; where the executable of this name lies.
fn built(mut command: Command, name: &str) -> PathBuf {
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => panic!("cargo does not start: {error}"),
    };
    let lines = String::from_utf8_lossy(&output.stdout);
    let executable = lines
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["reason"] == "compiler-artifact" && message["target"]["name"] == name)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from));
    match executable {
        Some(path) if output.status.success() => path,
        _ => panic!("{name} does not build:\n{}", String::from_utf8_lossy(&output.stderr)),
    }
}

/// The checker, `arverify`.
pub fn arverify() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| program("arverify", "host_programs")).clone()
}

/// The generator, `argen`.
pub fn argen() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| program("argen", "golden")).clone()
}

/// Builds an example of the workspace, in the profile of the tests, and returns where it lies.
///
/// # Panics
/// If it does not build: no test can go on without it.
pub fn example(name: &str) -> PathBuf {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(["build", "--workspace", "--quiet", "--message-format=json", "--example", name]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    built(command, name)
}

/// The rendering with the operations and seconds in its closing table replaced: a test must not depend on time, nor on
/// how much work the engine does for the same answer.
pub fn without_costs(text: &str) -> String {
    let mut kept = String::new();
    let mut in_table = false;
    for line in text.lines() {
        in_table = (in_table && !line.is_empty()) || (line.starts_with("protocol ") && line.contains(" seconds"));
        kept.push_str(without_costs_of_row(line).filter(|_| in_table).as_deref().unwrap_or(line).trim_end());
        kept.push('\n');
    }
    kept
}

/// A row of the table, `… STATES OPERATIONS SECONDS …`; `None` for any other line.
fn without_costs_of_row(line: &str) -> Option<String> {
    let seconds = line.split_whitespace().find(|word| is_decimal(word))?;
    let (before, after) = line.split_once(seconds)?;
    let before = before.trim_end();
    let operations = before.split_whitespace().next_back().filter(|word| word.parse::<u64>().is_ok())?;
    let states = before.strip_suffix(operations)?.trim_end();
    Some(format!("{states}  …  …{after}"))
}

fn is_decimal(word: &str) -> bool {
    word.contains('.') && word.chars().all(|c| c.is_ascii_digit() || c == '.')
}

#[test]
fn costs_are_taken_out_of_the_table_only() {
    let text = "note: 1.5 of 2\nprotocol  states  operations  seconds\nx.arp   1   42   0.012  AR001\nbounds: 2.5\n\nx 1 2 0.5\n";
    let kept =
        "note: 1.5 of 2\nprotocol  states  operations  seconds\nx.arp   1  …  …  AR001\nbounds: 2.5\n\nx 1 2 0.5\n";
    assert_eq!(without_costs(text), kept);
}
