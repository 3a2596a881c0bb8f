//! Results in words: a table and diagnostics for people, one object for programs.

pub mod human;
pub mod json;
pub mod proof;

use crate::check::{Options, Outcome};
use arverify_protocol::ir::Source;
use arverify_protocol::language::Expected;
use std::sync::Arc;

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
    /// Sizes and assumptions: the bounds of the verdict.
    pub options: Options,
    /// The result.
    pub outcome: Outcome,
}
