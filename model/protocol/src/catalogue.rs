//! The catalogue: protocols that come with the product, each a text in the language.
//!
//! Decision: the texts are compiled in, so that the binaries need no files beside them.

use crate::language::{Diagnostics, Document, parse};

/// Name and text of every protocol, in the order of lists.
pub const TEXTS: [(&str, &str); 21] = [
    ("one-shot", include_str!("../catalogue/one-shot.arp")),
    ("one-shot-in-place", include_str!("../catalogue/one-shot-in-place.arp")),
    ("one-shot-push", include_str!("../catalogue/one-shot-push.arp")),
    ("two-shot", include_str!("../catalogue/two-shot.arp")),
    ("two-shot-in-place", include_str!("../catalogue/two-shot-in-place.arp")),
    ("two-shot-push", include_str!("../catalogue/two-shot-push.arp")),
    ("ll", include_str!("../catalogue/ll.arp")),
    ("lamport", include_str!("../catalogue/lamport.arp")),
    ("ring", include_str!("../catalogue/ring.arp")),
    ("reduce-scatter", include_str!("../catalogue/reduce-scatter.arp")),
    ("all-gather", include_str!("../catalogue/all-gather.arp")),
    ("broadcast", include_str!("../catalogue/broadcast.arp")),
    ("barrier", include_str!("../catalogue/barrier.arp")),
    ("send-recv", include_str!("../catalogue/send-recv.arp")),
    ("channel-hello", include_str!("../catalogue/channel-hello.arp")),
    ("channel-ring", include_str!("../catalogue/channel-ring.arp")),
    ("channel-mesh", include_str!("../catalogue/channel-mesh.arp")),
    ("channel-tree", include_str!("../catalogue/channel-tree.arp")),
    ("grid-barrier", include_str!("../catalogue/grid-barrier.arp")),
    ("block-barrier", include_str!("../catalogue/block-barrier.arp")),
    ("p2p-pipeline", include_str!("../catalogue/p2p-pipeline.arp")),
];

/// Parses one protocol's text by its name; `None` where the catalogue has no such name.
pub fn find(name: &str) -> Option<Result<Document, Diagnostics>> {
    let (name, text) = TEXTS.iter().find(|(known, _)| *known == name)?;
    Some(parse(&format!("{name}.arp"), text))
}

/// Parses the whole catalogue, in order.
///
/// Errors: the first text that does not parse; a test keeps that from happening.
pub fn all() -> Result<Vec<Document>, Diagnostics> {
    TEXTS.iter().map(|(name, text)| parse(&format!("{name}.arp"), text)).collect()
}

/// The protocols that have a kernel, in order: all but host programs.
///
/// Errors: as of [`all`].
pub fn kernels() -> Result<Vec<Document>, Diagnostics> {
    Ok(all()?.into_iter().filter(|document| !document.is_host_program()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn launches_are_enough_for_buffers_to_come_round() {
        let launches = |name: &str| {
            let document = find(name).expect("the catalogue has it").unwrap_or_else(|errors| panic!("{errors}"));
            document.resolve(&[]).unwrap_or_else(|errors| panic!("{errors}")).launches_to_come_round()
        };
        assert_eq!((launches("one-shot"), launches("ll"), launches("lamport")), (3, 3, 4));
    }

    #[test]
    fn every_protocol_parses_under_its_own_name() {
        for (name, _) in TEXTS {
            match find(name) {
                Some(Ok(document)) => assert_eq!(document.name(), name),
                Some(Err(errors)) => panic!("{errors}"),
                None => panic!("{name} is not found"),
            }
        }
    }
}
