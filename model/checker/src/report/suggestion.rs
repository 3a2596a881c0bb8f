//! What `--suggest` came to: lines and a diff for people, an object for programs, fixes for code scanners.
//!
//! A diff stands at the margin, so that what a check prints can be given to `patch -p0` as it is. It is shown to people for
//! protocols alone: for a kernel the source is what they edit, and the diff is one of the PTX.

use super::json::{Suggested, SuggestedChange, SuggestedKnob};
use crate::suggest::text::Edit;
use crate::suggest::{Advice, Repair, Suggestion};
use arverify_protocol::ir::Source;
use serde_json::{Value, json};
use std::fmt::Write;

/// For people.
pub(super) fn lines(suggestion: &Suggestion, is_kernel: bool) -> String {
    let tried = match suggestion.tried {
        0 => return "  suggestion: no change is known that might mend it\n".to_owned(),
        1 => "1 change was tried".to_owned(),
        tried => format!("{tried} changes were tried"),
    };
    let Some(repair) = &suggestion.repair else {
        return format!("  suggestion: none that is verified ({tried})\n");
    };
    let what = if repair.advice.len() == 1 { "this change" } else { "these changes" };
    let mut text = format!("  suggestion: with {what} it is verified ({tried})\n");
    for advice in &repair.advice {
        let _ = writeln!(text, "    {}:{}: {}", advice.file, advice.line, advice.words);
        if is_kernel && !advice.text.is_empty() {
            let _ = writeln!(text, "      {}", advice.text);
        }
    }
    if let Some(diff) = repair.diff().filter(|_| !is_kernel) {
        text.push_str(&diff);
    }
    text
}

fn change(Advice { file, line, text, words }: &Advice) -> SuggestedChange<'_> {
    SuggestedChange { file, line: *line, text, change: words }
}

fn knob((knob, value, instead_of): &(String, String, String)) -> SuggestedKnob<'_> {
    SuggestedKnob { knob, value, instead_of }
}

/// For programs.
pub(super) fn json(suggestion: &Suggestion) -> Suggested<'_> {
    let repair = suggestion.repair.as_ref();
    let advice = repair.into_iter().flat_map(|repair| &repair.advice);
    let knobs = repair.into_iter().flat_map(|repair| &repair.knobs);
    Suggested {
        tried: suggestion.tried,
        verified: repair.is_some(),
        changes: advice.map(change).collect(),
        knobs: knobs.map(knob).collect(),
        diff: repair.and_then(Repair::diff),
    }
}

/// For code scanners: the fixes of a result; nothing where no file is edited. `uri` makes a reference of a path.
pub(super) fn fixes(suggestion: &Suggestion, uri: impl Fn(&str) -> String) -> Option<Value> {
    let repair = suggestion.repair.as_ref().filter(|repair| repair.is_file && !repair.edits.is_empty())?;
    let words: Vec<&str> = repair.advice.iter().map(|advice| advice.words.as_str()).collect();
    let mut edits: Vec<&Edit> = repair.edits.iter().collect();
    edits.sort_by_key(|edit| (edit.start, edit.end));
    let replacements: Vec<Value> = edits.into_iter().map(|edit| replacement(&repair.source, edit)).collect();
    Some(json!([{
        "description": { "text": words.join("; ") },
        "artifactChanges": [{
            "artifactLocation": { "uri": uri(&repair.source.name) },
            "replacements": replacements,
        }],
    }]))
}

fn replacement(source: &Source, edit: &Edit) -> Value {
    let ((line, column), (end_line, end_column)) = (source.line_column(edit.start), source.line_column(edit.end));
    json!({
        "deletedRegion": { "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column },
        "insertedContent": { "text": edit.text },
    })
}
