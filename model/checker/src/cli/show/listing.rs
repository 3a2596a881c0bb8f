//! The statements of a protocol as they are written, branches and loops and calls included, and beside each line who executes it.
//!
//! Marks come from threads that were run: a role that has no mark beside a statement does not execute it at these sizes. A branch or
//! loop has the marks of what is in it; a value that is computed, which is no operation, those of what stands around it.

use super::{Role, Step};
use arverify_protocol::ir::{HostStatement, Protocol, Span, Statement, StatementKind};
use std::collections::BTreeSet;

/// Columns that a line has at most.
pub(super) const WIDTH: usize = 100;

/// Roles that there are letters for.
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The letter of a role; of roles beyond the alphabet all the same.
pub(super) fn letter(role: usize) -> char {
    LETTERS.get(role).map_or('*', |letter| char::from(*letter))
}

/// Roles by their numbers.
type Marks = BTreeSet<usize>;

struct Line {
    /// The line of the source; none for a closing brace.
    number: Option<u32>,
    /// Who executes it; none where that is not known of the statement itself.
    marks: Option<Marks>,
    depth: usize,
    text: String,
}

/// The statements, a line each.
pub(super) fn listing(protocol: &Protocol, roles: &[Role]) -> String {
    let listing = Listing { protocol, roles };
    let (lines, _) = listing.body(&protocol.body, 0, 0);
    let columns = roles.len().min(LETTERS.len() + 1);
    let mut text = String::new();
    for line in lines {
        let marks = line.marks.unwrap_or_default();
        let has = |column: usize| marks.iter().any(|role| (*role).min(LETTERS.len()) == column);
        let marks: String = (0..columns).map(|column| if has(column) { letter(column) } else { ' ' }).collect();
        let number = line.number.map_or(String::new(), |number| number.to_string());
        let head = format!("{number:>4}  {marks}  {}", "  ".repeat(line.depth));
        text.push_str(&wrapped(&head, &line.text));
    }
    text
}

/// A text behind a head; what is too long goes on below its beginning, further in.
pub(super) fn wrapped(head: &str, text: &str) -> String {
    let indent = head.chars().count();
    let (mut lines, mut line) = (Vec::new(), head.to_owned());
    let mut is_new = true;
    for word in text.split(' ') {
        if !is_new && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(std::mem::replace(&mut line, " ".repeat(indent + 4)));
            is_new = true;
        }
        if !is_new {
            line.push(' ');
        }
        line.push_str(word);
        is_new = false;
    }
    lines.push(line);
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// The words of the source, without its line ends and remarks.
pub(super) fn words(protocol: &Protocol, span: &Span) -> String {
    let text = protocol.source.text.get(span.start as usize..span.end as usize).unwrap_or_default();
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

/// What is in a statement, beside itself.
fn bodies(statement: &Statement) -> Vec<&[Statement]> {
    match &statement.kind {
        StatementKind::If { then, otherwise, .. } => vec![then, otherwise],
        StatementKind::For { body, .. }
        | StatementKind::Ghost { body }
        | StatementKind::Host(HostStatement::Stream { body, .. } | HostStatement::Group { body }) => vec![body],
        _ => Vec::new(),
    }
}

struct Listing<'a> {
    protocol: &'a Protocol,
    roles: &'a [Role],
}

impl Listing<'_> {
    /// The lines of a body within so many calls, and who executes any of them.
    fn body(&self, statements: &[Statement], depth: usize, calls: usize) -> (Vec<Line>, Marks) {
        let (mut lines, mut marks) = (Vec::new(), Marks::new());
        let mut rest = statements;
        while let Some(first) = rest.first() {
            let call = first.calls.get(calls);
            let same = rest.iter().take_while(|next| next.calls.get(calls) == call).count().max(1);
            let (group, after) = rest.split_at(same);
            rest = after;
            match call {
                Some(call) => {
                    let (inner, known) = self.body(group, depth + 1, calls + 1);
                    let head = words(self.protocol, call);
                    lines.extend(self.block(call, head, depth, inner, &known));
                    lines.push(closing(depth));
                    marks.extend(known);
                }
                None => {
                    for (index, statement) in group.iter().enumerate() {
                        // `let x = load … + 1` is a load and a computation, and one statement.
                        if index > 0 && group[index - 1].span == statement.span && bodies(statement).is_empty() {
                            continue;
                        }
                        let (inner, known) = self.statement(statement, depth, calls);
                        lines.extend(inner);
                        marks.extend(known);
                    }
                }
            }
        }
        for line in lines.iter_mut().filter(|line| line.marks.is_none()) {
            line.marks = Some(marks.clone());
        }
        (lines, marks)
    }

    fn statement(&self, statement: &Statement, depth: usize, calls: usize) -> (Vec<Line>, Marks) {
        let text = words(self.protocol, &statement.span);
        match &statement.kind {
            StatementKind::If { then, otherwise, .. } => {
                self.branch(statement, text, (then, otherwise), (depth, calls))
            }
            // The variable of `threads`, and parameters of procedures: what is written is the branch, or the call.
            StatementKind::Let { .. } if !text.starts_with("let ") => (Vec::new(), Marks::new()),
            StatementKind::Let { .. } => {
                let number = Some(self.line(&statement.span));
                (vec![Line { number, marks: None, depth, text }], Marks::new())
            }
            _ => match bodies(statement).first() {
                Some(body) => {
                    let (inner, marks) = self.body(body, depth + 1, calls);
                    let mut lines = self.block(&statement.span, text, depth, inner, &marks);
                    lines.push(closing(depth));
                    (lines, marks)
                }
                None => {
                    let marks = self.marks(&(statement.calls.to_vec(), statement.span.clone()));
                    let number = Some(self.line(&statement.span));
                    (vec![Line { number, marks: Some(marks.clone()), depth, text }], marks)
                }
            },
        }
    }

    /// `if … { … } else if … { … } else { … }`
    fn branch(
        &self,
        statement: &Statement,
        text: String,
        (then, otherwise): (&[Statement], &[Statement]),
        (depth, calls): (usize, usize),
    ) -> (Vec<Line>, Marks) {
        let (inner, mut marks) = self.body(then, depth + 1, calls);
        let mut lines = self.block(&statement.span, text, depth, inner, &marks);
        match otherwise {
            [] => lines.push(closing(depth)),
            [chained] if matches!(chained.kind, StatementKind::If { .. }) && chained.calls == statement.calls => {
                let (mut rest, known) = self.statement(chained, depth, calls);
                if let Some(first) = rest.first_mut() {
                    first.text.insert_str(0, "} else ");
                }
                lines.extend(rest);
                marks.extend(known);
            }
            _ => {
                let (inner, known) = self.body(otherwise, depth + 1, calls);
                lines.push(Line { number: None, marks: Some(known.clone()), depth, text: "} else {".to_owned() });
                lines.extend(inner);
                lines.push(closing(depth));
                marks.extend(known);
            }
        }
        (lines, marks)
    }

    fn block(&self, span: &Span, text: String, depth: usize, inner: Vec<Line>, marks: &Marks) -> Vec<Line> {
        let text = format!("{text} {{");
        let head = Line { number: Some(self.line(span)), marks: Some(marks.clone()), depth, text };
        std::iter::once(head).chain(inner).collect()
    }

    fn marks(&self, step: &Step) -> Marks {
        let roles = self.roles.iter().enumerate();
        roles.filter(|(_, role)| role.steps.contains(step)).map(|(number, _)| number).collect()
    }

    fn line(&self, span: &Span) -> u32 {
        self.protocol.source.line_column(span.start).0
    }
}

fn closing(depth: usize) -> Line {
    Line { number: None, marks: Some(Marks::new()), depth, text: "}".to_owned() }
}
