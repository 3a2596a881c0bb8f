//! Rounds that were run already: what a round does with given words is a matter of the program alone, and the waits of
//! one state ask what those of the states before it asked.

use super::Machine;
use super::company::{Company, End, rounds_of};
use crate::program::{Poll, Program, Word};
use rustc_hash::{FxHashMap, FxHasher};
use smallvec::SmallVec;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

/// Rounds that are remembered; with more, all are forgotten.
const MANY: usize = 1 << 16;

/// How a round ends with what is decided.
#[derive(Debug)]
pub(super) struct Evaluated {
    pub(super) end: End,
    /// Decisions that it used.
    pub(super) asked: usize,
    /// The first word that is not decided.
    pub(super) open: Option<(usize, Poll)>,
    /// Where it stands then.
    pub(super) point: Option<u64>,
    /// All that it read, and by which member.
    pub(super) reads: Vec<(usize, Poll)>,
}

/// The words that are decided, in the order of reading.
type Words = SmallVec<[Option<Word>; 8]>;

/// Rounds by where they begin and the words that were decided.
#[derive(Debug, Default)]
pub(super) struct Evaluations(Mutex<FxHashMap<(u64, Words), Arc<Evaluated>>>);

impl Evaluations {
    fn get(&self, key: &(u64, Words)) -> Option<Arc<Evaluated>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn put(&self, key: (u64, Words), evaluated: &Arc<Evaluated>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() == MANY {
            known.clear();
        }
        known.insert(key, evaluated.clone());
    }
}

impl<P: Program> Machine<P> {
    /// Where the rounds of a company begin: those that begin alike do the same with the same words.
    pub(super) fn beginning(&self, company: &Company<P::Round>) -> u64 {
        let mut hasher = FxHasher::default();
        company.whole.hash(&mut hasher);
        for member in &company.members {
            let round = member.round.as_ref().map(|round| self.program().round_digest(round));
            (member.thread, member.at, round, member.arrived).hash(&mut hasher);
        }
        hasher.finish()
    }

    /// Runs the rounds that begin so with what is decided.
    pub(super) fn evaluate(&self, company: &Company<P::Round>, beginning: u64, words: Words) -> Arc<Evaluated> {
        let key = (beginning, words);
        if let Some(known) = self.evaluations.get(&key) {
            return known;
        }
        let evaluated = Arc::new(self.run_with(company, &key.1));
        self.evaluations.put(key, &evaluated);
        evaluated
    }

    fn run_with(&self, company: &Company<P::Round>, words: &[Option<Word>]) -> Evaluated {
        let (mut reads, mut open) = (Vec::new(), None);
        let mut rounds = rounds_of(company);
        let end = self.run_rounds(company, &mut rounds, &mut |member, poll| {
            reads.push((member, *poll));
            match words.get(reads.len() - 1) {
                Some(word) => *word,
                None => {
                    open.get_or_insert((member, *poll));
                    None
                }
            }
        });
        let point = match &rounds[..] {
            [Some(round)] => self.program().open_point(round),
            _ => None,
        };
        Evaluated { end, asked: reads.len().min(words.len()), open, point, reads }
    }
}
