//! What a launch fixes for the interpreter: shapes, parameters and memory of every rank.

use super::map::MemoryMap;
use crate::ptx::code::Image;
use std::sync::Arc;

/// Shape of a launch on one rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Blocks along x, y, z.
    pub grid: [u32; 3],
    /// Threads of a block along x, y, z.
    pub block: [u32; 3],
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
    /// Instance of shared memory, by block; empty where the kernel has none.
    pub shared: Vec<u32>,
    /// Bytes of shared memory, static and dynamic.
    pub shared_bytes: u64,
    /// Bytes of dynamic shared memory.
    pub dynamic_shared_bytes: u64,
}

/// What all launches fix.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Addresses.
    pub map: MemoryMap,
    /// By rank.
    pub ranks: Vec<RankSetting>,
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

/// Position along each axis of the element with this number; x runs fastest.
pub(super) fn axis(linear: u32, shape: [u32; 3], axis: u8) -> u32 {
    let [x, y, _] = shape;
    match axis {
        0 => linear % x.max(1),
        1 => linear / x.max(1) % y.max(1),
        _ => linear / x.max(1) / y.max(1),
    }
}
