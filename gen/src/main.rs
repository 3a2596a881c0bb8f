//! `argen`: see `arverify_gen::cli`.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    arverify_model::process::guarded(run)
}

fn run() -> ExitCode {
    match arverify_gen::cli::run(&arverify_gen::cli::Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Diagnostics of the language come rendered, with their own first word.
            let text = error.to_string();
            let prefix = if text.starts_with("error") { "" } else { "error: " };
            eprintln!("{prefix}{text}");
            ExitCode::from(error.exit_status())
        }
    }
}
