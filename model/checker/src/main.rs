//! `arverify`: is this multi-GPU kernel safe? Wires the command line to the library, and nothing else.

use mimalloc::MiMalloc;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    arverify_model::process::guarded(arverify_model::cli::main)
}
