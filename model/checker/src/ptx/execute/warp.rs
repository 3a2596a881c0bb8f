//! What lanes of a warp exchange, and what barriers reduce.
//!
//! A lane brings its value to the exchange; when all have come, each is given everyone's and works out its own result
//! as PTX describes it. A result taken from a lane that took no part is undefined: the thread's next step says so.

use super::run::{Interpreter, value};
use super::thread::{Broken, PtxThread};
use crate::program::{Arrivals, Barrier, Coordinates, Fault, Group, Operation, SiteIndex};
use crate::ptx::code::step::{BarrierKind, BarrierReduction, Exchange, Shuffle, Step, Vote, Warp, WarpReduction};
use crate::ptx::code::{Register, Source};
use arverify_protocol::verdict::Code as Finding;

impl Interpreter {
    /// The operation of an instruction of a warp.
    pub(super) fn warp(&self, at: Coordinates, thread: &PtxThread, warp: &Warp) -> Result<Operation, Fault> {
        let registers = &thread.registers;
        let mask = value(registers, warp.mask) as u32;
        if mask >> (at.thread % 32) & 1 == 0 {
            let message = format!("lane {} executes this, but the mask {mask:#x} does not name it", at.thread % 32);
            return Err(Fault::violation(Finding::BarrierDivergence, message, SiteIndex(thread.pc)));
        }
        let brought: Option<Source> = match warp.exchange {
            Exchange::Sync => None,
            Exchange::Shuffle { value, .. } | Exchange::MatchAny { value, .. } => Some(value),
            Exchange::MatchAll { value, .. } | Exchange::Reduce { value, .. } => Some(value),
            Exchange::Vote { predicate, .. } => Some(predicate),
            Exchange::Elect { .. } => Some(Source::ZERO),
        };
        let gather = brought.map(|source| value(registers, source));
        let orders = warp.exchange == Exchange::Sync;
        let (group, arrivals) = (Group::Warp { mask }, Arrivals::Threads);
        Ok(Operation::Barrier(Barrier { group, arrivals, arrive: false, gather, orders }))
    }

    /// Gives what every thread of the barrier brought, by thread of the block.
    pub fn gathered(&self, at: Coordinates, thread: &mut PtxThread, all: &[(u32, u64)]) {
        match &self.code.instructions[thread.pc as usize - 1].step {
            Step::Barrier(barrier) => {
                if let BarrierKind::Reduce { reduction, destination, .. } = barrier.kind {
                    let trues = all.iter().filter(|(_, predicate)| *predicate != 0).count();
                    let result = match reduction {
                        BarrierReduction::Popc => trues as u64,
                        BarrierReduction::And => u64::from(trues == all.len()),
                        BarrierReduction::Or => u64::from(trues > 0),
                    };
                    thread.registers[destination.0 as usize] = result;
                }
            }
            Step::Warp(warp) => exchange(at, thread, warp, all),
            _ => {}
        }
    }
}

fn exchange(at: Coordinates, thread: &mut PtxThread, warp: &Warp, all: &[(u32, u64)]) {
    let lanes = |holds: &dyn Fn(u64) -> bool| -> u64 {
        all.iter().filter(|(_, value)| holds(*value)).fold(0, |mask, (from, _)| mask | 1 << (from % 32))
    };
    let mut put = |register: Option<Register>, result: u64| {
        if let Some(register) = register {
            thread.registers[register.0 as usize] = result;
        }
    };
    let own = all.iter().find(|(from, _)| *from == at.thread).map_or(0, |(_, value)| *value);
    match warp.exchange {
        Exchange::Sync => {}
        Exchange::Shuffle { mode, lane, clamp, destination, valid, .. } => {
            let offset = value(&thread.registers, lane) as u32;
            let clamp = value(&thread.registers, clamp) as u32;
            shuffle(at, thread, [offset, clamp], mode, [destination, valid], all);
        }
        Exchange::Vote { mode, destination, .. } => {
            let ballot = lanes(&|predicate| predicate != 0);
            let everyone = lanes(&|_| true);
            let result = match mode {
                Vote::All => u64::from(ballot == everyone),
                Vote::Any => u64::from(ballot != 0),
                Vote::Uniform => u64::from(ballot == everyone || ballot == 0),
                Vote::Ballot => ballot,
            };
            put(Some(destination), result);
        }
        Exchange::MatchAny { destination, .. } => put(Some(destination), lanes(&|other| other == own)),
        Exchange::MatchAll { destination, same, .. } => {
            let equal = all.iter().all(|(_, other)| *other == own);
            put(destination, if equal { lanes(&|_| true) } else { 0 });
            put(same, u64::from(equal));
        }
        Exchange::Reduce { reduction, destination, .. } => {
            let values = all.iter().map(|(_, value)| *value as u32);
            put(Some(destination), u64::from(reduced(reduction, values)));
        }
        Exchange::Elect { leader, elected } => {
            let first = all.iter().map(|(from, _)| *from).min().unwrap_or(at.thread);
            put(leader, u64::from(first % 32));
            put(elected, u64::from(first == at.thread));
        }
    }
}

/// PTX ISA, `shfl.sync`: the lane read from, and whether it is in range; out of range a lane reads from itself.
fn shuffle(
    at: Coordinates,
    thread: &mut PtxThread,
    [offset, clamp]: [u32; 2],
    mode: Shuffle,
    [destination, valid]: [Option<Register>; 2],
    all: &[(u32, u64)],
) {
    let lane = (at.thread % 32) as i32;
    let offset = (offset & 31) as i32;
    let segment = (clamp >> 8 & 31) as i32;
    let clamp = (clamp & 31) as i32;
    let most = lane & segment | clamp & !segment;
    let (from, in_range) = match mode {
        Shuffle::Up => (lane - offset, lane - offset >= most),
        Shuffle::Down => (lane + offset, lane + offset <= most),
        Shuffle::Butterfly => (lane ^ offset, (lane ^ offset) <= most),
        Shuffle::Index => {
            let from = lane & segment | offset & !segment;
            (from, from <= most)
        }
    };
    let from = if in_range { from } else { lane } as u32;
    let given = all.iter().find(|(thread, _)| thread % 32 == from).map(|(_, value)| *value);
    if let Some(register) = destination {
        match given {
            Some(value) => thread.registers[register.0 as usize] = value & 0xffff_ffff,
            None => thread.broken = Some(Broken::AbsentLane(from)),
        }
    }
    if let Some(register) = valid {
        thread.registers[register.0 as usize] = u64::from(in_range);
    }
}

fn reduced(reduction: WarpReduction, values: impl Iterator<Item = u32>) -> u32 {
    let combine = |a: u32, b: u32| match reduction {
        WarpReduction::Add => a.wrapping_add(b),
        WarpReduction::MinUnsigned => a.min(b),
        WarpReduction::MaxUnsigned => a.max(b),
        WarpReduction::MinSigned => (a as i32).min(b as i32) as u32,
        WarpReduction::MaxSigned => (a as i32).max(b as i32) as u32,
        WarpReduction::And => a & b,
        WarpReduction::Or => a | b,
        WarpReduction::Xor => a ^ b,
    };
    values.reduce(combine).unwrap_or(0)
}
