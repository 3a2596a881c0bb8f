//! Copies on a pipe against the same copies made by threads of their own: every short program of starts, finishes and
//! accesses has one verdict in both forms.
//!
//! A copy that is outstanding follows its start, precedes its finish, and is in no order with what lies between: just what a
//! helper does that waits for a flag, copies, and sets a flag. The machine knows nothing of pipes in that form.

use arverify_model::check::{Options, check};
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::language;
use std::fmt::Write;

/// What thread 0 of rank 0 does next.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    /// Starts a copy from the first place to the second.
    Start(&'static str, &'static str),
    /// Waits until so many are outstanding.
    Finish(usize),
    /// Copies itself.
    Copy(&'static str, &'static str),
    /// Tells rank 1, which then makes an access of its own.
    Signal,
}

const STEPS: [Step; 8] = [
    Step::Start("b", "a"),
    Step::Start("a", "c"),
    Step::Finish(0),
    Step::Finish(1),
    Step::Copy("d", "b"),
    Step::Copy("a", "e"),
    Step::Copy("b", "e"),
    Step::Signal,
];

/// What rank 1 does once it is told.
const PEER: [(&str, &str); 2] = [("d on rank 1", "b on rank 0"), ("a on rank 0", "e on rank 1")];

const HEAD: &str = "protocol pipes
param ranks P, blocks B, threads T, elements N, element E
knob all = unused | used
partition whole = 0..N
symmetric a, b, c, d, e : E[4] initially random
pad told : flag[1]
";

/// What is declared must be used, if only where a knob leaves it out.
const USES: &str = "copy a <- b over whole copy c <- d over whole copy e <- a over whole store told[0] = 1 weak";

fn copy(from: &str, to: &str) -> String {
    format!("copy {to} <- {from} over from 0 until 4 step 4")
}

fn peer(text: &mut String, steps: &[Step], access: (&str, &str)) {
    if steps.contains(&Step::Signal) {
        let copy = copy(access.1, access.0);
        let _ = writeln!(text, "if self == 1 and thread == 0 {{ await told[0] == 1 acquire.sys {copy} }}");
    }
}

/// With a pipe that is deep enough; every copy is waited for in the end.
fn with_pipe(steps: &[Step], access: (&str, &str)) -> String {
    let mut text =
        format!("{HEAD}pipe loads : 8\nkernel {{\nif all is used {{ {USES} }}\nif self == 0 and thread == 0 {{\n");
    for step in steps.iter().chain(&[Step::Finish(0)]) {
        let line = match step {
            Step::Start(from, to) => format!("start {} on loads", copy(from, to)),
            Step::Finish(remaining) => format!("finish loads to {remaining}"),
            Step::Copy(from, to) => copy(from, to),
            Step::Signal => "store told[0] on rank 1 = 1 release.sys".to_owned(),
        };
        let _ = writeln!(text, "{line}");
    }
    text.push_str("}\n");
    peer(&mut text, steps, access);
    text + "}\n"
}

/// Thread n + 1 makes the n-th copy that is started.
fn with_helpers(steps: &[Step], access: (&str, &str)) -> String {
    let uses = format!("{USES} store begun[7] = 1 weak store made[7] = 1 weak");
    let mut text = format!(
        "{HEAD}pad begun, made : flag[8]\nkernel {{\nif all is used {{ {uses} }}\nif self == 0 and thread == 0 {{\n"
    );
    let (mut started, mut finished) = (0, 0);
    let mut helpers = String::new();
    for step in steps.iter().chain(&[Step::Finish(0)]) {
        match step {
            Step::Start(from, to) => {
                let _ = writeln!(text, "store begun[{started}] = 1 release.cta");
                let copy = copy(from, to);
                let _ = writeln!(
                    helpers,
                    "if self == 0 and thread == {started} + 1 {{ await begun[{started}] == 1 acquire.cta {copy} \
                     store made[{started}] = 1 release.cta }}"
                );
                started += 1;
            }
            Step::Finish(remaining) => {
                while started - finished > *remaining {
                    let _ = writeln!(text, "await made[{finished}] == 1 acquire.cta");
                    finished += 1;
                }
            }
            Step::Copy(from, to) => text += &format!("{}\n", copy(from, to)),
            Step::Signal => text += "store told[0] on rank 1 = 1 release.sys\n",
        }
    }
    text += "}\n";
    text += &helpers;
    peer(&mut text, steps, access);
    text + "}\n"
}

/// The code found, or `verified`.
fn verdict(text: &str) -> String {
    let protocol = language::parse("pipes.arp", text).and_then(|document| document.resolve(&[]));
    let protocol = protocol.unwrap_or_else(|errors| panic!("{errors}"));
    let (data, accumulate) = (DataType::F32, Accumulate::Own);
    let sizes = Sizes { ranks: 2, blocks: 1, threads: 6, elements: 4, capacity: 4, data, accumulate };
    let outcome = check(&protocol, &Options { launches: 1, ..Options::new(sizes) });
    let found = outcome.findings.iter().find(|finding| !finding.code.is_lint());
    found.map_or(outcome.verdict.name().to_owned(), |finding| finding.code.number().to_owned())
}

/// Every program of so many steps that signals once at most and starts something.
fn programs(length: u32) -> Vec<Vec<Step>> {
    let all = (0..STEPS.len().pow(length)).map(|number| {
        let digits = (0..length).map(|place| number / STEPS.len().pow(place) % STEPS.len());
        digits.map(|digit| STEPS[digit]).collect::<Vec<Step>>()
    });
    let count = |steps: &[Step], wanted: fn(&Step) -> bool| steps.iter().filter(|step| wanted(step)).count();
    all.filter(|steps| {
        count(steps, |step| *step == Step::Signal) <= 1 && count(steps, |step| matches!(step, Step::Start(..))) > 0
    })
    .collect()
}

#[test]
fn a_copy_on_a_pipe_is_a_copy_by_a_thread_of_its_own() {
    let (mut verified, mut racy) = (0, 0);
    for steps in (1..=4).flat_map(programs) {
        // Without a signal rank 1 does nothing, whatever it would do.
        let accesses = if steps.contains(&Step::Signal) { &PEER[..] } else { &PEER[..1] };
        for access in accesses {
            let (piped, helped) = (with_pipe(&steps, *access), with_helpers(&steps, *access));
            let (one, other) = (verdict(&piped), verdict(&helped));
            assert_eq!(one, other, "{steps:?}, {access:?}\n{piped}\n{helped}");
            match one.as_str() {
                "verified" => verified += 1,
                "AR001" => racy += 1,
                other => panic!("{other}: {steps:?}"),
            }
        }
    }
    assert!(verified > 200 && racy > 1000, "{verified} verified, {racy} racy: one kind is hardly tried");
}
