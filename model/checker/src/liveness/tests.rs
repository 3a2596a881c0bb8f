//! Small programs whose progress is known.

use super::{ProgressModel, always_ends};
use crate::litmus::parse;

fn ends(body: &str, model: &str) -> bool {
    let text = format!("PTX t\n{{}}\n P0@cta 0,gpu 0 | P1@cta 1,gpu 0 ;\n{body}\nexists (0 == 0)");
    let test = parse("t.litmus", &text).unwrap_or_else(|error| panic!("{error}"));
    always_ends(&test, model.parse().expect("a known model")).expect("small enough")
}

#[test]
fn names_are_read_back() {
    assert_eq!(ProgressModel::all().count(), 11);
    assert!(ProgressModel::all().all(|model| model.name().parse() == Ok(model)));
}

#[test]
fn the_lower_thread_may_wait_for_the_higher_only_under_fairness() {
    let body = "A: | st.relaxed.gpu x, 1 ;\n ld.relaxed.gpu r0, x | ;\n beq r0, 0, A | ;";
    for model in ["obe", "lobe", "hsa", "hsa-obe", "cuda"] {
        assert!(!ends(body, model), "{model}");
    }
    assert!(ends(body, "fair") && ends(body, "strong-fair"));
}

#[test]
fn the_higher_thread_may_wait_for_the_lower_under_lobe_and_hsa() {
    let body = "st.relaxed.gpu x, 1 | A: ;\n | ld.relaxed.gpu r0, x ;\n | beq r0, 0, A ;";
    for (model, expected) in [("obe", false), ("cuda", false), ("lobe", true), ("hsa", true), ("fair", true)] {
        assert_eq!(ends(body, model), expected, "{model}");
    }
}

#[test]
fn a_loop_without_access_never_ends() {
    assert!(!ends("A: | ;\n goto A | ;", "strong-fair"));
}

#[test]
fn a_barrier_that_one_thread_misses_is_a_deadlock() {
    let block = |body: &str| {
        let text = format!("PTX t\n{{}}\n P0@cta 0,gpu 0 | P1@cta 0,gpu 0 ;\n{body}\nexists (0 == 0)");
        let test = parse("t.litmus", &text).unwrap_or_else(|error| panic!("{error}"));
        always_ends(&test, "fair".parse().expect("a known model")).expect("small enough")
    };
    assert!(block("bar.cta.sync 1 | bar.cta.sync 1 ;"));
    assert!(!block("bar.cta.sync 1 | bar.cta.sync 2 ;\n bar.cta.sync 2 | bar.cta.sync 1 ;"));
    assert!(!block("bar.cta.sync 1, 1, 2 | ;"));
    assert!(block("bar.cta.arrive 1 | bar.cta.sync 1 ;"));
}
