//! The process that checks: the memory that it really uses, which is what `--max-memory` limits, the user who has had
//! enough, and errors of the program itself.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Bytes of the process that are resident, as the operating system counts them; `None` where it does not say.
pub(crate) fn resident() -> Option<u64> {
    memory_stats::memory_stats().map(|stats| stats.physical_mem as u64)
}

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// What is not over so long after an interrupt is given up.
const GRACE: Duration = Duration::from_secs(2);

/// Further ahead than any deadline.
const AGES: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// From now on an interrupt (Ctrl-C) ends what is being done as a deadline does, so that what was covered is reported.
pub(crate) fn report_on_interrupt() {
    // Where there is no handler an interrupt ends the process, which is all right.
    let _ = ctrlc::set_handler(|| {
        INTERRUPTED.store(true, Ordering::Relaxed);
        std::thread::sleep(GRACE);
        eprintln!("interrupted: nothing is known of what was not finished");
        std::process::exit(3);
    });
}

/// Whether the user has had enough.
pub(crate) fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// Whether a deadline is past, if there is one, or the user has had enough.
pub(crate) fn is_past(deadline: Option<Instant>) -> bool {
    is_interrupted() || deadline.is_some_and(|deadline| Instant::now() >= deadline)
}

/// The time, to be compared with deadlines: after an interrupt all of them are past.
pub(crate) fn now() -> Instant {
    let now = Instant::now();
    if is_interrupted() { now + AGES } else { now }
}

/// Runs a command. An error of the program itself is one message that asks for the input, and exit status 4.
pub fn guarded(command: impl FnOnce() -> ExitCode) -> ExitCode {
    let first: Arc<Mutex<Option<String>>> = Arc::default();
    let noted = first.clone();
    // Of several threads that fail, the first one says why.
    std::panic::set_hook(Box::new(move |panic| {
        let text = panic.payload_as_str().unwrap_or("no message");
        let place = panic.location().map_or(String::new(), |place| format!(" ({}:{})", place.file(), place.line()));
        noted.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| format!("{text}{place}"));
    }));
    catch_unwind(AssertUnwindSafe(command)).unwrap_or_else(|_| {
        let why = first.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default();
        eprintln!(
            "internal error: {why}\nnothing is known of the input; please report this, with the input and the command"
        );
        ExitCode::from(4)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_program_is_exit_status_4() {
        let status = guarded(|| panic!("a test of what happens then"));
        drop(std::panic::take_hook());
        assert_eq!(format!("{status:?}"), format!("{:?}", ExitCode::from(4)));
    }
}
