//! What a kernel is written for.

use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;

/// The sizes that are fixed in a kernel, and its options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// P
    pub ranks: u32,
    /// E
    pub dtype: DataType,
    /// In what type 16-bit elements are summed.
    pub accumulate: Accumulate,
    /// T
    pub threads: u32,
    /// The largest B.
    pub max_blocks: u32,
    /// Whether awaits give up at a deadline.
    pub deadline: bool,
}

impl Target {
    /// The sizes at `blocks` blocks and `elements` elements on each rank.
    pub fn sizes(&self, blocks: u32, elements: u64) -> Sizes {
        Sizes {
            ranks: self.ranks,
            blocks,
            threads: self.threads,
            elements,
            capacity: elements,
            data: self.dtype,
            accumulate: self.accumulate,
        }
    }

    /// Whether 16-bit elements are combined in f32.
    pub(crate) fn wide(&self) -> bool {
        self.accumulate == Accumulate::F32 && self.dtype != DataType::F32
    }
}
