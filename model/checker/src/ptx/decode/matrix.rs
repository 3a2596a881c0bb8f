//! Matrices in the registers of a warp: `ldmatrix` and `stmatrix` exactly, `mma.sync` with results that are not known.
//!
//! `ldmatrix` and `stmatrix` become exchanges of row addresses among lanes, and an ordinary weak access of each lane to what
//! it holds of a row: four lanes in a row access the 16 bytes of one row (PTX ISA, `ldmatrix`, `stmatrix`). Which lane's
//! access it is, the one that names the row or the one that holds the piece, the ISA does not say: both read it, and whoever
//! holds a piece stores it.
//!
//! `mma.sync` touches no memory. It waits for its warp, which orders nothing, as an exchange of values does, and what it
//! computes is unknown ([`Step::Unknown`]). Not modelled: other shapes of `ldmatrix` than `.m8n8`, `wmma`, `wgmma`, `tcgen05`.

use super::access::elements;
use super::modifiers::Modifiers;
use super::{Decoder, NotUnderstood, Understood};
use crate::program::{VectorElement, Width};
use crate::ptx::code::function::{Bits, Compare, Function, Integer, Pack, Test};
use crate::ptx::code::kind::{IntegerKind, NumberKind};
use crate::ptx::code::step::{Address, Base, Element, Exchange, Guard, Shuffle, Space, Special, Warp};
use crate::ptx::code::{Register, Source, Step};
use crate::ptx::syntax::Operand;
use arverify_protocol::ir::{Order, Scope, Semantics};
use arverify_protocol::verdict::Code as Finding;
use smallvec::smallvec;

const WORD: IntegerKind = IntegerKind::unsigned(32);
const NUMBER: NumberKind = NumberKind::Integer(WORD);

/// Lanes that a warp has.
const EVERY_LANE: Source = Source::Constant(0xffff_ffff);

/// `shfl.idx` without segments.
const NO_CLAMP: Source = Source::Constant(0x1f);

const WEAK: Semantics = Semantics { order: Order::Weak, scope: Scope::Sys };

/// Shapes of `mma.sync` (PTX ISA, "Warp Level Matrix Multiply-Accumulate Instructions").
const SHAPES: [(&str, ()); 11] = [
    ("m8n8k4", ()),
    ("m8n8k16", ()),
    ("m8n8k32", ()),
    ("m8n8k128", ()),
    ("m16n8k4", ()),
    ("m16n8k8", ()),
    ("m16n8k16", ()),
    ("m16n8k32", ()),
    ("m16n8k64", ()),
    ("m16n8k128", ()),
    ("m16n8k256", ()),
];

/// What else `mma.sync` may be called.
const REST: [&str; 22] = [
    "row",
    "col",
    "satfinite",
    "f16",
    "f32",
    "f64",
    "bf16",
    "tf32",
    "e4m3",
    "e5m2",
    "e3m2",
    "e2m3",
    "e2m1",
    "u8",
    "s8",
    "u4",
    "s4",
    "b1",
    "s32",
    "xor",
    "and",
    "popc",
];

/// What a lane has to do with the rows of matrices.
struct Piece {
    /// `.trans`
    transposed: bool,
    /// Where it begins in its row.
    offset: Source,
    /// The lane that names the first row, of the first matrix.
    row: Source,
}

impl Decoder<'_> {
    /// `mma.sync`
    pub(super) fn mma(&mut self, name: String, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        modifiers.must("`.sync`", &[("sync", ())])?;
        modifiers.must("`.aligned`", &[("aligned", ())])?;
        modifiers.must("a shape", &SHAPES)?;
        while REST.iter().any(|known| modifiers.has(known)) {}
        modifiers.finish()?;
        let [to, inputs @ ..] = operands else { return Err(NotUnderstood("expected 4 operands, found 0".into())) };
        if inputs.len() != 3 {
            return Err(NotUnderstood(format!("expected 4 operands, found {}", operands.len())));
        }
        let found = [parts(to)?.len(), parts(&inputs[0])?.len(), parts(&inputs[1])?.len(), parts(&inputs[2])?.len()];
        let expected = registers(&name)?;
        if found != expected {
            let text =
                format!("expected matrices of {expected:?} registers for this shape and these types, found {found:?}");
            return Err(NotUnderstood(text));
        }
        for input in inputs {
            for part in parts(input)? {
                self.source(part, NUMBER)?;
            }
        }
        let to = parts(to)?.iter().map(|part| self.destination(part)).collect::<Understood<Vec<_>>>()?;
        self.emit(Step::Warp(Warp { mask: EVERY_LANE, exchange: Exchange::Elect { leader: None, elected: None } }));
        self.emit(Step::Unknown { name: name.into(), destinations: to.into_iter().flatten().collect() });
        Ok(())
    }

    /// `ldmatrix`
    pub(super) fn load_matrix(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        let (count, piece) = self.piece(&mut modifiers)?;
        modifiers.finish()?;
        let [to, at] = self.exactly(operands)?;
        let to = elements(to, count)?.iter().map(|part| self.destination(part)).collect::<Understood<Vec<_>>>()?;
        let rows = self.rows(at, count, &piece)?;
        self.read_named_row(at, count)?;
        for (row, to) in rows.chunks(piece.rows()).zip(to) {
            let parts: Vec<Register> = row
                .iter()
                .map(|address| {
                    let part = self.fresh(1);
                    let (destinations, element) = (smallvec![Some(part)], piece.element());
                    self.emit(Step::Load {
                        space: Space::Shared,
                        address: *address,
                        destinations,
                        element,
                        semantics: WEAK,
                    });
                    part
                })
                .collect();
            let Some(to) = to else { continue };
            match parts[..] {
                [low, high] => {
                    let join = Function::Pack(Pack::Join { bits: 16 });
                    self.compute_into(join, to, [Source::Register(low), Source::Register(high)]);
                }
                _ => self.compute_into(Function::Move, to, [Source::Register(parts[0])]),
            }
        }
        Ok(())
    }

    /// `stmatrix`
    pub(super) fn store_matrix(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        let (count, piece) = self.piece(&mut modifiers)?;
        modifiers.finish()?;
        let [at, from] = self.exactly(operands)?;
        let from =
            elements(from, count)?.iter().map(|part| self.source(part, NUMBER)).collect::<Understood<Vec<_>>>()?;
        let rows = self.rows(at, count, &piece)?;
        for (row, from) in rows.chunks(piece.rows()).zip(from) {
            for (index, address) in (0..).zip(row) {
                let mut value = from;
                if piece.transposed {
                    let half = self.fresh(1);
                    self.compute_into(Function::Pack(Pack::Field { from: 16 * index, bits: 16 }), half, [from]);
                    value = Source::Register(half);
                }
                let (sources, element) = (smallvec![value], piece.element());
                self.emit(Step::Store { space: Space::Shared, address: *address, sources, element, semantics: WEAK });
            }
        }
        Ok(())
    }

    /// How many matrices, and what a lane holds of each. Lane i holds elements 2 (i mod 4) and the next of row i / 4; of a
    /// transposed matrix element i / 4 of those rows.
    fn piece(&mut self, modifiers: &mut Modifiers) -> Understood<(usize, Piece)> {
        modifiers.must("`.sync`", &[("sync", ())])?;
        modifiers.must("`.aligned`", &[("aligned", ())])?;
        modifiers.must("the shape `.m8n8`, which alone is modelled", &[("m8n8", ())])?;
        let count = modifiers.must("how many matrices", &[("x1", 1), ("x2", 2), ("x4", 4)])?;
        let transposed = modifiers.has("trans");
        modifiers.must("shared memory", &[("shared", ()), ("shared::cta", ())])?;
        modifiers.must("the type `.b16`, which alone is modelled", &[("b16", ())])?;
        let lane = self.fresh(1);
        self.emit(Step::Special { special: Special::Lane, destination: lane });
        let lane = Source::Register(lane);
        let [row, column] = [Integer::Div, Integer::Rem]
            .map(|function| self.number(Function::Integer(function, WORD), [lane, Source::Constant(4)]));
        let times = |decoder: &mut Self, value: Source, factor: u64| {
            decoder.number(Function::Integer(Integer::MulLow, WORD), [value, Source::Constant(factor)])
        };
        let (row, offset) =
            if transposed { (times(self, column, 2), times(self, row, 2)) } else { (row, times(self, column, 4)) };
        Ok((count, Piece { transposed, offset, row }))
    }

    /// Where a lane's pieces of the rows lie: matrix by matrix, of a transposed one two rows each.
    fn rows(&mut self, at: &Operand, count: usize, piece: &Piece) -> Understood<Vec<Address>> {
        let (address, symbol) = self.address(at)?;
        let shared = matches!(symbol, None | Some(super::frame::Symbol::Register(_) | super::frame::Symbol::Shared(_)));
        let Base::Value(base) = address.base else { return Err(NotUnderstood("expected shared memory".into())) };
        if !shared {
            return Err(NotUnderstood("expected shared memory".into()));
        }
        let own =
            self.number(Function::Integer(Integer::Add, WORD), [base, Source::Constant(address.offset as u32 as u64)]);
        let mut rows = Vec::new();
        for matrix in 0..count {
            for index in 0..piece.rows() {
                let from = Source::Constant((8 * matrix + index) as u64);
                let lane = self.number(Function::Integer(Integer::Add, WORD), [piece.row, from]);
                let row = self.fresh(1);
                self.emit(Step::Warp(Warp {
                    mask: EVERY_LANE,
                    exchange: Exchange::Shuffle {
                        mode: Shuffle::Index,
                        value: own,
                        lane,
                        clamp: NO_CLAMP,
                        destination: Some(row),
                        valid: None,
                    },
                }));
                self.must_be_aligned(Source::Register(row));
                let start = self.number(Function::Integer(Integer::Add, WORD), [Source::Register(row), piece.offset]);
                rows.push(Address { base: Base::Value(start), offset: 0 });
            }
        }
        Ok(rows)
    }

    /// Lanes that name rows read them, whole: it may be their access.
    fn read_named_row(&mut self, at: &Operand, count: usize) -> Understood<()> {
        let (address, _) = self.address(at)?;
        let (lane, names) = (self.fresh(1), self.fresh(1));
        let guard = self.guard.take();
        self.compute_into(Function::Move, names, [Source::ZERO]);
        self.guard = guard;
        self.emit(Step::Special { special: Special::Lane, destination: lane });
        let compare = Compare { test: Test::Less, kind: NUMBER, flush: false, combine: None };
        let rows = Source::Constant(8 * count as u64);
        self.compute_into(Function::Compare(compare), names, [Source::Register(lane), rows]);
        self.guard = Some(Guard { register: names, negated: false });
        let element = Element { width: Width::Four, sign_extend_to: 0, place: VectorElement::SCALAR };
        let (space, destinations) = (Space::Shared, smallvec![None; 4]);
        self.emit(Step::Load { space, address, destinations, element, semantics: WEAK });
        self.guard = guard;
        Ok(())
    }

    /// Each row begins where 16 bytes are aligned (PTX ISA, `ldmatrix`: "Each row's address must be naturally aligned").
    fn must_be_aligned(&mut self, row: Source) {
        let wrong = self.fresh(1);
        let guard = self.guard.take();
        self.compute_into(Function::Move, wrong, [Source::ZERO]);
        self.guard = guard;
        let rest = self.number(Function::Bits(Bits::And, WORD), [row, Source::Constant(15)]);
        let compare = Compare { test: Test::NotEqual, kind: NUMBER, flush: false, combine: None };
        self.compute_into(Function::Compare(compare), wrong, [rest, Source::ZERO]);
        self.guard = Some(Guard { register: wrong, negated: false });
        let message = "a row of a matrix does not begin at a multiple of 16 bytes".into();
        self.emit(Step::Trap { code: Finding::OutOfBounds, message });
        self.guard = guard;
    }

    /// A new register with what a function computes.
    fn number<const N: usize>(&mut self, function: Function, sources: [Source; N]) -> Source {
        let register = self.fresh(1);
        self.compute_into(function, register, sources);
        Source::Register(register)
    }
}

impl Piece {
    /// Rows of a matrix of which a lane holds something.
    fn rows(&self) -> usize {
        if self.transposed { 2 } else { 1 }
    }

    fn element(&self) -> Element {
        let width = if self.transposed { Width::Two } else { Width::Four };
        Element { width, sign_extend_to: 0, place: VectorElement::SCALAR }
    }
}

/// Registers that the matrices D, A, B and C of an `mma.sync` have, by its name (PTX ISA, "Warp Level Matrix Multiply-Accumulate
/// Instructions": a lane holds an equal part of each). Not those of `m8n8k4` with halves, which four groups of lanes make.
fn registers(name: &str) -> Understood<[usize; 4]> {
    let words = || name.split('.');
    let numbers = |(m, rest): (&str, &str)| -> Option<[usize; 3]> {
        let (n, k) = rest.split_once('k')?;
        Some([m.parse().ok()?, n.parse().ok()?, k.parse().ok()?])
    };
    let shape = words().find_map(|word| word.strip_prefix('m')?.split_once('n')).and_then(numbers);
    let types: Vec<usize> = words().filter_map(bits).collect();
    let (Some([m, n, k]), [d, a, b, c]) = (shape, &types[..]) else {
        return Err(NotUnderstood("expected a shape and the types of four matrices".into()));
    };
    let count = |elements: usize, bits: usize| {
        let lane = 32 * bits.max(32);
        (elements * bits).is_multiple_of(lane).then_some(elements * bits / lane).filter(|count| *count > 0)
    };
    let counts = [count(m * n, *d), count(m * k, *a), count(k * n, *b), count(m * n, *c)];
    match counts {
        [Some(d), Some(a), Some(b), Some(c)] => Ok([d, a, b, c]),
        _ => Err(NotUnderstood("this shape with these types is not modelled".into())),
    }
}

/// Bits of an element as a register holds it.
fn bits(word: &str) -> Option<usize> {
    match word {
        "f64" => Some(64),
        "f32" | "tf32" | "s32" => Some(32),
        "f16" | "bf16" => Some(16),
        "e4m3" | "e5m2" | "e3m2" | "e2m3" | "e2m1" | "u8" | "s8" => Some(8),
        "u4" | "s4" => Some(4),
        "b1" => Some(1),
        _ => None,
    }
}

/// The registers of an operand of `mma`, at most as many as any shape has.
fn parts(operand: &Operand) -> Understood<&[Operand]> {
    let parts = match operand {
        Operand::Vector(parts) => &parts[..],
        single => std::slice::from_ref(single),
    };
    if parts.len() <= 8 { Ok(parts) } else { Err(NotUnderstood(format!("a matrix of {} registers", parts.len()))) }
}

#[cfg(test)]
mod tests {
    use super::registers;

    #[test]
    fn registers_are_those_of_the_isa() {
        let counts = |name: &str| registers(name).ok();
        assert_eq!(counts("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32"), Some([4, 4, 2, 4]));
        assert_eq!(counts("mma.sync.aligned.m16n8k8.row.col.f16.f16.f16.f16"), Some([2, 2, 1, 2]));
        assert_eq!(counts("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32"), Some([4, 4, 2, 4]));
        assert_eq!(counts("mma.sync.aligned.m16n8k32.row.col.s32.s8.u8.s32"), Some([4, 4, 2, 4]));
        assert_eq!(counts("mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64"), Some([2, 1, 1, 2]));
        assert_eq!(counts("mma.sync.aligned.m8n8k4.row.col.f32.f16.f16.f32"), None);
        assert_eq!(counts("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16"), None);
    }
}
