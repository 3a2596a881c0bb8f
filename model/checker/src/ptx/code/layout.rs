//! Where variables lie: parameters by C layout, shared, local, constant and global variables.

/// A parameter of the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its type as written, `u64`; `b8` with more than one element is a struct by value.
    pub kind: String,
    /// Bytes from the start of all parameters.
    pub offset: u64,
    /// Size.
    pub bytes: u64,
    /// Alignment.
    pub alignment: u64,
}

/// A variable of the block's shared memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedVariable {
    /// Its name.
    pub name: String,
    /// Bytes from the start of shared memory.
    pub offset: u64,
    /// Size; 0 for dynamic shared memory, which reaches to the end.
    pub bytes: u64,
}

/// A `.global` variable of the module, one copy for each rank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobalVariable {
    /// Its name.
    pub name: String,
    /// Size.
    pub bytes: u64,
    /// Alignment.
    pub alignment: u64,
    /// What it holds at first. PTX says that a variable without initialiser holds zeros.
    pub contents: Image,
    /// Some instruction stores to it or takes its address; if not, it is as good as constant.
    pub writable: bool,
}

/// Initial bytes, with addresses that are known only where ranks are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// The bytes; zero where a relocation goes.
    pub bytes: Vec<u8>,
    /// Addresses of `.global` variables.
    pub relocations: Vec<Relocation>,
}

/// An address to be put into an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relocation {
    /// Where in the image; 8 bytes.
    pub at: u64,
    /// Index into [`Code::globals`](super::Code::globals).
    pub variable: u32,
    /// Bytes from its start.
    pub offset: i64,
}
