//! `arverify`: is this multi-GPU kernel safe? Wires the command line to the library, and nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    arverify_model::process::guarded(arverify_model::cli::main)
}
