//! The process that checks: the memory that it really uses, which is what `--max-memory` limits.

/// Bytes of the process that are resident, as the operating system counts them; `None` where it does not say.
pub(crate) fn resident() -> Option<u64> {
    memory_stats::memory_stats().map(|stats| stats.physical_mem as u64)
}

/// Gives memory that was freed back, so that it does not count in what comes next.
pub(crate) fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: `malloc_trim` releases free memory only, and may be called by any thread at any time (malloc_trim(3)).
    #[expect(unsafe_code, reason = "the C library has no safe interface to it")]
    unsafe {
        libc::malloc_trim(0);
    }
}
