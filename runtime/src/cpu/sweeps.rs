//! Data phases of a block's threads, joined where neighbours continue each other.
//!
//! Threads of a block take adjacent vectors, so that a GPU coalesces them. Done thread by thread, each 16 bytes would
//! be a loop iteration of its own; joined, a block handles runs of T vectors, and a grid of one block the whole range.

use super::arithmetic::{Row, reduce};
use super::job::Job;
use super::memory::{OutOfBounds, View};
use arverify_protocol::code::SiteId;
use arverify_protocol::cursor::{Address, Sweep};
use arverify_protocol::ir::Tail;
use std::ops::Range;

/// Sweeps of neighbouring threads as one.
#[derive(Debug)]
pub(crate) struct Joined {
    sweep: Sweep,
    /// Elements of each run: a vector for each thread.
    width: u64,
    /// The statement, and the first thread, for findings.
    pub(crate) site: SiteId,
    pub(crate) thread: u32,
}

impl Joined {
    pub(crate) fn new(sweep: Sweep, site: SiteId, thread: u32) -> Joined {
        Joined { width: sweep.width, sweep, site, thread }
    }

    /// Takes in the next thread's sweep, if it continues this one.
    pub(crate) fn join(&mut self, next: &Sweep) -> bool {
        let sweep = &self.sweep;
        let vector = sweep.width;
        let continues = next.first == sweep.first + self.width
            && self.width + vector <= sweep.step
            && (next.limit, next.step) == (sweep.limit, sweep.step)
            && (next.width, next.tail) == (sweep.width, sweep.tail)
            && next.operation == sweep.operation
            && next.destination == sweep.destination
            && next.sources == sweep.sources;
        if continues {
            self.width += vector;
        }
        continues
    }

    /// The elements of the row that it handles, as runs.
    fn runs(&self) -> impl Iterator<Item = Range<u64>> {
        let Joined { sweep: Sweep { first, limit, step, width: vector, tail, .. }, width, .. } = *self;
        let gapless = width == step;
        let starts = (first..limit).step_by(if gapless { (limit - first).max(1) as usize } else { step as usize });
        starts.map(move |start| {
            let left = limit - start;
            let length = if left >= width && !gapless {
                width
            } else {
                match tail {
                    Tail::Scalar => left,
                    Tail::Overrun => left.div_ceil(vector) * vector,
                    Tail::Drop => left / vector * vector,
                }
            };
            start..start + length
        })
    }

    /// Performs it.
    pub(crate) fn perform(&self, job: &Job) -> Result<(), OutOfBounds> {
        let sizes = &job.code.sizes;
        let data = sizes.data;
        let view = |address: Address| job.view(address).ok_or(OutOfBounds);
        let destination = view(self.sweep.destination)?;
        let sources: Vec<View> = self.sweep.sources.iter().map(|source| view(*source)).collect::<Result<_, _>>()?;
        let mut rows = Vec::with_capacity(sources.len());
        for run in self.runs() {
            let count = (run.end - run.start) as usize;
            rows.clear();
            for (view, address) in sources.iter().zip(&self.sweep.sources) {
                rows.push(Row { view: *view, first: address.index + run.start });
            }
            let target = Row { view: destination, first: self.sweep.destination.index + run.start };
            match self.sweep.operation {
                // SAFETY: the certificate: the protocol has no data race (see `memory`).
                Some(operation) => unsafe { reduce(data, sizes.accumulate, operation, target, &rows, count)? },
                None => {
                    let (source, width) = (rows[0], data.bytes() as usize);
                    // SAFETY: as above.
                    unsafe { target.view.copy_from(target.first, source.view, source.first, count, width)? }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arverify_protocol::ids::BufferId;

    const V: u64 = 4;

    fn sweep(thread: u64, low: u64, limit: u64, step: u64, tail: Tail) -> Sweep {
        let destination = Address { buffer: BufferId(0), rank: 0, index: 0 };
        let first = low + thread * V;
        Sweep {
            destination,
            sources: std::iter::once(destination).collect(),
            operation: None,
            first,
            limit,
            step,
            width: V,
            tail,
        }
    }

    /// What the vectors of one thread cover, one element at a time.
    fn covered(sweep: &Sweep) -> Vec<u64> {
        let mut elements = Vec::new();
        for start in (sweep.first..sweep.limit).step_by(sweep.step as usize) {
            let cut = sweep.limit - start < V;
            match sweep.tail {
                Tail::Scalar if cut => elements.extend(start..sweep.limit),
                Tail::Drop if cut => {}
                _ => elements.extend(start..start + V),
            }
        }
        elements
    }

    #[test]
    fn joining_covers_what_the_threads_cover() {
        for tail in [Tail::Scalar, Tail::Overrun, Tail::Drop] {
            for threads in 1..6_u64 {
                for blocks in 1..4 {
                    for block in 0..blocks {
                        for limit in 0..70 {
                            let low = block * threads * V;
                            let step = blocks * threads * V;
                            let all = (0..threads).map(|thread| sweep(thread, low, limit, step, tail));
                            // A thread with nothing to do yields no sweep.
                            check(&all.filter(|sweep| sweep.first < limit).collect::<Vec<_>>());
                        }
                    }
                }
            }
        }
    }

    fn check(sweeps: &[Sweep]) {
        let mut expected: Vec<u64> = sweeps.iter().flat_map(covered).collect();
        let mut joined: Vec<Joined> = Vec::new();
        for next in sweeps {
            if !joined.last_mut().is_some_and(|last| last.join(next)) {
                joined.push(Joined::new(next.clone(), SiteId(0), 0));
            }
        }
        let mut found: Vec<u64> = joined.iter().flat_map(|joined| joined.runs()).flatten().collect();
        assert!(joined.len() <= 1, "neighbours are joined");
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected);
    }
}
