//! Why a check is inconclusive, in words.

use super::explore::Exploration;
use crate::machine::ReadThenWrite;
use crate::memory::clock::ThreadIndex;
use crate::memory::slot::location;
use crate::program::{Program, SiteIndex};

/// Steps that are named; of a longer circle the rest is counted.
const NAMED: usize = 4;

fn thread_name<P: Program>(program: &P, thread: ThreadIndex) -> String {
    let shape = program.shape();
    let block = thread / shape.threads;
    let (rank, block) = (block / shape.blocks, block % shape.blocks);
    format!("rank {rank} block {block} thread {}", thread % shape.threads)
}

fn word_name<P: Program>(program: &P, key: u64) -> String {
    let at = location(key);
    let at = program.shape().shown(at);
    format!("`{}` of rank {} byte {}", at.buffer, at.rank, at.byte)
}

fn line_of<P: Program>(program: &P, site: SiteIndex) -> String {
    match program.line(site) {
        0 => String::new(),
        line => format!(" (line {line})"),
    }
}

/// What a check that was stopped spent itself on, and what might help.
pub(super) fn what_cost_most<P: Program>(program: &P, exploration: &Exploration<P::Thread>) -> Option<String> {
    if let Some((thread, site)) = exploration.cut_short {
        let (thread, line) = (thread_name(program, thread), line_of(program, site));
        return Some(format!(
            "{thread} went on and on, at last{line}: a loop that changes something each time it goes round is no wait; \
             smaller sizes may help"
        ));
    }
    let (slot, site, part) = exploration.busiest?;
    let (word, line) = (word_name(program, slot), line_of(program, site));
    Some(format!(
        "most choices ({:.0} %) were made at {word}{line}: fewer threads that come there, fewer launches, or `--engine \
         axiomatic`, may decide it",
        part * 100.0
    ))
}

/// What could be reordered: who reads what and then writes what, and where.
pub(super) fn describe<P: Program>(program: &P, circle: &[ReadThenWrite]) -> String {
    let thread = |thread: ThreadIndex| thread_name(program, thread);
    let word = |key: u64| word_name(program, key);
    let line = |site: SiteIndex| line_of(program, site);
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
