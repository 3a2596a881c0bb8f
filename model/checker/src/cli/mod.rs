//! The command line of `arverify`: arguments as typed, what they mean, and the commands.
//!
//! Standard output carries results only; messages and progress go to standard error. Exit status: 0 all verified, 1
//! something violated, 2 bad input, 3 inconclusive (or interrupted, with what was covered), 4 an error of the program. Of several
//! targets those that can be read are checked; one that cannot makes the status 2, whatever the others are.

mod arguments;
mod check;
mod error;
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
use std::io::{ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

pub use arguments::Arguments;
pub use error::InputError;

/// How many threads `--jobs` asks for: where it does not say, as many as there are cores.
fn threads(jobs: Option<u32>) -> usize {
    jobs.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), |jobs| jobs as usize)
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
            eprintln!("{}", error.render(std::io::stderr().is_terminal()));
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
