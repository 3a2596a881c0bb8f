//! From the syntax tree to decoded code.
//!
//! One kernel is decoded, or several one behind the other, with all that they call put in place of the calls. An instruction that is not understood
//! becomes one that says so when it is reached, with what was expected; only what concerns the whole kernel (no such
//! entry, 32-bit addresses, a shape too large) is an error of decoding. Each family of instructions has its module.
//! Not decoded: recursion, indirect calls, tensor copies, asynchronous tensor-core and texture instructions.

mod access;
mod arithmetic;
mod asynchronous;
mod bits;
mod bulk;
mod call;
mod cluster;
mod compare;
mod control;
mod convert;
mod float;
mod frame;
mod matrix;
mod modifiers;
mod movement;
mod multimem;
mod operands;
mod symbols;
mod synchronise;

use super::code::{Code, Entry, Guard, Instruction, Origin, Pc, Step};
use super::syntax::{self as tree, Function, Line, Module, Span, Statement};
use crate::program::Width;
use frame::{Frame, Symbol};
use modifiers::Modifiers;
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;
use thiserror::Error;

/// The most instructions of a kernel with everything it calls.
const MOST_INSTRUCTIONS: usize = 1 << 20;
/// The most bytes of a variable.
const MOST_BYTES: u64 = 1 << 32;
/// The most bytes of a thread's own memory.
const MOST_LOCAL_BYTES: u64 = 1 << 20;

/// Why a kernel cannot be decoded at all.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// No entry of that name.
    #[error("no kernel is called `{name}`; the module has {}", listed(.known))]
    NoEntry {
        /// The name asked for.
        name: String,
        /// The module's kernels.
        known: Vec<String>,
    },
    /// Several entries contain the name.
    #[error("`{name}` is part of several kernels' names: {}", listed(.known))]
    Ambiguous {
        /// The name asked for.
        name: String,
        /// The kernels.
        known: Vec<String>,
    },
    /// Only a declaration.
    #[error("the kernel `{name}` is declared but has no body")]
    NoBody {
        /// Its name.
        name: String,
    },
    /// 32-bit addresses.
    #[error("modules with {size}-bit addresses are not supported, only 64-bit ones")]
    AddressSize {
        /// What the module says.
        size: u32,
    },
    /// A parameter or variable that cannot be laid out.
    #[error("the variable `{name}`: {reason}")]
    Variable {
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
    /// Two places of one name.
    #[error("the label `{name}` is declared twice in one function")]
    Label {
        /// Its name.
        name: String,
    },
    /// More than can be handled.
    #[error("the kernel has more than {MOST_INSTRUCTIONS} instructions once its calls are expanded")]
    TooLarge,
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

/// Why an instruction is not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
struct NotUnderstood(String);

type Understood<T> = Result<T, NotUnderstood>;

/// The kernel of that name, or the only one whose name contains it.
///
/// # Errors
/// If there is none, or several.
pub fn entry<'m>(module: &'m Module, name: &str) -> Result<&'m Function, DecodeError> {
    let entries = || module.functions.iter().filter(|function| function.is_entry);
    if let Some(exact) = entries().find(|function| function.name == name) {
        return Ok(exact);
    }
    let matching: Vec<&Function> = entries().filter(|function| function.name.contains(name)).collect();
    let names =
        |functions: &mut dyn Iterator<Item = &Function>| functions.map(|function| function.name.clone()).collect();
    match matching[..] {
        [only] => Ok(only),
        [] => Err(DecodeError::NoEntry { name: name.into(), known: names(&mut entries()) }),
        _ => Err(DecodeError::Ambiguous { name: name.into(), known: names(&mut matching.iter().copied()) }),
    }
}

/// Decodes the kernel of that name, or the only one whose name contains it.
///
/// # Errors
/// What concerns the kernel as a whole; instructions that are not understood are part of the code.
pub fn decode(module: &Module, name: &str) -> Result<Code, DecodeError> {
    decode_with(module, name, &FxHashSet::default(), 1)
}

/// The same for so many ranks, with the accesses of the instructions that begin at these bytes taken for `relaxed.sys`.
///
/// # Errors
/// As [`decode`].
pub fn decode_with(module: &Module, name: &str, accepted: &FxHashSet<u32>, ranks: u32) -> Result<Code, DecodeError> {
    let reading = Reading { accepted: accepted.clone(), ranks, ..Reading::default() };
    decode_all(module, &[name], reading)
}

/// How instructions are taken.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Those that begin at these bytes access memory as if they were `relaxed.sys`.
    pub accepted: FxHashSet<u32>,
    /// Ranks whose memory a multicast address stands for.
    pub ranks: u32,
    /// `--assume vectors=whole`: which strong vectors are one access.
    pub whole: Option<Whole>,
}

/// Which strong vectors of at most 16 bytes are one access: all, but for those of the accepted instructions of which words of
/// no such size are polled (`--assume polled-words=strong`).
#[derive(Clone, Debug)]
pub struct Whole {
    /// Sizes of the words that are polled; none where that is not assumed.
    pub polled: Option<Vec<Width>>,
}

/// The same of several kernels, one behind the other.
///
/// # Errors
/// As [`decode`].
pub fn decode_all(module: &Module, names: &[&str], reading: Reading) -> Result<Code, DecodeError> {
    let mut decoder = Decoder::new(module);
    decoder.reading = reading;
    for name in names {
        let function = entry(module, name)?;
        if module.address_size != 64 {
            return Err(DecodeError::AddressSize { size: module.address_size });
        }
        if function.body.is_none() {
            return Err(DecodeError::NoBody { name: function.name.clone() });
        }
        decoder.kernel(function)?;
    }
    decoder.mark_writable();
    Ok(decoder.code)
}

/// Decoding in progress.
struct Decoder<'m> {
    module: &'m Module,
    functions: FxHashMap<&'m str, &'m Function>,
    /// Variables at module scope.
    symbols: FxHashMap<&'m str, Symbol>,
    /// Shared variables of functions: laid out once however often the function is called.
    shared: FxHashMap<(&'m str, &'m str), Symbol>,
    code: Code,
    /// The function being decoded.
    frame: Frame<'m>,
    /// Functions whose calls are being expanded, and this one's callers.
    active: Vec<&'m str>,
    guard: Option<Guard>,
    /// How instructions are taken.
    reading: Reading,
    span: Span,
    line: Option<Line>,
    /// Slot of the carry flag, once something uses it.
    carry: Option<super::code::Register>,
    /// What a thread knows of its cluster's barrier, once something uses it.
    cluster: Option<cluster::ClusterBarrier>,
    /// Whether something does.
    has_cluster_barrier: bool,
    /// Whether something asks for more of an mbarrier object than its phase.
    counts_pending: bool,
    /// Whether copies trigger arrivals.
    copies_arrive: bool,
    /// Whether a group of asynchronous copies has begun, once something uses it.
    group: Option<super::code::Register>,
    too_large: bool,
}

impl<'m> Decoder<'m> {
    fn new(module: &'m Module) -> Self {
        let code = Code {
            entries: Vec::new(),
            instructions: Vec::new(),
            origins: Vec::new(),
            registers: 0,
            local_bytes: 0,
            constants: Default::default(),
            globals: Vec::new(),
            remarks: Vec::new(),
            non_coherent: Vec::new(),
            objects: Vec::new(),
        };
        let functions = symbols::functions(module);
        Self {
            module,
            functions,
            symbols: FxHashMap::default(),
            shared: FxHashMap::default(),
            code,
            frame: Frame::default(),
            active: Vec::new(),
            guard: None,
            reading: Reading { ranks: 1, ..Reading::default() },
            span: 0..0,
            line: None,
            carry: None,
            group: None,
            cluster: None,
            has_cluster_barrier: cluster::has_barrier(module),
            counts_pending: asynchronous::counts_pending(module),
            copies_arrive: asynchronous::copies_arrive(module),
            too_large: false,
        }
    }

    /// Decodes a kernel behind those before it. Its registers and shared memory are its own; variables of the module are
    /// those of all.
    fn kernel(&mut self, function: &'m Function) -> Result<(), DecodeError> {
        self.frame = Frame::default();
        (self.carry, self.cluster, self.group) = (None, None, None);
        self.shared.clear();
        self.symbols.retain(|_, symbol| !matches!(symbol, Symbol::Shared(_)));
        let most = function.directives.iter().find(|(name, _)| name == "maxntid");
        self.code.entries.push(Entry {
            name: function.name.clone(),
            start: self.here(),
            parameters: Vec::new(),
            parameter_bytes: 0,
            shared: Vec::new(),
            shared_bytes: 0,
            required_threads: required_threads(function),
            required_cluster: cluster::required(function),
            most_threads: most
                .map(|(_, numbers)| numbers.iter().fold(1, |all: u64, number| all.saturating_mul(*number))),
        });
        let others = std::mem::take(&mut self.code.local_bytes);
        self.lay_out_module(function)?;
        self.lay_out_parameters(function)?;
        self.body(function)?;
        self.code.local_bytes = self.code.local_bytes.max(others);
        Ok(())
    }

    /// The kernel being decoded.
    fn current(&mut self) -> &mut Entry {
        self.code.entries.last_mut().expect("a kernel is being decoded")
    }

    /// Decodes the statements of a function into the current frame; what falls off the end returns.
    fn body(&mut self, function: &'m Function) -> Result<(), DecodeError> {
        let Some(body) = &function.body else { return Ok(()) };
        self.active.push(&function.name);
        self.lay_out_body(function, body)?;
        for statement in &body.statements {
            match statement {
                Statement::Label(name) => {
                    let here = self.here();
                    if self.frame.labels.insert(name, here).is_some() {
                        return Err(DecodeError::Label { name: name.clone() });
                    }
                }
                Statement::Location(line) => self.line = Some(*line),
                Statement::Instruction(instruction) => self.statement(instruction)?,
            }
            if self.too_large || self.code.instructions.len() > MOST_INSTRUCTIONS {
                return Err(DecodeError::TooLarge);
            }
        }
        self.guard = None;
        self.span = function.span.clone();
        self.emit_return();
        self.resolve_labels();
        self.active.pop();
        Ok(())
    }

    /// Decodes one instruction, or records that it is not understood.
    fn statement(&mut self, instruction: &'m tree::Instruction) -> Result<(), DecodeError> {
        self.span = instruction.span.clone();
        self.guard = None;
        let start = self.code.instructions.len();
        let fixups = self.frame.fixups.len();
        let remarks = self.code.remarks.len();
        let non_coherent = self.code.non_coherent.len();
        let objects = self.code.objects.len();
        let guarded = self.guarded(instruction);
        let guard = self.guard;
        let decoded = guarded.and_then(|()| self.instruction(instruction));
        if let Err(NotUnderstood(reason)) = decoded {
            self.code.instructions.truncate(start);
            self.code.origins.truncate(start);
            self.frame.fixups.truncate(fixups);
            self.code.remarks.truncate(remarks);
            self.code.non_coherent.truncate(non_coherent);
            self.code.objects.truncate(objects);
            // What a failed call has left behind is undone as well.
            self.guard = guard;
            self.emit(Step::Unsupported { text: format!("`{}`: {reason}", spelled(instruction)).into() });
        }
        Ok(())
    }

    fn guarded(&mut self, instruction: &tree::Instruction) -> Understood<()> {
        let Some((name, negated)) = &instruction.guard else { return Ok(()) };
        let register = self.register(name)?.slot;
        self.guard = Some(Guard { register, negated: *negated });
        Ok(())
    }

    fn instruction(&mut self, instruction: &'m tree::Instruction) -> Understood<()> {
        let mut modifiers = Modifiers::of(&instruction.modifiers);
        let operands = &instruction.operands[..];
        match instruction.name.as_str() {
            "add" | "sub" | "mul" | "mad" | "fma" | "div" | "rem" | "abs" | "neg" | "min" | "max" | "sad" | "mul24"
            | "mad24" | "addc" | "subc" | "madc" | "dp4a" | "dp2a" => {
                self.arithmetic(&instruction.name, modifiers, operands)
            }
            "rcp" | "sqrt" | "rsqrt" | "sin" | "cos" | "lg2" | "ex2" | "tanh" | "copysign" | "testp" => {
                self.float(&instruction.name, modifiers, operands)
            }
            "and" | "or" | "xor" | "not" | "cnot" | "shl" | "shr" | "shf" | "lop3" | "popc" | "clz" | "bfind"
            | "fns" | "brev" | "bfe" | "bfi" | "bmsk" | "szext" | "prmt" => {
                self.bits(&instruction.name, modifiers, operands)
            }
            "setp" | "set" | "selp" | "slct" => self.compare(&instruction.name, modifiers, operands),
            "cvt" => self.convert(modifiers, operands),
            "mov" | "cvta" | "isspacep" | "createpolicy" => self.movement(&instruction.name, modifiers, operands),
            "st" | "red" if modifiers.has("async") => self.store_async(&instruction.name, modifiers, operands),
            "ld" | "ldu" | "st" | "atom" | "red" => self.memory(&instruction.name, modifiers, operands),
            "fence" | "membar" | "bar" | "barrier" | "shfl" | "vote" | "match" | "redux" | "elect" => {
                self.synchronise(&instruction.name, modifiers, operands)
            }
            "mma" => self.mma(spelled(instruction), modifiers, operands),
            "ldmatrix" => self.load_matrix(modifiers, operands),
            "stmatrix" => self.store_matrix(modifiers, operands),
            "multimem" => self.multimem(modifiers, operands),
            "mapa" => self.map_address(modifiers, operands),
            "getctarank" => self.rank_of_address(modifiers, operands),
            "mbarrier" => self.mbarrier(modifiers, operands),
            "cp" => self.copy(modifiers, operands),
            "griddepcontrol" => self.dependent_launch(modifiers, operands),
            "call" => self.call(modifiers, operands),
            "bra" | "brx" | "ret" | "exit" | "trap" | "brkpt" | "nanosleep" | "prefetch" | "prefetchu" | "pmevent"
            | "setmaxnreg" | "applypriority" => self.control(&instruction.name, modifiers, operands),
            _ => Err(NotUnderstood("this instruction is not modelled".into())),
        }
    }

    /// Position of the next instruction.
    fn here(&self) -> Pc {
        self.code.instructions.len() as Pc
    }

    /// Appends a step with the guard and origin of the current statement.
    fn emit(&mut self, step: Step) {
        self.code.instructions.push(Instruction { guard: self.guard, step });
        self.code.origins.push(Origin { span: self.span.clone(), line: self.line, call: self.frame.call });
    }

    /// Notes a remark on the step emitted next.
    fn remark(&mut self, text: &str) {
        self.code.remarks.push((self.here(), text.to_string()));
    }

    /// Branches to a label, which may come later.
    fn emit_branch(&mut self, label: &Rc<str>) {
        let at = self.here();
        self.frame.fixups.push((at, 0, label.clone()));
        self.emit(Step::Branch { target: at });
    }

    /// Puts positions in place of labels. A label that is nowhere makes its branch one that is not understood.
    fn resolve_labels(&mut self) {
        for (at, index, label) in std::mem::take(&mut self.frame.fixups) {
            let step = &mut self.code.instructions[at as usize].step;
            match (self.frame.labels.get(&*label), step) {
                (Some(&target), Step::Branch { target: place }) => *place = target,
                (Some(&target), Step::BranchTable { targets, .. }) => targets[index as usize] = target,
                (_, step) => *step = Step::Unsupported { text: format!("branch to `{label}`: no such label").into() },
            }
        }
    }
}

fn required_threads(function: &Function) -> Option<[u32; 3]> {
    let (_, numbers) = function.directives.iter().find(|(name, _)| name == "reqntid")?;
    let number = |index: usize| numbers.get(index).map_or(1, |&number| u32::try_from(number).unwrap_or(u32::MAX));
    Some([number(0), number(1), number(2)])
}

/// An instruction's name with its modifiers.
fn spelled(instruction: &tree::Instruction) -> String {
    let modifiers = instruction.modifiers.iter().flat_map(|modifier| [".", modifier]);
    std::iter::once(instruction.name.as_str()).chain(modifiers).collect()
}
