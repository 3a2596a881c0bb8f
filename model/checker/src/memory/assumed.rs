//! What strong accesses hand on beyond causality, under the assumptions `launch-boundary=system` and
//! `loads=done-at-barrier`.
//!
//! Decision: both are views that every strong write carries from its thread, every morally strong read takes, barriers and
//! the order of `fence.sc` join, and a launch hands to the next one. They differ in what they are good for: what came before
//! a launch is known, and joins causality order; a load that is done has its value, and no more. It orders that load before
//! a write, and nothing else.

use super::clock::View;

/// What somebody knows under assumptions; nothing without them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Assumed {
    /// Under `--assume launch-boundary=system`: what came before the launches that it knows of.
    pub boundary: Option<View>,
    /// Under `--assume loads=done-at-barrier`: the loads among these operations have their values.
    pub loads: Option<View>,
}

impl Assumed {
    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.boundary.is_none() && self.loads.is_none()
    }

    /// The views that it holds.
    pub fn views(&self) -> impl Iterator<Item = &View> {
        self.boundary.iter().chain(&self.loads)
    }

    /// The same, to be changed.
    pub fn views_mut(&mut self) -> impl Iterator<Item = &mut View> {
        self.boundary.iter_mut().chain(&mut self.loads)
    }

    /// Drops views that say nothing any more.
    pub fn forget(&mut self, needless: impl Fn(&View) -> bool) {
        self.boundary = self.boundary.take().filter(|view| !needless(view));
        self.loads = self.loads.take().filter(|view| !needless(view));
    }

    /// Adds what another holds; `join` joins two views.
    pub fn join(&mut self, other: &Assumed, join: impl Fn(&mut View, &View)) {
        for (mine, theirs) in [(&mut self.boundary, &other.boundary), (&mut self.loads, &other.loads)] {
            match (mine, theirs) {
                (Some(mine), Some(theirs)) => join(mine, theirs),
                (mine @ None, Some(theirs)) => *mine = Some(theirs.clone()),
                (_, None) => {}
            }
        }
    }

    /// Whether another holds all that this does; `within` compares two views.
    pub fn is_within(&self, other: &Assumed, within: impl Fn(&View, &View) -> bool) -> bool {
        let pairs = [(&self.boundary, &other.boundary), (&self.loads, &other.loads)];
        pairs.into_iter().all(|(mine, theirs)| {
            mine.as_ref().is_none_or(|mine| theirs.as_ref().is_some_and(|theirs| within(mine, theirs)))
        })
    }
}
