//! Where variables lie: layout of parameters, shared, local, constant and global memory, and initial contents.
//!
//! Only variables that the kernel, or a function it calls, names are laid out, so that shared memory has the size that
//! the kernel really asks for. Local variables and parameters of calls share one area for each thread.

use super::frame::{Named, Symbol};
use super::modifiers::bits_of;
use super::{DecodeError, Decoder, MOST_BYTES, MOST_LOCAL_BYTES};
use crate::ptx::code::step::{Address, Base};
use crate::ptx::code::windows::CONSTANT_WINDOW;
use crate::ptx::code::{GlobalVariable, Image, Parameter, Relocation, SharedVariable, Step};
use crate::ptx::syntax::{Body, Constant, Function, Initialiser, Module, Operand, Space, Statement, Variable};
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

/// Functions by name; a definition comes before a declaration of the same name.
pub(super) fn functions(module: &Module) -> FxHashMap<&str, &Function> {
    let mut functions: FxHashMap<&str, &Function> = FxHashMap::default();
    for function in &module.functions {
        let known = functions.entry(&function.name).or_insert(function);
        if known.body.is_none() {
            *known = function;
        }
    }
    for (alias, of) in &module.aliases {
        if let Some(&function) = functions.get(of.as_str()) {
            functions.insert(alias, function);
        }
    }
    functions
}

/// Size of a variable in bytes, or why it has none.
pub(super) fn size(variable: &Variable) -> Result<u64, String> {
    let bits = bits_of(&variable.kind.0).ok_or_else(|| format!("the type `.{}` is not modelled", variable.kind.0))?;
    let element = bits.div_ceil(8).checked_mul(u64::from(variable.vector.max(1)));
    let mut dimensions = variable.dimensions.iter().enumerate();
    let length = dimensions.try_fold(1_u64, |length, (index, &dimension)| {
        length.checked_mul(if index == 0 && variable.unsized_array { 0 } else { dimension })
    });
    let bytes = element.zip(length).and_then(|(element, length)| element.checked_mul(length));
    bytes.filter(|&bytes| bytes <= MOST_BYTES).ok_or_else(|| format!("it has more than {MOST_BYTES} bytes"))
}

/// The alignment written, or that of an element.
fn alignment(variable: &Variable) -> u64 {
    let element = bits_of(&variable.kind.0).map_or(1, |bits| bits.div_ceil(8)) * u64::from(variable.vector.max(1));
    variable.alignment.unwrap_or(element).clamp(1, 1 << 20).next_power_of_two()
}

/// Names that a kernel reaches: its own operands', those of functions it names, and of initialisers.
fn reached<'m>(module: &'m Module, entry: &'m Function) -> FxHashSet<&'m str> {
    let functions = functions(module);
    let variables: FxHashMap<&str, &Variable> =
        module.variables.iter().map(|variable| (variable.name.as_str(), variable)).collect();
    let mut names = FxHashSet::default();
    let mut todo: Vec<&'m str> = Vec::new();
    let visit = |function: &'m Function, todo: &mut Vec<&'m str>| {
        for statement in function.body.iter().flat_map(|body| &body.statements) {
            if let Statement::Instruction(instruction) = statement {
                instruction.operands.iter().for_each(|operand| names_of(operand, todo));
            }
        }
    };
    visit(entry, &mut todo);
    while let Some(name) = todo.pop() {
        if !names.insert(name) {
            continue;
        }
        if let Some(&function) = functions.get(name) {
            visit(function, &mut todo);
        }
        if let Some(initialiser) = variables.get(name).and_then(|variable| variable.initialiser.as_ref()) {
            names_of_initialiser(initialiser, &mut todo);
        }
    }
    names
}

fn names_of<'m>(operand: &'m Operand, names: &mut Vec<&'m str>) {
    match operand {
        Operand::Name(name) | Operand::Offset { name, .. } => names.push(name),
        Operand::Address { base: Some(name), .. } => names.push(name),
        Operand::Vector(inner) | Operand::List(inner) => inner.iter().for_each(|operand| names_of(operand, names)),
        Operand::Not(inner) => names_of(inner, names),
        Operand::Pair(first, second) => {
            names_of(first, names);
            names_of(second, names);
        }
        _ => {}
    }
}

fn names_of_initialiser<'m>(initialiser: &'m Initialiser, names: &mut Vec<&'m str>) {
    match initialiser {
        Initialiser::Name { name, .. } => names.push(name),
        Initialiser::List(inner) => inner.iter().for_each(|part| names_of_initialiser(part, names)),
        Initialiser::Mask(_, inner) => names_of_initialiser(inner, names),
        Initialiser::Value(_) => {}
    }
}

impl<'m> Decoder<'m> {
    /// Lays out the module's variables that are reached, and the shared variables of functions.
    pub(super) fn lay_out_module(&mut self, entry: &'m Function) -> Result<(), DecodeError> {
        let names = reached(self.module, entry);
        let mut dynamic = Vec::new();
        let known: FxHashSet<&str> = self.symbols.keys().copied().collect();
        let reached =
            |variable: &&Variable| names.contains(variable.name.as_str()) && !known.contains(variable.name.as_str());
        for variable in self.module.variables.iter().filter(reached) {
            if variable.space == Space::Shared && variable.unsized_array {
                dynamic.push(variable);
                continue;
            }
            let symbol = self.lay_out_variable(variable)?;
            self.symbols.insert(&variable.name, symbol);
        }
        let functions = self.module.functions.iter();
        for function in
            functions.filter(|function| names.contains(function.name.as_str()) || function.name == entry.name)
        {
            for variable in function.body.iter().flat_map(|body| &body.variables) {
                if variable.space != Space::Shared {
                    continue;
                }
                if variable.unsized_array {
                    dynamic.push(variable);
                    continue;
                }
                let symbol = self.lay_out_variable(variable)?;
                self.shared.insert((&function.name, &variable.name), symbol);
            }
        }
        let start = dynamic.iter().map(|variable| alignment(variable)).max().unwrap_or(16).max(16);
        let own = self.current();
        own.shared_bytes = own.shared_bytes.next_multiple_of(start);
        let offset = own.shared_bytes;
        for variable in dynamic {
            // A declaration inside a function has the same place.
            self.symbols.insert(&variable.name, Symbol::Shared(offset));
            self.current().shared.push(SharedVariable { name: variable.name.clone(), offset, bytes: 0 });
        }
        self.initialise();
        Ok(())
    }

    fn lay_out_variable(&mut self, variable: &Variable) -> Result<Symbol, DecodeError> {
        let wrong = |reason: String| DecodeError::Variable { name: variable.name.clone(), reason };
        if variable.is_extern {
            return Ok(Symbol::Broken("it is defined in another module".into()));
        }
        let bytes = match size(variable) {
            Ok(bytes) => bytes,
            Err(reason) => return Ok(Symbol::Broken(reason.into())),
        };
        let alignment = alignment(variable);
        match variable.space {
            Space::Shared => {
                let own = self.current();
                let offset = own.shared_bytes.next_multiple_of(alignment);
                own.shared_bytes = offset + bytes;
                if own.shared_bytes > MOST_BYTES {
                    return Err(wrong("shared memory is too large".into()));
                }
                own.shared.push(SharedVariable { name: variable.name.clone(), offset, bytes });
                Ok(Symbol::Shared(offset))
            }
            Space::Global => {
                let contents = Image::default();
                let name = variable.name.clone();
                self.code.globals.push(GlobalVariable { name, bytes, alignment, contents, writable: false });
                Ok(Symbol::Global(self.code.globals.len() as u32 - 1))
            }
            Space::Const => {
                let offset = (self.code.constants.bytes.len() as u64).next_multiple_of(alignment);
                if offset + bytes > 1 << 20 {
                    return Err(wrong("constant memory is too large".into()));
                }
                self.code.constants.bytes.resize((offset + bytes) as usize, 0);
                Ok(Symbol::Constant(offset))
            }
            Space::Register | Space::Local | Space::Param | Space::Texture => {
                Ok(Symbol::Broken("a variable of this state space is not modelled at module scope".into()))
            }
        }
    }

    /// Fills in initial contents, once every variable has its place.
    fn initialise(&mut self) {
        for variable in &self.module.variables {
            let Some(symbol) = self.symbols.get(variable.name.as_str()).cloned() else { continue };
            let Some(initialiser) = &variable.initialiser else { continue };
            let Some(element) = bits_of(&variable.kind.0).map(|bits| bits.div_ceil(8)) else { continue };
            let Ok(bytes) = size(variable) else { continue };
            let filled = match symbol {
                Symbol::Constant(start) => {
                    let mut image = std::mem::take(&mut self.code.constants);
                    let filled = self.fill(&mut image, initialiser, start, start + bytes, element);
                    self.code.constants = image;
                    filled
                }
                Symbol::Global(index) => {
                    let mut image = Image { bytes: vec![0; bytes as usize], relocations: Vec::new() };
                    let filled = self.fill(&mut image, initialiser, 0, bytes, element);
                    self.code.globals[index as usize].contents = image;
                    filled
                }
                _ => continue,
            };
            if let Err(reason) = filled {
                self.symbols.insert(&variable.name, Symbol::Broken(reason));
            }
        }
    }

    /// Writes an initialiser into an image from `at` to at most `end`; returns where it stopped.
    fn fill(
        &self,
        image: &mut Image,
        initialiser: &Initialiser,
        at: u64,
        end: u64,
        element: u64,
    ) -> Result<u64, Rc<str>> {
        match initialiser {
            Initialiser::List(parts) => {
                // Rows of nested lists that are shorter than their dimension are not written by any compiler.
                parts.iter().try_fold(at, |at, part| self.fill(image, part, at, end, element))
            }
            _ if at + element > end => Err("its initialiser is longer than the variable".into()),
            Initialiser::Value(constant) => {
                let bits = match (constant, element) {
                    (Constant::Integer(value), _) => *value,
                    (Constant::F32(bits), 4) => u64::from(*bits),
                    (Constant::F64(bits), 8) => *bits,
                    (Constant::F64(bits), 4) => u64::from((f64::from_bits(*bits) as f32).to_bits()),
                    _ => return Err("a value of its initialiser is of another type".into()),
                };
                let bytes = bits.to_le_bytes();
                let length = element.min(8) as usize;
                image.bytes[at as usize..at as usize + length].copy_from_slice(&bytes[..length]);
                Ok(at + element)
            }
            Initialiser::Name { name, offset, generic } => {
                if element != 8 {
                    return Err("an address in its initialiser is not 64 bits wide".into());
                }
                match self.symbols.get(name.as_str()) {
                    Some(Symbol::Global(variable)) => {
                        image.relocations.push(Relocation { at, variable: *variable, offset: *offset });
                    }
                    Some(Symbol::Constant(start)) => {
                        let window = if *generic { CONSTANT_WINDOW } else { 0 };
                        let address = (window + start).wrapping_add_signed(*offset);
                        image.bytes[at as usize..at as usize + 8].copy_from_slice(&address.to_le_bytes());
                    }
                    _ => return Err(format!("its initialiser names `{name}`, whose address is not known").into()),
                }
                Ok(at + 8)
            }
            Initialiser::Mask(..) => Err("initialisers with mask() are not modelled".into()),
        }
    }

    /// The kernel's parameters, as a C struct.
    pub(super) fn lay_out_parameters(&mut self, entry: &'m Function) -> Result<(), DecodeError> {
        self.frame.is_entry = true;
        for variable in &entry.parameters {
            let wrong = |reason: String| DecodeError::Variable { name: variable.name.clone(), reason };
            let bytes = size(variable).map_err(wrong)?;
            let alignment = alignment(variable);
            let own = self.current();
            let offset = own.parameter_bytes.next_multiple_of(alignment);
            own.parameter_bytes = offset + bytes;
            if own.parameter_bytes > 1 << 16 {
                return Err(wrong("the parameters are more than 64 KiB".into()));
            }
            let (name, kind) = (variable.name.clone(), variable.kind.0.clone());
            self.current().parameters.push(Parameter { name, kind, offset, bytes, alignment });
            self.frame.symbols.insert(&variable.name, Symbol::Parameter(offset));
        }
        Ok(())
    }

    /// The variables and registers that a body declares.
    pub(super) fn lay_out_body(&mut self, function: &'m Function, body: &'m Body) -> Result<(), DecodeError> {
        self.frame.body = Some(body);
        for registers in &body.registers {
            self.frame.declared.insert(&registers.prefix, registers);
        }
        for variable in &body.variables {
            let symbol = match variable.space {
                Space::Shared => match self.shared.get(&(&*function.name, &*variable.name)) {
                    Some(symbol) => symbol.clone(),
                    None => continue,
                },
                Space::Local | Space::Param => self.lay_out_local(variable)?,
                // Rare: a static variable of a function, which the module's scope would hold as well.
                _ => Symbol::Broken("a variable of this state space is not modelled inside a function".into()),
            };
            self.frame.symbols.insert(&variable.name, symbol);
        }
        Ok(())
    }

    /// A place in the thread's own memory.
    pub(super) fn lay_out_local(&mut self, variable: &Variable) -> Result<Symbol, DecodeError> {
        let wrong = |reason: String| DecodeError::Variable { name: variable.name.clone(), reason };
        let bytes = match size(variable) {
            Ok(bytes) => bytes,
            Err(reason) => return Ok(Symbol::Broken(reason.into())),
        };
        let offset = u64::from(self.code.local_bytes).next_multiple_of(alignment(variable).max(8));
        let end = offset + bytes;
        if end > MOST_LOCAL_BYTES {
            return Err(wrong("a thread's own memory is too large".into()));
        }
        self.code.local_bytes = end as u32;
        Ok(Symbol::Local(offset))
    }

    /// A register that is a parameter.
    pub(super) fn lay_out_register(&mut self, variable: &Variable) -> Symbol {
        match bits_of(&variable.kind.0) {
            Some(bits) if bits < 128 && variable.vector <= 1 => {
                Symbol::Register(Named { slot: self.fresh(1), bits: bits as u32 })
            }
            _ => Symbol::Broken("a register parameter of this type is not modelled".into()),
        }
    }

    /// Marks the `.global` variables that something may write: a store or atomic names them, or their address is taken.
    pub(super) fn mark_writable(&mut self) {
        let images = self.code.globals.iter().map(|variable| &variable.contents).chain([&self.code.constants]);
        let mut written: FxHashSet<u32> =
            images.flat_map(|image| &image.relocations).map(|relocation| relocation.variable).collect();
        for instruction in &self.code.instructions {
            match &instruction.step {
                Step::VariableAddress { variable, .. } => written.insert(*variable),
                Step::Store { address: Address { base: Base::Variable(variable), .. }, .. }
                | Step::Atomic { address: Address { base: Base::Variable(variable), .. }, .. } => {
                    written.insert(*variable)
                }
                _ => false,
            };
        }
        for (index, variable) in self.code.globals.iter_mut().enumerate() {
            variable.writable = written.contains(&(index as u32));
        }
    }
}
