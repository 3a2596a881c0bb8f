//! Graph, live registers and polls of small kernels; and that what is not live indeed matters to nobody.

use super::{Graph, Liveness, SpinLoops};
use crate::ptx::arithmetic::evaluate;
use crate::ptx::code::{Code, Instruction, Pc, Register, Source, Step};
use crate::ptx::decode::decode;
use crate::ptx::syntax::parse;
use arverify_protocol::ir;
use proptest::prelude::*;
use std::sync::Arc;

/// The code of a kernel with this body and a pointer in `%p`, and its text.
fn code(body: &str) -> (Code, String) {
    let text = format!(
        ".version 8.0\n.target sm_90\n.address_size 64\n.entry k(.param .u64 a) {{\n\
         .reg .pred %q<9>; .reg .b32 %r<30>; .reg .b64 %rd<9>, %p;\nld.param.u64 %p, [a];\n{body}\nret;\n}}"
    );
    let source = Arc::new(ir::Source { name: "k.ptx".into(), text: text.clone() });
    let module = parse(&source).unwrap_or_else(|errors| panic!("{errors}"));
    (decode(&module, "k").unwrap_or_else(|error| panic!("{error}")), text)
}

/// The texts of the reads and exchanges in spin loops.
fn polls(body: &str) -> Vec<String> {
    let (code, text) = code(body);
    let span = |pc: Pc| code.origins[pc as usize].span.clone();
    SpinLoops::of(&code).all().map(|pc| text[span(pc).start as usize..span(pc).end as usize].to_owned()).collect()
}

/// How many registers are live before the instruction that starts with this text.
fn live_count(body: &str, at: &str) -> usize {
    let (code, text) = code(body);
    let found = code
        .origins
        .iter()
        .position(|origin| text[origin.span.start as usize..origin.span.end as usize].starts_with(at));
    let pc = found.expect("the instruction is in the kernel") as Pc;
    Liveness::of(&code).live_before(&code, pc).len()
}

#[test]
fn blocks_end_where_control_may_part() {
    let (code, _) = code(
        "mov.u32 %r1, 1; setp.eq.u32 %q1, %r1, 2; @%q1 exit; @%q1 bra B; t: .branchtargets A, B;\n\
         brx.idx %r1, t; A: add.u32 %r1, %r1, 1; B: st.global.u32 [%p], %r1;",
    );
    let graph = Graph::of(&code);
    assert_eq!(graph.blocks.iter().map(|block| block.end).max(), Some(code.instructions.len() as Pc));
    for (index, block) in graph.blocks.iter().enumerate() {
        assert_eq!((graph.block_of(block.first), graph.block_of(block.end - 1)), (index, index));
        for next in &block.successors {
            assert!(graph.blocks[*next as usize].predecessors.contains(&(index as u32)));
        }
    }
    let table = code.instructions.iter().position(|found| matches!(found.step, Step::BranchTable { .. }));
    let table = table.expect("the table was decoded") as Pc;
    assert_eq!(graph.blocks[graph.block_of(table)].successors.len(), 2);
    let exit = code.instructions.iter().position(|found| matches!(found.step, Step::Exit) && found.guard.is_some());
    assert_eq!(graph.block_of(exit.expect("the guarded exit was decoded") as Pc), 0);
    assert_eq!(graph.blocks[0].successors.as_slice(), [1]);
}

#[test]
fn what_reaches_no_effect_is_not_live() {
    // The pointer and the flag; neither the backoff nor its like.
    let body = "mov.u32 %r5, 8; mov.u32 %r6, 0;\n\
        L: ld.acquire.sys.global.u32 %r1, [%p]; nanosleep.u32 %r5; shl.b32 %r5, %r5, 1; add.u32 %r6, %r6, %r5;\n\
        setp.ne.u32 %q1, %r1, 7; @%q1 bra L; st.global.u32 [%p+4], %r1;";
    assert_eq!(live_count(body, "ld.acquire"), 1);
    assert_eq!(live_count(body, "setp"), 2);
    // The same, but the count is stored.
    assert_eq!(live_count(&body.replace("[%p+4], %r1", "[%p+4], %r6"), "ld.acquire"), 3);
}

/// A backoff that is capped by a branch, with one way and with two; and branches whose ways matter after all.
#[test]
fn branches_that_choose_nothing_that_matters_are_no_effect() {
    let body = |ways: &str| {
        format!(
            "mov.u32 %r5, 8; L: ld.acquire.sys.global.u32 %r1, [%p]; nanosleep.u32 %r5;\n\
             setp.ge.u32 %q2, %r5, 256; @%q2 bra M; {ways} M: setp.ne.u32 %q1, %r1, 7; @%q1 bra L;\n\
             st.global.u32 [%p+4], %r6;"
        )
    };
    let nothing = "shl.b32 %r5, %r5, 1;";
    assert_eq!(live_count(&body(nothing), "ld.acquire"), 2);
    assert_eq!(polls(&body(nothing)).len(), 1);
    let two = "setp.ge.u32 %q3, %r5, 64; @%q3 bra N; shl.b32 %r5, %r5, 1; bra M; N: add.u32 %r5, %r5, 8;";
    assert_eq!(live_count(&body(two), "ld.acquire"), 2);
    for matters in ["mov.u32 %r6, 1;", "st.global.u32 [%p+8], 1;", "exit;", "K: setp.ne.u32 %q3, %r5, 9; @%q3 bra K;"] {
        assert_eq!(live_count(&body(matters), "ld.acquire"), 3, "{matters}");
    }
}

#[test]
fn a_guarded_definition_leaves_the_old_value_alive() {
    let body = "mov.u32 %r1, 1; setp.eq.u32 %q1, %r2, 2; @%q1 mov.u32 %r1, 3; st.global.u32 [%p], %r1;";
    assert_eq!(live_count(body, "@%q1 mov"), 3);
    assert_eq!(live_count(&body.replace("@%q1 mov", "mov"), "mov.u32 %r1, 3"), 1);
    // A guard that decides on nothing that matters.
    assert_eq!(live_count(&body.replace("[%p], %r1", "[%p], 5"), "@%q1 mov"), 1);
}

#[test]
fn spin_loops_are_polls_whatever_their_shape() {
    let load = "ld.acquire.sys.global.u32 %r1, [%p];";
    assert_eq!(polls(&format!("L: {load} setp.ne.u32 %q1, %r1, 7; @%q1 bra L;")), [load]);
    assert_eq!(polls(&format!("bra M; L: nanosleep.u32 20; M: {load} setp.eq.u32 %q1, %r1, 7; @!%q1 bra L;")), [load]);
    let two = "L: ld.volatile.global.u32 %r1, [%p]; setp.ne.u32 %q1, %r1, 7; @%q1 bra L;\n\
               ld.volatile.global.u32 %r2, [%p+4]; setp.ne.u32 %q1, %r2, 7; @%q1 bra L;";
    assert_eq!(polls(two).len(), 2);
    let fence = format!("L: {load} fence.acq_rel.sys; setp.ne.u32 %q1, %r1, 7; @%q1 bra L;");
    assert_eq!(polls(&fence), [load]);
}

#[test]
fn a_poll_within_a_counted_loop_stays_one() {
    let load = "ld.acquire.sys.global.u32 %r1, [%p];";
    let body = format!(
        "mov.u32 %r3, 0; mov.u64 %rd1, %p; M: st.global.u32 [%rd1], %r3;\n\
         L: {load} setp.ne.u32 %q1, %r1, 7; @%q1 bra L;\n\
         add.u32 %r3, %r3, 1; setp.lt.u32 %q2, %r3, 8; @%q2 bra M;"
    );
    assert_eq!(polls(&body), [load]);
}

#[test]
fn loops_with_effects_hold_no_polls() {
    for effect in ["st.global.u32 [%p], 1;", "bar.arrive 0, 64;", "red.global.add.u32 [%p], 1;"] {
        let body = format!("L: ld.acquire.sys.global.u32 %r1, [%p]; {effect} setp.ne.u32 %q1, %r1, 7; @%q1 bra L;");
        assert!(polls(&body).is_empty(), "{effect}");
        let beside = format!(
            "L: ld.acquire.sys.global.u32 %r1, [%p]; setp.eq.u32 %q2, %r1, 9; @%q2 bra M; {effect}\n\
             M: setp.ne.u32 %q1, %r1, 7; @%q1 bra L;"
        );
        assert_eq!(polls(&beside).len(), 1, "a way round {effect}");
    }
    assert!(polls("ld.acquire.sys.global.u32 %r1, [%p]; st.global.u32 [%p], %r1;").is_empty());
}

#[test]
fn atomics_that_may_change_nothing_are_polls() {
    let spin = |atomic: &str| polls(&format!("L: {atomic} setp.ne.u32 %q1, %r1, 0; @%q1 bra L;")).len();
    assert_eq!(spin("atom.global.cas.b32 %r1, [%p], 0, 1;"), 1);
    assert_eq!(spin("atom.global.exch.b32 %r1, [%p], 1;"), 1);
    assert_eq!(spin("atom.global.add.u32 %r1, [%p], 0;"), 1);
    assert_eq!(spin("atom.global.add.u32 %r1, [%p], 1;"), 0);
}

#[test]
fn loops_over_data_are_no_polls() {
    let own = "mov.u32 %r3, 0; mov.u64 %rd1, %p; L: ld.global.u32 %r1, [%rd1]; add.u32 %r2, %r2, %r1;\n\
               add.u64 %rd1, %rd1, 4; add.u32 %r3, %r3, 1; setp.lt.u32 %q1, %r3, 8; @%q1 bra L;\n\
               st.global.u32 [%p], %r2;";
    assert!(polls(own).is_empty());
    // Without an address that moves, the counter alone ends the loop: it counts no tries.
    let still = own.replace("add.u64 %rd1, %rd1, 4;", "");
    assert!(polls(&still).is_empty());
    // A stride in a register, and a counter that goes through a move.
    assert!(polls(&still.replace("add.u32 %r3, %r3, 1;", "add.u32 %r4, %r3, %r9; mov.u32 %r3, %r4;")).is_empty());
    // One that nobody looks at.
    let faint = "L: add.u32 %r3, %r3, 1; ld.global.u32 %r1, [%p]; setp.ne.u32 %q1, %r1, 7; @%q1 bra L;";
    assert_eq!(polls(faint).len(), 1);
}

/// What counts tries, and what counts something else.
#[test]
fn tries_are_only_counted_and_compared() {
    let base = "mov.u32 %r3, 0; L: ld.global.u32 %r1, [%p]; COUNT setp.ne.u32 %q1, %r1, 7; @%q1 bra L; REST";
    let tries = |count: &str, rest: &str| {
        let (code, _) = code(&base.replace("COUNT", count).replace("REST", rest));
        let loops = SpinLoops::of(&code);
        let pc = loops.all().next()?;
        loops.at(pc).map(|spin| spin.counts_tries())
    };
    let limit = "add.u32 %r3, %r3, 1; setp.gt.u32 %q2, %r3, 9; @%q2 exit;";
    assert_eq!(tries(limit, ""), Some(true));
    assert_eq!(
        tries("setp.gt.u32 %q2, %r3, 9; @%q2 mov.u32 %r3, 0; add.u32 %r3, %r3, 1;", "st.global.u32 [%p], %r3;"),
        Some(true)
    );
    // Compared with what is read, used as an address, or made into data.
    assert_eq!(tries("add.u32 %r3, %r3, 1; setp.gt.u32 %q2, %r3, %r1; @%q2 exit;", ""), None);
    let address = "cvt.u64.u32 %rd1, %r3; add.u64 %rd1, %rd1, %p; st.global.u32 [%rd1], 1;";
    assert_eq!(tries(limit, address), None);
    assert_eq!(tries("add.u32 %r3, %r3, 1;", "mul.lo.u32 %r4, %r3, 3; st.global.u32 [%p], %r4;"), None);
    // A wait inside a loop that counts is a wait, and what counts its rounds counts no tries.
    let nested = "mov.u32 %r3, 0; M: ld.global.u32 %r1, [%p]; setp.ne.u32 %q1, %r1, 7; @%q1 bra M;\n\
                  add.u32 %r3, %r3, 1; setp.lt.u32 %q2, %r3, 3; @%q2 bra M;";
    let (code, _) = code(nested);
    let loops = SpinLoops::of(&code);
    let waits: Vec<Pc> = loops.all().collect();
    assert_eq!(waits.len(), 1);
    assert!(!loops.at(waits[0]).expect("it is in a loop").counts_tries());
}

/// Runs code for a while, with registers that are not live before each instruction overwritten if asked; what comes
/// out is every effect, in order, and whether the thread ended. Loads deliver numbers made from their address and the
/// effects so far.
fn effects(code: &Code, scramble: bool) -> (Vec<(Pc, Vec<u64>)>, bool) {
    let liveness = Liveness::of(code);
    let live: Vec<Box<[Register]>> =
        (0..code.instructions.len() as Pc).map(|pc| liveness.live_before(code, pc)).collect();
    let mut registers: Vec<u64> = (0..u64::from(code.registers)).collect();
    let mut effects = Vec::new();
    let mut pc: Pc = 0;
    for time in 0..200 {
        if scramble {
            for (index, register) in registers.iter_mut().enumerate() {
                if live[pc as usize].binary_search(&Register(index as u32)).is_err() {
                    *register ^= 0x9e37_79b9_0000_0001 + time;
                }
            }
        }
        let instruction: &Instruction = code.instruction(pc);
        let value = |source: Source, registers: &[u64]| match source {
            Source::Register(register) => registers[register.0 as usize],
            Source::Constant(value) => value,
        };
        let holds = |guard: super::super::code::Guard| (registers[guard.register.0 as usize] & 1 == 1) != guard.negated;
        if !instruction.guard.is_none_or(holds) {
            pc += 1;
            continue;
        }
        let operands: Vec<u64> = instruction.step.sources().iter().map(|source| value(*source, &registers)).collect();
        match &instruction.step {
            Step::Compute { function, destination, sources } => {
                registers[destination.0 as usize] =
                    evaluate(*function, sources.map(|source| value(source, &registers)));
            }
            Step::Load { destinations, .. } => {
                effects.push((pc, operands.clone()));
                for register in destinations.iter().flatten() {
                    registers[register.0 as usize] = (operands[0].wrapping_mul(31) + effects.len() as u64) % 5;
                }
            }
            Step::Branch { target } => {
                pc = *target;
                continue;
            }
            Step::Exit => return (effects, true),
            _ => effects.push((pc, operands)),
        }
        pc += 1;
    }
    (effects, false)
}

/// A line of a random kernel: an instruction on five registers and two predicates, or a branch to one of its lines.
fn line() -> impl Strategy<Value = String> {
    let parts = (0u8..10, 1usize..6, 1usize..6, 1usize..6, 1usize..3, 0usize..24, prop::option::of(any::<bool>()));
    parts.prop_map(|(kind, a, b, c, q, target, guard)| {
        let guard = guard.map(|negated| format!("@{}%q{} ", if negated { "!" } else { "" }, 3 - q)).unwrap_or_default();
        match kind {
            0 | 1 => format!("{guard}add.u32 %r{a}, %r{b}, %r{c};"),
            2 => format!("{guard}mov.u32 %r{a}, {target};"),
            3 => format!("{guard}xor.b32 %r{a}, %r{b}, {target};"),
            4 => format!("{guard}ld.global.u32 %r{a}, [%p+{}];", target * 4),
            5 => format!("{guard}st.global.u32 [%p+{}], %r{b};", target * 4),
            6 | 7 => format!("{guard}setp.lt.u32 %q{q}, %r{b}, %r{c};"),
            8 => format!("{guard}bra L{target};"),
            _ => format!("{guard}exit;"),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn registers_that_are_not_live_matter_to_nobody(lines in proptest::collection::vec(line(), 24)) {
        let body: Vec<String> = lines.iter().enumerate().map(|(index, line)| format!("L{index}: {line}")).collect();
        let (code, _) = code(&body.join("\n"));
        let ((effects, ended), (scrambled, also_ended)) = (effects(&code, false), effects(&code, true));
        // The ways of a branch that chooses nothing may differ in length.
        let common = effects.len().min(scrambled.len());
        prop_assert_eq!(&effects[..common], &scrambled[..common]);
        prop_assert!(!(ended && also_ended) || effects.len() == scrambled.len());
        let loops = SpinLoops::of(&code);
        let liveness = Liveness::of(&code);
        for pc in loops.all() {
            let live = liveness.live_before(&code, pc);
            prop_assert_eq!(loops.live_before(pc), Some(&*live));
        }
    }
}
