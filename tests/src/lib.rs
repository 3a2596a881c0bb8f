//! What the whole-program tests share: where the tree is, and how to get at the two programs.
//!
//! The programs are built on demand by the cargo that runs the tests, in the same profile. Cargo offers
//! `CARGO_BIN_EXE_*` to a package's own tests only; relying on what happens to lie in the target folder would test a
//! stale program. The road not taken: putting these tests into the checker's package, which cannot depend on the
//! generator without turning the arrows between crates round.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the workspace.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or_else(|| here.to_path_buf(), Path::to_path_buf)
}

/// Builds a program of the workspace and returns where it lies.
///
/// # Panics
/// If it does not build: no test can go on without it.
pub fn program(package: &str, name: &str) -> PathBuf {
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
    program("arverify-model", "arverify")
}

/// The generator, `argen`.
pub fn argen() -> PathBuf {
    program("arverify-gen", "argen")
}
