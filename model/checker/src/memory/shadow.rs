//! The last weak accesses to every byte, for race detection.
//!
//! A weak write must follow every earlier access to its bytes in causality order, and a weak read every earlier
//! write; whatever interleaving is explored, an unordered pair shows. So it is enough to keep, for each byte, the
//! last write and the reads since that no later read follows. Neighbouring bytes with one history share a cell of 16
//! bytes (data) or 4 (words), which splits in four when an access covers a part of it.
//!
//! Where threads take turns at the vectors of a long row, whole stretches have one history for each turn
//! (`stretch.rs`): an access of every so manieth vector ([`Sweep`]) costs what one access costs.

use super::clock::Epoch;
use super::stretch::{Stretch, Stretches};
use crate::program::SiteIndex;
use smallvec::SmallVec;
use std::ops::Range;

/// Who accessed, when, in which statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Access {
    /// When.
    pub epoch: Epoch,
    /// The statement.
    pub site: SiteIndex,
}

impl Access {
    /// The initial contents.
    pub const INITIAL: Access = Access { epoch: Epoch::INITIAL, site: SiteIndex(0) };
}

/// Reads of a cell of which none is kept that a later one follows.
const FEW_READS: usize = 3;

/// What a cell, or a turn of a stretch, remembers.
#[derive(Clone, Debug, PartialEq, Hash)]
pub(super) struct Record {
    write: Access,
    reads: SmallVec<[Access; 1]>,
    written: bool,
}

#[derive(Clone, Debug, PartialEq, Hash)]
pub(super) enum Cell {
    Whole(Record),
    Split(Box<[Cell; 4]>),
}

/// Vectors at equal distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// First byte of the first.
    pub first: u64,
    /// Bytes from one to the next, a multiple of the bytes of one.
    pub step: u64,
    /// Bytes of one.
    pub vector: u64,
    /// How many, not 0.
    pub count: u64,
    /// Vectors of others that take turns with these end here; not before these.
    pub limit: u64,
}

/// An earlier access that the current one is unordered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The earlier access.
    pub access: Access,
    /// Whether it wrote.
    pub wrote: bool,
    /// First byte in which they overlap.
    pub byte: u64,
}

/// The weak accesses of one buffer instance.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct Shadow {
    stretches: Stretches,
    granule: u64,
}

/// Which earlier accesses the current one follows.
pub trait Before {
    /// Whether it follows a write, or anything, in causality order (program order included).
    fn covers(&self, earlier: &Access) -> bool;

    /// Whether it follows a read as far as it must where it writes: the read has its value.
    fn follows_read(&self, earlier: &Access) -> bool {
        self.covers(earlier)
    }
}

impl<F: Fn(&Access) -> bool> Before for F {
    fn covers(&self, earlier: &Access) -> bool {
        self(earlier)
    }
}

/// Loads that are done are followed, too (`--assume loads=done-at-barrier`).
pub struct WithLoads<C, D> {
    /// What is followed in causality order.
    pub covered: C,
    /// Whether a load is done.
    pub done: D,
}

impl<C: Fn(&Access) -> bool, D: Fn(&Access) -> bool> Before for WithLoads<C, D> {
    fn covers(&self, earlier: &Access) -> bool {
        (self.covered)(earlier)
    }

    fn follows_read(&self, earlier: &Access) -> bool {
        (self.covered)(earlier) || (self.done)(earlier)
    }
}

/// What kind of check an access needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Weak read: checked against writes, and remembered.
    Read,
    /// Weak write: checked against both, and remembered.
    Write,
    /// Strong read: checked against weak writes.
    StrongRead,
    /// Strong write: checked against weak accesses; the bytes count as written.
    StrongWrite,
}

impl Shadow {
    /// A buffer of `bytes` bytes that nobody has accessed; `written` says whether its initial contents mean something.
    /// `granule` is 16 or 4. `swept` says whether there may be sweeps, for which a large buffer is made ready.
    pub fn new(bytes: u64, granule: u32, written: bool, swept: bool) -> Shadow {
        let record = Record { write: Access::INITIAL, reads: SmallVec::new(), written };
        let granule = u64::from(granule);
        Shadow { stretches: Stretches::new(bytes, granule, record, swept), granule }
    }

    /// Nobody has written these bytes.
    pub fn leave_unwritten(&mut self, range: Range<u64>) {
        self.visit(&range, &mut |record, _| record.written = false);
    }

    /// Whether somebody has written all of these bytes, or they had contents from the beginning.
    pub fn is_written(&self, range: Range<u64>) -> bool {
        // A strong read changes nothing.
        matches!(self.unchanged(range, Kind::StrongRead, &|_: &Access| true), Some(Ok(true)))
    }

    /// Checks an access against the earlier ones, of which it follows those `before`, and remembers it. Returns whether every
    /// byte had been written.
    pub fn access(
        &mut self,
        range: Range<u64>,
        kind: Kind,
        access: Access,
        before: &impl Before,
    ) -> Result<bool, Conflict> {
        let mut seen = Seen { written: true, conflict: None };
        self.visit(&range, &mut |record, at| {
            seen.look(record, kind, before, at.max(range.start));
            record.remember(kind, access, before);
        });
        seen.result()
    }

    /// The same for a strong access that leaves nothing to remember; `None` if it does.
    pub fn unchanged(&self, range: Range<u64>, kind: Kind, before: &impl Before) -> Option<Result<bool, Conflict>> {
        let mut seen = Seen { written: true, conflict: None };
        self.stretches.look(&range, self.granule, &mut |record, at| {
            seen.look(record, kind, before, at.max(range.start));
        });
        let changes = match kind {
            Kind::Read | Kind::Write => true,
            Kind::StrongRead => false,
            Kind::StrongWrite => !seen.written,
        };
        (!changes).then(|| seen.result())
    }

    /// Whether accesses of all vectors of a sweep are ordered with the earlier ones, and read nothing unwritten.
    pub fn is_clear(&self, sweep: &Sweep, kind: Kind, before: &impl Before) -> bool {
        let mut seen = Seen { written: true, conflict: None };
        self.stretches.look_along(sweep, self.granule, &mut |record, at| seen.look(record, kind, before, at));
        seen.conflict.is_none() && (seen.written || kind != Kind::Read)
    }

    /// Remembers accesses of all vectors of a sweep, which [`Shadow::is_clear`] has found in order.
    pub fn remember_sweep(&mut self, sweep: &Sweep, kind: Kind, access: Access, before: &impl Before) {
        self.stretches.visit_along(sweep, self.granule, &mut |record| record.remember(kind, access, before));
    }

    /// Whether an access is known that everybody is past, by `past`.
    pub fn knows(&self, past: impl Fn(&Access) -> bool) -> bool {
        self.stretches.iter().any(|stretch| match stretch {
            Stretch::Cells(cells) => cells.iter().any(|cell| cell.knows(&past)),
            Stretch::Turns(turns) => turns.records().iter().any(|record| record.knows(&past)),
        })
    }

    /// Remembers an access that was checked elsewhere, as if it had been weak.
    pub fn remember(&mut self, range: Range<u64>, wrote: bool, access: Access) {
        self.visit(&range, &mut |record, _| {
            if wrote {
                record.write = access;
                record.written = true;
            } else {
                record.reads.push(access);
            }
        });
    }

    fn visit(&mut self, range: &Range<u64>, act: &mut impl FnMut(&mut Record, u64)) {
        self.stretches.visit(range, self.granule, act);
    }

    /// Records that it consists of.
    #[cfg(test)]
    pub(super) fn records(&self) -> usize {
        let count = |stretch: &Stretch| match stretch {
            Stretch::Cells(cells) => cells.len(),
            Stretch::Turns(turns) => turns.records().len(),
        };
        self.stretches.iter().map(count).sum()
    }

    /// Reads of a byte.
    #[cfg(test)]
    pub(super) fn reads(&self, byte: u64) -> Vec<Access> {
        let mut reads = Vec::new();
        let look = &mut |record: &Record, _| reads.extend(record.reads.iter().copied());
        self.stretches.look(&(byte..byte + 1), self.granule, look);
        reads
    }

    /// Forgets who made the accesses that everybody is past, by `past`: no later one can race with them.
    pub fn forget(&mut self, past: impl Fn(&Access) -> bool) {
        for stretch in self.stretches.iter_mut() {
            match stretch {
                Stretch::Cells(cells) => cells.iter_mut().for_each(|cell| cell.forget(&past)),
                Stretch::Turns(turns) => turns.records_mut().iter_mut().for_each(|record| record.forget(&past)),
            }
        }
    }

    /// The last weak write to a byte.
    pub fn last_write(&self, byte: u64) -> Access {
        let mut last = Access::INITIAL;
        self.stretches.look(&(byte..byte + 1), self.granule, &mut |record, _| last = record.write);
        last
    }
}

/// What an access has found so far.
struct Seen {
    written: bool,
    conflict: Option<Conflict>,
}

impl Seen {
    fn look(&mut self, record: &Record, kind: Kind, before: &impl Before, byte: u64) {
        if self.conflict.is_none() {
            self.conflict = record.conflict(kind, before, byte);
        }
        self.written &= record.written;
    }

    fn result(self) -> Result<bool, Conflict> {
        self.conflict.map_or(Ok(self.written), Err)
    }
}

impl Record {
    fn conflict(&self, kind: Kind, before: &impl Before, byte: u64) -> Option<Conflict> {
        if !before.covers(&self.write) {
            return Some(Conflict { access: self.write, wrote: true, byte });
        }
        if matches!(kind, Kind::Write | Kind::StrongWrite) {
            let read = self.reads.iter().find(|read| !before.follows_read(read))?;
            return Some(Conflict { access: *read, wrote: false, byte });
        }
        None
    }

    fn remember(&mut self, kind: Kind, access: Access, before: &impl Before) {
        match kind {
            Kind::Read => {
                // Among many, those that this one follows are looked for each time their number doubles: to keep
                // them costs space alone.
                if self.reads.len() <= FEW_READS || self.reads.len().is_power_of_two() {
                    self.reads.retain(|read| !before.covers(read));
                }
                self.reads.push(access);
            }
            Kind::Write => {
                self.write = access;
                self.reads.clear();
                self.written = true;
            }
            Kind::StrongRead => {}
            Kind::StrongWrite => self.written = true,
        }
    }
}

impl Record {
    fn knows(&self, past: &impl Fn(&Access) -> bool) -> bool {
        self.write != Access::INITIAL && past(&self.write) || self.reads.iter().any(past)
    }

    fn forget(&mut self, past: &impl Fn(&Access) -> bool) {
        if past(&self.write) {
            self.write = Access::INITIAL;
        }
        self.reads.retain(|read| !past(read));
    }
}

impl Cell {
    fn knows(&self, past: &impl Fn(&Access) -> bool) -> bool {
        match self {
            Cell::Whole(record) => record.knows(past),
            Cell::Split(parts) => parts.iter().any(|part| part.knows(past)),
        }
    }

    /// Applies `act` to every record within `range`, without splitting this cell.
    pub(super) fn look(&self, start: u64, length: u64, range: &Range<u64>, act: &mut impl FnMut(&Record, u64)) {
        match self {
            Cell::Whole(record) => act(record, start),
            Cell::Split(parts) => {
                let size = length / 4;
                for (at, part) in (start..).step_by(size as usize).zip(parts.iter()) {
                    if at < range.end && at + size > range.start {
                        part.look(at, size, range, act);
                    }
                }
            }
        }
    }

    fn forget(&mut self, past: &impl Fn(&Access) -> bool) {
        match self {
            Cell::Whole(record) => record.forget(past),
            Cell::Split(parts) => parts.iter_mut().for_each(|part| part.forget(past)),
        }
    }

    /// Applies `act` to every record within `range`, splitting this cell where the range covers a part of it.
    pub(super) fn visit(
        &mut self,
        start: u64,
        length: u64,
        range: &Range<u64>,
        act: &mut impl FnMut(&mut Record, u64),
    ) {
        let whole = range.start <= start && range.end >= start + length;
        if let Cell::Whole(record) = self {
            if whole || length == 1 {
                act(record, start);
                return;
            }
            let part = || Cell::Whole(record.clone());
            *self = Cell::Split(Box::new([part(), part(), part(), part()]));
        }
        let Cell::Split(parts) = self else { return };
        let size = length / 4;
        for (at, part) in (start..).step_by(size as usize).zip(parts.iter_mut()) {
            if at < range.end && at + size > range.start {
                part.visit(at, size, range, act);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(thread: u32, step: u32) -> Access {
        Access { epoch: Epoch { thread, phase: 0, step }, site: SiteIndex(step) }
    }

    /// Only program order.
    fn own(thread: u32) -> impl Fn(&Access) -> bool {
        move |access| access.epoch.is_initial() || access.epoch.thread == thread
    }

    #[test]
    fn unordered_write_and_read_conflict_in_either_order() {
        let mut shadow = Shadow::new(64, 16, true, false);
        assert_eq!(shadow.access(0..16, Kind::Write, by(1, 1), &own(1)), Ok(true));
        let found = shadow.access(8..10, Kind::Read, by(2, 1), &own(2));
        assert_eq!(found, Err(Conflict { access: by(1, 1), wrote: true, byte: 8 }));

        let mut shadow = Shadow::new(64, 16, true, false);
        assert!(shadow.access(8..10, Kind::Read, by(2, 1), &own(2)).is_ok());
        let found = shadow.access(0..16, Kind::Write, by(1, 1), &own(1));
        assert_eq!(found, Err(Conflict { access: by(2, 1), wrote: false, byte: 8 }));
    }

    #[test]
    fn strong_accesses_are_checked_and_leave_nothing_behind() {
        let mut shadow = Shadow::new(64, 16, true, false);
        assert!(shadow.access(4..8, Kind::Write, by(1, 1), &own(1)).is_ok());
        let before = shadow.clone();
        for kind in [Kind::StrongRead, Kind::StrongWrite] {
            for (range, thread) in [(4..8, 1), (4..8, 2), (0..4, 2), (16..20, 2), (0..16, 2)] {
                let looked = shadow.unchanged(range.clone(), kind, &own(thread));
                assert_eq!(looked, Some(shadow.access(range, kind, by(thread, 2), &own(thread))));
            }
        }
        assert!(shadow.unchanged(0..4, Kind::Read, &own(1)).is_none());
        // Parts of a whole cell have its history, whether it is split or not.
        assert!((0..64).all(|byte| shadow.last_write(byte) == before.last_write(byte)));
        let unwritten = Shadow::new(16, 4, false, false);
        assert_eq!(unwritten.unchanged(0..4, Kind::StrongRead, &own(1)), Some(Ok(false)));
        assert_eq!(unwritten.unchanged(0..4, Kind::StrongWrite, &own(1)), None);
    }

    #[test]
    fn disjoint_bytes_of_one_cell_do_not_conflict() {
        let mut shadow = Shadow::new(16, 16, true, false);
        assert!(shadow.access(0..2, Kind::Write, by(1, 1), &own(1)).is_ok());
        assert!(shadow.access(2..4, Kind::Write, by(2, 1), &own(2)).is_ok());
        assert!(shadow.access(4..8, Kind::Write, by(3, 1), &own(3)).is_ok());
    }

    #[test]
    fn concurrent_reads_are_all_remembered() {
        let mut shadow = Shadow::new(16, 16, true, false);
        for thread in 1..4 {
            assert!(shadow.access(0..16, Kind::Read, by(thread, 1), &own(thread)).is_ok());
        }
        let after_one_and_three = |access: &Access| access.epoch.is_initial() || access.epoch.thread != 2;
        let found = shadow.access(0..16, Kind::Write, by(3, 2), &after_one_and_three);
        assert_eq!(found.map_err(|conflict| conflict.access), Err(by(2, 1)));
    }

    #[test]
    fn unwritten_bytes_are_told_apart() {
        let mut shadow = Shadow::new(16, 4, false, false);
        assert!(shadow.access(0..4, Kind::Write, by(1, 1), &own(1)).is_ok());
        assert_eq!(shadow.access(0..4, Kind::Read, by(1, 2), &own(1)), Ok(true));
        assert_eq!(shadow.access(0..8, Kind::Read, by(1, 3), &own(1)), Ok(false));
        assert!(shadow.is_written(0..4) && !shadow.is_written(0..8));
        let mut shadow = Shadow::new(32, 16, true, false);
        shadow.leave_unwritten(6..20);
        assert!(shadow.is_written(0..6) && shadow.is_written(20..32));
        assert!((6..20).all(|byte| !shadow.is_written(byte..byte + 1)) && !shadow.is_written(0..32));
    }
}
