//! The generic address space: which addresses mean the memory of a block, of a thread, constants and parameters.
//!
//! Each is a window of 4 GiB within the lowest 64 GiB, where no buffer lies; addresses inside a window count from its
//! start. The values are free as far as PTX is concerned, and far apart so that a stray address meets none by chance.

/// Bytes of each window.
pub const WINDOW_BYTES: u64 = 1 << 32;
/// Shared memory of the block.
pub const SHARED_WINDOW: u64 = WINDOW_BYTES;
/// In an address of shared memory: from which bit on the rank within the cluster stands, plus one; zero is the own block.
pub const PEER_SHIFT: u32 = 24;
/// Memory of the thread.
pub const LOCAL_WINDOW: u64 = 2 * WINDOW_BYTES;
/// Constant memory.
pub const CONSTANT_WINDOW: u64 = 3 * WINDOW_BYTES;
/// Parameters of the kernel.
pub const PARAMETER_WINDOW: u64 = 4 * WINDOW_BYTES;
/// Where global memory begins.
pub const GLOBAL_START: u64 = 1 << 36;
