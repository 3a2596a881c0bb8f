//! The opcode of an instruction as text, and stronger ones.
//!
//! Words are those of the PTX ISA: `ld{.sem}{.scope}…`, `st`, `atom`, `red`, `multimem.red`, `fence`, `membar`, `mbarrier.arrive`,
//! `barrier.cluster`. A word that is there is replaced where it stands; one that is not comes behind the name.

use crate::ptx::syntax::Instruction;
use arverify_protocol::ir::{Order, Span};

const ORDERS: [&str; 6] = ["weak", "volatile", "relaxed", "acquire", "release", "acq_rel"];
const SCOPES: [&str; 4] = ["cta", "cluster", "gpu", "sys"];

/// `ld.volatile.global.u32`, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Opcode {
    text: String,
    span: Span,
}

impl Opcode {
    pub(super) fn of(instruction: &Instruction, source: &str) -> Option<Opcode> {
        let Span { start, end } = instruction.span;
        let whole = source.get(start as usize..end as usize)?;
        let guard = match whole.strip_prefix('@') {
            Some(rest) => whole.len() - rest.trim_start_matches(|c: char| !c.is_whitespace()).trim_start().len(),
            None => 0,
        };
        let text = whole[guard..].split(|c: char| c.is_whitespace() || c == ';').next()?.to_owned();
        let start = start + u32::try_from(guard).ok()?;
        let end = start + u32::try_from(text.len()).ok()?;
        text.starts_with(&instruction.name).then_some(Opcode { text, span: start..end })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn span(&self) -> &Span {
        &self.span
    }

    fn words(&self) -> Vec<&str> {
        self.text.split('.').collect()
    }

    pub(super) fn name(&self) -> &str {
        self.text.split('.').next().unwrap_or_default()
    }

    /// The word of its order, with its index.
    fn order(&self) -> Option<(usize, &str)> {
        self.words().into_iter().enumerate().find(|(_, word)| ORDERS.contains(word))
    }

    fn scope(&self) -> Option<(usize, &str)> {
        self.words().into_iter().enumerate().find(|(_, word)| SCOPES.contains(word))
    }

    /// A fence orders what is strong.
    pub(super) fn is_strong_access(&self) -> bool {
        match self.name() {
            "ld" | "st" => self.order().is_some_and(|(_, order)| order != "weak"),
            "atom" | "red" | "multimem" => true,
            _ => false,
        }
    }

    fn with(&self, index: usize, word: &str) -> String {
        let mut words = self.words();
        words[index] = word;
        words.join(".")
    }

    fn with_behind_name(&self, added: &str) -> String {
        let (name, rest) = self.text.split_once('.').unwrap_or((&self.text, ""));
        format!("{name}.{added}.{rest}")
    }

    /// With the order that is missing, the weakest first; nothing where there is no such instruction.
    pub(super) fn ordered(&self, missing: Order) -> Vec<String> {
        let (may_release, may_acquire) = match self.name() {
            "ld" => (false, true),
            "st" | "red" | "multimem" => (true, false),
            "atom" => (true, true),
            "mbarrier" | "barrier" => (self.text.contains("arrive"), self.text.contains("wait")),
            _ => return Vec::new(),
        };
        let word = match missing {
            Order::Release if may_release => "release",
            Order::Acquire if may_acquire => "acquire",
            _ => return Vec::new(),
        };
        if self.words().contains(&"nc") {
            return Vec::new();
        }
        let words = if self.name() == "atom" { vec![word, "acq_rel"] } else { vec![word] };
        words.into_iter().filter_map(|word| self.with_order(word)).collect()
    }

    fn with_order(&self, word: &str) -> Option<String> {
        match (self.order(), self.name()) {
            (Some((index, "relaxed")), _) => Some(self.with(index, word)),
            (Some((index, known @ ("acquire" | "release"))), "atom") if word == "acq_rel" && known != word => {
                Some(self.with(index, word))
            }
            (Some((index, "volatile" | "weak")), _) => Some(self.with(index, &format!("{word}.sys"))),
            (None, "ld" | "st") => Some(self.with_behind_name(&format!("{word}.sys"))),
            (None, "atom" | "red") => {
                let scope = if self.scope().is_none() { ".gpu" } else { "" };
                Some(self.with_behind_name(&format!("{word}{scope}")))
            }
            _ => None,
        }
    }

    /// A weak access made a strong one.
    pub(super) fn made_strong(&self) -> Option<String> {
        if !matches!(self.name(), "ld" | "st") || self.words().contains(&"nc") {
            return None;
        }
        match self.order() {
            Some((index, "weak")) => Some(self.with(index, "relaxed.sys")),
            None => Some(self.with_behind_name("relaxed.sys")),
            Some(_) => None,
        }
    }

    /// One step weaker in order or scope.
    pub(super) fn weaker(&self) -> Vec<String> {
        let orders: &[&str] = match self.order() {
            Some((_, "acq_rel")) if self.name() != "fence" => &["release", "acquire"],
            Some((_, "acquire" | "release")) if self.name() != "fence" => &["relaxed"],
            _ => &[],
        };
        let orders = orders.iter().filter_map(|word| Some(self.with(self.order()?.0, word)));
        let is_scoped = matches!(self.name(), "ld" | "st" | "atom" | "red" | "multimem" | "fence");
        let scope = match self.scope().filter(|_| is_scoped) {
            Some((index, "sys")) => Some(self.with(index, "gpu")),
            Some((index, "gpu")) => Some(self.with(index, "cta")),
            _ => None,
        };
        let membar = match self.text.as_str() {
            "membar.sys" => Some("membar.gl".to_owned()),
            "membar.gl" => Some("membar.cta".to_owned()),
            _ => None,
        };
        orders.chain(scope).chain(membar).collect()
    }

    /// A strong load or store made a weak one.
    pub(super) fn made_weak(&self) -> Option<String> {
        if !matches!(self.name(), "ld" | "st") || !matches!(self.order()?.1, "volatile" | "relaxed") {
            return None;
        }
        let kept = |word: &&str| !ORDERS.contains(word) && !SCOPES.contains(word);
        Some(self.words().into_iter().filter(kept).collect::<Vec<_>>().join("."))
    }

    /// Whether it does nothing but synchronise.
    pub(super) fn only_synchronises(&self) -> bool {
        let is_barrier = ["bar.sync", "barrier.sync", "bar.warp.sync"].iter().any(|words| self.text.starts_with(words));
        is_barrier || matches!(self.name(), "fence" | "membar")
    }

    /// With the whole system as its scope.
    pub(super) fn of_system(&self) -> Option<String> {
        match (self.name(), self.scope()) {
            ("membar", _) if self.text != "membar.sys" => Some("membar.sys".to_owned()),
            ("ld" | "st" | "atom" | "red" | "multimem" | "fence", Some((index, "cta" | "cluster" | "gpu"))) => {
                Some(self.with(index, "sys"))
            }
            ("atom" | "red", None) if self.order().is_none() => Some(self.with_behind_name("relaxed.sys")),
            _ => None,
        }
    }
}

/// What a programmer writes for an opcode, where CUDA has a word for it.
pub(super) fn in_cuda(opcode: &str) -> String {
    let words: Vec<&str> = opcode.split('.').collect();
    let scope = match words.iter().find(|word| SCOPES.contains(word)) {
        Some(&"sys") => "system",
        Some(&"gpu") => "device",
        Some(&"cta") => "block",
        _ => return String::new(),
    };
    let Some(order) = words.iter().find(|word| ORDERS.contains(word)) else { return String::new() };
    let call = match words[0] {
        "ld" => format!("load(cuda::memory_order_{order})"),
        "st" => format!("store(…, cuda::memory_order_{order})"),
        "atom" | "red" => format!("fetch_…(…, cuda::memory_order_{order})"),
        "fence" => {
            return format!(" (`cuda::atomic_thread_fence(cuda::memory_order_{order}, cuda::thread_scope_{scope})`)");
        }
        _ => return String::new(),
    };
    format!(" (`cuda::atomic_ref<…, cuda::thread_scope_{scope}>(…).{call}`)")
}

/// What a programmer writes for an instruction that is put in.
pub(super) fn inserted_words(line: &str) -> String {
    match line {
        "bar.sync 0;" => "`__syncthreads();` (`bar.sync 0;`)".to_owned(),
        "fence.acq_rel.sys;" => "`__threadfence_system();` (`fence.acq_rel.sys;`)".to_owned(),
        "bar.warp.sync 0xffffffff;" => "`__syncwarp();` (`bar.warp.sync 0xffffffff;`)".to_owned(),
        "griddepcontrol.wait;" => "`cudaGridDependencySynchronize();` (`griddepcontrol.wait;`)".to_owned(),
        "fence.proxy.async;" => "`cuda::ptx::fence_proxy_async();` (`fence.proxy.async;`)".to_owned(),
        line if line.starts_with("barrier.cluster") => format!("`cluster.sync();` of `cg::this_cluster()` (`{line}`)"),
        "cp.async.wait_all;" => "`__pipeline_wait_prior(0);` (`cp.async.wait_all;`)".to_owned(),
        other => format!("`{other}`"),
    }
}
