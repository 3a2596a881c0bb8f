//! Launches that differ in length: what of a protocol depends on N, and which proofs that leaves open.
//!
//! A proof about one launch holds for any N up to C, which are variables. A proof that compares launches compares them at
//! one N; it holds of launches that differ where nothing that it is about depends on N. So that is what is asked here, of
//! the statements as they stand: of places, conditions and bounds of loops around words (slots, who meets whom, which signal
//! is meant, who writes what), of what is stored to peers (values of signals), and of which thread takes which elements
//! (slots of channels, which threads of both sides hold together). Where something does, those obligations are inconclusive,
//! and say so. The road not taken, another N for each copy of a launch, proves more and doubles the variables of every
//! question; of the catalogue nothing is left out for it.
//!
//! A launch that leaves before it does anything is none: the others follow each other as if it were not there. Not so where
//! an argument counts launches.

use super::claim::Kind;
use arverify_protocol::ids::LocalId;
use arverify_protocol::ir::{
    Binary, Element, Expression, HostStatement, Marking, Partition, Place, Protocol, Requirement, Space, Statement,
    StatementKind, Symbol,
};
use rustc_hash::FxHashSet;

/// Why an obligation about several launches is open.
pub(super) const OPEN: &str = "it depends on N, and launches of different N are not compared";

/// What depends on N.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Uses {
    /// Where a word lies, or whether and how often it is accessed.
    places: bool,
    /// What is stored to peers, or waited for.
    values: bool,
    /// Which thread takes which elements, or whether it takes them.
    elements: bool,
    /// Where data lies that peers reach, or whether it is moved.
    rows: bool,
}

impl Uses {
    /// What of a protocol depends on N; nothing where launches have one length.
    pub(super) fn of(protocol: &Protocol) -> Uses {
        let mut walk = Walk { protocol, uses: Uses::default(), locals: FxHashSet::default(), under: false };
        if protocol.varies {
            walk.statements(&protocol.body);
        }
        walk.uses
    }

    /// Whether proofs of an obligation are about launches of one length only.
    pub(super) fn leave_open(&self, kind: Kind, is_of_words: bool) -> bool {
        match kind {
            Kind::Value | Kind::Bounds | Kind::Alignment | Kind::Complete => false,
            Kind::Disjoint => is_of_words && self.places,
            Kind::Slots => self.places,
            Kind::Peers | Kind::Epochs | Kind::Lost => self.places || self.values,
            Kind::Credits => self.places || self.values || self.elements,
        }
    }
}

/// The launches that a proof is about.
pub fn described_launches(protocol: &Protocol) -> &'static str {
    let moves_data = protocol.buffers.iter().any(|buffer| buffer.element == Element::Data);
    // No obligation is about data of two launches: that is a question of order, which only the check at small sizes answers.
    let begun = without_empty_launches(protocol);
    let rows = Uses::of(begun.as_ref().unwrap_or(protocol)).rows;
    match (protocol.varies && !rows, moves_data) {
        (true, _) => "any number of launches, each of any length",
        (false, true) => "any number of launches of one length",
        (false, false) => "any number of launches",
    }
}

/// The protocol as the launches see it that do something: without the condition under which a launch leaves at once, which
/// they do not meet.
pub(super) fn without_empty_launches(protocol: &Protocol) -> Option<Protocol> {
    let (first, rest) = protocol.body.split_first()?;
    let StatementKind::If { condition, then, otherwise } = &first.kind else { return None };
    let leaves = matches!(then.as_slice(), [Statement { kind: StatementKind::Exit, .. }]) && otherwise.is_empty();
    if !protocol.varies || !leaves || !protocol.arguments.is_empty() || !is_of_sizes(condition) {
        return None;
    }
    let condition = Expression::Not(Box::new(condition.clone()));
    let mut stripped = Protocol { body: rest.to_vec(), ..protocol.clone() };
    stripped.requirements.push(Requirement { condition, span: first.span.clone() });
    Some(stripped)
}

fn is_of_sizes(expression: &Expression) -> bool {
    match expression {
        Expression::Constant(_) => true,
        Expression::Symbol(symbol) => symbol.is_size(),
        Expression::Local(_) | Expression::Argument(_) => false,
        Expression::Not(inner) => is_of_sizes(inner),
        Expression::Binary { operator: Binary::ShiftLeft | Binary::ShiftRight, .. } => false,
        Expression::Binary { left, right, .. } => is_of_sizes(left) && is_of_sizes(right),
        Expression::If { condition, then, otherwise } => {
            is_of_sizes(condition) && is_of_sizes(then) && is_of_sizes(otherwise)
        }
    }
}

struct Walk<'p> {
    protocol: &'p Protocol,
    uses: Uses,
    /// Registers whose value depends on N.
    locals: FxHashSet<LocalId>,
    /// What stands here is done under a condition that depends on N.
    under: bool,
}

impl Walk<'_> {
    fn depends(&self, expression: &Expression) -> bool {
        match expression {
            Expression::Constant(_) => false,
            Expression::Symbol(symbol) => *symbol == Symbol::Elements,
            Expression::Local(local) => self.locals.contains(local),
            Expression::Argument(argument) => self.depends(&self.protocol.arguments[argument.index()].value),
            Expression::Not(inner) => self.depends(inner),
            Expression::Binary { left, right, .. } => self.depends(left) || self.depends(right),
            Expression::If { condition, then, otherwise } => {
                self.depends(condition) || self.depends(then) || self.depends(otherwise)
            }
        }
    }

    fn place_depends(&self, place: &Place) -> bool {
        let more = place.offset.iter().chain(&place.rank);
        place.indices.iter().chain(more).any(|expression| self.depends(expression))
    }

    fn word(&mut self, place: &Place, values: &[&Expression]) {
        self.uses.places |= self.under || self.place_depends(place);
        // A word of the own rank is known to a proof only as a counter, which N does not raise.
        let told = self.protocol.buffer(place.buffer).space == Space::Symmetric;
        self.uses.values |= told && values.iter().any(|value| self.depends(value));
    }

    fn elements(&mut self, places: [&Place; 2], partition: &Partition) {
        let spread = self.depends(&partition.first) || self.depends(&partition.step);
        let placed = places.into_iter().any(|place| self.place_depends(place));
        self.uses.elements |= self.under || spread || placed;
        let is_shared = |place: &&Place| self.protocol.buffer(place.buffer).space == Space::Symmetric;
        self.uses.rows |= places.into_iter().filter(is_shared).any(|place| self.under || self.place_depends(place));
    }

    fn bound(&mut self, variable: LocalId, depends: bool) {
        if depends || self.under {
            self.locals.insert(variable);
        }
    }

    fn statements(&mut self, statements: &[Statement]) {
        for statement in statements {
            self.statement(&statement.kind);
        }
    }

    fn within(&mut self, depends: bool, statements: &[Statement]) {
        let outer = self.under;
        let leaves = has_exit(statements);
        self.under |= depends;
        self.statements(statements);
        // Who has left under such a condition does not come to what follows.
        self.under = outer || (self.under && leaves);
    }

    fn statement(&mut self, kind: &StatementKind) {
        match kind {
            StatementKind::Store { place, value, .. } | StatementKind::Await { place, value, .. } => {
                self.word(place, &[value]);
            }
            StatementKind::Load { local, place, .. } => {
                self.word(place, &[]);
                self.bound(*local, false);
            }
            StatementKind::Atomic { local, place, operand, expected, .. } => {
                let values: Vec<&Expression> = [operand].into_iter().chain(expected).collect();
                self.word(place, &values);
                if let Some(local) = local {
                    self.bound(*local, false);
                }
            }
            StatementKind::Let { local, value } => {
                let depends = self.depends(value);
                self.bound(*local, depends);
            }
            StatementKind::If { condition, then, otherwise } => {
                let depends = self.depends(condition);
                self.within(depends, then);
                self.within(depends, otherwise);
            }
            StatementKind::For { variable, from, to, body } => {
                let depends = self.depends(from) || self.depends(to);
                self.bound(*variable, depends);
                self.within(depends, body);
            }
            StatementKind::Copy { destination, source, partition }
            | StatementKind::Start { destination, source, partition, .. } => {
                self.elements([destination, source], partition);
            }
            StatementKind::Reduce { destination, source, from, to, variable, partition, .. } => {
                let depends = self.depends(from) || self.depends(to);
                self.bound(*variable, depends);
                self.elements([destination, source], partition);
            }
            StatementKind::Send { destination, source, partition, marking, .. } => {
                self.marked(marking);
                self.elements([destination, source], partition);
            }
            StatementKind::Receive { destination, source, from, to, variable, partition, marking, .. } => {
                let depends = self.depends(from) || self.depends(to);
                self.bound(*variable, depends);
                self.marked(marking);
                self.elements([destination, source], partition);
            }
            StatementKind::BlockSync
            | StatementKind::Barrier { .. }
            | StatementKind::Fence { .. }
            | StatementKind::Finish { .. } => self.uses.places |= self.under,
            StatementKind::Ghost { .. } | StatementKind::Assert { .. } | StatementKind::Exit => {}
            StatementKind::Host(HostStatement::Stream { body, .. } | HostStatement::Group { body }) => {
                self.statements(body);
            }
            StatementKind::Host(_) => {}
        }
    }

    fn marked(&mut self, marking: &Marking) {
        if let Marking::Flag(value) = marking {
            self.uses.values |= self.depends(value);
        }
    }
}

fn has_exit(statements: &[Statement]) -> bool {
    statements.iter().any(|statement| match &statement.kind {
        StatementKind::Exit => true,
        StatementKind::If { then, otherwise, .. } => has_exit(then) || has_exit(otherwise),
        StatementKind::For { body, .. } => has_exit(body),
        _ => false,
    })
}
