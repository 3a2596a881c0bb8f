//! From a violation to its code and its words.
//!
//! Several codes may fit one bug; the root cause is reported once, and the most specific code wins: a reset that
//! destroys a signal before the race or hang that follows (AR008), a wait that an earlier launch satisfied before the
//! race that follows (AR012), two signals on one slot before the hang (AR007).

use super::company::Company;
use super::launch::{DURING, READ, REFRESH, REFRESHED};
use super::run::Run;
use super::{Machine, RaceCause, Rule, StaleCause, State, Status, Violation, ViolationPoint};
use crate::memory::clock::ThreadIndex;
use crate::memory::shadow::Access;
use crate::memory::slot::{self, Message, Slot};
use crate::program::{
    Condition, Contents, Group, Instance, Location, Operation, Program, SiteIndex, Width, Word, mbarrier,
};
use arverify_protocol::verdict::{Code, WhyKind};

impl<P: Program> Run<'_, P> {
    pub(super) fn access_violation(
        &self,
        code: Code,
        message: String,
        thread: ThreadIndex,
        site: SiteIndex,
        at: Location,
    ) -> Violation {
        let mut violation = Violation::new(code, message, vec![self.point(thread, site, "this access")]);
        violation.location = Some(at);
        violation
    }

    /// Whether the block has ended whose shared memory an instance is.
    pub(super) fn has_ended(&self, instance: &Instance) -> bool {
        let machine = self.machine;
        let block = instance.block.map(|block| &self.state.blocks[machine.block_index(instance.rank, block) as usize]);
        machine.has(Rule::SharedMemoryEnds) && block.is_some_and(|block| block.started && block.live == 0)
    }

    fn is_copy(&self, thread: ThreadIndex) -> bool {
        self.machine.program().is_copy(self.state.coordinates(self.machine, thread))
    }

    /// Whether an access is one of a copy that some thread has started.
    fn is_by_copy(&self, access: &Access) -> bool {
        let epoch = access.epoch;
        !epoch.is_initial() && !self.machine.is_stream(epoch.thread) && self.is_copy(epoch.thread)
    }

    /// Somebody may still come to the shared memory of a block that ends.
    pub(super) fn outlived(
        &self,
        thread: ThreadIndex,
        site: SiteIndex,
        at: Location,
        (other, wrote): (Access, bool),
    ) -> Violation {
        let instance = &self.machine.program().shape().instances[at.instance as usize];
        let message = format!(
            "`{}` of rank {} may be {} by {} after its block has ended",
            instance.name,
            instance.rank,
            if wrote { "written" } else { "read" },
            self.describe(&other),
        );
        let points = vec![self.other_point(&other, wrote), self.point(thread, site, "the block ends here")];
        let mut violation = Violation::new(Code::OutOfBounds, message, points);
        violation.location = Some(at);
        violation.notes.push("shared memory ends with its block (PTX ISA, \"Shared State Space\")".to_owned());
        let form = "the block ends{}, and nobody has waited for the access{}";
        violation.because(WhyKind::EndedBlock, site, form, &[site, other.site]);
        let is_copy = self.is_by_copy(&other);
        violation.help = Some(match is_copy {
            true => "let a thread of the block wait for the copy before it leaves".to_owned(),
            false => "let the blocks of the cluster meet (`barrier.cluster`) before one of them ends".to_owned(),
        });
        violation
    }

    /// Some of these bytes are read, and nobody has written them.
    pub(super) fn uninitialised(&mut self, thread: ThreadIndex, site: SiteIndex, at: Location, bytes: u64) {
        if !self.machine.has(Rule::Uninitialised) {
            return;
        }
        let shadow = &self.state.memory[at.instance as usize].shadow;
        let unwritten = (at.byte..at.byte + bytes).find(|byte| !shadow.is_written(*byte..*byte + 1));
        let at = Location { byte: unwritten.unwrap_or(at.byte), ..at };
        let shape = self.machine.program().shape();
        let message =
            format!("`{}` of rank {} is read before anybody wrote it", shape.named(at).0, shape.instance(at).rank);
        let mut violation = self.access_violation(Code::Uninitialised, message, thread, site, at);
        let form = format!("nobody has written byte {} before it is read{{}}", shape.named(at).1);
        violation.because(WhyKind::NeverWritten, site, form, &[site]);
        violation.help = Some("write it first, or declare what it holds initially".to_owned());
        self.suspect(violation);
    }

    /// Why two accesses race, and how to mend it.
    fn explain_race(
        &self,
        violation: &mut Violation,
        thread: ThreadIndex,
        other: &Access,
        (read_only, unfenced): (bool, bool),
    ) {
        if read_only {
            let note = "`.nc` reads by a path that is not coherent: nobody may write the memory from the beginning of the kernel \
                        to its end (PTX ISA, `ld.global.nc`), in whatever order with the load";
            violation.notes.push(note.to_owned());
        } else if unfenced {
            let note = "the copy is of the async proxy: what ordinary stores wrote it reads or overwrites only behind \
                        `fence.proxy.async`, made by their thread or by whoever has seen them, before the copy is started";
            violation.notes.push(note.to_owned());
        }
        if read_only {
            violation.help = Some("read it with `ld.global`, or write it before the launch".to_owned());
        }
        if unfenced {
            let help = "put `fence.proxy.async` behind the stores, before their threads say that they are done";
            violation.help = Some(help.to_owned());
        }
        if !unfenced && (self.is_by_copy(other) || self.is_copy(thread)) {
            let note = "a copy is in order with what follows it only where that has waited for it: for its mbarrier object, or \
                        by `cp.async.bulk.wait_group`, of which `.read` waits for what is read alone";
            violation.notes.push(note.to_owned());
        }
        if self.finishing {
            let note =
                "the copy is outstanding from its start to its finish: what comes in between is in no order with it";
            violation.notes.push(note.to_owned());
        }
    }

    /// A conflict that causality leaves unordered and that is not morally strong. Returns whether the execution goes
    /// on: after a race between launches it does, to see whether some wait mistakes one launch for another.
    pub(super) fn race(
        &mut self,
        thread: ThreadIndex,
        site: SiteIndex,
        at: Location,
        writes: bool,
        other: Access,
        other_wrote: bool,
    ) -> bool {
        let access = Access { epoch: self.epoch(thread), site };
        let known_by = self.machine.race_of(&self.state.blocks, access, other);
        if self.machine.sets_aside(&self.state.blocks, access, other) {
            self.note_set_aside();
            return true;
        }
        let suspected = self.state.suspect.as_ref().is_some_and(|suspect| suspect.code == Code::DataRace);
        if suspected {
            return true;
        }
        let verb = |wrote: bool| if wrote { "written" } else { "read" };
        let shape = self.machine.program().shape();
        let owner = shape.instance(at).rank;
        let mut points = vec![self.point(thread, site, &format!("{} here", verb(writes)))];
        points.push(self.other_point(&other, other_wrote));
        let during = self.machine.is_stream(other.epoch.thread) && other.epoch.step == DURING;
        let read_only = !writes && self.machine.program().is_non_coherent(site) || during;
        let unfenced = std::mem::take(&mut self.unfenced);
        let message = format!(
            "data race on `{}` of rank {owner}: {} by {} and {} by {}, {}",
            shape.named(at).0,
            verb(writes),
            self.name(thread),
            verb(other_wrote),
            self.describe(&other),
            match (read_only, unfenced) {
                (true, _) => "while the kernel that reads it may run",
                (_, true) => "without a proxy fence between them",
                _ => "in no order",
            },
        );
        let mut violation = Violation::new(Code::DataRace, message, points);
        violation.race = Some(([site, other.site], known_by));
        violation.accesses = Some([other, access]);
        violation.cause = match (read_only, unfenced) {
            (true, _) => Some(RaceCause::NonCoherent),
            (_, true) => Some(RaceCause::Unfenced),
            _ => self.finishing.then_some(RaceCause::Outstanding),
        };
        violation.location = Some(at);
        self.explain_race(&mut violation, thread, &other, (read_only, unfenced));
        if self.machine.is_stream(other.epoch.thread) && other.epoch.step == REFRESH {
            violation.refresh = Some((owner, other.epoch.phase));
        }
        violation.crosses_launches = true;
        self.specialise_reset(&mut violation, thread, at, writes, &other, other_wrote);
        let mine = self.name(thread);
        let mut blocks = vec![(mine.rank, mine.block, mine.launch)];
        if let Some(name) = self.state.name_of(self.machine, &other) {
            blocks.push((name.rank, name.block, name.launch));
        }
        let between_launches = blocks.iter().any(|block| block.2 != mine.launch);
        let violation = self.with_stale_waits(violation, blocks.into_iter());
        if between_launches && violation.code == Code::DataRace {
            self.state.suspect = Some(Box::new(violation));
            return true;
        }
        self.fail(violation);
        false
    }

    /// A wait was satisfied by an earlier launch: if a race between launches was seen, this is its cause.
    pub(super) fn explain_suspected_race(&mut self, thread: ThreadIndex) {
        let Some(suspect) = self.state.suspect.take_if(|suspect| suspect.code == Code::DataRace) else { return };
        let name = self.name(thread);
        let violation = self.with_stale_waits(*suspect, [(name.rank, name.block, name.launch)].into_iter());
        self.fail(violation);
    }

    pub(super) fn refresh_race(&self, rank: u32, launch: u32, at: Location, other: Access, wrote: bool) -> Violation {
        let shape = self.machine.program().shape();
        let message = format!(
            "data race on `{}` of rank {rank}: new contents for launch {launch} are written on the owner's stream while {} {} it",
            shape.named(at).0,
            self.describe(&other),
            if wrote { "writes" } else { "may still read" },
        );
        let mut violation = Violation::new(Code::DataRace, message, vec![self.other_point(&other, wrote)]);
        let own = Access { site: REFRESHED, ..other };
        violation.race = Some(([REFRESHED, other.site], self.machine.race_of(&self.state.blocks, own, other)));
        violation.location = Some(at);
        violation.refresh = Some((rank, launch));
        violation.crosses_launches = true;
        violation.help =
            Some("a rank may leave its launch only when its peers have finished with its buffers".to_owned());
        let peer = self.machine.rank_of_block(self.machine.block_of(other.epoch.thread)) != rank;
        let signal = self.state.slots.contains_key(&slot::key(at));
        if wrote && peer && signal && matches!(shape.part(at).contents, Contents::Word(_) | Contents::Bytes(_)) {
            violation.code = Code::ZeroingRace;
            violation.message = format!(
                "zeroing race: the owner's stream resets a slot while a signal from a peer is in flight ({})",
                violation.message
            );
        }
        match self.state.name_of(self.machine, &other) {
            Some(name) => self.with_stale_waits(violation, [(name.rank, name.block, name.launch)].into_iter()),
            None => violation,
        }
    }

    pub(super) fn output_race(&self, rank: u32, at: Location, (site, other): (SiteIndex, Access)) -> Violation {
        let message = format!(
            "data race on `{}` of rank {rank}: the launch has ended and its output is read, while {} may still write it",
            self.machine.program().shape().named(at).0,
            self.describe(&other),
        );
        let mut violation = Violation::new(Code::DataRace, message, vec![self.other_point(&other, true)]);
        let own = Access { site, ..other };
        violation.race = Some(([site, other.site], self.machine.race_of(&self.state.blocks, own, other)));
        violation.location = Some(at);
        violation.crosses_launches = true;
        violation.help = Some("a rank may leave its launch only when its peers have finished writing to it".to_owned());
        violation
    }

    fn other_point(&self, other: &Access, wrote: bool) -> ViolationPoint {
        let label = match wrote {
            _ if other.site == REFRESHED => "new contents",
            true => "written here",
            false => "read here",
        };
        ViolationPoint { thread: self.state.name_of(self.machine, other), site: other.site, label: label.to_owned() }
    }

    fn describe(&self, access: &Access) -> String {
        match self.state.name_of(self.machine, access) {
            Some(name) if access.site == REFRESHED => format!("{name} (new contents)"),
            Some(name) => name.to_string(),
            None if access.epoch.step == DURING => {
                let rank = self.machine.rank_of_block(self.machine.block_of(access.epoch.thread));
                format!("rank {rank} in launch {} (`ld.global.nc`)", access.epoch.phase.saturating_sub(1))
            }
            None if access.epoch.step == REFRESH => {
                format!("the owner's stream (new contents for launch {})", access.epoch.phase)
            }
            None => {
                format!("the owner's stream (reading the output of launch {})", access.epoch.phase.saturating_sub(1))
            }
        }
    }

    /// AR008: one side sets the slot back to its initial value, the other signals through it.
    fn specialise_reset(
        &self,
        violation: &mut Violation,
        thread: ThreadIndex,
        at: Location,
        writes: bool,
        other: &Access,
        other_wrote: bool,
    ) {
        let instance = &self.machine.program().shape().instances[at.instance as usize];
        let slot = self.state.slots.get(&slot::key(at));
        if !((instance.pad || slot.is_some()) && writes && other_wrote) || other.epoch.is_initial() {
            return;
        }
        let width = slot.map_or(Width::Four, |slot| slot.width);
        let Some(initial) = instance.part(at.byte).word(at.byte, width.bytes()).map(Word::from) else { return };
        let owner = instance.rank;
        let mine = self.name(thread).rank;
        let theirs = self.machine.rank_of_block(self.machine.block_of(other.epoch.thread));
        // Memory still holds what the other wrote.
        let resets = if mine == owner {
            self.storing == Some(initial)
        } else {
            self.machine.word_at(self.state, at, width) == initial
        };
        if resets && (mine == owner) != (theirs == owner) {
            violation.code = Code::ZeroingRace;
            let own = violation.points[0].site;
            let (reset, signal) = if mine == owner { (own, other.site) } else { (other.site, own) };
            let form = "the reset{} is in no order with the signal{}, which it may take away";
            violation.because(WhyKind::Reset, reset, form, &[reset, signal]);
            violation.message = format!(
                "zeroing race: {} resets a slot while a signal from a peer is in flight ({})",
                if mine == owner { self.name(thread).to_string() } else { self.describe(other) },
                violation.message
            );
        }
    }

    /// AR012: a wait in one of these blocks was satisfied by an earlier launch.
    pub(super) fn with_stale_waits(
        &self,
        mut violation: Violation,
        blocks: impl Iterator<Item = (u32, u32, u32)>,
    ) -> Violation {
        for (rank, block, launch) in blocks {
            let index = self.machine.block_index(rank, block) as usize;
            let stale = self.state.blocks[index].stale.0.iter().find(|stale| stale.launch <= launch);
            let Some(stale) = stale else { continue };
            let at = slot::location(stale.slot);
            let (pad, byte) = self.machine.program().shape().named(at);
            let mut name = self.name(stale.thread);
            name.launch = stale.launch;
            let consequence = std::mem::take(&mut violation.message);
            violation.stale = Some(Box::new(StaleCause {
                thread: stale.thread,
                site: stale.site,
                launch: stale.launch,
                at,
                value: stale.value,
                code: violation.code,
                message: consequence.clone(),
                help: violation.help.take(),
            }));
            violation.message = format!(
                "epoch confusion: {name} waits for {} in slot {} of `{pad}`, and a signal of launch {} satisfies it",
                stale.value,
                byte / self.state.slots.get(&stale.slot).map_or(4, |slot| slot.width.bytes()),
                stale.written_in
            );
            violation.code = Code::EpochConfusion;
            let form = format!(
                "the wait{{}} (by {name}) is satisfied by {}, which was signalled{{}} in launch {}, not in launch {}",
                stale.value, stale.written_in, stale.launch
            );
            violation.because(WhyKind::EarlierSignal, stale.site, form, &[stale.site, stale.writer]);
            violation.notes.insert(0, format!("what follows: {consequence}"));
            violation.help = Some("let the value grow with every launch, kept on the device, so that no launch's wait accepts another's signal".to_owned());
            let point = |thread, site, label: &str| ViolationPoint { thread, site, label: label.to_owned() };
            let waits = point(Some(name), stale.site, "this wait accepts it");
            let signals =
                point(None, stale.writer, &format!("the signal of launch {} is written here", stale.written_in));
            violation.points.splice(0..0, [waits, signals]);
            return violation;
        }
        violation
    }
}

/// A thread that waits for ever.
struct Stuck<R> {
    thread: ThreadIndex,
    site: SiteIndex,
    at: Location,
    width: Width,
    until: Until<R>,
    /// The other words that have not come, if it waits for several.
    also: Vec<(Location, Width)>,
}

/// What it waits for.
enum Until<R> {
    /// A condition on the word.
    Condition(Condition),
    /// A round that leaves its loop.
    Round(Company<R>, String),
}

impl<R> std::fmt::Display for Until<R> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Until::Condition(condition) => std::fmt::Display::fmt(condition, formatter),
            Until::Round(_, words) => formatter.write_str(words),
        }
    }
}

impl<P: Program> Machine<P> {
    /// Why nothing can happen any more.
    pub(super) fn deadlock(&self, state: &State<P::Thread>) -> Violation {
        if let Some(divergence) = self.divergence(state) {
            return divergence;
        }
        let stuck = self.stuck(state);
        let Some(first) = self.root_of(state, &stuck) else {
            let message = "nothing can run, and no thread waits for a slot".to_owned();
            return Violation::new(Code::Deadlock, message, Vec::new());
        };
        if let Some(disagreement) = self.disagreement(state, &stuck) {
            return disagreement;
        }
        let name = state.current_name(self, first.thread);
        let slot = state.slots.get(&slot::key(first.at));
        let holds = slot.map_or_else(|| self.word_at(state, first.at, first.width), |slot| slot.latest().value);
        let holds = match &first.until {
            Until::Condition(condition) => Word::from(condition.compared(holds)),
            Until::Round(..) => holds,
        };
        let message = match self.program().describe(first.at) {
            Some(text) => format!("deadlock: {name} waits until {text}, for ever"),
            None => format!(
                "deadlock: {name} waits for {} to be {}, and it holds {holds} for ever",
                self.slot_name(first.at, first.width),
                first.until,
            ),
        };
        let label = "waits here".to_owned();
        let points = vec![ViolationPoint { thread: Some(name), site: first.site, label }];
        let mut violation = Violation::new(Code::Deadlock, message, points);
        violation.location = Some(first.at);
        violation.notes.push(format!("{} threads wait for ever", stuck.len()));
        if !first.also.is_empty() {
            let names: Vec<String> = first.also.iter().map(|(at, width)| self.slot_name(*at, *width)).collect();
            violation.notes.push(format!("neither has come what it waits for in {}", names.join(", ")));
        }
        match slot {
            Some(slot) => self.blame_slot(state, slot, first, &mut violation),
            None => self.blame_missing_writer(state, first, &mut violation),
        }
        self.blame_shape(state, &mut violation);
        violation
    }

    /// AR014: somebody waits for what the ranks' programs never do, for they do not fit each other.
    fn disagreement(&self, state: &State<P::Thread>, stuck: &[Stuck<P::Round>]) -> Option<Violation> {
        let unmatched = |stuck: &&Stuck<P::Round>| self.program().missing(stuck.at).is_some();
        let first = stuck.iter().filter(unmatched).min_by_key(|stuck| state.coordinates(self, stuck.thread).launch)?;
        let name = state.current_name(self, first.thread);
        let why = self.program().missing(first.at)?;
        let label = "never completes".to_owned();
        let points = vec![ViolationPoint { thread: Some(name), site: first.site, label }];
        let mut violation = Violation::new(Code::PeersDisagree, format!("peers disagree: {why}"), points);
        violation.location = Some(first.at);
        violation.notes.push(format!("{name} waits for ever, and {} threads in all", stuck.len()));
        violation.because(WhyKind::Unmatched, first.site, format!("{name} waits{{}}: {why}"), &[first.site]);
        violation.help = Some("let every rank make the calls that its peers wait for, in the same order".to_owned());
        Some(violation)
    }

    fn stuck(&self, state: &State<P::Thread>) -> Vec<Stuck<P::Round>> {
        let waiting = state.threads.iter().enumerate().filter_map(|(index, thread)| {
            // A copy waits for nothing but to be started.
            let is_copy = self.program().is_copy(state.coordinates(self, index as ThreadIndex));
            if is_copy || !matches!(thread.status, Status::Awaiting(_) | Status::Choosing) {
                return None;
            }
            match thread.pending.as_deref() {
                Some((Operation::Await { at, width, condition, .. }, site)) => {
                    let (thread, until) = (index as ThreadIndex, Until::Condition(*condition));
                    Some(Stuck { thread, site: *site, at: *at, width: *width, until, also: Vec::new() })
                }
                Some((Operation::Spin { at, width, .. }, site)) => {
                    let thread = index as ThreadIndex;
                    let company = self.waits(state, thread).last().map(|(company, _)| company.clone())?;
                    // The words without which no round ends; where there are none, the one that was looked at last.
                    let own = |(member, _): &&(usize, crate::program::Poll)| company.members[*member].thread == thread;
                    let reads = self.newest_reads(state, &company);
                    let last = reads.iter().rfind(own).map_or((*at, *width), |(_, poll)| (poll.at, poll.width));
                    let missing = self.missing_words(state, &company, thread);
                    let mut missing = missing.into_iter().map(|poll| (poll.at, poll.width));
                    let named = missing.next().unwrap_or(last);
                    let words = match named.0 == *at {
                        true => self.describe_loop(state, thread),
                        false => "what ends the loop".to_owned(),
                    };
                    let until = Until::Round(company, words);
                    Some(Stuck { thread, site: *site, at: named.0, width: named.1, until, also: missing.collect() })
                }
                _ => None,
            }
        });
        waiting.collect()
    }

    /// The waiting thread that explains most: one whose signal was overwritten, else one that is furthest behind.
    fn root_of<'s>(&self, state: &State<P::Thread>, stuck: &'s [Stuck<P::Round>]) -> Option<&'s Stuck<P::Round>> {
        let had = |stuck: &&Stuck<P::Round>, initially: bool| {
            let slot = state.slots.get(&slot::key(stuck.at));
            slot.is_some_and(|slot| {
                let mut messages = slot.messages.iter();
                messages.any(|message| {
                    message.access.epoch.is_initial() == initially && self.satisfies(state, stuck, message.value)
                })
            })
        };
        // What was there before anybody signalled is rarely what a waiter has missed.
        let lost = stuck.iter().find(|stuck| had(stuck, false)).or_else(|| stuck.iter().find(|stuck| had(stuck, true)));
        let behind = || stuck.iter().min_by_key(|stuck| state.coordinates(self, stuck.thread).launch);
        lost.or_else(behind).map(|first| self.hindered_by(state, stuck, first))
    }

    /// Of threads that a host program orders, each hindered by the next: the last, or the first met twice.
    fn hindered_by<'s>(
        &self,
        state: &State<P::Thread>,
        stuck: &'s [Stuck<P::Round>],
        first: &'s Stuck<P::Round>,
    ) -> &'s Stuck<P::Round> {
        let (mut at, mut met) = (first, Vec::new());
        while self.program().describe(at.at).is_some() && !met.contains(&at.thread) {
            met.push(at.thread);
            let writer = self.would_write(state, at.at, |value| self.satisfies(state, at, value));
            let next = writer.and_then(|writer| stuck.iter().find(|stuck| stuck.thread == writer.thread));
            let Some(next) = next else { break };
            at = next;
        }
        at
    }

    /// Whether a value of its word would end a wait.
    fn satisfies(&self, state: &State<P::Thread>, stuck: &Stuck<P::Round>, value: Word) -> bool {
        match &stuck.until {
            Until::Condition(condition) => condition.holds(value),
            Until::Round(company, _) => self.ends_by(company, &mut |poll| {
                Some(if poll.at == stuck.at { value } else { self.word_at(state, poll.at, poll.width) })
            }),
        }
    }

    /// A signal that was there and is gone: who overwrote it decides the code.
    fn blame_slot(&self, state: &State<P::Thread>, slot: &Slot, stuck: &Stuck<P::Round>, violation: &mut Violation) {
        let satisfies = |message: &&Message| self.satisfies(state, stuck, message.value);
        let signal = |message: &&Message| !message.access.epoch.is_initial() && satisfies(message);
        let lost = slot.messages.iter().rev().find(signal);
        let Some(lost) = lost.or_else(|| slot.messages.iter().rev().find(satisfies)) else {
            return self.blame_missing_writer(state, stuck, violation);
        };
        let position = slot.position(lost.id);
        let Some(over) = slot.messages.get(position + 1) else { return };
        let rank_of = |access: &Access| self.rank_of_block(self.block_of(access.epoch.thread));
        let known = self.program().shape().part(stuck.at).word(stuck.at.byte, slot.width.bytes());
        let first = &slot.messages[0];
        let initial = known.map(Word::from).or(first.access.epoch.is_initial().then_some(first.value));
        let who =
            |access: &Access| state.name_of(self, access).map_or("the stream".to_owned(), |name| name.to_string());
        let (lost_by, over_by) = (who(&lost.access), who(&over.access));
        let same_statement = self.program().are_one_statement(lost.access.site, over.access.site);
        // One function may store both: then it is a reset if the owner writes what the slot began with over a peer's.
        let owner = self.program().shape().instance(stuck.at).rank;
        let by_owner = rank_of(&over.access) == owner && rank_of(&lost.access) != owner;
        let reset = initial == Some(over.value) && lost.value != over.value && (!same_statement || by_owner);
        violation.code = if reset {
            Code::ZeroingRace
        } else if over.update.is_some() {
            // Counting on is no second signal: the counter has moved past what was waited for.
            Code::Deadlock
        } else if rank_of(&lost.access) != rank_of(&over.access) || !same_statement {
            Code::SlotCollision
        } else {
            Code::Deadlock
        };
        violation.notes.push(format!(
            "{} was written by {lost_by}, and overwritten with {} by {over_by} before it was seen",
            lost.value, over.value
        ));
        let form = format!(
            "{} was written{{}} (by {lost_by}), and overwritten with {}{{}} (by {over_by}) before it was seen",
            lost.value, over.value
        );
        let kind = if violation.code == Code::ZeroingRace { WhyKind::Reset } else { WhyKind::Overwritten };
        violation.because(kind, over.access.site, form, &[lost.access.site, over.access.site]);
        violation.accesses = Some([lost.access, over.access]);
        let point = |access: &Access, label: String| ViolationPoint {
            thread: state.name_of(self, access),
            site: access.site,
            label,
        };
        violation.points.push(point(&lost.access, format!("{} is written here", lost.value)));
        violation.points.push(point(&over.access, format!("and overwritten with {} here", over.value)));
        if violation.code == Code::ZeroingRace {
            // The reset is what must change.
            violation.points.rotate_right(1);
        }
        violation.help = Some(
            match violation.code {
                Code::ZeroingRace => "do not reset a slot that a peer may be writing: let values grow with an epoch",
                Code::SlotCollision => "give each signal a slot of its own",
                _ => "let the waiter accept later values, or alternate between two sets of slots (parity)",
            }
            .to_owned(),
        );
    }

    /// A word as waits name it.
    fn slot_name(&self, at: Location, width: Width) -> String {
        let shape = self.program().shape();
        let (pad, byte) = shape.named(at);
        format!("slot {} of `{pad}` on rank {}", byte / width.bytes(), shape.instance(at).rank)
    }

    /// Nobody wrote what is waited for: who wrote last, and who would have had to.
    fn blame_missing_writer(&self, state: &State<P::Thread>, stuck: &Stuck<P::Round>, violation: &mut Violation) {
        let slot = state.slots.get(&slot::key(stuck.at));
        let last = slot.and_then(|slot| slot.messages.iter().rev().find(|message| !message.access.epoch.is_initial()));
        violation.notes.push(match last.map(|last| (last.value, state.name_of(self, &last.access))) {
            Some((value, Some(name))) => format!("the last to write it was {name}, with {value}"),
            Some((value, None)) => format!("the last to write it was the owner's stream, with {value}"),
            None => "nobody has written it".to_owned(),
        });
        let updated = last.and_then(|last| Some((last.value, last.update?)));
        if let Some((value, _)) = updated.filter(|(_, update)| update.function.kind.is_mbarrier()) {
            violation.notes.push(format!("it is an mbarrier object: {}", mbarrier::describe(value as u64)));
        }
        let Some(writer) = self.would_write(state, stuck.at, |value| self.satisfies(state, stuck, value)) else {
            violation.notes.push("no thread would write it in the launch it is in".to_owned());
            let waiter = state.current_name(self, stuck.thread);
            let form = format!("nobody writes what {waiter} waits for{{}}");
            violation.because(WhyKind::NeverWritten, stuck.site, form, &[stuck.site]);
            return;
        };
        let name = state.current_name(self, writer.thread);
        let thread = &state.threads[writer.thread as usize];
        let started = state.blocks[self.block_of(writer.thread) as usize].started;
        let hindrance = match (&thread.pending, thread.status) {
            _ if !started => "its block has not started".to_owned(),
            (Some(pending), _) => match &pending.0 {
                Operation::Await { at, width, condition, .. } => match self.program().describe(*at) {
                    Some(text) => format!("it waits itself, until {text}"),
                    None => format!("it waits itself, for {} to be {condition}", self.slot_name(*at, *width)),
                },
                Operation::Spin { at, width, .. } => {
                    let until = self.describe_loop(state, writer.thread);
                    format!("it waits itself, for {} to be {until}", self.slot_name(*at, *width))
                }
                _ => "it does not get there".to_owned(),
            },
            (None, Status::AtBarrier(Group::Block { id, .. })) => format!("it waits at barrier {id} of its block"),
            (None, Status::AtBarrier(Group::Warp { .. })) => "it waits for lanes of its warp".to_owned(),
            (None, _) => "it does not get there".to_owned(),
        };
        let kind = match thread.status {
            _ if !started => WhyKind::NotStarted,
            Status::AtBarrier(_) | Status::Awaiting(_) | Status::Choosing => WhyKind::WaitsItself,
            _ => WhyKind::NeverWritten,
        };
        let form = format!(
            "{name} would have had to write it{{}}; {hindrance}{}",
            match &thread.pending {
                Some(_) => " (its wait is{})",
                None => "",
            }
        );
        let waits = thread.pending.as_ref().map(|pending| pending.1);
        let places: Vec<SiteIndex> = [writer.site].into_iter().chain(waits).collect();
        violation.because(kind, writer.site, form, &places);
        violation.notes.push(format!("{name} would have had to write it; {hindrance}"));
        violation.points.push(ViolationPoint {
            thread: Some(name),
            site: writer.site,
            label: "this would have to be written".to_owned(),
        });
    }

    /// Blocks that have not started, and ranks that launched different grids.
    fn blame_shape(&self, state: &State<P::Thread>, violation: &mut Violation) {
        let ranks = self.program().shape().ranks;
        let grids: Vec<u32> = (0..ranks).map(|rank| self.program().kernel_grid(rank)).collect();
        if grids.iter().any(|grid| *grid != grids[0]) {
            violation.code = Code::PeersDisagree;
            let site = violation.points.first().map_or(READ, |point| point.site);
            violation.reasons.clear();
            violation.because(
                WhyKind::GridsDiffer,
                site,
                "who waits{} is in a block that its peers do not have",
                &[site],
            );
            let list: Vec<String> =
                grids.iter().enumerate().map(|(rank, grid)| format!("rank {rank}: {grid}")).collect();
            violation.notes.push(format!("ranks launched different numbers of blocks ({})", list.join(", ")));
            violation.help = Some("launch the same number of blocks on every rank".to_owned());
            return;
        }
        let waiting: Vec<String> = (0..ranks)
            .flat_map(|rank| (0..grids[rank as usize]).map(move |block| (rank, block)))
            .filter(|(rank, block)| {
                !state.ranks[*rank as usize].done && !state.blocks[self.block_index(*rank, *block) as usize].started
            })
            .map(|(rank, block)| format!("rank {rank} block {block}"))
            .collect();
        if waiting.is_empty() {
            return;
        }
        violation.code = Code::Progress;
        let site = violation.points.first().map_or(READ, |point| point.site);
        let form = format!("{} would have to run, and the blocks that run keep their places", waiting[0]);
        violation.reasons.clear();
        violation.because(WhyKind::NotStarted, site, form, &[]);
        let shown = waiting.iter().take(4).cloned().collect::<Vec<_>>().join(", ");
        let more = if waiting.len() > 4 { ", …" } else { "" };
        violation.notes.push(format!("not started, for the blocks that run keep their places: {shown}{more}"));
        violation.help =
            Some("launch no more blocks than can be resident together, or do not wait for other blocks".to_owned());
    }

    /// A block in which some wait at a barrier and the others never come.
    fn divergence(&self, state: &State<P::Thread>) -> Option<Violation> {
        for (index, block) in state.blocks.iter().enumerate() {
            let first = index as u32 * self.threads_of_block();
            let threads = self.threads_in(index as u32);
            let members = first..first + threads;
            let status = |thread: u32| state.threads[thread as usize].status;
            let waits = |thread: &u32| matches!(status(*thread), Status::AtBarrier(_));
            let gone = |thread: &u32| status(*thread) == Status::Ended;
            if !block.started || !members.clone().any(|thread| waits(&thread)) {
                continue;
            }
            if !members.clone().all(|thread| waits(&thread) || gone(&thread)) {
                continue;
            }
            let mut points: Vec<ViolationPoint> = Vec::new();
            for barrier in &block.meetings {
                if let Some(arrival) = barrier.arrived.iter().chain(&barrier.gathering).next() {
                    let name = state.current_name(self, arrival.thread);
                    let count = barrier.arrived.len() + barrier.gathering.len();
                    let label = format!("{count} threads wait at {} here", barrier.place);
                    points.push(ViolationPoint { thread: Some(name), site: arrival.site, label });
                }
            }
            let exited = members.clone().filter(|thread| gone(thread)).count();
            let message = if exited > 0 {
                format!(
                    "barrier divergence: {exited} of {threads} threads of the block have exited, the others wait at a barrier for them"
                )
            } else {
                "barrier divergence: the threads of a block wait at different barriers".to_owned()
            };
            let mut violation = Violation::new(Code::BarrierDivergence, message, points);
            let counted = block.meetings.iter().find_map(|meeting| meeting.count.map(|count| (meeting, count)));
            violation.notes.push(match counted {
                Some((meeting, count)) => {
                    format!("{} waits for {count} threads, and {} have come", meeting.place, meeting.counted)
                }
                None => {
                    "a barrier without a count waits for every thread of the block; an exited thread has not arrived"
                        .to_owned()
                }
            });
            violation.help = Some(
                "let every thread reach the barrier: leave after it, or skip the work and not the barrier".to_owned(),
            );
            return Some(violation);
        }
        None
    }
}
