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
    let bits = wanted_bits(program, expected, kind, rank, launch, element);
    let reduction = match expected.definition {
        Definition::AllReduce(reduction) | Definition::ReduceScatter(reduction) => reduction,
        _ => return Wanted { bits, exact: true, sum: None },
    };
    let Element::Data(data) = kind else { return Wanted { bits, exact: true, sum: None } };
    let index = index_reduced(program, expected, kind, rank, element);
    let values = (0..program.shape().ranks)
        .map(|from| f64::from(data.to_f32(input_of(program, expected.input, kind, (from, launch), index) as u32)));
    let sum = (values.clone().sum(), values.map(f64::abs).sum());
    let exact = data::is_exact_element(index);
    Wanted { bits, exact, sum: (reduction == Reduction::Sum).then_some(sum) }
}

/// Its bits, where it is reduced in ascending order of ranks.
pub fn wanted_bits<P: Program>(
    program: &P,
    expected: &Expected,
    kind: Element,
    rank: u32,
    launch: u32,
    element: u64,
) -> u64 {
    let shape = program.shape();
    let read = |rank: u32, index: u64| input_of(program, expected.input, kind, (rank, launch), index);
    let fold = |reduction: Reduction, values: &mut dyn Iterator<Item = u64>| match kind {
        Element::Data(data) => u64::from(data.fold(reduction, expected.accumulate, values.map(|bits| bits as u32))),
        _ => fold_integers(kind, reduction, values),
    };
    match expected.definition {
        Definition::AllReduce(reduction) | Definition::ReduceScatter(reduction) => {
            let index = index_reduced(program, expected, kind, rank, element);
            fold(reduction, &mut (0..shape.ranks).map(|from| read(from, index)))
        }
        Definition::AllGather => {
            let input = &shape.instances[(expected.input * shape.ranks) as usize];
            let elements = (input.bytes / u64::from(kind.bytes())).max(1);
            let (from, index) = ((element / elements) as u32, element % elements);
            let gathered = read(from, index);
            match expected.plus {
                Some(plus) => {
                    let own = input_of(program, plus, kind, (rank, launch), index);
                    fold(Reduction::Sum, &mut [gathered, own].into_iter())
                }
                None => gathered,
            }
        }
        Definition::Broadcast | Definition::Copy | Definition::Shift | Definition::Transfer => {
            read(expected.definition.source(shape.ranks, rank).unwrap_or(rank), element)
        }
    }
}

/// The element of the inputs that an element of one rank's output is reduced from.
fn index_reduced<P: Program>(program: &P, expected: &Expected, kind: Element, rank: u32, element: u64) -> u64 {
    if !matches!(expected.definition, Definition::ReduceScatter(_)) {
        return element;
    }
    let shape = program.shape();
    let output = &shape.instances[(expected.output * shape.ranks) as usize];
    u64::from(rank) * (output.bytes / u64::from(kind.bytes())) + element
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
        Contents::Bytes(_) => {
            let bytes = u64::from(kind.bytes());
            instance.contents.word(index * bytes, bytes).unwrap_or(0)
        }
        contents => {
            contents.drawn(program.input(kind, buffer, rank, if instance.refreshed { launch } else { u32::MAX }, index))
        }
    }
}
