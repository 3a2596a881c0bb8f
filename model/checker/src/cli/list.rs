//! `arverify list`

use super::arguments::{Format, ListArguments};
use super::{InputError, print};
use arverify_protocol::catalogue;
use arverify_protocol::language::{Document, Expected};
use serde_json::json;
use std::fmt::Write;

/// Runs the command.
pub(super) fn run(arguments: &ListArguments) -> Result<u8, InputError> {
    let documents = catalogue::all()?;
    let text = match arguments.format {
        Format::Human => human(&documents, arguments.variants),
        Format::Json => json(&documents),
    };
    print(&text)?;
    Ok(0)
}

fn expected(expected: &Expected) -> String {
    match expected {
        Expected::Verifies => "verified".to_owned(),
        Expected::Violates(codes) => codes.join(" or "),
    }
}

fn human(documents: &[Document], variants: bool) -> String {
    let mut text = String::new();
    let width = documents.iter().map(|document| document.name().len()).max().unwrap_or(0);
    for document in documents {
        let _ = writeln!(text, "{:width$}  {}", document.name(), document.summary());
        if variants {
            let width = document.variants().iter().map(|variant| variant.name.len()).max().unwrap_or(0);
            for variant in document.variants() {
                let _ = writeln!(text, "    {:width$}  {}", variant.name, expected(&variant.expected));
            }
        }
    }
    text
}

fn json(documents: &[Document]) -> String {
    let protocols: Vec<_> = documents
        .iter()
        .map(|document| {
            let variants: Vec<_> = document
                .variants()
                .iter()
                .map(|variant| {
                    let codes = match &variant.expected {
                        Expected::Verifies => Vec::new(),
                        Expected::Violates(codes) => codes.clone(),
                    };
                    json!({ "name": variant.name, "codes": codes })
                })
                .collect();
            json!({ "name": document.name(), "summary": document.summary(), "variants": variants })
        })
        .collect();
    format!("{}\n", json!({ "schema": 1, "protocols": protocols }))
}
