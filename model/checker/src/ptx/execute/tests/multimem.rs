//! `multimem`: accesses to the memory of every rank, what they combine to, and the order of updates.

use super::{AT, Bench, code_for};
use crate::program::{FaultOutcome, Location, Operation, SiteIndex, VectorElement, Width};
use crate::ptx::execute::{Geometry, Interpreter, MemoryMap, RankSetting, Region, RegionKind, Setting};
use arverify_protocol::ir::{Order, Scope, Semantics};
use arverify_protocol::verdict::Code;
use std::sync::Arc;

/// A kernel on three ranks: `%rd1` is a multicast address of `buffer`, 64 bytes in each of instances 0 to 2, and `%rd2` that
/// of instance 0.
fn bench(body: &str) -> Bench {
    let code = code_for("", body, 3);
    let mut map = MemoryMap::default();
    let mut region = |rank, kind| map.add(Region { name: "buffer".into(), rank, bytes: 64, kind });
    let instances = [0, 1, 2].map(|rank| region(rank, RegionKind::Instance(rank)));
    let everywhere = region(0, RegionKind::Multicast([0, 1, 2].into()));
    let parameters = [everywhere.to_le_bytes(), instances[0].to_le_bytes(), [0; 8]].concat();
    let rank = RankSetting {
        parameters: vec![parameters.into()],
        ..RankSetting::of(Geometry { grid: [4, 1, 1], block: [8, 4, 2], cluster: [1; 3] })
    };
    let interpreter =
        Interpreter::new(Arc::new(code), Arc::new(Setting { map, ranks: vec![rank; 3], copies: None }), None);
    let thread = interpreter.start();
    Bench { interpreter, thread, at: AT }
}

fn at(instance: u32, byte: u64) -> Location {
    Location { instance, byte }
}

fn element(index: usize, count: usize, adjacent: u16) -> VectorElement {
    VectorElement { adjacent, ..VectorElement::new(index, count) }
}

const SYS: Semantics = Semantics { order: Order::Relaxed, scope: Scope::Sys };

fn refused(body: &str) -> String {
    let mut bench = bench(body);
    let fault = bench.fault();
    assert_eq!(fault.outcome, FaultOutcome::Violation(Code::OutOfBounds));
    fault.message
}

#[test]
fn weak_accesses_are_one_for_each_rank() {
    let mut bench = bench(
        "multimem.ld_reduce.add.v2.f32 {%f1, _}, [%rd1+8]; multimem.st.global.f32 [%rd1], %f1; st.global.f32 [%rd2], %f1;",
    );
    for (rank, value) in [1.0_f32, 2.0, 4.0].into_iter().enumerate() {
        assert_eq!(bench.next(), Operation::Load { at: at(rank as u32, 8), bytes: 8 });
        bench.interpreter.supply_bytes(&mut bench.thread, &[value.to_le_bytes(), [0; 4]].concat());
    }
    for rank in 0..3 {
        assert_eq!(bench.next(), Operation::Store { at: at(rank, 0), data: 7_f32.to_le_bytes().into_iter().collect() });
    }
    assert_eq!(bench.stored(), u64::from(7_f32.to_bits()));
}

#[test]
fn strong_accesses_are_elements_in_no_order() {
    let mut bench = bench(
        "multimem.ld_reduce.relaxed.sys.global.max.v2.f16 {%rs1, %rs2}, [%rd1];
         multimem.st.relaxed.sys.f16x2 [%rd1+4], %r1; st.global.u16 [%rd2], %rs2;",
    );
    for index in 0..6 {
        let (location, element) = (at(index as u32 / 2, index % 2 * 2), element(index as usize, 6, 2));
        let read = Operation::Read { at: location, width: Width::Two, semantics: SYS, element };
        assert_eq!(bench.next(), read);
        // 1.0, 2.0 and so on are ascending.
        bench.supply([0x3c00, 0x4000, 0x4400, 0x4800, 0x4c00, 0x5000][index as usize]);
    }
    for index in 0..6 {
        let Operation::Write { at: location, width, element: found, .. } = bench.next() else { panic!("a write") };
        assert_eq!((location, width), (at(index as u32 / 2, 4 + index % 2 * 2), Width::Two));
        assert_eq!(found, element(index as usize, 6, 2));
    }
    assert_eq!(bench.stored(), 0x5000);
}

#[test]
fn values_are_combined_in_the_order_of_ranks() {
    // 2048 + 1 is rounded to 2048 in 16 bits; in 32 it is not.
    for (accumulated, sum) in [("", 0x6800), (".acc::f32", 0x6801)] {
        let mut bench =
            bench(&format!("multimem.ld_reduce.add{accumulated}.f16x2 %r1, [%rd1]; st.global.u32 [%rd2], %r1;"));
        for halves in [[0x6800_u16, 0], [0x3c00, 0], [0x3c00, 0]] {
            bench.next();
            bench.interpreter.supply_bytes(&mut bench.thread, &halves.map(u16::to_le_bytes).concat());
        }
        assert_eq!(bench.stored(), sum, "{accumulated}");
    }
    for (kind, result) in [("min.s32", 0xffff_ffff), ("max.u32", 0xffff_ffff), ("add.u32", 5), ("xor.b32", 0xffff_fffb)]
    {
        let mut bench =
            bench(&format!("multimem.ld_reduce.acquire.gpu.{kind} %r1, [%rd1]; st.global.u32 [%rd2], %r1;"));
        for value in [1, 0xffff_ffff, 5] {
            bench.next();
            bench.supply(value);
        }
        assert_eq!(bench.stored(), result, "{kind}");
    }
}

#[test]
fn updates_come_in_every_order() {
    let start = || bench("multimem.red.release.sys.global.add.u32 [%rd1], 5; st.global.u32 [%rd2], 1;");
    let mut orders = Vec::new();
    let mut open = vec![(start(), Vec::new())];
    while let Some((mut bench, mut made)) = open.pop() {
        let (operation, site): (Operation, SiteIndex) =
            bench.interpreter.next(AT, &mut bench.thread).expect("the thread does nothing wrong");
        let Operation::Atomic { at, element, operand: 5, returns: false, .. } = operation else {
            orders.push(made);
            continue;
        };
        assert_eq!((u32::from(element.index), usize::from(element.made)), (at.instance, made.len()));
        if bench.interpreter.may_put_off(&bench.thread, site.0) {
            let mut other = Bench { thread: bench.thread.clone(), interpreter: bench.interpreter.clone(), at: AT };
            other.interpreter.put_off(&mut other.thread, site.0);
            assert!(other.thread.has_put_off(site.0));
            open.push((other, made.clone()));
        }
        made.push(at.instance);
        open.push((bench, made));
    }
    orders.sort();
    orders.dedup();
    assert_eq!(orders, [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]);
}

#[test]
fn addresses_are_of_one_kind_or_the_other() {
    assert_eq!(
        refused("ld.global.u32 %r1, [%rd1];"),
        "a multicast address of `buffer`: only `multimem` instructions may access it"
    );
    assert_eq!(
        refused("multimem.st.u32 [%rd2], 1;"),
        "an address of `buffer` of rank 0, which is no multicast address: `multimem` instructions access no other"
    );
    assert_eq!(
        refused("multimem.st.u32 [%rd1+64], 1;"),
        "4 bytes past the end of `buffer`, at a multicast address; it has 64 bytes"
    );
    assert_eq!(
        refused("multimem.ld_reduce.add.v4.f32 {%f1, %f2, %f3, %f4}, [%rd1+8];"),
        "misaligned: byte 8 of `buffer`, at a multicast address, is not a multiple of 16 bytes"
    );
    assert!(refused("multimem.red.relaxed.sys.add.v2.f32 [%rd1+4], {%f1, %f2};").starts_with("misaligned"));
}

#[test]
fn what_the_assembler_refuses_is_not_understood() {
    for (instruction, reason) in [
        ("multimem.ld_reduce.relaxed.add.u32 %r1, [%rd1];", "expected a scope"),
        ("multimem.st.weak.sys.u32 [%rd1], 1;", "a weak access has no scope"),
        ("multimem.red.gpu.add.u32 [%rd1], 1;", "expected an order before the scope"),
        ("multimem.red.acquire.sys.add.u32 [%rd1], 1;", "expected an order before the scope"),
        ("multimem.ld_reduce.add.s64 %rd3, [%rd1];", "no such operation"),
        ("multimem.ld_reduce.min.f32 %f1, [%rd1];", "no such operation"),
        ("multimem.ld_reduce.add.f16 %rs1, [%rd1];", "no such operation"),
        ("multimem.st.v2.u32 [%rd1], {%r1, %r2};", "no such operation"),
        ("multimem.red.min.f16x2 [%rd1], %r1;", "no such operation"),
        ("multimem.ld_reduce.min.acc::f32.f16x2 %r1, [%rd1];", "`.acc::f32` belongs to"),
        ("multimem.ld_reduce.add.acc::f32.f32 %f1, [%rd1];", "`.acc::f32` belongs to"),
        ("multimem.ld_reduce.add.acc::f16.e4m3x4 %r1, [%rd1];", "expected a type"),
        ("multimem.cp.u32 [%rd1], 1;", "expected an operation"),
    ] {
        let said = bench(instruction).not_understood();
        assert!(said.contains(reason), "{instruction}: {said}");
    }
}
