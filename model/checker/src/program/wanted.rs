//! What an output must hold, element by element.

use super::{Contents, Definition, Element, Expected, Program};
use arverify_protocol::data::{self, DataType};
use arverify_protocol::ir::Reduction;

/// A wanted element.
pub struct Wanted {
    /// Its bits, where it is reduced in ascending order of ranks.
    pub bits: u64,
    /// Whether the inputs are such that every order gives these bits.
    pub exact: bool,
    /// The exact result, and the sum of the magnitudes that went into it: for sums of floats.
    sum: Option<(f64, f64)>,
}

impl Wanted {
    /// Whether a value is the right sum but for roundings: each of the additions rounds once.
    pub fn allows(&self, got: u64, ranks: u32, kind: Element) -> bool {
        let (Some((exact, magnitude)), Element::Data(data)) = (self.sum, kind) else { return false };
        (f64::from(data.to_f32(got as u32)) - exact).abs() <= f64::from(ranks) * epsilon(data) * magnitude
    }
}

fn epsilon(data: DataType) -> f64 {
    match data {
        DataType::F32 => f64::from(f32::EPSILON),
        DataType::F16 => 1.0 / 1024.0,
        DataType::BF16 => 1.0 / 128.0,
    }
}

/// The collective's definition at one element of one rank's output.
pub fn wanted<P: Program>(
    program: &P,
    expected: &Expected,
    kind: Element,
    rank: u32,
    launch: u32,
    element: u64,
) -> Wanted {
    let shape = program.shape();
    let input = &shape.instances[(expected.input * shape.ranks) as usize];
    let elements = (input.bytes / u64::from(kind.bytes())).max(1);
    let read = |rank: u32, index: u64| input_of(program, expected.input, kind, (rank, launch), index);
    let one = |bits: u64| Wanted { bits, exact: true, sum: None };
    let reduced = |reduction: Reduction, index: u64| {
        let sources = (0..shape.ranks).map(|from| read(from, index));
        match kind {
            Element::Data(data) => {
                let bits = data.fold(reduction, expected.accumulate, sources.clone().map(|bits| bits as u32));
                let values = sources.map(|bits| f64::from(data.to_f32(bits as u32)));
                let sum = (values.clone().sum(), values.map(f64::abs).sum());
                let exact = data::is_exact_element(index);
                Wanted { bits: u64::from(bits), exact, sum: (reduction == Reduction::Sum).then_some(sum) }
            }
            _ => one(fold_integers(kind, reduction, sources)),
        }
    };
    match expected.definition {
        Definition::AllReduce(reduction) => reduced(reduction, element),
        Definition::AllGather => {
            let (from, index) = ((element / elements) as u32, element % elements);
            let gathered = read(from, index);
            let Some(plus) = expected.plus else { return one(gathered) };
            let own = input_of(program, plus, kind, (rank, launch), index);
            one(match kind {
                Element::Data(data) => {
                    let both = [gathered as u32, own as u32].into_iter();
                    u64::from(data.fold(Reduction::Sum, expected.accumulate, both))
                }
                _ => fold_integers(kind, Reduction::Sum, [gathered, own].into_iter()),
            })
        }
        Definition::Broadcast | Definition::Copy | Definition::Shift | Definition::Transfer => {
            one(read(expected.definition.source(shape.ranks, rank).unwrap_or(rank), element))
        }
        Definition::ReduceScatter(reduction) => {
            let output = &shape.instances[(expected.output * shape.ranks) as usize];
            let part = output.bytes / u64::from(kind.bytes());
            reduced(reduction, u64::from(rank) * part + element)
        }
    }
}

/// Sums wrap.
fn fold_integers(kind: Element, reduction: Reduction, sources: impl Iterator<Item = u64>) -> u64 {
    let total = sources.reduce(|total, value| match reduction {
        Reduction::Sum => total.wrapping_add(value),
        Reduction::Max => total.max(value),
        Reduction::Min => total.min(value),
    });
    let mut bytes = [0; 8];
    kind.write(total.unwrap_or(0), &mut bytes);
    u64::from_le_bytes(bytes)
}

/// An element of an input as it is in a launch: new in each only where the buffer is refreshed.
fn input_of<P: Program>(program: &P, buffer: u32, kind: Element, (rank, launch): (u32, u32), index: u64) -> u64 {
    let shape = program.shape();
    let instance = &shape.instances[(buffer * shape.ranks + rank) as usize];
    match &instance.contents {
        Contents::Word(word) => *word,
        _ => program.input(kind, buffer, rank, if instance.refreshed { launch } else { u32::MAX }, index),
    }
}
