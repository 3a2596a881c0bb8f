//! Proofs for all sizes: the catalogue is proven, and each kind of obligation fails where it should, at sizes where the
//! check finds the bug too.

use arverify_model::check::{Options, try_check};
use arverify_model::program::lengths::Lengths;
use arverify_model::prove::known::{Known, digest, entries};
use arverify_model::prove::{Counterexample, Kind, Limits, Proof, Proven, Verdict, described_launches, premise, prove};
use arverify_protocol::catalogue;
use arverify_protocol::data::Accumulate;
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::Protocol;
use arverify_protocol::language::{Document, Expected, parse};
use arverify_protocol::verdict::Verdict as CheckVerdict;
use std::time::Duration;

/// Far above what any of them takes: a test does not depend on time.
const LIMITS: Limits = Limits { most_ranks: 64, time: Duration::from_secs(1200) };

fn resolved(document: &Document, variant: Option<&str>) -> Protocol {
    let resolved = match variant {
        None => document.resolve(&[]),
        Some(name) => document.resolve_variant(document.variant(name).unwrap_or_else(|| panic!("no variant {name}"))),
    };
    resolved.unwrap_or_else(|error| panic!("{error}"))
}

fn of_catalogue(name: &str, variant: Option<&str>) -> Protocol {
    let document = catalogue::find(name).unwrap_or_else(|| panic!("no {name}"));
    resolved(&document.unwrap_or_else(|error| panic!("{error}")), variant)
}

fn of_text(name: &str, text: &str) -> Protocol {
    resolved(&parse(name, text).unwrap_or_else(|error| panic!("{error}")), None)
}

fn open(proof: &Proof) -> Vec<String> {
    let not_proven = proof.obligations.iter().filter(|obligation| obligation.verdict != Verdict::Proven);
    not_proven
        .map(|obligation| format!("{:?} {:?}: {:?}", obligation.kind, obligation.span, obligation.verdict))
        .collect()
}

/// Not proven in full: who sends in `send-recv` is told by arguments that the ranks agree on; and the induction does not
/// follow words that say of themselves that they have come.
const NOT_PROVEN: [&str; 3] = ["send-recv", "ll", "lamport"];

#[test]
fn the_catalogue_is_proven() {
    for (name, _) in catalogue::TEXTS.iter().filter(|(name, _)| !NOT_PROVEN.contains(name)) {
        let proof = prove(&of_catalogue(name, None), &LIMITS);
        assert!(proof.obligations.len() > 4, "{name}: only {} obligations", proof.obligations.len());
        assert_eq!(open(&proof), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn where_words_lie_is_proven_and_when_they_come_is_open() {
    for name in ["ll", "lamport"] {
        let proof = prove(&of_catalogue(name, None), &LIMITS);
        for obligation in &proof.obligations {
            let open = matches!(obligation.verdict, Verdict::Inconclusive(_)) && obligation.kind == Kind::Epochs;
            assert!(open || obligation.verdict == Verdict::Proven, "{name}: {obligation:?}");
        }
        // Of data; single stores have obligations of their own.
        let of_data = |kind: Kind| move |obligation: &&Proven| obligation.kind == kind && obligation.what.is_empty();
        let of = |kind: Kind| proof.obligations.iter().filter(of_data(kind)).count();
        assert!(of(Kind::Bounds) >= 4 && of(Kind::Alignment) == 2 && of(Kind::Disjoint) == 2, "{name}: {proof:?}");
        assert_eq!((of(Kind::Complete), of(Kind::Epochs)), (2, 2), "{name}");
    }
}

/// The catalogue and its variants that verify, each with the name of its variant.
fn sound() -> Vec<(Option<String>, Protocol)> {
    let mut found = Vec::new();
    for document in catalogue::all().unwrap_or_else(|error| panic!("{error}")) {
        found.push((None, resolved(&document, None)));
        for variant in document.variants().iter().filter(|variant| variant.expected == Expected::Verifies) {
            found.push((Some(variant.name.clone()), resolved(&document, Some(&variant.name))));
        }
    }
    found
}

/// `BLESS=1` proves what is not known yet, and writes `known.json` anew; `BLESS=all` proves everything again.
#[test]
fn what_a_check_says_is_proven_is_known_of_all_that_verify() {
    let blessed = std::env::var("BLESS").ok();
    let known = if blessed.as_deref() == Some("all") { Vec::new() } else { entries() };
    let mut written: Vec<Known> = Vec::new();
    let mut missing = Vec::new();
    for (variant, protocol) in sound() {
        let name = (&protocol.name, variant.as_deref());
        let digest = digest(&protocol);
        match known.iter().find(|entry| entry.digest == digest) {
            Some(entry) => {
                let (protocol, variant) = (protocol.name.clone(), variant.clone());
                written.push(Known { protocol, variant, ..entry.clone() });
            }
            None if blessed.is_some() => {
                let proof = prove(&protocol, &LIMITS);
                eprintln!("{name:?}: {:.1} s", proof.time.as_secs_f64());
                written.push(Known::of(&protocol, variant.as_deref(), LIMITS.most_ranks, &proof));
            }
            None => missing.push(format!("{name:?}")),
        }
    }
    if blessed.is_some() {
        let lines: Vec<String> =
            written.iter().map(|entry| serde_json::to_string(entry).expect("an entry is text")).collect();
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/prove/known.json");
        std::fs::write(file, format!("[\n{}\n]\n", lines.join(",\n"))).expect("the file can be written");
    }
    assert_eq!(missing, Vec::<String>::new(), "BLESS=1 proves them");
    if blessed.is_none() {
        assert_eq!(written.len(), known.len(), "BLESS=1 leaves out what is no more");
    }
}

/// The first obligation of this kind that is refuted at sizes small enough to check.
fn refuted(protocol: &Protocol, kind: Kind) -> Counterexample {
    let proof = prove(protocol, &LIMITS);
    let found = proof.obligations.iter().find_map(|obligation| match &obligation.verdict {
        Verdict::Refuted(at) if obligation.kind == kind && at.launches < 16 && at.blocks < 16 => Some(at.clone()),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("{}: {kind:?} is not refuted: {:#?}", protocol.name, open(&proof)))
}

/// What the check finds at the sizes of a counterexample.
fn found_by_check(protocol: &Protocol, at: &Counterexample) -> Vec<&'static str> {
    let sizes = Sizes {
        ranks: at.ranks as u32,
        blocks: at.blocks as u32,
        threads: at.threads as u32,
        elements: at.elements.max(at.capacity),
        capacity: at.elements.max(at.capacity),
        data: at.data,
        accumulate: Accumulate::Own,
    };
    let lengths = Lengths::of(&[at.elements, at.capacity]).filter(|_| at.capacity > at.elements);
    let options = Options { launches: at.launches as u32, lengths, ..Options::new(sizes) };
    let outcome = try_check(protocol, &options).unwrap_or_else(|error| panic!("{}: {error}", protocol.name));
    assert_eq!(outcome.verdict, CheckVerdict::Violated, "{} at {at:?}", protocol.name);
    outcome.findings.iter().map(|finding| finding.code.number()).collect()
}

#[test]
fn each_kind_of_obligation_fails_where_it_should_and_the_check_agrees() {
    let cases = [
        ("one-shot", "tail-overrun", Kind::Bounds, "AR006"),
        ("all-gather", "misaligned-parts", Kind::Alignment, "AR006"),
        ("two-shot", "block-chunks-past-the-end", Kind::Disjoint, "AR001"),
        ("ring", "stride-too-small", Kind::Slots, "AR007"),
        ("one-shot", "different-grids", Kind::Peers, "AR014"),
        ("two-shot", "early-exit", Kind::Peers, "AR003"),
        ("one-shot", "frozen-epoch", Kind::Epochs, "AR012"),
        ("one-shot", "single-parity", Kind::Lost, "AR002"),
        ("grid-barrier", "reset-flags", Kind::Lost, "AR008"),
        // Two barriers on one pad.
        ("one-shot-in-place", "shared-pad", Kind::Lost, "AR007"),
    ];
    for (name, variant, kind, code) in cases {
        let protocol = of_catalogue(name, Some(variant));
        let at = refuted(&protocol, kind);
        let codes = found_by_check(&protocol, &at);
        assert!(codes.contains(&code), "{name} {variant} at {at:?}: {codes:?}");
    }
}

#[test]
fn what_the_catalogue_does_not_break_fails_as_well() {
    let cases = [
        ("dropped-tail.arp", include_str!("prove/dropped-tail.arp"), Kind::Complete),
        ("no-divisor.arp", include_str!("prove/no-divisor.arp"), Kind::Value),
        ("loop-bound-modulus.arp", include_str!("prove/loop-bound-modulus.arp"), Kind::Peers),
        ("wrap-signed.arp", include_str!("prove/wrap-signed.arp"), Kind::Epochs),
    ];
    for (name, text, kind) in cases {
        let protocol = of_text(name, text);
        let at = refuted(&protocol, kind);
        // A copy that leaves elements out is wrong only where something is expected of the output.
        if kind != Kind::Complete {
            let codes = found_by_check(&protocol, &at);
            assert!(!codes.is_empty(), "{name} at {at:?}");
        }
    }
}

#[test]
fn a_counter_compared_by_reached_is_right_through_the_wrap() {
    let protocol = of_text("wrap-right.arp", include_str!("prove/wrap-right.arp"));
    assert_eq!(open(&prove(&protocol, &LIMITS)), Vec::<String>::new());
}

fn mailbox(knobs: &[(&str, &str)]) -> Protocol {
    let document = parse("mailbox.arp", include_str!("prove/mailbox.arp")).unwrap_or_else(|error| panic!("{error}"));
    document.resolve(knobs).unwrap_or_else(|error| panic!("{error}"))
}

fn verdicts(proof: &Proof, kind: Kind) -> Vec<&Verdict> {
    proof.obligations.iter().filter(|one| one.kind == kind).map(|one| &one.verdict).collect()
}

#[test]
fn a_channel_is_proven_and_its_breaks_are_not() {
    let limits = Limits { most_ranks: 6, ..LIMITS };
    let sound = prove(&mailbox(&[]), &limits);
    assert_eq!(open(&sound), Vec::<String>::new());
    assert_eq!(verdicts(&sound, Kind::Credits), [&Verdict::Proven]);
    for broken in [[("credit", "on_receive")], [("credit", "withheld")], [("room", "five")]] {
        let proof = prove(&mailbox(&broken), &limits);
        let credits = verdicts(&proof, Kind::Credits);
        assert!(!credits.is_empty() && credits.iter().all(|verdict| **verdict != Verdict::Proven), "{broken:?}");
    }
}

#[test]
fn counts_that_are_compared_as_words_fail_where_they_wrap() {
    for protocol in [
        mailbox(&[("compare", "greater_or_equal")]),
        of_catalogue("channel-hello", Some("wrap-signed")),
        of_catalogue("channel-tree", Some("wrap-signed")),
        of_catalogue("channel-mesh", Some("wrap-signed")),
    ] {
        let at = refuted(&protocol, Kind::Epochs);
        let codes = found_by_check(&protocol, &at);
        assert!(codes.contains(&"AR012"), "{} at {at:?}: {codes:?}", protocol.name);
    }
}

#[test]
fn channels_that_are_not_right_are_not_proven() {
    for (name, variant) in [
        ("channel-hello", "credit-on-receive"),
        ("channel-hello", "withheld-credit"),
        ("channel-hello", "no-credit-syncthreads"),
        ("channel-hello", "no-room-syncthreads"),
        ("channel-ring", "credit-on-receive"),
        ("channel-ring", "withheld-final-credit"),
        ("channel-mesh", "withheld-credits"),
    ] {
        let proof = prove(&of_catalogue(name, Some(variant)), &Limits { most_ranks: 4, ..LIMITS });
        let credits = verdicts(&proof, Kind::Credits);
        assert!(credits.iter().any(|verdict| **verdict != Verdict::Proven), "{name} {variant}");
    }
}

fn metadata(knobs: &[(&str, &str)]) -> Protocol {
    let document = parse("metadata.arp", include_str!("prove/metadata.arp")).unwrap_or_else(|error| panic!("{error}"));
    document.resolve(knobs).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_word_of_a_channel_is_read_after_it_is_written_by_whichever_thread() {
    let limits = Limits { most_ranks: 6, ..LIMITS };
    let sound = prove(&metadata(&[]), &limits);
    assert_eq!(open(&sound), Vec::<String>::new());
    assert_eq!(verdicts(&sound, Kind::Credits), [&Verdict::Proven]);
    assert_eq!(verdicts(&sound, Kind::Disjoint), [&Verdict::Proven; 2]);
    for broken in [[("arrival", "at_once")], [("offset", "one")]] {
        let credits = prove(&metadata(&broken), &limits);
        let credits = verdicts(&credits, Kind::Credits);
        assert!(credits.iter().any(|verdict| **verdict != Verdict::Proven), "{broken:?}");
    }
}

#[test]
fn a_word_has_one_writer() {
    let text = catalogue::TEXTS.iter().find(|(name, _)| *name == "channel-ring").expect("it is there").1;
    let stored = "store number[slot][block] on rank right";
    assert!(text.contains(stored));
    let ring = of_text("channel-ring.arp", &text.replace(stored, "store number[slot][0] on rank right"));
    for (protocol, code) in [(metadata(&[("slot", "shared")]), None), (ring, Some("AR013"))] {
        let at = refuted(&protocol, Kind::Disjoint);
        let codes = found_by_check(&protocol, &at);
        assert!(code.is_none_or(|code| codes.contains(&code)), "{} at {at:?}: {codes:?}", protocol.name);
    }
}

#[test]
fn what_the_check_finds_wrong_at_small_sizes_is_no_premise() {
    let limit = Duration::from_secs(600);
    let sound = premise(&of_catalogue("one-shot", None), &[2, 3], limit);
    assert_eq!(sound.verdict(), CheckVerdict::Verified);
    assert!(sound.checked.len() > 20, "{sound:?}");
    let weak = premise(&of_catalogue("one-shot", Some("volatile-flags")), &[2, 3], limit);
    assert_eq!(weak.verdict(), CheckVerdict::Violated);
    assert_eq!(premise(&of_catalogue("one-shot", None), &[], limit).verdict(), CheckVerdict::Inconclusive);
}

#[test]
fn requirements_that_no_sizes_meet_prove_nothing() {
    let text = "protocol nothing\nparam ranks P, threads T\nrequire P > T and T > P\npad ready : flag[P]\n\
                kernel {\n  if thread == 0 {\n    store ready[self] on rank 0 = 1 release.sys\n  }\n}\n";
    let proof = prove(&of_text("nothing.arp", text), &LIMITS);
    assert!(matches!(&proof.obligations[..], [only] if matches!(only.verdict, Verdict::Inconclusive(_))), "{proof:?}");
}

#[test]
fn fewer_ranks_are_proven_alike() {
    let limits = Limits { most_ranks: 3, ..LIMITS };
    assert_eq!(open(&prove(&of_catalogue("block-barrier", None), &limits)), Vec::<String>::new());
}

/// Rows, and slots of a pad, that lie where this launch's length puts them: right for launches of one length.
const BY_LENGTH: &str = "protocol by-length
param ranks P, blocks B, threads T, elements N up to C, element E
require P <= T
let row = ROW
local     counter : u32[B] initially 0
local     input   : E[N] refreshed
local     output  : E[N]
symmetric comm    : E[2 * ceil_div(C, V) * V]
pad       arrived : flag[2][C + 1][B][P]
partition whole = 0..N
kernel {
  let epoch = load counter[block] + 1  weak
  copy comm at (epoch % 2) * row <- input over whole
  block_sync
  threads t < P {
    store arrived[epoch % 2][SLOT][block][self] on rank t = epoch  release.sys
    await arrived[epoch % 2][SLOT][block][t] == epoch              acquire.sys
  }
  block_sync
  reduce output <- sum over q in 0..P of comm at (epoch % 2) * row on rank q over whole
  if thread == 0 {
    store counter[block] = epoch  weak
  }
}
expect output == sum of input, same on all ranks
";

#[test]
fn what_lies_where_n_puts_it_is_not_proven_for_launches_of_any_length() {
    let by = |row: &str, slot: &str| of_text("by-length.arp", &BY_LENGTH.replace("ROW", row).replace("SLOT", slot));
    let of_kind = |proof: &Proof, kind: Kind| -> Vec<Verdict> {
        let of_kind = proof.obligations.iter().filter(|obligation| obligation.kind == kind);
        of_kind.map(|obligation| obligation.verdict.clone()).collect()
    };
    let proof = prove(&by("ceil_div(C, V) * V", "0"), &LIMITS);
    for kind in [Kind::Slots, Kind::Peers, Kind::Epochs, Kind::Lost] {
        let found = of_kind(&proof, kind);
        assert!(!found.is_empty() && found.iter().all(|verdict| *verdict == Verdict::Proven), "{kind:?}: {found:?}");
    }
    // The same slots in launches of one length, and nothing is known of others.
    let proof = prove(&by("ceil_div(C, V) * V", "N"), &LIMITS);
    for kind in [Kind::Slots, Kind::Peers, Kind::Epochs, Kind::Lost] {
        let found = of_kind(&proof, kind);
        let open = |verdict: &Verdict| matches!(verdict, Verdict::Inconclusive(why) if why.contains("depends on N"));
        assert!(!found.is_empty() && found.iter().all(open), "{kind:?}: {found:?}");
    }
    // Which rows are met when is a question of order: the check at small sizes, on which a proof rests, answers it.
    let premise = premise(&by("ceil_div(N, V) * V", "0"), &[2], Duration::from_secs(60));
    assert_eq!(premise.verdict(), CheckVerdict::Violated, "{premise:?}");
}

#[test]
fn a_launch_that_leaves_at_once_is_none() {
    for (leave, proven) in [("N == 0", true), ("N == 0 and block == 0", false), ("N < 8 and thread == 0", false)] {
        let text = BY_LENGTH.replace("ROW", "ceil_div(C, V) * V").replace("SLOT", "0");
        let text = text.replace("kernel {\n", &format!("kernel {{\n  if {leave} {{\n    exit\n  }}\n"));
        let proof = prove(&of_text("by-length.arp", &text), &LIMITS);
        let epochs = proof.obligations.iter().filter(|obligation| obligation.kind == Kind::Epochs);
        let all = epochs.clone().count() > 0 && epochs.clone().all(|one| one.verdict == Verdict::Proven);
        assert_eq!(all, proven, "{leave}: {:?}", epochs.collect::<Vec<_>>());
    }
}

#[test]
fn what_only_a_long_launch_shows_is_not_proven() {
    // At the small sizes that a proof rests on, these are right.
    for (name, text) in [
        ("kept-length.arp", include_str!("prove/kept-length.arp")),
        ("kept-value.arp", include_str!("prove/kept-value.arp")),
        ("long-launches-exit.arp", include_str!("prove/long-launches-exit.arp")),
    ] {
        let proof = prove(&of_text(name, text), &LIMITS);
        let epochs: Vec<_> = proof.obligations.iter().filter(|found| found.kind == Kind::Epochs).collect();
        assert!(
            !epochs.is_empty() && epochs.iter().all(|found| found.verdict != Verdict::Proven),
            "{name}: {epochs:?}"
        );
    }
}

#[test]
fn rows_that_move_with_n_are_proven_for_launches_of_one_length() {
    let launches =
        |row: &str| described_launches(&of_text("by-length.arp", &BY_LENGTH.replace("ROW", row).replace("SLOT", "0")));
    assert_eq!(launches("ceil_div(C, V) * V"), "any number of launches, each of any length");
    let late = "if N > 1000000 then ceil_div(N, V) * V else ceil_div(C, V) * V";
    assert_eq!(launches(late), "any number of launches of one length");
}
