//! Syntax tree to [`ir::Protocol`]: names, kinds, shapes, orders; knobs folded, procedures expanded.
//!
//! Decision: one walk serves twice. With a choice of knobs it folds `KNOB is VALUE`, leaves dead branches out and
//! gives the protocol. Without one ([`Choice::Every`]) it walks every branch and only finds errors, so that a broken
//! variant is refused when the file is read, not when the variant is first asked for. Procedures are checked where
//! they are called, with what they are called with; one that nobody calls is an error.
//!
//! Not done: types written by users. Kinds (truth, word, index) are inferred.

mod bindings;
mod calls;
mod capacity;
mod declarations;
mod expressions;
mod host;
mod names;
mod phases;
mod pipes;
mod prune;
mod statements;
mod topology;
mod words;

use super::diagnostics::{Diagnostic, nearest};
use super::tree::{Body, Declaration, File, Name, Range};
use crate::ids::{ArgumentId, BufferId, LocalId, PipeId};
use crate::ir::{self, Expression, Protocol, Source, Span, Symbol};
use crate::topology::Topology;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// How many statements a protocol may have once its procedures are expanded.
pub const STATEMENT_LIMIT: usize = 20_000;
/// How many nodes all its expressions may have together once names are substituted.
pub const NODE_LIMIT: usize = 200_000;
/// How deep procedures may call each other.
pub const CALL_LIMIT: usize = 32;
/// How deep blocks may nest once procedures are expanded.
pub const BLOCK_LIMIT: usize = 128;
/// How deep an expression may be once names are substituted.
pub const DEPTH_LIMIT: usize = 256;
/// How many errors are collected before the walk gives up.
const ERROR_LIMIT: usize = 50;

/// Which knob values are taken.
#[derive(Clone, Copy)]
pub(super) enum Choice<'a> {
    /// None: every branch is checked.
    Every,
    /// For each knob, in order, the number of its value.
    Values(&'a [usize]),
}

/// Checks a file in all its branches, or resolves it under a choice of its knobs.
pub(super) fn resolve(file: &File, source: &Arc<Source>, choice: Choice<'_>) -> Result<Protocol, Vec<Diagnostic>> {
    resolve_at(file, source, choice, None)
}

/// The same, on a topology that is given.
pub(super) fn resolve_at(
    file: &File,
    source: &Arc<Source>,
    choice: Choice<'_>,
    topology: Option<&Topology>,
) -> Result<Protocol, Vec<Diagnostic>> {
    let mut resolver = Resolver { topology, ..Resolver::new(choice) };
    let result = resolver.protocol(file, source);
    if resolver.errors.is_empty()
        && let Some(protocol) = result
    {
        return Ok(protocol);
    }
    Err(resolver.errors)
}

/// The error has been noted in [`Resolver::errors`].
struct Reported;

type Resolved<T> = Result<T, Reported>;

/// How an expression may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    /// A condition.
    Truth,
    /// A 32-bit word.
    Word,
    /// A size or index.
    Index,
}

/// What an expression depends on, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Uses(u8);

impl Uses {
    const RANK: Uses = Uses(1);
    const GRID: Uses = Uses(2);
    const THREAD: Uses = Uses(4);
    const LAUNCH: Uses = Uses(8);
    const ARGUMENT: Uses = Uses(16);
    const LOCAL: Uses = Uses(32);

    const fn and(self, other: Uses) -> Uses {
        Uses(self.0 | other.0)
    }

    fn beyond(self, allowed: Uses) -> bool {
        self.0 & !allowed.0 != 0
    }
}

/// A resolved expression with what is known of it.
#[derive(Clone, Debug)]
struct Value {
    expression: Expression,
    kind: Type,
    uses: Uses,
    /// Its truth, when the chosen knobs decide it.
    truth: Option<bool>,
    depth: usize,
    size: usize,
}

/// Where an expression stands, for what it may depend on.
#[derive(Clone, Copy)]
struct Context {
    /// "a shape"
    what: &'static str,
    allowed: Uses,
}

/// What a name at the top means.
enum Global<'a> {
    Size(Symbol),
    ElementType,
    Knob(usize),
    Buffer(BufferId),
    Argument(ArgumentId),
    Pipe(PipeId),
    /// `None` until its declaration has been reached.
    Let(Option<Value>),
    Partition(&'a [Name], &'a Range),
    Sync(&'a [Name], &'a Body),
    /// Its declaration is in error; uses of it are not reported again.
    Broken,
}

/// What a name inside the kernel or a procedure means.
#[derive(Clone)]
enum Binding {
    Local(LocalId, Type),
    Value(Value),
    Buffer(BufferId),
    Broken,
}

/// A name in scope.
struct Entry<'a> {
    name: &'a str,
    binding: Binding,
    at: Span,
}

struct KnobEntry<'a> {
    name: &'a str,
    values: &'a [Name],
}

struct Resolver<'a> {
    choice: Choice<'a>,
    topology: Option<&'a Topology>,
    errors: Vec<Diagnostic>,
    globals: FxHashMap<&'a str, (Global<'a>, Span)>,
    knobs: Vec<KnobEntry<'a>>,
    buffers: Vec<ir::Buffer>,
    arguments: Vec<ir::Argument>,
    pipes: Vec<ir::Pipe>,
    locals: Vec<ir::Local>,
    /// The scopes of the procedure (or kernel) being expanded, innermost last.
    scopes: Vec<Vec<Entry<'a>>>,
    /// The procedures being expanded, outermost first.
    calling: Vec<&'a str>,
    /// Their call sites.
    calls: Arc<[Span]>,
    /// Names at the top that something refers to.
    used: FxHashSet<&'a str>,
    /// How many bodies are open.
    blocks: usize,
    ghost: bool,
    /// What the statements being resolved are part of.
    part: host::Part,
    /// The place being resolved may be an event.
    events: bool,
    /// The register of the load in the value being resolved, until the load is met.
    loaded: Option<LocalId>,
    statements: usize,
    nodes: usize,
    /// A limit was hit: everything is given up.
    exhausted: bool,
}

impl<'a> Resolver<'a> {
    fn new(choice: Choice<'a>) -> Self {
        Resolver {
            choice,
            topology: None,
            errors: Vec::new(),
            globals: FxHashMap::default(),
            knobs: Vec::new(),
            buffers: Vec::new(),
            arguments: Vec::new(),
            pipes: Vec::new(),
            locals: Vec::new(),
            scopes: Vec::new(),
            calling: Vec::new(),
            calls: Arc::from([]),
            used: FxHashSet::default(),
            blocks: 0,
            ghost: false,
            part: host::Part::Kernel,
            events: false,
            loaded: None,
            statements: 0,
            nodes: 0,
            exhausted: false,
        }
    }

    fn protocol(&mut self, file: &'a File, source: &Arc<Source>) -> Option<Protocol> {
        self.declare_names(file);
        let mut protocol = Protocol {
            name: file.name.text.clone(),
            summary: file.summary.clone().unwrap_or_default(),
            source: source.clone(),
            knobs: self.knob_values(),
            buffers: Vec::new(),
            arguments: Vec::new(),
            pipes: Vec::new(),
            locals: Vec::new(),
            grid: Expression::Symbol(Symbol::Blocks),
            requirements: Vec::new(),
            varies: false,
            streams: None,
            body: Vec::new(),
            expectation: None,
        };
        if host::is_host(file) {
            self.part = host::Part::Thread;
        }
        self.declarations(file, &mut protocol);
        self.host_declarations(file, &mut protocol);
        self.capacity(file, &mut protocol);
        self.kernel(file, &mut protocol);
        if matches!(self.choice, Choice::Every) && self.errors.is_empty() {
            self.unused(file);
        }
        protocol.buffers = std::mem::take(&mut self.buffers);
        protocol.arguments = std::mem::take(&mut self.arguments);
        protocol.pipes = std::mem::take(&mut self.pipes);
        protocol.locals = std::mem::take(&mut self.locals);
        if matches!(self.choice, Choice::Values(_)) {
            prune::unused(&mut protocol);
        }
        Some(protocol)
    }

    fn knob_values(&self) -> Vec<(String, String)> {
        let Choice::Values(values) = self.choice else { return Vec::new() };
        let chosen = self.knobs.iter().zip(values);
        chosen.filter_map(|(knob, value)| Some((knob.name.to_owned(), knob.values.get(*value)?.text.clone()))).collect()
    }

    /// Resolves the kernel's body.
    fn kernel(&mut self, file: &'a File, protocol: &mut Protocol) {
        let mut seen: Option<Span> = None;
        for item in &file.declarations {
            let (Declaration::Kernel(body) | Declaration::Host(body)) = &item.kind else { continue };
            if let Some(first) = &seen {
                let error = Diagnostic::new("a second kernel", item.at.0.clone());
                self.report(error.context(first.clone(), "the first is here"));
                continue;
            }
            seen = Some(item.at.0.clone());
            self.scopes = Vec::new();
            self.body(body, &mut protocol.body);
        }
        if seen.is_none() {
            let error = Diagnostic::new("no kernel", file.name.at.0.clone()).label("this protocol does nothing");
            self.report(error.help("add `kernel { … }`, or `host { … }`"));
        }
    }

    /// What nothing refers to has no meaning; a procedure that no call reaches has not even been checked.
    fn unused(&mut self, file: &'a File) {
        for item in &file.declarations {
            let (what, names) = match &item.kind {
                Declaration::Knob { name, .. } => ("knob", std::slice::from_ref(name)),
                Declaration::Buffer { names, .. } => ("buffer", names.as_slice()),
                Declaration::Argument { name, .. } => ("argument", std::slice::from_ref(name)),
                Declaration::Pipe { name, .. } => ("pipe", std::slice::from_ref(name)),
                // One axis in use gives the others their meaning.
                Declaration::Topology(axes) if axes.iter().all(|axis| !self.used.contains(axis.text.as_str())) => {
                    ("axis", axes.as_slice())
                }
                Declaration::Let { name, .. } => ("value", std::slice::from_ref(name)),
                Declaration::Partition { name, .. } => ("partition", std::slice::from_ref(name)),
                Declaration::Sync { name, .. } => ("procedure", std::slice::from_ref(name)),
                _ => continue,
            };
            for name in names.iter().filter(|name| !self.used.contains(name.text.as_str())).collect::<Vec<_>>() {
                let message = format!("the {what} `{}` is never used", name.text);
                self.report(Diagnostic::new(message, name.at.0.clone()).label("nothing refers to it"));
            }
        }
    }

    /// What a name at the top means; it counts as used.
    fn global(&mut self, name: &'a str) -> Option<&(Global<'a>, Span)> {
        self.used.insert(name);
        self.globals.get(name)
    }

    /// Notes an error, once.
    fn report(&mut self, mut error: Diagnostic) -> Reported {
        let known = self.errors.iter().any(|known| known.span == error.span && known.message == error.message);
        if !known && self.errors.len() < ERROR_LIMIT {
            for call in self.calls.iter().rev() {
                error = error.context(call.clone(), "called from here");
            }
            self.errors.push(error);
        }
        Reported
    }

    fn fail<T>(&mut self, error: Diagnostic) -> Resolved<T> {
        Err(self.report(error))
    }

    /// Gives up: the protocol is too large.
    fn exhaust(&mut self, what: &str, limit: usize, span: Span) -> Reported {
        if self.exhausted {
            return Reported;
        }
        self.exhausted = true;
        let message = format!("the protocol has more than {limit} {what} once everything is expanded");
        self.report(Diagnostic::new(message, span).label("the limit is passed here"))
    }

    /// "unknown name", with the nearest name that is known.
    fn unknown(&mut self, what: &str, name: &str, span: Span) -> Reported {
        let mut error = Diagnostic::new(format!("unknown {what} `{name}`"), span).label("not declared");
        let locals = self.scopes.iter().flatten().map(|entry| entry.name);
        let known = locals.chain(self.globals.keys().copied()).chain(names::BUILT_IN);
        let mut known: Vec<&str> = known.collect();
        known.sort_unstable();
        if let Some(near) = nearest(name, known) {
            error = error.help(format!("did you mean `{near}`?"));
        }
        self.report(error)
    }

    /// The innermost entry of this name.
    fn local(&self, name: &str) -> Option<&Entry<'a>> {
        self.scopes.iter().rev().flatten().rfind(|entry| entry.name == name)
    }

    /// Puts a name into the innermost scope; a name in use is an error.
    fn bind(&mut self, name: &'a Name, binding: Binding) -> Resolved<()> {
        let text = name.text.as_str();
        let earlier = match (self.local(text), self.globals.get(text)) {
            (Some(entry), _) => Some(entry.at.clone()),
            (None, Some((_, span))) => Some(span.clone()),
            (None, None) => None,
        };
        if names::BUILT_IN.contains(&text) {
            return self.fail(
                Diagnostic::new(format!("`{text}` is built in"), name.at.0.clone()).label("choose another name"),
            );
        }
        if let Some(span) = earlier {
            let error = Diagnostic::new(format!("`{text}` is already declared"), name.at.0.clone());
            return self.fail(error.label("declared again").context(span, "first declared here"));
        }
        if let Some(scope) = self.scopes.last_mut() {
            scope.push(Entry { name: text, binding, at: name.at.0.clone() });
        }
        Ok(())
    }
}
