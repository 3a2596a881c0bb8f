//! The files of the checkout, without what git ignores.

use std::path::{Path, PathBuf};

/// Folders that are fetched or built. A name that starts with a dot is one too, but for `.ci`.
const BUILT: &[&str] = &["target", "out", "node_modules"];

/// Every file, sorted.
pub(crate) fn files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(&arverify_tests::root(), &mut found);
    found.sort();
    found
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for path in entries(folder) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !BUILT.contains(&name.as_str()) && (!name.starts_with('.') || name == ".ci") {
                collect(&path, found);
            }
        } else if name != ".git" {
            // In a worktree `.git` is a file.
            found.push(path);
        }
    }
}

/// What stands in a folder.
pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.expect("a folder of the checkout can be listed").path()).collect()
}

/// A file's text.
pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A path from the root, with forward slashes.
pub(crate) fn relative(path: &Path) -> String {
    let root = arverify_tests::root();
    path.strip_prefix(&root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}
