//! Rules on the workspace: arrows between crates, versions in one place, licences, the layout.

use crate::assert_none;
use crate::tree;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use toml::{Table, Value};

/// Each crate, its folder, and the crates of the workspace it may use.
const ARROWS: &[(&str, &str, &[&str])] = &[
    ("arverify-protocol", "model/protocol", &[]),
    ("arverify-model", "model/checker", &["arverify-protocol"]),
    ("arverify-gen", "gen", &["arverify-protocol", "arverify-model"]),
    ("arverify-runtime", "runtime", &["arverify-protocol"]),
    ("arverify-tests", "tests", &["arverify-protocol", "arverify-model", "arverify-gen", "arverify-runtime"]),
];

fn manifest(folder: &str) -> Table {
    let path = arverify_tests::root().join(folder).join("Cargo.toml");
    tree::read(&path).parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Name and requirement of every dependency, of every kind and platform.
fn dependencies(manifest: &Table) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (key, value) in manifest {
        match value {
            Value::Table(table) if key.ends_with("dependencies") => {
                found.extend(table.iter().map(|(name, requirement)| (name.clone(), requirement.clone())));
            }
            Value::Table(platforms) if key == "target" => {
                found.extend(platforms.values().filter_map(Value::as_table).flat_map(dependencies));
            }
            _ => {}
        }
    }
    found
}

#[test]
fn arrows_between_crates_point_one_way() {
    let mut breaches = Vec::new();
    for (name, folder, allowed) in ARROWS {
        for (dependency, _) in dependencies(&manifest(folder)) {
            if dependency.starts_with("arverify") && !allowed.contains(&dependency.as_str()) {
                breaches.push(format!("{name} depends on {dependency}"));
            }
        }
    }
    let members = manifest("")["workspace"]["members"].as_array().cloned().unwrap_or_default();
    for member in members.iter().filter_map(Value::as_str) {
        if !ARROWS.iter().any(|(_, folder, _)| *folder == member) {
            breaches.push(format!("{member} is not in the layout"));
        }
    }
    assert_none("protocol ◄ checker ◄ gen; protocol ◄ runtime; nothing else", breaches);
}

#[test]
fn the_runtime_pulls_in_no_engine() {
    let lock: Table = tree::read(&arverify_tests::root().join("Cargo.lock")).parse().expect("Cargo.lock is a table");
    let mut uses: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in lock["package"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default().to_owned();
        let all = package.get("dependencies").and_then(Value::as_array).cloned().unwrap_or_default();
        // "name" or "name version": two versions of one crate are taken together, which can only find more.
        let names = all.iter().filter_map(Value::as_str).filter_map(|entry| entry.split(' ').next()).map(str::to_owned);
        uses.entry(name).or_default().extend(names);
    }
    let mut reached = BTreeSet::from(["arverify-runtime".to_owned()]);
    let mut open: Vec<String> = reached.iter().cloned().collect();
    while let Some(package) = open.pop() {
        for next in uses.get(&package).into_iter().flatten() {
            if reached.insert(next.clone()) {
                open.push(next.clone());
            }
        }
    }
    assert!(reached.len() > 3, "Cargo.lock does not know the runtime: {reached:?}");
    let engines = ["z3", "z3-sys", "stateright", "arverify-model", "arverify-gen"];
    let breaches = engines.iter().filter(|engine| reached.contains(**engine)).map(|engine| (*engine).to_owned());
    assert_none("runtime never pulls in z3 or stateright", breaches.collect());
}

#[test]
fn versions_and_lints_live_in_the_workspace() {
    let mut breaches = Vec::new();
    for (name, folder, _) in ARROWS {
        let manifest = manifest(folder);
        for (dependency, requirement) in dependencies(&manifest) {
            let inherited = requirement.get("workspace").and_then(Value::as_bool) == Some(true);
            if !inherited {
                breaches.push(format!("{name}: {dependency} has a version of its own"));
            }
        }
        for key in ["version", "edition", "license"] {
            if manifest["package"][key].get("workspace").is_none() {
                breaches.push(format!("{name}: {key} is not the workspace's"));
            }
        }
        // The runtime is the one crate that may hold unsafe code, which the workspace denies.
        let lints = manifest.get("lints").and_then(|lints| lints.get("workspace")).is_some();
        if !lints && *name != "arverify-runtime" {
            breaches.push(format!("{name}: lints are not the workspace's"));
        }
    }
    assert_none("versions and lints live in the workspace's Cargo.toml", breaches);
}

#[test]
fn both_licences_are_there() {
    let root = arverify_tests::root();
    assert_eq!(manifest("")["workspace"]["package"]["license"].as_str(), Some("MIT OR Apache-2.0"));
    assert!(tree::read(&root.join("LICENSE-MIT")).starts_with("MIT License"));
    assert!(tree::read(&root.join("LICENSE-APACHE")).contains("Apache License\n                        Version 2.0"));
}

#[test]
fn the_layout_is_the_one_described() {
    let folders = ["model", "templates", "gen", "runtime", "tests", "docs"];
    let root = arverify_tests::root();
    let mut breaches: Vec<String> = folders
        .iter()
        .filter(|folder| !root.join(folder).is_dir())
        .map(|folder| format!("{folder} is missing"))
        .collect();
    for path in tree::entries(&root).into_iter().filter(|path| path.is_dir()) {
        let name = tree::relative(&path);
        let built = name.starts_with('.') || ["target", "out", "shared"].contains(&name.as_str());
        if !built && !folders.contains(&name.as_str()) {
            breaches.push(format!("{name} is not in the layout"));
        }
    }
    for file in ["Cargo.toml", "Makefile", "README.md", ".ci/run", "rustfmt.toml"] {
        if !Path::new(&root).join(file).is_file() {
            breaches.push(format!("{file} is missing"));
        }
    }
    assert_none("top-level folders", breaches);
}
