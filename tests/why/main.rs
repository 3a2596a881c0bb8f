//! Why each finding is there: the causes of every broken variant of the catalogue, of the bad kernels, and of the corpus where
//! those lack a code; and what every trace must be.
//!
//! `causes.txt` says of each case which causes its findings have, each with its line: `BLESS=1` writes it anew, and every
//! difference is to be read. The published examples lie beside the checkout, in `../shared/zoo` and `../shared/zoo2`; where they
//! are absent their rows are SKIPPED.
//!
//! A trace is a slice: every thread that a finding labels has its step, at its line; a race shows both its accesses; and traces are
//! short.

use arverify_tests::bad::bad_kernels;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

/// Steps that a trace may have, and that half of them must not exceed.
const MOST_STEPS: usize = 40;
const MEDIAN_OF_STEPS: usize = 12;
/// Rows that there must be, with the published examples.
const ROWS: usize = 60;

/// One check.
struct Case {
    name: String,
    arguments: Vec<String>,
}

/// The variants that are violated, at the sizes at which they are declared.
fn catalogue(program: &Path) -> Vec<Case> {
    let output = Command::new(program).args(["list", "--variants"]).output().expect("the program starts");
    let (mut protocol, mut cases) = (String::new(), Vec::new());
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match (line.starts_with(' '), words.as_slice()) {
            (false, [name, ..]) => protocol = (*name).to_owned(),
            (true, [variant, code, ..]) if code.starts_with("AR0") => {
                let arguments = ["check", &protocol, "--variant", variant].map(str::to_owned).to_vec();
                cases.push(Case { name: format!("catalogue/{protocol}/{variant}"), arguments });
            }
            _ => {}
        }
    }
    cases
}

/// The bad kernels.
fn kernels() -> impl Iterator<Item = Case> {
    bad_kernels().into_iter().map(|kernel| {
        let mut arguments = vec!["check".to_owned(), kernel.ptx.display().to_string()];
        arguments.extend(kernel.options);
        Case { name: format!("{}/{}", kernel.zoo, kernel.name), arguments }
    })
}

/// Protocols of the corpus, for codes that nothing else shows.
fn corpus(root: &Path) -> Vec<Case> {
    let files = ["uninitialised/half-copied"];
    let case = |file: &&str| {
        let path = root.join(format!("tests/verify/fail/{file}.arp"));
        let mut arguments = vec!["check".to_owned(), path.display().to_string()];
        for line in std::fs::read_to_string(&path).unwrap_or_default().lines() {
            let Some((option, value)) = line.strip_prefix("//@ ").and_then(|rest| rest.split_once(": ")) else {
                continue;
            };
            if !["states", "revisions"].contains(&option) {
                arguments.extend([format!("--{option}"), value.trim().to_owned()]);
            }
        }
        Case { name: format!("corpus/{file}"), arguments }
    };
    files.iter().map(case).collect()
}

/// What a check finds.
fn findings(program: &Path, case: &Case) -> Vec<Value> {
    let mut command = Command::new(program);
    command.args(&case.arguments).args(["--format", "json", "--timeout", "300"]);
    let output = command.output().expect("the program starts");
    let report =
        arverify_tests::schema::report(&output.stdout).unwrap_or_else(|error| panic!("{}: {error}", case.name));
    report["results"][0]["findings"].as_array().cloned().unwrap_or_default()
}

/// The same of all cases, in their order; several at a time.
fn all_findings(program: &Path, cases: Vec<Case>) -> Vec<(Case, Vec<Value>)> {
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut found: Vec<(Case, Vec<Value>)> = cases.into_iter().map(|case| (case, Vec::new())).collect();
    let share = found.len().div_ceil(workers).max(1);
    std::thread::scope(|scope| {
        for part in found.chunks_mut(share) {
            scope.spawn(move || part.iter_mut().for_each(|(case, found)| *found = findings(program, case)));
        }
    });
    found
}

/// `AR001 not-released@41 not-acquired@57`
fn causes(finding: &Value) -> String {
    let mut text = finding["code"].as_str().unwrap_or_default().to_owned();
    for why in finding["why"].as_array().into_iter().flatten() {
        let _ = write!(text, " {}", why["kind"].as_str().unwrap_or_default());
        if let Some(line) = why["line"].as_u64() {
            let _ = write!(text, "@{line}");
        }
    }
    text
}

/// What is wrong with a finding's trace.
fn faults(finding: &Value) -> Vec<String> {
    let empty = Vec::new();
    let list = |key: &str| finding[key].as_array().unwrap_or(&empty);
    let trace = list("trace");
    let mut faults = Vec::new();
    for label in list("labels").iter().filter(|label| !label["thread"].is_null()) {
        let same = |step: &&Value| {
            let thread = &label["thread"];
            let is_thread = ["rank", "block", "thread", "launch"].iter().all(|key| step[*key] == thread[*key]);
            is_thread && step["line"] == label["line"]
        };
        if !trace.iter().any(|step| same(&step)) {
            faults.push(format!("no step for `{}` at line {}", label["label"], label["line"]));
        }
    }
    let message = finding["message"].as_str().unwrap_or_default();
    if message.contains("data race") && trace.len() < 2 {
        faults.push("a race without its accesses".to_owned());
    }
    if trace.len() > MOST_STEPS {
        faults.push(format!("{} steps", trace.len()));
    }
    if list("why").is_empty() {
        faults.push("no cause".to_owned());
    }
    faults
}

#[test]
fn every_finding_has_its_cause() {
    let (root, program) = (arverify_tests::root(), arverify_tests::arverify());
    let cases = catalogue(&program).into_iter().chain(kernels()).chain(corpus(&root));
    let (mut rows, mut steps, mut wrong, mut codes) = (Vec::new(), Vec::new(), Vec::new(), BTreeSet::new());
    for (case, found) in all_findings(&program, cases.collect()) {
        for finding in found.iter().filter(|finding| finding["severity"] == "error") {
            steps.push(finding["trace"].as_array().map_or(0, Vec::len));
            codes.insert(finding["code"].as_str().unwrap_or_default().to_owned());
            wrong.extend(faults(finding).into_iter().map(|fault| format!("{}: {fault}", case.name)));
        }
        let errors: Vec<String> = found.iter().filter(|finding| finding["severity"] == "error").map(causes).collect();
        if !errors.is_empty() {
            rows.push((case.name, errors.join(", ")));
        }
    }
    steps.sort_unstable();
    let median = steps.get(steps.len() / 2).copied().unwrap_or_default();
    println!("{} findings; steps of a trace: {median} in the middle, {:?} at most", steps.len(), steps.last());
    compare(&root, &rows);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(median <= MEDIAN_OF_STEPS, "{steps:?}");
    if root.join("../shared/zoo").is_dir() {
        assert!(rows.len() >= ROWS, "{} rows", rows.len());
        let all: BTreeSet<String> = (1..=14).map(|code| format!("AR{code:03}")).collect();
        assert_eq!(all.difference(&codes).collect::<Vec<_>>(), Vec::<&String>::new(), "codes without a row");
    }
}

/// Compares with the table, or writes it anew.
fn compare(root: &Path, rows: &[(String, String)]) {
    let path = root.join("tests/why/causes.txt");
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    let known: Vec<(&str, &str)> = known.lines().filter_map(|line| line.split_once(": ")).collect();
    if std::env::var_os("BLESS").is_some() {
        let text: String = rows.iter().map(|(case, causes)| format!("{case}: {causes}\n")).collect();
        std::fs::write(&path, text).expect("the table can be written");
        return;
    }
    let mut wrong = Vec::new();
    for (case, causes) in rows {
        let wanted = known.iter().find(|row| row.0 == case).map(|row| row.1);
        if wanted != Some(causes) {
            wrong.push(format!("{case}: expected {wanted:?}, found {causes:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
