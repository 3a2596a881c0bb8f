//! Registers that count the rounds of a loop: with them live, no round ends as it began.
//!
//! Decision: a counter is a register that some rounds take through a chain of moves and exactly one addition of a
//! number that the loop does not change, each register of the chain being written once in the loop and always. A
//! round that takes every link of the chain moves the counter on, whatever the order of the links. An addend in a
//! register is taken not to be zero: if it is, the loop is left as one of plain reads, which is what it would be
//! without this module too, had it read nothing. Not modelled: counters that are shifted or multiplied.

use crate::ptx::code::function::{Function, Integer};
use crate::ptx::code::{Code, Pc, Register, Source, Step};
use rustc_hash::FxHashMap;

/// The longest chain that is followed.
const CHAIN_LIMIT: usize = 8;

/// A counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Counter {
    /// The registers that its value goes through.
    pub(super) registers: Vec<Register>,
    /// The instruction that adds to it.
    pub(super) addition: Pc,
}

/// Where registers are written in a loop: the instruction, or `None` if several do or one only sometimes.
type Definitions = FxHashMap<Register, Option<Pc>>;

/// At most so many counters of a loop, given its instructions.
pub(super) fn counters(code: &Code, members: &[Pc], limit: usize) -> Vec<Counter> {
    let mut definitions = Definitions::default();
    for pc in members {
        let instruction = code.instruction(*pc);
        for register in instruction.defines() {
            let only = instruction.always().then_some(*pc);
            definitions.entry(register).and_modify(|known| *known = None).or_insert(only);
        }
    }
    let mut registers: Vec<Register> = definitions.keys().copied().collect();
    registers.sort_unstable();
    let chains = registers.into_iter().filter_map(|register| chain(code, &definitions, register));
    // Each register of a chain finds it: the first one's counts.
    chains.filter(|counter| counter.registers.iter().min() == counter.registers.first()).take(limit).collect()
}

/// The chain that leads from a register back to itself.
fn chain(code: &Code, definitions: &Definitions, start: Register) -> Option<Counter> {
    let mut counter = Counter { registers: Vec::new(), addition: 0 };
    let mut additions = 0;
    let mut register = start;
    while counter.registers.len() < CHAIN_LIMIT {
        let pc = definitions.get(&register).copied().flatten()?;
        counter.registers.push(register);
        let (source, adds) = link(code, definitions, pc)?;
        if adds {
            additions += 1;
            counter.addition = pc;
        }
        if source == start {
            return (additions == 1).then_some(counter);
        }
        register = source;
    }
    None
}

/// What a link takes its value from, and whether it adds to it.
fn link(code: &Code, definitions: &Definitions, pc: Pc) -> Option<(Register, bool)> {
    let Step::Compute { function, sources: [a, b, ..], .. } = &code.instruction(pc).step else { return None };
    let fixed = |source: &Source| match source {
        Source::Constant(value) => *value != 0,
        Source::Register(register) => !definitions.contains_key(register),
    };
    match function {
        Function::Move => Some((a.register()?, false)),
        Function::Integer(Integer::Add | Integer::Sub, _) if fixed(b) => Some((a.register()?, true)),
        Function::Integer(Integer::Add, _) if fixed(a) => Some((b.register()?, true)),
        _ => None,
    }
}
