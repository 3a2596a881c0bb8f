//! Refinement over contended slots agrees with exploring every interleaving of every operation, on random small
//! protocols, races and deadlocks included: the same verdict, and where it is verified, the same final memories.
//! `PROPTEST_CASES` says how many, if more than 400; `ARVERIFY_SEED` which.

use arverify_model::check::{Options, Outcome, check};
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::language;
use arverify_protocol::verdict::Verdict;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// One operation, as text; `{r}` stands for the register it may bind.
///
/// Without `weak` there are no data accesses and every scope reaches: nothing races, and what is compared is values,
/// orders and hangs; without waits nothing hangs either.
fn operation(weak: bool, waits: bool) -> impl Strategy<Value = String> {
    let word = prop_oneof![
        3 => Just("flag[0] on rank 0"), 2 => Just("flag[1] on rank 0"), 1 => Just("flag[0] on rank 1"),
    ];
    let data = prop_oneof![Just("data[0] on rank 0"), Just("data[1] on rank 0")];
    let narrow = u32::from(weak);
    let store = prop_oneof![2 => Just("relaxed.sys"), 2 => Just("release.sys"), narrow => Just("release.gpu"), 1 => Just("volatile")];
    let load = prop_oneof![2 => Just("relaxed.sys"), 2 => Just("acquire.sys"), narrow => Just("acquire.gpu")];
    let compare = prop_oneof![Just("== 1"), Just(">= 1"), Just("== 2"), Just(">= 2"), Just("!= 0")];
    let fence = prop_oneof![Just("acq_rel.sys"), Just("sc.sys"), Just("acq_rel.gpu")];
    let value = 0..3u32;
    let reduction = prop_oneof![4 => Just("add"), 1 => Just("max"), 1 => Just("or")];
    let update = prop_oneof![
        6 => reduction.clone().prop_map(|name| (name, "1")),
        1 => Just(("exchange", "1")),
        1 => Just(("cas", "0, 1")),
        1 => Just(("cas", "1, 2")),
    ];
    let order = prop_oneof![Just("relaxed.sys"), Just("acq_rel.sys")];
    prop_oneof![
        3 => (word.clone(), value.clone(), store.clone()).prop_map(|(at, value, how)| format!("store {at} = {value} {how}")),
        2 * narrow => (data.clone(), value).prop_map(|(at, value)| format!("store {at} = {value} weak")),
        2 * narrow => data.prop_map(|at| format!("let {{r}} = load {at} weak\nstore out[{{n}}] = {{r}} weak")),
        3 * u32::from(waits) => (word.clone(), compare, load.clone())
            .prop_map(|(at, compare, how)| format!("await {at} {compare} {how}")),
        2 => (word.clone(), load).prop_map(|(at, how)| format!("let {{r}} = load {at} {how}\nstore out[{{n}}] = {{r}} weak")),
        2 => (reduction, word.clone(), store.prop_filter("atomics are not volatile", |how| *how != "volatile"))
            .prop_map(|(name, at, how)| format!("atomic {name} {at}, 1 {how}")),
        1 => (update, word, order).prop_map(|(update, at, how)| {
            format!("let {{r}} = atomic {} {at}, {} {how}\nstore out[{{n}}] = {{r}} weak", update.0, update.1)
        }),
        1 => fence.prop_map(|how| format!("fence {how}")),
    ]
}

/// What four threads do before and after a barrier.
fn threads() -> impl Strategy<Value = Vec<(Vec<String>, Vec<String>)>> {
    any::<(bool, bool)>().prop_flat_map(|(weak, waits)| {
        let before = prop::collection::vec(operation(weak, waits), 0..4);
        let after = prop::collection::vec(operation(weak, waits), 0..2);
        prop::collection::vec((before, after), 4)
    })
}

/// The text of a protocol: what each of four threads does before and after a barrier of its block.
fn text(threads: &[(Vec<String>, Vec<String>)], barrier: bool) -> String {
    let mut number = 0;
    let mut part = |operations: &[String]| {
        let mut text = String::new();
        for operation in operations {
            let line = operation.replace("{r}", &format!("r{number}")).replace("{n}", &(number % 16).to_string());
            text.push_str(&line);
            text.push('\n');
            number += 1;
        }
        text
    };
    // The language wants every buffer used; no rank is 2.
    let mut body =
        "if self == 2 {\nstore data[0] = 0 weak\nstore out[0] = 0 weak\nstore flag[0] = 0 volatile\n}\n".to_owned();
    for after in [false, true] {
        for (index, (first, second)) in threads.iter().enumerate() {
            let operations = part(if after { second } else { first });
            if !operations.is_empty() {
                body.push_str(&format!("if self == {} and thread == {} {{\n{operations}}}\n", index / 2, index % 2));
            }
        }
        if !after && barrier {
            body.push_str("block_sync\n");
        }
    }
    format!(
        "protocol random\nparam ranks P, blocks B, threads T\nsymmetric data : u32[2] initially 0\n\
         local out : u32[16] initially 0\npad flag : flag[2]\nkernel {{\n{body}}}\n"
    )
}

fn outcome(text: &str, launches: u32, everything: bool, order_fences: bool) -> Option<Outcome> {
    let document = match language::parse("random.arp", text) {
        Ok(document) => document,
        Err(errors) => panic!("{errors}"),
    };
    let protocol = match document.resolve(&[]) {
        Ok(protocol) => protocol,
        Err(errors) => panic!("{errors}"),
    };
    let sizes = Sizes {
        ranks: 2,
        blocks: 1,
        threads: 2,
        elements: 4,
        capacity: 4,
        data: DataType::F32,
        accumulate: Accumulate::Own,
    };
    let options = Options {
        launches,
        everything,
        ignore_load_buffering: true,
        order_fences,
        max_states: 10_000,
        ..Options::new(sizes)
    };
    let outcome = check(&protocol, &options);
    (outcome.verdict != Verdict::Inconclusive).then_some(outcome)
}

/// Both explorations; false where one did not finish.
fn agree(text: &str, launches: u32) -> Result<bool, TestCaseError> {
    let Some(refined) = outcome(text, launches, false, true) else { return Ok(false) };
    let Some(everything) = outcome(text, launches, true, true) else { return Ok(false) };
    let codes = |outcome: &Outcome| outcome.findings.iter().map(|finding| finding.code).collect::<Vec<_>>();
    prop_assert_eq!(
        refined.verdict,
        everything.verdict,
        "refined {:?}, everything {:?}\n{}",
        codes(&refined),
        codes(&everything),
        text
    );
    // As a check does it: only where that fails are the orders of fences asked for.
    if let Some(asked) = outcome(text, launches, false, false) {
        prop_assert_eq!(asked.verdict, everything.verdict, "as a check does it: {:?}\n{}", codes(&asked), text);
    }
    if refined.verdict == Verdict::Verified {
        prop_assert_eq!(&refined.finals, &everything.finals, "final memories differ\n{}", text);
    }
    Ok(true)
}

#[test]
fn refinement_agrees_with_every_interleaving_on_random_protocols() {
    let cases = (threads(), any::<bool>(), 1..3u32);
    let counted = std::cell::Cell::new([0; 3]);
    // More than the default with PROPTEST_CASES.
    let config = Config { cases: Config::default().cases.max(400), failure_persistence: None, ..Config::default() };
    let seed = std::env::var("ARVERIFY_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1_u8);
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]));
    let result = runner.run(&cases, |(threads, barrier, launches)| {
        let text = text(&threads, barrier);
        let mut counts = counted.get();
        if agree(&text, launches)? {
            let verdict = outcome(&text, launches, false, true).map(|outcome| outcome.verdict);
            counts[usize::from(verdict == Some(Verdict::Violated))] += 1;
        } else {
            counts[2] += 1;
        }
        counted.set(counts);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let [verified, violated, unfinished] = counted.get();
    println!("agree: {verified} verified, {violated} violated; {unfinished} not finished");
    assert!(verified + violated >= 200, "{verified} + {violated} were compared");
    assert!(verified >= 20 && violated >= 20, "both verdicts must be compared: {verified}, {violated}");
}
