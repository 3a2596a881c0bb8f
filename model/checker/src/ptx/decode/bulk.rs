//! Copies by the async proxy: `cp.async.bulk`, `cp.reduce.async.bulk`, `st.async`, `red.async`, their groups, and
//! `fence.proxy.async` (PTX ISA, "Data Movement and Conversion Instructions: Bulk copy", `st.async`, `red.async`,
//! `membar`/`fence`).
//!
//! Each becomes one step, which starts a copy ([`crate::ptx::copies`] says what that is). Not decoded: tensor copies
//! (`cp.async.bulk.tensor`), which need a tensor map; masks of bytes; 8-bit floats.

use super::access::{OPERATIONS, SCOPES, atomic_kind, elements, width};
use super::modifiers::Modifiers;
use super::{Decoder, NotUnderstood, Understood};
use crate::program::{AtomicFunction, AtomicKind, Width, Window};
use crate::ptx::code::step::{BulkCopy, BulkSource, Proxy, Space};
use crate::ptx::code::{Source, Step};
use crate::ptx::syntax::Operand;
use arverify_protocol::ir::{AtomicOperation, Order, Scope};

const COMPLETES_OBJECT: &str = "mbarrier::complete_tx::bytes";

const SPACES: [(&str, Space); 4] = [
    ("global", Space::Global),
    ("shared::cta", Space::Shared),
    ("shared::cluster", Space::Cluster),
    ("shared", Space::Shared),
];

const WINDOWS: [(&str, Window); 4] = [
    ("global", Window::Global),
    ("shared::cta", Window::Block),
    ("shared::cluster", Window::Cluster),
    ("shared", Window::Block),
];

impl Decoder<'_> {
    /// `cp.async.bulk` and `cp.reduce.async.bulk`, behind `.async.bulk`.
    pub(super) fn bulk(&mut self, mut modifiers: Modifiers, operands: &[Operand], reduces: bool) -> Understood<()> {
        if modifiers.has("tensor") {
            return Err(NotUnderstood("tensor copies are not modelled: they need a tensor map".into()));
        }
        if modifiers.has("commit_group") {
            modifiers.finish()?;
            let [] = self.exactly(operands)?;
            self.emit(Step::CommitBulk { proxy: Proxy::Async });
            return Ok(());
        }
        if modifiers.has("wait_group") {
            let reads = modifiers.has("read");
            modifiers.finish()?;
            let [remaining] = self.exactly(operands)?;
            let remaining = self.immediate(remaining)?;
            let remaining = u32::try_from(remaining).map_err(|_| NotUnderstood("expected a small number".into()))?;
            self.emit(Step::AwaitBulk { proxy: Proxy::Async, remaining, reads });
            return Ok(());
        }
        let cached = modifiers.has("L2::cache_hint");
        modifiers.drop_cache_hints();
        if modifiers.has("prefetch") {
            // It says nothing about values or order.
            modifiers.has("L2");
            modifiers.must("the source", &[("global", ())])?;
            modifiers.finish()?;
            self.emit(Step::Nothing);
            return Ok(());
        }
        self.bulk_copy(modifiers, operands, (reduces, cached))
    }

    fn bulk_copy(
        &mut self,
        mut modifiers: Modifiers,
        operands: &[Operand],
        (reduces, cached): (bool, bool),
    ) -> Understood<()> {
        let to = modifiers.must("the destination", &SPACES)?;
        let from = modifiers.must("the source", &SPACES)?;
        let object = modifiers.must("how it completes", &[(COMPLETES_OBJECT, true), ("bulk_group", false)])?;
        let multicast = modifiers.has("multicast::cluster");
        let combines = if reduces { Some(reduction(&mut modifiers)?) } else { None };
        modifiers.finish()?;
        let shared = |space| matches!(space, Space::Shared | Space::Cluster);
        let fits = match (from, to, object) {
            (Space::Global, to, true) => shared(to) && !reduces,
            (Space::Shared, Space::Cluster, true) => !multicast,
            (Space::Shared, Space::Global, false) => !multicast,
            _ => false,
        };
        if !fits {
            return Err(NotUnderstood(
                "there is no such copy: these places and this completion do not go together".into(),
            ));
        }
        let mut rest = operands.iter();
        let mut next = |what: &str| rest.next().ok_or_else(|| NotUnderstood(format!("expected {what}")));
        let (destination, source) = (next("a destination")?, next("a source")?);
        let bytes = next("a size")?;
        let signals = if object { Some(next("an mbarrier object")?) } else { None };
        let blocks = if multicast { Some(next("a mask of blocks")?) } else { None };
        if cached {
            next("a cache policy")?;
        }
        if rest.next().is_some() {
            return Err(NotUnderstood("one operand too many".into()));
        }
        let (to, from) = ((to, self.address(destination)?.0), BulkSource::Memory(from, self.address(source)?.0));
        let bytes = self.word(bytes)?;
        let blocks = blocks.map(|blocks| self.word(blocks)).transpose()?;
        // The object lies in the memory that is written: of this block, or of the one of the destination.
        let (signals, proxy) = (signals.map(|object| self.signal(object)).transpose()?, Proxy::Async);
        self.emit(Step::Bulk(Box::new(BulkCopy { proxy, to, from, bytes, combines, signals, blocks })));
        Ok(())
    }

    /// An mbarrier object that is told of completed bytes.
    pub(super) fn signal(
        &mut self,
        object: &Operand,
    ) -> Understood<(Space, crate::ptx::code::step::Address, AtomicFunction)> {
        let kind = if self.counts_pending { AtomicKind::MbarrierWhole } else { AtomicKind::Mbarrier };
        let function = AtomicFunction { operation: AtomicOperation::Add, kind };
        Ok((Space::Cluster, self.address(object)?.0, function))
    }

    /// `st.async` and `red.async`, behind `.async`.
    pub(super) fn store_async(&mut self, name: &str, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        modifiers.one_of(&[("weak", Order::Weak), ("relaxed", Order::Relaxed)]);
        if modifiers.one_of(&SCOPES).is_some_and(|scope| scope != Scope::Cluster) {
            return Err(NotUnderstood("expected `.cluster`: other scopes are not modelled".into()));
        }
        modifiers.has("shared::cluster");
        if !modifiers.has(COMPLETES_OBJECT) {
            return Err(NotUnderstood(format!("expected `.{COMPLETES_OBJECT}`")));
        }
        let reduces = name == "red";
        let operation = if reduces { Some(modifiers.must("an operation", &OPERATIONS)?) } else { None };
        let count = modifiers.vector();
        let kind = modifiers.kind()?;
        modifiers.finish()?;
        let width = width(kind)?;
        if !matches!(width, Width::Four | Width::Eight) || reduces && count > 1 {
            return Err(NotUnderstood("there is no such type here".into()));
        }
        let combines = match operation {
            Some(operation) => Some((AtomicFunction { operation, kind: atomic_kind(operation, kind)? }, width)),
            None => None,
        };
        let [to, value, object] = self.exactly(operands)?;
        let to = (Space::Cluster, self.address(to)?.0);
        let values = elements(value, count)?.iter().map(|value| self.source(value, kind)).collect::<Result<_, _>>()?;
        let bytes = Source::Constant(width.bytes() * count as u64);
        let signals = Some(self.signal(object)?);
        let from = BulkSource::Values(values, width);
        self.emit(Step::Bulk(Box::new(BulkCopy {
            proxy: Proxy::Async,
            to,
            from,
            bytes,
            combines,
            signals,
            blocks: None,
        })));
        Ok(())
    }

    /// `fence.proxy.async`, behind `.proxy`.
    pub(super) fn proxy_fence(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        modifiers.must("a proxy", &[("async", ())])?;
        let window = modifiers.one_of(&WINDOWS).unwrap_or(Window::All);
        modifiers.finish()?;
        let [] = self.exactly(operands)?;
        self.emit(Step::ProxyFence { window });
        Ok(())
    }
}

/// Operation and type of `cp.reduce.async.bulk`.
fn reduction(modifiers: &mut Modifiers) -> Understood<(AtomicFunction, Width)> {
    let operation = modifiers.must("an operation", &OPERATIONS)?;
    modifiers.has("noftz");
    let kind = modifiers.kind()?;
    if matches!(operation, AtomicOperation::Exchange | AtomicOperation::CompareSwap) {
        return Err(NotUnderstood("there is no such reduction".into()));
    }
    Ok((AtomicFunction { operation, kind: atomic_kind(operation, kind)? }, width(kind)?))
}
