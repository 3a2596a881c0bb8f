//! Strongly accessed words: the messages written to them and who read which.
//!
//! A strong write appends a message to its slot's coherence order (or, where the order of two writes is open, takes
//! a place further back); a strong read returns a message that causality and coherence permit, not only the newest.
//! Messages carry the release patterns that lead to them, with their scopes, and pass them on through chains of
//! read-modify-writes (PTX ISA, "Release and Acquire Patterns", "Observation Order").
//!
//! A slot has the size of the words that its operations access. Operations of other sizes that overlap it are never
//! morally strong with them (complete overlap is part of that), so they must be ordered; then the slot is dissolved.
//!
//! Not modelled: proxies.

use super::assumed::Assumed;
use super::clock::{Epoch, Fences, MessageId, View};
use super::scope::{Placement, mutually_inclusive};
use super::shadow::Access;
use crate::program::{AtomicFunction, Condition, Location, Width, Word};
use arverify_protocol::ir::{AtomicOperation, Scope};
use rustc_hash::FxHasher;
use smallvec::SmallVec;
use std::any::Any;
use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The key of a word: instance and byte in one integer, so that slots of an instance are neighbours.
pub fn key(at: Location) -> u64 {
    (u64::from(at.instance) << 40) | at.byte
}

/// The location of a key.
pub fn location(key: u64) -> Location {
    Location { instance: (key >> 40) as u32, byte: key & ((1 << 40) - 1) }
}

/// Scope and place of a strong operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Strength {
    /// Its scope.
    pub scope: Scope,
    /// Where its thread runs.
    pub placement: Placement,
}

/// Whether two operations of different threads are morally strong; `None` is a weak one.
pub fn morally_strong(left: Option<Strength>, right: Option<Strength>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => mutually_inclusive(left.scope, left.placement, right.scope, right.placement),
        _ => false,
    }
}

/// The first operation of a release pattern, with what precedes it.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct Release {
    /// What precedes it in causality order, itself included.
    pub view: View,
    /// Its scope and place.
    pub strength: Strength,
}

impl Release {
    /// Of several, kept in an order that does not tell which came first.
    pub fn rank(&self) -> u64 {
        let mut hasher = FxHasher::default();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

/// The read half of a read-modify-write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Update {
    /// Which function.
    pub function: AtomicFunction,
    /// Its operand.
    pub operand: u64,
    /// Whether somebody looks at the old value.
    pub returns: bool,
    /// Of an mbarrier object: whether somebody looks at the phase that it was in, and that.
    pub phase: (bool, u8),
    /// Of an mbarrier object: whether it may change places with others that have found the same phase
    /// ([`crate::program::mbarrier::mixes`]).
    pub mixes: bool,
}

impl Update {
    /// Whether two updates leave the same word in either order, but for rounding: by one function, nobody looking at what
    /// they find.
    pub fn commutes(self, other: Update) -> bool {
        let symmetric = matches!(
            self.function.operation,
            AtomicOperation::Add
                | AtomicOperation::And
                | AtomicOperation::Or
                | AtomicOperation::Xor
                | AtomicOperation::Min
                | AtomicOperation::Max
        );
        // Other arrivals at an mbarrier object could be too many in one order and not in the other. Equal ones find one
        // phase in every order, if they find one in this.
        let ((looks, own), (other_looks, others)) = (self.phase, other.phase);
        let alike = !self.function.kind.is_mbarrier()
            || self.operand == other.operand && (own == others || !(looks || other_looks))
            || self.mixes && other.mixes && own == others;
        symmetric && alike && self.function == other.function && !self.returns && !other.returns
    }

    /// Whether they commute, and the word between them tells which came first.
    fn shows_order(self, other: Update) -> bool {
        // Of the words of one phase nobody sees which is which.
        self.commutes(other) && self.operand != other.operand && !self.function.kind.is_mbarrier()
    }

    /// Whether the word behind them does, too: sums are rounded.
    fn is_rounded(self) -> bool {
        self.function.operation == AtomicOperation::Add && !self.function.kind.is_exact()
    }
}

/// A write to a slot.
#[derive(Clone, Debug)]
pub struct Message {
    /// Who wrote it, when: stays when the order changes, and is the same whatever came first.
    pub id: MessageId,
    /// The word.
    pub value: Word,
    /// Who wrote it.
    pub access: Access,
    /// In which launch.
    pub launch: u32,
    /// Scope and place; `None` for weak writes and initial contents.
    pub strength: Option<Strength>,
    /// Release patterns that end in this write, or in one that it continues.
    pub releases: SmallVec<[Release; 1]>,
    /// Under assumptions: what its writer hands on beyond causality.
    pub assumed: Option<Box<Assumed>>,
    /// Set for a read-modify-write: it follows its predecessor immediately in coherence order.
    pub update: Option<Update>,
    /// What was there before anybody wrote.
    pub unwritten: bool,
    /// The newest message that its writer followed, in causality order or by observation.
    pub follows: MessageId,
    /// Updates before that one which it commutes with and its writer did not follow: it may come before them.
    pub beside: SmallVec<[MessageId; 1]>,
    /// What it came after of `fence.sc`, itself or what it continues.
    pub fences: Fences,
    /// All who may come to the word have seen it and what comes before it: who wrote it when is no part of what it is.
    pub past: bool,
}

impl PartialEq for Message {
    fn eq(&self, other: &Message) -> bool {
        self.when() == other.when() && self.what() == other.what()
    }
}

impl Hash for Message {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (self.when(), self.what()).hash(hasher);
    }
}

impl Message {
    /// Who wrote it when, where that matters.
    fn when(&self) -> impl PartialEq + Hash + '_ {
        (!self.past).then_some((self.id, self.access.epoch, self.follows, &self.beside, self.strength))
    }

    /// All else.
    fn what(&self) -> impl PartialEq + Hash + '_ {
        let Message { value, access, launch, strength, releases, assumed, update, unwritten, fences, .. } = self;
        ((value, access.site, launch, strength.is_some()), (releases, assumed, update, unwritten, fences))
    }

    /// What a weak write leaves.
    pub fn weak(value: Word, access: Access) -> Message {
        Message {
            id: access.epoch,
            value,
            access,
            launch: 0,
            strength: None,
            releases: SmallVec::new(),
            assumed: None,
            update: None,
            unwritten: false,
            follows: Epoch::INITIAL,
            beside: SmallVec::new(),
            fences: Fences::default(),
            past: false,
        }
    }

    /// Whether reading it can order nothing.
    pub fn carries_nothing(&self) -> bool {
        self.strength.is_some() && self.releases.is_empty() && self.assumed.is_none()
    }
}

/// A strong read of a slot.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct SlotRead {
    /// Who read.
    pub access: Access,
    /// Scope and place.
    pub strength: Strength,
    /// Which message; `None` where a wait would have read the word, had other words been different.
    pub message: Option<MessageId>,
    /// What it was made for.
    pub kind: ReadKind,
    /// What it came after of `fence.sc`.
    pub fences: Fences,
    /// It was made, or might as well have been; else only the order of later writes matters to it, and it races with none.
    pub made: bool,
}

/// What a read was made for.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum ReadKind {
    /// A load of its own.
    Load,
    /// A wait for one word.
    Await {
        /// What it waited for.
        condition: Condition,
        /// Whether the word is handed on.
        returns: bool,
    },
    /// A round of a spin loop.
    Round {
        /// The wait that it ended.
        wait: SharedWait,
        /// The wait would have ended whatever the word held.
        free: bool,
    },
    /// Any of these, of a word whose order of accesses is explored: no later write is compared with it.
    Settled {
        /// What follows does not depend on it by control.
        free: bool,
    },
}

/// A wait for several words that has ended, shared and compared by its digest.
#[derive(Clone, Debug)]
pub struct SharedWait(pub Arc<dyn Wait>);

/// A wait for several words that has ended; the machine knows what it was.
pub trait Wait: Debug + Send + Sync {
    /// Equal waits that ended alike have equal digests; 0 for one of which every word's order of accesses is explored.
    fn digest(&self) -> u64;
    /// For the machine.
    fn as_any(&self) -> &dyn Any;
}

impl ReadKind {
    /// Whether what follows does not depend on the read by control, for it is no wait.
    pub fn is_free(&self) -> bool {
        matches!(self, ReadKind::Load | ReadKind::Round { free: true, .. } | ReadKind::Settled { free: true })
    }

    /// Whether later writes are compared with what the read could have returned, besides with what it has.
    fn is_compared(&self) -> bool {
        matches!(self, ReadKind::Await { .. } | ReadKind::Round { .. })
    }

    /// Whether words whose order of accesses is not explored belong to the wait: its digest tells (see [`Wait::digest`]).
    pub fn is_told_apart(&self) -> bool {
        matches!(self, ReadKind::Round { wait, .. } if wait.0.digest() != 0)
    }
}

impl PartialEq for SharedWait {
    fn eq(&self, other: &SharedWait) -> bool {
        self.0.digest() == other.0.digest()
    }
}

impl Eq for SharedWait {}

impl Hash for SharedWait {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(self.0.digest());
    }
}

/// A strongly accessed word.
#[derive(Clone, Debug)]
pub struct Slot {
    /// Its size.
    pub width: Width,
    /// In coherence order.
    pub messages: Vec<Message>,
    /// So many of them, the first, are retired: nobody can read them any more, nor write before what follows them. In which order
    /// they came, and what they held, is no part of the state.
    pub retired: usize,
    /// Reads that a later write may be unordered with.
    pub reads: Vec<SlotRead>,
    /// Threads to wake when something is written.
    pub waiters: SmallVec<[u32; 4]>,
}

/// What the order of a write may matter to; a mutation test says that it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matter {
    /// Other writes.
    Writes,
    /// Earlier reads.
    Reads,
    /// Other updates than equal ones that nobody looks at.
    Updates,
    /// Writes that were observed.
    Observations,
}

/// What an access to a slot runs into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clash {
    /// A conflict that is not morally strong: a data race.
    Race {
        /// The earlier access.
        other: Access,
        /// Whether it wrote.
        wrote: bool,
    },
    /// Morally strong, unordered, and the order matters: both orders must be explored.
    Order,
}

/// Whether the second of two messages, one right behind the other, is a read-modify-write that has observed the first.
fn chained(pair: &[Message]) -> bool {
    pair[1].update.is_some()
        && pair[1].strength.is_some_and(|strength| morally_strong(pair[0].strength, Some(strength)))
}

impl Slot {
    /// A slot that so far holds `value`, last written weakly by `access`.
    pub fn new(width: Width, value: Word, access: Access, unwritten: bool) -> Slot {
        let message = Message { unwritten, ..Message::weak(value, access) };
        Slot { width, messages: vec![message], retired: 0, reads: Vec::new(), waiters: SmallVec::new() }
    }

    /// The newest message in coherence order.
    pub fn latest(&self) -> &Message {
        &self.messages[self.messages.len() - 1]
    }

    /// Position of a message.
    pub fn position(&self, id: MessageId) -> usize {
        self.messages.iter().position(|message| message.id == id).unwrap_or(0)
    }

    /// Whether an update has followed a message: no other can.
    pub fn is_parted(&self, position: usize) -> bool {
        self.messages.get(position + 1).is_some_and(|next| next.update.is_some())
    }

    /// What reading the message of a place is an observation of: itself, and what leads to it through read-modify-writes alone
    /// (PTX ISA, observation order); the newest first.
    pub fn observed_with(&self, place: usize) -> impl Iterator<Item = &Message> {
        let leads = |at: &usize| at.checked_sub(1).filter(|before| chained(&self.messages[*before..=*at]));
        std::iter::successors(Some(place), leads).map(|at| &self.messages[at])
    }

    /// Whether reading a message is an observation of another: it is the same, or the other leads to it through
    /// read-modify-writes alone (PTX ISA, observation order).
    pub fn is_observed(&self, other: MessageId, read: MessageId) -> bool {
        let find = |id: MessageId| self.messages.iter().position(|message| message.id == id);
        let (Some(other), Some(read)) = (find(other), find(read)) else { return false };
        other <= read && self.messages[other..=read].windows(2).all(chained)
    }

    /// The earliest message that may still be read: nothing later precedes the reader, and nothing later was observed.
    pub fn floor(&self, covered: impl Fn(&Access) -> bool, observed: Option<MessageId>) -> usize {
        let seen = self.messages.iter().rposition(|message| covered(&message.access)).unwrap_or(0);
        observed.map_or(seen, |id| seen.max(self.position(id)))
    }

    /// Adds a message after position `after`.
    pub fn insert(&mut self, after: usize, message: Message) {
        // Nobody writes among what is retired, unless a rule is left out.
        self.retired = self.retired.min(after);
        self.messages.insert(after + 1, message);
    }

    /// Remembers a read. Reads are kept in the order of their threads: which came first does not matter any more.
    pub fn add_read(&mut self, read: SlotRead) {
        // Whoever follows a later read of the thread follows this one.
        if matches!(read.kind, ReadKind::Settled { .. }) && read.made && read.fences.is_empty() {
            let same = |known: &SlotRead| {
                known.access.epoch.thread == read.access.epoch.thread && known.access.epoch <= read.access.epoch
            };
            let alike =
                |known: &SlotRead| (known.strength, &known.kind, known.made) == (read.strength, &read.kind, true);
            self.reads.retain(|known| !(same(known) && alike(known) && known.fences.is_empty()));
        }
        let at = self.reads.partition_point(|known| known.access.epoch <= read.access.epoch);
        self.reads.insert(at, read);
    }

    /// A thread is to be woken when something is written.
    pub fn add_waiter(&mut self, thread: u32) {
        if let Err(at) = self.waiters.binary_search(&thread) {
            self.waiters.insert(at, thread);
        }
    }

    /// A weak write that everything precedes: what was there can no longer be read.
    pub fn overwrite(&mut self, message: Message) {
        self.messages.clear();
        self.retired = 0;
        self.messages.push(message);
        self.reads.clear();
    }

    /// Whether some message is in no order with an access that does not reach it.
    pub fn is_out_of_reach(&self, strength: Strength, covered: impl Fn(&Access) -> bool) -> bool {
        let narrow = |message: &Message| !morally_strong(message.strength, Some(strength)) && !covered(&message.access);
        self.messages.iter().any(narrow)
    }

    /// Whether a message of a place leads to that of another, which was observed, through read-modify-writes alone.
    fn leads_to(&self, place: usize, observed: Option<usize>) -> bool {
        observed.is_some_and(|seen| place <= seen && self.messages[place..=seen].windows(2).all(chained))
    }

    /// What a strong read of message `id` runs into. Nothing before `floor` can be read any more; `observed` is the position
    /// of the message that the reader has observed, if that orders anything; `no_less` says
    /// whether the reader gets from the second message all that it gets from the first.
    pub fn clash_of_read(
        &self,
        strength: Strength,
        id: MessageId,
        kind: &ReadKind,
        (floor, observed): (usize, Option<usize>),
        covered: impl Fn(&Access) -> bool,
        no_less: impl Fn(&Message, &Message) -> bool,
    ) -> Option<Clash> {
        let at = self.position(id);
        let read = &self.messages[at];
        let mut clash = None;
        for (index, message) in self.messages.iter().enumerate() {
            if covered(&message.access) {
                continue;
            }
            if !morally_strong(message.strength, Some(strength)) {
                if !self.leads_to(index, observed) {
                    return Some(Clash::Race { other: message.access, wrote: true });
                }
                // That it was observed is all that orders the two.
                clash = Some(Clash::Order);
                continue;
            }
            let harmless = match kind {
                ReadKind::Load => false,
                // Rounds are compared with one another where they are performed.
                ReadKind::Round { .. } | ReadKind::Settled { .. } => true,
                ReadKind::Await { .. } if index == at || index < floor => true,
                // Reading it would have meant to go on waiting.
                ReadKind::Await { condition, .. } if index < at => !condition.holds(message.value),
                ReadKind::Await { condition, returns } => {
                    condition.holds(message.value)
                        && (!returns || message.value == read.value)
                        && no_less(read, message)
                }
            };
            if !harmless {
                clash = Some(Clash::Order);
            }
        }
        clash
    }

    /// What a strong write of `value` runs into. `releases` says whether reading the write can order anything; `observed`
    /// is the position of the newest message that the writer has observed, which with those before it comes first in
    /// coherence order; `over` says of a read that it was made before this write could be, in every schedule, `done` that it
    /// has its value, as far as that is assumed; `alike` that
    /// it would have been no different with this write.
    #[expect(clippy::too_many_arguments, reason = "the parts of one operation")]
    pub fn clash_of_write(
        &self,
        strength: Strength,
        (value, update): (Word, Option<Update>),
        releases: bool,
        observed: Option<usize>,
        covered: impl Fn(&Access) -> bool,
        (over, done): (impl Fn(&Access) -> bool, impl Fn(&Access) -> bool),
        alike: impl Fn(&SlotRead) -> bool,
        matters: impl Fn(Matter) -> bool,
    ) -> Option<Clash> {
        let mut clash = None;
        for (index, message) in self.messages.iter().enumerate() {
            if covered(&message.access) {
                continue;
            }
            if !morally_strong(message.strength, Some(strength)) {
                if !self.leads_to(index, observed.filter(|_| matters(Matter::Observations))) {
                    return Some(Clash::Race { other: message.access, wrote: true });
                }
                // That it was observed is all that orders the two.
                clash = Some(Clash::Order);
            }
            if observed.is_some_and(|observed| index <= observed) {
                continue;
            }
            let commutes = match (message.update, update) {
                (Some(theirs), Some(mine)) => theirs.commutes(mine) || !matters(Matter::Updates),
                // The same value twice, by writes that carry nothing: nobody can tell which came first, except by what
                // is unordered with one of them, and that is noticed there.
                (None, None) => message.value == value && !releases && message.carries_nothing(),
                _ => false,
            };
            if !commutes && matters(Matter::Writes) {
                clash = Some(Clash::Order);
            }
        }
        for read in self.reads.iter().filter(|read| !covered(&read.access)) {
            if read.made && !morally_strong(Some(read.strength), Some(strength)) && !done(&read.access) {
                return Some(Clash::Race { other: read.access, wrote: false });
            }
            if !over(&read.access) && matters(Matter::Reads) && !alike(read) {
                clash = Some(Clash::Order);
            }
        }
        clash
    }

    /// Forgets what can be read no more: messages that everybody is past, by `past`, but for the last of them and those
    /// that a remembered read names; and reads that everybody is past. `seen` says whether everybody has seen all that a
    /// view holds; `told` whether every view that is still asked for single accesses holds one.
    pub fn forget(
        &mut self,
        past: impl Fn(&Access) -> bool,
        seen: impl Fn(&View) -> bool,
        told: impl Fn(&Access) -> bool,
    ) {
        let last = self.messages.iter().rposition(|message| past(&message.access)).unwrap_or(0);
        self.reads.retain(|read| !past(&read.access));
        // With what a wait could read, and what that gave it, later writes are compared.
        if self.reads.iter().any(|read| read.kind.is_compared()) {
            return;
        }
        // A hang may be blamed on what waits have missed.
        if self.reads.iter().all(|read| read.kind.is_free()) {
            self.forget_messages(last, &past);
        } else {
            self.pass_retired(&past);
        }
        // What everybody has seen need not be carried.
        for message in self.messages.iter_mut().filter(|message| past(&message.access)) {
            message.releases.retain(|release| !seen(&release.view));
            message.assumed.iter_mut().for_each(|assumed| assumed.forget(&seen));
            message.assumed = message.assumed.take().filter(|assumed| !assumed.is_empty());
            // When it was made tells nothing any more.
            if told(&message.access) {
                message.access.epoch.step = 0;
            }
        }
        if let Some(first) = self.messages.get_mut(self.retired) {
            first.past = past(&first.access) && told(&first.access) && first.releases.is_empty();
        }
    }

    /// Forgets messages that everybody is past, but for the one at `last` and those that a remembered read names.
    fn forget_messages(&mut self, last: usize, past: impl Fn(&Access) -> bool) {
        let reads = &self.reads;
        let (mut position, retired) = (0, self.retired);
        self.messages.retain(|message| {
            position += 1;
            let kept = reads.iter().any(|read| read.message == Some(message.id));
            let rounded = message.update.is_some_and(Update::is_rounded);
            let stays = if position <= retired {
                !past(&message.access)
            } else {
                kept || position > last || !past(&message.access) || rounded
            };
            self.retired -= usize::from(position <= retired && !stays);
            stays
        });
    }

    /// Whether it remembers other fences than these.
    pub fn has_fences_but(&self, kept: impl Fn(Epoch) -> bool) -> bool {
        let of_messages = self.messages.iter().map(|message| &message.fences);
        let all = of_messages.chain(self.reads.iter().map(|read| &read.fences));
        all.flat_map(Fences::iter).any(|fence| !kept(fence))
    }

    /// Forgets fences that are past for everybody.
    pub fn forget_fences(&mut self, kept: impl Fn(Epoch) -> bool) {
        let of_messages = self.messages.iter_mut().map(|message| &mut message.fences);
        let all = of_messages.chain(self.reads.iter_mut().map(|read| &mut read.fences));
        all.for_each(|fences| fences.retain(&kept));
    }

    /// A write that a strong read races with.
    pub fn race_of_read(&self, strength: Strength, covered: impl Fn(&Access) -> bool) -> Option<Access> {
        let races = |message: &&Message| !covered(&message.access) && !morally_strong(message.strength, Some(strength));
        self.messages.iter().find(races).map(|message| message.access)
    }

    /// Whether whoever covers so much may see in which order updates came: two of them commute, neither follows the other,
    /// the word between them tells, and not both are covered, or the word behind them tells as well.
    pub fn shows_order(&self, covered: impl Fn(&Access) -> bool) -> bool {
        let mut updates = self.messages.iter().filter_map(|message| message.update);
        let first = updates.next();
        if updates.all(|update| Some(update) == first) {
            return false;
        }
        let tells = |one: &Message, other: &Message| {
            let pair = one.update.zip(other.update);
            pair.is_some_and(|(one, other)| one.shows_order(other))
                && self.may_come_before(one, other)
                && (one.update.is_some_and(Update::is_rounded) || !(covered(&one.access) && covered(&other.access)))
        };
        let messages = self.messages.iter().enumerate();
        messages.into_iter().any(|(index, later)| self.messages[..index].iter().any(|earlier| tells(earlier, later)))
    }

    /// Whether an update that is being made and one that is there already may come in either order, and the word between
    /// them tells.
    pub fn would_show_order(&self, update: Update, covered: impl Fn(&Access) -> bool) -> bool {
        let open = self.messages.iter().filter(|message| !covered(&message.access));
        open.filter_map(|message| message.update).any(|theirs| theirs.shows_order(update))
            && self.reads.iter().any(|read| !covered(&read.access))
    }

    /// Whether an update that comes later may as well have come before an earlier one, or before one that leads to that
    /// through such updates alone: they commute, nobody looks at what they found, and the later one does not follow that
    /// one in causality order. Who reads the earlier one may then read a run without the other.
    pub fn may_come_before(&self, earlier: &Message, later: &Message) -> bool {
        let commute = |one: &Message| one.update.zip(later.update).is_some_and(|(left, right)| left.commutes(right));
        let run = self.messages[..=self.position(earlier.id)].iter().enumerate().rev();
        let followed = self.position(later.follows);
        run.take_while(|(_, message)| commute(message))
            .any(|(place, message)| place > followed || later.beside.contains(&message.id))
    }

    /// Places, from a place backwards through a run of updates that commute, of those that need not come before it: they are
    /// not covered, and nothing in the run that is covered follows them, directly or through others.
    pub fn loose(
        &self,
        place: usize,
        in_run: impl Fn(&Message) -> bool,
        covered: impl Fn(usize, &Message) -> bool,
    ) -> SmallVec<[usize; 4]> {
        let mut loose = SmallVec::new();
        // What is followed and follows all up to some place, and the rest of what is followed with the place up to which it
        // follows all but what is beside it.
        let (mut all_up_to, mut followed): (usize, SmallVec<[(usize, &Message); 4]>) = (0, SmallVec::new());
        for (index, message) in self.messages[..=place].iter().enumerate().rev() {
            if index <= all_up_to || !in_run(message) {
                break;
            }
            let precedes = |(place, later): &(usize, &Message)| index <= *place && !later.beside.contains(&message.id);
            if !covered(index, message) && !followed.iter().any(precedes) {
                loose.push(index);
                continue;
            }
            let place = self.position(message.follows);
            if message.beside.is_empty() {
                all_up_to = all_up_to.max(place);
                continue;
            }
            // Who has not seen an update had not seen it before either: what a thread's later message leaves loose, its
            // earlier one does.
            let writer = message.access.epoch.thread;
            if !followed.iter().any(|(other, later)| place <= *other && later.access.epoch.thread == writer) {
                followed.push((place, message));
            }
        }
        loose
    }

    /// Who has read the word, freely or as half of an update, before a write that does not follow the read in causality
    /// order: in another execution it may read that write, if nothing else forbids it.
    pub fn read_before(&self, update: Option<Update>, covered: impl Fn(&Access) -> bool) -> Vec<Access> {
        let loads = self.reads.iter().filter(|read| read.kind.is_free()).map(|read| read.access);
        // Of equal ones both orders are one; the word between others tells which came first.
        let equal = |theirs: &Update| update.is_some_and(|mine| theirs.commutes(mine) && !theirs.shows_order(mine));
        let updates = self.messages.iter().filter(|message| message.update.is_some_and(|theirs| !equal(&theirs)));
        loads.chain(updates.map(|message| message.access)).filter(|access| !covered(access)).collect()
    }

    /// Forgets reads.
    pub fn forget_reads(&mut self, needless: impl Fn(&SlotRead) -> bool) {
        self.reads.retain(|read| !needless(read));
    }
}
