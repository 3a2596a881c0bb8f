//! Spin loops become waits, whose rounds come back or leave.

use super::{Bench, bench_with};
use crate::program::{Operation, RoundStep, Word};
use crate::ptx::code::Code;
use crate::ptx::flow::SpinLoops;

/// Back to where the round began.
const BACK: RoundStep = RoundStep::Returns { to: 0 };

/// A kernel whose spin loops the flow analysis finds.
fn spinning(body: &str) -> Bench {
    bench_with("", body, |code: &Code| Some(SpinLoops::of(code)))
}

/// How a round of the loop that a thread stands in ends, with words by the byte that they begin at; others are undecided.
fn round(bench: &Bench, words: &[(u64, u64)]) -> RoundStep {
    let mut round = bench.interpreter.round(&bench.thread, false).expect("the thread stands in a loop");
    let word = |byte: u64| words.iter().find(|(at, _)| *at == byte).map(|(_, word)| *word);
    bench.interpreter.go_on(bench.at, &mut round, &mut |poll| word(poll.at.byte).map(Word::from))
}

/// Which of these words at the start of the buffer end the loop.
fn ends(bench: &Bench, words: &[u64]) -> Vec<bool> {
    let end = |word: &u64| match round(bench, &[(0, *word)]) {
        RoundStep::Returns { .. } => false,
        RoundStep::Leaves { .. } => true,
        other => panic!("{other:?}"),
    };
    words.iter().map(end).collect()
}

fn waits(bench: &mut Bench) {
    assert!(matches!(bench.next(), Operation::Spin { .. }));
}

#[test]
fn a_wait_ends_with_what_ends_its_loop() {
    let mut bench =
        spinning("mov.u32 %r5, 3; L: ld.acquire.sys.global.u32 %r1, [%rd1]; setp.lt.u32 %p1, %r1, %r5; @%p1 bra L;");
    waits(&mut bench);
    assert_eq!(ends(&bench, &[2, 3, 9]), [false, true, true]);
    assert_eq!(bench.interpreter.describe_loop(&bench.thread), ">= 3");
    // The round that leaves is performed read by read.
    assert!(matches!(bench.next_of_round(), Operation::Read { .. }));
    bench.supply(3);
    assert_eq!(bench.next(), Operation::Exit);
}

/// What a word is compared with may be computed behind the read.
#[test]
fn a_wait_is_described_by_what_its_word_will_be_compared_with() {
    let described = |compared: &str| {
        let mut bench =
            spinning(&format!("mov.u32 %r5, 3; L: ld.acquire.sys.global.u32 %r1, [%rd1]; {compared} @%p1 bra L;"));
        waits(&mut bench);
        bench.interpreter.describe_loop(&bench.thread)
    };
    assert_eq!(described("add.u32 %r6, %r5, 1; setp.ne.u32 %p1, %r1, %r6;"), "== 4");
    // It is computed from the word itself.
    assert_eq!(described("add.u32 %r6, %r1, 1; setp.ne.u32 %p1, %r1, %r6;"), "a value that ends the loop");
}

#[test]
fn the_value_of_a_wait_tells_rounds_apart_if_it_is_used() {
    let body = "L: ld.acquire.sys.global.u32 %r1, [%rd1]; setp.eq.u32 %p1, %r1, 0; @%p1 bra L;";
    let mut unused = spinning(body);
    waits(&mut unused);
    assert_eq!(round(&unused, &[(0, 1)]), round(&unused, &[(0, 2)]));
    let mut used = spinning(&format!("{body} st.global.u32 [%rd1+8], %r1;"));
    waits(&mut used);
    assert_ne!(round(&used, &[(0, 1)]), round(&used, &[(0, 2)]));
}

#[test]
fn counters_that_only_count_and_sleeps_and_fences_do_not_matter() {
    let body = "L: ld.relaxed.sys.global.u32 %r1, [%rd1]; fence.acq_rel.sys; add.u32 %r2, %r2, 1; nanosleep.u32 %r2;
                mov.u64 %rd3, %clock64; setp.eq.u32 %p1, %r1, 7; @!%p1 bra L;";
    let mut bench = spinning(body);
    waits(&mut bench);
    assert_eq!(ends(&bench, &[6, 7]), [false, true]);
}

#[test]
fn counted_tries_stand_still() {
    for (count, rest) in [
        ("add.u32 %r2, %r2, 1; setp.gt.u32 %p2, %r2, 50; @%p2 trap;", ""),
        // The count is stored at the end; it is put back now and then; it is 64 bits wide and goes through a move.
        ("add.u32 %r2, %r2, 1;", "st.global.u32 [%rd1+8], %r2;"),
        ("add.u32 %r2, %r2, 1; setp.lt.u32 %p2, %r2, 9; @%p2 bra M; mov.u32 %r2, 0; M:", ""),
        ("add.u64 %rd5, %rd4, 1; setp.eq.u64 %p2, %rd4, 99; mov.u64 %rd4, %rd5; @%p2 trap;", ""),
    ] {
        let body =
            format!("L: ld.relaxed.sys.global.u32 %r1, [%rd1]; {count} setp.eq.u32 %p1, %r1, 7; @!%p1 bra L; {rest}");
        let mut bench = spinning(&body);
        waits(&mut bench);
        assert_eq!(ends(&bench, &[6, 7]), [false, true], "{count}");
        assert!(bench.interpreter.assumptions().iter().any(|text| text.contains("tries")), "{count}");
    }
}

#[test]
fn a_loop_that_only_a_count_ends_is_no_wait() {
    for body in [
        "L: ld.relaxed.sys.global.u32 %r1, [%rd1]; add.u32 %r2, %r2, 1; setp.lt.u32 %p2, %r2, 5; @%p2 bra L;",
        // The count goes into an address, or is what the word is compared with.
        "mov.u64 %rd5, %rd1; L: ld.relaxed.sys.global.u32 %r1, [%rd5]; add.u64 %rd5, %rd5, 4;
         setp.ne.u32 %p1, %r1, 7; @%p1 bra L;",
    ] {
        assert!(matches!(spinning(body).next(), Operation::Read { .. }), "{body}");
    }
}

#[test]
fn a_loop_waits_for_all_its_words() {
    let body = "L: ld.relaxed.sys.global.u32 %r1, [%rd1]; ld.relaxed.sys.global.u32 %r2, [%rd1+4];
                min.u32 %r3, %r1, %r2; setp.lt.u32 %p1, %r3, 5; @%p1 bra L;";
    let mut bench = spinning(body);
    waits(&mut bench);
    assert_eq!(round(&bench, &[(0, 5)]), RoundStep::Undecided);
    assert_eq!(round(&bench, &[(0, 5), (4, 4)]), BACK);
    assert!(matches!(round(&bench, &[(0, 5), (4, 5)]), RoundStep::Leaves { .. }));
}

#[test]
fn one_word_that_has_not_come_decides_whatever_the_others_hold() {
    let body = "L: ld.volatile.global.v4.u32 {%r1, %r2, %r3, %r4}, [%rd1]; setp.eq.u32 %p1, %r1, 0;
                setp.eq.or.u32 %p1, %r2, 0, %p1; setp.eq.or.u32 %p1, %r3, 0, %p1; setp.eq.or.u32 %p1, %r4, 0, %p1;
                @%p1 bra L; st.global.u32 [%rd1+32], %r4;";
    let mut bench = spinning(body);
    waits(&mut bench);
    assert_eq!(round(&bench, &[(0, 0)]), BACK);
    assert_eq!(round(&bench, &[(0, 1), (4, 0)]), BACK);
    assert_eq!(round(&bench, &[(0, 1), (4, 1), (8, 1)]), RoundStep::Undecided);
    let [first, second] = [7, 8].map(|last| round(&bench, &[(0, 1), (4, 1), (8, 1), (12, last)]));
    assert!(matches!(first, RoundStep::Leaves { .. }));
    assert_ne!(first, second, "the last word is stored");
}

#[test]
fn either_of_two_words_may_end_a_loop() {
    let body = "L: ld.acquire.sys.global.u32 %r1, [%rd1]; setp.ne.u32 %p1, %r1, 0; @%p1 bra E;
                ld.acquire.sys.global.u32 %r2, [%rd1+4]; setp.eq.u32 %p2, %r2, 0; @%p2 bra L; E:";
    let mut bench = spinning(body);
    waits(&mut bench);
    assert!(matches!(round(&bench, &[(0, 1)]), RoundStep::Leaves { .. }));
    assert_eq!(round(&bench, &[(0, 0), (4, 0)]), BACK);
    assert_eq!(round(&bench, &[(0, 0), (4, 1)]), round(&bench, &[(0, 1)]), "the same next step, with nothing live");
}

#[test]
fn a_pointer_read_again_in_the_loop_is_no_obstacle() {
    let body =
        "L: ld.global.u64 %rd4, [%rd2+16]; ld.volatile.global.u32 %r1, [%rd4]; setp.ne.u32 %p1, %r1, 1; @%p1 bra L;";
    let mut bench = spinning(body);
    waits(&mut bench);
    let ends = |word| round(&bench, &[(16, word)]);
    assert_eq!(ends(0), BACK);
    assert!(matches!(ends(1), RoundStep::Leaves { .. }));
}

#[test]
fn a_lock_is_a_wait_too() {
    let body = "L: atom.acquire.gpu.global.cas.b32 %r1, [%rd1], 0, 1; setp.ne.u32 %p1, %r1, 0; @%p1 bra L;";
    let mut bench = spinning(body);
    waits(&mut bench);
    assert_eq!(ends(&bench, &[1, 0]), [false, true]);
}

/// A loop tested at its top, as compilers turn it round: the test stands before the loop, too.
const TURNED: &str = "mov.u32 %r5, 3; ld.acquire.sys.global.u32 %r1, [%rd1]; setp.eq.u32 %p1, %r1, %r5; mov.u32 %r9, 1;
                      @%p1 bra E; mov.u32 %r2, 8; L: nanosleep.u32 %r2; shl.b32 %r2, %r2, 1;
                      ld.acquire.sys.global.u32 %r1, [%rd1]; setp.ne.u32 %p2, %r1, 3; @%p2 bra L; E: ";

#[test]
fn the_first_round_of_a_loop_may_stand_before_it() {
    let mut bench = spinning(&format!("{TURNED} st.global.u32 [%rd1+8], %r9;"));
    waits(&mut bench);
    assert_eq!(ends(&bench, &[2, 3, 4]), [false, true, false]);
    bench.next_of_round();
    bench.supply(3);
    assert!(matches!(bench.next(), Operation::Store { .. }));
}

#[test]
fn a_copy_that_does_something_else_leads_elsewhere() {
    // Whether the loop was entered is stored: a first read that fails, and then one that does not, is no shorter round.
    let told = TURNED.replace("mov.u32 %r2, 8;", "mov.u32 %r2, 8; mov.u32 %r9, 2;");
    let mut bench = spinning(&format!("{told} st.global.u32 [%rd1+8], %r9;"));
    waits(&mut bench);
    let mut words = [0, 3].into_iter();
    let mut entered = bench.interpreter.round(&bench.thread, false).expect("the thread stands in a loop");
    let entered = bench.interpreter.go_on(bench.at, &mut entered, &mut |_| words.next());
    let RoundStep::Leaves { outcome } = entered else { panic!("{entered:?}") };
    assert_ne!(round(&bench, &[(0, 3)]), RoundStep::Leaves { outcome });
    // In another order, or with something done on the way in, it is no copy.
    let relaxed = TURNED.replacen("ld.acquire.sys", "ld.relaxed.sys", 1);
    assert!(matches!(spinning(&relaxed).next(), Operation::Read { .. }));
    let noisy = TURNED.replace("mov.u32 %r2, 8;", "mov.u32 %r2, 8; st.global.u32 [%rd1+8], %r2;");
    assert!(matches!(spinning(&noisy).next(), Operation::Read { .. }));
}

#[test]
fn unrolled_rounds_are_rounds() {
    let one = "ld.acquire.sys.global.u32 %r1, [%rd1]; setp.eq.u32 %p1, %r1, 7; @%p1 bra E;";
    let mut bench = spinning(&format!("L: {one} {one} {one} bra L; E:"));
    waits(&mut bench);
    assert_eq!(ends(&bench, &[6, 7]), [false, true]);
}

#[test]
fn a_vote_is_met_by_others() {
    let body = "L: ld.relaxed.sys.global.u32 %r1, [%rd1]; setp.ne.u32 %p1, %r1, 7;
                vote.sync.any.pred %p2, %p1, 0xffffffff; @%p2 bra L;";
    let mut bench = spinning(body);
    waits(&mut bench);
    let meet = |word: Option<u64>| {
        let mut round = bench.interpreter.round(&bench.thread, false).expect("the thread stands in a loop");
        let step = bench.interpreter.go_on(bench.at, &mut round, &mut |_| word.map(Word::from));
        let RoundStep::Meets { barrier, .. } = step else { panic!("{step:?}") };
        (barrier.gather, round)
    };
    let lanes = |own: Option<u64>, other: Option<u64>| -> Vec<(u32, Option<u64>)> { vec![(5, own), (6, other)] };
    let end = |word, other| {
        let (gives, mut round) = meet(word);
        bench.interpreter.exchange(bench.at, &mut round, &lanes(gives, other));
        bench.interpreter.go_on(bench.at, &mut round, &mut |_| word.map(Word::from))
    };
    assert_eq!(end(Some(6), Some(0)), BACK);
    assert_eq!(end(Some(6), None), BACK, "whatever the other gives");
    assert_eq!(end(Some(7), None), RoundStep::Undecided);
    assert_eq!(end(None, Some(1)), BACK);
    assert!(matches!(end(Some(7), Some(0)), RoundStep::Leaves { .. }));
}

#[test]
fn a_store_in_the_loop_makes_it_no_wait() {
    let body =
        "L: ld.relaxed.sys.global.u32 %r1, [%rd1]; st.global.u32 [%rd1+8], %r1; setp.ne.u32 %p1, %r1, 1; @%p1 bra L;";
    assert!(matches!(spinning(body).next(), Operation::Read { .. }));
}

#[test]
fn equal_rounds_are_equal_and_others_are_not() {
    let body = "L: ld.acquire.sys.global.u32 %r1, [%rd1]; setp.lt.u32 %p1, %r1, %r5; @%p1 bra L;";
    let digest = |body: &str| {
        let mut bench = spinning(body);
        waits(&mut bench);
        let round = bench.interpreter.round(&bench.thread, false).expect("the thread stands in a loop");
        bench.interpreter.round_digest(&round)
    };
    assert_eq!(digest(body), digest(body));
    assert_ne!(digest(body), digest(&format!("mov.u32 %r5, 1; {body}")));
}
