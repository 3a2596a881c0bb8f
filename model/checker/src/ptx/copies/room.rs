//! How many copies the threads of a block may start in a launch.

use std::collections::BTreeMap;

/// After so many threads were found to start copies, all are given room.
const FEW: u32 = 3;

/// By rank in the cluster of the block that copies count among, and by thread of a block: how many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Room {
    counts: BTreeMap<(u32, u32), u32>,
    /// Of all threads alike, by rank in the cluster.
    all: BTreeMap<u32, u32>,
    /// How often a thread was found that had none.
    found: u32,
}

impl Room {
    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        self.counts.is_empty() && self.all.is_empty()
    }

    /// Whether some thread may start a copy that counts among the so manieth kind, or one behind.
    pub fn has_beyond(&self, peer: u32) -> bool {
        self.counts.keys().any(|(own, _)| *own >= peer) || self.all.keys().any(|own| *own >= peer)
    }

    /// That of a thread.
    pub fn of(&self, peer: u32, thread: u32) -> u32 {
        let own = self.counts.get(&(peer, thread)).copied().unwrap_or(0);
        own.max(self.all.get(&peer).copied().unwrap_or(0))
    }

    /// More, for a thread that had no more.
    #[must_use]
    pub fn with_more(&self, (peer, thread): (u32, u32)) -> Room {
        let mut room = self.clone();
        let count = self.of(peer, thread);
        let more = if count < 2 { count + 1 } else { count * 2 };
        room.found += u32::from(count == 0);
        if room.found > FEW {
            room.all.insert(peer, more);
        } else {
            room.counts.insert((peer, thread), more);
        }
        room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_grows_where_it_is_missing() {
        let room = Room::default().with_more((0, 5));
        assert_eq!((room.of(0, 5), room.of(0, 4), room.of(1, 5)), (1, 0, 0));
        let more = room.with_more((0, 5)).with_more((0, 5));
        assert_eq!(more.of(0, 5), 4);
    }

    #[test]
    fn many_threads_are_given_room_at_once() {
        let room = (0..=FEW).fold(Room::default(), |room, thread| room.with_more((0, thread)));
        assert_eq!((room.of(0, 100), room.of(1, 100)), (1, 0));
    }
}
