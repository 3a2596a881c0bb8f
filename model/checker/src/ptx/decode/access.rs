//! Loads, stores and atomics.
//!
//! A weak access stays one step however many elements it has, for the machine takes it as one range of bytes. A strong
//! vector access becomes one step for each element: PTX says that its elements are separate accesses in no order.
//! Cache hints and policies are left out. Not modelled: 128-bit atomics, `.proxy` other than generic.

use super::frame::Symbol;
use super::modifiers::Modifiers;
use super::{Decoder, NotUnderstood, Understood, Whole};
use crate::program::{AtomicFunction, AtomicKind, VectorElement, Width};
use crate::ptx::code::function::Function;
use crate::ptx::code::kind::{FloatKind, IntegerKind, NumberKind};
use crate::ptx::code::step::{Address, Base, Element, Space};
use crate::ptx::code::{Register, Source, Step};
use crate::ptx::syntax::Operand;
use arverify_protocol::ir::{AtomicOperation, Order, Scope, Semantics};
use smallvec::SmallVec;

/// Scopes by name.
pub(super) const SCOPES: [(&str, Scope); 4] =
    [("cta", Scope::Cta), ("cluster", Scope::Cluster), ("gpu", Scope::Gpu), ("sys", Scope::Sys)];

/// A state space as written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    In(Space),
    /// Parameters of the kernel or of calls, whichever the address is in.
    Parameter,
    FunctionParameter,
}

const SPACES: [(&str, Written); 10] = [
    ("global", Written::In(Space::Global)),
    ("shared", Written::In(Space::Shared)),
    ("shared::cta", Written::In(Space::Shared)),
    ("shared::cluster", Written::In(Space::Cluster)),
    ("const", Written::In(Space::Constant)),
    ("local", Written::In(Space::Local)),
    ("param", Written::Parameter),
    ("param::entry", Written::In(Space::Parameter)),
    ("param::func", Written::FunctionParameter),
    ("generic", Written::In(Space::Generic)),
];

pub(super) const OPERATIONS: [(&str, AtomicOperation); 10] = [
    ("add", AtomicOperation::Add),
    ("exch", AtomicOperation::Exchange),
    ("cas", AtomicOperation::CompareSwap),
    ("min", AtomicOperation::Min),
    ("max", AtomicOperation::Max),
    ("and", AtomicOperation::And),
    ("or", AtomicOperation::Or),
    ("xor", AtomicOperation::Xor),
    ("inc", AtomicOperation::Increment),
    ("dec", AtomicOperation::Decrement),
];

impl Decoder<'_> {
    pub(super) fn memory(&mut self, name: &str, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        modifiers.drop_cache_hints();
        // The policy is the last operand, and says nothing about values or order.
        let operands = match operands.split_last() {
            Some((_, rest)) if modifiers.has("L2::cache_hint") => rest,
            _ => operands,
        };
        match name {
            "atom" | "red" => self.atomic(name, modifiers, operands),
            "st" => self.store(modifiers, operands),
            _ => self.load(modifiers, operands),
        }
    }

    /// An access of an instruction that is accepted as it is, is taken for relaxed, and reaches everybody.
    pub(super) fn as_accepted(&self, semantics: Semantics) -> Semantics {
        if !self.reading.accepted.contains(&self.span.start) {
            return semantics;
        }
        let order = if semantics.order == Order::Weak { Order::Relaxed } else { semantics.order };
        Semantics { order, scope: Scope::Sys }
    }

    /// `--assume vectors=whole`: whether a strong vector is one access, rather than one of each element.
    fn is_whole(&self, element: Width, count: usize) -> bool {
        let Some(Whole { polled }) = &self.reading.whole else { return false };
        let Some(width) = Width::of(element.bytes() * count as u64) else { return false };
        let accepted = self.reading.accepted.contains(&self.span.start);
        polled.as_ref().is_none_or(|polled| !accepted || polled.contains(&width))
    }

    fn load(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        let non_coherent = modifiers.has("nc");
        let written = access_semantics(&mut modifiers, ("acquire", Order::Acquire))?;
        let semantics = self.as_accepted(written);
        let non_coherent = non_coherent && semantics == written;
        let space = modifiers.one_of(&SPACES);
        let count = modifiers.vector();
        let (kind, parts) = element_kind(&mut modifiers)?;
        modifiers.finish()?;
        let [destination, address] = self.exactly(operands)?;
        let (address, symbol) = self.address(address)?;
        let space = self.space(space, symbol.as_ref())?;
        let destinations = self.load_destinations(destination, count, parts)?;
        let sign_extend_to = match kind {
            NumberKind::Integer(kind) if kind.signed => self.widest(destination)?.max(kind.bits),
            _ => 0,
        };
        let element = Element { width: width(kind)?, sign_extend_to, place: VectorElement::SCALAR };
        if non_coherent {
            self.code.non_coherent.push(self.here());
        }
        if semantics.order == Order::Weak
            || destinations.len() == 1
            || parts == 1 && self.is_whole(element.width, count)
        {
            self.emit(Step::Load { space, address, destinations, element, semantics });
            return Ok(());
        }
        strong_vector(parts)?;
        let address = self.steady(address, &destinations);
        for (index, destination) in destinations.into_iter().enumerate() {
            let address = advanced(address, index, element.width);
            let destinations = SmallVec::from_slice(&[destination]);
            let element = Element { place: VectorElement::new(index, count), ..element };
            self.emit(Step::Load { space, address, destinations, element, semantics });
        }
        Ok(())
    }

    fn store(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        let semantics = self.as_accepted(access_semantics(&mut modifiers, ("release", Order::Release))?);
        let space = modifiers.one_of(&SPACES);
        let count = modifiers.vector();
        let (kind, parts) = element_kind(&mut modifiers)?;
        modifiers.finish()?;
        let [address, value] = self.exactly(operands)?;
        let (address, symbol) = self.address(address)?;
        let space = self.space(space, symbol.as_ref())?;
        if matches!(space, Space::Constant | Space::Parameter) {
            return Err(NotUnderstood("this state space cannot be written".into()));
        }
        let sources = self.store_sources(value, count, parts, kind)?;
        let element = Element { width: width(kind)?, sign_extend_to: 0, place: VectorElement::SCALAR };
        if semantics.order == Order::Weak || sources.len() == 1 || parts == 1 && self.is_whole(element.width, count) {
            self.emit(Step::Store { space, address, sources, element, semantics });
            return Ok(());
        }
        strong_vector(parts)?;
        for (index, source) in sources.into_iter().enumerate() {
            let address = advanced(address, index, element.width);
            let sources = SmallVec::from_slice(&[source]);
            let element = Element { place: VectorElement::new(index, count), ..element };
            self.emit(Step::Store { space, address, sources, element, semantics });
        }
        Ok(())
    }

    /// Registers in the order of memory; a 128-bit one counts as two.
    fn load_destinations(
        &mut self,
        operand: &Operand,
        count: usize,
        parts: usize,
    ) -> Understood<SmallVec<[Option<Register>; 4]>> {
        let mut registers = SmallVec::new();
        for operand in elements(operand, count)? {
            match (parts, operand) {
                (2, Operand::Name(name)) if name != "_" => registers.extend(self.wide(name)?.map(Some)),
                (2, _) => registers.extend([None, None]),
                _ => registers.push(self.destination(operand)?),
            }
        }
        Ok(registers)
    }

    fn store_sources(
        &mut self,
        operand: &Operand,
        count: usize,
        parts: usize,
        kind: NumberKind,
    ) -> Understood<SmallVec<[Source; 4]>> {
        let mut sources = SmallVec::new();
        for operand in elements(operand, count)? {
            match (parts, operand) {
                (2, Operand::Name(name)) => sources.extend(self.wide(name)?.map(Source::Register)),
                (2, _) => return Err(NotUnderstood("expected a 128-bit register".into())),
                _ => sources.push(self.source(operand, kind)?),
            }
        }
        Ok(sources)
    }

    /// Bits of the widest register among those loaded.
    fn widest(&mut self, operand: &Operand) -> Understood<u8> {
        match operand {
            Operand::Vector(parts) => {
                parts.iter().try_fold(0, |most: u8, part| Ok(most.max(self.destination_bits(part)?)))
            }
            single => self.destination_bits(single),
        }
    }

    /// The address in a register of its own, if the load would overwrite it between elements.
    fn steady(&mut self, address: Address, destinations: &[Option<Register>]) -> Address {
        let Base::Value(Source::Register(base)) = address.base else { return address };
        if !destinations.contains(&Some(base)) {
            return address;
        }
        let copy = self.fresh(1);
        self.compute_into(Function::Move, copy, [Source::Register(base)]);
        Address { base: Base::Value(Source::Register(copy)), offset: address.offset }
    }

    /// An address in global memory.
    pub(super) fn global_address(&mut self, operand: &Operand) -> Understood<Address> {
        let (address, symbol) = self.address(operand)?;
        self.space(Some(Written::In(Space::Global)), symbol.as_ref())?;
        Ok(address)
    }

    /// The space that an access means, given the variable it names.
    fn space(&self, written: Option<Written>, symbol: Option<&Symbol>) -> Understood<Space> {
        let space = match (written.unwrap_or(Written::In(Space::Generic)), symbol) {
            (Written::In(space), _) => space,
            (Written::FunctionParameter, _) | (Written::Parameter, Some(Symbol::Local(_))) => Space::Local,
            (Written::Parameter, Some(_)) => Space::Parameter,
            (Written::Parameter, None) => {
                if self.frame.is_entry {
                    Space::Parameter
                } else {
                    Space::Local
                }
            }
        };
        let fits = match symbol {
            None | Some(Symbol::Register(_)) => true,
            Some(Symbol::Global(_)) => matches!(space, Space::Global | Space::Generic),
            Some(Symbol::Shared(_)) => matches!(space, Space::Shared | Space::Cluster),
            Some(Symbol::Local(_)) => space == Space::Local,
            Some(Symbol::Constant(_)) => space == Space::Constant,
            Some(Symbol::Parameter(_)) => space == Space::Parameter,
            Some(Symbol::Broken(_)) => false,
        };
        if fits { Ok(space) } else { Err(NotUnderstood("the variable lies in another state space".into())) }
    }

    fn atomic(&mut self, name: &str, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        let order = modifiers.one_of(&[
            ("relaxed", Order::Relaxed),
            ("acquire", Order::Acquire),
            ("release", Order::Release),
            ("acq_rel", Order::AcqRel),
        ]);
        let scope = modifiers.one_of(&SCOPES).unwrap_or(Scope::Gpu);
        let semantics = self.as_accepted(Semantics { order: order.unwrap_or(Order::Relaxed), scope });
        let written = modifiers.one_of(&SPACES);
        let operation = modifiers.must("an operation", &OPERATIONS)?;
        let count = modifiers.vector();
        // Said of 16-bit floats: subnormals are kept, as everywhere here.
        modifiers.has("noftz");
        let kind = modifiers.kind()?;
        modifiers.finish()?;
        let (destination, rest) = match (name, operands) {
            ("atom", [destination, rest @ ..]) => (Some(destination), rest),
            ("red", all) => (None, all),
            _ => return Err(NotUnderstood("expected operands".into())),
        };
        let (address, values) = rest.split_first().ok_or_else(|| NotUnderstood("expected an address".into()))?;
        let (address, symbol) = self.address(address)?;
        let space = self.space(written, symbol.as_ref())?;
        if !matches!(space, Space::Global | Space::Generic | Space::Shared | Space::Cluster) {
            return Err(NotUnderstood("this state space has no atomics".into()));
        }
        let function = AtomicFunction { operation, kind: atomic_kind(operation, kind)? };
        let width = width(kind)?;
        let (expected, operand) = match (operation, values) {
            (AtomicOperation::CompareSwap, [expected, operand]) if count == 1 => (Some(expected), operand),
            (AtomicOperation::CompareSwap, _) => return Err(NotUnderstood("expected two values".into())),
            (_, [operand]) => (None, operand),
            _ => return Err(NotUnderstood("expected one value".into())),
        };
        let expected = match expected {
            Some(expected) => self.source(expected, kind)?,
            None => Source::ZERO,
        };
        let operands = self.store_sources(operand, count, 1, kind)?;
        let destinations = match destination {
            Some(destination) => self.load_destinations(destination, count, 1)?,
            None => SmallVec::from_elem(None, count),
        };
        let address = if count > 1 { self.steady(address, &destinations) } else { address };
        for (index, (operand, destination)) in operands.into_iter().zip(destinations).enumerate() {
            let address = advanced(address, index, width);
            let place = VectorElement::SCALAR;
            self.emit(Step::Atomic {
                space,
                address,
                width,
                function,
                operand,
                expected,
                destination,
                semantics,
                place,
            });
        }
        Ok(())
    }
}

/// Order and scope of a load or store: `.weak` and `.volatile` have no scope, the others must have one.
fn access_semantics(modifiers: &mut Modifiers, strongest: (&str, Order)) -> Understood<Semantics> {
    let mmio = modifiers.has("mmio");
    let order = modifiers.one_of(&[
        ("weak", Order::Weak),
        ("volatile", Order::Volatile),
        ("relaxed", Order::Relaxed),
        strongest,
    ]);
    let scope = modifiers.one_of(&SCOPES);
    match (order.unwrap_or(Order::Weak), scope) {
        (order @ (Order::Weak | Order::Volatile), None) if !mmio => Ok(Semantics { order, scope: Scope::Sys }),
        (Order::Weak | Order::Volatile, _) => Err(NotUnderstood("a weak or volatile access has no scope".into())),
        (order, Some(scope)) => Ok(Semantics { order, scope }),
        (_, None) => Err(NotUnderstood("expected a scope: one of .cta .cluster .gpu .sys".into())),
    }
}

/// Type of an element, and how many registers of it make one operand: two for `.b128`.
fn element_kind(modifiers: &mut Modifiers) -> Understood<(NumberKind, usize)> {
    if modifiers.has("b128") {
        return Ok((NumberKind::Integer(IntegerKind::unsigned(64)), 2));
    }
    Ok((modifiers.kind()?, 1))
}

fn strong_vector(parts: usize) -> Understood<()> {
    if parts == 1 { Ok(()) } else { Err(NotUnderstood("strong accesses of 128 bits are not modelled".into())) }
}

/// The elements of a vector operand, or the operand itself.
pub(super) fn elements(operand: &Operand, count: usize) -> Understood<&[Operand]> {
    let elements = match operand {
        Operand::Vector(parts) => &parts[..],
        single => std::slice::from_ref(single),
    };
    if elements.len() == count {
        Ok(elements)
    } else {
        Err(NotUnderstood(format!("expected {count} elements, found {}", elements.len())))
    }
}

pub(super) fn width(kind: NumberKind) -> Understood<Width> {
    let bits = match kind {
        NumberKind::Integer(kind) => u32::from(kind.bits),
        NumberKind::Float(kind) => kind.bits(),
    };
    match bits {
        8 => Ok(Width::One),
        16 => Ok(Width::Two),
        32 => Ok(Width::Four),
        64 => Ok(Width::Eight),
        _ => Err(NotUnderstood(format!("accesses of {bits} bits are not modelled"))),
    }
}

pub(super) fn advanced(address: Address, index: usize, width: Width) -> Address {
    Address { offset: address.offset.wrapping_add(index as i64 * width.bytes() as i64), ..address }
}

/// The types that PTX gives each operation.
pub(super) fn atomic_kind(operation: AtomicOperation, kind: NumberKind) -> Understood<AtomicKind> {
    use AtomicOperation as Op;
    let allowed = match (operation, kind) {
        (Op::Add | Op::Min | Op::Max, NumberKind::Integer(kind)) => {
            let kind_of = if kind.signed { AtomicKind::Signed } else { AtomicKind::Unsigned };
            (kind.bits >= 32).then_some(kind_of)
        }
        (Op::And | Op::Or | Op::Xor | Op::Exchange, NumberKind::Integer(kind)) => {
            (kind.bits >= 32).then_some(AtomicKind::Unsigned)
        }
        (Op::CompareSwap, NumberKind::Integer(kind)) => (kind.bits >= 16).then_some(AtomicKind::Unsigned),
        (Op::Increment | Op::Decrement, NumberKind::Integer(kind)) => (kind.bits == 32).then_some(AtomicKind::Unsigned),
        (Op::Add, NumberKind::Float(FloatKind::F32)) => Some(AtomicKind::F32),
        (Op::Add, NumberKind::Float(FloatKind::F64)) => Some(AtomicKind::F64),
        (Op::Add | Op::Min | Op::Max, NumberKind::Float(kind)) => match kind {
            FloatKind::F16 => Some(AtomicKind::F16),
            FloatKind::F16x2 => Some(AtomicKind::F16x2),
            FloatKind::BF16 => Some(AtomicKind::BF16),
            FloatKind::BF16x2 => Some(AtomicKind::BF16x2),
            FloatKind::F32 | FloatKind::F32x2 | FloatKind::F64 => None,
        },
        // Bits of a float may be exchanged: `.b32` under another name.
        (_, NumberKind::Float(_)) => None,
    };
    allowed.ok_or_else(|| NotUnderstood("no atomic of this operation and type is modelled".into()))
}
