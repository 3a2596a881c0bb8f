//! The synchronising operations of a protocol are in its PTX: each with its exact mnemonic, as often as it stands in the
//! protocol, and no others.

mod support;

use arverify_gen::Target;
use arverify_protocol::catalogue;
use arverify_protocol::data::DataType;
use arverify_protocol::ir::{AtomicOperation, Marking, Order, Protocol, Scope, Semantics, Statement, StatementKind};
use std::collections::BTreeMap;
use support::{compiler, kernel, parse, target};

/// What PTX calls an order with its scope. Written again here, apart from the generator.
fn qualifiers(Semantics { order, scope }: Semantics) -> String {
    let scope = match scope {
        Scope::Cta => "cta",
        Scope::Cluster => "cluster",
        Scope::Gpu => "gpu",
        Scope::Sys => "sys",
    };
    match order {
        Order::Weak => "weak".to_owned(),
        Order::Volatile => "volatile".to_owned(),
        Order::Relaxed => format!("relaxed.{scope}"),
        Order::Acquire => format!("acquire.{scope}"),
        Order::Release => format!("release.{scope}"),
        Order::AcqRel => format!("acq_rel.{scope}"),
        Order::Sc => format!("sc.{scope}"),
    }
}

fn atomic(operation: AtomicOperation) -> &'static str {
    match operation {
        AtomicOperation::Add => "add.u32",
        AtomicOperation::Exchange => "exch.b32",
        AtomicOperation::CompareSwap => "cas.b32",
        AtomicOperation::Min => "min.u32",
        AtomicOperation::Max => "max.u32",
        AtomicOperation::And => "and.b32",
        AtomicOperation::Or => "or.b32",
        AtomicOperation::Xor => "xor.b32",
        AtomicOperation::Increment => "inc.u32",
        AtomicOperation::Decrement => "dec.u32",
    }
}

fn word(marking: &Marking) -> &'static str {
    match marking {
        Marking::Flag(_) => "u64",
        Marking::Sentinel => "u32",
    }
}

/// Counts the mnemonics that the statements call for. Data phases are left out: weak vectors are no synchronisation.
fn wanted(statements: &[Statement], counts: &mut BTreeMap<String, usize>) {
    for statement in statements {
        let mnemonic = match &statement.kind {
            StatementKind::Barrier { arrive: true, .. } => "bar.arrive ".to_owned(),
            StatementKind::BlockSync | StatementKind::Barrier { .. } => "bar.sync ".to_owned(),
            StatementKind::Store { semantics, .. } => format!("st.{}.global.u32", qualifiers(*semantics)),
            StatementKind::Load { semantics, .. } | StatementKind::Await { semantics, .. } => {
                format!("ld.{}.global.u32", qualifiers(*semantics))
            }
            StatementKind::Atomic { local, operation, semantics, .. } => {
                let returns = local.is_some() || matches!(semantics.order, Order::Acquire | Order::AcqRel);
                let exchanges = matches!(operation, AtomicOperation::Exchange | AtomicOperation::CompareSwap);
                let instruction = if returns || exchanges { "atom" } else { "red" };
                format!("{instruction}.{}.global.{}", qualifiers(*semantics), atomic(*operation))
            }
            // A packet is one word of 64 bits, data that marks itself one of 32.
            StatementKind::Send { marking, semantics, .. } => {
                format!("st.{}.global.{}", qualifiers(*semantics), word(marking))
            }
            StatementKind::Receive { marking, semantics, .. } => {
                format!("ld.{}.global.{}", qualifiers(*semantics), word(marking))
            }
            StatementKind::Fence { semantics } => format!("fence.{}", qualifiers(*semantics)),
            StatementKind::If { then, otherwise, .. } => {
                wanted(then, counts);
                wanted(otherwise, counts);
                continue;
            }
            StatementKind::For { body, .. } => {
                wanted(body, counts);
                continue;
            }
            _ => continue,
        };
        *counts.entry(mnemonic).or_default() += 1;
    }
}

fn sends(statements: &[Statement]) -> bool {
    statements.iter().any(|statement| match &statement.kind {
        StatementKind::Send { .. } | StatementKind::Receive { .. } => true,
        StatementKind::If { then, otherwise, .. } => sends(then) || sends(otherwise),
        StatementKind::For { body, .. } => sends(body),
        _ => false,
    })
}

fn mnemonics_of(protocol: &Protocol) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    wanted(&protocol.body, &mut counts);
    // Words of data are loaded and stored like words of any other kind: weak ones cannot be counted where they move.
    if sends(&protocol.body) {
        counts.retain(|mnemonic, _| !mnemonic.contains(".weak."));
    }
    counts
}

/// Instructions of the PTX that synchronise or touch a word, by mnemonic.
fn found(ptx: &str, wanted: &BTreeMap<String, usize>) -> BTreeMap<String, usize> {
    wanted.keys().map(|mnemonic| (mnemonic.clone(), ptx.matches(mnemonic.as_str()).count())).collect()
}

/// Every line that synchronises must be one of those wanted.
fn nothing_else_synchronises(ptx: &str, wanted: &BTreeMap<String, usize>) {
    let strong = [
        "acquire", "release", "acq_rel", "relaxed", "volatile", "fence", "membar", "bar.", "barrier.", "atom.", "red.",
    ];
    for line in ptx.lines().filter(|line| !line.trim_start().starts_with("//")) {
        if strong.iter().any(|word| line.contains(word)) {
            assert!(wanted.keys().any(|mnemonic| line.contains(mnemonic.as_str())), "not in the protocol: {line}");
        }
    }
    assert!(!ptx.contains("ld.global.nc") && !ptx.contains(".nc."), "a non-coherent load");
}

fn f16_target() -> Target {
    // Data of 16 bits: no element access looks like a word access.
    target(4, DataType::F16)
}

#[test]
fn ptx_holds_each_operation_of_the_catalogue() {
    let Some(compiler) = compiler("ptx_holds_each_operation_of_the_catalogue") else { return };
    for document in catalogue::kernels().unwrap_or_else(|error| panic!("{error}")) {
        let protocol = document.resolve(&[]).unwrap_or_else(|error| panic!("{error}"));
        let kernel = kernel(&document, &[], &Target { deadline: false, ..f16_target() });
        let ptx = compiler.ptx(&kernel.entry.source, &kernel.source, "sm_90").unwrap_or_else(|error| panic!("{error}"));
        let wanted = mnemonics_of(&protocol);
        let publishes = |mnemonic: &String| mnemonic.contains("release") || mnemonic.starts_with("st.relaxed");
        assert!(wanted.keys().any(publishes), "{}", protocol.name);
        assert_eq!(found(&ptx, &wanted), wanted, "{}", protocol.name);
        nothing_else_synchronises(&ptx, &wanted);
    }
}

/// With a deadline, a barrier after an await is `bar.red`, which synchronises alike, and the compiler may write a poll
/// twice: once for waiting with a deadline, once for waiting without.
#[test]
fn deadlines_keep_each_operation() {
    let Some(compiler) = compiler("deadlines_keep_each_operation") else { return };
    for document in catalogue::kernels().unwrap_or_else(|error| panic!("{error}")) {
        let protocol = document.resolve(&[]).unwrap_or_else(|error| panic!("{error}"));
        let kernel = kernel(&document, &[], &f16_target());
        let ptx = compiler.ptx(&kernel.entry.source, &kernel.source, "sm_90").unwrap_or_else(|error| panic!("{error}"));
        let barriers = ptx.matches("bar.sync ").count() + ptx.matches("bar.red.or.pred").count();
        for (mnemonic, count) in mnemonics_of(&protocol) {
            let found = ptx.matches(mnemonic.as_str()).count();
            match mnemonic.as_str() {
                "bar.sync " => assert_eq!(barriers, count, "{}", protocol.name),
                poll if poll.starts_with("ld.acquire") || poll.starts_with("ld.relaxed") => {
                    assert!((count..=2 * count).contains(&found), "{}: {poll} {found}", protocol.name);
                }
                other => assert_eq!(found, count, "{}: {other}", protocol.name),
            }
        }
    }
}

const ALL_OPERATIONS: &str = "protocol all-operations
param ranks P, blocks B, threads T, elements N, element E
pad flags : flag[B][64]
kernel {
  let a = load flags[block][0] relaxed.gpu
  let b = load flags[block][1] volatile
  let c = load flags[block][2] acquire.cta
  store flags[block][3] = a + b * c volatile
  store flags[block][4] = a relaxed.sys
  store flags[block][5] = a release.gpu
  fence acq_rel.sys
  fence sc.gpu
  let d = atomic add flags[block][6], 1 acq_rel.sys
  let e = atomic exchange flags[block][7], d relaxed.gpu
  let f = atomic cas flags[block][8], e, d acquire.sys
  atomic add flags[block][9], f release.sys
  atomic max flags[block][10], 3 relaxed.cta
  atomic min flags[block][11], 3 relaxed.sys
  atomic and flags[block][12], 3 relaxed.gpu
  atomic or flags[block][13], 3 relaxed.sys
  atomic xor flags[block][14], 3 relaxed.sys
  atomic inc flags[block][15], 3 relaxed.sys
  atomic dec flags[block][16], 3 relaxed.sys
  await flags[block][17] != 1 relaxed.sys
  await flags[block][18] reached 1 acquire.gpu
  await flags[block][19] >= 1 volatile
  barrier_sync 1, 64
  barrier_arrive 2, 64
  block_sync
}
";

#[test]
fn ptx_holds_every_kind_of_operation() {
    let document = parse(ALL_OPERATIONS);
    let target = Target { deadline: false, ..f16_target() };
    let kernel = kernel(&document, &[], &target);
    let Some(compiler) = compiler("ptx_holds_every_kind_of_operation") else { return };
    let ptx = compiler.ptx(&kernel.entry.source, &kernel.source, "sm_90").unwrap_or_else(|error| panic!("{error}"));
    let wanted = mnemonics_of(&document.resolve(&[]).unwrap_or_else(|error| panic!("{error}")));
    assert_eq!(
        wanted.values().sum::<usize>(),
        ALL_OPERATIONS.matches("flags[").count() + "fence fence sync arrive block".split(' ').count()
    );
    assert_eq!(found(&ptx, &wanted), wanted);
    nothing_else_synchronises(&ptx, &wanted);
    for architecture in ["sm_80", "sm_90", "sm_100a"] {
        let usage = support::assemble(
            &compiler,
            &compiler.ptx(&kernel.entry.source, &kernel.source, architecture).unwrap_or_else(|error| panic!("{error}")),
            architecture,
        );
        assert_eq!(usage.spilled_bytes, 0);
    }
}
