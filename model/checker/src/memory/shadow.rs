//! The last weak accesses to every byte, for race detection.
//!
//! A weak write must follow every earlier access to its bytes in causality order, and a weak read every earlier
//! write; whatever interleaving is explored, an unordered pair shows. So it is enough to keep, for each byte, the
//! last write and the reads since that no later read follows. Neighbouring bytes with one history share a cell of 16
//! bytes (data) or 4 (words), which splits in four when an access covers a part of it.

use super::clock::Epoch;
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

/// What a cell remembers.
#[derive(Clone, Debug, PartialEq, Hash)]
struct Record {
    write: Access,
    reads: SmallVec<[Access; 1]>,
    written: bool,
}

#[derive(Clone, Debug, PartialEq, Hash)]
enum Cell {
    Whole(Record),
    Split(Box<[Cell; 4]>),
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
    cells: Vec<Cell>,
    granule: u64,
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
    /// `granule` is 16 or 4.
    pub fn new(bytes: u64, granule: u32, written: bool) -> Shadow {
        let record = Record { write: Access::INITIAL, reads: SmallVec::new(), written };
        let granule = u64::from(granule);
        Shadow { cells: vec![Cell::Whole(record); bytes.div_ceil(granule) as usize], granule }
    }

    /// Nobody has written these bytes.
    pub fn leave_unwritten(&mut self, range: Range<u64>) {
        let granule = self.granule;
        for index in (range.start / granule)..range.end.div_ceil(granule) {
            self.cells[index as usize].visit(index * granule, granule, &range, &mut |record, _| record.written = false);
        }
    }

    /// Whether somebody has written all of these bytes, or they had contents from the beginning.
    pub fn is_written(&self, range: Range<u64>) -> bool {
        // A strong read changes nothing.
        matches!(self.unchanged(range, Kind::StrongRead, |_| true), Some(Ok(true)))
    }

    /// Checks an access against the earlier ones and remembers it. `covered` says whether an earlier access precedes
    /// the current one in causality order (program order included). Returns whether every byte had been written.
    pub fn access(
        &mut self,
        range: Range<u64>,
        kind: Kind,
        access: Access,
        covered: impl Fn(&Access) -> bool,
    ) -> Result<bool, Conflict> {
        let mut written = true;
        let mut conflict = None;
        let granule = self.granule;
        let cells = (range.start / granule)..range.end.div_ceil(granule);
        for index in cells {
            let start = index * granule;
            self.cells[index as usize].visit(start, granule, &range, &mut |record, at| {
                if conflict.is_none() {
                    conflict = record.conflict(kind, &covered, at.max(range.start));
                }
                written &= record.written;
                record.remember(kind, access, &covered);
            });
        }
        conflict.map_or(Ok(written), Err)
    }

    /// The same for a strong access that leaves nothing to remember; `None` if it does.
    pub fn unchanged(
        &self,
        range: Range<u64>,
        kind: Kind,
        covered: impl Fn(&Access) -> bool,
    ) -> Option<Result<bool, Conflict>> {
        let mut written = true;
        let mut conflict = None;
        let granule = self.granule;
        for index in (range.start / granule)..range.end.div_ceil(granule) {
            self.cells[index as usize].look(index * granule, granule, &range, &mut |record, at| {
                if conflict.is_none() {
                    conflict = record.conflict(kind, &covered, at.max(range.start));
                }
                written &= record.written;
            });
        }
        let changes = match kind {
            Kind::Read | Kind::Write => true,
            Kind::StrongRead => false,
            Kind::StrongWrite => !written,
        };
        (!changes).then(|| conflict.map_or(Ok(written), Err))
    }

    /// Whether an access is known that everybody is past, by `past`.
    pub fn knows(&self, past: impl Fn(&Access) -> bool) -> bool {
        self.cells.iter().any(|cell| cell.knows(&past))
    }

    /// Remembers an access that was checked elsewhere, as if it had been weak.
    pub fn remember(&mut self, range: Range<u64>, wrote: bool, access: Access) {
        let granule = self.granule;
        for index in (range.start / granule)..range.end.div_ceil(granule) {
            self.cells[index as usize].visit(index * granule, granule, &range, &mut |record, _| {
                if wrote {
                    record.write = access;
                    record.written = true;
                } else {
                    record.reads.push(access);
                }
            });
        }
    }

    /// Forgets who made the accesses that everybody is past, by `past`: no later one can race with them.
    pub fn forget(&mut self, past: impl Fn(&Access) -> bool) {
        self.cells.iter_mut().for_each(|cell| cell.forget(&past));
    }

    /// The last weak write to a byte.
    pub fn last_write(&self, byte: u64) -> Access {
        let mut cell = &self.cells[(byte / self.granule) as usize];
        let mut length = self.granule;
        loop {
            match cell {
                Cell::Whole(record) => return record.write,
                Cell::Split(parts) => {
                    length /= 4;
                    cell = &parts[(byte / length % 4) as usize];
                }
            }
        }
    }
}

impl Record {
    fn conflict(&self, kind: Kind, covered: &impl Fn(&Access) -> bool, byte: u64) -> Option<Conflict> {
        if !covered(&self.write) {
            return Some(Conflict { access: self.write, wrote: true, byte });
        }
        if matches!(kind, Kind::Write | Kind::StrongWrite) {
            let read = self.reads.iter().find(|read| !covered(read))?;
            return Some(Conflict { access: *read, wrote: false, byte });
        }
        None
    }

    fn remember(&mut self, kind: Kind, access: Access, covered: &impl Fn(&Access) -> bool) {
        match kind {
            Kind::Read => {
                self.reads.retain(|read| !covered(read));
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

impl Cell {
    fn knows(&self, past: &impl Fn(&Access) -> bool) -> bool {
        match self {
            Cell::Whole(record) => {
                record.write != Access::INITIAL && past(&record.write) || record.reads.iter().any(past)
            }
            Cell::Split(parts) => parts.iter().any(|part| part.knows(past)),
        }
    }

    /// Applies `act` to every record within `range`, without splitting this cell.
    fn look(&self, start: u64, length: u64, range: &Range<u64>, act: &mut impl FnMut(&Record, u64)) {
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
            Cell::Whole(record) => {
                if past(&record.write) {
                    record.write = Access::INITIAL;
                }
                record.reads.retain(|read| !past(read));
            }
            Cell::Split(parts) => parts.iter_mut().for_each(|part| part.forget(past)),
        }
    }

    /// Applies `act` to every record within `range`, splitting this cell where the range covers a part of it.
    fn visit(&mut self, start: u64, length: u64, range: &Range<u64>, act: &mut impl FnMut(&mut Record, u64)) {
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
        let mut shadow = Shadow::new(64, 16, true);
        assert_eq!(shadow.access(0..16, Kind::Write, by(1, 1), own(1)), Ok(true));
        let found = shadow.access(8..10, Kind::Read, by(2, 1), own(2));
        assert_eq!(found, Err(Conflict { access: by(1, 1), wrote: true, byte: 8 }));

        let mut shadow = Shadow::new(64, 16, true);
        assert!(shadow.access(8..10, Kind::Read, by(2, 1), own(2)).is_ok());
        let found = shadow.access(0..16, Kind::Write, by(1, 1), own(1));
        assert_eq!(found, Err(Conflict { access: by(2, 1), wrote: false, byte: 8 }));
    }

    #[test]
    fn strong_accesses_are_checked_and_leave_nothing_behind() {
        let mut shadow = Shadow::new(64, 16, true);
        assert!(shadow.access(4..8, Kind::Write, by(1, 1), own(1)).is_ok());
        let before = shadow.clone();
        for kind in [Kind::StrongRead, Kind::StrongWrite] {
            for (range, thread) in [(4..8, 1), (4..8, 2), (0..4, 2), (16..20, 2), (0..16, 2)] {
                let looked = shadow.unchanged(range.clone(), kind, own(thread));
                assert_eq!(looked, Some(shadow.access(range, kind, by(thread, 2), own(thread))));
            }
        }
        assert!(shadow.unchanged(0..4, Kind::Read, own(1)).is_none());
        // Parts of a whole cell have its history, whether it is split or not.
        assert!((0..64).all(|byte| shadow.last_write(byte) == before.last_write(byte)));
        let unwritten = Shadow::new(16, 4, false);
        assert_eq!(unwritten.unchanged(0..4, Kind::StrongRead, own(1)), Some(Ok(false)));
        assert_eq!(unwritten.unchanged(0..4, Kind::StrongWrite, own(1)), None);
    }

    #[test]
    fn disjoint_bytes_of_one_cell_do_not_conflict() {
        let mut shadow = Shadow::new(16, 16, true);
        assert!(shadow.access(0..2, Kind::Write, by(1, 1), own(1)).is_ok());
        assert!(shadow.access(2..4, Kind::Write, by(2, 1), own(2)).is_ok());
        assert!(shadow.access(4..8, Kind::Write, by(3, 1), own(3)).is_ok());
    }

    #[test]
    fn concurrent_reads_are_all_remembered() {
        let mut shadow = Shadow::new(16, 16, true);
        for thread in 1..4 {
            assert!(shadow.access(0..16, Kind::Read, by(thread, 1), own(thread)).is_ok());
        }
        let after_one_and_three = |access: &Access| access.epoch.is_initial() || access.epoch.thread != 2;
        let found = shadow.access(0..16, Kind::Write, by(3, 2), after_one_and_three);
        assert_eq!(found.map_err(|conflict| conflict.access), Err(by(2, 1)));
    }

    #[test]
    fn unwritten_bytes_are_told_apart() {
        let mut shadow = Shadow::new(16, 4, false);
        assert!(shadow.access(0..4, Kind::Write, by(1, 1), own(1)).is_ok());
        assert_eq!(shadow.access(0..4, Kind::Read, by(1, 2), own(1)), Ok(true));
        assert_eq!(shadow.access(0..8, Kind::Read, by(1, 3), own(1)), Ok(false));
        assert!(shadow.is_written(0..4) && !shadow.is_written(0..8));
        let mut shadow = Shadow::new(32, 16, true);
        shadow.leave_unwritten(6..20);
        assert!(shadow.is_written(0..6) && shadow.is_written(20..32));
        assert!((6..20).all(|byte| !shadow.is_written(byte..byte + 1)) && !shadow.is_written(0..32));
    }
}
