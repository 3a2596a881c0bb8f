//! Expressions of the language as polynomials, for a thread whose coordinates are variables.
//!
//! What [`arverify_protocol::evaluate`] computes at fixed sizes, written down for all: indices are integers that must fit
//! 64 bits, words wrap at 32 bits. Not modelled: exclusive or, shifts by unknown amounts, remainders of negative
//! dividends (which have the sign of the dividend); they are reported, never guessed.

use super::problem::{Problem, Unsupported};
use super::term::{Formula, Polynomial};
use arverify_protocol::ids::LocalId;
use arverify_protocol::ir::{Binary, Expression, Kind, Symbol};
use rustc_hash::FxHashMap;

/// The sizes of a problem.
#[derive(Clone, Debug)]
pub(super) struct SizeTerms {
    pub(super) ranks: Polynomial,
    pub(super) blocks: Polynomial,
    pub(super) threads: Polynomial,
    pub(super) elements: Polynomial,
    pub(super) capacity: Polynomial,
    pub(super) vector: Polynomial,
    pub(super) element_bytes: Polynomial,
}

/// Everything an expression can refer to.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    pub(super) sizes: SizeTerms,
    /// Blocks this rank launched; none for expressions over sizes.
    pub(super) grid: Option<Polynomial>,
    pub(super) rank: Option<Polynomial>,
    pub(super) block: Option<Polynomial>,
    pub(super) thread: Option<Polynomial>,
    /// The launch, as the word that the host counts in.
    pub(super) launch: Option<Polynomial>,
    pub(super) arguments: Vec<Result<Polynomial, Unsupported>>,
    pub(super) locals: FxHashMap<LocalId, Polynomial>,
}

impl Scope {
    /// Only sizes are known.
    pub(super) fn of_sizes(sizes: &SizeTerms) -> Scope {
        Scope {
            sizes: sizes.clone(),
            grid: None,
            rank: None,
            block: None,
            thread: None,
            launch: None,
            arguments: Vec::new(),
            locals: FxHashMap::default(),
        }
    }

    fn symbol(&self, symbol: Symbol) -> Result<Polynomial, Unsupported> {
        let unknown = |name: &str| Unsupported::Unknown(name.to_owned());
        match symbol {
            Symbol::Ranks => Ok(self.sizes.ranks.clone()),
            Symbol::Blocks => Ok(self.sizes.blocks.clone()),
            Symbol::Threads => Ok(self.sizes.threads.clone()),
            Symbol::Elements => Ok(self.sizes.elements.clone()),
            Symbol::Capacity => Ok(self.sizes.capacity.clone()),
            Symbol::Vector => Ok(self.sizes.vector.clone()),
            Symbol::ElementBytes => Ok(self.sizes.element_bytes.clone()),
            Symbol::Grid => self.grid.clone().ok_or_else(|| unknown("grid")),
            Symbol::Rank => self.rank.clone().ok_or_else(|| unknown("self")),
            Symbol::Block => self.block.clone().ok_or_else(|| unknown("block")),
            Symbol::Thread => self.thread.clone().ok_or_else(|| unknown("thread")),
            Symbol::Launch => self.launch.clone().ok_or_else(|| unknown("launch")),
        }
    }
}

/// The value of an expression.
pub(super) fn value(problem: &mut Problem, scope: &Scope, expression: &Expression) -> Result<Polynomial, Unsupported> {
    match expression {
        Expression::Constant(value) => Ok(Polynomial::constant(i128::from(*value))),
        Expression::Symbol(symbol) => scope.symbol(*symbol),
        Expression::Local(local) => {
            scope.locals.get(local).cloned().ok_or_else(|| Unsupported::Unknown(format!("register {}", local.0)))
        }
        Expression::Argument(argument) => scope
            .arguments
            .get(argument.index())
            .cloned()
            .unwrap_or_else(|| Err(Unsupported::Unknown("argument".to_owned()))),
        Expression::If { condition: asked, then, otherwise } => {
            let asked = condition(problem, scope, asked)?;
            let yes = under(problem, asked.clone(), |problem| value(problem, scope, then));
            let no = under(problem, asked.clone().not(), |problem| value(problem, scope, otherwise));
            match asked {
                Formula::Truth(true) => yes,
                Formula::Truth(false) => no,
                asked => problem.choose(asked, &yes?, &no?),
            }
        }
        Expression::Not(_) => truth_value(problem, scope, expression),
        Expression::Binary { operator, kind, left, right } => {
            if is_condition(*operator) {
                return truth_value(problem, scope, expression);
            }
            let (left, right) = (value(problem, scope, left)?, value(problem, scope, right)?);
            match kind {
                Kind::Index => index(problem, *operator, &left, &right),
                Kind::Word => word(problem, *operator, &left, &right),
            }
        }
    }
}

fn under<R>(problem: &mut Problem, guard: Formula, act: impl FnOnce(&mut Problem) -> R) -> R {
    problem.guard.push(guard);
    let result = act(problem);
    problem.guard.pop();
    result
}

fn truth_value(problem: &mut Problem, scope: &Scope, expression: &Expression) -> Result<Polynomial, Unsupported> {
    let holds = condition(problem, scope, expression)?;
    problem.choose(holds, &Polynomial::constant(1), &Polynomial::constant(0))
}

fn is_condition(operator: Binary) -> bool {
    match operator {
        Binary::Equal
        | Binary::NotEqual
        | Binary::Less
        | Binary::LessEqual
        | Binary::Greater
        | Binary::GreaterEqual
        | Binary::And
        | Binary::Or => true,
        Binary::Add
        | Binary::Subtract
        | Binary::Multiply
        | Binary::Divide
        | Binary::Remainder
        | Binary::CeilingDivide
        | Binary::Minimum
        | Binary::Maximum
        | Binary::Xor
        | Binary::ShiftLeft
        | Binary::ShiftRight => false,
    }
}

/// The condition that an expression is not zero.
pub(super) fn condition(problem: &mut Problem, scope: &Scope, expression: &Expression) -> Result<Formula, Unsupported> {
    match expression {
        Expression::Not(inner) => Ok(condition(problem, scope, inner)?.not()),
        Expression::Binary { operator: Binary::And, left, right, .. } => {
            let left = condition(problem, scope, left)?;
            let right = under(problem, left.clone(), |problem| condition(problem, scope, right))?;
            Ok(Formula::all([left, right]))
        }
        Expression::Binary { operator: Binary::Or, left, right, .. } => {
            let left = condition(problem, scope, left)?;
            let right = under(problem, left.clone().not(), |problem| condition(problem, scope, right))?;
            Ok(Formula::any([left, right]))
        }
        Expression::Binary { operator, kind, left, right } if is_condition(*operator) => {
            let (mut left, mut right) = (value(problem, scope, left)?, value(problem, scope, right)?);
            if *kind == Kind::Word {
                (left, right) = (problem.wrap(&left)?, problem.wrap(&right)?);
            }
            comparison(*operator, &left, &right)
        }
        other => Ok(equal(&value(problem, scope, other)?, &Polynomial::constant(0))?.not()),
    }
}

fn comparison(operator: Binary, left: &Polynomial, right: &Polynomial) -> Result<Formula, Unsupported> {
    match operator {
        Binary::Equal => equal(left, right),
        Binary::NotEqual => Ok(equal(left, right)?.not()),
        Binary::Less => less(left, right),
        Binary::LessEqual => Ok(less(right, left)?.not()),
        Binary::Greater => less(right, left),
        Binary::GreaterEqual => Ok(less(left, right)?.not()),
        _ => Err(Unsupported::Operator("comparison")),
    }
}

/// left == right
pub(super) fn equal(left: &Polynomial, right: &Polynomial) -> Result<Formula, Unsupported> {
    left.minus(right).map(Formula::zero).ok_or(Unsupported::TooLarge)
}

/// left < right
pub(super) fn less(left: &Polynomial, right: &Polynomial) -> Result<Formula, Unsupported> {
    let room = right.minus(left).and_then(|room| room.plus(&Polynomial::constant(-1)));
    room.map(Formula::at_least_zero).ok_or(Unsupported::TooLarge)
}

fn index(
    problem: &mut Problem,
    operator: Binary,
    left: &Polynomial,
    right: &Polynomial,
) -> Result<Polynomial, Unsupported> {
    let value = match operator {
        Binary::Add => left.plus(right).ok_or(Unsupported::TooLarge)?,
        Binary::Subtract => left.minus(right).ok_or(Unsupported::TooLarge)?,
        Binary::Multiply => left.times(right).ok_or(Unsupported::TooLarge)?,
        Binary::Divide => division(problem, left, right)?.0,
        Binary::Remainder => division(problem, left, right)?.1,
        Binary::CeilingDivide => {
            let raised = left.plus(right).and_then(|sum| sum.plus(&Polynomial::constant(-1)));
            division(problem, &raised.ok_or(Unsupported::TooLarge)?, right)?.0
        }
        Binary::Minimum => problem.choose(less(left, right)?, left, right)?,
        Binary::Maximum => problem.choose(less(left, right)?, right, left)?,
        Binary::ShiftLeft => left.times(&power(right)?).ok_or(Unsupported::TooLarge)?,
        Binary::ShiftRight => problem.divide(left, &power(right)?)?.0,
        Binary::Xor => return Err(Unsupported::Operator("xor")),
        _ => return Err(Unsupported::Operator("condition")),
    };
    Ok(problem.fits(value))
}

fn power(exponent: &Polynomial) -> Result<Polynomial, Unsupported> {
    match exponent.as_constant() {
        Some(by @ 0..=62) => Ok(Polynomial::constant(1 << by)),
        _ => Err(Unsupported::Operator("shift")),
    }
}

/// Quotient and remainder of a dividend that is not negative by a divisor that is positive: both become conditions.
fn division(
    problem: &mut Problem,
    dividend: &Polynomial,
    divisor: &Polynomial,
) -> Result<(Polynomial, Polynomial), Unsupported> {
    if problem.interval(divisor).0 <= 0 {
        let positive = less(&Polynomial::constant(0), divisor)?;
        problem.must(positive, "a divisor is positive");
    }
    if problem.interval(dividend).0 < 0 {
        problem.must(Formula::at_least_zero(dividend.clone()), "a dividend is not negative");
    }
    problem.divide(dividend, divisor)
}

fn word(
    problem: &mut Problem,
    operator: Binary,
    left: &Polynomial,
    right: &Polynomial,
) -> Result<Polynomial, Unsupported> {
    let (left, right) = (problem.wrap(left)?, problem.wrap(right)?);
    let value = match operator {
        Binary::Add => left.plus(&right).ok_or(Unsupported::TooLarge)?,
        Binary::Subtract => left.minus(&right).ok_or(Unsupported::TooLarge)?,
        Binary::Multiply => left.times(&right).ok_or(Unsupported::TooLarge)?,
        Binary::Divide => division(problem, &left, &right)?.0,
        Binary::Remainder => division(problem, &left, &right)?.1,
        Binary::CeilingDivide => {
            let raised = left.plus(&right).and_then(|sum| sum.plus(&Polynomial::constant(-1)));
            division(problem, &raised.ok_or(Unsupported::TooLarge)?, &right)?.0
        }
        Binary::Minimum => problem.choose(less(&left, &right)?, &left, &right)?,
        Binary::Maximum => problem.choose(less(&left, &right)?, &right, &left)?,
        Binary::ShiftLeft => left.times(&power(&right)?).ok_or(Unsupported::TooLarge)?,
        Binary::ShiftRight => problem.divide(&left, &power(&right)?)?.0,
        Binary::Xor => return Err(Unsupported::Operator("xor")),
        _ => return Err(Unsupported::Operator("condition")),
    };
    problem.wrap(&value)
}
