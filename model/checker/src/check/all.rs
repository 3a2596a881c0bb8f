//! Every independent finding (`--all`): what is found is set aside, and the search goes on.
//!
//! A race is set aside by its two places ([`SetAside`]); any other finding ends the search, for nothing says how the
//! execution would go on without it. *Independent* is a finding that comes up although the races at the places of those before it
//! are left out, and that does not rest on what such a race lets be read: of an execution in which one of them has come up
//! no wrong result, hang or read of unwritten memory is reported. What is told from a race's surroundings
//! (a wait that an earlier launch satisfied) is told once, whichever accesses race.
//!
//! A race of two strong accesses is one of their scopes, which lets other accesses race, too. So there are two passes: one
//! that finds all such races, and one in which strong accesses reach everybody, that finds the rest.
//!
//! Not told: that one mistake (a release that is missing) lets accesses race at several pairs of lines; each pair is a finding.

use super::{Options, Outcome, Race, Schedule, SetAside, check_once};
use crate::program::Program;
use arverify_protocol::ir::Span;
use arverify_protocol::verdict::{Code, Finding, Verdict};
use std::sync::Arc;
use std::time::Instant;

/// Findings of one target: more are not looked for.
const MOST: usize = 64;
/// Said where the last finding is none that can be set aside.
const ENDS: &str =
    "--all: nothing was looked for behind the last finding, which cannot be set aside: mend it, and check again";

/// Said where a race was set aside.
const RACED: &str = "--all: where a race above comes up, a wrong result, a hang or a read of unwritten memory is not reported, for it \
                     may come of the race";

/// One finding with the way to it.
struct Found {
    findings: Vec<Finding>,
    schedule: Option<Schedule>,
    race: Option<Race>,
}

/// Adds findings that are independent of the one that there is.
pub(super) fn look_on<P: Program>(
    program: &Arc<P>,
    options: &Options,
    deadline: Option<Instant>,
    outcome: &mut Outcome,
) {
    let first = Found {
        findings: std::mem::take(&mut outcome.findings),
        schedule: outcome.schedule.take(),
        race: outcome.race,
    };
    let mut search = Search { program, options, deadline, outcome };
    let mut warnings = Vec::new();
    let mut found = search.run(Some(first), SetAside::default(), &mut warnings);
    let scopes: Vec<Found> = found.extract_if(.., |found| found.race.is_some_and(|race| race.strong)).collect();
    if !scopes.is_empty() {
        warnings.clear();
        let set_aside: SetAside = scopes.iter().filter_map(|found| found.race).collect();
        let rest = search.run(None, set_aside.whatever_the_scopes(), &mut warnings);
        found = scopes.into_iter().chain(rest).collect();
    }
    if found.iter().any(|found| found.race.is_some()) {
        warnings.insert(0, RACED.to_owned());
    }
    outcome.warnings.extend(warnings);
    let mut known: Vec<(Code, Vec<Span>)> = Vec::new();
    for Found { findings, schedule, .. } in found {
        for finding in findings {
            let place = places(&finding);
            // Of plain races each has a place of its own.
            if finding.code != Code::DataRace && known.contains(&place) {
                continue;
            }
            known.push(place);
            outcome.findings.push(finding);
            match &outcome.schedule {
                None => outcome.schedule.clone_from(&schedule),
                Some(_) => outcome.further.extend(schedule.clone()),
            }
        }
    }
}

struct Search<'a, P> {
    program: &'a Arc<P>,
    options: &'a Options,
    deadline: Option<Instant>,
    outcome: &'a mut Outcome,
}

impl<P: Program> Search<'_, P> {
    /// What is found one after the other, each with those before it set aside.
    fn run(&mut self, first: Option<Found>, mut set_aside: SetAside, warnings: &mut Vec<String>) -> Vec<Found> {
        let mut all = Vec::new();
        let mut found = first;
        loop {
            if let Some(found) = found.take() {
                let race = found.race;
                all.push(found);
                if race.is_none() {
                    warnings.push(ENDS.to_owned());
                    return all;
                }
                if all.len() >= MOST || race.is_some_and(|race| !set_aside.insert(race)) {
                    warnings.push(format!("--all: stopped at {} findings", all.len()));
                    return all;
                }
            }
            let next = check_once(self.program, self.options, self.deadline, &set_aside);
            let stats = &mut self.outcome.stats;
            stats.states = stats.states.max(next.stats.states);
            stats.executions += next.stats.executions;
            stats.operations += next.stats.operations;
            match next.verdict {
                Verdict::Verified => return all,
                Verdict::Inconclusive => {
                    let why = next.warnings.first().map_or("it is not known", String::as_str);
                    warnings.push(format!("--all: there may be more findings: {why}"));
                    return all;
                }
                Verdict::Violated => {
                    found = Some(Found { findings: next.findings, schedule: next.schedule, race: next.race });
                }
            }
        }
    }
}

/// What tells findings apart: the code, and the first two places.
fn places(finding: &Finding) -> (Code, Vec<Span>) {
    let mut places: Vec<Span> = finding.points.iter().take(2).map(|point| point.span.clone()).collect();
    places.sort_by_key(|span| (span.start, span.end));
    (finding.code, places)
}
