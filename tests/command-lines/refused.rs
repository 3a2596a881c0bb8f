//! A target that cannot be read, or not be checked, is a result of its own: the others are checked, its error stands in every format,
//! and the exit status is 2 whatever the others are.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn files() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("command-lines/files")
}

fn zoo(file: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("zoo/kernels").join(file).display().to_string()
}

fn check(arguments: &[&str]) -> Output {
    let mut command = Command::new(arverify_tests::arverify());
    command.current_dir(files()).arg("check").args(arguments).env("NO_COLOR", "1").output().expect("the program starts")
}

/// The results of a check, whose exit status is 2, and what it says on standard error.
fn refused(arguments: &[&str]) -> (Vec<Value>, String) {
    let output = check(&[arguments, &["--format", "json"]].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let report = arverify_tests::schema::report(&output.stdout).unwrap_or_else(|error| panic!("{error}{said}"));
    assert_eq!(output.status.code(), Some(2), "{said}");
    (report["results"].as_array().cloned().unwrap_or_default(), said)
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_else(|| panic!("`{key}` is a text in {value}"))
}

#[test]
fn the_others_are_checked_and_each_has_its_place() {
    let targets = ["sound.arp", "missing.ptx", "racy.arp", "unclosed.arp", "nothing"];
    let sizes = ["--ranks", "2", "--blocks", "1", "--threads", "1", "--launches", "1"];
    let (results, said) = refused(&[&targets[..], &sizes].concat());
    let of = |index: usize| (text(&results[index], "target"), results[index]["verdict"].as_str());
    let verdicts = [Some("verified"), None, Some("violated"), None, None];
    assert_eq!((0..5).map(of).collect::<Vec<_>>(), targets.into_iter().zip(verdicts).collect::<Vec<_>>());
    for result in [&results[1], &results[3], &results[4]] {
        assert!(result["verdict"].is_null() && result["findings"].as_array().is_some_and(Vec::is_empty), "{result}");
        assert!(said.contains(text(&result["error"], "text")), "{said}");
    }
    let error = &results[3]["error"];
    let place = (text(error, "file"), error["line"].as_u64(), error["column"].as_u64());
    assert_eq!(place, ("unclosed.arp", Some(5), Some(14)));
    assert_eq!(text(error, "message"), "expected a statement, found the end of the file");
    assert!(text(&results[1]["error"], "message").starts_with("cannot read `missing.ptx`"));
}

#[test]
fn a_target_alone_is_a_result_too() {
    let (results, said) = refused(&["unknown-order.arp"]);
    let [result] = &results[..] else { panic!("one result: {results:?}") };
    assert_eq!(result["error"]["line"], 7);
    assert!(said.starts_with("error: expected an order"), "{said}");
}

#[test]
fn what_cannot_be_checked_although_it_can_be_read_is_one_as_well() {
    // These sizes are ruled out by the one, and not by the other.
    let (results, _) =
        refused(&["one-shot", "sound.arp", "--ranks", "2", "--blocks", "1", "--threads", "1", "--launches", "1"]);
    assert_eq!(text(&results[0]["error"], "message"), "these sizes do not meet what the protocol requires");
    assert_eq!(results[1]["verdict"], "verified");
    // What is accepted and does not come up is found by checking.
    let scratch = tempfile::tempdir().expect("a temporary folder can be made");
    let launch = scratch.path().join("launch.toml");
    let accept = "\n[[accept]]\ncode = \"AR001\"\nat = \"kernel.cu:21\"\nwhy = \"x\"\n";
    let known = fs::read_to_string(zoo("warp-signal/launch.toml")).expect("it can be read");
    fs::write(&launch, known + accept).expect("it can be written");
    let ptx = zoo("warp-signal/good.ptx");
    let (results, _) = refused(&[&ptx, "one-shot", "--ranks", "2", "--launch", &launch.to_string_lossy()]);
    assert!(text(&results[0]["error"], "file").ends_with("launch.toml"), "{}", results[0]["error"]);
    assert_eq!(results[1]["verdict"], "verified");
}

#[test]
fn an_error_that_targets_share_is_said_once() {
    let scratch = tempfile::tempdir().expect("a temporary folder can be made");
    let launch = scratch.path().join("launch.toml");
    fs::write(&launch, "kernel = \"k\"\nranks = two\n").expect("it can be written");
    let (good, bad) = (zoo("warp-signal/good.ptx"), zoo("warp-signal/no-sync-after.ptx"));
    let (results, said) = refused(&[&good, &bad, "--launch", &launch.to_string_lossy()]);
    assert_eq!(results.len(), 2);
    assert_eq!(said.matches("error:").count(), 1, "{said}");
    assert!(results.iter().all(|result| result["error"]["line"] == 2), "{results:?}");
}

#[test]
fn scanners_are_told_where_and_pages_list_it() {
    let sizes = ["--ranks", "2", "--blocks", "1", "--threads", "1", "--launches", "1"];
    let targets = ["racy.arp", "undeclared.arp", "missing.arp"];
    let output = check(&[&targets[..], &sizes, &["--format", "sarif"]].concat());
    let report: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let run = &report["runs"][0];
    let invocation = &run["invocations"][0];
    assert_eq!((&invocation["exitCode"], &invocation["executionSuccessful"]), (&Value::from(2), &Value::from(false)));
    assert_eq!(run["results"][0]["ruleId"], "AR001");
    let told = invocation["toolExecutionNotifications"].as_array().cloned().unwrap_or_default();
    let errors: Vec<&Value> = told.iter().filter(|told| told["level"] == "error").collect();
    let place = |error: &Value| error["locations"][0]["physicalLocation"].clone();
    assert_eq!(errors.len(), 2, "{told:?}");
    assert_eq!(place(errors[0])["region"]["startLine"], 7);
    assert_eq!(place(errors[1])["artifactLocation"]["uri"], "missing.arp");

    let scratch = tempfile::tempdir().expect("a temporary folder can be made");
    let page = scratch.path().join("page.html").display().to_string();
    check(&[&targets[..], &sizes, &["--report", &page]].concat());
    let written = fs::read_to_string(&page).expect("a page");
    assert!(written.contains("1 of 3 targets checked") && written.contains("unknown buffer"), "{written}");
    let nothing = scratch.path().join("nothing.html").display().to_string();
    let output = check(&["missing.arp", "--report", &nothing]);
    assert!(output.stdout.is_empty() && !Path::new(&nothing).exists(), "nothing is left half-written");
}
