//! A PTX module as it is written: every instruction by name, modifiers and operands, nothing interpreted.
//!
//! Decision: names stay strings and types stay by name, since a module holds far more than any one kernel needs and
//! only what is reached has to be understood. The road not taken is one variant for each instruction, which would make
//! every unknown instruction an error of the whole module. Not kept: comments, `.section` blocks, pragmas, and the
//! nesting of blocks, whose names are made unique instead.

/// Where in the text: byte offsets.
pub type Span = arverify_protocol::ir::Span;

/// A module.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Module {
    /// `.version 8.5` is (8, 5).
    pub version: (u32, u32),
    /// `.target sm_90a, debug`
    pub target: Vec<String>,
    /// `.address_size`; 32 where the module has none, as the ISA says.
    pub address_size: u32,
    /// `.file` directives: index and name.
    pub files: Vec<(u32, String)>,
    /// Variables at module scope.
    pub variables: Vec<Variable>,
    /// Declarations and definitions, in order; a function may occur as both.
    pub functions: Vec<Function>,
    /// `.alias alias, aliasee;`
    pub aliases: Vec<(String, String)>,
    /// Directives that are not known, kept by name: reported only if something reached needs them.
    pub unknown: Vec<(String, Span)>,
}

/// A variable or parameter. `.reg` variables of bodies are not here but in [`Body::registers`].
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// As written; in a nested block with `@` and the block's number after it.
    pub name: String,
    /// Where it lives; [`Space::Register`] only for parameters and return values of functions.
    pub space: Space,
    /// The element type.
    pub kind: Kind,
    /// Elements of a vector: 1, or 2, 4, 8 for `.v2`, `.v4`, `.v8`.
    pub vector: u32,
    /// Empty for a scalar; the first is 0 when the array is unsized (dynamic shared memory).
    pub dimensions: Vec<u64>,
    /// `x[]` without an initialiser that gives the length.
    pub unsized_array: bool,
    /// `.align`, in bytes, as written: 0 and numbers that are no power of two are the reader's to refuse.
    pub alignment: Option<u64>,
    /// The value at the start.
    pub initialiser: Option<Initialiser>,
    /// `.extern`
    pub is_extern: bool,
    /// `.ptr`, `.global`, `align 16` of a pointer parameter, `weak`, `attribute(.managed)`: kept by name.
    pub attributes: Vec<String>,
    /// The name.
    pub span: Span,
}

/// A state space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Space {
    /// `.reg`
    Register,
    /// `.shared`
    Shared,
    /// `.global`
    Global,
    /// `.const`
    Const,
    /// `.local`
    Local,
    /// `.param`
    Param,
    /// `.tex`
    Texture,
}

/// A type by name, without the dot: b8…b128, u8…u64, s8…s64, f16, f16x2, bf16, bf16x2, f32, f64, pred, and others
/// (e4m3x2, texref …).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Kind(pub String);

/// The value a variable starts with.
#[derive(Clone, Debug, PartialEq)]
pub enum Initialiser {
    /// A number.
    Value(Constant),
    /// The address of a variable or function, `name+offset`.
    Name {
        /// Of what.
        name: String,
        /// In bytes.
        offset: i64,
        /// `generic(name)+offset`: the address in generic space.
        generic: bool,
    },
    /// `{ …, … }`
    List(Vec<Initialiser>),
    /// `0xFF00(name)`: these bits of the address, shifted down.
    Mask(u64, Box<Initialiser>),
}

/// A number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Constant {
    /// Two's complement.
    Integer(u64),
    /// The bits of `0f…`.
    F32(u32),
    /// The bits of `0d…`, and of decimal floats.
    F64(u64),
}

/// `.entry` or `.func`.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// `.entry`: a kernel.
    pub is_entry: bool,
    /// `.extern`
    pub is_extern: bool,
    /// `.param` or `.reg`.
    pub returns: Vec<Variable>,
    /// `.param` or `.reg`.
    pub parameters: Vec<Variable>,
    /// `.maxntid`, `.reqntid`, `.minnctapersm`, `.noreturn` …: name without the dot, and numbers.
    pub directives: Vec<(String, Vec<u64>)>,
    /// `None` for a declaration.
    pub body: Option<Body>,
    /// The name.
    pub span: Span,
}

/// A function's body, nested blocks `{ }` flattened: names declared in nested blocks are made unique by the parser,
/// with `@` and the block's number, which no name in a text can hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    /// Every declaration of registers.
    pub registers: Vec<Registers>,
    /// `.shared`, `.local`, `.param` (call frames), and `.global` or `.const` declared inside.
    pub variables: Vec<Variable>,
    /// Labels, instructions and line numbers, in order.
    pub statements: Vec<Statement>,
    /// `.branchtargets` and `.calltargets` by label with their names; `.callprototype` by label with none.
    pub targets: Vec<(String, Vec<String>)>,
}

/// `%r<27>` declares `%r0` to `%r26` and is expanded by nobody here: prefix `%r`, count 27. A single register is its
/// name without a count. In nested block 3 the prefix is `%r@3.`, and the register `%r@3.26`.
#[derive(Clone, Debug, PartialEq)]
pub struct Registers {
    /// The name, or what the number is put after.
    pub prefix: String,
    /// How many, if a number is put after the prefix.
    pub count: Option<u32>,
    /// The type of each.
    pub kind: Kind,
    /// Elements of each: 1, or 2, 4, 8 for vectors.
    pub vector: u32,
    /// The name.
    pub span: Span,
}

/// A line of a body.
#[derive(Clone, Debug, PartialEq)]
pub enum Statement {
    /// `name:`
    Label(String),
    /// An instruction.
    Instruction(Instruction),
    /// A line number that holds for what follows.
    Location(Line),
}

/// `.loc file line column [, function_name label+offset, inlined_at file line column]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The index of a `.file`.
    pub file: u32,
    /// Counted from 1; 0 where the compiler knew none.
    pub line: u32,
    /// Counted from 1; 0 where the compiler knew none.
    pub column: u32,
    /// File, line and column of the call that was inlined.
    pub inlined_at: Option<(u32, u32, u32)>,
}

/// An instruction. An unknown directive inside a body is one too, its name with the dot, so that reaching it counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Instruction {
    /// `@%p` or `@!%p`: the predicate, and whether it is negated.
    pub guard: Option<(String, bool)>,
    /// `ld`
    pub name: String,
    /// `acquire`, `sys`, `global`, `u32`; dots stripped; `L1::no_allocate` stays one modifier; `.unified` after an
    /// address comes last.
    pub modifiers: Vec<String>,
    /// In order.
    pub operands: Vec<Operand>,
    /// From the guard to the semicolon.
    pub span: Span,
}

/// An operand.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// Register, variable, label, function or special register (`%tid.x` is Name("%tid.x")).
    Name(String),
    /// A negated predicate source `!%p`.
    Not(Box<Operand>),
    /// A number; constant expressions are folded, `WARP_SZ` is 32.
    Constant(Constant),
    /// `[base + offset]`; without a base an absolute address.
    Address {
        /// Register or variable.
        base: Option<String>,
        /// In bytes.
        offset: i64,
    },
    /// `{a, b, c, d}`
    Vector(Vec<Operand>),
    /// `_`
    Sink,
    /// `%p|%q` (setp, shfl with predicate)
    Pair(Box<Operand>, Box<Operand>),
    /// `(a, b)` of call
    List(Vec<Operand>),
    /// `name+4`, as in `mov.u64 %rd1, table+4`
    Offset {
        /// Variable or function.
        name: String,
        /// In bytes.
        offset: i64,
    },
    /// An element of a vector register, 0 to 3: `%v.x` or `%v.r` is 0.
    Element(String, u8),
    /// Operands the tree has no form for, e.g. texture coordinates `[t, {x, y}]`: the text. Names in it are as
    /// written, also in nested blocks.
    Other(String),
}
