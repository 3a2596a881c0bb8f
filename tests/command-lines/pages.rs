//! The pages of the book as transcripts: what they say the programs print is what they print.
//!
//! In document order, an `arp` block becomes the file NAME.arp, named by its protocol, and a `console` block that opens
//! with `$ arverify …` is run beside those files and compared. `BLESS=1` writes the outputs anew. The road not taken:
//! trycmd on the pages, which cannot take files from the page itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn pages_show_what_is_printed() {
    let book = arverify_tests::root().join("docs");
    let program = arverify_tests::arverify();
    let mut differing = Vec::new();
    for path in pages(&book) {
        let written = fs::read_to_string(&path).expect("a page that was just listed can be read");
        let printed = played(&program, &written);
        if written == printed {
            continue;
        }
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, printed).expect("a page that was just read can be written");
        } else {
            differing.push(difference(&path, &written, &printed));
        }
    }
    assert!(differing.is_empty(), "BLESS=1 writes these anew:\n{}", differing.join("\n"));
}

fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in fs::read_dir(folder).expect("the book is there").filter_map(Result::ok).map(|entry| entry.path()) {
        if path.is_dir() {
            found.extend(pages(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The page with the output of every command as it is now.
fn played(program: &Path, page: &str) -> String {
    let scratch = tempfile::tempdir().expect("a temporary folder can be made");
    let mut text = String::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        text.push_str(line);
        text.push('\n');
        let Some(language) = line.strip_prefix("```").filter(|language| !language.is_empty()) else { continue };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        match block.first().and_then(|first| first.strip_prefix("$ arverify ")) {
            Some(command) if language == "console" => {
                text.push_str(block[0]);
                text.push('\n');
                text.push_str(&output(program, scratch.path(), command));
            }
            _ => {
                if language == "arp" {
                    write_protocol(scratch.path(), &block);
                }
                block.iter().for_each(|line| text.extend([*line, "\n"]));
            }
        }
        text.push_str("```\n");
    }
    text
}

/// Only whole protocols become files; an excerpt has no name.
fn write_protocol(folder: &Path, block: &[&str]) {
    let name = block.iter().find_map(|line| line.strip_prefix("protocol ")?.split(' ').next());
    if let Some(name) = name {
        fs::write(folder.join(format!("{name}.arp")), block.join("\n") + "\n")
            .expect("a temporary file can be written");
    }
}

fn output(program: &Path, folder: &Path, command: &str) -> String {
    let mut process = Command::new(program);
    process.current_dir(folder).args(command.split_whitespace()).env("NO_COLOR", "1").env_remove("CLICOLOR_FORCE");
    let output = process.output().expect("a program that was just built starts");
    let text = [output.stdout, output.stderr].concat();
    arverify_tests::without_costs(&String::from_utf8_lossy(&text))
}

fn difference(path: &Path, written: &str, printed: &str) -> String {
    let first = written.lines().zip(printed.lines()).position(|(old, new)| old != new);
    let line = first.unwrap_or_else(|| written.lines().count().min(printed.lines().count()));
    let show = |text: &str| text.lines().nth(line).unwrap_or("the end").to_owned();
    format!("{}:{}\n  written: {}\n  printed: {}", path.display(), line + 1, show(written), show(printed))
}
