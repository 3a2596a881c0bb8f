//! Polynomials over integer variables, and formulas over them: what obligations are written in, before any solver.
//!
//! Decision: a normal form of our own. Products of sizes (`block * T`, `q * share`) are what makes layouts hard for a
//! solver; as monomials in one normal form they can be handed to it as plain variables with lemmas ([`super::solve`]), and a
//! model that it finds can be checked here with exact arithmetic. The road not taken: z3's own non-linear arithmetic,
//! which does not prove the parts of two-shot disjoint in ten seconds.
//!
//! Not modelled: rationals; every variable is an integer.

use std::collections::BTreeMap;

/// A variable of a [`super::problem::Problem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Variable(pub(super) u32);

/// A product of variables, in ascending order; empty for the constant.
pub(super) type Monomial = Vec<Variable>;

/// A sum of monomials with coefficients, none of them zero.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct Polynomial(pub(super) BTreeMap<Monomial, i128>);

impl Polynomial {
    pub(super) fn constant(value: i128) -> Polynomial {
        Polynomial(if value == 0 { BTreeMap::new() } else { BTreeMap::from([(Vec::new(), value)]) })
    }

    pub(super) fn variable(variable: Variable) -> Polynomial {
        Polynomial(BTreeMap::from([(vec![variable], 1)]))
    }

    /// The value of a polynomial without variables.
    pub(super) fn as_constant(&self) -> Option<i128> {
        match self.0.len() {
            0 => Some(0),
            1 => self.0.get([].as_slice()).copied(),
            _ => None,
        }
    }

    /// The variable that this is, if it is nothing else.
    pub(super) fn single(&self) -> Option<Variable> {
        match (self.0.len(), self.0.iter().next()) {
            (1, Some((monomial, 1))) if monomial.len() == 1 => monomial.first().copied(),
            _ => None,
        }
    }

    /// With some variables replaced by values; `None` where a coefficient overflows.
    pub(super) fn with_values(&self, values: &impl Fn(Variable) -> Option<i128>) -> Option<Polynomial> {
        let mut result = Polynomial::default();
        for (monomial, coefficient) in &self.0 {
            let mut rest = Vec::new();
            let mut by = *coefficient;
            for variable in monomial {
                match values(*variable) {
                    Some(value) => by = by.checked_mul(value)?,
                    None => rest.push(*variable),
                }
            }
            let entry = result.0.entry(rest).or_insert(0);
            *entry = entry.checked_add(by)?;
        }
        result.0.retain(|_, coefficient| *coefficient != 0);
        Some(result)
    }

    /// The sum, or `None` where a coefficient overflows.
    pub(super) fn plus(&self, other: &Polynomial) -> Option<Polynomial> {
        let mut sum = self.0.clone();
        for (monomial, coefficient) in &other.0 {
            let entry = sum.entry(monomial.clone()).or_insert(0);
            *entry = entry.checked_add(*coefficient)?;
            if *entry == 0 {
                sum.remove(monomial);
            }
        }
        Some(Polynomial(sum))
    }

    pub(super) fn negated(&self) -> Polynomial {
        Polynomial(self.0.iter().map(|(monomial, coefficient)| (monomial.clone(), -coefficient)).collect())
    }

    pub(super) fn minus(&self, other: &Polynomial) -> Option<Polynomial> {
        self.plus(&other.negated())
    }

    /// The product, or `None` where it has too many terms, too high a degree, or a coefficient overflows.
    pub(super) fn times(&self, other: &Polynomial) -> Option<Polynomial> {
        if self.0.len() * other.0.len() > LARGEST_PRODUCT {
            return None;
        }
        let mut product: BTreeMap<Monomial, i128> = BTreeMap::new();
        for (left, by) in &self.0 {
            for (right, times) in &other.0 {
                let mut monomial: Monomial = left.iter().chain(right).copied().collect();
                if monomial.len() > LARGEST_DEGREE {
                    return None;
                }
                monomial.sort_unstable();
                let entry = product.entry(monomial).or_insert(0);
                *entry = entry.checked_add(by.checked_mul(*times)?)?;
            }
        }
        product.retain(|_, coefficient| *coefficient != 0);
        Some(Polynomial(product))
    }

    /// With other variables: no two become one.
    pub(super) fn renamed(&self, to: &mut impl FnMut(Variable) -> Variable) -> Polynomial {
        let renamed = self.0.iter().map(|(monomial, coefficient)| {
            let mut monomial: Monomial = monomial.iter().map(|variable| to(*variable)).collect();
            monomial.sort_unstable();
            (monomial, *coefficient)
        });
        Polynomial(renamed.collect())
    }

    /// The value under an assignment, or `None` where it overflows 128 bits.
    pub(super) fn value(&self, of: &impl Fn(Variable) -> i128) -> Option<i128> {
        self.0.iter().try_fold(0_i128, |sum, (monomial, coefficient)| {
            let product = monomial.iter().try_fold(*coefficient, |value, variable| value.checked_mul(of(*variable)))?;
            sum.checked_add(product)
        })
    }
}

/// Terms of a product of two polynomials.
const LARGEST_PRODUCT: usize = 4096;

/// Variables of one monomial.
const LARGEST_DEGREE: usize = 8;

/// A condition on polynomials.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Formula {
    /// Known.
    Truth(bool),
    /// The polynomial is not negative.
    AtLeastZero(Polynomial),
    /// The polynomial is zero.
    Zero(Polynomial),
    /// Not.
    Not(Box<Formula>),
    /// Every one holds.
    All(Vec<Formula>),
    /// One holds.
    Any(Vec<Formula>),
}

impl Formula {
    pub(super) fn at_least_zero(polynomial: Polynomial) -> Formula {
        match polynomial.as_constant() {
            Some(value) => Formula::Truth(value >= 0),
            None => Formula::AtLeastZero(polynomial),
        }
    }

    pub(super) fn zero(polynomial: Polynomial) -> Formula {
        match polynomial.as_constant() {
            Some(value) => Formula::Truth(value == 0),
            None => Formula::Zero(polynomial),
        }
    }

    pub(super) fn not(self) -> Formula {
        match self {
            Formula::Truth(value) => Formula::Truth(!value),
            Formula::Not(inner) => *inner,
            // ¬(p ≥ 0) is −p − 1 ≥ 0, for integers.
            Formula::AtLeastZero(polynomial) => match polynomial.negated().plus(&Polynomial::constant(-1)) {
                Some(less) => Formula::AtLeastZero(less),
                None => Formula::Not(Box::new(Formula::AtLeastZero(polynomial))),
            },
            other => Formula::Not(Box::new(other)),
        }
    }

    pub(super) fn all(parts: impl IntoIterator<Item = Formula>) -> Formula {
        let mut kept = Vec::new();
        for part in parts {
            match part {
                Formula::Truth(true) => {}
                Formula::Truth(false) => return Formula::Truth(false),
                Formula::All(inner) => kept.extend(inner),
                other => kept.push(other),
            }
        }
        match kept.len() {
            0 => Formula::Truth(true),
            1 => kept.remove(0),
            _ => Formula::All(kept),
        }
    }

    pub(super) fn any(parts: impl IntoIterator<Item = Formula>) -> Formula {
        let mut kept = Vec::new();
        for part in parts {
            match part {
                Formula::Truth(false) => {}
                Formula::Truth(true) => return Formula::Truth(true),
                Formula::Any(inner) => kept.extend(inner),
                other => kept.push(other),
            }
        }
        match kept.len() {
            0 => Formula::Truth(false),
            1 => kept.remove(0),
            _ => Formula::Any(kept),
        }
    }

    /// Whether it holds under an assignment; `None` where a value overflows.
    pub(super) fn holds(&self, of: &impl Fn(Variable) -> i128) -> Option<bool> {
        Some(match self {
            Formula::Truth(value) => *value,
            Formula::AtLeastZero(polynomial) => polynomial.value(of)? >= 0,
            Formula::Zero(polynomial) => polynomial.value(of)? == 0,
            Formula::Not(inner) => !inner.holds(of)?,
            Formula::All(parts) => {
                parts.iter().map(|part| part.holds(of)).collect::<Option<Vec<_>>>()?.iter().all(|holds| *holds)
            }
            Formula::Any(parts) => {
                parts.iter().map(|part| part.holds(of)).collect::<Option<Vec<_>>>()?.iter().any(|holds| *holds)
            }
        })
    }

    /// With some variables replaced by values; `None` where a coefficient overflows.
    pub(super) fn with_values(&self, values: &impl Fn(Variable) -> Option<i128>) -> Option<Formula> {
        let every = |parts: &[Formula]| parts.iter().map(|part| part.with_values(values)).collect::<Option<Vec<_>>>();
        Some(match self {
            Formula::Truth(value) => Formula::Truth(*value),
            Formula::AtLeastZero(polynomial) => Formula::at_least_zero(polynomial.with_values(values)?),
            Formula::Zero(polynomial) => Formula::zero(polynomial.with_values(values)?),
            Formula::Not(inner) => inner.with_values(values)?.not(),
            Formula::All(parts) => Formula::all(every(parts)?),
            Formula::Any(parts) => Formula::any(every(parts)?),
        })
    }

    /// With other variables: no two become one.
    pub(super) fn renamed(&self, to: &mut impl FnMut(Variable) -> Variable) -> Formula {
        match self {
            Formula::Truth(value) => Formula::Truth(*value),
            Formula::AtLeastZero(polynomial) => Formula::AtLeastZero(polynomial.renamed(to)),
            Formula::Zero(polynomial) => Formula::Zero(polynomial.renamed(to)),
            Formula::Not(inner) => Formula::Not(Box::new(inner.renamed(to))),
            Formula::All(parts) => Formula::All(parts.iter().map(|part| part.renamed(to)).collect()),
            Formula::Any(parts) => Formula::Any(parts.iter().map(|part| part.renamed(to)).collect()),
        }
    }

    /// Calls `visit` with every monomial that occurs.
    pub(super) fn monomials(&self, visit: &mut impl FnMut(&Monomial)) {
        match self {
            Formula::Truth(_) => {}
            Formula::AtLeastZero(polynomial) | Formula::Zero(polynomial) => {
                polynomial.0.keys().for_each(visit);
            }
            Formula::Not(inner) => inner.monomials(visit),
            Formula::All(parts) | Formula::Any(parts) => parts.iter().for_each(|part| part.monomials(visit)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_normal() {
        let [x, y] = [0, 1].map(|number| Polynomial::variable(Variable(number)));
        let sum = x.plus(&y).expect("small");
        let difference = x.minus(&y).expect("small");
        let product = sum.times(&difference).expect("small");
        let squares = x.times(&x).expect("small").minus(&y.times(&y).expect("small")).expect("small");
        assert_eq!(product, squares);
        assert_eq!(x.minus(&x).expect("small").as_constant(), Some(0));
    }

    #[test]
    fn negation_of_at_least_is_less() {
        let x = Polynomial::variable(Variable(0));
        let formula = Formula::at_least_zero(x.minus(&Polynomial::constant(3)).expect("small"));
        for value in [2, 3, 4] {
            assert_eq!(formula.holds(&|_| value), Some(value >= 3));
            assert_eq!(formula.clone().not().holds(&|_| value), Some(value < 3));
        }
    }
}
