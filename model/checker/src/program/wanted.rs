//! What an output must hold, element by element.

use super::{Contents, Definition, Element, Expected, PartId, Program};
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

/// The output of one rank after a launch, as the collective defines it.
#[derive(Debug)]
pub struct Output<'a, P> {
    /// The program.
    pub program: &'a P,
    /// What is expected of it.
    pub expected: &'a Expected,
    /// Its elements' type.
    pub kind: Element,
    /// Whose it is.
    pub rank: u32,
    /// After which launch.
    pub launch: u32,
}

impl<P: Program> Output<'_, P> {
    /// What one element must be.
    pub fn wanted(&self, element: u64) -> Wanted {
        let bits = self.bits(element);
        let one = Wanted { bits, exact: true, sum: None };
        let (Definition::AllReduce(reduction) | Definition::ReduceScatter(reduction), Element::Data(data)) =
            (self.expected.definition, self.kind)
        else {
            return one;
        };
        let index = self.index_reduced(element);
        let ranks = 0..self.program.shape().ranks;
        let values = ranks.map(|from| f64::from(data.to_f32(self.input(self.expected.input, from, index) as u32)));
        let sum = (values.clone().sum(), values.map(f64::abs).sum());
        let exact = data::is_exact_element(index);
        Wanted { exact, sum: (reduction == Reduction::Sum).then_some(sum), ..one }
    }

    /// The bits of one element, where it is reduced in ascending order of ranks.
    pub fn bits(&self, element: u64) -> u64 {
        let shape = self.program.shape();
        let expected = self.expected;
        match expected.definition {
            Definition::AllReduce(reduction) | Definition::ReduceScatter(reduction) => {
                let index = self.index_reduced(element);
                self.fold(reduction, (0..shape.ranks).map(|from| self.input(expected.input, from, index)))
            }
            Definition::AllGather => {
                let elements = self.elements(expected.input).max(1);
                let (from, index) = ((element / elements) as u32, element % elements);
                let gathered = self.input(expected.input, from, index);
                let Some(plus) = expected.plus else { return gathered };
                self.fold(Reduction::Sum, [gathered, self.input(plus, self.rank, index)].into_iter())
            }
            Definition::Broadcast | Definition::Copy | Definition::Shift | Definition::Transfer => {
                let from = expected.definition.source(shape.ranks, self.rank).unwrap_or(self.rank);
                self.input(expected.input, from, element)
            }
        }
    }

    fn fold(&self, reduction: Reduction, values: impl Iterator<Item = u64>) -> u64 {
        match self.kind {
            Element::Data(data) => {
                u64::from(data.fold(reduction, self.expected.accumulate, values.map(|bits| bits as u32)))
            }
            kind => fold_integers(kind, reduction, values),
        }
    }

    /// The element of the inputs that an element is reduced from.
    fn index_reduced(&self, element: u64) -> u64 {
        if !matches!(self.expected.definition, Definition::ReduceScatter(_)) {
            return element;
        }
        u64::from(self.rank) * self.elements(self.expected.output) + element
    }

    /// Elements of each rank's part.
    fn elements(&self, part: PartId) -> u64 {
        let found = self.program.shape().part_of(part, 0);
        let bytes = found.map_or(0..0, |(instance, part)| self.program.part_in(instance, part, self.launch));
        (bytes.end - bytes.start) / u64::from(self.kind.bytes())
    }

    /// An element of an input as it is in the launch: new in each only where it is refreshed.
    fn input(&self, id: PartId, rank: u32, index: u64) -> u64 {
        let Some((_, part)) = self.program.shape().part_of(id, rank) else { return 0 };
        match &part.contents {
            Contents::Word(word) => *word,
            Contents::Bytes(_) => {
                let bytes = u64::from(self.kind.bytes());
                part.contents.word(index * bytes, bytes).unwrap_or(0)
            }
            contents => {
                let launch = if part.refreshed { self.launch } else { u32::MAX };
                contents.drawn(self.program.input(self.kind, id, rank, launch, index))
            }
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
