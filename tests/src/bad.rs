//! The bad kernels: our own, in `zoo/kernels`, and the published ones in `../shared/zoo` and `../shared/zoo2`, which are SKIPPED
//! where they are not beside the checkout.

use crate::root;
use std::path::{Path, PathBuf};
use toml::Table;

/// A bad kernel, with its launch.
pub struct BadKernel {
    /// `kernels`, `zoo` or `zoo2`.
    pub zoo: &'static str,
    /// Folder, and of our own the variant.
    pub name: String,
    /// The PTX.
    pub ptx: PathBuf,
    /// What the check is given beside it.
    pub options: Vec<String>,
    /// What is expected of it.
    pub expect: Table,
}

impl BadKernel {
    fn new(zoo: &'static str, name: String, ptx: PathBuf, launch: &Path, expect: Table) -> BadKernel {
        let mut options = vec!["--launch".to_owned(), launch.display().to_string()];
        let assumed = words(&expect, "assume");
        options.extend(assumed.into_iter().flat_map(|name| ["--assume".to_owned(), name]));
        if let Some(resident) = expect.get("resident_blocks").and_then(|value| value.as_integer()) {
            options.extend(["--resident-blocks".to_owned(), resident.to_string()]);
        }
        BadKernel { zoo, name, ptx, options, expect }
    }

    /// Whether a code is expected that is no lint: lints alone say that the kernel is verified.
    pub fn is_violated(&self) -> bool {
        words(&self.expect, "codes").iter().any(|code| code.starts_with("AR0"))
    }
}

/// All of them.
pub fn bad_kernels() -> Vec<BadKernel> {
    own().into_iter().chain(published()).collect()
}

fn own() -> Vec<BadKernel> {
    let mut found = Vec::new();
    for folder in folders(&root().join("tests/zoo/kernels")) {
        let expect = expectation(&folder);
        for (variant, expect) in expect.get("bad").and_then(|bad| bad.as_table()).into_iter().flatten() {
            let (ptx, launch) = (folder.join(format!("{variant}.ptx")), folder.join("launch.toml"));
            let table = expect.as_table().cloned().unwrap_or_default();
            found.push(BadKernel::new("kernels", format!("{}/{variant}", name(&folder)), ptx, &launch, table));
        }
    }
    found
}

fn published() -> Vec<BadKernel> {
    let mut found = Vec::new();
    for zoo in ["zoo", "zoo2"] {
        let parent = root().join("../shared").join(zoo);
        if !parent.is_dir() {
            println!("SKIPPED: the published examples are not beside the checkout, in ../shared/{zoo}");
        }
        for folder in folders(&parent) {
            let (ptx, own) = (folder.join("bad.ptx"), folder.join("bad.toml"));
            let launch = if own.exists() { own } else { folder.join("launch.toml") };
            if ptx.exists() && launch.exists() {
                found.push(BadKernel::new(zoo, name(&folder), ptx, &launch, expectation(&folder)));
            }
        }
    }
    found
}

/// Folders of a folder, sorted.
fn folders(parent: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    found.sort();
    found
}

fn words(table: &Table, key: &str) -> Vec<String> {
    let items = table.get(key).and_then(|value| value.as_array()).into_iter().flatten();
    items.filter_map(|item| item.as_str()).map(str::to_owned).collect()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn expectation(folder: &Path) -> Table {
    std::fs::read_to_string(folder.join("expect.toml")).unwrap_or_default().parse().unwrap_or_default()
}
