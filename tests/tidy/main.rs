//! The rules of the house as a test: what a reader may rely on without looking.
//!
//! Each rule collects every breach before it fails, so that one run shows all of them. An exception stands in a list
//! beside its rule, with its reason; an exception that no longer applies is a breach too.

mod crates;
mod documents;
mod rules;
mod source;
mod tree;

/// Fails with every breach on a line of its own.
fn assert_none(rule: &str, breaches: Vec<String>) {
    assert!(breaches.is_empty(), "\n{rule}:\n  {}\n", breaches.join("\n  "));
}
