//! What the ranks have agreed to run, and whether they still may.
//!
//! Ranks call on their own, each from its own thread, and may be a call ahead of each other. The first to come to a
//! call writes down what it is; the others must ask for the same, else both would wait for signals that never come.
//!
//! Where a protocol's certificate is about launches of any length up to a capacity, its buffers are laid out by that when the
//! group is made, and calls of any lengths follow each other freely. Of other protocols a certificate covers launches of one
//! length, back to back from the initial contents, and buffers are laid out by that length. When it changes, a slow
//! peer may still read by the old layout what a fast one writes by the new. Decision for these: the first rank to come to a call
//! of another length waits until every rank has launched what came before, until all of that has ended, and gives the
//! protocol's buffers their initial contents again. Each run of calls of one length is then exactly what was verified.
//! Meanwhile the ledger is open: a launch of a transfer may be what the others are in, and end only when its peer has
//! passed through here. It costs one meeting of the hosts for each change of length. Roads not taken: strides of a fixed capacity for
//! them as well (parts of a message still change hands between blocks, which pads by block do not order: only a check of
//! launches that differ can tell); one workspace for each length (memory without bound).

mod transfer;

pub(crate) use transfer::Transfer;

use crate::error::Error;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What a rank asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// Index of the protocol.
    pub(crate) protocol: usize,
    /// The protocol's name, for messages.
    pub(crate) name: String,
    /// N
    pub(crate) elements: u64,
    /// What the buffers must be laid out for: N, or the capacity where launches may differ in length.
    pub(crate) layout: u64,
}

impl Request {
    fn text(&self) -> String {
        format!("`{}` of {} elements", self.name, self.elements)
    }
}

/// Leave to launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    /// The call, counted from 0 since the group was made or reset.
    pub(crate) call: u64,
    /// Launches of the protocol since its buffers were initialised.
    pub(crate) launch: u32,
    /// The rank's own calls before this one, sends and receives alike.
    pub(crate) number: u64,
}

#[derive(Debug)]
pub(crate) struct Ledger {
    state: Mutex<State>,
    changed: Condvar,
    first: FirstLayouts,
}

#[derive(Debug)]
struct State {
    ranks: Vec<RankState>,
    /// Calls that some rank has come to and not all have, oldest first.
    window: VecDeque<Entry>,
    /// The number of the window's first call.
    first: u64,
    /// For each protocol what its buffers are laid out for, and launches since.
    layouts: Vec<Option<(u64, u32)>>,
    /// By sender and receiver.
    transfers: BTreeMap<(u32, u32), transfer::Pair>,
    poison: Option<Error>,
}

/// By protocol: what the back end lays its buffers out for when the group is made or reset, if it does.
type FirstLayouts = Vec<Option<u64>>;

#[derive(Clone, Debug, Default)]
struct RankState {
    /// Calls it has come to, collective or not.
    calls: u64,
    /// Collective calls it has come to.
    begun: u64,
    /// Collective calls it has handed to the back end.
    started: u64,
    busy: bool,
    dead: bool,
}

#[derive(Debug)]
struct Entry {
    request: Request,
    rank: u32,
    launch: Option<u32>,
}

impl Ledger {
    pub(crate) fn new(ranks: u32, first: FirstLayouts) -> Ledger {
        Ledger { state: Mutex::new(State::new(ranks, &first)), changed: Condvar::new(), first }
    }

    /// A rank comes to its next call. `initialise` is called when the buffers must be laid out anew, once every rank has
    /// handed over its last launch on them; it waits for these to end, while transfers go on.
    pub(crate) fn begin(
        &self,
        rank: u32,
        request: &Request,
        deadline: Duration,
        initialise: impl FnOnce() -> Result<(), Error>,
    ) -> Result<Ticket, Error> {
        let mut state = self.lock();
        state.usable(rank)?;
        let number = state.enter(rank);
        let call = state.next_collective(rank);
        let position = (call - state.first) as usize;
        let launch = if position < state.window.len() {
            self.join(state, rank, call, request, deadline)
        } else {
            self.propose(state, rank, call, request, deadline, initialise)
        };
        let launch = launch.inspect_err(|_| self.end(rank))?;
        Ok(Ticket { call, launch, number })
    }

    /// A later rank: it must ask for what the first asked for, and waits until the buffers are ready.
    fn join<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        rank: u32,
        call: u64,
        request: &Request,
        deadline: Duration,
    ) -> Result<u32, Error> {
        let entry = &state.window[(call - state.first) as usize];
        if entry.request != *request {
            let error = Error::Mismatch {
                call,
                rank,
                asked: request.text(),
                other: entry.rank,
                other_asked: entry.request.text(),
            };
            drop(state);
            self.poison(&error);
            return Err(error);
        }
        let first_rank = entry.rank;
        let until = Instant::now() + deadline;
        loop {
            // The window is trimmed only past calls that every rank has started, and this rank has not.
            let entry = &state.window[(call - state.first) as usize];
            if let Some(launch) = entry.launch {
                return Ok(launch);
            }
            let absent = || Error::Absent { rank, missing: first_rank, call, waited: deadline };
            state = self.wait(state, until, absent)?;
        }
    }

    /// The first rank at a call.
    fn propose<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        rank: u32,
        call: u64,
        request: &Request,
        deadline: Duration,
        initialise: impl FnOnce() -> Result<(), Error>,
    ) -> Result<u32, Error> {
        state.window.push_back(Entry { request: request.clone(), rank, launch: None });
        let launch = match state.layouts[request.protocol] {
            Some((layout, launches)) if layout == request.layout => launches,
            _ => {
                let until = Instant::now() + deadline;
                while let Some(missing) = state.ranks.iter().position(|other| other.started < call) {
                    let absent = || Error::Absent { rank, missing: missing as u32, call: call - 1, waited: deadline };
                    state = self.wait(state, until, absent)?;
                }
                drop(state);
                if let Err(error) = initialise() {
                    self.poison(&error);
                    return Err(error);
                }
                state = self.lock();
                state.unpoisoned()?;
                0
            }
        };
        state.layouts[request.protocol] = Some((request.layout, launch.wrapping_add(1)));
        let position = (call - state.first) as usize;
        state.window[position].launch = Some(launch);
        self.changed.notify_all();
        Ok(launch)
    }

    /// Waits for a change; past the deadline `absent` says who did not come.
    fn wait<'a>(
        &'a self,
        state: MutexGuard<'a, State>,
        until: Instant,
        absent: impl FnOnce() -> Error,
    ) -> Result<MutexGuard<'a, State>, Error> {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let error = absent();
            drop(state);
            self.poison(&error);
            return Err(error);
        }
        let (state, _) = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
        state.unpoisoned()?;
        Ok(state)
    }

    /// The rank's launch is with the back end.
    pub(crate) fn started(&self, rank: u32) {
        let mut state = self.lock();
        state.ranks[rank as usize].started += 1;
        state.trim();
        self.changed.notify_all();
    }

    /// The rank may come to its next call.
    pub(crate) fn end(&self, rank: u32) {
        self.lock().ranks[rank as usize].busy = false;
    }

    /// The rank is dead: each of its later calls says so.
    pub(crate) fn kill(&self, rank: u32) {
        self.lock().ranks[rank as usize].dead = true;
    }

    /// Refuses every later call, because of this failure. The first failure stays the cause.
    pub(crate) fn poison(&self, cause: &Error) {
        let mut state = self.lock();
        if !matches!(cause, Error::Poisoned { .. } | Error::Killed { .. }) {
            state.poison.get_or_insert_with(|| cause.clone());
        }
        self.changed.notify_all();
    }

    /// Begins anew, when no rank is in a call: `recover` is called before any may come.
    pub(crate) fn reset(&self, recover: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
        let mut state = self.lock();
        if let Some(rank) = state.ranks.iter().position(|rank| rank.busy) {
            return Err(Error::Busy { rank: rank as u32 });
        }
        recover()?;
        *state = State::new(state.ranks.len() as u32, &self.first);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new(ranks: u32, first: &FirstLayouts) -> State {
        State {
            ranks: vec![RankState::default(); ranks as usize],
            window: VecDeque::new(),
            first: 0,
            layouts: first.iter().map(|layout| layout.map(|layout| (layout, 0))).collect(),
            transfers: BTreeMap::new(),
            poison: None,
        }
    }

    fn usable(&self, rank: u32) -> Result<(), Error> {
        let state = &self.ranks[rank as usize];
        if state.busy {
            return Err(Error::Busy { rank });
        }
        if state.dead {
            return Err(Error::Killed { rank });
        }
        self.unpoisoned()
    }

    fn unpoisoned(&self) -> Result<(), Error> {
        match &self.poison {
            Some(cause) => Err(Error::Poisoned { cause: Box::new(cause.clone()) }),
            None => Ok(()),
        }
    }

    /// The rank is in a call from here on: its calls before.
    fn enter(&mut self, rank: u32) -> u64 {
        let state = &mut self.ranks[rank as usize];
        state.busy = true;
        state.calls += 1;
        state.calls - 1
    }

    fn next_collective(&mut self, rank: u32) -> u64 {
        let state = &mut self.ranks[rank as usize];
        state.begun += 1;
        state.begun - 1
    }

    fn trim(&mut self) {
        let all = self.ranks.iter().map(|rank| rank.started).min().unwrap_or(0);
        while self.first < all {
            self.window.pop_front();
            self.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn request(elements: u64) -> Request {
        Request { protocol: 0, name: "one-shot".to_owned(), elements, layout: elements }
    }

    fn go(ledger: &Ledger, rank: u32, elements: u64) -> Result<Ticket, Error> {
        let ticket = ledger.begin(rank, &request(elements), LONG, || Ok(()))?;
        ledger.started(rank);
        ledger.end(rank);
        Ok(ticket)
    }

    #[test]
    fn launches_count_from_each_change_of_length() {
        let ledger = Ledger::new(2, vec![None]);
        let mut launches = Vec::new();
        for elements in [8, 8, 8, 4, 4, 8] {
            let first = go(&ledger, 0, elements).unwrap();
            assert_eq!(go(&ledger, 1, elements).unwrap(), first);
            launches.push(first.launch);
        }
        assert_eq!(launches, [0, 1, 2, 0, 1, 0]);
    }

    #[test]
    fn a_rank_may_be_ahead_at_one_length_only() {
        let ledger = Ledger::new(2, vec![None]);
        assert_eq!(go(&ledger, 0, 8).unwrap().call, 0);
        assert_eq!(go(&ledger, 0, 8).unwrap().call, 1);
        let short = Duration::from_millis(1);
        let error = ledger.begin(0, &request(4), short, || panic!("laid out under a peer's feet")).unwrap_err();
        assert!(matches!(error, Error::Absent { rank: 0, missing: 1, call: 1, .. }), "{error}");
        assert!(matches!(go(&ledger, 1, 8).unwrap_err(), Error::Poisoned { .. }));
    }

    /// Where buffers are laid out by capacity, nobody waits for anybody: a rank may be any number of calls ahead.
    #[test]
    fn ranks_drift_through_lengths_where_the_certificate_allows_it() {
        let ledger = Ledger::new(2, vec![Some(8)]);
        let lengths = [8, 4, 0, 7, 1, 8];
        let go = |rank: u32, elements: u64| {
            let request = Request { layout: 8, ..request(elements) };
            let short = Duration::from_millis(1);
            let laid_out = || panic!("the buffers are laid out anew");
            let ticket = ledger.begin(rank, &request, short, laid_out).unwrap();
            ledger.started(rank);
            ledger.end(rank);
            (ticket.call, ticket.launch)
        };
        let first: Vec<_> = lengths.map(|elements| go(0, elements)).to_vec();
        assert_eq!(first, [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 5)]);
        let second: Vec<_> = lengths.map(|elements| go(1, elements)).to_vec();
        assert_eq!(first, second);
        ledger.reset(|| Ok(())).unwrap();
        assert_eq!(go(0, 3), (0, 0));
        let error = ledger.begin(1, &Request { layout: 8, ..request(4) }, LONG, || Ok(())).unwrap_err();
        assert!(matches!(error, Error::Mismatch { call: 0, .. }), "ranks must still ask for the same: {error}");
    }

    /// A peer's launch may wait for a third rank, which is on its way through the ledger.
    #[test]
    fn transfers_pass_while_buffers_are_laid_out() {
        let ledger = Ledger::new(3, vec![None]);
        let asked = Transfer { from: 1, to: 2, elements: 5, launches: 1 };
        let (passed, has_passed) = std::sync::mpsc::channel();
        let wait = Duration::from_secs(10);
        std::thread::scope(|scope| {
            let initialise = || {
                for rank in [1, 2] {
                    let (ledger, asked, passed) = (&ledger, &asked, passed.clone());
                    scope.spawn(move || passed.send(ledger.begin_transfer(rank, asked, LONG).unwrap().first_launch));
                }
                assert_eq!([has_passed.recv_timeout(wait), has_passed.recv_timeout(wait)], [Ok(0), Ok(0)]);
                Ok(())
            };
            assert_eq!(ledger.begin(0, &request(8), LONG, initialise).unwrap().launch, 0);
        });
    }

    #[test]
    fn a_failure_while_buffers_are_laid_out_is_told() {
        let ledger = Ledger::new(2, vec![None]);
        let fails = || {
            ledger.poison(&Error::Busy { rank: 1 });
            Ok(())
        };
        let told = ledger.begin(0, &request(8), LONG, fails).unwrap_err();
        assert!(matches!(told, Error::Poisoned { .. }), "{told}");
        assert!(matches!(ledger.reset(|| Ok(())), Ok(())), "the rank is in no call");
    }

    #[test]
    fn ranks_that_ask_for_different_things_are_told() {
        let ledger = Ledger::new(2, vec![None]);
        go(&ledger, 0, 8).unwrap();
        let error = go(&ledger, 1, 9).unwrap_err();
        let text = "call 0: rank 1 asks for `one-shot` of 9 elements, rank 0 for `one-shot` of 8 elements: \
                    all ranks must ask for the same";
        assert_eq!(error.to_string(), text);
        assert!(matches!(go(&ledger, 0, 8).unwrap_err(), Error::Poisoned { .. }));
        ledger.reset(|| Ok(())).unwrap();
        assert_eq!(go(&ledger, 0, 8).unwrap().call, 0);
    }

    #[test]
    fn one_call_at_a_time_for_each_rank() {
        let ledger = Ledger::new(2, vec![None]);
        ledger.begin(0, &request(8), LONG, || Ok(())).unwrap();
        let again = ledger.begin(0, &request(8), LONG, || Ok(()));
        assert!(matches!(again.unwrap_err(), Error::Busy { rank: 0 }));
        assert!(matches!(ledger.reset(|| Ok(())).unwrap_err(), Error::Busy { rank: 0 }));
    }
}
