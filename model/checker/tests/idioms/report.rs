//! How many cases went: by relation of the two answers, by idiom or kernel, and why there was no answer.

use super::compare::{Answer, Compared, Relation};
use std::collections::BTreeMap;
use std::fmt::Write;

/// How it went.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Cases that were compared.
    pub(crate) cases: u64,
    /// How answers relate, in all.
    pub(crate) relations: BTreeMap<Relation, u64>,
    /// The same by idiom, or by kernel.
    pub(crate) by_name: BTreeMap<String, BTreeMap<Relation, u64>>,
    /// Why there was no answer, and how often.
    pub(crate) reasons: BTreeMap<String, u64>,
    /// What is violated although nobody damaged it: some idioms have wrong forms, and the rest is our mistake.
    pub(crate) undamaged: Vec<String>,
    /// Differences, in words.
    pub(crate) differences: Vec<String>,
}

impl Report {
    /// How often answers related so.
    pub(crate) fn count(&self, relation: Relation) -> u64 {
        self.relations.get(&relation).copied().unwrap_or(0)
    }

    /// A table: one line for each idiom.
    pub(crate) fn table(&self) -> String {
        let mut text = format!("{:34}", "");
        for relation in Relation::ALL {
            let _ = write!(text, " {:>20}", format!("{relation:?}"));
        }
        let all = ("all".to_owned(), self.relations.clone());
        for (name, relations) in
            self.by_name.iter().map(|(name, relations)| (name.clone(), relations.clone())).chain([all])
        {
            let _ = write!(text, "\n{name:34}");
            for relation in Relation::ALL {
                let _ = write!(text, " {:>20}", relations.get(&relation).copied().unwrap_or(0));
            }
        }
        let mut reasons: Vec<(&String, &u64)> = self.reasons.iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (reason, count) in reasons.into_iter().take(15) {
            let _ = write!(text, "\n{count:6} × {reason}");
        }
        text
    }

    /// Counts a case.
    pub(crate) fn add(&mut self, names: &[String], compared: &Compared, relation: Relation) {
        self.cases += 1;
        *self.relations.entry(relation).or_default() += 1;
        for name in names {
            *self.by_name.entry(name.clone()).or_default().entry(relation).or_default() += 1;
        }
        for (who, answer) in [("machine", Some(&compared.machine)), ("other", compared.other.as_ref())] {
            if let Some(Answer::Inconclusive(why)) = answer {
                // Numbers differ from case to case.
                let why: String =
                    why.chars().map(|letter| if letter.is_ascii_digit() { '#' } else { letter }).collect();
                *self.reasons.entry(format!("{who}: {}", why.replace("##", "#"))).or_default() += 1;
            }
        }
    }
}
