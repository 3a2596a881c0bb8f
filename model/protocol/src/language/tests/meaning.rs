//! What resolution makes of a text.

use super::right;
use crate::ids::{ArgumentId, BufferId, LocalId};
use crate::ir::{
    AtomicOperation, Binary, Collective, Compare, Element, Expression, Initially, Kind, Order, Protocol, Reduction,
    Scope, Space, StatementKind, Symbol, Tail, Width,
};
use crate::language::{Configuration, Expected};

fn kernel(declarations: &str, statements: &str) -> Protocol {
    let text = format!(
        "protocol p\nparam ranks P, blocks B, threads T, elements N, element E\n{declarations}\nkernel {{\n{statements}\n}}\n"
    );
    right(&text).resolve(&[]).expect("resolves")
}

fn kinds(protocol: &Protocol) -> Vec<&StatementKind> {
    protocol.body.iter().map(|statement| &statement.kind).collect()
}

#[test]
fn buffers_have_their_defaults() {
    let declarations = "local a : E[N] refreshed\nlocal b : E[N]\npad c, d : flag[2][P]\nsymmetric e : u32[4] initially 7\nlocal f : E[N] initially random";
    let statements = "copy b <- a over 0..N\ncopy f <- a over 0..N\nstore c[0][0] = 1 weak\nstore d[0][0] = 1 weak\nstore e[0] = 1 weak";
    let protocol = kernel(declarations, statements);
    let described: Vec<_> = protocol
        .buffers
        .iter()
        .map(|b| (b.name.as_str(), b.space, b.element, b.shape.len(), b.refreshed, b.initially, b.pad))
        .collect();
    use {Element::*, Initially::*, Space::*};
    let expected = [
        ("a", Local, Data, 1, true, Random, false),
        ("b", Local, Data, 1, false, Poison, false),
        ("c", Symmetric, Element::Word, 2, false, Initially::Word(0), true),
        ("d", Symmetric, Element::Word, 2, false, Initially::Word(0), true),
        ("e", Symmetric, Element::Word, 1, false, Initially::Word(7), false),
        ("f", Local, Data, 1, false, Random, false),
    ];
    assert_eq!(described, expected);
}

#[test]
fn words_spread_and_sizes_stay_indices() {
    let declarations = "local counter : u32[B] initially 0";
    let protocol = kernel(
        declarations,
        "let x = load counter[0] weak\nlet y = x + 1\nlet z = P * 2\nlet w = if x == 0 then z else y\nstore counter[0] = w weak",
    );
    let kinds: Vec<_> = protocol.locals.iter().map(|local| (local.name.as_str(), local.kind)).collect();
    assert_eq!(kinds, [("x", Kind::Word), ("y", Kind::Word), ("z", Kind::Index), ("w", Kind::Word)]);
}

#[test]
fn a_load_within_a_value_gets_a_register_of_its_own() {
    let protocol = kernel(
        "local counter : u32[B] initially 0",
        "let x = load counter[block] + 1 relaxed.gpu\nstore counter[0] = x weak",
    );
    let [StatementKind::Load { local, semantics, .. }, StatementKind::Let { local: bound, value }, _] =
        kinds(&protocol)[..]
    else {
        panic!("{:?}", protocol.body)
    };
    assert_eq!((*local, *bound), (LocalId(0), LocalId(1)));
    assert_eq!((semantics.order, semantics.scope), (Order::Relaxed, Scope::Gpu));
    let loaded = Box::new(Expression::Local(LocalId(0)));
    let one = Box::new(Expression::Constant(1));
    assert_eq!(*value, Expression::Binary { operator: Binary::Add, kind: Kind::Word, left: loaded, right: one });
    assert_eq!(protocol.locals[0].name, "x_loaded");
}

#[test]
fn procedures_are_expanded_with_their_call_sites() {
    let declarations = "pad a, b : flag[P]\nsync inner(pad, value) {\nstore pad[self] = value + 1 release.sys\n}\nsync outer(pad) {\ninner(pad, 1)\n}";
    let protocol = kernel(declarations, "outer(a)\nouter(b)");
    let stores = kinds(&protocol);
    let buffers: Vec<_> = stores
        .iter()
        .map(|kind| match kind {
            StatementKind::Store { place, .. } => place.buffer,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(buffers, [BufferId(0), BufferId(1)]);
    let text = &protocol.source.text;
    let calls: Vec<Vec<&str>> = protocol
        .body
        .iter()
        .map(|statement| statement.calls.iter().map(|call| &text[call.start as usize..call.end as usize]).collect())
        .collect();
    assert_eq!(calls, [["outer(a)", "inner(pad, 1)"], ["outer(b)", "inner(pad, 1)"]]);
    let span = &protocol.body[0].span;
    assert_eq!(&text[span.start as usize..span.end as usize], "store pad[self] = value + 1 release.sys");
}

#[test]
fn a_range_is_spread_over_the_grid() {
    let protocol = kernel(
        "local a : E[N] refreshed\nlocal b : E[N]\npartition part(q) = q * 2 .. N tail drop",
        "copy b <- a over part(P)",
    );
    let [StatementKind::Copy { partition, .. }] = kinds(&protocol)[..] else { panic!() };
    let join = |operator, left, right| Expression::Binary {
        operator,
        kind: Kind::Index,
        left: Box::new(left),
        right: Box::new(right),
    };
    let symbol = Expression::Symbol;
    let low = join(Binary::Multiply, symbol(Symbol::Ranks), Expression::Constant(2));
    let thread = join(
        Binary::Add,
        join(Binary::Multiply, symbol(Symbol::Block), symbol(Symbol::Threads)),
        symbol(Symbol::Thread),
    );
    let offset = join(Binary::Multiply, thread, symbol(Symbol::Vector));
    assert_eq!(partition.first, join(Binary::Add, low.clone(), offset));
    assert_eq!(partition.low, low);
    assert_eq!(partition.limit, symbol(Symbol::Elements));
    let threads = join(Binary::Multiply, symbol(Symbol::Grid), symbol(Symbol::Threads));
    assert_eq!(partition.step, join(Binary::Multiply, threads, symbol(Symbol::Vector)));
    assert_eq!(partition.tail, Tail::Drop);
}

#[test]
fn an_explicit_range_is_taken_as_it_is() {
    let protocol = kernel(
        "local a : E[N] refreshed\nlocal b : E[N]",
        "copy b <- a over from block * 8 + thread until N step T tail overrun",
    );
    let [StatementKind::Copy { partition, .. }] = kinds(&protocol)[..] else { panic!() };
    assert_eq!(partition.step, Expression::Symbol(Symbol::Threads));
    assert_eq!(partition.tail, Tail::Overrun);
    let zero = || Box::new(Expression::Constant(0));
    let eight = Box::new(Expression::Constant(8));
    let product = Expression::Binary { operator: Binary::Multiply, kind: Kind::Index, left: zero(), right: eight };
    let low = Expression::Binary { operator: Binary::Add, kind: Kind::Index, left: Box::new(product), right: zero() };
    assert_eq!(partition.low, low);
}

#[test]
fn knobs_fold_and_leave_dead_branches_out() {
    let text = "protocol p\nparam ranks P\nknob k = a | b\npad f, g : flag[P]\nargument e = launch\nkernel {\n\
                if k is a {\nblock_sync\nstore f[0] = 1 weak\n} else if k is b and not k is a {\nstore g[0] = e weak\n}\n}\n";
    let document = right(text);
    let base = document.resolve(&[]).expect("resolves");
    assert!(matches!(kinds(&base)[..], [StatementKind::BlockSync, StatementKind::Store { .. }]));
    assert_eq!(base.knobs, [("k".to_owned(), "a".to_owned())]);
    assert_eq!((base.buffers.len(), base.arguments.len()), (1, 0), "what is not used is left out");
    let other = document.resolve(&[("k", "b")]).expect("resolves");
    let [StatementKind::Store { place, value, .. }] = kinds(&other)[..] else { panic!() };
    assert_eq!((place.buffer, value), (BufferId(0), &Expression::Argument(ArgumentId(0))));
    assert_eq!(other.buffers[0].name, "g");
    assert!(document.resolve(&[("k", "c")]).is_err());
    assert!(document.resolve(&[("l", "a")]).is_err());
}

#[test]
fn threads_binds_the_thread() {
    let protocol = kernel("pad f : flag[P]", "threads t < P {\nstore f[t] = t relaxed.sys\n}");
    let [StatementKind::If { condition, then, otherwise }] = kinds(&protocol)[..] else { panic!() };
    let less = Expression::Binary {
        operator: Binary::Less,
        kind: Kind::Index,
        left: Box::new(Expression::Symbol(Symbol::Thread)),
        right: Box::new(Expression::Symbol(Symbol::Ranks)),
    };
    assert_eq!(*condition, less);
    assert!(matches!(&then[0].kind, StatementKind::Let { value: Expression::Symbol(Symbol::Thread), .. }));
    assert!(otherwise.is_empty());
}

#[test]
fn atomics_keep_their_operands_apart() {
    let protocol = kernel(
        "pad f : flag[P]",
        "let x = atomic cas f[0] on rank 1, 2, 3 acq_rel.sys\natomic inc f[0], x release.gpu",
    );
    let [StatementKind::Atomic { operand, expected, local, .. }, StatementKind::Atomic { operation, local: none, .. }] =
        kinds(&protocol)[..]
    else {
        panic!()
    };
    assert_eq!((operand, expected), (&Expression::Constant(3), &Some(Expression::Constant(2))));
    assert_eq!((*local, *none, *operation), (Some(LocalId(0)), None, AtomicOperation::Increment));
}

#[test]
fn the_rest_of_the_statements() {
    let declarations = "pad f : flag[P]\nghost symmetric token : u32[P] initially 0\nlocal a : E[N] refreshed\nlocal b : E[N]\nrequire P <= T\ngrid B + self\nexpect b == reduce-scatter max of a, same on all ranks";
    let statements = "barrier_sync 1, 32\nbarrier_arrive 2, T\nfence sc.sys\nawait f[0] on rank self + 1 reached 3 volatile\n\
        reduce b <- max over q in 1..P of a over 0..N\nfor q in 0..P {\nexit\n}\nghost {\nlet seen = load token[0] weak\nassert seen == launch\n}\n";
    let protocol = kernel(declarations, statements);
    let found = kinds(&protocol);
    assert!(matches!(found[0], StatementKind::Barrier { count: Some(_), arrive: false, .. }));
    assert!(matches!(found[1], StatementKind::Barrier { count: Some(_), arrive: true, .. }));
    assert!(matches!(found[2], StatementKind::Fence { semantics } if semantics.order == Order::Sc));
    let StatementKind::Await { place, compare, .. } = found[3] else { panic!() };
    assert!(*compare == Compare::Reached && matches!(place.rank, Some(Expression::Binary { .. })));
    assert!(matches!(found[4], StatementKind::Reduce { operation: Reduction::Max, .. }));
    assert!(matches!(found[5], StatementKind::For { .. }));
    let StatementKind::Ghost { body } = found[6] else { panic!() };
    assert_eq!(body.len(), 2);
    assert!(protocol.locals.iter().any(|local| local.ghost && local.name == "seen"));
    let expectation = protocol.expectation.expect("expected");
    assert_eq!(expectation.collective, Collective::ReduceScatter(Reduction::Max));
    assert!(expectation.same_on_all_ranks);
    assert_eq!(protocol.requirements.len(), 1);
    assert!(matches!(protocol.grid, Expression::Binary { .. }));
}

#[test]
fn offsets_elements_and_accumulation() {
    let declarations = "local a : E[N] refreshed\nchannel b : E[2][N]";
    let statements = "accumulate b[1] at P * N on rank 1 <- max of a at 3 over 2..N by element\n";
    let protocol = kernel(declarations, statements);
    let found = kinds(&protocol);
    let StatementKind::Reduce { destination, operation, accumulate, from, to, source, partition, .. } = found[0] else {
        panic!()
    };
    assert!(*accumulate && *operation == Reduction::Max);
    assert_eq!((from, to), (&Expression::Constant(0), &Expression::Constant(1)));
    assert!(matches!(destination.offset, Some(Expression::Binary { .. })) && destination.rank.is_some());
    assert_eq!(source.offset, Some(Expression::Constant(3)));
    assert_eq!(partition.width, Width::Element);
    assert!(
        protocol.buffers[1].channel && protocol.buffers[1].space == Space::Symmetric && !protocol.buffers[0].channel
    );
}

#[test]
fn variants_carry_what_is_expected_and_where() {
    let text = "protocol p \"a summary\"\nparam ranks P\nknob k = a | b-c\npad f : flag[P]\nkernel {\nstore f[0] = if k is a then 1 else 2 weak\n}\n\
                variant one-2 { k = b } violates AR001, AR002 at ranks 3, launches 2, elements 0, progress hsa-obe\nvariant two { } verifies at blocks 4, resident_blocks 2, threads 1\n";
    let text = text.replace("b-c", "b");
    let document = right(&text);
    assert_eq!((document.name(), document.summary()), ("p", "a summary"));
    let one = document.variant("one-2").expect("declared");
    assert_eq!(one.expected, Expected::Violates(vec!["AR001".to_owned(), "AR002".to_owned()]));
    let configuration = Configuration {
        ranks: Some(3),
        launches: Some(2),
        elements: Some(0),
        progress: Some("hsa-obe".to_owned()),
        ..Configuration::default()
    };
    assert_eq!(one.configuration, configuration);
    assert_eq!(document.resolve_variant(one).expect("resolves").knobs, [("k".to_owned(), "b".to_owned())]);
    let two = &document.variants()[1];
    assert_eq!((two.expected.clone(), two.configuration.resident_blocks), (Expected::Verifies, Some(2)));
}

#[test]
fn a_topology_gives_its_axes_and_asks_for_its_ranks() {
    let text = "protocol p\nparam ranks P\ntopology devices * cubes * elements\npad f : flag[P]\nkernel {\n  \
                store f[(self / elements % cubes) * elements + self % elements] = devices weak\n}\n";
    let document = right(text);
    let stored = |topology: Option<&str>, ranks: u32| {
        let topology = topology.map(|text| text.parse().unwrap_or_else(|error| panic!("{text}: {error}")));
        let protocol = document.resolve_at(&[], topology.as_ref()).unwrap_or_else(|errors| panic!("{errors}"));
        let [StatementKind::Store { place, value, .. }] = kinds(&protocol)[..] else { panic!() };
        let (data, accumulate) = (crate::data::DataType::F32, crate::data::Accumulate::Own);
        let sizes = crate::evaluate::Sizes { ranks, blocks: 1, threads: 1, elements: 1, capacity: 1, data, accumulate };
        let environment = crate::evaluate::Environment::of_sizes(&sizes, ranks - 1);
        let met = protocol.unmet_requirement(&sizes).expect("it has a value").is_none();
        (environment.evaluate(&place.indices[0]), environment.evaluate(value), met)
    };
    assert_eq!(stored(Some("2x3x4"), 24), (Ok(11), Ok(2), true));
    assert_eq!(stored(Some("2x3x4"), 12), (Ok(11), Ok(2), false));
    assert_eq!(stored(Some("3x4"), 12), (Ok(11), Ok(1), true));
    // Without one: 4 elements, 2 cubes, and what is left; 16 are 4 × 4.
    assert_eq!(stored(None, 24), (Ok(7), Ok(3), true));
    assert_eq!(stored(None, 16), (Ok(7), Ok(2), true));
    assert_eq!(stored(None, 7), (Ok(0), Ok(7), true));
}

#[test]
fn copies_on_a_pipe_are_operations_of_their_own() {
    use crate::cursor::{Cursor, Operation, Position};
    let text = "protocol p\nparam ranks P, blocks B, threads T, elements N, element E\nlocal a : E[N] refreshed\n\
                local b : E[N]\npipe loads : P\nkernel {\n  start copy b <- a over 0..N on loads\n  \
                finish loads to 1\n  finish loads\n}\n";
    let protocol = right(text).resolve(&[]).expect("resolves");
    let (data, accumulate) = (crate::data::DataType::F32, crate::data::Accumulate::Own);
    let sizes = crate::evaluate::Sizes { ranks: 3, blocks: 1, threads: 1, elements: 6, capacity: 6, data, accumulate };
    let code = crate::code::Code::new(&protocol, &sizes, true).unwrap_or_else(|error| panic!("{error}"));
    let position = Position { rank: 0, block: 0, thread: 0, launch: 0, grid: 1, arguments: &[] };
    let mut cursor = Cursor::start(&code);
    let mut next = || cursor.next(&code, &position).unwrap_or_else(|(fault, _)| panic!("{fault}")).0;
    let pipe = crate::ids::PipeId(0);
    assert_eq!(next(), Operation::Start { pipe, capacity: 3 });
    for elements in [4, 2] {
        let Operation::Chunk(chunk) = next() else { panic!("a vector, and what is cut off of one") };
        assert_eq!((chunk.elements, chunk.pipe), (elements, Some(pipe)));
    }
    assert_eq!(next(), Operation::Finish { pipe, remaining: 1 });
    assert_eq!(next(), Operation::Finish { pipe, remaining: 0 });
    assert_eq!(next(), Operation::Exit);
}
