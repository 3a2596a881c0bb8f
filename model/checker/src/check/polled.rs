//! Learning which words somebody accesses strongly, for `--assume polled-words=strong` ([`Polled`]).

use super::explore::{Limits, explore};
use super::{Options, growing, settings};
use crate::machine::{Contended, Machine, Others, SetAside, Watch};
use crate::program::{Polled, Program};
use std::sync::Arc;

/// States that are looked at.
const STATES: u64 = 10_000;

/// What a program's polled words lack: strong accesses to other words, and weak ones to such words. Looked for in executions that no race
/// ends, without refinement: a check that meets another is inconclusive.
pub fn learn_polled<P: Program>(program: &Arc<P>, options: &Options) -> Polled {
    let limits = Limits {
        states: STATES,
        bytes: options.max_bytes,
        deadline: options.timeout.map(|timeout| std::time::Instant::now() + timeout),
        jobs: 1,
    };
    let contended = Contended { others: Some(Others::default()), ..Contended::default() };
    let settings = settings(options, limits.deadline, Watch::Nothing);
    let learn = |program: &Arc<P>| {
        let machine = Machine::new(program.clone(), settings, contended.clone());
        explore(machine.setting_aside(SetAside::every_race()), limits).polled
    };
    growing(program.clone(), learn).1
}
