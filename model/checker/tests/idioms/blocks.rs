//! Idioms of a block or a warp: barriers between data, barriers with counts, arrivals, divergent ones, votes, shuffles
//! and reductions by barriers, shared memory.

use super::place::{Buffer, Compare, Dialect, Place, WEAK, how, step};
use super::signals::{anyone, mailbox};
use super::steps::Steps;
use super::writer::Writer;

/// One writes, the block meets, another reads.
pub(crate) fn barrier_between(writer: &mut Writer<'_>, steps: &mut Steps) {
    let Some((from, to)) = writer.layout.pair_of_a_block(writer.random) else { return mailbox(writer, steps) };
    let rank = writer.layout.members[from].rank;
    let shared = writer.dialect == Dialect::Ptx && writer.layout.leaders().len() == 1 && writer.random.chance(40);
    let data = writer.word(if shared { Buffer::Shared } else { Buffer::Data }, rank);
    writer.store_value(data, step(3), WEAK);
    steps.by(from, writer);
    steps.barrier(writer);
    let seen = writer.load(data, WEAK);
    writer.keep_or_check(to, &seen, step(3));
    steps.by(to, writer);
    if writer.layout.launches > 1 || writer.random.chance(30) {
        steps.barrier(writer);
    }
}

/// A barrier that some threads of a block use: both wait, or the writer only arrives.
pub(crate) fn named_barrier(writer: &mut Writer<'_>, steps: &mut Steps) {
    let Some((from, to)) = writer.layout.pair_of_a_block(writer.random) else { return mailbox(writer, steps) };
    let data = writer.word(Buffer::Data, writer.layout.members[from].rank);
    let id = writer.barrier();
    // A barrier waits for the other threads of a warp, whatever they do.
    writer.right_if(writer.dialect == Dialect::Ptx && writer.layout.threads == 2);
    // PTX counts the threads of warps that arrive.
    let count = match (writer.dialect, writer.layout.threads) {
        (Dialect::Ptx, 64) => 64,
        (Dialect::Ptx, _) => 32,
        (Dialect::Language, _) => 2,
    };
    let arrive = writer.random.chance(40) && (count == 64 || writer.dialect == Dialect::Language);
    let line = |waits: bool, dialect: Dialect| match (dialect, waits) {
        (Dialect::Ptx, true) => format!("barrier.sync {id}, {count};"),
        (Dialect::Ptx, false) => format!("barrier.arrive {id}, {count};"),
        (Dialect::Language, true) => format!("barrier_sync {id}, {count}"),
        (Dialect::Language, false) => format!("barrier_arrive {id}, {count}"),
    };
    writer.store_value(data, step(3), WEAK);
    writer.line(line(!arrive, writer.dialect));
    steps.by(from, writer);
    writer.line(line(true, writer.dialect));
    let seen = writer.load(data, WEAK);
    writer.keep_or_check(to, &seen, step(3));
    steps.by(to, writer);
    if !arrive {
        steps.at_once();
    }
}

/// Each thread of a block waits at a barrier of its own place in the code; `.aligned` ones must not (PTX).
pub(crate) fn divergent_barrier(writer: &mut Writer<'_>, steps: &mut Steps) {
    let Some((from, to)) = writer.layout.pair_of_a_block(writer.random) else { return mailbox(writer, steps) };
    let block = (writer.layout.members[from].rank, writer.layout.members[from].block);
    let data = writer.word(Buffer::Data, block.0);
    let aligned = writer.random.chance(25);
    let id = writer.barrier();
    writer.right_if(!aligned && writer.layout.threads == 2);
    let here = |member: &super::layout::Member| (member.rank, member.block) == block;
    // A barrier without a count waits for every thread of the block, also for those that do nothing.
    let everybody = writer.layout.members.iter().filter(|member| here(member)).count() == 2;
    for (member, writes) in [(from, true), (to, false)] {
        if writes {
            writer.store_value(data, step(3), WEAK);
        }
        let line = match (aligned, everybody && writer.layout.threads == 2) {
            (true, true) => "bar.sync 0;".to_owned(),
            (true, false) => format!("bar.sync {id}, 32;"),
            (false, true) => "barrier.sync 0;".to_owned(),
            (false, false) => format!("barrier.sync {id}, 32;"),
        };
        writer.line(line);
        if !writes {
            let seen = writer.load(data, WEAK);
            writer.keep_or_check(to, &seen, step(3));
        }
        steps.by(member, writer);
    }
    steps.at_once();
}

/// All threads of a warp wait together, each for its own word (PTX): by a vote, a shuffle, or a barrier that reduces.
pub(crate) fn vote(writer: &mut Writer<'_>, steps: &mut Steps) {
    let members = anyone(writer);
    let (from, reach) = (members[0], writer.layout.scope_of(&members));
    if writer.layout.leaders().len() > 2 || writer.layout.threads == 64 {
        return mailbox(writer, steps);
    }
    // The same words on every rank.
    let first = writer.words(Buffer::Flag, 0, 2);
    let words: Vec<Place> = (0..writer.layout.ranks).map(|rank| Place { rank, ..first }).collect();
    let data = writer.word(Buffer::Data, writer.layout.members[from].rank);
    // One thread lets everybody go on: every rank's words, for each of two threads.
    writer.store_value(data, step(3), WEAK);
    for at in &words {
        for thread in 0..u32::min(writer.layout.threads, 2) {
            writer.publish(Place { word: at.word + thread, ..*at }, step(1), reach);
        }
    }
    steps.by(from, writer);
    let value = writer.value(step(1));
    let address = own_word(writer, words[0]);
    let (again, over, seen) = (writer.label(), writer.label(), writer.register());
    let order = writer.random.pick(&["acquire", "acquire", "relaxed", "volatile"]);
    let scope = writer.wider(reach);
    writer.line(format!("{again}:"));
    if writer.layout.threads > 2 {
        // The third thread has no word: a branch inside the loop.
        let idle = writer.predicate();
        writer.line(format!("mov.u32 {seen}, {value};"));
        writer.line(format!("setp.gt.u32 {idle}, %lane, 1;"));
        writer.line(format!("@{idle} bra {over};"));
    }
    writer.line(format!("ld{}.global.u32 {seen}, [{address}];", how(order, scope).suffix()));
    writer.line(format!("{over}:"));
    let form = writer.random.below(4);
    together(writer, form, &seen, &value, &again);
    if order != "acquire" || writer.random.chance(30) {
        writer.some_fence(reach);
    }
    steps.by_all(writer);
    let reader = members[members.len() - 1];
    // Votes and shuffles order nothing: the reader itself must have read its word, of this round.
    let lane = writer.layout.members[reader].thread;
    writer.right_if(form == 2 || lane == 0 || (form < 2 && lane == 1));
    let loaded = writer.load(data, WEAK);
    writer.keep_or_check(reader, &loaded, step(3));
    steps.by(reader, writer);
}

/// The address of a thread's own word on its own rank.
fn own_word(writer: &mut Writer<'_>, first: Place) -> String {
    let (base, own, address) = (writer.wide(), writer.wide(), writer.wide());
    writer.line(format!("mov.u64 {base}, %flag0;"));
    for rank in 1..writer.layout.ranks {
        let there = writer.predicate();
        writer.line(format!("setp.eq.u32 {there}, %rank, {rank};"));
        writer.line(format!("selp.b64 {base}, %flag{rank}, {base}, {there};"));
    }
    writer.line(format!("mul.wide.u32 {own}, %lane, 4;"));
    writer.line(format!("add.u64 {address}, {base}, {own};"));
    writer.line(format!("add.u64 {address}, {address}, {};", 4 * first.word));
    address
}

/// Goes round again until all lanes are ready, or the first one is.
fn together(writer: &mut Writer<'_>, form: usize, seen: &str, value: &str, again: &str) {
    let mask = (1_u32 << writer.layout.threads) - 1;
    let (one, all) = (writer.predicate(), writer.predicate());
    match form {
        0 => {
            writer.line(format!("setp.ge.u32 {one}, {seen}, {value};"));
            writer.line(format!("vote.sync.all.pred {all}, {one}, {mask};"));
            writer.line(format!("@!{all} bra {again};"));
        }
        1 => {
            writer.line(format!("setp.lt.u32 {one}, {seen}, {value};"));
            writer.line(format!("vote.sync.any.pred {all}, {one}, {mask};"));
            writer.line(format!("@{all} bra {again};"));
        }
        2 => {
            writer.line(format!("setp.lt.u32 {one}, {seen}, {value};"));
            writer.line(format!("barrier.red.or.pred {all}, 0, {one};"));
            writer.line(format!("@{all} bra {again};"));
        }
        _ => {
            let first = writer.register();
            writer.line(format!("shfl.sync.idx.b32 {first}, {seen}, 0, 31, {mask};"));
            writer.line(format!("setp.lt.u32 {one}, {first}, {value};"));
            writer.line(format!("@{one} bra {again};"));
        }
    }
}

/// A mailbox in shared memory, whose flag one thread clears before a barrier (PTX).
pub(crate) fn shared_mailbox(writer: &mut Writer<'_>, steps: &mut Steps) {
    let pair = writer.layout.pair_of_a_block(writer.random);
    let Some((from, to)) = pair else { return mailbox(writer, steps) };
    let rank = writer.layout.members[from].rank;
    let flag = writer.word(Buffer::Shared, rank);
    let data = writer.word(Buffer::Shared, rank);
    writer.store(flag, "0", WEAK);
    steps.by(writer.random.pick(&[from, to]), writer);
    steps.barrier(writer);
    let reach = writer.layout.scope(from, to);
    writer.store_value(data, step(3), WEAK);
    writer.publish(flag, step(1), reach);
    steps.by(from, writer);
    writer.wait(flag, Compare::AtLeast, step(1), reach);
    let seen = writer.load(data, WEAK);
    writer.keep_or_check(to, &seen, step(3));
    steps.by(to, writer);
}
