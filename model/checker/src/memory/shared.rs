//! Parts of a state that states share.
//!
//! States that follow one another differ in a thread or two and in a word. So the parts of a state are copied on write, and
//! each remembers its hash: a new state costs what its step changes, not what there is.

use std::hash::{Hash, Hasher};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock};

/// A part of a state, copied on write, that remembers its hash.
///
/// To borrow it mutably is to change it: it is copied if another state shares it, and its hash is forgotten.
#[derive(Debug, Default)]
pub struct Shared<T>(Arc<Hashed<T>>);

#[derive(Debug, Default)]
struct Hashed<T> {
    value: T,
    digest: OnceLock<u64>,
}

impl<T> Shared<T> {
    /// Whether both are one: equal without being looked at.
    pub fn is_same(&self, other: &Shared<T>) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Shared<T> {
    /// The value to be changed, if nobody else shares it.
    pub fn unshared(&mut self) -> Option<&mut T> {
        let hashed = Arc::get_mut(&mut self.0)?;
        hashed.digest = OnceLock::new();
        Some(&mut hashed.value)
    }
}

impl<T> From<T> for Shared<T> {
    fn from(value: T) -> Shared<T> {
        Shared(Arc::new(Hashed { value, digest: OnceLock::new() }))
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Shared<T> {
        Shared(self.0.clone())
    }
}

impl<T: Clone> Clone for Hashed<T> {
    fn clone(&self) -> Hashed<T> {
        // It is copied to be changed.
        Hashed { value: self.value.clone(), digest: OnceLock::new() }
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T: Clone> DerefMut for Shared<T> {
    fn deref_mut(&mut self) -> &mut T {
        let hashed = Arc::make_mut(&mut self.0);
        hashed.digest = OnceLock::new();
        &mut hashed.value
    }
}

impl<T: PartialEq> PartialEq for Shared<T> {
    fn eq(&self, other: &Shared<T>) -> bool {
        self.is_same(other) || self.0.value == other.0.value
    }
}

impl<T: Eq> Eq for Shared<T> {}

impl<T: Hash> Hash for Shared<T> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(*self.0.digest.get_or_init(|| {
            let mut hasher = rustc_hash::FxHasher::default();
            self.0.value.hash(&mut hasher);
            hasher.finish()
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(shared: &Shared<Vec<u32>>) -> u64 {
        let mut hasher = rustc_hash::FxHasher::default();
        shared.hash(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn a_change_is_nobody_elses() {
        let mut mine = Shared::from(vec![1, 2]);
        let theirs = mine.clone();
        assert!(mine.is_same(&theirs));
        mine.push(3);
        assert_eq!((mine.as_slice(), theirs.as_slice()), (&[1, 2, 3][..], &[1, 2][..]));
    }

    #[test]
    fn a_change_is_hashed_anew() {
        let mut changed = Shared::from(vec![1, 2]);
        let before = digest(&changed);
        changed.push(3);
        assert_ne!(digest(&changed), before);
        assert_eq!(digest(&changed), digest(&Shared::from(vec![1, 2, 3])));
        changed.pop();
        assert_eq!(digest(&changed), before);
    }
}
