//! Idioms of a block or a warp: barriers between data, barriers with counts, arrivals, divergent ones, votes, shuffles
//! and reductions by barriers, shared memory.

use super::signals::{anyone, mailbox};
use super::steps::Steps;
use super::writer::{Buffer, Compare, Dialect, Place, WEAK, Writer, how, step};

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
}

/// All threads of a warp wait together, each for its own word (PTX): by a vote, or by a barrier that reduces.
pub(crate) fn vote(writer: &mut Writer<'_>, steps: &mut Steps) {
    let members = anyone(writer);
    let (from, reach) = (members[0], writer.layout.scope_of(&members));
    let leaders = writer.layout.leaders();
    if leaders.len() > 2 {
        return mailbox(writer, steps);
    }
    let ranks = writer.layout.ranks;
    let words: Vec<Place> = (0..ranks).map(|rank| writer.words(Buffer::Flag, rank, 2)).collect();
    let threads = u32::min(writer.layout.threads, 2);
    let data = writer.word(Buffer::Data, writer.layout.members[from].rank);
    // One thread lets everybody go on: every rank's words, for each of two threads.
    writer.store_value(data, step(3), WEAK);
    for at in &words {
        for thread in 0..threads {
            writer.publish(Place { word: at.word + thread, ..*at }, step(1), reach);
        }
    }
    if writer.layout.threads == 64 {
        let _ = writer.take();
        return mailbox(writer, steps);
    }
    steps.by(from, writer);
    let value = writer.value(step(1));
    let (again, base, address) = (writer.label(), writer.wide(), writer.wide());
    writer.line(format!("mov.u64 {base}, %flag0;"));
    for rank in 1..ranks {
        let (there, from_rank) = (writer.predicate(), rank);
        writer.line(format!("setp.eq.u32 {there}, %rank, {from_rank};"));
        writer.line(format!("selp.b64 {base}, %flag{rank}, {base}, {there};"));
    }
    let own = writer.wide();
    writer.line(format!("mul.wide.u32 {own}, %lane, 4;"));
    writer.line(format!("add.u64 {address}, {base}, {own};"));
    writer.line(format!("add.u64 {address}, {address}, {};", 4 * words[0].word));
    let (seen, unready, ready, all) = (writer.register(), writer.predicate(), writer.predicate(), writer.predicate());
    let order = writer.random.pick(&["acquire", "acquire", "relaxed", "volatile"]);
    let scope = writer.wider(reach);
    let mask = if writer.layout.threads == 1 { 1 } else { (1_u32 << writer.layout.threads) - 1 };
    writer.line(format!("{again}:"));
    let third = writer.layout.threads > 2;
    let over = writer.label();
    if third {
        // The third thread has no word: a branch inside the loop.
        let idle = writer.predicate();
        writer.line(format!("mov.u32 {seen}, {value};"));
        writer.line(format!("setp.gt.u32 {idle}, %lane, 1;"));
        writer.line(format!("@{idle} bra {over};"));
    }
    writer.line(format!("ld{}.global.u32 {seen}, [{address}];", how(order, scope).suffix()));
    writer.line(format!("{over}:"));
    let form = writer.random.below(4);
    let reader = members[members.len() - 1];
    // Votes and shuffles order nothing: the reader itself must have read its word, of this round.
    let lane = writer.layout.members[reader].thread;
    writer.right_if(form == 2 || lane == 0 || (form < 2 && lane == 1));
    match form {
        0 => {
            writer.line(format!("setp.ge.u32 {ready}, {seen}, {value};"));
            writer.line(format!("vote.sync.all.pred {all}, {ready}, {mask};"));
            writer.line(format!("@!{all} bra {again};"));
        }
        1 => {
            writer.line(format!("setp.lt.u32 {unready}, {seen}, {value};"));
            writer.line(format!("vote.sync.any.pred {all}, {unready}, {mask};"));
            writer.line(format!("@{all} bra {again};"));
        }
        2 => {
            writer.line(format!("setp.lt.u32 {unready}, {seen}, {value};"));
            writer.line(format!("barrier.red.or.pred {all}, 0, {unready};"));
            writer.line(format!("@{all} bra {again};"));
        }
        _ => {
            let first = writer.register();
            writer.line(format!("shfl.sync.idx.b32 {first}, {seen}, 0, 31, {mask};"));
            writer.line(format!("setp.lt.u32 {unready}, {first}, {value};"));
            writer.line(format!("@{unready} bra {again};"));
        }
    }
    if order != "acquire" || writer.random.chance(30) {
        writer.some_fence(reach);
    }
    steps.by_all(writer);
    let loaded = writer.load(data, WEAK);
    writer.keep_or_check(reader, &loaded, step(3));
    steps.by(reader, writer);
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
