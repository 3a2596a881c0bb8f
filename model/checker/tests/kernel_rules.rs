//! Rules that only kernels show: the host's accesses beside strong ones, launch boundaries through others, warps at
//! barriers, loads that are not coherent, and what random inputs hold. Each has a kernel that is wrong and one that is
//! right, which differ in what the rule is about.

use arverify_model::check::{Engine, Options, Outcome, check_program_with};
use arverify_model::program::Program;
use arverify_model::ptx::launch::Overrides;
use arverify_model::ptx::load::load;
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::Source;
use arverify_protocol::verdict::{Code, Verdict};
use std::sync::Arc;

/// What a thread does, by rank: `%f0` and `%f1` are the flags of ranks 0 and 1, `%d0` and `%d1` their data, `%o0` and `%o1`
/// their outputs; `%e` counts launches from 1, `%t` is the thread, `%r1` to `%r9` and `%p1` to `%p3` are free.
fn kernel(ranks: [&str; 2]) -> String {
    let pointers = ["f0", "f1", "d0", "d1", "o0", "o1"];
    let declared: String = pointers.iter().map(|name| format!(".param .u64 p_{name}, ")).collect();
    let loaded: String = pointers.iter().map(|name| format!("ld.param.u64 %{name}, [p_{name}];\n")).collect();
    let registers: String = pointers.iter().map(|name| format!(".reg .b64 %{name};\n")).collect();
    format!(
        ".version 8.3\n.target sm_90\n.address_size 64\n.visible .entry k({declared}.param .u32 p_e, .param .u32 p_r) {{\n\
         .reg .pred %p<9>;\n.reg .b32 %r<20>;\n.reg .b32 %e;\n.reg .b32 %t;\n.reg .b64 %rd<9>;\n{registers}{loaded}\
         ld.param.u32 %e, [p_e];\nld.param.u32 %r0, [p_r];\nmov.u32 %t, %tid.x;\nsetp.eq.u32 %p0, %r0, 1;\n\
         @%p0 bra $RANK1;\n{}\nret;\n$RANK1:\n{}\nret;\n}}\n",
        ranks[0], ranks[1]
    )
}

/// How it is launched: `data` and `output` are further keys of these buffers, `end` further tables.
fn launch(ranks: u32, threads: u32, launches: u32, [data, output, end]: [&str; 3]) -> String {
    let buffer = |name: &str, bytes: u32, keys: &str| {
        format!("[[buffer]]\nname = \"{name}\"\nbytes = {bytes}\ndtype = \"u32\"\n{keys}\n")
    };
    let last = ranks - 1;
    let pointers = ["f", "d", "o"]
        .map(|name| format!("[[arg]]\nptr = \"{name}\"\nrank = \"0\"\n[[arg]]\nptr = \"{name}\"\nrank = \"{last}\"\n"));
    format!(
        "kernel = \"k\"\nranks = {ranks}\ngrid = 1\nblock = {threads}\nlaunches = {launches}\n{}{}{}{}\
         [[arg]]\nu32 = \"launch + 1\"\n[[arg]]\nu32 = \"rank\"\n{end}",
        buffer("f", 64, "init = \"zero\""),
        buffer("d", 4 * threads, data),
        buffer("o", 4 * threads, output),
        pointers.concat(),
    )
}

fn outcome(ptx: &str, launch: &str, change: impl FnOnce(&mut Options)) -> Outcome {
    let source = Arc::new(Source { name: "kernel.ptx".into(), text: ptx.to_owned() });
    let program = load(&source, ("launch.toml", launch), &Overrides::default(), 1);
    let program = program.unwrap_or_else(|error| panic!("{error}\n{ptx}\n{launch}"));
    let shape = program.shape();
    let (data, accumulate) = (DataType::F32, Accumulate::Own);
    let (ranks, blocks, threads) = (shape.ranks, shape.blocks, shape.threads);
    let sizes = Sizes { ranks, blocks, threads, elements: 0, capacity: 0, data, accumulate };
    let mut options = Options { launches: shape.launches, max_states: 20_000, ..Options::new(sizes) };
    change(&mut options);
    check_program_with(&Arc::new(program), &options, Engine::Operational)
}

#[track_caller]
fn wrong(outcome: &Outcome, code: Code) {
    let found = outcome.findings.first().map(|finding| finding.code);
    assert_eq!((outcome.verdict, found), (Verdict::Violated, Some(code)), "{:?}", outcome.warnings);
}

#[track_caller]
fn right(outcome: &Outcome) {
    assert_eq!(outcome.verdict, Verdict::Verified, "{:?} {:?}", outcome.findings, outcome.warnings);
}

const REFRESHED: &str = "init = \"random\"\nrefresh = true";

/// A wait until a flag has come to this launch; `label` must be new in the kernel.
fn wait(order: &str, flag: &str, label: &str) -> String {
    format!("${label}:\nld.{order}.sys.global.u32 %r9, [{flag}];\nsetp.lt.u32 %p3, %r9, %e;\n@%p3 bra ${label};\n")
}

/// Both ranks meet, read the peer's refreshed word strongly, and meet again in this order.
fn read_peer(order: &str) -> String {
    let rank = |mine: &str, peer: &str, data: &str, name: &str| {
        let meet = |at: u32, order: [&str; 2]| {
            format!("st.{}.sys.global.u32 [{peer}+{at}], %e;\n", order[0])
                + &wait(order[1], &format!("{mine}+{at}"), &format!("{name}{at}"))
        };
        meet(0, ["release", "acquire"])
            + &format!("ld.relaxed.sys.global.u32 %r1, [{data}];\n")
            + &meet(4, if order == "relaxed" { ["relaxed", "relaxed"] } else { ["release", "acquire"] })
    };
    kernel([&rank("%f0", "%f1", "%d1", "A"), &rank("%f1", "%f0", "%d0", "B")])
}

#[test]
fn a_refresh_races_with_strong_reads_in_no_order() {
    let launch = launch(2, 1, 2, [REFRESHED, "init = \"zero\"", ""]);
    wrong(&outcome(&read_peer("relaxed"), &launch, |_| ()), Code::DataRace);
    right(&outcome(&read_peer("release"), &launch, |_| ()));
}

#[test]
fn strong_reads_see_what_was_refreshed() {
    let own = "ld.relaxed.sys.global.u32 %r1, [%d0];\nst.global.u32 [%o0], %r1;\n";
    let copy = "[expect]\nbuffer = \"o\"\nequals = \"copy\"\nof = \"d\"\n";
    right(&outcome(&kernel([own, ""]), &launch(1, 1, 3, [REFRESHED, "", copy]), |_| ()));
}

#[test]
fn flags_that_the_host_zeroes_may_be_in_flight() {
    let zeroed = "init = \"zero\"\nrefresh = true";
    let signal = kernel(["", "st.relaxed.sys.global.u32 [%d0], 1;\n"]);
    wrong(&outcome(&signal, &launch(2, 1, 2, [zeroed, "", ""]), |_| ()), Code::ZeroingRace);
}

/// Rank 1 pushes into rank 0's output and signals; only the host reads what was pushed.
fn push(order: &str, push: &str) -> String {
    let signal = |order: &str| format!("{push}.global.u32 [%o0], 7;\nst.{order}.sys.global.u32 [%f0], %e;\n");
    match order {
        "relaxed" => kernel([&wait("relaxed", "%f0", "A"), &signal("relaxed")]),
        _ => kernel([&wait("acquire", "%f0", "A"), &signal("release")]),
    }
}

#[test]
fn what_the_host_reads_races_with_pushes_weak_or_strong() {
    let read = launch(2, 1, 1, ["init = \"zero\"", "read = true", ""]);
    let unread = launch(2, 1, 1, ["init = \"zero\"", "", ""]);
    for store in ["st", "st.relaxed.sys"] {
        wrong(&outcome(&push("relaxed", store), &read, |_| ()), Code::DataRace);
        right(&outcome(&push("release", store), &read, |_| ()));
        let nobody = outcome(&push("relaxed", store), &unread, |_| ());
        right(&nobody);
        assert!(nobody.warnings.iter().any(|warning| warning.starts_with("`o` is written")), "{:?}", nobody.warnings);
    }
}

#[test]
fn findings_name_the_part_and_the_byte_within_it() {
    let late = kernel(["", "setp.ne.u32 %p1, %t, 0;\n@%p1 ret;\nst.global.u32 [%d0+24], 7;\n"]);
    let heap =
        "part = [ { name = \"words\", offset = 16, bytes = 16, dtype = \"u32\", init = \"zero\", read = true } ]";
    let found = outcome(&late, &launch(2, 8, 1, [heap, "", ""]), |_| ());
    wrong(&found, Code::DataRace);
    let finding = &found.findings[0];
    assert!(finding.message.starts_with("data race on `words` of rank 0"), "{}", finding.message);
    let location = finding.location.as_ref().map(|at| (at.buffer.as_str(), at.rank, at.byte));
    assert_eq!(location, Some(("words", 0, 8)));
    // Beside it, nobody looks.
    let beside = kernel(["", "setp.ne.u32 %p1, %t, 0;\n@%p1 ret;\nst.global.u32 [%d0+8], 7;\n"]);
    let found = outcome(&beside, &launch(2, 8, 1, [heap, "", ""]), |_| ());
    right(&found);
    assert!(found.warnings.iter().any(|warning| warning.starts_with("`d` is written")), "{:?}", found.warnings);
}

#[test]
fn a_check_says_what_nobody_looks_at() {
    let quiet = kernel(["ld.global.u32 %r1, [%d0];\nst.global.u32 [%o0], %r1;\n", ""]);
    let said = |launch: &str, words: &str| {
        let found = outcome(&quiet, launch, |_| ());
        right(&found);
        found.warnings.iter().any(|warning| warning.contains(words))
    };
    let expect = "[expect]\nbuffer = \"o\"\nequals = \"copy\"\nof = \"d\"\n";
    let bare = launch(1, 1, 2, ["init = \"random\"", "", ""]);
    let stale = launch(1, 1, 2, ["init = \"random\"", "", expect]);
    let fresh = launch(1, 1, 2, [REFRESHED, "", expect]);
    assert!(said(&bare, "no result is checked"));
    assert!(!said(&stale, "no result is checked") && said(&stale, "is not refreshed"));
    assert!(!said(&fresh, "is not refreshed") && !said(&fresh, "is written"));
}

/// Every rank adds to rank 0's counter, whoever sees `enough` of it reads rank 1's refreshed word.
fn counted(enough: u32) -> String {
    let count = "red.relaxed.sys.global.add.u32 [%f0], 1;\n";
    let waits = format!(
        "{count}$A:\nld.relaxed.sys.global.u32 %r1, [%f0];\nsetp.lt.u32 %p1, %r1, {enough};\n@%p1 bra $A;\n\
         ld.global.u32 %r2, [%d1];\n"
    );
    kernel([&waits, count])
}

#[test]
fn a_launch_boundary_goes_through_chains_of_updates() {
    let launch = launch(2, 1, 1, [REFRESHED, "", ""]);
    let assumed = |options: &mut Options| options.boundary_publishes = true;
    right(&outcome(&counted(2), &launch, assumed));
    wrong(&outcome(&counted(2), &launch, |_| ()), Code::DataRace);
    // The own addition may be the only one so far.
    wrong(&outcome(&counted(1), &launch, assumed), Code::DataRace);
}

#[test]
fn a_launch_boundary_goes_through_others() {
    // Rank 1 tells thread 0 of rank 0, which tells thread 1 by a flag or by the block's barrier.
    let first = format!("setp.ne.u32 %p1, %t, 0;\n@%p1 bra $OTHER;\n{}", wait("relaxed", "%f0", "A"));
    let by_flag = first.clone()
        + "st.relaxed.cta.global.u32 [%f0+4], %e;\nret;\n$OTHER:\n$B:\nld.relaxed.cta.global.u32 %r9, [%f0+4];\n\
           setp.lt.u32 %p3, %r9, %e;\n@%p3 bra $B;\nld.global.u32 %r2, [%d1];\n";
    let by_barrier = first + "$OTHER:\nbar.sync 0;\nld.global.u32 %r2, [%d1];\n";
    let signal = "setp.ne.u32 %p1, %t, 0;\n@%p1 bra $END;\nst.relaxed.sys.global.u32 [%f0], %e;\n$END:\n";
    let launch = launch(2, 2, 1, [REFRESHED, "", ""]);
    for way in [by_flag, by_barrier] {
        let kernel = kernel([&way, signal]);
        right(&outcome(&kernel, &launch, |options| options.boundary_publishes = true));
        wrong(&outcome(&kernel, &launch, |_| ()), Code::DataRace);
    }
}

#[test]
fn the_end_of_a_launch_acquires_what_it_observed() {
    let push = |fence: &str| {
        let signal = format!("st.global.u32 [%o0], 7;\n{fence}st.relaxed.sys.global.u32 [%f0], %e;\n");
        kernel([&wait("relaxed", "%f0", "A"), &signal])
    };
    let launch = launch(2, 1, 1, ["init = \"zero\"", "read = true", ""]);
    let assumed = |options: &mut Options| options.boundary_publishes = true;
    right(&outcome(&push("fence.acq_rel.sys;\n"), &launch, assumed));
    wrong(&outcome(&push("fence.acq_rel.sys;\n"), &launch, |_| ()), Code::DataRace);
    // Nothing was released.
    wrong(&outcome(&push(""), &launch, assumed), Code::DataRace);
}

/// The even threads of a warp do this, the odd ones that.
fn divergent(even: &str, odd: &str) -> String {
    let body = format!("and.b32 %r1, %t, 1;\nsetp.ne.u32 %p1, %r1, 0;\n@%p1 bra $ODD;\n{even}\nret;\n$ODD:\n{odd}\n");
    kernel([&body, ""])
}

#[test]
fn an_aligned_barrier_is_one_instruction_for_a_warp() {
    let bare = |threads: u32| launch(1, threads, 1, ["init = \"zero\"", "", ""]);
    for threads in [2, 32, 64] {
        wrong(&outcome(&divergent("bar.sync 0;", "bar.sync 0;"), &bare(threads), |_| ()), Code::BarrierDivergence);
        right(&outcome(&divergent("barrier.sync 0;", "barrier.sync 0;"), &bare(threads), |_| ()));
        wrong(&outcome(&divergent("barrier.sync 0;", "bar.sync 0;"), &bare(threads), |_| ()), Code::BarrierDivergence);
        // One half never comes.
        wrong(&outcome(&divergent("barrier.sync 0;", ""), &bare(threads), |_| ()), Code::BarrierDivergence);
    }
    // Warps may be at different ones.
    let warps = "setp.ge.u32 %p1, %t, 32;\n@%p1 bra $ODD;\nbar.sync 0;\nret;\n$ODD:\nbar.sync 0;\n";
    right(&outcome(&kernel([warps, ""]), &bare(64), |_| ()));
}

#[test]
fn a_warp_counts_whole_and_once() {
    let bare = |threads: u32| launch(1, threads, 1, ["init = \"zero\"", "", ""]);
    // Half of a warp is not all of it, and both halves are one warp.
    let halves = divergent("barrier.sync 1, 32;", "barrier.sync 1, 32;");
    right(&outcome(&halves, &bare(32), |_| ()));
    right(&outcome(&halves, &bare(8), |_| ()));
    let both = divergent("barrier.sync 1, 64;", "barrier.sync 1, 64;");
    right(&outcome(&both, &bare(64), |_| ()));
    right(&outcome(&both, &bare(33), |_| ()));
    wrong(&outcome(&both, &bare(32), |_| ()), Code::BarrierDivergence);
    wrong(&outcome(&divergent("barrier.sync 1, 16;", ""), &bare(32), |_| ()), Code::BarrierDivergence);
    // Lanes that have exited are not waited for where there is a count.
    let some = "setp.ge.u32 %p1, %t, 20;\n@%p1 bra $END;\nbarrier.sync 1, 32;\n$END:\n";
    right(&outcome(&kernel([some, ""]), &bare(32), |_| ()));
}

/// Warp 0 fills a word of shared memory and arrives, twice; warp 1 waits and reads. `back` tells warp 0 that it has.
fn laps(back: [&str; 2]) -> String {
    let fill = "st.shared.u32 [sm], %e;\nbar.arrive 2, 64;\n";
    let take = "bar.sync 2, 64;\nld.shared.u32 %r2, [sm];\n";
    let body = format!(
        ".shared .align 4 .b8 sm[4];\nmov.u32 %r3, 0;\nsetp.ge.u32 %p1, %t, 32;\n@%p1 bra $ODD;\n\
         setp.ne.u32 %p2, %t, 0;\n{}{}{}ret;\n$ODD:\n{take}{}{take}",
        fill.replace("st.shared", "@!%p2 st.shared"),
        back[0],
        fill.replace("st.shared", "@!%p2 st.shared"),
        back[1],
    );
    kernel([&body, ""])
}

#[test]
fn who_completes_a_named_barrier_is_explored() {
    let launch = launch(1, 64, 1, ["init = \"zero\"", "", ""]);
    right(&outcome(&laps(["bar.sync 3, 64;\n", "bar.arrive 3, 64;\n"]), &launch, |_| ()));
    let lapped = outcome(&laps(["", ""]), &launch, |_| ());
    assert_eq!(lapped.verdict, Verdict::Violated);
    // Without data there is no race, and warp 1 is left waiting in one order only.
    let empty = laps(["", ""]).replace("ld.shared", "//").replace("@!%p2 st.shared", "//");
    wrong(&outcome(&empty, &launch, |_| ()), Code::BarrierDivergence);
}

#[test]
fn a_load_that_is_not_coherent_reads_for_its_whole_launch() {
    let loads = |path: &str| format!("ld.global{path}.u32 %r1, [%d0];\n");
    let stores = "st.global.u32 [%d0], 1;\n";
    let signal = "st.release.sys.global.u32 [%f0], %e;\n";
    let one = launch(2, 1, 1, ["init = \"zero\"", "", ""]);
    let back = launch(2, 1, 2, [REFRESHED, "", ""]);
    for (path, verdict) in [("", Verdict::Verified), (".nc", Verdict::Violated)] {
        let after = kernel([&(wait("acquire", "%f0", "A") + &loads(path)), &format!("{stores}{signal}")]);
        let before = kernel([&(loads(path) + signal), &(wait("acquire", "%f0", "A") + stores)]);
        let own = kernel([&(loads(path) + stores), ""]);
        for (name, kernel) in [("after", &after), ("before", &before), ("own", &own)] {
            let found = outcome(kernel, &one, |_| ());
            assert_eq!(found.verdict, verdict, "{name} {path}: {:?}", found.findings);
            for finding in &found.findings {
                assert_eq!(finding.code, Code::DataRace);
                assert!(finding.notes.iter().any(|note| note.contains("ld.global.nc")), "{:?}", finding.notes);
            }
        }
        right(&outcome(&kernel([&loads(path), ""]), &back, |_| ()));
    }
    // What an earlier launch has written may be read.
    let last = "setp.ne.u32 %p1, %e, 1;\n@!%p1 st.global.u32 [%d0], 1;\n@%p1 ld.global.nc.u32 %r1, [%d0];\n";
    right(&outcome(&kernel([last, ""]), &launch(1, 1, 3, ["init = \"zero\"", "", ""]), |_| ()));
}

#[test]
fn branches_on_data_that_went_one_way_are_said() {
    let branch = |test: &str| {
        let body = format!(
            "mul.wide.u32 %rd1, %t, 4;\nadd.u64 %rd2, %d0, %rd1;\nld.global.u32 %r1, [%rd2];\n{test}\n@%p1 bra $X;\n\
             mov.u32 %r1, 0;\n$X:\nadd.u64 %rd3, %o0, %rd1;\nst.global.u32 [%rd3], %r1;\n"
        );
        let found = outcome(&kernel([&body, ""]), &launch(1, 8, 3, [REFRESHED, "read = true", ""]), |_| ());
        right(&found);
        found.warnings.iter().any(|warning| warning.contains("went one way"))
    };
    assert!(branch("setp.ge.u32 %p1, %r1, 0;"));
    assert!(!branch("and.b32 %r2, %r1, 1;\nsetp.eq.u32 %p1, %r2, 1;"));
    assert!(!branch("setp.eq.u32 %p1, %r1, 0;"), "some are zero");
    assert!(!branch("setp.ge.u32 %p1, %t, 0;"), "this is not about data");
}

#[test]
fn both_zeros_are_one_result_unless_told_apart() {
    let negated = "ld.global.f32 %f9, [%d0];\nneg.f32 %f9, %f9;\nst.global.f32 [%o0], %f9;\n";
    let kernel = kernel([&format!(".reg .f32 %f9;\n{negated}"), ""]);
    let float = |zero: &str| {
        let expect = format!("[expect]\nbuffer = \"o\"\nequals = \"copy\"\nof = \"d\"\n{zero}");
        launch(1, 1, 1, ["init = \"zero\"", "", &expect]).replace("dtype = \"u32\"", "dtype = \"f32\"")
    };
    right(&outcome(&kernel, &float(""), |_| ()));
    right(&outcome(&kernel, &float("zero = \"equal\"\n"), |_| ()));
    wrong(&outcome(&kernel, &float("zero = \"exact\"\n"), |_| ()), Code::WrongResult);
}

#[test]
fn a_verdict_is_vacuous_only_where_nothing_comes_from_a_peer() {
    let two = launch(2, 1, 1, ["init = \"zero\"", "read = true", ""]);
    let vacuous = |receives: &str, sends: &str| {
        let found = outcome(&kernel([receives, sends]), &two, |_| ());
        right(&found);
        found.warnings.iter().any(|warning| warning.contains("vacuous"))
    };
    let signal = "st.release.sys.global.u32 [%f0], %e;\n";
    assert!(vacuous(&wait("acquire", "%f0", "A"), signal), "flags alone are no data");
    let packet = wait("relaxed", "%f0", "A") + "st.global.u32 [%o0], %r9;\n";
    assert!(!vacuous(&packet, "st.relaxed.sys.global.u32 [%f0], 5;\n"), "a packet is");
    let pushed = wait("acquire", "%f0", "A");
    assert!(!vacuous(&pushed, &format!("st.relaxed.sys.global.u32 [%d0], 7;\n{signal}")), "so is a strong push");
    let swap = "$A:\natom.acquire.sys.global.cas.b32 %r1, [%f0], %e, 0;\nsetp.ne.u32 %p1, %r1, %e;\n@%p1 bra $A;\n";
    assert!(!vacuous(swap, signal), "and what a compare-and-swap waits for");
    // The axioms, who decide it for its load buffering, count no waits; the machine has.
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/zoo/kernels/vote-barrier");
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).expect("a file of the kernel");
    let voted = outcome(&text("good.ptx"), &text("launch.toml").replace("launches = 2", "launches = 1"), |_| ());
    right(&voted);
    let said = |words: &str| voted.warnings.iter().any(|warning| warning.contains(words));
    assert!(said("load buffering") && !said("vacuous"), "and a vote: {:?}", voted.warnings);
}

#[test]
fn a_word_with_a_long_past_keeps_the_limit_of_time() {
    // Nobody has seen the other's updates: every one has all others beside it, and they never end.
    let endless = |label: &str| {
        format!(
            "$A{label}:\nsetp.ne.u32 %p1, %t, 0;\n@%p1 bra $B{label};\natom.relaxed.sys.global.add.u32 %r5, [%f0], 1;\n\
             $B{label}:\nbar.sync 0;\nbra.uni $A{label};\n"
        )
    };
    let text = kernel([&endless("0"), &endless("1")]);
    let found = outcome(&text, &launch(2, 2, 1, ["", "", ""]), |options| {
        options.timeout = Some(std::time::Duration::from_secs(1));
    });
    assert_eq!(found.verdict, Verdict::Inconclusive, "{:?}", found.findings);
}

#[test]
fn what_atomics_and_groups_of_copies_order_is_not_vacuous() {
    let zoo = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/zoo/kernels");
    for name in ["last-block", "async-groups"] {
        let text = |file: &str| std::fs::read_to_string(zoo.join(name).join(file)).expect("a file of the kernel");
        let found = outcome(&text("good.ptx"), &text("launch.toml"), |_| ());
        right(&found);
        assert!(!found.warnings.iter().any(|warning| warning.contains("vacuous")), "{name}: {:?}", found.warnings);
    }
    // Whoever counts without acquiring anything has synchronised with nobody.
    let is_vacuous = |order: &str| {
        let counts = format!(
            "mul.wide.u32 %rd1, %t, 4;\nadd.s64 %rd1, %o0, %rd1;\natom.{order}.sys.global.add.u32 %r1, [%f0], 1;\n\
             st.global.u32 [%rd1], %r1;\n"
        );
        let found = outcome(&kernel([&counts, ""]), &launch(1, 2, 1, ["init = \"zero\"", "", ""]), |_| ());
        right(&found);
        found.warnings.iter().any(|warning| warning.contains("vacuous: no flag"))
    };
    assert!(is_vacuous("relaxed") && !is_vacuous("acq_rel"));
}

#[test]
fn a_hang_names_the_words_that_have_not_come() {
    let waits = "$A:\nld.relaxed.sys.global.v2.u32 {%r1, %r2}, [%f0];\nsetp.ne.u32 %p1, %r1, %e;\nsetp.ne.u32 %p2, %r2, %e;\n\
                 or.pred %p1, %p1, %p2;\n@%p1 bra $A;\n";
    let hang = |sends: &str| {
        let found = outcome(&kernel([waits, sends]), &launch(2, 1, 1, ["init = \"zero\"", "", ""]), |_| ());
        wrong(&found, Code::Deadlock);
        let finding = &found.findings[0];
        (finding.message.clone(), finding.notes.join("; "))
    };
    let (message, notes) = hang("st.relaxed.sys.global.u32 [%f0+4], %e;\n");
    assert!(message.contains("slot 0 of `f`") && !notes.contains("slot"), "{message} {notes}");
    let (message, notes) = hang("st.relaxed.sys.global.u32 [%f0], %e;\n");
    assert!(message.contains("slot 1 of `f`") && !notes.contains("slot"), "{message} {notes}");
    let (message, notes) = hang("");
    assert!(message.contains("slot 0 of `f`") && notes.contains("slot 1 of `f`"), "{message} {notes}");
}

#[test]
fn values_are_repeated_by_blocks_and_threads() {
    // The second entry of a table of so many as there are threads.
    let ptx = kernel(["ld.global.u32 %r1, [%d1+4];\nst.global.u32 [%o0], %r1;\n", ""]);
    let given = launch(1, 1, 1, ["init = \"zero\"", "read = true", ""]);
    let table = "[[arg]]\nmemory = { each = \"2 * grid * block\", of = { u32 = \"i\" } }\n";
    let given = given.replacen(
        "[[arg]]\nptr = \"d\"\nrank = \"0\"\n[[arg]]\nptr = \"d\"\nrank = \"0\"\n",
        &format!("[[arg]]\nptr = \"d\"\n{table}"),
        1,
    );
    assert!(given.contains("2 * grid"), "{given}");
    right(&outcome(&ptx, &given, |_| ()));
    let one = given.replace("2 * grid * block", "grid * block");
    assert_ne!(outcome(&ptx, &one, |_| ()).verdict, Verdict::Verified, "only one entry there");
}
