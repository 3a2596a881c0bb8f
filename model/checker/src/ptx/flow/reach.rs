//! Reachability: to which strong accesses control flow leads from where a thread stands, and whether it will ask for its
//! block's number.

use super::graph::successors;
use super::liveness::Liveness;
use crate::ptx::code::step::Special;
use crate::ptx::code::{Code, Pc, Register, Step};
use arverify_protocol::ir::Order;
use rustc_hash::FxHashMap;

/// Strong accesses that are told apart; of more nothing is known.
const MOST: usize = 1024;

/// For each strong access, the instructions from which control flow leads to it.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    from: FxHashMap<Pc, Box<[bool]>>,
    /// By instruction, whether control flow leads from there to one that asks for the number of its block.
    asks_for_block: Box<[bool]>,
    /// By instruction, where a thread may stand that has a choice to make: the registers that matter from there on.
    live: FxHashMap<Pc, Box<[Register]>>,
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
        let leading_to = |to: Vec<Pc>| -> Box<[bool]> {
            let mut leads = vec![false; length];
            to.iter().for_each(|pc| leads[*pc as usize] = true);
            let mut open = to;
            while let Some(pc) = open.pop() {
                for earlier in &before[pc as usize] {
                    if !std::mem::replace(&mut leads[*earlier as usize], true) {
                        open.push(*earlier);
                    }
                }
            }
            leads.into()
        };
        let asking = (0..length as Pc).filter(|pc| asks(&code.instruction(*pc).step));
        let asks_for_block = leading_to(asking.collect());
        let strong: Vec<Pc> = (0..length as Pc).filter(is_strong).take(MOST + 1).collect();
        if strong.len() > MOST {
            return Reach { asks_for_block, ..Reach::default() };
        }
        // At a wait a thread stands before the instruction, else behind it.
        let liveness = Liveness::of(code);
        let stands = strong.iter().flat_map(|pc| [*pc, pc + 1]).filter(|pc| (*pc as usize) < length);
        let live = stands.map(|pc| (pc, liveness.live_before(code, pc))).collect();
        let from = strong.into_iter().map(|to| (to, leading_to(vec![to]))).collect();
        Reach { from, asks_for_block, live }
    }

    /// The registers that matter before an instruction, where that is known and control flow leads to none that asks for
    /// the number of its block.
    pub fn alike_from(&self, pc: Pc) -> Option<&[Register]> {
        let asks = self.asks_for_block.get(pc as usize).is_none_or(|asks| *asks);
        self.live.get(&pc).filter(|_| !asks).map(|live| &**live)
    }

    /// Whether a thread that stands before an instruction may come to an access.
    pub fn leads(&self, from: Pc, to: Pc) -> bool {
        self.from.get(&to).is_none_or(|leads| leads.get(from as usize).is_none_or(|leads| *leads))
    }
}
