//! Tests of the language as a whole: meaning, errors with their places, round trips, and random texts.

mod book;
mod errors;
mod fuzz;
mod meaning;
mod round_trip;

use super::{Document, parse};

/// Parses a text that must be right.
fn right(text: &str) -> Document {
    match parse("test.arp", text) {
        Ok(document) => document,
        Err(errors) => panic!("{errors}"),
    }
}

/// The errors of a text as "line:column message", in order.
fn wrong(text: &str) -> Vec<String> {
    match parse("test.arp", text) {
        Ok(_) => Vec::new(),
        Err(errors) => {
            let place = |span: &crate::ir::Span| errors.source.line_column(span.start);
            let list = errors.list.iter().map(|error| {
                let (line, column) = place(&error.span);
                format!("{line}:{column} {}", error.message)
            });
            list.collect()
        }
    }
}
