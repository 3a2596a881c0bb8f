//! What is assumed of loads before a barrier and of vectors, and what is not: each a kernel that is right under the assumption
//! and wrong without it, or wrong all the same. Both engines are asked.

use arverify_model::check::{Engine, Options, check_program_with};
use arverify_model::program::Program;
use arverify_model::ptx::launch::Overrides;
use arverify_model::ptx::load::load_assuming;
use arverify_model::ptx::program::Assuming;
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::Source;
use arverify_protocol::verdict::{Code, Verdict};
use std::sync::Arc;
use std::time::Duration;

/// What the threads of two ranks do: `%f` are flags of rank 0, `%d` its data; `%t` is the thread.
fn kernel(ranks: [&str; 2]) -> String {
    format!(
        ".version 8.3\n.target sm_90\n.address_size 64\n.visible .entry k(.param .u64 pf, .param .u64 pd, .param .u32 pr) {{\n\
         .reg .pred %p<9>;\n.reg .b32 %r<20>;\n.reg .b32 %t;\n.reg .b64 %f;\n.reg .b64 %d;\n\
         ld.param.u64 %f, [pf];\nld.param.u64 %d, [pd];\nld.param.u32 %r0, [pr];\nmov.u32 %t, %tid.x;\n\
         setp.eq.u32 %p0, %r0, 1;\nsetp.ne.u32 %p8, %t, 0;\n@%p0 bra $RANK1;\n{}\nret;\n$RANK1:\n{}\nret;\n}}\n",
        ranks[0], ranks[1]
    )
}

/// Two ranks with blocks of so many threads, one launch.
fn launch(threads: u32) -> String {
    let buffer = |name: &str| format!("[[buffer]]\nname = \"{name}\"\nbytes = 64\ndtype = \"u32\"\ninit = \"zero\"\n");
    let pointer = |name: &str| format!("[[arg]]\nptr = \"{name}\"\nrank = \"0\"\n");
    let args = format!("{}{}[[arg]]\nu32 = \"rank\"\n", pointer("f"), pointer("d"));
    let head = format!("kernel = \"k\"\nranks = 2\ngrid = 1\nblock = {threads}\nlaunches = 1\n");
    format!("{head}{}{}{args}", buffer("f"), buffer("d"))
}

/// Goes on once a flag is raised.
fn wait(flag: u32, label: &str) -> String {
    format!("{label}:\nld.relaxed.sys.global.u32 %r9, [%f+{flag}];\nsetp.eq.u32 %p7, %r9, 0;\n@%p7 bra {label};\n")
}

#[derive(Clone, Copy)]
struct Assumed {
    loads_done: bool,
    whole_vectors: bool,
}

const NOTHING: Assumed = Assumed { loads_done: false, whole_vectors: false };
const LOADS: Assumed = Assumed { loads_done: true, ..NOTHING };
const WHOLE: Assumed = Assumed { whole_vectors: true, ..NOTHING };

/// The code that the first engine finds; the second agrees, or does not know.
#[track_caller]
fn found(ranks: [&str; 2], threads: u32, assumed: Assumed) -> Option<Code> {
    let Assumed { loads_done, whole_vectors } = assumed;
    let ptx = kernel(ranks);
    let source = Arc::new(Source { name: "kernel.ptx".into(), text: ptx.clone() });
    let assuming = Assuming { polled: None, whole_vectors };
    let program = load_assuming(&source, ("launch.toml", &launch(threads)), (&Overrides::default(), 1), assuming);
    let program = Arc::new(program.unwrap_or_else(|error| panic!("{error}\n{ptx}")));
    let shape = program.shape();
    let (ranks, blocks, threads) = (shape.ranks, shape.blocks, shape.threads);
    let (data, accumulate) = (DataType::F32, Accumulate::Own);
    let sizes = Sizes { ranks, blocks, threads, elements: 0, capacity: 0, data, accumulate };
    let timeout = Some(Duration::from_secs(20));
    let options = Options { launches: 1, loads_done, whole_vectors, timeout, ..Options::new(sizes) };
    let outcome = check_program_with(&program, &options, Engine::Both);
    let agree = outcome.engines.as_ref().and_then(|engines| engines.agree());
    assert_ne!(agree, Some(false), "{:?}\n{ptx}", outcome.warnings);
    assert_ne!(outcome.verdict, Verdict::Inconclusive, "{:?}\n{ptx}", outcome.warnings);
    assert!(
        agree == Some(true)
            || outcome
                .warnings
                .iter()
                .any(|warning| warning.contains("alone") || warning.contains("no second opinion"))
    );
    outcome.findings.first().map(|finding| finding.code)
}

/// Right under the assumption, a race without it.
#[track_caller]
fn relies(ranks: [&str; 2], threads: u32) {
    assert_eq!(found(ranks, threads, LOADS), None);
    assert_eq!(found(ranks, threads, NOTHING), Some(Code::DataRace));
}

/// A race all the same.
#[track_caller]
fn races(ranks: [&str; 2], threads: u32) {
    assert_eq!(found(ranks, threads, LOADS), Some(Code::DataRace));
}

const LOAD: &str = "ld.global.u32 %r1, [%d];\n";
const BARRIER: &str = "bar.sync 0;\n";
const RAISE: &str = "@!%p8 st.relaxed.sys.global.u32 [%f], 1;\n";
const STORE: &str = "@!%p8 st.global.u32 [%d], 5;\n";

fn seen_then_stored() -> String {
    wait(0, "$A") + STORE
}

#[test]
fn loads_before_a_barrier_are_done_for_who_observes_what_is_behind_it() {
    relies([&seen_then_stored(), &[LOAD, BARRIER, RAISE].concat()], 2);
    // Whoever writes without having seen anything races.
    races([STORE, &[LOAD, BARRIER, RAISE].concat()], 2);
}

#[test]
fn loads_behind_a_barrier_are_not() {
    races([&seen_then_stored(), &[BARRIER, LOAD, RAISE].concat()], 2);
    // The other thread loads when the flag is up.
    races([&seen_then_stored(), &[RAISE, LOAD, BARRIER].concat()], 2);
}

#[test]
fn it_is_handed_on_by_whoever_has_observed_it() {
    let others = ["@%p8 bra $B;\n", &wait(0, "$A"), "st.relaxed.cta.global.u32 [%f+4], 1;\nret;\n"].concat()
        + "$B:\nld.relaxed.cta.global.u32 %r8, [%f+4];\nsetp.eq.u32 %p6, %r8, 0;\n@%p6 bra $B;\nst.global.u32 [%d], 5;\n";
    relies([&others, &[LOAD, BARRIER, RAISE].concat()], 2);
    let barrier = ["@%p8 bra $B;\n", &wait(0, "$A"), "$B:\n", BARRIER, "@%p8 st.global.u32 [%d], 5;\n"].concat();
    relies([&barrier, &[LOAD, BARRIER, RAISE].concat()], 2);
    // Through a counter that nobody looks at but who waits.
    let counts = "@!%p8 red.relaxed.sys.global.add.u32 [%f], 1;\n";
    relies([&seen_then_stored(), &[LOAD, BARRIER, counts].concat()], 2);
}

#[test]
fn strong_loads_of_narrow_scope_are_loads_and_updates_are_not() {
    let narrow = "ld.relaxed.cta.global.u32 %r1, [%d];\n";
    let strong = wait(0, "$A") + "@!%p8 st.relaxed.sys.global.u32 [%d], 5;\n";
    relies([&strong, &[narrow, BARRIER, RAISE].concat()], 2);
    let update = "@!%p8 atom.relaxed.cta.global.add.u32 %r1, [%d], 1;\n";
    races([&strong, &[update, BARRIER, RAISE].concat()], 2);
    // A store before the barrier is no load.
    races([&seen_then_stored(), &["@!%p8 st.global.u32 [%d], 6;\n", BARRIER, RAISE].concat()], 2);
}

#[test]
fn only_barriers_of_the_block_count_and_only_ordinary_loads() {
    races([&seen_then_stored(), &[LOAD, "bar.warp.sync 3;\n", RAISE].concat()], 2);
    let non_coherent = "ld.global.nc.u32 %r1, [%d];\n";
    races([&seen_then_stored(), &[non_coherent, BARRIER, RAISE].concat()], 2);
    // A named one, at which one warp arrives without waiting.
    let (first, other) = ("setp.lt.u32 %p5, %t, 32;\n@%p5 bra $F;\n", "bar.arrive 1, 64;\nret;\n$F:\n");
    let named = |before: &str, behind: &str| {
        [first, before, other, "bar.sync 1, 64;\n", behind, "@!%p8 st.relaxed.sys.global.u32 [%f], 1;\n"].concat()
    };
    let alone = ["@%p8 ret;\n", &seen_then_stored()].concat();
    relies([&alone, &named(LOAD, "")], 64);
    // Who does not wait may load when the others are past.
    let late = [first, "bar.arrive 1, 64;\n", LOAD, "ret;\n$F:\nbar.sync 1, 64;\n", RAISE].concat();
    races([&alone, &late], 64);
}

/// Waits for ever unless a register holds this.
fn demand(register: &str, value: u32) -> String {
    format!("setp.eq.u32 %p5, {register}, {value};\n@%p5 bra $OK;\n{}$OK:\n", wait(60, "$NEVER"))
}

#[test]
fn words_of_a_vector_come_together() {
    for (store, load) in [
        (
            "st.relaxed.sys.global.v4.u32 [%f], {7, 7, 7, 1};\n",
            "ld.relaxed.sys.global.v4.u32 {%r1, %r2, %r3, %r4}, [%f];\n",
        ),
        ("st.volatile.global.v2.u32 [%f], {7, 1};\n", "ld.volatile.global.v2.u32 {%r1, %r4}, [%f];\n"),
        (
            "st.relaxed.gpu.global.v4.u16 [%f], {7, 7, 7, 1};\n",
            "ld.relaxed.sys.global.v4.u16 {%h1, %h2, %h3, %h4}, [%f];\n",
        ),
    ] {
        let narrow = if store.contains("u16") { ".reg .b16 %h<9>;\n" } else { "" };
        let widen = if narrow.is_empty() { "" } else { "cvt.u32.u16 %r1, %h1;\ncvt.u32.u16 %r4, %h4;\n" };
        let test = "setp.eq.u32 %p6, %r4, 0;\n@%p6 bra $L;\n";
        let reads = [narrow, "$L:\n", load, widen, test, &demand("%r1", 7)].concat();
        let code = |assumed| found([&reads, store], 1, assumed);
        let right = if store.contains("gpu") { Some(Code::DataRace) } else { None };
        assert_eq!(code(WHOLE), right, "{store}");
        assert!(code(NOTHING).is_some(), "{store}");
    }
}

#[test]
fn vectors_are_whole_only_as_far_as_they_are_vectors() {
    let store = "st.relaxed.sys.global.v4.u32 [%f], {7, 7, 7, 1};\n";
    // Accesses of other sizes are of other sizes.
    assert_eq!(found([&wait(12, "$A"), store], 1, NOTHING), None);
    assert_eq!(found([&wait(12, "$A"), store], 1, WHOLE), Some(Code::DataRace));
    // They must be aligned as a whole.
    let askew = "st.relaxed.sys.global.v4.u32 [%f+4], {7, 7, 7, 1};\n";
    assert_eq!(found(["", askew], 1, WHOLE), Some(Code::OutOfBounds));
    // Weak ones stay weak.
    let weak = "ld.global.v4.u32 {%r1, %r2, %r3, %r4}, [%f];\n";
    assert_eq!(found([weak, store], 1, WHOLE), Some(Code::DataRace));
    // What two loads return need not be of one store.
    let test = "setp.eq.u32 %p6, %r4, 0;\n@%p6 bra $L;\n";
    let halves = "ld.relaxed.sys.global.v2.u32 {%r1, %r2}, [%f];\nld.relaxed.sys.global.v2.u32 {%r3, %r4}, [%f+8];\n";
    let reads = ["$L:\n", halves, test, &demand("%r1", 7)].concat();
    let stores = "st.relaxed.sys.global.v2.u32 [%f], {7, 7};\nst.relaxed.sys.global.v2.u32 [%f+8], {7, 1};\n";
    assert_eq!(found([&reads, stores], 1, WHOLE), Some(Code::Deadlock));
}

#[test]
fn an_older_vector_may_still_be_read_and_no_mixture() {
    // Two stores by one rank: the other reads one or the other, or none, and never parts of two.
    let stores = "st.relaxed.sys.global.v2.u64 [%f], {1, 1};\nst.relaxed.sys.global.v2.u64 [%f], {2, 2};\n";
    let reads = [
        ".reg .b64 %w<4>;\nld.relaxed.sys.global.v2.u64 {%w1, %w2}, [%f];\nsetp.eq.u64 %p4, %w1, %w2;\n@%p4 bra $SAME;\n",
        &wait(60, "$APART"),
        "$SAME:\n",
    ]
    .concat();
    assert_eq!(found([&reads, stores], 1, WHOLE), None);
    assert_eq!(found([&reads, stores], 1, NOTHING), Some(Code::Deadlock));
}

/// A launch of these steps, checked with launch boundaries that publish or without: what is found first.
#[track_caller]
fn found_in_steps(ptx: &str, launch: &str, boundary_publishes: bool) -> Option<Code> {
    let source = Arc::new(Source { name: "kernel.ptx".into(), text: ptx.to_owned() });
    let program = load_assuming(&source, ("launch.toml", launch), (&Overrides::default(), 1), Assuming::default());
    let program = Arc::new(program.unwrap_or_else(|error| panic!("{error}\n{launch}")));
    let (data, accumulate) = (DataType::F32, Accumulate::Own);
    let sizes = Sizes { ranks: 2, blocks: 1, threads: 1, elements: 0, capacity: 0, data, accumulate };
    let timeout = Some(Duration::from_secs(30));
    let options = Options { launches: program.shape().launches, boundary_publishes, timeout, ..Options::new(sizes) };
    let outcome = check_program_with(&program, &options, Engine::Both);
    let agree = outcome.engines.as_ref().and_then(|engines| engines.agree());
    assert_ne!(agree, Some(false), "{:?}\n{launch}", outcome.warnings);
    assert_ne!(outcome.verdict, Verdict::Inconclusive, "{:?}\n{launch}", outcome.warnings);
    outcome.findings.first().map(|finding| finding.code)
}

#[test]
fn a_kernel_of_a_step_knows_what_came_before_it_on_its_stream() {
    let ptx = include_str!("../../../tests/zoo/kernels/relaxed-start/good.ptx");
    let buffer =
        |name: &str, bytes: u32, keys: &str| format!("[[buffer]]\nname = \"{name}\"\nbytes = {bytes}\n{keys}\n");
    let buffers = [
        buffer("input", 32, "dtype = \"f32\"\ninit = \"random\"\nrefresh = true"),
        buffer("comm", 32, "dtype = \"f32\""),
        buffer("flags", 32, "dtype = \"u32\"\ninit = \"zero\""),
        buffer("counter", 4, "dtype = \"u32\"\ninit = \"zero\""),
        buffer("output", 32, "dtype = \"f32\""),
    ]
    .concat();
    let expected = "[expect]\nbuffer = \"output\"\nequals = \"sum\"\nof = \"input\"\n";
    let copy = |stream: u32| {
        format!("[[step]]\nstream = {stream}\ncopy = {{ to = \"comm\", from = \"input\", bytes = 32 }}\n")
    };
    let kernel = "[[step]]\nkernel = \"reduce_in_place\"\ngrid = 1\nblock = 2\nargs = [ { table = \"comm\" }, { ptr = \"output\" }, \
                  { table = \"flags\" }, { ptr = \"counter\" }, { u32 = \"rank\" } ]\n";
    let launch = |steps: &str| format!("ranks = 2\nlaunches = 1\n{buffers}{expected}{steps}");
    let in_order = launch(&(copy(0) + kernel));
    assert_eq!(found_in_steps(ptx, &in_order, true), None);
    assert_eq!(found_in_steps(ptx, &in_order, false), Some(Code::DataRace));
    // What another stream does came before no launch of this one.
    let aside = launch(&(copy(1) + kernel));
    assert_eq!(found_in_steps(ptx, &aside, true), Some(Code::DataRace));
}

#[test]
fn the_end_of_a_kernel_of_a_step_acquires_what_it_observed() {
    let pushed = |fence: &str| {
        let signal = format!("st.global.u32 [%d], 7;\n{fence}st.relaxed.sys.global.u32 [%f], 1;\n");
        kernel([&wait(0, "$A"), &signal])
    };
    let buffer = |name: &str, keys: &str| {
        format!("[[buffer]]\nname = \"{name}\"\nbytes = 64\ndtype = \"u32\"\ninit = \"zero\"\n{keys}")
    };
    let args = "args = [ { ptr = \"f\", rank = \"0\" }, { ptr = \"d\", rank = \"0\" }, { u32 = \"rank\" } ]\n";
    let step = |name: &str, args: &str| format!("[[step]]\nkernel = \"{name}\"\ngrid = 1\nblock = 1\n{args}");
    let launch = |keys: &str| {
        let buffers = buffer("f", "") + &buffer("d", keys);
        format!("ranks = 2\nlaunches = 1\n{buffers}{}", step("k", args))
    };
    let read = launch("read = true\n");
    assert_eq!(found_in_steps(&pushed("fence.acq_rel.sys;\n"), &read, true), None);
    assert_eq!(found_in_steps(&pushed("fence.acq_rel.sys;\n"), &read, false), Some(Code::DataRace));
    // Nothing was released.
    assert_eq!(found_in_steps(&pushed(""), &read, true), Some(Code::DataRace));
}
