//! Sends and receives: the n-th send from one rank to another meets the n-th receive of that other from the one.
//!
//! Decision: both wait on the host until the other has come, and only then launch. So a send that nobody receives, and
//! data of another length than is received, are errors that name both before anything runs; and a send returns only
//! when its receiver has come. The road not taken: to launch at once, since the channel has room for a message or two;
//! then a short send would succeed where a long one waits, and a lost message would be nobody's error.

use super::{Ledger, State};
use crate::error::Error;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What one side of a transfer asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Transfer {
    /// Who sends.
    pub(crate) from: u32,
    /// Who receives.
    pub(crate) to: u32,
    /// Elements of the data.
    pub(crate) elements: u64,
    /// Launches that carry it.
    pub(crate) launches: u32,
}

/// Leave to launch a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Passage {
    /// The first of its launches, counted since the pair's buffers were initialised.
    pub(crate) first_launch: u32,
    /// The rank's own calls before this one, collective or not.
    pub(crate) number: u64,
}

/// Transfers from one rank to another.
#[derive(Debug, Default)]
pub(super) struct Pair {
    /// Those to which one side has come, and those that the other has joined and the first not yet seen; oldest first.
    posted: VecDeque<Posted>,
    /// The number of the oldest.
    first: u64,
    /// Transfers that the sender and that the receiver has come to.
    begun: [u64; 2],
    /// Launches of all transfers so far.
    launches: u32,
}

#[derive(Debug)]
struct Posted {
    elements: u64,
    first_launch: u32,
    /// The other side has come.
    met: bool,
    /// And the side that came first knows.
    seen: bool,
}

impl Ledger {
    /// A rank comes to its side of a transfer, and waits for the other.
    pub(crate) fn begin_transfer(&self, rank: u32, asked: &Transfer, deadline: Duration) -> Result<Passage, Error> {
        let mut state = self.lock();
        state.usable(rank)?;
        let number = state.enter(rank);
        let (message, first_launch, met) = match state.post(rank, asked) {
            Ok(posted) => posted,
            Err(error) => {
                drop(state);
                self.poison(&error);
                self.end(rank);
                return Err(error);
            }
        };
        self.changed.notify_all();
        if !met {
            self.await_peer(state, rank, asked, message, deadline).inspect_err(|_| self.end(rank))?;
        }
        Ok(Passage { first_launch, number })
    }

    fn await_peer<'a>(
        &'a self,
        mut state: std::sync::MutexGuard<'a, State>,
        rank: u32,
        asked: &Transfer,
        message: u64,
        deadline: Duration,
    ) -> Result<(), Error> {
        let until = Instant::now() + deadline;
        let Transfer { from, to, elements, .. } = *asked;
        while !state.seen(asked, message) {
            let absent = || Error::Unanswered { rank, from, to, message, elements, waited: deadline };
            state = self.wait(state, until, absent)?;
        }
        Ok(())
    }
}

impl State {
    /// Comes to the next transfer of a pair: its number, its first launch, and whether the other side was there.
    fn post(&mut self, rank: u32, asked: &Transfer) -> Result<(u64, u32, bool), Error> {
        let Transfer { from, to, elements, launches } = *asked;
        let pair = self.transfers.entry((from, to)).or_default();
        let side = usize::from(rank == to);
        let message = pair.begun[side];
        pair.begun[side] += 1;
        if let Some(posted) = pair.posted.get_mut((message - pair.first) as usize) {
            if posted.elements != elements {
                let (sent, received) =
                    if rank == to { (posted.elements, elements) } else { (elements, posted.elements) };
                return Err(Error::Uneven { from, to, message, sent, received });
            }
            posted.met = true;
            return Ok((message, posted.first_launch, true));
        }
        let first_launch = pair.launches;
        pair.launches = pair.launches.wrapping_add(launches);
        pair.posted.push_back(Posted { elements, first_launch, met: false, seen: false });
        Ok((message, first_launch, false))
    }

    /// Whether the other side has joined a transfer, which the caller came to first; it is then forgotten. Not always the
    /// oldest: the other side may have gone on, and come first to the next, before the caller looks.
    fn seen(&mut self, asked: &Transfer, message: u64) -> bool {
        let Some(pair) = self.transfers.get_mut(&(asked.from, asked.to)) else { return false };
        let Some(posted) = pair.posted.get_mut((message - pair.first) as usize) else { return false };
        posted.seen = posted.met;
        let met = posted.met;
        while pair.posted.front().is_some_and(|posted| posted.seen) {
            pair.posted.pop_front();
            pair.first += 1;
        }
        met
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn asked(from: u32, to: u32, elements: u64) -> Transfer {
        Transfer { from, to, elements, launches: 3 }
    }

    /// A rank's side of these transfers, one after the other.
    fn go(ledger: &Ledger, rank: u32, transfers: &[Transfer]) -> Vec<Passage> {
        let one = |asked: &Transfer| {
            let passage = ledger.begin_transfer(rank, asked, LONG).unwrap();
            ledger.end(rank);
            passage
        };
        transfers.iter().map(one).collect()
    }

    #[test]
    fn both_sides_get_the_same_launches() {
        let ledger = Ledger::new(3, Vec::new());
        let (right, left) = (asked(0, 1, 5), asked(1, 0, 6));
        let all: Vec<Transfer> = [right, left, right, right, left, left, right].repeat(200);
        let (zero, one) = std::thread::scope(|scope| {
            let zero = scope.spawn(|| go(&ledger, 0, &all));
            let one = scope.spawn(|| go(&ledger, 1, &all));
            (zero.join().unwrap(), one.join().unwrap())
        });
        assert_eq!(zero, one);
        let launches: Vec<u32> = zero[..7].iter().map(|passage| passage.first_launch).collect();
        assert_eq!(launches, [0, 0, 3, 6, 3, 6, 9]);
        assert_eq!(zero[1399].number, 1399);
    }

    #[test]
    fn a_send_that_nobody_receives_is_told() {
        let ledger = Ledger::new(3, Vec::new());
        let short = Duration::from_millis(1);
        let error = ledger.begin_transfer(2, &asked(2, 0, 5), short).unwrap_err();
        assert_eq!(error.to_string(), "rank 2 waited 1 ms for rank 0 to receive message 0 of 5 elements");
        let later = ledger.begin_transfer(0, &asked(2, 0, 5), short).unwrap_err();
        assert!(matches!(later, Error::Poisoned { .. }), "{later}");
        ledger.reset(|| Ok(())).unwrap();
        let error = ledger.begin_transfer(0, &asked(2, 0, 5), short).unwrap_err();
        assert_eq!(error.to_string(), "rank 0 waited 1 ms for rank 2 to send message 0 of 5 elements");
    }

    #[test]
    fn lengths_that_differ_are_told_to_both() {
        let ledger = Ledger::new(2, Vec::new());
        let (sender, receiver) = std::thread::scope(|scope| {
            let sender = scope.spawn(|| ledger.begin_transfer(0, &asked(0, 1, 5), LONG));
            let receiver = scope.spawn(|| ledger.begin_transfer(1, &asked(0, 1, 4), LONG));
            (sender.join().unwrap().unwrap_err(), receiver.join().unwrap().unwrap_err())
        });
        let told = "message 0 from rank 0 to rank 1: 5 elements are sent and 4 received";
        let texts = [sender.to_string(), receiver.to_string()];
        assert!(texts.iter().all(|text| text.contains(told)), "{texts:?}");
        assert!(texts.iter().any(|text| text == told), "{texts:?}");
    }
}
