//! Load buffering is not explored, so what could show it is inconclusive, and what cannot is verified.

use arverify_model::check::{Options, check};
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::language;
use arverify_protocol::verdict::Verdict;

fn verdict(load: &str, store: &str, between: &str) -> Verdict {
    let side = |rank: u32, read: &str, written: &str| {
        format!(
            "if self == {rank} {{\nlet v{rank} = load {read}[0] on rank 0 {load}\n{between}\n\
             store {written}[0] on rank 0 = 1 {store}\nstore out[0] = v{rank} weak\n}}\n"
        )
    };
    let text = format!(
        "protocol crossed\nparam ranks P, blocks B, threads T\npad x, y : flag[1]\nlocal out : u32[1] initially 0\n\
         kernel {{\n{}{}}}\n",
        side(0, "x", "y"),
        side(1, "y", "x")
    );
    let document = language::parse("crossed.arp", &text).unwrap_or_else(|errors| panic!("{errors}"));
    let protocol = document.resolve(&[]).unwrap_or_else(|errors| panic!("{errors}"));
    let sizes = Sizes {
        ranks: 2,
        blocks: 1,
        threads: 1,
        elements: 1,
        capacity: 1,
        data: DataType::F32,
        accumulate: Accumulate::Own,
    };
    check(&protocol, &Options { launches: 1, ..Options::new(sizes) }).verdict
}

#[test]
fn relaxed_accesses_that_cross_are_inconclusive() {
    assert_eq!(verdict("relaxed.sys", "relaxed.sys", ""), Verdict::Inconclusive);
    assert_eq!(verdict("acquire.sys", "relaxed.sys", ""), Verdict::Inconclusive);
    assert_eq!(verdict("relaxed.sys", "release.sys", ""), Verdict::Inconclusive);
}

#[test]
fn release_and_acquire_or_fences_forbid_the_cycle() {
    assert_eq!(verdict("acquire.sys", "release.sys", ""), Verdict::Verified);
    assert_eq!(verdict("relaxed.sys", "relaxed.sys", "fence acq_rel.sys"), Verdict::Verified);
}

/// Rank 1 loads `y` and then stores `x`; rank 0 waits for `x` and then stores `y`, in the same thread or behind a barrier.
fn verdict_of_a_wait(wait: &str, store_y: &str, load: &str, store_x: &str, barrier: bool) -> Verdict {
    let (sync, writer) = if barrier { ("block_sync\n", 1) } else { ("", 0) };
    let text = format!(
        "protocol crossed\nparam ranks P, blocks B, threads T\npad x, y : flag[1]\nlocal out : u32[1] initially 0\n\
         kernel {{\nif self == 0 {{\nif thread == 0 {{\nawait x[0] on rank 0 == 1 {wait}\n}}\n{sync}\
         if thread == {writer} {{\nstore y[0] on rank 0 = 1 {store_y}\n}}\n}} else if thread == 0 {{\n\
         let v = load y[0] on rank 0 {load}\nstore x[0] on rank 0 = 1 {store_x}\nstore out[0] = v weak\n}}\n}}\n"
    );
    let document = language::parse("crossed.arp", &text).unwrap_or_else(|errors| panic!("{errors}"));
    let protocol = document.resolve(&[]).unwrap_or_else(|errors| panic!("{errors}"));
    let sizes = Sizes {
        ranks: 2,
        blocks: 1,
        threads: 2,
        elements: 1,
        capacity: 1,
        data: DataType::F32,
        accumulate: Accumulate::Own,
    };
    check(&protocol, &Options { launches: 1, ..Options::new(sizes) }).verdict
}

#[test]
fn a_load_that_crosses_a_wait_is_inconclusive() {
    assert_eq!(
        verdict_of_a_wait("relaxed.sys", "relaxed.sys", "relaxed.sys", "relaxed.sys", false),
        Verdict::Inconclusive
    );
    assert_eq!(
        verdict_of_a_wait("relaxed.sys", "relaxed.sys", "relaxed.sys", "relaxed.sys", true),
        Verdict::Inconclusive
    );
    assert_eq!(
        verdict_of_a_wait("relaxed.sys", "relaxed.sys", "acquire.sys", "release.sys", false),
        Verdict::Inconclusive
    );
    assert_eq!(verdict_of_a_wait("acquire.sys", "release.sys", "acquire.sys", "release.sys", false), Verdict::Verified);
}
