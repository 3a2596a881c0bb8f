//! The examples as programs: what they print and how they end.

mod common;

use arverify_runtime::DataType;
use common::{Form, kernels};
use std::path::PathBuf;
use std::process::{Command, Output};

/// An example, which `cargo test` builds beside the tests.
fn example(name: &str) -> Command {
    let test = std::env::current_exe().expect("a test has a path");
    let target = test.ancestors().nth(2).expect("tests are in target/PROFILE/deps");
    Command::new(target.join("examples").join(name))
}

fn program() -> Command {
    let mut command = example("all_reduce");
    command.args(["--kernels".as_ref(), folder(&["one-shot", "two-shot"], "example").as_os_str()]);
    command
}

/// A folder with kernels for two and four ranks.
fn folder(protocols: &[&str], name: &str) -> PathBuf {
    let forms = protocols.iter().flat_map(|protocol| {
        [2, 4].into_iter().flat_map(|ranks| {
            [DataType::F32, DataType::F16, DataType::BF16].map(|data| Form::new(protocol, ranks, data))
        })
    });
    let forms: Vec<Form<'_>> = forms.collect();
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    if !folder.join("manifest.json").exists() {
        std::fs::create_dir_all(&folder).expect("the target folder can be written");
        // The manifest last: another test of this program may be writing the same files.
        let files = kernels(&forms).certificate().to_files();
        for (file, bytes) in files.iter().rev() {
            let unfinished = folder.with_extension(format!("{:?}-{file}", std::thread::current().id()));
            std::fs::write(&unfinished, bytes).expect("the target folder can be written");
            std::fs::rename(&unfinished, folder.join(file)).expect("the target folder can be written");
        }
    }
    folder
}

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    outcome(program().args(arguments))
}

fn outcome(command: &mut Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("the example was built");
    let text = |bytes| String::from_utf8(bytes).expect("the example prints text");
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn right_results_end_with_0() {
    for dtype in ["f32", "f16", "bf16"] {
        for algorithm in ["auto", "one-shot", "two-shot"] {
            let arguments = ["--ranks", "4", "--elements", "1009", "--iters", "30", "--dtype", dtype];
            let (status, output, errors) = run(&[&arguments[..], &["--algorithm", algorithm]].concat());
            assert_eq!((status, errors.as_str()), (Some(0), ""), "{output}");
            assert!(output.contains("every bit right on every rank; median "), "{output}");
        }
    }
}

#[test]
fn another_order_of_summing_is_compared_for_what_it_promises() {
    let same = "the same bits on every rank, within rounding of the sum in rank order; median ";
    let own = "within rounding of the sum in rank order on every rank; median ";
    for (algorithm, said) in [("ring", same), ("channel-tree", same), ("channel-ring", own), ("channel-mesh", own)] {
        for dtype in ["f32", "f16", "bf16"] {
            let mut command = example("all_reduce");
            command.args(["--ranks", "4", "--elements", "1009", "--iters", "10", "--dtype", dtype]);
            let (status, output, errors) = outcome(command.args(["--algorithm", algorithm]));
            assert_eq!((status, errors.as_str()), (Some(0), ""), "{algorithm} {dtype}: {output}");
            assert!(output.contains(said), "{algorithm} {dtype}: {output}");
        }
    }
}

#[test]
fn a_dead_rank_ends_with_1_and_the_slot() {
    let arguments = ["--ranks", "4", "--kill-rank", "1", "--kill-at", "3", "--kill-after", "0", "--deadline-ms", "100"];
    let (status, output, errors) = run(&arguments);
    assert_eq!((status, output.as_str()), (Some(1), ""));
    assert!(errors.contains("rank 1, call 3: rank 1 was killed by fault injection\n"), "{errors}");
    for rank in [0, 2, 3] {
        let start = format!("error: rank {rank}, call 3: rank ");
        let line = errors.lines().find(|line| line.starts_with(&start)).expect("every rank says how it ended");
        assert!(line.contains(" waited 100 ms for start[0][0][1] of rank ") && line.contains(" == 4, saw "), "{line}");
    }
}

#[test]
fn bad_input_ends_with_2_and_one_line() {
    let cases = [
        (&["--ranks", "3"][..], "there is no certified kernel of `one-shot` for 3 ranks of f32"),
        (&["--ranks", "0"], "a group needs at least 2 ranks"),
        (&["--ranks", "many"], "invalid value 'many' for '--ranks <RANKS>'"),
        (&["--dtype", "f64"], "unknown data type `f64`: expected f32, f16 or bf16"),
        (&["--iters", "0"], "invalid value '0' for '--iters <ITERS>'"),
        (&["--deadline-ms", "0"], "the deadline must not be zero"),
        (&["--algorithm", "three-shot"], "there is no certified kernel of `three-shot`"),
        (&["--threads", "2"], "cannot run at these sizes: it requires "),
        (&["--blocks", "37"], "is certified for at most 36 blocks"),
        (&["--kill-rank", "4"], "there is no rank 4: the group has 4 ranks"),
        (&["--kill-at", "4"], "the following required arguments were not provided"),
        (&["--elements", "2000000000000"], "the capacity must not exceed 2^40 elements"),
        (&["--devices", "0"], "the CPU back end has no devices to choose from"),
        (&["--frobnicate"], "unexpected argument '--frobnicate' found"),
    ];
    for (arguments, message) in cases {
        let (status, output, errors) = run(arguments);
        assert_eq!((status, output.as_str()), (Some(2), ""), "{arguments:?}: {errors}");
        assert!(errors.starts_with("error: ") && errors.contains(message), "{arguments:?}: {errors}");
        assert_eq!(errors.lines().count(), 1, "{arguments:?}: {errors}");
    }
}

#[test]
fn an_altered_folder_ends_with_2() {
    let folder = folder(&["one-shot"], "altered");
    std::fs::write(folder.join("one-shot.cu"), "// another kernel\n").expect("the target folder can be written");
    let (status, _, errors) = outcome(example("all_reduce").arg("--kernels").arg(folder));
    assert_eq!(status, Some(2));
    assert_eq!(errors, "error: one-shot.cu was altered: its sha256 is not the one in the manifest\n");
}

#[test]
fn the_pipeline_multiplies_what_it_gathers() {
    // More streams than steps, one stream, rows that do not divide, fewer rows than ranks, single elements.
    let cases = [(4, 64, 32, 48, 2), (2, 33, 17, 65, 1), (5, 101, 7, 3, 3), (3, 2, 5, 9, 4), (8, 1, 1, 1, 8)];
    for (ranks, m, n, k, streams) in cases {
        let mut command = example("p2p_pipeline");
        for (name, value) in [("ranks", ranks), ("m", m), ("n", n), ("k", k), ("streams", streams), ("iters", 3)] {
            command.arg(format!("--{name}={value}"));
        }
        let (status, output, errors) = outcome(&mut command);
        assert_eq!((status, errors.as_str()), (Some(0), ""), "{output}");
        let product = format!("cpu {ranks} ranks {streams} streams C[{m}x{n}] = A[{m}x{k}] B[{k}x{n}] f32: ");
        assert!(output.starts_with(&product), "{output}");
        for words in ["every element right on every rank", "; overlapped ", " ms, one after the other ", ", ratio "] {
            assert!(output.contains(words), "{output}");
        }
    }
}

#[test]
fn the_pipeline_on_a_gpu_is_right_or_skipped() {
    let (status, output, errors) = outcome(example("p2p_pipeline").args(["--backend", "cuda", "--m", "96"]));
    assert_eq!((status, errors.as_str()), (Some(0), ""), "{output}");
    let skipped = output.starts_with("SKIPPED: CUDA is not available: ");
    assert!(skipped || output.contains("every element right on every rank"), "{output}");
    if skipped {
        use std::io::Write;
        // Past the test harness, which keeps what a passing test prints to itself.
        let line = format!("SKIPPED the_pipeline_on_a_gpu_is_right_or_skipped: {output}");
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
}

#[test]
fn bad_input_to_the_pipeline_ends_with_2_and_one_line() {
    let cases = [
        (["--ranks", "1"], "invalid value '1' for '--ranks <RANKS>': 1 is not in 2..=64"),
        (["--m", "0"], "invalid value '0' for '--m <M>'"),
        (["--k", "many"], "invalid value 'many' for '--k <K>'"),
        (["--streams", "0"], "invalid value '0' for '--streams <STREAMS>'"),
        (["--backend", "abacus"], "invalid value 'abacus' for '--backend <BACKEND>'"),
    ];
    for (arguments, message) in cases {
        let (status, output, errors) = outcome(example("p2p_pipeline").args(arguments));
        assert_eq!((status, output.as_str()), (Some(2), ""), "{arguments:?}: {errors}");
        assert!(errors.starts_with("error: ") && errors.contains(message), "{arguments:?}: {errors}");
        assert_eq!(errors.lines().count(), 1, "{arguments:?}: {errors}");
    }
}
