//! Memory that ranks share, as raw bytes behind checked accesses.
//!
//! A [`View`] is a pointer with a length. Words are atomics with the order the protocol gives them. Data is copied as
//! plain bytes, into and out of local arrays, and no reference to shared data is ever made.
//!
//! Why plain copies are sound: the accesses of data phases are weak in the protocol, and the protocol was verified to
//! have no data race under the PTX memory model, for launches of one length from the initial contents, or, where its
//! certificate says so, for launches of any length up to the capacity by which all memory here is laid out; the ledger sees
//! to it that nothing else is run. Every happens-before edge of that proof exists here, because each strong operation
//! is performed with a Rust order at least as strong, and the threads of a block, which share one operating-system
//! thread, are ordered more strongly than a barrier orders them. Every access is checked against the buffer's end, so
//! that damage to a protocol costs an error. What rests on the certificate is the absence of races alone.
//!
//! Not modelled: scopes (all are the process) and proxies.

use crate::number::Number;
use arverify_protocol::ir::{AtomicOperation, Order};
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

/// Bytes of a cache line, to which every instance is aligned.
#[repr(C, align(64))]
#[derive(Clone, Copy)]
struct Line([u8; 64]);

/// One rank's instance of a buffer.
pub(crate) struct Instance {
    lines: Box<[UnsafeCell<Line>]>,
    bytes: usize,
}

// SAFETY: the lines are reached through `View` only, whose methods state what keeps concurrent use sound.
unsafe impl Send for Instance {}
// SAFETY: as above.
unsafe impl Sync for Instance {}

impl Instance {
    /// Zeroed memory of at least this many bytes; `None` when there is not enough.
    pub(crate) fn new(bytes: usize) -> Option<Instance> {
        let count = bytes.div_ceil(size_of::<Line>());
        let mut lines = Vec::new();
        lines.try_reserve_exact(count).ok()?;
        lines.resize_with(count, || UnsafeCell::new(Line([0; 64])));
        Some(Instance { lines: lines.into_boxed_slice(), bytes })
    }

    /// The first `bytes` bytes, or `None` when there are fewer.
    pub(crate) fn view(&self, bytes: usize) -> Option<View> {
        let pointer = UnsafeCell::raw_get(self.lines.as_ptr()).cast::<u8>();
        (bytes <= self.bytes).then_some(View { pointer, bytes })
    }
}

/// Memory in use by several threads. Whoever holds one must not outlive what it points into.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    pointer: *mut u8,
    bytes: usize,
}

// SAFETY: a view is a pointer; what is done through it is argued at each method.
unsafe impl Send for View {}
// SAFETY: as above.
unsafe impl Sync for View {}

/// An access beyond the end of a buffer, or at an address no word has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutOfBounds;

impl View {
    /// A view of the caller's memory.
    ///
    /// # Safety
    /// As long as the view or a copy of it is used, `pointer` must be valid for reads of `bytes` bytes, and for writes
    /// if anything is written through the view, and the memory must not be used in any other way.
    pub(crate) unsafe fn of_caller(pointer: *mut u8, bytes: usize) -> View {
        View { pointer, bytes }
    }

    /// Its length in bytes.
    pub(crate) fn bytes(self) -> usize {
        self.bytes
    }

    fn start(self, first: u64, count: usize, element: usize) -> Result<*mut u8, OutOfBounds> {
        let first = usize::try_from(first).map_err(|_| OutOfBounds)?;
        let offset = first.checked_mul(element).ok_or(OutOfBounds)?;
        let length = count.checked_mul(element).ok_or(OutOfBounds)?;
        let end = offset.checked_add(length).ok_or(OutOfBounds)?;
        if end > self.bytes {
            return Err(OutOfBounds);
        }
        // SAFETY: the offset lies within the memory that the view stands for, or one past it.
        Ok(unsafe { self.pointer.add(offset) })
    }

    fn word(&self, index: u64) -> Result<&AtomicU32, OutOfBounds> {
        let pointer = self.start(index, 1, size_of::<u32>())?.cast::<u32>();
        if !pointer.is_aligned() {
            return Err(OutOfBounds);
        }
        // SAFETY: in bounds and aligned. Word buffers are reached through this method alone while several threads use
        // them, so every access to the word is atomic.
        Ok(unsafe { AtomicU32::from_ptr(pointer) })
    }

    /// Loads a word. Weak and volatile loads are relaxed, which is at least as strong.
    pub(crate) fn load(self, index: u64, order: Order) -> Result<u32, OutOfBounds> {
        Ok(self.word(index)?.load(loading(order)))
    }

    /// Stores a word.
    pub(crate) fn store(self, index: u64, value: u32, order: Order) -> Result<(), OutOfBounds> {
        self.word(index)?.store(value, storing(order));
        Ok(())
    }

    fn packet(&self, index: u64) -> Result<&AtomicU64, OutOfBounds> {
        let pointer = self.start(index, 1, size_of::<u64>())?.cast::<u64>();
        if !pointer.is_aligned() {
            return Err(OutOfBounds);
        }
        // SAFETY: in bounds and aligned. Buffers of packets are reached through this method alone while several threads
        // use them, so every access to the packet is atomic.
        Ok(unsafe { AtomicU64::from_ptr(pointer) })
    }

    /// Loads a word, or a packet: data and flag at once.
    pub(crate) fn load_marked(self, index: u64, packet: bool, order: Order) -> Result<u64, OutOfBounds> {
        if packet { Ok(self.packet(index)?.load(loading(order))) } else { self.load(index, order).map(u64::from) }
    }

    /// Stores a word, or a packet.
    pub(crate) fn store_marked(self, index: u64, value: u64, packet: bool, order: Order) -> Result<(), OutOfBounds> {
        if !packet {
            return self.store(index, value as u32, order);
        }
        self.packet(index)?.store(value, storing(order));
        Ok(())
    }

    /// Reads the elements of one word, the first into the low bits.
    ///
    /// # Safety
    /// No other thread may write these elements at the same time.
    pub(crate) unsafe fn take(self, first: u64, elements: u32, element: usize) -> Result<u32, OutOfBounds> {
        let count = (elements as usize).min(size_of::<u32>() / element);
        let from = self.start(first, count, element)?;
        let mut word = [0; size_of::<u32>()];
        // SAFETY: in bounds, and at most the 4 bytes of the array, which is local; the caller excludes writers.
        unsafe { std::ptr::copy_nonoverlapping(from, word.as_mut_ptr(), count * element) };
        Ok(u32::from_le_bytes(word))
    }

    /// Writes the elements of one word, the first from the low bits.
    ///
    /// # Safety
    /// No other thread may access these elements at the same time.
    pub(crate) unsafe fn put(self, first: u64, elements: u32, element: usize, word: u32) -> Result<(), OutOfBounds> {
        let count = (elements as usize).min(size_of::<u32>() / element);
        let to = self.start(first, count, element)?;
        // SAFETY: in bounds, and at most the 4 bytes of the array, which is local; the caller excludes other threads.
        unsafe { std::ptr::copy_nonoverlapping(word.to_le_bytes().as_ptr(), to, count * element) };
        Ok(())
    }

    /// Reads, modifies and writes a word; the value before.
    pub(crate) fn atomic(
        self,
        index: u64,
        operation: AtomicOperation,
        operand: u32,
        expected: u32,
        order: Order,
    ) -> Result<u32, OutOfBounds> {
        let (set, fetch) = match order {
            Order::Weak | Order::Volatile | Order::Relaxed => (Ordering::Relaxed, Ordering::Relaxed),
            Order::Acquire => (Ordering::Acquire, Ordering::Acquire),
            Order::Release => (Ordering::Release, Ordering::Relaxed),
            Order::AcqRel => (Ordering::AcqRel, Ordering::Acquire),
            Order::Sc => (Ordering::SeqCst, Ordering::SeqCst),
        };
        let word = self.word(index)?;
        let next = |old| Some(operation.apply(old, operand, expected));
        Ok(word.fetch_update(set, fetch, next).unwrap_or_else(|old| old))
    }

    /// Copies `count` elements from a row of `source`; the two may be the same memory.
    ///
    /// # Safety
    /// No other thread may access the elements written, or write the elements read, at the same time.
    pub(crate) unsafe fn copy_from(
        self,
        first: u64,
        source: View,
        source_first: u64,
        count: usize,
        element: usize,
    ) -> Result<(), OutOfBounds> {
        let to = self.start(first, count, element)?;
        let from = source.start(source_first, count, element)?;
        // SAFETY: both ranges are in bounds; `copy` allows them to overlap; the caller excludes other threads.
        unsafe { std::ptr::copy(from, to, count * element) };
        Ok(())
    }

    /// Reads elements into a local array.
    ///
    /// # Safety
    /// No other thread may write these elements at the same time.
    pub(crate) unsafe fn read<N: Number>(self, first: u64, elements: &mut [N]) -> Result<(), OutOfBounds> {
        let from = self.start(first, elements.len(), size_of::<N>())?;
        // SAFETY: in bounds; the array is local, so they do not overlap; every bit pattern is an `N`; the caller
        // excludes writers.
        unsafe { std::ptr::copy_nonoverlapping(from, elements.as_mut_ptr().cast::<u8>(), size_of_val(elements)) };
        Ok(())
    }

    /// Writes elements from a local array.
    ///
    /// # Safety
    /// No other thread may access these elements at the same time.
    pub(crate) unsafe fn write<N: Number>(self, first: u64, elements: &[N]) -> Result<(), OutOfBounds> {
        let to = self.start(first, elements.len(), size_of::<N>())?;
        // SAFETY: in bounds; the array is local, so they do not overlap; an `N` has no padding; the caller excludes
        // other threads.
        unsafe { std::ptr::copy_nonoverlapping(elements.as_ptr().cast::<u8>(), to, size_of_val(elements)) };
        Ok(())
    }

    /// Gives every element of 2 or 4 bytes the value whose low bits these are.
    ///
    /// # Safety
    /// No other thread may access the memory at the same time.
    pub(crate) unsafe fn fill(self, bits: u32, element: usize) -> Result<(), OutOfBounds> {
        let bytes = bits.to_le_bytes();
        for index in 0..self.bytes / element {
            let to = self.start(index as u64, 1, element)?;
            // SAFETY: in bounds, and `element` is at most 4; the caller excludes other threads.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, element.min(bytes.len())) };
        }
        Ok(())
    }
}

fn loading(order: Order) -> Ordering {
    match order {
        Order::Acquire | Order::AcqRel => Ordering::Acquire,
        Order::Sc => Ordering::SeqCst,
        Order::Weak | Order::Volatile | Order::Relaxed | Order::Release => Ordering::Relaxed,
    }
}

fn storing(order: Order) -> Ordering {
    match order {
        Order::Release | Order::AcqRel => Ordering::Release,
        Order::Sc => Ordering::SeqCst,
        Order::Weak | Order::Volatile | Order::Relaxed | Order::Acquire => Ordering::Relaxed,
    }
}

/// A fence.
pub(crate) fn fence_with(order: Order) {
    match order {
        Order::Sc => fence(Ordering::SeqCst),
        Order::AcqRel => fence(Ordering::AcqRel),
        Order::Acquire => fence(Ordering::Acquire),
        Order::Release => fence(Ordering::Release),
        Order::Weak | Order::Volatile | Order::Relaxed => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_reached_beyond_the_end() {
        let instance = Instance::new(100).unwrap();
        let view = instance.view(100).unwrap();
        assert!(instance.view(101).is_none());
        assert_eq!(view.load(24, Order::Acquire), Ok(0));
        assert_eq!(view.load(25, Order::Acquire), Err(OutOfBounds));
        assert_eq!(view.load(u64::MAX, Order::Acquire), Err(OutOfBounds));
        assert_eq!(view.store(25, 1, Order::Release), Err(OutOfBounds));
        // SAFETY: no other thread has the view.
        assert_eq!(unsafe { view.read(48, &mut [0.0_f32; 2]) }, Err(OutOfBounds));
        // SAFETY: no other thread has the view.
        assert_eq!(unsafe { view.copy_from(0, view, 90, 20, 1) }, Err(OutOfBounds));
    }

    #[test]
    fn atomics_return_what_was_there() {
        let instance = Instance::new(4).unwrap();
        let view = instance.view(4).unwrap();
        assert_eq!(view.atomic(0, AtomicOperation::Add, 5, 0, Order::AcqRel), Ok(0));
        assert_eq!(view.atomic(0, AtomicOperation::CompareSwap, 9, 4, Order::Relaxed), Ok(5));
        assert_eq!(view.atomic(0, AtomicOperation::CompareSwap, 9, 5, Order::Release), Ok(5));
        assert_eq!(view.load(0, Order::Relaxed), Ok(9));
    }
}
