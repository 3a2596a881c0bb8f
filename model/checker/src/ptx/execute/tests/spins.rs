//! Polls become waits whose condition is the loop.

use super::{Bench, bench_with};
use crate::program::{Condition, Location, Operation, Width};
use crate::ptx::code::{Code, Effect, Register, Step};
use crate::ptx::execute::Polls;

/// Every load and atomic of the code is taken for a poll, and the registers listed are live there.
fn spinning(body: &str, live: &[&str]) -> Bench {
    // Registers get their slots in the order in which the text names them first.
    let text = format!("ld.param.u64 %rd1, [k_0]; ld.param.u64 %rd2, [k_1]; {body}");
    let mut names: Vec<&str> = vec![];
    for word in text.split(|character: char| !(character.is_ascii_alphanumeric() || "%._".contains(character))) {
        let special = word.contains('.') || word == "%clock64";
        if word.starts_with('%') && !special && !names.contains(&word) {
            names.push(word);
        }
    }
    let slots: Vec<Register> = live
        .iter()
        .map(|name| Register(names.iter().position(|other| other == name).expect("a register of the body") as u32))
        .collect();
    bench_with("", body, |code: &Code| {
        let mut bits = vec![0_u64; code.registers.div_ceil(64) as usize];
        slots.iter().for_each(|slot| bits[slot.0 as usize / 64] |= 1 << (slot.0 % 64));
        let is_poll = |pc: u32| matches!(code.instruction(pc).effect(), Effect::Load | Effect::Atomic);
        Some(Polls::new(code, is_poll, |_| &bits))
    })
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
    let mut bench = spinning(
        "mov.u32 %r5, 3; L: ld.acquire.sys.global.u32 %r1, [%rd1]; setp.lt.u32 %p1, %r1, %r5; @%p1 bra L;",
        &["%r5"],
    );
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
    let condition = condition(spinning(body, &[]).next());
    assert_eq!((condition.holds(6), condition.holds(7)), (Some(false), Some(true)));
    assert_eq!(condition.to_string(), "== 7");
}

#[test]
fn a_loop_that_gives_up_is_left_at_every_turn() {
    let body = "L: ld.relaxed.sys.global.u32 %r1, [%rd1]; add.u32 %r2, %r2, 1; setp.gt.u32 %p2, %r2, 50; @%p2 trap;
                setp.eq.u32 %p1, %r1, 7; @!%p1 bra L;";
    let condition = condition(spinning(body, &["%r2"]).next());
    assert_eq!((condition.holds(6), condition.holds(7)), (Some(true), Some(true)));
}

#[test]
fn other_words_of_the_loop_are_asked_for() {
    let body = "L: ld.relaxed.sys.global.u32 %r1, [%rd1]; ld.relaxed.sys.global.u32 %r2, [%rd1+4];
                min.u32 %r3, %r1, %r2; setp.lt.u32 %p1, %r3, 5; @%p1 bra L;";
    let condition = condition(spinning(body, &[]).next());
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
    let condition = condition(spinning(body, &[]).next());
    assert_eq!((condition.holds(0), condition.holds(1)), (Some(false), Some(true)));
}

#[test]
fn a_lock_is_a_wait_too() {
    let body = "L: atom.acquire.gpu.global.cas.b32 %r1, [%rd1], 0, 1; setp.ne.u32 %p1, %r1, 0; @%p1 bra L;";
    let condition = condition(spinning(body, &[]).next());
    assert_eq!((condition.holds(1), condition.holds(0)), (Some(false), Some(true)));
}

#[test]
fn a_store_in_the_loop_makes_it_no_poll() {
    let body =
        "L: ld.relaxed.sys.global.u32 %r1, [%rd1]; st.global.u32 [%rd1+8], %r1; setp.ne.u32 %p1, %r1, 1; @%p1 bra L;";
    assert_eq!(condition(spinning(body, &[]).next()).holds(0), Some(true));
}

#[test]
fn equal_loops_are_equal_and_others_are_not() {
    let body = "L: ld.acquire.sys.global.u32 %r1, [%rd1]; setp.lt.u32 %p1, %r1, %r5; @%p1 bra L;";
    let (first, second) = (condition(spinning(body, &["%r5"]).next()), condition(spinning(body, &["%r5"]).next()));
    assert_eq!(first, second);
    let body = format!("mov.u32 %r5, 1; {body}");
    assert_ne!(first, condition(spinning(&body, &["%r5"]).next()));
}

#[test]
fn nothing_is_live_that_a_poll_writes() {
    let code = super::code("", "L: ld.global.u32 %r1, [%rd1]; bra L;");
    let poll = code.instructions.iter().position(|instruction| {
        matches!(&instruction.step, Step::Load { space, .. } if *space == crate::ptx::code::step::Space::Global)
    });
    let poll = poll.expect("the load") as u32;
    let all = [u64::MAX];
    let polls = Polls::new(&code, |pc| pc == poll, |_| &all);
    let written = code.instruction(poll).defines()[0];
    assert_eq!(polls.live_before[poll as usize][0], !(1 << written.0));
}
