//! Calls, branches through tables, and instructions that are not understood.

use super::{bench, bench_with};
use crate::program::{FaultOutcome, Operation};
use arverify_protocol::verdict::Code;

const FUNCTIONS: &str = "
.func (.param .b32 result) twice_plus(.param .b32 a, .param .align 4 .b8 pair[8])
{
  .reg .b32 %r<9>; .reg .pred %p<2>;
  ld.param.u32 %r1, [a];
  ld.param.v2.u32 {%r2, %r3}, [pair];
  setp.eq.u32 %p1, %r1, 0;
  @%p1 bra ZERO;
  mad.lo.u32 %r4, %r1, 2, %r3;
  st.param.b32 [result+0], %r4;
  ret;
ZERO:
  st.param.b32 [result+0], %r2;
  ret;
}
.func (.reg .u32 d) square(.reg .u32 s) { mul.lo.u32 d, s, s; ret; }
.func again(.param .b32 n) { .reg .b32 %r1; ld.param.u32 %r1, [n]; { .param .b32 p; st.param.b32 [p], %r1; call again, (p); } ret; }
.extern .func (.param .b32 r) vprintf(.param .b64 f, .param .b64 a);
.extern .func elsewhere();
.extern .func __assertfail(.param .b64 a, .param .b64 b, .param .b32 c, .param .b64 d, .param .b64 e);
";

#[test]
fn parameters_and_results_pass_through_calls() {
    let call = |argument: u32| {
        format!(
            "{{ .param .b32 p0; st.param.b32 [p0+0], {argument}; .param .align 4 .b8 p1[8]; mov.u32 %r1, 10; mov.u32 %r2, 20;
             st.param.v2.b32 [p1], {{%r1, %r2}}; .param .b32 out; call.uni (out), twice_plus, (p0, p1);
             ld.param.b32 %r3, [out+0]; }} st.global.u32 [%rd1], %r3;"
        )
    };
    let mut bench = bench_with(FUNCTIONS, &format!("{}{}", call(4), call(0)), |_| None);
    assert_eq!(bench.stored(), 28);
    assert_eq!(bench.stored(), 10);
    assert_eq!(bench.next(), Operation::Exit);
}

#[test]
fn registers_are_parameters_too_and_calls_may_be_guarded() {
    let body = "mov.u32 %r1, 12; setp.eq.u32 %p1, %r1, 0; mov.u32 %r2, 1; @%p1 call (%r2), square, (%r1);
                st.global.u32 [%rd1], %r2; @!%p1 call (%r2), square, (%r1); st.global.u32 [%rd1], %r2;";
    let mut bench = bench_with(FUNCTIONS, body, |_| None);
    assert_eq!(bench.stored(), 1);
    assert_eq!(bench.stored(), 144);
}

#[test]
fn what_a_call_expands_to_knows_its_call() {
    let body = "call (%r2), square, (%r1); st.global.u32 [%rd1], %r2;";
    let code = super::code(FUNCTIONS, body);
    let inside = code.origins.iter().position(|origin| origin.call.is_some()).expect("the callee's instructions");
    let call = code.origins[inside].call.expect("a call") as usize;
    assert!(code.origins[call].call.is_none());
    assert!(code.origins[call].span.start > code.origins[inside].span.start);
}

#[test]
fn calls_that_are_not_understood_count_when_they_are_reached() {
    let reach = |call: &str| bench_with(FUNCTIONS, call, |_| None).not_understood();
    assert!(reach("{ .param .b32 p; call again, (p); }").contains("recursive"));
    assert!(reach("call elsewhere;").contains("no body"));
    assert!(reach("call (%r1), %rd1, (%r2), proto;").contains("registers"));
    let skip = "bra OVER; { .param .b32 p; call again, (p); } OVER: st.global.u32 [%rd1], 3;";
    assert_eq!(bench_with(FUNCTIONS, skip, |_| None).stored(), 3);
}

#[test]
fn printing_is_nothing_and_assertions_end_the_kernel() {
    let body = "{ .param .b64 a; .param .b64 b; .param .b32 r; call (r), vprintf, (a, b); }
                { .param .b64 a; .param .b64 b; .param .b32 c; .param .b64 d; .param .b64 e; call __assertfail, (a, b, c, d, e); }";
    let fault = bench_with(FUNCTIONS, body, |_| None).fault();
    assert_eq!(fault.outcome, FaultOutcome::Violation(Code::WrongResult));
    assert!(fault.message.contains("assertion"));
    assert_eq!(bench("trap;").fault().message, "the kernel traps");
}

#[test]
fn tables_of_branches() {
    let body = |index: u32| {
        format!(
            "mov.u32 %r1, {index}; T: .branchtargets A, B, C; brx.idx %r1, T; A: mov.u32 %r2, 1; bra E;
             B: mov.u32 %r2, 2; bra E; C: mov.u32 %r2, 3; E: st.global.u32 [%rd1], %r2;"
        )
    };
    assert_eq!(bench(&body(0)).stored(), 1);
    assert_eq!(bench(&body(2)).stored(), 3);
    assert!(bench(&body(3)).not_understood().contains("entry 3 of 3"));
}

#[test]
fn instructions_nobody_knows_count_when_they_are_reached() {
    let mut reached = bench("frobnicate.u32 %r1, %r2;");
    assert_eq!(reached.not_understood(), "`frobnicate.u32`: this instruction is not modelled");
    assert_eq!(bench("bra O; wgmma.fence.sync.aligned; O: st.global.u32 [%rd1], 1;").stored(), 1);
    assert_eq!(bench("setp.ne.u32 %p1, 1, 1; @%p1 frobnicate; st.global.u32 [%rd1], 1;").stored(), 1);
    for text in [
        "add.frob.u32 %r1, %r2, 1;",
        "ld.relaxed.global.u32 %r1, [%rd1];",
        "cp.async.bulk.tensor.1d.shared::cluster.global.mbarrier::complete_tx::bytes [%r1], [%rd1, {%r2}], [%r2];",
        "cp.async.bulk.global.shared::cta.mbarrier::complete_tx::bytes [%rd1], [%r1], 16, [%r2];",
        "cp.async.bulk.shared::cta.global.bulk_group [%r1], [%rd1], 16;",
        "cp.async.bulk.shared::cta.global.mbarrier::complete_tx::bytes [%r1], [%rd1], 16, [%r2], 1;",
        "cp.reduce.async.bulk.global.shared::cta.bulk_group.exch.b32 [%rd1], [%r1], 16;",
        "cp.reduce.async.global.shared::cta.bulk_group.add.u32 [%rd1], [%r1], 16;",
        "st.async.shared::cluster.mbarrier::complete_tx::bytes.u16 [%r1], 1, [%r2];",
        "red.async.relaxed.sys.shared::cluster.mbarrier::complete_tx::bytes.add.u32 [%r1], 1, [%r2];",
        "cp.async.ca.shared.global [%r1], [%rd1], 12;",
        "cp.async.mbarrier.expect.shared.b64 [%r1];",
        "mbarrier.arrive.acquire.cta.shared.b64 _, [%r1];",
        "mbarrier.expect_tx.cta.shared.b64 [%r1], 4;",
        "barrier.cluster.sync;",
        "griddepcontrol.begin;",
        "mov.u32 %r1, %envreg3;",
        "activemask.b32 %r1;",
        "shfl.idx.b32 %r1, %r2, 0, 31;",
        "fence.proxy.tensormap::generic.release.gpu;",
        "atom.global.exch.b128 %rd3, [%rd1], %rd4;",
        "bra NOWHERE;",
        "add.u32 %r1, %r2;",
        "mov.u32 %r1, %nosuch;",
        "cvt.rna.tf32.f32 %r1, %f1;",
    ] {
        let message = bench(text).not_understood();
        assert!(message.starts_with('`') || message.starts_with("branch to"), "{text}: {message}");
    }
}

/// nvcc writes the opposite of a predicate as `xor.pred` with -1, and -1 is true like any number but 0.
#[test]
fn a_number_is_a_predicate_by_not_being_zero() {
    let stored = |test: &str, combine: &str| {
        let body = format!("{test} %p1, 0, 0; {combine}; selp.u32 %r1, 1, 0, %p2; st.global.u32 [%rd1], %r1;");
        bench(&body).stored()
    };
    for (combine, when_true, when_false) in [
        ("xor.pred %p2, %p1, -1", 0, 1),
        ("xor.pred %p2, 2, %p1", 0, 1),
        ("and.pred %p2, %p1, 2", 1, 0),
        ("or.pred %p2, %p1, 0", 1, 0),
        ("mov.pred %p3, -1; xor.pred %p2, %p1, %p3", 0, 1),
    ] {
        assert_eq!(stored("setp.eq.u32", combine), when_true, "{combine}");
        assert_eq!(stored("setp.ne.u32", combine), when_false, "{combine}");
    }
}

#[test]
fn a_loop_without_effect_ends() {
    let message = bench("L: add.u32 %r1, %r1, 1; bra L;").not_understood();
    assert!(message.contains("without any effect"), "{message}");
}
