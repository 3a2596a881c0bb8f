//! The solver: whether a formula holds for some choices, and for which.
//!
//! Decision: one solver for finite domains for each formula, made anew. An incremental one, kept between formulas, is
//! slower here, because what differs between two executions is most of the formula.

use super::relation::Truth;
use std::time::Duration;
use z3::{Model, Params, SatResult, Solver};

/// The first version whose answers are trusted: Debian's 4.8 links, and misnumbers enums without a word.
const OLDEST_SOLVER: (u32, u32) = (5, 3);

/// Major and minor version, from words like `Z3 5.3.3.0`.
fn solver_version(words: &str) -> Option<(u32, u32)> {
    let number = words.split_whitespace().find(|word| word.starts_with(|letter: char| letter.is_ascii_digit()))?;
    let mut parts = number.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

/// An error in words where the linked solver is too old.
pub(crate) fn solver_is_new_enough() -> Result<(), String> {
    let solver = z3::full_version();
    if solver_version(solver).is_some_and(|version| version >= OLDEST_SOLVER) {
        return Ok(());
    }
    Err(format!("linked with Z3 `{solver}`, and 5.3 or later is needed: `make z3`, then build again"))
}

/// Choices under which a formula holds.
pub(super) struct Witness(Option<Model>);

impl Witness {
    /// Whether a part of the formula holds under them.
    pub(super) fn holds(&self, truth: &Truth) -> bool {
        match truth {
            Truth::False => false,
            Truth::True => true,
            Truth::Open(open) => {
                let value = self.0.as_ref().and_then(|model| model.eval(open, true));
                value.and_then(|value| value.as_bool()).unwrap_or(false)
            }
        }
    }
}

/// Choices under which the formula holds, if there are any. An error, in words, if that is not found out in time.
pub(super) fn solve(formula: &Truth, time: Duration) -> Result<Option<Witness>, String> {
    let formula = match formula {
        Truth::False => return Ok(None),
        Truth::True => return Ok(Some(Witness(None))),
        Truth::Open(formula) => formula,
    };
    let solver = Solver::new_for_logic("QF_FD").unwrap_or_default();
    let mut parameters = Params::new();
    parameters.set_u32("timeout", time.as_millis().clamp(1, u128::from(u32::MAX)) as u32);
    solver.set_params(&parameters);
    solver.assert(formula);
    match solver.check() {
        SatResult::Sat => Ok(Some(Witness(solver.get_model()))),
        SatResult::Unsat => Ok(None),
        SatResult::Unknown => Err("the solver does not know".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_solver_is_new_enough() {
        assert_eq!(solver_version("Z3 4.8.12.0"), Some((4, 8)));
        assert_eq!(solver_version("5.3.3.0"), Some((5, 3)));
        assert_eq!(solver_version("nothing"), None);
        assert!(solver_version(z3::full_version()) >= Some(OLDEST_SOLVER), "{}", z3::full_version());
    }
}
