//! mbarrier objects: what their word holds, and what arrivals make of it (PTX ISA, "Parallel Synchronization and
//! Communication Instructions: mbarrier").
//!
//! An object is opaque 64 bits. Here they hold its phase, the arrivals that it expects, those that are pending, and the bytes
//! of asynchronous copies that are outstanding (tx-count), so that every operation on it is a read-modify-write or a read of
//! one word, and is ordered, awaited and explored as any other. A phase completes when no arrival and no byte is pending.
//! What the ISA leaves undefined (more arrivals than are pending, a count out of range, an object that is no more) leaves
//! [`BROKEN`], which whoever waits for the object reports.

/// Bits of a count of arrivals: from 1 to 2^20 − 1.
const COUNT_BITS: u32 = 20;
/// Bits of the tx-count: from −(2^20 − 1) to 2^20 − 1.
const BYTES_BITS: u32 = 21;
/// Where the pending arrivals stand.
const PENDING: u32 = COUNT_BITS;
/// Where the tx-count stands.
const BYTES: u32 = PENDING + COUNT_BITS;
/// Where the phase stands: its three last bits.
pub const PHASE: u32 = BYTES + BYTES_BITS;

const COUNT: u64 = (1 << COUNT_BITS) - 1;

/// An object that has been used in a way that has no meaning.
pub const BROKEN: u64 = u64::MAX;

/// Times a count of arrivals, the word of an object just initialised.
pub const INITIAL: u64 = 1 | 1 << PENDING;

/// The phase of a word, where it stands.
pub const fn phase(word: u64) -> u64 {
    word >> PHASE << PHASE
}

/// Of an operand: where the bytes stand, as 32 bits with a sign.
pub const OPERAND_BYTES: u32 = COUNT_BITS;
/// Of an operand: the arrivals are expected no more from the next phase on.
pub const DROPS: u64 = 1 << 60;
/// Of an operand: the phase must not be completed by it.
pub const COMPLETES_NOTHING: u64 = 1 << 61;

/// Of an operand: so many more arrivals are pending in this phase (`cp.async.mbarrier.arrive` without `.noinc`).
pub const INCREASES: u64 = 1 << 63;

/// Of an operand that drops: where it says that its thread has arrived already in the phase that [`ARRIVED_PHASE`] names.
pub const ARRIVED: u32 = 62;
/// Of an operand: where the three last bits of that phase stand.
pub const ARRIVED_PHASE: u32 = 56;

/// Where the pending arrivals of a word stand, and how many bits they have.
pub const PENDING_FIELD: (u32, u32) = (PENDING, COUNT_BITS);

/// The word after arrivals, expected bytes or completed ones.
pub fn update(word: u64, operand: u64) -> u64 {
    let next = Object::of(word).and_then(|object| object.updated(operand));
    next.map_or(BROKEN, Object::word)
}

/// Whether an update of a word may change places with others of its phase of which this holds, too: in every order of them the
/// phase is completed by the last, if it is (lemma L4). For a phase to be complete, all arrivals must have come; and as bytes are
/// expected only with arrivals, too few are outstanding without some of the completed ones only if with them more than all are.
pub fn mixes(word: u64, operand: u64) -> bool {
    let plain = operand >> (OPERAND_BYTES + 32) == 0;
    let expects_alone = operand & COUNT == 0 && (operand >> OPERAND_BYTES) as u32 as i32 > 0;
    let (Some(before), Some(after)) = (Object::of(word), Object::of(update(word, operand))) else { return false };
    plain && !expects_alone && (before.phase != after.phase || after.pending > 0 || after.bytes >= 0)
}

/// What an operand does, as PTX calls it.
pub fn verb(operand: u64) -> &'static str {
    let bytes = (operand >> OPERAND_BYTES) as u32 as i32;
    match (operand & COUNT, operand & DROPS, bytes) {
        _ if operand & INCREASES != 0 => "cp.async.mbarrier.arrive",
        (0, _, ..0) => "mbarrier.complete_tx",
        (0, ..) => "mbarrier.expect_tx",
        (_, 0, 0) => "mbarrier.arrive",
        (_, 0, _) => "mbarrier.arrive.expect_tx",
        _ => "mbarrier.arrive_drop",
    }
}

/// An object in words.
pub fn describe(word: u64) -> String {
    let Some(object) = Object::of(word) else { return "misused".to_owned() };
    let bytes = if object.bytes == 0 { String::new() } else { format!(", {} bytes", object.bytes) };
    format!("phase {}, {} of {} pending{bytes}", object.phase, object.pending, object.expected)
}

struct Object {
    expected: u64,
    pending: u64,
    bytes: i64,
    phase: u64,
}

impl Object {
    fn of(word: u64) -> Option<Object> {
        let shift = 64 - BYTES_BITS;
        let bytes = ((word >> BYTES << shift) as i64) >> shift;
        let object = Object { expected: word & COUNT, pending: word >> PENDING & COUNT, bytes, phase: word >> PHASE };
        (word != BROKEN).then_some(object)
    }

    fn word(self) -> u64 {
        let bytes = self.bytes as u64 & ((1 << BYTES_BITS) - 1);
        self.expected | self.pending << PENDING | bytes << BYTES | self.phase << PHASE
    }

    /// Bytes are expected before the arrival that comes with them.
    fn updated(self, operand: u64) -> Option<Object> {
        let arrivals = operand & COUNT;
        let bytes = self.bytes + i64::from((operand >> OPERAND_BYTES) as u32 as i32);
        let dropped = if operand & DROPS == 0 { 0 } else { arrivals };
        let expected = self.expected.checked_sub(dropped)?;
        let has_arrived = operand >> ARRIVED & 1 == 1 && operand >> ARRIVED_PHASE & 7 == self.phase;
        let pending = match operand & INCREASES {
            0 => self.pending.checked_sub(if has_arrived { 0 } else { arrivals })?,
            _ => self.pending + arrivals,
        };
        if bytes.unsigned_abs() > COUNT || pending > COUNT {
            return None;
        }
        if pending > 0 || bytes != 0 {
            return Some(Object { expected, pending, bytes, phase: self.phase });
        }
        let completed = Object { expected, pending: expected, bytes: 0, phase: (self.phase + 1) % 8 };
        (operand & COMPLETES_NOTHING == 0).then_some(completed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phase(word: u64) -> u64 {
        super::phase(word) >> PHASE
    }

    #[test]
    fn a_phase_completes_with_its_last_arrival() {
        let first = update(2 * INITIAL, 1);
        assert_eq!((phase(first), first >> PENDING & COUNT), (0, 1));
        let second = update(first, 1);
        assert_eq!((phase(second), second >> PENDING & COUNT), (1, 2), "the next phase expects as many");
        let eight = (0..14).fold(second, |word, _| update(word, 1));
        assert_eq!(eight, 2 * INITIAL, "three bits of the phase are kept");
    }

    #[test]
    fn bytes_hold_a_phase_open() {
        let bytes = |count: i32| u64::from(count as u32) << OPERAND_BYTES;
        let arrived = update(INITIAL, 1 | bytes(16));
        assert_eq!(phase(arrived), 0);
        assert_eq!(phase(update(update(arrived, bytes(-8)), bytes(-8))), 1);
        let early = update(INITIAL, bytes(-16));
        assert_eq!(phase(early), 0, "bytes may come before they are expected");
        assert_eq!(phase(update(early, 1 | bytes(16))), 1);
    }

    #[test]
    fn who_drops_out_is_not_expected_again() {
        let dropped = update(2 * INITIAL, 1 | DROPS);
        let next = update(dropped, 1);
        assert_eq!((phase(next), next), (1, INITIAL | 1 << PHASE));
    }

    #[test]
    fn who_has_arrived_and_leaves_is_counted_once() {
        let leaves = 1 | DROPS | 1 << ARRIVED;
        let arrived = update(2 * INITIAL, 1);
        let left = update(arrived, leaves);
        assert_eq!((phase(left), left >> PENDING & COUNT, left & COUNT), (0, 1, 1));
        let over = update(arrived, 1);
        let left = update(over, leaves);
        assert_eq!((phase(left), left >> PENDING & COUNT, left & COUNT), (1, 1, 1), "in the next phase it is pending");
    }

    #[test]
    fn updates_that_mix_complete_a_phase_in_every_order() {
        let bytes = |count: i32| u64::from(count as u32) << OPERAND_BYTES;
        let operands = [1, bytes(-4), bytes(-8), 1 | bytes(4), 1 | bytes(12), bytes(4), 1 | DROPS];
        let start = 2 * INITIAL;
        for choice in 0..operands.len().pow(4) {
            let run: Vec<u64> = (0..4).map(|at| operands[choice / operands.len().pow(at) % operands.len()]).collect();
            let words: Vec<u64> = std::iter::once(start)
                .chain(run.iter().scan(start, |word, operand| {
                    *word = update(*word, *operand);
                    Some(*word)
                }))
                .collect();
            let mix = words.iter().zip(&run).all(|(word, operand)| mixes(*word, *operand) && phase(*word) == 0);
            for last in (0..4).filter(|_| mix) {
                // With another one last, the word is the same, and the phase is completed no earlier.
                let others = (0..4).filter(|at| *at != last).fold(start, |word, at| update(word, run[at]));
                assert_eq!((phase(others), update(others, run[last])), (0, words[4]), "{run:?}, {last} last");
            }
        }
    }

    #[test]
    fn more_may_be_pending_for_a_phase() {
        let more = update(INITIAL, 1 | INCREASES);
        assert_eq!((phase(more), more >> PENDING & COUNT, more & COUNT), (0, 2, 1));
        assert_eq!(update(update(more, 1), 1), INITIAL | 1 << PHASE, "and no more in the next");
        assert!(!mixes(INITIAL, 1 | INCREASES));
        assert_eq!(update(COUNT * INITIAL, 1 | INCREASES), BROKEN, "too many");
    }

    #[test]
    fn what_has_no_meaning_breaks_the_object() {
        assert_eq!(update(INITIAL, 2), BROKEN, "more arrivals than are pending");
        assert_eq!(update(INITIAL, 1 | COMPLETES_NOTHING), BROKEN, "noComplete that completes");
        assert_eq!(update(INITIAL, u64::from(1u32 << 20) << OPERAND_BYTES), BROKEN, "too many bytes");
        assert_eq!(update(BROKEN, 1), BROKEN);
    }
}
