//! What is asked of a kernel whose polls are reads like any other: where two rounds of a loop are the same, and which
//! steps are elements of one vector access.
//!
//! Decision: registers that can reach no effect any more do not tell two states apart, so that a loop whose round has
//! left nothing behind is seen to be where it was. They are looked up at every access and barrier, and behind barriers.
//! Not modelled: contents of the thread's own memory that nobody reads any more, which count.

use super::code::{Code, Effect, Pc, Register, Step};
use super::flow::Liveness;
use rustc_hash::FxHashMap;

/// Of one kernel.
#[derive(Clone, Debug)]
pub struct Plain {
    /// By instruction, where it is asked for: the registers that are live before it.
    live: FxHashMap<Pc, Box<[Register]>>,
    /// By element of a strong vector access: the first element.
    vectors: FxHashMap<Pc, Pc>,
}

impl Plain {
    /// What there is to know of some code.
    pub fn of(code: &Code) -> Plain {
        let liveness = Liveness::of(code);
        let mut plain = Plain { live: FxHashMap::default(), vectors: FxHashMap::default() };
        for (pc, instruction) in code.instructions.iter().enumerate() {
            let pc = pc as Pc;
            let place = match &instruction.step {
                Step::Load { element, .. } | Step::Store { element, .. } => element.place,
                Step::Atomic { place, .. } => *place,
                _ => continue,
            };
            if place.count > 1 && place.index == 0 {
                plain.vectors.extend((pc..pc + Pc::from(place.count)).map(|part| (part, pc)));
            }
        }
        for (pc, instruction) in code.instructions.iter().enumerate() {
            let pc = pc as Pc;
            let mut note = |pc: Pc| {
                plain.live.entry(pc).or_insert_with(|| liveness.live_before(code, pc));
            };
            match instruction.effect() {
                Effect::Load | Effect::Atomic => note(pc),
                Effect::Store if matches!(instruction.step, Step::Atomic { .. }) => note(pc),
                Effect::Barrier => {
                    note(pc);
                    if pc as usize + 1 < code.instructions.len() {
                        note(pc + 1);
                    }
                }
                _ => {}
            }
        }
        plain
    }

    /// Registers that are live before an instruction, if that was asked for.
    pub fn live(&self, pc: Pc) -> Option<&[Register]> {
        self.live.get(&pc).map(|live| &**live)
    }

    /// The first element of the strong vector access that an instruction is an element of.
    pub fn vector(&self, pc: Pc) -> Option<Pc> {
        self.vectors.get(&pc).copied()
    }
}
