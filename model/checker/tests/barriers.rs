//! Named barriers with counts: what is ordered, and what is inconclusive.

use arverify_model::check::{Options, check};
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::language;
use arverify_protocol::verdict::Verdict;

fn verdict(threads: u32, body: &str) -> Verdict {
    let text = format!(
        "protocol barriers\nparam ranks P, blocks B, threads T\nlocal word : u32[P] initially 0\nkernel {{\n{body}\n}}\n"
    );
    let document = language::parse("barriers.arp", &text).unwrap_or_else(|errors| panic!("{errors}"));
    let protocol = document.resolve(&[]).unwrap_or_else(|errors| panic!("{errors}"));
    let sizes = Sizes { ranks: 2, blocks: 1, threads, elements: 1, data: DataType::F32, accumulate: Accumulate::Own };
    check(&protocol, &Options { launches: 1, ..Options::new(sizes) }).verdict
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
fn a_barrier_that_other_threads_could_complete_is_inconclusive() {
    // Three threads, two at a time: one of them is left for the next round, and a fourth joins it.
    assert_eq!(verdict(4, "if thread == 0 {\nstore word[0] = 1 weak\n}\nbarrier_sync 1, 2"), Verdict::Inconclusive);
}

#[test]
fn rounds_of_one_barrier_by_the_same_threads_are_not() {
    let body = "threads t < 2 {\nbarrier_sync 1, 2\nbarrier_sync 1, 2\n}\nif thread == 3 {\nstore word[0] = 1 weak\n}";
    assert_eq!(verdict(4, body), Verdict::Verified);
}
