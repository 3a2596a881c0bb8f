//! `action.yml`, `.pre-commit-hooks.yaml` and the workflows in docs/ci.md: they parse, name inputs and options that there are, and
//! what the action runs (`.ci/action`) does what it says. GitHub is not there, so what it alone does, the cache and the uploads, is
//! not tested. Where there is no `jq`, which GitHub's machines have, the tests that need it print SKIPPED.

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn read(file: &str) -> String {
    fs::read_to_string(arverify_tests::root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_else(|| panic!("`{key}` is a text in {value}"))
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().unwrap_or_else(|| panic!("`{key}` is a list in {value}"))
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().into_iter().flat_map(|table| table.keys().cloned()).collect()
}

/// What stands after each `before` in a text, as far as it is a name.
fn names(text: &str, before: &str) -> BTreeSet<String> {
    let rests = text.split(before).skip(1);
    rests.map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()).collect()
}

/// Options of `arverify check`.
fn known_options() -> BTreeSet<String> {
    let output = Command::new(arverify_tests::arverify()).args(["check", "--help"]).output().expect("it starts");
    names(&String::from_utf8_lossy(&output.stdout), "--")
}

fn check_options<'w>(words: impl IntoIterator<Item = &'w str>) {
    let known = known_options();
    for option in words.into_iter().filter_map(|word| word.strip_prefix("--")).filter(|option| !option.is_empty()) {
        assert!(known.contains(option), "`arverify check` has no option --{option}");
    }
}

/// The `yaml` blocks of the page.
fn blocks() -> Vec<Value> {
    let page = read("docs/ci.md");
    page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).map(yaml).collect()
}

#[test]
fn the_action_uses_what_it_declares() {
    let source = read("action.yml");
    let action = yaml(&source);
    assert_eq!(text(&action["runs"], "using"), "composite");
    let inputs = keys(&action["inputs"]);
    assert_eq!(names(&source, "inputs."), inputs, "inputs that are used, and those that are declared");
    for input in &inputs {
        let declared = &action["inputs"][input];
        assert!(!text(declared, "description").is_empty());
        assert!(declared["required"] == true || declared["default"].is_string(), "{input}: a default, as a text");
    }
    let steps = list(&action["runs"], "steps");
    let ids: BTreeSet<String> = steps.iter().filter_map(|step| step["id"].as_str()).map(str::to_owned).collect();
    assert!(names(&source, "steps.").is_subset(&ids), "outputs of steps that are there");
    for step in steps {
        match (step["uses"].as_str(), step["run"].as_str()) {
            (Some(uses), None) => assert!(uses.contains('@'), "{uses}: a version"),
            (None, Some(_)) => assert_eq!(text(step, "shell"), "bash", "a step of a composite action names its shell"),
            _ => panic!("a step runs something or uses something: {step}"),
        }
    }
    // What its script reads, the step that runs it gives.
    let check = steps.iter().find(|step| step["id"] == "check").expect("the check");
    let given = keys(&check["env"]);
    for variable in ["ARVERIFY", "TARGETS", "LAUNCH", "OPTIONS", "SARIF", "REPORT", "INCONCLUSIVE"] {
        assert!(given.contains(variable) && read(".ci/action").contains(&format!("{{{variable}:-")), "{variable}");
    }
    let script = read(".ci/action");
    check_options(
        script.lines().filter(|line| line.contains("arguments")).flat_map(|line| line.split([' ', '(', ')'])),
    );
}

#[test]
fn hooks_and_workflows_name_what_there_is() {
    let hooks = yaml(&read(".pre-commit-hooks.yaml"));
    let hooks = hooks.as_array().expect("a list");
    for hook in hooks {
        for key in ["id", "name", "description", "language", "files"] {
            assert!(!text(hook, key).is_empty());
        }
        let entry = text(hook, "entry");
        assert!(entry.starts_with("arverify check"), "{entry}");
        check_options(entry.split(' '));
    }
    let action = yaml(&read("action.yml"));
    let (mut workflows, mut used) = (0, 0);
    for block in blocks() {
        for job in block["jobs"].as_object().into_iter().flat_map(|jobs| jobs.values()) {
            for step in list(job, "steps").iter().filter(|step| text(step, "uses").contains("/arverify@")) {
                workflows += 1;
                let with = keys(&step["with"]);
                assert!(with.is_subset(&keys(&action["inputs"])), "{with:?}");
                assert!(with.contains("targets"));
                check_options(text(&step["with"], "options").split_whitespace());
            }
        }
        for repository in block["repos"].as_array().into_iter().flatten() {
            for hook in list(repository, "hooks") {
                used += 1;
                assert!(hooks.iter().any(|known| known["id"] == hook["id"]), "{hook}");
                check_options(list(hook, "args").iter().filter_map(Value::as_str));
            }
        }
    }
    assert_eq!((workflows, used), (1, hooks.len()));
    // The table of inputs is complete.
    let page = read("docs/ci.md");
    for input in keys(&action["inputs"]) {
        assert!(page.contains(&format!("| `{input}` |")), "docs/ci.md does not say what `{input}` is");
    }
}

/// What the action's script leaves behind.
struct Ran {
    status: Option<i32>,
    said: String,
    output: String,
    summary: String,
    folder: tempfile::TempDir,
}

/// Runs it beside three protocols; `None` where there is no jq.
fn ran(environment: &[(&str, &str)]) -> Option<Ran> {
    if Command::new("jq").arg("--version").output().is_err() {
        println!("SKIPPED: there is no jq, which the action needs");
        return None;
    }
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("command-lines/files");
    for file in ["sound.arp", "racy.arp", "unclosed.arp"] {
        fs::copy(files.join(file), folder.path().join(file)).expect("a file of this checkout can be copied");
    }
    let mut command = Command::new("bash");
    command.arg(arverify_tests::root().join(".ci/action")).current_dir(folder.path());
    command
        .env("ARVERIFY", arverify_tests::arverify())
        .env("GITHUB_OUTPUT", "output")
        .env("GITHUB_STEP_SUMMARY", "summary");
    command.env("OPTIONS", "--ranks 2 --blocks 1\n--threads 1 --launches 1").envs(environment.iter().copied());
    let output = command.output().expect("bash starts");
    let read = |file: &str| fs::read_to_string(folder.path().join(file)).unwrap_or_default();
    Some(Ran {
        status: output.status.code(),
        said: String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
        output: read("output"),
        summary: read("summary"),
        folder,
    })
}

#[test]
fn the_script_marks_lines_and_ends_as_the_check_does() {
    let Some(ran) = ran(&[("TARGETS", "  sound.arp\n\nrac*.arp\n"), ("REPORT", "page.html")]) else { return };
    assert_eq!(ran.status, Some(1), "{}", ran.said);
    assert!(ran.said.contains("::error file=racy.arp,line=14,col=5,title=arverify AR001::data race"), "{}", ran.said);
    assert_eq!(ran.output, "status=1\nsarif=arverify.sarif\nreport=page.html\n");
    assert!(ran.summary.contains("### arverify: something is violated"), "{}", ran.summary);
    assert!(ran.summary.contains("| AR001 | data race") && ran.summary.contains("`racy.arp:14`"), "{}", ran.summary);
    assert!(ran.folder.path().join("page.html").exists());
}

#[test]
fn the_script_says_what_cannot_be_checked() {
    let Some(ran) = ran(&[("TARGETS", "*.arp\nnothing/*.ptx")]) else { return };
    assert_eq!(ran.status, Some(2), "{}", ran.said);
    assert!(ran.said.contains("::error file=unclosed.arp,line=5,col=14,title=arverify::"), "{}", ran.said);
    assert!(ran.said.contains("nothing/*.ptx") && ran.said.contains("title=arverify AR001"), "{}", ran.said);
    assert!(ran.summary.contains("something cannot be checked"), "{}", ran.summary);
}

#[test]
fn the_script_refuses_to_check_nothing() {
    let Some(nothing) = ran(&[("TARGETS", " \n")]) else { return };
    assert_eq!(nothing.status, Some(2));
    assert!(nothing.said.contains("no targets"), "{}", nothing.said);
    // An option that there is not: no file is left that passes for a result.
    let Some(wrong) = ran(&[("TARGETS", "sound.arp"), ("OPTIONS", "--no-such-option")]) else { return };
    assert_eq!((wrong.status, wrong.output.as_str()), (Some(2), "status=2\n"), "{}", wrong.said);
}

#[test]
fn what_is_inconclusive_passes_only_where_that_is_asked_for() {
    let options = ("OPTIONS", "--ranks 2 --blocks 1 --threads 1 --launches 1 --max-states 1");
    let Some(fails) = ran(&[("TARGETS", "sound.arp"), options]) else { return };
    assert_eq!(fails.status, Some(3), "{}", fails.said);
    assert!(fails.said.contains("::warning "), "{}", fails.said);
    let Some(passes) = ran(&[("TARGETS", "sound.arp"), options, ("INCONCLUSIVE", "pass")]) else { return };
    assert_eq!((passes.status, passes.output.lines().next()), (Some(0), Some("status=3")));
}
