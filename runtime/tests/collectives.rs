//! The other collectives, as one suite that each back end runs: every length is odd in some way, every bit is compared.
//!
//! A back end that the machine does not have prints SKIPPED.

mod common;

use arverify_protocol::data::input_element;
use arverify_protocol::ir::Reduction;
use arverify_runtime::{
    Accumulate, Algorithm, Backend, Collective, Cpu, Cuda, DataType, Error, Group, Kernels, Number, Settings,
};
use common::{Form, kernels};
use half::{bf16, f16};
use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};

/// One element, fewer than ranks, primes, a vector and one more, whole vectors, none; to and fro.
const LENGTHS: [usize; 10] = [1, 2, 3, 7, 9, 64, 0, 127, 1009, 1];

/// The collectives that have a message.
const WITH_MESSAGE: [Collective; 4] =
    [Collective::AllReduce, Collective::ReduceScatter, Collective::AllGather, Collective::Broadcast];

/// All-reduces by these protocols; the other collectives by those of their names.
const ALL_REDUCES: [&str; 4] = ["two-shot", "ring", "ll", "lamport"];

fn settings(all_reduce: &str, ranks: u32, data: DataType, capacity: u64) -> Settings {
    Settings {
        collectives: Collective::ALL.to_vec(),
        algorithm: Algorithm::Protocol(all_reduce.to_owned()),
        ..Settings::new(ranks, data, capacity)
    }
}

/// A certificate for any back end that needs no compiled code.
fn catalogue(all_reduce: &str, ranks: u32, data: DataType) -> Kernels {
    let names = [all_reduce, "reduce-scatter", "all-gather", "broadcast", "barrier"];
    kernels(&names.map(|name| Form::new(name, ranks, data)))
}

/// Inputs of one call and what every rank must get.
struct Call<N> {
    inputs: Vec<Vec<N>>,
    outputs: Vec<Vec<N>>,
}

impl<N: Number> Call<N> {
    fn new(collective: Collective, ranks: u32, elements: usize, call: u32) -> Call<N> {
        let bits = |rank: u32, index: usize| input_element(N::DATA, 7, rank, call, index as u64);
        let (given, room) = collective.lengths(ranks, elements as u64);
        let sum =
            |index: usize| N::DATA.fold(Reduction::Sum, Accumulate::Own, (0..ranks).map(|rank| bits(rank, index)));
        let wanted = |rank: u32, index: usize| match collective {
            Collective::AllReduce => sum(index),
            Collective::ReduceScatter => sum(rank as usize * elements + index),
            Collective::AllGather => bits((index / elements) as u32, index % elements),
            Collective::Broadcast => bits(0, index),
            Collective::Barrier => 0,
        };
        let each = |of: &dyn Fn(u32, usize) -> u32, length: u64| {
            let row = |rank| (0..length as usize).map(|index| N::from_bits(of(rank, index))).collect();
            (0..ranks).map(row).collect()
        };
        Call { inputs: each(&bits, given), outputs: each(&wanted, room) }
    }

    /// Performs it; `in_order`: sums are taken in the order of ranks, so that their bits are known.
    fn check<B: Backend>(&self, group: &Group<B>, collective: Collective, in_order: bool) {
        let mut outputs: Vec<Vec<N>> = self.outputs.iter().map(|wanted| vec![N::default(); wanted.len()]).collect();
        let inputs: Vec<&[N]> = self.inputs.iter().map(Vec::as_slice).collect();
        let mut slices: Vec<&mut [N]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
        group.call(collective, &inputs, &mut slices).unwrap_or_else(|error| panic!("{collective}: {error}"));
        for (rank, (found, wanted)) in outputs.iter().zip(&self.outputs).enumerate() {
            self.compare(rank, found, wanted, in_order);
            let first = &outputs[0];
            if collective == Collective::AllReduce {
                let same = |(left, right): (&N, &N)| left.to_bits() == right.to_bits();
                assert!(first.iter().zip(found).all(same), "ranks 0 and {rank} disagree");
            }
        }
    }

    /// Sums in another order have other bits, but not where they are exact.
    fn compare(&self, rank: usize, found: &[N], wanted: &[N], in_order: bool) {
        for (index, (found, wanted)) in found.iter().zip(wanted).enumerate() {
            let equal = found.to_bits() == wanted.to_bits();
            let exact = in_order || index % 2 == 0;
            let (found, wanted) = (N::DATA.to_f32(found.to_bits()), N::DATA.to_f32(wanted.to_bits()));
            let near = (found - wanted).abs() <= tolerance::<N>();
            assert!(equal || (!exact && near), "rank {rank}, element {index} of {}: {found}, not {wanted}", N::DATA);
        }
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

fn every_length<B: Backend, N: Number>(kernels: &Kernels, all_reduce: &str, ranks: u32) {
    let group = Group::<B>::new(kernels, &settings(all_reduce, ranks, N::DATA, 1009));
    let group = group.unwrap_or_else(|error| panic!("{error}"));
    let mut call = 0;
    for elements in LENGTHS {
        for collective in WITH_MESSAGE {
            for _ in 0..3 {
                let in_order = collective != Collective::AllReduce || all_reduce != "ring";
                Call::<N>::new(collective, ranks, elements, call).check(&group, collective, in_order);
                call += 1;
            }
            group.barrier().unwrap_or_else(|error| panic!("{error}"));
        }
    }
}

/// Each rank counts before the barrier and finds everybody counted after it.
fn barriers_hold<B: Backend>(kernels: &Kernels, ranks: u32, calls: u32) {
    let group = Group::<B>::new(kernels, &settings("two-shot", ranks, DataType::F32, 8)).unwrap();
    let counted = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for rank in 0..ranks {
            let (mut handle, counted) = (group.rank(rank).unwrap(), &counted);
            scope.spawn(move || {
                for call in 1..=calls {
                    counted.fetch_add(1, Ordering::Relaxed);
                    handle.barrier().unwrap();
                    let found = counted.load(Ordering::Relaxed);
                    assert!(found >= call * ranks, "rank {rank} passed barrier {call} with {found}");
                    assert!(found <= (call + 1) * ranks, "a rank passed barrier {} without rank {rank}", call + 1);
                }
            });
        }
    });
}

/// Different collectives one after the other, each rank on its own thread.
fn ranks_drift<B: Backend>(kernels: &Kernels, ranks: u32, calls: u32) {
    let group = Group::<B>::new(kernels, &settings("two-shot", ranks, DataType::F32, 127)).unwrap();
    let of = |call: u32| WITH_MESSAGE[call as usize % 4];
    let all: Vec<Call<f32>> = (0..calls).map(|call| Call::new(of(call), ranks, 127, call)).collect();
    std::thread::scope(|scope| {
        for rank in 0..ranks {
            let mut handle = group.rank(rank).unwrap();
            let all = &all;
            scope.spawn(move || {
                for (call, messages) in all.iter().enumerate() {
                    let (input, wanted) = (&messages.inputs[rank as usize], &messages.outputs[rank as usize]);
                    let mut output = vec![0.0; wanted.len()];
                    match of(call as u32) {
                        Collective::AllReduce => handle.all_reduce(input, &mut output),
                        Collective::ReduceScatter => handle.reduce_scatter(input, &mut output),
                        Collective::AllGather => handle.all_gather(input, &mut output),
                        _ => handle.broadcast(input, &mut output),
                    }
                    .unwrap();
                    messages.compare(rank as usize, &output, wanted, true);
                }
            });
        }
    });
}

#[test]
fn cpu_every_length() {
    for ranks in [2, 3, 5, 7, 8] {
        for all_reduce in ALL_REDUCES {
            every_length::<Cpu, f32>(&catalogue(all_reduce, ranks, DataType::F32), all_reduce, ranks);
        }
        every_length::<Cpu, f16>(&catalogue("ring", ranks, DataType::F16), "ring", ranks);
        every_length::<Cpu, bf16>(&catalogue("two-shot", ranks, DataType::BF16), "two-shot", ranks);
        every_length::<Cpu, f16>(&catalogue("ll", ranks, DataType::F16), "ll", ranks);
        every_length::<Cpu, bf16>(&catalogue("lamport", ranks, DataType::BF16), "lamport", ranks);
    }
}

#[test]
fn cpu_a_long_message() {
    let elements = (1 << 20) + 1;
    for all_reduce in ALL_REDUCES {
        let kernels = catalogue(all_reduce, 3, DataType::F32);
        let group = Group::<Cpu>::new(&kernels, &settings(all_reduce, 3, DataType::F32, elements as u64)).unwrap();
        for collective in WITH_MESSAGE {
            let in_order = collective != Collective::AllReduce || all_reduce != "ring";
            Call::<f32>::new(collective, 3, elements, 0).check(&group, collective, in_order);
        }
    }
}

#[test]
fn cpu_barriers_hold() {
    for ranks in [2, 5] {
        barriers_hold::<Cpu>(&catalogue("two-shot", ranks, DataType::F32), ranks, 200);
    }
}

#[test]
fn cpu_ranks_drift() {
    ranks_drift::<Cpu>(&catalogue("two-shot", 4, DataType::F32), 4, 120);
}

#[test]
fn what_does_not_fit_is_refused_before_anything_runs() {
    let kernels = catalogue("two-shot", 2, DataType::F32);
    let group = Group::<Cpu>::new(&kernels, &settings("two-shot", 2, DataType::F32, 8)).unwrap();
    let mut handle = group.rank(0).unwrap();
    let text = |outcome: Result<(), Error>| outcome.unwrap_err().to_string();
    let uneven = "the input has 7 elements and the output 4, for a reduce-scatter that sums of 2 ranks";
    assert_eq!(text(handle.reduce_scatter(&[0.0_f32; 7], &mut [0.0; 4])), uneven);
    let long = "9 elements are more than the group's capacity of 8";
    assert_eq!(text(handle.all_gather(&[0.0_f32; 9], &mut [0.0; 18])), long);
    assert!(text(handle.broadcast(&[f16::ZERO; 2], &mut [f16::ZERO; 2])).starts_with("the group reduces f32"));
    Call::<f32>::new(Collective::AllGather, 2, 5, 0).check(&group, Collective::AllGather, true);

    let few = Settings { collectives: vec![Collective::Barrier], ..settings("two-shot", 2, DataType::F32, 8) };
    let group = Group::<Cpu>::new(&kernels, &few).unwrap();
    group.barrier().unwrap();
    let unplanned = group.rank(0).unwrap().broadcast(&[0.0_f32; 1], &mut [0.0; 1]).unwrap_err();
    assert!(matches!(unplanned, Error::NotPlanned(Collective::Broadcast)), "{unplanned}");
    let none = Settings { collectives: Vec::new(), ..few };
    assert!(matches!(Group::<Cpu>::new(&kernels, &none).err(), Some(Error::Settings(_))));
}

/// The bundled kernels on a device; none, said aloud, where there is no device.
fn bundled(test: &str) -> Option<Kernels> {
    let kernels = Kernels::bundled().unwrap_or_else(|error| panic!("{error}"));
    match Group::<Cuda>::new(&kernels, &settings("two-shot", 2, DataType::F32, 8)) {
        Err(Error::NoCuda(reason)) => {
            // Past the test harness, which keeps what a passing test prints to itself.
            let line = format!("SKIPPED {test}: CUDA is not available: {reason}\n");
            let _ = std::io::stderr().write_all(line.as_bytes());
            None
        }
        _ => Some(kernels),
    }
}

#[test]
fn cuda_every_length() {
    let Some(kernels) = bundled("cuda_every_length") else { return };
    for ranks in [2, 4, 8] {
        for all_reduce in ALL_REDUCES {
            every_length::<Cuda, f32>(&kernels, all_reduce, ranks);
            every_length::<Cuda, f16>(&kernels, all_reduce, ranks);
            every_length::<Cuda, bf16>(&kernels, all_reduce, ranks);
        }
    }
    barriers_hold::<Cuda>(&kernels, 4, 100);
    ranks_drift::<Cuda>(&kernels, 4, 120);
}
