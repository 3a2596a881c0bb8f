//! `manifest.json`: what the emitted kernels are, how they are launched, and what they were checked for.
//!
//! The decision taken: everything a runtime needs in order to launch is written out (parameters in order, buffers with
//! their shapes), and the exact protocol text travels along, so that sizes are evaluated by the same code that the
//! checker ran, never by a second reading of the shape texts. Those are for people. The road not taken: serialising
//! the resolved protocol, which would freeze its internal form.

use crate::data::{Accumulate, DataType};
use crate::evaluate::Sizes;
use crate::ir;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of this format.
pub const SCHEMA: u32 = 1;

/// 32-bit words behind the status pointer of a kernel, all zero before a launch. See [`StatusWord`].
pub const STATUS_WORDS: usize = 16;

/// What the certificate of a kernel without a capacity is about: [`KernelEntry::holds_for`]. Its checks are launches of one
/// length each; where rows are laid out by N, a rank that is still in a launch of one length reads what another writes for the next.
pub const HOLDS_FOR_ONE_LENGTH: &str = "launches of one length N and one number of blocks B on a workspace, back to back from its initial \
                             contents; before N or B changes all ranks must be done, and every buffer gets its initial \
                             contents again, because rows that are laid out by N race otherwise";

/// The same of a kernel with a capacity ([`Parameter::Capacity`]): in its checks launches rise and fall in length.
pub const HOLDS_FOR_ANY_LENGTH: &str = "launches of any length N up to the capacity C, the same N on all ranks in each launch, and of \
                                        one number of blocks B and one capacity C on a workspace, back to back from its initial \
                                        contents; before B or C changes all ranks must be done, and every buffer gets its \
                                        initial contents again";

/// What the status words hold once an await has passed its deadline. Only the first thread to expire writes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(usize)]
pub enum StatusWord {
    /// 0: no await expired. 1: one did, and the other words describe it.
    State = 0,
    /// The rank that waited.
    Rank = 1,
    /// The buffer it waited on: [`BufferEntry::id`].
    Buffer = 2,
    /// The word within the instance, counted from 0 over all dimensions.
    Slot = 3,
    /// What the last poll saw.
    Seen = 4,
    /// What it compared with.
    Wanted = 5,
    /// The block that waited.
    Block = 6,
    /// The thread that waited.
    Thread = 7,
    /// The line of the await in the protocol file.
    Line = 8,
}

/// The whole of `manifest.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`SCHEMA`].
    pub schema: u32,
    /// What wrote and checked the folder: program name to version, such as `argen` to `0.1.0`.
    pub engines: BTreeMap<String, String>,
    /// The kernels, in the order in which they were asked for.
    pub kernels: Vec<KernelEntry>,
    /// The sha256, in hexadecimal, of every other file in the folder.
    pub files: BTreeMap<String, String>,
    /// The sha256 of this manifest with this field empty.
    pub digest: String,
}

/// One kernel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KernelEntry {
    /// The C symbol.
    pub entry: String,
    /// The protocol's name.
    pub protocol: String,
    /// The value of every knob, in the order of declaration.
    pub knobs: Vec<(String, String)>,
    /// The file in the folder that holds the exact text of the protocol.
    pub protocol_file: String,
    /// [`super::protocol_digest`] of the protocol.
    pub digest: String,
    /// P: fixed in the code.
    pub ranks: u32,
    /// E: fixed in the code.
    pub dtype: DataType,
    /// In what type 16-bit elements are summed: fixed in the code.
    pub accumulate: Accumulate,
    /// T, threads in each block: fixed in the code, the launch must use exactly this many.
    pub threads: u32,
    /// The largest B for which the kernel was certified. B itself is a parameter ([`Parameter::Blocks`]).
    pub max_blocks: u32,
    /// Blocks that a rank launches, as text over the sizes and `self`; [`ir::Protocol::grid_of`] evaluates it.
    pub grid: String,
    /// Conditions on the sizes, as text; [`ir::Protocol::unmet_requirement`] evaluates them.
    pub requirements: Vec<String>,
    /// The CUDA source file in the folder.
    pub source: String,
    /// PTX files in the folder by architecture, such as `sm_90`.
    pub ptx: BTreeMap<String, String>,
    /// What the certificate is about, in words: [`KernelEntry::scope`]. Empty in folders that were written before this was said.
    #[serde(default)]
    pub holds_for: String,
    /// Whether awaits give up at the deadline. Without it there is no deadline and no status parameter.
    pub deadline: bool,
    /// The kernel's parameters, in order.
    pub parameters: Vec<Parameter>,
    /// The buffers that a caller provides, in the order of declaration; ghost buffers are left out.
    pub buffers: Vec<BufferEntry>,
    /// The checks that were run, all of them verified.
    pub checks: Vec<CheckEntry>,
    /// The checks of the compiled kernel, all of them verified; none where there was no compiler.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ptx_checks: Vec<PtxCheckEntry>,
}

/// What a kernel parameter is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Parameter {
    /// A pointer to this rank's instance of a local buffer. 8 bytes.
    Own {
        /// The buffer's name.
        buffer: String,
    },
    /// By value, the pointers to all instances of a symmetric buffer in rank order, this rank's included: 8·P bytes.
    Instances {
        /// The buffer's name.
        buffer: String,
    },
    /// This rank, u32.
    Rank,
    /// B: what buffers and pads were sized for, u32. At most [`KernelEntry::max_blocks`].
    Blocks,
    /// C, the most elements that any launch on the workspace has, u64: what buffers were sized for. Below 2^62. Only kernels
    /// that are certified for launches of any length have it.
    Capacity,
    /// N, the elements of this launch, u64. Below 2^62, and at most C where there is one.
    Elements,
    /// A named argument of the protocol, u32: a new value at each launch ([`ir::Protocol::argument_values`]).
    Argument {
        /// The argument's name.
        name: String,
    },
    /// Nanoseconds that one await may take, counted from its first poll that fails, u64. 0 waits for ever.
    Deadline,
    /// Pointer to [`STATUS_WORDS`] words in this rank's memory.
    Status,
}

/// A buffer that the caller provides, one instance for each rank. Instances start on 16-byte boundaries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BufferEntry {
    /// Its index in [`ir::Protocol::buffers`], which [`StatusWord::Buffer`] names.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// Who reaches it.
    #[serde(with = "SpaceText")]
    pub space: ir::Space,
    /// Declared as `pad`.
    pub pad: bool,
    /// What it holds.
    #[serde(with = "ElementText")]
    pub element: ir::Element,
    /// Its shape, outermost dimension first, as text over P, B, T, N, C, V. [`ir::Protocol::shapes`] evaluates it.
    pub shape: Vec<String>,
    /// The caller writes new contents before every launch.
    pub refreshed: bool,
    /// Contents before the first launch.
    #[serde(with = "InitiallyText")]
    pub initially: ir::Initially,
}

/// One run of the checker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckEntry {
    /// P
    pub ranks: u32,
    /// B
    pub blocks: u32,
    /// T
    pub threads: u32,
    /// N, or C where launches may differ in length.
    pub elements: u64,
    /// Launches back to back on every rank.
    pub launches: u32,
    /// Of a kernel with a capacity, the lengths that launches took in turn, as `16,32,1`: one after the other, all verified.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lengths: Vec<String>,
    /// E
    pub dtype: DataType,
    /// In what type 16-bit elements were summed.
    pub accumulate: Accumulate,
    /// Always `verified`.
    pub verdict: String,
    /// States explored.
    pub states: u64,
    /// Operations performed.
    pub operations: u64,
}

/// One run of the checker on the PTX of a kernel; P, T and E are the kernel's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PtxCheckEntry {
    /// What it was compiled for, such as `sm_90`.
    pub architecture: String,
    /// B
    pub blocks: u32,
    /// N, or C where launches may differ in length.
    pub elements: u64,
    /// Launches back to back on every rank.
    pub launches: u32,
    /// As [`CheckEntry::lengths`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lengths: Vec<String>,
    /// Always `verified`.
    pub verdict: String,
    /// States explored.
    pub states: u64,
    /// Operations performed.
    pub operations: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ir::Space", rename_all = "lowercase")]
enum SpaceText {
    Local,
    Symmetric,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ir::Element", rename_all = "lowercase")]
enum ElementText {
    Data,
    Word,
    Packet,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ir::Initially", rename_all = "lowercase")]
enum InitiallyText {
    Poison,
    Word(u32),
    Random,
}

impl KernelEntry {
    /// Whether it is certified for launches of any length up to a capacity, on one workspace.
    pub fn takes_any_length(&self) -> bool {
        self.parameters.contains(&Parameter::Capacity)
    }

    /// What its certificate is about, in words.
    pub fn scope(&self) -> &'static str {
        if self.takes_any_length() { HOLDS_FOR_ANY_LENGTH } else { HOLDS_FOR_ONE_LENGTH }
    }

    /// The sizes at which the kernel runs with `blocks` blocks (B) and `elements` elements (N) on each rank; they are also
    /// the capacity (C).
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
}
