//! Polls become waits whose condition is the loop.

use super::{Bench, bench_with};
use crate::program::{Condition, Location, Operation, Width};
use crate::ptx::code::Code;
use crate::ptx::flow::Polls;

/// A kernel whose polls the flow analysis finds.
fn spinning(body: &str) -> Bench {
    bench_with("", body, |code: &Code| Some(Polls::of(code)))
}

fn condition(operation: Operation) -> Condition {
    match operation {
        Operation::Await { condition, returns: true, .. } | Operation::Atomic { until: Some(condition), .. } => {
            condition
        }
        other => panic!("expected a wait, found {other:?}"),
    }
}

#[test]
fn a_poll_waits_for_what_ends_its_loop() {
    let mut bench =
        spinning("mov.u32 %r5, 3; L: ld.acquire.sys.global.u32 %r1, [%rd1]; setp.lt.u32 %p1, %r1, %r5; @%p1 bra L;");
    let condition = condition(bench.next());
    assert_eq!((condition.holds(2), condition.holds(3), condition.holds(9)), (Some(false), Some(true), Some(true)));
    assert_eq!(condition.to_string(), ">= 3");
    bench.supply(3);
    assert_eq!(bench.next(), Operation::Exit);
}

#[test]
fn counters_that_only_count_and_sleeps_and_fences_do_not_matter() {
    let body = "L: ld.relaxed.sys.global.u32 %r1, [%rd1]; fence.acq_rel.sys; add.u32 %r2, %r2, 1; nanosleep.u32 %r2;
                mov.u64 %rd3, %clock64; setp.eq.u32 %p1, %r1, 7; @!%p1 bra L;";
    let condition = condition(spinning(body).next());
    assert_eq!((condition.holds(6), condition.holds(7)), (Some(false), Some(true)));
    assert_eq!(condition.to_string(), "== 7");
}

#[test]
fn a_loop_that_gives_up_is_left_at_every_turn() {
    let body = "L: ld.relaxed.sys.global.u32 %r1, [%rd1]; add.u32 %r2, %r2, 1; setp.gt.u32 %p2, %r2, 50; @%p2 trap;
                setp.eq.u32 %p1, %r1, 7; @!%p1 bra L;";
    assert!(matches!(spinning(body).next(), Operation::Read { .. }));
}

#[test]
fn other_words_of_the_loop_are_asked_for() {
    let body = "L: ld.relaxed.sys.global.u32 %r1, [%rd1]; ld.relaxed.sys.global.u32 %r2, [%rd1+4];
                min.u32 %r3, %r1, %r2; setp.lt.u32 %p1, %r3, 5; @%p1 bra L;";
    let condition = condition(spinning(body).next());
    assert_eq!(condition.holds(5), None);
    let other = |value| move |at: Location, width| ((at.byte, width) == (4, Width::Four)).then_some(value);
    assert_eq!(condition.holds_with(5, other(4)), Some(false));
    assert_eq!(condition.holds_with(5, other(5)), Some(true));
    assert_eq!(condition.holds_with(4, other(5)), Some(false));
}

#[test]
fn a_pointer_read_again_in_the_loop_is_no_obstacle() {
    let body =
        "L: ld.global.u64 %rd4, [%rd2+16]; ld.volatile.global.u32 %r1, [%rd4]; setp.ne.u32 %p1, %r1, 1; @%p1 bra L;";
    let condition = condition(spinning(body).next());
    assert_eq!((condition.holds(0), condition.holds(1)), (Some(false), Some(true)));
}

#[test]
fn a_lock_is_a_wait_too() {
    let body = "L: atom.acquire.gpu.global.cas.b32 %r1, [%rd1], 0, 1; setp.ne.u32 %p1, %r1, 0; @%p1 bra L;";
    let condition = condition(spinning(body).next());
    assert_eq!((condition.holds(1), condition.holds(0)), (Some(false), Some(true)));
}

/// A loop tested at its top, as compilers turn it round: the test stands before the loop, too.
const TURNED: &str = "mov.u32 %r5, 3; ld.acquire.sys.global.u32 %r1, [%rd1]; setp.eq.u32 %p1, %r1, %r5; mov.u32 %r9, 1;
                      @%p1 bra E; mov.u32 %r2, 8; L: nanosleep.u32 %r2; shl.b32 %r2, %r2, 1;
                      ld.acquire.sys.global.u32 %r1, [%rd1]; setp.ne.u32 %p2, %r1, 3; @%p2 bra L; E: ";

#[test]
fn the_first_round_of_a_loop_may_stand_before_it() {
    let mut bench = spinning(&format!("{TURNED} st.global.u32 [%rd1+8], %r9;"));
    let condition = condition(bench.next());
    assert_eq!((condition.holds(2), condition.holds(3), condition.holds(4)), (Some(false), Some(true), Some(false)));
    assert_eq!(condition.to_string(), "== 3");
    bench.supply(3);
    assert!(matches!(bench.next(), Operation::Store { .. }));
}

#[test]
fn a_read_before_a_loop_that_does_something_else_is_a_read() {
    // What tells whether the loop was entered is stored.
    let told = TURNED.replace("mov.u32 %r2, 8;", "mov.u32 %r2, 8; mov.u32 %r9, 2;");
    assert!(matches!(spinning(&format!("{told} st.global.u32 [%rd1+8], %r9;")).next(), Operation::Read { .. }));
    // The loop waits for another word, or in another order.
    let other = TURNED.replacen("[%rd1]", "[%rd1+4]", 1);
    assert!(matches!(spinning(&other).next(), Operation::Read { .. }));
    let relaxed = TURNED.replacen("ld.acquire.sys", "ld.relaxed.sys", 1);
    assert!(matches!(spinning(&relaxed).next(), Operation::Read { .. }));
    // Something is done on the way in.
    let noisy = TURNED.replace("mov.u32 %r2, 8;", "mov.u32 %r2, 8; st.global.u32 [%rd1+8], %r2;");
    assert!(matches!(spinning(&noisy).next(), Operation::Read { .. }));
}

#[test]
fn a_first_round_that_proves_to_be_none_is_not_understood() {
    // The loop ends at 3; the read before it also at 77, which nobody thinks of.
    let odd = TURNED.replace("@%p1 bra E;", "@%p1 bra E; setp.eq.u32 %p3, %r1, 77; @%p3 bra E;");
    let mut bench = spinning(&odd);
    let condition = condition(bench.next());
    assert_eq!((condition.holds(3), condition.holds(4), condition.holds(77)), (Some(true), Some(false), Some(true)));
    bench.supply(77);
    assert_eq!(bench.fault().outcome, crate::program::FaultOutcome::NotUnderstood);
}

#[test]
fn a_store_in_the_loop_makes_it_no_poll() {
    let body =
        "L: ld.relaxed.sys.global.u32 %r1, [%rd1]; st.global.u32 [%rd1+8], %r1; setp.ne.u32 %p1, %r1, 1; @%p1 bra L;";
    assert!(matches!(spinning(body).next(), Operation::Read { .. }));
}

#[test]
fn equal_loops_are_equal_and_others_are_not() {
    let body = "L: ld.acquire.sys.global.u32 %r1, [%rd1]; setp.lt.u32 %p1, %r1, %r5; @%p1 bra L;";
    let (first, second) = (condition(spinning(body).next()), condition(spinning(body).next()));
    assert_eq!(first, second);
    let body = format!("mov.u32 %r5, 1; {body}");
    assert_ne!(first, condition(spinning(&body).next()));
}
