//! Idioms of words that several threads change: counters with resets, reductions, elections, locks, the last to come.

use super::layout::Scope;
use super::place::{Buffer, Compare, Dialect, Place, WEAK, constant, count, how, step};
use super::signals::anyone;
use super::steps::Steps;
use super::writer::Writer;

/// Threads count, one waits for all and resets the counter, then lets them go on.
pub(crate) fn counter_with_reset(writer: &mut Writer<'_>, steps: &mut Steps) {
    let mut members = anyone(writer);
    members.truncate(3);
    let reach = writer.layout.scope_of(&members);
    let (master, others) = (members[0], &members[1..]);
    let counter = writer.word_of(Buffer::Flag, &[master]);
    let go = writer.word_of(Buffer::Flag, &members);
    let data: Vec<Place> = others.iter().map(|other| writer.word_of(Buffer::Data, &[*other, master])).collect();
    for (other, at) in others.iter().zip(&data) {
        writer.store_value(*at, step(3), WEAK);
        let scope = writer.wider(reach);
        writer.reduce("add", counter, "1", how("release", scope));
        steps.by(*other, writer);
    }
    let compare = writer.random.pick(&[Compare::Equal, Compare::AtLeast]);
    writer.wait(counter, compare, constant(others.len() as u32), reach);
    for at in data {
        let seen = writer.load(at, WEAK);
        writer.keep_or_check(master, &seen, step(3));
    }
    if writer.random.chance(75) {
        let order = writer.random.pick(&["relaxed", "release", "volatile"]);
        writer.store_value(counter, constant(0), how(order, reach));
    } else {
        let _ = writer.atomic("exch", counter, "0", how("relaxed", reach));
    }
    writer.publish(go, step(1), reach);
    steps.by(master, writer);
    for other in others {
        writer.wait(go, Compare::AtLeast, step(1), reach);
        steps.by(*other, writer);
    }
}

/// Reductions of one word by several threads, and one who looks at what they make.
pub(crate) fn reductions(writer: &mut Writer<'_>, steps: &mut Steps) {
    let members = anyone(writer);
    let adders = &members[..usize::min(2 + writer.random.below(2), members.len())];
    let reach = writer.layout.scope_of(&members);
    let scope = writer.wider(reach);
    let at = writer.word_of(Buffer::Flag, &members);
    let operation = writer.random.pick(&["add", "add", "add", "max", "min", "or"]);
    let equal = writer.random.chance(50);
    let mut total = 0;
    let data = writer.random.chance(50).then(|| writer.word_of(Buffer::Data, &[adders[0]]));
    for (index, adder) in adders.iter().enumerate() {
        let operand = if equal { 1 } else { 1 + index as u32 };
        total += operand;
        if let (0, Some(data)) = (index, data) {
            writer.store_value(data, step(3), WEAK);
        }
        let order = writer.random.pick(&["release", "release", "relaxed"]);
        let order = if index == 0 { "release" } else { order };
        writer.reduce(operation, at, &operand.to_string(), how(order, scope));
        if writer.random.chance(25) {
            // One adds twice.
            total += operand;
            writer.reduce(operation, at, &operand.to_string(), how(order, scope));
            if let (1.., Some(data)) = (index, data.filter(|_| writer.random.chance(30))) {
                writer.right_if(false);
                writer.some_fence(reach);
                let seen = writer.load(data, WEAK);
                writer.keep(*adder, &seen);
            }
        }
        if writer.random.chance(20) {
            // What one sees after it has added.
            let seen = writer.load(at, how("relaxed", scope));
            writer.keep(*adder, &seen);
        }
        steps.by(*adder, writer);
    }
    let reader = writer.random.pick(&members);
    if operation == "add" && writer.random.chance(70) {
        writer.wait(at, Compare::AtLeast, count(total), reach);
        if let Some(data) = data {
            let seen = writer.load(data, WEAK);
            writer.keep_or_check(reader, &seen, step(3));
        }
    } else {
        let seen = writer.load(at, how("acquire", scope));
        writer.keep(reader, &seen);
    }
    steps.by(reader, writer);
}

/// Several threads swap a word; who finds it as it was writes. In the language, which has no loops, they try once.
pub(crate) fn election(writer: &mut Writer<'_>, steps: &mut Steps) {
    let members = anyone(writer);
    let reach = writer.layout.scope_of(&members[..2]);
    let at = writer.word_of(Buffer::Flag, &members[..2]);
    let data = writer.word_of(Buffer::Data, &members[..2]);
    let swap = writer.random.chance(60);
    // Nobody makes the word 0 again.
    writer.right_if(writer.layout.launches == 1);
    for member in &members[..2] {
        let order = writer.random.pick(&["acq_rel", "acquire", "relaxed"]);
        let scope = writer.wider(reach);
        let old = if swap {
            let old_value = if writer.layout.launches == 1 { "0".to_owned() } else { writer.value(count(1)) };
            let new = if writer.layout.launches == 1 { "1".to_owned() } else { writer.value(count(2)) };
            writer.atomic("cas", at, &format!("{old_value}, {new}"), how(order, scope))
        } else {
            writer.atomic("add", at, "1", how(order, scope))
        };
        let stored = writer.value(step(3));
        if writer.dialect == Dialect::Ptx {
            let (lost, over) = (writer.predicate(), writer.label());
            writer.line(format!("setp.ne.u32 {lost}, {old}, 0;"));
            writer.line(format!("@{lost} bra {over};"));
            writer.store(data, &stored, WEAK);
            writer.line(format!("{over}:"));
        } else {
            let place = writer.place(data);
            writer.line(format!("if {old} == 0 {{ store {place} = {stored} weak }}"));
        }
        steps.by(*member, writer);
    }
}

/// On every rank two threads draw tickets from a word of their own; whoever draws a certain one looks at another rank's data.
/// So it depends on orders whether a rank comes to another's memory at all.
pub(crate) fn queue_of_each_rank(writer: &mut Writer<'_>, steps: &mut Steps) {
    let ranks = writer.layout.ranks;
    let of_rank = |writer: &Writer<'_>, rank: u32| -> Vec<usize> {
        (0..writer.layout.members.len()).filter(|member| writer.layout.members[*member].rank == rank).collect()
    };
    if of_rank(writer, 0).len() < 2 {
        return election(writer, steps);
    }
    let tickets: Vec<Place> = (0..ranks).map(|rank| writer.word(Buffer::Flag, rank)).collect();
    let data: Vec<Place> = (0..ranks).map(|rank| writer.word(Buffer::Data, rank)).collect();
    let ready: Vec<Place> = (0..ranks).map(|rank| writer.word(Buffer::Flag, rank)).collect();
    let announced = writer.random.chance(60);
    writer.right_if(announced);
    // All announce before any waits: so whoever waits is let go, whatever comes between.
    for rank in 0..ranks {
        writer.store_value(data[rank as usize], step(3), WEAK);
        if announced {
            writer.publish(ready[rank as usize], step(1), Scope::Sys);
        }
        steps.by(of_rank(writer, rank)[0], writer);
    }
    for rank in 0..ranks {
        let pair = &of_rank(writer, rank)[..2];
        let reach = writer.layout.scope_of(pair);
        let other = ((rank + 1) % ranks) as usize;
        let looks = writer.random.pick(pair);
        for member in pair {
            let (order, scope) = (writer.random.pick(&["relaxed", "acq_rel"]), writer.wider(reach));
            let ticket = writer.atomic("add", tickets[rank as usize], "1", how(order, scope));
            if *member == looks {
                let wanted = writer.random.pick(&["0", "1", "1", "2", "3"]);
                only_if(writer, &ticket, wanted, |writer| {
                    if announced {
                        writer.wait(ready[other], Compare::AtLeast, step(1), Scope::Sys);
                    }
                    let seen = writer.load(data[other], WEAK);
                    writer.keep(*member, &seen);
                });
            } else if writer.random.chance(50) {
                writer.keep(*member, &ticket);
            }
            steps.by(*member, writer);
        }
    }
}

/// Does something only if a register holds this.
fn only_if(writer: &mut Writer<'_>, register: &str, wanted: &str, body: impl FnOnce(&mut Writer<'_>)) {
    if writer.dialect == Dialect::Ptx {
        let (other, over) = (writer.predicate(), writer.label());
        writer.line(format!("setp.ne.u32 {other}, {register}, {wanted};"));
        writer.line(format!("@{other} bra {over};"));
        body(writer);
        writer.line(format!("{over}:"));
        return;
    }
    let before = writer.take();
    body(writer);
    let inner = writer.take().join(" ");
    before.into_iter().for_each(|line| writer.line(line));
    writer.line(format!("if {register} == {wanted} {{ {inner} }}"));
}

/// What a thread does under a lock: it changes a word that is not accessed strongly.
fn change(writer: &mut Writer<'_>, at: Place, member: usize) {
    let before = writer.load(at, WEAK);
    if writer.dialect == Dialect::Ptx {
        let after = writer.register();
        writer.line(format!("add.u32 {after}, {before}, 1;"));
        writer.store(at, &after, WEAK);
    } else {
        writer.store(at, &format!("{before} + 1"), WEAK);
    }
    if writer.random.chance(30) {
        writer.keep(member, &before);
    }
}

/// A lock that is swapped until it was free (PTX).
pub(crate) fn swap_lock(writer: &mut Writer<'_>, steps: &mut Steps) {
    let mut members = anyone(writer);
    members.truncate(if writer.random.chance(80) { 2 } else { 3 });
    let reach = writer.layout.scope_of(&members);
    let lock = writer.word_of(Buffer::Flag, &members);
    let data = writer.word_of(Buffer::Data, &members);
    for member in &members {
        let scope = writer.wider(reach);
        let relaxed = writer.random.chance(35);
        let order = if relaxed { "relaxed" } else { writer.random.pick(&["acquire", "acq_rel"]) };
        let found = writer.register();
        let place = writer.place(lock);
        let suffix = how(order, scope).suffix();
        let mut round = vec![format!("atom{suffix}.global.cas.b32 {found}, {place}, 0, 1;")];
        if writer.random.chance(20) {
            round = vec![format!("atom{suffix}.global.exch.b32 {found}, {place}, 1;")];
        } else if writer.random.chance(25) {
            // Test and test and set.
            let (seen, again, free) = (writer.register(), writer.label(), writer.predicate());
            let load = how("relaxed", scope).suffix();
            let mut look = vec![format!("{again}:"), format!("ld{load}.global.u32 {seen}, {place};")];
            look.push(format!("setp.ne.u32 {free}, {seen}, 0;"));
            look.push(format!("@{free} bra {again};"));
            for line in look {
                writer.line(line);
            }
        }
        writer.repeat(&round, &found, Compare::Equal, "0");
        if relaxed {
            writer.some_fence(reach);
        }
        change(writer, data, *member);
        match writer.random.below(3) {
            0 => {
                writer.some_fence(reach);
                writer.store(lock, "0", how("relaxed", scope));
            }
            1 => {
                let _ = writer.atomic("exch", lock, "0", how("release", scope));
            }
            _ => writer.store(lock, "0", how("release", scope)),
        }
        steps.by(*member, writer);
    }
}

/// A lock that serves who comes in turn.
pub(crate) fn ticket_lock(writer: &mut Writer<'_>, steps: &mut Steps) {
    let mut members = anyone(writer);
    members.truncate(2);
    let reach = writer.layout.scope_of(&members);
    let next = writer.word_of(Buffer::Flag, &members);
    let serving = writer.word_of(Buffer::Flag, &members);
    let data = writer.word_of(Buffer::Data, &members);
    for member in &members {
        let scope = writer.wider(reach);
        let order = writer.random.pick(&["relaxed", "relaxed", "acq_rel"]);
        let ticket = writer.atomic("add", next, "1", how(order, scope));
        if writer.dialect == Dialect::Ptx {
            let (seen, place) = (writer.register(), writer.place(serving));
            let load = how("acquire", scope).suffix();
            writer.repeat(&[format!("ld{load}.global.u32 {seen}, {place};")], &seen, Compare::Equal, &ticket);
        } else {
            let place = writer.place(serving);
            writer.line(format!("await {place} == {ticket} acquire.{}", scope.name()));
        }
        change(writer, data, *member);
        if writer.random.chance(50) {
            writer.reduce("add", serving, "1", how("release", scope));
        } else if writer.dialect == Dialect::Ptx {
            let after = writer.register();
            writer.line(format!("add.u32 {after}, {ticket}, 1;"));
            writer.store(serving, &after, how("release", scope));
        } else {
            writer.store(serving, &format!("{ticket} + 1"), how("release", scope));
        }
        steps.by(*member, writer);
    }
}

/// Whoever counts last reads what all have written.
pub(crate) fn last_to_come(writer: &mut Writer<'_>, steps: &mut Steps) {
    let mut members = anyone(writer);
    members.truncate(3);
    let reach = writer.layout.scope_of(&members);
    let counter = writer.word_of(Buffer::Flag, &members);
    let data: Vec<Place> = members.iter().map(|member| writer.word_of(Buffer::Data, &[*member])).collect();
    // The last puts the counter back: whoever knows by it that all others have come follows them.
    let resets = writer.random.chance(40).then(|| writer.random.pick(&["weak", "weak", "weak", "relaxed", "release"]));
    for (member, own) in members.iter().zip(&data) {
        writer.store_value(*own, step(3), WEAK);
        let scope = writer.wider(reach);
        let fenced = writer.random.chance(40);
        if fenced {
            writer.some_fence(reach);
        }
        let old = writer.atomic("add", counter, "1", how(if fenced { "relaxed" } else { "acq_rel" }, scope));
        let others = members.len() as u32 - 1;
        let counted = super::place::Value { first: others, ..count(members.len() as u32) };
        let last = writer.value(if resets.is_some() { constant(others) } else { counted });
        if writer.dialect == Dialect::Ptx {
            let (others, over) = (writer.predicate(), writer.label());
            writer.line(format!("setp.ne.u32 {others}, {old}, {last};"));
            writer.line(format!("@{others} bra {over};"));
            if fenced {
                writer.some_fence(reach);
            }
            for at in &data {
                let seen = writer.load(*at, WEAK);
                writer.keep_or_check(*member, &seen, step(3));
            }
            if let Some(order) = resets {
                writer.store_value(counter, constant(0), if order == "weak" { WEAK } else { how(order, reach) });
            }
            writer.line(format!("{over}:"));
        } else {
            let fence = if fenced { format!("fence acq_rel.{} ", reach.name()) } else { String::new() };
            let mut body = String::new();
            for at in &data {
                let (seen, place) = (writer.register(), writer.place(*at));
                let kept = writer.word(Buffer::Out, 0).word;
                body += &format!("let {seen} = load {place} weak store out[{kept}] = {seen} weak ");
            }
            if let Some(order) = resets {
                let how = if order == "weak" { order.to_owned() } else { format!("{order}.{}", reach.name()) };
                body += &format!("store {} = 0 {how} ", writer.place(counter));
            }
            writer.line(format!("if {old} == {last} {{ {fence}{body}}}"));
        }
        steps.by(*member, writer);
    }
}
