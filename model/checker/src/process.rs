//! The process that checks: the memory that it really uses, which is what `--max-memory` limits.

/// Bytes of the process that are resident, as the operating system counts them; `None` where it does not say.
pub(crate) fn resident() -> Option<u64> {
    memory_stats::memory_stats().map(|stats| stats.physical_mem as u64)
}
