//! Rendered expressions mean what `evaluate` says: random ones are compiled for the host and compared.

use super::*;
use crate::kernel::render_helpers;
use arverify_protocol::data::{Accumulate, DataType};
use std::process::Command;

/// Two registers: a word and an index.
struct TestScope;

impl Scope for TestScope {
    fn local(&self, local: LocalId) -> Result<Rendered, RenderError> {
        let kinds = [Type::Word, Type::Index];
        Ok(Rendered::name(["word", "index"][local.index()], kinds[local.index()]))
    }

    fn argument(&self, _: ArgumentId) -> Result<Rendered, RenderError> {
        Ok(Rendered::name("argument", Type::Word))
    }

    fn symbol(&mut self, symbol: Symbol) -> Result<Rendered, RenderError> {
        Ok(Rendered::name(symbol_name(symbol)?, Type::Index))
    }

    fn helper(&mut self, helper: Helper) -> &'static str {
        helper.name()
    }
}

/// splitmix64
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut state = self.0;
        state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (state ^ (state >> 31)) % limit
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}

const OPERATORS: [Binary; 19] = [
    Binary::Add,
    Binary::Subtract,
    Binary::Multiply,
    Binary::Divide,
    Binary::Remainder,
    Binary::CeilingDivide,
    Binary::Minimum,
    Binary::Maximum,
    Binary::Equal,
    Binary::NotEqual,
    Binary::Less,
    Binary::LessEqual,
    Binary::Greater,
    Binary::GreaterEqual,
    Binary::And,
    Binary::Or,
    Binary::Xor,
    Binary::ShiftLeft,
    Binary::ShiftRight,
];

fn expression(random: &mut Random, depth: u32) -> Expression {
    let inner = |random: &mut Random| Box::new(expression(random, depth - 1));
    match random.below(if depth == 0 { 4 } else { 12 }) {
        0 => Expression::Constant(random.one_of(&[0, 1, 2, 3, 7, 31, 32, 100, 65_536, 3_000_000_000, -1, -5])),
        1 => Expression::Symbol(random.one_of(&[
            Symbol::Ranks,
            Symbol::Blocks,
            Symbol::Threads,
            Symbol::Elements,
            Symbol::Vector,
            Symbol::ElementBytes,
            Symbol::Grid,
            Symbol::Rank,
            Symbol::Block,
            Symbol::Thread,
        ])),
        2 => Expression::Local(LocalId(random.below(2) as u32)),
        3 => Expression::Argument(ArgumentId(0)),
        4 => Expression::Not(inner(random)),
        5 => Expression::If { condition: inner(random), then: inner(random), otherwise: inner(random) },
        _ => Expression::Binary {
            operator: random.one_of(&OPERATORS),
            kind: random.one_of(&[Kind::Word, Kind::Index]),
            left: inner(random),
            right: inner(random),
        },
    }
}

/// Whether rounding up is only asked of numbers that are not negative, as the language promises.
fn rounds_up_naturals(environment: &Environment<'_>, expression: &Expression) -> bool {
    let inner = |inner: &Expression| rounds_up_naturals(environment, inner);
    match expression {
        Expression::Binary { operator, kind, left, right } => {
            let natural = |side: &Expression| environment.evaluate(side).is_ok_and(|value| value >= 0);
            let fine = *operator != Binary::CeilingDivide || *kind == Kind::Word || (natural(left) && natural(right));
            fine && inner(left) && inner(right)
        }
        Expression::Not(operand) => inner(operand),
        Expression::If { condition, then, otherwise } => inner(condition) && inner(then) && inner(otherwise),
        _ => true,
    }
}

#[test]
fn rendered_expressions_have_the_value_that_evaluate_gives() {
    let sizes = Sizes {
        ranks: 8,
        blocks: 36,
        threads: 512,
        elements: 1_000_003,
        capacity: 1_000_003,
        data: DataType::BF16,
        accumulate: Accumulate::Own,
    };
    let environment = Environment {
        sizes: &sizes,
        grid: 35,
        rank: 5,
        block: 34,
        thread: 511,
        launch: 0,
        arguments: &[u32::MAX - 1],
        locals: &[4_294_967_295, 1 << 40],
    };
    let mut random = Random(1);
    let (mut wanted, mut lines) = (Vec::new(), String::new());
    while wanted.len() < 1500 {
        let expression = expression(&mut random, 4);
        // What has no value is reported by the checker, and C++ would not define it.
        let Ok(value) = environment.evaluate(&expression) else { continue };
        if !rounds_up_naturals(&environment, &expression) {
            continue;
        }
        let text = render(&mut TestScope, &expression).unwrap_or_else(|error| panic!("{error}")).text;
        lines.push_str(&format!("std::printf(\"%lld\\n\", (long long)({text}));\n"));
        wanted.push((value, text));
    }
    let helpers = [Helper::CeilingDivide, Helper::Smaller, Helper::Larger, Helper::ShiftLeft, Helper::ShiftRight];
    let helpers = render_helpers(&helpers.map(Helper::name)).unwrap_or_else(|error| panic!("{error}"));
    let program = format!(
        "#include <cstdio>
        #define __device__ static
        #define __forceinline__ inline
        using u32 = unsigned int; using u64 = unsigned long long; using i64 = long long;
        constexpr i64 P = 8, T = 512, V = 8, ElementBytes = 2;
        {helpers}
        int main(int count, char**) {{
            const i64 zero = count - 1; // not known to the compiler
            const i64 N = 1000003 + zero, B = 36 + zero, grid = 35 + zero, rank = 5 + zero, block = 34 + zero;
            const i64 thread = 511 + zero, index = (1LL << 40) + zero;
            const u32 word = 4294967295u + u32(zero), argument = 4294967294u + u32(zero);
            {lines}
        }}"
    );
    let Some(output) = run(&program) else { return };
    let found: Vec<i64> = output.lines().map(|line| line.parse().expect("a number")).collect();
    assert_eq!(found.len(), wanted.len());
    for ((wanted, text), found) in wanted.iter().zip(found) {
        assert_eq!(*wanted, found, "{text}");
    }
}

/// Compiles and runs a program; `None`, loudly, without a compiler.
fn run(program: &str) -> Option<String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (source, binary) = (folder.path().join("main.cpp"), folder.path().join("main"));
    std::fs::write(&source, program).expect("the folder is writable");
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let Ok(compiled) = Command::new(&compiler).args(["-std=c++17", "-w"]).arg(&source).arg("-o").arg(&binary).output()
    else {
        eprintln!("SKIPPED rendered_expressions_have_the_value_that_evaluate_gives: no C++ compiler ({compiler})");
        return None;
    };
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let result = Command::new(&binary).output().expect("the program starts");
    assert!(result.status.success(), "{:?}", result.status);
    Some(String::from_utf8_lossy(&result.stdout).into_owned())
}
