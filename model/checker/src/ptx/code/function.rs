//! What an instruction computes from the values of its operands: the whole of PTX arithmetic as one type.
//!
//! A function maps up to four 64-bit operands to one or two results and touches nothing else, so that
//! [`arithmetic`](crate::ptx::arithmetic) can be tested against a table. Immediate operands that choose the function,
//! as the table of `lop3` does, are part of it.

use super::kind::{FloatKind, IntegerKind, NumberKind, Rounding};

/// A function of operands `a b c d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// a
    Move,
    /// Arithmetic on integers.
    Integer(Integer, IntegerKind),
    /// Two results, the sum and the carry; or the sum alone.
    Carry(Carry, IntegerKind),
    /// Functions of single bits and fields.
    Bits(Bits, IntegerKind),
    /// Bits gathered from and spread over registers.
    Pack(Pack),
    /// `c ? a : b`
    Select,
    /// `slct`: c >= 0 ? a : b, for c signed 32-bit
    SelectSigned,
    /// `slct`: c >= 0.0 ? a : b
    SelectFloat {
        /// `.ftz`
        flush: bool,
    },
    /// Comparison; the results are predicates. Second result: of the opposite test, or of the upper halves.
    Compare(Compare),
    /// Comparison; the result is a number.
    CompareSet(Compare, SetResult),
    /// Arithmetic on floating point numbers.
    Float(Float),
    /// Conversion.
    Convert(Convert),
    /// Two f32 to a pair of 16-bit floats: a becomes the upper half, b the lower.
    ConvertPair(Convert),
}

/// Functions on integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Integer {
    /// a + b
    Add,
    /// a − b
    Sub,
    /// a + b, clamped (s32)
    AddSaturating,
    /// a − b, clamped (s32)
    SubSaturating,
    /// Lower half of a × b
    MulLow,
    /// Upper half of a × b
    MulHigh,
    /// The whole of a × b, twice as wide as the type
    MulWide,
    /// Lower half of a × b, plus c
    MadLow,
    /// Upper half of a × b, plus c
    MadHigh,
    /// Upper half of a × b, plus c, clamped (s32)
    MadHighSaturating,
    /// The whole of a × b plus c, twice as wide as the type
    MadWide,
    /// Bits 0 to 31 of the 48-bit product of the lower 24 bits
    Mul24Low,
    /// Bits 16 to 47 of it
    Mul24High,
    /// The first, plus c
    Mad24Low,
    /// The second, plus c
    Mad24High,
    /// The second, plus c, clamped (s32)
    Mad24HighSaturating,
    /// c + |a − b|
    Sad,
    /// a / b; all ones by zero
    Div,
    /// a mod b; a by zero
    Rem,
    /// |a|
    Abs,
    /// −a
    Neg,
    /// The lesser
    Min,
    /// The greater
    Max,
    /// The lesser, but at least zero
    MinRelu,
    /// The greater, but at least zero
    MaxRelu,
    /// Each 16-bit half: a + b
    AddHalves,
    /// Each 16-bit half: the lesser
    MinHalves,
    /// Each 16-bit half: the greater
    MaxHalves,
    /// Each 16-bit half: the lesser, but at least zero
    MinHalvesRelu,
    /// Each 16-bit half: the greater, but at least zero
    MaxHalvesRelu,
    /// Dot product of four bytes, plus c; whether b is signed
    Dot4(bool),
    /// Dot product of two 16-bit numbers of a and two bytes of b, the lower or upper (second flag), plus c
    Dot2(bool, bool),
}

/// Arithmetic with the carry flag, which is operand d.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Carry {
    /// a + b + d
    Add,
    /// a − b − d, and the borrow
    Sub,
    /// lower half of a × b, + c + d
    MadLow,
    /// upper half of a × b, + c + d
    MadHigh,
}

/// Functions on bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bits {
    /// a and b
    And,
    /// a or b
    Or,
    /// a exclusive or b
    Xor,
    /// not a
    Not,
    /// a == 0 ? 1 : 0
    LogicalNot,
    /// a << b, zero from the type's width on
    ShiftLeft,
    /// a >> b, filled with the sign where the type is signed
    ShiftRight,
    /// `shf.l`: upper half of b:a << c; whether c wraps at 32 or is clamped to it
    FunnelLeft {
        /// `.wrap`
        wrap: bool,
    },
    /// `shf.r`: lower half of b:a >> c
    FunnelRight {
        /// `.wrap`
        wrap: bool,
    },
    /// Any function of three bits, by its table.
    Lop3(u8),
    /// Number of ones
    Popc,
    /// Leading zeros
    Clz,
    /// Position of the first bit that is not the sign, or all ones
    Bfind,
    /// The shift that would bring it to the top, or all ones
    BfindShift,
    /// Position of the n-th set bit from a base
    Fns,
    /// Reversed
    Brev,
    /// Field of a at b of length c
    Bfe,
    /// a's lower bits put into b at c for length d
    Bfi,
    /// b ones from position a
    Bmsk {
        /// Positions and lengths beyond 31 wrap, instead of being clamped to 32
        wrap: bool,
    },
    /// Lower b bits, extended
    Szext {
        /// Lengths beyond 31 wrap, instead of being clamped to 32
        wrap: bool,
    },
    /// Bytes of b:a chosen by c
    Prmt(Prmt),
}

/// Modes of `prmt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Prmt {
    /// Four selectors of four bits
    Index,
    /// `.f4e`: forward four
    Forward4,
    /// `.b4e`: backward four
    Backward4,
    /// `.rc8`: one byte repeated
    Replicate8,
    /// `.ecl`: edge clamp left
    EdgeLeft,
    /// `.ecr`: edge clamp right
    EdgeRight,
    /// `.rc16`: one half repeated
    Replicate16,
}

/// Movement of bits between registers of different widths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pack {
    /// a, b, c, d next to one another, each of so many bits, a the lowest
    Join {
        /// Bits of each.
        bits: u8,
    },
    /// A field of a
    Field {
        /// First bit.
        from: u8,
        /// Length.
        bits: u8,
    },
    /// a + an offset, wrapping: `cvta` into a window of generic addresses, or out of it
    Window {
        /// Added to a.
        offset: u64,
    },
    /// Whether a lies in [from, from + bytes)
    Within {
        /// First address.
        from: u64,
        /// Bytes.
        bytes: u64,
    },
    /// Whether a lies outside [0, bytes)
    Beyond {
        /// First address that counts.
        bytes: u64,
    },
}

/// A comparison with its boolean combination: `(a test b) combine c`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Compare {
    /// The test.
    pub test: Test,
    /// Type of a and b.
    pub kind: NumberKind,
    /// `.ftz`
    pub flush: bool,
    /// How the test is combined with c.
    pub combine: Option<Combine>,
}

/// Tests of numbers. On floats those without `Unordered` are false for a NaN, those with it true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Test {
    /// ==
    Equal,
    /// !=
    NotEqual,
    /// <
    Less,
    /// <=
    LessEqual,
    /// >
    Greater,
    /// >=
    GreaterEqual,
    /// == or unordered
    EqualUnordered,
    /// != or unordered
    NotEqualUnordered,
    /// < or unordered
    LessUnordered,
    /// <= or unordered
    LessEqualUnordered,
    /// > or unordered
    GreaterUnordered,
    /// >= or unordered
    GreaterEqualUnordered,
    /// Neither is a NaN
    Numbers,
    /// One is a NaN
    NotNumbers,
}

/// Boolean operators of `setp` and `set`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Combine {
    /// and
    And,
    /// or
    Or,
    /// exclusive or
    Xor,
}

/// The number that `set` delivers for true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SetResult {
    /// All ones in so many bits.
    Ones(u8),
    /// 1.0, in each half of a vector.
    One(FloatKind),
    /// All ones in each 16-bit half.
    OnesHalves,
}

/// A function on floating point numbers with its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Float {
    /// Which.
    pub operation: FloatOperation,
    /// Type of operands and result.
    pub kind: FloatKind,
    /// Direction.
    pub rounding: Rounding,
    /// `.ftz`: subnormal operands and results become zero of their sign
    pub flush: bool,
    /// `.sat`: clamped to [0, 1], NaN to 0
    pub saturate: bool,
    /// `.relu`: negative results become zero, NaN the canonical one
    pub relu: bool,
}

/// Functions on floating point numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FloatOperation {
    /// a + b
    Add,
    /// a − b
    Sub,
    /// a × b
    Mul,
    /// a × b + c, rounded once
    Fma,
    /// a / b
    Div,
    /// 1 / a
    Rcp,
    /// √a
    Sqrt,
    /// 1 / √a
    Rsqrt,
    /// sine
    Sin,
    /// cosine
    Cos,
    /// base-2 logarithm
    Lg2,
    /// base-2 exponential
    Ex2,
    /// hyperbolic tangent
    Tanh,
    /// The lesser
    Min(Extreme),
    /// The greater
    Max(Extreme),
    /// |a|
    Abs,
    /// −a
    Neg,
    /// b with the sign of a
    CopySign,
    /// A predicate: a is of the class
    Testp(Class),
}

/// Modifiers of `min` and `max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Extreme {
    /// `.NaN`: a NaN operand makes the result NaN
    pub nan: bool,
    /// `.xorsign.abs`: magnitudes are compared, the sign is the exclusive or of the signs
    pub xorsign_abs: bool,
}

/// Classes of `testp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// neither infinite nor NaN
    Finite,
    /// infinite
    Infinite,
    /// not NaN
    Number,
    /// NaN
    NotANumber,
    /// finite, not zero, not subnormal
    Normal,
    /// subnormal
    Subnormal,
}

/// A conversion with its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Convert {
    /// From.
    pub from: NumberKind,
    /// To.
    pub to: NumberKind,
    /// Direction.
    pub rounding: Rounding,
    /// To a whole number, also where the result is a float: `.rni`, `.rzi`, `.rmi`, `.rpi`
    pub integral: bool,
    /// `.ftz`
    pub flush: bool,
    /// `.sat`
    pub saturate: bool,
    /// `.relu`
    pub relu: bool,
    /// Bits of the destination register, to which a signed result is extended.
    pub register_bits: u8,
}
