//! Each obligation proven, refuted with concrete sizes, or inconclusive.
//!
//! The number of ranks is first left a variable; what is not decided so is asked again for each number of ranks. A
//! counterexample is looked for at the smallest sizes first, so that `check` can show it; it is one only if it stands exact
//! evaluation. An obligation that rests on a witness (some thread handles this element) is refuted by trying every
//! thread at small sizes, which [`super::phases`] does.

use super::claim::{Claim, Generated, Kind, Obligation, Ranks, Setting, SizeVariables, Subject};
use super::counters::Counters;
use super::counts::{Failure, Judged};
use super::lengths::{OPEN, Uses, without_empty_launches};
use super::problem::{Problem, Unsupported, WORDS};
use super::ranks::{self, Found};
use super::requirements::sizes_exist;
use super::solve::{self, Answer, Assignment};
use super::{epochs, pads, phases};
use crate::process;
use arverify_protocol::data::DataType;
use arverify_protocol::ir::{Protocol, Span};
use rustc_hash::{FxHashMap, FxHashSet};
use std::time::{Duration, Instant};

/// How far to look.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Ranks, from 2 to this.
    pub most_ranks: u32,
    /// Wall-clock limit of all obligations together.
    pub time: Duration,
}

/// What became of an obligation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// For all sizes.
    Proven,
    /// Not at these.
    Refuted(Counterexample),
    /// Neither; why.
    Inconclusive(String),
}

/// Sizes at which an obligation fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counterexample {
    /// P
    pub ranks: u64,
    /// B
    pub blocks: u64,
    /// T
    pub threads: u64,
    /// N
    pub elements: u64,
    /// C; N where launches have one length.
    pub capacity: u64,
    /// Launches, one after the other, that show it.
    pub launches: u64,
    /// The element type at which it was found.
    pub data: DataType,
}

/// One obligation with its verdict.
#[derive(Clone, Debug)]
pub struct Proven {
    /// What it is about.
    pub kind: Kind,
    /// The statement or pad.
    pub span: Span,
    /// Calls that lead there, outermost first.
    pub calls: Vec<Span>,
    /// In words, where the place alone does not say it.
    pub what: String,
    /// The verdict.
    pub verdict: Verdict,
}

/// All obligations of a protocol.
#[derive(Clone, Debug)]
pub struct Proof {
    /// Each with its verdict.
    pub obligations: Vec<Proven>,
    /// How long it took.
    pub time: Duration,
}

/// Proves what can be proven of a protocol.
pub fn prove(protocol: &Protocol, limits: &Limits) -> Proof {
    let started = Instant::now();
    let stripped = without_empty_launches(protocol);
    let protocol = stripped.as_ref().unwrap_or(protocol);
    let counters = Counters::of(protocol, limits.most_ranks, started + limits.time);
    let mut search = Search {
        protocol,
        limits,
        counters,
        deadline: started + limits.time,
        found: Vec::new(),
        index: FxHashMap::default(),
        counted: FxHashSet::default(),
    };
    let setting =
        Setting { ranks: Ranks::UpTo(limits.most_ranks), data: None, small: None, deadline: started + limits.time };
    if !sizes_exist(protocol, setting) {
        let what = "some sizes meet the requirements".to_owned();
        let span = protocol.requirements.first().map_or(0..0, |requirement| requirement.span.clone());
        let subject = Subject { kind: Kind::Value, span, calls: Vec::new(), what };
        search.record(&subject, Verdict::Inconclusive("no sizes meet the requirements: nothing is proven".to_owned()));
        return Proof { obligations: search.found, time: started.elapsed() };
    }
    for data in [DataType::F32, DataType::F16] {
        search.family(Some(data), phases::generate);
    }
    // Channels are followed by their counts, at one number of ranks after the other; what that does not know is left.
    let has_channels = protocol.buffers.iter().any(|buffer| buffer.channel) && !protocol.is_host_program();
    let followed = has_channels && search.counts();
    search.family(None, pads::generate);
    // What one thread does after another is not known of streams.
    if !followed && !protocol.is_host_program() {
        search.family(None, epochs::generate);
    }
    let uses = Uses::of(protocol);
    let mut obligations = search.found;
    for found in obligations.iter_mut().filter(|found| found.verdict == Verdict::Proven) {
        if uses.leave_open(found.kind, !found.what.is_empty()) {
            found.verdict = Verdict::Inconclusive(OPEN.to_owned());
        }
    }
    Proof { obligations, time: started.elapsed() }
}

type Generator = fn(&Protocol, Setting, &Counters) -> Result<Generated, Unsupported>;

struct Search<'p> {
    protocol: &'p Protocol,
    limits: &'p Limits,
    counters: Counters,
    deadline: Instant,
    found: Vec<Proven>,
    index: FxHashMap<Subject, usize>,
    /// What is decided by counts.
    counted: FxHashSet<Subject>,
}

impl Search<'_> {
    /// Decides what counts decide; whether that is everything about waits.
    fn counts(&mut self) -> bool {
        // Some of the time is left for what counts do not decide.
        let deadline = Instant::now() + self.deadline.saturating_duration_since(Instant::now()) * 2 / 3;
        let found = match ranks::judge(self.protocol, &self.counters, self.limits.most_ranks, deadline) {
            Ok(found) => found,
            Err((error, at)) => {
                let what = "channels are followed".to_owned();
                let subject = Subject { kind: Kind::Credits, span: 0..0, calls: Vec::new(), what };
                self.record(&subject, Verdict::Inconclusive(format!("{error} (at {at} ranks)")));
                return error == Unsupported::Time;
            }
        };
        let unknown: FxHashSet<Subject> = found
            .iter()
            .filter(|found| matches!(found.judged, Judged::Unknown(_)) && found.subject.kind == Kind::Peers)
            .map(|found| found.subject.clone())
            .collect();
        for Found { subject, judged, ranks } in found.into_iter().filter(|found| !unknown.contains(&found.subject)) {
            let verdict = match judged {
                Judged::Holds => Verdict::Proven,
                Judged::Unknown(why) => Verdict::Inconclusive(format!("{why} (at {ranks} ranks)")),
                Judged::Fails(_) if self.is_settled(&subject) => continue,
                Judged::Fails(failure) => {
                    let Failure { problem, variables, claim } = *failure;
                    self.one_claim(&Generated { problem, variables, obligations: Vec::new() }, &claim, None)
                }
            };
            self.record(&subject, verdict);
            self.counted.insert(subject);
        }
        true
    }

    /// Decides one family of obligations for one element type.
    fn family(&mut self, data: Option<DataType>, generate: Generator) {
        let setting =
            Setting { ranks: Ranks::UpTo(self.limits.most_ranks), data, small: None, deadline: self.deadline };
        let mut open: Option<Vec<Subject>> = None;
        if let Ok(generated) = generate(self.protocol, setting, &self.counters) {
            let mut left = Vec::new();
            for obligation in &generated.obligations {
                if self.counted.contains(&obligation.subject) {
                    continue;
                }
                match self.decide(generate, &generated, obligation, data) {
                    Verdict::Inconclusive(_) => left.push(obligation.subject.clone()),
                    decided => self.record(&obligation.subject, decided),
                }
            }
            open = Some(left);
        }
        for ranks in 2..=self.limits.most_ranks {
            let settled = |open: &Vec<Subject>| open.iter().all(|subject| self.is_settled(subject));
            if open.as_ref().is_some_and(settled) {
                return;
            }
            if process::now() > self.deadline {
                self.out_of_time(ranks, open.as_deref());
                return;
            }
            self.at_ranks(ranks, data, generate, open.as_deref());
        }
    }

    /// What is still open is inconclusive.
    fn out_of_time(&mut self, ranks: u32, open: Option<&[Subject]>) {
        let what = "every statement is understood".to_owned();
        let everything = [Subject { kind: Kind::Value, span: 0..0, calls: Vec::new(), what }];
        for subject in open.unwrap_or(&everything) {
            self.record(subject, Verdict::Inconclusive(format!("out of time (at {ranks} ranks)")));
        }
    }

    /// What is open, for one number of ranks.
    fn at_ranks(&mut self, ranks: u32, data: Option<DataType>, generate: Generator, open: Option<&[Subject]>) {
        let generated = match generate(
            self.protocol,
            Setting { ranks: Ranks::Exactly(ranks), data, small: None, deadline: self.deadline },
            &self.counters,
        ) {
            Ok(generated) => generated,
            Err(error) => {
                let subject = Subject {
                    kind: Kind::Value,
                    span: 0..0,
                    calls: Vec::new(),
                    what: "every statement is understood".to_owned(),
                };
                self.record(&subject, Verdict::Inconclusive(error.to_string()));
                return;
            }
        };
        for obligation in &generated.obligations {
            let subject = &obligation.subject;
            let closed = open.is_some_and(|open| !open.contains(subject)) || self.counted.contains(subject);
            if closed || self.is_settled(subject) {
                continue;
            }
            let verdict = match self.decide(generate, &generated, obligation, data) {
                Verdict::Inconclusive(why) => Verdict::Inconclusive(format!("{why} (at {ranks} ranks)")),
                decided => decided,
            };
            self.record(&obligation.subject, verdict);
        }
    }

    fn is_settled(&self, subject: &Subject) -> bool {
        self.index.get(subject).is_some_and(|at| self.found[*at].verdict != Verdict::Proven)
    }

    /// The worse of several verdicts on one subject counts.
    fn record(&mut self, subject: &Subject, verdict: Verdict) {
        let rank = |verdict: &Verdict| match verdict {
            Verdict::Proven => 0,
            Verdict::Inconclusive(_) => 1,
            Verdict::Refuted(_) => 2,
        };
        if let Some(at) = self.index.get(subject) {
            if rank(&verdict) > rank(&self.found[*at].verdict) {
                self.found[*at].verdict = verdict;
            }
            return;
        }
        self.index.insert(subject.clone(), self.found.len());
        let Subject { kind, span, calls, what } = subject.clone();
        self.found.push(Proven { kind, span, calls, what, verdict });
    }

    fn decide(
        &self,
        generate: Generator,
        generated: &Generated,
        obligation: &Obligation,
        data: Option<DataType>,
    ) -> Verdict {
        let mut verdict = Verdict::Proven;
        match &obligation.claims {
            Err(error) => verdict = Verdict::Inconclusive(error.to_string()),
            Ok(claims) => {
                for claim in claims {
                    match self.one_claim(generated, claim, data) {
                        Verdict::Proven => {}
                        refuted @ Verdict::Refuted(_) => return refuted,
                        inconclusive @ Verdict::Inconclusive(_) => verdict = inconclusive,
                    }
                }
            }
        }
        let fixed_ranks = generated.variables.ranks.as_constant().is_some();
        if verdict != Verdict::Proven
            && fixed_ranks
            && let Some(counterexample) = self.exhaustive(generate, &obligation.subject, data)
        {
            return Verdict::Refuted(counterexample);
        }
        verdict
    }

    fn one_claim(&self, generated: &Generated, claim: &Claim, data: Option<DataType>) -> Verdict {
        let answer = self.claim(&generated.problem, claim);
        if answer == Answer::Proven {
            return Verdict::Proven;
        }
        if !claim.exact {
            return Verdict::Inconclusive("no witness was found for all sizes".to_owned());
        }
        // With the ranks fixed it is easier to decide: no time is spent on a search before.
        if let (Answer::Unknown(why), None) = (&answer, generated.variables.ranks.as_constant()) {
            return Verdict::Inconclusive(why.clone());
        }
        if let Some(counterexample) = self.smallest(generated, claim, data) {
            return Verdict::Refuted(counterexample);
        }
        match answer {
            Answer::Fails(model) => match sizes_of(generated, claim, &model, data) {
                Some(counterexample) => Verdict::Refuted(counterexample),
                None => Verdict::Inconclusive("it fails at sizes that are out of range".to_owned()),
            },
            Answer::Unknown(why) => Verdict::Inconclusive(why),
            Answer::Proven => Verdict::Proven,
        }
    }

    fn claim(&self, problem: &Problem, claim: &Claim) -> Answer {
        if claim.witnesses.is_empty() {
            return solve::prove(problem, &claim.hypotheses, &claim.goal, self.deadline);
        }
        let mut last = Answer::Unknown("no witness".to_owned());
        for witness in &claim.witnesses {
            last = solve::prove(problem, &claim.hypotheses, witness, self.deadline);
            if last == Answer::Proven {
                return last;
            }
        }
        last
    }

    /// Small sizes at which no thread at all is a witness.
    fn exhaustive(&self, generate: Generator, subject: &Subject, data: Option<DataType>) -> Option<Counterexample> {
        let deadline = self.deadline.min(Instant::now() + SEARCH_TIME);
        for (ranks, blocks, threads) in [(2, 1, 2), (2, 2, 2), (2, 1, 4), (3, 1, 3), (3, 2, 3), (4, 2, 4)] {
            if process::now() > deadline || ranks > self.limits.most_ranks {
                return None;
            }
            let setting =
                Setting { ranks: Ranks::Exactly(ranks), data, small: Some((blocks, threads)), deadline: self.deadline };
            let Ok(generated) = generate(self.protocol, setting, &self.counters) else { continue };
            let of_subject = generated.obligations.iter().filter(|other| other.subject == *subject);
            for claim in of_subject.filter_map(|other| other.claims.as_ref().ok()).flatten().filter(|claim| claim.exact)
            {
                if self.claim(&generated.problem, claim) == Answer::Proven {
                    continue;
                }
                let found = self.smallest(&generated, claim, data);
                if found.is_some() {
                    return found;
                }
            }
        }
        None
    }

    /// A counterexample at the smallest sizes that have one.
    fn smallest(&self, generated: &Generated, claim: &Claim, data: Option<DataType>) -> Option<Counterexample> {
        let SizeVariables { ranks, blocks, threads, elements, launch: launch_of, .. } = &generated.variables;
        // A counter may have to wrap; that is tried last.
        let later = |launch: i128| -> Vec<_> {
            [(elements, 4096), (launch_of, launch)]
                .iter()
                .filter_map(|(term, cap)| Some((term.single()?, *cap)))
                .collect()
        };
        let small = later(8);
        let all_ranks: Vec<i128> = match ranks.as_constant() {
            Some(ranks) => vec![ranks],
            None => (2..=i128::from(self.limits.most_ranks)).collect(),
        };
        let deadline = self.deadline.min(Instant::now() + SEARCH_TIME);
        let shapes: &[(i128, i128)] = match blocks.as_constant() {
            Some(_) => &[(1, 0)],
            None => &[(1, 0), (1, 1), (2, 0), (2, 2), (3, 0), (3, 4)],
        };
        for ranks_tried in all_ranks {
            for (blocks_tried, threads_beyond) in shapes {
                let mut fixed = FxHashMap::default();
                fixed.extend(ranks.single().map(|ranks| (ranks, ranks_tried)));
                fixed.extend(blocks.single().map(|blocks| (blocks, *blocks_tried)));
                fixed.extend(threads.single().map(|threads| (threads, ranks_tried + threads_beyond)));
                let found =
                    solve::counterexample(&generated.problem, &claim.hypotheses, &claim.goal, &fixed, &small, deadline);
                if let Some(model) = found {
                    return sizes_of(generated, claim, &model, data);
                }
            }
        }
        let fixed = FxHashMap::from_iter(
            [(ranks, 2), (blocks, 1), (threads, 2)].iter().filter_map(|(term, size)| Some((term.single()?, *size))),
        );
        let late = later(WORDS - 1);
        let model = solve::counterexample(&generated.problem, &claim.hypotheses, &claim.goal, &fixed, &late, deadline)?;
        sizes_of(generated, claim, &model, data)
    }
}

/// Wall-clock limit of the search for a counterexample to one claim.
const SEARCH_TIME: Duration = Duration::from_secs(5);

fn sizes_of(
    generated: &Generated,
    claim: &Claim,
    model: &Assignment,
    data: Option<DataType>,
) -> Option<Counterexample> {
    let variables = &generated.variables;
    let number = |term| model.value(term).and_then(|value| u64::try_from(value).ok());
    let (blocks, threads) = (number(&variables.blocks)?, number(&variables.threads)?);
    let formulas = || claim.hypotheses.iter().chain([&claim.goal]);
    let mentioned = variables
        .elements
        .single()
        .is_some_and(|elements| formulas().any(|formula| generated.problem.mentions(formula, elements)));
    let data = data.unwrap_or(DataType::F32);
    // Where the message does not matter, every thread has a vector of it: wrong order shows in data that is moved.
    let vectors = || blocks.saturating_mul(threads).saturating_mul(u64::from(data.vector()));
    let elements = if mentioned { number(&variables.elements)? } else { vectors() };
    Some(Counterexample {
        ranks: number(&variables.ranks)?,
        blocks,
        threads,
        elements,
        capacity: number(&variables.capacity).map_or(elements, |capacity| capacity.max(elements)),
        launches: number(&variables.launch)? + 1 + claim.launches_after,
        data,
    })
}
