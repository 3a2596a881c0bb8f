//! The command line of `arverify`: arguments as typed, what they mean, and the commands.
//!
//! Standard output carries results only; messages and progress go to standard error. Exit status: 0 all verified, 1
//! something violated, 2 bad input, 3 inconclusive (or interrupted, with what was covered), 4 an error of the program.

mod arguments;
mod check;
mod explain;
mod init_launch;
mod kernel;
mod list;
mod litmus;
mod prove;
mod replay;
mod show;
mod subject;
mod suggest;
mod target;

use crate::process;
use clap::Parser;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

pub use arguments::Arguments;

/// How many threads `--jobs` asks for: where it does not say, as many as there are cores.
fn threads(jobs: Option<u32>) -> usize {
    jobs.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), |jobs| jobs as usize)
}

/// Bad input: one message, exit status 2.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// A message of its own.
    #[error("error: {0}")]
    Message(String),
    /// Errors in a text, already rendered, or messages of another program.
    #[error("{0}")]
    Rendered(String),
    /// Standard output is gone.
    #[error("error: cannot write the results: {0}")]
    Output(#[from] std::io::Error),
}

impl InputError {
    fn message(text: impl Into<String>) -> InputError {
        InputError::Message(text.into())
    }
}

/// Runs the program named by the process's arguments.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    process::report_on_interrupt();
    let result = match arguments.command {
        arguments::Command::Check(arguments) => check::run(&arguments),
        arguments::Command::List(arguments) => list::run(&arguments),
        arguments::Command::Litmus(arguments) => litmus::run(&arguments),
        arguments::Command::Show(arguments) => show::run(&arguments),
        arguments::Command::Explain(arguments) => explain::run(&arguments),
        arguments::Command::Replay(arguments) => replay::run(&arguments),
        arguments::Command::Prove(arguments) => prove::run(&arguments),
        arguments::Command::InitLaunch(arguments) => init_launch::run(&arguments),
    };
    match result {
        Ok(status) => ExitCode::from(status),
        // A reader that has seen enough, as in `arverify replay … | head`.
        Err(InputError::Output(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Writes a result.
fn print(text: &str) -> Result<(), InputError> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}
