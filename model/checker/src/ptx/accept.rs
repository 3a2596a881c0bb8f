//! Findings that a launch file accepts: which instructions they are about, and whether they still come up.
//!
//! The accesses at the two places of an accepted finding are taken for `relaxed.sys` (a wider scope where they are strong
//! already), so that the check goes on with what the user says of them. An acceptance that hides nothing is an error: the
//! kernel has changed, or the finding never was.

use super::launch::{Accept, Launch};
use super::lines::Lines;
use super::syntax::{Module, Statement};
use arverify_protocol::ir::Source;
use arverify_protocol::language::{Diagnostic, Diagnostics};
use arverify_protocol::verdict::Finding;
use rustc_hash::FxHashSet;
use std::path::Path;

/// First bytes of instructions.
pub type Spans = FxHashSet<u32>;

/// A name without its folders.
fn base(name: &str) -> &str {
    Path::new(name).file_name().and_then(|name| name.to_str()).unwrap_or(name)
}

/// The instructions that stand at a line: of the source that they were compiled from, or of the PTX.
fn at(source: &Source, module: &Module, (file, line): &(String, u32)) -> Spans {
    let is_ptx = base(&source.name) == base(file);
    let named: Vec<u32> =
        module.files.iter().filter(|(_, name)| base(name) == base(file)).map(|(index, _)| *index).collect();
    let mut found: Spans = Lines::new(module).shown_at(&named, *line).collect();
    for body in module.functions.iter().filter_map(|function| function.body.as_ref()).filter(|_| is_ptx) {
        let starts = body.statements.iter().filter_map(|statement| match statement {
            Statement::Instruction(instruction) => Some(instruction.span.start),
            _ => None,
        });
        found.extend(starts.filter(|start| source.line_column(*start).0 == *line));
    }
    found
}

/// The instructions of all that a launch accepts.
///
/// # Errors
/// A place at which there is no instruction.
pub fn accepted(source: &Source, module: &Module, launch: &Launch) -> Result<Spans, Diagnostics> {
    let mut all = Spans::default();
    let mut errors = Vec::new();
    for place in launch.accepts.iter().flat_map(|accept| &accept.places) {
        let found = at(source, module, &place.value);
        if found.is_empty() {
            let (file, line) = &place.value;
            let message = format!("no instruction of the module stands at line {line} of `{}`", file.escape_debug());
            let help = "a place is the source's name and line as a finding shows them, or those of the PTX";
            errors.push(Diagnostic::new(message, place.span.clone()).label("this place").help(help));
        }
        all.extend(found);
    }
    if errors.is_empty() { Ok(all) } else { Err(Diagnostics { source: launch.source.clone(), list: errors }) }
}

/// Whether a finding is the one that is accepted.
pub fn is_accepted(source: &Source, module: &Module, accept: &Accept, finding: &Finding) -> bool {
    let [first, second] = accept.places.each_ref().map(|place| at(source, module, &place.value));
    let spans: Vec<u32> =
        finding.points.iter().filter(|point| !point.span.is_empty()).map(|point| point.span.start).collect();
    let pairs = |one: usize, other: usize| first.contains(&spans[one]) && second.contains(&spans[other]);
    let places = 0..spans.len();
    finding.code == accept.code
        && places.clone().any(|one| places.clone().any(|other| (one != other || spans.len() == 1) && pairs(one, other)))
}
