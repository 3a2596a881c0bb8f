//! A circle of load buffering, in words.

use crate::machine::ReadThenWrite;
use crate::memory::slot::location;
use crate::program::{Program, SiteIndex};

/// Steps that are named; of a longer circle the rest is counted.
const NAMED: usize = 4;

/// What could be reordered: who reads what and then writes what, and where.
pub(super) fn describe<P: Program>(program: &P, circle: &[ReadThenWrite]) -> String {
    let shape = program.shape();
    let thread = |thread: u32| {
        let block = thread / shape.threads;
        let (rank, block) = (block / shape.blocks, block % shape.blocks);
        format!("rank {rank} block {block} thread {}", thread % shape.threads)
    };
    let word = |key: u64| {
        let at = location(key);
        let instance = &shape.instances[at.instance as usize];
        format!("`{}` of rank {} byte {}", instance.name, instance.rank, at.byte)
    };
    let line = |site: SiteIndex| match program.line(site) {
        0 => String::new(),
        line => format!(" (line {line})"),
    };
    let steps: Vec<String> = circle
        .iter()
        .take(NAMED)
        .map(|step| {
            let then = if step.free { "and then, without depending on it," } else { "and then" };
            let who = if step.writer == step.read.thread { String::new() } else { format!("{} ", thread(step.writer)) };
            let (read, written) = (word(step.read.slot), word(step.written));
            let (reads, writes) = (line(step.read.site), line(step.site));
            format!("{} reads {read}{reads} {then} {who}writes {written}{writes}", thread(step.read.thread))
        })
        .collect();
    let rest = match circle.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    format!(
        "relaxed loads and stores of several threads could be reordered in a circle (load buffering), which this engine \
         does not explore: nothing was found otherwise. {}{rest}",
        steps.join("; ")
    )
}
