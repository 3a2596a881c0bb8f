//! `multimem`: accesses to the same place of every rank's memory, through one multicast address (NVLink SHARP).
//!
//! An instruction becomes ordinary accesses, one for each rank and element, to the space of that rank, so that nobody who
//! performs them need know of multicast.
//!
//! Decision: accesses to the memory of different ranks are in no order, like the elements of a vector. The ISA says
//! only that all of the places are accessed; so less is promised than by a reading in which whoever observes one has
//! observed all.
//! Decision: values are combined in the order of ranks, each sum rounded to the type, or with `.acc::f32` the last one alone. The
//! ISA leaves order and precision open, so a verdict on floats says that it rests on this.
//! Decision: a word has one history, whichever address it is accessed by. The ISA takes a multicast address for an alias
//! (8.6, "Proxies"), which asks for `fence.proxy.alias` between the two; published kernels have it (CUTLASS) or not
//! (SGLang). It is accepted and orders nothing, and every verdict says so.
//! Not decoded: 8-bit floats.

use super::access::{SCOPES, advanced, elements, width};
use super::modifiers::Modifiers;
use super::{Decoder, NotUnderstood, Understood};
use crate::program::{AtomicFunction, AtomicKind, VectorElement, Width};
use crate::ptx::code::function::{Bits, Convert, Extreme, Float, FloatOperation, Function, Integer, Pack};
use crate::ptx::code::kind::{FloatKind, IntegerKind, NumberKind, Rounding};
use crate::ptx::code::step::{Address, Element, Space};
use crate::ptx::code::{Register, Source, Step};
use crate::ptx::syntax::Operand;
use arverify_protocol::ir::{AtomicOperation, Order, Scope, Semantics};
use smallvec::SmallVec;

/// What verdicts on these instructions rest on.
const ALIASES: &str = "unicast and multicast addresses of one word are one word, without fence.proxy.alias";
/// The same, where the order of a sum shows.
const IN_ORDER: &str = "multimem.ld_reduce adds floats in the order of ranks";

/// What an instruction does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Multimem {
    LoadReduce,
    Store,
    Reduce,
}

const REDUCTIONS: [(&str, AtomicOperation); 6] = [
    ("add", AtomicOperation::Add),
    ("min", AtomicOperation::Min),
    ("max", AtomicOperation::Max),
    ("and", AtomicOperation::And),
    ("or", AtomicOperation::Or),
    ("xor", AtomicOperation::Xor),
];

/// What is accessed in the memory of one rank.
#[derive(Clone, Copy)]
struct Accessed {
    semantics: Semantics,
    /// Type of an element.
    kind: NumberKind,
    /// Size of an element.
    width: Width,
    /// Elements of a register: two of a pair.
    packed: usize,
    /// Registers.
    registers: usize,
}

impl Accessed {
    /// Elements, side by side.
    fn elements(self) -> usize {
        self.packed * self.registers
    }
}

impl Decoder<'_> {
    pub(super) fn multimem(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        let instructions = [("ld_reduce", Multimem::LoadReduce), ("st", Multimem::Store), ("red", Multimem::Reduce)];
        let what = modifiers.must("an operation", &instructions)?;
        let semantics = self.as_accepted(semantics(what, &mut modifiers)?);
        modifiers.has("global");
        let reduction = match what {
            Multimem::Store => None,
            Multimem::LoadReduce | Multimem::Reduce => Some(modifiers.must("a reduction", &REDUCTIONS)?),
        };
        let wide = modifiers.has("acc::f32");
        let registers = modifiers.vector();
        let kind = modifiers.kind()?;
        modifiers.finish()?;
        check_type(what, reduction, kind, registers)?;
        if wide && (what, reduction) != (Multimem::LoadReduce, Some(AtomicOperation::Add)) {
            return Err(NotUnderstood("`.acc::f32` belongs to `multimem.ld_reduce.add`".into()));
        }
        let (kind, packed) = match kind {
            NumberKind::Float(pair) => pair.halves().map_or((kind, 1), |(element, _)| (NumberKind::Float(element), 2)),
            NumberKind::Integer(_) => (kind, 1),
        };
        if wide && width(kind)? != Width::Two {
            return Err(NotUnderstood("`.acc::f32` belongs to 16-bit floats".into()));
        }
        let accessed = Accessed { semantics, kind, width: width(kind)?, packed, registers };
        self.remark(ALIASES);
        let [first, second] = self.exactly(operands)?;
        match (what, reduction) {
            (Multimem::LoadReduce, Some(reduction)) => {
                let address = self.global_address(second)?;
                self.load_reduce(accessed, (reduction, wide), first, address)
            }
            (_, reduction) => {
                let address = self.global_address(first)?;
                let values = self.elements_of(accessed, second)?;
                match reduction {
                    Some(reduction) => self.reduce_all(accessed, reduction, address, &values),
                    None => self.store_all(accessed, address, &values),
                }
                Ok(())
            }
        }
    }

    fn load_reduce(
        &mut self,
        accessed: Accessed,
        (reduction, wide): (AtomicOperation, bool),
        destination: &Operand,
        address: Address,
    ) -> Understood<()> {
        let is_float = matches!(accessed.kind, NumberKind::Float(_));
        if is_float && reduction == AtomicOperation::Add && self.reading.ranks > 2 {
            self.remark(IN_ORDER);
        }
        let loaded = self.load_all(accessed, address);
        let mut results: Vec<Register> = Vec::new();
        for element in 0..accessed.elements() {
            let values: Vec<Register> = loaded.iter().map(|of_rank| of_rank[element]).collect();
            results.push(self.combined(accessed.kind, (reduction, wide), values)?);
        }
        let registers = elements(destination, accessed.registers)?;
        for (register, results) in registers.iter().zip(results.chunks_exact(accessed.packed)) {
            match *results {
                [low, high] => {
                    let halves = [low, high].map(Source::Register);
                    self.compute(Function::Pack(Pack::Join { bits: 16 }), register, halves)?;
                }
                _ => self.compute(Function::Move, register, [Source::Register(results[0])])?,
            }
        }
        Ok(())
    }

    /// Loads of all elements, by rank.
    fn load_all(&mut self, accessed: Accessed, address: Address) -> Vec<Vec<Register>> {
        let count = accessed.elements();
        let loaded: Vec<Vec<Register>> =
            (0..self.reading.ranks).map(|_| (0..count).map(|_| self.fresh(1)).collect()).collect();
        let (width, semantics) = (accessed.width, accessed.semantics);
        for (rank, registers) in loaded.iter().enumerate() {
            let space = Space::Multicast(rank as u8);
            let mut load = |address, registers: &[Register], place| {
                let destinations: SmallVec<[Option<Register>; 4]> = registers.iter().copied().map(Some).collect();
                let element = Element { width, sign_extend_to: 0, place };
                self.emit(Step::Load { space, address, destinations, element, semantics });
            };
            if semantics.order == Order::Weak {
                load(address, registers, VectorElement::SCALAR);
                continue;
            }
            for (index, register) in registers.iter().enumerate() {
                let place = place((rank, loaded.len()), (index, count));
                load(advanced(address, index, width), &[*register], place);
            }
        }
        loaded
    }

    fn store_all(&mut self, accessed: Accessed, address: Address, values: &[Source]) {
        let (width, semantics) = (accessed.width, accessed.semantics);
        let ranks = self.reading.ranks as usize;
        for rank in 0..ranks {
            let space = Space::Multicast(rank as u8);
            let mut store = |address, values: &[Source], place| {
                let element = Element { width, sign_extend_to: 0, place };
                self.emit(Step::Store { space, address, sources: SmallVec::from_slice(values), element, semantics });
            };
            if semantics.order == Order::Weak {
                store(address, values, VectorElement::SCALAR);
                continue;
            }
            for (index, value) in values.iter().enumerate() {
                let place = place((rank, ranks), (index, values.len()));
                store(advanced(address, index, width), &[*value], place);
            }
        }
    }

    fn reduce_all(&mut self, accessed: Accessed, operation: AtomicOperation, address: Address, values: &[Source]) {
        let (width, semantics) = (accessed.width, accessed.semantics);
        let kind = match accessed.kind {
            NumberKind::Integer(IntegerKind { signed: true, .. }) => AtomicKind::Signed,
            NumberKind::Integer(_) => AtomicKind::Unsigned,
            NumberKind::Float(FloatKind::F64) => AtomicKind::F64,
            NumberKind::Float(FloatKind::F16 | FloatKind::F16x2) => AtomicKind::F16,
            NumberKind::Float(FloatKind::BF16 | FloatKind::BF16x2) => AtomicKind::BF16,
            NumberKind::Float(FloatKind::F32 | FloatKind::F32x2) => AtomicKind::F32,
        };
        let ranks = self.reading.ranks as usize;
        for rank in 0..ranks {
            for (index, value) in values.iter().enumerate() {
                self.emit(Step::Atomic {
                    space: Space::Multicast(rank as u8),
                    address: advanced(address, index, width),
                    width,
                    function: AtomicFunction { operation, kind },
                    operand: *value,
                    expected: Source::ZERO,
                    destination: None,
                    semantics,
                    place: place((rank, ranks), (index, values.len())),
                });
            }
        }
    }

    /// The elements that registers hold, or constants.
    fn elements_of(&mut self, accessed: Accessed, operand: &Operand) -> Understood<Vec<Source>> {
        let mut values = Vec::new();
        for operand in elements(operand, accessed.registers)? {
            let value = self.source(operand, accessed.kind)?;
            if accessed.packed == 1 {
                values.push(value);
                continue;
            }
            for from in [0, 16] {
                let half = self.fresh(1);
                self.compute_into(Function::Pack(Pack::Field { from, bits: 16 }), half, [value]);
                values.push(Source::Register(half));
            }
        }
        Ok(values)
    }

    /// The values of all ranks combined, in their order.
    fn combined(
        &mut self,
        kind: NumberKind,
        (reduction, wide): (AtomicOperation, bool),
        values: Vec<Register>,
    ) -> Understood<Register> {
        let sum = if wide { NumberKind::Float(FloatKind::F32) } else { kind };
        let function = function(reduction, sum)?;
        let mut result: Option<Register> = None;
        for value in values {
            let value = if wide { self.converted(kind, sum, value) } else { value };
            let Some(before) = result else {
                result = Some(value);
                continue;
            };
            let both = self.fresh(1);
            self.compute_into(function, both, [before, value].map(Source::Register));
            result = Some(both);
        }
        let result = result.ok_or_else(|| NotUnderstood("there is no rank".into()))?;
        Ok(if wide { self.converted(sum, kind, result) } else { result })
    }

    fn converted(&mut self, from: NumberKind, to: NumberKind, value: Register) -> Register {
        let conversion = Convert {
            from,
            to,
            rounding: Rounding::Nearest,
            integral: false,
            flush: false,
            saturate: false,
            relu: false,
            register_bits: 0,
        };
        let converted = self.fresh(1);
        self.compute_into(Function::Convert(conversion), converted, [Source::Register(value)]);
        converted
    }
}

/// Order and scope: weak where nothing is said, but reductions are `.relaxed.sys`. Who is strong has a scope, and nobody else.
fn semantics(what: Multimem, modifiers: &mut Modifiers) -> Understood<Semantics> {
    let orders: &[(&str, Order)] = match what {
        Multimem::LoadReduce => &[("weak", Order::Weak), ("relaxed", Order::Relaxed), ("acquire", Order::Acquire)],
        Multimem::Store => &[("weak", Order::Weak), ("relaxed", Order::Relaxed), ("release", Order::Release)],
        Multimem::Reduce => &[("relaxed", Order::Relaxed), ("release", Order::Release)],
    };
    let order = modifiers.one_of(orders);
    let scope = modifiers.one_of(&SCOPES);
    match (order, scope) {
        (None, None) if what == Multimem::Reduce => Ok(Semantics { order: Order::Relaxed, scope: Scope::Sys }),
        (None | Some(Order::Weak), None) => Ok(Semantics { order: Order::Weak, scope: Scope::Sys }),
        (None, Some(_)) => Err(NotUnderstood("expected an order before the scope".into())),
        (Some(Order::Weak), Some(_)) => Err(NotUnderstood("a weak access has no scope".into())),
        (Some(order), Some(scope)) => Ok(Semantics { order, scope }),
        (Some(_), None) => Err(NotUnderstood("expected a scope: one of .cta .cluster .gpu .sys".into())),
    }
}

/// The types that PTX gives each operation.
fn check_type(
    what: Multimem,
    reduction: Option<AtomicOperation>,
    kind: NumberKind,
    registers: usize,
) -> Understood<()> {
    use AtomicOperation as Op;
    let bitwise = matches!(reduction, Some(Op::And | Op::Or | Op::Xor));
    let fits = match kind {
        NumberKind::Integer(kind) => {
            let sums_signed = reduction == Some(Op::Add) && kind.signed && kind.bits == 64;
            registers == 1 && kind.bits >= 32 && !sums_signed && !(bitwise && kind.signed)
        }
        NumberKind::Float(kind) => {
            let whole = kind.bits() * registers as u32;
            let narrow = !matches!(kind, FloatKind::F32 | FloatKind::F64);
            let extremes = what == Multimem::LoadReduce && narrow;
            let reduces = matches!(reduction, None | Some(Op::Add)) || extremes && !bitwise;
            let vector = kind != FloatKind::F64 || registers == 1;
            kind != FloatKind::F32x2 && matches!(whole, 32 | 64 | 128) && reduces && vector
        }
    };
    if fits { Ok(()) } else { Err(NotUnderstood("`multimem` has no such operation on this type and vector".into())) }
}

/// How two values are combined.
fn function(reduction: AtomicOperation, kind: NumberKind) -> Understood<Function> {
    use AtomicOperation as Op;
    let float = |operation, kind| {
        let (rounding, flush, saturate, relu) = (Rounding::Nearest, false, false, false);
        Function::Float(Float { operation, kind, rounding, flush, saturate, relu })
    };
    Ok(match (reduction, kind) {
        (Op::Add, NumberKind::Integer(kind)) => Function::Integer(Integer::Add, kind),
        (Op::Min, NumberKind::Integer(kind)) => Function::Integer(Integer::Min, kind),
        (Op::Max, NumberKind::Integer(kind)) => Function::Integer(Integer::Max, kind),
        (Op::And, NumberKind::Integer(kind)) => Function::Bits(Bits::And, kind),
        (Op::Or, NumberKind::Integer(kind)) => Function::Bits(Bits::Or, kind),
        (Op::Xor, NumberKind::Integer(kind)) => Function::Bits(Bits::Xor, kind),
        (Op::Add, NumberKind::Float(kind)) => float(FloatOperation::Add, kind),
        (Op::Min, NumberKind::Float(kind)) => float(FloatOperation::Min(Extreme::default()), kind),
        (Op::Max, NumberKind::Float(kind)) => float(FloatOperation::Max(Extreme::default()), kind),
        _ => return Err(NotUnderstood("values are not combined so".into())),
    })
}

/// The place of an element among those of all ranks.
fn place((rank, ranks): (usize, usize), (index, elements): (usize, usize)) -> VectorElement {
    let whole = VectorElement::new(rank * elements + index, ranks * elements);
    VectorElement { adjacent: elements as u16, ..whole }
}
