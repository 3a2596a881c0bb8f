//! What the whole-program tests share: where the tree is, how to get at the two programs, and what of their output
//! depends on time.
//!
//! The programs are built on demand by the cargo that runs the tests, in the same profile. Cargo offers
//! `CARGO_BIN_EXE_*` to a package's own tests only; relying on what happens to lie in the target folder would test a
//! stale program. The road not taken: putting these tests into the checker's package, which cannot depend on the
//! generator without turning the arrows between crates round.

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
/// # Panics
/// If it does not build: no test can go on without it.
fn program(package: &str, name: &str) -> PathBuf {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(["build", "--quiet", "--message-format=json", "-p", package, "--bin", name]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
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
    BUILT.get_or_init(|| program("arverify-model", "arverify")).clone()
}

/// The generator, `argen`.
pub fn argen() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| program("arverify-gen", "argen")).clone()
}

/// The rendering with the seconds in its closing table replaced: a test must not depend on time.
pub fn without_seconds(text: &str) -> String {
    let mut kept = String::new();
    let mut in_table = false;
    for line in text.lines() {
        in_table = (in_table && !line.is_empty()) || (line.starts_with("protocol ") && line.contains(" seconds"));
        let words = line.split(' ').map(|word| if in_table && is_decimal(word) { "…" } else { word });
        kept.push_str(words.collect::<Vec<_>>().join(" ").trim_end());
        kept.push('\n');
    }
    kept
}

fn is_decimal(word: &str) -> bool {
    word.contains('.') && word.chars().all(|c| c.is_ascii_digit() || c == '.')
}
