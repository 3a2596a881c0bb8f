//! Channels: a slot is not written while it is held, and credits are conserved.
//!
//! A channel is a buffer of slots in the receiver's memory, with a count of messages sent (*tail*, at the receiver) and one
//! of messages done with (*head*, at the sender). Nothing says which pad is which: the wait that dominates the writing of a
//! slot, on a word that the receiver stores to, is the wait for a credit; the wait that dominates its use, on a word that the
//! sender stores to, is the wait for the message. For each writing w of a slot and each use u of the same slot, in any launches
//! and rounds, either w follows u: every credit that w's wait can have taken was stored after u; or u follows w: every count that
//! u's wait can have taken was stored after w. Counts are integers that do not wrap ([`super::counts`]), so
//! 0 ≤ tail − head ≤ D is stated as it is: what is given back has been awaited, and what is sent is at most D ahead of what
//! the sender's wait has seen given back, where D is the number of slots. *Conserved*: what is sent in a launch is given
//! back in it.
//!
//! A slot is written and read by partitions; they must be the same, at the same offset, so that an element is one thread's
//! on either side. Of a single word any two threads are looked at.
//!
//! Not modelled: channels that are read by atomics, or written to by several ranks; credits that are given back in a later
//! launch are inconclusive.

use super::claim::Kind;
use super::counts::{Counting, Dominator, Failure, Judged, WAYS, at_most, placed, possible};
use super::problem::Unsupported;
use super::role::{At, Joint, awaited};
use super::term::{Formula, Polynomial};
use super::translate::{equal, less};
use super::walk::{self, Event, PartitionTerm, PlaceTerm};
use arverify_protocol::ids::BufferId;
use arverify_protocol::ir::Protocol;

/// The row or word of a channel that an event writes.
pub(super) fn fills<'e>(protocol: &Protocol, event: &'e Event) -> Option<&'e PlaceTerm> {
    let place = match &event.kind {
        walk::Kind::Phase(phase) => &phase.destination,
        walk::Kind::Store { place, .. } | walk::Kind::Atomic { place, .. } => place,
        walk::Kind::Load { .. }
        | walk::Kind::Await { .. }
        | walk::Kind::BlockSync
        | walk::Kind::Named { .. }
        | walk::Kind::Stream { .. }
        | walk::Kind::Transfer { .. } => {
            return None;
        }
    };
    protocol.buffer(place.buffer).channel.then_some(place)
}

/// The row or word of a channel that an event reads.
fn uses<'e>(protocol: &Protocol, event: &'e Event) -> Option<&'e PlaceTerm> {
    let place = match &event.kind {
        walk::Kind::Phase(phase) => &phase.source,
        walk::Kind::Load { place, .. } | walk::Kind::Await { place, .. } => place,
        walk::Kind::Store { .. }
        | walk::Kind::Atomic { .. }
        | walk::Kind::BlockSync
        | walk::Kind::Named { .. }
        | walk::Kind::Stream { .. }
        | walk::Kind::Transfer { .. } => {
            return None;
        }
    };
    protocol.buffer(place.buffer).channel.then_some(place)
}

fn partition(event: &Event) -> Option<&PartitionTerm> {
    match &event.kind {
        walk::Kind::Phase(phase) => Some(&phase.partition),
        _ => None,
    }
}

/// The waits that the use of a slot rests on: for a credit before it is written, for the message before it is used.
struct Waits<'r> {
    credit: (BufferId, usize),
    message: (BufferId, usize),
    sender: At<'r>,
}

impl<'p> Counting<'p> {
    /// The obligation of one writing of a channel; none where nobody uses what is written.
    pub(super) fn credits(&mut self, rank: u32, index: usize) -> Result<Option<Judged>, Unsupported> {
        let role = self.table.role(rank);
        let Some(place) = fills(self.protocol, &role.events[index]) else { return Ok(None) };
        if !self.protocol.pipes.is_empty() {
            return Err(Unsupported::Statement("a channel in a protocol whose copies are outstanding on pipes is"));
        }
        let target = place.rank.as_constant().and_then(|target| u32::try_from(target).ok());
        let target = target.filter(|target| (*target as usize) < self.table.roles.len());
        let target = target.ok_or(Unsupported::Statement("a channel to no rank is"))?;
        self.one_sender(place, rank)?;
        let receiver = self.table.role(target);
        let mut used = false;
        for (other, event) in receiver.events.iter().enumerate() {
            let Some(theirs) = uses(self.protocol, event).filter(|theirs| theirs.buffer == place.buffer) else {
                continue;
            };
            if theirs.rank.as_constant() != Some(i128::from(target)) {
                return Err(Unsupported::Statement("a channel that is read from afar is"));
            }
            let apart = |(one, other): (&Polynomial, &Polynomial)| matches!((one.as_constant(), other.as_constant()), (Some(one), Some(other)) if one != other);
            if place.indices.iter().zip(&theirs.indices).any(apart) {
                continue;
            }
            used = true;
            let mut joint = Joint::new(role);
            let writing = joint.add(role).at(index);
            let using = joint.add(receiver).at(other);
            match self.apart(joint, &writing, &using)? {
                Judged::Holds => {}
                open => return Ok(Some(open)),
            }
        }
        Ok(used.then_some(Judged::Holds))
    }

    /// Slots of this channel with these constant indices are written to by one rank only.
    fn one_sender(&self, place: &PlaceTerm, rank: u32) -> Result<(), Unsupported> {
        let others = self.table.roles.iter().filter(|role| role.rank != rank);
        let mut theirs = others.flat_map(|role| &role.events).filter_map(|event| fills(self.protocol, event));
        if theirs.any(|other| super::role::may_be_same(place, other)) {
            return Err(Unsupported::Statement("a slot that several ranks write is"));
        }
        Ok(())
    }

    /// Of a writing and a use of the same slot, one follows the other.
    fn apart(&mut self, joint: Joint, writing: &At<'p>, using: &At<'p>) -> Result<Judged, Unsupported> {
        let (Some(row), Some(their_row)) = (fills(self.protocol, writing.event()), uses(self.protocol, using.event()))
        else {
            return Err(Unsupported::Statement("this use of a channel is"));
        };
        let mut met = vec![writing.guard(), using.guard()];
        // An element is one thread's on either side; a word may be written by one thread and read by another.
        if partition(writing.event()).is_some() || partition(using.event()).is_some() {
            met.push(equal(&writing.instance.block(), &using.instance.block())?);
            met.push(equal(&writing.instance.thread(), &using.instance.thread())?);
        }
        if !self.same_elements(&joint, (writing, row), (using, their_row), &met)? {
            return Err(Unsupported::Statement("a slot that is written and read by different partitions is"));
        }
        for (one, other) in writing.indices(row).iter().zip(&using.indices(their_row)) {
            met.push(equal(one, other)?);
        }
        let (sender, receiver) = (writing.instance.role.rank, using.instance.role.rank);
        let mut failing = Judged::Unknown(Unsupported::Statement("a slot without a wait for a credit or a message is"));
        for credit in self.dominators(&joint, writing, receiver, &[writing.guard()])? {
            for message in self.dominators(&credit.joint, using, sender, &[using.guard()])? {
                let found = self.follows(&met, (writing, &credit), (using, &message))?;
                if !matches!(found, Judged::Holds) {
                    failing = if matches!(failing, Judged::Unknown(_)) { found } else { failing };
                    continue;
                }
                let (Some((_, head)), Some((_, tail))) = (awaited(credit.at.event()), awaited(message.at.event()))
                else {
                    continue;
                };
                let waits =
                    Waits { credit: (head, credit.at.index), message: (tail, message.at.index), sender: *writing };
                // Other waits may order the two as well; those of the channel conserve its credits.
                match self.conserved(&waits, receiver, self.slots(row, writing)?)? {
                    Judged::Holds => return Ok(Judged::Holds),
                    open => failing = open,
                }
            }
        }
        Ok(failing)
    }

    /// Elements that a thread writes are those that the same thread of the receiver reads.
    fn same_elements(
        &mut self,
        joint: &Joint,
        (writing, row): (&At<'p>, &PlaceTerm),
        (using, their_row): (&At<'p>, &PlaceTerm),
        met: &[Formula],
    ) -> Result<bool, Unsupported> {
        match (partition(writing.event()), partition(using.event())) {
            (None, None) => Ok(true),
            (Some(one), Some(other)) => {
                let (here, there) = (&writing.instance, &using.instance);
                let terms = [
                    (&one.first, &other.first),
                    (&one.limit, &other.limit),
                    (&one.step, &other.step),
                    (&row.offset, &their_row.offset),
                ];
                let same = terms.into_iter().map(|(one, other)| equal(&here.term(one), &there.term(other)));
                let same = Formula::all(same.collect::<Result<Vec<_>, _>>()?);
                let alike = one.width == other.width && one.tail == other.tail;
                Ok(alike && self.holds(joint, met, &same)?)
            }
            _ => Ok(false),
        }
    }

    /// Either the writing follows the use, by the credit, or the use follows the writing, by the message.
    fn follows(
        &mut self,
        met: &[Formula],
        (writing, credit): (&At<'p>, &Dominator<'p>),
        (using, message): (&At<'p>, &Dominator<'p>),
    ) -> Result<Judged, Unsupported> {
        let (Some((head, head_pad)), Some((tail, tail_pad))) =
            (awaited(credit.at.event()), awaited(message.at.event()))
        else {
            return Err(Unsupported::Statement("this wait is"));
        };
        let (room, news) = (credit.at.count()?, message.at.count()?);
        let equations = || met.iter().chain(&credit.equations).chain(&message.equations).cloned();
        // What was there at first stands for a store that came before everything.
        let some = |stores: Vec<(u32, usize)>| stores.into_iter().map(Some).chain([None]).collect::<Vec<_>>();
        let (credits, messages) = (some(self.table.writers(head)), some(self.table.writers(tail)));
        for given in &credits {
            for sent in &messages {
                let mut joint = message.joint.clone();
                let mut assumed: Vec<Formula> = equations().collect();
                let returned = match given {
                    None => Polynomial::constant(self.initial(head_pad)?),
                    Some((from, index)) => {
                        let store = joint.add(self.table.role(*from)).at(*index);
                        assumed.extend(possible(&store, using, (&credit.at, head))?);
                        store.count()?
                    }
                };
                let arrived = match sent {
                    None => Polynomial::constant(self.initial(tail_pad)?),
                    Some((from, index)) => {
                        let store = joint.add(self.table.role(*from)).at(*index);
                        assumed.extend(possible(&store, writing, (&message.at, tail))?);
                        store.count()?
                    }
                };
                let goal = Formula::any([less(&returned, &room)?, less(&arrived, &news)?]);
                if !self.holds(&joint, &assumed, &goal)? {
                    return Ok(Failure::of(&joint, writing, assumed, goal));
                }
            }
        }
        Ok(Judged::Holds)
    }

    /// Slots of a channel: the extents of the dimensions whose index is not constant.
    fn slots(&self, row: &PlaceTerm, writing: &At<'p>) -> Result<i128, Unsupported> {
        let sizes = &writing.instance.role.sizes;
        let terms = super::translate::SizeTerms {
            ranks: sizes.ranks.clone(),
            blocks: sizes.blocks.clone(),
            threads: sizes.threads.clone(),
            elements: sizes.elements.clone(),
            capacity: sizes.capacity.clone(),
            vector: Polynomial::constant(1),
            element_bytes: Polynomial::constant(1),
        };
        let scope = super::translate::Scope::of_sizes(&terms);
        let mut problem = super::problem::Problem::default();
        problem.variables = writing.instance.role.problem.variables.clone();
        let shape = &self.protocol.buffer(row.buffer).shape;
        let mut slots = 1;
        for (extent, index) in shape.iter().zip(&row.indices) {
            if index.as_constant().is_none() && *index != writing.instance.role.block_variable() {
                let extent = super::translate::value(&mut problem, &scope, extent)?.as_constant();
                slots *=
                    extent.ok_or(Unsupported::Statement("a channel with a number of slots that is not constant is"))?;
            }
        }
        Ok(slots)
    }

    /// 0 ≤ tail − head ≤ D, and what is sent in a launch is given back in it.
    fn conserved(&mut self, waits: &Waits<'p>, receiver: u32, slots: i128) -> Result<Judged, Unsupported> {
        let (sender, receiver) = (waits.sender.instance.role, self.table.role(receiver));
        let (Some((head, _)), Some((tail, _))) =
            (awaited(&sender.events[waits.credit.1]), awaited(&receiver.events[waits.message.1]))
        else {
            return Err(Unsupported::Statement("this wait is"));
        };
        let (credits, messages) = (self.table.writers(head), self.table.writers(tail));
        for (_, index) in &messages {
            let mut joint = Joint::new(sender);
            let sent = joint.add(sender).at(*index);
            if !self.waited_for(&joint, &sent, receiver.rank, waits.credit.0, slots)? {
                return Ok(Judged::Unknown(Unsupported::Statement("a message that is sent beyond the slots is")));
            }
            if !self.given_back(&joint, &sent, receiver.rank, &credits)? {
                return Ok(Judged::Unknown(Unsupported::Statement("a credit that is not given back in its launch is")));
            }
        }
        for (_, index) in &credits {
            let mut joint = Joint::new(receiver);
            let given = joint.add(receiver).at(*index);
            if !self.waited_for(&joint, &given, sender.rank, waits.message.0, 0)? {
                return Ok(Judged::Unknown(Unsupported::Statement("a credit for a message that has not come is")));
            }
        }
        Ok(Judged::Holds)
    }

    /// A wait on this pad dominates a store, for a count that is at most this much below what is stored.
    fn waited_for(
        &mut self,
        joint: &Joint,
        store: &At<'p>,
        writer: u32,
        pad: BufferId,
        below: i128,
    ) -> Result<bool, Unsupported> {
        let guard = store.guard();
        for wait in self.dominators(joint, store, writer, std::slice::from_ref(&guard))? {
            if awaited(wait.at.event()).is_none_or(|(_, other)| other != pad) {
                continue;
            }
            let least = store.count()?.plus(&Polynomial::constant(-below)).ok_or(Unsupported::TooLarge)?;
            let goal = at_most(&least, &wait.at.count()?)?;
            let assumed: Vec<Formula> = wait.equations.iter().chain([&guard]).cloned().collect();
            if self.holds(&wait.joint, &assumed, &goal)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// In the same launch and block a credit for what is sent, or for more, goes back.
    fn given_back(
        &mut self,
        joint: &Joint,
        sent: &At<'p>,
        receiver: u32,
        credits: &[(u32, usize)],
    ) -> Result<bool, Unsupported> {
        let guard = sent.guard();
        for (_, index) in credits {
            for way in WAYS {
                let mut joint = joint.clone();
                let given = joint.add(self.table.role(receiver)).at(*index);
                let Some(placed) = placed(&given, sent, way, true)? else { continue };
                let assumed: Vec<Formula> = placed.equations.iter().chain([&guard]).cloned().collect();
                let goal = Formula::all([given.guard(), at_most(&sent.count()?, &given.count()?)?]);
                if self.holds(&joint, std::slice::from_ref(&guard), &placed.possible)?
                    && self.holds(&joint, &assumed, &goal)?
                {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Everything to be shown of one rank.
    pub(super) fn of_rank(&mut self, rank: u32) -> Vec<(super::claim::Subject, Judged)> {
        let role = self.table.role(rank);
        let mut judged: Vec<(super::claim::Subject, Judged)> = Vec::new();
        for (index, event) in role.events.iter().enumerate() {
            if self.all_or_nothing && judged.iter().any(|(_, judged)| !matches!(judged, Judged::Holds)) {
                return judged;
            }
            let mut record = |kind, event: &Event, verdict: Result<Judged, Unsupported>| {
                judged.push((super::counts::subject(kind, event), verdict.unwrap_or_else(Judged::Unknown)));
            };
            match &event.kind {
                walk::Kind::Await { .. } => {
                    let (epochs, lost) = match self.wait(rank, index) {
                        Ok((epochs, lost)) => (Ok(epochs), Ok(lost)),
                        Err(error) => (Err(error.clone()), Err(error)),
                    };
                    record(Kind::Epochs, event, epochs);
                    record(Kind::Lost, event, lost);
                    record(Kind::Peers, event, self.is_signalled(rank, index));
                }
                walk::Kind::Store { place, .. } | walk::Kind::Atomic { place, .. }
                    if self.protocol.buffer(place.buffer).pad =>
                {
                    record(Kind::Peers, event, self.is_awaited(rank, index));
                }
                _ => {}
            }
            match self.credits(rank, index) {
                Ok(None) => {}
                Ok(Some(verdict)) => record(Kind::Credits, event, Ok(verdict)),
                Err(error) => record(Kind::Credits, event, Err(error)),
            }
        }
        judged
    }
}
