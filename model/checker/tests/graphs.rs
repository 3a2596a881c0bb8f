//! Execution graphs against the ISA: small kernels with a known answer, and rules without which some answer changes.
//!
//! Kernels are written one thread after another, each line an instruction: `W ORDER word value`, `R ORDER register
//! word`, `F ORDER`, weak `S word value` and `L register word`, `again register value` (back to the thread's start while
//! they are equal), `unless register value` (end if they are equal), `out number register` (publishes the value plus one),
//! anything else is PTX as it stands. The words x, y, z and d lie in one buffer of rank 0; `observe 0=1 1=2` is a thread
//! that traps when it sees those values published.

use arverify_model::axioms::{Opinion, Patience};
use arverify_model::graphs::{Question, Rule, graph_opinion, load_buffering_opinion};
use arverify_model::program::Program;
use arverify_model::ptx::launch::Overrides;
use arverify_model::ptx::load::load;
use arverify_model::ptx::program::PtxProgram;
use arverify_protocol::ir::Source;
use arverify_protocol::verdict::{Code, Verdict};
use std::fmt::Write;
use std::sync::Arc;

/// Ranks, blocks, threads, launches.
type Sizes = [u32; 4];

/// Bytes from the start of the buffer.
fn address(word: &str) -> String {
    let offset = match word {
        "x" => 0,
        "y" => 4,
        "z" => 8,
        "d" => 32,
        "e" => 36,
        number => 64 + 4 * number.parse::<u32>().expect("a word"),
    };
    format!("[%rd10+{offset}]")
}

fn register(name: &str) -> String {
    name.strip_prefix('r')
        .map_or_else(|| name.to_owned(), |number| format!("%r{}", 20 + number.parse::<u32>().unwrap()))
}

fn instructions(index: usize, text: &str) -> String {
    let mut all = format!("$T{index}:\n");
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let _ = match words[..] {
            ["W", order, at, value] => {
                writeln!(all, "st.{order}.global.u32 {}, {};", address(at), register(value))
            }
            ["R", order, to, at] => writeln!(all, "ld.{order}.global.u32 {}, {};", register(to), address(at)),
            ["S", at, value] => writeln!(all, "st.global.u32 {}, {};", address(at), register(value)),
            ["L", to, at] => writeln!(all, "ld.global.u32 {}, {};", register(to), address(at)),
            ["F", order] => writeln!(all, "fence.{order};"),
            ["add", order, to, at, value] => {
                writeln!(all, "atom.{order}.global.add.u32 {}, {}, {value};", register(to), address(at))
            }
            ["red", order, at, value] => writeln!(all, "red.{order}.global.add.u32 {}, {value};", address(at)),
            ["cas", order, to, at, old, new] => {
                writeln!(all, "atom.{order}.global.cas.b32 {}, {}, {old}, {new};", register(to), address(at))
            }
            ["exch", order, to, at, value] => {
                writeln!(all, "atom.{order}.global.exch.b32 {}, {}, {value};", register(to), address(at))
            }
            ["again", of, value] => {
                writeln!(all, "setp.eq.u32 %p3, {}, {};\n@%p3 bra $T{index};", register(of), register(value))
            }
            ["unless", of, value] => {
                writeln!(all, "setp.eq.u32 %p4, {}, {};\n@%p4 ret;", register(of), register(value))
            }
            ["trapif", of, value] => {
                writeln!(all, "setp.eq.u32 %p5, {}, {};\n@%p5 trap;", register(of), register(value))
            }
            ["out", number, of] => {
                writeln!(
                    all,
                    "add.u32 %r60, {}, 1;\nst.relaxed.sys.global.u32 {}, %r60;",
                    register(of),
                    address(number)
                )
            }
            ["observe", ref values @ ..] => {
                for (place, value) in values.iter().enumerate() {
                    let (number, value) = value.split_once('=').expect("number=value");
                    let register = 70 + place;
                    let _ = writeln!(all, "ld.relaxed.sys.global.u32 %r{register}, {};", address(number));
                    let want = value.parse::<u32>().expect("a value") + 1;
                    let _ = writeln!(all, "setp.ne.u32 %p6, %r{register}, {want};\n@%p6 ret;");
                }
                writeln!(all, "trap;")
            }
            _ => writeln!(all, "{line}"),
        };
    }
    all.push_str("ret;\n");
    all
}

/// A kernel, one text for each thread of all ranks and blocks.
fn kernel([ranks, blocks, threads, launches]: Sizes, bodies: &[&str]) -> PtxProgram {
    let mut text = ".version 8.3\n.target sm_90\n.address_size 64\n.visible .entry k(.param .u64 pf, .param .u32 pe, \
                    .param .u32 pr, .param .u64 po, .param .u64 pi)\n{\n.reg .pred %p<60>;\n.reg .b32 %r<200>;\n.reg .b64 %rd<60>;\n\
                    .shared .align 16 .b8 sm[64];\nld.param.u64 %rd10, [pf];\nld.param.u64 %rd20, [po];\nld.param.u64 %rd30, [pi];\n\
                    ld.param.u32 %r1, [pe];\nld.param.u32 %r2, [pr];\nmov.u32 %r3, %ctaid.x;\nmov.u32 %r4, %tid.x;\n"
        .to_owned();
    let _ = writeln!(text, "mad.lo.u32 %r5, %r2, {blocks}, %r3;\nmad.lo.u32 %r6, %r5, {threads}, %r4;");
    for index in 0..bodies.len() {
        let _ = writeln!(text, "setp.eq.u32 %p1, %r6, {index};\n@%p1 bra $T{index};");
    }
    text.push_str("ret;\n");
    bodies.iter().enumerate().for_each(|(index, body)| text.push_str(&instructions(index, body)));
    text.push_str("}\n");
    let launch = format!(
        "kernel = \"k\"\nranks = {ranks}\ngrid = {blocks}\nblock = {threads}\nlaunches = {launches}\n\
         [[buffer]]\nname = \"f\"\nbytes = 256\ndtype = \"u32\"\ninit = \"zero\"\n\
         [[buffer]]\nname = \"in\"\nbytes = 4\ndtype = \"u32\"\ninit = \"random\"\nrefresh = true\n\
         [[buffer]]\nname = \"out\"\nbytes = 4\ndtype = \"u32\"\ninit = \"zero\"\n\
         [[arg]]\nptr = \"f\"\nrank = \"0\"\n[[arg]]\nu32 = \"launch + 1\"\n[[arg]]\nu32 = \"rank\"\n\
         [[arg]]\nptr = \"out\"\n[[arg]]\nptr = \"in\"\nrank = \"0\"\n"
    );
    let source = Arc::new(Source { name: "k.ptx".to_owned(), text });
    load(&source, ("launch.toml", &launch), &Overrides::default(), 1)
        .unwrap_or_else(|error| panic!("{error}\n{}", source.text))
}

fn asked(sizes: Sizes, bodies: &[&str], without: Option<Rule>) -> Opinion {
    opinion(sizes, bodies, Question { without, ..Question::default() })
}

/// With threads for as many copies as it starts.
fn opinion(sizes: Sizes, bodies: &[&str], question: Question) -> Opinion {
    let mut program = kernel(sizes, bodies);
    loop {
        let found = graph_opinion(&program, question, &Patience::default());
        match program.roomier() {
            Some(roomier) => program = roomier,
            None => return found,
        }
    }
}

/// A kernel with what is right about it.
struct Case {
    name: &'static str,
    sizes: Sizes,
    bodies: &'static [&'static str],
    /// None where it is right.
    wrong: Option<Code>,
}

const ALLOWED: Option<Code> = Some(Code::WrongResult);
const RACE: Option<Code> = Some(Code::DataRace);
const HANGS: Option<Code> = Some(Code::Deadlock);
const DIVERGES: Option<Code> = Some(Code::BarrierDivergence);
const RIGHT: Option<Code> = None;

const fn case(name: &'static str, sizes: Sizes, bodies: &'static [&'static str], wrong: Option<Code>) -> Case {
    Case { name, sizes, bodies, wrong }
}

const CASES: &[Case] = &[
    case(
        "mp",
        [2, 1, 1, 1],
        &["S d 1\nW release.sys x 1", "R acquire.sys r0 x\nagain r0 0\nL r1 d\ntrapif r1 0"],
        RIGHT,
    ),
    case(
        "mp-relaxed-write",
        [2, 1, 1, 1],
        &["S d 1\nW relaxed.sys x 1", "R acquire.sys r0 x\nagain r0 0\nL r1 d"],
        RACE,
    ),
    case(
        "mp-relaxed-read",
        [2, 1, 1, 1],
        &["S d 1\nW release.sys x 1", "R relaxed.sys r0 x\nagain r0 0\nL r1 d"],
        RACE,
    ),
    case(
        "mp-fences",
        [2, 1, 1, 1],
        &[
            "S d 1\nF acq_rel.sys\nW relaxed.sys x 1",
            "R relaxed.sys r0 x\nagain r0 0\nF acq_rel.sys\nL r1 d\ntrapif r1 0",
        ],
        RIGHT,
    ),
    case(
        "mp-narrow-fence",
        [2, 1, 1, 1],
        &["S d 1\nF acq_rel.gpu\nW relaxed.sys x 1", "R relaxed.sys r0 x\nagain r0 0\nF acq_rel.sys\nL r1 d"],
        RACE,
    ),
    case(
        "mp-gpu-one-device",
        [1, 2, 1, 1],
        &["S d 1\nW release.gpu x 1", "R acquire.gpu r0 x\nagain r0 0\nL r1 d\ntrapif r1 0"],
        RIGHT,
    ),
    case(
        "mp-gpu-two-devices",
        [2, 1, 1, 1],
        &["S d 1\nW release.gpu x 1", "R acquire.gpu r0 x\nagain r0 0\nL r1 d"],
        RACE,
    ),
    case(
        "mp-strong-data",
        [2, 1, 1, 1],
        &["W relaxed.sys d 1\nW relaxed.sys x 1", "R relaxed.sys r0 x\nunless r0 0\nR relaxed.sys r1 d\ntrapif r1 0"],
        ALLOWED,
    ),
    case(
        "mp-through-atomic",
        [3, 1, 1, 1],
        &[
            "S d 1\nW release.sys x 1",
            "cas relaxed.sys r0 x 1 2\nagain r0 0",
            "R acquire.sys r0 x\nsetp.ne.u32 %p7, %r20, 2;\n@%p7 bra $T2;\nL r1 d\ntrapif r1 0",
        ],
        RIGHT,
    ),
    case(
        "mp-through-store",
        [3, 1, 1, 1],
        &[
            "S d 1\nW release.sys x 1",
            "R acquire.sys r0 x\nagain r0 0\nW relaxed.sys x 2",
            "R acquire.sys r0 x\nagain r0 0\nL r1 d",
        ],
        RACE,
    ),
    case(
        "mp-write-after-release",
        [2, 1, 1, 1],
        &[
            "S d 1\nW release.sys x 1\nW relaxed.sys x 2",
            "R acquire.sys r0 x\nsetp.ne.u32 %p7, %r20, 2;\n@%p7 bra $T1;\nL r1 d\ntrapif r1 0",
        ],
        RIGHT,
    ),
    case(
        "mp-read-before-acquire",
        [3, 1, 1, 1],
        &[
            "S d 1\nW release.sys x 1",
            "R relaxed.sys r0 x\nsetp.ne.u32 %p7, %r20, 1;\n@%p7 ret;\nR acquire.sys r1 x\nL r2 d\ntrapif r2 0",
            "W relaxed.sys x 2",
        ],
        RIGHT,
    ),
    case(
        "sb",
        [3, 1, 1, 1],
        &[
            "W relaxed.sys x 1\nR relaxed.sys r0 y\nout 0 r0",
            "W relaxed.sys y 1\nR relaxed.sys r0 x\nout 1 r0",
            "observe 0=0 1=0",
        ],
        ALLOWED,
    ),
    case(
        "sb-acq-rel",
        [3, 1, 1, 1],
        &[
            "W relaxed.sys x 1\nF acq_rel.sys\nR relaxed.sys r0 y\nout 0 r0",
            "W relaxed.sys y 1\nF acq_rel.sys\nR relaxed.sys r0 x\nout 1 r0",
            "observe 0=0 1=0",
        ],
        ALLOWED,
    ),
    case(
        "sb-sc",
        [3, 1, 1, 1],
        &[
            "W relaxed.sys x 1\nF sc.sys\nR relaxed.sys r0 y\nout 0 r0",
            "W relaxed.sys y 1\nF sc.sys\nR relaxed.sys r0 x\nout 1 r0",
            "observe 0=0 1=0",
        ],
        RIGHT,
    ),
    case(
        "sb-sc-narrow",
        [3, 1, 1, 1],
        &[
            "W relaxed.sys x 1\nF sc.gpu\nR relaxed.sys r0 y\nout 0 r0",
            "W relaxed.sys y 1\nF sc.sys\nR relaxed.sys r0 x\nout 1 r0",
            "observe 0=0 1=0",
        ],
        ALLOWED,
    ),
    case(
        "lb",
        [3, 1, 1, 1],
        &[
            "R relaxed.sys r0 x\nW relaxed.sys y 1\nout 0 r0",
            "R relaxed.sys r0 y\nW relaxed.sys x 1\nout 1 r0",
            "observe 0=1 1=1",
        ],
        ALLOWED,
    ),
    case(
        "lb-one-dependency",
        [3, 1, 1, 1],
        &[
            "R relaxed.sys r0 x\nW relaxed.sys y r0\nout 0 r0",
            "R relaxed.sys r0 y\nW relaxed.sys x 1\nout 1 r0",
            "observe 0=1 1=1",
        ],
        ALLOWED,
    ),
    case(
        "lb-dependencies",
        [3, 1, 1, 1],
        &[
            "R relaxed.sys r0 x\nW relaxed.sys y r0\nout 0 r0",
            "R relaxed.sys r0 y\nW relaxed.sys x r0\nout 1 r0",
            "observe 0=1 1=1",
        ],
        RIGHT,
    ),
    case(
        "lb-control",
        [3, 1, 1, 1],
        &[
            "R relaxed.sys r0 x\nout 0 r0\nunless r0 0\nW relaxed.sys y 1",
            "R relaxed.sys r0 y\nout 1 r0\nunless r0 0\nW relaxed.sys x 1",
            "observe 0=1 1=1",
        ],
        RIGHT,
    ),
    case(
        "lb-false-dependency",
        [3, 1, 1, 1],
        &[
            "R relaxed.sys r0 x\nxor.b32 %r21, %r20, %r20;\nadd.u32 %r21, %r21, 1;\nW relaxed.sys y r1\nout 0 r0",
            "R relaxed.sys r0 y\nxor.b32 %r21, %r20, %r20;\nadd.u32 %r21, %r21, 1;\nW relaxed.sys x r1\nout 1 r0",
            "observe 0=1 1=1",
        ],
        RIGHT,
    ),
    case(
        "lb-acquire-release",
        [3, 1, 1, 1],
        &[
            "R acquire.sys r0 x\nW release.sys y 1\nout 0 r0",
            "R acquire.sys r0 y\nW release.sys x 1\nout 1 r0",
            "observe 0=1 1=1",
        ],
        RIGHT,
    ),
    case(
        "lb-fences",
        [3, 1, 1, 1],
        &[
            "R relaxed.sys r0 x\nF acq_rel.sys\nW relaxed.sys y 1\nout 0 r0",
            "R relaxed.sys r0 y\nF acq_rel.sys\nW relaxed.sys x 1\nout 1 r0",
            "observe 0=1 1=1",
        ],
        RIGHT,
    ),
    case(
        "lb-one-fence",
        [3, 1, 1, 1],
        &[
            "R relaxed.sys r0 x\nF acq_rel.sys\nW relaxed.sys y 1\nout 0 r0",
            "R relaxed.sys r0 y\nW relaxed.sys x 1\nout 1 r0",
            "observe 0=1 1=1",
        ],
        ALLOWED,
    ),
    case(
        "lb-barrier",
        [2, 1, 2, 1],
        &[
            "R relaxed.sys r0 y\nbarrier.sync 0;\ntrapif r0 1",
            "barrier.sync 0;\nW relaxed.sys x 1",
            "R relaxed.sys r0 x\nagain r0 0\nW relaxed.sys y 1",
        ],
        ALLOWED,
    ),
    case(
        "late-reduction",
        [2, 1, 1, 1],
        &[
            "red.relaxed.sys.global.add.u32 [%rd10], 1;\nW relaxed.sys y 1",
            "R relaxed.sys r0 y\nagain r0 0\nW relaxed.sys x 0\nR relaxed.sys r1 x\ntrapif r1 1",
        ],
        ALLOWED,
    ),
    case(
        "iriw",
        [5, 1, 1, 1],
        &[
            "W relaxed.sys x 1",
            "W relaxed.sys y 1",
            "R acquire.sys r0 x\nunless r0 0\nR acquire.sys r1 y\nout 0 r1",
            "R acquire.sys r0 y\nunless r0 0\nR acquire.sys r1 x\nout 1 r1",
            "observe 0=0 1=0",
        ],
        ALLOWED,
    ),
    case(
        "iriw-sc",
        [5, 1, 1, 1],
        &[
            "W relaxed.sys x 1",
            "W relaxed.sys y 1",
            "R relaxed.sys r0 x\nunless r0 0\nF sc.sys\nR relaxed.sys r1 y\nout 0 r1",
            "R relaxed.sys r0 y\nunless r0 0\nF sc.sys\nR relaxed.sys r1 x\nout 1 r1",
            "observe 0=0 1=0",
        ],
        RIGHT,
    ),
    case(
        "corr",
        [2, 1, 1, 1],
        &["W relaxed.sys x 1", "R relaxed.sys r0 x\nunless r0 0\nR relaxed.sys r1 x\ntrapif r1 0"],
        RIGHT,
    ),
    case("cowr", [2, 1, 1, 1], &["W relaxed.sys x 1\nR relaxed.sys r0 x\ntrapif r0 0", "W relaxed.sys x 2"], RIGHT),
    case(
        "coww",
        [2, 1, 1, 1],
        &[
            "W relaxed.sys x 1\nW relaxed.sys x 2",
            "R relaxed.sys r0 x\nsetp.ne.u32 %p7, %r20, 2;\n@%p7 ret;\nR relaxed.sys r1 x\ntrapif r1 1",
        ],
        RIGHT,
    ),
    case(
        "2+2w",
        [3, 1, 1, 1],
        &[
            "W relaxed.sys x 1\nW relaxed.sys y 2",
            "W relaxed.sys y 1\nW relaxed.sys x 2",
            "R relaxed.sys r0 x\nR relaxed.sys r1 y\nsetp.ne.u32 %p7, %r20, 2;\n@%p7 ret;\nR relaxed.sys r2 x\ntrapif r2 1\nsetp.ne.u32 %p7, %r21, 2;\n@%p7 ret;\nR relaxed.sys r3 y\ntrapif r3 1\n",
        ],
        ALLOWED,
    ),
    case("weak-write-race", [2, 1, 1, 1], &["S d 1", "S d 1"], RACE),
    case("weak-against-strong", [2, 1, 1, 1], &["W relaxed.sys d 1", "L r0 d"], RACE),
    case(
        "observed-then-weak",
        [2, 1, 1, 1],
        &["W relaxed.sys d 1", "R relaxed.sys r0 d\nunless r0 0\nL r1 d\ntrapif r1 0"],
        RIGHT,
    ),
    case("mixed-size", [2, 1, 1, 1], &["st.relaxed.sys.global.u64 [%rd10], 1;", "R relaxed.sys r0 x"], RACE),
    case(
        "atomic-increments",
        [3, 1, 1, 1],
        &["add relaxed.sys r0 x 1\nout 0 r0", "add relaxed.sys r0 x 1\nout 1 r0", "observe 0=0 1=0"],
        RIGHT,
    ),
    case(
        "compare-and-swap-once",
        [3, 1, 1, 1],
        &["cas relaxed.sys r0 x 0 1\nout 0 r0", "cas relaxed.sys r0 x 0 2\nout 1 r0", "observe 0=0 1=0"],
        RIGHT,
    ),
    case(
        "lock",
        [2, 1, 1, 1],
        &[
            "cas acquire.sys r0 x 0 1\nagain r0 1\nL r1 d\nadd.u32 %r21, %r21, 1;\nS d r1\nW release.sys x 0",
            "cas acquire.sys r0 x 0 1\nagain r0 1\nL r1 d\nadd.u32 %r21, %r21, 1;\nS d r1\nW release.sys x 0",
        ],
        RIGHT,
    ),
    case(
        "lock-relaxed-unlock",
        [2, 1, 1, 1],
        &[
            "cas acquire.sys r0 x 0 1\nagain r0 1\nL r1 d\nadd.u32 %r21, %r21, 1;\nS d r1\nW relaxed.sys x 0",
            "cas acquire.sys r0 x 0 1\nagain r0 1\nL r1 d\nadd.u32 %r21, %r21, 1;\nS d r1\nW relaxed.sys x 0",
        ],
        RACE,
    ),
    case("hang", [2, 1, 1, 1], &["W relaxed.sys y 1", "R relaxed.sys r0 x\nagain r0 0"], HANGS),
    case(
        "hang-overwritten",
        [2, 1, 1, 1],
        &["W relaxed.sys x 1\nW relaxed.sys x 0", "R relaxed.sys r0 x\nagain r0 0"],
        HANGS,
    ),
    case(
        "hang-counting",
        [2, 1, 1, 1],
        &["W relaxed.sys y 1", "add.u32 %r30, %r30, 1;\nR relaxed.sys r0 x\nagain r0 0\nout 0 r10"],
        HANGS,
    ),
    case(
        "counting",
        [2, 1, 1, 1],
        &[
            "S d 1\nW release.sys x 1",
            "add.u32 %r30, %r30, 1;\nR acquire.sys r0 x\nagain r0 0\nout 0 r10\nL r1 d\ntrapif r1 0",
        ],
        RIGHT,
    ),
    case(
        "either-of-two-flags",
        [2, 1, 1, 1],
        &[
            "S d 1\nW relaxed.sys x 1\nW release.sys y 1",
            "R acquire.sys r0 x\nR acquire.sys r1 y\nor.b32 %r22, %r20, %r21;\nagain r2 0\nL r3 d",
        ],
        RACE,
    ),
    case(
        "both-of-two-flags",
        [2, 1, 1, 1],
        &[
            "S d 1\nW relaxed.sys x 1\nW release.sys y 1",
            "R acquire.sys r0 x\nR acquire.sys r1 y\nand.b32 %r22, %r20, %r21;\nagain r2 0\nL r3 d\ntrapif r3 0",
        ],
        RIGHT,
    ),
    case(
        "value-of-a-wait",
        [2, 1, 1, 1],
        &["R acquire.sys r0 x\nagain r0 0\ntrapif r0 2", "W release.sys x 1\nW release.sys x 2"],
        ALLOWED,
    ),
    case(
        "acquire-vector",
        [2, 1, 1, 1],
        &[
            "ld.acquire.sys.global.v2.u32 {%r20, %r21}, [%rd10];\nunless r0 0\ntrapif r1 0",
            "W relaxed.sys y 42\nW release.sys x 1",
        ],
        ALLOWED,
    ),
    case(
        "release-vector",
        [2, 1, 1, 1],
        &[
            "S d 1\nst.release.sys.global.v2.u32 [%rd10], {%r1, %r1};",
            "ld.acquire.sys.global.v2.u32 {%r20, %r21}, [%rd10];\nagain r0 0\nagain r1 0\nL r2 d\ntrapif r2 0",
        ],
        RIGHT,
    ),
    case("barrier", [1, 1, 2, 1], &["S d 1\nbar.sync 0;", "bar.sync 0;\nL r0 d\ntrapif r0 0"], DIVERGES),
    case(
        "barrier-not-aligned",
        [1, 1, 2, 1],
        &["S d 1\nbarrier.sync 0;", "barrier.sync 0;\nL r0 d\ntrapif r0 0"],
        RIGHT,
    ),
    case("barrier-exit", [1, 1, 2, 1], &["S d 1", "bar.sync 0;\nL r0 d"], DIVERGES),
    case("peer-reads-new-inputs", [2, 1, 1, 1], &["", "ld.global.u32 %r20, [%rd30];"], RACE),
    case("peer-reads-new-inputs-strongly", [2, 1, 1, 1], &["", "ld.relaxed.sys.global.u32 %r20, [%rd30];"], RACE),
    case(
        "vote-that-never-ends",
        [1, 1, 1, 1],
        &["R relaxed.sys r0 x\nsetp.eq.u32 %p7, %r20, 0;\nvote.sync.any.pred %p8, %p7, 1;\n@%p8 bra $T0;"],
        HANGS,
    ),
    case(
        "vote-that-ends",
        [2, 1, 1, 1],
        &[
            "R relaxed.sys r0 x\nsetp.eq.u32 %p7, %r20, 0;\nvote.sync.any.pred %p8, %p7, 1;\n@%p8 bra $T0;",
            "W relaxed.sys x 1",
        ],
        RIGHT,
    ),
    case(
        "reduction-over-two-words-that-never-ends",
        [2, 1, 2, 1],
        &[
            "R relaxed.sys r0 x\nsetp.eq.u32 %p7, %r20, 0;\nbarrier.red.or.pred %p8, 0, %p7;\n@%p8 bra $T0;",
            "R relaxed.sys r0 y\nsetp.eq.u32 %p7, %r20, 0;\nbarrier.red.or.pred %p8, 0, %p7;\n@%p8 bra $T1;",
            "W relaxed.sys x 1",
        ],
        HANGS,
    ),
    case("nc-behind-own-write", [1, 1, 1, 1], &["S d 1\nld.global.nc.u32 %r20, [%rd10+32];"], RACE),
    case(
        "copy-of-an-ordinary-store",
        [1, 1, 1, 1],
        &["st.shared.v4.u32 [sm], {1, 1, 1, 1};\ncp.async.bulk.global.shared::cta.bulk_group [%rd10], [sm], 16;\n\
           cp.async.bulk.commit_group;\ncp.async.bulk.wait_group 0;"],
        RACE,
    ),
    case(
        "copy-behind-a-proxy-fence",
        [1, 1, 1, 1],
        &["st.shared.v4.u32 [sm], {1, 1, 1, 1};\nfence.proxy.async.shared::cta;\n\
           cp.async.bulk.global.shared::cta.bulk_group [%rd10], [sm], 16;\n\
           cp.async.bulk.commit_group;\ncp.async.bulk.wait_group 0;\nL r0 x"],
        RIGHT,
    ),
    case("unwritten-barrier", [1, 1, 2, 1], &["S d 1", "L r0 d"], RACE),
];

fn check(case: &Case) {
    let found = asked(case.sizes, case.bodies, None);
    let verdict = if case.wrong.is_some() { Verdict::Violated } else { Verdict::Verified };
    let name = case.name;
    assert_eq!(found.verdict, verdict, "{name}: {:?} {:?}", found.reason, found.finding.map(|found| found.message));
    let code = found.finding.as_ref().map(|found| found.code);
    assert_eq!(code, case.wrong, "{name}: {:?}", found.finding.map(|found| found.message));
}

#[test]
fn answers_are_the_isa_s() {
    CASES.iter().for_each(check);
}

/// Warps of a block, by barriers with counts: two warps, of which the first lanes do something.
fn warps(first: &str, second: &str) -> Opinion {
    let mut bodies: Vec<&str> = vec![""; 64];
    bodies[0] = first;
    bodies[32] = second;
    let others =
        |body: &str| -> String { body.lines().filter(|line| line.contains("bar")).collect::<Vec<_>>().join("\n") };
    let (one, two) = (others(first), others(second));
    for lane in 1..32 {
        bodies[lane] = &one;
        bodies[32 + lane] = &two;
    }
    asked([1, 1, 64, 1], &bodies, None)
}

#[test]
fn barriers_count_warps() {
    let producer = "S d 1\nbarrier.arrive 1, 64;";
    let consumer = "barrier.sync 1, 64;\nL r0 d\ntrapif r0 0";
    assert_eq!(warps(producer, consumer).verdict, Verdict::Verified);
    // One side arrives twice: the barrier may be complete without the other, who then waits for ever.
    let twice = "S d 1\nbarrier.arrive 1, 64;\nbarrier.arrive 1, 64;";
    let found = warps(twice, consumer);
    assert_eq!(found.verdict, Verdict::Violated, "{:?}", found.reason);
}

/// A loop over a barrier that one warp completes alone, or either of two.
#[test]
fn loops_over_barriers_of_some_warps_end_or_do_not() {
    let polls = |lane: u32, barrier: u32| {
        format!(
            "R relaxed.sys r0 x\nsetp.eq.u32 %p7, %r20, 0;\nbarrier.red.or.pred %p8, {barrier}, 32, %p7;\n@%p8 bra $T{lane};"
        )
    };
    let found = |other: u32, writes: &str| {
        let (first, second) = (polls(0, 1), polls(32, other));
        let mut bodies: Vec<&str> = vec![""; 34];
        (bodies[0], bodies[32], bodies[33]) = (&first, &second, writes);
        asked([2, 1, 33, 1], &bodies, None)
    };
    assert_eq!(found(2, "W relaxed.sys x 1").verdict, Verdict::Verified);
    let for_ever = found(2, "");
    assert_eq!(for_ever.finding.map(|found| found.code), HANGS, "{:?}", for_ever.reason);
    // Of one barrier each warp completes its own round.
    assert_ne!(found(1, "").verdict, Verdict::Verified);
}

#[test]
fn launches_follow_each_other_and_ranks_do_not() {
    let once = [2, 1, 1, 1];
    let twice = [2, 1, 1, 2];
    let push = ["S d %r1", ""];
    assert_eq!(asked(twice, &push, None).verdict, Verdict::Verified);
    let pull = ["W release.sys x %r1", "R acquire.sys r0 x\nsetp.lt.u32 %p7, %r20, %r1;\n@%p7 bra $T1;"];
    let found = asked(twice, &pull, None);
    assert_eq!(found.verdict, Verdict::Verified, "{:?}", found.finding);
    let equal = ["W release.sys x %r1", "R acquire.sys r0 x\nsetp.ne.u32 %p7, %r20, %r1;\n@%p7 bra $T1;"];
    assert_eq!(asked(once, &equal, None).verdict, Verdict::Verified);
    let found = asked(twice, &equal, None);
    assert_eq!(found.finding.map(|found| found.code), Some(Code::Deadlock), "{:?}", found.reason);
}

#[test]
fn a_launch_is_known_to_whoever_observes_it_where_that_is_assumed() {
    // Rank 0 writes in its first launch and signals, relaxed, in its second.
    let bodies = [
        "setp.ne.u32 %p7, %r1, 1;\n@%p7 bra $N;\nS d 1\nret;\n$N:\nW relaxed.sys x 1",
        "setp.ne.u32 %p7, %r1, 2;\n@%p7 ret;\n$M:\nR relaxed.sys r0 x\nsetp.eq.u32 %p8, %r20, 0;\n@%p8 bra $M;\nL r1 d\ntrapif r1 0",
    ];
    let program = kernel([2, 1, 1, 2], &bodies);
    let ask = |publishes| graph_opinion(&program, Question { publishes, ..Question::default() }, &Patience::default());
    assert_eq!(ask(false).finding.map(|found| found.code), Some(Code::DataRace));
    let assumed = ask(true);
    assert_eq!(assumed.verdict, Verdict::Verified, "{:?} {:?}", assumed.reason, assumed.finding);
}

#[test]
fn open_reads_alone_find_what_is_buffered() {
    let lb = [
        "R relaxed.sys r0 x\nW relaxed.sys y 1\nout 0 r0",
        "R relaxed.sys r0 y\nW relaxed.sys x 1\nout 1 r0",
        "observe 0=1 1=1",
    ];
    let found = load_buffering_opinion(&kernel([3, 1, 1, 1], &lb), Question::default(), &Patience::default());
    assert_eq!(found.finding.map(|found| found.code), ALLOWED);
}

/// To give up reads that wait for what cannot come changes no answer.
#[test]
fn nothing_is_lost_with_the_reads_that_are_given_up() {
    for case in CASES {
        let everything = Question { everything: true, ..Question::default() };
        let found = opinion(case.sizes, case.bodies, everything);
        let code = found.finding.as_ref().map(|found| found.code);
        assert_eq!(code, case.wrong, "{}: {:?}", case.name, found.reason);
        assert_ne!(found.verdict, Verdict::Inconclusive, "{}: {:?}", case.name, found.reason);
    }
}

/// Rules, each with a case whose answer changes without it.
#[test]
fn every_rule_is_needed() {
    let needs = [
        (Rule::Scopes, "mp-gpu-two-devices"),
        (Rule::Strength, "weak-write-race"),
        (Rule::ObservationThroughAtomics, "mp-through-atomic"),
        (Rule::ReleaseBeforeWrite, "mp-write-after-release"),
        (Rule::ReleaseByFence, "mp-fences"),
        (Rule::AcquireAfterRead, "mp-read-before-acquire"),
        (Rule::AcquireByFence, "mp-fences"),
        (Rule::FenceSc, "sb-sc"),
        (Rule::BarriersSynchronize, "barrier-not-aligned"),
        (Rule::ObservationInCausality, "corr"),
        (Rule::Coherence, "coww"),
        (Rule::Atomicity, "atomic-increments"),
        (Rule::Causality, "corr"),
        (Rule::VectorsUnordered, "acquire-vector"),
        (Rule::StreamRaces, "peer-reads-new-inputs"),
        (Rule::ProxyFences, "copy-of-an-ordinary-store"),
        (Rule::ReadOnlyLoads, "nc-behind-own-write"),
    ];
    for (rule, name) in needs {
        let case = CASES.iter().find(|case| case.name == name).unwrap_or_else(|| panic!("{name}"));
        let (with, without) = (asked(case.sizes, case.bodies, None), asked(case.sizes, case.bodies, Some(rule)));
        assert_ne!(with.verdict, without.verdict, "{name} without {rule:?}");
    }
}
