//! `check --suggest`: every change that is suggested is made, and the result is verified; and how many of the known mistakes get
//! one.
//!
//! * The broken variants of the catalogue: where one knob differs from the catalogue's own form, that knob is the suggestion.
//! * Mistakes in the text of a protocol: the diff is applied by `patch -p0`.
//! * The bad kernels of `zoo/kernels`, and the published ones in `../shared` (SKIPPED where they are not there): the diff of the PTX
//!   is applied, too, and every step has its line in the source.

mod kernels;
mod lints;

use arverify_protocol::catalogue;
use arverify_protocol::language::{Configuration, Expected, Variant};
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Seconds that a check may take; a search has half of what the check has left.
const TIMEOUT: &str = "40";

/// What a check prints.
fn checked(program: &Path, folder: &Path, arguments: &[String]) -> Value {
    let mut command = Command::new(program);
    command.current_dir(folder).arg("check").args(arguments).args(["--format", "json", "--timeout", TIMEOUT]);
    let output = command.output().expect("the program starts");
    let report: Value = arverify_tests::schema::report(&output.stdout)
        .unwrap_or_else(|error| panic!("{arguments:?}: {error}{}", String::from_utf8_lossy(&output.stderr)));
    report["results"][0].clone()
}

/// The suggestion for what a check finds first.
fn suggested(program: &Path, folder: &Path, arguments: &[String]) -> Value {
    let asked: Vec<String> = arguments.iter().cloned().chain(["--suggest".to_owned()]).collect();
    let result = checked(program, folder, &asked);
    assert_eq!(result["verdict"], "violated", "{arguments:?}");
    let suggestion = result["findings"][0]["suggestion"].clone();
    assert!(suggestion["tried"].as_u64().is_some_and(|tried| tried <= 64), "{arguments:?}: {suggestion}");
    assert_eq!(suggestion["verified"] == true, suggestion["changes"].as_array().is_some_and(|all| !all.is_empty()));
    suggestion
}

/// Has `patch -p0` apply a diff in a folder; false where there is no such program.
fn patch(folder: &Path, diff: &str) -> bool {
    let mut command = Command::new("patch");
    command.current_dir(folder).args(["-p0", "--silent"]).stdin(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        println!("SKIPPED: `patch` is not installed, so a diff is not applied");
        return false;
    };
    child.stdin.take().expect("it is piped").write_all(diff.as_bytes()).expect("patch reads it");
    assert!(child.wait().expect("patch ends").success(), "patch refuses:\n{diff}");
    true
}

/// Several at a time, in their order.
fn all<T: Send, R: Send>(cases: Vec<T>, run: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let cases: Vec<std::sync::Mutex<Option<T>>> =
        cases.into_iter().map(|case| std::sync::Mutex::new(Some(case))).collect();
    let results: Vec<std::sync::Mutex<Option<R>>> = cases.iter().map(|_| std::sync::Mutex::new(None)).collect();
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some(case) = cases.get(index) else { break };
                    let case = case.lock().expect("nobody panics with it").take().expect("each is taken once");
                    *results[index].lock().expect("nobody panics with it") = Some(run(&case));
                }
            });
        }
    });
    results
        .into_iter()
        .map(|result| result.into_inner().expect("nobody panics with it").expect("all were run"))
        .collect()
}

/// A variant's sizes as options.
fn options(at: &Configuration) -> Vec<String> {
    let numbers = [
        ("--ranks", at.ranks),
        ("--blocks", at.blocks),
        ("--threads", at.threads),
        ("--elements", at.elements),
        ("--launches", at.launches),
        ("--resident-blocks", at.resident_blocks),
    ];
    let numbers = numbers.into_iter().filter_map(|(name, value)| Some([name.to_owned(), value?.to_string()]));
    let progress = at.progress.iter().map(|model| ["--progress".to_owned(), model.clone()]);
    numbers.chain(progress).flatten().collect()
}

/// Whether a broken variant gets a suggestion, which must verify.
fn mended(program: &Path, protocol: &str, variant: &Variant) -> bool {
    let here = Path::new(".");
    let arguments: Vec<String> = [protocol, "--variant", &variant.name].map(str::to_owned).to_vec();
    let suggestion = suggested(program, here, &arguments);
    let knobs = suggestion["knobs"].as_array().cloned().unwrap_or_default();
    if let [(knob, value)] = &variant.assignments[..]
        && suggestion["verified"] == true
    {
        // The catalogue's own form is one step away.
        assert_eq!(knobs.len(), 1, "{protocol} {}: {suggestion}", variant.name);
        assert_eq!((&knobs[0]["knob"], &knobs[0]["instead_of"]), (&Value::from(&**knob), &Value::from(&**value)));
    }
    if suggestion["verified"] != true {
        return false;
    }
    let mut chosen = variant.assignments.clone();
    for knob in &knobs {
        chosen.retain(|(name, _)| knob["knob"] != name.as_str());
    }
    let rest = chosen.iter().flat_map(|(knob, value)| ["--knob".to_owned(), format!("{knob}={value}")]);
    let again: Vec<String> =
        std::iter::once(protocol.to_owned()).chain(rest).chain(options(&variant.configuration)).collect();
    assert_eq!(checked(program, here, &again)["verdict"], "verified", "{protocol} {}: {suggestion}", variant.name);
    true
}

#[test]
fn four_in_five_broken_variants_are_mended() {
    let program = arverify_tests::arverify();
    let documents = catalogue::all().expect("the catalogue parses");
    let mut cases = Vec::new();
    for document in &documents {
        let broken = |variant: &&Variant| matches!(variant.expected, Expected::Violates(_));
        cases.extend(
            document.variants().iter().filter(broken).map(|variant| (document.name().to_owned(), variant.clone())),
        );
    }
    let count = cases.len();
    let found = all(cases, |(protocol, variant)| mended(&program, protocol, variant));
    let mended = found.iter().filter(|found| **found).count();
    println!("{mended} of {count} broken variants of the catalogue are mended");
    assert!(mended * 5 >= count * 4, "{mended} of {count}");
}

/// Mistakes in the text of `one-shot.arp`: a name, what stands there, what stands there instead (each as often as it is there).
const MISTAKES: &[(&str, &[(&str, &str)])] = &[
    ("relaxed-store", &[("release.sys", "relaxed.sys")]),
    ("relaxed-wait", &[("acquire.sys", "relaxed.sys")]),
    ("volatile-flags", &[("release.sys", "volatile"), ("acquire.sys", "volatile")]),
    ("device-scope", &[("release.sys", "release.gpu"), ("acquire.sys", "acquire.gpu")]),
    ("device-wait", &[("acquire.sys", "acquire.gpu")]),
    ("weak-flag", &[("epoch  release.sys", "epoch  weak")]),
    ("no-sync-before-the-flag", &[("over whole\n  block_sync\n  meet(start", "over whole\n  meet(start")]),
    ("no-sync-behind-the-wait", &[("meet(start, epoch % 2, epoch)\n  block_sync", "meet(start, epoch % 2, epoch)")]),
    ("no-end-barrier", &[("  block_sync\n  meet(end, epoch % 2, epoch)\n", ""), ("start, end :", "start :")]),
    (
        "signal-before-the-copy",
        &[(
            "  copy comm <- input over whole\n  block_sync\n  meet(start, epoch % 2, epoch)\n",
            "  meet(start, epoch % 2, epoch)\n  copy comm <- input over whole\n  block_sync\n",
        )],
    ),
    (
        "one-set-of-slots",
        &[
            ("meet(start, epoch % 2, epoch)", "meet(start, 0, 2 * epoch - 1)"),
            ("meet(end, epoch % 2, epoch)", "meet(start, 0, 2 * epoch)"),
            ("start, end :", "start :"),
        ],
    ),
    (
        "early-exit",
        &[(
            "  block_sync\n  meet(start",
            "  if (block * T + thread) * V >= N {\n    exit\n  }\n  block_sync\n  meet(start",
        )],
    ),
];

/// Mistakes for which there is no step: it would take slots that the text does not have.
const NOT_MENDED: &[&str] = &["no-end-barrier"];

#[test]
fn diffs_apply_and_mend() {
    let program = arverify_tests::arverify();
    let text = std::fs::read_to_string(arverify_tests::root().join("tests/suggest/one-shot.arp")).expect("it is there");
    let cases: Vec<usize> = (0..MISTAKES.len()).collect();
    let found = all(cases, |index| {
        let (name, edits) = MISTAKES[*index];
        let mut broken = text.clone();
        for (good, bad) in edits {
            assert!(broken.contains(good), "{name}: {good}");
            broken = broken.replace(good, bad);
        }
        let folder = tempfile::tempdir().expect("a folder");
        let file = format!("{name}.arp");
        std::fs::write(folder.path().join(&file), &broken).expect("it is written");
        let sizes = ["--ranks", "2", "--blocks", "2", "--threads", "4", "--elements", "20"].map(str::to_owned);
        let arguments: Vec<String> = std::iter::once(file).chain(sizes).collect();
        let suggestion = suggested(&program, folder.path(), &arguments);
        let Some(diff) = suggestion["diff"].as_str() else { return (name, String::new()) };
        if patch(folder.path(), diff) {
            assert_eq!(checked(&program, folder.path(), &arguments)["verdict"], "verified", "{name}:\n{diff}");
        }
        (name, diff.to_owned())
    });
    for (name, diff) in &found {
        let lines = diff.lines().skip(2).filter(|line| line.starts_with(['+', '-']));
        println!("{name}:{}", lines.map(|line| format!("\n  {line}")).collect::<String>());
    }
    let not: Vec<&str> = found.iter().filter(|(_, diff)| diff.is_empty()).map(|(name, _)| *name).collect();
    assert_eq!(not, NOT_MENDED);
}
