//! `--lints`, by edits of the text: AR102 of kernels, and AR103 of kernels and protocols.
//!
//! AR102 asks of every synchronising instruction whether the kernel is verified without it, or with a weaker order or scope.
//!
//! AR103 asks of every strong load and store that is none of a read-modify-write what would be if it were weak. Where that is a race
//! of the access itself, causality leaves it unordered with a conflicting one: no race in PTX, where both are strong and reach each
//! other, but one in CUDA C++, if the accesses are of `volatile` objects, and for tools that look for races. Where somebody waits
//! for words of that memory, these are signals, and nothing is said.
//!
//! Decision: the machine is asked for the race, with the access made weak, and not for its conflicts of strong accesses, of which it
//! looks only for those whose order matters. Not found: accesses of shared memory; a signal and data in one part of a buffer;
//! accesses at a line of which another reads the same and is needed.

use super::text::{Edit, edited, origin};
use super::{Mendable, Step};
use crate::check::Outcome;
use arverify_protocol::ir::Span;
use arverify_protocol::verdict::{Code, Finding, Point, Verdict};
use std::time::{Duration, Instant};

/// A change after which there is less synchronisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weakening {
    /// The change.
    pub step: Step,
    /// What it does.
    pub kind: Kind,
}

/// What a weakening does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An operation goes.
    Removal,
    /// An order or scope is one step weaker.
    Weaker,
    /// A strong access becomes a weak one.
    MadeWeak,
}

/// A text whose synchronisation may be weaker.
pub trait Weakenable: Mendable {
    /// The changes to ask about; a removal comes before what else may be done to its operation.
    fn weakenings(&self) -> Vec<Weakening>;

    /// Whether what is not needed is told here (AR102).
    fn tells_redundant(&self) -> bool;
}

/// What was found, and how many changes were not decided.
pub type Found = (Vec<Finding>, usize);

/// Asks about every weakening of a text that is verified, for at most this long.
pub fn lints(subject: &impl Weakenable, verified: &Outcome, time: Duration) -> Found {
    let end = Instant::now() + time;
    let (mut findings, mut undecided) = (Vec::<Finding>::new(), 0);
    let mut removable: Vec<Span> = Vec::new();
    for Weakening { step, kind } in subject.weakenings() {
        if removable.contains(&step.at) || (kind != Kind::MadeWeak && !subject.tells_redundant()) {
            continue;
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            undecided += 1;
            continue;
        }
        let text = edited(&subject.source().text, step.edits());
        let Some(outcome) = subject.check(&text, std::slice::from_ref(&step), left) else { continue };
        match outcome.verdict {
            Verdict::Inconclusive => undecided += 1,
            Verdict::Verified if subject.tells_redundant() => {
                if kind == Kind::Removal {
                    removable.push(step.at.clone());
                }
                findings.push(redundant(&step, kind));
            }
            Verdict::Violated if kind == Kind::MadeWeak => {
                let found = outcome.findings.first().and_then(|race| unordered(race, &step, verified));
                if let Some(found) = found.filter(|found| findings.iter().all(|known| !is_same(known, found))) {
                    findings.push(found);
                }
            }
            Verdict::Verified | Verdict::Violated => {}
        }
    }
    (findings, undecided)
}

fn redundant(step: &Step, kind: Kind) -> Finding {
    let (words, label) = match kind {
        Kind::Removal => ("without it".to_owned(), "can be removed".to_owned()),
        _ => (format!("with {}", step.words), "can be weakened".to_owned()),
    };
    let point = Point { thread: None, span: step.at.clone(), calls: Vec::new(), label };
    let message = format!("this synchronisation is stronger than needed: {words} the kernel verifies");
    let notes = vec!["this holds at the sizes that were checked: others may need it".to_owned()];
    let help = Some("remove or weaken it, and check again at the largest sizes that you can afford".to_owned());
    Finding { notes, help, ..Finding::new(Code::Redundant, message, vec![point]) }
}

/// The lint that the race of an access made weak amounts to, if it is one of that access at a word that nobody waits for.
fn unordered(race: &Finding, step: &Step, verified: &Outcome) -> Option<Finding> {
    let buffer = &race.location.as_ref()?.buffer;
    if race.code != Code::DataRace || !verified.unawaited.contains(buffer) {
        return None;
    }
    let back = |span: &Span| origin(step.edits(), span.start)..origin(step.edits(), span.end);
    let changed =
        |span: &Span| step.edits().iter().any(|edit: &Edit| span.start <= edit.start && edit.start < span.end);
    let points: Vec<Point> = race
        .points
        .iter()
        .map(|point| Point { span: back(&point.span), calls: point.calls.iter().map(back).collect(), ..point.clone() })
        .collect();
    if points.len() < 2 || !points.iter().any(|point| changed(&point.span)) {
        return None;
    }
    let message = format!(
        "accesses to `{buffer}` are in no order, and nobody waits for it: in PTX this is no race, for both are strong"
    );
    let notes = vec![
        "in CUDA C++ it is a data race if the accesses are `volatile`, and tools that look for races report it"
            .to_owned(),
    ];
    let help = "if any order will do, say so with `cuda::atomic_ref` and relaxed order; if not, order them";
    let (help, location) = (Some(help.to_owned()), race.location.clone());
    Some(Finding { location, notes, help, ..Finding::new(Code::Unordered, message, points) })
}

fn is_same(known: &Finding, found: &Finding) -> bool {
    let spans = |finding: &Finding| {
        let mut spans: Vec<(u32, u32)> =
            finding.points.iter().map(|point| (point.span.start, point.span.end)).collect();
        spans.sort_unstable();
        spans
    };
    known.code == found.code && spans(known) == spans(found)
}
