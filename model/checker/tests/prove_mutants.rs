//! Mutants of the catalogue: nothing that `arverify prove` calls proven is found violated by the check at ten random small
//! sizes; and where the check finds an access out of bounds or misaligned, the obligations about that are not all proven.
//!
//! 60 mutants in a normal run; `PROVE_MUTANTS=3000` draws more, `PROVE_SEED=7` others, `PROVE_FIRST=120` begins at one. The
//! seed of a mutant is the run's and its number, both printed. The check comes first, since a mutant in which nothing is
//! found need not be proven or not. Not asked: how many right mutants are proven.

#[path = "prove_mutants/mutate.rs"]
mod mutate;

use arverify_model::check::{Options, try_check};
use arverify_model::prove::{Kind, Limits, Verdict, premise, prove, ranks_left};
use arverify_protocol::catalogue;
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::Protocol;
use arverify_protocol::verdict::{Code, Verdict as CheckVerdict};
use mutate::{Random, mutate};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// As many ranks as the checks have: what is proven for more is proven for these.
const LIMITS: Limits = Limits { most_ranks: 4, time: Duration::from_secs(60) };

/// Sizes of each mutant.
const SIZES: usize = 10;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

#[derive(Debug, Default)]
struct Tally {
    mutants: usize,
    senseless: usize,
    found: usize,
    by_premise: usize,
    open: usize,
    out_of_bounds: usize,
    wrong: Vec<String>,
}

#[test]
fn nothing_proven_is_found_violated() {
    let (count, seed, first) = (number("PROVE_MUTANTS", 60), number("PROVE_SEED", 1), number("PROVE_FIRST", 0));
    println!("seed {seed}, mutants {first} to {}", first + count);
    let originals: Vec<Protocol> = catalogue::all()
        .unwrap_or_else(|error| panic!("{error}"))
        .iter()
        .map(|document| document.resolve(&[]).unwrap_or_else(|error| panic!("{error}")))
        .collect();
    let started = Instant::now();
    let mut tally = Tally::default();
    for index in first..first + count {
        let mut random = Random(seed.wrapping_mul(0x1_0000_0001).wrapping_add(index));
        let original = &originals[index as usize % originals.len()];
        let Some((mutant, done)) = (0..50).find_map(|_| mutate(original, &mut random)) else { continue };
        tally.mutants += 1;
        let bounds = count <= 60 || index.is_multiple_of(10);
        // A mutant may be one that no text resolves to.
        let judged = catch_unwind(AssertUnwindSafe(|| judge(&mutant, &mut random, bounds, &mut tally)));
        match judged {
            Ok(Some(wrong)) => {
                let told = format!("seed {seed} mutant {index}: {}: {done}: {wrong}", original.name);
                println!("{told}");
                tally.wrong.push(told);
            }
            Ok(None) => {}
            Err(_) => tally.senseless += 1,
        }
        if index % 100 == 99 {
            println!("{}: {:.0} s: {tally:?}", index + 1, started.elapsed().as_secs_f64());
        }
    }
    println!("{:.0} s: {tally:?}", started.elapsed().as_secs_f64());
    assert!(tally.found * 3 > tally.mutants, "mutants that nobody finds test little: {tally:?}");
    assert_eq!(tally.wrong, Vec::<String>::new());
}

/// A mutant's grid had no blocks at one size, and the trace of its wrong result asked for the first of them.
#[test]
fn a_grid_of_no_blocks_has_a_wrong_result() {
    let text = "protocol none\nparam ranks P, blocks B, threads T, elements N, element E\nlocal a : E[N]\n\
                local b : E[N] refreshed\npartition whole = 0..N\ngrid B - 1\n\
                kernel {\n  copy a <- b over whole\n}\nexpect a == broadcast of b\n";
    let document = arverify_protocol::language::parse("none.arp", text).unwrap_or_else(|error| panic!("{error}"));
    let protocol = document.resolve(&[]).unwrap_or_else(|error| panic!("{error}"));
    let (data, accumulate) = (DataType::F32, Accumulate::Own);
    let sizes = Sizes { ranks: 2, blocks: 1, threads: 1, elements: 8, capacity: 8, data, accumulate };
    let outcome = try_check(&protocol, &Options::new(sizes)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(outcome.verdict, CheckVerdict::Violated);
}

/// What is wrong with what is said of a mutant, if anything is.
fn judge(mutant: &Protocol, random: &mut Random, asks_for_bounds: bool, tally: &mut Tally) -> Option<String> {
    let (sizes, codes) = first_violation(mutant, random)?;
    tally.found += 1;
    // To prove takes longer than to check: in a long run the bounds of every tenth are asked for.
    let misplaced = codes.contains(&Code::OutOfBounds) && asks_for_bounds;
    let rests = premise(mutant, &ranks_left(mutant, LIMITS.most_ranks), Duration::from_secs(30));
    let refuted = rests.verdict() != CheckVerdict::Verified;
    if refuted {
        tally.by_premise += 1;
        if !misplaced {
            return None;
        }
    }
    let proof = prove(mutant, &LIMITS);
    let open = |kinds: &[Kind]| {
        let of = proof.obligations.iter().filter(|one| kinds.is_empty() || kinds.contains(&one.kind));
        of.filter(|one| one.verdict != Verdict::Proven).count()
    };
    if misplaced {
        tally.out_of_bounds += 1;
        if open(&[Kind::Value, Kind::Bounds, Kind::Alignment]) == 0 {
            return Some(format!("AR006 at {sizes:?}, and all bounds and alignments are proven"));
        }
    }
    if refuted {
        return None;
    }
    if open(&[]) == 0 {
        return Some(format!("{codes:?} at {sizes:?}, and proven"));
    }
    tally.open += 1;
    None
}

/// The first of ten random sizes at which the check finds something.
fn first_violation(mutant: &Protocol, random: &mut Random) -> Option<(Sizes, Vec<Code>)> {
    let launches = mutant.launches_to_come_round();
    let meets = |sizes: &Sizes| matches!(mutant.unmet_requirement(sizes), Ok(None));
    let drawn: Vec<Sizes> = (0..40).map(|_| draw(mutant, random)).filter(meets).take(SIZES).collect();
    drawn.into_iter().find_map(|sizes| {
        let timeout = Some(Duration::from_secs(5));
        let options = Options { launches, timeout, max_states: 5_000, ..Options::new(sizes) };
        let outcome = try_check(mutant, &options).ok()?;
        let codes = outcome.findings.iter().map(|finding| finding.code).collect();
        (outcome.verdict == CheckVerdict::Violated).then_some((sizes, codes))
    })
}

fn draw(mutant: &Protocol, random: &mut Random) -> Sizes {
    let ranks = 2 + random.below(3) as u32;
    let (blocks, threads) = match mutant.is_host_program() {
        true => (1, 1),
        false => (1 + random.below(3) as u32, [ranks, 1 + random.below(9) as u32][random.below(2)]),
    };
    let data = [DataType::F32, DataType::F16, DataType::BF16][random.below(3)];
    let elements = random.below(100) as u64;
    Sizes { ranks, blocks, threads, elements, capacity: elements, data, accumulate: Accumulate::Own }
}
