//! The corpus: small protocols, each showing one thing, with the expected finding on the line it belongs to.
//!
//! A file is checked by the program that users run, once for each of its revisions:
//!
//! ```text
//! //@ ranks: 2                        an option of `arverify check`; also blocks, threads, elements, launches, dtype,
//! //                                  resident-blocks, progress, assume
//! //@ states: 1                       the number of states that the check must need
//! //@ revisions: base weak            `base` is the file as it stands, any other name a variant of the file
//! //@[weak] launches: 1               for one revision only; `//@[x] variant: weak` names the variant apart
//! await slot == 1  relaxed.sys  //~[weak] AR001      announced on this line; //~^ on the line above
//! ```
//!
//! A finding that nobody announced fails, and so does an announced one that does not come. Under `pass/` only lints
//! may be announced; under `fail/` some revision must be violated. The rendering for people stands beside the file
//! (`NAME.out`, `NAME.REVISION.out`); `BLESS=1` writes it anew.
//!
//! The road not taken is `ui_test`: its expectations, revisions and filters are those of a compiler that is given one
//! file and prints its messages to standard error; here a revision is a choice of options and the findings are json.

mod expectation;
mod revision;

use expectation::Expectation;
use libtest_mimic::{Arguments, Trial};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("verify");
    let mut trials = Vec::new();
    // Building the checker takes a while: not for a mere list.
    let program = if arguments.list { Arc::new(PathBuf::new()) } else { Arc::new(arverify_tests::arverify()) };
    for verdict in ["pass", "fail"] {
        for path in protocol_files(&folder.join(verdict)) {
            trials.extend(trials_of(&folder, &path, &program));
        }
    }
    trials.extend(canaries(&folder, &program));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// What a canary does to an expectation that holds.
type Alteration = fn(&mut Expectation);

/// The runner itself must fail when what it finds is not what was announced.
fn canaries(folder: &Path, program: &Arc<PathBuf>) -> Vec<Trial> {
    let unannounced = |expected: &mut Expectation| expected.findings.clear();
    let not_coming = |expected: &mut Expectation| expected.findings.extend([(1, "AR002")]);
    let another_line = |expected: &mut Expectation| {
        expected.findings = expected.findings.iter().map(|(line, number)| (line + 1, *number)).collect();
    };
    let another_count = |expected: &mut Expectation| expected.states = Some(1_000_000);
    let alterations: [(&str, Alteration); 4] = [
        ("an unannounced finding", unannounced),
        ("an announcement that does not come true", not_coming),
        ("a finding on another line", another_line),
        ("another number of states", another_count),
    ];
    let path = folder.join("fail/data-race/volatile-flag.arp");
    let canary = |(name, alter): (&str, Alteration)| {
        let (program, path) = (Arc::clone(program), path.clone());
        Trial::test(format!("canary/{name} fails"), move || {
            let text = std::fs::read_to_string(&path)?;
            let mut expected = expectation::revisions(&text)?.remove(0);
            alter(&mut expected);
            match revision::findings_match(&program, &path, &expected) {
                Ok(()) => Err("it passed".into()),
                Err(_) => Ok(()),
            }
        })
    };
    alterations.into_iter().map(canary).collect()
}

/// One trial for each revision, and one that fails if the file's directives make no sense.
fn trials_of(folder: &Path, path: &Path, program: &Arc<PathBuf>) -> Vec<Trial> {
    let name = path.strip_prefix(folder).unwrap_or(path).with_extension("").to_string_lossy().replace('\\', "/");
    let must_verify = name.starts_with("pass/");
    let revisions = std::fs::read_to_string(path)
        .map_err(|error| error.to_string())
        .and_then(|text| expectation::revisions(&text))
        .and_then(|revisions| expectation::consistent(&revisions, must_verify).map(|()| revisions));
    match revisions {
        Err(error) => vec![Trial::test(name, move || Err(error.into()))],
        Ok(revisions) => revisions
            .into_iter()
            .map(|expected| {
                let (program, path) = (Arc::clone(program), path.to_path_buf());
                let name = match &expected.name {
                    None => name.clone(),
                    Some(revision) => format!("{name}#{revision}"),
                };
                Trial::test(name, move || revision::check(&program, &path, &expected).map_err(Into::into))
            })
            .collect(),
    }
}

/// Every `.arp` file below a folder, sorted.
fn protocol_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "arp") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
