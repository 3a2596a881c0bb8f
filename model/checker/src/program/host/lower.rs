//! From the ways of the host threads to what each host thread and each stream does.

use super::super::protocol::ProtocolProgram;
use super::super::{Bulk, Call, Fault, Location, Operation, SiteIndex};
use super::signals::{Key, Signals, wait, write};
use super::walk::{Item, Piece, Transfer, Work};
use arverify_protocol::cursor::Address;
use arverify_protocol::ir::Source;
use arverify_protocol::verdict::Code;
use rustc_hash::FxHashMap;
use smallvec::smallvec;

/// What a thread does, from its first operation to its last.
pub(super) type List = Vec<Result<(Operation, SiteIndex), Fault>>;

/// The beginning and end of a launch have no statement.
const NOWHERE: SiteIndex = SiteIndex(u32::MAX - 1);

/// The sends and receives of each ordered pair of ranks, in the order in which they are enqueued.
#[derive(Default)]
struct Pair {
    sends: Vec<Transfer>,
    receives: Vec<Transfer>,
}

/// Makes the lists of all ranks.
pub(super) struct Lowering<'a> {
    program: &'a ProtocolProgram,
    streams: u32,
    pub(super) signals: Signals,
    pairs: FxHashMap<(u32, u32), Pair>,
    /// How often each rank enters an exchange of each row.
    entered: FxHashMap<(u32, Address), u32>,
    /// Threads of each rank: the host's, the streams', and those that help them.
    pub(super) threads: u32,
}

/// One rank's lists while they are made.
struct Rank {
    rank: u32,
    lists: Vec<List>,
    /// Waits of the host thread so far, and how many of them each stream comes after.
    part: u32,
    seen: Vec<u32>,
    synchronised: u32,
    /// Sends that helpers do.
    helped: u32,
    records: u32,
    /// The last record of each event.
    last: FxHashMap<u64, Location>,
    /// How many transfers with each peer are told: sends, receives.
    told: FxHashMap<(bool, u32), u32>,
    exchanges: FxHashMap<Address, u32>,
}

/// An address that names a row or event whoever's it is.
fn of_any_rank(address: Address) -> Address {
    Address { rank: 0, ..address }
}

impl<'a> Lowering<'a> {
    pub(super) fn new(program: &'a ProtocolProgram, signals: Signals, ways: &[Vec<Item>]) -> Lowering<'a> {
        let mut pairs = FxHashMap::<(u32, u32), Pair>::default();
        let mut entered = FxHashMap::default();
        let mut helpers = 0;
        for (rank, item) in ways.iter().enumerate().flat_map(|(rank, way)| way.iter().map(move |item| (rank, item))) {
            let rank = rank as u32;
            match item {
                Item::Exchange { row, .. } => *entered.entry((rank, of_any_rank(*row))).or_default() += 1,
                Item::Enqueue { work: Work::Transfers(group), .. } => {
                    helpers = helpers.max(group.iter().filter(|transfer| transfer.sends).count().saturating_sub(1));
                    for transfer in group {
                        if transfer.sends {
                            pairs.entry((rank, transfer.peer)).or_default().sends.push(transfer.clone());
                        } else {
                            pairs.entry((transfer.peer, rank)).or_default().receives.push(transfer.clone());
                        }
                    }
                }
                _ => {}
            }
        }
        let streams = program.code().streams;
        let threads = 1 + streams + streams * helpers as u32;
        Lowering { program, streams, signals, pairs, entered, threads }
    }

    /// The lists of one rank, by thread.
    pub(super) fn rank(&mut self, rank: u32, way: Vec<Item>) -> Vec<List> {
        let mut state = Rank {
            rank,
            lists: vec![List::new(); self.threads as usize],
            part: 0,
            seen: vec![0; self.streams as usize],
            synchronised: 0,
            helped: 0,
            records: 0,
            last: FxHashMap::default(),
            told: FxHashMap::default(),
            exchanges: FxHashMap::default(),
        };
        for item in way {
            match item {
                // The caller writes inputs, calls, and reads the output in turn: on its stream, after the host's waits.
                Item::Call { launch } => {
                    self.follow_host(&mut state, 0, NOWHERE);
                    let begins = Operation::Call(Call::Begins { launch });
                    state.lists.iter_mut().for_each(|list| list.push(Ok((begins.clone(), NOWHERE))));
                }
                Item::Return { launch } => {
                    self.follow_host(&mut state, 0, NOWHERE);
                    state.lists[1].push(Ok((Operation::Call(Call::Returns { launch }), NOWHERE)));
                }
                Item::Fault(fault) => state.lists[0].push(Err(fault)),
                Item::Synchronise { stream, site } => self.synchronise(&mut state, stream, site),
                Item::Exchange { row, site } => self.exchange(&mut state, row, site),
                Item::Enqueue { stream, work, site } => {
                    self.follow_host(&mut state, stream, site);
                    self.enqueue(&mut state, stream, work, site);
                }
            }
        }
        state.lists
    }

    /// A stream does nothing before the host thread has enqueued it.
    fn follow_host(&mut self, state: &mut Rank, stream: u32, site: SiteIndex) {
        let seen = &mut state.seen[stream as usize];
        if *seen == state.part {
            return;
        }
        *seen = state.part;
        let place = self.enqueued(state.rank, state.part);
        state.push(1 + stream, wait(place), site);
    }

    fn enqueued(&mut self, rank: u32, part: u32) -> Location {
        let text = || format!("host thread of rank {rank} goes on after its wait {part}");
        self.signals.place(Key::Enqueued { rank, part }, rank, text)
    }

    /// The host thread has waited: what it enqueues from now on comes after.
    fn host_has_waited(&mut self, state: &mut Rank, site: SiteIndex) {
        state.part += 1;
        let place = self.enqueued(state.rank, state.part);
        state.push(0, write(place), site);
    }

    fn synchronise(&mut self, state: &mut Rank, stream: u32, site: SiteIndex) {
        self.follow_host(state, stream, site);
        let (rank, number) = (state.rank, state.synchronised);
        state.synchronised += 1;
        let text = || format!("stream {stream} of rank {rank} has done what was enqueued");
        let place = self.signals.place(Key::Synchronised { rank, number }, rank, text);
        state.push(1 + stream, write(place), site);
        state.push(0, wait(place), site);
        self.host_has_waited(state, site);
    }

    fn exchange(&mut self, state: &mut Rank, row: Address, site: SiteIndex) {
        let row = of_any_rank(row);
        let count = state.exchanges.entry(row).or_default();
        let number = *count;
        *count += 1;
        let own = self.entry(state.rank, row, number);
        state.push(0, write(own), site);
        let rank = state.rank;
        for peer in (0..self.program.code().sizes.ranks).filter(|peer| *peer != rank) {
            let place = self.entry(peer, row, number);
            let entries = self.entered.get(&(peer, row)).copied().unwrap_or(0);
            if entries <= number {
                let name = self.row_name(row);
                let why = format!(
                    "rank {} exchanges handles of `{name}` for the {} time, and rank {peer} enters {entries} such \
                     exchanges",
                    state.rank,
                    ordinal(number),
                );
                self.signals.missing(place, why);
            }
            state.push(0, wait(place), site);
        }
        self.host_has_waited(state, site);
    }

    fn entry(&mut self, rank: u32, row: Address, number: u32) -> Location {
        let name = self.row_name(row);
        let key = Key::Entered { rank, buffer: row.buffer.0, row: row.index, number };
        let text = || format!("rank {rank} enters exchange {number} of handles of {name}");
        self.signals.place(key, rank, text)
    }

    fn row_name(&self, row: Address) -> String {
        let name = &self.program.protocol().buffer(row.buffer).name;
        let shape = &self.program.code().shapes[row.buffer.index()];
        let length = shape.last().copied().unwrap_or(1).max(1);
        if shape.len() > 1 { format!("{name}[{}]", row.index / length) } else { name.clone() }
    }

    fn enqueue(&mut self, state: &mut Rank, stream: u32, work: Work, site: SiteIndex) {
        let rank = state.rank;
        match work {
            Work::Operation(operation) => state.push(1 + stream, operation, site),
            Work::Record(event) => {
                let number = state.records;
                state.records += 1;
                let name = &self.program.protocol().buffer(event.buffer).name;
                let text = || format!("event {name}[{}] of rank {rank} is recorded", event.index);
                let place = self.signals.place(Key::Recorded { rank, number }, rank, text);
                state.last.insert(event_key(event), place);
                state.push(1 + stream, write(place), site);
            }
            Work::Wait(event) => {
                if let Some(place) = state.last.get(&event_key(event)) {
                    state.push(1 + stream, wait(*place), site);
                }
            }
            Work::Transfers(group) => self.transfers(state, stream, &group, site),
        }
    }

    /// Receives are posted, sends transfer, then the stream waits for its receives. A group's further sends have threads
    /// of their own, for none waits for another.
    fn transfers(&mut self, state: &mut Rank, stream: u32, group: &[Transfer], site: SiteIndex) {
        let mut done = Vec::new();
        let mut sends = Vec::new();
        for transfer in group {
            let number = state.number(transfer);
            if transfer.sends {
                sends.push((transfer, number));
                continue;
            }
            let (from, to) = (transfer.peer, state.rank);
            let [ready, end] = self.words_of_transfer(from, to, number);
            state.push(1 + stream, write(ready), transfer.site);
            if self.pairs.get(&(from, to)).is_none_or(|pair| pair.sends.len() <= number as usize) {
                self.signals.missing(end, self.unmatched(transfer, to, number));
            }
            done.push((end, transfer.site));
        }
        // The first send waits for its receiver: before it, the others are on their way.
        for (position, (transfer, number)) in sends.iter().enumerate().skip(1) {
            done.push((self.helped_send(state, stream, position as u32, (transfer, *number), site), transfer.site));
        }
        if let Some((transfer, number)) = sends.first() {
            self.send(state, 1 + stream, transfer, *number);
        }
        for (place, site) in done {
            state.push(1 + stream, wait(place), site);
        }
    }

    /// A send of a group that another thread does for the stream. Gives the word that says it is done.
    fn helped_send(
        &mut self,
        state: &mut Rank,
        stream: u32,
        position: u32,
        (transfer, number): (&Transfer, u32),
        site: SiteIndex,
    ) -> Location {
        let helper = 1 + self.streams + (position - 1) * self.streams + stream;
        let (rank, group) = (state.rank, state.helped);
        state.helped += 1;
        let text = |what: &str| format!("a group's send {position} on stream {stream} of rank {rank} {what}");
        let begun = self.signals.place(Key::Begun { rank, number: group }, rank, || text("may begin"));
        let ended = self.signals.place(Key::Ended { rank, number: group }, rank, || text("is done"));
        state.push(1 + stream, write(begun), site);
        state.push(helper, wait(begun), transfer.site);
        self.send(state, helper, transfer, number);
        state.push(helper, write(ended), transfer.site);
        ended
    }

    fn send(&mut self, state: &mut Rank, thread: u32, transfer: &Transfer, number: u32) {
        let (from, to) = (state.rank, transfer.peer);
        let [ready, end] = self.words_of_transfer(from, to, number);
        let receive = self.pairs.get(&(from, to)).and_then(|pair| pair.receives.get(number as usize));
        let moved = receive.map(|receive| self.moved(transfer, receive, (from, to)));
        if moved.is_none() {
            self.signals.missing(ready, self.unmatched(transfer, from, number));
        }
        state.push(thread, wait(ready), transfer.site);
        match moved {
            Some(Ok(moved)) => moved.into_iter().for_each(|bulk| state.push(thread, bulk, transfer.site)),
            Some(Err(fault)) => state.lists[thread as usize].push(Err(fault)),
            None => {}
        }
        state.push(thread, write(end), transfer.site);
    }

    fn words_of_transfer(&mut self, from: u32, to: u32, number: u32) -> [Location; 2] {
        let ready = || format!("receive {number} of rank {to} from rank {from} is posted");
        let done = || format!("send {number} of rank {from} to rank {to} is done");
        [
            self.signals.place(Key::Ready { from, to, number }, to, ready),
            self.signals.place(Key::Done { from, to, number }, to, done),
        ]
    }

    /// The copies of a transfer; it is an error if the peers disagree on how much is moved.
    fn moved(&self, send: &Transfer, receive: &Transfer, (from, to): (u32, u32)) -> Result<Vec<Operation>, Fault> {
        let bytes = |transfer: &Transfer| transfer.pieces.iter().map(|piece| u64::from(piece.bytes)).sum::<u64>();
        let sizes = self.program.code().sizes;
        let size = sizes.data.bytes();
        if bytes(send) != bytes(receive) {
            let elements = |transfer: &Transfer| bytes(transfer) / u64::from(size);
            let message = format!(
                "peers disagree: rank {from} sends {} elements to rank {to}, whose receive at line {} is for {}",
                elements(send),
                self.line(receive.site),
                elements(receive),
            );
            return Err(Fault::violation(Code::PeersDisagree, message, send.site));
        }
        let alike = send.pieces.iter().map(|piece| piece.bytes).eq(receive.pieces.iter().map(|piece| piece.bytes));
        let (sources, targets) = if alike {
            (send.pieces.clone(), receive.pieces.clone())
        } else {
            (by_element(&send.pieces, size), by_element(&receive.pieces, size))
        };
        let copy = |(source, target): (Piece, Piece)| {
            Operation::Bulk(Box::new(Bulk {
                destination: target.at,
                sources: smallvec![source.at],
                bytes: target.bytes,
                fold: None,
                data: sizes.data,
                accumulate: sizes.accumulate,
                vector: source.vector && target.vector,
                pipe: None,
            }))
        };
        Ok(sources.into_iter().zip(targets).map(copy).collect())
    }

    /// Why a send or receive is never completed.
    fn unmatched(&self, transfer: &Transfer, rank: u32, number: u32) -> String {
        let peer = transfer.peer;
        let key = if transfer.sends { (rank, peer) } else { (peer, rank) };
        let pair = self.pairs.get(&key);
        let (verb, other) = match transfer.sends {
            true => ("sends to", pair.map_or(0, |pair| pair.receives.len())),
            false => ("receives from", pair.map_or(0, |pair| pair.sends.len())),
        };
        let does = match (transfer.sends, other) {
            (true, 0) => format!("rank {peer} never receives from rank {rank}"),
            (true, _) => format!("rank {peer} receives from rank {rank} {other} times"),
            (false, 0) => format!("rank {peer} never sends to rank {rank}"),
            (false, _) => format!("rank {peer} sends to rank {rank} {other} times"),
        };
        format!("rank {rank} {verb} rank {peer} for the {} time, and {does}", ordinal(number))
    }

    fn line(&self, site: SiteIndex) -> u32 {
        let code = self.program.code();
        let source: &Source = &self.program.protocol().source;
        code.sites.get(site.0 as usize).map_or(0, |site| source.line_column(site.span.start).0)
    }
}

impl Rank {
    fn push(&mut self, thread: u32, operation: Operation, site: SiteIndex) {
        self.lists[thread as usize].push(Ok((operation, site)));
    }

    /// The number of a transfer among those of its pair of ranks and direction.
    fn number(&mut self, transfer: &Transfer) -> u32 {
        let told = self.told.entry((transfer.sends, transfer.peer)).or_default();
        *told += 1;
        *told - 1
    }
}

fn event_key(event: Address) -> u64 {
    u64::from(event.buffer.0) << 48 | event.index
}

fn by_element(pieces: &[Piece], size: u32) -> Vec<Piece> {
    let elements = |piece: &Piece| {
        let at = piece.at;
        (0..piece.bytes / size).map(move |index| Piece {
            at: Location { byte: at.byte + u64::from(index * size), ..at },
            bytes: size,
            vector: false,
        })
    };
    pieces.iter().flat_map(elements).collect()
}

/// `0` is "1st".
fn ordinal(number: u32) -> String {
    let number = number + 1;
    let suffix = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
}
