//! Whether a formula holds for every assignment: z3, with products of variables as variables of their own.
//!
//! A monomial such as `block * T` is handed to z3 as one integer, with lemmas that hold of all products by a factor that
//! is not negative: a larger factor gives a larger product, by at least the other factor; equal factors give equal
//! products. What remains is linear, and decided in milliseconds. The lemmas are true, so *unsatisfiable* is a proof. A
//! model may be no model of the products; each is therefore evaluated exactly ([`Formula::holds`]), and only one that
//! stands the test counts as a counterexample. Counterexamples are looked for with sizes fixed, smallest first: then
//! most products are linear, and the others are given to z3 as they are.
//!
//! Not modelled: anything that needs a product of differences; such an obligation is inconclusive.

use super::problem::Problem;
use super::term::{Formula, Monomial, Polynomial, Variable};
use crate::process;
use rustc_hash::{FxHashMap, FxHashSet};
use std::time::Instant;
use z3::ast::{Bool, Int};
use z3::{Params, SatResult, Solver};

/// What became of one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It holds for every assignment.
    Proven,
    /// It fails for this one, checked without the solver.
    Fails(Assignment),
    /// Neither was found.
    Unknown(String),
}

/// A value for every variable of a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assignment(pub(super) Vec<i128>);

impl Assignment {
    pub(super) fn value(&self, polynomial: &Polynomial) -> Option<i128> {
        polynomial.value(&|variable| self.0[variable.0 as usize])
    }
}

/// Lemmas about products in one question.
const LEMMAS: usize = 6000;

/// Steps of the solver for one question in a search for counterexamples. Limits are steps and not seconds, so that a verdict
/// does not depend on how busy the machine is: of the catalogue's questions none takes more than 0.7 million, in 0.3 s.
const SEARCH_EFFORT: u32 = 1_000_000;

/// Steps of the solver for one question in a proof.
const PROOF_EFFORT: u32 = 10_000_000;

/// Steps of the solver for one question about counts, which are many and easy.
const COUNTS_EFFORT: u32 = 2_000_000;

/// Whether `goal` follows from the problem's facts and the hypotheses.
pub(super) fn prove(problem: &Problem, hypotheses: &[Formula], goal: &Formula, deadline: Instant) -> Answer {
    let formulas = question(problem, hypotheses, goal);
    if formulas.contains(&Formula::Truth(false)) {
        return Answer::Proven;
    }
    let limit = Limit { effort: if problem.counts { COUNTS_EFFORT } else { PROOF_EFFORT }, deadline };
    let (verdict, model) = satisfiable(problem, &formulas, Products::Lemmas, limit);
    match (verdict, model) {
        (SatResult::Unsat, _) => Answer::Proven,
        (SatResult::Sat, Some(model)) if stands(&formulas, &model) => Answer::Fails(model),
        (SatResult::Sat, _) => Answer::Unknown("a product of sizes is beyond the lemmas".to_owned()),
        (SatResult::Unknown, _) if process::is_past(Some(deadline)) => Answer::Unknown("out of time".to_owned()),
        (SatResult::Unknown, _) => Answer::Unknown("the solver gave up, or took too many steps".to_owned()),
    }
}

fn effort_proves(problem: &Problem, hypotheses: &[Formula], goal: &Formula, deadline: Instant) -> bool {
    let formulas = question(problem, hypotheses, goal);
    if formulas.contains(&Formula::Truth(false)) {
        return true;
    }
    satisfiable(problem, &formulas, Products::Lemmas, Limit { effort: COUNTS_EFFORT, deadline }).0 == SatResult::Unsat
}

/// Questions that were asked before, up to the numbers of their variables.
#[derive(Debug, Default)]
pub(super) struct Cache(FxHashMap<Vec<Formula>, bool>);

impl Cache {
    /// Whether `goal` is proven to follow from the problem's facts and the hypotheses.
    pub(super) fn holds(
        &mut self,
        problem: &Problem,
        hypotheses: &[Formula],
        goal: &Formula,
        deadline: Instant,
    ) -> bool {
        if *goal == Formula::Truth(true) || hypotheses.contains(&Formula::Truth(false)) {
            return true;
        }
        let mut numbers: FxHashMap<Variable, Variable> = FxHashMap::default();
        let mut renumber = |variable: Variable| {
            let next = Variable(numbers.len() as u32);
            *numbers.entry(variable).or_insert(next)
        };
        let asked: Vec<Formula> =
            question(problem, hypotheses, goal).iter().map(|formula| formula.renamed(&mut renumber)).collect();
        if let Some(known) = self.0.get(&asked) {
            return *known;
        }
        let proven = effort_proves(problem, hypotheses, goal, deadline);
        self.0.insert(asked, proven);
        proven
    }
}

/// A counterexample in which `fixed` have these values and `capped` are at most this, made small in the order of `small`.
pub(super) fn counterexample(
    problem: &Problem,
    hypotheses: &[Formula],
    goal: &Formula,
    fixed: &FxHashMap<Variable, i128>,
    small: &[(Variable, i128)],
    deadline: Instant,
) -> Option<Assignment> {
    let values = |variable: Variable| fixed.get(&variable).copied();
    let mut formulas = question(problem, hypotheses, goal)
        .iter()
        .map(|formula| formula.with_values(&values))
        .collect::<Option<Vec<Formula>>>()?;
    for (variable, value) in fixed {
        formulas
            .push(Formula::zero(Polynomial::variable(*variable).plus(&Polynomial::constant(value.checked_neg()?))?));
    }
    let at_most = |variable: Variable, value: i128| {
        Polynomial::variable(variable).negated().plus(&Polynomial::constant(value)).map(Formula::at_least_zero)
    };
    for (variable, cap) in small {
        formulas.push(at_most(*variable, *cap)?);
    }
    let ask = |formulas: &[Formula]| {
        if process::is_past(Some(deadline)) {
            return None;
        }
        let (_, model) = satisfiable(problem, formulas, Products::Exact, Limit { effort: SEARCH_EFFORT, deadline });
        model.filter(|model| stands(formulas, model))
    };
    let mut best = ask(&formulas)?;
    for (variable, _) in small {
        let mut low = problem.variables[variable.0 as usize].low;
        let mut high = best.0[variable.0 as usize];
        while low < high {
            let middle = low + (high - low) / 2;
            let mut narrowed = formulas.clone();
            narrowed.push(at_most(*variable, middle)?);
            match ask(&narrowed) {
                Some(model) => {
                    high = model.0[variable.0 as usize];
                    best = model;
                }
                None => low = middle + 1,
            }
        }
        formulas.push(at_most(*variable, high)?);
    }
    Some(best)
}

/// Facts, bounds, hypotheses and the negated goal: what a counterexample satisfies. Only what the goal depends on.
fn question(problem: &Problem, hypotheses: &[Formula], goal: &Formula) -> Vec<Formula> {
    let mut formulas: Vec<Formula> = hypotheses.to_vec();
    formulas.push(goal.clone().not());
    let mut known: FxHashSet<Variable> = FxHashSet::default();
    for formula in &formulas {
        formula.monomials(&mut |monomial| known.extend(monomial));
    }
    let mut taken = vec![false; problem.facts.len()];
    loop {
        let mut more = false;
        for (index, (defines, fact)) in problem.facts.iter().enumerate() {
            if !taken[index] && (defines.is_empty() || defines.iter().any(|variable| known.contains(variable))) {
                taken[index] = true;
                more = true;
                fact.monomials(&mut |monomial| known.extend(monomial));
                formulas.push(fact.clone());
            }
        }
        if !more {
            break;
        }
    }
    let mut known: Vec<Variable> = known.into_iter().collect();
    known.sort_unstable();
    for variable in known {
        let bounds = &problem.variables[variable.0 as usize];
        let term = Polynomial::variable(variable);
        let above = term.plus(&Polynomial::constant(-bounds.low)).map(Formula::at_least_zero);
        let below = term.negated().plus(&Polynomial::constant(bounds.high)).map(Formula::at_least_zero);
        formulas.extend(above.into_iter().chain(below));
    }
    formulas
}

fn stands(formulas: &[Formula], model: &Assignment) -> bool {
    formulas.iter().all(|formula| formula.holds(&|variable| model.0[variable.0 as usize]) == Some(true))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Products {
    /// Monomials are variables with lemmas.
    Lemmas,
    /// Monomials are products.
    Exact,
}

/// How long the solver may take for one question.
#[derive(Clone, Copy)]
struct Limit {
    /// Steps.
    effort: u32,
    /// Of all questions.
    deadline: Instant,
}

fn satisfiable(
    problem: &Problem,
    formulas: &[Formula],
    products: Products,
    limit: Limit,
) -> (SatResult, Option<Assignment>) {
    let solver = Solver::new();
    let mut parameters = Params::new();
    let left = limit.deadline.saturating_duration_since(process::now()).as_millis();
    parameters.set_u32("timeout", u32::try_from(left).unwrap_or(u32::MAX).max(1));
    parameters.set_u32("random_seed", 1);
    parameters.set_u32("rlimit", limit.effort);
    solver.set_params(&parameters);
    let mut terms = Terms { problem, products, known: FxHashMap::default(), order: Vec::new() };
    for formula in formulas {
        let formula = terms.formula(formula);
        solver.assert(&formula);
    }
    if products == Products::Lemmas {
        for lemma in terms.lemmas() {
            solver.assert(&lemma);
        }
    }
    let verdict = solver.check();
    let model = (verdict == SatResult::Sat).then(|| solver.get_model()).flatten();
    let assignment = model.map(|model| {
        let value = |(number, bounds): (usize, &super::problem::Bounds)| {
            let term = terms.known.get([Variable(number as u32)].as_slice());
            let value = term.and_then(|term| model.eval(term, true)).and_then(|value| value.as_i128());
            value.unwrap_or(bounds.low)
        };
        Assignment(problem.variables.iter().enumerate().map(value).collect())
    });
    (verdict, assignment)
}

/// The monomials of a question, as terms of z3.
struct Terms<'p> {
    problem: &'p Problem,
    products: Products,
    known: FxHashMap<Monomial, Int>,
    /// In the order of first use, so that questions are the same each time.
    order: Vec<Monomial>,
}

impl Terms<'_> {
    /// Names differ by the number; the rest is for those who read a question.
    fn name(&self, variable: Variable) -> String {
        format!("{}.{}", self.problem.variables[variable.0 as usize].name, variable.0)
    }

    fn monomial(&mut self, monomial: &[Variable]) -> Int {
        if let Some(known) = self.known.get(monomial) {
            return known.clone();
        }
        let term = match (monomial, self.products) {
            ([], _) => Int::from_i64(1),
            ([variable], _) => Int::new_const(self.name(*variable)),
            (_, Products::Exact) => {
                let factors: Vec<Int> = monomial.iter().map(|variable| self.monomial(&[*variable])).collect();
                Int::mul(&factors)
            }
            (_, Products::Lemmas) => {
                let names: Vec<String> = monomial.iter().map(|variable| self.name(*variable)).collect();
                Int::new_const(names.join("*"))
            }
        };
        self.known.insert(monomial.to_vec(), term.clone());
        self.order.push(monomial.to_vec());
        term
    }

    fn polynomial(&mut self, polynomial: &Polynomial) -> Int {
        let terms: Vec<Int> = polynomial
            .0
            .iter()
            .map(|(monomial, coefficient)| {
                let constant = Int::from_i128(*coefficient);
                if monomial.is_empty() { constant } else { Int::mul(&[constant, self.monomial(monomial)]) }
            })
            .collect();
        if terms.is_empty() { Int::from_i64(0) } else { Int::add(&terms) }
    }

    fn formula(&mut self, formula: &Formula) -> Bool {
        match formula {
            Formula::Truth(value) => Bool::from_bool(*value),
            Formula::AtLeastZero(polynomial) => self.polynomial(polynomial).ge(Int::from_i64(0)),
            Formula::Zero(polynomial) => self.polynomial(polynomial).eq(Int::from_i64(0)),
            Formula::Not(inner) => self.formula(inner).not(),
            Formula::All(parts) => {
                let parts: Vec<Bool> = parts.iter().map(|part| self.formula(part)).collect();
                Bool::and(&parts)
            }
            Formula::Any(parts) => {
                let parts: Vec<Bool> = parts.iter().map(|part| self.formula(part)).collect();
                Bool::or(&parts)
            }
        }
    }

    fn is_natural(&self, monomial: &[Variable]) -> bool {
        monomial.iter().all(|variable| self.problem.variables[variable.0 as usize].low >= 0)
    }

    /// True statements about the products in use, and about their parts.
    fn lemmas(&mut self) -> Vec<Bool> {
        let mut families: FxHashMap<Monomial, Vec<Monomial>> = FxHashMap::default();
        let mut cofactors: Vec<Monomial> = Vec::new();
        let mut next = 0;
        while next < self.order.len() {
            let monomial = self.order[next].clone();
            next += 1;
            if monomial.len() < 2 {
                continue;
            }
            for (cofactor, factor) in splits(&monomial) {
                self.monomial(&cofactor);
                self.monomial(&factor);
                if self.is_natural(&cofactor) {
                    let family = families.entry(cofactor.clone()).or_insert_with(|| {
                        cofactors.push(cofactor);
                        Vec::new()
                    });
                    if !family.contains(&factor) {
                        family.push(factor);
                    }
                }
            }
        }
        let mut lemmas = self.multiples();
        for cofactor in cofactors {
            let family = families.remove(&cofactor).unwrap_or_default();
            for (index, factor) in family.iter().enumerate() {
                lemmas.extend(self.against_constants(&cofactor, factor));
                lemmas.extend(self.within_bounds(&cofactor, factor));
                if self.problem.counts {
                    lemmas.push(self.at_least_one(&cofactor, factor));
                }
                for other in &family[index + 1..] {
                    lemmas.extend(self.against_each_other(&cofactor, factor, other));
                    if self.problem.counts {
                        lemmas.extend(self.steps(&cofactor, factor, other));
                        lemmas.extend(self.steps(&cofactor, other, factor));
                    }
                }
            }
            if lemmas.len() > LEMMAS {
                break;
            }
        }
        lemmas
    }

    /// Where x = c·q + r with a constant c, the same times every other factor of x: x·y = c·q·y + r·y.
    fn multiples(&mut self) -> Vec<Bool> {
        let mut lemmas = Vec::new();
        let products: Vec<Monomial> = self.order.iter().filter(|monomial| monomial.len() > 1).cloned().collect();
        for monomial in products {
            for (at, factor) in monomial.iter().enumerate() {
                let divisions = self.problem.divisions.iter().filter(|it| it.dividend.single() == Some(*factor));
                for division in divisions {
                    let rest: Monomial = monomial
                        .iter()
                        .enumerate()
                        .filter(|(index, _)| *index != at)
                        .map(|(_, other)| *other)
                        .collect();
                    let (Some(by @ 1..), Some(quotient), Some(remainder)) =
                        (division.divisor.as_constant(), division.quotient.single(), division.remainder.single())
                    else {
                        continue;
                    };
                    let whole = self.product(&rest, &vec![quotient]);
                    let left = self.product(&rest, &vec![remainder]);
                    let whole = Int::mul(&[Int::from_i128(by), whole]);
                    let term = self.monomial(&monomial);
                    lemmas.push(term.eq(Int::add(&[whole, left.clone()])));
                    let none = self.monomial(&[remainder]).eq(Int::from_i64(0));
                    lemmas.push(none.implies(left.eq(Int::from_i64(0))));
                }
            }
        }
        lemmas
    }

    fn product(&mut self, left: &Monomial, right: &Monomial) -> Int {
        let mut product: Monomial = left.iter().chain(right).copied().collect();
        product.sort_unstable();
        self.monomial(&product)
    }

    fn against_constants(&mut self, cofactor: &Monomial, factor: &Monomial) -> [Bool; 5] {
        let (by, x) = (self.monomial(cofactor), self.monomial(factor));
        let product = self.product(cofactor, factor);
        let constant = Int::from_i64;
        [
            x.ge(constant(1)).implies(product.ge(&by)),
            x.le(constant(0)).implies(product.le(constant(0))),
            x.le(constant(-1)).implies(product.le(by.unary_minus())),
            x.eq(constant(0)).implies(product.eq(constant(0))),
            x.eq(constant(1)).implies(product.eq(&by)),
        ]
    }

    /// A variable between its bounds has its products between theirs.
    fn within_bounds(&mut self, cofactor: &Monomial, factor: &Monomial) -> Vec<Bool> {
        let [variable] = factor[..] else { return Vec::new() };
        let bounds = &self.problem.variables[variable.0 as usize];
        let (low, high) = (bounds.low, bounds.high);
        let by = self.monomial(cofactor);
        let product = self.product(cofactor, factor);
        let times = |bound: i128| Int::mul(&[Int::from_i128(bound), by.clone()]);
        vec![product.ge(times(low)), product.le(times(high))]
    }

    /// c ≥ 1 and x ≥ 1: x·(c − 1) ≥ c − 1.
    fn at_least_one(&mut self, cofactor: &Monomial, factor: &Monomial) -> Bool {
        let (by, x) = (self.monomial(cofactor), self.monomial(factor));
        let product = self.product(cofactor, factor);
        let one = || Int::from_i64(1);
        let both = Bool::and(&[by.ge(one()), x.ge(one())]);
        both.implies(Int::sub(&[product, x]).ge(Int::sub(&[by, one()])))
    }

    /// x + 1 = y: y·c = x·c + c. Where c ≥ 1 and x < y: y·(c − 1) ≥ x·(c − 1) + c − 1.
    fn steps(&mut self, cofactor: &Monomial, left: &Monomial, right: &Monomial) -> [Bool; 2] {
        let (by, x, y) = (self.monomial(cofactor), self.monomial(left), self.monomial(right));
        let (x_by, y_by) = (self.product(cofactor, left), self.product(cofactor, right));
        let one = || Int::from_i64(1);
        let next = Int::add(&[x.clone(), one()]).eq(&y);
        let later = Bool::and(&[by.ge(one()), x.lt(&y)]);
        let less = |product: &Int, factor: &Int| Int::sub(&[product.clone(), factor.clone()]);
        [
            next.implies(y_by.eq(Int::add(&[x_by.clone(), by.clone()]))),
            later.implies(less(&y_by, &y).ge(Int::add(&[less(&x_by, &x), less(&by, &one())]))),
        ]
    }

    fn against_each_other(&mut self, cofactor: &Monomial, left: &Monomial, right: &Monomial) -> [Bool; 5] {
        let (by, x, y) = (self.monomial(cofactor), self.monomial(left), self.monomial(right));
        let (x_by, y_by) = (self.product(cofactor, left), self.product(cofactor, right));
        let beyond = |term: &Int| Int::add(&[term.clone(), Int::from_i64(1)]);
        [
            x.lt(&y).implies(y_by.ge(Int::add(&[x_by.clone(), by.clone()]))),
            x.gt(&y).implies(x_by.ge(Int::add(&[y_by.clone(), by.clone()]))),
            x.eq(&y).implies(x_by.eq(&y_by)),
            beyond(&x).lt(&y).implies(y_by.ge(Int::add(&[x_by.clone(), by.clone(), by.clone()]))),
            beyond(&y).lt(&x).implies(x_by.ge(Int::add(&[y_by.clone(), by.clone(), by]))),
        ]
    }
}

/// Every way to write a monomial as cofactor times factor, neither of them empty.
fn splits(monomial: &Monomial) -> Vec<(Monomial, Monomial)> {
    let mut found: Vec<(Monomial, Monomial)> = Vec::new();
    for chosen in 1..(1_u32 << monomial.len()) - 1 {
        let part = |wanted: bool| -> Monomial {
            let taken = monomial.iter().enumerate().filter(|(index, _)| (chosen >> index & 1 == 1) == wanted);
            taken.map(|(_, variable)| *variable).collect()
        };
        let split = (part(true), part(false));
        if !found.contains(&split) {
            found.push(split);
        }
    }
    found
}
