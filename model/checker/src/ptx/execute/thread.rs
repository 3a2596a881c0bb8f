//! The state of a thread between operations.
//!
//! As small as it can be, for there are as many as a whole grid has threads: what an operation delivers goes where the
//! instruction before the program counter says, so nothing pending is stored.

use super::bulk::Started;
use super::origins::Origins;
use super::taint::Taint;
use super::updates::Updates;
use crate::ptx::code::{Code, Pc, Register};
use crate::ptx::copies::Work;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

/// A thread: program counter, registers, own memory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PtxThread {
    /// The next instruction.
    pub(super) pc: Pc,
    /// Something happened that cannot be reported where it happened.
    pub(super) broken: Option<Broken>,
    /// Slots; bits zero-extended.
    pub(super) registers: Box<[u64]>,
    /// Local memory.
    pub(super) local: Box<[u8]>,
    /// Operations so far that are not of the kernel.
    outside: u32,
    /// It has called for the launch that depends on its own.
    called: bool,
    /// Copies by the async proxy that it has started.
    pub(super) started: Option<Box<Started>>,
    /// It is such a copy.
    work: Option<Box<Work>>,
    /// Updates of one instruction that it has yet to make, where they come in another order than they stand in.
    pub(super) updates: Option<Box<Updates>>,
    /// Where values come from, if that is followed.
    pub(super) origins: Option<Box<Origins>>,
    /// What of its own is not known, if anything is.
    pub(super) taint: Option<Box<Taint>>,
}

/// Found out while a value was delivered; reported at the thread's next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Broken {
    /// The lane whose value was asked for did not take part.
    AbsentLane(u32),
    /// An mbarrier object that was waited for had been misused.
    Object,
}

impl PtxThread {
    /// A thread at the start of a kernel.
    pub(super) fn new(code: &Code, start: Pc) -> Self {
        Self {
            pc: start,
            broken: None,
            registers: vec![0; code.registers as usize].into(),
            local: vec![0; code.local_bytes as usize].into(),
            outside: 0,
            called: false,
            started: None,
            work: None,
            updates: None,
            origins: None,
            taint: None,
        }
    }

    /// Forgets registers whose values can reach nothing any more, so that threads which differ in them only are equal.
    pub fn forget(&mut self, dead: &[Range<u32>]) {
        for range in dead {
            if let Some(values) = self.registers.get_mut(range.start as usize..range.end as usize) {
                values.fill(0);
            }
        }
        if let Some(origins) = &mut self.origins {
            origins.registers.retain(|register, _| !dead.iter().any(|range| range.contains(register)));
        }
        if let Some(taint) = &mut self.taint {
            taint.forget(|register| dead.iter().any(|range| range.contains(&register)));
        }
    }

    /// The same, without where its values come from.
    pub(super) fn alone(&self) -> PtxThread {
        PtxThread {
            pc: self.pc,
            broken: self.broken,
            registers: self.registers.clone(),
            local: self.local.clone(),
            outside: self.outside,
            called: self.called,
            started: self.started.clone(),
            work: self.work.clone(),
            updates: self.updates.clone(),
            origins: None,
            taint: self.taint.clone(),
        }
    }

    /// The thread has ended: nothing of it matters.
    pub fn end(&mut self) {
        self.registers = Box::default();
        self.local = Box::default();
        self.origins = None;
        self.taint = None;
    }

    /// Digest of what the thread's future depends on where it stands before an instruction with these live registers;
    /// where they are not known, of all registers.
    pub fn digest(&self, pc: Pc, live: Option<&[Register]>) -> u64 {
        let mut hasher = DefaultHasher::new();
        (
            pc,
            self.broken,
            &self.local,
            self.outside,
            self.called,
            &self.updates,
            &self.started,
            &self.work,
            &self.taint,
        )
            .hash(&mut hasher);
        match live {
            Some(live) => live.iter().for_each(|live| self.registers.get(live.0 as usize).hash(&mut hasher)),
            None => self.registers.hash(&mut hasher),
        }
        hasher.finish()
    }

    /// Whether another stands at the same point, with the same in these registers and in its own memory.
    pub fn is_alike(&self, other: &PtxThread, live: &[Register]) -> bool {
        let rest = |thread: &PtxThread| (thread.pc, thread.broken, thread.outside, thread.called);
        rest(self) == rest(other)
            && self.local == other.local
            && self.updates == other.updates
            && self.started == other.started
            && self.origins == other.origins
            && self.taint == other.taint
            && live.iter().all(|register| self.value(*register) == other.value(*register))
    }

    /// Operations so far that are not of the kernel.
    pub fn outside(&self) -> u32 {
        self.outside
    }

    /// One more.
    pub fn step_outside(&mut self) {
        self.outside += 1;
    }

    /// Whether it has called for the launch that depends on its own.
    pub fn has_called(&self) -> bool {
        self.called
    }

    /// It calls for the launch that depends on its own.
    pub fn call(&mut self) {
        self.called = true;
    }

    /// A thread that is a copy, before its first operation.
    pub fn copy() -> PtxThread {
        let none: Box<[u64]> = Box::default();
        PtxThread {
            pc: 0,
            broken: None,
            registers: none,
            local: Box::default(),
            outside: 0,
            called: false,
            started: None,
            work: Some(Box::default()),
            updates: None,
            origins: None,
            taint: None,
        }
    }

    /// The copy that it is, if it is one.
    pub fn work(&mut self) -> Option<&mut Work> {
        self.work.as_deref_mut()
    }

    /// Whether it is a copy.
    pub fn is_copy(&self) -> bool {
        self.work.is_some()
    }

    /// What a register holds.
    pub fn value(&self, register: Register) -> u64 {
        self.registers.get(register.0 as usize).copied().unwrap_or(0)
    }

    /// The next instruction, for reports.
    pub fn pc(&self) -> Pc {
        self.pc
    }

    /// Bytes of a thread's state.
    pub fn bytes(code: &Code) -> u64 {
        size_of::<PtxThread>() as u64 + u64::from(code.registers) * 8 + u64::from(code.local_bytes)
    }
}
