//! Idioms of several words that belong together: packets that bring their flag along, seqlocks, slots with credits.

use super::place::{Buffer, Compare, Place, WEAK, how, step};
use super::signals::{acknowledge, anyone, arrival};
use super::steps::Steps;
use super::writer::Writer;

/// Data that brings its flag along: one word of 64 bits, or a vector of words whose elements are in no order (PTX).
pub(crate) fn packet(writer: &mut Writer<'_>, steps: &mut Steps) {
    let members = anyone(writer);
    let (from, to) = (members[0], members[1]);
    let reach = writer.layout.scope(from, to);
    let scope = writer.wider(reach);
    let form = writer.random.below(4);
    let width = if form == 3 { 4 } else { 2 };
    let at = writer.words(Buffer::Flag, writer.layout.members[to].rank, width);
    let place = writer.place(at);
    let order = writer.random.pick(&["relaxed", "relaxed", "volatile"]);
    let suffix = how(order, scope).suffix();
    let (flag, data) = (writer.value(step(1)), writer.value(step(3)));
    let line = match form {
        0 | 1 => {
            let whole = writer.wide();
            let (low, high) = (writer.register(), writer.register());
            writer.line(format!("mov.u32 {low}, {flag};"));
            writer.line(format!("mov.u32 {high}, {data};"));
            writer.line(format!("mov.b64 {whole}, {{{low}, {high}}};"));
            format!("st{suffix}.global.u64 {place}, {whole};")
        }
        2 => format!("st{suffix}.global.v2.u32 {place}, {{{flag}, {data}}};"),
        _ => format!("st{suffix}.global.v4.u32 {place}, {{{flag}, {data}, {flag}, {data}}};"),
    };
    writer.line(line);
    steps.by(from, writer);
    let expected = writer.value(step(1));
    let read = received(writer, form, &suffix, &place, &expected);
    writer.keep_or_check(to, &read, step(3));
    steps.by(to, writer);
    acknowledge(writer, steps, to, from);
}

/// Polls a packet; the register of its data.
fn received(writer: &mut Writer<'_>, form: usize, suffix: &str, place: &str, expected: &str) -> String {
    let seen: Vec<String> = (0..4).map(|_| writer.register()).collect();
    let load = match form {
        0 | 1 => {
            let whole = writer.wide();
            vec![
                format!("ld{suffix}.global.u64 {whole}, {place};"),
                format!("mov.b64 {{{}, {}}}, {whole};", seen[0], seen[1]),
            ]
        }
        2 => vec![format!("ld{suffix}.global.v2.u32 {{{}, {}}}, {place};", seen[0], seen[1])],
        _ => vec![format!("ld{suffix}.global.v4.u32 {{{}}}, {place};", seen.join(", "))],
    };
    // All words that come, or only the flag: the latter is right for one word of 64 bits.
    if form >= 2 && writer.random.chance(60) {
        let least = writer.register();
        let mut round = load;
        round.push(format!("min.u32 {least}, {}, {};", seen[0], seen[1]));
        if form == 3 {
            round.push(format!("min.u32 {least}, {least}, {};", seen[2]));
            round.push(format!("min.u32 {least}, {least}, {};", seen[3]));
        }
        writer.repeat(&round, &least, Compare::AtLeast, expected);
    } else {
        writer.right_if(form < 2);
        let compare = arrival(writer);
        writer.repeat(&load, &seen[0], compare, expected);
    }
    seen[1].clone()
}

/// A version that is odd while two words are written, and a reader that tries until it saw one version (PTX).
pub(crate) fn seqlock(writer: &mut Writer<'_>, steps: &mut Steps) {
    let members = anyone(writer);
    let (from, to) = (members[0], members[1]);
    let reach = writer.layout.scope(from, to);
    let scope = writer.wider(reach);
    let version = writer.word_of(Buffer::Flag, &[from, to]);
    let words = writer.words(Buffer::Flag, writer.layout.members[from].rank, 2);
    let second = Place { word: words.word + 1, ..words };
    let relaxed = how("relaxed", scope);
    writer.store_value(version, step(1), relaxed);
    writer.fence("acq_rel", scope);
    writer.store_value(words, step(3), relaxed);
    writer.store_value(second, step(3), relaxed);
    writer.store_value(version, step(2), how("release", scope));
    steps.by(from, writer);
    let again = writer.label();
    writer.line(format!("{again}:"));
    let before = writer.load(version, how("acquire", scope));
    let (one, two) = (writer.load(words, relaxed), writer.load(second, relaxed));
    writer.fence("acq_rel", scope);
    let after = writer.load(version, relaxed);
    let (changed, odd, bit, retry) = (writer.predicate(), writer.predicate(), writer.register(), writer.predicate());
    writer.line(format!("setp.ne.u32 {changed}, {before}, {after};"));
    writer.line(format!("and.b32 {bit}, {before}, 1;"));
    writer.line(format!("setp.ne.u32 {odd}, {bit}, 0;"));
    writer.line(format!("or.pred {retry}, {changed}, {odd};"));
    writer.line(format!("@{retry} bra {again};"));
    let differ = writer.predicate();
    writer.line(format!("setp.ne.u32 {differ}, {one}, {two};"));
    writer.line(format!("@{differ} trap;"));
    steps.by(to, writer);
}

/// A slot that is used twice: the sender waits until the receiver has given it back.
pub(crate) fn credits(writer: &mut Writer<'_>, steps: &mut Steps) {
    let members = anyone(writer);
    let (from, to) = (members[0], members[1]);
    let reach = writer.layout.scope(from, to);
    let slot = writer.word_of(Buffer::Data, &[from, to]);
    let full = writer.word_of(Buffer::Flag, &[from, to]);
    let free = writer.word_of(Buffer::Flag, &[from, to]);
    for round in 1..=2 {
        if round == 2 {
            writer.wait(free, Compare::AtLeast, step(1), reach);
        }
        writer.store_value(slot, step(round), WEAK);
        writer.publish(full, step(round), reach);
        steps.by(from, writer);
        let compare = if round == 2 { arrival(writer) } else { Compare::AtLeast };
        writer.wait(full, compare, step(round), reach);
        let seen = writer.load(slot, WEAK);
        writer.keep_or_check(to, &seen, step(round));
        if round == 1 || writer.layout.launches > 1 {
            writer.publish(free, step(round), reach);
        }
        steps.by(to, writer);
    }
    if writer.layout.launches > 1 {
        writer.wait(free, Compare::AtLeast, step(2), reach);
        steps.by(from, writer);
    }
}
