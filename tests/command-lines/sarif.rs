//! `check --format sarif`: the shape that SARIF 2.1.0 asks for, on findings of a kernel, accepted ones, and protocols.
//!
//! Every report is held against the schema of the standard, which comes with the crate serde-sarif, and goes through the types of
//! that crate and back unchanged.

use arverify_tests::schema::{errors, json};
use jsonschema::Validator;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

fn zoo(kernel: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("zoo/kernels").join(kernel)
}

/// The report of a check, with its exit status.
fn sarif(arguments: &[&str]) -> (Value, Option<i32>) {
    let mut command = Command::new(arverify_tests::arverify());
    let output = command.args(["check", "--format", "sarif"]).args(arguments).output().expect("the program starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let report = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    (report, output.status.code())
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap_or_else(|| panic!("`{key}` is a list in {value}"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("a string: {value}"))
}

/// `physicalLocation`: a reference, and a region that does not end before it begins.
fn check_place(place: &Value) {
    let uri = text(&place["artifactLocation"]["uri"]);
    assert!(!uri.is_empty() && !uri.contains([' ', '\\']), "{uri}");
    let region = &place["region"];
    if region.is_null() {
        return;
    }
    let at = |line: &str, column: &str| (region[line].as_u64(), region[column].as_u64().unwrap_or(1));
    let (start, end) = (at("startLine", "startColumn"), at("endLine", "endColumn"));
    assert!(start.0.is_some_and(|line| line > 0) && start.1 > 0, "{region}");
    assert!(end.0.is_none() || start <= end, "{region}");
}

fn check_result(rules: &[Value], result: &Value) {
    let rule = result["ruleIndex"].as_u64().expect("a rule") as usize;
    assert_eq!(rules[rule]["id"], result["ruleId"]);
    assert_eq!(text(&result["kind"]), "fail");
    assert!(["error", "warning", "note"].contains(&text(&result["level"])));
    assert!(!text(&result["message"]["text"]).is_empty());
    for location in list(result, "locations") {
        check_place(&location["physicalLocation"]);
    }
    let mut ids = BTreeSet::new();
    for location in list(result, "relatedLocations") {
        assert!(ids.insert(location["id"].as_u64()), "ids are unique");
        check_place(&location["physicalLocation"]);
        assert!(!text(&location["message"]["text"]).is_empty());
    }
    let mut orders = BTreeSet::new();
    for flow in result["codeFlows"].as_array().into_iter().flatten() {
        assert!(!list(flow, "threadFlows").is_empty());
        for thread in list(flow, "threadFlows") {
            assert!(!list(thread, "locations").is_empty());
            for step in list(thread, "locations") {
                assert!(orders.insert(step["executionOrder"].as_u64()), "steps have an order");
                if !step["location"]["physicalLocation"].is_null() {
                    check_place(&step["location"]["physicalLocation"]);
                }
            }
        }
    }
    for suppression in result["suppressions"].as_array().into_iter().flatten() {
        assert_eq!(text(&suppression["kind"]), "external");
        assert!(!text(&suppression["justification"]).is_empty());
    }
}

/// The schema of SARIF 2.1.0, in the sources of serde-sarif: cargo knows where they lie.
fn standard() -> &'static Validator {
    static SCHEMA: OnceLock<Validator> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(arverify_tests::root()).args(["metadata", "--format-version", "1", "--offline"]);
        let output = cargo.output().expect("cargo starts");
        let known: Value = serde_json::from_slice(&output.stdout).expect("what cargo prints is JSON");
        let package = list(&known, "packages").iter().find(|package| package["name"] == "serde-sarif");
        let manifest = Path::new(text(&package.expect("it is a dependency")["manifest_path"]));
        let mut schema = json(&manifest.with_file_name("src").join("schema.json"));
        // Its pattern for languages is no regular expression, and nothing that we print has one.
        for object in ["run", "toolComponent"] {
            let language = schema["definitions"][object]["properties"]["language"].as_object_mut();
            assert!(language.is_some_and(|language| language.remove("pattern").is_some()), "{object} has the pattern");
        }
        jsonschema::validator_for(&schema).expect("it is a schema")
    })
}

/// Checks a report's shape; returns its results.
fn results(report: &Value, status: Option<i32>) -> Vec<Value> {
    assert_eq!(errors(standard(), report), "", "{report}");
    let typed: serde_sarif::sarif::Sarif = serde_json::from_value(report.clone()).expect("the types of the crate fit");
    assert_eq!(serde_json::to_value(typed).expect("they can be written"), *report, "something gets lost on the way");
    assert_eq!(text(&report["version"]), "2.1.0");
    assert!(text(&report["$schema"]).ends_with("sarif-schema-2.1.0.json"));
    let [run] = list(report, "runs") else { panic!("one run: {report}") };
    let driver = &run["tool"]["driver"];
    assert_eq!(text(&driver["name"]), "arverify");
    let rules = list(driver, "rules");
    let ids: BTreeSet<&str> = rules.iter().map(|rule| text(&rule["id"])).collect();
    assert_eq!(ids.len(), rules.len());
    let [invocation] = list(run, "invocations") else { panic!("one invocation") };
    assert_eq!(invocation["exitCode"].as_i64(), status.map(i64::from));
    for notification in list(invocation, "toolExecutionNotifications") {
        assert!(!text(&notification["message"]["text"]).is_empty());
    }
    let results = list(run, "results");
    results.iter().for_each(|result| check_result(rules, result));
    results.to_vec()
}

#[test]
fn every_independent_finding_of_a_kernel_is_a_result() {
    let folder = zoo("three-mistakes");
    let (ptx, launch) = (folder.join("all-three.ptx"), folder.join("launch.toml"));
    let arguments = [&ptx.to_string_lossy(), "--launch", &launch.to_string_lossy(), "--all"];
    let (report, status) = sarif(&arguments);
    assert_eq!(status, Some(1));
    let found = results(&report, status);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.iter().all(|result| result["ruleId"] == "AR001" && !list(result, "codeFlows").is_empty()));
}

/// What a person is told of a race is there for a scanner, too.
#[test]
fn both_places_the_threads_and_the_causes_of_a_race_are_there() {
    let folder = zoo("warp-signal");
    let (ptx, launch) = (folder.join("no-sync-after.ptx"), folder.join("launch.toml"));
    let arguments = [&ptx.to_string_lossy(), "--launch", &*launch.to_string_lossy()];
    let (report, status) = sarif(&arguments);
    let found = results(&report, status);
    let (result, properties) = (&found[0], &found[0]["properties"]);
    let all: String = list(result, "relatedLocations").iter().map(|at| text(&at["message"]["text"])).collect();
    let threads = list(properties, "threads");
    assert!(threads.len() >= 2, "{properties}");
    for thread in threads {
        let [rank, block, number, launch] = ["rank", "block", "thread", "launch"].map(|key| thread[key].clone());
        let name = format!("rank {rank} block {block} thread {number} launch {launch}");
        assert!(all.contains(&name), "{name}: {all}");
    }
    for why in list(properties, "why") {
        assert!(text(&result["message"]["text"]).contains(text(&why["message"])), "{why}");
        assert!(why["line"].is_null() || all.contains(&format!("why: {}", text(&why["message"]))), "{why}");
    }
    let flows = list(&result["codeFlows"][0], "threadFlows").iter().flat_map(|flow| list(flow, "locations"));
    assert_eq!(flows.filter(|step| step["importance"] == "essential").count(), 2, "both accesses of the race");
    let rule = &report["runs"][0]["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().expect("a rule") as usize];
    assert!(text(&rule["help"]["markdown"]).starts_with("# AR001"), "{rule}");
}

#[test]
fn what_is_suggested_is_a_fix() {
    let folder = zoo("bulk-push");
    let (ptx, launch) = (folder.join("relaxed-flag.ptx"), folder.join("launch.toml"));
    let arguments = [&ptx.to_string_lossy(), "--launch", &launch.to_string_lossy(), "--suggest"];
    let (report, status) = sarif(&arguments);
    let found = results(&report, status);
    let [fix] = list(&found[0], "fixes") else { panic!("one fix: {found:?}") };
    assert!(text(&fix["description"]["text"]).contains("st.release.sys"), "{fix}");
    let [change] = list(fix, "artifactChanges") else { panic!("one file: {fix}") };
    assert!(text(&change["artifactLocation"]["uri"]).ends_with("relaxed-flag.ptx"));
    let [replacement] = list(change, "replacements") else { panic!("one replacement: {fix}") };
    let region = &replacement["deletedRegion"];
    assert_eq!(region["startLine"], region["endLine"]);
    assert_eq!(text(&replacement["insertedContent"]["text"]), "st.release.sys.global.u32");
}

#[test]
fn an_accepted_finding_is_suppressed_with_its_reason() {
    let scratch = tempfile::tempdir().expect("a temporary folder can be made");
    let launch = scratch.path().join("launch.toml");
    let accept = "\n[[accept]]\ncode = \"AR001\"\nat = \"kernel.cu:21\"\nwhy = \"all store the same 0\"\n";
    let folder = zoo("found-same-zero");
    let text = fs::read_to_string(folder.join("launch.toml")).expect("it can be read");
    fs::write(&launch, text + accept).expect("it can be written");
    let ptx = folder.join("every-block.ptx");
    let (report, status) = sarif(&[&ptx.to_string_lossy(), "--launch", &launch.to_string_lossy()]);
    assert_eq!(status, Some(0), "{report}");
    let found = results(&report, status);
    let [result] = &found[..] else { panic!("one result: {found:?}") };
    assert_eq!(result["suppressions"][0]["justification"], "all store the same 0");
}

#[test]
fn what_is_verified_has_no_results_and_what_is_not_known_is_told() {
    let (report, status) = sarif(&["one-shot", "--ranks", "2"]);
    assert_eq!((status, results(&report, status).len()), (Some(0), 0));
    let grid_sync = zoo("grid-sync");
    let (ptx, launch) = (grid_sync.join("good.ptx"), grid_sync.join("launch.toml"));
    let arguments = [&ptx.to_string_lossy(), "--launch", &launch.to_string_lossy(), "--max-states", "1"];
    let (report, status) = sarif(&arguments);
    assert_eq!((status, results(&report, status).len()), (Some(3), 0));
    let told = list(&report["runs"][0]["invocations"][0], "toolExecutionNotifications");
    assert!(told.iter().any(|known| known["level"] == "warning"), "{told:?}");
    let (report, status) = sarif(&["one-shot", "--variant", "rotated-order"]);
    let found = results(&report, status);
    assert!(status == Some(1) && found.len() == 1, "{found:?}");
}
