//! Damaged kernels and launch files, all the way through a check: no panic, no end beyond the limits, and no verdict of
//! "verified" that rests on an instruction which was not understood.
//!
//! The kernels are those of `tests/zoo`, and those of `robustness/`, whose launch files have every key. Each case is checked under assumptions
//! of its own, some by the second engine. `ARVERIFY_FUZZ_CASES=100000` for the long run of docs/measurements.md, from
//! `ARVERIFY_FUZZ_FIRST` on; case numbers are the seeds.

use arverify_model::check::{Engine, Options, Outcome, check_program_with, learn_polled};
use arverify_model::program::{Polled, Program};
use arverify_model::ptx::launch::Overrides;
use arverify_model::ptx::load::load_assuming;
use arverify_model::ptx::program::{Assuming, PtxProgram};
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::Source;
use arverify_protocol::verdict::Verdict;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A kernel with the file that launches it.
struct Kernel {
    name: String,
    ptx: String,
    launch: String,
}

/// The kernels of `tests/zoo` that are verified as they are.
fn kernels() -> Vec<Kernel> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/zoo/kernels");
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("the zoo").flatten().map(|entry| entry.path()).collect();
    folders.sort();
    let read = |path: PathBuf| std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let kernel = |folder: &PathBuf| Kernel {
        name: folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        ptx: read(folder.join("good.ptx")),
        launch: read(folder.join("launch.toml")),
    };
    folders.iter().map(kernel).collect()
}

/// Those that are verified as they are, not under an assumption only.
fn kernels_alone() -> Vec<Kernel> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/zoo/kernels");
    let expected = |kernel: &Kernel| std::fs::read_to_string(folder.join(&kernel.name).join("expect.toml"));
    let assumes = |kernel: &Kernel| expected(kernel).expect("what is expected").contains("[good]\nassume");
    kernels().into_iter().filter(|kernel| !assumes(kernel)).collect()
}

/// Kernels whose launch files have every key.
fn kernels_of_all_keys() -> Vec<Kernel> {
    let kernel = |name: &str, ptx: &str, launch: &str| Kernel {
        name: name.to_owned(),
        ptx: ptx.to_owned(),
        launch: launch.to_owned(),
    };
    vec![
        kernel("keys", include_str!("robustness/keys.ptx"), include_str!("robustness/keys.toml")),
        kernel("steps", include_str!("steps/kernels.ptx"), include_str!("robustness/steps.toml")),
    ]
}

/// What a case assumes, and whom it asks.
#[derive(Clone, Copy)]
struct Question {
    boundary: bool,
    loads: bool,
    whole: bool,
    polled: bool,
    engine: Engine,
}

/// What is assumed where nothing is drawn.
const ORDINARY: Question =
    Question { boundary: true, loads: false, whole: false, polled: false, engine: Engine::Operational };

impl Question {
    fn drawn(random: &mut Random) -> Question {
        let mut one_in = |limit: usize| random.below(limit) == 0;
        let (boundary, loads, whole, polled) = (one_in(2), one_in(4), one_in(4), one_in(8));
        let engine = if one_in(16) { Engine::Axiomatic } else { Engine::Operational };
        Question { boundary, loads, whole, polled, engine }
    }

    /// The options of a check within small limits.
    fn options(self, program: &PtxProgram) -> Options {
        let shape = program.shape();
        let (data, accumulate) = (DataType::F32, Accumulate::Own);
        let (ranks, blocks, threads) = (shape.ranks, shape.blocks, shape.threads);
        let sizes = Sizes { ranks, blocks, threads, elements: 0, capacity: 0, data, accumulate };
        Options {
            launches: shape.launches,
            max_states: 2_000,
            timeout: Some(Duration::from_secs(2)),
            max_bytes: 1 << 28,
            boundary_publishes: self.boundary,
            loads_done: self.loads,
            whole_vectors: self.whole,
            polled_words: self.polled,
            ..Options::new(sizes)
        }
    }
}

/// Checks within small limits; nothing where there is nothing to check.
fn outcome(ptx: &str, launch: &str, question: Question) -> Option<Outcome> {
    let source = Arc::new(Source { name: "fuzz.ptx".into(), text: ptx.to_owned() });
    let loaded = |polled: Option<Polled>| {
        let assuming = Assuming { polled: polled.map(Arc::new), whole_vectors: question.whole };
        match load_assuming(&source, ("fuzz.toml", launch), (&Overrides::default(), 1), assuming) {
            Ok(program) => Some(Arc::new(program)),
            Err(error) => {
                assert!(!error.to_string().is_empty());
                None
            }
        }
    };
    let mut program = loaded(question.polled.then(Polled::default))?;
    if question.polled {
        let known = learn_polled(&program, &question.options(&program));
        program = loaded(Some(known))?;
    }
    Some(check_program_with(&program, &question.options(&program), question.engine))
}

/// Numbers that look random and are the same in every run (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit.max(1) as u64) as usize
    }
}

/// Text in which single words are exchanged for others of the same file, numbers for other numbers, and lines are left
/// out, doubled or swapped: most of it still parses.
fn damaged(random: &mut Random, text: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..=random.below(3) {
        let (at, other) = (random.below(lines.len()), random.below(lines.len()));
        match random.below(8) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(other, lines[at].clone()),
            2 => lines.swap(at, other),
            3 => lines[at] = renumbered(random, &lines[at]),
            _ => lines[at] = exchanged(random, &lines[at], &lines[other]),
        }
        if lines.is_empty() {
            break;
        }
    }
    lines.join("\n")
}

const NUMBERS: [&str; 10] = ["0", "1", "2", "3", "7", "31", "64", "4294967295", "-1", "18446744073709551615"];

fn renumbered(random: &mut Random, line: &str) -> String {
    let digits: Vec<usize> = line.char_indices().filter(|(_, c)| c.is_ascii_digit()).map(|(at, _)| at).collect();
    let Some(&start) = digits.get(random.below(digits.len())) else { return line.to_owned() };
    let end = line[start..].find(|c: char| !c.is_ascii_digit()).map_or(line.len(), |length| start + length);
    format!("{}{}{}", &line[..start], NUMBERS[random.below(NUMBERS.len())], &line[end..])
}

/// The line with one of its words exchanged for one of another line.
fn exchanged(random: &mut Random, line: &str, other: &str) -> String {
    let words = |line: &str| -> Vec<String> {
        line.split_inclusive([' ', ',', '\t', '.', '[', ']', ';']).map(str::to_owned).collect()
    };
    let (mut words, others) = (words(line), words(other));
    if words.is_empty() || others.is_empty() {
        return other.to_owned();
    }
    let at = random.below(words.len());
    words[at] = others[random.below(others.len())].clone();
    words.concat()
}

#[test]
fn launch_files_of_all_keys_are_right_as_they_are() {
    for kernel in kernels_of_all_keys() {
        for engine in [Engine::Operational, Engine::Axiomatic] {
            let question = Question { whole: true, engine, ..ORDINARY };
            let outcome = outcome(&kernel.ptx, &kernel.launch, question).expect("it can be launched");
            assert_ne!(outcome.verdict, Verdict::Violated, "{}: {:?}", kernel.name, outcome.findings);
            let verified = outcome.verdict == Verdict::Verified;
            assert!(verified || engine == Engine::Axiomatic, "{}: {:?}", kernel.name, outcome.warnings);
        }
    }
}

#[test]
fn damaged_kernels_are_checked_within_limits() {
    let cases = std::env::var("ARVERIFY_FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(400);
    let first = std::env::var("ARVERIFY_FUZZ_FIRST").ok().and_then(|first| first.parse().ok()).unwrap_or(0);
    let (zoo, all_keys) = (kernels(), kernels_of_all_keys());
    let mut counts = [0_u64; 4];
    for case in first..first + cases {
        let mut random = Random(case << 20);
        let of_all_keys = random.below(4) == 0;
        let kernels = if of_all_keys { &all_keys } else { &zoo };
        let kernel = &kernels[random.below(kernels.len())];
        let (mut ptx, mut launch) = (kernel.ptx.clone(), kernel.launch.clone());
        match random.below(4) {
            kind if kind == 0 || of_all_keys && kind < 3 => launch = damaged(&mut random, &launch),
            1 => (ptx, launch) = (damaged(&mut random, &ptx), damaged(&mut random, &launch)),
            _ => ptx = damaged(&mut random, &ptx),
        }
        let question = Question::drawn(&mut random);
        let checked = std::panic::catch_unwind(|| outcome(&ptx, &launch, question));
        let checked = checked.unwrap_or_else(|_| panic!("case {case}, of {}", kernel.name));
        let Some(outcome) = checked else {
            counts[0] += 1;
            continue;
        };
        counts[match outcome.verdict {
            Verdict::Verified => 1,
            Verdict::Violated => 2,
            Verdict::Inconclusive => 3,
        }] += 1;
        // Far beyond the two seconds, on however busy a machine: it did not stop by itself.
        assert!(outcome.stats.seconds < 120.0, "case {case}, of {}: {} s", kernel.name, outcome.stats.seconds);
    }
    let [refused, verified, violated, inconclusive] = counts;
    println!("{cases} cases: {refused} refused, {verified} verified, {violated} violated, {inconclusive} inconclusive");
    // Damage of all kinds: each end is met.
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
}

/// Whether a line of PTX is an instruction that control passes through.
fn is_instruction(line: &str) -> bool {
    let text = line.trim();
    let plain = text.ends_with(';') && !text.starts_with(['.', '/', '{', '}', '$', '@']);
    plain && !["ret", "bra", "exit"].iter().any(|ends| text.starts_with(ends))
}

/// The kernel with a line exchanged.
fn with_line(ptx: &str, at: usize, text: &str) -> String {
    let lines = ptx.lines().enumerate();
    lines.map(|(index, line)| if index == at { text } else { line }).collect::<Vec<_>>().join("\n")
}

#[test]
fn no_verdict_rests_on_an_instruction_that_is_not_understood() {
    let (mut reached, mut not_reached) = (0, 0);
    for kernel in kernels_alone() {
        let lines: Vec<usize> =
            kernel.ptx.lines().enumerate().filter(|(_, line)| is_instruction(line)).map(|(at, _)| at).collect();
        for at in lines.into_iter().step_by(5) {
            // A trap tells whether any thread gets there.
            let trap = outcome(&with_line(&kernel.ptx, at, "trap;"), &kernel.launch, ORDINARY).expect("it parses");
            let unknown = outcome(&with_line(&kernel.ptx, at, "frobnicate.b32 %r1, %r2;"), &kernel.launch, ORDINARY);
            let unknown = unknown.expect("unknown instructions are kept by name").verdict;
            let line = at + 1;
            if trap.verdict == Verdict::Verified {
                not_reached += 1;
                assert_eq!(unknown, Verdict::Verified, "{}: line {line}, which nobody reaches", kernel.name);
            } else {
                reached += 1;
                assert_eq!(unknown, Verdict::Inconclusive, "{}: line {line}", kernel.name);
            }
        }
    }
    assert!(reached > 50, "{reached} instructions reached, {not_reached} not");
}
