//! All strongly accessed words, by their places.
//!
//! Decision: instances have pages, and a page has the words of some bytes in order, with a bit for each byte at which one
//! starts. To find a word costs a few steps, however many there are, and an operation looks for its word a dozen times.
//! States share instances, pages and words that they do not change, with their hashes. The road not taken: one ordered
//! map of all words, in which a search of a million takes twenty comparisons in as many lines of memory, and which is
//! copied whole.

use super::shared::Shared;
use super::slot::{Slot, key, location};
use crate::program::Location;
use std::hash::{Hash, Hasher};
use std::ops::{Index, Range};

/// Bytes of a page.
const PAGE: u64 = 256;

/// Bytes for which a page's bits are one integer.
const BITS: u64 = u64::BITS as u64;

/// All strongly accessed words, by [`key`].
#[derive(Clone, Debug, Default, PartialEq, Hash)]
pub struct Slots {
    /// Up to the last that has some.
    instances: Vec<Option<Shared<Words>>>,
}

/// The words of an instance.
#[derive(Clone, Debug, Default)]
struct Words {
    /// Up to the last that has some.
    pages: Vec<Option<Shared<Page>>>,
    /// No word has been larger; not part of the state's identity.
    widest: u64,
}

impl PartialEq for Words {
    fn eq(&self, other: &Words) -> bool {
        self.pages == other.pages
    }
}

impl Hash for Words {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.pages.hash(hasher);
    }
}

#[derive(Clone, Debug, Default, PartialEq, Hash)]
struct Page {
    /// The bytes at which words start.
    starts: [u64; (PAGE / BITS) as usize],
    /// In order.
    slots: Vec<Shared<Slot>>,
}

/// The lowest bits, so many.
fn lowest(bits: u64) -> u64 {
    if bits >= BITS { u64::MAX } else { (1 << bits) - 1 }
}

/// The numbers of the bits that are set, the lowest first.
fn set_bits(bits: u64) -> impl Iterator<Item = u64> {
    let but_the_lowest = |bits: &u64| Some(bits & (bits - 1)).filter(|rest| *rest != 0);
    std::iter::successors(Some(bits).filter(|bits| *bits != 0), but_the_lowest).map(|bits| bits.trailing_zeros().into())
}

impl Page {
    fn has(&self, byte: u64) -> bool {
        self.starts[(byte / BITS) as usize] >> (byte % BITS) & 1 == 1
    }

    /// Words that start before a byte.
    fn before(&self, byte: u64) -> usize {
        let (whole, rest) = ((byte / BITS) as usize, lowest(byte % BITS));
        let before = self.starts[..whole].iter().map(|bits| bits.count_ones()).sum::<u32>();
        (before + (self.starts[whole] & rest).count_ones()) as usize
    }

    fn get(&self, byte: u64) -> Option<&Shared<Slot>> {
        self.has(byte).then(|| &self.slots[self.before(byte)])
    }

    /// The words that start in a range of the page, with their first bytes.
    fn within(&self, range: Range<u64>) -> impl Iterator<Item = (u64, &Shared<Slot>)> {
        let integers = range.start / BITS..range.end.div_ceil(BITS);
        let starts = integers.flat_map(move |integer| {
            let first = integer * BITS;
            let part = lowest(range.end - first) & !lowest(range.start.saturating_sub(first));
            set_bits(self.starts[integer as usize] & part).map(move |bit| first + bit)
        });
        starts.map(|byte| (byte, &self.slots[self.before(byte)]))
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = (u64, &mut Shared<Slot>)> {
        let starts = self.starts;
        let bytes = (0..).zip(starts).flat_map(|(integer, bits)| set_bits(bits).map(move |bit| integer * BITS + bit));
        bytes.zip(&mut self.slots)
    }

    fn toggle(&mut self, byte: u64) {
        self.starts[(byte / BITS) as usize] ^= 1 << (byte % BITS);
    }
}

/// Without what is empty at the end: equal words are equal whatever there was.
fn trim<T>(list: &mut Vec<Option<T>>) {
    list.truncate(list.iter().rposition(Option::is_some).map_or(0, |last| last + 1));
}

/// The entry of a list that is as long as need be.
fn entry<T>(list: &mut Vec<Option<T>>, at: usize) -> &mut Option<T> {
    if list.len() <= at {
        list.resize_with(at + 1, || None);
    }
    &mut list[at]
}

impl Slots {
    fn words(&self, instance: u32) -> Option<&Words> {
        Some(self.instances.get(instance as usize)?.as_ref()?)
    }

    /// The word with a key.
    pub fn get(&self, key: &u64) -> Option<&Shared<Slot>> {
        let at = location(*key);
        self.words(at.instance)?.pages.get((at.byte / PAGE) as usize)?.as_ref()?.get(at.byte % PAGE)
    }

    /// Whether there is one.
    pub fn contains_key(&self, key: &u64) -> bool {
        self.get(key).is_some()
    }

    /// The word with a key, to be changed.
    pub fn get_mut(&mut self, key: &u64) -> Option<&mut Shared<Slot>> {
        // What is not there is not copied.
        self.get(key)?;
        let at = location(*key);
        let words = self.instances[at.instance as usize].as_mut()?;
        let page = words.pages[(at.byte / PAGE) as usize].as_mut()?;
        let place = page.before(at.byte % PAGE);
        page.slots.get_mut(place)
    }

    /// Puts a word in the place of the one with its key, if there is one.
    pub fn insert(&mut self, key: u64, slot: Shared<Slot>) {
        let at = location(key);
        let words = entry(&mut self.instances, at.instance as usize).get_or_insert_default();
        let words = &mut **words;
        words.widest = words.widest.max(slot.width.bytes());
        let page = &mut **entry(&mut words.pages, (at.byte / PAGE) as usize).get_or_insert_default();
        let (byte, place) = (at.byte % PAGE, page.before(at.byte % PAGE));
        if page.has(byte) {
            page.slots[place] = slot;
        } else {
            page.slots.insert(place, slot);
            page.toggle(byte);
        }
    }

    /// Takes a word away.
    pub fn remove(&mut self, key: &u64) -> Option<Shared<Slot>> {
        self.get(key)?;
        let at = location(*key);
        let words = &mut **self.instances[at.instance as usize].as_mut()?;
        let held = &mut words.pages[(at.byte / PAGE) as usize];
        let page = &mut **held.as_mut()?;
        let removed = page.slots.remove(page.before(at.byte % PAGE));
        page.toggle(at.byte % PAGE);
        if page.slots.is_empty() {
            *held = None;
            trim(&mut words.pages);
        }
        if words.pages.is_empty() {
            self.instances[at.instance as usize] = None;
            trim(&mut self.instances);
        }
        Some(removed)
    }

    /// The words that overlap a range of an instance, by their first bytes.
    pub fn overlapping(&self, instance: u32, range: Range<u64>) -> impl Iterator<Item = (u64, &Slot)> {
        self.words(instance).into_iter().flat_map(move |words| {
            let first = range.start.saturating_sub(words.widest.saturating_sub(1));
            let near = words.starting(first..range.end);
            near.filter(move |(byte, slot)| byte + slot.width.bytes() > range.start)
                .map(move |(byte, slot)| (key(Location { instance, byte }), &**slot))
        })
    }

    /// All of them, by key.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &Shared<Slot>)> {
        let instances = (0..).zip(&self.instances).filter_map(|(instance, words)| Some((instance, words.as_ref()?)));
        instances.flat_map(|(instance, words)| {
            words.starting(0..u64::MAX).map(move |(byte, slot)| (key(Location { instance, byte }), slot))
        })
    }

    /// Their keys.
    pub fn keys(&self) -> impl Iterator<Item = u64> {
        self.iter().map(|(key, _)| key)
    }

    /// The words.
    pub fn values(&self) -> impl Iterator<Item = &Shared<Slot>> {
        self.iter().map(|(_, slot)| slot)
    }

    /// The words of some instances, to be changed.
    pub fn of_instances_mut(&mut self, of: impl Fn(u32) -> bool) -> impl Iterator<Item = (u64, &mut Shared<Slot>)> {
        let instances = (0..).zip(&mut self.instances).filter(move |(instance, _)| of(*instance));
        let instances = instances.filter_map(|(instance, words)| Some((instance, &mut **words.as_mut()?)));
        instances.flat_map(|(instance, words)| {
            let pages = (0..).zip(&mut words.pages);
            let pages = pages.filter_map(|(number, page)| Some((number * PAGE, &mut **page.as_mut()?)));
            pages.flat_map(move |(first, page)| {
                page.iter_mut().map(move |(byte, slot)| (key(Location { instance, byte: first + byte }), slot))
            })
        })
    }

    /// Changes the words of which that is said.
    pub fn change(&mut self, which: impl Fn(&Slot) -> bool, mut change: impl FnMut(u64, &mut Slot)) {
        let changed: Vec<u64> = self.iter().filter(|(_, slot)| which(slot)).map(|(key, _)| key).collect();
        for key in changed {
            if let Some(slot) = self.get_mut(&key) {
                change(key, slot);
            }
        }
    }
}

impl Words {
    /// The words that start in a range, with their first bytes.
    fn starting(&self, range: Range<u64>) -> impl Iterator<Item = (u64, &Shared<Slot>)> {
        let pages = range.start / PAGE..range.end.div_ceil(PAGE).min(self.pages.len() as u64);
        let pages = pages.filter_map(|number| Some((number * PAGE, self.pages[number as usize].as_ref()?)));
        pages.flat_map(move |(first, page)| {
            let part = range.start.saturating_sub(first)..(range.end - first).min(PAGE);
            page.within(part).map(move |(byte, slot)| (first + byte, slot))
        })
    }
}

impl Index<&u64> for Slots {
    type Output = Shared<Slot>;

    fn index(&self, key: &u64) -> &Shared<Slot> {
        match self.get(key) {
            Some(slot) => slot,
            None => panic!("no strongly accessed word at {:?}", location(*key)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::clock::Epoch;
    use crate::memory::shadow::Access;
    use crate::program::{SiteIndex, Width};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn slot(width: Width, value: u128) -> Shared<Slot> {
        let access = Access { epoch: Epoch::INITIAL, site: SiteIndex(0) };
        Slot::new(width, value, access, false).into()
    }

    fn digest(slots: &Slots) -> u64 {
        let mut hasher = rustc_hash::FxHasher::default();
        slots.hash(&mut hasher);
        hasher.finish()
    }

    fn keys(slots: &Slots) -> Vec<u64> {
        slots.keys().collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        /// Words come and go: what is found is what a map of all words finds, and equal words are equal.
        #[test]
        fn pages_are_a_map(steps in proptest::collection::vec((0_u32..3, 0_u64..700, 0_u8..4, any::<bool>()), 1..60)) {
            let (mut slots, mut map) = (Slots::default(), BTreeMap::new());
            for (number, (instance, byte, size, comes)) in steps.into_iter().enumerate() {
                let width = [Width::One, Width::Four, Width::Eight, Width::Sixteen][size as usize];
                let at = key(Location { instance, byte: byte / width.bytes() * width.bytes() });
                if comes {
                    slots.insert(at, slot(width, number as u128));
                    map.insert(at, slot(width, number as u128));
                } else {
                    let removed = map.remove(&at).map(|slot| slot.latest().value);
                    prop_assert_eq!(slots.remove(&at).map(|slot| slot.latest().value), removed);
                }
                let held = map.get(&at).map(|slot| slot.latest().value);
                prop_assert_eq!(slots.get(&at).map(|slot| slot.latest().value), held);
                let range = byte.saturating_sub(40)..byte + 9;
                let found: Vec<u64> = slots.overlapping(instance, range.clone()).map(|(key, _)| key).collect();
                let reaches = |(at, slot): &(&u64, &Shared<Slot>)| {
                    let Location { instance: other, byte } = location(**at);
                    other == instance && byte < range.end && byte + slot.width.bytes() > range.start
                };
                let wanted: Vec<u64> = map.iter().filter(reaches).map(|(at, _)| *at).collect();
                prop_assert_eq!(found, wanted);
            }
            prop_assert_eq!(keys(&slots), map.keys().copied().collect::<Vec<_>>());
            let mut anew = Slots::default();
            map.iter().rev().for_each(|(at, slot)| anew.insert(*at, slot.clone()));
            prop_assert_eq!(digest(&slots), digest(&anew));
            prop_assert!(slots == anew);
            prop_assert_eq!(slots.of_instances_mut(|_| true).map(|(key, _)| key).collect::<Vec<_>>(), keys(&anew));
        }
    }

    #[test]
    fn what_is_shared_is_changed_for_one() {
        let at = key(Location { instance: 1, byte: 260 });
        let mut mine = Slots::default();
        mine.insert(at, slot(Width::Four, 1));
        mine.insert(key(Location { instance: 1, byte: 0 }), slot(Width::Four, 2));
        let theirs = mine.clone();
        mine.change(|slot| slot.latest().value == 1, |_, slot| slot.messages[0].value = 7);
        assert_eq!((mine[&at].latest().value, theirs[&at].latest().value), (7, 1));
        assert!(mine != theirs && digest(&mine) != digest(&theirs));
        assert!(mine.get(&u64::MAX).is_none() && mine.get_mut(&(1 << 63)).is_none());
    }
}
