//! All collectives of one group: every length is odd in some way, every bit is compared.

use crate::common::{Form, Order, compare_sums, kernels};
use crate::{Supply, device};
use arverify_protocol::data::input_element;
use arverify_protocol::ir::Reduction;
use arverify_runtime::{
    Accumulate, Algorithm, Backend, Collective, Cpu, Cuda, DataType, Error, Group, Kernels, Number, Settings,
};
use half::{bf16, f16};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// One element, fewer than ranks, primes, a vector and one more, whole vectors, none; to and fro.
const LENGTHS: [usize; 10] = [1, 2, 3, 7, 9, 64, 0, 127, 1009, 1];

/// The collectives of all ranks that have a message.
const WITH_MESSAGE: [Collective; 5] =
    [Collective::AllReduce, Collective::ReduceScatter, Collective::AllGather, Collective::Broadcast, Collective::Shift];

/// All-reduces by these protocols; the other collectives by those of their names.
const ALL_REDUCES: [&str; 4] = ["two-shot", "ring", "ll", "lamport"];

pub(crate) fn settings(all_reduce: &str, ranks: u32, data: DataType, capacity: u64) -> Settings {
    Settings {
        collectives: Collective::ALL.to_vec(),
        algorithm: Algorithm::Protocol(all_reduce.to_owned()),
        ..Settings::new(ranks, data, capacity)
    }
}

/// A certificate for any back end that needs no compiled code.
pub(crate) fn catalogue(all_reduce: &str, ranks: u32, data: DataType) -> Kernels {
    let names = [all_reduce, "reduce-scatter", "all-gather", "broadcast", "barrier", "channel-hello"];
    let mut forms = Vec::from(names.map(|name| Form::new(name, ranks, data)));
    forms.push(Form::new("send-recv", 2, data));
    kernels(&forms)
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
            Collective::Shift => bits((rank + ranks - 1) % ranks, index),
            Collective::Barrier | Collective::Transfer => 0,
        };
        let each = |of: &dyn Fn(u32, usize) -> u32, length: u64| {
            let row = |rank| (0..length as usize).map(|index| N::from_bits(of(rank, index))).collect();
            (0..ranks).map(row).collect()
        };
        Call { inputs: each(&bits, given), outputs: each(&wanted, room) }
    }

    /// Performs it on a group whose all-reduce sums in this order.
    fn check<B: Backend>(&self, group: &Group<B>, collective: Collective, order: Order) {
        let order = if collective == Collective::AllReduce { order } else { Order::Ranks };
        let mut outputs: Vec<Vec<N>> = self.outputs.iter().map(|wanted| vec![N::default(); wanted.len()]).collect();
        let inputs: Vec<&[N]> = self.inputs.iter().map(Vec::as_slice).collect();
        let mut slices: Vec<&mut [N]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
        group.call(collective, &inputs, &mut slices).unwrap_or_else(|error| panic!("{collective}: {error}"));
        for (rank, (found, wanted)) in outputs.iter().zip(&self.outputs).enumerate() {
            compare_sums(found, wanted, order, rank as u32);
            let first = &outputs[0];
            if collective == Collective::AllReduce {
                let same = |(left, right): (&N, &N)| left.to_bits() == right.to_bits();
                assert!(first.iter().zip(found).all(same), "ranks 0 and {rank} disagree");
            }
        }
    }
}

fn every_length<B: Backend, N: Number>(kernels: &Kernels, all_reduce: &str, ranks: u32) {
    let group = Group::<B>::new(kernels, &settings(all_reduce, ranks, N::DATA, 1009));
    let group = group.unwrap_or_else(|error| panic!("{error}"));
    let mut call = 0;
    for elements in LENGTHS {
        for collective in WITH_MESSAGE {
            for _ in 0..3 {
                let order = if all_reduce == "ring" { Order::Same } else { Order::Ranks };
                Call::<N>::new(collective, ranks, elements, call).check(&group, collective, order);
                call += 1;
            }
            group.barrier().unwrap_or_else(|error| panic!("{error}"));
        }
    }
}

/// Each rank counts before the barrier and finds everybody counted after it.
fn barriers_hold<B: Backend>(kernels: &Kernels, ranks: u32, calls: u32) {
    meet(&Group::<B>::new(kernels, &settings("two-shot", ranks, DataType::F32, 8)).unwrap(), calls);
}

fn meet<B: Backend>(group: &Group<B>, calls: u32) {
    let ranks = group.ranks();
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

/// Lengths of calls that ranks drift through: rising, falling, odd, of one element and of none.
const DRIFTING: [usize; 8] = [127, 1, 64, 0, 126, 7, 127, 3];

/// Different collectives of different lengths one after the other, barriers among them, each rank on its own thread.
fn ranks_drift<B: Backend>(kernels: &Kernels, all_reduce: &str, ranks: u32, calls: u32) {
    let settings = Settings { deadline: Duration::from_secs(60), ..settings(all_reduce, ranks, DataType::F32, 127) };
    let group = Group::<B>::new(kernels, &settings).unwrap();
    let order = if all_reduce == "ring" { Order::Same } else { Order::Ranks };
    // After all pairs of a collective and a length come the same messages again.
    let of = |call: u32| WITH_MESSAGE[call as usize % WITH_MESSAGE.len()];
    let pairs = (WITH_MESSAGE.len() * DRIFTING.len()) as u32;
    let length = |call: u32| DRIFTING[call as usize % DRIFTING.len()];
    let all: Vec<Call<f32>> = (0..pairs).map(|call| Call::new(of(call), ranks, length(call), call)).collect();
    std::thread::scope(|scope| {
        for rank in 0..ranks {
            let mut handle = group.rank(rank).unwrap();
            let all = &all;
            scope.spawn(move || {
                for call in 0..calls {
                    let messages = &all[(call % pairs) as usize];
                    let (input, wanted) = (&messages.inputs[rank as usize], &messages.outputs[rank as usize]);
                    let mut output = vec![0.0; wanted.len()];
                    let collective = of(call % pairs);
                    match collective {
                        Collective::AllReduce => handle.all_reduce(input, &mut output),
                        Collective::ReduceScatter => handle.reduce_scatter(input, &mut output),
                        Collective::AllGather => handle.all_gather(input, &mut output),
                        Collective::Shift => handle.shift(input, &mut output),
                        _ => handle.broadcast(input, &mut output),
                    }
                    .unwrap_or_else(|error| panic!("{all_reduce}, rank {rank}, call {call}: {error}"));
                    let order = if collective == Collective::AllReduce { order } else { Order::Ranks };
                    compare_sums(&output, wanted, order, rank);
                    if call % 97 == 96 {
                        handle.barrier().unwrap();
                    }
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
        // The machine may be busy: the deadline is not what is tested.
        let settings = settings(all_reduce, 3, DataType::F32, elements as u64);
        let group = Group::<Cpu>::new(&kernels, &Settings { deadline: Duration::from_secs(600), ..settings }).unwrap();
        for collective in WITH_MESSAGE {
            let order = if all_reduce == "ring" { Order::Same } else { Order::Ranks };
            Call::<f32>::new(collective, 3, elements, 0).check(&group, collective, order);
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
    for all_reduce in ALL_REDUCES {
        ranks_drift::<Cpu>(&catalogue(all_reduce, 4, DataType::F32), all_reduce, 4, 240);
    }
}

/// Many calls, so that a rank is ahead of or behind the others in every way that this machine brings about.
#[test]
fn cpu_ranks_drift_for_long() {
    ranks_drift::<Cpu>(&catalogue("two-shot", 2, DataType::F32), "two-shot", 2, 4000);
    ranks_drift::<Cpu>(&catalogue("lamport", 3, DataType::F32), "lamport", 3, 2000);
}

/// Kernels whose certificates are about launches of one length meet when it changes, and otherwise drift as well.
#[test]
fn cpu_ranks_drift_with_certificates_of_one_length() {
    let names = ["two-shot", "reduce-scatter", "all-gather", "broadcast", "barrier", "channel-hello"];
    let one = |name, ranks| Form { any_length: false, ..Form::new(name, ranks, DataType::F32) };
    let mut forms = Vec::from(names.map(|name| one(name, 3)));
    forms.push(one("send-recv", 2));
    ranks_drift::<Cpu>(&kernels(&forms), "two-shot", 3, 120);
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
    Call::<f32>::new(Collective::AllGather, 2, 5, 0).check(&group, Collective::AllGather, Order::Ranks);

    let few = Settings { collectives: vec![Collective::Barrier], ..settings("two-shot", 2, DataType::F32, 8) };
    let group = Group::<Cpu>::new(&kernels, &few).unwrap();
    group.barrier().unwrap();
    let text = |outcome: Result<(), Error>| outcome.unwrap_err().to_string();
    let lonely = "a transfer is between two ranks: `send` on one, `recv` on the other";
    let two = [[0.0_f32; 1]; 2];
    let inputs: Vec<&[f32]> = two.iter().map(|input| input.as_slice()).collect();
    assert_eq!(text(group.call(Collective::Transfer, &inputs, &mut [&mut [0.0], &mut [0.0]])), lonely);
    let unplanned = group.rank(0).unwrap().broadcast(&[0.0_f32; 1], &mut [0.0; 1]).unwrap_err();
    assert!(matches!(unplanned, Error::NotPlanned(Collective::Broadcast)), "{unplanned}");
    let none = Settings { collectives: Vec::new(), ..few };
    assert!(matches!(Group::<Cpu>::new(&kernels, &none).err(), Some(Error::Settings(_))));
}

/// Barriers by the protocols that are barriers and not usually chosen.
#[test]
fn cpu_other_barriers_hold() {
    for protocol in ["grid-barrier", "block-barrier"] {
        let kernels = kernels(&[Form::new(protocol, 3, DataType::F32)]);
        let settings = Settings {
            collectives: vec![Collective::Barrier],
            protocols: BTreeMap::from([(Collective::Barrier, protocol.to_owned())]),
            ..Settings::new(3, DataType::F32, 8)
        };
        let group = Group::<Cpu>::new(&kernels, &settings).unwrap();
        assert_eq!(group.protocol(Collective::Barrier, 0).unwrap(), protocol);
        meet(&group, 100);
    }
}

#[test]
fn cuda_every_length() {
    let Some(certified) = device("cuda_every_length") else { return };
    for ranks in [2, 4, 8] {
        for all_reduce in ALL_REDUCES {
            let form = Form::new(all_reduce, ranks, DataType::F32);
            let Some(kernels) = certified.kernels(&form) else { continue };
            every_length::<Cuda, f32>(&kernels, all_reduce, ranks);
            every_length::<Cuda, f16>(&kernels, all_reduce, ranks);
            every_length::<Cuda, bf16>(&kernels, all_reduce, ranks);
        }
    }
    let form = Form::new("two-shot", 4, DataType::F32);
    let Some(kernels) = certified.kernels(&form) else { return };
    barriers_hold::<Cuda>(&kernels, 4, 100);
    ranks_drift::<Cuda>(&kernels, "two-shot", 4, 240);
}
