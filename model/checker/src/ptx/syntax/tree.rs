//! A PTX module as it is written: every instruction by name, modifiers and operands, nothing interpreted.
#![allow(missing_docs)]

/// Where in the text: byte offsets.
pub type Span = std::ops::Range<u32>;

/// A module.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Module {
    pub version: (u32, u32),
    pub target: Vec<String>,
    pub address_size: u32,
    /// `.file` directives: index and name.
    pub files: Vec<(u32, String)>,
    /// Variables at module scope.
    pub variables: Vec<Variable>,
    pub functions: Vec<Function>,
    /// Directives that are not known, kept by name: reported only if something reached needs them.
    pub unknown: Vec<(String, Span)>,
}

/// `.reg` variables are not here but in [`Body::registers`].
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    pub name: String,
    pub space: Space,         // Shared, Global, Const, Local, Param
    pub kind: Kind,           // element type
    pub vector: u32,          // 1, 2 or 4
    pub dimensions: Vec<u64>, // [] scalar; Some(0) first dimension = unsized (dynamic shared memory)
    pub unsized_array: bool,
    pub alignment: Option<u64>,
    pub initialiser: Option<Initialiser>,
    pub is_extern: bool,
    /// `.param .ptr .global .align 16`: attributes kept by name
    pub attributes: Vec<String>,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Space {
    Register,
    Shared,
    Global,
    Const,
    Local,
    Param,
    Texture,
}

/// Fundamental types: b8..b128, u8..u64, s8..s64, f16, f16x2, bf16, bf16x2, f32, f64, pred, and others by name (e4m3x2, texref …).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Kind(pub String);

#[derive(Clone, Debug, PartialEq)]
pub enum Initialiser {
    Value(Constant),
    Name { name: String, offset: i64, generic: bool },
    List(Vec<Initialiser>),
    Mask(u64, Box<Initialiser>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Constant {
    Integer(u64 /* two's complement */),
    F32(u32),
    F64(u64),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    pub name: String,
    pub is_entry: bool,
    pub is_extern: bool,
    pub returns: Vec<Variable>, // .param or .reg
    pub parameters: Vec<Variable>,
    /// .maxntid, .reqntid, .minnctapersm, .noreturn, .pragma …: name and numbers
    pub directives: Vec<(String, Vec<u64>)>,
    pub body: Option<Body>, // None: declaration
    pub span: Span,
}

/// A function body, nested blocks `{ }` flattened: names declared in nested scopes are made unique by the parser.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    /// Every register by name, `%r<27>` expanded lazily: (prefix, count) or a single name.
    pub registers: Vec<Registers>,
    pub variables: Vec<Variable>, // .shared, .local, .param (call frames)
    pub statements: Vec<Statement>,
    /// `.branchtargets`, `.calltargets`, `.callprototype`
    pub targets: Vec<(String, Vec<String>)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Registers {
    pub prefix: String,
    pub count: Option<u32>,
    pub kind: Kind,
    pub vector: u32,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Statement {
    Label(String),
    Instruction(Instruction),
    Location(Line),
}

/// `.loc file line column [, function_name label+offset, inlined_at file line column]`: holds for what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    pub file: u32,
    pub line: u32,
    pub column: u32,
    pub inlined_at: Option<(u32, u32, u32)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Instruction {
    /// `@%p` or `@!%p`
    pub guard: Option<(String, bool /* negated */)>,
    /// `ld`
    pub name: String,
    /// `acquire`, `sys`, `global`, `u32`; dots stripped; `L1::no_allocate` stays one modifier
    pub modifiers: Vec<String>,
    pub operands: Vec<Operand>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// Register, variable, label, function or special register (`%tid.x` is Name("%tid.x")); a negated predicate source `!%p` is Not.
    Name(String),
    Not(Box<Operand>),
    Constant(Constant),
    /// `[base + offset]`; base None: absolute address
    Address {
        base: Option<String>,
        offset: i64,
    },
    /// `{a, b, c, d}`; `_` is Sink
    Vector(Vec<Operand>),
    Sink,
    /// `%p|%q` (setp, shfl with predicate)
    Pair(Box<Operand>, Box<Operand>),
    /// `(a, b)` of call
    List(Vec<Operand>),
    /// `name+4`, as in `mov.u64 %rd1, table+4`
    Offset {
        name: String,
        offset: i64,
    },
    /// an element `%v.x` of a vector register
    Element(String, u8),
    /// operands the parser has no form for, e.g. texture coordinates `[t, {x, y}]`: the text
    Other(String),
}
