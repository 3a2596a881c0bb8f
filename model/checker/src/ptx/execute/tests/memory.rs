//! Which memory an access means, and what becomes of it.

use super::{Bench, bench, bench_with};
use crate::program::{AtomicFunction, AtomicKind, FaultOutcome, Group, Location, Operation, VectorElement, Width};
use arverify_protocol::ir::{AtomicOperation, Order, Scope, Semantics};
use arverify_protocol::verdict::Code;

const fn buffer(byte: u64) -> Location {
    Location { instance: 0, byte }
}

fn violation(bench: &mut Bench, code: Code) -> String {
    let fault = bench.fault();
    assert_eq!(fault.outcome, FaultOutcome::Violation(code));
    fault.message
}

#[test]
fn tables_and_parameters_are_read_at_once() {
    let mut bench =
        bench("ld.global.u64 %rd3, [%rd2+16]; ld.param.u32 %r1, [k_2]; ld.const.u8 %r1, [0]; st.u32 [%rd3], %r1;");
    assert_eq!(violation(&mut bench, Code::OutOfBounds), "1 bytes past the end of constant memory, which has 0 bytes");
    let mut bench = super::bench("ld.global.u64 %rd3, [%rd2+16]; ld.param.u32 %r1, [k_2]; st.u32 [%rd3], %r1;");
    assert_eq!(bench.next(), Operation::Store { at: buffer(16), data: [7, 0, 0, 0].into_iter().collect() });
    assert_eq!(bench.next(), Operation::Exit);
    assert_eq!(bench.next(), Operation::Exit);
}

#[test]
fn weak_vectors_are_one_access_and_strong_ones_several() {
    let mut bench = bench(
        "ld.global.nc.L1::no_allocate.v2.u32 {%r1, _}, [%rd1+8]; st.global.u32 [%rd1], %r1;
         ld.volatile.global.v2.u64 {%rd1, %rd4}, [%rd1+32]; st.global.u64 [%rd2], %rd4;",
    );
    assert_eq!(bench.next(), Operation::Load { at: buffer(8), bytes: 8 });
    bench.interpreter.supply_bytes(&mut bench.thread, &[1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(bench.stored(), 0x0403_0201);
    let semantics = Semantics { order: Order::Volatile, scope: Scope::Sys };
    let element = |index| VectorElement::new(index, 2);
    assert_eq!(bench.next(), Operation::Read { at: buffer(32), width: Width::Eight, semantics, element: element(0) });
    bench.supply(1);
    assert_eq!(bench.next(), Operation::Read { at: buffer(40), width: Width::Eight, semantics, element: element(1) });
    bench.supply(2);
    assert!(bench.not_understood().contains("constant"));
}

#[test]
fn small_elements_are_extended_as_their_types_say() {
    let mut bench = bench(
        "ld.relaxed.gpu.global.s8 %r1, [%rd1]; st.global.u32 [%rd1], %r1;
         ld.acquire.sys.u16 %r1, [%rd1]; st.release.sys.global.u32 [%rd1+4], %r1; st.global.u8 [%rd1+1], %r1;",
    );
    assert!(matches!(bench.next(), Operation::Read { width: Width::One, .. }));
    bench.supply(0x80);
    assert_eq!(bench.stored(), 0xffff_ff80);
    let acquire = Semantics { order: Order::Acquire, scope: Scope::Sys };
    assert_eq!(
        bench.next(),
        Operation::Read { at: buffer(0), width: Width::Two, semantics: acquire, element: VectorElement::SCALAR }
    );
    bench.supply(0x8001);
    let semantics = Semantics { order: Order::Release, scope: Scope::Sys };
    assert_eq!(
        bench.next(),
        Operation::Write {
            at: buffer(4),
            width: Width::Four,
            value: 0x8001,
            semantics,
            element: VectorElement::SCALAR
        }
    );
    assert_eq!(bench.next(), Operation::Store { at: buffer(1), data: [1].into_iter().collect() });
}

#[test]
fn atomics_and_fences_carry_order_and_scope() {
    let mut bench = bench(
        "mov.u32 %r1, -1; atom.global.add.s32 %r2, [%rd1], %r1; red.release.sys.global.add.u64 [%rd1+8], 5;
         atom.acq_rel.sys.global.cas.b32 %r3, [%rd1], 1, %r2; red.global.add.noftz.f16x2 [%rd1], %r1;
         membar.gl; fence.acq_rel.sys; red.global.v2.f32.add [%rd1], {%f1, %f2};",
    );
    let gpu = |order| Semantics { order, scope: Scope::Gpu };
    let Operation::Atomic { operand, semantics, function, returns, .. } = bench.next() else { panic!("an atomic") };
    assert_eq!((operand, semantics, returns), (0xffff_ffff, gpu(Order::Relaxed), true));
    assert_eq!(function, AtomicFunction { operation: AtomicOperation::Add, kind: AtomicKind::Signed });
    bench.supply(9);
    let Operation::Atomic { at, operand, returns, width, .. } = bench.next() else { panic!("an atomic") };
    assert_eq!((at, operand, returns, width), (buffer(8), 5, false, Width::Eight));
    let Operation::Atomic { operand, expected, .. } = bench.next() else { panic!("an atomic") };
    assert_eq!((expected, operand), (1, 9));
    bench.supply(0);
    assert!(matches!(bench.next(), Operation::Atomic { function: AtomicFunction { kind: AtomicKind::F16x2, .. }, .. }));
    assert_eq!(bench.next(), Operation::Fence { semantics: gpu(Order::Sc) });
    assert!(matches!(bench.next(), Operation::Fence { semantics: Semantics { order: Order::AcqRel, .. } }));
    assert!(matches!(bench.next(), Operation::Atomic { at: Location { byte: 0, .. }, .. }));
    assert!(matches!(bench.next(), Operation::Atomic { at: Location { byte: 4, .. }, .. }));
    assert_eq!(bench.next(), Operation::Exit);
}

#[test]
fn shared_memory_is_the_blocks_own() {
    let scope = ".shared .align 4 .b8 fixed[12];\n.extern .shared .align 16 .b8 dynamic[];";
    let mut bench = bench_with(
        scope,
        "mov.u32 %r1, dynamic; st.shared.u32 [%r1+4], %r1; st.shared.u32 [fixed+8], %r1;
         cvta.shared.u64 %rd3, fixed; st.u32 [%rd3], %r1; isspacep.shared %p1, %rd3; @!%p1 trap; st.shared.u32 [%r1+32], 0;",
        |_| None,
    );
    let store =
        |byte| Operation::Store { at: Location { instance: 101, byte }, data: [16, 0, 0, 0].into_iter().collect() };
    assert_eq!(bench.next(), store(20));
    assert_eq!(bench.next(), store(8));
    assert_eq!(bench.next(), store(0));
    assert_eq!(violation(&mut bench, Code::OutOfBounds), "4 bytes past the end of shared memory, which has 48 bytes");
}

#[test]
fn module_variables_have_places_and_contents() {
    let scope = ".global .align 4 .u32 counter = 3;\n.const .align 8 .u64 where[2] = {counter, generic(counter)+4};\n\
                 .const .align 4 .b8 small[4] = {1, 2, 3, 255};";
    let mut bench = bench_with(
        scope,
        "ld.const.u64 %rd3, [where+8]; mov.u64 %rd4, counter; sub.s64 %rd5, %rd3, %rd4; st.global.u64 [%rd1], %rd5;
         ld.const.s8 %r1, [small+3]; st.global.u32 [counter], %r1;",
        |_| None,
    );
    assert_eq!(bench.interpreter.code().globals[0].contents.bytes, [3, 0, 0, 0]);
    assert!(bench.interpreter.code().globals[0].writable);
    assert_eq!(bench.stored(), 4);
    let minus_one = Operation::Store { at: Location { instance: 10, byte: 0 }, data: [255; 4].into_iter().collect() };
    assert_eq!(bench.next(), minus_one);
}

#[test]
fn local_memory_is_private() {
    let mut bench = bench(
        ".local .align 8 .b8 stack[16]; mov.u64 %rd3, stack; cvta.local.u64 %rd4, %rd3; mov.u64 %rd5, 0x1122334455667788;
         st.local.u64 [%rd3+8], %rd5; ld.u32 %r1, [%rd4+12]; st.global.u32 [%rd1], %r1; ld.local.u8 %r1, [stack+16];",
    );
    assert_eq!(bench.stored(), 0x1122_3344);
    assert!(violation(&mut bench, Code::OutOfBounds).starts_with("1 bytes past the end of the thread's own memory"));
}

#[test]
fn stray_pointers_name_the_nearest_buffer() {
    let at = |access: &str| violation(&mut bench(access), Code::OutOfBounds);
    assert_eq!(
        at("st.global.v4.u32 [%rd1+248], {%r1, %r1, %r1, %r1};"),
        "8 bytes past the end of `buffer` of rank 0, which has 256 bytes"
    );
    assert_eq!(at("st.global.u32 [%rd1+-4], %r1;"), "4 bytes before the start of `buffer` of rank 0");
    assert_eq!(at("ld.u32 %r1, [%rd1+2];"), "misaligned: byte 2 of `buffer` of rank 0 is not a multiple of 4 bytes");
    assert_eq!(
        at("ld.volatile.global.v2.u32 {%r1, %r2}, [%rd1+4];"),
        "misaligned: byte 4 of its buffer is not a multiple of 8 bytes"
    );
    assert_eq!(at("ld.global.u64 %rd3, [%rd2+8]; ld.global.u32 %r1, [%rd3];"), "null pointer");
    assert_eq!(at("ld.global.u64 %rd3, [%rd2+8]; ld.global.u32 %r1, [%rd3+8];"), "null pointer plus 8 bytes");
    assert_eq!(
        at("mov.u64 %rd3, 0x7000000000000000; ld.u32 %r1, [%rd3];"),
        "address 0x7000000000000000 points to no buffer"
    );
}

#[test]
fn barriers_come_in_all_forms() {
    let mut bench = bench(
        "bar.sync 0; mov.u32 %r1, 3; barrier.cta.arrive %r1, 96; bar.sync %r1, 64; setp.eq.u32 %p1, %r1, 3;
         bar.red.popc.u32 %r2, 0, %p1; st.global.u32 [%rd1], %r2; barrier.sync.aligned 16;",
    );
    let Operation::Barrier(barrier) = bench.next() else { panic!("a barrier") };
    assert_eq!((barrier.group, barrier.arrive, barrier.orders), (Group::Block { id: 0, count: None }, false, true));
    let Operation::Barrier(barrier) = bench.next() else { panic!("a barrier") };
    assert_eq!((barrier.group, barrier.arrive), (Group::Block { id: 3, count: Some(96) }, true));
    assert!(matches!(bench.next(), Operation::Barrier(_)));
    let Operation::Barrier(barrier) = bench.next() else { panic!("a barrier") };
    assert_eq!(barrier.gather, Some(1));
    bench.interpreter.gathered(bench.at, &mut bench.thread, &[(0, 1), (5, 1), (9, 0)]);
    assert_eq!(bench.stored(), 2);
    assert!(violation(&mut bench, Code::BarrierDivergence).contains("does not exist"));
}

#[test]
fn special_registers_tell_the_place() {
    let store = |name: &str| bench(&format!("mov.u32 %r1, {name}; st.global.u32 [%rd1], %r1;")).stored();
    assert_eq!(store("%tid.x"), 5);
    assert_eq!(store("%ntid.y"), 4);
    assert_eq!(store("%ctaid.x"), 1);
    assert_eq!(store("%nctaid.x"), 4);
    assert_eq!(store("%laneid"), 5);
    assert_eq!(store("%lanemask_lt"), 31);
    assert_eq!(store("%lanemask_ge"), 0xffff_ffe0);
    assert_eq!(store("%dynamic_smem_size"), 32);
    let mut clock = bench("mov.u64 %rd3, %globaltimer; st.global.u64 [%rd1], %rd3;");
    assert!(clock.interpreter.assumptions().is_empty());
    assert_eq!(clock.stored(), 0);
    assert_eq!(clock.interpreter.assumptions().len(), 1);
}
