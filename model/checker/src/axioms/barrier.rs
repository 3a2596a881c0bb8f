//! What `bar.cta` orders (PTX ISA, "bar, barrier"; Memory Consistency Model, "Synchronizes").
//!
//! A barrier of the text (an instance) relates the threads of one block, each time round anew. Without a quorum every
//! thread whose text holds the instance takes part, and each arrival comes before each completion. With a quorum q
//! some set of at least q arrivals comes before every completion; the solver chooses the set. An arrive has no
//! completion: nothing is ordered after it. Two operations meet only if they name the same barrier resource.

use super::execution::{Kind, Node, Unsupported, term};
use super::path::{Barrier, Value};
use super::relation::{Relation, Truth};
use super::theory::{Rule, Theory};

/// Arrivals before completions; also says, in `well_formed`, that the barriers complete in some order.
pub(super) fn barriers(
    nodes: &[Node],
    offsets: &[usize],
    program_order: &Relation,
    theory: Theory,
    well_formed: &mut Vec<Truth>,
) -> Result<Relation, Unsupported> {
    let events: Vec<(usize, &Barrier)> = nodes
        .iter()
        .enumerate()
        .filter_map(|(event, node)| if let Kind::Barrier(barrier) = &node.kind { Some((event, barrier)) } else { None })
        .collect();
    let mut cells = vec![vec![Truth::False; nodes.len()]; nodes.len()];
    for (completion, barrier) in events.iter().filter(|(_, barrier)| !barrier.arrive) {
        for (arrival, other) in &events {
            if met(nodes, (*arrival, other), (*completion, barrier)) {
                cells[*arrival][*completion] =
                    same_resource(nodes, offsets, (*arrival, &other.resource), (*completion, &barrier.resource))?;
            }
        }
    }
    if theory.has(Rule::Quorums) {
        count_quorums(nodes, &events, &mut cells, well_formed)?;
    }
    let orders = Relation::new(nodes.len(), |from, to| cells[from][to].clone());
    let completes = orders.optional().only(|_, to| matches!(&nodes[to].kind, Kind::Barrier(it) if !it.arrive));
    let later = program_order.only(|_, to| matches!(nodes[to].kind, Kind::Barrier(_)));
    well_formed.push(completes.then(&later).acyclic());
    Ok(orders.only(|from, to| from != to))
}

/// Whether two operations belong to one barrier of one block.
fn met(nodes: &[Node], left: (usize, &Barrier), right: (usize, &Barrier)) -> bool {
    let round = |barrier: &Barrier| (barrier.instance, barrier.occurrence);
    nodes[left.0].placement == nodes[right.0].placement && round(left.1) == round(right.1)
}

fn same_resource(
    nodes: &[Node],
    offsets: &[usize],
    left: (usize, &Value),
    right: (usize, &Value),
) -> Result<Truth, Unsupported> {
    if left == right {
        return Ok(Truth::True);
    }
    if let (Value::Constant(left), Value::Constant(right)) = (left.1, right.1) {
        return Ok(Truth::from(left == right));
    }
    let offset = |event: usize| nodes[event].thread.map_or(0, |thread| offsets[thread]);
    let left = term(nodes, offset(left.0), left.1)?;
    let right = term(nodes, offset(right.0), right.1)?;
    Ok(Truth::Open(left.eq(&right)))
}

/// Where there is a quorum, only the arrivals of the chosen set count, and they are enough for every completion.
fn count_quorums(
    nodes: &[Node],
    events: &[(usize, &Barrier)],
    cells: &mut [Vec<Truth>],
    well_formed: &mut Vec<Truth>,
) -> Result<(), Unsupported> {
    let counted: Vec<Truth> = events.iter().map(|_| Truth::choice("counted")).collect();
    for (completion, barrier) in events {
        let mixed = |(other, it): &(usize, &Barrier)| {
            met(nodes, (*other, it), (*completion, barrier)) && it.quorum != barrier.quorum
        };
        if events.iter().any(mixed) {
            return Err(Unsupported::MixedQuorums);
        }
        let Some(quorum) = &barrier.quorum else { continue };
        let Value::Constant(quorum) = quorum else { return Err(Unsupported::Quorum) };
        if barrier.arrive {
            continue;
        }
        let mut arrivals = Vec::new();
        for ((arrival, _), counted) in events.iter().zip(&counted) {
            let counts = cells[*arrival][*completion].and(counted);
            cells[*arrival][*completion] = counts.clone();
            if !matches!(counts, Truth::False) {
                arrivals.push(counts);
            }
        }
        well_formed.push(at_least(*quorum, &arrivals));
    }
    Ok(())
}

/// At least so many of these hold.
fn at_least(count: i64, of: &[Truth]) -> Truth {
    match of.split_first() {
        _ if count <= 0 => Truth::True,
        None => Truth::False,
        Some(_) if count > of.len() as i64 => Truth::False,
        Some((first, rest)) => first.and(&at_least(count - 1, rest)).or(&at_least(count, rest)),
    }
}
