//! `argen`: see `arverify_gen::cli`.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    match arverify_gen::cli::run(&arverify_gen::cli::Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_status())
        }
    }
}
