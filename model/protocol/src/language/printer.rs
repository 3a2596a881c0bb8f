//! Syntax tree to canonical text: two spaces for each level, one space between words, comments kept.
//!
//! Decision: the printer knows the parser's precedences and adds parentheses only where the tree needs them, so that
//! `parse(print(d)) == d`. Not kept: columns that a writer aligned by hand, and hexadecimal notation.

mod expressions;
mod statements;

use super::Document;
use super::tree::{Class, Declaration, Definition, Item, Name, Role, Setting, SettingValue, Start, Trivia, Verdict};
use crate::ir::Reduction;

/// The canonical text of a document.
pub fn print(document: &Document) -> String {
    print_file(&document.file)
}

/// The canonical text of a syntax tree.
pub(crate) fn print_file(file: &super::tree::File) -> String {
    let mut printer = Printer { text: String::new(), level: 0 };
    printer.comments(&file.trivia.comments);
    printer.text.push_str("protocol ");
    printer.text.push_str(&file.name.text);
    if let Some(summary) = &file.summary {
        printer.text.push_str(&format!(" \"{summary}\""));
    }
    printer.end_of(&file.trivia);
    for item in &file.declarations {
        printer.declaration(item);
    }
    printer.comments(&file.closing);
    printer.text
}

struct Printer {
    text: String,
    level: usize,
}

impl Printer {
    fn indent(&mut self) {
        self.text.extend(std::iter::repeat_n("  ", self.level));
    }

    fn line(&mut self, text: &str) {
        self.indent();
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn comments(&mut self, comments: &[String]) {
        for comment in comments {
            self.line(&format!("//{comment}"));
        }
    }

    /// What comes before an item.
    fn before(&mut self, trivia: &Trivia) {
        if trivia.blank_before {
            self.text.push('\n');
        }
        self.comments(&trivia.comments);
        self.indent();
    }

    /// What comes after an item.
    fn end_of(&mut self, trivia: &Trivia) {
        if let Some(comment) = &trivia.trailing {
            self.text.push_str(&format!("  //{comment}"));
        }
        self.text.push('\n');
    }

    fn declaration(&mut self, item: &Item<Declaration>) {
        self.before(&item.trivia);
        match &item.kind {
            Declaration::Sync { name, parameters, body } => {
                self.text.push_str(&format!("sync {}({}) ", name.text, names(parameters, ", ")));
                self.body(body);
            }
            Declaration::Kernel(body) => {
                self.text.push_str("kernel ");
                self.body(body);
            }
            Declaration::Host(body) => {
                self.text.push_str("host ");
                self.body(body);
            }
            simple => self.text.push_str(&declaration(simple)),
        }
        self.end_of(&item.trivia);
    }
}

/// A declaration without a body.
fn declaration(declaration: &Declaration) -> String {
    match declaration {
        Declaration::Parameters(parameters) => {
            let mut list: Vec<String> = Vec::new();
            for (role, name) in parameters {
                match (role, list.last_mut()) {
                    (Role::Capacity, Some(elements)) => elements.push_str(&format!(" up to {}", name.text)),
                    _ => list.push(format!("{} {}", role_word(*role), name.text)),
                }
            }
            format!("param {}", list.join(", "))
        }
        Declaration::Topology(axes) => format!("topology {}", names(axes, " * ")),
        Declaration::Knob { name, values } => format!("knob {} = {}", name.text, names(values, " | ")),
        Declaration::Require(condition) => format!("require {}", expressions::expression(condition)),
        Declaration::Grid(value) => format!("grid {}", expressions::expression(value)),
        Declaration::Streams(value) => format!("streams {}", expressions::expression(value)),
        Declaration::Argument { name, value } => {
            format!("argument {} = {}", name.text, expressions::expression(value))
        }
        Declaration::Pipe { name, capacity } => format!("pipe {} : {}", name.text, expressions::expression(capacity)),
        Declaration::Let { name, value } => format!("let {} = {}", name.text, expressions::expression(value)),
        Declaration::Partition { name, parameters, range } => {
            let parameters =
                if parameters.is_empty() { String::new() } else { format!("({})", names(parameters, ", ")) };
            format!("partition {}{parameters} = {}", name.text, expressions::range(range))
        }
        Declaration::Buffer { .. } => buffer(declaration),
        Declaration::Expect { output, definition, input, plus, same } => {
            let same = if *same { ", same on all ranks" } else { "" };
            let plus = plus.as_ref().map_or(String::new(), |plus| format!(" plus {}", plus.text));
            format!("expect {} == {} {}{plus}{same}", output.text, definition_words(*definition), input.text)
        }
        Declaration::Variant { .. } => variant(declaration),
        // Printed by the caller, for they have bodies.
        Declaration::Sync { .. } | Declaration::Kernel(_) | Declaration::Host(_) => String::new(),
    }
}

fn buffer(declaration: &Declaration) -> String {
    let Declaration::Buffer { ghost, class, names: list, element, shape, refreshed, initially } = declaration else {
        return String::new();
    };
    let mut text = String::from(if *ghost { "ghost " } else { "" });
    text.push_str(match class {
        Class::Local => "local ",
        Class::Symmetric => "symmetric ",
        Class::Channel => "channel ",
        Class::Pad => "pad ",
        Class::Event => "event ",
    });
    text.push_str(&format!("{} : {}", names(list, ", "), element.text));
    for dimension in shape {
        text.push_str(&format!("[{}]", expressions::expression(dimension)));
    }
    if *refreshed {
        text.push_str(" refreshed");
    }
    match initially {
        Some(Start::Word(word)) => text.push_str(&format!(" initially {word}")),
        Some(Start::Random) => text.push_str(" initially random"),
        None => {}
    }
    text
}

fn variant(declaration: &Declaration) -> String {
    let Declaration::Variant { name, assignments, verdict, settings } = declaration else { return String::new() };
    let list: Vec<String> = assignments.iter().map(|(knob, value)| format!("{} = {}", knob.text, value.text)).collect();
    let list = if list.is_empty() { String::new() } else { format!("{} ", list.join(", ")) };
    let verdict = match verdict {
        Verdict::Verifies => "verifies".to_owned(),
        Verdict::Violates(codes) => format!("violates {}", names(codes, ", ")),
    };
    let settings: Vec<String> = settings.iter().map(setting).collect();
    let settings = if settings.is_empty() { String::new() } else { format!(" at {}", settings.join(", ")) };
    format!("variant {} {{ {list}}} {verdict}{settings}", name.text)
}

fn setting(setting: &Setting) -> String {
    match &setting.value {
        SettingValue::Number(number) => format!("{} {number}", setting.name.text),
        SettingValue::Word(word) => format!("{} {word}", setting.name.text),
    }
}

fn names(list: &[Name], separator: &str) -> String {
    list.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(separator)
}

fn role_word(role: Role) -> &'static str {
    match role {
        Role::Ranks => "ranks",
        Role::Blocks => "blocks",
        Role::Threads => "threads",
        Role::Elements => "elements",
        Role::Capacity => "up to",
        Role::Element => "element",
    }
}

fn reduction_word(reduction: Reduction) -> &'static str {
    match reduction {
        Reduction::Sum => "sum",
        Reduction::Max => "max",
        Reduction::Min => "min",
    }
}

fn definition_words(definition: Definition) -> String {
    match definition {
        Definition::AllReduce(reduction) => format!("{} of", reduction_word(reduction)),
        Definition::Gather => "gather of".to_owned(),
        Definition::ReduceScatter(reduction) => format!("reduce-scatter {} of", reduction_word(reduction)),
        Definition::Broadcast => "broadcast of".to_owned(),
        Definition::Shift => "shift of".to_owned(),
        Definition::Transfer => "transfer of".to_owned(),
    }
}
