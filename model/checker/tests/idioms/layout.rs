//! Where the threads that communicate are: ranks, blocks and threads of the launch, and the scopes that join them.

use super::random::Random;

/// One thread that communicates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// Its rank.
    pub(crate) rank: u32,
    /// Its block.
    pub(crate) block: u32,
    /// Its thread.
    pub(crate) thread: u32,
}

/// A scope, narrowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    /// The block.
    Cta,
    /// The device.
    Gpu,
    /// Everything.
    Sys,
}

impl Scope {
    /// As PTX and the language write it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Scope::Cta => "cta",
            Scope::Gpu => "gpu",
            Scope::Sys => "sys",
        }
    }
}

/// The sizes of a launch, and its threads that communicate: the first of each block is one of them.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// Ranks.
    pub(crate) ranks: u32,
    /// Blocks of each.
    pub(crate) blocks: u32,
    /// Threads of each block.
    pub(crate) threads: u32,
    /// Launches.
    pub(crate) launches: u32,
    /// Those that communicate.
    pub(crate) members: Vec<Member>,
}

/// Ranks, blocks, threads that communicate in each block; the likely ones stand twice.
const SHAPES: [(u32, u32, u32); 12] = [
    (2, 1, 1),
    (2, 1, 1),
    (3, 1, 1),
    (3, 1, 1),
    (2, 1, 2),
    (2, 1, 2),
    (1, 2, 1),
    (1, 3, 1),
    (1, 1, 2),
    (1, 1, 3),
    (1, 2, 2),
    (2, 2, 1),
];

impl Layout {
    /// A random one. `warps`: now and then the threads of a block are in warps of their own.
    pub(crate) fn random(random: &mut Random, warps: bool) -> Layout {
        let (ranks, blocks, threads) = random.pick(&SHAPES);
        let apart = if warps && threads == 2 && random.chance(15) { 32 } else { 1 };
        let launches = random.pick(&[1, 1, 1, 2, 2, 3]);
        let mut members = Vec::new();
        for rank in 0..ranks {
            for block in 0..blocks {
                members.extend((0..threads).map(|thread| Member { rank, block, thread: thread * apart }));
            }
        }
        Layout { ranks, blocks, threads: if apart == 1 { threads } else { 64 }, launches, members }
    }

    /// The narrowest scope that holds both.
    pub(crate) fn scope(&self, one: usize, other: usize) -> Scope {
        let (one, other) = (self.members[one], self.members[other]);
        match (one.rank == other.rank, one.block == other.block) {
            (false, _) => Scope::Sys,
            (true, false) => Scope::Gpu,
            (true, true) => Scope::Cta,
        }
    }

    /// The narrowest scope that holds all.
    pub(crate) fn scope_of(&self, members: &[usize]) -> Scope {
        let scopes = members.iter().map(|member| self.scope(members[0], *member));
        scopes.max().unwrap_or(Scope::Cta)
    }

    /// The member's thread among all of the launch.
    pub(crate) fn number(&self, member: usize) -> u32 {
        let Member { rank, block, thread } = self.members[member];
        (rank * self.blocks + block) * self.threads + thread
    }

    /// The first thread of each block.
    pub(crate) fn leaders(&self) -> Vec<usize> {
        (0..self.members.len()).filter(|member| self.members[*member].thread == 0).collect()
    }

    /// Members of one block, if it has two.
    pub(crate) fn pair_of_a_block(&self, random: &mut Random) -> Option<(usize, usize)> {
        let mut pairs = Vec::new();
        for one in 0..self.members.len() {
            for other in 0..self.members.len() {
                if one != other && self.scope(one, other) == Scope::Cta {
                    pairs.push((one, other));
                }
            }
        }
        (!pairs.is_empty()).then(|| random.pick(&pairs))
    }
}
