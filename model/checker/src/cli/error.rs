//! Bad input: what is wrong, in words for people and in parts for programs.
//!
//! An error about a text keeps the text and the places in it, so that a program is told file, line and column and not a picture of
//! them. Messages of the CUDA compiler stay as it wrote them; where a line of theirs begins with a place, that is read.

use crate::report::{Fault, Refused};
use arverify_protocol::ir::Source;
use arverify_protocol::language::{self, Diagnostics, Message};
use std::sync::Arc;

/// Bad input: exit status 2.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// A message of its own.
    #[error("error: {0}")]
    Message(String),
    /// Errors in a text.
    #[error("{}", rendered(text, messages, false))]
    Text {
        /// The text.
        text: Arc<Source>,
        /// The errors, in the order they were found; never empty.
        messages: Vec<Message>,
    },
    /// Messages of another program.
    #[error("{0}")]
    Foreign(String),
    /// Standard output is gone.
    #[error("error: cannot write the results: {0}")]
    Output(#[from] std::io::Error),
}

impl From<Diagnostics> for InputError {
    fn from(errors: Diagnostics) -> InputError {
        let messages = errors.list.iter().map(language::Diagnostic::to_message).collect();
        InputError::Text { text: errors.source, messages }
    }
}

/// All messages, an empty line between two.
fn rendered(text: &Source, messages: &[Message], colour: bool) -> String {
    let rendered: Vec<String> = messages.iter().map(|message| language::render(text, message, colour)).collect();
    rendered.join("\n\n")
}

impl InputError {
    pub(super) fn message(text: impl Into<String>) -> InputError {
        InputError::Message(text.into())
    }

    /// For people.
    pub(super) fn render(&self, colour: bool) -> String {
        match self {
            InputError::Text { text, messages } => rendered(text, messages, colour),
            other => other.to_string(),
        }
    }

    /// For reports: why the target of this name, and at this position among all of them, was not checked.
    pub(super) fn refused(&self, position: usize, target: &str) -> Refused {
        let text = self.to_string();
        let faults = match self {
            InputError::Text { text, messages } => messages.iter().map(|message| fault_in(text, message)).collect(),
            InputError::Message(message) => vec![Fault::anywhere(message)],
            InputError::Foreign(text) => faults_of_compiler(text),
            InputError::Output(_) => vec![Fault::anywhere(&text)],
        };
        Refused { position, target: target.to_owned(), faults, text }
    }
}

fn fault_in(text: &Source, message: &Message) -> Fault {
    let primary = message.labels.iter().find(|label| label.primary);
    let at = primary.map(|label| match label.span.start.checked_sub(1) {
        // The end of a text is shown behind its last line, not on one that is not there.
        Some(last) if label.span.start as usize >= text.text.len() && text.text.ends_with('\n') => {
            let (line, column) = text.line_column(last);
            (line, column + 1)
        }
        _ => text.line_column(label.span.start),
    });
    Fault {
        message: message.title.clone(),
        file: Some(text.name.clone()),
        line: at.map(|(line, _)| line),
        column: at.map(|(_, column)| column),
    }
}

/// Errors of nvcc (`k.cu(41): error: …`) and of the preprocessor behind it (`k.cu:41:3: fatal error: …`); where none has a place,
/// the first line.
fn faults_of_compiler(text: &str) -> Vec<Fault> {
    let faults: Vec<Fault> = text.lines().filter_map(fault_of_compiler).collect();
    if faults.is_empty() { vec![Fault::anywhere(text.lines().next().unwrap_or_default())] } else { faults }
}

fn fault_of_compiler(line: &str) -> Option<Fault> {
    let (place, message) = [": error: ", ": fatal error: "].iter().find_map(|kind| line.split_once(kind))?;
    let number = |text: &str| text.parse::<u32>().ok();
    let (file, line, column) = match place.strip_suffix(')').and_then(|place| place.rsplit_once('(')) {
        Some((file, line)) => (file, number(line)?, None),
        None => {
            let (rest, column) = place.rsplit_once(':')?;
            let (file, line) = rest.rsplit_once(':')?;
            (file, number(line)?, Some(number(column)?))
        }
    };
    Some(Fault { message: message.to_owned(), file: Some(file.to_owned()), line: Some(line), column })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_compilers_have_places() {
        let text = "nvcc warning : x\nk.cu(41): error: identifier \"x\" is undefined\n      y = x;\n\na:b.cu:1:10: fatal error: n.h: No such file\n";
        let at = |file: &str, line, column| (Some(file.to_owned()), Some(line), column);
        let faults = faults_of_compiler(text);
        let places: Vec<_> = faults.iter().map(|fault| (fault.file.clone(), fault.line, fault.column)).collect();
        assert_eq!(places, [at("k.cu", 41, None), at("a:b.cu", 1, Some(10))]);
        assert_eq!(faults[0].message, "identifier \"x\" is undefined");
        assert_eq!(faults_of_compiler("nvcc fatal   : no\nmore"), [Fault::anywhere("nvcc fatal   : no")]);
    }
}
