//! What nobody reads any more: results of atomics, and registers behind barriers.

use super::code::{Code, Effect, Instruction, Step};
use super::flow::Liveness;
use std::ops::Range;

/// Atomics whose result nobody looks at need not return it: then it does not matter which of two comes first.
pub(super) fn drop_dead_results(code: &mut Code) {
    let liveness = Liveness::of(code);
    for pc in 0..code.instructions.len() {
        let Step::Atomic { destination: Some(register), .. } = &code.instructions[pc].step else { continue };
        if liveness.live_after(code, pc as u32).contains(register) {
            continue;
        }
        if let Step::Atomic { destination, .. } = &mut code.instructions[pc].step {
            *destination = None;
        }
    }
}

/// Registers that are dead behind each barrier; nothing for other instructions.
pub(super) fn dead_behind_barriers(code: &Code) -> Vec<Box<[Range<u32>]>> {
    let liveness = Liveness::of(code);
    let dead = |(pc, instruction): (usize, &Instruction)| -> Box<[Range<u32>]> {
        if instruction.effect() != Effect::Barrier {
            return Box::default();
        }
        let live = liveness.live_after(code, pc as u32);
        let starts = std::iter::once(0).chain(live.iter().map(|register| register.0 + 1));
        let ends = live.iter().map(|register| register.0).chain([code.registers]);
        starts.zip(ends).map(|(start, end)| start..end).filter(|dead| !dead.is_empty()).collect()
    };
    code.instructions.iter().enumerate().map(dead).collect()
}
