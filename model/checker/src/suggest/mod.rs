//! `--suggest`: the smallest change under which what was found is verified.
//!
//! A *step* is one change that a person would make: an order, a scope, a barrier, a fence, a knob. A *repair* is a set of steps. The
//! search goes from the program as it is, best first by weight: each set of steps is checked like the program itself, and where it
//! is violated, the causes of *its* finding (`check/why`) say which steps come next. So of a flag that is neither released nor
//! acquired the release is tried, the check says that the acquire is missing, and both together are the repair. What is verified in
//! the end is thinned: a step without which it is verified as well is none of it.
//!
//! Decision: steps are edits of the *text*, and every set of them is read and checked from the text on, so that what is suggested is
//! what a user can apply. The road not taken is to edit the program that the machine runs, as the mutants of AR102 do, which would
//! have to be led back to a text. Not found: repairs that need new buffers, slots or epochs, and more than [`MOST_STEPS`] steps.
//! Only a verdict of verified counts; none that is vacuous where a knob was chosen, and none for which a race was merely hidden.

pub mod kernel;
pub mod protocol;
pub mod text;
pub mod weaker;

use crate::check::Outcome;
use arverify_protocol::ir::{Source, Span};
use arverify_protocol::verdict::{Code, Finding, Phrase, Verdict, WhyKind};
use rustc_hash::FxHashSet;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use text::{Edit, edited, origin};

/// Sets of steps that are checked.
pub const MOST_TRIED: u32 = 64;
/// Steps of a repair.
pub const MOST_STEPS: usize = 4;

/// What is changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// The text, at one place or at several that belong together.
    Text(Vec<Edit>),
    /// The value that is chosen for a knob of a protocol.
    Knob {
        /// The knob.
        name: String,
        /// Its value from now on.
        value: String,
        /// Its value before.
        was: String,
    },
}

/// One change that a person would make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is changed.
    pub change: Change,
    /// The statement that it is about, in the text as it is.
    pub at: Span,
    /// It is about the call that leads to the statement, where that was inlined, and not about the statement.
    pub of_call: bool,
    /// What to do there, in words.
    pub words: String,
    /// How much it changes: of two repairs the lighter one is shown.
    pub weight: u32,
    /// A weak access becomes a strong one.
    pub makes_strong: bool,
    /// It may hide what was found instead of mending it: a weak access becomes a strong one, which races with less, and no cause
    /// asks for that. It counts only where results are checked.
    pub may_hide: bool,
}

impl Step {
    /// Edits of the text.
    pub fn new(edits: Vec<Edit>, at: Span, words: String, weight: u32) -> Step {
        Step { change: Change::Text(edits), at, of_call: false, words, weight, makes_strong: false, may_hide: false }
    }

    /// Its edits of the text.
    pub fn edits(&self) -> &[Edit] {
        match &self.change {
            Change::Text(edits) => edits,
            Change::Knob { .. } => &[],
        }
    }

    /// Whether both cannot be made together.
    fn is_against(&self, other: &Step) -> bool {
        match (&self.change, &other.change) {
            (Change::Knob { name, .. }, Change::Knob { name: known, .. }) => name == known,
            _ => self.edits().iter().any(|edit| other.edits().iter().any(|known| edit.is_against(known))),
        }
    }
}

/// One cause of a finding, in places of the text as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Clue {
    /// What is missing, or in the way.
    pub kind: WhyKind,
    /// The statement that the cause stands at, then those that its sentence names, with the calls that lead there.
    pub places: Vec<Span>,
}

/// What steps are looked for by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Clues {
    /// The finding's code.
    pub code: Code,
    /// Its causes.
    pub causes: Vec<Clue>,
    /// The statements that it names.
    pub places: Vec<Span>,
    /// The lines of its trace.
    pub trace: Vec<Span>,
}

impl Clues {
    /// Those of a finding in a text with edits.
    fn of(finding: &Finding, source: &Source, edits: &[Edit]) -> Clues {
        let back = |span: &Span| origin(edits, span.start)..origin(edits, span.end);
        let is_known = |span: &&Span| !span.is_empty();
        let clue = |why: &arverify_protocol::verdict::Why| {
            let named = why.sentence.iter().flat_map(|phrase| match phrase {
                Phrase::At { span, call } => vec![Some(span), call.as_ref()],
                Phrase::Words(_) => Vec::new(),
            });
            let all = std::iter::once(&why.span).chain(named.flatten());
            Clue { kind: why.kind, places: unique(all.filter(is_known).map(back)) }
        };
        let points = finding.points.iter().flat_map(|point| std::iter::once(&point.span).chain(&point.calls));
        let lines = finding.trace.iter().flat_map(|step| [step.line, step.call]);
        let lines = lines.filter_map(|line| crate::ptx::lines::line_span(source, line));
        let causes = finding.why.iter().map(clue).collect();
        let places = unique(points.filter(is_known).map(back));
        Clues { code: finding.code, causes, places, trace: unique(lines.map(|span| back(&span))) }
    }
}

fn unique(spans: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut kept: Vec<Span> = Vec::new();
    for span in spans {
        if !kept.contains(&span) {
            kept.push(span);
        }
    }
    kept
}

/// A text that may be mended.
pub trait Mendable {
    /// The text as it is.
    fn source(&self) -> &Source;

    /// Steps that might help, the likeliest first among those of one weight.
    fn steps(&self, clues: &Clues) -> Vec<Step>;

    /// Checks the text with these steps, as the text itself was checked; nothing where it is no program then.
    fn check(&self, text: &str, steps: &[Step], time: Duration) -> Option<Outcome>;
}

/// What came of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Searched {
    /// Sets of steps that were checked.
    pub tried: u32,
    /// The repair.
    pub repair: Option<Vec<Step>>,
}

/// Looks for a repair of what a check has found, for at most this long.
pub fn search(subject: &impl Mendable, found: &Outcome, time: Duration) -> Searched {
    let mut search = Search { subject, end: Instant::now() + time, ..Search::new(subject) };
    let Some(finding) = found.findings.iter().find(|finding| !finding.code.is_lint()) else {
        return Searched { tried: 0, repair: None };
    };
    search.follow(&[], &Clues::of(finding, subject.source(), &[]));
    let repair = search.run().map(|steps| search.thinned(steps));
    Searched { tried: search.tried, repair }
}

struct Search<'a, M> {
    subject: &'a M,
    end: Instant,
    tried: u32,
    /// Sets that are still to be checked: the lightest first, then what was thought of first.
    queue: BinaryHeap<Reverse<(u32, usize)>>,
    sets: Vec<Vec<Step>>,
    /// The changes of every set that was thought of, sorted.
    known: FxHashSet<Vec<Change>>,
    /// What was found of a set that brings its causes with it: a further step that changes nothing of that leads nowhere.
    seen: FxHashSet<Clues>,
}

impl<'a, M: Mendable> Search<'a, M> {
    fn new(subject: &'a M) -> Search<'a, M> {
        let (queue, sets) = (BinaryHeap::new(), Vec::new());
        let (known, seen) = (FxHashSet::default(), FxHashSet::default());
        Search { subject, end: Instant::now(), tried: 0, queue, sets, known, seen }
    }

    /// The first set that is verified.
    fn run(&mut self) -> Option<Vec<Step>> {
        while let Some(Reverse((_, number))) = self.queue.pop() {
            let steps = self.sets[number].clone();
            let Some(outcome) = self.checked(&steps) else { continue };
            if is_mended(&outcome, &steps) {
                return Some(steps);
            }
            let Some(finding) = outcome.findings.first().filter(|_| outcome.verdict == Verdict::Violated) else {
                continue;
            };
            let edits = edits_of(&steps);
            let after = Source { name: String::new(), text: edited(&self.subject.source().text, &edits) };
            self.follow(&steps, &Clues::of(finding, &after, &edits));
        }
        None
    }

    /// What it comes to, if there is time to ask, and if it is a program.
    fn checked(&mut self, steps: &[Step]) -> Option<Outcome> {
        let left = self.end.saturating_duration_since(Instant::now());
        if self.tried == MOST_TRIED || left.is_zero() {
            self.queue.clear();
            return None;
        }
        // One that is hard to decide must leave time for others.
        let text = edited(&self.subject.source().text, &edits_of(steps));
        let outcome = self.subject.check(&text, steps, left / 3)?;
        self.tried += 1;
        Some(outcome)
    }

    /// Puts in the queue what a finding suggests in addition.
    fn follow(&mut self, steps: &[Step], clues: &Clues) {
        if steps.len() == MOST_STEPS || !self.seen.insert(clues.clone()) {
            return;
        }
        // That an access is weak counts for less where its partner is strong for having been made so.
        let made_strong = steps.iter().any(|known| known.makes_strong);
        for mut step in self.subject.steps(clues) {
            step.may_hide |= made_strong && step.makes_strong;
            if steps.iter().any(|known| known.is_against(&step)) {
                continue;
            }
            let set: Vec<Step> = steps.iter().cloned().chain([step]).collect();
            let mut changes: Vec<Change> = set.iter().map(|step| step.change.clone()).collect();
            changes.sort();
            if self.known.insert(changes) {
                self.queue.push(Reverse((set.iter().map(|step| step.weight).sum(), self.sets.len())));
                self.sets.push(set);
            }
        }
    }

    /// Without the steps that are not needed.
    fn thinned(&mut self, mut steps: Vec<Step>) -> Vec<Step> {
        let mut index = 0;
        while steps.len() > 1 && index < steps.len() {
            let mut fewer = steps.clone();
            fewer.remove(index);
            match self.checked(&fewer) {
                Some(outcome) if is_mended(&outcome, &fewer) => steps = fewer,
                _ => index += 1,
            }
        }
        steps
    }
}

/// All edits of a set of steps.
pub fn edits_of(steps: &[Step]) -> Vec<Edit> {
    steps.iter().flat_map(Step::edits).cloned().collect()
}

/// Whether it is verified, and not for want of looking.
fn is_mended(outcome: &Outcome, steps: &[Step]) -> bool {
    let doubted = |doubt: &str| outcome.warnings.iter().any(|warning| warning.starts_with(doubt));
    let chooses = steps.iter().any(|step| matches!(step.change, Change::Knob { .. }));
    let may_hide = steps.iter().any(|step| step.may_hide);
    outcome.verdict == Verdict::Verified
        && !(chooses && doubted("vacuous"))
        && !(may_hide && doubted("no result is checked"))
}

/// What is said of a finding.
#[derive(Clone, Debug)]
pub struct Suggestion {
    /// Sets of changes that were checked.
    pub tried: u32,
    /// The smallest that is verified.
    pub repair: Option<Repair>,
}

/// A change under which a target is verified.
#[derive(Clone, Debug)]
pub struct Repair {
    /// What to do, step by step.
    pub advice: Vec<Advice>,
    /// The text that is edited.
    pub source: Arc<Source>,
    /// The edits.
    pub edits: Vec<Edit>,
    /// Whether the text is a file that can be patched.
    pub is_file: bool,
    /// Knobs: name, value from now on, value before.
    pub knobs: Vec<(String, String, String)>,
}

/// One step, at a line of what the user wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// The file.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
    /// What stands there.
    pub text: String,
    /// What to do.
    pub words: String,
}

impl Repair {
    /// The repair that a set of steps is, with the place of each, if it has one there.
    pub fn of(
        steps: &[Step],
        source: &Arc<Source>,
        is_file: bool,
        place: impl Fn(&Step) -> Option<(Arc<Source>, u32)>,
    ) -> Repair {
        let advice = |step: &Step| {
            let (file, line) = place(step).unwrap_or_else(|| (source.clone(), source.line_column(step.at.start).0));
            let text = file.text.lines().nth(line.saturating_sub(1) as usize).unwrap_or_default().trim().to_owned();
            Advice { file: file.name.clone(), line, text, words: step.words.clone() }
        };
        let knob = |step: &Step| match &step.change {
            Change::Knob { name, value, was } => Some((name.clone(), value.clone(), was.clone())),
            Change::Text(_) => None,
        };
        let (advice, knobs) = (steps.iter().map(advice).collect(), steps.iter().filter_map(knob).collect());
        Repair { advice, source: source.clone(), edits: edits_of(steps), is_file, knobs }
    }

    /// The edits as a diff that `patch -p0` applies, where there is a file to apply it to.
    pub fn diff(&self) -> Option<String> {
        if self.edits.is_empty() || !self.is_file {
            return None;
        }
        Some(text::diff(&self.source.name, &self.source.text, &edited(&self.source.text, &self.edits)))
    }
}
