//! What is wrong with a protocol's text, and how it is shown.
//!
//! Decision: every message of the product that points into a source, whether the language found it or the checker
//! did, is rendered by [`render`] in this module, so that all look alike. Not done: warnings about style; a protocol
//! is right or it is refused.

use crate::ir::{Source, Span};
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use std::fmt;
use std::sync::Arc;

/// How much a message weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The protocol is refused or violated.
    Error,
    /// A lint.
    Warning,
    /// Information only.
    Note,
}

/// A place in the source with a remark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where, in bytes.
    pub span: Span,
    /// What to say about it; may be empty.
    pub text: String,
    /// Underlined as the place at fault; the others are context.
    pub primary: bool,
}

/// A message with labelled places, ready to be rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Error, warning or note.
    pub severity: Severity,
    /// `AR001` and the like; none for errors of the language.
    pub code: Option<String>,
    /// The first line.
    pub title: String,
    /// Places; the first primary one gives file, line and column.
    pub labels: Vec<Label>,
    /// Further facts.
    pub notes: Vec<String>,
    /// What to do about it.
    pub help: Vec<String>,
}

/// Renders a message the way rustc does, with file:line:column and the source lines underlined.
pub fn render(source: &Source, message: &Message, colour: bool) -> String {
    let level = match message.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut title = level.primary_title(message.title.as_str());
    if let Some(code) = &message.code {
        title = title.id(code.as_str());
    }
    let mut group = Group::with_title(title);
    if !message.labels.is_empty() {
        let mut snippet = Snippet::source(source.text.as_str()).path(source.name.as_str());
        for label in &message.labels {
            let kind = if label.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            let mut annotation = kind.span(inside(&source.text, &label.span));
            if !label.text.is_empty() {
                annotation = annotation.label(label.text.as_str());
            }
            snippet = snippet.annotation(annotation);
        }
        group = group.element(snippet);
    }
    group = group.elements(message.notes.iter().map(|note| Level::NOTE.message(note.as_str())));
    group = group.elements(message.help.iter().map(|help| Level::HELP.message(help.as_str())));
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    renderer.decor_style(DecorStyle::Ascii).render(&[group])
}

/// The span, moved onto character boundaries inside the text.
fn inside(text: &str, span: &Span) -> std::ops::Range<usize> {
    let floor = |offset: u32| {
        let mut offset = (offset as usize).min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    };
    let start = floor(span.start);
    start..floor(span.end).max(start)
}

/// One error in a protocol's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What is wrong, in one line.
    pub message: String,
    /// Where.
    pub span: Span,
    /// The remark under the place; may be empty.
    pub label: Box<str>,
    /// Other places that matter, each with a remark.
    pub context: Vec<(Span, String)>,
    /// Further facts.
    pub notes: Vec<String>,
    /// What to do about it.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// An error at a place.
    pub fn new(message: impl Into<String>, span: Span) -> Self {
        Diagnostic {
            message: message.into(),
            span,
            label: Box::default(),
            context: Vec::new(),
            notes: Vec::new(),
            help: Vec::new(),
        }
    }

    /// With a remark under the place.
    pub fn label(mut self, text: impl Into<Box<str>>) -> Self {
        self.label = text.into();
        self
    }

    /// With another place that matters.
    pub fn context(mut self, span: Span, text: impl Into<String>) -> Self {
        self.context.push((span, text.into()));
        self
    }

    /// With a further fact.
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// With what to do about it.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// As a message for [`render`].
    pub fn to_message(&self) -> Message {
        let primary = Label { span: self.span.clone(), text: self.label.to_string(), primary: true };
        let context =
            self.context.iter().map(|(span, text)| Label { span: span.clone(), text: text.clone(), primary: false });
        Message {
            severity: Severity::Error,
            code: None,
            title: self.message.clone(),
            labels: std::iter::once(primary).chain(context).collect(),
            notes: self.notes.clone(),
            help: self.help.clone(),
        }
    }
}

/// All errors found in one text; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics {
    /// The text they refer to.
    pub source: Arc<Source>,
    /// The errors, in the order they were found.
    pub list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Renders all of them, an empty line between two.
    pub fn render(&self, colour: bool) -> String {
        let rendered: Vec<String> =
            self.list.iter().map(|diagnostic| render(&self.source, &diagnostic.to_message(), colour)).collect();
        rendered.join("\n\n")
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}

/// The candidate nearest to a misspelt word, if one is near enough to suggest.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).clamp(1, 3);
    let short = candidates.into_iter().filter(|candidate| candidate.len() < 64 && word.len() < 64);
    let measured = short.map(|candidate| (distance(word, candidate), candidate));
    let mut near: Vec<(usize, &str)> = measured.filter(|(distance, _)| *distance <= limit).collect();
    near.sort_by_key(|(distance, _)| *distance);
    match near[..] {
        [(first, _), (second, _), ..] if first == second => None,
        [(_, candidate), ..] => Some(candidate),
        [] => None,
    }
}

/// Levenshtein's distance, with an exchange of neighbours counted once.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut table = vec![vec![0usize; right.len() + 1]; left.len() + 1];
    for (i, row) in table.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in table[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=left.len() {
        for j in 1..=right.len() {
            let same = usize::from(left[i - 1] != right[j - 1]);
            let mut best = (table[i - 1][j] + 1).min(table[i][j - 1] + 1).min(table[i - 1][j - 1] + same);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                best = best.min(table[i - 2][j - 2] + 1);
            }
            table[i][j] = best;
        }
    }
    table[left.len()][right.len()]
}
