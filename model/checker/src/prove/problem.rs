//! Variables with bounds, and the facts that define them: quotients, remainders, choices and wrapped words.
//!
//! Every operation of the language that is not a polynomial becomes a fresh variable with a defining fact. Equal
//! operations on equal operands become the same variable, so that two threads share what depends on sizes only. A fact
//! about a division is guarded by its divisor being positive: that it is, is an obligation of its own, kept in
//! [`Problem::conditions`].
//!
//! Not modelled: exclusive or, and shifts by amounts that are not constant ([`Unsupported`]).

use super::term::{Formula, Monomial, Polynomial, Variable};
use rustc_hash::{FxHashMap, FxHashSet};

/// Something that the proofs do not know; the obligation is inconclusive, and says so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unsupported {
    /// An operator on operands for which there is no encoding.
    #[error("`{0}` on operands that are not constant")]
    Operator(&'static str),
    /// A register, argument or symbol without a known value.
    #[error("the value of `{0}` is not known here")]
    Unknown(String),
    /// A polynomial too large to write down.
    #[error("an expression is too large")]
    TooLarge,
    /// A kind of statement.
    #[error("{0} not supported")]
    Statement(&'static str),
    /// The deadline has passed.
    #[error("out of time")]
    Time,
    /// A loop that has to be unrolled and cannot be.
    #[error("a loop around signals has bounds that are not constant, or too many rounds")]
    Loop,
}

/// What is known of a variable by itself.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    pub(super) name: String,
    pub(super) low: i128,
    pub(super) high: i128,
}

/// Where an expression has a value: a condition that must hold under a guard.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    /// What holds where the expression is evaluated.
    pub(super) guard: Formula,
    /// What must hold.
    pub(super) must: Formula,
    /// In words.
    pub(super) what: &'static str,
}

/// dividend = divisor · quotient + remainder, where the divisor is positive.
#[derive(Clone, Debug)]
pub(super) struct Division {
    pub(super) dividend: Polynomial,
    pub(super) divisor: Polynomial,
    pub(super) quotient: Polynomial,
    pub(super) remainder: Polynomial,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Definition {
    Quotient(Polynomial, Polynomial),
    Wrapped(Polynomial),
    Choice(Formula, Polynomial, Polynomial),
}

/// The variables and facts of one obligation.
#[derive(Clone, Debug, Default)]
pub(super) struct Problem {
    pub(super) variables: Vec<Bounds>,
    /// Facts, each with the variables that it defines.
    pub(super) facts: Vec<(Vec<Variable>, Formula)>,
    pub(super) conditions: Vec<Condition>,
    /// What holds at the place that is being translated.
    pub(super) guard: Vec<Formula>,
    definitions: FxHashMap<Definition, (Polynomial, Polynomial)>,
    /// All divisions.
    pub(super) divisions: Vec<Division>,
    /// Counts are compared: products by one less than a factor are needed.
    pub(super) counts: bool,
    /// Remainders, by their variable: dividend and divisor.
    pub(super) remainders: FxHashMap<Variable, (Polynomial, Polynomial)>,
}

/// 2^32
pub(super) const WORDS: i128 = 1 << 32;

impl Problem {
    /// One in which counts are compared.
    pub(super) fn of_counts() -> Problem {
        Problem { counts: true, ..Problem::default() }
    }

    /// A new variable.
    pub(super) fn fresh(&mut self, name: impl Into<String>, low: i128, high: i128) -> Polynomial {
        self.variables.push(Bounds { name: name.into(), low, high });
        Polynomial::variable(Variable(self.variables.len() as u32 - 1))
    }

    /// Bounds of a polynomial, from those of its variables.
    pub(super) fn interval(&self, polynomial: &Polynomial) -> (i128, i128) {
        let mut sum = (0_i128, 0_i128);
        for (monomial, coefficient) in &polynomial.0 {
            let (low, high) = self.product(monomial, *coefficient);
            sum = (sum.0.saturating_add(low), sum.1.saturating_add(high));
        }
        sum
    }

    fn product(&self, monomial: &Monomial, coefficient: i128) -> (i128, i128) {
        monomial.iter().fold((coefficient, coefficient), |(low, high), variable| {
            let bounds = &self.variables[variable.0 as usize];
            let ends = [low, high].map(|end| [end.saturating_mul(bounds.low), end.saturating_mul(bounds.high)]);
            let ends = [ends[0][0], ends[0][1], ends[1][0], ends[1][1]];
            (ends.into_iter().min().unwrap_or(0), ends.into_iter().max().unwrap_or(0))
        })
    }

    /// Notes that something must hold here for an expression to have a value.
    pub(super) fn must(&mut self, must: Formula, what: &'static str) {
        if must != Formula::Truth(true) {
            let guard = Formula::all(self.guard.iter().cloned());
            self.conditions.push(Condition { guard, must, what });
        }
    }

    /// An index must fit 64 bits.
    pub(super) fn fits(&mut self, value: Polynomial) -> Polynomial {
        let (low, high) = self.interval(&value);
        if low < i128::from(i64::MIN) || high > i128::from(i64::MAX) {
            let above = value.plus(&Polynomial::constant(-i128::from(i64::MIN)));
            let below = value.negated().plus(&Polynomial::constant(i128::from(i64::MAX)));
            if let (Some(above), Some(below)) = (above, below) {
                let both = [Formula::at_least_zero(above), Formula::at_least_zero(below)];
                self.must(Formula::all(both), "an index fits 64 bits");
            }
        }
        value
    }

    /// Quotient and remainder, rounded towards minus infinity, where the divisor is positive.
    pub(super) fn divide(
        &mut self,
        dividend: &Polynomial,
        divisor: &Polynomial,
    ) -> Result<(Polynomial, Polynomial), Unsupported> {
        let positive = divisor.as_constant().filter(|divisor| *divisor > 0);
        if let (Some(left), Some(right)) = (dividend.as_constant(), positive) {
            return Ok((Polynomial::constant(left.div_euclid(right)), Polynomial::constant(left.rem_euclid(right))));
        }
        let key = Definition::Quotient(dividend.clone(), divisor.clone());
        if let Some(known) = self.definitions.get(&key) {
            return Ok(known.clone());
        }
        let (low, high) = self.interval(dividend);
        let (_, most) = self.interval(divisor);
        let least = self.interval(divisor).0.max(1);
        let quotient = self.fresh("quotient", low.min(0), high.div_euclid(least).max(0));
        let remainder = self.fresh("remainder", 0, most.saturating_sub(1).max(0));
        if let Some(variable) = remainder.single() {
            self.remainders.insert(variable, (dividend.clone(), divisor.clone()));
        }
        self.divisions.push(Division {
            dividend: dividend.clone(),
            divisor: divisor.clone(),
            quotient: quotient.clone(),
            remainder: remainder.clone(),
        });
        let whole = quotient.times(divisor).ok_or(Unsupported::TooLarge)?;
        let equation = whole.plus(&remainder).and_then(|sum| sum.minus(dividend)).ok_or(Unsupported::TooLarge)?;
        let one = Polynomial::constant(1);
        let room = divisor.minus(&remainder).and_then(|room| room.minus(&one)).ok_or(Unsupported::TooLarge)?;
        let positive = Formula::at_least_zero(divisor.minus(&one).ok_or(Unsupported::TooLarge)?);
        let defined = Formula::all([Formula::zero(equation), Formula::at_least_zero(room)]);
        let defines = [quotient.single(), remainder.single()].into_iter().flatten().collect();
        self.facts.push((defines, Formula::any([positive.not(), defined])));
        self.definitions.insert(key, (quotient.clone(), remainder.clone()));
        Ok((quotient, remainder))
    }

    /// The low 32 bits.
    pub(super) fn wrap(&mut self, value: &Polynomial) -> Result<Polynomial, Unsupported> {
        let (low, high) = self.interval(value);
        if low >= 0 && high < WORDS {
            return Ok(value.clone());
        }
        let key = Definition::Wrapped(value.clone());
        if let Some((known, _)) = self.definitions.get(&key) {
            return Ok(known.clone());
        }
        let (_, remainder) = self.divide(value, &Polynomial::constant(WORDS))?;
        self.definitions.insert(key, (remainder.clone(), remainder.clone()));
        Ok(remainder)
    }

    /// `if condition then yes else no`
    pub(super) fn choose(
        &mut self,
        condition: Formula,
        yes: &Polynomial,
        no: &Polynomial,
    ) -> Result<Polynomial, Unsupported> {
        match condition {
            Formula::Truth(true) => return Ok(yes.clone()),
            Formula::Truth(false) => return Ok(no.clone()),
            _ if yes == no => return Ok(yes.clone()),
            _ => {}
        }
        let key = Definition::Choice(condition.clone(), yes.clone(), no.clone());
        if let Some((known, _)) = self.definitions.get(&key) {
            return Ok(known.clone());
        }
        let (left, right) = (self.interval(yes), self.interval(no));
        let chosen = self.fresh("choice", left.0.min(right.0), left.1.max(right.1));
        let is = |value: &Polynomial| chosen.minus(value).map(Formula::zero).ok_or(Unsupported::TooLarge);
        let (is_yes, is_no) = (is(yes)?, is(no)?);
        let when = Formula::all([condition.clone(), is_yes]);
        let fact = Formula::any([when, Formula::all([condition.not(), is_no])]);
        self.facts.push((chosen.single().into_iter().collect(), fact));
        self.definitions.insert(key, (chosen.clone(), chosen.clone()));
        Ok(chosen)
    }

    /// Whether a formula depends on a variable, also through definitions.
    pub(super) fn mentions(&self, formula: &Formula, variable: Variable) -> bool {
        let mut seen: FxHashSet<Variable> = FxHashSet::default();
        formula.monomials(&mut |monomial| seen.extend(monomial));
        let mut left: Vec<Variable> = seen.iter().copied().collect();
        while let Some(next) = left.pop() {
            for (_, fact) in self.facts.iter().filter(|(defines, _)| defines.contains(&next)) {
                fact.monomials(&mut |monomial| left.extend(monomial.iter().filter(|part| seen.insert(**part))));
            }
        }
        seen.contains(&variable)
    }
}
