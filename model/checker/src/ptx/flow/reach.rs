//! Reachability: to which strong accesses control flow leads from where a thread stands.

use super::graph::successors;
use crate::ptx::code::step::Special;
use crate::ptx::code::{Code, Pc, Step};
use arverify_protocol::ir::Order;
use rustc_hash::FxHashMap;

/// Strong accesses that are told apart; of more nothing is known.
const MOST: usize = 1024;

/// For each strong access, the instructions from which control flow leads to it.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    from: FxHashMap<Pc, Box<[bool]>>,
    asks_for_block: bool,
}

impl Reach {
    /// That of some code.
    pub fn of(code: &Code) -> Reach {
        let asks = |step: &Step| match step {
            Step::Special { special, .. } => matches!(
                special,
                Special::Block(_)
                    | Special::Cluster(_)
                    | Special::BlockOfCluster(_)
                    | Special::ClusterRank
                    | Special::ClusterBarrier
            ),
            _ => false,
        };
        let asks_for_block = code.instructions.iter().any(|instruction| asks(&instruction.step));
        let length = code.instructions.len();
        let mut before: Vec<Vec<Pc>> = vec![Vec::new(); length];
        for pc in 0..length as Pc {
            for next in successors(code, pc) {
                before[next as usize].push(pc);
            }
        }
        let is_strong = |pc: &Pc| match &code.instruction(*pc).step {
            Step::Load { semantics, .. } | Step::Store { semantics, .. } => semantics.order != Order::Weak,
            step => matches!(step, Step::Atomic { .. }),
        };
        let strong: Vec<Pc> = (0..length as Pc).filter(is_strong).take(MOST + 1).collect();
        if strong.len() > MOST {
            return Reach { asks_for_block, ..Reach::default() };
        }
        let from = strong.into_iter().map(|to| {
            let mut leads = vec![false; length];
            leads[to as usize] = true;
            let mut open = vec![to];
            while let Some(pc) = open.pop() {
                for earlier in &before[pc as usize] {
                    if !std::mem::replace(&mut leads[*earlier as usize], true) {
                        open.push(*earlier);
                    }
                }
            }
            (to, leads.into())
        });
        Reach { from: from.collect(), asks_for_block }
    }

    /// Whether no instruction asks for the number of its block.
    pub fn blocks_are_alike(&self) -> bool {
        !self.asks_for_block
    }

    /// Whether a thread that stands before an instruction may come to an access.
    pub fn leads(&self, from: Pc, to: Pc) -> bool {
        self.from.get(&to).is_none_or(|leads| leads.get(from as usize).is_none_or(|leads| *leads))
    }
}
