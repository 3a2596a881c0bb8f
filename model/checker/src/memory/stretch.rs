//! Stretches of a shadow: cells, or vectors at which threads take turns.
//!
//! In a data phase each thread takes every so manieth vector of a row. So a stretch of a large buffer begins with one history
//! for all of it, and the first thread that sweeps over it divides it into *turns*: vector i has the history of turn i modulo
//! their number. A later sweep that takes all vectors of one turn, and no others, concerns one record, however long the row.
//! Whatever else comes makes cells of what it touches: a page, or where turns do not fit those of a sweep, the whole stretch.
//!
//! Decision: turns are found from what threads do, not from the partition that a protocol declares, so that a phase of any
//! shape is checked as it is performed; at worst it costs what cells cost.

use super::shadow::{Cell, Record, Sweep};
use std::ops::Range;

/// Buffers of fewer bytes are cells from the start.
const LARGE: u64 = 1 << 16;
/// Bytes of which cells are made around an access of a few.
const PAGE: u64 = 1 << 12;

/// One stretch.
#[derive(Clone, Debug, PartialEq, Hash)]
pub(super) enum Stretch {
    /// One for each granule.
    Cells(Vec<Cell>),
    Turns(Turns),
}

/// Vectors that have their histories in turn.
#[derive(Clone, Debug, PartialEq, Hash)]
pub(super) struct Turns {
    /// Bytes of a vector.
    vector: u64,
    /// How many turns there are; of those that come to no vector there is no record.
    turns: u64,
    records: Vec<Record>,
}

impl Turns {
    fn all_alike(bytes: u64, record: Record) -> Turns {
        Turns { vector: bytes, turns: 1, records: vec![record] }
    }

    pub(super) fn records(&self) -> &[Record] {
        &self.records
    }

    pub(super) fn records_mut(&mut self) -> &mut [Record] {
        &mut self.records
    }

    /// The one history of all vectors.
    fn alike(&self) -> Option<&Record> {
        let (first, rest) = self.records.split_first()?;
        rest.iter().all(|record| record == first).then_some(first)
    }

    /// A part, by bytes from the start; the bounds lie between vectors unless there is one record.
    fn part(&self, range: Range<u64>) -> Turns {
        if let [record] = self.records.as_slice() {
            return Turns::all_alike(range.end - range.start, record.clone());
        }
        let first = range.start / self.vector % self.turns;
        let kept = self.turns.min((range.end - range.start) / self.vector);
        let record = |turn| self.records[((first + turn) % self.turns) as usize].clone();
        Turns { records: (0..kept).map(record).collect(), ..*self }
    }

    /// The part as cells.
    fn cells(&self, range: Range<u64>, granule: u64) -> Vec<Cell> {
        let turn = |byte: u64| (byte / self.vector % self.turns) as usize;
        range.step_by(granule as usize).map(|byte| Cell::Whole(self.records[turn(byte)].clone())).collect()
    }

    /// The records of which a range holds vectors, each with the first byte of such a vector.
    fn overlapped(&self, start: u64, end: u64, range: &Range<u64>) -> impl Iterator<Item = (usize, u64)> {
        let (vector, turns) = (self.vector, self.turns);
        let first = (range.start.max(start) - start) / vector;
        let last = (range.end.min(end) - start).div_ceil(vector).min(first + turns);
        (first..last).map(move |index| ((index % turns) as usize, start + index * vector))
    }

    /// The turn of which those vectors of a sweep that lie in the stretch are all, and nothing else; `first` is the first.
    fn turn_of(&self, (start, end): (u64, u64), sweep: &Sweep, first: u64) -> Option<usize> {
        let at = first - start;
        let fits = self.vector == sweep.vector && self.turns * self.vector == sweep.step;
        let complete = at < sweep.step && sweep.first + sweep.count * sweep.step >= end;
        (fits && complete && at.is_multiple_of(self.vector)).then_some((at / self.vector) as usize)
    }
}

/// All stretches of a buffer, each with its first byte, in order and without gaps.
#[derive(Clone, Debug, PartialEq, Hash)]
pub(super) struct Stretches {
    list: Vec<(u64, Stretch)>,
    end: u64,
}

impl Stretches {
    /// One stretch with one history.
    pub(super) fn new(bytes: u64, granule: u64, record: Record, swept: bool) -> Stretches {
        let end = bytes.div_ceil(granule) * granule;
        let stretch = match swept && bytes >= LARGE {
            true => Stretch::Turns(Turns::all_alike(end, record)),
            false => Stretch::Cells(vec![Cell::Whole(record); (end / granule) as usize]),
        };
        Stretches { list: vec![(0, stretch)], end }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Stretch> {
        self.list.iter().map(|(_, stretch)| stretch)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Stretch> {
        self.list.iter_mut().map(|(_, stretch)| stretch)
    }

    /// The stretch that holds a byte.
    fn find(&self, byte: u64) -> usize {
        if self.list.len() == 1 { 0 } else { self.list.partition_point(|(start, _)| *start <= byte) - 1 }
    }

    /// Its first byte, and the one after its last.
    fn bounds(&self, index: usize) -> (u64, u64) {
        (self.list[index].0, self.list.get(index + 1).map_or(self.end, |(start, _)| *start))
    }

    /// Applies `act` to every record within a range, with the first byte of what it stands for.
    pub(super) fn look(&self, range: &Range<u64>, granule: u64, act: &mut impl FnMut(&Record, u64)) {
        for index in self.find(range.start)..self.list.len() {
            let (start, end) = self.bounds(index);
            if start >= range.end {
                return;
            }
            match &self.list[index].1 {
                Stretch::Cells(cells) => {
                    for cell in cells_within(range, (start, end), granule) {
                        cells[cell].look(start + cell as u64 * granule, granule, range, act);
                    }
                }
                Stretch::Turns(turns) => {
                    turns.overlapped(start, end, range).for_each(|(turn, at)| act(&turns.records[turn], at));
                }
            }
        }
    }

    /// The same, to change them: where a range covers a part of what has one history, that is divided.
    pub(super) fn visit(&mut self, range: &Range<u64>, granule: u64, act: &mut impl FnMut(&mut Record, u64)) {
        let mut byte = range.start;
        while byte < range.end {
            let index = self.find(byte);
            let (start, end) = self.bounds(index);
            match &mut self.list[index].1 {
                Stretch::Cells(cells) => {
                    for cell in cells_within(range, (start, end), granule) {
                        cells[cell].visit(start + cell as u64 * granule, granule, range, act);
                    }
                    byte = end;
                }
                Stretch::Turns(turns) if range.start <= start && range.end >= end => {
                    let vector = turns.vector;
                    let records = (start..).step_by(vector as usize).zip(&mut turns.records);
                    records.for_each(|(at, record)| act(record, at));
                    byte = end;
                }
                Stretch::Turns(_) => {
                    let page = range.start.max(start) / PAGE * PAGE..range.end.min(end).next_multiple_of(PAGE);
                    self.divide(index, page, granule);
                }
            }
        }
        let is_cells = matches!(self.list.as_slice(), [(_, Stretch::Cells(_))]);
        if !is_cells && range.start == 0 && range.end + granule > self.end {
            self.join_alike();
        }
    }

    /// Makes cells of the part of a stretch of turns that a range lies in.
    fn divide(&mut self, index: usize, range: Range<u64>, granule: u64) {
        let (start, end) = self.bounds(index);
        let Stretch::Turns(turns) = &self.list[index].1 else { return };
        let unit = if turns.records.len() == 1 { granule } else { turns.vector };
        let from = range.start.saturating_sub(start) / unit * unit;
        let to = (range.end.min(end) - start).next_multiple_of(unit).min(end - start);
        let cells = Stretch::Cells(turns.cells(from..to, granule));
        self.replace(index, [from, to], cells);
    }

    /// Replaces a part of a stretch of turns, by bytes from its start.
    fn replace(&mut self, index: usize, [from, to]: [u64; 2], by: Stretch) {
        let (start, end) = self.bounds(index);
        let Stretch::Turns(turns) = &self.list[index].1 else { return };
        let length = end - start;
        let before = (from > 0).then(|| (start, Stretch::Turns(turns.part(0..from))));
        let after = (to < length).then(|| (start + to, Stretch::Turns(turns.part(to..length))));
        let parts = before.into_iter().chain([(start + from, by)]).chain(after);
        self.list.splice(index..=index, parts.collect::<Vec<_>>());
    }

    /// Neighbours with one history are one stretch.
    fn join_alike(&mut self) {
        let mut joined: Vec<(u64, Stretch)> = Vec::with_capacity(self.list.len());
        for (start, stretch) in std::mem::take(&mut self.list) {
            let alike = match &stretch {
                Stretch::Turns(turns) => turns.alike(),
                Stretch::Cells(cells) => match cells.split_first() {
                    Some((Cell::Whole(first), rest)) => {
                        let same = |cell: &Cell| matches!(cell, Cell::Whole(record) if record == first);
                        rest.iter().all(same).then_some(first)
                    }
                    _ => None,
                },
            };
            let last = joined.last().and_then(|(_, last)| match last {
                Stretch::Turns(Turns { records, .. }) => records.as_slice().first().filter(|_| records.len() == 1),
                Stretch::Cells(_) => None,
            });
            match alike {
                Some(record) if last == Some(record) => {}
                Some(record) => joined.push((start, Stretch::Turns(Turns::all_alike(0, record.clone())))),
                None => joined.push((start, stretch)),
            }
        }
        self.list = joined;
        for index in 0..self.list.len() {
            let (start, end) = self.bounds(index);
            if let Stretch::Turns(turns @ Turns { turns: 1, .. }) = &mut self.list[index].1 {
                turns.vector = end - start;
            }
        }
    }

    /// Applies `act` to every record of vectors of a sweep.
    pub(super) fn look_along(&self, sweep: &Sweep, granule: u64, act: &mut impl FnMut(&Record, u64)) {
        let mut done = 0;
        while done < sweep.count {
            let at = sweep.range(done).start;
            let index = self.find(at);
            let (start, end) = self.bounds(index);
            let next = sweep.before(end);
            if next == done {
                self.look(&sweep.range(done), granule, act);
                done += 1;
                continue;
            }
            match &self.list[index].1 {
                Stretch::Turns(turns) if turns.records.len() == 1 => act(&turns.records[0], at),
                Stretch::Turns(turns) => match turns.turn_of((start, end), sweep, at) {
                    Some(turn) => act(&turns.records[turn], at),
                    None => (done..next).for_each(|vector| self.look(&sweep.range(vector), granule, act)),
                },
                Stretch::Cells(cells) => {
                    for range in (done..next).map(|vector| sweep.range(vector)) {
                        for cell in cells_within(&range, (start, end), granule) {
                            cells[cell].look(start + cell as u64 * granule, granule, &range, act);
                        }
                    }
                }
            }
            done = next;
        }
    }

    /// The same, to change them.
    pub(super) fn visit_along(&mut self, sweep: &Sweep, granule: u64, act: &mut impl FnMut(&mut Record)) {
        let mut done = 0;
        while done < sweep.count {
            let at = sweep.range(done).start;
            let index = self.find(at);
            let (start, end) = self.bounds(index);
            let next = sweep.before(end);
            if next == done {
                self.visit(&sweep.range(done), granule, &mut |record, _| act(record));
                done += 1;
                continue;
            }
            match &mut self.list[index].1 {
                Stretch::Cells(cells) => {
                    for range in (done..next).map(|vector| sweep.range(vector)) {
                        for cell in cells_within(&range, (start, end), granule) {
                            let at = start + cell as u64 * granule;
                            cells[cell].visit(at, granule, &range, &mut |record, _| act(record));
                        }
                    }
                    done = next;
                }
                Stretch::Turns(turns) => {
                    if let Some(turn) = turns.turn_of((start, end), sweep, at) {
                        act(&mut turns.records[turn]);
                        done = next;
                    } else if turns.records.len() > 1 || sweep.step < sweep.vector * 2 {
                        self.divide(index, start..end, granule);
                    } else if next - done < 2 || [at, sweep.vector].iter().any(|bytes| !bytes.is_multiple_of(granule)) {
                        self.divide(index, at / PAGE * PAGE..(at + sweep.vector).next_multiple_of(PAGE), granule);
                    } else {
                        self.take_turns(index, sweep, at);
                    }
                }
            }
        }
    }

    /// Divides what has one history into the turns of a sweep, from one of its vectors on.
    fn take_turns(&mut self, index: usize, sweep: &Sweep, at: u64) {
        let (start, end) = self.bounds(index);
        let Stretch::Turns(turns) = &self.list[index].1 else { return };
        let [record] = turns.records.as_slice() else { return };
        let limit = end.min(sweep.limit).min(sweep.first + sweep.count * sweep.step);
        let (vectors, count) = ((limit - at) / sweep.vector, sweep.step / sweep.vector);
        let records = vec![record.clone(); count.min(vectors) as usize];
        let divided = Turns { vector: sweep.vector, turns: count, records };
        let from = at - start;
        self.replace(index, [from, from + vectors * sweep.vector], Stretch::Turns(divided));
    }
}

/// The cells of a stretch that a range lies in.
fn cells_within(range: &Range<u64>, (start, end): (u64, u64), granule: u64) -> Range<usize> {
    let first = (range.start.max(start) - start) / granule;
    let last = (range.end.min(end) - start).div_ceil(granule);
    first as usize..last as usize
}

impl Sweep {
    /// The first and the last byte of all.
    pub fn whole(&self) -> Range<u64> {
        self.first..self.first + (self.count - 1) * self.step + self.vector
    }

    /// The bytes of one vector.
    pub fn range(&self, vector: u64) -> Range<u64> {
        let start = self.first + vector * self.step;
        start..start + self.vector
    }

    /// How many of its vectors, of which the first is no later, lie before a byte.
    fn before(&self, end: u64) -> u64 {
        let begun = (end - self.first).div_ceil(self.step).min(self.count);
        if self.range(begun - 1).end > end { begun - 1 } else { begun }
    }
}

#[cfg(test)]
mod tests {
    use crate::memory::clock::Epoch;
    use crate::memory::shadow::{Access, Kind, Shadow, Sweep};
    use crate::program::SiteIndex;
    use proptest::prelude::*;

    const BYTES: u64 = 1 << 16;

    #[derive(Clone, Debug)]
    enum Step {
        Plain { start: u64, bytes: u64, kind: Kind },
        Whole(Kind),
        Swept(Sweep, Kind),
    }

    fn kinds() -> impl Strategy<Value = Kind> {
        prop_oneof![Just(Kind::Read), Just(Kind::Write)]
    }

    /// Threads that take turns as in a data phase: all of them, some, or in another partition.
    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let plain = (0..BYTES / 16, 0_u64..4, 0_u32..5, kinds()).prop_map(|(vector, part, size, kind)| {
            let bytes = 1 << size;
            Step::Plain { start: vector * 16 + part * 4 / bytes * bytes, bytes: bytes.min(16 - part * 4), kind }
        });
        let phase =
            (0_u64..2, 2_u64..5, 1_u64..4, kinds(), any::<u64>()).prop_map(|(part, turns, width, kind, order)| {
                let (vector, turns) = (4 << width, 1 << turns);
                let row = BYTES / 2;
                // Not all rows end where a turn of all threads does, and some begin later or end earlier than those before.
                let length = if order % 3 == 0 { row / 2 } else { row - part * 48 };
                let skipped = if order % 4 == 0 { 2 * turns * vector } else { 0 };
                let (begin, limit) = (part * row + skipped, part * row + length);
                let mut threads: Vec<u64> = (0..turns).collect();
                threads.rotate_left((order % turns) as usize);
                let sweep = |thread: u64| {
                    let (first, step) = (begin + thread * vector, turns * vector);
                    let count = (limit - first) / step + u64::from((limit - first) % step >= vector);
                    Step::Swept(Sweep { first, step, vector, count, limit }, kind)
                };
                threads.truncate(if order % 5 == 0 { 3 } else { threads.len() });
                threads.into_iter().map(sweep).collect::<Vec<_>>()
            });
        let some = prop_oneof![
            3 => plain.prop_map(|step| vec![step]),
            1 => kinds().prop_map(|kind| vec![Step::Whole(kind)]),
            4 => phase,
        ];
        proptest::collection::vec(some, 1..9).prop_map(|phases| phases.concat())
    }

    /// Threads know of those with a smaller number in an earlier or the same round of four.
    fn covered(by: u32) -> impl Fn(&Access) -> bool {
        move |earlier| earlier.epoch.is_initial() || earlier.epoch.thread % 7 != by % 7 || earlier.epoch.thread == by
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        /// A shadow of turns finds and remembers what one of cells does.
        #[test]
        fn turns_are_cells(steps in steps(), written in any::<bool>()) {
            let mut swept = Shadow::new(BYTES, 16, written, true);
            let mut cells = Shadow::new(BYTES, 16, written, false);
            for (number, step) in steps.iter().enumerate() {
                let thread = number as u32 % 23;
                let access = Access { epoch: Epoch { thread, phase: 0, step: number as u32 }, site: SiteIndex(0) };
                match step {
                    Step::Plain { start, bytes, kind } => {
                        let range = *start..start + bytes;
                        let found = swept.access(range.clone(), *kind, access, &covered(thread));
                        prop_assert_eq!(found, cells.access(range, *kind, access, &covered(thread)));
                    }
                    Step::Whole(kind) => {
                        let found = swept.access(0..BYTES, *kind, access, &covered(thread));
                        let wanted = cells.access(0..BYTES, *kind, access, &covered(thread));
                        prop_assert_eq!(found.is_ok(), wanted.is_ok());
                        prop_assert!(found.is_err() || found == wanted);
                    }
                    Step::Swept(sweep, kind) => {
                        let clear = swept.is_clear(sweep, *kind, &covered(thread));
                        prop_assert_eq!(clear, cells.is_clear(sweep, *kind, &covered(thread)));
                        swept.remember_sweep(sweep, *kind, access, &covered(thread));
                        for vector in 0..sweep.count {
                            let _ = cells.access(sweep.range(vector), *kind, access, &covered(thread));
                        }
                    }
                }
            }
            for byte in (0..BYTES).step_by(4) {
                prop_assert_eq!(swept.last_write(byte), cells.last_write(byte));
                prop_assert_eq!(swept.is_written(byte..byte + 4), cells.is_written(byte..byte + 4));
                prop_assert_eq!(swept.reads(byte), cells.reads(byte));
            }
        }

        /// A phase costs a record for each turn.
        #[test]
        fn a_row_of_any_length_has_as_many_records_as_turns(rows in 3_u64..40) {
            let (vector, turns) = (16, 64);
            let limit = rows * vector * turns;
            let mut shadow = Shadow::new(BYTES * 8, 16, true, true);
            for thread in 0..turns {
                let sweep = Sweep { first: thread * vector, step: vector * turns, vector, count: rows, limit };
                let access = Access { epoch: Epoch { thread: thread as u32, phase: 0, step: 1 }, site: SiteIndex(0) };
                prop_assert!(shadow.is_clear(&sweep, Kind::Write, &covered(thread as u32)));
                shadow.remember_sweep(&sweep, Kind::Write, access, &covered(thread as u32));
            }
            prop_assert_eq!(shadow.records(), turns as usize + 1);
        }
    }
}
