//! What lanes exchange.

use super::{Bench, bench};
use crate::program::{Arrivals, Barrier, FaultOutcome, Group, Operation};
use arverify_protocol::verdict::Code;

/// Lanes 0 to 31 bring these values; the result that thread 37, which is lane 5 of its warp, stores afterwards.
fn exchanged(body: &str, values: impl Fn(u32) -> u64, lanes: std::ops::Range<u32>) -> Bench {
    let mut bench = bench(body);
    bench.at.thread = 37;
    let Operation::Barrier(barrier) = bench.next() else { panic!("an exchange") };
    assert!(!barrier.orders && !barrier.arrive && barrier.gather.is_some());
    let all: Vec<(u32, u64)> = lanes.map(|lane| (32 + lane, values(lane))).collect();
    bench.interpreter.gathered(bench.at, &mut bench.thread, &all);
    bench
}

fn result(instruction: &str, values: impl Fn(u32) -> u64) -> u64 {
    exchanged(&format!("mov.u32 %r2, %laneid; {instruction}; st.global.u32 [%rd1], %r1;"), values, 0..32).stored()
}

#[test]
fn shuffles_take_from_the_lane_that_the_mode_says() {
    let from = |rest: &str| result(&format!("shfl.sync.{rest}, -1"), |lane| u64::from(lane) + 100);
    assert_eq!(from("idx.b32 %r1, %r2, 9, 31"), 109);
    assert_eq!(from("up.b32 %r1, %r2, 2, 0"), 103);
    assert_eq!(from("up.b32 %r1, %r2, 6, 0"), 105);
    assert_eq!(from("down.b32 %r1, %r2, 4, 31"), 109);
    assert_eq!(from("down.b32 %r1, %r2, 27, 31"), 105);
    assert_eq!(from("bfly.b32 %r1, %r2, 16, 31"), 121);
    // Segments of 8 lanes: clamp 7 and mask 0x18 in the upper half.
    assert_eq!(from("down.b32 %r1, %r2, 2, 0x1807"), 107);
    assert_eq!(from("down.b32 %r1, %r2, 3, 0x1807"), 105);
    assert_eq!(from("idx.b32 %r1, %r2, 0, 0x181f"), 100);
}

#[test]
fn shuffles_tell_whether_the_lane_was_in_range() {
    let text = |offset: u32| format!("shfl.sync.up.b32 %r2|%p1, %r2, {offset}, 0, -1; selp.u32 %r1, 1, 0, %p1");
    assert_eq!(result(&text(5), u64::from), 1);
    assert_eq!(result(&text(6), u64::from), 0);
}

#[test]
fn a_lane_that_is_not_there_gives_nothing_defined() {
    let body = "shfl.sync.down.b32 %r1, %r2, 4, 31, -1; st.global.u32 [%rd1], %r1;";
    let message = exchanged(body, u64::from, 0..8).not_understood();
    assert!(message.contains("lane 9"), "{message}");
}

#[test]
fn votes_matches_reductions_and_elections() {
    let odd = |lane: u32| u64::from(lane % 2);
    let vote = |mode: &str| result(&format!("vote.sync.{mode}.pred %p1, %p2, -1; selp.u32 %r1, 1, 0, %p1"), odd);
    assert_eq!((vote("all"), vote("any"), vote("uni")), (0, 1, 0));
    assert_eq!(result("vote.sync.ballot.b32 %r1, %p2, -1", odd), 0xaaaa_aaaa);
    let third = |lane: u32| u64::from(lane / 4);
    assert_eq!(result("match.any.sync.b32 %r1, %r2, -1", |lane| if lane == 5 { 1 } else { third(lane) }), 0xf0);
    assert_eq!(result("match.all.sync.b32 %r1|%p1, %r2, -1", third), 0);
    assert_eq!(result("match.all.sync.b32 %r1|%p1, %r2, -1", |_| 9), 0xffff_ffff);
    assert_eq!(result("redux.sync.add.u32 %r1, %r2, -1", u64::from), 496);
    assert_eq!(result("redux.sync.min.s32 %r1, %r2, -1", |lane| u64::from((lane as i32 - 3) as u32)), 0xffff_fffd);
    assert_eq!(result("redux.sync.or.b32 %r1, %r2, -1", |lane| 1 << (lane % 8)), 0xff);
    assert_eq!(result("elect.sync %r1|%p1, -1", |_| 0), 0);
}

#[test]
fn warps_synchronise_by_mask() {
    let mut warp = bench("bar.warp.sync 0xff; bar.warp.sync 1;");
    let (group, arrivals) = (Group::Warp { mask: 0xff }, Arrivals::Threads);
    let all = Barrier { group, arrivals, arrive: false, gather: None, orders: true };
    assert_eq!(warp.next(), Operation::Barrier(all));
    let fault = warp.fault();
    assert_eq!(fault.outcome, FaultOutcome::Violation(Code::BarrierDivergence));
    assert_eq!(fault.message, "lane 5 executes this, but the mask 0x1 does not name it");
}
