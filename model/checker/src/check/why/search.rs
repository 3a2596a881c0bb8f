//! The smallest set of missing links on a way through the graph.
//!
//! Of each node the smallest sets that lead there are kept, as long as none contains another; a set is weighed by its links.
//! A link counts once, however often the way needs it: it is one statement that would be mended.

use super::links::{Edge, Link, Missing, Question};
use arverify_protocol::verdict::WhyKind;
use smallvec::SmallVec;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What weighs more is no near miss: four statements that are too weak are one, and another order is one by itself.
const MOST_WEIGHT: u32 = 44;
/// Sets kept of each node.
const SETS: usize = 6;

/// A way from one access to another.
pub(super) struct Way {
    pub(super) missing: Missing,
    pub(super) weight: u32,
    /// The nodes, from first to last.
    pub(super) nodes: Vec<usize>,
    /// Events by which it goes from thread to thread: signals, waits, and the fences of their patterns.
    pub(super) marked: Vec<usize>,
    /// Each link with the first step that lacks it.
    pub(super) lacks: Vec<(u16, Step)>,
}

/// A step of a way.
#[derive(Clone, Copy)]
pub(super) struct Step {
    pub(super) from: usize,
    pub(super) to: usize,
    /// The write and the read by which it is one.
    pub(super) by: Option<(usize, usize)>,
}

/// What a link weighs: that one statement is too weak is more likely than that another order was meant.
fn weight(kind: WhyKind, boundary_helps: bool) -> u32 {
    match kind {
        WhyKind::NoBarrier => 11,
        WhyKind::LaunchBoundary if boundary_helps => 12,
        WhyKind::LaunchBoundary => 26,
        WhyKind::SignalledTooEarly | WhyKind::WaitedTooLate => 40,
        WhyKind::EarlierSignal => 41,
        _ => 10,
    }
}

struct Label {
    node: usize,
    missing: Missing,
    before: Option<usize>,
    by: Option<(usize, usize)>,
    /// What the last step lacks.
    lacks: Missing,
}

/// The smallest set of links with which a way leads from one node to another.
pub(super) fn nearest(edges: &[Vec<Edge>], links: &[Link], question: Question) -> Option<Way> {
    let Question { from, to, boundary_helps, .. } = question;
    let weigh = |missing: &Missing| {
        missing.iter().map(|link| weight(links[usize::from(*link)].kind, boundary_helps)).sum::<u32>()
    };
    let mut labels = vec![Label { node: from, missing: Missing::new(), before: None, by: None, lacks: Missing::new() }];
    let mut settled: Vec<SmallVec<[u32; 2]>> = vec![SmallVec::new(); edges.len()];
    let mut open = BinaryHeap::from([Reverse((0, 0_u32, 0_usize))]);
    while let Some(Reverse((weight, steps, index))) = open.pop() {
        let node = labels[index].node;
        if node == to && index > 0 {
            return Some(way(&labels, index, weight));
        }
        let is_known =
            settled[node].iter().any(|known| is_within(&labels[*known as usize].missing, &labels[index].missing));
        if is_known || settled[node].len() >= SETS {
            continue;
        }
        settled[node].push(index as u32);
        for edge in &edges[node] {
            let missing = union(&labels[index].missing, &edge.missing);
            let known = &settled[edge.to];
            let weight = weigh(&missing);
            if weight > MOST_WEIGHT || known.iter().any(|known| is_within(&labels[*known as usize].missing, &missing)) {
                continue;
            }
            labels.push(Label {
                node: edge.to,
                missing,
                before: Some(index),
                by: edge.by,
                lacks: edge.missing.clone(),
            });
            open.push(Reverse((weight, steps + 1, labels.len() - 1)));
        }
    }
    None
}

fn way(labels: &[Label], last: usize, weight: u32) -> Way {
    let (mut nodes, mut marked, mut steps) = (Vec::new(), Vec::new(), Vec::new());
    let mut at = Some(last);
    while let Some(index) = at {
        let Label { node, before, by, lacks, .. } = &labels[index];
        if let Some(before) = before {
            let step = Step { from: labels[*before].node, to: *node, by: *by };
            steps.extend(lacks.iter().map(|link| (*link, step)));
        }
        nodes.push(*node);
        if let Some((write, read)) = by {
            nodes.extend([*read, *write]);
            marked.extend([*node, *read, *write]);
            marked.extend(before.map(|before| labels[before].node));
        }
        at = *before;
    }
    nodes.reverse();
    nodes.dedup();
    steps.reverse();
    let first = |link: &u16| steps.iter().find(|step| step.0 == *link).copied();
    let lacks = labels[last].missing.iter().filter_map(first).collect();
    Way { missing: labels[last].missing.clone(), weight, nodes, marked, lacks }
}

fn is_within(left: &Missing, right: &Missing) -> bool {
    left.iter().all(|link| right.contains(link))
}

fn union(left: &Missing, right: &Missing) -> Missing {
    let mut all: Missing = left.iter().chain(right).copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODES: usize = 4;

    fn link(kind: WhyKind) -> Link {
        Link { kind, event: 0, other: None }
    }

    fn edge(to: usize, missing: &[u16]) -> Edge {
        Edge { to, missing: missing.iter().copied().collect(), by: None }
    }

    fn found(edges: Vec<(usize, Edge)>, links: &[Link], boundary_helps: bool) -> Option<Vec<u16>> {
        let mut all: Vec<Vec<Edge>> = (0..NODES).map(|_| Vec::new()).collect();
        edges.into_iter().for_each(|(from, edge)| all[from].push(edge));
        let question = Question { from: 0, to: NODES - 1, updates_read: true, boundary_helps };
        nearest(&all, links, question).map(|way| way.missing.to_vec())
    }

    #[test]
    fn a_link_counts_once() {
        let links = [link(WhyKind::NotReleased), link(WhyKind::NotAcquired), link(WhyKind::ScopeTooNarrow)];
        // Twice the same link, or two links once.
        let edges = vec![(0, edge(1, &[2])), (1, edge(3, &[2])), (0, edge(2, &[0])), (2, edge(3, &[1]))];
        assert_eq!(found(edges, &links, false), Some(vec![2]));
    }

    #[test]
    fn a_set_that_is_larger_at_first_may_be_smaller_in_the_end() {
        let links = [link(WhyKind::NotReleased), link(WhyKind::NotAcquired), link(WhyKind::ScopeTooNarrow)];
        // To node 2 by {0} or by {1, 2}; from there {1, 2} is needed.
        let edges = vec![(0, edge(2, &[0])), (0, edge(1, &[1, 2])), (1, edge(2, &[])), (2, edge(3, &[1, 2]))];
        assert_eq!(found(edges, &links, false), Some(vec![1, 2]));
    }

    #[test]
    fn another_order_is_a_near_miss_by_itself_only() {
        let links = [link(WhyKind::SignalledTooEarly), link(WhyKind::NotReleased)];
        assert_eq!(found(vec![(0, edge(3, &[0]))], &links, false), Some(vec![0]));
        assert_eq!(found(vec![(0, edge(3, &[0, 1]))], &links, false), None);
    }

    #[test]
    fn a_launch_boundary_is_named_where_it_helps() {
        let links = [link(WhyKind::LaunchBoundary), link(WhyKind::NotReleased), link(WhyKind::NotAcquired)];
        let edges = || vec![(0, edge(3, &[0])), (0, edge(3, &[1, 2]))];
        assert_eq!(found(edges(), &links, true), Some(vec![0]));
        assert_eq!(found(edges(), &links, false), Some(vec![1, 2]));
    }
}
