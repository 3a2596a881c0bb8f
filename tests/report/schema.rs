//! docs/arverify.schema.json: as the program's types have it (`BLESS=1` writes it anew), and no blank cheque.

use arverify_tests::schema::{errors, report, schema_path, validator};
use serde_json::Value;
use std::fs;
use std::path::Path;

#[test]
fn the_schema_is_that_of_the_program() {
    let now = arverify_model::report::json::schema();
    if std::env::var_os("BLESS").is_some() {
        fs::write(schema_path(), &now).expect("the schema can be written");
    }
    let known = fs::read_to_string(schema_path()).unwrap_or_default();
    assert!(now == known, "docs/arverify.schema.json is not what the program prints: BLESS=1 writes it anew");
}

/// Every part of a report, changed in a way that the schema must not pass over.
#[test]
fn the_schema_refuses_what_is_not_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = ["two-shot", "--variant", "volatile-flags", "--ranks", "2", "--format", "json", "--suggest"];
    let output = super::run(folder.path(), &arguments);
    let whole = report(&output.stdout).expect("a report");
    let schema = validator(&schema_path());
    type Change = fn(&mut Value);
    let changes: [(&str, Change); 9] = [
        ("another version", |report| report["schema"] = 2.into()),
        ("a fourth verdict", |report| report["results"][0]["verdict"] = "unknown".into()),
        ("no verdict of a target that was checked", |report| report["results"][0]["verdict"] = Value::Null),
        ("no findings", |report| drop(report["results"][0].as_object_mut().map(|result| result.remove("findings")))),
        ("an unknown code", |report| report["results"][0]["findings"][0]["code"] = "AR099".into()),
        ("a line in words", |report| report["results"][0]["findings"][0]["source"]["line"] = "9".into()),
        ("an unknown cause", |report| report["results"][0]["findings"][0]["why"][0]["kind"] = "luck".into()),
        ("a thread without a rank", |report| {
            let thread = &mut report["results"][0]["findings"][0]["threads"][0];
            drop(thread.as_object_mut().map(|thread| thread.remove("rank")));
        }),
        ("a step without its operation", |report| {
            let step = &mut report["results"][0]["findings"][0]["trace"][0];
            drop(step.as_object_mut().map(|step| step.remove("op")));
        }),
    ];
    for (what, change) in changes {
        let mut changed = whole.clone();
        change(&mut changed);
        assert!(changed != whole, "{what}: nothing was changed");
        assert!(!errors(&schema, &changed).is_empty(), "{what} is let pass");
    }
}

/// What both engines, lints, tried sizes and lengths add.
#[test]
fn the_keys_of_every_option_are_described() {
    let folder = tempfile::tempdir().expect("a folder");
    let schema = fs::read_to_string(schema_path()).expect("a schema");
    let schema: Value = serde_json::from_str(&schema).expect("it is JSON");
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("verify/pass");
    assert!(here.is_dir());
    let cases: [&[&str]; 4] = [
        &[
            "one-shot",
            "--ranks",
            "2",
            "--blocks",
            "1",
            "--threads",
            "2",
            "--elements",
            "4",
            "--launches",
            "1",
            "--engine",
            "both",
        ],
        &["two-shot", "--ranks", "2", "--lints", "--prove"],
        &["channel-mesh", "--topology", "1x2"],
        &["one-shot", "--ranks", "2", "--max-states", "1"],
    ];
    for arguments in cases {
        let output = super::run(folder.path(), &[arguments, &["--format", "json"]].concat());
        let report = report(&output.stdout).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
        let described = &schema["$defs"]["CheckedTarget"]["properties"];
        for key in report["results"][0].as_object().into_iter().flat_map(|result| result.keys()) {
            assert!(!described[key].is_null(), "{arguments:?}: `{key}` is not described");
        }
    }
}
