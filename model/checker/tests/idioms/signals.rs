//! Idioms of data and flags: mailboxes, relays, values of waits, either of two flags, and the barrier of all ranks.

use super::layout::Scope;
use super::place::{Buffer, Compare, Dialect, Place, Value, WEAK, how, step};
use super::steps::Steps;
use super::writer::Writer;

/// Members in any order: as many as there are.
pub(crate) fn anyone(writer: &mut Writer<'_>) -> Vec<usize> {
    let mut members: Vec<usize> = (0..writer.layout.members.len()).collect();
    writer.random.shuffle(&mut members);
    members
}

/// How a flag is compared with the value it will have, if it has no other in the launch.
pub(crate) fn arrival(writer: &mut Writer<'_>) -> Compare {
    if writer.random.chance(80) { Compare::AtLeast } else { Compare::Equal }
}

/// The reader tells the writer that it has read, where the words are written again.
pub(crate) fn acknowledge(writer: &mut Writer<'_>, steps: &mut Steps, from: usize, to: usize) {
    if writer.layout.launches == 1 || writer.random.chance(30) {
        return;
    }
    let reach = writer.layout.scope(from, to);
    let at = writer.word_of(Buffer::Flag, &[from, to]);
    writer.publish(at, step(1), reach);
    steps.by(from, writer);
    let compare = arrival(writer);
    writer.wait(at, compare, step(1), reach);
    steps.by(to, writer);
}

/// Data, a flag behind it, and somebody who waits for the flag and reads the data.
pub(crate) fn mailbox(writer: &mut Writer<'_>, steps: &mut Steps) {
    let members = anyone(writer);
    let (from, to) = (members[0], members[1]);
    let reach = writer.layout.scope(from, to);
    let data = writer.word_of(Buffer::Data, &[from, to]);
    let flag = writer.word_of(Buffer::Flag, &[from, to]);
    writer.store_value(data, step(3), WEAK);
    writer.publish(flag, step(1), reach);
    steps.by(from, writer);
    let compare = arrival(writer);
    writer.wait(flag, compare, step(1), reach);
    let seen = writer.load(data, WEAK);
    writer.keep_or_check(to, &seen, step(3));
    steps.by(to, writer);
    acknowledge(writer, steps, to, from);
}

/// Three threads: the second hands on what the first says, by a signal of its own, by adding to the first one's, or
/// by a barrier of its block.
pub(crate) fn relay(writer: &mut Writer<'_>, steps: &mut Steps) {
    let members = anyone(writer);
    if members.len() < 3 {
        return mailbox(writer, steps);
    }
    let (first, mut second, mut third) = (members[0], members[1], members[2]);
    let pair = writer.layout.pair_of_a_block(writer.random).filter(|pair| pair.0 != first && pair.1 != first);
    let by_barrier = pair.is_some() && writer.random.chance(60);
    if let (Some(pair), true) = (pair, by_barrier) {
        (second, third) = pair;
    }
    let data = writer.word_of(Buffer::Data, &[first, third]);
    let flag = writer.word_of(Buffer::Flag, &[first, second]);
    let everybody = writer.layout.scope_of(&[first, second, third]);
    writer.store_value(data, step(3), WEAK);
    writer.publish(flag, step(1), everybody);
    steps.by(first, writer);
    if by_barrier {
        writer.wait(flag, Compare::AtLeast, step(1), everybody);
        steps.by(second, writer);
        steps.barrier(writer);
    } else if writer.random.chance(40) {
        // A chain of read-modify-writes: the second need not acquire.
        let order = writer.random.pick(&["relaxed", "relaxed", "acquire"]);
        writer.poll(flag, Compare::AtLeast, step(1), how(order, everybody));
        writer.reduce("add", flag, "1", how("relaxed", everybody));
        steps.by(second, writer);
        writer.wait(flag, Compare::AtLeast, step(2), everybody);
    } else {
        let other = writer.word_of(Buffer::Flag, &[second, third]);
        writer.wait(flag, Compare::AtLeast, step(1), everybody);
        writer.publish(other, step(1), everybody);
        steps.by(second, writer);
        let compare = arrival(writer);
        writer.wait(other, compare, step(1), everybody);
    }
    let seen = writer.load(data, WEAK);
    writer.keep_or_check(third, &seen, step(3));
    steps.by(third, writer);
    acknowledge(writer, steps, third, first);
}

/// A flag that gets two values, and a waiter that uses the one it got.
pub(crate) fn value_used(writer: &mut Writer<'_>, steps: &mut Steps) {
    let members = anyone(writer);
    let (from, to) = (members[0], members[1]);
    let data = writer.words(Buffer::Data, writer.layout.members[from].rank, 2);
    let second = Place { word: data.word + 1, ..data };
    let flag = writer.word_of(Buffer::Flag, &[from, to]);
    // Of two threads, the second may be another one's.
    let other = if members.len() > 2 && writer.random.chance(25) { members[2] } else { from };
    let reach = writer.layout.scope_of(&[from, other, to]);
    writer.store_value(data, step(3), WEAK);
    writer.publish(flag, step(1), reach);
    steps.by(from, writer);
    if other == from {
        writer.store_value(second, step(3), WEAK);
        writer.publish(flag, step(2), reach);
    } else {
        writer.wait(flag, Compare::AtLeast, step(1), reach);
        writer.store_value(second, step(3), WEAK);
        writer.reduce("add", flag, "1", how("release", reach));
    }
    steps.by(other, writer);
    let mut seen = writer.wait(flag, Compare::AtLeast, step(1), reach);
    if writer.dialect == Dialect::Language {
        seen = writer.load(flag, how("acquire", reach));
    }
    match writer.random.below(4) {
        0 => writer.keep(to, &seen),
        1 => {
            let wrong = writer.random.pick(&[step(2), step(2), step(3), step(1)]);
            writer.right_if(wrong == step(3));
            writer.fail_if(&seen, Compare::Equal, wrong);
        }
        _ if writer.dialect == Dialect::Ptx => indexed(writer, data, &seen, to),
        _ => {
            let loaded = writer.load(data, WEAK);
            writer.keep(to, &loaded);
        }
    }
    steps.by(to, writer);
    acknowledge(writer, steps, to, other);
}

/// Reads the word that the value of the flag says: with the `k`-th value, the `k`-th word.
fn indexed(writer: &mut Writer<'_>, data: Place, seen: &str, to: usize) {
    let base = writer.value(Value { first: 1, ..step(1) });
    let (index, offset, address) = (writer.register(), writer.wide(), writer.wide());
    writer.line(format!("sub.u32 {index}, {seen}, {base};"));
    writer.line(format!("and.b32 {index}, {index}, 1;"));
    writer.line(format!("mul.wide.u32 {offset}, {index}, 4;"));
    writer.line(format!("add.u64 {address}, %data{}, {offset};", data.rank));
    let loaded = writer.register();
    writer.line(format!("ld.global.u32 {loaded}, [{address}+{}];", 4 * data.word));
    writer.keep_or_check(to, &loaded, step(3));
}

/// A thread that goes on when either of two others has said so (PTX).
pub(crate) fn either(writer: &mut Writer<'_>, steps: &mut Steps) {
    let members = anyone(writer);
    let (one, to) = (members[0], members[1]);
    let two = members.get(2).copied().unwrap_or(one);
    let reach = writer.layout.scope_of(&[one, two, to]);
    let (mut data, mut flags) = (Vec::new(), Vec::new());
    for from in [one, two] {
        data.push(writer.word_of(Buffer::Data, &[from, to]));
        flags.push(writer.word(Buffer::Flag, writer.layout.members[to].rank));
    }
    let mut published = 2;
    for (index, from) in [one, two].into_iter().enumerate() {
        writer.store_value(data[index], step(3), WEAK);
        writer.publish(flags[index], step(1), reach);
        steps.by(from, writer);
        if index == 0 && writer.random.chance(25) {
            published = 1;
            break;
        }
    }
    let (again, end) = (writer.label(), writer.label());
    let order = writer.random.pick(&["acquire", "acquire", "relaxed", "volatile"]);
    let value = writer.value(step(1));
    let short = writer.random.chance(40);
    writer.line(format!("{again}:"));
    let mut arrived = Vec::new();
    for flag in flags {
        let scope = writer.wider(reach);
        let seen = writer.load(flag, how(order, scope));
        let predicate = writer.predicate();
        writer.line(format!("setp.ge.u32 {predicate}, {seen}, {value};"));
        if short {
            writer.line(format!("@{predicate} bra {end};"));
        }
        arrived.push(predicate);
    }
    if short {
        writer.line(format!("bra {again};"));
    } else {
        let both = writer.predicate();
        let operation = writer.random.pick(&["or", "or", "or", "and"]);
        writer.right_if(operation == "or" || published == 2);
        writer.line(format!("{operation}.pred {both}, {}, {};", arrived[0], arrived[1]));
        writer.line(format!("@!{both} bra {again};"));
    }
    writer.line(format!("{end}:"));
    if order != "acquire" {
        writer.some_fence(reach);
    }
    // Behind a short circuit only the first predicate is sure to be of this round.
    let readable = if short { 1 } else { 2 };
    for (predicate, at) in arrived.iter().zip(&data).take(readable) {
        let (over, loaded) = (writer.label(), writer.register());
        let place = writer.place(*at);
        writer.line(format!("@!{predicate} bra {over};"));
        writer.line(format!("ld.global.u32 {loaded}, {place};"));
        writer.keep_or_check(to, &loaded, step(3));
        writer.line(format!("{over}:"));
    }
    steps.by(to, writer);
    acknowledge(writer, steps, to, one);
    acknowledge(writer, steps, to, two);
}

/// Every block's first thread waits for those of all others: by a flag for each, or by a counter.
pub(crate) fn meet(writer: &mut Writer<'_>, steps: &mut Steps) {
    let leaders = writer.layout.leaders();
    if leaders.len() < 2 {
        return;
    }
    let reach: Scope = writer.layout.scope_of(&leaders);
    let several = writer.layout.threads > 1;
    if several {
        steps.barrier(writer);
    }
    if writer.random.chance(50) {
        let counter = writer.word(Buffer::Flag, 0);
        let all = super::place::count(leaders.len() as u32);
        for leader in &leaders {
            let scope = writer.wider(reach);
            writer.reduce("add", counter, "1", how("release", scope));
            steps.by(*leader, writer);
        }
        for leader in &leaders {
            writer.wait(counter, Compare::AtLeast, all, reach);
            steps.by(*leader, writer);
        }
    } else {
        let slots: Vec<Place> = leaders
            .iter()
            .map(|leader| writer.words(Buffer::Flag, writer.layout.members[*leader].rank, leaders.len() as u32))
            .collect();
        let at = |to: usize, from: usize| Place { word: slots[to].word + from as u32, ..slots[to] };
        for pass in [true, false] {
            for own in 0..leaders.len() {
                for other in (0..leaders.len()).filter(|other| *other != own) {
                    if pass {
                        writer.publish(at(other, own), step(1), reach);
                    } else {
                        let compare = arrival(writer);
                        // The next launch's value may come before this one's is seen.
                        writer.right_if(compare == Compare::AtLeast);
                        writer.wait(at(own, other), compare, step(1), reach);
                    }
                }
                steps.by(leaders[own], writer);
            }
        }
    }
    if several {
        steps.barrier(writer);
    }
}
