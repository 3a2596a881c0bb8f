//! Data phases: partitions that are disjoint, complete, aligned and in bounds, tails included; and the bounds of all
//! accesses to words.
//!
//! For a phase with vectors at p = first + k·step < limit, element e is handled when p ≤ e < p + V, and e < limit unless the
//! tail overruns. *Disjoint*: two threads of any ranks, in any rounds of the loops around the phase, do not write the
//! same element of the same row. *Complete*: every e from `low` up to any thread's limit is handled by some thread of the same
//! rank in the same round; which thread is found by dividing e's offset by the step and the coefficients of block and
//! thread, in every order, until one is proven right. *Alignment* is of the whole address, rows included.
//!
//! A row of words that are sent or received holds V / 4 elements in each; whether the right ones come is left open.
//!
//! Not modelled: that two different phases write different elements, which is a question of order (`check`).

use super::claim::{Claim, Generated, Kind, Obligation, Setting, Subject, shapes, sizes};
use super::counters::Counters;
use super::problem::{Problem, Unsupported};
use super::term::{Formula, Polynomial, Variable};
use super::translate::{Scope, equal, less, value};
use super::walk::{
    self, Actor, Context, Event, Loops, PartitionTerm, Phase, PlaceTerm, Rounds, actor, actor_at, events, same_place,
};
use arverify_protocol::ir::{Element, Protocol, Space, Tail, Width};

/// Elements and steps are looked at as far as an index reaches: a bound that is too low would hide what lies beyond.
const MOST_INDEX: i128 = i64::MAX as i128;

/// The obligations of phases and bounds in one setting.
pub(super) fn generate(protocol: &Protocol, setting: Setting, counters: &Counters) -> Result<Generated, Unsupported> {
    let mut problem = Problem::default();
    let (terms, variables) = sizes(&mut problem, protocol, setting)?;
    let shapes = shapes(&mut problem, protocol, &terms)?;
    let launch = &variables.launch;
    let context = Context { protocol, sizes: &terms, launch, counters, loops: Loops::Symbolic };
    let thread = actor(&mut problem, context, "")?;
    let own = events(&mut problem, context, &thread, &Rounds::default())?;
    let other = actor(&mut problem, context, "'")?;
    let others = events(&mut problem, context, &other, &Rounds::default())?;
    let mut phases = Phases { problem, context, setting, shapes, thread, other, obligations: Vec::new() };
    phases.values();
    for (index, event) in own.iter().enumerate() {
        phases.of(index, event, &others[index]);
    }
    let Phases { problem, obligations, .. } = phases;
    Ok(Generated { problem, variables, obligations })
}

struct Phases<'p> {
    problem: Problem,
    context: Context<'p>,
    setting: Setting,
    shapes: Vec<Vec<Polynomial>>,
    thread: Actor,
    other: Actor,
    obligations: Vec<Obligation>,
}

impl Phases<'_> {
    /// Every expression has a value where it is evaluated: one obligation for each reason that it might have none.
    fn values(&mut self) {
        let mut reasons: Vec<(&'static str, Vec<Claim>)> = Vec::new();
        for condition in std::mem::take(&mut self.problem.conditions) {
            let claim = Claim::new(vec![condition.guard], condition.must);
            match reasons.iter_mut().find(|(what, _)| *what == condition.what) {
                Some((_, claims)) => claims.push(claim),
                None => reasons.push((condition.what, vec![claim])),
            }
        }
        let span = self.context.protocol.body.first().map_or(0..0, |statement| statement.span.clone());
        for (what, claims) in reasons {
            let subject = Subject {
                kind: Kind::Value,
                span: span.clone(),
                calls: Vec::new(),
                what: format!("wherever used, {what}"),
            };
            self.obligations.push(Obligation { subject, claims: Ok(claims) });
        }
    }

    fn push(&mut self, event: &Event, kind: Kind, claims: Result<Vec<Claim>, Unsupported>) {
        let subject = Subject { kind, span: event.span.clone(), calls: event.calls.to_vec(), what: String::new() };
        self.obligations.push(Obligation { subject, claims });
    }

    fn of(&mut self, index: usize, event: &Event, twin: &Event) {
        match &event.kind {
            walk::Kind::BlockSync | walk::Kind::Transfer { .. } => {}
            walk::Kind::Stream { number } => {
                let claim = self.is_stream(&event.guard, number);
                self.push(event, Kind::Bounds, claim.map(|claim| vec![claim]));
            }
            walk::Kind::Store { place, .. }
            | walk::Kind::Load { place, .. }
            | walk::Kind::Await { place, .. }
            | walk::Kind::Named { place }
            | walk::Kind::Atomic { place, .. } => {
                let claims = self.within(std::slice::from_ref(&event.guard), place);
                self.push(event, Kind::Bounds, claims.map(|claim| vec![claim]));
            }
            walk::Kind::Phase(phase) => {
                let Phase { destination, source, sources, fewest, partition } = &**phase;
                let bounds = self.phase_bounds(event, destination, source, sources, fewest, partition);
                self.push(event, Kind::Bounds, bounds);
                let aligned = self.alignment(event, destination, source, sources, partition);
                self.push(event, Kind::Alignment, aligned);
                let disjoint = self.disjoint(event, twin);
                self.push(event, Kind::Disjoint, disjoint.map(|claim| vec![claim]));
                let complete = self.complete(index, event, partition);
                self.push(event, Kind::Complete, complete.map(|claim| vec![claim]));
                if partition.width == Width::Word {
                    let reason = "the induction over words that show by themselves that they have come is";
                    self.push(event, Kind::Epochs, Err(Unsupported::Statement(reason)));
                }
            }
        }
    }

    /// A stream is one of those that the rank has.
    fn is_stream(&mut self, guard: &Formula, number: &Polynomial) -> Result<Claim, Unsupported> {
        let Some(streams) = &self.context.protocol.streams else {
            return Err(Unsupported::Statement("a stream in a kernel is"));
        };
        let streams = value(&mut self.problem, &Scope::of_sizes(self.context.sizes), streams)?;
        let goals = [Formula::at_least_zero(number.clone()), less(number, &streams)?];
        Ok(Claim::new(vec![guard.clone()], Formula::all(goals)))
    }

    /// Every index lies in its dimension, and the rank is one, or this one where peers do not reach the buffer.
    fn within(&self, hypotheses: &[Formula], place: &PlaceTerm) -> Result<Claim, Unsupported> {
        let mut goals = Vec::new();
        for (index, extent) in place.indices.iter().zip(&self.shapes[place.buffer.index()]) {
            goals.push(Formula::at_least_zero(index.clone()));
            goals.push(less(index, extent)?);
        }
        goals.push(Formula::at_least_zero(place.rank.clone()));
        goals.push(less(&place.rank, &self.context.sizes.ranks)?);
        if self.context.protocol.buffer(place.buffer).space == Space::Local {
            goals.push(equal(&place.rank, &self.thread.coordinates[0])?);
        }
        Ok(Claim::new(hypotheses.to_vec(), Formula::all(goals)))
    }

    /// The start of one vector of a partition, and that there is one.
    fn vector_start(&mut self, partition: &PartitionTerm) -> Result<(Polynomial, Formula), Unsupported> {
        let times = self.problem.fresh("times", 0, MOST_INDEX);
        let moved = times.times(&partition.step).and_then(|moved| moved.plus(&partition.first));
        let position = moved.ok_or(Unsupported::TooLarge)?;
        let started = less(&position, &partition.limit)?;
        let after = less(&position, &partition.first)?.not();
        Ok((position, Formula::all([started, after])))
    }

    /// Elements of a word that is sent or received: phases are looked at for one element type at a time.
    fn elements_of_word(&self) -> Polynomial {
        Polynomial::constant(self.setting.data.map_or(1, |data| i128::from(data.word())))
    }

    /// The elements that a row holds: of words, as many as its words do.
    fn row(&self, place: &PlaceTerm) -> Result<Polynomial, Unsupported> {
        let shape = &self.shapes[place.buffer.index()];
        let row = shape.last().ok_or(Unsupported::Statement("a buffer of no dimension is"))?;
        match self.context.protocol.buffer(place.buffer).element {
            Element::Data => Ok(row.clone()),
            Element::Word | Element::Packet => row.times(&self.elements_of_word()).ok_or(Unsupported::TooLarge),
        }
    }

    /// Elements that one access moves.
    fn elements_of(&self, partition: &PartitionTerm) -> Polynomial {
        match partition.width {
            Width::Vector => self.context.sizes.vector.clone(),
            Width::Element => Polynomial::constant(1),
            Width::Word => self.elements_of_word(),
        }
    }

    /// Whether a vector that starts at `position` is handled as a whole.
    fn whole(&self, position: &Polynomial, partition: &PartitionTerm) -> Result<Formula, Unsupported> {
        let end = position.plus(&self.elements_of(partition)).ok_or(Unsupported::TooLarge)?;
        Ok(match partition.tail {
            Tail::Overrun => Formula::Truth(true),
            Tail::Scalar | Tail::Drop => less(&partition.limit, &end)?.not(),
        })
    }

    /// Whether the vector at `position` covers this element.
    fn covers(
        &self,
        position: &Polynomial,
        element: &Polynomial,
        partition: &PartitionTerm,
    ) -> Result<Formula, Unsupported> {
        let end = position.plus(&self.elements_of(partition)).ok_or(Unsupported::TooLarge)?;
        let mut parts = vec![less(element, position)?.not(), less(element, &end)?, less(position, &partition.limit)?];
        match partition.tail {
            Tail::Scalar => parts.push(less(element, &partition.limit)?),
            Tail::Drop => parts.push(less(&partition.limit, &end)?.not()),
            Tail::Overrun => {}
        }
        Ok(Formula::all(parts))
    }

    fn phase_bounds(
        &mut self,
        event: &Event,
        destination: &PlaceTerm,
        source: &PlaceTerm,
        sources: &Formula,
        fewest: &Formula,
        partition: &PartitionTerm,
    ) -> Result<Vec<Claim>, Unsupported> {
        let (position, starts) = self.vector_start(partition)?;
        let works = less(&partition.first, &partition.limit)?;
        let step = less(&Polynomial::constant(0), &partition.step)?;
        let guard = event.guard.clone();
        let mut claims = vec![
            Claim::new(vec![guard.clone()], step),
            Claim::new(vec![guard.clone(), works.clone()], Formula::at_least_zero(partition.first.clone())),
            Claim::new(vec![guard.clone(), works], fewest.clone()),
        ];
        let element = self.problem.fresh("element", 0, MOST_INDEX);
        let covered = self.covers(&position, &element, partition)?;
        for (place, given) in [(destination, &Formula::Truth(true)), (source, sources)] {
            let hypotheses = vec![guard.clone(), given.clone(), starts.clone(), covered.clone()];
            claims.push(self.within(&hypotheses, place)?);
            let row = self.row(place)?;
            let first = Formula::at_least_zero(place.offset.clone());
            let last = less(&element.plus(&place.offset).ok_or(Unsupported::TooLarge)?, &row)?;
            claims.push(Claim::new(hypotheses, Formula::all([first, last])));
        }
        Ok(claims)
    }

    fn alignment(
        &mut self,
        event: &Event,
        destination: &PlaceTerm,
        source: &PlaceTerm,
        sources: &Formula,
        partition: &PartitionTerm,
    ) -> Result<Vec<Claim>, Unsupported> {
        let mut claims = Vec::new();
        if partition.width == Width::Element {
            return Ok(claims);
        }
        let (position, starts) = self.vector_start(partition)?;
        if partition.width == Width::Word {
            // A word is one access on either side, whatever the limit cuts off.
            let (_, remainder) = self.problem.divide(&position, &self.elements_of_word())?;
            let hypotheses = vec![event.guard.clone(), starts];
            return Ok(vec![Claim::new(hypotheses, equal(&remainder, &Polynomial::constant(0))?)]);
        }
        let whole = self.whole(&position, partition)?;
        for (place, given) in [(destination, &Formula::Truth(true)), (source, sources)] {
            if self.context.protocol.buffer(place.buffer).element != Element::Data {
                return Err(Unsupported::Statement("a data phase over words is"));
            }
            let shape = &self.shapes[place.buffer.index()];
            let mut address = Polynomial::default();
            for (dimension, extent) in shape.iter().enumerate() {
                let index = place.indices.get(dimension).cloned().unwrap_or_default();
                address = address.times(extent).and_then(|rows| rows.plus(&index)).ok_or(Unsupported::TooLarge)?;
            }
            let row = address.plus(&place.offset).ok_or(Unsupported::TooLarge)?;
            let address = row.plus(&position).ok_or(Unsupported::TooLarge)?;
            let vector = self.context.sizes.vector.clone();
            let (_, remainder) = self.problem.divide(&address, &vector)?;
            let hypotheses = vec![event.guard.clone(), given.clone(), starts.clone(), whole.clone()];
            claims.push(Claim::new(hypotheses, equal(&remainder, &Polynomial::constant(0))?));
        }
        Ok(claims)
    }

    fn disjoint(&mut self, event: &Event, twin: &Event) -> Result<Claim, Unsupported> {
        let (walk::Kind::Phase(phase), walk::Kind::Phase(other)) = (&event.kind, &twin.kind) else {
            return Err(Unsupported::Statement("a phase without its twin is"));
        };
        let Phase { destination, partition, .. } = &**phase;
        let Phase { destination: place, partition: part, .. } = &**other;
        let element = self.problem.fresh("element", 0, MOST_INDEX);
        let (position, starts) = self.vector_start(partition)?;
        let (other_position, other_starts) = self.vector_start(part)?;
        let mut same_thread = Vec::new();
        for (left, right) in self.thread.coordinates.iter().zip(&self.other.coordinates) {
            same_thread.push(equal(left, right)?);
        }
        let hypotheses = vec![
            event.guard.clone(),
            twin.guard.clone(),
            starts,
            other_starts,
            same_place(destination, place)?,
            self.covers(&position, &element.minus(&destination.offset).ok_or(Unsupported::TooLarge)?, partition)?,
            self.covers(&other_position, &element.minus(&place.offset).ok_or(Unsupported::TooLarge)?, part)?,
        ];
        Ok(Claim::new(hypotheses, Formula::all(same_thread)))
    }

    fn complete(&mut self, index: usize, event: &Event, partition: &PartitionTerm) -> Result<Claim, Unsupported> {
        let element = self.problem.fresh("element", 0, MOST_INDEX);
        let inside = Formula::all([less(&element, &partition.low)?.not(), less(&element, &partition.limit)?]);
        let rounds: Rounds = event.rounds.iter().map(|round| (round.number, round.term.clone())).collect();
        let everybody = self.setting.everybody();
        let exact = !everybody.is_empty();
        let mut witnesses = Vec::new();
        let workers = if exact {
            everybody.into_iter().map(|coordinates| (coordinates, None)).collect()
        } else {
            self.candidates(&element, partition)?
        };
        for (coordinates, times) in workers {
            let worker = actor_at(&mut self.problem, self.context, coordinates)?;
            let theirs = events(&mut self.problem, self.context, &worker, &rounds)?;
            let Some(Event { guard, kind: walk::Kind::Phase(phase), .. }) = theirs.get(index) else {
                return Err(Unsupported::Statement("a phase that some threads leave out is"));
            };
            let part = &phase.partition;
            let times = match times {
                Some(times) => times,
                None => {
                    let offset = element.minus(&part.first).ok_or(Unsupported::TooLarge)?;
                    self.problem.divide(&offset, &part.step)?.0
                }
            };
            let moved = times.times(&part.step).and_then(|moved| moved.plus(&part.first));
            let position = moved.ok_or(Unsupported::TooLarge)?;
            let covers = self.covers(&position, &element, part)?;
            witnesses.push(Formula::all([guard.clone(), Formula::at_least_zero(times), covers]));
        }
        self.problem.conditions.clear();
        let hypotheses = vec![event.guard.clone(), inside];
        if exact {
            return Ok(Claim::new(hypotheses, Formula::any(witnesses)));
        }
        Ok(Claim { exact: false, witnesses, ..Claim::new(hypotheses, Formula::Truth(false)) })
    }

    /// Which thread, and which of its vectors, an element may belong to: rank, block and thread; number of the vector.
    fn candidates(&mut self, element: &Polynomial, partition: &PartitionTerm) -> Result<Vec<Candidate>, Unsupported> {
        let [rank, block, thread] = &self.thread.coordinates;
        let (Some(block), Some(thread)) = (block.single(), thread.single()) else {
            return Err(Unsupported::TooLarge);
        };
        let rank = rank.clone();
        let base = partition.first.with_values(&|variable| (variable == block || variable == thread).then_some(0));
        let offset = base.and_then(|base| element.minus(&base)).ok_or(Unsupported::TooLarge)?;
        let radices =
            [coefficient(&partition.first, block), coefficient(&partition.first, thread), partition.step.clone()];
        let mut found = Vec::new();
        for order in [[2, 0, 1], [0, 2, 1], [0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0]] {
            let mut digits = [const { None }; 3];
            let mut rest = offset.clone();
            for digit in order {
                if radices[digit].0.is_empty() {
                    continue;
                }
                let (quotient, remainder) = self.problem.divide(&rest, &radices[digit])?;
                digits[digit] = Some(quotient);
                rest = remainder;
            }
            let [block, thread, times] = digits.map(Option::unwrap_or_default);
            let candidate = ([rank.clone(), block, thread], Some(times));
            if !found.contains(&candidate) {
                found.push(candidate);
            }
        }
        Ok(found)
    }
}

/// Rank, block and thread, and the number of its vector where it is known.
type Candidate = ([Polynomial; 3], Option<Polynomial>);

/// What a variable is multiplied by in a polynomial, where it occurs once in a monomial.
fn coefficient(polynomial: &Polynomial, variable: Variable) -> Polynomial {
    let terms = polynomial.0.iter().filter(|(monomial, _)| monomial.contains(&variable)).map(|(monomial, by)| {
        let rest = monomial.iter().copied().filter(|other| *other != variable).collect();
        (rest, *by)
    });
    Polynomial(terms.collect())
}
