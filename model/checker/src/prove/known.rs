//! What is already proven: the results of `arverify prove` for the catalogue and its variants that verify, as data.
//!
//! Proofs take seconds to a minute, too long for every check; a check of a protocol that is known here says what is
//! proven of it at once. An entry belongs to the resolved protocol by its digest, so a changed protocol is simply not
//! known, and one in a user's file that resolves to the same is. `BLESS=1` of the tests writes `known.json`, and the tests
//! prove the catalogue again. The road not taken: a cache on disk, which would make what a check prints depend on its past.
//!
//! Not modelled: proofs for fewer ranks than the entry's, though they follow.

use super::claim::Kind;
use super::decide::{Proof, Verdict};
use arverify_protocol::certificate::sha256;
use arverify_protocol::ir::Protocol;
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// The entries, as the tests write them.
const TEXT: &str = include_str!("known.json");

/// What is proven of a protocol for all sizes, and what is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The protocol's name, for readers of the file.
    pub protocol: String,
    /// The variant, likewise.
    pub variant: Option<String>,
    /// [`digest`] of the resolved protocol.
    pub digest: String,
    /// Ranks, from 2 to this.
    pub most_ranks: u32,
    /// Kinds of obligations that are proven, all of a kind.
    pub proven: Vec<String>,
    /// Kinds of which some are refuted or inconclusive.
    pub open: Vec<String>,
}

impl Known {
    /// What a proof shows of a protocol.
    pub fn of(protocol: &Protocol, variant: Option<&str>, most_ranks: u32, proof: &Proof) -> Known {
        let mut kinds: Vec<Kind> = proof.obligations.iter().map(|obligation| obligation.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let holds = |kind: &Kind| {
            proof.obligations.iter().filter(|one| one.kind == *kind).all(|one| one.verdict == Verdict::Proven)
        };
        let (proven, open): (Vec<Kind>, Vec<Kind>) = kinds.into_iter().partition(holds);
        let names = |kinds: Vec<Kind>| kinds.into_iter().map(|kind| kind.name().to_owned()).collect();
        Known {
            protocol: protocol.name.clone(),
            variant: variant.map(str::to_owned),
            digest: digest(protocol),
            most_ranks,
            proven: names(proven),
            open: names(open),
        }
    }
}

/// All entries; none where the file cannot be read, which a test rules out.
pub fn entries() -> Vec<Known> {
    serde_json::from_str(TEXT).unwrap_or_default()
}

/// The entry of a protocol.
pub fn known(protocol: &Protocol) -> Option<Known> {
    let digest = digest(protocol);
    entries().into_iter().find(|entry| entry.digest == digest)
}

/// Identifies what proofs are about: the resolved protocol without its names, its text and its places in it.
pub fn digest(protocol: &Protocol) -> String {
    let Protocol { name: _, summary: _, source: _, knobs: _, pipes, locals, grid, streams, body, .. } = protocol;
    let Protocol { buffers, arguments, requirements, expectation, varies, .. } = protocol;
    let parts = (buffers, arguments, pipes, locals, grid, requirements, streams, body, expectation);
    let mut written = String::new();
    // Writing to a string cannot fail.
    let _ = write!(written, "{parts:?}{}", if *varies { ", lengths differ" } else { "" });
    sha256(without_places(&written).as_bytes())
}

/// The text without its spans, which are two numbers with `..` between them.
fn without_places(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut parts = text.split("..");
    kept.push_str(parts.next().unwrap_or_default());
    for part in parts {
        while kept.ends_with(|last: char| last.is_ascii_digit()) {
            kept.pop();
        }
        kept.push_str(part.trim_start_matches(|first: char| first.is_ascii_digit()));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use arverify_protocol::language::parse;

    fn resolved(text: &str) -> Protocol {
        let document = parse("p.arp", text).expect("it parses");
        document.resolve(&[]).expect("it resolves")
    }

    #[test]
    fn places_and_comments_do_not_count_and_values_do() {
        let text = "protocol p\nparam ranks P, blocks B\npad flags : flag[P]\nkernel {\n  if thread == 0 {\n    \
                    store flags[self] on rank 0 = 12 release.sys\n  }\n}\n";
        let digest = |text: &str| digest(&resolved(text));
        assert_eq!(digest(text), digest(&text.replace("kernel", "// a remark\nkernel")));
        assert_ne!(digest(text), digest(&text.replace("12", "13")));
        assert_ne!(digest(text), digest(&text.replace("release", "relaxed")));
    }

    #[test]
    fn spans_are_left_out() {
        assert_eq!(without_places("span: 3..15, value: 4, span: 0..0 }"), "span: , value: 4, span:  }");
    }

    #[test]
    fn the_entries_can_be_read() {
        assert!(serde_json::from_str::<Vec<Known>>(TEXT).is_ok());
    }
}
