//! Idioms of two words and no wait: what litmus tests ask, as code that fails where the order of things is other than
//! it must be.

use super::place::{Buffer, Compare, Dialect, WEAK, constant, how, step};
use super::signals::anyone;
use super::steps::Steps;
use super::writer::Writer;

/// Two threads announce themselves and look whether the other has; who sees nobody writes (Dekker).
pub(crate) fn announce_and_look(writer: &mut Writer<'_>, steps: &mut Steps) {
    let members = anyone(writer);
    let reach = writer.layout.scope_of(&members[..2]);
    let flags = [writer.word_of(Buffer::Flag, &members[..2]), writer.word_of(Buffer::Flag, &members[..2])];
    let data = writer.word_of(Buffer::Data, &members[..2]);
    for (index, member) in members[..2].iter().enumerate() {
        let scope = writer.wider(reach);
        let order = writer.random.pick(&["relaxed", "relaxed", "release", "volatile"]);
        writer.store(flags[index], "1", how(order, scope));
        let kind = if writer.random.chance(80) { "sc" } else { "acq_rel" };
        writer.right_if(kind == "sc");
        writer.fence(kind, scope);
        let order = writer.random.pick(&["relaxed", "relaxed", "acquire", "volatile"]);
        let seen = writer.load(flags[1 - index], how(order, scope));
        if writer.dialect == Dialect::Ptx {
            let (busy, over) = (writer.predicate(), writer.label());
            writer.line(format!("setp.ne.u32 {busy}, {seen}, 0;"));
            writer.line(format!("@{busy} bra {over};"));
            writer.store(data, "7", WEAK);
            writer.line(format!("{over}:"));
        } else {
            let place = writer.place(data);
            writer.line(format!("if {seen} == 0 {{ store {place} = 7 weak }}"));
        }
        steps.by(*member, writer);
    }
}

/// A message that is read without waiting: the data only if the flag has come.
pub(crate) fn glance(writer: &mut Writer<'_>, steps: &mut Steps) {
    let members = anyone(writer);
    let (from, to) = (members[0], members[1]);
    let reach = writer.layout.scope(from, to);
    let data = writer.word_of(Buffer::Data, &[from, to]);
    let flag = writer.word_of(Buffer::Flag, &[from, to]);
    writer.store(data, "7", WEAK);
    writer.publish(flag, step(1), reach);
    steps.by(from, writer);
    let scope = writer.wider(reach);
    let seen = writer.load(flag, how("acquire", scope));
    let value = writer.value(step(1));
    if writer.dialect == Dialect::Ptx {
        let (early, over) = (writer.predicate(), writer.label());
        writer.line(format!("setp.lt.u32 {early}, {seen}, {value};"));
        writer.line(format!("@{early} bra {over};"));
        let loaded = writer.load(data, WEAK);
        writer.keep(to, &loaded);
        writer.line(format!("{over}:"));
    } else {
        let (loaded, place) = (writer.register(), writer.place(data));
        let kept = writer.word(Buffer::Out, 0).word;
        writer.line(format!(
            "if {seen} >= {value} {{ let {loaded} = load {place} weak store out[{kept}] = {loaded} weak }}"
        ));
    }
    steps.by(to, writer);
}

/// One word that gets two values, read twice; or two words, written in opposite orders.
pub(crate) fn coherence(writer: &mut Writer<'_>, steps: &mut Steps) {
    let members = anyone(writer);
    let reach = writer.layout.scope_of(&members);
    let scope = writer.wider(reach);
    let at = writer.word_of(Buffer::Flag, &members);
    let other = writer.word_of(Buffer::Flag, &members);
    let order =
        |writer: &mut Writer<'_>, strong: &'static str| writer.random.pick(&["relaxed", "relaxed", "volatile", strong]);
    let crossed = writer.random.chance(50);
    for (index, member) in members.iter().take(2).enumerate() {
        let order = order(writer, "release");
        let places = if index == 0 { [at, other] } else { [other, at] };
        writer.store(places[0], &(index + 1).to_string(), how(order, scope));
        writer.store(if crossed { places[1] } else { places[0] }, &(index + 3).to_string(), how(order, scope));
        steps.by(*member, writer);
    }
    let reader = members.get(2).copied().unwrap_or(members[1]);
    let (first, second) = if crossed { (at, other) } else { (at, at) };
    let order = order(writer, "acquire");
    let one = writer.load(first, how(order, scope));
    let two = writer.load(second, how(order, scope));
    writer.keep(reader, &one);
    if !crossed && writer.dialect == Dialect::Ptx && writer.layout.launches == 1 {
        // Never backwards.
        let (new, old) = (writer.predicate(), writer.predicate());
        writer.line(format!("setp.eq.u32 {new}, {one}, 3;"));
        writer.line(format!("setp.eq.and.u32 {old}, {two}, 1, {new};"));
        writer.line(format!("@{old} trap;"));
    } else {
        writer.keep(reader, &two);
    }
    steps.by(reader, writer);
}

/// Each reads one word and writes the other (load buffering): with a dependency, a condition, or neither.
pub(crate) fn crossed_copies(writer: &mut Writer<'_>, steps: &mut Steps) {
    let members = anyone(writer);
    let reach = writer.layout.scope_of(&members[..2]);
    let scope = writer.wider(reach);
    let flags = [writer.word_of(Buffer::Flag, &members[..2]), writer.word_of(Buffer::Flag, &members[..2])];
    for (index, member) in members[..2].iter().enumerate() {
        let order = writer.random.pick(&["relaxed", "relaxed", "acquire", "volatile"]);
        let seen = writer.load(flags[index], how(order, scope));
        let order = writer.random.pick(&["relaxed", "relaxed", "release", "volatile"]);
        let depends = writer.random.chance(50);
        let value = if depends { seen.clone() } else { "1".to_owned() };
        writer.store(flags[1 - index], &value, how(order, scope));
        if writer.random.chance(40) {
            writer.right_if(false);
            writer.fail_if(&seen, Compare::Different, constant(0));
        } else {
            writer.keep(*member, &seen);
        }
        steps.by(*member, writer);
    }
}

/// A read, and then a write that is handed on by others and comes back to the word that was read (load buffering): what
/// lies between the two is a dependency, or only looks like one (PTX).
pub(crate) fn circle(writer: &mut Writer<'_>, steps: &mut Steps) {
    let members = anyone(writer);
    let reach = writer.layout.scope_of(&members);
    let scope = writer.wider(reach);
    let first = writer.word_of(Buffer::Flag, &members);
    let others = &members[1..];
    // The first word may be handed on through others, or be the one that is handed on.
    let again = writer.random.chance(25);
    let words: Vec<_> = others
        .iter()
        .enumerate()
        .map(|(index, _)| if again && index == 0 { first } else { writer.word_of(Buffer::Flag, &members) })
        .collect();
    let order = writer.random.pick(&["relaxed", "relaxed", "volatile", "acquire"]);
    let seen = writer.load(first, how(order, scope));
    let value = between(writer, members[0], &seen, how("relaxed", scope));
    let order = writer.random.pick(&["relaxed", "relaxed", "volatile", "release"]);
    writer.store(words[0], &value, how(order, scope));
    writer.right_if(false);
    if writer.random.chance(60) {
        writer.fail_if(&seen, Compare::Equal, step(2));
    } else {
        writer.keep(members[0], &seen);
    }
    steps.by(members[0], writer);
    for (index, member) in others.iter().enumerate() {
        let order = writer.random.pick(&["relaxed", "relaxed", "volatile", "acquire"]);
        writer.poll(words[index], Compare::AtLeast, step(1), how(order, scope));
        let order = writer.random.pick(&["relaxed", "relaxed", "volatile", "release"]);
        let next = words.get(index + 1).copied();
        writer.store_value(next.unwrap_or(first), step(if next.is_some() { 1 } else { 2 }), how(order, scope));
        steps.by(*member, writer);
    }
}

/// What comes between the read and the write of a circle; returns what is written.
fn between(writer: &mut Writer<'_>, member: usize, seen: &str, strong: super::place::How) -> String {
    let value = writer.value(step(1));
    match writer.random.below(8) {
        // Data, and data that are overwritten before they are used.
        form @ 0..=1 => {
            let sum = computed_from(writer, seen, &value);
            if form == 1 {
                writer.line(format!("mov.u32 {sum}, {value};"));
            }
            return sum;
        }
        2 => {
            let (odd, over) = (writer.predicate(), writer.label());
            writer.line(format!("setp.ne.u32 {odd}, {seen}, 77;"));
            writer.line(format!("@{odd} bra {over};"));
            writer.line(format!("{over}:"));
        }
        3 => writer.keep(member, seen),
        4 => {
            let copy = writer.word_of(Buffer::Flag, &[member]);
            writer.store(copy, seen, strong);
        }
        5 => {
            // What was stored is loaded again, or something else.
            let rank = writer.layout.members[member].rank;
            let (kept, other) = (writer.word(Buffer::Data, rank), writer.word(Buffer::Data, rank));
            writer.store(kept, seen, WEAK);
            let from = writer.random.pick(&[kept, other]);
            let loaded = writer.load(from, WEAK);
            return computed_from(writer, &loaded, &value);
        }
        6 => {
            let (odd, chosen) = (writer.predicate(), writer.register());
            writer.line(format!("setp.eq.u32 {odd}, {seen}, 77;"));
            writer.line(format!("selp.b32 {chosen}, {value}, {value}, {odd};"));
            return chosen;
        }
        _ => {}
    }
    value
}

/// A value that is computed from a register, whatever that holds.
fn computed_from(writer: &mut Writer<'_>, register: &str, value: &str) -> String {
    let (none, sum) = (writer.register(), writer.register());
    writer.line(format!("and.b32 {none}, {register}, 0;"));
    writer.line(format!("add.u32 {sum}, {none}, {value};"));
    sum
}
