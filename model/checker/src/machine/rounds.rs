//! The rounds with which a wait in a spin loop can end.
//!
//! A thread in a spin loop waits for all the words that a round reads, at once (lemma L1). Threads that meet in votes,
//! shuffles or barriers inside one loop go round together, and are one wait. Here the combinations of messages are found
//! with which a round leaves: words are decided one after the other, and as soon as the round comes back whatever the
//! undecided ones hold, none of them is tried. A message that a thread may not read any more, by causality, coherence or
//! what the round itself has acquired, is in no combination.
//!
//! Not here: which combinations are performed (`spin`), and what a later write has to be compared with (`slot`).

use super::acquired::Acquired;
use super::causality::meets;
use super::company::{Company, End, Member, digest};
use super::evaluations::Evaluated;
use super::in_vain::{InVain, add_in_vain};
use super::{Machine, Rule, State};
use crate::memory::clock::{Epoch, MessageId, ThreadIndex, View};
use crate::memory::slot::{Message, Release, key, morally_strong};
use crate::program::{Barrier, Poll, Program, SiteIndex, Word};
use arverify_protocol::ir::{Order, Semantics};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::hash::Hash;

/// Evaluations of a round for one wait.
const EVALUATIONS: usize = 20_000;
/// Ways to one point of a round that others are compared with.
const COMPARED_WAYS: usize = 256;
/// Combinations with which it leaves that are kept.
const COMBINATIONS: usize = 4_096;

/// A message chosen for a word of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pick {
    /// Index of the member that reads it.
    pub(super) member: usize,
    /// The read.
    pub(super) poll: Poll,
    /// The message's number; of weak reads and of words that nobody has accessed strongly, none.
    pub(super) message: Option<MessageId>,
    /// The word.
    pub(super) value: Word,
    /// It can be read in another order of equal updates only.
    pub(super) hidden: bool,
}

/// A combination with which the round leaves.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Leaving {
    /// In the order of reading.
    pub(super) picks: Vec<Pick>,
    /// Equal for rounds that come to the same next steps with the same live registers.
    pub(super) outcome: u64,
}

/// All that is known of a wait now.
#[derive(Clone, Debug, Default)]
pub(super) struct Rounds {
    /// The combinations, fewer reads and earlier messages first.
    pub(super) leaving: Vec<Leaving>,
    /// Every read that was asked for, once for each member.
    pub(super) asked: Vec<(usize, Poll)>,
    /// Reads of rounds that come back: whoever goes round makes them.
    pub(super) failing: Vec<InVain>,
    /// The member meets others, who are not there yet.
    pub(super) meets: Option<Barrier>,
    /// What leads to that.
    pub(super) meeting: Vec<Leaving>,
    /// Words of which another order of updates would end the wait otherwise.
    pub(super) hidden: Vec<u64>,
    /// Entering a loop is a step of its own with some of the messages.
    pub(super) entered: bool,
    /// Too many combinations: there may be more.
    pub(super) cut: bool,
}

/// A message that counts as if it had been written, at the end of coherence order.
pub(super) struct Extra<'a> {
    pub(super) key: u64,
    pub(super) value: Word,
    pub(super) message: &'a Message,
    /// The newest messages of other words when the wait ended: what came later may be its own doing.
    pub(super) newest: &'a [(u64, MessageId)],
}

/// Words, each with the message that was the newest at some time; sorted.
pub(super) type Newest = SmallVec<[(u64, MessageId); 4]>;

/// Why messages cannot be read one after the other.
enum Unreadable {
    /// One is hidden by what was read before it, or by what that brought.
    Hidden,
    /// An update of this word would have read one that another update has followed: in another order it did.
    Parted(u64),
}

/// Number of a message that is not there yet.
pub(super) const EXTRA: MessageId = Epoch { thread: ThreadIndex::MAX - 1, phase: 0, step: 0 };

/// A point at which a round enters a loop that it did not begin in.
struct Entrance<R> {
    /// The wait there.
    inside: Company<R>,
    /// The reads that lead there.
    way: Leaving,
}

/// A word for which a message was chosen.
pub(super) struct Decided {
    member: usize,
    poll: Poll,
    candidates: Vec<Candidate>,
    chosen: usize,
}

/// A message that may be read: its number, its word, and whether another order of equal updates is needed for that.
type Candidate = (Option<MessageId>, Word, bool);

impl<P: Program> Machine<P> {
    /// The combinations of messages with which the rounds of a company leave their loop.
    pub(super) fn rounds(
        &self,
        state: &State<P::Thread>,
        company: &Company<P::Round>,
        extra: Option<&Extra<'_>>,
    ) -> Rounds {
        self.rounds_entered(state, company, extra, &mut Vec::new())
    }

    /// The same; `way` holds the points from which loops were entered to get here.
    fn rounds_entered(
        &self,
        state: &State<P::Thread>,
        company: &Company<P::Round>,
        extra: Option<&Extra<'_>>,
        way: &mut Vec<u64>,
    ) -> Rounds {
        let mut entrances = Vec::new();
        let mut found = self.combinations(state, company, extra, &mut entrances);
        if !entrances.is_empty() {
            let passed = way.len();
            way.extend(company.members[0].round.as_ref().map(|round| self.program().round_digest(round)));
            // Whoever comes back to a point from which it has come goes round a larger loop, and has entered none.
            entrances.retain(|entrance| !way.contains(&entrance.way.outcome));
            self.enter(state, company, extra, (&entrances, way), &mut found);
            way.truncate(passed);
        }
        let is_hidden = |leaving: &Leaving| leaving.picks.iter().any(|pick| pick.hidden);
        for leaving in found.leaving.extract_if(.., |leaving| is_hidden(leaving)) {
            let hidden = leaving.picks.iter().filter(|pick| pick.hidden);
            found.hidden.extend(hidden.map(|pick| key(pick.poll.at)));
        }
        // The newest messages came first, for the ways with the fewest reads. Now the shortest round does, with the earliest
        // messages: what it does not read need not have been read (lemma L1).
        found.leaving.reverse();
        found.leaving.sort_by_key(|leaving| leaving.picks.len());
        found
    }

    /// Runs the rounds of a company with every combination of messages that matters.
    fn combinations(
        &self,
        state: &State<P::Thread>,
        company: &Company<P::Round>,
        extra: Option<&Extra<'_>>,
        entrances: &mut Vec<Entrance<P::Round>>,
    ) -> Rounds {
        let mut found = Rounds::default();
        let mut decided: Vec<Decided> = Vec::new();
        let (mut ways, mut ends) = (Ways::default(), Ways::default());
        let beginning = self.beginning(company);
        for evaluation in 0.. {
            if evaluation == EVALUATIONS || found.leaving.len() == COMBINATIONS {
                found.cut = true;
                break;
            }
            let evaluated = self.evaluate(company, beginning, decided.iter().map(Decided::word).collect());
            let Evaluated { end, asked, open, point, ref reads } = *evaluated;
            let is_longer = match (end, open) {
                (End::Leaves(outcome), None) => self.is_longer(&mut ends, (outcome, None), &decided[..asked]),
                (_, Some((_, poll))) => {
                    point.is_some_and(|point| self.is_longer(&mut ways, (point, poll.fence), &decided))
                }
                _ => false,
            };
            // What a longer way reads besides is read in vain, as it is by a round that comes back.
            if is_longer || matches!(end, End::Returns(_)) {
                add_in_vain(&mut found.failing, self.reads_in_vain(state, company, &decided, reads));
            }
            match (end, open) {
                _ if is_longer => {}
                (End::Undecided | End::LeavesUndecided | End::Leaves(_), Some((member, poll))) => {
                    let candidates = self.candidates(state, company, (member, &poll), &decided, extra);
                    note(&mut found.asked, (member, poll));
                    let chosen = candidates.len().saturating_sub(1);
                    decided.push(Decided { member, poll, candidates, chosen });
                    continue;
                }
                // With all words decided every round comes to an end; one that does not is none that leaves.
                (End::Returns(0) | End::Undecided | End::LeavesUndecided, _) => {}
                (End::Returns(to), _) => {
                    found.cut |= !self.note_entrance(company, &decided[..asked], to, entrances);
                }
                (End::Leaves(outcome), None) => {
                    let picks = decided[..asked].iter().map(Decided::pick).collect();
                    self.note_leaving(state, company, Leaving { picks, outcome }, extra, &mut found);
                }
                (End::Meets(barrier), _) => {
                    found.meets = Some(barrier);
                    let picks = decided[..asked].iter().map(Decided::pick).collect();
                    found.meeting.push(Leaving { picks, outcome: digest(&barrier) });
                }
            }
            decided.truncate(asked);
            while decided.pop_if(|last| last.chosen == 0).is_some() {}
            match decided.last_mut() {
                Some(last) => last.chosen -= 1,
                None => break,
            }
        }
        found
    }

    fn note_leaving(
        &self,
        state: &State<P::Thread>,
        company: &Company<P::Round>,
        leaving: Leaving,
        extra: Option<&Extra<'_>>,
        found: &mut Rounds,
    ) {
        match self.readable(state, company, &leaving, extra) {
            Ok(()) => found.leaving.push(leaving),
            Err(Unreadable::Parted(word)) if self.has(Rule::PartedUpdates) => found.hidden.push(word),
            Err(_) => {}
        }
    }

    /// Whether a way to a point of a round, or out of it, can be left out: a shorter one is known that reads nothing else, and
    /// in the same order (lemma L2).
    fn is_longer(&self, ways: &mut Ways, point: (u64, Option<Semantics>), decided: &[Decided]) -> bool {
        let reads: Vec<Read> = decided.iter().map(|decided| read_of(&decided.pick())).collect();
        let known = ways.entry(point).or_default();
        let is_less = |known: &Vec<Read>| {
            known.len() < reads.len() && are_within(known.iter().copied(), reads.iter().copied())
                || !self.has(Rule::LongerWays)
        };
        if !self.settings.everything && known.iter().any(is_less) {
            return true;
        }
        // To leave none out is never wrong.
        if known.len() < COMPARED_WAYS {
            known.push(reads);
        }
        false
    }

    /// A round has come back not to where it began but to a point on its way: it has entered a loop. Returns whether that
    /// could be followed.
    fn note_entrance(
        &self,
        company: &Company<P::Round>,
        decided: &[Decided],
        to: usize,
        entrances: &mut Vec<Entrance<P::Round>>,
    ) -> bool {
        let [member] = &company.members[..] else { return false };
        let mut asked = 0;
        let mut answer = |_: &Poll| {
            asked += 1;
            decided.get(asked - 1).and_then(|known| known.candidates.get(known.chosen)).map(|candidate| candidate.1)
        };
        let entered =
            member.round.as_ref().and_then(|round| self.program().round_from(member.at, round, to, &mut answer));
        let Some((round, reads)) = entered else { return false };
        let outcome = self.program().round_digest(&round);
        let picks: Vec<Pick> = decided[..reads.min(decided.len())].iter().map(Decided::pick).collect();
        if entrances.iter().any(|known| known.way.outcome == outcome && known.way.picks == picks) {
            return true;
        }
        let inside = Member { round: Some(round), ..member.clone() };
        let inside = Company { members: vec![inside], whole: false };
        entrances.push(Entrance { inside, way: Leaving { picks, outcome } });
        true
    }

    /// Reads that lead into a loop were never made if whatever the thread does from there it does from the beginning as well,
    /// with no other reads and perhaps fewer, and if it waits there for ever only where it may at the beginning (lemma L3).
    /// Where that is not so, entering the loop is a step of its own.
    fn enter(
        &self,
        state: &State<P::Thread>,
        company: &Company<P::Round>,
        extra: Option<&Extra<'_>>,
        (entrances, behind): (&[Entrance<P::Round>], &mut Vec<u64>),
        found: &mut Rounds,
    ) {
        let passes = |leaving: &Leaving, way: &Leaving| {
            leaving.picks.len() > way.picks.len() && leaving.picks.starts_with(&way.picks)
        };
        let enters = |leaving: &&Leaving| entrances.iter().any(|entrance| passes(leaving, &entrance.way));
        let direct: Vec<Leaving> = found.leaving.iter().filter(|leaving| !enters(leaving)).cloned().collect();
        let ends = self.ends_with(state, company, extra);
        for Entrance { inside, way } in entrances {
            let mut alike = !ends || self.ends_with(state, inside, extra);
            if alike {
                let within = self.rounds_entered(state, inside, extra, behind);
                let from_the_beginning = |inner: &Leaving| direct.iter().any(|outer| outer.stands_for(way, inner));
                alike = within.meets.is_none() && within.leaving.iter().all(from_the_beginning);
                found.cut |= within.cut;
                found.hidden.extend(within.hidden);
            }
            if !alike && self.has(Rule::EntrancesAlike) {
                found.leaving.retain(|leaving| !passes(leaving, way));
                found.leaving.push(way.clone());
                found.entered = true;
            }
        }
    }

    /// Whether the wait would end with the newest message of every word: if so, it ends some time.
    pub(super) fn ends_with_newest(&self, state: &State<P::Thread>, company: &Company<P::Round>) -> bool {
        self.ends_with(state, company, None)
    }

    /// The same for a wait that has ended, with one message more. Where it asks for a word of which it is not known what it
    /// held then, that is none with which it ends.
    pub(super) fn ends_with(
        &self,
        state: &State<P::Thread>,
        company: &Company<P::Round>,
        extra: Option<&Extra<'_>>,
    ) -> bool {
        let mut known = true;
        let ends = self.ends_by(company, &mut |poll| {
            let Some(extra) = extra.filter(|_| poll.semantics.order != Order::Weak) else {
                return Some(self.word_at(state, poll.at, poll.width));
            };
            let key = key(poll.at);
            if extra.key == key {
                return Some(extra.value);
            }
            let then = extra.newest.binary_search_by_key(&key, |(known, _)| *known);
            let id = then.ok().map(|at| extra.newest[at].1);
            let slot = state.slots.get(&key);
            let word = id.zip(slot).and_then(|(id, slot)| slot.messages.iter().find(|message| message.id == id));
            known &= word.is_some();
            word.map(|message| message.value)
        });
        known && ends
    }

    /// Whether a wait ends with some words.
    pub(super) fn ends_by(&self, company: &Company<P::Round>, word: &mut dyn FnMut(&Poll) -> Option<Word>) -> bool {
        let end = self.run_company(company, &mut |_, poll| word(poll));
        !matches!(end, End::Returns(_) | End::Meets(_))
    }

    /// Whether a wait ends as it does whatever one of the words that it reads holds: then it does not wait for that word.
    pub(super) fn ends_without(&self, company: &Company<P::Round>, leaving: &Leaving, word: usize) -> bool {
        let mut asked = 0;
        let end = self.run_company(company, &mut |_, _| {
            asked += 1;
            leaving.picks.get(asked - 1).filter(|_| asked - 1 != word).map(|pick| pick.value)
        });
        matches!(end, End::Leaves(_) | End::LeavesUndecided)
    }

    /// Of the words that a round with the newest messages reads, those of a member that keep it waiting whatever the others
    /// hold: they have not come. None where it waits for one of several, or for others to come.
    pub(super) fn missing_words(
        &self,
        state: &State<P::Thread>,
        company: &Company<P::Round>,
        of: ThreadIndex,
    ) -> Vec<Poll> {
        let mut missing: Vec<Poll> = Vec::new();
        for (member, read) in self.newest_reads(state, company) {
            let is_new = missing.iter().all(|known| known.at != read.at);
            if company.members[member].thread != of || !is_new {
                continue;
            }
            let alone = self.run_company(company, &mut |_, poll| {
                (poll.at == read.at).then(|| self.word_at(state, poll.at, poll.width))
            });
            if matches!(alone, End::Returns(_)) {
                missing.push(read);
            }
        }
        missing
    }

    /// The words that a round with the newest messages reads, in order.
    pub(super) fn newest_reads(&self, state: &State<P::Thread>, company: &Company<P::Round>) -> Vec<(usize, Poll)> {
        let mut reads = Vec::new();
        self.run_company(company, &mut |member, poll| {
            reads.push((member, *poll));
            Some(self.word_at(state, poll.at, poll.width))
        });
        reads
    }

    /// The messages that a member may read for a word, the earliest first.
    fn candidates(
        &self,
        state: &State<P::Thread>,
        company: &Company<P::Round>,
        (member, poll): (usize, &Poll),
        decided: &[Decided],
        extra: Option<&Extra<'_>>,
    ) -> Vec<Candidate> {
        let key = key(poll.at);
        let extra = extra.filter(|extra| extra.key == key).map(|extra| (Some(EXTRA), extra.value, false));
        let newest = (None, self.word_at(state, poll.at, poll.width), false);
        if poll.semantics.order == Order::Weak {
            return vec![extra.unwrap_or(newest)];
        }
        let is_read_again = |earlier: &&Decided| (earlier.member, earlier.poll.at) == (member, poll.at);
        let earlier = || decided.iter().filter(is_read_again).map(|earlier| earlier.pick().message);
        if extra.is_some() && earlier().any(|message| message == Some(EXTRA)) {
            return extra.into_iter().collect();
        }
        let Some(slot) = state.slots.get(&key).filter(|slot| slot.width == poll.width) else {
            return [newest].into_iter().chain(extra).collect();
        };
        let reader = &company.members[member];
        let seen = self.floor_of(&reader.view, key, slot);
        let mut floor = seen;
        for number in earlier().flatten() {
            floor = floor.max(slot.position(number));
        }
        if !self.has(Rule::StaleReads) {
            floor = slot.messages.len() - 1;
        }
        let hidden = match self.is_explored(key) {
            true => &[],
            false => self.hidden_by_equals(slot, seen, |access| self.is_in(&reader.view, access)),
        };
        let hidden = hidden.iter().map(|message| (Some(message.id), message.value, true));
        // What the thread itself has written since, it had not read.
        let own = |message: &Message| {
            message.access.epoch.thread == reader.thread && !self.is_in(&reader.view, &message.access)
        };
        let open = slot.messages[floor..].iter().filter(|message| !own(message));
        let open = open.map(|message| (Some(message.id), message.value, false));
        hidden.chain(open).chain(extra).collect()
    }

    /// Whether the messages of a combination can be read one after the other: none of them is hidden by what an earlier
    /// one of the same thread brings, and nothing lies between an update and what it reads.
    fn readable(
        &self,
        state: &State<P::Thread>,
        company: &Company<P::Round>,
        leaving: &Leaving,
        extra: Option<&Extra<'_>>,
    ) -> Result<(), Unreadable> {
        for (member, who) in company.members.iter().enumerate() {
            let picks: SmallVec<[&Pick; 8]> = leaving.picks.iter().filter(|pick| pick.member == member).collect();
            if picks.len() > 1 || picks.iter().any(|pick| pick.poll.update.is_some()) {
                self.readable_by(state, who, &picks, extra)?;
            }
        }
        Ok(())
    }

    fn readable_by(
        &self,
        state: &State<P::Thread>,
        member: &Member<P::Round>,
        picks: &[&Pick],
        extra: Option<&Extra<'_>>,
    ) -> Result<(), Unreadable> {
        let mut acquired = Acquired::before(self, &state.slots, member);
        // What the round itself has observed, besides the view: for each word, the place of the last message.
        let mut seen: SmallVec<[(u64, usize); 8]> = SmallVec::new();
        for pick in picks {
            let key = key(pick.poll.at);
            acquired.pass_fence(&pick.poll);
            let (Some(number), Some(slot)) = (pick.message.filter(|_| !pick.hidden), state.slots.get(&key)) else {
                acquired.read(&pick.poll, None);
                continue;
            };
            let position = (number != EXTRA).then(|| slot.position(number));
            if let Some(position) = position {
                let own = seen.iter().filter(|(word, _)| *word == key).map(|(_, position)| *position).max();
                if position < own.unwrap_or(0).max(self.floor_of(&acquired.view, key, slot)) {
                    return Err(Unreadable::Hidden);
                }
                let changes = pick.poll.update.is_some_and(|update| update.changes(pick.poll.width, pick.value));
                if changes && slot.is_parted(position) && self.has(Rule::UpdatesAreWhole) {
                    return Err(Unreadable::Parted(key));
                }
                let strength = self.strength_of(member.thread, pick.poll.semantics);
                if morally_strong(slot.messages[position].strength, Some(strength)) && self.has(Rule::Observation) {
                    seen.push((key, position));
                }
            }
            let message = position.map(|position| &slot.messages[position]);
            acquired.read(&pick.poll, message.or(extra.map(|extra| extra.message)));
        }
        Ok(())
    }

    /// Whether a reader gets from a new message all that it gets from an old one: every release pattern that it could end
    /// with that, now by the operation or later by a fence of any scope, what is handed on under assumptions, and the
    /// `fence.sc` that came before it.
    pub(super) fn gives_no_less(
        &self,
        state: &State<P::Thread>,
        reader: ThreadIndex,
        old: &Message,
        new: &Message,
    ) -> bool {
        use arverify_protocol::ir::Scope;
        if !self.has(Rule::NothingLess) {
            return true;
        }
        let placement = self.placement(reader);
        let within = |left: &View, right: &View| self.is_within(&state.slots, left, right);
        let matched = |release: &Release| {
            [Scope::Cta, Scope::Cluster, Scope::Gpu, Scope::Sys].into_iter().all(|scope| {
                let acquire = crate::memory::slot::Strength { scope, placement };
                !meets(release, acquire)
                    || new.releases.iter().any(|new| meets(new, acquire) && within(&release.view, &new.view))
            })
        };
        let fences = || self.fences_before(state, reader);
        old.releases.iter().all(matched)
            && old.assumed.as_ref().is_none_or(|old| new.assumed.as_ref().is_some_and(|new| old.is_within(new, within)))
            && old.fences.iter().all(|fence| new.fences.contains(fence) || fences().contains(fence))
    }
}

impl Decided {
    /// The word that is decided; none, if there is none to choose.
    fn word(&self) -> Option<Word> {
        self.candidates.get(self.chosen).map(|candidate| candidate.1)
    }

    pub(super) fn pick(&self) -> Pick {
        let (message, value, hidden) = self.candidates.get(self.chosen).copied().unwrap_or((None, 0, false));
        Pick { member: self.member, poll: self.poll, message, value, hidden }
    }
}

impl Leaving {
    /// Whether it comes to the same as another behind some way, and reads nothing but what the two read, in the same order.
    fn stands_for(&self, way: &Leaving, inner: &Leaving) -> bool {
        let both = way.picks.iter().chain(&inner.picks).map(read_of);
        self.outcome == inner.outcome && are_within(self.picks.iter().map(read_of), both)
    }

    /// What it reads of a word, if it does.
    pub(super) fn reads(&self, member: usize, poll: &Poll) -> Option<&Pick> {
        // The last read of a word has seen what the earlier ones have.
        self.picks.iter().rev().find(|pick| (pick.member, pick.poll.at) == (member, poll.at))
    }
}

/// What rounds have read on the ways to their points, by point and by the fence on the way from the read before.
type Ways = FxHashMap<(u64, Option<Semantics>), Vec<Vec<Read>>>;

/// A read of a round, so far as it matters to what follows, and who makes it.
type Read = (usize, Poll, Option<MessageId>);

/// A compare-and-swap that fails is a read like any other.
fn read_of(pick: &Pick) -> Read {
    let update = pick.poll.update.filter(|update| !update.only_reads(pick.value));
    (pick.member, Poll { update, site: SiteIndex(0), ..pick.poll }, pick.message)
}

/// Whether two picks are one read, whatever it finds.
pub(super) fn read_alike(one: &Pick, other: &Pick) -> bool {
    let read = |pick: &Pick| (pick.member, Poll { site: SiteIndex(0), ..pick.poll });
    read(one) == read(other)
}

/// Whether some reads are among others, in the same order.
fn are_within(reads: impl IntoIterator<Item = Read>, others: impl IntoIterator<Item = Read>) -> bool {
    let mut others = others.into_iter();
    reads.into_iter().all(|read| others.any(|other| other == read))
}

/// Adds a read, unless one that is no different is known.
fn note(reads: &mut Vec<(usize, Poll)>, (member, poll): (usize, Poll)) {
    let same = |(who, known): &(usize, Poll)| (*who, known.at, known.semantics) == (member, poll.at, poll.semantics);
    if !reads.iter().any(same) {
        reads.push((member, poll));
    }
}

/// Words of a wait, without repetition.
pub(super) fn distinct_words(asked: &[(usize, Poll)]) -> SmallVec<[Poll; 8]> {
    let mut words: SmallVec<[Poll; 8]> = SmallVec::new();
    for (_, poll) in asked {
        if !words.iter().any(|known| known.at == poll.at) {
            words.push(*poll);
        }
    }
    words
}
