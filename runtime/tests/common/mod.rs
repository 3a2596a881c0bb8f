//! Certificates for tests, made here rather than by the generator, which this crate must not depend on.
//!
//! They say that checks were run which were not: they stand for certificates, and test that the runtime honours them.
//! What the catalogue's protocols are worth is the checker's business.

#![allow(dead_code, reason = "each test program uses a part")]

use arverify_protocol::certificate::{
    BufferEntry, Certificate, CheckEntry, HOLDS_FOR_ANY_LENGTH, HOLDS_FOR_ONE_LENGTH, KernelEntry, Manifest, Parameter,
    SCHEMA, protocol_digest,
};
use arverify_protocol::data::{input_element, is_exact_element};
use arverify_protocol::ir::{Protocol, Reduction, Space};
use arverify_protocol::{catalogue, language};
use arverify_runtime::{Accumulate, Backend, DataType, Error, Group, Kernels, Number};
use std::collections::BTreeMap;

/// Which kernels a test certificate holds.
pub struct Form<'a> {
    pub protocol: &'a str,
    pub knobs: &'a [(&'a str, &'a str)],
    pub ranks: u32,
    pub data: DataType,
    pub accumulate: Accumulate,
    /// Certified for launches of any length, where the protocol has a capacity; otherwise for launches of one.
    pub any_length: bool,
}

impl<'a> Form<'a> {
    pub fn new(protocol: &'a str, ranks: u32, data: DataType) -> Form<'a> {
        Form { protocol, knobs: &[], ranks, data, accumulate: Accumulate::Own, any_length: true }
    }
}

/// A certificate of catalogue protocols.
pub fn kernels(forms: &[Form<'_>]) -> Kernels {
    let mut files = BTreeMap::new();
    let entries = forms.iter().map(|form| {
        let document = catalogue::find(form.protocol).expect("the catalogue has it");
        kernel(form, &document.unwrap_or_else(|error| panic!("{error}")), &mut files)
    });
    seal(entries.collect(), files)
}

/// A certificate of one protocol given as text.
pub fn kernels_of(text: &str, ranks: u32, data: DataType) -> Kernels {
    let document = language::parse("test.arp", text).unwrap_or_else(|error| panic!("{error}"));
    let mut files = BTreeMap::new();
    let entry = kernel(&Form::new(document.name(), ranks, data), &document, &mut files);
    seal(vec![entry], files)
}

fn seal(kernels: Vec<KernelEntry>, files: BTreeMap<String, Vec<u8>>) -> Kernels {
    let manifest = Manifest {
        schema: SCHEMA,
        engines: BTreeMap::from([("test".to_owned(), "0".to_owned())]),
        kernels,
        files: BTreeMap::new(),
        digest: String::new(),
    };
    Kernels::from(Certificate::seal(manifest, files).unwrap_or_else(|error| panic!("{error}")))
}

fn kernel(form: &Form<'_>, document: &language::Document, files: &mut BTreeMap<String, Vec<u8>>) -> KernelEntry {
    let protocol: Protocol = document.resolve(form.knobs).unwrap_or_else(|error| panic!("{error}"));
    let protocol_file = format!("{}.arp", protocol.name);
    let source = format!("{}.cu", protocol.name);
    files.insert(protocol_file.clone(), protocol.source.text.clone().into_bytes());
    files.insert(source.clone(), b"// a test\n".to_vec());
    let any_length = form.any_length && protocol.varies;
    let check = CheckEntry {
        ranks: form.ranks,
        blocks: 1,
        threads: 8,
        elements: 8,
        launches: 3,
        lengths: if any_length { vec!["8".to_owned(), "4,8,1".to_owned()] } else { Vec::new() },
        dtype: form.data,
        accumulate: form.accumulate,
        verdict: "verified".to_owned(),
        states: 1,
        operations: 1,
    };
    let buffers = protocol.buffers.iter().enumerate().filter(|(_, buffer)| !buffer.ghost);
    let buffers = buffers.map(|(id, buffer)| BufferEntry {
        id: id as u32,
        name: buffer.name.clone(),
        space: buffer.space,
        pad: buffer.pad,
        element: buffer.element,
        shape: Vec::new(),
        refreshed: buffer.refreshed,
        initially: buffer.initially,
    });
    KernelEntry {
        entry: format!("{}_{}_{}", protocol.name.replace('-', "_"), form.ranks, form.data),
        protocol: protocol.name.clone(),
        knobs: protocol.knobs.clone(),
        protocol_file,
        digest: protocol_digest(&protocol),
        ranks: form.ranks,
        dtype: form.data,
        accumulate: form.accumulate,
        threads: 512,
        max_blocks: 36,
        grid: "B".to_owned(),
        requirements: Vec::new(),
        source,
        ptx: BTreeMap::new(),
        holds_for: if any_length { HOLDS_FOR_ANY_LENGTH } else { HOLDS_FOR_ONE_LENGTH }.to_owned(),
        deadline: true,
        parameters: parameters(&protocol, any_length),
        buffers: buffers.collect(),
        checks: vec![check],
        ptx_checks: Vec::new(),
    }
}

/// As the generator orders them.
fn parameters(protocol: &Protocol, any_length: bool) -> Vec<Parameter> {
    let buffers = protocol.buffers.iter().filter(|buffer| !buffer.ghost).map(|buffer| {
        let name = buffer.name.clone();
        match buffer.space {
            Space::Local => Parameter::Own { buffer: name },
            Space::Symmetric => Parameter::Instances { buffer: name },
        }
    });
    let arguments = protocol.arguments.iter().map(|argument| Parameter::Argument { name: argument.name.clone() });
    let sizes = [Parameter::Rank, Parameter::Blocks, Parameter::Capacity, Parameter::Elements];
    let sizes = sizes.into_iter().filter(|size| any_length || *size != Parameter::Capacity);
    let waits = [Parameter::Deadline, Parameter::Status];
    buffers.chain(sizes).chain(arguments).chain(waits).collect()
}

/// In what order a protocol sums, and so which bits of a sum are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// That of the ranks: every bit is known.
    Ranks,
    /// Some other, the same on all ranks: they agree, and what is exact is known.
    Same,
    /// Each rank its own: what is exact is known.
    Own,
}

/// Messages of one call, one for each rank, and the sum that every rank must get.
pub struct Messages<N> {
    pub inputs: Vec<Vec<N>>,
    pub sum: Vec<N>,
}

/// Compares sums of at most 8 inputs with those in the order of ranks: bit by bit, or, where the order is another and the
/// sum is rounded, by how far rounding may lead apart.
pub fn compare_sums<N: Number>(found: &[N], wanted: &[N], order: Order, rank: u32) {
    assert_eq!(found.len(), wanted.len());
    for (index, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        let equal = found.to_bits() == wanted.to_bits();
        let exact = order == Order::Ranks || is_exact_element(index as u64);
        let (found, wanted) = (N::DATA.to_f32(found.to_bits()), N::DATA.to_f32(wanted.to_bits()));
        let near = !exact && (found - wanted).abs() <= tolerance::<N>();
        assert!(equal || near, "rank {rank}, element {index} of {}: {found}, not {wanted}", N::DATA);
    }
}

/// Inputs are below 128 in magnitude and there are at most 8 of them.
fn tolerance<N: Number>() -> f32 {
    let epsilon = match N::DATA {
        DataType::F32 => f32::EPSILON,
        DataType::F16 => 1.0 / 1024.0,
        DataType::BF16 => 1.0 / 128.0,
    };
    8.0 * 8.0 * 128.0 * epsilon
}

impl<N: Number> Messages<N> {
    pub fn new(ranks: u32, elements: usize, call: u32, accumulate: Accumulate) -> Messages<N> {
        let bits = |rank, index| input_element(N::DATA, 42, rank, call, index as u64);
        let input = |rank| (0..elements).map(|index| N::from_bits(bits(rank, index))).collect();
        let sum = (0..elements).map(|index| {
            let sources = (0..ranks).map(|rank| bits(rank, index));
            N::from_bits(N::DATA.fold(Reduction::Sum, accumulate, sources))
        });
        Messages { inputs: (0..ranks).map(input).collect(), sum: sum.collect() }
    }

    /// Reduces them on a group and compares every bit on every rank.
    pub fn check<B: Backend>(&self, group: &Group<B>) -> Result<(), Error> {
        self.check_summed(group, Order::Ranks)
    }

    /// Reduces them on a group whose protocol sums in this order, and compares on every rank.
    pub fn check_summed<B: Backend>(&self, group: &Group<B>, order: Order) -> Result<(), Error> {
        let mut outputs = vec![vec![N::default(); self.sum.len()]; self.inputs.len()];
        let inputs: Vec<&[N]> = self.inputs.iter().map(Vec::as_slice).collect();
        let mut slices: Vec<&mut [N]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
        group.all_reduce(&inputs, &mut slices)?;
        for (rank, output) in outputs.iter().enumerate() {
            compare_sums(output, &self.sum, order, rank as u32);
            let same = |(left, right): (&N, &N)| left.to_bits() == right.to_bits();
            let agree = outputs[0].iter().zip(output).all(same);
            assert!(agree || order == Order::Own, "ranks 0 and {rank} disagree");
        }
        Ok(())
    }

    pub fn compare(&self, rank: u32, output: &[N], order: Order) {
        compare_sums(output, &self.sum, order, rank);
    }
}
