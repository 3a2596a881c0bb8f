//! Matrices in registers: what `ldmatrix` and `stmatrix` access is checked exactly, what `mma.sync` computes is unknown, and
//! a verdict that would depend on it is open.

use arverify_model::check::{Engine, Options, Outcome, check_program_with};
use arverify_model::program::Program;
use arverify_model::ptx::launch::Overrides;
use arverify_model::ptx::load::load;
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::Source;
use arverify_protocol::verdict::{Code, Verdict};
use std::sync::Arc;
use std::time::Duration;

/// A kernel of one warp a block: `%i` and `%o` point at the thread's words of input and output, `%f` at flags, `%s` at the
/// thread's word of shared memory, `%row` at row `t mod 8` there; `%r1` to `%r9`, `%h1`, `%h2`, `%p1`, `%p2` are free.
fn kernel(body: &str) -> String {
    format!(
        ".version 8.3\n.target sm_90\n.address_size 64\n.visible .entry k(.param .u64 p_i, .param .u64 p_o, .param .u64 p_f) {{\n\
         .reg .pred %p<9>;\n.reg .b32 %r<20>;\n.reg .b16 %h<5>;\n.reg .b32 %t;\n.reg .b32 %s;\n.reg .b32 %row;\n.reg .b64 %rd<9>;\n\
         .reg .b64 %i;\n.reg .b64 %o;\n.reg .b64 %f;\n.local .align 4 .b8 own[16];\n.shared .align 16 .b8 tile[128];\n\
         ld.param.u64 %i, [p_i];\nld.param.u64 %o, [p_o];\nld.param.u64 %f, [p_f];\nmov.u32 %t, %tid.x;\n\
         mul.wide.u32 %rd1, %t, 4;\nadd.s64 %i, %i, %rd1;\nadd.s64 %o, %o, %rd1;\nmov.u32 %s, tile;\n\
         and.b32 %row, %t, 7;\nshl.b32 %row, %row, 4;\nadd.s32 %row, %row, %s;\nshl.b32 %r1, %t, 2;\nadd.s32 %s, %s, %r1;\n\
         {body}\nret;\n}}\n"
    )
}

fn launch(blocks: u32, expect: &str) -> String {
    let buffer =
        |name: &str, keys: &str| format!("[[buffer]]\nname = \"{name}\"\nbytes = 128\ndtype = \"u32\"\n{keys}\n");
    format!(
        "kernel = \"k\"\nranks = 1\ngrid = {blocks}\nblock = 32\nlaunches = 1\n{}{}{}\
         [[arg]]\nptr = \"in\"\n[[arg]]\nptr = \"out\"\n[[arg]]\nptr = \"flags\"\n{expect}",
        buffer("in", "init = \"random\"\nrefresh = true"),
        buffer("out", "init = \"zero\"\nread = true"),
        buffer("flags", "init = \"zero\""),
    )
}

const COPY: &str = "[expect]\nbuffer = \"out\"\nequals = \"copy\"\nof = \"in\"\n";

fn ask(ptx: &str, launch: &str, engine: Engine) -> Outcome {
    let source = Arc::new(Source { name: "kernel.ptx".into(), text: ptx.to_owned() });
    let program = load(&source, ("launch.toml", launch), &Overrides::default(), 1);
    let program = program.unwrap_or_else(|error| panic!("{error}\n{ptx}\n{launch}"));
    let shape = program.shape();
    let (data, accumulate) = (DataType::F32, Accumulate::Own);
    let (ranks, blocks, threads) = (shape.ranks, shape.blocks, shape.threads);
    let sizes = Sizes { ranks, blocks, threads, elements: 0, capacity: 0, data, accumulate };
    let timeout = Some(Duration::from_secs(10));
    let options = Options { launches: shape.launches, max_states: 20_000, timeout, ..Options::new(sizes) };
    check_program_with(&Arc::new(program), &options, engine)
}

fn outcome(body: &str, blocks: u32, expect: &str) -> Outcome {
    ask(&kernel(body), &launch(blocks, expect), Engine::Operational)
}

#[track_caller]
fn right(body: &str, blocks: u32, expect: &str) {
    let outcome = outcome(body, blocks, expect);
    assert_eq!(outcome.verdict, Verdict::Verified, "{:?} {:?}", outcome.findings, outcome.warnings);
    let second = ask(&kernel(body), &launch(blocks, expect), Engine::Axiomatic);
    assert_ne!(second.verdict, Verdict::Violated, "{:?}", second.findings);
}

#[track_caller]
fn wrong(body: &str, blocks: u32, code: Code) {
    let outcome = outcome(body, blocks, "");
    let found = outcome.findings.first().map(|finding| finding.code);
    assert_eq!((outcome.verdict, found), (Verdict::Violated, Some(code)), "{:?}", outcome.warnings);
    let second = ask(&kernel(body), &launch(blocks, ""), Engine::Axiomatic);
    assert_ne!(second.verdict, Verdict::Verified, "the axioms");
}

/// Open, with the instruction named, by either engine.
#[track_caller]
fn open(body: &str, blocks: u32, expect: &str) {
    for engine in [Engine::Operational, Engine::Axiomatic] {
        let outcome = ask(&kernel(body), &launch(blocks, expect), engine);
        assert_eq!(outcome.verdict, Verdict::Inconclusive, "{engine:?}: {:?} {:?}", outcome.findings, outcome.warnings);
        // A kernel that hands values to another engine's limits says those; whatever it says first names the instruction.
        let named = outcome.warnings.iter().any(|warning| warning.contains("mma.sync"));
        assert!(named || engine == Engine::Axiomatic, "{:?}", outcome.warnings);
    }
}

const FILL: &str = "ld.global.u32 %r1, [%i];\nst.shared.u32 [%s], %r1;\nbar.sync 0;\n";
const MMA: &str = "mov.u32 %r1, 0;\nmma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%r2, %r3, %r4, %r5}, {%r1, %r1, %r1, \
                   %r1}, {%r1, %r1}, {%r1, %r1, %r1, %r1};\n";

#[test]
fn ldmatrix_gives_each_lane_its_piece() {
    let load = "ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r2}, [%row];\nst.global.u32 [%o], %r2;\n";
    right(&format!("{FILL}{load}"), 1, COPY);
}

#[test]
fn a_transposed_matrix_has_its_columns_as_rows() {
    // The lower half of lane i is element i / 4 of row 2 (i mod 4), the upper that of the next row.
    let load = "ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%r2}, [%row];\n\
                mov.u32 %r6, tile;\nand.b32 %r3, %t, 3;\nshl.b32 %r3, %r3, 5;\nadd.s32 %r6, %r6, %r3;\nshr.u32 %r4, %t, 2;\n\
                shl.b32 %r4, %r4, 1;\nadd.s32 %r6, %r6, %r4;\nld.shared.u16 %h1, [%r6];\nld.shared.u16 %h2, [%r6+16];\n\
                mov.b32 %r7, {%h1, %h2};\nsetp.ne.u32 %p1, %r7, %r2;\n@%p1 trap;\n";
    right(&format!("{FILL}{load}"), 1, "");
    // What is stored transposed lies as it did.
    let back = "ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%r2}, [%row];\nbar.sync 0;\n\
                stmatrix.sync.aligned.m8n8.x1.trans.shared.b16 [%row], {%r2};\nbar.sync 0;\n\
                ld.shared.u32 %r3, [%s];\nst.global.u32 [%o], %r3;\n";
    right(&format!("{FILL}{back}"), 1, COPY);
}

#[test]
fn matrices_are_accessed_weakly() {
    let load = "ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r2}, [%row];\nst.global.u32 [%o], %r2;\n";
    let no_barrier = FILL.replace("bar.sync 0;\n", "");
    wrong(&format!("{no_barrier}{load}"), 1, Code::DataRace);
    let store = "stmatrix.sync.aligned.m8n8.x1.shared.b16 [%row], {%t};\n";
    let read = "xor.b32 %r3, %s, 64;\nld.shared.u32 %r2, [%r3];\nst.global.u32 [%o], %r2;\n";
    right(&format!("{store}bar.sync 0;\n{read}"), 1, "");
    wrong(&format!("{store}{read}"), 1, Code::DataRace);
    wrong(&format!("{FILL}add.s32 %row, %row, 4;\n{load}"), 1, Code::OutOfBounds);
}

#[test]
fn what_tensor_cores_compute_may_be_stored_and_computed_with() {
    right(&format!("{MMA}st.global.u32 [%o], %r2;\n"), 1, "");
    // Through lanes, own memory and a choice between numbers.
    let through = "shfl.sync.bfly.b32 %r6, %r2, 1, 31, -1;\nst.local.u32 [own], %r6;\nld.local.u32 %r6, [own];\n\
                   setp.gt.s32 %p1, %r6, 0;\nselp.b32 %r7, %r6, 0, %p1;\n@%p1 add.s32 %r7, %r7, 1;\nst.global.u32 [%o], %r7;\n";
    right(&format!("{MMA}{through}"), 1, "");
    let added = "red.relaxed.gpu.global.add.u32 [%f], %r2;\n";
    right(&format!("{MMA}{added}"), 2, "");
}

#[test]
fn results_that_are_compared_are_open() {
    open(&format!("{MMA}st.global.u32 [%o], %r2;\n"), 1, COPY);
    // What was overwritten with known values at once is not told from that; what never held any is.
    right(&format!("{MMA}ld.global.u32 %r6, [%i];\nst.global.u32 [%o], %r6;\n"), 1, COPY);
}

#[test]
fn whatever_must_be_known_is_open() {
    let needs = [
        "setp.gt.s32 %p1, %r2, 0;\n@%p1 bra $A;\nst.global.u32 [%o], %r1;\n$A:\n",
        "setp.gt.s32 %p1, %r2, 0;\n@%p1 st.global.u32 [%o], %r1;\n",
        "and.b32 %r6, %r2, 4;\ncvt.u64.u32 %rd2, %r6;\nadd.s64 %rd2, %rd2, %o;\nst.global.u32 [%rd2], %r1;\n",
        "atom.relaxed.gpu.global.cas.b32 %r6, [%f], %r2, 1;\n",
        "shfl.sync.bfly.b32 %r6, %r2, 1, 31, -1;\nsetp.eq.s32 %p1, %r6, 0;\n@%p1 bra $A;\nst.global.u32 [%o], %r1;\n$A:\n",
        "setp.gt.s32 %p1, %r2, 0;\nvote.sync.any.pred %p2, %p1, -1;\n@%p2 bra $A;\nst.global.u32 [%o], %r1;\n$A:\n",
        "st.shared.u32 [%s], %r2;\nbar.sync 0;\nxor.b32 %r6, %s, 4;\nld.shared.u32 %r7, [%r6];\nsetp.eq.s32 %p1, %r7, 0;\n\
         @%p1 bra $A;\nst.global.u32 [%o], %r1;\n$A:\n",
        "st.local.u32 [own], %r2;\nld.local.u32 %r6, [own];\nsetp.eq.s32 %p1, %r6, 0;\n@%p1 bra $A;\nst.global.u32 [%o], %r1;\n$A:\n",
        "bar.sync %r2;\n",
    ];
    for need in needs {
        open(&format!("{MMA}{need}"), 1, "");
    }
}

#[test]
fn a_wait_for_an_unknown_word_is_open() {
    // Block 0 says what it has computed, and block 1 waits until that is not 0.
    let body = format!(
        "mov.u32 %r8, %ctaid.x;\nsetp.eq.u32 %p1, %r8, 1;\n@%p1 bra $WAITS;\n{MMA}setp.ne.u32 %p2, %t, 0;\n\
         @%p2 bra $END;\nst.release.gpu.global.u32 [%f], %r2;\nbra $END;\n\
         $WAITS:\nld.acquire.gpu.global.u32 %r9, [%f];\nsetp.eq.u32 %p2, %r9, 0;\n@%p2 bra $WAITS;\n$END:\n"
    );
    open(&body, 2, "");
    // A flag that is known, beside data that is not.
    let known = body.replace(
        "st.release.gpu.global.u32 [%f], %r2;",
        "st.global.u32 [%o], %r2;\nst.release.gpu.global.u32 [%f], 1;",
    );
    right(&known, 2, "");
}

#[test]
fn other_matrix_instructions_are_not_understood() {
    for instruction in [
        "ldmatrix.sync.aligned.m16n16.x1.trans.shared.b8 {%r2}, [%row];\n",
        "ldmatrix.sync.aligned.m8n8.x3.shared.b16 {%r2}, [%row];\n",
        "ldmatrix.sync.aligned.m8n8.x1.b16 {%r2}, [%row];\n",
        "mma.sync.aligned.m16n8k17.row.col.f32.f16.f16.f32 {%r2}, {%r1}, {%r1}, {%r1};\n",
        "mma.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%r2}, {%r1}, {%r1}, {%r1};\n",
        "wmma.load.a.sync.aligned.row.m16n16k16.shared.f16 {%r2}, [%row];\n",
        "wgmma.fence.sync.aligned;\n",
    ] {
        assert_eq!(outcome(instruction, 1, "").verdict, Verdict::Inconclusive, "{instruction}");
    }
}
