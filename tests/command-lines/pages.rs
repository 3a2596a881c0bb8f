//! The pages of the book as transcripts: what they say the programs print is what they print, and no command of theirs is
//! bad input.
//!
//! In document order, an `arp` block becomes the file NAME.arp, named by its protocol. In a `console` block every line
//! `$ arverify …` or `$ argen …` is run beside those files, and what is printed is compared; `BLESS=1` writes it anew.
//! A command shown without its output, in an `sh` block or in an indented one, is run as well, and has to be accepted. What
//! A picture, `![…](NAME.svg)`, is that of the command played last: it is drawn anew (`--report`), and compared with the file beside
//! the page, which `BLESS=1` writes, too. What
//! is not run stands in [`UNPLAYED`], with a reason; an entry that no page needs is an error. The road not taken: trycmd on the
//! pages, which cannot take files from the page itself. Not played: what stands within a line of text or a table.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Commands that are not run: the page, how the command begins, and why.
const UNPLAYED: [(&str, &str, &str); 3] = [
    ("prove.md", "arverify prove", "the whole catalogue takes minutes: tests of the checker prove it"),
    ("ptx.md", "nvcc ", "the CUDA compiler is no program of ours, and need not be there"),
    ("ptx.md", "arverify check kernel.cu", "it needs the CUDA compiler"),
];

/// Files that pages speak of and do not show: a reader's own protocol and kernel.
const READERS_FILES: [(&str, &str); 3] = [
    ("my.arp", "model/protocol/catalogue/one-shot.arp"),
    ("kernel.ptx", "tests/zoo/kernels/device-counter/good.ptx"),
    ("launch.toml", "tests/zoo/kernels/device-counter/launch.toml"),
];

#[test]
fn pages_show_what_is_printed() {
    let book = arverify_tests::root().join("docs");
    let mut wrong = Vec::new();
    let mut used = [false; UNPLAYED.len()];
    for path in pages(&book) {
        let written = fs::read_to_string(&path).expect("a page that was just listed can be read");
        let mut page = Page::new(&path);
        let printed = page.played(&written);
        wrong.extend(page.wrong.iter().map(|wrong| format!("{}: {wrong}", path.display())));
        used.iter_mut().zip(page.unplayed).for_each(|(all, here)| *all |= here);
        if written == printed {
            continue;
        }
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, printed).expect("a page that was just read can be written");
        } else {
            wrong.push(format!("BLESS=1 writes this anew: {}", difference(&path, &written, &printed)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for ((page, command, _), used) in UNPLAYED.iter().zip(used) {
        assert!(used, "{page} has no command `{command}` any more: UNPLAYED need not name it");
    }
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

/// One page while it is played.
struct Page {
    name: String,
    scratch: tempfile::TempDir,
    wrong: Vec<String>,
    /// The check of the last `console` block.
    check: Option<String>,
    folder: PathBuf,
    /// Which entries of [`UNPLAYED`] it has.
    unplayed: [bool; UNPLAYED.len()],
}

impl Page {
    fn new(path: &Path) -> Page {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let scratch = tempfile::tempdir().expect("a temporary folder can be made");
        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        Page { name, scratch, wrong: Vec::new(), check: None, folder, unplayed: [false; UNPLAYED.len()] }
    }

    /// The page with the output of every command as it is now.
    fn played(&mut self, page: &str) -> String {
        let mut text = String::new();
        let mut lines = page.lines();
        // An indented block begins after an empty line.
        let mut indented = false;
        let mut previous = "";
        while let Some(line) = lines.next() {
            text.extend([line, "\n"]);
            let inner = line.strip_prefix("    ");
            indented = inner.is_some() && (indented || previous.is_empty());
            previous = line;
            if let Some(command) = inner.filter(|_| indented).and_then(command_of) {
                self.accept(command);
            }
            if let Some(picture) = picture_of(line) {
                self.draw(picture);
            }
            let Some(language) = line.strip_prefix("```").filter(|language| !language.is_empty()) else { continue };
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            match language {
                "console" => text.push_str(&self.transcript(&block)),
                _ => {
                    match language {
                        "arp" => self.write_protocol(&block),
                        "sh" => block.iter().copied().filter_map(command_of).for_each(|command| self.accept(command)),
                        _ => {}
                    }
                    block.iter().for_each(|line| text.extend([*line, "\n"]));
                }
            }
            text.push_str("```\n");
        }
        text
    }

    /// A block of commands, each with what it prints now.
    fn transcript(&mut self, block: &[&str]) -> String {
        let mut text = String::new();
        for line in block {
            let Some(command) = line.strip_prefix("$ ") else {
                if text.is_empty() {
                    self.wrong.push(format!("a console block begins with `{line}`, which is no command"));
                }
                continue;
            };
            text.extend([line, "\n"]);
            if command.starts_with("arverify check ") {
                self.check = Some((*command).to_owned());
            }
            match self.run(command) {
                Some((_, printed)) => text.push_str(&printed),
                None => self.wrong.push(format!("nobody plays `{command}`")),
            }
        }
        text
    }

    /// The picture of the command played last, which must be the file beside the page.
    fn draw(&mut self, picture: &str) {
        let Some(check) = self.check.clone() else {
            return self.wrong.push(format!("{picture} follows no `arverify check`"));
        };
        self.run(&format!("{check} --report {picture}"));
        let drawn = fs::read_to_string(self.scratch.path().join(picture)).unwrap_or_default();
        let known = self.folder.join(picture);
        if drawn.is_empty() || drawn.contains("there is no execution to show") {
            self.wrong.push(format!("{picture}: `{check}` has no execution to show"));
        } else if std::env::var_os("BLESS").is_some() {
            fs::write(known, drawn).expect("a picture can be written beside its page");
        } else if fs::read_to_string(known).ok().as_ref() != Some(&drawn) {
            self.wrong.push(format!("{picture} is not what `{check}` draws: BLESS=1 draws it anew"));
        }
    }

    /// A command without its output: any answer is right, but that the command makes no sense.
    fn accept(&mut self, command: &str) {
        let known = UNPLAYED.iter().position(|(page, start, _)| {
            *page == self.name && command.starts_with(start) && (*start != "arverify prove" || command == *start)
        });
        if let Some(known) = known {
            self.unplayed[known] = true;
            return;
        }
        match self.run(command) {
            // Violated and inconclusive are answers, too; an example or a generator has to succeed.
            Some((Some(0), _)) => {}
            Some((Some(1 | 3), _)) if command.starts_with("arverify ") => {}
            Some((status, printed)) => self.wrong.push(format!("`{command}` ends with {status:?}:\n{printed}")),
            None => self.wrong.push(format!("nobody plays `{command}`")),
        }
    }

    /// Runs a command beside the files of the page: its exit status, and what it prints.
    fn run(&self, command: &str) -> Option<(Option<i32>, String)> {
        let mut words = command.split_whitespace();
        let mut process = match words.next()? {
            "arverify" => Command::new(arverify_tests::arverify()),
            "argen" => Command::new(arverify_tests::argen()),
            "cargo" => {
                // cargo run … --example NAME -- ARGUMENTS: built in the profile of the tests.
                let name = words.by_ref().skip_while(|word| *word != "--example").nth(1)?;
                words.by_ref().find(|word| *word == "--");
                Command::new(arverify_tests::example(name))
            }
            _ => return None,
        };
        let arguments: Vec<&str> = words.collect();
        self.provide(&arguments);
        process.current_dir(self.scratch.path()).args(arguments).env("NO_COLOR", "1").env_remove("CLICOLOR_FORCE");
        let output = process.output().expect("a program that was just built starts");
        let text = [output.stdout, output.stderr].concat();
        Some((output.status.code(), arverify_tests::without_costs(&String::from_utf8_lossy(&text))))
    }

    /// Writes the reader's own files that a command reads, as if the reader had.
    fn provide(&self, arguments: &[&str]) {
        for (name, source) in READERS_FILES {
            let position = arguments.iter().position(|argument| *argument == name);
            let written = position.and_then(|at| at.checked_sub(1)).is_some_and(|at| arguments[at] == "--out");
            if position.is_some() && !written {
                let from = arverify_tests::root().join(source);
                fs::copy(from, self.scratch.path().join(name)).expect("a file of this checkout can be copied");
            }
        }
    }

    /// Only whole protocols become files; an excerpt has no name.
    fn write_protocol(&self, block: &[&str]) {
        let name = block.iter().find_map(|line| line.strip_prefix("protocol ")?.split(' ').next());
        if let Some(name) = name {
            let path = self.scratch.path().join(format!("{name}.arp"));
            fs::write(path, block.join("\n") + "\n").expect("a temporary file can be written");
        }
    }
}

/// The file of `![…](NAME.svg)`.
fn picture_of(line: &str) -> Option<&str> {
    line.strip_prefix("![")?.split_once("](")?.1.strip_suffix(')').filter(|file| file.ends_with(".svg"))
}

/// The command of a line, without the remark after it.
fn command_of(line: &str) -> Option<&str> {
    let command = line.split("  #").next().unwrap_or(line).trim_end();
    let command = command.strip_prefix("$ ").unwrap_or(command);
    let programs = ["arverify ", "argen ", "cargo ", "nvcc "];
    programs.iter().any(|program| command.starts_with(program)).then_some(command)
}

fn difference(path: &Path, written: &str, printed: &str) -> String {
    let first = written.lines().zip(printed.lines()).position(|(old, new)| old != new);
    let line = first.unwrap_or_else(|| written.lines().count().min(printed.lines().count()));
    let show = |text: &str| text.lines().nth(line).unwrap_or("the end").to_owned();
    format!("{}:{}\n  written: {}\n  printed: {}", path.display(), line + 1, show(written), show(printed))
}
