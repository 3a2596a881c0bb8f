//! Channels between processing elements: each algorithm at the sizes of the sources, at every depth for which it is
//! right, on the topology it is meant for.

use arverify_model::check::{Options, Outcome, check};
use arverify_protocol::catalogue;
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::topology::Topology;
use arverify_protocol::verdict::Verdict;

/// A check of a channel protocol with two blocks, three launches, and a message that ends in a cut-off vector.
fn outcome(name: &str, assignments: &[(&str, &str)], ranks: u32, topology: Option<&Topology>) -> Outcome {
    let document = catalogue::find(name).expect("it is in the catalogue").expect("the catalogue has no errors");
    let protocol = document.resolve_at(assignments, topology).unwrap_or_else(|errors| panic!("{errors}"));
    let (data, accumulate) = (DataType::F32, Accumulate::Own);
    let sizes = Sizes { ranks, blocks: 2, threads: 4, elements: 67, capacity: 67, data, accumulate };
    check(&protocol, &Options::new(sizes))
}

fn verified(name: &str, assignments: &[(&str, &str)], ranks: u32, topology: Option<&Topology>) {
    let outcome = outcome(name, assignments, ranks, topology);
    let found = outcome.findings.first().map(|finding| finding.message.clone());
    assert_eq!(outcome.verdict, Verdict::Verified, "{name} {assignments:?} at {ranks} ranks: {found:?}");
    let states = outcome.tried.len() as u64;
    assert_eq!(
        outcome.stats.states, states,
        "{name} {assignments:?}: one execution stands for all of one sequence of lengths"
    );
}

#[test]
fn a_ring_is_right_at_every_depth_for_which_it_should_be() {
    for ranks in [8, 16] {
        for depth in ["two", "four"] {
            verified("channel-ring", &[("depth", depth)], ranks, None);
        }
        for depth in ["one", "two", "four"] {
            verified("channel-ring", &[("depth", depth), ("receipt", "copied")], ranks, None);
        }
        // Any depth, where slots are counted apart from messages.
        for depth in ["two", "three", "four"] {
            verified("channel-ring", &[("depth", depth), ("index", "counted")], ranks, None);
        }
    }
}

#[test]
fn a_ring_of_one_slot_without_a_copy_hangs() {
    for ranks in [8, 16] {
        let outcome = outcome("channel-ring", &[("depth", "one")], ranks, None);
        assert_eq!(outcome.findings.first().map(|finding| finding.code.number()), Some("AR002"), "at {ranks} ranks");
    }
}

#[test]
fn a_mesh_is_right_at_every_depth_on_the_topology_given() {
    for (text, ranks) in [("2x2", 4), ("4x4", 16), ("2x2x4", 16), ("3x3", 9), ("1x5", 5)] {
        let topology: Topology = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        for depth in ["one", "two", "four"] {
            verified("channel-mesh", &[("depth", depth)], ranks, Some(&topology));
        }
    }
}

#[test]
fn without_a_topology_the_number_of_ranks_gives_the_mesh() {
    for (ranks, text) in [(4, "2x2"), (8, "2x4"), (12, "3x4"), (16, "4x4"), (6, "3x2"), (5, "5x1")] {
        let topology: Topology = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        let given = outcome("channel-mesh", &[], ranks, Some(&topology));
        let derived = outcome("channel-mesh", &[], ranks, None);
        assert_eq!(derived.verdict, Verdict::Verified);
        assert_eq!(given.stats.operations, derived.stats.operations, "{ranks} ranks are not {text}");
    }
}

#[test]
fn a_topology_of_another_number_of_ranks_is_refused() {
    let document = catalogue::find("channel-mesh").expect("it is there").expect("it has no errors");
    let topology: Topology = "4x4".parse().unwrap_or_else(|error| panic!("{error}"));
    let protocol = document.resolve_at(&[], Some(&topology)).unwrap_or_else(|errors| panic!("{errors}"));
    let (data, accumulate) = (DataType::F32, Accumulate::Own);
    let sizes = |ranks| Sizes { ranks, blocks: 1, threads: 2, elements: 4, capacity: 4, data, accumulate };
    assert!(protocol.unmet_requirement(&sizes(8)).expect("it has a value").is_some());
    assert!(protocol.unmet_requirement(&sizes(16)).expect("it has a value").is_none());
}

#[test]
fn a_tree_is_right_at_every_depth() {
    for ranks in [7, 15] {
        for depth in ["one", "two", "four"] {
            verified("channel-tree", &[("depth", depth)], ranks, None);
        }
    }
}
