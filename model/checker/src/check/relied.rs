//! Naming the assumptions under which a race disappears, and who relies on them.

use super::{ALONE, LAUNCH_BOUNDARY, LOADS_DONE, Options, few, refine};
use crate::machine::Violation;
use crate::program::Program;
use std::sync::Arc;

/// What is relied upon under an assumption, and by whom.
fn says(name: &str) -> (&'static str, &'static str) {
    match name {
        LAUNCH_BOUNDARY => ("a launch boundary publishing to peers", "vLLM and NCCL rely on it"),
        _ => (
            "loads before a barrier having their values before anything behind it is performed",
            "the exit barrier of vLLM's one-stage kernel relies on it",
        ),
    }
}

/// What a kernel relies on.
pub(super) struct Relied {
    /// The assumptions.
    pub(super) names: Vec<&'static str>,
    /// In words.
    pub(super) note: String,
}

/// What it relies on that a finding does not come up, if it is verified under one of the assumptions about launches and
/// barriers, or under both.
pub(super) fn on<P: Program>(program: &Arc<P>, options: &Options, violation: &Violation) -> Option<Relied> {
    if !violation.crosses_launches || options.launches == 0 {
        return None;
    }
    // What is read and then written over; a write that is read too early is no load that is done.
    let reads = violation.points.iter().any(|point| point.label == "read here");
    let boundary = !options.boundary_publishes;
    let loads = !options.loads_done && reads && violation.race.is_some();
    let both = boundary && loads;
    let all = [(boundary, false), (false, loads), (both, both)];
    let verifies = |(with_boundary, with_loads): &(bool, bool)| {
        let assumed = Options {
            boundary_publishes: options.boundary_publishes || *with_boundary,
            loads_done: options.loads_done || *with_loads,
            ..*options
        };
        let (exploration, _) = refine(program, &assumed, few(options), ALONE);
        exploration.violation.is_none() && exploration.limited.is_none()
    };
    let (with_boundary, with_loads) = all.into_iter().filter(|(boundary, loads)| *boundary || *loads).find(verifies)?;
    let names = [(LAUNCH_BOUNDARY, with_boundary), (LOADS_DONE, with_loads)];
    let names: Vec<&str> = names.into_iter().filter(|(_, with)| *with).map(|(name, _)| name).collect();
    let given: Vec<String> = names.iter().map(|name| format!("--assume {name}")).collect();
    let relied: Vec<&str> = names.iter().map(|name| says(name).0).collect();
    let by: Vec<&str> = names.iter().map(|name| says(name).1).collect();
    let note = format!(
        "with {} it is verified: the kernel relies on {}, which the PTX model does not promise ({})",
        given.join(" "),
        relied.join(", and on "),
        by.join("; ")
    );
    Some(Relied { names, note })
}
