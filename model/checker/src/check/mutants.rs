//! Mutants of a protocol: every synchronising operation removed, weakened by one step, or moved past its neighbour.
//!
//! Of host programs the operations that order streams and host threads count, too; a group is weakened to its members.
//!
//! Negative controls expect a report for each mutant; the lint AR102 asks which of them verify. Ghost code is left as
//! it is. Not made: two changes at a time.

use arverify_protocol::ir::{HostStatement, Order, Protocol, Scope, Semantics, Statement, StatementKind};
use std::fmt;

/// What was done to the operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is gone.
    Removed,
    /// One step weaker in order or scope: `release to relaxed`, `sys to gpu`.
    Weakened(String),
    /// It comes after the statement that followed it.
    Later,
    /// It comes before the statement that preceded it.
    Earlier,
}

impl Change {
    /// Whether there is less synchronisation than before, and nothing else.
    pub fn weakens(&self) -> bool {
        matches!(self, Change::Removed | Change::Weakened(_))
    }
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Change::Removed => "removed",
            Change::Weakened(how) => how,
            Change::Later => "moved past the next statement",
            Change::Earlier => "moved before the statement above",
        })
    }
}

/// A protocol with one change.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// The operation, as it was.
    pub statement: Statement,
    /// Which operation it is: equal for all mutants of one, in the order of the text.
    pub number: usize,
    /// What was done to it.
    pub change: Change,
    /// The result.
    pub protocol: Protocol,
}

/// Every mutant of a protocol; those of one operation follow each other, the removal first.
pub fn mutants(protocol: &Protocol) -> Vec<Mutant> {
    let mut all = Vec::new();
    let mut found = Vec::new();
    paths(&protocol.body, &Vec::new(), &mut found);
    for (number, path) in found.iter().enumerate() {
        let mut original = protocol.clone();
        let (list, index) = list_of(&mut original.body, path);
        let (statement, length) = (list[index].clone(), list.len());
        let previous = index.checked_sub(1).map(|before| list[before].clone());
        let next = list.get(index + 1).cloned();
        if !is_synchronising(&statement.kind) {
            continue;
        }
        let mut add = |change: Change, apply: &dyn Fn(&mut Vec<Statement>, usize)| {
            let mut protocol = protocol.clone();
            let (list, index) = list_of(&mut protocol.body, path);
            apply(list, index);
            all.push(Mutant { statement: statement.clone(), number, change, protocol });
        };
        add(Change::Removed, &|list, index| {
            list.remove(index);
        });
        if matches!(statement.kind, StatementKind::Host(HostStatement::Group { .. })) {
            add(Change::Weakened("one by one".to_owned()), &|list, index| {
                let group = list.remove(index).kind;
                if let StatementKind::Host(HostStatement::Group { body }) = group {
                    list.splice(index..index, body);
                }
            });
        }
        if let Some(semantics) = semantics_of(&mut statement.kind.clone()) {
            // A fence that is relaxed is none.
            let fence = matches!(statement.kind, StatementKind::Fence { .. });
            let weaker = weaker(*semantics).into_iter().filter(|(_, weak)| !fence || weak.order != Order::Relaxed);
            for (how, weak) in weaker {
                add(Change::Weakened(how), &|list, index| {
                    if let Some(semantics) = semantics_of(&mut list[index].kind) {
                        *semantics = weak;
                    }
                });
            }
        }
        if index + 1 < length && !binds(&next) {
            add(Change::Later, &|list, index| list.swap(index, index + 1));
        }
        if index > 0 && !binds(&previous) {
            add(Change::Earlier, &|list, index| list.swap(index, index - 1));
        }
    }
    all
}

/// Where a statement stands: the index in each list on the way down; an `if`'s second branch counts on after the first.
type Path = Vec<usize>;

/// A statement that binds a name touches no memory: to move past it is no change, or one of names.
fn binds(statement: &Option<Statement>) -> bool {
    matches!(statement, Some(Statement { kind: StatementKind::Let { .. }, .. }))
}

fn bodies(kind: &StatementKind) -> Vec<&Vec<Statement>> {
    match kind {
        StatementKind::If { then, otherwise, .. } => vec![then, otherwise],
        StatementKind::For { body, .. }
        | StatementKind::Host(HostStatement::Stream { body, .. } | HostStatement::Group { body }) => vec![body],
        _ => Vec::new(),
    }
}

fn bodies_mut(kind: &mut StatementKind) -> Vec<&mut Vec<Statement>> {
    match kind {
        StatementKind::If { then, otherwise, .. } => vec![then, otherwise],
        StatementKind::For { body, .. }
        | StatementKind::Host(HostStatement::Stream { body, .. } | HostStatement::Group { body }) => vec![body],
        _ => Vec::new(),
    }
}

/// Paths of all statements outside ghost blocks: (list number, index) pairs flattened.
fn paths(statements: &[Statement], prefix: &Path, found: &mut Vec<Path>) {
    for (index, statement) in statements.iter().enumerate() {
        let mut path = prefix.clone();
        path.push(index);
        found.push(path.clone());
        for (number, body) in bodies(&statement.kind).into_iter().enumerate() {
            let mut inner = path.clone();
            inner.push(number);
            paths(body, &inner, found);
        }
    }
}

/// The list that holds the statement of a path, and its index there.
fn list_of<'a>(statements: &'a mut Vec<Statement>, path: &[usize]) -> (&'a mut Vec<Statement>, usize) {
    match path {
        [index] => (statements, *index),
        [index, number, rest @ ..] => list_of(bodies_mut(&mut statements[*index].kind).remove(*number), rest),
        [] => unreachable!("a path is never empty"),
    }
}

fn is_synchronising(kind: &StatementKind) -> bool {
    match kind {
        StatementKind::BlockSync
        | StatementKind::Barrier { .. }
        | StatementKind::Await { .. }
        | StatementKind::Receive { .. }
        | StatementKind::Atomic { .. }
        | StatementKind::Finish { .. }
        | StatementKind::Fence { .. } => true,
        StatementKind::Host(host) => !matches!(host, HostStatement::Stream { .. }),
        StatementKind::Store { semantics, .. } | StatementKind::Send { semantics, .. } => {
            semantics.order != Order::Weak
        }
        _ => false,
    }
}

fn semantics_of(kind: &mut StatementKind) -> Option<&mut Semantics> {
    match kind {
        StatementKind::Store { semantics, .. }
        | StatementKind::Await { semantics, .. }
        | StatementKind::Send { semantics, .. }
        | StatementKind::Receive { semantics, .. }
        | StatementKind::Atomic { semantics, .. }
        | StatementKind::Fence { semantics } => Some(semantics),
        _ => None,
    }
}

/// One step weaker, in order or in scope.
fn weaker(semantics: Semantics) -> Vec<(String, Semantics)> {
    let mut list = Vec::new();
    if matches!(semantics.order, Order::Release | Order::Acquire | Order::AcqRel) {
        let relaxed = Semantics { order: Order::Relaxed, ..semantics };
        list.push((format!("{:?} to relaxed", semantics.order).to_lowercase(), relaxed));
    }
    if semantics.scope == Scope::Sys {
        list.push(("sys to gpu".to_owned(), Semantics { scope: Scope::Gpu, ..semantics }));
    }
    list
}
