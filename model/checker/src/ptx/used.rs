//! How much of a buffer each launch uses (`used` in LAUNCH.toml), where launches differ in length.
//!
//! Decision: the same question that protocols with a capacity answer ([`Program::extent`]), so that bounds, what is refreshed
//! and read, and what is expected are asked by both engines as they are of those. Not known: launches that may run side by
//! side, and steps; the launch file refuses them.

use super::launch::Launch;
#[allow(unused_imports, reason = "named in documentation")]
use crate::program::Program;
use crate::program::{Instance, Shape};
use std::sync::Arc;

/// By instance, where its buffer is not all used: bytes that each launch uses. Empty where all are.
#[derive(Clone, Debug)]
pub(super) struct Used(Arc<[Option<Box<[u64]>>]>);

impl Used {
    /// What the launch file says of its buffers.
    pub(super) fn new(shape: &Shape, launch: &Launch) -> Used {
        let count = launch.buffer_count();
        let of_instance = |instance: &Instance| {
            let buffer = instance.parts.first().map(|part| part.id.buffer as usize).filter(|buffer| *buffer < count)?;
            launch.buffers[buffer].used.get(instance.rank as usize).map(|used| used.clone().into_boxed_slice())
        };
        let used: Arc<[Option<Box<[u64]>>]> = shape.instances.iter().map(of_instance).collect();
        Used(if used.iter().any(Option::is_some) { used } else { Arc::from([]) })
    }

    /// Bytes of an instance that a launch uses; none where it is all of them.
    pub(super) fn in_launch(&self, instance: u32, launch: u32) -> Option<u64> {
        let used = self.0.get(instance as usize).and_then(Option::as_ref)?;
        used.get(launch as usize).copied()
    }

    /// Of the first such instance, by launch: it stands for N.
    pub(super) fn lengths(&self) -> Vec<u64> {
        self.0.iter().flatten().next().map_or_else(Vec::new, |used| used.to_vec())
    }
}
