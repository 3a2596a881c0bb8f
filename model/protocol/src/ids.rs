//! Identifiers as distinct types, so that a rank is never passed where a block is meant.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $word:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
        pub struct $name(pub u32);

        impl $name {
            /// The identifier as an index into a table.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, concat!($word, " {}"), self.0)
            }
        }
    };
}

id!(
    /// One participant of a collective; owns one instance of every buffer.
    Rank, "rank"
);
id!(
    /// A block (CTA) of a launch, numbered within its rank.
    Block, "block"
);
id!(
    /// A thread, numbered within its block.
    Thread, "thread"
);
id!(
    /// One execution of the kernel on a rank, counted from 0.
    Launch, "launch"
);
id!(
    /// A buffer or pad, in the order of declaration.
    BufferId, "buffer"
);
id!(
    /// A value that a thread keeps in a register: bound by `let`, `load`, `atomic`, `for` or `sum over`.
    LocalId, "local"
);
id!(
    /// A pipe of every thread, in the order of declaration.
    PipeId, "pipe"
);
id!(
    /// A value passed to the kernel at each launch.
    ArgumentId, "argument"
);
