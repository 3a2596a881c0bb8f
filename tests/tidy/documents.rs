//! Rules on what is written: a page for each code, the catalogue complete, no trace of a developer's machine.

use crate::assert_none;
use crate::tree;
use arverify_protocol::verdict::Code;
use std::collections::BTreeSet;

#[test]
fn every_code_has_a_page() {
    let book = arverify_tests::root().join("docs");
    let summary = tree::read(&book.join("SUMMARY.md"));
    let mut breaches = Vec::new();
    for code in Code::ALL {
        let page = format!("codes/{code}.md");
        match std::fs::read_to_string(book.join(&page)) {
            Err(error) => breaches.push(format!("docs/{page}: {error}")),
            Ok(text) => {
                if !text.starts_with(&format!("# {code}: ")) {
                    breaches.push(format!("docs/{page} does not open with `# {code}: `"));
                }
                for heading in ["## Example", "## How to mend it"] {
                    if !text.contains(heading) {
                        breaches.push(format!("docs/{page} has no `{heading}`"));
                    }
                }
            }
        }
        if !summary.contains(&page) {
            breaches.push(format!("docs/SUMMARY.md does not link {page}"));
        }
    }
    for path in tree::entries(&book.join("codes")) {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if stem != "README" && Code::from_number(&stem).is_none() {
            breaches.push(format!("docs/codes/{stem}.md: there is no such code"));
        }
    }
    assert_none("each code has a page, and each page a code", breaches);
}

#[test]
fn every_page_is_in_the_book() {
    let book = arverify_tests::root().join("docs");
    let summary = tree::read(&book.join("SUMMARY.md"));
    let mut breaches = Vec::new();
    for path in tree::files() {
        let name = tree::relative(&path);
        let page = name.strip_prefix("docs/").filter(|page| page.ends_with(".md") && *page != "SUMMARY.md");
        if page.is_some_and(|page| !summary.contains(&format!("({page})"))) {
            breaches.push(format!("{name} is not in docs/SUMMARY.md"));
        }
    }
    for link in summary.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        if !book.join(link).is_file() {
            breaches.push(format!("docs/SUMMARY.md links {link}, which is missing"));
        }
    }
    assert_none("the book's pages and its table of contents agree", breaches);
}

#[test]
fn every_protocol_file_is_in_the_catalogue() {
    let folder = arverify_tests::root().join("model/protocol/catalogue");
    let files: BTreeSet<String> = tree::entries(&folder)
        .iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "arp"))
        .map(|path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned())
        .collect();
    let known: BTreeSet<String> =
        arverify_protocol::catalogue::TEXTS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(files, known, "files in model/protocol/catalogue, and protocols that the catalogue knows");
}

#[test]
fn no_file_names_a_developers_machine() {
    // Put together, so that this file does not name them.
    let places = [["/wo", "rk/"], ["/ro", "ot/"], ["/ho", "me/"], ["arti", "factory"], ["bash", "_jobs"]]
        .map(|parts| parts.concat());
    let mut breaches = Vec::new();
    for path in tree::files() {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        for (number, line) in text.lines().enumerate() {
            if places.iter().any(|place| line.contains(place.as_str())) {
                breaches.push(format!("{}:{}", tree::relative(&path), number + 1));
            }
        }
    }
    assert_none("no file names a path of a machine or a private host", breaches);
}

#[test]
fn the_readme_names_two_set_up_commands() {
    let readme = tree::read(&arverify_tests::root().join("README.md"));
    let commands: Vec<&str> = readme.lines().map(str::trim).filter(|line| line.starts_with("make ")).collect();
    let names: Vec<String> =
        commands.iter().map(|line| line.split(" #").next().unwrap_or(line).trim().to_owned()).collect();
    assert_eq!(names, ["make check", "make test"], "set-up commands in README.md, on lines of their own");
}

/// Examples are checked: the corpus holds each of them, with its finding announced.
#[test]
fn every_example_of_a_code_is_in_the_corpus() {
    let root = arverify_tests::root();
    let corpus: Vec<String> = tree::files()
        .iter()
        .filter(|path| path.starts_with(root.join("tests/verify")))
        .filter(|path| path.extension().is_some_and(|extension| extension == "arp"))
        .map(|path| without_remarks(&tree::read(path)))
        .collect();
    let mut breaches = Vec::new();
    for code in Code::ALL {
        let page = tree::read(&root.join(format!("docs/codes/{code}.md")));
        for example in page.split("```arp\n").skip(1).filter_map(|rest| rest.split("```").next()) {
            if !corpus.iter().any(|file| file.contains(example)) {
                breaches.push(format!("docs/codes/{code}.md: its example is not in tests/verify"));
            }
        }
    }
    assert_none("an example of a code is checked", breaches);
}

fn without_remarks(text: &str) -> String {
    text.lines().map(|line| line.split("//~").next().unwrap_or(line).trim_end().to_owned() + "\n").collect()
}
