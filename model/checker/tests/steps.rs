//! Launches of several steps: kernels, copies, fills, events, streams, hosts that meet, and checks.
//!
//! Each case is a launch of the kernels in `steps/kernels.cu` that is right, or one thing less and wrong; both engines are
//! asked. The second may say that it does not know, and nothing else than the first.

use arverify_model::check::{Engine, Options, Outcome, check_program_with, replay};
use arverify_model::program::Program;
use arverify_model::ptx::launch::Overrides;
use arverify_model::ptx::load::load;
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::Source;
use arverify_protocol::verdict::Verdict;
use std::sync::Arc;
use std::time::Duration;

const KERNELS: &str = include_str!("steps/kernels.ptx");

/// Two kernels that hand over a workspace; SIZE words in each buffer.
const HANDOVER: &str = r#"
ranks = 1
launches = 2

[[buffer]]
name = "input"
bytes = "grid * block * 4"
dtype = "u32"
init = "random"
refresh = true

[[buffer]]
name = "work"
bytes = "grid * block * 4"
dtype = "u32"

[[buffer]]
name = "output"
bytes = "grid * block * 4"
dtype = "u32"

[expect]
buffer = "output"
equals = "copy"
of = "input"
"#;

/// Two ranks, each with a part of the data in `comm` for all to read.
const EXCHANGE: &str = r#"
ranks = 2
launches = 2

[[buffer]]
name = "input"
bytes = 16
dtype = "u32"
init = "random"
refresh = true

[[buffer]]
name = "comm"
bytes = "16 * ranks"
dtype = "u32"

[[buffer]]
name = "flags"
bytes = "4 * ranks"
dtype = "u32"
init = "zero"

[[buffer]]
name = "output"
bytes = 16
dtype = "u32"

"#;

const SUM: &str = "[expect]\nbuffer = \"output\"\nequals = \"sum\"\nof = \"input\"\n";

/// A step in one line: what is written between the braces of an inline table.
fn steps(lines: &[&str]) -> String {
    lines.iter().flat_map(|line| ["\n[[step]]\n", *line, "\n"]).collect()
}

const STAGE1: &str = "kernel = 'stage1'\ngrid = 2\nblock = 2\nargs = [ { ptr = 'input' }, { ptr = 'work' } ]";
const STAGE2: &str = "kernel = 'stage2'\ngrid = 2\nblock = 2\nargs = [ { ptr = 'work' }, { ptr = 'output' } ]";
const COPY: &str = "copy = { from = 'input', to = 'comm', bytes = 16 }";
const REDUCE: &str =
    "kernel = 'reduce'\ngrid = 1\nblock = 4\nargs = [ { table = 'comm' }, { ptr = 'output' }, { u32 = 'ranks' } ]";
const MEET: &str =
    "kernel = 'meet'\ngrid = 1\nblock = 'ranks'\nargs = [ { table = 'flags' }, { u32 = 'rank' }, { u32 = 1 } ]";
const EPOCHS: &str = "kernel = 'meet'\ngrid = 1\nblock = 'ranks'\nargs = [ { table = 'flags' }, { u32 = 'rank' }, { u32 = 'launch + 1' } ]";
const ZERO: &str = "fill = { buffer = 'flags', value = 0 }";
const SYNCHRONISE: &str = "synchronize = true";
const HOSTS: &str = "hosts_meet = true";

fn on(stream: u32, step: &str) -> String {
    format!("stream = {stream}\n{step}")
}

fn options(launches: u32, seconds: u64) -> Options {
    let data = DataType::F32;
    let sizes = Sizes { ranks: 1, blocks: 1, threads: 1, elements: 4, capacity: 4, data, accumulate: Accumulate::Own };
    Options { launches, timeout: Some(Duration::from_secs(seconds)), ..Options::new(sizes) }
}

fn ask(launch: &str, engine: Engine) -> Outcome {
    ask_for(launch, engine, 30)
}

fn ask_for(launch: &str, engine: Engine, seconds: u64) -> Outcome {
    ask_of(KERNELS, launch, engine, seconds)
}

fn ask_of(kernels: &str, launch: &str, engine: Engine, seconds: u64) -> Outcome {
    let module = Arc::new(Source { name: "kernels.ptx".to_owned(), text: kernels.to_owned() });
    let program = load(&module, ("launch.toml", launch), &Overrides::default(), 1);
    let program = Arc::new(program.unwrap_or_else(|error| panic!("{error}\n{launch}")));
    let options = options(program.shape().launches, seconds);
    let outcome = check_program_with(&program, &options, engine);
    if let Some(schedule) = &outcome.schedule {
        let replayed = replay(program, &options, schedule).expect("the schedule can be followed");
        assert!(replayed.end.starts_with("AR"), "the schedule shows nothing: {}", replayed.end);
    }
    outcome
}

/// What the machine says: `verified`, or the codes of what it found.
fn said(outcome: &Outcome) -> String {
    match outcome.verdict {
        Verdict::Violated => outcome.findings.iter().map(|finding| finding.code.number()).collect::<Vec<_>>().join(" "),
        other => other.name().to_owned(),
    }
}

/// Asks both engines about a launch.
fn expect(name: &str, launch: &str, expected: &str) {
    let machine = ask(launch, Engine::Operational);
    assert_eq!(said(&machine), expected, "{name}: {:?} {:#?}", machine.warnings, machine.findings);
    let axioms = ask(launch, Engine::Axiomatic);
    let open = axioms.verdict == Verdict::Inconclusive;
    assert!(open || axioms.verdict == machine.verdict, "{name}: the axioms say {}", said(&axioms));
}

fn handover(name: &str, lines: &[&str], expected: &str) {
    expect(name, &format!("{HANDOVER}{}", steps(lines)), expected);
}

fn exchange(name: &str, lines: &[&str], expected: &str) {
    expect(name, &format!("{EXCHANGE}{SUM}{}", steps(lines)), expected);
}

#[test]
fn kernels_of_one_stream_follow_each_other() {
    handover("in order", &[STAGE1, STAGE2], "verified");
    handover("the other way round", &[STAGE2, STAGE1], "AR005");
}

#[test]
fn streams_are_ordered_by_events() {
    let second = on(1, STAGE2);
    let wait = on(1, "wait = 'done'");
    let (record, back) = ("record = 'done'", on(1, "record = 'back'"));
    handover("no event", &[STAGE1, &second], "AR001");
    handover("one event", &[STAGE1, record, &wait, &second], "AR001");
    handover("both events", &[STAGE1, record, &wait, &second, &back, "wait = 'back'"], "verified");
    handover("recorded too early", &[record, STAGE1, &wait, &second, &back, "wait = 'back'"], "AR001");
    handover("waited for too early", &[&wait, STAGE1, record, &second, &back, "wait = 'back'"], "AR001");
    let joined = on(1, SYNCHRONISE);
    handover("the host waits for both", &[STAGE1, SYNCHRONISE, &second, &joined], "verified");
    handover("the host waits for one", &[STAGE1, SYNCHRONISE, &second], "AR001");
    handover("the host waits for the other", &[STAGE1, &second, &joined], "AR001");
}

#[test]
fn a_variable_of_the_module_is_one_for_all_kernels() {
    let count = "kernel = 'count'\ngrid = 1\nblock = 1";
    let counted = "kernel = 'counted'\ngrid = 1\nblock = 4\nargs = [ { ptr = 'output' } ]";
    let check =
        "check = 'verify'\nargs = [ { table = 'output' }, { u32 = 'rank' }, { u32 = 4 }, { u32 = 'launch + 1' } ]";
    expect("in order", &format!("{EXCHANGE}{}", steps(&[count, counted, check])), "verified");
    expect("twice", &format!("{EXCHANGE}{}", steps(&[count, count, counted, check])), "AR004");
    let aside = on(1, counted);
    expect("side by side", &format!("{EXCHANGE}{}", steps(&[count, &aside])), "AR001");
}

#[test]
fn hosts_that_meet_order_what_they_have_waited_for() {
    exchange("both meetings", &[COPY, SYNCHRONISE, HOSTS, REDUCE, SYNCHRONISE, HOSTS], "verified");
    exchange("no meeting", &[COPY, SYNCHRONISE, REDUCE, SYNCHRONISE, HOSTS], "AR001");
    exchange("the stream is not waited for", &[COPY, HOSTS, REDUCE, SYNCHRONISE, HOSTS], "AR001");
    exchange("the next copy does not wait", &[COPY, SYNCHRONISE, HOSTS, REDUCE], "AR001");
    exchange("the kernel is not waited for", &[COPY, SYNCHRONISE, HOSTS, REDUCE, HOSTS], "AR001");
}

#[test]
fn copies_race_with_what_they_are_not_ordered_with() {
    let push = "copy = { from = 'input', to = 'comm', bytes = 16, to_rank = '1 - rank' }";
    exchange("pushed", &[push, SYNCHRONISE, HOSTS, REDUCE, SYNCHRONISE, HOSTS], "verified");
    exchange("pushed into a peer that reads", &[push, SYNCHRONISE, HOSTS, REDUCE], "AR001");
    let nothing = "copy = { from = 'input', to = 'comm', bytes = \"rank == 0 ? 16 : 0\" }";
    exchange("one rank copies nothing", &[nothing, SYNCHRONISE, HOSTS, REDUCE, SYNCHRONISE, HOSTS], "AR005");
    exchange("a signal orders copies", &[COPY, EPOCHS, REDUCE, SYNCHRONISE, HOSTS], "verified");
    let aside = on(3, COPY);
    exchange("a copy on another stream", &[&aside, EPOCHS, REDUCE, SYNCHRONISE, HOSTS], "AR001");
}

#[test]
fn a_fill_can_destroy_a_signal_in_flight() {
    let meet = |lines: &[&str]| format!("{EXCHANGE}{}", steps(lines));
    expect("reset between meetings", &meet(&[MEET, SYNCHRONISE, HOSTS, ZERO, SYNCHRONISE, HOSTS]), "verified");
    expect("reset at once", &meet(&[MEET, ZERO]), "AR008");
    expect("signalled again at once", &meet(&[MEET, SYNCHRONISE, HOSTS, ZERO]), "AR008");
    expect("the next launch's signal comes over it", &meet(&[EPOCHS]), "AR002");
}

#[test]
fn checks_trap_where_what_they_see_is_wrong() {
    let verify = |value: &str| {
        format!(
            "check = 'verify'\nargs = [ {{ table = 'flags' }}, {{ u32 = 'rank' }}, {{ u32 = 2 }}, {{ u32 = '{value}' }} ]"
        )
    };
    let fill = "fill = { buffer = 'flags', value = 'launch + 7' }";
    let with = |lines: &[&str]| format!("{EXCHANGE}{}", steps(lines));
    expect("right", &with(&[MEET, SYNCHRONISE, HOSTS, fill, &verify("launch + 7"), SYNCHRONISE, HOSTS]), "verified");
    expect("wrong", &with(&[MEET, SYNCHRONISE, HOSTS, fill, &verify("7"), SYNCHRONISE, HOSTS]), "AR004");
    let peer = "check = 'verify'\nargs = [ { table = 'flags' }, { u32 = '1 - rank' }, { u32 = 2 }, { u32 = 1 } ]";
    expect(
        "of a peer",
        &with(&[MEET, SYNCHRONISE, HOSTS, peer, SYNCHRONISE, HOSTS, ZERO, SYNCHRONISE, HOSTS]),
        "verified",
    );
    expect("of a peer that goes on", &with(&[MEET, SYNCHRONISE, HOSTS, peer, ZERO, SYNCHRONISE, HOSTS]), "AR001");
}

/// What one kernel has written, the next may read through a path that is not coherent; that nobody writes it meanwhile is
/// an assumption, which the verdict names.
#[test]
fn what_an_earlier_kernel_wrote_may_be_read_through_a_path_that_is_not_coherent() {
    let kernels = KERNELS.replace("ld.global.u32", "ld.global.nc.u32");
    let launch = |lines: &[&str]| format!("{HANDOVER}{}", steps(lines));
    let good = ask_of(&kernels, &launch(&[STAGE1, STAGE2]), Engine::Operational, 20);
    assert_eq!(good.verdict, Verdict::Verified, "{:#?}", good.findings);
    assert!(good.assumptions.iter().any(|text| text.contains("non-coherent")), "{:?}", good.assumptions);
    let bad = ask_of(&kernels, &launch(&[STAGE1, &on(1, STAGE2)]), Engine::Operational, 20);
    assert_eq!(said(&bad), "AR001");
}

#[test]
fn findings_name_the_kernel_of_a_thread() {
    let outcome = ask(&format!("{HANDOVER}{}", steps(&[STAGE1, &on(1, STAGE2)])), Engine::Operational);
    let names: Vec<String> =
        outcome.findings[0].points.iter().filter_map(|point| point.thread).map(|name| name.to_string()).collect();
    assert!(names.iter().any(|name| name.contains("step 1 (`stage1`)")), "{names:?}");
    assert!(names.iter().any(|name| name.contains("step 2 (`stage2`)")), "{names:?}");
}

/// A list without one of its steps; none where the file makes no sense without it.
fn without(lines: &[&str], step: usize, base: &str) -> Option<String> {
    let left: Vec<&str> = lines.iter().enumerate().filter(|(index, _)| *index != step).map(|(_, line)| *line).collect();
    let launch = format!("{base}{}", steps(&left));
    let module = Arc::new(Source { name: "kernels.ptx".to_owned(), text: KERNELS.to_owned() });
    load(&module, ("launch.toml", &launch), &Overrides::default(), 1).is_ok().then_some(launch)
}

#[test]
fn every_step_that_orders_others_is_needed() {
    let (second, wait, back) = (on(1, STAGE2), on(1, "wait = 'done'"), on(1, "record = 'back'"));
    let events = [STAGE1, "record = 'done'", &wait, &second, &back, "wait = 'back'"];
    let meetings = [COPY, SYNCHRONISE, HOSTS, REDUCE, SYNCHRONISE, HOSTS];
    let summed = format!("{EXCHANGE}{SUM}");
    let mut asked = 0;
    for (base, lines) in [(HANDOVER, &events), (&summed, &meetings)] {
        for step in 0..lines.len() {
            let Some(launch) = without(lines, step, base) else { continue };
            if lines[step].contains("kernel") || lines[step].contains("copy") {
                continue;
            }
            asked += 1;
            for engine in [Engine::Operational, Engine::Axiomatic] {
                assert_eq!(ask(&launch, engine).verdict, Verdict::Violated, "without {}", lines[step]);
            }
        }
    }
    assert_eq!(asked, 6);
}

#[test]
fn engines_agree_on_steps_in_any_order() {
    let (copy, reduce, record, wait) = (on(1, COPY), on(1, REDUCE), "record = 'a'", on(1, "wait = 'a'"));
    let push = "copy = { from = 'input', to = 'comm', bytes = 16, to_rank = '1 - rank' }";
    let aside = on(1, SYNCHRONISE);
    let pool = [COPY, &copy, push, REDUCE, &reduce, EPOCHS, ZERO, SYNCHRONISE, &aside, HOSTS, HOSTS, record, &wait];
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random >> 33) as usize % below
    };
    let (mut decided, mut verified) = (0, 0);
    for _ in 0..120 {
        let mut lines = vec![COPY, record, SYNCHRONISE, HOSTS, REDUCE, SYNCHRONISE, HOSTS];
        for _ in 0..1 + next(4) {
            let at = next(lines.len());
            match next(3) {
                0 if lines.len() > 3 => _ = lines.remove(at),
                1 => lines.swap(at, (at + 1) % 3),
                _ => lines.insert(at, pool[next(pool.len())]),
            }
        }
        let launch = format!("{EXCHANGE}{SUM}{}", steps(&lines));
        let module = Arc::new(Source { name: "kernels.ptx".to_owned(), text: KERNELS.to_owned() });
        if load(&module, ("launch.toml", &launch), &Overrides::default(), 1).is_err() {
            continue;
        }
        let said = [Engine::Operational, Engine::Axiomatic].map(|engine| ask_for(&launch, engine, 3).verdict);
        if said.contains(&Verdict::Inconclusive) {
            continue;
        }
        assert_eq!(said[0], said[1], "{lines:#?}");
        decided += 1;
        verified += usize::from(said[0] == Verdict::Verified);
    }
    assert!(decided > 60 && verified > 3, "{decided} decided, {verified} verified");
}

/// `k` starts a bulk copy; `plain` does nothing.
const BULK: &str = r"
.version 8.6
.target sm_90
.address_size 64

.visible .entry plain() { ret; }

.visible .entry k(.param .u64 k_out)
{
    .reg .b64 %rd<2>;
    .shared .align 16 .b8 words[16];
    ld.param.u64 %rd1, [k_out];
    cp.async.bulk.global.shared::cta.bulk_group [%rd1], [words], 16;
    ret;
}
";

/// A launch file with its kernel as the one step of each launch.
fn as_a_step(launch: &str) -> String {
    let mut table: toml::Table = launch.parse().expect("a launch file");
    let mut step = toml::Table::new();
    for key in ["kernel", "grid", "block", "cluster", "cooperative", "shared_bytes"] {
        if let Some(value) = table.remove(key) {
            step.insert(key.to_owned(), value);
        }
    }
    step.insert("args".to_owned(), table.remove("arg").unwrap_or_else(|| toml::Value::Array(Vec::new())));
    table.insert("step".to_owned(), toml::Value::Array(vec![toml::Value::Table(step)]));
    toml::to_string(&table).expect("it can be written")
}

#[test]
fn a_kernel_with_bulk_copies_is_as_right_or_wrong_in_a_step_as_alone() {
    let zoo = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/zoo/kernels");
    let mut asked = 0;
    for name in ["bulk-push", "bulk-cluster", "bulk-ring"] {
        let folder = zoo.join(name);
        let launch = std::fs::read_to_string(folder.join("launch.toml")).expect("its launch");
        let step = as_a_step(&launch);
        let files = std::fs::read_dir(&folder).expect("the folder").flatten().map(|entry| entry.path());
        for path in files.filter(|path| path.extension().is_some_and(|extension| extension == "ptx")) {
            let ptx = std::fs::read_to_string(&path).expect("a kernel");
            let alone = ask_of(&ptx, &launch, Engine::Operational, 30);
            let machine = ask_of(&ptx, &step, Engine::Operational, 60);
            assert_eq!(machine.verdict, alone.verdict, "{path:?}: {} {:?}", said(&machine), machine.warnings);
            let axioms = ask_of(&ptx, &step, Engine::Axiomatic, 10);
            let open = axioms.verdict == Verdict::Inconclusive;
            assert!(open || axioms.verdict == machine.verdict, "{path:?}: the axioms say {}", said(&axioms));
            asked += 1;
        }
    }
    assert!(asked > 6, "{asked} kernels");
}

#[test]
fn a_stream_waits_for_the_copies_of_its_kernel() {
    let base = "ranks = 1\nlaunches = 2\n[[buffer]]\nname = 'out'\nbytes = 16\ndtype = 'u32'\nread = true\n";
    let copies = |ptx: &str, more: &[&str]| {
        let kernel = "kernel = 'k'\ngrid = 1\nblock = 1\nargs = [ { ptr = 'out' } ]";
        ask_of(ptx, &format!("{base}{}", steps(&[&[kernel], more].concat())), Engine::Both, 30)
    };
    // Nobody waits for what the copy reads, and the block ends.
    assert_eq!(said(&copies(BULK, &[])), "AR011");
    let waits = |wait: &str| {
        let fill =
            ".reg .b32 %r<2>;\nmov.u32 %r1, 7;\nst.shared.v4.u32 [words], {%r1, %r1, %r1, %r1};\nfence.proxy.async;\n";
        let ptx = BULK.replace("    cp.async.bulk.global", &format!("{fill}    cp.async.bulk.global"));
        ptx.replace(
            "    ret;\n}\n",
            &format!("cp.async.bulk.commit_group;\ncp.async.bulk.wait_group{wait} 0;\n    ret;\n}}\n"),
        )
    };
    // The end of a kernel is behind what its copies write, also where it has waited for their reads alone.
    for wait in ["", ".read"] {
        assert_eq!(said(&copies(&waits(wait), &[])), "verified");
        assert_eq!(said(&copies(&waits(wait), &["fill = { buffer = 'out', value = 3 }"])), "verified");
        let aside = "stream = 1\nfill = { buffer = 'out', value = 3 }";
        assert_eq!(said(&copies(&waits(wait), &[aside])), "AR001");
    }
}
