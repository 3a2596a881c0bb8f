//! Values of expressions.

use super::super::{Expression, Values, Variable};

const AT: Values = Values { rank: 1, ranks: 4, launch: 2, grid: 6, block: 32, index: 0, turn: 0 };

fn parse(text: &str) -> Result<Expression, String> {
    let place = |range: std::ops::Range<usize>| range.start as u32..range.end as u32;
    Expression::parse(text, &place, &Variable::OF_LAUNCH).map_err(|error| error.message)
}

fn value(text: &str) -> Result<i128, String> {
    parse(text)?.evaluate(&AT).map_err(|error| error.message)
}

fn real(text: &str) -> Result<f64, String> {
    parse(text)?.evaluate_real(&AT).map_err(|error| error.message)
}

#[test]
fn operators_are_those_of_c() {
    for (text, expected) in [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("7 - 2 - 1", 4),
        ("7 / 2", 3),
        ("-7 / 2", -3),
        ("-7 % 4", -3),
        ("2 - launch % 2", 2),
        ("1 << 3 + 1", 16),
        ("0xFF & ~0xF", 0xF0),
        ("6 ^ 3 | 8", 13),
        ("1 < 2 == 1", 1),
        ("rank == 1 && launch != 2 || grid >= 6", 1),
        ("rank == 0 ? 5 : rank == 1 ? 6 : 7", 6),
        ("min(rank, launch, grid) + max(1, block)", 33),
        ("!rank + !0", 1),
        ("- - 3", 3),
        ("+4", 4),
        ("1_000u + 0b11 + 0o17 + 0x1fUL", 1000 + 3 + 15 + 31),
        ("(4294967294 + launch) % 4294967296", 0),
        ("18446744073709551615", u64::MAX as i128),
    ] {
        assert_eq!(value(text), Ok(expected), "{text}");
    }
}

#[test]
fn what_is_not_needed_is_not_evaluated() {
    assert_eq!(value("rank == 1 ? 3 : 1 / 0"), Ok(3));
    assert_eq!(value("0 && 1 / 0"), Ok(0));
    assert_eq!(value("1 || 1 / 0"), Ok(1));
}

#[test]
fn reals_divide_as_reals() {
    assert_eq!(real("1 / ranks"), Ok(0.25));
    assert_eq!(real("1e-3 * 1000"), Ok(1.0));
    assert_eq!(real("-.5f"), Ok(-0.5));
    assert_eq!(real("min(0.5, 2) + (rank == 1 ? 1.5 : 0)"), Ok(2.0));
    assert_eq!(real("7 % 4"), Ok(3.0));
    assert_eq!(real("7.5 % 4"), Err("expected a whole number".to_owned()));
    assert_eq!(real("1 / 0"), Err("division by zero".to_owned()));
    assert_eq!(real("1e308 * 10"), Err("the value is not finite".to_owned()));
}

#[test]
fn mistakes_are_named() {
    for (text, expected) in [
        ("", "expected a number, a variable or `(`"),
        ("1 +", "expected a number, a variable or `(`"),
        ("1 2", "expected an operator or the end of the expression"),
        ("(1", "expected `)`"),
        ("rnak", "unknown variable `rnak`"),
        ("1 / (rank - 1)", "division by zero"),
        ("1 % 0", "division by zero"),
        ("1 << 200", "cannot shift by 200"),
        ("1 >> -1", "cannot shift by -1"),
        ("1 << 127", "the value is out of range"),
        ("0.5", "expected a whole number"),
        ("010", "`010` is not a number"),
        ("0x", "`0x` is not a number"),
        ("1.2.3", "`1.2.3` is not a number"),
        ("4 $ 4", "unexpected `$`"),
        ("170141183460469231731687303715884105727 + 1", "the value is out of range"),
        ("170141183460469231731687303715884105728", "`170141183460469231731687303715884105728` is not a number"),
        ("min()", "expected a number, a variable or `(`"),
    ] {
        assert_eq!(value(text), Err(expected.to_owned()), "{text}");
    }
}

#[test]
fn size_and_depth_are_limited() {
    for text in ["(".repeat(100_000), "-".repeat(100_000), "1+".repeat(100_000), "1?".repeat(50_000)] {
        assert!(parse(&text).is_err());
    }
    assert_eq!(value(&format!("{}1{}", "(".repeat(30), ")".repeat(30))), Ok(1));
}

#[test]
fn only_what_has_a_value_may_be_named() {
    let place = |range: std::ops::Range<usize>| range.start as u32..range.end as u32;
    let error = Expression::parse("rank + launch", &place, &[Variable::Rank]).err();
    assert_eq!(error.map(|error| (error.message, error.span)), Some(("`launch` has no value here".to_owned(), 7..13)));
}
