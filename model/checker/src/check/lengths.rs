//! Launches that differ in length: which sequences a check of a protocol with a capacity tries, and what it says of them.
//!
//! Four suffice to meet every change that has broken a kernel: one length throughout; rising, falling and rising again, by
//! half, to one element and back; an odd length, and a launch of no elements just before a set of buffers comes round; and one
//! element behind a long launch, whose set of buffers a long one takes again. The greatest is the capacity. The first finding ends it. Decision: each sequence is
//! checked by itself, for each has few states; the road not taken, N as a choice of the machine at each launch, costs their
//! product. Of a large check fewer are tried, which is said. Not shown: all sequences; `arverify prove` is for those.

use super::{CheckError, Options, Outcome};
use crate::program::lengths::Lengths;
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::Protocol;
use arverify_protocol::verdict::{Stats, Verdict};
use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::time::Instant;

/// Launches in which two sets of buffers come round.
const TWO_SETS: u32 = 3;

/// Operations after which no more sequences are tried: behind the first, and behind two of them.
const MUCH: [u64; 2] = [1 << 23, 1 << 22];

/// The sequences of lengths that a check of a protocol with a capacity tries; the one asked for, where it was. A protocol
/// without one has launches of one length.
pub fn sequences(protocol: &Protocol, options: &Options) -> Vec<Lengths> {
    let greatest = options.sizes.elements;
    if let Some(lengths) = options.lengths {
        return vec![lengths];
    }
    let mut all = vec![Lengths::one(greatest)];
    if !protocol.varies || greatest == 0 {
        return all;
    }
    let (half, odd) = (greatest.div_ceil(2), ((greatest / 2) | 1).min(greatest));
    let met = |length: u64| {
        let sizes = Sizes { elements: length, ..options.sizes };
        matches!(protocol.unmet_requirement(&sizes), Ok(None))
    };
    let gap = if options.launches <= TWO_SETS { [greatest, 0, odd, greatest] } else { [greatest, odd, 0, greatest] };
    let varying = [[half, greatest, 1, greatest - 1], gap, [greatest, 1, half, greatest]];
    for lengths in varying {
        let allowed: Vec<u64> = lengths.into_iter().map(|length| if met(length) { length } else { greatest }).collect();
        let seen = &allowed[..allowed.len().min(options.launches.max(1) as usize)];
        all.extend(Lengths::of(seen).filter(|lengths| lengths.differ() && !all.contains(lengths)));
    }
    all
}

/// Checks the sequences in turn. The worst verdict counts, of equal ones the first; a violation ends it.
pub(super) fn try_all(
    protocol: &Protocol,
    options: &Options,
    check: impl Fn(&Lengths, &Options) -> Result<Outcome, CheckError> + Sync,
) -> Result<Outcome, CheckError> {
    for length in options.lengths.iter().flat_map(Lengths::turns) {
        let sizes = Sizes { elements: *length, ..options.sizes };
        if let Some(requirement) = protocol.unmet_requirement(&sizes)? {
            return Err(CheckError::Requirement { span: requirement.span.clone() });
        }
    }
    let started = Instant::now();
    let mut stats = Stats::default();
    let mut tried = Vec::new();
    let mut worst: Option<(Outcome, Lengths)> = None;
    let mut said: Vec<String> = Vec::new();
    let all = sequences(protocol, options);
    let mut done = VecDeque::new();
    for (number, lengths) in all.iter().copied().enumerate() {
        if is_enough(number, stats.operations) {
            said.push(format!("{number} of {} sequences of lengths were tried, for the check is large", all.len()));
            break;
        }
        if done.is_empty() {
            let timeout = options.timeout.map(|limit| limit.saturating_sub(started.elapsed()));
            let most = together(number, stats.operations, options.jobs).min(all.len() - number);
            done.extend(check_together(&all[number..number + most], &Options { timeout, ..*options }, &check));
        }
        let Some(outcome) = done.pop_front() else { break };
        let outcome = outcome?;
        let Stats { states, executions, operations, seconds: _ } = outcome.stats;
        stats.states += states;
        stats.executions += executions;
        stats.operations += operations;
        stats.seconds = started.elapsed().as_secs_f64();
        tried.push(lengths);
        said.extend(outcome.warnings.iter().map(|warning| format!("at lengths {lengths}: {warning}")));
        let verdict = outcome.verdict;
        if worst.as_ref().is_none_or(|(worst, _)| severity(verdict) > severity(worst.verdict)) {
            worst = Some((outcome, lengths));
        }
        if verdict == Verdict::Violated {
            break;
        }
    }
    let Some((mut outcome, lengths)) = worst else { return Ok(Outcome::inconclusive("no lengths".to_owned())) };
    if !protocol.varies {
        return Ok(outcome);
    }
    outcome.stats = stats;
    let own = format!("at lengths {lengths}: ");
    let repeated = |warning: &String, outcome: &Outcome| {
        let text = warning.split_once(": ").map_or(warning.as_str(), |(_, text)| text);
        warning.starts_with(&own) || outcome.warnings.iter().any(|known| known == text)
    };
    said.retain(|warning| !repeated(warning, &outcome));
    outcome.warnings.extend(said);
    if lengths.differ() {
        for finding in &mut outcome.findings {
            finding.notes.push(in_words(&lengths, options.launches));
        }
    }
    outcome.lengths = Some(lengths);
    outcome.tried = tried;
    Ok(outcome)
}

/// Whether no more are tried behind so many, with so many operations.
fn is_enough(tried: usize, operations: u64) -> bool {
    tried.checked_sub(1).is_some_and(|behind| operations > MUCH[behind.min(1)])
}

/// How many of those that are left are checked at a time: more than one where it is known of each that it will be tried,
/// from what those before it took.
fn together(tried: usize, operations: u64, jobs: usize) -> usize {
    let each = operations.checked_div(tried as u64).unwrap_or(u64::MAX);
    let is_tried = |more: &usize| !is_enough(tried + more, each.saturating_mul((tried + more) as u64));
    1 + (1..jobs.max(1)).take_while(is_tried).count()
}

/// Checks some sequences, each in a thread of its own.
fn check_together(
    sequences: &[Lengths],
    options: &Options,
    check: &(impl Fn(&Lengths, &Options) -> Result<Outcome, CheckError> + Sync),
) -> Vec<Result<Outcome, CheckError>> {
    let options = &Options { jobs: (options.jobs / sequences.len().max(1)).max(1), ..*options };
    let [first, others @ ..] = sequences else { return Vec::new() };
    std::thread::scope(|scope| {
        let others: Vec<_> = others.iter().map(|lengths| scope.spawn(move || check(lengths, options))).collect();
        let first = check(first, options);
        let others = others.into_iter().map(|other| other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        std::iter::once(first).chain(others).collect()
    })
}

/// `N is 34 in launch 0, 67 in launch 1, 1 in launch 2`
fn in_words(lengths: &Lengths, launches: u32) -> String {
    let shown = launches.min(lengths.turns().len() as u32);
    let each: Vec<String> = (0..shown).map(|launch| format!("{} in launch {launch}", lengths.at(launch))).collect();
    let more = if shown < launches { ", and so on in turn" } else { "" };
    format!("N is {}{more}", each.join(", "))
}

fn severity(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Verified => 0,
        Verdict::Inconclusive => 1,
        Verdict::Violated => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arverify_protocol::data::{Accumulate, DataType};
    use arverify_protocol::language::parse;

    fn tried(head: &str, elements: u64, launches: u32) -> Vec<String> {
        let text = format!("protocol p\n{head}\nkernel {{ block_sync }}\n");
        let protocol = parse("p.arp", &text).expect("it parses").resolve(&[]).expect("it resolves");
        let (data, accumulate) = (DataType::F32, Accumulate::Own);
        let sizes = Sizes { ranks: 2, blocks: 1, threads: 2, elements, capacity: elements, data, accumulate };
        let options = Options { launches, ..Options::new(sizes) };
        sequences(&protocol, &options).iter().map(Lengths::to_string).collect()
    }

    #[test]
    fn lengths_fall_and_rise_and_are_odd_one_and_none() {
        let all = ["32", "16,32,1,31", "32,17,0,32", "32,1,16,32"];
        assert_eq!(tried("param elements N up to C", 32, 4), all);
        assert_eq!(tried("param elements N up to C", 32, 3), ["32", "16,32,1", "32,0,17", "32,1,16"]);
        assert_eq!(tried("param elements N up to C", 1, 3), ["1", "1,0,1"]);
        assert_eq!(tried("param elements N up to C", 0, 3), ["0"]);
    }

    #[test]
    fn those_that_will_be_tried_are_checked_together() {
        assert_eq!(together(0, 0, 8), 1, "nothing is known of the first");
        assert_eq!(together(1, 1000, 1), 1);
        assert_eq!((together(1, 1000, 2), together(1, 1000, 8)), (2, 8));
        assert_eq!(together(1, MUCH[1] / 2, 8), 2, "behind it would be too much");
        assert_eq!(together(1, MUCH[1], 8), 1);
    }

    #[test]
    fn one_length_is_one_length() {
        assert_eq!(tried("param elements N", 32, 4), ["32"]);
    }

    #[test]
    fn requirements_hold_at_every_launch() {
        assert_eq!(
            tried("param elements N up to C\nrequire N > 0", 32, 4),
            ["32", "16,32,1,31", "32,17,32,32", "32,1,16,32"]
        );
        assert_eq!(tried("param elements N up to C\nrequire N == C", 32, 4), ["32"]);
    }
}
