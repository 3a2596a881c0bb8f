//! Small sizes that hold everything that matters, for a check that was given none.
//!
//! One and two blocks, a message that is smaller than a vector, one that divides evenly, one whose threads each take
//! several vectors and whose last vector is cut off, one that one element is left of, and none at all; with the fewest
//! threads that the protocol takes. `argen emit` certifies at these, `arverify check` tries them where no size is named,
//! and `arverify prove` rests on them: one list, so that none of the three is satisfied where another is not. Sizes that a
//! `require` excludes are left out; where only one grid is left, all messages are tried on it. Not shown by this: all sizes.

use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::Protocol;

/// What is fixed while sizes are chosen.
#[derive(Clone, Copy, Debug)]
pub struct Fixed {
    /// P
    pub ranks: u32,
    /// E
    pub data: DataType,
    /// In what type 16-bit elements are summed.
    pub accumulate: Accumulate,
    /// B, where it is fixed, too.
    pub blocks: Option<u32>,
    /// The largest B.
    pub max_blocks: u32,
}

/// The small sizes of a protocol; none where its requirements allow none of them.
pub fn small_sizes(protocol: &Protocol, fixed: &Fixed) -> Vec<Sizes> {
    let meets = |sizes: &Sizes| matches!(protocol.unmet_requirement(sizes), Ok(None));
    let grids: Vec<(u32, u32)> = grids(protocol, fixed)
        .into_iter()
        .filter_map(|blocks| Some((blocks, fewest_threads(protocol, fixed, blocks)?)))
        .collect();
    let mut found = Vec::new();
    for (blocks, threads) in &grids {
        let vector = u64::from(fixed.data.vector());
        let pass = u64::from(*blocks) * u64::from(*threads) * vector;
        let several = [2 * pass + vector + 3, pass, 0];
        let few = [1, pass + 1];
        let messages: Vec<u64> = match (grids.len(), blocks) {
            (1, _) => several.into_iter().chain(few).collect(),
            (_, 1) => few.to_vec(),
            _ => several.to_vec(),
        };
        let sizes = messages.into_iter().map(|elements| with(fixed, *blocks, *threads, elements));
        found.extend(sizes.filter(meets));
    }
    found
}

fn grids(protocol: &Protocol, fixed: &Fixed) -> Vec<u32> {
    if protocol.is_host_program() {
        // It has streams, and no blocks of threads.
        return vec![1];
    }
    match fixed.blocks {
        Some(blocks) => vec![blocks],
        None => [2, 1].into_iter().filter(|blocks| *blocks <= fixed.max_blocks).collect(),
    }
}

/// The fewest threads that a protocol takes; whole warps where it uses numbered barriers.
fn fewest_threads(protocol: &Protocol, fixed: &Fixed, blocks: u32) -> Option<u32> {
    if protocol.is_host_program() {
        return Some(1);
    }
    let vector = u64::from(fixed.data.vector());
    let candidates = [fixed.ranks.max(4), fixed.ranks.next_power_of_two().max(4), 32, 64, 128, 256, 512, 1024];
    // Some messages may be excluded, that of one vector among them.
    let messages = |threads: u32| [vector, u64::from(blocks) * u64::from(threads) * vector];
    let takes = |threads: &u32| {
        let met = |elements| protocol.unmet_requirement(&with(fixed, blocks, *threads, elements));
        messages(*threads).into_iter().any(|elements| matches!(met(elements), Ok(None)))
    };
    candidates.into_iter().find(takes)
}

fn with(fixed: &Fixed, blocks: u32, threads: u32, elements: u64) -> Sizes {
    let Fixed { ranks, data, accumulate, .. } = *fixed;
    Sizes { ranks, blocks, threads, elements, capacity: elements, data, accumulate }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arverify_protocol::language::parse;

    fn sizes(requirement: &str, blocks: Option<u32>) -> Vec<(u32, u32, u64)> {
        let text = format!(
            "protocol p\nparam ranks P, blocks B, threads T, elements N, element E\n{requirement}\nlocal a : E[N]\n\
             local b : E[N]\npartition whole = 0..N\nkernel {{\n  copy a <- b over whole\n}}\n"
        );
        let document = parse("p.arp", &text).expect("it parses");
        let protocol = document.resolve(&[]).expect("it resolves");
        let (data, accumulate) = (DataType::F32, Accumulate::Own);
        let fixed = Fixed { ranks: 3, data, accumulate, blocks, max_blocks: 8 };
        small_sizes(&protocol, &fixed).iter().map(|sizes| (sizes.blocks, sizes.threads, sizes.elements)).collect()
    }

    #[test]
    fn two_grids_share_the_messages() {
        assert_eq!(sizes("", None), [(2, 4, 71), (2, 4, 32), (2, 4, 0), (1, 4, 1), (1, 4, 17)]);
    }

    #[test]
    fn one_grid_gets_all_messages() {
        let all = [(1, 4, 39), (1, 4, 16), (1, 4, 0), (1, 4, 1), (1, 4, 17)];
        assert_eq!(sizes("require B == 1", None), all);
        assert_eq!(sizes("", Some(1)), all);
    }

    #[test]
    fn requirements_are_met() {
        assert_eq!(sizes("require T >= 32 and N > 0", Some(2)).first(), Some(&(2, 32, 519)));
        assert_eq!(sizes("require N > 1 and B > 1", None), [(2, 4, 71), (2, 4, 32), (2, 4, 33)]);
        assert_eq!(sizes("require P > 3", None), []);
    }
}
