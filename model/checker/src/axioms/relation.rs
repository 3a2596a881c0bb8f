//! Relations over the events of one execution, as matrices of truth values that the solver may still choose.
//!
//! Decision: what is known is folded at once, so that the solver sees only what depends on values, reads-from,
//! coherence or the fence order. Closure is Warshall's: exact in both directions, no fixed point for the solver to
//! guess. The road not taken, relations as uninterpreted functions with quantified axioms, is many times slower.

use z3::ast::Bool;

/// A truth value, known or not.
#[derive(Clone, Debug)]
pub(super) enum Truth {
    False,
    True,
    Open(Bool),
}

impl From<bool> for Truth {
    fn from(known: bool) -> Truth {
        if known { Truth::True } else { Truth::False }
    }
}

impl Truth {
    /// A fresh choice for the solver.
    pub(super) fn choice(prefix: &str) -> Truth {
        Truth::Open(Bool::fresh_const(prefix))
    }

    pub(super) fn and(&self, other: &Truth) -> Truth {
        match (self, other) {
            (Truth::False, _) | (_, Truth::False) => Truth::False,
            (Truth::True, truth) | (truth, Truth::True) => truth.clone(),
            (Truth::Open(left), Truth::Open(right)) => Truth::Open(Bool::and(&[left, right])),
        }
    }

    pub(super) fn or(&self, other: &Truth) -> Truth {
        match (self, other) {
            (Truth::True, _) | (_, Truth::True) => Truth::True,
            (Truth::False, truth) | (truth, Truth::False) => truth.clone(),
            (Truth::Open(left), Truth::Open(right)) => Truth::Open(Bool::or(&[left, right])),
        }
    }

    pub(super) fn not(&self) -> Truth {
        match self {
            Truth::False => Truth::True,
            Truth::True => Truth::False,
            Truth::Open(open) => Truth::Open(open.not()),
        }
    }

    pub(super) fn implies(&self, other: &Truth) -> Truth {
        self.not().or(other)
    }

    pub(super) fn all(parts: impl IntoIterator<Item = Truth>) -> Truth {
        let mut open = Vec::new();
        for part in parts {
            match part {
                Truth::False => return Truth::False,
                Truth::True => {}
                Truth::Open(part) => open.push(part),
            }
        }
        if open.is_empty() { Truth::True } else { Truth::Open(Bool::and(&open)) }
    }

    pub(super) fn any(parts: impl IntoIterator<Item = Truth>) -> Truth {
        let mut open = Vec::new();
        for part in parts {
            match part {
                Truth::True => return Truth::True,
                Truth::False => {}
                Truth::Open(part) => open.push(part),
            }
        }
        if open.is_empty() { Truth::False } else { Truth::Open(Bool::or(&open)) }
    }
}

/// A binary relation over events 0 to n.
#[derive(Clone, Debug)]
pub(super) struct Relation {
    cells: Vec<Vec<Truth>>,
}

impl Relation {
    /// From a truth value for each pair.
    pub(super) fn new(size: usize, mut cell: impl FnMut(usize, usize) -> Truth) -> Relation {
        let cells = (0..size).map(|from| (0..size).map(|to| cell(from, to)).collect()).collect();
        Relation { cells }
    }

    fn size(&self) -> usize {
        self.cells.len()
    }

    /// Whether a pair is in it.
    pub(super) fn at(&self, from: usize, to: usize) -> &Truth {
        &self.cells[from][to]
    }

    pub(super) fn union(&self, other: &Relation) -> Relation {
        Relation::new(self.size(), |from, to| self.at(from, to).or(other.at(from, to)))
    }

    pub(super) fn intersection(&self, other: &Relation) -> Relation {
        Relation::new(self.size(), |from, to| self.at(from, to).and(other.at(from, to)))
    }

    /// Only the pairs for which this holds.
    pub(super) fn only(&self, keep: impl Fn(usize, usize) -> bool) -> Relation {
        Relation::new(self.size(), |from, to| if keep(from, to) { self.at(from, to).clone() } else { Truth::False })
    }

    pub(super) fn inverse(&self) -> Relation {
        Relation::new(self.size(), |from, to| self.at(to, from).clone())
    }

    /// This, or nothing: with every event related to itself.
    pub(super) fn optional(&self) -> Relation {
        Relation::new(self.size(), |from, to| if from == to { Truth::True } else { self.at(from, to).clone() })
    }

    /// First this, then the other.
    pub(super) fn then(&self, other: &Relation) -> Relation {
        let possible =
            |row: &[Truth]| -> Vec<usize> { (0..row.len()).filter(|at| !matches!(row[*at], Truth::False)).collect() };
        let onwards: Vec<Vec<usize>> = other.cells.iter().map(|row| possible(row)).collect();
        let through = |row: &Vec<Truth>| {
            let mut ways: Vec<Vec<Truth>> = vec![Vec::new(); row.len()];
            let mut known = vec![false; row.len()];
            for middle in possible(row) {
                for to in &onwards[middle] {
                    match row[middle].and(other.at(middle, *to)) {
                        Truth::True => known[*to] = true,
                        open if !known[*to] => ways[*to].push(open),
                        _ => {}
                    }
                }
            }
            ways.into_iter()
                .zip(known)
                .map(|(ways, known)| if known { Truth::True } else { Truth::any(ways) })
                .collect()
        };
        Relation { cells: self.cells.iter().map(through).collect() }
    }

    /// Any number of times, but at least once.
    pub(super) fn closure(&self) -> Relation {
        let mut cells = self.cells.clone();
        for middle in 0..cells.len() {
            for from in 0..cells.len() {
                if matches!(cells[from][middle], Truth::False) {
                    continue;
                }
                for to in 0..cells.len() {
                    if matches!(cells[from][to], Truth::True) || matches!(cells[middle][to], Truth::False) {
                        continue;
                    }
                    let through = cells[from][middle].and(&cells[middle][to]);
                    cells[from][to] = cells[from][to].or(&through);
                }
            }
        }
        Relation { cells }
    }

    /// No event is related to itself.
    pub(super) fn irreflexive(&self) -> Truth {
        Truth::all((0..self.size()).map(|event| self.at(event, event).not()))
    }

    /// No event is related to itself, however many steps are taken.
    pub(super) fn acyclic(&self) -> Truth {
        self.closure().irreflexive()
    }

    /// Every pair is also in the other.
    pub(super) fn within(&self, other: &Relation) -> Truth {
        let pairs = (0..self.size()).flat_map(|from| (0..self.size()).map(move |to| (from, to)));
        Truth::all(pairs.map(|(from, to)| self.at(from, to).implies(other.at(from, to))))
    }
}
