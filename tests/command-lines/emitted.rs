//! What `argen` leaves behind: whole folders that verify, or nothing.

use arverify_protocol::verdict::Code;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn run(program: PathBuf, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).output().expect("a program that was just built starts")
}

fn emit(folder: &Path, more: &[&str]) -> Output {
    let out = folder.to_string_lossy();
    let mut arguments = vec!["emit", "--ranks", "2", "--dtype", "f32", "--no-ptx", "--out", &out];
    arguments.extend(more);
    run(arverify_tests::argen(), &arguments)
}

fn status(output: &Output) -> Option<i32> {
    output.status.code()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none())
}

#[test]
fn a_folder_that_was_emitted_verifies_until_a_byte_changes() {
    let scratch = tempfile::tempdir().expect("a temporary folder can be made");
    let folder = scratch.path().join("kernels");
    let output = emit(&folder, &["one-shot"]);
    assert_eq!(status(&output), Some(0), "{}", errors(&output));
    let path = folder.to_string_lossy().into_owned();
    let output = run(arverify_tests::argen(), &["verify", &path]);
    assert_eq!(status(&output), Some(0), "{}", errors(&output));

    let files: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("the folder was just written")
        .map(|entry| entry.expect("the folder was just written").path())
        .collect();
    assert!(files.iter().any(|file| file.ends_with("manifest.json")), "{files:?}");
    for file in files.iter().filter(|file| file.is_file()) {
        let whole = fs::read(file).expect("the file was just written");
        let mut altered = whole.clone();
        let middle = altered.len() / 2;
        altered[middle] ^= 1;
        fs::write(file, altered).expect("the file was just written");
        let output = run(arverify_tests::argen(), &["verify", &path]);
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        assert!(matches!(status(&output), Some(1 | 2)), "{name} altered: {:?} {}", output.status, errors(&output));
        assert!(errors(&output).contains(&name), "{name} altered: {}", errors(&output));
        fs::write(file, whole).expect("the file was just written");
    }
    fs::write(folder.join("extra.cu"), "// not in the manifest\n").expect("the folder was just written");
    let output = run(arverify_tests::argen(), &["verify", &path]);
    assert!(errors(&output).contains("extra.cu"), "{}", errors(&output));
}

#[test]
fn what_does_not_verify_is_not_emitted() {
    let scratch = tempfile::tempdir().expect("a temporary folder can be made");
    let folder = scratch.path().join("kernels");
    let output = emit(&folder, &["one-shot", "--variant", "volatile-flags"]);
    assert_eq!(status(&output), Some(1), "{}", errors(&output));
    assert!(errors(&output).contains("AR001"), "{}", errors(&output));
    assert!(is_empty(&folder) && is_empty(scratch.path()), "something was left behind");
}

#[test]
fn a_folder_with_other_things_in_it_is_left_alone() {
    let scratch = tempfile::tempdir().expect("a temporary folder can be made");
    let mine = scratch.path().join("notes.txt");
    fs::write(&mine, "mine").expect("a file can be written there");
    let output = emit(scratch.path(), &["one-shot"]);
    assert_eq!(status(&output), Some(2), "{}", errors(&output));
    assert_eq!(fs::read_to_string(&mine).ok().as_deref(), Some("mine"));
    assert_eq!(fs::read_dir(scratch.path()).map_or(0, Iterator::count), 1, "something was written");
}

#[test]
fn every_code_is_explained() {
    for code in Code::ALL {
        let output = run(arverify_tests::arverify(), &["explain", code.number()]);
        assert_eq!(status(&output), Some(0), "{code}: {}", errors(&output));
        let page = fs::read_to_string(arverify_tests::root().join(format!("docs/codes/{code}.md")));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let paragraph =
            page.as_deref().unwrap_or_default().lines().find(|line| line.len() > 40 && !line.starts_with('#'));
        assert!(text.contains(paragraph.unwrap_or("no page")), "{code} is explained by its page:\n{text}");
    }
}
