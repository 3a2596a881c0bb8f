//! What idioms speak of: notations, words of buffers, values that grow with the launch, comparisons, orders and scopes.

use super::layout::Scope;

/// A notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// PTX.
    Ptx,
    /// The protocol language.
    Language,
}

/// A buffer of words, by what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Buffer {
    /// Words that are accessed strongly; 0 at first.
    Flag,
    /// Words that are accessed weakly; 0 at first.
    Data,
    /// What threads have seen; nobody reads it.
    Out,
    /// New contents before every launch.
    Input,
    /// Without contents.
    Poison,
    /// What the host reads after every launch: the inputs of all ranks.
    Gathered,
    /// Shared memory of the block.
    Shared,
}

impl Buffer {
    /// Those in global memory.
    pub(crate) const GLOBAL: [Buffer; 6] =
        [Buffer::Flag, Buffer::Data, Buffer::Out, Buffer::Input, Buffer::Poison, Buffer::Gathered];

    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Buffer::Flag => "flag",
            Buffer::Data => "data",
            Buffer::Out => "out",
            Buffer::Input => "input",
            Buffer::Poison => "poison",
            Buffer::Gathered => "gathered",
            Buffer::Shared => "shared",
        }
    }
}

/// A word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Of which buffer.
    pub(crate) buffer: Buffer,
    /// Of whose instance.
    pub(crate) rank: u32,
    /// Which word.
    pub(crate) word: u32,
}

/// A number that grows with the launch: `each * launch + first`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    /// For each launch before this one.
    pub(crate) each: u32,
    /// In the first launch.
    pub(crate) first: u32,
}

/// The `number`-th of the (at most 4) values that a launch gives to a word.
pub(crate) const fn step(number: u32) -> Value {
    Value { each: 4, first: number }
}

/// A count that each launch raises by as much.
pub(crate) const fn count(number: u32) -> Value {
    Value { each: number, first: number }
}

/// The same in every launch.
pub(crate) const fn constant(number: u32) -> Value {
    Value { each: 0, first: number }
}

/// What a word must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compare {
    /// That value.
    Equal,
    /// It or more.
    AtLeast,
    /// Another.
    Different,
}

impl Compare {
    /// As the language writes it.
    pub(crate) const fn sign(self) -> &'static str {
        match self {
            Compare::Equal => "==",
            Compare::AtLeast => ">=",
            Compare::Different => "!=",
        }
    }

    /// PTX: that it is so.
    pub(crate) const fn holds(self) -> &'static str {
        match self {
            Compare::Equal => "eq",
            Compare::AtLeast => "ge",
            Compare::Different => "ne",
        }
    }

    /// PTX: that it is not.
    pub(crate) const fn fails(self) -> &'static str {
        match self {
            Compare::Equal => "ne",
            Compare::AtLeast => "lt",
            Compare::Different => "eq",
        }
    }
}

/// Order and scope of an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct How {
    /// `weak`, `volatile`, `relaxed`, `acquire`, `release`, `acq_rel`.
    pub(crate) order: &'static str,
    /// Unused by weak and volatile.
    pub(crate) scope: Scope,
}

/// Weakly.
pub(crate) const WEAK: How = How { order: "weak", scope: Scope::Sys };

/// An order at a scope.
pub(crate) const fn how(order: &'static str, scope: Scope) -> How {
    How { order, scope }
}

impl How {
    /// `.release.sys` in PTX; nothing if weak.
    pub(crate) fn suffix(self) -> String {
        match self.order {
            "weak" => String::new(),
            "volatile" => ".volatile".to_owned(),
            order => format!(".{order}.{}", self.scope.name()),
        }
    }

    /// `release.sys` in the language.
    pub(super) fn words(self) -> String {
        match self.order {
            "weak" | "volatile" => self.order.to_owned(),
            order => format!("{order}.{}", self.scope.name()),
        }
    }
}
