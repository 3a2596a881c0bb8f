//! The command lines: what is printed, and which exit status is returned, for right and for wrong input.
//!
//! `*.trycmd` files are transcripts; `TRYCMD=overwrite` writes them anew. What needs files that change, such as a
//! kernel folder with an altered manifest, stands in `emitted`; the transcripts in the book are played by `pages`.

mod action;
mod emitted;
mod pages;
mod refused;
mod sarif;
mod show;

use std::path::Path;

fn transcripts(name: &str, program: &Path) {
    let cases = trycmd::TestCases::new();
    cases.register_bin(name, program);
    cases.env("NO_COLOR", "1");
    cases.case(format!("command-lines/{name}/*.trycmd"));
    cases.run();
}

#[test]
fn arverify() {
    transcripts("arverify", &arverify_tests::arverify());
}

#[test]
fn argen() {
    transcripts("argen", &arverify_tests::argen());
}
