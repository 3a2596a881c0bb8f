//! Syntax tree to canonical text.

use super::Document;

/// The canonical text of a document.
pub fn print(document: &Document) -> String {
    document.source.text.clone()
}
