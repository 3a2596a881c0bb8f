//! Every variant of the catalogue at the smallest configuration that shows it: the code it is declared to get, and its
//! unbroken twin verified there.
//!
//! The table goes to docs/variants.md (BLESS=1 writes it anew). Smallest: fewest ranks, then blocks, threads, launches
//! and elements; what a variant's `at` names is kept.

use arverify_model::check::{Options, Progress, check};
use arverify_protocol::catalogue;
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::Protocol;
use arverify_protocol::language::{Configuration, Document, Expected, Variant};
use arverify_protocol::verdict::Verdict;
use std::fmt::Write;

/// What was tried: sizes, and what limits the scheduler.
fn options(at: &Configuration, ranks: u32, blocks: u32, threads: u32, launches: u32, elements: u64) -> Options {
    let sizes = Sizes {
        ranks,
        blocks,
        threads,
        elements,
        capacity: elements,
        data: DataType::F32,
        accumulate: Accumulate::Own,
    };
    let progress = at.progress.as_ref().and_then(|name| name.parse().ok()).unwrap_or(Progress::Fair);
    Options { launches, progress, resident_blocks: at.resident_blocks, max_states: 60_000, ..Options::new(sizes) }
}

/// Configurations from the smallest on.
fn configurations(at: &Configuration) -> Vec<Options> {
    let choose = |fixed: Option<u32>, range: &[u32]| fixed.map_or_else(|| range.to_vec(), |fixed| vec![fixed]);
    let mut all = Vec::new();
    for ranks in choose(at.ranks, &[2, 3]) {
        // A block that cannot be resident needs more blocks than fit.
        for blocks in
            choose(None, &[1, 2, 3, 4]).into_iter().filter(|blocks| at.blocks.is_none_or(|most| *blocks <= most))
        {
            for threads in choose(at.threads, &[ranks, ranks + 2]) {
                for launches in choose(at.launches, &[1, 2, 3]) {
                    for elements in at.elements.map_or(vec![4, 16, 45], |fixed| vec![u64::from(fixed)]) {
                        all.push(options(at, ranks, blocks, threads, launches, elements));
                    }
                }
            }
        }
    }
    all
}

/// The smallest configuration at which one of the codes is reported, with the code.
fn smallest(broken: &Protocol, at: &Configuration, codes: &[String]) -> Option<(Options, &'static str)> {
    let shows = |options: &Options| {
        let outcome = check(broken, options);
        let code = outcome.findings.first()?.code.number();
        codes.iter().any(|wanted| wanted == code).then_some(code)
    };
    configurations(at).into_iter().find_map(|options| shows(&options).map(|code| (options, code)))
}

fn words(options: &Options) -> String {
    let Sizes { ranks, blocks, threads, elements, .. } = options.sizes;
    let mut text = format!(
        "{ranks} ranks, {blocks} blocks, {threads} threads, {elements} elements, {} launches",
        options.launches
    );
    if let Some(resident) = options.resident_blocks {
        let _ = write!(text, ", {resident} resident");
    }
    if options.progress != Progress::Fair {
        let _ = write!(text, ", {}", options.progress.name());
    }
    text
}

/// The protocol as it is, at the same sizes with every block resident.
fn twin_is_verified(document: &Document, options: &Options) -> bool {
    let twin = document.resolve(&[]).unwrap_or_else(|errors| panic!("{errors}"));
    let options = Options { resident_blocks: None, progress: Progress::Fair, ..*options };
    check(&twin, &options).verdict == Verdict::Verified
}

fn row(document: &Document, variant: &Variant, failures: &mut Vec<String>) -> String {
    let name = format!("{} {}", document.name(), variant.name);
    let protocol = document.resolve_variant(variant).unwrap_or_else(|errors| panic!("{errors}"));
    match &variant.expected {
        Expected::Violates(codes) => {
            let Some((options, code)) = smallest(&protocol, &variant.configuration, codes) else {
                failures.push(format!("{name}: none of {codes:?} at any small configuration"));
                return String::new();
            };
            if !twin_is_verified(document, &options) {
                failures.push(format!("{name}: the twin is not verified at {}", words(&options)));
            }
            format!("| {} | {code} | {} |", variant.name, words(&options))
        }
        Expected::Verifies => {
            let at = &variant.configuration;
            // The command line's defaults.
            let (blocks, threads) = (at.blocks.unwrap_or(2), at.threads.unwrap_or(8));
            let elements = at.elements.map_or(8 * u64::from(blocks * threads) + 3, u64::from);
            let launches = at.launches.unwrap_or_else(|| protocol.launches_to_come_round());
            let options = options(at, at.ranks.unwrap_or(4), blocks, threads, launches, elements);
            let outcome = check(&protocol, &options);
            if outcome.verdict != Verdict::Verified {
                failures.push(format!("{name}: {} at {}", outcome.verdict, words(&options)));
            }
            let lints: String = outcome.findings.iter().map(|finding| format!(", {}", finding.code)).collect();
            format!("| {} | verified{lints} | {} |", variant.name, words(&options))
        }
    }
}

#[test]
fn every_variant_gets_its_code_at_the_smallest_configuration() {
    let documents = catalogue::all().unwrap_or_else(|errors| panic!("{errors}"));
    let mut page = String::from(
        "# Variants\n\nEvery variant of the catalogue: the code it gets, and the smallest configuration (of those tried) that shows it, where the\n\
         unbroken twin is verified. [Decided variants](decisions/variants.md) says why, where that is not obvious. Written by\n\
         `BLESS=1 cargo test --release -p arverify-model --test variants`.\n",
    );
    let mut failures = Vec::new();
    for document in &documents {
        let _ = writeln!(page, "\n## {}\n\n| variant | verdict | at |\n|---|---|---|", document.name());
        for variant in document.variants() {
            let _ = writeln!(page, "{}", row(document, variant, &mut failures));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/variants.md");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, page).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == page, "docs/variants.md is out of date: run with BLESS=1 and read the difference");
}
