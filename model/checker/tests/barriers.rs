//! Barriers: what those with counts order and whom they let go on, and where a block's must stand.

use arverify_model::check::{Engine, Options, check, try_check_with};
use arverify_protocol::data::{Accumulate, DataType, input_bits};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::language;
use arverify_protocol::verdict::Verdict;

/// For the two where nothing else uses it.
const USE: &str = "if thread == 9 {\nstore word[0] = 1 weak\n}\n";

fn verdict(threads: u32, body: &str) -> Verdict {
    let text = format!(
        "protocol barriers\nparam ranks P, blocks B, threads T\nlocal word : u32[P] initially 0\nkernel {{\n{body}\n}}\n"
    );
    let document = language::parse("barriers.arp", &text).unwrap_or_else(|errors| panic!("{errors}"));
    let protocol = document.resolve(&[]).unwrap_or_else(|errors| panic!("{errors}"));
    let sizes = Sizes {
        ranks: 2,
        blocks: 1,
        threads,
        elements: 1,
        capacity: 1,
        data: DataType::F32,
        accumulate: Accumulate::Own,
    };
    check(&protocol, &Options { launches: 1, ..Options::new(sizes) }).verdict
}

/// Three threads' operations at two barriers, with and without waiting, and on two words between them.
fn random_body(seed: u64) -> String {
    let mut bits = input_bits(seed, 0, 0, 0);
    let mut pick = |count: u64| {
        bits = input_bits(bits, 0, 0, 1);
        bits % count
    };
    let mut body = USE.to_owned();
    for thread in 0..3 {
        body += &format!("if thread == {thread} {{\n");
        for at in 0..2 + pick(3) {
            body += &match pick(6) {
                0 | 1 => format!("barrier_sync {}, 2\n", 1 + pick(2)),
                2 | 3 => format!("barrier_arrive {}, 2\n", 1 + pick(2)),
                4 => format!("store word[{}] = {at} weak\n", pick(2)),
                _ => format!("let seen{thread}{at} = load word[{}] weak\n", pick(2)),
            };
        }
        body += "}\n";
    }
    body
}

/// The verdict where every operation of every thread is a choice, and the one of a check.
#[test]
fn exploring_arrivals_is_exploring_everything() {
    let mut verdicts = [0; 2];
    for seed in 0..400 {
        let text = format!(
            "protocol barriers\nparam ranks P, blocks B, threads T\nlocal word : u32[2] initially 0\nkernel {{\n{}}}\n",
            random_body(seed)
        );
        let document = language::parse("barriers.arp", &text).unwrap_or_else(|errors| panic!("{errors}"));
        let protocol = document.resolve(&[]).unwrap_or_else(|errors| panic!("{errors}"));
        let (data, accumulate) = (DataType::F32, Accumulate::Own);
        let sizes = Sizes { ranks: 1, blocks: 1, threads: 3, elements: 1, capacity: 1, data, accumulate };
        let options = Options { launches: 1, ..Options::new(sizes) };
        let reduced = check(&protocol, &options);
        let everything = check(&protocol, &Options { everything: true, ..options });
        assert_eq!(reduced.verdict, everything.verdict, "seed {seed}\n{text}\n{:?}", everything.findings);
        verdicts[usize::from(reduced.verdict == Verdict::Violated)] += 1;
    }
    assert!(verdicts.iter().all(|count| *count >= 20), "one-sided: {verdicts:?}");
}

#[test]
fn an_arrive_orders_what_came_before_it_for_those_who_wait() {
    let body = "if thread == 0 {\nstore word[0] = 1 weak\nbarrier_arrive 1, 2\n} else {\nbarrier_sync 1, 2\n\
                let seen = load word[0] weak\nghost { assert seen == 1 }\n}";
    assert_eq!(verdict(2, body), Verdict::Verified);
}

#[test]
fn an_arrive_orders_nothing_after_it() {
    let body = "if thread == 0 {\nbarrier_arrive 1, 2\nlet seen = load word[0] weak\nghost { assert seen == 1 }\n\
                } else {\nstore word[0] = 1 weak\nbarrier_sync 1, 2\n}";
    assert_eq!(verdict(2, body), Verdict::Violated);
}

#[test]
fn who_completes_a_barrier_with_whom_is_explored() {
    // Four threads, two at a time: thread 1 may have met another than thread 0.
    let body = |meets: &str| {
        format!(
            "if thread == 0 {{\nstore word[0] = 1 weak\n}}\n{meets}\n\
             if thread == 1 {{\nlet seen = load word[0] weak\n}}"
        )
    };
    assert_eq!(verdict(4, "if thread == 0 {\nstore word[0] = 1 weak\n}\nbarrier_sync 1, 2"), Verdict::Verified);
    assert_eq!(verdict(4, &body("barrier_sync 1, 2")), Verdict::Violated);
    assert_eq!(verdict(4, &body("barrier_sync 1, 4")), Verdict::Verified);
    assert_eq!(
        verdict(4, &body("if thread < 2 {\nbarrier_sync 1, 2\n} else {\nbarrier_sync 2, 2\n}")),
        Verdict::Verified
    );
}

#[test]
fn a_thread_that_arrives_twice_may_complete_a_barrier_alone() {
    let body = |back: [&str; 2]| {
        format!(
            "if thread == 0 {{\nbarrier_arrive 1, 2\n{}barrier_arrive 1, 2\n}} else {{\n\
             barrier_sync 1, 2\n{}barrier_sync 1, 2\n}}",
            back[0], back[1]
        )
    };
    assert_eq!(verdict(2, &body([USE, ""])), Verdict::Violated);
    let back = format!("{USE}barrier_sync 2, 2\n");
    assert_eq!(verdict(2, &body([&back, "barrier_arrive 2, 2\n"])), Verdict::Verified);
}

#[test]
fn a_block_barrier_is_one_statement() {
    let arms = |chosen: &str| format!("{USE}if {chosen} == 0 {{\nblock_sync\n}} else {{\nblock_sync\n}}");
    assert_eq!(verdict(2, &arms("thread")), Verdict::Violated);
    assert_eq!(verdict(2, &arms("self")), Verdict::Verified);
    // The axioms say so, too.
    for (chosen, verdict) in [("thread", Verdict::Violated), ("self", Verdict::Verified)] {
        let text = format!(
            "protocol barriers\nparam ranks P, blocks B, threads T\nlocal word : u32[1] initially 0\nkernel {{\n{}\n}}\n",
            arms(chosen)
        );
        let document = language::parse("barriers.arp", &text).unwrap_or_else(|errors| panic!("{errors}"));
        let protocol = document.resolve(&[]).unwrap_or_else(|errors| panic!("{errors}"));
        let (data, accumulate) = (DataType::F32, Accumulate::Own);
        let sizes = Sizes { ranks: 2, blocks: 1, threads: 2, elements: 1, capacity: 1, data, accumulate };
        let options = Options { launches: 1, ..Options::new(sizes) };
        let both = try_check_with(&protocol, &options, Engine::Both).expect("sizes that fit");
        assert_eq!(both.verdict, verdict, "{:?}", both.warnings);
    }
}

#[test]
fn rounds_of_one_barrier_by_the_same_threads_are_not() {
    let body = "threads t < 2 {\nbarrier_sync 1, 2\nbarrier_sync 1, 2\n}\nif thread == 3 {\nstore word[0] = 1 weak\n}";
    assert_eq!(verdict(4, body), Verdict::Verified);
}
