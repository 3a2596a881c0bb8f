//! Idioms in which the owner's stream takes part: words that are refreshed, outputs that peers push to, memory that
//! nobody has written, and reads that are not coherent.

use super::place::{Buffer, Compare, Dialect, Place, WEAK, constant, how, step};
use super::signals::{anyone, mailbox};
use super::steps::Steps;
use super::writer::Writer;

/// A partition of one element, for whichever thread comes there.
const ONE: &str = "from 0 until 1 step 1";

/// The input of another's rank, read after it said that its launch has begun, and before it ends.
pub(crate) fn refreshed(writer: &mut Writer<'_>, steps: &mut Steps) {
    let members = anyone(writer);
    let (owner, reader) = (members[0], members[1]);
    let reach = writer.layout.scope(owner, reader);
    let input = Place { buffer: Buffer::Input, rank: writer.layout.members[owner].rank, word: 0 };
    let (begun, done) = (writer.word_of(Buffer::Flag, &members[..2]), writer.word_of(Buffer::Flag, &members[..2]));
    writer.publish(begun, step(1), reach);
    steps.by(owner, writer);
    writer.wait(begun, Compare::AtLeast, step(1), reach);
    if writer.dialect == Dialect::Ptx {
        let order = writer.random.pick(&["weak", "relaxed", "acquire", "volatile"]);
        let scope = writer.wider(reach);
        let seen = writer.load(input, how(order, scope));
        writer.keep(reader, &seen);
    } else {
        let (row, rank) = (writer.row(), input.rank);
        writer.line(format!("copy kept[{row}] <- input on rank {rank} over {ONE} tail scalar"));
    }
    if writer.random.chance(85) {
        writer.publish(done, step(1), reach);
        steps.by(reader, writer);
        writer.wait(done, Compare::AtLeast, step(1), reach);
        steps.by(owner, writer);
    } else {
        writer.right_if(writer.layout.launches == 1);
        steps.by(reader, writer);
    }
}

/// Every rank puts its input into every rank's output, which the host reads (PTX).
pub(crate) fn push(writer: &mut Writer<'_>, steps: &mut Steps) {
    let leaders = writer.layout.leaders();
    if leaders.len() != writer.layout.ranks as usize || leaders.len() < 2 {
        return mailbox(writer, steps);
    }
    let ranks = writer.layout.ranks;
    let reach = writer.layout.scope_of(&leaders);
    let rows: Vec<[Place; 2]> =
        (0..ranks).map(|rank| [(); 2].map(|()| writer.words(Buffer::Flag, rank, ranks))).collect();
    let slot = |row: usize, on: u32, from: u32| {
        let at = rows[on as usize][row];
        Place { word: at.word + from, ..at }
    };
    let peers = |rank: u32| (0..ranks).filter(move |peer| *peer != rank);
    if writer.layout.launches > 1 {
        for (rank, leader) in (0..ranks).zip(&leaders) {
            for peer in peers(rank) {
                writer.publish(slot(0, peer, rank), step(1), reach);
            }
            steps.by(*leader, writer);
        }
    }
    for (rank, leader) in (0..ranks).zip(&leaders) {
        if writer.layout.launches > 1 {
            for peer in peers(rank) {
                writer.wait(slot(0, rank, peer), Compare::AtLeast, step(1), reach);
            }
        }
        let own = writer.load(Place { buffer: Buffer::Input, rank, word: 0 }, WEAK);
        for peer in 0..ranks {
            let order = writer.random.pick(&["weak", "weak", "relaxed", "volatile"]);
            writer.store(Place { buffer: Buffer::Gathered, rank: peer, word: rank }, &own, how(order, reach));
        }
        for peer in peers(rank) {
            writer.publish(slot(1, peer, rank), step(1), reach);
        }
        steps.by(*leader, writer);
    }
    for (rank, leader) in (0..ranks).zip(&leaders) {
        for peer in peers(rank) {
            writer.wait(slot(1, rank, peer), Compare::AtLeast, step(1), reach);
        }
        steps.by(*leader, writer);
    }
}

/// Words that say themselves that they have come, sent and received (the language).
pub(crate) fn send(writer: &mut Writer<'_>, steps: &mut Steps) {
    let members = anyone(writer);
    let (from, to) = (members[0], members[1]);
    let rank = writer.layout.members[if writer.random.chance(70) { to } else { from }].rank;
    let (row, kept) = (writer.row(), writer.row());
    let order = writer.random.pick(&["relaxed.sys", "volatile"]);
    let (words, marking) = if writer.layout.launches == 1 && writer.random.chance(40) {
        ("sentinels", "sentinel".to_owned())
    } else {
        ("packets", format!("flag {}", writer.value(step(1))))
    };
    writer.line(format!("send {words}[{row}] on rank {rank} <- input over {ONE} by word {marking} {order}"));
    steps.by(from, writer);
    writer.line(format!(
        "receive kept[{kept}] <- sum over q in 0..1 of {words}[{row}] on rank {rank} over {ONE} by word {marking} {order}"
    ));
    steps.by(to, writer);
}

/// A word that nobody has written before: read only after another flag said that it is there, or polled at once.
pub(crate) fn unwritten(writer: &mut Writer<'_>, steps: &mut Steps) {
    let members = anyone(writer);
    let (from, to) = (members[0], members[1]);
    let reach = writer.layout.scope(from, to);
    let scope = writer.wider(reach);
    let word = writer.word_of(Buffer::Poison, &[from, to]);
    let flag = writer.word_of(Buffer::Flag, &[from, to]);
    let order = writer.random.pick(&["weak", "relaxed", "release", "volatile"]);
    writer.store_value(word, step(1), how(order, scope));
    let told = writer.random.chance(75);
    writer.right_if(told);
    if told {
        writer.publish(flag, step(1), reach);
    }
    steps.by(from, writer);
    if told {
        writer.wait(flag, Compare::AtLeast, step(1), reach);
    }
    if !told || writer.random.chance(50) {
        let order = if told { "relaxed" } else { "acquire" };
        writer.poll(word, Compare::Equal, step(1), how(order, scope));
    } else {
        let seen = writer.load(word, WEAK);
        writer.keep_or_check(to, &seen, step(1));
    }
    steps.by(to, writer);
}

/// A load that presumes that nobody writes: right before the launch's own writes only if there are none (PTX).
pub(crate) fn not_coherent(writer: &mut Writer<'_>, steps: &mut Steps) {
    if writer.dialect == Dialect::Language {
        return mailbox(writer, steps);
    }
    let members = anyone(writer);
    let member = members[0];
    let own = writer.layout.members[member].rank;
    let read = writer.register();
    let at = if writer.random.chance(60) {
        Place { buffer: Buffer::Input, rank: own, word: 0 }
    } else {
        let data = writer.word(Buffer::Data, own);
        if writer.random.chance(60) {
            writer.right_if(false);
            writer.store_value(data, constant(5), WEAK);
        }
        data
    };
    let place = writer.place(at);
    writer.line(format!("ld.global.nc.u32 {read}, {place};"));
    writer.keep(member, &read);
    steps.by(member, writer);
}
