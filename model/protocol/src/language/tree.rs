//! The syntax tree: what was written, nothing resolved.
//!
//! Decision: places in the text ([`Mark`]) compare equal whatever they are, so that two trees are equal when they
//! print alike. Comments and empty lines are kept ([`Trivia`]), because users run the printer over their own files.

#![allow(missing_docs, reason = "the fields of a variant are told by the syntax in its comment")]

use crate::ir::{AtomicOperation, Binary, Compare, Reduction, Semantics, Span, Width};
use std::fmt;

/// Where a node stands in the text. Does not take part in comparisons.
#[derive(Clone, Default)]
pub struct Mark(pub Span);

impl PartialEq for Mark {
    fn eq(&self, _other: &Mark) -> bool {
        true
    }
}

impl Eq for Mark {}

impl fmt::Debug for Mark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}..{}", self.0.start, self.0.end)
    }
}

/// A name as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The word; names of protocols and variants may hold hyphens.
    pub text: String,
    /// Where.
    pub at: Mark,
}

/// What stands around a declaration or statement and means nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trivia {
    /// Comments on lines of their own before it (and such as stood inside it), without `//`.
    pub comments: Vec<String>,
    /// An empty line comes before it.
    pub blank_before: bool,
    /// The comment after it on its last line, without `//`.
    pub trailing: Option<String>,
}

/// A declaration or statement with its place and surroundings.
#[derive(Clone, Debug, PartialEq)]
pub struct Item<K> {
    /// Comments and empty lines.
    pub trivia: Trivia,
    /// What it is.
    pub kind: K,
    /// Where; of statements with a body only the head.
    pub at: Mark,
}

/// A whole file.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// Comments around the head.
    pub trivia: Trivia,
    /// The protocol's name.
    pub name: Name,
    /// The line for lists.
    pub summary: Option<String>,
    /// Everything else.
    pub declarations: Vec<Item<Declaration>>,
    /// Comments at the end.
    pub closing: Vec<String>,
}

/// Statements between braces.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    /// In order.
    pub statements: Vec<Item<Statement>>,
    /// Comments before the closing brace.
    pub closing: Vec<String>,
}

/// Which size a parameter names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `ranks P`
    Ranks,
    /// `blocks B`
    Blocks,
    /// `threads T`
    Threads,
    /// `elements N`
    Elements,
    /// `up to C`, behind `elements N`
    Capacity,
    /// `element E`: the type
    Element,
}

/// `local`, `symmetric`, `channel`, `pad` or `event`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Only its own rank reaches it.
    Local,
    /// Every rank reaches it.
    Symmetric,
    /// Symmetric; its rows are slots that credits hand over.
    Channel,
    /// Symmetric, of flags, initially 0.
    Pad,
    /// Recorded on a stream, waited for on others.
    Event,
}

/// `initially 0` or `initially random`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// A word.
    Word(u32),
    /// Random data.
    Random,
}

/// `sum of`, `gather of` and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Definition {
    /// `sum of`, `max of`, `min of`
    AllReduce(Reduction),
    /// `gather of`
    Gather,
    /// `reduce-scatter sum of`
    ReduceScatter(Reduction),
    /// `broadcast of`
    Broadcast,
    /// `shift of`
    Shift,
    /// `transfer of`
    Transfer,
}

/// What a variant is expected to give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// `verifies`
    Verifies,
    /// `violates AR001, AR002`: any of them.
    Violates(Vec<Name>),
}

/// The value of a setting after `at`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingValue {
    /// `ranks 3`
    Number(i64),
    /// `progress obe`
    Word(String),
}

/// One setting after `at`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// `ranks`, `blocks` …
    pub name: Name,
    /// Its value.
    pub value: SettingValue,
    /// Where the value stands.
    pub at: Mark,
}

/// A declaration.
#[derive(Clone, Debug, PartialEq)]
pub enum Declaration {
    /// `param ranks P, …`
    Parameters(Vec<(Role, Name)>),
    /// `knob name = value | …`
    Knob { name: Name, values: Vec<Name> },
    /// `require CONDITION`
    Require(Expression),
    /// `grid EXPRESSION`
    Grid(Expression),
    /// `local`, `symmetric`, `channel`, `pad`, `event`
    Buffer {
        /// Declared with `ghost`.
        ghost: bool,
        /// Which of the five.
        class: Class,
        /// Several may share one declaration.
        names: Vec<Name>,
        /// `E`, `u32` or `flag`; empty for events.
        element: Name,
        /// Dimensions.
        shape: Vec<Expression>,
        /// `refreshed`
        refreshed: bool,
        /// `initially …`
        initially: Option<Start>,
    },
    /// `pipe name : CAPACITY`
    Pipe { name: Name, capacity: Expression },
    /// `topology rows * columns`
    Topology(Vec<Name>),
    /// `argument name = EXPRESSION`
    Argument { name: Name, value: Expression },
    /// `let name = EXPRESSION`
    Let { name: Name, value: Expression },
    /// `partition name(parameters) = RANGE`
    Partition { name: Name, parameters: Vec<Name>, range: Box<Range> },
    /// `sync name(parameters) { … }`
    Sync { name: Name, parameters: Vec<Name>, body: Body },
    /// `kernel { … }`
    Kernel(Body),
    /// `streams EXPRESSION`
    Streams(Expression),
    /// `host { … }`
    Host(Body),
    /// `expect output == gather of input plus weight, same on all ranks`
    Expect { output: Name, definition: Definition, input: Name, plus: Option<Name>, same: bool },
    /// `variant name { knob = value, … } verifies | violates … at …`
    Variant { name: Name, assignments: Vec<(Name, Name)>, verdict: Verdict, settings: Vec<Setting> },
}

/// Which elements a data phase handles.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// The elements.
    pub span: RangeSpan,
    /// `by element`, `by word`, or neither: how much one access moves.
    pub width: Width,
    /// What happens to a vector that is cut off; `scalar` if left out.
    pub tail: Option<TailChoice>,
    /// Where.
    pub at: Mark,
}

/// The two forms of a range.
#[derive(Clone, Debug, PartialEq)]
pub enum RangeSpan {
    /// `low..high`, spread over the whole grid.
    Stride { low: Expression, high: Expression },
    /// `from first until limit step step`, for one thread.
    Explicit { first: Expression, limit: Expression, step: Expression },
}

/// `scalar`, `overrun`, `drop`, or a choice by knobs.
#[derive(Clone, Debug, PartialEq)]
pub enum TailChoice {
    /// One of the three words.
    Word(Name),
    /// `(if CONDITION then … else …)`
    If { condition: Expression, then: Box<TailChoice>, otherwise: Box<TailChoice> },
}

/// What stands after `over`.
#[derive(Clone, Debug, PartialEq)]
pub enum Over {
    /// A declared partition.
    Named { name: Name, arguments: Vec<Expression> },
    /// A range on the spot.
    Inline(Box<Range>),
}

/// Order and scope as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ordering {
    /// Their meaning.
    pub semantics: Semantics,
    /// Where.
    pub at: Mark,
}

/// A buffer's element, or row in a data phase.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The buffer, pad or parameter.
    pub buffer: Name,
    /// Indices, outermost first.
    pub indices: Vec<Expression>,
    /// `at …`, in a data phase.
    pub offset: Option<Box<Expression>>,
    /// `on rank …`
    pub rank: Option<Box<Expression>>,
    /// Where.
    pub at: Mark,
}

/// How a word shows that it has come.
#[derive(Clone, Debug, PartialEq)]
pub enum Marking {
    /// `flag VALUE`
    Flag(Expression),
    /// `sentinel`
    Sentinel,
}

/// A statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Statement {
    /// `block_sync`
    BlockSync,
    /// `barrier_sync id, count` or `barrier_arrive id, count`
    Barrier { arrive: bool, id: Expression, count: Option<Expression> },
    /// `store PLACE = VALUE ORDERING`
    Store { place: Place, value: Expression, ordering: Ordering },
    /// `let name = VALUE [ORDERING]`; an ordering when a load stands in the value.
    Let { name: Name, value: Expression, ordering: Option<Ordering> },
    /// `[let name =] atomic operation PLACE, operands ORDERING`
    Atomic {
        /// Where the old value goes.
        name: Option<Name>,
        /// Which function.
        operation: AtomicOperation,
        /// The word.
        place: Place,
        /// For `cas`: expected, then new; for the others one.
        operands: Vec<Expression>,
        /// Order and scope.
        ordering: Ordering,
    },
    /// `await PLACE == VALUE ORDERING`
    Await { place: Place, compare: Compare, value: Expression, ordering: Ordering },
    /// `fence acq_rel.sys`
    Fence(Ordering),
    /// `copy DESTINATION <- SOURCE over …`
    Copy { destination: Place, source: Place, over: Over },
    /// `start copy DESTINATION <- SOURCE over … on PIPE`
    Start { destination: Place, source: Place, over: Over, pipe: Name },
    /// `finish PIPE to REMAINING`; none remain if left out.
    Finish { pipe: Name, remaining: Option<Expression> },
    /// `reduce DESTINATION <- sum over q in a..b of SOURCE over …`
    Reduce {
        /// What is written.
        destination: Place,
        /// How elements are combined.
        operation: Reduction,
        /// The counter.
        variable: Name,
        /// First value.
        from: Expression,
        /// One past the last.
        to: Expression,
        /// What is read.
        source: Place,
        /// Which elements.
        over: Over,
    },
    /// `send DESTINATION <- SOURCE over … flag VALUE ORDERING`, or `sentinel`
    Send { destination: Place, source: Place, over: Over, marking: Marking, ordering: Ordering },
    /// `receive DESTINATION <- sum over q in a..b of SOURCE over … flag VALUE ORDERING`, or `sentinel`
    Receive {
        /// What is written.
        destination: Place,
        /// How elements are combined.
        operation: Reduction,
        /// The counter.
        variable: Name,
        /// First value.
        from: Expression,
        /// One past the last.
        to: Expression,
        /// The words that are waited for.
        source: Place,
        /// Which elements.
        over: Over,
        /// How a word shows that it has come.
        marking: Marking,
        /// Order and scope.
        ordering: Ordering,
    },
    /// `accumulate DESTINATION <- sum of SOURCE over …`
    Accumulate { destination: Place, operation: Reduction, source: Place, over: Over },
    /// `for q in a..b { … }`
    For { variable: Name, from: Expression, to: Expression, body: Body },
    /// `if … { … } else { … }`; `else if` is a body of one `if`.
    If { condition: Expression, then: Body, otherwise: Option<Body> },
    /// `threads t < LIMIT { … }`
    Threads { variable: Name, limit: Expression, body: Body },
    /// `exit`
    Exit,
    /// `name(arguments)`
    Call { name: Name, arguments: Vec<Expression> },
    /// `ghost { … }`
    Ghost(Body),
    /// `assert CONDITION`
    Assert(Expression),
    /// `stream s { … }`
    Stream { stream: Expression, body: Body },
    /// `synchronise stream s`
    Synchronise { stream: Expression },
    /// `exchange handles of PLACE`
    Exchange { place: Place },
    /// `record EVENT`
    Record { event: Place },
    /// `wait EVENT`
    Wait { event: Place },
    /// `send PLACE over … to rank q` or `receive PLACE over … from rank q`
    Transfer { receives: bool, place: Place, over: Over, peer: Expression },
    /// `group { … }`
    Group(Body),
}

/// An expression with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// What it is.
    pub kind: ExpressionKind,
    /// Where.
    pub at: Mark,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum ExpressionKind {
    /// A literal, not negative.
    Number(i64),
    /// A name, built-in or declared.
    Name(String),
    /// `min(a, b)` and the like.
    Call { function: Name, arguments: Vec<Expression> },
    /// An operator between two operands.
    Binary { operator: Binary, left: Box<Expression>, right: Box<Expression> },
    /// `-a`
    Negate(Box<Expression>),
    /// `not a`
    Not(Box<Expression>),
    /// `KNOB is VALUE`
    Is { knob: Name, value: Name },
    /// `if a then b else c`
    If { condition: Box<Expression>, then: Box<Expression>, otherwise: Box<Expression> },
    /// `load PLACE`
    Load(Box<Place>),
}
