//! `check --report`: a page, and a picture by itself.
//!
//! * Every drawing is well-formed XML, whatever the finding; nothing leads out of the page.
//! * Everything that comes from input is escaped: names of files with markup are among the cases.
//! * A page says what the program says: verdicts, messages, causes, both accesses of a race.

mod schema;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(arverify_tests::arverify());
    command.current_dir(folder).arg("check").args(arguments).args(["--timeout", "60"]).output().expect("it starts")
}

/// The page of a check, with what the check says as JSON.
fn page(folder: &Path, arguments: &[&str]) -> (String, Value) {
    let output = run(folder, &[arguments, &["--format", "json", "--report", "page.html"]].concat());
    let said = arverify_tests::schema::report(&output.stdout)
        .unwrap_or_else(|error| panic!("{arguments:?}: {error}{}", String::from_utf8_lossy(&output.stderr)));
    (std::fs::read_to_string(folder.join("page.html")).expect("a page"), said)
}

fn kernels() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("zoo/kernels")
}

/// As templates escape it.
fn escaped(text: &str) -> String {
    text.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;").replace('"', "&#34;").replace('\'', "&#39;")
}

/// The drawings of a page, each of which must be XML.
fn drawings(page: &str) -> Vec<&str> {
    let begun = page.match_indices("<svg").map(|(at, _)| &page[at..]);
    let drawings: Vec<&str> =
        begun.map(|rest| &rest[..rest.find("</svg>").expect("a drawing ends") + "</svg>".len()]).collect();
    for drawing in &drawings {
        roxmltree::Document::parse(drawing).unwrap_or_else(|error| panic!("{error}\n{drawing}"));
    }
    drawings
}

/// Nothing is loaded from elsewhere, and nothing is said that came unescaped.
fn stands_alone(page: &str) {
    for (at, _) in page.match_indices("://") {
        let around = &page[at.saturating_sub(8)..(at + 30).min(page.len())];
        assert!(around.contains("http://www.w3.org/2000/svg"), "an address leads out of the page: {around}");
    }
    for element in ["<link", "<img", "<iframe", "src=", "@import"] {
        assert!(!page.contains(element), "{element}");
    }
    assert_eq!(page.matches("url(").count(), page.matches("url(#").count(), "markers are the page's own");
}

#[test]
fn a_page_says_what_the_check_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |kernel: &str, name: &str| kernels().join(kernel).join(name).display().to_string();
    let kernel = |kernel: &str, bad: &str| vec![file(kernel, bad), "--launch".to_owned(), file(kernel, "launch.toml")];
    let variant = |name: &str, variant: &str| [name, "--variant", variant].map(str::to_owned).to_vec();
    let cases = [
        kernel("vote-barrier", "no-last-barrier.ptx"),
        kernel("warp-signal", "no-sync-after.ptx"),
        kernel("mbarrier-ring", "good.ptx"),
        variant("two-shot", "volatile-flags"),
        variant("one-shot", "single-parity"),
        variant("one-shot", "early-exit"),
    ];
    for case in cases {
        let arguments: Vec<&str> = case.iter().map(String::as_str).collect();
        let (page, said) = page(folder.path(), &arguments);
        stands_alone(&page);
        let result = &said["results"][0];
        let findings = result["findings"].as_array().cloned().unwrap_or_default();
        assert!(page.contains(result["verdict"].as_str().expect("a verdict")), "{case:?}");
        // Signs of the legend are drawings as well.
        let pictures = drawings(&page).into_iter().filter(|drawing| drawing.contains("role=\"img\"")).count();
        assert_eq!(pictures, findings.len(), "{case:?}");
        for finding in &findings {
            let mut sentences = vec![finding["message"].as_str().expect("a message")];
            sentences.extend(finding["why"].as_array().into_iter().flatten().filter_map(|why| why["message"].as_str()));
            for sentence in sentences {
                assert!(page.contains(&escaped(sentence)), "{case:?}: {sentence}");
            }
            let racing =
                finding["trace"].as_array().into_iter().flatten().filter(|step| step["racing"] == true).count();
            assert_eq!(racing, if finding["code"] == "AR001" { 2 } else { 0 }, "{case:?}: {}", finding["trace"]);
        }
    }
}

#[test]
fn what_comes_from_input_is_escaped() {
    let folder = tempfile::tempdir().expect("a folder");
    let name = "a<script>alert('1')<&\"b\".ptx";
    let here = kernels().join("warp-signal");
    std::fs::copy(here.join("no-sync-after.ptx"), folder.path().join(name)).expect("a file with markup in its name");
    std::fs::copy(here.join("launch.toml"), folder.path().join("launch.toml")).expect("its launch file");
    let (page, _) = page(folder.path(), &[name, "--launch", "launch.toml"]);
    stands_alone(&page);
    drawings(&page);
    assert!(!page.contains("alert('1')") && !page.contains("<script>alert"), "a name stands as it is");
    assert!(page.contains("alert(&#39;1&#39;)"), "a name is not there at all");
}

#[test]
fn a_picture_is_a_file_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let picture = |arguments: &[&str], status: i32| {
        let output = run(folder.path(), &[arguments, &["--report", "picture.svg"]].concat());
        assert_eq!(output.status.code(), Some(status), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::read_to_string(folder.path().join("picture.svg")).expect("a picture")
    };
    for (arguments, status) in [
        (&["one-shot", "--variant", "volatile-flags", "--ranks", "2"][..], 1),
        (&["one-shot", "--variant", "volatile-flags", "--ranks", "16"], 1),
        (&["one-shot", "--ranks", "2"], 0),
    ] {
        let text = picture(arguments, status);
        let drawing = roxmltree::Document::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(drawing.root_element().tag_name().name(), "svg");
        stands_alone(&text);
    }
}

#[test]
fn a_report_is_a_page_or_a_picture() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = run(folder.path(), &["one-shot", "--ranks", "2", "--report", "page.pdf"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("expected FILE.html or FILE.svg"), "{said}");
    let written = std::fs::read_dir(folder.path()).expect("the folder").count();
    assert_eq!(written, 0, "nothing is left half-written");
}
