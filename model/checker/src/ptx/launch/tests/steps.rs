//! Steps: what they mean at their sizes, and mistakes with their places.

use super::super::{Launch, Overrides, Parameter, Work, parse};
use arverify_protocol::language::Diagnostics;

pub(super) const FILE: &str = "\
ranks = 2
launches = 2

[[buffer]]
name = 'comm'
bytes = 64
dtype = 'u32'

[[buffer]]
name = 'input'
bytes = 'grid * 16'
dtype = 'u32'
symmetric = false

[[step]]
copy = { to = 'comm', from = 'input', bytes = 'rank == 0 ? 16 : 0', to_rank = '(rank + 1) % ranks', to_offset = 'launch * 16' }

[[step]]
kernel = 'first'
grid = 2
block = 32
args = [ { ptr = 'comm' } ]

[[step]]
stream = 1
fill = { buffer = 'comm', value = 'launch' }

[[step]]
record = 'done'

[[step]]
stream = 1
wait = 'done'

[[step]]
kernel = 'second'
grid = 2
block = 32
args = [ { ptr = 'comm' } ]

[[step]]
check = 'verify'
args = [ { ptr = 'comm' } ]

[[step]]
hosts_meet = true
";

fn parameters() -> [Parameter; 1] {
    [Parameter { name: "a".to_owned(), bytes: 8, alignment: 8, declared: ".u64".to_owned() }]
}

fn launch(text: &str, overrides: &Overrides) -> Result<Launch, Diagnostics> {
    let launch = Launch::new(&parse("launch.toml", text)?, overrides)?;
    for kernel in launch.kernels() {
        kernel.entry(&["first", "second", "verify"])?;
        kernel.check("first", &parameters())?;
    }
    Ok(launch)
}

/// The one error in the example when `old` is replaced by `new`: place, message and remark.
fn error(old: &str, new: &str, overrides: &Overrides) -> String {
    assert!(FILE.contains(old), "{old}");
    let Err(errors) = launch(&FILE.replacen(old, new, 1), overrides) else { panic!("not refused: {old} -> {new}") };
    assert_eq!(errors.list.len(), 1, "{errors}");
    let error = &errors.list[0];
    let (line, column) = errors.source.line_column(error.span.start);
    format!("{line}:{column} {} ({})", error.message, error.label)
}

#[test]
fn steps_have_their_sizes() {
    let launch = launch(FILE, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(launch.steps.iter().map(|step| step.stream).collect::<Vec<_>>(), [0, 0, 1, 0, 1, 0, 0, 0]);
    assert_eq!(launch.kernels().len(), 3);
    assert_eq!(launch.buffers[1].bytes, 32);
    let Work::Copy { moves, .. } = &launch.steps[0].work else { panic!("{:?}", launch.steps[0]) };
    assert_eq!((moves[0][1].to, moves[0][1].from, moves[0][1].bytes), ((0, 1, 16), (1, 0), 16));
    assert_eq!(moves[1][0].bytes, 0);
    let Work::Fill { buffer: 0, bits } = &launch.steps[2].work else { panic!("{:?}", launch.steps[2]) };
    assert_eq!(*bits, [[0, 1], [0, 1]]);
    let Work::Kernel { launch: check, checks: true } = &launch.steps[6].work else { panic!("{:?}", launch.steps[6]) };
    assert_eq!((check.grids[0], check.blocks[0]), ([1; 3], [1; 3]));
}

#[test]
fn sizes_of_the_command_line_are_those_of_every_kernel() {
    let overrides = Overrides { blocks: Some(4), threads: Some(8), ..Overrides::default() };
    let launch = launch(FILE, &overrides).unwrap_or_else(|errors| panic!("{errors}"));
    let sizes: Vec<_> = launch.kernels().iter().map(|kernel| (kernel.grids[0][0], kernel.blocks[0][0])).collect();
    assert_eq!(sizes, [(4, 8), (4, 8), (1, 1)]);
    assert_eq!(launch.buffers[1].bytes, 64);
    let second = "kernel = 'second'\ngrid = 2";
    assert_eq!(
        error(second, "kernel = 'second'\ngrid = 3", &overrides),
        "37:8 --blocks does not fit steps of different sizes (another `grid`)"
    );
}

/// What is replaced in the example, by what, and the one error then.
const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "ranks = 2\n",
        "ranks = 2\nkernel = 'first'\n",
        "2:1 `kernel` stands beside [[step]] (expected in a step that launches a kernel)",
    ),
    (
        "[[step]]\nhosts",
        "[[arg]]\nu32 = 1\n\n[[step]]\nhosts",
        "45:3 `arg` stands beside [[step]] (expected in a step that launches a kernel)",
    ),
    ("record = 'done'", "record = 'done'\nblock = 3", "30:1 [[step]] has no key `block` (unknown key)"),
    (
        "hosts_meet = true",
        "",
        "45:1 [[step]] does not say what is done (expected one of kernel, copy, fill, record, wait, synchronize, hosts_meet, check)",
    ),
    ("hosts_meet = true", "host_meet = true", "46:1 [[step]] has no key `host_meet` (is it `hosts_meet`?)"),
    (
        "hosts_meet = true",
        "hosts_meet = false",
        "46:14 `hosts_meet = false` does nothing (expected `hosts_meet = true`, or no such step)",
    ),
    (
        "hosts_meet = true",
        "hosts_meet = true\nsynchronize = true",
        "46:1 [[step]] has both `synchronize` and `hosts_meet` (a step is one thing)",
    ),
    ("record = 'done'", "record = 'gone'", "33:8 no step records the event `done` (is it `gone`?)"),
    ("record = 'done'", "synchronize = true", "33:8 no step records the event `done` (waited for here)"),
    ("wait = 'done'", "wait = ''", "33:8 `wait` is empty (expected an event's name)"),
    ("stream = 1", "stream = 64", "25:10 `stream = 64` is out of range (expected a whole number from 0 to 63)"),
    ("kernel = 'second'\ngrid = 2\n", "kernel = 'second'\n", "35:1 [[step]] has no `grid` (expected `grid = 2`)"),
    (
        "kernel = 'second'",
        "kernel = 'third'",
        "36:10 no entry is called `third`: the entries are first, second, verify (unknown entry)",
    ),
    (
        "kernel = 'second'",
        "kernel = 'second'\ndependent = true",
        "37:1 `dependent` is not known for steps (launches that depend on each other are those of a file without steps)",
    ),
    (
        "kernel = 'second'\ngrid = 2",
        "kernel = 'second'\ngrid = 3",
        "11:10 `grid` has no value here (the kernels of the steps have different ones)",
    ),
    ("kernel = 'second'\ngrid = 2", "kernel = 'second'\ngrid = 0", "37:8 `grid` is 0 (expected 1 to 2147483647)"),
    ("args = [ { ptr = 'comm' } ]", "args = [ { ptr = 'com' } ]", "22:18 no buffer is called `com` (is it `comm`?)"),
    (
        "args = [ { ptr = 'comm' } ]",
        "args = [ ]",
        "18:1 `first` takes 1 parameters, but 0 `args` are given (no more after this)",
    ),
    (
        "args = [ { ptr = 'comm' } ]",
        "args = { ptr = 'comm' }",
        "22:8 `args`: expected values: [ { ptr = \"comm\" }, … ], found a table (expected values: [ { ptr = \"comm\" }, … ])",
    ),
    (
        "args = [ { ptr = 'comm' } ]",
        "args = [ { u32 = 1 } ]",
        "22:10 argument 1 and parameter `a` differ in size (u32: 4 bytes)",
    ),
    ("from = 'input', ", "", "16:8 `copy` has no `from` (expected `from = \"input\"`)"),
    ("from = 'input', ", "from = 'input', size = 3, ", "16:39 `copy` has no key `size` (unknown key)"),
    ("rank == 0 ? 16 : 0", "64", "16:48 `bytes` from `input` to `comm` is 64 (expected 0 to 32)"),
    ("rank == 0 ? 16 : 0", "grid * 4", "16:48 `grid` has no value here (here may stand: rank, ranks, launch)"),
    ("launch * 16", "launch * 65", "16:114 the offset into `comm` is 65 where launch = 1 (expected 0 to 64)"),
    ("(rank + 1) % ranks", "rank + 1", "16:80 `to_rank` is 2 where rank = 1 (expected 0 to 1)"),
    (
        "copy = { to = 'comm', from = 'input'",
        "copy = { to = 'input', from = 'comm'",
        "16:15 `input` of rank 1 is local to it, and rank 0 writes it (expected a symmetric buffer)",
    ),
    (
        "from = 'input', bytes = 'rank == 0 ? 16 : 0', to_rank = '(rank + 1) % ranks', to_offset = 'launch * 16'",
        "from = 'comm', bytes = 16, to_offset = 8",
        "16:15 16 bytes of `comm` are copied onto themselves (what is read and what is written overlap)",
    ),
    ("value = 'launch'", "value = -1", "26:35 the value -1 does not fit u32 (expected 0 to 4294967295)"),
    ("buffer = 'comm', ", "", "26:8 `fill` has no `buffer` (expected `buffer = \"flags\"`)"),
];

#[test]
fn mistakes() {
    let errors: Vec<String> = MISTAKES.iter().map(|(old, new, _)| error(old, new, &Overrides::default())).collect();
    let expected: Vec<&str> = MISTAKES.iter().map(|(.., expected)| *expected).collect();
    assert_eq!(errors, expected, "\n{}\n", errors.join("\n"));
}

#[test]
fn there_are_limits() {
    let text = FILE.replace("launches = 2", "launches = 500000").replace("launch * 16", "0");
    let errors = launch(&text, &Overrides::default()).expect_err("that is too much");
    assert_eq!(errors.list[0].message, "8000000 steps in 500000 launches are more than can be checked");
    let text =
        FILE.replace("launches = 2", "launches = 200").replace("launch * 16", "0").replace("grid = 2", "grid = 500");
    let errors = launch(&text, &Overrides::default()).expect_err("that is too much");
    assert_eq!(errors.list[0].message, "6400000 threads in 200 launches are more than can be checked");
}

#[test]
fn some_step_launches_a_kernel() {
    let text = "ranks = 1\n[[step]]\nsynchronize = true\n";
    let errors = parse("launch.toml", text).expect_err("nothing is launched");
    assert_eq!(errors.list.len(), 1, "{errors}");
    assert_eq!(errors.list[0].message, "no step launches a kernel");
}
