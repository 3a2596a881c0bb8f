//! Exit statuses and messages of `argen`: bad input ends with 2 and one clear error, and leaves nothing behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

struct Outcome {
    status: i32,
    output: String,
    errors: String,
}

fn argen(arguments: &[&str]) -> Outcome {
    let result = Command::new(env!("CARGO_BIN_EXE_argen")).args(arguments).output().expect("argen starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Outcome {
        status: result.status.code().expect("argen ends by itself"),
        output: text(&result.stdout),
        errors: text(&result.stderr),
    }
}

/// Runs `argen emit` into a new folder and expects it to fail so, leaving nothing behind.
fn refused(arguments: &[&str], status: i32, message: &str) {
    let beside = tempfile::tempdir().expect("a temporary folder");
    let out = beside.path().join("out");
    let out = out.to_str().expect("UTF-8");
    let outcome = argen(&[&["emit", "--out", out, "--no-ptx"], arguments].concat());
    assert_eq!(outcome.status, status, "{arguments:?}: {}", outcome.errors);
    assert!(outcome.errors.contains(message), "{arguments:?}: {message:?} is not in {:?}", outcome.errors);
    assert_eq!(outcome.output, "", "{arguments:?}");
    assert_eq!(fs::read_dir(beside.path()).expect("readable").count(), 0, "{arguments:?} left something behind");
}

/// A folder with the kernels of one small emission.
fn emitted(beside: &Path) -> PathBuf {
    let out = beside.join("out");
    let text = out.to_str().expect("UTF-8");
    let outcome = argen(&["emit", "one-shot", "--ranks", "2", "--dtype", "f32", "--no-ptx", "--out", text]);
    assert_eq!(outcome.status, 0, "{}", outcome.errors);
    assert!(outcome.output.starts_with("one_shot_p2_f32  verified in "), "{}", outcome.output);
    out
}

/// What an emission says that it is certified for: at its end, in the header, in the source and in the manifest.
fn says(name: &str, source: &str, last: &str, words: &str) {
    let beside = tempfile::tempdir().expect("a temporary folder");
    let out = beside.path().join("out");
    let text = out.to_str().expect("UTF-8");
    let outcome = argen(&["emit", name, "--ranks", "2", "--dtype", "f32", "--no-ptx", "--out", text]);
    let printed = outcome.output.lines().last().unwrap_or_default();
    assert!(printed.starts_with(last), "{}{}", outcome.output, outcome.errors);
    for file in ["arverify_kernels.h", source, "manifest.json"] {
        let written = fs::read_to_string(out.join(file)).expect("it was written");
        let found: Vec<&str> = written.split([' ', '\n', '*', '/', '"']).filter(|word| !word.is_empty()).collect();
        assert!(found.join(" ").contains(words), "{file} does not say it");
    }
}

#[test]
fn what_is_emitted_says_which_launches_it_holds_for() {
    let any = "launches of any length N up to the capacity C, the same N on all ranks in each launch";
    says("two-shot", "two_shot_p2_f32.cu", &format!("certified for {any}"), any);
    let one = "launches of one length N and one number of blocks B";
    says("barrier", "barrier_p2_f32.cu", &format!("certified for {one}"), one);
}

#[test]
fn kernels_of_both_kinds_are_told_apart() {
    let beside = tempfile::tempdir().expect("a temporary folder");
    let out = beside.path().join("out");
    let text = out.to_str().expect("UTF-8");
    let outcome = argen(&["emit", "two-shot", "barrier", "--ranks", "2", "--dtype", "f32", "--no-ptx", "--out", text]);
    let lines: Vec<&str> = outcome.output.lines().collect();
    let [.., any, one] = lines[..] else { panic!("{}{}", outcome.output, outcome.errors) };
    assert!(any.starts_with("two_shot_p2_f32: certified for launches of any length N"), "{any}");
    assert!(one.starts_with("barrier_p2_f32: certified for launches of one length N"), "{one}");
    let header = fs::read_to_string(out.join("arverify_kernels.h")).expect("it was written");
    assert!(header.contains("* two-shot: certified for launches of any length"), "{header}");
    assert!(header.contains("* barrier: certified for launches of one length"), "{header}");
    assert!(header.contains("TWO_SHOT_P2_F32_BYTES_comm(B, C)"), "{header}");
    assert!(header.contains("TWO_SHOT_P2_F32_BYTES_input(B, N)"), "{header}");
}

/// `argen launch-file` on a folder.
fn launch_file(folder: &Path, arguments: &[&str]) -> Outcome {
    argen(&[&["launch-file", folder.to_str().expect("UTF-8")], arguments].concat())
}

#[test]
fn a_launch_file_has_the_lengths_asked_for() {
    let beside = tempfile::tempdir().expect("a temporary folder");
    let out = emitted(beside.path());
    let outcome = launch_file(&out, &["one_shot_p2_f32", "--lengths", "16,32,16,32"]);
    assert_eq!(outcome.status, 0, "{}", outcome.errors);
    for line in [
        "kernel = \"one_shot_p2_f32\"",
        "launches = 4",
        "u64 = \"32\"",
        "u64 = \"launch == 0 ? 16 : launch == 2 ? 16 : 32\"",
        "used = \"launch == 0 ? 64 : launch == 2 ? 64 : 128\"",
    ] {
        assert!(outcome.output.lines().any(|found| found == line), "{line}\n{}", outcome.output);
    }
    let one = launch_file(&out, &["one-shot", "--lengths", "16", "--launches", "2"]);
    assert!(one.output.contains("launches = 2\n") && !one.output.contains("used"), "{}", one.output);
}

#[test]
fn a_launch_file_is_of_a_kernel_and_of_lengths_that_fit() {
    let beside = tempfile::tempdir().expect("a temporary folder");
    let out = emitted(beside.path());
    let said = |arguments: &[&str], message: &str| {
        let outcome = launch_file(&out, arguments);
        assert_eq!((outcome.status, outcome.output.as_str()), (2, ""), "{arguments:?}");
        assert!(outcome.errors.contains(message), "{arguments:?}: {}", outcome.errors);
    };
    said(&["two-shot"], "there is no kernel `two-shot`: there is one_shot_p2_f32");
    said(&["one-shot", "--lengths", "16,x"], "`x` is no number of elements");
    said(&["one-shot", "--lengths", "0"], "the longest launch has no elements");
    said(&["one-shot", "--lengths", "16,32", "--capacity", "24"], "a launch of 32 elements exceeds the capacity, 24");
    said(&["one-shot", "--blocks", "37"], "at most 36 blocks");
}

#[test]
fn unknown_names_and_sizes_are_bad_input() {
    refused(&["nosuch", "--ranks", "2"], 2, "unknown protocol `nosuch`: the catalogue has one-shot,");
    for ranks in ["0", "1", "65", "two", "-1"] {
        refused(&["one-shot", &format!("--ranks={ranks}")], 2, "--ranks");
    }
    refused(&["one-shot"], 2, "--ranks");
    refused(&["one-shot", "--ranks", "2", "--dtype", "f64"], 2, "unknown data type `f64`: expected f32, f16 or bf16");
    refused(&["one-shot", "--ranks", "2", "--threads", "1025"], 2, "1..=1024");
    refused(&["one-shot", "--ranks", "2", "--blocks", "0"], 2, "1..=65535");
    refused(&["one-shot", "--ranks", "2", "--arch", "sm_70"], 2, "the kernels need sm_80 or newer");
    refused(&["one-shot", "--ranks", "2", "--arch", "ampere"], 2, "expected something like sm_90");
    refused(&["one-shot", "--ranks", "2", "--accumulate", "f64"], 2, "expected own or f32");
    refused(&["one-shot", "--ranks", "8", "--threads", "4"], 2, "one-shot: P <= T does not hold at P = 8");
    refused(&["one-shot", "one-shot", "--ranks", "2"], 2, "the protocol `one-shot` was named twice");
}

#[test]
fn unknown_knobs_are_bad_input() {
    refused(&["one-shot", "--ranks", "2", "--knob", "signal"], 2, "expected KNOB=VALUE");
    refused(&["one-shot", "--ranks", "2", "--knob", "nosuch=on"], 2, "has no knob `nosuch`");
    refused(&["one-shot", "--ranks", "2", "--knob", "signal=loud"], 2, "the knob `signal` has no value `loud`");
    refused(&["one-shot", "--ranks", "2", "--variant", "nosuch"], 2, "one-shot has no variant `nosuch`; it has ");
}

#[test]
fn broken_and_unreadable_files_are_bad_input() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("writable");
        path.to_str().expect("UTF-8").to_owned()
    };
    let broken = file("broken.arp", b"protocol broken\nkernel {\n  block_sink\n}\n");
    refused(&[&broken, "--ranks", "2"], 2, "broken.arp:3:3");
    let binary = file("binary.arp", &[0xFF, 0xFE, 0x00, 0x80]);
    refused(&[&binary, "--ranks", "2"], 2, "binary.arp");
    refused(&["missing.arp", "--ranks", "2"], 2, "missing.arp");
    let directory = folder.path().join("folder.arp");
    fs::create_dir(&directory).expect("writable");
    refused(&[directory.to_str().expect("UTF-8"), "--ranks", "2"], 2, "folder.arp");
}

#[test]
fn what_is_violated_is_not_written() {
    let variant = |name: &str, code: &str| refused(&["one-shot", "--ranks", "2", "--variant", name], 1, code);
    variant("volatile-flags", "one-shot is violated at P = 2");
    variant("volatile-flags", "AR001");
    variant("start-without-syncthreads", "AR001");
    refused(&["one-shot", "--ranks", "2", "--knob", "scope=gpu"], 1, "nothing was written");
}

#[test]
fn a_foreign_folder_is_left_alone() {
    let beside = tempfile::tempdir().expect("a temporary folder");
    let out = beside.path().join("out");
    let arguments =
        ["emit", "one-shot", "--ranks", "2", "--dtype", "f32", "--no-ptx", "--out", out.to_str().expect("UTF-8")];
    fs::create_dir(&out).expect("writable");
    fs::write(out.join("thesis.txt"), "years of work").expect("writable");
    let outcome = argen(&arguments);
    assert_eq!(outcome.status, 2);
    assert!(outcome.errors.contains("it holds something other than what argen wrote"), "{}", outcome.errors);
    assert_eq!(fs::read_to_string(out.join("thesis.txt")).expect("still there"), "years of work");

    fs::remove_dir_all(&out).expect("writable");
    fs::write(&out, "a file").expect("writable");
    let outcome = argen(&arguments);
    assert_eq!(outcome.status, 2);
    assert!(outcome.errors.contains("it exists and is not a folder"), "{}", outcome.errors);
    assert_eq!(fs::read_dir(beside.path()).expect("readable").count(), 1);
}

#[test]
fn an_own_folder_is_replaced_whole() {
    let beside = tempfile::tempdir().expect("a temporary folder");
    let out = emitted(beside.path());
    let text = out.to_str().expect("UTF-8");
    let outcome = argen(&["emit", "two-shot", "--ranks", "2", "--dtype", "bf16", "--no-ptx", "--out", text]);
    assert_eq!(outcome.status, 0, "{}", outcome.errors);
    assert!(out.join("two_shot_p2_bf16.cu").is_file() && !out.join("one_shot_p2_f32.cu").exists());
    assert_eq!(fs::read_dir(beside.path()).expect("readable").count(), 1, "something was left beside it");

    // With a file of somebody else's in it, it is no longer only ours.
    fs::write(out.join("notes.txt"), "mine").expect("writable");
    let outcome = argen(&["emit", "one-shot", "--ranks", "2", "--no-ptx", "--out", text]);
    assert_eq!(outcome.status, 2);
    assert!(outcome.errors.contains("notes.txt does not belong to the certificate"), "{}", outcome.errors);
}

#[test]
fn verify_accepts_what_was_emitted_and_nothing_else() {
    let beside = tempfile::tempdir().expect("a temporary folder");
    let out = emitted(beside.path());
    let text = out.to_str().expect("UTF-8");
    let outcome = argen(&["verify", text]);
    assert_eq!((outcome.status, outcome.errors.as_str()), (0, ""));
    assert_eq!(outcome.output, format!("{text}: verified, 1 kernel in 4 files\n"));

    let manifest = out.join("manifest.json");
    let before = fs::read_to_string(&manifest).expect("readable");
    fs::write(&manifest, before.replace("\"max_blocks\": 36", "\"max_blocks\": 63")).expect("writable");
    let outcome = argen(&["verify", text]);
    assert_eq!(outcome.status, 2);
    assert!(outcome.errors.contains("manifest.json was altered"), "{}", outcome.errors);
    fs::write(&manifest, "{").expect("writable");
    assert!(argen(&["verify", text]).errors.contains("manifest.json:1:1: "));
    fs::remove_file(&manifest).expect("writable");
    assert!(argen(&["verify", text]).errors.contains("manifest.json is missing"));
    let outcome = argen(&["verify", "nosuch-folder"]);
    assert_eq!(outcome.status, 2);
    assert!(outcome.errors.contains("nosuch-folder"), "{}", outcome.errors);
}

#[test]
fn list_names_the_catalogue() {
    let outcome = argen(&["list"]);
    assert_eq!((outcome.status, outcome.errors.as_str()), (0, ""));
    let names: Vec<&str> = outcome.output.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.starts_with(&["one-shot", "one-shot-in-place"]), "{names:?}");
}
