//! From the steps of a launch to what each host and each stream does, launch after launch.

use super::{FIRST_STEP, List, NOWHERE, Steps};
use crate::program::host::signals;
use crate::program::{Bulk, Call, Location, Operation, SiteIndex};
use crate::ptx::launch::{FILL_BYTES, Launch, Move, Step, Work};
use arverify_protocol::data::{Accumulate, DataType};
use rustc_hash::FxHashMap;
use smallvec::smallvec;

/// One rank's lists while they are made.
struct Rank<'a> {
    rank: u32,
    steps: &'a mut Steps,
    launch: &'a Launch,
    /// By rank: a host has come to a meeting, by the meeting's number among all.
    meetings: &'a [Vec<Location>],
    lists: Vec<List>,
    /// The word that says how far the host has waited, if it has; and whether each stream follows it.
    waited: Option<Location>,
    follows: Vec<bool>,
    /// Meetings so far.
    met: usize,
    /// The site of the step that is enqueued.
    site: SiteIndex,
    /// The last record of each event.
    recorded: FxHashMap<&'a str, Location>,
}

/// The lists of all ranks, by rank and thread.
pub(super) fn lists(steps: &mut Steps, launch: &Launch) -> Vec<Vec<List>> {
    let meetings = launch.steps.iter().filter(|step| matches!(step.work, Work::HostsMeet)).count();
    let meetings: Vec<Vec<Location>> = (0..launch.ranks)
        .map(|rank| {
            let of_all = 0..meetings * launch.launches as usize;
            let text = |number| format!("the host of rank {rank} has come to meeting {number}");
            of_all.map(|number| steps.words.word(rank, text(number))).collect()
        })
        .collect();
    let streams = steps.streams.len();
    let of_rank = |rank: u32| {
        let mut own = Rank {
            rank,
            steps,
            launch,
            meetings: &meetings,
            lists: vec![List::new(); 1 + streams],
            waited: None,
            follows: vec![true; streams],
            met: 0,
            site: NOWHERE,
            recorded: FxHashMap::default(),
        };
        for index in 0..launch.launches {
            own.launch(index);
        }
        own.lists
    };
    (0..launch.ranks).map(of_rank).collect()
}

impl<'a> Rank<'a> {
    fn launch(&mut self, index: u32) {
        // The caller writes inputs, enqueues, and reads the output in turn: on its stream, after the host's waits.
        self.follow_host(0);
        let begins = Operation::Call(Call::Begins { launch: index });
        self.lists.iter_mut().for_each(|list| list.push((begins.clone(), NOWHERE)));
        let launch = self.launch;
        let mut kernels = 0;
        for (number, step) in (0..).zip(&launch.steps) {
            self.site = SiteIndex(FIRST_STEP - number);
            let stream = self.steps.streams.iter().position(|number| *number == step.stream).unwrap_or_default();
            if !matches!(step.work, Work::HostsMeet) {
                self.follow_host(stream);
            }
            self.step(step, stream, (kernels, index));
            kernels += usize::from(matches!(step.work, Work::Kernel { .. }));
        }
        self.site = NOWHERE;
        self.follow_host(0);
        self.push(1, Operation::Call(Call::Returns { launch: index }));
    }

    fn step(&mut self, step: &'a Step, stream: usize, (kernel, index): (usize, u32)) {
        let (rank, list) = (self.rank as usize, 1 + stream);
        match &step.work {
            Work::Kernel { .. } => {
                let kernel = &self.steps.kernels[kernel];
                self.lists[list].push((signals::write(kernel.begun[rank][index as usize]), self.site));
                self.lists[list].extend(kernel.all_ended(self.rank, index).map(|end| (end, self.site)));
            }
            Work::Copy { moves, .. } => {
                let copy = self.copy(moves[rank][index as usize]);
                self.lists[list].extend(copy.map(|copy| (copy, self.site)));
            }
            Work::Fill { buffer, bits } => self.fill(*buffer, bits[rank][index as usize], list),
            Work::Record(event) => {
                let text = format!("event `{event}` of rank {rank} is recorded in launch {index}");
                let word = self.steps.words.word(self.rank, text);
                self.recorded.insert(event, word);
                self.push(list, signals::write(word));
            }
            Work::Wait(event) => {
                if let Some(word) = self.recorded.get(event.as_str()) {
                    self.push(list, signals::wait(*word));
                }
            }
            Work::Synchronise => {
                let number = self.steps.streams[stream];
                let text =
                    format!("stream {number} of rank {rank} has done what was enqueued before launch {index} went on");
                let word = self.steps.words.word(self.rank, text);
                self.push(list, signals::write(word));
                self.push(0, signals::wait(word));
                self.host_has_waited();
            }
            Work::HostsMeet => self.meet(),
        }
    }

    fn push(&mut self, list: usize, operation: Operation) {
        self.lists[list].push((operation, self.site));
    }

    /// A stream does nothing before the host has enqueued it.
    fn follow_host(&mut self, stream: usize) {
        let follows = std::mem::replace(&mut self.follows[stream], true);
        if let Some(word) = self.waited.filter(|_| !follows) {
            self.push(1 + stream, signals::wait(word));
        }
    }

    /// What the host enqueues from now on follows what it has waited for.
    fn host_has_waited(&mut self) {
        let rank = self.rank;
        let word =
            self.steps.words.word(rank, format!("the host of rank {rank} goes on behind what it has waited for"));
        self.push(0, signals::write(word));
        self.waited = Some(word);
        self.follows.fill(false);
    }

    fn meet(&mut self) {
        let number = self.met;
        self.met += 1;
        self.push(0, signals::write(self.meetings[self.rank as usize][number]));
        let own = self.rank;
        for rank in (0..self.launch.ranks).filter(|rank| *rank != own) {
            self.push(0, signals::wait(self.meetings[rank as usize][number]));
        }
        self.host_has_waited();
    }

    /// A byte of a rank's instance of a buffer, or of a part of one.
    fn location(&self, buffer: usize, rank: u32, byte: u64) -> Location {
        let (whole, start) = self.launch.buffers[buffer].within.map_or((buffer, 0), |at| (at.buffer, at.offset));
        // Of all instances those of buffers come first.
        Location { instance: whole as u32 * self.launch.ranks + rank, byte: start + byte }
    }

    fn copy(&self, Move { to, from, bytes }: Move) -> Option<Operation> {
        (bytes > 0).then(|| {
            Operation::Bulk(Box::new(Bulk {
                destination: self.location(to.0, to.1, to.2),
                sources: smallvec![self.location(from.0, self.rank, from.1)],
                bytes: bytes as u32,
                fold: None,
                // Nothing is combined.
                data: DataType::F32,
                accumulate: Accumulate::Own,
                vector: false,
                pipe: None,
            }))
        })
    }

    fn fill(&mut self, buffer: usize, bits: u64, list: usize) {
        let memory = &self.launch.buffers[buffer];
        let size = memory.element.bytes() as usize;
        let mut bytes = vec![0; memory.bytes as usize];
        bytes.chunks_exact_mut(size).for_each(|element| memory.element.write(bits, element));
        let start = self.location(buffer, self.rank, 0);
        let mut done = 0;
        while done < memory.bytes {
            let at = Location { byte: start.byte + done, ..start };
            // The greatest store that is aligned and fits.
            let left = memory.bytes - done;
            let length = (0..=FILL_BYTES.ilog2()).rev().map(|power| 1u64 << power);
            let length = length.clone().find(|length| at.byte.is_multiple_of(*length) && *length <= left).unwrap_or(1);
            let data = bytes[done as usize..(done + length) as usize].into();
            self.push(list, Operation::Store { at, data });
            done += length;
        }
    }
}
