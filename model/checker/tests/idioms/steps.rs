//! An idiom as steps of its threads, in an order in which none waits for a later one.
//!
//! Decision: the steps of several idioms are merged at random into one sequence, and each thread does its part of it in
//! that order. So threads that are not damaged cannot wait for each other in a circle, and what hangs hangs because
//! of the damage.

use super::random::Random;
use super::writer::Writer;

/// Who takes a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// A member of the layout.
    One(usize),
    /// Every thread, at the same instructions.
    All,
}

/// What somebody does next.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// Who.
    pub(crate) who: Who,
    /// What.
    pub(crate) lines: Vec<String>,
    /// Whether it comes right behind the step before: both wait for each other.
    pub(crate) at_once: bool,
}

/// The steps of an idiom.
#[derive(Debug, Default)]
pub(crate) struct Steps(pub(crate) Vec<Step>);

impl Steps {
    /// What was just written is the member's next step.
    pub(crate) fn by(&mut self, member: usize, writer: &mut Writer<'_>) {
        self.add(Who::One(member), writer);
    }

    /// What was just written is the next step of every thread.
    pub(crate) fn by_all(&mut self, writer: &mut Writer<'_>) {
        self.add(Who::All, writer);
    }

    fn add(&mut self, who: Who, writer: &mut Writer<'_>) {
        self.0.push(Step { who, lines: writer.take(), at_once: false });
    }

    /// The last two steps wait for each other, so that nothing may come between.
    pub(crate) fn at_once(&mut self) {
        if let Some(last) = self.0.last_mut() {
            last.at_once = true;
        }
    }

    /// A barrier of every block.
    pub(crate) fn barrier(&mut self, writer: &mut Writer<'_>) {
        writer.line(match writer.dialect {
            super::place::Dialect::Ptx => "bar.sync 0;",
            super::place::Dialect::Language => "block_sync",
        });
        self.by_all(writer);
    }
}

/// The steps of all idioms in one order that keeps each idiom's, with the idiom of each.
pub(crate) fn merged(idioms: Vec<Vec<Step>>, random: &mut Random) -> Vec<(usize, Step)> {
    let mut left: Vec<_> = idioms.into_iter().map(Vec::into_iter).collect();
    let mut order = Vec::new();
    while left.iter().any(|steps| steps.len() > 0) {
        let waiting: Vec<usize> = (0..left.len()).filter(|idiom| left[*idiom].len() > 0).collect();
        let idiom = random.pick(&waiting);
        order.extend(left[idiom].next().map(|step| (idiom, step)));
        while left[idiom].as_slice().first().is_some_and(|step| step.at_once) {
            order.extend(left[idiom].next().map(|step| (idiom, step)));
        }
    }
    order
}
