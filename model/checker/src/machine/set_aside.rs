//! Races that are set aside, so that a check goes on to the next finding (`--all`).
//!
//! A race at two places (of one launch, or of two) is set aside by taking the accesses there for ordered. Nothing else changes: what an execution
//! does after such a race is what some execution of the program does, for a read returns what was written last, and any
//! race in it is one of the program. But a wrong result, a hang or a read of memory that nobody wrote may only come of that race; so
//! once one has come up, the execution reports races, accesses out of bounds, barriers that are not reached together, and
//! copies that nobody waits for, and nothing that rests on values. The road not taken is to make the accesses strong, as
//! an acceptance does: a data phase has no strong form, and every word of it would be contended.
//!
//! Only `--all` uses it, after a violation: a verdict of verified never rests on it.

use super::{Block, Machine, Violation};
use crate::memory::shadow::Access;
use crate::memory::shared::Shared;
use crate::program::{Program, SiteIndex};
use arverify_protocol::verdict::Code;
use std::collections::BTreeSet;

/// Sites from here on are the machine's own, and stand in no text.
const OWN_SITES: u32 = u32::MAX - 2;
/// Marks their places.
const OWN: u64 = 1 << 63;

/// Marks those of accesses of one launch.
const TOGETHER: u64 = 1 << 62;

/// Pairs of places, each in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetAside {
    /// In ascending order.
    pairs: BTreeSet<[u64; 2]>,
    /// Strong accesses reach everybody, whatever their scopes: what is found does not come of a scope that is too narrow.
    pub scopes: bool,
    /// Every race: to see what a program does, whatever is wrong with it.
    everything: bool,
}

impl SetAside {
    /// No race.
    pub const NOTHING: SetAside = SetAside { pairs: BTreeSet::new(), scopes: false, everything: false };

    /// Every race.
    pub fn every_race() -> SetAside {
        SetAside { everything: true, ..SetAside::default() }
    }

    /// Adds a race; false if it was there. One of scopes is the same whether its accesses are of one launch or of two.
    pub fn insert(&mut self, race: Race) -> bool {
        let is_new = self.pairs.insert(race.known_by);
        if race.strong {
            self.pairs.insert(race.known_by.map(|place| place ^ TOGETHER));
        }
        is_new
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The same, where strong accesses reach everybody.
    #[must_use]
    pub fn whatever_the_scopes(self) -> SetAside {
        SetAside { scopes: true, ..self }
    }

    /// All pairs, in ascending order.
    pub fn pairs(&self) -> impl Iterator<Item = [u64; 2]> + '_ {
        self.pairs.iter().copied()
    }
}

impl FromIterator<Race> for SetAside {
    fn from_iter<I: IntoIterator<Item = Race>>(races: I) -> SetAside {
        let mut set_aside = SetAside::default();
        races.into_iter().for_each(|race| {
            set_aside.insert(race);
        });
        set_aside
    }
}

impl FromIterator<[u64; 2]> for SetAside {
    fn from_iter<I: IntoIterator<Item = [u64; 2]>>(pairs: I) -> SetAside {
        SetAside { pairs: pairs.into_iter().map(ascending).collect(), ..SetAside::default() }
    }
}

fn ascending([left, right]: [u64; 2]) -> [u64; 2] {
    [left.min(right), left.max(right)]
}

impl<P: Program> Machine<P> {
    /// The same, with races set aside.
    #[must_use]
    pub fn setting_aside(self, set_aside: SetAside) -> Machine<P> {
        Machine { set_aside, ..self }
    }

    /// What is set aside.
    pub fn set_aside(&self) -> &SetAside {
        &self.set_aside
    }

    /// What a race is known by: the places of its accesses, and whether they are of one launch.
    pub(super) fn race_of(&self, blocks: &[Shared<Block>], left: Access, right: Access) -> [u64; 2] {
        let place = |access: Access| match access.site {
            own if is_own_site(own) => OWN | u64::from(own.0),
            site => self.program.place(site),
        };
        let launch = |access: Access| {
            let during = is_own_site(access.site) || self.program.is_non_coherent(access.site);
            let known = !during && !access.epoch.is_initial() && !self.is_stream(access.epoch.thread);
            known.then(|| self.launch_in(blocks, access.epoch))
        };
        let together = launch(left).zip(launch(right)).is_some_and(|(left, right)| left == right);
        let mark = if together { TOGETHER } else { 0 };
        ascending([left, right].map(|access| place(access) | mark))
    }

    /// Whether a race of two accesses is set aside.
    pub(super) fn sets_aside(&self, blocks: &[Shared<Block>], left: Access, right: Access) -> bool {
        let set_aside = &self.set_aside;
        set_aside.everything || !set_aside.is_empty() && set_aside.pairs.contains(&self.race_of(blocks, left, right))
    }
}

/// Whether a site is the host's, and stands in no text.
pub fn is_own_site(site: SiteIndex) -> bool {
    site.0 >= OWN_SITES
}

/// A race that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Race {
    /// What it is known by: the places of its accesses, and whether they are of one launch.
    pub known_by: [u64; 2],
    /// Both accesses are strong: their scopes do not reach, or they are of different sizes.
    pub strong: bool,
}

impl Violation {
    /// Whether it may come of a race that was set aside.
    pub(super) fn rests_on_values(&self) -> bool {
        self.race.is_none() && !matches!(self.code, Code::OutOfBounds | Code::BarrierDivergence | Code::Hazard)
    }
}
