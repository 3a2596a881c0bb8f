//! The device functions that a kernel uses: one for each kind of operation, order and scope.
//!
//! Each is one PTX instruction whose mnemonic is put together here from the operation's own order, scope and type. This
//! is the only place where a protocol's synchronisation becomes PTX. The compiler sees volatile assembly that clobbers
//! memory, so it neither moves, merges nor drops an operation, and never turns a load of shared data into a
//! non-coherent one.

use crate::error::RenderError;
use arverify_protocol::ir::{AtomicOperation, Compare, Order, Reduction, Semantics};
use askama::Template;
use std::collections::{BTreeMap, BTreeSet};

/// The functions used so far, by name, in the order in which they are printed.
#[derive(Debug, Default)]
pub(crate) struct DeviceFunctions {
    loads: BTreeMap<String, String>,
    stores: BTreeMap<String, String>,
    atomics: BTreeMap<String, AtomicFunction>,
    fences: BTreeMap<String, String>,
    barriers: BTreeSet<Barrier>,
    awaits: BTreeMap<String, AwaitFunction>,
    packets: BTreeMap<String, String>,
    receipts: BTreeMap<String, ReceiveFunction>,
    /// Words that are sent or received, and whether one must not look like the sentinel.
    words: Option<bool>,
    /// Vectors and elements: whether data is moved at all.
    data: bool,
    reductions: BTreeSet<&'static str>,
}

#[derive(Debug)]
struct AtomicFunction {
    mnemonic: String,
    returns: bool,
    compares: bool,
}

#[derive(Debug)]
struct AwaitFunction {
    load: String,
    condition: &'static str,
}

#[derive(Debug)]
struct ReceiveFunction {
    load: String,
    mnemonic: String,
    packet: bool,
}

/// The forms of a barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Barrier {
    /// `bar.sync 0`
    BlockSync,
    /// `bar.red.or.pred 0`: the same, and tells every thread whether one has expired.
    BlockSyncAny,
    /// `bar.sync id, count`
    Sync,
    /// `bar.red.or.pred id, count`
    SyncAny,
    /// `bar.arrive id, count`
    Arrive,
}

impl DeviceFunctions {
    /// The function that loads a word.
    pub(crate) fn load(&mut self, semantics: Semantics, line: u32) -> Result<String, RenderError> {
        if matches!(semantics.order, Order::Release | Order::AcqRel | Order::Sc) {
            return Err(RenderError::Order { line, operation: "load" });
        }
        let name = format!("load_{}", underscored(semantics));
        self.loads.insert(name.clone(), format!("ld.{}.global.u32", semantics));
        Ok(name)
    }

    /// The function that stores a word.
    pub(crate) fn store(&mut self, semantics: Semantics, line: u32) -> Result<String, RenderError> {
        if matches!(semantics.order, Order::Acquire | Order::AcqRel | Order::Sc) {
            return Err(RenderError::Order { line, operation: "store" });
        }
        let name = format!("store_{}", underscored(semantics));
        self.stores.insert(name.clone(), format!("st.{}.global.u32", semantics));
        Ok(name)
    }

    /// The function that modifies a word. PTX's `red` knows neither acquire nor exchange: those become an `atom` whose
    /// result nobody reads.
    pub(crate) fn atomic(
        &mut self,
        operation: AtomicOperation,
        semantics: Semantics,
        returns: bool,
        line: u32,
    ) -> Result<String, RenderError> {
        if matches!(semantics.order, Order::Weak | Order::Volatile | Order::Sc) {
            return Err(RenderError::Order { line, operation: "atomic" });
        }
        let compares = operation == AtomicOperation::CompareSwap;
        let acquires = matches!(semantics.order, Order::Acquire | Order::AcqRel);
        let atom = returns || acquires || compares || operation == AtomicOperation::Exchange;
        let (instruction, beginning) = if atom { ("atom", "atomic") } else { ("red", "red") };
        let (function, kind) = atomic_function(operation);
        let name = format!("{beginning}_{function}_{}", underscored(semantics));
        let mnemonic = format!("{instruction}.{}.global.{function}.{kind}", semantics);
        self.atomics.insert(name.clone(), AtomicFunction { mnemonic, returns: atom, compares });
        Ok(name)
    }

    /// The function that is a fence.
    pub(crate) fn fence(&mut self, semantics: Semantics, line: u32) -> Result<String, RenderError> {
        if !matches!(semantics.order, Order::AcqRel | Order::Sc) {
            return Err(RenderError::Order { line, operation: "fence" });
        }
        let name = format!("fence_{}", underscored(semantics));
        self.fences.insert(name.clone(), format!("fence.{}", semantics));
        Ok(name)
    }

    /// The function that waits for a word.
    pub(crate) fn await_word(
        &mut self,
        semantics: Semantics,
        compare: Compare,
        line: u32,
    ) -> Result<String, RenderError> {
        if semantics.order == Order::Weak {
            return Err(RenderError::Order { line, operation: "await" });
        }
        let load = self.load(semantics, line)?;
        let (word, condition) = comparison(compare);
        let name = format!("await_{}_{word}", underscored(semantics));
        self.awaits.insert(name.clone(), AwaitFunction { load, condition });
        Ok(name)
    }

    /// The function that stores data and flag at once.
    pub(crate) fn send_packet(&mut self, semantics: Semantics, line: u32) -> Result<String, RenderError> {
        if matches!(semantics.order, Order::Acquire | Order::AcqRel | Order::Sc) {
            return Err(RenderError::Order { line, operation: "send" });
        }
        let name = format!("send_packet_{}", underscored(semantics));
        self.packets.insert(name.clone(), format!("st.{}.global.u64", semantics));
        Ok(name)
    }

    /// The function that waits for a word or packet and hands on its data.
    pub(crate) fn receive(&mut self, semantics: Semantics, packet: bool, line: u32) -> Result<String, RenderError> {
        if !matches!(semantics.order, Order::Volatile | Order::Relaxed | Order::Acquire) {
            return Err(RenderError::Order { line, operation: "receive" });
        }
        let (what, suffix) = if packet { ("packet", "u64") } else { ("word", "u32") };
        let name = format!("receive_{what}_{}", underscored(semantics));
        let load = match packet {
            true => format!("load_packet_{}", underscored(semantics)),
            false => self.load(semantics, line)?,
        };
        let mnemonic = format!("ld.{}.global.{suffix}", semantics);
        self.receipts.insert(name.clone(), ReceiveFunction { load, mnemonic, packet });
        Ok(name)
    }

    /// Notes that words are sent or received; `sentinel`: none may look like it.
    pub(crate) fn move_words(&mut self, sentinel: bool) {
        self.data = true;
        self.words = Some(sentinel || self.words == Some(true));
    }

    /// Whether words are sent or received, and whether one must not look like the sentinel.
    pub(crate) fn moves_words(&self) -> Option<bool> {
        self.words
    }

    /// Notes that a form of barrier is used.
    pub(crate) fn barrier(&mut self, barrier: Barrier) {
        self.barriers.insert(barrier);
    }

    /// Notes that vectors and elements are moved.
    pub(crate) fn move_data(&mut self) {
        self.data = true;
    }

    /// The function that combines two vectors or elements.
    pub(crate) fn combine(&mut self, reduction: Reduction) -> &'static str {
        let name = match reduction {
            Reduction::Sum => "sum",
            Reduction::Max => "maximum",
            Reduction::Min => "minimum",
        };
        self.data = true;
        self.reductions.insert(name);
        name
    }

    /// Names of the functions that combine elements.
    pub(crate) fn reductions(&self) -> &BTreeSet<&'static str> {
        &self.reductions
    }

    /// Whether vectors and elements are moved.
    pub(crate) fn moves_data(&self) -> bool {
        self.data
    }

    /// The PTX mnemonics of the synchronising operations in use, each once: strong accesses, fences and barriers.
    pub(crate) fn mnemonics(&self) -> BTreeMap<String, String> {
        let plain = [&self.loads, &self.stores, &self.packets, &self.fences].into_iter().flatten();
        let receipts = self.receipts.values().map(|function| (function.load.clone(), function.mnemonic.clone()));
        let atomics = self.atomics.iter().map(|(name, function)| (name.clone(), function.mnemonic.clone()));
        plain.map(|(name, mnemonic)| (name.clone(), mnemonic.clone())).chain(atomics).chain(receipts).collect()
    }

    /// The functions as CUDA. `deadline`: awaits give up.
    pub(crate) fn render(&self, deadline: bool) -> Result<String, RenderError> {
        let mut text = Vec::new();
        for (name, mnemonic) in &self.loads {
            text.push(LoadTemplate { name, mnemonic }.render()?);
        }
        for (name, mnemonic) in &self.stores {
            text.push(StoreTemplate { name, mnemonic }.render()?);
        }
        for (name, mnemonic) in &self.packets {
            text.push(SendPacketTemplate { name, mnemonic }.render()?);
        }
        for (name, AtomicFunction { mnemonic, returns, compares }) in &self.atomics {
            text.push(AtomicTemplate { name, mnemonic, returns: *returns, compares: *compares }.render()?);
        }
        for (name, mnemonic) in &self.fences {
            text.push(FenceTemplate { name, mnemonic }.render()?);
        }
        for barrier in &self.barriers {
            text.push(BarrierTemplate { barrier: *barrier }.render()?);
        }
        if deadline && !(self.awaits.is_empty() && self.receipts.is_empty()) {
            text.push(DeadlineTemplate {}.render()?);
        }
        for (name, AwaitFunction { load, condition }) in &self.awaits {
            text.push(AwaitTemplate { name, load, condition, deadline }.render()?);
        }
        for (name, ReceiveFunction { load, mnemonic, packet }) in &self.receipts {
            let packet = *packet;
            let (_, condition) = comparison(if packet { Compare::Equal } else { Compare::NotEqual });
            let (word, data) = if packet { ("u64", "u32(value >> 32)") } else { ("u32", "value") };
            text.push(ReceiveTemplate { name, load, mnemonic, condition, packet, word, data, deadline }.render()?);
        }
        Ok(text.join("\n\n"))
    }
}

#[derive(Template)]
#[template(path = "operation/load.cuh")]
struct LoadTemplate<'a> {
    name: &'a str,
    mnemonic: &'a str,
}

#[derive(Template)]
#[template(path = "operation/store.cuh")]
struct StoreTemplate<'a> {
    name: &'a str,
    mnemonic: &'a str,
}

#[derive(Template)]
#[template(path = "operation/send_packet.cuh")]
struct SendPacketTemplate<'a> {
    name: &'a str,
    mnemonic: &'a str,
}

#[derive(Template)]
#[template(path = "operation/receive.cuh")]
struct ReceiveTemplate<'a> {
    name: &'a str,
    load: &'a str,
    mnemonic: &'a str,
    condition: &'a str,
    packet: bool,
    word: &'a str,
    data: &'a str,
    deadline: bool,
}

#[derive(Template)]
#[template(path = "operation/atomic.cuh")]
struct AtomicTemplate<'a> {
    name: &'a str,
    mnemonic: &'a str,
    returns: bool,
    compares: bool,
}

#[derive(Template)]
#[template(path = "operation/fence.cuh")]
struct FenceTemplate<'a> {
    name: &'a str,
    mnemonic: &'a str,
}

#[derive(Template)]
#[template(path = "operation/barrier.cuh")]
struct BarrierTemplate {
    barrier: Barrier,
}

#[derive(Template)]
#[template(path = "operation/deadline.cuh")]
struct DeadlineTemplate {}

#[derive(Template)]
#[template(path = "operation/await.cuh")]
struct AwaitTemplate<'a> {
    name: &'a str,
    load: &'a str,
    condition: &'a str,
    deadline: bool,
}

fn underscored(semantics: Semantics) -> String {
    semantics.to_string().replace('.', "_")
}

fn atomic_function(operation: AtomicOperation) -> (&'static str, &'static str) {
    match operation {
        AtomicOperation::Add => ("add", "u32"),
        AtomicOperation::Exchange => ("exch", "b32"),
        AtomicOperation::CompareSwap => ("cas", "b32"),
        AtomicOperation::Min => ("min", "u32"),
        AtomicOperation::Max => ("max", "u32"),
        AtomicOperation::And => ("and", "b32"),
        AtomicOperation::Or => ("or", "b32"),
        AtomicOperation::Xor => ("xor", "b32"),
        AtomicOperation::Increment => ("inc", "u32"),
        AtomicOperation::Decrement => ("dec", "u32"),
    }
}

fn comparison(compare: Compare) -> (&'static str, &'static str) {
    match compare {
        Compare::Equal => ("equal", "seen == wanted"),
        Compare::NotEqual => ("not_equal", "seen != wanted"),
        Compare::Less => ("less", "seen < wanted"),
        Compare::LessEqual => ("less_equal", "seen <= wanted"),
        Compare::Greater => ("greater", "seen > wanted"),
        Compare::GreaterEqual => ("greater_equal", "seen >= wanted"),
        Compare::Reached => ("reached", "int(seen - wanted) >= 0"),
    }
}
