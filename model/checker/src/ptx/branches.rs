//! Branches on data: which went one way in every execution, so that nobody has seen what the other way does.
//!
//! A branch is a guard (of a jump or of any other instruction) in whose chain of definitions stands a weak load of random
//! contents, or of shared memory into which such a value is stored. What inlining or unrolling has copied counts as one
//! branch, by its line in the source.
//!
//! Not told: branches on data that went through global memory, and values chosen without a branch (`selp`).

use super::code::step::Space;
use super::code::{Code, Pc, Step};
use super::flow::Chains;
use arverify_protocol::ir::Order;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU8, Ordering};

/// What became of each guard. Only ever grows, so the order in which threads come does not matter.
#[derive(Debug, Default)]
pub(super) struct Guards(Box<[AtomicU8]>);

const HELD: u8 = 1;
const FAILED: u8 = 2;

impl Guards {
    pub(super) fn of(code: &Code) -> Guards {
        Guards(code.instructions.iter().map(|_| AtomicU8::new(0)).collect())
    }

    /// A guard's predicate was true, or false.
    pub(super) fn record(&self, pc: Pc, predicate: bool) {
        let bit = if predicate { HELD } else { FAILED };
        let guard = &self.0[pc as usize];
        if guard.load(Ordering::Relaxed) & bit == 0 {
            guard.fetch_or(bit, Ordering::Relaxed);
        }
    }

    fn ways(&self, pc: Pc) -> u8 {
        self.0[pc as usize].load(Ordering::Relaxed)
    }
}

/// A guard, and the weak loads that it depends on.
#[derive(Debug)]
struct DataBranch {
    pc: Pc,
    loads: BTreeSet<Pc>,
}

/// The branches of a kernel that may depend on data.
#[derive(Debug)]
pub(super) struct Branches {
    found: Vec<DataBranch>,
    /// By instruction: 1 for a load that has read random contents.
    random: Box<[AtomicU8]>,
}

impl Branches {
    pub(super) fn of(code: &Code) -> Branches {
        let chains = Chains::of(code);
        let space_of = |pc: &Pc| match &code.instruction(*pc).step {
            Step::Load { space, semantics, .. } if semantics.order == Order::Weak => Some(*space),
            _ => None,
        };
        let shared = |step: &Step| matches!(step, Step::Store { space: Space::Shared | Space::Generic, .. });
        let through_shared = chains.stored(shared);
        let guarded = code.instructions.iter().enumerate();
        let found = guarded.filter_map(|(pc, instruction)| {
            let mut loads = chains.reads([instruction.guard?.register]);
            if loads.iter().any(|load| space_of(load) == Some(Space::Shared)) {
                loads.extend(&through_shared);
            }
            loads.retain(|load| matches!(space_of(load), Some(Space::Global | Space::Generic | Space::Multicast(_))));
            (!loads.is_empty()).then_some(DataBranch { pc: pc as Pc, loads })
        });
        Branches { found: found.collect(), random: code.instructions.iter().map(|_| AtomicU8::new(0)).collect() }
    }

    /// A load has read random contents.
    pub(super) fn record_random(&self, pc: Pc) {
        self.random[pc as usize].store(1, Ordering::Relaxed);
    }

    /// The lines of branches on data that went one way, by `line_of`, which tells copies to be one.
    pub(super) fn one_way<L: Ord>(&self, guards: &Guards, line_of: impl Fn(Pc) -> L) -> Vec<L> {
        let mut ways: BTreeMap<L, (u8, bool)> = BTreeMap::new();
        for branch in &self.found {
            let random = branch.loads.iter().any(|load| self.random[*load as usize].load(Ordering::Relaxed) != 0);
            let at = ways.entry(line_of(branch.pc)).or_default();
            *at = (at.0 | guards.ways(branch.pc), at.1 | random);
        }
        let one = |(_, (ways, random)): &(L, (u8, bool))| *random && (*ways == HELD || *ways == FAILED);
        ways.into_iter().filter(one).map(|(line, _)| line).collect()
    }
}
