//! The two engines on random programs: the machine must reach exactly the outcomes that the axioms allow, or say why
//! it cannot tell. `ARVERIFY_PROGRAMS` says how many programs; a difference is shrunk, and belongs in tests/litmus.

use arverify_model::axioms::{self, Model};
use arverify_model::litmus::{Formula, Quantifier, Test, parse};
use arverify_model::outcomes::{self, reachable};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::cell::Cell;
use std::time::Duration;

const LOCATIONS: [&str; 3] = ["x", "y", "z"];
const SCOPES: [&str; 4] = ["gpu", "gpu", "sys", "cta"];

/// One instruction; `{r}` stands for a fresh register, `{p}` for the register before.
fn instruction() -> impl Strategy<Value = String> {
    let place = || select(&LOCATIONS[..]);
    let scope = || select(&SCOPES[..]);
    let load = (select(&["weak", "relaxed", "relaxed", "acquire", "acquire"][..]), scope(), place());
    let load = load.prop_map(|(order, scope, place)| format!("ld.{} {{r}}, {place}", semantics(order, scope)));
    let store = (select(&["weak", "relaxed", "relaxed", "release", "release"][..]), scope(), place(), 1..3_i32);
    let store =
        store.prop_map(|(order, scope, place, value)| format!("st.{} {place}, {value}", semantics(order, scope)));
    let copy = (select(&["relaxed", "release"][..]), scope(), place());
    let copy = copy.prop_map(|(order, scope, place)| format!("st.{order}.{scope} {place}, {{p}}"));
    let orders = || select(&["relaxed", "acquire", "release", "acq_rel"][..]);
    let atomic = (orders(), scope(), select(&["add", "exch", "max", "or"][..]), place(), 1..3_i32);
    let atomic = atomic.prop_map(|(order, scope, operation, place, value)| {
        format!("atom.{order}.{scope}.{operation} {{r}}, {place}, {value}")
    });
    let swap = (orders(), scope(), place(), 0..2_i32, 1..3_i32);
    let swap = swap.prop_map(|(order, scope, place, expected, new)| {
        format!("atom.{order}.{scope}.cas {{r}}, {place}, {expected}, {new}")
    });
    let fence = (select(&["acq_rel", "sc"][..]), scope()).prop_map(|(kind, scope)| format!("fence.{kind}.{scope}"));
    let branch = (1..3_i32).prop_map(|value| format!("bne {{p}}, {value}, END"));
    let barrier = select(&["bar.cta.sync 1", "bar.cta.arrive 1"][..]).prop_map(str::to_owned);
    prop_oneof![5 => load, 5 => store, 1 => copy, 2 => atomic, 1 => swap, 2 => fence, 2 => branch, 1 => barrier]
}

fn semantics(order: &str, scope: &str) -> String {
    if order == "weak" { order.to_owned() } else { format!("{order}.{scope}") }
}

/// Two to four threads of up to four instructions, each in one of a few places.
fn program() -> impl Strategy<Value = Vec<(u32, u32, Vec<String>)>> {
    vec((0..2_u32, select(&[0_u32, 0, 0, 1][..]), vec(instruction(), 1..5)), 2..5)
}

fn text(threads: &[(u32, u32, Vec<String>)]) -> String {
    let mut columns = Vec::new();
    let mut terms: Vec<String> = LOCATIONS.iter().map(|place| format!("{place} == 0")).collect();
    for (thread, (_, _, instructions)) in threads.iter().enumerate() {
        let mut registers = 0;
        let mut column = Vec::new();
        for instruction in instructions {
            let last = i32::max(registers - 1, 0);
            column.push(instruction.replace("{r}", &format!("r{registers}")).replace("{p}", &format!("r{last}")));
            if instruction.contains("{r}") {
                terms.push(format!("P{thread}:r{registers} == 0"));
                registers += 1;
            }
        }
        column.push("END:".to_owned());
        columns.push(column);
    }
    let rows = columns.iter().map(Vec::len).max().unwrap_or(0);
    let header =
        threads.iter().enumerate().map(|(thread, (block, device, _))| format!("P{thread}@cta {block},gpu {device}"));
    let mut text = format!("PTX random\n{{ x=0; y=0; z=0; }}\n {} ;\n", header.collect::<Vec<_>>().join(" | "));
    for row in 0..rows {
        let cells = columns.iter().map(|column| column.get(row).map_or("", String::as_str));
        text += &format!(" {} ;\n", cells.collect::<Vec<_>>().join(" | "));
    }
    text + &format!("exists ({})\n", terms.join(" /\\ "))
}

/// How a comparison came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compared {
    /// Exactly the same outcomes.
    Exactly,
    /// What the machine reaches, the axioms allow; load buffering could add more.
    Partly,
    /// The machine cannot tell.
    Not,
}

fn compare(test: &Test) -> Result<Compared, String> {
    let machine = outcomes::Budget { time: Duration::from_secs(10), states: 50_000, passes: 2, without: None };
    let budget = axioms::Budget { time: Duration::from_secs(20), passes: 2 };
    let Ok((reached, complete)) = reachable(test, &machine) else { return Ok(Compared::Not) };
    let allowed = |condition: Formula| {
        let test = Test { quantifier: Quantifier::Exists, condition, ..test.clone() };
        axioms::holds(&test, Model::Ptx75, &budget).holds
    };
    for outcome in &reached {
        if allowed(outcome.clone()) == Some(false) {
            return Err(format!("the machine reaches what the axioms forbid: {outcome:?}"));
        }
    }
    let other = Formula::Not(Box::new(Formula::Or(reached)));
    if !complete {
        return Ok(Compared::Partly);
    }
    match allowed(other) {
        Some(true) => Err("the axioms allow what the machine does not reach".to_owned()),
        _ => Ok(Compared::Exactly),
    }
}

#[test]
fn the_engines_agree_on_random_programs() {
    let cases = std::env::var("ARVERIFY_PROGRAMS").ok().and_then(|count| count.parse().ok()).unwrap_or(500);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let seed = std::env::var("ARVERIFY_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1_u8);
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]));
    let counts: [Cell<u32>; 3] = Default::default();
    let result = runner.run(&program(), |threads| {
        let text = text(&threads);
        let test = parse("random.litmus", &text).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let compared = compare(&test).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        let count = &counts[compared as usize];
        count.set(count.get() + 1);
        Ok(())
    });
    let [exactly, partly, not] = counts.map(|count| count.get());
    println!(
        "{exactly} agree exactly, {partly} as far as the machine goes, {not} the machine cannot tell; seed {seed}"
    );
    if let Err(error) = result {
        panic!("{error}");
    }
    assert!(exactly * 10 > cases, "too few programs are compared: {exactly} of {cases}");
}
