//! Litmus tests against both engines: our own collection in tests/litmus, and the public one in ../shared where the
//! checkout has it. Each rule of the memory model is left out in turn, and some test of ours must fail.

use arverify_model::axioms::{Budget, Model, Rule, Theory, can_hang, holds, may_race};
use arverify_model::litmus::{Instruction, Location, Proxy, Test, parse};
use arverify_model::liveness::{ProgressModel, always_ends};
use arverify_model::outcomes;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

const BUDGET: Budget = Budget { time: Duration::from_secs(60), passes: 2 };

/// A row of a table of expected results: the test, and the values of the columns wanted.
struct Row {
    file: String,
    test: Test,
    values: Vec<bool>,
}

fn own() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/litmus")
}

/// The public collection, or nothing, said aloud.
fn shared() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("ARVERIFY_SHARED").map_or(beside, PathBuf::from).join("litmus");
    if !folder.is_dir() {
        println!("SKIPPED: the public litmus tests are not at {}", folder.display());
        return None;
    }
    Some(folder)
}

/// Column names, and the rows.
fn table(csv: &Path) -> (Vec<String>, Vec<Row>) {
    let read =
        |path: &Path| std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let text = read(csv);
    let mut lines = text.lines();
    let names: Vec<String> = lines.next().unwrap_or_default().split(',').skip(1).map(str::to_owned).collect();
    let row = |line: &str| {
        let (file, values) = line.split_once(',').expect("a row has a comma");
        let path = csv.with_file_name(file);
        let test = parse(file, &read(&path)).unwrap_or_else(|error| panic!("{error}"));
        Row { file: file.to_owned(), test, values: values.split(',').map(|value| value == "1").collect() }
    };
    (names, lines.map(row).collect())
}

/// Rows whose condition is judged otherwise than expected.
fn differing(rows: &[Row], theory: Theory) -> Vec<String> {
    let differs = |row: &&Row| holds(&row.test, theory, &BUDGET).holds != Some(row.values[0]);
    rows.iter().filter(differs).map(|row| row.file.clone()).collect()
}

const MODELS: [(Model, &str); 2] = [(Model::Ptx60, "expected-ptx-6.0.csv"), (Model::Ptx75, "expected-ptx-7.5.csv")];

#[test]
fn the_axioms_judge_every_test_as_expected() {
    for folder in [Some(own()), shared()].into_iter().flatten() {
        for (model, csv) in MODELS {
            let (_, rows) = table(&folder.join(csv));
            assert!(rows.len() > 40, "{csv} has only {} rows", rows.len());
            assert_eq!(differing(&rows, model.into()), Vec::<String>::new(), "{}", folder.join(csv).display());
        }
    }
}

const MACHINE: outcomes::Budget =
    outcomes::Budget { time: Duration::from_secs(60), states: 200_000, passes: 2, without: None };

/// Whether a test is free of races, by the axioms; of proxies and aliases too, for the machine knows none.
fn is_free_of_races(test: &Test) -> bool {
    let mut addresses = BTreeMap::new();
    let mut foreign = |instruction: &Instruction| match instruction {
        Instruction::Load(access, _) | Instruction::Store(access, _) | Instruction::Atomic(access, ..) => {
            let Location { physical, address } = access.location;
            access.proxy != Proxy::Generic || *addresses.entry(physical).or_insert(address) != address
        }
        Instruction::ProxyFence(_) => true,
        _ => false,
    };
    let proxies = test.threads.iter().flat_map(|thread| &thread.instructions).any(|(it, _)| foreign(it));
    !proxies && may_race(test, Model::Ptx75, &BUDGET).holds == Some(false)
}

/// Where nothing races, the machine's answer is that of PTX 7.5: it is what it models.
#[test]
fn the_machine_judges_every_race_free_test_and_is_never_wrong() {
    for folder in [Some(own()), shared()].into_iter().flatten() {
        let (_, rows) = table(&folder.join("expected-ptx-7.5.csv"));
        let (mut agree, mut free, mut wrong) = (0, 0, Vec::new());
        for row in &rows {
            let answer = outcomes::holds(&row.test, &MACHINE);
            let is_free = is_free_of_races(&row.test);
            free += usize::from(is_free);
            agree += usize::from(answer.holds == Some(row.values[0]));
            if answer.holds.map_or(is_free, |holds| holds != row.values[0]) {
                wrong.push(format!("{}: {answer:?}", row.file));
            }
        }
        println!("{}: {agree} of {} agree, {free} are free of races and proxies", folder.display(), rows.len());
        assert_eq!(wrong, Vec::<String>::new(), "{}", folder.display());
        assert!(free > 10, "only {free} tests are free of races");
    }
}

#[test]
fn every_progress_model_judges_every_test_as_expected() {
    for folder in [Some(own()), shared()].into_iter().flatten() {
        let mut differ = Vec::new();
        for csv in ["expected-progress.csv", "expected-liveness.csv"] {
            if !folder.join(csv).is_file() {
                continue;
            }
            let (names, rows) = table(&folder.join(csv));
            for (column, name) in names.iter().enumerate() {
                let model: ProgressModel = name.parse().expect("a column names a progress model");
                for row in &rows {
                    let ends = always_ends(&row.test, model).expect("small enough");
                    let hangs = can_hang(&row.test, Model::Ptx75, &BUDGET).holds == Some(true);
                    if (ends && !hangs) != row.values[column] {
                        differ.push(format!("{} {name}", row.file));
                    }
                }
            }
        }
        assert_eq!(differ, Vec::<String>::new(), "{}", folder.display());
    }
}

/// Rules that no test can miss, with the reason.
const IMPLIED: [(Rule, &str); 1] = [(
    Rule::FenceSc,
    "an order of sc fences that goes against causality only adds to causality; one that agrees with it allows more",
)];

#[test]
fn every_rule_is_needed_by_some_test() {
    let mut idle = Vec::new();
    for rule in Rule::ALL {
        let mut killed = Vec::new();
        for (model, csv) in MODELS {
            let (_, rows) = table(&own().join(csv));
            killed.extend(differing(&rows, Theory { model, without: Some(rule) }));
        }
        killed.sort();
        killed.dedup();
        println!("| {rule:?} | {} |", killed.join(", "));
        let implied = IMPLIED.iter().any(|(known, _)| *known == rule);
        assert!(!implied || killed.is_empty(), "{rule:?} is not implied: {killed:?}");
        if killed.is_empty() && !implied {
            idle.push(rule);
        }
    }
    assert_eq!(idle, [], "rules that no test of ours needs");
}
