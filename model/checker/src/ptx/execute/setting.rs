//! What a launch fixes for the interpreter: shapes, parameters and memory of every rank.

use super::map::MemoryMap;
use crate::ptx::code::Image;
use crate::ptx::copies::Copies;
use crate::ptx::dependent::Words;
use std::sync::Arc;

/// Shape of a launch on one rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Blocks along x, y, z.
    pub grid: [u32; 3],
    /// Threads of a block along x, y, z.
    pub block: [u32; 3],
    /// Blocks of a cluster along x, y, z; one where there are none.
    pub cluster: [u32; 3],
}

impl Geometry {
    /// Number of blocks.
    pub fn blocks(&self) -> u32 {
        self.grid.iter().product()
    }

    /// Number of threads of a block.
    pub fn threads(&self) -> u32 {
        self.block.iter().product()
    }

    /// Number of blocks of a cluster.
    pub fn cluster_size(&self) -> u32 {
        self.cluster.iter().product()
    }

    /// Clusters along x, y, z.
    pub fn clusters(&self) -> [u32; 3] {
        [0, 1, 2].map(|axis| self.grid[axis] / self.cluster[axis].max(1))
    }

    fn position(&self, block: u32) -> [u32; 3] {
        [0, 1, 2].map(|along| axis(block, self.grid, along))
    }

    /// The cluster that a block belongs to, along x, y, z.
    pub fn cluster_of(&self, block: u32) -> [u32; 3] {
        let position = self.position(block);
        [0, 1, 2].map(|axis| position[axis] / self.cluster[axis].max(1))
    }

    /// The same as one number.
    pub fn cluster_index(&self, block: u32) -> u32 {
        linear(self.cluster_of(block), self.clusters())
    }

    /// Where a block stands in its cluster, along x, y, z.
    pub fn within_cluster(&self, block: u32) -> [u32; 3] {
        let position = self.position(block);
        [0, 1, 2].map(|axis| position[axis] % self.cluster[axis].max(1))
    }

    /// The same as one number.
    pub fn rank_in_cluster(&self, block: u32) -> u32 {
        linear(self.within_cluster(block), self.cluster)
    }

    /// The block of that rank in the cluster of a block, if there is one.
    pub fn peer(&self, block: u32, rank: u32) -> Option<u32> {
        let (cluster, within) = (self.cluster_of(block), [0, 1, 2].map(|along| axis(rank, self.cluster, along)));
        let position = [0, 1, 2].map(|axis| cluster[axis] * self.cluster[axis] + within[axis]);
        (rank < self.cluster_size()).then(|| linear(position, self.grid))
    }
}

/// What one rank brings.
#[derive(Clone, Debug, PartialEq)]
pub struct RankSetting {
    /// Shape of its launches.
    pub geometry: Geometry,
    /// Bytes of all parameters, by launch.
    pub parameters: Vec<Arc<[u8]>>,
    /// Address of its copy of each of [`Code::globals`](crate::ptx::code::Code::globals).
    pub variables: Vec<u64>,
    /// Its constant memory: see [`relocated`].
    pub constants: Arc<[u8]>,
    /// Whether it is launched in clusters.
    pub explicit_cluster: bool,
    /// Address of the barrier of each cluster.
    pub cluster_barriers: Vec<u64>,
    /// Address of the words for the barrier of the grid; zero unless the launch is cooperative.
    pub grid_barrier: u64,
    /// The words that order launches which depend on each other, by launch; none where each follows the one before.
    pub dependent: Vec<Words>,
    /// Each launch has shared memory and barriers of its own, for launches may run side by side.
    pub side_by_side: bool,
    /// Instance of shared memory, by block (where launches run side by side, by launch and block); empty where the kernel has none.
    pub shared: Vec<u32>,
    /// Bytes of shared memory, static and dynamic.
    pub shared_bytes: u64,
    /// Bytes of dynamic shared memory.
    pub dynamic_shared_bytes: u64,
}

impl RankSetting {
    /// Nothing but a shape.
    pub fn of(geometry: Geometry) -> RankSetting {
        RankSetting {
            geometry,
            parameters: Vec::new(),
            variables: Vec::new(),
            constants: Arc::from([]),
            explicit_cluster: false,
            cluster_barriers: Vec::new(),
            grid_barrier: 0,
            dependent: Vec::new(),
            side_by_side: false,
            shared: Vec::new(),
            shared_bytes: 0,
            dynamic_shared_bytes: 0,
        }
    }

    /// The index of something that each launch has its own of, where launches may run side by side.
    pub(super) fn of_launch(&self, launch: u32, index: u32, count: u32) -> u32 {
        if self.side_by_side { launch * count + index } else { index }
    }
}

/// What all launches fix.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Addresses.
    pub map: MemoryMap,
    /// By rank.
    pub ranks: Vec<RankSetting>,
    /// Copies by the async proxy, where there is room for any.
    pub copies: Option<Copies>,
}

/// Initial bytes with a rank's addresses put in.
pub fn relocated(image: &Image, variables: &[u64]) -> Arc<[u8]> {
    let mut bytes = image.bytes.clone();
    for relocation in &image.relocations {
        let start = variables.get(relocation.variable as usize).copied().unwrap_or(0);
        let address = start.wrapping_add_signed(relocation.offset);
        if let Some(place) = bytes.get_mut(relocation.at as usize..relocation.at as usize + 8) {
            place.copy_from_slice(&address.to_le_bytes());
        }
    }
    bytes.into()
}

fn linear([x, y, z]: [u32; 3], [width, height, _]: [u32; 3]) -> u32 {
    x + width * (y + height * z)
}

/// Position along each axis of the element with this number; x runs fastest.
pub(super) fn axis(linear: u32, shape: [u32; 3], axis: u8) -> u32 {
    let [x, y, _] = shape;
    match axis {
        0 => linear % x.max(1),
        1 => linear / x.max(1) % y.max(1),
        _ => linear / x.max(1) / y.max(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_a_cluster_find_each_other() {
        let geometry = Geometry { grid: [4, 2, 1], block: [32, 1, 1], cluster: [2, 2, 1] };
        assert_eq!((geometry.cluster_of(6), geometry.cluster_index(6)), ([1, 0, 0], 1));
        assert_eq!((geometry.within_cluster(6), geometry.rank_in_cluster(6)), ([0, 1, 0], 2));
        let peers: Vec<Option<u32>> = (0..5).map(|rank| geometry.peer(6, rank)).collect();
        assert_eq!(peers, [Some(2), Some(3), Some(6), Some(7), None]);
    }
}
