//! `parse(print(tree)) == tree` for random syntax trees, and `print` is a fixed point.
//!
//! The trees are right in syntax and mean nothing; they go through the parser alone.

use crate::ir::{AtomicOperation, Binary, Compare, Order, Reduction, Scope, Semantics, Width};
use crate::language::parser;
use crate::language::printer::print_file;
use crate::language::tree::*;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn name_of(text: &str) -> Name {
    Name { text: text.to_owned(), at: Mark::default() }
}

/// Words that names may be.
const NAMES: [&str; 16] =
    ["a", "b2", "_c", "pad", "tail", "on", "sum", "weak", "P", "self", "store", "at", "by", "until", "sc", "rank"];

fn name() -> impl Strategy<Value = Name> {
    select(NAMES.to_vec()).prop_map(name_of)
}

/// The names of pipes: all but `rank`, which comes last.
fn pipe() -> impl Strategy<Value = Name> {
    select(NAMES[..NAMES.len() - 1].to_vec()).prop_map(name_of)
}

fn procedure() -> impl Strategy<Value = Name> {
    select(vec!["meet", "sum", "rank", "then_this"]).prop_map(name_of)
}

/// Any words, reserved or not.
const WORDS: [&str; 7] = ["on", "off", "load", "AR001", "weak", "x", "if"];

fn word() -> impl Strategy<Value = Name> {
    select(WORDS.to_vec()).prop_map(name_of)
}

fn hyphenated() -> impl Strategy<Value = Name> {
    select(vec!["a", "a-b", "one-2-shot", "x-y_z-9"]).prop_map(name_of)
}

fn comment() -> impl Strategy<Value = String> {
    select(vec!["", " note", " a // b", "  \"text\" { } ü"]).prop_map(str::to_owned)
}

fn trivia() -> impl Strategy<Value = Trivia> {
    let plain = Just(Trivia::default());
    let some = (vec(comment(), 0..2), any::<bool>(), option::of(comment()));
    let some = some.prop_map(|(comments, blank_before, trailing)| Trivia { comments, blank_before, trailing });
    prop_oneof![3 => plain, 1 => some]
}

fn at<K>(kind: K) -> Item<K> {
    Item { trivia: Trivia::default(), kind, at: Mark::default() }
}

fn item<K: std::fmt::Debug>(kind: impl Strategy<Value = K>) -> impl Strategy<Value = Item<K>> {
    (trivia(), kind).prop_map(|(trivia, kind)| Item { trivia, ..at(kind) })
}

fn operator() -> impl Strategy<Value = Binary> {
    use Binary::*;
    select(vec![
        Or,
        And,
        Equal,
        NotEqual,
        Less,
        LessEqual,
        Greater,
        GreaterEqual,
        Add,
        Subtract,
        Multiply,
        Divide,
        Remainder,
    ])
}

fn as_expression(kind: ExpressionKind) -> Expression {
    Expression { kind, at: Mark::default() }
}

fn expression() -> impl Strategy<Value = Expression> {
    let number = select(vec![0, 1, 16, i64::MAX]).prop_map(ExpressionKind::Number);
    let named = name().prop_map(|name| ExpressionKind::Name(name.text));
    let is = (name(), word()).prop_map(|(knob, value)| ExpressionKind::Is { knob, value });
    let leaf = prop_oneof![number, named, is].prop_map(as_expression);
    leaf.prop_recursive(5, 24, 3, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        let call = (name(), vec(inner.clone(), 0..3))
            .prop_map(|(function, arguments)| ExpressionKind::Call { function, arguments });
        let binary = (operator(), boxed(), boxed()).prop_map(|(operator, left, right)| ExpressionKind::Binary {
            operator,
            left,
            right,
        });
        let choice = (boxed(), boxed(), boxed()).prop_map(|(condition, then, otherwise)| ExpressionKind::If {
            condition,
            then,
            otherwise,
        });
        let loaded = place(inner.clone()).prop_map(|place| ExpressionKind::Load(Box::new(place)));
        prop_oneof![
            1 => call,
            5 => binary,
            1 => boxed().prop_map(ExpressionKind::Negate),
            1 => boxed().prop_map(ExpressionKind::Not),
            1 => choice,
            1 => loaded,
        ]
        .prop_map(as_expression)
    })
}

fn place(expression: impl Strategy<Value = Expression> + Clone) -> impl Strategy<Value = Place> {
    let offset = option::of(expression.clone().prop_map(Box::new));
    let rank = option::of(expression.clone().prop_map(Box::new));
    (name(), vec(expression, 0..3), offset, rank).prop_map(|(buffer, indices, offset, rank)| Place {
        buffer,
        indices,
        offset,
        rank,
        at: Mark::default(),
    })
}

fn any_place() -> impl Strategy<Value = Place> {
    place(expression().boxed())
}

fn ordering() -> impl Strategy<Value = Ordering> {
    let scope = select(vec![Scope::Cta, Scope::Gpu, Scope::Sys]);
    let order = select(vec![
        Order::Weak,
        Order::Volatile,
        Order::Relaxed,
        Order::Acquire,
        Order::Release,
        Order::AcqRel,
        Order::Sc,
    ]);
    (order, scope).prop_map(|(order, scope)| {
        let scope = if matches!(order, Order::Weak | Order::Volatile) { Scope::Sys } else { scope };
        Ordering { semantics: Semantics { order, scope }, at: Mark::default() }
    })
}

fn reduction() -> impl Strategy<Value = Reduction> {
    select(vec![Reduction::Sum, Reduction::Max, Reduction::Min])
}

fn tail_choice() -> impl Strategy<Value = TailChoice> {
    // `if`, the last, begins a choice.
    let word = select(WORDS[..WORDS.len() - 1].to_vec()).prop_map(|word| TailChoice::Word(name_of(word)));
    word.prop_recursive(3, 8, 2, |inner| {
        (expression(), inner.clone(), inner).prop_map(|(condition, then, otherwise)| TailChoice::If {
            condition,
            then: Box::new(then),
            otherwise: Box::new(otherwise),
        })
    })
}

fn range() -> impl Strategy<Value = Range> {
    let stride = (expression(), expression()).prop_map(|(low, high)| RangeSpan::Stride { low, high });
    let explicit = (expression(), expression(), expression()).prop_map(|(first, limit, step)| RangeSpan::Explicit {
        first,
        limit,
        step,
    });
    let span = prop_oneof![stride, explicit];
    let width = select(vec![Width::Vector, Width::Element, Width::Word]);
    (span, width, option::of(tail_choice())).prop_map(|(span, width, tail)| Range {
        span,
        width,
        tail,
        at: Mark::default(),
    })
}

fn over() -> impl Strategy<Value = Over> {
    let named = (name(), vec(expression(), 0..3)).prop_map(|(name, arguments)| Over::Named { name, arguments });
    prop_oneof![named, range().prop_map(|range| Over::Inline(Box::new(range)))]
}

fn atomic() -> impl Strategy<Value = Statement> {
    use AtomicOperation::*;
    let operation = select(vec![Add, Exchange, CompareSwap, Min, Max, And, Or, Xor, Increment, Decrement]);
    (option::of(name()), operation, any_place(), vec(expression(), 2), ordering()).prop_map(
        |(name, operation, place, mut operands, ordering)| {
            operands.truncate(if operation == CompareSwap { 2 } else { 1 });
            Statement::Atomic { name, operation, place, operands, ordering }
        },
    )
}

/// What is sent and received.
fn words() -> impl Strategy<Value = Statement> {
    let marking = || prop_oneof![expression().prop_map(Marking::Flag), Just(Marking::Sentinel)];
    let send = (any_place(), any_place(), over(), marking(), ordering()).prop_map(
        |(destination, source, over, marking, ordering)| Statement::Send {
            destination,
            source,
            over,
            marking,
            ordering,
        },
    );
    let bounds = (name(), expression(), expression());
    let receive = (any_place(), reduction(), bounds, any_place(), over(), marking(), ordering()).prop_map(
        |(destination, operation, (variable, from, to), source, over, marking, ordering)| Statement::Receive {
            destination,
            operation,
            variable,
            from,
            to,
            source,
            over,
            marking,
            ordering,
        },
    );
    prop_oneof![send, receive]
}

fn simple_statement() -> impl Strategy<Value = Statement> {
    use Compare::*;
    let compare = select(vec![Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual, Reached]);
    let barrier = (any::<bool>(), expression(), option::of(expression()))
        .prop_map(|(arrive, id, count)| Statement::Barrier { arrive, id, count });
    let store = (any_place(), expression(), ordering()).prop_map(|(place, value, ordering)| Statement::Store {
        place,
        value,
        ordering,
    });
    let binding = (name(), expression(), option::of(ordering())).prop_map(|(name, value, ordering)| Statement::Let {
        name,
        value,
        ordering,
    });
    let wait = (any_place(), compare, expression(), ordering())
        .prop_map(|(place, compare, value, ordering)| Statement::Await { place, compare, value, ordering });
    let copy = (any_place(), any_place(), over()).prop_map(|(destination, source, over)| Statement::Copy {
        destination,
        source,
        over,
    });
    let start = (any_place(), any_place(), over(), pipe())
        .prop_map(|(destination, source, over, pipe)| Statement::Start { destination, source, over, pipe });
    let finish = (pipe(), option::of(expression())).prop_map(|(pipe, remaining)| Statement::Finish { pipe, remaining });
    let accumulate =
        (any_place(), reduction(), any_place(), over()).prop_map(|(destination, operation, source, over)| {
            Statement::Accumulate { destination, operation, source, over }
        });
    let reduce = (any_place(), reduction(), name(), expression(), expression(), any_place(), over()).prop_map(
        |(destination, operation, variable, from, to, source, over)| Statement::Reduce {
            destination,
            operation,
            variable,
            from,
            to,
            source,
            over,
        },
    );
    let call = (procedure(), vec(expression(), 0..3)).prop_map(|(name, arguments)| Statement::Call { name, arguments });
    prop_oneof![
        Just(Statement::BlockSync),
        Just(Statement::Exit),
        barrier,
        store,
        binding,
        atomic(),
        wait,
        ordering().prop_map(Statement::Fence),
        copy,
        reduce,
        words(),
        accumulate,
        start,
        finish,
        call,
        expression().prop_map(Statement::Assert),
        host_statement(),
    ]
}

fn host_statement() -> impl Strategy<Value = Statement> {
    let transfer = (any::<bool>(), any_place(), over(), expression())
        .prop_map(|(receives, place, over, peer)| Statement::Transfer { receives, place, over, peer });
    prop_oneof![
        expression().prop_map(|stream| Statement::Synchronise { stream }),
        any_place().prop_map(|place| Statement::Exchange { place }),
        any_place().prop_map(|event| Statement::Record { event }),
        any_place().prop_map(|event| Statement::Wait { event }),
        transfer,
    ]
}

fn body_of(statement: impl Strategy<Value = Statement>) -> impl Strategy<Value = Body> {
    (vec(item(statement), 0..4), vec(comment(), 0..2)).prop_map(|(mut statements, closing)| {
        if let Some(first) = statements.first_mut() {
            first.trivia.blank_before = false;
        }
        Body { statements, closing }
    })
}

fn statement() -> impl Strategy<Value = Statement> {
    simple_statement().boxed().prop_recursive(3, 12, 3, |inner| {
        let body = || body_of(inner.clone()).boxed();
        let branch = (expression(), body(), option::of(body()))
            .prop_map(|(condition, then, otherwise)| Statement::If { condition, then, otherwise });
        let chain = (expression(), body(), expression(), body()).prop_map(|(condition, then, other, last)| {
            let chained = Statement::If { condition: other, then: last, otherwise: None };
            let otherwise = Body { statements: vec![at(chained)], closing: Vec::new() };
            Statement::If { condition, then, otherwise: Some(otherwise) }
        });
        let repeat = (name(), expression(), expression(), body())
            .prop_map(|(variable, from, to, body)| Statement::For { variable, from, to, body });
        let threads = (name(), expression(), body()).prop_map(|(variable, limit, body)| Statement::Threads {
            variable,
            limit,
            body,
        });
        let stream = (expression(), body()).prop_map(|(stream, body)| Statement::Stream { stream, body });
        let group = body().prop_map(Statement::Group);
        prop_oneof![branch, chain, repeat, threads, stream, group, body().prop_map(Statement::Ghost)]
    })
}

fn buffer() -> impl Strategy<Value = Declaration> {
    let class = select(vec![Class::Local, Class::Symmetric, Class::Channel, Class::Pad]);
    let initially = option::of(prop_oneof![any::<u32>().prop_map(Start::Word), Just(Start::Random)]);
    let parts = (any::<bool>(), class, vec(name(), 1..3), name(), vec(expression(), 0..3), any::<bool>(), initially);
    let events = (vec(name(), 1..3), vec(expression(), 0..3)).prop_map(|(names, shape)| Declaration::Buffer {
        ghost: false,
        class: Class::Event,
        names,
        element: Name { text: String::new(), at: Mark::default() },
        shape,
        refreshed: false,
        initially: None,
    });
    let others = parts.prop_map(|(ghost, class, names, element, shape, refreshed, initially)| Declaration::Buffer {
        ghost,
        class,
        names,
        element,
        shape,
        refreshed,
        initially,
    });
    prop_oneof![others, events]
}

fn variant() -> impl Strategy<Value = Declaration> {
    let verdict = prop_oneof![Just(Verdict::Verifies), vec(word(), 1..3).prop_map(Verdict::Violates)];
    let value = prop_oneof![
        (0..i64::MAX).prop_map(SettingValue::Number),
        hyphenated().prop_map(|name| SettingValue::Word(name.text)),
    ];
    let setting = (word(), value).prop_map(|(name, value)| Setting { name, value, at: Mark::default() });
    (hyphenated(), vec((name(), word()), 0..3), verdict, vec(setting, 0..3)).prop_map(
        |(name, assignments, verdict, settings)| Declaration::Variant { name, assignments, verdict, settings },
    )
}

fn declaration() -> impl Strategy<Value = Declaration> {
    let role = select(vec![Role::Ranks, Role::Blocks, Role::Threads, Role::Elements, Role::Element]);
    let definition = prop_oneof![
        reduction().prop_map(Definition::AllReduce),
        reduction().prop_map(Definition::ReduceScatter),
        Just(Definition::Gather),
        Just(Definition::Broadcast),
        Just(Definition::Shift),
        Just(Definition::Transfer),
    ];
    prop_oneof![
        vec((role, name()), 1..4).prop_map(Declaration::Parameters),
        vec(name(), 2).prop_map(|mut names| {
            let capacity = names.pop().map(|name| (Role::Capacity, name));
            let elements = names.pop().map(|name| (Role::Elements, name));
            Declaration::Parameters(elements.into_iter().chain(capacity).collect())
        }),
        (name(), vec(word(), 1..4)).prop_map(|(name, values)| Declaration::Knob { name, values }),
        expression().prop_map(Declaration::Require),
        expression().prop_map(Declaration::Grid),
        buffer(),
        (name(), expression()).prop_map(|(name, value)| Declaration::Argument { name, value }),
        (name(), expression()).prop_map(|(name, value)| Declaration::Let { name, value }),
        vec(name(), 1..4).prop_map(Declaration::Topology),
        (pipe(), expression()).prop_map(|(name, capacity)| Declaration::Pipe { name, capacity }),
        (name(), vec(name(), 0..3), range().prop_map(Box::new))
            .prop_map(|(name, parameters, range)| Declaration::Partition { name, parameters, range }),
        (procedure(), vec(name(), 0..3), body_of(statement())).prop_map(|(name, parameters, body)| Declaration::Sync {
            name,
            parameters,
            body
        }),
        body_of(statement()).prop_map(Declaration::Kernel),
        body_of(statement()).prop_map(Declaration::Host),
        expression().prop_map(Declaration::Streams),
        (name(), definition, name(), option::of(name()), any::<bool>()).prop_map(
            |(output, definition, input, plus, same)| Declaration::Expect { output, definition, input, plus, same }
        ),
        variant(),
    ]
}

/// A tree that a failure shows as its text.
struct Shown(File);

impl std::fmt::Debug for Shown {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&print_file(&self.0))
    }
}

fn file() -> impl Strategy<Value = Shown> {
    let summary = option::of(select(vec!["", "a summary // not a comment"]).prop_map(str::to_owned));
    (trivia(), hyphenated(), summary, vec(item(declaration()), 0..6), vec(comment(), 0..2)).prop_map(
        |(mut trivia, name, summary, declarations, closing)| {
            trivia.blank_before = false;
            Shown(File { trivia, name, summary, declarations, closing })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn printed_trees_parse_to_themselves(file in file()) {
        let printed = print_file(&file.0);
        match parser::parse(&printed) {
            Ok(parsed) => {
                prop_assert!(parsed == file.0, "read as {parsed:#?}");
                prop_assert_eq!(print_file(&parsed), printed);
            }
            Err(error) => prop_assert!(false, "{error:?}"),
        }
    }
}

#[test]
fn printing_keeps_comments_and_empty_lines() {
    let text = "\
// Before the head.
protocol p \"summary\"  // after it

// Two lines
// before a declaration.
param ranks P  // trailing
pad f : flag[P]

kernel {
  // Before a statement.
  block_sync  // after it

  if P == 2 {
    // Nothing else here.
  } else if P == 3 {
    exit
  } else {
    store f[(P - 1) * 2 - (1 - self)] on rank -1 = if P == 1 then 2 else 3 release.sys
    // Before the brace.
  }  // after the choice
}
// At the end.
";
    let file = parser::parse(text).expect("parses");
    assert_eq!(print_file(&file), text);
}

#[test]
fn comments_inside_an_item_move_before_it() {
    let file = parser::parse("protocol p\nlet x = // why\n  1 +\n  // and this\n  2 // end\nkernel { // open\n}")
        .expect("parses");
    let expected = "protocol p\n// why\n// and this\nlet x = 1 + 2  // end\nkernel {\n  // open\n}\n";
    assert_eq!(print_file(&file), expected);
}

#[test]
fn a_partition_that_ends_in_a_load_ends_before_its_pipe() {
    let started = |over: &str| format!("protocol p\nkernel {{\n  start copy a <- b over {over} on slots\n}}\n");
    for over in [
        "0..load n",
        "0..load n[load k on rank 1]",
        "0..load n at load k",
        "0..load n on rank load k",
        "from 0 until 8 step load n",
        "part(load n)",
    ] {
        let text = started(over);
        let file = parser::parse(&text).unwrap_or_else(|error| panic!("{over}: {error:?}"));
        assert_eq!(print_file(&file), text);
    }
    let error = parser::parse("protocol p\nkernel {\n  let x = load n on slots\n}").expect_err("a load on no rank");
    assert_eq!(error.message, "expected `rank`, found `slots`");
    for text in ["protocol p\npipe rank : 2", "protocol p\nkernel {\n  start copy a <- b over part on rank\n}"] {
        let error = parser::parse(text).expect_err("a pipe called `rank`");
        assert!(error.message.ends_with("found `rank`"), "{error:?}");
    }
}
