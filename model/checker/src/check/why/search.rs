//! The smallest set of missing links on a way through the graph.
//!
//! Of each node the smallest sets that lead there are kept, as long as none contains another; a set is weighed by its links.
//! A link counts once, however often the way needs it: it is one statement that would be mended.

use super::links::{Link, Missing};
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
}

/// What a link weighs: that one statement is too weak is more likely than that another order was meant.
fn weight(kind: WhyKind) -> u32 {
    match kind {
        WhyKind::NoBarrier => 11,
        WhyKind::LaunchBoundary => 12,
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
}

/// The smallest set of links with which a way leads from one node to another.
pub(super) fn nearest(edges: &[Vec<super::links::Edge>], links: &[Link], from: usize, to: usize) -> Option<Way> {
    let weigh = |missing: &Missing| missing.iter().map(|link| weight(links[usize::from(*link)].kind)).sum::<u32>();
    let mut labels = vec![Label { node: from, missing: Missing::new(), before: None, by: None }];
    let mut settled: Vec<SmallVec<[u32; 2]>> = vec![SmallVec::new(); edges.len()];
    let mut open = BinaryHeap::from([Reverse((0, 0_u32, 0_usize))]);
    while let Some(Reverse((weight, steps, index))) = open.pop() {
        let node = labels[index].node;
        if node == to && index > 0 {
            return Some(way(&labels, index, weight));
        }
        let is_known = settled[node].iter().any(|known| is_within(&labels[*known as usize].missing, &labels[index].missing));
        if is_known || settled[node].len() >= SETS {
            continue;
        }
        settled[node].push(index as u32);
        for edge in &edges[node] {
            let missing = union(&labels[index].missing, &edge.missing);
            let known = &settled[edge.to];
            let weight = weigh(&missing);
            if weight > MOST_WEIGHT
                || known.iter().any(|known| is_within(&labels[*known as usize].missing, &missing))
            {
                continue;
            }
            labels.push(Label { node: edge.to, missing, before: Some(index), by: edge.by });
            open.push(Reverse((weight, steps + 1, labels.len() - 1)));
        }
    }
    None
}

fn way(labels: &[Label], last: usize, weight: u32) -> Way {
    let (mut nodes, mut marked) = (Vec::new(), Vec::new());
    let mut at = Some(last);
    while let Some(index) = at {
        let Label { node, before, by, .. } = &labels[index];
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
    Way { missing: labels[last].missing.clone(), weight, nodes, marked }
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
