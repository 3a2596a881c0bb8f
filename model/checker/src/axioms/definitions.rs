//! The relations of the PTX memory consistency model, one function for each definition, named as in the ISA.
//!
//! Two versions: 6.0, as the ISA first had it, and 7.5, with proxies and virtual addresses, which also drops
//! SC-per-location and lets program order count in base causality by itself.

use super::execution::{Execution, Kind, scope_inclusive};
use super::relation::Relation;
use super::theory::{Model, Rule, Theory};
use crate::litmus::{Proxy, ProxyFence};
use arverify_protocol::ir::Order;

/// The derived relations of one execution.
pub(super) struct Definitions {
    pub(super) morally_strong: Relation,
    pub(super) base_causality: Relation,
    pub(super) causality: Relation,
}

impl Definitions {
    pub(super) fn new(execution: &Execution, theory: Theory) -> Definitions {
        let morally_strong = moral_strength(execution, theory);
        let observation = observation(execution, theory, &morally_strong);
        let synchronizes = synchronizes(execution, theory, &morally_strong, &observation);
        let base_causality = base_causality(execution, theory, &synchronizes);
        let causality = causality(execution, theory, &observation, &base_causality);
        Definitions { morally_strong, base_causality, causality }
    }
}

fn nothing(execution: &Execution) -> Relation {
    execution.program_order.only(|_, _| false)
}

/// Whether two memory events use one virtual address.
fn same_address(execution: &Execution, left: usize, right: usize) -> bool {
    let address = |event: usize| execution.nodes[event].location.map(|location| location.address);
    address(left).is_some() && address(left) == address(right)
}

/// Same physical location in 6.0, same virtual address in 7.5.
fn overlaps(execution: &Execution, theory: Theory, left: usize, right: usize) -> bool {
    match theory.model {
        Model::Ptx60 => execution.same_location(left, right),
        Model::Ptx75 if theory.has(Rule::StrengthByAddress) => same_address(execution, left, right),
        Model::Ptx75 => execution.same_location(left, right),
    }
}

/// "Morally strong operations": in program order, or both strong with scopes that include each other's thread; by the
/// same proxy (7.5); and overlapping completely if both access memory.
pub(super) fn moral_strength(execution: &Execution, theory: Theory) -> Relation {
    let nodes = &execution.nodes;
    Relation::new(nodes.len(), |left, right| {
        let (first, second) = (&nodes[left], &nodes[right]);
        let in_order = first.thread.is_some() && first.thread == second.thread && left != right;
        let scopes = scope_inclusive(first, second) || !theory.has(Rule::Scopes);
        let both_strong = first.is_strong() && second.is_strong() || !theory.has(Rule::Strength);
        let strong = first.thread.is_some() && second.thread.is_some() && both_strong && scopes;
        let one_proxy = theory.model == Model::Ptx75 && theory.has(Rule::StrengthByProxy);
        let proxy = !one_proxy || first.proxy == second.proxy;
        let both = first.is_memory() && second.is_memory();
        let overlap = !both || overlaps(execution, theory, left, right);
        (left != right && (in_order || strong) && proxy && overlap).into()
    })
}

/// "Observation order", one step of it: a read takes its value from a morally strong write, or an atomic's read leads
/// to its write.
pub(super) fn observation(execution: &Execution, theory: Theory, morally_strong: &Relation) -> Relation {
    let observed = execution.reads_from.intersection(morally_strong);
    if theory.has(Rule::ObservationThroughAtomics) { observed.union(&execution.read_modify_write) } else { observed }
}

/// Program order between accesses that overlap.
fn program_order_location(execution: &Execution, theory: Theory) -> Relation {
    execution.program_order.only(|from, to| overlaps(execution, theory, from, to))
}

/// "Release pattern": a release and a strong write of its location that follows it in program order or is it, or a
/// fence and a strong write that follows it.
pub(super) fn release_pattern(execution: &Execution, theory: Theory) -> Relation {
    let nodes = &execution.nodes;
    let releases =
        |event: usize| nodes[event].is_write() && matches!(nodes[event].order, Order::Release | Order::AcqRel);
    let strong_write = |event: usize| nodes[event].is_write() && nodes[event].is_strong();
    let by_write = if theory.has(Rule::ReleaseBeforeWrite) {
        program_order_location(execution, theory)
    } else {
        nothing(execution)
    };
    let by_write = by_write.optional();
    let by_fence = execution
        .program_order
        .only(|from, to| nodes[from].is_fence() && strong_write(to) && theory.has(Rule::ReleaseByFence));
    by_write.only(|from, to| releases(from) && strong_write(to)).union(&by_fence)
}

/// "Acquire pattern": a strong read and an acquire of its location that follows it or is it, or a strong read and a
/// fence that follows it.
pub(super) fn acquire_pattern(execution: &Execution, theory: Theory) -> Relation {
    let nodes = &execution.nodes;
    let acquires =
        |event: usize| nodes[event].is_read() && matches!(nodes[event].order, Order::Acquire | Order::AcqRel);
    let strong_read = |event: usize| nodes[event].is_read() && nodes[event].is_strong();
    let by_read =
        if theory.has(Rule::AcquireAfterRead) { program_order_location(execution, theory) } else { nothing(execution) };
    let by_read = by_read.optional();
    let by_fence = execution
        .program_order
        .only(|from, to| strong_read(from) && nodes[to].is_fence() && theory.has(Rule::AcquireByFence));
    by_read.only(|from, to| strong_read(from) && acquires(to)).union(&by_fence)
}

/// "Synchronizes": a release pattern whose write an acquire pattern's read observes, through any chain of atomics, the
/// two morally strong; or two sc fences in their order; or a barrier.
pub(super) fn synchronizes(
    execution: &Execution,
    theory: Theory,
    morally_strong: &Relation,
    observation: &Relation,
) -> Relation {
    let observed = release_pattern(execution, theory).then(&observation.closure());
    let patterns = observed.then(&acquire_pattern(execution, theory)).intersection(morally_strong);
    let keep = |rule: Rule, relation: &Relation| relation.only(|_, _| theory.has(rule));
    let fences = keep(Rule::FenceScSynchronizes, &execution.fence_sc_order);
    patterns.union(&fences).union(&keep(Rule::BarriersSynchronize, &execution.barriers))
}

/// "Base causality order": synchronization with program order around it; in 7.5 program order by itself as well.
pub(super) fn base_causality(execution: &Execution, theory: Theory, synchronizes: &Relation) -> Relation {
    let around = execution.program_order.optional();
    let through = around.then(synchronizes).then(&around).closure();
    match theory.model {
        Model::Ptx60 => through,
        Model::Ptx75 if theory.has(Rule::ProgramOrderInCausality) => through.union(&execution.program_order),
        Model::Ptx75 => through,
    }
}

/// "Proxy-preserved base causality order" (7.5): what base causality orders although two accesses go through different
/// proxies or virtual addresses. An access not through the generic proxy needs a proxy fence of its own kind in its
/// block between it and generic memory; accesses by two virtual addresses need an alias fence between them.
pub(super) fn proxy_preserved_base_causality(
    execution: &Execution,
    theory: Theory,
    base_causality: &Relation,
) -> Relation {
    let nodes = &execution.nodes;
    let same_block = |left: usize, right: usize| {
        nodes[left].placement == nodes[right].placement || !theory.has(Rule::ProxyFencesInBlock)
    };
    let generic = |event: usize| {
        nodes[event].is_memory() && (nodes[event].proxy == Proxy::Generic || !theory.has(Rule::ProxyFences))
    };
    let address = |left: usize, right: usize| match theory.has(Rule::AliasFences) {
        true => same_address(execution, left, right),
        false => execution.same_location(left, right),
    };
    let fences = |fence: usize, access: usize| {
        let kind = &nodes[fence].kind;
        let fenced = nodes[access].is_memory()
            && matches!(kind, Kind::ProxyFence(ProxyFence::Proxy(proxy)) if *proxy == nodes[access].proxy);
        fenced && same_block(fence, access)
    };
    let alias = |event: usize| matches!(nodes[event].kind, Kind::ProxyFence(ProxyFence::Alias));
    // To generic memory: a generic access is there already, any other has its proxy fence after it. And back.
    let stay = nothing(execution).optional();
    let enter = stay.only(|from, _| generic(from)).union(&base_causality.only(|from, to| fences(to, from)));
    let leave = stay.only(|from, _| generic(from)).union(&base_causality.only(fences));
    let between = enter.then(base_causality).then(&leave);
    let through_alias = base_causality.only(|_, to| alias(to)).then(base_causality);
    let between_aliases = enter.then(&through_alias).then(&leave);
    let same_proxy = base_causality.only(|from, to| {
        let memory = nodes[from].is_memory() && nodes[to].is_memory();
        memory && nodes[from].proxy == nodes[to].proxy && same_block(from, to)
    });
    between.union(&same_proxy).only(address).union(&between_aliases.only(|from, to| execution.same_location(from, to)))
}

/// "Causality order": base causality (7.5: as far as proxies preserve it), also after an observation; in 6.0 an
/// observation may be followed by program order to an overlapping access instead.
pub(super) fn causality(
    execution: &Execution,
    theory: Theory,
    observation: &Relation,
    base_causality: &Relation,
) -> Relation {
    let keep = |relation: Relation| relation.only(|_, _| theory.has(Rule::ObservationInCausality));
    match theory.model {
        Model::Ptx60 => {
            // From a morally strong reads-from to another, through atomics.
            let observed = observation.closure();
            let observed = observed.only(|from, to| execution.nodes[from].is_write() && execution.nodes[to].is_read());
            let after = base_causality.union(&program_order_location(execution, theory));
            base_causality.union(&keep(observed.then(&after)))
        }
        Model::Ptx75 => {
            let preserved = proxy_preserved_base_causality(execution, theory, base_causality);
            preserved.union(&keep(observation.then(&preserved)))
        }
    }
}
