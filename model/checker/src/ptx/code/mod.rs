//! Decoded code: what the interpreter runs and the flow analysis reads.
//!
//! Everything that can be resolved once is: names, offsets, types, modifiers. The instructions of all functions that
//! the kernel calls stand in one flat sequence (see [`step`]). Beside each stands its origin, for findings. Where a launch
//! consists of several kernels they stand one behind the other, with registers of their own, so that a number tells an
//! instruction whichever kernel it is of.
//! Not here: addresses of buffers and values of parameters, which belong to a launch.

pub mod effect;
pub mod function;
pub mod kind;
pub mod layout;
pub mod step;
pub mod windows;

pub use effect::Effect;
pub use layout::{GlobalVariable, Image, Parameter, Relocation, SharedVariable};
pub use step::{Guard, Instruction, Pc, Register, Source, Step};

use crate::ptx::syntax::{Line, Span};

/// A kernel of the code.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Where its threads start.
    pub start: Pc,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// Bytes of all parameters.
    pub parameter_bytes: u64,
    /// Variables in shared memory.
    pub shared: Vec<SharedVariable>,
    /// Bytes of static shared memory, aligned for what follows it: where dynamic shared memory begins.
    pub shared_bytes: u64,
    /// `.reqntid`: the block's shape, where the kernel requires one.
    pub required_threads: Option<[u32; 3]>,
    /// `.reqnctapercluster`: the shape of clusters, where the kernel requires one.
    pub required_cluster: Option<[u32; 3]>,
    /// `.maxntid`: the most threads of a block.
    pub most_threads: Option<u64>,
}

/// Decoded code of one kernel, or of several.
#[derive(Clone, Debug, PartialEq)]
pub struct Code {
    /// The kernels, in the order of their instructions.
    pub entries: Vec<Entry>,
    /// All instructions; each kernel's are together.
    pub instructions: Vec<Instruction>,
    /// Where each comes from.
    pub origins: Vec<Origin>,
    /// Slots of the register file.
    pub registers: u32,
    /// Bytes of local memory, parameters of calls included.
    pub local_bytes: u32,
    /// Constant memory.
    pub constants: Image,
    /// `.global` variables that the code names.
    pub globals: Vec<GlobalVariable>,
    /// Remarks on code that is understood but not exactly as hardware has it, to be shown with a verdict once reached.
    pub remarks: Vec<(Pc, String)>,
    /// Reads of mbarrier objects by whoever waits for them, ascending.
    pub objects: Vec<Pc>,
    /// Loads through the non-coherent path (`ld.global.nc`), ascending.
    pub non_coherent: Vec<Pc>,
}

/// Where an instruction comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// In the PTX text.
    pub span: Span,
    /// The `.loc` that holds there.
    pub line: Option<Line>,
    /// Index into [`Code::origins`] of the call through which it is reached.
    pub call: Option<u32>,
}

impl Code {
    /// An instruction. Decoding makes sure that no instruction leads beyond the last.
    pub fn instruction(&self, pc: Pc) -> &Instruction {
        &self.instructions[pc as usize]
    }
}
