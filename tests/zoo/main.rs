//! Kernels in PTX, checked by the program that users run: published bugs with their mended twins, and kernels of our
//! own that show one way to synchronise each.
//!
//! The published examples lie beside the checkout, in `../shared/zoo`, one folder each: `bad.ptx`, `good.ptx`,
//! `launch.toml` (or `bad.toml` and `good.toml`), and `expect.toml`. Our own are `kernels/NAME/kernel.cu` with their
//! PTX (`compile.sh` writes it anew): `good.ptx`, and one file for each variant of `expect.toml`, which differs in one
//! named line.
//!
//! A bad kernel must be violated with one of its codes, in a line of its CUDA source; a good one must be verified.
//! A folder whose kernel is missing, and a variant without PTX, fail.

mod expectation;
mod outcome;

use expectation::{Case, own_cases, published_cases};
use libtest_mimic::{Arguments, Trial};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("zoo/kernels");
    let published = arverify_tests::root().join("../shared/zoo");
    let mut trials = Vec::new();
    // Building the checker takes a while: not for a mere list.
    let program = if arguments.list { Arc::new(PathBuf::new()) } else { Arc::new(arverify_tests::arverify()) };
    for folder in folders(&here) {
        trials.extend(trials_of("own", &folder, own_cases(&folder), &program));
    }
    if published.is_dir() {
        for folder in folders(&published) {
            trials.extend(trials_of("published", &folder, published_cases(&folder), &program));
        }
    } else {
        println!("SKIPPED: the published examples are not beside the checkout, in ../shared/zoo");
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// One trial for each kernel of a folder, or one that fails if its expectations make no sense.
fn trials_of(kind: &str, folder: &Path, cases: Result<Vec<Case>, String>, program: &Arc<PathBuf>) -> Vec<Trial> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match cases {
        Err(error) => vec![Trial::test(format!("{kind}/{name}"), move || Err(error.into()))],
        Ok(cases) => cases
            .into_iter()
            .map(|case| {
                let program = Arc::clone(program);
                let name = format!("{kind}/{name}/{}", case.name);
                Trial::test(name, move || outcome::check(&program, &case).map_err(Into::into))
            })
            .collect(),
    }
}

/// Folders of a folder, sorted.
fn folders(parent: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).unwrap_or_else(|error| panic!("{}: {error}", parent.display()));
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    found.sort();
    found
}
