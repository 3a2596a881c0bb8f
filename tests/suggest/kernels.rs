//! The bad kernels: how many get a suggestion, and that the PTX with it is verified.

use super::{all, checked, patch, suggested};
use serde_json::Value;
use std::path::{Path, PathBuf};
use toml::Table;

/// A bad kernel with its launch and options.
struct Case {
    zoo: &'static str,
    name: String,
    ptx: PathBuf,
    options: Vec<String>,
}

fn folders(parent: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    found.sort();
    found
}

fn case(zoo: &'static str, name: String, ptx: PathBuf, launch: &Path, expect: &Table) -> Case {
    let mut options = vec!["--launch".to_owned(), launch.display().to_string()];
    let assumed = expect.get("assume").and_then(|value| value.as_array()).into_iter().flatten();
    options.extend(assumed.filter_map(|name| name.as_str()).flat_map(|name| ["--assume".to_owned(), name.to_owned()]));
    if let Some(resident) = expect.get("resident_blocks").and_then(|value| value.as_integer()) {
        options.extend(["--resident-blocks".to_owned(), resident.to_string()]);
    }
    Case { zoo, name, ptx, options }
}

fn expectation(folder: &Path) -> Table {
    std::fs::read_to_string(folder.join("expect.toml")).unwrap_or_default().parse().unwrap_or_default()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Codes of lints alone say that the kernel is verified.
fn is_violated(expect: &Table) -> bool {
    let codes = expect.get("codes").and_then(|value| value.as_array()).into_iter().flatten();
    codes.filter_map(|code| code.as_str()).any(|code| code.starts_with("AR0"))
}

fn own(root: &Path) -> Vec<Case> {
    let mut cases = Vec::new();
    for folder in folders(&root.join("tests/zoo/kernels")) {
        let expect = expectation(&folder);
        for (variant, expect) in expect.get("bad").and_then(|bad| bad.as_table()).into_iter().flatten() {
            let table = expect.as_table().cloned().unwrap_or_default();
            let (ptx, launch) = (folder.join(format!("{variant}.ptx")), folder.join("launch.toml"));
            if is_violated(&table) {
                cases.push(case("kernels", format!("{}/{variant}", name(&folder)), ptx, &launch, &table));
            }
        }
    }
    cases
}

fn published(root: &Path) -> Vec<Case> {
    let mut cases = Vec::new();
    for zoo in ["zoo", "zoo2"] {
        let parent = root.join("../shared").join(zoo);
        if !parent.is_dir() {
            println!("SKIPPED: the published examples are not beside the checkout, in ../shared/{zoo}");
        }
        for folder in folders(&parent) {
            let (ptx, own, expect) = (folder.join("bad.ptx"), folder.join("bad.toml"), expectation(&folder));
            let launch = if own.exists() { own } else { folder.join("launch.toml") };
            if ptx.exists() && launch.exists() && is_violated(&expect) {
                cases.push(case(zoo, name(&folder), ptx, &launch, &expect));
            }
        }
    }
    cases
}

/// Whether a kernel gets a suggestion; the PTX with it must be verified. Nothing where the kernel is verified as it is.
fn mended(program: &Path, case: &Case) -> Option<bool> {
    let arguments: Vec<String> =
        std::iter::once(case.ptx.display().to_string()).chain(case.options.iter().cloned()).collect();
    let here = Path::new(".");
    if checked(program, here, &arguments)["verdict"] != "violated" {
        return None;
    }
    let suggestion = suggested(program, here, &arguments);
    if suggestion["verified"] != true {
        return Some(false);
    }
    for change in suggestion["changes"].as_array().into_iter().flatten() {
        let file = change["file"].as_str().unwrap_or_default();
        assert!(file.ends_with(".cu"), "{}: {change}", case.name);
        assert_ne!(change["text"], Value::from(""), "{}: {change}", case.name);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("mended.ptx");
    std::fs::copy(&case.ptx, &copy).expect("it is copied");
    let diff = suggestion["diff"].as_str().expect("a PTX file has a diff");
    if !patch(folder.path(), &diff.replace(&case.ptx.display().to_string(), "mended.ptx")) {
        return Some(true);
    }
    let again: Vec<String> = std::iter::once(copy.display().to_string()).chain(case.options.iter().cloned()).collect();
    assert_eq!(checked(program, here, &again)["verdict"], "verified", "{}: {suggestion}", case.name);
    Some(true)
}

#[test]
fn most_bad_kernels_are_mended() {
    let (root, program) = (arverify_tests::root(), arverify_tests::arverify());
    let cases: Vec<Case> = own(&root).into_iter().chain(published(&root)).collect();
    let found = all(cases, |case| mended(&program, case).map(|mended| (case.zoo, mended)));
    let found: Vec<(&str, bool)> = found.into_iter().flatten().collect();
    for zoo in ["kernels", "zoo", "zoo2"] {
        let of_zoo: Vec<bool> = found.iter().filter(|(own, _)| *own == zoo).map(|(_, mended)| *mended).collect();
        println!(
            "{} of {} bad kernels of {zoo} are mended",
            of_zoo.iter().filter(|mended| **mended).count(),
            of_zoo.len()
        );
    }
    let (mended, count) = (found.iter().filter(|(_, mended)| *mended).count(), found.len());
    // Three in five, but on a slow machine the searches get less far.
    assert!(mended * 20 >= count * 11, "{mended} of {count}");
}
