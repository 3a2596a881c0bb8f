//! `show`: every protocol of the catalogue fits a terminal, keeps its branches and loops, and says who signals whom.

use std::process::Command;

/// Columns of a terminal.
const WIDTH: usize = 100;

fn printed(arguments: &[&str]) -> String {
    let output = Command::new(arverify_tests::arverify()).args(arguments).output().expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The listing, and what is said of signals.
fn shown(protocol: &str, ranks: &str) -> (String, String) {
    let text = printed(&["show", protocol, "--ranks", ranks]);
    for line in text.lines() {
        assert!(line.chars().count() <= WIDTH, "{protocol}: {line}");
    }
    let listing = text.split("\nline  who\n").nth(1).unwrap_or_else(|| panic!("{protocol} has a listing: {text}"));
    let (listing, signals) = listing.split_once("\nsignals").unwrap_or((listing, ""));
    (listing.to_owned(), signals.to_owned())
}

#[test]
fn every_protocol_fits_and_keeps_its_blocks() {
    let catalogue = printed(&["list"]);
    let names: Vec<&str> = catalogue.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.len() >= 7, "{catalogue}");
    for name in names {
        for ranks in ["2", "5"] {
            let (listing, _) = shown(name, ranks);
            let mut depth = 0;
            for line in listing.lines() {
                // Behind the marks; `} else {` closes one and opens one.
                let text = line.rsplit("  ").next().unwrap_or_default();
                depth -= i32::from(text.starts_with('}'));
                assert!(depth >= 0, "{name}: {line}");
                depth += i32::from(text.ends_with('{'));
            }
            assert_eq!(depth, 0, "{name}: every block is closed\n{listing}");
        }
    }
}

#[test]
fn signals_lead_to_the_waits_that_they_satisfy() {
    let (listing, signals) = shown("two-shot", "4");
    assert!(listing.contains("for q in 0..P {") && listing.contains("meet(first, epoch % 2, epoch) {"), "{listing}");
    assert_eq!(signals.matches("every rank tells every rank, itself included, block by block").count(), 2, "{signals}");
    assert!(!signals.contains("nobody waits") && !signals.contains("nothing in two launches"), "{signals}");
    // A wait that nobody can satisfy is told, and so is a value that nobody waits for.
    let (_, signals) = shown("command-lines/files/lost-signal.arp", "2");
    assert!(signals.contains("nobody waits for this value"), "{signals}");
    assert!(signals.contains("nothing in two launches satisfies it"), "{signals}");
}

#[test]
fn a_signal_for_the_next_launch_and_one_that_counts_are_told_so() {
    let (_, signals) = shown("command-lines/files/two-signals.arp", "3");
    assert!(signals.contains("in the next launch, every rank tells the rank before it"), "{signals}");
    assert!(signals.contains("counts for line 16") && signals.contains("every rank tells rank 0"), "{signals}");
}
