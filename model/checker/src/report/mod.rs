//! Results in words: a table and diagnostics for people, one object for programs, SARIF for code scanners, a page with pictures to keep.

pub mod beyond;
pub mod html;
pub mod human;
pub mod json;
pub(crate) mod pages;
mod picture;
pub mod proof;
pub mod sarif;
mod suggestion;
mod tried;

use crate::check::{Options, Outcome};
use crate::suggest::Suggestion;
use arverify_protocol::data::DataType;
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::Source;
use arverify_protocol::language::Expected;
use arverify_protocol::topology::Topology;
use arverify_protocol::verdict::Verdict;
use std::sync::Arc;

/// Sizes that a verdict is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Ranks.
    pub ranks: u32,
    /// Blocks of a rank: the least and the greatest number.
    pub blocks: (u64, u64),
    /// Threads of a block: the least and the greatest number.
    pub threads: (u64, u64),
    /// Streams of each rank, in a host program; it has no blocks and threads.
    pub streams: Option<u32>,
    /// Elements and their type, where a target has one size of message.
    pub message: Option<(u64, DataType)>,
}

impl From<&Sizes> for Bounds {
    fn from(sizes: &Sizes) -> Bounds {
        let (blocks, threads) = (u64::from(sizes.blocks), u64::from(sizes.threads));
        Bounds {
            ranks: sizes.ranks,
            blocks: (blocks, blocks),
            threads: (threads, threads),
            streams: None,
            message: Some((sizes.elements, sizes.data)),
        }
    }
}

/// One target's result.
#[derive(Clone, Debug)]
pub struct Row {
    /// As it was named.
    pub target: String,
    /// The variant chosen.
    pub variant: Option<String>,
    /// What that variant is known to get.
    pub expected: Option<Expected>,
    /// The text that findings point into.
    pub source: Arc<Source>,
    /// Name of the entry, where the target is a kernel.
    pub kernel: Option<String>,
    /// How ranks are laid out, where that was asked for.
    pub topology: Option<Topology>,
    /// Sizes: the bounds of the verdict.
    pub bounds: Bounds,
    /// Assumptions and limits.
    pub options: Options,
    /// All sizes that were tried, each with its verdict, where none were named; those of `bounds` decided.
    pub tried: Vec<(Sizes, Verdict)>,
    /// The result.
    pub outcome: Outcome,
    /// What would mend the first finding, where that was asked for.
    pub suggestion: Option<Suggestion>,
    /// What is proven beyond the bounds; none for kernels.
    pub beyond: Option<beyond::Beyond>,
}

/// A target that was not checked: it cannot be read, or it is not such that it could be checked. There is no verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its place among all targets, counted from 0.
    pub position: usize,
    /// As it was named.
    pub target: String,
    /// What is wrong with it; never empty.
    pub faults: Vec<Fault>,
    /// The same for people, with the lines of the text.
    pub text: String,
}

/// What is wrong with a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// In one line.
    pub message: String,
    /// The file, where it is one line of a text.
    pub file: Option<String>,
    /// The line, counted from 1, where that is known.
    pub line: Option<u32>,
    /// The column, counted from 1, where that is known.
    pub column: Option<u32>,
}

impl Fault {
    /// Where no place is known.
    pub fn anywhere(message: &str) -> Fault {
        Fault { message: message.to_owned(), file: None, line: None, column: None }
    }
}
