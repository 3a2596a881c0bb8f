//! `fence.sc`: its order is asked for only where something depends on it, and found where something does.

use arverify_model::check::{Options, Outcome, check};
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::language;
use arverify_protocol::verdict::{Code, Verdict};

fn outcome(text: &str, threads: u32, launches: u32) -> Outcome {
    outcome_with(text, threads, launches, |_| {})
}

fn outcome_with(text: &str, threads: u32, launches: u32, change: impl FnOnce(&mut Options)) -> Outcome {
    let document = language::parse("fences.arp", text).unwrap_or_else(|errors| panic!("{errors}"));
    let protocol = document.resolve(&[]).unwrap_or_else(|errors| panic!("{errors}"));
    let (data, accumulate) = (DataType::F32, Accumulate::Own);
    let sizes = Sizes { ranks: 2, blocks: 1, threads, elements: 64, capacity: 64, data, accumulate };
    let mut options = Options { launches, max_states: 100_000, ..Options::new(sizes) };
    change(&mut options);
    check(&protocol, &options)
}

/// Whoever does not see the other's flag writes: with such fences between, at most one does (store buffering).
fn whoever_is_first(fence: &str) -> Outcome {
    let text = format!(
        "protocol first\nparam ranks P, blocks B, threads T\npad flag : flag[P]\nsymmetric data : u32[1] initially 0\n\
         kernel {{\nstore flag[self] on rank 0 = 1 relaxed.sys\nfence {fence}\n\
         let other = load flag[1 - self] on rank 0 relaxed.sys\n\
         if other == 0 {{\nstore data[0] on rank 0 = 1 weak\n}}\n}}\n"
    );
    outcome(&text, 1, 1)
}

#[test]
fn an_order_that_matters_is_found() {
    assert_eq!(whoever_is_first("sc.sys").verdict, Verdict::Verified);
    for weaker in ["acq_rel.sys", "sc.gpu"] {
        let outcome = whoever_is_first(weaker);
        assert_eq!((outcome.verdict, outcome.findings[0].code), (Verdict::Violated, Code::DataRace), "{weaker}");
    }
}

/// Every thread fences as `__threadfence_system()` does, before the block's barrier and after its wait; `signal` is what
/// the thread that signals does in between.
fn fenced_by_all(fence: &str, signal: &str, threads: u32) -> Outcome {
    let text = format!(
        "protocol fenced\nparam ranks P, blocks B, threads T\npad flag : flag[P]\n\
         symmetric data : u32[T] initially 0\nlocal out : u32[T] initially 0\n\
         kernel {{\nstore data[thread] = 1 weak\nfence {fence}\nblock_sync\n\
         if thread == 0 {{\n{signal}\nstore flag[self] on rank 1 - self = 1 relaxed.sys\n\
         await flag[1 - self] == 1 relaxed.sys\nfence {fence}\n}}\nblock_sync\nfence {fence}\n\
         let v = load data[thread] on rank 1 - self weak\nstore out[thread] = v weak\n}}\n"
    );
    outcome(&text, threads, 1)
}

#[test]
fn fences_of_many_threads_need_no_order() {
    let outcome = fenced_by_all("sc.sys", "fence sc.sys", 32);
    assert_eq!((outcome.verdict, outcome.stats.states), (Verdict::Verified, 1), "{:?}", outcome.warnings);
}

/// The flag that was seen fixes the order of the fences, and that orders the data although whoever signals has not
/// released it: only `fence.sc` does that.
#[test]
fn fences_of_other_threads_order_data_by_their_order_alone() {
    let sequential = fenced_by_all("sc.sys", "", 2);
    assert_eq!(sequential.verdict, Verdict::Verified, "{:?}", sequential.warnings);
    let weaker = fenced_by_all("acq_rel.sys", "", 2);
    assert_eq!((weaker.verdict, weaker.findings[0].code), (Verdict::Violated, Code::DataRace));
}

/// A message that every stream has seen is still after a fence that had not: which of them came first must not be forgotten.
#[test]
fn a_fence_keeps_what_it_had_not_seen() {
    let text = "protocol old\nparam ranks P, blocks B, threads T\npad flag : flag[8]\nsymmetric data : u32[2] initially 0\n\
                kernel {\nif self == 0 and block == 0 and thread == 0 {\n\
                store flag[2] on rank 0 = 1 release.sys\nfence sc.sys\n\
                let r3 = load flag[3] on rank 0 relaxed.sys\nif r3 == 0 { store data[1] on rank 0 = 7 weak }\n\
                store flag[1] on rank 0 = 1 relaxed.sys\nfence acq_rel.sys\n\
                let r2 = load flag[0] on rank 1 relaxed.sys\nif r2 != 0 { store data[0] on rank 0 = 7 weak }\n}\n\
                if self == 1 and block == 0 and thread == 0 {\n\
                store flag[3] on rank 0 = 1 relaxed.sys\nfence acq_rel.sys\n\
                let r4 = load flag[2] on rank 0 volatile\nif r4 == 0 { store data[1] on rank 0 = 7 weak }\n\
                store flag[0] on rank 1 = 1 relaxed.sys\nfence sc.sys\n\
                let r1 = load flag[1] on rank 0 relaxed.sys\nif r1 == 0 { store data[0] on rank 0 = 7 weak }\n}\n}\n";
    let found = outcome_with(text, 1, 2, |options| {
        options.ignore_load_buffering = true;
        options.order_fences = true;
    });
    assert_eq!(found.verdict, Verdict::Violated, "{:?}", found.warnings);
}
